"""What a router answers with: arrays in the order of what was asked, and the same as records."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gis.types import Location
from routing.metric import MS_PER_S
from routing.network import Float64Array, Int32Array
from routing.position import Positions
from routing.search import NEVER_MS, Pinned, Search
from routing.types import DrivingTime, RoadAccess


@dataclass(frozen=True, kw_only=True, eq=False)
class PinnedOrigins:
    """Origins (n) snapped once, for one router and any number of targets.

    Attributes
    ----------
    locations, access
        What was asked, and where each meets the roads; it stands at the first snap.
    positions, pinned, search
        The same for the search, and the search that it is for: a router that has another meets the roads anew.
    reach_road_ms
        (n,) milliseconds from each origin to its road.
    labels
        Components to which the origins can drive at once.
    lat, lon
        (n,) degrees.
    """

    locations: tuple[Location, ...]
    access: tuple[RoadAccess, ...]
    positions: Positions
    pinned: Pinned
    search: Search
    reach_road_ms: Float64Array
    labels: frozenset[int]
    lat: Float64Array
    lon: Float64Array

    def __len__(self) -> int:
        return len(self.locations)


@dataclass(frozen=True, kw_only=True, eq=False)
class TargetTimes:
    """Where the target meets the roads, and the time from each origin (n), in their order.

    Attributes
    ----------
    access
        Of the target.
    reach_road_ms, driving_ms, last_ms
        (n,) whole milliseconds of the parts; `driving_ms` is infinite where no road leads there.
    """

    access: RoadAccess
    reach_road_ms: Float64Array
    driving_ms: Float64Array
    last_ms: Float64Array

    @cached_property
    def seconds(self) -> Float64Array:
        """(n,) seconds door to door; NaN where no road leads there."""
        total_ms = self.reach_road_ms + self.driving_ms + self.last_ms
        return np.where(np.isfinite(total_ms), total_ms / MS_PER_S, np.nan)

    @cached_property
    def times(self) -> list[DrivingTime]:
        """The same as records."""
        parts = (self.reach_road_ms.tolist(), self.driving_ms.tolist(), self.last_ms.tolist())
        return [driving_time(*each) for each in zip(*parts, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimeMatrix:
    """Times from n origins to m targets.

    Attributes
    ----------
    seconds
        (n, m) whole seconds and milliseconds, door to door; NaN where no road leads there.
    reachable
        (n, m) False where `seconds` is NaN.
    """

    seconds: Float64Array
    reachable: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NodeTimes:
    """Times from n origins to all N nodes of the network, reaching the road and driving.

    Attributes
    ----------
    ms
        (n, N) whole milliseconds; `NEVER_MS` where no road leads there (or none within the limit asked for).
    """

    ms: Int32Array

    @property
    def seconds(self) -> Float64Array:
        """(n, N) seconds; NaN where no road leads there."""
        return node_seconds(self.ms)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NearestOrigins:
    """Which of some origins is at each of the N nodes first.

    Attributes
    ----------
    seconds
        (N,) seconds, reaching the road and driving; NaN where none gets there.
    origin
        (N,) index of the origin, of equal ones the lowest; -1 where none gets there.
    """

    seconds: Float64Array
    origin: Int32Array


def node_seconds(ms: Int32Array) -> Float64Array:
    """Seconds of whole milliseconds; NaN for `NEVER_MS`."""
    return np.where(ms < NEVER_MS, ms / MS_PER_S, np.nan)


def driving_time(reach_road_ms: float, driving_ms: float, last_ms: float) -> DrivingTime:
    """The record of one time; `driving_ms` is infinite where no road leads there."""
    return DrivingTime(
        reach_road_s=reach_road_ms / MS_PER_S,
        driving_s=None if driving_ms == np.inf else driving_ms / MS_PER_S,
        last_metres_s=last_ms / MS_PER_S,
    )


def matrix_of(total_ms: Float64Array) -> TimeMatrix:
    """The matrix of (n, m) milliseconds, infinite where no road leads there."""
    reachable = np.isfinite(total_ms)
    return TimeMatrix(seconds=np.where(reachable, total_ms / MS_PER_S, np.nan), reachable=reachable)
