"""Blocks of an OpenStreetMap PBF file taken apart, compiled.

Source: the OpenStreetMap wiki, `PBF Format` (osmformat.proto), and the encoding of protocol buffers. A block is given
with `PADDING` zeros behind it, so that a number that begins within it ends within the array; whatever else does not
fit gives the status `UNUSABLE`, and nothing is read beyond the block.

Importing this module compiles it, or loads what was compiled before; see `routing.kernels`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from routing.network import Int64Array, UInt8Array

OK, UNUSABLE = 0, 1
PADDING = 32

DENSE, WAYS, RELATIONS = 2, 3, 4
"""Kinds of groups that are understood, by their field in the group."""

Whole = int | np.int64

_BYTES = "Array(uint8, 1, 'C', True)"
_NUMBERS = "Array(int64, 1, 'C', True)"


@njit(f"Tuple((uint64, int64))({_BYTES}, int64)", cache=True, nogil=True)
def _varint(block: UInt8Array, at: Whole) -> tuple[np.uint64, Whole]:
    """A number, and where the next thing begins; at most ten bytes, as the encoding has it."""
    value = np.uint64(0)
    for nth in range(10):
        byte = np.uint64(block[at + nth])
        value |= (byte & np.uint64(127)) << np.uint64(7 * nth)
        if byte < np.uint64(128):
            return value, at + nth + 1
    return value, at + 10


@njit(f"Tuple((int64, int64))({_BYTES}, int64)", cache=True, nogil=True)
def _zigzag(block: UInt8Array, at: Whole) -> tuple[Whole, Whole]:
    value, after = _varint(block, at)
    return np.int64(value >> np.uint64(1)) ^ -np.int64(value & np.uint64(1)), after


@njit(f"UniTuple(int64, 5)({_BYTES}, int64, int64)", cache=True, nogil=True)
def _field(block: UInt8Array, at: Whole, end: Whole) -> tuple[Whole, Whole, Whole, Whole, Whole]:
    """One field: its number, its value or where its content begins, where that ends, the next field, wire type.

    The number is -1 where the field does not fit into its message.
    """
    tag, at = _varint(block, at)
    number, wire = np.int64(tag >> np.uint64(3)), np.int64(tag & np.uint64(7))
    if wire == 0:
        value, after = _varint(block, at)
        return (number, np.int64(value), after, after, wire) if after <= end else (-1, 0, 0, end, wire)
    if wire == 2:
        size, at = _varint(block, at)
        if at > end or size > np.uint64(end - at):
            return -1, 0, 0, end, wire
        after = at + np.int64(size)
        return number, at, after, after, wire
    after = at + 8 if wire == 1 else at + 4
    if wire not in (1, 5) or after > end:
        return -1, 0, 0, end, wire
    return number, at, after, after, wire


@njit(f"({_BYTES}, int64)", cache=True, nogil=True)
def outline(block: UInt8Array, end: Whole) -> tuple[int, Int64Array, Int64Array]:
    """Status; string table from and to, granularity, offsets of latitude and longitude; groups (kind, from, to)."""
    facts = np.array([0, 0, 100, 0, 0], dtype=np.int64)
    groups = np.empty(3 * 1024, dtype=np.int64)
    count = 0
    at: Whole = 0
    none = np.zeros(0, dtype=np.int64)
    while at < end:
        number, low, high, at, wire = _field(block, at, end)
        if number < 0:
            return UNUSABLE, facts, none
        if number == 1 and wire == 2:
            facts[0], facts[1] = low, high
        elif number == 2 and wire == 2:
            inner = low
            while inner < high:
                kind, first, last, inner, wire = _field(block, inner, high)
                if kind not in (DENSE, WAYS, RELATIONS) or wire != 2 or count + 3 > len(groups):
                    return UNUSABLE, facts, none
                groups[count] = kind
                if kind == DENSE:
                    groups[count + 1], groups[count + 2] = first, last
                else:  # all of the group are of one kind, or `things` refuses it
                    groups[count + 1], groups[count + 2] = low, high
                    inner = high
                count += 3
        elif number == 17:
            facts[2] = low
        elif number == 19:
            facts[3] = low
        elif number == 20:
            facts[4] = low
    return OK, facts, groups[:count].copy()


@njit(f"({_BYTES}, int64, int64, {_BYTES}, {_NUMBERS}, {_BYTES})", cache=True, nogil=True)
def strings(
    block: UInt8Array, start: Whole, end: Whole, keys: UInt8Array, key_offset: Int64Array, key_use: UInt8Array
) -> tuple[int, Int64Array, Int64Array, UInt8Array]:
    """Status; where each string begins and ends; the use of those that are one of `keys`, 0 for others."""
    capacity = (end - start) // 2 + 1
    begin, stop = np.empty(capacity, dtype=np.int64), np.empty(capacity, dtype=np.int64)
    use = np.zeros(capacity, dtype=np.uint8)
    count, at = 0, start
    while at < end:
        number, low, high, at, wire = _field(block, at, end)
        if number != 1 or wire != 2:
            return UNUSABLE, begin[:0], stop[:0], use[:0]
        begin[count], stop[count] = low, high
        for key in range(len(key_offset) - 1):
            if key_offset[key + 1] - key_offset[key] == high - low:
                same = True
                for nth in range(high - low):
                    if block[low + nth] != keys[key_offset[key] + nth]:
                        same = False
                        break
                if same:
                    use[count] = key_use[key]
                    break
        count += 1
    return OK, begin[:count].copy(), stop[:count].copy(), use[:count].copy()


@njit(f"({_BYTES}, int64, int64, {_BYTES}, int64, {_NUMBERS})", cache=True, nogil=True)
def dense_nodes(
    block: UInt8Array, start: Whole, end: Whole, use: UInt8Array, wanted: int, facts: Int64Array
) -> tuple[int, Int64Array, npt.NDArray[np.int32], npt.NDArray[np.int32], Int64Array, Int64Array, Int64Array]:
    """Status; ids, latitudes, longitudes (1e-7 degrees); numbers of the wanted nodes, offsets of their tags, tags.

    Tags are pairs of strings by number. A node is wanted where the `use` of one of its keys meets `wanted`.
    """
    bounds = np.zeros(8, dtype=np.int64)
    at = start
    status = OK
    while at < end:
        number, low, high, at, wire = _field(block, at, end)
        place = 0
        if number == 1:
            place = 0
        elif number == 8:
            place = 2
        elif number == 9:
            place = 4
        elif number == 10:
            place = 6
        elif number < 0:
            status = UNUSABLE
            continue
        else:
            continue
        if wire != 2 or bounds[place + 1] != 0:
            status = UNUSABLE
        bounds[place], bounds[place + 1] = low, high
    count = 0
    for at in range(bounds[0], bounds[1]):
        count += block[at] < 128
    if status != OK:
        count = 0
    ids = np.empty(count, dtype=np.int64)
    lats, lons = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int32)
    id_at, lat_at, lon_at, tag_at = bounds[0], bounds[2], bounds[4], bounds[6]
    nodes, offsets = np.empty(count, dtype=np.int64), np.zeros(count + 1, dtype=np.int64)
    tags = np.empty((bounds[7] - bounds[6]) if count else 0, dtype=np.int64)
    found, filled = 0, 0
    osm_id, lat, lon = np.int64(0), np.int64(0), np.int64(0)
    has_tags = bounds[7] > bounds[6]
    for nth in range(count):
        if id_at >= bounds[1] or lat_at >= bounds[3] or lon_at >= bounds[5]:
            status = UNUSABLE
            break
        step, id_at = _zigzag(block, id_at)
        osm_id += step
        step, lat_at = _zigzag(block, lat_at)
        lat += step
        step, lon_at = _zigzag(block, lon_at)
        lon += step
        nano_lat, nano_lon = facts[3] + facts[2] * lat, facts[4] + facts[2] * lon
        if abs(nano_lat) > 90_000_000_000 or abs(nano_lon) > 180_000_000_000:
            status = UNUSABLE
            break
        ids[nth] = osm_id
        # Division that drops the rest, as libosmium does.
        lats[nth] = nano_lat // 100 if nano_lat >= 0 else -(-nano_lat // 100)
        lons[nth] = nano_lon // 100 if nano_lon >= 0 else -(-nano_lon // 100)
        before, is_wanted = filled, False
        while has_tags:
            if tag_at >= bounds[7]:
                status = UNUSABLE
                break
            key, tag_at = _varint(block, tag_at)
            if key == 0:
                break
            value, tag_at = _varint(block, tag_at)
            if tag_at > bounds[7] or key >= np.uint64(len(use)) or value >= np.uint64(len(use)):
                status = UNUSABLE
                break
            tags[filled], tags[filled + 1] = np.int64(key), np.int64(value)
            filled += 2
            is_wanted |= (use[np.int64(key)] & wanted) != 0
        if is_wanted:
            nodes[found] = nth
            found += 1
            offsets[found] = filled
        else:
            filled = before
    if count and status == OK and (lat_at != bounds[3] or lon_at != bounds[5] or id_at != bounds[1]):
        status = UNUSABLE
    return status, ids, lats, lons, nodes[:found].copy(), offsets[: found + 1].copy(), tags[:filled].copy()


@njit(f"({_BYTES}, int64, int64, {_BYTES}, int64, int64)", cache=True, nogil=True)
def things(
    block: UInt8Array, start: Whole, end: Whole, use: UInt8Array, wanted: int, kind: int
) -> tuple[int, Int64Array, Int64Array, Int64Array, Int64Array, Int64Array, Int64Array, Int64Array]:
    """The wanted ways or relations of a group: status, ids, offsets of tags, tags, offsets of members, and members.

    Members are ids, of a relation also the numbers of their roles and types; of a way those two are empty.
    """
    size = end - start
    ids = np.empty(size // 2 + 1, dtype=np.int64)
    tag_offset, member_offset = np.zeros(len(ids) + 1, dtype=np.int64), np.zeros(len(ids) + 1, dtype=np.int64)
    tags = np.empty(2 * size + 2, dtype=np.int64)
    members = np.empty(size + 1, dtype=np.int64)
    roles = np.empty(size + 1 if kind == RELATIONS else 0, dtype=np.int64)
    types = np.empty(size + 1 if kind == RELATIONS else 0, dtype=np.int64)
    role_field, member_field, type_field = (8, 9, 10) if kind == RELATIONS else (-1, 8, -1)
    count, filled, held, status = 0, 0, 0, OK
    at = start
    bounds = np.zeros(10, dtype=np.int64)
    while at < end and status == OK:
        number, low, high, at, wire = _field(block, at, end)
        if number != kind or wire != 2:
            status = UNUSABLE
            break
        bounds[:] = 0
        osm_id: Whole = np.int64(0)
        inner = low
        while inner < high:
            number, first, last, inner, wire = _field(block, inner, high)
            place = -1
            if number < 0:
                status = UNUSABLE
            elif number == 1:
                osm_id = first
            elif number == 2:
                place = 0
            elif number == 3:
                place = 2
            elif number == member_field:
                place = 4
            elif number == role_field:
                place = 6
            elif number == type_field:
                place = 8
            if place >= 0:
                if wire != 2 or bounds[place + 1] != 0:
                    status = UNUSABLE
                bounds[place], bounds[place + 1] = first, last
        before, is_wanted = filled, False
        key_at, value_at = bounds[0], bounds[2]
        while key_at < bounds[1] and status == OK:
            key, key_at = _varint(block, key_at)
            value, value_at = _varint(block, value_at)
            if value_at > bounds[3] or key >= np.uint64(len(use)) or value >= np.uint64(len(use)):
                status = UNUSABLE
                break
            tags[filled], tags[filled + 1] = np.int64(key), np.int64(value)
            filled += 2
            is_wanted |= (use[np.int64(key)] & wanted) != 0
        if not is_wanted:
            filled = before
            continue
        member_at, role_at, type_at = bounds[4], bounds[6], bounds[8]
        member = np.int64(0)
        while member_at < bounds[5] and status == OK:
            step, member_at = _zigzag(block, member_at)
            member += step
            members[held] = member
            if kind == RELATIONS:
                role, role_at = _varint(block, role_at)
                sort, type_at = _varint(block, type_at)
                if role_at > bounds[7] or type_at > bounds[9] or role >= np.uint64(len(use)) or sort > np.uint64(2):
                    status = UNUSABLE
                    break
                roles[held], types[held] = np.int64(role), np.int64(sort)
            held += 1
        ids[count] = osm_id
        count += 1
        tag_offset[count], member_offset[count] = filled, held
    return (
        status,
        ids[:count].copy(),
        tag_offset[: count + 1].copy(),
        tags[:filled].copy(),
        member_offset[: count + 1].copy(),
        members[:held].copy(),
        roles[: held if kind == RELATIONS else 0].copy(),
        types[: held if kind == RELATIONS else 0].copy(),
    )


@njit(
    "void(Array(int64, 1, 'C'), Array(int32, 1, 'C'), Array(int32, 1, 'C'), Array(int64, 1, 'C'), "
    "Array(int32, 1, 'C'), Array(int32, 1, 'C'))",
    cache=True,
    nogil=True,
)
def find_places(
    ids: Int64Array,
    lats: npt.NDArray[np.int32],
    lons: npt.NDArray[np.int32],
    ref: Int64Array,
    lat: npt.NDArray[np.int32],
    lon: npt.NDArray[np.int32],
) -> None:
    """Put the place of each node `ref`, where it is among the `ids` (rising), into `lat` and `lon`.

    Nodes of a way are mostly drawn one after the other, so their numbers lie side by side: looked for from the one
    before, in steps that double.
    """
    count = len(ids)
    near = np.int64(0)
    for nth in range(len(ref)):
        wanted = ref[nth]
        low, high, step = near, near, np.int64(1)
        if near < count and ids[near] < wanted:
            while high < count and ids[high] < wanted:
                low = high
                high += step
                step *= 2
            if high > count:
                high = np.int64(count)
        else:
            while low > 0 and ids[low - 1] >= wanted:
                high = low - 1
                low -= step
                step *= 2
            if low < 0:
                low = np.int64(0)
        while low < high:
            middle = (low + high) >> 1
            if ids[middle] < wanted:
                low = middle + 1
            else:
                high = middle
        if low < count:
            near = low
            if ids[low] == wanted:
                lat[nth], lon[nth] = lats[low], lons[low]


READY = True
