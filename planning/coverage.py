"""Who is reached within the standard, and who is not: coverage from exact travel times.

Everything is counted in people: a village's people are spread over its roads (`planning.demand`), so its times are a
distribution with a mean, a median and a ninetieth percentile, all weighted by people. People whom no unit can reach
count as not covered; they are told apart, and percentiles that fall among them are infinite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from gis.errors import N_
from planning.demand import Area, Demand
from planning.errors import PlanningInputError, TimesShapeError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MEDIAN: Final = 0.5
P90: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """A response standard: so large a share of the people within so many seconds.

    Attributes
    ----------
    kinds
        Kinds of unit that count, such as `fire_engine`.
    within_s
        Seconds from the alarm to arrival, turnout included.
    share
        Part of the people that is to be reached in time, above 0 to 1.
    """

    kinds: tuple[str, ...]
    within_s: float
    share: float = 0.9

    def __post_init__(self) -> None:
        if not 0 < self.within_s < float("inf"):
            raise PlanningInputError(
                N_("The standard is {seconds} seconds; it must be more than 0, such as 900 for 15 minutes."),
                seconds=self.within_s,
            )
        if not 0 < self.share <= 1:
            raise PlanningInputError(
                N_("The standard asks for a share of {share}; it must be above 0 and at most 1 (0.9 is nine tenths)."),
                share=self.share,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCoverage:
    """How an area is reached by the nearest unit.

    Attributes
    ----------
    area
        The village, kecamatan or whole region.
    people
        Who is counted.
    within, second
        People reached within the standard by one unit or more, by two or more.
    unreached
        People whom no unit reaches at all.
    mean_s
        Of those who are reached, weighted by people; NaN where nobody is.
    median_s, p90_s
        Half, and nine tenths, of the people are reached by then; infinite where fewer are reached at all.
    worst_s
        The longest of those who are reached; NaN where nobody is.
    meets
        Whether the standard's share is met.
    """

    area: Area
    people: float
    within: float
    second: float
    unreached: float
    mean_s: float
    median_s: float
    p90_s: float
    worst_s: float
    meets: bool

    @property
    def share(self) -> float:
        """Part of the people within the standard; NaN where nobody lives."""
        return self.within / self.people if self.people else float("nan")

    @property
    def second_share(self) -> float:
        """Part of the people within the standard of two units or more."""
        return self.second / self.people if self.people else float("nan")

    @property
    def uncovered(self) -> float:
        """People not within the standard."""
        return max(self.people - self.within, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """Coverage of a region under one standard.

    Attributes
    ----------
    standard
        What was asked for.
    region
        All of it.
    kecamatan, villages
        By code; villages in the order of the demand.
    nearest
        (m,) number of the site nearest to each piece, -1 where none reaches it.
    nearest_s, second_s
        (m,) seconds from the nearest and the second nearest site; infinite where there is none.
    """

    standard: Standard
    region: AreaCoverage
    kecamatan: tuple[AreaCoverage, ...]
    villages: tuple[AreaCoverage, ...]
    nearest: IntArray
    nearest_s: FloatArray
    second_s: FloatArray

    def gaps(self, count: int | None = None) -> tuple[AreaCoverage, ...]:
        """Villages with people outside the standard, most people first (ties by code)."""
        short = [one for one in self.villages if one.uncovered > 0]
        return tuple(sorted(short, key=lambda one: (-one.uncovered, one.area.code))[:count])


def coverage(
    times_s: FloatArray,
    demand: Demand,
    standard: Standard,
    *,
    region: Area,
    kecamatan: Sequence[Area] = (),
) -> Coverage:
    """Coverage by the nearest of n sites.

    Parameters
    ----------
    times_s
        (n, m) seconds from the alarm at each site to arrival at each piece of the demand, turnout included; NaN or
        infinite where no road leads there. A site with two units stands there twice, and so counts for second cover.
    demand
        The people.
    standard
        What is asked for.
    region, kecamatan
        The areas to sum up for; villages belong to a kecamatan by `parent_code`.

    Raises
    ------
    PlanningInputError
        No sites, or times that are negative.
    TimesShapeError
        A matrix that does not match the demand.
    """
    times = np.asarray(times_s, dtype=np.float64)
    if times.ndim != 2 or times.shape[1] != demand.piece_count:
        raise TimesShapeError(
            N_("The matrix of times has the shape {times}, but there are {pieces} pieces of road; give a column each."),
            times=str(times.shape),
            pieces=demand.piece_count,
        )
    if times.shape[0] == 0:
        raise PlanningInputError(N_("No station has a unit of the kinds asked for; nothing can be covered."))
    if (times < 0).any():
        raise PlanningInputError(N_("A travel time is negative; times are seconds from 0."))
    times = np.where(np.isfinite(times), times, np.inf)
    nearest = times.argmin(axis=0).astype(np.int64)
    first = times[nearest, np.arange(times.shape[1])]
    second = np.partition(times, 1, axis=0)[1] if len(times) > 1 else np.full(times.shape[1], np.inf)
    nearest[~np.isfinite(first)] = -1

    def summed(area: Area, pieces: IntArray | slice, people: float) -> AreaCoverage:
        return _area(area, first[pieces], second[pieces], demand.piece_people[pieces], people, standard)

    by_village = _groups(demand.piece_village, demand.village_count)
    counted = np.nan_to_num(demand.people)
    villages = tuple(
        summed(area, by_village(number), float(counted[number])) for number, area in enumerate(demand.villages)
    )
    members: dict[str, list[int]] = {}
    for number, area in enumerate(demand.villages):
        members.setdefault(area.parent_code, []).append(number)
    grouped = []
    for area in sorted(kecamatan, key=lambda one: one.code):
        numbers = members.get(area.code, [])
        pieces = np.concatenate([by_village(number) for number in numbers]) if numbers else np.zeros(0, dtype=np.int64)
        grouped.append(summed(area, pieces, float(counted[numbers].sum())))
    return Coverage(
        standard=standard,
        region=summed(region, slice(None), float(counted.sum())),
        kecamatan=tuple(grouped),
        villages=villages,
        nearest=nearest,
        nearest_s=first,
        second_s=second,
    )


def weighted_quantile(values: FloatArray, weights: FloatArray, share: float) -> float:
    """The least value by which so large a share of the weight is reached; NaN without any weight."""
    total = float(weights.sum())
    if not total > 0:
        return float("nan")
    order = np.argsort(values, kind="stable")
    run = np.cumsum(weights[order])
    at = int(np.searchsorted(run, share * total * (1 - 1e-12)))
    return float(values[order[min(at, len(order) - 1)]])


def _area(
    area: Area, first: FloatArray, second: FloatArray, weight: FloatArray, people: float, standard: Standard
) -> AreaCoverage:
    reached = np.isfinite(first)
    on_road = float(weight.sum())
    # People of a village without any road stand on no piece, and no unit reaches them.
    nowhere = max(people - on_road, 0.0)
    within = float(weight[first <= standard.within_s].sum())
    has = reached & (weight > 0)
    values = np.append(first, np.inf) if nowhere > 0 else first
    weights = np.append(weight, nowhere) if nowhere > 0 else weight
    mean = float(np.average(first[has], weights=weight[has])) if has.any() else float("nan")
    return AreaCoverage(
        area=area,
        people=people,
        within=min(within, people),
        second=min(float(weight[second <= standard.within_s].sum()), people),
        unreached=float(weight[~reached].sum()) + nowhere,
        mean_s=mean,
        median_s=weighted_quantile(values, weights, MEDIAN),
        p90_s=weighted_quantile(values, weights, P90),
        worst_s=float(first[has].max()) if has.any() else float("nan"),
        meets=people > 0 and within >= standard.share * people * (1 - 1e-12),
    )


def _groups(owner: IntArray, count: int) -> Callable[[int], IntArray]:
    order = np.argsort(owner, kind="stable")
    offset = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=count), out=offset[1:])

    def group(number: int) -> IntArray:
        return np.asarray(order[offset[number] : offset[number + 1]], dtype=np.int64)

    return group
