"""Units ranked for a village when no more than the village is known.

The incident is taken to be anywhere along the village's roads, every metre as likely as every other. A unit's ETA is
then a spread, and units are ranked by its mean: sending the first one minimises the time the caller can expect to
wait, and a single far lane or a river to go around counts for as much as the road behind it. (A median would call a
unit first that reaches half of the village at once and the other half in an hour.) Road that a unit cannot reach
counts as `UNREACHED_S` in that ranking, or as its own longest time where that is more, so that a unit never gains by
not getting there; the times shown are those over the road it does reach.

Times are whole milliseconds and lengths whole millimetres inside, so that ranks and shares are exact and do not
depend on the order of units or of pieces of road.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from dispatch.screening import (
    ExcludedUnit,
    Exclusion,
    Shortfall,
    Standing,
    check_request,
    fix_age_s,
    in_order_of_use,
    plain_standings,
    shortfalls,
    straight_distances_m,
)
from dispatch.settings import DispatchSettings
from dispatch.types import Unit
from gis.types import Location

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

UNREACHED_S: Final = 3600.0
"""What a metre of road that a unit cannot reach counts in the ranking."""
MEDIAN: Final = (1, 2)
P90: Final = (9, 10)
_NEVER: Final = np.iinfo(np.int64).max
_MAX_PRODUCT: Final = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageUnit:
    """A unit that can be sent to a village, with the spread of its ETA over the village's roads.

    Attributes
    ----------
    rank
        By mean ETA, from 1 (see the module on road that is not reached).
    unit
        The unit.
    turnout_s, waiting_s
        Parts of all the times below; a unit that is free now waits for nothing.
    mean_s
        Mean over the road that the unit reaches, by length.
    min_s, median_s, p90_s, max_s
        Over the same road: half of its length is reached within `median_s`, nine tenths within `p90_s`.
    first_share
        Share of the road in which this unit arrives first, of the road that any ranked unit reaches. Equal times
        go to the unit of the better rank; over all ranked units the shares sum to 1.
    unreachable_share
        Share of the village's road that this unit cannot reach.
    behind_s
        Mean after the mean of the first; negative where the first is first only for reaching more road.
    straight_m, straight_rank
        Great-circle metres from fix to the village's representative point, and the rank by them.
    fix_age_s
        Age of the position fix; None where it is not known (parked at its post).
    """

    rank: int
    unit: Unit
    turnout_s: float
    mean_s: float
    min_s: float
    median_s: float
    p90_s: float
    max_s: float
    first_share: float
    unreachable_share: float
    behind_s: float
    straight_m: float
    straight_rank: int
    fix_age_s: float | None
    waiting_s: float = 0.0

    @property
    def expected_s(self) -> float:
        """What the unit is ranked by, as seconds: the mean with the road it does not reach counted in."""
        unreached_s = max(self.max_s, UNREACHED_S)
        return self.mean_s * (1 - self.unreachable_share) + unreached_s * self.unreachable_share


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageRanking:
    """Every unit exactly once: to be offered, further down, or excluded.

    Attributes
    ----------
    target
        The village's representative point.
    road_m
        Metres of road in the village.
    unreachable_share
        Share of it that no ranked unit reaches; 1 where none is ranked.
    ranked, further, excluded, shortfalls
        As in `dispatch.ranking.Ranking`.
    """

    target: Location
    road_m: float
    unreachable_share: float
    ranked: tuple[VillageUnit, ...]
    further: tuple[VillageUnit, ...]
    excluded: tuple[ExcludedUnit, ...]
    shortfalls: tuple[Shortfall, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VillageTimes:
    """Spread of the times of n units over the road of a village; -1 where a unit reaches none of it.

    Attributes
    ----------
    reached_mm
        (n,) millimetres of road that the unit reaches.
    mean_ms
        (n,) mean by length over that road, not rounded.
    min_ms, median_ms, p90_ms, max_ms
        (n,) whole milliseconds over that road.
    cost
        (n,) milliseconds times millimetres over all the road, with what is not reached counted as the module says:
        less is better.
    """

    reached_mm: IntArray
    mean_ms: FloatArray
    min_ms: IntArray
    median_ms: IntArray
    p90_ms: IntArray
    max_ms: IntArray
    cost: IntArray


def rank_units_for_village(
    *,
    target: Location,
    units: Sequence[Unit],
    road_s: FloatArray,
    length_m: FloatArray,
    settings: DispatchSettings,
    now: datetime,
    kind: str | None = None,
    capabilities: frozenset[str] = frozenset(),
    limit: int | None = None,
    standings: Sequence[Standing] | None = None,
) -> VillageRanking:
    """Rank units by when they can be expected in a village.

    Parameters
    ----------
    target
        A representative point of the village, for straight-line distances only.
    units
        All n units known, whatever their status.
    road_s
        (n, m) seconds without turnout from each unit to the middle of each piece of the village's road; infinite
        or NaN where no road leads there.
    length_m
        (m,) metres of each piece inside the village.
    settings, now, kind, capabilities, limit, standings
        As for `dispatch.ranking.rank_units`.

    Raises
    ------
    InputError
        A limit below 1, or the same unit given twice.
    ValueError
        Arrays that do not match in shape, negative times or lengths.
    """
    check_request(units, limit)
    if np.shape(road_s) != (len(units), len(length_m)):
        raise ValueError(f"times of shape {np.shape(road_s)} for {len(units)} units and {len(length_m)} pieces")
    if standings is None:
        standings = plain_standings(units, kind=kind, capabilities=capabilities, settings=settings, now=now)
    before_s = np.array([one.turnout_s + one.waiting_s for one in standings], dtype=np.float64)
    ms = whole_ms(road_s + before_s[:, None])
    mm = whole_mm(length_m)
    times = village_times(ms, mm)
    straight_m = straight_distances_m(units, standings, target)

    ready: list[int] = []
    excluded: list[ExcludedUnit] = []
    for row, unit in enumerate(units):
        why = standings[row].why
        reached = bool(times.reached_mm[row])
        if not reached:
            why = (*why, Exclusion.UNREACHABLE)
        if not why:
            ready.append(row)
            continue
        excluded.append(
            ExcludedUnit(
                unit=unit,
                why=why[0],
                also=why[1:],
                missing_capabilities=tuple(sorted(capabilities - unit.capabilities)),
                eta_s=float(times.mean_ms[row]) / 1000 if reached else None,
                straight_m=straight_m[row],
                fix_age_s=fix_age_s(unit, now),
            )
        )

    def straight_key(row: int) -> tuple[int, str]:
        return round(straight_m[row] * 100), units[row].unit_id

    by_road = sorted(ready, key=lambda row: (int(times.cost[row]), straight_key(row)))
    straight_rank = {row: rank for rank, row in enumerate(sorted(ready, key=straight_key), start=1)}
    first_mm, open_mm = first_arrivals(ms[by_road], mm)
    total_mm = int(mm.sum())
    ranked = tuple(
        VillageUnit(
            rank=rank,
            unit=units[row],
            turnout_s=standings[row].turnout_s,
            waiting_s=standings[row].waiting_s,
            mean_s=float(times.mean_ms[row]) / 1000,
            min_s=int(times.min_ms[row]) / 1000,
            median_s=int(times.median_ms[row]) / 1000,
            p90_s=int(times.p90_ms[row]) / 1000,
            max_s=int(times.max_ms[row]) / 1000,
            first_share=int(first_mm[rank - 1]) / open_mm,
            unreachable_share=(total_mm - int(times.reached_mm[row])) / total_mm,
            behind_s=float(times.mean_ms[row] - times.mean_ms[by_road[0]]) / 1000,
            straight_m=straight_m[row],
            straight_rank=straight_rank[row],
            fix_age_s=fix_age_s(units[row], now),
        )
        for rank, row in enumerate(by_road, start=1)
    )
    offered = len(ranked) if limit is None else limit
    return VillageRanking(
        target=target,
        road_m=total_mm / 1000,
        unreachable_share=(total_mm - open_mm) / total_mm if total_mm else 1.0,
        ranked=ranked[:offered],
        further=ranked[offered:],
        excluded=in_order_of_use(excluded),
        shortfalls=shortfalls(excluded, found=len(ranked[:offered]), limit=limit, kind=kind, capabilities=capabilities),
    )


def village_times(ms: IntArray, mm: IntArray) -> VillageTimes:
    """Spread of times over pieces of road.

    Parameters
    ----------
    ms
        (n, m) whole milliseconds from unit to piece, -1 where no road leads there.
    mm
        (m,) whole millimetres of each piece.
    """
    used = mm > 0
    ms, mm = ms[:, used], mm[used]
    if not mm.size:
        none = np.full(len(ms), -1, dtype=np.int64)
        return VillageTimes(
            reached_mm=np.zeros(len(ms), dtype=np.int64),
            mean_ms=none.astype(np.float64),
            min_ms=none,
            median_ms=none,
            p90_ms=none,
            max_ms=none,
            cost=np.zeros(len(ms), dtype=np.int64),
        )
    unreached_ms = round(UNREACHED_S * 1000)
    if int(mm.sum()) * max(int(ms.max(initial=0)), unreached_ms) > _MAX_PRODUCT:
        raise ValueError("village road times length exceeds 2**62 millisecond millimetres")

    reached = ms >= 0
    reached_mm = np.where(reached, mm, 0).sum(axis=1)
    max_ms = ms.max(axis=1)
    product = np.where(reached, ms * mm, 0).sum(axis=1)
    order = np.argsort(np.where(reached, ms, _NEVER), axis=1, kind="stable")
    sorted_ms = np.take_along_axis(ms, order, axis=1)
    cumulated_mm = np.cumsum(np.take_along_axis(np.where(reached, mm, 0), order, axis=1), axis=1)

    def quantile(share: tuple[int, int]) -> IntArray:
        part, whole = share
        at = np.argmax(cumulated_mm * whole >= reached_mm[:, None] * part, axis=1)
        return np.take_along_axis(sorted_ms, at[:, None], axis=1)[:, 0]

    return VillageTimes(
        reached_mm=reached_mm,
        mean_ms=np.where(reached_mm > 0, product / np.maximum(reached_mm, 1), -1.0),
        min_ms=sorted_ms[:, 0],
        median_ms=quantile(MEDIAN),
        p90_ms=quantile(P90),
        max_ms=max_ms,
        cost=product + (mm.sum() - reached_mm) * np.maximum(max_ms, unreached_ms),
    )


def first_arrivals(ms: IntArray, mm: IntArray) -> tuple[IntArray, int]:
    """Millimetres on which each row is first, and millimetres that any row reaches; ties go to the upper row.

    Parameters
    ----------
    ms, mm
        As for `village_times`, rows in order of rank.
    """
    if not len(ms):
        return np.zeros(0, dtype=np.int64), 0
    winner = np.argmin(np.where(ms >= 0, ms, _NEVER), axis=0)
    is_open = (ms >= 0).any(axis=0)
    first_mm = np.zeros(len(ms), dtype=np.int64)
    np.add.at(first_mm, winner[is_open], mm[is_open])
    return first_mm, int(mm[is_open].sum())


def whole_ms(seconds: FloatArray) -> IntArray:
    """Seconds as whole milliseconds, -1 where not finite."""
    finite = np.isfinite(seconds)
    if (seconds[finite] < 0).any():
        raise ValueError("a road time is negative")
    return np.where(finite, np.rint(np.where(finite, seconds, 0.0) * 1000), -1).astype(np.int64)


def whole_mm(length_m: FloatArray) -> IntArray:
    """Metres as whole millimetres."""
    metres = np.asarray(length_m, dtype=np.float64)
    if not np.isfinite(metres).all() or (metres < 0).any():
        raise ValueError("a length of road is negative or not finite")
    return np.rint(metres * 1000).astype(np.int64)
