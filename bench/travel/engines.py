"""Every engine behind one face: ours and those peers that take a graph of arcs and whole milliseconds.

All of them answer for nodes of the same strongly connected graph, where turning round is free and no turn is forbidden
(the peers know nothing of either), so their answers are to be equal to the millisecond.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from routing.hierarchy import Hierarchy
from routing.metric import Metric
from routing.network import Int64Array, RoadNetwork
from routing.search import Pinned, Search
from routing.search_scipy import ScipySearch
from routing.settings import RoutingSettings
from routing.starts import Starts
from routing.turns import TurnGraph

SETTINGS = RoutingSettings(turn_round_s=0.0)

ANY_NUMBER = 2**62

IntArray = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Roads:
    """A strongly connected network as a graph.

    Attributes
    ----------
    name
        Of the network.
    network, metric
        As our own engine takes them.
    tail, head, ms
        (A,) arcs, of parallel ones the quickest alone, by rising tail and head.
    """

    name: str
    network: RoadNetwork
    metric: Metric
    tail: Int64Array
    head: Int64Array
    ms: Int64Array

    @classmethod
    def of(cls, name: str, network: RoadNetwork) -> Roads:
        """The graph of a network under the default speeds."""
        metric = Metric.build(network, SETTINGS)
        arcs = np.flatnonzero(metric.edge_ms >= 0)
        tail, head = network.edge_tail[arcs].astype(np.int64), network.edge_head[arcs].astype(np.int64)
        order = np.lexsort((metric.edge_ms[arcs], head, tail))
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = (np.diff(tail[order]) != 0) | (np.diff(head[order]) != 0)
        kept = order[first]
        return cls(
            name=name, network=network, metric=metric, tail=tail[kept], head=head[kept], ms=metric.edge_ms[arcs][kept]
        )

    @property
    def size(self) -> int:
        """Number of nodes."""
        return self.network.node_count

    def matrix(self, *, backward: bool = False) -> csr_array:
        """(N, N) milliseconds as scipy takes them."""
        ends = (self.head, self.tail) if backward else (self.tail, self.head)
        return csr_array((self.ms.astype(np.float64), ends), shape=(self.size, self.size))


class Engine(Protocol):
    """What is asked of every engine; times are whole milliseconds.

    Attributes
    ----------
    name
        As printed.
    most_targets
        More than so many targets at once are not to be asked for.
    """

    name: str
    most_targets: int

    def build(self, roads: Roads) -> None:
        """Everything that does not depend on the times of the arcs."""

    def customize(self) -> None:
        """Take the times of the arcs."""

    def pin(self, sources: IntArray) -> None:
        """Prepare units (n) at nodes."""

    def rank(self, target: int) -> IntArray:
        """(n,) from every unit to a node."""

    def table(self, targets: IntArray) -> IntArray:
        """(n, m) from every unit to every node of a list."""

    def sweep(self, sources: IntArray) -> IntArray:
        """(s, N) from nodes to all nodes."""


class OurSearch:
    """Ours: what `routing.router.Router` asks, without snapping."""

    name = "siaga112"
    most_targets = ANY_NUMBER
    search: Search
    pinned: Pinned

    def build(self, roads: Roads) -> None:
        self.roads = roads
        self.hierarchy = Hierarchy.build(roads.network, SETTINGS)

    def customize(self) -> None:
        from routing.search_hierarchy import HierarchySearch

        self.search = HierarchySearch(self.hierarchy, self.roads.metric)

    def pin(self, sources: IntArray) -> None:
        self.pinned = self.search.pin(_at(sources))

    def rank(self, target: int) -> IntArray:
        return self.search.times_ms(self.pinned, _at(np.array([target])))[:, 0].astype(np.int64)

    def table(self, targets: IntArray) -> IntArray:
        return self.search.times_ms(self.pinned, _at(targets)).astype(np.int64)

    def sweep(self, sources: IntArray) -> IntArray:
        return self.search.node_times_ms(_at(sources))


class OurScipySearch(OurSearch):
    """Ours without anything compiled: what the command line answers with."""

    name = "siaga112, plain"

    def build(self, roads: Roads) -> None:
        self.roads = roads
        self.turns = TurnGraph.build(roads.network)

    def customize(self) -> None:
        self.search = ScipySearch(self.turns, self.roads.metric)


class RoutingKit:
    """RoutingKit's customizable contraction hierarchy, by its Python package."""

    name = "routingkit-cch"
    most_targets = 200_000

    def build(self, roads: Roads) -> None:
        import routingkit_cch as kit

        self.kit, self.roads = kit, roads
        tail, head = roads.tail.tolist(), roads.head.tolist()
        lat, lon = roads.network.node_lat.astype(np.float32), roads.network.node_lon.astype(np.float32)
        order = kit.compute_order_inertial(roads.size, tail, head, lat.tolist(), lon.tolist())
        self.hierarchy = kit.CCH(order, tail, head, False)

    def customize(self) -> None:
        self.metric = self.kit.CCHMetric(self.hierarchy, self.roads.ms.tolist())

    def pin(self, sources: IntArray) -> None:
        self.sources = sources.tolist()
        self.pinned = self.kit.CCHManyToOne(self.metric, self.sources)

    def rank(self, target: int) -> IntArray:
        return np.array(self.pinned.distances_to(int(target)), dtype=np.int64)

    def table(self, targets: IntArray) -> IntArray:
        return np.array([self.pinned.distances_to(target) for target in targets.tolist()], dtype=np.int64).T

    def sweep(self, sources: IntArray) -> IntArray:
        everywhere = self.kit.CCHOneToMany(self.metric, list(range(self.roads.size)))
        return np.array([everywhere.distances_from(source) for source in sources.tolist()], dtype=np.int64)


