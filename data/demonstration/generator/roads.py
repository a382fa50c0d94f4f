"""Roads between villages: secondary roads between the seats of kecamatan, tertiary roads between neighbours."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import shapely
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from .borders import Borders, city_quarters
from .drawing import Line
from .facts import Village, seats
from .landscape import ROADS
from .shapes import Micro, chance, curve, metres, to_micro, to_xy, winding

DRAWN_STEP_M = 280.0
LINK_STEP_M = 300.0
LINK_BOW = 0.07
LINK_NOISE_M = 14.0
LONGEST_LINK_M = 6_000.0
BESIDE_M = 160.0
BESIDE_SHARE = 0.55
"""A link that runs this near to a drawn road over this share of its length is left to that road."""

BRIDGE_COST_M = 14_000.0
UNDERPASS_COST_M = 900.0
GHOST_COST = 0.5
LOOPS_PER_SEAT = 2
EXTRA_LINK_SHARE = 0.22
NAMED_TERTIARY_SHARE = 0.75
ROUNDABOUT_M = 28.0
ROUNDABOUT_POINTS = 12

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What roads must mind, in metres on the plane.

    Attributes
    ----------
    land
        Where roads may be.
    rivers
        Crossed on bridges only.
    toll
        Centre line of the toll road, passed under.
    kept_free
        Water, interchanges, the roundabout, the cut-off hamlet: never entered.
    """

    land: BaseGeometry
    rivers: tuple[LineString, ...]
    toll: LineString
    kept_free: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    points: list[Micro]
    cost: float
    bridges: int
    ghost: bool


def drawn_roads() -> list[Line]:
    """National road and primary roads as drawn by hand."""
    lines = []
    for road in ROADS:
        tags = {"highway": road.road_class, "name": road.name, "maxspeed": road.maxspeed}
        if road.ref:
            tags["ref"] = road.ref
        lines.append(Line(kind="drawn", points=curve(road.controls, DRAWN_STEP_M), tags=tags))
    return lines


def put_roundabout(roads: list[Line], name: str, centre: Micro) -> Line:
    """Replace a point of one road by a roundabout, driven clockwise; the road is split in two."""
    road = next(line for line in roads if centre in line.points)
    cx, cy = to_xy(centre)
    at = road.points.index(centre)
    before = [point for point in road.points[:at] if metres(point, centre) > ROUNDABOUT_M + 5]
    after = [point for point in road.points[at + 1 :] if metres(point, centre) > ROUNDABOUT_M + 5]
    bearing = math.atan2(to_xy(before[-1])[1] - cy, to_xy(before[-1])[0] - cx)
    circle = [
        to_micro(
            (
                cx + ROUNDABOUT_M * math.cos(bearing - 2 * math.pi * k / ROUNDABOUT_POINTS),
                cy + ROUNDABOUT_M * math.sin(bearing - 2 * math.pi * k / ROUNDABOUT_POINTS),
            )
        )
        for k in range(ROUNDABOUT_POINTS)
    ]
    leaving = min(circle, key=lambda point: (metres(point, after[0]), point))
    roads.remove(road)
    roads.append(road.copy_with([*before, circle[0]]))
    roads.append(road.copy_with([leaving, *after]))
    tags = {"highway": road.tags["highway"], "junction": "roundabout", "name": name, "maxspeed": "30"}
    return Line(kind="roundabout", points=[*circle, circle[0]], tags=tags)


def lay_links(borders: Borders, villages: Sequence[Village], drawn: Sequence[Line], around: Surroundings) -> list[Line]:
    """Secondary and tertiary roads; they end at village positions and cross one another nowhere else."""
    seeds = {village.code: village.position for village in villages} | city_quarters()
    links = _possible_links(borders, seeds, drawn, around)
    graph: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for (a, b), link in links.items():
        graph[a].append((link.cost, b))
        graph[b].append((link.cost, a))
    secondary = _collectors(graph, seats(list(villages)))
    names = {village.code: village.name for village in villages}
    lines = []
    for pair, link in links.items():
        if link.ghost:
            continue
        if pair in secondary:
            tags = {"highway": "secondary", "name": secondary[pair], "maxspeed": "50"}
            lines.append(Line(kind="secondary", points=link.points, tags=tags))
        elif not link.bridges and _is_wanted(pair, seeds):
            tags = {"highway": "tertiary"}
            rng = chance("tertiary", *pair)
            if all(code in names for code in pair) and rng.random() < NAMED_TERTIARY_SHARE:
                tags["name"] = f"Jalan {names[pair[0]]} - {names[pair[1]]}"
            lines.append(Line(kind="tertiary", points=link.points, tags=tags))
    return lines


def _possible_links(
    borders: Borders, seeds: dict[str, Micro], drawn: Sequence[Line], around: Surroundings
) -> dict[Pair, _Link]:
    beside = unary_union([line.geometry() for line in drawn]).buffer(BESIDE_M)
    links = {}
    for pair in borders.neighbours():
        a, b = seeds[pair[0]], seeds[pair[1]]
        points = winding(a, b, chance("link", *pair), LINK_STEP_M, LINK_BOW, LINK_NOISE_M)
        shape = LineString([to_xy(point) for point in points])
        if shape.length > LONGEST_LINK_M or shape.intersects(around.kept_free) or not around.land.covers(shape):
            continue
        bridges = sum(_count(shape.intersection(river)) for river in around.rivers)
        ghost = shape.intersection(beside).length > BESIDE_SHARE * shape.length
        cost = shape.length * (GHOST_COST if ghost else 1.0) + bridges * BRIDGE_COST_M * (not ghost)
        cost += UNDERPASS_COST_M * _count(shape.intersection(around.toll))
        links[pair] = _Link(points=points, cost=cost, bridges=bridges, ghost=ghost)
    return links


