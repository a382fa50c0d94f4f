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

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from time import perf_counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, hstack

from gis.errors import N_
from planning.errors import PlanningInputError
from planning.median_bounds import median_bounds

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

MOST_UNITS_PER_DEMAND: Final = 12
"""MEXCLP: with q = 0.5 the thirteenth unit near a village adds less than a ten-thousandth of its people."""

_INTEGER_TOLERANCE: Final = 1e-6
_OPTIMAL, _LIMIT, _INFEASIBLE = 0, 1, 2  # statuses of scipy.optimize.milp


class Model(StrEnum):
    """The location models."""

    LSCP = "lscp"
    MCLP = "mclp"
    P_MEDIAN = "p-median"
    P_CENTER = "p-center"
    MEXCLP = "mexclp"


class SolverStatus(StrEnum):
    """What the solver proved."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    """The time limit came first: the answer is usable, and the gap says how much better another could be."""
    INFEASIBLE = "infeasible"
    UNSOLVED = "unsolved"
    """The time limit came before any answer."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Siting:
    """The answer of a location model, with its certificate.

    Attributes
    ----------
    model, status
        What was asked, and what was proven.
    sites
        The chosen sites by number, ascending; a site with several units (MEXCLP) stands there several times.
    objective
        Sites (LSCP), weight covered (MCLP), weighted sum of times (p-median), longest time (p-center), expected weight
        covered (MEXCLP); NaN without an answer.
    bound
        No answer can be better than this; NaN where nothing was proven.
    gap
        |objective - bound| / |objective|, 0 where it is proven optimal; infinite without an answer.
    nearest
        (m,) the chosen site nearest to each demand point, -1 where none reaches it.
    covered
        (m,) whether a chosen site is within the standard; for models without a standard, whether one reaches it.
    seconds
        Wall time of the solver.
    reason
        Why there is no answer, or None.
    """

    model: Model
    status: SolverStatus
    sites: tuple[int, ...]
    objective: float
    bound: float
    gap: float
    nearest: IntArray
    covered: BoolArray
    seconds: float
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SitingProblem:
    """Sites and demand points, and the times between them.

    Attributes
    ----------
    times_s
        (n, m) from n sites to m demand points; NaN or infinite where no road leads there. Any other cost will do.
    weight
        (m,) people, or another weight of each demand point.
    fixed
        Sites that stand already and stay.
    site_names, demand_names
        For sentences; numbers where left out.
    """

    times_s: FloatArray
    weight: FloatArray
    fixed: tuple[int, ...] = ()
    site_names: tuple[str, ...] = ()
    demand_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        times = np.array(self.times_s, dtype=np.float64)
        weight = np.array(self.weight, dtype=np.float64)
        object.__setattr__(self, "times_s", times)
        object.__setattr__(self, "weight", weight)
        if times.ndim != 2 or weight.shape != times.shape[1:]:
            raise PlanningInputError(
                N_("The matrix of times has the shape {times} and the demand {demand}; give a row per site and a "
                   "column per demand point."),
                times=str(times.shape), demand=str(weight.shape),
            )  # fmt: skip
        if times.shape[0] == 0:
            raise PlanningInputError(N_("There are no candidate sites; name at least one."))
        if times.shape[1] == 0:
            raise PlanningInputError(N_("There are no demand points; a plan needs people to plan for."))
        if (times < 0).any():
            row, column = (int(at[0]) for at in np.nonzero(times < 0))
            raise PlanningInputError(
                N_("The time from site {site} to {demand} is negative; times are seconds from 0."),
                site=self.site_name(row), demand=self.demand_name(column),
            )  # fmt: skip
        if not np.isfinite(weight).all() or (weight < 0).any():
            at = int(np.flatnonzero(~np.isfinite(weight) | (weight < 0))[0])
            raise PlanningInputError(
                N_("The demand of {demand} is negative or not a number; give people from 0."),
                demand=self.demand_name(at),
            )
        if not weight.sum() > 0:
            raise PlanningInputError(N_("No demand point has any people; give the population of the villages."))
        if len(set(self.fixed)) != len(self.fixed) or not all(0 <= one < len(times) for one in self.fixed):
            raise PlanningInputError(N_("The list of standing sites names one twice, or one that is not there."))
        times[~np.isfinite(times)] = np.inf

    @property
    def site_count(self) -> int:
        """Number of sites n."""
        return int(self.times_s.shape[0])

    @property
    def demand_count(self) -> int:
        """Number of demand points m."""
        return int(self.times_s.shape[1])

    def site_name(self, number: int) -> str:
        """A site as sentences call it."""
        return self.site_names[number] if self.site_names else str(number)

    def demand_name(self, number: int) -> str:
        """A demand point as sentences call it."""
        return self.demand_names[number] if self.demand_names else str(number)


