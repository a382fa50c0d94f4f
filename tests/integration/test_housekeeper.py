"""What happens by itself as time goes by, with a clock that the test moves: overdue events, expired texts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from dispatch.commands import AddNote, AssignUnits, OpenIncident, ReportStatus, TakeCall
from dispatch.events import Event
from dispatch.incidents import Incident, IncidentLocation, LocationKind, Severity
from dispatch.store import care
from dispatch.store.engine import open_engine
from dispatch.store.migrate import ensure_tables
from dispatch.store.store import Store, new_id
from dispatch.store.webhook_queue import WebhookQueue
from dispatch.types import UnitStatus
from dispatch.webhooks import Answer, DeliveryState, RetryPolicy, judge
from gis.types import Location
from tests.centre_app import demonstration_region
from tests.webhook_centre import START, Clock
from web.centre import Centre
from web.running import DELIVERIES_KEPT, REQUESTS_KEPT, Housekeeper
from web.service import Desk
from web.webhooks import webhook_register

UNIT = "DMK-01"
OVERDUE = "incident.overdue"
PLACE = IncidentLocation(kind=LocationKind.POINT, location=Location(lat=-6.7172, lon=108.5362), radius_m=20)
TEXT_KEPT = timedelta(days=2)


class Watched:
    """Two centres, as of two hosts, on one database and one clock."""

    def __init__(self, url: str) -> None:
        self.clock = Clock(START)
        self.engines = [open_engine(url), open_engine(url)]
        ensure_tables(self.engines[0])
        desk = Desk(demonstration_region())
        self.first, self.second = (
            Centre(Store(engine, clock=self.clock, timezone=desk.region.timezone, text_kept=TEXT_KEPT), desk)
            for engine in self.engines
        )
        self.first.prepare()

    def open_fire(self) -> Incident:
        command = OpenIncident(category="fire", severity=Severity.HIGH, location=PLACE)
        return self.incident(str(self.first.execute(command, actor="operator-1")["incidents"][0]["incident_id"]))

    def incident(self, incident_id: str) -> Incident:
        with self.first.store.book() as book:
            found = book.incident(incident_id)
        assert found is not None
        return found

    def overdue(self) -> list[Event]:
        return self.first.store.events_after(0, types=(OVERDUE,))

    def due_in(self, incident: Incident) -> float:
        """Seconds until the response standard of an incident has run out."""
        (timer,) = [one for one in self.first.timers(incident.incident_id) if one.kind.value == "response"]
        return timer.left_s


@pytest.fixture
def watched(store_url: str) -> Iterator[Watched]:
    made = Watched(store_url)
    yield made
    for engine in made.engines:
        engine.dispose()


# --- overdue -----------------------------------------------------------------------------------------------------


def test_nothing_is_overdue_before_its_time(watched: Watched) -> None:
    left = watched.due_in(watched.open_fire())
    watched.clock.pass_s(left - 1)
    assert watched.first.notice_overdue() == 0
    assert watched.overdue() == []


def test_what_is_overdue_is_logged_once_however_often_and_wherever_it_is_looked_for(watched: Watched) -> None:
    incident = watched.open_fire()
    left = watched.due_in(incident)
    watched.clock.pass_s(left + 1)
    assert watched.first.notice_overdue() == 1
    assert watched.first.notice_overdue() == 0
    assert watched.second.notice_overdue() == 0
    watched.clock.pass_s(3600)
    assert watched.second.notice_overdue() == 0
    (event,) = watched.overdue()
    assert event.incident_id == incident.incident_id
    assert event.payload["timer"] == f"response:{incident.incident_id}"
    assert event.actor == "system"
    assert care.verify(watched.engines[0]).events == event.seq


def test_two_hosts_that_look_at_the_same_moment_log_it_once(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = watched.open_fire()
    watched.clock.pass_s(watched.due_in(incident) + 1)
    # Both have looked and seen nothing logged before either writes.
    monkeypatch.setattr(watched.first, "_is_logged", lambda *_: False)
    monkeypatch.setattr(watched.second, "_is_logged", lambda *_: False)
    watched.first.notice_overdue()
    watched.second.notice_overdue()
    assert len(watched.overdue()) == 1


def test_forgotten_idempotency_keys_do_not_make_it_overdue_again(watched: Watched) -> None:
    watched.clock.pass_s(watched.due_in(watched.open_fire()) + 1)
    assert watched.first.notice_overdue() == 1
    watched.clock.pass_s(REQUESTS_KEPT.total_seconds() + 1)
    Housekeeper(watched.first).tidy()
    assert watched.second.notice_overdue() == 0
    assert len(watched.overdue()) == 1


def test_a_crew_that_does_not_move_is_overdue_by_itself_and_one_that_does_is_not(watched: Watched) -> None:
    incident = watched.open_fire()
    unit = next(one for one in watched.first.units() if one.unit.status is UnitStatus.AVAILABLE and one.on_duty)
    unit_id = unit.unit.unit_id
    watched.first.execute(AssignUnits(incident_id=incident.incident_id, unit_ids=(unit_id,)), actor="operator-1")
    (turnout,) = [one for one in watched.first.timers(incident.incident_id) if one.kind.value == "turnout"]
    watched.clock.pass_s(turnout.left_s + 1)
    assert watched.first.notice_overdue() == 1
    (event,) = watched.overdue()
    assert event.payload["timer"] == turnout.key
    watched.first.execute(ReportStatus(unit_id=unit_id, status=UnitStatus.EN_ROUTE), actor="operator-1")
    watched.first.execute(ReportStatus(unit_id=unit_id, status=UnitStatus.ON_SCENE), actor="operator-1")
    watched.clock.pass_s(86_400)
    assert watched.first.notice_overdue() == 0, "the crew was on scene before the standard ran out"


# --- tidying -----------------------------------------------------------------------------------------------------


def test_expired_texts_are_erased_and_the_audit_stays_whole(watched: Watched) -> None:
    centre, keeper = watched.first, Housekeeper(watched.first)
    incident = watched.open_fire()
    said = TakeCall(caller_name="Cat Biru", caller_number="+62 811 1234 567", words="api di dapur")
    centre.execute(said, actor="operator-1")
    centre.execute(AddNote(incident_id=incident.incident_id, text="asap tebal"), actor="operator-1")
    watched.clock.pass_s(TEXT_KEPT.total_seconds() - 1)
    assert keeper.tidy() == 0
    centre.execute(AddNote(incident_id=incident.incident_id, text="sudah padam"), actor="operator-1")
    before = care.verify(watched.engines[0])
    assert (before.texts, before.erased_texts) == (5, 0)

    watched.clock.pass_s(2)
    assert keeper.tidy() == 4
    after = care.verify(watched.engines[0])
    assert (after.texts, after.erased_texts) == (1, 4)
    assert after.events == before.events + 1
    assert care.differences(watched.engines[0]) == []
    (erasure,) = centre.store.events_after(before.events)
    assert (erasure.type, erasure.actor, erasure.payload["reason"]) == ("texts.erased", "system", "expired")
    (kept,) = centre.store.texts([ref.text_id for ref in watched.incident(incident.incident_id).notes]).values()
    assert kept == "sudah padam"
    assert keeper.tidy() == 0
    assert Housekeeper(watched.second).tidy() == 0
    assert centre.store.head()[0] == after.events, "where there was nothing to erase, nothing was logged"


def test_old_deliveries_are_forgotten_and_dead_letters_stay(watched: Watched) -> None:
    centre = watched.first
    register = webhook_register(centre.store, centre.region)
    queue = WebhookQueue(watched.engines[0], clock=watched.clock, new_id=new_id)
    webhook = register.register("damkar", "https://damkar.example/hook", everything=True)
    incident = watched.open_fire()
    for text in ("asap tebal", "api di dapur"):
        centre.execute(AddNote(incident_id=incident.incident_id, text=text), actor="operator-1")
    while queue.fill():
        pass
    for status in (410, 204, 204):
        register.set_active(webhook.webhook_id, True)
        claim = queue.claim(60)
        assert claim is not None
        verdict = judge(
            Answer(status=status), attempts=1, failures=0, now=watched.clock(), chance=0.5, policy=RetryPolicy()
        )
        queue.finish(claim, verdict, status=status, reached=True)
    dead, delivered, last = register.deliveries()
    assert [one.state for one in (dead, delivered, last)] == [
        DeliveryState.DEAD, DeliveryState.DELIVERED, DeliveryState.DELIVERED,
    ]  # fmt: skip
    watched.clock.pass_s(DELIVERIES_KEPT.total_seconds() - 1)
    Housekeeper(centre).tidy()
    assert len(register.deliveries()) == 3
    watched.clock.pass_s(2)
    Housekeeper(centre).tidy()
    # The last of an incident stays as well: it says that the agency knows its story.
    assert register.deliveries() == (dead, last)
