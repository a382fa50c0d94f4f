"""Road networks that come from osmnx: a GraphML file, or a graph in memory."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import ParseError

import numpy as np
import shapely

from gis.errors import SourceError
from gis.gazetteer import Street
from routing.assembly import CurveTable, assemble, curve_lengths_m, degrees
from routing.background import Background
from routing.network import BARRIERS, DEGREE, FORD_AT_NODE_TAG, ROAD_CLASSES, EdgeFlag, RoadNetwork
from routing.osm_facts import RoadFacts, is_ford, road_facts
from routing.osm_files import file_format
from routing.osm_read import OsmExtract
from routing.osm_report import Tally
from routing.osm_streets import StreetCollector
from routing.osm_tags import access, bus, default_closed, drivable, maxspeed_kph, motorcycle, road_flags

if TYPE_CHECKING:
    import networkx as nx

_LATLON_CRS: Final = frozenset({"epsg:4326", "ogc:crs84", "wgs84"})
_OWN_CLASSES: Final = frozenset({"ferry", "barrier"})
"""Classes that `RoadNetwork.to_networkx` writes as `highway`, though OpenStreetMap has no such highways."""

Points = tuple[tuple[int, int], ...]


def read_graphml(path: Path) -> OsmExtract:
    """Read a GraphML file that osmnx saved; it has roads and street names, but neither places nor turn restrictions.

    Raises
    ------
    SourceError
        Where the file is missing, damaged, or was not saved by osmnx.
    """
    if file_format(path) != "graphml":
        raise SourceError(f"The file {path} is not GraphML; give one that osmnx.save_graphml wrote.")
    import osmnx
    from networkx import NetworkXException

    try:
        graph = osmnx.load_graphml(path)
    except (ParseError, NetworkXException, LookupError, ValueError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise SourceError(
            f"The file {path} is not a GraphML file of osmnx or is damaged ({reason}); "
            "write it with osmnx.save_graphml."
        ) from error
    extract = _extract(graph, f"The file {path}")
    extract.report["files"] = [path.name]
    return extract


def extract_from_networkx(graph: nx.MultiDiGraph[Any]) -> OsmExtract:
    """What an osmnx graph holds for dispatch; see `read_graphml`."""
    return _extract(graph, "The graph")


def from_networkx(graph: nx.MultiDiGraph[Any]) -> RoadNetwork:
    """The road network of an osmnx graph, simplified or not, projected or not.

    Nodes keep their order and, where they are whole numbers, their ids. An edge and its opposite (same way, length,
    and geometry reversed) share a curve. `length` is taken as it is; where it is missing the geometry is measured. Of
    lists, as simplification makes them, the first class, name and way id and the lowest speed limit count.

    Raises
    ------
    SourceError
        Where a node has no position, or no edge can be driven on.
    """
    return _extract(graph, "The graph").network


def _extract(graph: nx.MultiDiGraph[Any], source: str) -> OsmExtract:
    crs = graph.graph.get("crs")
    if crs is None:
        raise SourceError(f"{source} names no CRS and so is not of osmnx; set graph.graph['crs'], or save it anew.")
    if str(crs).lower() not in _LATLON_CRS:
        import osmnx

        graph = osmnx.project_graph(graph, to_latlong=True)
    tally = Tally()
    number, ids, position = _nodes(graph, source)
    collected = _Curves(position=position, tally=tally)
    count = 0
    for tail, head, data in graph.edges(data=True):
        count += 1
        collected.add(number[tail], number[head], data)
    if not collected.facts:
        raise SourceError(f"{source} has no edge that can be driven on; give a graph of network type 'drive'.")
    network = assemble(
        node_osm_id=np.array(ids, dtype=np.int64),
        node_lat=degrees(np.array([lat for lat, _ in position], dtype=np.int32)),
        node_lon=degrees(np.array([lon for _, lon in position], dtype=np.int32)),
        curves=collected.table(),
        names=tuple(collected.names),
    )
    streets = collected.streets()
    return OsmExtract(
        network=network,
        places=[],
        streets=streets,
        background=Background.empty(),
        report={
            "files": [],
            "read": {"nodes": len(ids), "edges": count},
            "roads": {"used": network.lawful_edge_count, "skipped": tally.section("roads skipped")},
            "oddities": tally.section("oddities"),
            "streets": {"used": len(streets)},
        },
    )


def _nodes(graph: nx.MultiDiGraph[Any], source: str) -> tuple[dict[Any, int], list[int], list[tuple[int, int]]]:
    """Number of each node, its OSM id (made up below zero where the key is no whole number), and its position."""
    number: dict[Any, int] = {}
    ids: list[int] = []
    position: list[tuple[int, int]] = []
    for key, data in graph.nodes(data=True):
        try:
            lat, lon = float(data["y"]), float(data["x"])
        except (KeyError, TypeError, ValueError):
            lat = lon = math.nan
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            raise SourceError(f"{source} has node {key} without a position; give x and y in degrees, as osmnx does.")
        position.append((round(lat / DEGREE), round(lon / DEGREE)))
        number[key] = len(ids)
        ids.append(int(key) if isinstance(key, numbers.Integral) else -1 - len(ids))
    return number, ids, position


@dataclass(slots=True)
class _Facts:
    """One curve: what its tags say forward, and backward where that edge exists."""

    tail: int
    head: int
    points: Points
    length_m: float
    road_class: int
    way_id: int
    name: int
    shape: RoadFacts
    barrier: int
    level_crossings: int
    bus_against: bool
    sides: list[tuple[int, float, int] | None]  # flags, limit, duration


@dataclass(slots=True)
class _Curves:
    """Takes directed edges one by one and pairs each with its opposite."""

    position: list[tuple[int, int]]
    tally: Tally
    names: dict[str, int] = field(default_factory=lambda: {"": 0})
    facts: list[_Facts] = field(default_factory=list)
    _unpaired: dict[tuple[Any, ...], list[int]] = field(default_factory=dict)

    def add(self, tail: int, head: int, data: dict[str, Any]) -> None:
        way_id = _first_int(data.get("osmid"))

        def note(oddity: str) -> None:
            self.tally.add("oddities", oddity, way_id)

        tags = _as_tags(data, note)
        highway = tags.get("highway", "road")
        road_class: str | None = highway
        if highway not in _OWN_CLASSES:
            verdict = drivable({**tags, "highway": highway})
            road_class = verdict.road_class
            if road_class is None:
                self.tally.add("roads skipped", verdict.reason, way_id)
        if road_class is None:
            return
        points = self._points(tail, head, data.get("geometry"))
        length = _number(data.get("length"))
        length_m = length if length is not None and length >= 0 else -1.0
        kind = ROAD_CLASSES.index(road_class)
        name = self.names.setdefault(tags.get("name") or tags.get("ref", ""), len(self.names))
        limit = maxspeed_kph(tags, forward=True, note=note)
        duration = _number(data.get("duration_ms"))
        side = (
            int(_flags(tags, road_class, note)),
            math.nan if limit is None else limit,
            -1 if duration is None else int(duration),
        )
        backward = _is_reversed(data.get("reversed"))
        key = (head, tail, points[::-1], length_m, kind, way_id, name)
        waiting = [number for number in self._unpaired.get(key, []) if self.facts[number].sides[backward] is None]
        if waiting:
            self.facts[waiting[0]].sides[backward] = side
            self._unpaired[key].remove(waiting[0])
            return
        sides: list[tuple[int, float, int] | None] = [None, None]
        sides[backward] = side
        own = (tail, head, points, length_m, kind, way_id, name)
        self._unpaired.setdefault(own, []).append(len(self.facts))
        ends = (head, tail, points[::-1]) if backward else (tail, head, points)
        crossings = _number(data.get("level_crossings")) or 0
        self.facts.append(
            _Facts(
                *ends,
                length_m,
                kind,
                way_id,
                name,
                shape=road_facts(tags, note),
                barrier=_barrier_kind(tags) if road_class == "barrier" else 0,
                level_crossings=int(min(max(crossings, 0), np.iinfo(np.uint8).max)),
                bus_against=bool(bus(tags, road_class, against=True)),
                sides=sides,
            )
        )

    def _points(self, tail: int, head: int, geometry: Any) -> Points:
        """Along the edge; its ends are at its nodes, even where the geometry was drawn a little off."""
        ends = self.position[tail], self.position[head]
        if isinstance(geometry, str):
            geometry = shapely.from_wkt(geometry)
        if geometry is None:
            return ends
        between = np.rint(shapely.get_coordinates(geometry)[1:-1, ::-1] / DEGREE).astype(np.int64)
        return (ends[0], *map(tuple, between.tolist()), ends[1])

    def table(self) -> CurveTable:
        """Everything taken as arrays."""
        facts = self.facts
        points = np.array([point for fact in facts for point in fact.points], dtype=np.int32)
        offset = np.concatenate([[0], np.cumsum([len(fact.points) for fact in facts])])
        measured = curve_lengths_m(offset, points[:, 0], points[:, 1])
        given = np.array([fact.length_m for fact in facts])
        missing = [(int(EdgeFlag.BUS) if fact.bus_against else 0, math.nan, -1) for fact in facts]
        sides = [[fact.sides[side] or missing[row] for row, fact in enumerate(facts)] for side in (0, 1)]
        exists = np.array([[fact.sides[side] is not None for fact in facts] for side in (0, 1)])
        flags = np.array([[flags for flags, _, _ in row] for row in sides], dtype=np.uint32)
        one_way = exists.sum(axis=0) == 1
        return CurveTable(
            tail=np.array([fact.tail for fact in facts], dtype=np.int64),
            head=np.array([fact.head for fact in facts], dtype=np.int64),
            offset=offset,
            lat=points[:, 0],
            lon=points[:, 1],
            length_m=np.where(given >= 0, given, measured),
            road_class=np.array([fact.road_class for fact in facts], dtype=np.uint8),
            way_id=np.array([fact.way_id for fact in facts], dtype=np.int64),
            name=np.array([fact.name for fact in facts], dtype=np.int32),
            exists=exists,
            flags=flags | np.where(one_way & exists, int(EdgeFlag.ONEWAY), 0).astype(np.uint32),
            maxspeed_kph=np.array([[limit for _, limit, _ in row] for row in sides], dtype=np.float32),
            extra_ms=np.array([[duration for _, _, duration in row] for row in sides], dtype=np.int32),
            width_m=np.array([fact.shape.width_m for fact in facts], dtype=np.float16),
            maxheight_m=np.array([fact.shape.maxheight_m for fact in facts], dtype=np.float16),
            maxwidth_m=np.array([fact.shape.maxwidth_m for fact in facts], dtype=np.float16),
            maxweight_t=np.array([fact.shape.maxweight_t for fact in facts], dtype=np.float16),
            lanes=np.array([fact.shape.lanes for fact in facts], dtype=np.uint8),
            surface=np.array([fact.shape.surface for fact in facts], dtype=np.uint8),
            smoothness=np.array([fact.shape.smoothness for fact in facts], dtype=np.uint8),
            barrier=np.array([fact.barrier for fact in facts], dtype=np.uint8),
            level_crossings=np.array([fact.level_crossings for fact in facts], dtype=np.uint8),
        )

    def streets(self) -> list[Street]:
        """Named streets of the graph."""
        texts = list(self.names)
        collector = StreetCollector()
        for fact in self.facts:
            lat, lon = np.array(fact.points, dtype=np.int32).reshape(-1, 2).T
            collector.add({"name": texts[fact.name]}, lat, lon)
        return collector.streets()


def _flags(tags: dict[str, str], road_class: str, note: Callable[[str], None]) -> EdgeFlag:
    found = access(tags, note=note)
    if road_class == "barrier":
        # a graph from elsewhere does not say of what kind its barriers are: they stop cars
        stops = "barrier" not in tags or tags.get("stops") == "yes"
        found &= EdgeFlag.EMERGENCY | EdgeFlag.PRIVATE
        found |= EdgeFlag.LOCKED if tags.get("locked") == "yes" else EdgeFlag(0)
        found |= motorcycle(tags, car=found & EdgeFlag.PRIVATE)
        return found | (EdgeFlag.BARRIER if stops else EdgeFlag(0))
    found |= default_closed(tags, road_class) if not found else EdgeFlag(0)
    found |= motorcycle(tags, car=found)
    if found & EdgeFlag.NO_ACCESS:
        found |= bus(tags, road_class, against=False)
    if is_ford(tags):
        found |= EdgeFlag.FORD_AT_NODE if tags["ford"] == FORD_AT_NODE_TAG else EdgeFlag.FORD
    return found | road_flags(tags, road_class)


def _barrier_kind(tags: dict[str, str]) -> int:
    kind = tags.get("barrier", "")
    return BARRIERS.index(kind if kind in BARRIERS and kind else "unknown")


def _as_tags(data: dict[str, Any], note: Callable[[str], None]) -> dict[str, str]:
    """Edge attributes as OSM tags: the first of a list, but all of a list of speed limits."""
    tags: dict[str, str] = {}
    for key, value in data.items():
        if isinstance(value, list | tuple | set):
            texts = [str(item) for item in value if item is not None]
            if not texts:
                continue
            tags[key] = ";".join(texts) if key == "maxspeed" else texts[0]
            if key in {"highway", "name"} and len(texts) > 1:
                note(f"{key} is a list, the first counts")
        elif isinstance(value, str | int | float) and value == value:  # noqa: PLR0124  (NaN of pandas)
            tags[key] = f"{value:g}" if isinstance(value, float) else str(value)
    return tags


def _is_reversed(value: Any) -> bool:
    """A bool, or a list of both where osmnx merged ways of both orders."""
    if isinstance(value, list | tuple):
        return all(_is_reversed(item) for item in value)
    return str(value) == "True"


def _first_int(value: Any) -> int:
    first = next(iter(value), 0) if isinstance(value, Iterable) and not isinstance(value, str) else value
    number = _number(first)
    return 0 if number is None else int(number)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
