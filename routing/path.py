"""A path over the network as stretches of edges, and its shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.network import Float64Array, RoadNetwork
from routing.types import Snap

LatLon = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One edge, driven from `start` to `end` (shares of its length), in `ms` over `length_m`."""

    edge: int
    start: float
    end: float
    ms: float
    length_m: float


def stretch_points(
    stretches: Sequence[Stretch], network: RoadNetwork, point_share: Float64Array, origin: Snap, target: Snap
) -> list[LatLon]:
    """Points (lat, lon) along the stretches, from where the origin stands to where the target is.

    Parameters
    ----------
    stretches
        In driving order; none where origin and target are the same point.
    network
        For the curves.
    point_share
        (P,) share of the curve's length before each point of a curve, as `routing.snap.Snapper` has it.
    origin, target
        The snapped ends.
    """
    points = [(origin.location.lat, origin.location.lon)]
    for stretch in stretches:
        lat, lon = network.edge_points(stretch.edge)
        share = edge_shares(stretch.edge, network, point_share)
        inner = (share > stretch.start) & (share < stretch.end)
        inner[0] |= stretch.start <= 0.0
        inner[-1] |= stretch.end >= 1.0
        points += zip(lat[inner].tolist(), lon[inner].tolist(), strict=True)
    points.append((target.location.lat, target.location.lon))
    return [point for number, point in enumerate(points) if number == 0 or point != points[number - 1]]


def edge_shares(edge: int, network: RoadNetwork, point_share: Float64Array) -> Float64Array:
    """(p,) share of an edge's length before each of its points, in the direction of travel."""
    curve = int(network.edge_curve[edge])
    share = np.asarray(point_share[int(network.curve_offset[curve]) : int(network.curve_offset[curve + 1])])
    return share if network.edge_forward[edge] else 1.0 - share[::-1]
