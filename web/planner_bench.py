"""What answers the planner's page: one planner per state of the roads, with the times of every post kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from planning.coverage import Coverage, coverage
from routing.closures import RoadFinder
from routing.metric import closures_digest
from routing.network import Int64Array
from routing.router import Router
from routing.speed_factors import metric_hour
from routing.types import MetricKey
from web.plan_reach import reach_json, reach_of
from web.plan_roads import RoadChanges, closed_edges, planner_under
from web.planner_plan import SentPlan
from web.plans import Planner
from web.service import Desk

FloatArray = npt.NDArray[np.float64]

KEPT_ROWS: Final = 1000
KEPT_ROADS: Final = 6
MOST_MINUTES: Final = 60
OUTLINE_DECIMALS: Final = 5
OUTLINE_OFF_DEG: Final = 1e-4
"""Isochrones on the page may be this far off, about 11 m; what is exported is not."""


class Workbench:
    """Planners for all who plan on the page. Who drags one post waits for one search. Safe for threads.

    A plan rests on the roads of the region with the speeds learnt, and not on what happens to be closed today.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.planner = Planner(desk.region, router_of=self._router_of)
        self.finder = RoadFinder(desk.region.network, desk.region.snapper)
        self._routers: OrderedDict[MetricKey, Router] = OrderedDict()
        self._rows: OrderedDict[tuple[MetricKey, float, float, float], FloatArray] = OrderedDict()
        self._lock = threading.RLock()

    def hour(self, hour: int | None) -> int | None:
        """The hour whose traffic is heeded; None where it is as at no hour in particular."""
        region, learnt = self.desk.region, self.desk.times.metrics.learnt
        return None if hour is None else metric_hour(region.routing_settings.hours, hour, learnt)

    @property
    def tells_hours(self) -> bool:
        """Whether traffic differs by the hour."""
        return bool(self.desk.region.routing_settings.hours) or self.desk.times.metrics.learnt is not None

    def closed(self, plan: SentPlan) -> Int64Array:
        """The edges that a plan closes.

        Raises
        ------
        InputError
            A street that is not there, or a place far from every road.
        """
        return closed_edges(self.finder, plan.roads)

    def under(self, plan: SentPlan) -> Planner:
        """The planner on the roads of a plan."""
        changes: RoadChanges = replace(plan.roads, hour=self.hour(plan.roads.hour))
        return planner_under(self.planner, changes, make=self._made, finder=self.finder)

    def coverage(self, plan: SentPlan) -> Coverage:
        """Coverage by a plan; as `Planner.coverage`."""
        planner, kind = self.under(plan), plan.standard.kinds[0]
        with self._lock:
            metric = planner.router_of(kind).metric.key
            turnout_s = planner.dispatch_settings.turnout_of(kind)
            keys = [(metric, turnout_s, post.location.lat, post.location.lon) for post in plan.posts]
            new = {key: post for key, post in zip(keys, plan.posts, strict=True) if key not in self._rows}
            if new:
                for key, row in zip(new, planner.times_s(tuple(new.values()), kind), strict=True):
                    self._rows[key] = row
            times = np.stack([self._rows[key] for key in keys])
            for key in keys:
                self._rows.move_to_end(key)
            while len(self._rows) > KEPT_ROWS:
                self._rows.popitem(last=False)
        return coverage(times, planner.demand, plan.standard, region=planner.region_area, kecamatan=planner.kecamatan)

    def answer(self, plan: SentPlan) -> dict[str, Any]:
        """People of every village reached within each minute, and how far the plan's closures go."""
        found = self.coverage(plan)
        demand = self.planner.demand
        people = demand.piece_people
        once = _by_minute(found.nearest_s, demand.piece_village, people, demand.village_count)
        twice = _by_minute(found.second_s, np.zeros(len(people), dtype=np.int64), people, 1)
        edges = self.closed(plan)
        region = found.region

        def number(value: float) -> float | None:
            return round(value, 1) if np.isfinite(value) else None

        return {
            "minutes": list(range(MOST_MINUTES + 1)),
            "region": [round(float(one)) for one in once.sum(axis=0)],
            "twice": [round(float(one)) for one in twice[0]],
            "people": round(float(np.nansum(demand.people))),
            "unreached": round(region.unreached),
            "mean_s": number(region.mean_s), "median_s": number(region.median_s), "p90_s": number(region.p90_s),
            "worst_s": number(region.worst_s),
            "villages": {
                area.code: {
                    "name": area.name, "parent": area.parent_code,
                    "people": round(float(np.nan_to_num(demand.people[number_]))),
                    "within": [round(float(one)) for one in once[number_]],
                    "mean_s": number(found.villages[number_].mean_s), "p90_s": number(found.villages[number_].p90_s),
                }
                for number_, area in enumerate(demand.villages)
            },
            "closed_m": round(self.finder.length_m(edges)) if len(edges) else 0,
            "closed": [
                [[round(lat, OUTLINE_DECIMALS), round(lon, OUTLINE_DECIMALS)] for lat, lon in line]
                for line in (self.finder.lines_of(edges) if len(edges) else [])
            ],
            "traffic_told": self.hour(plan.roads.hour) is not None,
            "notice": self.desk.region.notice,
        }  # fmt: skip

    def reach(self, plan: SentPlan, minutes: Sequence[float]) -> list[dict[str, Any]]:
        """Isochrones of a plan as plain values, the shortest first."""
        found = self.coverage(plan)
        planner = self.under(plan)
        reached = reach_of(planner, plan.places, plan.standard.kinds[0], found, minutes)
        return reach_json(reached, simpler_deg=OUTLINE_OFF_DEG)

    def _router_of(self, kind: str) -> Router:
        return self._made(self.planner.profile(kind), None, ())

    def _made(self, profile: str, hour: int | None, closures: Collection[int]) -> Router:
        """A router beside those of the desk, so that what might be closed closes nothing there."""
        desk = self.desk
        learnt = desk.times.metrics.learnt
        speeds = "" if learnt is None or hour is None else learnt.version
        key = MetricKey(profile=profile, hour=hour, closures=closures_digest(closures), speeds=speeds)
        with self._lock:
            if key not in self._routers:
                if desk.routers is not None:
                    router = desk.routers.aside(profile, hour, closures)
                else:
                    region = desk.region
                    metric = desk.times.metrics.make(profile, hour, closures)
                    router = Router(region.network, region.routing_settings, snapper=region.snapper, metric=metric)
                self._routers[key] = router
            self._routers.move_to_end(key)
            while len(self._routers) > KEPT_ROADS:
                self._routers.popitem(last=False)
            return self._routers[key]


def _by_minute(seconds: FloatArray, group: npt.NDArray[np.int64], people: FloatArray, groups: int) -> FloatArray:
    """(g, MOST_MINUTES + 1) people of each group reached within each minute."""
    with np.errstate(invalid="ignore"):
        minute = np.ceil(np.where(np.isfinite(seconds), seconds, np.inf) / 60 - 1e-9)
    table = np.zeros((groups, MOST_MINUTES + 1))
    within = minute <= MOST_MINUTES
    np.add.at(table, (group[within], minute[within].astype(np.int64)), people[within])
    return np.asarray(np.cumsum(table, axis=1))
