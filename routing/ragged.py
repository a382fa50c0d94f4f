"""Ragged arrays: rows of unequal length, one after the other, with the offset at which each begins."""

from __future__ import annotations

import numpy as np

from routing.network import Int64Array


def group(keys: Int64Array, count: int) -> tuple[Int64Array, Int64Array]:
    """Where each key of 0..count - 1 stands in `keys`: row offsets (count + 1,), and positions in rising order."""
    offset = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(keys, minlength=count), out=offset[1:])
    return offset, np.argsort(keys, kind="stable")


def ranges(start: Int64Array, count: Int64Array) -> tuple[Int64Array, Int64Array]:
    """The numbers start[i], start[i] + 1, … (count[i] of them) for every i, and the i of each."""
    owner = np.repeat(np.arange(len(start)), count)
    first = np.cumsum(count) - count
    return start[owner] + np.arange(len(owner)) - first[owner], owner


def rows(offset: Int64Array, chosen: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Positions of the chosen rows, one row after the other, and the place in `chosen` of each."""
    return ranges(offset[chosen], offset[chosen + 1] - offset[chosen])
