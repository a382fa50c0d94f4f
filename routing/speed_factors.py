"""How fast the traffic is at an hour of the week: rush hours as region.toml tells them, and factors that were learnt.

Hours of the week are counted from Monday midnight, local time: 0 to 167. A factor below 1 makes a road slower.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from gis.errors import N_, InputError, SourceError
from routing.network import ROAD_CLASSES, Float64Array, Int32Array, RoadNetwork, UInt8Array
from routing.profile_toml import LEAST_FACTOR, MOST_FACTOR, is_number

HOURS_PER_DAY: Final = 24
HOURS: Final = 7 * HOURS_PER_DAY
"""Hours of a week."""
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_CLASSES = tuple(name for name in ROAD_CLASSES if name != "barrier")
_KEYS: Final = ("name", "days", "from", "to", "factor", "classes")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RushHour:
    """Hours in which traffic is slower, or quicker, than otherwise.

    Attributes
    ----------
    name
        For people.
    hours
        Of the week.
    factor
        On the speed of every class that `classes` leaves out.
    classes
        Factor by road class.
    """

    name: str
    hours: frozenset[int]
    factor: float
    classes: Mapping[str, float]


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
            raise InputError(
                N_("Learnt speed factors name a bin of hours beyond their {bins}; learn them again."), bins=bins
            )
        if not ((self.factor >= np.float32(LEAST_FACTOR)) & (self.factor <= np.float32(MOST_FACTOR))).all():
            raise InputError(
                N_("A learnt speed factor is not from {least} to {most}; learn them again."),
                least=LEAST_FACTOR,
                most=f"{MOST_FACTOR:g}",
            )

    @classmethod
    def neutral(cls, kecamatan: Sequence[str], bin_of_hour: UInt8Array | None = None) -> SpeedFactors:
        """Factors of 1 everywhere; one bin for the whole week unless told otherwise."""
        bins = np.zeros(HOURS, dtype=np.uint8) if bin_of_hour is None else bin_of_hour
        shape = (len(ROAD_CLASSES), len(kecamatan), int(bins.max()) + 1)
        return cls(factor=np.ones(shape, dtype=np.float32), kecamatan=tuple(kecamatan), bin_of_hour=bins)

    def aligned(self, kecamatan: Sequence[str]) -> SpeedFactors:
        """The same factors for a list of kecamatan in another order; one that was not there has factors of 1."""
        if tuple(kecamatan) == self.kecamatan:
            return self
        found = np.ones((len(ROAD_CLASSES), len(kecamatan), self.factor.shape[2]), dtype=np.float32)
        for number, code in enumerate(kecamatan):
            if code in self.kecamatan:
                found[:, number] = self.factor[:, self.kecamatan.index(code)]
        return replace(self, factor=found, kecamatan=tuple(kecamatan))

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
            bins = int(value["bins"])
            if not 0 < bins <= HOURS:
                raise ValueError(f"{bins} bins of hours")
            factor = np.ones((len(ROAD_CLASSES), len(areas), bins), dtype=np.float32)
            for kind, area, number, one in value["factors"]:
                if not 0 <= int(number) < bins:
                    raise ValueError(f"bin {number}")
                factor[ROAD_CLASSES.index(kind), areas.index(area), int(number)] = float(one)
            return cls(
                factor=factor,
                kecamatan=tuple(areas),
                bin_of_hour=np.array(value["bin_of_hour"], dtype=np.uint8),
                version=str(value.get("version", "")),
            )
        except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
            raise InputError(
                N_("Learnt speed factors cannot be read ({fault}); learn them again."), fault=str(error)[:80]
            ) from None


# --- rush hours --------------------------------------------------------------------------------------------------


def class_factors(rush_hours: Sequence[RushHour], hour: int | None) -> Float64Array:
    """(C,) factor of each road class at an hour of the week; where rush hours overlap the least counts."""
    found = [
        [rush.classes.get(name, rush.factor) for name in ROAD_CLASSES]
        for rush in rush_hours
        if hour is not None and hour in rush.hours
    ]
    factors = np.array(found, dtype=np.float64).min(axis=0) if found else np.ones(len(ROAD_CLASSES))
    factors[ROAD_CLASSES.index("ferry")] = 1.0
    return factors


def metric_hour(rush_hours: Sequence[RushHour], hour: int, learnt: SpeedFactors | None = None) -> int | None:
    """The first hour of the week with the same factors as `hour`; None where traffic is as at no hour in particular.

    Metrics of equal hours are equal, so there need not be more of them than this gives.
    """
    own = _fingerprint(rush_hours, hour, learnt)
    if own == (bytes(class_factors((), None)), None):
        return None
    return next(other for other in range(hour + 1) if _fingerprint(rush_hours, other, learnt) == own)


def _fingerprint(rush_hours: Sequence[RushHour], hour: int, learnt: SpeedFactors | None) -> tuple[bytes, bytes | None]:
    factors = None
    if learnt is not None:
        at_hour = learnt.factor[:, :, int(learnt.bin_of_hour[hour])]
        factors = None if (at_hour == 1).all() else at_hour.tobytes()
    return bytes(class_factors(rush_hours, hour)), factors


def read_hours(value: object, source: str) -> tuple[RushHour, ...]:
    """`[[routing.hours]]` of region.toml.

    Raises
    ------
    SourceError
        For an unknown key, a day or an hour that there is not, or a factor that is not positive.
    """
    if not isinstance(value, list) or not all(isinstance(table, Mapping) for table in value):
        raise SourceError(f"{source}: hours under [routing] is no list of tables; write each as [[routing.hours]].")
    return tuple(_rush_hour(table, number, source) for number, table in enumerate(value, start=1))


def _rush_hour(table: Mapping[str, Any], number: int, source: str) -> RushHour:
    where = f"[[routing.hours]] number {number}"
    for key in table:
        if key not in _KEYS:
            raise SourceError(f"{source}: {where} has the unknown key '{key}'; the keys are {', '.join(_KEYS)}.")
    days = table.get("days", list(DAYS))
    if not isinstance(days, list) or not days or not all(day in DAYS for day in days):
        raise SourceError(f"{source}: days of {where} is {days!r}; write a list of {', '.join(DAYS)}.")
    start, end = (_hour(table.get(key), key, where, source) for key in ("from", "to"))
    if start == end:
        raise SourceError(f"{source}: {where} begins and ends at {start}; let it last for at least an hour.")
    length = (end - start) % HOURS_PER_DAY or HOURS_PER_DAY
    hours = {
        (DAYS.index(day) * HOURS_PER_DAY + start + after) % HOURS for day in days for after in range(length)
    }  # past midnight into the next day
    classes = table.get("classes", {})
    if not isinstance(classes, Mapping):
        raise SourceError(f"{source}: classes of {where} is {classes!r}; write a table such as {{ primary = 0.7 }}.")
    for name in classes:
        if name not in _CLASSES:
            raise SourceError(f"{source}: {where} has the unknown road class '{name}'; they are {', '.join(_CLASSES)}.")
    return RushHour(
        name=str(table.get("name", "")),
        hours=frozenset(hours),
        factor=_factor(table.get("factor", 1.0), "factor", where, source),
        classes={name: _factor(factor, name, where, source) for name, factor in classes.items()},
    )


def _hour(value: object, key: str, where: str, source: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= HOURS_PER_DAY:
        raise SourceError(f"{source}: {key} of {where} is {value!r}; it must be a whole hour from 0 to 24.")
    return value


def _factor(value: object, key: str, where: str, source: str) -> float:
    if not is_number(value) or not LEAST_FACTOR <= value <= MOST_FACTOR:
        raise SourceError(
            f"{source}: {key} of {where} is {value!r}; it must be a number from {LEAST_FACTOR:g} to {MOST_FACTOR:g}."
        )
    return float(value)
