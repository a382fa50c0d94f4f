"""Kabupaten and Kota Cirebon: repair, and every answer of the grid against the slow way."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gis.boundaries import REACH_M, BoundaryIndex
from gis.boundary_import import BoundarySet, read_boundaries
from gis.boundary_repair import MAX_MOVE_M
from gis.nearby_villages import NearbyFinder
from gis.village_grid import NEAREST, OUTSIDE
from tests.boundaries import SlowLocator

FILES = ("desa_3209.geojson", "desa_3274.geojson")


@pytest.fixture(scope="module")
def cirebon(shared_data: Path) -> BoundarySet:
    folder = shared_data / "cirebon"
    return read_boundaries([folder / name for name in FILES], kecamatan_file=folder / "kecamatan_3209.geojson")


@pytest.fixture(scope="module")
def index(cirebon: BoundarySet) -> BoundaryIndex:
    return BoundaryIndex.build(cirebon)


@pytest.fixture(scope="module")
def slow(cirebon: BoundarySet, index: BoundaryIndex) -> SlowLocator:
    return SlowLocator(cirebon, index.village_grid.plane)


@pytest.fixture(scope="module")
def lonlat(cirebon: BoundarySet) -> np.ndarray:
    """Points anywhere about the region, at corners of borders, and within metres of them."""
    rng = np.random.default_rng(112)
    west, south, east, north = cirebon.villages.total_bounds
    anywhere = rng.uniform((west - 0.02, south - 0.02), (east + 0.02, north + 0.02), (6000, 2))
    corners = rng.permutation(shapely.get_coordinates(cirebon.villages.geometry.values))[:2000]
    return np.concatenate([anywhere, corners, corners + rng.normal(0, 2e-4, corners.shape)])


def test_all_areas_are_there_with_their_names(cirebon: BoundarySet) -> None:
    assert (len(cirebon.villages), len(cirebon.kecamatan), len(cirebon.kabupaten)) == (446, 45, 2)
    assert cirebon.kabupaten[["code", "name"]].values.tolist() == [
        ["32.09", "Kabupaten Cirebon"], ["32.74", "Kota Cirebon"],
    ]  # fmt: skip
    assert cirebon.villages["postcode"].str.fullmatch(r"45\d{3}").all()
    assert cirebon.villages["code"].is_monotonic_increasing
    assert cirebon.projected_crs == "EPSG:32749"
    assert cirebon.report["names"]["unknown_codes"] == []
    assert cirebon.report["kecamatan"]["villages_mostly_outside"] == []
    plered = cirebon.report["files"][2]["geometries_repaired"]
    assert [row["feature"] for row in plered] == [28]
    assert cirebon.kecamatan.geometry.is_valid.all()


def test_slivers_and_overlaps_are_gone(cirebon: BoundarySet) -> None:
    polygons = np.asarray(cirebon.villages.geometry.values)
    assert shapely.is_valid(polygons).all()
    assert shapely.coverage_is_valid(polygons)
    repair = cirebon.report["repair"]
    assert repair["before"]["gaps"] > 1300
    assert repair["before"]["overlaps"] > 1500
    assert (repair["after"]["gaps"], repair["after"]["overlaps"], repair["left"]) == (0, 0, [])
    assert len(shapely.get_rings(shapely.union_all(polygons))) == 1


def test_no_border_moved_more_than_25_m(cirebon: BoundarySet, shared_data: Path) -> None:
    """Measured anew by GEOS on the whole borders, both ways, with corners at most 2 m apart."""
    before = pd.concat([gpd.read_file(shared_data / "cirebon" / name) for name in FILES]).sort_values("code")
    old = shapely.boundary(np.asarray(before.to_crs(cirebon.projected_crs).geometry.values))
    new = shapely.boundary(np.asarray(cirebon.villages.to_crs(cirebon.projected_crs).geometry.values))
    shapely.prepare(old)
    shapely.prepare(new)
    moved_m = [max(farthest_m(a, b), farthest_m(b, a)) for a, b in zip(old, new, strict=True)]
    assert max(moved_m) <= MAX_MOVE_M
    assert max(moved_m) == pytest.approx(cirebon.report["repair"]["largest_move_m"], abs=1.0)


def farthest_m(one: shapely.Geometry, other: shapely.Geometry) -> float:
    """How far a border strays from another; where they run as one it does not, so nothing is measured there."""
    corners = shapely.get_coordinates(shapely.segmentize(shapely.difference(one, other), 2.0))
    return float(shapely.distance(shapely.points(corners), other).max(initial=0.0))


def test_a_kabupaten_is_the_union_of_its_villages(cirebon: BoundarySet) -> None:
    for code, polygon in zip(cirebon.kabupaten["code"], cirebon.kabupaten.geometry, strict=True):
        villages = cirebon.villages.geometry[cirebon.villages["kabupaten_code"] == code]
        assert polygon.equals(shapely.union_all(villages.values))


def test_the_grid_agrees_with_every_polygon(index: BoundaryIndex, slow: SlowLocator, lonlat: np.ndarray) -> None:
    lon, lat = lonlat.T
    found = index.locate_many(lat, lon)
    tree = shapely.STRtree(slow.polygons)
    points = shapely.points(lonlat)
    expected = np.full(len(points), len(slow.codes))
    np.minimum.at(expected, *tree.query(points, predicate="intersects"))
    inside = expected < len(slow.codes)
    assert (found.village[inside] == expected[inside]).all()
    assert (found.status[inside] == 0).all()
    in_metres = shapely.points(np.column_stack(index.village_grid.plane.to_xy(lat, lon)))
    shapely.prepare(slow.borders)
    border_m = shapely.distance(in_metres[inside], slow.borders[expected[inside]])
    assert np.abs(found.border_m[inside] - border_m).max() < 1e-6

    outside = np.flatnonzero(~inside)
    metres = shapely.STRtree(slow.in_metres)
    (_, nearest), away_m = metres.query_nearest(in_metres[outside], return_distance=True, all_matches=False)
    assert len(nearest) == len(outside)
    assert np.abs(found.border_m[outside] - away_m).max() < 1e-6
    assert ((found.status[outside] == NEAREST) == (away_m <= REACH_M)).all()
    assert ((found.village[outside] < 0) == (found.status[outside] == OUTSIDE)).all()
    assert (index.villages_of(lat, lon) == found.village).all()


def test_one_point_and_many_give_the_same_answers(index: BoundaryIndex, slow: SlowLocator, lonlat: np.ndarray) -> None:
    some = lonlat[::25]
    lon, lat = some.T
    nearby = NearbyFinder(index.village_grid).nearby_many(lat, lon)
    found = index.locate_many(lat, lon)
    for point in range(len(some)):
        code, _, border_m = slow.locate(lat[point], lon[point])
        number = found.village[point]
        assert (index.villages[number].code if number >= 0 else None) == code
        assert found.border_m[point] == pytest.approx(border_m, abs=1e-6)
        part = slice(nearby.offset[point], nearby.offset[point + 1])
        codes = [index.villages[village].code for village in nearby.village[part]]
        assert dict(zip(codes, nearby.distance_m[part], strict=True)) == pytest.approx(
            slow.nearby(lat[point], lon[point]), abs=1e-6
        )
        assert [near.area.code for near in index.nearby(lat[point], lon[point])] == codes


def test_a_saved_region_answers_the_same(index: BoundaryIndex, lonlat: np.ndarray, tmp_path: Path) -> None:
    index.save(tmp_path)
    loaded = BoundaryIndex.load(tmp_path)
    lon, lat = lonlat.T
    one, other = index.locate_many(lat, lon), loaded.locate_many(lat, lon)
    assert (one.village == other.village).all()
    assert (one.border_m == other.border_m).all()


def test_reading_twice_gives_the_same_bytes(cirebon: BoundarySet, shared_data: Path) -> None:
    folder = shared_data / "cirebon"
    again = read_boundaries(
        [folder / name for name in reversed(FILES)], kecamatan_file=folder / "kecamatan_3209.geojson"
    )
    for level in ("villages", "kecamatan", "kabupaten"):
        assert [shape.wkb for shape in getattr(again, level).geometry] == [
            shape.wkb for shape in getattr(cirebon, level).geometry
        ]


def test_without_a_kecamatan_file_kecamatan_come_from_their_villages(shared_data: Path) -> None:
    made = read_boundaries([shared_data / "cirebon" / FILES[0]])
    assert len(made.kecamatan) == 40
    assert made.report["kecamatan"]["dissolved"] == made.kecamatan["code"].tolist()
    assert shapely.coverage_is_valid(np.asarray(made.kecamatan.geometry.values))
