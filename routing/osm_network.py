"""From OpenStreetMap ways to the arrays of `RoadNetwork`.

Ways are cut where they meet, where they end, and at barriers that stop cars. All of it is arrays; the only loop is
over the barriers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from routing.assembly import CurveTable, assemble, curve_lengths_m, degrees
from routing.network import (
    ROAD_CLASSES,
    EdgeFlag,
    Float64Array,
    Int32Array,
    Int64Array,
    RoadNetwork,
    UInt8Array,
    UInt16Array,
)
from routing.osm_report import Tally
from routing.osm_restrictions import Restriction, forbidden_sequences

BoolArray = npt.NDArray[np.bool_]

MISSING: Final = np.int32(2_147_483_647)
"""Coordinate of a way's node that the file does not hold (what libosmium calls an undefined coordinate)."""

MAX_LAT: Final = 900_000_000
MAX_LON: Final = 1_800_000_000
"""Coordinates beyond these, `MISSING` included, are of no place on Earth."""

NO_WAY: Final = 0
"""Way id of the edges across barriers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RoadWays:
    """W drivable ways with R node references in all, sorted by way id.

    Attributes
    ----------
    way_id
        (W,) OSM ids, ascending.
    offset
        (W + 1,) start of each way's references.
    ref
        (R,) OSM node ids along the ways.
    lat, lon
        (R,) in 1e-7 degrees; `MISSING` where the file does not hold the node.
    road_class
        (W,) index in `ROAD_CLASSES`.
    forward, backward
        (W,) whether the direction exists.
    forward_flags, backward_flags
        (W,) bits of `EdgeFlag`.
    forward_kph, backward_kph
        (W,) legal limit or NaN.
    name
        (W,) index in the network's names.
    ferry_ms
        (W,) duration of the whole way, or -1.
    """

    way_id: Int64Array
    offset: Int64Array
    ref: Int64Array
    lat: Int32Array
    lon: Int32Array
    road_class: UInt8Array
    forward: BoolArray
    backward: BoolArray
    forward_flags: UInt16Array
    backward_flags: UInt16Array
    forward_kph: npt.NDArray[np.float32]
    backward_kph: npt.NDArray[np.float32]
    name: Int32Array
    ferry_ms: Int32Array


class _Points(NamedTuple):
    """Points of the ways that can be used, cut into unbroken pieces."""

    way: Int64Array  # row of RoadWays
    piece: Int64Array
    node: Int64Array  # row of `_Places`
    lat: Int32Array
    lon: Int32Array


class _Places(NamedTuple):
    """Distinct OSM nodes of the points, ascending by id."""

    osm_id: Int64Array
    lat: Int32Array
    lon: Int32Array


class _Curves(NamedTuple):
    """Stretches of way between two nodes, and the zero-length ones across barriers (`way` is -1)."""

    way: Int64Array
    barrier_flags: UInt16Array
    tail: Int64Array
    head: Int64Array
    offset: Int64Array
    lat: Int32Array
    lon: Int32Array


def build_network(
    ways: RoadWays,
    *,
    barriers: Mapping[int, EdgeFlag],
    restrictions: Sequence[Restriction],
    names: Sequence[str],
    tally: Tally,
) -> RoadNetwork:
    """Build the network of drivable ways.

    Parameters
    ----------
    ways
        The drivable ways.
    barriers
        OSM node id to flags (`BARRIER` and perhaps `EMERGENCY`, `PRIVATE`) of barriers that stop cars.
    restrictions
        Turn restrictions as read.
    names
        Street names, the empty one first.
    tally
        Told of everything that is dropped.
    """
    points, places = _usable_points(ways, tally)
    nodes, curves = _cut(points, places, np.fromiter(barriers, dtype=np.int64, count=len(barriers)))
    nodes, curves = _split_at_barriers(nodes, curves, barriers, tally)
    network = assemble(
        node_osm_id=nodes.osm_id,
        node_lat=degrees(nodes.lat),
        node_lon=degrees(nodes.lon),
        curves=_with_facts(curves, ways),
        names=names,
    )
    offset, edges = forbidden_sequences(
        restrictions, network=network, known_ways=frozenset(ways.way_id.tolist()), tally=tally
    )
    return replace(network, restriction_offset=offset, restriction_edges=edges)


def _with_facts(curves: _Curves, ways: RoadWays) -> CurveTable:
    """What the tags of its way say of each curve; a barrier's curve has its own flags and nothing else."""
    length = curve_lengths_m(curves.offset, curves.lat, curves.lon)
    at_barrier = curves.way < 0
    way = np.maximum(curves.way, 0)
    flags = np.stack([ways.forward_flags[way], ways.backward_flags[way]])
    flags[:, ~(ways.forward & ways.backward)[way]] |= np.uint16(EdgeFlag.ONEWAY)
    limits = np.stack([ways.forward_kph[way], ways.backward_kph[way]])
    return CurveTable(
        tail=curves.tail,
        head=curves.head,
        offset=curves.offset,
        lat=curves.lat,
        lon=curves.lon,
        length_m=length,
        road_class=np.where(at_barrier, ROAD_CLASSES.index("barrier"), ways.road_class[way]).astype(np.uint8),
        way_id=np.where(at_barrier, NO_WAY, ways.way_id[way]),
        name=np.where(at_barrier, 0, ways.name[way]).astype(np.int32),
        exists=np.stack([ways.forward[way], ways.backward[way]]) | at_barrier,
        flags=np.where(at_barrier, curves.barrier_flags, flags).astype(np.uint16),
        maxspeed_kph=np.where(at_barrier, np.float32(np.nan), limits),
        extra_ms=np.tile(_ferry_shares(ways, curves.way, length), (2, 1)),
    )


