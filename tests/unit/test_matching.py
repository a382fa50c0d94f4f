"""Map matching: small networks, against every chain weighed one by one, and what must hold whatever was sent."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import InputError
from gis.types import Location
from routing.matching import Matcher
from routing.matching_types import BreakReason, MatchedTrace, MatchSettings, TracePoint
from routing.metric import Metric
from routing.network import EdgeFlag
from routing.settings import RoutingSettings
from routing.snap import Snapper
from tests.driven_trips import METRES_PER_DEGREE, Drive, drive, trace_of
from tests.networks import BuiltNetwork, Road, network_from_edges
from tests.slow_matching import slow_match

STEP_DEG = 0.002
"""About 220 m between the junctions of the grid."""


def grid(size: int = 3) -> BuiltNetwork:
    """Streets both ways in a square grid near the equator; nodes are numbered row by row."""
    points = [(row * STEP_DEG, col * STEP_DEG) for row in range(size) for col in range(size)]
    roads = [Road(tail=row * size + col, head=row * size + col + 1) for row in range(size) for col in range(size - 1)]
    roads += [
        Road(tail=row * size + col, head=row * size + col + size) for row in range(size - 1) for col in range(size)
    ]
    return network_from_edges(points, roads)


def matcher(built: BuiltNetwork, limits: MatchSettings | None = None, closures: tuple[int, ...] = ()) -> Matcher:
    metric = Metric.build(built.network, RoutingSettings(), closures=closures)
    return Matcher(built.network, Snapper.build(built.network), metric, limits)


def edge_between(built: BuiltNetwork, tail: int, head: int) -> int:
    network = built.network
    return next(
        edge
        for edge in range(network.edge_count)
        if network.edge_tail[edge] == tail and network.edge_head[edge] == head
    )


def driven(built: BuiltNetwork, nodes: list[int], kph: float = 30.0, start: float = 0.1, end: float = 0.9) -> Drive:
    """A drive past nodes, its first and last edge in part."""
    edges = [edge_between(built, tail, head) for tail, head in pairwise(nodes)]
    last = len(edges) - 1
    stretches = [(edge, start if n == 0 else 0.0, end if n == last else 1.0) for n, edge in enumerate(edges)]
    return drive(stretches, lambda edge, share: share * float(built.network.edge_length_m[edge]) / kph * 3.6)


def edges_of(found: MatchedTrace) -> list[int]:
    return [visit.edge for piece in found.pieces for visit in piece.visits]


def at(lat_m: float, lon_m: float, time_s: float) -> TracePoint:
    """A position so many metres north and east of the grid's first node."""
    return TracePoint(time_s=time_s, location=Location(lat=lat_m / METRES_PER_DEGREE, lon=lon_m / METRES_PER_DEGREE))


def test_a_trace_without_noise_gives_exactly_the_edges_driven_and_their_times() -> None:
    built = grid()
    one = driven(built, [0, 1, 4, 5, 8, 7])
    limits = MatchSettings(sigma_m=1.0)
    found = matcher(built, limits).match(trace_of(one, built.network, Snapper.build(built.network), every_s=5.0))
    assert edges_of(found) == list(one.edges)
    assert found.matched_share == 1.0
    for visit, (enter_s, leave_s) in zip(found.pieces[0].visits, pairwise(one.times_s), strict=True):
        assert visit.enter_s == pytest.approx(enter_s, abs=0.5)
        assert visit.leave_s == pytest.approx(leave_s, abs=0.5)


def test_a_trace_of_one_position_a_minute_follows_the_corner_that_was_driven() -> None:
    built = grid()
    one = driven(built, [0, 1, 2, 5], start=0.2, end=0.8)
    trace = trace_of(one, built.network, Snapper.build(built.network), every_s=60.0)
    assert edges_of(matcher(built).match(trace)) == list(one.edges)


def test_a_unit_that_waits_drives_nothing_and_the_wait_is_a_stop() -> None:
    built = grid()
    dice = random.Random(3)
    waits = [at(dice.gauss(0, 3), 100 + dice.gauss(0, 3), float(time_s)) for time_s in range(0, 300, 10)]
    found = matcher(built).match(waits)
    assert found.pieces == ()
    assert len(found.stops) == 1
    assert found.stops[0].end_s - found.stops[0].start_s == 290.0


