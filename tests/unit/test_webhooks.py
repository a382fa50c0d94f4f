"""What webhooks say, how they are signed, and when they are tried again."""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.codec import dump
from dispatch.event_types import BODY_TYPES, CallTaken, IncidentOpened, MilestoneReached, UnitAssigned
from dispatch.events import Event
from dispatch.incidents import (
    Assignment,
    Call,
    CallType,
    Channel,
    Incident,
    IncidentLocation,
    IncidentStatus,
    LocationKind,
    Milestone,
    Moment,
    Severity,
    TextRef,
)
from dispatch.webhook_body import NEVER_SENT, SENT, body_of, is_sent
from dispatch.webhooks import (
    Answer,
    DeliveryState,
    RetryPolicy,
    Webhook,
    check_event_types,
    check_secret,
    check_url,
    headers,
    is_authentic,
    judge,
    message_id,
    new_secret,
    retry_after_s,
    sign,
)
from gis.errors import InputError
from gis.types import Location

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
SECRET = new_secret(lambda size: bytes(range(size)))
OTHER_SECRET = new_secret(lambda size: bytes(range(1, size + 1)))
POLICY = RetryPolicy()
PERSONAL = "Bu Contoh, rumah cat biru"
REF = TextRef(text_id="text-of-somebody", digest="d1" * 32)


def event(body: Any = None, *, type: str = "", payload: dict[str, Any] | None = None, hash: str = "a" * 64) -> Event:
    return Event(
        seq=7,
        server_time=NOW,
        device_time=NOW - timedelta(seconds=5),
        actor="operator-3",
        type=type or body.type,
        incident_id="261124-007",
        unit_id="AMB-1",
        call_id="C261124-0007",
        payload=dump(body) if body is not None else payload or {},
        prev_hash="0" * 64,
        hash=hash,
    )


def lower(given_headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in given_headers.items()}


# What is said


def test_every_type_of_event_is_either_sent_or_never_sent() -> None:
    assert set(SENT) | NEVER_SENT == set(BODY_TYPES)
    assert not set(SENT) & NEVER_SENT


# Fields of plain text that hold an id or a code, never anybody's words.
IDS = {
    "agency", "alert_id", "answer", "assignment_id", "category", "closure_id", "disposition", "duplicate_of",
    "handover_id", "kecamatan_code", "kind", "neighbour", "recommendation_id", "scenario",
    "station", "timer", "verification_id", "village_code",
}  # fmt: skip


@pytest.mark.parametrize(("event_type", "path"), [(name, path) for name in SENT for path in SENT[name].values()])
def test_every_field_that_is_sent_exists_and_is_a_number_a_time_a_choice_or_an_id(event_type: str, path: str) -> None:
    kind: Any = BODY_TYPES[event_type]
    for name in path.split("."):
        kind = typing.get_type_hints(record_in(kind))[name]
    for one in typing.get_args(kind) or (kind,):
        if one is str:
            assert path.split(".")[-1] in IDS
        else:
            assert issubclass(one, int | float | datetime | StrEnum | type(None))


def record_in(kind: Any) -> Any:
    """The record of `Record | None`."""
    if isinstance(kind, types.UnionType):
        kind = next(one for one in typing.get_args(kind) if dataclasses.is_dataclass(one))
    return kind


FIELDS = ["label", "words", "note", "reason", "post", "name", "incident", "unit", "assignment", "location", "moment"]


@given(
    payload=st.recursive(
        st.just(PERSONAL) | st.lists(st.just(PERSONAL)),
        lambda inner: st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
        max_leaves=12,
    ),
    event_type=st.sampled_from(sorted(BODY_TYPES)),
)
def test_a_field_that_is_not_named_never_leaves(payload: Any, event_type: str) -> None:
    assert PERSONAL.encode() not in body_of(event(type=event_type, payload=payload))


def test_an_opened_incident_is_told_without_what_people_said_of_it() -> None:
    incident = Incident(
        incident_id="261124-007",
        category="fire",
        severity=Severity.HIGH,
        status=IncidentStatus.LOCATED,
        location=IncidentLocation(
            kind=LocationKind.PLACE,
            location=Location(lat=-6.7, lon=108.5),
            radius_m=150.0,
            village_code="32.09.01.2001",
            label=PERSONAL,
        ),
        received_at=NOW,
        status_at=NOW,
        notes=(REF,),
    )
    body = body_of(event(IncidentOpened(incident=incident)))
    assert b'"lat":-6.7' in body
    assert b'"village_code":"32.09.01.2001"' in body
    assert b'"category":"fire"' in body
    assert b'"type":"incident.opened"' in body
    assert b'"timestamp":"2026-11-24T02:30:00.000000Z"' in body
    for private in (PERSONAL, REF.text_id, REF.digest, "operator-3"):
        assert private.encode() not in body