class Scipy:
    """scipy's Dijkstra over the whole graph."""

    name = "scipy"
    most_targets = ANY_NUMBER

    def build(self, roads: Roads) -> None:
        self.roads = roads

    def customize(self) -> None:
        self.forward, self.backward = self.roads.matrix(), self.roads.matrix(backward=True)

    def pin(self, sources: IntArray) -> None:
        self.sources = sources

    def rank(self, target: int) -> IntArray:
        return dijkstra(self.backward, indices=int(target))[self.sources].astype(np.int64)

    def table(self, targets: IntArray) -> IntArray:
        return np.array([dijkstra(self.forward, indices=int(source))[targets] for source in self.sources]).astype(
            np.int64
        )

    def sweep(self, sources: IntArray) -> IntArray:
        return np.array([dijkstra(self.forward, indices=int(source)) for source in sources]).astype(np.int64)


class Igraph:
    """igraph's Dijkstra."""

    name = "igraph"
    most_targets = ANY_NUMBER

    def build(self, roads: Roads) -> None:
        import igraph

        self.roads = roads
        ends = np.stack([roads.tail, roads.head], axis=1)
        self.graph = igraph.Graph(n=roads.size, edges=ends, directed=True)

    def customize(self) -> None:
        self.graph.es["ms"] = self.roads.ms.tolist()

    def pin(self, sources: IntArray) -> None:
        # igraph wants every node named once.
        named, self.place = np.unique(sources, return_inverse=True)
        self.sources = named.tolist()

    def rank(self, target: int) -> IntArray:
        rows = self.graph.distances(source=[int(target)], target=self.sources, weights="ms", mode="in")
        return np.array(rows[0])[self.place].astype(np.int64)

    def table(self, targets: IntArray) -> IntArray:
        named, place = np.unique(targets, return_inverse=True)
        rows = self.graph.distances(source=self.sources, target=named.tolist(), weights="ms")
        return np.array(rows)[self.place][:, place].astype(np.int64)

    def sweep(self, sources: IntArray) -> IntArray:
        return np.array(self.graph.distances(source=sources.tolist(), weights="ms")).astype(np.int64)


