"""The monthly report to the ministry: a table of named measures under the titles that a mapping gives them.

The ministry's own list of fields is not known to this project: `DEFAULT_TOML` is a starting point, and a centre puts
the official titles in its place without a line of code. One row per month and category, in local time of the region,
then calls that led to no incident, then the total.

What is counted: incidents by the month of their first report, without drills and without those found to be
duplicates; calls by the month they came in, without those of drills. An incident belongs to the category it has now.
"""

from __future__ import annotations

import math
import re
import statistics
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from dispatch.directory import Directory
from dispatch.exports_common import Cell, IncidentCase, category_name, csv_text
from dispatch.incidents import Call, CallType, Milestone, Severity
from gis.errors import InputError, SourceError

NO_INCIDENT: Final = ""
"""Category of calls that led to no incident."""
TOTAL: Final = "*"
MAX_COLUMNS: Final = 200

_ROW_NAMES: Final = {
    NO_INCIDENT: {"id": "Tanpa insiden", "en": "No incident"},
    TOTAL: {"id": "Jumlah", "en": "Total"},
}
_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


class Measure(StrEnum):
    """What a column holds; docs/exports.md says how each is counted."""

    MONTH = "month"
    CATEGORY = "category"
    CATEGORY_NAME = "category_name"
    CALLS = "calls"
    INCIDENTS = "incidents"
    UNITS_SENT = "units_sent"
    REPORT_TO_DISPATCH = "report_to_dispatch"
    REPORT_TO_ON_SCENE = "report_to_on_scene"
    WITHIN_STANDARD = "within_standard"


class Statistic(StrEnum):
    """Of a time; `COUNT` is of how many incidents it is known, `LEFT_OUT` of how many it was negative."""

    MEAN = "mean"
    MEDIAN = "median"
    P90 = "p90"
    COUNT = "count"
    LEFT_OUT = "left_out"


_TIMES: Final = frozenset({Measure.REPORT_TO_DISPATCH, Measure.REPORT_TO_ON_SCENE})
_UNITS: Final[Mapping[Measure, tuple[str, ...]]] = MappingProxyType(
    {**dict.fromkeys(_TIMES, ("min", "s")), Measure.WITHIN_STANDARD: ("share", "percent")}
)
"""Units of a measure, the first where the mapping names none."""
_FILTERS: Final[Mapping[Measure, tuple[str, ...]]] = MappingProxyType(
    {
        Measure.CALLS: ("call_type",),
        Measure.INCIDENTS: ("severity", "disposition"),
        Measure.UNITS_SENT: ("severity", "disposition", "unit_kind"),
        Measure.REPORT_TO_DISPATCH: ("severity", "disposition"),
        Measure.REPORT_TO_ON_SCENE: ("severity", "disposition"),
        Measure.WITHIN_STANDARD: ("severity", "disposition"),
    }
)

