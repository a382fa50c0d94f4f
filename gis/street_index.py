"""Streets by name, the piece of a street in an area, and the crossing of two streets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from gis.geodesy import FloatArray, LocalPlane, distance_m
from gis.name_index import Likeness, NameIndex, NameMatch
from gis.runs import runs
from gis.text import words as name_words
from gis.types import Location, Place

if TYPE_CHECKING:
    from gis.gazetteer import Street, VillagesAt

CROSSING_GAP_M = 40.0
"""Two streets that come this close are taken to meet; sources end minor roads short of the middle of major ones."""

CROSSING_CLUSTER_M = 150.0
"""Meeting points closer together than this are one crossing (dual carriageways, roundabouts)."""

PIECE_STEP_M = 50.0
LONGEST_NAME = 6
MOST_RUNS = 160
"""Runs of words of one text that are compared with the names of streets."""

LOWEST_UNMARKED = 0.90
LOWEST_SPLIT = 0.85
"""Both names must be this sure where two street names follow each other without a word between them."""

UNCOVERED_WORD_FACTOR = 0.88
_REGISTER_MARKS = frozenset("(/,.")
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
    """A point on a street, the radius in which the piece meant lies, and the point's village."""

    location: Location
    radius_m: float
    village_code: str | None


@dataclass(frozen=True, slots=True)
class _Points:
    """Points every 50 m along a street, with the code of each one's village (`""` for none), where that is known."""

    lats: FloatArray
    lons: FloatArray
    codes: npt.NDArray[np.str_] | None

    def where(self, chosen: npt.NDArray[np.bool_]) -> _Points:
        return _Points(self.lats[chosen], self.lons[chosen], None if self.codes is None else self.codes[chosen])


