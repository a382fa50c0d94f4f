"""Which units may be sent at all, and which shortfall is left when they are not enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from dispatch.settings import DispatchSettings
from dispatch.types import Unit, UnitStatus
from dispatch.units import CLOCK_TOLERANCE
from gis.errors import InputError
from gis.geodesy import distance_m
from gis.types import Location


class Exclusion(StrEnum):
    """Why a unit is not ranked; where several hold, the first in this order is the one given."""

    WRONG_KIND = "wrong_kind"
    MISSING_CAPABILITY = "missing_capability"
    OUT_OF_SERVICE = "out_of_service"
    BUSY = "busy"
    STALE = "stale"
    FIX_IN_FUTURE = "fix_in_future"
    UNREACHABLE = "unreachable"


UNSUITABLE: Final = frozenset({Exclusion.WRONG_KIND, Exclusion.MISSING_CAPABILITY})
"""Exclusions that hold whatever the hour: the unit is not what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedUnit:
    """A unit that is not ranked, with what would hold if it were.

    Attributes
    ----------
    unit
        The unit.
    why
        What keeps it out.
    also
        What else would, in the order of `Exclusion`.
    missing_capabilities
        Of those asked for, sorted.
    eta_s
        Turnout and travel from its last fix, were it sent now; None where no road leads to the target. For a
        village, the mean over the road it reaches.
    straight_m
        Great-circle metres from its last fix to the target.
    fix_age_s
        Age of the fix; None where it is not known (parked at its post). Negative for `FIX_IN_FUTURE`.
    """

    unit: Unit
    why: Exclusion
    also: tuple[Exclusion, ...]
    missing_capabilities: tuple[str, ...]
    eta_s: float | None
    straight_m: float
    fix_age_s: float | None


class ShortfallKind(StrEnum):
    """What is lacking. All but the last mean that no unit is ranked at all."""

    NO_UNITS = "no_units"
    NONE_OF_KIND = "none_of_kind"
    NONE_CAPABLE = "none_capable"
    ALL_OUT_OF_SERVICE = "all_out_of_service"
    ALL_BUSY = "all_busy"
    ALL_STALE = "all_stale"
    ALL_UNREACHABLE = "all_unreachable"
    NONE_READY = "none_ready"
    FEWER_THAN_ASKED = "fewer_than_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """What was asked for and cannot be met.

    Attributes
    ----------
    kind
        See `ShortfallKind`; `NONE_READY` is a mixture of the reasons above it.
    wanted, found
        Units asked for (1 where no number was given) and ranked.
    unit_kind
        The kind asked for, or None for any.
    capabilities
        Those asked for, sorted.
    """

    kind: ShortfallKind
    wanted: int
    found: int
    unit_kind: str | None
    capabilities: tuple[str, ...]


def fix_age_s(unit: Unit, now: datetime) -> float | None:
    """Seconds since the fix; 0 for one ahead of our clock within tolerance, negative beyond, None if not known."""
    if unit.fix_time is None:
        return None
    age = now - unit.fix_time
    return 0.0 if -CLOCK_TOLERANCE <= age < timedelta(0) else age.total_seconds()


def straight_distances_m(units: Sequence[Unit], target: Location) -> list[float]:
    """Great-circle metres from each unit's fix to the target."""
    lat = [unit.location.lat for unit in units]
    lon = [unit.location.lon for unit in units]
    metres: list[float] = distance_m(lat, lon, target.lat, target.lon).tolist()
    return metres


def exclusions(
    unit: Unit, *, kind: str | None, capabilities: frozenset[str], settings: DispatchSettings, now: datetime
) -> tuple[Exclusion, ...]:
    """What keeps a unit from being sent, roads apart, in the order of `Exclusion`."""
    age_s = fix_age_s(unit, now)
    holds = {
        Exclusion.WRONG_KIND: kind is not None and unit.kind != kind,
        Exclusion.MISSING_CAPABILITY: not capabilities <= unit.capabilities,
        Exclusion.OUT_OF_SERVICE: unit.status is UnitStatus.OUT_OF_SERVICE,
        Exclusion.BUSY: unit.status not in (UnitStatus.AVAILABLE, UnitStatus.OUT_OF_SERVICE),
        Exclusion.STALE: age_s is not None and age_s > settings.stale_after_s,
        Exclusion.FIX_IN_FUTURE: age_s is not None and age_s < 0,
    }
    return tuple(exclusion for exclusion, true in holds.items() if true)


def in_order_of_use(excluded: Sequence[ExcludedUnit]) -> tuple[ExcludedUnit, ...]:
    """What was asked for first, then by ETA (unreachable last), straight distance and id."""
    return tuple(
        sorted(
            excluded,
            key=lambda one: (
                one.why in UNSUITABLE,
                one.eta_s is None,
                round((one.eta_s or 0.0) * 1000),
                round(one.straight_m * 100),
                one.unit.unit_id,
            ),
        )
    )


def shortfalls(
    excluded: Sequence[ExcludedUnit],
    *,
    found: int,
    limit: int | None,
    kind: str | None,
    capabilities: frozenset[str],
) -> tuple[Shortfall, ...]:
    """At most one shortfall: why none is ranked, or that fewer are than were asked for."""
    wanted = limit or 1
    if found >= wanted:
        return ()
    lacking = ShortfallKind.FEWER_THAN_ASKED if found else _why_none({one.why for one in excluded})
    return (
        Shortfall(kind=lacking, wanted=wanted, found=found, unit_kind=kind, capabilities=tuple(sorted(capabilities))),
    )


def check_request(units: Sequence[Unit], limit: int | None) -> None:
    """Refuse a ranking that cannot mean anything.

    Raises
    ------
    InputError
        A limit below 1, or the same unit given twice.
    """
    if limit is not None and limit < 1:
        raise InputError(f"The number of units must be 1 or more, not {limit}.")
    seen: set[str] = set()
    for unit in units:
        if unit.unit_id in seen:
            raise InputError(f"Unit {unit.unit_id} is given twice; give every unit its own id.")
        seen.add(unit.unit_id)


def _why_none(whys: set[Exclusion]) -> ShortfallKind:
    if not whys:
        return ShortfallKind.NO_UNITS
    if whys == {Exclusion.WRONG_KIND}:
        return ShortfallKind.NONE_OF_KIND
    if whys <= UNSUITABLE:
        return ShortfallKind.NONE_CAPABLE
    suitable = whys - UNSUITABLE
    return _WHY_ALL.get(suitable.pop(), ShortfallKind.NONE_READY) if len(suitable) == 1 else ShortfallKind.NONE_READY


_WHY_ALL: Final = {
    Exclusion.OUT_OF_SERVICE: ShortfallKind.ALL_OUT_OF_SERVICE,
    Exclusion.BUSY: ShortfallKind.ALL_BUSY,
    Exclusion.STALE: ShortfallKind.ALL_STALE,
    Exclusion.UNREACHABLE: ShortfallKind.ALL_UNREACHABLE,
}
