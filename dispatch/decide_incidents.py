"""What may be done with an incident."""

from __future__ import annotations

from datetime import datetime

from dispatch.book import Book
from dispatch.commands import (
    AcknowledgeIncident,
    AddNote,
    Answered,
    AnswerQuestions,
    CancelIncident,
    CloseIncident,
    EditIncident,
    LocateIncident,
    MergeIncident,
    MoveIncident,
    NoticeOverdue,
    NotifyAgency,
    OpenIncident,
    RaiseAlarm,
)
from dispatch.decide import Context, Decision, check_version, decides, local_day, the_call, the_incident
from dispatch.decide_units import release
from dispatch.errors import RefusedError
from dispatch.event_types import (
    AgencyAcknowledged,
    AgencyNotified,
    AlarmRaised,
    CallLinked,
    CallTyped,
    IncidentEdited,
    IncidentLocated,
    IncidentMoved,
    IncidentOpened,
    NoteAdded,
    OverdueNoticed,
    QuestionsAnswered,
)
from dispatch.incidents import (
    AssignmentEnd,
    CallType,
    GivenAnswer,
    Incident,
    IncidentStatus,
    LocationKind,
    Severity,
    TextField,
)
from dispatch.intake import Effect, answer_text, effect_of, worst
from dispatch.transitions import check_incident_move
from gis.errors import N_, InputError


@decides(OpenIncident)
def _open(command: OpenIncident, book: Book, context: Context, decision: Decision) -> None:
    _check_category(command.category, context)
    call = None if command.call_id is None else the_call(book, command.call_id)
    if call is not None and call.incident_id is not None:
        raise RefusedError(
            N_("Call {call} belongs to incident {incident} already; take it from there first."),
            call=call.call_id,
            incident=call.incident_id,
        )
    day = local_day(context)
    incident_id = f"{day}-{book.incidents_on(day) + 1:03d}"
    reported = min(command.device_time or context.now, context.now)
    known = command.location.kind is not LocationKind.UNKNOWN
    notes = () if command.note is None else (decision.keep_text(context, TextField.NOTE, command.note),)
    answers, effect = _answers(command.answers, context, decision)
    decision.happened(
        IncidentOpened(
            incident=Incident(
                incident_id=incident_id,
                category=command.category,
                severity=command.severity or _first_severity(command.category, effect, context),
                status=IncidentStatus.LOCATED if known else IncidentStatus.RECEIVED,
                location=command.location,
                received_at=reported if call is None else min(reported, call.received_at),
                status_at=context.now,
                notes=notes,
                exercise=command.exercise,
                answers=answers,
            )
        ),
        command.device_time,
    )
    if effect.alarm_level > 1:
        decision.happened(AlarmRaised(incident_id=incident_id, alarm_level=effect.alarm_level))
    if call is not None:
        decision.happened(CallLinked(call_id=call.call_id, incident_id=incident_id))
        decision.about.append(("call", call.call_id))
    decision.about.append(("incident", incident_id))


@decides(LocateIncident)
def _locate(command: LocateIncident, book: Book, context: Context, decision: Decision) -> None:
    incident = _open_incident(book, command.incident_id, command.expected_version)
    if command.location != incident.location:
        decision.happened(IncidentLocated(incident_id=incident.incident_id, location=command.location))
    if command.location.kind is not LocationKind.UNKNOWN and incident.status in (
        IncidentStatus.RECEIVED,
        IncidentStatus.REOPENED,
    ):
        move(incident, IncidentStatus.LOCATED, context, decision)
    decision.about.append(("incident", incident.incident_id))


@decides(EditIncident)
def _edit(command: EditIncident, book: Book, context: Context, decision: Decision) -> None:
    incident = _open_incident(book, command.incident_id, command.expected_version)
    if command.category is not None:
        _check_category(command.category, context)
    if (command.category or incident.category, command.severity or incident.severity) != (
        incident.category,
        incident.severity,
    ):
        decision.happened(
            IncidentEdited(incident_id=incident.incident_id, category=command.category, severity=command.severity)
        )
    decision.about.append(("incident", incident.incident_id))


@decides(AnswerQuestions)
def _answer(command: AnswerQuestions, book: Book, context: Context, decision: Decision) -> None:
    incident = _open_incident(book, command.incident_id, command.expected_version)
    answers, effect = _answers(command.answers, context, decision)
    decision.happened(QuestionsAnswered(incident_id=incident.incident_id, answers=answers))
    severity = worst([one for one in (incident.severity, effect.severity) if one is not None])
    if severity is not incident.severity:
        decision.happened(IncidentEdited(incident_id=incident.incident_id, category=None, severity=severity))
    if effect.alarm_level > incident.alarm_level:
        decision.happened(AlarmRaised(incident_id=incident.incident_id, alarm_level=effect.alarm_level))
    decision.about.append(("incident", incident.incident_id))


