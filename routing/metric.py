"""What each edge costs: one metric per vehicle profile, hour of the week and closures, apart from the topology.

Costs are whole milliseconds. Sums of whole numbers below 2**53 are exact in float64, so every fast search can be held
to equality with a plain one, and two routes that tie do tie.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from gis.errors import InputError, SourceError
from routing.components import open_by_default
from routing.network import (
    BARRIERS,
    ROAD_CLASSES,
    SMOOTHNESSES,
    SURFACES,
    EdgeFlag,
    Float16Array,
    Float64Array,
    Int32Array,
    Int64Array,
    RoadNetwork,
)
from routing.openings import openings
from routing.profile import LANE_WIDTH_M, FordPolicy, Profile
from routing.profile_toml import FASTEST_KPH
from routing.settings import SPEED_CLASSES, MaxspeedPolicy, RoutingSettings
from routing.speed_factors import HOURS, SpeedFactors, class_factors
from routing.types import MetricKey

CLOSED = -1
"""The cost of an edge that may not be driven."""

MS_PER_S = 1000
FORD_M = 20.0
"""Of road that goes through water where it is told of one place alone: an assumption."""

_MS_PER_HOUR = 3_600_000.0
_DIGEST_SIZE = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Metric:
    """Driving time of every edge.

    Attributes
    ----------
    edge_ms
        (E,) whole milliseconds from end to end, or `CLOSED`.
    turn_round_ms
        Whole milliseconds of turning round at a node, on top of the edges.
    obeys_restrictions
        Whether turn restrictions bind the vehicle.
    key
        What it is for.
    """

    edge_ms: Int64Array
    turn_round_ms: int = 0
    obeys_restrictions: bool = True
    key: MetricKey = field(default_factory=MetricKey)

    @property
    def is_open(self) -> npt.NDArray[np.bool_]:
        """(E,) True where the edge may be driven."""
        return self.edge_ms >= 0

    @classmethod
    def build(
        cls,
        network: RoadNetwork,
        settings: RoutingSettings,
        *,
        profile: Profile | str | None = None,
        hour: int | None = None,
        closures: Iterable[int] = (),
        factors: SpeedFactors | None = None,
        edge_kecamatan: Int32Array | None = None,
    ) -> Metric:
        """Cost of every edge for a vehicle at an hour of the week, with the edges of `closures` closed.

        Length over speed is rounded to whole milliseconds, at least 1 for an edge that has a length; a known duration
        (`edge_extra_ms`) replaces it. Seconds for gates, level crossings and boarding are added. A closure closes the
        edge named, not its twin.

        Parameters
        ----------
        network, settings
            The roads, and the region's speeds and profiles.
        profile
            The vehicle, or what names it; None is the region's default profile.
        hour
            Of the week, local time; None for times at no hour in particular.
        closures
            Edges.
        factors, edge_kecamatan
            Learnt speed factors, and (E,) the kecamatan of each edge (index in `factors.kecamatan`, -1 for none).

        Raises
        ------
        InputError
            When a closure is not an edge of the network, there is no such profile or hour, a speed is not a positive
            number, or the profile forbids every road.
        """
        vehicle = profile if isinstance(profile, Profile) else settings.profile(profile)
        if hour is not None and not 0 <= hour < HOURS:
            raise InputError(f"There is no hour {hour} of the week; hours are 0 (Monday, 0:00) to {HOURS - 1}.")
        speed_kph = edge_speeds_kph(
            network, settings, vehicle, hour=hour, factors=factors, edge_kecamatan=edge_kecamatan
        )
        length_m = np.asarray(network.edge_length_m)
        ms = np.rint(length_m / 1000.0 / speed_kph * _MS_PER_HOUR).astype(np.int64)
        ms[(ms == 0) & (length_m > 0)] = 1
        known = network.edge_extra_ms >= 0
        ms[known] = network.edge_extra_ms[known]
        ms += _delays_ms(network, vehicle)
        is_open = openings(network, vehicle).is_open & ~_impassable(network, vehicle)
        _refuse_closing_all(network, vehicle, is_open)
        ms[~is_open] = CLOSED
        ms.flags.writeable = False
        turn_round_s = settings.turn_round_s if vehicle.turn_round_s is None else vehicle.turn_round_s
        metric = cls(
            edge_ms=ms,
            turn_round_ms=round(turn_round_s * MS_PER_S),
            obeys_restrictions=vehicle.obeys_restrictions,
            key=MetricKey(
                profile=vehicle.key, hour=hour, speeds="" if factors is None or hour is None else factors.version
            ),
        )
        return metric.with_closures(closures)

    def with_closures(self, closures: Iterable[int]) -> Metric:
        """The same costs with more edges closed; made from a metric without closures, in no time.

        Raises
        ------
        InputError
            When a closure is not an edge of the network.
        ValueError
            When this metric has closures already.
        """
        closed = checked_closures(len(self.edge_ms), closures)
        if self.key.closures:
            raise ValueError("closures are put on a metric without any, so that its key names all of them")
        if not len(closed):
            return self
        ms = self.edge_ms.copy()
        ms[closed] = CLOSED
        ms.flags.writeable = False
        return replace(self, edge_ms=ms, key=replace(self.key, closures=closures_digest(closed.tolist())))


def closures_digest(closures: Iterable[int]) -> str:
    """A short name of a set of closed edges; empty for none."""
    closed = np.array(sorted(set(closures)), dtype="<i8")
    return hashlib.blake2b(closed.tobytes(), digest_size=_DIGEST_SIZE).hexdigest() if len(closed) else ""


# --- speeds ------------------------------------------------------------------------------------------------------


def edge_speeds_kph(
    network: RoadNetwork,
    settings: RoutingSettings,
    profile: Profile | None = None,
    *,
    hour: int | None = None,
    factors: SpeedFactors | None = None,
    edge_kecamatan: Int32Array | None = None,
) -> Float64Array:
    """(E,) speed on every edge in km/h.

    The speed of its class, changed by a tagged limit as `settings.maxspeed` says; times the vehicle's factor and the
    factors of the hour; no faster than the vehicle is there (surface, width, water, against a one-way road).

    Raises
    ------
    InputError
        When a class has no speed, or one that is not a positive number.
    """
    vehicle = settings.profile() if profile is None else profile
    speed = _class_speeds_kph(settings, vehicle)[network.edge_class]
    limit = network.edge_maxspeed_kph.astype(np.float64)
    tagged = np.isfinite(limit) & (limit > 0)
    if settings.maxspeed is MaxspeedPolicy.REPLACE:
        speed = np.where(tagged, limit, speed)
    elif settings.maxspeed is MaxspeedPolicy.CAP:
        speed = np.where(tagged, np.minimum(limit, speed), speed)
    speed = speed * vehicle.speed_factor
    if hour is not None:
        speed *= class_factors(settings.hours, hour)[network.edge_class]
        if factors is not None and edge_kecamatan is not None:
            speed *= factors.of_edges(network, edge_kecamatan, hour)
    slower: Float64Array = np.minimum(speed, _caps_kph(network, vehicle))
    return slower


def _class_speeds_kph(settings: RoutingSettings, vehicle: Profile) -> Float64Array:
    by_class: Float64Array = np.ones(len(ROAD_CLASSES))  # a barrier has no length, so its speed never counts
    for name in SPEED_CLASSES:
        speed = vehicle.speeds_kph.get(name, settings.speeds_kph.get(name))
        if speed is None or not (np.isfinite(speed) and speed > 0):
            raise InputError(
                f"The speed of {name} roads for the profile '{vehicle.name}' is {speed}; give a positive number."
            )
        by_class[ROAD_CLASSES.index(name)] = speed
    return by_class


def _caps_kph(network: RoadNetwork, vehicle: Profile) -> Float64Array:
    """(E,) the most that the vehicle drives where it drives at all."""
    surface, smoothness = (
        np.array([table.get(word) or FASTEST_KPH for word in words])
        for table, words in ((vehicle.surface_kph, SURFACES), (vehicle.smoothness_kph, SMOOTHNESSES))
    )
    caps: Float64Array = np.minimum(surface[network.edge_surface], smoothness[network.edge_smoothness])
    np.minimum(caps, vehicle.fastest_kph, out=caps)
    for slow, kph in (
        (_widths_m(network, vehicle) < np.float16(vehicle.narrow_below_m), vehicle.narrow_kph),
        (_has(network, EdgeFlag.FORD) & (vehicle.ford is FordPolicy.SLOW), vehicle.ford_kph),
        (network.is_contraflow, vehicle.against_kph),
    ):
        caps[slow] = np.minimum(caps[slow], kph)
    return caps


# --- where a vehicle does not fit --------------------------------------------------------------------------------


def _impassable(network: RoadNetwork, vehicle: Profile) -> npt.NDArray[np.bool_]:
    """(E,) True where the vehicle does not fit, or does not go."""
    shut = _widths_m(network, vehicle) < np.float16(vehicle.width_m + vehicle.side_m)
    for limit, size in (
        (network.edge_maxheight_m, vehicle.height_m),
        (network.edge_maxwidth_m, vehicle.width_m),
        (network.edge_maxweight_t, vehicle.weight_t),
    ):
        shut |= limit < np.float16(size)
    for column, table, words in (
        (network.edge_surface, vehicle.surface_kph, SURFACES),
        (network.edge_smoothness, vehicle.smoothness_kph, SMOOTHNESSES),
        (network.edge_class, dict.fromkeys(vehicle.closed_classes, 0.0), ROAD_CLASSES),
    ):
        shut |= np.array([table.get(word) == 0 for word in words])[column]
    if vehicle.ford is FordPolicy.CLOSED:
        shut |= _has(network, EdgeFlag.FORD | EdgeFlag.FORD_AT_NODE)
    if not vehicle.ferries:
        shut |= _has(network, EdgeFlag.FERRY)
    return np.asarray(shut)


def _widths_m(network: RoadNetwork, vehicle: Profile) -> Float16Array:
    """(E,) width that is tagged, or that of the lanes, or what is assumed of the class; NaN where none of them is."""
    by_class = np.array([vehicle.untagged_width_m.get(name, np.nan) for name in ROAD_CLASSES], dtype=np.float16)
    lanes = network.edge_lanes
    assumed = np.where(lanes > 0, lanes.astype(np.float16) * np.float16(LANE_WIDTH_M), by_class[network.edge_class])
    return np.where(np.isnan(network.edge_width_m), assumed, network.edge_width_m).astype(np.float16)


def _refuse_closing_all(network: RoadNetwork, vehicle: Profile, is_open: npt.NDArray[np.bool_]) -> None:
    """A profile under which no road at all is left, though the law leaves some open, is a slip of the pen."""
    road = np.asarray(network.edge_length_m) > 0
    if (open_by_default(network.edge_flags) & road).any() and not (is_open & road).any():
        raise SourceError(
            f"The vehicle profile '{vehicle.name}' forbids every road of this region; "
            f"mend its sizes and closed classes under [routing.profiles.{vehicle.name}] of region.toml."
        )


# --- delays ------------------------------------------------------------------------------------------------------


def _delays_ms(network: RoadNetwork, vehicle: Profile) -> Int64Array:
    """(E,) for gates, level crossings, water at one place and boarding, beyond length over speed."""
    by_kind = np.array([vehicle.barriers_s.get(kind, 0.0) for kind in BARRIERS])
    seconds = by_kind[network.edge_barrier] + network.edge_level_crossings * vehicle.level_crossing_s
    seconds += _has(network, EdgeFlag.LOCKED) * vehicle.locked_s
    if vehicle.ford is FordPolicy.SLOW:
        at_one_place = _has(network, EdgeFlag.FORD_AT_NODE) & ~_has(network, EdgeFlag.FORD)
        seconds += at_one_place * (FORD_M * 3.6 / vehicle.ford_kph)
    if vehicle.boarding_s:
        ferry = _has(network, EdgeFlag.FERRY)
        on_land = np.zeros(network.node_count, dtype=np.bool_)
        on_land[network.edge_tail[~ferry]] = on_land[network.edge_head[~ferry]] = True
        seconds += (ferry & on_land[network.edge_tail]) * vehicle.boarding_s
    delays: Int64Array = np.rint(seconds * MS_PER_S).astype(np.int64)
    return delays


def _has(network: RoadNetwork, flag: EdgeFlag) -> npt.NDArray[np.bool_]:
    return np.asarray((network.edge_flags & np.uint32(flag)) != 0)


def checked_closures(edge_count: int, closures: Iterable[int]) -> Int64Array:
    """Closed edges, rising and each once.

    Raises
    ------
    InputError
        When one is not an edge of the network.
    """
    closed = np.array(sorted(set(closures)), dtype=np.int64)
    if len(closed) and not (closed[0] >= 0 and closed[-1] < edge_count):
        raise InputError(
            f"A closure names edge {closed[0] if closed[0] < 0 else closed[-1]}, but the network's edges are "
            f"0 to {edge_count - 1}; name edges of this region."
        )
    return closed
