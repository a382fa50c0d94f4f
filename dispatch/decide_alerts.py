"""Sending CAP messages: which may follow which, and the message itself, kept as it was sent.

Messages of one scope and status about one incident are a thread: an alert begins it, updates name all messages before
them, a cancellation names them too and ends it. A public reader is never shown that a restricted message exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from dispatch.book import Book
from dispatch.commands import IssueAlert
from dispatch.decide import Context, Decision, decides, the_incident
from dispatch.errors import RefusedError
from dispatch.event_types import AlertIssued
from dispatch.exports_cap import CapHeader, CapReference, cap_alert
from dispatch.exports_common import IncidentCase
from dispatch.incidents import Alert, CapMessage, CapScope, CapStatus, Incident
from gis.errors import N_, InputError


def in_force(alerts: Sequence[Alert], scope: CapScope, status: CapStatus) -> tuple[Alert, ...]:
    """The messages of a thread that were not cancelled, oldest first.

    Parameters
    ----------
    alerts
        All of an incident, oldest first.
    scope, status
        Of the thread.
    """
    found: list[Alert] = []
    for one in alerts:
        if (one.scope, one.status) == (scope, status):
            found = [] if one.message is CapMessage.CANCEL else [*found, one]
    return tuple(found)


@decides(IssueAlert)
def _issue(command: IssueAlert, book: Book, context: Context, decision: Decision) -> None:
    incident = the_incident(book, command.incident_id)
    issuer = context.issuer
    # What is no real emergency is never sent as one, whatever was asked for.
    drill = incident.exercise or issuer.notice is not None
    status = CapStatus.EXERCISE if drill else command.status
    alerts = book.alerts_of(incident.incident_id)
    before = in_force(alerts, command.scope, status)
    _check_order(command, incident, status, before)
    _check_addresses(command, context)
    header = CapHeader(
        identifier=context.new_id(),
        sender=issuer.sender,
        sender_name=issuer.sender_name,
        sent=context.now,
        status=status,
        message=command.message,
        scope=command.scope,
        references=tuple(CapReference(sender=one.sender, identifier=one.alert_id, sent=one.sent) for one in before),
        restriction=issuer.restriction if command.scope is CapScope.RESTRICTED else None,
        addresses=command.addresses,
        valid_s=command.valid_s,
    )
    message = cap_alert(
        IncidentCase(incident=incident, assignments=book.assignments_of(incident.incident_id)),
        header,
        directory=context.directory,
        areas=issuer.areas,
        timezone=context.timezone,
        polygon=command.polygon,
        notice=issuer.notice,
    )
    decision.happened(
        AlertIssued(
            alert_id=header.identifier,
            incident_id=incident.incident_id,
            number=len(alerts) + 1,
            sender=header.sender,
            sent=header.sent,
            expires=header.sent + timedelta(seconds=header.valid_s),
            status=status,
            message=header.message,
            scope=header.scope,
            references=tuple(one.alert_id for one in before),
            digest=decision.keep_document({"cap": message.decode()}),
        )
    )
    decision.about.append(("alert", header.identifier))


def _check_order(command: IssueAlert, incident: Incident, status: CapStatus, before: tuple[Alert, ...]) -> None:
    if command.message is not CapMessage.ALERT:
        if not before:
            raise RefusedError(
                N_("No {scope} message ({status}) about incident {incident} is in force; send an Alert first."),
                scope=command.scope.value,
                status=status.value,
                incident=incident.incident_id,
            )
    elif before:
        raise RefusedError(
            N_("The {scope} message {alert} about incident {incident} is in force; send an Update or a Cancel."),
            scope=command.scope.value,
            alert=before[-1].alert_id,
            incident=incident.incident_id,
        )
    elif not incident.status.is_open:
        raise RefusedError(
            N_("Incident {incident} is {status}; a first alert is sent only while it is open."),
            incident=incident.incident_id,
            status=incident.status.value,
        )


def _check_addresses(command: IssueAlert, context: Context) -> None:
    known = [one.agency_id for one in context.directory.agencies]
    for address in command.addresses:
        if address not in known:
            raise InputError(
                N_("There is no agency “{agency}”; use one of {agencies}."), agency=address, agencies=", ".join(known)
            )
