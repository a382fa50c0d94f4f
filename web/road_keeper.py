"""Keeps the roads of this process in step with the event log, and says whom closed roads cut off.

Every process that serves or answers has one. A closure may come from any of them, and begins or ends by the clock
alone; so the keeper looks whenever this process commits, when the log has grown, and when the next closure begins or
ends. Villages cut off are told once, by whoever is first to have worked them out for exactly the closures in force.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from dispatch.closures import Closure, ClosureInForce, CutOff, VillageCutOff
from dispatch.codec import load
from dispatch.commands import NoticeCutOff
from dispatch.store import queries
from dispatch.store.store import Store
from gis.errors import SiagaError
from routing.closures import edges_digest
from routing.cut_off import Reach
from routing.metric import Metric
from routing.network import Int64Array
from routing.types import ClosedRoads
from web.directory import region_population, region_stations
from web.live_roads import LiveRoads

POLL_S: Final = 0.4
"""How often the log is looked at for what other processes closed."""
LEAST_BEYOND: Final = 0.01
LEAST_SHARE: Final = 0.25
"""A village is told of when this part of its roads lies open beyond a closure, or that part is lost with the closed."""
SYSTEM: Final = "system"
_NONE: Final = np.zeros(0, dtype=np.int64)

_log = logging.getLogger(__name__)


class RoadKeeper:
    """Follows the closures of one store.

    Parameters
    ----------
    store
        The database.
    roads
        Whose state is kept.
    """

    def __init__(self, store: Store, roads: LiveRoads) -> None:
        self._store = store
        self._roads = roads
        self._lock = threading.RLock()
        self._seen: tuple[tuple[str, int], ...] | None = None
        self._edges: dict[str, tuple[Int64Array, int]] = {}
        self._cut_off: tuple[object, tuple[VillageCutOff, ...]] = ((), ())
        self._reaches: dict[str, Reach] = {}
        self._told: tuple[str, ...] | None = None
        self._next: datetime | None = None
        self._seq = -1
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="roads", daemon=True)
        roads.follow(self.look)

    # --- keeping -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Keep the roads in step from now on, by a thread of its own."""
        self.refresh()
        self._roads.follow(None)
        self._store.on_commit(self._wake.set)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """See what is closed now; changes nothing in the database."""
        with self._lock:
            now = self._store.now()
            with self._store.book() as book:
                standing = book.closures_standing(now)
            in_force = tuple(one for one in standing if one.is_in_force(now))
            moments = [one.starts_at for one in standing if one.starts_at > now]
            moments += [one.ends_at for one in standing if one.ends_at is not None]
            self._next = min(moments, default=None)
            seen = tuple((one.closure_id, one.version) for one in in_force)
            if seen == self._seen:
                return
            edges, lost = self._closed(in_force)
            if lost:
                _log.warning("Roads of closures that this map does not have: %s", ", ".join(lost))
            self._roads.close(tuple(closure_in_force(one) for one in in_force), edges, lost)
            self._seen = seen

    def refresh(self) -> CutOff | None:
        """See what is closed now, and log whom it cuts off; gives who is cut off."""
        with self._lock:
            self.look()
            state = self._roads.known
            ids = tuple(one.closure_id for one in state.closures)
            if self._told != ids:
                with self._store.book() as book:
                    known = book.cut_off()
                villages = self.cut_off_by(state.edges)
                if villages != (() if known is None else known.villages):
                    self._store.execute(NoticeCutOff(closure_ids=ids, villages=villages), actor=SYSTEM)
                self._told = ids
            with self._store.book() as book:
                return book.cut_off()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(POLL_S)
            self._wake.clear()
            try:
                seq = self._store.head()[0]
                is_due = self._next is not None and self._next <= self._store.now()
                if seq != self._seq or is_due:
                    self.refresh()
                    self._seq = seq
            except SiagaError as error:
                _log.warning("Roads: %s", error)
            except Exception:  # whatever it is, roads that others close must be heard of when it is over
                _log.exception("Roads: what is closed could not be looked up")

    def _closed(self, closures: tuple[Closure, ...]) -> tuple[Int64Array, tuple[str, ...]]:
        """Edges of all closures, and ids of those of which something was not found."""
        found: list[Int64Array] = []
        lost: list[str] = []
        for one in closures:
            if one.digest not in self._edges:
                roads = load(ClosedRoads, self._store.document(one.digest))
                self._edges[one.digest] = self._roads.finder.found_again(one.selector, roads)
            edges, missing = self._edges[one.digest]
            found.append(edges)
            lost += [one.closure_id] if missing else []
        return (np.unique(np.concatenate(found)) if found else _NONE), tuple(lost)

    def edges_of(self, closure: Closure) -> Int64Array:
        """Edges of one closure on this map."""
        with self._lock:
            return self._closed((closure,))[0]

    # --- whom it cuts off ----------------------------------------------------------------------------------------

    def cut_off_by(self, edges: Int64Array) -> tuple[VillageCutOff, ...]:
        """Villages that lose a part of their roads when these are closed, by code."""
        if not len(edges):
            return ()
        profiles = self._profiles_in_use()
        name = edges_digest(edges), profiles
        with self._lock:
            if self._cut_off[0] != name:
                self._cut_off = (name, self._villages_without(edges, profiles))
            return self._cut_off[1]

    def _profiles_in_use(self) -> tuple[str, ...]:
        """Of the region's default vehicle, which is the first, and of the units of the fleet, without exemptions."""
        settings = self._roads.region.routing_settings
        with self._store.book() as book:
            units = queries.units(book.connection)
        kinds = {settings.profile_of(one.unit.kind, "").name for one in units}
        default = settings.profile().name
        return (default, *sorted(kinds - {default}))

    def _villages_without(self, edges: Int64Array, profiles: tuple[str, ...]) -> tuple[VillageCutOff, ...]:
        boundaries = self._roads.region.boundaries
        lost = {profile: self._lost(edges, profile) for profile in profiles}
        villages = []
        for number in sorted({number for by_village in lost.values() for number in by_village}):
            village, people = boundaries.villages[number], float(self._people[number])
            cut = [profile for profile in profiles if number in lost[profile]]
            # As it is for the default vehicle, wherever that is cut off at all.
            share = lost[cut[0]][number] if cut[0] == profiles[0] else max(lost[one][number] for one in cut)
            villages.append(
                VillageCutOff(
                    code=village.code,
                    name=village.name,
                    kecamatan=boundaries.kecamatan_name(number),
                    share=round(share, 4),
                    people=None if np.isnan(people) else round(people * share),
                    profiles=() if len(cut) == len(profiles) else tuple(sorted(cut)),
                )
            )
        return tuple(sorted(villages, key=lambda one: one.code))

    def _lost(self, edges: Int64Array, profile: str) -> dict[int, float]:
        """Villages to be told of for one kind of vehicle, by number, and the part of their roads that is lost."""
        region = self._roads.region
        reach = self._reach_of(profile)
        found = reach.by_village(edges, region.edge_village, len(region.boundaries.villages))
        share = found.share
        told = np.flatnonzero((found.beyond_share >= LEAST_BEYOND) | (share >= LEAST_SHARE))
        return {number: float(share[number]) for number in told.tolist()}

    def _reach_of(self, profile: str) -> Reach:
        """What a vehicle can drive to with every road open: what it never could is not taken from it by a closure."""
        if profile not in self._reaches:
            region, known = self._roads.region, next(iter(self._reaches.values()), None)
            stations = [location for _, _, location in region_stations(region)]
            is_open = Metric.build(region.network, region.routing_settings, profile=profile).is_open
            turns = None if known is None else known.turns
            self._reaches[profile] = Reach(region.network, region.snapper, stations, is_open=is_open, turns=turns)
        return self._reaches[profile]

    @cached_property
    def _people(self) -> npt.NDArray[np.float64]:
        """People of every village; NaN where nobody counted them."""
        counted = region_population(self._roads.region)
        return np.array([counted.get(one.code, np.nan) for one in self._roads.region.boundaries.villages])


def closure_in_force(closure: Closure) -> ClosureInForce:
    """A closure as answers name it."""
    return ClosureInForce(
        closure_id=closure.closure_id,
        reason=closure.reason,
        streets=closure.streets,
        edge_count=closure.edge_count,
    )
