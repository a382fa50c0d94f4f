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
    WRONG_AGENCY = "wrong_agency"
    MISSING_CAPABILITY = "missing_capability"
    ALREADY_SENT = "already_sent"
    OUT_OF_SERVICE = "out_of_service"
    OFF_DUTY = "off_duty"
    BUSY = "busy"
    STALE = "stale"
    FIX_IN_FUTURE = "fix_in_future"
    NO_LOCATION = "no_location"
    UNREACHABLE = "unreachable"


UNSUITABLE: Final = frozenset({Exclusion.WRONG_KIND, Exclusion.WRONG_AGENCY, Exclusion.MISSING_CAPABILITY})
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a unit stands to be sent, before any road is asked.

    Attributes
    ----------
    why
        What keeps it out, in the order of `Exclusion`; empty where it can be sent.
    turnout_s
        Seconds from the alarm to wheels rolling.
    waiting_s
        Seconds until it is free to turn out; 0 where it is free now.
    start
        Where it sets out from, where that is not its last fix.
    """

    why: tuple[Exclusion, ...]
    turnout_s: float
    waiting_s: float = 0.0
    start: Location | None = None


class ShortfallKind(StrEnum):
    """What is lacking. Down to `NONE_READY` they mean that no unit is ranked at all.

    `ONLY_LATER`: only with units that are not free yet. `ALL_BEYOND`: there are units, but each is farther than the
    time set; they are offered all the same.
    """

    NO_UNITS = "no_units"
    NONE_OF_KIND = "none_of_kind"
    NONE_OF_AGENCY = "none_of_agency"
    NONE_CAPABLE = "none_capable"
    ALL_OUT_OF_SERVICE = "all_out_of_service"
    ALL_OFF_DUTY = "all_off_duty"
    ALL_BUSY = "all_busy"
    ALL_STALE = "all_stale"
    ALL_UNREACHABLE = "all_unreachable"
    LOCATION_UNKNOWN = "location_unknown"
    NONE_READY = "none_ready"
    FEWER_THAN_ASKED = "fewer_than_asked"
    ONLY_LATER = "only_later"
    ALL_BEYOND = "all_beyond"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """What was asked for and cannot be met.

    Attributes
    ----------
    kind
        See `ShortfallKind`; `NONE_READY` is a mixture of the reasons above it.
    wanted, found
        Units asked for (1 where no number was given) and ranked; for `ONLY_LATER`, those that are free now.
    unit_kind
        The kind asked for, or None for any.
    capabilities
        Those asked for, sorted.
    limit_s, first_s
        For `ALL_BEYOND`, the time set and the first arrival, in seconds from now.
    """

    kind: ShortfallKind
    wanted: int
    found: int
    unit_kind: str | None
    capabilities: tuple[str, ...]
    limit_s: float | None = None
    first_s: float | None = None


def fix_age_s(unit: Unit, now: datetime) -> float | None:
    """Seconds since the fix; 0 for one ahead of our clock within tolerance, negative beyond, None if not known."""
    if unit.fix_time is None:
        return None
    age = now - unit.fix_time
    return 0.0 if -CLOCK_TOLERANCE <= age < timedelta(0) else age.total_seconds()


def straight_distances_m(units: Sequence[Unit], standings: Sequence[Standing], target: Location) -> list[float]:
    """Great-circle metres to the target from where each unit sets out."""
    starts = [standing.start or unit.location for unit, standing in zip(units, standings, strict=True)]
    lat, lon = [start.lat for start in starts], [start.lon for start in starts]
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


def plain_standings(
    units: Sequence[Unit], *, kind: str | None, capabilities: frozenset[str], settings: DispatchSettings, now: datetime
) -> list[Standing]:
    """Standings by what the units' own records say: no roster, and only available units are free."""
    return [
        Standing(
            why=exclusions(unit, kind=kind, capabilities=capabilities, settings=settings, now=now),
            turnout_s=settings.turnout_of(unit.kind),
        )
        for unit in units
    ]


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
    return shortfalls_of({one.why for one in excluded}, found=found, limit=limit, kind=kind, capabilities=capabilities)


def shortfalls_of(
    whys: set[Exclusion], *, found: int, limit: int | None, kind: str | None, capabilities: frozenset[str]
) -> tuple[Shortfall, ...]:
    """As `shortfalls`, from the first reasons of all that are excluded."""
    wanted = limit or 1
    if found >= wanted:
        return ()
    lacking = ShortfallKind.FEWER_THAN_ASKED if found else why_none(whys)
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


def why_none(whys: set[Exclusion]) -> ShortfallKind:
    """What is lacking when no unit can be sent, from the reasons of all units there are."""
    if not whys:
        return ShortfallKind.NO_UNITS
    if whys == {Exclusion.WRONG_KIND}:
        return ShortfallKind.NONE_OF_KIND
    if whys <= {Exclusion.WRONG_KIND, Exclusion.WRONG_AGENCY}:
        return ShortfallKind.NONE_OF_AGENCY
    if whys <= UNSUITABLE:
        return ShortfallKind.NONE_CAPABLE
    # A unit that is at this incident already is busy as far as a second one goes.
    suitable = {Exclusion.BUSY if why is Exclusion.ALREADY_SENT else why for why in whys - UNSUITABLE}
    return _WHY_ALL.get(suitable.pop(), ShortfallKind.NONE_READY) if len(suitable) == 1 else ShortfallKind.NONE_READY


_WHY_ALL: Final = {
    Exclusion.OUT_OF_SERVICE: ShortfallKind.ALL_OUT_OF_SERVICE,
    Exclusion.OFF_DUTY: ShortfallKind.ALL_OFF_DUTY,
    Exclusion.BUSY: ShortfallKind.ALL_BUSY,
    Exclusion.STALE: ShortfallKind.ALL_STALE,
    Exclusion.NO_LOCATION: ShortfallKind.LOCATION_UNKNOWN,
    Exclusion.UNREACHABLE: ShortfallKind.ALL_UNREACHABLE,
}
