from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from routing.network import RoadNetwork
from routing.osm_read import read_osm
from tests.road_checks import check_network

MAPS = Path(__file__).parents[1] / "data" / "osm"


def forbidden(network: RoadNetwork) -> set[tuple[int, ...]]:
    """Forbidden sequences as the OSM nodes that they pass."""
    found = set()
    for start, end in pairwise(network.restriction_offset.tolist()):
        edges = network.restriction_edges[start:end]
        nodes = [network.edge_tail[edges[0]], *network.edge_head[edges]]
        found.add(tuple(network.node_osm_id[nodes].tolist()))
    return found


@pytest.fixture(scope="module")
def at_nodes():
    extract = read_osm([MAPS / "restrictions_node.osm"])
    check_network(extract.network)
    return extract


@pytest.fixture(scope="module")
def over_ways():
    extract = read_osm([MAPS / "restrictions_way.osm"])
    check_network(extract.network)
    return extract


def reason_of(extract, relation: int) -> str:
    skipped = extract.report["restrictions"]["skipped"]
    (reason,) = [reason for reason, entry in skipped.items() if relation in entry["examples"]]
    return reason


def test_a_no_turn_forbids_that_turn_alone(at_nodes):
    sequences = forbidden(at_nodes.network)
    assert (1, 5, 2) in sequences
    assert (2, 5, 1) in sequences  # by 602: only straight on
    assert (3, 5, 2) not in sequences


def test_an_only_turn_forbids_every_other_turn_and_turning_round(at_nodes):
    sequences = forbidden(at_nodes.network)
    assert {(2, 5, 1), (2, 5, 2)} <= sequences
    assert (2, 5, 4) not in sequences


def test_a_no_u_turn_forbids_an_edge_and_its_twin(at_nodes):
    assert (3, 5, 3) in forbidden(at_nodes.network)


def test_no_entry_and_no_exit_may_have_several_ways(at_nodes):
    sequences = forbidden(at_nodes.network)
    assert {(1, 5, 3), (2, 5, 3)} <= sequences  # no entry to 63 from 61 and 62
    assert {(3, 5, 4), (3, 5, 1)} <= sequences  # no exit from 63 to 64 and 61


def test_nothing_else_is_forbidden(at_nodes):
    assert forbidden(at_nodes.network) == {
        (1, 5, 2), (2, 5, 1), (2, 5, 2), (2, 5, 3), (3, 5, 3), (1, 5, 3), (3, 5, 4), (3, 5, 1),
    }  # fmt: skip


def test_the_same_restriction_told_twice_stands_once(at_nodes):
    assert at_nodes.report["restrictions"]["kept"]["no_left_turn"] == {"count": 2, "examples": [601, 619]}
    assert len(at_nodes.network.restriction_offset) - 1 == 8


@pytest.mark.parametrize(
    ("relation", "reason"),
    [
        (606, "to does not begin at via"),
        (607, "from is one way and leads away from via"),
        (608, "to does not touch via"),
        (609, "from does not touch via"),
        (610, "except=emergency"),
        (611, "conditional"),
        (612, "for other vehicles (restriction:hgv)"),
        (613, "without a to way"),
        (614, "without via"),
        (615, "a member way is not drivable or not in the file"),
        (616, "kind no_fun is not understood"),
        (617, "several from ways"),
        (618, "only at some hours"),
        (620, "via is not where roads meet"),
    ],
)
def test_a_restriction_that_is_not_used_tells_why(at_nodes, relation, reason):
    assert reason_of(at_nodes, relation) == reason


def test_every_restriction_is_kept_or_told_why_not(at_nodes, over_ways):
    for extract in (at_nodes, over_ways):
        counts = extract.report["restrictions"]
        assert extract.report["read"]["relations"] == sum(
            entry["count"] for part in ("kept", "skipped") for entry in counts[part].values()
        )


def test_a_restriction_over_a_way_forbids_the_whole_way_through(over_ways):
    assert (1, 2, 9, 5, 6) in forbidden(over_ways.network)


def test_an_only_turn_over_a_way_forbids_every_deviation(over_ways):
    sequences = forbidden(over_ways.network)
    assert {(4, 5, 6), (4, 5, 9, 5), (4, 5, 9, 10), (4, 5, 9, 2, 9)} <= sequences
    assert (4, 5, 9, 2, 3) not in sequences
    against = over_ways.network.is_contraflow
    assert len(sequences) == 7  # two of them turn into a one-way road against its direction
    assert against.any()


@pytest.mark.parametrize("relation", [703, 704])
def test_via_ways_that_cannot_be_driven_through_are_told(over_ways, relation):
    assert reason_of(over_ways, relation) == "from and via ways are no drivable chain"
