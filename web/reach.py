"""What an answer shows to whom: records out of reach are not found, and what is shown is cut to who asks.

A village official sees incidents of the own area without notes, callers, labels and, of a sensitive category, without
the point, what became of a patient, and times closer than `dispatch.reach.times_told` says; agencies and crews see
theirs without what is known of callers beside the texts that their role may read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar, cast

from flask import current_app

from dispatch.codec import dump, load
from dispatch.commands import AcknowledgeIncident
from dispatch.events import Event
from dispatch.incidents import Assignment, Incident, IncidentLocation, TextField
from dispatch.reach import (
    OF_A_PATIENT,
    Reach,
    TimesTold,
    assignment_for_village,
    for_village,
    is_sensitive,
    lies_within,
    times_told,
    told_time,
    whole_days,
)
from dispatch.store.reach import incidents_within, units_within
from dispatch.store.store import Answer
from gis.errors import N_
from web.access import OBJECT_SCOPES, ForbiddenError, Permission, Scope, actor
from web.centre import Centre
from web.masking import mask_text
from web.problems import unknown_id

CENTRE: Final = "siaga112-centre"
Json = TypeVar("Json", dict[str, Any], list[Any])
_AUDIT: Final = ("account.", "texts.unmasked")
_OF_INCIDENT: Final = frozenset({
    "incident.opened", "incident.located", "incident.edited", "incident.moved", "incident.status_corrected",
    "incident.alarm_raised", "incident.agency_notified", "incident.agency_acknowledged", "incident.overdue",
    "assignment.made", "assignment.acknowledged", "assignment.milestone",
    "assignment.milestone_corrected", "assignment.ended", "verification.asked", "verification.answered",
    "handover.asked", "handover.received", "alert.issued",
})  # fmt: skip
"""Events that those see who do not see the whole centre."""
_FREE_WORDS: Final = ("override_reason", "end_reason", "reason", "assigned_by")
"""Fields of an assignment and its events that somebody wrote or that name somebody."""
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")


def _centre() -> Centre | None:
    found: Centre | None = current_app.extensions.get(CENTRE)
    return found


def check_within(scope: Scope, key: str, reach: Reach) -> None:
    """Answer a record that is out of reach as one that is not there.

    Raises
    ------
    UnknownIdError
        It is out of reach, or there is none.
    """
    centre = _centre()
    if centre is not None and _is_within(centre, scope, key, reach):
        return
    what = OBJECT_SCOPES[scope].removesuffix("_id")
    raise unknown_id(what, key)


def _is_within(centre: Centre, scope: Scope, key: str, reach: Reach) -> bool:
    with centre.store.book() as book:
        if scope is Scope.UNIT:
            return bool(units_within(book.connection, [key], reach))
        if scope is Scope.VERIFICATION:
            asked = book.verification(key)
            if asked is None:
                return False
            if reach.area is not None:
                incident = book.incident(asked.incident_id)
                is_told = incident is not None and incident.category not in reach.without
                return is_told and lies_within(reach.area, asked.village_code)
            key = asked.incident_id
        return bool(incidents_within(book.connection, [key], reach, centre.store.now()))


def check_unit(unit_id: str) -> None:
    """Answer a unit out of the asker's reach as one that is not there.

    Raises
    ------
    UnknownIdError
        It is out of reach.
    """
    if not actor().reach.is_whole:
        check_within(Scope.UNIT, unit_id, actor().reach)


def check_speaker(command: Any) -> None:
    """Let nobody speak for another agency than his own.

    Raises
    ------
    ForbiddenError
        The command acknowledges in the name of another.
    """
    own = actor().reach.agency
    if isinstance(command, AcknowledgeIncident) and own not in (None, command.agency):
        raise ForbiddenError(N_("You speak for the agency {agency} alone; name that one."), agency=own)


def units_in_reach(unit_ids: Iterable[str]) -> frozenset[str]:
    """Those of the units that the asker may see."""
    centre = _centre()
    if centre is None:
        return frozenset()
    with centre.store.book() as book:
        return units_within(book.connection, list(unit_ids), actor().reach)


# --- what is shown -----------------------------------------------------------------------------------------------


def is_cut() -> bool:
    """Whether the asker sees less than the whole record."""
    return not actor().reach.is_whole


def shown_incident(incident: Incident) -> dict[str, Any]:
    """An incident as the asker may see it."""
    centre = _centre()
    if actor().reach.area is None or centre is None:
        whole: dict[str, Any] = dump(incident)
        return whole
    return shown_times(dump(for_village(incident, centre.store.directory())), incident)


def shown_assignment(assignment: Assignment, incident: Incident) -> dict[str, Any]:
    """An assignment to an incident as the asker may see it."""
    centre = _centre()
    if actor().reach.area is None or centre is None:
        whole: dict[str, Any] = dump(assignment)
        return whole
    return shown_times(dump(assignment_for_village(assignment, incident, centre.store.directory())), incident)


def times_shown(incident: Incident) -> TimesTold:
    """How closely the asker is told the times of an incident."""
    centre = _centre()
    if actor().reach.area is None or centre is None:
        return TimesTold.EXACT
    return times_told(incident, centre.store.directory())


def shown_times(shown: Json, incident: Incident) -> Json:
    """JSON that tells of an incident, with every time in it as closely as the asker is told it."""
    told, centre = times_shown(incident), _centre()
    if told is TimesTold.EXACT or centre is None:
        return shown
    timezone = centre.store.timezone

    def cut(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: cut(one) for key, one in value.items()}
        if isinstance(value, list):
            return [cut(one) for one in value]
        # Whatever looks like a time is one: nothing that somebody wrote is left in what a village is shown.
        if isinstance(value, str) and _TIME.fullmatch(value):
            return dump(told_time(datetime.fromisoformat(value), told, timezone))
        return value

    return cast(Json, cut(shown))


def shown_span(since: datetime | None, until: datetime | None) -> tuple[datetime | None, datetime | None]:
    """A span of time that is asked for: for a village whole days, see `dispatch.reach.whole_days`."""
    centre = _centre()
    if actor().reach.area is None or centre is None:
        return since, until
    return whole_days(since, until, centre.store.timezone)


def shown_answer(answer: Answer) -> Answer:
    """The answer to a command as the asker may see it."""
    reach, centre = actor().reach, _centre()
    if reach.is_whole or centre is None:
        return answer
    shown = {key: value for key, value in answer.items() if key not in ("calls", "recommendations")}
    if reach.area is not None:
        found = [shown_incident(load(Incident, one)) for one in answer.get("incidents", [])]
        shown = {**shown, "incidents": found} if found else shown
    return shown


def shown_events(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Events as JSON: those that the asker may see, and of each what he may see."""
    who, centre = actor(), _centre()
    if Permission.CENTRE_READ not in who.may:
        # A screen on the wall hears that something happened, and asks for its own few numbers.
        return [{"seq": one.seq, "type": "changed"} for one in events]
    if Permission.AUDIT_READ not in who.may:
        events = [one for one in events if not one.type.startswith(_AUDIT)]
    if who.reach.is_whole or centre is None:
        return [dump(one) for one in events]
    with centre.store.book() as book:
        incidents = incidents_within(
            book.connection, {one.incident_id for one in events if one.incident_id}, who.reach, centre.store.now()
        )
        units = units_within(book.connection, {one.unit_id for one in events if one.unit_id}, who.reach)
        seen = [one for one in events if _may_see(one, who.reach, incidents, units)]
        about = {}
        if who.reach.area is not None:
            about = {key: book.incident(key) for key in {one.incident_id for one in seen if one.incident_id}}
    shown = [_cut(one, None if one.incident_id is None else about.get(one.incident_id), centre) for one in seen]
    return [one for one in shown if one is not None]


