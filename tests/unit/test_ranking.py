"""Rules of ranking units for a location."""

from __future__ import annotations

import dataclasses
import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.ranking import EtaPart, Ranking, ReasonKind, rank_units
from dispatch.screening import Exclusion, ShortfallKind
from dispatch.settings import DispatchSettings
from dispatch.types import Unit, UnitStatus
from gis.errors import InputError
from gis.geodesy import distance_m
from gis.types import Location
from routing.types import DrivingTime
from tests.strategies import CAPABILITIES, KINDS, NOW, driving_times, fleets, locations

TARGET = Location(lat=-6.76, lon=108.48)
SETTINGS = DispatchSettings()


def unit(unit_id: str, *, km: float = 1.0, **changes: object) -> Unit:
    """An available ambulance, as many km north of the target, with a fresh fix."""
    base = Unit(
        unit_id=unit_id,
        kind="ambulance",
        agency="Dinkes",
        status=UnitStatus.AVAILABLE,
        location=Location(lat=TARGET.lat + km / 111.195, lon=TARGET.lon),
        fix_time=NOW - timedelta(seconds=30),
        capabilities=frozenset(),
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def time(driving_s: float | None, reach_road_s: float = 0.0, last_metres_s: float = 0.0) -> DrivingTime:
    return DrivingTime(reach_road_s=reach_road_s, driving_s=driving_s, last_metres_s=last_metres_s)


def rank(rows: list[tuple[Unit, DrivingTime]], **asked: object) -> Ranking:
    return rank_units(
        target=TARGET,
        units=[one for one, _ in rows],
        times=[its for _, its in rows],
        settings=SETTINGS,
        now=NOW,
        **asked,  # type: ignore[arg-type]
    )


def ids(units: tuple[object, ...]) -> list[str]:
    return [one.unit.unit_id for one in units]  # type: ignore[attr-defined]


@st.composite
def questions(draw: st.DrawFn) -> dict[str, object]:
    units = draw(fleets())
    return {
        "target": draw(locations()),
        "units": units,
        "times": [draw(driving_times()) for _ in units],
        "settings": SETTINGS,
        "now": NOW,
        "kind": draw(st.none() | st.sampled_from(KINDS)),
        "capabilities": draw(st.frozensets(st.sampled_from(CAPABILITIES))),
        "limit": draw(st.none() | st.integers(1, 9)),
    }


def test_the_first_unit_is_the_one_that_arrives_first_not_the_nearest() -> None:
    answer = rank([(unit("NEAR", km=1), time(600)), (unit("FAR", km=5), time(300))])
    assert ids(answer.ranked) == ["FAR", "NEAR"]
    assert [one.straight_rank for one in answer.ranked] == [2, 1]


def test_an_eta_is_the_sum_of_its_four_parts() -> None:
    (one,) = rank([(unit("A"), time(100, reach_road_s=7, last_metres_s=20))]).ranked
    assert (one.turnout_s, one.reach_road_s, one.driving_s, one.last_metres_s) == (60, 7, 100, 20)
    assert one.eta_s == 187


def test_turnout_can_turn_the_order_round() -> None:
    answer = rank([(unit("FIRE", kind="fire_engine"), time(100)), (unit("AMB"), time(110))])
    assert ids(answer.ranked) == ["AMB", "FIRE"]
    assert answer.ranked[1].reason.cause is EtaPart.TURNOUT


def test_equal_times_go_to_the_nearer_then_to_the_lower_id() -> None:
    rows = [(unit("C", km=1), time(100)), (unit("B", km=2), time(100)), (unit("A", km=2), time(100))]
    answer = rank(rows)
    assert ids(answer.ranked) == ["C", "A", "B"]
    assert [one.reason.kind for one in answer.ranked] == [
        ReasonKind.FIRST_AND_NEAREST,
        ReasonKind.LEVEL,
        ReasonKind.LEVEL,
    ]


def test_times_that_differ_by_less_than_a_millisecond_are_equal() -> None:
    answer = rank([(unit("B", km=2), time(100.0)), (unit("A", km=1), time(100.0002))])
    assert ids(answer.ranked) == ["A", "B"]
    assert answer.ranked[1].behind_s == 0


def test_the_first_names_the_nearer_unit_that_it_beats_and_why() -> None:
    answer = rank([(unit("NEAR", km=1), time(600)), (unit("FAR", km=3), time(300)), (unit("MID", km=2), time(700))])
    first, near, mid = answer.ranked
    assert (first.reason.kind, first.reason.other) == (ReasonKind.FIRST_NOT_NEAREST, "NEAR")
    assert first.reason.difference_s == 300
    assert first.reason.nearer_m == pytest.approx(2000, rel=1e-3)
    assert first.reason.cause is EtaPart.DRIVING
    assert (near.reason.kind, near.reason.other, near.behind_s) == (ReasonKind.NEARER_BUT_LATER, "FAR", 300)
    assert (mid.reason.kind, mid.reason.other) == (ReasonKind.NEARER_BUT_LATER, "FAR")


def test_a_later_and_farther_unit_says_how_much_later() -> None:
    answer = rank([(unit("A", km=1), time(100)), (unit("B", km=2), time(100, reach_road_s=45))])
    assert answer.ranked[0].reason.kind is ReasonKind.FIRST_AND_NEAREST
    assert answer.ranked[1].reason.kind is ReasonKind.LATER
    assert answer.ranked[1].reason.difference_s == 45
    assert answer.ranked[1].reason.cause is EtaPart.REACH_ROAD


def test_a_later_unit_at_the_same_straight_distance_is_not_called_nearer() -> None:
    answer = rank([(unit("A", km=1), time(100)), (unit("B", km=1), time(120))])
    assert answer.ranked[1].reason.kind is ReasonKind.LATER
    assert answer.ranked[1].reason.nearer_m == 0


def test_a_single_unit_is_compared_with_none() -> None:
    reason = rank([(unit("A"), time(100)), (unit("B"), time(None))]).ranked[0].reason
    assert (reason.kind, reason.other, reason.cause) == (ReasonKind.ONLY, None, None)


@pytest.mark.parametrize("status", [status for status in UnitStatus if status is not UnitStatus.AVAILABLE])
def test_only_an_available_unit_is_ranked_and_the_others_keep_their_would_be_eta(status: UnitStatus) -> None:
    answer = rank([(unit("A", status=status), time(100))])
    assert answer.ranked == ()
    (out,) = answer.excluded
    assert out.why is (Exclusion.OUT_OF_SERVICE if status is UnitStatus.OUT_OF_SERVICE else Exclusion.BUSY)
    assert out.eta_s == 160


@pytest.mark.parametrize(
    ("age_s", "why"),
    [(900, None), (900.001, Exclusion.STALE), (-60, None), (-60.001, Exclusion.FIX_IN_FUTURE)],
)
def test_a_fix_is_trusted_up_to_its_limit_and_not_beyond(age_s: float, why: Exclusion | None) -> None:
    answer = rank([(unit("A", fix_time=NOW - timedelta(seconds=age_s)), time(100))])
    if why is None:
        assert answer.ranked[0].fix_age_s == max(0.0, age_s)
    else:
        assert (answer.excluded[0].why, answer.excluded[0].eta_s) == (why, 160)


def test_a_unit_parked_at_its_post_is_ranked_with_its_age_unknown() -> None:
    assert rank([(unit("A", fix_time=None), time(100))]).ranked[0].fix_age_s is None


def test_unreachable_is_an_outcome_without_a_time() -> None:
    answer = rank([(unit("A"), time(None)), (unit("B", status=UnitStatus.ON_SCENE), time(None))])
    assert [(out.unit.unit_id, out.why, out.also, out.eta_s) for out in answer.excluded] == [
        ("A", Exclusion.UNREACHABLE, (), None),
        ("B", Exclusion.BUSY, (Exclusion.UNREACHABLE,), None),
    ]


def test_a_unit_of_another_kind_or_without_a_capability_is_left_out_and_says_so() -> None:
    rows = [
        (unit("A", capabilities=frozenset({"als"})), time(500)),
        (unit("B"), time(100)),
        (unit("C", kind="fire_engine"), time(50)),
    ]
    answer = rank(rows, kind="ambulance", capabilities=frozenset({"als"}))
    assert ids(answer.ranked) == ["A"]
    assert [(out.unit.unit_id, out.why, out.missing_capabilities) for out in answer.excluded] == [
        ("C", Exclusion.WRONG_KIND, ("als",)),
        ("B", Exclusion.MISSING_CAPABILITY, ("als",)),
    ]


def test_what_was_asked_for_stands_first_among_the_excluded() -> None:
    rows = [
        (unit("FIRE", kind="fire_engine"), time(10)),
        (unit("LOST"), time(None)),
        (unit("BUSY", status=UnitStatus.ON_SCENE), time(900)),
    ]
    assert ids(rank(rows, kind="ambulance").excluded) == ["BUSY", "LOST", "FIRE"]


def test_units_beyond_the_number_asked_for_stand_further_down() -> None:
    rows = [(unit(name), time(seconds)) for name, seconds in (("A", 30), ("B", 10), ("C", 20))]
    answer = rank(rows, limit=2)
    assert (ids(answer.ranked), ids(answer.further)) == (["B", "C"], ["A"])
    assert answer.further[0].rank == 3
    assert answer.shortfalls == ()


BUSY = {"status": UnitStatus.ON_SCENE}
OUT = {"status": UnitStatus.OUT_OF_SERVICE}
OLD = {"fix_time": NOW - timedelta(hours=1)}
FIRE = {"kind": "fire_engine"}


@pytest.mark.parametrize(
    ("rows", "asked", "expected"),
    [
        ([], {}, ShortfallKind.NO_UNITS),
        ([(FIRE, 10), ({**FIRE, **BUSY}, 10)], {"kind": "ambulance"}, ShortfallKind.NONE_OF_KIND),
        ([({}, 10), (FIRE, 10)], {"kind": "ambulance", "capabilities": frozenset({"als"})}, ShortfallKind.NONE_CAPABLE),
        ([(BUSY, 10), (FIRE, 10)], {"kind": "ambulance"}, ShortfallKind.ALL_BUSY),
        ([(OUT, 10)], {}, ShortfallKind.ALL_OUT_OF_SERVICE),
        ([(OLD, 10), (OLD, 10)], {}, ShortfallKind.ALL_STALE),
        ([({}, None), ({}, None)], {}, ShortfallKind.ALL_UNREACHABLE),
        ([(BUSY, 10), (OLD, 10), ({}, None)], {}, ShortfallKind.NONE_READY),
        ([({}, 10), (BUSY, 10)], {"limit": 2}, ShortfallKind.FEWER_THAN_ASKED),
    ],
)
def test_a_shortfall_says_what_is_lacking(
    rows: list[tuple[dict[str, object], float | None]], asked: dict[str, object], expected: ShortfallKind
) -> None:
    fleet = [(unit(f"U{number}", **changes), time(seconds)) for number, (changes, seconds) in enumerate(rows)]  # type: ignore[arg-type]
    answer = rank(fleet, **asked)
    (shortfall,) = answer.shortfalls
    assert shortfall.kind is expected
    assert (shortfall.found, shortfall.wanted) == (len(answer.ranked), asked.get("limit", 1))


def test_a_limit_below_one_and_a_unit_given_twice_are_refused() -> None:
    with pytest.raises(InputError, match="1 or more, not 0"):
        rank([], limit=0)
    with pytest.raises(InputError, match="Unit A is given twice"):
        rank([(unit("A"), time(1)), (unit("A"), time(2))])


@pytest.mark.parametrize("seconds", [float("inf"), float("nan")])
def test_a_time_that_is_no_number_never_gets_into_a_ranking(seconds: float) -> None:
    with pytest.raises(ValueError, match="None says unreachable"):
        rank([(unit("A"), time(seconds))])


def test_times_that_do_not_match_the_units_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        rank_units(target=TARGET, units=[unit("A")], times=[], settings=SETTINGS, now=NOW)


@given(questions())
def test_every_unit_appears_exactly_once(question: dict[str, object]) -> None:
    answer = rank_units(**question)  # type: ignore[arg-type]
    shown = ids(answer.ranked) + ids(answer.further) + ids(answer.excluded)
    assert sorted(shown) == sorted(one.unit_id for one in question["units"])  # type: ignore[attr-defined]
    assert [one.rank for one in answer.ranked + answer.further] == list(
        range(1, len(answer.ranked + answer.further) + 1)
    )


@given(questions())
def test_the_ranking_is_that_of_a_plain_loop(question: dict[str, object]) -> None:
    answer = rank_units(**question)  # type: ignore[arg-type]
    units: list[Unit] = question["units"]  # type: ignore[assignment]
    times: list[DrivingTime] = question["times"]  # type: ignore[assignment]
    target: Location = question["target"]  # type: ignore[assignment]
    turnout_s = {"ambulance": 60, "fire_engine": 80, "boat": 90}
    left: list[tuple[int, int, str]] = []
    for one, its in zip(units, times, strict=True):
        age_s = 0.0 if one.fix_time is None else (NOW - one.fix_time).total_seconds()
        if (
            one.status == "available"
            and -60 <= age_s <= 900
            and question["kind"] in (None, one.kind)
            and all(word in one.capabilities for word in question["capabilities"])  # type: ignore[attr-defined]
            and its.driving_s is not None
        ):
            total_s = turnout_s[one.kind] + round(its.reach_road_s + its.driving_s + its.last_metres_s, 3)
            metres = distance_m(one.location.lat, one.location.lon, target.lat, target.lon)
            left.append((round(total_s * 1000), round(float(metres) * 100), one.unit_id))
    assert ids(answer.ranked + answer.further) == [unit_id for _, _, unit_id in sorted(left)]
    by_line = [unit_id for _, unit_id in sorted(((cm, ms, unit_id), unit_id) for ms, cm, unit_id in left)]
    assert {one.unit.unit_id: one.straight_rank for one in answer.ranked + answer.further} == {
        unit_id: place for place, unit_id in enumerate(by_line, start=1)
    }


@given(questions(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(question: dict[str, object], chance: random.Random) -> None:
    rows = list(zip(question["units"], question["times"], strict=True))  # type: ignore[call-overload]
    chance.shuffle(rows)
    shuffled = {**question, "units": [one for one, _ in rows], "times": [its for _, its in rows]}
    assert rank_units(**shuffled) == rank_units(**question)  # type: ignore[arg-type]


@given(questions(), driving_times())
def test_one_more_unit_never_changes_the_order_of_the_others(question: dict[str, object], extra: DrivingTime) -> None:
    before = rank_units(**{**question, "limit": None})  # type: ignore[arg-type]
    larger = {
        **question,
        "limit": None,
        "units": [*question["units"], unit("Z9")],  # type: ignore[misc]
        "times": [*question["times"], extra],  # type: ignore[misc]
    }
    after = rank_units(**larger)  # type: ignore[arg-type]
    assert [name for name in ids(after.ranked) if name != "Z9"] == ids(before.ranked)
    assert [name for name in ids(after.excluded) if name != "Z9"] == ids(before.excluded)


@given(questions())
def test_a_reason_agrees_with_the_figures_beside_it(question: dict[str, object]) -> None:
    answer = rank_units(**question)  # type: ignore[arg-type]
    ranked = {one.unit.unit_id: one for one in answer.ranked + answer.further}
    for one in ranked.values():
        reason = one.reason
        if reason.other is None:
            assert len(ranked) == 1
            continue
        other = ranked[reason.other]
        later, sooner = (other, one) if one.rank == 1 else (one, other)
        assert sooner.rank == 1
        assert reason.difference_s == max(0.0, later.eta_s - sooner.eta_s)
        assert reason.nearer_m == max(0.0, sooner.straight_m - later.straight_m)
        assert (reason.kind is ReasonKind.FIRST_AND_NEAREST) == (one.rank == 1 and one.straight_rank == 1)
        if reason.cause is not None:
            assert getattr(later, f"{reason.cause}_s") > getattr(sooner, f"{reason.cause}_s")
