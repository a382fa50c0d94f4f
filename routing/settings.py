"""Speeds and limits of routing, from the `[routing]` part of region.toml."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import TypeGuard

from gis.errors import SourceError
from routing.network import ROAD_CLASSES
from routing.speeds import DEFAULT_SPEEDS_KPH

SPEED_CLASSES: tuple[str, ...] = tuple(name for name in ROAD_CLASSES if name != "barrier")
"""The classes that have a speed; a barrier has no length."""


SLOWEST_KPH, FASTEST_KPH = 1.0, 200.0
"""Speeds outside these are slips of the pen."""


LONGEST_TURN_S = 120.0
"""Whoever needs longer to turn round drives round the block; and the longer it takes, the more the search must know."""


class MaxspeedPolicy(StrEnum):
    """What a tagged speed limit does to the speed of its road's class."""

    REPLACE = "replace"
    CAP = "cap"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingSettings:
    """Speeds in km/h and limits in metres.

    Attributes
    ----------
    speeds_kph
        Driving speed by road class, for every class of `SPEED_CLASSES`.
    maxspeed
        A tagged limit replaces the speed of the class (it is the best local knowledge of that road, as osmnx and
        OSRM have it), caps it, or is ignored.
    off_road_kph
        A unit from where it stands to the road.
    walking_kph
        The crew from the road to the incident.
    snap_limit_m
        A location farther than this from every road is off the network.
    connected_within_m
        A road that is cut off is passed over for a connected one at most this much farther away.
    served_component_m
        Units stand on pieces of road at least this long, or that lead to one.
    turn_round_s
        Turning round at a junction or a road's end.
    """

    speeds_kph: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SPEEDS_KPH))
    maxspeed: MaxspeedPolicy = MaxspeedPolicy.REPLACE
    off_road_kph: float = 10.0
    walking_kph: float = 5.0
    snap_limit_m: float = 5_000.0
    connected_within_m: float = 500.0
    served_component_m: float = 10_000.0
    turn_round_s: float = 20.0

    @classmethod
    def from_table(cls, table: Mapping[str, object], *, source: str) -> RoutingSettings:
        """Read the `[routing]` table; what it leaves out keeps its default.

        Parameters
        ----------
        table
            As parsed from TOML.
        source
            Names the file in errors.

        Raises
        ------
        SourceError
            For an unknown key, a speed that is not positive, and the like.
        """
        defaults = {entry.name: entry.default for entry in fields(cls) if entry.default is not MISSING}
        unknown = sorted(set(table) - {"speeds_kph", *defaults})
        if unknown:
            raise SourceError(
                f"{source}: [routing] has the unknown key '{unknown[0]}'; "
                f"the keys are {', '.join(['speeds_kph', *defaults])}."
            )
        values: dict[str, object] = {"speeds_kph": _speeds(table.get("speeds_kph", {}), source)}
        for name in defaults:
            if name not in table:
                continue
            if name == "maxspeed":
                values[name] = _policy(table[name], source)
            elif name.endswith("_kph"):
                values[name] = _speed(table[name], f"{name} under [routing]", source)
            elif name.endswith("_s"):
                values[name] = _seconds(table[name], f"{name} under [routing]", source)
            else:
                values[name] = _distance(table[name], f"{name} under [routing]", source)
        return cls(**values)  # type: ignore[arg-type]


def default_toml() -> str:
    """The documented `[routing]` text of a new region.toml, holding every default."""
    default = RoutingSettings()
    speeds = "\n".join(f"{name} = {default.speeds_kph[name]:g}" for name in SPEED_CLASSES)
    return f"""\
[routing]
# What a tagged speed limit (maxspeed) does: "replace" the speed of the road's class, "cap" it, or "ignore" the tag.
maxspeed = "{default.maxspeed}"
# km/h of a unit from where it stands to the nearest road (yards, car parks; an assumption of this project).
off_road_kph = {default.off_road_kph:g}
# km/h of a crew on foot from the road to the incident (walking pace 1.4 m/s: Bohannon 1997, Age and Ageing 26).
walking_kph = {default.walking_kph:g}
# A location farther than this many metres from every road is off the network.
snap_limit_m = {default.snap_limit_m:g}
# A piece of road that is cut off is passed over for a connected road at most this many metres farther away.
connected_within_m = {default.connected_within_m:g}
# Units stand on pieces of road at least this many metres long, or that lead to one.
served_component_m = {default.served_component_m:g}
# Seconds of turning round at a junction or a road's end: slow down, clear the other lane, turn (an assumption of this
# project; 0 makes it free).
turn_round_s = {default.turn_round_s:g}

[routing.speeds_kph]
# Average driving km/h by OpenStreetMap highway class, where no limit is tagged (sources: routing/speeds.py).
# Measure them against your own units' logs.
{speeds}
"""


def _speeds(value: object, source: str) -> Mapping[str, float]:
    if not isinstance(value, Mapping):
        raise SourceError(f"{source}: speeds_kph under [routing] is not a table; write it as [routing.speeds_kph].")
    speeds = {name: float(DEFAULT_SPEEDS_KPH[name]) for name in SPEED_CLASSES}
    for name, speed in value.items():
        if name not in speeds:
            raise SourceError(
                f"{source}: [routing.speeds_kph] has the unknown road class '{name}'; "
                f"the classes are {', '.join(SPEED_CLASSES)}."
            )
        speeds[name] = _speed(speed, f"{name} under [routing.speeds_kph]", source)
    return speeds


def _policy(value: object, source: str) -> MaxspeedPolicy:
    try:
        return MaxspeedPolicy(value)  # type: ignore[arg-type]
    except ValueError:
        names = ", ".join(f'"{policy}"' for policy in MaxspeedPolicy)
        raise SourceError(f"{source}: maxspeed under [routing] is {value!r}; it must be one of {names}.") from None


def _speed(value: object, where: str, source: str) -> float:
    if not _is_number(value) or not SLOWEST_KPH <= value <= FASTEST_KPH:
        raise SourceError(
            f"{source}: {where} is {value!r}; it must be a number of km/h from {SLOWEST_KPH:g} to {FASTEST_KPH:g}."
        )
    return float(value)


def _distance(value: object, where: str, source: str) -> float:
    if not _is_number(value) or value < 0:
        raise SourceError(f"{source}: {where} is {value!r}; it must be a number of metres, zero or more.")
    return float(value)


def _seconds(value: object, where: str, source: str) -> float:
    if not _is_number(value) or not 0 <= value <= LONGEST_TURN_S:
        raise SourceError(
            f"{source}: {where} is {value!r}; it must be a number of seconds from 0 to {LONGEST_TURN_S:g}."
        )
    return float(value)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
