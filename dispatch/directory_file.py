"""The directory from TOML: read, check that it hangs together, and fall back to the default pack.

The tables stand in region.toml and are edited there (docs/directory.md). Five of them belong together, the core:
`agencies`, `categories`, `questions`, `response_plans`, `dispositions`. A region has all five or none; with none it
gets the default pack of a kabupaten, and says so. Stations and hospitals that it does not list are those of the
region's own map. `dispatch.directory_toml` writes the tables.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, Final

from dispatch.directory import Agency, Directory, Hospital, Station
from dispatch.directory_read import read_tables
from dispatch.toml_entry import shown
from dispatch.vocabulary import normalised
from gis.errors import SourceError
from gis.geodesy import distance_m
from gis.types import Location

CORE: Final = ("agencies", "categories", "questions", "response_plans", "dispositions")
"""Tables that refer to each other: all of them or none."""

TABLES: Final = (
    "directory", *CORE, "stations", "hospitals", "neighbours", "village_officials", "rosters",
)  # fmt: skip
OTHER_TABLES: Final = ("region", "sources", "routing", "dispatch", "recommendation", "timers", "alerts", "webhooks")
"""What else stands in region.toml; a table that is in neither list is remarked on."""

AT_STATION_M: Final = 150.0
"""A unit parked this near a station stands at it; positions of public lists are rounded to about 100 m."""

PLACEHOLDER: Final = "BELUM-DITETAPKAN"
"""How an export code begins that the centre has yet to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryRead:
    """What was read.

    Attributes
    ----------
    directory
        The directory.
    from_default_pack
        The file has no core tables of its own.
    remarks
        What the centre should look at, one sentence each; none of it keeps the centre from working.
    """

    directory: Directory
    from_default_pack: bool
    remarks: tuple[str, ...]


@cache
def default_pack_toml() -> str:
    """The default pack of a kabupaten with its comments, ready to be put into region.toml."""
    return (files("dispatch") / "defaults" / "kabupaten.toml").read_text(encoding="utf-8")


def directory_of(
    region_table: Mapping[str, Any],
    *,
    stations: Sequence[tuple[str, str, Location]] = (),
    hospitals: Sequence[tuple[str, Location]] = (),
    source: str = "region.toml",
) -> DirectoryRead:
    """The directory of a region.

    Parameters
    ----------
    region_table
        `region.toml` as read, or any part of it.
    stations
        Kind, name and position of the stations on the region's map, used where the file has no `[[stations]]`;
        an agency takes those whose kind is among its `station_kinds`.
    hospitals
        Name and position of the hospitals on the map, used where the file has no `[[hospitals]]`.
    source
        The file, for the text of errors.

    Raises
    ------
    SourceError
        Something in the tables cannot be used; the sentence names file, table, entry and field.
    """
    remarks: list[str] = []
    for name in region_table:
        if name not in (*TABLES, *OTHER_TABLES):
            if near := get_close_matches(name, TABLES, n=1, cutoff=0.75):
                raise SourceError(f"{source}: {shown(name)} is not a table; did you mean {near[0]}?")
            remarks.append(f"{source}: the table {shown(name)} is not one of the directory.")
    own = {name: region_table[name] for name in TABLES if name in region_table}
    has_core = [name for name in CORE if name in own]
    if has_core and len(has_core) < len(CORE):
        missing = next(name for name in CORE if name not in own)
        raise SourceError(
            f"{source}: it has {has_core[0]} but no {missing}; write all of {', '.join(CORE)}, or none of them to "
            "get the default pack."
        )
    if not has_core:
        own = {**tomllib.loads(default_pack_toml()), **own}
        remarks.insert(0, f"{source} has no run cards of its own; the default pack of a kabupaten is used.")
    directory = read_tables(own, source)
    if "stations" not in own:
        directory = replace(directory, stations=_stations_on_map(directory, stations))
    if "hospitals" not in own:
        directory = replace(directory, hospitals=_hospitals_on_map(hospitals))
    return DirectoryRead(
        directory=directory,
        from_default_pack=not has_core,
        remarks=(*remarks, *_remarks(directory, own, source)),
    )


