"""From trips that were driven to observations of speed: which can be used, along which roads, and how long they took.

A trip with positions is matched to the roads and cut into parts of about a minute; one without is taken as a whole
along the quickest way by the metric, which is then assumed to be the way that was driven.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Final

import numpy as np

from gis.types import Location
from routing.learning_model import Cell, Observation
from routing.matching import Matcher
from routing.matching_types import Leg, MatchedTrace, TracePoint
from routing.metric import MS_PER_S, Metric
from routing.network import ROAD_CLASSES, Int32Array, UInt8Array
from routing.router import Router
from routing.speed_factors import hour_of_week

LONGEST_S: Final = 3 * 3600.0
SHORTEST_S: Final = 60.0
SHORTEST_M: Final = 300.0
PART_S: Final = 60.0
"""A part of a trip lasts about so long: much longer than the error of two positions lasts at any speed."""
LEAST_MATCHED: Final = 0.6
LEAST_SURE: Final = 0.5
PARKED_S, PARKED_M = 300.0, 100.0
"""Whoever moves less than this in that time was not driving."""
QUICKEST: Final = 5.0
"""A trip more than so many times quicker, or slower, than the metric was not what the log says."""


class Exclusion(StrEnum):
    """Why a trip teaches nothing."""

    IMPOSSIBLE_TIMES = "impossible_times"  # arrived before it left, or hours later
    CLOCK = "device_clock"  # the clock of the device was wrong
    NO_POSITION = "no_position"  # neither positions on the way nor where it began
    TOO_SHORT = "too_short"
    NOT_MATCHED = "not_matched"  # the positions fit no roads
    NO_ROAD = "no_road"  # no road joins its ends
    IMPOSSIBLE_SPEED = "impossible_speed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivenTrip:
    """A trip as the centre saw it.

    Attributes
    ----------
    departed, arrived
        With their zone.
    origin, target
        Where it began and ended; None where not known.
    trace
        Positions on the way, in order; times in seconds since 1970.
    clock_wrong
        Whether the device that gave times or positions is known to have been wrong.
    """

    trip_id: str
    departed: datetime
    arrived: datetime
    origin: Location | None = None
    target: Location | None = None
    trace: tuple[TracePoint, ...] = ()
    clock_wrong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTrip:
    """What a trip teaches; `excluded` says why not, where it teaches nothing.

    Attributes
    ----------
    metres
        Of road.
    by_trace
        Whether its positions say which way it took.
    """

    trip_id: str
    observations: tuple[Observation, ...] = ()
    excluded: Exclusion | None = None
    metres: float = 0.0
    by_trace: bool = False


class TripReader:
    """Reads trips over the roads of one region.

    Parameters
    ----------
    router
        Of the region, by the speeds that nothing was learnt into.
    edge_kecamatan
        (E,) kecamatan of each edge, or -1.
    bin_of_hour
        (168,) bin of each hour of the week.
    timezone
        Of the region.
    metric_at
        The metric of an hour of the week, before anything is learnt; by default that of the router.
    """

    def __init__(
        self,
        router: Router,
        *,
        edge_kecamatan: Int32Array,
        bin_of_hour: UInt8Array,
        timezone: tzinfo,
        metric_at: Callable[[int], Metric] | None = None,
    ) -> None:
        self._router = router
        self._network = router.network
        self._kecamatan = edge_kecamatan
        self._bin_of_hour = bin_of_hour
        self._timezone = timezone
        self._metric_at = metric_at or (lambda hour: router.metric)
        self._matcher = Matcher(router.network, router.snapper, router.metric)
        fixed = np.asarray(router.network.edge_extra_ms) >= 0
        for name in ("ferry", "barrier"):
            fixed |= np.asarray(router.network.edge_class) == ROAD_CLASSES.index(name)
        self._fixed = fixed

    def read(self, trip: DrivenTrip) -> ReadTrip:
        """What a trip teaches."""
        seconds = (trip.arrived - trip.departed).total_seconds()
        if not 0.0 < seconds <= LONGEST_S:
            return ReadTrip(trip_id=trip.trip_id, excluded=Exclusion.IMPOSSIBLE_TIMES)
        if trip.clock_wrong:
            return ReadTrip(trip_id=trip.trip_id, excluded=Exclusion.CLOCK)
        if seconds < SHORTEST_S:
            return ReadTrip(trip_id=trip.trip_id, excluded=Exclusion.TOO_SHORT)
        if len(trip.trace) >= 2:
            return self._by_trace(trip)
        if trip.origin is None or trip.target is None:
            return ReadTrip(trip_id=trip.trip_id, excluded=Exclusion.NO_POSITION)
        return self._by_route(trip, trip.origin, trip.target, seconds)

    def _by_trace(self, trip: DrivenTrip) -> ReadTrip:
        matched = self._matcher.match(trip.trace)
        pieces = [piece for piece in matched.pieces if piece.confidence >= LEAST_SURE]
        if not pieces and self._moved_m(matched) < SHORTEST_M and matched.stops:
            return ReadTrip(trip_id=trip.trip_id, excluded=Exclusion.TOO_SHORT)
        if not pieces or matched.matched_share < LEAST_MATCHED:
            return ReadTrip(trip_id=trip.trip_id, excluded=Exclusion.NOT_MATCHED)
        observations: list[Observation] = []
        metres = 0.0
        for piece in pieces:
            legs = [leg for leg in piece.legs if not self._parked(leg)]
            metres += sum(self._leg_m(leg) for leg in legs)
            for part in _parts(legs):
                one = self._observation(trip, part, sum(leg.end_s - leg.start_s for leg in part))
                if one is not None:
                    observations.append(one)
        return self._checked(trip, observations, metres, by_trace=True)

    def _by_route(self, trip: DrivenTrip, origin: Location, target: Location, seconds: float) -> ReadTrip:
        route = self._router.route(origin, target)
        if route is None:
            return ReadTrip(trip_id=trip.trip_id, excluded=Exclusion.NO_ROAD)
        edges = list(route.edges)
        # The first and the last edge in part: a route's length and that of its edges tell how much of both together.
        whole_m = [float(self._network.edge_length_m[edge]) for edge in edges]
        ends = {0, len(edges) - 1}
        ends_m = sum(whole_m[at] for at in ends) if edges else 0.0
        beyond_m = max(0.0, sum(whole_m) - route.length_m)
        share = max(0.0, 1.0 - beyond_m / ends_m) if ends_m > 0 else 1.0
        hour = hour_of_week(trip.departed, self._timezone)
        driven = [(edge, share if at in ends else 1.0) for at, edge in enumerate(edges)]
        # The crew reaches the road and walks from it besides driving.
        beside_s = route.time.reach_road_s + route.time.last_metres_s
        one = self._of_edges(trip.trip_id, driven, hour, seconds, beside_s)
        return self._checked(trip, [] if one is None else [one], route.length_m, by_trace=False)

    def _checked(
        self, trip: DrivenTrip, observations: Sequence[Observation], metres: float, *, by_trace: bool
    ) -> ReadTrip:
        seconds = sum(one.seconds for one in observations)
        if metres < SHORTEST_M or seconds < SHORTEST_S:
            return ReadTrip(trip_id=trip.trip_id, excluded=Exclusion.TOO_SHORT)
        expected = sum(one.fixed_s + sum(one.parts.values()) for one in observations)
        if not expected / QUICKEST <= seconds <= expected * QUICKEST:
            return ReadTrip(trip_id=trip.trip_id, excluded=Exclusion.IMPOSSIBLE_SPEED)
        return ReadTrip(trip_id=trip.trip_id, observations=tuple(observations), metres=metres, by_trace=by_trace)

    # --- parts ---------------------------------------------------------------------------------------------------

    def _observation(self, trip: DrivenTrip, legs: Sequence[Leg], seconds: float) -> Observation | None:
        hour = hour_of_week(datetime.fromtimestamp(legs[0].start_s, tz=self._timezone), self._timezone)
        driven = [(one.edge, one.end - one.start) for leg in legs for one in leg.stretches]
        return self._of_edges(trip.trip_id, driven, hour, seconds, 0.0)

    def _of_edges(
        self, trip_id: str, driven: Sequence[tuple[int, float]], hour: int, seconds: float, beside_s: float
    ) -> Observation | None:
        metric = self._metric_at(hour)
        fixed_s = beside_s
        parts: dict[Cell, float] = {}
        before = -1
        for edge, share in driven:
            part_s = share * max(float(metric.edge_ms[edge]), 0.0) / MS_PER_S
            if before >= 0 and edge == int(self._network.edge_reverse[before]):
                fixed_s += metric.turn_round_ms / MS_PER_S
            before = edge
            if self._fixed[edge]:
                fixed_s += part_s
            elif part_s > 0.0:
                cell = (int(self._network.edge_class[edge]), int(self._kecamatan[edge]), int(self._bin_of_hour[hour]))
                parts[cell] = parts.get(cell, 0.0) + part_s
        if not parts or seconds <= 0.0:
            return None
        return Observation(trip_id=trip_id, seconds=seconds, fixed_s=fixed_s, parts=parts)

    def _leg_m(self, leg: Leg) -> float:
        return sum((one.end - one.start) * float(self._network.edge_length_m[one.edge]) for one in leg.stretches)

    def _parked(self, leg: Leg) -> bool:
        return leg.end_s - leg.start_s >= PARKED_S and self._leg_m(leg) < PARKED_M

    def _moved_m(self, matched: MatchedTrace) -> float:
        return sum(self._leg_m(leg) for piece in matched.pieces for leg in piece.legs)


def _parts(legs: Sequence[Leg]) -> list[list[Leg]]:
    """Legs that follow one another, about a minute together; what remains goes with the last."""
    parts: list[list[Leg]] = []
    lasted_s = PART_S
    for leg in legs:
        if lasted_s >= PART_S:
            parts.append([])
            lasted_s = 0.0
        parts[-1].append(leg)
        lasted_s += leg.end_s - leg.start_s
    if len(parts) > 1 and lasted_s < PART_S / 2:
        rest = parts.pop()
        parts[-1] += rest
    return parts
