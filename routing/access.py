"""Where locations meet the roads: the nearest road, or the nearest one that is of use.

A road is of use to a unit when it leads to a piece of network that is long enough to be served, and to an incident when
the units can reach it. What is reachable is exact: strongly connected components of the states (so turn restrictions
and closures count) and what their condensation leads to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from gis.types import Location
from routing.network import RoadNetwork
from routing.search import Components, Search
from routing.settings import RoutingSettings
from routing.snap import TIE_M, AllowedEdges, Snapper
from routing.starts import Starts
from routing.types import RoadAccess, RoadStatus, Snap

ON_ROAD_M = 20.0
"""A location this near to a road stands on it: half a wide road's width and the error of a good position."""

REMEMBERED_ORIGINS = 20_000
REMEMBERED_REACHES = 64
"""Sets of components whose reach is kept; units rarely stand on more than a few different sets."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reach:
    """What can be reached from some components: (C,) components, (E,) edges, and the edges as `Snapper` wants them."""

    component: npt.NDArray[np.bool_]
    edge: npt.NDArray[np.bool_]
    allowed: AllowedEdges


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """The nearest point on any open road, the nearest on a road of use, and what follows."""

    status: RoadStatus
    nearest: Snap | None
    useful: Snap | None

    def access(self, *, keep_nearest: bool = False) -> RoadAccess:
        """As told to others; `keep_nearest` keeps the cut-off road too where a connected one close by was taken."""
        both = self.status is RoadStatus.ISOLATED or (self.status is RoadStatus.REROUTED and keep_nearest)
        snaps = (self.nearest, self.useful) if both else (self.useful,)
        return RoadAccess(
            status=self.status,
            snaps=tuple(snap for snap in snaps if snap is not None),
            nearest_m=None if self.nearest is None else self.nearest.distance_m,
            connected_m=None if self.useful is None else self.useful.distance_m,
        )


class AccessFinder:
    """Finds where locations meet the roads of one network under one metric.

    Parameters
    ----------
    network, settings, snapper, search
        Of the same network.

    Attributes
    ----------
    components
        Of the states under the metric.
    """

    def __init__(self, network: RoadNetwork, settings: RoutingSettings, snapper: Snapper, search: Search) -> None:
        self._settings = settings
        self._snapper = snapper
        self._search = search
        self._open = search.metric.is_open
        self._open_allowed = snapper.allow(self._open)
        self._twin = network.edge_reverse
        twin_open = np.where(self._twin >= 0, self._open[self._twin], False)
        closed = ~self._open & ~twin_open
        self._closed_allowed = snapper.allow(closed) if closed.any() else None
        self.components = Components(search, network)
        longest = float(self.components.length_m.max(initial=0.0))
        served = self.components.length_m >= min(settings.served_component_m, longest)
        self._serving = self.components.leading_to(np.flatnonzero(served).tolist())
        after = search.turns.state_after(np.arange(network.edge_count, dtype=np.int64))
        self._serving_edge = self._open & self._serving[self.components.label[after]]
        self._serving_allowed = snapper.allow(self._serving_edge)
        self._served_labels = frozenset(np.flatnonzero(served).tolist())
        self._reaches: dict[frozenset[int], Reach] = {}
        self._met: dict[Location, Meeting] = {}
        self._lock = Lock()

    def of_origins(self, locations: Sequence[Location]) -> list[Meeting]:
        """Where units stand: on roads that lead to a piece of network long enough to be served, if near enough.

        Remembered by position: of a fleet that is asked for again, only units that moved are looked up anew.
        """
        with self._lock:
            met = {place: self._met[place] for place in locations if place in self._met}
        new = [place for place in dict.fromkeys(locations) if place not in met]
        found = dict(zip(new, self._meet(new, self._serving_edge, self._serving_allowed), strict=True))
        if found:
            with self._lock:
                if len(self._met) + len(found) > REMEMBERED_ORIGINS:
                    self._met = dict(met)
                self._met |= found
        met |= found
        return [met[place] for place in locations]

    def of_origin(self, location: Location) -> Meeting:
        """`of_origins` of one."""
        met = self._met.get(location)
        if met is None:
            met = self._meet((location,), self._serving_edge, self._serving_allowed)[0]
            with self._lock:
                if len(self._met) >= REMEMBERED_ORIGINS:
                    self._met = {}
                self._met[location] = met
        return met

    def of_target(self, location: Location, reach: Reach) -> Meeting:
        """Where an incident is: on roads within `reach`, if near enough."""
        return self._meet([location], reach.edge, reach.allowed)[0]

    def on_closed_road(self, location: Location, nearest_m: float | None) -> bool:
        """Whether a location, `nearest_m` from the nearest open road, stands on a closed road alone."""
        if self._closed_allowed is None or (nearest_m is not None and nearest_m <= ON_ROAD_M):
            return False
        return self._snapper.nearest(location, self._closed_allowed, limit_m=ON_ROAD_M) is not None

    def labels(self, departures: Starts) -> frozenset[int]:
        """Components to which points can be left at once."""
        return frozenset(self.components.label[departures.state].tolist())

    def main_reach(self, labels: frozenset[int]) -> Reach:
        """What can be reached from those of `labels` that lead to served network.

        Where none of them does, from all of them; where there are none at all, from the served network itself.
        """
        serving = frozenset(label for label in labels if self._serving[label])
        return self.reach(serving or labels or self._served_labels)

    def reach(self, labels: frozenset[int]) -> Reach:
        """What can be reached from components; remembered."""
        with self._lock:
            known = self._reaches.get(labels)
        if known is not None:
            return known
        component = self.components.reached_from(labels)
        turns = self._search.turns
        edge = np.zeros(len(self._open), dtype=np.bool_)
        left = self._search.arc_open & component[self.components.label[turns.arc_source]]
        edge[turns.arc_edge[left]] = True
        found = Reach(component=component, edge=edge, allowed=self._snapper.allow(edge))
        with self._lock:
            if len(self._reaches) >= REMEMBERED_REACHES:
                self._reaches.clear()
            self._reaches[labels] = found
        return found

    def _meet(
        self, locations: Sequence[Location], useful_edge: npt.NDArray[np.bool_], allowed: AllowedEdges
    ) -> list[Meeting]:
        limit_m = self._settings.snap_limit_m
        nearest = self._snapper.nearest_many(locations, self._open_allowed, limit_m=limit_m)
        meetings: list[Meeting | None] = [None] * len(locations)
        cut_off: list[int] = []
        for number, snap in enumerate(nearest):
            if snap is None:
                meetings[number] = Meeting(status=RoadStatus.OFF_NETWORK, nearest=None, useful=None)
            elif useful_edge[snap.edge] or (self._twin[snap.edge] >= 0 and useful_edge[self._twin[snap.edge]]):
                meetings[number] = Meeting(status=RoadStatus.CONNECTED, nearest=snap, useful=snap)
            else:
                cut_off.append(number)
        useful = self._snapper.nearest_many([locations[number] for number in cut_off], allowed, limit_m=limit_m)
        for number, snap in zip(cut_off, useful, strict=True):
            meetings[number] = self._cut_off(nearest[number], snap)
        return [meeting for meeting in meetings if meeting is not None]

    def _cut_off(self, nearest: Snap | None, useful: Snap | None) -> Meeting:
        if nearest is None or useful is None:
            return Meeting(status=RoadStatus.ISOLATED, nearest=nearest, useful=useful)
        farther_m = useful.distance_m - nearest.distance_m
        if farther_m <= TIE_M:  # both roads meet here, at a node
            return Meeting(status=RoadStatus.CONNECTED, nearest=useful, useful=useful)
        near_enough = farther_m <= self._settings.connected_within_m
        status = RoadStatus.REROUTED if near_enough else RoadStatus.ISOLATED
        return Meeting(status=status, nearest=nearest, useful=useful)
