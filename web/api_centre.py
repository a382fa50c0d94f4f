"""What a centre is asked over HTTP: lists, stories, recommendations, help for the call taker, the event log.

Personal texts come only with `personal:read`, in the body of the answer, never in an address.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, request

from dispatch.codec import dump, load, load_request
from dispatch.commands import CODE_PATTERN, LINE_PATTERN, EraseTexts, Name, RevokeDevice, UnmaskTexts, parse_time
from dispatch.incidents import (
    MAX_RADIUS_M,
    Call,
    CallType,
    Incident,
    IncidentLocation,
    IncidentStatus,
    TextField,
    TextRef,
)
from dispatch.recommend import recommend_from
from dispatch.store import care, queries
from dispatch.store.positions import history
from gis.errors import N_, InputError
from web.access import Permission, Scope, actor, needs
from web.api_commands import answer_json, centre, check_path_ids, idempotency_key, json_body
from web.event_stream import event_stream
from web.i18n import LANGUAGES
from web.problems import BadRequestError, NotFoundError, unknown_id
from web.reach import is_cut, shown_assignment, shown_events, shown_incident, shown_span, shown_text, shown_times

centre_api = Blueprint("centre_api", __name__, url_prefix="/api/v1")
centre_api.before_request(check_path_ids)

DEFAULT_PAGE: Final = 50
MAX_PAGE: Final = 500
MAX_SEQ: Final = 2**62
MAX_PARAMETER: Final = 200

_LINE: Final = re.compile(LINE_PATTERN.removesuffix("$") + r"\Z")
_CODE: Final = re.compile(CODE_PATTERN.removesuffix("$") + r"\Z")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?")


# --- incidents and calls -----------------------------------------------------------------------------------------


@centre_api.get("/incidents")
@needs(Permission.CENTRE_READ, Scope.NARROWED)
def incidents() -> Response:
    """Incidents, the newest first."""
    statuses = tuple(one_of("status", [one.value for one in IncidentStatus], many=True))
    since, until = shown_span(time_parameter("since"), time_parameter("until"))
    with centre().store.book() as book:
        page = queries.incidents(
            book.connection,
            limit=_whole("limit", DEFAULT_PAGE, MAX_PAGE),
            cursor=_cursor(),
            only_open=_flag("open"),
            statuses=statuses,
            category=_plain("category"),
            area=_plain("area"),
            since=since,
            until=until,
            reach=(actor().reach, centre().store.now()),
        )
    return _page([shown_incident(one) for one in page.items], page.next_cursor)


@centre_api.get("/incidents/<incident_id>")
@needs(Permission.CENTRE_READ, Scope.INCIDENT)
def incident(incident_id: str) -> Response:
    """One incident with its calls, assignments, timers and inquiries."""
    store = centre().store
    with store.book() as book:
        found = book.incident(incident_id)
        if found is None:
            raise unknown_id("incident", incident_id)
        answer = {
            "incident": shown_incident(found),
            "calls": [] if is_cut() else [dump(one) for one in book.calls_of(incident_id)],
            "assignments": [shown_assignment(one, found) for one in book.assignments_of(incident_id)],
            "recommendations": [dump(one) for one in queries.recommendations_of(book.connection, incident_id)],
            "verifications": [dump(one) for one in queries.verifications_of(book.connection, incident_id)],
            "handovers": [dump(one) for one in queries.handovers_of(book.connection, incident_id)],
            "alerts": [dump(one) for one in book.alerts_of(incident_id)],
        }
    answer["timers"] = [dump(one) for one in centre().timers(incident_id)]
    return _versioned(shown_times(answer, found), found.version)


@centre_api.get("/incidents/<incident_id>/story")
@needs(Permission.CENTRE_READ, Scope.INCIDENT)
def story(incident_id: str) -> Response:
    """Everything that happened to an incident, in order."""
    store = centre().store
    with store.book() as book:
        if book.incident(incident_id) is None:
            raise unknown_id("incident", incident_id)
    limit = _whole("limit", MAX_PAGE, MAX_PAGE)
    events = store.events_after(_seq(), limit=limit, incident_id=incident_id)
    return send_json({"events": shown_events(events), "next": events[-1].seq if events else None})


@centre_api.get("/incidents/<incident_id>/texts")
@needs(Permission.PERSONAL_READ, Scope.INCIDENT)
def incident_texts(incident_id: str) -> Response:
    """What callers said, and notes: personal data."""
    with centre().store.book() as book:
        found = book.incident(incident_id)
        if found is None:
            raise unknown_id("incident", incident_id)
        calls = book.calls_of(incident_id)
    return send_json(_texts(found, calls))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmasking:
    """Why somebody needs to see what is masked for him."""

    reason: Name


@centre_api.post("/incidents/<incident_id>/unmask")
@needs(Permission.UNMASK, Scope.INCIDENT)
def unmask_incident(incident_id: str) -> Response:
    """What callers said, and notes, unmasked: the log keeps who looked, and why."""
    reason = load_request(Unmasking, json_body()).reason
    centre().execute(UnmaskTexts(incident_id=incident_id, reason=reason), actor=actor().name)
    with centre().store.book() as book:
        found, calls = book.incident(incident_id), book.calls_of(incident_id)
    return send_json(_texts(found, calls, clear=True))


@centre_api.post("/calls/<call_id>/unmask")
@needs(Permission.UNMASK)
def unmask_call(call_id: str) -> Response:
    """What a caller said of himself, unmasked: the log keeps who looked, and why."""
    reason = load_request(Unmasking, json_body()).reason
    centre().execute(UnmaskTexts(call_id=call_id, reason=reason), actor=actor().name)
    with centre().store.book() as book:
        found = book.call(call_id)
    return send_json(_texts(None, () if found is None else (found,), clear=True))


@centre_api.get("/incidents/<incident_id>/border")
@needs(Permission.CENTRE_READ)
def border(incident_id: str) -> Response:
    """Neighbouring centres that an incident may concern."""
    return send_json(dump(centre().border(incident_id)))


@centre_api.get("/duplicates")
@needs(Permission.CENTRE_READ)
def duplicates() -> Response:
    """Open incidents near a place, in space, time and category: the same emergency, perhaps."""
    lat, lon = _number("lat", -90, 90), _number("lon", -180, 180)
    village, kecamatan = _code("village_code"), _code("kecamatan_code")
    radius_m = _number("radius_m", 0, MAX_RADIUS_M)
    if (lat is None) != (lon is None):
        raise BadRequestError("Give both 'lat' and 'lon', or neither.")
    place: dict[str, Any] = {"kind": "unknown"}
    if lat is not None:
        place = {"kind": "point", "location": {"lat": lat, "lon": lon}, "radius_m": radius_m}
    elif village is not None:
        place = {"kind": "village", "village_code": village}
    elif kecamatan is not None:
        place = {"kind": "kecamatan", "kecamatan_code": kecamatan}
    location = load(IncidentLocation, place)
    received_at = time_parameter("received_at") or centre().store.now()
    found = centre().duplicates(location, _plain("category"), received_at, exercise=_flag("exercise"))
    return send_json({"candidates": [dump(one) for one in found]})


@centre_api.get("/calls")
@needs(Permission.CENTRE_READ)
def calls() -> Response:
    """Calls, the newest first."""
    kinds = one_of("type", [one.value for one in CallType])
    with centre().store.book() as book:
        page = queries.calls(
            book.connection,
            limit=_whole("limit", DEFAULT_PAGE, MAX_PAGE),
            cursor=_cursor(),
            call_type=kinds[0] if kinds else None,
            incident_id=_plain("incident_id"),
            since=time_parameter("since"),
            until=time_parameter("until"),
        )
    return _page([dump(one) for one in page.items], page.next_cursor)


@centre_api.get("/calls/<call_id>")
@needs(Permission.CENTRE_READ)
def call(call_id: str) -> Response:
    """One call, with what is known of the number it came from."""
    with centre().store.book() as book:
        found = book.call(call_id)
    if found is None:
        raise unknown_id("call", call_id)
    return _versioned({"call": dump(found), "ghost": dump(centre().ghost(call_id))}, found.version)


@centre_api.get("/calls/<call_id>/texts")
@needs(Permission.PERSONAL_READ)
def call_texts(call_id: str) -> Response:
    """What a caller said of himself: personal data."""
    with centre().store.book() as book:
        found = book.call(call_id)
    if found is None:
        raise unknown_id("call", call_id)
    return send_json(_texts(None, (found,)))


# --- recommendations ---------------------------------------------------------------------------------------------


@centre_api.post("/incidents/<incident_id>/recommendations")
@needs(Permission.ASSIGN)
def recommend(incident_id: str) -> Response:
    """Recommend units for an incident, and keep the recommendation with its inputs."""
    if json_body():
        raise InputError("A recommendation is asked for without a body; leave it out.")
    recommendation_id, made = centre().recommend(incident_id, actor=actor().name)
    return send_json(
        {"recommendation_id": recommendation_id, "recommendation": _recommendation_json(made)}, HTTPStatus.CREATED
    )


@centre_api.get("/recommendations/<recommendation_id>")
@needs(Permission.CENTRE_READ)
def recommendation(recommendation_id: str) -> Response:
    """A recommendation as it was made, with all that it rested on; computed again, it must be the same."""
    made, inputs = centre().stored_recommendation(recommendation_id)
    return send_json(
        {
            "recommendation_id": recommendation_id,
            "recommendation": _recommendation_json(made),
            "inputs": dump(inputs),
            "computed_again": recommend_from(inputs) == made,
        }
    )


@centre_api.get("/joint")
@needs(Permission.CENTRE_READ)
def joint() -> Response:
    """All waiting incidents at once: the best joint assignment beside first come, first served."""
    return send_json(dump(centre().joint()))


# --- units -------------------------------------------------------------------------------------------------------


@centre_api.get("/units/<unit_id>")
@needs(Permission.FLEET_READ, Scope.UNIT)
def unit(unit_id: str) -> Response:
    """One unit: what it is, where it is, what binds it."""
    with centre().store.book() as book:
        bound = book.active_assignment(unit_id)
        known = book.unit(unit_id)
        devices = queries.devices_of(book.connection, unit_id)
    if known is None:
        raise unknown_id("unit", unit_id)
    placed = next((one for one in centre().units() if one.unit.unit_id == unit_id), known)
    return _versioned(
        {
            "unit": dump(placed),
            "assignment": None if bound is None else dump(bound),
            "devices": [
                {"device": one.token_hash[:16], "label": one.label, "created_at": dump(one.created_at),
                 "revoked_at": None if one.revoked_at is None else dump(one.revoked_at)}
                for one in devices
            ],
        },
        known.version,
    )  # fmt: skip


@centre_api.get("/units/<unit_id>/positions")
@needs(Permission.FLEET_READ, Scope.UNIT)
def positions(unit_id: str) -> Response:
    """Where a unit was, newest first."""
    until = time_parameter("until") or centre().store.now() + timedelta(days=1)
    since = time_parameter("since") or until - timedelta(days=2)
    limit = _whole("limit", DEFAULT_PAGE, MAX_PAGE)
    with centre().store.book() as book:
        if book.unit(unit_id) is None:
            raise unknown_id("unit", unit_id)
        found = history(book.connection, unit_id, since=since, until=until, limit=limit)
    return send_json({"items": [dump(one) for one in found]})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """What is said of a device when it is registered."""

    label: Name = "device"


@centre_api.post("/units/<unit_id>/devices")
@needs(Permission.ADMIN)
def register_device(unit_id: str) -> Response:
    """Let a device send positions of a unit. The token in the answer is shown this once."""
    label = load_request(NewDevice, json_body()).label
    token, answer = centre().register_device(unit_id, label, actor=actor().name)
    return answer_json({**answer, "token": token}, HTTPStatus.CREATED, shows="units")


@centre_api.delete("/units/<unit_id>/devices/<device>")
@needs(Permission.ADMIN)
def revoke_device(unit_id: str, device: str) -> Response:
    """Let a device send positions no more."""
    with centre().store.book() as book:
        found = [one for one in queries.devices_of(book.connection, unit_id) if one.token_hash[:16] == device]
    if not found:
        raise NotFoundError(f"Unit '{unit_id[:64]}' has no device '{device[:16]}'; look at the unit's devices.")
    answer = centre().execute(RevokeDevice(token_hash=found[0].token_hash), actor=actor().name)
    return answer_json(answer, shows="units")


# --- the centre itself -------------------------------------------------------------------------------------------


@centre_api.get("/directory")
@needs(Permission.DIRECTORY_READ, Scope.OPEN)
def directory() -> Response:
    """Agencies, stations, categories, run cards, dispositions and neighbours, as region.toml had them at the start."""
    return send_json(dump(centre().store.directory()))


@centre_api.post("/texts/erase")
@needs(Permission.ADMIN)
def erase_texts() -> Response:
    """Erase personal texts, by id."""
    command = load_request(EraseTexts, json_body())
    return answer_json(centre().execute(command, actor=actor().name, key=idempotency_key()))


@centre_api.get("/audit")
@needs(Permission.AUDIT_READ)
def audit() -> Response:
    """Whether the event log is whole."""
    return send_json(asdict(care.verify(centre().store.engine)))


# --- the event log -----------------------------------------------------------------------------------------------


@centre_api.get("/events")
@needs(Permission.FOLLOW, Scope.NARROWED)
def events() -> Response:
    """Events after a sequence number: as JSON, or as a stream for `Accept: text/event-stream`.

    A stream sends every event once, in order, and is resumed with `Last-Event-ID` (or `after`). With `positions` it
    also tells where units are: all of them first, then those that moved.
    """
    after, positions = _seq(), _flag("positions")
    if request.accept_mimetypes.best_match(["application/json", "text/event-stream"]) == "text/event-stream":
        return event_stream(after, positions=positions and Permission.FLEET_READ in actor().may)
    limit = _whole("limit", DEFAULT_PAGE, MAX_PAGE)
    found = centre().store.events_after(after, limit=limit)
    return send_json({"events": shown_events(found), "next": found[-1].seq if found else after})


# --- parts -------------------------------------------------------------------------------------------------------


def _texts(found: Incident | None, calls: tuple[Call, ...], *, clear: bool = False) -> dict[str, Any]:
    refs: list[tuple[str, TextField, TextRef]] = []
    for one in calls:
        for what, ref in (
            (TextField.CALLER_NAME, one.name),
            (TextField.CALLER_NUMBER, one.number),
            (TextField.WORDS, one.words),
        ):
            if ref is not None:
                refs.append((one.call_id, what, ref))
    if found is not None:
        refs += [(found.incident_id, TextField.NOTE, ref) for ref in found.notes]
        refs += [(found.incident_id, TextField.ANSWER, one.said) for one in found.answers]
    asked = {} if found is None else {one.said.text_id: one.question_id for one in found.answers}
    known = centre().store.texts([ref.text_id for _, _, ref in refs])
    told = []
    for of, what, ref in refs:
        text, is_masked = (known.get(ref.text_id), False) if clear else shown_text(what, known.get(ref.text_id))
        told.append({"of": of, "field": what.value, "text_id": ref.text_id, "text": text, "masked": is_masked,
                     "erased": ref.text_id not in known, "question": asked.get(ref.text_id)})  # fmt: skip
    return {"texts": told}


def _recommendation_json(made: Any) -> dict[str, Any]:
    answer: dict[str, Any] = dump(made)
    return answer


def send_json(body: Any, status: int = HTTPStatus.OK) -> Response:
    """An answer with the region's notice."""
    if isinstance(body, dict):
        body = {**body, "notice": centre().region.notice}
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    answer = Response(text, status=status, content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _page(items: list[Any], next_cursor: str | None) -> Response:
    return send_json({"items": items, "next": next_cursor})


def _versioned(body: dict[str, Any], version: int) -> Response:
    answer = send_json(body)
    answer.set_etag(str(version))
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def language() -> str:
    """The language that is asked for."""
    given = request.args.get("lang", LANGUAGES[0])
    if given not in LANGUAGES:
        raise BadRequestError(
            N_("The language “{given}” is not known; use one of {known}."), given=given[:40], known=", ".join(LANGUAGES)
        )
    return given


def _plain(name: str) -> str | None:
    given = request.args.get(name)
    if given is None or given == "":
        return None
    if len(given) > MAX_PARAMETER or _LINE.match(given) is None:
        raise BadRequestError(f"The parameter '{name}' must be one line of at most {MAX_PARAMETER} characters.")
    return given


def _cursor() -> str | None:
    return _plain("cursor")


def _flag(name: str) -> bool:
    given = request.args.get(name, "false")
    if given not in ("true", "false"):
        raise BadRequestError(f"The parameter '{name}' must be true or false, not '{given[:40]}'.")
    return given == "true"


def one_of(name: str, known: list[str], *, many: bool = False) -> list[str]:
    """What was given of a choice; nothing where the parameter is missing."""
    given = request.args.getlist(name)
    if not many and len(given) > 1:
        raise BadRequestError(f"The parameter '{name}' may be given once.")
    for one in given:
        if one not in known:
            raise BadRequestError(f"The parameter '{name}' must be one of {', '.join(known)}, not '{one[:40]}'.")
    return given


def _whole(name: str, default: int, most: int) -> int:
    given = request.args.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) <= 9 and 1 <= int(given) <= most):
        raise BadRequestError(f"The parameter '{name}' must be a whole number from 1 to {most}, not '{given[:40]}'.")
    return int(given)


