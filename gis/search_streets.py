"""Streets by name, the piece of a street in an area, and the crossing of two streets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.geodesy import FloatArray, LocalPlane, distance_m
from gis.name_index import Likeness, NameIndex
from gis.text import words as name_words
from gis.types import Location
from gis.words import COMMON

if TYPE_CHECKING:
    from gis.gazetteer import Street

CROSSING_GAP_M = 40.0
"""Two streets that come this close are taken to meet; sources end minor roads short of the middle of major ones."""

CROSSING_CLUSTER_M = 150.0
"""Meeting points closer together than this are one crossing (dual carriageways, roundabouts)."""

PIECE_STEP_M = 50.0
LONGEST_NAME = 6
LOWEST_UNMARKED = 0.90
UNCOVERED_WORD_FACTOR = 0.88
_FILLERS = frozenset({"jalan", "raya", "gang", "provinsi", "nasional", "kabupaten"})
_TITLES = {
    "jend": "jenderal",
    "jendral": "jenderal",
    "brigjend": "brigjen",
    "kapt": "kapten",
    "let": "letnan",
    "letjen": "letnan jenderal",
    "p": "pangeran",
    "pang": "pangeran",
    "bts": "batas",
    "a": "ahmad",
    "dr": "dokter",
}


@dataclass(frozen=True, slots=True)
class StreetMatch:
    """Street number `street`, named by the first `length` words of a phrase."""

    street: int
    similarity: float
    likeness: Likeness
    length: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A point on a street and the radius in which the piece meant lies."""

    location: Location
    radius_m: float


class StreetIndex:
    """The streets of a region, found by name."""

    def __init__(self, streets: Sequence[Street]) -> None:
        self.streets = streets
        names: dict[tuple[str, ...], list[int]] = {}
        for number, street in enumerate(streets):
            for name in (street.name, *street.alt_names):
                for spelt in street_names(name):
                    names.setdefault(spelt, []).append(number)
        self._numbers = list(names.values())
        self._names = NameIndex(list(names))

    def find(self, words: Sequence[str]) -> list[StreetMatch]:
        """The streets that a phrase starts with, best first; words left over count against a match."""
        plain = _plain(words)
        lengths = range(1, min(len(plain), LONGEST_NAME) + 1)
        skipped = len(words) - len(plain)
        return self._best(
            StreetMatch(
                street,
                match.similarity * UNCOVERED_WORD_FACTOR ** (len(plain) - length),
                match.likeness,
                length + max(skipped, 0),
            )
            for length, matches in zip(lengths, self._names.match([plain[:length] for length in lengths]), strict=True)
            for match in matches
            for street in self._numbers[match.name]
        )

    def find_unmarked(self, words: Sequence[str]) -> list[StreetMatch]:
        """The streets that any run of two words or more is surely the name of."""
        spans = [
            words[start:end]
            for start in range(len(words))
            for end in range(start + 2, min(start + LONGEST_NAME, len(words)) + 1)
            if not any(word in COMMON or word.isdigit() for word in words[start:end])
        ]
        sure = [
            (len(span), match)
            for span, matches in zip(spans, self._names.match([_plain(span) for span in spans]), strict=True)
            for match in matches
            if match.similarity >= LOWEST_UNMARKED and match.likeness is not Likeness.PART
        ]
        longest = max((length for length, _ in sure), default=0)
        return self._best(
            StreetMatch(street, match.similarity * UNCOVERED_WORD_FACTOR ** (longest - length), match.likeness, length)
            for length, match in sure
            for street in self._numbers[match.name]
        )

    def _best(self, matches: Iterable[StreetMatch]) -> list[StreetMatch]:
        found: dict[int, StreetMatch] = {}
        for match in matches:
            known = found.get(match.street)
            if known is None or match.similarity > known.similarity:
                found[match.street] = match
        return sorted(
            found.values(), key=lambda match: (-match.similarity, self.streets[match.street].name, match.street)
        )

    def whole(self, street: int) -> Piece:
        """The middle of a street and the radius that covers it."""
        geometry = self.streets[street].geometry
        return _piece(_densified(geometry))

    def within(self, street: int, centre: Location, radius_m: float) -> list[Location]:
        """Points along a street within a circle, every 50 m."""
        lats, lons = _densified(self.streets[street].geometry)
        near = distance_m(lats, lons, centre.lat, centre.lon) <= radius_m
        return [Location(lat=lat, lon=lon) for lat, lon in zip(lats[near].tolist(), lons[near].tolist(), strict=True)]

    def crossings(self, first: int, second: int) -> Iterator[Location]:
        """Where two streets meet, each crossing once."""
        one, other = self.streets[first].geometry, self.streets[second].geometry
        plane = LocalPlane(lat0=one.centroid.y, lon0=one.centroid.x)
        flat_one, flat_other = (shapely.transform(geometry, _to_plane(plane)) for geometry in (one, other))
        pieces = []
        for piece in shapely.get_parts(flat_one):
            gap = shapely.shortest_line(piece, flat_other)
            if gap is not None and gap.length <= CROSSING_GAP_M:
                shared = shapely.intersection(piece, flat_other)
                meeting = gap.centroid if shared.is_empty else shared
                pieces += [part.centroid for part in shapely.get_parts(meeting)]
        kept: list[shapely.Point] = []
        for point in sorted(pieces, key=lambda each: (each.x, each.y)):
            if all(point.distance(other_point) > CROSSING_CLUSTER_M for other_point in kept):
                kept.append(point)
                lat, lon = plane.to_latlon(point.x, point.y)
                yield Location(lat=float(lat), lon=float(lon))


