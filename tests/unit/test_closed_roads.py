"""An incident on a road that units may not drive is told to be on it."""

from __future__ import annotations

import pytest

from gis.types import Location
from routing.network import EdgeFlag
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper
from routing.types import RoadAccess, RoadStatus
from tests.networks import Road, network_from_edges
from web.i18n import translator
from web.wording import road_access_text

POINTS = [(0.0, 0.0), (0.0, 0.02), (0.001, 0.0), (0.001, 0.02)]
"""An open road along the equator and another road 111 m north of it."""


def access(flags: EdgeFlag, lat: float, *, closures: tuple[int, ...] = ()) -> RoadAccess:
    network = network_from_edges(POINTS, [Road(tail=0, head=1), Road(tail=2, head=3, flags=flags)]).network
    settings = RoutingSettings(served_component_m=0.0)
    router = Router(network, settings, snapper=Snapper.build(network), closures=closures)
    return router.answer(Location(lat=lat, lon=0.01), router.pin([Location(lat=0.0, lon=0.0)])).access


@pytest.mark.parametrize(
    ("flags", "lat", "expected"),
    [
        (EdgeFlag.NO_ACCESS, 0.001, True),
        (EdgeFlag.PRIVATE, 0.0011, True),
        (EdgeFlag.NO_ACCESS | EdgeFlag.EMERGENCY, 0.001, False),
        (EdgeFlag.NO_ACCESS, 0.0, False),
        (EdgeFlag.NO_ACCESS, 0.0005, False),
        (EdgeFlag(0), 0.001, False),
    ],
)
def test_a_location_on_a_road_closed_to_units_is_told_to_be_on_it(flags, lat, expected):
    assert access(flags, lat).on_closed_road is expected


def test_a_road_closed_for_now_is_closed_too():
    network = network_from_edges(POINTS, [Road(tail=0, head=1), Road(tail=2, head=3)])
    both = (network.edge_of[1, True], network.edge_of[1, False])
    assert access(EdgeFlag(0), 0.001, closures=both).on_closed_road
    assert not access(EdgeFlag(0), 0.001, closures=both[:1]).on_closed_road


def test_the_sentence_names_the_closed_road_before_the_nearest_open_one():
    found = access(EdgeFlag.NO_ACCESS, 0.001)
    assert found.status is RoadStatus.CONNECTED
    assert road_access_text(found, translator("en")) == (
        "The location stands on a road closed to cars. The nearest road is 110 m away."
    )
    assert road_access_text(found, translator("id")).startswith("Lokasi berada di jalan yang tertutup bagi mobil. ")
