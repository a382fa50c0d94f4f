"""From OpenStreetMap ways to the arrays of `RoadNetwork`.

Ways are cut where they meet, where they end, and at barriers that stop cars. All of it is arrays; the only loop is
over the barriers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from routing.assembly import CurveTable, assemble, curve_lengths_m, degrees
from routing.network import (
    ROAD_CLASSES,
    EdgeFlag,
    Float16Array,
    Float64Array,
    Int32Array,
    Int64Array,
    RoadNetwork,
    UInt8Array,
    UInt32Array,
)
from routing.osm_facts import BarrierFacts
from routing.osm_report import Tally
from routing.osm_restrictions import Restriction, forbidden_sequences
from routing.ragged import group

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
    width_m, maxheight_m, maxwidth_m, maxweight_t, lanes, surface, smoothness
        (W,) as the columns of `RoadNetwork`.
    """

    way_id: Int64Array
    offset: Int64Array
    ref: Int64Array
    lat: Int32Array
    lon: Int32Array
    road_class: UInt8Array
    forward: BoolArray
    backward: BoolArray
    forward_flags: UInt32Array
    backward_flags: UInt32Array
    forward_kph: npt.NDArray[np.float32]
    backward_kph: npt.NDArray[np.float32]
    name: Int32Array
    ferry_ms: Int32Array
    width_m: Float16Array
    maxheight_m: Float16Array
    maxwidth_m: Float16Array
    maxweight_t: Float16Array
    lanes: UInt8Array
    surface: UInt8Array
    smoothness: UInt8Array


@dataclass(frozen=True, kw_only=True, eq=False)
class NodeFacts:
    """What stands on the roads, by OSM node id.

    Attributes
    ----------
    barriers
        Barriers that stop or delay somebody.
    level_crossings, fords
        Ids, ascending.
    """

    barriers: Mapping[int, BarrierFacts]
    level_crossings: Int64Array
    fords: Int64Array

    @classmethod
    def of_barriers(cls, barriers: Mapping[int, BarrierFacts]) -> NodeFacts:
        """Barriers and nothing else."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(barriers=barriers, level_crossings=nothing, fords=nothing)


CROSSING_APART_M: Final = 30.0
"""Crossings nearer to each other along a road are one: the rails of one line are crossed one after the other."""


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
    level_crossings: UInt8Array
    ford: BoolArray
    tail: Int64Array
    head: Int64Array
    offset: Int64Array
    lat: Int32Array
    lon: Int32Array


def build_network(
    ways: RoadWays,
    *,
    node_facts: NodeFacts,
    restrictions: Sequence[Restriction],
    names: Sequence[str],
    tally: Tally,
) -> RoadNetwork:
    """Build the network of drivable ways.

    Parameters
    ----------
    ways
        The drivable ways.
    node_facts
        Barriers, level crossings and fords at nodes.
    restrictions
        Turn restrictions as read.
    names
        Street names, the empty one first.
    tally
        Told of everything that is dropped.
    """
    points, places = _usable_points(ways, tally)
    nodes, curves = _cut(points, places, node_facts)
    nodes, curves, barriers = _split_at_barriers(nodes, curves, node_facts.barriers, tally)
    network = assemble(
        node_osm_id=nodes.osm_id,
        node_lat=degrees(nodes.lat),
        node_lon=degrees(nodes.lon),
        curves=_with_facts(curves, ways, barriers),
        names=names,
    )
    offset, edges = forbidden_sequences(
        restrictions, network=network, known_ways=frozenset(ways.way_id.tolist()), tally=tally
    )
    return replace(network, restriction_offset=offset, restriction_edges=edges)


def _with_facts(curves: _Curves, ways: RoadWays, barriers: Sequence[BarrierFacts]) -> CurveTable:
    """What the tags of its way say of each curve; a barrier's curve has its own flags and nothing else."""
    length = curve_lengths_m(curves.offset, curves.lat, curves.lon)
    at_barrier = curves.way < 0
    way = np.maximum(curves.way, 0)
    flags = np.stack([ways.forward_flags[way], ways.backward_flags[way]])
    flags[:, ~(ways.forward & ways.backward)[way]] |= np.uint32(EdgeFlag.ONEWAY)
    flags[:, curves.ford] |= np.uint32(EdgeFlag.FORD_AT_NODE)
    limits = np.stack([ways.forward_kph[way], ways.backward_kph[way]])

    def fact(of_ways: npt.NDArray[Any], of_barriers: str | None = None) -> npt.NDArray[Any]:
        """A column of the ways, with that of the barriers (or with nothing) at the curves across them."""
        known = of_ways[way]
        unknown = np.nan if of_ways.dtype.kind == "f" else 0
        known[at_barrier] = [unknown if of_barriers is None else getattr(one, of_barriers) for one in barriers]
        return known

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
        flags=np.where(at_barrier, fact(ways.forward_flags, "flags"), flags),
        maxspeed_kph=np.where(at_barrier, np.float32(np.nan), limits),
        extra_ms=np.tile(_ferry_shares(ways, curves.way, length), (2, 1)),
        width_m=fact(ways.width_m),
        maxheight_m=fact(ways.maxheight_m, "maxheight_m"),
        maxwidth_m=fact(ways.maxwidth_m, "maxwidth_m"),
        maxweight_t=fact(ways.maxweight_t, "maxweight_t"),
        lanes=fact(ways.lanes),
        surface=fact(ways.surface),
        smoothness=fact(ways.smoothness),
        barrier=fact(np.zeros_like(ways.lanes), "kind"),
        level_crossings=curves.level_crossings,
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


