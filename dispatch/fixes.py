"""Position fixes: what a device tells of its unit, and which of it is believed. Pure: no clock, no database.

Where a unit is now is a function of the newest fixes of its track alone, not of the order in which they came: the
store keeps the last `WINDOW` of them by time and `trusted` walks over them in time order. So a late, repeated or
batched delivery ends at the same place as an orderly one. A late fix goes into the history and never becomes the
current one, unless it shows that the newer fix was an impossible jump, or far poorer than itself.

- **Clock ahead.** A device time ahead of the server by more than the tolerance is not believed: the fix counts from
  the time it was received. `estimate_skew` tells a constant error of a device's clock from slow delivery.
- **Repeats.** The same device time of the same device is the same fix; whatever comes after the first changes nothing.
- **Jumps.** A fix that the unit could not have reached, given its kind's speed and both accuracies, is doubted until a
  second fix agrees with it.
- **Poor accuracy** is kept, and moves the unit only where nothing better is recent.
- Coordinates that cannot be (not numbers, out of range, the 0, 0 of a receiver without a fix) are refused.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntFlag
from types import MappingProxyType
from typing import Final

from dispatch.units import CLOCK_TOLERANCE
from gis.errors import N_, InputError
from gis.geodesy import EARTH_RADIUS_M
from gis.types import Location

WINDOW: Final = 20
"""Newest fixes of a unit that decide where it is."""

_ZERO_DEG: Final = 1e-4
_CLOCK_STEP_S: Final = 1.0
"""Clients round their times to whole seconds."""

_SKEW_SAMPLES: Final = 5
_SKEW_SPREAD_S: Final = 5.0


class FixFlag(IntFlag):
    """What is wrong with a fix; the numbers are stored, so they never change."""

    NONE = 0
    CLOCK_AHEAD = 1
    LATE = 2
    JUMP = 4
    POOR = 8
    INVALID = 16
    MOCK = 32

    @property
    def words(self) -> tuple[str, ...]:
        """The flags as words for JSON, such as `clock_ahead`."""
        return tuple(str(flag.name).lower() for flag in FixFlag if flag and flag in self)


NEVER_TRUSTED: Final = FixFlag.INVALID | FixFlag.MOCK
"""The device says itself that it is not there: kept in the history alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One position as a message gives it, in our units.

    Attributes
    ----------
    device_time
        When the device took it; None where it does not say.
    accuracy_m
        Radius of 68 % in metres; None where not known.
    heading_deg
        Clockwise from north.
    valid
        False where the device itself holds the position for wrong.
    mock
        True where the position was made up on the device.
    """

    location: Location
    device_time: datetime | None = None
    accuracy_m: float | None = None
    speed_kph: float | None = None
    heading_deg: float | None = None
    battery_percent: float | None = None
    valid: bool = True
    mock: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A tracker that was given a token; the token itself is not kept.

    Attributes
    ----------
    token_hash
        SHA-256 of the token, hexadecimal.
    kind
        Kind of its unit, which sets how fast it can be.
    """

    token_hash: str
    unit_id: str
    kind: str = ""
    label: str = ""

    @property
    def name(self) -> str:
        """Short name of the device in the history; tells nothing of the token."""
        return self.token_hash[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Where a unit was.

    Attributes
    ----------
    fix_time
        The time to count with: the device's, or the server's where the device's clock is ahead.
    device_time
        As the device said.
    source
        The protocol it came by.
    """

    unit_id: str
    location: Location
    fix_time: datetime
    device_time: datetime
    received_at: datetime
    device: str
    source: str
    accuracy_m: float | None = None
    speed_kph: float | None = None
    heading_deg: float | None = None
    battery_percent: float | None = None
    flags: FixFlag = FixFlag.NONE

    @property
    def key(self) -> tuple[datetime, str]:
        """What makes a fix the same as another of its unit."""
        return self.device_time, self.device

    @property
    def order(self) -> tuple[datetime, datetime, str]:
        """Place of the fix in its unit's track."""
        return self.fix_time, self.device_time, self.device


@dataclass(frozen=True, slots=True, kw_only=True)
class FixRules:
    """Limits of the screening.

    Attributes
    ----------
    clock_tolerance
        A device may be this far ahead of the server.
    poor_accuracy_m
        A fix with a larger radius is flagged and gives way to a better one.
    poor_after
        A poor fix moves the unit once the better one is older than this.
    assumed_accuracy_m
        Radius of fixes that name none.
    speed_limit_kph
        How fast a kind of unit can be; assumptions of this project, set high so that only the impossible is doubted.
    default_speed_limit_kph
        The same for kinds not named.
    """

    clock_tolerance: timedelta = CLOCK_TOLERANCE
    poor_accuracy_m: float = 200.0
    poor_after: timedelta = timedelta(seconds=120)
    assumed_accuracy_m: float = 50.0
    speed_limit_kph: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"boat": 110.0, "helicopter": 330.0})
    )
    default_speed_limit_kph: float = 200.0

    def can_move(self, kind: str, start: Fix, end: Fix) -> bool:
        """Whether a unit of a kind can have gone from one fix to the other."""
        limit_kph = self.speed_limit_kph.get(kind, self.default_speed_limit_kph)
        seconds = abs((end.fix_time - start.fix_time).total_seconds()) + _CLOCK_STEP_S
        allowed_m = limit_kph / 3.6 * seconds + self._radius_m(start) + self._radius_m(end)
        return _distance_m(start.location, end.location) <= allowed_m

    def _radius_m(self, fix: Fix) -> float:
        return self.assumed_accuracy_m if fix.accuracy_m is None else fix.accuracy_m


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """What is kept of a unit to judge its next fix.

    Attributes
    ----------
    recent
        Its newest fixes that may be trusted, oldest first, at most `WINDOW`.
    current
        The one of them that tells where the unit is.
    """

    recent: tuple[Fix, ...] = ()
    current: Fix | None = None


