"""The toll road: two one-way carriageways, driven on the left, with diamond interchanges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from shapely.geometry import LineString, MultiPoint, Point, Polygon

from .drawing import Line, crossing_distances, cut
from .landscape import INTERCHANGES, TOLL, TOLL_NAME, Interchange
from .shapes import Micro, curve, length_m, micro_of, offset, to_micro, to_xy

STEP_M = 380.0
HALF_GAP_M = 14.0
RAMP_M = 520.0
"""From the crossing to where a ramp leaves or joins a carriageway."""

RAMP_ON_ROAD_M = 150.0
"""From the crossing to where the ramps meet the crossing road."""

RAMP_POINTS = 8
YARD_MARGIN_M = 35.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TollRoad:
    """Carriageways and ramps, the toll booths with their names, and the yards that other roads must keep out of."""

    carriageways: list[Line]
    ramps: list[Line]
    booths: dict[Micro, str]
    yards: list[Polygon]
    centre: LineString


def lay_toll_road(roads: Sequence[Line]) -> TollRoad:
    """Draw the toll road and join it to the crossing roads, to which the ramps' ends are added as points."""
    centre = curve(TOLL, STEP_M)
    west, east = centre[0], centre[-1]
    eastbound = Line(kind="toll", points=[west, *offset(centre, HALF_GAP_M)[1:-1], east], tags=_tags())
    westbound = Line(kind="toll", points=[east, *offset(centre, -HALF_GAP_M)[-2:0:-1], west], tags=_tags())
    axis = LineString([to_xy(point) for point in centre])
    ramps: list[Line] = []
    yards: list[Polygon] = []
    for interchange in INTERCHANGES:
        own = _interchange(interchange, roads, axis, (eastbound, westbound))
        ramps += own
        corners = [to_xy(point) for ramp in own for point in ramp.points]
        yards.append(MultiPoint(corners).convex_hull.buffer(YARD_MARGIN_M))
    return TollRoad(
        carriageways=[eastbound, westbound],
        ramps=ramps,
        booths={ramp.points[len(ramp.points) // 2]: ramp.tags["name"] for ramp in ramps},
        yards=yards,
        centre=axis,
    )


def _tags() -> dict[str, str]:
    return {"highway": "motorway", "name": TOLL_NAME, "oneway": "yes", "toll": "yes", "maxspeed": "100", "lanes": "2"}


def _interchange(
    interchange: Interchange, roads: Sequence[Line], axis: LineString, carriageways: tuple[Line, Line]
) -> list[Line]:
    near = Point(to_xy(micro_of(*interchange.near)))
    candidates = [
        (near.distance(road.geometry().interpolate(distance)), road, distance)
        for road in roads
        if road.tags.get("name") == interchange.road
        for distance in crossing_distances(road, [axis])
    ]
    _, road, along = min(candidates, key=lambda candidate: candidate[0])
    crossing = road.geometry().interpolate(along)
    feet = [_add_point(road, along - RAMP_ON_ROAD_M), _add_point(road, along + RAMP_ON_ROAD_M)]
    ramps = []
    for carriageway in carriageways:
        here = carriageway.geometry().project(crossing)
        foot = min(feet, key=lambda point: carriageway.geometry().distance(Point(to_xy(point))))
        leaving = _add_point(carriageway, here - RAMP_M)
        joining = _add_point(carriageway, carriageway.geometry().project(crossing) + RAMP_M)
        tags = {
            "highway": "motorway_link",
            "name": f"Gerbang Tol {interchange.name} (contoh)",
            "oneway": "yes",
            "toll": "yes",
            "maxspeed": "40",
        }
        line = carriageway.geometry()
        bend_out = line.interpolate(line.project(crossing) - RAMP_ON_ROAD_M)
        bend_in = line.interpolate(line.project(crossing) + RAMP_ON_ROAD_M)
        ramps.append(Line(kind="ramp", points=_ramp(leaving, bend_out, foot), tags=tags))
        ramps.append(Line(kind="ramp", points=_ramp(foot, bend_in, joining), tags=dict(tags)))
    return ramps


def _add_point(line: Line, distance: float) -> Micro:
    """Add a point to the line at a distance from its start and return it."""
    if not 0.0 < distance < length_m(line.points):
        raise ValueError("an interchange lies too near to the end of its road")
    first, *rest = cut(line, [distance])
    place = first.points[-1]
    line.points = first.points + [point for piece in rest for point in piece.points[1:]]
    return place


def _ramp(start: Micro, bend: Point, end: Micro) -> list[Micro]:
    """A quadratic Bézier curve, drawn out a little from the carriageway towards the foot of the ramp."""
    (ax, ay), (cx, cy) = to_xy(start), to_xy(end)
    pull = 0.22
    foot = (ax, ay) if math.dist((ax, ay), (bend.x, bend.y)) < math.dist((cx, cy), (bend.x, bend.y)) else (cx, cy)
    bx, by = bend.x + (foot[0] - bend.x) * pull, bend.y + (foot[1] - bend.y) * pull
    points = [start]
    for k in range(1, RAMP_POINTS):
        t = k / RAMP_POINTS
        u = 1 - t
        points.append(to_micro((u * u * ax + 2 * u * t * bx + t * t * cx, u * u * ay + 2 * u * t * by + t * t * cy)))
    points.append(end)
    return points
