"""Lines with tags, and the ways of cutting and joining them so that roads meet where they cross."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import shapely
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from .shapes import XY, Micro, length_m, to_micro, to_xy

SNAP_M = 9.0
"""A crossing this near to a corner of either line uses that corner as its junction."""

MAX_PASSES = 12


@dataclass(slots=True, kw_only=True, eq=False)
class Line:
    """A way in the making; `kind` is the generator's own word for it."""

    kind: str
    points: list[Micro]
    tags: dict[str, str] = field(default_factory=dict)

    def geometry(self) -> LineString:
        """The line in metres on the plane."""
        return LineString([to_xy(point) for point in self.points])

    def copy_with(self, points: Sequence[Micro], **tags: str) -> Line:
        """The same line over other points, with further tags."""
        return Line(kind=self.kind, points=list(points), tags=self.tags | tags)


def join(lines: Sequence[Line]) -> None:
    """Put a common point wherever two of the lines cross, changing their points in place."""
    for _ in range(MAX_PASSES):
        if not _join_once(lines):
            return
    raise RuntimeError("the lines still cross without a junction after several passes")


def crossings(lines: Sequence[Line]) -> list[tuple[int, int, Micro]]:
    """Where lines cross without sharing a point: numbers of both lines and the place."""
    return [(first.line, second.line, to_micro(xy)) for first, second, xy in _crossing_segments(lines)]


@dataclass(frozen=True, slots=True)
class _Segment:
    line: int
    index: int
    a: Micro
    b: Micro


def _crossing_segments(lines: Sequence[Line]) -> list[tuple[_Segment, _Segment, XY]]:
    segments = [
        _Segment(number, i, a, b) for number, line in enumerate(lines) for i, (a, b) in enumerate(pairwise(line.points))
    ]
    shapes = [LineString([to_xy(segment.a), to_xy(segment.b)]) for segment in segments]
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    found = []
    for i, j in sorted((int(i), int(j)) for i, j in zip(first, second, strict=True) if i < j):
        s, t = segments[i], segments[j]
        if {s.a, s.b} & {t.a, t.b}:
            continue
        place = _intersection(s, t)
        if place is not None:
            found.append((s, t, place))
    return found


def _intersection(s: _Segment, t: _Segment) -> XY | None:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = map(to_xy, (s.a, s.b, t.a, t.b))
    den = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
    if den == 0:
        return None
    share = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / den
    share = min(1.0, max(0.0, share))
    return ax + (bx - ax) * share, ay + (by - ay) * share


def _join_once(lines: Sequence[Line]) -> bool:
    insertions: dict[int, dict[int, list[Micro]]] = defaultdict(lambda: defaultdict(list))
    for s, t, place in _crossing_segments(lines):
        junction = _junction(s, t, place)
        for segment in (s, t):
            if junction not in (segment.a, segment.b):
                insertions[segment.line][segment.index].append(junction)
    for number, by_segment in insertions.items():
        _insert(lines[number], by_segment)
    return bool(insertions)


def _junction(s: _Segment, t: _Segment, place: XY) -> Micro:
    corners = sorted((math.dist(to_xy(corner), place), corner) for corner in (s.a, s.b, t.a, t.b))
    return corners[0][1] if corners[0][0] <= SNAP_M else to_micro(place)


def _insert(line: Line, by_segment: dict[int, list[Micro]]) -> None:
    points: list[Micro] = []
    for i, a in enumerate(line.points):
        points.append(a)
        start = to_xy(a)
        for junction in sorted(set(by_segment.get(i, ())), key=lambda p: (math.dist(start, to_xy(p)), p)):
            if junction != points[-1]:
                points.append(junction)
    line.points = _without_spikes(points)


def _without_spikes(points: list[Micro]) -> list[Micro]:
    """Drop repeated points, and there-and-back spikes that snapping may leave."""
    clean: list[Micro] = []
    for point in points:
        if clean and point == clean[-1]:
            continue
        if len(clean) >= 2 and point == clean[-2]:
            clean.pop()
            continue
        clean.append(point)
    return clean


def crossing_distances(line: Line, others: Iterable[BaseGeometry]) -> list[float]:
    """Metres along the line to each of its crossings with other geometries, sorted."""
    own = line.geometry()
    found: set[float] = set()
    for other in others:
        meeting = own.intersection(other)
        for piece in getattr(meeting, "geoms", [meeting]):
            if not piece.is_empty:
                found.add(round(own.project(Point(piece.representative_point())), 2))
    return sorted(found)


def cut(line: Line, distances: Sequence[float]) -> list[Line]:
    """Cut the line at distances (metres from its start) strictly within it; a corner within 2 m is used as it is."""
    total = length_m(line.points)
    wanted = sorted({distance for distance in distances if 2.0 < distance < total - 2.0})
    pieces: list[Line] = []
    current = [line.points[0]]
    walked = 0.0
    for a, b in pairwise(line.points):
        (ax, ay), (bx, by) = to_xy(a), to_xy(b)
        step = math.hypot(bx - ax, by - ay)
        while wanted and wanted[0] <= walked + step + 2.0:
            share = (wanted.pop(0) - walked) / step
            near_end, near_start = share * step > step - 2.0, share * step < 2.0
            place = b if near_end else a if near_start else to_micro((ax + (bx - ax) * share, ay + (by - ay) * share))
            if place == current[-1]:
                if len(current) > 1:
                    pieces.append(line.copy_with(current))
                    current = [place]
                continue
            pieces.append(line.copy_with([*current, place]))
            current = [place]
        if b != current[-1]:
            current.append(b)
        walked += step
    if len(current) > 1:
        pieces.append(line.copy_with(current))
    return pieces


def split_at(line: Line, places: set[Micro]) -> list[Line]:
    """Split the line at those of its inner points that are in `places`."""
    pieces, current = [], [line.points[0]]
    for point in line.points[1:]:
        current.append(point)
        if point in places and point != line.points[-1]:
            pieces.append(line.copy_with(current))
            current = [point]
    pieces.append(line.copy_with(current))
    return pieces


def with_bridges(line: Line, crossed: Iterable[BaseGeometry], half_m: float) -> list[Line]:
    """Cut the line so that it crosses the given geometries on pieces tagged `bridge=yes` alone."""
    total = length_m(line.points)
    spans: list[list[float]] = []
    for distance in crossing_distances(line, crossed):
        low, high = max(0.0, distance - half_m), min(total, distance + half_m)
        if spans and low <= spans[-1][1] + half_m:
            spans[-1][1] = high
        else:
            spans.append([low, high])
    if not spans:
        return [line]
    pieces = cut(line, [end for span in spans for end in span])
    walked = 0.0
    for piece in pieces:
        length = length_m(piece.points)
        middle = walked + length / 2
        if any(low <= middle <= high for low, high in spans):
            piece.tags |= {"bridge": "yes", "layer": "1"}
        walked += length
    return pieces
