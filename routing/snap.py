"""The nearest point on a road, by a grid over the straight segments of all curves.

The grid is laid in degrees, so the borders of its cells are straight lines in the flat plane about any query point,
in which distances are measured. A search looks at a square of cells about the point and widens it until the best
distance found is no longer than the distance to the border of the square, which proves it.

Nobody gets on or off in the middle of a ferry line or of a bollard: their curves are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gis.geodesy import LocalPlane, distance_m
from gis.types import Location
from routing.network import (
    DEGREE,
    ROAD_CLASSES,
    EdgeFlag,
    Float64Array,
    Int32Array,
    Int64Array,
    RoadNetwork,
)
from routing.ragged import group, ranges
from routing.types import Snap

TIE_M = 1e-6
"""Roads whose distances differ by no more than this are equally near; the lowest edge is taken."""

SEGMENTS_PER_CELL = 4
SMALLEST_CELL_M, LARGEST_CELL_M = 40.0, 500.0
_UNITS = round(1 / DEGREE)
_SLACK = 2  # units of 1e-7 degrees by which a segment reaches into the cells beside it, against rounding
_ARRAYS = ("cell_offset", "cell_point", "point_curve", "point_share", "grid")


@dataclass(frozen=True, slots=True, eq=False)
class AllowedEdges:
    """The edges a search may take, prepared by `Snapper.allow`: (G,) the lowest allowed edge of a curve or -1."""

    curve_edge: Int32Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapper:
    """A grid of R rows and C columns of cells over the curves of a network.

    Attributes
    ----------
    network
        Whose points the grid refers to.
    cell_offset, cell_point
        Ragged, row by row: the segments that touch a cell, each named by its first point.
    point_curve, point_share
        (P,) the curve of each point of the network's curves, and the share of the curve's length before it.
    grid
        (6,) latitude and longitude of the lower left corner, height and width of a cell (all in 1e-7 degrees), R, C.
    """

    network: RoadNetwork
    cell_offset: Int64Array
    cell_point: Int32Array
    point_curve: Int32Array
    point_share: Float64Array
    grid: Int64Array
    _all: AllowedEdges = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_all", self.allow(np.ones(self.network.edge_count, dtype=np.bool_)))

    @classmethod
    def build(cls, network: RoadNetwork) -> Snapper:
        """Lay the grid over a network; done once, when a region is built."""
        curve_size = np.diff(network.curve_offset)
        point_curve = np.repeat(np.arange(len(curve_size), dtype=np.int32), curve_size)
        first = np.flatnonzero(point_curve[:-1] == point_curve[1:])
        point_share, curve_length = _shares(network, point_curve, first)
        first = first[_boardable_curves(network, curve_length)[point_curve[first]]]
        grid = _lay_grid(network, first)
        segment, cell = _touched_cells(network, first, grid)
        cell_offset, order = group(cell, int(grid[4] * grid[5]))
        return cls(
            network=network,
            cell_offset=cell_offset,
            cell_point=first[segment[order]].astype(np.int32),
            point_curve=point_curve,
            point_share=point_share,
            grid=grid,
        )

    def save(self, folder: Path) -> None:
        """Write one `.npy` file per array into an existing folder."""
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", np.ascontiguousarray(getattr(self, name)))

    @classmethod
    def load(cls, folder: Path, network: RoadNetwork) -> Snapper:
        """Open a saved grid of this network; the arrays are memory-mapped and read-only."""
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
        return cls(network=network, **arrays)

    def allow(self, edges: npt.NDArray[np.bool_]) -> AllowedEdges:
        """Prepare a mask (E,) of edges for searches; a curve counts when either of its directions does."""
        curve_edge = np.full(len(self.network.curve_offset) - 1, -1, dtype=np.int32)
        falling = np.flatnonzero(edges)[::-1]
        curve_edge[self.network.edge_curve[falling]] = falling  # of two directions the lower is written last
        return AllowedEdges(curve_edge)

    def nearest(self, location: Location, allowed: AllowedEdges | None = None, *, limit_m: float) -> Snap | None:
        """The nearest point on an allowed edge (by default any) within `limit_m`, or None."""
        return self.nearest_many([location], allowed, limit_m=limit_m)[0]

    def nearest_many(
        self, locations: Sequence[Location], allowed: AllowedEdges | None = None, *, limit_m: float
    ) -> list[Snap | None]:
        """The nearest point on an allowed edge for each location, or None where there is none within `limit_m`."""
        allowed = self._all if allowed is None else allowed
        lat = np.array([location.lat for location in locations], dtype=np.float64)
        lon = np.array([location.lon for location in locations], dtype=np.float64)
        found: list[Snap | None] = [None] * len(locations)
        waiting = np.arange(len(locations))
        reach = 1
        while len(waiting):
            snaps, certain = self._search(lat[waiting], lon[waiting], allowed, limit_m, reach)
            for at in np.flatnonzero(certain).tolist():
                found[waiting[at]] = snaps.get(at)
            waiting = waiting[~certain]
            reach = 2 * reach + 1
        return found

    def _search(
        self, lat: Float64Array, lon: Float64Array, allowed: AllowedEdges, limit_m: float, reach: int
    ) -> tuple[dict[int, Snap], npt.NDArray[np.bool_]]:
        """Best segments in the square of cells `reach` about each point, and whether that settles the point."""
        lat0, lon0, height, width, rows, cols = self.grid.tolist()
        per_lon, per_lat = _scales(lat)
        y, x = (lat * _UNITS - lat0) / height, (lon * _UNITS - lon0) / width
        row, col = np.floor(y), np.floor(x)
        to_border = np.minimum(
            np.minimum(y - row + reach, row + 1 + reach - y) * (height * DEGREE) * per_lat,
            np.minimum(x - col + reach, col + 1 + reach - x) * (width * DEGREE) * per_lon,
        )
        whole_grid = (row <= reach) & (col <= reach) & (row + reach >= rows - 1) & (col + reach >= cols - 1)
        owner, first = self._candidates(row, col, reach)
        curve = self.point_curve[first]
        kept = allowed.curve_edge[curve] >= 0
        owner, first, curve = owner[kept], first[kept], curve[kept]

        points_lat, points_lon = self.network.curve_lat, self.network.curve_lon
        ax = (points_lon[first] * DEGREE - lon[owner]) * per_lon[owner]
        ay = (points_lat[first] * DEGREE - lat[owner]) * per_lat[owner]
        bx = (points_lon[first + 1] * DEGREE - lon[owner]) * per_lon[owner]
        by = (points_lat[first + 1] * DEGREE - lat[owner]) * per_lat[owner]
        dx, dy = bx - ax, by - ay
        square = dx * dx + dy * dy
        t = np.clip(-(ax * dx + ay * dy) / np.where(square > 0, square, 1.0), 0.0, 1.0)
        # At its far end a segment must give the very distance that the next one gives at its near end.
        away = np.hypot(np.where(t == 1.0, bx, ax + t * dx), np.where(t == 1.0, by, ay + t * dy))

        best = np.full(len(lat), np.inf)
        np.minimum.at(best, owner, away)
        certain = (best + TIE_M <= to_border) | (to_border > limit_m) | whole_grid
        tied = np.flatnonzero((away <= best[owner] + TIE_M) & (away <= limit_m) & certain[owner])
        tied = tied[np.lexsort((first[tied], allowed.curve_edge[curve[tied]], owner[tied]))][::-1]
        winners = dict(zip(owner[tied].tolist(), tied.tolist(), strict=True))
        snaps = {
            at: self._snap(int(allowed.curve_edge[curve[won]]), int(first[won]), float(t[won]), float(away[won]))
            for at, won in winners.items()
        }
        return snaps, certain

    def _candidates(self, row: Float64Array, col: Float64Array, reach: int) -> tuple[Int64Array, Int64Array]:
        """Queries and the segments in their squares of cells; along a row of the grid the segments lie together."""
        rows, cols = int(self.grid[4]), int(self.grid[5])
        low_row = np.clip(row - reach, 0, rows).astype(np.int64)
        row_count = np.clip(row + reach + 1, 0, rows).astype(np.int64) - low_row
        low_col = np.clip(col - reach, 0, cols).astype(np.int64)
        high_col = np.clip(col + reach + 1, 0, cols).astype(np.int64)
        line_row, line_owner = ranges(low_row, row_count)
        start = self.cell_offset[line_row * cols + low_col[line_owner]]
        end = self.cell_offset[line_row * cols + high_col[line_owner]]
        position, line = ranges(start, end - start)
        return line_owner[line], self.cell_point[position].astype(np.int64)

    def _snap(self, edge: int, first: int, t: float, away_m: float) -> Snap:
        network = self.network
        lat1, lat2 = int(network.curve_lat[first]), int(network.curve_lat[first + 1])
        lon1, lon2 = int(network.curve_lon[first]), int(network.curve_lon[first + 1])
        share1, share2 = float(self.point_share[first]), float(self.point_share[first + 1])
        share = share2 if t == 1.0 else share1 + t * (share2 - share1)
        return Snap(
            edge=edge,
            fraction=share if network.edge_forward[edge] else 1.0 - share,
            location=Location(lat=(lat1 + t * (lat2 - lat1)) * DEGREE, lon=(lon1 + t * (lon2 - lon1)) * DEGREE),
            distance_m=away_m,
        )


def _scales(lat: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Metres per degree of longitude and latitude in the plane about each query point."""
    scales = np.array([LocalPlane(lat0=value, lon0=0.0).metres_per_degree for value in lat.tolist()])
    return scales[:, 0], scales[:, 1]


