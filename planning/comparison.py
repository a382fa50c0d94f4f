"""Two plans side by side, and the next post: what a change brings, in people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gis.errors import N_
from planning.coverage import AreaCoverage, Coverage
from planning.demand import Area, Demand
from planning.errors import PlanningInputError, TimesShapeError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaChange:
    """One area before and after.

    Attributes
    ----------
    before, after
        Its coverage under either plan.
    """

    before: AreaCoverage
    after: AreaCoverage

    @property
    def gained(self) -> float:
        """People newly within the standard, less those who are no longer."""
        return self.after.within - self.before.within

    @property
    def mean_change_s(self) -> float:
        """Seconds by which the mean time changes; NaN where nobody is reached under one of the two."""
        return self.after.mean_s - self.before.mean_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two plans under one standard; areas that do not change are there too."""

    region: AreaChange
    kecamatan: tuple[AreaChange, ...]
    villages: tuple[AreaChange, ...]

    def most_changed(self, count: int | None = None) -> tuple[AreaChange, ...]:
        """Villages by people gained or lost, most first (ties by code)."""
        changed = [one for one in self.villages if one.gained or one.before.mean_s != one.after.mean_s]
        return tuple(sorted(changed, key=lambda one: (-abs(one.gained), one.before.area.code))[:count])


def compare(before: Coverage, after: Coverage) -> Comparison:
    """Put two plans side by side.

    Raises
    ------
    PlanningInputError
        Another standard or other areas: such figures cannot be compared.
    """
    if before.standard != after.standard:
        raise PlanningInputError(N_("The two plans are measured by different standards; use the same for both."))
    if [one.area for one in before.villages] != [one.area for one in after.villages]:
        raise PlanningInputError(N_("The two plans are of different villages; compare plans of one region."))
    return Comparison(
        region=AreaChange(before=before.region, after=after.region),
        kecamatan=_pairs(before.kecamatan, after.kecamatan),
        villages=_pairs(before.villages, after.villages),
    )


def _pairs(before: Sequence[AreaCoverage], after: Sequence[AreaCoverage]) -> tuple[AreaChange, ...]:
    return tuple(AreaChange(before=one, after=other) for one, other in zip(before, after, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class NextPost:
    """The best place for one more post within an area.

    Attributes
    ----------
    area
        The kecamatan.
    site
        Number of its best candidate.
    gained
        People newly within the standard with a post there.
    candidates
        How many places were tried, each of them: no other of them gains more, which is the certificate.
    runner_up
        People that the area's second best candidate gains; NaN where there is one alone.
    """

    area: Area
    site: int
    gained: float
    candidates: int
    runner_up: float


def next_posts(
    existing_s: FloatArray,
    candidate_s: FloatArray,
    candidate_area: Sequence[str],
    demand: Demand,
    within_s: float,
    *,
    areas: Sequence[Area],
) -> tuple[NextPost, ...]:
    """Rank areas by what one more post there brings: every candidate is tried.

    Parameters
    ----------
    existing_s
        (m,) seconds to each piece of the demand from the nearest post that stands; NaN or infinite where none reaches.
    candidate_s
        (c, m) seconds from each candidate, turnout included.
    candidate_area
        (c,) code of the area of each candidate.
    demand
        The people.
    within_s
        The standard.
    areas
        Who is ranked; one without any candidate is left out.

    Returns
    -------
    tuple[NextPost, ...]
        Most people first (ties by code).

    Raises
    ------
    TimesShapeError
        Arrays that do not match.
    """
    existing = np.asarray(existing_s, dtype=np.float64)
    times = np.asarray(candidate_s, dtype=np.float64)
    if times.ndim != 2 or times.shape != (len(candidate_area), demand.piece_count) or existing.shape != times.shape[1:]:
        raise TimesShapeError(
            N_("The matrix of times has the shape {times}, but there are {pieces} pieces of road; give a column each."),
            times=str(times.shape),
            pieces=demand.piece_count,
        )
    open_people = np.where(existing <= within_s, 0.0, demand.piece_people)
    gained = (times <= within_s).astype(np.float64) @ open_people
    found = []
    for area in areas:
        own = np.flatnonzero([code == area.code for code in candidate_area])
        if not len(own):
            continue
        order = own[np.lexsort((own, -gained[own]))]
        found.append(
            NextPost(
                area=area,
                site=int(order[0]),
                gained=float(gained[order[0]]),
                candidates=len(own),
                runner_up=float(gained[order[1]]) if len(own) > 1 else float("nan"),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.gained, one.area.code)))
