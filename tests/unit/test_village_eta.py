"""Rules of ranking units when only the village is known, against a plain loop over its pieces of road."""

from __future__ import annotations

import dataclasses
import math
import random
from datetime import timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.screening import Exclusion, ShortfallKind
from dispatch.settings import DispatchSettings
from dispatch.types import Unit, UnitStatus
from dispatch.village_eta import UNREACHED_S, VillageRanking, rank_units_for_village
from gis.errors import InputError
from gis.types import Location
from tests.strategies import KINDS, NOW, fleets

TARGET = Location(lat=-6.76, lon=108.48)
NEVER = math.inf
NO_TURNOUT = DispatchSettings(turnout_s={}, default_turnout_s=0)


def unit(unit_id: str, **changes: object) -> Unit:
    base = Unit(
        unit_id=unit_id,
        kind="ambulance",
        agency="Dinkes",
        status=UnitStatus.AVAILABLE,
        location=TARGET,
        fix_time=NOW - timedelta(seconds=30),
        capabilities=frozenset(),
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def rank(units: list[Unit], seconds: list[list[float]], metres: list[float], **asked: object) -> VillageRanking:
    return rank_units_for_village(
        target=TARGET,
        units=units,
        road_s=np.array(seconds, dtype=float).reshape(len(units), len(metres)),
        length_m=np.array(metres, dtype=float),
        **{"settings": NO_TURNOUT, "now": NOW, **asked},  # type: ignore[arg-type]
    )


def ids(units: tuple[object, ...]) -> list[str]:
    return [one.unit.unit_id for one in units]  # type: ignore[attr-defined]


@st.composite
def villages(draw: st.DrawFn) -> tuple[list[Unit], list[list[float]], list[float]]:
    units = draw(fleets(max_size=5))
    metres = draw(st.lists(st.integers(0, 30).map(lambda tens: tens * 10.0) | st.floats(0, 500), max_size=7))
    seconds = st.sampled_from((NEVER, math.nan, 60.0, 120.0)) | st.floats(0, 5000)
    return units, [[draw(seconds) for _ in metres] for _ in units], metres


def test_the_spread_is_weighted_by_length_of_road() -> None:
    (one,) = rank([unit("A")], [[100, 200, 300, 400]], [500, 100, 300, 100]).ranked
    assert (one.min_s, one.median_s, one.p90_s, one.max_s) == (100, 100, 300, 400)
    assert one.mean_s == (50 + 20 + 90 + 40)
    assert (one.first_share, one.unreachable_share) == (1, 0)


def test_turnout_is_part_of_every_time() -> None:
    (one,) = rank([unit("A")], [[100, 200]], [1, 1], settings=DispatchSettings()).ranked
    assert (one.turnout_s, one.min_s, one.mean_s, one.max_s) == (60, 160, 210, 260)


def test_the_first_unit_has_the_least_mean_not_the_least_median() -> None:
    split_by_a_river = [120.0, 120.0, 2400.0]
    answer = rank([unit("A"), unit("B")], [split_by_a_river, [300, 300, 300]], [100, 100, 180])
    assert ids(answer.ranked) == ["B", "A"]
    assert answer.ranked[1].median_s < answer.ranked[0].median_s
    assert answer.ranked[1].behind_s == pytest.approx((24_000 + 432_000) / 380 - 300, abs=1e-9)


def test_the_share_in_which_a_unit_is_first_goes_by_length_and_ties_to_the_better_rank() -> None:
    answer = rank([unit("A"), unit("B")], [[100, 300, 200], [300, 100, 200]], [500, 300, 200])
    assert [(one.unit.unit_id, one.first_share) for one in answer.ranked] == [("A", 0.7), ("B", 0.3)]


def test_road_that_no_unit_reaches_is_told_and_leaves_the_shares_whole() -> None:
    answer = rank([unit("A"), unit("B")], [[100, 200, NEVER], [200, 100, math.nan]], [100, 200, 100])
    assert answer.unreachable_share == 0.25
    assert sum(one.first_share for one in answer.ranked) == pytest.approx(1)
    assert [one.unreachable_share for one in answer.ranked] == [0.25, 0.25]
    assert all(math.isfinite(one.max_s) for one in answer.ranked)


def test_a_unit_does_not_gain_by_not_reaching_the_far_end() -> None:
    answer = rank([unit("A"), unit("B")], [[100, NEVER], [110, 900]], [100, 100])
    assert ids(answer.ranked) == ["B", "A"]
    assert answer.ranked[1].mean_s == 100
    assert answer.ranked[1].behind_s < 0


def test_road_that_is_not_reached_never_counts_less_than_the_longest_time_of_the_unit() -> None:
    answer = rank([unit("A"), unit("B")], [[9000, NEVER], [9000, 8000]], [100, 100])
    assert ids(answer.ranked) == ["B", "A"]


def test_a_unit_that_reaches_no_road_of_the_village_is_unreachable() -> None:
    answer = rank([unit("A"), unit("B")], [[NEVER, math.nan, 50], [1, 2, 3]], [100, 100, 0])
    assert [(out.unit.unit_id, out.why, out.eta_s) for out in answer.excluded] == [("A", Exclusion.UNREACHABLE, None)]


def test_a_busy_unit_is_never_first_anywhere_and_keeps_its_mean() -> None:
    answer = rank([unit("A", status=UnitStatus.ON_SCENE), unit("B")], [[10, 20], [100, 100]], [100, 300])
    assert [(one.unit.unit_id, one.first_share) for one in answer.ranked] == [("B", 1.0)]
    assert (answer.excluded[0].why, answer.excluded[0].eta_s) == (Exclusion.BUSY, 17.5)


@pytest.mark.parametrize("metres", [[], [0.0, 0.0]])
def test_a_village_without_road_is_an_outcome(metres: list[float]) -> None:
    answer = rank([unit("A")], [[5.0] * len(metres)], metres)
    assert (answer.road_m, answer.unreachable_share, answer.ranked) == (0, 1, ())
    assert answer.shortfalls[0].kind is ShortfallKind.ALL_UNREACHABLE


def test_without_units_there_is_a_shortfall() -> None:
    answer = rank([], [], [100])
    assert answer.shortfalls[0].kind is ShortfallKind.NO_UNITS
    assert answer.unreachable_share == 1


def test_units_beyond_the_number_asked_for_keep_their_share() -> None:
    answer = rank([unit("A"), unit("B")], [[100, 300], [300, 101]], [600, 400], limit=1)
    assert [(one.unit.unit_id, one.first_share) for one in answer.ranked + answer.further] == [("A", 0.6), ("B", 0.4)]


def test_equal_units_stand_in_order_of_straight_distance_then_id() -> None:
    away = Location(lat=TARGET.lat + 0.01, lon=TARGET.lon)
    answer = rank([unit("A", location=away), unit("C"), unit("B")], [[1, 2]] * 3, [5, 5])
    assert ids(answer.ranked) == ["B", "C", "A"]
    assert [one.straight_rank for one in answer.ranked] == [1, 2, 3]
    assert [one.first_share for one in answer.ranked] == [1, 0, 0]


@pytest.mark.parametrize(
    ("seconds", "metres", "says"),
    [([[-1.0]], [1.0], "road time is negative"), ([[1.0]], [-1.0], "length"), ([[1.0]], [math.nan], "length")],
)
def test_negative_or_missing_figures_are_refused(seconds: list[list[float]], metres: list[float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        rank([unit("A")], seconds, metres)


def test_arrays_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 1\) for 1 units and 1 pieces"):
        rank_units_for_village(
            target=TARGET,
            units=[unit("A")],
            road_s=np.zeros((2, 1)),
            length_m=np.ones(1),
            settings=NO_TURNOUT,
            now=NOW,
        )
    with pytest.raises(ValueError, match="exceeds"):
        rank([unit("A")], [[1e9]], [1e9])


def test_a_unit_given_twice_and_a_limit_below_one_are_refused() -> None:
    with pytest.raises(InputError, match="given twice"):
        rank([unit("A"), unit("A")], [[1], [1]], [1])
    with pytest.raises(InputError, match="1 or more"):
        rank([unit("A")], [[1]], [1], limit=0)


def plain_quantile(times: list[tuple[int, int]], share: Fraction) -> int:
    """The least time within which the share of the length is reached; `times` are (ms, mm)."""
    whole = sum(mm for _, mm in times)
    done = 0
    for ms, mm in sorted(times):
        done += mm
        if done >= share * whole:
            return ms
    raise AssertionError("unreachable")


@given(villages())
def test_the_ranking_is_that_of_a_plain_loop(village: tuple[list[Unit], list[list[float]], list[float]]) -> None:
    units, seconds, metres = village
    answer = rank(units, seconds, metres, settings=DispatchSettings())
    turnout_s = {"ambulance": 60, "fire_engine": 80, "boat": 90}
    shown = {one.unit.unit_id: one for one in answer.ranked}
    pieces = {
        one.unit_id: [
            (round((s + turnout_s[one.kind]) * 1000) if math.isfinite(s) else None, round(m * 1000))
            for s, m in zip(row, metres, strict=True)
        ]
        for one, row in zip(units, seconds, strict=True)
    }
    whole = sum(round(m * 1000) for m in metres)
    key: dict[str, Fraction] = {}
    for name, one in shown.items():
        reached = [(ms, mm) for ms, mm in pieces[name] if ms is not None and mm > 0]
        length = sum(mm for _, mm in reached)
        assert one.mean_s == pytest.approx(sum(ms * mm for ms, mm in reached) / length / 1000, abs=1e-6)
        assert one.min_s == min(ms for ms, _ in reached) / 1000
        assert one.max_s == max(ms for ms, _ in reached) / 1000
        assert one.median_s == plain_quantile(reached, Fraction(1, 2)) / 1000
        assert one.p90_s == plain_quantile(reached, Fraction(9, 10)) / 1000
        assert one.unreachable_share == (whole - length) / whole
        charge = max(UNREACHED_S * 1000, one.max_s * 1000)
        key[name] = sum(ms * mm for ms, mm in reached) + (whole - length) * Fraction(round(charge))
    assert [key[one.unit.unit_id] for one in answer.ranked] == sorted(key.values())

    first = dict.fromkeys(shown, 0)
    for piece, m in enumerate(metres):
        there = [(pieces[name][piece][0], one.rank, name) for name, one in shown.items()]
        arrivals = [arrival for arrival in there if arrival[0] is not None]
        if arrivals:
            first[min(arrivals)[2]] += round(m * 1000)  # type: ignore[type-var]
    reached_by_any = sum(first.values())
    if shown:
        assert {name: one.first_share for name, one in shown.items()} == {
            name: length / reached_by_any for name, length in first.items()
        }
        assert sum(one.first_share for one in shown.values()) == pytest.approx(1)
        assert answer.unreachable_share == (whole - reached_by_any) / whole


@given(villages(), st.none() | st.sampled_from(KINDS), st.none() | st.integers(1, 4))
def test_every_unit_appears_exactly_once_and_only_ready_ones_are_ranked(
    village: tuple[list[Unit], list[list[float]], list[float]], kind: str | None, limit: int | None
) -> None:
    units, seconds, metres = village
    answer = rank(units, seconds, metres, kind=kind, limit=limit)
    assert sorted(ids(answer.ranked) + ids(answer.further) + ids(answer.excluded)) == sorted(
        one.unit_id for one in units
    )
    for one in answer.ranked + answer.further:
        assert one.unit.status is UnitStatus.AVAILABLE
        assert kind in (None, one.unit.kind)
        assert one.min_s <= one.median_s <= one.p90_s <= one.max_s
        assert one.min_s - 1e-6 <= one.mean_s <= one.max_s + 1e-6
    assert all(math.isfinite(out.eta_s) for out in answer.excluded if out.eta_s is not None)


@given(villages(), st.randoms(use_true_random=False))
def test_the_order_of_units_and_of_pieces_changes_nothing(
    village: tuple[list[Unit], list[list[float]], list[float]], chance: random.Random
) -> None:
    units, seconds, metres = village
    rows = chance.sample(range(len(units)), len(units))
    columns = chance.sample(range(len(metres)), len(metres))
    assert rank(
        [units[row] for row in rows],
        [[seconds[row][column] for column in columns] for row in rows],
        [metres[column] for column in columns],
    ) == rank(units, seconds, metres)


@given(villages(), st.data())
def test_one_more_unit_never_changes_the_order_of_the_others(
    village: tuple[list[Unit], list[list[float]], list[float]], data: st.DataObject
) -> None:
    units, seconds, metres = village
    extra = [data.draw(st.just(NEVER) | st.floats(0, 5000)) for _ in metres]
    after = rank([*units, unit("Z9")], [*seconds, extra], metres)
    assert [name for name in ids(after.ranked) if name != "Z9"] == ids(rank(units, seconds, metres).ranked)
