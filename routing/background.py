"""What a map shows besides roads and borders: water, coast, railways, green and built-up land."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from routing.network import Int32Array, UInt8Array

BACKGROUND_CLASSES: tuple[str, ...] = (
    "water", "wetland", "river", "stream", "canal", "coastline", "railway", "forest", "park", "grass", "farmland",
    "residential", "commercial", "industrial", "sand", "cemetery", "airfield",
)  # fmt: skip
"""Classes by number. `river`, `stream`, `canal`, `coastline` and `railway` are lines, the others areas. A coastline
has land on its left and sea on its right, as OpenStreetMap draws it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Background:
    """F features with R rings or lines of P points.

    Attributes
    ----------
    feature_class
        (F,) index in `BACKGROUND_CLASSES`.
    feature_is_area
        (F,) 1 for a polygon, 0 for a line.
    feature_offset
        (F + 1,) start of each feature's rings: a line has one; of a polygon the first is the shell, the others are
        holes. A multipolygon is several features.
    ring_offset
        (R + 1,) start of each ring's points; a polygon's rings are closed.
    lat, lon
        (P,) points in 1e-7 degrees.
    """

    feature_class: UInt8Array
    feature_is_area: UInt8Array
    feature_offset: Int32Array
    ring_offset: Int32Array
    lat: Int32Array
    lon: Int32Array

    @classmethod
    def empty(cls) -> Background:
        """A background without any feature."""
        return cls(
            feature_class=np.zeros(0, dtype=np.uint8),
            feature_is_area=np.zeros(0, dtype=np.uint8),
            feature_offset=np.zeros(1, dtype=np.int32),
            ring_offset=np.zeros(1, dtype=np.int32),
            lat=np.zeros(0, dtype=np.int32),
            lon=np.zeros(0, dtype=np.int32),
        )

    @property
    def feature_count(self) -> int:
        """Number of features F."""
        return len(self.feature_class)

    def save(self, folder: Path) -> None:
        """Write one `.npy` file per array into an existing folder."""
        for field in fields(self):
            np.save(folder / f"{field.name}.npy", np.ascontiguousarray(getattr(self, field.name)))

    @classmethod
    def load(cls, folder: Path) -> Background:
        """Open a saved background; the arrays are memory-mapped and read-only."""
        arrays: dict[str, Any] = {
            field.name: np.load(folder / f"{field.name}.npy", mmap_mode="r", allow_pickle=False)
            for field in fields(cls)
        }
        return cls(**arrays)
