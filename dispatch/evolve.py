"""What each event does to the records. Pure but for the book that it is given.

Commands and `siaga112 replay` go through the same functions, so the tables cannot say anything that the log does not.
Versions grow by one with every event that changes a record.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from dispatch.book import Book
from dispatch.closures import Closure
from dispatch.codec import load
from dispatch.event_types import (
    BODY_TYPES,
    AccessNoted,
    AccountChanged,
    AccountCreated,
    AgencyAcknowledged,
    AgencyNotified,
    AlarmRaised,
    AlertIssued,
    AssignmentAcknowledged,
    AssignmentEnded,
    CallDescribed,
    CallEnded,
    CallLinked,
    CallTaken,
    CallTyped,
    ClosureChanged,
    DeviceRegistered,
    DeviceRevoked,
    DirectoryLoaded,
    EventBody,
    HandoverAsked,
    HandoverReceived,
    IncidentCorrected,
    IncidentEdited,
    IncidentLocated,
    IncidentMoved,
    IncidentOpened,
    MilestoneCorrected,
    MilestoneReached,
    NoteAdded,
    OverdueNoticed,
    QuestionsAnswered,
    RecommendationMade,
    RoadClosed,
    RoadReopened,
    ShiftNoted,
    SpeedsAdopted,
    SpeedsWithdrawn,
    StatusTakenBack,
    TextsErased,
    TextsUnmasked,
    UnitAssigned,
    UnitEdited,
    UnitMoved,
    UnitRegistered,
    VerificationAnswered,
    VerificationAsked,
    VillagesCutOff,
    VillagesReachable,
)
from dispatch.incidents import (
    Acknowledgement,
    Alert,
    Assignment,
    Call,
    Centre,
    Device,
    Handover,
    Incident,
    IncidentStatus,
    RecommendationRef,
    UnitState,
    Verification,
)
from dispatch.learnt_speeds import LearntSpeeds

T = TypeVar("T")


def body_of(event_type: str, payload: dict[str, Any]) -> EventBody:
    """The typed record of a stored event."""
    return load(BODY_TYPES[event_type], payload)


def evolve(body: EventBody, book: Book) -> None:
    """Write into the book what an event changes.

    Raises
    ------
    ValueError
        The event speaks of a record that is not there: the log and the book do not belong together.
    """
    match body:
        case DirectoryLoaded():
            book.put(Centre(directory_digest=body.digest))
        case CallTaken():
            book.put(body.call)
        case CallTyped() | CallDescribed() | CallLinked() | CallEnded():
            _evolve_call(body, book)
        case IncidentOpened():
            book.put(body.incident)
        case (
            IncidentLocated()
            | IncidentEdited()
            | IncidentMoved()
            | IncidentCorrected()
            | QuestionsAnswered()
            | AlarmRaised()
            | NoteAdded()
            | AgencyNotified()
            | AgencyAcknowledged()
        ):
            _evolve_incident(body, book)
        case UnitRegistered():
            book.put(body.unit)
        case UnitEdited() | UnitMoved():
            _evolve_unit(body, book)
        case StatusTakenBack():
            _take_back(body, book)
        case UnitAssigned():
            book.put(body.assignment)
        case AssignmentAcknowledged() | MilestoneReached() | MilestoneCorrected() | AssignmentEnded():
            _evolve_assignment(body, book)
        case RecommendationMade():
            book.put(
                RecommendationRef(
                    recommendation_id=body.recommendation_id,
                    incident_id=body.incident_id,
                    made_at=body.made_at,
                    digest=body.digest,
                )
            )
        case VerificationAsked() | VerificationAnswered() | HandoverAsked() | HandoverReceived():
            _evolve_inquiry(body, book)
        case AlertIssued():
            book.put(
                Alert(
                    alert_id=body.alert_id,
                    incident_id=body.incident_id,
                    number=body.number,
                    sender=body.sender,
                    sent=body.sent,
                    expires=body.expires,
                    status=body.status,
                    message=body.message,
                    scope=body.scope,
                    references=body.references,
                    digest=body.digest,
                )
            )
        case DeviceRegistered():
            book.put(
                Device(token_hash=body.token_hash, unit_id=body.unit_id, label=body.label, created_at=body.created_at)
            )
        case DeviceRevoked():
            book.put(replace(_found(book.device(body.token_hash)), revoked_at=body.revoked_at))
        case SpeedsAdopted():
            book.hold_speeds(
                LearntSpeeds(
                    digest=body.digest, reason=body.reason, adopted_at=body.adopted_at, adopted_by=body.adopted_by
                )
            )
        case SpeedsWithdrawn():
            book.hold_speeds(None)
        case AccountCreated():
            book.put(body.account)
        case AccountChanged():
            account = _found(book.account(body.login))
            book.put(
                replace(
                    account,
                    role=body.role,
                    bound_to=body.bound_to,
                    active=body.active,
                    changed_at=body.at,
                    version=account.version + 1,
                )
            )
        case RoadClosed():
            book.put(body.closure)
        case RoadReopened() | ClosureChanged():
            _evolve_closure(body, book)
        case VillagesCutOff() | VillagesReachable():
            book.put(body.cut_off)
        case OverdueNoticed() | TextsErased() | TextsUnmasked() | AccessNoted() | ShiftNoted():
            pass  # The log itself is what remembers these.


def _evolve_call(body: CallTyped | CallDescribed | CallLinked | CallEnded, book: Book) -> None:
    call: Call = _found(book.call(body.call_id))
    match body:
        case CallTyped():
            call = replace(call, call_type=body.call_type)
        case CallDescribed():
            call = replace(
                call,
                number_hash=call.number_hash if body.number is None else body.number_hash,
                name=body.name or call.name,
                number=body.number or call.number,
                words=body.words or call.words,
            )
        case CallLinked():
            call = replace(call, incident_id=body.incident_id)
        case CallEnded():
            call = replace(call, ended_at=body.ended_at)
    book.put(replace(call, version=call.version + 1))


def _evolve_incident(
    body: IncidentLocated
    | IncidentEdited
    | IncidentMoved
    | IncidentCorrected
    | QuestionsAnswered
    | AlarmRaised
    | NoteAdded
    | AgencyNotified
    | AgencyAcknowledged,
    book: Book,
) -> None:
    incident: Incident = _found(book.incident(body.incident_id))
    match body:
        case IncidentLocated():
            incident = replace(incident, location=body.location)
        case IncidentEdited():
            incident = replace(
                incident, category=body.category or incident.category, severity=body.severity or incident.severity
            )
        case IncidentMoved():
            incident = _moved(incident, body)
        case IncidentCorrected():
            incident = replace(incident, status=body.after, status_at=body.at)
        case QuestionsAnswered():
            given = {one.question_id: one for one in (*incident.answers, *body.answers)}
            incident = replace(incident, answers=tuple(given.values()))
        case AlarmRaised():
            incident = replace(incident, alarm_level=body.alarm_level)
        case NoteAdded():
            incident = replace(incident, notes=(*incident.notes, body.note))
        case AgencyNotified():
            incident = replace(incident, notified=(*incident.notified, body.agency))
        case AgencyAcknowledged():
            said = Acknowledgement(agency=body.agency, at=body.at)
            incident = replace(incident, acknowledged=(*incident.acknowledged, said))
    book.put(replace(incident, version=incident.version + 1))


def _moved(incident: Incident, body: IncidentMoved) -> Incident:
    ended = not body.after.is_open
    reopened = body.after is IncidentStatus.REOPENED
    return replace(
        incident,
        status=body.after,
        status_at=body.at,
        closed_at=body.at if ended else None,
        disposition=body.disposition if ended else None,
        duplicate_of=None if reopened else body.duplicate_of or incident.duplicate_of,
        handed_to=None if reopened else incident.handed_to,
    )


def _evolve_unit(body: UnitEdited | UnitMoved, book: Book) -> None:
    state: UnitState = _found(book.unit(body.unit_id))
    match body:
        case UnitMoved():
            state = replace(state, unit=replace(state.unit, status=body.after), status_at=body.at, free_at=body.free_at)
        case UnitEdited():
            unit = replace(
                state.unit,
                kind=body.kind or state.unit.kind,
                agency=body.agency or state.unit.agency,
                capabilities=state.unit.capabilities if body.capabilities is None else frozenset(body.capabilities),
                location=body.location or state.unit.location,
            )
            state = replace(
                state,
                unit=unit,
                station=state.station if body.station is None else body.station or None,
                on_duty=state.on_duty if body.on_duty is None else body.on_duty,
                retired=state.retired if body.retired is None else body.retired,
            )
    book.put(replace(state, version=state.version + 1))


def _take_back(body: StatusTakenBack, book: Book) -> None:
    state: UnitState = _found(book.unit(body.unit_id))
    unit = replace(state.unit, status=body.after)
    book.put(replace(state, unit=unit, status_at=body.at, free_at=None, version=state.version + 1))
    if body.assignment_id is None:
        return
    assignment: Assignment = _found(book.assignment(body.assignment_id))
    milestones = {key: moment for key, moment in assignment.milestones.items() if key is not body.milestone}
    assignment = replace(assignment, milestones=milestones)
    if body.bound_again:
        assignment = replace(assignment, ended_at=None, end=None, end_reason=None)
    book.put(assignment)


def _evolve_assignment(
    body: AssignmentAcknowledged | MilestoneReached | MilestoneCorrected | AssignmentEnded, book: Book
) -> None:
    assignment: Assignment = _found(book.assignment(body.assignment_id))
    match body:
        case AssignmentAcknowledged():
            assignment = replace(assignment, acknowledged=body.moment)
        case MilestoneReached():
            assignment = replace(
                assignment,
                milestones={**assignment.milestones, body.milestone: body.moment},
                hospital=body.hospital or assignment.hospital,
            )
        case MilestoneCorrected():
            moment = replace(assignment.milestones[body.milestone], corrected_time=body.corrected_time)
            assignment = replace(assignment, milestones={**assignment.milestones, body.milestone: moment})
        case AssignmentEnded():
            assignment = replace(assignment, ended_at=body.at, end=body.end, end_reason=body.reason)
    book.put(assignment)


def _evolve_inquiry(
    body: VerificationAsked | VerificationAnswered | HandoverAsked | HandoverReceived, book: Book
) -> None:
    match body:
        case VerificationAsked():
            book.put(
                Verification(
                    verification_id=body.verification_id,
                    incident_id=body.incident_id,
                    village_code=body.village_code,
                    post=body.post,
                    asked_at=body.asked_at,
                )
            )
        case VerificationAnswered():
            asked: Verification = _found(book.verification(body.verification_id))
            book.put(replace(asked, answer=body.answer, answered_at=body.answered_at))
        case HandoverAsked():
            book.put(
                Handover(
                    handover_id=body.handover_id,
                    incident_id=body.incident_id,
                    neighbour=body.neighbour,
                    asked_at=body.asked_at,
                )
            )
        case HandoverReceived():
            handover: Handover = _found(book.handover(body.handover_id))
            book.put(replace(handover, reference=body.reference, received_at=body.received_at))
            incident: Incident = _found(book.incident(body.incident_id))
            book.put(replace(incident, handed_to=handover.neighbour, version=incident.version + 1))


def _evolve_closure(body: RoadReopened | ClosureChanged, book: Book) -> None:
    closure: Closure = _found(book.closure(body.closure_id))
    match body:
        case RoadReopened():
            closure = replace(closure, reopened_at=body.at, reopened_by=body.by)
        case ClosureChanged():
            closure = replace(closure, ends_at=body.ends_at)
    book.put(replace(closure, version=closure.version + 1))


def _found(record: T | None) -> T:
    if record is None:
        raise ValueError("an event speaks of a record that is not in the book")
    return record
