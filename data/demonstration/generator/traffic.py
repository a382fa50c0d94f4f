"""Rules of the road: one-way streets in towns, turn restrictions on the national road, a bollard, a private gate."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry import LineString

from .drawing import Line, split_at
from .shapes import Micro, metres, to_micro, to_xy

RESTRICTION_CYCLE = ("no_right_turn", "only_straight_on", "no_left_turn", "no_u_turn")
RESTRICTION_COUNT = 12
RIGHT_ANGLE_RANGE = (math.radians(50), math.radians(130))
DRIVEWAY_M = 95.0
DRIVEWAY_NAME = "Jalan Perumahan Tertutup (contoh)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """A turn restriction from one way to another over a point."""

    kind: str
    from_line: Line
    via: Micro
    to_line: Line


def make_one_way(streets: Sequence[Line]) -> None:
    """Make the two longest streets of a town one-way, the second tagged against its own direction."""
    longest = sorted(streets, key=lambda line: (-line.geometry().length, line.points[0]))[:2]
    for line, value in zip(longest, ("yes", "-1"), strict=False):
        line.tags["oneway"] = value


def free_trapped_streets(lines: Sequence[Line], streets: Sequence[Line]) -> None:
    """Give both directions back to one-way streets that cannot be both entered and left."""
    while True:
        main = strong_main(lines)
        trapped = [line for line in streets if "oneway" in line.tags and not set(line.points) <= main]
        if not trapped:
            return
        for line in trapped:
            del line.tags["oneway"]


def strong_main(lines: Sequence[Line]) -> set[Micro]:
    """Points of the largest strongly connected component."""
    number: dict[Micro, int] = {}
    tails, heads = [], []
    for line in lines:
        for a, b in pairwise(line.points):
            i, j = number.setdefault(a, len(number)), number.setdefault(b, len(number))
            oneway = line.tags.get("oneway") or ("yes" if "junction" in line.tags else "no")
            if oneway != "-1":
                tails.append(i)
                heads.append(j)
            if oneway != "yes":
                tails.append(j)
                heads.append(i)
    graph = coo_array((np.ones(len(tails), dtype=np.int8), (tails, heads)), shape=(len(number), len(number)))
    _, label = connected_components(graph, directed=True, connection="strong")
    largest = int(np.bincount(label).argmax())
    return {point for point, i in number.items() if label[i] == largest}


def restrict_turns(lines: list[Line]) -> list[Restriction]:
    """Forbid some turns where side roads meet the national road; the ways are split at those junctions."""
    places = _trunk_junctions(lines)
    step = max(1, len(places) // RESTRICTION_COUNT)
    places = places[step // 2 :: step][:RESTRICTION_COUNT]
    wanted = set(places)
    split = [piece for line in lines for piece in split_at(line, wanted)]
    lines[:] = split
    at: dict[Micro, list[Line]] = defaultdict(list)
    for line in lines:
        for end in {line.points[0], line.points[-1]} & wanted:
            at[end].append(line)
    restrictions = []
    for number, place in enumerate(places):
        kind = RESTRICTION_CYCLE[number % len(RESTRICTION_CYCLE)]
        trunk = [line for line in at[place] if line.tags["highway"] == "trunk"]
        sides = [line for line in at[place] if line.tags["highway"] != "trunk"]
        restrictions.append(_restriction(kind, place, trunk, sides))
    return restrictions


def _trunk_junctions(lines: Sequence[Line]) -> list[Micro]:
    """Inner points of the national road, in order along it, where one side road crosses or ends at a fair angle."""
    uses: dict[Micro, list[Line]] = defaultdict(list)
    for line in lines:
        for point in line.points:
            uses[point].append(line)
    found = []
    for line in lines:
        if line.tags["highway"] != "trunk" or "bridge" in line.tags:
            continue
        for i in range(1, len(line.points) - 1):
            point = line.points[i]
            others = [other for other in uses[point] if other is not line]
            if len(others) != 1 or others[0].kind not in {"secondary", "tertiary"} or "bridge" in others[0].tags:
                continue
            arms = _arms(others[0], point)
            if all(_is_square(line.points[i - 1], point, arm) for arm in arms):
                found.append(point)
    return found


def _arms(line: Line, place: Micro) -> list[Micro]:
    at = line.points.index(place)
    return [line.points[i] for i in (at - 1, at + 1) if 0 <= i < len(line.points)]


def _turn(before: Micro, place: Micro, after: Micro) -> float:
    """Angle of the turn in radians, left positive, in (-pi, pi]."""
    (ax, ay), (bx, by), (cx, cy) = to_xy(before), to_xy(place), to_xy(after)
    return math.remainder(math.atan2(cy - by, cx - bx) - math.atan2(by - ay, bx - ax), 2 * math.pi)


def _is_square(before: Micro, place: Micro, after: Micro) -> bool:
    return RIGHT_ANGLE_RANGE[0] <= abs(_turn(before, place, after)) <= RIGHT_ANGLE_RANGE[1]


def _restriction(kind: str, via: Micro, trunk: Sequence[Line], sides: Sequence[Line]) -> Restriction:
    first, second = trunk
    if kind == "no_u_turn":
        return Restriction(kind=kind, from_line=first, via=via, to_line=first)
    if kind == "only_straight_on":
        return Restriction(kind=kind, from_line=first, via=via, to_line=second)
    sign = 1 if kind == "no_left_turn" else -1
    side = sides[0]
    for line in (first, second):
        if sign * _turn(_beside(line, via), via, _beside(side, via)) > 0:
            return Restriction(kind=kind, from_line=line, via=via, to_line=side)
    raise RuntimeError("a side road is neither left nor right of the national road")


def _beside(line: Line, end: Micro) -> Micro:
    return line.points[1] if line.points[0] == end else line.points[-2]


def bollard_place(lines: Sequence[Line]) -> Micro:
    """A bend of a town lane, no junction, with a way around it."""
    uses = Counter(point for line in lines for point in line.points)
    main = strong_main(lines)
    for line in lines:
        if line.kind != "town" or "oneway" in line.tags:
            continue
        for i in range(2, len(line.points) - 2):
            point = line.points[i]
            if uses[point] == 1 and uses[line.points[i - 1]] > 1 and uses[line.points[i + 1]] > 1:
                rest = [other for other in lines if other is not line]
                rest += [line.copy_with(line.points[:i]), line.copy_with(line.points[i + 1 :])]
                if main - {point} <= strong_main(rest):
                    return point
    raise RuntimeError("no lane is fit for a bollard")


def private_driveway(lines: Sequence[Line]) -> tuple[Line, Micro]:
    """A private road behind a gate, drawn on from a dead end where there is room; and the gate."""
    ends = Counter(point for line in lines for point in line.points)
    tree = shapely.STRtree([line.geometry() for line in lines])
    for line in lines:
        end = line.points[-1]
        if line.kind != "lane" or ends[end] != 1:
            continue
        (ax, ay), (bx, by) = to_xy(line.points[-2]), to_xy(end)
        scale = DRIVEWAY_M / metres(line.points[-2], end)
        points = [end] + [
            to_micro((bx + (bx - ax) * scale * share, by + (by - ay) * scale * share)) for share in (0.2, 0.6, 1.0)
        ]
        room = LineString([to_xy(point) for point in points[1:]]).buffer(40.0)
        touched = [lines[int(i)] for i in tree.query(room, predicate="intersects")]
        if touched in ([], [line]):
            tags = {"highway": "service", "access": "private", "name": DRIVEWAY_NAME}
            return Line(kind="driveway", points=points, tags=tags), points[1]
    raise RuntimeError("no dead end has room for a private road")