def _cut(points: _Points, places: _Places, node_facts: NodeFacts) -> tuple[_Places, _Curves]:
    """Nodes are where points coincide, where pieces end, and at barriers; curves run between them."""
    starts = _starts(points.piece)
    ends = np.roll(starts, -1)
    is_node = np.bincount(points.node, minlength=len(places.osm_id)) > 1
    is_node[points.node[starts | ends]] = True
    barriers = node_facts.barriers
    is_node |= np.isin(places.osm_id, np.fromiter(barriers, dtype=np.int64, count=len(barriers)))
    number = np.cumsum(is_node) - 1
    nodes = _Places(places.osm_id[is_node], places.lat[is_node], places.lon[is_node])

    at_node = np.flatnonzero(is_node[points.node])
    joined = points.piece[at_node[:-1]] == points.piece[at_node[1:]]
    first, last = at_node[:-1][joined], at_node[1:][joined]
    size = last - first + 1
    offset = np.concatenate([[0], np.cumsum(size)])
    rows = np.repeat(first - offset[:-1], size) + np.arange(offset[-1])
    node, lat, lon = points.node[rows], points.lat[rows], points.lon[rows]
    crossings, fords = (
        _on_curves(np.isin(places.osm_id, ids), node, offset) for ids in (node_facts.level_crossings, node_facts.fords)
    )
    ford = np.zeros(len(first), dtype=np.bool_)
    ford[[curve for curve, _ in fords]] = True
    return nodes, _Curves(
        way=points.way[first],
        level_crossings=_count_crossings(crossings, offset, lat, lon),
        ford=ford,
        tail=number[points.node[first]],
        head=number[points.node[last]],
        offset=offset,
        lat=lat,
        lon=lon,
    )


def _on_curves(wanted: BoolArray, node: Int64Array, offset: Int64Array) -> list[tuple[int, int]]:
    """Curve and point of each wanted node that lies on a curve; at a junction it counts to the first curve there."""
    if not wanted.any():
        return []
    at = np.flatnonzero(wanted[node])
    curve = np.searchsorted(offset, at, side="right") - 1
    ends = (at == offset[curve]) | (at == offset[curve + 1] - 1)
    seen: set[int] = set()
    found: list[tuple[int, int]] = []
    for point, number, is_end, place in zip(at.tolist(), curve.tolist(), ends.tolist(), node[at].tolist(), strict=True):
        if not is_end or place not in seen:
            found.append((number, point))
        if is_end:
            seen.add(place)
    return found


