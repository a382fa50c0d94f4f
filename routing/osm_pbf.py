"""Reading plain PBF files of OpenStreetMap by compiled code: what `routing.osm_text` gives, several times as fast.

Source: the OpenStreetMap wiki, `PBF Format`. Blobs are unpacked and taken apart on all processors, a few at a time;
the places of all nodes are kept (16 bytes each) until the ways that name them have been read. Whatever is not plain
(blobs packed with anything but zlib, histories, single nodes, files that are not sorted, places off the earth, damage)
raises `UnusualError`, and libosmium reads the file instead, which also knows what to say about damage.
"""

from __future__ import annotations

import importlib
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np

from routing.network import Int32Array, Int64Array, UInt8Array
from routing.osm_tables import NodeTable, OsmTables, Pairs, TagTable, WayTable, joined, offsets
from routing.osm_text import UNKNOWN, TextRelation
from routing.parallel import in_parts

KERNELS: Final = "routing.osm_pbf_kernels"

_KNOWN_FEATURES: Final = frozenset({b"OsmSchema-V0.6", b"DenseNodes"})
_PLACES_ON_WAYS: Final = b"LocationsOnWays"
_MOST_HEADER_BYTES: Final = 64 * 1024
_MOST_BLOB_BYTES: Final = 32 * 1024 * 1024
"""What the format allows."""

_BLOCKS_AHEAD: Final = 8
_REFS_AT_ONCE: Final = 2**18
_NODE_USE, _WAY_USE, _RELATION_USE = 1, 2, 4
_TYPES: Final = "nwr"


class UnusualError(Exception):
    """The file is not a plain one; the message says in what."""


def read_pbf(path: Path, *, node_keys: Sequence[str], way_keys: Sequence[str]) -> OsmTables:
    """Nodes and ways that have one of the keys, and relations that have a type.

    Parameters
    ----------
    path
        A PBF file sorted by type and id.
    node_keys, way_keys
        Keys of use.

    Raises
    ------
    UnusualError
        The file is not a plain one, or the compiled code cannot be loaded.
    """
    try:
        kernels = importlib.import_module(KERNELS)
    except Exception as error:  # whatever numba and LLVM raise on a machine that they do not suit
        raise UnusualError(f"compiled code cannot be used: {error}") from error
    places, pairs = _NodePlaces(), Pairs()
    nodes, ways = _Rows(), _Rows()
    node_places: list[_Places] = []
    refs: list[Int64Array] = []
    sizes: list[Int64Array] = []
    relations: list[TextRelation] = []
    for block in _blocks(path, kernels, _Wanted.of(node_keys, way_keys)):
        for dense in block.nodes:
            if ways.osm_id:
                raise UnusualError("nodes that are not in order")
            places.add(dense.places)
            node_places.append(dense.tagged_places)
            nodes.add(dense.tagged_places.osm_id, dense.tags, block, pairs)
        for way in block.ways:
            ways.add(way.osm_id, way.tags, block, pairs)
            refs.append(way.members)
            sizes.append(np.diff(way.member_offset))
        for relation in block.relations:
            relations += _relations(relation, block)
    ref = joined(refs, np.int64)
    lat, lon = places.of(ref, kernels)
    return OsmTables(
        nodes=NodeTable(
            osm_id=joined(nodes.osm_id, np.int64),
            lat=joined([at.lat for at in node_places], np.int32),
            lon=joined([at.lon for at in node_places], np.int32),
            tags=nodes.table(pairs),
        ),
        ways=WayTable(
            osm_id=joined(ways.osm_id, np.int64),
            tags=ways.table(pairs),
            offset=offsets(joined(sizes, np.int64)),
            ref=ref,
            lat=lat,
            lon=lon,
        ),
        relations=relations,
    )


# --- blocks ----------------------------------------------------------------------------------------------------------


class _Wanted(NamedTuple):
    """Keys of use, joined, with the start of each and what it is of use for."""

    keys: UInt8Array
    offset: Int64Array
    use: UInt8Array

    @classmethod
    def of(cls, node_keys: Sequence[str], way_keys: Sequence[str]) -> _Wanted:
        uses: dict[bytes, int] = {}
        for keys, use in ((node_keys, _NODE_USE), (way_keys, _WAY_USE), (("type",), _RELATION_USE)):
            for key in keys:
                uses[key.encode()] = uses.get(key.encode(), 0) | use
        offset = np.cumsum([0, *map(len, uses)], dtype=np.int64)
        return cls(np.frombuffer(b"".join(uses), dtype=np.uint8), offset, np.array(list(uses.values()), dtype=np.uint8))


class _Places(NamedTuple):
    osm_id: Int64Array
    lat: Int32Array
    lon: Int32Array


