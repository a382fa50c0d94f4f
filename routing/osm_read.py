"""Reading OpenStreetMap: the road network, places, street names and a background map, in one pass.

What was read, used and skipped is counted with its reason; see `OsmExtract.report`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import osmium
from osmium.osm.types import Area, Node, Relation, Way

from gis.errors import SourceError
from gis.gazetteer import Street
from gis.types import Place
from routing.background import Background
from routing.network import RoadNetwork
from routing.osm_background import AREA_KEYS, LINE_KEYS, BackgroundCollector, area_class, line_class
from routing.osm_files import one_sorted_file, reading
from routing.osm_network import MAX_LAT, build_network
from routing.osm_places import CALLED_BY_SORT, PLACE_KEYS, PlaceCollector, place_kind
from routing.osm_places import SKIPPED as PLACES_SKIPPED
from routing.osm_report import Tally
from routing.osm_restrictions import KEPT, SKIPPED, Restriction, read_restriction
from routing.osm_roads import RoadCollector
from routing.osm_streets import StreetCollector

Progress = Callable[[str, float | None], None]

_NODE_KEYS: Final = ("barrier", *PLACE_KEYS)
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
        Fit for JSON: `files`; `read` (nodes, ways, relations); and by concern what was used, and what was skipped
        as `{reason: {"count": n, "examples": [osm ids]}}`.
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
        with reading(files[0]):
            content = _Content(file, tally)
    ways = content.roads.ways()
    names = ", ".join(str(path) for path in files)
    if (ways.ref < 0).any():
        raise SourceError(
            f"{names} numbers nodes below zero, as editors do before uploading; save it with positive numbers."
        )
    tell("network", None)
    network = build_network(
        ways,
        barriers=content.roads.barriers,
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
            "read": content.count.as_dict(),
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


class _Counter:
    """Counts objects; the filters hand it those that they keep from the loop."""

    def __init__(self) -> None:
        self.nodes = self.ways = self.relations = 0

    def node(self, _: Node) -> None:
        self.nodes += 1

    def way(self, _: Way) -> None:
        self.ways += 1

    def relation(self, _: Relation) -> None:
        self.relations += 1

    def as_dict(self) -> dict[str, int]:
        return {"nodes": self.nodes, "ways": self.ways, "relations": self.relations}


class _Content:
    """One pass over the file (with a short one before it for the members of multipolygons)."""

    def __init__(self, file: osmium.io.File, tally: Tally) -> None:
        self.count = _Counter()
        self.roads = RoadCollector(tally)
        self.places = PlaceCollector(tally)
        self.streets = StreetCollector()
        self.background = BackgroundCollector()
        self.restrictions: list[Restriction] = []
        self._tally = tally
        self._wkb = osmium.geom.WKBFactory()
        self._outlines_wanted: set[tuple[str, int]] = set()
        self._outlines_built: set[tuple[str, int]] = set()
        self._run(file)

    def _run(self, file: osmium.io.File) -> None:
        objects = osmium.FileProcessor(file).with_areas().handler_for_filtered(self.count)
        for kind, keys in (
            (osmium.osm.NODE, _NODE_KEYS),
            (osmium.osm.WAY, _WAY_KEYS),
            (osmium.osm.AREA, _AREA_KEYS),
        ):
            wanted = osmium.filter.KeyFilter(*keys)
            wanted.enable_for(kind)
            objects.with_filter(wanted)
        for thing in objects:
            if isinstance(thing, Node):
                self.count.nodes += 1
                self._node(thing)
            elif isinstance(thing, Way):
                self.count.ways += 1
                self._way(thing)
            elif isinstance(thing, Area):
                self._area(thing)
            elif isinstance(thing, Relation):
                self.count.relations += 1
                self._relation(thing)
        for kind_name, osm_id in sorted(self._outlines_wanted - self._outlines_built):
            self._tally.add(PLACES_SKIPPED, f"{kind_name} whose outline is broken or incomplete", osm_id)

    def _node(self, node: Node) -> None:
        tags = dict(node.tags)
        if "barrier" in tags:
            self.roads.add_barrier(node.id, tags)
        if node.location.valid():
            self.places.add_node(node.id, tags, node.lat, node.lon)

    def _way(self, way: Way) -> None:
        tags = dict(way.tags)
        if "highway" in tags or tags.get("route") == "ferry":
            nodes = [(ref.ref, ref.y, ref.x) for ref in way.nodes]
            self.roads.add_way(way.id, tags, nodes)
            if "highway" in tags and tags["highway"] not in _NO_STREET:
                self.streets.add(tags, [(lat, lon) for _, lat, lon in nodes if abs(lat) <= MAX_LAT])
            return
        drawn = line_class(tags)
        if drawn is not None:
            known = [(ref.y, ref.x) for ref in way.nodes if abs(ref.y) <= MAX_LAT]
            self.background.add_line(drawn, known)
        elif place_kind(tags) is not None and "name" in tags:
            if way.is_closed():
                self._outlines_wanted.add(("way", way.id))
            else:
                self._tally.add(PLACES_SKIPPED, "place drawn as an open line", way.id)

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

    def _relation(self, relation: Relation) -> None:
        tags = dict(relation.tags)
        kind = tags.get("type", "")
        if kind.startswith("restriction"):
            members = [(member.type, member.ref, member.role) for member in relation.members]
            found = read_restriction(relation.id, tags, members, self._tally)
            if found is not None:
                self.restrictions.append(found)
        elif kind in {"multipolygon", "boundary"} and place_kind(tags) is not None and "name" in tags:
            self._outlines_wanted.add(("relation", relation.id))
        elif kind == "route" and tags.get("route") == "ferry":
            self._tally.add("roads skipped", "ferry relation: its ways count, not the relation", relation.id)
