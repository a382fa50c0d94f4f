"""Isochrones on real roads, against every reached stretch as a line of its own."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely

from gis.geodesy import LocalPlane
from gis.types import Location
from routing.hierarchy import Hierarchy
from routing.isochrone import BUFFER_M
from routing.router import Router
from tests.integration.test_routing_real import places, real_router
from tests.slow_isochrone import in_metres, reached_parts, road_length_m, stretches
from tests.slow_routing import SlowRouter

LIMITS_S = (240.0, 40.0, 120.0)
OVERLAP_M = 1e-6
"""Lines cut by interpolation lie this near to where the exact cut is."""


@pytest.fixture(scope="module", params=["cirebon/cirebon.osm.pbf", "osm/monaco.osm.pbf"])
def real(request: pytest.FixtureRequest, shared_data: Path) -> tuple[Router, SlowRouter]:
    router = real_router(shared_data / request.param)
    return router, SlowRouter(router.network, router.metric)


def slow_origins(router: Router, origins: list[Location]) -> list[tuple]:
    pinned = router.pin(origins)
    return [
        (access.snaps[0], float(ms))
        for access, ms in zip(pinned.access, pinned.reach_road_ms, strict=True)
        if access.snaps
    ]


@pytest.mark.parametrize("count", [1, 5])
def test_an_isochrone_holds_every_reached_stretch_and_nothing_far_from_one(real, count):
    router, slow = real
    origins = places(router.network, count, seed=5)
    plane = LocalPlane(lat0=origins[0].lat, lon0=origins[0].lon)
    stands = slow_origins(router, origins)
    assert stands
    for limit_s, isochrone in zip(LIMITS_S, router.isochrone(origins, LIMITS_S), strict=True):
        parts = reached_parts(slow, stands, limit_s * 1000)
        assert isochrone.limit_s == limit_s
        assert isochrone.buffer_m == BUFFER_M
        assert isochrone.road_length_m == pytest.approx(road_length_m(router.network, parts), rel=1e-9, abs=1e-6)
        lines = [in_metres(line, plane) for line in stretches(router.network, parts)]
        land = in_metres(isochrone.polygon, plane)
        assert shapely.is_valid(land)
        shapely.prepare(held := land.buffer(OVERLAP_M))
        assert all(held.covers(line) for line in lines)
        assert shapely.union_all(shapely.buffer(lines, BUFFER_M, quad_segs=16)).covers(land)


def test_what_is_reached_sooner_lies_within_what_is_reached_later(real):
    router, _ = real
    rising = sorted(LIMITS_S)
    for origin in places(router.network, 12, seed=3):
        found = router.isochrone(origin, rising)
        for sooner, later in pairwise(found):
            assert sooner.polygon.is_empty or later.polygon.covers(sooner.polygon)
            assert later.road_length_m >= sooner.road_length_m


def test_more_origins_never_reach_less(real):
    router, _ = real
    some = places(router.network, 6, seed=4)
    fewer, more = (router.isochrone(origins, [300.0])[0] for origins in (some[:3], some))
    assert more.road_length_m >= fewer.road_length_m
    plane = LocalPlane(lat0=some[0].lat, lon0=some[0].lon)
    # Grids differ, so outlines may: what the one covers is near the roads of the other.
    assert in_metres(more.polygon, plane).buffer(BUFFER_M).covers(in_metres(fewer.polygon, plane))


def test_land_between_roads_that_is_far_from_all_stays_a_hole(real):
    router, slow = real
    (origin,) = places(router.network, 1, seed=5)
    isochrone = router.isochrone(origin, [600.0])[0]
    plane = LocalPlane(lat0=origin.lat, lon0=origin.lon)
    parts = reached_parts(slow, slow_origins(router, [origin]), 600_000)
    lines = in_metres(shapely.MultiLineString(stretches(router.network, parts)), plane)
    land = in_metres(isochrone.polygon, plane)
    dice = np.random.default_rng(7)
    west, south, east, north = lines.bounds
    spots = shapely.points(dice.uniform(west, east, 3000), dice.uniform(south, north, 3000))
    away_m = shapely.distance(lines, spots)
    assert (away_m > BUFFER_M).any()
    assert not (shapely.contains(land, spots) & (away_m > BUFFER_M)).any()
    assert shapely.contains(land, spots)[away_m < BUFFER_M / 10].all()


def test_both_engines_draw_the_same_isochrones(real):
    plain, _ = real
    fast = Router(
        plain.network,
        plain.settings,
        snapper=plain.snapper,
        hierarchy=Hierarchy.build(plain.network, plain.settings),
    )
    for origin in places(plain.network, 4, seed=8):
        for one, other in zip(plain.isochrone(origin, LIMITS_S), fast.isochrone(origin, LIMITS_S), strict=True):
            assert one.road_length_m == other.road_length_m and one.polygon.equals(other.polygon)
