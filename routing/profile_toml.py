"""Profiles, who drives by which, and rush hours: what stands about them in region.toml, read and written."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, Final, TypeGuard

from gis.errors import SourceError
from routing.network import BARRIERS, ROAD_CLASSES, SMOOTHNESSES, SURFACES
from routing.profile import DEFAULT_PROFILES, DEFAULT_VEHICLES, Exemption, FordPolicy, Profile

SLOWEST_KPH, FASTEST_KPH = 1.0, 200.0
"""Speeds outside these are slips of the pen."""
LEAST_FACTOR, MOST_FACTOR = 0.05, 3.0
LONGEST_S: Final = 3600.0
"""Nobody waits longer at a gate or for a ferry in an emergency and is still the first."""
LARGEST: Final = 100.0
"""Metres or tonnes beyond this are no vehicle."""

AS_REGION: Final = "region"
"""For `turn_round_s`: as all vehicles of the region that do not say otherwise."""

_NAME = re.compile(r"[a-z0-9_]{1,40}")
_CLASSES = tuple(name for name in ROAD_CLASSES if name != "barrier")
_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "speeds_kph": _CLASSES,
    "surface_kph": SURFACES[1:],
    "smoothness_kph": SMOOTHNESSES[1:],
    "untagged_width_m": _CLASSES,
    "barriers_s": BARRIERS[1:],
}
_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "closed_classes": _CLASSES,
    "passes": BARRIERS[1:],
    "exemptions": tuple(Exemption),
}
_CLOSING = frozenset({"surface_kph", "smoothness_kph"})


# --- reading -----------------------------------------------------------------------------------------------------


def read_profiles(value: object, source: str) -> Mapping[str, Profile]:
    """`[routing.profiles]`: the default profiles as the region changes them, and its own.

    A table that a profile has merges into the default's, entry by entry; a profile of another name begins as
    `light_vehicle` does, or as the profile that `like` names.

    Raises
    ------
    SourceError
        For an unknown key, a speed that is not positive, and the like.
    """
    profiles = dict(DEFAULT_PROFILES)
    for name, table in _table(value, "profiles", source).items():
        where = f"[routing.profiles.{name}]"
        if _NAME.fullmatch(name) is None:
            raise SourceError(f"{source}: the profile '{name}' has a name that cannot be used; write a-z, 0-9 and _.")
        entries = dict(_table(table, f"profiles.{name}", source))
        like = entries.pop("like", name if name in profiles else "light_vehicle")
        if not isinstance(like, str) or like not in profiles:
            raise SourceError(
                f"{source}: like under {where} is {like!r}, which is no profile above it; "
                f"the profiles are {', '.join(profiles)}."
            )
        profiles[name] = _profile(replace(profiles[like], name=name), entries, where, source)
    return profiles


def read_vehicles(value: object, profiles: Mapping[str, Profile], source: str) -> Mapping[str, str]:
    """`[routing.vehicles]`: unit kind to profile.

    Raises
    ------
    SourceError
        For a profile that there is not.
    """
    vehicles = dict(DEFAULT_VEHICLES)
    for kind, name in _table(value, "vehicles", source).items():
        if not isinstance(name, str) or name not in profiles:
            raise SourceError(
                f"{source}: {kind} under [routing.vehicles] is {name!r}, which is no profile; "
                f"the profiles are {', '.join(profiles)}."
            )
        vehicles[kind] = name
    return vehicles


def read_agencies(value: object, source: str) -> Mapping[str, frozenset[Exemption]]:
    """`[routing.agencies.NAME]`: agency (as `agency_word` spells it) to the exemptions granted to it.

    Raises
    ------
    SourceError
        For an unknown key or exemption.
    """
    granted: dict[str, frozenset[Exemption]] = {}
    for name, table in _table(value, "agencies", source).items():
        where = f"[routing.agencies.{name}]"
        entries = _table(table, f"agencies.{name}", source)
        for key in entries:
            if key != "exemptions":
                raise SourceError(f"{source}: {where} has the unknown key '{key}'; the key is exemptions.")
        names = _words(entries.get("exemptions", []), "exemptions", where, source)
        granted[agency_word(name)] = frozenset(Exemption(word) for word in names)
    return granted


def agency_word(name: str) -> str:
    """An agency's name or id, in lower case, with single blanks: how agencies are told apart here."""
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


