"""Where searches begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routing.network import Float64Array, Int64Array
from routing.ragged import rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Starts:
    """Where n searches begin: search `i` at `state[offset[i]:offset[i + 1]]`, with so many milliseconds spent."""

    offset: Int64Array
    state: Int64Array
    ms: Float64Array

    def __len__(self) -> int:
        return len(self.offset) - 1

    def part(self, start: int, end: int) -> Starts:
        """Searches `start` to `end` alone."""
        kept = slice(int(self.offset[start]), int(self.offset[end]))
        return Starts(
            offset=self.offset[start : end + 1] - self.offset[start], state=self.state[kept], ms=self.ms[kept]
        )

    def chosen(self, searches: npt.NDArray[np.int64]) -> Starts:
        """Some of the searches, in the order asked for."""
        position, _ = rows(self.offset, searches)
        offset = np.zeros(len(searches) + 1, dtype=np.int64)
        np.cumsum(self.offset[searches + 1] - self.offset[searches], out=offset[1:])
        return Starts(offset=offset, state=self.state[position], ms=self.ms[position])

    def with_one(self, search: int, other: Starts) -> Starts:
        """The same searches, of which one is the only one of `other`."""
        first, last = int(self.offset[search]), int(self.offset[search + 1])
        more = len(other.state) - (last - first)
        if more:
            offset = self.offset.copy()
            offset[search + 1 :] += more
            state = np.concatenate((self.state[:first], other.state, self.state[last:]))
            ms = np.concatenate((self.ms[:first], other.ms, self.ms[last:]))
        else:
            offset, state, ms = self.offset, self.state.copy(), self.ms.copy()
            state[first:last], ms[first:last] = other.state, other.ms
        return Starts(offset=offset, state=state, ms=ms)

    def apart(self) -> Starts:
        """Every state of every search as a search of its own."""
        return Starts(offset=np.arange(len(self.state) + 1, dtype=np.int64), state=self.state, ms=self.ms)

    def joined(self, spent_ms: Float64Array) -> Starts:
        """All searches as one from all their starts, with so many milliseconds (n,) more spent at those of each."""
        ms = self.ms + np.repeat(spent_ms, np.diff(self.offset))
        return Starts(offset=np.array([0, len(self.state)], dtype=np.int64), state=self.state, ms=ms)