def _usable_points(ways: RoadWays, tally: Tally) -> tuple[_Points, _Places]:
    """Drop unknown nodes and immediate repeats; what remains of a way may be several pieces."""
    way = np.repeat(np.arange(len(ways.way_id)), np.diff(ways.offset))
    known = (np.abs(ways.lat) <= MAX_LAT) & (np.abs(ways.lon) <= MAX_LON)
    for row in np.unique(way[~known]):
        tally.add("geometry", "way with nodes that the file does not hold", int(ways.way_id[row]))
    kept = np.flatnonzero(known)
    broken = _starts(way[kept]) | (np.diff(kept, prepend=-2) != 1)
    repeat = ~broken & (np.diff(ways.ref[kept], prepend=np.int64(0)) == 0)
    for row in np.unique(way[kept[repeat]]):
        tally.add("geometry", "way that names the same node twice in a row", int(ways.way_id[row]))
    kept, broken = kept[~repeat], broken[~repeat]
    piece = np.cumsum(broken) - 1
    short = np.bincount(piece, minlength=0)[piece] < 2 if len(piece) else np.zeros(0, dtype=bool)
    kept, piece = kept[~short], piece[~short]
    gone = np.setdiff1d(np.arange(len(ways.way_id)), way[kept])
    for row in gone:
        tally.add("roads skipped", "fewer than two known nodes", int(ways.way_id[row]))
    ids, first, node = np.unique(ways.ref[kept], return_index=True, return_inverse=True)
    lat, lon = ways.lat[kept], ways.lon[kept]
    points = _Points(way[kept], piece, node, lat, lon)
    return points, _Places(ids, lat[first], lon[first])


def _starts(group: Int64Array) -> BoolArray:
    """True at the first row of each run of equal values."""
    starts = np.ones(len(group), dtype=bool)
    starts[1:] = group[1:] != group[:-1]
    return starts


