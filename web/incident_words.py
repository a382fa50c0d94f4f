"""Where an incident stands and how bad it is, in the words of the reader's language."""

from __future__ import annotations

from dispatch.incidents import IncidentStatus, Severity
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
