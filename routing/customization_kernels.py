"""Compiled customization: the milliseconds of one metric on a hierarchy.

Importing this module compiles it, or loads what was compiled before; `routing.kernels` says so to whoever waits.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from routing.network import Int32Array, Int64Array
from routing.search import NEVER_MS as NEVER

_MANY = 16
"""A rank of fewer higher neighbours is not worth being cut in runs."""


@njit("void(int32[::1], int32[::1], int32[::1], int32[::1])", cache=True, nogil=True)
def put_arcs(arc_slot: Int32Array, arc_ms: Int32Array, up_ms: Int32Array, down_ms: Int32Array) -> None:
    """Begin a customization: the milliseconds of the arcs alone, `NEVER` where there is none or it is closed."""
    up_ms[:] = NEVER
    down_ms[:] = NEVER
    for arc in range(len(arc_slot)):
        slot = arc_slot[arc]
        if slot >= 0:
            if slot & 1:
                down_ms[slot >> 1] = min(down_ms[slot >> 1], arc_ms[arc])
            else:
                up_ms[slot >> 1] = min(up_ms[slot >> 1], arc_ms[arc])


@njit("Tuple((int64[::1], int32[::1]))(int64[::1], int32[::1])", cache=True, nogil=True)
def runs(up_offset: Int64Array, up_depth: Int32Array) -> tuple[Int64Array, Int32Array]:
    """Where the higher neighbours of a rank follow each other without a gap in depth: the first place of each run.

    (n + 1,) offsets, and one place more than there are runs. Only ranks of `_MANY` neighbours or more are cut in runs,
    which a processor adds eight at a time: most of all neighbours, for those of a cut become neighbours of each other.
    """
    count = len(up_offset) - 1
    offset = np.zeros(count + 1, np.int64)
    first = np.empty(len(up_depth) + 1, np.int32)
    used = np.int64(0)
    for rank in range(count):
        start, end = up_offset[rank], up_offset[rank + 1]
        if end - start >= _MANY:
            for slot in range(start, end):
                if slot == start or up_depth[slot] != up_depth[slot - 1] + 1:
                    first[used] = slot
                    used += 1
        offset[rank + 1] = used
    first[used] = len(up_depth)
    return offset, first[: used + 1].copy()


@njit(
    "void(int64[::1], int32[::1], int64[::1], int32[::1], int64[::1], int32[::1], int32[::1], int32[::1], int64, "
    "int32[::1], int32[::1])",
    cache=True,
    nogil=True,
)
def customize(
    up_offset: Int64Array,
    up_depth: Int32Array,
    run_offset: Int64Array,
    run_first: Int32Array,
    low_offset: Int64Array,
    low_tail: Int32Array,
    low_slot: Int32Array,
    ranks: Int32Array,
    height: int,
    up_ms: Int32Array,
    down_ms: Int32Array,
) -> None:
    """Lower the milliseconds between `ranks` (rising) and their higher neighbours to those by way of lower ranks.

    Whatever lies below any of `ranks` must be done before, or be one of them. Only their own milliseconds are written,
    so parts of a hierarchy that do not lie above each other can be worked on at once. The higher neighbours of a rank
    lie at different depths, by which they are found.
    """
    up = np.empty(height, np.int32)
    down = np.empty(height, np.int32)
    for at in range(len(ranks)):
        rank = ranks[at]
        if low_offset[rank] == low_offset[rank + 1]:
            continue
        first, last = up_offset[rank], up_offset[rank + 1]
        for slot in range(first, last):
            up[up_depth[slot]] = up_ms[slot]
            down[up_depth[slot]] = down_ms[slot]
        for entry in range(low_offset[rank], low_offset[rank + 1]):
            below = np.uint64(low_slot[entry])
            out_ms, back_ms = down_ms[below], up_ms[below]
            if out_ms >= NEVER and back_ms >= NEVER:
                continue
            tail = low_tail[entry]
            run = np.uint64(run_offset[tail])
            # Counted without a sign, so that the compiler need not look for indices from the end, and adds wide.
            if run == np.uint64(run_offset[tail + 1]):
                for slot in range(np.uint64(up_offset[tail]), below):
                    depth = np.uint64(up_depth[slot])
                    up[depth] = min(up[depth], np.int32(out_ms + up_ms[slot]))
                    down[depth] = min(down[depth], np.int32(back_ms + down_ms[slot]))
                continue
            start = np.uint64(run_first[run])
            while start < below:
                run += np.uint64(1)
                end = min(np.uint64(run_first[run]), below)
                ahead = np.uint64(up_depth[start]) - start
                for slot in range(start, end):
                    up[ahead + slot] = min(up[ahead + slot], np.int32(out_ms + up_ms[slot]))
                    down[ahead + slot] = min(down[ahead + slot], np.int32(back_ms + down_ms[slot]))
                start = end
        for slot in range(first, last):
            up_ms[slot] = up[up_depth[slot]]
            down_ms[slot] = down[up_depth[slot]]
