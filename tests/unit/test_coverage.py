"""Coverage in people: equal to counting person by person."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.comparison import compare, next_posts
from planning.coverage import AreaCoverage, Coverage, Standard, coverage, weighted_quantile
from planning.demand import Area, Demand
from planning.errors import PlanningInputError

REGION = Area(code="32.09", name="Cirebon", parent_code="32")
KECAMATAN = (
    Area(code="32.09.01", name="Waled", parent_code="32.09"),
    Area(code="32.09.02", name="Ciledug", parent_code="32.09"),
)
VILLAGES = (
    Area(code="32.09.01.2001", name="A", parent_code="32.09.01"),
    Area(code="32.09.01.2002", name="B", parent_code="32.09.01"),
    Area(code="32.09.02.2001", name="C", parent_code="32.09.02"),
)
FIRE = Standard(kinds=("fire_engine",), within_s=900.0, share=0.9)


@st.composite
def plans(draw: st.DrawFn) -> tuple[np.ndarray, Demand]:
    """Whole people on whole pieces of road, and times of some sites to them."""
    pieces = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=8))
    village = np.array([one for one, _ in pieces])
    people = np.array([many for _, many in pieces], dtype=np.float64)
    people[0] += 1
    second = st.one_of(st.integers(0, 20).map(lambda value: value * 100.0), st.just(math.inf), st.just(math.nan))
    n = draw(st.integers(1, 4))
    times = np.array(
        draw(st.lists(st.lists(second, min_size=len(pieces), max_size=len(pieces)), min_size=n, max_size=n))
    )
    by_village = np.bincount(village, weights=people, minlength=3)
    return times, Demand(villages=VILLAGES, people=by_village, piece_village=village, piece_people=people)


def measured(times: np.ndarray, demand: Demand, standard: Standard = FIRE) -> Coverage:
    return coverage(times, demand, standard, region=REGION, kecamatan=KECAMATAN)


def plainly(times: np.ndarray, demand: Demand, villages: set[int]) -> tuple[float, ...]:
    """Person by person: people, within, covered twice, unreached, mean, median, nine tenths, worst."""
    persons: list[float] = []
    twice = 0
    for piece, (village, people) in enumerate(zip(demand.piece_village, demand.piece_people, strict=True)):
        if village in villages:
            known = sorted(t if math.isfinite(t) else math.inf for t in times[:, piece])
            persons += [known[0]] * int(people)
            twice += int(people) * (len(known) > 1 and known[1] <= FIRE.within_s)
    persons.sort()
    reached = [one for one in persons if math.isfinite(one)]
    pick = lambda share: persons[max(math.ceil(share * len(persons) - 1e-9), 1) - 1] if persons else math.nan  # noqa: E731
    return (
        float(len(persons)),
        float(sum(one <= FIRE.within_s for one in persons)),
        float(twice),
        float(len(persons) - len(reached)),
        sum(reached) / len(reached) if reached else math.nan,
        pick(0.5),
        pick(0.9),
        reached[-1] if reached else math.nan,
    )


def told(area: AreaCoverage) -> tuple[float, ...]:
    return (area.people, area.within, area.second, area.unreached, area.mean_s, area.median_s, area.p90_s, area.worst_s)


@given(plans())
def test_every_figure_equals_counting_person_by_person(drawn):
    times, demand = drawn
    found = measured(times, demand)
    assert told(found.region) == pytest.approx(plainly(times, demand, {0, 1, 2}), nan_ok=True)
    for number, village in enumerate(found.villages):
        assert told(village) == pytest.approx(plainly(times, demand, {number}), nan_ok=True)
    assert told(found.kecamatan[0]) == pytest.approx(plainly(times, demand, {0, 1}), nan_ok=True)
    assert told(found.kecamatan[1]) == pytest.approx(plainly(times, demand, {2}), nan_ok=True)


@given(plans())
def test_one_more_station_never_covers_fewer_people(drawn):
    times, demand = drawn
    fewer, more = measured(times[:1], demand), measured(times, demand)
    change = compare(fewer, more)
    assert change.region.gained >= 0
    assert all(one.gained >= 0 for one in (*change.kecamatan, *change.villages))
    assert sum(one.gained for one in change.villages) == pytest.approx(change.region.gained)


@given(plans())
def test_gaps_are_all_villages_with_people_outside_the_standard_worst_first(drawn):
    gaps = measured(*drawn).gaps()
    assert [one.uncovered for one in gaps] == sorted((one.uncovered for one in gaps), reverse=True)
    assert sum(one.uncovered for one in gaps) == pytest.approx(measured(*drawn).region.uncovered)


@given(plans(), st.floats(0.01, 1.0))
def test_a_quantile_is_the_least_value_that_reaches_its_share(drawn, share):
    times, demand = drawn
    values = np.where(np.isfinite(times[0]), times[0], np.inf)
    weight = demand.piece_people
    found = weighted_quantile(values, weight, share)
    assert weight[values <= found].sum() >= share * weight.sum() * (1 - 1e-9)
    assert weight[values < found].sum() < share * weight.sum()


def test_people_without_any_road_are_counted_and_never_reached():
    demand = Demand.spread(
        villages=VILLAGES, people=np.array([100.0, 50.0, np.nan]), piece_village=np.array([0, 0, -1]),
        piece_length_m=np.array([30.0, 10.0, 99.0]), populated=np.array([True, True, True]),
    )  # fmt: skip
    assert demand.piece_people.tolist() == [75.0, 25.0]
    assert [one.name for one in demand.unserved] == ["B"] and [one.name for one in demand.uncounted] == ["C"]
    found = measured(np.array([[100.0, 1000.0]]), demand)
    assert (found.region.people, found.region.within, found.region.unreached) == (150.0, 75.0, 50.0)
    assert math.isinf(found.region.p90_s) and found.villages[1].unreached == 50.0


def test_nobody_lives_on_a_motorway_unless_there_is_no_other_road():
    demand = Demand.spread(
        villages=VILLAGES, people=np.array([10.0, 20.0, 30.0]), piece_village=np.array([0, 0, 1, 2]),
        piece_length_m=np.array([500.0, 100.0, 100.0, 100.0]), populated=np.array([False, True, False, True]),
    )  # fmt: skip
    assert demand.piece_village.tolist() == [0, 1, 2] and demand.piece_people.tolist() == [10.0, 20.0, 30.0]


@given(plans(), st.data())
def test_the_next_post_of_an_area_is_its_best_candidate(drawn, data):
    times, demand = drawn
    existing = np.where(np.isfinite(times[0]), times[0], np.inf)
    codes = [data.draw(st.sampled_from([one.code for one in KECAMATAN])) for _ in times]
    found = next_posts(existing, times, codes, demand, FIRE.within_s, areas=KECAMATAN)
    before = measured(existing[None, :], demand).region.within
    for post in found:
        own = [number for number, code in enumerate(codes) if code == post.area.code]
        gains = [measured(np.stack([existing, times[number]]), demand).region.within - before for number in own]
        assert post.candidates == len(own) and post.gained == pytest.approx(max(gains))
        assert gains[own.index(post.site)] == pytest.approx(max(gains))
    assert {post.area.code for post in found} == set(codes)


def spread(people, length_m=1.0):
    return Demand.spread(
        villages=VILLAGES, people=people, piece_village=np.array([0]), piece_length_m=np.array([length_m]),
        populated=np.ones(1, dtype=bool),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: Standard(kinds=("ambulance",), within_s=0), "more than 0"),
        (lambda: Standard(kinds=("ambulance",), within_s=600, share=0), "above 0"),
        (lambda: measured(np.zeros((0, 3)), Demand.points(VILLAGES, np.ones(3))), "No station"),
        (lambda: measured(np.zeros((1, 2)), Demand.points(VILLAGES, np.ones(3))), "shape"),
        (lambda: measured(np.full((1, 3), -1.0), Demand.points(VILLAGES, np.ones(3))), "negative"),
        (lambda: spread(people=np.zeros(3)), "No village has any people"),
        (lambda: spread(people=np.array([1.0, np.inf, 1.0])), "without end"),
        (lambda: spread(people=np.ones(3), length_m=np.inf), "without end"),
        (lambda: spread(people=np.ones(3), length_m=np.nan), "without end"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused_in_a_sentence(act, said):
    with pytest.raises(PlanningInputError, match=said):
        act()


def test_plans_by_different_standards_are_not_compared():
    demand = Demand.points(VILLAGES, np.ones(3))
    times = np.full((1, 3), 100.0)
    with pytest.raises(PlanningInputError, match="different standards"):
        compare(measured(times, demand), measured(times, demand, Standard(kinds=("ambulance",), within_s=600)))
