"""Handing objects of an OpenStreetMap file over from libosmium many at a time.

Asking pyosmium for each tag and each node of a way one by one takes most of the time of an import. So libosmium itself
filters the file, joins the ways with the places of their nodes, and writes what is of use as its text format OPL, one
object a line (https://osmcode.org/opl-file-format/); here the lines are read in batches, the nodes of a batch's ways
by numpy.
"""

from __future__ import annotations

import ctypes
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import osmium
from osmium.osm.types import Node, Relation, Way

from routing.network import DEGREE, Int32Array, Int64Array

UNKNOWN: Final = 2_147_483_647
"""Coordinate of a node that the file does not hold, in 1e-7 degrees: what libosmium calls an undefined one."""

_LINES_NAME: Final = "lines.opl"
BATCH_BYTES: Final = 8_000_000
_FORMAT: Final = "opl,add_metadata=false,locations_on_ways=true"
_ESCAPED: Final = re.compile("%([0-9a-f]+)%")
_NO_PLACE: Final = f"x{UNKNOWN * DEGREE:.7f}y{UNKNOWN * DEGREE:.7f}"
_BETWEEN: Final = str.maketrans({"n": " ", "x": " ", "y": " ", ",": " "})


class WayNodes(NamedTuple):
    """Nodes along a way: ids, and places in 1e-7 degrees (`UNKNOWN` where the file does not hold the node).

    `whole` tells that the file surely holds all of them.
    """

    ref: Int64Array
    lat: Int32Array
    lon: Int32Array
    whole: bool = False


class TextNode(NamedTuple):
    """A node with tags; its place is None where it has none."""

    osm_id: int
    tags: Mapping[str, str]
    lat: float | None
    lon: float | None


class TextWay(NamedTuple):
    """A way with the places of its nodes."""

    osm_id: int
    tags: Mapping[str, str]
    nodes: WayNodes


class TextRelation(NamedTuple):
    """A relation; members are (`n`, `w` or `r`, id, role)."""

    osm_id: int
    tags: Mapping[str, str]
    members: list[tuple[str, int, str]]


TextThing = TextNode | TextWay | TextRelation


def read_things(
    file: osmium.io.File, scratch: Path, *, node_keys: Sequence[str], way_keys: Sequence[str]
) -> Iterator[TextThing]:
    """Nodes and ways that have one of the keys, and relations that have a type; each kind in the file's order.

    Parameters
    ----------
    file
        Sorted by type and id.
    scratch
        A folder for lines of text.
    node_keys, way_keys
        Keys of use.

    Raises
    ------
    RuntimeError
        libosmium cannot read the file or write the lines.
    """
    lines = scratch / _LINES_NAME
    try:
        write_text(file, lines, node_keys=node_keys, way_keys=way_keys)
    except osmium.InvalidLocationError:  # a node outside the world, which the text format does not take
        yield from read_slowly(file, node_keys=node_keys, way_keys=way_keys)
    else:
        yield from read_text(lines)


def write_text(file: osmium.io.File, target: Path, *, node_keys: Sequence[str], way_keys: Sequence[str]) -> None:
    """Write what `read_things` gives as lines to a new file.

    Raises
    ------
    InvalidLocationError
        A node lies outside the world.
    RuntimeError
        libosmium cannot read the file or write the lines.
    """
    located = osmium.NodeLocationsForWays(osmium.index.create_map("flex_mem"))
    located.ignore_errors()
    writer = osmium.SimpleWriter(osmium.io.File(str(target), _FORMAT))
    try:
        with osmium.io.Reader(file) as reader:
            osmium.apply(reader, located, *_filters(node_keys, way_keys), writer)
        writer.close()
    except BaseException:
        # A writer that has failed ends the whole process when it is destroyed, so it never is.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(writer))
        raise


