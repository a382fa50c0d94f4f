"""Rules of timers."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.directory import ResponseStandard
from dispatch.incidents import (
    UNKNOWN_LOCATION,
    Assignment,
    AssignmentEnd,
    Incident,
    IncidentStatus,
    Milestone,
    Moment,
    Severity,
)
from dispatch.settings import DispatchSettings
from dispatch.timers import TimerKind, TimerSettings, default_toml, due, response
from gis.errors import SourceError

NOON = datetime(2026, 8, 3, 5, tzinfo=UTC)
FIRE = ResponseStandard(within_s=900, share=1.0, source="Permendagri 114/2018 pasal 4")


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def incident(status: IncidentStatus = IncidentStatus.DISPATCHED) -> Incident:
    return Incident(
        incident_id="260803-001",
        category="fire",
        severity=Severity.HIGH,
        status=status,
        location=UNKNOWN_LOCATION,
        received_at=NOON,
        status_at=NOON,
    )


def crew(number: int = 1, *, ended: bool = False, **seconds: float) -> Assignment:
    """An assignment with milestones so many seconds after the report."""
    return Assignment(
        assignment_id=f"260803-001.{number}",
        incident_id="260803-001",
        unit_id=f"DAMKAR-0{number}",
        assigned_by="d1",
        milestones={Milestone(name): Moment(server_time=after(value)) for name, value in seconds.items()},
        ended_at=after(2000) if ended else None,
        end=AssignmentEnd.RECALLED if ended else None,
    )


def test_a_fire_is_due_fifteen_minutes_after_its_report_with_its_source() -> None:
    (timer,) = due(incident(IncidentStatus.RECEIVED), FIRE, (), after(60))
    assert (timer.kind, timer.started_at, timer.due_at) == (TimerKind.RESPONSE, NOON, after(900))
    assert (timer.left_s, timer.overdue, timer.source) == (840, False, "Permendagri 114/2018 pasal 4")


def test_what_is_due_is_overdue_only_after_its_time() -> None:
    assert [due(incident(), FIRE, (), after(s))[0].overdue for s in (899, 900, 901)] == [False, False, True]
    assert due(incident(), FIRE, (), after(960))[0].left_s == -60


def test_a_category_without_a_standard_has_no_response_timer() -> None:
    assert due(incident(), None, (), after(5000)) == ()


@pytest.mark.parametrize("status", [IncidentStatus.CLOSED, IncidentStatus.CANCELLED])
def test_a_finished_incident_waits_for_nothing(status: IncidentStatus) -> None:
    assert due(incident(status), FIRE, [crew(dispatched=10)], after(5000)) == ()


def test_the_first_unit_on_scene_ends_the_response_timer_also_when_it_was_recalled() -> None:
    assert due(incident(), FIRE, [crew(dispatched=10, on_scene=600, ended=True)], after(5000)) == ()


def test_a_crew_is_due_to_turn_out_by_its_kind() -> None:
    kinds, settings = {"DAMKAR-01": "fire_engine"}, DispatchSettings(turnout_s={"fire_engine": 80})
    (timer,) = due(incident(), None, [crew(dispatched=100)], after(200), kinds=kinds, dispatch=settings)
    assert (timer.kind, timer.due_at, timer.overdue) == (TimerKind.TURNOUT, after(180), True)
    assert (timer.unit_id, timer.within_s, timer.source) == ("DAMKAR-01", 80, "[dispatch.turnout_s]")


def test_a_crew_on_its_way_is_due_on_scene_by_its_kind_and_zero_runs_no_timer() -> None:
    kinds, moving = {"DAMKAR-01": "fire_engine"}, [crew(dispatched=0, en_route=100)]
    slow, never = TimerSettings(en_route_s={"fire_engine": 300}), TimerSettings(en_route_s={"fire_engine": 0})
    (timer,) = due(incident(), None, moving, after(401), kinds=kinds, timers=slow)
    assert (timer.kind, timer.due_at, timer.overdue) == (TimerKind.EN_ROUTE, after(400), True)
    assert due(incident(), None, moving, after(401), kinds=kinds, timers=never) == ()


def test_a_unit_of_unknown_kind_gets_the_defaults() -> None:
    (timer,) = due(incident(), None, [crew(dispatched=0)], after(1), dispatch=DispatchSettings(default_turnout_s=45))
    assert timer.within_s == 45


def test_a_crew_that_skips_a_report_is_not_waited_for() -> None:
    assert due(incident(), None, [crew(dispatched=0, on_scene=300)], after(5000)) == ()
    assert due(incident(), None, [crew(dispatched=0, en_route=60, transporting=700)], after(5000)) == ()


def test_an_ended_assignment_and_another_incident_are_not_waited_for() -> None:
    assert due(incident(), None, [crew(dispatched=0, ended=True)], after(5000)) == ()
    other = Assignment(assignment_id="x.1", incident_id="x", unit_id="U", assigned_by="d",
                       milestones={Milestone.DISPATCHED: Moment(server_time=NOON)})  # fmt: skip
    assert due(incident(), None, [other], after(5000)) == ()


def test_the_time_that_counts_is_the_corrected_one() -> None:
    moment = Moment(server_time=after(1000), device_time=after(950), corrected_time=after(890))
    one = Assignment(assignment_id="a.1", incident_id="260803-001", unit_id="U", assigned_by="d",
                     milestones={Milestone.ON_SCENE: moment})  # fmt: skip
    found = response(incident(), FIRE, [one])
    assert found is not None and (found.taken_s, found.met) == (890, True)


def test_an_arrival_by_a_slow_clock_is_not_before_the_report() -> None:
    found = response(incident(), FIRE, [crew(dispatched=0, on_scene=-30)])
    assert found is not None and found.taken_s == 0


def test_the_response_is_that_of_the_first_unit_and_is_met_up_to_the_standard() -> None:
    crews = [crew(1, dispatched=0, on_scene=901), crew(2, dispatched=0, on_scene=900)]
    found = response(incident(), FIRE, crews)
    assert found is not None and (found.unit_id, found.taken_s, found.met) == ("DAMKAR-02", 900, True)
    late = response(incident(), FIRE, crews[:1])
    assert late is not None and late.met is False
    unset = response(incident(), None, crews)
    assert unset is not None and unset.met is None
    assert response(incident(), FIRE, [crew(dispatched=0)]) is None


STEPS = ["dispatched", "en_route", "on_scene", "transporting", "at_hospital", "cleared"]


@given(
    crews=st.lists(st.dictionaries(st.sampled_from(STEPS[1:]), st.integers(0, 4000)), max_size=4),
    now=st.integers(0, 6000),
    later=st.integers(0, 6000),
)
def test_each_wait_is_there_at_most_once_and_stays_overdue(crews: list[dict[str, int]], now: int, later: int) -> None:
    sent = [crew(number, dispatched=0, **steps) for number, steps in enumerate(crews, start=1)]
    first, second = due(incident(), FIRE, sent, after(now)), due(incident(), FIRE, sent, after(now + later))
    assert [timer.key for timer in first] == [timer.key for timer in second]
    assert len({timer.key for timer in first}) == len(first)
    assert len([timer for timer in first if timer.unit_id is not None]) <= len(sent)
    for one, same in zip(first, second, strict=True):
        assert one.overdue == (one.left_s < 0) and (not one.overdue or same.overdue)
        assert one.due_at == same.due_at == one.started_at + timedelta(seconds=one.within_s)
    assert (response(incident(), FIRE, sent) is None) == any(t.kind is TimerKind.RESPONSE for t in first)


def test_the_written_timer_settings_are_the_defaults() -> None:
    table = tomllib.loads(default_toml())["timers"]
    assert TimerSettings.from_table(table, source="region.toml") == TimerSettings()


def test_timer_settings_know_the_spellings_of_kinds() -> None:
    read = TimerSettings.from_table({"default_en_route_s": 600, "en_route_s": {"ambulans": 500}}, source="region.toml")
    assert [read.en_route_of(kind) for kind in ("ambulance", "boat", None)] == [500, 600, 600]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"en_rout_s": {}}, "region.toml, [timers]: “en_rout_s” is not a setting here; did you mean en_route_s?"),
        ({"default_en_route_s": -1}, "region.toml, [timers], default_en_route_s: “-1” is not a number from 0"),
        ({"en_route_s": {"boat": True}}, "region.toml, [timers.en_route_s], boat: “True” is not a number"),
        ({"en_route_s": 60}, "region.toml, [timers.en_route_s]: “60” is not a table"),
        ({"en_route_s": {"perahu": 60, "boat": 60}}, "[timers.en_route_s], boat: this kind of unit (boat)"),
        (60, "region.toml, [timers]: “60” is not a table"),
    ],
)
def test_a_wrong_timer_setting_is_refused_with_its_name(table: object, says: str) -> None:
    with pytest.raises(SourceError) as caught:
        TimerSettings.from_table(table, source="region.toml")
    assert says in str(caught.value)
