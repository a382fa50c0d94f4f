from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gis.geodesy import distance_m
from routing.background import BACKGROUND_CLASSES, Background
from routing.network import Int32Array
from routing.osm_background import area_class, line_class
from routing.osm_places import PLACE_KEYS, place_kind
from routing.osm_read import read_osm
from routing.osm_streets import SAME_STREET_M, StreetCollector

MAP = Path(__file__).parents[1] / "data" / "osm" / "places.osm"


@pytest.fixture(scope="module")
def extract():
    return read_osm([MAP])


@pytest.fixture(scope="module")
def places(extract):
    return {place.place_id: place for place in extract.places}


def skipped(extract, osm_id: int) -> str:
    (reason,) = [why for why, entry in extract.report["places"]["skipped"].items() if osm_id in entry["examples"]]
    return reason


def test_the_named_things_of_the_map_are_its_places(places):
    assert {(place_id, place.kind, place.name) for place_id, place in places.items()} == {
        ("osm:way/80", "hospital", "RSUD Waled"),
        ("osm:relation/801", "market", "Pasar Mundu"),
        ("osm:node/31", "clinic", "Puskesmas Mundu"),
        ("osm:node/32", "place", "Mundu Pesisir"),
        ("osm:node/33", "police", "Kantor Polisi"),
    }


def test_other_names_and_the_postcode_come_along(places):
    assert places["osm:way/80"].alt_names == ("Waled Hospital",)
    assert places["osm:node/31"].alt_names == ("PKM Mundu",)
    assert places["osm:node/31"].postcode == "45173"


def test_the_radius_of_an_area_reaches_its_farthest_corner(places):
    hospital = places["osm:way/80"]
    corners = [(-6.75, 108.5), (-6.75, 108.501), (-6.749, 108.501), (-6.749, 108.5)]
    farthest = max(distance_m(hospital.location.lat, hospital.location.lon, lat, lon) for lat, lon in corners)
    assert hospital.radius_m == pytest.approx(farthest, abs=0.1)


def test_a_place_with_a_hole_lies_in_it_and_not_in_the_hole(places):
    market = places["osm:relation/801"].location
    assert -6.747 < market.lat < -6.743
    assert not (-6.746 < market.lat < -6.745 and 108.501 < market.lon < 108.502)


def test_a_point_has_the_radius_of_its_kind(places):
    assert places["osm:node/31"].radius_m == 50
    assert places["osm:node/32"].radius_m == 1_000


def test_an_emergency_service_without_a_name_is_called_by_its_sort(extract, places):
    assert (places["osm:node/33"].kind, places["osm:node/33"].name) == ("police", "Kantor Polisi")
    assert extract.report["places"]["without_a_name"] == {"police": {"count": 1, "examples": [33]}}


@pytest.mark.parametrize(
    ("osm_id", "reason"),
    [
        (83, "place drawn as an open line"),
        (802, "administrative boundary: borders come from the official villages"),
        (803, "relation whose outline is broken or incomplete"),
    ],
)
def test_a_place_that_is_not_used_tells_why(extract, osm_id, reason):
    assert skipped(extract, osm_id) == reason


def test_ways_of_one_name_close_together_are_one_street_and_far_apart_two(extract):
    assert [(street.name, street.alt_names, len(street.geometry.geoms)) for street in extract.streets] == [
        ("Jalan Merdeka", ("jalan merdeka", "Jalan Pemuda"), 2),
        ("Jalan Merdeka", (), 1),
    ]
    assert extract.streets[1].geometry.bounds == pytest.approx((108.5, -6.7, 108.502, -6.7))


def points(*points: tuple[int, int]) -> tuple[Int32Array, Int32Array]:
    lat, lon = np.array(points, dtype=np.int32).T
    return lat, lon


@pytest.mark.parametrize(("gap_m", "streets"), [(SAME_STREET_M - 10, 1), (SAME_STREET_M + 10, 2)])
def test_a_street_goes_on_over_a_gap_of_250_metres(gap_m, streets):
    collector = StreetCollector()
    step = round(1e7 * gap_m / 111_195)
    collector.add({"name": "Jalan Raya"}, *points((0, 0), (1000, 0)))
    collector.add({"name": "Jalan Raya"}, *points((1000 + step, 0), (2000 + step, 0)))
    collector.add({"name": "Jalan Lain"}, *points((1000, 0), (1000 + step, 0)))
    assert len(collector.streets()) == streets + 1


