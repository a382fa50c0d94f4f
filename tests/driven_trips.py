"""Trips with known truth: routes driven at known speeds, and what a device tells of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gis.types import Location
from routing.matching_types import TracePoint
from routing.network import RoadNetwork
from routing.path import edge_shares
from routing.snap import Snapper
from routing.types import Route, Snap

METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """A trip as it was driven: stretches (edge, start, end), and when each was entered and left, in seconds."""

    stretches: tuple[tuple[int, float, float], ...]
    times_s: tuple[float, ...]

    @property
    def edges(self) -> tuple[int, ...]:
        """The edges driven, in order."""
        return tuple(edge for edge, _, _ in self.stretches)

    @property
    def seconds(self) -> float:
        """From start to end."""
        return self.times_s[-1] - self.times_s[0]


def drive(
    stretches: Sequence[tuple[int, float, float]], seconds: Callable[[int, float], float], start_s: float = 0.0
) -> Drive:
    """Drive stretches; `seconds` gives the time for a share of an edge."""
    times = [start_s]
    for edge, start, end in stretches:
        times.append(times[-1] + seconds(edge, end - start))
    return Drive(stretches=tuple(stretches), times_s=tuple(times))


def point_on(network: RoadNetwork, snapper: Snapper, edge: int, fraction: float) -> Location:
    """Where so much of an edge is driven."""
    lat, lon = network.edge_points(edge)
    share = edge_shares(edge, network, snapper.point_share)
    return Location(lat=float(np.interp(fraction, share, lat)), lon=float(np.interp(fraction, share, lon)))


def position_at(one: Drive, network: RoadNetwork, snapper: Snapper, time_s: float) -> Location:
    """Where the drive is at a time."""
    for (enter_s, leave_s), (edge, start, end) in zip(pairwise(one.times_s), one.stretches, strict=True):
        if time_s <= leave_s:
            share = (time_s - enter_s) / (leave_s - enter_s) if leave_s > enter_s else 1.0
            return point_on(network, snapper, edge, start + share * (end - start))
    edge, _, end = one.stretches[-1]
    return point_on(network, snapper, edge, end)


def trace_of(
    one: Drive,
    network: RoadNetwork,
    snapper: Snapper,
    *,
    every_s: float,
    sigma_m: float = 0.0,
    accuracy_m: float | None = None,
    dice: random.Random | None = None,
) -> list[TracePoint]:
    """Positions of a device during the drive, from its start to its end."""
    count = max(int(one.seconds // every_s), 1)
    times = [one.times_s[0] + every_s * number for number in range(count)] + [one.times_s[-1]]
    chance = dice or random.Random(0)
    return [
        TracePoint(
            time_s=time_s,
            location=shaken(position_at(one, network, snapper, time_s), sigma_m, chance),
            accuracy_m=accuracy_m,
        )
        for time_s in times
    ]


def shaken(location: Location, sigma_m: float, dice: random.Random) -> Location:
    """A location with a receiver's error."""
    if sigma_m == 0.0:
        return location
    narrow = np.cos(np.radians(location.lat))
    return Location(
        lat=location.lat + dice.gauss(0.0, sigma_m) / METRES_PER_DEGREE,
        lon=location.lon + dice.gauss(0.0, sigma_m) / METRES_PER_DEGREE / float(narrow),
    )


def driven_metres(network: RoadNetwork, stretches: Sequence[tuple[int, float, float]]) -> dict[int, float]:
    """Metres driven on every edge."""
    found: dict[int, float] = {}
    for edge, start, end in stretches:
        found[edge] = found.get(edge, 0.0) + (end - start) * float(network.edge_length_m[edge])
    return found


def route_stretches(route: Route, network: RoadNetwork) -> list[tuple[int, float, float]]:
    """The stretches of a route, its first and last edge in part."""
    last = len(route.edges) - 1
    found = []
    for number, edge in enumerate(route.edges):
        start = _share_on(route.origin, edge, network) if number == 0 else None
        end = _share_on(route.target, edge, network) if number == last else None
        found.append((edge, 0.0 if start is None else start, 1.0 if end is None else end))
    return [(edge, start, end) for edge, start, end in found if end > start]


def _share_on(snap: Snap, edge: int, network: RoadNetwork) -> float | None:
    """Where a snapped point lies on an edge; None where it is a node of it, or elsewhere."""
    if snap.edge == edge:
        return snap.fraction
    return 1.0 - snap.fraction if int(network.edge_reverse[snap.edge]) == edge else None
