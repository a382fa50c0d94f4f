"""Location models on a region: people on their roads, candidates, the posts that stand.

Models that count people within a standard (lscp, mclp, mexclp) see every piece of road; pieces that the same candidates
reach are one demand point, which changes nothing. Models of times (p-median, p-center) see a demand point per village:
the mean over its people of the time from each candidate. People on pieces of road that fewer than half of the sites
reach (islands of the road network) are left out there, and told; so are people whom no candidate reaches at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from gis.errors import N_
from planning.comparison import NextPost, next_posts
from planning.errors import PlanningInputError
from planning.sites import Model, Siting, SitingProblem
from planning.siting import lscp, mclp, mexclp, p_center, p_median
from web.plan_candidates import Candidates
from web.plans import Planner, Post

FloatArray = npt.NDArray[np.float64]

FIXED: Final = "fixed"
FREE: Final = "free"
NONE: Final = "none"
EXISTING: Final = (FIXED, FREE, NONE)
"""Posts that stand: they stay; they may be left out like any candidate; there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SitingQuestion:
    """What to site.

    Attributes
    ----------
    model
        The location model.
    kind
        Of unit.
    within_s
        The standard; heeded by lscp, mclp and mexclp.
    number
        New posts, beside those that stand (`fixed`), or posts in all; for mexclp units. Not heeded by lscp.
    existing
        Of `EXISTING`.
    busy_fraction
        For mexclp.
    time_limit_s
        Of the solver.
    """

    model: Model
    kind: str
    within_s: float
    number: int = 1
    existing: str = FIXED
    busy_fraction: float = 0.3
    time_limit_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SitingAnswer:
    """A solved question: the posts among which was chosen, the answer, and it as plain values."""

    posts: tuple[Post, ...]
    found: Siting
    answer: dict[str, Any]

    @property
    def chosen(self) -> tuple[Post, ...]:
        """The chosen posts; one with several units stands there once."""
        return tuple(self.posts[site] for site in dict.fromkeys(self.found.sites))


def solve_siting(
    planner: Planner, question: SitingQuestion, candidates: Candidates, standing: Sequence[Post]
) -> SitingAnswer:
    """Answer a siting question.

    Parameters
    ----------
    planner
        Of the region.
    question
        What to site.
    candidates
        Places that may be chosen.
    standing
        Posts of the kind that stand.

    Raises
    ------
    PlanningInputError
        A question that makes no sense, or candidates that reach nobody.
    """
    if question.model is not Model.LSCP and question.number < 1:
        # Told before what stands is added: nobody asks for -1 of 10.
        raise PlanningInputError(N_("The number of sites is {p}; ask for at least 1."), p=question.number)
    old = () if question.existing == NONE else tuple(standing)
    posts = (*old, *candidates.posts)
    times = planner.times_s(posts, question.kind)
    weight = planner.demand.piece_people
    is_timed = question.model in (Model.P_MEDIAN, Model.P_CENTER)
    least_sites = (len(posts) + 1) // 2 if is_timed else 1
    reached = (np.isfinite(times).sum(axis=0) >= least_sites) & (weight > 0)
    if not reached.any():
        raise PlanningInputError(N_("No candidate reaches anybody by road; name places on the roads of the region."))
    lost = float(weight[~reached].sum())
    fixed = tuple(range(len(old))) if question.existing == FIXED else ()
    names = tuple(post.name for post in posts)
    model, number = question.model, question.number + len(fixed)
    if is_timed:
        matrix, people, demand_names = by_village(planner, times, reached)
        problem = SitingProblem(times_s=matrix, weight=people, fixed=fixed, site_names=names, demand_names=demand_names)
        solver = p_median if model is Model.P_MEDIAN else p_center
        found = solver(problem, number, time_limit_s=question.time_limit_s)
    else:
        villages = planner.demand.villages
        merged, people, first = by_cover(times[:, reached], weight[reached], question.within_s)
        owner = planner.demand.piece_village[reached][first]
        problem = SitingProblem(
            times_s=merged, weight=people, fixed=fixed, site_names=names,
            demand_names=tuple(villages[at].name for at in owner.tolist()),
        )  # fmt: skip
        if model is Model.LSCP:
            found = lscp(problem, question.within_s, time_limit_s=question.time_limit_s)
            far = ~(times <= question.within_s).any(axis=0) & reached
            if far.any():  # pieces alike were one point to the model; people and villages are what a reader knows
                found = replace(found, reason=_far_reason(planner, far, question.within_s))
        elif model is Model.MCLP:
            found = mclp(problem, question.within_s, number, time_limit_s=question.time_limit_s)
        else:
            found = mexclp(
                problem, question.within_s, number, question.busy_fraction, time_limit_s=question.time_limit_s
            )
    return SitingAnswer(
        posts=posts,
        found=found,
        answer=_siting_json(planner, question, found, posts, candidates, len(old), lost, problem.demand_count),
    )


