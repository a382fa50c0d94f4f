"""The neighbours that states get when all below them are taken away, and the tree which that makes.

Taking a state away joins all its higher neighbours to each other. What joins two states in the end is the topology of
a contraction hierarchy that suits every metric (Dibbelt, Strasser and Wagner 2016): customization puts times on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from routing.network import Float64Array, Int32Array, Int64Array
from routing.turns import TurnGraph

MOST_NEIGHBOURS = 2**30
"""Pairs of neighbours that int32 can number twice."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Elimination:
    """The states of a turn graph by rank (0 is taken away first), M pairs of neighbours.

    All ranks below one in the tree stand right before it.

    Attributes
    ----------
    order, rank
        (S,) the state of each rank, and the rank of each state.
    up_offset, up_head
        Ragged: ranks of the higher neighbours of each rank, falling: from the root of the tree down.
    parent
        (S,) the lowest higher neighbour, or -1: all higher neighbours of a rank are among its parent, its parent's and
        so on.
    depth
        (S,) how many parents a rank has above it.
    arc_slot
        (A,) twice the place in `up_head` of each arc, one more where it leads down; -1 where it leads nowhere.
    """

    order: Int32Array
    rank: Int32Array
    up_offset: Int64Array
    up_head: Int32Array
    parent: Int32Array
    depth: Int32Array
    arc_slot: Int32Array

    @classmethod
    def build(cls, turns: TurnGraph, lat: Float64Array, lon: Float64Array) -> Elimination:
        """Order the states and take them away.

        Parameters
        ----------
        turns
            The states.
        lat, lon
            (N,) degrees of the nodes.
        """
        from routing.dissection import dissection_order
        from routing.elimination_kernels import depths, eliminate, neighbours, postorder, renumbered, slots_of_arcs

        offset, head = neighbours(turns.state_count, turns.arc_source, turns.arc_target)
        order = dissection_order(offset, head, lat[turns.state_node], lon[turns.state_node])
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order), dtype=np.int32)
        found = eliminate(offset, head, order, rank)
        number = postorder(found[2])
        up_offset, up_head, parent = renumbered(*found, number)
        order[number] = order.copy()
        rank[order] = np.arange(len(order), dtype=np.int32)
        if len(up_head) >= MOST_NEIGHBOURS:
            raise MemoryError(f"a hierarchy of {len(up_head):,} pairs of neighbours is more than can be numbered")
        return cls(
            order=order,
            rank=rank,
            up_offset=up_offset,
            up_head=up_head,
            parent=parent,
            depth=depths(parent),
            arc_slot=slots_of_arcs(up_offset, up_head, rank, turns.arc_source, turns.arc_target),
        )
