from __future__ import annotations

import numpy as np
import shapely
from hypothesis import assume, given

from gis.boundary_repair import GRID_DEG, MAX_MOVE_M, MetricPlane, Repair, repair_coverage
from gis.geodesy import LocalPlane
from tests.strategies import shaken_lattices

LOCAL = LocalPlane(lat0=-7.0, lon0=108.0)


def to_metres(lonlat: np.ndarray) -> np.ndarray:
    return np.column_stack(LOCAL.to_xy(lonlat[:, 1], lonlat[:, 0]))


def to_degrees(xy: np.ndarray) -> np.ndarray:
    lat, lon = LOCAL.to_latlon(xy[:, 0], xy[:, 1])
    return np.column_stack([lon, lat])


PLANE = MetricPlane(to_metres=to_metres, to_degrees=to_degrees)


def in_degrees(*polygons: shapely.Geometry) -> list[shapely.Geometry]:
    return [shapely.transform(polygon, to_degrees) for polygon in polygons]


def moved_m(old: shapely.Geometry, new: shapely.Geometry) -> float:
    """Two-way distance of an area's old and new border, by GEOS."""
    return float(
        shapely.hausdorff_distance(
            shapely.boundary(shapely.transform(old, to_metres)),
            shapely.boundary(shapely.transform(new, to_metres)),
            densify=0.02,
        )
    )


def check(polygons: list[shapely.Geometry]) -> Repair:
    """Repair, and check what holds for any input."""
    repair = repair_coverage(polygons, PLANE)
    assert shapely.is_valid(repair.polygons).all()
    for old, new in zip(polygons, repair.polygons, strict=True):
        assert moved_m(old, new) <= MAX_MOVE_M
        # Our samples leave 0.1 m unseen (SAMPLES_M), and the scale of the plane in the test about as much.
        assert moved_m(old, new) <= repair.largest_move_m + 0.3
    return repair


def test_a_narrow_gap_goes_to_the_neighbour_with_the_longest_common_border() -> None:
    gap = shapely.Polygon([(1000, 0), (1010, 500), (1000, 1000)])
    left = shapely.box(0, 0, 1000, 1000)
    right = shapely.difference(shapely.box(1000, 0, 2000, 1000), gap)
    repair = check(in_degrees(left, right))
    assert (repair.before.gaps, repair.after.gaps) == (1, 0)
    assert repair.left == ()
    assert shapely.coverage_is_valid(repair.polygons)
    assert 9.9 < repair.largest_move_m < 10.1


def test_a_narrow_overlap_is_taken_from_one_of_the_two() -> None:
    repair = check(in_degrees(shapely.box(0, 0, 1008, 1000), shapely.box(1000, 0, 2000, 1000)))
    assert (repair.before.overlaps, repair.after.overlaps) == (1, 0)
    assert shapely.coverage_is_valid(repair.polygons)
    assert 7.9 < repair.largest_move_m < 8.1


def test_a_wide_gap_is_left_and_reported() -> None:
    frame = shapely.difference(shapely.box(0, 0, 1000, 1000), shapely.box(400, 400, 600, 600))
    halves = [shapely.intersection(frame, shapely.box(x, 0, x + 500, 1000)) for x in (0, 500)]
    repair = check(in_degrees(*halves))
    (left,) = repair.left
    assert left.kind == "gap"
    assert left.areas == (0, 1)
    assert abs(left.area_m2 - 40_000) < 10
    assert repair.largest_move_m == 0


def test_a_wide_overlap_stays_with_both_and_is_reported() -> None:
    repair = check(in_degrees(shapely.box(0, 0, 1200, 1000), shapely.box(1000, 0, 2000, 1000)))
    (left,) = repair.left
    assert (left.kind, left.areas) == ("overlap", (0, 1))
    assert shapely.area(shapely.intersection(*repair.polygons)) > 0


def test_a_gap_too_wide_for_one_claimant_is_shared_along_its_middle() -> None:
    """30 m between two villages on each side; what is left is about the corners at its ends."""
    boxes = [shapely.box(x, y, x + 1000, y + 1000) for x in (0, 1000) for y in (0, 1030)]
    ends = [shapely.box(-500, -500, 0, 2530), shapely.box(2000, -500, 2500, 2530)]
    repair = check(in_degrees(*boxes, *ends))
    assert repair.cut_faces
    assert repair.before.gap_m2 > 59_000
    assert repair.after.gap_m2 < 300
    areas = [shapely.area(shapely.transform(polygon, to_metres)) for polygon in repair.polygons[:4]]
    assert max(areas) - min(areas) < 1000


def test_a_long_sliver_never_makes_a_tentacle() -> None:
    """GEOS gives the whole sliver to the longest border, far beyond the village that gets it."""
    lower = [shapely.box(x, 0, x + 1000, 990) for x in (0, 1000, 2000)]
    upper = [shapely.box(0, 1000, 1800, 2000), shapely.box(1800, 1000, 3000, 2000)]
    sides = [shapely.box(-500, 0, 0, 2000), shapely.box(3000, 0, 3500, 2000)]
    check(in_degrees(*lower, *upper, *sides))


def test_a_sound_coverage_is_left_alone() -> None:
    boxes = in_degrees(shapely.box(0, 0, 1000, 1000), shapely.box(1000, 0, 2000, 1000))
    repair = check(boxes)
    assert repair.before == repair.after
    assert repair.largest_move_m == 0
    assert repair.moved_most is None


def test_one_village_alone_is_left_alone() -> None:
    assert check(in_degrees(shapely.box(0, 0, 1000, 1000))).left == ()


def test_coordinates_come_out_on_the_grid() -> None:
    repair = check(in_degrees(shapely.box(0, 0, 1008, 1000), shapely.box(1000, 0, 2000, 1000)))
    units = shapely.get_coordinates(repair.polygons) / GRID_DEG
    assert np.abs(units - np.rint(units)).max() < 1e-3


@given(shaken_lattices())
def test_no_border_ever_moves_farther_than_the_limit(villages: list[shapely.Geometry]) -> None:
    assume(all(village.is_valid for village in villages))
    polygons = in_degrees(*villages)
    repair = check(polygons)
    assert repair.after.gaps <= repair.before.gaps or repair.cut_faces
    assert repair.after.overlap_m2 <= repair.before.overlap_m2 + 1
    again = repair_coverage(polygons, PLANE)
    assert [one.wkb for one in again.polygons] == [one.wkb for one in repair.polygons]
