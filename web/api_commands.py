"""Commands over HTTP: one table of routes, one way to answer them all.

The body is the command as JSON (its fields are those of `dispatch.commands`); ids in the path fill its fields. The
header `Idempotency-Key` makes a request safe to repeat; `If-Match` with the ETag of what was read refuses a change
of something that changed meanwhile.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from http import HTTPStatus
from typing import Any, Final, cast

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import UnsupportedMediaType

from dispatch import commands as c
from dispatch.codec import load_request
from dispatch.errors import VersionConflictError
from dispatch.store.store import Answer
from gis.errors import N_, InputError
from web.access import Permission, Scope, actor, needs
from web.centre import Centre
from web.problems import BadRequestError, NotFoundError
from web.reach import CENTRE, check_speaker, shown_answer

MAX_KEY: Final = 200
MAX_DEPTH: Final = 32
KEY_PATTERN: Final = r"^[\x21-\x7E]([\x20-\x7E]*[\x21-\x7E])?$"

_KEY: Final = re.compile(KEY_PATTERN.removesuffix("$") + r"\Z")
_ETAG: Final = re.compile(r'(?:W/)?"([1-9][0-9]{0,14})"\Z')
_DIGEST: Final = re.compile(r'(?:W/)?"(none|[0-9a-f]{64})"\Z')
_ID: Final = re.compile(c.ID_PATTERN.removesuffix("$") + r"\Z")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

centre_commands = Blueprint("centre_commands", __name__, url_prefix="/api/v1")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRoute:
    """One command and its address.

    Attributes
    ----------
    method, path
        The path's parameters are fields of the command.
    shows
        Kind of record (plural, as in the answer) whose version the ETag is; None for none.
    created
        Whether something new comes to be: 201 in place of 200.
    """

    method: str
    path: str
    command: type
    permission: Permission
    summary: str
    scope: Scope = Scope.WHOLE
    shows: str | None = None
    created: bool = False

    @property
    def status(self) -> HTTPStatus:
        """Of a good answer."""
        return HTTPStatus.CREATED if self.created else HTTPStatus.OK

    @property
    def path_fields(self) -> tuple[str, ...]:
        """Fields of the command that the path gives."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("<"))

    @property
    def is_versioned(self) -> bool:
        """Whether `If-Match` means something."""
        return any(one.name in ("expected_version", "expected_digest") for one in fields(self.command))

    @property
    def is_by_digest(self) -> bool:
        """Whether the ETag is a digest, and no number."""
        return any(one.name == "expected_digest" for one in fields(self.command))


