"""Routes told street by street, and written as GeoJSON and GPX."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.types import Location
from routing.directions import describe, distance_text
from routing.geojson import route_geojson
from routing.gpx import NAMESPACE, route_gpx
from routing.network import ROAD_CLASSES, EdgeFlag
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper
from routing.types import Route, RouteStep
from tests.networks import BuiltNetwork, Road, network_from_edges, node_location
from tests.strategies import near_roads, road_networks

MANOEUVRES = (
    "depart", "continue", "slight_left", "left", "sharp_left", "slight_right", "right", "sharp_right", "uturn",
    "roundabout", "ferry", "arrive",
)  # fmt: skip

# A crossing at the middle (0) with arms of 1.1 km: 1 south, 2 north, 3 west, 4 east, 5 north-east.
STAR = [(0.0, 0.0), (-0.01, 0.0), (0.01, 0.0), (0.0, -0.01), (0.0, 0.01), (0.008, 0.006)]


def route_between(built: BuiltNetwork, origin: int, target: int) -> Route:
    network = built.network
    router = Router(network, RoutingSettings(), snapper=Snapper.build(network))
    route = router.route(node_location(network, origin), node_location(network, target))
    assert route is not None
    return route


def told(route: Route) -> list[tuple[str, str]]:
    return [(step.manoeuvre, step.name) for step in route.steps]


def star(*names: str) -> BuiltNetwork:
    """Arms of the star by name, south first."""
    return network_from_edges(STAR, [Road(tail=0, head=1 + arm, name=name) for arm, name in enumerate(names)])


@pytest.mark.parametrize(("target", "manoeuvre"), [(2, "continue"), (3, "left"), (4, "right"), (5, "slight_right")])
def test_a_turn_is_named_by_the_angle_between_the_streets(target, manoeuvre):
    route = route_between(star("Selatan", "Utara", "Barat", "Timur", "Timur Laut"), 1, target)
    assert [step.manoeuvre for step in route.steps] == ["depart", manoeuvre, "arrive"]
    assert route.steps[1].location == node_location(star("a").network, 0)


def test_a_sharp_turn_is_told_as_sharp():
    route = route_between(star("Selatan", "Utara", "Barat", "Timur", "Timur Laut"), 2, 5)
    assert told(route) == [("depart", "Utara"), ("sharp_left", "Timur Laut"), ("arrive", "Timur Laut")]


def test_a_street_that_goes_straight_on_through_a_crossing_is_one_step():
    route = route_between(star("Raya", "Raya", "Barat", "Timur"), 1, 2)
    assert told(route) == [("depart", "Raya"), ("arrive", "Raya")]
    assert route.steps[0].length_m == route.length_m
    assert route.steps[0].bearing_deg == pytest.approx(0.0)


def test_a_street_that_turns_off_at_a_crossing_is_told():
    assert told(route_between(star("Raya", "Utara", "Raya"), 1, 3))[1] == ("left", "Raya")


def test_a_bend_where_there_is_no_choice_is_not_told():
    built = network_from_edges(STAR, [Road(tail=0, head=1, name="Raya"), Road(tail=0, head=3, name="Raya")])
    assert told(route_between(built, 1, 3)) == [("depart", "Raya"), ("arrive", "Raya")]


def test_roads_without_a_name_are_one_step_while_they_go_straight_on():
    assert told(route_between(star("", "", "", ""), 1, 2)) == [("depart", ""), ("arrive", "")]
    assert told(route_between(star("", "", "", ""), 1, 4)) == [("depart", ""), ("right", ""), ("arrive", "")]


def test_turning_round_at_a_node_is_told():
    roads = [Road(tail=1, head=0), Road(tail=0, head=2), Road(tail=0, head=3)]
    no_left_turn = [[(0, True), (2, True)]]
    route = route_between(network_from_edges(STAR, roads, no_left_turn), 1, 3)
    assert [step.manoeuvre for step in route.steps] == ["depart", "uturn", "right", "arrive"]


def roundabout() -> BuiltNetwork:
    """A ring driven counter-clockwise (S 0, E 1, N 2, W 3) with a two-way arm at each: S 4, E 5, N 6, W 7."""
    ring = [(-0.0003, 0.0), (0.0, 0.0003), (0.0003, 0.0), (0.0, -0.0003)]
    arms = [(-0.01, 0.0), (0.0, 0.01), (0.01, 0.0), (0.0, -0.01)]
    names = ("Selatan", "Timur", "Utara", "Barat")
    roads = [Road(tail=at, head=(at + 1) % 4, oneway=True, flags=EdgeFlag.ROUNDABOUT) for at in range(4)]
    roads += [Road(tail=at, head=at + 4, name=names[at]) for at in range(4)]
    return network_from_edges(ring + arms, roads)


@pytest.mark.parametrize(("target", "exit_number", "street"), [(5, 1, "Timur"), (6, 2, "Utara"), (7, 3, "Barat")])
def test_exits_of_a_roundabout_are_counted_to_the_one_that_is_taken(target, exit_number, street):
    route = route_between(roundabout(), 4, target)
    assert told(route) == [("depart", "Selatan"), ("roundabout", street), ("arrive", street)]
    assert route.steps[1].roundabout_exit == exit_number
    assert describe(route.steps[1], "id").startswith(f"Di bundaran ambil jalan keluar ke-{exit_number} ke {street}, ")
    assert describe(route.steps[1], "en").startswith(f"At the roundabout take exit {exit_number} onto {street}, ")


def test_an_incident_in_the_roundabout_has_no_exit():
    route = route_between(roundabout(), 4, 2)
    step = route.steps[-2]
    assert (step.manoeuvre, step.roundabout_exit) == ("roundabout", None)
    assert describe(step, "id").startswith("Masuk bundaran")


def test_a_ferry_is_told():
    roads = [
        Road(tail=1, head=0, name="Dermaga"),
        Road(tail=0, head=2, road_class="ferry", flags=EdgeFlag.FERRY, name="Merak - Bakauheni"),
        Road(tail=2, head=5, name="Pantai"),
    ]
    route = route_between(network_from_edges(STAR, roads), 1, 5)
    assert [step.manoeuvre for step in route.steps] == ["depart", "ferry", "right", "arrive"]
    assert describe(route.steps[1], "id").startswith("Naik feri Merak - Bakauheni, 1,1 km")


def test_a_barrier_that_opens_is_not_a_step():
    points = [(0.0, 0.0), (0.0, 0.01), (0.0, 0.01), (0.0, 0.02)]
    gate = Road(tail=1, head=2, road_class="barrier", flags=EdgeFlag.BARRIER | EdgeFlag.EMERGENCY)
    roads = [Road(tail=0, head=1, name="Raya"), gate, Road(tail=2, head=3, name="Raya")]
    route = route_between(network_from_edges(points, roads), 0, 3)
    assert len(route.edges) == 3
    assert told(route) == [("depart", "Raya"), ("arrive", "Raya")]


@given(data=st.data(), built=road_networks())
@settings(max_examples=100, deadline=None)
def test_every_route_can_be_told_and_its_parts_add_up(data, built):
    router = Router(built.network, RoutingSettings(), snapper=Snapper.build(built.network))
    route = router.route(data.draw(near_roads(built)), data.draw(near_roads(built)))
    if route is None:
        return
    manoeuvres = [step.manoeuvre for step in route.steps]
    assert manoeuvres[-1] == "arrive"
    assert set(manoeuvres) <= set(MANOEUVRES)
    assert not route.edges or manoeuvres[0] == "depart"
    for lang in ("id", "en"):
        assert all(describe(step, lang) for step in route.steps)
        json.dumps(route_geojson(route, lang), allow_nan=False)
        ET.fromstring(route_gpx(route, lang, name="R"))


# --- words ---------------------------------------------------------------------------------------------------------

STEP = RouteStep(
    name="Jalan Raya Sumber",
    road_class="secondary",
    manoeuvre="left",
    length_m=1234.0,
    seconds=90.0,
    location=Location(lat=-6.76, lon=108.48),
    bearing_deg=270.0,
)


def test_a_step_is_told_in_both_languages():
    assert describe(STEP, "id") == "Belok kiri ke Jalan Raya Sumber, 1,2 km"
    assert describe(STEP, "en") == "Turn left onto Jalan Raya Sumber, 1.2 km"


@pytest.mark.parametrize("lang", ["id", "en"])
@pytest.mark.parametrize("road_class", ROAD_CLASSES)
@pytest.mark.parametrize("manoeuvre", MANOEUVRES)
def test_every_manoeuvre_onto_every_class_of_unnamed_road_has_words(lang, road_class, manoeuvre):
    text = describe(replace(STEP, name="", road_class=road_class, manoeuvre=manoeuvre), lang)
    assert "{" not in text
    assert road_class == "road" or f"_{road_class}" not in text


def test_an_unnamed_road_is_called_by_its_class():
    assert describe(replace(STEP, name="", road_class="unclassified"), "id") == "Belok kiri ke jalan kampung, 1,2 km"
    assert describe(replace(STEP, name="", road_class="residential"), "id").startswith("Belok kiri ke jalan lingkungan")


def test_arriving_tells_no_distance():
    assert describe(replace(STEP, manoeuvre="arrive"), "en") == "Arrive at the destination, Jalan Raya Sumber"


def test_another_language_is_refused():
    with pytest.raises(KeyError):
        describe(STEP, "fr")


@pytest.mark.parametrize(
    ("length_m", "text"),
    [
        (0.0, "0 m"),
        (42.4, "42 m"),
        (99.4, "99 m"),
        (104.0, "100 m"),
        (994.0, "990 m"),
        (996.0, "1,0 km"),
        (12_345.0, "12,3 km"),
    ],
)
def test_distances_are_rounded_as_people_say_them(length_m, text):
    assert distance_text(length_m, "id") == text


# --- files ---------------------------------------------------------------------------------------------------------


def test_geojson_holds_the_line_in_lon_lat_and_a_point_for_every_step():
    route = route_between(star("Selatan", "Utara", "Barat", "Timur"), 1, 4)
    line, *points = route_geojson(route, "id")["features"]
    assert line["geometry"]["coordinates"] == [[lon, lat] for lat, lon in route.points]
    assert line["properties"]["seconds"] == route.time.total_s
    assert line["properties"]["length_m"] == round(route.length_m, 1)
    assert line["properties"]["last_metres_m"] == round(route.target.distance_m, 1)
    assert [step["text"] for step in line["properties"]["steps"]] == [describe(step, "id") for step in route.steps]
    assert [point["properties"]["manoeuvre"] for point in points] == ["depart", "right", "arrive"]


def test_a_unit_on_the_spot_still_gets_a_line_of_two_positions():
    route = route_between(star("Selatan", "Utara"), 1, 1)
    assert route.edges == ()
    assert route.length_m == 0.0
    assert len(route_geojson(route, "en")["features"][0]["geometry"]["coordinates"]) == 2


def test_gpx_is_well_formed_whatever_the_names_are():
    route = route_between(star("A & B <c> \"d\" 'e' \x00", "Utara"), 1, 2)
    root = ET.fromstring(route_gpx(route, "id", name="Unit <1> & \x0b"))
    space = {"g": NAMESPACE}
    assert root.attrib["version"] == "1.1"
    assert root.findtext("g:trk/g:name", namespaces=space) == "Unit <1> & "
    track = [(float(at.attrib["lat"]), float(at.attrib["lon"])) for at in root.iterfind(".//g:trkpt", space)]
    assert track == [pytest.approx(point, abs=1e-7) for point in route.points]
    turns = [at.findtext("g:desc", namespaces=space) for at in root.iterfind(".//g:rtept", space)]
    assert turns[0] is not None
    assert turns[0].startswith("Mulai di A & B <c> \"d\" 'e' ")
    assert len(turns) == len(route.steps)
