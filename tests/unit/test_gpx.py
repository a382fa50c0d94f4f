"""Routes for navigation devices."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from routing.gpx import NAMESPACE, route_gpx
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper
from routing.types import Route
from tests.networks import Road, network_from_edges, node_location

SPACE = {"g": NAMESPACE}


def nameless_route() -> Route:
    points = [(0.0, 0.0), (0.0, 0.01), (0.01, 0.01)]
    roads = [Road(tail=0, head=1, road_class="unclassified"), Road(tail=1, head=2, road_class="motorway_link")]
    network = network_from_edges(points, roads).network
    router = Router(network, RoutingSettings(served_component_m=0.0), snapper=Snapper.build(network))
    route = router.route(node_location(network, 0), node_location(network, 2))
    assert route is not None
    return route


@pytest.mark.parametrize(
    ("lang", "names"),
    [("id", ["jalan kampung", "simpang susun tol"]), ("en", ["minor road", "toll road ramp"])],
)
def test_a_road_without_a_name_is_called_as_in_the_directions(lang, names):
    root = ET.fromstring(route_gpx(nameless_route(), lang, name="x"))
    assert [at.findtext("g:name", namespaces=SPACE) for at in root.iterfind(".//g:rtept", SPACE)][:2] == names


def test_the_owners_of_the_data_are_named_where_they_ask_for_it():
    text = route_gpx(nameless_route(), "id", name="x", credit='roads.osm (© OpenStreetMap contributors, "ODbL" & more)')
    copyright_ = ET.fromstring(text).find("g:metadata/g:copyright", SPACE)
    assert copyright_ is not None
    assert copyright_.attrib["author"] == 'roads.osm (© OpenStreetMap contributors, "ODbL" & more)'
    assert "metadata" not in route_gpx(nameless_route(), "id", name="x")