# --- the models ------------------------------------------------------------------------------------------------------


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
        return _none(problem, Model.LSCP, _far_sentence(problem, lost, standard_s))
    solved = _solve(
        cost=np.ones(problem.site_count),
        rows=[(csr_array(covers.T[wanted].astype(np.float64)), 1.0, np.inf)],
        lower=_fixed(problem),
        upper=np.ones(problem.site_count),
        integer=np.ones(problem.site_count),
        time_limit_s=time_limit_s,
    )
    return _answer(problem, Model.LSCP, solved, sign=1.0, standard_s=standard_s)


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
    _check_p(problem, p)
    n, m = problem.site_count, problem.demand_count
    solved = _solve(
        cost=np.concatenate([np.zeros(n), -problem.weight]),
        rows=[
            (hstack([csr_array(covers.T.astype(np.float64)), -_identity(m)]), 0.0, np.inf),
            (_ones_row(n, n + m), float(p), float(p)),
        ],
        lower=np.concatenate([_fixed(problem), np.zeros(m)]),
        upper=np.ones(n + m),
        # Where the sites are whole, the best y are whole by themselves.
        integer=np.concatenate([np.ones(n), np.zeros(m)]),
        time_limit_s=time_limit_s,
    )
    return _answer(problem, Model.MCLP, solved, sign=-1.0, standard_s=standard_s)


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
    _check_p(problem, p)
    lost = np.flatnonzero((problem.weight > 0) & ~np.isfinite(problem.times_s).any(axis=0))
    if len(lost):
        return _none(problem, Model.P_MEDIAN, _unreached_sentence(problem, lost))
    started = perf_counter()
    if not np.isfinite(problem.times_s[:, problem.weight > 0]).all():
        return _median_by_radii(problem, p, np.arange(problem.site_count), (), time_limit_s, started)
    weighted = problem.times_s[:, problem.weight > 0] * problem.weight[problem.weight > 0]
    bounds = median_bounds(weighted, p, np.asarray(problem.fixed, dtype=np.int64))
    kept = np.flatnonzero(bounds.useful | np.isin(np.arange(problem.site_count), bounds.sites))
    needed = tuple(np.flatnonzero(bounds.needed).tolist())
    return _median_by_radii(problem, p, kept, needed, time_limit_s, started)


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
    _check_p(problem, p)
    started = perf_counter()
    wanted = problem.weight > 0
    lost = np.flatnonzero(wanted & ~np.isfinite(problem.times_s).any(axis=0))
    if len(lost):
        return _none(problem, Model.P_CENTER, _unreached_sentence(problem, lost))
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
            return _none(problem, Model.P_CENTER, N_("The time limit came before any answer; allow more time."),
                         status=SolverStatus.UNSOLVED, seconds=seconds)  # fmt: skip
        return _none(problem, Model.P_CENTER, _too_few_sentence(p), seconds=seconds)
    longest = float(radii[high])
    bound = float(radii[first]) if undecided else longest
    # A step may cover with fewer than p sites; a site more never makes the longest time longer.
    spare = [site for site in range(problem.site_count) if site not in chosen]
    sites = tuple(sorted((*chosen, *spare[: p - len(chosen)])))
    nearest = _nearest(problem, sites)
    return Siting(
        model=Model.P_CENTER,
        status=SolverStatus.FEASIBLE if undecided and bound < longest else SolverStatus.OPTIMAL,
        sites=sites,
        objective=longest,
        bound=bound,
        gap=_gap(longest, bound),
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
    solved = _solve(
        cost=np.concatenate([np.zeros(n), -(problem.weight[near][:, None] * gain[None, :]).ravel()]),
        rows=[
            (hstack([csr_array(covers.T[near].astype(np.float64)), links]), 0.0, np.inf),
            (_ones_row(n, n + y), float(units), float(units)),
        ],
        lower=np.concatenate([_fixed(problem), np.zeros(y)]),
        upper=np.concatenate([np.full(n, float(per_site)), np.ones(y)]),
        integer=np.concatenate([np.ones(n), np.zeros(y)]),
        time_limit_s=time_limit_s,
    )
    answer = _answer(problem, Model.MEXCLP, solved, sign=-1.0, standard_s=standard_s)
    if levels == units or not answer.sites:
        return answer
    return _with_tail(problem, answer, covers, busy_fraction, levels)


# --- the solver ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Solved:
    status: SolverStatus
    values: FloatArray | None
    objective: float
    bound: float
    seconds: float


_Rows = list[tuple[Any, Any, Any]]


def _solve(
    *, cost: FloatArray, rows: _Rows, lower: FloatArray, upper: FloatArray, integer: FloatArray,
    time_limit_s: float | None,
) -> _Solved:  # fmt: skip
    started = perf_counter()
    options: dict[str, Any] = {"mip_rel_gap": 0.0}
    if time_limit_s is not None:
        options["time_limit"] = time_limit_s
    result = milp(
        cost,
        constraints=[LinearConstraint(csr_array(matrix), low, high) for matrix, low, high in rows],
        bounds=Bounds(lower, upper),
        integrality=integer,
        options=options,
    )
    if result.status not in (_OPTIMAL, _LIMIT, _INFEASIBLE):
        raise RuntimeError(f"HiGHS: {result.message}")
    if result.status == _INFEASIBLE:
        status = SolverStatus.INFEASIBLE
    elif result.x is None:
        status = SolverStatus.UNSOLVED
    else:
        status = SolverStatus.OPTIMAL if result.status == _OPTIMAL else SolverStatus.FEASIBLE
    bound = result.mip_dual_bound
    return _Solved(
        status=status,
        values=result.x,
        objective=float("nan") if result.x is None else float(result.fun),
        bound=float("nan") if bound is None else float(bound),
        seconds=perf_counter() - started,
    )


def _answer(
    problem: SitingProblem, model: Model, solved: _Solved, *, sign: float, standard_s: float | None,
    constant: float = 0.0,
) -> Siting:  # fmt: skip
    if solved.values is None:
        reason = (
            N_("No choice of sites satisfies the demands.")
            if solved.status is SolverStatus.INFEASIBLE
            else N_("The time limit came before any answer; allow more time.")
        )
        return _none(problem, model, reason, status=solved.status, seconds=solved.seconds)
    counts = np.rint(solved.values[: problem.site_count]).astype(np.int64)
    sites = tuple(np.repeat(np.arange(problem.site_count), counts).tolist())
    objective, bound = sign * solved.objective + constant, sign * solved.bound + constant
    nearest = _nearest(problem, sites)
    times = np.where(nearest >= 0, problem.times_s[nearest, np.arange(problem.demand_count)], np.inf)
    return Siting(
        model=model,
        status=solved.status,
        sites=sites,
        objective=objective,
        bound=bound,
        gap=_gap(objective, bound),
        nearest=nearest,
        covered=np.isfinite(times) if standard_s is None else times <= standard_s,
        seconds=solved.seconds,
    )


def _none(
    problem: SitingProblem, model: Model, reason: str, *,
    status: SolverStatus = SolverStatus.INFEASIBLE, seconds: float = 0.0,
) -> Siting:  # fmt: skip
    m = problem.demand_count
    return Siting(
        model=model, status=status, sites=(), objective=float("nan"), bound=float("nan"), gap=float("inf"),
        nearest=np.full(m, -1, dtype=np.int64), covered=np.zeros(m, dtype=np.bool_), seconds=seconds, reason=reason,
    )  # fmt: skip


def _nearest(problem: SitingProblem, sites: Sequence[int]) -> IntArray:
    if not sites:
        return np.full(problem.demand_count, -1, dtype=np.int64)
    chosen = np.unique(np.asarray(sites, dtype=np.int64))
    times = problem.times_s[chosen]
    at = times.argmin(axis=0)
    reached = np.isfinite(times[at, np.arange(problem.demand_count)])
    return np.where(reached, chosen[at], -1)


def _gap(objective: float, bound: float) -> float:
    if not np.isfinite(bound):
        return float("inf")
    away = abs(objective - bound)
    # The solver proves within its own tolerances, which are no gap.
    return 0.0 if away <= _INTEGER_TOLERANCE * max(1.0, abs(objective)) else away / max(abs(objective), 1e-12)


# --- parts of the models ---------------------------------------------------------------------------------------------


def _covering(problem: SitingProblem, standard_s: float) -> BoolArray:
    if not standard_s > 0 or not np.isfinite(standard_s):
        raise PlanningInputError(
            N_("The standard is {seconds} seconds; it must be more than 0, such as 900 for 15 minutes."),
            seconds=standard_s,
        )
    return np.asarray(problem.times_s <= standard_s, dtype=np.bool_)


def _check_p(problem: SitingProblem, p: int) -> None:
    if p < 1:
        raise PlanningInputError(N_("The number of sites is {p}; ask for at least 1."), p=p)
    if p > problem.site_count:
        raise PlanningInputError(
            N_("{p} sites are asked for, but there are only {sites} candidates; name more, or ask for fewer."),
            p=p, sites=problem.site_count,
        )  # fmt: skip
    if p < len(problem.fixed):
        raise PlanningInputError(
            N_("{p} sites are asked for, but {fixed} stand already; ask for at least as many, or let them move."),
            p=p, fixed=len(problem.fixed),
        )  # fmt: skip


def _fixed(problem: SitingProblem) -> FloatArray:
    lower = np.zeros(problem.site_count)
    lower[list(problem.fixed)] = 1.0
    return lower


def _identity(size: int) -> csr_array:
    return csr_array((np.ones(size), np.arange(size), np.arange(size + 1)), shape=(size, size))


def _ones_row(count: int, width: int) -> csr_array:
    return csr_array((np.ones(count), (np.zeros(count, dtype=np.int64), np.arange(count))), shape=(1, width))


def _can_cover(
    problem: SitingProblem, radius_s: float, p: int, time_limit_s: float | None
) -> tuple[bool | None, tuple[int, ...]]:
    """Whether p sites cover everybody within a radius, and which; None where the time limit came first."""
    wanted = problem.weight > 0
    covers = (problem.times_s <= radius_s)[:, wanted]
    solved = _solve(
        cost=np.ones(problem.site_count),
        rows=[(csr_array(covers.T.astype(np.float64)), 1.0, np.inf)],
        lower=_fixed(problem),
        upper=np.ones(problem.site_count),
        integer=np.ones(problem.site_count),
        time_limit_s=time_limit_s,
    )
    if solved.values is not None and solved.objective <= p + _INTEGER_TOLERANCE:
        return True, tuple(np.flatnonzero(solved.values > 0.5).tolist())
    if solved.status is SolverStatus.OPTIMAL or solved.bound > p + _INTEGER_TOLERANCE:
        return False, ()
    return (False if solved.status is SolverStatus.INFEASIBLE else None), ()


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
    solved = _solve(
        cost=np.concatenate([np.zeros(n), cost]),
        rows=[(links[0], links[1], np.inf), (_ones_row(n, n + z), float(p), float(p))],
        lower=np.concatenate([_fixed(part), np.zeros(z)]),
        upper=np.concatenate([np.ones(n), upper]),
        integer=np.concatenate([np.ones(n), np.zeros(z)]),
        time_limit_s=time_limit_s,
    )
    seconds = perf_counter() - started
    if solved.status is SolverStatus.INFEASIBLE:
        return _none(problem, Model.P_MEDIAN, _too_few_sentence(p), seconds=seconds)
    found = _answer(part, Model.P_MEDIAN, solved, sign=1.0, constant=constant, standard_s=None)
    sites = tuple(int(kept[site]) for site in found.sites)
    nearest = _nearest(problem, sites)
    if not sites:
        return replace(found, nearest=nearest, covered=nearest >= 0, seconds=seconds)
    # Counted from the sites themselves: the solver's own sum carries its tolerances.
    served = np.flatnonzero(problem.weight > 0)
    objective = float(problem.times_s[nearest[served], served] @ problem.weight[served])
    gap = _gap(objective, found.bound)
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


def _with_tail(problem: SitingProblem, answer: Siting, covers: BoolArray, busy_fraction: float, levels: int) -> Siting:
    """MEXCLP beyond the levels modelled: the objective counted whole, the bound raised by all that the rest can add."""
    counts = np.bincount(np.asarray(answer.sites), minlength=problem.site_count)
    reaching = counts @ covers
    objective = float(problem.weight @ (1 - np.power(busy_fraction, reaching)))
    bound = answer.bound + float(problem.weight[covers.any(axis=0)].sum()) * busy_fraction**levels
    return Siting(
        model=answer.model, status=answer.status, sites=answer.sites, objective=objective, bound=bound,
        gap=_gap(objective, bound), nearest=answer.nearest, covered=answer.covered, seconds=answer.seconds,
    )  # fmt: skip


# --- sentences -------------------------------------------------------------------------------------------------------


def _far_sentence(problem: SitingProblem, lost: IntArray, standard_s: float) -> str:
    return (
        f"{len(lost)} of {problem.demand_count} demand points are farther than {standard_s:g} seconds from every "
        f"candidate site ({_some(problem, lost)}); add candidates near them or relax the standard."
    )


def _unreached_sentence(problem: SitingProblem, lost: IntArray) -> str:
    return (
        f"{len(lost)} of {problem.demand_count} demand points cannot be reached from any candidate site "
        f"({_some(problem, lost)}); add candidates on their roads or leave them out."
    )


def _too_few_sentence(p: int) -> str:
    return f"{p} sites cannot reach every demand point, for the roads are in several pieces; ask for more sites."


def _some(problem: SitingProblem, numbers: IntArray) -> str:
    shown = [problem.demand_name(int(number)) for number in numbers[:3]]
    return ", ".join(shown) + (", …" if len(numbers) > len(shown) else "")
