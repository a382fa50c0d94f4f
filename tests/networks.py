"""Small road networks for tests, from lists of roads or from the CSV files of JEMSS."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gis.geodesy import distance_m
from gis.types import Location
from routing.components import strong_components
from routing.network import BARRIERS, DEGREE, ROAD_CLASSES, SMOOTHNESSES, SURFACES, EdgeFlag, RoadNetwork

MS_PER_HOUR = 3_600_000
NO_FLAGS = EdgeFlag(0)
DEGREES_PER_UNIT = 0.01
"""JEMSS draws its networks in whole units; one of them becomes about a kilometre here."""


@dataclass(frozen=True, kw_only=True)
class Road:
    """A road between two nodes, both ways unless `oneway`; `ms` None leaves the time to length and speed.

    `contraflow` adds the edge against a one-way road.
    """

    tail: int
    head: int
    ms: int | None = None
    oneway: bool = False
    name: str = ""
    road_class: str = "residential"
    flags: EdgeFlag = NO_FLAGS
    maxspeed_kph: float = float("nan")
    via: tuple[tuple[float, float], ...] = ()
    contraflow: bool = False
    width_m: float = float("nan")
    maxheight_m: float = float("nan")
    maxwidth_m: float = float("nan")
    maxweight_t: float = float("nan")
    lanes: int = 0
    surface: str = ""
    smoothness: str = ""
    barrier: str = ""
    level_crossings: int = 0

    def flags_of(self, way: bool) -> int:
        """Of the edge from tail to head (`way`), or of the one back."""
        against = self.oneway and not way
        return int(self.flags | (EdgeFlag.CONTRAFLOW if against else EdgeFlag.ONEWAY if self.oneway else NO_FLAGS))


Drive = tuple[int, bool]
"""A road by number, and whether it is driven from its tail to its head."""


@dataclass(frozen=True)
class BuiltNetwork:
    """A network, and the edge of every direction of every road."""

    network: RoadNetwork
    edge_of: Mapping[Drive, int]


def network_from_edges(
    points: Sequence[tuple[float, float]], roads: Sequence[Road], restrictions: Sequence[Sequence[Drive]] = ()
) -> BuiltNetwork:
    """Build a network; `points` are (lat, lon) of the nodes, `restrictions` forbidden sequences of drives."""
    node_lat = np.round(np.array([lat for lat, _ in points]) / DEGREE) * DEGREE
    node_lon = np.round(np.array([lon for _, lon in points]) / DEGREE) * DEGREE
    drives = [
        (number, way)
        for number, road in enumerate(roads)
        for way in ((True,) if road.oneway and not road.contraflow else (True, False))
    ]
    tails = [roads[number].tail if way else roads[number].head for number, way in drives]
    order = sorted(range(len(drives)), key=lambda at: (tails[at], at))
    drives = [drives[at] for at in order]
    edge_of = {drive: edge for edge, drive in enumerate(drives)}
    of_road = [roads[number] for number, _ in drives]
    tail = np.array([tails[at] for at in order], dtype=np.int32)
    head = np.array(
        [road.head if way else road.tail for road, (_, way) in zip(of_road, drives, strict=True)], dtype=np.int32
    )

    shapes = [[points[road.tail], *road.via, points[road.head]] for road in roads]
    curve_lat = np.round(np.array([lat for shape in shapes for lat, _ in shape]) / DEGREE).astype(np.int32)
    curve_lon = np.round(np.array([lon for shape in shapes for _, lon in shape]) / DEGREE).astype(np.int32)
    curve_offset = np.cumsum([0, *(len(shape) for shape in shapes)]).astype(np.int32)
    curve_length = [
        float(
            distance_m(
                *(
                    part * DEGREE
                    for part in (curve_lat[i:j], curve_lon[i:j], curve_lat[i + 1 : j + 1], curve_lon[i + 1 : j + 1])
                )
            ).sum()
        )
        for i, j in zip(curve_offset[:-1].tolist(), (curve_offset[1:] - 1).tolist(), strict=True)
    ]
    names = ["", *sorted({road.name for road in roads} - {""})]
    edge_curve = np.array([number for number, _ in drives], dtype=np.int32)
    edge_length_m = np.array([curve_length[number] for number, _ in drives])
    edge_flags = np.array([roads[number].flags_of(way) for number, way in drives], dtype=np.uint32)
    component, component_length_m = strong_components(
        node_count=len(points),
        edge_tail=tail,
        edge_head=head,
        edge_flags=edge_flags,
        edge_curve=edge_curve,
        edge_length_m=edge_length_m,
    )
    sequences = [[edge_of[number, way] for number, way in sequence] for sequence in restrictions]
    network = RoadNetwork(
        node_lat=node_lat,
        node_lon=node_lon,
        node_osm_id=np.arange(1, len(points) + 1, dtype=np.int64),
        edge_offset=np.searchsorted(tail, np.arange(len(points) + 1)).astype(np.int32),
        edge_tail=tail,
        edge_head=head,
        edge_length_m=edge_length_m,
        edge_class=np.array([ROAD_CLASSES.index(road.road_class) for road in of_road], dtype=np.uint8),
        edge_maxspeed_kph=np.array([road.maxspeed_kph for road in of_road], dtype=np.float32),
        edge_flags=edge_flags,
        edge_extra_ms=np.array([-1 if road.ms is None else road.ms for road in of_road], dtype=np.int32),
        edge_width_m=np.array([road.width_m for road in of_road], dtype=np.float16),
        edge_maxheight_m=np.array([road.maxheight_m for road in of_road], dtype=np.float16),
        edge_maxwidth_m=np.array([road.maxwidth_m for road in of_road], dtype=np.float16),
        edge_maxweight_t=np.array([road.maxweight_t for road in of_road], dtype=np.float16),
        edge_lanes=np.array([road.lanes for road in of_road], dtype=np.uint8),
        edge_surface=np.array([SURFACES.index(road.surface) for road in of_road], dtype=np.uint8),
        edge_smoothness=np.array([SMOOTHNESSES.index(road.smoothness) for road in of_road], dtype=np.uint8),
        edge_barrier=np.array([BARRIERS.index(road.barrier) for road in of_road], dtype=np.uint8),
        edge_level_crossings=np.array([road.level_crossings for road in of_road], dtype=np.uint8),
        edge_reverse=np.array([edge_of.get((number, not way), -1) for number, way in drives], dtype=np.int32),
        edge_name=np.array([names.index(road.name) for road in of_road], dtype=np.int32),
        edge_way_id=np.array([number + 1 for number, _ in drives], dtype=np.int64),
        edge_curve=edge_curve,
        edge_forward=np.array([way for _, way in drives], dtype=np.uint8),
        edge_component=component,
        component_length_m=component_length_m,
        curve_offset=curve_offset,
        curve_lat=curve_lat,
        curve_lon=curve_lon,
        restriction_offset=np.cumsum([0, *(len(sequence) for sequence in sequences)]).astype(np.int32),
        restriction_edges=np.array([edge for sequence in sequences for edge in sequence], dtype=np.int32),
        names=tuple(names),
    )
    return BuiltNetwork(network, edge_of)


def jemss_network(folder: Path, *, mode: int = 1, on_circle: bool = False) -> BuiltNetwork:
    """Read `nodes.csv` and `arcs.csv` of JEMSS; the time of a road is that of one travel mode, in hours.

    Some nodes are drawn upon roads that they are no part of; `on_circle` draws all of them on a circle instead.
    """
    nodes = _jemss_table(folder / "nodes.csv", "nodes")
    settings = _jemss_table(folder / "arcs.csv", "miscData")[0]
    arcs = _jemss_table(folder / "arcs.csv", "arcs")
    number = {row["index"]: at for at, row in enumerate(nodes)}
    points = [(float(row["y"]) * DEGREES_PER_UNIT, float(row["x"]) * DEGREES_PER_UNIT) for row in nodes]
    if on_circle:
        turns = [2 * math.pi * at / len(points) for at in range(len(points))]
        points = [(0.1 * math.sin(turn), 0.1 * math.cos(turn)) for turn in turns]
    roads = [
        Road(
            tail=number[row["fromNode"]],
            head=number[row["toNode"]],
            ms=round(float(row[f"mode_{mode}"]) * MS_PER_HOUR),
            oneway=settings["arcForm"] == "directed",
        )
        for row in arcs
    ]
    return network_from_edges(points, roads)


def _jemss_table(path: Path, table: str) -> list[dict[str, str]]:
    """One of the tables of a file: its name alone on a line, a heading, and rows up to an empty line."""
    with path.open(encoding="utf-8-sig", newline="") as text:
        rows = [[cell.strip() for cell in row] for row in csv.reader(text)]
    start = next(at for at, row in enumerate(rows) if row and row[0] == table) + 1
    heading = rows[start]
    found = []
    for row in rows[start + 1 :]:
        if not any(row):
            break
        found.append(dict(zip(heading, row, strict=False)))
    return found


def node_location(network: RoadNetwork, node: int) -> Location:
    """Where a node is."""
    return Location(lat=float(network.node_lat[node]), lon=float(network.node_lon[node]))
