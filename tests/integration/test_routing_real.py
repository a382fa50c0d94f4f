"""The routing engine on real roads and on the networks of JEMSS, against networkx with whole histories."""

from __future__ import annotations

import random
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gis.types import Location
from routing.hierarchy import Hierarchy
from routing.metric import Metric
from routing.network import RoadNetwork
from routing.osm_read import read_osm
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import TIE_M, Snapper
from routing.types import MetricKey, RoadStatus, Snap
from tests.networks import jemss_network, node_location
from tests.slow_routing import SlowRouter, SlowSnapper

UNITS = 50
REAL = {
    "cirebon": ("cirebon/cirebon.osm.pbf", 24),
    "malta": ("osm/malta.osm.pbf", 12),
    "monaco": ("osm/monaco.osm.pbf", 24),
    "andorra": ("osm/andorra.osm.pbf", 24),
}
"""File, and how many incidents are asked for."""

OFF_DEG = 0.002


@cache
def real_router(path: Path) -> Router:
    network = read_osm([path]).network
    return Router(network, RoutingSettings(), snapper=Snapper.build(network))


@pytest.fixture(params=REAL)
def real(request: pytest.FixtureRequest, shared_data: Path) -> tuple[Router, int]:
    file, incidents = REAL[request.param]
    return real_router(shared_data / file), incidents


def places(network: RoadNetwork, count: int, seed: int) -> list[Location]:
    """Points about the nodes of a network, some on them, most some way off."""
    dice = random.Random(seed)
    found = []
    for _ in range(count):
        node = dice.randrange(network.node_count)
        away = dice.choice((0.0, 1.0, 1.0, 1.0))
        found.append(
            Location(
                lat=float(network.node_lat[node]) + away * dice.gauss(0.0, OFF_DEG),
                lon=float(network.node_lon[node]) + away * dice.gauss(0.0, OFF_DEG),
            )
        )
    return found


@cache
def hierarchy_of(router: Router) -> Hierarchy:
    return Hierarchy.build(router.network)


def fast_router(router: Router, metric: Metric | None = None) -> Router:
    """The hierarchy's router under a metric, by default that of another router."""
    hierarchy, metric = hierarchy_of(router), metric or router.metric
    assert hierarchy.serves(router.network, metric)
    return Router(router.network, router.settings, snapper=router.snapper, metric=metric, hierarchy=hierarchy)


def shaken(router: Router, seed: int, *, obeys_restrictions: bool) -> Metric:
    """Every edge somewhat slower or quicker, and one of forty closed."""
    dice = np.random.default_rng(seed)
    edge_ms = router.metric.edge_ms
    ms = np.rint(edge_ms * dice.uniform(0.75, 1.5, len(edge_ms))).astype(np.int64)
    ms[(edge_ms < 0) | (dice.random(len(edge_ms)) < 1 / 40)] = -1
    return Metric(
        edge_ms=ms,
        turn_round_ms=router.metric.turn_round_ms,
        obeys_restrictions=obeys_restrictions,
        key=MetricKey(profile="shaken", hour=None, closures=str(seed)),
    )


@pytest.mark.parametrize("obeys_restrictions", [True, False])
def test_the_hierarchy_answers_to_the_millisecond_what_scipy_answers_under_any_metric(real, obeys_restrictions):
    router, _ = real
    network, settings = router.network, router.settings
    metric = shaken(router, 7, obeys_restrictions=obeys_restrictions)
    plain = Router(network, settings, snapper=router.snapper, metric=metric)
    fast = fast_router(router, metric)
    assert (plain.engine, fast.engine) == ("scipy", "hierarchy")
    units, targets = places(network, UNITS, seed=6), places(network, 12, seed=7)
    of_plain, of_fast = plain.pin(units), fast.pin(units)
    reached = 0
    for target in targets:
        answer, expected = fast.answer(target, of_fast), plain.answer(target, of_plain)
        assert answer.access == expected.access
        assert answer.times == expected.times
        assert fast.nearest(target, of_fast, 5) == plain.nearest(target, of_plain, 5)
        reached += int(np.isfinite(answer.driving_ms).sum())
    assert reached > UNITS * len(targets) / 4
    for few in (targets[:3], places(network, UNITS + 20, seed=8)):  # scipy searches from the smaller side
        assert np.array_equal(fast.matrix(of_fast, few).seconds, plain.matrix(of_plain, few).seconds, equal_nan=True)
    some_plain, some_fast = plain.pin(units[:20]), fast.pin(units[:20])
    assert np.array_equal(fast.times_everywhere(some_fast).ms, plain.times_everywhere(some_plain).ms)
    mine, theirs = fast.nearest_everywhere(some_fast), plain.nearest_everywhere(some_plain)
    assert np.array_equal(mine.seconds, theirs.seconds, equal_nan=True)
    assert np.array_equal(mine.origin, theirs.origin)
    for origin, target in zip(units, targets, strict=False):
        route, expected_route = fast.route(origin, target), plain.route(origin, target)
        assert (route is None) == (expected_route is None)
        if route is not None and expected_route is not None:
            assert route.time == expected_route.time
            assert sum(step.seconds for step in route.steps) == pytest.approx(route.time.driving_s)
            assert all(network.edge_head[edge] == network.edge_tail[after] for edge, after in pairwise(route.edges))
            assert (metric.edge_ms[list(route.edges)] >= 0).all()