@decides(AddNote)
def _note(command: AddNote, book: Book, context: Context, decision: Decision) -> None:
    incident = the_incident(book, command.incident_id)
    note = decision.keep_text(context, TextField.NOTE, command.text)
    decision.happened(NoteAdded(incident_id=incident.incident_id, note=note), command.device_time)
    decision.about.append(("incident", incident.incident_id))


@decides(RaiseAlarm)
def _raise(command: RaiseAlarm, book: Book, context: Context, decision: Decision) -> None:
    incident = _open_incident(book, command.incident_id, command.expected_version)
    plan = context.directory.plan(incident.category, incident.severity)
    if plan is not None and incident.alarm_level >= len(plan.alarms):
        raise RefusedError(
            N_(
                "Incident {incident} is at alarm level {level}, the last of its run card; assign further units by hand."
            ),
            incident=incident.incident_id,
            level=incident.alarm_level,
        )
    decision.happened(AlarmRaised(incident_id=incident.incident_id, alarm_level=incident.alarm_level + 1))
    decision.about.append(("incident", incident.incident_id))


@decides(NotifyAgency)
def _notify(command: NotifyAgency, book: Book, context: Context, decision: Decision) -> None:
    incident = the_incident(book, command.incident_id)
    agencies = [one.agency_id for one in context.directory.agencies]
    if agencies and command.agency not in agencies:
        raise InputError(
            N_("There is no agency “{agency}”; use one of {agencies}."),
            agency=command.agency,
            agencies=", ".join(agencies),
        )
    if command.agency not in incident.notified:
        decision.happened(AgencyNotified(incident_id=incident.incident_id, agency=command.agency))
    decision.about.append(("incident", incident.incident_id))


@decides(AcknowledgeIncident)
def _acknowledge(command: AcknowledgeIncident, book: Book, context: Context, decision: Decision) -> None:
    incident = the_incident(book, command.incident_id)
    units = (book.unit(one.unit_id) for one in book.assignments_of(incident.incident_id))
    concerned = {*incident.notified, *(one.unit.agency for one in units if one is not None)}
    if command.agency not in concerned:
        raise RefusedError(
            N_("Agency {agency} was not told of incident {incident} and has no unit there; tell it first."),
            agency=command.agency,
            incident=incident.incident_id,
        )
    if command.agency not in {one.agency for one in incident.acknowledged}:
        at = min(command.device_time or context.now, context.now)
        acknowledged = AgencyAcknowledged(incident_id=incident.incident_id, agency=command.agency, at=at)
        decision.happened(acknowledged, command.device_time)
    decision.about.append(("incident", incident.incident_id))


@decides(MoveIncident)
def _move(command: MoveIncident, book: Book, context: Context, decision: Decision) -> None:
    incident = the_incident(book, command.incident_id)
    check_version(f"Incident {incident.incident_id}", command.expected_version, incident.version)
    move(incident, command.status, context, decision, device_time=command.device_time)
    decision.about.append(("incident", incident.incident_id))


@decides(CloseIncident)
def _close(command: CloseIncident, book: Book, context: Context, decision: Decision) -> None:
    incident = the_incident(book, command.incident_id)
    check_version(f"Incident {incident.incident_id}", command.expected_version, incident.version)
    known = [one.disposition_id for one in context.directory.dispositions]
    if known and command.disposition not in known:
        raise InputError(
            N_("There is no disposition “{disposition}”; use one of {known}."),
            disposition=command.disposition,
            known=", ".join(known),
        )
    check_incident_move(incident.incident_id, incident.status, IncidentStatus.CLOSED)
    active = [one for one in book.assignments_of(incident.incident_id) if one.is_active]
    if active and not command.release_units:
        raise RefusedError(
            N_("Incident {incident} still binds {units}; clear them first, or close it with release_units."),
            incident=incident.incident_id,
            units=", ".join(one.unit_id for one in active),
        )
    for assignment in active:
        release(assignment, AssignmentEnd.COMPLETED, "incident closed", book, context, decision)
    if command.note is not None:
        note = decision.keep_text(context, TextField.NOTE, command.note)
        decision.happened(NoteAdded(incident_id=incident.incident_id, note=note))
    move(incident, IncidentStatus.CLOSED, context, decision, disposition=command.disposition)
    decision.about.append(("incident", incident.incident_id))


@decides(CancelIncident)
def _cancel(command: CancelIncident, book: Book, context: Context, decision: Decision) -> None:
    incident = the_incident(book, command.incident_id)
    check_version(f"Incident {incident.incident_id}", command.expected_version, incident.version)
    check_incident_move(incident.incident_id, incident.status, IncidentStatus.CANCELLED)
    for assignment in book.assignments_of(incident.incident_id):
        if assignment.is_active:
            release(assignment, AssignmentEnd.RECALLED, "incident cancelled", book, context, decision)
    note = decision.keep_text(context, TextField.NOTE, command.reason)
    decision.happened(NoteAdded(incident_id=incident.incident_id, note=note))
    move(incident, IncidentStatus.CANCELLED, context, decision)
    decision.about.append(("incident", incident.incident_id))