def checked_location(lat: float, lon: float) -> Location:
    """The location of two numbers that a device sent.

    Raises
    ------
    InputError
        They are no numbers, out of range, or the 0, 0 that a receiver sends before it has found its satellites.
    """
    location = Location(lat=lat, lon=lon)
    if abs(lat) < _ZERO_DEG and abs(lon) < _ZERO_DEG:
        raise InputError(
            N_(
                "The position 0, 0 lies in the Gulf of Guinea: the receiver had no fix; send the position "
                "once it has one."
            )
        )
    return location


def fixes_of(
    readings: Sequence[Reading], device: Device, *, source: str, received_at: datetime, rules: FixRules
) -> tuple[Fix, ...]:
    """The fixes of one delivery, with the flags that need no history.

    Where the device's clock is ahead, the newest fix is taken to be of now; readings of the same delivery keep their
    distance to it, unless they are a day ahead or more: that is no wrong zone but a broken clock, and only the
    readings that show it are set to now.
    """
    times = [reading.device_time or received_at for reading in readings]
    ahead = max((time - received_at for time in times), default=timedelta())
    shifted = rules.clock_tolerance < ahead < timedelta(days=1)
    fixes = []
    for reading, time in zip(readings, times, strict=True):
        wrong = shifted or time - received_at > rules.clock_tolerance
        flags = FixFlag.CLOCK_AHEAD if wrong else FixFlag.NONE
        if reading.accuracy_m is not None and reading.accuracy_m > rules.poor_accuracy_m:
            flags |= FixFlag.POOR
        if not reading.valid:
            flags |= FixFlag.INVALID
        if reading.mock:
            flags |= FixFlag.MOCK
        fixes.append(
            Fix(
                unit_id=device.unit_id,
                location=reading.location,
                fix_time=time - ahead if shifted else received_at if wrong else time,
                device_time=time,
                received_at=received_at,
                device=device.name,
                source=source,
                accuracy_m=reading.accuracy_m,
                speed_kph=reading.speed_kph,
                heading_deg=reading.heading_deg,
                battery_percent=reading.battery_percent,
                flags=flags,
            )
        )
    return tuple(fixes)