def _count(meeting: BaseGeometry) -> int:
    return 0 if meeting.is_empty else len(getattr(meeting, "geoms", [meeting]))


def _is_wanted(pair: Pair, seeds: dict[str, Micro]) -> bool:
    """Whether neighbours get a road: no third seed is nearer to both (relative neighbours), or by chance."""
    a, b = seeds[pair[0]], seeds[pair[1]]
    apart = metres(a, b)
    third = any(max(metres(a, c), metres(b, c)) < apart for name, c in seeds.items() if name not in pair)
    return not third or chance("extra", *pair).random() < EXTRA_LINK_SHARE


def _collectors(graph: dict[str, list[tuple[float, str]]], kecamatan_seats: dict[str, Village]) -> dict[Pair, str]:
    """Links on the ways between seats (least spanning tree and nearest neighbours), with the road's name."""
    ways: list[tuple[float, str, str, list[str]]] = []
    codes = sorted(kecamatan_seats)
    for i, one in enumerate(codes):
        cost, before = _tree(graph, kecamatan_seats[one].code)
        for other in codes[i + 1 :]:
            goal = kecamatan_seats[other].code
            if goal in cost:
                ways.append((cost[goal], one, other, _path(before, goal)))
    ways.sort(key=lambda way: way[:3])
    group = {code: code for code in codes}
    degree: dict[str, int] = defaultdict(int)
    chosen: dict[Pair, str] = {}
    for _, one, other, path in ways:
        joins = _root(group, one) != _root(group, other)
        if not joins and max(degree[one], degree[other]) >= LOOPS_PER_SEAT:
            continue
        group[_root(group, one)] = _root(group, other)
        degree[one] += 1
        degree[other] += 1
        name = f"Jalan Raya {kecamatan_seats[one].kecamatan} - {kecamatan_seats[other].kecamatan}"
        for a, b in pairwise(path):
            chosen.setdefault((a, b) if a < b else (b, a), name)
    return chosen


def _root(group: dict[str, str], code: str) -> str:
    while group[code] != code:
        code = group[code]
    return code


def _tree(graph: dict[str, list[tuple[float, str]]], start: str) -> tuple[dict[str, float], dict[str, str]]:
    cost = {start: 0.0}
    before: dict[str, str] = {}
    queue = [(0.0, start)]
    while queue:
        spent, here = heapq.heappop(queue)
        if spent > cost[here]:
            continue
        for step, there in graph[here]:
            if spent + step < cost.get(there, math.inf):
                cost[there] = spent + step
                before[there] = here
                heapq.heappush(queue, (spent + step, there))
    return cost, before


def _path(before: dict[str, str], goal: str) -> list[str]:
    path = [goal]
    while path[-1] in before:
        path.append(before[path[-1]])
    return path


def connect_rest(lines: Sequence[Line], seeds: Iterable[Micro], around: Surroundings, road_class: str) -> list[Line]:
    """A short road for every seed that the network does not reach, to the nearest point that it does reach."""
    blocked = unary_union([around.kept_free, *around.rivers, around.toll])
    pieces = connected_pieces(lines)
    reached = set(pieces[0])
    targets = sorted(reached)
    tree = shapely.STRtree([Point(to_xy(point)) for point in targets])
    added = []
    for seed in sorted(seeds):
        if seed in reached:
            continue
        spur = _spur(seed, targets, tree, blocked)
        added.append(Line(kind="spur", points=spur, tags={"highway": road_class}))
        reached |= next((piece for piece in pieces if seed in piece), {seed})
    return added


def _spur(seed: Micro, targets: list[Micro], tree: shapely.STRtree, blocked: BaseGeometry) -> list[Micro]:
    place = Point(to_xy(seed))
    near = tree.query(place, predicate="dwithin", distance=LONGEST_LINK_M)
    for index in sorted((int(i) for i in near), key=lambda i: (metres(seed, targets[i]), targets[i])):
        points = [seed, targets[index]]
        if not LineString([to_xy(point) for point in points]).intersects(blocked):
            return points
    raise RuntimeError(f"no road can reach the place at {seed}")


def connected_pieces(lines: Sequence[Line]) -> list[set[Micro]]:
    """The points of each connected piece (directions aside), the piece with the most points first."""
    parent: dict[Micro, Micro] = {}

    def root(point: Micro) -> Micro:
        parent.setdefault(point, point)
        while parent[point] != point:
            parent[point] = parent[parent[point]]
            point = parent[point]
        return point

    for line in lines:
        for a, b in pairwise(line.points):
            parent[root(a)] = root(b)
    groups: dict[Micro, set[Micro]] = defaultdict(set)
    for point in parent:
        groups[root(point)].add(point)
    return sorted(groups.values(), key=lambda group: (-len(group), min(group)))
