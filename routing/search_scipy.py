"""The plain engine: scipy's Dijkstra. It needs nothing compiled, so the command line answers from it at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from routing.metric import Metric
from routing.network import Float64Array, Int32Array
from routing.search import LONGEST_DRIVE_MS, NEVER_MS, Pinned, Way, told
from routing.starts import Starts
from routing.turns import TurnGraph, arc_costs_ms

CELLS_AT_ONCE = 2**24
"""Times held in memory at once when many searches run one after the other."""

_OFF_PATH = -9999  # how scipy marks a state without predecessor


class ScipySearch:
    """A turn graph under a metric; see `routing.search.Search`.

    Parameters
    ----------
    turns, metric
        Of the same network.

    Attributes
    ----------
    forward, backward
        (S, S) milliseconds from a state to the next, and the same transposed. Of parallel arcs only the least is
        kept: a sparse matrix may add them up, and scipy's strong components never end on them (1.17). Explicit zeros
        are arcs of no length.
    """

    name = "scipy"
    stops_early = True

    def __init__(self, turns: TurnGraph, metric: Metric) -> None:
        self.turns = turns
        self.metric = metric
        self.arc_ms = arc_costs_ms(turns, metric)
        self.arc_open = self.arc_ms >= 0
        used = np.flatnonzero(self.arc_open)
        ms, edge = self.arc_ms[used], turns.arc_edge[used]
        source, target = turns.arc_source[used].astype(np.int64), turns.arc_target[used].astype(np.int64)
        order = np.lexsort((edge, ms, target, source))
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = (np.diff(source[order]) != 0) | (np.diff(target[order]) != 0)
        kept = order[first]
        offset = np.zeros(turns.state_count + 1, dtype=np.int32)
        np.cumsum(np.bincount(source[kept], minlength=turns.state_count), out=offset[1:])
        self._offset = offset
        self._target = target[kept].astype(np.int32)
        self._arc = used[kept]
        shape = (turns.state_count, turns.state_count)
        self.forward = csr_array((ms[kept].astype(np.float64), self._target, offset), shape=shape)
        self.backward = self.forward.T.tocsr()

    def pin(self, starts: Starts) -> Pinned:
        """As `Search.pin`: there is nothing to prepare."""
        return Pinned(starts=starts)

    def pin_moved(self, origins: Pinned, index: int, start: Starts) -> Pinned:
        """As `Search.pin_moved`."""
        return Pinned(starts=origins.starts.with_one(index, start))

    def times_ms(self, origins: Pinned, arrivals: Starts, *, limit_ms: float = np.inf) -> Float64Array:
        """As `Search.times_ms`, by searches from the side that has fewer points."""
        starts = origins.starts
        found = np.full((len(starts), len(arrivals)), np.inf)
        if not found.size:
            return found
        if len(arrivals) <= len(starts):
            for column, times in enumerate(self._rows(arrivals, backward=True, limit_ms=limit_ms)):
                found[:, column] = _least(times, starts)
        else:
            for row, times in enumerate(self._rows(starts, backward=False, limit_ms=limit_ms)):
                found[row] = _least(times, arrivals)
        return told(found)

    def state_times_ms(self, start: Starts, *, limit_ms: float = np.inf) -> Float64Array:
        """(S,) milliseconds from one point to every state; infinity for none, and beyond the limit."""
        return next(self._rows(start, backward=False, limit_ms=limit_ms))

    def node_times_ms(self, starts: Starts) -> Int32Array:
        """As `Search.node_times_ms`."""
        nodes = len(self.turns.node_state_offset) - 1
        found = np.empty((len(starts), nodes), dtype=np.int32)
        for row, times in enumerate(self._rows(starts, backward=False)):
            least = times[:nodes].copy()
            np.minimum.at(least, self.turns.state_node[nodes:], times[nodes:])
            found[row] = np.minimum(least, NEVER_MS)
        return found

    def first_ms(self, starts: Starts) -> tuple[Int32Array, Int32Array]:
        """As `Search.first_ms`: the least of all searches."""
        nodes = len(self.turns.node_state_offset) - 1
        least = np.full(nodes, NEVER_MS, dtype=np.int32)
        first = np.full(nodes, -1, dtype=np.int32)
        for number in range(len(starts)):
            (times,) = self.node_times_ms(starts.part(number, number + 1))
            better = times < least
            least[better] = times[better]
            first[better] = number
        return least, first

    def way(self, start: Starts, end: Starts) -> Way | None:
        """As `Search.way`, by one search back from the end."""
        size = self.turns.state_count
        times, following = dijkstra(self._with_starts(end, backward=True), indices=size, return_predecessors=True)
        following[following == _OFF_PATH] = -1
        spent = times[start.state] + start.ms
        if not len(spent) or spent.min() > LONGEST_DRIVE_MS:
            return None
        first = int(np.argmin(spent))
        state = int(start.state[first])
        arcs = []
        while (onwards := int(following[state])) != size:
            arcs.append(self._arc_between(state, onwards))
            state = onwards
        return Way(ms=float(spent[first]), start=first, state=state, arcs=tuple(arcs))

    def components(self) -> tuple[int, Int32Array]:
        """As `Search.components`."""
        count, label = connected_components(self.forward, directed=True, connection="strong")
        return int(count), label

    def _arc_between(self, source: int, target: int) -> int:
        """The quickest open arc from one state to another (of equals the lowest)."""
        row = slice(int(self._offset[source]), int(self._offset[source + 1]))
        return int(self._arc[row][np.flatnonzero(self._target[row] == target)[0]])

    def _rows(self, starts: Starts, *, backward: bool, limit_ms: float = np.inf) -> Iterator[Float64Array]:
        """Run every search; yields rows (S,), in order, that hold milliseconds or infinity.

        Parameters
        ----------
        starts
            Where each search begins.
        backward
            Times from every state to the start instead of from the start to every state.
        limit_ms
            States farther than this stay at infinity.
        """
        size = self.turns.state_count
        block = max(1, CELLS_AT_ONCE // max(size, 1))
        for first in range(0, len(starts), block):
            part = starts.part(first, min(first + block, len(starts)))
            rows = np.arange(size, size + len(part), dtype=np.int32)
            yield from dijkstra(self._with_starts(part, backward=backward), indices=rows, limit=limit_ms)[:, :size]

    def _with_starts(self, starts: Starts, *, backward: bool) -> csr_array:
        """The graph with one more state per search, whose arcs lead to where the search begins."""
        graph = self.backward if backward else self.forward
        size = self.turns.state_count + len(starts)
        return csr_array(
            (
                np.concatenate([graph.data, starts.ms]),
                np.concatenate([graph.indices, starts.state.astype(np.int32)]),
                np.concatenate([graph.indptr, (starts.offset[1:] + graph.indptr[-1]).astype(np.int32)]),
            ),
            shape=(size, size),
        )


def _least(times: Float64Array, points: Starts) -> Float64Array:
    """(n,) the least, over the states of each point, of a search's time at the state and the point's own."""
    found = np.full(len(points), np.inf)
    some = np.flatnonzero(np.diff(points.offset))
    if len(some):
        found[some] = np.minimum.reduceat(times[points.state] + points.ms, points.offset[some])
    return found