def test_the_wait_before_departure_is_no_driving_time() -> None:
    built = grid()
    waits = [at(0, 30, float(time_s)) for time_s in range(0, 100, 10)]
    drives = [at(0, 30 + 8 * (time_s - 90), float(time_s)) for time_s in range(100, 115, 5)]
    found = matcher(built).match(waits + drives)
    assert found.pieces[0].legs[0].start_s == 90.0
    assert found.matched_share == 1.0


def test_a_position_where_no_driver_was_is_left_out() -> None:
    built = grid()
    one = driven(built, [0, 1, 2])
    trace = trace_of(one, built.network, Snapper.build(built.network), every_s=5.0)
    # Three streets away, for one reading.
    trace[4] = TracePoint(time_s=trace[4].time_s, location=Location(lat=2 * STEP_DEG, lon=STEP_DEG))
    found = matcher(built).match(trace)
    assert edges_of(found) == list(one.edges)
    assert found.outliers == (4,)


def test_a_position_far_from_every_road_is_passed_over() -> None:
    built = grid()
    one = driven(built, [0, 1, 2])
    trace = trace_of(one, built.network, Snapper.build(built.network), every_s=5.0)
    trace[4] = TracePoint(time_s=trace[4].time_s, location=Location(lat=-STEP_DEG, lon=STEP_DEG))
    found = matcher(built).match(trace)
    assert edges_of(found) == list(one.edges)
    assert found.off_road == (4,)


def test_a_long_silence_breaks_the_trace() -> None:
    built = grid()
    early = trace_of(driven(built, [0, 1, 2]), built.network, Snapper.build(built.network), every_s=5.0)
    late = [TracePoint(time_s=point.time_s + 3600.0, location=point.location) for point in early]
    found = matcher(built).match(early + late)
    assert len(found.pieces) == 2
    assert [one.reason for one in found.breaks] == [BreakReason.GAP]
    assert found.matched_share < 0.1


def test_two_roads_that_nothing_joins_break_the_trace() -> None:
    built = network_from_edges(
        [(0.0, 0.0), (0.0, STEP_DEG), (0.0, STEP_DEG + 0.0001), (0.0, 3 * STEP_DEG)],
        [Road(tail=0, head=1), Road(tail=2, head=3)],
    )
    trace = [at(0, float(metres), metres / 10.0) for metres in range(20, 640, 60)]
    found = matcher(built).match(trace)
    assert len(found.pieces) == 2
    assert [one.reason for one in found.breaks] == [BreakReason.NOT_JOINED]


def test_a_closed_road_is_driven_by_nobody() -> None:
    built = network_from_edges(
        [(0.0, 0.0), (0.0, STEP_DEG), (0.0001, 0.0), (0.0001, STEP_DEG)],
        [Road(tail=0, head=1, flags=EdgeFlag.NO_ACCESS), Road(tail=2, head=3)],
    )
    trace = [at(0, float(metres), metres / 10.0) for metres in range(20, 200, 40)]
    assert edges_of(matcher(built).match(trace)) == [edge_between(built, 2, 3)]


def test_a_poor_position_is_weighed_by_its_own_accuracy() -> None:
    """14 m off one road and 8 m off the other: a good receiver says the near one, a poor one what came before."""
    built = network_from_edges(
        [(0.0, 0.0), (0.0, STEP_DEG), (0.0002, 0.0), (0.0002, STEP_DEG)],
        [Road(tail=0, head=1), Road(tail=2, head=3)],
    )
    trace = [at(0, float(metres), metres / 10.0) for metres in range(20, 200, 60)]
    middle = at(14, 80, 8.0)
    for accuracy_m in (5.0, 60.0):
        shaken = [trace[0], TracePoint(time_s=8.0, location=middle.location, accuracy_m=accuracy_m), *trace[2:]]
        assert set(edges_of(matcher(built).match(shaken))) == {edge_between(built, 0, 1)}


