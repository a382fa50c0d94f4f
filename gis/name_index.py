"""Find the names of a fixed list that a few words may stand for, by letters, by sound and by part.

The measure is the optimal string alignment distance, by rapidfuzz. Only names whose length and letters leave a chance
of being alike enough are measured; that bound is exact, so the answer is the same as if all were.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from gis.text import (
    WORDS_REMEMBERED,
    compact,
    is_vowelless,
    modern_spelling,
    skeleton,
    skeletons,
    spelling_key,
    spelling_keys,
)
from gis.words import SAME_DIRECTION

SAME_SOUND_SIMILARITY = 0.97
DIFFERENT_LETTER_COST = 0.03
LOWEST_SAME_SOUND = 0.80
SOUND_WEIGHT = 0.92
PART_WEIGHT = 0.80
ONLY_PART_WEIGHT = 0.90
"""For the beginning of a name when no other name begins so."""

MOST_SHARING = 40
"""The beginning of more names than this (`Triq`, `Masjid`) tells nothing."""

SWAPPED_WEIGHT = 0.93
OTHER_DIRECTION_WEIGHT = 0.95
VOWELLESS_SIMILARITY = 0.85
SHORTEST_FUZZY_LENGTH = 4
SHORTEST_HEAD_LENGTH = 3
SHORT_LENGTH = 6
LOWEST_SHORT_SIMILARITY = 0.75
LOWEST_SIMILARITY = 0.70
ROUNDING = 1e-6
SPREAD = 0.17
"""Names this much less alike than the best of the same words are not offered."""


MOST_COMPARED = 1 << 16
"""Pairs of a query and a name that are looked at together."""

FloatArray = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.intp]


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


@dataclass(frozen=True, slots=True)
class _Form:
    """A compact string under which names are found; `part` where it is only the beginning or end of a name."""

    string: str
    weight: float
    part: bool


class NameIndex:
    """An index over names given as word tuples; equal names may repeat.

    With `heads`, a name is also found by its first words (`Weru` for `Weru Lor`), with `tails` by its last ones
    (`Ciremai` for `Tk III Ciremai`).
    """

    def __init__(self, names: Sequence[tuple[str, ...]], *, heads: bool = True, tails: bool = False) -> None:
        forms: dict[_Form, list[int]] = {}
        beginnings = sorted({compact(name) for name in names}) if heads else None
        endings = sorted({compact(name)[::-1] for name in names}) if tails else None
        for number, name in enumerate(names):
            for form in _forms(name, beginnings, endings):
                forms.setdefault(form, []).append(number)
        forms = {form: sharing for form, sharing in forms.items() if not form.part or len(sharing) <= MOST_SHARING}
        self._names = list(forms.values())
        self._strings = [form.string for form in forms]
        self._weights = np.array([form.weight for form in forms], dtype=np.float32)
        self._parts = [form.part for form in forms]
        self._by_string = _grouped(self._strings)

    def __len__(self) -> int:
        return len(self._strings)

    @cached_property
    def _by_key(self) -> Mapping[str, list[int]]:
        return _grouped(spelling_keys(self._strings))

    @cached_property
    def _by_skeleton(self) -> Mapping[str, list[int]]:
        return _grouped(skeletons(self._strings))

    @cached_property
    def _letters(self) -> AlikeStrings:
        return AlikeStrings(self._by_string)

    @cached_property
    def _sounds(self) -> AlikeStrings:
        return AlikeStrings(self._by_key)

    def written(self, span: tuple[str, ...]) -> list[int]:
        """The names that are written, whole, exactly like a span."""
        forms = self._by_string.get(compact(span), ())
        return [name for form in forms if self._weights[form] == 1 for name in self._names[form]]

    def prepare(self) -> None:
        """Make now what the first comparison would make."""
        _ = self._letters, self._sounds, self._by_skeleton

    def knows(self, span: tuple[str, ...]) -> bool:
        """Whether a name, or the beginning of one, is written or sounds like the span."""
        string = compact(span)
        return string in self._by_string or (
            len(string) >= SHORTEST_FUZZY_LENGTH and spelling_key(string) in self._by_key
        )

    def match(self, spans: Sequence[tuple[str, ...]], lowest: float = 0.0) -> list[list[NameMatch]]:
        """The names like each span, best first; a name appears once per span, and only if its similarity is enough."""
        strings = [compact(span) for span in spans]
        unique = list(dict.fromkeys(strings))
        found = [self._certain(string) for string in unique]
        values = self._similarities(unique, lowest)
        for matches, like in zip(found, values, strict=True):
            least = max(like.values(), default=0.0) - SPREAD
            for form, value in like.items():
                if value >= least and value > matches.get(form, (0.0,))[0]:
                    matches[form] = value, Likeness.PART if self._parts[form] else Likeness.SIMILAR
        collected = {
            string: [match for match in self._collect(matches) if match.similarity >= lowest - ROUNDING]
            for string, matches in zip(unique, found, strict=True)
        }
        return [collected[string] for string in strings]

    def _similarities(self, strings: Sequence[str], lowest: float) -> list[dict[int, float]]:
        """For each string the forms that are like it by letters or by sound, with their weighted similarity."""
        values: list[dict[int, float]] = [{} for _ in strings]
        fuzzy = [number for number, string in enumerate(strings) if len(string) >= SHORTEST_FUZZY_LENGTH]
        for known, queries, weight in (
            (self._letters, [strings[number] for number in fuzzy], 1.0),
            (self._sounds, [spelling_key(strings[number]) for number in fuzzy], SOUND_WEIGHT),
        ):
            for query, forms, similarity in known.like(queries, lowest / weight):
                of_string = values[fuzzy[query]]
                for form in forms:
                    value = similarity * weight * float(self._weights[form])
                    if value > of_string.get(form, 0.0):
                        of_string[form] = value
        return values

    def _certain(self, string: str) -> dict[int, tuple[float, Likeness]]:
        """Forms equal by letters, by sound, or (for words without vowels) by consonants, with their similarity."""
        found: dict[int, tuple[float, Likeness]] = {}
        if len(string) >= SHORTEST_FUZZY_LENGTH:
            if is_vowelless(string):
                for form in self._by_skeleton.get(skeleton(string), ()):
                    value = vowelless_similarity(string, self._strings[form])
                    found[form] = (value * float(self._weights[form]), Likeness.SIMILAR)
            for form in self._by_key.get(spelling_key(string), ()):
                found[form] = (
                    same_sound_similarity(string, self._strings[form]) * float(self._weights[form]),
                    Likeness.PART if self._parts[form] else Likeness.SPELLING,
                )
        for form in self._by_string.get(string, ()):
            weight = float(self._weights[form])
            whole = Likeness.EXACT if weight == 1 else Likeness.SPELLING
            found[form] = weight, Likeness.PART if self._parts[form] else whole
        return found

    def _collect(self, found: dict[int, tuple[float, Likeness]]) -> list[NameMatch]:
        names: dict[int, NameMatch] = {}
        for form, (similarity, likeness) in found.items():
            for name in self._names[form]:
                known = names.get(name)
                if known is None or similarity > known.similarity:
                    names[name] = NameMatch(name, similarity, likeness)
        return sorted(names.values(), key=lambda match: (-match.similarity, match.name))


class AlikeStrings:
    """Strings with the forms that have each, and for each string its length and a signature of its letters.

    A signature has one bit per letter that occurs and one per letter that occurs twice or more. One edit takes away at
    most one such bit, so two strings are at least as far apart as one has bits that the other lacks.
    """

    def __init__(self, forms: Mapping[str, list[int]]) -> None:
        self._strings = sorted(forms, key=len)
        self._forms = [forms[string] for string in self._strings]
        self._lengths = _lengths(self._strings)
        self._signatures = _signatures(self._strings)

    def like(self, queries: Sequence[str], lowest: float) -> Iterator[tuple[int, list[int], float]]:
        """The number of a query, the forms of a string, and their normalized similarity, where that is enough."""
        if not self._strings or not queries:
            return
        by_length = sorted(range(len(queries)), key=lambda number: len(queries[number]))
        at_once = max(1, MOST_COMPARED // len(self._strings))
        for start in range(0, len(queries), at_once):
            numbers = by_length[start : start + at_once]
            some = [queries[number] for number in numbers]
            cutoffs = np.array([max(lowest, _lowest(query)) for query in some])
            near_queries, near_strings = self._near(some, cutoffs)
            pairs = list(zip(near_queries.tolist(), near_strings.tolist(), strict=True))
            if not pairs:
                continue
            similarities = cpdist(
                [some[query] for query, _ in pairs],
                [self._strings[string] for _, string in pairs],
                scorer=OSA.normalized_similarity,
                score_cutoff=float(cutoffs.min()) - ROUNDING,
                dtype=np.float32,
            )
            for pair in np.flatnonzero(similarities >= cutoffs[near_queries] - ROUNDING).tolist():
                query, string = pairs[pair]
                yield numbers[query], self._forms[string], float(similarities[pair])

    def _near(self, queries: Sequence[str], cutoffs: FloatArray) -> tuple[Numbers, Numbers]:
        """Pairs of query (in the order of their lengths) and string that may be alike enough, by length and letters."""
        lengths = _lengths(queries)
        every = np.arange(int(self._lengths[-1]) + 1)
        edits = np.floor((1 - cutoffs[:, None]) * np.maximum(every, lengths[:, None]) + ROUNDING).astype(np.int8)
        edits[np.abs(every - lengths[:, None]) > edits] = -1
        possible = np.flatnonzero((edits >= 0).any(axis=0))
        if len(possible) == 0:
            return possible, possible
        first, last = np.searchsorted(self._lengths, (possible[0], possible[-1] + 1))
        signatures, others = _signatures(queries)[:, None], self._signatures[first:last]
        different = signatures ^ others
        lacking = np.maximum(np.bitwise_count(different & signatures), np.bitwise_count(different & others))
        found = np.nonzero(lacking.view(np.int8) <= edits[:, self._lengths[first:last]])
        return found[0], found[1] + first


def _lowest(query: str) -> float:
    return LOWEST_SHORT_SIMILARITY if len(query) < SHORT_LENGTH else LOWEST_SIMILARITY


def _lengths(strings: Sequence[str]) -> Numbers:
    return np.fromiter(map(len, strings), dtype=np.intp, count=len(strings))


def _signatures(strings: Sequence[str]) -> npt.NDArray[np.uint64]:
    return np.fromiter(map(_signature, strings), dtype=np.uint64, count=len(strings))


@lru_cache(maxsize=WORDS_REMEMBERED)
def _signature(string: str) -> int:
    seen = again = 0
    for character in string:
        bit = 1 << (ord(character) & 31)
        again |= seen & bit
        seen |= bit
    return seen | again << 32


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


def _forms(name: tuple[str, ...], beginnings: Sequence[str] | None, endings: Sequence[str] | None) -> Iterator[_Form]:
    """The strings under which a name is found: whole, its words swapped, with another word for a direction, in part."""
    yield _Form(compact(name), 1.0, part=False)
    if len(name) == 2:
        yield _Form(compact(reversed(name)), SWAPPED_WEIGHT, part=False)
    for at, word in enumerate(name):
        for other in SAME_DIRECTION.get(word, ()):
            yield _Form(compact((*name[:at], other, *name[at + 1 :])), OTHER_DIRECTION_WEIGHT, part=False)
    for length in range(1, len(name)):
        if beginnings is not None and len(head := compact(name[:length])) >= SHORTEST_HEAD_LENGTH:
            only = _begins_one(head, beginnings)
            yield _Form(head, ONLY_PART_WEIGHT if only else PART_WEIGHT, part=True)
        if endings is not None and len(tail := compact(name[length:])) >= SHORTEST_HEAD_LENGTH:
            only = _begins_one(tail[::-1], endings)
            yield _Form(tail, ONLY_PART_WEIGHT if only else PART_WEIGHT, part=True)


def _begins_one(head: str, ordered: Sequence[str]) -> bool:
    """Whether only one of the sorted strings begins so."""
    first = bisect_left(ordered, head)
    return first + 1 >= len(ordered) or not ordered[first + 1].startswith(head)


def _grouped(strings: Iterable[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for number, string in enumerate(strings):
        groups.setdefault(string, []).append(number)
    return groups
