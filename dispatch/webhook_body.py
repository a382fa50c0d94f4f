"""What a webhook says of an event: identifiers and what changed, never who called or what anybody wrote.

Every type of event either names here the fields that may leave the centre, or is never sent; nothing else leaves, also
when an event gains a field. Free texts (labels of places, reasons, a neighbour's reference), the account that acted,
the hospital of a patient and everything about callers stay inside: an agency that may see them asks the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from dispatch.codec import canonical
from dispatch.events import Event


def _location(path: str) -> dict[str, str]:
    """The location without its label, which is what somebody typed."""
    names = ("kind", "location.lat", "location.lon", "radius_m", "village_code", "kecamatan_code")
    return {f"location.{name}": f"{path}.{name}" for name in names}


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


SENT: Final[Mapping[str, Mapping[str, str]]] = {
    "incident.opened": {
        "category": "incident.category",
        "severity": "incident.severity",
        "status": "incident.status",
        "received_at": "incident.received_at",
        "alarm_level": "incident.alarm_level",
        "exercise": "incident.exercise",
    }
    | _location("incident.location"),
    "incident.located": _location("location"),
    "incident.edited": _same("category", "severity"),
    "incident.moved": _same("before", "after", "at", "disposition", "duplicate_of"),
    "incident.status_corrected": _same("before", "after", "at"),
    "incident.answered": {},
    "incident.alarm_raised": _same("alarm_level"),
    "incident.note_added": {},
    "incident.agency_notified": _same("agency"),
    "incident.agency_acknowledged": _same("agency", "at"),
    "incident.overdue": _same("timer", "due_at"),
    "verification.asked": _same("verification_id", "village_code", "asked_at"),
    "verification.answered": _same("verification_id", "answer", "answered_at"),
    "handover.asked": _same("handover_id", "neighbour", "asked_at"),
    "handover.received": _same("handover_id", "received_at"),
    "alert.issued": _same("alert_id", "number", "sent", "expires", "status", "message", "scope"),
    "road.closed": {
        name: f"closure.{name}"
        for name in ("closure_id", "reason", "starts_at", "ends_at", "edge_count", "length_m", "scenario")
    },
    "road.reopened": _same("closure_id", "at"),
    "road.closure_changed": _same("closure_id", "ends_at"),
    "alert.villages_cut_off": {"at": "cut_off.at", "people": "people"},
    "alert.villages_reachable": {"at": "cut_off.at", "people": "people"},
    "unit.registered": {
        "kind": "unit.unit.kind",
        "agency": "unit.unit.agency",
        "status": "unit.unit.status",
        "station": "unit.station",
        "on_duty": "unit.on_duty",
    },
    "unit.edited": _same("kind", "agency", "station", "on_duty", "retired"),
    "unit.moved": _same("before", "after", "at", "free_at"),
    "unit.status_taken_back": _same("before", "after", "at", "assignment_id", "milestone"),
    "assignment.made": {
        "assignment_id": "assignment.assignment_id",
        "recommendation_id": "assignment.recommendation_id",
    },
    "assignment.acknowledged": _same("assignment_id", "moment.server_time", "moment.device_time"),
    "assignment.milestone": _same(
        "assignment_id", "milestone", "moment.server_time", "moment.device_time", "moment.corrected_time"
    ),
    "assignment.milestone_corrected": _same("assignment_id", "milestone", "corrected_time"),
    "assignment.ended": _same("assignment_id", "at", "end"),
}
"""Type of event to the fields that are sent: the name outside, and the path inside the event's payload."""

NEVER_SENT: Final = frozenset(
    {
        "directory.loaded",
        "call.taken",
        "call.typed",
        "call.described",
        "call.linked",
        "call.ended",
        "recommendation.made",
        "texts.erased",
        "device.registered",
        "device.revoked",
        "speeds.adopted",
        "speeds.withdrawn",
        "texts.unmasked",
        "shift.noted",
        "account.created",
        "account.changed",
        "account.access",
    }
)
"""About callers or the centre's own people, or of no use outside the centre."""


def is_sent(event_type: str, wanted: tuple[str, ...] = ()) -> bool:
    """Whether events of a type go to a webhook that wants these types (`incident.moved`, `incident.*`; none: all)."""
    if event_type not in SENT:
        return False
    family = event_type.partition(".")[0] + ".*"
    return not wanted or event_type in wanted or family in wanted


def body_of(event: Event) -> bytes:
    """The JSON sent for an event: type, timestamp and data, as Standard Webhooks recommends.

    Of a type that is not sent (any more: it may have been when the delivery was written) only the identifiers.
    """
    data: dict[str, Any] = {"seq": event.seq, "incident_id": event.incident_id, "unit_id": event.unit_id}
    if event.device_time is not None:
        data["device_time"] = _text(event.device_time)
    for name, path in SENT.get(event.type, {}).items():
        value = _at(event.payload, path)
        if value is not None:
            _put(data, name, value)
    return canonical({"type": event.type, "timestamp": _text(event.server_time), "data": data}).encode()


def _at(payload: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(payload, Mapping):
            return None
        payload = payload.get(name)
    # Only plain values: whatever a record holds one day, it does not leave as a whole.
    return None if isinstance(payload, Mapping | list) else payload


def _put(data: dict[str, Any], name: str, value: Any) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        data = data.setdefault(parent, {})
    data[last] = value


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
