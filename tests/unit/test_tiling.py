"""Large networks made from small ones: nothing is lost, nothing falls apart, and every array is still in step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.travel.tiling import every_point_a_node, largest_component, tiled
from routing.metric import Metric
from routing.network import DEGREE, RoadNetwork
from routing.settings import RoutingSettings
from tests.networks import Road, network_from_edges

BENDS = ((0.001, 0.002), (0.003, 0.001), (0.002, 0.003))


def small_network(*, oneway: bool = False, bends: int = 2) -> RoadNetwork:
    """A triangle of bent roads, and a road apart from it."""
    points = [(0.0, 0.0), (0.0, 0.01), (0.01, 0.005), (0.05, 0.05), (0.05, 0.06)]
    roads = [
        Road(tail=0, head=1, oneway=oneway, via=BENDS[:bends]),
        Road(tail=1, head=2, road_class="primary"),
        Road(tail=2, head=0, via=BENDS[:1]),
        Road(tail=3, head=4),
    ]
    return network_from_edges(points, roads).network


def largest_of(network: RoadNetwork) -> RoadNetwork:
    return largest_component(network, Metric.build(network, RoutingSettings()).is_open)


def check_arrays(network: RoadNetwork) -> None:
    """Twins are twins of one another, edges are sorted, and every edge begins and ends where its curve does."""
    twin = network.edge_reverse
    has = np.flatnonzero(twin >= 0)
    assert np.array_equal(twin[twin[has]], has)
    assert np.array_equal(network.edge_tail[twin[has]], network.edge_head[has])
    assert np.array_equal(network.edge_curve[twin[has]], network.edge_curve[has])
    assert (np.diff(network.edge_tail) >= 0).all()
    assert np.array_equal(np.diff(network.edge_offset), np.bincount(network.edge_tail, minlength=network.node_count))
    start, end = network.curve_offset[network.edge_curve], network.curve_offset[network.edge_curve + 1] - 1
    forward = network.edge_forward == 1
    for node, point in (
        (network.edge_tail, np.where(forward, start, end)),
        (network.edge_head, np.where(forward, end, start)),
    ):
        assert np.allclose(network.node_lat[node], network.curve_lat[point] * DEGREE, atol=1e-9)
        assert np.allclose(network.node_lon[node], network.curve_lon[point] * DEGREE, atol=1e-9)


def test_the_largest_component_is_all_that_is_left():
    network = largest_of(small_network())
    assert network.node_count == 3
    assert network.edge_count == 6
    check_arrays(network)


def test_what_is_closed_and_what_it_cuts_off_is_not_in_the_largest_component():
    network = small_network()
    closed = np.isin(network.edge_head, [2]) | np.isin(network.edge_tail, [2])
    left = largest_component(network, ~closed)
    assert left.node_count == 2
    assert left.edge_count == 2
    assert np.allclose(left.node_lon, [0.0, 0.01])
    check_arrays(left)


@given(oneway=st.booleans(), bends=st.integers(0, 3))
def test_a_node_at_every_point_changes_no_length_and_no_direction(oneway, bends):
    network = largest_of(small_network(oneway=oneway, bends=bends))
    fine = every_point_a_node(network)
    check_arrays(fine)
    assert fine.node_count == network.node_count + bends + 1
    assert fine.edge_length_m.sum() == pytest.approx(network.edge_length_m.sum())
    assert len(fine.component_length_m) == 1
    assert np.bincount(fine.edge_class).tolist()[: fine.edge_class.min()] == [0] * int(fine.edge_class.min())
    assert (fine.edge_reverse < 0).sum() == ((network.edge_reverse < 0) * (bends + 1)).sum()


@given(rows=st.integers(1, 3), columns=st.integers(1, 3), oneway=st.booleans())
def test_tiles_hold_together_and_each_is_the_original(rows, columns, oneway):
    network = largest_of(small_network(oneway=oneway))
    whole = tiled(network, rows, columns)
    check_arrays(whole)
    assert whole.node_count == rows * columns * network.node_count
    assert len(whole.component_length_m) == 1
    links = (whole.edge_count - rows * columns * network.edge_count) // 2
    assert (links > 0) == (rows * columns > 1)
    metric = Metric.build(whole, RoutingSettings())
    assert (metric.edge_ms >= 0).all()
    again = tiled(network, rows, columns)
    assert np.array_equal(again.edge_head, whole.edge_head)
    assert np.array_equal(again.curve_lat, whole.curve_lat)


def test_restrictions_are_never_dropped_silently():
    points = [(0.0, 0.0), (0.0, 0.01), (0.01, 0.01)]
    restricted = network_from_edges(points, [Road(tail=0, head=1), Road(tail=1, head=2)], [[(0, True), (1, True)]])
    with pytest.raises(ValueError, match="restrictions"):
        every_point_a_node(restricted.network)
