"""Sites, demand points and the times between them; the answer of a location model and its certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from gis.errors import N_
from planning.errors import PlanningInputError
from planning.programme import TOLERANCE, Solved, SolverStatus

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


class Model(StrEnum):
    """The location models."""

    LSCP = "lscp"
    MCLP = "mclp"
    P_MEDIAN = "p-median"
    P_CENTER = "p-center"
    MEXCLP = "mexclp"


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
        Why there is no answer, or None: said like an error, in the words of whoever shows it, and never raised.
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
    reason: PlanningInputError | None = None


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


# --- answers ---------------------------------------------------------------------------------------------------------


def answer_of(
    problem: SitingProblem, model: Model, solved: Solved, *, sign: float, standard_s: float | None,
    constant: float = 0.0,
) -> Siting:  # fmt: skip
    """What the solver found, as sites; `sign` and `constant` give the model's objective back."""
    if solved.values is None:
        reason = PlanningInputError(
            N_("No choice of sites satisfies the demands.")
            if solved.status is SolverStatus.INFEASIBLE
            else N_("The time limit came before any answer; allow more time.")
        )
        return no_answer(problem, model, reason, status=solved.status, seconds=solved.seconds)
    counts = np.rint(solved.values[: problem.site_count]).astype(np.int64)
    sites = tuple(np.repeat(np.arange(problem.site_count), counts).tolist())
    objective, bound = sign * solved.objective + constant, sign * solved.bound + constant
    nearest = nearest_of(problem, sites)
    times = np.where(nearest >= 0, problem.times_s[nearest, np.arange(problem.demand_count)], np.inf)
    return Siting(
        model=model,
        status=solved.status,
        sites=sites,
        objective=objective,
        bound=bound,
        gap=gap_of(objective, bound),
        nearest=nearest,
        covered=np.isfinite(times) if standard_s is None else times <= standard_s,
        seconds=solved.seconds,
    )


def no_answer(
    problem: SitingProblem, model: Model, reason: PlanningInputError, *,
    status: SolverStatus = SolverStatus.INFEASIBLE, seconds: float = 0.0,
) -> Siting:  # fmt: skip
    """No sites, and why."""
    m = problem.demand_count
    return Siting(
        model=model, status=status, sites=(), objective=float("nan"), bound=float("nan"), gap=float("inf"),
        nearest=np.full(m, -1, dtype=np.int64), covered=np.zeros(m, dtype=np.bool_), seconds=seconds, reason=reason,
    )  # fmt: skip


def nearest_of(problem: SitingProblem, sites: Sequence[int]) -> IntArray:
    """(m,) the nearest of the given sites to each demand point, -1 where none reaches it."""
    if not sites:
        return np.full(problem.demand_count, -1, dtype=np.int64)
    chosen = np.unique(np.asarray(sites, dtype=np.int64))
    times = problem.times_s[chosen]
    at = times.argmin(axis=0)
    reached = np.isfinite(times[at, np.arange(problem.demand_count)])
    return np.where(reached, chosen[at], -1)


def gap_of(objective: float, bound: float) -> float:
    """Share of the objective by which another answer might be better; 0 within the solver's tolerance."""
    if not np.isfinite(bound):
        return float("inf")
    away = abs(objective - bound)
    # The solver proves within its own tolerances, which are no gap.
    return 0.0 if away <= TOLERANCE * max(1.0, abs(objective)) else away / max(abs(objective), 1e-12)


def check_p(problem: SitingProblem, p: int) -> None:
    """Refuse a number of sites that cannot be."""
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


def lower_ends(problem: SitingProblem) -> FloatArray:
    """(n,) 1 for the sites that stand already."""
    lower = np.zeros(problem.site_count)
    lower[list(problem.fixed)] = 1.0
    return lower


# --- sentences -------------------------------------------------------------------------------------------------------


def unreached_reason(problem: SitingProblem, lost: IntArray) -> PlanningInputError:
    """Names some demand points that no site reaches."""
    return PlanningInputError(
        N_("{lost} of {demand} demand points cannot be reached from any candidate site ({names}); add candidates on "
           "their roads or leave them out."),
        lost=len(lost), demand=problem.demand_count, names=some_names(problem, lost),
    )  # fmt: skip


def too_few_reason(p: int) -> PlanningInputError:
    """Says that the roads are in more pieces than there are sites."""
    return PlanningInputError(
        N_("{p} sites cannot reach every demand point, for the roads are in several pieces; ask for more sites."), p=p
    )


def some_names(problem: SitingProblem, numbers: IntArray) -> str:
    """The first three names."""
    shown = [problem.demand_name(int(number)) for number in numbers[:3]]
    return ", ".join(shown) + (", …" if len(numbers) > len(shown) else "")
