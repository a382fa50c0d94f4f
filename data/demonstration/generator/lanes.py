"""Lanes inside villages: small irregular grids around the village's position, with dead ends, and named streets."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.prepared import prep

from .drawing import Line
from .shapes import XY, Micro, chance, to_micro, to_xy, winding

Cell = tuple[int, int]

TOWN_STREETS = (
    "Jalan Merdeka", "Jalan Diponegoro", "Jalan Pasar", "Jalan Masjid", "Jalan Kartini", "Jalan Pemuda",
    "Jalan Veteran", "Jalan Pahlawan", "Jalan Sudirman", "Jalan Ahmad Yani", "Jalan Stasiun", "Jalan Pendidikan",
    "Jalan Kesehatan", "Jalan Alun-Alun", "Jalan Pramuka", "Jalan Gotong Royong",
)  # fmt: skip
VILLAGE_STREETS = (
    "Jalan Masjid", "Jalan Madrasah", "Jalan Lapangan", "Jalan Sawah", "Jalan Makam", "Jalan Irigasi",
    "Jalan Posyandu", "Jalan Pesantren", "Jalan Sumur", "Jalan Jambu", "Jalan Mangga", "Jalan Melati",
)  # fmt: skip
ALLEYS = ("Gang Melati", "Gang Mawar", "Gang Kenanga", "Gang Dahlia", "Gang Mangga", "Gang Rambutan", "Gang Sawo")

EDGE_MARGIN_M = 30.0
BEND_M = 6.0
EXTRA_SHARE = 0.28
LIVING_STREET_SHARE = 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Where lanes are wanted: a centre in a cell, the size of the grid, and whether it is a town."""

    key: str
    centre: Micro
    cell: Polygon
    columns: int
    rows: int
    spacing_m: float
    bearing_rad: float
    town: bool


def lay_lanes(settlement: Settlement, barred: BaseGeometry, kind: str = "lane") -> list[Line]:
    """The settlement's streets; every one hangs together with its centre and none touches what is barred."""
    rng = chance("lanes", settlement.key)
    spots = _spots(settlement, barred)
    if (0, 0) not in spots:
        return []
    free = prep(barred)
    steps: list[tuple[float, Cell, Cell]] = []
    for i, j in sorted(spots):
        for other in ((i + 1, j), (i, j + 1)):
            weight = rng.random()
            if other in spots and not free.intersects(LineString([to_xy(spots[i, j]), to_xy(spots[other])])):
                steps.append((weight, (i, j), other))
    kept = _spanning(steps, everything=settlement.town)
    reached = _reached(kept, (0, 0))
    return _streets(settlement, spots, {step for step in kept if step[0] in reached}, kind)


def _spots(settlement: Settlement, barred: BaseGeometry) -> dict[Cell, Micro]:
    rng = chance("spots", settlement.key)
    cx, cy = to_xy(settlement.centre)
    cos, sin = math.cos(settlement.bearing_rad), math.sin(settlement.bearing_rad)
    inside = prep(settlement.cell.buffer(-EDGE_MARGIN_M))
    wild = 0.12 if settlement.town else 0.2
    first_column = -int(rng.random() * settlement.columns)
    first_row = -int(rng.random() * settlement.rows)
    spots: dict[Cell, Micro] = {}
    for i in range(first_column, first_column + settlement.columns):
        for j in range(first_row, first_row + settlement.rows):
            du = (i + rng.uniform(-wild, wild)) * settlement.spacing_m
            dv = (j + rng.uniform(-wild, wild)) * settlement.spacing_m * 0.85
            xy: XY = (cx + du * cos - dv * sin, cy + du * sin + dv * cos)
            if (i, j) == (0, 0):
                spots[i, j] = settlement.centre
            elif inside.contains(Point(xy)) and not barred.intersects(Point(xy)):
                spots[i, j] = to_micro(xy)
    return spots


def _spanning(steps: list[tuple[float, Cell, Cell]], *, everything: bool) -> set[tuple[Cell, Cell]]:
    """A random spanning tree with a few loops, or everything in a town."""
    group: dict[Cell, Cell] = {}

    def root(cell: Cell) -> Cell:
        group.setdefault(cell, cell)
        while group[cell] != cell:
            cell = group[cell]
        return cell

    kept = set()
    for weight, a, b in sorted(steps):
        joins = root(a) != root(b)
        if joins or everything or weight > 1 - EXTRA_SHARE:
            group[root(a)] = root(b)
            kept.add((a, b))
    return kept


def _reached(steps: set[tuple[Cell, Cell]], start: Cell) -> set[Cell]:
    near: dict[Cell, list[Cell]] = defaultdict(list)
    for a, b in steps:
        near[a].append(b)
        near[b].append(a)
    seen, todo = {start}, [start]
    while todo:
        for other in near[todo.pop()]:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def _streets(settlement: Settlement, spots: dict[Cell, Micro], steps: set[tuple[Cell, Cell]], kind: str) -> list[Line]:
    """Runs of steps along one row or column become one street."""
    names = _street_names(settlement)
    lines = []
    for axis in (0, 1):
        tracks: dict[int, list[tuple[int, Cell, Cell]]] = defaultdict(list)
        for a, b in steps:
            if a[axis] != b[axis]:
                tracks[a[1 - axis]].append((a[axis], a, b))
        for track, runs in sorted(tracks.items()):
            run: list[Micro] = []
            last: Cell | None = None
            name = names(axis, track)
            for _, a, b in sorted(runs):
                rng = chance("bend", settlement.key, str(a), str(b))
                step = winding(spots[a], spots[b], rng, settlement.spacing_m / 2, 0.05, BEND_M)
                if a == last:
                    run += step[1:]
                else:
                    if run:
                        lines.append(_street(settlement, run, name, kind))
                    run = step
                last = b
            if run:
                lines.append(_street(settlement, run, name, kind))
    return lines


def _street(settlement: Settlement, points: Sequence[Micro], name: str, kind: str) -> Line:
    living = not settlement.town and chance("class", str(points[0]), str(points[-1])).random() < LIVING_STREET_SHARE
    tags = {"highway": "living_street" if living else "residential"}
    if name:
        tags["name"] = name
    return Line(kind=kind, points=list(points), tags=tags)


def _street_names(settlement: Settlement) -> Callable[[int, int], str]:
    """Names by axis and track: drawn without repetition, the middle row named for the village office."""
    rng = chance("names", settlement.key)
    streets = list(TOWN_STREETS if settlement.town else VILLAGE_STREETS)
    alleys = list(ALLEYS)
    rng.shuffle(streets)
    rng.shuffle(alleys)
    given: dict[Cell, str] = {}

    def name(axis: int, track: int) -> str:
        if (axis, track) not in given:
            if (axis, track) == (0, 0) and not settlement.town:
                given[axis, track] = "Jalan Balai Desa"
            elif axis == 0 or settlement.town:
                given[axis, track] = streets.pop() if streets else ""
            else:
                given[axis, track] = alleys.pop() if alleys and rng.random() < 0.8 else ""
        return given[axis, track]

    return name
