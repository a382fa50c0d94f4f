"""Reading OpenStreetMap: the road network, places, street names and a background map.

What was read, used and skipped is counted with its reason; see `OsmExtract.report`.
"""

from __future__ import annotations

import gc
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import osmium
from osmium.osm.types import Area

from gis.errors import SourceError
from gis.gazetteer import Street
from gis.types import Place
from routing.background import Background
from routing.network import Int32Array, RoadNetwork
from routing.osm_background import AREA_KEYS, LINE_KEYS, BackgroundCollector, area_class, line_class
from routing.osm_files import one_sorted_file, reading
from routing.osm_network import MAX_LAT, build_network
from routing.osm_places import CALLED_BY_SORT, PLACE_KEYS, PlaceCollector, place_kind
from routing.osm_places import SKIPPED as PLACES_SKIPPED
from routing.osm_report import Tally
from routing.osm_restrictions import KEPT, SKIPPED, Restriction, read_restriction
from routing.osm_roads import RoadCollector
from routing.osm_streets import StreetCollector
from routing.osm_text import TextNode, TextRelation, TextWay, WayNodes, read_things

Progress = Callable[[str, float | None], None]

_NODE_KEYS: Final = ("barrier", "railway", "ford", *PLACE_KEYS)
_WAY_KEYS: Final = ("highway", "route", *LINE_KEYS, *PLACE_KEYS)
_AREA_KEYS: Final = (*AREA_KEYS, *PLACE_KEYS)

