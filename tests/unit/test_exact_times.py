"""Travel times on small networks full of trouble, against networkx with whole histories."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import InputError
from gis.types import Location
from routing.hierarchy import Hierarchy
from routing.metric import Metric
from routing.network import EdgeFlag, RoadNetwork
from routing.router import LISTS_KEPT, Router
from routing.router_answers import PinnedOrigins
from routing.search_scipy import ScipySearch
from routing.settings import RoutingSettings
from routing.snap import TIE_M, Snapper
from routing.starts import Starts
from routing.turning_round import edges_to_remember
from routing.turns import TurnGraph
from routing.types import DrivingTime, RoadStatus, Snap
from tests.networks import BuiltNetwork, Road, network_from_edges, node_location
from tests.slow_routing import SlowRouter, SlowSnapper
from tests.strategies import near_roads, road_networks

EXAMPLES = 100
LIMITS = st.builds(
    RoutingSettings,
    connected_within_m=st.sampled_from((0.0, 150.0, 500.0)),
    served_component_m=st.sampled_from((0.0, 700.0, 10_000.0)),
    turn_round_s=st.sampled_from((0.0, 0.002, 0.02, 1.0, 20.0, 120.0)),
)


ENGINES = st.sampled_from(("scipy", "hierarchy"))


def router_of(
    network: RoadNetwork,
    limits: RoutingSettings | None = None,
    closures: tuple[int, ...] = (),
    *,
    engine: str = "scipy",
    obeys_restrictions: bool = True,
) -> Router:
    limits = limits or RoutingSettings()
    metric = replace(Metric.build(network, limits, closures=closures), obeys_restrictions=obeys_restrictions)
    hierarchy = Hierarchy.build(network, metric=metric) if engine == "hierarchy" else None
    router = Router(network, limits, snapper=Snapper.build(network), metric=metric, hierarchy=hierarchy)
    assert router.engine == engine
    return router


def ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def slow_driving_ms(slow: SlowRouter, targets: tuple[Snap, ...], origins: PinnedOrigins) -> list[int | None]:
    """To the first of the target's points that each origin can reach."""
    found: list[int | None] = [None] * len(origins)
    for target in targets:
        standing = [access.snaps[0] if access.snaps else None for access in origins.access]
        known = [number for number, snap in enumerate(standing) if snap is not None]
        times = slow.times_to(target, [snap for snap in standing if snap is not None])
        for number, time in zip(known, times, strict=True):
            found[number] = time if found[number] is None else found[number]
    return found


@given(data=st.data(), built=road_networks(), limits=LIMITS)
@settings(max_examples=EXAMPLES, deadline=None)
def test_every_time_is_that_of_a_plain_search_with_whole_histories(data, built, limits):
    edges = st.integers(0, built.network.edge_count - 1)
    router = router_of(
        built.network,
        limits,
        closures=tuple(data.draw(st.lists(edges, max_size=2))),
        engine=data.draw(ENGINES),
        obeys_restrictions=data.draw(st.booleans()),
    )
    origins = router.pin(data.draw(st.lists(near_roads(built), max_size=5)))
    target = data.draw(near_roads(built))
    answer = router.answer(target, origins)
    slow = SlowRouter(built.network, router.metric)
    assert [ms(time.driving_s) for time in answer.times] == slow_driving_ms(slow, answer.access.snaps, origins)


@given(data=st.data(), built=road_networks(), limits=LIMITS)
@settings(max_examples=EXAMPLES, deadline=None)
def test_the_first_k_are_the_first_k_of_all(data, built, limits):
    router = router_of(built.network, limits, engine=data.draw(ENGINES))
    origins = router.pin(data.draw(st.lists(near_roads(built), max_size=6)))
    target, k = data.draw(near_roads(built)), data.draw(st.integers(1, 7))
    times = router.times_to(target, origins)
    arriving = [(time.total_s, at) for at, time in enumerate(times) if time.total_s is not None]
    assert router.nearest(target, origins, k) == [(at, times[at]) for _, at in sorted(arriving)[:k]]


@given(data=st.data(), built=road_networks(), limits=LIMITS)
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_matrix_holds_what_single_questions_answer_from_either_side(data, built, limits):
    router = router_of(built.network, limits, engine=data.draw(ENGINES))
    origins = router.pin(data.draw(st.lists(near_roads(built), max_size=4)))
    targets = data.draw(st.lists(near_roads(built), max_size=4))
    matrix = router.matrix(origins, targets)
    assert matrix.seconds.shape == matrix.reachable.shape == (len(origins), len(targets))
    for column, target in enumerate(targets):
        totals = [time.total_s for time in router.times_to(target, origins)]
        assert matrix.reachable[:, column].tolist() == [total is not None for total in totals]
        assert [None if np.isnan(value) else value for value in matrix.seconds[:, column].tolist()] == totals


