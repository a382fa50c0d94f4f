"""Rules of the cost of cover, against every set of busy units counted out."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.strategies  # noqa: F401 (its profile: no test judges by time)
from dispatch.cover import CoverCost, cover_costs, expected_cover

STANDARD_S = 600.0


def costs(times_s: list[list[float]], demand: list[float], *, q: float = 0.5, **changes: object) -> list[CoverCost]:
    count = len(times_s)
    asked: dict[str, object] = {
        "unit_ids": [f"U{row}" for row in range(count)],
        "kinds": ["ambulance"] * count,
        "free": [True] * count,
        "times_s": np.array(times_s, dtype=float).reshape(count, len(demand)),
        "demand": np.array(demand, dtype=float),
        "standard_s": STANDARD_S,
        "busy_fraction": {"ambulance": q, "fire_engine": q},
        **changes,
    }
    return list(cover_costs(**asked))  # type: ignore[arg-type]


def counted_out(times_s: list[list[float]], demand: list[float], q: float) -> float:
    """Expected covered demand, every combination of busy and free units weighed by its probability."""
    expected = 0.0
    for busy in itertools.product([True, False], repeat=len(times_s)):
        probability = math.prod(q if one else 1 - q for one in busy)
        covered = sum(
            people
            for village, people in enumerate(demand)
            if any(not is_busy and row[village] <= STANDARD_S for is_busy, row in zip(busy, times_s, strict=True))
        )
        expected += probability * covered
    return expected


@st.composite
def regions(draw: st.DrawFn) -> tuple[list[list[float]], list[float], float]:
    units, villages = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    seconds = st.sampled_from((0.0, 599.9, 600.0, 600.1, math.inf)) | st.floats(0, 1200)
    return (
        [[draw(seconds) for _ in range(villages)] for _ in range(units)],
        [float(draw(st.integers(0, 5000))) for _ in range(villages)],
        draw(st.sampled_from((0.0, 0.3, 0.5, 0.9))),
    )


@given(regions())
def test_the_cost_is_the_expected_cover_with_the_unit_less_that_without_it(
    region: tuple[list[list[float]], list[float], float],
) -> None:
    times_s, demand, q = region
    for row, one in enumerate(costs(times_s, demand, q=q)):
        without = [other for at, other in enumerate(times_s) if at != row]
        assert one.lost == pytest.approx(
            counted_out(times_s, demand, q) - counted_out(without, demand, q), abs=1e-6, rel=1e-9
        )


@given(regions())
def test_the_expected_cover_is_that_of_counting_all_cases(region: tuple[list[list[float]], list[float], float]) -> None:
    times_s, demand, q = region
    cover = expected_cover(np.array(times_s), np.array(demand), standard_s=STANDARD_S, busy_fraction=q)
    assert cover == pytest.approx(counted_out(times_s, demand, q), abs=1e-6)


def test_the_only_unit_of_a_village_costs_more_than_one_of_two() -> None:
    alone, one, other = costs([[0, 9999], [9999, 0], [9999, 0]], [1000, 1000])
    assert (alone.lost, one.lost, other.lost) == (500, 250, 250)
    assert (alone.alone, one.alone, one.covers) == (1000, 0, 1000)
    assert alone.lost_share == 0.25


def test_units_that_are_not_free_cover_nothing_for_the_others() -> None:
    one, busy = costs([[0], [0]], [1000], free=[True, False])
    assert (one.lost, busy.lost) == (500, 250)


def test_units_of_another_kind_cover_nothing_for_the_others() -> None:
    ambulance, engine = costs([[0], [0]], [1000], kinds=["ambulance", "fire_engine"])
    assert (ambulance.lost, engine.lost) == (500, 500)


def test_a_village_that_no_road_leads_to_is_not_covered() -> None:
    assert [one.lost for one in costs([[math.nan], [math.inf]], [1000])] == [0, 0]


def test_no_demand_and_no_units_are_no_trouble() -> None:
    assert costs([[0]], [0])[0].lost_share == 0
    assert costs([], [1]) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"busy_fraction": {"ambulance": 1.0}},
        {"free": []},
    ],
)
def test_figures_that_mean_nothing_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"demand|times|busy fraction"):
        costs([[0]], [1], **changes)  # type: ignore[arg-type]


def test_times_for_another_number_of_units_are_refused() -> None:
    with pytest.raises(ValueError, match="times"):
        costs([[0], [0]], [1], unit_ids=["A"])


@pytest.mark.parametrize("people", [-1.0, math.nan])
def test_a_village_of_less_than_nobody_is_refused(people: float) -> None:
    with pytest.raises(ValueError, match="demand"):
        costs([[0]], [people])