def region_toml(own: str | None, *, source: str) -> str:
    """The directory's part of a new region.toml: the default pack, or what a centre wrote instead or beside it.

    Parameters
    ----------
    own
        TOML text with tables of the directory; with the core tables it stands alone, without them the default pack
        comes before it. None for the default pack alone.
    source
        The file of that text, for the text of errors.

    Raises
    ------
    SourceError
        The text is no TOML, has other tables than those of the directory, or cannot be used.
    """
    if own is None:
        return default_pack_toml()
    tables = toml_tables(own, source=source)
    foreign = [name for name in tables if name not in TABLES]
    if foreign:
        raise SourceError(f"{source}: {shown(foreign[0])} is not a table of the directory; use {', '.join(TABLES)}.")
    # Other tables come before it in region.toml: a bare key would be taken for a field of the last of these.
    lines = (line.strip() for line in own.splitlines())
    if next((line for line in lines if line and not line.startswith("#")), "[")[0] != "[":
        raise SourceError(f"{source}: something stands before its first [table]; put it into a table.")
    directory_of(tables, source=source)
    if any(name in tables for name in CORE):
        return own
    head, mark, rest = default_pack_toml().partition("[directory]\n")
    # The pack's own [directory] gives way to one of the centre's: TOML allows a table once.
    pack = head + rest[rest.index("# ---") :] if "directory" in tables else head + mark + rest
    return f"{pack}\n{own}"


def toml_tables(text: str, *, source: str) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises
    ------
    SourceError
        It is no TOML, with the line.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"{source} is not valid TOML: {error}; mend that line.") from None


def agency_of(directory: Directory, name: str) -> Agency | None:
    """The agency that a units file means by a name: its id, name or one of its aliases, in any spelling."""
    wanted = normalised(name)
    for agency in directory.agencies:
        if wanted in {normalised(word) for word in (agency.agency_id, agency.name, *agency.aliases)}:
            return agency
    return None


def home_station(directory: Directory, agency_id: str, location: Location) -> Station | None:
    """The station at which a parked unit of an agency stands, its own agency's before others; None where it is none.

    Only stations within `AT_STATION_M` count; equally near ones go by id.
    """
    near: list[tuple[bool, float, str, Station]] = []
    for one in directory.stations:
        metres = float(distance_m(one.location.lat, one.location.lon, location.lat, location.lon))
        if metres <= AT_STATION_M:
            near.append((one.agency != agency_id, round(metres, 2), one.station_id, one))
    return min(near, key=lambda row: row[:3])[3] if near else None


# --- the region's own map, and remarks --------------------------------------------------------------------------------


def _stations_on_map(directory: Directory, rows: Sequence[tuple[str, str, Location]]) -> tuple[Station, ...]:
    agency = {kind: one.agency_id for one in directory.agencies for kind in one.station_kinds}
    kept = [row for row in rows if row[0] in agency]
    ids = _slugs([name for _, name, _ in kept])
    return tuple(
        Station(station_id=slug, name=name, agency=agency[kind], location=location)
        for slug, (kind, name, location) in zip(ids, kept, strict=True)
    )


def _hospitals_on_map(rows: Sequence[tuple[str, Location]]) -> tuple[Hospital, ...]:
    ids = _slugs([name for name, _ in rows])
    return tuple(
        Hospital(hospital_id=slug, name=name, location=location)
        for slug, (name, location) in zip(ids, rows, strict=True)
    )


def _slugs(names: Sequence[str]) -> list[str]:
    """An id for every name, different ones also for equal names, by their order."""
    slugs: list[str] = []
    for name in names:
        words = "".join(char if char.isascii() and char.isalnum() else " " for char in name.lower()).split()
        slug = base = "-".join(words)[:50].strip("-") or "pos"
        number = 1
        while slug in slugs:
            number += 1
            slug = f"{base}-{number}"
        slugs.append(slug)
    return slugs


def _remarks(directory: Directory, tables: Mapping[str, Any], source: str) -> list[str]:
    remarks: list[str] = []
    if without := [one.category_id for one in directory.categories if one.standard is None]:
        remarks.append(
            f"{source}, [[categories]]: no response standard is set for {', '.join(without)}; nothing of these is "
            "ever overdue."
        )
    unset = sum(code.startswith(PLACEHOLDER) for one in directory.categories for code in (one.exports or {}).values())
    if unset:
        remarks.append(f"{source}, [[categories]]: {unset} export codes are still placeholders ({PLACEHOLDER}).")
    asked = {question.question_id for plan in directory.plans for question in plan.questions}
    remarks += [
        f"{source}, [[questions]] {one['id']}: no run card asks it."
        for one in tables.get("questions", ())
        if one["id"] not in asked
    ]
    return remarks
