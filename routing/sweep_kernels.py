"""Compiled sweeps: from labelled points down a hierarchy to every state; see `routing.label_kernels`.

Importing this module compiles it, or loads what was compiled before; `routing.kernels` says so to whoever waits.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from routing.network import Int32Array, Int64Array
from routing.search import NEVER_MS as NEVER

LANES = 16
"""Searches of one sweep: a row of so many times fills a line of the processor's cache."""

_BLOCK = 512


@njit(
    "void(int64[::1], int32[::1], int32[::1], int64[::1], int32[:, ::1], int32[:, ::1], int32[::1], int32[:, ::1])",
    cache=True,
    nogil=True,
)
def sweep(
    up_offset: Int64Array,
    up_head: Int32Array,
    down_ms: Int32Array,
    row_offset: Int64Array,
    rank: Int32Array,
    ms: Int32Array,
    high: Int32Array,
    found: Int32Array,
) -> None:
    """Fill `found` (n, L) with the times from up to L labelled points to every state."""
    # The number of lanes is not told to the compiler, which would take the inner loop apart instead of making it wide.
    lanes = found.shape[1]
    found[:] = NEVER
    for lane in range(len(row_offset) - 1):
        for row in range(row_offset[lane], row_offset[lane + 1]):
            for level in range(high[row]):
                at = rank[row, level]
                found[at, lane] = min(found[at, lane], ms[row, level])
    for at in range(len(up_offset) - 2, -1, -1):
        mine = found[at]
        for slot in range(up_offset[at], up_offset[at + 1]):
            onwards = down_ms[slot]
            if onwards >= NEVER:
                continue
            above = found[up_head[slot]]
            for lane in range(lanes):
                mine[lane] = min(mine[lane], np.int32(above[lane] + onwards))


@njit("void(int32[:, ::1], int32[::1], int32[::1], int64, int32[:, ::1])", cache=True, nogil=True)
def by_node(found: Int32Array, rank: Int32Array, state_node: Int32Array, lanes: int, out: Int32Array) -> None:
    """Times of a sweep at nodes (lanes, N): the least over the states at each. The first N states are the nodes."""
    nodes = out.shape[1]
    for first in range(0, nodes, _BLOCK):
        last = min(first + _BLOCK, nodes)
        for lane in range(lanes):
            for node in range(first, last):
                out[lane, node] = found[rank[node], lane]
    for state in range(nodes, len(state_node)):
        node = state_node[state]
        for lane in range(lanes):
            out[lane, node] = min(out[lane, node], found[rank[state], lane])


@njit(
    "void(int64[::1], int32[::1], int32[::1], int64[::1], int32[:, ::1], int32[:, ::1], int32[::1], "
    "int32[::1], int32[::1], int32[::1], int32[::1])",
    cache=True,
    nogil=True,
)
def sweep_first(
    up_offset: Int64Array,
    up_head: Int32Array,
    down_ms: Int32Array,
    row_offset: Int64Array,
    rank: Int32Array,
    ms: Int32Array,
    high: Int32Array,
    rank_of: Int32Array,
    state_node: Int32Array,
    out_ms: Int32Array,
    out_first: Int32Array,
) -> None:
    """The least time from any labelled point to every node, and the point (of equal ones the lowest); -1 for none."""
    count = len(up_offset) - 1
    never = np.int64(NEVER) << 32
    best = np.full(count, never, np.int64)  # milliseconds and, below them, the point
    for point in range(len(row_offset) - 1):
        for row in range(row_offset[point], row_offset[point + 1]):
            for level in range(high[row]):
                spent = (np.int64(ms[row, level]) << 32) | point
                best[rank[row, level]] = min(best[rank[row, level]], spent)
    for at in range(count - 1, -1, -1):
        least = best[at]
        for slot in range(up_offset[at], up_offset[at + 1]):
            least = min(least, best[up_head[slot]] + (np.int64(down_ms[slot]) << 32))
        best[at] = min(least, never)
    nodes = len(out_ms)
    for node in range(nodes):
        out_ms[node] = NEVER
        out_first[node] = -1
    for state in range(len(state_node)):
        node = state_node[state]
        spent = best[rank_of[state]]
        known = never
        if out_first[node] >= 0:
            known = (np.int64(out_ms[node]) << 32) | np.int64(out_first[node])
        if spent < known:
            out_ms[node] = np.int32(spent >> 32)
            out_first[node] = np.int32(spent & 0xFFFFFFFF)
