"""What a text says again and again is read once or twice: nothing is learnt from the third time.

A name may be said twice and mean two things (`Sumber, Sumber`: the village and its kecamatan), never more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from gis.address import AddressDetail, Phrase, Role

MOST_ALIKE = 2
"""As often the same words count."""

REPEATED_WORDS = 4
"""Words in a row that were said before, and so are said again."""

MOST_OF_ROLE = {Role.STREET: 8, Role.POI: 8, Role.HAMLET: 24, Role.VILLAGE: 48, Role.KECAMATAN: 48}
"""Phrases of one text that are looked up; no report names as many."""


def without_repeats(detail: AddressDetail) -> AddressDetail:
    """The parts of an address without the phrases, and the runs of words in a phrase, that were said before."""
    seen: Counter[Phrase] = Counter()
    roles: Counter[Role] = Counter()
    kept: list[Phrase] = []
    anchor = None if detail.relation is None else detail.relation.anchor
    anchored = None
    for number, long_phrase in enumerate(detail.phrases):
        phrase = replace(long_phrase, words=_said_once(long_phrase.words))
        seen[phrase] += 1
        alike = seen[phrase] <= MOST_ALIKE
        if number == anchor or (alike and roles[phrase.role] < MOST_OF_ROLE.get(phrase.role, len(detail.phrases))):
            anchored = len(kept) if number == anchor else anchored
            roles[phrase.role] += 1
            kept.append(phrase)
    relation = None if detail.relation is None else replace(detail.relation, anchor=anchored)
    return replace(detail, phrases=tuple(kept), relation=relation)


def _said_once(words: tuple[str, ...]) -> tuple[str, ...]:
    """Words without those that end a run which was said `MOST_ALIKE` times before."""
    if len(words) <= REPEATED_WORDS * MOST_ALIKE:
        return words
    seen: Counter[Sequence[str]] = Counter()
    kept = list(words[: REPEATED_WORDS - 1])
    for at in range(REPEATED_WORDS, len(words) + 1):
        run = words[at - REPEATED_WORDS : at]
        seen[run] += 1
        if seen[run] <= MOST_ALIKE:
            kept.append(words[at - 1])
    return tuple(kept)
