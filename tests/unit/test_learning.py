"""Learning speeds: the estimator against a plain one, what is left out and why, and what may change at all."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from gis.errors import InputError
from gis.types import Location
from routing.learning import (
    BINS,
    checked_factors,
    default_bins,
    learn,
    report_json,
)
from routing.learning_folds import FOLDS, CrossFit, dealt
from routing.learning_model import Cell, Observation, SpeedModel, fit, predicted_s, solve
from routing.learning_trips import DrivenTrip, Exclusion, ReadTrip, TripReader
from routing.matching_types import TracePoint
from routing.network import ROAD_CLASSES
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper
from routing.speed_factors import HOURS, SpeedFactors
from tests.networks import Road, network_from_edges

MONDAY = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
PRIMARY, RESIDENTIAL = ROAD_CLASSES.index("primary"), ROAD_CLASSES.index("residential")
AREAS = ("32.09.01", "32.09.02")


# --- the estimator -----------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 30), p=st.integers(1, 6), trips=st.integers(1, 8))
@settings(max_examples=40)
def test_eliminating_the_trips_gives_what_solving_for_everything_gives(seed: int, n: int, p: int, trips: int) -> None:
    chance = np.random.default_rng(seed)
    rows = chance.normal(size=(n, p)) * (chance.random((n, p)) < 0.6)
    response, weight = chance.normal(size=n), chance.uniform(0.1, 30.0, n)
    trip = np.zeros((n, trips))
    trip[np.arange(n), chance.integers(trips, size=n)] = 1.0
    variances, trip_variance = chance.uniform(0.01, 1.0, p), float(chance.uniform(0.001, 0.5))
    effect, covariance, of_trip, _ = solve(csr_array(rows), response, weight, csr_array(trip), variances, trip_variance)
    whole = np.hstack([rows, -trip])
    normal = whole.T @ (weight[:, None] * whole)
    normal += np.diag(np.concatenate([1.0 / variances, np.full(trips, 1.0 / trip_variance)]))
    plain = np.linalg.solve(normal, whole.T @ (weight * response))
    assert effect == pytest.approx(plain[:p], abs=1e-7)
    assert of_trip == pytest.approx(plain[p:], abs=1e-7)
    assert covariance == pytest.approx(np.linalg.inv(normal)[:p, :p], abs=1e-7)


def observations(
    factor: dict[tuple[int, int, int], float], count: int, *, spread: float = 0.05, seed: int = 1
) -> list[Observation]:
    """Trips over pairs of cells at true factors."""
    dice, found = random.Random(seed), []
    cells = sorted(factor)
    for number in range(count):
        own = dice.gauss(0.0, spread)
        for _ in range(3):
            parts = {cell: dice.uniform(20.0, 60.0) for cell in dice.sample(cells, min(2, len(cells)))}
            seconds = sum(part / factor[cell] for cell, part in parts.items())
            noisy = seconds * np.exp(own + dice.gauss(0.0, spread))
            found.append(Observation(trip_id=f"T{number}", seconds=float(noisy), fixed_s=0.0, parts=parts))
    return found


def test_factors_are_found_also_where_no_observation_is_of_one_cell_alone() -> None:
    truth = {(PRIMARY, 0, 0): 0.6, (PRIMARY, 1, 0): 0.7, (RESIDENTIAL, 0, 0): 1.2, (RESIDENTIAL, 1, 0): 1.3}
    model = fit(observations(truth, 150))
    for cell, factor in truth.items():
        assert model.cells[cell].factor == pytest.approx(factor, rel=0.05)
    # Intervals of 95 %, so one of the four may miss.
    assert sum(model.cells[cell].low < factor < model.cells[cell].high for cell, factor in truth.items()) >= 3


def test_one_trip_in_twenty_that_makes_no_sense_moves_the_factors_little() -> None:
    truth = {(PRIMARY, 0, 0): 0.6, (RESIDENTIAL, 0, 0): 1.2}
    spoilt = [
        replace(one, seconds=one.seconds * 8.0) if one.trip_id.endswith(("07", "27")) else one
        for one in observations(truth, 200)
    ]
    model = fit(spoilt)
    for cell, factor in truth.items():
        assert model.cells[cell].factor == pytest.approx(factor, rel=0.08)


def test_a_cell_with_one_trip_stays_near_its_class_and_one_with_many_goes_its_own_way() -> None:
    truth = {(PRIMARY, area, 0): 0.8 if area < 6 else 1.0 for area in range(8)}
    many = observations(truth, 200)
    wild = Observation(trip_id="wild", seconds=100.0, fixed_s=0.0, parts={(PRIMARY, 99, 0): 200.0})
    model = fit([*many, wild])
    assert model.cells[PRIMARY, 7, 0].factor == pytest.approx(1.0, rel=0.05)
    lone = model.cells[PRIMARY, 99, 0]
    assert lone.trips == 1
    assert 0.75 < lone.factor < 1.05
    assert lone.high / lone.low > model.cells[PRIMARY, 7, 0].high / model.cells[PRIMARY, 7, 0].low


def test_seconds_that_no_factor_changes_are_not_blamed_on_the_roads() -> None:
    plain = observations({(PRIMARY, 0, 0): 0.5, (RESIDENTIAL, 0, 0): 0.5}, 100, spread=0.01)
    ferried = [replace(one, seconds=one.seconds + 300.0, fixed_s=300.0) for one in plain]
    assert fit(ferried).cells[PRIMARY, 0, 0].factor == pytest.approx(0.5, rel=0.03)


# --- the report --------------------------------------------------------------------------------------------------


def read_trips(factor: dict[tuple[int, int, int], float], count: int, seed: int = 1) -> list[ReadTrip]:
    by_trip: dict[str, list[Observation]] = {}
    for one in observations(factor, count, seed=seed):
        by_trip.setdefault(one.trip_id, []).append(one)
    return [
        ReadTrip(trip_id=trip_id, observations=tuple(found), metres=2000.0, by_trace=True)
        for trip_id, found in by_trip.items()
    ]


TRUTH = {(PRIMARY, 0, 1): 0.6, (PRIMARY, 1, 1): 0.7, (RESIDENTIAL, 0, 1): 1.2, (RESIDENTIAL, 1, 1): 1.3}


def test_held_out_trips_are_told_better_and_the_table_holds_the_truth() -> None:
    report = learn(read_trips(TRUTH, 60), kecamatan=AREAS, bin_of_hour=default_bins())
    assert report.after.median_s < 0.5 * report.before.median_s
    assert report.after.p90_s < report.before.p90_s
    assert abs(report.after.bias_s) < abs(report.before.bias_s)
    for cell, factor in TRUTH.items():
        assert report.factors.factor[cell] == pytest.approx(factor, rel=0.06)
    # A class that nobody drove keeps its speed everywhere.
    assert (report.factors.factor[ROAD_CLASSES.index("track")] == 1.0).all()
    assert report.changes
    assert SpeedFactors.from_json(report_json(report)["factors"]).factor.tolist() == report.factors.factor.tolist()


def test_trips_in_any_order_give_the_same_report() -> None:
    trips = read_trips(TRUTH, 24)
    shuffled = random.Random(3).sample(trips, len(trips))
    one, other = (learn(order, kecamatan=AREAS, bin_of_hour=default_bins()) for order in (trips, shuffled))
    assert report_json(one) == report_json(other)


def believed(model: SpeedModel, cell: Cell) -> float:
    return model.factor(cell) or 1.0


def test_a_class_that_trips_which_did_not_teach_it_do_not_bear_out_keeps_its_speed() -> None:
    """Residential roads are driven as the settings say, so what the noise of some trips teaches misleads the others."""
    trips = read_trips(TRUTH | {(RESIDENTIAL, 0, 1): 1.0, (RESIDENTIAL, 1, 1): 1.0}, 40, seed=4)
    report = learn(trips, kecamatan=AREAS, bin_of_hour=default_bins())
    told = {one.road_class: one for one in report.classes}
    assert {name: one.changed for name, one in told.items()} == {"primary": True, "residential": False}
    assert told["residential"].after > told["residential"].before
    assert (report.factors.factor[RESIDENTIAL] == 1.0).all()
    assert all(one.road_class == "primary" for one in report.cells)
    assert report.after.median_s < report.before.median_s


def cross_fit(trips: Sequence[ReadTrip]) -> CrossFit:
    return CrossFit([one.observations for one in trips], dict.fromkeys(TRUTH, 1.0), believed)


def test_cross_fitting_gives_what_a_plain_search_without_the_fold_gives() -> None:
    """The obvious twin: for each fold, fit and choose anew on the trips of the others alone."""
    trips = read_trips(TRUTH, 25, seed=4)
    fold_of = dealt([one.trip_id for one in trips])
    expected: dict[str, tuple[float, float, float]] = {}
    for fold in range(FOLDS):
        others = [one for one in trips if fold_of[one.trip_id] != fold]

        factors: dict[str, dict[Cell, float]] = {}
        for inner in {fold_of[one.trip_id] for one in others}:
            model = fit([o for one in others if fold_of[one.trip_id] != inner for o in one.observations])
            for one in others:
                if fold_of[one.trip_id] == inner:
                    factors[one.trip_id] = {cell: believed(model, cell) for cell in TRUTH}
        changed = {PRIMARY, RESIDENTIAL}

        def error(kind: int, classes: set[int], others: list[ReadTrip] = others, factors: Any = factors) -> float:
            logs = []
            for one in others:
                told = {cell: factor for cell, factor in factors[one.trip_id].items() if cell[0] in classes}
                for part in one.observations:
                    if sum(s for cell, s in part.parts.items() if cell[0] == kind) >= 0.1 * sum(part.parts.values()):
                        logs.append(abs(np.log(predicted_s(part, told) / part.seconds)))
            return float(np.median(logs))

        while worse := [
            (error(kind, changed) - error(kind, changed - {kind}), kind)
            for kind in changed
            if error(kind, changed) > error(kind, changed - {kind})
        ]:
            changed.discard(max(worse)[1])
        model = fit([o for one in others for o in one.observations])
        for one in trips:
            if fold_of[one.trip_id] == fold:
                told = {cell: believed(model, cell) for cell in TRUTH if cell[0] in changed}
                expected[one.trip_id] = (
                    sum(o.seconds for o in one.observations),
                    sum(predicted_s(o, {}) for o in one.observations),
                    sum(predicted_s(o, told) for o in one.observations),
                )
    assert changed
    found = np.array(cross_fit(trips).judged()).T
    assert sorted(map(tuple, np.round(found, 6).tolist())) == sorted(
        tuple(round(value, 6) for value in row) for row in expected.values()
    )


def test_no_trip_judges_what_it_taught() -> None:
    """Whatever the trips of a fold are, what is learnt and chosen without the fold is the same."""
    trips = read_trips(TRUTH, 40)
    fold_of = dealt([one.trip_id for one in trips])
    wild = [
        replace(one, observations=tuple(replace(o, seconds=o.seconds * 6.0) for o in one.observations))
        if fold_of[one.trip_id] == 0
        else one
        for one in trips
    ]
    plain, spoilt = cross_fit(trips), cross_fit(wild)
    assert plain.verdicts(0) == spoilt.verdicts(0)
    assert plain.model(0).cells == spoilt.model(0).cells
    assert plain.verdicts(1) != spoilt.verdicts(1)


def test_folds_are_dealt_evenly_and_alike_in_any_order() -> None:
    ids = [f"261124-{number}.1" for number in range(203)]
    folds = dealt(ids)
    assert dealt(ids[::-1]) == folds
    sizes = [list(folds.values()).count(fold) for fold in range(FOLDS)]
    assert max(sizes) - min(sizes) <= 1


def test_the_factors_in_force_are_what_a_report_is_compared_with() -> None:
    trips = read_trips(TRUTH, 60)
    first = learn(trips, kecamatan=AREAS, bin_of_hour=default_bins())
    second = learn(trips, kecamatan=AREAS, bin_of_hour=default_bins(), in_force=first.factors)
    # They were learnt from these very trips, which a report says.
    assert second.before.median_s < 0.5 * first.before.median_s
    told = learn(
        trips, kecamatan=AREAS, bin_of_hour=default_bins(), in_force=first.factors,
        since=MONDAY, taught_until=MONDAY + timedelta(days=1),
    )  # fmt: skip
    assert any("taught the speeds in force" in one for one in report_json(told)["warnings"])
    assert not any("taught the speeds in force" in one for one in report_json(second)["warnings"])
    # Bins of another division of the week, and kecamatan in another order, mean the same.
    hours = np.arange(HOURS, dtype=np.uint8)
    finer = SpeedFactors(
        factor=first.factors.factor[:, ::-1][:, :, first.factors.bin_of_hour[hours]],
        kecamatan=AREAS[::-1],
        bin_of_hour=hours,
    )
    third = learn(trips, kecamatan=AREAS, bin_of_hour=default_bins(), in_force=finer)
    assert third.before == second.before


def test_too_few_trips_are_one_sentence_with_the_reasons() -> None:
    with pytest.raises(InputError, match="There are no trips"):
        learn([], kecamatan=AREAS, bin_of_hour=default_bins())
    excluded = [ReadTrip(trip_id=str(number), excluded=Exclusion.TOO_SHORT) for number in range(3)]
    with pytest.raises(
        InputError, match=r"Only 5 trips can be used \(left out: 3 too short\), and at least 20 are needed"
    ):
        learn([*read_trips(TRUTH, 5), *excluded], kecamatan=AREAS, bin_of_hour=default_bins())


def test_impossible_speeds_of_a_whole_class_are_held_at_the_limits() -> None:
    for factor, limit in ((0.1, 0.2), (5.0, 3.0)):
        trips = read_trips({(PRIMARY, 0, 1): factor, (PRIMARY, 1, 1): factor}, 25)
        report = learn(trips, kecamatan=AREAS, bin_of_hour=default_bins())
        assert report.factors.factor[PRIMARY] == pytest.approx(limit)
        assert checked_factors(report.factors) is report.factors
        assert any("were held at these limits" in one for one in report_json(report)["warnings"])


def test_factors_beyond_the_limits_are_refused_and_named() -> None:
    factors = SpeedFactors.neutral(AREAS)
    spoilt = factors.factor.copy()
    spoilt[PRIMARY, 1, 0] = 0.1
    with pytest.raises(InputError, match=r"primary in 32\.09\.02 is 0\.1, outside 0\.2 to 3"):
        checked_factors(replace(factors, factor=spoilt))


def test_every_hour_of_the_week_has_a_bin() -> None:
    bins = default_bins()
    named = {(day, hour): BINS[bins[24 * day + hour]] for day in range(7) for hour in range(24)}
    assert set(named.values()) == set(BINS)
    assert (named[0, 7], named[0, 12], named[0, 17], named[0, 23], named[6, 12]) == (
        "morning", "midday", "evening", "night", "weekend",
    )  # fmt: skip


# --- reading trips -----------------------------------------------------------------------------------------------


def reader() -> TripReader:
    """A straight primary road of about 4.4 km, in two kecamatan."""
    built = network_from_edges(
        [(0.0, number * 0.01) for number in range(5)],
        [Road(tail=number, head=number + 1, road_class="primary") for number in range(4)],
    )
    network = built.network
    west = np.asarray(network.node_lon)[network.edge_tail] + np.asarray(network.node_lon)[network.edge_head] < 0.04
    return TripReader(
        Router(network, RoutingSettings(), snapper=Snapper.build(network)),
        edge_kecamatan=np.where(west, 0, 1).astype(np.int32),
        bin_of_hour=default_bins(),
        timezone=UTC,
    )


def straight(seconds: float, *, positions: bool, every_s: float = 10.0) -> DrivenTrip:
    """From one end of the road to the other, at one speed."""
    trace: Sequence[TracePoint] = ()
    if positions:
        count = int(seconds // every_s)
        trace = [
            TracePoint(
                time_s=MONDAY.timestamp() + seconds * number / count,
                location=Location(lat=0.0, lon=0.001 + 0.038 * number / count),
            )
            for number in range(count + 1)
        ]
    return DrivenTrip(
        trip_id="T",
        departed=MONDAY,
        arrived=MONDAY + timedelta(seconds=seconds),
        origin=Location(lat=0.0, lon=0.001),
        target=Location(lat=0.0, lon=0.039),
        trace=tuple(trace),
    )


@pytest.mark.parametrize("positions", [True, False])
def test_a_trip_is_cut_into_kecamatan_with_and_without_positions(positions: bool) -> None:
    """45 km/h by the settings, so 4.2 km take 338 s; driven in 500 s."""
    read = reader().read(straight(500.0, positions=positions))
    assert read.excluded is None
    assert read.by_trace is positions
    assert sum(one.seconds for one in read.observations) == pytest.approx(500.0)
    by_area = [
        sum(part for one in read.observations for cell, part in one.parts.items() if cell[:2] == (PRIMARY, area))
        for area in (0, 1)
    ]
    assert by_area == pytest.approx([169.0, 169.0], abs=1.5)
    assert {cell[2] for one in read.observations for cell in one.parts} == {BINS.index("night")}
    # About a minute each.
    assert len(read.observations) == (8 if positions else 1)


EXCLUDED = [
    (straight(-5.0, positions=False), Exclusion.IMPOSSIBLE_TIMES),
    (straight(4 * 3600.0, positions=False), Exclusion.IMPOSSIBLE_TIMES),
    (straight(59.0, positions=False), Exclusion.TOO_SHORT),
    (straight(61.0, positions=False), Exclusion.IMPOSSIBLE_SPEED),
    (straight(3000.0, positions=False), Exclusion.IMPOSSIBLE_SPEED),
    (replace(straight(500.0, positions=False), origin=None), Exclusion.NO_POSITION),
    (replace(straight(500.0, positions=False), target=None), Exclusion.NO_POSITION),
    (replace(straight(500.0, positions=True), clock_wrong=True), Exclusion.CLOCK),
    (replace(straight(500.0, positions=False), target=Location(lat=0.0, lon=0.002)), Exclusion.TOO_SHORT),
    (replace(straight(500.0, positions=False), target=Location(lat=2.0, lon=0.002)), Exclusion.NO_ROAD),
]


@pytest.mark.parametrize(("trip", "reason"), EXCLUDED)
def test_a_trip_that_cannot_teach_is_left_out_with_its_reason(trip: DrivenTrip, reason: Exclusion) -> None:
    read = reader().read(trip)
    assert read.excluded is reason
    assert read.observations == ()


def test_positions_beside_every_road_teach_nothing() -> None:
    trip = straight(500.0, positions=True)
    away = tuple(replace(point, location=Location(lat=0.01, lon=point.location.lon)) for point in trip.trace)
    assert reader().read(replace(trip, trace=away)).excluded is Exclusion.NOT_MATCHED


def test_a_unit_that_never_moved_is_too_short_a_trip() -> None:
    trip = straight(500.0, positions=True)
    still = tuple(replace(point, location=Location(lat=0.0, lon=0.01)) for point in trip.trace)
    assert reader().read(replace(trip, trace=still)).excluded is Exclusion.TOO_SHORT
