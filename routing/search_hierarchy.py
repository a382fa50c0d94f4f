"""The fast engine: a customized contraction hierarchy, compiled. Times are those of `routing.search_scipy`.

Every question reads arrays that nothing changes any more, so any number of threads may ask at once, and the compiled
parts let go of the interpreter's lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import local

import numpy as np
import numpy.typing as npt

from routing.hierarchy import Hierarchy
from routing.label_kernels import times
from routing.labels import LabelPool, Labels, PooledRows
from routing.metric import Metric
from routing.network import Float64Array, Int32Array
from routing.parallel import in_parts
from routing.search import NEVER_MS, Pinned, Way
from routing.starts import Starts
from routing.sweep_kernels import LANES, by_node, sweep, sweep_first
from routing.turns import arc_costs_ms
from routing.way_kernels import climb, strong_components, unpack

_kept = local()

TARGETS_AT_ONCE = 64
"""So many targets are a piece of work for one processor."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _PinnedRows(Pinned):
    rows: PooledRows


class HierarchySearch:
    """A hierarchy under a metric; see `routing.search.Search`.

    Parameters
    ----------
    hierarchy, metric
        Of the same network; the hierarchy must serve the metric.
    """

    name = "hierarchy"
    stops_early = False

    def __init__(self, hierarchy: Hierarchy, metric: Metric) -> None:
        self.turns = hierarchy.turns
        self.metric = metric
        self.arc_ms = arc_costs_ms(hierarchy.turns, metric)
        self.arc_open: npt.NDArray[np.bool_] = self.arc_ms >= 0
        self._hierarchy = hierarchy
        self._customized = hierarchy.customize(self.arc_ms)
        self._pool = LabelPool(self._customized)

    def pin(self, starts: Starts) -> Pinned:
        """As `Search.pin`: every point's label is made once, so a unit that has moved costs its own alone."""
        return _PinnedRows(starts=starts, rows=self._pool.rows(starts))

    def pin_moved(self, origins: Pinned, index: int, start: Starts) -> Pinned:
        """As `Search.pin_moved`: the rows of the point's new label take the place of its former ones."""
        starts = origins.starts.with_one(index, start)
        if not isinstance(origins, _PinnedRows):
            return self.pin(starts)
        labels, first, size = self._pool.rows_of_one(start)
        if origins.rows.labels is not labels:  # a new pool was begun
            return self.pin(starts)
        return _PinnedRows(starts=starts, rows=origins.rows.with_one(index, first, size))

    def times_ms(self, origins: Pinned, arrivals: Starts, *, limit_ms: float = np.inf) -> Float64Array:
        """As `Search.times_ms`; a limit changes nothing."""
        del limit_ms
        rows = origins.rows if isinstance(origins, _PinnedRows) else self._pool.rows(origins.starts)
        pinned, customized = rows.labels, self._customized
        out = np.empty((len(origins), len(arrivals)))

        def fill(start: int, end: int) -> None:
            part = arrivals if end - start == len(arrivals) else arrivals.part(start, end)
            times(
                *customized.climbed, customized.down_ms, self._hierarchy.plan.lowest,
                part.offset, part.state, part.ms,
                rows.row, rows.owner, pinned.ms, pinned.low, pinned.high, pinned.base, out[:, start:end],
            )  # fmt: skip

        in_parts(len(arrivals), fill, size=TARGETS_AT_ONCE)
        return out

    def node_times_ms(self, starts: Starts) -> Int32Array:
        """As `Search.node_times_ms`, `LANES` points in one sweep."""
        topology, turns = self._hierarchy.elimination, self.turns
        out = np.empty((len(starts), len(turns.node_state_offset) - 1), dtype=np.int32)

        def fill(start: int, end: int) -> None:
            labels, offset = self._labels(starts.part(start, end))
            found = self._scratch()
            sweep(
                topology.up_offset, topology.up_head, self._customized.down_ms,
                offset, labels.rank, labels.ms, labels.high, found,
            )  # fmt: skip
            by_node(found, topology.rank, turns.state_node, end - start, out[start:end])

        in_parts(len(starts), fill, size=LANES, apart=True)
        return out

    def state_times_ms(self, start: Starts, *, limit_ms: float = np.inf) -> Float64Array:
        """As `Search.state_times_ms`, by a sweep of one lane."""
        topology = self._hierarchy.elimination
        labels, offset = self._labels(start)
        found = np.empty((self.turns.state_count, 1), dtype=np.int32)
        sweep(
            topology.up_offset, topology.up_head, self._customized.down_ms,
            offset, labels.rank, labels.ms, labels.high, found,
        )  # fmt: skip
        told: Float64Array = found[topology.rank, 0].astype(np.float64)
        told[(told >= NEVER_MS) | (told > limit_ms)] = np.inf
        return told

    def first_ms(self, starts: Starts) -> tuple[Int32Array, Int32Array]:
        """As `Search.first_ms`, by one sweep."""
        topology, turns = self._hierarchy.elimination, self.turns
        nodes = len(turns.node_state_offset) - 1
        ms, first = np.empty(nodes, dtype=np.int32), np.empty(nodes, dtype=np.int32)
        labels, offset = self._labels(starts)
        sweep_first(
            topology.up_offset, topology.up_head, self._customized.down_ms,
            offset, labels.rank, labels.ms, labels.high, topology.rank, turns.state_node, ms, first,
        )  # fmt: skip
        return ms, first

    def way(self, start: Starts, end: Starts) -> Way | None:
        """As `Search.way`: the labels' best meeting, climbed down to both ends and taken apart into arcs."""
        leaving, leaving_row = self._labels(start.apart())
        arriving, arriving_row = self._labels(end.apart(), towards=True)
        del leaving_row, arriving_row  # one state each, so one row each
        best: tuple[int, int, int, int] | None = None
        for mine in range(len(start.state)):
            for theirs in range(len(end.state)):
                last = min(int(leaving.high[mine]), int(arriving.high[theirs]))
                shared = leaving.rank[mine, :last] == arriving.rank[theirs, :last]
                spent = np.where(shared, leaving.ms[mine, :last] + arriving.ms[theirs, :last], 2 * NEVER_MS)
                if last and (best is None or spent.min() < best[0]):
                    best = int(spent.min()), mine, theirs, int(np.argmin(spent))
        if best is None or best[0] >= NEVER_MS:
            return None
        ms, mine, theirs, level = best
        topology, customized, plan = self._hierarchy.elimination, self._customized, self._hierarchy.plan
        up = climb(
            topology.up_offset, topology.up_head, customized.up_ms,
            leaving.rank[mine, : leaving.high[mine]], leaving.ms[mine, : leaving.high[mine]], level,
        )  # fmt: skip
        down = climb(
            topology.up_offset, topology.up_head, customized.down_ms,
            arriving.rank[theirs, : arriving.high[theirs]], arriving.ms[theirs, : arriving.high[theirs]], level,
        )  # fmt: skip
        places = np.concatenate([up[::-1], down])
        arcs = unpack(
            topology.up_offset, topology.up_head, customized.up_ms, customized.down_ms,
            plan.low_offset, plan.low_tail, plan.low_slot,
            topology.order, self._hierarchy.arc_offset, self._hierarchy.arc_rank, customized.arc_ms,
            (np.searchsorted(topology.up_offset, places, side="right") - 1).astype(np.int32),
            places, np.repeat(np.array([0, 1]), [len(up), len(down)]),
        )  # fmt: skip
        return Way(ms=float(ms), start=mine, state=int(end.state[theirs]), arcs=tuple(arcs.tolist()))

    def components(self) -> tuple[int, Int32Array]:
        """As `Search.components`."""
        return strong_components(self._hierarchy.arc_offset, self.turns.arc_target, self.arc_open)

    def _scratch(self) -> Int32Array:
        """(S, LANES) room for a sweep, kept by each worker: asking for it anew would cost as much as the sweep."""
        shape = (self.turns.state_count, LANES)
        found: Int32Array | None = getattr(_kept, "found", None)
        if found is None or found.shape != shape:
            found = _kept.found = np.empty(shape, dtype=np.int32)
        return found

    def _labels(self, starts: Starts, *, towards: bool = False) -> tuple[Labels, npt.NDArray[np.int64]]:
        labels = Labels.empty(len(starts.state), self._hierarchy.height)
        return labels, labels.write(self._customized, starts, towards=towards)
