"""The records of closed roads: what is closed from when to when, why, and whom that cuts off.

Whether a closure is in force is a matter of the clock alone (`is_in_force`), so no event has to say that its time has
come or is over, and a replay a year later finds the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispatch.incidents import TextRef
from routing.types import RoadSelector


class ClosureReason(StrEnum):
    """Why a road is closed."""

    FLOOD = "flood"
    ACCIDENT = "accident"
    ROADWORKS = "roadworks"
    BRIDGE = "bridge"
    EVENT = "event"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Roads closed to all units for a time.

    Attributes
    ----------
    closure_id
        Such as `R261124-002`: local date and number of the day.
    reason
        Why.
    selector
        How the roads were chosen.
    digest
        Of the document that holds the edges.
    edge_count, length_m
        Directed edges closed, and metres of road.
    streets
        Names of the streets, the longest first; not all where there are many.
    note
        Where what was written about it is kept.
    author
        Who closed it.
    starts_at, ends_at
        From when, and until when (None: until it is reopened).
    created_at
        When it was reported.
    scenario
        Name of the scenario that it belongs to, if any.
    reopened_at, reopened_by
        When it was reopened by hand, and by whom.
    version
        Grows with every change.
    """

    closure_id: str
    reason: ClosureReason
    selector: RoadSelector
    digest: str
    edge_count: int
    length_m: float
    streets: tuple[str, ...]
    author: str
    starts_at: datetime
    created_at: datetime
    ends_at: datetime | None = None
    note: TextRef | None = None
    scenario: str | None = None
    reopened_at: datetime | None = None
    reopened_by: str | None = None
    version: int = 1

    def is_over(self, now: datetime) -> bool:
        """Whether it was reopened or its time is over."""
        return self.reopened_at is not None or (self.ends_at is not None and self.ends_at <= now)

    def is_in_force(self, now: datetime) -> bool:
        """Whether its roads are closed at a time."""
        return self.starts_at <= now and not self.is_over(now)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureInForce:
    """A closure as a recommendation was made under it; `ClosureNote` of the log, free of what may change.

    Attributes
    ----------
    streets
        Names of the streets closed.
    edge_count
        Directed edges.
    """

    closure_id: str
    reason: ClosureReason
    streets: tuple[str, ...]
    edge_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageCutOff:
    """A village of which some or all roads cannot be driven to.

    Attributes
    ----------
    code, name, kecamatan
        The village.
    share
        Part of its roads, 0 to 1.
    people
        Its population times that share; None where nobody counted it.
    profiles
        Vehicle profiles that cannot drive to them, where others in use can (a closure may leave a way that is too
        narrow for a fire engine); empty where none can.
    """

    code: str
    name: str
    kecamatan: str
    share: float
    people: int | None
    profiles: tuple[str, ...] = ()

    def is_more_than(self, other: VillageCutOff) -> bool:
        """Whether more of its roads are out of reach, or as many for more vehicles."""
        if bool(self.profiles) == bool(other.profiles):
            return self.share > other.share or bool(set(self.profiles) - set(other.profiles))
        return not self.profiles


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """Who is cut off as things stand.

    Attributes
    ----------
    at
        Since when it is so.
    closure_ids
        Closures in force, sorted.
    villages
        By code.
    """

    at: datetime
    closure_ids: tuple[str, ...]
    villages: tuple[VillageCutOff, ...]

    @property
    def people(self) -> int:
        """Of all villages."""
        return sum(one.people or 0 for one in self.villages)