def _may_see(event: Event, reach: Reach, incidents: frozenset[str], units: frozenset[str]) -> bool:
    if event.type.startswith("unit."):
        return event.unit_id in units
    if event.type not in _OF_INCIDENT or event.incident_id not in incidents:
        return False
    if {_category_of(event), event.payload.get("category")} & set(reach.without):
        return False  # what it was held for before it was put into another category
    if event.type.startswith("verification.") and reach.area is not None:
        return lies_within(reach.area, event.payload.get("village_code", reach.area))
    return True


def _category_of(event: Event) -> str | None:
    """The category that an opening event tells."""
    found: str | None = event.payload["incident"]["category"] if event.type == "incident.opened" else None
    return found


def _cut(event: Event, incident: Incident | None, centre: Centre) -> dict[str, Any] | None:
    """Without who did it and without hashes, from which what is left out could be tried out; for a village less.

    None where nothing is left. `incident` is what it tells of, and given for a village alone.
    """
    shown: dict[str, Any] = {**dump(event), "actor": "", "prev_hash": "", "hash": ""}
    if incident is None:
        return shown if actor().reach.area is None else None
    payload = dict(shown["payload"])
    directory = centre.store.directory()
    sensitive = is_sensitive(incident.category, directory)
    if sensitive and payload.get("milestone") in OF_A_PATIENT:
        return None
    if event.type == "incident.opened":
        # As its category is now: it may have been opened as another.
        first = replace(load(Incident, payload["incident"]), category=incident.category)
        payload["incident"] = dump(for_village(first, directory)) | {"category": payload["incident"]["category"]}
    elif event.type == "incident.located":
        place = load(IncidentLocation, payload["location"])
        coarse = {"location": None, "radius_m": None} if sensitive else {}
        payload["location"] = {**dump(place), "label": "", **coarse}
    elif event.type == "assignment.made":
        made = load(Assignment, payload["assignment"])
        payload["assignment"] = dump(assignment_for_village(made, incident, directory))
    if sensitive and "disposition" in payload:
        payload["disposition"] = None
    if "hospital" in payload:
        payload["hospital"] = None
    shown["payload"] = _without_words(payload)
    return shown_times(shown, incident)


def _without_words(payload: dict[str, Any]) -> dict[str, Any]:
    empty = {"assigned_by": ""}
    return {key: empty.get(key) if key in _FREE_WORDS else value for key, value in payload.items()}


# --- personal texts ----------------------------------------------------------------------------------------------


def shown_text(field: TextField, text: str | None) -> tuple[str | None, bool]:
    """A personal text as the asker sees it, and whether it is masked for him; an erased one is None."""
    if text is None or field in actor().clear:
        return text, False
    return mask_text(field, text), True


def may_unmask() -> bool:
    """Whether the asker may see what is masked for him, with a reason."""
    return Permission.UNMASK in actor().may