DEFAULT_TOML: Final = """\
# Columns of the monthly report, in their order. Put the titles of the official form in place of these.
# measure: month, category, category_name, calls, incidents, units_sent, report_to_dispatch, report_to_on_scene,
# within_standard. docs/exports.md says how each is counted and which filters it takes.
language = "id"
total = true

[[column]]
title = "Bulan"
measure = "month"

[[column]]
title = "Kategori"
measure = "category_name"

[[column]]
title = "Panggilan"
measure = "calls"

[[column]]
title = "Panggilan normal"
measure = "calls"
call_type = "normal"

[[column]]
title = "Panggilan hantu"
measure = "calls"
call_type = "ghost"

[[column]]
title = "Panggilan iseng"
measure = "calls"
call_type = "prank"

[[column]]
title = "Panggilan informasi"
measure = "calls"
call_type = "information"

[[column]]
title = "Panggilan ganda"
measure = "calls"
call_type = "duplicate"

[[column]]
title = "Panggilan uji"
measure = "calls"
call_type = "test"

[[column]]
title = "Insiden"
measure = "incidents"

[[column]]
title = "Unit dikirim"
measure = "units_sent"

[[column]]
title = "Laporan sampai pengiriman, rata-rata (menit)"
measure = "report_to_dispatch"
statistic = "mean"

[[column]]
title = "Laporan sampai pengiriman, median (menit)"
measure = "report_to_dispatch"
statistic = "median"

[[column]]
title = "Laporan sampai pengiriman, persentil 90 (menit)"
measure = "report_to_dispatch"
statistic = "p90"

[[column]]
title = "Laporan sampai tiba, rata-rata (menit)"
measure = "report_to_on_scene"
statistic = "mean"

[[column]]
title = "Laporan sampai tiba, median (menit)"
measure = "report_to_on_scene"
statistic = "median"

[[column]]
title = "Laporan sampai tiba, persentil 90 (menit)"
measure = "report_to_on_scene"
statistic = "p90"

[[column]]
title = "Dalam standar (persen)"
measure = "within_standard"
unit = "percent"

# One column per disposition of the directory is added where this stands.
[dispositions]
title = "Insiden: {name}"
"""
"""The default mapping, to be copied into a file and edited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportColumn:
    """One column.

    Attributes
    ----------
    title
        As it is printed.
    measure
        See `Measure`.
    statistic
        Of a time; None for other measures.
    unit
        `min` or `s` for times, `share` or `percent` for shares; empty for other measures.
    filters
        Field to the one value that counts: `call_type`, `severity`, `disposition`, `unit_kind`.
    """

    title: str
    measure: Measure
    statistic: Statistic | None = None
    unit: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMapping:
    """All columns; language of names; whether there is a total; title of the columns per disposition, if any."""

    columns: tuple[ReportColumn, ...]
    lang: str = "id"
    total: bool = True
    disposition_title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyReport:
    """The finished table."""

    titles: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def read_mapping(text: str, *, source: str) -> ReportMapping:
    """A mapping from TOML.

    Parameters
    ----------
    text
        See `DEFAULT_TOML`.
    source
        The file, for the text of errors.

    Raises
    ------
    SourceError
        No TOML; an unknown key, measure, statistic, filter or value (a misspelt one must not become a column of
        zeros); no column, or a title twice.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise SourceError(f"{source} is no TOML file: {fault}.") from fault
    _known(table, ("language", "total", "column", "dispositions"), source)
    lang, total, listed = table.get("language", "id"), table.get("total", True), table.get("column", [])
    if lang not in ("id", "en"):
        raise SourceError(f"{source}: language must be “id” or “en”.")
    if not isinstance(total, bool):
        raise SourceError(f"{source}: total must be true or false.")
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_COLUMNS:
        raise SourceError(f"{source}: give 1 to {MAX_COLUMNS} tables [[column]], each with a title and a measure.")
    columns = tuple(_column(one, f"{source}, column {at}") for at, one in enumerate(listed, start=1))
    title = None
    if "dispositions" in table:
        where = f"{source}, [dispositions]"
        if not isinstance(table["dispositions"], dict):
            raise SourceError(f"{where} must be a table with a title.")
        _known(table["dispositions"], ("title",), where)
        title = _text(table["dispositions"], "title", where)
        if "{name}" not in title:
            raise SourceError(f"{where}: the title must hold {{name}}, where the disposition's name is put.")
    titles = [one.title for one in columns]
    for one in titles:
        if titles.count(one) > 1:
            raise SourceError(f"{source}: the title “{one}” stands there twice; give each column its own.")
    return ReportMapping(columns=columns, lang=lang, total=total, disposition_title=title)


def _column(table: object, where: str) -> ReportColumn:
    if not isinstance(table, dict):
        raise SourceError(f"{where} is no table; give a title and a measure.")
    title, word = _text(table, "title", where), _text(table, "measure", where)
    if word not in set(Measure):
        raise SourceError(f"{where}: “{word}” is no measure; use {', '.join(Measure)}.")
    measure = Measure(word)
    filters, units = _FILTERS.get(measure, ()), _UNITS.get(measure, ())
    special = (("statistic",) if measure in _TIMES else ()) + (("unit",) if units else ())
    _known(table, ("title", "measure", *filters, *special), where)
    statistic = None
    if measure in _TIMES:
        chosen = table.get("statistic")
        if chosen not in list(Statistic):
            raise SourceError(f"{where}: {measure} needs a statistic: {', '.join(Statistic)}.")
        statistic = Statistic(chosen)
    unit = table.get("unit", units[0] if units else "")
    if units and unit not in units:
        raise SourceError(f"{where}: the unit of {measure} is {' or '.join(units)}.")
    chosen_filters = {name: _text(table, name, where) for name in filters if name in table}
    for name, allowed in (("call_type", set(CallType)), ("severity", set(Severity))):
        if name in chosen_filters and chosen_filters[name] not in allowed:
            raise SourceError(f"{where}: “{chosen_filters[name]}” is no {name}; use {', '.join(sorted(allowed))}.")
    return ReportColumn(title=title, measure=measure, statistic=statistic, unit=unit, filters=chosen_filters)


