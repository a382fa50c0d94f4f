"""Collecting water, coast, railways and land use of OpenStreetMap for the background map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import shapely

from routing.background import BACKGROUND_CLASSES, Background
from routing.network import DEGREE, Int32Array

_AREA_CLASS: Final[Mapping[str, Mapping[str, str]]] = {
    "natural": {
        "water": "water", "wetland": "wetland", "wood": "forest", "beach": "sand", "sand": "sand",
        "grassland": "grass", "scrub": "grass", "heath": "grass",
    },
    "waterway": {"riverbank": "water", "dock": "water"},
    "landuse": {
        "reservoir": "water", "basin": "water", "salt_pond": "water", "aquaculture": "water",
        "forest": "forest", "grass": "grass", "meadow": "grass", "recreation_ground": "grass",
        "village_green": "grass", "farmland": "farmland", "farm": "farmland", "orchard": "farmland",
        "vineyard": "farmland", "plant_nursery": "farmland", "residential": "residential",
        "commercial": "commercial", "retail": "commercial", "industrial": "industrial", "harbour": "industrial",
        "cemetery": "cemetery",
    },
    "leisure": {"park": "park", "garden": "park", "golf_course": "park", "nature_reserve": "park", "pitch": "grass"},
    "amenity": {"grave_yard": "cemetery"},
    "aeroway": {"aerodrome": "airfield"},
}  # fmt: skip
_LINE_CLASS: Final[Mapping[str, Mapping[str, str]]] = {
    "waterway": {"river": "river", "stream": "stream", "canal": "canal", "drain": "canal", "ditch": "stream"},
    "natural": {"coastline": "coastline"},
    "railway": {"rail": "railway", "light_rail": "railway", "narrow_gauge": "railway", "tram": "railway"},
}
AREA_KEYS: Final = tuple(_AREA_CLASS)
LINE_KEYS: Final = tuple(_LINE_CLASS)
LINE_CLASS_KEYS: Final = (*LINE_KEYS, "tunnel")
"""Every key that `line_class` looks at."""

_NUMBER = {name: number for number, name in enumerate(BACKGROUND_CLASSES)}


def area_class(tags: Mapping[str, str]) -> str | None:
    """Class of an area in `BACKGROUND_CLASSES`, or None where it is not drawn."""
    return _first(_AREA_CLASS, tags)


def line_class(tags: Mapping[str, str]) -> str | None:
    """Class of a line in `BACKGROUND_CLASSES`, or None where it is not drawn (tunnels and culverts are not)."""
    if tags.get("tunnel", "no") != "no":
        return None
    return _first(_LINE_CLASS, tags)


def _first(classes: Mapping[str, Mapping[str, str]], tags: Mapping[str, str]) -> str | None:
    return next((found for key, by_value in classes.items() if (found := by_value.get(tags.get(key, "")))), None)


@dataclass(slots=True)
class BackgroundCollector:
    """Takes areas and lines one by one; `background()` gives them as arrays."""

    _area_class: list[int] = field(default_factory=list)
    _outlines: list[str] = field(default_factory=list)
    _line_class: list[int] = field(default_factory=list)
    _lines: list[tuple[Int32Array, Int32Array]] = field(default_factory=list)

    def add_area(self, name: str, outline_wkb: str) -> None:
        """Take an area of a class by its outline as hex WKB."""
        self._area_class.append(_NUMBER[name])
        self._outlines.append(outline_wkb)

    def add_line(self, name: str, lat: Int32Array, lon: Int32Array) -> None:
        """Take a line of a class along points in 1e-7 degrees."""
        if len(lat) >= 2:
            self._line_class.append(_NUMBER[name])
            self._lines.append((lat, lon))

    def background(self) -> Background:
        """Everything taken: areas first, then lines, each as they came."""
        polygons, of_area = shapely.get_parts(shapely.from_wkb(self._outlines), return_index=True)
        rings, of_polygon = shapely.get_rings(polygons, return_index=True)
        points, of_ring = shapely.get_coordinates(rings, return_index=True)
        none = np.zeros(0, dtype=np.int32)
        line_lat, line_lon = (np.concatenate([none, *(line[at] for line in self._lines)]) for at in (0, 1))
        line_sizes = np.array([len(lat) for lat, _ in self._lines], dtype=np.int64)
        ring_sizes = np.concatenate([np.bincount(of_ring, minlength=len(rings)), line_sizes])
        rings_each = np.concatenate(
            [np.bincount(of_polygon, minlength=len(polygons)), np.ones(len(self._lines), dtype=np.int64)]
        )
        area_points = np.rint(points / DEGREE).astype(np.int32)
        return Background(
            feature_class=np.concatenate(
                [np.array(self._area_class, dtype=np.uint8)[of_area], np.array(self._line_class, dtype=np.uint8)]
            ),
            feature_is_area=np.repeat(np.array([1, 0], dtype=np.uint8), [len(polygons), len(self._lines)]),
            feature_offset=_offsets(rings_each),
            ring_offset=_offsets(ring_sizes),
            lat=np.concatenate([area_points[:, 1], line_lat]),
            lon=np.concatenate([area_points[:, 0], line_lon]),
        )


def _offsets(sizes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Int32Array:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
