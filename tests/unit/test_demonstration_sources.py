"""The rules that the demonstration's sources keep: they are read here as any reader of OSM would read them."""

from __future__ import annotations

import csv
import gzip
import json
import math
import re
import shutil
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest
import shapely
from shapely.geometry import LineString, Point, Polygon, shape
from shapely.ops import unary_union

from dispatch.types import UnitStatus
from gis.geodesy import LocalPlane, distance_m

DEMONSTRATION = Path(__file__).resolve().parents[2] / "data" / "demonstration"
SOURCE = DEMONSTRATION / "source"
FACTS = DEMONSTRATION / "facts"
sys.path.insert(0, str(DEMONSTRATION))

from generator import landmarks, landscape, lanes, traffic  # noqa: E402
from generator.command import differences, make  # noqa: E402

PLANE = LocalPlane(lat0=-6.75, lon0=108.58)
NOT_FOR_OPERATION = "PETA CONTOH - bukan untuk operasi"
PLACE_AMENITIES = {
    "townhall", "school", "police", "marketplace", "place_of_worship", "clinic", "hospital", "fire_station",
}  # fmt: skip


@dataclass(frozen=True)
class Way:
    way_id: str
    nodes: list[str]
    tags: dict[str, str]


@dataclass(frozen=True)
class Relation:
    members: dict[str, str]
    tags: dict[str, str]


@dataclass(frozen=True)
class Osm:
    xy: dict[str, tuple[float, float]]
    lat_lon: dict[str, tuple[float, float]]
    node_tags: dict[str, dict[str, str]]
    ways: dict[str, Way]
    relations: list[Relation]

    def line(self, way: Way) -> LineString:
        return LineString([self.xy[node] for node in way.nodes])

    def roads(self) -> list[Way]:
        return [way for way in self.ways.values() if "highway" in way.tags]

    def length_m(self, way: Way) -> float:
        return sum(float(distance_m(*self.lat_lon[a], *self.lat_lon[b])) for a, b in pairwise(way.nodes))


def tags_of(element: ET.Element) -> dict[str, str]:
    return {tag.attrib["k"]: tag.attrib["v"] for tag in element.iter("tag")}


@pytest.fixture(scope="module")
def osm() -> Osm:
    root = ET.fromstring(gzip.decompress((SOURCE / "roads.osm.gz").read_bytes()))
    lat_lon, node_tags, ways, relations = {}, {}, {}, []
    for element in root:
        name = element.attrib.get("id", "")
        if element.tag == "node":
            lat_lon[name] = (float(element.attrib["lat"]), float(element.attrib["lon"]))
            node_tags[name] = tags_of(element)
        elif element.tag == "way":
            ways[name] = Way(name, [nd.attrib["ref"] for nd in element.iter("nd")], tags_of(element))
        elif element.tag == "relation":
            members = {member.attrib["role"]: member.attrib["ref"] for member in element.iter("member")}
            relations.append(Relation(members, tags_of(element)))
    xy = {name: tuple(map(float, PLANE.to_xy(*place))) for name, place in lat_lon.items()}
    return Osm(xy, lat_lon, node_tags, ways, relations)