@decides(MergeIncident)
def _merge(command: MergeIncident, book: Book, context: Context, decision: Decision) -> None:
    incident = the_incident(book, command.incident_id)
    check_version(f"Incident {incident.incident_id}", command.expected_version, incident.version)
    into = the_incident(book, command.into)
    if into.incident_id == incident.incident_id:
        raise InputError(N_("An incident cannot be merged into itself; name the other one."))
    if not into.status.is_open:
        raise RefusedError(
            N_("Incident {incident} is {status}; reopen it before another is merged into it."),
            incident=into.incident_id,
            status=into.status.value,
        )
    check_incident_move(incident.incident_id, incident.status, IncidentStatus.CANCELLED)
    active = [one.unit_id for one in book.assignments_of(incident.incident_id) if one.is_active]
    if active:
        raise RefusedError(
            N_("Incident {incident} still binds {units}; recall them or divert them to {into} first."),
            incident=incident.incident_id,
            units=", ".join(active),
            into=into.incident_id,
        )
    for call in book.calls_of(incident.incident_id):
        decision.happened(CallLinked(call_id=call.call_id, incident_id=into.incident_id))
        if call.call_type is CallType.NORMAL:
            decision.happened(CallTyped(call_id=call.call_id, call_type=CallType.DUPLICATE))
    move(incident, IncidentStatus.CANCELLED, context, decision, duplicate_of=into.incident_id)
    decision.about += [("incident", into.incident_id), ("incident", incident.incident_id)]


@decides(NoticeOverdue)
def _overdue(command: NoticeOverdue, book: Book, context: Context, decision: Decision) -> None:
    incident = the_incident(book, command.incident_id)
    decision.happened(OverdueNoticed(incident_id=incident.incident_id, timer=command.timer, due_at=command.due_at))
    decision.about.append(("incident", incident.incident_id))


def move(
    incident: Incident,
    after: IncidentStatus,
    context: Context,
    decision: Decision,
    *,
    device_time: datetime | None = None,
    disposition: str | None = None,
    duplicate_of: str | None = None,
) -> None:
    """Move an incident to another status, if the table allows it."""
    check_incident_move(incident.incident_id, incident.status, after)
    decision.happened(
        IncidentMoved(
            incident_id=incident.incident_id,
            before=incident.status,
            after=after,
            at=min(device_time or context.now, context.now),
            disposition=disposition,
            duplicate_of=duplicate_of,
        ),
        device_time,
    )


def _open_incident(book: Book, incident_id: str, expected_version: int | None) -> Incident:
    incident = the_incident(book, incident_id)
    check_version(f"Incident {incident.incident_id}", expected_version, incident.version)
    if not incident.status.is_open:
        raise RefusedError(
            N_("Incident {incident} is {status}; reopen it to change it."),
            incident=incident.incident_id,
            status=incident.status.value,
        )
    return incident


def _answers(
    given: tuple[Answered, ...], context: Context, decision: Decision
) -> tuple[tuple[GivenAnswer, ...], Effect]:
    """The answers with their texts kept, and what they say of the severity."""
    questions = context.directory.questions()
    kept: dict[str, GivenAnswer] = {}
    for one in given:
        question = questions.get(one.question)
        if question is None:
            raise InputError(
                N_("No run card asks the question “{question}”; use one that it asks."), question=one.question
            )
        if one.answer is None and one.words is None:
            raise InputError(
                N_("The answer to “{question}” is empty; choose one or write it down."), question=one.question
            )
        if one.answer is not None and question.answer(one.answer) is None:
            known = ", ".join(each.answer_id for each in question.answers)
            raise InputError(
                N_("There is no answer “{answer}” to “{question}”; use one of {known}, or words.")
                if known
                else N_("There is no answer “{answer}” to “{question}”: it is answered in words."),
                answer=one.answer,
                question=one.question,
                known=known,
            )
        if one.question in kept:
            raise InputError(N_("The question “{question}” is answered twice; send one answer."), question=one.question)
        said = decision.keep_text(context, TextField.ANSWER, answer_text(one.answer, one.words))
        kept[one.question] = GivenAnswer(question_id=one.question, said=said)
    return tuple(kept.values()), effect_of(context.directory, [(one.question, one.answer) for one in given])


def _first_severity(category_id: str, effect: Effect, context: Context) -> Severity:
    """Of a new incident whose severity nobody named."""
    category = context.directory.category(category_id)
    known = [Severity.HIGH if category is None else category.severity]
    return worst([*known, *([effect.severity] if effect.severity is not None else [])]) or known[0]


def _check_category(category: str, context: Context) -> None:
    known = [one.category_id for one in context.directory.categories]
    if known and category not in known:
        raise InputError(
            N_("There is no category “{category}”; use one of {known}."), category=category, known=", ".join(known)
        )