def _shares(network: RoadNetwork, point_curve: Int32Array, first: Int64Array) -> tuple[Float64Array, Float64Array]:
    """(P,) share of its curve's length before each point, exactly 0 and 1 at the ends; and (G,) curve lengths."""
    lat, lon = network.curve_lat * DEGREE, network.curve_lon * DEGREE
    step = np.zeros(len(lat))
    step[first + 1] = distance_m(lat[first], lon[first], lat[first + 1], lon[first + 1])
    run = np.cumsum(step)
    start, end = network.curve_offset[:-1], network.curve_offset[1:] - 1
    before = run - run[start][point_curve]
    length = before[end]
    share = np.divide(before, length[point_curve], out=np.zeros_like(before), where=length[point_curve] > 0)
    share[end] = 1.0
    share[start] = 0.0
    return np.clip(share, 0.0, 1.0), length


def _boardable_curves(network: RoadNetwork, curve_length: Float64Array) -> npt.NDArray[np.bool_]:
    barred = (network.edge_class == ROAD_CLASSES.index("barrier")) | (
        (network.edge_flags & int(EdgeFlag.FERRY | EdgeFlag.BARRIER)) != 0
    )
    boardable = curve_length > 0
    boardable[network.edge_curve[barred]] = False
    return boardable


def _lay_grid(network: RoadNetwork, first: Int64Array) -> Int64Array:
    if not len(first):
        return np.array([0, 0, _UNITS, _UNITS, 1, 1], dtype=np.int64)
    ends = np.concatenate([first, first + 1])
    lat, lon = network.curve_lat[ends].astype(np.int64), network.curve_lon[ends].astype(np.int64)
    lat0, lon0 = int(lat.min()) - _SLACK, int(lon.min()) - _SLACK
    height, width = int(lat.max()) + _SLACK + 1 - lat0, int(lon.max()) + _SLACK + 1 - lon0
    per_lon, per_lat = LocalPlane(lat0=(lat0 + height / 2) * DEGREE, lon0=0.0).metres_per_degree
    area_m2 = height * DEGREE * per_lat * width * DEGREE * per_lon
    cell_m = float(np.clip((SEGMENTS_PER_CELL * area_m2 / len(first)) ** 0.5, SMALLEST_CELL_M, LARGEST_CELL_M))
    cell_height, cell_width = int(cell_m / per_lat * _UNITS), int(cell_m / per_lon * _UNITS)
    return np.array(
        [lat0, lon0, cell_height, cell_width, -(-height // cell_height), -(-width // cell_width)], dtype=np.int64
    )


def _touched_cells(network: RoadNetwork, first: Int64Array, grid: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Positions in `first` and the cells that the segments touch: band by band of rows, the columns in between."""
    lat0, lon0, height, width, _, cols = grid.tolist()
    y1, x1 = network.curve_lat[first].astype(np.int64) - lat0, network.curve_lon[first].astype(np.int64) - lon0
    y2 = network.curve_lat[first + 1].astype(np.int64) - lat0
    x2 = network.curve_lon[first + 1].astype(np.int64) - lon0
    low_row = (np.minimum(y1, y2) - _SLACK) // height
    row, segment = ranges(low_row, (np.maximum(y1, y2) + _SLACK) // height - low_row + 1)
    xa, ya, dx, dy = x1[segment], y1[segment], (x2 - x1)[segment], (y2 - y1)[segment]
    run = np.where(dy == 0, 1, dy)
    t_low = np.where(dy == 0, 0.0, (row * height - _SLACK - ya) / run)
    t_high = np.where(dy == 0, 1.0, ((row + 1) * height + _SLACK - ya) / run)
    at_low, at_high = xa + np.clip(t_low, 0.0, 1.0) * dx, xa + np.clip(t_high, 0.0, 1.0) * dx
    low_col = (np.floor(np.minimum(at_low, at_high)).astype(np.int64) - _SLACK) // width
    high_col = (np.ceil(np.maximum(at_low, at_high)).astype(np.int64) + _SLACK) // width
    col, band = ranges(low_col, high_col - low_col + 1)
    return segment[band], row[band] * cols + col
