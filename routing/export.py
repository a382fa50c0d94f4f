"""The road network as an osmnx-compatible networkx graph, for planners who know those tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from routing.network import BARRIERS, FORD_AT_NODE_TAG, ROAD_CLASSES, SMOOTHNESSES, SURFACES, EdgeFlag, RoadNetwork

if TYPE_CHECKING:
    import networkx as nx

CREATED_WITH = "siaga112"

_TAG_OF_FLAG = (
    (int(EdgeFlag.TOLL), "toll", "yes"),
    (int(EdgeFlag.BRIDGE), "bridge", "yes"),
    (int(EdgeFlag.TUNNEL), "tunnel", "yes"),
    (int(EdgeFlag.ROUNDABOUT), "junction", "roundabout"),
    (int(EdgeFlag.EMERGENCY), "emergency", "yes"),
    (int(EdgeFlag.FORD_AT_NODE), "ford", FORD_AT_NODE_TAG),
    (int(EdgeFlag.FORD), "ford", "yes"),
    (int(EdgeFlag.BUS), "bus", "yes"),
    (int(EdgeFlag.LOCKED), "locked", "yes"),
    (int(EdgeFlag.MOTORCYCLE), "motorcycle", "yes"),
    (int(EdgeFlag.NO_MOTORCYCLE), "motorcycle", "no"),
    # of several the last one stands: the strictest
    (int(EdgeFlag.DESTINATION), "access", "destination"),
    (int(EdgeFlag.PRIVATE), "access", "private"),
    (int(EdgeFlag.NO_ACCESS), "access", "no"),
)


def to_networkx(network: RoadNetwork) -> nx.MultiDiGraph[int]:
    """Convert a network to a graph as `osmnx.graph_from_place` would give it, simplified, in EPSG:4326.

    Nodes are keyed by `node_osm_id` and have `x`, `y`, `street_count`. Edges have `osmid`, `highway`, `oneway`,
    `reversed`, `length`, and where known `name`, `maxspeed` (km/h), `geometry` (where the edge is more than a
    straight line), `toll`, `bridge`, `tunnel`, `junction`, `access`, `emergency`, `bus`, `motorcycle`, `ford`, `width`,
    `maxheight`, `maxwidth`, `maxweight`, `lanes`, `surface`, `smoothness`, `level_crossings`, and `duration_ms` of
    ferries. The edge across a barrier has `highway="barrier"`, its kind as `barrier`, `stops="yes"` where it stops
    cars, and no length. Edges against one-way roads are left out (a lane for buses there is told by
    `oneway:bus="no"`), and turn restrictions have no place in such a graph.
    """
    import networkx as nx
    import shapely

    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(crs="epsg:4326", created_with=CREATED_WITH, simplified=True)
    ids = network.node_osm_id.tolist()
    for osm_id, lat, lon, count in zip(
        ids, network.node_lat.tolist(), network.node_lon.tolist(), _street_counts(network).tolist(), strict=True
    ):
        graph.add_node(osm_id, x=lon, y=lat, street_count=count)

    size = np.diff(network.curve_offset)
    for edge in np.flatnonzero(~network.is_contraflow).tolist():
        tags = _edge_tags(network, edge)
        if size[network.edge_curve[edge]] > 2:
            lat, lon = network.edge_points(edge)
            tags["geometry"] = shapely.LineString(np.column_stack([lon, lat]))
        graph.add_edge(ids[network.edge_tail[edge]], ids[network.edge_head[edge]], **tags)
    return graph


def _edge_tags(network: RoadNetwork, edge: int) -> dict[str, Any]:
    flags = int(network.edge_flags[edge])
    tags: dict[str, Any] = {
        "osmid": int(network.edge_way_id[edge]),
        "highway": ROAD_CLASSES[network.edge_class[edge]],
        "oneway": bool(flags & int(EdgeFlag.ONEWAY)),
        "reversed": not network.edge_forward[edge],
        "length": float(network.edge_length_m[edge]),
    }
    name = network.names[network.edge_name[edge]]
    if name:
        tags["name"] = name
    limit = float(network.edge_maxspeed_kph[edge])
    if np.isfinite(limit):
        tags["maxspeed"] = f"{limit:g}"
    if network.edge_extra_ms[edge] >= 0:
        tags["duration_ms"] = int(network.edge_extra_ms[edge])
    for flag, key, value in _TAG_OF_FLAG:
        if flags & flag:
            tags[key] = value
    return tags | _shape_tags(network, edge)


def _shape_tags(network: RoadNetwork, edge: int) -> dict[str, Any]:
    """Width, limits, surface, what stands on the edge."""
    tags: dict[str, Any] = {}
    for key, column in (
        ("width", network.edge_width_m),
        ("maxheight", network.edge_maxheight_m),
        ("maxwidth", network.edge_maxwidth_m),
        ("maxweight", network.edge_maxweight_t),
    ):
        if np.isfinite(column[edge]):
            tags[key] = str(column[edge])  # the shortest text that means the same number
    for key, numbers, words in (
        ("surface", network.edge_surface, SURFACES),
        ("smoothness", network.edge_smoothness, SMOOTHNESSES),
        ("barrier", network.edge_barrier, BARRIERS),
    ):
        if numbers[edge]:
            tags[key] = words[numbers[edge]]
    for key, counts in (("lanes", network.edge_lanes), ("level_crossings", network.edge_level_crossings)):
        if counts[edge]:
            tags[key] = str(counts[edge])
    if network.edge_flags[edge] & int(EdgeFlag.BARRIER):
        tags["stops"] = "yes"
    twin = int(network.edge_reverse[edge])
    if twin >= 0 and network.is_contraflow[twin] and network.edge_flags[twin] & int(EdgeFlag.BUS):
        tags["oneway:bus"] = "no"
    return tags


def _street_counts(network: RoadNetwork) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Streets that meet at each node; a loop counts twice, both directions of a street once."""
    _, first = np.unique(network.edge_curve, return_index=True)
    ends = np.concatenate([network.edge_tail[first], network.edge_head[first]])
    return np.bincount(ends, minlength=network.node_count)
