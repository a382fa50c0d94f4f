"""The state graph of turn restrictions, against the histories themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import InputError
from routing.turns import TurnGraph, forbidden_sequences
from tests.networks import Road, network_from_edges
from tests.strategies import road_networks

LINE = network_from_edges(
    [(0.0, 0.0), (0.0, 0.01), (0.0, 0.02)], [Road(tail=0, head=1), Road(tail=1, head=2)], [[(0, True), (1, True)]]
)


@given(data=st.data(), built=road_networks())
@settings(max_examples=200, deadline=None)
def test_a_walk_is_permitted_just_when_no_forbidden_sequence_is_in_it(data, built):
    network = built.network
    turns = TurnGraph.build(network)
    forbidden = forbidden_sequences(network)
    leaving = {
        node: list(range(network.edge_offset[node], network.edge_offset[node + 1]))
        for node in range(network.node_count)
    }
    node = data.draw(st.integers(0, network.node_count - 1))
    state, driven = node, ()
    for _ in range(8):
        arcs = np.flatnonzero((turns.arc_source == state) & ~turns.arc_forbidden)
        permitted = {
            edge
            for edge in leaving[node]
            if not any((*driven, edge)[-len(sequence) :] == sequence for sequence in forbidden)
        }
        assert sorted(turns.arc_edge[arcs].tolist()) == sorted(permitted)
        if not permitted:
            return
        edge = data.draw(st.sampled_from(sorted(permitted)))
        (arc,) = arcs[turns.arc_edge[arcs] == edge]
        state, driven, node = int(turns.arc_target[arc]), (*driven, edge), int(network.edge_head[edge])
        assert turns.state_node[state] == node


@given(built=road_networks())
@settings(max_examples=50, deadline=None)
def test_every_arc_is_listed_with_its_edge_and_every_state_with_its_node(built):
    network = built.network
    turns = TurnGraph.build(network)
    assert (np.diff(turns.arc_source) >= 0).all()
    for edge in range(network.edge_count):
        states = turns.arc_source[turns.entry_arc[turns.entry_offset[edge] : turns.entry_offset[edge + 1]]]
        assert states.tolist() == turns.arc_source[turns.arc_edge == edge].tolist()
        assert states[0] == network.edge_tail[edge]
    for node in range(network.node_count):
        states = turns.node_state[turns.node_state_offset[node] : turns.node_state_offset[node + 1]]
        assert states.tolist() == np.flatnonzero(turns.state_node == node).tolist()


def test_a_network_grows_by_one_state_per_beginning_of_a_restriction():
    assert TurnGraph.build(LINE.network).state_count == 3 + 1


def test_a_network_without_restrictions_does_not_grow():
    free = network_from_edges([(0.0, 0.0), (0.0, 0.01)], [Road(tail=0, head=1)])
    assert TurnGraph.build(free.network).state_count == 2


def test_a_restriction_of_one_edge_is_told():
    network = replace(
        LINE.network,
        restriction_offset=np.array([0, 1], dtype=np.int32),
        restriction_edges=np.array([0], dtype=np.int32),
    )
    with pytest.raises(InputError, match="restriction 0 of the road network has fewer than two edges"):
        TurnGraph.build(network)
