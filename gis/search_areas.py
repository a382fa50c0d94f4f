"""Which villages and kecamatan the words of an address name, and how surely.

Every run of words is compared with every name; a run inside a longer run that fits as well is set back; a village is
scored by its own name, the role its words were given, and what the other words say about its kecamatan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gis.address import AddressDetail, Phrase, Role
from gis.name_index import Likeness, NameIndex, similarity, vowelless_similarity
from gis.runs import Span, most_telling, spans_of
from gis.search_evidence import SURE_KECAMATAN, AreaHit, Evidence, set_back_nested
from gis.text import compact, is_vowelless, skeleton, spelling_key, spelling_keys
from gis.text import words as name_words
from gis.types import Place
from gis.words import COMMON, DIRECTIONS

LOWEST_IN_MESSAGE = 0.80
NESTED_FACTOR = 0.70

NAME_POINTS = 86.0
KECAMATAN_POINTS = 14.0
UNIQUE_POINTS = 6.0
SHARED_POINTS = 2.0
USED_WORDS_POINTS = 22.0
USER_SIMILARITY = 0.70
KECAMATAN_ALONE = 84.0
KECAMATAN_MARKED = 92.0
SURE_VILLAGE = 0.75
SHORTEST_SKELETON = 3
SHORTEST_JOINED = 8
"""A word of fewer letters is not taken for a village and its kecamatan in one."""

LOWEST_SECOND_LOOK = 0.50
LOWEST_BESIDE_KECAMATAN = 58.0

MOST_SPANS = 120
"""Runs of words of one text that are compared with the names; a report of 1,300 characters has 80."""

MOST_HITS = 600
MOST_SECOND_LOOKS = 3
MOST_SPANS_SEEN_TWICE = 40
"""Kecamatan of one text whose villages are compared more forgivingly, and runs of words with which they are."""

_VILLAGE_WEIGHT = {
    Role.VILLAGE: 1.0,
    Role.FREE: 0.97,
    Role.POI: 0.92,
    Role.STREET: 0.88,
    Role.HAMLET: 0.72,
    Role.KECAMATAN: 0.55,
}
_KECAMATAN_WEIGHT = {
    Role.KECAMATAN: 1.0,
    Role.FREE: 0.92,
    Role.VILLAGE: 0.88,
    Role.POI: 0.85,
    Role.STREET: 0.75,
    Role.HAMLET: 0.4,
}
_BESIDE_A_MARKED_VILLAGE = 0.78
_AREA_MARKED = (Role.VILLAGE, Role.KECAMATAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredArea:
    """A village or kecamatan with its score, 0 to 100."""

    area: int
    score: float
    hit: AreaHit
    kecamatan_hit: AreaHit | None
    shared: bool = False


class AreaIndex:
    """The villages and kecamatan of a region, found by name."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.areas = [place for place in places if place.kind in ("village", "kecamatan")]
        self._kecamatan_by_code = {
            place.place_id.partition(":")[2]: number
            for number, place in enumerate(self.areas)
            if place.kind == "kecamatan"
        }
        self.village_by_code = {
            place.village_code: number
            for number, place in enumerate(self.areas)
            if place.kind == "village" and place.village_code
        }
        self.kecamatan_of = [self.kecamatan_of_code(place.village_code) for place in self.areas]
        self._village_names = Counter(place.name.casefold() for place in self.areas if place.kind == "village")
        numbers: dict[tuple[str, ...], list[int]] = {}
        for number, place in enumerate(self.areas):
            for name in dict.fromkeys((place.name, *place.alt_names)):
                spelt = name_words(name)
                if spelt:
                    numbers.setdefault(spelt, []).append(number)
        self._spelt = list(numbers)
        self._numbers = list(numbers.values())
        self._names_in: dict[int, list[tuple[int, str]]] = {number: [] for number in self._kecamatan_by_code.values()}
        for spelt, areas in numbers.items():
            for area in areas:
                kecamatan = self.kecamatan_of[area]
                if kecamatan is not None and self.areas[area].kind == "village":
                    self._names_in[kecamatan].append((area, compact(spelt)))
        self._names = NameIndex(list(numbers))

    def prepare(self) -> None:
        """Make now what the first text would make."""
        self._names.prepare()
        _ = self._joined

    @cached_property
    def _joined(self) -> dict[str, tuple[str, ...]]:
        """The words of a village and its kecamatan, by the spelling key of both in one."""
        pairs = [
            (self._spelt_in_full(village), self._spelt_in_full(kecamatan))
            for village, kecamatan in enumerate(self.kecamatan_of)
            if kecamatan is not None and self.areas[village].kind == "village"
        ]
        keys = spelling_keys(compact((*village, *kecamatan)) for village, kecamatan in pairs)
        return {key: (*village, *kecamatan) for key, (village, kecamatan) in zip(keys, pairs, strict=True)}

    def _spelt_in_full(self, area: int) -> tuple[str, ...]:
        return name_words(self.areas[area].name)

    def taken_apart(self, phrase: Phrase) -> Phrase:
        """The phrase with words that join a village and its kecamatan (`wanasabakidultalun`) taken apart."""
        if phrase.role not in (Role.FREE, Role.VILLAGE):
            return phrase
        words: list[str] = []
        for word in phrase.words:
            apart = self._joined.get(spelling_key(word)) if len(word) >= SHORTEST_JOINED else None
            words += (word,) if apart is None or self.is_area_name((word,)) else apart
        return replace(phrase, words=tuple(words))

    def kecamatan_of_code(self, village_code: str | None) -> int | None:
        """The kecamatan whose code the village's code starts with."""
        return None if village_code is None else self._kecamatan_by_code.get(village_code.rpartition(".")[0])

    def holds(self, area: int, village_code: str | None) -> bool:
        """Whether the village or kecamatan is, or has in it, the village of that code."""
        return area in (self.village_by_code.get(village_code or ""), self.kecamatan_of_code(village_code))

    def names_with(self, markers: frozenset[str]) -> frozenset[tuple[str, ...]]:
        """The names of several words that hold one of the markers."""
        return frozenset(name for name in self._spelt if len(name) > 1 and markers.intersection(name))

    def is_area_name(self, spelt: tuple[str, ...]) -> bool:
        """Whether the words are, or sound like, the name of a village or kecamatan or the beginning of one."""
        return self._names.knows(spelt)

    def with_direction(self, detail: AddressDetail) -> AddressDetail:
        """Read `Jagapura sebelah wetan Gegesik` as Jagapura Wetan, where there is one, not as east of Gegesik."""
        relation = detail.relation
        if relation is None or relation.distance_m is not None or not relation.anchor:
            return detail
        direction = DIRECTIONS.get(relation.bearing_deg)
        named, anchor = detail.phrases[relation.anchor - 1 : relation.anchor + 1]
        if direction is None or relation.word != "sebelah" or anchor.role not in (Role.FREE, *_AREA_MARKED):
            return detail
        if named.role not in (Role.FREE, Role.VILLAGE) or not self.is_area_name(anchor.words):
            return detail
        if not any(self._names.written((*named.words[at:], direction)) for at in range(len(named.words))):
            return detail
        phrases = list(detail.phrases)
        phrases[relation.anchor - 1] = replace(named, words=(*named.words, direction))
        return replace(detail, phrases=tuple(phrases), relation=None)

    def _is_name(self, words: tuple[str, ...]) -> bool:
        return bool(self._names.written(words))

    # --- Evidence -----------------------------------------------------------------------------------------------------

    def read(self, phrases: Sequence[Phrase]) -> Evidence:
        """Compare all runs of words with all names."""
        spans = most_telling(
            [span for number, phrase in enumerate(phrases) for span in spans_of(number, phrase, self._is_name)],
            MOST_SPANS,
        )
        forgiving = [span for span in spans if span.forgiving]
        strict = [span for span in spans if not span.forgiving]
        hits: list[AreaHit] = []
        for in_message, lowest in ((False, 0.0), (True, LOWEST_IN_MESSAGE)):
            alike = [span for span in forgiving if span.in_message is in_message]
            for span, matches in zip(alike, self._names.match([span.words for span in alike], lowest), strict=True):
                for match in matches:
                    hits += self._hits(span, match.name, match.similarity, match.likeness)
        for span in strict:
            for name in self._names.written(span.words):
                hits += self._hits(span, name, 1.0, Likeness.EXACT)
        if len(hits) > MOST_HITS:
            hits = sorted(hits, key=lambda hit: -hit.similarity * hit.weight)[:MOST_HITS]
        hits = list(set_back_nested(hits))
        kecamatan = tuple(hit for hit in hits if self.areas[hit.area].kind == "kecamatan")
        villages = tuple(hit for hit in hits if self.areas[hit.area].kind == "village")
        return Evidence(villages + tuple(self._second_look(spans, villages, kecamatan)), kecamatan)

    def _second_look(
        self, spans: Sequence[Span], villages: Sequence[AreaHit], kecamatan: Sequence[AreaHit]
    ) -> Iterator[AreaHit]:
        """Where a kecamatan is known and none of its villages was found, compare its few names more forgivingly."""
        sure = [hit for hit in kecamatan if hit.similarity >= SURE_KECAMATAN and not hit.nested]
        sure.sort(key=lambda hit: -hit.similarity * hit.weight)
        spans = most_telling(spans, MOST_SPANS_SEEN_TWICE)
        for known in list(dict.fromkeys(hit.area for hit in sure))[:MOST_SECOND_LOOKS]:
            namings = [hit for hit in kecamatan if hit.area == known]
            if any(
                hit.similarity >= SURE_VILLAGE
                and self.kecamatan_of[hit.area] == known
                and not any(naming.overlaps(hit) for naming in namings)
                for hit in villages
            ):
                continue
            for span in spans:
                hit = AreaHit(span.phrase, span.start, span.end, -1, 0.0, Likeness.SIMILAR, span.role)
                named = span.role is Role.VILLAGE and span.start == 0
                if not (named or (span.role is Role.FREE and not span.in_message)) or any(
                    word in COMMON or word.isdigit() for word in span.words
                ):
                    continue
                if any(naming.overlaps(hit) for naming in namings):
                    continue
                for village, name in self._names_in[known]:
                    likeness = _forgiving_similarity(compact(span.words), name)
                    if likeness >= LOWEST_SECOND_LOOK:
                        yield replace(hit, area=village, similarity=likeness, weight=_VILLAGE_WEIGHT[span.role])

    def _hits(self, span: Span, name: int, similarity: float, likeness: Likeness) -> Iterator[AreaHit]:
        for area in self._numbers[name]:
            weights = _VILLAGE_WEIGHT if self.areas[area].kind == "village" else _KECAMATAN_WEIGHT
            weight = weights.get(span.role)
            if weight is not None:
                yield AreaHit(
                    span.phrase,
                    span.start,
                    span.end,
                    area,
                    similarity * span.trust,
                    likeness,
                    span.role,
                    weight * span.weight,
                )

    # --- Scores -------------------------------------------------------------------------------------------------------

    def score_villages(self, evidence: Evidence) -> list[ScoredArea]:
        """All villages that the text may name, best first."""
        marked = any(
            hit.role is Role.VILLAGE and hit.start == 0 and hit.similarity >= 0.75 for hit in evidence.villages
        )
        scored: dict[int, ScoredArea] = {}
        for hit in evidence.villages:
            name_score = hit.similarity * hit.weight * (NESTED_FACTOR if hit.nested else 1.0)
            if marked and not (hit.role is Role.VILLAGE and hit.start == 0):
                name_score *= _BESIDE_A_MARKED_VILLAGE
            kecamatan = self.kecamatan_of[hit.area]
            strength, kecamatan_hit = evidence.support(kecamatan, hit)
            shared = self._village_names[self.areas[hit.area].name.casefold()] > 1
            score = NAME_POINTS * name_score
            if strength > 0:
                score += KECAMATAN_POINTS * strength
            else:
                score += SHARED_POINTS if shared else UNIQUE_POINTS * hit.similarity
            score -= evidence.contradiction(kecamatan, hit)
            known = scored.get(hit.area)
            if known is None or score > known.score:
                scored[hit.area] = ScoredArea(
                    area=hit.area, score=score, hit=hit, kecamatan_hit=kecamatan_hit, shared=shared
                )
        return self._ordered(self._without_used_words(scored.values()))

    def _without_used_words(self, scored: Iterable[ScoredArea]) -> Iterator[ScoredArea]:
        """Set back a village whose words are needed to name the kecamatan of another: `Karangasem Karangwareng`."""
        all_scored = list(scored)
        users: dict[tuple[int, int], list[ScoredArea]] = {}
        for each in all_scored:
            if each.kecamatan_hit is not None and each.hit.similarity >= USER_SIMILARITY:
                for word in each.kecamatan_hit.positions:
                    users.setdefault(word, []).append(each)
        for each in all_scored:
            used = max(
                (
                    user.hit.similarity
                    for word in (each.hit.positions if each.kecamatan_hit is None else ())
                    for user in users.get(word, ())
                    if user.area != each.area and not user.hit.overlaps(each.hit)
                ),
                default=0.0,
            )
            yield replace(each, score=each.score - USED_WORDS_POINTS * used) if used else each

    def score_kecamatan(self, evidence: Evidence, villages: Sequence[ScoredArea]) -> list[ScoredArea]:
        """The kecamatan named; set back where a village in it is named as well."""
        scored: dict[int, ScoredArea] = {}
        beside: dict[int | None, list[AreaHit]] = {}
        for village in villages:
            if village.score >= LOWEST_BESIDE_KECAMATAN:
                beside.setdefault(self.kecamatan_of[village.area], []).append(village.hit)
        for hit in evidence.kecamatan:
            marked = hit.role is Role.KECAMATAN and hit.start == 0
            score = hit.similarity * (KECAMATAN_MARKED if marked else KECAMATAN_ALONE * hit.weight)
            score *= NESTED_FACTOR if hit.nested else 1.0
            if any(not village.overlaps(hit) for village in beside.get(hit.area, ())):
                score *= 0.75
            known = scored.get(hit.area)
            if known is None or score > known.score:
                scored[hit.area] = ScoredArea(area=hit.area, score=score, hit=hit, kecamatan_hit=None)
        return self._ordered(scored.values())

    def _ordered(self, scored: Iterable[ScoredArea]) -> list[ScoredArea]:
        return sorted(scored, key=lambda each: (-each.score, each.hit.likeness, self.areas[each.area].place_id))


def _forgiving_similarity(string: str, name: str) -> float:
    if len(string) >= SHORTEST_SKELETON and is_vowelless(string) and skeleton(string) == skeleton(name):
        return vowelless_similarity(string, name)
    return similarity(string, name)
