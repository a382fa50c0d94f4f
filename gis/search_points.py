"""Points of interest by kind and name: `puskesmas plumbon`, `balai desa weru lor`, a nameless polsek in a kecamatan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from gis.address import AddressDetail, Phrase, Role, parse_address
from gis.name_index import Likeness, NameIndex, NameMatch
from gis.runs import runs
from gis.search_areas import AreaIndex
from gis.search_evidence import AreaHit, Evidence
from gis.search_reason import SearchReason, SearchReasonKind
from gis.text import school_level
from gis.text import words as name_words
from gis.types import Place
from gis.words import KIND_BEGINNINGS, KIND_FAMILIES

NAMED_POINTS = 92.0
AREA_POINTS = 4.0
OWN_VILLAGE_POINTS = 2.0
SAME_MARKER_POINTS = 2.0
SHORTER_NAME_POINTS = 10.0
"""Taken off a point whose name is only the beginning of the name that was said: `kantor desa kanci kulon`."""

OTHER_VILLAGE_POINTS = 25.0
UNNAMED_IN_VILLAGE = 90.0
UNNAMED_IN_KECAMATAN = 88.0
NAMED_IN_AREA = 60.0
FREE_NAME_POINTS = 82.0
LOWEST_FREE_SIMILARITY = 0.85
LONGEST_NAME = 5

MOST_RUNS = 160
"""Runs of words of one text that are compared with the names of places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPoint:
    """A point of interest with its score, the phrase it answers, and why."""

    place: Place
    score: float
    phrase: int
    likeness: Likeness
    reason: SearchReason


@dataclass(frozen=True, slots=True)
class _Named:
    place: Place
    marker: str
    kind: str
    level: str | None
    core: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    """The points of a kind, their numbers by village and kecamatan, and their names."""

    points: list[_Named]
    by_area: dict[int, list[int]]
    names: NameIndex


