"""Which roads are closed now, as every question of this process is answered; what is closed changes in one step.

`answered` asks a question and gives the closures that its answer rests on: the two belong together, whatever is closed
meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import TypeVar

import numpy as np

from dispatch.closures import ClosureInForce
from routing.closures import RoadFinder, edges_digest
from routing.network import Int64Array
from routing.region import Region
from web.fleet_times import FleetTimes

T = TypeVar("T")

ATTEMPTS = 3
"""So often a question is asked again where the roads changed under it; after that, changes wait for it."""
_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class RoadState:
    """What is closed.

    Attributes
    ----------
    closures
        In force, by id.
    edges
        Closed by them, rising.
    lost
        Ids of closures of which some roads are nowhere on this map.
    """

    closures: tuple[ClosureInForce, ...] = ()
    edges: Int64Array = field(default_factory=lambda: _NONE)
    lost: tuple[str, ...] = ()

    @property
    def metric(self) -> str:
        """Name of the times without these edges, whatever the profile and hour; empty where none is closed."""
        digest = edges_digest(self.edges)
        return f"closures={digest}" if digest else ""


class LiveRoads:
    """Holds the state; safe for threads.

    Parameters
    ----------
    region
        The region.
    times
        Whatever is closed is closed to these.
    """

    def __init__(self, region: Region, times: FleetTimes) -> None:
        self.region = region
        self._times = times
        self._lock = RLock()
        self._turn = 0
        self._swaps_before: int | None = None
        self._state = RoadState()
        self._before_use: Callable[[], object] | None = None

    def follow(self, before_use: Callable[[], object] | None) -> None:
        """Have something look at the closures before every question; None where somebody keeps them in step."""
        self._before_use = before_use

    @property
    def state(self) -> RoadState:
        """What is closed now."""
        if self._before_use is not None:
            self._before_use()
        return self._state

    @property
    def known(self) -> RoadState:
        """What was closed when somebody looked last."""
        return self._state

    @cached_property
    def finder(self) -> RoadFinder:
        """Finds edges on the map."""
        return RoadFinder(self.region.network, self.region.snapper)

    def answered(self, ask: Callable[[], T]) -> tuple[T, RoadState]:
        """The answer to a question, and the closures that it was answered under."""
        for _ in range(ATTEMPTS):
            state, turn, swaps = self.state, self._turn, self._times.swaps
            answer = ask()
            if turn != self._turn or swaps != self._times.swaps or state is not self._state:
                continue  # other roads, or another profile or hour, than those that it names
            # An odd turn is a change under way; until its first router is ready, the roads before are all that answer.
            if turn % 2 == 0 or (swaps is not None and swaps == self._swaps_before):
                return answer, state
        with self._lock:
            return ask(), self._state

    def close(self, closures: tuple[ClosureInForce, ...], edges: Int64Array, lost: tuple[str, ...] = ()) -> None:
        """Put other closures in force; returns when questions are answered by them."""
        with self._lock:
            self._swaps_before = self._times.swaps
            self._turn += 1
            try:
                if not np.array_equal(self._state.edges, edges):
                    self._times.close(edges)
                self._state = RoadState(closures=closures, edges=edges, lost=lost)
            finally:
                self._turn += 1
