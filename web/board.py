"""The board: what a desk shows, as one snapshot of the open incidents and the fleet, or as what changed since another.

Cut to the reach of who asks (`web.reach`). Ages and what is left until something is due are not sent: the reader counts
from the moments and the server's clock (`now`), for a desk's own clock may be wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from dispatch.codec import dump
from dispatch.directory import Directory
from dispatch.incidents import Assignment, Incident, UnitState
from dispatch.reach import Reach
from dispatch.store import queries
from dispatch.store.reach import units_within
from dispatch.timers import Timer, due
from web.access import Permission, actor
from web.centre import Centre
from web.reach import shown_incident, shown_times

MAX_OPEN: Final = 1000
"""Incidents that a board shows: the newest."""
MAX_EVENTS: Final = 500
"""Events after which a change is no longer told apart: the whole board is sent."""
_OF_BOARD: Final = ("incident.", "assignment.", "unit.", "handover.", "directory.")


def board_json(centre: Centre, after: int | None = None) -> dict[str, Any]:
    """The board as who asks may see it.

    Parameters
    ----------
    centre
        The centre.
    after
        Sequence number of the board that the asker has: only what changed since is sent, `gone` names the incidents
        that are not open any more and `gone_units` the units that left the fleet. None, or too many events since, or an
        asker who does not see the whole centre: everything.

    Returns
    -------
    dict
        `seq` and `now` that it is of, `whole`, `incidents`, `units`, `gone`, `gone_units`.
    """
    who = actor()
    seq = centre.store.head()[0]  # read first: whatever follows it is told again
    touched = _touched(centre, after, seq) if who.reach.is_whole else None
    incident_ids, unit_ids = (None, None) if touched is None else touched
    now = centre.store.now()
    incidents, assignments = _incidents(centre, who.reach, now, incident_ids)
    bound = {one.unit_id: one for one in assignments if one.is_active}
    fleet = centre.units() if Permission.FLEET_READ in who.may else ()
    kinds = {one.unit.unit_id: one.unit.kind for one in fleet}
    units = _units(centre, who.reach, fleet, None if unit_ids is None else unit_ids | bound.keys())
    if incident_ids is not None:
        with centre.store.book() as book:
            bound |= queries.active_assignments(book.connection)
    theirs: dict[str, list[Assignment]] = defaultdict(list)
    for one in assignments:
        theirs[one.incident_id].append(one)
    directory = centre.store.directory()
    there, known = {one.incident_id for one in incidents}, {one.unit.unit_id for one in fleet}
    return {
        "seq": seq,
        "now": dump(now),
        "whole": touched is None,
        "incidents": [_incident(centre, directory, one, theirs[one.incident_id], now, kinds) for one in incidents],
        "units": [_unit(one, bound.get(one.unit.unit_id)) for one in units],
        "gone": sorted((incident_ids or set()) - there),
        "gone_units": sorted((unit_ids or set()) - known),
    }


def _touched(centre: Centre, after: int | None, seq: int) -> tuple[set[str], set[str]] | None:
    """Incidents and units of the events since; None where everything is to be sent."""
    if after is None or after > seq:
        return None
    events = centre.store.events_after(after, limit=MAX_EVENTS + 1)
    if len(events) > MAX_EVENTS:
        return None
    events = [one for one in events if one.type.startswith(_OF_BOARD)]
    if any(one.type.startswith("directory.") for one in events):
        return None
    incidents = {one.incident_id for one in events if one.incident_id is not None}
    return incidents, {one.unit_id for one in events if one.unit_id is not None}


def _incidents(
    centre: Centre, reach: Reach, now: datetime, only: Collection[str] | None
) -> tuple[Sequence[Incident], Sequence[Assignment]]:
    with centre.store.book() as book:
        found = queries.incidents(book.connection, limit=MAX_OPEN, only_open=True, reach=(reach, now), only=only).items
        ids = None if only is None and reach.is_whole else [one.incident_id for one in found]
        return found, queries.assignments_of_open(book.connection, ids)


def _units(
    centre: Centre, reach: Reach, fleet: Sequence[UnitState], only: Collection[str] | None
) -> Sequence[UnitState]:
    if only is not None:
        return [one for one in fleet if one.unit.unit_id in only]
    if reach.is_whole:
        return fleet
    with centre.store.book() as book:
        within = units_within(book.connection, [one.unit.unit_id for one in fleet], reach)
    return [one for one in fleet if one.unit.unit_id in within]


def _incident(
    centre: Centre,
    directory: Directory,
    incident: Incident,
    assignments: Sequence[Assignment],
    now: datetime,
    kinds: dict[str, str],
) -> dict[str, Any]:
    shown = shown_incident(incident)
    place = shown["location"]
    category = directory.category(incident.category)
    timers = due(
        incident,
        None if category is None else category.standard,
        assignments,
        now,
        kinds=kinds,
        dispatch=centre.settings.dispatch,
        timers=centre.timer_settings,
    )
    row = {
        "incident_id": shown["incident_id"],
        "category": shown["category"],
        "severity": shown["severity"],
        "status": shown["status"],
        "received_at": shown["received_at"],
        "status_at": shown["status_at"],
        "alarm_level": shown["alarm_level"],
        "exercise": shown["exercise"],
        "handed_to": shown["handed_to"],
        "version": shown["version"],
        "place": {
            "kind": place["kind"],
            "location": place["location"],
            "radius_m": place["radius_m"],
            "label": place["label"],
            "village": _area(centre, place["village_code"]),
            "kecamatan": _area(centre, place["kecamatan_code"]),
        },
        "timers": [_timer(one) for one in timers],
        "units": [one.unit_id for one in assignments if one.is_active],
        "sent": len(assignments),
    }
    return shown_times(row, incident)


def _area(centre: Centre, code: str | None) -> dict[str, str] | None:
    if code is None:
        return None
    try:
        return {"code": code, "name": centre.region.boundaries.area(code).name}
    except LookupError:  # the region had it when the incident was located, and has it no more
        return {"code": code, "name": code}


def _timer(one: Timer) -> dict[str, Any]:
    return {
        "key": one.key,
        "kind": one.kind.value,
        "unit_id": one.unit_id,
        "started_at": dump(one.started_at),
        "due_at": dump(one.due_at),
        "within_s": one.within_s,
    }


def _unit(state: UnitState, bound: Assignment | None) -> dict[str, Any]:
    unit = state.unit
    return {
        "unit_id": unit.unit_id,
        "kind": unit.kind,
        "agency": unit.agency,
        "station": state.station,
        "status": unit.status.value,
        "status_at": dump(state.status_at),
        "free_at": None if state.free_at is None else dump(state.free_at),
        "on_duty": state.on_duty,
        "capabilities": sorted(unit.capabilities),
        "lat": unit.location.lat,
        "lon": unit.location.lon,
        "fix_time": None if unit.fix_time is None else dump(unit.fix_time),
        "incident_id": None if bound is None else bound.incident_id,
        "assignment_id": None if bound is None else bound.assignment_id,
        "version": state.version,
    }
