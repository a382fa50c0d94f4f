"""Which villages and kecamatan the words of an address name, and how surely.

Every run of words is compared with every name; a run inside a longer run that fits as well is set back; a village is
scored by its own name, the role its words were given, and what the other words say about its kecamatan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gis.address import Phrase, Role
from gis.name_index import Likeness, NameIndex
from gis.text import words as name_words
from gis.types import Place
from gis.words import COMMON

LONGEST_SPAN = 4
MESSAGE_WORDS = 5
"""A free phrase of more words than this is part of a message, in which most words name nothing."""

LOWEST_IN_MESSAGE = 0.80
NESTED_FACTOR = 0.70
NESTED_MARGIN = 0.10

NAME_POINTS = 86.0
KECAMATAN_POINTS = 14.0
UNIQUE_POINTS = 6.0
SHARED_POINTS = 2.0
CONTRADICTION_POINTS = 32.0
DOUBT_POINTS = 9.0
USED_WORDS_POINTS = 10.0
USER_SIMILARITY = 0.75
KECAMATAN_ALONE = 84.0
KECAMATAN_MARKED = 92.0
SURE_KECAMATAN = 0.80

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
_NOT_AT_START = 0.92
_COMMON_IN_MESSAGE = 0.62
_UNPOINTED_IN_MESSAGE = 0.93
_BESIDE_A_MARKED_VILLAGE = 0.78
_POINTERS = frozenset(
    """di ke dari wilayah daerah warga arah alamat lokasi posisi tepatnya area pantai sungai jembatan perbatasan blok
    kampung ning kawasan sekitar sawah arek wong urang pasar tempat""".split()
)
_DISTINCTIVE_ROLES = (Role.FREE, Role.VILLAGE, Role.POI)


@dataclass(frozen=True, slots=True)
class AreaHit:
    """Words `start` to `end` of phrase `phrase` that name the area."""

    phrase: int
    start: int
    end: int
    area: int
    similarity: float
    likeness: Likeness
    role: Role
    weight: float = 1.0
    nested: bool = False

    def overlaps(self, other: AreaHit) -> bool:
        """Whether the two share a word."""
        return self.phrase == other.phrase and self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredArea:
    """A village or kecamatan with its score, 0 to 100."""

    area: int
    score: float
    hit: AreaHit
    kecamatan_hit: AreaHit | None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """All hits of a text, villages and kecamatan apart."""

    villages: tuple[AreaHit, ...]
    kecamatan: tuple[AreaHit, ...]


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
        self._numbers = list(numbers.values())
        self._names = NameIndex(list(numbers))

    def kecamatan_of_code(self, village_code: str | None) -> int | None:
        """The kecamatan whose code the village's code starts with."""
        return None if village_code is None else self._kecamatan_by_code.get(village_code.rpartition(".")[0])

    def is_area_name(self, spelt: tuple[str, ...]) -> bool:
        """Whether the words are exactly the name of a village or kecamatan."""
        return any(match.likeness is Likeness.EXACT for match in self._names.exact([spelt])[0])

    # --- Evidence -----------------------------------------------------------------------------------------------------

    def read(self, phrases: Sequence[Phrase]) -> Evidence:
        """Compare all runs of words with all names."""
        spans = [span for number, phrase in enumerate(phrases) for span in _spans(number, phrase)]
        forgiving = [span for span in spans if span.forgiving]
        strict = [span for span in spans if not span.forgiving]
        hits: list[AreaHit] = []
        for span, matches in zip(forgiving, self._names.match([span.words for span in forgiving]), strict=True):
            for match in matches:
                if match.similarity >= LOWEST_IN_MESSAGE or not span.in_message:
                    hits += self._hits(span, match.name, match.similarity, match.likeness)
        for span, matches in zip(strict, self._names.exact([span.words for span in strict]), strict=True):
            for match in matches:
                if match.likeness is Likeness.EXACT:
                    hits += self._hits(span, match.name, match.similarity, match.likeness)
        hits = list(_set_back_nested(hits))
        return Evidence(
            villages=tuple(hit for hit in hits if self.areas[hit.area].kind == "village"),
            kecamatan=tuple(hit for hit in hits if self.areas[hit.area].kind == "kecamatan"),
        )

    def _hits(self, span: _Span, name: int, similarity: float, likeness: Likeness) -> Iterator[AreaHit]:
        for area in self._numbers[name]:
            weights = _VILLAGE_WEIGHT if self.areas[area].kind == "village" else _KECAMATAN_WEIGHT
            weight = weights.get(span.role)
            if weight is not None:
                yield AreaHit(
                    span.phrase,
                    span.start,
                    span.end,
                    area,
                    similarity,
                    likeness,
                    span.role,
                    weight * span.weight,
                )

    # --- Scores -------------------------------------------------------------------------------------------------------

    def support(self, kecamatan: int | None, evidence: Evidence, apart_from: AreaHit | None) -> tuple[float, AreaHit | None]:
        """How strongly words other than those of `apart_from` name the kecamatan, 0 to 1."""
        best: AreaHit | None = None
        strength = 0.0
        for hit in evidence.kecamatan:
            if hit.area != kecamatan or (apart_from is not None and hit.overlaps(apart_from)):
                continue
            value = hit.similarity * hit.weight * (NESTED_FACTOR if hit.nested else 1.0)
            if value > strength:
                best, strength = hit, value
        return strength, best

    def contradiction(self, kecamatan: int | None, evidence: Evidence, apart_from: AreaHit | None) -> float:
        """Points to take off because the text names another kecamatan, by a marker or (fewer) without."""
        marked = [hit for hit in evidence.kecamatan if hit.role is Role.KECAMATAN and hit.start == 0]
        best = max((hit.similarity for hit in marked), default=0.0)
        if best >= SURE_KECAMATAN:
            own = max((hit.similarity for hit in marked if hit.area == kecamatan), default=0.0)
            return 0.0 if own >= best - 0.03 else CONTRADICTION_POINTS * best
        for hit in evidence.kecamatan:
            if (
                hit.role in _DISTINCTIVE_ROLES
                and hit.likeness <= Likeness.SPELLING
                and not hit.nested
                and hit.weight > _COMMON_IN_MESSAGE
                and hit.area != kecamatan
                and not (apart_from is not None and hit.overlaps(apart_from))
            ):
                return DOUBT_POINTS
        return 0.0

    def score_villages(self, evidence: Evidence) -> list[ScoredArea]:
        """All villages that the text may name, best first."""
        marked = any(hit.role is Role.VILLAGE and hit.start == 0 and hit.similarity >= 0.75 for hit in evidence.villages)
        scored: dict[int, ScoredArea] = {}
        for hit in evidence.villages:
            name_score = hit.similarity * hit.weight * (NESTED_FACTOR if hit.nested else 1.0)
            if marked and not (hit.role is Role.VILLAGE and hit.start == 0):
                name_score *= _BESIDE_A_MARKED_VILLAGE
            kecamatan = self.kecamatan_of[hit.area]
            strength, kecamatan_hit = self.support(kecamatan, evidence, hit)
            shared = self._village_names[self.areas[hit.area].name.casefold()] > 1
            score = NAME_POINTS * name_score
            if strength > 0:
                score += KECAMATAN_POINTS * strength
            else:
                score += SHARED_POINTS if shared else UNIQUE_POINTS * hit.similarity
            score -= self.contradiction(kecamatan, evidence, hit)
            known = scored.get(hit.area)
            if known is None or score > known.score:
                scored[hit.area] = ScoredArea(
                    area=hit.area, score=score, hit=hit, kecamatan_hit=kecamatan_hit, shared=shared
                )
        return self._ordered(self._without_used_words(scored.values()))

    def _without_used_words(self, scored: Iterable[ScoredArea]) -> Iterator[ScoredArea]:
        """Set back a village whose words are needed to name the kecamatan of another: `Karangasem Karangwareng`."""
        all_scored = list(scored)
        users = [each for each in all_scored if each.kecamatan_hit is not None and each.hit.similarity >= USER_SIMILARITY]
        for each in all_scored:
            used = max(
                (
                    user.hit.similarity
                    for user in users
                    if user.kecamatan_hit is not None
                    and each.kecamatan_hit is None
                    and user.area != each.area
                    and user.kecamatan_hit.overlaps(each.hit)
                    and not user.hit.overlaps(each.hit)
                ),
                default=0.0,
            )
            yield replace(each, score=each.score - USED_WORDS_POINTS * used) if used else each

    def score_kecamatan(self, evidence: Evidence, villages: Sequence[ScoredArea]) -> list[ScoredArea]:
        """The kecamatan named; set back where a village in it is named as well."""
        scored: dict[int, ScoredArea] = {}
        for hit in evidence.kecamatan:
            marked = hit.role is Role.KECAMATAN and hit.start == 0
            score = hit.similarity * (KECAMATAN_MARKED if marked else KECAMATAN_ALONE * hit.weight)
            score *= NESTED_FACTOR if hit.nested else 1.0
            if any(
                village.score >= 75 and self.kecamatan_of[village.area] == hit.area and not village.hit.overlaps(hit)
                for village in villages
            ):
                score *= 0.75
            known = scored.get(hit.area)
            if known is None or score > known.score:
                scored[hit.area] = ScoredArea(area=hit.area, score=score, hit=hit, kecamatan_hit=None)
        return self._ordered(scored.values())

    def _ordered(self, scored: Iterable[ScoredArea]) -> list[ScoredArea]:
        return sorted(scored, key=lambda each: (-each.score, each.hit.likeness, self.areas[each.area].place_id))


