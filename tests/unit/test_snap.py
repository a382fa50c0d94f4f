"""Snapping to the nearest edge, against every segment measured in shapely."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.geodesy import distance_m
from gis.types import Location
from routing import snap
from routing.network import EdgeFlag
from routing.snap import TIE_M, Snapper
from tests.networks import Road, network_from_edges
from tests.slow_routing import SlowSnapper
from tests.strategies import near_roads, road_networks

FAR_M = 1e9
ANYWHERE = st.builds(Location, lat=st.floats(-0.05, 0.06), lon=st.floats(-0.05, 0.06))
BEND = network_from_edges(
    [(0.0, 0.0), (0.01, 0.01)], [Road(tail=0, head=1, via=((0.0, 0.01),)), Road(tail=0, head=1, oneway=True)]
)


@given(data=st.data(), built=road_networks())
@settings(max_examples=100, deadline=None)
def test_the_nearest_edge_is_the_lowest_of_the_nearest_of_all(data, built):
    network = built.network
    location = data.draw(ANYWHERE | near_roads(built))
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=network.edge_count, max_size=network.edge_count)))
    snapper, slow = Snapper.build(network), SlowSnapper(network)
    for allowed in (None, mask):
        snap = snapper.nearest(location, None if allowed is None else snapper.allow(allowed), limit_m=FAR_M)
        expected = slow.nearest(location, allowed, tie_m=TIE_M)
        assert (snap is None) == (expected is None)
        if snap is not None and expected is not None:
            assert snap.distance_m == pytest.approx(expected[1], abs=1e-6)
            assert snap.edge == expected[0] or abs(snap.distance_m - expected[1]) > TIE_M / 2
            assert allowed is None or allowed[snap.edge]
            away_m = distance_m(location.lat, location.lon, snap.location.lat, snap.location.lon)
            assert snap.distance_m == pytest.approx(away_m, rel=0.01, abs=0.01)


@given(data=st.data(), built=road_networks())
@settings(max_examples=50, deadline=None)
def test_many_at_once_are_snapped_as_one_by_one(data, built):
    snapper = Snapper.build(built.network)
    places = data.draw(st.lists(ANYWHERE | near_roads(built), max_size=8))
    limit_m = data.draw(st.sampled_from((0.0, 50.0, 2_000.0, FAR_M)))
    assert snapper.nearest_many(places, limit_m=limit_m) == [snapper.nearest(at, limit_m=limit_m) for at in places]


def test_a_road_found_in_a_corner_of_the_square_does_not_hide_a_nearer_one_beyond_its_side():
    dice = random.Random(7)
    starts = [(dice.uniform(0, 0.1), dice.uniform(0, 0.1)) for _ in range(120)]
    points = [point for lat, lon in starts for point in ((lat, lon), (lat + 0.0005, lon))]
    built = network_from_edges(points, [Road(tail=at, head=at + 1) for at in range(0, len(points), 2)])
    snapper, slow = Snapper.build(built.network), SlowSnapper(built.network)
    for _ in range(300):
        place = Location(lat=dice.uniform(0, 0.1), lon=dice.uniform(0, 0.1))
        snap, expected = snapper.nearest(place, limit_m=FAR_M), slow.nearest(place, tie_m=TIE_M)
        assert snap is not None
        assert expected is not None
        assert (snap.edge, snap.distance_m) == (expected[0], pytest.approx(expected[1], abs=1e-6))


def test_a_grid_laid_in_parts_is_the_grid_laid_at_once(monkeypatch):
    dice = random.Random(11)
    points = [(dice.uniform(0, 0.02), dice.uniform(0, 0.02)) for _ in range(40)]
    network = network_from_edges(points, [Road(tail=at, head=at + 1) for at in range(39)]).network
    whole = Snapper.build(network)
    monkeypatch.setattr(snap, "SEGMENTS_AT_ONCE", 5)
    parts = Snapper.build(network)
    assert len(whole.cell_point) > 39
    assert (parts.cell_offset == whole.cell_offset).all() and (parts.cell_point == whole.cell_point).all()


@given(share=st.floats(0, 1))
def test_the_fraction_is_the_share_of_length_before_the_point(share):
    network = BEND.network
    edge, twin = BEND.edge_of[0, True], BEND.edge_of[0, False]
    on_second_leg = Location(lat=0.01 * share, lon=0.01)
    snapper = Snapper.build(network)
    snap = snapper.nearest(on_second_leg, limit_m=FAR_M)
    assert snap is not None
    assert snap.edge == (edge if share < 1.0 else min(edge, BEND.edge_of[1, True]))
    passed_m = distance_m(0.0, 0.0, 0.0, 0.01) + distance_m(0.0, 0.01, on_second_leg.lat, 0.01)
    assert snap.fraction * network.edge_length_m[edge] == pytest.approx(passed_m, abs=0.01)
    only_twin = np.arange(network.edge_count) == twin
    back = snapper.nearest(on_second_leg, snapper.allow(only_twin), limit_m=FAR_M)
    assert back is not None
    assert (back.edge, back.fraction) == (twin, 1.0 - snap.fraction)


def test_the_ends_of_an_edge_are_exactly_its_ends():
    snapper = Snapper.build(BEND.network)
    beyond = [Location(lat=-0.001, lon=-0.001), Location(lat=0.011, lon=0.011)]
    assert [snap.fraction for snap in snapper.nearest_many(beyond, limit_m=FAR_M) if snap] == [0.0, 1.0]


def test_a_point_on_the_road_is_not_moved():
    snap = Snapper.build(BEND.network).nearest(Location(lat=0.0, lon=0.005), limit_m=FAR_M)
    assert snap is not None
    assert snap.distance_m == pytest.approx(0.0, abs=1e-6)
    assert (snap.location.lat, snap.location.lon) == pytest.approx((0.0, 0.005))


def test_a_road_beyond_the_limit_is_none():
    snapper = Snapper.build(BEND.network)
    off = Location(lat=-0.01, lon=0.005)
    assert snapper.nearest(off, limit_m=1_100.0) is None
    found = snapper.nearest(off, limit_m=1_110.0)
    assert found is not None
    assert found.distance_m == pytest.approx(1105.74, abs=0.01)


@pytest.mark.parametrize(
    "road",
    [
        Road(tail=0, head=1, road_class="ferry", flags=EdgeFlag.FERRY),
        Road(tail=0, head=1, road_class="barrier", flags=EdgeFlag.BARRIER | EdgeFlag.EMERGENCY),
    ],
)
def test_nobody_gets_off_in_the_middle_of_a_ferry_line_or_a_barrier(road):
    points = [(0.0, 0.0), (0.0, 0.01), (0.001, 0.0)]
    built = network_from_edges(points, [road, Road(tail=0, head=2)])
    snap = Snapper.build(built.network).nearest(Location(lat=0.0, lon=0.009), limit_m=FAR_M)
    assert snap is not None
    assert snap.edge in {built.edge_of[1, True], built.edge_of[1, False]}


def test_a_network_without_roads_has_no_nearest_road():
    built = network_from_edges([(0.0, 0.0)], [])
    assert Snapper.build(built.network).nearest(Location(lat=0.0, lon=0.0), limit_m=FAR_M) is None


def test_a_saved_grid_answers_as_the_one_that_was_built(tmp_path):
    built = Snapper.build(BEND.network)
    built.save(tmp_path)
    loaded = Snapper.load(tmp_path, BEND.network)
    assert isinstance(loaded.cell_point.base, np.memmap)
    place = Location(lat=0.003, lon=0.0077)
    assert loaded.nearest(place, limit_m=FAR_M) == built.nearest(place, limit_m=FAR_M)
