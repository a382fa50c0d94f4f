"""The records of a call centre's day: calls, incidents, and the units assigned to them.

Frozen and free of any framework; a change makes a new record. Times are UTC. Personal data stands in none of them:
what a caller says of himself is kept apart (`PrivateText`), so that it can be erased without touching the log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from dispatch.types import Unit
from gis.errors import N_, InputError
from gis.types import Location

MAX_RADIUS_M: Final = 100_000.0
MAX_LABEL: Final = 200
_CODE = re.compile(r"[0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{4})?)?)?")
_LINE = re.compile(r"[^\x00-\x1F\x7F-\x9F\u2028\u2029]*")


class Channel(StrEnum):
    """How a report came in."""

    PHONE = "phone"
    WHATSAPP = "whatsapp"
    APP = "app"
    RADIO = "radio"
    WALK_IN = "walk_in"
    SENSOR = "sensor"
    OTHER_CENTRE = "other_centre"


class CallType(StrEnum):
    """What a call turned out to be."""

    NORMAL = "normal"
    GHOST = "ghost"
    PRANK = "prank"
    INFORMATION = "information"
    DUPLICATE = "duplicate"
    TEST = "test"


class Severity(StrEnum):
    """How bad it is, worst first; the run card of a category says what each asks for."""

    CRITICAL = "critical"
    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"

    @property
    def weight(self) -> int:
        """From 4 (critical) to 1 (low)."""
        return {Severity.CRITICAL: 4, Severity.HIGH: 3, Severity.MODERATE: 2, Severity.LOW: 1}[self]


class IncidentStatus(StrEnum):
    """Where an incident stands; `dispatch.transitions` says what may follow what."""

    RECEIVED = "received"
    LOCATED = "located"
    DISPATCHED = "dispatched"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    UNDER_CONTROL = "under_control"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    REOPENED = "reopened"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self not in (IncidentStatus.CLOSED, IncidentStatus.CANCELLED)


class LocationKind(StrEnum):
    """How well the location is known."""

    POINT = "point"
    PLACE = "place"
    VILLAGE = "village"
    KECAMATAN = "kecamatan"
    UNKNOWN = "unknown"


class CapStatus(StrEnum):
    """How a CAP message is to be taken; a draft is never sent."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    TEST = "Test"
    DRAFT = "Draft"


class CapMessage(StrEnum):
    """What a CAP message is to those before it."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


class CapScope(StrEnum):
    """Who may read a CAP message."""

    PUBLIC = "Public"
    RESTRICTED = "Restricted"
    PRIVATE = "Private"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLocation:
    """Where an incident is, as well as it is known.

    Attributes
    ----------
    kind
        See `LocationKind`.
    location
        The point or place; the middle of a village or kecamatan; None where nothing is known.
    radius_m
        The incident lies within this many metres of `location`; None where not known.
    village_code, kecamatan_code
        Kemendagri codes of the area; None where not known.
    label
        What people call it.
    """

    kind: LocationKind
    location: Location | None = None
    radius_m: float | None = None
    village_code: str | None = None
    kecamatan_code: str | None = None
    label: str = ""

    def __post_init__(self) -> None:
        needs_point = self.kind in (LocationKind.POINT, LocationKind.PLACE)
        if needs_point and self.location is None:
            raise InputError(N_("A location of the kind {kind} needs lat and lon; give both."), kind=str(self.kind))
        if self.kind is LocationKind.VILLAGE and self.village_code is None:
            raise InputError(N_("A location of the kind village needs its village_code; give it."))
        if self.kind is LocationKind.KECAMATAN and self.kecamatan_code is None:
            raise InputError(N_("A location of the kind kecamatan needs its kecamatan_code; give it."))
        if self.radius_m is not None and not 0 <= self.radius_m <= MAX_RADIUS_M:
            raise InputError(
                N_("The radius {radius} m is not between 0 and {most} m."), radius=self.radius_m, most=MAX_RADIUS_M
            )
        for code in (self.village_code, self.kecamatan_code):
            if code is not None and not _CODE.fullmatch(code):
                raise InputError(N_("An area code looks like 32.09.21.2006; correct the one that was given."))
        if len(self.label) > MAX_LABEL or not _LINE.fullmatch(self.label):
            raise InputError(N_("The label of a location is one line of at most {most} characters."), most=MAX_LABEL)


UNKNOWN_LOCATION = IncidentLocation(kind=LocationKind.UNKNOWN)


class Milestone(StrEnum):
    """The six moments of an assignment, in their order."""

    DISPATCHED = "dispatched"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    TRANSPORTING = "transporting"
    AT_HOSPITAL = "at_hospital"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When something happened.

    Attributes
    ----------
    server_time
        When the server was told.
    device_time
        When the reporting device says it happened; None where no device said.
    corrected_time
        The time a correction put in place; the event log keeps what stood before.
    """

    server_time: datetime
    device_time: datetime | None = None
    corrected_time: datetime | None = None

    @property
    def time(self) -> datetime:
        """The time to count with: the correction, else the device's, else the server's."""
        return self.corrected_time or self.device_time or self.server_time


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRef:
    """A free text kept apart from the log.

    Attributes
    ----------
    text_id
        Key of the `PrivateText`.
    digest
        SHA-256 of salt and text, hexadecimal: an altered text is noticed, an erased one cannot be guessed.
    """

    text_id: str
    digest: str


