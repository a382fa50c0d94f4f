"""Where tags let emergency vehicles through, our units drive: from the file to the travel time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from gis.types import Location
from routing.osm_read import read_osm
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper

WEST, EAST = Location(lat=-6.7, lon=108.501), Location(lat=-6.7, lon=108.519)


def xml_tags(tags: Mapping[str, str]) -> str:
    return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())


def a_road(folder: Path, *, way: Mapping[str, str], node: Mapping[str, str]) -> Router:
    """A road of 2.2 km from west to east, with a node in its middle."""
    path = folder / "road.osm"
    path.write_text(
        '<osm version="0.6"><node id="1" version="1" lat="-6.7" lon="108.50"/>'
        f'<node id="2" version="1" lat="-6.7" lon="108.51">{xml_tags(node)}</node>'
        '<node id="3" version="1" lat="-6.7" lon="108.52"/><way id="1" version="1"><nd ref="1"/><nd ref="2"/>'
        f'<nd ref="3"/>{xml_tags({"highway": "tertiary", **way})}</way></osm>'
    )
    network = read_osm([path]).network
    return Router(network, RoutingSettings(), snapper=Snapper.build(network))


def passes(router: Router, origin: Location, target: Location) -> bool:
    """Whether a unit drives all the way; else its crew walks from the barrier, or nobody comes."""
    (time,) = router.times_to(target, [origin])
    return time.driving_s is not None and time.last_metres_s < 1


@pytest.mark.parametrize(
    ("tags", "open_to_us"),
    [
        ({"barrier": "bollard"}, False),
        ({"barrier": "bollard", "access": "private"}, False),
        ({"barrier": "bollard", "emergency": "yes"}, True),
        ({"barrier": "bollard", "access": "no", "emergency": "designated"}, True),
        ({"barrier": "block", "motor_vehicle": "emergency"}, True),
        ({"barrier": "chain", "access": "private;emergency"}, True),
        ({"barrier": "gate", "access": "private", "emergency": "yes"}, True),
        ({"barrier": "gate", "locked": "yes", "emergency": "yes"}, True),
        ({"barrier": "gate", "emergency": "no"}, False),
    ],
)
def test_a_barrier_stops_units_unless_it_opens_for_emergency_vehicles(tmp_path, tags, open_to_us):
    router = a_road(tmp_path, way={}, node=tags)
    assert passes(router, WEST, EAST) is passes(router, EAST, WEST) is open_to_us


@pytest.mark.parametrize(
    ("tags", "against"),
    [
        ({"oneway": "yes"}, False),
        ({"oneway": "yes", "oneway:emergency": "no"}, True),
        ({"oneway": "yes", "oneway:emergency": "yes"}, False),
        ({"oneway": "yes", "oneway:bicycle": "no"}, False),
    ],
)
def test_units_drive_against_a_oneway_where_it_does_not_bind_emergency_vehicles(tmp_path, tags, against):
    router = a_road(tmp_path, way=tags, node={})
    assert passes(router, WEST, EAST)
    assert passes(router, EAST, WEST) is against