def _cut(points: _Points, places: _Places, barrier_ids: Int64Array) -> tuple[_Places, _Curves]:
    """Nodes are where points coincide, where pieces end, and at barriers; curves run between them."""
    starts = _starts(points.piece)
    ends = np.roll(starts, -1)
    is_node = np.bincount(points.node, minlength=len(places.osm_id)) > 1
    is_node[points.node[starts | ends]] = True
    is_node |= np.isin(places.osm_id, barrier_ids)
    number = np.cumsum(is_node) - 1
    nodes = _Places(places.osm_id[is_node], places.lat[is_node], places.lon[is_node])

    at_node = np.flatnonzero(is_node[points.node])
    joined = points.piece[at_node[:-1]] == points.piece[at_node[1:]]
    first, last = at_node[:-1][joined], at_node[1:][joined]
    size = last - first + 1
    offset = np.concatenate([[0], np.cumsum(size)])
    rows = np.repeat(first - offset[:-1], size) + np.arange(offset[-1])
    return nodes, _Curves(
        way=points.way[first],
        barrier_flags=np.zeros(len(first), dtype=np.uint16),
        tail=number[points.node[first]],
        head=number[points.node[last]],
        offset=offset,
        lat=points.lat[rows],
        lon=points.lon[rows],
    )


def _split_at_barriers(
    nodes: _Places, curves: _Curves, barriers: Mapping[int, EdgeFlag], tally: Tally
) -> tuple[_Places, _Curves]:
    """Part each barrier node in two, joined by a zero-length curve.

    Where more than two roads meet, nothing tells which arm the barrier stands on; blocking all of them would cut a
    main road for a gate drawn on its edge, so cars pass there, and it is counted. At a road's end nothing is cut.
    """
    tail, head = curves.tail.copy(), curves.head.copy()
    ends = np.concatenate([tail, head])
    made: list[int] = []
    new_id = min(0, int(nodes.osm_id.min(initial=0)))
    rows = np.searchsorted(nodes.osm_id, np.fromiter(sorted(barriers), dtype=np.int64, count=len(barriers)))
    for osm_id, row in zip(sorted(barriers), rows, strict=True):
        if row == len(nodes.osm_id) or nodes.osm_id[row] != osm_id:
            continue
        arms = np.flatnonzero(ends == row)
        if len(arms) != 2:
            tally.add("barriers", "at a road's end" if len(arms) < 2 else "where roads meet: cars pass", osm_id)
            continue
        opens = barriers[osm_id] & EdgeFlag.EMERGENCY
        tally.add("barriers", "stops cars, emergency vehicles pass" if opens else "stops cars", osm_id)
        side = tail if arms[1] < len(tail) else head
        side[arms[1] % len(tail)] = len(nodes.osm_id) + len(made)
        made.append(row)
    count = len(made)
    twin = np.array(made, dtype=np.int64)
    new_ids = new_id - 1 - np.arange(count, dtype=np.int64)
    flags = np.array([barriers[int(nodes.osm_id[row])] for row in made], dtype=np.uint16)
    split = _Places(
        np.concatenate([nodes.osm_id, new_ids]),
        np.concatenate([nodes.lat, nodes.lat[twin]]),
        np.concatenate([nodes.lon, nodes.lon[twin]]),
    )
    return split, _Curves(
        way=np.concatenate([curves.way, np.full(count, -1)]),
        barrier_flags=np.concatenate([curves.barrier_flags, flags]),
        tail=np.concatenate([tail, twin]),
        head=np.concatenate([head, len(nodes.osm_id) + np.arange(count)]),
        offset=np.concatenate([curves.offset, curves.offset[-1] + 2 * np.arange(1, count + 1)]),
        lat=np.concatenate([curves.lat, np.repeat(nodes.lat[twin], 2)]),
        lon=np.concatenate([curves.lon, np.repeat(nodes.lon[twin], 2)]),
    )


def _ferry_shares(ways: RoadWays, way: Int64Array, length: Float64Array) -> Int32Array:
    """Milliseconds of each curve of a ferry with a duration, by its share of the way's length; -1 elsewhere."""
    total = np.bincount(way[way >= 0], weights=length[way >= 0], minlength=len(ways.way_id))
    timed = (way >= 0) & (ways.ferry_ms[way] >= 0) & (total[way] > 0)
    shares = np.full(len(way), -1, dtype=np.int32)
    shares[timed] = np.rint(ways.ferry_ms[way[timed]] * length[timed] / total[way[timed]]).astype(np.int32)
    return shares
