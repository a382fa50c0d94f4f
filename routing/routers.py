"""The routers of a region: one per metric, all over one topology, kept up while roads are closed and opened.

A question never waits for a metric. What a new set of closures or another hour costs is worked out in the background,
and the router that is ready meanwhile answers: `router.metric.key` names the metric of every answer, `Routers.pending`
and `Routers.state` tell that a newer one is on its way. A router that is ready takes its place in one step.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from threading import Condition, Thread
from typing import TYPE_CHECKING, Protocol

from routing.metric import Metric, MetricKey, checked_closures
from routing.network import RoadNetwork
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper

if TYPE_CHECKING:
    from routing.hierarchy import Hierarchy

_log = logging.getLogger(__name__)

Say = Callable[[str], object]

MOST_METRICS = 16
"""Routers kept at once besides the default one; each holds some 150 bytes per node of the network."""


class MetricMaker(Protocol):
    """Makes the metric of a profile (None: the region's own) at an hour of the week (None: any) under closures."""

    def __call__(self, profile: str | None, hour: int | None, closures: Collection[int]) -> Metric:
        """Make it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutersState:
    """What answers now.

    Attributes
    ----------
    engine
        `hierarchy` or `scipy`.
    remarks
        Whatever is not as it should be, in sentences: why scipy answers, what was rebuilt, what failed.
    ready
        The metrics that can answer.
    pending
        Whether metrics are being worked out, so that some answers are those of an earlier set of closures or of another
        profile or hour.
    closed_edges
        How many edges are closed by the newest set.
    """

    engine: str
    remarks: tuple[str, ...]
    ready: tuple[MetricKey, ...]
    pending: bool
    closed_edges: int


_Slot = tuple[str | None, int | None]


class Routers:
    """All routers of a region; safe for any number of threads.

    Parameters
    ----------
    network, settings, snapper
        Of the region.
    hierarchy
        Its topology; None lets scipy answer, and `remarks` should say why.
    make_metric
        What edges cost; by default what `settings` say, for every profile and hour.
    hour_of
        The hour of the week that an instant's metric is made for, or None where speeds do not depend on it.
    remarks
        Sentences to tell in `state`.
    most_metrics
        Routers kept besides the default one; those unused for longest are forgotten.
    """

    def __init__(
        self,
        network: RoadNetwork,
        settings: RoutingSettings,
        *,
        snapper: Snapper,
        hierarchy: Hierarchy | None,
        make_metric: MetricMaker | None = None,
        hour_of: Callable[[datetime], int | None] = lambda _: None,
        remarks: Collection[str] = (),
        most_metrics: int = MOST_METRICS,
    ) -> None:
        self.network = network
        self.settings = settings
        self._snapper = snapper
        self._hierarchy = hierarchy
        self._make_metric = make_metric or self._metric_of_settings
        self._hour_of = hour_of
        self._most = most_metrics
        self._remarks = list(remarks)
        self._changed = Condition()
        self._closures: frozenset[int] = frozenset()
        self._generation = 0
        self._swaps = 0
        self._ready: OrderedDict[_Slot, tuple[frozenset[int], Router]] = OrderedDict()
        self._wanted: OrderedDict[_Slot, None] = OrderedDict()
        self._failed: dict[_Slot, Exception] = {}
        self._worker: Thread | None = None
        self._ready[None, None] = self._closures, self._made((None, None), self._closures)

    def router(self, profile: str | None = None, *, at: datetime | None = None) -> Router:
        """The router of a profile (None: the region's own speeds) at an instant (None: any hour), at once.

        Where its metric is still to be worked out, the nearest that is ready answers: the same profile at another hour,
        else the default.
        """
        slot = (profile, None if at is None else self._hour_of(at))
        with self._changed:
            known = self._ready.get(slot)
            if known is not None:
                self._ready.move_to_end(slot)
                return known[1]
            if slot not in self._failed:
                self._want(slot)
            same = [other for other in reversed(self._ready) if other[0] == profile]
            return self._ready[same[0] if same else (None, None)][1]

    def aside(self, profile: str | None, hour: int | None, closures: Collection[int] = ()) -> Router:
        """A router beside those in use, for what might be: made before this returns, and not kept.

        Parameters
        ----------
        profile, hour
            Of the metric; see `routing.metric`.
        closures
            The edges that are closed there, and no others.

        Raises
        ------
        InputError
            When a closure is not an edge of the network, or there is no such profile.
        """
        return self._made((profile, hour), frozenset(checked_closures(self.network.edge_count, closures).tolist()))

    def close_edges(self, closures: Collection[int], *, wait: bool = False) -> None:
        """Replace the set of closed edges; every metric in use is worked out anew in the background.

        Parameters
        ----------
        closures
            All edges that are closed from now on, each in its own direction.
        wait
            Return when the new metrics answer.

        Raises
        ------
        InputError
            When a closure is not an edge of the network; nothing changes.
        """
        closed = frozenset(checked_closures(self.network.edge_count, closures).tolist())
        with self._changed:
            if closed != self._closures:
                self._closures = closed
                self._want_all()
        if wait:
            self.wait()

    def refresh(self, *, wait: bool = False) -> None:
        """Work out every metric in use anew in the background, for the speeds that they are made of have changed.

        Parameters
        ----------
        wait
            Return when the new metrics answer.
        """
        with self._changed:
            self._want_all()
        if wait:
            self.wait()

    def wait(self) -> None:
        """Return when nothing is pending any more."""
        with self._changed:
            self._changed.wait_for(lambda: not self._wanted)

    @property
    def closures(self) -> frozenset[int]:
        """The newest set of closed edges."""
        with self._changed:
            return self._closures

    @property
    def pending(self) -> bool:
        """Whether a metric is being worked out."""
        with self._changed:
            return bool(self._wanted)

    @property
    def swaps(self) -> int:
        """How many routers have become ready since the first: where it stands still, so did what answers."""
        return self._swaps

    def state(self) -> RoutersState:
        """What answers now, for screens and logs."""
        with self._changed:
            return RoutersState(
                engine=self._ready[None, None][1].engine,
                remarks=tuple(self._remarks),
                ready=tuple(router.metric.key for _, router in self._ready.values()),
                pending=bool(self._wanted),
                closed_edges=len(self._closures),
            )

    # --- the background ------------------------------------------------------------------------------------------

    def _want_all(self) -> None:
        self._generation += 1
        self._failed.clear()
        # The default first, then what was used last.
        self._want((None, None))
        for slot in reversed(self._ready):
            self._want(slot)

    def _want(self, slot: _Slot) -> None:
        self._wanted[slot] = None
        if self._worker is None:
            self._worker = Thread(target=self._work, name="siaga112-metrics", daemon=True)
            self._worker.start()

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._wanted:
                    self._worker = None
                    self._changed.notify_all()
                    return
                slot = next(iter(self._wanted))
                closures, generation = self._closures, self._generation
            try:
                router = self._made(slot, closures)
            except Exception as error:  # the answers so far stay; whoever looks is told
                _log.exception("the metric %s could not be worked out", slot)
                with self._changed:
                    if generation == self._generation:  # else it is tried again with what counts now
                        self._failed[slot] = error
                        self._wanted.pop(slot, None)
                    self._remark(f"The metric of {slot[0] or 'the default profile'} could not be worked out: {error}")
                    self._changed.notify_all()
                continue
            with self._changed:
                self._ready[slot] = closures, router
                self._swaps += 1
                if generation == self._generation:
                    self._wanted.pop(slot, None)
                self._forget()
                self._changed.notify_all()

    def _forget(self) -> None:
        unused = [slot for slot in self._ready if slot != (None, None)]
        for slot in unused[: max(0, len(unused) - self._most)]:
            del self._ready[slot]
            self._wanted.pop(slot, None)

    def _made(self, slot: _Slot, closures: frozenset[int]) -> Router:
        metric = self._make_metric(*slot, closures)
        hierarchy = self._hierarchy
        if hierarchy is not None and not hierarchy.serves(self.network, metric):
            self._remark(
                f"The metric of {slot[0] or 'the default profile'} is quicker than the stored hierarchy allows for; "
                "the hierarchy is built again for it."
            )
            hierarchy = self._hierarchy = type(hierarchy).build(self.network, self.settings, metric=metric)
        return Router(self.network, self.settings, snapper=self._snapper, metric=metric, hierarchy=hierarchy)

    def _remark(self, sentence: str) -> None:
        if sentence not in self._remarks:
            _log.warning("%s", sentence)
            self._remarks.append(sentence)

    def _metric_of_settings(self, profile: str | None, hour: int | None, closures: Collection[int]) -> Metric:
        return Metric.build(self.network, self.settings, profile=profile, hour=hour, closures=closures)
