"""The book over one database transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Executable, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.book import Record
from dispatch.event_types import SpeedsAdopted, SpeedsWithdrawn
from dispatch.incidents import (
    Alert,
    Assignment,
    Call,
    Centre,
    Device,
    Handover,
    Incident,
    RecommendationRef,
    UnitState,
    Verification,
)
from dispatch.learnt_speeds import LearntSpeeds
from dispatch.store import rows, schema
from dispatch.store.rows import Row

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How one kind of record is stored; statements are made once, for making one costs more than running it."""

    table: Table
    key_of: Callable[[Any], str | int]
    row_of: Callable[[Any], dict[str, Any]]
    record_of: Callable[[Row], Any]
    one: Executable
    write: dict[str, Executable]


def _upsert(table: Table, dialect: str) -> Executable:
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    keys = list(table.primary_key.columns)
    changed = {column.name: insert.excluded[column.name] for column in table.columns if column not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=changed)


def _kind(
    table: Table,
    key_of: Callable[[Any], str | int],
    row_of: Callable[[Any], dict[str, Any]],
    record_of: Callable[[Row], Any],
) -> _Kind:
    column = next(iter(table.primary_key.columns))
    return _Kind(
        table=table,
        key_of=key_of,
        row_of=row_of,
        record_of=record_of,
        one=select(table).where(column == bindparam("wanted")),
        write={dialect: _upsert(table, dialect) for dialect in ("postgresql", "sqlite")},
    )


# In the order of writing: what others refer to first.
_KINDS: Final[dict[type, _Kind]] = {
    Centre: _kind(schema.centre, lambda one: 1, rows.centre_row, rows.centre_of),
    Call: _kind(schema.calls, lambda one: one.call_id, rows.call_row, rows.call_of),
    Incident: _kind(schema.incidents, lambda one: one.incident_id, rows.incident_row, rows.incident_of),
    UnitState: _kind(schema.units, lambda one: one.unit.unit_id, rows.unit_row, rows.unit_of),
    Assignment: _kind(schema.assignments, lambda one: one.assignment_id, rows.assignment_row, rows.assignment_of),
    RecommendationRef: _kind(
        schema.recommendations, lambda one: one.recommendation_id, rows.recommendation_row, rows.recommendation_of
    ),
    Verification: _kind(
        schema.verifications, lambda one: one.verification_id, rows.verification_row, rows.verification_of
    ),
    Handover: _kind(schema.handovers, lambda one: one.handover_id, rows.handover_row, rows.handover_of),
    Alert: _kind(schema.alerts, lambda one: one.alert_id, rows.alert_row, rows.alert_of),
    Device: _kind(schema.devices, lambda one: one.token_hash, rows.device_row, rows.device_of),
}

_ACTIVE: Final = select(schema.assignments).where(
    schema.assignments.c.unit_id == bindparam("wanted"), schema.assignments.c.ended_at.is_(None)
)
_OF_INCIDENT: Final = select(schema.assignments).where(schema.assignments.c.incident_id == bindparam("wanted"))
_ALERTS: Final = select(schema.alerts).where(schema.alerts.c.incident_id == bindparam("wanted"))
_CALLS: Final = select(schema.calls).where(schema.calls.c.incident_id == bindparam("wanted"))
# Decided a few times a year, and always by an event: the log is the table.
_SPEEDS: Final = (
    select(schema.events.c.type, schema.events.c.payload)
    .where(schema.events.c.type.in_([SpeedsAdopted.type, SpeedsWithdrawn.type]))
    .order_by(schema.events.c.seq.desc())
    .limit(1)
)
_COUNT: Final = select(schema.day_counts.c.number).where(schema.day_counts.c.name == bindparam("wanted"))


def _count_one_more(dialect: str) -> Executable:
    counts = schema.day_counts
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(counts)
    return insert.on_conflict_do_update(index_elements=[counts.c.name], set_={"number": counts.c.number + 1})


_COUNT_ONE_MORE: Final = {dialect: _count_one_more(dialect) for dialect in ("postgresql", "sqlite")}


def few(written: list[dict[str, Any]]) -> list[dict[str, Any]] | dict[str, Any]:
    """Rows as the database takes them quickest: one alone is not worth the machinery of many."""
    return written if len(written) > 1 else written[0]