def _known(table: Mapping[str, object], keys: Iterable[str], where: str) -> None:
    unknown = sorted(set(table) - set(keys))
    if unknown:
        raise SourceError(f"{where}: “{unknown[0]}” is not known here; use {', '.join(keys)}.")


def _text(table: Mapping[str, object], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise SourceError(f"{where}: {key} must be a text that is not empty.")
    return value


def check_mapping(mapping: ReportMapping, directory: Directory, *, source: str) -> None:
    """Refuse a mapping that filters by a disposition of which the directory knows nothing.

    Parameters
    ----------
    mapping
        As it was read.
    directory
        Of the centre.
    source
        The file, for the text of errors.

    Raises
    ------
    SourceError
        With the dispositions that there are.
    """
    known = [one.disposition_id for one in directory.dispositions]
    for column in mapping.columns:
        if column.filters.get("disposition") not in (None, *known):
            raise SourceError(
                f"{source}, column “{column.title}”: “{column.filters['disposition']}” is no disposition of the "
                f"directory; use {', '.join(known) or 'none, for there are none'}."
            )


def month_of(moment: datetime, timezone: tzinfo) -> str:
    """The local month of a time, such as `2026-01`."""
    return f"{moment.astimezone(timezone):%Y-%m}"


def month_bounds(month: str, timezone: tzinfo) -> tuple[datetime, datetime]:
    """Begin of a local month and of the next, in UTC: what to ask a store for.

    Raises
    ------
    InputError
        Not of the form `2026-01`.
    """
    found = _MONTH.fullmatch(month)
    if found is None or not 1 <= int(found[1]) <= 9998:
        raise InputError("“{month}” is no month; write it as 2026-01.", month=month[:20])
    year, number = int(found[1]), int(found[2])
    start = datetime(year, number, 1, tzinfo=timezone)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=timezone)
    return start.astimezone(UTC), end.astimezone(UTC)


def monthly_report(
    cases: Iterable[IncidentCase],
    calls: Iterable[Call],
    *,
    months: Sequence[str],
    mapping: ReportMapping,
    directory: Directory,
    unit_kinds: Mapping[str, str],
    timezone: tzinfo,
    now: datetime,
) -> MonthlyReport:
    """The table of one or more months.

    Parameters
    ----------
    cases
        Incidents with their assignments; at least those of the months, and those that calls of the months belong to.
        Others do no harm.
    calls
        All calls of the months, with an incident or without; others do no harm.
    months
        Such as `2026-01`, in the order of the rows.
    mapping
        The columns.
    directory
        Categories, in the order of the rows; standards; dispositions.
    unit_kinds
        Kind of a unit by its id.
    timezone
        Of the region: it says where a month ends.
    now
        The time: an incident that is still open and overdue is outside the standard already.

    Raises
    ------
    InputError
        A month of another form.
    """
    for month in months:
        month_bounds(month, timezone)
    cells: defaultdict[tuple[str, str], _Cellar] = defaultdict(_Cellar)
    all_cases = {one.incident.incident_id: one for one in cases}
    for case in all_cases.values():
        incident = case.incident
        if not incident.exercise and incident.duplicate_of is None:
            month = month_of(incident.received_at, timezone)
            cells[month, incident.category].cases.append(case)
            cells[month, TOTAL].cases.append(case)
    for call in calls:
        of = all_cases.get(call.incident_id or "")
        if of is None or not of.incident.exercise:
            month = month_of(call.received_at, timezone)
            cells[month, NO_INCIDENT if of is None else of.incident.category].calls.append(call)
            cells[month, TOTAL].calls.append(call)

    columns = mapping.columns + _disposition_columns(mapping, directory)
    listed = [one.category_id for one in directory.categories]
    gone = sorted({category for _, category in cells} - {*listed, NO_INCIDENT, TOTAL})
    categories = [*listed, *gone, NO_INCIDENT, *([TOTAL] if mapping.total else [])]
    rows = []
    for month in months:
        for category in categories:
            cellar = cells.get((month, category)) or _Cellar()
            head: dict[Measure, Cell] = {
                Measure.MONTH: month,
                Measure.CATEGORY: category,
                Measure.CATEGORY_NAME: _row_name(category, directory, mapping.lang),
            }
            rows.append(
                tuple(
                    head[one.measure] if one.measure in head else _value(one, cellar, directory, unit_kinds, now)
                    for one in columns
                )
            )
    return MonthlyReport(titles=tuple(one.title for one in columns), rows=tuple(rows))