class Rustworkx:
    """rustworkx's Dijkstra."""

    name = "rustworkx"
    most_targets = ANY_NUMBER

    def build(self, roads: Roads) -> None:
        import rustworkx

        self.rx, self.roads = rustworkx, roads
        self.forward, self.backward = rustworkx.PyDiGraph(), rustworkx.PyDiGraph()
        for graph in (self.forward, self.backward):
            graph.add_nodes_from(range(roads.size))

    def customize(self) -> None:
        tail, head, ms = self.roads.tail.tolist(), self.roads.head.tolist(), self.roads.ms.astype(float).tolist()
        for graph, ends in ((self.forward, (tail, head)), (self.backward, (head, tail))):
            graph.clear_edges()
            graph.add_edges_from(list(zip(*ends, ms, strict=True)))

    def pin(self, sources: IntArray) -> None:
        self.sources = sources.tolist()

    def rank(self, target: int) -> IntArray:
        found = self._from(self.backward, int(target))
        return np.array([found[source] for source in self.sources], dtype=np.int64)

    def table(self, targets: IntArray) -> IntArray:
        rows = (self._from(self.forward, source) for source in self.sources)
        return np.array([[row[target] for target in targets.tolist()] for row in rows], dtype=np.int64)

    def sweep(self, sources: IntArray) -> IntArray:
        rows = (self._from(self.forward, source) for source in sources.tolist())
        return np.array([[row[node] for node in range(self.roads.size)] for row in rows], dtype=np.int64)

    def _from(self, graph: Any, node: int) -> dict[int, float]:
        found = dict(self.rx.digraph_dijkstra_shortest_path_lengths(graph, node, float))
        found[node] = 0.0
        return found


class Networkx:
    """networkx's Dijkstra."""

    name = "networkx"
    most_targets = ANY_NUMBER

    def build(self, roads: Roads) -> None:
        import networkx

        self.nx, self.roads = networkx, roads
        self.forward, self.backward = networkx.DiGraph(), networkx.DiGraph()

    def customize(self) -> None:
        tail, head, ms = self.roads.tail.tolist(), self.roads.head.tolist(), self.roads.ms.tolist()
        self.forward.add_weighted_edges_from(zip(tail, head, ms, strict=True))
        self.backward.add_weighted_edges_from(zip(head, tail, ms, strict=True))

    def pin(self, sources: IntArray) -> None:
        self.sources = sources.tolist()

    def rank(self, target: int) -> IntArray:
        found = self.nx.single_source_dijkstra_path_length(self.backward, int(target))
        return np.array([found[source] for source in self.sources], dtype=np.int64)

    def table(self, targets: IntArray) -> IntArray:
        rows = (self.nx.single_source_dijkstra_path_length(self.forward, source) for source in self.sources)
        return np.array([[row[target] for target in targets.tolist()] for row in rows], dtype=np.int64)

    def sweep(self, sources: IntArray) -> IntArray:
        rows = (self.nx.single_source_dijkstra_path_length(self.forward, source) for source in sources.tolist())
        return np.array([[row[node] for node in range(self.roads.size)] for row in rows], dtype=np.int64)


ENGINES: tuple[tuple[Callable[[], Engine], str], ...] = (
    (OurSearch, "numba"),
    (OurScipySearch, "scipy"),
    (RoutingKit, "routingkit_cch"),
    (Scipy, "scipy"),
    (Igraph, "igraph"),
    (Rustworkx, "rustworkx"),
    (Networkx, "networkx"),
)
"""Every engine, ours first, and the module that it needs."""


def engines() -> tuple[list[Engine], dict[str, str]]:
    """The engines that can be had here, and why the others cannot."""
    found, missing = [], {}
    for make, module in ENGINES:
        engine = make()
        if importlib.util.find_spec(module) is None:
            missing[engine.name] = f"{module} is not installed"
        else:
            found.append(engine)
    return found, missing


def _at(nodes: IntArray) -> Starts:
    """Points that stand at nodes."""
    return Starts(
        offset=np.arange(len(nodes) + 1, dtype=np.int64),
        state=np.asarray(nodes, dtype=np.int64),
        ms=np.zeros(len(nodes)),
    )
