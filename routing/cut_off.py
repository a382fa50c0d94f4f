"""Which roads nobody can drive to any more when some are closed: reachability, no times.

One search over the states of the turn restrictions from wherever units stand, once with every road open and once
without the closed ones. It gives exactly the edges to which the router finds a way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from gis.types import Location
from routing.components import open_by_default
from routing.network import ROAD_CLASSES, Float64Array, Int32Array, Int64Array, RoadNetwork
from routing.snap import Snapper
from routing.turns import TurnGraph

NOBODY_LIVES_AT: Final = ("motorway", "motorway_link", "trunk_link", "busway", "ferry", "barrier")
"""Classes of road that are not counted for a village's people."""
ROOT_LIMIT_M: Final = 500.0
"""A station farther from every road than this sends nobody."""


@dataclass(frozen=True, kw_only=True, eq=False)
class VillageReach:
    """Road by village (V villages), in metres, each curve counted once; roads without houses are left out.

    Attributes
    ----------
    before_m
        (V,) that can be driven to with every road open.
    closed_m
        (V,) of it, closed.
    beyond_m
        (V,) of it, open but out of reach.
    """

    before_m: Float64Array
    closed_m: Float64Array
    beyond_m: Float64Array

    @property
    def share(self) -> Float64Array:
        """(V,) part of a village's road that nobody can drive to any more; 0 where there never was any."""
        lost = self.closed_m + self.beyond_m
        return np.divide(lost, self.before_m, out=np.zeros_like(lost), where=self.before_m > 0)

    @property
    def beyond_share(self) -> Float64Array:
        """(V,) the same of the roads that are open."""
        return np.divide(self.beyond_m, self.before_m, out=np.zeros_like(self.beyond_m), where=self.before_m > 0)


class Reach:
    """What can be driven to on one network; safe for threads.

    Parameters
    ----------
    network, snapper
        The roads.
    roots
        Where units set out from; where none is near a road, the largest connected part of the network counts.
    is_open
        (E,) edges that a vehicle may drive (`routing.metric.Metric.is_open`); by default those of the default access
        rules.
    turns
        The states of the network's restrictions, where they are at hand.
    """

    def __init__(
        self,
        network: RoadNetwork,
        snapper: Snapper,
        roots: Sequence[Location],
        *,
        is_open: npt.NDArray[np.bool_] | None = None,
        turns: TurnGraph | None = None,
    ) -> None:
        self._network = network
        self._turns = turns or TurnGraph.build(network)
        self._open = open_by_default(network.edge_flags) if is_open is None else is_open
        self._roots = self._edges_at(snapper, roots)
        self._before = self._reached(self._open)

    @property
    def turns(self) -> TurnGraph:
        """The states of the network's restrictions, for another vehicle's reach on it."""
        return self._turns

    @property
    def roots(self) -> Int64Array:
        """Edges from which everything is reached."""
        return self._roots

    @property
    def before(self) -> npt.NDArray[np.bool_]:
        """(E,) edges that can be driven to with every road open."""
        return self._before

    def after(self, closed: Int64Array) -> npt.NDArray[np.bool_]:
        """(E,) edges that can be driven to without the closed ones."""
        is_open = self._open.copy()
        is_open[closed] = False
        return self._reached(is_open)

    def by_village(self, closed: Int64Array, edge_village: Int32Array, village_count: int) -> VillageReach:
        """What a set of closed edges takes from each village.

        Parameters
        ----------
        closed
            Edges.
        edge_village
            (E,) village of each edge or -1, each curve counted once (`routing.region.Region.edge_village`).
        village_count
            Number of villages V.
        """
        network = self._network
        is_closed = np.zeros(network.edge_count, dtype=np.bool_)
        is_closed[closed] = True
        counted = (edge_village >= 0) & ~np.isin(
            network.edge_class, [ROAD_CLASSES.index(name) for name in NOBODY_LIVES_AT]
        )
        before, after = self._on_curve(self._before), self._on_curve(self.after(closed))
        # A curve of which one direction is closed can still be driven along the other.
        shut = ~self._on_curve(self._open & ~is_closed) & self._on_curve(self._open)

        def metres(chosen: npt.NDArray[np.bool_]) -> Float64Array:
            kept = counted & chosen
            length = np.asarray(network.edge_length_m)[kept]
            return np.bincount(edge_village[kept], weights=length, minlength=village_count).astype(np.float64)

        return VillageReach(
            before_m=metres(before), closed_m=metres(before & shut), beyond_m=metres(before & ~after & ~shut)
        )

    def _on_curve(self, edges: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """(E,) whether either direction of an edge's curve is among the edges."""
        either = np.zeros(len(self._network.curve_offset) - 1, dtype=np.bool_)
        either[self._network.edge_curve[edges]] = True
        return np.asarray(either[self._network.edge_curve], dtype=np.bool_)

    def _edges_at(self, snapper: Snapper, roots: Sequence[Location]) -> Int64Array:
        """Both directions of the open road nearest to each root that belongs to the largest connected part."""
        network = self._network
        main = np.asarray(network.edge_component) == 0
        allowed = snapper.allow(main & self._open)
        found = [
            snap.edge for root in roots if (snap := snapper.nearest(root, allowed, limit_m=ROOT_LIMIT_M)) is not None
        ]
        if not found:
            return np.flatnonzero(main & self._open)
        twins = network.edge_reverse[found]
        return np.unique(np.concatenate([found, twins[twins >= 0]]).astype(np.int64))

    def _reached(self, is_open: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        turns = self._turns
        # Forbidden arcs are for those alone who may ignore restrictions.
        usable = np.flatnonzero(is_open[turns.arc_edge] & ~turns.arc_forbidden)
        source, target = turns.arc_source[usable], turns.arc_target[usable]
        roots = self._roots[is_open[self._roots]]
        start = turns.state_count
        first = turns.state_after(roots)
        graph = csr_array(
            (
                np.ones(len(usable) + len(roots), dtype=np.int8),
                (
                    np.concatenate([source, np.full(len(roots), start, dtype=source.dtype)]),
                    np.concatenate([target, first]),
                ),
            ),
            shape=(start + 1, start + 1),
        )
        states = np.zeros(start + 1, dtype=np.bool_)
        states[breadth_first_order(graph, start, return_predecessors=False)] = True
        reached = np.zeros(self._network.edge_count, dtype=np.bool_)
        reached[turns.arc_edge[usable][states[source]]] = True
        reached[roots] = True
        return reached
