"""Reading OpenStreetMap: the road network, places, street names and a background map.

A file becomes tables (`routing.osm_tables`), by compiled code or by libosmium; roads and all else are made of those.
What was read, used and skipped is counted with its reason; see `OsmExtract.report`.
"""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import osmium

from gis.errors import SourceError
from gis.gazetteer import Street
from gis.types import Place
from routing.background import Background
from routing.network import RoadNetwork
from routing.osm_areas import read_outlines
from routing.osm_background import AREA_KEYS, LINE_CLASS_KEYS, LINE_KEYS, BackgroundCollector, area_class, line_class
from routing.osm_files import MERGED_NAME, file_format, one_sorted_file, reading
from routing.osm_network import build_network
from routing.osm_pbf import UnusualError, read_pbf
from routing.osm_places import CALLED_BY_SORT, PLACE_KEYS, PlaceCollector, place_kind
from routing.osm_places import SKIPPED as PLACES_SKIPPED
from routing.osm_report import Tally
from routing.osm_restrictions import KEPT, SKIPPED, Restriction, read_restriction
from routing.osm_roads import ROADS_SKIPPED, is_road, node_facts, road_ways
from routing.osm_streets import StreetCollector
from routing.osm_tables import UNITS_PER_DEGREE, OsmTables, tables_of
from routing.osm_text import TextRelation, read_things

Progress = Callable[[str, float | None], None]