P = Permission
ROUTES: Final[tuple[CommandRoute, ...]] = (
    CommandRoute(method="POST", path="/calls", command=c.TakeCall, permission=P.CALL_WRITE,
                 summary="Take a call.", shows="calls", created=True),
    CommandRoute(method="POST", path="/calls/<call_id>/type", command=c.TypeCall, permission=P.CALL_WRITE,
                 summary="Say what a call turned out to be.", shows="calls"),
    CommandRoute(method="PATCH", path="/calls/<call_id>", command=c.DescribeCall, permission=P.CALL_WRITE,
                 summary="Write down what a caller says of himself.", shows="calls"),
    CommandRoute(method="POST", path="/calls/<call_id>/link", command=c.LinkCall, permission=P.CALL_WRITE,
                 summary="Put a call to an incident, or to none.", shows="calls"),
    CommandRoute(method="POST", path="/calls/<call_id>/end", command=c.EndCall, permission=P.CALL_WRITE,
                 summary="End a call.", shows="calls"),
    CommandRoute(method="POST", path="/incidents", command=c.OpenIncident, permission=P.INCIDENT_WRITE,
                 summary="Open an incident.", shows="incidents", created=True),
    CommandRoute(method="PATCH", path="/incidents/<incident_id>", command=c.EditIncident,
                 permission=P.INCIDENT_WRITE, summary="Change category or severity.", shows="incidents"),
    CommandRoute(method="PUT", path="/incidents/<incident_id>/location", command=c.LocateIncident,
                 permission=P.INCIDENT_WRITE, summary="Say where an incident is.", shows="incidents"),
    CommandRoute(method="POST", path="/incidents/<incident_id>/notes", command=c.AddNote,
                 permission=P.NOTE_WRITE, scope=Scope.INCIDENT, summary="Write a note.", shows="incidents",
                 created=True),
    CommandRoute(method="POST", path="/incidents/<incident_id>/answers", command=c.AnswerQuestions,
                 permission=P.INCIDENT_WRITE, summary="Write down answers to the run card's questions.",
                 shows="incidents"),
    CommandRoute(method="POST", path="/incidents/<incident_id>/alarm", command=c.RaiseAlarm,
                 permission=P.INCIDENT_WRITE, summary="Ask for the next alarm level.", shows="incidents"),
    CommandRoute(method="POST", path="/incidents/<incident_id>/notified", command=c.NotifyAgency,
                 permission=P.INCIDENT_WRITE, summary="Record that an agency was told.", shows="incidents"),
    CommandRoute(method="POST", path="/incidents/<incident_id>/acknowledged", command=c.AcknowledgeIncident,
                 permission=P.ACKNOWLEDGE, scope=Scope.INCIDENT, summary="Record that an agency has read of it.",
                 shows="incidents"),
    CommandRoute(method="POST", path="/incidents/<incident_id>/status", command=c.MoveIncident,
                 permission=P.INCIDENT_WRITE, summary="Move an incident by hand.", shows="incidents"),
    CommandRoute(method="POST", path="/incidents/<incident_id>/close", command=c.CloseIncident,
                 permission=P.INCIDENT_WRITE, summary="Close an incident, with its disposition.", shows="incidents"),
    CommandRoute(method="POST", path="/incidents/<incident_id>/cancel", command=c.CancelIncident,
                 permission=P.INCIDENT_WRITE, summary="Call an incident off.", shows="incidents"),
    CommandRoute(method="POST", path="/incidents/<incident_id>/merge", command=c.MergeIncident,
                 permission=P.INCIDENT_WRITE, summary="Say that it is the same as another.", shows="incidents"),
    CommandRoute(method="POST", path="/incidents/<incident_id>/assignments", command=c.AssignUnits,
                 permission=P.ASSIGN, summary="Give units to an incident, all or none.", shows="incidents",
                 created=True),
    CommandRoute(method="POST", path="/incidents/<incident_id>/verifications", command=c.AskVerification,
                 permission=P.INCIDENT_WRITE, summary="Ask a village whether a report is true.", created=True),
    CommandRoute(method="POST", path="/verifications/<verification_id>/answer", command=c.AnswerVerification,
                 permission=P.VERIFY, scope=Scope.VERIFICATION, summary="Record what the village answered."),
    CommandRoute(method="POST", path="/incidents/<incident_id>/handovers", command=c.AskHandover,
                 permission=P.INCIDENT_WRITE, summary="Ask a neighbouring centre to take it over.", created=True),
    CommandRoute(method="POST", path="/handovers/<handover_id>/receipt", command=c.ReceiveHandover,
                 permission=P.INCIDENT_WRITE, summary="Record the neighbour's receipt."),
    CommandRoute(method="POST", path="/units", command=c.RegisterUnit, permission=P.FLEET_WRITE,
                 summary="Add a unit to the fleet.", shows="units", created=True),
    CommandRoute(method="PATCH", path="/units/<unit_id>", command=c.EditUnit, permission=P.FLEET_WRITE,
                 summary="Change what a unit is.", shows="units"),
    CommandRoute(method="POST", path="/units/<unit_id>/status", command=c.ReportStatus, permission=P.STATUS_WRITE,
                 scope=Scope.UNIT, summary="Report a unit's status.", shows="units"),
    CommandRoute(method="POST", path="/units/<unit_id>/acknowledge", command=c.AcknowledgeAssignment,
                 permission=P.STATUS_WRITE, scope=Scope.UNIT, summary="Record that a crew has read of its task.",
                 shows="units"),
    CommandRoute(method="POST", path="/units/<unit_id>/recall", command=c.RecallUnit, permission=P.ASSIGN,
                 summary="Take a unit back from its incident.", shows="units"),
    CommandRoute(method="POST", path="/units/<unit_id>/status/take-back", command=c.TakeBackStatus,
                 permission=P.ASSIGN, summary="Take back a status that was reported by mistake.", shows="units"),
    CommandRoute(method="POST", path="/assignments/<assignment_id>/corrections", command=c.CorrectMilestone,
                 permission=P.INCIDENT_WRITE, summary="Correct the time of a milestone.", created=True),
    CommandRoute(method="PATCH", path="/closures/<closure_id>", command=c.ChangeClosure, permission=P.ROAD_CLOSE,
                 summary="Let a closure end at another time.", shows="closures"),
    CommandRoute(method="POST", path="/closures/<closure_id>/reopen", command=c.ReopenRoad, permission=P.ROAD_CLOSE,
                 summary="Reopen what a closure closed.", shows="closures"),
    CommandRoute(method="POST", path="/speeds", command=c.AdoptSpeeds, permission=P.SPEEDS_DECIDE,
                 summary="Put the factors of a report of learnt speeds in force."),
    CommandRoute(method="POST", path="/speeds/withdraw", command=c.WithdrawSpeeds, permission=P.SPEEDS_DECIDE,
                 summary="Let the speeds of the settings count again."),
)  # fmt: skip


def centre() -> Centre:
    """The centre of the running application."""
    return cast(Centre, current_app.extensions[CENTRE])