@given(data=st.data(), built=road_networks(), limits=LIMITS)
@settings(max_examples=EXAMPLES, deadline=None)
def test_targets_that_are_remembered_are_met_as_those_that_are_new(data, built, limits):
    """Who asks decides where a cut-off target is met, so the same targets are not the same for all origins."""
    router = router_of(built.network, limits, engine=data.draw(ENGINES))
    snapper = Snapper.build(built.network)
    places = data.draw(st.lists(near_roads(built), min_size=1, max_size=4))
    targets = data.draw(st.lists(near_roads(built), min_size=1, max_size=4))
    for origins in [places, *([place] for place in places), places]:
        fresh = Router(built.network, limits, snapper=snapper, metric=router.metric).matrix(origins, targets)
        assert np.array_equal(router.matrix(origins, targets).seconds, fresh.seconds, equal_nan=True)


@pytest.mark.parametrize("engine", ["scipy", "hierarchy"])
def test_no_more_lists_of_targets_are_remembered_than_the_limit(engine):
    built = network_from_edges([(0.0, 0.0), (0.0, 0.01)], [Road(tail=0, head=1)])
    router = router_of(built.network, engine=engine)
    place = node_location(built.network, 0)
    for number in range(2 * LISTS_KEPT):
        router.matrix([place], [place] * number)
        assert len(router._lists) == min(number + 1, LISTS_KEPT)


@given(data=st.data(), built=road_networks(), limits=LIMITS)
@settings(max_examples=50, deadline=None)
def test_a_unit_that_moves_is_timed_from_where_it_is_now_and_the_others_as_before(data, built, limits):
    router = router_of(built.network, limits, engine=data.draw(ENGINES))
    places = data.draw(st.lists(near_roads(built), min_size=1, max_size=5))
    target, pinned = data.draw(near_roads(built)), router.pin(places)
    for _ in range(3):
        index, place = data.draw(st.integers(0, len(places) - 1)), data.draw(near_roads(built))
        before, pinned = pinned, router.moved(pinned, index, place)
        was, places = places, [*places[:index], place, *places[index + 1 :]]
        for origins, at in ((pinned, places), (before, was)):
            assert router.answer(target, origins).times == router.times_to(target, at)
            assert router.nearest(target, origins, 2) == router.nearest(target, router.pin(at), 2)


@given(data=st.data(), built=road_networks(), limits=LIMITS)
@settings(max_examples=30, deadline=None)
def test_units_of_which_some_moved_are_timed_as_if_all_were_looked_at_anew(data, built, limits):
    """Also where one now stands off every road, or on a piece of road that none of them stood on before."""
    router = router_of(built.network, limits, engine=data.draw(ENGINES))
    places = data.draw(st.lists(near_roads(built), min_size=1, max_size=4))
    pinned, target = router.pin(places), data.draw(near_roads(built))
    far = Location(lat=60.0, lon=60.0)
    for _ in range(2):
        places = [data.draw(st.sampled_from((place, far)) | near_roads(built)) for place in places]
        pinned, anew = router.repinned(pinned, places), router.pin(places)
        assert (pinned.locations, pinned.access, pinned.labels) == (anew.locations, anew.access, anew.labels)
        for name in ("edge", "fraction", "before_ms", "after_ms", "node", "leave_ms"):
            assert np.array_equal(getattr(pinned.positions, name), getattr(anew.positions, name)), name
        assert router.answer(target, pinned).times == router.answer(target, anew).times


