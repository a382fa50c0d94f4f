"""Speeds and limits of routing, from the `[routing]` part of region.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime, tzinfo
from enum import StrEnum

from gis.errors import N_, InputError, SourceError
from routing.network import ROAD_CLASSES
from routing.profile import DEFAULT_PROFILE, DEFAULT_PROFILES, DEFAULT_VEHICLES, Exemption, Profile
from routing.profile_toml import (
    FASTEST_KPH,
    SLOWEST_KPH,
    agency_word,
    is_number,
    read_agencies,
    read_profiles,
    read_vehicles,
)
from routing.speed_factors import RushHour, SpeedFactors, hour_of_week, metric_hour, read_hours
from routing.speeds import DEFAULT_SPEEDS_KPH

SPEED_CLASSES: tuple[str, ...] = tuple(name for name in ROAD_CLASSES if name != "barrier")
"""The classes that have a speed; a barrier has no length."""

LONGEST_TURN_S = 120.0
"""Whoever needs longer to turn round drives round the block; and the longer it takes, the more the search must know."""

_TABLES = ("speeds_kph", "profiles", "vehicles", "agencies", "hours")
"""What stands in tables of its own below `[routing]`."""
_OWN_TABLES = _TABLES[1:]
"""Those that a new region.toml does not have yet."""


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
        Turning round at a junction or a road's end, for profiles that do not say otherwise.
    default_profile
        Whose times are told where no unit is spoken of, and of units whose kind is in no table.
    profiles
        By name; the default ones always among them.
    vehicles
        Profile by kind of unit.
    agencies
        Exemptions granted to an agency (spelled as `agency_word` does).
    hours
        Rush hours.
    """

    speeds_kph: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SPEEDS_KPH))
    maxspeed: MaxspeedPolicy = MaxspeedPolicy.REPLACE
    off_road_kph: float = 10.0
    walking_kph: float = 5.0
    snap_limit_m: float = 5_000.0
    connected_within_m: float = 500.0
    served_component_m: float = 10_000.0
    turn_round_s: float = 20.0
    default_profile: str = DEFAULT_PROFILE
    profiles: Mapping[str, Profile] = field(default_factory=lambda: dict(DEFAULT_PROFILES))
    vehicles: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_VEHICLES))
    agencies: Mapping[str, frozenset[Exemption]] = field(default_factory=dict)
    hours: tuple[RushHour, ...] = field(default_factory=tuple)

    def profile(self, key: str | None = None) -> Profile:
        """The profile that a key names: a profile's name, with exemptions behind it or not; None is the default one.

        Raises
        ------
        InputError
            There is no such profile or exemption.
        """
        name, *words = (key or self.default_profile).split("+")
        profile = self.profiles.get(name)
        if profile is None:
            raise InputError(
                N_("There is no vehicle profile '{name}'; the profiles are {profiles}."),
                name=name[:40], profiles=", ".join(self.profiles),
            )  # fmt: skip
        try:
            return profile.exempted(Exemption(word) for word in words)
        except ValueError:
            known = ", ".join(Exemption)
            raise InputError(f"'{key}' names an exemption that there is not; the exemptions are {known}.") from None

    def profile_of(self, kind: str, agency: str) -> Profile:
        """How a unit of a kind and an agency drives: its kind's profile, with what is granted to the agency."""
        profile = self.profile(self.vehicles.get(kind, self.default_profile))
        return profile.exempted(self.agencies.get(agency_word(agency), ()))

    def hour(self, at: datetime | None, timezone: tzinfo, learnt: SpeedFactors | None = None) -> int | None:
        """The hour of the week by which traffic at a time is told; None where it is as at no hour in particular."""
        return None if at is None else metric_hour(self.hours, hour_of_week(at, timezone), learnt)

    @classmethod
    def from_table(cls, table: object, *, source: str) -> RoutingSettings:
        """Read the `[routing]` table; what it leaves out, a class of roads too, keeps its default.

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
        if not isinstance(table, Mapping):
            raise SourceError(f"{source}: routing is {table!r}, which is not a table; write its keys below [routing].")
        defaults = {entry.name: entry.default for entry in fields(cls) if entry.default is not MISSING}
        unknown = sorted(set(table) - {*_TABLES, *defaults})
        if unknown:
            raise SourceError(
                f"{source}: [routing] has the unknown key '{unknown[0]}'; "
                f"the keys are {', '.join([*_TABLES, *defaults])}."
            )
        profiles = read_profiles(table.get("profiles", {}), source)
        values: dict[str, object] = {
            "speeds_kph": _speeds(table.get("speeds_kph", {}), source),
            "profiles": profiles,
            "vehicles": read_vehicles(table.get("vehicles", {}), profiles, source),
            "agencies": read_agencies(table.get("agencies", {}), source),
            "hours": read_hours(table.get("hours", []), source),
        }
        for name in defaults:
            if name not in table:
                continue
            if name == "maxspeed":
                values[name] = _policy(table[name], source)
            elif name == "default_profile":
                if not isinstance(table[name], str) or table[name] not in profiles:
                    raise SourceError(
                        f"{source}: default_profile under [routing] is {table[name]!r}, which is no profile; "
                        f"the profiles are {', '.join(profiles)}."
                    )
                values[name] = table[name]
            elif name.endswith("_kph"):
                values[name] = _speed(table[name], f"{name} under [routing]", source)
            elif name.endswith("_s"):
                values[name] = _seconds(table[name], f"{name} under [routing]", source)
            else:
                values[name] = _distance(table[name], f"{name} under [routing]", source)
        return cls(**values)  # type: ignore[arg-type]


def own_toml(text: str, *, source: str) -> str:
    """What a region's owner wrote of profiles, vehicles, agencies and hours, checked, to stand behind `default_toml`.

    Raises
    ------
    SourceError
        The text is no TOML, has other tables, or cannot be used.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"{source} is not valid TOML: {error}; mend that line.") from None
    own = tables.get("routing", {})
    foreign = [name for name in tables if name != "routing"]
    if isinstance(own, Mapping):
        foreign += [f"routing.{name}" for name in own if name not in _OWN_TABLES]
    if foreign:
        known = ", ".join(f"routing.{name}" for name in _OWN_TABLES)
        raise SourceError(
            f"{source}: {foreign[0]} cannot stand here; write tables of {known}, and edit the rest in region.toml."
        )
    RoutingSettings.from_table(own, source=source)
    return text


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
# The vehicle profile whose times are told where no unit is spoken of: ambulance, fire_engine, motorcycle,
# light_vehicle, or one of your own. What vehicles are like, who drives by which profile, which exemptions an agency
# has and when traffic is slow stands in [routing.profiles.NAME], [routing.vehicles], [routing.agencies.NAME] and
# [[routing.hours]]: docs/profiles.md.
default_profile = "{default.default_profile}"

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
    if not is_number(value) or not SLOWEST_KPH <= value <= FASTEST_KPH:
        raise SourceError(
            f"{source}: {where} is {value!r}; it must be a number of km/h from {SLOWEST_KPH:g} to {FASTEST_KPH:g}."
        )
    return float(value)


def _distance(value: object, where: str, source: str) -> float:
    if not is_number(value) or value < 0:
        raise SourceError(f"{source}: {where} is {value!r}; it must be a number of metres, zero or more.")
    return float(value)


def _seconds(value: object, where: str, source: str) -> float:
    if not is_number(value) or not 0 <= value <= LONGEST_TURN_S:
        raise SourceError(
            f"{source}: {where} is {value!r}; it must be a number of seconds from 0 to {LONGEST_TURN_S:g}."
        )
    return float(value)
