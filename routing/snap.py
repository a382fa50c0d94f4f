"""The nearest point on a road, by a grid over the straight segments of all curves.

The grid is laid in degrees, so the borders of its cells are straight lines in the flat plane about any query point,
in which distances are measured. A search looks at a square of cells about the point and widens it until the best
distance found is no longer than the distance to the border of the square, which proves it.

Nobody gets on or off in the middle of a ferry line or of a bollard: their curves are left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gis.compiled import loaded
from gis.geodesy import LocalPlane, distance_m, metres_per_degree
from gis.threads import in_threads
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

KERNELS = "routing.snap_kernels"
"""Compiled twins of the searches here, used where they are loaded: bit for bit the same, some twenty times as fast."""

FEW = 64
AT_ONCE = 4096

SEGMENTS_PER_CELL = 4
SEGMENTS_AT_ONCE = 2**18
SMALLEST_CELL_M, LARGEST_CELL_M = 40.0, 500.0
_UNITS = round(1 / DEGREE)
_NO_LENGTH_M2 = 1e-12
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
    _grid: tuple[int, ...] = field(init=False, repr=False)
    _lying_together: list[tuple[npt.NDArray[Any], ...]] = field(init=False, repr=False, default_factory=list)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_grid", tuple(self.grid.tolist()))
        object.__setattr__(self, "_all", self.allow(~self.network.is_contraflow))

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
        mapped = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
        # Plain views of the maps: slicing a numpy.memmap costs several times as much.
        return cls(network=network, **{name: np.asarray(array) for name, array in mapped.items()})

    def allow(self, edges: npt.NDArray[np.bool_]) -> AllowedEdges:
        """Prepare a mask (E,) of edges for searches; a curve counts when either of its directions does."""
        curve_edge = np.full(len(self.network.curve_offset) - 1, -1, dtype=np.int32)
        falling = np.flatnonzero(edges)[::-1]
        curve_edge[self.network.edge_curve[falling]] = falling  # of two directions the lower is written last
        return AllowedEdges(curve_edge)

    @property
    def _compiled(self) -> tuple[npt.NDArray[Any], ...]:
        """What the kernels take of the grid: a cell's segments lie together there, with their ends and their curve.

        A search that looks for them by number waits for the memory longer than it computes. Made when first asked for.
        """
        if not self._lying_together:
            first, lat, lon = self.cell_point, self.network.curve_lat, self.network.curve_lon
            segment = np.empty((len(first), 5), dtype=np.int32)
            ends = (lat[:-1], lon[:-1], lat[1:], lon[1:], self.point_curve)
            for column, values in enumerate(ends):
                segment[:, column] = values[first]
            made = (self.grid, self.cell_offset, first, segment, self.point_share, self.network.edge_forward)
            self._lying_together.append(made)
        return self._lying_together[0]

    def nearest(self, location: Location, allowed: AllowedEdges | None = None, *, limit_m: float) -> Snap | None:
        """The nearest point on an allowed edge (by default any that the law has) within `limit_m`, or None."""
        curve_edge = (self._all if allowed is None else allowed).curve_edge
        kernels = loaded(KERNELS)
        if kernels is None:
            return self._nearest_by_numpy(location, curve_edge, limit_m)
        per_lon, per_lat = metres_per_degree(location.lat)
        return _snap_of(
            *kernels.nearest(*self._compiled, curve_edge, location.lat, location.lon, per_lat, per_lon, limit_m)
        )

    def nearest_many(
        self, locations: Sequence[Location], allowed: AllowedEdges | None = None, *, limit_m: float
    ) -> list[Snap | None]:
        """`nearest` for each location, on all processors where there are many and the kernels are loaded."""
        curve_edge = (self._all if allowed is None else allowed).curve_edge
        kernels = loaded(KERNELS)
        if kernels is None:
            return [self._nearest_by_numpy(location, curve_edge, limit_m) for location in locations]
        if len(locations) <= FEW:
            return [self.nearest(location, allowed, limit_m=limit_m) for location in locations]
        asked = np.empty((len(locations), 4))
        for row, location in zip(asked, locations, strict=True):
            per_lon, per_lat = metres_per_degree(location.lat)
            row[:] = location.lat, location.lon, per_lat, per_lon
        found = np.empty((len(locations), 5))

        def work(part: slice) -> None:
            kernels.nearest_many(*self._compiled, curve_edge, asked[part], limit_m, found[part])

        in_threads(work, len(locations), chunk=AT_ONCE)
        return [_snap_of(int(edge), *rest) for edge, *rest in found.tolist()]

    def _nearest_by_numpy(self, location: Location, curve_edge: Int32Array, limit_m: float) -> Snap | None:
        lat0, lon0, height, width, rows, cols = self._grid
        per_lon, per_lat = metres_per_degree(location.lat)
        y, x = (location.lat * _UNITS - lat0) / height, (location.lon * _UNITS - lon0) / width
        row, col = math.floor(y), math.floor(x)
        reach = 1
        while True:
            to_border_m = min(
                (min(y - row, row + 1 - y) + reach) * height * DEGREE * per_lat,
                (min(x - col, col + 1 - x) + reach) * width * DEGREE * per_lon,
            )
            first, edge = self._candidates(row, col, reach, curve_edge)
            t, away_m = self._measure(first, location, per_lon, per_lat)
            best_m = float(away_m.min(initial=np.inf))
            whole_grid = max(row, col, rows - 1 - row, cols - 1 - col) <= reach
            if best_m + TIE_M <= to_border_m or to_border_m > limit_m or whole_grid:
                break
            reach = 2 * reach + 1
        if best_m > limit_m or best_m == np.inf:
            return None
        tied = np.flatnonzero(away_m <= best_m + TIE_M).tolist()
        won = min(tied, key=lambda at: (edge[at], first[at]))
        return self._snap(int(edge[won]), int(first[won]), float(t[won]), float(away_m[won]))

    def within(self, location: Location, allowed: AllowedEdges | None = None, *, radius_m: float) -> list[Snap]:
        """The nearest point on every allowed curve within `radius_m`, nearest first (ties by edge).

        One snap stands for both directions of a road; its edge is the lower allowed one.
        """
        curve_edge = (self._all if allowed is None else allowed).curve_edge
        lat0, lon0, height, width = self._grid[:4]
        per_lon, per_lat = metres_per_degree(location.lat)
        row = math.floor((location.lat * _UNITS - lat0) / height)
        col = math.floor((location.lon * _UNITS - lon0) / width)
        reach = math.ceil(radius_m / min(height * DEGREE * per_lat, width * DEGREE * per_lon))
        first, edge = self._candidates(row, col, reach, curve_edge)
        t, away_m = self._measure(first, location, per_lon, per_lat)
        near = np.flatnonzero(away_m <= radius_m)
        order = near[np.lexsort((first[near], away_m[near], edge[near]))]
        _, nearest = np.unique(edge[order], return_index=True)
        chosen = order[nearest]
        chosen = chosen[np.lexsort((edge[chosen], away_m[chosen]))]
        return [self._snap(int(edge[at]), int(first[at]), float(t[at]), float(away_m[at])) for at in chosen.tolist()]

    def _candidates(self, row: int, col: int, reach: int, curve_edge: Int32Array) -> tuple[Int64Array, Int32Array]:
        """First points and edges of the allowed segments in a square of cells; a row of cells lies together."""
        rows, cols = self._grid[4:]
        low, high = max(col - reach, 0), min(col + reach + 1, cols)
        lines = range(max(row - reach, 0), min(row + reach + 1, rows)) if low < high else ()
        offset, points = self.cell_offset, self.cell_point
        parts = [points[offset[line * cols + low] : offset[line * cols + high]] for line in lines]
        first = np.concatenate(parts, dtype=np.int64) if parts else np.zeros(0, dtype=np.int64)
        edge = curve_edge[self.point_curve[first]]
        kept = edge >= 0
        return first[kept], edge[kept]

    def _measure(
        self, first: Int64Array, location: Location, per_lon: float, per_lat: float
    ) -> tuple[Float64Array, Float64Array]:
        """How far along each segment its nearest point lies (0 to 1), and metres to it, in the plane about a point."""
        lat, lon = self.network.curve_lat, self.network.curve_lon
        x0, y0 = location.lon * per_lon, location.lat * per_lat
        ax, ay = lon[first] * (DEGREE * per_lon) - x0, lat[first] * (DEGREE * per_lat) - y0
        dx = lon[first + 1] * (DEGREE * per_lon) - x0 - ax
        dy = lat[first + 1] * (DEGREE * per_lat) - y0 - ay
        square = np.maximum(dx * dx + dy * dy, _NO_LENGTH_M2)
        t = np.minimum(np.maximum(-(ax * dx + ay * dy) / square, 0.0), 1.0)
        return t, np.hypot(ax + t * dx, ay + t * dy)

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


def _snap_of(edge: int, fraction: float, lat: float, lon: float, away_m: float) -> Snap | None:
    """From what the kernels return."""
    if edge < 0:
        return None
    return Snap(edge=edge, fraction=fraction, location=Location(lat=lat, lon=lon), distance_m=away_m)


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
        (network.edge_flags & np.uint32(EdgeFlag.FERRY | EdgeFlag.BARRIER)) != 0
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


def _touched_cells(network: RoadNetwork, first: Int64Array, grid: Int64Array) -> tuple[Int32Array, Int64Array]:
    """Positions in `first` and the cells that the segments touch, some segments at once to spare memory."""
    parts = [
        (start, *_touched_by(network, first[start : start + SEGMENTS_AT_ONCE], grid))
        for start in range(0, len(first), SEGMENTS_AT_ONCE)
    ]
    if not parts:
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int64)
    segment = np.concatenate([(part + start).astype(np.int32) for start, part, _ in parts])
    return segment, np.concatenate([cell for _, _, cell in parts])


def _touched_by(network: RoadNetwork, first: Int64Array, grid: Int64Array) -> tuple[Int64Array, Int64Array]:
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
