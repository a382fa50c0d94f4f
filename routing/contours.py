"""Polygons round the marked nodes of a grid.

The outline runs through the middles of the grid's lines between a marked node and one that is not (marching squares,
Lorensen and Cline 1987, on a mask). Where two marked nodes face each other across a square whose other corners are not
marked, they stay apart. Hence no two outlines touch, every polygon is valid, none of its points is farther than
0.71 cells from a marked node, a square with four marked corners lies within, and more marked nodes never give a
smaller polygon. Coordinates are whole numbers of half cells, so that all of this holds without rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from routing.network import Int64Array

Mask = npt.NDArray[np.bool_]

# Corners of a square: 1 lower left, 2 lower right, 4 upper right, 8 upper left. Its sides:
_BOTTOM, _RIGHT, _TOP, _LEFT = range(4)
_STEPS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((_BOTTOM, _LEFT),),
    2: ((_RIGHT, _BOTTOM),),
    3: ((_RIGHT, _LEFT),),
    4: ((_TOP, _RIGHT),),
    5: ((_BOTTOM, _LEFT), (_TOP, _RIGHT)),
    6: ((_TOP, _BOTTOM),),
    7: ((_TOP, _LEFT),),
    8: ((_LEFT, _TOP),),
    9: ((_BOTTOM, _TOP),),
    10: ((_RIGHT, _BOTTOM), (_LEFT, _TOP)),
    11: ((_RIGHT, _TOP),),
    12: ((_LEFT, _RIGHT),),
    13: ((_BOTTOM, _RIGHT),),
    14: ((_LEFT, _BOTTOM),),
}
"""From which side to which the outline crosses a square, marked nodes to its left."""


_WALKED = -1


def _step_table(nth: int, end: int) -> npt.NDArray[np.int8]:
    table = np.full(16, -1, dtype=np.int8)
    for corners, steps in _STEPS.items():
        if nth < len(steps):
            table[corners] = steps[nth][end]
    return table


_FROM = (_step_table(0, 0), _step_table(1, 0))
_TO = (_step_table(0, 1), _step_table(1, 1))


def outlines(marked: Mask) -> shapely.MultiPolygon:
    """The polygons round the marked nodes.

    Parameters
    ----------
    marked
        (R, C) nodes, row by row from below; none on the rim is marked.

    Returns
    -------
    polygons
        x and y in half cells from the first node; holes kept.
    """
    start, end = _steps(marked)
    if not len(start):
        return shapely.MultiPolygon()
    corners, ring = _rings(start, end, marked.shape[1])
    rings = np.asarray(shapely.linearrings(corners, indices=ring), dtype=object)
    return shapely.MultiPolygon(_with_holes(rings))


def _steps(marked: Mask) -> tuple[Int64Array, Int64Array]:
    """From which side to which each step of the outlines leads.

    Sides are numbered twice their lower or left node, plus 1 for those that run upwards.
    """
    bits = marked.view(np.uint8)
    corners = bits[:-1, :-1] | (bits[:-1, 1:] << 1) | (bits[1:, 1:] << 2) | (bits[1:, :-1] << 3)
    crossed = np.flatnonzero((corners != 0) & (corners != 15))
    code = corners.ravel()[crossed]
    width = marked.shape[1]
    row, column = np.divmod(crossed, width - 1)
    node = 2 * (row * width + column)
    side = np.array([0, 3, 2 * width, 1], dtype=np.int64)  # bottom, right, top, left
    starts, ends = [], []
    for from_side, to_side in zip(_FROM, _TO, strict=True):
        here = from_side[code] >= 0
        starts.append(node[here] + side[from_side[code[here]]])
        ends.append(node[here] + side[to_side[code[here]]])
    return np.concatenate(starts), np.concatenate(ends)


def _rings(start: Int64Array, end: Int64Array, width: int) -> tuple[npt.NDArray[np.float64], Int64Array]:
    """Steps put one after the other: corners (x, y) in half cells and the ring of each, straight runs left out."""
    order = np.argsort(start)
    start, end = start[order], end[order]
    following = np.searchsorted(start, end).tolist()
    walked: list[int] = []
    sizes: list[int] = []
    for first in range(len(following)):
        before, at = len(walked), first
        while (after_it := following[at]) != _WALKED:
            following[at] = _WALKED
            walked.append(after_it)
            at = after_it
        if len(walked) > before:
            sizes.append(len(walked) - before)
    ring = np.repeat(np.arange(len(sizes)), sizes)
    side = start[np.array(walked)]
    node, upwards = np.divmod(side, 2)
    row, column = np.divmod(node, width)
    x, y = 2 * column + (1 - upwards), 2 * row + upwards
    last = np.cumsum(sizes) - 1
    first_of = last - np.array(sizes) + 1
    after = np.arange(1, len(side) + 1)
    after[last] = first_of
    dx, dy = x[after] - x, y[after] - y
    before_at = np.empty_like(after)
    before_at[after] = np.arange(len(after))
    turns = (dx != dx[before_at]) | (dy != dy[before_at])
    return np.column_stack([x[turns], y[turns]]).astype(np.float64), ring[turns]


def _with_holes(rings: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Polygons of rings: those that run anticlockwise are shells, each other one is a hole of the shell next to it."""
    is_shell = shapely.is_ccw(rings)
    shells = rings[is_shell]
    holes = rings[~is_shell]
    if not len(holes):
        return np.asarray(shapely.polygons(shells))
    filled = np.asarray(shapely.polygons(shells), dtype=object)
    area = np.asarray(shapely.area(filled))
    spots = np.asarray(shapely.get_point(holes, 0), dtype=object)
    shell, hole = shapely.STRtree(spots).query(filled, predicate="contains")
    order = np.lexsort((-area[shell], hole))  # of the shells round a hole the smallest is written last
    owner = np.empty(len(holes), dtype=np.int64)
    owner[hole[order]] = shell[order]
    by_shell = np.argsort(owner, kind="stable")
    ends = np.searchsorted(owner[by_shell], np.arange(len(shells) + 1))
    for number in np.unique(owner).tolist():
        filled[number] = shapely.polygons(shells[number], holes=holes[by_shell[ends[number] : ends[number + 1]]])
    return np.asarray(filled)
