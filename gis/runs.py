"""Runs of words that may be a name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from gis.address import Phrase, Role
from gis.words import BEARINGS, COMMON, GENERIC_STREET_WORDS, HARD_STOPS, LOCATIVES, NAME_TAILS

LONGEST_SPAN = 4
MESSAGE_WORDS = 5
"""A free phrase of more words than this is part of a message, in which most words name nothing."""

NOT_AT_START = 0.92
COMMON_IN_MESSAGE = 0.62
UNPOINTED_IN_MESSAGE = 0.93
DIRECTION_OF_ANOTHER = 0.80
"""For words that begin with the direction that the word before them may end with: `guwa lor kaliwedi`."""

_COMMON_IN_STREET = COMMON | GENERIC_STREET_WORDS


@dataclass(frozen=True, slots=True)
class Span:
    """Words `start` to `end` of phrase `phrase` that may name an area.

    Attributes
    ----------
    weight
        How likely words at such a place name anything.
    trust
        By how much their likeness to a name counts less, because they may belong to the words before them.
    forgiving
        Whether they may also be a misspelt name.
    in_message
        Whether they stand among the words of a message.
    """

    phrase: int
    start: int
    end: int
    words: tuple[str, ...]
    role: Role
    weight: float
    trust: float
    forgiving: bool
    in_message: bool


def spans_of(number: int, phrase: Phrase, is_name: Callable[[tuple[str, ...]], bool]) -> Iterator[Span]:
    """The runs of words of a phrase that may be a name: misspelt, or among common words only one written exactly so."""
    if phrase.role is Role.KABUPATEN:
        return
    words = phrase.words
    not_names = _COMMON_IN_STREET if phrase.role is Role.STREET else COMMON
    common = [word in not_names for word in words]
    number_like = [word.isdigit() for word in words]
    in_message = is_message(phrase)
    marked = phrase.role in (Role.VILLAGE, Role.KECAMATAN)
    for start in range(len(words)):
        trust = DIRECTION_OF_ANOTHER if start > 0 and words[start] in BEARINGS and not common[start - 1] else 1.0
        for end in range(start + 1, min(start + LONGEST_SPAN, len(words)) + 1):
            span, commons = words[start:end], sum(common[start:end])
            if commons == len(span) > 1 and not is_name(span):
                continue  # `kali tengah` may be Kalitengah, nothing else
            forgiving = not any(number_like[start:end]) and (
                not commons
                or (marked and start == 0)
                or (not in_message and commons < len(span))
                or (not common[start] and all(word not in COMMON or word in NAME_TAILS for word in span[1:]))
            )
            if not forgiving and not is_name(span):
                continue
            weight = 1.0
            if phrase.role is not Role.FREE:
                weight = 1.0 if start == 0 else NOT_AT_START
            elif in_message and commons == len(span):
                weight = COMMON_IN_MESSAGE
            elif in_message and not (start > 0 and words[start - 1] in LOCATIVES):
                weight = UNPOINTED_IN_MESSAGE
            yield Span(number, start, end, span, phrase.role, weight, trust, forgiving, in_message)


def is_message(phrase: Phrase) -> bool:
    """Whether a phrase is part of a message, in which most words name nothing."""
    return phrase.role is Role.FREE and (len(phrase.words) > MESSAGE_WORDS or not HARD_STOPS.isdisjoint(phrase.words))


def unused_words(phrases: Sequence[Phrase], used: Collection[tuple[int, int]], name: Collection[str]) -> Iterator[str]:
    """The words of phrases that might be part of a name, are not used, and are not in the name that was found.

    Of a message only a direction behind a word that was used: most words of it name nothing.
    """
    for number, phrase in enumerate(phrases):
        if phrase.role not in (Role.FREE, Role.VILLAGE):
            continue
        message = is_message(phrase)
        for at, word in enumerate(phrase.words):
            if (number, at) in used or word in name or word.isdigit():
                continue
            pointed = word in BEARINGS and (number, at - 1) in used
            if pointed or not (message or word in COMMON or word in GENERIC_STREET_WORDS):
                yield word


def most_telling(spans: Sequence[Span], most: int) -> Sequence[Span]:
    """At most so many of the spans, in their order: those that a marker or a word such as `di` points to go first."""
    if len(spans) <= most:
        return spans

    def telling(number: int) -> tuple[bool, float, bool, int]:
        span = spans[number]
        return span.role not in (Role.VILLAGE, Role.KECAMATAN), -span.weight, span.in_message, number

    return [spans[number] for number in sorted(sorted(range(len(spans)), key=telling)[:most])]


def runs(words: Sequence[str], shortest: int, longest: int) -> Iterator[tuple[int, int]]:
    """Start and end of every run of `shortest` to `longest` words without a common word or a number in it."""
    free_from = len(words)
    ends = [0] * len(words)
    for at in reversed(range(len(words))):
        if words[at] in COMMON or words[at].isdigit():
            free_from = at
        ends[at] = free_from
    for start, end in enumerate(ends):
        yield from ((start, stop) for stop in range(start + shortest, min(start + longest, end) + 1))
