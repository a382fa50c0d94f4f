"""Which village a point lies in, how near the borders are, and who is beyond them.

The rules are the same for one point and for a million:

- A point in a village or on its border is `INSIDE`; on a border shared by several the lowest code wins, always.
- A point in no village but at most `REACH_M` from one (a sliver, the coast) is given the nearest, `NEAREST`;
  between villages equally near (to `TIE_M`) the lowest code wins.
- Any other point is `OUTSIDE`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gis.area_polygons import AreaPolygons
from gis.border_grid import FloatArray
from gis.errors import InputError, OutsideRegionError
from gis.geodesy import bearing_deg
from gis.middle import FarPart, far_parts, middle_and_radius
from gis.types import AdministrativeArea, AreaLevel, AreaMatch, AreaStatus, Bounds, Location, NearbyArea
from gis.village_grid import REACH_M, STATUSES, TIE_M, LocatedPoints, VillageGrid

if TYPE_CHECKING:
    from gis.boundary_import import BoundarySet


@dataclass(frozen=True, kw_only=True, eq=False)
class BoundaryIndex:
    """The areas of a region and a grid over its villages.

    Attributes
    ----------
    areas, polygons
        Of each level, both in the order of the codes.
    village_grid
        Finds the villages of points.
    """

    areas: dict[AreaLevel, tuple[AdministrativeArea, ...]]
    polygons: dict[AreaLevel, AreaPolygons]
    village_grid: VillageGrid

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
        return cls(areas=areas, polygons=polygons, village_grid=VillageGrid.build(polygons[AreaLevel.VILLAGE]))

    def save(self, folder: Path) -> None:
        """Write `.npy` files and `areas.json` into an existing folder."""
        for level, polygons in self.polygons.items():
            polygons.save(folder, level.value)
        facts = {
            **self.village_grid.save(folder),
            "areas": {
                level: [[area.code, area.name, area.parent_code] for area in areas]
                for level, areas in self.areas.items()
            },
        }
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
        polygons = {level: AreaPolygons.load(folder, level.value) for level in areas}
        return cls(
            areas=areas,
            polygons=polygons,
            village_grid=VillageGrid.load(folder, facts, polygons[AreaLevel.VILLAGE]),
        )

    # --- areas -----------------------------------------------------------------------------------------------------

    @property
    def villages(self) -> tuple[AdministrativeArea, ...]:
        """All villages by code."""
        return self.areas[AreaLevel.VILLAGE]

    @property
    def kecamatan(self) -> tuple[AdministrativeArea, ...]:
        """All kecamatan by code."""
        return self.areas[AreaLevel.KECAMATAN]

    @property
    def kabupaten(self) -> tuple[AdministrativeArea, ...]:
        """All kabupaten and kota by code."""
        return self.areas[AreaLevel.KABUPATEN]

    @property
    def bounds(self) -> Bounds:
        """The box round all villages."""
        west, south, east, north = self.polygons[AreaLevel.VILLAGE].total_bounds
        return Bounds(south=south, west=west, north=north, east=east)

    def area(self, code: str) -> AdministrativeArea:
        """The area of any level with a code.

        Raises
        ------
        OutsideRegionError
            Where the region has none.
        """
        level, number = self._place_of(code)
        return self.areas[level][number]

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

    def far_parts(self, code: str) -> tuple[FarPart, ...]:
        """Small parts of an area far from the rest, most likely a fault of the boundary file; see `gis.middle`."""
        return far_parts(self.polygon(code))

    def kecamatan_name(self, village: int) -> str:
        """Name of the kecamatan of a village by number; empty where the region has none for it."""
        kecamatan = self.parent(self.villages[village])
        return "" if kecamatan is None else kecamatan.name

    @cached_property
    def _places(self) -> dict[str, tuple[AreaLevel, int]]:
        return {
            area.code: (level, number)
            for level, areas in reversed(self.areas.items())
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
        number, status, border_m = self.village_grid.locate_one(location)
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
        kecamatan = self.parent(village)
        return AreaMatch(
            location=location,
            status=STATUSES[status],
            village=village,
            kecamatan=kecamatan,
            kabupaten=self.parent(kecamatan),
            border_m=border_m,
            neighbours=tuple(one for one in near if one.area != village),
            towards=None,
            towards_bearing_deg=None,
        )

    def nearby(self, lat: float, lon: float, within_m: float = REACH_M) -> tuple[NearbyArea, ...]:
        """Villages within a distance of a point, nearest first and ties by code; 0 m for those it is in."""
        x, y = (float(value) for value in self.village_grid.plane.to_xy(lat, lon))
        number = self._segments_in_box(x, y, within_m)
        away_m = np.sqrt(self.village_grid.segments.distance2(number, x, y))
        covering = self._covering(lat, lon)
        nearest_m = dict.fromkeys(covering, 0.0)
        for villages, one_m in zip(self.village_grid.segment_village[number].tolist(), away_m.tolist(), strict=True):
            for village in villages:
                if village >= 0 and one_m <= min(within_m, nearest_m.get(village, np.inf)):
                    nearest_m[village] = one_m
        least_m = min(nearest_m.values(), default=0.0)

        def rank(village: int) -> tuple[int, int, int]:
            away_m = nearest_m[village]
            if village in covering[:1]:
                return 0, 0, village
            return (1, 0, village) if away_m <= least_m + TIE_M else (2, round(away_m / TIE_M), village)

        return tuple(
            NearbyArea(area=self.villages[village], distance_m=nearest_m[village])
            for village in sorted(nearest_m, key=rank)
        )

    def _segments_in_box(self, x: float, y: float, within_m: float) -> npt.NDArray[np.int64]:
        order, box, tallest_m = self._segment_boxes
        low = int(box[1].searchsorted(y - within_m - tallest_m))
        high = int(box[1].searchsorted(y + within_m, "right"))
        west, _, east, north = box[:, low:high]
        inside: npt.NDArray[np.bool_] = (west <= x + within_m) & (east >= x - within_m) & (north >= y - within_m)
        found: npt.NDArray[np.int64] = order[low:high][inside]
        return found

    def _covering(self, lat: float, lon: float) -> list[int]:
        """Villages that a point lies in or on, ascending."""
        west, south, east, north = self.polygons[AreaLevel.VILLAGE].bounds.T
        near = np.nonzero((west <= lon) & (lon <= east) & (south <= lat) & (lat <= north))[0]
        return [
            int(one) for one in near[shapely.intersects_xy(self.polygons[AreaLevel.VILLAGE].geometries[near], lon, lat)]
        ]

    def _towards(self, location: Location) -> tuple[AdministrativeArea, Location]:
        """The village nearest to a point outside, and its nearest point."""
        x, y = (float(value) for value in self.village_grid.plane.to_xy(location.lat, location.lon))
        away_m = np.sqrt(self.village_grid.segments.all_distances2(x, y))
        tied = np.nonzero(away_m <= away_m.min() + TIE_M)[0]
        segment = int(tied[np.argmin(self.village_grid.segment_village[tied, 0])])
        lat, lon = self.village_grid.plane.to_latlon(*self.village_grid.segments.nearest_point(segment, x, y))
        return self.villages[int(self.village_grid.segment_village[segment, 0])], Location(
            lat=float(lat), lon=float(lon)
        )

    def parent(self, area: AdministrativeArea | None) -> AdministrativeArea | None:
        """The area above an area; None where the region has none."""
        if area is None or area.parent_code not in self._places:
            return None
        return self.area(area.parent_code)

    @cached_property
    def _segment_boxes(self) -> tuple[npt.NDArray[np.int64], FloatArray, float]:
        """(S,) segments from south to north, (4, S) x0, y0, x1, y1 of each, the lower first, and the tallest's height.

        The height is a metre more than it is, against rounding.
        """
        xy = np.asarray(self.village_grid.segment_xy, dtype=np.float64)
        box = np.vstack([np.minimum(xy[:, :2], xy[:, 2:]).T, np.maximum(xy[:, :2], xy[:, 2:]).T])
        order = np.argsort(box[1], kind="stable")
        box = np.ascontiguousarray(box[:, order])
        return order, box, float((box[3] - box[1]).max(initial=0.0)) + 1.0

    # --- many points -----------------------------------------------------------------------------------------------

    def locate_many(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> LocatedPoints:
        """The village of each of N points and its distance to that village's border.

        Raises
        ------
        InputError
            Where a position is not a number or off the earth.
        """
        return self.village_grid.locate_many(lat, lon)

    def villages_of(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> npt.NDArray[np.int32]:
        """As `locate_many(...).village`, faster: distances are measured only where a point is in no village.

        Raises
        ------
        InputError
            Where a position is not a number or off the earth.
        """
        return self.village_grid.villages_of(lat, lon)
