"""Vehicle profiles on real roads: what must hold between them, and the plain search as the twin of an exempted one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from routing.metric import Metric
from routing.network import EdgeFlag, RoadNetwork
from routing.openings import exemptions_used
from routing.profile import DEFAULT_PROFILES, Exemption, Profile
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper
from tests.integration.test_routing_real import places, real_router
from tests.slow_routing import SlowRouter

PLAIN = RoutingSettings()
CAR, ENGINE = DEFAULT_PROFILES["light_vehicle"], DEFAULT_PROFILES["fire_engine"]
ALL = frozenset(Exemption)
LARGEST_FOR_THE_SLOW_TWIN = 12_000
FILES = {name: f"osm/{name}.osm.pbf" for name in ("malta", "monaco", "andorra")}


@pytest.fixture(scope="module", params=FILES)
def network(request: pytest.FixtureRequest, shared_data: Path) -> RoadNetwork:
    return real_router(shared_data / FILES[request.param]).network


@pytest.fixture(scope="module")
def snapper(network: RoadNetwork) -> Snapper:
    return Snapper.build(network)


def router_of(network: RoadNetwork, snapper: Snapper, profile: Profile) -> Router:
    return Router(network, PLAIN, snapper=snapper, metric=Metric.build(network, PLAIN, profile=profile))


def test_no_road_is_quicker_for_a_car_as_large_as_a_fire_engine_than_for_a_car(network):
    large = replace(CAR, width_m=ENGINE.width_m, height_m=ENGINE.height_m, weight_t=ENGINE.weight_t)
    small_ms, large_ms = (Metric.build(network, PLAIN, profile=one).edge_ms for one in (CAR, large))
    both = (small_ms >= 0) & (large_ms >= 0)
    assert (small_ms[both] == large_ms[both]).all()
    assert not ((small_ms < 0) & (large_ms >= 0)).any()
    assert ((small_ms >= 0) & (large_ms < 0)).any()


def test_exemptions_open_roads_and_close_none(network):
    usual, exempted = (
        Metric.build(network, PLAIN, profile=replace(CAR, exemptions=rules)).edge_ms for rules in (frozenset(), ALL)
    )
    kept = usual >= 0
    assert (usual[kept] == exempted[kept]).all()
    against = network.is_contraflow
    assert (usual[against] < 0).all()
    assert (exempted[against] >= 0).any()
    assert against.sum() < network.edge_count / 3


def test_what_stands_on_real_roads_is_found(network):
    gates = (network.edge_barrier > 0) & ((network.edge_flags & int(EdgeFlag.BARRIER)) == 0)
    assert gates.any()
    assert (network.edge_surface > 0).any()
    assert (network.edge_length_m[network.edge_barrier > 0] == 0).all()


@pytest.mark.slow
def test_times_of_an_exempted_vehicle_are_those_of_a_plain_search_and_never_longer(network, snapper):
    if network.node_count > LARGEST_FOR_THE_SLOW_TWIN:
        pytest.skip("the plain search takes its time here; the smaller networks show the same")
    lawless = replace(CAR, exemptions=ALL)
    lawful, free = router_of(network, snapper, CAR), router_of(network, snapper, lawless)
    slow = SlowRouter(network, free.metric)
    origins = places(network, 12, seed=7)
    pinned = free.pin(origins)
    stands = [access.snaps[0] for access in pinned.access if access.snaps]
    assert len(stands) == len(origins)
    sooner = used = 0
    for target in places(network, 4, seed=8):
        answer = free.answer(target, pinned)
        expected: list[int | None] = [None] * len(origins)
        for snap in answer.access.snaps:
            times = slow.times_to(snap, stands)
            expected = [second if first is None else first for first, second in zip(expected, times, strict=True)]
        got = [None if time.driving_s is None else round(time.driving_s * 1000) for time in answer.times]
        assert got == expected
        for origin, time, usual in zip(origins, answer.times, lawful.times_to(target, origins), strict=True):
            if None in (time.total_s, usual.total_s):
                continue
            sooner += time.total_s < usual.total_s
            route = free.route(origin, target)
            named = exemptions_used(network, lawless, route.edges)
            used += bool(named)
            legs = free.metric.edge_ms[list(route.edges)]
            assert (legs >= 0).all()
            if not named:  # a way that breaks no rule is open to everybody
                assert (lawful.metric.edge_ms[list(route.edges)] == legs).all()
    assert used
    assert sooner


def test_a_motorcycle_goes_where_a_car_does_not_and_keeps_off_motorways(network):
    motorcycle = Metric.build(network, PLAIN, profile="motorcycle").is_open
    car = Metric.build(network, PLAIN, profile="light_vehicle").is_open
    allowed = (network.edge_flags & np.uint32(EdgeFlag.MOTORCYCLE)) != 0
    assert (motorcycle[allowed & ~car] | network.is_contraflow[allowed & ~car]).mean() > 0.5 or not allowed.any()
    assert not (motorcycle & (network.edge_class < 2)).any()