def read_slowly(file: osmium.io.File, *, node_keys: Sequence[str], way_keys: Sequence[str]) -> Iterator[TextThing]:
    """What `read_things` gives, asked for one by one."""
    objects = osmium.FileProcessor(file).with_locations()
    for wanted in _filters(node_keys, way_keys):
        objects.with_filter(wanted)
    for thing in objects:
        tags = dict(thing.tags)
        if isinstance(thing, Node):
            known = thing.location.x != UNKNOWN
            yield TextNode(thing.id, tags, *_place(thing.lat if known else None, thing.lon if known else None))
        elif isinstance(thing, Way):
            along = np.array([(node.ref, node.y, node.x) for node in thing.nodes], dtype=np.int64).reshape(-1, 3)
            ref, lat, lon = along.T
            yield TextWay(thing.id, tags, WayNodes(ref, lat.astype(np.int32), lon.astype(np.int32)))
        elif isinstance(thing, Relation):
            yield TextRelation(thing.id, tags, [(member.type, member.ref, member.role) for member in thing.members])


def _filters(node_keys: Sequence[str], way_keys: Sequence[str]) -> list[osmium.filter.KeyFilter]:
    filters = []
    for kind, keys in ((osmium.osm.NODE, node_keys), (osmium.osm.WAY, way_keys), (osmium.osm.RELATION, ("type",))):
        wanted = osmium.filter.KeyFilter(*keys)
        wanted.enable_for(kind)
        filters.append(wanted)
    return filters


def read_text(path: Path) -> Iterator[TextThing]:
    """The objects of a file that `write_text` wrote: those of each kind in its order."""
    with path.open(encoding="utf-8", newline="\n") as file:
        while lines := file.readlines(BATCH_BYTES):
            yield from _things(lines)


def _things(lines: list[str]) -> Iterator[TextThing]:
    ways = [line.rstrip("\n").rpartition(" N") for line in lines if line[0] == "w"]
    nodes = _nodes_of([nodes for _, _, nodes in ways])
    for (head, _, _), along in zip(ways, nodes, strict=True):
        name, _, tags = head.partition(" T")
        yield TextWay(int(name[1:]), read_tags(tags), along)
    for line in lines:
        if line[0] == "w":
            continue
        name, tags, *rest = line.rstrip("\n").split(" ")
        if line[0] == "n":
            lon, lat = (float(field[1:]) if len(field) > 1 else None for field in rest)
            yield TextNode(int(name[1:]), read_tags(tags[1:]), *_place(lat, lon))
        else:
            yield TextRelation(int(name[1:]), read_tags(tags[1:]), _members(rest[0][1:]))


def _place(lat: float | None, lon: float | None) -> tuple[float, float] | tuple[None, None]:
    """A place on Earth, or none."""
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180:
        return None, None
    return lat, lon


def _nodes_of(texts: list[str]) -> list[WayNodes]:
    """Nodes of ways, each written as `n1x108.5y-6.7,n2xy`, by one pass over all of them."""
    joined = " ".join(texts)
    whole = "xy" not in joined
    if not whole:
        joined = joined.replace("xy", _NO_PLACE)
    numbers = np.fromstring(joined.translate(_BETWEEN), sep=" ").reshape(-1, 3)
    ref = numbers[:, 0].astype(np.int64)
    lon, lat = np.rint(numbers[:, 1:].T / DEGREE).astype(np.int32)
    bounds = [0, *itertools.accumulate(text.count("n") for text in texts)]
    return [
        WayNodes(ref[start:end], lat[start:end], lon[start:end], whole) for start, end in itertools.pairwise(bounds)
    ]


def read_tags(text: str) -> dict[str, str]:
    """Tags written as `key=value,key=value`, with unsafe characters as `%hex%`."""
    if not text:
        return {}
    pairs = [pair.split("=", 1) for pair in text.split(",")]
    if "%" in text:
        return {_plain(key): _plain(value) for key, value in pairs}
    return dict(pairs)


def _members(text: str) -> list[tuple[str, int, str]]:
    members = []
    for member in text.split(",") if text else ():
        name, _, role = member.partition("@")
        members.append((name[0], int(name[1:]), _plain(role)))
    return members


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "%" in text else text
