"""The way between two positions, unpacked from the arcs of a search into stretches of edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from routing.network import RoadNetwork
from routing.path import Stretch
from routing.position import Positions
from routing.search import Search
from routing.starts import Starts
from routing.types import Snap


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One snap of a target, from where it can be reached, and the milliseconds on foot from it."""

    snap: Snap
    position: Positions
    arrivals: Starts
    last_ms: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PathFinder:
    """Unpacks shortest paths.

    Attributes
    ----------
    network, search
        The roads, and the search over them.
    """

    network: RoadNetwork
    search: Search

    def path(self, origin: Positions, to: Goal) -> list[Stretch] | None:
        """Stretches of a shortest path from a single position to a goal, or None."""
        goal = to.position
        departures = origin.departures()
        way = self.search.way(departures, to.arrivals)
        direct_ms = float(origin.direct_ms(goal)[0, 0])
        if way is None or direct_ms <= way.ms:
            return None if np.isinf(direct_ms) else [self._direct(origin, goal, direct_ms)]
        stretches = []
        side = int(np.flatnonzero(np.isfinite(origin.leave_ms[0]))[way.start])
        if origin.edge[0, side] >= 0:
            edge, start = int(origin.edge[0, side]), float(origin.fraction[0, side])
            stretches.append(self._stretch(edge, start, 1.0, float(origin.after_ms[0, side])))
        for arc in way.arcs:
            stretches.append(
                self._stretch(int(self.search.turns.arc_edge[arc]), 0.0, 1.0, float(self.search.arc_ms[arc]))
            )
        if goal.node[0] < 0:
            stretches.append(self._last(way.state, goal))
        return self._without_turning(stretches, origin, goal)

    def _without_turning(self, stretches: list[Stretch], origin: Positions, goal: Positions) -> list[Stretch]:
        """The same way without turning round at either end.

        In whole milliseconds a short road may take as long to its end as to a point on it. Then driving past the target
        and back, or first away from where one stands, ties with driving straight there, and is what nobody does.
        """
        reverse = self.network.edge_reverse
        if len(stretches) > 1 and stretches[0].start > 0 and reverse[stretches[0].edge] == stretches[1].edge:
            for side in (0, 1):
                if origin.edge[0, side] == stretches[1].edge and np.isfinite(origin.leave_ms[0, side]):
                    start, end = float(origin.fraction[0, side]), stretches[1].end
                    ms = stretches[0].ms + stretches[1].ms
                    if start <= end:
                        stretches = [self._stretch(stretches[1].edge, start, end, ms), *stretches[2:]]
                    break
        if len(stretches) > 1 and stretches[-1].end < 1 and reverse[stretches[-1].edge] == stretches[-2].edge:
            for side in (0, 1):
                if goal.edge[0, side] == stretches[-2].edge:
                    start, end = stretches[-2].start, float(goal.fraction[0, side])
                    ms = stretches[-2].ms + stretches[-1].ms
                    if start <= end:
                        stretches = [*stretches[:-2], self._stretch(stretches[-2].edge, start, end, ms)]
                    break
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
        turns = self.search.turns
        sides = []
        for side in (0, 1):
            edge = int(goal.edge[0, side])
            if edge >= 0:
                arcs = turns.entry_arc[turns.entry_offset[edge] : turns.entry_offset[edge + 1]]
                entering = arcs[turns.arc_source[arcs] == state]
                if self.search.arc_open[entering].any():
                    sides.append((float(goal.before_ms[0, side]), side))
        ms, side = min(sides)
        return self._stretch(int(goal.edge[0, side]), 0.0, float(goal.fraction[0, side]), ms)

    def _stretch(self, edge: int, start: float, end: float, ms: float) -> Stretch:
        length_m = float(self.network.edge_length_m[edge]) * (end - start)
        return Stretch(edge=edge, start=start, end=end, ms=ms, length_m=length_m)
