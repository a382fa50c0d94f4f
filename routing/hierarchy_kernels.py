"""Compiled parts of a hierarchy at work: customization, labels, times, sweeps, paths.

States are ranks here. Times are int32 milliseconds; `NEVER` stands for "no way", and since it is less than half of what
an int32 holds, the sum of any two times stays one. Whatever adds up to `NEVER` or more is no way either: the longest
drive that can be told is 2**30 - 2 ms, twelve days and ten hours. No kernel is parallel in itself: each lets go of the
interpreter's lock, and `routing.parallel` runs several on threads, which no threading layer of numba can disturb.

A *label* of a point holds the time between the point and every state above it in the elimination tree, root first: row
`r` has the state at each depth (`rank[r, depth]`) and the time (`ms[r, depth]`). The way between two points passes over
a state that is above both (Dibbelt, Strasser and Wagner 2016), so its time is the least sum over the depths that two
labels share. A point whose states do not all lie on one branch has several rows; the first takes in what the others
know of the branch that they share with it, and they count from depth `low` on alone.

Importing this module compiles it, or loads what was compiled before; `routing.kernels` says so to whoever waits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from routing.network import Int32Array, Int64Array

NEVER = 2**30 - 1
"""Milliseconds that stand for "no way"."""

LANES = 16
"""Searches of one sweep: a row of so many times fills a line of the processor's cache."""

_BLOCK = 512


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


@njit(
    "void(int64[::1], int32[::1], int64[::1], int32[::1], int32[::1], int32[::1], int64, int32[::1], int32[::1])",
    cache=True,
    nogil=True,
)
def customize(
    up_offset: Int64Array,
    up_depth: Int32Array,
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
        first, last = up_offset[rank], up_offset[rank + 1]
        for slot in range(first, last):
            up[up_depth[slot]] = up_ms[slot]
            down[up_depth[slot]] = down_ms[slot]
        for entry in range(low_offset[rank], low_offset[rank + 1]):
            below = np.int64(low_slot[entry])
            out_ms, back_ms = down_ms[below], up_ms[below]
            if out_ms >= NEVER and back_ms >= NEVER:
                continue
            for slot in range(np.uint64(up_offset[low_tail[entry]]), np.uint64(below)):
                depth = np.uint64(up_depth[slot])
                onwards = np.int32(out_ms + up_ms[slot])
                up[depth] = min(up[depth], onwards)
                onwards = np.int32(back_ms + down_ms[slot])
                down[depth] = min(down[depth], onwards)
        for slot in range(first, last):
            up_ms[slot] = up[up_depth[slot]]
            down_ms[slot] = down[up_depth[slot]]


@njit(
    "int64(int64[::1], int32[::1], int32[::1], int32[::1], int32[::1], int64[::1], int32[::1], int32[::1], "
    "int64[::1], int32[:, ::1], int32[:, ::1], int32[::1], int32[::1], int64)",
    cache=True,
    nogil=True,
)
def label(
    up_offset: Int64Array,
    up_depth: Int32Array,
    parent: Int32Array,
    depth: Int32Array,
    up_ms: Int32Array,
    start_offset: Int64Array,
    start_rank: Int32Array,
    start_ms: Int32Array,
    row_offset: Int64Array,
    rank: Int32Array,
    ms: Int32Array,
    low: Int32Array,
    high: Int32Array,
    row: int,
) -> int:
    """Write the labels of points into rows from `row` on; returns the first row that is still free.

    Point `i` begins at `start_rank[start_offset[i]:start_offset[i + 1]]` with so many milliseconds spent. Given the
    milliseconds down instead of up, the labels are those of points that are driven to. `row_offset` (n + 1,) is filled.
    """
    row_offset[0] = row
    for point in range(len(start_offset) - 1):
        first = row
        for start in range(start_offset[point], start_offset[point + 1]):
            at = start_rank[start]
            known = False
            for mine in range(first, row):
                if depth[at] < high[mine] and rank[mine, depth[at]] == at:
                    ms[mine, depth[at]] = min(ms[mine, depth[at]], start_ms[start])
                    known = True
                    break
            if known:
                continue
            # A row that ends above this state grows down to it.
            mine = row
            for other in range(first, row):
                above = at
                while depth[above] >= high[other]:
                    above = parent[above]
                if rank[other, depth[above]] == above and depth[above] == high[other] - 1:
                    mine = other
                    break
            top = 0 if mine == row else high[mine]
            high[mine] = depth[at] + 1
            above = at
            for level in range(depth[at], top - 1, -1):
                rank[mine, level] = above
                ms[mine, level] = NEVER
                above = parent[above]
            ms[mine, depth[at]] = start_ms[start]
            if mine == row:
                low[row] = 0
                if row > first:
                    shared = 0
                    while shared < high[first] and shared < high[row] and rank[first, shared] == rank[row, shared]:
                        shared += 1
                    low[row] = shared
                row += 1
        # A first row that grew shares no more with the others than before: they left it higher up.
        for mine in range(row - 1, first - 1, -1):
            for level in range(high[mine] - 1, low[mine] - 1, -1):
                spent = ms[mine, level]
                if spent >= NEVER:
                    continue
                at = rank[mine, level]
                this = np.uint64(mine)
                for slot in range(np.uint64(up_offset[at]), np.uint64(up_offset[at + 1])):
                    onwards = np.int32(spent + up_ms[slot])
                    of_head = np.uint64(up_depth[slot])
                    ms[this, of_head] = min(ms[this, of_head], onwards)
            for level in range(low[mine]):
                ms[first, level] = min(ms[first, level], ms[mine, level])
        row_offset[point + 1] = row
    return row


@njit(
    "void(int64[::1], int32[::1], int32[:, ::1], int32[:, ::1], int32[::1], int32[::1], "
    "int64[::1], int32[:, ::1], int32[:, ::1], int32[::1], int32[::1], int32[:, ::1])",
    cache=True,
    nogil=True,
)
def times(
    row_of: Int64Array,
    owner: Int32Array,
    rank: Int32Array,
    ms: Int32Array,
    low: Int32Array,
    high: Int32Array,
    to_offset: Int64Array,
    to_rank: Int32Array,
    to_ms: Int32Array,
    to_low: Int32Array,
    to_high: Int32Array,
    out: Int32Array,
) -> None:
    """Lower `out` (m, n) to the time from every origin to every one of m targets.

    `row_of` and `owner` (R,) are the rows of the origins' labels and the origin of each; the targets' rows are one
    after the other as `label` writes them.
    """
    for target in range(len(to_offset) - 1):
        for theirs in range(to_offset[target], to_offset[target + 1]):
            for entry in range(len(row_of)):
                mine = row_of[entry]
                first = max(low[mine], to_low[theirs])
                last = min(high[mine], to_high[theirs])
                if first >= last or rank[mine, first] != to_rank[theirs, first]:
                    continue
                # The states are the same down to some depth, and others below it.
                same, other = first, last
                while other - same > 1:
                    middle = (same + other) >> 1
                    if rank[mine, middle] == to_rank[theirs, middle]:
                        same = middle
                    else:
                        other = middle
                best = np.int32(out[target, owner[entry]])
                this, other_row = np.uint64(mine), np.uint64(theirs)
                # Counted without a sign, so that the compiler need not look for indices from the end, and adds wide.
                for level in range(np.uint64(first), np.uint64(same + 1)):
                    best = min(best, np.int32(ms[this, level] + to_ms[other_row, level]))
                out[target, owner[entry]] = best


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
