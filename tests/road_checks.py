"""What must hold of every road network, however it was made."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from gis.geodesy import distance_m
from routing.network import ROAD_CLASSES, EdgeFlag, RoadNetwork


def check_network(network: RoadNetwork, *, length_tolerance: float = 1e-9) -> None:
    """Fail unless rows, twins, curves, restrictions and components fit together; lengths to a relative tolerance."""
    nodes, edges, curves = network.node_count, network.edge_count, len(network.curve_offset) - 1

    # compressed rows
    assert network.edge_offset[0] == 0
    assert network.edge_offset[-1] == edges
    assert (np.diff(network.edge_offset) >= 0).all()
    assert np.array_equal(np.repeat(np.arange(nodes), np.diff(network.edge_offset)), network.edge_tail)
    order = np.lexsort(
        (
            1 - network.edge_forward.astype(int),
            network.edge_curve,
            network.edge_way_id,
            network.edge_head,
            network.edge_tail,
        )
    )
    assert np.array_equal(order, np.arange(edges))
    assert ((network.edge_head >= 0) & (network.edge_head < nodes)).all()
    assert len(np.unique(network.node_osm_id)) == nodes
    assert (np.bincount(np.concatenate([network.edge_tail, network.edge_head]), minlength=nodes) > 0).all()

    # twins
    twin = network.edge_reverse
    has = np.flatnonzero(twin >= 0)
    assert np.array_equal(twin[twin[has]], has)
    assert np.array_equal(network.edge_tail[twin[has]], network.edge_head[has])
    assert np.array_equal(network.edge_head[twin[has]], network.edge_tail[has])
    assert np.array_equal(network.edge_curve[twin[has]], network.edge_curve[has])
    assert (network.edge_forward[twin[has]] != network.edge_forward[has]).all()
    one_way = (network.edge_flags & int(EdgeFlag.ONEWAY)) != 0
    against = network.is_contraflow
    assert (against <= (twin >= 0)).all()
    assert np.array_equal(one_way, ~against & ((twin < 0) | against[twin]))
    assert np.array_equal(one_way[twin[against]], np.ones(against.sum(), dtype=bool))
    assert np.array_equal(np.bincount(network.edge_curve[network.is_first_of_curve], minlength=curves), np.ones(curves))
    assert not (against & network.is_first_of_curve).any()

    # curves
    assert set(network.edge_curve.tolist()) == set(range(curves))
    assert network.curve_offset[-1] == len(network.curve_lat) == len(network.curve_lon)
    assert (np.diff(network.curve_offset) >= 2).all()
    for edge in range(edges):
        lat, lon = network.edge_points(edge)
        tail, head = network.edge_tail[edge], network.edge_head[edge]
        assert (lat[0], lon[0]) == (network.node_lat[tail], network.node_lon[tail])
        assert (lat[-1], lon[-1]) == (network.node_lat[head], network.node_lon[head])
        length = float(distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:]).sum())
        assert abs(length - network.edge_length_m[edge]) <= 1e-6 + length_tolerance * length

    # facts
    assert (network.edge_class < len(ROAD_CLASSES)).all()
    assert np.isnan(network.edge_maxspeed_kph[~(network.edge_maxspeed_kph > 0)]).all()
    barrier = network.edge_class == ROAD_CLASSES.index("barrier")
    assert np.array_equal(barrier, network.edge_barrier > 0)
    assert (((network.edge_flags & int(EdgeFlag.BARRIER)) != 0) <= barrier).all()
    assert (network.edge_length_m[barrier] == 0).all()
    assert (twin[barrier] >= 0).all()
    assert network.names[0] == ""
    assert len(set(network.names)) == len(network.names)
    assert ((network.edge_name >= 0) & (network.edge_name < len(network.names))).all()

    # restrictions: chains of edges, each said once
    offset = network.restriction_offset
    assert offset[0] == 0
    assert offset[-1] == len(network.restriction_edges)
    sequences = [tuple(network.restriction_edges[a:b].tolist()) for a, b in pairwise(offset)]
    assert len(set(sequences)) == len(sequences)
    for sequence in sequences:
        assert len(sequence) >= 2
        for before, after in pairwise(sequence):
            assert network.edge_head[before] == network.edge_tail[after]

    # components
    assert (np.diff(network.component_length_m) <= 1e-6).all()
    assert network.edge_component.max(initial=-1) == len(network.component_length_m) - 1