def _count_crossings(found: list[tuple[int, int]], offset: Int64Array, lat: Int32Array, lon: Int32Array) -> UInt8Array:
    """(G,) crossings of each curve, those near to one another counted as one."""
    counts = np.zeros(len(offset) - 1, dtype=np.uint8)
    last = (-1, -1)
    for curve, point in found:
        between = slice(last[1], point + 1)
        near = curve == last[0] and (
            curve_lengths_m(np.array([0, point + 1 - last[1]]), lat[between], lon[between])[0] < CROSSING_APART_M
        )
        counts[curve] += not near and counts[curve] < np.iinfo(np.uint8).max
        last = (curve, point)
    return counts


def _split_at_barriers(
    nodes: _Places, curves: _Curves, barriers: Mapping[int, BarrierFacts], tally: Tally
) -> tuple[_Places, _Curves, list[BarrierFacts]]:
    """Part each barrier node in two, joined by a zero-length curve; the barriers in the order of those curves.

    Where more than two roads meet, nothing tells which arm the barrier stands on; blocking all of them would cut a
    main road for a gate drawn on its edge, so cars pass there, and it is counted. At a road's end nothing is cut.
    """
    tail, head = curves.tail.copy(), curves.head.copy()
    ends = np.concatenate([tail, head])
    made: list[int] = []
    new_id = min(0, int(nodes.osm_id.min(initial=0)))
    ids = np.intersect1d(nodes.osm_id, np.fromiter(barriers, dtype=np.int64, count=len(barriers)))
    rows = np.searchsorted(nodes.osm_id, ids)
    barrier_at = np.full(len(nodes.osm_id), -1, dtype=np.int64)
    barrier_at[rows] = np.arange(len(rows))
    at = np.flatnonzero(barrier_at[ends] >= 0)
    offset, order = group(barrier_at[ends[at]], len(rows))
    for nth, (osm_id, row) in enumerate(zip(ids.tolist(), rows.tolist(), strict=True)):
        arms = at[order[offset[nth] : offset[nth + 1]]]
        stops, opens = (bool(barriers[osm_id].flags & flag) for flag in (EdgeFlag.BARRIER, EdgeFlag.EMERGENCY))
        if len(arms) != 2:
            tally.add("barriers", "at a road's end" if len(arms) < 2 else "where roads meet: cars pass", osm_id)
            continue
        effect = "stops cars, emergency vehicles pass" if opens else "stops cars"
        tally.add("barriers", effect if stops else "cars pass", osm_id)
        side = tail if arms[1] < len(tail) else head
        side[arms[1] % len(tail)] = len(nodes.osm_id) + len(made)
        made.append(row)
    count = len(made)
    twin = np.array(made, dtype=np.int64)
    new_ids = new_id - 1 - np.arange(count, dtype=np.int64)
    split = _Places(
        np.concatenate([nodes.osm_id, new_ids]),
        np.concatenate([nodes.lat, nodes.lat[twin]]),
        np.concatenate([nodes.lon, nodes.lon[twin]]),
    )
    return (
        split,
        _Curves(
            way=np.concatenate([curves.way, np.full(count, -1)]),
            level_crossings=np.concatenate([curves.level_crossings, np.zeros(count, dtype=np.uint8)]),
            ford=np.concatenate([curves.ford, np.zeros(count, dtype=np.bool_)]),
            tail=np.concatenate([tail, twin]),
            head=np.concatenate([head, len(nodes.osm_id) + np.arange(count)]),
            offset=np.concatenate([curves.offset, curves.offset[-1] + 2 * np.arange(1, count + 1)]),
            lat=np.concatenate([curves.lat, np.repeat(nodes.lat[twin], 2)]),
            lon=np.concatenate([curves.lon, np.repeat(nodes.lon[twin], 2)]),
        ),
        [barriers[int(nodes.osm_id[row])] for row in made],
    )


def _ferry_shares(ways: RoadWays, way: Int64Array, length: Float64Array) -> Int32Array:
    """Milliseconds of each curve of a ferry with a duration, by its share of the way's length; -1 elsewhere."""
    total = np.bincount(way[way >= 0], weights=length[way >= 0], minlength=len(ways.way_id))
    timed = (way >= 0) & (ways.ferry_ms[way] >= 0) & (total[way] > 0)
    shares = np.full(len(way), -1, dtype=np.int32)
    shares[timed] = np.rint(ways.ferry_ms[way[timed]] * length[timed] / total[way[timed]]).astype(np.int32)
    return shares
