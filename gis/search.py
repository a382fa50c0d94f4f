"""Search a gazetteer with what a caller says: ranked candidates, each with its score, reason and radius.

The parts are read by `gis.address`; `search_areas`, `search_points` and `search_streets` each score what they know;
here the answers are put together, moved by relations (`200 m east of`), and ranked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gis.address import ADDRESS_MARKERS, AddressDetail, Phrase, Relation, Role, parse_address
from gis.coordinate_types import ParsedCoordinates
from gis.coordinates import is_short_plus_code, parse_coordinates, plus_code_beside
from gis.errors import N_, InputError
from gis.geodesy import LocalPlane
from gis.name_index import Likeness
from gis.repeats import without_repeats
from gis.runs import unused_words
from gis.search_areas import AreaIndex, ScoredArea
from gis.search_evidence import Evidence
from gis.search_points import OTHER_VILLAGE_POINTS, PointIndex
from gis.search_reason import SearchReason, SearchReasonKind
from gis.search_results import Candidate, SearchResult
from gis.search_streets import NamedStreets, StreetSearch
from gis.street_index import StreetIndex
from gis.text import MAX_TEXT_LENGTH, compact, spelling_key
from gis.text import words as name_words
from gis.types import Bounds, Location, Place
from gis.words import BEARINGS

if TYPE_CHECKING:
    from gis.gazetteer import Gazetteer

LOWEST_SCORE = 30.0
UNNAMED_FLOOR = 70.0
"""A place without a name, asked for by kind and area, scores above this where the area is sure."""

BOUNDS_MARGIN_DEG = 0.1
POSTCODE_POINTS = 3.0
POSTCODE_ALONE = 55.0
COORDINATES_SCORE = 100.0
BELOW_COORDINATES = 0.85
ANCHORED_POINTS = 2.0
RELATION_RADIUS_M = {"dekat": 200.0, "sekitar": 300.0, "pinggir": 300.0, "arah": 500.0}
DEFAULT_RELATION_RADIUS_M = 100.0
MOVED_UNCERTAINTY = 0.9
"""Distances that people give are off by about half and directions by up to 45 degrees; so the anchor stays within."""

REACHED_FACTOR = 0.9
"""A place that was named goes before the village which the words lead to from there."""

REACHED_SPREAD = 3.0

MOST_UNUSED = 4
"""Words that a reason tells to be left over."""


class SearchEngine:
    """The prepared indexes of one gazetteer; `search` is safe to call from several threads."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._areas = AreaIndex(gazetteer.places)
        self._points = PointIndex(gazetteer.places, self._areas)
        self._streets = StreetIndex(gazetteer.streets, gazetteer.villages_at)
        self._street_search = StreetSearch(self._streets, self._areas)
        self._keep = self._areas.names_with(ADDRESS_MARKERS)
        self._bounds = _widened(gazetteer.bounds)
        self._by_postcode: dict[str, list[int]] = {}
        for number, place in enumerate(self._areas.areas):
            if place.kind == "village" and place.postcode:
                self._by_postcode.setdefault(place.postcode, []).append(number)

    def prepare(self) -> None:
        """Make now what the first searches would make."""
        for index in (self._areas, self._points, self._streets):
            index.prepare()

    def search(self, text: str, limit: int = 10) -> SearchResult:
        """Find what a text names.

        Parameters
        ----------
        text
            Anything from a name to a whole message of up to 5,000 characters.
        limit
            The most candidates to return.

        Raises
        ------
        InputError
            When the text is too long, or holds nothing but coordinates that cannot be used.
        """
        if len(text) > MAX_TEXT_LENGTH:
            raise InputError(
                N_(
                    "The text has {count} characters, more than the {most} that are searched; send the part with the "
                    "address."
                ),
                count=len(text),
                most=MAX_TEXT_LENGTH,
            )
        coordinates, problem = self._coordinates(text)
        detail = self._parsed(text)
        found = self._candidates(detail)
        if coordinates is not None:
            found = [self._at_coordinates(coordinates), *(_scaled(each, BELOW_COORDINATES) for each in found)]
        if problem is not None and not found:
            raise problem
        return SearchResult(
            candidates=tuple(_told(each, detail.phrases) for each in _ranked(found)[:limit]),
            detail=detail,
            coordinates=coordinates,
            problem=problem,
        )

    def _parsed(self, text: str) -> AddressDetail:
        detail = parse_address(text, keep=self._keep, street_beginnings=self._streets.beginnings)
        detail = without_repeats(detail)
        detail = replace(detail, phrases=tuple(self._areas.taken_apart(phrase) for phrase in detail.phrases))
        return self._areas.with_direction(detail)

    # --- Coordinates --------------------------------------------------------------------------------------------------

    def _coordinates(self, text: str) -> tuple[ParsedCoordinates | None, InputError | None]:
        coded = plus_code_beside(text)
        reference = None
        if coded is not None and is_short_plus_code(coded[0]):
            locality = _ranked(self._candidates(self._parsed(coded[1])))
            if locality:
                reference = locality[0].location
            elif self._bounds is not None:
                reference = self._bounds.middle
        try:
            return parse_coordinates(text, bounds=self._bounds, reference=reference), None
        except InputError as error:
            return None, error

    def _at_coordinates(self, coordinates: ParsedCoordinates) -> Candidate:
        location = coordinates.location
        place = Place(
            place_id=f"point:{location.lat:.6f},{location.lon:.6f}",
            kind="coordinates",
            name=f"{location.lat:.6f}, {location.lon:.6f}",
            location=location,
            radius_m=coordinates.precision_m,
            village_code=self._streets.villages_at([location])[0],
        )
        reason = SearchReason(kind=SearchReasonKind.COORDINATES, form=coordinates.form, notes=tuple(coordinates.notes))
        return self._candidate(place, COORDINATES_SCORE, reason)

    # --- Names --------------------------------------------------------------------------------------------------------

    def _candidates(self, detail: AddressDetail) -> list[Candidate]:
        streets = self._street_search.named(detail)
        evidence = self._areas.read(detail.phrases).beside_streets(_surely_named(streets))
        villages = self._areas.score_villages(evidence)
        kecamatan = self._areas.score_kecamatan(evidence, villages)
        candidates = [self._area_candidate(scored, detail) for scored in (*villages, *kecamatan)]
        candidates += self._postcode_candidates(detail, candidates)
        candidates += self._point_candidates(detail, evidence, villages, kecamatan)
        candidates += self._street_candidates(detail, streets, villages, kecamatan)
        return [each for each in candidates if each.score >= LOWEST_SCORE]

    def _area_candidate(self, scored: ScoredArea, detail: AddressDetail) -> Candidate:
        place = self._areas.areas[scored.area]
        score = scored.score
        reason = _area_reason(place, scored, self._kecamatan_name(scored.area))
        if detail.postcode is not None and place.postcode is not None:
            agrees = detail.postcode == place.postcode
            score += POSTCODE_POINTS if agrees else -POSTCODE_POINTS
            reason = replace(reason, postcode=place.postcode) if agrees else reason
        candidate = self._candidate(place, score, reason)
        relation = detail.relation
        if relation is not None and relation.anchor == scored.hit.phrase:
            return _widened_by(candidate, relation)
        return candidate

    def _kecamatan_name(self, area: int) -> str | None:
        kecamatan = self._areas.kecamatan_of[area]
        return None if kecamatan is None else self._areas.areas[kecamatan].name

    def _postcode_candidates(self, detail: AddressDetail, known: Sequence[Candidate]) -> Iterator[Candidate]:
        if detail.postcode is None or any(each.score >= POSTCODE_ALONE for each in known):
            return
        for area in self._by_postcode.get(detail.postcode, ()):
            reason = SearchReason(kind=SearchReasonKind.POSTCODE, postcode=detail.postcode)
            yield self._candidate(self._areas.areas[area], POSTCODE_ALONE, reason)

    def _point_candidates(
        self,
        detail: AddressDetail,
        evidence: Evidence,
        villages: Sequence[ScoredArea],
        kecamatan: Sequence[ScoredArea],
    ) -> Iterator[Candidate]:
        best_area = max((*villages, *kecamatan), key=lambda scored: scored.score, default=None)
        anchored: list[Candidate] = []
        for point in self._points.find(detail, evidence):
            score = point.score
            if best_area is not None and not detail.phrases[point.phrase].words:
                if not self._areas.holds(best_area.area, point.place.village_code):
                    score -= OTHER_VILLAGE_POINTS
                elif score >= UNNAMED_FLOOR:
                    score = max(score, min(best_area.score + ANCHORED_POINTS, 100.0))
            if score < LOWEST_SCORE:
                continue
            candidate = self._candidate(point.place, score, point.reason)
            if detail.relation is not None and detail.relation.anchor == point.phrase:
                anchored.append(candidate)
            else:
                yield candidate
        if detail.relation is not None:
            yield from self._related(anchored, detail.relation)

    def _street_candidates(
        self,
        detail: AddressDetail,
        streets: Sequence[NamedStreets],
        villages: Sequence[ScoredArea],
        kecamatan: Sequence[ScoredArea],
    ) -> Iterator[Candidate]:
        relation = detail.relation
        for scored in self._street_search.find(detail, streets, villages, kecamatan):
            candidate = self._candidate(scored.place, scored.score, scored.reason)
            if relation is None or (scored.place.kind == "street" and relation.anchor != scored.phrase):
                yield candidate
            elif scored.place.kind == "street":
                yield _widened_by(candidate, relation)
            else:
                yield from self._related([candidate], relation)

    # --- Making candidates --------------------------------------------------------------------------------------------

    def _candidate(self, place: Place, score: float, reason: SearchReason) -> Candidate:
        if place.kind == "kecamatan":
            kecamatan: str | None = place.name
        else:
            number = self._areas.kecamatan_of_code(place.village_code)
            kecamatan = None if number is None else self._areas.areas[number].name
        return Candidate(
            place=place,
            location=place.location,
            radius_m=place.radius_m,
            village_code=place.village_code,
            kecamatan=kecamatan,
            score=round(min(max(score, 0.0), 100.0), 1),
            reason=reason,
        )

    def _related(self, candidates: Sequence[Candidate], relation: Relation) -> Iterator[Candidate]:
        """Move candidates by a bearing and a distance where both are known; else only widen their radius.

        Where the best of them come to lie in another village than that of the place named, that village follows.
        """
        bearing_deg, distance = relation.bearing_deg, relation.distance_m
        if bearing_deg is None or distance is None:
            yield from (_widened_by(candidate, relation) for candidate in candidates)
            return
        lowest = max((candidate.score for candidate in candidates), default=0.0) - REACHED_SPREAD
        locations = [_moved(candidate.location, bearing_deg, distance) for candidate in candidates]
        for candidate, location, code in zip(candidates, locations, self._streets.villages_at(locations), strict=True):
            elsewhere = (
                None if code is None or code == candidate.village_code else self._areas.village_by_code.get(code)
            )
            village = None if elsewhere is None else self._areas.areas[elsewhere]
            yield replace(
                candidate,
                location=location,
                radius_m=candidate.radius_m + MOVED_UNCERTAINTY * distance,
                reason=replace(
                    candidate.reason, relation=relation, moved=True, moved_to=None if village is None else village.name
                ),
            )
            if village is not None and candidate.score >= lowest:
                reason = SearchReason(
                    kind=SearchReasonKind.REACHED,
                    name=village.name,
                    likeness=candidate.reason.likeness,
                    other=candidate.place.name,
                    relation=relation,
                )
                yield self._candidate(village, candidate.score * REACHED_FACTOR, reason)


