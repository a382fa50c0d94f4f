"""Map matching and learnt speeds on simulated trips whose truth is known.

Trips are driven on Cirebon by the quickest way, at speeds that differ by class, kecamatan and time of the week from
those of the settings, with an effect of each trip and of each road; devices tell noisy positions. Printed are how much
of the driven road is found, how near the learnt factors are to the truth, and the errors of trips before and after,
each told by what was learnt without it, with the truth itself beside them.

Run `script/bench learning` (or `python -m bench.learning`), with the real data beside the repository. With several
`--seeds` all of it, the true factors too, is drawn anew for each, and a table at the end puts the seeds side by side.
The exit status is 1 when learning makes held-out trips worse under any of them.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import shapely

from gis.types import Location
from routing.learning import BINS, CellChange, default_bins, learn
from routing.learning_model import Cell, Observation, predicted_s
from routing.learning_trips import DrivenTrip, ReadTrip, TripReader
from routing.matching import Matcher
from routing.midpoints import curve_midpoints
from routing.network import ROAD_CLASSES, Int32Array
from routing.osm_read import read_osm
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper
from routing.speed_factors import hour_of_week
from tests.cirebon import cirebon_villages
from tests.driven_trips import Drive, drive, driven_metres, route_stretches, trace_of

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SEED = 112
FIRST = datetime(2026, 1, 5, tzinfo=UTC)
TRIP_SPREAD, ROAD_SPREAD = 0.10, 0.15
"""Standard deviations of a trip and of an edge, in log seconds."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Cirebon with true factors."""

    router: Router
    kecamatan: tuple[str, ...]
    edge_kecamatan: Int32Array
    truth: np.ndarray
    """(C, K, B)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; 1 when held-out trips are told worse."""
    options = _options(arguments)
    with_positions, times_alone = [], []
    for turn, seed in enumerate(options.seeds):
        if len(options.seeds) > 1:
            print(f"seed {seed}", flush=True)
        world = made_world(options.data, seed)
        dice = random.Random(seed)
        trips = [_trip(world, dice, number) for number in range(options.trips)]
        if options.matching and turn == 0:
            _matching(world, trips[: options.matching])
        print(f"learning from {options.trips} trips, a position each {options.every} s, sigma {options.sigma} m")
        started = time.perf_counter()
        reader = _reader(world)
        read = [reader.read(_seen(world, trip, dice, options.every, options.sigma)) for trip in trips]
        print(f"reading {1e3 * (time.perf_counter() - started) / len(trips):.0f} ms a trip")
        with_positions.append(_learning(world, read))
        print("the same trips with times alone, without positions")
        alone = [reader.read(_seen(world, trip, dice, None, 0.0)) for trip in trips]
        times_alone.append(_learning(world, alone))
    if len(options.seeds) > 1:
        _side_by_side(options.seeds, {"with positions": with_positions, "times alone": times_alone})
    worse = [one for one in [*with_positions, *times_alone] if one.after_s[0] > one.before_s[0]]
    return 1 if worse else 0


