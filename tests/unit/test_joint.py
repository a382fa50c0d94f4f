"""Rules of serving several incidents at once, against every assignment tried."""

from __future__ import annotations

import dataclasses
import itertools
import json
from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from dispatch.incidents import IncidentStatus, Severity, UnitState
from dispatch.joint import SOLVER, JointAssignment, JointMatrix, Option, SolverStatus, assign_jointly
from dispatch.recommendation import Recommendation
from dispatch.types import UnitStatus
from tests.recommendations import INCIDENT, ask, need, requirements, state, states
from tests.strategies import NOW

Row = tuple[UnitState, list[float | None]]


def waiting(number: int, severity: Severity = Severity.HIGH, age_s: float = 60, **changes: Any) -> Any:
    return dataclasses.replace(
        INCIDENT,
        incident_id=f"260131-{number:03}",
        severity=severity,
        status=IncidentStatus.RECEIVED,
        received_at=NOW - timedelta(seconds=age_s),
        **changes,
    )


def two(
    rows: list[Row], severities: tuple[Severity, Severity] = (Severity.HIGH, Severity.HIGH), number: int = 1
) -> JointAssignment:
    """Two incidents, the first the older, each asking for ambulances; per unit its seconds on the road to both."""
    return assign_jointly(
        [
            ask([(one, s[at]) for one, s in rows], need(number=number), incident=waiting(at, severity, 100 - at))
            for at, severity in enumerate(severities)
        ]
    )


def sent(option: Option) -> list[list[str]]:
    return [[pick.unit_id for pick in one.response.picks] for one in option.outcomes]


def test_the_older_incident_does_not_take_the_only_unit_that_is_near_the_other() -> None:
    both = two([(state("A"), [100, 120]), (state("B"), [160, 1000])])
    assert sent(both.first_come) == [["A"], ["B"]]
    assert sent(both.joint) == [["B"], ["A"]]
    assert [one.later_s for one in both.joint.outcomes] == [60, 0]
    assert [one.later_s for one in both.first_come.outcomes] == [0, 880]
    assert (both.status, both.solver, both.same) == (SolverStatus.OPTIMAL, SOLVER, False)
    assert both.joint.weighted_total_s == 3 * (220 + 180)
    assert both.first_come.weighted_total_s == 3 * (160 + 1060)


def test_the_graver_incident_gets_the_only_unit_though_it_is_farther_and_came_later() -> None:
    both = two([(state("A"), [10, 3000])], (Severity.LOW, Severity.CRITICAL))
    assert sent(both.joint) == [[], ["A"]]
    assert sent(both.first_come) == [["A"], []]
    assert (both.status, both.joint.weighted_lacking, both.first_come.weighted_lacking) == (SolverStatus.PARTIAL, 1, 4)
    lost = both.joint.outcomes[0]
    assert (lost.fewer, lost.later_s, lost.last_later_s) == (1, None, None)


def test_severity_weighs_the_seconds() -> None:
    rows: list[Row] = [(state("A"), [100, 100]), (state("B"), [300, 250])]
    assert sent(two(rows, (Severity.HIGH, Severity.HIGH)).joint) == [["A"], ["B"]]
    assert sent(two(rows, (Severity.LOW, Severity.CRITICAL)).joint) == [["B"], ["A"]]


def test_an_incident_that_needs_several_units_is_expanded_into_slots() -> None:
    rows: list[Row] = [(state(name), [at * 100.0, at * 90.0]) for at, name in enumerate("ABCD", start=1)]
    both = two(rows, number=2)
    assert [len(ids) for ids in sent(both.joint)] == [2, 2]
    assert [(slot.incident_id, slot.number) for slot in both.matrix.slots] == [
        ("260131-000", 0),
        ("260131-000", 1),
        ("260131-001", 0),
        ("260131-001", 1),
    ]


def test_a_unit_that_cannot_fill_a_slot_is_an_empty_cell_and_never_an_infinity() -> None:
    both = two([(state("A"), [100, None]), (state("B"), [None, None])])
    assert both.matrix.arrival_ms == ((160_000,), (None,))
    assert both.matrix.unit_ids == ("A",)
    kept = TypeAdapter(JointAssignment).dump_python(both, mode="json")
    assert TypeAdapter(JointAssignment).validate_json(json.dumps(kept, allow_nan=False)) == both


def test_units_that_are_not_free_are_counted_on_only_where_no_other_is_left() -> None:
    soon = state("SOON", status=UnitStatus.AT_HOSPITAL, free_at=NOW + timedelta(seconds=60))
    both = two([(soon, [10, 10]), (state("A"), [900, 900]), (state("B"), [800, 900])])
    assert (sorted(chain(*sent(both.joint))), both.joint.waiting) == (["A", "B"], 0)
    short = two([(soon, [10, 10]), (state("A"), [900, 900])])
    assert (sorted(chain(*sent(short.joint))), short.joint.waiting) == (["A", "SOON"], 1)


