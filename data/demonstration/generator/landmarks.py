"""Points of interest: offices, schools, mosques, markets and posts, named after their village or kecamatan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from shapely.geometry import Point, Polygon

from .borders import Borders
from .facts import Station, Village, seats
from .landscape import CUT_OFF, CUT_OFF_NAME, RAILWAY_STATIONS
from .shapes import Micro, chance, micro_of, to_micro, to_xy

NOTE = "contoh"
BESIDE_ROAD_M = (18.0, 34.0)
SEARCHES = 60
MOSQUES = (
    "Masjid Al-Hikmah", "Masjid Al-Ikhlas", "Masjid An-Nur", "Masjid At-Taqwa", "Masjid Al-Huda", "Masjid Al-Falah",
    "Masjid Nurul Iman", "Masjid Baitul Makmur", "Masjid Al-Barokah", "Masjid Darussalam",
)  # fmt: skip
HAMLETS = ("Blok Manis", "Blok Pahing", "Blok Pon", "Blok Wage", "Blok Kliwon")
HAMLET_SHARE = 0.35
STATION_TAGS = {
    "fire_station": {"amenity": "fire_station"},
    "puskesmas": {"amenity": "clinic", "healthcare": "centre"},
    "hospital": {"amenity": "hospital", "emergency": "yes"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmark:
    """A tagged point."""

    position: Micro
    tags: dict[str, str]


def place_landmarks(
    villages: Sequence[Village],
    stations: Sequence[Station],
    borders: Borders,
    lane_points: dict[str, list[Micro]],
) -> list[Landmark]:
    """All points of interest; those of a village stand beside one of its lanes, within its borders.

    `lane_points` gives the corners of each village's lanes by village code, the village's position first.
    """
    kecamatan_seats = seats(list(villages))
    found = [Landmark(position=station.position, tags=_station_tags(station)) for station in stations]
    found += [
        Landmark(position=micro_of(lat, lon), tags={"railway": "station", "name": name})
        for name, (lat, lon) in RAILWAY_STATIONS
    ]
    found.append(Landmark(position=micro_of(*CUT_OFF), tags={"place": "hamlet", "name": CUT_OFF_NAME}))
    for village in villages:
        spot = _Spots(village, borders.polygon(village.code), lane_points[village.code])
        rng = chance("landmarks", village.code)
        kelurahan = village.code.rsplit(".", 1)[1].startswith("1")
        office = "Kantor Kelurahan" if kelurahan else "Balai Desa"
        wanted = [
            {"amenity": "townhall", "name": f"{office} {village.name}"},
            {"amenity": "school", "name": f"SDN 1 {village.name}"},
            {"amenity": "place_of_worship", "religion": "muslim", "name": MOSQUES[int(rng.random() * len(MOSQUES))]},
        ]
        if rng.random() < HAMLET_SHARE:
            wanted.append({"place": "neighbourhood", "name": HAMLETS[int(rng.random() * len(HAMLETS))]})
        if kecamatan_seats[village.kecamatan_code] == village:
            name = village.kecamatan
            wanted += [
                {"amenity": "townhall", "name": f"Kantor Kecamatan {name}"},
                {"amenity": "police", "name": f"Polsek {name}"},
                {"amenity": "school", "name": f"SMPN 1 {name}"},
                {"amenity": "marketplace", "name": f"Pasar {name}"},
            ]
        found += [Landmark(position=spot.take(), tags=tags | {"note": NOTE}) for tags in wanted]
    return found


def _station_tags(station: Station) -> dict[str, str]:
    tags = STATION_TAGS[station.kind] | {"name": station.name}
    return tags if station.operating else tags | {"disused": "yes"}


class _Spots:
    """Hands out places beside the lanes of one village, none twice."""

    def __init__(self, village: Village, cell: Polygon, corners: list[Micro]) -> None:
        self._rng = chance("spot", village.code)
        self._cell = cell.buffer(-5.0)
        self._corners = corners
        self._taken: set[Micro] = set(corners)
        self._name = village.name

    def take(self) -> Micro:
        for _ in range(SEARCHES):
            x, y = to_xy(self._corners[int(self._rng.random() * len(self._corners))])
            angle = self._rng.uniform(0.0, 2 * math.pi)
            off = self._rng.uniform(*BESIDE_ROAD_M)
            place = to_micro((x + off * math.cos(angle), y + off * math.sin(angle)))
            if place not in self._taken and self._cell.contains(Point(to_xy(place))):
                self._taken.add(place)
                return place
        raise RuntimeError(f"no free spot beside the lanes of {self._name}")