class _Tags(NamedTuple):
    """Tags of some rows: the start of each row's, the numbers of their pairs here, the strings of each pair."""

    offset: Int64Array
    pair: Int64Array
    keys: Int64Array
    values: Int64Array

    @classmethod
    def of(cls, offset: Int64Array, strings: Int64Array, string_count: int) -> _Tags:
        """From strings, keys and values in turn."""
        distinct, pair = np.unique(strings[0::2] * string_count + strings[1::2], return_inverse=True)
        return cls(offset // 2, pair, *np.divmod(distinct, max(string_count, 1)))


class _DenseNodes(NamedTuple):
    places: _Places
    tagged_places: _Places
    tags: _Tags


class _Things(NamedTuple):
    """Ways or relations with the start of each one's members."""

    osm_id: Int64Array
    tags: _Tags
    member_offset: Int64Array
    members: Int64Array
    roles: Int64Array
    types: Int64Array


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """The groups of a block, and its strings."""

    data: bytes
    string_from: Int64Array
    string_to: Int64Array
    nodes: list[_DenseNodes]
    ways: list[_Things]
    relations: list[_Things]

    def texts(self, *numbers: Int64Array) -> dict[int, str]:
        """The strings of these numbers."""
        is_used = np.zeros(len(self.string_from), dtype=np.bool_)
        for each in numbers:
            is_used[each] = True
        used = np.flatnonzero(is_used)
        data = self.data
        try:
            return {
                number: data[low:high].decode("utf-8")
                for number, low, high in zip(
                    used.tolist(), self.string_from[used].tolist(), self.string_to[used].tolist(), strict=True
                )
            }
        except UnicodeDecodeError as error:
            raise UnusualError("text that is not UTF-8") from error


def _blocks(path: Path, kernels: Any, wanted: _Wanted) -> Iterator[_Block]:
    """All blocks of data, in order, taken apart on all processors."""
    with path.open("rb") as file, ThreadPoolExecutor(os.cpu_count()) as threads:
        waiting: deque[Future[_Block]] = deque()
        try:
            for kind, blob in _blobs(file):
                if kind == b"OSMHeader":
                    _check_header(_unpacked(blob))
                elif kind == b"OSMData":
                    waiting.append(threads.submit(_taken_apart, blob, kernels, wanted))
                if len(waiting) > _BLOCKS_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _blobs(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of each blob."""
    while size := file.read(4):
        if len(size) < 4:
            raise UnusualError("it ends within a length")
        (header_bytes,) = struct.unpack(">I", size)
        if header_bytes > _MOST_HEADER_BYTES:
            raise UnusualError("a header that is too long")
        fields = _fields(file.read(header_bytes))
        kind, blob_bytes = fields.get(1), fields.get(3)
        if not isinstance(kind, bytes) or not isinstance(blob_bytes, int) or blob_bytes > _MOST_BLOB_BYTES:
            raise UnusualError("a header that makes no sense")
        blob = file.read(blob_bytes)
        if len(blob) < blob_bytes:
            raise UnusualError("it ends within a blob")
        yield kind, blob


def _unpacked(blob: bytes) -> bytes:
    fields = _fields(blob)
    raw, packed, size = fields.get(1), fields.get(3), fields.get(2, 0)
    if isinstance(raw, bytes):
        return raw
    if not isinstance(packed, bytes) or not isinstance(size, int):
        raise UnusualError("a blob that is packed with something else than zlib")
    if not 0 < size <= _MOST_BLOB_BYTES:  # to zlib, 0 means without a limit
        raise UnusualError("a blob of a size that makes no sense")
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(packed, size)
    except zlib.error as error:
        raise UnusualError("a blob that cannot be unpacked") from error
    if len(data) != size or unpacking.unconsumed_tail:
        raise UnusualError("a blob of another size than it says")
    return data


def _check_header(data: bytes) -> None:
    """Refuse files that ask for more than plain reading: field 4 names what a reader must understand, 5 what it may."""
    for number, value in _each_field(data):
        if (number == 4 and value not in _KNOWN_FEATURES) or (number == 5 and value == _PLACES_ON_WAYS):
            raise UnusualError(f"it needs {value!r}")


def _fields(message: bytes) -> dict[int, int | bytes]:
    return dict(_each_field(message))


def _each_field(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and values of a short message."""
    at = 0
    try:
        while at < len(message):
            tag, at = _varint(message, at)
            value, at = _varint(message, at)
            if tag & 7 == 2:
                if at + value > len(message):
                    raise UnusualError("a field that is cut off")
                yield tag >> 3, message[at : at + value]
                at += value
            elif tag & 7 == 0:
                yield tag >> 3, value
            else:
                raise UnusualError("a field of an unknown kind")
    except IndexError as error:
        raise UnusualError("a field that is cut off") from error


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
        shift += 7


def _taken_apart(blob: bytes, kernels: Any, wanted: _Wanted) -> _Block:
    data = _unpacked(blob)
    size = len(data)
    block = np.frombuffer(data + bytes(kernels.PADDING), dtype=np.uint8)
    status, facts, groups = kernels.outline(block, size)
    _check(status)
    status, low, high, use = kernels.strings(block, int(facts[0]), int(facts[1]), *wanted)
    _check(status)
    found = _Block(data, low, high, [], [], [])
    for kind, start, end in groups.reshape(-1, 3).tolist():
        if kind == kernels.DENSE:
            status, *place, tagged, offset, tags = kernels.dense_nodes(block, start, end, use, _NODE_USE, facts)
            _check(status)
            places = _Places(*place)
            if (places.osm_id[1:] <= places.osm_id[:-1]).any():
                raise UnusualError("nodes that are not in order")
            of_tagged = _Places(*(column[tagged] for column in places))
            found.nodes.append(_DenseNodes(places, of_tagged, _Tags.of(offset, tags, len(use))))
        else:
            use_for, groups_of = (_WAY_USE, found.ways) if kind == kernels.WAYS else (_RELATION_USE, found.relations)
            status, osm_id, offset, tags, *members = kernels.things(block, start, end, use, use_for, kind)
            _check(status)
            groups_of.append(_Things(osm_id, _Tags.of(offset, tags, len(use)), *members))
    return found


def _check(status: int) -> None:
    if status:
        raise UnusualError("a block that is not plain")


# --- rows ------------------------------------------------------------------------------------------------------------


class _Rows:
    """Ids and tags, block by block."""

    def __init__(self) -> None:
        self.osm_id: list[Int64Array] = []
        self._sizes: list[Int64Array] = []
        self._pair: list[Int64Array] = []

    def add(self, osm_id: Int64Array, tags: _Tags, block: _Block, pairs: Pairs) -> None:
        texts = block.texts(tags.keys, tags.values)
        numbers = pairs.numbers(
            (texts[key], texts[value]) for key, value in zip(tags.keys.tolist(), tags.values.tolist(), strict=True)
        )
        self.osm_id.append(osm_id)
        self._sizes.append(np.diff(tags.offset))
        self._pair.append(np.array(numbers, dtype=np.int64)[tags.pair])

    def table(self, pairs: Pairs) -> TagTable:
        return pairs.table(offsets(joined(self._sizes, np.int64)), joined(self._pair, np.int64))


class _NodePlaces:
    """Places of all nodes so far."""

    def __init__(self) -> None:
        self._parts: list[_Places] = []
        self._last = np.iinfo(np.int64).min

    def add(self, places: _Places) -> None:
        ids = places.osm_id
        if not len(ids):
            return
        if ids[0] <= self._last:
            raise UnusualError("nodes that are not in order")
        self._last = ids[-1]
        self._parts.append(places)

    def of(self, ref: Int64Array, kernels: Any) -> tuple[Int32Array, Int32Array]:
        """Latitudes and longitudes, `UNKNOWN` where there is no such node."""
        ids = joined([part.osm_id for part in self._parts], np.int64)
        lats = joined([part.lat for part in self._parts], np.int32)
        lons = joined([part.lon for part in self._parts], np.int32)
        self._parts.clear()
        lat, lon = np.full(len(ref), UNKNOWN, dtype=np.int32), np.full(len(ref), UNKNOWN, dtype=np.int32)
        in_parts(
            len(ref),
            lambda start, end: kernels.find_places(ids, lats, lons, ref[start:end], lat[start:end], lon[start:end]),
            size=_REFS_AT_ONCE,
        )
        return lat, lon


def _relations(group: _Things, block: _Block) -> Iterator[TextRelation]:
    texts = block.texts(group.tags.keys, group.tags.values, group.roles)
    pairs = [
        (texts[key], texts[value])
        for key, value in zip(group.tags.keys.tolist(), group.tags.values.tolist(), strict=True)
    ]
    tags = [pairs[number] for number in group.tags.pair.tolist()]
    members = [
        (_TYPES[kind], member, texts[role])
        for kind, member, role in zip(group.types.tolist(), group.members.tolist(), group.roles.tolist(), strict=True)
    ]
    tag_bounds, bounds = pairwise(group.tags.offset.tolist()), pairwise(group.member_offset.tolist())
    for osm_id, (first, last), (start, end) in zip(group.osm_id.tolist(), tag_bounds, bounds, strict=True):
        yield TextRelation(osm_id, dict(tags[first:last]), members[start:end])
