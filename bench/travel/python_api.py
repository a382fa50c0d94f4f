"""What our own Python API takes, with snapping, restrictions and turning round: what a server does for a question."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.travel.engines import Roads
from bench.travel.measure import INCIDENTS, MOST_RUNS, SEED, UNITS, Figure, figure, timed
from gis.boundaries import BoundaryIndex
from gis.boundary_import import read_boundaries
from gis.types import Location
from routing.hierarchy import Hierarchy
from routing.kernels import warm_kernels
from routing.network import RoadNetwork
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper

OFF_DEG = 0.001
POINTS = 1_000_000
MINUTES = (5, 10, 15, 20)
SNAPPED = 1000

API, MOVE, SNAP, ISOCHRONE, POINTS_IN_VILLAGES = "api", "move", "snap", "isochrone", "villages"

OURS = "siaga112"


def api_figures(roads: Roads, patience_s: float) -> list[Figure]:
    """Rank with snapping, moving one unit, snapping alone, and isochrones of four limits, on one network."""
    network, settings = roads.network, RoutingSettings()
    warm_kernels(lambda _: None)  # as a server does before its first question
    router = Router(network, settings, snapper=Snapper.build(network), hierarchy=Hierarchy.build(network, settings))
    plain = Router(network, settings, snapper=router.snapper)
    dice = random.Random(SEED)
    units = [place_near(network, dice) for _ in range(UNITS)]
    incidents = [place_near(network, dice) for _ in range(INCIDENTS)]
    pinned, plainly = router.pin(units), plain.pin(units)
    for incident in incidents[:3]:
        same = np.array_equal(router.answer(incident, pinned).seconds, plain.answer(incident, plainly).seconds)
        assert same, "the two engines differ through the Python API"
    part_s = patience_s / 2
    moved = [(number % UNITS, place) for number, place in enumerate(incidents)]
    snapped = [place_near(network, dice) for _ in range(SNAPPED)]
    limit_m = settings.snap_limit_m
    figures = [
        figure(roads, API, OURS, timed(lambda at: router.answer(at, pinned).seconds, incidents, part_s)),
        figure(
            roads, API, "siaga112, plain", timed(lambda at: plain.answer(at, plainly).seconds, incidents[:50], part_s)
        ),
        figure(roads, MOVE, OURS, timed(lambda move: router.moved(pinned, *move), moved, part_s)),
        figure(roads, SNAP, OURS, timed(lambda at: router.snapper.nearest(at, limit_m=limit_m), snapped, part_s)),
    ]
    if hasattr(router, "isochrone"):
        limits = [60.0 * minutes for minutes in MINUTES]
        asked = [[incident] for incident in incidents[: 3 * MOST_RUNS]]
        figures.append(figure(roads, ISOCHRONE, OURS, timed(lambda at: router.isochrone(at, limits), asked, part_s)))
    else:
        figures.append(figure(roads, ISOCHRONE, OURS, "the router has no isochrones"))
    return figures


def village_figures(files: Sequence[Path], points: int) -> list[Figure]:
    """So many points, spread over the box of all villages, to the village of each."""
    index = BoundaryIndex.build(read_boundaries(files))
    box, dice = index.bounds, np.random.default_rng(SEED)
    lat, lon = dice.uniform(box.south, box.north, points), dice.uniform(box.west, box.east, points)
    times = timed(lambda _: index.villages_of(lat, lon), range(4), 10.0)
    return [
        Figure(
            network="cirebon",
            nodes=len(index.villages),
            question=POINTS_IN_VILLAGES,
            engine=OURS,
            median_s=float(np.median(times)),
            least_s=min(times),
            runs=len(times),
            note=f"{points:,} points",
        )
    ]


def place_near(network: RoadNetwork, dice: random.Random) -> Location:
    """A place some way off a node."""
    node = dice.randrange(network.node_count)
    return Location(
        lat=float(network.node_lat[node]) + dice.gauss(0.0, OFF_DEG),
        lon=float(network.node_lon[node]) + dice.gauss(0.0, OFF_DEG),
    )
