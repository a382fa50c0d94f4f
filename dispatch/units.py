"""Units from a CSV file, as a centre keeps them in a spreadsheet.

One row per unit; columns `id, kind, agency, status, lat, lon, fix_time, capabilities` in any order, capitals or not,
other columns ignored; separated by commas or semicolons; UTF-8. `docs/units.md` describes the file for its authors.

A row that cannot be read is left out and reported with its line and field, never repaired by a guess; so are all rows
of an id that stands there more than once. What makes the whole file doubtful (a missing column) refuses the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TextIO
from zoneinfo import ZoneInfo

from dispatch.types import Unit, UnitStatus
from dispatch.vocabulary import normalised, unit_kind, unit_status
from gis.errors import InputError, SourceError
from gis.types import Location

COLUMNS: Final = ("id", "kind", "agency", "status", "lat", "lon", "fix_time", "capabilities")
CLOCK_TOLERANCE = timedelta(seconds=60)
"""A fix may be this far ahead of our clock before it is taken as wrong."""
DEFAULT_TIMEZONE: Final = ZoneInfo("Asia/Jakarta")
MAX_SHOWN = 40
"""Characters of a faulty value that its message repeats."""

_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(?:[.,][0-9]+)?")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_CAPABILITY_SEPARATORS = re.compile(r"[\s;|]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """Why one row was left out.

    Attributes
    ----------
    line
        Line of the file on which the row begins, from 1 (the header).
    field
        The column at fault, or `row` where the row as a whole is.
    text
        One sentence with file, line and field.
    """

    line: int
    field: str
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsRead:
    """What a units file holds: the units in the order of the file, and the rows that were left out."""

    units: tuple[Unit, ...]
    problems: tuple[RowProblem, ...]


def read_units(file: Path | TextIO, *, source: str, now: datetime, timezone: ZoneInfo = DEFAULT_TIMEZONE) -> UnitsRead:
    """Read a units file.

    Parameters
    ----------
    file
        A path, or text already open.
    source
        What to call the file in messages.
    now
        The time, with its zone; fixes more than a minute later are faults.
    timezone
        Zone of fix times that carry no offset.

    Raises
    ------
    SourceError
        The file cannot be opened or is no UTF-8 CSV, has no rows, lacks a column, or names one twice.
    """
    rows = _records(_text_of(file, source), source)
    header_line, header = next(rows, (1, []))
    if not header:
        raise SourceError(f"{source} is empty; its first line must name the columns {', '.join(COLUMNS)}.")
    place = _columns(header, f"{source}, line {header_line}")

    units: list[Unit] = []
    problems: list[RowProblem] = []
    lines_of_id: dict[str, dict[int, str]] = {}
    for line, row in rows:
        try:
            if len(row) != len(header):
                raise _FieldError("row", f"it has {len(row)} cells where the header has {len(header)}.")
            cell = {column: row[index].strip() for column, index in place.items()}
            if cell["id"]:
                lines_of_id.setdefault(cell["id"].casefold(), {})[line] = cell["id"]
            units.append(_unit(cell, now, timezone))
        except _FieldError as fault:
            problems.append(
                RowProblem(line=line, field=fault.field, text=f"{source}, line {line}, {fault.field}: {fault.text}")
            )

    repeated = {key: lines for key, lines in lines_of_id.items() if len(lines) > 1}
    problems += [_repeated_id(lines, source) for lines in repeated.values()]
    units = [unit for unit in units if unit.unit_id.casefold() not in repeated]
    if not units and not problems:
        raise SourceError(f"{source} names columns but no unit; add one row per unit.")
    return UnitsRead(units=tuple(units), problems=tuple(sorted(problems, key=lambda problem: problem.line)))


def _repeated_id(lines: Mapping[int, str], source: str) -> RowProblem:
    """None of the rows is taken, for any of them may be the wrong one."""
    written = ", ".join(f"“{_short(name)}”" for name in dict.fromkeys(lines.values()))
    *some, last = map(str, lines)
    return RowProblem(
        line=min(lines),
        field="id",
        text=f"{source}, lines {', '.join(some)} and {last}, id: {written} stands there {len(lines)} times and none of "
        "these rows is used; give every unit its own id.",
    )


class _FieldError(Exception):
    """One field of a row cannot be used."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.text = text


