"""One file of boundaries: its layer, reference system, columns and geometries, each checked.

Build time only: imports geopandas. Every fault is one `SourceError` that names the file, the feature (counted from
1 in the order of the file) and the field.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from gis.boundary_repair import MAX_MOVE_M
from gis.errors import InputError, SourceError

Field = Literal["code", "name", "kecamatan_code", "kecamatan", "kabupaten_code", "kabupaten"]
Kind = Literal["villages", "kecamatan"]

SUFFIXES = (".geojson", ".json", ".gpkg", ".shp", ".zip")
WGS84 = "EPSG:4326"
INDONESIA = (94.5, -11.5, 141.5, 6.5)
"""West, south, east and north of Indonesia with its seas."""

METRES_PER_DEGREE = 111_320.0
LISTED = 3
"""So many further cases a sentence names."""

COLUMN_NAMES: Mapping[Kind, Mapping[Field, tuple[str, ...]]] = {
    "villages": {
        "code": (
            *("code", "kode", "kdepum", "kode_desa", "kodedesa", "kddesa", "kd_desa", "kode_kd", "kode_kel"),
            *("kode_kelurahan", "kdkel", "kd_kel", "kode_kemendagri", "kemendagri", "kode_desa_kelurahan"),
            *("kode_wilayah", "kodewilayah", "kode_des", "iddesa", "id_desa", "village_code"),
        ),
        "name": (
            *("name", "nama", "namobj", "wadmkd", "desa", "nama_desa", "namadesa", "nm_desa", "nmdesa"),
            *("desa_kelurahan", "nama_kd", "kelurahan", "nama_kel", "nama_kelurahan", "nm_kel", "deskel"),
            *("village", "village_name", "nama_desa_kelurahan"),
        ),
        "kecamatan_code": (
            *("kecamatan_code", "kdcpum", "kode_kec", "kode_kecamatan", "kodekec", "kdkec", "kd_kec", "id_kec"),
        ),
        "kecamatan": (
            *("kecamatan", "wadmkc", "nama_kec", "namakec", "nama_kecamatan", "nm_kec", "nmkec", "kec", "distrik"),
            *("nama_kc", "kecamatan_name"),
        ),
        "kabupaten_code": (
            *("kabupaten_code", "kdpkab", "kode_kab", "kode_kabupaten", "kodekab", "kdkab", "kd_kab", "id_kab"),
        ),
        "kabupaten": (
            *("kabupaten", "wadmkk", "nama_kab", "namakab", "nama_kabupaten", "nm_kab", "nmkab", "kab_kota"),
            *("kabkot", "kabupaten_kota", "nama_kk", "kab", "kota", "kabupaten_name"),
        ),
    },
    "kecamatan": {
        "code": (
            *("kdcpum", "kode_kec", "kode_kecamatan", "kecamatan_code", "kodekec", "kdkec", "kd_kec", "code"),
            *("kode", "id_kec", "kode_kemendagri", "kode_wilayah"),
        ),
        "name": (
            *("namobj", "wadmkc", "nama_kec", "kecamatan", "namakec", "nama_kecamatan", "nm_kec", "nmkec"),
            *("name", "nama", "kec", "distrik", "nama_kc"),
        ),
    },
}
"""Column names by field, compared without case and punctuation; the first that holds a value is taken."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BoundaryTable:
    """The features of one file.

    Attributes
    ----------
    file
        Name of the file, for messages.
    values
        For each field found, one text (or None) per feature; codes as they stand in the file.
    geometry
        (N,) valid polygons or multipolygons in WGS84 longitude and latitude.
    report
        What was read and how: counts, reference system, columns, geometries repaired.
    """

    file: str
    values: Mapping[Field, list[str | None]]
    geometry: npt.NDArray[Any]
    report: dict[str, Any]

    def feature(self, number: int) -> str:
        """How a message names a feature."""
        return f"feature {number + 1} of {self.file}"


