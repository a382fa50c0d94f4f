"""What people ask the centre to do: one record per command, with its limits.

Times that a device reports stand in `device_time`; all are optional and must have a zone. `expected_version` refuses a
change where somebody else changed the record since it was read. Free texts hold personal data: they go to the private
texts and never into the log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import AfterValidator, BeforeValidator, ConfigDict, StringConstraints, WithJsonSchema

from dispatch.accounts import LOGIN_PATTERN, AccessNote, Role
from dispatch.closures import ClosureReason, VillageCutOff
from dispatch.directory import Directory
from dispatch.incidents import (
    MAX_LABEL,
    MAX_RADIUS_M,
    UNKNOWN_LOCATION,
    CallType,
    CapMessage,
    CapScope,
    CapStatus,
    Channel,
    IncidentLocation,
    IncidentStatus,
    Milestone,
    Severity,
)
from dispatch.types import UnitStatus
from dispatch.verification import VillageAnswer
from gis.types import Location
from routing.types import ClosedRoads, RoadSelector

ID_PATTERN: Final = r"^[A-Za-z0-9]([A-Za-z0-9._: -]*[A-Za-z0-9])?$"
MAX_ID: Final = 64
WORD_PATTERN: Final = r"^[a-z0-9][a-z0-9_]*$"
# No control characters: PostgreSQL cannot store NUL, and no terminal should obey a caller.
LINE_PATTERN: Final = r"^[^\x00-\x1F\x7F-\x9F\u2028\u2029]*$"
TEXT_PATTERN: Final = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]*$"
CODE_PATTERN: Final = r"^[0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{4})?)?)?$"
TIME_PATTERN: Final = (
    r"^20(([0-9]{2}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31))"
    r"|(([02468][048]|[13579][26])-02-29))"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$"
)
"""RFC 3339 within this century, so that no zone can carry a time beyond what a calendar has."""
MAX_VERSION: Final = 2**53 - 1
"""The greatest whole number that every JSON reader keeps."""

_TIME = re.compile(TIME_PATTERN.removesuffix("$") + r"\Z")


def parse_time(value: object) -> datetime:
    """A time with its zone, from text.

    Raises
    ------
    ValueError
        Another form, or no such day.
    """
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if not isinstance(value, str) or _TIME.match(value) is None:
        raise ValueError("a time is written with its zone, such as 2026-01-31T06:45:00Z")
    return datetime.fromisoformat(value)


Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID, pattern=ID_PATTERN)]
"""An id: letters and digits, with `. _ : -` and blanks between them."""
Login = Annotated[str, StringConstraints(pattern=LOGIN_PATTERN)]
"""What an account signs in with."""
Word = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=WORD_PATTERN)]
"""A lower-case word, such as a unit kind."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=LINE_PATTERN)]
"""A short text on one line."""
SpeedsDigest = Annotated[str, StringConstraints(pattern=r"^(none|[0-9a-f]{64})$")]
"""The digest of the learnt speeds in force, or `none`."""
Number = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=LINE_PATTERN)]
"""A telephone number, in any spelling."""
FreeText = Annotated[str, StringConstraints(min_length=1, max_length=5000, pattern=TEXT_PATTERN)]
"""What somebody said or wrote."""
Version = Annotated[int, Ge(1), Le(MAX_VERSION)]
"""A version that was read."""
Time = Annotated[
    datetime,
    BeforeValidator(parse_time),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": TIME_PATTERN}),
]
"""A moment, with its zone."""


def _with_factors(report: dict[str, object]) -> dict[str, object]:
    if not isinstance(report.get("factors"), dict):
        raise ValueError("a report of learnt speeds has an object “factors”")
    return report


SpeedReport = Annotated[
    dict[str, object],
    AfterValidator(_with_factors),
    WithJsonSchema({"type": "object", "required": ["factors"], "properties": {"factors": {"type": "object"}}}),
]
"""A report of learnt speeds; what its table of factors must be, `dispatch.decide_speeds` says."""

