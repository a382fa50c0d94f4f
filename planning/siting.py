"""Where posts should stand: five location models, solved to proven optimality.

Every model takes a matrix of times (or of any other cost) from sites to demand points, never a graph, and answers with
the chosen sites, the objective, the best bound that the solver proved and the gap between the two. HiGHS solves the
integer programmes (through `scipy.optimize.milp`); a gap of 0 with the status `OPTIMAL` is a certificate.

Formulations (sites i, demand points j with weight w_j, times t_ij, standard T; x_i = 1 where a site is opened):

- *LSCP*, the location set covering problem (Toregas, Swain, ReVelle and Bergman 1971, Operations Research 19): the
  fewest sites such that every demand point has one within T.  min sum x_i,  sum over {i: t_ij <= T} x_i >= 1 for all j.
- *MCLP*, the maximal covering location problem (Church and ReVelle 1974, Papers of the Regional Science Association
  32): p sites that cover the most weight.  max sum w_j y_j,  y_j <= sum over {i: t_ij <= T} x_i,  sum x_i = p.
- *p-median* (Hakimi 1964, Operations Research 12): p sites with the least weighted sum of times to the nearest. Solved
  in the radius formulation (Cornuejols, Nemhauser and Wolsey 1980; Garcia, Labbe and Marin 2011, INFORMS Journal on
  Computing 23): with the distinct times D_j1 < D_j2 < … of a demand point and z_jk = 1 where no opened site is within
  D_jk, its cost is D_j1 + sum over k (D_j(k+1) - D_jk) z_jk, and z_jk + sum over {i: t_ij = D_jk} x_i >= z_j(k-1).
  It has a row per demand point and distinct time in place of one per pair, and its relaxation is as tight. Sites that
  bounds show to be of no use (`planning.median_bounds`) are left out first.
- *p-center* (Hakimi 1964): p sites with the least longest time. The answer is one of the matrix's entries, so a binary
  search over them asks the set covering problem whether p sites suffice; the last refusal is the certificate.
- *MEXCLP*, the maximum expected covering location problem (Daskin 1983, Transportation Science 17): p units, several at
  a site if need be, each busy a share q of the time.  max sum over j, k of w_j (1 - q) q^(k-1) y_jk,
  sum over k of y_jk <= sum over {i: t_ij <= T} x_i,  x_i whole. The marginals fall with k, so y needs no integrality.
"""

from __future__ import annotations

from time import perf_counter
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array, hstack

from gis.errors import N_
from planning.errors import PlanningInputError
from planning.median import p_median
from planning.programme import TOLERANCE, SolverStatus, identity, ones_row, solve
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
    some_names,
    too_few_reason,
    unreached_reason,
)

