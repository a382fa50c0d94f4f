"""The page of a crew: one unit and its task on a phone, on a network that comes and goes.

The page itself is a shell without anything personal, which the phone keeps; what it shows comes from `/crew/state`, and
what the crew presses goes to `/crew/tap`. Every answer stays below 2 kB, with its headers.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from flask import Blueprint, Response, current_app, make_response, render_template, request
from flask_wtf.csrf import generate_csrf
from pydantic import StringConstraints
from werkzeug.wrappers import Response as AnyResponse

from dispatch.codec import load_request
from dispatch.commands import TEXT_PATTERN, AcknowledgeAssignment, AddNote, Id, Name, ReportStatus, Time
from dispatch.errors import IllegalMoveError
from dispatch.reach import Reach
from dispatch.types import UnitStatus
from gis.errors import N_, InputError
from web.access import Permission, Scope, actor, needs
from web.api_centre import language
from web.api_commands import centre, idempotency_key, json_body
from web.crew_state import crew_state, hospital_of, hospitals, text_pieces, text_refs
from web.crew_unit import crew_unit_id, unit_and_task
from web.i18n import Translator, translator
from web.packing import offer
from web.problems import BadRequestError
from web.reach import check_within, shown_text
from web.wording import status_name

crew_pages: Final = Blueprint("crew_pages", __name__)

FILES: Final = ("crew.css", "js/crew.js", "js/crew_queue.js", "js/crew_share.js", "js/crew_words.js", "icon.svg")
"""What the phone keeps beside the page, so that it opens without a network."""
_OWN_POSITION: Final = "camera=(), microphone=(), geolocation=(self)"
_ACKNOWLEDGE: Final = "acknowledge"
_NOTE: Final = "note"
_TOKEN: Final = "Siaga112-Token"
"""Header with the token that changes are sent with; never in a body that is compressed."""
MOST_NOTE: Final = 280
"""Characters of a note that is written on the phone, which says so itself: 1,120 bytes at the very most."""
_PACKED: Final = 400
"""Answers longer than this, in bytes, are compressed."""


ShortText = Annotated[str, StringConstraints(min_length=1, max_length=MOST_NOTE, pattern=TEXT_PATTERN)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """What a crew pressed or wrote, for which incident, and when by the server's clock as the phone reckons it."""

    do: Literal[
        "acknowledge", "en_route", "on_scene", "transporting", "at_hospital", "returning", "available",
        "out_of_service", "note",
    ]  # fmt: skip
    device_time: Time
    incident_id: Id | None = None
    hospital: Name | None = None
    text: ShortText | None = None


# --- the page, which the phone keeps -----------------------------------------------------------------------------


@crew_pages.get("/crew")
@needs(Permission.CREW, Scope.NARROWED)
def page() -> Response:
    """The page; who is bound to no unit first says as which."""
    if actor().reach.unit is None and not request.args.get("unit"):
        return make_response("", HTTPStatus.SEE_OTHER, {"Location": "/crew/units"})
    return _shell()


@crew_pages.get("/crew/shell")
@needs(Permission.PUBLIC)
def shell() -> Response:
    """The same page for the phone to keep; it tells of nobody and nothing."""
    return _shell()


@crew_pages.get("/crew/worker.js")
@needs(Permission.PUBLIC)
def worker() -> AnyResponse:
    """What keeps the page on the phone; its text changes with every version of the page."""
    text = render_template("crew_worker.js", stamp=_stamp(), files=FILES)
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/crew"}
    answer = Response(text, content_type="text/javascript; charset=utf-8", headers=headers)
    answer.add_etag()
    return answer.make_conditional(request)


