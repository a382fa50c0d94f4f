"""A grid of square cells that knows which border segments can be nearest to the points of each cell.

For a cell with middle c and half diagonal r, and with d(c) the distance of the nearest segment from c, the nearest
segment of any point of the cell lies within d(c) + 2r of c: by the triangle inequality no other can win. These few
segments are kept per cell, so the exact distance of a million points to the nearest border is a handful of array
operations. The lists are found by halving cells: a child looks only at its parent's list.

Everything here is in metres on one flat plane.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SLACK_M = 1e-3
"""Cells reach this far over their edges, so that rounding cannot put a point beyond its cell."""

COARSE_CELLS = 8
"""Cells along the longer side where halving starts."""

BLOCK_CELLS = 4096
"""Cells halved at a time, so that the numbers stay in the processor's cache."""

FEW_POINTS = 256
"""Up to so many points are faster compared with all their segments at once than one segment after another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellGrid:
    """Square cells, numbered row by row from the south-west corner.

    Attributes
    ----------
    x0, y0
        The south-west corner.
    cell_m
        Side of a cell.
    columns, rows
        Number of cells each way.
    levels
        How often the coarsest cells were halved.
    """

    x0: float
    y0: float
    cell_m: float
    columns: int
    rows: int
    levels: int

    @classmethod
    def over(cls, bounds: tuple[float, float, float, float], margin_m: float, cells: int) -> CellGrid:
        """About `cells` cells over a box (x0, y0, x1, y1) and a margin round it."""
        x0, y0 = bounds[0] - margin_m, bounds[1] - margin_m
        width, height = bounds[2] + margin_m - x0, bounds[3] + margin_m - y0
        coarse_m = max(width, height) / COARSE_CELLS
        wanted_m = math.sqrt(width * height / cells)
        levels = max(0, round(math.log2(coarse_m / wanted_m)))
        columns, rows = math.ceil(width / coarse_m), math.ceil(height / coarse_m)
        return cls(
            x0=x0,
            y0=y0,
            cell_m=coarse_m / 2**levels,
            columns=columns * 2**levels,
            rows=rows * 2**levels,
            levels=levels,
        )

    @property
    def half_diagonal_m(self) -> float:
        """From the middle of a cell to its corner, slack included."""
        return self.cell_m * math.sqrt(0.5) + SLACK_M

    @property
    def cell_count(self) -> int:
        """Number of cells."""
        return self.columns * self.rows

    def cell_of(self, x: FloatArray, y: FloatArray) -> IntArray:
        """The cell of each point, or -1 off the grid."""
        column, row = np.floor((x - self.x0) / self.cell_m), np.floor((y - self.y0) / self.cell_m)
        on_grid = (column >= 0) & (column < self.columns) & (row >= 0) & (row < self.rows)
        cell = np.where(on_grid, row * self.columns + column, -1.0)
        return cell.astype(np.int64)

    def cell_at(self, x: float, y: float) -> int:
        """The cell of one point, or -1 off the grid."""
        column, row = math.floor((x - self.x0) / self.cell_m), math.floor((y - self.y0) / self.cell_m)
        return row * self.columns + column if 0 <= column < self.columns and 0 <= row < self.rows else -1

    def middles(self) -> tuple[FloatArray, FloatArray]:
        """Coordinates x and y of the middle of every cell."""
        row, column = np.divmod(np.arange(self.cell_count), self.columns)
        return self.x0 + (column + 0.5) * self.cell_m, self.y0 + (row + 0.5) * self.cell_m


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segments:
    """S straight pieces of border.

    Attributes
    ----------
    xy
        (S, 4) x0, y0, x1, y1.
    """

    xy: FloatArray
    x: FloatArray
    y: FloatArray
    dx: FloatArray
    dy: FloatArray
    per_length2: FloatArray

    @classmethod
    def of(cls, xy: FloatArray) -> Segments:
        """From (S, 4) x0, y0, x1, y1."""
        x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
        dx, dy = xy[:, 2] - x, xy[:, 3] - y
        length2 = dx * dx + dy * dy
        per_length2 = np.divide(1.0, length2, out=np.zeros_like(length2), where=length2 > 0)
        return cls(xy=xy, x=x, y=y, dx=dx, dy=dy, per_length2=per_length2)

    def distance2(self, number: npt.NDArray[np.integer], x: FloatArray | float, y: FloatArray | float) -> FloatArray:
        """Squared distance of point i, or of the one point, from segment `number[i]`."""
        dx, dy = self.dx[number], self.dy[number]
        from_x: FloatArray = x - self.x[number]
        from_y: FloatArray = y - self.y[number]
        along = from_x * dx
        along += from_y * dy
        along *= self.per_length2[number]
        np.clip(along, 0.0, 1.0, out=along)
        dx *= along
        dy *= along
        from_x -= dx
        from_y -= dy
        from_x *= from_x
        from_y *= from_y
        from_x += from_y
        return from_x

    def all_distances2(self, x: float, y: float) -> FloatArray:
        """Squared distance of one point from every segment."""
        from_x, from_y = x - self.x, y - self.y
        along = np.clip((from_x * self.dx + from_y * self.dy) * self.per_length2, 0.0, 1.0)
        return (from_x - along * self.dx) ** 2 + (from_y - along * self.dy) ** 2

    def nearest_point(self, number: int, x: float, y: float) -> tuple[float, float]:
        """The point of one segment that is nearest to a point."""
        along = ((x - self.x[number]) * self.dx[number] + (y - self.y[number]) * self.dy[number]) * (
            self.per_length2[number]
        )
        share = min(max(float(along), 0.0), 1.0)
        return (
            float(self.x[number] + share * self.dx[number]),
            float(self.y[number] + share * self.dy[number]),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellLists:
    """Numbers per cell, ragged: those of cell c are `value[offset[c]:offset[c + 1]]`."""

    offset: npt.NDArray[np.int32]
    value: npt.NDArray[np.integer]

    def at(self, cell: int) -> npt.NDArray[np.integer]:
        """The numbers of one cell."""
        return self.value[self.offset[cell] : self.offset[cell + 1]]

    def counts(self, cell: npt.NDArray[np.integer]) -> IntArray:
        """How many numbers each of these cells has."""
        return np.asarray(self.offset[cell + 1].astype(np.int64) - self.offset[cell])

    def expanded(self, cell: npt.NDArray[np.integer]) -> tuple[IntArray, npt.NDArray[np.integer]]:
        """All pairs (position in `cell`, number) in the order of `cell`."""
        counts = self.counts(cell)
        position = np.repeat(np.arange(len(cell)), counts)
        first = self.offset[cell].astype(np.int64) - (np.cumsum(counts) - counts)
        return position, self.value[first[position] + np.arange(len(position))]


def nearest_lists(segments: Segments, grid: CellGrid) -> CellLists:
    """For each cell the segments that may be the nearest to a point of it."""
    return _descend(segments, grid, None)


def within_lists(segments: Segments, grid: CellGrid, within_m: float) -> CellLists:
    """For each cell the segments that may lie within a distance of a point of it."""
    return _descend(segments, grid, within_m)


def touched(
    segments: Segments, grid: CellGrid, cell: npt.NDArray[np.integer], number: npt.NDArray[np.integer]
) -> npt.NDArray[np.bool_]:
    """Whether each cell, a little enlarged, meets the segment beside it (separating axes)."""
    x, y = (middle[cell] for middle in grid.middles())
    half = grid.cell_m / 2 + SLACK_M
    dx, dy = segments.dx[number] / 2, segments.dy[number] / 2
    x, y = segments.x[number] + dx - x, segments.y[number] + dy - y
    return np.asarray(
        (np.abs(x) <= half + np.abs(dx))
        & (np.abs(y) <= half + np.abs(dy))
        & (np.abs(dx * y - dy * x) <= half * (np.abs(dx) + np.abs(dy)))
    )


def distance_to_nearest(
    segments: Segments, lists: CellLists, cell: npt.NDArray[np.integer], x: FloatArray, y: FloatArray
) -> FloatArray:
    """Distance of each point to the nearest segment, given the points' cells."""
    if len(cell) <= FEW_POINTS:
        position, number = lists.expanded(cell)
        away2 = segments.distance2(number, x[position], y[position])
        return np.sqrt(np.minimum.reduceat(away2, _starts(position))) if len(cell) else np.zeros(0)
    counts = lists.counts(cell)
    order = np.argsort(-counts, kind="stable")  # those with k segments left are then the first ones
    counts, x, y = counts[order], x[order], y[order]
    first = lists.offset[cell[order]]
    best = np.full(len(x), np.inf)
    longer = np.searchsorted(-counts, -np.arange(int(counts[0]) if len(counts) else 0), side="left")
    for nth, many in enumerate(longer.tolist()):
        number = lists.value[first[:many] + nth]
        np.minimum(best[:many], segments.distance2(number, x[:many], y[:many]), out=best[:many])
    distance = np.empty_like(best)
    distance[order] = np.sqrt(best)
    return distance