class PointIndex:
    """All places that are neither village nor kecamatan, by kind and by name without the kind's words."""

    def __init__(self, places: Sequence[Place], areas: AreaIndex) -> None:
        self._areas = areas
        self._points = [
            named
            for place in places
            if place.kind not in ("village", "kecamatan", "kabupaten")
            for named in _named(place)
        ]
        self._kinds: dict[str, _Kind] = {}
        self._free = [named for named in self._points if named.core and not areas.is_area_name(named.core)]
        self._free_names = NameIndex([named.core for named in self._free], heads=False)

    def prepare(self) -> None:
        """Make every index now."""
        self._free_names.prepare()
        for kind in {named.kind for named in self._points}:
            self._of_kind(kind).names.prepare()

    def find(self, detail: AddressDetail, evidence: Evidence) -> Iterator[ScoredPoint]:
        """The points that the phrases of an address name."""
        for number, phrase in enumerate(detail.phrases):
            if phrase.role is Role.POI and phrase.kind is not None:
                anchored = detail.relation is not None and detail.relation.anchor == number
                yield from self._by_name(number, phrase, evidence)
                if phrase.words or anchored or _is_all(detail, number):
                    yield from self._by_area(number, phrase, evidence)
        yield from self._by_free_name(detail.phrases, evidence)

    def _of_kind(self, kind: str) -> _Kind:
        known = self._kinds.get(kind)
        if known is None:
            family = KIND_FAMILIES.get(kind, frozenset({kind}))
            points = [named for named in self._points if named.place.kind in family or named.kind == kind]
            by_area: dict[int, list[int]] = {}
            for number, named in enumerate(points):
                code = named.place.village_code
                for area in (self._areas.village_by_code.get(code or ""), self._areas.kecamatan_of_code(code)):
                    if area is not None:
                        by_area.setdefault(area, []).append(number)
            names = NameIndex([named.core for named in points], tails=True)
            known = self._kinds[kind] = _Kind(points, by_area, names)
        return known

    def _by_name(self, number: int, phrase: Phrase, evidence: Evidence) -> Iterator[ScoredPoint]:
        kind = self._of_kind(phrase.kind or "")
        lengths = range(1, min(len(phrase.words), LONGEST_NAME) + 1)
        spans = [phrase.words[:length] for length in lengths]
        found = kind.names.match(spans)
        whole = max((length for length, matches in zip(lengths, found, strict=True) if _has_sure(matches)), default=0)
        for length, matches in zip(lengths, found, strict=True):
            core_hit = AreaHit(number, 0, length, -1, 1.0, Likeness.EXACT, Role.POI)
            for match in matches:
                named = kind.points[match.name]
                if phrase.level is not None and named.level not in (None, phrase.level):
                    continue
                score = NAMED_POINTS * match.similarity + self._fit(named, evidence, core_hit)
                if length < whole:
                    score -= SHORTER_NAME_POINTS
                if phrase.marker == named.marker:
                    score += SAME_MARKER_POINTS
                yield ScoredPoint(
                    place=named.place,
                    score=score,
                    phrase=number,
                    likeness=match.likeness,
                    reason=_reason(named.place.name, match.likeness),
                )

    def _fit(self, named: _Named, evidence: Evidence, core: AreaHit) -> float:
        """Points for or against, from what the other words say about the area."""
        code = named.place.village_code
        village = self._areas.village_by_code.get(code) if code else None
        kecamatan = self._areas.kecamatan_of_code(code)
        strength, _ = evidence.support(kecamatan, core)
        points = AREA_POINTS * strength - evidence.contradiction(kecamatan, core)
        for hit in () if village is None else evidence.by_village.get(village, ()):
            if not hit.overlaps(core):
                points = max(points, AREA_POINTS * hit.similarity)
            elif hit.likeness <= Likeness.SPELLING:
                points += OWN_VILLAGE_POINTS
            return points
        return points - OTHER_VILLAGE_POINTS if evidence.names_a_village else points

    def _by_area(self, number: int, phrase: Phrase, evidence: Evidence) -> Iterator[ScoredPoint]:
        """Points of the kind in the village or kecamatan that the phrase, or else the rest of the text, names."""
        kind = self._of_kind(phrase.kind or "")
        best: dict[int, tuple[float, AreaHit]] = {}
        for hits, value in ((evidence.villages, UNNAMED_IN_VILLAGE), (evidence.kecamatan, UNNAMED_IN_KECAMATAN)):
            for hit in hits:
                near = hit.phrase == number and hit.start == 0 if phrase.words else hit.role in _AREA_ROLES
                if hit.likeness is Likeness.PART or hit.nested or not near:
                    continue
                for point in kind.by_area.get(hit.area, ()):
                    score = hit.similarity * (NAMED_IN_AREA if kind.points[point].core and phrase.words else value)
                    if score > best.get(point, (0.0,))[0]:
                        best[point] = score, hit
        whole = AreaHit(number, 0, len(phrase.words), -1, 1.0, Likeness.EXACT, Role.POI)
        for point, (score, hit) in best.items():
            named = kind.points[point]
            if phrase.level is not None and named.level not in (None, phrase.level):
                continue
            kecamatan = self._areas.kecamatan_of_code(named.place.village_code)
            against = evidence.contradiction(kecamatan, whole)
            yield ScoredPoint(
                place=named.place,
                score=score - against + (0.0 if phrase.words else 100 - UNNAMED_IN_VILLAGE),
                phrase=number,
                likeness=Likeness.PART,
                reason=SearchReason(
                    kind=SearchReasonKind.PLACE_OF_KIND,
                    name=phrase.marker,
                    area=self._areas.areas[hit.area].name,
                    likeness=hit.likeness,
                ),
            )

    def _by_free_name(self, phrases: Sequence[Phrase], evidence: Evidence) -> Iterator[ScoredPoint]:
        spans = list(
            islice(
                (
                    (number, start, end)
                    for number, phrase in enumerate(phrases)
                    if phrase.role in (Role.FREE, Role.HAMLET, Role.VILLAGE)
                    for start, end in runs(phrase.words, 1, LONGEST_NAME)
                    if phrase.role is not Role.VILLAGE or start == 0
                ),
                MOST_RUNS,
            )
        )
        if not spans:
            return
        names = [phrases[number].words[start:end] for number, start, end in spans]
        found = self._free_names.match(names, LOWEST_FREE_SIMILARITY)
        for (number, start, end), matches in zip(spans, found, strict=True):
            core = AreaHit(number, start, end, -1, 1.0, Likeness.EXACT, Role.FREE)
            for match in matches:
                named = self._free[match.name]
                yield ScoredPoint(
                    place=named.place,
                    score=FREE_NAME_POINTS * match.similarity + 2 * self._fit(named, evidence, core),
                    phrase=number,
                    likeness=match.likeness,
                    reason=_reason(named.place.name, match.likeness),
                )


_AREA_ROLES = (Role.VILLAGE, Role.KECAMATAN, Role.FREE)


def _has_sure(matches: Sequence[NameMatch]) -> bool:
    return any(match.likeness <= Likeness.SPELLING for match in matches)


def _is_all(detail: AddressDetail, number: int) -> bool:
    """Whether a text names nothing but a kind and its area: `kantor polisi kec. Weru`, not a call for the police.

    Behind the area a single word might be such a call; `kecamatan Weru kantor camat` is not.
    """
    others = (*detail.phrases[:number], *detail.phrases[number + 1 :])
    said_as_place = number == 0 or " " in detail.phrases[number].marker
    return said_as_place and all(phrase.role in (Role.VILLAGE, Role.KECAMATAN) for phrase in others)


def _named(place: Place) -> Iterator[_Named]:
    """Each name of a place, split into the words of its kind and the rest."""
    for name in dict.fromkeys((place.name, *place.alt_names)):
        spelt = name_words(name)
        if not spelt or not (spelt[0] in KIND_BEGINNINGS or school_level(spelt[0])):
            yield _Named(place, "", place.kind, None, spelt)
            continue
        phrases = parse_address(name).phrases
        first = phrases[0] if phrases else None
        if first is not None and first.role is Role.POI:
            core = first.words if len(phrases) == 1 else tuple(word for phrase in phrases for word in phrase.words)
            yield _Named(place, first.marker, first.kind or place.kind, first.level, core)
        else:
            yield _Named(place, "", place.kind, None, spelt)


def _reason(name: str, likeness: Likeness) -> SearchReason:
    return SearchReason(kind=SearchReasonKind.PLACE, name=name, likeness=likeness)
