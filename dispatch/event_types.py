"""What can happen: one record per type of event. `dispatch.evolve` says what each does to the records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from dispatch.accounts import AccessNote, Account, Role
from dispatch.closures import Closure, CutOff
from dispatch.incidents import (
    Assignment,
    AssignmentEnd,
    Call,
    CallType,
    CapMessage,
    CapScope,
    CapStatus,
    GivenAnswer,
    Incident,
    IncidentLocation,
    IncidentStatus,
    Milestone,
    Moment,
    Severity,
    TextField,
    TextRef,
    UnitState,
)
from dispatch.types import UnitStatus
from gis.types import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryLoaded:
    """Agencies, categories and run cards were put in place (or replaced)."""

    type: ClassVar[str] = "directory.loaded"
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTaken:
    """A call came in."""

    type: ClassVar[str] = "call.taken"
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTyped:
    """What a call turned out to be."""

    type: ClassVar[str] = "call.typed"
    call_id: str
    call_type: CallType


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDescribed:
    """What a caller said of himself, told after the call was taken; None leaves as it is."""

    type: ClassVar[str] = "call.described"
    call_id: str
    number_hash: str | None = None
    name: TextRef | None = None
    number: TextRef | None = None
    words: TextRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLinked:
    """A call belongs to an incident (or, with None, to none any more)."""

    type: ClassVar[str] = "call.linked"
    call_id: str
    incident_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """The caller hung up, or was let go."""

    type: ClassVar[str] = "call.ended"
    call_id: str
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentOpened:
    """An emergency is known."""

    type: ClassVar[str] = "incident.opened"
    incident: Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLocated:
    """Where it is was found out, or corrected."""

    type: ClassVar[str] = "incident.located"
    incident_id: str
    location: IncidentLocation


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentEdited:
    """Category, severity, or both were changed; None leaves as it is."""

    type: ClassVar[str] = "incident.edited"
    incident_id: str
    category: str | None
    severity: Severity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentMoved:
    """It reached another status."""

    type: ClassVar[str] = "incident.moved"
    incident_id: str
    before: IncidentStatus
    after: IncidentStatus
    at: datetime
    disposition: str | None = None
    duplicate_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCorrected:
    """Its status follows a unit's that was reported by mistake: it stands where it stood before."""

    type: ClassVar[str] = "incident.status_corrected"
    incident_id: str
    before: IncidentStatus
    after: IncidentStatus
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionsAnswered:
    """The caller answered questions of the run card; an answer takes the place of an earlier one to its question."""

    type: ClassVar[str] = "incident.answered"
    incident_id: str
    answers: tuple[GivenAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised:
    """More units are asked for."""

    type: ClassVar[str] = "incident.alarm_raised"
    incident_id: str
    alarm_level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAdded:
    """Somebody wrote something down."""

    type: ClassVar[str] = "incident.note_added"
    incident_id: str
    note: TextRef


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyNotified:
    """An agency was told."""

    type: ClassVar[str] = "incident.agency_notified"
    incident_id: str
    agency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyAcknowledged:
    """An agency has read of an incident."""

    type: ClassVar[str] = "incident.agency_acknowledged"
    incident_id: str
    agency: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueNoticed:
    """A response standard was missed."""

    type: ClassVar[str] = "incident.overdue"
    incident_id: str
    timer: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationMade:
    """Units were recommended; the whole of it and its inputs stand in `documents`."""

    type: ClassVar[str] = "recommendation.made"
    incident_id: str
    recommendation_id: str
    made_at: datetime
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationAsked:
    """A village was asked whether a report is true."""

    type: ClassVar[str] = "verification.asked"
    verification_id: str
    incident_id: str
    village_code: str
    post: str
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationAnswered:
    """The village answered: a word of `dispatch.verification.VillageAnswer`."""

    type: ClassVar[str] = "verification.answered"
    verification_id: str
    incident_id: str
    answer: str
    answered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverAsked:
    """A neighbouring centre was asked to take an incident over."""

    type: ClassVar[str] = "handover.asked"
    handover_id: str
    incident_id: str
    neighbour: str
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverReceived:
    """The neighbour confirmed that it has taken over, under its own reference."""

    type: ClassVar[str] = "handover.received"
    handover_id: str
    incident_id: str
    reference: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertIssued:
    """A CAP message was sent about an incident; the whole of it stands in `documents`."""

    type: ClassVar[str] = "alert.issued"
    alert_id: str
    incident_id: str
    number: int
    sender: str
    sent: datetime
    expires: datetime
    status: CapStatus
    message: CapMessage
    scope: CapScope
    references: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRegistered:
    """A unit joined the fleet, or came back to it."""

    type: ClassVar[str] = "unit.registered"
    unit: UnitState


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEdited:
    """Kind, agency, station, capabilities, duty or the place where it stands were changed; None leaves as it is."""

    type: ClassVar[str] = "unit.edited"
    unit_id: str
    kind: str | None = None
    agency: str | None = None
    station: str | None = None
    capabilities: tuple[str, ...] | None = None
    on_duty: bool | None = None
    location: Location | None = None
    retired: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitMoved:
    """A unit reached another status."""

    type: ClassVar[str] = "unit.moved"
    unit_id: str
    before: UnitStatus
    after: UnitStatus
    at: datetime
    free_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusTakenBack:
    """A status was reported by mistake: the unit is where it was before, and so is its assignment.

    Attributes
    ----------
    before, after
        The wrong status, and the right one.
    assignment_id, incident_id
        What the unit is bound to, or bound to again; None for a unit that was bound to nothing.
    milestone
        Which was not reached after all; None where none was reported.
    bound_again
        Whether the mistake had freed the unit from its incident.
    """

    type: ClassVar[str] = "unit.status_taken_back"
    unit_id: str
    before: UnitStatus
    after: UnitStatus
    at: datetime
    reason: str
    assignment_id: str | None = None
    incident_id: str | None = None
    milestone: Milestone | None = None
    bound_again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitAssigned:
    """A unit was given an incident."""

    type: ClassVar[str] = "assignment.made"
    assignment: Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentAcknowledged:
    """A crew has read where it is sent."""

    type: ClassVar[str] = "assignment.acknowledged"
    assignment_id: str
    incident_id: str
    unit_id: str
    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneReached:
    """A unit reached a milestone of its assignment."""

    type: ClassVar[str] = "assignment.milestone"
    assignment_id: str
    incident_id: str
    unit_id: str
    milestone: Milestone
    moment: Moment
    hospital: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneCorrected:
    """A milestone's time was wrong; the event before keeps what stood there."""

    type: ClassVar[str] = "assignment.milestone_corrected"
    assignment_id: str
    incident_id: str
    unit_id: str
    milestone: Milestone
    corrected_time: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentEnded:
    """A unit is free of its incident."""

    type: ClassVar[str] = "assignment.ended"
    assignment_id: str
    incident_id: str
    unit_id: str
    at: datetime
    end: AssignmentEnd
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsErased:
    """Personal texts were erased, by rule or on demand."""

    type: ClassVar[str] = "texts.erased"
    text_ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRegistered:
    """A device may send positions of a unit; only a hash of its token is kept."""

    type: ClassVar[str] = "device.registered"
    token_hash: str
    unit_id: str
    label: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRevoked:
    """A device may not any more."""

    type: ClassVar[str] = "device.revoked"
    token_hash: str
    unit_id: str
    revoked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedsAdopted:
    """Learnt speeds came into force; the report with its factors stands in `documents`."""

    type: ClassVar[str] = "speeds.adopted"
    digest: str
    reason: str
    adopted_at: datetime
    adopted_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedsWithdrawn:
    """The speeds of the settings count again."""

    type: ClassVar[str] = "speeds.withdrawn"
    digest: str
    reason: str
    withdrawn_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsUnmasked:
    """Somebody looked at personal texts that are masked for him, and said why."""

    type: ClassVar[str] = "texts.unmasked"
    incident_id: str | None
    call_id: str | None
    fields: tuple[TextField, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCreated:
    """Somebody may work with the centre from now on."""

    type: ClassVar[str] = "account.created"
    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged:
    """An account has another role or binding, or was disabled or enabled: all three as they are now."""

    type: ClassVar[str] = "account.changed"
    login: str
    role: Role
    bound_to: str | None
    active: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessNoted:
    """Something about how an account signs in; `detail` is the public part of an id, never a secret."""

    type: ClassVar[str] = "account.access"
    login: str
    what: AccessNote
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadClosed:
    """Roads are closed, now or from a time on; the edges stand in `documents`."""

    type: ClassVar[str] = "road.closed"
    closure: Closure
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadReopened:
    """A closure was lifted."""

    type: ClassVar[str] = "road.reopened"
    closure_id: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureChanged:
    """A closure ends at another time; None: when it is reopened."""

    type: ClassVar[str] = "road.closure_changed"
    closure_id: str
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VillagesCutOff:
    """Villages (`codes`), or more of them, cannot be driven to; `cut_off` and `people` tell all that is so now."""

    type: ClassVar[str] = "alert.villages_cut_off"
    cut_off: CutOff
    codes: tuple[str, ...]
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VillagesReachable:
    """Villages can be driven to again; `cut_off` and `people` tell what is still so."""

    type: ClassVar[str] = "alert.villages_reachable"
    cut_off: CutOff
    codes: tuple[str, ...]
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftNoted:
    """A shift was handed over; how things stood is the document of `digest`, what the writer says is kept apart."""

    type: ClassVar[str] = "shift.noted"
    note_id: str
    since: datetime
    until: datetime
    noted_at: datetime
    digest: str
    words: TextRef | None = None


EventBody = (
    DirectoryLoaded
    | CallTaken
    | CallTyped
    | CallDescribed
    | CallLinked
    | CallEnded
    | IncidentOpened
    | IncidentLocated
    | IncidentEdited
    | IncidentMoved
    | IncidentCorrected
    | QuestionsAnswered
    | AlarmRaised
    | NoteAdded
    | AgencyNotified
    | AgencyAcknowledged
    | OverdueNoticed
    | RecommendationMade
    | VerificationAsked
    | VerificationAnswered
    | HandoverAsked
    | HandoverReceived
    | AlertIssued
    | UnitRegistered
    | UnitEdited
    | UnitMoved
    | StatusTakenBack
    | UnitAssigned
    | AssignmentAcknowledged
    | MilestoneReached
    | MilestoneCorrected
    | AssignmentEnded
    | TextsErased
    | DeviceRegistered
    | DeviceRevoked
    | SpeedsAdopted
    | SpeedsWithdrawn
    | TextsUnmasked
    | AccountCreated
    | AccountChanged
    | AccessNoted
    | RoadClosed
    | RoadReopened
    | ClosureChanged
    | VillagesCutOff
    | VillagesReachable
    | ShiftNoted
)

BODY_TYPES: dict[str, type[EventBody]] = {one.type: one for one in EventBody.__args__}
"""Type of event to its record."""


def subjects(body: EventBody) -> tuple[str | None, str | None, str | None]:
    """Incident, unit and call that an event is about."""
    match body:
        case CallTaken(call=call):
            return call.incident_id, None, call.call_id
        case IncidentOpened(incident=incident):
            return incident.incident_id, None, None
        case UnitRegistered(unit=state):
            return None, state.unit.unit_id, None
        case UnitAssigned(assignment=assignment):
            return assignment.incident_id, assignment.unit_id, None
        case _:
            return getattr(body, "incident_id", None), getattr(body, "unit_id", None), getattr(body, "call_id", None)
