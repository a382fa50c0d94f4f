"""Labels of points: the times between a point and every state above it in a hierarchy; see `label_kernels`.

Labels of units are kept in a pool that only ever grows, so that whoever reads rows needs no lock and a unit that has
moved costs one new row. A pool that is full is left to those who still read it, and a new one begun.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from threading import Lock

import numpy as np

from routing.hierarchy import CustomizedHierarchy
from routing.label_kernels import label
from routing.network import Int32Array, Int64Array
from routing.starts import Starts

POOL_ROWS = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """Rows R of labels, for heights H.

    Attributes
    ----------
    rank, ms
        (R, H) states from the root down, and the milliseconds between each and the point.
    low, high
        (R,) the depths that a row counts for.
    base
        (R,) the state at the greatest of them.
    """

    rank: Int32Array
    ms: Int32Array
    low: Int32Array
    high: Int32Array
    base: Int32Array

    @classmethod
    def empty(cls, rows: int, height: int) -> Labels:
        """Room for so many rows."""
        return cls(
            rank=np.empty((rows, height), dtype=np.int32),
            ms=np.empty((rows, height), dtype=np.int32),
            low=np.empty(rows, dtype=np.int32),
            high=np.empty(rows, dtype=np.int32),
            base=np.empty(rows, dtype=np.int32),
        )

    def write(self, metric: CustomizedHierarchy, starts: Starts, *, towards: bool, row: int = 0) -> Int64Array:
        """Write labels of points from `row` on; returns (n + 1,) the first row of each point and the end.

        Parameters
        ----------
        metric
            The times.
        starts
            States at which each point begins.
        towards
            Times from the states to the points instead of from the points to the states.
        row
            The first free row; there must be as many as `starts` has states.
        """
        offset = np.empty(len(starts) + 1, dtype=np.int64)
        label(
            *metric.climbed, metric.down_ms if towards else metric.up_ms,
            starts.offset, starts.state, starts.ms,
            offset, self.rank, self.ms, self.low, self.high, self.base, row,
        )  # fmt: skip
        return offset


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledRows:
    """Rows of a pool that belong to n points: (R,) the rows, and the point of each."""

    labels: Labels
    row: Int64Array
    owner: Int32Array

    def with_one(self, index: int, row: int, size: int) -> PooledRows:
        """The same points, of which one has `size` rows of the same pool from `row` on."""
        point = np.int32(index)  # of the array's own type, or all of it would be converted
        begin, end = int(self.owner.searchsorted(point)), int(self.owner.searchsorted(point, "right"))
        if size == end - begin:
            rows, owner = self.row.copy(), self.owner
            for more in range(size):
                rows[begin + more] = row + more
        else:
            rows = np.concatenate((self.row[:begin], np.arange(row, row + size), self.row[end:]))
            owner = np.concatenate((self.owner[:begin], np.full(size, point), self.owner[end:]))
        return PooledRows(labels=self.labels, row=rows, owner=owner)


class LabelPool:
    """Labels of points that are driven from, each made once.

    Parameters
    ----------
    metric
        The times.
    """

    def __init__(self, metric: CustomizedHierarchy) -> None:
        self._metric = metric
        self._lock = Lock()
        self._used = 0
        self._begin(POOL_ROWS)

    def rows(self, starts: Starts) -> PooledRows:
        """The rows of every point, made where they are not known."""
        offset = starts.offset.tolist()
        states, ms = starts.state, starts.ms
        keys = [(states[first:last].tobytes(), ms[first:last].tobytes()) for first, last in pairwise(offset)]
        with self._lock:
            new = [number for number, key in enumerate(dict.fromkeys(keys)) if key not in self._known]
            if new:
                self._add(keys, starts)
            found = [self._known[key] for key in keys]
            labels = self._labels
        first = np.array([rows[0] for rows in found], dtype=np.int64)
        size = np.array([rows[1] for rows in found], dtype=np.int64)
        owner = np.repeat(np.arange(len(found), dtype=np.int32), size)
        row = np.repeat(first, size)
        if (size > 1).any():
            row += np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
        return PooledRows(labels=labels, row=row, owner=owner)

    def rows_of_one(self, start: Starts) -> tuple[Labels, int, int]:
        """The pool, and the first row and number of rows of the only point of `start`, made where it is not known."""
        key = start.state.tobytes(), start.ms.tobytes()
        with self._lock:
            if key not in self._known:
                self._add([key], start)
            return self._labels, *self._known[key]

    def _add(self, keys: list[tuple[bytes, bytes]], starts: Starts) -> None:
        fresh = {key: number for number, key in enumerate(keys) if key not in self._known}
        if self._used + len(starts.state) > len(self._labels.low):
            self._begin(max(POOL_ROWS, 4 * len(starts.state)))
            fresh = {key: number for number, key in enumerate(keys)}
        if len(fresh) == len(keys):
            chosen = starts
        else:
            chosen = starts.chosen(np.fromiter(fresh.values(), dtype=np.int64, count=len(fresh)))
        offset = self._labels.write(self._metric, chosen, towards=False, row=self._used).tolist()
        for key, (first, last) in zip(fresh, pairwise(offset), strict=True):
            self._known[key] = (first, last - first)
        self._used = offset[-1]

    def _begin(self, rows: int) -> None:
        self._labels = Labels.empty(rows, self._metric.hierarchy.height)
        self._known: dict[tuple[bytes, bytes], tuple[int, int]] = {}
        self._used = 0
