"""Published answers of location models, and spopt as the second opinion."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import oracles
from planning.siting import SitingProblem, SolverStatus, lscp, mclp, mexclp, p_center, p_median

RADIUS_M = 5000.0


@pytest.fixture(scope="module")
def san_francisco(shared_data: Path) -> SitingProblem:
    return oracles.san_francisco(shared_data / "oracles")


def test_the_covering_set_of_san_francisco_has_the_published_size(san_francisco):
    found = lscp(san_francisco, RADIUS_M)
    assert (found.objective, found.status, found.gap) == (8, SolverStatus.OPTIMAL, 0)


def test_maximal_cover_of_san_francisco_is_as_published(san_francisco):
    found = [mclp(san_francisco, RADIUS_M, p) for p in range(1, 9)]
    assert [round(one.objective) for one in found] == [448255, 671938, 791499, 875247, 927402, 941462, 950428, 955113]
    assert all(one.gap == 0 for one in found)


def test_the_p_median_of_san_francisco_is_as_published(san_francisco):
    found = p_median(san_francisco, 4)
    assert found.objective == pytest.approx(2848268129.71, abs=0.01)
    assert found.objective / san_francisco.weight.sum() == pytest.approx(2982.127, abs=0.001)
    assert found.gap == 0


def test_the_p_center_of_san_francisco_is_as_published(san_francisco):
    found = p_center(san_francisco, 4)
    assert found.objective == pytest.approx(7403.064, abs=0.001) and found.gap == 0


@pytest.mark.parametrize(
    ("q", "units", "published"), [(0.3, 4, 670543.091), (0.3, 5, 729166.691), (0.5, 4, 542291.375)]
)
def test_the_expected_cover_of_san_francisco_is_as_published(san_francisco, q, units, published):
    found = mexclp(san_francisco, RADIUS_M, units, q)
    assert found.objective == pytest.approx(published, abs=0.001) and found.gap == 0


@pytest.mark.parametrize("name", ["pmed1", "pmed2", pytest.param("pmed11", marks=pytest.mark.slow)])
def test_the_p_median_of_the_or_library_is_as_published(shared_data, name):
    problem, p, published = oracles.or_library(shared_data / "oracles" / "pmed", name)
    found = p_median(problem, p)
    assert (found.objective, found.status, found.gap) == (published, SolverStatus.OPTIMAL, 0)


def test_spopt_finds_the_same(san_francisco):
    """An independent formulation, through PuLP and HiGHS."""
    pulp = pytest.importorskip("pulp")
    locate = pytest.importorskip("spopt.locate")
    solver = pulp.HiGHS(msg=False)
    cost, weight = san_francisco.times_s.T, san_francisco.weight
    theirs = locate.LSCP.from_cost_matrix(cost, RADIUS_M).solve(solver).problem.objective.value()
    assert lscp(san_francisco, RADIUS_M).objective == theirs
    theirs = locate.MCLP.from_cost_matrix(cost, weight, RADIUS_M, 3).solve(solver).problem.objective.value()
    assert mclp(san_francisco, RADIUS_M, 3).objective == pytest.approx(theirs)
    # Their p-median and p-center have a row per pair: a part of the town does.
    near = SitingProblem(times_s=san_francisco.times_s[:, :40], weight=weight[:40])
    theirs = locate.PMedian.from_cost_matrix(cost[:40], weight[:40], 5).solve(solver).problem.objective.value()
    assert p_median(near, 5).objective == pytest.approx(theirs)
    theirs = locate.PCenter.from_cost_matrix(cost[:40], 3).solve(solver).problem.objective.value()
    assert p_center(near, 3).objective == pytest.approx(theirs)
