"""The metrics of a region: by its settings, and by the learnt speeds that are in force.

Which speeds are in force is decided in the log of a centre, so they are no part of the region's folder: whoever
answers for a centre puts them here, and has the metrics in use made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, tzinfo
from threading import Lock

from routing.metric import Metric
from routing.network import Int32Array, RoadNetwork
from routing.settings import RoutingSettings
from routing.speed_factors import SpeedFactors, hour_of_week, metric_hour

MOST_KEPT = 64
"""Metrics without closures that are kept, so that a closure costs its own edges alone."""


class RegionMetrics:
    """Makes metrics; safe for threads.

    Parameters
    ----------
    network, settings, timezone
        Of the region.
    kecamatan
        Codes, as `edge_kecamatan` counts them.
    edge_kecamatan
        Gives (E,) the kecamatan of each edge, -1 for none; asked only where learnt speeds are in force.
    """

    def __init__(
        self,
        network: RoadNetwork,
        settings: RoutingSettings,
        *,
        timezone: tzinfo,
        kecamatan: Sequence[str],
        edge_kecamatan: Callable[[], Int32Array],
    ) -> None:
        self._network = network
        self._settings = settings
        self._timezone = timezone
        self._kecamatan = tuple(kecamatan)
        self._edge_kecamatan = edge_kecamatan
        self._lock = Lock()
        self._learnt: SpeedFactors | None = None
        self._hours: tuple[SpeedFactors | None, dict[int, int | None]] = (None, {})
        self._kept: dict[tuple[str, int | None], Metric] = {}

    @property
    def learnt(self) -> SpeedFactors | None:
        """The learnt speeds in force, or None."""
        return self._learnt

    def learn(self, factors: SpeedFactors | None) -> None:
        """Put learnt speeds in force, or (with None) none; metrics made before stay as they are."""
        aligned = None if factors is None else factors.aligned(self._kecamatan)
        with self._lock:
            self._learnt = aligned
            self._hours = (aligned, {})
            self._kept = {}

    def hour(self, at: datetime | None) -> int | None:
        """The hour of the week by which traffic at a time is told; None where it is as at no hour in particular."""
        if at is None:
            return None
        learnt, known = self._hours
        hour = hour_of_week(at, self._timezone)
        if hour not in known:  # every question asks for it several times, and factors are compared to find it
            known[hour] = metric_hour(self._settings.hours, hour, learnt)
        return known[hour]

    def make(self, profile: str | None, hour: int | None, closures: Collection[int] = ()) -> Metric:
        """The metric of a profile (None: the default one) at an hour of the week, with edges closed.

        Raises
        ------
        InputError
            There is no such profile, it forbids every road, or a closure is not an edge of the network.
        """
        vehicle = self._settings.profile(profile)
        with self._lock:
            learnt, kept = self._learnt, self._kept
            known = kept.get((vehicle.key, hour))
        if known is None:
            known = Metric.build(
                self._network,
                self._settings,
                profile=vehicle,
                hour=hour,
                factors=learnt,
                edge_kecamatan=None if learnt is None else self._edge_kecamatan(),
            )
            with self._lock:
                if kept is self._kept:
                    if len(kept) >= MOST_KEPT:
                        kept.clear()
                    kept[vehicle.key, hour] = known
        return known.with_closures(closures)
