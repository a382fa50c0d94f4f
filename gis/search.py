"""Search a gazetteer with what a caller says: ranked candidates, each with its score, reason and radius.

The parts are read by `gis.address`; `search_areas`, `search_points` and `search_streets` each score what they know;
here the answers are put together, moved by relations (`200 m east of`), and ranked.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gis.address import ADDRESS_MARKERS, AddressDetail, Relation, Role, parse_address
from gis.coordinates import ParsedCoordinates, is_short_plus_code, parse_coordinates, plus_code
from gis.errors import InputError, SourceError
from gis.geodesy import LocalPlane
from gis.name_index import Likeness
from gis.search_areas import AreaIndex, Evidence, ScoredArea
from gis.search_points import PointIndex
from gis.search_streets import Piece, StreetIndex, StreetMatch, piece_of
from gis.text import MAX_TEXT_LENGTH
from gis.types import Bounds, Location, Place

if TYPE_CHECKING:
    from gis.gazetteer import Gazetteer

LOWEST_SCORE = 30.0
UNNAMED_FLOOR = 70.0
"""A place without a name, asked for by kind and area, scores above this where the area is sure."""

BOUNDS_MARGIN_DEG = 0.1
STREET_POINTS = 88.0
STREET_IN_AREA_POINTS = 98.0
STREET_ELSEWHERE_POINTS = 30.0
CROSSING_POINTS = 97.0
LOWEST_STREET_SIMILARITY = 0.72
MOST_STREETS = 5
MOST_CROSSED = 3
UNMARKED_FACTOR = 0.95
POSTCODE_POINTS = 3.0
POSTCODE_ALONE = 55.0
COORDINATES_SCORE = 100.0
BELOW_COORDINATES = 0.85
ANCHORED_POINTS = 2.0
RELATION_RADIUS_M = {"dekat": 200.0, "sekitar": 300.0, "pinggir": 300.0, "arah": 500.0}
DEFAULT_RELATION_RADIUS_M = 100.0
MOVED_UNCERTAINTY = 0.9
"""Distances that people give are off by about half and directions by up to 45 degrees; so the anchor stays within."""

NOMINAL_CROSSING_RADIUS_M = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One answer of a search.

    Attributes
    ----------
    place
        The place; for a street, a crossing or coordinates one that was made for this answer.
    location, radius_m
        Where the incident may be: the place itself, or the point moved by a relation and its wider radius.
    village_code
        The village of the place, or None when that is not known. A relation does not change it, since the radius then
        still covers the place that was named; the reason says when the moved point itself lies in another village.
    kecamatan
        The name of that village's kecamatan (of the place itself, if it is one), or None.
    score
        0 to 100.
    reason
        Why it was found, in one line.
    """

    place: Place
    location: Location
    radius_m: float
    village_code: str | None
    kecamatan: str | None
    score: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The answer to one text.

    `problem` is the sentence about coordinates in the text that could not be used, though other words could.
    """

    candidates: tuple[Candidate, ...]
    detail: AddressDetail
    coordinates: ParsedCoordinates | None = None
    problem: str | None = None


class SearchEngine:
    """The prepared indexes of one gazetteer; `search` is safe to call from several threads."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._village_at = gazetteer.village_at
        self._areas = AreaIndex(gazetteer.places)
        self._points = PointIndex(gazetteer.places, self._areas)
        self._streets = StreetIndex(gazetteer.streets)
        self._keep = self._areas.names_with(ADDRESS_MARKERS)
        self._bounds = _widened(gazetteer.bounds)
        self._by_postcode: dict[str, list[int]] = {}
        for number, place in enumerate(self._areas.areas):
            if place.kind == "village" and place.postcode:
                self._by_postcode.setdefault(place.postcode, []).append(number)

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
                f"The text has {len(text)} characters, more than the {MAX_TEXT_LENGTH} that are searched; "
                "send the part with the address."
            )
        coordinates, problem = self._coordinates(text)
        detail = self._parsed(text)
        found = self._candidates(detail)
        if coordinates is not None:
            found = [self._at_coordinates(coordinates), *(_scaled(each, BELOW_COORDINATES) for each in found)]
        if problem is not None and not found:
            raise problem
        return SearchResult(
            candidates=tuple(_ranked(found)[:limit]),
            detail=detail,
            coordinates=coordinates,
            problem=None if problem is None else str(problem),
        )

    def _parsed(self, text: str) -> AddressDetail:
        detail = parse_address(text, keep=self._keep)
        return replace(detail, phrases=tuple(self._areas.taken_apart(phrase) for phrase in detail.phrases))

    # --- Coordinates --------------------------------------------------------------------------------------------------

    def _coordinates(self, text: str) -> tuple[ParsedCoordinates | None, InputError | None]:
        code = plus_code(text)
        reference = None
        if code is not None and is_short_plus_code(code):
            locality = _ranked(self._candidates(self._parsed(_without(text, code))))
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
            village_code=self._village_of_point(location),
        )
        reason = "; ".join((f"coordinates ({coordinates.form})", *coordinates.notes))
        return self._candidate(place, COORDINATES_SCORE, reason)

    # --- Names --------------------------------------------------------------------------------------------------------

    def _candidates(self, detail: AddressDetail) -> list[Candidate]:
        evidence = self._areas.read(detail.phrases)
        villages = self._areas.score_villages(evidence)
        kecamatan = self._areas.score_kecamatan(evidence, villages)
        candidates = [self._area_candidate(scored, detail) for scored in (*villages, *kecamatan)]
        candidates += self._postcode_candidates(detail, candidates)
        candidates += self._point_candidates(detail, evidence, villages, kecamatan)
        candidates += self._street_candidates(detail, villages, kecamatan)
        return [each for each in candidates if each.score >= LOWEST_SCORE]

    def _area_candidate(self, scored: ScoredArea, detail: AddressDetail) -> Candidate:
        place = self._areas.areas[scored.area]
        score = scored.score
        reason = _area_reason(place, scored, self._kecamatan_name(scored.area))
        if detail.postcode is not None and place.postcode is not None:
            agrees = detail.postcode == place.postcode
            score += POSTCODE_POINTS if agrees else -POSTCODE_POINTS
            reason += f", postcode {place.postcode}" if agrees else ""
        candidate = self._candidate(place, score, reason)
        relation = detail.relation
        if relation is not None and relation.anchor == scored.hit.phrase:
            return self._related(candidate, relation, widen_only=True)
        return candidate

    def _kecamatan_name(self, area: int) -> str | None:
        kecamatan = self._areas.kecamatan_of[area]
        return None if kecamatan is None else self._areas.areas[kecamatan].name

    def _postcode_candidates(self, detail: AddressDetail, known: Sequence[Candidate]) -> Iterator[Candidate]:
        if detail.postcode is None or any(each.score >= POSTCODE_ALONE for each in known):
            return
        for area in self._by_postcode.get(detail.postcode, ()):
            yield self._candidate(self._areas.areas[area], POSTCODE_ALONE, f"postcode {detail.postcode}")

    def _point_candidates(
        self,
        detail: AddressDetail,
        evidence: Evidence,
        villages: Sequence[ScoredArea],
        kecamatan: Sequence[ScoredArea],
    ) -> Iterator[Candidate]:
        best_area = max((scored.score for scored in (*villages, *kecamatan)), default=0.0)
        for point in self._points.find(detail, evidence):
            anchored = detail.relation is not None and detail.relation.anchor == point.phrase
            score = point.score
            if point.score >= UNNAMED_FLOOR and not detail.phrases[point.phrase].words:
                score = max(score, min(best_area + ANCHORED_POINTS, 100.0))
            candidate = self._candidate(point.place, score, point.reason)
            if anchored and detail.relation is not None:
                candidate = self._related(candidate, detail.relation)
            yield candidate

    # --- Streets ------------------------------------------------------------------------------------------------------

    def _street_candidates(
        self, detail: AddressDetail, villages: Sequence[ScoredArea], kecamatan: Sequence[ScoredArea]
    ) -> Iterator[Candidate]:
        found = [
            (
                number,
                [match for match in self._streets.find(phrase.words) if match.similarity >= LOWEST_STREET_SIMILARITY],
            )
            for number, phrase in enumerate(detail.phrases)
            if phrase.role is Role.STREET and phrase.words
        ]
        found = [(number, matches[:MOST_STREETS]) for number, matches in found if matches]
        for phrase in detail.phrases:
            if phrase.role is Role.FREE and len(phrase.words) > 1:
                for match in self._streets.find_unmarked(phrase.words)[:MOST_STREETS]:
                    yield self._street_candidate(replace(match, similarity=match.similarity * UNMARKED_FACTOR), None)
        if detail.crossing and len(found) >= 2:
            yield from self._crossing_candidates(detail, found[0][1][:MOST_CROSSED], found[1][1][:MOST_CROSSED])
        for number, matches in found:
            area = self._area_for_street(number, villages, kecamatan, matches[0])
            for match in matches:
                candidate = self._street_candidate(match, area)
                relation = detail.relation
                if relation is not None and relation.anchor == number:
                    candidate = self._related(candidate, relation, widen_only=True)
                yield candidate

    def _area_for_street(
        self, number: int, villages: Sequence[ScoredArea], kecamatan: Sequence[ScoredArea], match: StreetMatch
    ) -> ScoredArea | None:
        """The area that words other than the street's own name, villages before kecamatan."""
        for scored in (*villages, *kecamatan):
            apart = scored.hit.phrase != number or scored.hit.start >= match.length
            if apart and scored.score >= 60 and scored.hit.likeness is not Likeness.PART:
                return scored
        return None

    def _street_candidate(self, match: StreetMatch, area: ScoredArea | None) -> Candidate:
        street = self._streets.streets[match.street]
        if area is None:
            piece = self._streets.whole(match.street)
            return self._at_piece(
                street.name, "street", piece, STREET_POINTS * match.similarity, f"street {street.name}"
            )
        place = self._areas.areas[area.area]
        points = self._streets.within(match.street, place.location, place.radius_m)
        if place.kind == "village" and self._village_at is not None:
            points = [point for point in points if self._village_at(point) == place.village_code]
        if not points:
            piece = self._streets.whole(match.street)
            score = STREET_POINTS * match.similarity - STREET_ELSEWHERE_POINTS
            return self._at_piece(street.name, "street", piece, score, f"street {street.name}, not in {place.name}")
        score = STREET_IN_AREA_POINTS * match.similarity * min(1.0, area.score / 90)
        code = place.village_code if place.kind == "village" else None
        return self._at_piece(
            street.name, "street", piece_of(points), score, f"street {street.name}, its piece in {place.name}", code
        )

    def _crossing_candidates(
        self, detail: AddressDetail, firsts: Sequence[StreetMatch], seconds: Sequence[StreetMatch]
    ) -> Iterator[Candidate]:
        for first in firsts:
            for second in seconds:
                if first.street == second.street:
                    continue
                one, other = (self._streets.streets[match.street].name for match in (first, second))
                for location in self._streets.crossings(first.street, second.street):
                    candidate = self._at_piece(
                        f"{one} / {other}",
                        "crossing",
                        Piece(location, NOMINAL_CROSSING_RADIUS_M),
                        CROSSING_POINTS * math.sqrt(first.similarity * second.similarity),
                        f"crossing of {one} and {other}",
                    )
                    yield candidate if detail.relation is None else self._related(candidate, detail.relation)

    def _at_piece(
        self, name: str, kind: str, piece: Piece, score: float, reason: str, village_code: str | None = None
    ) -> Candidate:
        place = Place(
            place_id=f"{kind}:{name}@{piece.location.lat:.5f},{piece.location.lon:.5f}",
            kind=kind,
            name=name,
            location=piece.location,
            radius_m=piece.radius_m,
            village_code=village_code or self._village_of_point(piece.location),
        )
        return self._candidate(place, score, reason)

    # --- Making candidates --------------------------------------------------------------------------------------------

    def _candidate(self, place: Place, score: float, reason: str) -> Candidate:
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

    def _related(self, candidate: Candidate, relation: Relation, *, widen_only: bool = False) -> Candidate:
        """Move a candidate by a bearing and a distance where both are known; else only widen its radius."""
        if relation.bearing_deg is not None and relation.distance_m is not None and not widen_only:
            location = _moved(candidate.location, relation.bearing_deg, relation.distance_m)
            words = f"{relation.distance_m:.0f} m {_compass(relation.bearing_deg)} of it"
            code = self._village_of_point(location)
            if code is not None and code != candidate.village_code:
                number = self._areas.village_by_code.get(code)
                words += " (there it is " + (code if number is None else self._areas.areas[number].name) + ")"
            return replace(
                candidate,
                location=location,
                radius_m=candidate.radius_m + MOVED_UNCERTAINTY * relation.distance_m,
                reason=f"{candidate.reason}; {words}",
            )
        if relation.distance_m is not None:
            reach = relation.distance_m
            words = f"within about {relation.distance_m:.0f} m"
        else:
            reach = RELATION_RADIUS_M.get(relation.word, DEFAULT_RELATION_RADIUS_M)
            words = relation.word
        if relation.bearing_deg is not None:
            words += f" ({_compass(relation.bearing_deg)})"
        return replace(candidate, radius_m=candidate.radius_m + reach, reason=f"{candidate.reason}; {words}")

    def _village_of_point(self, location: Location) -> str | None:
        return None if self._village_at is None else self._village_at(location)


