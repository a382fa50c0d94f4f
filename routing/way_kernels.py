"""Compiled ways: climbing labels, taking neighbours apart into arcs; and strongly connected components.

Importing this module compiles it, or loads what was compiled before; `routing.kernels` says so to whoever waits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from routing.network import Int32Array, Int64Array
from routing.search import NEVER_MS as NEVER


@njit("int64(int64[::1], int32[::1], int64, int64)", cache=True, nogil=True)
def _slot(up_offset: Int64Array, up_head: Int32Array, low: int, high: int) -> int:
    """The place of `high` among the higher neighbours of `low`, or -1."""
    first, last = up_offset[low], up_offset[low + 1] - 1
    while first <= last:
        middle = (first + last) >> 1
        if up_head[middle] == high:
            return middle
        if up_head[middle] > high:
            first = middle + 1
        else:
            last = middle - 1
    return -1


@njit("int64[::1](int64[::1], int32[::1], int32[::1], int32[::1], int32[::1], int64)", cache=True, nogil=True)
def climb(
    up_offset: Int64Array, up_head: Int32Array, up_ms: Int32Array, rank: Int32Array, ms: Int32Array, level: int
) -> Int64Array:
    """Places of the neighbours over which a label of one state came to a depth, the last first.

    `rank` and `ms` are the row of a label that begins at its deepest state.
    """
    found = np.empty(len(rank), np.int64)
    size = 0
    while level < len(rank) - 1:
        lower = level + 1
        # The start itself is the last to be asked, and always answers.
        while True:
            slot = np.int64(-1)
            if ms[lower] < NEVER:
                slot = _slot(up_offset, up_head, rank[lower], rank[level])
            if slot >= 0 and ms[lower] + up_ms[slot] == ms[level]:
                break
            lower += 1
            if lower == len(rank):
                return found[:0]
        found[size] = slot
        size += 1
        level = lower
    return found[:size]


@njit(
    "int32[::1](int64[::1], int32[::1], int32[::1], int32[::1], int64[::1], int32[::1], int32[::1], "
    "int32[::1], int64[::1], int32[::1], int32[::1], int32[::1], int64[::1], int64[::1])",
    cache=True,
    nogil=True,
)
def unpack(
    up_offset: Int64Array,
    up_head: Int32Array,
    up_ms: Int32Array,
    down_ms: Int32Array,
    low_offset: Int64Array,
    low_tail: Int32Array,
    low_slot: Int32Array,
    order: Int32Array,
    arc_offset: Int64Array,
    arc_rank: Int32Array,
    arc_ms: Int32Array,
    slot_low: Int32Array,
    slots: Int64Array,
    downs: Int64Array,
) -> Int32Array:
    """Arcs along a way over places among the neighbours, each driven up or (`downs`) down, in order.

    A pair of neighbours is an arc of its time, or the way over a state below both that takes as long: looked for among
    those, so that nothing has to be kept for it. `slot_low` (k,) is the lower state of each place; `arc_offset` begins
    the arcs of every state, `arc_rank` is where each leads.
    """
    room = np.int64(256)
    lows = np.empty(room, np.int64)
    places = np.empty(room, np.int64)
    down = np.empty(room, np.int64)
    waiting = np.int64(0)
    arcs = np.empty(1024, np.int32)
    size = np.int64(0)
    for part in range(len(slots)):
        lows[0], places[0], down[0] = slot_low[part], slots[part], downs[part]
        waiting = 1
        while waiting > 0:
            waiting -= 1
            low, place, is_down = lows[waiting], places[waiting], down[waiting]
            high = np.int64(up_head[place])
            wanted = down_ms[place] if is_down else up_ms[place]
            tail, head = (high, low) if is_down else (low, high)
            state = order[tail]
            chosen = np.int64(-1)
            for arc in range(arc_offset[state], arc_offset[state + 1]):
                if arc_rank[arc] == head and arc_ms[arc] == wanted:
                    chosen = arc
                    break
            if chosen >= 0:
                if size == len(arcs):
                    grown = np.empty(2 * size, np.int32)
                    grown[:size] = arcs
                    arcs = grown
                arcs[size] = chosen
                size += 1
                continue
            for entry in range(low_offset[low], low_offset[low + 1]):
                middle = np.int64(low_tail[entry])
                to_low = np.int64(low_slot[entry])
                to_high = _slot(up_offset, up_head, middle, high)
                if to_high < 0:
                    continue
                if is_down:
                    first, second = down_ms[to_high], up_ms[to_low]
                else:
                    first, second = down_ms[to_low], up_ms[to_high]
                if first + second != wanted:
                    continue
                if waiting + 2 > room:
                    room *= 2
                    for_lows, for_places, for_down = (
                        np.empty(room, np.int64),
                        np.empty(room, np.int64),
                        np.empty(room, np.int64),
                    )
                    for_lows[:waiting] = lows[:waiting]
                    for_places[:waiting] = places[:waiting]
                    for_down[:waiting] = down[:waiting]
                    lows, places, down = for_lows, for_places, for_down
                # The second part waits below the first.
                lows[waiting], places[waiting], down[waiting] = middle, to_low if is_down else to_high, 0
                lows[waiting + 1], places[waiting + 1] = middle, to_high if is_down else to_low
                down[waiting + 1] = 1
                waiting += 2
                break
    return arcs[:size].copy()


@njit("Tuple((int64, int32[::1]))(int64[::1], int32[::1], boolean[::1])", cache=True, nogil=True)
def strong_components(offset: Int64Array, target: Int32Array, is_open: npt.NDArray[np.bool_]) -> tuple[int, Int32Array]:
    """How many strongly connected components the open arcs make, and the one of every state (Tarjan 1972)."""
    count = len(offset) - 1
    label_of = np.full(count, -1, np.int32)
    met = np.full(count, -1, np.int32)
    least = np.empty(count, np.int32)
    next_arc = np.empty(count, np.int64)
    path = np.empty(count, np.int32)
    kept = np.empty(count, np.int32)
    clock = np.int32(0)
    labels = np.int64(0)
    keep = 0
    for root in range(count):
        if met[root] >= 0:
            continue
        size = 1
        path[0] = root
        while size > 0:
            at = path[size - 1]
            if met[at] < 0:
                met[at] = clock
                least[at] = clock
                clock += np.int32(1)
                next_arc[at] = offset[at]
                kept[keep] = at
                keep += 1
            deeper = False
            while next_arc[at] < offset[at + 1]:
                arc = next_arc[at]
                next_arc[at] += 1
                if not is_open[arc]:
                    continue
                head = target[arc]
                if met[head] < 0:
                    path[size] = head
                    size += 1
                    deeper = True
                    break
                if label_of[head] < 0:
                    least[at] = min(least[at], met[head])
            if deeper:
                continue
            size -= 1
            if size > 0:
                before = path[size - 1]
                least[before] = min(least[before], least[at])
            if least[at] == met[at]:
                while True:
                    keep -= 1
                    member = kept[keep]
                    label_of[member] = labels
                    if member == at:
                        break
                labels += 1
    return labels, label_of
