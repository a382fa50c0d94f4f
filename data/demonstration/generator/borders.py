"""Village borders: Voronoi cells of the village positions, cut by an invented coast and given winding edges.

The quarters of Kota Cirebon take part as cells of their own and are left out at the end, so that the city is a bay
that no village eats. Neighbours share every border point, so there is neither gap nor overlap by construction.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import shapely
from shapely.geometry import LineString, MultiPoint, Point, Polygon, box
from shapely.ops import unary_union

from .facts import Village
from .landscape import CITY_SEEDS, COAST, River
from .shapes import XY, Micro, chance, curve, length_m, metres, micro_of, to_micro, to_xy, winding

EdgeKey = tuple[Micro, Micro]

HULL_RATIO = 0.22
HULL_MARGIN_M = 1_250.0
COAST_STRIP_M = 2_600.0
STRIP_MARGIN_M = 3_200.0
SMOOTHING_M = 1_500.0
FAR_M = 60_000.0
COAST_STEP_M = 450.0
MERGE_M = 25.0
"""Corners nearer to one another than this become one corner: no needle-thin edges."""

BORDER_STEP_M = 330.0
BORDER_BOW = 0.07
BORDER_NOISE_M = 38.0
RIVER_MOUTH_M = 250.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Borders:
    """The finished division of the land.

    Attributes
    ----------
    cells
        Ring (closed, anticlockwise) of each village by code, and of each city quarter by `city:N`.
    edges
        The winding line of each border, by its two corners in sorted order, from the first to the second.
    owners
        Cells on either side of each border: one for coast and outer borders, two within.
    coast
        The coastline from the east to the north-west, land on its left.
    """

    cells: dict[str, list[Micro]]
    edges: dict[EdgeKey, list[Micro]]
    owners: dict[EdgeKey, tuple[str, ...]]
    coast: list[Micro]

    def neighbours(self) -> list[tuple[str, str]]:
        """Pairs of cells that share a border, each once, sorted."""
        return sorted({(pair[0], pair[1]) for pair in self.owners.values() if len(pair) == 2})

    def polygon(self, cell: str) -> Polygon:
        """A cell in metres on the plane."""
        return Polygon([to_xy(point) for point in self.cells[cell]])


def city_quarters() -> dict[str, Micro]:
    """The quarters of the city by cell name."""
    return {f"city:{number:02d}": micro_of(lat, lon) for number, (lat, lon) in enumerate(CITY_SEEDS, start=1)}


def draw_borders(villages: Sequence[Village]) -> Borders:
    """Divide the land among villages and city quarters."""
    seeds = {village.code: village.position for village in villages} | city_quarters()
    land, shore = _land(list(seeds.values()))
    corners = _merge_corners(_voronoi(seeds, land))
    owners = _owners(corners)
    edges = _winding_edges(corners, owners)
    cells = {cell: _ring(ring, edges) for cell, ring in corners.items()}
    return Borders(cells=cells, edges=edges, owners=owners, coast=_coast(edges, owners, shore))


def _land(seeds: list[Micro]) -> tuple[Polygon, LineString]:
    shore = LineString([to_xy(point) for point in _rough_coast()])
    hull = shapely.concave_hull(MultiPoint([to_xy(point) for point in seeds]), ratio=HULL_RATIO)
    inland = hull.buffer(HULL_MARGIN_M, quad_segs=3).simplify(90.0)
    strip = shore.buffer(COAST_STRIP_M, cap_style="flat").intersection(hull.buffer(STRIP_MARGIN_M, quad_segs=3))
    start, end = shore.coords[0], shore.coords[-1]
    far = FAR_M
    sea = Polygon([*shore.coords, (far, end[1]), (far, far), (start[0], far)])
    north = box(-far, start[1], far, far)
    land = unary_union([inland, strip]).difference(north)
    land = land.buffer(SMOOTHING_M, quad_segs=4).buffer(-SMOOTHING_M, quad_segs=4).simplify(60.0)
    land = land.difference(sea)
    pieces = getattr(land, "geoms", [land])
    return max(pieces, key=lambda piece: piece.area), shore


def _rough_coast() -> list[Micro]:
    rng = chance("coast")
    smooth = curve(COAST, COAST_STEP_M)
    rough = []
    for point in smooth:
        x, y = to_xy(point)
        rough.append(to_micro((x + rng.uniform(-60, 60), y + rng.uniform(-60, 60))))
    return rough


def _voronoi(seeds: dict[str, Micro], land: Polygon) -> dict[str, list[Micro]]:
    points = [to_xy(point) for point in seeds.values()]
    cells = shapely.voronoi_polygons(MultiPoint(points), extend_to=land.envelope.buffer(9_000.0), ordered=True)
    rings = {}
    for name, point, cell in zip(seeds, points, cells.geoms, strict=True):
        clipped = cell.intersection(land)
        own = next(piece for piece in getattr(clipped, "geoms", [clipped]) if piece.covers(Point(point)))
        ring = shapely.geometry.polygon.orient(own).exterior
        rings[name] = [to_micro((x, y)) for x, y in ring.coords[:-1]]
    return rings


def _merge_corners(rings: dict[str, list[Micro]]) -> dict[str, list[Micro]]:
    """Let corners within `MERGE_M` of one another be one: the first in sorted order stands for its group."""
    corners = sorted({corner for ring in rings.values() for corner in ring})
    tree = shapely.STRtree([Point(to_xy(corner)) for corner in corners])
    stands_for: dict[Micro, Micro] = {}
    for corner in corners:
        if corner in stands_for:
            continue
        near = tree.query(Point(to_xy(corner)), predicate="dwithin", distance=MERGE_M)
        for index in sorted(int(i) for i in near):
            stands_for.setdefault(corners[index], corner)
    merged = {}
    for name, ring in rings.items():
        kept = [stands_for[corner] for corner in ring]
        merged[name] = [corner for i, corner in enumerate(kept) if corner != kept[i - 1]]
    return merged


def _owners(rings: dict[str, list[Micro]]) -> dict[EdgeKey, tuple[str, ...]]:
    owners: dict[EdgeKey, list[str]] = defaultdict(list)
    for name, ring in rings.items():
        for a, b in _sides(ring):
            owners[_key(a, b)].append(name)
    return {key: tuple(sorted(names)) for key, names in sorted(owners.items())}


def _winding_edges(rings: dict[str, list[Micro]], owners: dict[EdgeKey, tuple[str, ...]]) -> dict[EdgeKey, list[Micro]]:
    """Wind every border; where that makes a cell invalid, its borders stay straight."""
    edges = {
        key: winding(*key, chance("border", str(key)), BORDER_STEP_M, BORDER_BOW, BORDER_NOISE_M)
        if metres(*key) > BORDER_STEP_M / 2
        else list(key)
        for key in owners
    }
    while True:
        bad = [name for name, ring in rings.items() if not _is_valid(_ring(ring, edges))]
        if not bad:
            return edges
        for name in bad:
            for a, b in _sides(rings[name]):
                edges[_key(a, b)] = list(_key(a, b))


def _is_valid(ring: list[Micro]) -> bool:
    return bool(Polygon(ring).is_valid)


def _ring(corners: list[Micro], edges: dict[EdgeKey, list[Micro]]) -> list[Micro]:
    """The closed ring along the winding borders, starting at its least point."""
    ring: list[Micro] = []
    for a, b in _sides(corners):
        line = edges[_key(a, b)]
        ring += (line if line[0] == a else line[::-1])[:-1]
    start = ring.index(min(ring))
    turned = ring[start:] + ring[:start]
    return [*turned, turned[0]]


def _sides(ring: list[Micro]) -> Iterable[EdgeKey]:
    return zip(ring, ring[1:] + ring[:1], strict=True)


def _key(a: Micro, b: Micro) -> EdgeKey:
    return (a, b) if a < b else (b, a)


def _coast(edges: dict[EdgeKey, list[Micro]], owners: dict[EdgeKey, tuple[str, ...]], shore: LineString) -> list[Micro]:
    near = shore.buffer(MERGE_M + 5.0)
    outer = [
        edges[key] for key, names in owners.items() if len(names) == 1 and near.covers(LineString([*map(to_xy, key)]))
    ]
    chain = shapely.line_merge(shapely.MultiLineString([LineString([to_xy(p) for p in line]) for line in outer]))
    longest = max(getattr(chain, "geoms", [chain]), key=lambda line: line.length)
    points = [to_micro(xy) for xy in longest.coords]
    return points if points[0][0] > points[-1][0] else points[::-1]


def follow_borders(borders: Borders, river: River) -> list[Micro]:
    """The river's course: the shortest way along inner borders past its waypoints, then out into the sea."""
    graph: dict[Micro, list[tuple[float, Micro]]] = defaultdict(list)
    for (a, b), names in borders.owners.items():
        if len(names) == 2:
            cost = length_m(borders.edges[a, b])
            graph[a].append((cost, b))
            graph[b].append((cost, a))
    shore = set(borders.coast)
    stops = [
        min(graph, key=lambda corner: (metres(corner, micro_of(*point)), corner)) for point in river.waypoints[:-1]
    ]
    mouth = micro_of(*river.waypoints[-1])
    stops.append(min(shore & set(graph), key=lambda corner: (metres(corner, mouth), corner)))
    course = [stops[0]]
    for a, b in pairwise(stops):
        for corner in _shortest(graph, a, b)[1:]:
            line = borders.edges[_key(course[-1], corner)]
            course += (line if line[0] == course[-1] else line[::-1])[1:]
    (px, py), (qx, qy) = to_xy(course[-2]), to_xy(course[-1])
    scale = RIVER_MOUTH_M / math.hypot(qx - px, qy - py)
    return [*course, to_micro((qx + (qx - px) * scale, qy + (qy - py) * scale))]


def _shortest(graph: dict[Micro, list[tuple[float, Micro]]], start: Micro, goal: Micro) -> list[Micro]:
    best = {start: 0.0}
    before: dict[Micro, Micro] = {}
    queue = [(0.0, start)]
    while queue:
        cost, corner = heapq.heappop(queue)
        if corner == goal:
            break
        if cost > best[corner]:
            continue
        for step, other in graph[corner]:
            if cost + step < best.get(other, math.inf):
                best[other] = cost + step
                before[other] = corner
                heapq.heappush(queue, (cost + step, other))
    path = [goal]
    while path[-1] != start:
        path.append(before[path[-1]])
    return path[::-1]


def plane_points(points: Sequence[Micro]) -> list[XY]:
    """A polyline in metres."""
    return [to_xy(point) for point in points]
