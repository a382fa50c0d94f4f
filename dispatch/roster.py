"""Who is on duty: shifts by weekday and local time, which may cross midnight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Weekdays as they are written, Monday first."""

EVERY_DAY: Final = frozenset(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Hours of duty that begin on some weekdays.

    Attributes
    ----------
    days
        Weekdays on which the shift begins, 0 (Monday) to 6.
    start, end
        Local wall-clock times. The shift lasts from `start` up to, and not including, `end`; an end that is not
        later than the start is that of the next day, so equal times are 24 hours.
    """

    days: frozenset[int]
    start: time
    end: time

    def __post_init__(self) -> None:
        if not self.days or not self.days <= EVERY_DAY:
            raise ValueError(f"days of a shift are numbers from 0 (Monday) to 6, not {sorted(self.days)}")
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("times of a shift are local and carry no time zone")

    @property
    def crosses_midnight(self) -> bool:
        """Whether it ends on the day after the one it begins on."""
        return self.end <= self.start

    def covers(self, local: datetime) -> bool:
        """Whether a local time falls into it."""
        clock = local.time()
        if not self.crosses_midnight:
            return local.weekday() in self.days and self.start <= clock < self.end
        yesterday = (local - timedelta(days=1)).weekday()
        return (local.weekday() in self.days and clock >= self.start) or (yesterday in self.days and clock < self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The shifts of some units, by their call signs."""

    roster_id: str
    units: tuple[str, ...]
    shifts: tuple[Shift, ...]


def on_duty(roster: Sequence[Shift], at: datetime, timezone: ZoneInfo) -> bool:
    """Whether a crew with these shifts is on duty.

    Parameters
    ----------
    roster
        Its shifts; without any it is always on duty.
    at
        The time, with its zone.
    timezone
        Zone of the shifts' wall-clock times.

    Raises
    ------
    ValueError
        A time without a zone.
    """
    if at.tzinfo is None:
        raise ValueError("the time of a question to the roster needs its zone")
    local = at.astimezone(timezone).replace(tzinfo=None)
    return not roster or any(shift.covers(local) for shift in roster)
