"""The book over one database transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.book import Record
from dispatch.incidents import (
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
from dispatch.store import rows, schema
from dispatch.store.rows import Row


class SqlBook:
    """Reads and writes through one connection, inside the transaction that its owner began."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert

    def call(self, call_id: str) -> Call | None:
        """A call."""
        row = self._one(schema.calls, call_id)
        return None if row is None else rows.call_of(row)

    def incident(self, incident_id: str) -> Incident | None:
        """An incident."""
        row = self._one(schema.incidents, incident_id)
        return None if row is None else rows.incident_of(row)

    def unit(self, unit_id: str) -> UnitState | None:
        """A unit."""
        row = self._one(schema.units, unit_id)
        return None if row is None else rows.unit_of(row)

    def assignment(self, assignment_id: str) -> Assignment | None:
        """An assignment."""
        row = self._one(schema.assignments, assignment_id)
        return None if row is None else rows.assignment_of(row)

    def active_assignment(self, unit_id: str) -> Assignment | None:
        """The assignment that binds a unit now."""
        table = schema.assignments
        query = select(table).where(table.c.unit_id == unit_id, table.c.ended_at.is_(None))
        row = self.connection.execute(query).mappings().one_or_none()
        return None if row is None else rows.assignment_of(row)  # type: ignore[arg-type]

    def assignments_of(self, incident_id: str) -> tuple[Assignment, ...]:
        """All assignments of an incident, in the order they were made."""
        table = schema.assignments
        found = self.connection.execute(select(table).where(table.c.incident_id == incident_id)).mappings()
        made = [rows.assignment_of(row) for row in found]  # type: ignore[arg-type]
        return tuple(sorted(made, key=lambda one: int(one.assignment_id.rpartition(".")[2])))

    def calls_of(self, incident_id: str) -> tuple[Call, ...]:
        """All calls of an incident, by id."""
        table = schema.calls
        query = select(table).where(table.c.incident_id == incident_id)
        found = [rows.call_of(row) for row in self.connection.execute(query).mappings()]  # type: ignore[arg-type]
        return tuple(sorted(found, key=lambda one: one.call_id))

    def recommendation(self, recommendation_id: str) -> RecommendationRef | None:
        """A stored recommendation."""
        row = self._one(schema.recommendations, recommendation_id)
        return None if row is None else rows.recommendation_of(row)

    def verification(self, verification_id: str) -> Verification | None:
        """A question to a village."""
        row = self._one(schema.verifications, verification_id)
        return None if row is None else rows.verification_of(row)

    def handover(self, handover_id: str) -> Handover | None:
        """A handover."""
        row = self._one(schema.handovers, handover_id)
        return None if row is None else rows.handover_of(row)

    def device(self, token_hash: str) -> Device | None:
        """A device."""
        row = self._one(schema.devices, token_hash)
        return None if row is None else rows.device_of(row)

    def centre(self) -> Centre | None:
        """What holds for the whole centre."""
        found = self.connection.execute(select(schema.centre.c.directory_digest)).scalar_one_or_none()
        return None if found is None else Centre(directory_digest=found)

    def incidents_on(self, day: str) -> int:
        """How many incidents have an id of that day."""
        return self._count(f"incidents {day}")

    def calls_on(self, day: str) -> int:
        """How many calls have an id of that day."""
        return self._count(f"calls {day}")

    def put(self, record: Record) -> None:
        """Write a record in place of the one with its key, if there is one."""
        match record:
            case Call():
                if self._put(schema.calls, rows.call_row(record)):
                    self._count_one_more(f"calls {record.call_id[1:7]}")
            case Incident():
                if self._put(schema.incidents, rows.incident_row(record)):
                    self._count_one_more(f"incidents {record.incident_id[:6]}")
            case UnitState():
                self._put(schema.units, rows.unit_row(record))
            case Assignment():
                self._put(schema.assignments, rows.assignment_row(record))
            case RecommendationRef():
                self._put(schema.recommendations, rows.recommendation_row(record))
            case Verification():
                self._put(schema.verifications, rows.verification_row(record))
            case Handover():
                self._put(schema.handovers, rows.handover_row(record))
            case Device():
                self._put(schema.devices, rows.device_row(record))
            case Centre():
                self._put(schema.centre, {"id": 1, "directory_digest": record.directory_digest})

    def _one(self, table: Table, key: str) -> Row | None:
        column = next(iter(table.primary_key.columns))
        found = self.connection.execute(select(table).where(column == key)).mappings().one_or_none()
        return found  # type: ignore[return-value]

    def _count(self, name: str) -> int:
        query = select(schema.day_counts.c.number).where(schema.day_counts.c.name == name)
        return int(self.connection.execute(query).scalar_one_or_none() or 0)

    def _count_one_more(self, name: str) -> None:
        counts = schema.day_counts
        first = self._insert(counts).values(name=name, number=1)
        self.connection.execute(
            first.on_conflict_do_update(index_elements=[counts.c.name], set_={"number": counts.c.number + 1})
        )

    def _put(self, table: Table, row: dict[str, Any]) -> bool:
        """Write a row; whether it is a new one."""
        key = next(iter(table.primary_key.columns))
        changed = update(table).where(key == row[key.name]).values(**row)
        if self.connection.execute(changed).rowcount:
            return False
        self.connection.execute(self._insert(table).values(**row))
        return True
