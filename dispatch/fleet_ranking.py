"""The ranking of a whole fleet as a server needs it: the same as `dispatch.ranking.rank_units`, in arrays.

Every answer is for hundreds of units of which a dispatcher reads the first few; so all are compared as columns, and
only those that are shown become records. `rank_units` is its plain twin, and tests hold one to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from dispatch.policies import CLOSEST_BY_LINE, CLOSEST_BY_ROAD
from dispatch.ranking import Candidate, EtaPart, RankedUnit, ranked_units
from dispatch.screening import UNSUITABLE, ExcludedUnit, Exclusion, Shortfall, check_request, fix_age_s, shortfalls_of
from dispatch.settings import DispatchSettings
from dispatch.types import Unit, UnitStatus
from dispatch.units import CLOCK_TOLERANCE
from gis.geodesy import distance_m
from gis.types import Location

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_WHYS: Final = (
    Exclusion.WRONG_KIND,
    Exclusion.MISSING_CAPABILITY,
    Exclusion.OUT_OF_SERVICE,
    Exclusion.BUSY,
    Exclusion.STALE,
    Exclusion.FIX_IN_FUTURE,
    Exclusion.UNREACHABLE,
)
_UNSUITABLE: Final = np.array([one in UNSUITABLE for one in _WHYS])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FleetColumns:
    """Units (n) as columns, made once for as long as none of them changes.

    Attributes
    ----------
    units
        The records.
    by_id
        (n,) rows in the order of the units' ids.
    lat, lon
        (n,) degrees.
    turnout_s
        (n,) from the alarm to wheels rolling.
    fix_us, fix_known
        (n,) microseconds since 1970 of the position fix, where it is known.
    out_of_service, busy
        (n,) by their status.
    """

    units: tuple[Unit, ...]
    by_id: IntArray
    lat: FloatArray
    lon: FloatArray
    turnout_s: FloatArray
    fix_us: IntArray
    fix_known: BoolArray
    out_of_service: BoolArray
    busy: BoolArray

    @classmethod
    def of(cls, units: Sequence[Unit], settings: DispatchSettings) -> FleetColumns:
        """Columns of units.

        Raises
        ------
        InputError
            The same unit given twice.
        """
        check_request(units, None)
        ids = [unit.unit_id for unit in units]
        fixes = [unit.fix_time for unit in units]
        ready = np.array([unit.status is UnitStatus.AVAILABLE for unit in units], dtype=np.bool_)
        out = np.array([unit.status is UnitStatus.OUT_OF_SERVICE for unit in units], dtype=np.bool_)
        return cls(
            units=tuple(units),
            by_id=np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64),
            lat=np.array([unit.location.lat for unit in units], dtype=np.float64),
            lon=np.array([unit.location.lon for unit in units], dtype=np.float64),
            turnout_s=np.array([settings.turnout_of(unit.kind) for unit in units], dtype=np.float64),
            fix_us=np.array([0 if one is None else (one - _EPOCH) // _MICROSECOND for one in fixes], dtype=np.int64),
            fix_known=np.array([one is not None for one in fixes], dtype=np.bool_),
            out_of_service=out,
            busy=~ready & ~out,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstUnits:
    """The first units for a location.

    Attributes
    ----------
    target
        The location asked for.
    ranked
        The first units, as many as were asked for.
    further
        How many more can be sent.
    excluded
        Those that cannot be sent, in the order of `dispatch.ranking.Ranking`, as many as were asked for.
    excluded_further
        How many more cannot.
    shortfalls
        As there.
    """

    target: Location
    ranked: tuple[RankedUnit, ...]
    further: int
    excluded: tuple[ExcludedUnit, ...]
    excluded_further: int
    shortfalls: tuple[Shortfall, ...]


def rank_fleet(
    *,
    target: Location,
    fleet: FleetColumns,
    reach_road_s: FloatArray,
    driving_s: FloatArray,
    last_s: FloatArray,
    settings: DispatchSettings,
    now: datetime,
    kind: str | None = None,
    capabilities: frozenset[str] = frozenset(),
    limit: int | None = None,
    most_ranked: int | None = None,
    most_excluded: int | None = None,
) -> FirstUnits:
    """Rank a fleet by when its units reach a location, as `dispatch.ranking.rank_units` does.

    Parameters
    ----------
    target
        Where help is needed.
    fleet
        All units known, whatever their status.
    reach_road_s, driving_s, last_s
        (n,) road times to the target; `driving_s` is infinite where no road leads there.
    settings, now, kind, capabilities, limit
        As there.
    most_ranked, most_excluded
        How many of the units offered, and of the excluded ones, to give; None for all.

    Raises
    ------
    InputError
        A limit below 1.
    ValueError
        Times that do not match the units in number, or that are no numbers.
    """
    check_request((), limit)
    parts_s = reach_road_s + driving_s + last_s
    if parts_s.shape != fleet.lat.shape:
        raise ValueError(f"there are {len(parts_s)} times for {len(fleet.units)} units")
    if np.isnan(parts_s).any():
        raise ValueError("a road time is not a number; infinity says unreachable")
    eta_s = fleet.turnout_s + _rounded_s(parts_s)
    reached = np.isfinite(eta_s)
    eta_ms = np.rint(np.where(reached, eta_s, 0.0) * 1000).astype(np.int64)
    straight_m = distance_m(fleet.lat, fleet.lon, target.lat, target.lon)
    straight_cm = np.rint(straight_m * 100).astype(np.int64)
    holds = _exclusions(fleet, reached, kind=kind, capabilities=capabilities, settings=settings, now=now)
    is_out: BoolArray = np.asarray(holds.any(axis=0))

    def candidate(row: int) -> Candidate:
        return Candidate(
            unit=fleet.units[row],
            eta_s=float(eta_s[row]),
            parts={
                EtaPart.DRIVING: float(driving_s[row]),
                EtaPart.TURNOUT: float(fleet.turnout_s[row]),
                EtaPart.REACH_ROAD: float(reach_road_s[row]),
                EtaPart.LAST_METRES: float(last_s[row]),
                EtaPart.WAITING: 0.0,
            },
            straight_m=float(straight_m[row]),
        )

    rows = fleet.by_id[~is_out[fleet.by_id]]
    nothing_lost = np.zeros(len(rows))
    by_road = CLOSEST_BY_ROAD.order(eta_ms[rows], straight_cm[rows], nothing_lost)
    by_line = CLOSEST_BY_LINE.order(eta_ms[rows], straight_cm[rows], nothing_lost)
    straight_rank = np.empty(len(rows), dtype=np.int64)
    straight_rank[by_line] = np.arange(1, len(rows) + 1)
    offered = len(rows) if limit is None else min(limit, len(rows))
    # The second is looked at even where the first alone is asked for: it is what he is held against.
    told = offered if most_ranked is None else min(offered, most_ranked)
    first = by_road[: max(told, 2)]
    ranked = ranked_units(
        [candidate(row) for row in rows[first].tolist()],
        straight_rank[first].tolist(),
        [candidate(row) for row in rows[by_line[:1]].tolist()],
        now,
        limit=told,
    )
    excluded = fleet.by_id[is_out[fleet.by_id]]
    why = holds.argmax(axis=0)
    excluded = excluded[
        np.lexsort((straight_cm[excluded], eta_ms[excluded], ~reached[excluded], _UNSUITABLE[why[excluded]]))
    ]
    shown = excluded if most_excluded is None else excluded[:most_excluded]
    return FirstUnits(
        target=target,
        ranked=ranked,
        further=len(rows) - told,
        excluded=tuple(
            _excluded(fleet.units[row], holds[:, row], eta_s[row], straight_m[row], capabilities, now)
            for row in shown.tolist()
        ),
        excluded_further=len(excluded) - len(shown),
        shortfalls=shortfalls_of(
            {_WHYS[one] for one in np.unique(why[excluded]).tolist()},
            found=offered,
            limit=limit,
            kind=kind,
            capabilities=capabilities,
        ),
    )


def _rounded_s(seconds: FloatArray) -> FloatArray:
    """To the millisecond by Python's own rounding, as `DrivingTime.total_s` has it; infinity stays.

    What lies near the middle between two milliseconds (no sum of whole ones does) is left to Python itself.
    """
    ms = np.where(np.isfinite(seconds), seconds, 0.0) * 1000.0
    whole = np.rint(ms)
    rounded: FloatArray = np.where(np.isfinite(seconds), whole / 1000.0, seconds)
    for row in np.flatnonzero(np.abs(ms - whole) > 0.499).tolist():
        rounded[row] = round(float(seconds[row]), 3)
    return rounded


def _exclusions(
    fleet: FleetColumns,
    reached: BoolArray,
    *,
    kind: str | None,
    capabilities: frozenset[str],
    settings: DispatchSettings,
    now: datetime,
) -> BoolArray:
    """(`_WHYS`, n) what keeps each unit from being sent."""
    holds = np.zeros((len(_WHYS), len(fleet.units)), dtype=np.bool_)
    if kind is not None:
        holds[0] = [unit.kind != kind for unit in fleet.units]
    if capabilities:
        holds[1] = [not capabilities <= unit.capabilities for unit in fleet.units]
    age_us = (now - _EPOCH) // _MICROSECOND - fleet.fix_us
    holds[2], holds[3] = fleet.out_of_service, fleet.busy
    holds[4] = fleet.fix_known & (age_us / 1e6 > settings.stale_after_s)
    holds[5] = fleet.fix_known & (age_us < -(CLOCK_TOLERANCE // _MICROSECOND))
    holds[6] = ~reached
    return holds


def _excluded(
    unit: Unit,
    holds: BoolArray,
    eta_s: float,
    straight_m: float,
    capabilities: frozenset[str],
    now: datetime,
) -> ExcludedUnit:
    whys = [why for why, true in zip(_WHYS, holds.tolist(), strict=True) if true]
    return ExcludedUnit(
        unit=unit,
        why=whys[0],
        also=tuple(whys[1:]),
        missing_capabilities=tuple(sorted(capabilities - unit.capabilities)),
        eta_s=float(eta_s) if np.isfinite(eta_s) else None,
        straight_m=float(straight_m),
        fix_age_s=fix_age_s(unit, now),
    )