def _profile(profile: Profile, entries: Mapping[str, Any], where: str, source: str) -> Profile:
    known = [entry.name for entry in fields(Profile) if entry.name != "name"]
    values: dict[str, Any] = {}
    for key, value in entries.items():
        if key not in known:
            raise SourceError(f"{source}: {where} has the unknown key '{key}'; the keys are like, {', '.join(known)}.")
        if key in _TABLES:
            own = _numbers(value, key, where, source)
            values[key] = {**getattr(profile, key), **own}
        elif key in _LISTS:
            words = _words(value, key, where, source)
            values[key] = frozenset(Exemption(word) for word in words) if key == "exemptions" else frozenset(words)
        elif key == "ford":
            values[key] = _ford(value, where, source)
        elif key in {"two_wheels", "ferries"}:
            if not isinstance(value, bool):
                raise SourceError(f"{source}: {key} under {where} is {value!r}; it must be true or false.")
            values[key] = value
        elif key == "turn_round_s" and value == AS_REGION:
            values[key] = None
        else:
            values[key] = _number(value, f"{key} under {where}", source, *_range_of(key))
    return replace(profile, **values)


def _range_of(key: str) -> tuple[str, float, float]:
    """What a number of this key is, the least and the most that it may be."""
    if key.endswith("_kph"):
        return "km/h", SLOWEST_KPH, FASTEST_KPH
    if key.endswith("_s"):
        return "seconds", 0.0, LONGEST_S if key != "turn_round_s" else 120.0
    if key == "speed_factor":
        return "", LEAST_FACTOR, MOST_FACTOR
    least = 0.0 if key in {"side_m", "narrow_below_m"} else 0.01
    return ("tonnes" if key.endswith("_t") else "metres"), least, LARGEST


def _numbers(value: object, key: str, where: str, source: str) -> dict[str, float]:
    inner = f"{where[:-1]}.{key}]"
    if not isinstance(value, Mapping):
        raise SourceError(f"{source}: {key} under {where} is not a table; write it as {inner}.")
    unit, least, most = _range_of(key)
    if key in _CLOSING:
        least = 0.0
    found: dict[str, float] = {}
    for word, number in value.items():
        if word not in _TABLES[key]:
            raise SourceError(f"{source}: {inner} has the unknown word '{word}'; it knows {', '.join(_TABLES[key])}.")
        found[word] = _number(number, f"{word} under {inner}", source, unit, least, most)
        if key in _CLOSING and 0 < found[word] < SLOWEST_KPH:
            raise SourceError(
                f"{source}: {word} under {inner} is {number!r}; it must be 0, which closes such roads, "
                f"or from {SLOWEST_KPH:g} to {FASTEST_KPH:g} km/h."
            )
    return found


def _words(value: object, key: str, where: str, source: str) -> list[str]:
    known = _LISTS[key]
    if not isinstance(value, list):
        raise SourceError(f'{source}: {key} under {where} is {value!r}; write a list, such as ["{known[0]}"].')
    for word in value:
        if word not in known:
            raise SourceError(f"{source}: {key} under {where} has {word!r}; it knows {', '.join(known)}.")
    return [str(word) for word in value]


def _ford(value: object, where: str, source: str) -> FordPolicy:
    try:
        return FordPolicy(value)  # type: ignore[arg-type]
    except ValueError:
        names = ", ".join(f'"{policy}"' for policy in FordPolicy)
        raise SourceError(f"{source}: ford under {where} is {value!r}; it must be one of {names}.") from None


def _number(value: object, where: str, source: str, unit: str, least: float, most: float) -> float:
    if not is_number(value) or not least <= value <= most:
        of = f" of {unit}" if unit else ""
        raise SourceError(f"{source}: {where} is {value!r}; it must be a number{of} from {least:g} to {most:g}.")
    return float(value)


def _table(value: object, name: str, source: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SourceError(f"{source}: {name} under [routing] is not a table; write it as [routing.{name}].")
    return value


def is_number(value: object) -> TypeGuard[int | float]:
    """A finite number that is no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


# --- writing -----------------------------------------------------------------------------------------------------


def profile_table(profile: Profile) -> dict[str, Any]:
    """A profile as the table that reads back as it, ready for TOML or JSON."""
    as_plain: Mapping[str, Callable[[Any], Any]] = {
        **dict.fromkeys(_TABLES, dict),
        **dict.fromkeys(_LISTS, lambda words: sorted(str(word) for word in words)),
        "ford": str,
    }
    table: dict[str, Any] = {}
    for entry in fields(Profile):
        value = getattr(profile, entry.name)
        if entry.name != "name":
            table[entry.name] = AS_REGION if value is None else as_plain.get(entry.name, lambda plain: plain)(value)
    return table
