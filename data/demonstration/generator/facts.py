"""The facts that the demonstration starts from: villages and stations with rounded positions."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from .shapes import Micro, micro_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    """One row of `villages.csv`; `position` in micro-degrees."""

    code: str
    name: str
    kecamatan_code: str
    kecamatan: str
    position: Micro
    population: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One row of `stations.csv`; `kind` is `fire_station`, `puskesmas` or `hospital`."""

    kind: str
    name: str
    position: Micro
    operating: bool


def read_villages(path: Path) -> list[Village]:
    """All villages, sorted by code."""
    with path.open(encoding="utf-8", newline="") as file:
        villages = [
            Village(
                code=row["code"],
                name=row["name"],
                kecamatan_code=row["kecamatan_code"],
                kecamatan=row["kecamatan"],
                position=micro_of(float(row["lat"]), float(row["lon"])),
                population=int(row["population"]),
            )
            for row in csv.DictReader(file)
        ]
    return sorted(villages, key=lambda village: village.code)


def read_stations(path: Path) -> list[Station]:
    """All stations, in the order of the file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Station(
                kind=row["kind"],
                name=row["name"],
                position=micro_of(float(row["lat"]), float(row["lon"])),
                operating=row["operating"] == "1",
            )
            for row in csv.DictReader(file)
        ]


def seats(villages: list[Village]) -> dict[str, Village]:
    """The seat of each kecamatan, by kecamatan code.

    The village that bears the kecamatan's name where there is one, else the village nearest to the mean position.
    """
    members: dict[str, list[Village]] = {}
    for village in villages:
        members.setdefault(village.kecamatan_code, []).append(village)
    return {code: _seat(group) for code, group in sorted(members.items())}


def _seat(group: list[Village]) -> Village:
    wanted = group[0].kecamatan.replace(" ", "").lower()
    for village in group:
        if village.name.replace(" ", "").lower().startswith(wanted):
            return village
    mid_lon = sum(village.position[0] for village in group) / len(group)
    mid_lat = sum(village.position[1] for village in group) / len(group)
    return min(
        group,
        key=lambda village: (
            (village.position[0] - mid_lon) ** 2 + (village.position[1] - mid_lat) ** 2,
            village.code,
        ),
    )
