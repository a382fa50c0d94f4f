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
from gis.boundaries import CHUNK, REACH_M, TIE_M, BoundaryIndex, checked_positions, in_threads
from gis.types import AreaLevel

IntArray = npt.NDArray[np.int64]


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


class NearbyFinder:
    """Answers `BoundaryIndex.nearby` for many points, with its default distance."""

    def __init__(self, index: BoundaryIndex) -> None:
        """List the sides of villages within reach of each cell; takes about half a second for a kabupaten."""
        self._index = index
        segment = np.arange(len(index.segment_village))
        has_two = index.segment_village[:, 1] >= 0
        self._side_segment = np.concatenate([segment, segment[has_two]])
        self._side_village = np.concatenate([index.segment_village[:, 0], index.segment_village[has_two, 1]])
        self._cell_sides = self._sides_of_cells(has_two)

    def nearby_many(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> NearbyVillages:
        """The villages within `REACH_M` of each of N points, in the order of `BoundaryIndex.nearby`.

        Raises
        ------
        InputError
            Where a position is not a number or off the earth.
        """
        lat, lon = checked_positions(lat, lon)
        found: list[tuple[IntArray, IntArray, FloatArray]] = [self._near(lat[:0], lon[:0])] * (-(-len(lat) // CHUNK))

        def work(part: slice) -> None:
            found[part.start // CHUNK] = self._near(lat[part], lon[part])

        in_threads(work, len(lat))
        counts, village, away_m = (
            np.concatenate(parts) for parts in zip(self._near(lat[:0], lon[:0]), *found, strict=True)
        )
        return NearbyVillages(
            offset=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            village=village.astype(np.int32),
            distance_m=away_m,
        )

    def _sides_of_cells(self, has_two: npt.NDArray[np.bool_]) -> CellLists:
        grid = self._index.grid
        lists = within_lists(self._index.segments, grid, REACH_M)
        cell, segment = lists.expanded(np.arange(grid.cell_count))
        second = np.cumsum(has_two) - 1 + len(has_two)
        doubled = has_two[segment]
        cell = np.concatenate([cell, cell[doubled]])
        side = np.concatenate([segment.astype(np.int64), second[segment[doubled]]])
        order = np.lexsort((self._side_village[side], cell))
        return gathered(cell[order], side[order], grid.cell_count, len(self._side_segment))

    def _near(self, lat: FloatArray, lon: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
        """Per point how many villages are within reach; then those villages and their distances."""
        index = self._index
        x, y = index.plane.to_xy(lat, lon)
        cell = index.grid.cell_of(x, y)
        on_grid = np.flatnonzero(cell >= 0)
        position, side = self._cell_sides.expanded(cell[on_grid])
        point, village = on_grid[position], self._side_village[side].astype(np.int64)
        away_m = np.sqrt(index.segments.distance2(self._side_segment[side], x[point], y[point]))
        kept = away_m <= REACH_M
        point, village, away_m = point[kept], village[kept], away_m[kept]
        if len(point):
            run = np.flatnonzero(np.r_[True, (point[1:] != point[:-1]) | (village[1:] != village[:-1])])
            point, village, away_m = point[run], village[run], np.minimum.reduceat(away_m, run)
        return _ranked(len(lat), *self._with_covering(lat, lon, point, village, away_m))

    def _with_covering(
        self, lat: FloatArray, lon: FloatArray, point: IntArray, village: IntArray, away_m: FloatArray
    ) -> tuple[IntArray, IntArray, FloatArray]:
        """The pairs found, with distance -1 for the villages that cover their point (added where missing)."""
        index = self._index
        inside = index.villages_inside(lat, lon).astype(np.int64)
        held = np.flatnonzero(inside >= 0)
        covered, by = [held], [inside[held]]
        for overlapping in np.flatnonzero(index.village_overlaps).tolist():
            polygon = index.polygons[AreaLevel.VILLAGE].geometry(overlapping)
            also = np.flatnonzero(shapely.intersects_xy(polygon, lon, lat) & (inside != overlapping))
            covered.append(also)
            by.append(np.full(len(also), overlapping))
        count = len(index.villages)
        covering = np.concatenate(covered) * count + np.concatenate(by)
        others = ~np.isin(point * count + village, covering)
        return (
            np.concatenate([point[others], covering // count]),
            np.concatenate([village[others], covering % count]),
            np.concatenate([away_m[others], np.full(len(covering), -1.0)]),
        )


def _ranked(
    point_count: int, point: IntArray, village: IntArray, away_m: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Pairs in the order of `BoundaryIndex.nearby`: covering villages, the nearest (ties by code), the others."""
    least_m = np.full(point_count, np.inf)
    np.minimum.at(least_m, point, np.maximum(away_m, 0.0))
    rank = np.where(away_m <= least_m[point] + TIE_M, -1.0, np.rint(away_m / TIE_M))
    rank[away_m < 0] = -2.0
    order = np.lexsort((village, rank, point))
    return np.bincount(point, minlength=point_count), village[order], np.maximum(away_m[order], 0.0)
