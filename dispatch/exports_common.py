"""What all exports share: an incident with all that belongs to it, privacy levels, safe cells, local times.

No export holds what a person typed freely (words, notes, labels, reasons), who called (name, number, its hash) or who
took or sent (staff): the functions here never hand such a field on, so no level can show it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Final

from dispatch.directory import Category, Directory
from dispatch.incidents import Assignment, Call, Incident, Milestone
from gis.codes import kecamatan_of
from gis.types import Location

Cell = str | int | float | bool | datetime | None
"""A value of a table; times are aware."""

UTF8_WITH_MARK: Final = "utf-8-sig"
"""How a CSV text is to be encoded: spreadsheets take a file without the mark for another encoding."""

# What a spreadsheet takes for a formula, also in full width; and what it skips before one.
_FORMULA: Final = re.compile(r"[\s\x00-\x1f\x7f\u200b\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")


class PrivacyLevel(StrEnum):
    """Who may read an export.

    `PUBLIC`: anybody; villages and hours, nothing that singles out one incident. `AGENCY`: those who respond; exact
    points and times, units. `INTERNAL`: the centre; also what an incident refers to.
    """

    PUBLIC = "public"
    AGENCY = "agency"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCase:
    """An incident with its calls and all its assignments, also those that ended."""

    incident: Incident
    calls: tuple[Call, ...] = ()
    assignments: tuple[Assignment, ...] = ()

    def first(self, milestone: Milestone) -> datetime | None:
        """When the first of its units reached a milestone; None where none has."""
        times = (one.milestones[milestone].time for one in self.assignments if milestone in one.milestones)
        return min(times, default=None)

    @property
    def units(self) -> tuple[str, ...]:
        """Ids of the units sent, each once, by the time they were."""
        sent = sorted(
            (one.milestones[Milestone.DISPATCHED].time, one.assignment_id, one.unit_id)
            for one in self.assignments
            if Milestone.DISPATCHED in one.milestones
        )
        return tuple(dict.fromkeys(unit_id for _, _, unit_id in sent))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportArea:
    """A village or kecamatan as an export shows it: the name, the middle, and the radius in metres around it."""

    code: str
    name: str
    middle: Location
    radius_m: float


Areas = Mapping[str, ExportArea]
"""Areas by code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """The centre as it signs what leaves it.

    Attributes
    ----------
    sender
        Domain name of the centre: no blank, comma, `<` or `&`.
    sender_name
        To be read by people.
    restriction
        The rule under which a restricted alert is read.
    areas
        Villages and kecamatan by code.
    notice
        The demonstration region's notice; None for a real region.
    """

    sender: str = "112.invalid"
    sender_name: str = "112"
    restriction: str = "Hanya untuk instansi yang menangani / for responding agencies only"
    areas: Areas = field(default_factory=dict)
    notice: str | None = None


def area_codes(incident: Incident) -> tuple[str | None, str | None]:
    """Codes of the village and the kecamatan of an incident, as far as they are known."""
    village, kecamatan = incident.location.village_code, incident.location.kecamatan_code
    if kecamatan is None and village is not None:
        kecamatan = kecamatan_of(village)
    return village, kecamatan


def category_export(category: Category | None, target: str) -> str | None:
    """The code of a category in the codes of another system; None where the directory names none."""
    return None if category is None else (category.exports or {}).get(target)


def category_name(directory: Directory, category_id: str, lang: str) -> str:
    """Name of a category in a language, else in any, else its id."""
    category = directory.category(category_id)
    names = {} if category is None else category.name
    return names.get(lang) or next(iter(names.values()), category_id)


def local_hour(moment: datetime, timezone: tzinfo) -> datetime:
    """The hour in which something happened, in local time: its beginning."""
    return moment.astimezone(timezone).replace(minute=0, second=0, microsecond=0)


def safe_cell(value: Cell) -> str | int | float:
    """A value as it may stand in a spreadsheet.

    A text that a spreadsheet would run as a formula gets an apostrophe in front. Numbers stay numbers, a negative
    latitude among them. Times keep their offset and lose parts of seconds.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, str):
        # Other control characters break rows or hide what follows; no field of ours needs them.
        return "'" + value if _FORMULA.match(value) else value
    return value


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Cell]], notice: str | None = None) -> str:
    """A CSV table (RFC 4180); with a notice, its last column says it in every row.

    Encode it as `UTF8_WITH_MARK`.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    more: tuple[Cell, ...] = () if notice is None else (notice,)
    writer.writerow([safe_cell(name) for name in (*columns, *(() if notice is None else ("notice",)))])
    writer.writerows([[safe_cell(value) for value in (*row, *more)] for row in rows])
    return out.getvalue()
