"""Records to rows and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dispatch.accounts import Account, Role
from dispatch.closures import Closure, CutOff
from dispatch.codec import canonical, dump, load
from dispatch.events import Event
from dispatch.incidents import (
    Acknowledgement,
    Alert,
    Assignment,
    AssignmentEnd,
    Call,
    CallType,
    Centre,
    Channel,
    Device,
    GivenAnswer,
    Handover,
    Incident,
    IncidentLocation,
    IncidentStatus,
    LocationKind,
    Milestone,
    Moment,
    RecommendationRef,
    Severity,
    TextRef,
    UnitState,
    Verification,
)
from dispatch.learnt_speeds import LearntSpeeds
from dispatch.types import Unit, UnitStatus
from gis.types import Location

Row = Mapping[str, Any]


def call_row(call: Call) -> dict[str, Any]:
    """A call as a row."""
    texts = {"name": call.name, "number": call.number, "words": call.words}
    return {
        "call_id": call.call_id,
        "channel": call.channel.value,
        "call_type": call.call_type.value,
        "received_at": call.received_at,
        "ended_at": call.ended_at,
        "number_hash": call.number_hash,
        "incident_id": call.incident_id,
        "taken_by": call.taken_by,
        "texts": canonical({what: dump(ref) for what, ref in texts.items() if ref is not None}),
        "version": call.version,
    }


def call_of(row: Row) -> Call:
    """A row as a call."""
    texts = {what: load(TextRef, ref) for what, ref in json.loads(row["texts"]).items()}
    return Call(
        call_id=row["call_id"],
        channel=Channel(row["channel"]),
        call_type=CallType(row["call_type"]),
        received_at=row["received_at"],
        ended_at=row["ended_at"],
        number_hash=row["number_hash"],
        incident_id=row["incident_id"],
        taken_by=row["taken_by"],
        version=row["version"],
        **texts,
    )


def incident_row(incident: Incident) -> dict[str, Any]:
    """An incident as a row."""
    place = incident.location
    return {
        "incident_id": incident.incident_id,
        "category": incident.category,
        "severity": incident.severity.value,
        "status": incident.status.value,
        "location_kind": place.kind.value,
        "lat": None if place.location is None else place.location.lat,
        "lon": None if place.location is None else place.location.lon,
        "radius_m": place.radius_m,
        "village_code": place.village_code,
        "kecamatan_code": place.kecamatan_code,
        "label": place.label,
        "received_at": incident.received_at,
        "status_at": incident.status_at,
        "alarm_level": incident.alarm_level,
        "notes": canonical([dump(note) for note in incident.notes]),
        "notified": canonical(list(incident.notified)),
        "disposition": incident.disposition,
        "closed_at": incident.closed_at,
        "duplicate_of": incident.duplicate_of,
        "handed_to": incident.handed_to,
        "exercise": incident.exercise,
        "answers": canonical([dump(one) for one in incident.answers]),
        "version": incident.version,
        "acknowledged": canonical([dump(one) for one in incident.acknowledged]) if incident.acknowledged else None,
    }


def incident_of(row: Row) -> Incident:
    """A row as an incident."""
    return Incident(
        incident_id=row["incident_id"],
        category=row["category"],
        severity=Severity(row["severity"]),
        status=IncidentStatus(row["status"]),
        location=IncidentLocation(
            kind=LocationKind(row["location_kind"]),
            location=None if row["lat"] is None else Location(lat=row["lat"], lon=row["lon"]),
            radius_m=row["radius_m"],
            village_code=row["village_code"],
            kecamatan_code=row["kecamatan_code"],
            label=row["label"],
        ),
        received_at=row["received_at"],
        status_at=row["status_at"],
        alarm_level=row["alarm_level"],
        notes=tuple(load(TextRef, note) for note in json.loads(row["notes"])),
        notified=tuple(json.loads(row["notified"])),
        disposition=row["disposition"],
        closed_at=row["closed_at"],
        duplicate_of=row["duplicate_of"],
        handed_to=row["handed_to"],
        exercise=bool(row["exercise"]),
        answers=tuple(load(GivenAnswer, one) for one in json.loads(row["answers"])),
        version=row["version"],
        acknowledged=tuple(load(Acknowledgement, one) for one in json.loads(row["acknowledged"] or "[]")),
    )


def unit_row(state: UnitState) -> dict[str, Any]:
    """A unit as a row."""
    unit = state.unit
    return {
        "unit_id": unit.unit_id,
        "kind": unit.kind,
        "agency": unit.agency,
        "status": unit.status.value,
        "status_at": state.status_at,
        "lat": unit.location.lat,
        "lon": unit.location.lon,
        "fix_time": unit.fix_time,
        "capabilities": canonical(sorted(unit.capabilities)),
        "station": state.station,
        "free_at": state.free_at,
        "on_duty": state.on_duty,
        "retired": state.retired,
        "version": state.version,
    }


def unit_of(row: Row) -> UnitState:
    """A row as a unit."""
    return UnitState(
        unit=Unit(
            unit_id=row["unit_id"],
            kind=row["kind"],
            agency=row["agency"],
            status=UnitStatus(row["status"]),
            location=Location(lat=row["lat"], lon=row["lon"]),
            fix_time=row["fix_time"],
            capabilities=frozenset(json.loads(row["capabilities"])),
        ),
        station=row["station"],
        status_at=row["status_at"],
        free_at=row["free_at"],
        on_duty=bool(row["on_duty"]),
        retired=bool(row["retired"]),
        version=row["version"],
    )


def assignment_row(assignment: Assignment) -> dict[str, Any]:
    """An assignment as a row."""
    return {
        "assignment_id": assignment.assignment_id,
        "incident_id": assignment.incident_id,
        "unit_id": assignment.unit_id,
        "assigned_by": assignment.assigned_by,
        "milestones": canonical({one.value: dump(moment) for one, moment in assignment.milestones.items()}),
        "recommendation_id": assignment.recommendation_id,
        "override_reason": assignment.override_reason,
        "hospital": assignment.hospital,
        "ended_at": assignment.ended_at,
        "end": None if assignment.end is None else assignment.end.value,
        "end_reason": assignment.end_reason,
        "acknowledged": None if assignment.acknowledged is None else canonical(dump(assignment.acknowledged)),
    }


def assignment_of(row: Row) -> Assignment:
    """A row as an assignment."""
    moments = json.loads(row["milestones"])
    return Assignment(
        assignment_id=row["assignment_id"],
        incident_id=row["incident_id"],
        unit_id=row["unit_id"],
        assigned_by=row["assigned_by"],
        milestones={one: load(Moment, moments[one.value]) for one in Milestone if one.value in moments},
        recommendation_id=row["recommendation_id"],
        override_reason=row["override_reason"],
        hospital=row["hospital"],
        ended_at=row["ended_at"],
        end=None if row["end"] is None else AssignmentEnd(row["end"]),
        end_reason=row["end_reason"],
        acknowledged=load(Moment, json.loads(row["acknowledged"])) if row["acknowledged"] else None,
    )


def recommendation_row(ref: RecommendationRef) -> dict[str, Any]:
    """A stored recommendation as a row."""
    return {
        "recommendation_id": ref.recommendation_id,
        "incident_id": ref.incident_id,
        "made_at": ref.made_at,
        "digest": ref.digest,
    }


def recommendation_of(row: Row) -> RecommendationRef:
    """A row as a stored recommendation."""
    return RecommendationRef(**dict(row))


def verification_row(verification: Verification) -> dict[str, Any]:
    """A question to a village as a row."""
    return {
        "verification_id": verification.verification_id,
        "incident_id": verification.incident_id,
        "body": canonical(dump(verification)),
    }


def verification_of(row: Row) -> Verification:
    """A row as a question to a village."""
    return load(Verification, json.loads(row["body"]))


def handover_row(handover: Handover) -> dict[str, Any]:
    """A handover as a row."""
    return {
        "handover_id": handover.handover_id,
        "incident_id": handover.incident_id,
        "body": canonical(dump(handover)),
    }


def handover_of(row: Row) -> Handover:
    """A row as a handover."""
    return load(Handover, json.loads(row["body"]))


def alert_row(alert: Alert) -> dict[str, Any]:
    """A CAP message's record as a row."""
    return {
        "alert_id": alert.alert_id,
        "incident_id": alert.incident_id,
        "body": canonical(dump(alert)),
    }


