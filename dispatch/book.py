"""The book: all records as they stand, read and written one by one.

`dispatch.decide_*` read it, `dispatch.evolve` writes it. `MemoryBook` is the plain one, used to replay the log; the
store has one over a database transaction. One contract suite runs on all.
"""

from __future__ import annotations

from typing import Protocol

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

Record = (
    Call | Incident | UnitState | Assignment | RecommendationRef | Verification | Handover | Alert | Device | Centre
)  # fmt: skip


class Book(Protocol):
    """Reads give None where there is no such record; `put` writes a whole record, new or changed."""

    def call(self, call_id: str) -> Call | None:
        """A call."""
        ...

    def incident(self, incident_id: str) -> Incident | None:
        """An incident."""
        ...

    def unit(self, unit_id: str) -> UnitState | None:
        """A unit."""
        ...

    def assignment(self, assignment_id: str) -> Assignment | None:
        """An assignment."""
        ...

    def active_assignment(self, unit_id: str) -> Assignment | None:
        """The assignment that binds a unit now."""
        ...

    def assignments_of(self, incident_id: str) -> tuple[Assignment, ...]:
        """All assignments of an incident, ended ones too, in the order they were made."""
        ...

    def calls_of(self, incident_id: str) -> tuple[Call, ...]:
        """All calls of an incident, by id."""
        ...

    def recommendation(self, recommendation_id: str) -> RecommendationRef | None:
        """A stored recommendation."""
        ...

    def verification(self, verification_id: str) -> Verification | None:
        """A question to a village."""
        ...

    def handover(self, handover_id: str) -> Handover | None:
        """A handover."""
        ...

    def alert(self, alert_id: str) -> Alert | None:
        """A CAP message."""
        ...

    def alerts_of(self, incident_id: str) -> tuple[Alert, ...]:
        """All CAP messages about an incident, in the order they were sent."""
        ...

    def device(self, token_hash: str) -> Device | None:
        """A device."""
        ...

    def centre(self) -> Centre | None:
        """What holds for the whole centre."""
        ...

    def speeds(self) -> LearntSpeeds | None:
        """The learnt speeds in force."""
        ...

    def hold_speeds(self, speeds: LearntSpeeds | None) -> None:
        """Put learnt speeds in force, or none; the event that says so is all that is stored of it."""
        ...

    def incidents_on(self, day: str) -> int:
        """How many incidents have an id of that day (`261124`)."""
        ...

    def calls_on(self, day: str) -> int:
        """How many calls have an id of that day."""
        ...

    def put(self, record: Record) -> None:
        """Write a record in place of the one with its key, if there is one."""
        ...


class MemoryBook:
    """A book in memory."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.incidents: dict[str, Incident] = {}
        self.units: dict[str, UnitState] = {}
        self.assignments: dict[str, Assignment] = {}
        self.recommendations: dict[str, RecommendationRef] = {}
        self.verifications: dict[str, Verification] = {}
        self.handovers: dict[str, Handover] = {}
        self.alerts: dict[str, Alert] = {}
        self.devices: dict[str, Device] = {}
        self.whole: Centre | None = None
        self.learnt: LearntSpeeds | None = None
        self._active: dict[str, str] = {}

    def call(self, call_id: str) -> Call | None:
        """A call."""
        return self.calls.get(call_id)

    def incident(self, incident_id: str) -> Incident | None:
        """An incident."""
        return self.incidents.get(incident_id)

    def unit(self, unit_id: str) -> UnitState | None:
        """A unit."""
        return self.units.get(unit_id)

    def assignment(self, assignment_id: str) -> Assignment | None:
        """An assignment."""
        return self.assignments.get(assignment_id)

    def active_assignment(self, unit_id: str) -> Assignment | None:
        """The assignment that binds a unit now."""
        key = self._active.get(unit_id)
        return None if key is None else self.assignments[key]

    def assignments_of(self, incident_id: str) -> tuple[Assignment, ...]:
        """All assignments of an incident, in the order they were made."""
        return tuple(one for one in self.assignments.values() if one.incident_id == incident_id)

    def calls_of(self, incident_id: str) -> tuple[Call, ...]:
        """All calls of an incident, by id."""
        found = (one for one in self.calls.values() if one.incident_id == incident_id)
        return tuple(sorted(found, key=lambda one: one.call_id))

    def recommendation(self, recommendation_id: str) -> RecommendationRef | None:
        """A stored recommendation."""
        return self.recommendations.get(recommendation_id)

    def verification(self, verification_id: str) -> Verification | None:
        """A question to a village."""
        return self.verifications.get(verification_id)

    def handover(self, handover_id: str) -> Handover | None:
        """A handover."""
        return self.handovers.get(handover_id)

    def alert(self, alert_id: str) -> Alert | None:
        """A CAP message."""
        return self.alerts.get(alert_id)

    def alerts_of(self, incident_id: str) -> tuple[Alert, ...]:
        """All CAP messages about an incident, in the order they were sent."""
        return tuple(one for one in self.alerts.values() if one.incident_id == incident_id)

    def device(self, token_hash: str) -> Device | None:
        """A device."""
        return self.devices.get(token_hash)

    def centre(self) -> Centre | None:
        """What holds for the whole centre."""
        return self.whole

    def speeds(self) -> LearntSpeeds | None:
        """The learnt speeds in force."""
        return self.learnt

    def hold_speeds(self, speeds: LearntSpeeds | None) -> None:
        """Put learnt speeds in force, or none."""
        self.learnt = speeds

    def incidents_on(self, day: str) -> int:
        """How many incidents have an id of that day."""
        return sum(one.startswith(f"{day}-") for one in self.incidents)

    def calls_on(self, day: str) -> int:
        """How many calls have an id of that day."""
        return sum(one.startswith(f"C{day}-") for one in self.calls)

    def put(self, record: Record) -> None:
        """Write a record."""
        match record:
            case Call():
                self.calls[record.call_id] = record
            case Incident():
                self.incidents[record.incident_id] = record
            case UnitState():
                self.units[record.unit.unit_id] = record
            case Assignment():
                self._put_assignment(record)
            case RecommendationRef():
                self.recommendations[record.recommendation_id] = record
            case Verification():
                self.verifications[record.verification_id] = record
            case Handover():
                self.handovers[record.handover_id] = record
            case Alert():
                self.alerts[record.alert_id] = record
            case Device():
                self.devices[record.token_hash] = record
            case Centre():
                self.whole = record

    def _put_assignment(self, record: Assignment) -> None:
        bound = self._active.get(record.unit_id)
        if record.is_active:
            if bound not in (None, record.assignment_id):
                raise ValueError(f"unit {record.unit_id} is bound to {bound} already")
            self._active[record.unit_id] = record.assignment_id
        elif bound == record.assignment_id:
            del self._active[record.unit_id]
        self.assignments[record.assignment_id] = record