__all__ = ["Model", "Siting", "SitingProblem", "SolverStatus", "lscp", "mclp", "mexclp", "p_center", "p_median"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

MOST_UNITS_PER_DEMAND: Final = 12
"""MEXCLP: with q = 0.5 the thirteenth unit near a village adds less than a ten-thousandth of its people."""


def lscp(problem: SitingProblem, standard_s: float, *, time_limit_s: float | None = None) -> Siting:
    """The fewest sites that cover every demand point that has people.

    Parameters
    ----------
    problem
        Sites and demand.
    standard_s
        A demand point is covered by a site within this time.
    time_limit_s
        Of the solver; None is until the proof.

    Raises
    ------
    PlanningInputError
        A standard that is not positive.
    """
    covers = _covering(problem, standard_s)
    wanted = problem.weight > 0
    lost = np.flatnonzero(wanted & ~covers.any(axis=0))
    if len(lost):
        return no_answer(problem, Model.LSCP, _far_reason(problem, lost, standard_s))
    solved = solve(
        cost=np.ones(problem.site_count),
        rows=[(csr_array(covers.T[wanted].astype(np.float64)), 1.0, np.inf)],
        lower=lower_ends(problem),
        upper=np.ones(problem.site_count),
        integer=np.ones(problem.site_count),
        time_limit_s=time_limit_s,
    )
    return answer_of(problem, Model.LSCP, solved, sign=1.0, standard_s=standard_s)


def mclp(problem: SitingProblem, standard_s: float, p: int, *, time_limit_s: float | None = None) -> Siting:
    """As many sites as asked for, the standing ones among them, that cover the most weight.

    Parameters
    ----------
    problem, standard_s, time_limit_s
        As for `lscp`.
    p
        Number of sites.

    Raises
    ------
    PlanningInputError
        A standard that is not positive, or a p that cannot be.
    """
    covers = _covering(problem, standard_s)
    check_p(problem, p)
    n, m = problem.site_count, problem.demand_count
    solved = solve(
        cost=np.concatenate([np.zeros(n), -problem.weight]),
        rows=[
            (hstack([csr_array(covers.T.astype(np.float64)), -identity(m)]), 0.0, np.inf),
            (ones_row(n, n + m), float(p), float(p)),
        ],
        lower=np.concatenate([lower_ends(problem), np.zeros(m)]),
        upper=np.ones(n + m),
        # Where the sites are whole, the best y are whole by themselves.
        integer=np.concatenate([np.ones(n), np.zeros(m)]),
        time_limit_s=time_limit_s,
    )
    return answer_of(problem, Model.MCLP, solved, sign=-1.0, standard_s=standard_s)


def p_center(problem: SitingProblem, p: int, *, time_limit_s: float | None = None) -> Siting:
    """As many sites as asked for, the standing ones among them, with the least longest time to the nearest.

    Parameters
    ----------
    problem, p, time_limit_s
        As for `mclp`; the limit holds for every step of the search.

    Raises
    ------
    PlanningInputError
        A p that cannot be.
    """
    check_p(problem, p)
    started = perf_counter()
    wanted = problem.weight > 0
    lost = np.flatnonzero(wanted & ~np.isfinite(problem.times_s).any(axis=0))
    if len(lost):
        return no_answer(problem, Model.P_CENTER, unreached_reason(problem, lost))
    radii = np.unique(problem.times_s[:, wanted])
    radii = radii[np.isfinite(radii)]
    # No radius below the time of the demand point that is farthest from every site can do.
    low = int(np.searchsorted(radii, problem.times_s[:, wanted].min(axis=0).max()))
    high, undecided = len(radii), False
    chosen: tuple[int, ...] = ()
    first = low
    while low < high:
        middle = (low + high) // 2
        enough, sites = _can_cover(problem, float(radii[middle]), p, time_limit_s)
        undecided |= enough is None
        if enough:
            high, chosen = middle, sites
        else:
            low = middle + 1
    seconds = perf_counter() - started
    if not chosen:
        if undecided:
            return no_answer(problem, Model.P_CENTER,
                             PlanningInputError(N_("The time limit came before any answer; allow more time.")),
                             status=SolverStatus.UNSOLVED, seconds=seconds)  # fmt: skip
        return no_answer(problem, Model.P_CENTER, too_few_reason(p), seconds=seconds)
    longest = float(radii[high])
    bound = float(radii[first]) if undecided else longest
    # A step may cover with fewer than p sites; a site more never makes the longest time longer.
    spare = [site for site in range(problem.site_count) if site not in chosen]
    sites = tuple(sorted((*chosen, *spare[: p - len(chosen)])))
    nearest = nearest_of(problem, sites)
    return Siting(
        model=Model.P_CENTER,
        status=SolverStatus.FEASIBLE if undecided and bound < longest else SolverStatus.OPTIMAL,
        sites=sites,
        objective=longest,
        bound=bound,
        gap=gap_of(longest, bound),
        nearest=nearest,
        covered=nearest >= 0,
        seconds=seconds,
    )


def mexclp(
    problem: SitingProblem,
    standard_s: float,
    units: int,
    busy_fraction: float,
    *,
    most_per_site: int | None = None,
    time_limit_s: float | None = None,
) -> Siting:
    """Units on sites, several on one if need be, that cover the most weight in expectation.

    Parameters
    ----------
    problem
        Each standing site keeps at least one unit.
    standard_s, time_limit_s
        As for `lscp`.
    units
        Number of units p.
    busy_fraction
        q, the share of its time that a unit is busy, from 0 to below 1.
    most_per_site
        Units that a site can hold; None for any number.

    Raises
    ------
    PlanningInputError
        A standard that is not positive, a q out of range, or units that cannot be placed.
    """
    covers = _covering(problem, standard_s)
    if not 0 <= busy_fraction < 1:
        raise PlanningInputError(
            N_("The busy fraction is {q}; it must be from 0 to below 1 (0.3 is three tenths of the time)."),
            q=busy_fraction,
        )
    per_site = units if most_per_site is None else most_per_site
    if units < 1 or per_site < 1 or units > per_site * problem.site_count or units < len(problem.fixed):
        raise PlanningInputError(
            N_("{units} units cannot be placed on {sites} sites of at most {most} units with {fixed} standing."),
            units=units, sites=problem.site_count, most=per_site, fixed=len(problem.fixed),
        )  # fmt: skip
    n = problem.site_count
    levels = max(1, min(units, MOST_UNITS_PER_DEMAND, per_site * int(covers.sum(axis=0).max(initial=0))))
    gain = (1 - busy_fraction) * busy_fraction ** np.arange(levels)
    # A demand point that no site covers needs no variables; others one per unit that may count there.
    near = np.flatnonzero(covers.any(axis=0) & (problem.weight > 0))
    owner = np.repeat(np.arange(len(near)), levels)
    y = len(owner)
    links = coo_array((-np.ones(y), (owner, np.arange(y))), shape=(len(near), y))
    solved = solve(
        cost=np.concatenate([np.zeros(n), -(problem.weight[near][:, None] * gain[None, :]).ravel()]),
        rows=[
            (hstack([csr_array(covers.T[near].astype(np.float64)), links]), 0.0, np.inf),
            (ones_row(n, n + y), float(units), float(units)),
        ],
        lower=np.concatenate([lower_ends(problem), np.zeros(y)]),
        upper=np.concatenate([np.full(n, float(per_site)), np.ones(y)]),
        integer=np.concatenate([np.ones(n), np.zeros(y)]),
        time_limit_s=time_limit_s,
    )
    answer = answer_of(problem, Model.MEXCLP, solved, sign=-1.0, standard_s=standard_s)
    if levels == units or not answer.sites:
        return answer
    return _with_tail(problem, answer, covers, busy_fraction, levels)


# --- parts of the models ---------------------------------------------------------------------------------------------


def _covering(problem: SitingProblem, standard_s: float) -> BoolArray:
    if not standard_s > 0 or not np.isfinite(standard_s):
        raise PlanningInputError(
            N_("The standard is {seconds} seconds; it must be more than 0, such as 900 for 15 minutes."),
            seconds=standard_s,
        )
    return np.asarray(problem.times_s <= standard_s, dtype=np.bool_)


def _can_cover(
    problem: SitingProblem, radius_s: float, p: int, time_limit_s: float | None
) -> tuple[bool | None, tuple[int, ...]]:
    """Whether p sites cover everybody within a radius, and which; None where the time limit came first."""
    wanted = problem.weight > 0
    covers = (problem.times_s <= radius_s)[:, wanted]
    solved = solve(
        cost=np.ones(problem.site_count),
        rows=[(csr_array(covers.T.astype(np.float64)), 1.0, np.inf)],
        lower=lower_ends(problem),
        upper=np.ones(problem.site_count),
        integer=np.ones(problem.site_count),
        time_limit_s=time_limit_s,
    )
    if solved.values is not None and solved.objective <= p + TOLERANCE:
        return True, tuple(np.flatnonzero(solved.values > 0.5).tolist())
    if solved.status is SolverStatus.OPTIMAL or solved.bound > p + TOLERANCE:
        return False, ()
    return (False if solved.status is SolverStatus.INFEASIBLE else None), ()


def _with_tail(problem: SitingProblem, answer: Siting, covers: BoolArray, busy_fraction: float, levels: int) -> Siting:
    """MEXCLP beyond the levels modelled: the objective counted whole, the bound raised by all that the rest can add."""
    counts = np.bincount(np.asarray(answer.sites), minlength=problem.site_count)
    reaching = counts @ covers
    objective = float(problem.weight @ (1 - np.power(busy_fraction, reaching)))
    bound = answer.bound + float(problem.weight[covers.any(axis=0)].sum()) * busy_fraction**levels
    return Siting(
        model=answer.model, status=answer.status, sites=answer.sites, objective=objective, bound=bound,
        gap=gap_of(objective, bound), nearest=answer.nearest, covered=answer.covered, seconds=answer.seconds,
    )  # fmt: skip


def _far_reason(problem: SitingProblem, lost: IntArray, standard_s: float) -> PlanningInputError:
    return PlanningInputError(
        N_("{lost} of {demand} demand points are farther than {seconds} seconds from every candidate site ({names}); "
           "add candidates near them or relax the standard."),
        lost=len(lost), demand=problem.demand_count, seconds=f"{standard_s:g}", names=some_names(problem, lost),
    )  # fmt: skip
