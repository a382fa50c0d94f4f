"""The tables beside the map: stations, people, postcodes and units."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from lokal import wilayah

from .facts import Station, Village
from .landmarks import Landmark
from .shapes import MICRO, Micro, chance

AMBULANCES_AT_PUSKESMAS = 26
PATROLS = 12
STATUS_SHARES = (("out_of_service", 0.06), ("dispatched", 0.06), ("on_scene", 0.04))
OTHER_UNITS = (
    ("BPBD", 1, "rapid_response", "BPBD", 0, "chainsaw"),
    ("BPBD", 2, "boat", "BPBD", 0, "water_rescue"),
    ("BPBD", 3, "boat", "BPBD", 3, "water_rescue"),
    ("BPBD", 4, "evacuation_truck", "BPBD", 0, ""),
    ("SATPOL", 1, "public_order", "Satpol PP", 0, "patrol"),
    ("SATPOL", 2, "public_order", "Satpol PP", 5, "patrol"),
    ("DISHUB", 1, "traffic_unit", "Dishub", 5, ""),
    ("DINSOS", 1, "social_services", "Dinsos", 0, ""),
)
"""Call sign, number, kind, agency, the fire post at which it stands by its place in the list, capabilities."""
Row = tuple[str, ...]


def write_tables(
    folder: Path, villages: Sequence[Village], stations: Sequence[Station], landmarks: Sequence[Landmark]
) -> None:
    """Write stations.csv, population.csv, places.csv and units.csv."""
    _write(folder / "stations.csv", ("kind", "name", "lat", "lon", "operating"), map(_station_row, stations))
    _write(folder / "population.csv", ("code", "population"), ((v.code, str(v.population)) for v in villages))
    _write(folder / "places.csv", ("code", "name", "postcode", "aliases"), map(_place_row, villages))
    units = _units(stations, landmarks)
    columns = ("id", "kind", "agency", "status", "lat", "lon", "fix_time", "capabilities")
    _write(folder / "units.csv", columns, units)


def _write(path: Path, columns: Row, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _degrees(point: Micro) -> tuple[str, str]:
    return f"{point[1] / MICRO:.6f}", f"{point[0] / MICRO:.6f}"


def _station_row(station: Station) -> Row:
    return station.kind, station.name, *_degrees(station.position), str(int(station.operating))


def _place_row(village: Village) -> Row:
    region = wilayah.get_wilayah(village.code)
    return village.code, village.name, (region.postal_code or "") if region else "", ";".join(_aliases(village.name))


def _aliases(name: str) -> list[str]:
    """Joined and split spellings of names of two words, where people write both."""
    words = name.split()
    return ["".join([words[0], *(word.lower() for word in words[1:])])] if len(words) == 2 else []


def _units(stations: Sequence[Station], landmarks: Sequence[Landmark]) -> list[Row]:
    clinics = [station for station in stations if station.kind == "puskesmas"]
    hospitals = [station for station in stations if station.kind == "hospital"]
    posts = [station for station in stations if station.kind == "fire_station" and station.operating]
    police = [mark for mark in landmarks if mark.tags.get("amenity") == "police"]
    rows: list[Row] = []
    step = len(clinics) / AMBULANCES_AT_PUSKESMAS
    bases = [clinics[int(i * step)] for i in range(AMBULANCES_AT_PUSKESMAS)]
    rows += [_unit("AMB", i, "ambulance", "PSC 119", base.position, "bls") for i, base in enumerate(bases, 1)]
    rows += [
        _unit("AMB", i, "ambulance", "PSC 119", base.position, "als;bls")
        for i, base in enumerate(hospitals[:8], len(bases) + 1)
    ]
    rows += [_unit("DAMKAR", i, "fire_engine", "Damkar", post.position, "pump;hose") for i, post in enumerate(posts, 1)]
    rows += [
        _unit("RESCUE", i, "rescue", "Damkar", post.position, "rescue;water_rescue" if i % 2 else "rescue")
        for i, post in enumerate(posts[::3], 1)
    ]
    rows += [
        _unit(prefix, number, kind, agency, posts[post % len(posts)].position, capabilities)
        for prefix, number, kind, agency, post, capabilities in OTHER_UNITS
    ]
    stride = len(police) / PATROLS
    patrols = [police[int(i * stride)] for i in range(PATROLS)]
    rows += [_unit("POL", i, "police", "Polresta", post.position, "patrol") for i, post in enumerate(patrols, 1)]
    return rows


def _unit(prefix: str, number: int, kind: str, agency: str, place: Micro, capabilities: str) -> Row:
    unit_id = f"{prefix}-{number:02d}"
    return unit_id, kind, agency, _status(unit_id), *_degrees(place), "", capabilities


def _status(unit_id: str) -> str:
    draw = chance("status", unit_id).random()
    for status, share in STATUS_SHARES:
        if draw < share:
            return status
        draw -= share
    return "available"
