"""Lists of records for people to read: newest first, a page at a time."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, and_, func, or_, select, true

from dispatch.closures import Closure
from dispatch.codec import load
from dispatch.event_types import ShiftNoted
from dispatch.incidents import Assignment, Call, Device, Handover, Incident, RecommendationRef, UnitState, Verification
from dispatch.incidents import IncidentStatus as Status
from dispatch.reach import Reach, lies_within
from dispatch.store import rows, schema
from dispatch.store.reach import in_area, incident_condition
from dispatch.verification import VillageAnswer
from gis.errors import N_, InputError

MAX_PAGE = 1000
_NO_CURSOR: Final = N_("The cursor is not one that a list gave; leave it out to start from the beginning.")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Part of a list; `next_cursor` asks for what follows, None at the end."""

    items: tuple[T, ...]
    next_cursor: str | None


def incidents(
    connection: Connection,
    *,
    limit: int,
    cursor: str | None = None,
    only_open: bool = False,
    statuses: Sequence[str] = (),
    category: str | None = None,
    area: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    reach: tuple[Reach, datetime] | None = None,
    only: Collection[str] | None = None,
) -> Page[Incident]:
    """Incidents, the newest first.

    `area` is a code of a village or of what it lies in; `reach` leaves out what somebody may not see at a time; `only`
    names those that are asked for.
    """
    table = schema.incidents
    wanted: list[ColumnElement[bool]] = []
    within = None if reach is None else incident_condition(reach[0], reach[1])
    if only is not None:
        wanted.append(table.c.incident_id.in_(list(only)))
    if only_open:
        wanted.append(table.c.status.not_in([one.value for one in Status if not one.is_open]))
    if statuses:
        wanted.append(table.c.status.in_(statuses))
    if category is not None:
        wanted.append(table.c.category == category)
    if area is not None:
        wanted.append(in_area(area))
    if within is not None:
        wanted.append(within)
    wanted += _between(table, since, until)
    return _newest_first(connection, table, wanted, limit, cursor, rows.incident_of, within)


def calls(
    connection: Connection,
    *,
    limit: int,
    cursor: str | None = None,
    call_type: str | None = None,
    incident_id: str | None = None,
    number_hash: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Page[Call]:
    """Calls, the newest first."""
    table = schema.calls
    wanted = _between(table, since, until)
    for column, value in (("call_type", call_type), ("incident_id", incident_id), ("number_hash", number_hash)):
        if value is not None:
            wanted.append(table.c[column] == value)
    return _newest_first(connection, table, wanted, limit, cursor, rows.call_of)


def units(connection: Connection, *, retired: bool = False, only: Sequence[str] | None = None) -> tuple[UnitState, ...]:
    """All units or `only` some, by id; those that left the fleet only where asked for."""
    table = schema.units
    query = select(table) if retired else select(table).where(table.c.retired.is_(False))
    if only is not None:
        query = query.where(table.c.unit_id.in_(only))
    found = [rows.unit_of(row) for row in connection.execute(query).mappings()]  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda one: one.unit.unit_id))


def active_assignments(connection: Connection) -> dict[str, Assignment]:
    """What binds each unit now, by unit."""
    table = schema.assignments
    query = select(table).where(table.c.ended_at.is_(None))
    found = [rows.assignment_of(row) for row in connection.execute(query).mappings()]  # type: ignore[arg-type]
    return {one.unit_id: one for one in found}


def assignments_of_open(connection: Connection, incident_ids: Collection[str] | None = None) -> tuple[Assignment, ...]:
    """All assignments of the open incidents, or of some of them, also those that have ended, by id."""
    table, incident = schema.assignments, schema.incidents
    is_over = incident.c.status.in_([one.value for one in Status if not one.is_open])
    query = select(table).join(incident, incident.c.incident_id == table.c.incident_id).where(~is_over)
    if incident_ids is not None:
        query = query.where(table.c.incident_id.in_(list(incident_ids)))
    query = query.order_by(table.c.assignment_id)
    return tuple(rows.assignment_of(row) for row in connection.execute(query).mappings())  # type: ignore[arg-type]


