"""The order in which a hierarchy takes states away: nested dissection by where they lie.

A road network is cut in two by few junctions, each half again, and so on; the junctions of a cut rank above both sides.
The ways between two places then pass over the cuts above both, which are few. Straight cuts are looked for along eight
directions, and along four of them the narrowest of any shape between both ends (inertial flow: Schild and Sommer 2015).
Dead ends and points along a road are taken away before, for no cut need pass through them: nine of ten states of a
network that has one for every point of its roads. The order depends on the network alone: equal places are told apart
by number, and nothing is left to chance.
"""

from __future__ import annotations

import math

import numpy as np

from routing.network import Float64Array, Int32Array, Int64Array

LEAF_SIZE = 4
"""A piece of so few states is cut no further."""

DIRECTIONS = tuple(math.pi * number / 8 for number in range(8))
"""Angles of the lines along which cuts are looked for."""


def dissection_order(offset: Int64Array, head: Int32Array, lat: Float64Array, lon: Float64Array) -> Int32Array:
    """States by rank, the first to be taken away first.

    Parameters
    ----------
    offset, head
        Undirected neighbours of the S states, ragged.
    lat, lon
        (S,) degrees.
    """
    from routing.dissection_kernels import dissect
    from routing.elimination_kernels import take_away_few

    few, states, offset, head = take_away_few(offset, head)
    lat, lon = lat[states], lon[states]
    y = lat - lat.mean() if len(lat) else lat
    x = (lon - lon.mean()) * math.cos(math.radians(float(lat.mean()))) if len(lat) else lon
    lines = np.empty((len(DIRECTIONS), len(lat)), dtype=np.int32)
    for number, angle in enumerate(DIRECTIONS):
        # Rounded, so that states of one node stay beside each other and no machine's cosine decides.
        along = np.rint((math.cos(angle) * x + math.sin(angle) * y) * 1e9).astype(np.int64)
        lines[number] = np.argsort(along, kind="stable")
    return np.concatenate([few, states[dissect(offset, head, lines, LEAF_SIZE)]])