@pytest.fixture(scope="module")
def facts() -> dict[str, dict[str, str]]:
    with (FACTS / "villages.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def station_facts() -> list[dict[str, str]]:
    return rows("stations.csv", FACTS)


@pytest.fixture(scope="module")
def villages() -> dict[str, Polygon]:
    features = json.loads((SOURCE / "villages.geojson").read_text(encoding="utf-8"))["features"]
    return {feature["properties"]["code"]: shape(feature["geometry"]) for feature in features}


def rows(name: str, folder: Path = SOURCE) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# Villages


def test_every_village_of_the_facts_stands_once_with_its_names(facts):
    features = json.loads((SOURCE / "villages.geojson").read_text(encoding="utf-8"))["features"]
    properties = [feature["properties"] for feature in features]
    assert len(properties) == len(facts) == 424
    assert {item["code"] for item in properties} == set(facts)
    for item in properties:
        row = facts[item["code"]]
        assert item == {key: row[key] for key in ("code", "name", "kecamatan_code", "kecamatan")}


def test_every_village_is_one_valid_area_around_its_own_position(villages, facts):
    for code, area in villages.items():
        assert area.geom_type == "Polygon" and area.is_valid
        assert area.contains(Point(float(facts[code]["lon"]), float(facts[code]["lat"]))), code


def test_villages_share_borders_without_gap_or_overlap(villages):
    areas = list(villages.values())
    assert shapely.coverage_is_valid(areas)
    land = unary_union(areas)
    assert land.geom_type == "Polygon" and not land.interiors
    assert sum(area.area for area in areas) == pytest.approx(land.area, rel=1e-9)


def test_most_kecamatan_are_one_piece(villages, facts):
    pieces = Counter()
    for code in {row["kecamatan_code"] for row in facts.values()}:
        union = unary_union([area for village, area in villages.items() if village.startswith(code)])
        pieces[code] = len(getattr(union, "geoms", [union]))
    assert sum(count == 1 for count in pieces.values()) >= 30
    assert max(pieces.values()) <= 3


def test_the_neighbouring_city_is_in_no_village(villages):
    land = unary_union(list(villages.values()))
    for lat, lon in landscape.CITY_SEEDS:
        assert not land.covers(Point(lon, lat))


# Roads


def test_the_sources_keep_within_their_size(osm):
    assert (SOURCE / "roads.osm.gz").stat().st_size < 700_000
    assert (SOURCE / "villages.geojson").stat().st_size < 400_000
    assert 15_000 <= len(osm.xy) <= 26_000


def test_every_road_has_two_different_points_and_known_nodes(osm):
    for way in osm.ways.values():
        assert len(way.nodes) >= 2 and all(node in osm.xy for node in way.nodes)
        assert all(a != b for a, b in pairwise(way.nodes)), way.way_id


def test_roads_cross_a_river_on_bridges_only(osm):
    bridges = 0
    for river in (way for way in osm.ways.values() if "waterway" in way.tags):
        course = osm.line(river)
        for road in (way for way in osm.ways.values() if {"highway", "railway"} & set(way.tags)):
            if osm.line(road).intersects(course):
                assert road.tags.get("bridge") == "yes", (road.way_id, road.tags)
                bridges += 1
    assert 8 <= bridges <= 60


def test_roads_keep_out_of_the_reservoir(osm):
    (water,) = [way for way in osm.ways.values() if way.tags.get("natural") == "water"]
    area = Polygon([osm.xy[node] for node in water.nodes])
    assert area.is_valid
    assert not [road.way_id for road in osm.roads() if osm.line(road).intersects(area)]


def test_roads_that_cross_on_the_level_share_a_node(osm):
    segments = [
        (way, a, b)
        for way in osm.ways.values()
        if {"highway", "railway"} & set(way.tags)
        for a, b in pairwise(way.nodes)
    ]
    shapes = [LineString([osm.xy[a], osm.xy[b]]) for _, a, b in segments]
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        (one, a, b), (other, c, d) = segments[i], segments[j]
        if i < j and not {a, b} & {c, d}:
            assert one.tags.get("layer", "0") != other.tags.get("layer", "0"), (one, other)


def routable(osm: Osm) -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph()
    stops = {node for node, tags in osm.node_tags.items() if tags.get("barrier") in {"bollard", "gate"}}
    for way in osm.roads():
        length = osm.length_m(way) / (len(way.nodes) - 1)
        oneway = way.tags.get("oneway", "yes" if "junction" in way.tags else "no")
        for a, b in pairwise(way.nodes):
            if stops & {a, b} or way.tags.get("access") == "private":
                continue
            if oneway != "-1":
                graph.add_edge(a, b, length_m=length)
            if oneway != "yes":
                graph.add_edge(b, a, length_m=length)
    return graph


def test_nearly_all_roads_reach_one_another_and_only_the_hamlet_is_cut_off(osm):
    graph = routable(osm)
    components = sorted(nx.strongly_connected_components(graph), key=len, reverse=True)
    assert len(components) == 2
    main, hamlet = components
    total = sum(osm.length_m(way) for way in osm.roads())
    reached = sum(osm.length_m(way) for way in osm.roads() if set(way.nodes) <= main)
    assert reached / total > 0.97
    middle = PLANE.to_xy(*landscape.CUT_OFF)
    assert all(math.dist(osm.xy[node], middle) < landscape.CUT_OFF_RADIUS_M for node in hamlet)


def test_the_network_has_the_planned_number_of_junctions_and_ends(osm):
    uses = Counter(node for way in osm.roads() for node in way.nodes)
    ends = {way.nodes[i] for way in osm.roads() for i in (0, -1)}
    assert 6_000 <= len({node for node, count in uses.items() if count > 1} | ends) <= 9_500


def test_every_village_has_lanes_and_a_road_at_its_position(osm, villages, facts):
    on_roads = {osm.lat_lon[node] for way in osm.roads() for node in way.nodes}
    assert all((float(row["lat"]), float(row["lon"])) in on_roads for row in facts.values())
    streets = [way for way in osm.roads() if way.tags["highway"] in {"residential", "living_street"}]
    uses = Counter(node for way in streets for node in way.nodes)
    crossings = [node for node, count in uses.items() if count > 1]
    areas = list(villages.values())
    places = [Point(osm.lat_lon[node][::-1]) for node in crossings]
    _, village = shapely.STRtree(areas).query(places, predicate="within")
    counts = Counter(village.tolist())
    assert min(counts[i] for i in range(len(areas))) >= 5


def test_every_station_stands_at_a_road(osm, station_facts):
    on_roads = {osm.lat_lon[node] for way in osm.roads() for node in way.nodes}
    assert all((float(row["lat"]), float(row["lon"])) in on_roads for row in station_facts)


def test_one_national_road_and_one_toll_road_with_gates_run_through(osm):
    classes = Counter(way.tags["highway"] for way in osm.roads())
    assert {"trunk", "primary", "secondary", "tertiary", "residential", "motorway", "motorway_link"} <= set(classes)
    toll = [way for way in osm.roads() if way.tags["highway"].startswith("motorway")]
    assert all(way.tags["toll"] == "yes" and way.tags["oneway"] == "yes" and way.tags["name"] for way in toll)
    gates = {way.tags["name"] for way in toll if way.tags["highway"] == "motorway_link"}
    assert len(gates) == len(landscape.INTERCHANGES)
    assert all(way.tags.get("maxspeed") for way in osm.roads() if way.tags["highway"] in {"trunk", "primary"})


def test_the_toll_road_is_driven_on_the_left(osm):
    """Eastbound lies north of westbound."""
    sides: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for way in osm.roads():
        if way.tags["highway"] == "motorway":
            eastbound = osm.xy[way.nodes[0]][0] < osm.xy[way.nodes[-1]][0]
            sides[eastbound] += [osm.xy[node] for node in way.nodes]
    eastern = LineString(sorted(sides[True]))
    inner = [point for point in sides[False] if eastern.bounds[0] + 500 < point[0] < eastern.bounds[2] - 500]
    below = [y < eastern.interpolate(eastern.project(Point(x, y))).y for x, y in inner]
    assert sum(below) > 0.95 * len(below)


def test_the_roundabout_is_driven_clockwise(osm):
    (circle,) = [way for way in osm.roads() if way.tags.get("junction") == "roundabout"]
    assert circle.nodes[0] == circle.nodes[-1]
    assert not Polygon([osm.xy[node] for node in circle.nodes]).exterior.is_ccw


def test_towns_have_one_way_streets_of_both_taggings(osm):
    values = Counter(
        way.tags["oneway"] for way in osm.roads() if way.tags["highway"] == "residential" and "oneway" in way.tags
    )
    assert values["yes"] >= 10 and values["-1"] >= 10


def turn_deg(before: tuple[float, float], at: tuple[float, float], after: tuple[float, float]) -> float:
    came = math.atan2(at[1] - before[1], at[0] - before[0])
    goes = math.atan2(after[1] - at[1], after[0] - at[0])
    return math.degrees(math.remainder(goes - came, 2 * math.pi))


def test_turn_restrictions_hold_at_ends_of_their_ways_and_turn_as_they_say(osm):
    kinds = Counter()
    for relation in osm.relations:
        kind = relation.tags["restriction"]
        kinds[kind] += 1
        via = relation.members["via"]
        start, end = osm.ways[relation.members["from"]], osm.ways[relation.members["to"]]
        assert start.tags["highway"] == "trunk"
        assert via in {start.nodes[0], start.nodes[-1]} and via in {end.nodes[0], end.nodes[-1]}
        before = start.nodes[1] if start.nodes[0] == via else start.nodes[-2]
        after = end.nodes[1] if end.nodes[0] == via else end.nodes[-2]
        angle = turn_deg(osm.xy[before], osm.xy[via], osm.xy[after])
        right = {
            "no_left_turn": 40 < angle < 140,
            "no_right_turn": -140 < angle < -40,
            "only_straight_on": abs(angle) < 40,
            "no_u_turn": start is end,
        }
        assert right[kind], (kind, angle)
    assert set(kinds) == set(traffic.RESTRICTION_CYCLE) and kinds.total() == traffic.RESTRICTION_COUNT


def test_there_is_one_bollard_and_one_private_gate_on_roads(osm):
    on_roads = {node for way in osm.roads() for node in way.nodes}
    barriers = {node: tags["barrier"] for node, tags in osm.node_tags.items() if "barrier" in tags}
    assert set(barriers) <= on_roads
    assert Counter(barriers.values()) == {"bollard": 1, "gate": 1, "toll_booth": 4 * len(landscape.INTERCHANGES)}


def test_the_railway_meets_roads_at_level_crossings(osm):
    on_roads = {node for way in osm.roads() for node in way.nodes}
    rails = {node for way in osm.ways.values() if "railway" in way.tags for node in way.nodes}
    crossings = {node for node, tags in osm.node_tags.items() if tags.get("railway") == "level_crossing"}
    assert crossings == rails & on_roads
    assert len(crossings) >= 10


def test_land_lies_on_the_left_of_the_coastline(osm, villages):
    (coast,) = [way for way in osm.ways.values() if way.tags.get("natural") == "coastline"]
    line = osm.line(coast)
    inside = unary_union([Polygon([PLANE.to_xy(y, x) for x, y in area.exterior.coords]) for area in villages.values()])
    assert line.length > 60_000
    left = line.offset_curve(150.0)
    right = line.offset_curve(-150.0)
    assert left.intersection(inside).length > 0.75 * left.length  # the city's coast is no village
    assert right.intersection(inside).length < 0.02 * right.length


# Names


def test_names_are_built_from_facts_and_word_lists_alone(osm, facts, station_facts):
    """So that no person, living or invented, can appear."""
    village_names = {row["name"] for row in facts.values()}
    kecamatan_names = {row["kecamatan"] for row in facts.values()}
    plain = {*lanes.TOWN_STREETS, *lanes.VILLAGE_STREETS, *lanes.ALLEYS, "Jalan Balai Desa"}
    plain |= {*landmarks.MOSQUES, *landmarks.HAMLETS, landscape.RESERVOIR_NAME, "Kota Cirebon"}
    plain |= {row["name"] for row in station_facts}
    patterns = {
        r"Jalan (.+) - (.+)": village_names,
        r"Jalan Raya (.+) - (.+)": kecamatan_names,
        r"(?:Balai Desa|Kantor Kelurahan|SDN 1) (.+)": village_names,
        r"(?:Kantor Kecamatan|Polsek|SMPN 1|Pasar) (.+)": kecamatan_names,
    }

    def is_known(name: str) -> bool:
        if name in plain or name.endswith("(contoh)"):
            return True
        matches = ((re.fullmatch(pattern, name), known) for pattern, known in patterns.items())
        return any(match and set(match.groups()) <= known for match, known in matches)

    elements = [*osm.node_tags.values(), *(way.tags for way in osm.ways.values())]
    names = {tags["name"] for tags in elements if "name" in tags}
    assert {name for name in names if not is_known(name)} == set()
    assert {name for name in names if name.endswith("(contoh)")} == hand_given_names()


def hand_given_names() -> set[str]:
    return {
        *(road.name for road in landscape.ROADS),
        *(river.name for river in landscape.RIVERS),
        *(name for name, _ in landscape.RAILWAY_STATIONS),
        *(f"Gerbang Tol {interchange.name} (contoh)" for interchange in landscape.INTERCHANGES),
        landscape.TOLL_NAME, landscape.ROUNDABOUT_NAME, landscape.RAILWAY_NAME, landscape.CUT_OFF_NAME,
        traffic.DRIVEWAY_NAME,
    }  # fmt: skip


def test_every_village_has_an_office_a_school_and_a_mosque_within_its_borders(osm, villages, facts):
    offices = Counter()
    by_village: Counter[tuple[str, str]] = Counter()
    areas, codes = list(villages.values()), list(villages)
    marks = [
        (tags, Point(osm.lat_lon[node][::-1])) for node, tags in osm.node_tags.items() if tags.get("note") == "contoh"
    ]
    mark, village = shapely.STRtree(areas).query([place for _, place in marks], predicate="within")
    assert len(mark) == len(marks)
    for i, j in zip(mark.tolist(), village.tolist(), strict=True):
        tags, code = marks[i][0], codes[j]
        by_village[code, tags.get("amenity", "place")] += 1
        if tags.get("amenity") == "townhall" and tags["name"].split(" ", 2)[2] == facts[code]["name"]:
            offices[code] += 1
    assert all(offices[code] >= 1 for code in villages)
    assert all(by_village[code, kind] >= 1 for code in villages for kind in ("school", "place_of_worship"))


def test_stations_of_the_facts_are_on_the_map(osm, station_facts):
    amenity = {"fire_station": "fire_station", "puskesmas": "clinic", "hospital": "hospital"}
    drawn = {
        (tags["amenity"], tags["name"], osm.lat_lon[node])
        for node, tags in osm.node_tags.items()
        if tags.get("amenity") in PLACE_AMENITIES
    }
    for row in station_facts:
        assert (amenity[row["kind"]], row["name"], (float(row["lat"]), float(row["lon"]))) in drawn


# Tables


def test_tables_repeat_the_facts(facts, station_facts):
    assert {row["code"]: row["population"] for row in rows("population.csv")} == {
        code: row["population"] for code, row in facts.items()
    }
    stations = [(r["kind"], r["name"], float(r["lat"]), float(r["lon"]), r["operating"]) for r in rows("stations.csv")]
    assert stations == [(r["kind"], r["name"], float(r["lat"]), float(r["lon"]), r["operating"]) for r in station_facts]


def test_every_village_has_a_postcode_of_cirebon(facts):
    places = rows("places.csv")
    assert {row["code"]: row["name"] for row in places} == {code: row["name"] for code, row in facts.items()}
    assert all(re.fullmatch(r"45\d{3}", row["postcode"]) for row in places)
    assert 10 <= sum(bool(row["aliases"]) for row in places) < len(places)


def test_units_are_parked_at_their_posts_and_most_are_available(osm):
    units = rows("units.csv")
    assert 50 <= len(units) <= 70
    assert len({row["id"] for row in units}) == len(units)
    assert all(re.fullmatch(r"(AMB|DAMKAR|RESCUE|BPBD|SATPOL|DISHUB|DINSOS|POL)-\d\d", row["id"]) for row in units)
    posts = {
        osm.lat_lon[node]
        for node, tags in osm.node_tags.items()
        if tags.get("amenity") in {"clinic", "hospital", "fire_station", "police"} and "disused" not in tags
    }
    assert all((float(row["lat"]), float(row["lon"])) in posts and row["fix_time"] == "" for row in units)
    statuses = Counter(UnitStatus(row["status"]) for row in units)
    assert 0.75 * len(units) < statuses[UnitStatus.AVAILABLE] < len(units)
    assert statuses[UnitStatus.OUT_OF_SERVICE] >= 1
    others = {"rapid_response", "boat", "evacuation_truck", "public_order", "traffic_unit", "social_services"}
    assert {row["kind"] for row in units} == {"ambulance", "fire_engine", "rescue", "police"} | others


# Making


def test_the_sources_say_that_they_are_an_example():
    assert (SOURCE / "README").read_text(encoding="utf-8").startswith(NOT_FOR_OPERATION)
    assert NOT_FOR_OPERATION in (SOURCE / "villages.geojson").read_text(encoding="utf-8")
    assert NOT_FOR_OPERATION.encode() in gzip.decompress((SOURCE / "roads.osm.gz").read_bytes())


@pytest.mark.slow
def test_the_script_makes_the_same_sources_again(tmp_path):
    make(FACTS, tmp_path, region=False)
    assert differences(SOURCE, tmp_path / "source") == []


def test_a_changed_missing_or_further_file_is_a_difference(tmp_path):
    stored, made = tmp_path / "stored", tmp_path / "made"
    for folder in (stored, made):
        folder.mkdir()
        (folder / "same.csv").write_text("a\n", encoding="utf-8")
        (folder / "changed.csv").write_text(folder.name, encoding="utf-8")
    (stored / "missing.csv").write_text("", encoding="utf-8")
    (made / "further.csv").write_text("", encoding="utf-8")
    assert differences(stored, made) == ["changed.csv", "further.csv", "missing.csv"]


def test_packed_files_are_compared_by_what_they_hold(tmp_path):
    stored, made = tmp_path / "stored", tmp_path / "made"
    for folder, level in ((stored, 1), (made, 9)):
        folder.mkdir()
        (folder / "roads.osm.gz").write_bytes(gzip.compress(b"<osm/>" * 1_000, compresslevel=level))
    assert (stored / "roads.osm.gz").read_bytes() != (made / "roads.osm.gz").read_bytes()
    assert differences(stored, made) == []
    shutil.copyfile(SOURCE / "roads.osm.gz", made / "roads.osm.gz")
    assert differences(stored, made) == ["roads.osm.gz"]