def test_a_way_without_a_name_is_no_street():
    collector = StreetCollector()
    collector.add({"ref": "1"}, *points((0, 0), (1000, 0)))
    collector.add({"name": "Jalan Titik"}, *points((0, 0)))
    assert collector.streets() == []


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"amenity": "hospital"}, "hospital"),
        ({"healthcare": "centre"}, "clinic"),
        ({"amenity": "parking", "healthcare": "clinic"}, "clinic"),
        ({"amenity": "fire_station"}, "fire_station"),
        ({"amenity": "townhall"}, "townhall"),
        ({"office": "government"}, "government"),
        ({"amenity": "marketplace"}, "market"),
        ({"railway": "station"}, "station"),
        ({"amenity": "bus_station"}, "station"),
        ({"place": "hamlet"}, "place"),
        ({"place": "sea"}, None),
        ({"landuse": "residential"}, "place"),
        ({"amenity": "bench"}, None),
        ({"highway": "residential"}, None),
        ({}, None),
    ],
)
def test_tags_tell_the_kind_of_a_place(tags, kind):
    assert place_kind(tags) == kind


def test_every_key_of_places_is_asked_of_the_file():
    assert all(isinstance(key, str) for key in PLACE_KEYS)
    assert {"amenity", "healthcare", "place", "railway", "office"} <= set(PLACE_KEYS)


def test_the_background_keeps_areas_with_their_holes_and_lines(extract):
    background = extract.background
    drawn = [
        (BACKGROUND_CLASSES[number], bool(is_area), rings)
        for number, is_area, rings in zip(
            background.feature_class, background.feature_is_area, np.diff(background.feature_offset), strict=True
        )
    ]
    assert sorted(drawn) == [("commercial", True, 2), ("river", False, 1), ("water", True, 1)]


def test_rings_are_closed_and_in_units_of_a_ten_millionth_of_a_degree(extract):
    background = extract.background
    for feature in np.flatnonzero(background.feature_is_area):
        for ring in range(background.feature_offset[feature], background.feature_offset[feature + 1]):
            start, end = background.ring_offset[ring], background.ring_offset[ring + 1]
            assert (background.lat[start], background.lon[start]) == (background.lat[end - 1], background.lon[end - 1])
    water = int(np.flatnonzero(background.feature_class == BACKGROUND_CLASSES.index("water"))[0])
    ring = background.feature_offset[water]
    part = slice(background.ring_offset[ring], background.ring_offset[ring + 1])
    assert set(zip(background.lat[part].tolist(), background.lon[part].tolist(), strict=True)) == {
        (-67_380_000, 1_085_000_000), (-67_380_000, 1_085_010_000),
        (-67_370_000, 1_085_010_000), (-67_370_000, 1_085_000_000),
    }  # fmt: skip


def test_culverts_and_tunnels_are_not_drawn():
    assert line_class({"waterway": "stream"}) == "stream"
    assert line_class({"waterway": "stream", "tunnel": "culvert"}) is None
    assert line_class({"railway": "rail", "tunnel": "no"}) == "railway"
    assert line_class({"railway": "abandoned"}) is None


def test_areas_have_the_class_of_what_covers_them():
    assert area_class({"natural": "water"}) == "water"
    assert area_class({"waterway": "riverbank"}) == "water"
    assert area_class({"landuse": "basin"}) == "water"
    assert area_class({"leisure": "park", "landuse": "grass"}) == "grass"
    assert area_class({"building": "yes"}) is None


@pytest.mark.parametrize("which", ["of the map", "empty"])
def test_a_saved_background_opens_as_it_was(extract, tmp_path, which):
    background = extract.background if which == "of the map" else Background.empty()
    background.save(tmp_path)
    opened = Background.load(tmp_path)
    for name in ("feature_class", "feature_is_area", "feature_offset", "ring_offset", "lat", "lon"):
        assert np.array_equal(getattr(opened, name), getattr(background, name))
    assert opened.feature_count == background.feature_count
