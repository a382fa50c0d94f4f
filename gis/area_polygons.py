"""The polygons of one level of areas as flat arrays, made into shapely geometries when first asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

_PARTS = ("xy", "ring_offset", "polygon_offset", "area_offset")


@dataclass(frozen=True, kw_only=True, eq=False)
class AreaPolygons:
    """N multipolygons, ragged.

    Attributes
    ----------
    xy
        (P, 2) longitude and latitude of all corners.
    ring_offset, polygon_offset, area_offset
        Where each ring begins in `xy`, each polygon in the rings, each area in the polygons; each with its end.
    """

    xy: npt.NDArray[np.float64]
    ring_offset: npt.NDArray[np.int64]
    polygon_offset: npt.NDArray[np.int64]
    area_offset: npt.NDArray[np.int64]

    @classmethod
    def of(cls, geometries: Sequence[BaseGeometry] | npt.NDArray[Any]) -> AreaPolygons:
        """From polygons and multipolygons."""
        if len(geometries) == 0:
            zero = np.zeros(1, dtype=np.int64)
            return cls(xy=np.zeros((0, 2)), ring_offset=zero, polygon_offset=zero, area_offset=zero)
        several = [MultiPolygon([one]) if isinstance(one, Polygon) else one for one in geometries]
        _, xy, offsets = shapely.to_ragged_array(several, include_z=False)
        ring, polygon, area = (np.asarray(offset, dtype=np.int64) for offset in offsets)
        return cls(xy=xy, ring_offset=ring, polygon_offset=polygon, area_offset=area)

    def save(self, folder: Path, prefix: str) -> None:
        """Write one `.npy` file per array into an existing folder."""
        for part in _PARTS:
            np.save(folder / f"{prefix}_{part}.npy", np.ascontiguousarray(getattr(self, part)))

    @classmethod
    def load(cls, folder: Path, prefix: str) -> AreaPolygons:
        """Open saved polygons, memory-mapped."""
        return cls(
            **{part: np.load(folder / f"{prefix}_{part}.npy", mmap_mode="r", allow_pickle=False) for part in _PARTS}
        )

    def __len__(self) -> int:
        return len(self.area_offset) - 1

    @cached_property
    def geometries(self) -> npt.NDArray[Any]:
        """(N,) geometries, prepared: predicates on them are quick, and safe in several threads."""
        if len(self) == 0:
            return np.zeros(0, dtype=object)
        made = shapely.from_ragged_array(
            shapely.GeometryType.MULTIPOLYGON, self.xy, (self.ring_offset, self.polygon_offset, self.area_offset)
        )
        single = np.diff(self.area_offset) == 1
        made[single] = shapely.get_geometry(made[single], 0)
        shapely.prepare(made)
        shapely.intersects_xy(made, self.bounds[:, 0], self.bounds[:, 1])  # builds the indexes, which threads must not
        return np.asarray(made)

    @cached_property
    def bounds(self) -> npt.NDArray[np.float64]:
        """(N, 4) west, south, east, north of each area."""
        first = self.ring_offset[self.polygon_offset[self.area_offset[:-1]]]
        return np.hstack([np.minimum.reduceat(self.xy, first), np.maximum.reduceat(self.xy, first)])

    @cached_property
    def total_bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of all areas."""
        (west, south), (east, north) = self.xy.min(axis=0), self.xy.max(axis=0)
        return float(west), float(south), float(east), float(north)

    def geometry(self, number: int) -> BaseGeometry:
        """One area."""
        one: BaseGeometry = self.geometries[number]
        return one

    def sides(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """(M, 4) lon0, lat0, lon1, lat1 of the sides of all rings, and the area of each."""
        inner = np.ones(len(self.xy), dtype=bool)
        inner[np.asarray(self.ring_offset[1:]) - 1] = False  # no side begins at the last corner of a ring
        start = np.nonzero(inner)[0]
        corners_before_area = self.ring_offset[self.polygon_offset[self.area_offset]]
        area = np.searchsorted(corners_before_area, start, side="right") - 1
        return np.hstack([self.xy[start], self.xy[start + 1]]), area
