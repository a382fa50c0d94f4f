"""Location models: equal to trying every choice of sites, and honest about what was proven."""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.errors import PlanningInputError
from planning.siting import Model, SitingProblem, SolverStatus, lscp, mclp, mexclp, p_center, p_median

TIMES = np.array([[0.0, 300.0, 900.0], [300.0, 0.0, 600.0], [900.0, 600.0, 0.0]])


@st.composite
def problems(draw: st.DrawFn, *, holes: bool = True) -> tuple[SitingProblem, float, int]:
    """A small problem, a standard and a number of sites."""
    n, m = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    cell = st.integers(0, 12).map(lambda value: value * 100.0)
    if holes:
        cell = st.one_of(cell, cell, cell, st.just(float("inf")))
    times = np.array(draw(st.lists(st.lists(cell, min_size=m, max_size=m), min_size=n, max_size=n)))
    weight = np.array(draw(st.lists(st.integers(0, 9), min_size=m, max_size=m)), dtype=np.float64)
    weight[draw(st.integers(0, m - 1))] += 1
    fixed = tuple(sorted(draw(st.sets(st.integers(0, n - 1), max_size=1))))
    p = draw(st.integers(max(1, len(fixed)), n))
    return SitingProblem(times_s=times, weight=weight, fixed=fixed), draw(st.integers(1, 12)) * 100.0, p


def choices(problem: SitingProblem, p: int) -> list[tuple[int, ...]]:
    return [one for one in combinations(range(problem.site_count), p) if set(problem.fixed) <= set(one)]


def least(problem: SitingProblem, sites: tuple[int, ...]) -> np.ndarray:
    return problem.times_s[list(sites)].min(axis=0)


@given(problems())
def test_a_covering_set_is_as_small_as_any(drawn):
    problem, standard_s, _ = drawn
    wanted = problem.weight > 0
    sizes = [
        size
        for size in range(1, problem.site_count + 1)
        for sites in choices(problem, size)
        if (least(problem, sites)[wanted] <= standard_s).all()
    ]
    found = lscp(problem, standard_s)
    if not sizes:
        assert found.status is SolverStatus.INFEASIBLE and found.reason is not None
        return
    assert (found.status, found.gap, found.objective) == (SolverStatus.OPTIMAL, 0.0, min(sizes))
    assert found.covered[wanted].all() and set(problem.fixed) <= set(found.sites)


@given(problems())
def test_no_choice_of_sites_covers_more_people(drawn):
    problem, standard_s, p = drawn
    best = max(problem.weight[least(problem, sites) <= standard_s].sum() for sites in choices(problem, p))
    found = mclp(problem, standard_s, p)
    assert found.status is SolverStatus.OPTIMAL and found.gap == 0
    assert found.objective == pytest.approx(best) == problem.weight[found.covered].sum()
    assert len(found.sites) == p and set(problem.fixed) <= set(found.sites)


@given(problems())
def test_no_choice_of_sites_is_nearer_to_the_people(drawn):
    problem, _, p = drawn
    served = problem.weight > 0
    best = min(problem.weight[served] @ least(problem, sites)[served] for sites in choices(problem, p))
    found = p_median(problem, p)
    if not np.isfinite(best):
        assert found.status is SolverStatus.INFEASIBLE and found.reason is not None
        return
    assert found.status is SolverStatus.OPTIMAL and found.gap == 0
    assert found.objective == pytest.approx(best)
    assert len(found.sites) == p and set(problem.fixed) <= set(found.sites)


@given(problems())
def test_no_choice_of_sites_has_a_shorter_longest_time(drawn):
    problem, _, p = drawn
    served = problem.weight > 0
    best = min(least(problem, sites)[served].max() for sites in choices(problem, p))
    found = p_center(problem, p)
    if not np.isfinite(best):
        assert found.status is SolverStatus.INFEASIBLE and found.reason is not None
        return
    assert found.status is SolverStatus.OPTIMAL and found.gap == 0 and found.objective == best
    assert least(problem, found.sites)[served].max() == best
    assert len(found.sites) == p and set(problem.fixed) <= set(found.sites)


@settings(max_examples=60)
@given(problems(), st.integers(1, 4), st.sampled_from([0.0, 0.3, 0.5]))
def test_no_placing_of_units_is_expected_to_cover_more(drawn, units, q):
    problem, standard_s, _ = drawn
    units = max(units, len(problem.fixed))
    covers = problem.times_s <= standard_s
    best = max(
        float(problem.weight @ (1 - q ** covers[list(sites)].sum(axis=0)))
        for sites in combinations_with_replacement(range(problem.site_count), units)
        if set(problem.fixed) <= set(sites)
    )
    found = mexclp(problem, standard_s, units, q)
    assert found.status is SolverStatus.OPTIMAL and len(found.sites) == units
    assert found.objective == pytest.approx(best)


def test_a_standing_post_is_kept_though_another_would_be_better():
    problem = SitingProblem(times_s=TIMES, weight=np.array([1.0, 1.0, 50.0]), fixed=(0,))
    assert p_median(problem, 1).sites == (0,)
    assert p_median(SitingProblem(times_s=TIMES, weight=problem.weight), 1).sites == (2,)


def test_a_village_too_far_from_every_site_is_named():
    problem = SitingProblem(
        times_s=TIMES[:2], weight=np.ones(3), site_names=("A", "B"), demand_names=("Weru", "Plumbon", "Sumber")
    )
    found = lscp(problem, 500)
    assert found.status is SolverStatus.INFEASIBLE and found.model is Model.LSCP
    assert "Sumber" in str(found.reason) and "500 seconds" in str(found.reason)


def test_a_time_limit_is_told_and_never_taken_for_a_proof():
    rng = np.random.default_rng(3)
    problem = SitingProblem(times_s=rng.integers(1, 1000, (150, 150)).astype(float), weight=np.ones(150))
    found = mclp(problem, 20, 30, time_limit_s=0.001)
    assert found.status in (SolverStatus.UNSOLVED, SolverStatus.FEASIBLE, SolverStatus.OPTIMAL)
    assert found.status is not SolverStatus.UNSOLVED or (found.sites == () and found.reason is not None)
    assert found.status is not SolverStatus.FEASIBLE or found.gap > 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"times_s": np.zeros((0, 3))}, "no candidate sites"),
        ({"weight": np.zeros(3)}, "No demand point has any people"),
        ({"weight": np.array([1.0, -1.0, 1.0])}, "negative"),
        ({"weight": np.ones(2)}, "shape"),
        ({"times_s": -TIMES}, "negative"),
        ({"fixed": (0, 0)}, "twice"),
        ({"fixed": (7,)}, "not there"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_a_sentence(change, said):
    with pytest.raises(PlanningInputError, match=said):
        SitingProblem(**({"times_s": TIMES, "weight": np.ones(3)} | change))


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda problem: lscp(problem, 0), "more than 0"),
        (lambda problem: mclp(problem, 600, 4), "only 3 candidates"),
        (lambda problem: p_median(problem, 0), "at least 1"),
        (lambda problem: mexclp(problem, 600, 2, 1.0), "busy fraction"),
        (lambda problem: mexclp(problem, 600, 7, 0.3, most_per_site=2), "cannot be placed"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_in_a_sentence(ask, said):
    with pytest.raises(PlanningInputError, match=said):
        ask(SitingProblem(times_s=TIMES, weight=np.ones(3)))