@crew_pages.get("/crew/app.webmanifest")
@needs(Permission.PUBLIC)
def manifest() -> Response:
    """Lets the page stand on the home screen of the phone."""
    body = {
        "name": "Siaga112",
        "short_name": "Siaga112",
        "id": "/crew",
        "start_url": "/crew",
        "scope": "/crew",
        "display": "standalone",
        "lang": "id",
        "background_color": "#ffffff",
        "theme_color": "#14202c",
        "icons": [
            {"src": f"/static/{_stamp()}/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        ],
    }
    text = json.dumps(body, separators=(",", ":"))
    return Response(text, content_type="application/manifest+json", headers={"Cache-Control": "no-cache"})


@crew_pages.get("/crew/units")
@needs(Permission.CREW, Scope.NARROWED)
def units() -> Response:
    """The units as which one may open the page."""
    own = actor().reach.unit
    known = [one.unit.unit_id for one in centre().units()]
    shown = [one for one in known if actor().reach.is_whole or one == own]
    answer = make_response(
        render_template("crew_units.html", units=shown, stamp=_stamp(), notice=centre().region.notice)
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _shell() -> Response:
    answer = make_response(render_template("crew.html", stamp=_stamp(), notice=centre().region.notice))
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Permissions-Policy"] = _OWN_POSITION
    return answer


def _stamp() -> str:
    stamp: str = current_app.extensions["siaga112-asset-version"]
    return stamp


# --- what it shows -----------------------------------------------------------------------------------------------


@crew_pages.get("/crew/state")
@needs(Permission.CREW, Scope.NARROWED)
def state() -> Response:
    """The unit and its task; 304 where the phone knows it all."""
    return _state(crew_unit_id(request.args.get("unit")))


@crew_pages.post("/crew/tap")
@needs(Permission.CREW, Scope.NARROWED)
def tap() -> Response:
    """Record what a crew pressed, once, and show what holds now."""
    unit_id = crew_unit_id(request.args.get("unit"))
    pressed, words = load_request(Tap, json_body()), translator(language())
    command: AcknowledgeAssignment | AddNote | ReportStatus
    if pressed.do == _NOTE:
        command = _note(pressed, unit_id)
    elif pressed.do == _ACKNOWLEDGE:
        if pressed.incident_id is None:
            raise InputError(N_("An acknowledgement names its incident; reload the page and press again."))
        command = AcknowledgeAssignment(
            unit_id=unit_id, incident_id=pressed.incident_id, device_time=pressed.device_time
        )
    else:
        if pressed.hospital is not None and hospital_of(centre(), pressed.hospital) is None:
            raise InputError(N_("The centre knows no hospital of this name any more; choose one from the list."))
        command = ReportStatus(
            unit_id=unit_id,
            status=UnitStatus(pressed.do),
            device_time=pressed.device_time,
            hospital=pressed.hospital,
            incident_id=pressed.incident_id,
        )
    try:
        centre().execute(command, actor=actor().name, key=idempotency_key())
    except IllegalMoveError as error:
        raise _in_words(error, words) from None
    return _state(unit_id)


@crew_pages.get("/crew/hospitals")
@needs(Permission.CREW, Scope.NARROWED)
def hospital_list() -> Response:
    """Where a patient may be taken, the soonest reached first."""
    found, _ = unit_and_task(crew_unit_id(request.args.get("unit")))
    return _answer({"hospitals": hospitals(centre(), found)})


@crew_pages.get("/crew/notes")
@needs(Permission.CREW, Scope.NARROWED)
def notes() -> Response:
    """What callers said and what was noted of the task, in pieces."""
    _, bound = unit_and_task(crew_unit_id(request.args.get("unit")))
    after = _place(request.args.get("after", "0.0"))
    if bound is None:
        return _answer({"incident": None, "pieces": [], "next": None})
    with centre().store.book() as book:
        incident, calls = book.incident(bound.incident_id), book.calls_of(bound.incident_id)
    refs = [] if incident is None else text_refs(incident, calls)
    known = centre().store.texts([ref.text_id for _, ref in refs])
    texts = [(what.value, shown_text(what, known.get(ref.text_id))[0] or "—") for what, ref in refs]
    pieces, following = text_pieces(texts, after)
    return _answer({"incident": bound.incident_id, "pieces": pieces, "next": following})


def _note(pressed: Tap, unit_id: str) -> AddNote:
    text = (pressed.text or "").strip()
    if pressed.incident_id is None or not text:
        raise InputError(N_("A note has words and names its incident; reload the page and write it again."))
    # Of the unit's own incidents, also where somebody who sees the whole centre opened the page as this unit.
    check_within(Scope.INCIDENT, pressed.incident_id, Reach(unit=unit_id))
    return AddNote(incident_id=pressed.incident_id, text=text, device_time=pressed.device_time)


def _state(unit_id: str) -> Response:
    found, bound = unit_and_task(unit_id)
    shown = {
        **crew_state(centre(), found, bound, translator(language())),
        "login": actor().name,
        "language": actor().language,
        "stamp": _stamp(),
    }
    text = json.dumps(shown, ensure_ascii=False, sort_keys=True)
    mark = hashlib.sha256(text.encode()).hexdigest()[:16]
    if request.method == "GET" and request.if_none_match.contains(mark):
        answer = Response(status=HTTPStatus.NOT_MODIFIED)
        answer.headers["Cache-Control"] = "no-store"
    else:
        answer = _answer({**shown, "now": round(centre().store.now().timestamp() * 1000)})
        if actor().by_cookie:
            # A page that the phone kept belongs to an older session; this is the token of the present one.
            answer.headers[_TOKEN] = generate_csrf()
    answer.set_etag(mark)
    return answer


def _answer(body: dict[str, Any]) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    answer = Response(text, content_type="application/json", headers={"Cache-Control": "no-store"})
    if len(text) > _PACKED:
        offer(answer, lambda: gzip.compress(text, compresslevel=9, mtime=0))
    return answer


def _place(given: str) -> tuple[int, int]:
    number, _, start = given.partition(".")
    if not all(one.isascii() and one.isdigit() and len(one) < 7 for one in (number, start)):
        raise BadRequestError(N_("The notes are asked for from a place that no answer gave; reload the page."))
    return int(number), int(start)


def _in_words(error: IllegalMoveError, _: Translator) -> IllegalMoveError:
    """The refusal with statuses as people say them."""

    def said(value: object) -> object:
        parts = str(value).split(", ")
        known = all(one in set(UnitStatus) for one in parts)
        return ", ".join(status_name(UnitStatus(one), _) for one in parts) if known else value

    return IllegalMoveError(error.message, **{name: said(value) for name, value in error.values.items()})
