"""The villages within reach of each of many points: the candidates of a spreadsheet of incidents.

Per cell of the index's grid the sides of villages that may be within reach are listed once, sorted by village; the
distance of every point to every such village is then the least over a run of sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from gis.border_grid import CellLists, FloatArray, gathered, within_lists
from gis.threads import in_threads
from gis.village_grid import REACH_M, TIE_M, VillageGrid, checked_positions

IntArray = npt.NDArray[np.int64]

OWN_M = -1.0
"""Marks the village of a point, which stands first even where another begins within rounding of the point."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NearbyVillages:
    """The villages near N points, ragged: those of point i are `village[offset[i]:offset[i + 1]]`, nearest first.

    Attributes
    ----------
    offset
        (N + 1,) where each point's villages begin.
    village
        Numbers in `BoundaryIndex.villages`.
    distance_m
        Metres to each; 0 for a village the point is in.
    """

    offset: npt.NDArray[np.int64]
    village: npt.NDArray[np.int32]
    distance_m: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pairs:
    """As `NearbyVillages`, with the number of villages per point."""

    counts: IntArray
    village: IntArray
    distance_m: FloatArray


class NearbyFinder:
    """Answers `BoundaryIndex.nearby` for many points, with its default distance."""

    def __init__(self, villages: VillageGrid) -> None:
        """List the sides of villages within reach of each cell; takes about half a second for a kabupaten."""
        self._villages = villages
        segment = np.arange(len(villages.segment_village))
        has_two = villages.segment_village[:, 1] >= 0
        self._side_segment = np.concatenate([segment, segment[has_two]])
        self._side_village = np.concatenate([villages.segment_village[:, 0], villages.segment_village[has_two, 1]])
        self._cell_sides = self._sides_of_cells(has_two)

    def nearby_many(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> NearbyVillages:
        """The villages within `REACH_M` of each of N points, in the order of `BoundaryIndex.nearby`.

        Raises
        ------
        InputError
            Where a position is not a number or off the earth.
        """
        lat, lon = checked_positions(lat, lon)
        x, y = self._villages.plane.to_xy(lat, lon)
        cell = self._villages.grid.cell_of(x, y)
        covered, by, covering_m = self._covering(lat, lon, cell)
        parts: dict[int, _Pairs] = {}

        def work(part: slice) -> None:
            begin, end = np.searchsorted(covered, [part.start, part.stop])
            parts[part.start] = self._pairs(
                cell[part], x[part], y[part], covered[begin:end] - part.start, by[begin:end], covering_m[begin:end]
            )

        in_threads(work, len(x))
        none = np.zeros(0, dtype=np.int64)
        found = [parts[start] for start in sorted(parts)]
        counts = np.concatenate([none, *(pairs.counts for pairs in found)])
        return NearbyVillages(
            offset=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            village=np.concatenate([none, *(pairs.village for pairs in found)]).astype(np.int32),
            distance_m=np.concatenate([np.zeros(0), *(pairs.distance_m for pairs in found)]),
        )

    def _sides_of_cells(self, has_two: npt.NDArray[np.bool_]) -> CellLists:
        """Per cell the sides that may be within reach of it, sorted by village."""
        grid = self._villages.grid
        lists = within_lists(self._villages.segments, grid, REACH_M)
        cell, segment = lists.expanded(np.arange(grid.cell_count))
        second = np.cumsum(has_two) - 1 + len(has_two)
        doubled = has_two[segment]
        cell = np.concatenate([cell, cell[doubled]])
        side = np.concatenate([segment.astype(np.int64), second[segment[doubled]]])
        order = np.lexsort((self._side_village[side], cell))
        return gathered(cell[order], side[order], grid.cell_count, len(self._side_segment))

    def _covering(self, lat: FloatArray, lon: FloatArray, cell: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
        """Pairs of a point and a village that covers it, by point: its own, and any that overlaps it there."""
        inside = self._villages.villages_inside(lat, lon, cell)[0].astype(np.int64)
        held = np.flatnonzero(inside >= 0)
        covered, by, covering_m = [held], [inside[held]], [np.full(len(held), OWN_M)]
        for overlapping in np.flatnonzero(self._villages.village_overlaps).tolist():
            polygon = self._villages.polygons.geometry(overlapping)
            also = np.flatnonzero(shapely.intersects_xy(polygon, lon, lat) & (inside != overlapping))
            covered.append(also)
            by.append(np.full(len(also), overlapping))
            covering_m.append(np.zeros(len(also)))
        order = np.argsort(np.concatenate(covered), kind="stable")
        return np.concatenate(covered)[order], np.concatenate(by)[order], np.concatenate(covering_m)[order]

    def _pairs(
        self,
        cell: IntArray,
        x: FloatArray,
        y: FloatArray,
        covered: IntArray,
        by: IntArray,
        covering_m: FloatArray,
    ) -> _Pairs:
        """The villages of a chunk of points, of which those that cover one are given."""
        on_grid = np.flatnonzero(cell >= 0)
        position, side = self._cell_sides.expanded(cell[on_grid])
        point, village = on_grid[position], self._side_village[side].astype(np.int64)
        away_m = np.sqrt(self._villages.segments.distance2(self._side_segment[side], x[point], y[point]))
        kept = away_m <= REACH_M
        point, village, away_m = point[kept], village[kept], away_m[kept]
        if len(point):
            run = np.flatnonzero(np.r_[True, (point[1:] != point[:-1]) | (village[1:] != village[:-1])])
            point, village, away_m = point[run], village[run], np.minimum.reduceat(away_m, run)
        count = len(self._villages.polygons)
        other = ~np.isin(point * count + village, covered * count + by)
        return _ranked(
            len(cell),
            np.concatenate([covered, point[other]]),
            np.concatenate([by, village[other]]),
            np.concatenate([covering_m, away_m[other]]),
        )


def _ranked(point_count: int, point: IntArray, village: IntArray, away_m: FloatArray) -> _Pairs:
    """Pairs in the order of `BoundaryIndex.nearby`: the point's own village, the nearest by code, the others."""
    least_m = np.full(point_count, np.inf)
    np.minimum.at(least_m, point, np.maximum(away_m, 0.0))
    rank = np.where(away_m <= least_m[point] + TIE_M, -1.0, np.rint(away_m / TIE_M))
    rank[away_m == OWN_M] = -2.0
    order = np.lexsort((village, rank, point))
    return _Pairs(
        counts=np.bincount(point, minlength=point_count),
        village=village[order],
        distance_m=np.maximum(away_m[order], 0.0),
    )
