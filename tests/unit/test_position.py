"""One point on the roads is what it is among many."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.types import Location
from routing.metric import Metric
from routing.position import Positions
from routing.settings import RoutingSettings
from routing.turns import TurnGraph
from routing.types import Snap
from tests.strategies import road_networks

SHARES = st.sampled_from((0.0, 0.5, 1.0)) | st.floats(0, 1)


@given(data=st.data(), built=road_networks())
@settings(max_examples=150, deadline=None)
def test_a_single_point_is_left_and_reached_as_among_many(data, built):
    network = built.network
    edges = st.integers(0, network.edge_count - 1)
    closures = data.draw(st.lists(edges, max_size=3))
    metric = Metric.build(network, RoutingSettings(), closures=closures)
    metric = replace(metric, obeys_restrictions=data.draw(st.booleans()))
    turns = TurnGraph.build(network, data.draw(st.lists(edges, max_size=3)))
    nowhere = Location(lat=0.0, lon=0.0)
    snaps = [
        Snap(edge=data.draw(edges), fraction=data.draw(SHARES), location=nowhere, distance_m=0.0) for _ in range(2)
    ]
    many = Positions.of_snaps(snaps, network, turns, metric)
    together = many.arrivals()
    for number, snap in enumerate(snaps):
        one = Positions.of_snap(snap, network, turns, metric)
        for field in fields(one):
            mine, theirs = getattr(one, field.name), getattr(many, field.name)
            if isinstance(mine, np.ndarray):
                assert mine.dtype == theirs.dtype
                assert np.array_equal(mine[0], theirs[number])
        alone, among = one.arrivals(), together.part(number, number + 1)
        assert np.array_equal(alone.offset, among.offset)
        assert np.array_equal(alone.state, among.state)
        assert np.array_equal(alone.ms, among.ms)
