"""The nearest point on a road, compiled: what `routing.snap.Snapper` finds with numpy, bit for bit.

Importing this module compiles it, or loads what was compiled before; see `routing.kernels`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from routing.network import Float64Array, Int32Array, Int64Array, UInt8Array

NONE = -1
"""Stands for an edge where no road is near enough."""

_I32 = "Array(int32, 1, 'C', True)"
_I64 = "Array(int64, 1, 'C', True)"
_F64 = "Array(float64, 1, 'C', True)"
_U8 = "Array(uint8, 1, 'C', True)"
_SEGMENTS = "Array(int32, 2, 'C', True)"
_NETWORK = f"{_I64}, {_I64}, {_I32}, {_SEGMENTS}, {_F64}, {_U8}, {_I32}"

_UNITS = 10_000_000
_DEGREE = 1e-7
_TIE_M = 1e-6
_NO_LENGTH_M2 = 1e-12
_ROUNDING = 1.0 + 1e-9


@njit(f"UniTuple(float64, 4)({_SEGMENTS}, int64, float64, float64, float64, float64)", cache=True, nogil=True)
def _offset(
    cell_segment: Int32Array, at: int, x0: float, y0: float, unit_x: float, unit_y: float
) -> tuple[float, float, float, float]:
    """Of one segment: how far along its nearest point lies (0 to 1), that point, and the square of its distance."""
    ax, ay = cell_segment[at, 1] * unit_x - x0, cell_segment[at, 0] * unit_y - y0
    dx, dy = cell_segment[at, 3] * unit_x - x0 - ax, cell_segment[at, 2] * unit_y - y0 - ay
    square = max(dx * dx + dy * dy, _NO_LENGTH_M2)
    t = min(max(-(ax * dx + ay * dy) / square, 0.0), 1.0)
    x, y = ax + t * dx, ay + t * dy
    return t, x, y, x * x + y * y


@njit(
    f"Tuple((int64, float64, float64, float64, float64))({_NETWORK}, float64, float64, float64, float64, float64)",
    cache=True,
    nogil=True,
)
def nearest(
    grid: Int64Array,
    cell_offset: Int64Array,
    cell_point: Int32Array,
    cell_segment: Int32Array,
    point_share: Float64Array,
    edge_forward: UInt8Array,
    curve_edge: Int32Array,
    lat: float,
    lon: float,
    per_lat: float,
    per_lon: float,
    limit_m: float,
) -> tuple[int | np.int64, float, float, float, float]:
    """Edge (or `NONE`), fraction, latitude and longitude on the road, metres away.

    Parameters are those of `Snapper`, `AllowedEdges` and `LocalPlane` of the same names.
    """
    lat0, lon0, height, width, rows, cols = grid[0], grid[1], grid[2], grid[3], grid[4], grid[5]
    y, x = (lat * _UNITS - lat0) / height, (lon * _UNITS - lon0) / width
    row, col = math.floor(y), math.floor(x)
    unit_x, unit_y = _DEGREE * per_lon, _DEGREE * per_lat
    x0, y0 = lon * per_lon, lat * per_lat
    best_m, enough, tied = np.inf, np.inf, False
    won_edge, won_first, won_at, won_t = np.int64(-1), np.int64(-1), np.int64(0), 0.0
    seen, reach = -1, 0  # cells up to `seen` rows and columns away were looked at
    while True:
        to_border_m = min(
            (min(y - row, row + 1 - y) + reach) * height * _DEGREE * per_lat,
            (min(x - col, col + 1 - x) + reach) * width * _DEGREE * per_lon,
        )
        for line in range(max(row - reach, 0), min(row + reach + 1, rows)):
            # A row of cells lies together, but what was seen in its middle is left out.
            middle = abs(line - row) <= seen
            for part in range(2 if middle else 1):
                low = max(col - reach, 0) if part == 0 else max(col + seen + 1, 0)
                high = min(col - seen, cols) if middle and part == 0 else min(col + reach + 1, cols)
                if low >= high:
                    continue
                for at in range(cell_offset[line * cols + low], cell_offset[line * cols + high]):
                    t, dx, dy, square = _offset(cell_segment, at, x0, y0, unit_x, unit_y)
                    if square > enough:
                        continue
                    first, edge = cell_point[at], curve_edge[cell_segment[at, 4]]
                    if edge < 0 or first == won_first:
                        continue
                    away_m = math.hypot(dx, dy)
                    if away_m < best_m:
                        tied = best_m <= away_m + _TIE_M
                        best_m, won_t = away_m, t
                        won_edge, won_first, won_at = np.int64(edge), np.int64(first), np.int64(at)
                        enough = (away_m + _TIE_M) * (away_m + _TIE_M) * _ROUNDING
                    elif away_m <= best_m + _TIE_M:
                        tied = True
        whole = max(row, col, rows - 1 - row, cols - 1 - col) <= reach
        if best_m + _TIE_M <= to_border_m or to_border_m > limit_m + _TIE_M or whole:
            break
        seen, reach = reach, 2 * reach + 1
    if best_m > limit_m or best_m == np.inf:
        return NONE, 0.0, 0.0, 0.0, 0.0
    won_m = best_m
    low, high = max(col - reach, 0), min(col + reach + 1, cols)
    for line in range(max(row - reach, 0), min(row + reach + 1, rows) if tied and low < high else 0):
        for at in range(cell_offset[line * cols + low], cell_offset[line * cols + high]):
            first = cell_point[at]
            edge = curve_edge[cell_segment[at, 4]]
            if edge < 0 or edge > won_edge or (edge == won_edge and first >= won_first):
                continue
            t, dx, dy, square = _offset(cell_segment, at, x0, y0, unit_x, unit_y)
            if square <= enough:
                away_m = math.hypot(dx, dy)
                if away_m <= best_m + _TIE_M:
                    won_edge, won_first, won_at = np.int64(edge), np.int64(first), np.int64(at)
                    won_t, won_m = t, away_m
    share1, share2 = point_share[won_first], point_share[won_first + 1]
    share = share2 if won_t == 1.0 else share1 + won_t * (share2 - share1)
    lat1, lon1 = np.int64(cell_segment[won_at, 0]), np.int64(cell_segment[won_at, 1])
    dlat, dlon = cell_segment[won_at, 2] - lat1, cell_segment[won_at, 3] - lon1
    fraction = share if edge_forward[won_edge] else 1.0 - share
    return won_edge, fraction, (lat1 + won_t * dlat) * _DEGREE, (lon1 + won_t * dlon) * _DEGREE, won_m


@njit(f"void({_NETWORK}, float64[:, ::1], float64, float64[:, ::1])", cache=True, nogil=True)
def nearest_many(
    grid: Int64Array,
    cell_offset: Int64Array,
    cell_point: Int32Array,
    cell_segment: Int32Array,
    point_share: Float64Array,
    edge_forward: UInt8Array,
    curve_edge: Int32Array,
    asked: Float64Array,
    limit_m: float,
    found: Float64Array,
) -> None:
    """`nearest` for each row of `asked` (lat, lon, per_lat, per_lon), written into a row of `found` (n, 5)."""
    for at in range(len(asked)):
        edge, fraction, lat, lon, away_m = nearest(
            grid,
            cell_offset,
            cell_point,
            cell_segment,
            point_share,
            edge_forward,
            curve_edge,
            asked[at, 0],
            asked[at, 1],
            asked[at, 2],
            asked[at, 3],
            limit_m,
        )
        found[at, 0], found[at, 1], found[at, 2], found[at, 3], found[at, 4] = edge, fraction, lat, lon, away_m


READY = True
