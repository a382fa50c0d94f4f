"""The posts nearest to a village or kecamatan, by road: how long an ambulance and a fire engine take from each.

A time is the mean over the area's roads by length, with turnout, as everywhere in the product where no more than the
village is known (`dispatch.village_eta`); the first and the last metre of road are told beside it. Roads that are
closed now count as closed. All posts are asked, for the nearest by road need not be near as the crow flies.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from dispatch.village_eta import village_times, whole_mm, whole_ms
from gis.errors import SiagaError
from web.plans import Planner
from web.service import Desk

KINDS: Final = ("ambulance", "fire_engine")
NEAREST: Final = 3
KEPT: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPost:
    """A post and its times to an area, in seconds.

    Attributes
    ----------
    mean_s
        Over the road that is reached, by length, with turnout.
    first_s, last_s
        To the nearest and the farthest road.
    unreached
        Share of the area's road that is not reached.
    """

    name: str
    kind: str
    mean_s: float
    first_s: float
    last_s: float
    unreached: float
    lat: float
    lon: float


class NearPosts:
    """Nearest posts by area, remembered while no road is closed or opened."""

    def __init__(self, desk: Desk, planner: Planner) -> None:
        self._desk = desk
        self._planner = planner
        self._kept: OrderedDict[tuple[str, str], dict[str, tuple[NearPost, ...]]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, code: str, now: datetime) -> dict[str, tuple[NearPost, ...]]:
        """The nearest posts of each of `KINDS`; none of a kind for which the region names no station."""
        key = code, f"{self._desk.router.metric.key} {self._desk.times.hour(now)}"
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = {kind: self._nearest(code, kind, now) for kind in KINDS}
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _nearest(self, code: str, kind: str, now: datetime) -> tuple[NearPost, ...]:
        desk = self._desk
        try:
            posts = self._planner.posts(kind)
        except SiagaError:  # no station of the kind is listed
            return ()
        pieces = desk.pieces_of(code)
        if not len(pieces):
            return ()
        vehicles = [desk.times.vehicle(kind, "", one.location) for one in posts]
        road_s = desk.times.edge_midpoint_times(vehicles, pieces, now)
        length_m = np.asarray(desk.region.network.edge_length_m)[pieces]
        times = village_times(whole_ms(road_s + desk.settings.turnout_of(kind)), whole_mm(length_m))
        whole = int(whole_mm(length_m).sum())
        order = [row for row in np.argsort(times.cost, kind="stable").tolist() if times.reached_mm[row] > 0]
        return tuple(
            NearPost(
                name=posts[row].name,
                kind=posts[row].kind,
                mean_s=float(times.mean_ms[row]) / 1000,
                first_s=int(times.min_ms[row]) / 1000,
                last_s=int(times.max_ms[row]) / 1000,
                unreached=(whole - int(times.reached_mm[row])) / whole,
                lat=posts[row].location.lat,
                lon=posts[row].location.lon,
            )
            for row in order[:NEAREST]
        )
