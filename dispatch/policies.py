"""Who goes first: the rule that orders units which can all be sent, apart from everything else.

The console ranks by `CLOSEST_BY_ROAD`, and simulations of a year run the same object or another of these, so that what
is planned is what is done. A policy has one method, sees arrays alone and changes nothing. Candidates are given in the
order of their ids, which settles what is equal in everything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosestByRoad:
    """The unit that arrives first, to the millisecond; then the nearer one in a straight line, to the centimetre."""

    name: str = "road"

    def order(self, eta_ms: IntArray, straight_cm: IntArray, lost: FloatArray) -> IntArray:
        """(n,) candidates, the first to be sent first.

        Parameters
        ----------
        eta_ms
            (n,) milliseconds from now to arrival, turnout and waiting included.
        straight_cm
            (n,) centimetres in a straight line.
        lost
            (n,) people whom the others no longer cover while it is away, expected (`dispatch.cover`).
        """
        return np.lexsort((straight_cm, eta_ms)).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosestByLine:
    """The nearest unit in a straight line, as centres without road times send it; here to be compared with."""

    name: str = "line"

    def order(self, eta_ms: IntArray, straight_cm: IntArray, lost: FloatArray) -> IntArray:
        """As for `ClosestByRoad`."""
        return np.lexsort((eta_ms, straight_cm)).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastCover:
    """Of the units that arrive within the standard, the one that the others miss least; where none does, the closest.

    C. J. Jagtenberg, S. Bhulai and R. D. van der Mei, Dynamic ambulance dispatching: is the closest-idle policy always
    optimal? Health Care Management Science 20 (2017), 517-531.

    Attributes
    ----------
    standard_ms
        Milliseconds within which a unit is soon enough.
    """

    standard_ms: int
    name: str = "cover"

    def order(self, eta_ms: IntArray, straight_cm: IntArray, lost: FloatArray) -> IntArray:
        """As for `ClosestByRoad`."""
        late = eta_ms > self.standard_ms
        return np.lexsort((straight_cm, eta_ms, np.where(late, 0.0, lost), late)).astype(np.int64)


CLOSEST_BY_ROAD: Final = ClosestByRoad()
CLOSEST_BY_LINE: Final = ClosestByLine()
