"""The joint assignment as a policy: which unit fills which of several open slots, apart from everything else.

The console shows it for waiting incidents (`dispatch.joint`, which tells what it minimises), and simulations of a year
serve waiting calls by the same object, so that what is planned is what would be done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dispatch.joint_solver import best_assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedArrivals:
    """The fewest slots left open by weight, then the fewest units that are not free yet, then the least weight x time.

    Exact, and the same every time: among equally good assignments the one in which the first slot has its earliest
    unit, then the second, and so on.
    """

    name: str = "joint"

    def assign(
        self, arrival_ms: Sequence[Sequence[int | None]], weights: Sequence[int], waits: Sequence[bool] = ()
    ) -> tuple[int | None, ...]:
        """The unit of each slot; None where it is left open.

        Parameters
        ----------
        arrival_ms
            n slots by m units: milliseconds from now to arrival; None where the unit cannot fill the slot.
        weights
            (n,) of the slots, above 0.
        waits
            (m,) whether a unit is not free yet; empty where all are.

        Raises
        ------
        ValueError
            Rows of different lengths, or times too large to be added exactly.
        """
        times = [
            [None if ms is None else weight * ms for ms in row] for weight, row in zip(weights, arrival_ms, strict=True)
        ]
        # One unit that is not free weighs more than all times together, one slot left open more than all of those.
        more = sum(max((ms for ms in row if ms is not None), default=0) for row in times) + 1
        any_waits = any(waits)
        left_open = more * (len(times) + 1) if any_waits else more
        costs = times
        if any_waits:
            costs = [
                [None if ms is None else ms + more * late for ms, late in zip(row, waits, strict=True)] for row in times
            ]
        return best_assignment(costs, [left_open * weight for weight in weights])


JOINT: Final = WeightedArrivals()
