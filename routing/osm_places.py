"""Named places of OpenStreetMap for the gazetteer: from nodes, closed ways and multipolygons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import shapely

from gis.geodesy import distance_m
from gis.types import Location, Place
from routing.osm_report import Tally
from routing.osm_tags import alternative_names

SKIPPED: Final = "places skipped"
CALLED_BY_SORT: Final = "places without a name, called by their sort"

_KIND_BY_TAG: Final[Mapping[str, Mapping[str, str]]] = {
    # The first key that fits decides, so what helps in an emergency comes first.
    "amenity": {
        "hospital": "hospital", "clinic": "clinic", "doctors": "doctors", "dentist": "doctors",
        "fire_station": "fire_station", "police": "police", "townhall": "townhall",
        "school": "school", "kindergarten": "kindergarten", "college": "university", "university": "university",
        "place_of_worship": "place_of_worship", "marketplace": "market", "pharmacy": "pharmacy", "fuel": "fuel",
        "bus_station": "station", "ferry_terminal": "station", "bank": "bank", "post_office": "post_office",
        "community_centre": "community_centre", "courthouse": "government", "prison": "government",
        "library": "library", "cinema": "cinema", "theatre": "theatre", "grave_yard": "cemetery",
        "restaurant": "restaurant", "fast_food": "restaurant", "cafe": "restaurant",
        "social_facility": "social_facility", "nursing_home": "social_facility",
    },
    "healthcare": {
        "hospital": "hospital", "clinic": "clinic", "centre": "clinic", "doctor": "doctors", "midwife": "doctors",
        "pharmacy": "pharmacy",
    },
    "emergency": {"ambulance_station": "ambulance_station", "water_rescue": "rescue_station"},
    "railway": {"station": "station", "halt": "station", "tram_stop": "station"},
    "public_transport": {"station": "station"},
    "aeroway": {"aerodrome": "airfield", "terminal": "station"},
    "place": dict.fromkeys(
        ("city", "town", "village", "hamlet", "suburb", "quarter", "neighbourhood", "city_block", "locality",
         "isolated_dwelling", "farm", "island", "islet", "square"), "place"),
    "office": {"government": "government", "administrative": "government"},
    "government": {},
    "shop": dict.fromkeys(("mall", "supermarket", "department_store", "convenience"), "shop"),
    "tourism": dict.fromkeys(("hotel", "guest_house", "hostel", "motel", "resort"), "hotel")
    | dict.fromkeys(("attraction", "museum", "zoo", "theme_park", "viewpoint"), "attraction"),
    "leisure": {
        "park": "park", "stadium": "sports", "sports_centre": "sports", "swimming_pool": "sports",
        "water_park": "attraction", "marina": "harbour", "golf_course": "sports",
    },
    "historic": dict.fromkeys(("monument", "memorial", "castle", "palace", "fort", "ruins"), "attraction"),
    "industrial": {"port": "harbour"},
    "harbour": {"yes": "harbour"},
    "man_made": {"works": "factory", "lighthouse": "lighthouse", "pier": "harbour", "bridge": "bridge"},
    "landuse": {
        "residential": "place", "industrial": "factory", "commercial": "business_area", "retail": "business_area",
        "cemetery": "cemetery", "military": "military", "reservoir": "water", "harbour": "harbour",
    },
    "natural": {"water": "water", "beach": "beach", "peak": "peak", "bay": "water", "cape": "place"},
    "junction": {"yes": "junction"},
    "barrier": {"toll_booth": "toll_gate"},
    "highway": {
        "bus_stop": "bus_stop", "motorway_junction": "junction", "traffic_signals": "junction",
        "rest_area": "rest_area", "services": "rest_area",
    },
}  # fmt: skip
PLACE_KEYS: Final = tuple(key for key, kinds in _KIND_BY_TAG.items() if kinds)
_RANK: Final[Mapping[str, int]] = {key: rank for rank, key in enumerate(PLACE_KEYS)}

POINT_RADIUS_M: Final = 50.0
"""Radius of a thing mapped as a point: a building and its yard."""
_POINT_RADIUS_M: Final[Mapping[str, float]] = {
    # settlements mapped as a point; the order of magnitude of such settlements, no more can be known
    "city": 5_000.0, "town": 2_000.0, "village": 1_000.0, "suburb": 1_000.0, "quarter": 500.0, "island": 1_000.0,
    "neighbourhood": 300.0, "hamlet": 300.0, "locality": 300.0, "farm": 200.0, "isolated_dwelling": 100.0,
    "islet": 200.0, "square": 100.0, "city_block": 100.0,
}  # fmt: skip


NAMELESS: Final[Mapping[str, str]] = {
    "hospital": "Rumah Sakit", "clinic": "Klinik", "fire_station": "Pos Pemadam Kebakaran", "police": "Kantor Polisi",
    "townhall": "Balai Desa",
}  # fmt: skip
"""What emergency services and village offices are called where the map has no name: callers know them by their sort
and their village or kecamatan."""


def place_kind(tags: Mapping[str, str]) -> str | None:
    """Kind of a place in the gazetteer, or None where the tags are of no named place that callers speak of."""
    for key in sorted(tags.keys() & _RANK.keys(), key=_RANK.__getitem__):
        kind = _KIND_BY_TAG[key].get(tags[key])
        if kind is not None:
            return kind
    return None


@dataclass(slots=True)
class PlaceCollector:
    """Takes points and areas one by one; `places()` gives the gazetteer's records, sorted by id."""

    tally: Tally
    _points: list[Place] = field(default_factory=list)
    _areas: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    _outlines: list[str] = field(default_factory=list)

    def wants(self, tags: Mapping[str, str], osm_id: int) -> str | None:
        """Kind of the thing if it is a named place; a nameless one is counted."""
        kind = place_kind(tags)
        if kind is None:
            return None
        if tags.get("boundary") == "administrative":
            self.tally.add(SKIPPED, "administrative boundary: borders come from the official villages", osm_id)
            return None
        if not _name(tags):
            if kind in NAMELESS:
                self.tally.add(CALLED_BY_SORT, kind, osm_id)
                return kind
            self.tally.add(SKIPPED, f"{kind} without a name", osm_id)
            return None
        return kind

    def add_node(self, osm_id: int, tags: Mapping[str, str], lat: float, lon: float) -> None:
        """Take a tagged node."""
        kind = self.wants(tags, osm_id)
        if kind is not None:
            radius = _POINT_RADIUS_M.get(tags.get("place", ""), POINT_RADIUS_M) if kind == "place" else POINT_RADIUS_M
            self._points.append(_place(f"osm:node/{osm_id}", kind, tags, lat, lon, radius))

    def add_area(self, thing: str, osm_id: int, tags: Mapping[str, str], outline_wkb: str) -> None:
        """Take a closed way or a multipolygon (`thing` is `way` or `relation`) with its outline as hex WKB."""
        kind = self.wants(tags, osm_id)
        if kind is not None:
            self._areas.append((f"osm:{thing}/{osm_id}", kind, tags))
            self._outlines.append(outline_wkb)

    def places(self) -> list[Place]:
        """Everything taken."""
        found = [*self._points, *self._area_places()]
        for place in found:
            self.tally.add("places used", place.kind)
        return sorted(found, key=lambda place: place.place_id)

    def _area_places(self) -> list[Place]:
        if not self._areas:
            return []
        outlines = shapely.from_wkb(self._outlines)
        middles = shapely.get_coordinates(shapely.point_on_surface(outlines))
        points, owner = shapely.get_coordinates(outlines, return_index=True)
        away = distance_m(points[:, 1], points[:, 0], middles[owner, 1], middles[owner, 0])
        radius = np.zeros(len(outlines))
        np.maximum.at(radius, owner, away)
        return [
            _place(place_id, kind, tags, float(lat), float(lon), float(reach))
            for (place_id, kind, tags), (lon, lat), reach in zip(self._areas, middles, radius, strict=True)
        ]


def _name(tags: Mapping[str, str]) -> str:
    return (tags.get("name") or tags.get("name:id") or "").strip()


def _place(place_id: str, kind: str, tags: Mapping[str, str], lat: float, lon: float, radius_m: float) -> Place:
    name = _name(tags) or NAMELESS[kind]
    postcode = tags.get("addr:postcode", "").strip()
    return Place(
        place_id=place_id,
        kind=kind,
        name=name,
        alt_names=tuple(alt for alt in alternative_names(tags) if alt != name),
        location=Location(lat=round(lat, 7), lon=round(lon, 7)),
        radius_m=round(radius_m, 1),
        postcode=postcode if len(postcode) == 5 and postcode.isdecimal() else None,
    )