def made_world(data: Path, seed: int = SEED) -> World:
    """Roads, kecamatan and true factors: of each class, of each class at each time, and of each kecamatan."""
    network = read_osm([data / "cirebon" / "cirebon.osm.pbf"]).network
    snapper = Snapper.build(network)
    router = Router(network, RoutingSettings(), snapper=snapper)
    villages = cirebon_villages(data)
    codes = tuple(sorted({code[:8] for code in villages["code"]}))
    lat, lon = curve_midpoints(network, snapper)
    tree = shapely.STRtree(villages.geometry.to_numpy())
    point, village = tree.query(shapely.points(lon, lat), predicate="intersects")
    of_curve = np.full(len(lat), -1, dtype=np.int32)
    of_curve[point] = [codes.index(code[:8]) for code in villages["code"].to_numpy()[village]]
    chance = np.random.default_rng(seed)
    classes, areas, bins = len(ROAD_CLASSES), len(codes), int(default_bins().max()) + 1
    log = chance.normal(-0.15, 0.20, (classes, 1, 1)) + chance.normal(0.0, 0.12, (classes, 1, bins))
    log = log + chance.normal(0.0, 0.12, (1, areas, 1)) + chance.normal(0.0, 0.05, (classes, areas, bins))
    return World(
        router=router,
        kecamatan=codes,
        edge_kecamatan=of_curve[network.edge_curve],
        truth=np.clip(np.exp(log), 0.25, 2.5),
    )


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What came of one seed: median and P90 of the errors, and what the intervals are worth."""

    before_s: tuple[float, float]
    after_s: tuple[float, float]
    truth_s: tuple[float, float]
    """By the true factors: no learning can be better than this, but by luck."""
    inside: float
    """Share of the true factors within their intervals of 95 %."""


@dataclass(frozen=True, kw_only=True)
class Trip:
    """A trip as it was."""

    trip_id: str
    departed: datetime
    origin: Location
    target: Location
    driven: Drive


def _reader(world: World) -> TripReader:
    return TripReader(world.router, edge_kecamatan=world.edge_kecamatan, bin_of_hour=default_bins(), timezone=UTC)


def _trip(world: World, dice: random.Random, number: int) -> Trip:
    network = world.router.network
    departed = FIRST + timedelta(seconds=dice.randrange(28 * 86_400))
    bin_ = int(default_bins()[hour_of_week(departed, UTC)])
    while True:
        ends = [dice.randrange(network.node_count) for _ in range(2)]
        origin, target = (Location(lat=float(network.node_lat[one]), lon=float(network.node_lon[one])) for one in ends)
        route = world.router.route(origin, target)
        if route is not None and 180.0 < (route.time.driving_s or 0.0) < 1200.0:
            break
    own = dice.gauss(0.0, TRIP_SPREAD)

    def seconds(edge: int, share: float) -> float:
        area = int(world.edge_kecamatan[edge])
        factor = float(world.truth[int(network.edge_class[edge]), area, bin_]) if area >= 0 else 1.0
        noise = dice.gauss(0.0, ROAD_SPREAD)
        return share * float(world.router.metric.edge_ms[edge]) / 1000.0 / factor * float(np.exp(own + noise))

    driven = drive(route_stretches(route, network), seconds, departed.timestamp())
    return Trip(trip_id=f"T{number}", departed=departed, origin=origin, target=target, driven=driven)


def _seen(world: World, trip: Trip, dice: random.Random, every_s: float | None, sigma_m: float) -> DrivenTrip:
    """What the centre has of a trip; without positions where `every_s` is None."""
    trace = ()
    if every_s is not None:
        router = world.router
        trace = tuple(
            trace_of(
                trip.driven, router.network, router.snapper, every_s=every_s, sigma_m=sigma_m,
                accuracy_m=1.51 * sigma_m, dice=dice,
            )
        )  # fmt: skip
    return DrivenTrip(
        trip_id=trip.trip_id,
        departed=trip.departed,
        arrived=trip.departed + timedelta(seconds=trip.driven.seconds),
        origin=trip.origin,
        target=trip.target,
        trace=trace,
    )


def _matching(world: World, trips: Sequence[Trip]) -> None:
    router = world.router
    matcher = Matcher(router.network, router.snapper, router.metric)
    print(f"matching, {len(trips)} trips; share of the driven metres that is found, and found falsely")
    print("  every s  sigma m   found   false  confidence  ms a trip")
    for every_s in (5.0, 15.0, 30.0, 60.0):
        for sigma_m in (0.0, 8.0, 20.0):
            dice = random.Random(SEED)
            totals = np.zeros(3)
            sure, spent_s = 0.0, 0.0
            for trip in trips:
                trace = trace_of(
                    trip.driven, router.network, router.snapper, every_s=every_s, sigma_m=sigma_m,
                    accuracy_m=1.51 * sigma_m or None, dice=dice,
                )  # fmt: skip
                started = time.perf_counter()
                matched = matcher.match(trace)
                spent_s += time.perf_counter() - started
                visits = [visit for piece in matched.pieces for visit in piece.visits]
                truth = driven_metres(router.network, trip.driven.stretches)
                found = driven_metres(router.network, [(one.edge, one.start, one.end) for one in visits])
                totals += (
                    sum(truth.values()),
                    sum(min(metres, found.get(edge, 0.0)) for edge, metres in truth.items()),
                    sum(max(0.0, metres - truth.get(edge, 0.0)) for edge, metres in found.items()),
                )
                sure += matched.confidence
            print(
                f"  {every_s:7.0f}  {sigma_m:7.0f}  {totals[1] / totals[0]:6.1%}  {totals[2] / totals[0]:6.1%}"
                f"  {sure / len(trips):10.2f}  {1e3 * spent_s / len(trips):9.0f}"
            )


def _learning(world: World, read: Sequence[ReadTrip]) -> Learnt:
    started = time.perf_counter()
    report = learn(read, kecamatan=world.kecamatan, bin_of_hour=default_bins())
    print(
        f"  {report.trips} trips used, {dict(report.excluded)} left out; "
        f"estimated in {time.perf_counter() - started:.1f} s"
    )
    print("  class          trips  factor  true  changed")
    for one in report.classes:
        kind = ROAD_CLASSES.index(one.road_class)
        weights = _seconds_by_cell(read, kind)
        true = sum(weights.values()) / sum(s / world.truth[cell] for cell, s in weights.items())
        print(f"  {one.road_class:14}  {one.trips:4}  {one.factor:6.2f}  {true:4.2f}  {'yes' if one.changed else 'no'}")
    off = [np.log(one.factor / _true(world, one)) for one in report.cells]
    inside = [one.low <= _true(world, one) <= one.high for one in report.cells]
    spread = [np.log(_true(world, one)) for one in report.cells]
    print(
        f"  {len(off)} factors: root mean square error {np.sqrt(np.mean(np.square(off))):.3f} in log speed "
        f"(without learning {np.sqrt(np.mean(np.square(spread))):.3f}); {np.mean(inside):.0%} of the truth lies within "
        "the intervals of 95 %"
    )
    held = [one for one in read if one.excluded is None]
    print("  cross-fitted       median     P90    bias  median %")
    for name, errors in (("before", report.before), ("after", report.after)):
        print(
            f"  {name:14}  {errors.median_s:7.0f} s {errors.p90_s:5.0f} s {errors.bias_s:+5.0f} s  "
            f"{errors.median_share:7.1%}"
        )
    off_s = np.array([sum(_best_s(world, one) - one.seconds for one in trip.observations) for trip in held])
    shares = np.abs(off_s) / [sum(one.seconds for one in trip.observations) for trip in held]
    print(
        f"  {'true factors':14}  {np.median(np.abs(off_s)):7.0f} s {np.percentile(np.abs(off_s), 90):5.0f} s "
        f"{np.median(off_s):+5.0f} s  {np.median(shares):7.1%}"
    )
    return Learnt(
        before_s=(report.before.median_s, report.before.p90_s),
        after_s=(report.after.median_s, report.after.p90_s),
        truth_s=(float(np.median(np.abs(off_s))), float(np.percentile(np.abs(off_s), 90))),
        inside=float(np.mean(inside)),
    )


def _side_by_side(seeds: Sequence[int], results: Mapping[str, Sequence[Learnt]]) -> None:
    """A table for docs/learning.md."""
    print("| | seed | median before | after | true factors | P90 before | after | true factors | intervals hold |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, learnt in results.items():
        for seed, one in zip(seeds, learnt, strict=True):
            cells = [f"{s[which]:.0f} s" for which in (0, 1) for s in (one.before_s, one.after_s, one.truth_s)]
            print(f"| {name} | {seed} | {' | '.join(cells)} | {one.inside:.0%} |")


def _best_s(world: World, observation: Observation) -> float:
    factors: dict[Cell, float] = {cell: float(world.truth[cell]) if cell[1] >= 0 else 1.0 for cell in observation.parts}
    return predicted_s(observation, factors)


def _true(world: World, one: CellChange) -> float:
    place = (ROAD_CLASSES.index(one.road_class), world.kecamatan.index(one.kecamatan), BINS.index(one.bin))
    return float(world.truth[place])


def _seconds_by_cell(read: Sequence[ReadTrip], kind: int) -> dict[Cell, float]:
    found: dict[Cell, float] = {}
    for trip in read:
        for one in trip.observations:
            for cell, seconds in one.parts.items():
                if cell[0] == kind and cell[1] >= 0:
                    found[cell] = found.get(cell, 0.0) + seconds
    return found


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of the real data")
    parser.add_argument("--trips", type=int, default=1200)
    parser.add_argument("--seeds", type=int, nargs="+", default=[SEED], help="of all chance; one run for each")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between positions")
    parser.add_argument("--sigma", type=float, default=8.0, help="metres of error along one axis")
    parser.add_argument("--matching", type=int, default=40, help="trips for the table of matching; 0 for none")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