def _text_of(file: Path | TextIO, source: str) -> str:
    try:
        if isinstance(file, Path):
            return file.read_bytes().decode("utf-8-sig")
        return file.read().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{source} is not UTF-8 text (byte {error.start}); save it from the spreadsheet as “CSV UTF-8”."
        ) from error
    except OSError as error:
        raise SourceError(f"{source} cannot be read: {error.strerror or error}; check its path.") from error


def _records(text: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the line on which it begins."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True)
    begins = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        raise SourceError(f"{source}, line {begins}: the row is no valid CSV ({error}); check its quotes.") from error


def _columns(header: list[str], where: str) -> dict[str, int]:
    """Index of every wanted column."""
    names = [normalised(name) for name in header]
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        lacking = f"column {missing[0]} is" if len(missing) == 1 else f"columns {', '.join(missing)} are"
        raise SourceError(
            f"{where}: {lacking} missing; the columns are {', '.join(COLUMNS)}, separated by commas or semicolons."
        )
    twice = [column for column in COLUMNS if names.count(column) > 1]
    if twice:
        raise SourceError(f"{where}: column {twice[0]} stands there twice; keep one.")
    return {column: names.index(column) for column in COLUMNS}


def _unit(cell: dict[str, str], now: datetime, timezone: ZoneInfo) -> Unit:
    if not cell["id"]:
        raise _FieldError("id", "it is empty; give every unit its own id.")
    kind = unit_kind(cell["kind"])
    if not kind:
        raise _FieldError("kind", "it is empty; write what the unit is, such as ambulance or fire_engine.")
    status = unit_status(cell["status"])
    if status is None:
        raise _FieldError("status", f"“{_short(cell['status'])}” is not a status; use one of {', '.join(UnitStatus)}.")
    return Unit(
        unit_id=cell["id"],
        kind=kind,
        agency=cell["agency"],
        status=status,
        location=_location(cell["lat"], cell["lon"]),
        fix_time=_fix_time(cell["fix_time"], now, timezone),
        capabilities=frozenset(
            normalised(word) for word in _CAPABILITY_SEPARATORS.split(cell["capabilities"]) if normalised(word)
        ),
    )


def _location(lat_text: str, lon_text: str) -> Location:
    lat, lon = _degrees("lat", lat_text, "-6.7123"), _degrees("lon", lon_text, "108.5456")
    if not -90 <= lat <= 90:
        raise _FieldError("lat", f"{lat:g} is not between -90 and 90; were latitude and longitude swapped?")
    try:
        return Location(lat=lat, lon=lon)
    except InputError:
        raise _FieldError("lon", f"{lon:g} is not between -180 and 180 degrees; correct it.") from None


def _degrees(field: str, text: str, example: str) -> float:
    if not _DEGREES.fullmatch(text):
        what = f"“{_short(text)}” is not a number" if text else "it is empty"
        raise _FieldError(field, f"{what}; write degrees such as {example}.")
    return float(text.replace(",", "."))


def _fix_time(text: str, now: datetime, timezone: ZoneInfo) -> datetime | None:
    """UTC of a fix; None where the cell is empty: the unit is parked at its post and the age is not known."""
    if not text:
        return None
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        local = datetime.fromisoformat(text)
        if local.tzinfo is None:
            local = local.replace(tzinfo=timezone)
            if local.utcoffset() != local.replace(fold=1).utcoffset():
                raise _FieldError(
                    "fix_time",
                    f"“{text}” falls in a change of the clocks of {timezone.key}; add the offset from UTC.",
                )
        fix_time = local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _FieldError(
            "fix_time",
            f"“{_short(text)}” is not a time; write it as 2026-01-31T13:45:00+07:00, or leave it empty for a unit "
            "parked at its post.",
        ) from None
    if fix_time - now > CLOCK_TOLERANCE:
        raise _FieldError("fix_time", f"“{text}” lies in the future; check the clock and the offset from UTC.")
    return fix_time


def _short(text: str) -> str:
    """A faulty value on one line and fit for a terminal."""
    shown = "".join(char if char.isprintable() else "�" for char in " ".join(text.split()))
    return shown if len(shown) <= MAX_SHOWN else shown[:MAX_SHOWN] + "…"
