"""From curves between nodes to a `RoadNetwork`: ordered edges, compressed rows, twins and components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from gis.geodesy import distance_m
from routing.components import strong_components
from routing.network import (
    DEGREE,
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

NEVER_AGAINST: Final = ("motorway", "motorway_link", "ferry", "barrier")
"""Classes without contraflow edges: nobody drives a ghost run on a toll road, whatever an agency's exemptions."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CurveTable:
    """G curves, each driven forward, backward or both. Of arrays with two rows the first is forward.

    Attributes
    ----------
    tail, head
        (G,) node numbers at the curve's first and last point.
    offset
        (G + 1,) start of each curve's points.
    lat, lon
        (P,) in 1e-7 degrees.
    length_m
        (G,) metres.
    road_class
        (G,) index in `ROAD_CLASSES`.
    way_id
        (G,) OSM way id.
    name
        (G,) index in the network's names.
    exists
        (2, G) whether there is an edge in that direction.
    flags
        (2, G) bits of `EdgeFlag`.
    maxspeed_kph
        (2, G) legal limit or NaN.
    extra_ms
        (2, G) known duration, or -1.
    width_m, maxheight_m, maxwidth_m, maxweight_t, lanes, surface, smoothness, barrier, level_crossings
        (G,) as the columns of `RoadNetwork`.
    """

    tail: Int64Array
    head: Int64Array
    offset: Int64Array
    lat: Int32Array
    lon: Int32Array
    length_m: Float64Array
    road_class: UInt8Array
    way_id: Int64Array
    name: Int32Array
    exists: npt.NDArray[np.bool_]
    flags: UInt32Array
    maxspeed_kph: npt.NDArray[np.float32]
    extra_ms: Int32Array
    width_m: Float16Array
    maxheight_m: Float16Array
    maxwidth_m: Float16Array
    maxweight_t: Float16Array
    lanes: UInt8Array
    surface: UInt8Array
    smoothness: UInt8Array
    barrier: UInt8Array
    level_crossings: UInt8Array


def assemble(
    *, node_osm_id: Int64Array, node_lat: Float64Array, node_lon: Float64Array, curves: CurveTable, names: Sequence[str]
) -> RoadNetwork:
    """A network without turn restrictions.

    Against every one-way curve an edge is added that is `CONTRAFLOW`, with the facts of the legal direction; but for
    roundabouts and the classes of `NEVER_AGAINST`.

    Edges are sorted by tail, head, way id, curve, and forward before backward, so that equal input gives equal arrays.

    Parameters
    ----------
    node_osm_id, node_lat, node_lon
        (N,) nodes; positions in degrees.
    curves
        The curves between them.
    names
        Street names, the empty one first.
    """
    count = len(curves.tail)
    curve_flags, against = _with_contraflow(curves)
    side, curve = np.nonzero(curves.exists | against)
    facts_of = np.where(against[side, curve], 1 - side, side)
    tail = np.where(side == 0, curves.tail[curve], curves.head[curve])
    head = np.where(side == 0, curves.head[curve], curves.tail[curve])
    order = np.lexsort((side, curve, curves.way_id[curve], head, tail))
    side, curve, facts_of = side[order], curve[order], facts_of[order]
    tail, head = tail[order], head[order]

    edge_tail, edge_head, edge_curve = tail.astype(np.int32), head.astype(np.int32), curve.astype(np.int32)
    edge_flags = curve_flags[side, curve]
    edge_length_m = curves.length_m[curve].astype(np.float64)
    component, component_length_m = strong_components(
        node_count=len(node_osm_id),
        edge_tail=edge_tail,
        edge_head=edge_head,
        edge_flags=edge_flags,
        edge_curve=edge_curve,
        edge_length_m=edge_length_m,
    )
    edge_of = np.full((2, count), -1, dtype=np.int32)
    edge_of[side, curve] = np.arange(len(curve), dtype=np.int32)
    return RoadNetwork(
        node_lat=node_lat,
        node_lon=node_lon,
        node_osm_id=node_osm_id.astype(np.int64),
        edge_offset=np.searchsorted(edge_tail, np.arange(len(node_osm_id) + 1)).astype(np.int32),
        edge_tail=edge_tail,
        edge_head=edge_head,
        edge_length_m=edge_length_m,
        edge_class=curves.road_class[curve].astype(np.uint8),
        edge_maxspeed_kph=curves.maxspeed_kph[facts_of, curve].astype(np.float32),
        edge_flags=edge_flags,
        edge_extra_ms=curves.extra_ms[facts_of, curve].astype(np.int32),
        edge_width_m=curves.width_m[curve],
        edge_maxheight_m=curves.maxheight_m[curve],
        edge_maxwidth_m=curves.maxwidth_m[curve],
        edge_maxweight_t=curves.maxweight_t[curve],
        edge_lanes=curves.lanes[curve],
        edge_surface=curves.surface[curve],
        edge_smoothness=curves.smoothness[curve],
        edge_barrier=curves.barrier[curve],
        edge_level_crossings=curves.level_crossings[curve],
        edge_reverse=edge_of[1 - side, curve],
        edge_name=curves.name[curve].astype(np.int32),
        edge_way_id=curves.way_id[curve].astype(np.int64),
        edge_curve=edge_curve,
        edge_forward=(1 - side).astype(np.uint8),
        edge_component=component,
        component_length_m=component_length_m,
        curve_offset=curves.offset.astype(np.int32),
        curve_lat=curves.lat.astype(np.int32),
        curve_lon=curves.lon.astype(np.int32),
        restriction_offset=np.zeros(1, dtype=np.int32),
        restriction_edges=np.zeros(0, dtype=np.int32),
        names=tuple(names),
    )


def _with_contraflow(curves: CurveTable) -> tuple[UInt32Array, npt.NDArray[np.bool_]]:
    """(2, G) flags, and the sides on which an edge against the one-way road is to be added.

    Of the flags of such a side, as the tags tell them, `BUS` alone counts: a lane for buses against the traffic.
    """
    flags = curves.flags.astype(np.uint32)
    never = np.isin(curves.road_class, [ROAD_CLASSES.index(name) for name in NEVER_AGAINST])
    never |= ((flags[0] | flags[1]) & np.uint32(EdgeFlag.ROUNDABOUT)) != 0
    against = ~curves.exists & curves.exists[::-1] & ~never
    bus = np.uint32(EdgeFlag.BUS)
    legal = flags[::-1] & ~(np.uint32(EdgeFlag.ONEWAY) | bus)
    return np.where(against, legal | np.uint32(EdgeFlag.CONTRAFLOW) | (flags & bus), flags), against


def degrees(units: Int32Array) -> Float64Array:
    """Whole numbers of 1e-7 degrees as degrees."""
    return units.astype(np.float64) * DEGREE


def curve_lengths_m(offset: Int64Array, lat: Int32Array, lon: Int32Array) -> Float64Array:
    """Great-circle length in metres of each ragged curve of points in 1e-7 degrees; a curve has at least one point."""
    if len(offset) <= 1:
        return np.zeros(0)
    lat_deg, lon_deg = degrees(lat), degrees(lon)
    step = np.append(distance_m(lat_deg[:-1], lon_deg[:-1], lat_deg[1:], lon_deg[1:]), 0.0)
    step[offset[1:] - 1] = 0.0  # from the last point of a curve to the first of the next
    lengths: Float64Array = np.add.reduceat(step, offset[:-1])
    return lengths