_NODE_KEYS: Final = ("barrier", "railway", "ford", *PLACE_KEYS)
_WAY_KEYS: Final = ("highway", "route", *LINE_KEYS, *PLACE_KEYS)
_OUTLINED: Final = frozenset({"multipolygon", "boundary"})


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
    with tempfile.TemporaryDirectory(prefix="siaga112-osm-") as scratch, _nothing_collected():
        tell("open", None)
        file = one_sorted_file(files, Path(scratch), tally)
        tell("read", None)
        with reading(files[0]):
            tables, unusual = _tables(file, files, Path(scratch))
        tell("network", None)
        network = _network(tables, ", ".join(map(str, files)), tally)
        tell("places", None)
        with reading(files[0]):
            places, background = _places_and_background(file, tables, tally)
    tell("streets", None)
    collector = StreetCollector()
    collector.add_ways(tables.ways)
    streets = collector.streets()
    return OsmExtract(
        network=network,
        places=places,
        streets=streets,
        background=background,
        report={
            "files": [path.name for path in files],
            **({} if unusual is None else {"read by libosmium, for the file has": unusual}),
            "read": {
                "nodes": len(tables.nodes.osm_id),
                "ways": len(tables.ways.osm_id),
                "relations": len(tables.relations),
            },
            "repeats": tally.section("repeats"),
            "roads": {
                "used": len(set(network.edge_way_id.tolist()) - {0}),
                "skipped": tally.section(ROADS_SKIPPED),
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


def _tables(file: osmium.io.File, files: Sequence[Path], scratch: Path) -> tuple[OsmTables, str | None]:
    """What the file holds, read by compiled code where it is a plain PBF file, else by libosmium; and why not."""
    merged = scratch / MERGED_NAME
    path = merged if merged.exists() else files[0]
    unusual: str | None = None
    if file_format(path) == "pbf":
        try:
            return read_pbf(path, node_keys=_NODE_KEYS, way_keys=_WAY_KEYS), None
        except UnusualError as error:
            unusual = str(error)
    return tables_of(read_things(file, scratch, node_keys=_NODE_KEYS, way_keys=_WAY_KEYS)), unusual


# --- roads ---------------------------------------------------------------------------------------------------------


def _network(tables: OsmTables, names: str, tally: Tally) -> RoadNetwork:
    facts = node_facts(tables.nodes, tally)
    ways, street_names = road_ways(tables.ways, tally)
    restrictions = _restrictions(tables.relations, tally)
    if (ways.ref < 0).any():
        raise SourceError(
            f"{names} numbers nodes below zero, as editors do before uploading; save it with positive numbers."
        )
    network = build_network(ways, node_facts=facts, restrictions=restrictions, names=street_names, tally=tally)
    if not network.edge_count:
        raise SourceError(f"No road in {names} can be driven on; give an extract with highway=* ways and their nodes.")
    return network


def _restrictions(relations: Sequence[TextRelation], tally: Tally) -> list[Restriction]:
    found = []
    for relation in relations:
        kind = relation.tags.get("type", "")
        if kind.startswith("restriction"):
            restriction = read_restriction(relation.osm_id, relation.tags, relation.members, tally)
            if restriction is not None:
                found.append(restriction)
        elif kind == "route" and relation.tags.get("route") == "ferry":
            tally.add(ROADS_SKIPPED, "ferry relation: its ways count, not the relation", relation.osm_id)
    return found


# --- places and background -----------------------------------------------------------------------------------------


def _places_and_background(file: osmium.io.File, tables: OsmTables, tally: Tally) -> tuple[list[Place], Background]:
    places, background = PlaceCollector(tally), BackgroundCollector()
    _add_points(tables, places)
    wanted = _add_lines(tables, background, tally)
    _add_areas(file, tables, places, background, tally, wanted)
    return places.places(), background.background()


def _add_points(tables: OsmTables, places: PlaceCollector) -> None:
    nodes = tables.nodes
    rows = np.flatnonzero(nodes.tags.having(*PLACE_KEYS))
    kinds = nodes.tags.decided(rows, PLACE_KEYS, place_kind)
    rows = rows[kinds.where(lambda kind: kind is not None) & nodes.has_place[rows]]
    # Divided, not multiplied: the numbers nearest to the decimals.
    lat, lon = (units[rows] / UNITS_PER_DEGREE for units in (nodes.lat, nodes.lon))
    each = zip(nodes.osm_id[rows].tolist(), nodes.tags.of(rows), lat.tolist(), lon.tolist(), strict=True)
    for node_id, tags, *place in each:
        places.add_node(node_id, tags, *place)


def _add_lines(tables: OsmTables, background: BackgroundCollector, tally: Tally) -> set[tuple[str, int]]:
    """Draw the lines; gives the named places whose outline must be found."""
    ways, tags = tables.ways, tables.ways.tags
    rows = np.flatnonzero(~is_road(ways))
    drawn = tags.decided(rows, LINE_CLASS_KEYS, line_class)
    is_line = drawn.where(lambda drawn_as: drawn_as is not None)
    at, owner = ways.known_nodes(rows[is_line])
    bounds = np.searchsorted(owner, np.arange(np.count_nonzero(is_line) + 1)).tolist()
    lat, lon = ways.lat[at], ways.lon[at]
    for nth, group in enumerate(drawn.of[is_line].tolist()):
        part = slice(bounds[nth], bounds[nth + 1])
        background.add_line(drawn.what[group], lat[part], lon[part])
    rows = rows[~is_line & tags.having("name")[rows]]
    rows = rows[tags.decided(rows, PLACE_KEYS, place_kind).where(lambda kind: kind is not None)]
    is_closed = ways.is_closed[rows]
    for row in rows[~is_closed].tolist():
        tally.add(PLACES_SKIPPED, "place drawn as an open line", int(ways.osm_id[row]))
    return {("way", way_id) for way_id in ways.osm_id[rows[is_closed]].tolist()}


def _add_areas(
    file: osmium.io.File,
    tables: OsmTables,
    places: PlaceCollector,
    background: BackgroundCollector,
    tally: Tally,
    wanted: set[tuple[str, int]],
) -> None:
    """Take the areas that are drawn, named or both, and count the wanted ones without a whole outline."""
    ways, tags = tables.ways, tables.ways.tags
    rows = np.flatnonzero(ways.is_closed)
    named = tags.decided(rows, PLACE_KEYS, place_kind).where(lambda kind: kind is not None) & tags.having("name")[rows]
    drawn = tags.decided(rows, AREA_KEYS, area_class).where(lambda drawn_as: drawn_as is not None)
    rows = rows[named | drawn]
    tags_of: dict[tuple[str, int], Mapping[str, str]] = {
        ("way", way_id): own for way_id, own in zip(ways.osm_id[rows].tolist(), tags.of(rows), strict=True)
    }
    relation_of = {
        relation.osm_id: relation
        for relation in tables.relations
        if relation.tags.get("type") in _OUTLINED and (_is_named(relation.tags) or area_class(relation.tags))
    }
    tags_of |= {("relation", osm_id): relation.tags for osm_id, relation in relation_of.items()}
    wanted |= {("relation", osm_id) for osm_id, relation in relation_of.items() if _is_named(relation.tags)}
    outlines = read_outlines(
        file,
        ways=ways.osm_id[rows].tolist(),
        relations=relation_of,
        members=[member for relation in relation_of.values() for sort, member, _ in relation.members if sort == "w"],
    )
    for kind, osm_id, outline in outlines:
        own = tags_of[kind, osm_id]
        if outline is None:
            tally.add("background skipped", f"{kind} whose outline is broken or incomplete", osm_id)
            continue
        wanted.discard((kind, osm_id))
        drawn_as = area_class(own)
        if drawn_as is not None:
            background.add_area(drawn_as, outline)
        if _is_named(own):
            places.add_area(kind, osm_id, own, outline)
    for kind, osm_id in sorted(wanted):
        tally.add(PLACES_SKIPPED, f"{kind} whose outline is broken or incomplete", osm_id)


def _is_named(tags: Mapping[str, str]) -> bool:
    return "name" in tags and place_kind(tags) is not None
