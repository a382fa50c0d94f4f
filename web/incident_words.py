"""Where an incident stands and how bad it is, in the words of the reader's language."""

from __future__ import annotations

from typing import Any

from dispatch.incidents import IncidentStatus, Milestone, Severity
from web.i18n import Translator


def incident_status_name(status: IncidentStatus | str, _: Translator) -> str:
    """Where an incident stands."""
    return {
        IncidentStatus.RECEIVED: _("report received"),
        IncidentStatus.LOCATED: _("waits for units"),
        IncidentStatus.DISPATCHED: _("units sent"),
        IncidentStatus.EN_ROUTE: _("units on the way"),
        IncidentStatus.ON_SCENE: _("units on scene"),
        IncidentStatus.UNDER_CONTROL: _("under control"),
        IncidentStatus.CLOSED: _("closed"),
        IncidentStatus.CANCELLED: _("called off"),
        IncidentStatus.REOPENED: _("reopened"),
    }[IncidentStatus(status)]


def severity_name(severity: Severity | str, _: Translator) -> str:
    """How bad it is."""
    return {
        Severity.CRITICAL: _("critical"),
        Severity.HIGH: _("high"),
        Severity.MODERATE: _("moderate"),
        Severity.LOW: _("low"),
    }[Severity(severity)]


def milestone_name(milestone: Milestone, _: Translator) -> str:
    """A moment of a unit's work, as a heading."""
    return {
        Milestone.DISPATCHED: _("Sent"),
        Milestone.EN_ROUTE: _("Under way"),
        Milestone.ON_SCENE: _("On scene"),
        Milestone.TRANSPORTING: _("Transporting"),
        Milestone.AT_HOSPITAL: _("At hospital"),
        Milestone.CLEARED: _("Clear"),
    }[milestone]


def wait_name(wait: str, _: Translator) -> str:
    """What an incident waits for."""
    return {
        "location": _("a location"),
        "units": _("units"),
        "overdue": _("an overdue answer"),
        "village": _("the village's answer"),
        "neighbour": _("the neighbour's receipt"),
        "response": _("first unit on scene"),
        "turnout": _("unit under way"),
        "en_route": _("unit on scene"),
    }.get(wait, wait)


def event_line(event: dict[str, Any], _: Translator) -> str | None:
    """What happened, in one line of a sheet; None for what a sheet leaves out."""
    payload = event["payload"]
    match event["type"]:
        case "incident.opened":
            return _("Reported")
        case "incident.located":
            return _("Location set")
        case "incident.edited":
            return _("Category or severity changed")
        case "incident.moved":
            return _("Now: {status}").format(status=incident_status_name(payload["after"], _))
        case "incident.alarm_raised":
            return _("Alarm level {level}").format(level=payload["alarm_level"])
        case "incident.note_added":
            return _("Note written")
        case "incident.agency_notified":
            return _("Told: {agency}").format(agency=payload["agency"])
        case "incident.overdue":
            return _("Overdue: {what}").format(what=wait_name(str(payload["timer"]).partition(":")[0], _))
        case "assignment.made":
            return _("Sent: {unit}").format(unit=payload["assignment"]["unit_id"])
        case "assignment.milestone":
            name = milestone_name(Milestone(payload["milestone"]), _)
            return f"{event['unit_id']}: {name}"
        case "assignment.milestone_corrected":
            return _("{unit}: time corrected").format(unit=event["unit_id"])
        case "assignment.ended":
            return _("{unit}: assignment ended").format(unit=event["unit_id"])
        case "verification.asked":
            return _("Village asked")
        case "verification.answered":
            return _("Village answered")
        case "handover.asked":
            return _("Neighbour asked: {neighbour}").format(neighbour=payload["neighbour"])
        case "handover.received":
            return _("Neighbour took over")
        case "alert.issued":
            return _("Alert issued")
        case _other:
            return None