def alert_of(row: Row) -> Alert:
    """A row as a CAP message's record."""
    return load(Alert, json.loads(row["body"]))


def device_row(device: Device) -> dict[str, Any]:
    """A device as a row."""
    return {
        "token_hash": device.token_hash,
        "unit_id": device.unit_id,
        "label": device.label,
        "created_at": device.created_at,
        "revoked_at": device.revoked_at,
    }


def device_of(row: Row) -> Device:
    """A row as a device."""
    return Device(**dict(row))


def account_row(account: Account) -> dict[str, Any]:
    """An account as a row."""
    return {
        "login": account.login,
        "role": account.role.value,
        "bound_to": account.bound_to,
        "active": account.active,
        "created_at": account.created_at,
        "changed_at": account.changed_at,
        "version": account.version,
    }


def account_of(row: Row) -> Account:
    """A row as an account."""
    return Account(**{**row, "role": Role(row["role"]), "active": bool(row["active"])})


def event_row(event: Event) -> dict[str, Any]:
    """An event as a row."""
    return {
        "seq": event.seq,
        "server_time": event.server_time,
        "device_time": event.device_time,
        "actor": event.actor,
        "type": event.type,
        "incident_id": event.incident_id,
        "unit_id": event.unit_id,
        "call_id": event.call_id,
        "payload": canonical(event.payload),
        "prev_hash": event.prev_hash,
        "hash": event.hash,
    }


def event_of(row: Row) -> Event:
    """A row as an event."""
    return Event(**{**row, "payload": json.loads(row["payload"])})


def speeds_of(payload: str) -> LearntSpeeds:
    """The payload of the event that put learnt speeds in force, as their record."""
    return load(LearntSpeeds, json.loads(payload))


def centre_row(centre: Centre) -> dict[str, Any]:
    """What holds for the whole centre as its one row."""
    return {"id": 1, "directory_digest": centre.directory_digest}


def centre_of(row: Row) -> Centre:
    """The row of what holds for the whole centre."""
    return Centre(directory_digest=row["directory_digest"])


def closure_row(closure: Closure) -> dict[str, Any]:
    """A closure of roads as a row."""
    return {
        "closure_id": closure.closure_id,
        "starts_at": closure.starts_at,
        "ends_at": closure.ends_at,
        "reopened_at": closure.reopened_at,
        "body": canonical(dump(closure)),
    }


def closure_of(row: Row) -> Closure:
    """A row as a closure of roads."""
    return load(Closure, json.loads(row["body"]))


def cut_off_row(cut_off: CutOff) -> dict[str, Any]:
    """Who is cut off as its one row."""
    return {"id": 1, "body": canonical(dump(cut_off))}


def cut_off_of(row: Row) -> CutOff:
    """The row of who is cut off."""
    return load(CutOff, json.loads(row["body"]))
