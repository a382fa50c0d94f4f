"""Build time of `BoundaryIndex`: borders once each, and what every cell of the grid lies in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis.area_polygons import AreaPolygons
from gis.border_grid import CellGrid, CellLists, Segments, gathered, touched
from gis.geodesy import LocalPlane

NO_VILLAGE, FAR_FROM_ALL, FIRST_MIXED = -1, -2, -3
"""What the village of a cell may be instead: none; none, and all are beyond reach; or, this and below, several or a
part: the mixed cell m is `FIRST_MIXED - m`."""

Int32Array = npt.NDArray[np.int32]


def border_segments(villages: AreaPolygons, plane: LocalPlane) -> tuple[npt.NDArray[np.float64], Int32Array]:
    """Every side of every village once.

    Returns
    -------
    (S, 4) x0, y0, x1, y1 in metres, and (S, 2) the villages beside, the lower first, -1 for none. A side of more than
    two villages (they overlap) is repeated for the others.
    """
    ends, area = villages.sides()
    backward = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] > ends[:, 3]))
    ends[backward] = ends[backward][:, [2, 3, 0, 1]]
    kept = (ends[:, :2] != ends[:, 2:]).any(axis=1)
    sides = np.unique(np.column_stack([ends[kept], area[kept]]), axis=0)  # a village has each side once
    new = np.r_[True, (sides[1:, :4] != sides[:-1, :4]).any(axis=1)]
    first = np.nonzero(new)[0]
    nth = np.arange(len(sides)) - first[np.cumsum(new) - 1]
    segment = np.cumsum(nth % 2 == 0) - 1
    beside = np.full((int(segment[-1]) + 1, 2), -1, dtype=np.int32)
    beside[segment, nth % 2] = sides[:, 4]
    ends = sides[nth % 2 == 0, :4]
    x0, y0 = plane.to_xy(ends[:, 1], ends[:, 0])
    x1, y1 = plane.to_xy(ends[:, 3], ends[:, 2])
    return np.column_stack([x0, y0, x1, y1]), beside


def classify_cells(
    villages: npt.NDArray[Any],
    plane: LocalPlane,
    grid: CellGrid,
    segments: Segments,
    segment_village: Int32Array,
    cell_segments: CellLists,
    reach_m: float,
) -> tuple[Int32Array, CellLists]:
    """What each cell lies in, and the villages that meet each mixed cell.

    Parameters
    ----------
    villages
        (V,) polygons in longitude and latitude, by code.
    plane, grid, segments, segment_village, cell_segments
        As in `BoundaryIndex`.
    reach_m
        Cells farther than this from all villages are marked.
    """
    x, y = grid.middles()
    lat, lon = plane.to_latlon(x, y)
    middle, holder = shapely.STRtree(villages).query(shapely.points(lon, lat), predicate="intersects")
    lowest = np.full(grid.cell_count, len(villages), dtype=np.int64)
    np.minimum.at(lowest, middle, holder)

    cell, segment = cell_segments.expanded(np.arange(grid.cell_count))
    away_m = np.sqrt(segments.distance2(segment, x[cell], y[cell]))
    nearest_m = np.full(grid.cell_count, np.inf)
    np.minimum.at(nearest_m, cell, away_m)
    met = touched(segments, grid, cell, segment)
    mixed = np.unique(cell[met])

    code = np.where(lowest < len(villages), lowest, NO_VILLAGE)
    code[(code == NO_VILLAGE) & (nearest_m > reach_m + grid.half_diagonal_m)] = FAR_FROM_ALL
    code[mixed] = FIRST_MIXED - np.arange(len(mixed))

    # A village meets a mixed cell where one of its sides does, or else holds it whole and thus its middle.
    of_side = segment_village[segment[met]]
    held = np.isin(middle, mixed)
    pairs = np.concatenate(
        [
            np.column_stack([cell[met], of_side[:, 0]]),
            np.column_stack([cell[met], of_side[:, 1]])[of_side[:, 1] >= 0],
            np.column_stack([middle[held], holder[held]]),
        ]
    )
    pairs = np.unique(pairs, axis=0)
    return code.astype(np.int32), gathered(np.searchsorted(mixed, pairs[:, 0]), pairs[:, 1], len(mixed), len(villages))


def overlapping(villages: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """(V,) whether each village shares some of its inside with another."""
    one, other = shapely.STRtree(villages).query(villages, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared = shapely.relate_pattern(villages[one], villages[other], "2********")
    found = np.zeros(len(villages), dtype=bool)
    found[one[shared]] = True
    found[other[shared]] = True
    return found
