"""Incidents as GeoJSON and CSV, at three levels of privacy.

At the public level an incident is a village (or, where few of its category happened there, a kecamatan or only the
region), an hour and a category. Rows of one area and category are given only where there are at least `MIN_GROUP`
of them; smaller groups move up to the kecamatan, then to the region, and what is too few even there is left out,
without saying how much. A category can ask for more by `exports["public"]`: `kecamatan`, `region` or `hidden`.
Publish whole months of the past: the difference of two overlapping exports can single out what neither shows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Any, Final

from dispatch.directory import Directory
from dispatch.exports_common import (
    Areas,
    Cell,
    IncidentCase,
    PrivacyLevel,
    area_codes,
    category_export,
    category_name,
    csv_text,
    local_hour,
)
from dispatch.incidents import Incident, IncidentStatus, Milestone
from dispatch.reach import TimesTold, times_told, told_time
from gis.types import Location

MIN_GROUP: Final = 5
"""Public rows of one area and category are shown from this many on."""

LEVELS: Final = ("village", "kecamatan", "region")
"""Areas of public rows, from the smallest up."""
HIDDEN: Final = "hidden"

_PUBLIC: Final = (
    "category", "category_name", "hour", "state", "exercise", "area_level", "area_code", "area_name", "lat", "lon",
    "radius_m",
)  # fmt: skip
_AGENCY: Final = (
    "incident_id", "category", "category_name", "severity", "status", "exercise", "alarm_level", "received_at",
    "status_at", "closed_at", "location_kind", "lat", "lon", "radius_m", "village_code", "village_name",
    "kecamatan_code", "kecamatan_name", "calls", "units", "dispatched_at", "en_route_at", "on_scene_at", "disposition",
)  # fmt: skip
_INTERNAL: Final = (
    *_AGENCY, "duplicate_of", "handed_to", "notified", "call_ids", "assignment_ids", "recommendation_ids", "hospitals",
)  # fmt: skip

COLUMNS: Final[Mapping[PrivacyLevel, tuple[str, ...]]] = MappingProxyType(
    {PrivacyLevel.PUBLIC: _PUBLIC, PrivacyLevel.AGENCY: _AGENCY, PrivacyLevel.INTERNAL: _INTERNAL}
)
"""What a level shows, in the order of the table. Everything else stays in."""

Row = dict[str, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRows:
    """Rows of an export; `suppressed` says whether something was too rare to be shown."""

    level: PrivacyLevel
    rows: tuple[Row, ...]
    suppressed: bool


def incident_rows(
    cases: Iterable[IncidentCase],
    *,
    level: PrivacyLevel,
    directory: Directory,
    areas: Areas,
    timezone: tzinfo,
    lang: str = "id",
    min_group: int = MIN_GROUP,
    for_village: bool = False,
) -> IncidentRows:
    """Incidents as flat rows with the columns of a level.

    Parameters
    ----------
    cases
        Incidents, in any order; at the public level without those found to be duplicates.
    level
        Who may read it.
    directory
        Names and codes of categories.
    areas
        Villages and kecamatan by code.
    timezone
        Of the region; all times are local, with their offset.
    lang
        Of the categories' names.
    min_group
        See `MIN_GROUP`.
    for_village
        Whether a village official reads the public level: cases are of one area alone, so an hour tells more than
        among those of a region, and is told as closely as `dispatch.reach.times_told` says.
    """
    if level is PrivacyLevel.PUBLIC:
        return _public_rows(cases, directory, areas, timezone, lang, min_group, for_village)
    full = [_full_row(one, directory, areas, timezone, lang) for one in cases]
    full.sort(key=lambda row: str(row["incident_id"]))
    rows = tuple({name: row[name] for name in COLUMNS[level]} for row in full)
    return IncidentRows(level=level, rows=rows, suppressed=False)


def incidents_csv(found: IncidentRows, *, notice: str | None = None) -> str:
    """Rows as a CSV text; see `dispatch.exports_common.UTF8_WITH_MARK`.

    Parameters
    ----------
    found
        The rows.
    notice
        What every export of a demonstration region says.
    """
    columns = COLUMNS[found.level]
    return csv_text(columns, ([row[name] for name in columns] for row in found.rows), notice)


def incidents_geojson(found: IncidentRows, *, notice: str | None = None) -> str:
    """Rows as a GeoJSON FeatureCollection (RFC 7946); `lat` and `lon` become the point, or null.

    Parameters
    ----------
    found
        The rows.
    notice
        What every export of a demonstration region says.
    """
    collection: dict[str, Any] = {
        "type": "FeatureCollection",
        "privacy": found.level.value,
        "suppressed": found.suppressed,
        "features": [_feature(row) for row in found.rows],
    }
    if notice is not None:
        collection["notice"] = notice
    return json.dumps(collection, ensure_ascii=False, allow_nan=False, indent=1)


def _feature(row: Row) -> dict[str, Any]:
    properties = {
        name: value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
        for name, value in row.items()
        if name not in ("lat", "lon")
    }
    at = None if row["lat"] is None else {"type": "Point", "coordinates": [row["lon"], row["lat"]]}
    return {"type": "Feature", "geometry": at, "properties": properties}


def _point(location: Location | None, radius_m: float | None) -> Row:
    # Six digits are a decimetre: more would only look exact.
    return {
        "lat": None if location is None else round(location.lat, 6),
        "lon": None if location is None else round(location.lon, 6),
        "radius_m": None if radius_m is None else round(radius_m, 1),
    }


def _full_row(case: IncidentCase, directory: Directory, areas: Areas, timezone: tzinfo, lang: str) -> Row:
    incident = case.incident
    village, kecamatan = area_codes(incident)
    hospitals = {one.hospital_id for one in directory.hospitals} | {one.name for one in directory.hospitals}

    def local(milestone: Milestone) -> Cell:
        moment = case.first(milestone)
        return None if moment is None else moment.astimezone(timezone)

    def name_of(code: str | None) -> Cell:
        area = None if code is None else areas.get(code)
        return None if area is None else area.name

    return {
        "incident_id": incident.incident_id,
        "category": incident.category,
        "category_name": category_name(directory, incident.category, lang),
        "severity": incident.severity.value,
        "status": incident.status.value,
        "exercise": incident.exercise,
        "alarm_level": incident.alarm_level,
        "received_at": incident.received_at.astimezone(timezone),
        "status_at": incident.status_at.astimezone(timezone),
        "closed_at": None if incident.closed_at is None else incident.closed_at.astimezone(timezone),
        "location_kind": incident.location.kind.value,
        **_point(incident.location.location, incident.location.radius_m),
        "village_code": village,
        "village_name": name_of(village),
        "kecamatan_code": kecamatan,
        "kecamatan_name": name_of(kecamatan),
        "calls": len(case.calls),
        "units": " ".join(case.units),
        "dispatched_at": local(Milestone.DISPATCHED),
        "en_route_at": local(Milestone.EN_ROUTE),
        "on_scene_at": local(Milestone.ON_SCENE),
        "disposition": incident.disposition,
        "duplicate_of": incident.duplicate_of,
        "handed_to": incident.handed_to,
        "notified": " ".join(incident.notified),
        "call_ids": " ".join(sorted(one.call_id for one in case.calls)),
        "assignment_ids": " ".join(one.assignment_id for one in case.assignments),
        "recommendation_ids": " ".join(
            dict.fromkeys(one.recommendation_id for one in case.assignments if one.recommendation_id is not None)
        ),
        # A crew may write any name here: only the directory's own go out.
        "hospitals": "; ".join(
            dict.fromkeys(one.hospital for one in case.assignments if one.hospital in hospitals and one.hospital)
        ),
    }


def _public_rows(
    cases: Iterable[IncidentCase], directory: Directory, areas: Areas, timezone: tzinfo, lang: str, min_group: int,
    for_village: bool,
) -> IncidentRows:  # fmt: skip
    waiting = [one.incident for one in cases if one.incident.duplicate_of is None]
    least = {one.category_id: category_export(one, "public") or LEVELS[0] for one in directory.categories}
    shown: list[tuple[Incident, str, str]] = []
    for place, level in enumerate(LEVELS):
        here, above = [], []
        for incident in waiting:
            wanted = least.get(incident.category, LEVELS[0])
            # A word that is no level must not show more than was meant.
            index = LEVELS.index(wanted) if wanted in LEVELS else len(LEVELS)
            code = _code(incident, level)
            if index <= place and code is not None:
                here.append((incident, level, code))
            else:
                above.append(incident)
        sizes = Counter(_group(incident, code) for incident, _, code in here)
        shown += [one for one in here if sizes[_group(one[0], one[2])] >= min_group]
        waiting = above + [one[0] for one in here if sizes[_group(one[0], one[2])] < min_group]

    rows = []
    for incident, level, code in shown:
        area = areas.get(code)
        told = times_told(incident, directory) if for_village else TimesTold.EXACT
        rows.append(
            {
                "category": incident.category,
                "category_name": category_name(directory, incident.category, lang),
                "hour": local_hour(told_time(incident.received_at, told, timezone), timezone),
                "state": _state(incident.status),
                "exercise": incident.exercise,
                "area_level": level,
                "area_code": code,
                "area_name": None if area is None else area.name,
                **_point(None if area is None else area.middle, None if area is None else area.radius_m),
            }
        )
    # In an order that says nothing of the minutes.
    rows.sort(key=lambda row: tuple(str(row[name]) for name in _PUBLIC))
    return IncidentRows(level=PrivacyLevel.PUBLIC, rows=tuple(rows), suppressed=bool(waiting))


def _group(incident: Incident, code: str) -> tuple[str, str, bool]:
    return incident.category, code, incident.exercise


def _code(incident: Incident, level: str) -> str | None:
    village, kecamatan = area_codes(incident)
    return {"village": village, "kecamatan": kecamatan}.get(level, "")


def _state(status: IncidentStatus) -> str:
    return "open" if status.is_open else status.value
