"""The records of `dispatch` that rank units for a location."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gis.types import Location
from routing.types import DrivingTime


class UnitStatus(StrEnum):
    """Where a unit stands in its round of work."""

    AVAILABLE = "available"
    DISPATCHED = "dispatched"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    TRANSPORTING = "transporting"
    AT_HOSPITAL = "at_hospital"
    RETURNING = "returning"
    OUT_OF_SERVICE = "out_of_service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A vehicle with its crew.

    Attributes
    ----------
    unit_id
        Call sign, unique.
    kind
        `ambulance`, `fire_engine`, …: free words, lower case, in the region's settings.
    agency
        Who runs it.
    status
        See `UnitStatus`; only `AVAILABLE` units are ranked.
    location
        The last position fix.
    fix_time
        When the fix was taken, UTC, or None where it is not known (a parked unit at its station).
    capabilities
        Words such as `als` or `rescue`.
    """

    unit_id: str
    kind: str
    agency: str
    status: UnitStatus
    location: Location
    fix_time: datetime | None
    capabilities: frozenset[str]


class TravelTimes(Protocol):
    """What `dispatch` knows of roads: one question, asked once per incident for all units."""

    def times_to(self, target: Location, origins: Sequence[Location]) -> Sequence[DrivingTime]:
        """Exact road times from every origin to the target, in the order of the origins."""
        ...
