"""How much quicker or slower than their class roads are driven: learnt factors by class, kecamatan and time of week.

Hours of the week are counted from Monday midnight, local time: 0 to 167. A factor below 1 makes a road slower.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from gis.errors import InputError
from routing.network import ROAD_CLASSES, Float64Array, Int32Array, RoadNetwork, UInt8Array

LEAST_FACTOR, MOST_FACTOR = 0.05, 3.0
HOURS_PER_DAY: Final = 24
HOURS: Final = 7 * HOURS_PER_DAY
"""Hours of a week."""

NO_KECAMATAN: Final = -1


def hour_of_week(at: datetime, timezone: tzinfo) -> int:
    """The hour of the week at a time, in local time.

    Raises
    ------
    ValueError
        A time without its zone.
    """
    if at.tzinfo is None:
        raise ValueError("a time without its zone has no hour of the week")
    local = at.astimezone(timezone)
    return local.weekday() * HOURS_PER_DAY + local.hour


@dataclass(frozen=True, kw_only=True, eq=False)
class SpeedFactors:
    """Learnt factors by road class, kecamatan and time of the week.

    Attributes
    ----------
    factor
        (C, K, B) by class (index in `ROAD_CLASSES`), kecamatan (index in `kecamatan`) and bin of hours.
    kecamatan
        (K,) codes.
    bin_of_hour
        (168,) bin of each hour of the week.
    version
        Names the decision by which they came into force, for the record.

    Raises
    ------
    InputError
        A factor that is not a number from 0.05 to 3, or arrays that do not fit together.
    """

    factor: npt.NDArray[np.float32]
    kecamatan: tuple[str, ...]
    bin_of_hour: UInt8Array
    version: str = ""

    def __post_init__(self) -> None:
        bins = self.factor.shape[-1] if self.factor.ndim else 0
        if self.factor.shape != (len(ROAD_CLASSES), len(self.kecamatan), bins) or self.bin_of_hour.shape != (HOURS,):
            raise InputError(
                f"Learnt speed factors of shape {self.factor.shape} do not fit {len(ROAD_CLASSES)} road classes, "
                f"{len(self.kecamatan)} kecamatan and {HOURS} hours; learn them again."
            )
        if int(self.bin_of_hour.max(initial=0)) >= bins:
            raise InputError(f"Learnt speed factors name a bin of hours beyond their {bins}; learn them again.")
        if not ((self.factor >= np.float32(LEAST_FACTOR)) & (self.factor <= np.float32(MOST_FACTOR))).all():
            raise InputError(
                f"A learnt speed factor is not from {LEAST_FACTOR:g} to {MOST_FACTOR:g}; learn them again."
            )

    @classmethod
    def neutral(cls, kecamatan: Sequence[str], bin_of_hour: UInt8Array | None = None) -> SpeedFactors:
        """Factors of 1 everywhere; one bin for the whole week unless told otherwise."""
        bins = np.zeros(HOURS, dtype=np.uint8) if bin_of_hour is None else bin_of_hour
        shape = (len(ROAD_CLASSES), len(kecamatan), int(bins.max()) + 1)
        return cls(factor=np.ones(shape, dtype=np.float32), kecamatan=tuple(kecamatan), bin_of_hour=bins)

    def of_edges(self, network: RoadNetwork, edge_kecamatan: Int32Array, hour: int) -> Float64Array:
        """(E,) factor of every edge at an hour of the week; 1 in no kecamatan."""
        known = edge_kecamatan >= 0
        if not self.kecamatan:
            return np.ones(network.edge_count)
        at_hour = self.factor[:, :, int(self.bin_of_hour[hour])]
        found = at_hour[network.edge_class, np.where(known, edge_kecamatan, 0)].astype(np.float64)
        return np.where(known, found, 1.0)

    def to_json(self) -> dict[str, Any]:
        """Ready for JSON; factors of 1 are left out."""
        rows = [
            [ROAD_CLASSES[kind], self.kecamatan[area], int(number), float(self.factor[kind, area, number])]
            for kind, area, number in np.argwhere(self.factor != 1).tolist()
        ]
        return {
            "version": self.version,
            "kecamatan": list(self.kecamatan),
            "bin_of_hour": self.bin_of_hour.tolist(),
            "bins": self.factor.shape[2],
            "factors": rows,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> SpeedFactors:
        """As `to_json` writes them.

        Raises
        ------
        InputError
            Something that does not fit.
        """
        try:
            areas = [str(code) for code in value["kecamatan"]]
            factor = np.ones((len(ROAD_CLASSES), len(areas), int(value["bins"])), dtype=np.float32)
            for kind, area, number, one in value["factors"]:
                factor[ROAD_CLASSES.index(kind), areas.index(area), int(number)] = float(one)
            return cls(
                factor=factor,
                kecamatan=tuple(areas),
                bin_of_hour=np.array(value["bin_of_hour"], dtype=np.uint8),
                version=str(value.get("version", "")),
            )
        except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"Learnt speed factors cannot be read ({error}); learn them again.") from None
