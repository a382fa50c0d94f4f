"""What the words of a text say about villages and kecamatan: the hits, and what they mean for one another.

A text may be full of names, so each question looks only at the hits that can matter to it: those of one area, or those
that share a word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gis.address import Role
from gis.name_index import Likeness
from gis.runs import COMMON_IN_MESSAGE, LONGEST_SPAN

NESTED_MARGIN = 0.20
CONTRADICTION_POINTS = 32.0
DOUBT_POINTS = 9.0
SURE_KECAMATAN = 0.80
SURE_NAMED_VILLAGE = 0.9
SAME_KECAMATAN_SPREAD = 0.03

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

    @property
    def positions(self) -> Iterator[tuple[int, int]]:
        """Phrase and place of each word."""
        return ((self.phrase, word) for word in range(self.start, self.end))

    def overlaps(self, other: AreaHit) -> bool:
        """Whether the two share a word."""
        return self.phrase == other.phrase and self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Evidence:
    """All hits of a text, villages and kecamatan apart."""

    villages: tuple[AreaHit, ...]
    kecamatan: tuple[AreaHit, ...]

    @cached_property
    def by_village(self) -> Mapping[int, Sequence[AreaHit]]:
        """The hits of each village."""
        return _by_area(self.villages)

    @cached_property
    def by_kecamatan(self) -> Mapping[int, Sequence[AreaHit]]:
        """The hits of each kecamatan."""
        return _by_area(self.kecamatan)

    @cached_property
    def names_a_village(self) -> bool:
        """Whether the text names a village by a marker, and surely."""
        return any(
            hit.role is Role.VILLAGE and hit.start == 0 and hit.similarity >= SURE_NAMED_VILLAGE
            for hit in self.villages
        )

    @cached_property
    def _marked(self) -> tuple[float, Mapping[int, float]]:
        """How surely a kecamatan is named by a marker: the best of all, and each."""
        each: dict[int, float] = {}
        for hit in self.kecamatan:
            if hit.role is Role.KECAMATAN and hit.start == 0 and not hit.nested:
                each[hit.area] = max(hit.similarity, each.get(hit.area, 0.0))
        return max(each.values(), default=0.0), each

    @cached_property
    def _distinctive(self) -> Sequence[AreaHit]:
        """Hits that surely name a kecamatan without a marker."""
        return [
            hit
            for hit in self.kecamatan
            if hit.role in _DISTINCTIVE_ROLES
            and hit.likeness <= Likeness.SPELLING
            and not hit.nested
            and hit.weight > COMMON_IN_MESSAGE
        ]

    def beside_streets(self, known: Mapping[int, int]) -> Evidence:
        """Without the villages that are only like a word of a street's name, of so many words of each phrase.

        `Jl. Pangeran Cakrabuana` is no misspelt Pangenan.
        """

        def stands(hit: AreaHit) -> bool:
            return hit.likeness is not Likeness.SIMILAR or hit.start >= known.get(hit.phrase, 0)

        return Evidence(tuple(filter(stands, self.villages)), tuple(filter(stands, self.kecamatan)))

    def support(self, kecamatan: int | None, apart_from: AreaHit | None) -> tuple[float, AreaHit | None]:
        """How strongly words other than those of `apart_from` name the kecamatan, 0 to 1."""
        best: AreaHit | None = None
        strength = 0.0
        for hit in () if kecamatan is None else self.by_kecamatan.get(kecamatan, ()):
            if apart_from is not None and hit.overlaps(apart_from):
                continue
            value = 0.0 if hit.nested else hit.similarity * hit.weight
            if value > strength:
                best, strength = hit, value
        return strength, best

    def contradiction(self, kecamatan: int | None, apart_from: AreaHit | None) -> float:
        """Points to take off because the text names another kecamatan, by a marker or (fewer) without."""
        best, marked = self._marked
        if best >= SURE_KECAMATAN:
            own = 0.0 if kecamatan is None else marked.get(kecamatan, 0.0)
            return 0.0 if own >= best - SAME_KECAMATAN_SPREAD else CONTRADICTION_POINTS * best
        for hit in self._distinctive:
            if hit.area != kecamatan and not (apart_from is not None and hit.overlaps(apart_from)):
                return DOUBT_POINTS
        return 0.0


def set_back_nested(hits: Sequence[AreaHit]) -> Iterator[AreaHit]:
    """Mark hits that lie within a longer run of words which names something about as well.

    The longer run does not count when its further words name something better by themselves: in `palir tengah tani` the
    likeness of `palir tengah` to Kalitengah is no reason to give up Palir, since `tengah tani` is a name.
    """
    starting: dict[tuple[int, int], list[AreaHit]] = defaultdict(list)
    for hit in hits:
        if hit.likeness is not Likeness.PART:
            starting[hit.phrase, hit.start].append(hit)

    def among(phrase: int, first: int, last: int) -> Iterator[AreaHit]:
        for start in range(first, last + 1):
            yield from starting.get((phrase, start), ())

    for hit in hits:
        nested = any(
            hit.end <= longer.end
            and longer.end - longer.start > hit.end - hit.start
            and longer.similarity >= hit.similarity - NESTED_MARGIN
            and not any(
                rest.similarity > longer.similarity and rest.overlaps(longer) and not rest.overlaps(hit)
                for rest in among(hit.phrase, longer.start - LONGEST_SPAN + 1, longer.end - 1)
            )
            for longer in among(hit.phrase, hit.start - LONGEST_SPAN + 1, hit.start)
        )
        yield replace(hit, nested=True) if nested else hit


def _by_area(hits: Iterable[AreaHit]) -> Mapping[int, Sequence[AreaHit]]:
    grouped: dict[int, list[AreaHit]] = {}
    for hit in hits:
        grouped.setdefault(hit.area, []).append(hit)
    return grouped