def _descend(segments: Segments, grid: CellGrid, within_m: float | None) -> CellLists:
    step = 2**grid.levels
    rows, columns = grid.rows // step, grid.columns // step
    row, column = (part.ravel() for part in np.mgrid[0:rows, 0:columns])
    count = len(segments.x)
    lists = CellLists(
        offset=(np.arange(len(row) + 1) * count).astype(np.int32),
        value=np.tile(np.arange(count, dtype=np.int32), len(row)),
    )
    parent = np.arange(len(row))
    for level in range(grid.levels + 1):
        cell_m = grid.cell_m * 2 ** (grid.levels - level)
        if level:
            parent = np.repeat(np.arange(len(row)), 4)
            row = 2 * np.repeat(row, 4) + np.tile([0, 0, 1, 1], len(row))
            column = 2 * np.repeat(column, 4) + np.tile([0, 1, 0, 1], len(column))
        lists = _filtered(
            segments,
            lists,
            parent,
            grid.x0 + (column + 0.5) * cell_m,
            grid.y0 + (row + 0.5) * cell_m,
            cell_m * math.sqrt(0.5) + SLACK_M,
            within_m,
        )
    position, number = lists.expanded(np.argsort(row * grid.columns + column))
    return gathered(position, number, len(row), count)


def _filtered(
    segments: Segments,
    lists: CellLists,
    parent: IntArray,
    x: FloatArray,
    y: FloatArray,
    half_diagonal_m: float,
    within_m: float | None,
) -> CellLists:
    """The lists of cells with these middles, out of their parents' lists."""
    cells, numbers = [], []
    for start in range(0, len(x), BLOCK_CELLS):
        position, number = lists.expanded(parent[start : start + BLOCK_CELLS])
        if len(position) == 0:
            continue
        cell = position + start
        away_m = np.sqrt(segments.distance2(number, x[cell], y[cell]))
        limit_m: FloatArray | float
        if within_m is None:
            limit_m = np.minimum.reduceat(away_m, _starts(position))[position] + 2 * half_diagonal_m
        else:
            limit_m = within_m + half_diagonal_m
        kept = away_m <= limit_m
        cells.append(cell[kept])
        numbers.append(number[kept])
    none = np.zeros(0, dtype=np.int64)
    return gathered(np.concatenate([none, *cells]), np.concatenate([none, *numbers]), len(x), len(segments.x))


def _starts(position: IntArray) -> IntArray:
    """Where each run of equal positions begins; for lists of which none is empty, one per position."""
    return np.flatnonzero(np.r_[True, position[1:] != position[:-1]])


def gathered(cell: IntArray, number: npt.NDArray[np.integer], cell_count: int, number_count: int) -> CellLists:
    """Lists from pairs that are sorted by cell; the numbers are below `number_count`."""
    offset = np.zeros(cell_count + 1, dtype=np.int32)
    np.cumsum(np.bincount(cell, minlength=cell_count), out=offset[1:])
    small = number_count <= np.iinfo(np.uint16).max
    return CellLists(offset=offset, value=number.astype(np.uint16 if small else np.int32))
