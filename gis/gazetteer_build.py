"""Make the gazetteer's villages and kecamatan from boundaries, and read the build's CSV files."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from gis.errors import InputError, SourceError
from gis.middle import middle_and_radius
from gis.types import Location, Place

if TYPE_CHECKING:
    import geopandas as gpd

Extras = Mapping[str, tuple[str | None, Sequence[str]]]
"""By village code, the postcode and the spelling variants."""

STATION_KINDS = {"puskesmas": "clinic"}
"""Kinds of stations files, as the gazetteer calls them."""

POINT_RADIUS_M = 50.0
_POSTCODE = re.compile(r"^\d{5}$")
_ALIAS_SEPARATORS = re.compile(r"[;|]")
_TRUE = frozenset({"1", "true", "yes", "ya", "y"})
_FALSE = frozenset({"0", "false", "no", "tidak", "t", "n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StationRow:
    """One row of a stations file."""

    kind: str
    name: str
    location: Location
    operating: bool
    position: str | None = None


def village_places(villages: gpd.GeoDataFrame, extras: Extras) -> list[Place]:
    """One place per village.

    Parameters
    ----------
    villages
        Columns code, name, kecamatan, geometry (EPSG:4326, Polygon or MultiPolygon) and, where known, official_name and
        postcode.
    extras
        Postcodes and spelling variants; a postcode here goes before the one of the frame.
    """
    places = []
    for row in villages.to_dict("records"):
        code, name = str(row["code"]), str(row["name"])
        postcode, aliases = extras.get(code, (None, ()))
        location, radius_m = middle_and_radius(row["geometry"])
        places.append(
            Place(
                place_id=f"village:{code}",
                kind="village",
                name=name,
                alt_names=_others(name, [_text(row.get("official_name")), *aliases]),
                location=location,
                radius_m=radius_m,
                village_code=code,
                postcode=postcode or _text(row.get("postcode")),
            )
        )
    return places


def kecamatan_places(villages: gpd.GeoDataFrame, extras: Extras | None = None) -> list[Place]:
    """One place per kecamatan, its area being that of its villages (columns kecamatan_code, kecamatan, geometry)."""
    places = []
    for (code, name), group in villages.groupby(["kecamatan_code", "kecamatan"], sort=True):
        location, radius_m = middle_and_radius(shapely.union_all(group.geometry.to_numpy()))
        _, aliases = (extras or {}).get(str(code), (None, ()))
        places.append(
            Place(
                place_id=f"kecamatan:{code}",
                kind="kecamatan",
                name=str(name),
                alt_names=_others(str(name), aliases),
                location=location,
                radius_m=radius_m,
            )
        )
    return places


# --- CSV files --------------------------------------------------------------------------------------------------------


def read_places_csv(path: Path) -> tuple[dict[str, tuple[str | None, tuple[str, ...]]], list[Place]]:
    """Read a places file: postcodes and variants by village code, and points of interest.

    A file has either rows `code,name,postcode,aliases` (aliases separated by `;` or `|`) or rows `kind,name,lat,lon`.

    Raises
    ------
    SourceError
        When the file or a row cannot be used; the text names the line and the field.
    """
    extras: dict[str, tuple[str | None, tuple[str, ...]]] = {}
    points: list[Place] = []
    header, rows = _rows(path)
    if "code" in header:
        for line, row in rows:
            code = _required(path, line, row, "code")
            postcode = (row.get("postcode") or "").strip()
            if postcode and not _POSTCODE.match(postcode):
                raise _bad(path, line, "postcode", postcode, "give five digits or nothing")
            if code in extras:
                raise _bad(path, line, "code", code, "each village may have one row")
            aliases = tuple(
                alias.strip() for alias in _ALIAS_SEPARATORS.split(row.get("aliases") or "") if alias.strip()
            )
            extras[code] = postcode or None, aliases
    elif {"kind", "name", "lat", "lon"} <= header:
        for line, row in rows:
            name, kind = _required(path, line, row, "name"), _required(path, line, row, "kind")
            points.append(
                Place(
                    place_id=f"place:{path.stem}/{line}",
                    kind=STATION_KINDS.get(kind, kind),
                    name=name,
                    location=_location(path, line, row),
                    radius_m=POINT_RADIUS_M,
                )
            )
    else:
        raise SourceError(
            f"{path.name} has the columns {', '.join(sorted(header)) or 'none'}; "
            "give code,name,postcode,aliases or kind,name,lat,lon."
        )
    return extras, points


def read_stations_csv(path: Path) -> list[StationRow]:
    """Read a stations file: columns kind, name, lat, lon and, optionally, operating (1 or 0) and position.

    Raises
    ------
    SourceError
        When the file or a row cannot be used; the text names the line and the field.
    """
    header, rows = _rows(path)
    _need(path, header, ("kind", "name", "lat", "lon"))
    stations = []
    for line, row in rows:
        operating = (row.get("operating") or "1").strip().lower()
        if operating not in _TRUE | _FALSE:
            raise _bad(path, line, "operating", operating, "give 1 or 0")
        stations.append(
            StationRow(
                kind=_required(path, line, row, "kind"),
                name=_required(path, line, row, "name"),
                location=_location(path, line, row),
                operating=operating in _TRUE,
                position=(row.get("position") or "").strip() or None,
            )
        )
    return stations


def station_places(stations: Sequence[StationRow]) -> list[Place]:
    """The stations as points of interest, `station:N` by their order in the file."""
    return [
        Place(
            place_id=f"station:{number}",
            kind=STATION_KINDS.get(station.kind, station.kind),
            name=station.name,
            location=station.location,
            radius_m=POINT_RADIUS_M,
        )
        for number, station in enumerate(stations, start=1)
    ]


def read_population_csv(path: Path) -> dict[str, float]:
    """Read people per village code: columns code and population.

    Raises
    ------
    SourceError
        When the file or a row cannot be used; the text names the line and the field.
    """
    header, rows = _rows(path)
    _need(path, header, ("code", "population"))
    people: dict[str, float] = {}
    for line, row in rows:
        code = _required(path, line, row, "code")
        if code in people:
            raise _bad(path, line, "code", code, "each village may have one row")
        people[code] = _number(path, line, row, "population")
        if people[code] < 0:
            raise _bad(path, line, "population", row["population"], "give a number of people, 0 or more")
    return people


def _rows(path: Path) -> tuple[set[str], Iterator[tuple[int, dict[str, str]]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); give a CSV file.") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path.name} is not UTF-8 text (byte {error.start}); save it as CSV UTF-8.") from error
    lines = text.splitlines()
    dialect = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    reader = csv.DictReader(lines, delimiter=dialect, strict=True)
    try:
        names = [(name or "").strip().lower() for name in reader.fieldnames or []]
    except csv.Error as error:
        raise SourceError(f"{path.name}, line 1 is not CSV ({error}); save it again as CSV.") from error
    if not any(names):
        raise SourceError(f"{path.name} is empty; its first line must name the columns.")
    reader.fieldnames = names

    def rows() -> Iterator[tuple[int, dict[str, str]]]:
        try:
            for row in reader:
                if None in row:
                    raise SourceError(
                        f"{path.name}, line {reader.line_num} has more fields than the first line names; "
                        "put quotes around a field with a comma."
                    )
                yield reader.line_num, row
        except csv.Error as error:
            line = min(reader.line_num + 1, len(lines))  # the reader has not counted the line it stumbled over
            raise SourceError(f"{path.name}, line {line} is not CSV ({error}); correct the line.") from error

    return set(names), rows()


def _need(path: Path, header: set[str], names: Sequence[str]) -> None:
    missing = [name for name in names if name not in header]
    if missing:
        raise SourceError(
            f"{path.name} lacks the column {', '.join(missing)}; its first line must name {', '.join(names)}."
        )


def _bad(path: Path, line: int, column: str, value: str, advice: str) -> SourceError:
    return SourceError(f"{path.name}, line {line}, column {column}: {value!r} cannot be used; {advice}.")


def _required(path: Path, line: int, row: Mapping[str, str], column: str) -> str:
    value = (row.get(column) or "").strip()
    if not value:
        raise SourceError(f"{path.name}, line {line}, column {column} is empty; fill it in or remove the line.")
    return value


def _number(path: Path, line: int, row: Mapping[str, str], column: str) -> float:
    value = _required(path, line, row, column)
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _bad(path, line, column, value, "give a number with a decimal point")
    return number


def _location(path: Path, line: int, row: Mapping[str, str]) -> Location:
    lat, lon = _number(path, line, row, "lat"), _number(path, line, row, "lon")
    try:
        return Location(lat=lat, lon=lon)
    except InputError as error:
        raise SourceError(f"{path.name}, line {line}: {error}") from error


def _others(name: str, names: Sequence[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(other for other in names if other and other.casefold() != name.casefold()))


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
