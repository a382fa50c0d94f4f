"""From tiny maps (tests/data/osm, each with its purpose in it) to networks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.geodesy import distance_m
from routing.network import BARRIERS, ROAD_CLASSES, SMOOTHNESSES, SURFACES, EdgeFlag, RoadNetwork
from routing.osm_facts import BarrierFacts
from routing.osm_network import MISSING, NodeFacts, build_network
from routing.osm_read import OsmExtract, read_osm
from routing.osm_report import Tally
from routing.osm_roads import road_ways
from routing.osm_tables import tables_of
from routing.osm_text import TextWay, WayNodes
from tests.road_checks import check_network

MAPS = Path(__file__).parents[1] / "data" / "osm"


def read(name: str) -> OsmExtract:
    extract = read_osm([MAPS / f"{name}.osm"])
    check_network(extract.network)
    return extract


def edges_of(network: RoadNetwork, way: int) -> list[int]:
    """But for those against a one-way road."""
    return np.flatnonzero((network.edge_way_id == way) & ~network.is_contraflow).tolist()


def against(network: RoadNetwork, way: int) -> dict[tuple[int, int], EdgeFlag]:
    edges = np.flatnonzero((network.edge_way_id == way) & network.is_contraflow).tolist()
    return {ends(network, edge): EdgeFlag(int(network.edge_flags[edge])) for edge in edges}


def ends(network: RoadNetwork, edge: int) -> tuple[int, int]:
    return int(network.node_osm_id[network.edge_tail[edge]]), int(network.node_osm_id[network.edge_head[edge]])


def drives(network: RoadNetwork, way: int) -> set[tuple[int, int]]:
    return {ends(network, edge) for edge in edges_of(network, way)}


def flags(network: RoadNetwork, way: int) -> set[EdgeFlag]:
    return {EdgeFlag(int(network.edge_flags[edge])) for edge in edges_of(network, way)}


def barrier_edges(network: RoadNetwork) -> Iterator[tuple[tuple[int, int], EdgeFlag]]:
    for edge in np.flatnonzero(network.edge_class == ROAD_CLASSES.index("barrier")):
        yield ends(network, int(edge)), EdgeFlag(int(network.edge_flags[edge]))


@pytest.mark.parametrize("name", sorted(path.stem for path in MAPS.glob("*.osm")))
def test_every_tiny_map_gives_a_sound_network_and_the_same_one_twice(name):
    one, other = read(name), read(name)
    for field in ("edge_tail", "edge_head", "edge_length_m", "edge_flags", "curve_lat", "restriction_edges"):
        assert np.array_equal(getattr(one.network, field), getattr(other.network, field))
    assert one.report == other.report


def test_roads_run_as_their_oneway_tells():
    network = read("directions").network
    assert drives(network, 11) == {(1, 2), (2, 1)}
    assert drives(network, 12) == {(2, 3)}
    assert drives(network, 13) == {(4, 3)}
    assert drives(network, 14) == {(4, 5)}
    assert flags(network, 12) == flags(network, 13) == flags(network, 14) == {EdgeFlag.ONEWAY}


def test_against_a_oneway_road_runs_an_edge_that_only_an_exemption_opens():
    network = read("directions").network
    assert against(network, 12) == {(3, 2): EdgeFlag.CONTRAFLOW}
    assert against(network, 13) == {(3, 4): EdgeFlag.CONTRAFLOW}
    assert against(network, 11) == against(network, 15) == {}
    contraflow = np.flatnonzero(network.is_contraflow)
    assert (network.edge_component[contraflow] == -1).all()


def test_nobody_drives_against_a_motorway_or_a_roundabout():
    assert against(read("directions").network, 14) == {}
    assert against(read("roundabout").network, 20) == {}


def test_a_oneway_road_drawn_backwards_runs_against_its_curve():
    network = read("directions").network
    (edge,) = edges_of(network, 13)
    assert not network.edge_forward[edge]
    lat, lon = network.edge_points(edge)
    assert (lat[0], lon[0]) == pytest.approx((-6.75, 108.503))
    assert (lat[-1], lon[-1]) == pytest.approx((-6.75, 108.502))


def test_a_reversible_road_is_kept_closed_and_counted():
    extract = read("directions")
    assert drives(extract.network, 15) == {(5, 6), (6, 5)}
    assert flags(extract.network, 15) == {EdgeFlag.NO_ACCESS}
    assert extract.report["oddities"]["oneway=reversible is read as closed"] == {"count": 1, "examples": [15]}


def test_access_and_limits_may_differ_by_direction():
    network = read("directions").network
    found = {ends(network, edge): edge for edge in edges_of(network, 16)}
    assert not network.edge_flags[found[6, 7]]
    assert network.edge_flags[found[7, 6]] == EdgeFlag.NO_ACCESS
    assert network.edge_maxspeed_kph[found[6, 7]] == 50
    assert network.edge_maxspeed_kph[found[7, 6]] == 30


def test_a_road_without_a_name_is_called_by_its_number():
    network = read("directions").network
    names = {way: network.names[network.edge_name[edges_of(network, way)[0]]] for way in (11, 12, 14)}
    assert names == {11: "Jalan Dua Arah", 12: "", 14: "AH2"}


def test_cars_go_round_a_roundabout_one_way_and_it_is_cut_at_its_arms():
    network = read("roundabout").network
    assert drives(network, 20) == {(1, 2), (2, 3), (3, 1)}
    assert flags(network, 20) == {EdgeFlag.ROUNDABOUT | EdgeFlag.ONEWAY}
    assert 4 not in network.node_osm_id


def test_a_bollard_parts_the_road_by_an_edge_without_length():
    extract = read("barriers")
    network = extract.network
    found = dict(barrier_edges(network))
    parted = {inner: flag for (inner, outer), flag in found.items() if inner > 0 > outer}
    assert parted == {
        2: EdgeFlag.BARRIER,
        3: EdgeFlag.BARRIER | EdgeFlag.PRIVATE,
        5: EdgeFlag.BARRIER | EdgeFlag.EMERGENCY,
        6: EdgeFlag.BARRIER | EdgeFlag.LOCKED,
        4: EdgeFlag(0),
    }
    assert len(found) == 10
    assert all((outer, inner) in found for inner, outer in found)
    assert extract.report["barriers"]["on roads"] == {
        "stops cars": {"count": 3, "examples": [2, 3, 6]},
        "stops cars, emergency vehicles pass": {"count": 1, "examples": [5]},
        "cars pass": {"count": 1, "examples": [4]},
        "at a road's end": {"count": 1, "examples": [9]},
        "where roads meet: cars pass": {"count": 1, "examples": [8]},
    }


def test_both_sides_of_a_bollard_are_at_its_place_and_on_different_pieces_of_road():
    network = read("barriers").network
    for (inner, outer), flag in barrier_edges(network):
        a, b = (int(np.flatnonzero(network.node_osm_id == node)[0]) for node in (inner, outer))
        assert (network.node_lat[a], network.node_lon[a]) == (network.node_lat[b], network.node_lon[b])
        open_edges = network.edge_component >= 0
        pieces = [set(network.edge_component[open_edges & (network.edge_tail == node)].tolist()) for node in (a, b)]
        assert (pieces[0] == pieces[1]) == (not flag & EdgeFlag.BARRIER or bool(flag & EdgeFlag.EMERGENCY))


def test_the_kind_of_a_barrier_stands_on_its_edge():
    network = read("barriers").network
    kinds = {
        ends(network, int(edge)): BARRIERS[network.edge_barrier[edge]] for edge in np.flatnonzero(network.edge_barrier)
    }
    inner = {tail: kind for (tail, head), kind in kinds.items() if tail > 0 > head}
    assert inner == {2: "bollard", 3: "gate", 4: "lift_gate", 5: "bollard", 6: "gate"}


def test_an_open_gate_does_not_cut_a_road():
    network = read("barriers").network
    open_gate = {pair for pair, flag in barrier_edges(network) if not flag}
    assert {max(pair) for pair in open_gate} == {4}
    assert len(open_gate) == 2


def test_a_ferry_shares_its_duration_by_length():
    extract = read("ferry")
    network = extract.network
    found = {ends(network, edge): int(network.edge_extra_ms[edge]) for edge in edges_of(network, 40)}
    assert found[2, 3] + found[3, 4] == found[4, 3] + found[3, 2] == 30 * 60_000
    assert found[2, 3] == 10 * 60_000  # a third of the way
    assert flags(network, 40) == {EdgeFlag.FERRY}


def test_a_ferry_without_a_readable_duration_is_counted_and_has_none():
    extract = read("ferry")
    assert {int(extract.network.edge_extra_ms[edge]) for edge in edges_of(extract.network, 41)} == {-1}
    assert extract.report["oddities"] == {"duration=soon is not understood": {"count": 1, "examples": [41]}}


def test_a_ferry_for_people_on_foot_is_no_road():
    extract = read("ferry")
    assert edges_of(extract.network, 42) == []
    assert extract.report["roads"]["skipped"] == {
        "ferry that does not say whether it takes cars (motor_vehicle=yes would)": {"count": 1, "examples": [42]}
    }


def test_a_circle_without_junction_is_a_loop_driven_both_ways():
    network = read("shapes").network
    assert [ends(network, edge) for edge in edges_of(network, 50)] == [(1, 1), (1, 1)]
    one, other = edges_of(network, 50)
    assert network.edge_reverse[one] == other


def test_parallel_roads_are_both_kept():
    network = read("shapes").network
    assert drives(network, 51) == drives(network, 52) == {(4, 5), (5, 4)}
    assert network.edge_length_m[edges_of(network, 51)[0]] < network.edge_length_m[edges_of(network, 52)[0]]


def test_a_way_that_crosses_itself_is_cut_there():
    network = read("shapes").network
    assert drives(network, 53) == {(5, 7), (7, 5), (7, 7), (7, 12), (12, 7)}


def test_a_node_named_twice_in_a_row_counts_once():
    extract = read("shapes")
    assert drives(extract.network, 54) == {(10, 11), (11, 10)}
    assert extract.report["roads"]["geometry"]["way that names the same node twice in a row"]["examples"] == [54]


def test_a_way_with_a_missing_node_is_cut_there_and_counted():
    extract = read("shapes")
    assert drives(extract.network, 55) == {(10, 11), (11, 10), (12, 13), (13, 12)}
    missing = extract.report["roads"]["geometry"]["way with nodes that the file does not hold"]
    assert missing == {"count": 3, "examples": [55, 56, 57]}
    assert extract.report["roads"]["skipped"] == {"fewer than two known nodes": {"count": 2, "examples": [56, 57]}}


def test_two_nodes_at_one_spot_make_a_road_without_length():
    network = read("shapes").network
    assert {network.edge_length_m[edge] for edge in edges_of(network, 58)} == {0.0}


def test_lengths_are_great_circles_along_the_curve():
    network = read("shapes").network
    edge = edges_of(network, 52)[0]
    expected = distance_m(-6.75, 108.5, -6.749, 108.501) + distance_m(-6.749, 108.501, -6.75, 108.502)
    assert network.edge_length_m[edge] == pytest.approx(expected, rel=1e-9)


def test_what_was_read_is_what_was_used_and_what_was_skipped():
    for name in ("directions", "roundabout", "barriers", "ferry", "shapes", "restrictions_node"):
        report = read(name).report
        skipped = sum(entry["count"] for entry in report["roads"]["skipped"].values())
        assert report["read"]["ways"] == report["roads"]["used"] + skipped


def test_width_limits_and_surface_stand_on_the_edges_of_their_way():
    network = read("shapes_and_limits").network
    facts = {
        way: (
            float(network.edge_width_m[edge]),
            float(network.edge_maxheight_m[edge]),
            float(network.edge_maxweight_t[edge]),
            int(network.edge_lanes[edge]),
            SURFACES[network.edge_surface[edge]],
            SMOOTHNESSES[network.edge_smoothness[edge]],
        )
        for way in (61, 62)
        for edge in edges_of(network, way)[:1]
    }
    assert facts[61] == (2.5, 3.5, 7.5, 1, "gravel", "bad")
    assert np.isnan(facts[62][:3]).all()
    assert facts[62][3:] == (0, "", "")


def test_level_crossings_are_counted_once_for_a_line_of_two_tracks_and_once_at_a_junction():
    network = read("shapes_and_limits").network
    counted = {way: network.edge_level_crossings[edges_of(network, way)].sum() for way in (61, 62, 63)}
    assert counted[61] == 2  # both directions of the one edge that has the crossing of two tracks
    assert counted[62] + counted[63] == 2  # the crossing where the two ways meet is that of one of them


def test_water_at_a_node_or_along_a_way_is_a_ford():
    network = read("shapes_and_limits").network
    assert flags(network, 63) == {EdgeFlag.FORD}
    assert {EdgeFlag.FORD_AT_NODE} <= flags(network, 64)


def way_nodes(*nodes: tuple[int, int, int]) -> WayNodes:
    ref, lat, lon = zip(*nodes, strict=True)
    return WayNodes(np.array(ref, dtype=np.int64), np.array(lat, dtype=np.int32), np.array(lon, dtype=np.int32))


def test_an_oddity_of_the_way_back_is_counted_too_and_one_of_both_once():
    tally = Tally()
    tags = {"highway": "residential", "motor_vehicle:backward": "perhaps", "maxspeed": "fast"}
    road_ways(tables_of(TextWay(way, tags, way_nodes((1, 0, 0), (2, 10, 0))) for way in (1, 2)).ways, tally)
    assert tally.section("oddities") == {
        "maxspeed=fast is not understood": {"count": 2, "examples": [1, 2]},
        "motor_vehicle:backward=perhaps is not understood": {"count": 2, "examples": [1, 2]},
    }


# --- against a slow reader, on any map ---------------------------------------------------------------------------

NODES = range(1, 9)
ONEWAYS = {"yes": (True, False), "-1": (False, True), "no": (True, True)}

ways_drawn = st.lists(
    st.tuples(st.lists(st.sampled_from(NODES), min_size=1, max_size=7), st.sampled_from(sorted(ONEWAYS))),
    min_size=1,
    max_size=6,
)


def slow_network(ways, missing, barriers):
    """Edges (tail, head, metres to the millimetre) between junctions, and the barriers that part a road."""
    pieces = []
    for refs, one_way in ways:
        piece = []
        for ref in [*refs, None]:
            if ref is None or ref in missing:
                if len(piece) > 1:
                    pieces.append((piece, one_way))
                piece = []
            elif not piece or piece[-1] != ref:
                piece.append(ref)
    uses = Counter(ref for piece, _ in pieces for ref in piece)
    cuts = {end for piece, _ in pieces for end in (piece[0], piece[-1])} | {ref for ref in uses if uses[ref] > 1}
    found, arms = Counter(), Counter()
    for piece, one_way in pieces:
        forward, backward = ONEWAYS[one_way]
        start, length = piece[0], 0.0
        for before, after in pairwise(piece):
            length += float(distance_m(*place(before), *place(after)))
            if after in cuts or after in barriers:
                found[start, after, round(length, 3)] += forward
                found[after, start, round(length, 3)] += backward
                arms.update([start, after])
                start, length = after, 0.0
    return +found, {ref for ref in barriers if arms[ref] == 2}


def place(ref: int) -> tuple[float, float]:
    return -6.75 + 0.001 * (ref % 3), 108.5 + 0.001 * (ref // 3) ** 2


@given(ways_drawn, st.sets(st.sampled_from(NODES), max_size=2), st.sets(st.sampled_from(NODES), max_size=3))
def test_any_map_gives_the_network_of_the_slow_reader(ways, missing, barriers):
    drawn = []
    for way, (refs, one_way) in enumerate(ways, start=1):
        units = [(MISSING, MISSING) if ref in missing else (round(lat * 1e7), round(lon * 1e7))
                 for ref in refs for lat, lon in (place(ref),)]  # fmt: skip
        nodes = [(ref, int(lat), int(lon)) for ref, (lat, lon) in zip(refs, units, strict=True)]
        drawn.append(TextWay(way, {"highway": "residential", "oneway": one_way}, way_nodes(*nodes)))
    network = build_network(
        road_ways(tables_of(drawn).ways, Tally())[0],
        node_facts=NodeFacts.of_barriers(
            dict.fromkeys(barriers, BarrierFacts(EdgeFlag.BARRIER, BARRIERS.index("bollard")))
        ),
        restrictions=(),
        names=("",),
        tally=Tally(),
    )
    check_network(network)
    parted = {max(pair): min(pair) for pair, _ in barrier_edges(network)}
    original = {made: kept for kept, made in parted.items()}
    fast: Counter[tuple[int, int, float]] = Counter()
    for edge in np.flatnonzero((network.edge_class != ROAD_CLASSES.index("barrier")) & ~network.is_contraflow):
        tail, head = (original.get(end, end) for end in ends(network, int(edge)))
        fast[tail, head, round(float(network.edge_length_m[edge]), 3)] += 1
    expected, expected_parted = slow_network(ways, missing, barriers)
    assert fast == expected
    assert set(parted) == expected_parted
