"""Shortest times between states: what the router asks of a search, and strongly connected components.

Two engines answer: `routing.search_scipy`, plain and always at hand, and `routing.search_hierarchy`, which is compiled
and many times as fast. They give the same times to the millisecond, and nothing else knows how a search is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from routing.metric import Metric
from routing.network import Float64Array, Int32Array, Int64Array, RoadNetwork
from routing.ragged import group
from routing.starts import Starts
from routing.turns import TurnGraph

__all__ = ["LONGEST_DRIVE_MS", "Components", "Pinned", "Search", "Starts", "Way"]

LONGEST_DRIVE_MS = 2**30 - 2
"""The longest drive that can be told, twelve days and ten hours; whatever takes longer is out of reach."""

NEVER_MS = LONGEST_DRIVE_MS + 1
"""How arrays of whole milliseconds tell that there is no way."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pinned:
    """Points from which many questions will be asked, as an engine has prepared them."""

    starts: Starts

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A shortest way from one of a point's states to another's.

    Attributes
    ----------
    ms
        All of it, with what both ends had spent.
    start
        Which state it begins at, counted among the point's.
    state
        The state in which it ends.
    arcs
        Driven in order.
    """

    ms: float
    start: int
    state: int
    arcs: tuple[int, ...]


class Search(Protocol):
    """A turn graph under one metric, ready to be asked.

    Attributes
    ----------
    name
        Of the engine.
    turns, metric
        Of the same network.
    arc_ms
        (A,) whole milliseconds of every arc; closed ones are negative or beyond `LONGEST_DRIVE_MS`.
    arc_open
        (A,) True where an arc may be driven.
    stops_early
        Whether a limit makes a question cheaper.
    """

    name: str
    turns: TurnGraph
    metric: Metric
    arc_ms: Int64Array
    arc_open: npt.NDArray[np.bool_]
    stops_early: bool

    def pin(self, starts: Starts) -> Pinned:
        """Prepare points (n) that will be driven from."""

    def pin_moved(self, origins: Pinned, index: int, start: Starts) -> Pinned:
        """The same points, of which one is left anew: from the only point of `start`. The others are not looked at."""

    def times_ms(self, origins: Pinned, arrivals: Starts, *, limit_ms: float = np.inf) -> Float64Array:
        """(n, m) milliseconds from every pinned point to every one of m points; infinity where no road leads there.

        What takes longer than `limit_ms` may be told as infinity.
        """

    def node_times_ms(self, starts: Starts) -> Int32Array:
        """(n, N) whole milliseconds from every point to every node, in whatever state; `NEVER_MS` for none."""

    def state_times_ms(self, start: Starts, *, limit_ms: float = np.inf) -> Float64Array:
        """(S,) milliseconds from a point (the only one of `start`) to every state; infinity beyond the limit."""

    def first_ms(self, starts: Starts) -> tuple[Int32Array, Int32Array]:
        """(N,) milliseconds to every node from the point that is there first, and that point.

        Of equal points the lowest is named; `NEVER_MS` and -1 where no road leads there.
        """

    def way(self, start: Starts, end: Starts) -> Way | None:
        """A shortest way between two points (the only ones of `start` and `end`), or None."""

    def components(self) -> tuple[int, Int32Array]:
        """How many strongly connected components the states make, and (S,) the one of each."""


def told(ms: Float64Array) -> Float64Array:
    """Milliseconds with all that take too long at infinity."""
    return np.where(ms > LONGEST_DRIVE_MS, np.inf, ms)


class Components:
    """Strongly connected components of the states, and which of them lead to which.

    Parameters
    ----------
    search
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

    def __init__(self, search: Search, network: RoadNetwork) -> None:
        count, label = search.components()
        self.label: Int32Array = label
        turns = search.turns
        source, target = label[turns.arc_source], label[turns.arc_target]
        within = search.arc_open & (source == target)
        self.length_m: Float64Array = _lengths(within, source, count, turns, network)
        between = np.flatnonzero(search.arc_open & ~within)
        self._onwards = _neighbours(source[between], target[between], count)
        self._backwards = _neighbours(target[between], source[between], count)

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


def _lengths(
    within: npt.NDArray[np.bool_], label: Int32Array, count: int, turns: TurnGraph, network: RoadNetwork
) -> Float64Array:
    """(C,) metres of the curves of arcs within components, each curve once in each.

    A curve has an edge each way, which most often lie in one component. The arcs beyond the edges are few.
    """
    edges = network.edge_count
    length_m = np.asarray(network.edge_length_m)
    twin = np.asarray(network.edge_reverse)
    number = np.arange(edges)
    repeated = within[:edges] & (twin >= 0) & (twin < number)
    repeated &= np.where(repeated, within[twin] & (label[twin] == label[:edges]), False)
    counted = within[:edges] & ~repeated
    total: Float64Array = np.zeros(count)
    total += np.bincount(label[:edges][counted], weights=length_m[counted], minlength=count)
    more = edges + np.flatnonzero(within[edges:])
    if len(more):
        edge = turns.arc_edge[more]
        known = within[edge] & (label[edge] == label[more])
        known |= (twin[edge] >= 0) & within[twin[edge]] & (label[twin[edge]] == label[more])
        pair = np.stack([label[more], np.asarray(network.edge_curve)[edge]])[:, ~known]
        (at, _), first = np.unique(pair, axis=1, return_index=True)
        np.add.at(total, at, length_m[edge[~known][first]])
    return total


def _neighbours(source: Int32Array, target: Int32Array, count: int) -> Callable[[int], list[int]]:
    offset, order = group(source.astype(np.int64), count)
    ends = target[order]

    def neighbours(label: int) -> list[int]:
        found: list[int] = ends[offset[label] : offset[label + 1]].tolist()
        return found

    return neighbours