def _ranked(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Best first, each place once; ties go to coordinates, then points, villages and kecamatan, then by name and id."""
    order = {"coordinates": 0, "village": 2, "kecamatan": 3}
    ranked = sorted(
        candidates,
        key=lambda each: (-each.score, order.get(each.place.kind, 1), each.place.name, each.place.place_id),
    )
    seen: dict[str, Candidate] = {}
    for candidate in ranked:
        seen.setdefault(candidate.place.place_id, candidate)
    return list(seen.values())


def _surely_named(streets: Sequence[NamedStreets]) -> dict[int, int]:
    """How many words of each phrase are written, or sound, like the name of a street."""
    return {
        phrase: max((match.length for match in matches if match.likeness <= Likeness.SPELLING), default=0)
        for phrase, matches in streets
    }


def _widened_by(candidate: Candidate, relation: Relation) -> Candidate:
    reach_m = relation.distance_m
    if reach_m is None:
        reach_m = RELATION_RADIUS_M.get(relation.word, DEFAULT_RELATION_RADIUS_M)
    return replace(
        candidate, radius_m=candidate.radius_m + reach_m, reason=replace(candidate.reason, relation=relation)
    )


def _scaled(candidate: Candidate, factor: float) -> Candidate:
    return replace(candidate, score=round(candidate.score * factor, 1))


def _area_reason(place: Place, scored: ScoredArea, kecamatan: str | None) -> SearchReason:
    tells_kecamatan = scored.kecamatan_hit is not None
    return SearchReason(
        kind=SearchReasonKind.KECAMATAN if place.kind == "kecamatan" else SearchReasonKind.VILLAGE,
        name=place.name,
        likeness=scored.hit.likeness,
        role=scored.hit.role if scored.hit.role in (Role.STREET, Role.POI) else None,
        kecamatan=kecamatan if tells_kecamatan or scored.shared else None,
        shared=scored.shared and not tells_kecamatan,
        hits=tuple(hit for hit in (scored.hit, scored.kecamatan_hit) if hit is not None),
    )


def _told(candidate: Candidate, phrases: Sequence[Phrase]) -> Candidate:
    """An area with the words that are left over and the other name by which it was found, in its reason."""
    reason, place = candidate.reason, candidate.place
    if not reason.hits:
        return candidate
    own = reason.hits[0]
    used = {position for hit in reason.hits for position in hit.positions}
    names = (place.name, *place.alt_names, candidate.kecamatan or "")
    left = unused_words(phrases, used, {word for name in names for word in name_words(name)})
    if len(reason.hits) > 1:  # sure enough by its kecamatan; but a direction makes another village of it
        left = filter(BEARINGS.__contains__, left)
    other = _other_name(place, phrases[own.phrase].words[own.start : own.end])
    unused = tuple(dict.fromkeys(left))[:MOST_UNUSED]
    chief = place.kind == "village" and place.name == candidate.kecamatan
    return replace(candidate, reason=replace(reason, other=other, unused=unused, is_chief_village=chief))


def _other_name(place: Place, spelt: Sequence[str]) -> str | None:
    """The other name of a place that the words are, unless they are its own name."""
    key = spelling_key(compact(spelt))

    def is_said(name: str) -> bool:
        return spelling_key(compact(name_words(name))) == key

    return None if is_said(place.name) else next(filter(is_said, place.alt_names), None)


def _moved(location: Location, bearing_deg: float, distance: float) -> Location:
    plane = LocalPlane(lat0=location.lat, lon0=location.lon)
    angle = math.radians(bearing_deg)
    lat, lon = plane.to_latlon(distance * math.sin(angle), distance * math.cos(angle))
    return Location(lat=float(lat), lon=float(lon))


def _widened(bounds: Bounds | None) -> Bounds | None:
    if bounds is None:
        return None
    return Bounds(
        south=max(bounds.south - BOUNDS_MARGIN_DEG, -90.0),
        west=max(bounds.west - BOUNDS_MARGIN_DEG, -180.0),
        north=min(bounds.north + BOUNDS_MARGIN_DEG, 90.0),
        east=min(bounds.east + BOUNDS_MARGIN_DEG, 180.0),
    )