def read_table(path: Path, kind: Kind, columns: Mapping[str, str] | None = None) -> BoundaryTable:
    """Read and check one file of boundaries.

    Parameters
    ----------
    path
        GeoJSON, GeoPackage or Shapefile (also zipped).
    kind
        Whether its features are villages or kecamatan; decides which columns are looked for.
    columns
        Column names by field where they are not to be guessed.

    Raises
    ------
    SourceError
        Where the file, a column, the reference system or a geometry cannot be used.
    """
    frame = _read_frame(path)
    if len(frame) == 0:
        raise SourceError(f"{path.name} holds no features; give a file with one polygon per area.")
    chosen = _choose_columns(frame, path.name, kind, columns or {})
    geometry = _checked_polygons(frame, path.name)
    declared = frame.crs
    if path.suffix.lower() in (".geojson", ".json"):
        _check_named_crs(path, declared)
    geometry, reprojected = _to_wgs84(geometry, declared, path)
    geometry, repaired = _made_valid(geometry, path.name)
    return BoundaryTable(
        file=path.name,
        values={
            field: [None if pd.isna(value) else _plain(value) for value in frame[column]]
            for field, column in chosen.items()
        },
        geometry=geometry,
        report={
            "file": path.name,
            "kind": kind,
            "read": len(frame),
            "used": len(frame),
            "skipped": 0,
            "crs": declared.to_string() if declared is not None else None,
            "reprojected": reprojected,
            "columns": dict(chosen),
            "guessed_columns": sorted(field for field in chosen if field not in (columns or {})),
            "geometries_repaired": repaired,
        },
    )


def _read_frame(path: Path) -> gpd.GeoDataFrame:
    if not path.is_file():
        raise SourceError(f"The boundary file {path} does not exist; check the path.")
    if path.suffix.lower() not in SUFFIXES:
        raise SourceError(
            f"{path.name} is not a boundary file; give GeoJSON, a GeoPackage or a Shapefile ({', '.join(SUFFIXES)})."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # GDAL on rings; each geometry is checked below
            layers = [str(name) for name, geometry in pyogrio.list_layers(path) if geometry is not None]
            if len(layers) > 1:
                raise SourceError(
                    f"{path.name} has {len(layers)} layers ({_listed(layers)}); "
                    "save the boundaries as the only layer of a file."
                )
            if not layers:
                raise SourceError(f"{path.name} has no layer with geometry; give a file of polygons.")
            frame = pyogrio.read_dataframe(path, layer=layers[0], force_2d=True, on_invalid="ignore")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError, OSError) as error:
        if isinstance(error, SourceError):
            raise
        reason = str(error).split(";")[0].strip().rstrip(".")
        raise SourceError(f"{path.name} cannot be read as boundaries ({reason}); is it complete?") from error
    return frame


def _choose_columns(frame: gpd.GeoDataFrame, file: str, kind: Kind, given: Mapping[str, str]) -> dict[Field, str]:
    known = COLUMN_NAMES[kind]
    present = [str(column) for column in frame.columns if column != frame.geometry.name]
    for field in given:
        if field not in known:
            raise InputError(f"“{field}” is not a field of {kind}; the fields are {', '.join(known)}.")
    by_plain_name: dict[str, str] = {}
    for column in present:
        by_plain_name.setdefault(_plain_name(column), column)
    chosen: dict[Field, str] = {}
    for field, names in known.items():
        wanted = given.get(field)
        if wanted is not None:
            if wanted not in present and _plain_name(wanted) not in by_plain_name:
                raise SourceError(
                    f"{file} has no column “{wanted}” for {field}; its columns are {_listed(present, len(present))}."
                )
            chosen[field] = wanted if wanted in present else by_plain_name[_plain_name(wanted)]
            continue
        candidates = [by_plain_name[plain] for name in names if (plain := _plain_name(name)) in by_plain_name]
        filled = [column for column in candidates if frame[column].notna().any()]
        if filled or (candidates and field in ("code", "name")):
            chosen[field] = (filled or candidates)[0]
    if "code" not in chosen:
        raise SourceError(
            f"{file} has no column with codes of {kind}: none of its columns ({_listed(present, len(present))}) has a "
            "usual name such as code, kode or kdepum; name the column of the field code."
        )
    return chosen


