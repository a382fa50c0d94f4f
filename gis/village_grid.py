"""The villages of many points at once: a grid of cells, the borders in metres, and the polygons behind them.

The rules stand in `gis.boundaries`. Whether a point is in a village is decided on the polygons in degrees, exactly;
distances are on one flat plane (`gis.geodesy.LocalPlane`), beyond `FAR_M` on the great circle. A cell that lies
wholly in one village or far from all answers at once for its points, and every cell tells which border segments its
points must look at.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis.area_polygons import AreaPolygons
from gis.border_grid import CellGrid, CellLists, FloatArray, Segments, distance_to_nearest, nearest_lists
from gis.boundary_cells import FAR_FROM_ALL, FIRST_MIXED, border_segments, classify_cells, overlapping
from gis.errors import InputError
from gis.geodesy import LocalPlane, distance_m
from gis.threads import in_threads
from gis.types import AreaStatus, Location

REACH_M = 250.0
"""A point this near to a village but in none belongs to it; villages this near to a point are its candidates."""

TIE_M = 1e-6
FAR_M = 50_000.0

STATUSES: tuple[AreaStatus, ...] = (AreaStatus.INSIDE, AreaStatus.NEAREST, AreaStatus.OUTSIDE)
"""Status by its number in `LocatedPoints.status`."""

INSIDE, NEAREST, OUTSIDE = range(3)

CELLS_PER_SEGMENT = 12
MIN_CELLS = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocatedPoints:
    """The villages of N points.

    Attributes
    ----------
    village
        (N,) int32 number in `BoundaryIndex.villages`, or -1 outside.
    status
        (N,) uint8 number in `STATUSES`.
    border_m
        (N,) metres to the nearest border of that village; outside, to the nearest village.
    """

    village: npt.NDArray[np.int32]
    status: npt.NDArray[np.uint8]
    border_m: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class VillageGrid:
    """V villages, numbered in the order of their codes, on a grid of cells.

    Attributes
    ----------
    polygons
        Of the villages.
    plane
        Metres about the middle of the villages.
    grid
        The cells, on that plane.
    segment_xy
        (S, 4) the pieces of border, each once, in metres.
    segment_village
        (S, 2) the villages beside each, the lower number first; -1 for none.
    cell_village
        Per cell the village that holds it whole, or a mark of `gis.boundary_cells`: none, far from all, mixed.
    cell_segments
        Per cell the segments that may be nearest to a point of it.
    mixed_villages
        Per mixed cell the villages that meet it, ascending.
    village_overlaps
        (V,) whether a village overlaps another, so that borders may run inside it.
    """

    polygons: AreaPolygons
    plane: LocalPlane
    grid: CellGrid
    segment_xy: FloatArray
    segment_village: npt.NDArray[np.int32]
    cell_village: npt.NDArray[np.int32]
    cell_segments: CellLists
    mixed_villages: CellLists
    village_overlaps: npt.NDArray[np.bool_]

    @classmethod
    def build(cls, polygons: AreaPolygons) -> VillageGrid:
        """From the polygons of at least one village."""
        west, south, east, north = polygons.total_bounds
        plane = LocalPlane(lat0=(south + north) / 2, lon0=(west + east) / 2)
        segment_xy, segment_village = border_segments(polygons, plane)
        x, y = plane.to_xy(np.array([south, north]), np.array([west, east]))
        cells = max(MIN_CELLS, CELLS_PER_SEGMENT * len(segment_xy))
        grid = CellGrid.over((float(x[0]), float(y[0]), float(x[1]), float(y[1])), REACH_M + 1.0, cells)
        segments = Segments.of(segment_xy)
        cell_segments = nearest_lists(segments, grid)
        cell_village, mixed_villages = classify_cells(
            polygons.geometries, plane, grid, segments, segment_village, cell_segments, REACH_M
        )
        return cls(
            polygons=polygons,
            plane=plane,
            grid=grid,
            segment_xy=segment_xy,
            segment_village=segment_village,
            cell_village=cell_village,
            cell_segments=cell_segments,
            mixed_villages=mixed_villages,
            village_overlaps=overlapping(polygons.geometries),
        )

    def save(self, folder: Path) -> dict[str, Any]:
        """Write `.npy` files (but for the polygons) into an existing folder; the rest is returned, for JSON."""
        arrays = {
            "segment_xy": self.segment_xy,
            "segment_village": self.segment_village,
            "cell_village": self.cell_village,
            "cell_segment_offset": self.cell_segments.offset,
            "cell_segment": self.cell_segments.value,
            "mixed_village_offset": self.mixed_villages.offset,
            "mixed_village": self.mixed_villages.value,
            "village_overlaps": self.village_overlaps,
        }
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", np.ascontiguousarray(array))
        return {"plane": asdict(self.plane), "grid": asdict(self.grid)}

    @classmethod
    def load(cls, folder: Path, facts: dict[str, Any], polygons: AreaPolygons) -> VillageGrid:
        """Open what `save` wrote and returned; the arrays are memory-mapped."""

        def array(name: str) -> npt.NDArray[Any]:
            return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))

        return cls(
            polygons=polygons,
            plane=LocalPlane(**facts["plane"]),
            grid=CellGrid(**facts["grid"]),
            segment_xy=array("segment_xy"),
            segment_village=array("segment_village"),
            cell_village=array("cell_village"),
            cell_segments=CellLists(offset=array("cell_segment_offset"), value=array("cell_segment")),
            mixed_villages=CellLists(offset=array("mixed_village_offset"), value=array("mixed_village")),
            village_overlaps=array("village_overlaps"),
        )

    def locate_many(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> LocatedPoints:
        """As `BoundaryIndex.locate_many`."""
        lat, lon = checked_positions(lat, lon)
        x, y = self.plane.to_xy(lat, lon)
        cell = self.grid.cell_of(x, y)
        village, _ = self.villages_inside(lat, lon, cell)
        status = np.where(village >= 0, INSIDE, OUTSIDE).astype(np.uint8)
        border_m = self._to_nearest_m(cell, x, y)
        off_grid = np.flatnonzero(cell < 0)
        if len(off_grid):
            border_m[off_grid] = self._off_grid_m(lat[off_grid], lon[off_grid])
        if self.village_overlaps.any():
            among = np.flatnonzero((village >= 0) & self.village_overlaps[village])
            points = shapely.points(x[among], y[among])
            border_m[among] = shapely.distance(points, self._borders[village[among]])
        near = np.flatnonzero((status == OUTSIDE) & (border_m <= REACH_M))
        if len(near):
            village[near] = self._nearest_village(x[near], y[near], cell[near], border_m[near])
            status[near] = NEAREST
        return LocatedPoints(village=village, status=status, border_m=border_m)

    def locate_one(self, location: Location) -> tuple[int, int, float]:
        """Village, status and `border_m` of one point as `locate_many` has them, without its arrays of one."""
        x, y = (float(value) for value in self.plane.to_xy(location.lat, location.lon))
        cell = self.grid.cell_at(x, y)
        if cell >= 0 and not self._any_overlap:
            village = int(self.cell_village[cell])
            if village <= FIRST_MIXED:
                village = self._first_that_holds(location, self.mixed_villages.at(FIRST_MIXED - village))
            border_m = math.sqrt(float(self.segments.distance2(self.cell_segments.at(cell), x, y).min()))
            if village >= 0 or border_m > REACH_M:
                return max(village, -1), INSIDE if village >= 0 else OUTSIDE, border_m
        found = self.locate_many(location.lat, location.lon)
        return int(found.village[0]), int(found.status[0]), float(found.border_m[0])

    def _first_that_holds(self, location: Location, candidates: npt.NDArray[np.integer]) -> int:
        for village in candidates.tolist():
            if shapely.intersects_xy(self.polygons.geometries[village], location.lon, location.lat):
                return int(village)
        return -1

    def villages_of(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> npt.NDArray[np.int32]:
        """As `BoundaryIndex.villages_of`."""
        lat, lon = checked_positions(lat, lon)
        x, y = self.plane.to_xy(lat, lon)
        cell = self.grid.cell_of(x, y)
        village, undecided = self.villages_inside(lat, lon, cell)
        rest = np.flatnonzero(undecided)
        border_m = self._to_nearest_m(cell[rest], x[rest], y[rest])
        within = border_m <= REACH_M
        near = rest[within]
        village[near] = self._nearest_village(x[near], y[near], cell[near], border_m[within])
        return village

    def villages_inside(
        self, lat: FloatArray, lon: FloatArray, cell: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """The lowest village that each point lies in or on, or -1; and which of the latter may be near one."""
        code = np.where(cell >= 0, self.cell_village[cell], FAR_FROM_ALL)
        village = np.maximum(code, -1).astype(np.int32)
        rest = np.flatnonzero(code <= FIRST_MIXED)
        nth = 0
        while len(rest):
            mixed = FIRST_MIXED - code[rest]
            rest = rest[self.mixed_villages.counts(mixed) > nth]
            candidate = self.mixed_villages.value[self.mixed_villages.offset[FIRST_MIXED - code[rest]] + nth]
            inside = shapely.intersects_xy(self.polygons.geometries[candidate], lon[rest], lat[rest])
            village[rest[inside]] = candidate[inside]
            rest = rest[~inside]
            nth += 1
        return village, (village < 0) & (code != FAR_FROM_ALL)

    def _to_nearest_m(self, cell: npt.NDArray[np.int64], x: FloatArray, y: FloatArray) -> FloatArray:
        """Distance of each point to the nearest border of any village, on all processors; NaN off the grid.

        For a point in a village that overlaps no other, and for one in none, that is the border asked for: the
        straight way to any other border crosses it first.
        """
        border_m = np.full(len(x), np.nan)
        segments = self.segments

        def work(part: slice) -> None:
            on_grid = np.flatnonzero(cell[part] >= 0) + part.start
            border_m[on_grid] = distance_to_nearest(segments, self.cell_segments, cell[on_grid], x[on_grid], y[on_grid])

        in_threads(work, len(x))
        return border_m

    def _nearest_village(
        self, x: FloatArray, y: FloatArray, cell: npt.NDArray[np.int64], border_m: FloatArray
    ) -> npt.NDArray[np.int32]:
        """For points in no village, the lowest village at the distance found."""
        nearest = np.full(len(x), len(self.polygons), dtype=np.int32)
        point, segment = self.cell_segments.expanded(cell)
        away_m = np.sqrt(self.segments.distance2(segment, x[point], y[point]))
        tied = away_m <= border_m[point] + TIE_M
        np.minimum.at(nearest, point[tied], self.segment_village[segment[tied], 0])
        return nearest

    def _off_grid_m(self, lat: FloatArray, lon: FloatArray) -> FloatArray:
        """Distance to the nearest village of points off the grid."""
        points = shapely.points(*self.plane.to_xy(lat, lon))
        _, nearest = self._border_tree.query_nearest(points, all_matches=False)
        borders = self._borders[nearest]
        away_m = shapely.distance(points, borders)
        far = np.nonzero(away_m > FAR_M)[0]
        ends = shapely.get_coordinates(shapely.shortest_line(points[far], borders[far])).reshape(-1, 2, 2)
        end_lat, end_lon = self.plane.to_latlon(ends[:, 1, 0], ends[:, 1, 1])
        away_m[far] = distance_m(lat[far], lon[far], end_lat, end_lon)
        return np.asarray(away_m)

    @cached_property
    def _any_overlap(self) -> bool:
        return bool(self.village_overlaps.any())

    @cached_property
    def segments(self) -> Segments:
        """`segment_xy`, ready for distances."""
        return Segments.of(np.asarray(self.segment_xy))

    @cached_property
    def _borders(self) -> npt.NDArray[Any]:
        """(V,) borders in metres, prepared."""

        def to_xy(lonlat: FloatArray) -> FloatArray:
            return np.column_stack(self.plane.to_xy(lonlat[:, 1], lonlat[:, 0]))

        borders = np.asarray(shapely.transform(shapely.boundary(self.polygons.geometries), to_xy))
        shapely.prepare(borders)
        shapely.distance(borders, shapely.points(0.0, 0.0))  # builds the indexes, which threads must not
        return borders

    @cached_property
    def _border_tree(self) -> shapely.STRtree:
        return shapely.STRtree(self._borders)


def checked_positions(lat: npt.ArrayLike, lon: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Latitudes and longitudes as flat arrays of floats.

    Raises
    ------
    InputError
        Where they differ in number, or one is not a number or off the earth.
    """
    lat, lon = np.ravel(np.asarray(lat, dtype=np.float64)), np.ravel(np.asarray(lon, dtype=np.float64))
    if len(lat) != len(lon):
        raise InputError(f"There are {len(lat)} latitudes and {len(lon)} longitudes; give one of each per point.")
    wrong = np.nonzero(~((np.abs(lat) <= 90.0) & (np.abs(lon) <= 180.0)))[0]
    if len(wrong):
        first = int(wrong[0])
        raise InputError(
            f"Position {first + 1} ({lat[first]}, {lon[first]}) is not on earth; give degrees, latitude first."
        )
    return lat, lon
