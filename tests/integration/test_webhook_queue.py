"""The outbox of webhooks on both backends: nothing passed over, nothing written twice, nobody in another's way."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from dispatch.errors import UnknownIdError
from dispatch.webhook_body import is_sent
from dispatch.webhooks import Answer, Claim, DeliveryState, RetryPolicy, Verdict, judge
from gis.errors import InputError
from tests.webhook_centre import START, Centre

DAMKAR = "https://damkar.example/hook"
PSC = "https://psc119.example/hook"
LEASE_S = 60.0


@pytest.fixture
def centre(store_url: str) -> Iterator[Centre]:
    centre = Centre(store_url)
    yield centre
    centre.close()


def settle(centre: Centre, claim: Claim, status: int | None) -> Verdict:
    answer = Answer(status=status, fault="" if status else "connection refused")
    verdict = judge(
        answer,
        attempts=claim.delivery.attempts + 1,
        failures=claim.failures,
        now=centre.clock(),
        chance=0.5,
        policy=RetryPolicy(),
    )
    centre.queue.finish(claim, verdict, status=status, reached=status is not None)
    return verdict


def claimed(centre: Centre) -> Claim:
    claim = centre.queue.claim(LEASE_S)
    assert claim is not None
    return claim


def told(centre: Centre, webhook_id: str) -> list[int]:
    return [one.seq for one in centre.register.deliveries(webhook_id=webhook_id)]


def test_every_event_is_put_once_however_many_workers_follow_while_commands_come_in(centre: Centre) -> None:
    everything = centre.register.register("diskominfo", DAMKAR, everything=True)
    centre.set_up()
    incident_id = centre.open_incident()
    writers = [threading.Thread(target=centre.add_notes, args=(incident_id, 25)) for _ in range(4)]
    written = threading.Event()
    failures: list[Exception] = []

    def follow() -> None:
        queue = centre.another_queue()
        try:
            while not written.is_set() or queue.fill(limit=3):
                queue.fill(limit=3)
        except Exception as error:
            failures.append(error)

    followers = [threading.Thread(target=follow) for _ in range(3)]
    for thread in writers + followers:
        thread.start()
    for thread in writers:
        thread.join()
    written.set()
    for thread in followers:
        thread.join()
    assert failures == []
    log = centre.store.events_after(0)
    assert told(centre, everything.webhook_id) == [one.seq for one in log if is_sent(one.type)]
    assert len(log) > 100


def test_a_webhook_is_told_from_the_next_event_on(centre: Centre) -> None:
    centre.set_up()
    before = centre.store.head()[0]
    webhook = centre.register.register("diskominfo", DAMKAR, everything=True)
    assert webhook.since_seq == before
    centre.open_incident()
    centre.fill_all()
    assert told(centre, webhook.webhook_id) == [before + 1]


def test_an_agency_is_told_of_its_incidents_from_their_first_event_and_of_no_other(centre: Centre) -> None:
    centre.set_up()
    webhook = centre.register.register("psc119", PSC)
    foreign, own = centre.open_incident(), centre.open_incident()
    centre.assign(foreign, "DMK-1")
    centre.fill_all()
    assert told(centre, webhook.webhook_id) == []
    centre.add_notes(own, 2)
    centre.fill_all()
    centre.assign(own, "AMB-1")
    centre.fill_all()
    centre.add_notes(own, 1)
    centre.fill_all()
    expected = [
        one.seq
        for one in centre.store.events_after(webhook.since_seq)
        if one.unit_id == "AMB-1" or own == one.incident_id
    ]
    assert told(centre, webhook.webhook_id) == expected
    assert len(expected) >= 6


def test_a_webhook_gets_only_the_types_it_wants(centre: Centre) -> None:
    centre.set_up()
    webhook = centre.register.register("damkar", DAMKAR, event_types=["assignment.*", "incident.opened"])
    incident_id = centre.open_incident()
    centre.add_notes(incident_id, 2)
    centre.assign(incident_id, "DMK-1")
    centre.fill_all()
    types = [one.event_type for one in centre.register.deliveries(webhook_id=webhook.webhook_id)]
    assert types == ["incident.opened", "assignment.made"]


def test_two_workers_are_never_busy_with_one_receiver(centre: Centre) -> None:
    centre.set_up()
    for agency in ("one", "two", "three"):
        centre.register.register(agency, DAMKAR, everything=True)
    centre.open_incident()
    centre.open_incident()
    centre.fill_all()
    claims: list[Claim | None] = []
    barrier = threading.Barrier(8)

    def take() -> None:
        queue = centre.another_queue()
        barrier.wait()
        for _ in range(3):
            claims.append(queue.claim(LEASE_S))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = Counter(claim.webhook.agency for claim in claims if claim is not None)
    assert taken == {"one": 1, "two": 1, "three": 1}


def test_a_receiver_is_told_in_the_order_of_the_log_as_long_as_it_answers(centre: Centre) -> None:
    centre.set_up()
    webhook = centre.register.register("diskominfo", DAMKAR, everything=True)
    centre.add_notes(centre.open_incident(), 5)
    centre.fill_all()
    seqs = []
    while (claim := centre.queue.claim(LEASE_S)) is not None:
        seqs.append(claim.event.seq)
        settle(centre, claim, 200)
    assert seqs == told(centre, webhook.webhook_id)
    assert len(seqs) == 6


def test_a_claim_that_nobody_finished_is_tried_again_under_the_same_id(centre: Centre) -> None:
    centre.set_up()
    centre.register.register("diskominfo", DAMKAR, everything=True)
    centre.open_incident()
    centre.fill_all()
    first = claimed(centre)
    assert centre.queue.claim(LEASE_S) is None
    centre.clock.pass_s(LEASE_S)
    second = claimed(centre)
    assert second.delivery.message_id == first.delivery.message_id
    assert second.token != first.token


def test_a_success_counts_after_the_lease_and_a_failure_does_not(centre: Centre) -> None:
    centre.set_up()
    webhook = centre.register.register("diskominfo", DAMKAR, everything=True)
    centre.open_incident()
    centre.fill_all()
    late = claimed(centre)
    centre.clock.pass_s(LEASE_S)
    present = claimed(centre)
    settle(centre, late, 500)
    (delivery,) = centre.register.deliveries(webhook_id=webhook.webhook_id)
    assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 0)
    assert centre.queue.claim(LEASE_S) is None, "the late worker gave the present worker's claim away"
    settle(centre, late, 200)
    settle(centre, present, 500)
    (delivery,) = centre.register.deliveries(webhook_id=webhook.webhook_id)
    assert (delivery.state, delivery.status) == (DeliveryState.DELIVERED, 200)


def test_a_claim_given_back_costs_no_attempt(centre: Centre) -> None:
    centre.set_up()
    webhook = centre.register.register("diskominfo", DAMKAR, everything=True)
    centre.open_incident()
    centre.fill_all()
    first = claimed(centre)
    centre.queue.release(first)
    assert claimed(centre).delivery.seq == first.delivery.seq
    assert centre.register.deliveries(webhook_id=webhook.webhook_id)[0].attempts == 0


def test_what_is_refused_for_days_becomes_a_dead_letter_and_can_be_sent_again(centre: Centre) -> None:
    centre.set_up()
    webhook = centre.register.register("diskominfo", DAMKAR, everything=True)
    centre.open_incident()
    centre.fill_all()
    for attempt in range(1, 13):
        claim = claimed(centre)
        assert claim.delivery.attempts == attempt - 1
        verdict = settle(centre, claim, 500)
        if verdict.due_at is not None:
            assert centre.queue.claim(LEASE_S) is None
            centre.clock.pass_s((verdict.due_at - centre.clock()).total_seconds())
    (dead,) = centre.register.deliveries(state=DeliveryState.DEAD)
    assert (dead.attempts, dead.status, dead.fault, dead.due_at) == (12, 500, "HTTP 500", None)
    centre.clock.pass_s(1e6)
    assert centre.queue.claim(LEASE_S) is None
    assert centre.register.redeliver(webhook.webhook_id) == 1
    again = claimed(centre)
    assert again.delivery.message_id == dead.message_id
    assert again.delivery.attempts == 0
    settle(centre, again, 200)
    assert centre.register.deliveries(state=DeliveryState.DEAD) == ()
    assert centre.register.redeliver(webhook.webhook_id) == 0
    assert centre.register.redeliver(webhook.webhook_id, [dead.seq, dead.seq + 100]) == 1


def test_a_receiver_that_is_down_costs_one_attempt_per_pause_and_nobody_else_waits(centre: Centre) -> None:
    centre.set_up()
    down = centre.register.register("damkar", DAMKAR, everything=True)
    centre.register.register("psc119", PSC, everything=True)
    centre.add_notes(centre.open_incident(), 9)
    centre.fill_all()
    reached = 0
    while (claim := centre.queue.claim(LEASE_S)) is not None:
        is_down = claim.webhook.webhook_id == down.webhook_id
        settle(centre, claim, None if is_down else 200)
        reached += not is_down
    assert reached == 10
    assert sum(one.attempts for one in centre.register.deliveries(webhook_id=down.webhook_id)) == 1
    centre.clock.pass_s(2)
    assert claimed(centre).failures == 1


def test_a_receiver_that_is_gone_is_told_no_more(centre: Centre) -> None:
    centre.set_up()
    webhook = centre.register.register("damkar", DAMKAR, everything=True)
    centre.add_notes(centre.open_incident(), 2)
    centre.fill_all()
    settle(centre, claimed(centre), 410)
    centre.clock.pass_s(1e6)
    assert centre.queue.claim(LEASE_S) is None
    shown = centre.register.webhook(webhook.webhook_id)
    assert (shown.active, shown.why_inactive) == (False, "the receiver answered 410 Gone")
    centre.open_incident()
    centre.fill_all()
    centre.register.set_active(webhook.webhook_id, True)
    states = [one.state for one in centre.register.deliveries(webhook_id=webhook.webhook_id)]
    assert states == [DeliveryState.DEAD, DeliveryState.PENDING, DeliveryState.PENDING]
    assert claimed(centre).delivery.seq == told(centre, webhook.webhook_id)[1]


def test_old_deliveries_are_forgotten_without_telling_the_story_again(centre: Centre) -> None:
    centre.set_up()
    webhook = centre.register.register("damkar", DAMKAR)
    incident_id = centre.open_incident()
    centre.assign(incident_id, "DMK-1")
    centre.fill_all()
    count = 0
    while (claim := centre.queue.claim(LEASE_S)) is not None:
        settle(centre, claim, 200)
        count += 1
    last = max(one.seq for one in centre.register.deliveries() if one.incident_id == incident_id)
    assert centre.register.purge(START) == 0
    assert centre.register.purge(START + timedelta(days=30)) == count - 1
    assert told(centre, webhook.webhook_id) == [last]
    centre.add_notes(incident_id, 1)
    centre.fill_all()
    assert told(centre, webhook.webhook_id) == [last, centre.store.head()[0]]


def test_a_key_is_changed_without_a_gap(centre: Centre) -> None:
    webhook = centre.register.register("damkar", DAMKAR)
    changed = centre.register.change_secret(webhook.webhook_id, overlap_s=60)
    assert changed.secret != webhook.secret
    assert changed.secrets(centre.clock()) == (changed.secret, webhook.secret)
    centre.clock.pass_s(60)
    assert changed.secrets(centre.clock()) == (changed.secret,)
    assert centre.register.webhook(webhook.webhook_id) == changed


def test_bad_webhooks_are_refused_and_nothing_is_kept(centre: Centre) -> None:
    for url, types, secret in (
        ("http://damkar.example/", (), None),
        (DAMKAR, ("call.taken",), None),
        (DAMKAR, (), "whsec_kurz"),
    ):
        with pytest.raises(InputError):
            centre.register.register("damkar", url, event_types=types, secret=secret)
    assert centre.register.webhooks() == ()
    for change in (
        lambda: centre.register.webhook("wh_x"),
        lambda: centre.register.set_active("wh_x", False),
        lambda: centre.register.change_secret("wh_x"),
        lambda: centre.register.redeliver("wh_x"),
        lambda: centre.register.remove("wh_x"),
    ):
        with pytest.raises(UnknownIdError, match="wh_x"):
            change()


def test_a_removed_webhook_leaves_nothing(centre: Centre) -> None:
    centre.set_up()
    webhook = centre.register.register("damkar", DAMKAR, everything=True)
    centre.open_incident()
    centre.fill_all()
    centre.register.remove(webhook.webhook_id)
    assert centre.register.webhooks() == ()
    assert centre.register.deliveries() == ()
    assert centre.queue.claim(LEASE_S) is None


def test_deliveries_are_listed_page_by_page(centre: Centre) -> None:
    for agency in ("damkar", "psc119"):
        centre.register.register(agency, DAMKAR, everything=True)
    centre.set_up()
    centre.add_notes(centre.open_incident(), 4)
    centre.fill_all()
    whole = centre.register.deliveries()
    pages, after = [], ("", 0)
    while page := centre.register.deliveries(after=after, limit=3):
        pages += page
        after = (page[-1].webhook_id, page[-1].seq)
    assert tuple(pages) == whole
    assert len(whole) == 14
