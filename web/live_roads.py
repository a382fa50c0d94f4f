"""Which roads are closed now, as every question of this process is answered; what is closed changes in one step.

`answered` asks a question and gives the closures that its answer rests on: the two belong together, whatever is closed
meanwhile. Nobody who asks waits for a closure that is being worked out: the roads before it answer, and are named.
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
from routing.types import MetricKey
from web.fleet_times import Basis, FleetTimes

T = TypeVar("T")

STATES_KEPT = 16
"""Of so many sets of closed edges it is remembered which closures they were, so that a slow question can name them."""
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
        return f"closures={self.digest}" if self.digest else ""

    @cached_property
    def digest(self) -> str:
        """Name of the edges."""
        return edges_digest(self.edges)


@dataclass(frozen=True, kw_only=True, eq=False)
class RestsOn:
    """What an answer rests on.

    Attributes
    ----------
    state
        The closures that it knows.
    metrics
        The times that were asked, one by profile and hour.
    pending
        Whether newer times (other closures, another hour, a profile asked for the first time) were on their way.
    failed
        Profiles whose times could not be worked out as they should be.
    """

    state: RoadState
    metrics: tuple[MetricKey, ...] = ()
    pending: bool = False
    failed: tuple[str, ...] = ()


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
        self._state = RoadState()
        self._states = {"": self._state}
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

    def answered(self, ask: Callable[[], T]) -> tuple[T, RestsOn]:
        """The answer to a question, and what it rests on."""
        if self._before_use is not None:
            self._before_use()
        with self._times.held() as basis:
            answer = ask()
        return answer, self._rests_on(basis)

    def _rests_on(self, basis: Basis) -> RestsOn:
        state = self._states.get(basis.closures, self._state)
        return RestsOn(state=state, metrics=basis.used, pending=basis.pending, failed=basis.failed)

    def close(self, closures: tuple[ClosureInForce, ...], edges: Int64Array, lost: tuple[str, ...] = ()) -> None:
        """Put other closures in force; returns when questions are answered by them."""
        with self._lock:
            state = RoadState(closures=closures, edges=edges, lost=lost)
            # Known by name before the first question is answered by it. Replaced as a whole, for others read it.
            kept = [(digest, one) for digest, one in self._states.items() if digest != state.digest]
            self._states = dict([*kept[1 - STATES_KEPT :], (state.digest, state)])
            if self._state.digest != state.digest:
                self._times.close(edges)
            self._state = state
