"""The slow, obvious twin of the isochrones: every reached stretch as a line of its own."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx
import numpy as np
import shapely

from gis.geodesy import LocalPlane, distance_m
from routing.network import ROAD_CLASSES, EdgeFlag, RoadNetwork
from routing.types import Snap
from tests.slow_routing import SlowRouter

START = "start"
Share = tuple[float, float]


def reached_parts(slow: SlowRouter, origins: Iterable[tuple[Snap, float]], limit_ms: float) -> dict[int, list[Share]]:
    """Per edge the parts (from, to) of its length that some origin (snap, milliseconds to the road) drives in time."""
    parts: dict[int, list[Share]] = {}

    def drive(edge: int, share: float, at_ms: float) -> None:
        if at_ms <= limit_ms:
            driven = (limit_ms - at_ms) / max(slow.edge_ms[edge], 1)
            parts.setdefault(edge, []).append((share, min(1.0, share + driven)))

    for snap, reach_ms in origins:
        at = slow.node(snap)
        if at is not None:
            slow.graph.add_edge(START, (at, ()), weight=reach_ms)
            continue
        for edge, fraction in slow.sides(snap):
            drive(edge, fraction, reach_ms)
            after = slow.drive((int(slow.network.edge_tail[edge]), ()), edge)
            left_ms = reach_ms + slow.edge_ms[edge] - slow.before_ms(edge, fraction)
            known = slow.graph.get_edge_data(START, after)
            slow.graph.add_edge(START, after, weight=left_ms if known is None else min(left_ms, known["weight"]))
    if START in slow.graph:
        times = nx.single_source_dijkstra_path_length(slow.graph, START, cutoff=limit_ms)
        slow.graph.remove_node(START)
        for state, at_ms in times.items():
            for edge in slow.permitted(state) if state != START else ():
                drive(edge, 0.0, at_ms + slow.turning_ms(state[1], edge))
    return {edge: found for edge, found in parts.items() if gets_off(slow.network, edge)}


def gets_off(network: RoadNetwork, edge: int) -> bool:
    """Whether somebody may get off along an edge: on no ferry, at no bollard."""
    flags = int(network.edge_flags[edge])
    barrier = network.edge_class[edge] == ROAD_CLASSES.index("barrier")
    return not (barrier or flags & int(EdgeFlag.FERRY | EdgeFlag.BARRIER)) and network.edge_length_m[edge] > 0


def road_length_m(network: RoadNetwork, parts: dict[int, list[Share]]) -> float:
    """Metres of road in the parts, each once whatever the direction."""
    by_curve: dict[int, list[shapely.LineString]] = {}
    length_m: dict[int, float] = {}
    for edge, shares in parts.items():
        forward = bool(network.edge_forward[edge])
        curve = int(network.edge_curve[edge])
        length_m[curve] = float(network.edge_length_m[edge])
        for low, high in shares:
            ends = (low, high) if forward else (1.0 - high, 1.0 - low)
            by_curve.setdefault(curve, []).append(shapely.LineString([(ends[0], 0.0), (ends[1], 0.0)]))
    return sum(length_m[curve] * shapely.union_all(lines).length for curve, lines in by_curve.items())


def stretches(network: RoadNetwork, parts: dict[int, list[Share]]) -> list[shapely.LineString]:
    """The parts as lines of longitudes and latitudes."""
    lines = []
    for edge, shares in parts.items():
        lat, lon = network.edge_points(edge)
        run = np.concatenate([[0.0], np.cumsum(distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:]))])
        for low, high in shares:
            ends = np.array([low, high]) * run[-1]
            between = (run > ends[0]) & (run < ends[1])
            at = np.concatenate([ends[:1], run[between], ends[1:]])
            points = np.column_stack([np.interp(at, run, lon), np.interp(at, run, lat)])
            lines.append(shapely.LineString(points))
    return lines


def in_metres(shape: shapely.Geometry, plane: LocalPlane) -> shapely.Geometry:
    """Longitudes and latitudes on a flat plane."""
    return shapely.transform(shape, lambda lonlat: np.column_stack(plane.to_xy(lonlat[:, 1], lonlat[:, 0])))
