"""The reading of real maps, against a slow and obvious reader."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import osmium
import pytest
import shapely

from gis.geodesy import distance_m
from routing.background import Background
from routing.network import ROAD_CLASSES, EdgeFlag, RoadNetwork
from routing.osm_graphml import from_networkx
from routing.osm_read import _NODE_KEYS, _WAY_KEYS, OsmExtract, read_osm
from routing.osm_text import TextNode, TextRelation, TextWay, read_slowly, read_things
from tests.road_checks import check_network
from tests.slow_osm import SlowReader

FILES = {
    "cirebon": "cirebon/cirebon.osm.pbf",
    "malta": "osm/malta.osm.pbf",
    "monaco": "osm/monaco.osm.pbf",
    "andorra": "osm/andorra.osm.pbf",
}


@pytest.fixture(scope="module", params=FILES)
def name(request) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def file(name, shared_data) -> Path:
    return shared_data / FILES[name]


@pytest.fixture(scope="module")
def extract(file) -> OsmExtract:
    return read_osm([file])


def counted(section: dict[str, dict[str, int]]) -> int:
    return sum(entry["count"] for entry in section.values())


def test_a_real_network_is_sound(extract):
    check_network(extract.network)


def test_thing_by_thing_a_map_gives_the_same(extract, file, tmp_path):
    things = read_things(osmium.io.File(str(file)), tmp_path, node_keys=_NODE_KEYS, way_keys=_WAY_KEYS)
    slow = SlowReader(things)
    assert_same(extract.network, slow.network())
    places, background = slow.read_areas(str(file))
    assert extract.places == places
    assert_same(extract.background, background)
    streets = slow.streets.streets()
    assert [(street.name, street.alt_names) for street in extract.streets] == [
        (street.name, street.alt_names) for street in streets
    ]
    ours, theirs = (shapely.to_wkb([street.geometry for street in found]) for found in (extract.streets, streets))
    assert ours.tolist() == theirs.tolist()
    report, section = extract.report, slow.tally.section
    assert report["roads"]["skipped"] == section("roads skipped")
    assert report["roads"]["geometry"] == section("geometry")
    assert report["oddities"] == section("oddities")
    assert report["barriers"] == {"read": section("barrier nodes"), "on roads": section("barriers")}
    assert report["restrictions"] == {"kept": section("restrictions kept"), "skipped": section("restrictions skipped")}
    assert report["places"]["skipped"] == section("places skipped")
    assert report["places"]["used"] == section("places used")
    assert report["background"]["skipped"] == section("background skipped")


def assert_same(one: RoadNetwork | Background, other: RoadNetwork | Background) -> None:
    for field in fields(one):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype
            assert np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f"), field.name
        else:
            assert mine == theirs, field.name


def test_objects_with_a_tag_of_use_are_counted(extract, file):
    kinds = {
        "nodes": (osmium.osm.NODE, _NODE_KEYS),
        "ways": (osmium.osm.WAY, _WAY_KEYS),
        "relations": (osmium.osm.RELATION, ("type",)),
    }
    for name, (kind, keys) in kinds.items():
        things = osmium.FileProcessor(file, kind).with_filter(osmium.filter.KeyFilter(*keys))
        assert extract.report["read"][name] == sum(1 for _ in things)


def test_lines_of_text_hold_what_pyosmium_reads_one_by_one(file, tmp_path):
    source, keys = osmium.io.File(str(file)), {"node_keys": _NODE_KEYS, "way_keys": ("highway",)}
    fast, slow = list(read_things(source, tmp_path, **keys)), list(read_slowly(source, **keys))
    for kind in (TextNode, TextRelation):
        assert [one for one in fast if isinstance(one, kind)] == [one for one in slow if isinstance(one, kind)]
    fast, slow = ([one for one in things if isinstance(one, TextWay)] for things in (fast, slow))
    assert [(way.osm_id, way.tags) for way in fast] == [(way.osm_id, way.tags) for way in slow]
    for column in (0, 1, 2):
        assert [way.nodes[column].tolist() for way in fast] == [way.nodes[column].tolist() for way in slow]


def test_every_road_is_used_or_skipped_with_a_reason(extract, file):
    expected = 0
    for thing in osmium.FileProcessor(file):
        if thing.is_way():
            expected += "highway" in thing.tags or thing.tags.get("route") == "ferry"
        elif thing.is_relation():
            expected += thing.tags.get("type") == "route" and thing.tags.get("route") == "ferry"
    assert extract.report["roads"]["used"] + counted(extract.report["roads"]["skipped"]) == expected


def test_every_restriction_is_kept_or_skipped_with_a_reason(extract, file):
    expected = sum(
        thing.tags.get("type", "").startswith("restriction")
        for thing in osmium.FileProcessor(file, osmium.osm.RELATION)
    )
    restrictions = extract.report["restrictions"]
    assert counted(restrictions["kept"]) + counted(restrictions["skipped"]) == expected


def test_the_report_is_fit_for_json(extract):
    assert json.loads(json.dumps(extract.report)) == extract.report


def test_junctions_have_as_many_streets_as_real_ones_have(extract):
    network = extract.network
    _, first = np.unique(network.edge_curve, return_index=True)
    streets = np.bincount(np.concatenate([network.edge_tail[first], network.edge_head[first]]))
    assert streets.min() == 1
    assert 2.2 < streets.mean() < 3.2
    assert streets.max() <= 9


def test_most_of_the_road_is_one_piece(extract, name):
    share = extract.network.component_length_m[0] / extract.network.component_length_m.sum()
    assert share > {"cirebon": 0.9, "malta": 0.95, "monaco": 0.95, "andorra": 0.95}[name]


def test_cirebon_has_the_length_that_its_makers_tell(shared_data):
    extract = read_osm([shared_data / FILES["cirebon"]])
    network = extract.network
    _, one = np.unique(network.edge_curve, return_index=True)
    by_class = np.bincount(network.edge_class[one], weights=network.edge_length_m[one], minlength=len(ROAD_CLASSES))
    skipped_km = _length_of_ways(shared_data / FILES["cirebon"], {"path"}) / 1000
    # theirs is measured on the ellipsoid, ours on the sphere: near the equator north to south 0.56 % longer
    assert by_class.sum() / 1000 + skipped_km == pytest.approx(3544, rel=0.006)
    assert by_class[ROAD_CLASSES.index("motorway")] / 1000 == pytest.approx(153, rel=0.01)
    toll = (network.edge_flags[one] & int(EdgeFlag.TOLL)) != 0
    assert set(network.edge_class[one][toll].tolist()) == {ROAD_CLASSES.index("motorway")}


def _length_of_ways(file: Path, highways: set[str]) -> float:
    total = 0.0
    for thing in osmium.FileProcessor(file).with_locations():
        if thing.is_way() and thing.tags.get("highway") in highways:
            lat, lon = np.array([(node.lat, node.lon) for node in thing.nodes]).T
            total += float(distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:]).sum())
    return total


def test_places_of_emergencies_are_found(shared_data):
    places = read_osm([shared_data / FILES["cirebon"]]).places
    assert Counter(place.kind for place in places) == {
        "townhall": 435, "clinic": 56, "hospital": 15, "fire_station": 11, "police": 26, "government": 1,
    }  # fmt: skip


@pytest.mark.parametrize("which", ["monaco", "andorra", "cirebon"])
def test_a_real_network_comes_back_from_networkx(shared_data, which):
    network = read_osm([shared_data / FILES[which]]).network
    again = from_networkx(network.to_networkx())
    for field in ("node_osm_id", "node_lat", "node_lon"):
        assert np.array_equal(getattr(network, field), getattr(again, field))
    assert multiset(network) == multiset(again)


def multiset(network: RoadNetwork) -> Counter[tuple[int, int, float]]:
    lawful = ~network.is_contraflow
    tail, head = network.node_osm_id[network.edge_tail[lawful]], network.node_osm_id[network.edge_head[lawful]]
    return Counter(zip(tail.tolist(), head.tolist(), network.edge_length_m[lawful].tolist(), strict=True))


# --- the slow twin -----------------------------------------------------------------------------------------------

DRIVABLE = set(ROAD_CLASSES) - {"ferry", "barrier"}
BLOCKING = {"bollard", "block", "cycle_barrier", "kissing_gate", "fence", "chain", "wall", "stile"}
DELAYING = {"gate", "lift_gate", "swing_gate", "sliding_gate", "checkpoint", "toll_booth", "height_restrictor"}
OPENED = {"pedestrian", "footway", "path", "cycleway", "bridleway"}


def slow_edges(file: Path) -> Counter[tuple[int, int, float]]:
    """Directed edges between junctions as (tail OSM id, head OSM id, metres to the centimetre), the plain way.

    One graph edge per pair of neighbouring nodes of a way first; then chains are followed from junction to junction.
    Barriers are ends of road on both sides: the node made on the far side stands under the same id here.
    """
    barriers: set[int] = set()
    ways: list[tuple[list[int], bool, bool]] = []
    spot: dict[int, tuple[float, float]] = {}
    for thing in osmium.FileProcessor(file).with_locations():
        tags = thing.tags
        if thing.is_node():
            closed = tags.get("access") in {"no", "private"} or tags.get("motor_vehicle") in {"no", "private"}
            if "barrier" in tags and (tags["barrier"] in BLOCKING | DELAYING or closed):
                barriers.add(thing.id)
        elif thing.is_way() and is_road(tags):
            one_way = tags.get("oneway") or ("yes" if is_one_way_by_itself(tags) else "no")
            nodes = [node.ref for node in thing.nodes if node.location.valid()]
            spot.update((node.ref, (node.lat, node.lon)) for node in thing.nodes if node.location.valid())
            if len(nodes) > 1:
                ways.append((nodes, one_way != "-1", one_way not in {"yes", "true", "1"}))

    uses = Counter(node for nodes, _, _ in ways for node in nodes)
    ends = {node for nodes, _, _ in ways for node in (nodes[0], nodes[-1])}
    found: Counter[tuple[int, int, float]] = Counter()
    for nodes, forward, backward in ways:
        start, length = nodes[0], 0.0
        for before, after in pairwise(nodes):
            length += float(distance_m(*spot[before], *spot[after]))
            if uses[after] > 1 or after in ends or after in barriers:
                if forward:
                    found[start, after, round(length, 2)] += 1
                if backward:
                    found[after, start, round(length, 2)] += 1
                start, length = after, 0.0
    return found


def is_road(tags: osmium.osm.TagList) -> bool:
    if tags.get("area") == "yes":
        return False
    if tags.get("route") == "ferry" and "highway" not in tags:
        return tags.get("motor_vehicle") == "yes" or tags.get("motorcar") == "yes"
    if tags.get("highway") in OPENED:
        keys = ("motorcar", "motor_vehicle", "vehicle") if tags["highway"] == "pedestrian" else ("motorcar",)
        opening = {"yes", "designated", "permissive", "official", "destination", "delivery", "private", "permit"}
        motorcycles = tags.get("motorcycle", tags.get("motor_vehicle"))
        if motorcycles in {"yes", "designated", "permissive", "official", "destination"}:
            return True
        return any(tags.get(key) in opening for key in keys) or tags.get("emergency") in {"yes", "designated"}
    return tags.get("highway") in DRIVABLE


def is_one_way_by_itself(tags: osmium.osm.TagList) -> bool:
    return tags.get("junction") in {"roundabout", "circular"} or tags.get("highway") in {"motorway", "motorway_link"}


@pytest.mark.parametrize("which", ["monaco", "andorra", "cirebon"])
def test_the_slow_reader_finds_the_same_edges(shared_data, which):
    file = shared_data / FILES[which]
    network = read_osm([file]).network
    original = {int(made): int(made) for made in network.node_osm_id}
    across = network.edge_class == ROAD_CLASSES.index("barrier")
    for edge in np.flatnonzero(across):
        tail, head = (int(network.node_osm_id[node]) for node in (network.edge_tail[edge], network.edge_head[edge]))
        original[min(tail, head)] = max(tail, head)
    fast: Counter[tuple[int, int, float]] = Counter()
    for edge in np.flatnonzero(~across & ~network.is_contraflow):
        tail, head = (int(network.node_osm_id[node]) for node in (network.edge_tail[edge], network.edge_head[edge]))
        fast[original[tail], original[head], round(float(network.edge_length_m[edge]), 2)] += 1
    assert fast == slow_edges(file)


def test_components_are_those_of_networkx(extract):
    network = extract.network
    graph = nx.DiGraph()
    graph.add_nodes_from(range(network.node_count))
    shut = (network.edge_flags & int(EdgeFlag.PRIVATE | EdgeFlag.NO_ACCESS | EdgeFlag.BARRIER)) != 0
    let_through = (network.edge_flags & int(EdgeFlag.EMERGENCY)) != 0
    is_open = (~shut | let_through) & ~network.is_contraflow
    graph.add_edges_from(zip(network.edge_tail[is_open].tolist(), network.edge_head[is_open].tolist(), strict=True))
    largest = max(nx.strongly_connected_components(graph), key=len)
    of_largest = np.flatnonzero(network.edge_component == 0)
    assert set(network.edge_tail[of_largest].tolist()) == largest


def test_places_and_streets_lie_where_the_roads_are(extract):
    network = extract.network
    south, north = network.node_lat.min() - 0.5, network.node_lat.max() + 0.5
    west, east = network.node_lon.min() - 0.5, network.node_lon.max() + 0.5
    assert all(south < place.location.lat < north and west < place.location.lon < east for place in extract.places)
    assert len({place.place_id for place in extract.places}) == len(extract.places)
    for street in extract.streets:
        left, bottom, right, top = street.geometry.bounds
        assert west < left <= right < east
        assert south < bottom <= top < north


def test_a_file_given_twice_is_read_once(shared_data):
    file = shared_data / FILES["andorra"]
    once, twice = read_osm([file]), read_osm([file, file])
    assert multiset(once.network) == multiset(twice.network)
    assert twice.report["repeats"]["node in more than one file"]["count"] == sum(
        1 for _ in osmium.FileProcessor(file, osmium.osm.NODE)
    )


def test_a_real_file_that_is_cut_off_is_told(shared_data, tmp_path):
    from gis.errors import SourceError

    whole = (shared_data / FILES["malta"]).read_bytes()
    (tmp_path / "malta.osm.pbf").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match="damaged or cut off"):
        read_osm([tmp_path / "malta.osm.pbf"])
