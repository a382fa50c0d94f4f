"""The story of an incident, for people: what happened when, who did it, how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final

from dispatch.events import Event
from dispatch.incidents import Assignment, Call, Incident, Milestone, TextField, TextRef
from web.masking import mask_text

if TYPE_CHECKING:
    from web.centre import Centre

HIDDEN: Final = frozenset(
    {"incident_id", "assignment_id", "digest", "version", "number_hash", "taken_by", "assigned_by", "at", "made_at",
     "received_at", "status_at", "server_time", "device_time"}
)  # fmt: skip
"""Parts of an event that its line says otherwise, or that no person reads; JSON has them all."""


def story_texts(
    centre: Centre, incident: Incident, calls: Sequence[Call], *, masked: bool = True
) -> dict[str, str | None]:
    """Personal texts of an incident and its calls by id; None for those that were erased."""
    refs: list[tuple[TextField, TextRef | None]] = [(TextField.NOTE, ref) for ref in incident.notes]
    refs += [(TextField.ANSWER, one.said) for one in incident.answers]
    for call in calls:
        refs += [
            (TextField.CALLER_NAME, call.name),
            (TextField.CALLER_NUMBER, call.number),
            (TextField.WORDS, call.words),
        ]
    there = {ref.text_id: field for field, ref in refs if ref is not None}
    known = centre.store.texts(list(there))
    shown = {key: mask_text(there[key], text) if masked else text for key, text in known.items()}
    return {key: shown.get(key) for key in there}


def story_lines(
    incident: Incident,
    assignments: Sequence[Assignment],
    events: Sequence[Event],
    timezone: tzinfo,
    texts: dict[str, str | None] | None = None,
) -> list[str]:
    """The story as lines: a head, one line per event, one line per assignment with its six milestones.

    Parameters
    ----------
    incident, assignments
        As they stand.
    events
        What happened, in order.
    timezone
        Of the centre.
    texts
        Personal texts to show; None shows none.
    """
    place = incident.location
    where = place.label or place.village_code or place.kecamatan_code or place.kind.value
    lines = [
        f"Incident {incident.incident_id}: {incident.category}, {incident.severity.value}, {incident.status.value}",
        f"  where: {where} ({place.kind.value})",
        f"  received {_clock(incident.received_at, timezone)}"
        + ("" if incident.closed_at is None else f", closed {_clock(incident.closed_at, timezone)}")
        + ("" if incident.disposition is None else f", {incident.disposition}"),
        "",
    ]
    lines += [
        f"  {event.seq:>6}  {_clock(event.server_time, timezone)}  {event.actor:<12} {_said(event, timezone, texts)}"
        for event in events
    ]
    if assignments:
        lines += ["", "  " + "  ".join(["unit".ljust(12), *(one.value.rjust(12) for one in Milestone)])]
    lines += [
        "  " + "  ".join([one.unit_id.ljust(12), *(_moment(one, milestone, timezone) for milestone in Milestone)])
        for one in assignments
    ]
    return lines


def _said(event: Event, timezone: tzinfo, texts: dict[str, str | None] | None) -> str:
    """An event in words: its type, and the parts of its payload that are plain values."""
    payload = event.payload
    flat: dict[str, Any] = {}
    for key, value in payload.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{name}": part for name, part in value.items() if not isinstance(part, dict | list)}
        elif not isinstance(value, list):
            flat[key] = value
    parts = [
        f"{name}={value}" for key, value in flat.items() if (name := key.rpartition(".")[2]) not in HIDDEN and value
    ]
    said = "" if texts is None else "".join(f" “{texts.get(one) or 'erased'}”" for one in _text_ids(payload))
    told = "" if event.device_time is None else f" (device: {_clock(event.device_time, timezone)})"
    return f"{event.type:<26} {' '.join(parts)}{told}{said}".rstrip()


def _text_ids(value: Any) -> list[str]:
    if isinstance(value, dict):
        if value.keys() == {"text_id", "digest"}:
            return [value["text_id"]]
        return [one for part in value.values() for one in _text_ids(part)]
    if isinstance(value, list):
        return [one for part in value for one in _text_ids(part)]
    return []


def _moment(assignment: Assignment, milestone: Milestone, timezone: tzinfo) -> str:
    moment = assignment.milestones.get(milestone)
    if moment is None:
        return "-".rjust(12)
    mark = "*" if moment.corrected_time is not None else ""
    return (moment.time.astimezone(timezone).strftime("%H:%M:%S") + mark).rjust(12)


def _clock(moment: datetime, timezone: tzinfo) -> str:
    return moment.astimezone(timezone).strftime("%Y-%m-%d %H:%M:%S")
