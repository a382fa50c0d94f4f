"""Scenarios of a region: closures prepared beforehand under one name, such as a flood that comes every year.

They stand in `region.toml` as `[scenarios.NAME]` with a title and `[[scenarios.NAME.closures]]`, whose fields are those
of a closure sent to the API. A polygon may be written as a list of `[lat, lon]`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dispatch.codec import FieldError, load_request
from gis.errors import N_, InputError, SourceError
from gis.region_folder import SETTINGS
from web.closing import NewClosure

if TYPE_CHECKING:
    from routing.region import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Closures that belong together."""

    name: str
    title: str
    closures: tuple[NewClosure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenarios:
    """All of a region, in the order of its file."""

    scenarios: tuple[Scenario, ...]

    def named(self, name: str) -> Scenario:
        """The scenario of a name.

        Raises
        ------
        InputError
            There is none, with those there are.
        """
        for one in self.scenarios:
            if one.name == name:
                return one
        raise InputError(
            N_("The region has no scenario “{name}”; it has {known}."),
            name=name[:40],
            known=", ".join(one.name for one in self.scenarios) or "-",
        )


def region_scenarios(region: Region) -> Scenarios:
    """The scenarios of a region.

    Raises
    ------
    SourceError
        An entry cannot be used; the sentence names it.
    """
    return read_scenarios(region.table.get("scenarios", {}), source=str(region.folder / SETTINGS))


def scenarios_toml(path: Path) -> str:
    """The text of a file of scenarios, for region.toml.

    Raises
    ------
    SourceError
        It is no TOML, holds anything else, or an entry of it cannot be used.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        table = tomllib.loads(text)
    except UnicodeDecodeError:
        raise SourceError(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"{path} is not valid TOML: {error}; mend that line.") from None
    other = sorted(set(table) - {"scenarios"})
    if other:
        raise SourceError(f"{path}: {other[0]} is no scenario; this file holds [scenarios.NAME] alone.")
    read_scenarios(table.get("scenarios", {}), source=str(path))
    return text


def read_scenarios(table: object, *, source: str) -> Scenarios:
    """Scenarios from a table.

    Raises
    ------
    SourceError
        An entry cannot be used; the sentence names it.
    """
    if not isinstance(table, Mapping):
        raise SourceError(f"{source}: scenarios is not a table; write [scenarios.NAME] as docs/closures.md shows.")
    return Scenarios(scenarios=tuple(_scenario(name, entry, source) for name, entry in table.items()))


def _scenario(name: str, entry: Any, source: str) -> Scenario:
    where = f"{source}, [scenarios.{name}]"
    if not isinstance(entry, Mapping) or not isinstance(entry.get("closures"), list) or not entry["closures"]:
        raise SourceError(f"{where}: it has no closures; add [[scenarios.{name}.closures]].")
    closures = tuple(_closure(one, name, f"{where}, closure {at}") for at, one in enumerate(entry["closures"], 1))
    return Scenario(name=name, title=str(entry.get("title", name)), closures=closures)


def _closure(entry: Any, scenario: str, where: str) -> NewClosure:
    if not isinstance(entry, Mapping):
        raise SourceError(f"{where}: it is not a table.")
    fields = {**entry, "scenario": scenario}
    if isinstance(fields.get("polygon"), list):
        fields["polygon"] = [_corner(one) for one in fields["polygon"]]
    try:
        return load_request(NewClosure, fields)
    except FieldError as error:
        raise SourceError(f"{where}: {error}") from None


def _corner(given: Any) -> Any:
    return {"lat": given[0], "lon": given[1]} if isinstance(given, list) and len(given) == 2 else given
