"""The p-median: sites with the least weighted sum of times to the nearest, by the radius formulation.

See `planning.siting` for the formulation and `planning.median_bounds` for the sites that are left out first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from planning.median_bounds import median_bounds
from planning.programme import SolverStatus, ones_row, solve
from planning.sites import (
    Model,
    Siting,
    SitingProblem,
    answer_of,
    check_p,
    gap_of,
    lower_ends,
    nearest_of,
    no_answer,
    too_few_reason,
    unreached_reason,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def p_median(problem: SitingProblem, p: int, *, time_limit_s: float | None = None) -> Siting:
    """As many sites as asked for, the standing ones among them, with the least weighted sum of times to the nearest.

    Parameters
    ----------
    problem, p, time_limit_s
        As for `mclp`.

    Raises
    ------
    PlanningInputError
        A p that cannot be.
    """
    check_p(problem, p)
    lost = np.flatnonzero((problem.weight > 0) & ~np.isfinite(problem.times_s).any(axis=0))
    if len(lost):
        return no_answer(problem, Model.P_MEDIAN, unreached_reason(problem, lost))
    started = perf_counter()
    if not np.isfinite(problem.times_s[:, problem.weight > 0]).all():
        return _median_by_radii(problem, p, np.arange(problem.site_count), (), time_limit_s, started)
    weighted = problem.times_s[:, problem.weight > 0] * problem.weight[problem.weight > 0]
    bounds = median_bounds(weighted, p, np.asarray(problem.fixed, dtype=np.int64))
    kept = np.flatnonzero(bounds.useful | np.isin(np.arange(problem.site_count), bounds.sites))
    needed = tuple(np.flatnonzero(bounds.needed).tolist())
    return _median_by_radii(problem, p, kept, needed, time_limit_s, started)


def _median_by_radii(
    problem: SitingProblem, p: int, kept: IntArray, needed: Sequence[int], time_limit_s: float | None, started: float
) -> Siting:
    """The p-median over the sites that can be part of the best answer."""
    part = SitingProblem(
        times_s=problem.times_s[kept],
        weight=problem.weight,
        fixed=tuple(np.flatnonzero(np.isin(kept, [*problem.fixed, *needed])).tolist()),
    )
    constant, cost, links, upper = _radius_rows(part, p)
    n, z = part.site_count, len(cost)
    solved = solve(
        cost=np.concatenate([np.zeros(n), cost]),
        rows=[(links[0], links[1], np.inf), (ones_row(n, n + z), float(p), float(p))],
        lower=np.concatenate([lower_ends(part), np.zeros(z)]),
        upper=np.concatenate([np.ones(n), upper]),
        integer=np.concatenate([np.ones(n), np.zeros(z)]),
        time_limit_s=time_limit_s,
    )
    seconds = perf_counter() - started
    if solved.status is SolverStatus.INFEASIBLE:
        return no_answer(problem, Model.P_MEDIAN, too_few_reason(p), seconds=seconds)
    found = answer_of(part, Model.P_MEDIAN, solved, sign=1.0, constant=constant, standard_s=None)
    sites = tuple(int(kept[site]) for site in found.sites)
    nearest = nearest_of(problem, sites)
    if not sites:
        return replace(found, nearest=nearest, covered=nearest >= 0, seconds=seconds)
    # Counted from the sites themselves: the solver's own sum carries its tolerances.
    served = np.flatnonzero(problem.weight > 0)
    objective = float(problem.times_s[nearest[served], served] @ problem.weight[served])
    gap = gap_of(objective, found.bound)
    return replace(
        found, sites=sites, objective=objective, bound=objective if gap == 0 else found.bound, gap=gap,
        nearest=nearest, covered=nearest >= 0, seconds=seconds,
    )  # fmt: skip


def _radius_rows(problem: SitingProblem, p: int) -> tuple[float, FloatArray, tuple[csr_array, FloatArray], FloatArray]:
    """The radius formulation of the p-median.

    Returns
    -------
    constant
        Weighted sum of the least times.
    cost
        (z,) of z_jk.
    links
        The rows z_jk - z_j(k-1) + sum of x_i >= 0 (>= 1 for the first of each demand point) over (x, z), and their
        lower ends.
    upper
        (z,) 0 where everything within reach is closed, which may not be.
    """
    n = problem.site_count
    constant = 0.0
    cost: list[FloatArray] = []
    upper: list[FloatArray] = []
    x_rows: list[IntArray] = []
    x_columns: list[IntArray] = []
    starts: list[int] = []
    total = 0
    for j in np.flatnonzero(problem.weight > 0).tolist():
        column = problem.times_s[:, j]
        radii, level = np.unique(column, return_inverse=True)
        reach = int(np.isfinite(radii).sum())
        radii = radii[:reach]
        # With p sites open, one is always among the n - p + 1 nearest.
        within = np.cumsum(np.bincount(level, minlength=reach)[:reach])
        last = min(int(np.searchsorted(within, n - p + 1)), reach - 1)
        constant += float(problem.weight[j] * radii[0])
        steps = np.zeros(last + 1)
        steps[:last] = problem.weight[j] * np.diff(radii[: last + 1])
        cost.append(steps)
        ceiling = np.ones(last + 1)
        ceiling[last] = 0.0
        upper.append(ceiling)
        sites = np.flatnonzero(level <= last)
        x_rows.append(total + level[sites])
        x_columns.append(sites)
        starts.append(total)
        total += last + 1
    z = np.arange(total)
    first = np.zeros(total, dtype=np.bool_)
    first[starts] = True
    later = z[~first]
    rows = np.concatenate([np.concatenate(x_rows), z, later])
    columns = np.concatenate([np.concatenate(x_columns), n + z, n + later - 1])
    values = np.concatenate([np.ones(sum(len(one) for one in x_rows)), np.ones(total), -np.ones(len(later))])
    links = csr_array((values, (rows, columns)), shape=(total, n + total))
    return constant, np.concatenate(cost), (links, first.astype(np.float64)), np.concatenate(upper)
