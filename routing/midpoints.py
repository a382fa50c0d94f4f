"""Halfway along each road."""

from __future__ import annotations

import numpy as np

from routing.network import DEGREE, Float64Array, RoadNetwork
from routing.snap import Snapper


def curve_midpoints(network: RoadNetwork, snapper: Snapper) -> tuple[Float64Array, Float64Array]:
    """(G,) latitudes and (G,) longitudes, in degrees, of the point halfway along each curve."""
    share = np.asarray(snapper.point_share)
    curves = np.arange(len(network.curve_offset) - 1)
    # Number of the curve plus share of its length rises along all points, so one search finds all halves.
    first = np.searchsorted(snapper.point_curve + share, curves + 0.5, side="right") - 1
    step = share[first + 1] - share[first]
    t = np.where(step > 0, (0.5 - share[first]) / np.where(step > 0, step, 1.0), 0.0)
    lat, lon = network.curve_lat * DEGREE, network.curve_lon * DEGREE
    return lat[first] + t * (lat[first + 1] - lat[first]), lon[first] + t * (lon[first + 1] - lon[first])