def test_nothing_of_a_caller_an_account_or_a_hospital_leaves() -> None:
    call = Call(
        call_id="C261124-0007",
        channel=Channel.PHONE,
        call_type=CallType.NORMAL,
        received_at=NOW,
        number_hash="5e" * 32,
        name=REF,
        taken_by="operator-3",
    )
    assignment = Assignment(
        assignment_id="261124-007.1",
        incident_id="261124-007",
        unit_id="AMB-1",
        assigned_by="operator-3",
        override_reason=PERSONAL,
        hospital="RSUD",
    )
    milestone = MilestoneReached(
        assignment_id="261124-007.1",
        incident_id="261124-007",
        unit_id="AMB-1",
        milestone=Milestone.AT_HOSPITAL,
        moment=Moment(server_time=NOW),
        hospital="RSUD",
    )
    for one in (CallTaken(call=call), UnitAssigned(assignment=assignment), milestone):
        body = body_of(event(one))
        for private in (PERSONAL, REF.text_id, "5e" * 32, "operator-3", "RSUD", "C261124-0007"):
            assert private.encode() not in body


def test_a_webhook_gets_the_types_and_families_it_wants() -> None:
    assert is_sent("incident.moved")
    assert is_sent("incident.moved", ("incident.*",))
    assert is_sent("incident.moved", ("incident.moved", "unit.*"))
    assert not is_sent("incident.moved", ("assignment.*", "incident.opened"))
    assert not is_sent("call.taken")
    assert not is_sent("call.taken", ("call.taken",))
    assert check_event_types(["unit.*", "incident.moved", "unit.*"]) == ("incident.moved", "unit.*")
    with pytest.raises(InputError, match=r"call\.taken.*assignment\.\*"):
        check_event_types(["call.taken"])


# How it is signed


def test_the_signature_is_that_of_the_public_test_vector() -> None:
    """The vector that the libraries of Standard Webhooks and Svix test themselves against."""
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_accepts_what_was_sent_and_nothing_else() -> None:
    body = b'{"type":"incident.moved"}'
    sent = lower(headers("msg_1", NOW, body, [SECRET]))
    assert is_authentic(sent, body, SECRET, NOW)
    assert not is_authentic(sent, body + b" ", SECRET, NOW)
    assert not is_authentic(sent, body, OTHER_SECRET, NOW)
    assert not is_authentic(sent | {"webhook-id": "msg_2"}, body, SECRET, NOW)
    assert not is_authentic(sent | {"webhook-timestamp": str(int(NOW.timestamp()) + 1)}, body, SECRET, NOW)
    assert not is_authentic(sent | {"webhook-timestamp": "soon"}, body, SECRET, NOW)
    assert not is_authentic({}, body, SECRET, NOW)


@pytest.mark.parametrize(("late_s", "accepted"), [(-301, False), (-299, True), (299, True), (301, False)])
def test_a_message_sent_again_by_a_stranger_is_too_old(late_s: int, accepted: bool) -> None:
    sent = lower(headers("msg_1", NOW, b"{}", [SECRET]))
    assert is_authentic(sent, b"{}", SECRET, NOW + timedelta(seconds=late_s)) is accepted


def test_both_keys_sign_while_a_key_is_changed() -> None:
    webhook = Webhook(
        webhook_id="wh_1",
        agency="damkar",
        url="https://damkar.example/hook?key=1",
        secret=OTHER_SECRET,
        old_secret=SECRET,
        old_secret_until=NOW + timedelta(hours=1),
        created_at=NOW,
        since_seq=0,
    )
    sent = lower(headers("msg_1", NOW, b"{}", webhook.secrets(NOW)))
    assert is_authentic(sent, b"{}", SECRET, NOW)
    assert is_authentic(sent, b"{}", OTHER_SECRET, NOW)
    later = NOW + timedelta(hours=1)
    sent = lower(headers("msg_1", later, b"{}", webhook.secrets(later)))
    assert not is_authentic(sent, b"{}", SECRET, later)
    for shown in (repr(webhook), str(webhook)):
        assert SECRET not in shown
        assert OTHER_SECRET not in shown
        assert "key=1" not in shown
    assert webhook.host == "damkar.example"


def test_the_id_is_of_the_event_and_the_receiver_and_free_of_full_stops() -> None:
    one, other = event(type="unit.moved"), event(type="unit.moved", hash="b" * 64)
    assert message_id("wh_1", one) == message_id("wh_1", one)
    assert len({message_id("wh_1", one), message_id("wh_2", one), message_id("wh_1", other)}) == 3
    assert "." not in message_id("wh_1", one)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "geheim", "whsec_AAAA", "whsec_" + "A" * 100, "whsec_!!!!", SECRET[6:]]
)
def test_a_weak_or_broken_secret_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(InputError, match="24 to 64 bytes") as caught:
        check_secret(secret)
    assert not secret or secret == "whsec_" or secret not in str(caught.value)
    assert check_secret(SECRET) == SECRET


