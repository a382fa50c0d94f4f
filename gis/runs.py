"""Runs of words that may be a name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gis.words import COMMON


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
