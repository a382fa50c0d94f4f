"""The monthly report to the ministry: a table of named measures under the titles that a mapping gives them.

The ministry's own list of fields is not known to this project: `dispatch.exports_mapping.DEFAULT_TOML` is a starting
point, and a centre puts the official titles in its place without a line of code. One row per month and category, in
local time of the region, then calls that led to no incident, then the total.

What is counted: incidents by the month of their first report, without drills and without those found to be
duplicates; calls by the month they came in, without those of drills. An incident belongs to the category it has now.
"""

from __future__ import annotations

import math
import re
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Final

from dispatch.directory import Directory
from dispatch.exports_common import Cell, IncidentCase, category_name, csv_text
from dispatch.exports_mapping import Measure, ReportColumn, ReportMapping, Statistic
from dispatch.incidents import Call, Milestone
from gis.errors import N_, InputError

NO_INCIDENT: Final = ""
"""Category of calls that led to no incident."""
TOTAL: Final = "*"

_ROW_NAMES: Final = {
    NO_INCIDENT: {"id": "Tanpa insiden", "en": "No incident"},
    TOTAL: {"id": "Jumlah", "en": "Total"},
}
_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyReport:
    """The finished table."""

    titles: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


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
    # A zone must not carry a bound beyond what a calendar has.
    if found is None or not 2 <= int(found[1]) <= 9998:
        raise InputError(N_("“{month}” is no month; write it as 2026-01."), month=month[:20])
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
    """Seconds from the first report of an incident to the first of its units at a milestone; None where none is.

    A time before the report, or before its own unit was sent, cannot be; where there is no other, this is negative.
    """
    reported = case.incident.received_at
    possible: list[float] = []
    impossible: list[float] = []
    for one in case.assignments:
        if milestone not in one.milestones:
            continue
        reached = one.milestones[milestone].time
        since_sent = reached - one.milestones.get(Milestone.DISPATCHED, one.milestones[milestone]).time
        seconds = (reached - reported).total_seconds()
        least = min(seconds, since_sent.total_seconds())
        (possible if least >= 0 else impossible).append(seconds if least >= 0 else least)
    return min(possible or impossible, default=None)


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
