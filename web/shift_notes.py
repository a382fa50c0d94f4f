"""How things stand when a shift ends: what the next one must know, without a word of a caller.

The note is put together from the records, stored as it then was, and never changed; what the writer adds is kept apart,
as all personal texts are.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from dispatch.codec import dump, load_request
from dispatch.commands import WriteShiftNote
from dispatch.errors import UnknownIdError
from dispatch.event_types import ShiftNoted
from dispatch.incidents import CallType, IncidentStatus, LocationKind
from dispatch.store import queries
from dispatch.types import UnitStatus
from gis.errors import N_
from web.centre import Centre

SHIFT: Final = timedelta(hours=8)
"""What a note covers unless somebody says otherwise."""
_ALL: Final = 2**31 - 1


def shift_facts(centre: Centre, since: datetime, until: datetime) -> dict[str, Any]:
    """The facts of a note as plain JSON: counts of the time between, and what is open now.

    Parameters
    ----------
    centre
        Asked as it stands now.
    since, until
        Of the shift.
    """
    store = centre.store
    now = store.now()
    with store.book() as book:
        connection = book.connection
        waiting = queries.incidents(connection, limit=_ALL, only_open=True).items
        units = queries.active_assignments(connection)
        reported = queries.incidents(connection, limit=_ALL, since=since, until=until).items
        calls = queries.calls(connection, limit=_ALL, since=since, until=until).items
        questions = queries.verifications_waiting(connection)
        handovers = queries.handovers_waiting(connection)
        closures = [one for one in queries.closures(connection, now) if one.is_in_force(now)]
    ended = [one for one in _ended(centre, since, until) if not one.exercise]
    overdue = [one for one in centre.running_timers() if one.overdue]
    sent: dict[str, list[str]] = {}
    for unit_id, assignment in sorted(units.items()):
        sent.setdefault(assignment.incident_id, []).append(unit_id)
    return {
        "now": dump(now),
        "open": [
            {
                "incident_id": one.incident_id, "category": one.category, "severity": one.severity.value,
                "status": one.status.value, "received_at": dump(one.received_at), "exercise": one.exercise,
                "village_code": one.location.village_code, "kecamatan_code": one.location.kecamatan_code,
                "units": sent.get(one.incident_id, []),
                "waits": [
                    *(["location"] if one.location.kind is LocationKind.UNKNOWN else []),
                    *(["units"] if one.incident_id not in sent and one.status in _BEFORE_UNITS else []),
                    *(["overdue"] if any(timer.incident_id == one.incident_id for timer in overdue) else []),
                    *(["village"] if any(asked.incident_id == one.incident_id for asked in questions) else []),
                    *(["neighbour"] if any(to.incident_id == one.incident_id for to in handovers) else []),
                ],
            }
            for one in sorted(waiting, key=lambda one: (-one.severity.weight, one.received_at))
        ],
        "reported": sum(not one.exercise and one.duplicate_of is None for one in reported),
        "closed": dict(sorted(Counter(one.category for one in ended if one.status is IncidentStatus.CLOSED).items())),
        "cancelled": sum(one.status is IncidentStatus.CANCELLED for one in ended),
        "calls": len(calls),
        "not_emergencies": sum(one.call_type in (CallType.GHOST, CallType.PRANK) for one in calls),
        "out_of_service": [
            {"unit_id": one.unit.unit_id, "kind": one.unit.kind, "agency": one.unit.agency,
             "since": dump(one.status_at)}
            for one in centre.units()
            if one.unit.status is UnitStatus.OUT_OF_SERVICE
        ],
        "closures": [
            {"closure_id": one.closure_id, "reason": one.reason.value, "streets": list(one.streets[:3]),
             "starts_at": dump(one.starts_at), "ends_at": None if one.ends_at is None else dump(one.ends_at)}
            for one in closures
        ],
        "overdue": [
            {"incident_id": one.incident_id, "kind": one.kind.value, "unit_id": one.unit_id, "due_at": dump(one.due_at)}
            for one in overdue
        ],
        "verifications": [
            {"incident_id": one.incident_id, "village_code": one.village_code, "post": one.post,
             "asked_at": dump(one.asked_at)}
            for one in questions
        ],
        "handovers": [
            {"incident_id": one.incident_id, "neighbour": one.neighbour, "asked_at": dump(one.asked_at)}
            for one in handovers
        ],
    }  # fmt: skip


_BEFORE_UNITS: Final = (IncidentStatus.RECEIVED, IncidentStatus.LOCATED, IncidentStatus.REOPENED)


def _ended(centre: Centre, since: datetime, until: datetime) -> list[Any]:
    """Incidents that were closed or called off in the time between, whenever they began."""
    with centre.store.book() as book:
        return list(queries.incidents_closed_between(book.connection, since, until))


def write_shift_note(centre: Centre, since: datetime, until: datetime, words: str | None, *, actor: str) -> str:
    """Store the note of a shift; gives its id.

    Raises
    ------
    InputError
        Times of which no shift can be, or words that cannot be stored.
    """
    body = {"since": since.isoformat(), "until": until.isoformat(), "words": words}
    command = load_request(WriteShiftNote, {**body, "document": shift_facts(centre, since, until)})
    seq = centre.execute(command, actor=actor)["seq"]
    return str(centre.store.events_after(seq - 1, limit=1)[0].payload["note_id"])


def shift_note(centre: Centre, note_id: str) -> tuple[ShiftNoted, str, dict[str, Any]]:
    """A note, who wrote it, and how things stood.

    Raises
    ------
    UnknownIdError
        There is none of that id.
    """
    with centre.store.book() as book:
        found = queries.shift_notes(book.connection, limit=1, note_id=note_id)
    if not found:
        raise UnknownIdError(N_("There is no shift note “{key}”; look at the list."), key=note_id[:64])
    return (*found[0], centre.store.document(found[0][0].digest))
