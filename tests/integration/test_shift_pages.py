"""Paper of the control room: a shift's note stands and tells of no caller; a sheet shows what a role may see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from dispatch.accounts import Role
from dispatch.commands import (
    AskHandover,
    AskVerification,
    AssignUnits,
    CloseIncident,
    OpenIncident,
    RecallUnit,
    ReportStatus,
    TakeCall,
    TypeCall,
)
from dispatch.incidents import CallType, IncidentLocation, LocationKind, Severity
from dispatch.store import queries
from dispatch.types import UnitStatus
from gis.types import Location
from tests.accounts import Browser, Clock, person, program
from tests.centre_app import CentreApp, centre_app
from tests.integration.test_centre_refusals import CALLER, NOTE

WORDS = "Jembatan Losari retak; tanyakan PUPR."
SECRETS = (*CALLER.values(), NOTE, "RUMAH-RAHASIA")
AREA = "32.09.20.2009"


class Shift:
    """A shift with an incident that was closed, one that waits for everything, and a unit that is out."""

    def __init__(self, made: CentreApp) -> None:
        self.made, self.clock = made, Clock()
        made.store._clock = self.clock
        self.centre = made.running.centre
        self.units = [one.unit.unit_id for one in self.centre.units() if one.unit.kind == "ambulance"]
        self.closed, self.open = self._opened("fire"), self._opened("medical")
        self._do(AssignUnits(incident_id=self.closed, unit_ids=(self.units[0],)))
        self.clock.tick(minutes=9)
        self._do(ReportStatus(unit_id=self.units[0], status=UnitStatus.ON_SCENE))
        self._do(CloseIncident(incident_id=self.closed, disposition="transported", release_units=True))
        self._do(AskVerification(incident_id=self.open, village_code=AREA, post="kuwu"))
        self._do(AskHandover(incident_id=self.open, neighbour="brebes"))
        self._do(ReportStatus(unit_id=self.units[1], status=UnitStatus.OUT_OF_SERVICE))
        prank = self._do(TakeCall())["calls"][0]["call_id"]
        self._do(TypeCall(call_id=prank, call_type=CallType.PRANK))
        self.clock.tick(hours=1)
        sign_in = made.running.sign_in
        for login, role, bound in (
            ("taker", Role.CALL_TAKER, None), ("other", Role.CALL_TAKER, None), ("crew", Role.CREW, self.units[0]),
            ("kuwu", Role.VILLAGE_OFFICIAL, AREA), ("audit", Role.AUDITOR, None), ("layar", Role.WALL, None),
            ("disp", Role.DISPATCHER, None),
        ):  # fmt: skip
            person(sign_in, login, role, bound)

    def _do(self, command: object) -> dict[str, list[dict[str, str]]]:
        return self.centre.execute(command, actor="disp.01")  # type: ignore[arg-type]

    def _opened(self, category: str) -> str:
        middle = self.centre.region.boundaries.middle(AREA)
        place = IncidentLocation(
            kind=LocationKind.POINT, location=Location(lat=middle.lat, lon=middle.lon), label="RUMAH-RAHASIA"
        )
        call = self._do(
            TakeCall(caller_name=CALLER["caller_name"], caller_number=CALLER["caller_number"], words=CALLER["words"])
        )["calls"][0]["call_id"]
        opened = OpenIncident(category=category, severity=Severity.HIGH, location=place, call_id=call, note=NOTE)
        return str(self._do(opened)["incidents"][0]["incident_id"])


@pytest.fixture(scope="module")
def shift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shift]:
    url = f"sqlite:///{tmp_path_factory.mktemp('shift') / 'siaga112.db'}"
    with centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as made:
        yield Shift(made)


def test_a_note_tells_what_is_open_what_it_waits_for_and_what_was_done(shift: Shift) -> None:
    page = program(shift.made, "taker").get("/handover?lang=en").text
    for told in (
        shift.open,
        shift.units[1],
        "the neighbour&#39;s receipt",
        "the village&#39;s answer",
        "Kebakaran 1",
        "brebes",
    ):
        assert told.replace("Kebakaran", "Fire") in page, told
    assert "(1 ghost or prank)" in page
    for secret in SECRETS:
        assert secret not in page


def test_a_stored_note_stands_as_it_was_written(shift: Shift) -> None:
    browser = Browser(shift.made)
    browser.sign_in("taker")
    before = shift.made.store.head()[0]
    until = shift.clock.now.astimezone(shift.made.store.timezone).strftime("%Y-%m-%dT%H:%M")
    since = (shift.clock.now - timedelta(hours=8)).astimezone(shift.made.store.timezone).strftime("%Y-%m-%dT%H:%M")
    stored = browser.send("/handover", since=since, until=until, words=WORDS)
    assert stored.status_code == 303
    event = shift.made.store.events_after(before)[-1]
    assert (event.type, event.actor) == ("shift.noted", "taker")
    assert WORDS not in str(event.payload)
    at = stored.headers["Location"].partition("?")[0]
    first = browser.get(at).text
    assert WORDS.partition(";")[0] in first
    assert shift.open in first
    shift._do(CloseIncident(incident_id=shift.open, disposition="transported"))
    assert shift.open in browser.get(at).text, "the note tells how things stood then"
    assert at.rpartition("/")[2] in browser.get("/handover").text
    with shift.made.store.book() as book:
        (note, author), *_ = queries.shift_notes(book.connection, limit=1)
    assert author == "taker"
    assert note.until - note.since == timedelta(hours=8)
    # An auditor reads the facts; what people wrote is masked for that role.
    audited = program(shift.made, "audit").get(at).text
    assert "Losari" not in audited
    assert shift.open in audited


def test_a_shift_that_cannot_be_is_refused_and_what_was_typed_is_kept(shift: Shift) -> None:
    browser = Browser(shift.made)
    browser.sign_in("taker")
    before = shift.made.counts()
    for since, until in (("2026-11-26T08:00", "2026-11-26T07:00"), ("2026-11-01T07:00", "2026-11-26T07:00"),
                         ("x", "2026-11-26T07:00"), ("2026-11-26T07:00", "2027-11-26T07:00")):  # fmt: skip
        answer = browser.send("/handover", since=since, until=until, words=WORDS)
        assert answer.status_code == 422, (since, until)
        assert "Losari" in answer.text
        assert 'role="alert"' in answer.text
    assert browser.send("/handover", since="", until="", words="x" * 5001).status_code == 422
    assert browser.get("/handover/none").status_code == 404
    after = shift.made.counts()
    # Opening pages keeps a session awake; nothing else was written.
    assert {name: after[name] for name in ("events", "documents", "private_texts", "head")} == {
        name: before[name] for name in ("events", "documents", "private_texts", "head")
    }


def test_a_sheet_shows_personal_texts_as_the_role_may_see_them(shift: Shift) -> None:
    path = f"/incidents/{shift.closed}/sheet"
    taker = program(shift.made, "taker").get(path).text
    assert CALLER["caller_name"] in taker
    assert NOTE in taker
    dispatcher = program(shift.made, "disp").get(path).text
    assert CALLER["words"] in dispatcher
    assert CALLER["caller_name"] not in dispatcher
    assert CALLER["caller_number"] not in dispatcher
    crew = program(shift.made, "crew").get(path).text
    assert NOTE in crew
    assert CALLER["caller_name"] not in crew
    official = program(shift.made, "kuwu").get(path).text
    for secret in SECRETS:
        assert secret not in official
    assert shift.units[0] in official
    assert program(shift.made, "crew").get(f"/incidents/{shift.open}/sheet").status_code == 404


def test_the_picture_of_a_sheet_is_of_the_ground_and_not_of_a_sensitive_house(shift: Shift) -> None:
    fire = program(shift.made, "kuwu").get(f"/incidents/{shift.closed}/map.png")
    assert fire.data.startswith(b"\x89PNG")
    assert "no-store" in fire.headers["Cache-Control"]
    assert program(shift.made, "kuwu").get(f"/incidents/{shift.open}/map.png").status_code == 404
    assert program(shift.made, "taker").get(f"/incidents/{shift.open}/map.png").status_code == 200


def test_timers_read_at_once_are_those_of_each_incident(shift: Shift) -> None:
    sent = shift._opened("fire")
    shift._do(AssignUnits(incident_id=sent, unit_ids=(shift.units[2], shift.units[3])))
    shift._do(RecallUnit(unit_id=shift.units[3], reason="salah"))
    shift._opened("fire")
    with shift.made.store.book() as book:
        waiting = queries.incidents(book.connection, limit=100, only_open=True).items
    one_by_one = [timer for one in waiting for timer in shift.centre.timers(one.incident_id)]
    assert len(one_by_one) >= 3
    assert shift.centre.running_timers() == sorted(one_by_one, key=lambda one: (one.due_at, one.key))


# --- the wall ----------------------------------------------------------------------------------------------------


def test_the_wall_shows_numbers_and_no_person(shift: Shift) -> None:
    waiting = shift._opened("medical")
    wall = program(shift.made, "layar")
    facts = wall.get("/api/v1/wall").get_json()
    assert facts["open"] == sum(facts["severities"].values()) == sum(one["count"] for one in facts["categories"])
    assert facts["unsent"] >= 1
    spot = next(one for one in facts["incidents"] if one["id"] == waiting)
    middle = shift.centre.region.boundaries.middle(AREA)
    assert (spot["lat"], spot["lon"]) == (round(middle.lat, 4), round(middle.lon, 4))
    assert sum(one["free"] + one["busy"] + one["out"] for one in facts["agencies"]) == len(shift.centre.units())
    for secret in SECRETS:
        assert secret not in wall.get("/api/v1/wall").text
        assert secret not in wall.get("/wall").text


def test_a_screen_on_the_wall_reads_nothing_else_and_hears_only_that_something_happened(shift: Shift) -> None:
    wall = program(shift.made, "layar")
    for path in ("/api/v1/incidents", f"/api/v1/incidents/{shift.closed}", "/api/v1/units", "/api/v1/board", "/village",
                 "/handover", f"/incidents/{shift.closed}/sheet", "/api/v1/calls", "/accounts"):  # fmt: skip
        assert wall.get(path).status_code == 403, path
    events = wall.get("/api/v1/events?limit=500").get_json()["events"]
    assert events
    assert all(one.keys() == {"seq", "type"} and one["type"] == "changed" for one in events)


def test_a_screen_on_the_wall_neither_locks_nor_stays_for_ever(shift: Shift) -> None:
    wall, desk = Browser(shift.made), Browser(shift.made)
    wall.sign_in("layar")
    desk.sign_in("other")
    shift.clock.tick(hours=1)
    assert not desk.is_in
    assert wall.get("/wall").status_code == 200
    shift.clock.tick(days=29)
    assert wall.get("/wall").status_code == 200
    shift.clock.tick(days=2)
    assert wall.get("/wall").status_code == 303