class SqlBook:
    """Reads and writes through one connection, inside the transaction that its owner began.

    A record is read once. One that is put is written by `flush`, or before anything is searched, and then once: a
    command changes most of its records by several events.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._known: dict[tuple[type, str | int], Any] = {}
        self._changed: dict[type, dict[str | int, Any]] = {}
        self._new: list[str] = []
        self._held: list[LearntSpeeds | None] = []

    def call(self, call_id: str) -> Call | None:
        """A call."""
        return self._one(Call, call_id)

    def incident(self, incident_id: str) -> Incident | None:
        """An incident."""
        return self._one(Incident, incident_id)

    def unit(self, unit_id: str) -> UnitState | None:
        """A unit."""
        return self._one(UnitState, unit_id)

    def assignment(self, assignment_id: str) -> Assignment | None:
        """An assignment."""
        return self._one(Assignment, assignment_id)

    def active_assignment(self, unit_id: str) -> Assignment | None:
        """The assignment that binds a unit now."""
        found = self._found(Assignment, _ACTIVE, unit_id)
        return found[0] if found else None

    def assignments_of(self, incident_id: str) -> tuple[Assignment, ...]:
        """All assignments of an incident, in the order they were made."""
        found = self._found(Assignment, _OF_INCIDENT, incident_id)
        return tuple(sorted(found, key=lambda one: int(one.assignment_id.rpartition(".")[2])))

    def calls_of(self, incident_id: str) -> tuple[Call, ...]:
        """All calls of an incident, by id."""
        return tuple(sorted(self._found(Call, _CALLS, incident_id), key=lambda one: one.call_id))

    def recommendation(self, recommendation_id: str) -> RecommendationRef | None:
        """A stored recommendation."""
        return self._one(RecommendationRef, recommendation_id)

    def verification(self, verification_id: str) -> Verification | None:
        """A question to a village."""
        return self._one(Verification, verification_id)

    def handover(self, handover_id: str) -> Handover | None:
        """A handover."""
        return self._one(Handover, handover_id)

    def alert(self, alert_id: str) -> Alert | None:
        """A CAP message."""
        return self._one(Alert, alert_id)

    def alerts_of(self, incident_id: str) -> tuple[Alert, ...]:
        """All CAP messages about an incident, in the order they were sent."""
        return tuple(sorted(self._found(Alert, _ALERTS, incident_id), key=lambda one: one.number))

    def device(self, token_hash: str) -> Device | None:
        """A device."""
        return self._one(Device, token_hash)

    def centre(self) -> Centre | None:
        """What holds for the whole centre."""
        return self._one(Centre, 1)

    def speeds(self) -> LearntSpeeds | None:
        """The learnt speeds in force."""
        if self._held:
            return self._held[-1]
        row = self.connection.execute(_SPEEDS).first()
        return None if row is None or row.type != SpeedsAdopted.type else rows.speeds_of(row.payload)

    def hold_speeds(self, speeds: LearntSpeeds | None) -> None:
        """Put learnt speeds in force, or none; the event is written with the log."""
        self._held.append(speeds)

    def incidents_on(self, day: str) -> int:
        """How many incidents have an id of that day."""
        return self._count(f"incidents {day}")

    def calls_on(self, day: str) -> int:
        """How many calls have an id of that day."""
        return self._count(f"calls {day}")

    def put(self, record: Record) -> None:
        """Write a record in place of the one with its key, if there is one."""
        kind = type(record)
        key = _KINDS[kind].key_of(record)
        # A record's first version is written once, by the event that made it.
        if isinstance(record, Call) and record.version == 1:
            self._new.append(f"calls {record.call_id[1:7]}")
        elif isinstance(record, Incident) and record.version == 1:
            self._new.append(f"incidents {record.incident_id[:6]}")
        self._known[kind, key] = record
        self._changed.setdefault(kind, {})[key] = record

    def flush(self) -> None:
        """Write what was put.

        Raises
        ------
        IntegrityError
            The database refuses it, such as a unit's second active assignment.
        """
        if not self._changed:
            return
        dialect = self.connection.dialect.name
        for kind, how in _KINDS.items():
            changed = self._changed.pop(kind, None)
            if changed:
                written = [how.row_of(record) for record in changed.values()]
                self.connection.execute(how.write[dialect], few(written))
        for name in self._new:
            self.connection.execute(_COUNT_ONE_MORE[dialect], {"name": name, "number": 1})
        self._new.clear()

    def _one(self, kind: type[R], key: str | int) -> R | None:
        try:
            found: R | None = self._known[kind, key]
        except KeyError:
            how = _KINDS[kind]
            row = self.connection.execute(how.one, {"wanted": key}).first()
            found = self._known[kind, key] = None if row is None else how.record_of(row._mapping)  # type: ignore[arg-type]
        return found

    def _found(self, kind: type[R], query: Executable, wanted: str) -> list[R]:
        self.flush()
        how = _KINDS[kind]
        found = []
        for row in self.connection.execute(query, {"wanted": wanted}):
            record = how.record_of(row._mapping)  # type: ignore[arg-type]
            self._known[kind, how.key_of(record)] = record
            found.append(record)
        return found

    def _count(self, name: str) -> int:
        self.flush()
        return int(self.connection.execute(_COUNT, {"wanted": name}).scalar_one_or_none() or 0)
