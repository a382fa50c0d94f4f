from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from routing.components import open_by_default, strong_components
from routing.network import EdgeFlag

CLOSED = EdgeFlag.PRIVATE, EdgeFlag.NO_ACCESS, EdgeFlag.BARRIER


def test_closed_edges_are_open_to_emergencies_where_a_tag_says_so():
    flags = np.array([0, *CLOSED, *(flag | EdgeFlag.EMERGENCY for flag in CLOSED), EdgeFlag.DESTINATION], np.uint32)
    assert open_by_default(flags).tolist() == [True, False, False, False, True, True, True, True]


def components(node_count, edges, flags=None, lengths=None):
    tail, head = (np.array(column, dtype=np.int32) for column in zip(*edges, strict=True))
    return strong_components(
        node_count=node_count,
        edge_tail=tail,
        edge_head=head,
        edge_flags=np.array(flags if flags else [0] * len(edges), dtype=np.uint32),
        edge_curve=np.arange(len(edges), dtype=np.int32),
        edge_length_m=np.array(lengths if lengths else [1.0] * len(edges)),
    )


def test_components_are_numbered_by_falling_length():
    component, length = components(4, [(0, 1), (1, 0), (2, 3), (3, 2)], lengths=[1, 1, 5, 5])
    assert component.tolist() == [1, 1, 0, 0]
    assert length.tolist() == [10, 2]


def test_of_components_of_one_length_the_one_with_the_first_edge_comes_first():
    component, _ = components(4, [(0, 1), (1, 0), (2, 3), (3, 2)])
    assert component.tolist() == [0, 0, 1, 1]


def test_an_edge_between_components_and_a_closed_edge_have_none():
    component, length = components(
        4, [(0, 1), (1, 0), (1, 2), (2, 3), (3, 2), (2, 1)], [0, 0, 0, 0, 0, EdgeFlag.PRIVATE]
    )
    assert component.tolist() == [0, 0, -1, 1, 1, -1]
    assert length.tolist() == [2, 2]


def test_both_directions_of_a_road_count_once():
    _, length = strong_components(
        node_count=2,
        edge_tail=np.array([0, 1], np.int32),
        edge_head=np.array([1, 0], np.int32),
        edge_flags=np.zeros(2, np.uint32),
        edge_curve=np.zeros(2, np.int32),
        edge_length_m=np.array([7.0, 7.0]),
    )
    assert length.tolist() == [7]


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.booleans()), min_size=1, max_size=30))
def test_components_are_those_of_networkx(drawn):
    edges = [(tail, head) for tail, head, _ in drawn]
    component, length = components(8, edges, [int(EdgeFlag.NO_ACCESS) if shut else 0 for *_, shut in drawn])
    graph = nx.DiGraph()
    graph.add_nodes_from(range(8))
    graph.add_edges_from((tail, head) for tail, head, shut in drawn if not shut)
    piece = {node: number for number, nodes in enumerate(nx.strongly_connected_components(graph)) for node in nodes}
    for (tail, head, shut), number in zip(drawn, component.tolist(), strict=True):
        assert (number >= 0) == (not shut and piece[tail] == piece[head])
    inside = [(piece[tail], number) for (tail, _), number in zip(edges, component.tolist(), strict=True) if number >= 0]
    assert len({number for _, number in inside}) == len({name for name, _ in inside}) == len(set(inside)) == len(length)