def assignments_between(connection: Connection, since: datetime, until: datetime) -> tuple[Assignment, ...]:
    """All assignments of the incidents that were received in a span of time."""
    table, incident = schema.assignments, schema.incidents
    query = (
        select(table)
        .join(incident, incident.c.incident_id == table.c.incident_id)
        .where(incident.c.received_at >= since, incident.c.received_at < until)
    )
    return tuple(rows.assignment_of(row) for row in connection.execute(query).mappings())  # type: ignore[arg-type]


def calls_of_incidents_between(connection: Connection, since: datetime, until: datetime) -> tuple[Call, ...]:
    """All calls of the incidents that were received in a span of time, whenever the calls came."""
    table, incident = schema.calls, schema.incidents
    query = (
        select(table)
        .join(incident, incident.c.incident_id == table.c.incident_id)
        .where(incident.c.received_at >= since, incident.c.received_at < until)
        .order_by(table.c.call_id)
    )
    return tuple(rows.call_of(row) for row in connection.execute(query).mappings())  # type: ignore[arg-type]


def incidents_of_calls_between(connection: Connection, since: datetime, until: datetime) -> tuple[Incident, ...]:
    """All incidents of the calls that came in a span of time, each once, whenever they were received."""
    table, call = schema.incidents, schema.calls
    theirs = select(call.c.incident_id).where(call.c.received_at >= since, call.c.received_at < until)
    query = select(table).where(table.c.incident_id.in_(theirs)).order_by(table.c.incident_id)
    return tuple(rows.incident_of(row) for row in connection.execute(query).mappings())  # type: ignore[arg-type]


def shift_notes(
    connection: Connection, *, limit: int, note_id: str | None = None
) -> tuple[tuple[ShiftNoted, str], ...]:
    """Notes of shifts with who wrote each, the newest first, or the one of an id; the log is their table."""
    table = schema.events
    query = select(table.c.payload, table.c.actor).where(table.c.type == ShiftNoted.type).order_by(table.c.seq.desc())
    found: list[tuple[ShiftNoted, str]] = []
    for row in connection.execute(query):
        note = load(ShiftNoted, json.loads(row.payload))
        if note_id in (None, note.note_id):
            found.append((note, row.actor))
        if len(found) == limit:
            break
    return tuple(found)


def incidents_closed_between(connection: Connection, since: datetime, until: datetime) -> tuple[Incident, ...]:
    """Incidents that were closed or called off in a span of time, and not found to be the same as another, by id."""
    table = schema.incidents
    query = (
        select(table)
        .where(
            table.c.status.in_([one.value for one in Status if not one.is_open]),
            table.c.closed_at >= since,
            table.c.closed_at < until,
            table.c.duplicate_of.is_(None),
        )
        .order_by(table.c.incident_id)
    )
    return tuple(rows.incident_of(row) for row in connection.execute(query).mappings())  # type: ignore[arg-type]


def earliest_report(connection: Connection) -> datetime | None:
    """When the first incident of all was reported; None where there is none."""
    found: datetime | None = connection.execute(select(func.min(schema.incidents.c.received_at))).scalar()
    return found


def recommendations_of(connection: Connection, incident_id: str) -> tuple[RecommendationRef, ...]:
    """Recommendations of an incident, oldest first."""
    return _of_incident(connection, schema.recommendations, incident_id, rows.recommendation_of, "made_at")


def verifications_of(connection: Connection, incident_id: str) -> tuple[Verification, ...]:
    """Questions to villages about an incident, oldest first."""
    return _of_incident(connection, schema.verifications, incident_id, rows.verification_of, "asked_at")


def verifications_waiting(connection: Connection, *, area: str | None = None) -> tuple[Verification, ...]:
    """Questions about open incidents that no village has answered, oldest first; those to an area, where one is given.

    What a desk wrote down as unanswered still waits: a village that calls back is heard.
    """
    found = _of_open_incidents(connection, schema.verifications, rows.verification_of)
    waiting = (one for one in found if one.answer in (None, VillageAnswer.NO_ANSWER))
    return tuple(
        sorted(
            (one for one in waiting if area is None or lies_within(area, one.village_code)),
            key=lambda one: (one.asked_at, one.verification_id),
        )
    )