class TextField(StrEnum):
    """What a private text is."""

    CALLER_NAME = "caller_name"
    CALLER_NUMBER = "caller_number"
    WORDS = "words"
    NOTE = "note"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateText:
    """Personal data: a caller's name, number, words or answers, or a note. Erased by rule, see `expires_at`."""

    text_id: str
    field: TextField
    text: str
    salt: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One report of a caller.

    Attributes
    ----------
    call_id
        Such as `C261124-0007`: local date and number of the day.
    received_at, ended_at
        When it came in, and when it ended (None: still on the line).
    number_hash
        Keyed hash of the caller's number, to count ghost calls; None where no number was sent.
    name, number, words
        Where the personal texts are kept.
    incident_id
        The incident it belongs to, if any.
    version
        Grows with every change.
    """

    call_id: str
    channel: Channel
    call_type: CallType
    received_at: datetime
    ended_at: datetime | None = None
    number_hash: str | None = None
    name: TextRef | None = None
    number: TextRef | None = None
    words: TextRef | None = None
    incident_id: str | None = None
    taken_by: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """That an agency has read of an incident, and when it said so."""

    agency: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """What the caller answered to a question of the run card.

    An answer may tell of somebody's health, so it is kept as the other personal texts are: `said` is where.
    """

    question_id: str
    said: TextRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One emergency, to which calls and assignments belong.

    Attributes
    ----------
    incident_id
        Such as `261124-007`: local date and number of the day, as it is said on the radio.
    category
        Id of a category of the directory.
    alarm_level
        1 at first; each level asks for more units.
    status_at
        When it reached its status.
    received_at
        When the first report came in: what response standards count from.
    notes
        Where the notes are kept, oldest first.
    notified
        Agencies told of it.
    acknowledged
        Agencies that said that they have read of it, in that order.
    duplicate_of
        The incident it was found to be the same as.
    handed_to
        Neighbouring centre that took it over.
    exercise
        Not real: a drill or a test.
    answers
        To the questions of the run card, one per question, in the order they were first asked.
    """

    incident_id: str
    category: str
    severity: Severity
    status: IncidentStatus
    location: IncidentLocation
    received_at: datetime
    status_at: datetime
    alarm_level: int = 1
    notes: tuple[TextRef, ...] = ()
    notified: tuple[str, ...] = ()
    disposition: str | None = None
    closed_at: datetime | None = None
    duplicate_of: str | None = None
    handed_to: str | None = None
    exercise: bool = False
    answers: tuple[GivenAnswer, ...] = ()
    version: int = 1
    acknowledged: tuple[Acknowledgement, ...] = ()


class AssignmentEnd(StrEnum):
    """How an assignment ended."""

    COMPLETED = "completed"
    RECALLED = "recalled"
    REASSIGNED = "reassigned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One unit sent to one incident. A unit has at most one that has not ended.

    Attributes
    ----------
    assignment_id
        Such as `261124-007.2`: the second assignment of that incident.
    milestones
        What happened when, by milestone; `DISPATCHED` is always there.
    recommendation_id
        The recommendation it followed, if any.
    override_reason
        Why another unit than the recommended first was sent.
    hospital
        Where a patient is taken.
    acknowledged
        When its crew said that it has read of it; None where it said nothing.
    """

    assignment_id: str
    incident_id: str
    unit_id: str
    assigned_by: str
    milestones: dict[Milestone, Moment] = field(default_factory=dict)
    recommendation_id: str | None = None
    override_reason: str | None = None
    hospital: str | None = None
    ended_at: datetime | None = None
    end: AssignmentEnd | None = None
    end_reason: str | None = None
    acknowledged: Moment | None = None

    @property
    def is_active(self) -> bool:
        """Whether the unit is still bound to the incident."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitState:
    """A unit as the centre knows it.

    Attributes
    ----------
    unit
        Its kind, agency, status, last trusted position and capabilities.
    station
        Id of its home station, if any.
    status_at
        When it reached its status.
    free_at
        When it expects to be available again, if it said so.
    on_duty
        Whether its crew is on the roster now.
    retired
        No longer part of the fleet.
    """

    unit: Unit
    station: str | None
    status_at: datetime
    free_at: datetime | None = None
    on_duty: bool = True
    retired: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationRef:
    """A stored recommendation: the whole of it and its inputs are the document of that digest."""

    recommendation_id: str
    incident_id: str
    made_at: datetime
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """A question to a village's officials whether a report is true; it never holds anything up.

    Attributes
    ----------
    post
        Of the official asked, such as `kepala desa`.
    answer
        `confirmed`, `denied` or `unknown`; None while nobody answered.
    """

    verification_id: str
    incident_id: str
    village_code: str
    post: str
    asked_at: datetime
    answer: str | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """An incident offered to a neighbouring centre, and its receipt.

    Attributes
    ----------
    reference
        The number under which the neighbour took it.
    """

    handover_id: str
    incident_id: str
    neighbour: str
    asked_at: datetime
    reference: str | None = None
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A CAP message that was sent about an incident; the message itself is the document of that digest.

    Attributes
    ----------
    alert_id
        The message's identifier, unique among all of its sender.
    number
        Of the incident's messages, from 1.
    sender
        The centre, as the message names it.
    status
        `Actual`, `Exercise` or `Test`.
    message
        `Alert`, `Update` or `Cancel`.
    scope
        `Public`, `Restricted` or `Private`.
    references
        Messages that it updates or cancels, by id, oldest first.
    """

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
class Device:
    """A device that sends positions of a unit."""

    token_hash: str
    unit_id: str
    label: str
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """What holds for the whole centre."""

    directory_digest: str
