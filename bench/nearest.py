"""Latency of the k nearest units against networkx, scipy and igraph, and the largest difference between the answers.

The peers turn round for nothing, and so do we where our answers are held to theirs; that a search which charges every
turn gives our times too is shown by the tests.

Run `python -m bench.nearest` from the repository's root, with the real data beside the repository, or name an
OpenStreetMap file with `--osm`. The exit status is 1 when any answer differs.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from gis.types import Location
from routing.network import RoadNetwork
from routing.osm_read import read_osm
from routing.router import Router
from routing.router_answers import PinnedOrigins
from routing.settings import RoutingSettings
from routing.snap import Snapper
from routing.types import Snap
from tests.slow_routing import SlowRouter, State

CIREBON = Path(__file__).resolve().parents[2] / "shared" / "data" / "cirebon" / "cirebon.osm.pbf"
SEED = 112
OFF_DEG = 0.001
"""Standard deviation of units and incidents about nodes of the network."""

WARM_UP = 5
SLOW_INCIDENTS = 20
"""Incidents put to the slow peers."""

Totals = list[int | None]
T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; 1 when an answer differs."""
    options = _options(arguments)
    network = read_osm([options.osm]).network
    started = time.perf_counter()
    snapper = Snapper.build(network)
    built = time.perf_counter()
    router = Router(network, RoutingSettings(), snapper=snapper)
    print(f"{options.osm.name}: {network.node_count:,} nodes, {network.edge_count:,} edges")
    print(f"snapping grid {1e3 * (built - started):.0f} ms, router {1e3 * (time.perf_counter() - built):.0f} ms")
    dice = random.Random(SEED)
    origins = router.pin([_place(network, dice) for _ in range(options.units)])
    incidents = [_place(network, dice) for _ in range(options.incidents)]
    for incident in incidents[:WARM_UP]:
        router.nearest(incident, origins, options.k)

    print(f"{options.k} nearest of {options.units} units, ms        median      p95      max")
    ours, answers = _timed(incidents, lambda at: router.nearest(at, origins, options.k))
    _report("Siaga112, nearest k", ours, ours)
    full, totals = _timed(incidents, lambda at: _totals_ms(router, at, origins))
    _report("Siaga112, all units (scipy, full)", full, ours)
    difference = max(
        (_difference(_first(total, options.k), [_ms(t.total_s) for _, t in answer])
         for total, answer in zip(totals, answers, strict=True)), default=0
    )  # fmt: skip

    # The peers know no time of turning round; with it their graphs would be ten times as large.
    router = Router(network, RoutingSettings(turn_round_s=0.0), snapper=snapper)
    origins = router.pin(origins.locations)
    totals = [_totals_ms(router, incident, origins) for incident in incidents[:SLOW_INCIDENTS]]
    slow = SlowRouter(network, router.metric)
    few = incidents[:SLOW_INCIDENTS]
    networkx_times, networkx_totals = _timed(few, lambda at: _slow_totals_ms(slow.times_to, router, at, origins))
    _report("networkx, one reverse search", networkx_times, ours)
    difference = max(difference, _largest(networkx_totals, totals))
    if importlib.util.find_spec("igraph"):
        search = _igraph_search(slow)
        igraph_times, igraph_totals = _timed(few, lambda at: _slow_totals_ms(search, router, at, origins))
        _report("igraph, one reverse search", igraph_times, ours)
        difference = max(difference, _largest(igraph_totals, totals))
    else:
        print("igraph is not installed: not compared (pip install igraph)")
    print(f"largest difference between the answers: {difference} ms")
    return 1 if difference else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--osm", type=Path, default=CIREBON, help="OpenStreetMap file (default: Cirebon)")
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--incidents", type=int, default=200)
    parser.add_argument("-k", type=int, default=5)
    options = parser.parse_args(arguments)
    if not options.osm.is_file():
        parser.error(f"{options.osm} is not a file; name an OpenStreetMap file with --osm")
    return options


def _place(network: RoadNetwork, dice: random.Random) -> Location:
    node = dice.randrange(network.node_count)
    return Location(
        lat=float(network.node_lat[node]) + dice.gauss(0.0, OFF_DEG),
        lon=float(network.node_lon[node]) + dice.gauss(0.0, OFF_DEG),
    )


def _timed(incidents: Sequence[Location], ask: Callable[[Location], T]) -> tuple[list[float], list[T]]:
    times, answers = [], []
    for incident in incidents:
        started = time.perf_counter()
        answers.append(ask(incident))
        times.append(1e3 * (time.perf_counter() - started))
    return times, answers


def _report(label: str, times: list[float], ours: list[float]) -> None:
    median, p95 = np.median(times), np.percentile(times, 95)
    print(f"{label:36} {median:8.2f} {p95:8.2f} {max(times):8.2f}   {median / np.median(ours):6.1f} x")


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _totals_ms(router: Router, incident: Location, origins: PinnedOrigins) -> Totals:
    return [_ms(time.total_s) for time in router.times_to(incident, origins)]


def _slow_totals_ms(
    search: Callable[[Snap, list[Snap]], Sequence[int | None]],
    router: Router,
    incident: Location,
    origins: PinnedOrigins,
) -> Totals:
    """The same by another search, snapping by the router."""
    stands = [access.snaps[0] for access in origins.access]
    parts = router.times_to(incident, origins)
    totals: Totals = [None] * len(stands)
    for snap in router.access(incident, origins).snaps:
        for number, driving in enumerate(search(snap, stands)):
            if totals[number] is None and driving is not None:
                off_road_s = parts[number].reach_road_s + parts[number].last_metres_s
                totals[number] = driving + round(off_road_s * 1000)
    return totals


def _igraph_search(slow: SlowRouter) -> Callable[[Snap, list[Snap]], Sequence[int | None]]:
    """The slow twin's own graph, searched by igraph from the few states next to the target."""
    import igraph  # type: ignore[import-not-found]  # a peer, not a dependency

    number = {state: at for at, state in enumerate(slow.graph)}
    arcs = [(number[tail], number[head]) for tail, head in slow.graph.edges]
    weights = [data["weight"] for _, _, data in slow.graph.edges(data=True)]
    graph = igraph.Graph(n=len(number), edges=arcs, directed=True)

    def times_ms(arrivals: Mapping[State, int]) -> dict[State, float]:
        sources = [number[state] for state in arrivals]
        rows = np.array(graph.distances(source=sources, weights=weights, mode="in"))
        best = (rows + np.array(list(arrivals.values()))[:, None]).min(axis=0)
        return {state: best[at] for state, at in number.items() if np.isfinite(best[at])}

    def search(target: Snap, origins: list[Snap]) -> Sequence[int | None]:
        times = times_ms(slow.arrivals(target))
        return [slow.time_from(origin, target, times) for origin in origins]

    return search


def _first(totals: Totals, k: int) -> Sequence[int]:
    return sorted(total for total in totals if total is not None)[:k]


def _largest(some: Sequence[Totals], others: Sequence[Totals]) -> float:
    return max((_difference(one, other) for one, other in zip(some, others, strict=False)), default=0)


def _difference(some: Sequence[int | None], others: Sequence[int | None]) -> float:
    """Largest difference in milliseconds; infinite where one is reachable and the other is not."""
    if len(some) != len(others) or any((a is None) != (b is None) for a, b in zip(some, others, strict=True)):
        return float("inf")
    return max((abs(a - b) for a, b in zip(some, others, strict=True) if a is not None and b is not None), default=0)


if __name__ == "__main__":
    sys.exit(main())
