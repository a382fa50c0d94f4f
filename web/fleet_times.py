"""Times of a fleet whose units drive by different profiles: one question per profile, answers in the units' order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from gis.types import Location
from routing.network import Int64Array
from routing.openings import exemptions_used, needed_somewhere
from routing.profile import Profile
from routing.region import Region
from routing.router import Router
from routing.router_answers import PinnedOrigins
from routing.routers import Routers
from routing.speed_factors import SpeedFactors
from routing.types import DrivingTime, RoadAccess, RoadStatus

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Vehicle:
    """Where a unit starts, and the key of the profile by which it drives (`routing.profile.Profile.key`)."""

    profile: str
    start: Location

    @property
    def profile_name(self) -> str:
        """The profile without its exemptions."""
        return self.profile.partition("+")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetAnswer:
    """Times to a target, in the order of the vehicles, and where it meets the roads.

    Attributes
    ----------
    access
        For the region's default profile where any vehicle drives by it, else for the profile that meets it best.
    times
        One per vehicle.
    """

    access: RoadAccess
    times: list[DrivingTime]


class FleetTimes:
    """The questions of `routing.router.Router`, asked for each vehicle by its own profile. Safe for threads."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self.metrics = region.metrics()
        self._routers: Routers | None = None
        self._default = region.routing_settings.profile().key
        self._pins: dict[str, tuple[Router, tuple[Location, ...], PinnedOrigins]] = {}
        self._needed: dict[str, bool] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._closed: Int64Array = np.zeros(0, dtype=np.int64)
        self._own: dict[tuple[str, int | None], Router] = {}

    def answer_from(self, routers: Routers) -> None:
        """Ask these routers from now on, in place of the region's own."""
        if len(self._closed):
            routers.close_edges(self._closed.tolist(), wait=True)
        self._routers = routers

    def close(self, edges: Int64Array) -> None:
        """Replace the set of closed edges; returns when questions are answered without them."""
        if self._routers is not None:
            self._routers.close_edges(edges.tolist(), wait=True)
        self._closed = edges
        self._own = {}

    @property
    def routers(self) -> Routers | None:
        """What answers in a server; None where the region's own routers do."""
        return self._routers

    @property
    def swaps(self) -> int | None:
        """As `Routers.swaps`; None where the region's own routers answer."""
        return None if self._routers is None else self._routers.swaps

    def learn(self, factors: SpeedFactors | None) -> None:
        """Put learnt speeds in force; a server's metrics are worked out anew in the background."""
        if factors is None and self.metrics.learnt is None:
            return
        self.metrics.learn(factors)
        self._own = {}
        if self._routers is not None:
            self._routers.refresh()

    def warm(self, vehicles: Sequence[Vehicle], at: datetime) -> None:
        """Work out the metrics by which vehicles drive at a time, and wait for them."""
        for profile in {self._default, *(vehicle.profile for vehicle in vehicles)}:
            self.router(profile, at)
        if self._routers is not None:
            self._routers.wait()

    def vehicle(self, kind: str, agency: str, start: Location) -> Vehicle:
        """How a unit of a kind and an agency drives."""
        key = self._keys.get((kind, agency))
        if key is None:
            key = self._keys[kind, agency] = self._region.routing_settings.profile_of(kind, agency).key
        return Vehicle(key, start)

    def answer(self, target: Location, vehicles: Sequence[Vehicle], at: datetime | None) -> FleetAnswer:
        """Exact times from every vehicle to a target."""
        times: list[DrivingTime | None] = [None] * len(vehicles)
        met: dict[str, RoadAccess] = {}
        for profile, rows, router, pins in self._groups(vehicles, at):
            found = router.answer(target, pins)
            met[profile] = found.access
            for row, time in zip(rows, found.times, strict=True):
                times[row] = time
        if not met:
            met[""] = self.router(None, at).access(target)
        access = met.get(self._default) or min(met.values(), key=_remoteness)
        if access.status is RoadStatus.OFF_NETWORK:
            access = min(met.values(), key=_remoteness)
        return FleetAnswer(access=access, times=[time for time in times if time is not None])

    def edge_midpoint_times(
        self, vehicles: Sequence[Vehicle], edges: npt.NDArray[np.int64], at: datetime | None
    ) -> FloatArray:
        """(n, m) seconds from every vehicle to the middle of every edge; NaN where no road leads there."""
        seconds = np.full((len(vehicles), len(edges)), np.nan)
        for _, rows, router, pins in self._groups(vehicles, at):
            seconds[rows] = router.edge_midpoint_times(pins, edges).seconds
        return seconds

    def matrix(self, vehicles: Sequence[Vehicle], targets: Sequence[Location], at: datetime | None) -> FloatArray:
        """(n, m) seconds from every vehicle to every target; NaN where no road leads there."""
        seconds = np.full((len(vehicles), len(targets)), np.nan)
        for _, rows, router, pins in self._groups(vehicles, at, remember=False):
            seconds[rows] = router.matrix(pins, targets).seconds
        return seconds

    def router(self, profile: str | None, at: datetime | None) -> Router:
        """Times and routes of one profile (None: the default one) at a time (None: at no hour in particular)."""
        if self._routers is not None:
            return self._routers.router(None if profile == self._default else profile, at=at)
        hour = self.metrics.hour(at)
        # In this order: a change puts the closed edges before an empty `_own`, so what is kept there knows them.
        known = self._own
        closed = self._closed
        if not len(closed) and (self.metrics.learnt is None or hour is None):
            return self._region.router_for(profile, hour)
        key = (profile or self._default, hour)
        if key not in known:
            region, metric = self._region, self.metrics.make(profile, hour, closed.tolist())
            known[key] = Router(region.network, region.routing_settings, snapper=region.snapper, metric=metric)
        return known[key]

    def profile(self, vehicle: Vehicle, at: datetime | None) -> Profile:
        """The profile by which a vehicle's times are told: its own, but while a server still works that out."""
        return self._region.routing_settings.profile(self.router(vehicle.profile, at).metric.key.profile)

    def hour(self, at: datetime | None) -> int | None:
        """The hour of the week by which traffic is told in the answers, as `profile` tells the profile."""
        return self.router(self._default, at).metric.key.hour

    def exemptions(self, vehicle: Vehicle, target: Location, at: datetime | None) -> tuple[str, ...]:
        """Which exemptions a vehicle uses on its way to a target; none where no road leads there."""
        profile = self.profile(vehicle, at)
        if not self._needs_a_look(profile.key):
            return ()
        route = self.router(vehicle.profile, at).route(vehicle.start, target)
        if route is None:
            return ()
        return tuple(one.value for one in exemptions_used(self._region.network, profile, route.edges))

    def _needs_a_look(self, profile: str) -> bool:
        if profile not in self._needed:
            vehicle = self._region.routing_settings.profile(profile)
            self._needed[profile] = needed_somewhere(self._region.network, vehicle)
        return self._needed[profile]

    def _groups(
        self, vehicles: Sequence[Vehicle], at: datetime | None, *, remember: bool = True
    ) -> list[tuple[str, list[int], Router, PinnedOrigins]]:
        """The vehicles of each profile: their rows, and where they stand, found anew only when one has moved."""
        rows: dict[str, list[int]] = {}
        for row, vehicle in enumerate(vehicles):
            rows.setdefault(vehicle.profile, []).append(row)
        groups = []
        for profile in sorted(rows):
            router = self.router(profile, at)
            starts = tuple(vehicles[row].start for row in rows[profile])
            kept = self._pins.get(profile)
            if kept is None or kept[0] is not router or kept[1] != starts:
                kept = (router, starts, router.pin(starts))
                if remember:
                    self._pins[profile] = kept
            groups.append((profile, rows[profile], router, kept[2]))
        return groups


def _remoteness(access: RoadAccess) -> int:
    order = (RoadStatus.CONNECTED, RoadStatus.REROUTED, RoadStatus.ISOLATED, RoadStatus.OFF_NETWORK)
    return order.index(access.status)