def _checked_polygons(frame: gpd.GeoDataFrame, file: str) -> npt.NDArray[Any]:
    geometry = np.asarray(frame.geometry.values, dtype=object)
    for number, one in enumerate(geometry):
        feature = f"feature {number + 1} of {file}"
        if one is None:
            raise SourceError(f"The geometry of {feature} is missing or unreadable; draw it or remove the feature.")
        if one.geom_type not in ("Polygon", "MultiPolygon"):
            raise SourceError(f"The geometry of {feature} is a {one.geom_type}; an area must be a polygon.")
        if one.is_empty:
            raise SourceError(f"The geometry of {feature} is empty; draw it or remove the feature.")
        if not np.isfinite(shapely.get_coordinates(one)).all():
            raise SourceError(f"The geometry of {feature} has coordinates that are not numbers; mend it.")
    return geometry


def _to_wgs84(geometry: npt.NDArray[Any], declared: CRS | None, path: Path) -> tuple[npt.NDArray[Any], bool]:
    if declared is None or not (declared.is_geographic or declared.is_projected):
        missing = (
            "the .prj file beside it is missing" if path.suffix.lower() in (".shp", ".zip") else "none is declared"
        )
        raise SourceError(
            f"The coordinate reference system of {path.name} is not known ({missing}); "
            "set it in QGIS (Assign projection) and save the file again."
        )
    if declared.is_geographic:
        _check_degrees(geometry, declared, path.name)
    if CRS.from_user_input(WGS84).equals(declared, ignore_axis_order=True):
        return geometry, False
    moved = np.asarray(gpd.GeoSeries(list(geometry), crs=declared).to_crs(WGS84).values, dtype=object)
    west, south, east, north = shapely.total_bounds(moved)
    if not (
        np.isfinite([west, south, east, north]).all() and -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    ):
        raise SourceError(
            f"{path.name} declares {declared.to_string()}, by which its coordinates lie nowhere on earth; "
            "declare the right reference system."
        )
    return moved, True


