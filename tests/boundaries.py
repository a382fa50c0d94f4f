"""Small made-up boundaries for tests, and the slow, obvious way to locate a point."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import mapping

from gis.boundary_import import BoundarySet
from gis.geodesy import LocalPlane

WEST, SOUTH = 108.0, -7.0


def square(column: float, row: float, width: float = 1.0, height: float = 1.0, size_deg: float = 0.01) -> Any:
    """A box on a lattice of about 1.1 km near Cirebon."""
    x, y = WEST + column * size_deg, SOUTH + row * size_deg
    return shapely.box(x, y, x + width * size_deg, y + height * size_deg)


def boundary_set(villages: Mapping[str, Any]) -> BoundarySet:
    """Villages by code as they are, unrepaired; the codes before their last dots are the areas above."""
    codes = list(villages)
    kecamatan = [code.rpartition(".")[0] for code in codes]
    kabupaten = [code.rpartition(".")[0] for code in kecamatan]
    table = gpd.GeoDataFrame(
        {
            "code": codes,
            "name": [f"Village {code}" for code in codes],
            "kecamatan_code": kecamatan,
            "kabupaten_code": kabupaten,
        },
        geometry=list(villages.values()),
        crs="EPSG:4326",
    )

    def joined(column: str) -> gpd.GeoDataFrame:
        above = sorted(set(table[column]))
        return gpd.GeoDataFrame(
            {"code": above, "name": [f"Area {code}" for code in above]},
            geometry=[shapely.union_all(table.geometry.values[table[column] == code]) for code in above],
            crs="EPSG:4326",
        )

    of_kecamatan = joined("kecamatan_code")
    of_kecamatan["kabupaten_code"] = [code.rpartition(".")[0] for code in of_kecamatan["code"]]
    return BoundarySet(
        villages=table,
        kecamatan=of_kecamatan,
        kabupaten=joined("kabupaten_code"),
        projected_crs="EPSG:32749",
        report={},
    )


def feature(geometry: Any, **properties: object) -> dict[str, Any]:
    """One GeoJSON feature; the geometry may be GeoJSON already, or None."""
    shape = mapping(geometry) if isinstance(geometry, shapely.Geometry) else geometry
    return {"type": "Feature", "properties": properties, "geometry": shape}


def village_feature(number: int, geometry: Any, **properties: object) -> dict[str, Any]:
    """A village of kecamatan Waled (32.09.01) as a GeoJSON feature."""
    known = {"code": f"32.09.01.{2000 + number}", "name": f"Desa {number}", "kecamatan": "Waled"}
    return feature(geometry, **{**known, **properties})


def write_geojson(path: Path, features: Sequence[Mapping[str, Any]], **members: object) -> Path:
    """Write a feature collection."""
    path.write_text(json.dumps({"type": "FeatureCollection", **members, "features": list(features)}), encoding="utf-8")
    return path


class SlowLocator:
    """Every polygon asked about every point: the truth that the grid is tested against."""

    def __init__(self, boundaries: BoundarySet, plane: LocalPlane) -> None:
        table = boundaries.villages.sort_values("code")
        self.codes = list(table["code"])
        self.plane = plane
        self.polygons = np.asarray(table.geometry.values, dtype=object)
        self.in_metres = shapely.transform(
            self.polygons, lambda lonlat: np.column_stack(plane.to_xy(lonlat[:, 1], lonlat[:, 0]))
        )
        self.borders = shapely.boundary(self.in_metres)

    def locate(self, lat: float, lon: float) -> tuple[str | None, str, float]:
        """Code (None outside), status and metres to the border."""
        covering = np.flatnonzero(shapely.intersects(self.polygons, shapely.Point(lon, lat)))
        point = shapely.Point(*self.plane.to_xy(lat, lon))
        if len(covering):
            return self.codes[covering[0]], "inside", float(shapely.distance(self.borders[covering[0]], point))
        away_m = shapely.distance(self.in_metres, point)
        nearest = int(np.flatnonzero(away_m <= away_m.min() + 1e-6)[0])
        if away_m[nearest] <= 250.0:
            return self.codes[nearest], "nearest", float(away_m[nearest])
        return None, "outside", float(away_m[nearest])

    def nearby(self, lat: float, lon: float) -> dict[str, float]:
        """Codes and metres of villages within 250 m."""
        away_m = shapely.distance(self.in_metres, shapely.Point(*self.plane.to_xy(lat, lon)))
        return {self.codes[number]: float(away_m[number]) for number in np.flatnonzero(away_m <= 250.0)}
