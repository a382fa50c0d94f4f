"""The roads of a region as they are now: a router for the closures in force, swapped whole when they change.

Whoever asks takes one `RoadState` and answers from it alone, so that times and the closures named with them belong
together, whatever is closed meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Any, Protocol

import numpy as np

from dispatch.closures import ClosureInForce
from routing.closures import RoadFinder, edges_digest
from routing.network import Int64Array
from routing.region import Region
from routing.router import Router

_log = logging.getLogger(__name__)
_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class RoadState:
    """A router, and the closures that it knows.

    Attributes
    ----------
    closures
        In force, by id.
    edges
        Closed by them, rising.
    lost
        Ids of closures of which some roads are nowhere on this map.
    """

    router: Router
    closures: tuple[ClosureInForce, ...] = ()
    edges: Int64Array = field(default_factory=lambda: _NONE)
    lost: tuple[str, ...] = ()

    @property
    def metric(self) -> str:
        """Which times these are, in one word; empty for those of every day."""
        key: Any = getattr(self.router.metric, "key", None)
        if key is None:
            return f"closures={edges_digest(self.edges)}" if len(self.edges) else ""
        parts = {"profile": key.profile, "hour": key.hour, "closures": key.closures}
        return " ".join(f"{name}={value}" for name, value in parts.items() if value not in (None, ""))


class SharedRouters(Protocol):
    """What a server's routers are asked: all over one topology, brought up to date without being built anew."""

    def close_edges(self, closures: Collection[int], *, wait: bool = False) -> None:
        """Replace the set of closed edges."""
        ...

    def router(self) -> Router:
        """The router of the region's own speeds."""
        ...


class LiveRoads:
    """Holds the state; safe for threads.

    Parameters
    ----------
    region
        The region.
    """

    def __init__(self, region: Region) -> None:
        self.region = region
        self._lock = Lock()
        self._state: RoadState | None = None
        self._before_use: Callable[[], object] | None = None
        self._routers: SharedRouters | None = None

    def follow(self, before_use: Callable[[], object] | None) -> None:
        """Have something look at the closures before every question; None where somebody keeps them in step."""
        self._before_use = before_use

    def answer_from(self, routers: SharedRouters) -> None:
        """Ask these routers from now on, in place of one that is built for each set of closures."""
        with self._lock:
            self._routers = routers
            known = self._state
            if known is not None:
                self._state = replace(known, router=self._router(known.edges))

    @property
    def routers(self) -> SharedRouters | None:
        """The routers of a server; None where one is built for each set of closures."""
        return self._routers

    @property
    def state(self) -> RoadState:
        """The roads now."""
        if self._before_use is not None:
            self._before_use()
        return self.known

    @property
    def known(self) -> RoadState:
        """The roads as they were when somebody looked last."""
        state = self._state
        if state is None:
            state = self._state = RoadState(router=self._router(_NONE))
        return state

    @cached_property
    def finder(self) -> RoadFinder:
        """Finds edges on the map."""
        return RoadFinder(self.region.network, self.region.snapper)

    def close(self, closures: tuple[ClosureInForce, ...], edges: Int64Array, lost: tuple[str, ...] = ()) -> None:
        """Put other closures in force; questions under way are answered by the roads before."""
        with self._lock:
            known = self.known
            same = np.array_equal(known.edges, edges)
            router = known.router if same else self._router(edges)
            self._state = RoadState(router=router, closures=closures, edges=edges, lost=lost)

    def _router(self, edges: Int64Array) -> Router:
        region = self.region
        if self._routers is not None:
            self._routers.close_edges(edges.tolist(), wait=True)
            router = self._routers.router()
            key: Any = getattr(router.metric, "key", None)
            if key is None or key.closures == edges_digest(edges):
                return router
            _log.warning("The metric of closed roads was not worked out; a router is built for it.")
        if not len(edges):
            return region.router
        return Router(region.network, region.routing_settings, snapper=region.snapper, closures=edges.tolist())
