"""The published networks of JEMSS with their corner cases: what its own tests assert, and what its notes say.

JEMSS asserts that the time between every two nodes, for every travel mode of a file, is that of Dijkstra's algorithm
over the arcs of the file. Here a plain relaxation over those arcs, read anew from the CSV, stands in for it; both
engines are held to it, to the millisecond.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from routing.network import RoadNetwork
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper
from tests.networks import MS_PER_HOUR, jemss_network, node_location

SETTINGS = RoutingSettings(served_component_m=0.0, turn_round_s=0.0)
"""JEMSS turns round for nothing and serves every road."""

MODES = {
    "end-loop": 2, "grid-3-by-3": 2, "grid-9-by-9": 2, "loop-closed-directed": 2, "loop-closed-undirected": 2,
    "one-way-road": 1, "only-rNodes": 1, "roundabout": 1, "sp-not-on-rArc-only": 1, "sp-on-rArc-only": 1,
    "sp-simple-choice-1": 2, "three-nodes-two-arcs": 1, "two-nodes-one-arc": 1, "two-shared-rArcs": 3,
}  # fmt: skip
"""Every network, and how many travel modes it has."""

CASES = [(name, mode) for name, modes in MODES.items() for mode in range(1, modes + 1)]


def relaxed_ms(folder: Path, mode: int) -> npt.NDArray[np.float64]:
    """(N, N) milliseconds between the nodes of a network, by relaxing every arc until nothing changes."""
    rows = [line.split(",") for line in (folder / "arcs.csv").read_text(encoding="utf-8-sig").splitlines()]
    directed = rows[2][0].strip() == "directed"
    start = next(at for at, row in enumerate(rows) if row[0] == "arcs") + 1
    nodes = [row[0] for row in csv.reader((folder / "nodes.csv").open(encoding="utf-8-sig")) if row[0].isdigit()]
    arcs = [(nodes.index(row[1]), nodes.index(row[2]), float(row[2 + mode])) for row in rows[start + 1 :] if row[0]]
    times = np.full((len(nodes), len(nodes)), np.inf)
    np.fill_diagonal(times, 0.0)
    for _ in nodes:
        for tail, head, hours in arcs:
            ms = round(hours * MS_PER_HOUR)
            times[:, head] = np.minimum(times[:, head], times[:, tail] + ms)
            if not directed:
                times[:, tail] = np.minimum(times[:, tail], times[:, head] + ms)
    return times


def router_of(network: RoadNetwork, engine: str) -> Router:
    snapper = Snapper.build(network)
    if engine == "scipy":
        return Router(network, SETTINGS, snapper=snapper)
    from routing.hierarchy import Hierarchy

    return Router(network, SETTINGS, snapper=snapper, hierarchy=Hierarchy.build(network, SETTINGS))


@pytest.mark.parametrize("engine", ["scipy", "hierarchy"])
@pytest.mark.parametrize(("name", "mode"), CASES)
def test_times_between_all_nodes_are_the_published_ones_in_every_travel_mode(name, mode, engine, shared_data):
    folder = shared_data / "oracles" / "networks" / name
    network = jemss_network(folder, mode=mode, on_circle=True).network
    router = router_of(network, engine)
    assert router.engine == engine
    places = [node_location(network, node) for node in range(network.node_count)]
    pinned = router.pin(places)
    expected = relaxed_ms(folder, mode)
    got = np.array([[time.driving_s for time in router.times_to(place, pinned)] for place in places], dtype=float).T
    assert np.array_equal(np.rint(np.where(np.isnan(got), np.inf, got) * 1000), expected)
    seconds = router.matrix(pinned, places).seconds
    assert np.array_equal(np.rint(np.where(np.isnan(seconds), np.inf, seconds) * 1000), expected)


NOTES = {
    # "The shortest path goes 5-2-3-6", not along the arc from 5 to 6.
    "sp-not-on-rArc-only": ((5, 2, 3, 6), 6.0),
    # "The shortest path from node 5 to 6 is direct, which is along part of an rArc."
    "sp-on-rArc-only": ((5, 6), None),
    # "Nodes 1 and 3 are connected only by directed arc 5, mimicking a one-way road": from 3 to 1 the way leads over 2.
    "one-way-road": ((3, 2, 1), 2.0),
}
"""Nodes on the way, counted from 1 as JEMSS does, and its hours where the note implies them."""


@pytest.mark.parametrize("engine", ["scipy", "hierarchy"])
@pytest.mark.parametrize("name", NOTES)
def test_routes_go_where_the_notes_of_the_networks_say(name, engine, shared_data):
    nodes, hours = NOTES[name]
    network = jemss_network(shared_data / "oracles" / "networks" / name, on_circle=True).network
    router = router_of(network, engine)
    route = router.route(node_location(network, nodes[0] - 1), node_location(network, nodes[-1] - 1))
    assert route is not None
    driven = [int(network.edge_tail[route.edges[0]]), *(int(network.edge_head[edge]) for edge in route.edges)]
    assert [node + 1 for node in driven] == list(nodes)
    if hours is not None:
        assert route.time.driving_s == hours * 3600


@pytest.mark.parametrize("engine", ["scipy", "hierarchy"])
def test_a_choice_of_two_equal_ways_is_one_of_them_and_takes_their_time(engine, shared_data):
    folder = shared_data / "oracles" / "networks" / "sp-simple-choice-1"
    network = jemss_network(folder, on_circle=True).network
    router = router_of(network, engine)
    route = router.route(node_location(network, 1), node_location(network, 3))
    assert route is not None
    driven = [int(network.edge_head[edge]) + 1 for edge in route.edges]
    assert driven in ([4], [3, 4])
    assert route.time.driving_s == relaxed_ms(folder, 1)[1, 3] / 1000