_NO_STREET: Final = frozenset({"bus_stop", "platform", "elevator", "rest_area", "services", "proposed"})
"""Values of `highway` whose name is not a street's."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OsmExtract:
    """What an OpenStreetMap file holds for dispatch.

    Attributes
    ----------
    network
        The drivable roads.
    places
        Named places, sorted by id; their villages are not known here.
    streets
        Named streets, the ways of each together.
    background
        Water, rail and land use for maps.
    report
        Fit for JSON: `files`; `read` (nodes, ways and relations that have a tag of use); and by concern what was
        used, and what was skipped as `{reason: {"count": n, "examples": [osm ids]}}`.
    """

    network: RoadNetwork
    places: list[Place]
    streets: list[Street]
    background: Background
    report: dict[str, Any]


def read_osm(files: Sequence[Path], *, progress: Progress | None = None) -> OsmExtract:
    """Read OpenStreetMap files as one map.

    Parameters
    ----------
    files
        `.osm.pbf`, `.osm`, `.osm.gz`, `.osm.bz2`, told apart by content. Objects in several files count once.
    progress
        Called with the step's name and its share done (None where unknown).

    Raises
    ------
    SourceError
        Where a file is missing, is not OpenStreetMap data, is damaged, or no road in it can be driven on.
    """
    if not files:
        raise SourceError("No OpenStreetMap file was given; give at least one.")
    tell = progress or (lambda _step, _share: None)
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="siaga112-osm-") as scratch:
        tell("open", None)
        file = one_sorted_file(files, Path(scratch), tally)
        tell("read", None)
        with reading(files[0]), _nothing_collected():
            content = _Content(file, Path(scratch), tally)
    ways = content.roads.ways()
    names = ", ".join(str(path) for path in files)
    if (ways.ref < 0).any():
        raise SourceError(
            f"{names} numbers nodes below zero, as editors do before uploading; save it with positive numbers."
        )
    tell("network", None)
    network = build_network(
        ways,
        node_facts=content.roads.nodes,
        restrictions=content.restrictions,
        names=tuple(content.roads.names),
        tally=tally,
    )
    if not network.edge_count:
        raise SourceError(f"No road in {names} can be driven on; give an extract with highway=* ways and their nodes.")
    tell("places", None)
    places = content.places.places()
    streets = content.streets.streets()
    background = content.background.background()
    return OsmExtract(
        network=network,
        places=places,
        streets=streets,
        background=background,
        report={
            "files": [path.name for path in files],
            "read": dict(content.read),
            "repeats": tally.section("repeats"),
            "roads": {
                "used": len(set(network.edge_way_id.tolist()) - {0}),
                "skipped": tally.section("roads skipped"),
                "geometry": tally.section("geometry"),
            },
            "oddities": tally.section("oddities"),
            "barriers": {"read": tally.section("barrier nodes"), "on roads": tally.section("barriers")},
            "restrictions": {"kept": tally.section(KEPT), "skipped": tally.section(SKIPPED)},
            "places": {
                "used": tally.section("places used"),
                "without_a_name": tally.section(CALLED_BY_SORT),
                "skipped": tally.section(PLACES_SKIPPED),
            },
            "streets": {"used": len(streets)},
            "background": {"used": background.feature_count, "skipped": tally.section("background skipped")},
        },
    )


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Without the search for cycles: millions of small objects are made, none in a cycle, and each search sees all."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Content:
    """What a file holds: roads, points and lines by one pass, areas by another (which takes a short one before it)."""

    def __init__(self, file: osmium.io.File, scratch: Path, tally: Tally) -> None:
        self.read = Counter({"nodes": 0, "ways": 0, "relations": 0})
        self.roads = RoadCollector(tally)
        self.places = PlaceCollector(tally)
        self.streets = StreetCollector()
        self.background = BackgroundCollector()
        self.restrictions: list[Restriction] = []
        self._tally = tally
        self._wkb = osmium.geom.WKBFactory()
        self._outlines_wanted: set[tuple[str, int]] = set()
        self._outlines_built: set[tuple[str, int]] = set()
        self._read_things(file, scratch)
        self._read_areas(file)
        for kind, osm_id in sorted(self._outlines_wanted - self._outlines_built):
            self._tally.add(PLACES_SKIPPED, f"{kind} whose outline is broken or incomplete", osm_id)

    def _read_things(self, file: osmium.io.File, scratch: Path) -> None:
        for thing in read_things(file, scratch, node_keys=_NODE_KEYS, way_keys=_WAY_KEYS):
            if isinstance(thing, TextWay):
                self.read["ways"] += 1
                self._way(thing)
            elif isinstance(thing, TextNode):
                self.read["nodes"] += 1
                self._node(thing)
            else:
                self.read["relations"] += 1
                self._relation(thing)

    def _read_areas(self, file: osmium.io.File) -> None:
        wanted = osmium.filter.KeyFilter(*_AREA_KEYS)
        wanted.enable_for(osmium.osm.AREA)
        areas = osmium.FileProcessor(file).with_areas()
        for thing in areas.with_filter(osmium.filter.EntityFilter(osmium.osm.AREA)).with_filter(wanted):
            assert isinstance(thing, Area)
            self._area(thing)

    def _node(self, node: TextNode) -> None:
        self.roads.add_node(node.osm_id, node.tags)
        if node.lat is not None and node.lon is not None:
            self.places.add_node(node.osm_id, node.tags, node.lat, node.lon)

    def _way(self, way: TextWay) -> None:
        tags, nodes = way.tags, way.nodes
        if "highway" in tags or tags.get("route") == "ferry":
            self.roads.add_way(way.osm_id, tags, nodes)
            if "highway" in tags and tags["highway"] not in _NO_STREET:
                self.streets.add(tags, *_known(nodes))
            return
        drawn = line_class(tags)
        if drawn is not None:
            self.background.add_line(drawn, *_known(nodes))
        elif place_kind(tags) is not None and "name" in tags:
            if len(nodes.ref) and nodes.ref[0] == nodes.ref[-1]:
                self._outlines_wanted.add(("way", way.osm_id))
            else:
                self._tally.add(PLACES_SKIPPED, "place drawn as an open line", way.osm_id)

    def _area(self, area: Area) -> None:
        kind = "way" if area.from_way() else "relation"
        osm_id = area.orig_id()
        tags = dict(area.tags)
        drawn = area_class(tags)
        named = "name" in tags and place_kind(tags) is not None
        if drawn is None and not named:
            return
        try:
            outline = self._wkb.create_multipolygon(area)
        except (RuntimeError, osmium.InvalidLocationError):
            self._tally.add("background skipped", f"{kind} whose outline is broken or incomplete", osm_id)
            return
        self._outlines_built.add((kind, osm_id))
        if drawn is not None:
            self.background.add_area(drawn, outline)
        if named:
            self.places.add_area(kind, osm_id, tags, outline)

    def _relation(self, relation: TextRelation) -> None:
        tags = relation.tags
        kind = tags.get("type", "")
        if kind.startswith("restriction"):
            found = read_restriction(relation.osm_id, tags, relation.members, self._tally)
            if found is not None:
                self.restrictions.append(found)
        elif kind in {"multipolygon", "boundary"} and place_kind(tags) is not None and "name" in tags:
            self._outlines_wanted.add(("relation", relation.osm_id))
        elif kind == "route" and tags.get("route") == "ferry":
            self._tally.add("roads skipped", "ferry relation: its ways count, not the relation", relation.osm_id)


def _known(nodes: WayNodes) -> tuple[Int32Array, Int32Array]:
    """Latitudes and longitudes of the nodes that the file holds."""
    if nodes.whole:
        return nodes.lat, nodes.lon
    held = np.abs(nodes.lat) <= MAX_LAT
    return nodes.lat[held], nodes.lon[held]
