"""Compiled nested dissection: the order in which the states of a hierarchy are taken away.

Used once per topology. Importing this module compiles it, or loads what was compiled before; `routing.kernels` says so
to whoever waits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from routing.network import Int32Array, Int64Array

_BALANCE = 0.12
"""Of two cuts of equal size the more even one is taken; cuts more even than 1/2 - this share are equally even."""

_LEAST_SHARE = 0.25
"""Of a piece that either side of a straight cut holds at least, its separator counted with one of them; and of a piece
that lies at either end of a line, between which a narrower cut is looked for."""

_FLOW_STEP = 2
"""Every so manieth line is tried for a narrower cut: the others found little more in twice the time."""

_LEFT, _RIGHT, _BETWEEN = 0, 1, 2
_NONE, _END = -1, -2


@njit(
    "int64(int64[::1], int32[::1], int32[::1], int32, int8[::1], int8, int8, int32[::1], int32[::1], int32[::1], "
    "int32[::1], int32[::1], int32[::1], int32, int32[::1], int32[::1])",
    cache=True,
    nogil=True,
)
def _more_ways(
    offset: Int64Array,
    head: Int32Array,
    piece: Int32Array,
    number: int,
    role: npt.NDArray[np.int8],
    source: int,
    sink: int,
    before: Int32Array,
    after: Int32Array,
    seen: Int32Array,
    came: Int32Array,
    root: Int32Array,
    used: Int32Array,
    search: int,
    sources: Int32Array,
    queue: Int32Array,
) -> int:
    """Search once for more ways through a piece that share no state, from those of role `source` to those of `sink`.

    The ways so far are `before` and `after` (`_NONE`, or `_END` where one begins or ends); they are changed where more
    are possible (Ford and Fulkerson 1956, on states split in two: 2 s is entering state s, 2 s + 1 leaving it). From
    every source at most one way is added. `seen` is `search` where the search came; returns how many ways were added.
    """
    first = np.int64(0)
    last = np.int64(0)
    for at in range(len(sources)):
        state = sources[at]
        used[state] = 0
        if before[state] == _NONE and after[state] == _NONE:
            half = np.int64(2) * state + 1
            seen[half] = search
            came[half] = -1
            root[half] = state
            queue[last] = half
            last += 1
    found = 0
    while first < last:
        half = np.int64(queue[first])
        first += 1
        origin = root[half]
        if used[origin] == search:
            continue
        state = half >> 1
        if half & 1 == 0:
            # On a way of others, which is followed back.
            to = np.int64(2) * before[state] + 1
            if before[state] >= 0 and seen[to] != search:
                seen[to] = search
                came[to] = half
                root[to] = origin
                queue[last] = to
                last += 1
            continue
        if before[state] >= 0 and after[state] != _NONE:
            to = half - 1
            if seen[to] != search:
                seen[to] = search
                came[to] = half
                root[to] = origin
                queue[last] = to
                last += 1
        for slot in range(offset[state], offset[state + 1]):
            other = head[slot]
            if piece[other] != number or role[other] == source or after[state] == other:
                continue
            to = np.int64(2) * other
            if seen[to] == search:
                continue
            seen[to] = search
            came[to] = half
            root[to] = origin
            if before[other] != _NONE or after[other] != _NONE:
                queue[last] = to
                last += 1
            elif role[other] != sink:
                if seen[to + 1] != search:
                    seen[to + 1] = search
                    came[to + 1] = to
                    root[to + 1] = origin
                    queue[last] = to + 1
                    last += 1
            else:
                used[origin] = search
                found += 1
                after[other] = _END
                while came[to] >= 0:
                    back = np.int64(came[to])
                    if back & 1 == 1 and to & 1 == 0:
                        if back >> 1 == to >> 1:
                            before[back >> 1] = _NONE
                            after[back >> 1] = _NONE
                        else:
                            after[back >> 1] = to >> 1
                            before[to >> 1] = back >> 1
                    to = back
                before[origin] = _END
                break
    return found


@njit("float64(int64, int64)", cache=True, nogil=True)
def _evenness(part: int, size: int) -> float:
    share = part / size
    return min(0.5, min(share, 1.0 - share) + _BALANCE)


@njit("int32[::1](int64[::1], int32[::1], int32[:, ::1], int64)", cache=True, nogil=True)
def dissect(offset: Int64Array, head: Int32Array, lines: Int32Array, leaf_size: int) -> Int32Array:
    """States by rank, lowest first: pieces are cut in two again and again, and what lies between ranks above both.

    `lines` (D, n) holds all states along each of D directions. Every prefix of a line is a side of a possible cut: its
    separator are the states of one side that have neighbours on the other. The least for its evenness is taken, unless
    one that is not straight is less: between the two ends of a line, as few states as there are ways that share none
    (Menger 1927), the nearest such to either end. The lines of both sides keep their order, so nothing is sorted anew.
    """
    directions, count = lines.shape
    order = np.empty(count, np.int32)
    top = count
    piece = np.zeros(count, np.int32)
    place = np.empty(count, np.int32)
    side = np.empty(count, np.int8)
    best_side = np.empty(count, np.int8)
    spare = np.empty(count, np.int32)
    low_change = np.zeros(count + 2, np.int32)
    high_change = np.zeros(count + 2, np.int32)
    role = np.zeros(count, np.int8)
    before = np.empty(count, np.int32)
    after = np.empty(count, np.int32)
    seen = np.zeros(2 * count, np.int32)
    came = np.empty(2 * count, np.int32)
    root = np.empty(2 * count, np.int32)
    used = np.zeros(count, np.int32)
    queue = np.empty(2 * count, np.int32)
    search = np.int32(0)
    starts = [np.int64(0)]
    ends = [np.int64(count)]
    number = np.int32(0)
    while len(starts) > 0:
        start, end = starts.pop(), ends.pop()
        size = end - start
        if size <= leaf_size:
            for at in range(start, end):
                top -= 1
                order[top] = lines[0, at]
            continue
        number += np.int32(1)
        for at in range(start, end):
            piece[lines[0, at]] = number
        best_score = np.inf
        best_direction = np.int64(0)
        best_at = np.int64(0)
        best_low = True
        first = max(np.int64(1), np.int64(size * _LEAST_SHARE))
        last = min(size - 1, size - first)
        for direction in range(directions):
            for at in range(size):
                place[lines[direction, start + at]] = at
            for at in range(size + 2):
                low_change[at] = 0
                high_change[at] = 0
            for at in range(size):
                state = lines[direction, start + at]
                near = at
                far = at
                for slot in range(offset[state], offset[state + 1]):
                    other = head[slot]
                    if piece[other] == number:
                        beside = np.int64(place[other])
                        near = min(near, beside)
                        far = max(far, beside)
                # In the separator of a prefix of p states: of its own side for at < p <= far, else near < p <= at.
                low_change[at + 1] += 1
                low_change[far + 1] -= 1
                high_change[near + 1] += 1
                high_change[at + 1] -= 1
            low = 0
            high = 0
            for cut in range(1, last + 1):
                low += low_change[cut]
                high += high_change[cut]
                if cut < first:
                    continue
                score = min(low, high) / _evenness(cut, size)
                if score < best_score:
                    best_score = score
                    best_direction = direction
                    best_at = np.int64(cut)
                    best_low = low <= high
        for at in range(size):
            place[lines[best_direction, start + at]] = at
        for at in range(size):
            state = lines[best_direction, start + at]
            mine = _LEFT if at < best_at else _RIGHT
            best_side[state] = mine
            if (mine == _LEFT) == best_low:
                for slot in range(offset[state], offset[state + 1]):
                    other = head[slot]
                    if piece[other] == number and (place[other] < best_at) != (mine == _LEFT):
                        best_side[state] = _BETWEEN
                        break
        for direction in range(0, directions, _FLOW_STEP):
            for at in range(start, end):
                state = lines[direction, at]
                role[state] = _BETWEEN
                before[state] = _NONE
                after[state] = _NONE
            low_end = lines[direction, start : start + first]
            high_end = lines[direction, end - first : end]
            for at in range(first):
                role[low_end[at]] = _LEFT
                role[high_end[at]] = _RIGHT
            ways = np.int64(0)
            # So many ways are no better than what is known, however even the cut.
            while 2 * ways < best_score:
                search += np.int32(1)
                more = _more_ways(
                    offset, head, piece, number, role, np.int8(_LEFT), np.int8(_RIGHT), before, after,
                    seen, came, root, used, search, low_end, queue,
                )  # fmt: skip
                if more == 0:
                    break
                ways += more
            if 2 * ways >= best_score:
                continue
            for near_end in (_LEFT, _RIGHT):
                if near_end == _RIGHT:
                    # The same ways, driven back.
                    for at in range(start, end):
                        state = lines[direction, at]
                        before[state], after[state] = after[state], before[state]
                    search += np.int32(1)
                    _more_ways(
                        offset, head, piece, number, role, np.int8(_RIGHT), np.int8(_LEFT), before, after,
                        seen, came, root, used, search, high_end, queue,
                    )  # fmt: skip
                inside = np.int64(0)
                for at in range(start, end):
                    state = lines[direction, at]
                    if seen[2 * state + 1] == search:
                        side[state] = near_end
                        inside += 1
                    elif seen[2 * state] == search or (role[state] == near_end and before[state] == _END):
                        side[state] = _BETWEEN
                    else:
                        side[state] = _RIGHT - near_end
                outside = size - inside - ways
                score = ways / _evenness(min(inside, outside), size)
                if score < best_score and inside > 0 and outside > 0:
                    best_score = score
                    for at in range(start, end):
                        best_side[lines[direction, at]] = side[lines[direction, at]]
        left = np.int64(0)
        right = np.int64(0)
        for at in range(start, end):
            state = lines[0, at]
            if best_side[state] == _LEFT:
                left += 1
            elif best_side[state] == _RIGHT:
                right += 1
            else:
                top -= 1
                order[top] = state
                piece[state] = -1
        for direction in range(directions):
            kept = start
            behind = 0
            for at in range(start, end):
                state = lines[direction, at]
                if best_side[state] == _LEFT:
                    lines[direction, kept] = state
                    kept += 1
                elif best_side[state] == _RIGHT:
                    spare[behind] = state
                    behind += 1
            for at in range(behind):
                lines[direction, kept + at] = spare[at]
        starts.append(start)
        ends.append(start + left)
        starts.append(start + left)
        ends.append(start + left + right)
    return order
