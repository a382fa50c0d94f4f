"""Compiled parts of building a hierarchy: neighbours, nested dissection, elimination. Used once per topology.

Importing this module compiles it, or loads what was compiled before; `routing.kernels` says so to whoever waits.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from routing.network import Int32Array, Int64Array

_BALANCE = 0.12
"""Of two cuts of equal size the more even one is taken; cuts more even than 1/2 - this share are equally even."""

_LEAST_SHARE = 0.25
"""Of a piece that either side of a cut holds at least, its separator counted with one of them."""

_LEFT, _RIGHT, _BETWEEN = 0, 1, 2


@njit("Tuple((int64[::1], int32[::1]))(int64, int32[::1], int32[::1])", cache=True, nogil=True)
def neighbours(count: int, source: Int32Array, target: Int32Array) -> tuple[Int64Array, Int32Array]:
    """Undirected neighbours of every state, each once and none of itself: ragged, (count + 1,) offsets and heads."""
    offset = np.zeros(count + 1, np.int64)
    for arc in range(len(source)):
        if source[arc] != target[arc]:
            offset[source[arc] + 1] += 1
            offset[target[arc] + 1] += 1
    for state in range(count):
        offset[state + 1] += offset[state]
    free = offset[:-1].copy()
    head = np.empty(offset[count], np.int32)
    for arc in range(len(source)):
        a, b = source[arc], target[arc]
        if a != b:
            head[free[a]] = b
            free[a] += 1
            head[free[b]] = a
            free[b] += 1
    kept = np.int64(0)
    start = np.int64(0)
    for state in range(count):
        end = offset[state + 1]
        for at in range(start + 1, end):  # rows are short
            value = head[at]
            back = at - 1
            while back >= start and head[back] > value:
                head[back + 1] = head[back]
                back -= 1
            head[back + 1] = value
        offset[state] = kept
        for at in range(start, end):
            if at == start or head[at] != head[at - 1]:
                # Never ahead of what is still to be read.
                value = head[at]
                if kept > offset[state] and head[kept - 1] == value:
                    continue
                head[kept] = value
                kept += 1
        start = end
    offset[count] = kept
    return offset, head[:kept].copy()


@njit("int32[::1](int64[::1], int32[::1], int32[:, ::1], int64)", cache=True, nogil=True)
def dissect(offset: Int64Array, head: Int32Array, lines: Int32Array, leaf_size: int) -> Int32Array:
    """States by rank, lowest first: pieces are cut in two again and again, and what lies between ranks above both.

    `lines` (D, n) holds all states along each of D directions. Every prefix of a line is a side of a possible cut: its
    separator are the states of one side that have neighbours on the other. The least for its evenness is taken. The
    lines of both sides keep their order, so nothing is sorted anew.
    """
    directions, count = lines.shape
    order = np.empty(count, np.int32)
    top = count
    piece = np.zeros(count, np.int32)
    place = np.empty(count, np.int32)
    side = np.empty(count, np.int8)
    spare = np.empty(count, np.int32)
    low_change = np.zeros(count + 2, np.int32)
    high_change = np.zeros(count + 2, np.int32)
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
                share = cut / size
                evenness = min(0.5, min(share, 1.0 - share) + _BALANCE)
                score = min(low, high) / evenness
                if score < best_score:
                    best_score = score
                    best_direction = direction
                    best_at = np.int64(cut)
                    best_low = low <= high
        for at in range(size):
            place[lines[best_direction, start + at]] = at
        left = np.int64(0)
        right = np.int64(0)
        for at in range(size):
            state = lines[best_direction, start + at]
            mine = _LEFT if at < best_at else _RIGHT
            chosen = mine
            if (mine == _LEFT) == best_low:
                for slot in range(offset[state], offset[state + 1]):
                    other = head[slot]
                    if piece[other] == number and (place[other] < best_at) != (mine == _LEFT):
                        chosen = _BETWEEN
                        break
            side[state] = chosen
            if chosen == _LEFT:
                left += 1
            elif chosen == _RIGHT:
                right += 1
        for at in range(size):
            state = lines[best_direction, start + at]
            if side[state] == _BETWEEN:
                top -= 1
                order[top] = state
                piece[state] = -1
        for direction in range(directions):
            kept = start
            behind = 0
            for at in range(start, end):
                state = lines[direction, at]
                if side[state] == _LEFT:
                    lines[direction, kept] = state
                    kept += 1
                elif side[state] == _RIGHT:
                    spare[behind] = state
                    behind += 1
            for at in range(behind):
                lines[direction, kept + at] = spare[at]
        starts.append(start)
        ends.append(start + left)
        starts.append(start + left)
        ends.append(start + left + right)
    return order


@njit(
    "Tuple((int64[::1], int32[::1], int32[::1]))(int64[::1], int32[::1], int32[::1], int32[::1])",
    cache=True,
    nogil=True,
)
def eliminate(
    offset: Int64Array, head: Int32Array, order: Int32Array, rank: Int32Array
) -> tuple[Int64Array, Int32Array, Int32Array]:
    """Neighbours of higher rank when states are taken away from the lowest, each joining all its higher neighbours.

    All in ranks: (n + 1,) offsets, heads in rising order, and (n,) the parent: the lowest higher neighbour, or -1. A
    state inherits the higher neighbours of those whose parent it is (Rose, Tarjan and Lueker 1976).
    """
    count = len(order)
    room = max(np.int64(16), np.int64(len(head)) * 2)
    heads = np.empty(room, np.int32)
    up_offset = np.zeros(count + 1, np.int64)
    parent = np.full(count, -1, np.int32)
    child = np.full(count, -1, np.int32)
    sibling = np.full(count, -1, np.int32)
    seen = np.full(count, -1, np.int32)
    found = np.empty(1024, np.int32)
    used = np.int64(0)
    for low in range(count):
        size = np.int64(0)
        state = order[low]
        for slot in range(offset[state], offset[state + 1]):
            high = rank[head[slot]]
            if high > low and seen[high] != low:
                seen[high] = low
                if size == len(found):
                    found = np.concatenate((found, np.empty_like(found)))
                found[size] = high
                size += 1
        younger = child[low]
        while younger >= 0:
            for slot in range(up_offset[younger], up_offset[younger + 1]):
                high = heads[slot]
                if high != low and seen[high] != low:
                    seen[high] = low
                    if size == len(found):
                        found = np.concatenate((found, np.empty_like(found)))
                    found[size] = high
                    size += 1
            younger = sibling[younger]
        if used + size > room:
            room = max(room + room // 2, used + size)
            grown = np.empty(room, np.int32)
            grown[:used] = heads[:used]
            heads = grown
        if size > 0:
            heads[used : used + size] = np.sort(found[:size])
            parent[low] = heads[used]
            sibling[low] = child[parent[low]]
            child[parent[low]] = low
        used += size
        up_offset[low + 1] = used
    return up_offset, heads[:used].copy(), parent


@njit("int32[::1](int64[::1], int32[::1], int32[::1], int32[::1], int32[::1])", cache=True, nogil=True)
def slots_of_arcs(
    up_offset: Int64Array, up_head: Int32Array, rank: Int32Array, source: Int32Array, target: Int32Array
) -> Int32Array:
    """(A,) twice the place of each arc among the higher neighbours, one more where it leads down; -1 for loops."""
    found = np.full(len(source), -1, np.int32)
    for arc in range(len(source)):
        low, high = rank[source[arc]], rank[target[arc]]
        if low == high:
            continue
        down = low > high
        if down:
            low, high = high, low
        first, last = up_offset[low], up_offset[low + 1] - 1
        while first < last:
            middle = (first + last) >> 1
            if up_head[middle] < high:
                first = middle + 1
            else:
                last = middle
        found[arc] = 2 * first + (1 if down else 0)
    return found


@njit("Tuple((int64[::1], int32[::1], int32[::1]))(int64[::1], int32[::1])", cache=True, nogil=True)
def lower_neighbours(up_offset: Int64Array, up_head: Int32Array) -> tuple[Int64Array, Int32Array, Int32Array]:
    """The higher neighbours turned round: (n + 1,) offsets, tails in rising order, and the place of each."""
    count = len(up_offset) - 1
    offset = np.zeros(count + 1, np.int64)
    for slot in range(len(up_head)):
        offset[up_head[slot] + 1] += 1
    for high in range(count):
        offset[high + 1] += offset[high]
    free = offset[:-1].copy()
    tail = np.empty(len(up_head), np.int32)
    place = np.empty(len(up_head), np.int32)
    for low in range(count):
        for slot in range(up_offset[low], up_offset[low + 1]):
            high = up_head[slot]
            tail[free[high]] = low
            place[free[high]] = slot
            free[high] += 1
    return offset, tail, place


@njit("int32[::1](int32[::1])", cache=True, nogil=True)
def depths(parent: Int32Array) -> Int32Array:
    """How many parents each rank has above it."""
    depth = np.zeros(len(parent), np.int32)
    for low in range(len(parent) - 1, -1, -1):
        if parent[low] >= 0:
            depth[low] = depth[parent[low]] + 1
    return depth


@njit("int32[::1](int32[::1], int64)", cache=True, nogil=True)
def branches(parent: Int32Array, most: int) -> Int32Array:
    """The branch of every rank: the highest rank above it with no more than so many below; -1 above those."""
    count = len(parent)
    size = np.ones(count, np.int64)
    for rank in range(count):
        if parent[rank] >= 0:
            size[parent[rank]] += size[rank]
    root = np.full(count, -1, np.int32)
    for rank in range(count - 1, -1, -1):
        if size[rank] <= most:
            above = parent[rank]
            root[rank] = root[above] if above >= 0 and root[above] >= 0 else rank
    return root