def test_nothing_waiting_is_an_answer() -> None:
    empty = assign_jointly([])
    assert (empty.status, empty.made_at, empty.same) == (SolverStatus.EMPTY, None, True)
    assert empty.matrix == JointMatrix(slots=(), unit_ids=(), arrival_ms=())


def test_incidents_given_twice_or_of_different_moments_are_refused() -> None:
    one = ask([], need(), incident=waiting(1))
    with pytest.raises(ValueError, match="twice"):
        assign_jointly([one, one])
    with pytest.raises(ValueError, match="moments"):
        assign_jointly([one, ask([], need(), incident=waiting(2), now=NOW + timedelta(seconds=1))])


@st.composite
def days(draw: st.DrawFn) -> list[Recommendation]:
    """Up to three incidents waiting for the same units; at most five slots."""
    units = draw(states(max_size=5))
    seconds = st.none() | st.sampled_from((0.0, 60.0, 61.0)) | st.integers(0, 5_000_000).map(lambda ms: ms / 1000)
    recommendations = []
    for number in range(draw(st.integers(1, 3))):
        incident = waiting(number, draw(st.sampled_from(Severity)), draw(st.integers(0, 3)))
        asked = draw(requirements())
        recommendations.append(ask([(one, draw(seconds)) for one in units], *asked[:1], incident=incident))
    return recommendations


Worth = tuple[int, int, int]


def worth(pairs: list[tuple[int, float, bool] | None], weights: list[int]) -> Worth:
    """Severity left open, units not free, weighted milliseconds."""
    filled = [(weight, one) for weight, one in zip(weights, pairs, strict=True) if one is not None]
    return (
        sum(weight for weight, one in zip(weights, pairs, strict=True) if one is None),
        sum(not one[2] for _, one in filled),
        sum(weight * round(one[1] * 1000) for weight, one in filled),
    )


def least_worth(recommendations: list[Recommendation]) -> Worth:
    slots = [
        (one.severity.weight, {c.unit.unit_id: c for c in answer.candidates})
        for one in recommendations
        for answer in one.answers
        for _ in range(answer.requirement.number)
    ]
    ids = sorted({unit_id for _, units in slots for unit_id in units})
    found = []
    for chosen in itertools.product([None, *ids], repeat=len(slots)):
        some = [one for one in chosen if one is not None]
        if len(set(some)) < len(some):
            continue
        if any(one is not None and one not in units for one, (_, units) in zip(chosen, slots, strict=True)):
            continue
        pairs = [
            None if one is None else (0, units[one].arrival_s, units[one].availability.is_now)
            for one, (_, units) in zip(chosen, slots, strict=True)
        ]
        found.append(worth(pairs, [weight for weight, _ in slots]))
    return min(found)


def worth_of(option: Option) -> Worth:
    return option.weighted_lacking, option.waiting, round(option.weighted_total_s * 1000)


@given(days())
def test_no_joint_assignment_is_better_and_first_come_first_served_never_is(
    recommendations: list[Recommendation],
) -> None:
    both = assign_jointly(recommendations)
    assert worth_of(both.joint) == least_worth(recommendations)
    assert worth_of(both.joint) <= worth_of(both.first_come)
    for option in (both.joint, both.first_come):
        ids = list(chain(*sent(option)))
        assert len(set(ids)) == len(ids)


@given(days())
def test_the_oldest_incident_gets_its_own_best_when_first_come_is_first_served(
    recommendations: list[Recommendation],
) -> None:
    outcomes = assign_jointly(recommendations).first_come.outcomes
    oldest = min(outcomes, key=lambda one: (one.received_at, one.incident_id))
    assert oldest.response == oldest.own


@given(days())
def test_an_incident_alone_is_served_alike_in_number_and_never_later_in_sum(
    recommendations: list[Recommendation],
) -> None:
    (one,) = assign_jointly(recommendations[:1]).joint.outcomes
    assert one.fewer == 0
    assert one.later_s is None or one.later_s <= 0


def test_a_flood_of_incidents_is_still_solved_exactly() -> None:
    units = [state(f"U{number:03}") for number in range(60)]
    recommendations = [
        ask(
            [(one, float((at * 37 + row * 61) % 6000)) for row, one in enumerate(units)],
            need(number=2),
            incident=waiting(at, tuple(Severity)[at % 4], age_s=at),
        )
        for at in range(40)
    ]
    both = assign_jointly(recommendations)
    assert both.status is SolverStatus.PARTIAL
    # 60 units for 80 slots: the 20 left open are all of low severity, which 20 slots are.
    assert both.joint.weighted_lacking == 20
    assert worth_of(both.joint) < worth_of(both.first_come)