@pytest.mark.slow
def test_times_on_real_roads_differ_from_a_plain_search_by_nothing(real):
    router, incidents = real
    slow = SlowRouter(router.network, router.metric)
    fast = fast_router(router)
    origins = router.pin(places(router.network, UNITS, seed=1))
    stands = [access.snaps[0] for access in origins.access]
    compared = 0
    for target in places(router.network, incidents, seed=2):
        answer = router.answer(target, origins)
        expected: list[int | None] = [None] * UNITS
        for snap in answer.access.snaps:
            times = slow.times_to(snap, stands)
            expected = [second if first is None else first for first, second in zip(expected, times, strict=True)]
        got = [None if time.driving_s is None else round(time.driving_s * 1000) for time in answer.times]
        assert got == expected
        assert fast.answer(target, origins).times == answer.times
        compared += sum(time is not None for time in expected)
        first_five = sorted((time.total_s, at) for at, time in enumerate(answer.times) if time.total_s is not None)[:5]
        assert router.nearest(target, origins, 5) == [(at, answer.times[at]) for _, at in first_five]
    assert compared > incidents * UNITS / 2


@pytest.mark.slow
def test_routes_on_real_roads_take_their_time_and_obey_restrictions(real):
    router, incidents = real
    network, edge_ms = router.network, router.metric.edge_ms
    offsets = network.restriction_offset.tolist()
    forbidden = {tuple(network.restriction_edges[start:end].tolist()) for start, end in pairwise(offsets)}
    for origin, target in pairwise(places(network, incidents + 1, seed=3)):
        (time,) = router.times_to(target, [origin])
        route = router.route(origin, target)
        assert (route is None) == (time.driving_s is None)
        if route is None:
            continue
        assert route.time == time
        assert (edge_ms[list(route.edges)] >= 0).all()
        assert all(network.edge_head[edge] == network.edge_tail[after] for edge, after in pairwise(route.edges))
        for size in {len(sequence) for sequence in forbidden}:
            driven = zip(*(route.edges[at:] for at in range(size)), strict=False)
            assert not forbidden & set(driven)
        assert sum(step.length_m for step in route.steps) == pytest.approx(route.length_m)
        assert sum(step.seconds for step in route.steps) == pytest.approx(time.driving_s)


def test_snapping_on_real_roads_finds_what_measuring_every_road_finds(real):
    router, incidents = real
    slow = SlowSnapper(router.network)
    is_open = router.metric.is_open
    allowed = router.snapper.allow(is_open)
    for place in places(router.network, incidents // 2, seed=4):
        expected = slow.nearest(place, is_open, tie_m=TIE_M)
        snap = router.snapper.nearest(place, allowed, limit_m=1e9)
        assert expected is not None
        assert snap is not None
        assert snap.distance_m == pytest.approx(expected[1], abs=1e-6)
        assert snap.edge == expected[0]


def test_most_places_of_real_regions_are_connected(real):
    router, _ = real
    statuses = [access.status for access in router.pin(places(router.network, 200, seed=5)).access]
    assert statuses.count(RoadStatus.CONNECTED) > 150
    assert RoadStatus.OFF_NETWORK not in statuses


JEMSS = (
    "end-loop", "grid-3-by-3", "grid-9-by-9", "loop-closed-directed", "loop-closed-undirected", "one-way-road",
    "only-rNodes", "roundabout", "sp-not-on-rArc-only", "sp-on-rArc-only", "sp-simple-choice-1",
    "three-nodes-two-arcs", "two-nodes-one-arc", "two-shared-rArcs",
)  # fmt: skip


@pytest.mark.parametrize("name", JEMSS)
def test_times_on_the_networks_of_jemss_are_those_of_a_plain_search(name, shared_data):
    network = jemss_network(shared_data / "oracles" / "networks" / name).network
    router = Router(network, RoutingSettings(served_component_m=0.0), snapper=Snapper.build(network))
    slow = SlowRouter(network, router.metric)
    nodes = [node_location(network, node) for node in range(network.node_count)]
    middles = [Snap(edge=edge, fraction=0.5, location=nodes[0], distance_m=0.0) for edge in range(network.edge_count)]
    origins = router.pin(nodes)
    stands = [access.snaps[0] for access in origins.access]
    for target in nodes:
        answer = router.answer(target, origins)
        expected = slow.times_to(answer.access.snaps[0], stands)
        assert [None if time.driving_s is None else round(time.driving_s * 1000) for time in answer.times] == expected
    times = router.edge_midpoint_times(origins, np.arange(network.edge_count))
    for edge, middle in enumerate(middles):
        got = [round(seconds * 1000) if seconds == seconds else None for seconds in times.seconds[:, edge].tolist()]
        assert got == slow.times_to(middle, stands)
