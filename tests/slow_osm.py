"""Reading a map the slow and obvious way: thing by thing, every tag looked at every time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import osmium

from routing.background import Background
from routing.network import ROAD_CLASSES, EdgeFlag, RoadNetwork
from routing.osm_background import BackgroundCollector, area_class, line_class
from routing.osm_facts import barrier_facts, is_ford, is_level_crossing
from routing.osm_network import NodeFacts, RoadWays, build_network
from routing.osm_places import PlaceCollector, place_kind
from routing.osm_report import Tally
from routing.osm_restrictions import read_restriction
from routing.osm_roads import way_facts
from routing.osm_streets import NO_STREET, StreetCollector
from routing.osm_tags import drivable, street_name
from routing.osm_text import UNKNOWN, TextNode, TextThing, TextWay, WayNodes

COLUMNS = {
    "road_class": np.uint8, "forward": np.bool_, "backward": np.bool_, "forward_flags": np.uint32,
    "backward_flags": np.uint32, "forward_kph": np.float32, "backward_kph": np.float32, "name": np.int32,
    "ferry_ms": np.int32, "width_m": np.float16, "maxheight_m": np.float16, "maxwidth_m": np.float16,
    "maxweight_t": np.float16, "lanes": np.uint8, "surface": np.uint8, "smoothness": np.uint8,
}  # fmt: skip


class SlowReader:
    """Takes the things of a file in its order, and then its areas."""

    def __init__(self, things: Iterable[TextThing]) -> None:
        self.tally = Tally()
        self.names = {"": 0}
        self.ways: list[dict[str, Any]] = []
        self.facts: dict[str, Any] = {"barriers": {}, "crossings": set(), "fords": set()}
        self.restrictions: list[Any] = []
        self.places, self.streets = PlaceCollector(self.tally), StreetCollector()
        self.background = BackgroundCollector()
        self.wanted: set[tuple[str, int]] = set()
        for thing in things:
            if isinstance(thing, TextNode):
                self.node(thing)
            elif isinstance(thing, TextWay):
                self.way(thing)
            else:
                self.relation(thing.osm_id, dict(thing.tags), thing.members)

    def node(self, node: TextNode) -> None:
        if "barrier" in node.tags:
            found = barrier_facts(node.tags, lambda oddity: self.tally.add("oddities", oddity, node.osm_id))
            effect = "cars pass"
            if found is not None:
                self.facts["barriers"][node.osm_id] = found
                if found.flags & EdgeFlag.BARRIER:
                    opens = found.flags & EdgeFlag.EMERGENCY
                    effect = "stops cars, emergency vehicles pass" if opens else "stops cars"
            self.tally.add("barrier nodes", f"{node.tags['barrier']}: {effect}", node.osm_id)
        if is_level_crossing(node.tags):
            self.facts["crossings"].add(node.osm_id)
        if is_ford(node.tags):
            self.facts["fords"].add(node.osm_id)
        if node.lat is not None and node.lon is not None:
            self.places.add_node(node.osm_id, node.tags, node.lat, node.lon)

    def way(self, way: TextWay) -> None:
        tags, nodes = way.tags, way.nodes
        held = nodes.lat != UNKNOWN
        known = nodes.lat[held], nodes.lon[held]
        if "highway" in tags or tags.get("route") == "ferry":
            self.road(way.osm_id, dict(tags), nodes)
            if "highway" in tags and tags["highway"] not in NO_STREET:
                self.streets.add(tags, *known)
            return
        drawn = line_class(tags)
        if drawn is not None:
            self.background.add_line(drawn, *known)
        elif place_kind(tags) is not None and "name" in tags:
            if len(nodes.ref) and nodes.ref[0] == nodes.ref[-1]:
                self.wanted.add(("way", way.osm_id))
            else:
                self.tally.add("places skipped", "place drawn as an open line", way.osm_id)

    def road(self, way_id: int, tags: dict[str, str], nodes: WayNodes) -> None:
        verdict = drivable(tags)
        if verdict.road_class is None:
            self.tally.add("roads skipped", verdict.reason, way_id)
            return
        oddities: list[str] = []
        facts = way_facts(tags, verdict.road_class, oddities.append)
        for oddity in dict.fromkeys(oddities):
            self.tally.add("oddities", oddity, way_id)
        name = self.names.setdefault(street_name(tags), len(self.names))
        row = {**facts._asdict(), **facts.shape._asdict(), "name": name}
        assert ROAD_CLASSES[row["road_class"]] == verdict.road_class
        self.ways.append({**row, "way_id": way_id, "nodes": nodes})

    def relation(self, osm_id: int, tags: dict[str, str], members: list[tuple[str, int, str]]) -> None:
        kind = tags.get("type", "")
        if kind.startswith("restriction"):
            found = read_restriction(osm_id, tags, members, self.tally)
            self.restrictions += [] if found is None else [found]
        elif kind in {"multipolygon", "boundary"} and place_kind(tags) is not None and "name" in tags:
            self.wanted.add(("relation", osm_id))
        elif kind == "route" and tags.get("route") == "ferry":
            self.tally.add("roads skipped", "ferry relation: its ways count, not the relation", osm_id)

    def network(self) -> RoadNetwork:
        """The roads of what was taken."""
        ways = sorted(self.ways, key=lambda way: way["way_id"])
        nodes = [way["nodes"] for way in ways]
        road_ways = RoadWays(
            way_id=np.array([way["way_id"] for way in ways], dtype=np.int64),
            offset=np.cumsum([0, *(len(along.ref) for along in nodes)]),
            ref=np.concatenate([along.ref for along in nodes]),
            lat=np.concatenate([along.lat for along in nodes]),
            lon=np.concatenate([along.lon for along in nodes]),
            **{name: np.array([way[name] for way in ways], dtype=kind) for name, kind in COLUMNS.items()},
        )
        facts = NodeFacts(
            barriers=self.facts["barriers"],
            level_crossings=np.array(sorted(self.facts["crossings"]), dtype=np.int64),
            fords=np.array(sorted(self.facts["fords"]), dtype=np.int64),
        )
        return build_network(
            road_ways, node_facts=facts, restrictions=self.restrictions, names=tuple(self.names), tally=self.tally
        )

    def read_areas(self, file: str) -> tuple[list[Any], Background]:
        """Places and background, with every area that libosmium makes of the file."""
        factory = osmium.geom.WKBFactory()
        for area in osmium.FileProcessor(file).with_areas():
            if not area.is_area():
                continue
            tags = dict(area.tags)
            drawn, named = area_class(tags), "name" in tags and place_kind(tags) is not None
            if drawn is None and not named:
                continue
            kind = "way" if area.from_way() else "relation"
            try:
                outline = factory.create_multipolygon(area)
            except RuntimeError:
                self.tally.add("background skipped", f"{kind} whose outline is broken or incomplete", area.orig_id())
                continue
            self.wanted.discard((kind, area.orig_id()))
            if drawn is not None:
                self.background.add_area(drawn, outline)
            if named:
                self.places.add_area(kind, area.orig_id(), tags, outline)
        for kind, osm_id in sorted(self.wanted):
            self.tally.add("places skipped", f"{kind} whose outline is broken or incomplete", osm_id)
        return self.places.places(), self.background.background()
