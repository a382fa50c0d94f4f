"""Which village a point lies in, how near the borders are, and who is beyond them.

The rules are the same for one point and for a million:

- A point in a village or on its border is `INSIDE`; on a border shared by several the lowest code wins, always.
- A point in no village but at most `REACH_M` from one (a sliver, the coast) is given the nearest, `NEAREST`;
  between villages equally near (to `TIE_M`) the lowest code wins.
- Any other point is `OUTSIDE`.

Whether a point is in a village is decided on the polygons in degrees, exactly; distances are on one flat plane
(`gis.geodesy.LocalPlane`), beyond `FAR_M` on the great circle. A grid of cells answers at once for every point
whose cell lies wholly in one village or far from all, and tells which border segments the others must look at.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gis.area_polygons import AreaPolygons
from gis.border_grid import CellGrid, CellLists, FloatArray, Segments, distance_to_nearest, nearest_lists
from gis.boundary_cells import FAR_FROM_ALL, FIRST_MIXED, border_segments, classify_cells, overlapping
from gis.errors import InputError, OutsideRegionError
from gis.geodesy import LocalPlane, bearing_deg, distance_m
from gis.middle import middle_and_radius
from gis.types import AdministrativeArea, AreaLevel, AreaMatch, AreaStatus, Bounds, Location, NearbyArea

if TYPE_CHECKING:
    from gis.boundary_import import BoundarySet

REACH_M = 250.0
"""A point this near to a village but in none belongs to it; villages this near to a point are its candidates."""

TIE_M = 1e-6
FAR_M = 50_000.0

STATUSES: tuple[AreaStatus, ...] = (AreaStatus.INSIDE, AreaStatus.NEAREST, AreaStatus.OUTSIDE)
"""Status by its number in `LocatedPoints.status`."""

INSIDE, NEAREST, OUTSIDE = range(3)

CELLS_PER_SEGMENT = 12
MIN_CELLS = 4096
CHUNK = 1 << 16


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
class BoundaryIndex:
    """The areas of a region and a grid over them.

    Attributes
    ----------
    villages, kecamatan, kabupaten
        Each sorted by code.
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

    villages: tuple[AdministrativeArea, ...]
    kecamatan: tuple[AdministrativeArea, ...]
    kabupaten: tuple[AdministrativeArea, ...]
    polygons: dict[AreaLevel, AreaPolygons]
    plane: LocalPlane
    grid: CellGrid
    segment_xy: FloatArray
    segment_village: npt.NDArray[np.int32]
    cell_village: npt.NDArray[np.int32]
    cell_segments: CellLists
    mixed_villages: CellLists
    village_overlaps: npt.NDArray[np.bool_]

    # --- build, save, load -----------------------------------------------------------------------------------------

    @classmethod
    def build(cls, boundary_set: BoundarySet) -> BoundaryIndex:
        """From the areas of a region; any codes will do, sorted as texts.

        Raises
        ------
        InputError
            Where there is no village.
        """
        tables = {
            AreaLevel.VILLAGE: (boundary_set.villages, "kecamatan_code"),
            AreaLevel.KECAMATAN: (boundary_set.kecamatan, "kabupaten_code"),
            AreaLevel.KABUPATEN: (boundary_set.kabupaten, None),
        }
        if len(boundary_set.villages) == 0:
            raise InputError("The boundaries hold no village; give at least one.")
        areas, polygons = {}, {}
        for level, (table, parent) in tables.items():
            ordered = table.sort_values("code", kind="stable")
            parents = ordered[parent] if parent else [None] * len(ordered)
            areas[level] = tuple(
                AdministrativeArea(code=code, name=name, level=level, parent_code=above)
                for code, name, above in zip(ordered["code"], ordered["name"], parents, strict=True)
            )
            polygons[level] = AreaPolygons.of(np.asarray(ordered.geometry.values, dtype=object))
        villages = polygons[AreaLevel.VILLAGE]
        west, south, east, north = villages.total_bounds()
        plane = LocalPlane(lat0=(south + north) / 2, lon0=(west + east) / 2)
        segment_xy, segment_village = border_segments(villages, plane)
        (x0, x1), (y0, y1) = plane.to_xy(np.array([south, north]), np.array([west, east]))
        grid = CellGrid.over((x0, y0, x1, y1), REACH_M + 1.0, max(MIN_CELLS, CELLS_PER_SEGMENT * len(segment_xy)))
        segments = Segments.of(segment_xy)
        cell_segments = nearest_lists(segments, grid)
        cell_village, mixed_villages = classify_cells(
            villages.geometries, plane, grid, segments, segment_village, cell_segments, REACH_M
        )
        return cls(
            villages=areas[AreaLevel.VILLAGE],
            kecamatan=areas[AreaLevel.KECAMATAN],
            kabupaten=areas[AreaLevel.KABUPATEN],
            polygons=polygons,
            plane=plane,
            grid=grid,
            segment_xy=segment_xy,
            segment_village=segment_village,
            cell_village=cell_village,
            cell_segments=cell_segments,
            mixed_villages=mixed_villages,
            village_overlaps=overlapping(villages.geometries),
        )

    def save(self, folder: Path) -> None:
        """Write `.npy` files and `areas.json` into an existing folder."""
        for name, array in self._arrays().items():
            np.save(folder / f"{name}.npy", np.ascontiguousarray(array))
        for level, polygons in self.polygons.items():
            polygons.save(folder, level.value)
        areas = {
            level: [[area.code, area.name, area.parent_code] for area in of_level]
            for level, of_level in self._areas_by_level().items()
        }
        facts = {"plane": asdict(self.plane), "grid": asdict(self.grid), "areas": areas}
        (folder / "areas.json").write_text(
            json.dumps(facts, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path) -> BoundaryIndex:
        """Open a saved index; the arrays are memory-mapped and polygons are made when first asked for."""
        facts = json.loads((folder / "areas.json").read_text(encoding="utf-8"))
        areas = {
            AreaLevel(level): tuple(
                AdministrativeArea(code=code, name=name, level=AreaLevel(level), parent_code=parent)
                for code, name, parent in rows
            )
            for level, rows in facts["areas"].items()
        }

        def array(name: str) -> npt.NDArray[Any]:
            return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))

        return cls(
            villages=areas[AreaLevel.VILLAGE],
            kecamatan=areas[AreaLevel.KECAMATAN],
            kabupaten=areas[AreaLevel.KABUPATEN],
            polygons={level: AreaPolygons.load(folder, level.value) for level in areas},
            plane=LocalPlane(**facts["plane"]),
            grid=CellGrid(**facts["grid"]),
            segment_xy=array("segment_xy"),
            segment_village=array("segment_village"),
            cell_village=array("cell_village"),
            cell_segments=CellLists(offset=array("cell_segment_offset"), value=array("cell_segment")),
            mixed_villages=CellLists(offset=array("mixed_village_offset"), value=array("mixed_village")),
            village_overlaps=array("village_overlaps"),
        )

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            "segment_xy": self.segment_xy,
            "segment_village": self.segment_village,
            "cell_village": self.cell_village,
            "cell_segment_offset": self.cell_segments.offset,
            "cell_segment": self.cell_segments.value,
            "mixed_village_offset": self.mixed_villages.offset,
            "mixed_village": self.mixed_villages.value,
            "village_overlaps": self.village_overlaps,
        }

    # --- areas -----------------------------------------------------------------------------------------------------

    @property
    def bounds(self) -> Bounds:
        """The box round all villages."""
        west, south, east, north = self.polygons[AreaLevel.VILLAGE].total_bounds()
        return Bounds(south=south, west=west, north=north, east=east)

    def area(self, code: str) -> AdministrativeArea:
        """The area of any level with a code.

        Raises
        ------
        OutsideRegionError
            Where the region has none.
        """
        level, number = self._place_of(code)
        return self._areas_by_level()[level][number]

    def polygon(self, code: str) -> BaseGeometry:
        """The polygon of the area of any level with a code, in longitude and latitude.

        Raises
        ------
        OutsideRegionError
            Where the region has none.
        """
        level, number = self._place_of(code)
        return self.polygons[level].geometry(number)

    def middle(self, code: str) -> Location:
        """A point inside the largest part of an area; see `gis.middle`."""
        return middle_and_radius(self.polygon(code))[0]

    def radius_m(self, code: str) -> float:
        """Metres from the area's middle to the farthest corner of its parts nearby; see `gis.middle`."""
        return middle_and_radius(self.polygon(code))[1]

    def kecamatan_name(self, village: int) -> str:
        """Name of the kecamatan of a village by number; empty where the region has none for it."""
        kecamatan = self._parent(self.villages[village])
        return "" if kecamatan is None else kecamatan.name

    def _areas_by_level(self) -> dict[AreaLevel, tuple[AdministrativeArea, ...]]:
        return {
            AreaLevel.VILLAGE: self.villages,
            AreaLevel.KECAMATAN: self.kecamatan,
            AreaLevel.KABUPATEN: self.kabupaten,
        }

    @cached_property
    def _places(self) -> dict[str, tuple[AreaLevel, int]]:
        return {
            area.code: (level, number)
            for level, areas in reversed(self._areas_by_level().items())
            for number, area in enumerate(areas)
        }

    def _place_of(self, code: str) -> tuple[AreaLevel, int]:
        try:
            return self._places[code]
        except KeyError:
            raise OutsideRegionError(f"The region has no area with the code {code}; check the code.") from None

    # --- one point -------------------------------------------------------------------------------------------------

    def locate(self, location: Location) -> AreaMatch:
        """The village of a point, its kecamatan and kabupaten, and the villages within `REACH_M`."""
        found = self.locate_many(np.array([location.lat]), np.array([location.lon]))
        border_m = float(found.border_m[0])
        number = int(found.village[0])
        near = self.nearby(location.lat, location.lon) if border_m <= REACH_M else ()
        if number < 0:
            towards, nearest = self._towards(location)
            return AreaMatch(
                location=location,
                status=AreaStatus.OUTSIDE,
                village=None,
                kecamatan=None,
                kabupaten=None,
                border_m=border_m,
                neighbours=near,
                towards=towards,
                towards_bearing_deg=bearing_deg(location, nearest),
            )
        village = self.villages[number]
        kecamatan = self._parent(village)
        return AreaMatch(
            location=location,
            status=STATUSES[found.status[0]],
            village=village,
            kecamatan=kecamatan,
            kabupaten=self._parent(kecamatan),
            border_m=border_m,
            neighbours=tuple(one for one in near if one.area != village),
            towards=None,
            towards_bearing_deg=None,
        )

    def nearby(self, lat: float, lon: float, within_m: float = REACH_M) -> tuple[NearbyArea, ...]:
        """Villages within a distance of a point, nearest first and ties by code; 0 m for those it is in."""
        x, y = (float(value) for value in self.plane.to_xy(lat, lon))
        number = self._segments_in_box(x, y, within_m)
        away_m = np.sqrt(self.segments.distance2(number, np.full(len(number), x), np.full(len(number), y)))
        covering = self._covering(lat, lon)
        nearest_m = dict.fromkeys(covering, 0.0)
        for villages, one_m in zip(self.segment_village[number].tolist(), away_m.tolist(), strict=True):
            for village in villages:
                if village >= 0 and one_m <= min(within_m, nearest_m.get(village, np.inf)):
                    nearest_m[village] = one_m
        least_m = min(nearest_m.values(), default=0.0)

        def rank(village: int) -> tuple[int, int, int]:
            away_m = nearest_m[village]
            if village in covering:
                return 0, 0, village
            return (1, 0, village) if away_m <= least_m + TIE_M else (2, round(away_m / TIE_M), village)

        return tuple(
            NearbyArea(area=self.villages[village], distance_m=nearest_m[village])
            for village in sorted(nearest_m, key=rank)
        )

    def _segments_in_box(self, x: float, y: float, within_m: float) -> npt.NDArray[np.int64]:
        box = self._segment_boxes
        return np.nonzero(
            (box[0] <= x + within_m) & (box[1] <= y + within_m) & (box[2] >= x - within_m) & (box[3] >= y - within_m)
        )[0]

    def _covering(self, lat: float, lon: float) -> list[int]:
        """Villages that a point lies in or on, ascending."""
        west, south, east, north = self.polygons[AreaLevel.VILLAGE].bounds.T
        near = np.nonzero((west <= lon) & (lon <= east) & (south <= lat) & (lat <= north))[0]
        return [int(one) for one in near[shapely.intersects_xy(self._village_geometries[near], lon, lat)]]

    def _towards(self, location: Location) -> tuple[AdministrativeArea, Location]:
        """The village nearest to a point outside, and its nearest point."""
        x, y = (float(value) for value in self.plane.to_xy(location.lat, location.lon))
        away_m = np.sqrt(self.segments.all_distances2(x, y))
        tied = np.nonzero(away_m <= away_m.min() + TIE_M)[0]
        segment = int(tied[np.argmin(self.segment_village[tied, 0])])
        lat, lon = self.plane.to_latlon(*self.segments.nearest_point(segment, x, y))
        return self.villages[int(self.segment_village[segment, 0])], Location(lat=float(lat), lon=float(lon))

    def _parent(self, area: AdministrativeArea | None) -> AdministrativeArea | None:
        if area is None or area.parent_code not in self._places:
            return None
        return self.area(area.parent_code)

    # --- many points -----------------------------------------------------------------------------------------------

    def locate_many(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> LocatedPoints:
        """The village of each of N points and its distance to that village's border.

        Raises
        ------
        InputError
            Where a position is not a number or off the earth.
        """
        lat, lon = checked_positions(lat, lon)
        village = np.empty(len(lat), dtype=np.int32)
        status = np.empty(len(lat), dtype=np.uint8)
        border_m = np.empty(len(lat))

        def work(part: slice) -> None:
            village[part], status[part], border_m[part] = self._located(lat[part], lon[part])

        _ = self.segments, self._village_geometries  # made once, before threads ask for them
        in_threads(work, len(lat))
        return LocatedPoints(village=village, status=status, border_m=border_m)

    def villages_of(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> npt.NDArray[np.int32]:
        """As `locate_many(...).village`, faster: distances are measured only where a point is in no village.

        Raises
        ------
        InputError
            Where a position is not a number or off the earth.
        """
        lat, lon = checked_positions(lat, lon)
        village = np.empty(len(lat), dtype=np.int32)

        def work(part: slice) -> None:
            x, y = self.plane.to_xy(lat[part], lon[part])
            cell = self.grid.cell_of(x, y)
            found, undecided = self._village_inside(lat[part], lon[part], cell)
            rest = np.nonzero(undecided)[0]
            border_m = distance_to_nearest(self.segments, self.cell_segments, cell[rest], x[rest], y[rest])
            near = rest[border_m <= REACH_M]
            found[near] = self._nearest_village(x[near], y[near], cell[near], border_m[border_m <= REACH_M])
            village[part] = found

        _ = self.segments, self._village_geometries  # made once, before threads ask for them
        in_threads(work, len(lat))
        return village

    def villages_inside(self, lat: FloatArray, lon: FloatArray) -> npt.NDArray[np.int32]:
        """The lowest village that each of a chunk of points lies in or on, or -1; positions are not checked."""
        return self._village_inside(lat, lon, self.grid.cell_of(*self.plane.to_xy(lat, lon)))[0]

    def _located(self, lat: FloatArray, lon: FloatArray) -> tuple[npt.NDArray[Any], npt.NDArray[Any], FloatArray]:
        x, y = self.plane.to_xy(lat, lon)
        cell = self.grid.cell_of(x, y)
        village, _ = self._village_inside(lat, lon, cell)
        status = np.where(village >= 0, INSIDE, OUTSIDE).astype(np.uint8)
        border_m = np.empty(len(x))
        on_grid = cell >= 0
        if on_grid.all():
            border_m = distance_to_nearest(self.segments, self.cell_segments, cell, x, y)
        else:
            border_m[on_grid] = distance_to_nearest(
                self.segments, self.cell_segments, cell[on_grid], x[on_grid], y[on_grid]
            )
            border_m[~on_grid] = self._off_grid_m(lat[~on_grid], lon[~on_grid])
        if self.village_overlaps.any():
            among = np.nonzero((village >= 0) & self.village_overlaps[village])[0]
            points = shapely.points(x[among], y[among])
            border_m[among] = shapely.distance(points, self._village_borders[village[among]])
        near = np.nonzero((status == OUTSIDE) & on_grid & (border_m <= REACH_M))[0]
        village[near] = self._nearest_village(x[near], y[near], cell[near], border_m[near])
        status[near] = NEAREST
        return village, status, border_m

    def _village_inside(
        self, lat: FloatArray, lon: FloatArray, cell: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """The lowest village that each point lies in or on, or -1; and which of the latter may be near one."""
        code = np.where(cell >= 0, self.cell_village[cell], FAR_FROM_ALL)
        village = np.maximum(code, -1).astype(np.int32)
        rest = np.nonzero(code <= FIRST_MIXED)[0]
        nth = 0
        while len(rest):
            mixed = FIRST_MIXED - code[rest]
            rest = rest[self.mixed_villages.counts(mixed) > nth]
            candidate = self.mixed_villages.value[self.mixed_villages.offset[FIRST_MIXED - code[rest]] + nth]
            inside = shapely.intersects_xy(self._village_geometries[candidate], lon[rest], lat[rest])
            village[rest[inside]] = candidate[inside]
            rest = rest[~inside]
            nth += 1
        return village, (village < 0) & (code != FAR_FROM_ALL)

    def _nearest_village(
        self, x: FloatArray, y: FloatArray, cell: npt.NDArray[np.int64], border_m: FloatArray
    ) -> npt.NDArray[np.int32]:
        """For points in no village, the lowest village at the distance found."""
        nearest = np.full(len(x), len(self.villages), dtype=np.int32)
        point, segment = self.cell_segments.expanded(cell)
        away_m = np.sqrt(self.segments.distance2(segment, x[point], y[point]))
        tied = away_m <= border_m[point] + TIE_M
        np.minimum.at(nearest, point[tied], self.segment_village[segment[tied], 0])
        return nearest

    def _off_grid_m(self, lat: FloatArray, lon: FloatArray) -> FloatArray:
        """Distance to the nearest village of points off the grid."""
        points = shapely.points(*self.plane.to_xy(lat, lon))
        _, nearest = self._border_tree.query_nearest(points, all_matches=False)
        borders = self._village_borders[nearest]
        away_m = shapely.distance(points, borders)
        far = np.nonzero(away_m > FAR_M)[0]
        ends = shapely.get_coordinates(shapely.shortest_line(points[far], borders[far])).reshape(-1, 2, 2)
        end_lat, end_lon = self.plane.to_latlon(ends[:, 1, 0], ends[:, 1, 1])
        away_m[far] = distance_m(lat[far], lon[far], end_lat, end_lon)
        return np.asarray(away_m)

    @cached_property
    def segments(self) -> Segments:
        """`segment_xy`, ready for distances."""
        return Segments.of(np.asarray(self.segment_xy))

    @cached_property
    def _segment_boxes(self) -> FloatArray:
        """(4, S) x0, y0, x1, y1 of each segment, the lower first."""
        xy = self.segment_xy
        return np.vstack([np.minimum(xy[:, :2], xy[:, 2:]).T, np.maximum(xy[:, :2], xy[:, 2:]).T])

    @property
    def _village_geometries(self) -> npt.NDArray[Any]:
        return self.polygons[AreaLevel.VILLAGE].geometries

    @cached_property
    def _village_borders(self) -> npt.NDArray[Any]:
        """(V,) borders of the villages in metres, prepared."""

        def to_xy(lonlat: FloatArray) -> FloatArray:
            return np.column_stack(self.plane.to_xy(lonlat[:, 1], lonlat[:, 0]))

        borders = np.asarray(shapely.transform(shapely.boundary(self._village_geometries), to_xy))
        shapely.prepare(borders)
        return borders

    @cached_property
    def _border_tree(self) -> shapely.STRtree:
        return shapely.STRtree(self._village_borders)


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


def in_threads(work: Callable[[slice], None], count: int) -> None:
    """Do work on slices of `count` items, on all processors; numpy and shapely let go of the interpreter."""
    slices = [slice(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]
    if len(slices) <= 1:
        for part in slices:
            work(part)
        return
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(work, slices))