def report_csv(report: MonthlyReport, *, notice: str | None = None) -> str:
    """The table as CSV; see `dispatch.exports_common.UTF8_WITH_MARK`. With a demonstration region's notice, if any."""
    return csv_text(report.titles, report.rows, notice)


@dataclass(slots=True)
class _Cellar:
    """What one row counts."""

    cases: list[IncidentCase] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)


def _row_name(category: str, directory: Directory, lang: str) -> str:
    special = _ROW_NAMES.get(category)
    return category_name(directory, category, lang) if special is None else special[lang]


def _disposition_columns(mapping: ReportMapping, directory: Directory) -> tuple[ReportColumn, ...]:
    if mapping.disposition_title is None:
        return ()
    return tuple(
        ReportColumn(
            # Not str.format: a title is a person's text and may hold other braces.
            title=mapping.disposition_title.replace("{name}", one.name.get(mapping.lang) or one.disposition_id),
            measure=Measure.INCIDENTS,
            filters={"disposition": one.disposition_id},
        )
        for one in directory.dispositions
    )


def _value(
    column: ReportColumn, cellar: _Cellar, directory: Directory, unit_kinds: Mapping[str, str], now: datetime
) -> Cell:
    wanted = column.filters
    if column.measure is Measure.CALLS:
        kind = wanted.get("call_type")
        return sum(kind in (None, one.call_type) for one in cellar.calls)
    cases = [
        one
        for one in cellar.cases
        if wanted.get("severity") in (None, one.incident.severity)
        and ("disposition" not in wanted or one.incident.disposition == wanted["disposition"])
    ]
    match column.measure:
        case Measure.INCIDENTS:
            return len(cases)
        case Measure.UNITS_SENT:
            kind = wanted.get("unit_kind")
            return sum(kind in (None, unit_kinds.get(unit_id)) for one in cases for unit_id in one.units)
        case Measure.WITHIN_STANDARD:
            return _within_standard(cases, column.unit, directory, now)
    milestone = Milestone.DISPATCHED if column.measure is Measure.REPORT_TO_DISPATCH else Milestone.ON_SCENE
    return _statistic([seconds_to(one, milestone) for one in cases], column)


def seconds_to(case: IncidentCase, milestone: Milestone) -> float | None:
    """Seconds from the first report of an incident to the first of its units at a milestone; None where none is."""
    reached = case.first(milestone)
    return None if reached is None else (reached - case.incident.received_at).total_seconds()


def _statistic(times: list[float | None], column: ReportColumn) -> Cell:
    # A clock that was wrong gives a time before the report; it is told (`left_out`), and spoils no mean.
    known = sorted(one for one in times if one is not None and one >= 0)
    if column.statistic is Statistic.COUNT:
        return len(known)
    if column.statistic is Statistic.LEFT_OUT:
        return sum(one is not None and one < 0 for one in times)
    if not known:
        return None
    seconds = _STATISTICS[column.statistic or Statistic.MEAN](known)
    return round(seconds / 60, 1) if column.unit == "min" else round(seconds)


def _p90(known: list[float]) -> float:
    """The least time that at least 90 of 100 do not exceed (nearest rank): always one that happened."""
    return known[math.ceil(len(known) * 9 / 10) - 1]


_STATISTICS: Final[Mapping[Statistic, Callable[[list[float]], float]]] = MappingProxyType(
    {Statistic.MEAN: statistics.fmean, Statistic.MEDIAN: statistics.median, Statistic.P90: _p90}
)


def _within_standard(cases: list[IncidentCase], unit: str, directory: Directory, now: datetime) -> Cell:
    met = counted = 0
    for case in cases:
        category = directory.category(case.incident.category)
        if category is None or category.standard is None:
            continue
        seconds = seconds_to(case, Milestone.ON_SCENE)
        if seconds is not None and seconds >= 0:
            counted += 1
            met += seconds <= category.standard.within_s
        elif seconds is None and case.incident.status.is_open:
            # Nobody is there yet: too late already, or not to be judged before the time is over.
            counted += (now - case.incident.received_at).total_seconds() > category.standard.within_s
    if not counted:
        return None
    return round(100 * met / counted, 1) if unit == "percent" else round(met / counted, 3)
