"""Streets and crossings that a text names, scored, with the piece in the area that the other words name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from gis.address import AddressDetail, Role
from gis.name_index import Likeness
from gis.search_areas import AreaIndex, ScoredArea
from gis.search_reason import SearchReason, SearchReasonKind
from gis.street_index import UNCOVERED_WORD_FACTOR, Piece, StreetIndex, StreetMatch
from gis.types import Location, Place

STREET_POINTS = 88.0
STREET_IN_AREA_POINTS = 98.0
ELSEWHERE_POINTS = 30.0
CROSSING_POINTS = 97.0
SURE_AREA = 60.0
LOWEST_STREET_SIMILARITY = 0.72
MOST_STREETS = 5
MOST_CROSSED = 60
"""A name such as Triq San Pawl belongs to a street in every town."""

CROSSED_SPREAD = 0.05
LOWEST_UNSAID_CROSSING = 0.85
"""Two streets named one after the other are taken for a crossing, without a word for it, if both are this sure."""

BESIDE_CROSSING_FACTOR = 0.9
UNMARKED_FACTOR = 0.95
NOMINAL_CROSSING_RADIUS_M = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredStreet:
    """A street, the piece of one, or a crossing, made into a place, with its score; `phrase` is what it answers."""

    place: Place
    score: float
    phrase: int | None
    reason: SearchReason


NamedStreets = tuple[int, list[StreetMatch]]
"""The number of a phrase, and the streets that it may name, best first."""


class StreetSearch:
    """Scores what a `StreetIndex` finds."""

    def __init__(self, streets: StreetIndex, areas: AreaIndex) -> None:
        self._streets = streets
        self._areas = areas

    def named(self, detail: AddressDetail) -> list[NamedStreets]:
        """The phrases that are marked as streets, with the streets that each may name."""
        found: list[NamedStreets] = []
        for number, phrase in enumerate(detail.phrases):
            if phrase.role is Role.STREET and phrase.words:
                matches = self._streets.find(phrase.words, LOWEST_STREET_SIMILARITY)
                if matches:
                    found.append((number, matches))
        return found

    def find(
        self,
        detail: AddressDetail,
        found: Sequence[NamedStreets],
        villages: Sequence[ScoredArea],
        kecamatan: Sequence[ScoredArea],
    ) -> Iterator[ScoredStreet]:
        """The streets and crossings that the phrases of an address name; `found` is what `named` answered."""
        areas = [
            each
            for each in (*villages, *kecamatan)
            if each.score >= SURE_AREA and each.hit.likeness is not Likeness.PART
        ]
        free = [phrase.words for phrase in detail.phrases if phrase.role is Role.FREE]
        for matches in self._streets.find_unmarked(free):
            for match in matches[:MOST_STREETS]:
                yield self._street(replace(match, similarity=match.similarity * UNMARKED_FACTOR), None, None)
        crossings = [
            crossing
            for first, second in self._crossed(detail, found)
            for crossing in self._crossings(first, second, areas)
        ]
        yield from crossings
        factor = BESIDE_CROSSING_FACTOR if crossings else 1.0
        for number, matches in found:
            area = _apart(areas, number, matches[0].length)
            for match in matches[:MOST_STREETS]:
                street = self._street(match, area, number)
                yield replace(street, score=street.score * factor)

    # --- Streets ------------------------------------------------------------------------------------------------------

    def _street(self, match: StreetMatch, area: ScoredArea | None, phrase: int | None) -> ScoredStreet:
        name = self._streets.streets[match.street].name
        score = STREET_POINTS * match.similarity
        reason = SearchReason(kind=SearchReasonKind.STREET, name=name, likeness=match.likeness)
        piece = None
        if area is not None:
            place = self._areas.areas[area.area]
            piece = self._streets.within(match.street, place)
            if piece is None:
                score -= ELSEWHERE_POINTS
                kind = SearchReasonKind.STREET_ELSEWHERE
            else:
                similarity = match.similarity
                if area.hit.phrase == phrase:  # its words are no left-over of the street's name
                    similarity = min(1.0, similarity / UNCOVERED_WORD_FACTOR ** (area.hit.end - area.hit.start))
                score = STREET_IN_AREA_POINTS * similarity * min(1.0, area.score / 90)
                kind = SearchReasonKind.STREET_IN_AREA
                if piece.village_code is None and place.kind == "village":
                    piece = replace(piece, village_code=place.village_code)
            reason = replace(reason, kind=kind, area=place.name)
        if piece is None:
            piece = self._streets.whole(match.street)
        return ScoredStreet(place=_place(name, "street", piece), score=score, phrase=phrase, reason=reason)

    # --- Crossings ----------------------------------------------------------------------------------------------------

    def _crossed(
        self, detail: AddressDetail, found: Sequence[NamedStreets]
    ) -> Iterator[tuple[NamedStreets, NamedStreets]]:
        """The pair of street names whose crossing is meant, if one is."""
        streets = [number for number, phrase in enumerate(detail.phrases) if phrase.role is Role.STREET]
        if detail.crossing and len(found) >= 2:
            yield found[0], found[1]
        elif detail.crossing and len(streets) == 1:
            parted = self._streets.split(detail.phrases[streets[0]].words)
            if parted is not None:
                yield (streets[0], parted[0]), (streets[0], parted[1])
        else:
            for first, second in pairwise(found):
                sure = min(first[1][0].similarity, second[1][0].similarity) >= LOWEST_UNSAID_CROSSING
                if second[0] == first[0] + 1 and sure:
                    yield first, second
                    return

    def _crossings(
        self, first: NamedStreets, second: NamedStreets, areas: Sequence[ScoredArea]
    ) -> Iterator[ScoredStreet]:
        one, other = ({match.street: match for match in _best(matches)} for _, matches in (first, second))
        area = _apart(areas, second[0], second[1][0].length)
        found = list(self._streets.crossings(list(one), list(other)))
        codes = self._streets.villages_at([location for _, _, location in found])
        for (here, there, location), code in zip(found, codes, strict=True):
            names = [self._streets.streets[street].name for street in (here, there)]
            piece = Piece(location, NOMINAL_CROSSING_RADIUS_M, code)
            score = CROSSING_POINTS * math.sqrt(one[here].similarity * other[there].similarity)
            if area is not None and self._is_elsewhere(piece, area):
                score -= ELSEWHERE_POINTS
            yield ScoredStreet(
                place=_place(" / ".join(names), "crossing", piece),
                score=score,
                phrase=first[0],
                reason=SearchReason(
                    kind=SearchReasonKind.CROSSING,
                    name=names[0],
                    other=names[1],
                    likeness=max(one[here].likeness, other[there].likeness),
                ),
            )

    def _is_elsewhere(self, piece: Piece, area: ScoredArea) -> bool:
        """Whether a crossing lies in another kecamatan than the area named."""
        kecamatan = self._areas.kecamatan_of[area.area]
        own = self._areas.kecamatan_of_code(piece.village_code)
        return own is not None and own != (area.area if kecamatan is None else kecamatan)


def _best(matches: Sequence[StreetMatch]) -> list[StreetMatch]:
    """The streets whose names fit about as well as the first one's."""
    return [match for match in matches if match.similarity >= matches[0].similarity - CROSSED_SPREAD][:MOST_CROSSED]


def _apart(areas: Sequence[ScoredArea], phrase: int, length: int) -> ScoredArea | None:
    """The area that words other than the street's own name, villages before kecamatan."""
    return next((each for each in areas if each.hit.phrase != phrase or each.hit.start >= length), None)


def _place(name: str, kind: str, piece: Piece) -> Place:
    location: Location = piece.location
    return Place(
        place_id=f"{kind}:{name}@{location.lat:.5f},{location.lon:.5f}",
        kind=kind,
        name=name,
        location=location,
        radius_m=piece.radius_m,
        village_code=piece.village_code,
    )
