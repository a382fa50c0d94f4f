"""Closed roads on a real map: chosen as the plain geometry says, out of reach as the router says."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import shapely

from gis.types import Location
from routing.closures import RoadFinder
from routing.cut_off import Reach
from routing.metric import Metric
from routing.network import RoadNetwork
from routing.osm_read import read_osm
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper
from routing.types import RoadSelector, Selection


@pytest.fixture(scope="module")
def network(shared_data: Path) -> RoadNetwork:
    return read_osm([shared_data / "osm" / "andorra.osm.pbf"]).network


def floods(network: RoadNetwork, count: int) -> list[shapely.Polygon]:
    """Areas of some hundred metres to some kilometres about the roads."""
    dice = random.Random(112)
    found = []
    while len(found) < count:
        node = dice.randrange(network.node_count)
        lat, lon = float(network.node_lat[node]), float(network.node_lon[node])
        reach = dice.choice((0.002, 0.005, 0.02))
        corners = [(lon + dice.uniform(-reach, reach), lat + dice.uniform(-reach, reach)) for _ in range(7)]
        found.append(shapely.convex_hull(shapely.MultiPoint(corners)))
    return found


def test_a_flood_on_a_real_map_closes_what_plain_geometry_says(network: RoadNetwork) -> None:
    finder = RoadFinder(network, Snapper.build(network))
    lines = [np.column_stack(network.edge_points(edge)[::-1]) for edge in range(network.edge_count)]
    shapes = np.array(
        [shapely.Point(line[0]) if np.ptp(line, axis=0).max() == 0 else shapely.LineString(line) for line in lines],
        dtype=object,
    )
    closed = 0
    for flood in floods(network, 25):
        found = finder.in_polygon(flood)
        assert found.tolist() == np.flatnonzero(shapely.intersects(shapes, flood)).tolist()
        closed += len(found)
    assert closed > 100


def test_a_road_is_out_of_reach_exactly_where_the_router_finds_no_way(network: RoadNetwork) -> None:
    snapper, settings = Snapper.build(network), RoutingSettings()
    finder = RoadFinder(network, snapper)
    stations = [Location(lat=float(network.node_lat[n]), lon=float(network.node_lon[n])) for n in (10, 700, 1500)]
    reach = Reach(network, snapper, stations, is_open=Metric.build(network, settings).is_open)
    lost = 0
    for flood in floods(network, 4):
        closed = finder.in_polygon(flood)
        router = Router(network, settings, snapper=snapper, closures=closed.tolist())
        # The router's origins are the very edges that the reach begins from.
        roots = np.flatnonzero(reach.after(closed) & np.isin(np.arange(network.edge_count), reach.roots))
        starts = [middle_of(network, edge) for edge in roots.tolist()]
        if not starts:
            continue
        times = router.edge_midpoint_times(starts, np.arange(network.edge_count))
        found = times.reachable.any(axis=0)
        # To the router the middle of an edge is that of its twin, which may be the one that can be driven.
        after = reach.after(closed)
        twin = np.asarray(network.edge_reverse)
        wanted = after | np.where(twin >= 0, after[twin], False)
        assert np.flatnonzero(found != wanted).tolist() == []
        lost += int((reach.before & ~after).sum())
    assert lost > 100


def middle_of(network: RoadNetwork, edge: int) -> Location:
    """A point on an edge, a third of the way along its middle segment."""
    lat, lon = network.edge_points(edge)
    at = (len(lat) - 1) // 2
    return Location(lat=float(lat[at] + (lat[at + 1] - lat[at]) / 3), lon=float(lon[at] + (lon[at + 1] - lon[at]) / 3))


def test_every_street_that_is_closed_is_found_again_on_a_map_read_anew(network: RoadNetwork) -> None:
    finder = RoadFinder(network, Snapper.build(network))
    dice = random.Random(7)
    for edge in dice.sample(range(network.edge_count), 25):
        selector = RoadSelector(kind=Selection.EDGES, edges=(edge,))
        kept = finder.kept(selector, np.array([edge]))
        again = RoadFinder(network, finder._snapper)
        other = type(kept)(network="of another map", edges=kept.edges, stretches=kept.stretches)
        edges, lost = again.found_again(selector, other)
        assert (edge in edges.tolist(), lost) == (True, 0)
        # Its neighbours on the same way are not taken for it, nor is the other direction.
        assert (
            int(network.edge_reverse[edge]) not in edges.tolist() or network.edge_tail[edge] == network.edge_head[edge]
        )
        assert len(edges) <= 2
