"""Exact travel times and routes on one road network under one metric.

All work is in whole milliseconds, which float64 adds without rounding: every answer here equals, to the millisecond,
that of a plain Dijkstra search over the same edges, whichever engine searches: scipy's, or a hierarchy where one is
given. A router is built once per metric and may be used by many threads at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gis.errors import InputError
from gis.geodesy import distance_m
from gis.types import Location
from routing.access import AccessFinder
from routing.directions import steps_along
from routing.metric import MS_PER_S, Metric
from routing.network import Float64Array, Int32Array, RoadNetwork
from routing.path import Stretch, stretch_points
from routing.position import Positions
from routing.search import NEVER_MS, Pinned, Search
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
        return [_driving_time(*each) for each in zip(*parts, strict=True)]


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
        return _seconds(self.ms)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Goal:
    """One snap of a target, from where it can be reached, and the milliseconds on foot from it."""

    snap: Snap
    position: Positions
    arrivals: Starts
    last_ms: float


_Met = tuple[list[tuple[int, _Goal]], Positions]


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
        """The same origins, of which one has moved; the others are not looked at."""
        locations = (*origins.locations[:index], location, *origins.locations[index + 1 :])
        if origins.search is not self._search:
            return self.pin(locations)
        one = self.pin([location])
        positions = origins.positions.with_one(index, one.positions)
        departures = positions.departures()
        return PinnedOrigins(
            locations=locations,
            access=(*origins.access[:index], *one.access, *origins.access[index + 1 :]),
            positions=positions,
            pinned=self._search.pin_moved(origins.pinned, departures, index, one.pinned),
            search=self._search,
            reach_road_ms=_with(origins.reach_road_ms, index, one.reach_road_ms[0]),
            labels=self._finder.labels(departures),
            lat=_with(origins.lat, index, location.lat),
            lon=_with(origins.lon, index, location.lon),
        )

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
        return [(at, _driving_time(origins.reach_road_ms[at], driving[at], last[at])) for at in order.tolist()]

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
        return _matrix(total_ms)

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
        return _matrix(pinned.reach_road_ms[:, None] + self._driving_matrix_ms(pinned, middle))

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
        return NearestOrigins(seconds=_seconds(ms), origin=origin)

    # --- routes --------------------------------------------------------------------------------------------------

    def route(self, origin: Location, target: Location) -> Route | None:
        """One exact shortest path, or None where no road leads there. Its time is that of `times_to`."""
        pinned = self.pin([origin])
        if not pinned.access[0].snaps:
            return None
        stand = pinned.access[0].snaps[0]
        for goal in self._goals(target, pinned.labels)[1]:
            stretches = self._path(pinned.positions, goal)
            if stretches is None:
                continue
            driving_ms = float(sum(stretch.ms for stretch in stretches))
            points = stretch_points(stretches, self.network, self.snapper.point_share, stand, goal.snap)
            return Route(
                edges=tuple(stretch.edge for stretch in stretches),
                points=tuple(points),
                length_m=sum(stretch.length_m for stretch in stretches),
                time=_driving_time(float(pinned.reach_road_ms[0]), driving_ms, goal.last_ms),
                origin=stand,
                target=goal.snap,
                steps=tuple(steps_along(stretches, self.network, self.metric, stand, goal.snap)),
            )
        return None

    def _path(self, origin: Positions, to: _Goal) -> list[Stretch] | None:
        """Stretches of a shortest path from a single position to a goal, or None."""
        goal = to.position
        departures = origin.departures()
        way = self._search.way(departures, to.arrivals)
        direct_ms = float(origin.direct_ms(goal)[0, 0])
        if way is None or direct_ms <= way.ms:
            return None if np.isinf(direct_ms) else [self._direct(origin, goal, direct_ms)]
        stretches = []
        side = int(np.flatnonzero(np.isfinite(origin.leave_ms[0]))[way.start])
        if origin.edge[0, side] >= 0:
            edge, start = int(origin.edge[0, side]), float(origin.fraction[0, side])
            stretches.append(self._stretch(edge, start, 1.0, float(origin.after_ms[0, side])))
        for arc in way.arcs:
            stretches.append(self._stretch(int(self._turns.arc_edge[arc]), 0.0, 1.0, float(self._search.arc_ms[arc])))
        if goal.node[0] < 0:
            stretches.append(self._last(way.state, goal))
        return stretches

    def _direct(self, origin: Positions, goal: Positions, direct_ms: float) -> Stretch:
        for mine in (0, 1):
            for theirs in (0, 1):
                edge, start, end = origin.edge[0, mine], origin.fraction[0, mine], goal.fraction[0, theirs]
                if edge < 0 or edge != goal.edge[0, theirs] or start > end:
                    continue
                if goal.before_ms[0, theirs] - origin.before_ms[0, mine] == direct_ms:
                    return self._stretch(int(edge), float(start), float(end), direct_ms)
        raise AssertionError("a direct time stands for a stretch of one edge")

    def _last(self, state: int, goal: Positions) -> Stretch:
        """The part of an edge by which the goal is reached from the last state: the quicker side that it permits."""
        turns = self._turns
        sides = []
        for side in (0, 1):
            edge = int(goal.edge[0, side])
            if edge >= 0:
                arcs = turns.entry_arc[turns.entry_offset[edge] : turns.entry_offset[edge + 1]]
                entering = arcs[turns.arc_source[arcs] == state]
                if self._search.arc_open[entering].any():
                    sides.append((float(goal.before_ms[0, side]), side))
        ms, side = min(sides)
        return self._stretch(int(goal.edge[0, side]), 0.0, float(goal.fraction[0, side]), ms)

    def _stretch(self, edge: int, start: float, end: float, ms: float) -> Stretch:
        length_m = float(self.network.edge_length_m[edge]) * (end - start)
        return Stretch(edge=edge, start=start, end=end, ms=ms, length_m=length_m)

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

    def _goals(self, target: Location, labels: frozenset[int]) -> tuple[RoadAccess, list[_Goal]]:
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

    def _goal(self, snap: Snap) -> _Goal:
        position = Positions.of_snap(snap, self.network, self._turns, self.metric)
        return _Goal(
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
        self, goals: Sequence[_Goal], origins: PinnedOrigins, direct: Sequence[Float64Array], limit_ms: float = np.inf
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


def _with(values: Float64Array, index: int, value: float) -> Float64Array:
    changed = values.copy()
    changed[index] = value
    return changed


def _from_the_door(origins: PinnedOrigins) -> Starts:
    """The origins' departures, with what each needs to reach the road spent before."""
    starts = origins.positions.departures()
    spent = np.repeat(origins.reach_road_ms, np.diff(starts.offset))
    return Starts(offset=starts.offset, state=starts.state, ms=starts.ms + spent)


def _seconds(ms: Int32Array) -> Float64Array:
    return np.where(ms < NEVER_MS, ms / MS_PER_S, np.nan)


def _direct_ms(goals: Sequence[_Goal], origins: Positions) -> list[Float64Array]:
    """For each goal (n,) milliseconds from each origin behind it on the same edge."""
    return [origins.direct_ms(goal.position)[:, 0] for goal in goals]


def _crossing_ms(length_m: float, kph: float) -> float:
    """Whole milliseconds for so many metres."""
    return float(round(length_m / 1000.0 / kph * 3600.0 * MS_PER_S))


def _driving_time(reach_road_ms: float, driving_ms: float, last_ms: float) -> DrivingTime:
    return DrivingTime(
        reach_road_s=reach_road_ms / MS_PER_S,
        driving_s=None if driving_ms == np.inf else driving_ms / MS_PER_S,
        last_metres_s=last_ms / MS_PER_S,
    )


def _matrix(total_ms: Float64Array) -> TimeMatrix:
    reachable = np.isfinite(total_ms)
    return TimeMatrix(seconds=np.where(reachable, total_ms / MS_PER_S, np.nan), reachable=reachable)
