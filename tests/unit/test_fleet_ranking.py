"""The ranking of a fleet in arrays is that of `rank_units`, unit by unit and reason by reason."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.fleet_ranking import FirstUnits, FleetColumns, rank_fleet
from dispatch.ranking import rank_units
from dispatch.types import Unit
from gis.errors import InputError
from routing.types import DrivingTime
from tests.unit.test_ranking import NOW, SETTINGS, TARGET, questions, time, unit


def ranked(question: dict[str, object], most_ranked: int | None = None, most_excluded: int | None = None) -> FirstUnits:
    """The same question, in arrays."""
    units: list[Unit] = question["units"]  # type: ignore[assignment]
    times: list[DrivingTime] = question["times"]  # type: ignore[assignment]
    return rank_fleet(
        **{name: value for name, value in question.items() if name not in ("units", "times")},  # type: ignore[arg-type]
        fleet=FleetColumns.of(units, SETTINGS),
        reach_road_s=np.array([one.reach_road_s for one in times], dtype=np.float64),
        driving_s=np.array([math.inf if one.driving_s is None else one.driving_s for one in times], dtype=np.float64),
        last_s=np.array([one.last_metres_s for one in times], dtype=np.float64),
        most_ranked=most_ranked,
        most_excluded=most_excluded,
    )


@given(questions(), st.none() | st.integers(1, 3), st.none() | st.integers(0, 3))
def test_a_fleet_is_ranked_in_arrays_as_unit_by_unit(
    question: dict[str, object], most_ranked: int | None, most_excluded: int | None
) -> None:
    plain, quick = rank_units(**question), ranked(question, most_ranked, most_excluded)  # type: ignore[arg-type]
    assert quick.ranked == plain.ranked[:most_ranked]
    assert quick.further == len(plain.further) + len(plain.ranked) - len(quick.ranked)
    assert quick.excluded == plain.excluded[:most_excluded]
    assert quick.excluded_further == len(plain.excluded) - len(quick.excluded)
    assert quick.shortfalls == plain.shortfalls


def test_times_that_are_no_numbers_or_too_few_are_refused() -> None:
    question = {"target": TARGET, "settings": SETTINGS, "now": NOW, "units": [unit("A")]}
    with pytest.raises(ValueError, match="not a number"):
        ranked({**question, "times": [time(math.nan)]})
    with pytest.raises(ValueError, match="2 times for 1 units"):
        ranked({**question, "times": [time(1), time(1)]})


def test_a_fleet_that_names_a_unit_twice_is_refused() -> None:
    with pytest.raises(InputError, match="given twice"):
        FleetColumns.of([unit("A"), unit("A")], SETTINGS)
