"""Points, curves and chance, all reproducible.

Every point is a pair of whole micro-degrees `(lon, lat)`, so that a shared point is the same pair everywhere and the
files need six decimals. Drawing happens in metres on the region's plane. Chance comes from `random.Random` seeded
with words: its stream is the same on every machine and version of Python, and a change in one village does not
reshuffle the others.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import pairwise

from gis.geodesy import LocalPlane

Micro = tuple[int, int]
XY = tuple[float, float]

SEED = "siaga112-contoh-1"
PLANE = LocalPlane(lat0=-6.75, lon0=108.58)
MICRO = 1_000_000
_PER_LON, _PER_LAT = PLANE.metres_per_degree


def chance(*words: str) -> random.Random:
    """A random stream of its own for these words."""
    return random.Random("/".join((SEED, *words)))


def micro_of(lat: float, lon: float) -> Micro:
    """Degrees to whole micro-degrees."""
    return round(lon * MICRO), round(lat * MICRO)


def to_xy(point: Micro) -> XY:
    """Micro-degrees to metres on the plane, x east and y north."""
    return (point[0] / MICRO - PLANE.lon0) * _PER_LON, (point[1] / MICRO - PLANE.lat0) * _PER_LAT


def to_micro(xy: XY) -> Micro:
    """Metres on the plane to the nearest whole micro-degrees."""
    return round((xy[0] / _PER_LON + PLANE.lon0) * MICRO), round((xy[1] / _PER_LAT + PLANE.lat0) * MICRO)


def metres(a: Micro, b: Micro) -> float:
    """Distance on the plane."""
    (ax, ay), (bx, by) = to_xy(a), to_xy(b)
    return math.hypot(bx - ax, by - ay)


def length_m(points: Sequence[Micro]) -> float:
    """Length of a polyline on the plane."""
    return sum(metres(a, b) for a, b in pairwise(points))


def curve(controls: Sequence[tuple[float, float]], step_m: float) -> list[Micro]:
    """A smooth curve (centripetal Catmull-Rom) through (lat, lon) controls, a point about every `step_m` metres.

    The controls themselves are points of the curve, so that curves which share a control meet there.
    """
    micro = [micro_of(lat, lon) for lat, lon in controls]
    knots = [to_xy(point) for point in micro]
    first = (2 * knots[0][0] - knots[1][0], 2 * knots[0][1] - knots[1][1])
    last = (2 * knots[-1][0] - knots[-2][0], 2 * knots[-1][1] - knots[-2][1])
    padded = [first, *knots, last]
    points = [micro[0]]
    for i in range(len(knots) - 1):
        p0, p1, p2, p3 = padded[i : i + 4]
        pieces = max(1, round(math.dist(p1, p2) / step_m))
        points += [to_micro(_catmull_rom(p0, p1, p2, p3, k / pieces)) for k in range(1, pieces)]
        points.append(micro[i + 1])
    return points


def _catmull_rom(p0: XY, p1: XY, p2: XY, p3: XY, share: float) -> XY:
    t0 = 0.0
    t1 = t0 + math.sqrt(math.dist(p0, p1))
    t2 = t1 + math.sqrt(math.dist(p1, p2))
    t3 = t2 + math.sqrt(math.dist(p2, p3))
    t = t1 + share * (t2 - t1)

    def mix(a: XY, b: XY, ta: float, tb: float) -> XY:
        w = (t - ta) / (tb - ta)
        return a[0] + (b[0] - a[0]) * w, a[1] + (b[1] - a[1]) * w

    a1, a2, a3 = mix(p0, p1, t0, t1), mix(p1, p2, t1, t2), mix(p2, p3, t2, t3)
    return mix(mix(a1, a2, t0, t2), mix(a2, a3, t1, t3), t1, t2)


def winding(a: Micro, b: Micro, rng: random.Random, step_m: float, bow: float, noise_m: float) -> list[Micro]:
    """A winding line from a to b: one bow of at most `bow` times its length, and noise at every point."""
    (ax, ay), (bx, by) = to_xy(a), to_xy(b)
    length = math.hypot(bx - ax, by - ay)
    if length == 0:
        return [a, b]
    nx, ny = -(by - ay) / length, (bx - ax) / length
    pieces = max(2, round(length / step_m))
    height = length * rng.uniform(-bow, bow)
    noise = min(noise_m, length * 0.06)
    points = [a]
    for k in range(1, pieces):
        share = k / pieces
        off = height * math.sin(math.pi * share) + rng.uniform(-noise, noise)
        points.append(to_micro((ax + (bx - ax) * share + nx * off, ay + (by - ay) * share + ny * off)))
    points.append(b)
    return points


def offset(points: Sequence[Micro], left_m: float) -> list[Micro]:
    """The line `left_m` metres to the left (negative: right) of a gentle polyline, point by point."""
    xys = [to_xy(point) for point in points]
    moved = []
    for i, (x, y) in enumerate(xys):
        (px, py), (qx, qy) = xys[max(i - 1, 0)], xys[min(i + 1, len(xys) - 1)]
        length = math.hypot(qx - px, qy - py)
        moved.append(to_micro((x - (qy - py) / length * left_m, y + (qx - px) / length * left_m)))
    return moved