_POINT: dict[str, Any] = {
    "type": "object",
    "required": ["lat", "lon"],
    "properties": {
        "lat": {"type": "number", "minimum": -90, "maximum": 90},
        "lon": {"type": "number", "minimum": -180, "maximum": 180},
    },
    "additionalProperties": False,
    "description": "WGS84 degrees.",
}
_CODE: dict[str, Any] = {
    "type": "string",
    "pattern": CODE_PATTERN,
    "description": "Kemendagri code, such as 32.09.21.2006.",
}


def _place(kinds: list[str], **needed: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a location of some kinds, with what such a location must have."""
    properties = {
        "location": _POINT,
        "radius_m": {"type": "number", "minimum": 0, "maximum": MAX_RADIUS_M},
        "village_code": _CODE,
        "kecamatan_code": _CODE,
    }
    return {
        "type": "object",
        "required": ["kind", *needed],
        "properties": {
            "kind": {"type": "string", "enum": kinds},
            **{name: one if name in needed else {"anyOf": [one, {"type": "null"}]} for name, one in properties.items()},
            "label": {"type": "string", "maxLength": MAX_LABEL, "pattern": LINE_PATTERN},
        },
        "additionalProperties": False,
    }


Point = Annotated[Location, WithJsonSchema(_POINT)]
"""A location in degrees."""
Place = Annotated[
    IncidentLocation,
    WithJsonSchema(
        {
            "oneOf": [
                _place(["point", "place"], location=_POINT),
                _place(["village"], village_code=_CODE),
                _place(["kecamatan"], kecamatan_code=_CODE),
                _place(["unknown"]),
            ]
        }
    ),
]
"""Where an incident is, as well as it is known; its own checks are those of the schema."""


class _Strict:
    """A command refuses fields that it does not know: a misspelt one must not pass unnoticed."""

    __slots__ = ()
    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadDirectory(_Strict):
    """Put agencies, categories and run cards in place."""

    directory: Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeCall(_Strict):
    """A call came in."""

    channel: Channel = Channel.PHONE
    call_type: CallType = CallType.NORMAL
    caller_name: Name | None = None
    caller_number: Number | None = None
    words: FreeText | None = None
    incident_id: Id | None = None
    device_time: Time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeCall(_Strict):
    """Say what a call turned out to be."""

    call_id: Id
    call_type: CallType
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeCall(_Strict):
    """Write down what a caller says of himself after the call was taken; None leaves as it is."""

    call_id: Id
    caller_name: Name | None = None
    caller_number: Number | None = None
    words: FreeText | None = None
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCall(_Strict):
    """Put a call to an incident, or with None to none."""

    call_id: Id
    incident_id: Id | None
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndCall(_Strict):
    """The call is over."""

    call_id: Id
    device_time: Time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(_Strict):
    """An answer to a question of the run card: one of its choices, the caller's words, or both."""

    question: Id
    answer: Id | None = None
    words: FreeText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident(_Strict):
    """Open an incident, from a call or without one.

    Without `severity` it is what its category says, or worse where an answer says so.
    """

    category: Word
    severity: Severity | None = None
    location: Place = UNKNOWN_LOCATION
    call_id: Id | None = None
    note: FreeText | None = None
    exercise: bool = False
    answers: Annotated[tuple[Answered, ...], MaxLen(50)] = ()
    device_time: Time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocateIncident(_Strict):
    """Say where it is, or correct it."""

    incident_id: Id
    location: Place
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditIncident(_Strict):
    """Change category or severity."""

    incident_id: Id
    category: Word | None = None
    severity: Severity | None = None
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerQuestions(_Strict):
    """Write down answers to questions of the run card; a worse severity or higher alarm that they say comes to be."""

    incident_id: Id
    answers: Annotated[tuple[Answered, ...], MinLen(1), MaxLen(50)]
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote(_Strict):
    """Write something down."""

    incident_id: Id
    text: FreeText
    device_time: Time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseAlarm(_Strict):
    """Ask for the next alarm level of the run card."""

    incident_id: Id
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyAgency(_Strict):
    """Record that an agency was told."""

    incident_id: Id
    agency: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeIncident(_Strict):
    """An agency that was told, or has a unit there, says that it has read of it."""

    incident_id: Id
    agency: Id
    device_time: Time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveIncident(_Strict):
    """Move an incident by hand: under control, back on scene, or reopened."""

    incident_id: Id
    status: Literal[IncidentStatus.UNDER_CONTROL, IncidentStatus.ON_SCENE, IncidentStatus.REOPENED]
    device_time: Time | None = None
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseIncident(_Strict):
    """Close it, with its disposition; `release_units` frees those that are still bound to it."""

    incident_id: Id
    disposition: Word
    release_units: bool = False
    note: FreeText | None = None
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelIncident(_Strict):
    """Call it off before anybody arrived; units on their way are recalled."""

    incident_id: Id
    reason: FreeText
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeIncident(_Strict):
    """It is the same as another: its calls go there and it is cancelled."""

    incident_id: Id
    into: Id
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterUnit(_Strict):
    """A unit joins the fleet; a retired one of the same id comes back."""

    unit_id: Id
    kind: Word
    agency: Name
    location: Point
    capabilities: Annotated[tuple[Word, ...], MaxLen(50)] = ()
    station: Id | None = None
    on_duty: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EditUnit(_Strict):
    """Change what a unit is; None leaves as it is. `retired` takes it out of the fleet."""

    unit_id: Id
    kind: Word | None = None
    agency: Name | None = None
    station: Id | None = None
    capabilities: Annotated[tuple[Word, ...], MaxLen(50)] | None = None
    on_duty: bool | None = None
    location: Point | None = None
    retired: bool | None = None
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportStatus(_Strict):
    """A unit reached another status; with an assignment, also its milestone.

    A report that was made for `incident_id` and comes late is refused where the unit has another task by now.
    """

    unit_id: Id
    status: UnitStatus
    device_time: Time | None = None
    free_at: Time | None = None
    hospital: Name | None = None
    expected_version: Version | None = None
    incident_id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeAssignment(_Strict):
    """The crew of a unit says that it has read where it is sent."""

    unit_id: Id
    incident_id: Id
    device_time: Time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignUnits(_Strict):
    """Give units to an incident, all or none.

    `divert` takes a unit from another incident that it has not reached yet. `override_reason` is needed for a unit
    that is off duty.
    """

    incident_id: Id
    unit_ids: Annotated[tuple[Id, ...], MinLen(1), MaxLen(50)]
    recommendation_id: Id | None = None
    override_reason: Name | None = None
    divert: bool = False
    device_time: Time | None = None
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallUnit(_Strict):
    """Take a unit back from its incident; it returns.

    `stood_down` is for one that has not set out: it is available where it stands.
    """

    unit_id: Id
    reason: Name
    stood_down: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBackStatus(_Strict):
    """The last status of a unit was reported by mistake: `wrong` is what it says now, `right` what it said before.

    `assignment_id` names the assignment that the mistake ended, so that the unit is bound to it again.
    """

    unit_id: Id
    wrong: UnitStatus
    right: UnitStatus
    reason: Name
    assignment_id: Id | None = None
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectMilestone(_Strict):
    """A milestone's time was reported wrong."""

    assignment_id: Id
    milestone: Milestone
    time: Time
    reason: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRecommendation(_Strict):
    """Store a recommendation with its inputs."""

    incident_id: Id
    document: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteShiftNote(_Strict):
    """Hand a shift over: how things stood at its end (`document`, free of personal data), and what its writer says."""

    since: Time
    until: Time
    document: dict[str, object]
    words: FreeText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeOverdue(_Strict):
    """A timer of an incident ran out."""

    incident_id: Id
    timer: Name
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AskVerification(_Strict):
    """Ask a village's officials whether a report is true."""

    incident_id: Id
    village_code: Id
    post: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerVerification(_Strict):
    """What the village answered."""

    verification_id: Id
    answer: VillageAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class AskHandover(_Strict):
    """Ask a neighbouring centre to take an incident over."""

    incident_id: Id
    neighbour: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveHandover(_Strict):
    """The neighbour confirmed."""

    handover_id: Id
    reference: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueAlert(_Strict):
    """Send a CAP message about an incident.

    An update or a cancellation names the messages before it by itself. `addresses` are agencies, for a private one.
    `polygon` is the area affected where somebody drew it, as corners in order; `valid_s` is in seconds.
    """

    incident_id: Id
    message: CapMessage = CapMessage.ALERT
    scope: CapScope = CapScope.RESTRICTED
    status: Literal[CapStatus.ACTUAL, CapStatus.EXERCISE, CapStatus.TEST] = CapStatus.ACTUAL
    addresses: Annotated[tuple[Id, ...], MaxLen(50)] = ()
    polygon: Annotated[tuple[Point, ...], MaxLen(200)] = ()
    valid_s: Annotated[int, Ge(60), Le(31 * 86_400)] = 6 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseTexts(_Strict):
    """Erase personal texts, by id."""

    text_ids: Annotated[tuple[Id, ...], MinLen(1), MaxLen(1000)]
    reason: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterDevice(_Strict):
    """Let a device send positions of a unit; `token_hash` is the SHA-256 of its token."""

    unit_id: Id
    token_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    label: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeDevice(_Strict):
    """Let it no more."""

    token_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptSpeeds(_Strict):
    """Put the factors of a report of learnt speeds in force.

    `expected_digest` refuses it where others are in force than the sender saw: their digest, or `none`.
    """

    report: SpeedReport
    reason: Name
    expected_digest: SpeedsDigest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawSpeeds(_Strict):
    """Let the speeds of the settings count again; `expected_digest` as in `AdoptSpeeds`."""

    reason: Name
    expected_digest: SpeedsDigest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAccount(_Strict):
    """Let somebody work with the centre; what a bound role is bound to is an agency, a unit or an area code."""

    login: Login
    role: Role
    bound_to: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAccount(_Strict):
    """Change role (with its binding), or disable or enable; None leaves as it is."""

    login: Login
    role: Role | None = None
    bound_to: Id | None = None
    active: bool | None = None
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRoad(_Strict):
    """Close roads to all units, from now or from a time on; `roads` are the edges that the selector means."""

    selector: RoadSelector
    roads: ClosedRoads
    length_m: float
    reason: ClosureReason
    streets: tuple[str, ...] = ()
    note: FreeText | None = None
    starts_at: Time | None = None
    ends_at: Time | None = None
    scenario: Word | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenRoad(_Strict):
    """Lift a closure."""

    closure_id: Id
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAccess(_Strict):
    """Put into the log what happened to the way an account signs in."""

    login: Login
    what: AccessNote
    detail: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmaskTexts(_Strict):
    """Look at the personal texts of an incident (and its calls) or of a call; the reason stays in the log."""

    reason: Name
    incident_id: Id | None = None
    call_id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeClosure(_Strict):
    """Let a closure end at another time; None: when it is reopened."""

    closure_id: Id
    ends_at: Time | None
    expected_version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeCutOff(_Strict):
    """Say which villages cannot be driven to under the closures in force (`closure_ids`, sorted)."""

    closure_ids: tuple[Id, ...]
    villages: tuple[VillageCutOff, ...]


Command = (
    LoadDirectory
    | TakeCall
    | TypeCall
    | DescribeCall
    | LinkCall
    | EndCall
    | OpenIncident
    | LocateIncident
    | EditIncident
    | AnswerQuestions
    | AddNote
    | RaiseAlarm
    | NotifyAgency
    | AcknowledgeIncident
    | MoveIncident
    | CloseIncident
    | CancelIncident
    | MergeIncident
    | RegisterUnit
    | EditUnit
    | ReportStatus
    | AcknowledgeAssignment
    | AssignUnits
    | RecallUnit
    | TakeBackStatus
    | CorrectMilestone
    | KeepRecommendation
    | WriteShiftNote
    | NoticeOverdue
    | AskVerification
    | AnswerVerification
    | AskHandover
    | ReceiveHandover
    | IssueAlert
    | EraseTexts
    | RegisterDevice
    | RevokeDevice
    | AdoptSpeeds
    | WithdrawSpeeds
    | CreateAccount
    | ChangeAccount
    | NoteAccess
    | UnmaskTexts
    | CloseRoad
    | ReopenRoad
    | ChangeClosure
    | NoticeCutOff
)
