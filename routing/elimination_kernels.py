"""Compiled parts of taking states away: who are neighbours, whom that makes neighbours, and the tree it makes.

Importing this module compiles it, or loads what was compiled before; `routing.kernels` says so to whoever waits.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from routing.network import Int32Array, Int64Array

_FEW = 2
"""States of no more neighbours than this are taken away before any cut."""


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


@njit(
    "Tuple((int32[::1], int32[::1], int64[::1], int32[::1]))(int64[::1], int32[::1])",
    cache=True,
    nogil=True,
)
def take_away_few(offset: Int64Array, head: Int32Array) -> tuple[Int32Array, Int32Array, Int64Array, Int32Array]:
    """Take states of one or two neighbours away until none is left: dead ends, and points along a road.

    Returns those states in the order of leaving, and what remains: the states, and their neighbours (ragged, as numbers
    of remaining states), who are joined where a state between them left. No two neighbours leave in the same round, so
    a road of many points is halved by every round, and its states come to lie few above each other.
    """
    count = len(offset) - 1
    near = head.copy()
    degree = np.empty(count, np.int32)
    order = np.empty(count, np.int32)
    gone = np.int64(0)
    has_left = np.zeros(count, np.bool_)
    known = np.zeros(count, np.bool_)  # waits, or has left
    touched = np.full(count, -1, np.int32)  # the last round in which a neighbour left
    waiting = np.empty(count, np.int32)
    later = np.empty(count, np.int32)
    size = 0
    for state in range(count):
        degree[state] = offset[state + 1] - offset[state]
        if degree[state] <= _FEW:
            waiting[size] = state
            size += 1
            known[state] = True
    number = 0
    while size > 0:
        kept = 0
        for at in range(size):
            state = waiting[at]
            if touched[state] == number:
                later[kept] = state
                kept += 1
                continue
            has_left[state] = True
            order[gone] = state
            gone += 1
            start = offset[state]
            for side in range(degree[state]):
                other = near[start + side]
                beyond = near[start + 1 - side] if degree[state] == 2 else np.int32(-1)
                touched[other] = number
                place = offset[other]
                joined = False
                for slot in range(offset[other], offset[other] + degree[other]):
                    if near[slot] == state:
                        place = slot
                    elif near[slot] == beyond:
                        joined = True
                if beyond >= 0 and not joined:
                    near[place] = beyond
                else:
                    degree[other] -= 1
                    near[place] = near[offset[other] + degree[other]]
                if degree[other] <= _FEW and not known[other]:
                    known[other] = True
                    later[kept] = other
                    kept += 1
        waiting, later = later, waiting
        size = kept
        number += 1
    new_number = np.full(count, -1, np.int32)
    left = 0
    total = 0
    for state in range(count):
        if not has_left[state]:
            new_number[state] = left
            left += 1
            total += degree[state]
    states = np.empty(left, np.int32)
    new_offset = np.zeros(left + 1, np.int64)
    new_head = np.empty(total, np.int32)
    used = 0
    for state in range(count):
        if not has_left[state]:
            states[new_number[state]] = state
            for slot in range(offset[state], offset[state] + degree[state]):
                new_head[used] = new_number[near[slot]]
                used += 1
            new_offset[new_number[state] + 1] = used
    return order[:gone].copy(), states, new_offset, new_head


@njit(
    "Tuple((int64[::1], int32[::1], int32[::1]))(int64[::1], int32[::1], int32[::1], int32[::1])",
    cache=True,
    nogil=True,
)
def eliminate(
    offset: Int64Array, head: Int32Array, order: Int32Array, rank: Int32Array
) -> tuple[Int64Array, Int32Array, Int32Array]:
    """Neighbours of higher rank when states are taken away from the lowest, each joining all its higher neighbours.

    All in ranks: (n + 1,) offsets, heads in falling order, and (n,) the parent: the lowest higher neighbour, or -1. A
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
            heads[used : used + size] = np.sort(found[:size])[::-1]
            parent[low] = heads[used + size - 1]
            sibling[low] = child[parent[low]]
            child[parent[low]] = low
        used += size
        up_offset[low + 1] = used
    return up_offset, heads[:used].copy(), parent


@njit("int32[::1](int32[::1])", cache=True, nogil=True)
def postorder(parent: Int32Array) -> Int32Array:
    """A new number for every rank, by which all ranks below one stand right before it, and heads above their tails."""
    count = len(parent)
    size = np.ones(count, np.int32)
    for rank in range(count):
        if parent[rank] >= 0:
            size[parent[rank]] += size[rank]
    number = np.empty(count, np.int32)
    free = np.empty(count, np.int32)  # the highest number below each rank that is not yet given away
    last = np.int32(count - 1)
    for rank in range(count - 1, -1, -1):
        above = parent[rank]
        if above < 0:
            number[rank] = last
            last -= size[rank]
        else:
            number[rank] = free[above]
            free[above] -= size[rank]
        free[rank] = number[rank] - 1
    return number


@njit(
    "Tuple((int64[::1], int32[::1], int32[::1]))(int64[::1], int32[::1], int32[::1], int32[::1])",
    cache=True,
    nogil=True,
)
def renumbered(
    up_offset: Int64Array, up_head: Int32Array, parent: Int32Array, number: Int32Array
) -> tuple[Int64Array, Int32Array, Int32Array]:
    """What `eliminate` returns, under the numbers of `postorder`: they leave those above a rank in their order."""
    count = len(parent)
    new_parent = np.full(count, -1, np.int32)
    new_offset = np.zeros(count + 1, np.int64)
    for rank in range(count):
        new_offset[number[rank] + 1] = up_offset[rank + 1] - up_offset[rank]
        if parent[rank] >= 0:
            new_parent[number[rank]] = number[parent[rank]]
    for rank in range(count):
        new_offset[rank + 1] += new_offset[rank]
    new_head = np.empty_like(up_head)
    for rank in range(count):
        free = new_offset[number[rank]]
        for slot in range(up_offset[rank], up_offset[rank + 1]):
            new_head[free] = number[up_head[slot]]
            free += 1
    return new_offset, new_head, new_parent


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
            if up_head[middle] > high:
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


@njit("int32[::1](int32[::1])", cache=True, nogil=True)
def lowest(parent: Int32Array) -> Int32Array:
    """The lowest rank that lies below each rank (itself where none does); all in between lie below it too."""
    least = np.arange(len(parent)).astype(np.int32)
    for rank in range(len(parent)):
        if parent[rank] >= 0:
            least[parent[rank]] = min(least[parent[rank]], least[rank])
    return least


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