def candidate_json(candidate: Candidate) -> dict[str, Any]:
    """A candidate as plain JSON values."""
    return {
        "place_id": candidate.place.place_id,
        "village_code": candidate.village_code,
        "name": candidate.place.name,
        "kind": candidate.place.kind,
        "kecamatan": candidate.kecamatan,
        "lat": round(candidate.location.lat, 6),
        "lon": round(candidate.location.lon, 6),
        "radius_m": round(candidate.radius_m, 1),
        "score": candidate.score,
        "reason": candidate.reason,
    }


def search_file(gazetteer: Gazetteer, path: Path, limit: int = 10) -> Iterator[dict[str, Any]]:
    r"""Search every line of a UTF-8 text file; one answer per line, in order.

    A line may hold `\n` for a line break within a text. A line that cannot be used, or is empty, has no candidates and
    a `problem`.

    Raises
    ------
    SourceError
        When the file cannot be read as UTF-8 text.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read ({error.strerror}); give a text file with one text per line."
        ) from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error
    for line in lines:
        yield _answer(gazetteer, line, limit)


def json_line(answer: dict[str, Any]) -> str:
    """One answer as one line of JSON."""
    return json.dumps(answer, ensure_ascii=False)


def _answer(gazetteer: Gazetteer, line: str, limit: int) -> dict[str, Any]:
    if not line.strip():
        return {"text": line, "candidates": [], "problem": "The line is empty."}
    try:
        result = gazetteer.search(line.replace("\\n", "\n"), limit)
    except InputError as error:
        return {"text": line, "candidates": [], "problem": str(error)}
    answer: dict[str, Any] = {"text": line, "candidates": [candidate_json(each) for each in result.candidates]}
    if result.problem is not None:
        answer["problem"] = result.problem
    return answer


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


def _scaled(candidate: Candidate, factor: float) -> Candidate:
    return replace(candidate, score=round(candidate.score * factor, 1))


def _area_reason(place: Place, scored: ScoredArea, kecamatan: str | None) -> str:
    kind = "kecamatan" if place.kind == "kecamatan" else "village"
    how = {
        Likeness.EXACT: "by name",
        Likeness.SPELLING: "spelt differently",
        Likeness.SIMILAR: "a similar name",
        Likeness.PART: "by part of its name",
    }[scored.hit.likeness]
    reason = f"{kind} {place.name}, {how}"
    if scored.hit.role is Role.STREET:
        reason += " in a street's name"
    elif scored.hit.role is Role.POI:
        reason += " in a place's name"
    if scored.kecamatan_hit is not None and kecamatan is not None:
        reason += f", in kecamatan {kecamatan}"
    elif scored.shared and kecamatan is not None:
        reason += f"; several villages are called so, this one is in kecamatan {kecamatan}"
    return reason


def _moved(location: Location, bearing_deg: float, distance: float) -> Location:
    plane = LocalPlane(lat0=location.lat, lon0=location.lon)
    angle = math.radians(bearing_deg)
    lat, lon = plane.to_latlon(distance * math.sin(angle), distance * math.cos(angle))
    return Location(lat=float(lat), lon=float(lon))


def _compass(bearing_deg: float) -> str:
    names = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
    return names[round(bearing_deg / 45) % 8]


def _widened(bounds: Bounds | None) -> Bounds | None:
    if bounds is None:
        return None
    return Bounds(
        south=max(bounds.south - BOUNDS_MARGIN_DEG, -90.0),
        west=max(bounds.west - BOUNDS_MARGIN_DEG, -180.0),
        north=min(bounds.north + BOUNDS_MARGIN_DEG, 90.0),
        east=min(bounds.east + BOUNDS_MARGIN_DEG, 180.0),
    )


def _without(text: str, code: str) -> str:
    position = text.upper().find(code)
    return text[:position] + " " + text[position + len(code) :]
