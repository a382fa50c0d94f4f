"""One million points located: ours beside shapely's STRtree and geopandas' spatial join, answers compared first.

python -m bench.locate [--villages FILE ...] [--points N] [--repeat N]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from gis.boundaries import BoundaryIndex
from gis.boundary_import import BoundarySet, read_boundaries
from gis.types import Location

CIREBON = Path(__file__).resolve().parents[2] / "shared" / "data" / "cirebon"
DEFAULT_VILLAGES = (CIREBON / "desa_3209.geojson", CIREBON / "desa_3274.geojson")

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
T = TypeVar("T")


def main() -> None:
    """Print one table; fail where answers differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--villages", type=Path, nargs="+", default=DEFAULT_VILLAGES, help="files of villages")
    parser.add_argument("--points", type=int, default=1_000_000, help="how many points (default: a million)")
    parser.add_argument("--repeat", type=int, default=3, help="best of so many runs")
    options = parser.parse_args()
    missing = [str(path) for path in options.villages if not path.is_file()]
    if missing:
        raise SystemExit(f"The benchmark needs {', '.join(missing)}; give other files with --villages.")

    read_s, boundaries = _timed(lambda: read_boundaries(options.villages), 1)
    build_s, index = _timed(lambda: BoundaryIndex.build(boundaries), 1)
    with tempfile.TemporaryDirectory() as folder:
        index.save(Path(folder))
        load_s, _ = _timed(lambda: BoundaryIndex.load(Path(folder)), options.repeat)
    box = index.bounds
    rng = np.random.default_rng(112)
    lat, lon = rng.uniform(box.south, box.north, options.points), rng.uniform(box.west, box.east, options.points)
    polygons = np.asarray(boundaries.villages.geometry.values, dtype=object)

    full_s, found = _timed(lambda: index.locate_many(lat, lon), options.repeat)
    village_s, village = _timed(lambda: index.villages_of(lat, lon), options.repeat)
    tree_s, by_tree = _timed(lambda: _by_tree(polygons, lat, lon), options.repeat)
    join_s, by_join = _timed(lambda: _by_join(boundaries, lat, lon), options.repeat)
    border_s, border_m = _timed(lambda: _border_by_tree(index, polygons, by_tree, lat, lon), 1)
    one_s, _ = _timed(lambda: _one_by_one(index, lat[:1000], lon[:1000]), options.repeat)

    inside = np.where(found.status == 0, found.village, -1)
    _agree("the villages of STRtree", bool((inside == by_tree).all()))
    _agree("the villages of the spatial join", bool((inside == by_join).all()))
    _agree("the villages with and without distances", bool((found.village == village).all()))
    _agree("the distances", bool(np.abs(found.border_m - border_m).max() < 1e-3))

    print(f"{len(polygons)} villages, {options.points:,} points, {os.cpu_count()} processors; answers agree")
    print(f"read and repair {read_s:.2f} s, build index {build_s:.2f} s, open it {load_s * 1000:.1f} ms, ", end="")
    print(f"one point {one_s * 1e6 / 1000:.0f} µs")
    print(f"{'':<44}{'seconds':>9}{'per point':>12}{'ratio':>8}")
    _row("village and border_m (ours)", full_s, options.points, full_s)
    _row("village and border_m (STRtree, shapely)", tree_s + border_s, options.points, full_s)
    _row("village alone (ours)", village_s, options.points, village_s)
    _row("village alone (shapely STRtree.query)", tree_s, options.points, village_s)
    _row("village alone (geopandas.sjoin)", join_s, options.points, village_s)


def _timed(work: Callable[[], T], repeat: int) -> tuple[float, T]:
    best_s = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        answer = work()
        best_s = min(best_s, time.perf_counter() - start)
    return best_s, answer


def _by_tree(polygons: npt.NDArray[np.object_], lat: FloatArray, lon: FloatArray) -> IntArray:
    """Lowest village that covers each point, or -1."""
    point, polygon = shapely.STRtree(polygons).query(shapely.points(lon, lat), predicate="intersects")
    return _lowest(point, polygon, len(lat), len(polygons))


def _by_join(boundaries: BoundarySet, lat: FloatArray, lon: FloatArray) -> IntArray:
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat, crs="EPSG:4326"))
    joined = gpd.sjoin(points, boundaries.villages[["geometry"]], predicate="intersects")
    return _lowest(joined.index.to_numpy(), joined["index_right"].to_numpy(), len(lat), len(boundaries.villages))


def _lowest(point: IntArray, polygon: IntArray, points: int, polygons: int) -> IntArray:
    lowest = np.full(points, polygons)
    np.minimum.at(lowest, point, polygon)
    return np.where(lowest < polygons, lowest, -1)


def _border_by_tree(
    index: BoundaryIndex, polygons: npt.NDArray[np.object_], village: IntArray, lat: FloatArray, lon: FloatArray
) -> FloatArray:
    """Metres to the border of the village found, or to the nearest village."""
    plane = index.village_grid.plane
    borders = shapely.transform(
        shapely.boundary(polygons), lambda lonlat: np.column_stack(plane.to_xy(lonlat[:, 1], lonlat[:, 0]))
    )
    shapely.prepare(borders)
    points = np.asarray(shapely.points(np.column_stack(plane.to_xy(lat, lon))), dtype=object)
    away_m = np.empty(len(points))
    inside = village >= 0
    away_m[inside] = shapely.distance(points[inside], borders[village[inside]])
    (_, _), away_m[~inside] = shapely.STRtree(borders).query_nearest(
        points[~inside], return_distance=True, all_matches=False
    )
    return away_m


def _one_by_one(index: BoundaryIndex, lat: FloatArray, lon: FloatArray) -> None:
    for one_lat, one_lon in zip(lat.tolist(), lon.tolist(), strict=True):
        index.locate(Location(lat=one_lat, lon=one_lon))


def _agree(what: str, same: bool) -> None:
    if not same:
        raise SystemExit(f"The answers differ in {what}; the benchmark is void.")


def _row(name: str, seconds: float, points: int, ours_s: float) -> None:
    print(f"{name:<44}{seconds:>9.3f}{seconds / points * 1e6:>9.3f} µs{seconds / ours_s:>8.1f}")


if __name__ == "__main__":
    main()
