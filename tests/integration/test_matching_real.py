"""Map matching on real roads: what was driven is found again from noisy positions."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from gis.types import Location
from routing.matching import Matcher
from routing.matching_types import MatchSettings
from routing.osm_read import read_osm
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper
from tests.driven_trips import Drive, drive, driven_metres, route_stretches, trace_of

TRIPS = 4
FILES = {"cirebon": "cirebon/cirebon.osm.pbf", "malta": "osm/malta.osm.pbf"}


@cache
def real_router(path: Path) -> Router:
    network = read_osm([path]).network
    return Router(network, RoutingSettings(), snapper=Snapper.build(network))


def drives(router: Router, count: int, seed: int) -> list[Drive]:
    """Trips of two to ten minutes by the quickest way, a fifth slower than the metric has it."""
    dice = random.Random(seed)
    network, ms = router.network, router.metric.edge_ms
    found: list[Drive] = []

    def slower(edge: int, share: float) -> float:
        return 1.2 * share * float(ms[edge]) / 1000.0

    while len(found) < count:
        ends = [dice.randrange(network.node_count) for _ in range(2)]
        places = [Location(lat=float(network.node_lat[one]), lon=float(network.node_lon[one])) for one in ends]
        route = router.route(*places)
        if route is not None and 120.0 < (route.time.driving_s or 0.0) < 600.0:
            found.append(drive(route_stretches(route, network), slower))
    return found


@pytest.mark.parametrize("region", FILES)
@pytest.mark.parametrize(
    ("every_s", "sigma_m", "share", "wrong"),
    [(10.0, 0.0, 0.99, 0.01), (10.0, 8.0, 0.97, 0.03), (45.0, 15.0, 0.94, 0.06)],
)
def test_noisy_positions_lead_back_to_the_roads_driven(
    region: str, every_s: float, sigma_m: float, share: float, wrong: float, shared_data: Path
) -> None:
    """By metres, over all trips: how much of the truth is found, and how much is found that was not driven."""
    router = real_router(shared_data / FILES[region])
    matcher = Matcher(router.network, router.snapper, router.metric)
    dice = random.Random(5)
    truth_m, found_m, false_m = 0.0, 0.0, 0.0
    for one in drives(router, TRIPS, seed=4):
        trace = trace_of(
            one,
            router.network,
            router.snapper,
            every_s=every_s,
            sigma_m=sigma_m,
            accuracy_m=1.51 * sigma_m or None,
            dice=dice,
        )
        matched = matcher.match(trace)
        truth = driven_metres(router.network, one.stretches)
        visits = [visit for piece in matched.pieces for visit in piece.visits]
        found = driven_metres(router.network, [(visit.edge, visit.start, visit.end) for visit in visits])
        truth_m += sum(truth.values())
        found_m += sum(min(metres, found.get(edge, 0.0)) for edge, metres in truth.items())
        false_m += sum(max(0.0, metres - truth.get(edge, 0.0)) for edge, metres in found.items())
        assert matched.matched_share > 0.9
    assert found_m >= share * truth_m
    assert false_m <= wrong * truth_m


def test_positions_without_noise_give_exactly_the_edges_driven(shared_data: Path) -> None:
    router = real_router(shared_data / FILES["malta"])
    matcher = Matcher(router.network, router.snapper, router.metric, MatchSettings(sigma_m=1.0))
    exact = 0
    trips = drives(router, TRIPS, seed=6)
    for one in trips:
        matched = matcher.match(trace_of(one, router.network, router.snapper, every_s=3.0))
        lengths = np.asarray(router.network.edge_length_m)
        # An edge of which less was driven than the thinning tells apart may be missing at either end.
        driven = [edge for edge, start, end in one.stretches if (end - start) * lengths[edge] > 3.0]
        visits = [
            visit.edge
            for piece in matched.pieces
            for visit in piece.visits
            if (visit.end - visit.start) * lengths[visit.edge] > 3.0
        ]
        exact += visits == driven
    assert exact == len(trips)