def test_times_out_of_order_are_refused_in_one_sentence() -> None:
    with pytest.raises(InputError, match="Position 2 of the trace is older"):
        matcher(grid()).match([at(0, 0, 10.0), at(0, 50, 5.0)])
    with pytest.raises(InputError, match="Position 1 of the trace has no time"):
        matcher(grid()).match([at(0, 0, float("nan"))])


def test_nothing_gives_nothing() -> None:
    assert matcher(grid()).match([]) == MatchedTrace()
    assert matcher(grid()).match([at(0, 10, 0.0)]).pieces == ()


METRES = st.integers(-40, 480)
WALKS = st.lists(st.tuples(METRES, METRES, st.integers(1, 60)), min_size=1, max_size=8)


def walked(walk: list[tuple[int, int, int]]) -> list[TracePoint]:
    time_s, trace = 0.0, []
    for lat_m, lon_m, seconds in walk:
        time_s += seconds
        trace.append(at(float(lat_m), float(lon_m), time_s))
    return trace


@given(walk=WALKS, closed=st.sets(st.integers(0, 23), max_size=6))
@settings(max_examples=50)
def test_what_was_driven_is_connected_in_order_of_time_and_open(
    walk: list[tuple[int, int, int]], closed: set[int]
) -> None:
    built = grid()
    network = built.network
    trace = walked(walk)
    found = matcher(built, closures=tuple(closed)).match(trace)
    assert 0.0 <= found.matched_share <= 1.0
    assert 0.0 <= found.confidence <= 1.0 + 1e-9
    used = [number for piece in found.pieces for number in piece.points]
    assert used == sorted(set(used) - set(found.outliers) - set(found.off_road))
    ends = [0.0]
    for piece in found.pieces:
        for visit in piece.visits:
            assert 0.0 <= visit.start <= visit.end <= 1.0
            assert ends[-1] <= visit.enter_s <= visit.leave_s <= trace[-1].time_s
            assert visit.edge not in closed
            ends.append(visit.leave_s)
        for before, after in pairwise(piece.visits):
            assert before.leave_s == after.enter_s
            assert before.end == 1.0
            assert after.start == 0.0
            assert network.edge_head[before.edge] == network.edge_tail[after.edge]
        for leg, following in pairwise(piece.legs):
            assert leg.end_s == following.start_s
            assert leg.stretches[-1].edge == following.stretches[0].edge
            assert leg.stretches[-1].end == following.stretches[0].start


@given(
    walk=st.lists(st.tuples(st.integers(0, 8), st.integers(-12, 12), st.integers(-12, 12)), min_size=2, max_size=4),
    apart_s=st.integers(15, 45),
)
@settings(max_examples=25)
def test_the_likeliest_chain_and_its_sureness_are_those_of_weighing_every_chain(
    walk: list[tuple[int, int, int]], apart_s: int
) -> None:
    """Positions about the middles of streets, so that each has few candidates; all are far enough apart to be used."""
    built = grid()
    middles = [(0, 110), (110, 0), (110, 220), (220, 110), (0, 330), (330, 0), (110, 440), (330, 220), (220, 330)]
    trace = [
        at(middles[place][0] + dlat, middles[place][1] + dlon, float(number * apart_s))
        for number, (place, dlat, dlon) in enumerate(walk)
    ]
    limits = MatchSettings(outlier_log=1e9, skipped=0, least_radius_m=60.0)
    made = matcher(built, limits)
    if len(made.thinned(trace)) != len(trace):
        return
    metric = Metric.build(built.network, RoutingSettings())
    slow = slow_match(built.network, metric, trace, limits)
    found = made.match(trace)
    whole = [piece for piece in found.pieces if len(piece.points) == len(trace)]
    assert len(whole) == (0 if slow is None else 1)
    if slow is not None and len(slow.edges) == 1:
        assert edges_of(found) == list(next(iter(slow.edges)))
        # Ways of equal milliseconds may differ by millimetres in length, and either of them may be taken.
        assert found.confidence == pytest.approx(slow.confidence, abs=1e-4)