def join(track: Track, fixes: Sequence[Fix], *, kind: str, rules: FixRules) -> tuple[Track, tuple[Fix, ...]]:
    """Add fixes to a unit's track.

    Returns
    -------
    tuple
        The track after them, and the fixes that were new to it, in the order given, with all their flags.
    """
    known = {fix.key for fix in track.recent}
    newest = track.recent[-1].fix_time if track.recent else None
    fresh: list[Fix] = []
    for fix in fixes:
        if fix.key in known:
            continue
        known.add(fix.key)
        late = newest is not None and fix.fix_time < newest
        fresh.append(replace(fix, flags=fix.flags | FixFlag.LATE) if late else fix)
        if not fix.flags & NEVER_TRUSTED:
            newest = fix.fix_time if newest is None else max(newest, fix.fix_time)
    if not fresh:
        return track, ()

    candidates = [fix for fix in fresh if not fix.flags & NEVER_TRUSTED]
    ordered = sorted((*track.recent, *candidates), key=lambda fix: fix.order)
    _, doubted = trusted(ordered, kind=kind, rules=rules)
    flagged = {fix.key: replace(fix, flags=fix.flags | FixFlag.JUMP) for fix in candidates if fix.key in doubted}
    recent = tuple(flagged.get(fix.key, fix) for fix in ordered[-WINDOW:])
    current, _ = trusted(recent, kind=kind, rules=rules)
    return Track(recent=recent, current=current), tuple(flagged.get(fix.key, fix) for fix in fresh)


def trusted(
    ordered: Sequence[Fix], *, kind: str, rules: FixRules
) -> tuple[Fix | None, Collection[tuple[datetime, str]]]:
    """The fix that tells where the unit is, and the keys of those that were doubted.

    Parameters
    ----------
    ordered
        Fixes in the order of their times. The first is believed, for there is nothing to judge it by.
    kind
        Kind of the unit.
    rules
        Limits.
    """
    current: Fix | None = None
    pending: Fix | None = None
    doubted: set[tuple[datetime, str]] = set()
    for fix in ordered:
        if current is None:
            current = fix
        elif _gives_way(fix, current, rules):
            continue
        elif rules.can_move(kind, current, fix) or (pending is not None and rules.can_move(kind, pending, fix)):
            current, pending = fix, None
        else:
            pending = fix
            doubted.add(fix.key)
    return current, doubted


def _gives_way(fix: Fix, current: Fix, rules: FixRules) -> bool:
    poorer = FixFlag.POOR in fix.flags and FixFlag.POOR not in current.flags
    return poorer and fix.fix_time - current.fix_time <= rules.poor_after


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSkew:
    """How far a device's clock is off.

    Attributes
    ----------
    seconds
        Ahead of the server where positive. Of a clock behind, the time of delivery cannot be told apart: it is at
        most this much behind.
    steady
        Whether most deliveries agree: a wrong clock, where an unsteady one may only be slow delivery.
    """

    device: str
    unit_id: str
    seconds: float
    samples: int
    steady: bool


def estimate_skew(fixes: Sequence[Fix]) -> ClockSkew | None:
    """The skew of one device from its fixes; None where there are too few.

    Delivery only ever makes a fix look older, so the quickest one tells most.
    """
    ahead_s = sorted((fix.device_time - fix.received_at).total_seconds() for fix in fixes)
    if len(ahead_s) < _SKEW_SAMPLES:
        return None
    most, middle = ahead_s[-1], ahead_s[len(ahead_s) // 2]
    return ClockSkew(
        device=fixes[0].device,
        unit_id=fixes[0].unit_id,
        seconds=most,
        samples=len(ahead_s),
        steady=most - middle <= _SKEW_SPREAD_S,
    )


def _distance_m(one: Location, other: Location) -> float:
    """Great-circle distance; as `gis.geodesy.distance_m`, an order quicker for one pair."""
    phi1, phi2 = math.radians(one.lat), math.radians(other.lat)
    h = (
        math.sin((phi2 - phi1) / 2) ** 2
        + math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(other.lon - one.lon) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(h, 1.0)))