def handovers_waiting(connection: Connection) -> tuple[Handover, ...]:
    """Handovers of open incidents that no neighbour has taken yet, oldest first."""
    found = _of_open_incidents(connection, schema.handovers, rows.handover_of)
    waiting = (one for one in found if one.received_at is None)
    return tuple(sorted(waiting, key=lambda one: (one.asked_at, one.handover_id)))


def handovers_of(connection: Connection, incident_id: str) -> tuple[Handover, ...]:
    """Handovers of an incident, oldest first."""
    return _of_incident(connection, schema.handovers, incident_id, rows.handover_of, "asked_at")


def devices_of(connection: Connection, unit_id: str) -> tuple[Device, ...]:
    """Devices of a unit, oldest first."""
    table = schema.devices
    query = select(table).where(table.c.unit_id == unit_id).order_by(table.c.created_at, table.c.token_hash)
    return tuple(rows.device_of(row) for row in connection.execute(query).mappings())  # type: ignore[arg-type]


def closures(
    connection: Connection, now: datetime, *, over: bool = False, limit: int = MAX_PAGE
) -> tuple[Closure, ...]:
    """Closures that are not over at a time, or with `over` all, those that began last first."""
    table = schema.closures
    query = select(table).order_by(table.c.starts_at.desc(), table.c.closure_id.desc()).limit(limit)
    if not over:
        query = query.where(table.c.reopened_at.is_(None), or_(table.c.ends_at.is_(None), table.c.ends_at > now))
    return tuple(rows.closure_of(row) for row in connection.execute(query).mappings())  # type: ignore[arg-type]


def _between(table: Table, since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if since is not None:
        wanted.append(table.c.received_at >= since)
    if until is not None:
        wanted.append(table.c.received_at < until)
    return wanted


def _newest_first(
    connection: Connection,
    table: Table,
    wanted: list[ColumnElement[bool]],
    limit: int,
    cursor: str | None,
    record_of: Callable[[Any], T],
    within: ColumnElement[bool] | None = None,
) -> Page[T]:
    key = next(iter(table.primary_key.columns))
    if cursor is not None:
        last = _cursor(cursor)
        # Only within reach: a cursor of one's own making tells nothing of other records, nor of the time of any.
        time = connection.execute(
            select(table.c.received_at).where(key == last, true() if within is None else within)
        ).scalar()
        if time is None:
            raise InputError(_NO_CURSOR)
        wanted = [
            *wanted,
            or_(table.c.received_at < time, and_(table.c.received_at == time, key < last)),
        ]
    query = select(table).where(*wanted).order_by(table.c.received_at.desc(), key.desc()).limit(limit + 1)
    found = connection.execute(query).mappings().all()
    page = found[:limit]
    more = len(found) > limit
    return Page(
        items=tuple(record_of(row) for row in page),
        next_cursor=_cursor_text(page[-1][key.name]) if more else None,
    )


def _of_incident(
    connection: Connection, table: Table, incident_id: str, record_of: Callable[[Any], T], order: str
) -> tuple[T, ...]:
    found = connection.execute(select(table).where(table.c.incident_id == incident_id)).mappings()
    records = [record_of(row) for row in found]
    return tuple(sorted(records, key=lambda one: getattr(one, order)))


def _of_open_incidents(connection: Connection, table: Table, record_of: Callable[[Any], T]) -> list[T]:
    incident = schema.incidents
    query = (
        select(table)
        .join(incident, incident.c.incident_id == table.c.incident_id)
        .where(incident.c.status.not_in([one.value for one in Status if not one.is_open]))
    )
    return [record_of(row) for row in connection.execute(query).mappings()]


def _cursor_text(key: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _cursor(text: str) -> str:
    try:
        key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(key, str) or not key.isprintable():
            raise ValueError
    except (ValueError, RecursionError, binascii.Error):
        raise InputError(_NO_CURSOR) from None
    return str(key)
