"""The routers of a region: one per metric, all over one topology, kept up while roads are closed and opened.

A question never waits, neither for a metric nor for a lock. What a new set of closures or another hour costs is worked
out in the background, and the routers that are ready meanwhile answer: `Routers.view` is what is ready now, an object
that never changes. The routers of a new set of closures (or of new speeds) take their places together, in one step, so
that all answers of one view rest on the same roads. `router.metric.key` names the metric of every answer,
`Routers.pending` and `Routers.state` tell that newer ones are on their way.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from threading import Condition, Thread
from typing import TYPE_CHECKING, Protocol

from routing.metric import Metric, checked_closures, closures_digest
from routing.network import RoadNetwork
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper
from routing.types import MetricKey

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
    failed
        What could not be worked out, by the key of the profile (None: the default one) and the hour; an older metric of
        it, or that of another, answers in its place.
    """

    engine: str
    remarks: tuple[str, ...]
    ready: tuple[MetricKey, ...]
    pending: bool
    closed_edges: int
    failed: Mapping[tuple[str | None, int | None], str] = field(default_factory=dict)


_Slot = tuple[str | None, int | None]
DEFAULT: _Slot = (None, None)


@dataclass(frozen=True, kw_only=True, eq=False)
class RoutersView:
    """What is ready at one moment; never changes, so whoever holds it answers by the same roads.

    Attributes
    ----------
    routers
        By profile (None: the region's own) and hour of the week (None: any).
    closures
        Digest of the closed edges that they know; only a metric that failed may know others.
    pending
        Whether newer ones were being worked out.
    failed
        What could not be worked out, and why.
    """

    routers: Mapping[_Slot, Router]
    closures: str = ""
    pending: bool = False
    failed: Mapping[_Slot, str] = field(default_factory=dict)


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
        self._generation = self._published = 0
        self._made_here: dict[_Slot, Router] = {}
        self._wanted: OrderedDict[_Slot, None] = OrderedDict()
        self._failed: dict[_Slot, str] = {}
        self._clock = count()
        self._used: dict[_Slot, int] = {}
        self._working = False
        self._view = RoutersView(routers={DEFAULT: self._made(DEFAULT, self._closures)})

    @property
    def view(self) -> RoutersView:
        """What is ready now."""
        return self._view

    def router(
        self, profile: str | None = None, *, at: datetime | None = None, view: RoutersView | None = None
    ) -> Router:
        """The router of a profile (None: the region's own speeds) at an instant (None: any hour), at once.

        Where its metric is still to be worked out, the nearest that is ready answers: the same profile at another hour,
        else the default.

        Parameters
        ----------
        profile, at
            What is asked for.
        view
            Answer from this one, which was ready a moment ago; by default from what is ready now.
        """
        slot = (profile, None if at is None else self._hour_of(at))
        ready = (view or self._view).routers
        self._used[slot] = next(self._clock)  # two steps that need no lock: neither can be interrupted
        known = ready.get(slot)
        if known is not None:
            return known
        if slot not in self._view.failed and slot not in self._view.routers:
            with self._changed:  # the first time only; nobody holds it for longer than it takes to note something
                if slot not in self._wanted and slot not in self._view.routers and slot not in self._failed:
                    self._want(slot)
        used = self._used
        same = [other for other in ready if other[0] == profile]
        return ready[max(same, key=lambda other: used.get(other, -1))] if same else ready[DEFAULT]

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
        return self._view.pending

    def state(self) -> RoutersState:
        """What answers now, for screens and logs."""
        view = self._view
        with self._changed:
            return RoutersState(
                engine=view.routers[DEFAULT].engine,
                remarks=tuple(self._remarks),
                ready=tuple(router.metric.key for router in view.routers.values()),
                pending=view.pending,
                closed_edges=len(self._closures),
                failed=dict(view.failed),
            )

    # --- the background: everything below is called with `_changed` held, but `_work` and `_made` ------------------

    def _want_all(self) -> None:
        """A new generation: all metrics in use, which take their places together when the last is ready."""
        self._generation += 1
        asked = [*self._wanted, *sorted(self._view.routers, key=lambda one: -self._used.get(one, -1))]
        self._failed.clear()
        self._made_here.clear()
        self._wanted.clear()
        # The default first, then what was used last.
        self._want(DEFAULT)
        for slot in asked:
            self._want(slot)

    def _want(self, slot: _Slot) -> None:
        self._wanted[slot] = None
        self._publish()
        if not self._working:
            self._working = True
            Thread(target=self._work, name="siaga112-metrics", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._wanted:
                    self._working = False
                    return
                slot = next(iter(self._wanted))
                closures, generation = self._closures, self._generation
            router, failure = None, ""
            try:
                router = self._made(slot, closures)
            except Exception as error:  # the answers so far stay; whoever looks is told
                _log.exception("the metric %s could not be worked out", slot)
                failure = str(error)
            with self._changed:
                if router is None:
                    self._remark(f"The metric of {slot[0] or 'the default profile'} could not be worked out: {failure}")
                if generation == self._generation:  # else it is worked out again with what counts now
                    self._wanted.pop(slot, None)
                    if router is None:
                        self._failed[slot] = failure
                    else:
                        self._made_here[slot] = router
                    self._publish()
                self._changed.notify_all()

    def _publish(self) -> None:
        """Show what is ready: of a new generation all or nothing, of the one that answers each by itself."""
        view = self._view
        routers, closures = view.routers, view.closures
        if self._made_here and (not self._wanted or self._published == self._generation):
            # What failed stays as it was, with the roads that it knows; its `failed` says so.
            routers = dict(routers) | self._made_here
            self._made_here = {}
            closures, self._published = closures_digest(self._closures), self._generation
            unused = sorted(routers.keys() - {DEFAULT}, key=lambda one: self._used.get(one, -1))
            for slot in unused[: max(0, len(unused) - self._most)]:
                del routers[slot]
                self._used.pop(slot, None)
        self._view = RoutersView(
            routers=routers, closures=closures, pending=bool(self._wanted), failed=dict(self._failed)
        )

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