def _seq() -> int:
    """The event after which to read: the header of a reader that comes back goes before the address."""
    after = sequence_number("after", request.args.get("after", "0"))
    last = request.headers.get("Last-Event-ID")
    return after if last is None else sequence_number("Last-Event-ID", last)


def sequence_number(name: str, given: str) -> int:
    """A sequence number of the log, as somebody gave it."""
    if not (given.isascii() and given.isdigit() and len(given) <= 19 and int(given) <= MAX_SEQ):
        raise BadRequestError(f"'{name}' must be a sequence number of the log, not '{given[:40]}'.")
    return int(given)


def _code(name: str) -> str | None:
    given = request.args.get(name)
    if given is not None and not _CODE.match(given):
        raise BadRequestError(f"The parameter '{name}' must be a code such as 32.09.21.2006.")
    return given


def _number(name: str, least: float, most: float) -> float | None:
    given = request.args.get(name)
    if given is None:
        return None
    value = float(given) if _DECIMAL.fullmatch(given) else math.nan
    if not least <= value <= most:
        raise BadRequestError(f"The parameter '{name}' must be a number from {least:g} to {most:g}.")
    return value


def time_parameter(name: str) -> datetime | None:
    """A parameter that is a time, or None."""
    given = request.args.get(name)
    if given is None:
        return None
    try:
        # A plus sign that was not encoded arrives as a blank.
        return parse_time(given.replace(" ", "+"))
    except ValueError:
        raise BadRequestError(
            f"The parameter '{name}' must be a time with its zone, such as 2026-01-31T06:45:00Z."
        ) from None
