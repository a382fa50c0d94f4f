"""Points on the roads as the search sees them: where one can leave to, and from where one can arrive.

A point inside an edge is left by driving the rest of the edge, or the rest of its twin, and reached by driving the
part before it, by whoever is permitted to turn into that edge. A point at the very end of an edge is the node there: it
is left by any edge, and reached when the node is. Parts of edges are whole milliseconds: the part before the point is
rounded, the part after it is what remains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routing.metric import Metric
from routing.network import Float64Array, Int64Array, RoadNetwork
from routing.ragged import rows
from routing.starts import Starts
from routing.turns import TurnGraph
from routing.types import Snap

NO_EDGE = -1

_NEVER = (math.inf, math.inf)
_ARRAYS = ("edge", "fraction", "before_ms", "after_ms", "node", "leave_state", "leave_ms")
_Row = tuple[list[int], list[float], list[float], list[float], int, list[int], list[float]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Positions:
    """n points on the roads, or nowhere.

    Attributes
    ----------
    edge
        (n, 2) the open edges on which the point lies: the snapped one and its twin; `NO_EDGE` where there is none or
        where the point is a node.
    fraction
        (n, 2) share of the edge's length before the point.
    before_ms, after_ms
        (n, 2) milliseconds of the edge before and after the point; infinity beside `NO_EDGE`.
    node
        (n,) the node where the point is one; -1 elsewhere.
    leave_state, leave_ms
        (n, 2) states to which the point can be left and the milliseconds to each; infinity for none.
    obeys_restrictions
        Whether an edge that a restriction forbids is never turned into.
    """

    edge: Int64Array
    fraction: Float64Array
    before_ms: Float64Array
    after_ms: Float64Array
    node: Int64Array
    leave_state: Int64Array
    leave_ms: Float64Array
    turns: TurnGraph
    obeys_restrictions: bool

    def __len__(self) -> int:
        return len(self.node)

    @classmethod
    def of_snaps(
        cls, snaps: Sequence[Snap | None], network: RoadNetwork, turns: TurnGraph, metric: Metric
    ) -> Positions:
        """Positions of snapped points; None is nowhere."""
        if len(snaps) == 1 and snaps[0] is not None:
            return cls.of_snap(snaps[0], network, turns, metric)
        edge = np.array([NO_EDGE if snap is None else snap.edge for snap in snaps], dtype=np.int64)
        fraction = np.array([0.5 if snap is None else snap.fraction for snap in snaps], dtype=np.float64)
        return cls.on_edges(edge, fraction, network, turns, metric)

    @classmethod
    def of_snap(cls, snap: Snap, network: RoadNetwork, turns: TurnGraph, metric: Metric) -> Positions:
        """`of_snaps([snap], …)` number by number: every call asks for one, and arrays cost more than the sums."""
        row = _row(snap, network, turns, metric)
        arrays = {name: np.array([value]) for name, value in zip(_ARRAYS, row, strict=True)}
        return cls(**arrays, turns=turns, obeys_restrictions=metric.obeys_restrictions)

    @classmethod
    def on_edges(
        cls, edge: Int64Array, fraction: Float64Array, network: RoadNetwork, turns: TurnGraph, metric: Metric
    ) -> Positions:
        """Positions at so much of the length of each edge (n,); `NO_EDGE` is nowhere.

        Closed edges are never driven: a point on a closed edge can use the twin alone, or nothing.
        """
        known = edge >= 0
        twin = np.where(known, network.edge_reverse[edge], NO_EDGE)
        edges = np.stack([edge, twin], axis=1)
        fractions = np.stack([fraction, 1.0 - fraction], axis=1)
        edges[(edges >= 0) & (metric.edge_ms[edges] < 0)] = NO_EDGE
        drivable = (edges >= 0).any(axis=1)
        at_tail, at_head = drivable & (fraction <= 0.0), drivable & (fraction >= 1.0)
        node = np.where(at_tail, network.edge_tail[edge], np.where(at_head, network.edge_head[edge], -1))
        node = node.astype(np.int64)
        edges[node >= 0] = NO_EDGE
        inside = edges >= 0
        ms = metric.edge_ms[edges].astype(np.float64)
        before = np.where(inside, np.rint(fractions * ms), np.inf)
        after = np.where(inside, ms - np.rint(fractions * ms), np.inf)
        leave_state = np.where(inside, turns.state_after(edges), 0).astype(np.int64)
        leave_ms = after.copy()
        leave_state[node >= 0, 0] = node[node >= 0]
        leave_ms[node >= 0, 0] = 0.0
        return cls(
            edge=edges,
            fraction=fractions,
            before_ms=before,
            after_ms=after,
            node=node,
            leave_state=leave_state,
            leave_ms=leave_ms,
            turns=turns,
            obeys_restrictions=metric.obeys_restrictions,
        )

    def departures_of(self, point: int) -> Starts:
        """States to which one point can be left."""
        left = [side for side, ms in enumerate(self.leave_ms[point].tolist()) if ms < math.inf]
        state, ms = self.leave_state[point], self.leave_ms[point]
        if len(left) < 2:
            state, ms = state[left], ms[left]
        return Starts(offset=np.array([0, len(left)]), state=state, ms=ms)

    def departures(self) -> Starts:
        """States to which each point can be left."""
        if len(self) == 1:
            return self.departures_of(0)
        used = np.isfinite(self.leave_ms)
        return Starts(offset=_offsets(used.sum(axis=1)), state=self.leave_state[used], ms=self.leave_ms[used])

    def arrivals(self) -> Starts:
        """States from which each point can be reached without passing another state."""
        if len(self) == 1:
            return self._arrivals_of_one()
        turns = self.turns
        at_node = np.flatnonzero(self.node >= 0)
        node_position, node_owner = rows(turns.node_state_offset, self.node[at_node])
        point, side = np.nonzero(self.edge >= 0)
        edge_position, edge_owner = rows(turns.entry_offset, self.edge[point, side])
        arc = turns.entry_arc[edge_position]
        if self.obeys_restrictions:
            permitted = ~turns.arc_forbidden[arc]
            arc, edge_owner = arc[permitted], edge_owner[permitted]
        owner = np.concatenate([at_node[node_owner], point[edge_owner]])
        state = np.concatenate([turns.node_state[node_position], turns.arc_source[arc]]).astype(np.int64)
        ms = np.concatenate([np.zeros(len(node_owner)), self.before_ms[point, side][edge_owner]])
        order = np.argsort(owner, kind="stable")
        return Starts(offset=_offsets(np.bincount(owner, minlength=len(self))), state=state[order], ms=ms[order])

    def _arrivals_of_one(self) -> Starts:
        """As `arrivals`, number by number."""
        turns = self.turns
        states: list[int] = []
        ms: list[float] = []
        node = int(self.node[0])
        if node >= 0:
            states += turns.node_state[turns.node_state_offset[node] : turns.node_state_offset[node + 1]].tolist()
            ms += [0.0] * len(states)
        for edge, before in zip(self.edge[0].tolist(), self.before_ms[0].tolist(), strict=True):
            if edge < 0:
                continue
            for arc in turns.entry_arc[turns.entry_offset[edge] : turns.entry_offset[edge + 1]].tolist():
                if not (self.obeys_restrictions and turns.arc_forbidden[arc]):
                    states.append(int(turns.arc_source[arc]))
                    ms.append(before)
        return Starts(
            offset=np.array([0, len(states)]),
            state=np.array(states, dtype=np.int64),
            ms=np.array(ms, dtype=np.float64),
        )

    def direct_ms(self, others: Positions) -> Float64Array:
        """(n, m) milliseconds from each point to each other one ahead of it on the same edge; infinity elsewhere."""
        best = np.full((len(self), len(others)), np.inf)
        if len(others) == 1:  # asked by every call, and most often nobody stands on the target's road
            first, second = others.edge[0].tolist()
            if not ((self.edge == first) | (self.edge == second)).any():
                return best
        for mine in (0, 1):
            for theirs in (0, 1):
                edge, other = self.edge[:, mine, None], others.edge[None, :, theirs]
                i, j = np.nonzero((edge == other) & (edge >= 0))
                if not len(i):
                    continue
                ahead = self.fraction[i, mine] <= others.fraction[j, theirs]
                i, j = i[ahead], j[ahead]
                best[i, j] = np.minimum(best[i, j], others.before_ms[j, theirs] - self.before_ms[i, mine])
        return best

    def with_snap(self, index: int, snap: Snap | None, network: RoadNetwork, metric: Metric) -> Positions:
        """The same points, of which one is now a snapped one (None is nowhere)."""
        arrays = {}
        for name, value in zip(_ARRAYS, _row(snap, network, self.turns, metric), strict=True):
            arrays[name] = changed = getattr(self, name).copy()
            changed[index] = value
        return Positions(**arrays, turns=self.turns, obeys_restrictions=self.obeys_restrictions)

    def chosen(self, index: int | npt.NDArray[np.int64] | slice) -> Positions:
        """Some of the points, in the order asked for."""
        keep = np.atleast_1d(np.arange(len(self))[index])
        return Positions(
            edge=self.edge[keep],
            fraction=self.fraction[keep],
            before_ms=self.before_ms[keep],
            after_ms=self.after_ms[keep],
            node=self.node[keep],
            leave_state=self.leave_state[keep],
            leave_ms=self.leave_ms[keep],
            turns=self.turns,
            obeys_restrictions=self.obeys_restrictions,
        )


def _row(snap: Snap | None, network: RoadNetwork, turns: TurnGraph, metric: Metric) -> _Row:
    """What one snapped point (None is nowhere) has in each of `_ARRAYS`."""
    if snap is None:
        return [NO_EDGE, NO_EDGE], [0.5, 0.5], [*_NEVER], [*_NEVER], -1, [0, 0], [*_NEVER]
    twin = int(network.edge_reverse[snap.edge])
    fractions = [snap.fraction, 1.0 - snap.fraction]
    ms = [int(metric.edge_ms[edge]) if edge >= 0 else -1 for edge in (snap.edge, twin)]
    edges = [edge if drive_ms >= 0 else NO_EDGE for edge, drive_ms in zip((snap.edge, twin), ms, strict=True)]
    before, leave_state, leave_ms = [*_NEVER], [0, 0], [*_NEVER]
    if max(edges) >= 0 and not 0.0 < snap.fraction < 1.0:
        node = int((network.edge_tail if snap.fraction <= 0.0 else network.edge_head)[snap.edge])
        return [NO_EDGE, NO_EDGE], fractions, before, [*_NEVER], node, [node, 0], [0.0, math.inf]
    for side, edge in enumerate(edges):
        if edge >= 0:
            before[side] = float(round(fractions[side] * ms[side]))
            leave_state[side], leave_ms[side] = int(turns.arc_target[edge]), ms[side] - before[side]
    return edges, fractions, before, leave_ms, -1, leave_state, leave_ms


def _offsets(counts: Int64Array) -> Int64Array:
    offset = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offset[1:])
    return offset
