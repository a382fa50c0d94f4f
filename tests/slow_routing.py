"""The slow, obvious twins of the routing engine: whole histories in networkx, and every segment in shapely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
import shapely

from gis.geodesy import LocalPlane
from gis.types import Location
from routing.metric import Metric
from routing.network import ROAD_CLASSES, EdgeFlag, RoadNetwork
from routing.types import Snap

TARGET = "target"
State = tuple[int, tuple[int, ...]]


class SlowRouter:
    """Dijkstra over (node, edges driven before it), with every restriction looked up in what was driven.

    Of the history only the edges since the last one that no restriction names are kept, and no more than the longest
    restriction can look back to: the others cannot change what is forbidden. Where turning round takes time, the last
    edge is always kept.
    """

    def __init__(self, network: RoadNetwork, metric: Metric) -> None:
        self.network = network
        edge_ms, self.turn_round_ms = metric.edge_ms, metric.turn_round_ms
        self.edge_ms = [int(ms) for ms in edge_ms]
        offsets = network.restriction_offset.tolist()
        edges = network.restriction_edges.tolist()
        self.forbidden = {tuple(edges[i:j]) for i, j in pairwise(offsets)} if metric.obeys_restrictions else set()
        self.restricted = {edge for sequence in self.forbidden for edge in sequence}
        self.look_back = max((len(sequence) for sequence in self.forbidden), default=1) - 1
        self.graph: nx.DiGraph[Any] = nx.DiGraph()
        waiting: list[State] = [(node, ()) for node in range(network.node_count)]
        self.graph.add_nodes_from(waiting)
        while waiting:
            state = waiting.pop()
            for edge in self.permitted(state):
                after = self.drive(state, edge)
                if after not in self.graph:
                    waiting.append(after)
                known = self.graph.get_edge_data(state, after)
                ms = self.edge_ms[edge] + self.turning_ms(state[1], edge)
                if known is None or ms < known["weight"]:
                    self.graph.add_edge(state, after, weight=ms)
        self.states_at: dict[int, list[State]] = {}
        for state in self.graph:
            self.states_at.setdefault(state[0], []).append(state)

    def permitted(self, state: State) -> list[int]:
        """Open edges that may be driven next."""
        node, history = state
        first, last = int(self.network.edge_offset[node]), int(self.network.edge_offset[node + 1])
        return [edge for edge in range(first, last) if self.edge_ms[edge] >= 0 and self.allows(history, edge)]

    def allows(self, history: tuple[int, ...], edge: int) -> bool:
        """Whether no forbidden sequence ends with this edge."""
        driven = (*history, edge)
        return not any(driven[-len(sequence) :] == sequence for sequence in self.forbidden)

    def drive(self, state: State, edge: int) -> State:
        """Where an edge leads."""
        counts = edge in self.restricted and all(before in self.restricted for before in state[1])
        history = (*state[1], edge) if counts else (edge,)
        size = max(self.look_back, 1) if counts or self.turn_round_ms else 0
        return int(self.network.edge_head[edge]), history[-size:] if size else ()

    def turning_ms(self, history: tuple[int, ...], edge: int) -> int:
        """Milliseconds of turning round into an edge; 0 where the last one was another."""
        round_ = bool(history) and int(self.network.edge_reverse[history[-1]]) == edge
        return self.turn_round_ms if round_ else 0

    def sides(self, snap: Snap) -> list[tuple[int, float]]:
        """The open edges on which a point lies, with the share of each before it."""
        twin = int(self.network.edge_reverse[snap.edge])
        both = [(snap.edge, snap.fraction)] + ([(twin, 1.0 - snap.fraction)] if twin >= 0 else [])
        return [(edge, fraction) for edge, fraction in both if self.edge_ms[edge] >= 0]

    def node(self, snap: Snap) -> int | None:
        """The node where the point is one."""
        if snap.fraction <= 0.0:
            return int(self.network.edge_tail[snap.edge])
        return int(self.network.edge_head[snap.edge]) if snap.fraction >= 1.0 else None

    def before_ms(self, edge: int, fraction: float) -> int:
        """Milliseconds of an edge before a point on it."""
        return round(fraction * self.edge_ms[edge])

    def arrivals(self, target: Snap) -> dict[State, int]:
        """States from which the target is reached without passing another, and the milliseconds from each."""
        at = self.node(target)
        if at is not None:
            return dict.fromkeys(self.states_at[at], 0)
        found: dict[State, int] = {}
        for edge, fraction in self.sides(target):
            ms = self.before_ms(edge, fraction)
            for state in self.states_at[int(self.network.edge_tail[edge])]:
                if self.allows(state[1], edge):
                    whole = ms + self.turning_ms(state[1], edge)
                    found[state] = min(whole, found.get(state, whole))
        return found

    def times_to(self, target: Snap, origins: Iterable[Snap]) -> list[int | None]:
        """Milliseconds from every origin to the target; None where no road leads there."""
        self.graph.add_node(TARGET)
        self.graph.add_weighted_edges_from((state, TARGET, ms) for state, ms in self.arrivals(target).items())
        times = nx.single_source_dijkstra_path_length(self.graph.reverse(copy=False), TARGET)
        self.graph.remove_node(TARGET)
        return [self.time_from(origin, target, times) for origin in origins]

    def time_from(self, origin: Snap, target: Snap, times: Mapping[Any, float]) -> int | None:
        """Milliseconds from an origin, given those from the states."""
        found: list[float] = []
        at = self.node(origin)
        if at is not None:
            found += [times[at, ()]] if (at, ()) in times else []
        else:
            for edge, fraction in self.sides(origin):
                passed = self.before_ms(edge, fraction)
                after = self.drive((int(self.network.edge_tail[edge]), ()), edge)
                if after in times:
                    found.append(self.edge_ms[edge] - passed + times[after])
                if self.node(target) is None:
                    found += [
                        self.before_ms(edge, ahead) - passed
                        for other, ahead in self.sides(target)
                        if other == edge and ahead >= fraction
                    ]
        return int(min(found)) if found else None


class SlowSnapper:
    """Every segment of every curve that one can get on and off, measured in the plane about the query point."""

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network
        self.edges: list[int] = []
        for edge in range(network.edge_count):
            flags = int(network.edge_flags[edge])
            barrier = network.edge_class[edge] == ROAD_CLASSES.index("barrier")
            if not (barrier or flags & int(EdgeFlag.FERRY | EdgeFlag.BARRIER)) and network.edge_length_m[edge] > 0:
                self.edges.append(edge)
        points = [np.column_stack(network.edge_points(edge)[::-1]) for edge in self.edges]
        self.lines = np.array([shapely.LineString(line) for line in points], dtype=object)

    def distances_m(self, location: Location) -> npt.NDArray[np.float64]:
        """Metres to every edge of `edges`."""
        plane = LocalPlane(lat0=location.lat, lon0=location.lon)

        def to_plane(lonlat: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            return np.column_stack(plane.to_xy(lonlat[:, 1], lonlat[:, 0]))

        flat = shapely.transform(self.lines, to_plane)
        return np.asarray(shapely.distance(flat, shapely.Point(0.0, 0.0)))

    def nearest(
        self, location: Location, allowed: npt.NDArray[np.bool_] | None = None, *, tie_m: float
    ) -> tuple[int, float] | None:
        """The lowest of the nearest allowed edges, and its distance."""
        kept = [at for at, edge in enumerate(self.edges) if allowed is None or allowed[edge]]
        if not kept:
            return None
        distances = self.distances_m(location)[kept]
        best = float(distances.min())
        first = int(np.flatnonzero(distances <= best + tie_m)[0])
        return self.edges[kept[first]], float(distances[first])
