"""Strongly connected pieces of a road network: from any edge of a piece a car can reach any other.

Turn restrictions are not part of it: a piece here may be cut further by them, seldom and by single edges.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from routing.network import EdgeFlag, Float64Array, Int32Array, UInt32Array

_CLOSED = EdgeFlag.NO_ACCESS | EdgeFlag.PRIVATE | EdgeFlag.BARRIER


def open_by_default(edge_flags: UInt32Array) -> npt.NDArray[np.bool_]:
    """Which edges the default access rules open.

    None that is closed, private or a barrier unless EMERGENCY, and none against a one-way road.
    """
    closed = (edge_flags & np.uint32(_CLOSED)) != 0
    emergency = (edge_flags & np.uint32(EdgeFlag.EMERGENCY)) != 0
    contraflow = (edge_flags & np.uint32(EdgeFlag.CONTRAFLOW)) != 0
    return np.asarray((~closed | emergency) & ~contraflow, dtype=np.bool_)


def strong_components(
    *,
    node_count: int,
    edge_tail: Int32Array,
    edge_head: Int32Array,
    edge_flags: UInt32Array,
    edge_curve: Int32Array,
    edge_length_m: Float64Array,
) -> tuple[Int32Array, Float64Array]:
    """Component of each edge, and metres of road in each component.

    Returns
    -------
    edge_component
        (E,) int32; components numbered by falling length (ties: the one with the lower first edge first), -1 for
        edges that are closed by default and for edges from one component to another.
    component_length_m
        (C,) metres, each curve counted once.
    """
    is_open = open_by_default(edge_flags)
    tail, head = edge_tail[is_open], edge_head[is_open]
    links = coo_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(node_count, node_count))
    _, label = connected_components(links.tocsr(), directed=True, connection="strong")
    inside = is_open & (label[edge_tail] == label[edge_head])
    raw = label[edge_tail[inside]]
    kinds, first, compact = np.unique(raw, return_index=True, return_inverse=True)
    _, one_per_curve = np.unique(edge_curve[inside], return_index=True)
    length = np.zeros(len(kinds))
    np.add.at(length, compact[one_per_curve], edge_length_m[inside][one_per_curve])
    order = np.lexsort((first, -length))
    rank = np.empty(len(kinds), dtype=np.int32)
    rank[order] = np.arange(len(kinds), dtype=np.int32)
    component = np.full(len(edge_tail), -1, dtype=np.int32)
    component[inside] = rank[compact]
    return component, length[order]
