"""Exact travel times and routes on one road network under one metric.

All work is in whole milliseconds, which float64 adds without rounding: every answer here equals, to the millisecond,
that of a plain Dijkstra search over the same edges, whichever engine searches: scipy's, or a hierarchy where one is
given. A router is built once per metric and may be used by many threads at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from gis.errors import InputError
from gis.geodesy import distance_m
from gis.types import Location
from routing.access import AccessFinder
from routing.directions import steps_along
from routing.metric import MS_PER_S, Metric
from routing.network import Float64Array, RoadNetwork
from routing.path import stretch_points
from routing.position import Positions
from routing.router_answers import (
    NearestOrigins,
    NodeTimes,
    PinnedOrigins,
    TargetTimes,
    TimeMatrix,
    driving_time,
    matrix_of,
    node_seconds,
)
from routing.router_paths import Goal, PathFinder
from routing.search import NEVER_MS, Search
from routing.search_scipy import ScipySearch
from routing.settings import RoutingSettings
from routing.snap import Snapper
from routing.starts import Starts
from routing.turning_round import edges_to_remember
from routing.turns import TurnGraph
from routing.types import DrivingTime, RoadAccess, RoadStatus, Route, Snap

if TYPE_CHECKING:
    from routing.hierarchy import Hierarchy
    from routing.isochrone import Isochrone

FIRST_GUESS_KPH = 12.0
"""Straight-line speed of the first limit when the nearest units are sought; a wrong guess costs time only."""

LIMIT_GROWTH = 2.0
MOST_LIMITS = 4
"""After this many limits the search runs without one."""

LISTS_KEPT = 4
LONGEST_KEPT = 5000
"""Lists of targets, and targets of a list, whose meetings with the roads are remembered."""


MOVED_APART = 16
"""Where more than one in so many origins has moved, all are pinned anew: what is known of the others is remembered."""

T = TypeVar("T")
_Met = tuple[list[tuple[int, Goal]], Positions]


class Router:
    """Travel times and routes.

    Parameters
    ----------
    network
        The roads.
    settings
        Speeds and limits.
    snapper
        Of the same network.
    closures
        Edges closed for now, each in its own direction.
    metric
        What the edges cost, if not what `settings` and `closures` say.
    hierarchy
        Of the same network: it answers, compiled; without one scipy does.

    Raises
    ------
    InputError
        When the network has no roads or a closure is not one of its edges.
    ValueError
        When the hierarchy does not serve the metric, which is too quick for it.
    """

    def __init__(
        self,
        network: RoadNetwork,
        settings: RoutingSettings,
        *,
        snapper: Snapper,
        closures: Iterable[int] = (),
        metric: Metric | None = None,
        hierarchy: Hierarchy | None = None,
    ) -> None:
        if network.edge_count == 0:
            raise InputError("The road network has no roads; build the region from a file that holds some.")
        self.network = network
        self.settings = settings
        self.snapper = snapper
        self.metric = Metric.build(network, settings, closures=closures) if metric is None else metric
        self._search = _search(network, self.metric, hierarchy)
        self._turns = self._search.turns
        self._finder = AccessFinder(network, settings, snapper, self._search)
        self._lists: dict[tuple[tuple[Location, ...], frozenset[int]], _Met] = {}

    @property
    def engine(self) -> str:
        """Which engine searches: `scipy` or `hierarchy`."""
        return self._search.name

    # --- origins and targets -----------------------------------------------------------------------------------

    def pin(self, origins: Sequence[Location]) -> PinnedOrigins:
        """Snap origins once, to ask for many targets."""
        access = tuple(meeting.access() for meeting in self._finder.of_origins(origins))
        stands = [item.snaps[0] if item.snaps else None for item in access]
        positions = Positions.of_snaps(stands, self.network, self._turns, self.metric)
        departures = positions.departures()
        return PinnedOrigins(
            locations=tuple(origins),
            access=access,
            positions=positions,
            pinned=self._search.pin(departures),
            search=self._search,
            reach_road_ms=np.array([self._reach_road_ms(snap) for snap in stands], dtype=np.float64),
            labels=self._finder.labels(departures),
            lat=np.array([origin.lat for origin in origins], dtype=np.float64),
            lon=np.array([origin.lon for origin in origins], dtype=np.float64),
        )

    def moved(self, origins: PinnedOrigins, index: int, location: Location) -> PinnedOrigins:
        """The same origins, of which one has moved; the others are not looked at, and `origins` stay as they are."""
        if origins.search is not self._search:
            return self.pin((*origins.locations[:index], location, *origins.locations[index + 1 :]))
        access = self._finder.of_origin(location).access()
        stand = access.snaps[0] if access.snaps else None
        positions = origins.positions.with_snap(index, stand, self.network, self.metric)
        departure = positions.departures_of(index)
        before = self._finder.labels(origins.positions.departures_of(index))
        after = self._finder.labels(departure)
        return PinnedOrigins(
            locations=_with(origins.locations, index, location),
            access=_with(origins.access, index, access),
            positions=positions,
            pinned=self._search.pin_moved(origins.pinned, index, departure),
            search=self._search,
            reach_road_ms=_changed(origins.reach_road_ms, index, self._reach_road_ms(stand)),
            labels=origins.labels if after == before else self._finder.labels(positions.departures()),
            lat=_changed(origins.lat, index, location.lat),
            lon=_changed(origins.lon, index, location.lon),
        )

    def repinned(self, origins: PinnedOrigins, locations: Sequence[Location]) -> PinnedOrigins:
        """`pin(locations)`, where many are those of `origins`: only those that moved are looked at."""
        before = origins.locations
        if origins.search is not self._search or len(locations) != len(before):
            return self.pin(locations)
        moved = [at for at, place in enumerate(locations) if place is not before[at] and place != before[at]]
        if len(moved) > max(1, len(before) // MOVED_APART):
            return self.pin(locations)
        for at in moved:
            origins = self.moved(origins, at, locations[at])
        return origins

    def access(self, target: Location, origins: PinnedOrigins | None = None) -> RoadAccess:
        """Where a target meets the roads that the origins can reach (without origins: the served network)."""
        return self._goals(target, frozenset() if origins is None else self._pinned(origins).labels)[0]

    # --- times ---------------------------------------------------------------------------------------------------

    def times_to(self, target: Location, origins: Sequence[Location] | PinnedOrigins) -> list[DrivingTime]:
        """Exact times from every origin to the target, in the order of the origins, by one search."""
        return self.answer(target, self._pinned(origins)).times

    def answer(self, target: Location, origins: PinnedOrigins) -> TargetTimes:
        """Exact times from every origin to the target, and where the target meets the roads.

        On a cut-off piece of road, origins that can reach that piece are timed to it; all others are timed to the
        nearest road that the origins can reach, and walk the rest.
        """
        origins = self._pinned(origins)
        access, goals = self._goals(target, origins.labels)
        driving, last = self._driving_ms(goals, origins, _direct_ms(goals, origins.positions))
        on_closed_road = self._finder.on_closed_road(target, access.nearest_m)
        return TargetTimes(
            access=replace(access, on_closed_road=True) if on_closed_road else access,
            reach_road_ms=origins.reach_road_ms,
            driving_ms=driving,
            last_ms=last,
        )

    def nearest(self, target: Location, origins: PinnedOrigins, k: int) -> list[tuple[int, DrivingTime]]:
        """The k origins that arrive first (fewer where fewer arrive), as (index, time); ties by index.

        Where a limit spares work, the search is stopped at one and repeated with a longer one until the limit proves
        the answer: whoever is not found within it drives longer than the limit.

        Raises
        ------
        InputError
            When k is not positive.
        """
        if k < 1:
            raise InputError(f"The number of nearest units is {k}; ask for at least 1.")
        if not len(origins):
            return []
        origins = self._pinned(origins)
        access, goals = self._goals(target, origins.labels)
        direct = _direct_ms(goals, origins.positions)
        limited = self._search.stops_early and len(access.snaps) == 1
        for limit_ms in self._limits_ms(target, origins, k) if limited else (np.inf,):
            driving, last = self._driving_ms(goals, origins, direct, limit_ms)
            total = origins.reach_road_ms + driving + last
            settled = driving <= limit_ms
            order = np.lexsort((np.arange(len(total)), np.where(settled, total, np.inf)))[:k]
            order = order[settled[order] & np.isfinite(total[order])]
            if limit_ms == np.inf:
                break
            if len(order) == k:
                # Every other origin takes longer than this.
                beyond = limit_ms + float(origins.reach_road_ms[~settled].min(initial=np.inf)) + goals[0].last_ms
                if total[order[-1]] <= beyond:
                    break
        return [(at, driving_time(origins.reach_road_ms[at], driving[at], last[at])) for at in order.tolist()]

    def matrix(self, origins: Sequence[Location] | PinnedOrigins, targets: Sequence[Location]) -> TimeMatrix:
        """Times from every origin to every target: what `times_to` gives in total, target by target."""
        pinned = self._pinned(origins)
        flat, positions = self._met(tuple(targets), pinned.labels)
        driving = self._driving_matrix_ms(pinned, positions)
        total_ms = np.full((len(pinned), len(targets)), np.inf)
        for number, (column, goal) in enumerate(flat):
            # The first snap of a target counts wherever it can be reached; the second is for all others.
            column_ms = pinned.reach_road_ms + driving[:, number] + goal.last_ms
            open_ms = total_ms[:, column]
            total_ms[:, column] = np.where(np.isinf(open_ms), column_ms, open_ms)
        return matrix_of(total_ms)

    def edge_midpoint_times(
        self, origins: Sequence[Location] | PinnedOrigins, edges: npt.NDArray[np.integer]
    ) -> TimeMatrix:
        """Times from every origin (n) to the middle of every edge (m), reaching the road and driving.

        Raises
        ------
        InputError
            When a number is not an edge of the network.
        """
        chosen = np.asarray(edges, dtype=np.int64)
        if len(chosen) and not (chosen.min() >= 0 and chosen.max() < self.network.edge_count):
            raise InputError(f"An edge lies outside 0 to {self.network.edge_count - 1}; name edges of this region.")
        pinned = self._pinned(origins)
        middle = Positions.on_edges(chosen, np.full(len(chosen), 0.5), self.network, self._turns, self.metric)
        return matrix_of(pinned.reach_road_ms[:, None] + self._driving_matrix_ms(pinned, middle))

    def times_everywhere(
        self, origins: Sequence[Location] | PinnedOrigins, *, limit_s: float | None = None
    ) -> NodeTimes:
        """Times from every origin to every node of the network; with a limit, of those within so many seconds."""
        ms = self._search.node_times_ms(_from_the_door(self._pinned(origins)))
        if limit_s is not None:
            ms[ms > round(limit_s * MS_PER_S)] = NEVER_MS
        return NodeTimes(ms=ms)

    def nearest_everywhere(self, origins: Sequence[Location] | PinnedOrigins) -> NearestOrigins:
        """For every node of the network, which origin is there first, and when."""
        ms, origin = self._search.first_ms(_from_the_door(self._pinned(origins)))
        return NearestOrigins(seconds=node_seconds(ms), origin=origin)

    # --- routes --------------------------------------------------------------------------------------------------

    def route(self, origin: Location, target: Location) -> Route | None:
        """One exact shortest path, or None where no road leads there. Its time is that of `times_to`."""
        pinned = self.pin([origin])
        if not pinned.access[0].snaps:
            return None
        stand = pinned.access[0].snaps[0]
        for goal in self._goals(target, pinned.labels)[1]:
            stretches = PathFinder(network=self.network, search=self._search).path(pinned.positions, goal)
            if stretches is None:
                continue
            driving_ms = float(sum(stretch.ms for stretch in stretches))
            points = stretch_points(stretches, self.network, self.snapper.point_share, stand, goal.snap)
            return Route(
                edges=tuple(stretch.edge for stretch in stretches),
                points=tuple(points),
                length_m=sum(stretch.length_m for stretch in stretches),
                time=driving_time(float(pinned.reach_road_ms[0]), driving_ms, goal.last_ms),
                origin=stand,
                target=goal.snap,
                steps=tuple(steps_along(stretches, self.network, self.metric, stand, goal.snap)),
            )
        return None

    # --- isochrones ----------------------------------------------------------------------------------------------

    def isochrone(
        self, origins: Location | Sequence[Location] | PinnedOrigins, limits_s: Sequence[float]
    ) -> list[Isochrone]:
        """What the first of the origins reaches within each limit, in the order of the limits.

        Raises
        ------
        InputError
            When the limits make no sense; see `routing.isochrone.isochrones`.
        """
        from routing.isochrone import ReachedEdges, checked_limits, isochrones

        checked_limits(limits_s)
        pinned = self._pinned([origins] if isinstance(origins, Location) else origins)
        departures = pinned.positions.departures().joined(pinned.reach_road_ms)
        longest_ms = max(limits_s) * MS_PER_S
        state_ms = self._search.state_times_ms(departures, limit_ms=longest_ms)
        reached = ReachedEdges.of_states(
            state_ms, self._turns, self.metric, self._search.arc_open, pinned.positions, pinned.reach_road_ms
        )
        return isochrones(self.network, self.snapper.point_share, self.metric.edge_ms, reached, limits_s)

    # --- parts ---------------------------------------------------------------------------------------------------

    def _pinned(self, origins: Sequence[Location] | PinnedOrigins) -> PinnedOrigins:
        """Origins for this router; those of another one, which knew other closures, are pinned anew."""
        if not isinstance(origins, PinnedOrigins):
            return self.pin(origins)
        return origins if origins.search is self._search else self.pin(origins.locations)

    def _met(self, targets: tuple[Location, ...], labels: frozenset[int]) -> _Met:
        """Where many targets meet the roads, each with its number; the last few lists of targets are remembered, for
        the same villages are asked for again and again.
        """
        asked = (targets, labels)
        found = self._lists.get(asked)
        if found is None:
            goals = [(number, goal) for number, target in enumerate(targets) for goal in self._goals(target, labels)[1]]
            snaps = [goal.snap for _, goal in goals]
            found = goals, Positions.of_snaps(snaps, self.network, self._turns, self.metric)
            if len(targets) <= LONGEST_KEPT:
                kept = list(self._lists.items())[1 - LISTS_KEPT :]
                # Replaced as a whole, so that other threads see the one or the other.
                self._lists = dict([*kept, (asked, found)])
        return found

    def _goals(self, target: Location, labels: frozenset[int]) -> tuple[RoadAccess, list[Goal]]:
        """Where origins in components `labels` meet the target, best first."""
        meeting = self._finder.of_target(target, self._finder.main_reach(labels))
        keep_nearest = False
        if meeting.status is RoadStatus.REROUTED and meeting.nearest is not None:
            keep_nearest = self._some_reach(meeting.nearest, labels)
        access = meeting.access(keep_nearest=keep_nearest)
        return access, [self._goal(snap) for snap in access.snaps]

    def _some_reach(self, snap: Snap, labels: frozenset[int]) -> bool:
        """Whether anybody in components `labels`, not only on the served network, can drive to a point."""
        reached = self._finder.reach(labels).component
        arrivals = Positions.of_snap(snap, self.network, self._turns, self.metric).arrivals()
        return bool(reached[self._finder.components.label[arrivals.state]].any())

    def _goal(self, snap: Snap) -> Goal:
        position = Positions.of_snap(snap, self.network, self._turns, self.metric)
        return Goal(
            snap=snap,
            position=position,
            arrivals=position.arrivals(),
            last_ms=_crossing_ms(snap.distance_m, self.settings.walking_kph),
        )

    def _reach_road_ms(self, snap: Snap | None) -> float:
        return 0.0 if snap is None else _crossing_ms(snap.distance_m, self.settings.off_road_kph)

    def _limits_ms(self, target: Location, origins: PinnedOrigins, k: int) -> Iterable[float]:
        straight_m = distance_m(origins.lat, origins.lon, target.lat, target.lon)
        kth_m = float(np.partition(straight_m, min(k, len(straight_m)) - 1)[min(k, len(straight_m)) - 1])
        limit_ms = _crossing_ms(kth_m, FIRST_GUESS_KPH) + MS_PER_S
        for _ in range(MOST_LIMITS if k <= len(straight_m) else 0):
            yield limit_ms
            limit_ms *= LIMIT_GROWTH
        yield np.inf

    def _driving_ms(
        self, goals: Sequence[Goal], origins: PinnedOrigins, direct: Sequence[Float64Array], limit_ms: float = np.inf
    ) -> tuple[Float64Array, Float64Array]:
        """(n,) driving and walking milliseconds to the first goal that each origin can reach; infinity for none."""
        driving = np.full(len(origins), np.inf)
        last = np.full(len(origins), goals[-1].last_ms if goals else 0.0)
        for goal, ahead in zip(goals, direct, strict=True):
            waiting = np.isinf(driving)
            times = self._search.times_ms(origins.pinned, goal.arrivals, limit_ms=limit_ms)[:, 0]
            found = np.minimum(times, ahead)
            driving = np.where(waiting, found, driving)
            last = np.where(waiting & np.isfinite(found), goal.last_ms, last)
        return driving, last

    def _driving_matrix_ms(self, origins: PinnedOrigins, targets: Positions) -> Float64Array:
        """(n, m) driving milliseconds."""
        driving = origins.positions.direct_ms(targets)
        if driving.size:
            np.minimum(driving, self._search.times_ms(origins.pinned, targets.arrivals()), out=driving)
        return driving


def _search(network: RoadNetwork, metric: Metric, hierarchy: Hierarchy | None) -> Search:
    if hierarchy is None:
        return ScipySearch(TurnGraph.build(network, edges_to_remember(network, metric)), metric)
    if not hierarchy.serves(network, metric):
        raise ValueError("the metric is quicker than what the hierarchy was built for; build it for this metric")
    from routing.search_hierarchy import HierarchySearch

    return HierarchySearch(hierarchy, metric)


def _with(values: tuple[T, ...], index: int, value: T) -> tuple[T, ...]:
    changed = list(values)
    changed[index] = value
    return tuple(changed)


def _changed(values: Float64Array, index: int, value: float) -> Float64Array:
    changed = values.copy()
    changed[index] = value
    return changed


def _from_the_door(origins: PinnedOrigins) -> Starts:
    """The origins' departures, with what each needs to reach the road spent before."""
    starts = origins.positions.departures()
    spent = np.repeat(origins.reach_road_ms, np.diff(starts.offset))
    return Starts(offset=starts.offset, state=starts.state, ms=starts.ms + spent)


def _direct_ms(goals: Sequence[Goal], origins: Positions) -> list[Float64Array]:
    """For each goal (n,) milliseconds from each origin behind it on the same edge."""
    return [origins.direct_ms(goal.position)[:, 0] for goal in goals]


def _crossing_ms(length_m: float, kph: float) -> float:
    """Whole milliseconds for so many metres."""
    return float(round(length_m / 1000.0 / kph * 3600.0 * MS_PER_S))
