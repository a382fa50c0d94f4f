"""A road network written as an OpenStreetMap file, so that other engines drive the very same roads at the same speeds.

Every curve becomes a way of its own between nodes of the network. Its speeds stand in tags of our own, as exact numbers
of km/h for each direction (so that OSRM, which measures roads a little otherwise, takes our time for it), and rounded
in `maxspeed` for engines that read nothing else; what is closed has no speed. Turn restrictions become relations.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from osmium.osm.mutable import Node, Relation, Way
from tqdm import tqdm

from gis.geodesy import WGS84_A, WGS84_E2
from routing.metric import MS_PER_S, Metric
from routing.network import DEGREE, ROAD_CLASSES, EdgeFlag, Float64Array, RoadNetwork

FORWARD, BACKWARD = "siaga112:kph:forward", "siaga112:kph:backward"
POINT_S = "siaga112:s"
"""Seconds of an edge that has no length, such as a gate that is to be opened."""

POINT_M = 0.5
"""What is shorter has none: coordinates of six decimals lose it."""

NO_TIME_KPH = 100.0
"""Of an edge without length."""

RESTRICTION = {1: "no_u_turn", 0: "no_left_turn"}
"""Engines tell `no_` and `only_` apart by the name; which way the turn goes they see by themselves."""

_DRIVEN_AS = {"barrier": "service", "ferry": "service", "busway": "service", "track": "service", "road": "unclassified"}
"""Classes that some engines would refuse a car; the speeds are in the tags anyway."""


def write_osm(network: RoadNetwork, metric: Metric, path: Path, *, shapes: bool = True) -> Path:
    """Write the open edges of a network.

    Parameters
    ----------
    network, metric
        Where to drive and how long each edge takes.
    path
        An `.osm.pbf`, replaced where it exists.
    shapes
        Whether to write the points between the ends of a curve; without them a way is one straight line, at a speed
        that still takes its time.
    """
    forward, backward, tags = _ways(network, metric)
    offset, size = network.curve_offset.tolist(), network.node_count
    node_lat, node_lon = np.asarray(network.node_lat).tolist(), np.asarray(network.node_lon).tolist()
    lat, lon = (network.curve_lat * DEGREE).tolist(), (network.curve_lon * DEGREE).tolist()
    tail, head, along = network.edge_tail.tolist(), network.edge_head.tolist(), network.edge_forward.tolist()
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for node, place in enumerate(tqdm(zip(node_lon, node_lat, strict=True), "nodes", size, False, delay=2)):
            writer.add_node(Node(id=node + 1, version=1, location=place))
        inner = [range(offset[curve] + 1, offset[curve + 1] - 1) if shapes else range(0) for curve in range(len(tags))]
        for curve, points in enumerate(inner):
            for point in points if tags[curve] else ():
                writer.add_node(Node(id=size + point + 1, version=1, location=(lon[point], lat[point])))
        for curve, points in enumerate(tqdm(inner, "ways", leave=False, delay=2, disable=None)):
            if tags[curve]:
                edge = forward[curve] if forward[curve] >= 0 else backward[curve]
                ends = (tail[edge], head[edge]) if along[edge] else (head[edge], tail[edge])
                nodes = [ends[0] + 1, *(size + point + 1 for point in points), ends[1] + 1]
                writer.add_way(Way(id=curve + 1, version=1, nodes=nodes, tags=tags[curve]))
        for number, relation in enumerate(_restrictions(network, metric)):
            writer.add_relation(Relation(id=number + 1, version=1, **relation))
    return path


def _ways(network: RoadNetwork, metric: Metric) -> tuple[list[int], list[int], list[dict[str, str]]]:
    """For each curve the edge along it and the one against it (-1: none), and its tags; none where all is closed."""
    is_along = network.edge_forward == 1
    length_m = _measured_m(network)[network.edge_curve]
    kph = 3600.0 * length_m / np.maximum(metric.edge_ms, 1)
    is_point = (length_m < POINT_M) | (metric.edge_ms == 0)
    kph[is_point] = NO_TIME_KPH
    sides = []
    for mask in (is_along, ~is_along):
        edges = np.full(len(network.curve_offset) - 1, -1, dtype=np.int64)
        open_edges = np.flatnonzero(mask & (metric.edge_ms >= 0))
        edges[network.edge_curve[open_edges]] = open_edges
        sides.append(edges.tolist())
    speeds, classes, flags = kph.tolist(), network.edge_class.tolist(), network.edge_flags.tolist()
    tags: list[dict[str, str]] = []
    for along, against in zip(*sides, strict=True):
        edge = max(along, against)
        if edge < 0:
            tags.append({})
            continue
        name = ROAD_CLASSES[classes[edge]]
        found = {"highway": _DRIVEN_AS.get(name, name), "maxspeed": str(max(5, round(speeds[edge])))}
        for key, side in ((FORWARD, along), (BACKWARD, against)):
            if side >= 0:
                found[key] = repr(speeds[side])
        if is_point[edge]:
            found[POINT_S] = repr(int(metric.edge_ms[edge]) / MS_PER_S)
        if min(along, against) < 0:
            found["oneway"] = "yes" if against < 0 else "-1"
        if flags[edge] & int(EdgeFlag.ROUNDABOUT):
            found["junction"] = "roundabout"
        tags.append(found)
    return sides[0], sides[1], tags


def _measured_m(network: RoadNetwork) -> Float64Array:
    """(G,) metres of each curve as OSRM measures them: on the ellipsoid, between coordinates of six decimals."""
    lat, lon = np.round(network.curve_lat * DEGREE, 6), np.round(network.curve_lon * DEGREE, 6)
    sin2 = np.sin(np.radians((lat[1:] + lat[:-1]) / 2)) ** 2
    meridian = WGS84_A * (1 - WGS84_E2) / (1 - WGS84_E2 * sin2) ** 1.5
    parallel = WGS84_A * np.sqrt((1 - sin2) / (1 - WGS84_E2 * sin2))
    step = np.hypot(meridian * np.radians(np.diff(lat)), parallel * np.radians(np.diff(lon)))
    run = np.concatenate([[0.0], np.cumsum(step)])
    return np.asarray(run[network.curve_offset[1:] - 1] - run[network.curve_offset[:-1]])


def _restrictions(network: RoadNetwork, metric: Metric) -> Iterator[dict[str, Any]]:
    offsets = network.restriction_offset.tolist()
    for start, end in pairwise(offsets):
        edges = network.restriction_edges[start:end].tolist()
        if any(metric.edge_ms[edge] < 0 for edge in edges):
            continue
        ways = [int(network.edge_curve[edge]) + 1 for edge in edges]
        via = (
            [("n", int(network.edge_head[edges[0]]) + 1, "via")]
            if len(edges) == 2
            else [("w", way, "via") for way in ways[1:-1]]
        )
        turn = RESTRICTION[int(ways[0] == ways[-1] or network.edge_reverse[edges[0]] == edges[-1])]
        yield {
            "members": [("w", ways[0], "from"), *via, ("w", ways[-1], "to")],
            "tags": {"type": "restriction", "restriction": turn},
        }
