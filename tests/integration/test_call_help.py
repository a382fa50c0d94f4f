"""Help for the call taker and the dispatcher: who is on duty, who is next, the village, the neighbour, what is due.

The demonstration region and a real database, with a clock in the test's hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from dispatch.border_help import BorderStanding
from dispatch.codec import load
from dispatch.commands import (
    AnswerVerification,
    AskHandover,
    AskVerification,
    AssignUnits,
    EditUnit,
    LoadDirectory,
    OpenIncident,
    ReceiveHandover,
    ReportStatus,
    TakeCall,
    TypeCall,
)
from dispatch.directory import Directory, VillageOfficial
from dispatch.errors import RefusedError, UnitTakenError
from dispatch.event_types import OverdueNoticed
from dispatch.incidents import CallType, IncidentLocation, LocationKind, Severity
from dispatch.recommend import recommend_from
from dispatch.roster import EVERY_DAY, Roster, Shift
from dispatch.screening import Exclusion
from dispatch.store import care
from dispatch.store.engine import open_engine
from dispatch.store.migrate import ensure_tables
from dispatch.store.store import Store
from dispatch.types import UnitStatus
from dispatch.verification import VillageAnswer
from gis.errors import InputError
from gis.types import Location
from routing.types import MetricKey
from tests.centre_app import HERE, demonstration_region
from tests.desks import Clock
from tests.strategies import NOW
from web.app import create_app
from web.centre import MOST_ROWS, Centre
from web.running import Housekeeper
from web.service import Desk

VILLAGE = "32.09.20.2009"
NUMBER = "0812 3456 7890"
ELSEWHERE = Location(lat=-6.74, lon=108.50)


class Help:
    """A centre with a clock, and its application."""

    def __init__(self, url: str) -> None:
        self.clock = Clock()
        engine = open_engine(url)
        ensure_tables(engine)
        desk = Desk(demonstration_region(), clock=self.clock)
        self.store = Store(engine, clock=self.clock, timezone=desk.region.timezone)
        self.centre = Centre(self.store, desk)
        self.centre.prepare()
        self.client: FlaskClient = create_app(desk, centre=self.centre).test_client()

    def do(self, command: Any) -> Any:
        return self.centre.execute(command, actor="desk")

    def direct(self, **changed: Any) -> Directory:
        """Put another directory in force, which differs in some parts."""
        directory = replace(self.store.directory(), **changed)
        self.do(LoadDirectory(directory=directory))
        return directory

    def incident(self, category: str = "medical", location: dict[str, Any] | None = None) -> str:
        place = load(IncidentLocation, HERE if location is None else location)
        made = self.do(OpenIncident(category=category, severity=Severity.HIGH, location=place))
        return str(made["incidents"][0]["incident_id"])

    def call(self, call_type: CallType, number: str | None = NUMBER) -> str:
        return str(self.do(TakeCall(call_type=call_type, caller_number=number))["calls"][0]["call_id"])

    def get(self, path: str) -> Any:
        return good(self.client.get(f"/api/v1{path}"))

    def first_pick(self, incident_id: str) -> str:
        return self.centre.recommendation(incident_id).response.picks[0].unit_id


@pytest.fixture
def at(sqlite_url: str) -> Iterator[Help]:
    made = Help(sqlite_url)
    yield made
    made.store.engine.dispose()


@pytest.fixture
def on_both(store_url: str) -> Iterator[Help]:
    made = Help(store_url)
    yield made
    made.store.engine.dispose()


def good(answer: TestResponse, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return json.loads(answer.data)


# --- ghost calls -------------------------------------------------------------------------------------------------


def test_the_call_at_hand_does_not_count_against_its_own_number(on_both: Help) -> None:
    first = on_both.call(CallType.GHOST)
    assert on_both.centre.ghost(first).points == 0
    on_both.clock.tick()
    second = on_both.call(CallType.NORMAL, "+62 812-3456-7890")
    alone = on_both.centre.ghost(second)
    assert alone.points > 0
    on_both.do(TypeCall(call_id=second, call_type=CallType.GHOST))
    assert on_both.centre.ghost(second) == alone
    assert on_both.get(f"/calls/{second}")["ghost"]["points"] == alone.points


def test_calls_without_a_number_have_no_history(at: Help) -> None:
    for number in (None, "anonymous", "bukan nomor"):
        at.call(CallType.GHOST, number)
        last = at.call(CallType.GHOST, number)
        assert at.centre.ghost(last).points == 0


def test_a_number_that_only_made_ghost_calls_is_still_answered(at: Help) -> None:
    for _ in range(20):
        last = at.call(CallType.GHOST)
    assert at.get(f"/calls/{last}")["ghost"]["level"] == "high"
    assert at.call(CallType.NORMAL)


# --- the village -------------------------------------------------------------------------------------------------


def ask(at: Help, incident_id: str, post: str = "kuwu", village: str = VILLAGE) -> str:
    made = at.do(AskVerification(incident_id=incident_id, village_code=village, post=post))
    return str(made["verifications"][0]["verification_id"])


def test_a_village_that_calls_back_after_it_gave_no_answer_is_heard_and_timed(on_both: Help) -> None:
    incident_id = on_both.incident()
    asked = ask(on_both, incident_id)
    assert inquiry(on_both, incident_id) == ("waiting", None)
    on_both.clock.tick(301)
    assert inquiry(on_both, incident_id) == ("late", None)
    on_both.do(AnswerVerification(verification_id=asked, answer=VillageAnswer.NO_ANSWER))
    assert inquiry(on_both, incident_id) == ("unanswered", None)
    on_both.clock.tick(60)
    on_both.do(AnswerVerification(verification_id=asked, answer=VillageAnswer.CONFIRMED))
    assert inquiry(on_both, incident_id) == ("answered", 361)
    seq = on_both.store.head()[0]
    on_both.do(AnswerVerification(verification_id=asked, answer=VillageAnswer.CONFIRMED))
    assert on_both.store.head()[0] == seq
    with pytest.raises(RefusedError, match="answered already: confirmed"):
        on_both.do(AnswerVerification(verification_id=asked, answer=VillageAnswer.DENIED))
    assert care.differences(on_both.store.engine) == []


def inquiry(at: Help, incident_id: str) -> tuple[str, float | None]:
    one = at.get(f"/incidents/{incident_id}/inquiries")["verifications"][0]
    return one["standing"], one["took_s"]


def test_officials_of_the_village_are_proposed_and_others_are_refused(at: Help) -> None:
    officials = tuple(VillageOfficial(village_code=VILLAGE, post=post, contact="-") for post in ("kuwu", "sekdes"))
    at.direct(officials=officials)
    incident_id = at.incident(location={"kind": "village", "village_code": VILLAGE})
    found = at.get(f"/incidents/{incident_id}/inquiries")
    assert [one["post"] for one in found["officials"]] == ["kuwu", "sekdes"]
    with pytest.raises(InputError, match="it has: kuwu, sekdes"):
        ask(at, incident_id, "camat")
    assert ask(at, incident_id, "sekdes")


def test_a_village_that_denies_holds_nothing_up(at: Help) -> None:
    incident_id = at.incident()
    asked = ask(at, incident_id)
    at.do(AnswerVerification(verification_id=asked, answer=VillageAnswer.DENIED))
    assert at.get(f"/incidents/{incident_id}/inquiries")["summary"]["advice"] == "denied"
    at.do(AssignUnits(incident_id=incident_id, unit_ids=(at.first_pick(incident_id),)))


# --- the neighbour -----------------------------------------------------------------------------------------------


def edge_village(at: Help) -> str:
    """The village whose middle is nearest to the edge of the region."""
    boundaries = at.centre.region.boundaries
    codes = [one.code for one in boundaries.villages]
    return min(codes, key=lambda code: at.centre.desk.edge_distance(boundaries.middle(code))[0])


def test_at_the_edge_of_the_region_all_neighbours_are_shown_with_their_contacts(at: Help) -> None:
    """The map holds no areas of others, so none of the neighbours can be told to be the nearest."""
    middle = at.centre.region.boundaries.middle(edge_village(at))
    incident_id = at.incident(location={"kind": "point", "location": {"lat": middle.lat, "lon": middle.lon}})
    found = at.get(f"/incidents/{incident_id}/border")
    assert found["standing"] == BorderStanding.NEAR
    assert found["edge_m"] <= found["border_m"] == 2000
    known = sorted(one.neighbour_id for one in at.store.directory().neighbours)
    assert [one["neighbour_id"] for one in found["contacts"]] == known
    assert all(one["contact"] for one in found["contacts"])


def test_far_from_the_edge_no_neighbour_is_shown(at: Help) -> None:
    middle = at.centre.region.boundaries.middle(
        max(
            (one.code for one in at.centre.region.boundaries.villages),
            key=lambda code: at.centre.desk.edge_distance(at.centre.region.boundaries.middle(code))[0],
        )
    )
    point = {"lat": middle.lat, "lon": middle.lon}
    far = at.centre.border(at.incident(location={"kind": "point", "location": point}))
    assert (far.standing, far.contacts) == (BorderStanding.FAR, ())
    wide = at.incident(location={"kind": "point", "location": point, "radius_m": far.edge_m})
    assert at.centre.border(wide).standing is BorderStanding.MAY_BE_NEAR
    assert at.centre.border(at.incident(location={"kind": "unknown"})).standing is BorderStanding.UNKNOWN


def test_a_handover_is_waiting_then_overdue_then_received_with_the_time_it_took(on_both: Help) -> None:
    incident_id = on_both.incident()
    made = on_both.do(AskHandover(incident_id=incident_id, neighbour="brebes"))
    handover_id = made["handovers"][0]["handover_id"]

    def standing() -> tuple[str, float | None]:
        one = on_both.get(f"/incidents/{incident_id}/inquiries")["handovers"][0]
        return one["standing"], one["took_s"]

    assert standing() == ("waiting", None)
    on_both.clock.tick(181)
    assert standing() == ("overdue", None)
    on_both.do(ReceiveHandover(handover_id=handover_id, reference=" BRB-77 "))
    assert standing() == ("received", 181)
    seq = on_both.store.head()[0]
    on_both.do(ReceiveHandover(handover_id=handover_id, reference="BRB-77"))
    assert on_both.store.head()[0] == seq
    with pytest.raises(RefusedError, match="BRB-77"):
        on_both.do(ReceiveHandover(handover_id=handover_id, reference="BRB-78"))
    assert on_both.get(f"/incidents/{incident_id}")["incident"]["handed_to"] == "brebes"
    assert care.differences(on_both.store.engine) == []


# --- who goes ----------------------------------------------------------------------------------------------------


def test_the_next_best_is_never_the_unit_that_was_taken(at: Help) -> None:
    first, second = at.incident(), at.incident()
    taken = at.first_pick(first)
    at.do(AssignUnits(incident_id=first, unit_ids=(taken,)))
    at.do(ReportStatus(unit_id=taken, status=UnitStatus.ON_SCENE, free_at=at.clock() + timedelta(seconds=60)))

    def next_best() -> Any:
        with pytest.raises(UnitTakenError) as refused:
            at.do(AssignUnits(incident_id=second, unit_ids=(taken,)))
        return refused.value.values["next_best"]

    other = next_best()
    assert other == [at.first_pick(second)] != [taken]
    for one in at.centre.units():
        if one.unit.unit_id != taken:
            at.do(EditUnit(unit_id=one.unit.unit_id, on_duty=False))
    # It alone is left, and will be free in a minute: a recommendation counts on it, an answer to who is next does not.
    assert at.first_pick(second) == taken
    assert next_best() == []


def test_the_roster_decides_who_is_on_duty_at_the_moment_of_recommending(at: Help) -> None:
    incident_id = at.incident()
    unit_id = at.first_pick(incident_id)
    now = at.clock().astimezone(at.centre.region.timezone)
    later = (now + timedelta(hours=1)).time().replace(microsecond=0)
    hours = Shift(days=EVERY_DAY, start=later, end=time((later.hour + 8) % 24))
    at.direct(rosters=(Roster(roster_id="siang", units=(unit_id,), shifts=(hours,)),))

    assert at.first_pick(incident_id) != unit_id
    excluded = {
        out.unit.unit_id: {out.why, *out.also}
        for answer in at.centre.recommendation(incident_id).answers
        for out in answer.excluded
    }
    assert Exclusion.OFF_DUTY in excluded[unit_id]
    assert at.get(f"/units/{unit_id}")["unit"]["on_duty"] is False
    at.clock.tick(3601)
    assert at.first_pick(incident_id) == unit_id
    at.do(EditUnit(unit_id=unit_id, on_duty=False))
    assert at.first_pick(incident_id) != unit_id


def test_a_recommendation_is_given_in_words_and_every_unit_has_its_reason(at: Help) -> None:
    incident_id = at.incident()
    made = good(at.client.post(f"/api/v1/incidents/{incident_id}/recommendations"), 201)
    picked = made["recommendation"]["response"]["picks"][0]["unit_id"]
    address = f"/recommendations/{made['recommendation_id']}"
    assert picked in at.get(f"{address}/text?lang=en")["text"]
    assert at.get(f"{address}/text?lang=en") != at.get(f"{address}/text?lang=id")
    details = at.get(f"{address}/text?lang=en")["details"]
    assert details["response"]["picks"][0]["unit_id"] == picked
    assert all(one["reason"] for answer in details["answers"] for one in answer["candidates"])
    assert at.get("/joint/text?lang=en")["details"]["same"] is True
    for unit in at.centre.units():
        why = at.get(f"{address}/why?unit={unit.unit.unit_id}")
        assert why["text"]
        assert (why["why"] in ("first", "sent_after_others")) is (unit.unit.unit_id == picked)
    assert at.client.get(f"/api/v1{address}/why?unit=NONE").status_code == 404
    assert at.client.get(f"/api/v1{address}/why").status_code == 400
    assert at.client.get("/api/v1/recommendations/none/text").status_code == 404


def test_times_that_are_remembered_are_those_that_are_found_anew(at: Help) -> None:
    incident_id = at.incident()
    at.centre.recommendation(incident_id, cover=True)
    moved = at.first_pick(incident_id)
    at.do(EditUnit(unit_id=moved, location=ELSEWHERE))
    remembered = at.centre.recommendation_inputs(incident_id)
    fresh = Centre(at.store, at.centre.desk).recommendation_inputs(incident_id)
    assert remembered == fresh
    assert recommend_from(remembered) == recommend_from(fresh)


def test_what_is_remembered_of_positions_is_bounded(at: Help) -> None:
    one, other = (at.centre.desk.vehicle_from(place) for place in (ELSEWHERE, Location(lat=-6.75, lon=108.52)))
    few = at.centre._village_times([one], NOW)
    for number in range(MOST_ROWS + 10):
        left = replace(one, start=Location(lat=-6.7, lon=108.4 + number * 1e-6))
        at.centre._rows[left, MetricKey()] = np.zeros(0)
    again = at.centre._village_times([one, other], NOW)
    assert (again[0] == few[0]).all()
    assert len(at.centre._rows) <= 2


# --- what is due -------------------------------------------------------------------------------------------------


def test_what_is_overdue_is_logged_once_however_often_and_from_how_many_hosts_it_is_looked_at(on_both: Help) -> None:
    incident_id = on_both.incident("fire")
    standard_s = on_both.get("/timers")["timers"][0]["within_s"]
    keeper, other_host = Housekeeper(on_both.centre), Centre(on_both.store, on_both.centre.desk)
    on_both.clock.tick(standard_s)
    assert on_both.centre.notice_overdue() == 0
    on_both.clock.tick(1)
    assert on_both.centre.notice_overdue() == 1
    for _ in range(3):
        keeper._try(on_both.centre.notice_overdue)
        assert other_host.notice_overdue() == 0
        on_both.clock.tick(3600)
    logged = on_both.store.events_after(0, incident_id=incident_id, types=(OverdueNoticed.type,))
    assert [one.payload["timer"] for one in logged] == [f"response:{incident_id}"]
    assert logged[0].actor == "system"


def test_the_housekeeper_looks_by_itself_until_it_is_stopped(at: Help) -> None:
    at.incident("fire")
    at.clock.tick(86_400)
    keeper = Housekeeper(at.centre, round_s=0.01)
    seq = at.store.head()[0]
    keeper.start()
    at.store.wait_for(seq, 60)
    keeper.stop()
    logged = at.store.events_after(seq)
    assert [one.type for one in logged] == [OverdueNoticed.type]


def test_all_that_runs_is_listed_soonest_first_and_ends_with_what_it_waits_for(at: Help) -> None:
    assert at.get("/timers")["timers"] == []
    first = at.incident("fire")
    at.clock.tick(30)
    second = at.incident("fire")
    third = at.incident("fire", {"kind": "unknown"})
    unit_id = at.first_pick(second)
    at.do(AssignUnits(incident_id=second, unit_ids=(unit_id,)))

    def listed() -> list[tuple[str, str]]:
        timers = at.get("/timers")["timers"]
        assert [one["due_at"] for one in timers] == sorted(one["due_at"] for one in timers)
        return [(one["kind"], one["incident_id"]) for one in timers]

    assert listed()[0] == ("turnout", second)
    assert set(listed()) == {("turnout", second), *(("response", one) for one in (first, second, third))}
    at.do(ReportStatus(unit_id=unit_id, status=UnitStatus.EN_ROUTE))
    assert ("en_route", second) in listed()
    at.do(ReportStatus(unit_id=unit_id, status=UnitStatus.ON_SCENE))
    assert set(listed()) == {("response", first), ("response", third)}


def test_a_village_code_is_enough_to_recommend_for(at: Help) -> None:
    incident_id = at.incident(location={"kind": LocationKind.VILLAGE.value, "village_code": VILLAGE})
    made = at.centre.recommendation(incident_id)
    assert made.basis == "area"
    assert made.response.picks