def idempotency_key() -> str | None:
    """The key of the request, as the store keeps it: a key belongs to who sent it.

    Raises
    ------
    BadRequestError
        Longer than 200 characters, or not printable ASCII.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if len(key) > MAX_KEY or _KEY.match(key) is None:
        raise BadRequestError(f"The header Idempotency-Key must be 1 to {MAX_KEY} printable ASCII characters.")
    return f"{actor().name}\n{key}"


def json_body() -> dict[str, Any]:
    """The body as a JSON object; no body is an empty one.

    Raises
    ------
    BadRequestError
        Broken JSON, JSON that is no object, or JSON that not every reader understands alike.
    UnsupportedMediaType
        Another type.
    """
    raw = request.get_data()
    if not raw:
        return {}
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("The body must be JSON; send it with Content-Type: application/json.")
    body = read_json(raw)
    if not isinstance(body, dict):
        raise BadRequestError("The body must be a JSON object, such as {}.")
    return body


def read_json(raw: bytes) -> Any:
    """JSON in UTF-8 as RFC 7493 (I-JSON) has it: no name twice, no NaN, no half of a character, nothing too deep.

    Raises
    ------
    BadRequestError
        Anything else.
    """
    try:
        body = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_refuse_constant, parse_float=_number)
    except BadRequestError:
        raise
    except UnicodeDecodeError:
        raise BadRequestError("The body is not UTF-8; send it as UTF-8.") from None
    except (ValueError, RecursionError):
        raise BadRequestError("The body is not whole JSON; look at its quotes, commas and brackets.") from None
    _check_values(body)
    return body


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise BadRequestError("The body names a field twice; send every field once.")
    return named


def _number(text: str) -> int | float:
    """JSON knows one kind of number: 3.0 is a whole one."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) <= c.MAX_VERSION else number


def _refuse_constant(name: str) -> None:
    raise BadRequestError(f"{name} is no JSON; leave the field out where there is no number.")


def _check_values(body: Any) -> None:
    level: list[Any] = [body]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                below += [*one, *one.values()]
            elif isinstance(one, list):
                below += one
            elif isinstance(one, str):
                if _SURROGATE.search(one):
                    raise BadRequestError("A text of the body holds half of a character; send whole characters.")
            elif isinstance(one, float) and not math.isfinite(one):
                raise BadRequestError("A number of the body is too large; send a smaller one.")
        level = below
    if level:
        raise BadRequestError(f"The body is nested more than {MAX_DEPTH} deep; send what the description asks for.")


def check_path_ids() -> None:
    """Answer an id in the address that no record can have as one that no record has.

    Raises
    ------
    NotFoundError
        No id, or too long.
    """
    for name, value in (request.view_args or {}).items():
        if len(value) > c.MAX_ID or _ID.match(value) is None:
            what = name.removesuffix("_id")
            raise NotFoundError(f"There is no {what} of the id in the address; an id is of letters and digits.")


def answer_json(answer: Answer, status: int = HTTPStatus.OK, *, shows: str | None = None) -> Response:
    """An answer of the store; with the version of its first record as ETag."""
    body = {**answer, "notice": centre().region.notice}
    response = Response(
        json.dumps(body, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")),
        status=status,
        content_type="application/json",
    )
    response.headers["Cache-Control"] = "no-store"
    records = answer.get(shows or "", [])
    if records:
        response.set_etag(str(records[0]["version"]))
    return response


def _expected_version() -> int | None:
    """The version that `If-Match` names; None where any will do.

    Raises
    ------
    VersionConflictError
        It names none: RFC 9110 has that answered as a change meanwhile, for no version of the record fits.
    """
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    found = _ETAG.match(given.strip())
    if found is None:
        raise VersionConflictError(
            'The header If-Match names no version; send the one ETag that was read, such as "3".'
        )
    return int(found[1])


def _expected_digest() -> str | None:
    """The digest that `If-Match` names; None where any will do."""
    given = request.headers.get("If-Match", "*").strip()
    if given == "*":
        return None
    found = _DIGEST.match(given)
    if found is None:
        raise VersionConflictError("The header If-Match names no speeds; send the one ETag that was read.")
    return found[1]


def _view(route: CommandRoute) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        body = json_body()
        for name, value in path.items():
            if body.get(name, value) != value:
                raise InputError(
                    N_("Field {name} of the body names another than the address; leave it out."), name=name
                )
            body[name] = value
        # What is malformed is said before what has changed meanwhile.
        command: Any = load_request(route.command, body)
        check_speaker(command)
        key = idempotency_key()
        if route.is_by_digest:
            digest = _expected_digest()
            if digest is not None:
                command = replace(command, expected_digest=digest)
        version = _expected_version() if route.is_versioned and not route.is_by_digest else None
        if version is not None:
            if command.expected_version not in (None, version):
                raise VersionConflictError("If-Match and expected_version name different versions; send one of them.")
            command = replace(command, expected_version=version)
        answer = centre().execute(command, actor=actor().name, key=key)
        return answer_json(shown_answer(answer), route.status, shows=route.shows)

    return needs(route.permission, route.scope)(view)


centre_commands.before_request(check_path_ids)
for _route in ROUTES:
    centre_commands.add_url_rule(
        _route.path,
        endpoint=_route.command.__name__,
        view_func=_view(_route),
        methods=[_route.method],
    )