@pytest.mark.parametrize("engine", ["scipy", "hierarchy"])
def test_who_asks_while_units_move_is_answered_for_where_all_stood_at_one_moment(engine, monkeypatch):
    """One thread moves units, beyond what one pool of labels holds, and two ask; each answer is checked afterwards."""
    monkeypatch.setattr("routing.labels.POOL_ROWS", 64)
    corners = [(0.0, 0.0), (0.0, 0.02), (0.02, 0.02), (0.02, 0.0)]
    roads = [Road(tail=at, head=(at + 1) % 4) for at in range(4)]
    router = router_of(network_from_edges(corners, roads).network, engine=engine)
    target = Location(lat=0.0101, lon=0.0)
    latest = [router.pin([Location(lat=0.0, lon=0.001 * unit) for unit in range(8)])]
    answers: list[tuple[tuple[Location, ...], list[float]]] = []

    def ask() -> None:
        while len(latest) == 1:
            origins = latest[0]
            answers.append((origins.locations, router.answer(target, origins).seconds.tolist()))

    with ThreadPoolExecutor(max_workers=2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        for number in range(200):
            latest[0] = router.moved(latest[0], number % 8, Location(lat=0.02, lon=1e-6 * (number + 1)))
        latest.append(latest[0])  # the end
        for one in asking:
            one.result()
    answers.append((latest[0].locations, router.answer(target, latest[0]).seconds.tolist()))
    for places, seconds in answers[:: 1 + len(answers) // 50] + answers[-1:]:
        assert seconds == router.answer(target, router.pin(places)).seconds.tolist()


@given(data=st.data(), built=road_networks(), limits=LIMITS)
@settings(max_examples=50, deadline=None)
def test_times_to_all_nodes_are_those_to_each(data, built, limits):
    """The nearest origin is named too; of two that are there at the same time the first."""
    network = built.network
    router = router_of(network, limits, engine=data.draw(ENGINES))
    origins = router.pin(data.draw(st.lists(near_roads(built), max_size=5)))
    everywhere, nearest = router.times_everywhere(origins), router.nearest_everywhere(origins)
    slow = SlowRouter(network, router.metric)
    assert everywhere.ms.shape == (len(origins), network.node_count)
    for node in range(network.node_count):
        edges = [edge for edge in range(network.edge_count) if network.edge_tail[edge] == node]
        if not any(router.metric.is_open[edge] for edge in edges):
            continue  # the slow search stands on edges
        edge = next(edge for edge in edges if router.metric.is_open[edge])
        at_node = Snap(edge=edge, fraction=0.0, location=node_location(network, node), distance_m=0.0)
        driving = slow_driving_ms(slow, (at_node,), origins)
        total = [
            None if one is None else one + round(reach)
            for one, reach in zip(driving, origins.reach_road_ms.tolist(), strict=True)
        ]
        assert [ms(None if np.isnan(one) else one) for one in everywhere.seconds[:, node].tolist()] == total
        first = (
            min((one, at) for at, one in enumerate([*total, None]) if one is not None)
            if any(one is not None for one in total)
            else None
        )
        assert nearest.origin[node] == (-1 if first is None else first[1])
        assert ms(None if first is None else nearest.seconds[node]) == (None if first is None else first[0])


@given(data=st.data(), built=road_networks(), limits=LIMITS)
@settings(max_examples=EXAMPLES, deadline=None)
def test_times_to_the_middle_of_edges_are_those_of_a_plain_search(data, built, limits):
    network = built.network
    router = router_of(network, limits, engine=data.draw(ENGINES))
    origins = router.pin(data.draw(st.lists(near_roads(built), max_size=4)))
    edges = np.array(data.draw(st.lists(st.integers(0, network.edge_count - 1), max_size=6)), dtype=np.int64)
    times = router.edge_midpoint_times(origins, edges)
    slow = SlowRouter(network, router.metric)
    for column, edge in enumerate(edges.tolist()):
        middle = Snap(edge=edge, fraction=0.5, location=node_location(network, 0), distance_m=0.0)
        for row, driving in enumerate(slow_driving_ms(slow, (middle,), origins)):
            assert times.reachable[row, column] == (driving is not None)
            if driving is not None:
                assert round(times.seconds[row, column] * 1000) == driving + origins.reach_road_ms[row]


@given(data=st.data(), built=road_networks(), limits=LIMITS)
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_route_drives_open_edges_end_to_end_obeys_restrictions_and_takes_its_time(data, built, limits):
    network = built.network
    router = router_of(network, limits, engine=data.draw(ENGINES))
    origin, target = data.draw(near_roads(built)), data.draw(near_roads(built))
    (time,) = router.times_to(target, [origin])
    route = router.route(origin, target)
    assert (route is None) == (time.driving_s is None)
    if route is None:
        return
    assert route.time == time
    edge_ms = router.metric.edge_ms
    assert all(edge_ms[edge] >= 0 for edge in route.edges)
    assert all(network.edge_head[edge] == network.edge_tail[after] for edge, after in pairwise(route.edges))
    slow = SlowRouter(network, router.metric)
    assert all(slow.allows(route.edges[:at], edge) for at, edge in enumerate(route.edges))
    assert abs(sum(step.length_m for step in route.steps) - route.length_m) < 1e-6
    assert ms(sum(step.seconds for step in route.steps)) == ms(time.driving_s)
    if all(edge_ms[edge] > 0 for edge in route.edges):
        # Over roads of no time many ways are equally quick, also one that turns round for nothing on one of them.
        assert ms(time.driving_s) == driven_ms(slow, route.origin, route.target, route.edges)
    assert route.points[0] == (route.origin.location.lat, route.origin.location.lon)
    assert route.points[-1] == (route.target.location.lat, route.target.location.lon)


@pytest.mark.parametrize("engine", ["scipy", "hierarchy"])
@pytest.mark.parametrize("lon", [(0.0, 0.0055), (0.0055, 0.0), (0.006, 0.0005), (0.0005, 0.006)])
def test_nobody_drives_past_the_target_or_away_from_it_where_that_takes_no_longer(engine, lon):
    """A road of 2 ms, on which most of the way takes 2 ms too; a way on at either end tempts."""
    built = network_from_edges(
        [(0.0, 0.0), (0.0, 0.006), (0.0, 0.012), (0.0, -0.006)],
        [Road(tail=0, head=1, ms=2), Road(tail=1, head=2, ms=900), Road(tail=3, head=0, ms=900)],
    )
    origin, target = (Location(lat=0.0, lon=one) for one in lon)
    route = router_of(built.network, engine=engine).route(origin, target)
    assert route is not None
    assert len(route.edges) == 1
    assert route.length_m == pytest.approx(abs(lon[0] - lon[1]) * 111_195, rel=0.01)


def driven_ms(slow: SlowRouter, origin: Snap, target: Snap, edges: tuple[int, ...]) -> int:
    """Milliseconds along edges from one point to another, the ends driven in part, and of every turning round."""
    total = sum(slow.edge_ms[edge] for edge in edges)
    total += sum(slow.turning_ms((before,), edge) for before, edge in pairwise(edges))
    if slow.node(origin) is None:
        total -= next(slow.before_ms(*side) for side in slow.sides(origin) if side[0] == edges[0])
    if slow.node(target) is None:
        edge, fraction = next(side for side in slow.sides(target) if side[0] == edges[-1])
        total -= slow.edge_ms[edge] - slow.before_ms(edge, fraction)
    return total


@given(data=st.data(), built=road_networks())
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_target_is_taken_to_the_nearest_road_that_the_units_can_reach(data, built):
    """Every piece of road counts as served here, so that the units are all of those that are asked for."""
    network = built.network
    limits = RoutingSettings(served_component_m=0.0, connected_within_m=data.draw(st.sampled_from((0.0, 150.0, 500.0))))
    router = router_of(network, limits)
    origins = router.pin(data.draw(st.lists(near_roads(built), min_size=1, max_size=3)))
    target = data.draw(near_roads(built))
    access = router.access(target, origins)
    slow = SlowRouter(network, router.metric)
    reached = reachable_edges(slow, [item.snaps[0] for item in origins.access if item.snaps])
    is_open = router.metric.is_open
    brute = SlowSnapper(network)
    nearest = brute.nearest(target, is_open, tie_m=TIE_M)
    if nearest is None:
        assert access.status is RoadStatus.OFF_NETWORK
        return
    assert access.nearest_m == pytest.approx(nearest[1], abs=1e-6)
    either_way = np.array(
        [edge in reached or int(network.edge_reverse[edge]) in reached for edge in range(network.edge_count)]
    )
    if not reached:
        return  # the units stand where nothing leads on
    useful = brute.nearest(target, either_way & is_open, tie_m=TIE_M)
    if useful is None:  # only roads of no length, at which nobody gets off
        assert access.connected_m is None
        return
    assert access.connected_m == pytest.approx(useful[1], abs=1e-6)
    farther_m = useful[1] - nearest[1]
    if farther_m <= TIE_M / 2:
        assert access.status is RoadStatus.CONNECTED
    elif 2 * TIE_M < farther_m <= limits.connected_within_m - TIE_M:
        assert access.status is RoadStatus.REROUTED
    elif farther_m > limits.connected_within_m + TIE_M:
        assert access.status is RoadStatus.ISOLATED
        assert len(access.snaps) == 2


def reachable_edges(slow: SlowRouter, origins: list[Snap]) -> set[int]:
    """Edges that can be entered from where the origins stand."""
    starts = []
    for origin in origins:
        at = slow.node(origin)
        if at is not None:
            starts.append((at, ()))
        else:
            starts += [slow.drive((int(slow.network.edge_tail[edge]), ()), edge) for edge, _ in slow.sides(origin)]
    states = {state for start in starts for state in (start, *nx.descendants(slow.graph, start))}
    return {edge for state in states for edge in slow.permitted(state)}


# --- rules, on networks drawn for them -----------------------------------------------------------------------------

# A square of about 1.1 km a side: 0 south-west, 1 south-east, 2 north-east, 3 north-west.
SQUARE = [(0.0, 0.0), (0.0, 0.01), (0.01, 0.01), (0.01, 0.0)]
FREE = RoutingSettings(served_component_m=0.0)
TURN_S = RoutingSettings().turn_round_s


def on_road(built: BuiltNetwork, number: int, share: float) -> Location:
    lat, lon = built.network.edge_points(built.edge_of[number, True])
    return Location(lat=float(lat[0] + share * (lat[-1] - lat[0])), lon=float(lon[0] + share * (lon[-1] - lon[0])))


def driving_s(router: Router, origin: Location, target: Location) -> float | None:
    return router.times_to(target, [origin])[0].driving_s


def test_a_unit_behind_the_incident_on_a_one_way_road_drives_straight_and_one_ahead_goes_round():
    ring = network_from_edges(SQUARE, [Road(tail=at, head=(at + 1) % 4, ms=100_000, oneway=True) for at in range(4)])
    router = router_of(ring.network)
    early, late = on_road(ring, 0, 0.25), on_road(ring, 0, 0.75)
    assert driving_s(router, early, late) == 50.0
    assert driving_s(router, late, early) == 350.0


def test_on_a_two_way_road_the_incident_is_reached_directly_from_either_side():
    road = network_from_edges(SQUARE[:2], [Road(tail=0, head=1, ms=100_000)])
    router = router_of(road.network)
    early, late = on_road(road, 0, 0.25), on_road(road, 0, 0.75)
    assert driving_s(router, early, late) == driving_s(router, late, early) == 50.0


def test_a_unit_past_the_incident_on_a_one_way_dead_end_cannot_reach_it():
    road = network_from_edges(SQUARE[:2], [Road(tail=0, head=1, ms=100_000, oneway=True)])
    assert driving_s(router_of(road.network), on_road(road, 0, 0.75), on_road(road, 0, 0.25)) is None


def test_a_quicker_way_round_beats_the_rest_of_a_slow_two_way_road():
    roads = [Road(tail=0, head=1, ms=1_000_000), Road(tail=0, head=1, ms=10_000, via=((-0.01, 0.005),))]
    built = network_from_edges(SQUARE[:2], roads)
    time = driving_s(router_of(built.network), on_road(built, 0, 0.1), on_road(built, 0, 0.9))
    assert time == 100.0 + 10.0 + 100.0


def test_the_nearer_side_of_parallel_roads_is_counted_once_not_added_up():
    built = network_from_edges(SQUARE[:2], [Road(tail=0, head=1, ms=7_000), Road(tail=0, head=1, ms=5_000)])
    assert driving_s(router_of(built.network), on_road(built, 0, 0.0), on_road(built, 0, 1.0)) == 5.0


def test_a_road_of_no_time_is_a_road():
    built = network_from_edges(SQUARE[:3], [Road(tail=0, head=1, ms=0), Road(tail=1, head=2, ms=4_000)])
    assert driving_s(router_of(built.network), on_road(built, 0, 0.0), on_road(built, 1, 1.0)) == 4.0


def crossroads(restrictions):
    """West 0, middle 1, east 2, north 3, far north 4; each arm 10 s."""
    points = [(0.0, 0.0), (0.0, 0.01), (0.0, 0.02), (0.01, 0.01), (0.02, 0.01)]
    roads = [Road(tail=tail, head=head, ms=10_000) for tail, head in ((0, 1), (1, 2), (1, 3), (3, 4))]
    return network_from_edges(points, roads, restrictions)


def test_a_forbidden_turn_is_avoided_by_turning_round_at_the_next_end_which_takes_time():
    free, forbidden = crossroads([]), crossroads([[(0, True), (2, True)]])
    west, north = on_road(free, 0, 0.5), on_road(free, 2, 0.5)
    assert driving_s(router_of(free.network), west, north) == 10.0
    assert driving_s(router_of(forbidden.network), west, north) == 30.0 + TURN_S  # east end and back
    assert driving_s(router_of(forbidden.network), north, west) == 10.0


def test_a_forbidden_u_turn_stands_only_where_it_is_written():
    no_left = [(0, True), (2, True)]
    for no_u_turn, expected in (([(2, True), (2, False)], 30.0 + TURN_S), ([(1, True), (1, False)], 5.0)):
        built = crossroads([no_left, no_u_turn])
        router = router_of(built.network, FREE)
        target = on_road(built, 2, 0.5)
        # Without a way to turn round, the unit stops at the crossing, and its crew walks from there.
        status = RoadStatus.CONNECTED if expected == 30.0 + TURN_S else RoadStatus.ISOLATED
        origins = router.pin([on_road(built, 0, 0.5)])
        assert driving_s(router, on_road(built, 0, 0.5), target) == expected
        assert router.access(target, origins).status is status


def test_a_restriction_over_a_via_way_binds_only_those_who_came_that_way():
    built = crossroads([[(0, True), (2, True), (3, True)]])
    router = router_of(built.network)
    target = on_road(built, 3, 0.5)
    assert driving_s(router, on_road(built, 2, 0.5), target) == 10.0
    assert driving_s(router, on_road(built, 1, 0.5), target) == 20.0
    assert driving_s(router, on_road(built, 0, 0.5), target) == 40.0 + TURN_S  # at 2, once; at 3 it would be twice


def test_a_restriction_is_not_dodged_by_turning_round_twice_for_nothing():
    """From 0 over 1 and 2 to 3 is forbidden; turning round at 2 and again at 1 would make the search forget it."""
    points = [(0.0, 0.0), (0.0, 0.001), (0.0, 0.002), (0.001, 0.002)]
    roads = [Road(tail=at, head=at + 1, ms=1_000) for at in range(3)]
    built = network_from_edges(points, roads, [[(0, True), (1, True), (2, True)]])
    start, end = on_road(built, 0, 0.0), on_road(built, 2, 1.0)
    free = RoutingSettings(turn_round_s=0.0)
    assert driving_s(router_of(built.network, free), start, end) == 5.0
    assert driving_s(router_of(built.network), start, end) == 5.0 + 2 * TURN_S
    route = router_of(built.network).route(start, end)
    assert route is not None
    assert [step.manoeuvre for step in route.steps].count("uturn") == 2
    assert sum(step.seconds for step in route.steps) == 5.0 + 2 * TURN_S


@pytest.mark.parametrize("turn_round_s", [1.0, 3.0, 20.0])
def test_turning_round_farther_on_is_not_free_either(turn_round_s):
    """A street of 40 short pieces; whoever came from 0 must not turn off at 2, and may turn round at any junction."""
    points = [(0.0, 0.0005 * at) for at in range(40)] + [(0.001, 0.001)]
    roads = [Road(tail=at, head=at + 1, ms=1_000) for at in range(39)] + [Road(tail=2, head=40, ms=1_000)]
    built = network_from_edges(points, roads, [[(0, True), (1, True), (39, True)]])
    router = router_of(built.network, RoutingSettings(turn_round_s=turn_round_s))
    time = driving_s(router, on_road(built, 0, 0.0), on_road(built, 39, 1.0))
    assert time == 2.0 + 2.0 + turn_round_s + 1.0


def test_a_way_round_the_block_beats_turning_round_when_it_is_quicker():
    """As above, with a lane from 2 round to 1."""
    points = [(0.0, 0.0), (0.0, 0.001), (0.0, 0.002), (0.001, 0.002)]
    roads = [Road(tail=at, head=at + 1, ms=1_000) for at in range(3)]
    roads.append(Road(tail=2, head=1, ms=30_000, oneway=True, via=((-0.001, 0.0015),)))
    built = network_from_edges(points, roads, [[(0, True), (1, True), (2, True)]])
    assert driving_s(router_of(built.network), on_road(built, 0, 0.0), on_road(built, 2, 1.0)) == 34.0


@given(data=st.data(), built=road_networks())
@settings(max_examples=EXAMPLES, deadline=None)
def test_knowing_every_edge_driven_last_changes_no_time(data, built):
    """What is remembered only near restrictions is enough: routing/turning_round.py."""
    limits = RoutingSettings(turn_round_s=data.draw(st.sampled_from((0.002, 0.02, 1.0, 20.0, 120.0))))
    network = built.network
    metric = Metric.build(network, limits)
    some, every = (
        ScipySearch(TurnGraph.build(network, edges), metric)
        for edges in (edges_to_remember(network, metric), range(network.edge_count))
    )
    nodes = np.arange(network.node_count)
    starts = Starts(offset=np.arange(network.node_count + 1), state=nodes, ms=np.zeros(network.node_count))
    assert np.array_equal(some.node_times_ms(starts), every.node_times_ms(starts))


def test_overlapping_restrictions_hold_together():
    both = [[(0, True), (2, True), (3, True)], [(2, True), (2, False)], [(0, True), (0, False)]]
    built = crossroads(both)
    slow = SlowRouter(built.network, router_of(built.network).metric)
    router = router_of(built.network, FREE)
    origins = router.pin([on_road(built, number, 0.5) for number in range(4)])
    for number in range(4):
        answer = router.answer(on_road(built, number, 0.3), origins)
        assert [ms(time.driving_s) for time in answer.times] == slow_driving_ms(slow, answer.access.snaps, origins)


def test_a_closed_road_is_never_driven_and_never_stood_on():
    square = [Road(tail=at, head=(at + 1) % 4, ms=10_000) for at in range(4)]
    built = network_from_edges(SQUARE, square)
    closed = (built.edge_of[0, True], built.edge_of[0, False])
    router = router_of(built.network, closures=closed)
    origin, target = node_location(built.network, 0), node_location(built.network, 1)
    route = router.route(origin, target)
    assert route is not None
    assert route.time.driving_s == 30.0
    assert not set(route.edges) & set(closed)
    assert router.access(on_road(built, 0, 0.5)).snaps[0].edge not in closed


def test_a_road_closed_one_way_is_still_driven_the_other_way():
    built = network_from_edges(SQUARE[:3], [Road(tail=0, head=1, ms=10_000), Road(tail=1, head=2, ms=10_000)])
    router = router_of(built.network, FREE, closures=(built.edge_of[0, True],))
    assert driving_s(router, on_road(built, 1, 0.5), on_road(built, 0, 0.5)) == 10.0
    assert driving_s(router, on_road(built, 0, 0.4), on_road(built, 0, 0.6)) is None


def test_closing_a_road_that_is_not_there_is_told():
    built = network_from_edges(SQUARE[:2], [Road(tail=0, head=1)])
    with pytest.raises(InputError, match="edge 2, but the network's edges are 0 to 1"):
        router_of(built.network, closures=(2,))


def test_a_network_without_roads_is_told():
    built = network_from_edges(SQUARE[:2], [])
    with pytest.raises(InputError, match="has no roads"):
        router_of(built.network)


# --- cut-off pieces of road ----------------------------------------------------------------------------------------


def island(distance: float) -> BuiltNetwork:
    """A mainland road of 11 km along the equator and an island road of 1.1 km, `distance` degrees north of it."""
    points = [(0.0, 0.0), (0.0, 0.1), (distance, 0.05), (distance, 0.06)]
    return network_from_edges(points, [Road(tail=0, head=1, ms=600_000), Road(tail=2, head=3, ms=60_000)])


MAINLAND = Location(lat=0.0, lon=0.01)


def test_an_incident_on_a_cut_off_road_near_a_connected_one_is_rerouted():
    router = router_of(island(0.003).network)
    answer = router.answer(Location(lat=0.003, lon=0.055), router.pin([MAINLAND]))
    assert answer.access.status is RoadStatus.REROUTED
    assert len(answer.access.snaps) == 1
    assert answer.access.nearest_m == pytest.approx(0.0, abs=1e-6)
    assert answer.access.connected_m == pytest.approx(331.7, abs=0.1)
    assert answer.times[0].driving_s == 270.0
    assert answer.times[0].last_metres_s == pytest.approx(331.7 / 5000 * 3600, abs=0.1)


def test_on_an_island_its_own_unit_is_timed_exactly_and_all_others_to_the_nearest_reachable_road():
    router = router_of(island(0.03).network)
    incident, islander = Location(lat=0.03, lon=0.055), Location(lat=0.03, lon=0.052)
    origins = router.pin([MAINLAND, islander])
    assert [access.status for access in origins.access] == [RoadStatus.CONNECTED, RoadStatus.ISOLATED]
    answer = router.answer(incident, origins)
    assert answer.access.status is RoadStatus.ISOLATED
    assert [round(snap.location.lat, 6) for snap in answer.access.snaps] == [0.03, 0.0]
    mainland, own = answer.times
    assert mainland.driving_s == 270.0
    assert mainland.last_metres_s == pytest.approx(3317.2 / 5000 * 3600, abs=1)
    assert own == DrivingTime(reach_road_s=0.0, driving_s=18.0, last_metres_s=0.0)
    assert router.nearest(incident, origins, 2) == [(1, own), (0, mainland)]


def test_a_unit_on_a_cut_off_road_is_timed_exactly_where_all_others_are_rerouted():
    """The island's road ends near the mainland; its unit stands at the far end."""
    points = [(0.0, 0.0), (0.0, 0.1), (0.003, 0.05), (0.03, 0.05)]
    built = network_from_edges(points, [Road(tail=0, head=1, ms=600_000), Road(tail=2, head=3, ms=90_000)])
    router = router_of(built.network)
    incident, islander = Location(lat=0.003, lon=0.05), Location(lat=0.027, lon=0.05)
    alone, with_islander = router.pin([MAINLAND]), router.pin([MAINLAND, islander])
    assert len(router.access(incident, alone).snaps) == 1
    answer = router.answer(incident, with_islander)
    assert answer.access.status is RoadStatus.REROUTED
    assert len(answer.access.snaps) == 2
    assert [time.driving_s for time in answer.times] == [240.0, 80.0]
    assert [time.last_metres_s > 200 for time in answer.times] == [True, False]


def test_a_rerouted_incident_is_never_taken_to_a_closed_road():
    points = [(0.0, 0.0), (0.0, 0.1), (0.003, 0.05), (0.003, 0.06), (0.0, 0.055), (0.0029, 0.055)]
    roads = [
        Road(tail=0, head=4, ms=300_000),
        Road(tail=4, head=1, ms=300_000),
        Road(tail=2, head=3, ms=60_000),
        Road(tail=4, head=5, ms=30_000, flags=EdgeFlag.PRIVATE),
    ]
    built = network_from_edges(points, roads)
    router = router_of(built.network)
    access = router.access(Location(lat=0.003, lon=0.055), router.pin([MAINLAND]))
    assert access.status is RoadStatus.REROUTED
    assert router.metric.is_open[access.snaps[0].edge]
    assert access.snaps[0].location.lat == pytest.approx(0.0)


def test_where_a_cut_off_road_and_a_connected_one_meet_the_incident_is_connected():
    """The road of edge 0 leads into the network and cannot be entered from it."""
    roads = [Road(tail=0, head=1, ms=10_000, oneway=True), Road(tail=1, head=2, ms=10_000)]
    built = network_from_edges(SQUARE[:3], roads)
    router = router_of(built.network)
    answer = router.answer(node_location(built.network, 1), router.pin([on_road(built, 1, 0.5)]))
    assert answer.access.status is RoadStatus.CONNECTED
    assert answer.times[0].driving_s == 5.0


def test_the_nearest_unit_may_come_by_a_way_that_the_first_limit_did_not_reach():
    """By A the unit needs 230.5 s, of which the last 50 s are soon known; by B 119.5 s, known later."""
    points = [(0.0, 0.0), (0.0027, 0.0), (0.0027, 0.0001)]
    roads = [
        Road(tail=0, head=1, ms=50_000),
        Road(tail=0, head=2, ms=110_000, via=((0.001, 0.001),)),
        Road(tail=1, head=2, ms=190_000, via=((0.0028, 0.0),)),
    ]
    built = network_from_edges(points, roads)
    router = router_of(built.network)
    unit = Location(lat=0.0027 + 0.1 * 0.0001, lon=0.00009)
    origins = router.pin([unit])
    ((_, time),) = router.nearest(node_location(built.network, 0), origins, 1)
    assert time == router.times_to(node_location(built.network, 0), origins)[0]
    assert time.driving_s is not None
    assert time.driving_s < 150.0


def test_a_unit_far_off_the_road_does_not_hide_one_just_beyond_the_first_limit():
    """The first unit drives no time at all but takes 39.8 s to the road; the second drives 36 s."""
    built = network_from_edges(SQUARE[:2], [Road(tail=0, head=1, ms=100_000)])
    router = router_of(built.network)
    origins = router.pin([Location(lat=-0.001, lon=0.0), on_road(built, 0, 0.36)])
    ((at, time),) = router.nearest(node_location(built.network, 0), origins, 1)
    assert (at, time.total_s) == (1, 36.0)


def test_a_unit_on_a_cut_off_road_cannot_leave_it():
    router = router_of(island(0.03).network)
    times = router.times_to(MAINLAND, [Location(lat=0.03, lon=0.055), MAINLAND])
    assert [time.driving_s for time in times] == [None, 0.0]


def test_a_unit_beside_a_cut_off_road_stands_on_the_connected_one_close_by():
    router = router_of(island(0.003).network)
    (access,) = router.pin([Location(lat=0.0029, lon=0.055)]).access
    assert access.status is RoadStatus.REROUTED
    assert access.snaps[0].location.lat == pytest.approx(0.0)


def test_an_incident_off_every_road_is_told_and_reached_by_nobody():
    router = router_of(island(0.03).network)
    answer = router.answer(Location(lat=1.0, lon=1.0), router.pin([MAINLAND]))
    assert answer.access.status is RoadStatus.OFF_NETWORK
    assert answer.access.snaps == ()
    assert answer.access.nearest_m is None
    assert [time.total_s for time in answer.times] == [None]
    assert router.route(MAINLAND, Location(lat=1.0, lon=1.0)) is None
    assert router.nearest(Location(lat=1.0, lon=1.0), router.pin([MAINLAND]), 1) == []


def test_a_unit_off_every_road_reaches_nothing():
    router = router_of(island(0.03).network)
    far = Location(lat=1.0, lon=1.0)
    assert router.pin([far]).access[0].status is RoadStatus.OFF_NETWORK
    assert [time.driving_s for time in router.times_to(MAINLAND, [far, MAINLAND])] == [None, 0.0]
    assert router.route(far, MAINLAND) is None


def test_reaching_the_road_and_the_last_metres_are_counted_by_their_own_speeds():
    road = network_from_edges([(0.0, 0.0), (0.0, 0.1)], [Road(tail=0, head=1, ms=600_000)])
    router = router_of(road.network, RoutingSettings(off_road_kph=10.0, walking_kph=5.0))
    (time,) = router.times_to(Location(lat=0.001, lon=0.06), [Location(lat=0.001, lon=0.05)])
    assert time.driving_s == 60.0
    assert time.reach_road_s == pytest.approx(110.574 / 10_000 * 3600, abs=0.01)
    assert time.last_metres_s == pytest.approx(110.574 / 5_000 * 3600, abs=0.01)
    assert time.total_s == round(time.reach_road_s + 60.0 + time.last_metres_s, 3)


def test_many_threads_asking_one_router_get_the_answers_of_one():
    built = crossroads([[(0, True), (2, True)], [(1, False), (0, False)]])
    router = router_of(built.network, FREE)
    places = [on_road(built, number, share) for number in range(4) for share in (0.1, 0.5, 0.7)]
    questions = [(target, places[:at]) for at in range(1, 12) for target in places]
    alone = [router_of(built.network, FREE).times_to(*question) for question in questions]
    with ThreadPoolExecutor(max_workers=8) as pool:
        assert list(pool.map(lambda question: router.times_to(*question), questions)) == alone


def test_no_origins_get_no_times():
    router = router_of(island(0.03).network)
    assert router.times_to(MAINLAND, []) == []
    assert router.nearest(MAINLAND, router.pin([]), 3) == []
    assert router.matrix([], [MAINLAND]).seconds.shape == (0, 1)


def test_asking_for_no_unit_is_told():
    router = router_of(island(0.03).network)
    with pytest.raises(InputError, match="ask for at least 1"):
        router.nearest(MAINLAND, router.pin([MAINLAND]), 0)
