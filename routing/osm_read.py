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

from gis.errors import SourceError
from routing.network import RoadNetwork
from routing.osm_files import one_sorted_file, reading
from routing.osm_network import build_network
from routing.osm_report import Tally
from routing.osm_restrictions import KEPT, SKIPPED, Restriction, read_restriction
from routing.osm_roads import RoadCollector

Progress = Callable[[str, float | None], None]

_NODE_KEYS: Final = ("barrier",)
_WAY_KEYS: Final = ("highway", "route")


@dataclass(frozen=True, kw_only=True, eq=False)
class OsmExtract:
    """What an OpenStreetMap file holds for dispatch."""

    network: RoadNetwork
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
    if not len(ways.way_id):
        names = ", ".join(str(path) for path in files)
        raise SourceError(f"No road in {names} can be driven on; give an extract with highway=* ways.")
    tell("network", None)
    network = build_network(
        ways,
        barriers=content.roads.barriers,
        restrictions=content.restrictions,
        names=tuple(content.roads.names),
        tally=tally,
    )
    return OsmExtract(network=network, report=_report(files, content, network, tally))


class _Counter:
    """Counts what the filters keep from Python."""

    def __init__(self) -> None:
        self.nodes = self.ways = self.relations = 0

    def node(self, _: Any) -> None:
        self.nodes += 1

    def way(self, _: Any) -> None:
        self.ways += 1

    def relation(self, _: Any) -> None:
        self.relations += 1


class _Content:
    """One pass over the file."""

    def __init__(self, file: Any, tally: Tally) -> None:
        self.roads = RoadCollector(tally)
        self.restrictions: list[Restriction] = []
        self.count = _Counter()
        self._tally = tally
        objects = (
            osmium.FileProcessor(file)
            .with_locations()
            .with_filter(osmium.filter.KeyFilter(*_NODE_KEYS).enable_for(osmium.osm.NODE))
            .with_filter(osmium.filter.KeyFilter(*_WAY_KEYS).enable_for(osmium.osm.WAY))
            .handler_for_filtered(self.count)
        )
        for thing in objects:
            if thing.is_way():
                self.count.ways += 1
                self._way(thing)
            elif thing.is_node():
                self.count.nodes += 1
                self._node(thing)
            else:
                self.count.relations += 1
                self._relation(thing)

    def _node(self, node: Any) -> None:
        tags = dict(node.tags)
        if "barrier" in tags:
            self.roads.add_barrier(node.id, tags)

    def _way(self, way: Any) -> None:
        tags = dict(way.tags)
        if "highway" in tags or tags.get("route") == "ferry":
            self.roads.add_way(way.id, tags, [(ref.ref, ref.y, ref.x) for ref in way.nodes])

    def _relation(self, relation: Any) -> None:
        tags = dict(relation.tags)
        if tags.get("type", "").startswith("restriction"):
            members = [(member.type, member.ref, member.role) for member in relation.members]
            found = read_restriction(relation.id, tags, members, self._tally)
            if found is not None:
                self.restrictions.append(found)


def _report(files: Sequence[Path], content: _Content, network: RoadNetwork, tally: Tally) -> dict[str, Any]:
    count = content.count
    return {
        "files": [path.name for path in files],
        "read": {"nodes": count.nodes, "ways": count.ways, "relations": count.relations},
        "roads": {
            "used": len(set(network.edge_way_id.tolist()) - {0}),
            "skipped": tally.section("roads skipped"),
            "geometry": tally.section("geometry"),
        },
        "restrictions": {"kept": tally.section(KEPT), "skipped": tally.section(SKIPPED)},
        "barriers": {"read": tally.section("barrier nodes"), "on roads": tally.section("barriers")},
        "oddities": tally.section("oddities"),
        "repeats": tally.section("repeats"),
    }