def by_village(
    planner: Planner, times_s: FloatArray, reached: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    """Mean times over the people of each village (infinite where a site misses some), their number, the names."""
    demand = planner.demand
    village = demand.piece_village[reached]
    weight = demand.piece_people[reached]
    people = np.bincount(village, weights=weight, minlength=demand.village_count)
    own = np.flatnonzero(people > 0).astype(np.int64)
    matrix = np.empty((len(times_s), len(own)))
    for row, times in enumerate(times_s):
        filled = np.where(np.isfinite(times[reached]), times[reached], np.inf)
        matrix[row] = np.bincount(village, weights=weight * filled, minlength=demand.village_count)[own] / people[own]
    return (
        matrix,
        np.asarray(people[own], dtype=np.float64),
        tuple(demand.villages[number].name for number in own.tolist()),
    )


def by_cover(
    times_s: FloatArray, weight: FloatArray, within_s: float
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """Columns that the same sites cover as one, with their people added up, and the first column of each."""
    covers = np.packbits(times_s <= within_s, axis=0)
    _, first, group = np.unique(covers, axis=1, return_index=True, return_inverse=True)
    first = np.asarray(first, dtype=np.int64)
    people = np.bincount(np.ravel(group), weights=weight, minlength=len(first)).astype(np.float64)
    # A time stands for the group: what counts of it is on which side of the standard it lies.
    return np.asarray(times_s[:, first]), np.asarray(people), np.asarray(first, dtype=np.int64)


def rank_next(
    planner: Planner, kind: str, within_s: float, candidates: Candidates, standing: Sequence[Post], *, within: str = ""
) -> tuple[tuple[NextPost, ...], dict[str, Any]]:
    """Every kecamatan by the people that one more post there reaches within the standard.

    Parameters
    ----------
    planner, candidates, standing
        As for `solve_siting`.
    kind, within_s
        Of unit, and the standard.
    within
        Code of the area whose kecamatan are ranked; all of the region without one. People are counted everywhere.

    Raises
    ------
    PlanningInputError
        No kecamatan has that code.
    """
    areas = [area for area in planner.kecamatan if f"{area.code}.".startswith(f"{within}.") or not within]
    if not areas:
        raise PlanningInputError(N_("No kecamatan of the region lies in “{code}”; check the code."), code=within[:20])
    existing = planner.times_s(standing, kind)
    nearest = np.where(np.isfinite(existing), existing, np.inf).min(axis=0)
    parents = ["" if area is None else area.parent_code for area in candidates.villages]
    ranked = next_posts(
        nearest, planner.times_s(candidates.posts, kind), parents, planner.demand, within_s, areas=areas
    )
    ranking = []
    for rank, one in enumerate(ranked, start=1):
        post = candidates.posts[one.site]
        ranking.append({
            "rank": rank, "code": one.area.code, "kecamatan": one.area.name, "site": post.name,
            "lat": round(post.location.lat, 6), "lon": round(post.location.lon, 6), "gained": round(one.gained),
            "runner_up": None if np.isnan(one.runner_up) else round(one.runner_up), "candidates": one.candidates,
        })  # fmt: skip
    return ranked, {
        "kind": kind, "within_s": within_s, "posts": len(standing), "candidates": len(candidates.posts),
        "ranking": ranking, "notice": planner.region.notice,
    }  # fmt: skip


def _far_reason(planner: Planner, far: npt.NDArray[np.bool_], within_s: float) -> PlanningInputError:
    demand = planner.demand
    people = np.bincount(demand.piece_village[far], weights=demand.piece_people[far], minlength=demand.village_count)
    most = np.argsort(-people, kind="stable")[:3]
    return PlanningInputError(
        N_("{people} people in {villages} villages live farther than {minutes} minutes from every candidate and post, "
           "most of them in {names}; add candidates near them or relax the standard."),
        people=round(float(people.sum())), villages=int((people > 0).sum()), minutes=f"{within_s / 60:g}",
        names=", ".join(demand.villages[number].name for number in most.tolist() if people[number] > 0),
    )  # fmt: skip


def _siting_json(
    planner: Planner, question: SitingQuestion, found: Siting, posts: Sequence[Post], candidates: Candidates,
    old: int, lost: float, demand_points: int,
) -> dict[str, Any]:  # fmt: skip
    kecamatan = {area.code: area.name for area in planner.kecamatan}
    sites = []
    for site in dict.fromkeys(found.sites):
        post = posts[site]
        village = None if site < old else candidates.villages[site - old]
        if site < old:
            where = planner.region.boundaries.locate(post.location).village
            code, name = (None, None) if where is None else (where.parent_code, where.name)
        else:
            code, name = (None, None) if village is None else (village.parent_code, village.name)
        sites.append({
            "name": post.name, "lat": round(post.location.lat, 6), "lon": round(post.location.lon, 6),
            "village": name, "kecamatan": kecamatan.get(code or ""), "stands": site < old,
            "units": found.sites.count(site),
        })  # fmt: skip

    def number(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    return {
        "model": found.model.value,
        "kind": question.kind,
        "within_s": None if question.model in (Model.P_MEDIAN, Model.P_CENTER) else question.within_s,
        "existing": question.existing,
        "candidates": len(candidates.posts),
        "standing": old,
        "demand_points": demand_points,
        "left_out_people": round(lost),
        "status": found.status.value,
        "objective": number(found.objective),
        "bound": number(found.bound),
        "gap": number(found.gap),
        "seconds": round(found.seconds, 3),
        "reason": None if found.reason is None else str(found.reason),
        "sites": sites,
        "notice": planner.region.notice,
    }