class StreetIndex:
    """The streets of a region, found by name."""

    def __init__(self, streets: Sequence[Street], villages_at: VillagesAt | None) -> None:
        self.streets = streets
        self._villages_at = villages_at
        self._points: dict[int, _Points] = {}
        self._flat: dict[int, shapely.MultiLineString] = {}

    @cached_property
    def _numbers_by_name(self) -> dict[tuple[str, ...], list[int]]:
        names: dict[tuple[str, ...], list[int]] = {}
        for number, street in enumerate(self.streets):
            for name in (street.name, *street.alt_names):
                for spelt in street_names(name):
                    names.setdefault(spelt, []).append(number)
        return names

    @cached_property
    def _numbers(self) -> list[list[int]]:
        return list(self._numbers_by_name.values())

    @cached_property
    def _names(self) -> NameIndex:
        return NameIndex(list(self._numbers_by_name))

    def prepare(self) -> None:
        """Make now what the first street asked for would make."""
        self._names.prepare()
        _ = self._numbers, self.beginnings

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """The words with which names of streets begin."""
        return frozenset(name[0] for name in self._numbers_by_name)

    def find(self, words: Sequence[str], lowest: float) -> list[StreetMatch]:
        """The streets that a phrase starts with, best first; words left over count against a match."""
        return self._beginning(words, self._alike(_beginnings(words), lowest), lowest)

    def split(self, words: Sequence[str]) -> tuple[list[StreetMatch], list[StreetMatch]] | None:
        """Two street names that follow each other without a word between them: the surest way to part them."""
        spans = {span for at in range(len(words)) for span in _beginnings(words[at:])}
        alike = self._alike(sorted(spans), LOWEST_SPLIT)
        best: tuple[float, list[StreetMatch], list[StreetMatch]] | None = None
        for at in range(1, len(words)):
            first = [
                match
                for match in self._beginning(words[:at], alike, LOWEST_SPLIT)
                if match.likeness is not Likeness.PART
            ]
            second = self._beginning(words[at:], alike, LOWEST_SPLIT) if first else []
            if second:
                value = first[0].similarity * second[0].similarity
                if best is None or value > best[0]:
                    best = value, first, second
        return best and best[1:]

    def _alike(self, spans: Sequence[tuple[str, ...]], lowest: float) -> dict[tuple[str, ...], list[NameMatch]]:
        return dict(zip(spans, self._names.match(spans, lowest), strict=True))

    def _beginning(
        self, words: Sequence[str], alike: Mapping[tuple[str, ...], Sequence[NameMatch]], lowest: float
    ) -> list[StreetMatch]:
        length_of_all = len(_plain(words))
        skipped = max(len(words) - length_of_all, 0)
        return self._best(
            StreetMatch(street, similarity, match.likeness, len(span) + skipped)
            for span in _beginnings(words)
            for match in alike[span]
            if (similarity := match.similarity * UNCOVERED_WORD_FACTOR ** (length_of_all - len(span))) >= lowest
            for street in self._numbers[match.name]
        )

    def find_unmarked(self, phrases: Sequence[Sequence[str]]) -> list[list[StreetMatch]]:
        """For each phrase, the streets that any run of two words or more is surely the name of."""
        spans = list(
            islice(
                (
                    (number, words[start:end])
                    for number, words in enumerate(phrases)
                    for start, end in runs(words, 2, LONGEST_NAME)
                ),
                MOST_RUNS,
            )
        )
        if not spans:
            return [[] for _ in phrases]
        sure: list[list[tuple[int, NameMatch]]] = [[] for _ in phrases]
        found = self._names.match([_plain(words) for _, words in spans], LOWEST_UNMARKED)
        for (number, words), matches in zip(spans, found, strict=True):
            sure[number] += [(len(words), match) for match in matches if match.likeness is not Likeness.PART]
        return [self._longest(named) for named in sure]

    def _longest(self, named: Sequence[tuple[int, NameMatch]]) -> list[StreetMatch]:
        """The streets named by so many words each; the fewer words, the less likely."""
        longest = max((length for length, _ in named), default=0)
        return self._best(
            StreetMatch(street, match.similarity * UNCOVERED_WORD_FACTOR ** (longest - length), match.likeness, length)
            for length, match in named
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
        return self._piece(self._along(street))

    def within(self, street: int, area: Place) -> Piece | None:
        """The piece of a street in a village or kecamatan; without known villages, in the circle of that place."""
        points = self._along(street)
        if points.codes is None:
            lat, lon = area.location.lat, area.location.lon
            inside = distance_m(points.lats, points.lons, lat, lon) <= area.radius_m
        elif area.kind == "village":
            inside = points.codes == area.village_code
        else:
            inside = np.char.startswith(points.codes, area.place_id.partition(":")[2] + ".")
        return self._piece(points.where(inside)) if inside.any() else None

    def crossings(self, firsts: Sequence[int], seconds: Sequence[int]) -> Iterator[tuple[int, int, Location]]:
        """Where streets of one list meet streets of the other, each crossing of a pair once."""
        tree = shapely.STRtree([self._on_plane(street) for street in seconds])
        lines = [self._on_plane(street) for street in firsts]
        pairs = tree.query(lines, predicate="dwithin", distance=CROSSING_GAP_M).T.tolist()
        for one, other in sorted(pairs):
            if firsts[one] != seconds[other]:
                for point in _meetings(lines[one], self._on_plane(seconds[other])):
                    lat, lon = self._plane.to_latlon(point.x, point.y)
                    yield firsts[one], seconds[other], Location(lat=float(lat), lon=float(lon))

    def villages_at(self, locations: Sequence[Location]) -> Sequence[str | None]:
        """The code of the village at each location, where that is known."""
        if self._villages_at is None or not locations:
            return [None] * len(locations)
        return self._villages_at(
            np.array([location.lat for location in locations]), np.array([location.lon for location in locations])
        )

    def _along(self, street: int) -> _Points:
        known = self._points.get(street)
        if known is None:
            dense = shapely.segmentize(self.streets[street].geometry, PIECE_STEP_M / 111_320.0)
            lons, lats = shapely.get_coordinates(dense).T
            codes = None if self._villages_at is None else np.array([c or "" for c in self._villages_at(lats, lons)])
            known = self._points[street] = _Points(lats, lons, codes)
        return known

    def _piece(self, points: _Points) -> Piece:
        lats, lons = points.lats, points.lons
        from_middle = distance_m(lats, lons, (lats.min() + lats.max()) / 2, (lons.min() + lons.max()) / 2)
        middle = int(np.argmin(from_middle))
        radius_m = float(distance_m(lats, lons, lats[middle], lons[middle]).max())
        return Piece(
            Location(lat=float(lats[middle]), lon=float(lons[middle])),
            max(radius_m, PIECE_STEP_M),
            None if points.codes is None else str(points.codes[middle]) or None,
        )

    @cached_property
    def _plane(self) -> LocalPlane:
        west, south, east, north = shapely.total_bounds([street.geometry for street in self.streets])
        return LocalPlane(lat0=(south + north) / 2, lon0=(west + east) / 2)

    def _on_plane(self, street: int) -> shapely.MultiLineString:
        known = self._flat.get(street)
        if known is None:
            known = self._flat[street] = shapely.transform(self.streets[street].geometry, self._to_plane)
        return known

    def _to_plane(self, coordinates: FloatArray) -> FloatArray:
        return np.column_stack(self._plane.to_xy(coordinates[:, 1], coordinates[:, 0]))


def _beginnings(words: Sequence[str]) -> list[tuple[str, ...]]:
    plain = _plain(words)
    return [plain[:length] for length in range(1, min(len(plain), LONGEST_NAME) + 1)]


def _meetings(one: shapely.MultiLineString, other: shapely.MultiLineString) -> Iterator[shapely.Point]:
    points = []
    for piece in shapely.get_parts(one):
        gap = shapely.shortest_line(piece, other)
        if gap is not None and gap.length <= CROSSING_GAP_M:
            shared = shapely.intersection(piece, other)
            meeting = gap.centroid if shared.is_empty else shared
            points += [part.centroid for part in shapely.get_parts(meeting)]
    kept: list[shapely.Point] = []
    for point in sorted(points, key=lambda each: (each.x, each.y)):
        if all(point.distance(known) > CROSSING_CLUSTER_M for known in kept):
            kept.append(point)
            yield point


def street_names(name: str) -> Iterator[tuple[str, ...]]:
    """The names under which a street is known: as written, without the place in brackets, the one within brackets.

    Road registers write `Sumber - Mandirancan (Jl. P. Kejaksan, Sumber)` and `JLN. KESAMBI (CIREBON)`.
    """
    if not _REGISTER_MARKS.intersection(name):
        spelt = _plain(name_words(name))
        if spelt:
            yield spelt
        return
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
