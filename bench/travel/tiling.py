"""Large road networks from a real one: every point of its roads a node, and many copies of it laid side by side.

Nothing here loops over nodes, so that ten million of them are made in seconds; and nothing is drawn by chance, so that
every run has the same network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.geodesy import distance_m
from routing.components import strong_components
from routing.network import DEGREE, Int64Array, RoadNetwork
from routing.ragged import ranges

LINKS_PER_BORDER = 64
"""Roads across each border of a tile, where both sides have a node for one: about as many as cross such a border of
60 thousand nodes inside a real town, so that the network does not fall apart along the borders."""

GAP_DEG = 0.002
"""Between two tiles; a link is some 200 m longer than the way to the border."""

_RESTRICTIONS = ("restriction_offset", "restriction_edges")


def largest_component(network: RoadNetwork, is_open: npt.NDArray[np.bool_]) -> RoadNetwork:
    """The largest strongly connected piece of the open edges (E,) alone, without turn restrictions."""
    ends = (network.edge_tail[is_open], network.edge_head[is_open])
    links = coo_array((np.ones(len(ends[0])), ends), shape=(network.node_count, network.node_count))
    _, label = connected_components(links.tocsr(), directed=True, connection="strong")
    within = is_open & (label[network.edge_tail] == label[network.edge_head])
    kept = np.flatnonzero(within & (label[network.edge_tail] == np.bincount(label[network.edge_tail[within]]).argmax()))
    nodes = np.unique(network.edge_tail[kept])
    curves = np.unique(network.edge_curve[kept])
    points, _ = ranges(network.curve_offset[curves].astype(np.int64), np.diff(network.curve_offset)[curves])
    edge_number = np.full(network.edge_count + 1, -1, dtype=np.int32)  # the last one is for -1
    edge_number[kept] = np.arange(len(kept))
    curve_length = np.zeros(len(network.curve_offset) - 1)
    curve_length[network.edge_curve[kept]] = network.edge_length_m[kept]
    taken = _taken(network, nodes=nodes, edges=kept)
    tail = np.searchsorted(nodes, network.edge_tail[kept]).astype(np.int32)
    taken |= {
        "edge_offset": _offsets(tail, len(nodes)),
        "edge_tail": tail,
        "edge_head": np.searchsorted(nodes, network.edge_head[kept]).astype(np.int32),
        "edge_reverse": edge_number[network.edge_reverse[kept]],
        "edge_curve": np.searchsorted(curves, network.edge_curve[kept]).astype(np.int32),
        "edge_component": np.zeros(len(kept), dtype=np.int32),
        "component_length_m": np.array([curve_length.sum()]),
        "curve_offset": _ragged(np.diff(network.curve_offset)[curves]),
        "curve_lat": network.curve_lat[points],
        "curve_lon": network.curve_lon[points],
        "restriction_offset": np.zeros(1, dtype=np.int32),
        "restriction_edges": np.zeros(0, dtype=np.int32),
    }
    return replace(network, **taken)


def every_point_a_node(network: RoadNetwork) -> RoadNetwork:
    """The same roads with a node at every point of every curve, as a plain reader of OpenStreetMap would have them.

    Raises
    ------
    ValueError
        When the network has turn restrictions, which are not carried over.
    """
    if len(network.restriction_edges):
        raise ValueError("take the largest component first: restrictions are not carried over")
    size = np.diff(network.curve_offset).astype(np.int64)
    steps = size - 1
    first_step = np.concatenate([[0], np.cumsum(steps)])  # number of the first two-point curve of each curve
    start, owner = ranges(network.curve_offset[:-1].astype(np.int64), steps)  # first point of each two-point curve
    inner_first = network.node_count + np.concatenate([[0], np.cumsum(size - 2)])

    # Each edge along its curve becomes as many edges as the curve has steps.
    copies = steps[network.edge_curve]
    step, edge = ranges(np.zeros(network.edge_count, dtype=np.int64), copies)
    forward = network.edge_forward[edge] == 1
    last = copies[edge] - 1
    place = np.where(forward, step, last - step)  # which step of the curve
    inner = inner_first[network.edge_curve[edge]]
    tail = np.where(step == 0, network.edge_tail[edge], inner + np.where(forward, place - 1, place))
    head = np.where(step == last, network.edge_head[edge], inner + np.where(forward, place, place - 1))
    new_curve = first_step[network.edge_curve[edge]] + place
    lat, lon = network.curve_lat * DEGREE, network.curve_lon * DEGREE
    length = np.asarray(distance_m(lat[start], lon[start], lat[start + 1], lon[start + 1]))

    first_new = np.concatenate([[0], np.cumsum(copies)])[:-1]
    twin = network.edge_reverse[edge]
    reverse = np.where(twin >= 0, first_new[twin] + last - step, -1)
    whole = np.bincount(owner, weights=length, minlength=len(size))[network.edge_curve[edge]]
    extra = network.edge_extra_ms[edge]
    share = np.divide(length[new_curve], whole, out=np.ones(len(edge)), where=whole > 0)
    inside = np.ones(len(network.curve_lat), dtype=np.bool_)
    inside[network.curve_offset[:-1]] = inside[network.curve_offset[1:] - 1] = False
    made = int(inside.sum())
    points = np.stack([start, start + 1], axis=1).ravel()
    taken = _taken(network, nodes=_padded(network.node_count, made), edges=edge)
    return _sorted(
        network,
        **taken
        | {
            "node_lat": np.concatenate([network.node_lat, lat[inside]]),
            "node_lon": np.concatenate([network.node_lon, lon[inside]]),
            "node_osm_id": np.concatenate([network.node_osm_id, -np.arange(1, made + 1)]),
            "edge_tail": tail.astype(np.int32),
            "edge_head": head.astype(np.int32),
            "edge_length_m": length[new_curve],
            "edge_extra_ms": np.where(extra >= 0, np.rint(extra * share), -1).astype(np.int32),
            "edge_reverse": reverse.astype(np.int32),
            "edge_curve": new_curve.astype(np.int32),
            "curve_offset": _ragged(np.full(len(start), 2)),
            "curve_lat": network.curve_lat[points],
            "curve_lon": network.curve_lon[points],
        },
    )


def tiled(network: RoadNetwork, rows: int, columns: int) -> RoadNetwork:
    """`rows` by `columns` copies of a strongly connected network, joined along their borders by two-way roads.

    Along each border every one of `LINKS_PER_BORDER` bands has a road from the outermost node of one tile to that of
    the next. Whatever arrays a network has, a link takes those of an ordinary road.
    """
    tiles = rows * columns
    n, e, g = network.node_count, network.edge_count, len(network.curve_offset) - 1
    height = float(np.ptp(network.node_lat)) + GAP_DEG
    width = float(np.ptp(network.node_lon)) + GAP_DEG
    row, column = np.divmod(np.arange(tiles), columns)
    move_lat, move_lon = np.rint(row * height / DEGREE).astype(np.int64), np.rint(column * width / DEGREE).astype(int)
    # So that the whole lies about the equator, where a real one could.
    move_lat -= round((float(network.node_lat.mean()) + (rows - 1) * height / 2) / DEGREE)

    def copied(values: npt.NDArray[Any], step: int) -> npt.NDArray[Any]:
        """Numbers of one tile as those of all, `step` apart; -1 stays."""
        numbers = values.astype(np.int64)[None, :] + step * np.arange(tiles, dtype=np.int64)[:, None]
        return np.where(values[None, :] < 0, -1, numbers).ravel().astype(np.int32)

    east, west = _facing(network.node_lat, network.node_lon)
    north, south = _facing(network.node_lon, network.node_lat)
    beside, above = np.flatnonzero(column < columns - 1), np.flatnonzero(row < rows - 1)
    link_from = np.concatenate([_of_tiles(east, beside, n), _of_tiles(north, above, n)])
    link_to = np.concatenate([_of_tiles(west, beside + 1, n), _of_tiles(south, above + columns, n)])
    links = len(link_from)

    lat = (np.rint(network.node_lat / DEGREE).astype(np.int64)[None, :] + move_lat[:, None]).ravel()
    lon = (np.rint(network.node_lon / DEGREE).astype(np.int64)[None, :] + move_lon[:, None]).ravel()
    ends = np.stack([link_from, link_to], axis=1).ravel()
    away = distance_m(lat[link_from] * DEGREE, lon[link_from] * DEGREE, lat[link_to] * DEGREE, lon[link_to] * DEGREE)
    model = _ordinary_edge(network)
    all_edges = np.concatenate([np.tile(np.arange(e), tiles), np.full(2 * links, model)])
    twins = tiles * e + np.arange(2 * links)
    shape_lat = (network.curve_lat.astype(np.int64)[None, :] + move_lat[:, None]).ravel()
    shape_lon = (network.curve_lon.astype(np.int64)[None, :] + move_lon[:, None]).ravel()
    taken = _taken(network, nodes=np.tile(np.arange(n), tiles), edges=all_edges)
    return _sorted(
        network,
        **taken
        | {
            "node_lat": lat * DEGREE,
            "node_lon": lon * DEGREE,
            "node_osm_id": np.arange(1, tiles * n + 1, dtype=np.int64),
            "edge_tail": np.concatenate([copied(network.edge_tail, n), link_from, link_to]).astype(np.int32),
            "edge_head": np.concatenate([copied(network.edge_head, n), link_to, link_from]).astype(np.int32),
            "edge_length_m": np.concatenate([np.tile(network.edge_length_m, tiles), away, away]),
            "edge_reverse": np.concatenate([copied(network.edge_reverse, e), np.roll(twins, links)]).astype(np.int32),
            "edge_way_id": np.arange(1, tiles * e + 2 * links + 1, dtype=np.int64),
            "edge_curve": np.concatenate([copied(network.edge_curve, g), *2 * [tiles * g + np.arange(links)]]).astype(
                np.int32
            ),
            "edge_forward": np.concatenate(
                [np.tile(network.edge_forward, tiles), np.ones(links, np.uint8), np.zeros(links, np.uint8)]
            ),
            "curve_offset": _ragged(np.concatenate([np.tile(np.diff(network.curve_offset), tiles), np.full(links, 2)])),
            "curve_lat": np.concatenate([shape_lat, lat[ends]]).astype(np.int32),
            "curve_lon": np.concatenate([shape_lon, lon[ends]]).astype(np.int32),
        },
    )


def _facing(along: npt.NDArray[np.float64], across: npt.NDArray[np.float64]) -> tuple[Int64Array, Int64Array]:
    """The outermost node of each band at the high end of `across`, and that at the low end."""
    band = ((along - along.min()) / (np.ptp(along) + DEGREE) * LINKS_PER_BORDER).astype(np.int64)
    order = np.lexsort((across, band))
    first = np.flatnonzero(np.diff(band[order], prepend=-1))
    last = np.append(first[1:], len(order)) - 1
    return order[last], order[first]


def _of_tiles(nodes: Int64Array, tiles: Int64Array, node_count: int) -> Int64Array:
    return (nodes[None, :] + node_count * tiles[:, None]).ravel()


def _ordinary_edge(network: RoadNetwork) -> int:
    """The longest edge without flags, limits or times of its own."""
    plain = (network.edge_flags == 0) & np.isnan(network.edge_maxspeed_kph) & (network.edge_extra_ms < 0)
    return int(np.argmax(np.where(plain, network.edge_length_m, -1.0)))


def _sorted(network: RoadNetwork, **arrays: npt.NDArray[Any]) -> RoadNetwork:
    """A network of `arrays`, whose edges are put in order of their tails; components are found anew."""
    tail = arrays["edge_tail"]
    order = np.argsort(tail, kind="stable")
    number = np.empty(len(order) + 1, dtype=np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    number[-1] = -1
    for name in [name for name in arrays if name.startswith("edge_") and name != "edge_offset"]:
        arrays[name] = arrays[name][order]
    arrays["edge_reverse"] = number[arrays["edge_reverse"]]
    nodes = len(arrays["node_lat"])
    component, length_m = strong_components(
        node_count=nodes,
        **{name: arrays[name] for name in ("edge_tail", "edge_head", "edge_flags", "edge_curve", "edge_length_m")},
    )
    arrays |= {
        "edge_offset": _offsets(arrays["edge_tail"], nodes),
        "edge_component": component,
        "component_length_m": length_m,
        "restriction_offset": np.zeros(1, dtype=np.int32),
        "restriction_edges": np.zeros(0, dtype=np.int32),
    }
    return replace(network, **arrays)


def _taken(network: RoadNetwork, *, nodes: npt.NDArray[Any], edges: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """Every array of nodes and of edges, with the rows asked for; -1 is an empty row."""
    rows: dict[str, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
        "node_": lambda values: np.where(nodes < 0, np.zeros(1, values.dtype), values[np.maximum(nodes, 0)]),
        "edge_": lambda values: values[edges],
    }
    return {
        field.name: take(getattr(network, field.name))
        for field in fields(network)
        for prefix, take in rows.items()
        if field.name.startswith(prefix) and field.name != "edge_offset"
    }


def _padded(count: int, more: int) -> Int64Array:
    return np.concatenate([np.arange(count), np.full(more, -1)])


def _offsets(tail: npt.NDArray[np.int32], node_count: int) -> npt.NDArray[np.int32]:
    return _ragged(np.bincount(tail, minlength=node_count))


def _ragged(sizes: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
