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

    def apart(self) -> Starts:
        """Every state of every search as a search of its own."""
        return Starts(offset=np.arange(len(self.state) + 1, dtype=np.int64), state=self.state, ms=self.ms)