def piece_of(points: Sequence[Location]) -> Piece:
    """The middle one of points along a street, and the radius that covers them."""
    return _piece((np.array([point.lat for point in points]), np.array([point.lon for point in points])))


def street_names(name: str) -> Iterator[tuple[str, ...]]:
    """The names under which a street is known: as written, without the place in brackets, the one within brackets.

    Road registers write `Sumber - Mandirancan (Jl. P. Kejaksan, Sumber)` and `JLN. KESAMBI (CIREBON)`.
    """
    outside = re.sub(r"\([^()]*\)?", " ", name)
    inside = re.findall(r"\(([^()]*)", name)
    for part in (outside, *(text for text in inside if re.match(r"(?i)\s*(jl|jln|jalan)\b", text))):
        for piece in dict.fromkeys((part, part.split("/")[-1], part.split(",")[0])):
            spelt = _plain(name_words(re.sub(r"(?i)\bD\.\s?I\.?\s", "DI ", piece)))
            if spelt:
                yield spelt


def _plain(words: Sequence[str]) -> tuple[str, ...]:
    kept = [word for word in words if word not in _FILLERS]
    return tuple(part for word in kept for part in _TITLES.get(word, word).split())


def _piece(points: tuple[FloatArray, FloatArray]) -> Piece:
    lats, lons = points
    from_middle = distance_m(lats, lons, (lats.min() + lats.max()) / 2, (lons.min() + lons.max()) / 2)
    middle = int(np.argmin(from_middle))
    radius_m = float(distance_m(lats, lons, lats[middle], lons[middle]).max())
    return Piece(Location(lat=float(lats[middle]), lon=float(lons[middle])), max(radius_m, PIECE_STEP_M))


def _densified(geometry: shapely.MultiLineString) -> tuple[FloatArray, FloatArray]:
    dense = shapely.segmentize(geometry, PIECE_STEP_M / 111_320.0)
    coordinates = shapely.get_coordinates(dense)
    return coordinates[:, 1], coordinates[:, 0]


def _to_plane(plane: LocalPlane) -> Callable[[FloatArray], FloatArray]:
    def transform(coordinates: FloatArray) -> FloatArray:
        x, y = plane.to_xy(coordinates[:, 1], coordinates[:, 0])
        return np.column_stack([x, y])

    return transform
