"""Times of a fleet whose units drive by different profiles: one question per profile, answers in the units' order."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from gis.types import Location
from routing.metric import MS_PER_S, closures_digest
from routing.network import Int64Array
from routing.openings import exemptions_used, needed_somewhere
from routing.profile import Profile
from routing.region import Region
from routing.router import Router
from routing.router_answers import PinnedOrigins
from routing.routers import Routers, RoutersView
from routing.speed_factors import SpeedFactors
from routing.types import DrivingTime, MetricKey, RoadAccess, RoadStatus

FloatArray = npt.NDArray[np.float64]
_Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Vehicle:
    """Where a unit starts, and the key of the profile by which it drives (`routing.profile.Profile.key`)."""

    profile: str
    start: Location

    @property
    def profile_name(self) -> str:
        """The profile without its exemptions."""
        return self.profile.partition("+")[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FleetAnswer:
    """Times to a target, in the order of the vehicles (n), and where it meets the roads.

    Attributes
    ----------
    access
        For the region's default profile where any vehicle drives by it, else for the profile that meets it best.
    reach_road_s, driving_s, last_s
        (n,) seconds of the parts; `driving_s` is infinite where no road leads there.
    """

    access: RoadAccess
    reach_road_s: FloatArray
    driving_s: FloatArray
    last_s: FloatArray

    @property
    def times(self) -> list[DrivingTime]:
        """The same as records."""
        return [
            DrivingTime(reach_road_s=reach, driving_s=None if driving == math.inf else driving, last_metres_s=last)
            for reach, driving, last in zip(
                self.reach_road_s.tolist(), self.driving_s.tolist(), self.last_s.tolist(), strict=True
            )
        ]


@dataclass(kw_only=True, eq=False)
class Basis:
    """What the answers of one question rest on, filled in while it is asked.

    Attributes
    ----------
    closures
        Digest of the closed edges that answer.
    pending
        Whether newer times were being worked out.
    failed
        Names of the profiles whose times could not be worked out as they should be.
    metrics
        Those that answered.
    view, own, routers
        What is asked within, and what was found there by profile and time.
    """

    closures: str
    pending: bool
    failed: tuple[str, ...]
    metrics: dict[MetricKey, None] = field(default_factory=dict)
    view: RoutersView | None = None
    own: _Own | None = None
    routers: dict[tuple[str | None, datetime | None], Router] = field(default_factory=dict)

    @property
    def used(self) -> tuple[MetricKey, ...]:
        """The metrics that answered, in the order of their profiles and hours."""
        return tuple(sorted(self.metrics, key=lambda one: (one.profile, -1 if one.hour is None else one.hour)))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Own:
    """The region's own routers, where no server's routers answer: the closed edges, and what was made for them."""

    closed: Int64Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    digest: str = ""
    routers: dict[tuple[str, int | None], Router] = field(default_factory=dict)


class FleetTimes:
    """The questions of `routing.router.Router`, asked for each vehicle by its own profile. Safe for threads."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self.metrics = region.metrics()
        self._routers: Routers | None = None
        self._default = region.routing_settings.profile().key
        self._pins: dict[str, tuple[Router, tuple[Location, ...], PinnedOrigins]] = {}
        self._grouped: tuple[Sequence[Vehicle], dict[str, tuple[_Rows, tuple[Location, ...]]]] = ((), {})
        self._profiles: dict[str, Profile] = {}
        self._needed: dict[str, bool] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._own = _Own()
        self._here = threading.local()

    def answer_from(self, routers: Routers) -> None:
        """Ask these routers from now on, in place of the region's own."""
        if len(self._own.closed):
            routers.close_edges(self._own.closed.tolist(), wait=True)
        self._routers = routers

    def close(self, edges: Int64Array) -> None:
        """Replace the set of closed edges; returns when questions are answered without them."""
        if self._routers is not None:
            self._routers.close_edges(edges.tolist(), wait=True)
        self._own = _Own(closed=edges, digest=closures_digest(edges.tolist()))

    @property
    def routers(self) -> Routers | None:
        """What answers in a server; None where the region's own routers do."""
        return self._routers

    @contextmanager
    def held(self) -> Iterator[Basis]:
        """Within, this thread's questions are all answered by what is ready now, whatever becomes ready meanwhile."""
        routers, own = self._routers, self._own
        if routers is None:
            basis = Basis(closures=own.digest, pending=False, failed=(), own=own)
        else:
            view = routers.view
            failed = sorted({(slot[0] or self._default).partition("+")[0] for slot in view.failed})
            basis = Basis(closures=view.closures, pending=view.pending, failed=tuple(failed), view=view)
        before = getattr(self._here, "basis", None)
        self._here.basis = basis
        try:
            yield basis
        finally:
            self._here.basis = before

    def learn(self, factors: SpeedFactors | None) -> None:
        """Put learnt speeds in force; a server's metrics are worked out anew in the background."""
        if factors is None and self.metrics.learnt is None:
            return
        self.metrics.learn(factors)
        self._own = replace(self._own, routers={})
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
        parts = np.zeros((3, len(vehicles)))
        met: dict[str, RoadAccess] = {}
        for profile, rows, router, pins in self._groups(vehicles, at):
            found = router.answer(target, pins)
            met[profile] = found.access
            parts[0, rows], parts[1, rows], parts[2, rows] = found.reach_road_ms, found.driving_ms, found.last_ms
        if not met:
            met[""] = self.router(None, at).access(target)
        access = met.get(self._default) or min(met.values(), key=_remoteness)
        if access.status is RoadStatus.OFF_NETWORK:
            access = min(met.values(), key=_remoteness)
        parts /= MS_PER_S
        return FleetAnswer(access=access, reach_road_s=parts[0], driving_s=parts[1], last_s=parts[2])

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
        basis: Basis | None = getattr(self._here, "basis", None)
        if basis is not None and (profile, at) in basis.routers:
            return basis.routers[profile, at]
        if self._routers is not None:
            view = None if basis is None else basis.view
            found = self._routers.router(None if profile == self._default else profile, at=at, view=view)
        else:
            found = self._own_router(profile, at, self._own if basis is None or basis.own is None else basis.own)
        if basis is not None:
            basis.routers[profile, at] = found
            basis.metrics[found.metric.key] = None
            # Also where this very question is the first to ask for a profile or an hour.
            basis.pending = basis.pending or (self._routers is not None and self._routers.pending)
        return found

    def _own_router(self, profile: str | None, at: datetime | None, own: _Own) -> Router:
        hour = self.metrics.hour(at)
        if not len(own.closed) and (self.metrics.learnt is None or hour is None):
            return self._region.router_for(profile, hour)
        key = (profile or self._default, hour)
        if key not in own.routers:
            region, metric = self._region, self.metrics.make(profile, hour, own.closed.tolist())
            own.routers[key] = Router(region.network, region.routing_settings, snapper=region.snapper, metric=metric)
        return own.routers[key]

    def profile(self, vehicle: Vehicle, at: datetime | None) -> Profile:
        """The profile by which a vehicle's times are told: its own, but while a server still works that out."""
        key = self.router(vehicle.profile, at).metric.key.profile
        found = self._profiles.get(key)
        if found is None:
            found = self._profiles[key] = self._region.routing_settings.profile(key)
        return found

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
    ) -> list[tuple[str, _Rows, Router, PinnedOrigins]]:
        """The vehicles of each profile: their rows, and where they stand; only those that moved are looked for anew."""
        grouped = self._grouped
        if grouped[0] is not vehicles:
            grouped = (vehicles, _by_profile(vehicles))
            if remember and isinstance(vehicles, tuple):  # what may change under our hands is looked at every time
                self._grouped = grouped
        groups = []
        for profile, (rows, starts) in grouped[1].items():
            router = self.router(profile, at)
            kept = self._pins.get(profile)
            if kept is None or kept[0] is not router:
                kept = (router, starts, router.pin(starts))
            elif kept[1] is not starts and kept[1] != starts:
                kept = (router, starts, router.repinned(kept[2], starts))
            if remember:
                self._pins[profile] = kept
            groups.append((profile, rows, router, kept[2]))
        return groups


def _by_profile(vehicles: Sequence[Vehicle]) -> dict[str, tuple[_Rows, tuple[Location, ...]]]:
    rows: dict[str, list[int]] = {}
    for row, vehicle in enumerate(vehicles):
        rows.setdefault(vehicle.profile, []).append(row)
    return {
        profile: (np.array(rows[profile]), tuple(vehicles[row].start for row in rows[profile]))
        for profile in sorted(rows)
    }


def _remoteness(access: RoadAccess) -> int:
    order = (RoadStatus.CONNECTED, RoadStatus.REROUTED, RoadStatus.ISOLATED, RoadStatus.OFF_NETWORK)
    return order.index(access.status)
