"""Shortest times between states: the turn graph under one metric, searched by scipy's Dijkstra.

This is the only module that knows how a search is done; another engine (a hierarchy, compiled code) replaces it
without the router noticing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from routing.metric import Metric
from routing.network import Float64Array, Int32Array, Int64Array, RoadNetwork
from routing.ragged import group
from routing.turns import TurnGraph

CELLS_AT_ONCE = 2**24
"""Times held in memory at once when many searches run one after the other."""

_OFF_PATH = -9999  # how scipy marks a state without predecessor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Starts:
    """Where n searches begin: search `i` at `state[offset[i]:offset[i + 1]]`, with so many milliseconds spent."""

    offset: Int64Array
    state: Int64Array
    ms: Float64Array

    def __len__(self) -> int:
        return len(self.offset) - 1

    def part(self, start: int, end: int) -> Starts:
        """Searches `start` to `end` alone."""
        kept = slice(int(self.offset[start]), int(self.offset[end]))
        return Starts(
            offset=self.offset[start : end + 1] - self.offset[start], state=self.state[kept], ms=self.ms[kept]
        )

    def joined(self, spent_ms: Float64Array) -> Starts:
        """All searches as one from all their starts, with so many milliseconds (n,) more spent at those of each."""
        ms = self.ms + np.repeat(spent_ms, np.diff(self.offset))
        return Starts(offset=np.array([0, len(self.state)], dtype=np.int64), state=self.state, ms=ms)


class SearchGraph:
    """A turn graph under a metric.

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

    def __init__(self, turns: TurnGraph, metric: Metric) -> None:
        self.turns = turns
        self.metric = metric
        ms = metric.edge_ms[turns.arc_edge]
        used = np.flatnonzero(ms >= 0)
        ms = ms + metric.turn_round_ms * turns.arc_turns_round
        source, target = turns.arc_source[used].astype(np.int64), turns.arc_target[used].astype(np.int64)
        order = np.lexsort((turns.arc_edge[used], ms[used], target, source))
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = (np.diff(source[order]) != 0) | (np.diff(target[order]) != 0)
        kept = order[first]
        offset = np.zeros(turns.state_count + 1, dtype=np.int32)
        np.cumsum(np.bincount(source[kept], minlength=turns.state_count), out=offset[1:])
        self._offset = offset
        self._target = target[kept].astype(np.int32)
        self._edge = turns.arc_edge[used][kept]
        shape = (turns.state_count, turns.state_count)
        self.forward = csr_array((ms[used][kept].astype(np.float64), self._target, offset), shape=shape)
        self.backward = self.forward.T.tocsr()

    def arc_between(self, source: int, target: int) -> tuple[int, float]:
        """The quickest open edge that leads from one state to another (of equals the lowest), and its milliseconds.

        Turning round into the edge is counted with it.

        Raises
        ------
        KeyError
            When no arc joins the two.
        """
        row = slice(int(self._offset[source]), int(self._offset[source + 1]))
        found = np.flatnonzero(self._target[row] == target)
        if not len(found):
            raise KeyError((source, target))
        return int(self._edge[row][found[0]]), float(self.forward.data[row][found[0]])

    def times_ms(self, starts: Starts, *, backward: bool, limit_ms: float = np.inf) -> Iterator[Float64Array]:
        """Run every search; yields blocks of rows (S,), in order, that hold milliseconds or infinity.

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
            graph = self._with_starts(part, backward=backward)
            rows = np.arange(size, size + len(part), dtype=np.int32)
            yield dijkstra(graph, indices=rows, limit=limit_ms)[:, :size]

    def tree(self, start: Starts) -> tuple[Float64Array, Int32Array]:
        """One backward search with, for every state, the next state on its way to the start.

        Returns
        -------
        times_ms
            (S,) milliseconds or infinity.
        following
            (S,) the next state; S where the start is next; negative where no way leads to the start.
        """
        size = self.turns.state_count
        times, following = dijkstra(self._with_starts(start, backward=True), indices=size, return_predecessors=True)
        following[following == _OFF_PATH] = -1
        return times[:size], following[:size]

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


class Components:
    """Strongly connected components of the states, and which of them lead to which.

    Parameters
    ----------
    graph
        The states under a metric.
    network
        For the lengths.

    Attributes
    ----------
    label
        (S,) component of each state.
    length_m
        (C,) metres of road within each component, each curve counted once.
    """

    def __init__(self, graph: SearchGraph, network: RoadNetwork) -> None:
        count, label = connected_components(graph.forward, directed=True, connection="strong")
        self.label: Int32Array = label
        turns = graph.turns
        is_open = graph.metric.edge_ms[turns.arc_edge] >= 0
        source, target = label[turns.arc_source[is_open]], label[turns.arc_target[is_open]]
        edge = turns.arc_edge[is_open]
        within = source == target
        curve_count = max(len(network.curve_offset) - 1, 1)
        pair = np.unique(source[within].astype(np.int64) * curve_count + network.edge_curve[edge[within]])
        curve_length = np.zeros(curve_count)
        curve_length[network.edge_curve] = network.edge_length_m
        weights = curve_length[pair % curve_count]
        self.length_m: Float64Array = np.zeros(count)
        self.length_m += np.bincount(pair // curve_count, weights=weights, minlength=count)
        self._onwards = _neighbours(source[~within], target[~within], count)
        self._backwards = _neighbours(target[~within], source[~within], count)

    def reached_from(self, labels: Iterable[int]) -> npt.NDArray[np.bool_]:
        """(C,) True for the components that can be reached from any of `labels`, themselves included."""
        return self._spread(labels, self._onwards)

    def leading_to(self, labels: Iterable[int]) -> npt.NDArray[np.bool_]:
        """(C,) True for the components from which any of `labels` can be reached, themselves included."""
        return self._spread(labels, self._backwards)

    def _spread(self, labels: Iterable[int], neighbours: Callable[[int], list[int]]) -> npt.NDArray[np.bool_]:
        seen = set(labels)
        waiting = list(seen)
        while waiting:
            fresh = set(neighbours(waiting.pop())) - seen
            seen |= fresh
            waiting += fresh
        reached = np.zeros(len(self.length_m), dtype=np.bool_)
        reached[list(seen)] = True
        return reached


def _neighbours(source: Int32Array, target: Int32Array, count: int) -> Callable[[int], list[int]]:
    offset, order = group(source.astype(np.int64), count)
    ends = target[order]

    def neighbours(label: int) -> list[int]:
        found: list[int] = ends[offset[label] : offset[label + 1]].tolist()
        return found

    return neighbours