def _check_named_crs(path: Path, taken: CRS | None) -> None:
    """Refuse GeoJSON that names a reference system which GDAL did not take: it falls back to WGS84 and says nothing."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError):
        return  # a dialect that GDAL reads, which has no such member
    member = content.get("crs") if isinstance(content, dict) else None
    if member is None:
        return
    properties = member.get("properties") if isinstance(member, dict) else None
    properties = properties if isinstance(properties, dict) else {}
    code = properties.get("code")
    name = properties.get("name") if code is None else f"EPSG:{code}"
    try:
        known = isinstance(name, str) and CRS.from_user_input(name).equals(taken, ignore_axis_order=True)
    except CRSError:
        known = False
    # GDAL takes CRS84 for EPSG:4326, which it is but for the order of axes, and that order GeoJSON fixes.
    if not known and not (isinstance(name, str) and name.upper().endswith("CRS84")):
        raise SourceError(
            f"{path.name} declares the coordinate reference system “{str(name or member)[:60]}”, which is not known; "
            "set the right one in QGIS (Assign projection) and save the file again."
        )


def _check_degrees(geometry: npt.NDArray[Any], declared: CRS, file: str) -> None:
    bounds = shapely.bounds(geometry)
    wrong = np.nonzero((bounds[:, 0] < -180) | (bounds[:, 2] > 180) | (bounds[:, 1] < -90) | (bounds[:, 3] > 90))[0]
    if len(wrong) == 0:
        return
    number = int(wrong[0])
    x, y = bounds[number, :2]
    west, south, east, north = INDONESIA
    if west <= y <= east and south <= x <= north:
        cause = "longitude and latitude are swapped; write longitude first"
    else:
        cause = "they are probably metres; declare the projected reference system they are in"
    raise SourceError(
        f"Feature {number + 1} of {file} has the coordinates {x:.7g}, {y:.7g}, which are no degrees although the file "
        f"declares {declared.to_string()}: {cause}."
    )


def check_within_indonesia(table: BoundaryTable, number: int) -> None:
    """Refuse an area with an Indonesian code that lies elsewhere: its reference system is wrong."""
    west, south, east, north = shapely.bounds(table.geometry[number])
    if INDONESIA[0] <= west <= east <= INDONESIA[2] and INDONESIA[1] <= south <= north <= INDONESIA[3]:
        return
    if INDONESIA[0] <= south <= north <= INDONESIA[2] and INDONESIA[1] <= west <= east <= INDONESIA[3]:
        cause = "longitude and latitude are swapped; write longitude first"
    else:
        cause = f"check the reference system the file declares ({table.report['crs']})"
    raise SourceError(
        f"The {table.feature(number)} lies at longitude {west:.5g}, latitude {south:.5g}, outside Indonesia: {cause}."
    )


def _made_valid(geometry: npt.NDArray[Any], file: str) -> tuple[npt.NDArray[Any], list[dict[str, Any]]]:
    """Valid geometries, and a note for each that was repaired."""
    repaired = []
    valid = geometry.copy()
    for number in np.nonzero(~shapely.is_valid(geometry))[0].tolist():
        reason = str(shapely.is_valid_reason(geometry[number]))
        mended = _polygons_of(shapely.make_valid(geometry[number]))
        if mended.is_empty:
            raise SourceError(
                f"The geometry of feature {number + 1} of {file} encloses no area ({reason}); draw it again."
            )
        if loop_m2 := _doubtful_loop_m2(geometry[number]):
            raise SourceError(
                f"The ring of feature {number + 1} of {file} crosses itself ({reason}) and leaves a loop of "
                f"{loop_m2 / 10_000:.1f} ha of which it is not clear whether it belongs to the area; redraw it there."
            )
        valid[number] = mended
        repaired.append({"feature": number + 1, "why": reason})
    return valid, repaired


def _polygons_of(geometry: BaseGeometry) -> BaseGeometry:
    parts = [part for part in shapely.get_parts(shapely.get_parts(geometry)) if part.geom_type == "Polygon"]
    return MultiPolygon(parts) if len(parts) != 1 else parts[0]


def _doubtful_loop_m2(geometry: BaseGeometry) -> float:
    """Area of the largest loop that a self-crossing outer ring runs round the wrong way or twice; 0 for narrow ones.

    A ring that merely touches itself runs the same way round all it encloses, and nothing is in doubt.
    """
    worst = 0.0
    for polygon in shapely.get_parts(geometry):
        middle = float(shapely.centroid(shapely.envelope(polygon)).y)
        scale = np.array([METRES_PER_DEGREE * np.cos(np.radians(middle)), METRES_PER_DEGREE])
        ring = shapely.linearrings(shapely.get_coordinates(shapely.get_exterior_ring(polygon)) * scale)
        loops = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.node(ring))))
        if len(loops) < 2:
            continue
        windings = [_winding(ring, shapely.point_on_surface(loop)) for loop in loops]
        main = windings[int(np.argmax(shapely.area(loops)))]
        for loop, winding in zip(loops, windings, strict=True):
            if winding in (0, main) and abs(main) == 1:
                continue
            if 2 * shapely.length(shapely.maximum_inscribed_circle(loop)) > MAX_MOVE_M:
                worst = max(worst, float(shapely.area(loop)))
    return worst


def _winding(ring: BaseGeometry, point: BaseGeometry) -> int:
    """How often a ring runs round a point, anticlockwise positive."""
    xy = shapely.get_coordinates(ring) - shapely.get_coordinates(point)
    start, end = xy[:-1], xy[1:]
    left = start[:, 0] * end[:, 1] - start[:, 1] * end[:, 0]
    up = (start[:, 1] <= 0) & (end[:, 1] > 0) & (left > 0)
    down = (start[:, 1] > 0) & (end[:, 1] <= 0) & (left < 0)
    return int(up.sum()) - int(down.sum())


def _plain(value: object) -> str | None:
    """The text of a cell; whole numbers without the `.0` that a library adds."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def _plain_name(column: str) -> str:
    return "".join(letter for letter in column.lower() if letter.isalnum())


def _listed(items: Sequence[str], most: int = LISTED) -> str:
    rest = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + rest
