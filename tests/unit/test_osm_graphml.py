"""Networks to and from osmnx."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import osmnx
import pytest
import shapely

from gis.errors import SourceError
from routing.network import ROAD_CLASSES, EdgeFlag
from routing.osm_graphml import extract_from_networkx, from_networkx, read_graphml
from routing.osm_read import read_osm
from tests.road_checks import check_network

MAPS = Path(__file__).parents[1] / "data" / "osm"
NAMES = sorted(path.stem for path in MAPS.glob("*.osm"))

SAME_AFTER_A_ROUND_TRIP = (
    "node_lat", "node_lon", "node_osm_id", "edge_offset", "edge_tail", "edge_head", "edge_length_m", "edge_class",
    "edge_maxspeed_kph", "edge_flags", "edge_extra_ms", "edge_reverse", "edge_way_id", "edge_forward", "edge_component",
    "edge_width_m", "edge_maxheight_m", "edge_maxwidth_m", "edge_maxweight_t", "edge_lanes", "edge_surface",
    "edge_smoothness", "edge_barrier", "edge_level_crossings",
)  # fmt: skip


def network_of(name):
    return read_osm([MAPS / f"{name}.osm"]).network


def assert_same(one, other):
    for field in SAME_AFTER_A_ROUND_TRIP:
        before, after = getattr(one, field), getattr(other, field)
        assert np.array_equal(before, after, equal_nan=before.dtype.kind == "f"), field
    for edge in range(one.edge_count):
        assert np.array_equal(one.edge_points(edge), other.edge_points(edge))
        assert one.names[one.edge_name[edge]] == other.names[other.edge_name[edge]]


def small_graph(**edge):
    graph = nx.MultiDiGraph(crs="epsg:4326")
    graph.add_node(7, x=108.5, y=-6.75)
    graph.add_node(8, x=108.501, y=-6.75)
    graph.add_edge(7, 8, **{"osmid": 1, "highway": "residential", "length": 110.0, "oneway": True, **edge})
    return graph


@pytest.mark.parametrize("name", NAMES)
def test_a_network_comes_back_from_networkx_as_it_was(name):
    network = network_of(name)
    again = from_networkx(network.to_networkx())
    check_network(again)
    assert_same(network, again)


@pytest.mark.parametrize("name", ["directions", "barriers", "ferry", "shapes"])
def test_a_network_comes_back_from_a_file_of_osmnx_as_it_was(name, tmp_path):
    network = network_of(name)
    osmnx.save_graphml(network.to_networkx(), tmp_path / "a.graphml")
    extract = read_graphml(tmp_path / "a.graphml")
    assert_same(network, extract.network)
    assert extract.report["files"] == ["a.graphml"]
    assert extract.report["read"] == {"nodes": network.node_count, "edges": network.lawful_edge_count}
    assert extract.report["roads"]["used"] == network.lawful_edge_count


def test_osmnx_works_on_our_graph(tmp_path):
    network = network_of("roundabout")
    graph = network.to_networkx()
    osmnx.add_edge_speeds(graph, hwy_speeds={"tertiary": 36}, fallback=36)
    osmnx.add_edge_travel_times(graph)
    assert osmnx.shortest_path(graph, 5, 6, weight="travel_time") == [5, 1, 2, 6]
    assert osmnx.shortest_path(graph, 6, 5, weight="length") == [6, 2, 3, 1, 5]
    projected = osmnx.project_graph(graph)
    assert osmnx.nearest_nodes(projected, X=projected.nodes[5]["x"] + 3, Y=projected.nodes[5]["y"] - 3) == 5
    nodes, edges = osmnx.graph_to_gdfs(graph)
    assert len(nodes) == network.node_count
    assert len(edges) == network.lawful_edge_count
    assert edges.crs == "EPSG:4326"
    assert nx.MultiDiGraph(graph).graph["simplified"]


def test_lengths_agree_with_those_that_osmnx_measures():
    graph = network_of("shapes").to_networkx()
    straight = [(u, v, data["length"]) for u, v, data in graph.edges(data=True) if "geometry" not in data]
    assert straight
    for u, v, length in straight:
        one, other = graph.nodes[u], graph.nodes[v]
        assert length == pytest.approx(
            osmnx.distance.great_circle(one["y"], one["x"], other["y"], other["x"]), rel=1e-6
        )


def test_edges_have_the_attributes_of_osmnx():
    graph = network_of("directions").to_networkx()
    (against,) = [data for _, _, data in graph.edges(data=True) if data["osmid"] == 13]
    assert against["highway"] == "residential"
    assert against["oneway"] is True
    assert against["reversed"] is True
    assert "geometry" not in against
    motorway = graph.edges[4, 5, 0]
    assert motorway["maxspeed"] == "100"
    assert motorway["name"] == "AH2"
    assert graph.nodes[2]["street_count"] == 2
    assert graph.nodes[1]["street_count"] == 1


def test_a_curved_edge_has_its_geometry_in_the_direction_of_travel():
    graph = network_of("roundabout").to_networkx()
    geometry = graph.edges[3, 1, 0]["geometry"]
    assert shapely.get_coordinates(geometry).tolist() == pytest.approx(
        np.array([[108.501, -6.75], [108.5, -6.751], [108.499, -6.75]])
    )


@pytest.mark.parametrize(
    ("name", "more"),
    # from a file osmnx drives both ways on a motorway without a oneway tag, and takes a ferry on foot for a road
    [("roundabout", 0), ("restrictions_way", 0), ("barriers", 0), ("directions", 110.4243), ("ferry", 6008.58)],
)
def test_osmnx_and_we_read_the_same_length_of_road(name, more):
    graph = osmnx.graph_from_xml(MAPS / f"{name}.osm", simplify=False, retain_all=True)
    theirs = sum(data["length"] for _, _, data in graph.edges(data=True))
    network = network_of(name)
    assert theirs == pytest.approx(network.edge_length_m[~network.is_contraflow].sum() + more, rel=1e-5)


@pytest.mark.parametrize("simplify", [False, True])
def test_a_graph_of_osmnx_has_the_length_that_we_read(simplify):
    graph = osmnx.graph_from_xml(MAPS / "restrictions_way.osm", simplify=simplify, retain_all=True)
    network = from_networkx(graph)
    check_network(network, length_tolerance=1e-7)  # osmnx's Earth has another radius
    assert network.edge_length_m.sum() == pytest.approx(network_of("restrictions_way").edge_length_m.sum(), rel=1e-6)


def test_a_projected_graph_comes_back_to_degrees():
    graph = network_of("roundabout").to_networkx()
    network = from_networkx(osmnx.project_graph(graph))
    assert np.abs(network.node_lat - network_of("roundabout").node_lat).max() < 2e-7


def test_of_lists_the_first_class_name_and_way_count_and_the_lowest_limit():
    graph = small_graph(highway=["tertiary", "residential"], osmid=[5, 6], name=["A", "B"], maxspeed=["50", "30"])
    extract = extract_from_networkx(graph)
    network = extract.network
    assert ROAD_CLASSES[network.edge_class[0]] == "tertiary"
    assert network.edge_way_id[0] == 5
    assert network.names[network.edge_name[0]] == "A"
    assert network.edge_maxspeed_kph[0] == 30
    assert set(extract.report["oddities"]) == {
        "highway is a list, the first counts",
        "name is a list, the first counts",
        "maxspeed is a list, the lowest counts",
    }
    assert [street.name for street in extract.streets] == ["A"]


def test_tags_of_the_graph_become_flags():
    network = from_networkx(small_graph(bridge="yes", access="private", junction="roundabout", highway="primary_link"))
    assert EdgeFlag(int(network.edge_flags[0])) == (
        EdgeFlag.BRIDGE | EdgeFlag.PRIVATE | EdgeFlag.ROUNDABOUT | EdgeFlag.LINK | EdgeFlag.ONEWAY
    )


def test_an_edge_without_a_length_is_measured_and_one_without_a_class_is_a_road():
    graph = small_graph(length=None)
    del graph.edges[7, 8, 0]["highway"]
    network = from_networkx(graph)
    assert network.edge_length_m[0] == pytest.approx(110.4, abs=0.1)
    assert ROAD_CLASSES[network.edge_class[0]] == "road"


def test_nodes_without_numbers_get_numbers_below_zero():
    graph = nx.relabel_nodes(small_graph(), {7: "a", 8: "b"})
    assert from_networkx(graph).node_osm_id.tolist() == [-1, -2]


def test_footways_of_a_graph_are_skipped_and_counted():
    graph = small_graph()
    graph.add_edge(8, 7, osmid=2, highway="footway", length=110.0)
    extract = extract_from_networkx(graph)
    assert extract.network.lawful_edge_count == 1
    assert extract.report["roads"]["skipped"] == {"highway=footway": {"count": 1, "examples": [2]}}


def the_sentence(action) -> str:
    with pytest.raises(SourceError) as caught:
        action()
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


def test_a_graph_without_crs_is_told():
    graph = small_graph()
    del graph.graph["crs"]
    assert "names no CRS" in the_sentence(lambda: from_networkx(graph))


@pytest.mark.parametrize("data", [{}, {"x": 1.0}, {"x": "east", "y": 1.0}, {"x": 500.0, "y": 1.0}])
def test_a_node_without_a_position_is_told(data):
    graph = small_graph()
    graph.add_node(9, **data)
    assert "node 9 without a position" in the_sentence(lambda: from_networkx(graph))


@pytest.mark.parametrize("graph", [small_graph(highway="steps"), nx.MultiDiGraph(crs="epsg:4326")])
def test_a_graph_that_cannot_be_driven_on_is_told(graph):
    assert "no edge that can be driven on" in the_sentence(lambda: from_networkx(graph))


@pytest.mark.parametrize(
    "content",
    [
        '<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed">'
        '<node id="a"/><node id="b"/><edge source="a" target="b"/></graph></graphml>',
        '<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns"></graphml>',
        '<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph',
    ],
    ids=["of another program", "empty", "cut off"],
)
def test_a_graphml_file_that_is_not_of_osmnx_is_told(tmp_path, content):
    (tmp_path / "a.graphml").write_text(content)
    assert "a.graphml" in the_sentence(lambda: read_graphml(tmp_path / "a.graphml"))


def test_a_map_is_no_graphml():
    assert "is not GraphML" in the_sentence(lambda: read_graphml(MAPS / "ferry.osm"))


def test_a_missing_graphml_file_is_told(tmp_path):
    assert "does not exist" in the_sentence(lambda: read_graphml(tmp_path / "a.graphml"))