# --- Runs of words ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Span:
    phrase: int
    start: int
    end: int
    words: tuple[str, ...]
    role: Role
    weight: float
    forgiving: bool
    in_message: bool


def _spans(number: int, phrase: Phrase) -> Iterator[_Span]:
    if phrase.role is Role.KABUPATEN:
        return
    words = phrase.words
    in_message = phrase.role is Role.FREE and len(words) > MESSAGE_WORDS
    marked = phrase.role in (Role.VILLAGE, Role.KECAMATAN)
    for start in range(len(words)):
        for end in range(start + 1, min(start + LONGEST_SPAN, len(words)) + 1):
            span = words[start:end]
            common = sum(word in COMMON for word in span)
            if common == len(span) and len(span) > 1:
                continue
            weight = 1.0
            if phrase.role is not Role.FREE:
                weight = 1.0 if start == 0 else _NOT_AT_START
            elif in_message:
                pointed = start > 0 and words[start - 1] in _POINTERS
                weight = 1.0 if pointed else _UNPOINTED_IN_MESSAGE
                if common and len(span) == 1:
                    weight = _COMMON_IN_MESSAGE
            forgiving = not any(word.isdigit() for word in span) and (not common or (marked and start == 0))
            yield _Span(number, start, end, span, phrase.role, weight, forgiving, in_message)


def _set_back_nested(hits: list[AreaHit]) -> Iterator[AreaHit]:
    """Mark hits that lie within a longer run of words which names something about as well."""
    by_phrase: dict[int, list[AreaHit]] = {}
    for hit in hits:
        by_phrase.setdefault(hit.phrase, []).append(hit)
    for hit in hits:
        nested = any(
            other.start <= hit.start
            and hit.end <= other.end
            and other.end - other.start > hit.end - hit.start
            and other.likeness is not Likeness.PART
            and other.similarity >= hit.similarity - NESTED_MARGIN
            for other in by_phrase[hit.phrase]
        )
        yield replace(hit, nested=True) if nested else hit
