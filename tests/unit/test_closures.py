"""Which edges a closure closes, and whom it cuts off: on small networks, against the slow and obvious."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import InputError, OutsideRegionError
from gis.geodesy import LocalPlane
from gis.types import Location
from routing.closures import RoadFinder, UnknownStreetError, edges_digest, polygon_of
from routing.cut_off import Reach
from routing.network import RoadNetwork
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper
from routing.types import RoadSelector, Selection
from tests.networks import BuiltNetwork, Road, network_from_edges
from tests.strategies import road_networks

SETTINGS = RoutingSettings(served_component_m=0.0)
CROSS = [(0.0, -0.01), (0.0, 0.0), (0.0, 0.01), (-0.01, 0.0), (0.01, 0.0), (0.1, 0.1), (0.1, 0.11)]
"""A cross of two roads at the equator, and a road of one of their names 15 km away."""
ROADS = [
    Road(tail=0, head=1, name="Jalan Merdeka"),
    Road(tail=1, head=2, name="Jalan Merdeka"),
    Road(tail=3, head=1, name="Jalan Pasar"),
    Road(tail=1, head=4, name="Jalan Pasar"),
    Road(tail=5, head=6, name="Jalan Merdeka"),
]


def finder_of(network: RoadNetwork) -> RoadFinder:
    return RoadFinder(network, Snapper.build(network))


def crossing() -> tuple[BuiltNetwork, RoadFinder]:
    built = network_from_edges(CROSS, ROADS)
    return built, finder_of(built.network)


def both(built: BuiltNetwork, *roads: int) -> list[int]:
    return sorted(built.edge_of[road, way] for road in roads for way in (True, False))


def lines(network: RoadNetwork) -> list[shapely.Geometry]:
    """Every edge by itself, a point where it has no length."""
    found = []
    for edge in range(network.edge_count):
        lat, lon = network.edge_points(edge)
        line = np.column_stack([lon, lat])
        found.append(shapely.Point(line[0]) if np.ptp(line, axis=0).max() == 0 else shapely.LineString(line))
    return found


# --- by name -----------------------------------------------------------------------------------------------------


def test_a_street_of_one_name_in_two_places_is_two_streets_the_longest_first():
    built, finder = crossing()
    parts = finder.street("Jl. merdeka")
    assert [part.edges.tolist() for part in parts] == [both(built, 0, 1), both(built, 4)]
    assert parts[0].length_m == pytest.approx(2226, rel=0.01)
    assert abs(parts[0].middle.lon) < 0.011


def test_the_street_near_a_place_is_the_one_that_is_closed():
    built, finder = crossing()
    near = RoadSelector(kind=Selection.STREET, street="Jalan Merdeka", location=Location(lat=0.09, lon=0.1))
    assert finder.select(near).tolist() == both(built, 4)
    every = RoadSelector(kind=Selection.STREET, street="Jalan Merdeka")
    assert finder.select(every).tolist() == both(built, 0, 1, 4)
    west = RoadSelector(
        kind=Selection.STREET, street="Jalan Merdeka", location=Location(lat=0.0, lon=-0.01), radius_m=500.0
    )
    assert finder.select(west).tolist() == both(built, 0)


def test_a_street_that_no_road_is_called_is_told_with_those_most_like_it():
    _, finder = crossing()
    with pytest.raises(UnknownStreetError, match=r"No street is called “Jl\. Merdeko”; did you mean Jalan Merdeka"):
        finder.street("Jl. Merdeko")
    with pytest.raises(UnknownStreetError, match="No street is called “”"):
        finder.street("")


def test_a_street_within_an_area_is_only_its_part_there():
    built, finder = crossing()
    (part,) = finder.street("Jalan Merdeka", within=shapely.box(0.001, -0.1, 0.05, 0.05))
    assert part.edges.tolist() == both(built, 1)
    with pytest.raises(UnknownStreetError, match="does not lie in that area"):
        finder.street("Jalan Pasar", within=shapely.box(0.05, 0.05, 0.2, 0.2))


def test_one_direction_is_that_which_leads_the_way_asked_for():
    built, finder = crossing()
    east = RoadSelector(kind=Selection.POLYGON, polygon=box(-0.02, 0.02), bearing_deg=80.0)
    assert finder.select(east).tolist() == sorted(
        [built.edge_of[0, True], built.edge_of[1, True], built.edge_of[2, True], built.edge_of[3, True]]
    )


def box(low: float, high: float) -> tuple[Location, ...]:
    corners = ((low, low), (low, high), (high, high), (high, low))
    return tuple(Location(lat=lat, lon=lon) for lat, lon in corners)


# --- by place ----------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(road_networks(), st.lists(st.tuples(st.integers(-2, 14), st.integers(-2, 14)), min_size=3, max_size=6))
def test_a_polygon_closes_exactly_the_roads_that_touch_it(built, corners):
    ring = [(lon * 0.001 + 0.0002, lat * 0.001 + 0.0003) for lat, lon in corners]
    polygon = shapely.Polygon(ring)
    if not polygon.is_valid or polygon.area == 0:
        return
    finder = finder_of(built.network)
    wanted = [edge for edge, line in enumerate(lines(built.network)) if polygon.intersects(line)]
    try:
        assert finder.in_polygon(polygon).tolist() == wanted
    except OutsideRegionError:
        assert wanted == []


@settings(max_examples=40)
@given(road_networks(), st.floats(-0.004, 0.014), st.floats(-0.004, 0.014), st.floats(1.0, 1500.0))
def test_a_circle_closes_exactly_the_roads_that_come_within_its_radius(built, lat, lon, radius_m):
    finder, plane = finder_of(built.network), LocalPlane(lat0=lat, lon0=lon)
    away = [
        shapely.transform(line, lambda xy: np.column_stack(plane.to_xy(xy[:, 1], xy[:, 0]))).distance(
            shapely.Point(0, 0)
        )
        for line in lines(built.network)
    ]
    if any(math.isclose(one, radius_m, abs_tol=1e-6) for one in away):
        return
    try:
        found = finder.about(Location(lat=lat, lon=lon), radius_m).tolist()
    except OutsideRegionError:
        found = []
    assert found == [edge for edge, one in enumerate(away) if one <= radius_m]


def test_without_a_radius_the_nearest_road_is_closed_in_both_directions():
    built, finder = crossing()
    assert finder.nearest(Location(lat=0.0005, lon=0.005)).tolist() == both(built, 1)
    with pytest.raises(InputError, match=r"No road is within 150 m of 0\.05000, 0\.05000"):
        finder.nearest(Location(lat=0.05, lon=0.05))


@pytest.mark.parametrize(
    ("corners", "sentence"),
    [
        ([(0, 0), (1, 1), (0, 1), (1, 0)], "The sides of the area cross at 0.50000, 0.50000"),
        ([(0, 0), (1, 1)], "at least three different corners"),
        ([(0, 0), (1, 1), (0, 0), (1, 1)], "at least three different corners"),
    ],
)
def test_a_polygon_that_is_none_is_refused(corners, sentence):
    with pytest.raises(InputError, match=sentence):
        polygon_of([Location(lat=lat, lon=lon) for lat, lon in corners])


def test_what_lies_beyond_all_roads_or_closes_none_is_refused():
    _, finder = crossing()
    with pytest.raises(OutsideRegionError, match="lies outside the region"):
        finder.select(RoadSelector(kind=Selection.POLYGON, polygon=box(3.0, 4.0)))
    with pytest.raises(InputError, match="No road is closed by that"):
        finder.select(RoadSelector(kind=Selection.POLYGON, polygon=box(0.02, 0.03)))
    with pytest.raises(InputError, match="no edge 99; the edges of this region are 0 to 9"):
        finder.select(RoadSelector(kind=Selection.EDGES, edges=(1, 99)))


# --- what it does to times ------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(built=road_networks(), data=st.data())
def test_a_closure_never_makes_a_time_shorter_and_reopening_gives_the_same_times(built, data):
    network = built.network
    snapper = Snapper.build(network)
    edges = st.lists(st.integers(0, network.edge_count - 1), unique=True, max_size=5)
    one, other = data.draw(edges), data.draw(edges)
    places = [
        Location(lat=float(lat), lon=float(lon)) for lat, lon in zip(network.node_lat, network.node_lon, strict=True)
    ]

    def times(closures: list[int]) -> tuple[np.ndarray, list[tuple[object, ...]]]:
        # From and to fixed points on edges: where a place meets the roads may change with what is closed.
        router = Router(network, SETTINGS, snapper=snapper, closures=closures)
        middle = np.arange(network.edge_count)
        seconds = router.edge_midpoint_times(places, middle).seconds
        pinned = [tuple(item.snaps[:1]) for item in router.pin(places).access]
        return seconds, pinned

    before, stood = times([])
    closed, now = times(one)
    same = np.array([here == there for here, there in zip(stood, now, strict=True)])
    filled = np.nan_to_num(closed[same], nan=np.inf) >= np.nan_to_num(before[same], nan=np.inf)
    assert filled.all()
    both_ways = [times([*one, *other])[0], times([*other, *one])[0]]
    np.testing.assert_array_equal(*both_ways)
    np.testing.assert_array_equal(times([])[0], before)
    assert edges_digest([*one, *other]) == edges_digest([*other, *one, *other])


# --- who is cut off ---------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(built=road_networks(), data=st.data())
def test_what_is_reached_is_what_a_search_over_whole_histories_reaches(built, data):
    network = built.network
    closed = data.draw(st.lists(st.integers(0, network.edge_count - 1), unique=True, max_size=4))
    reach = Reach(network, Snapper.build(network), [])
    is_open = (np.asarray(network.edge_flags) & 3 == 0) | (np.asarray(network.edge_flags) & 8 != 0)
    roots = np.flatnonzero((np.asarray(network.edge_component) == 0) & is_open).tolist()
    for without, found in (([], reach.before), (closed, reach.after(np.array(closed, dtype=np.int64)))):
        allowed = {edge for edge in range(network.edge_count) if is_open[edge] and edge not in without}
        assert np.flatnonzero(found).tolist() == sorted(slow_reach(network, roots, allowed))


def slow_reach(network: RoadNetwork, roots: list[int], allowed: set[int]) -> set[int]:
    """Edges that can be driven one after the other from any root, every restriction looked up in what was driven."""
    offset, edges = network.restriction_offset.tolist(), network.restriction_edges.tolist()
    forbidden = {tuple(edges[a:b]) for a, b in pairwise(offset)}
    longest = max((len(one) for one in forbidden), default=1)
    waiting = [(edge,) for edge in roots if edge in allowed]
    seen = set(waiting)
    while waiting:
        history = waiting.pop()
        node = int(network.edge_head[history[-1]])
        for edge in range(int(network.edge_offset[node]), int(network.edge_offset[node + 1])):
            driven = (*history, edge)
            if edge not in allowed or any(driven[-len(one) :] == one for one in forbidden):
                continue
            kept = driven[-max(longest - 1, 1) :]
            if kept not in seen:
                seen.add(kept)
                waiting.append(kept)
    return {history[-1] for history in seen}


def test_the_roads_beyond_a_closed_bridge_are_cut_off_and_those_before_it_are_not():
    points = [(0.0, 0.0), (0.0, 0.01), (0.0, 0.02), (0.0, 0.03), (0.01, 0.0), (0.02, 0.0)]
    roads = [
        Road(tail=0, head=1),
        Road(tail=1, head=2),
        Road(tail=2, head=3),
        Road(tail=0, head=4),
        Road(tail=4, head=5),
    ]
    built = network_from_edges(points, roads)
    network = built.network
    reach = Reach(network, Snapper.build(network), [Location(lat=0.015, lon=0.0)])
    forward = np.asarray(network.edge_forward) == 1
    village = np.where(forward, (np.asarray(network.edge_curve) == 2).astype(np.int32), -1).astype(np.int32)
    one_way = reach.by_village(np.array([built.edge_of[1, False]]), village, 2)
    assert one_way.share.tolist() == [0.0, 0.0]
    found = reach.by_village(np.array(both(built, 1)), village, 2)
    assert found.beyond_share.tolist() == [0.0, 1.0]
    assert found.share[0] == pytest.approx(0.25, abs=0.001)


# --- on another build of the map ------------------------------------------------------------------------------


def test_a_closed_street_is_found_again_on_a_map_whose_edges_have_other_numbers_and_other_ends():
    built, finder = crossing()
    selector = RoadSelector(kind=Selection.STREET, street="Jalan Merdeka", location=Location(lat=0.0, lon=0.0))
    kept = finder.kept(selector, finder.select(selector))
    points = [*CROSS, (0.00001, 0.005)]
    # The eastern half is split in two, another road was drawn, and all are in another order.
    roads = [
        Road(tail=3, head=5, name="Jalan Baru"), ROADS[4], ROADS[3], ROADS[2],
        Road(tail=7, head=2, name="Jalan Merdeka"), Road(tail=1, head=7, name="Jalan Merdeka"), ROADS[0],
    ]  # fmt: skip
    other = network_from_edges(points, roads)
    again = finder_of(other.network)
    assert again.checksum != finder.checksum
    edges, lost = again.found_again(selector, kept)
    assert (edges.tolist(), lost) == (both(other, 4, 5, 6), 0)
    whole, lost = finder.found_again(selector, again.kept(selector, edges))
    assert (whole.tolist(), lost) == (both(built, 0, 1), 0)


def test_a_direction_stays_a_direction_on_another_map():
    built, finder = crossing()
    one = RoadSelector(kind=Selection.EDGES, edges=(built.edge_of[1, True],))
    kept = finder.kept(one, finder.select(one))
    other = network_from_edges([*CROSS, (0.02, 0.0)], [Road(tail=4, head=7), *ROADS])
    edges, lost = finder_of(other.network).found_again(one, kept)
    assert (edges.tolist(), lost) == ([other.edge_of[2, True]], 0)


def test_a_flood_takes_in_the_roads_that_are_new_on_the_map_and_what_is_gone_is_told():
    built, finder = crossing()
    flood = RoadSelector(kind=Selection.POLYGON, polygon=box(-0.002, 0.002))
    kept = finder.kept(flood, finder.select(flood))
    assert kept.stretches == ()
    other = network_from_edges([*CROSS, (0.001, 0.001)], [*ROADS, Road(tail=1, head=7)])
    edges, _ = finder_of(other.network).found_again(flood, kept)
    assert edges.tolist() == both(other, 0, 1, 2, 3, 5)
    far = RoadSelector(kind=Selection.EDGES, edges=tuple(both(built, 4)))
    gone = network_from_edges(CROSS[:5], ROADS[:4])
    edges, lost = finder_of(gone.network).found_again(far, finder.kept(far, finder.select(far)))
    assert (edges.tolist(), lost) == ([], 2)
