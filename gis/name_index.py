"""Find the names of a fixed list that a few words may stand for, by letters, by sound and by part.

All names are compared at once by rapidfuzz on precomputed compact strings, so a query costs a few milliseconds for
thousands of names. The measure is exact (optimal string alignment distance); nothing is pruned by heuristics.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from gis.text import compact, is_vowelless, modern_spelling, skeleton, spelling_key

SAME_SOUND_SIMILARITY = 0.97
DIFFERENT_LETTER_COST = 0.03
LOWEST_SAME_SOUND = 0.80
SOUND_WEIGHT = 0.92
PART_WEIGHT = 0.80
ONLY_PART_WEIGHT = 0.90
"""For the beginning of a name when no other name begins so."""

MOST_SHARING = 40
"""The beginning of more names than this (`Triq`, `Masjid`) tells nothing."""

SWAPPED_WEIGHT = 0.76
VOWELLESS_SIMILARITY = 0.85
SHORTEST_FUZZY_LENGTH = 4
SHORTEST_HEAD_LENGTH = 3
SHORT_LENGTH = 6
LOWEST_SHORT_SIMILARITY = 0.75
LOWEST_SIMILARITY = 0.70
SPREAD = 0.17
"""Names this much less alike than the best of the same words are not offered."""


class Likeness(IntEnum):
    """How words resemble a name, the surest first."""

    EXACT = 0
    SPELLING = 1
    SIMILAR = 2
    PART = 3


@dataclass(frozen=True, slots=True)
class NameMatch:
    """Name number `name` of the list, with a similarity in (0, 1]."""

    name: int
    similarity: float
    likeness: Likeness


class NameIndex:
    """An index over names given as word tuples; equal names may repeat."""

    def __init__(self, names: Sequence[tuple[str, ...]]) -> None:
        forms: dict[tuple[str, float], list[int]] = {}
        ordered = sorted({compact(name) for name in names})
        for number, name in enumerate(names):
            for form, weight in _forms(name, ordered):
                forms.setdefault((form, weight), []).append(number)
        forms = {
            (form, weight): sharing
            for (form, weight), sharing in forms.items()
            if weight == 1 or len(sharing) <= MOST_SHARING
        }
        self._names = list(forms.values())
        self._strings = [form for form, _ in forms]
        self._weights = np.array([weight for _, weight in forms], dtype=np.float32)
        self._keys = [spelling_key(form) for form in self._strings]
        self._by_string = _grouped(self._strings)
        self._by_key = _grouped(self._keys)
        self._by_skeleton = _grouped(map(skeleton, self._strings))

    def __len__(self) -> int:
        return len(self._strings)

    def exact(self, spans: Sequence[tuple[str, ...]]) -> list[list[NameMatch]]:
        """The names that are written, or sound, exactly like each span."""
        return [self._collect(self._certain(compact(span))) for span in spans]

    def match(self, spans: Sequence[tuple[str, ...]]) -> list[list[NameMatch]]:
        """The names like each span, best first; a name appears once per span."""
        all_strings = [compact(span) for span in spans]
        strings = list(dict.fromkeys(all_strings))
        found = [self._certain(string) for string in strings]
        fuzzy = [i for i, string in enumerate(strings) if len(string) >= SHORTEST_FUZZY_LENGTH]
        if fuzzy and self._strings:
            queries = [strings[i] for i in fuzzy]
            letters = self._similarities(queries, self._strings, 1.0)
            sounds = self._similarities([spelling_key(query) for query in queries], self._keys, SOUND_WEIGHT)
            likeness = np.maximum(letters, sounds) * self._weights
            best = likeness.max(axis=1, keepdims=True)
            for row, column in zip(*np.nonzero((likeness > 0) & (likeness >= best - SPREAD)), strict=True):
                known = found[fuzzy[row]]
                value = float(likeness[row, column])
                part = self._weights[column] < 1
                if value > known.get(int(column), (0.0, Likeness.PART))[0]:
                    known[int(column)] = (value, Likeness.PART if part else Likeness.SIMILAR)
        collected = {string: self._collect(matches) for string, matches in zip(strings, found, strict=True)}
        return [collected[string] for string in all_strings]

    def _certain(self, string: str) -> dict[int, tuple[float, Likeness]]:
        """Forms equal by letters, by sound, or (for words without vowels) by consonants, with their similarity."""
        found: dict[int, tuple[float, Likeness]] = {}
        if len(string) >= SHORTEST_FUZZY_LENGTH:
            if is_vowelless(string):
                for form in self._by_skeleton.get(skeleton(string), ()):
                    value = vowelless_similarity(string, self._strings[form])
                    found[form] = (value * float(self._weights[form]), Likeness.SIMILAR)
            for form in self._by_key.get(spelling_key(string), ()):
                weight = float(self._weights[form])
                found[form] = (
                    same_sound_similarity(string, self._strings[form]) * weight,
                    Likeness.SPELLING if weight == 1 else Likeness.PART,
                )
        for form in self._by_string.get(string, ()):
            weight = float(self._weights[form])
            found[form] = (weight, Likeness.EXACT if weight == 1 else Likeness.PART)
        return found

    def _similarities(self, queries: list[str], strings: list[str], weight: float) -> np.ndarray:
        matrix = cdist(
            queries, strings, scorer=OSA.normalized_similarity, score_cutoff=LOWEST_SIMILARITY, dtype=np.float32
        )
        short = np.array([len(query) < SHORT_LENGTH for query in queries])
        matrix[short] *= matrix[short] >= LOWEST_SHORT_SIMILARITY
        return matrix * np.float32(weight)

    def _collect(self, found: dict[int, tuple[float, Likeness]]) -> list[NameMatch]:
        names: dict[int, NameMatch] = {}
        for form, (similarity, likeness) in found.items():
            for name in self._names[form]:
                known = names.get(name)
                if known is None or similarity > known.similarity:
                    names[name] = NameMatch(name, similarity, likeness)
        return sorted(names.values(), key=lambda match: (-match.similarity, match.name))


def same_sound_similarity(one: str, other: str) -> float:
    """How alike two compact names of one spelling key are: the fewer letters differ, the more."""
    differing = OSA.distance(modern_spelling(one), modern_spelling(other))
    return max(SAME_SOUND_SIMILARITY - DIFFERENT_LETTER_COST * float(differing), LOWEST_SAME_SOUND)


def vowelless_similarity(one: str, other: str) -> float:
    """How alike two compact names of the same consonants are, one of them written without its vowels."""
    return VOWELLESS_SIMILARITY + 0.04 * float(OSA.normalized_similarity(one, other))


def similarity(one: str, other: str) -> float:
    """How alike two compact names are, 0 to 1: the measure of `NameIndex.match` for a single pair of whole names."""
    if one == other:
        return 1.0
    one_key, other_key = spelling_key(one), spelling_key(other)
    if one_key == other_key:
        return same_sound_similarity(one, other)
    return max(
        float(OSA.normalized_similarity(one, other)),
        SOUND_WEIGHT * float(OSA.normalized_similarity(one_key, other_key)),
    )


def _forms(name: tuple[str, ...], ordered: Sequence[str]) -> Iterable[tuple[str, float]]:
    """The compact forms under which a name is found, with their weights: whole, its words swapped, without its end."""
    yield compact(name), 1.0
    if len(name) == 2:
        yield compact(reversed(name)), SWAPPED_WEIGHT
    for length in range(1, len(name)):
        head = compact(name[:length])
        if len(head) >= SHORTEST_HEAD_LENGTH:
            first = bisect_left(ordered, head)
            only = first + 1 >= len(ordered) or not ordered[first + 1].startswith(head)
            yield head, ONLY_PART_WEIGHT if only else PART_WEIGHT


def _grouped(strings: Iterable[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for number, string in enumerate(strings):
        groups.setdefault(string, []).append(number)
    return groups
