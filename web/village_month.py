"""One month of a village or kecamatan as its officials see it: its incidents, and counts and times by category.

Pure: cases in, figures out, whether the cases come from the tables or are made again from the event log alone
(`web.exports.cases_of_log`). Drills and incidents found to be the same as another are left out, and counted as such. A
time that nobody recorded, or that a wrong clock made impossible, leaves the incident in the count, told as missing.

Of a sensitive category (see `dispatch.reach.is_sensitive`) an incident is told without its point and, once it is over,
without its hour and minutes (`dispatch.reach.times_told`), and the times of the category only from `FEW` incidents on:
with fewer, a mean or a quantile is a person's own. The same incidents are left out of the times of the total, from
which they could be taken.

Of a hidden category (`dispatch.reach.is_hidden`) no incident is told at all and none is in the counts: all of them
together are counted for a whole kecamatan, once the month is over and from `FEW` incidents on, and not in the total.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

import numpy as np

from dispatch.directory import Directory
from dispatch.exports_common import Cell, IncidentCase, category_name
from dispatch.exports_ministry import month_bounds, month_of, seconds_to
from dispatch.incidents import Milestone, Severity
from dispatch.public_counts import LEAST
from dispatch.reach import (
    TimesTold,
    for_village,
    hidden_categories,
    is_hidden,
    is_sensitive,
    lies_within,
    times_told,
    told_time,
)
from gis.types import Location
from planning.demand import Area
from planning.response_standard import ResponseFigures, response_figures

FEW: Final = LEAST
"""From so many incidents on, the times of a sensitive category are told."""
UNLISTED: Final = "unlisted"
"""Stands for all hidden categories together."""
NO_STANDARD: Final = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageIncident:
    """An incident as an official sees it.

    Attributes
    ----------
    received_at
        Local time of the first report, as closely as it may be told: of the day its beginning.
    told
        How closely times are told.
    village
        Code; None where only the kecamatan is known.
    location
        None where it is not known, or may not be told.
    units
        Ids of the units sent, by the time they were.
    units_by_kind
        How many of each kind.
    response_s
        From the first report to the first unit on scene; None where that was not recorded, or may not be told;
        negative where a clock was wrong.
    standard_s
        Of the category; None where it has none.
    in_time
        Within the standard; None without a standard or a usable time.
    """

    incident_id: str
    category: str
    sensitive: bool
    severity: Severity
    status: str
    is_open: bool
    exercise: bool
    received_at: datetime
    told: TimesTold
    closed_at: datetime | None
    village: str | None
    location: Location | None
    units: tuple[str, ...]
    units_by_kind: Mapping[str, int]
    dispatched_at: datetime | None
    on_scene_at: datetime | None
    response_s: float | None
    standard_s: float | None
    in_time: bool | None
    is_recorded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryMonth:
    """A category in a month, or all of them (`category` is `*`).

    Attributes
    ----------
    units_sent
        Units, each once per incident.
    figures
        Incidents, recorded and missing arrivals, quantiles.
    standard_s
        None where the category has none, and for the total.
    in_time, judged
        Of the recorded ones that have a standard.
    tells_times
        Whether quantiles may be told.
    """

    category: str
    sensitive: bool
    units_sent: int
    figures: ResponseFigures
    standard_s: float | None
    in_time: int
    judged: int
    tells_times: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageMonth:
    """The month of an area.

    Attributes
    ----------
    incidents
        The newest first.
    categories
        Those that have incidents, in the directory's order.
    total
        All categories together.
    exercises, duplicates
        How many were left out.
    unlisted
        Incidents of hidden categories, which are in nothing else; None where it is not told.
    tells_unlisted
        Whether they are counted for this reader at all: for a kecamatan, once the month is over, from `FEW` on.
    """

    area: str
    month: str
    incidents: tuple[VillageIncident, ...]
    categories: tuple[CategoryMonth, ...]
    total: CategoryMonth
    exercises: int
    duplicates: int
    unlisted: int | None
    tells_unlisted: bool


def village_incident(
    case: IncidentCase, *, directory: Directory, unit_kinds: Mapping[str, str], timezone: tzinfo
) -> VillageIncident:
    """What an official sees of a case."""
    incident = for_village(case.incident, directory)
    sensitive = is_sensitive(incident.category, directory)
    category = directory.category(incident.category)
    standard = None if category is None or category.standard is None else category.standard.within_s
    response = seconds_to(case, Milestone.ON_SCENE)
    is_recorded = response is not None and response >= 0
    told = times_told(case.incident, directory)

    def local(moment: datetime | None) -> datetime | None:
        """A time of the day; None where days alone are told."""
        if moment is None or told is TimesTold.DAY:
            return None
        return told_time(moment, told, timezone).astimezone(timezone)

    response_told = None if told is TimesTold.DAY else response
    if response_told is not None and told is TimesTold.MINUTE:
        response_told = 60.0 * round(response_told / 60)

    return VillageIncident(
        incident_id=incident.incident_id,
        category=incident.category,
        sensitive=sensitive,
        severity=incident.severity,
        status=incident.status.value,
        is_open=incident.status.is_open,
        exercise=incident.exercise,
        received_at=told_time(incident.received_at, told, timezone).astimezone(timezone),
        told=told,
        closed_at=local(incident.closed_at),
        village=incident.location.village_code,
        location=incident.location.location,
        units=case.units,
        units_by_kind=dict(sorted(Counter(unit_kinds.get(one, "unit") for one in case.units).items())),
        dispatched_at=local(case.first(Milestone.DISPATCHED)),
        on_scene_at=local(case.first(Milestone.ON_SCENE)),
        response_s=response_told,
        standard_s=standard,
        in_time=response <= standard if standard is not None and response is not None and response >= 0 else None,
        is_recorded=is_recorded,
    )


def village_month(
    cases: Iterable[IncidentCase],
    *,
    area: str,
    month: str,
    directory: Directory,
    unit_kinds: Mapping[str, str],
    timezone: tzinfo,
    now: datetime,
) -> VillageMonth:
    """The month of an area.

    Parameters
    ----------
    cases
        Incidents with their assignments, at least those of the area and month; others do no harm.
    area
        Code of a village or kecamatan.
    month
        Local, such as `2026-10`.
    directory
        Categories and standards.
    unit_kinds
        Kind of a unit by its id.
    timezone
        Of the region.
    now
        Whether the month is over.

    Raises
    ------
    InputError
        A month of another form.
    """
    month_bounds(month, timezone)
    everything = [
        one
        for one in cases
        if month_of(one.incident.received_at, timezone) == month
        and (
            lies_within(area, one.incident.location.village_code)
            or lies_within(area, one.incident.location.kecamatan_code)
        )
    ]
    here = [one for one in everything if not is_hidden(one.incident.category, directory)]
    unlisted = sum(
        is_hidden(one.incident.category, directory) and not one.incident.exercise and one.incident.duplicate_of is None
        for one in everything
    )
    # A count that grows while people look would tell of each incident on its day.
    tells_unlisted = _is_kecamatan(area) and month < month_of(now, timezone) and bool(hidden_categories(directory))
    counted = [one for one in here if not one.incident.exercise and one.incident.duplicate_of is None]
    counted.sort(key=lambda one: (one.incident.received_at, one.incident.incident_id), reverse=True)
    order = {one.category_id: number for number, one in enumerate(directory.categories)}
    found = sorted({one.incident.category for one in counted}, key=lambda one: (order.get(one, len(order)), one))
    by_category = tuple(
        _category([one for one in counted if one.incident.category == name], area, name, directory) for name in found
    )
    return VillageMonth(
        area=area,
        month=month,
        incidents=tuple(
            village_incident(one, directory=directory, unit_kinds=unit_kinds, timezone=timezone) for one in counted
        ),
        categories=by_category,
        total=_total(counted, area, by_category),
        exercises=sum(one.incident.exercise for one in here),
        duplicates=sum(not one.incident.exercise and one.incident.duplicate_of is not None for one in here),
        unlisted=unlisted if tells_unlisted and unlisted >= FEW else None,
        tells_unlisted=tells_unlisted,
    )


def _is_kecamatan(area: str) -> bool:
    """A code of three parts: kabupaten, kecamatan."""
    return area.count(".") == 2


FIGURE_COLUMNS: Final = (
    "month", "area_code", "category", "category_name", "incidents", "units_sent", "arrival_recorded", "arrival_missing",
    "arrival_impossible", "standard_min", "judged", "within_standard", "median_min", "p90_min", "times_withheld",
)  # fmt: skip
INCIDENT_COLUMNS: Final = (
    "incident_id", "date", "time", "category", "category_name", "status", "village_code", "lat", "lon", "units",
    "dispatched", "on_scene", "response_min", "standard_min", "within_standard",
)  # fmt: skip


def figure_rows(found: VillageMonth, directory: Directory, lang: str) -> list[list[Cell]]:
    """The figures as rows of `FIGURE_COLUMNS`, the total last; before it what is not listed, where that is told."""

    def row(one: CategoryMonth) -> list[Cell]:
        of, name = one.figures, {"id": "Jumlah", "en": "Total"}[lang]
        tells = one.tells_times and of.recorded > 0
        return [
            found.month, found.area, one.category,
            name if one.category == "*" else category_name(directory, one.category, lang),
            of.incidents, one.units_sent, of.recorded, of.missing, of.impossible, _minutes(one.standard_s), one.judged,
            one.in_time, _minutes(of.median_s) if tells else None, _minutes(of.p90_s) if tells else None,
            not one.tells_times,
        ]  # fmt: skip

    rows = [row(one) for one in (*found.categories, found.total)]
    if found.tells_unlisted:
        name = {"id": "Tidak ditampilkan (di luar jumlah)", "en": "Not shown (not in the total)"}[lang]
        nothing: list[Cell] = [None] * (len(FIGURE_COLUMNS) - 6)
        rows.insert(-1, [found.month, found.area, UNLISTED, name, found.unlisted, *nothing, True])
    return rows


def incident_rows_of(found: VillageMonth, directory: Directory, lang: str) -> list[list[Cell]]:
    """The incidents as rows of `INCIDENT_COLUMNS`; local times, a withheld one is empty."""

    def clock(moment: datetime | None) -> Cell:
        return None if moment is None else moment.strftime("%Y-%m-%d %H:%M")

    rows: list[list[Cell]] = []
    for one in found.incidents:
        tells = one.told is not TimesTold.DAY
        rows.append([
            one.incident_id, one.received_at.strftime("%Y-%m-%d"), one.received_at.strftime("%H:%M") if tells else None,
            one.category, category_name(directory, one.category, lang), one.status, one.village,
            None if one.location is None else round(one.location.lat, 5),
            None if one.location is None else round(one.location.lon, 5),
            " ".join(one.units), clock(one.dispatched_at), clock(one.on_scene_at),
            None if one.response_s is None or one.response_s < 0 else _minutes(one.response_s),
            _minutes(one.standard_s), one.in_time,
        ])  # fmt: skip
    return rows


def _category(cases: Sequence[IncidentCase], area: str, category: str, directory: Directory) -> CategoryMonth:
    known = directory.category(category)
    standard = None if known is None or known.standard is None else known.standard.within_s
    sensitive = is_sensitive(category, directory)
    figures = _figures(cases, area, standard)
    return CategoryMonth(
        category=category,
        sensitive=sensitive,
        units_sent=sum(len(one.units) for one in cases),
        figures=figures,
        standard_s=standard,
        in_time=figures.in_time,
        judged=figures.recorded if standard is not None else 0,
        tells_times=not sensitive or figures.recorded >= FEW,
    )


def _total(cases: Sequence[IncidentCase], area: str, parts: Sequence[CategoryMonth]) -> CategoryMonth:
    told = {one.category for one in parts if one.tells_times}
    whole = _figures(cases, area, None)
    times = _figures([one for one in cases if one.incident.category in told], area, None)
    figures = ResponseFigures(
        area=whole.area,
        incidents=whole.incidents,
        recorded=whole.recorded,
        impossible=whole.impossible,
        in_time=sum(one.in_time for one in parts),
        mean_s=times.mean_s,
        median_s=times.median_s,
        p90_s=times.p90_s,
    )
    return CategoryMonth(
        category="*",
        sensitive=False,
        units_sent=sum(one.units_sent for one in parts),
        figures=figures,
        standard_s=None,
        in_time=sum(one.in_time for one in parts),
        judged=sum(one.judged for one in parts),
        tells_times=times.recorded > 0,
    )


def _figures(cases: Sequence[IncidentCase], area: str, standard_s: float | None) -> ResponseFigures:
    times = [seconds_to(one, Milestone.ON_SCENE) for one in cases]
    response_s = np.array([NO_STANDARD if one is None else one for one in times], dtype=np.float64)
    return response_figures(
        Area(code=area, name="", parent_code=""), response_s, NO_STANDARD if standard_s is None else standard_s
    )


def _minutes(seconds: float | None) -> Cell:
    return None if seconds is None or np.isnan(seconds) else round(seconds / 60, 1)
