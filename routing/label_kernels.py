"""Compiled labels of points, and the times between two points by theirs.

States are ranks here. Times are int32 milliseconds; `NEVER` stands for "no way", and since it is less than half of what
an int32 holds, the sum of any two times stays one. Whatever adds up to `NEVER` or more is no way either: the longest
drive that can be told is 2**30 - 2 ms, twelve days and ten hours. No kernel is parallel in itself: each lets go of the
interpreter's lock, and `routing.parallel` runs several on threads, which no threading layer of numba can disturb.

A *label* of a point holds the time between the point and every state above it in the elimination tree, root first: row
`r` has the state at each depth (`rank[r, depth]`) and the time (`ms[r, depth]`). The way between two points passes over
a state that is above both (Dibbelt, Strasser and Wagner 2016), so its time is the least sum over the depths that two
labels share. A point whose states do not all lie on one branch has several rows; the first takes in what the others
know of the branch that they share with it, and they count from depth `low` on alone, down to the state `base` above
depth `high`.

Importing this module compiles it, or loads what was compiled before; `routing.kernels` says so to whoever waits.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from routing.network import Float64Array, Int32Array, Int64Array
from routing.search import NEVER_MS as NEVER

_TREE = "int64[::1], int32[::1], int64[::1], int32[::1], int32[::1], int32[::1], int32[::1], int32[::1]"


@njit(
    f"int64({_TREE}, int64[::1], int64[::1], float64[::1], "
    "int64[::1], int32[:, ::1], int32[:, ::1], int32[::1], int32[::1], int32[::1], int64)",
    cache=True,
    nogil=True,
)
def label(
    up_offset: Int64Array,
    up_depth: Int32Array,
    run_offset: Int64Array,
    run_first: Int32Array,
    rank_of: Int32Array,
    parent: Int32Array,
    depth: Int32Array,
    up_ms: Int32Array,
    start_offset: Int64Array,
    start_state: Int64Array,
    start_ms: Float64Array,
    row_offset: Int64Array,
    rank: Int32Array,
    ms: Int32Array,
    low: Int32Array,
    high: Int32Array,
    base: Int32Array,
    row: int,
) -> int:
    """Write the labels of points into rows from `row` on; returns the first row that is still free.

    Point `i` begins at `start_state[start_offset[i]:start_offset[i + 1]]` with so many milliseconds spent. Given the
    milliseconds down instead of up, the labels are those of points that are driven to. `row_offset` (n + 1,) is filled.
    """
    row_offset[0] = row
    for point in range(len(start_offset) - 1):
        first = row
        for start in range(start_offset[point], start_offset[point + 1]):
            at = rank_of[start_state[start]]
            spent = np.int32(min(start_ms[start], np.float64(NEVER)))
            known = False
            for mine in range(first, row):
                if depth[at] < high[mine] and rank[mine, depth[at]] == at:
                    ms[mine, depth[at]] = min(ms[mine, depth[at]], spent)
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
            base[mine] = at
            above = at
            for level in range(depth[at], top - 1, -1):
                rank[mine, level] = above
                ms[mine, level] = NEVER
                above = parent[above]
            ms[mine, depth[at]] = spent
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
                run = np.uint64(run_offset[at])
                start_slot, end_slot = np.uint64(up_offset[at]), np.uint64(up_offset[at + 1])
                # Counted without a sign, so that the compiler need not look for indices from the end, and adds wide.
                if run == np.uint64(run_offset[at + 1]):
                    for slot in range(start_slot, end_slot):
                        of_head = np.uint64(up_depth[slot])
                        ms[this, of_head] = min(ms[this, of_head], np.int32(spent + up_ms[slot]))
                    continue
                while start_slot < end_slot:
                    run += np.uint64(1)
                    end_of_run = min(np.uint64(run_first[run]), end_slot)
                    ahead = np.uint64(up_depth[start_slot]) - start_slot
                    for slot in range(start_slot, end_of_run):
                        ms[this, ahead + slot] = min(ms[this, ahead + slot], np.int32(spent + up_ms[slot]))
                    start_slot = end_of_run
            for level in range(low[mine]):
                ms[first, level] = min(ms[first, level], ms[mine, level])
        row_offset[point + 1] = row
    return row


@njit(
    f"void({_TREE}, int32[::1], int64[::1], int64[::1], float64[::1], "
    "int64[::1], int32[::1], int32[:, ::1], int32[::1], int32[::1], int32[::1], float64[:, :])",
    cache=True,
    nogil=True,
)
def times(
    up_offset: Int64Array,
    up_depth: Int32Array,
    run_offset: Int64Array,
    run_first: Int32Array,
    rank_of: Int32Array,
    parent: Int32Array,
    depth: Int32Array,
    down_ms: Int32Array,
    lowest: Int32Array,
    end_offset: Int64Array,
    end_state: Int64Array,
    end_ms: Float64Array,
    row_of: Int64Array,
    owner: Int32Array,
    ms: Int32Array,
    low: Int32Array,
    high: Int32Array,
    base: Int32Array,
    out: Float64Array,
) -> None:
    """Fill `out` (n, m) with milliseconds from every labelled origin to each of m points, infinity where no way leads.

    `row_of` and `owner` (R,) are the rows of the origins' labels and the origin of each; `lowest` is the lowest rank
    below each rank. The points end as those of `label` begin; the label of one at a time is made here.
    """
    most = np.int64(1)
    for target in range(len(end_offset) - 1):
        most = max(most, end_offset[target + 1] - end_offset[target])
    height = ms.shape[1]
    to_rank = np.empty((most, height), np.int32)
    to_ms = np.empty((most, height), np.int32)
    to_low = np.empty(most, np.int32)
    to_high = np.empty(most, np.int32)
    to_base = np.empty(most, np.int32)
    to_offset = np.empty(2, np.int64)
    least = np.empty(height, np.int32)
    shared = np.empty(len(row_of), np.int32)
    best = np.empty(len(out), np.int32)
    for target in range(len(end_offset) - 1):
        label(
            up_offset, up_depth, run_offset, run_first, rank_of, parent, depth, down_ms,
            end_offset[target : target + 2], end_state, end_ms,
            to_offset, to_rank, to_ms, to_low, to_high, to_base, 0,
        )  # fmt: skip
        best[:] = NEVER
        for theirs in range(to_offset[1]):
            deep = to_high[theirs]
            for level in range(deep):
                least[level] = lowest[to_rank[theirs, level]]
            # A state is shared where the deepest one of the origin is below it: halved without a branch, for all first.
            for entry in range(len(row_of)):
                wanted = base[row_of[entry]]
                same = np.int64(0)
                size = np.int64(deep)
                while size > 1:
                    half = size >> 1
                    below = (least[same + half] <= wanted) & (wanted <= to_rank[theirs, same + half])
                    same += half * np.int64(below)
                    size -= half
                below = (least[same] <= wanted) & (wanted <= to_rank[theirs, same])
                shared[entry] = same + 1 if below else 0
            other = np.uint64(theirs)
            for entry in range(len(row_of)):
                mine = row_of[entry]
                first = max(low[mine], to_low[theirs])
                last = min(high[mine], deep, shared[entry])
                if first >= last:
                    continue
                found = best[owner[entry]]
                this = np.uint64(mine)
                for level in range(np.uint64(first), np.uint64(last)):
                    found = min(found, np.int32(ms[this, level] + to_ms[other, level]))
                best[owner[entry]] = found
        for origin in range(len(best)):
            out[origin, target] = np.inf if best[origin] >= NEVER else np.float64(best[origin])