# Where it may go


@pytest.mark.parametrize(
    "url",
    [
        "https://damkar.example/hook",
        "https://10.20.0.5:8443/hook?key=1",
        "http://127.0.0.1:8000/",
        "http://[::1]:8000/",
        "http://localhost/hook",
        "http://siaga.lan/hook",
    ],
)
def test_https_this_machine_and_allowed_hosts_may_be_told(url: str) -> None:
    assert check_url(url, plain_hosts=frozenset({"siaga.lan"})) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://damkar.example/hook",
        "http://127.0.0.1.example/",
        "http://localhost.example/",
        "ftp://damkar.example/",
        "file:///etc/hosts",
        "//damkar.example/",
        "https://",
        "https:///hook",
        "https://user:pw@damkar.example/",
        "https://user@damkar.example/",
        "https://damkar.example/#part",
        "https://damkar.example:99999/",
        "https://damkar.example:0/",
        "https://[::1/",
        "https://damkar.example/a b",
        "https://damkar.example/\r\nHost: x",
        "https://damkär.example/",
        "https://damkar.example/" + "a" * 2000,
    ],
)
def test_any_other_address_is_refused_with_a_reason(url: str) -> None:
    with pytest.raises(InputError, match="The webhook's address must"):
        check_url(url)


# When it is tried again


@given(
    attempts=st.integers(1, 30),
    failures=st.integers(0, 10_000),
    chance=st.floats(0, 1, exclude_max=True),
    status=st.one_of(st.none(), st.integers(100, 599)),
    pause=st.one_of(st.none(), st.floats(0, 1e12)),
)
def test_an_attempt_ends_well_is_tried_later_or_is_given_up(
    attempts: int, failures: int, chance: float, status: int | None, pause: float | None
) -> None:
    answer = Answer(status=status, fault="no answer in time", retry_after_s=pause)
    verdict = judge(answer, attempts=attempts, failures=failures, now=NOW, chance=chance, policy=POLICY)
    assert (verdict.state is DeliveryState.DELIVERED) == (status is not None and 200 <= status < 300)
    assert (verdict.state is DeliveryState.PENDING) == (verdict.due_at is not None)
    assert (verdict.fault is None) == (verdict.state is DeliveryState.DELIVERED)
    assert verdict.gone == (status == 410)
    if verdict.state is DeliveryState.DEAD:
        assert attempts > len(POLICY.delays_s) or status == 410
    if verdict.due_at is not None:
        wait = (verdict.due_at - NOW).total_seconds()
        delay = POLICY.delays_s[attempts - 1]
        assert wait >= delay * 0.8 - 1e-5
        assert wait <= max(delay * 1.2, min(pause or 0, 86_400)) + 1e-5
    if verdict.held_until is not None:
        assert status in (None, 429, 502, 503, 504)
        assert NOW <= verdict.held_until <= NOW + timedelta(days=1)


def test_a_message_is_tried_twelve_times_over_about_three_days() -> None:
    outcomes = [
        judge(Answer(status=500), attempts=number, failures=0, now=NOW, chance=0.5, policy=POLICY)
        for number in range(1, 13)
    ]
    assert [one.state for one in outcomes] == [DeliveryState.PENDING] * 11 + [DeliveryState.DEAD]
    waits = [one.due_at - NOW for one in outcomes if one.due_at is not None]
    assert waits[:2] == [timedelta(seconds=5), timedelta(seconds=30)]
    assert timedelta(days=2.5) < sum(waits, timedelta()) < timedelta(days=4)


def test_chance_spreads_the_retries() -> None:
    waits = {
        judge(Answer(status=500), attempts=3, failures=0, now=NOW, chance=chance, policy=POLICY).due_at
        for chance in (0.0, 0.25, 0.5, 0.75)
    }
    assert len(waits) == 4


def test_a_receiver_that_is_down_is_left_in_peace_for_longer_each_time() -> None:
    holds = []
    for failures in range(10):
        answer = Answer(status=None, fault="connection refused")
        verdict = judge(answer, attempts=1, failures=failures, now=NOW, chance=0.5, policy=POLICY)
        assert verdict.held_until is not None
        holds.append((verdict.held_until - NOW).total_seconds())
    assert holds == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_one_message_that_is_refused_does_not_hold_up_the_others() -> None:
    for status in (400, 404, 500):
        verdict = judge(Answer(status=status), attempts=1, failures=5, now=NOW, chance=0.5, policy=POLICY)
        assert verdict.held_until is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("9" * 400, 86_400.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("Tue, 24 Nov 2026 02:31:00 -0000", 60.0),
    ],
)
def test_a_pause_is_read_as_seconds_or_as_a_date(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text, NOW) == seconds
