"""The page of an agency (OPD): incidents that concern it and its units, as plain text and forms, without scripts.

Every form carries the token of its page and a key of its own, so that a press that is sent twice counts once; what was
done answers with a redirect, so that reloading sends nothing again.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, TypedDict
from urllib.parse import quote

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request
from flask_wtf.csrf import CSRFError, generate_csrf
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from dispatch.codec import load_request
from dispatch.commands import AcknowledgeIncident, AddNote, ReportStatus, UnmaskTexts
from dispatch.errors import KeyReusedError, UnknownIdError
from dispatch.incidents import Assignment, Incident, UnitState
from dispatch.store import queries
from dispatch.transitions import UNIT_MOVES
from dispatch.types import UnitStatus
from gis.errors import N_, InputError, SiagaError
from web.access import Permission, Scope, SignInNeededError, actor, needs
from web.api_commands import centre, check_path_ids
from web.crew_state import SEVERITY_NAMES, area_words, hospital_of, named, text_refs
from web.i18n import Translator
from web.page_frame import page_words
from web.people import to_sign_in, too_old
from web.people_frame import theme as theme_of_account
from web.problems import BadRequestError, unknown_id
from web.reach import check_unit, check_within, shown_text
from web.sessions import wants_page
from web.wording import kind_name, status_name
from web.wording_errors import error_text

agency_pages: Final = Blueprint("agency_pages", __name__)
agency_pages.before_request(check_path_ids)

PER_PAGE: Final = 10
_DONE: Final = {
    "acknowledged": N_("It is recorded that your agency has read of this incident."),
    "note": N_("The note is written."),
    "status": N_("The status of the unit is recorded."),
}
_SENT_OTHERWISE: Final = N_("This form was sent before with other words; if both are wanted, send it once more.")
_UNSENT: Final = N_("You were not signed in any more, so this was not sent. It is kept on this page alone.")
MOST_TYPED: Final = 5000
_STALE: Final = N_("The page had been open for too long, or in another tab; nothing was changed. Try again.")
_NOT_BY_HAND: Final = frozenset({UnitStatus.DISPATCHED})
_STEP_NAMES: Final = {
    UnitStatus.AVAILABLE: N_("Available"),
    UnitStatus.EN_ROUTE: N_("En route"),
    UnitStatus.ON_SCENE: N_("On scene"),
    UnitStatus.TRANSPORTING: N_("Transporting"),
    UnitStatus.AT_HOSPITAL: N_("At the hospital"),
    UnitStatus.RETURNING: N_("Clear, returning"),
    UnitStatus.OUT_OF_SERVICE: N_("Out of service"),
}
_ORDER: Final = tuple(_STEP_NAMES)
_UNFIT: Final = HTTPStatus.UNPROCESSABLE_ENTITY


@agency_pages.get("/agency")
@needs(Permission.AGENCY, Scope.NARROWED)
def page() -> Response:
    """Incidents that concern the agency, the open ones first asked for, and its units."""
    return _list_page()


@agency_pages.post("/agency")
@needs(Permission.AGENCY, Scope.NARROWED)
def report() -> AnyResponse:
    """Report what a unit of the agency does."""
    try:
        _report()
    except SiagaError as error:
        return _list_page(fault=_said(error), status=_UNFIT)
    return _back("/agency", "status")


@agency_pages.get("/agency/incidents/<incident_id>")
@needs(Permission.AGENCY, Scope.INCIDENT)
def incident(incident_id: str) -> Response:
    """One incident, and what the agency may do about it."""
    return _incident_page(incident_id)


@agency_pages.post("/agency/incidents/<incident_id>")
@needs(Permission.AGENCY, Scope.INCIDENT)
def act(incident_id: str) -> AnyResponse:
    """Do what the pressed button says."""
    form, who = request.form, actor().name
    try:
        match form.get("action"):
            case "acknowledge":
                command = AcknowledgeIncident(incident_id=incident_id, agency=_agency_of(incident_id))
                centre().execute(command, actor=who, key=_key())
                done = "acknowledged"
            case "note":
                body = {"incident_id": incident_id, "text": form.get("text", "").strip().replace("\r\n", "\n")}
                if not body["text"]:
                    raise InputError(N_("The note is empty; write something first."))
                centre().execute(load_request(AddNote, body), actor=who, key=_key())
                done = "note"
            case "status":
                _report()
                done = "status"
            case "read":
                reason = {"incident_id": incident_id, "reason": form.get("reason", "").strip()}
                centre().execute(load_request(UnmaskTexts, reason), actor=who, key=_key())
                return _incident_page(incident_id, clear=True)
            case _unknown:
                raise InputError(N_("This page was sent without a button; reload it and try again."))
    except SiagaError as error:
        fault = page_words()(_SENT_OTHERWISE) if isinstance(error, KeyReusedError) else _said(error)
        return _incident_page(incident_id, fault=fault, status=_UNFIT, **_typed())
    return _back(f"/agency/incidents/{quote(incident_id)}", done)


# --- forms that come too late -------------------------------------------------------------------------------------


@agency_pages.errorhandler(SignInNeededError)
def signed_out(error: SignInNeededError) -> Any:
    """Keep what was written when the session had ended: on the page itself, to be sent again."""
    typed = _typed()
    if request.method != "POST" or not any(typed.values()) or not wants_page():
        return to_sign_in(error)
    at = "/locked" if actor().locked else "/sign-in"
    return _page(
        "agency_kept.html", page_words(), fault=page_words()(_UNSENT), status=HTTPStatus.UNAUTHORIZED,
        action=request.form.get("action", ""), sign_in=f"{at}?next={quote(request.path)}", **typed,
    )  # fmt: skip


@agency_pages.errorhandler(CSRFError)
def too_late(error: CSRFError) -> Any:
    """Show the incident with what was written, ready to be sent from this session."""
    typed, incident_id = _typed(), (request.view_args or {}).get("incident_id")
    if incident_id is None or not any(typed.values()) or not wants_page():
        return too_old(error)
    try:
        check_within(Scope.INCIDENT, incident_id, actor().reach)  # a refused form is not asked this before
    except UnknownIdError:
        return too_old(error)
    return _incident_page(incident_id, fault=page_words()(_STALE), status=HTTPStatus.BAD_REQUEST, **typed)


class _Typed(TypedDict):
    text: str
    reason: str


def _typed() -> _Typed:
    """What somebody wrote into the form that was sent."""
    form = request.form
    return {"text": form.get("text", "")[:MOST_TYPED], "reason": form.get("reason", "")[:MOST_TYPED]}


# --- what is shown -----------------------------------------------------------------------------------------------


def _list_page(*, fault: str | None = None, status: int = HTTPStatus.OK) -> Response:
    _ = page_words()
    only_open = request.args.get("all") != "1"
    try:
        cursor = request.args.get("cursor") or None
        with centre().store.book() as book:
            page = queries.incidents(
                book.connection, limit=PER_PAGE, cursor=cursor, only_open=only_open,
                reach=(actor().reach, centre().store.now()),
            )  # fmt: skip
            assigned = {one.incident_id: book.assignments_of(one.incident_id) for one in page.items}
    except InputError as error:
        raise BadRequestError(error.message, **error.values) from None
    units = _units()
    return _page(
        "agency.html",
        _,
        fault=fault,
        status=status,
        rows=[_row(one, assigned[one.incident_id], units, _) for one in page.items],
        units=[_unit(one, None, _) for one in units.values()],
        next_cursor=page.next_cursor,
        only_open=only_open,
        is_first=cursor is None,
    )


def _incident_page(
    incident_id: str,
    *,
    fault: str | None = None,
    text: str = "",
    reason: str = "",
    clear: bool = False,
    status: int = HTTPStatus.OK,
) -> Response:
    _ = page_words()
    with centre().store.book() as book:
        found = book.incident(incident_id)
        if found is None:
            raise unknown_id("incident", incident_id)
        assignments, calls = book.assignments_of(incident_id), book.calls_of(incident_id)
    units = _units()
    refs = text_refs(found, calls)
    known = centre().store.texts([ref.text_id for _what, ref in refs])
    texts = []
    for what, ref in refs:
        plain = known.get(ref.text_id)
        texts.append((what.value, (plain, False) if clear else shown_text(what, plain)))
    at = found.location.location
    return _page(
        "agency_incident.html",
        _,
        fault=fault,
        status=status,
        row=_row(found, assignments, units, _),
        place=None if at is None else f"{at.lat:.6f}, {at.lon:.6f}",
        texts=[(what, shown) for what, (shown, _masked) in texts],
        masked=any(is_masked for _what, (_shown, is_masked) in texts),
        text=text,
        reason=reason,
        hospitals=centre().store.directory().hospitals,
    )


def _row(
    found: Incident, assignments: tuple[Assignment, ...], units: dict[str, UnitState], _: Translator
) -> dict[str, Any]:
    category = centre().store.directory().category(found.category)
    agencies = {one.agency: one.at for one in found.acknowledged}
    own = actor().reach.agency
    read_at = agencies.get(own) if own is not None else next(iter(agencies.values()), None)
    return {
        "id": found.incident_id,
        "category": found.category if category is None else named(category.name, _),
        "severity": _(SEVERITY_NAMES[found.severity]),
        "severity_id": found.severity.value,
        "status": _(_INCIDENT_NAMES[found.status.value]),
        "label": found.location.label,
        "area": area_words(centre(), found.location, _),
        "received": _clock(found.received_at),
        "exercise": found.exercise,
        "read_at": None if read_at is None else _clock(read_at),
        "units": [_unit(units[one.unit_id], one, _) for one in assignments if one.is_active and one.unit_id in units],
        "others": [one.unit_id for one in assignments if one.is_active and one.unit_id not in units],
    }


def _unit(state: UnitState, bound: Assignment | None, _: Translator) -> dict[str, Any]:
    after = UNIT_MOVES[state.unit.status] - _NOT_BY_HAND
    hospital = None if bound is None else hospital_of(centre(), bound.hospital)
    return {
        "id": state.unit.unit_id,
        "kind": kind_name(state.unit.kind, _),
        "status": status_name(state.unit.status, _),
        "since": _clock(state.status_at),
        "hospital": None if hospital is None else hospital[0],
        "steps": [(one.value, _(_STEP_NAMES[one])) for one in _ORDER if one in after],
    }


_INCIDENT_NAMES: Final = {
    "received": N_("received"),
    "located": N_("located"),
    "dispatched": N_("units dispatched"),
    "en_route": N_("units on the way"),
    "on_scene": N_("units on scene"),
    "under_control": N_("under control"),
    "closed": N_("closed"),
    "cancelled": N_("cancelled"),
    "reopened": N_("reopened"),
}


def _units() -> dict[str, UnitState]:
    """The agency's units, by id."""
    own = actor().reach.agency
    return {one.unit.unit_id: one for one in centre().units() if own is None or one.unit.agency == own}


# --- parts -------------------------------------------------------------------------------------------------------


def _report() -> None:
    form = request.form
    body = {"unit_id": form.get("unit", ""), "status": form.get("status", ""), "hospital": form.get("hospital") or None,
            "incident_id": form.get("incident") or None}  # fmt: skip
    if body["hospital"] is not None and hospital_of(centre(), body["hospital"]) is None:
        raise InputError(N_("The centre knows no hospital of this name any more; choose one from the list."))
    command = load_request(ReportStatus, body)
    check_unit(command.unit_id)
    centre().execute(command, actor=actor().name, key=_key())


def _agency_of(incident_id: str) -> str:
    """The agency for which somebody speaks: his own; who sees the whole centre speaks for the first that was told."""
    own = actor().reach.agency
    if own is not None:
        return own
    with centre().store.book() as book:
        found = book.incident(incident_id)
        units = [book.unit(one.unit_id) for one in book.assignments_of(incident_id)]
    told = [] if found is None else [*found.notified, *(one.unit.agency for one in units if one is not None)]
    if not told:
        raise InputError(N_("No agency was told of this incident yet; tell it first."))
    return told[0]


def _agency_name(agency_id: str | None) -> str | None:
    known = (one.name for one in centre().store.directory().agencies if one.agency_id == agency_id)
    return next(known, agency_id)


def _key() -> str | None:
    """The key of the form, which a press that is sent twice carries both times."""
    given = request.form.get("once", "")
    return (
        f"{actor().name}\nagency {given}" if 0 < len(given) <= 64 and given.isascii() and given.isprintable() else None
    )


def _hidden(csrf: str) -> Markup:
    """What every form of a page carries."""
    fields = {"csrf_token": csrf, "once": secrets.token_urlsafe(12)}
    one = Markup('<input type="hidden" name="{}" value="{}">')
    return Markup("").join(one.format(name, value) for name, value in fields.items() if value)


def _back(path: str, done: str) -> AnyResponse:
    return redirect(f"{path}?done={done}", HTTPStatus.SEE_OTHER)


def _said(error: SiagaError) -> str:
    return error_text(error, page_words())


def _clock(moment: datetime) -> str:
    return moment.astimezone(centre().region.timezone).strftime("%d-%m %H:%M")


def _page(template: str, _: Translator, *, fault: str | None, status: int, **values: Any) -> Response:
    who = actor()
    done = _DONE.get(request.args.get("done", ""))
    if fault is None and "stale" in request.args:
        fault = _(_STALE)
    csrf = generate_csrf() if who.by_cookie else ""
    page = render_template(
        template,
        _=_,
        language=_.language,
        theme=None if who.role is None else theme_of_account(),
        stamp=current_app.extensions["siaga112-asset-version"],
        fault=fault,
        said=None if done is None or fault is not None else _(done),
        here=who.by_cookie,
        is_open=who.by_cookie,
        home="/agency",
        may_accounts=False,
        may_speeds=False,
        csrf=csrf,
        hidden=lambda: _hidden(csrf),
        steps=lambda: [(one.value, _(name)) for one, name in _STEP_NAMES.items()],
        agency=_agency_name(who.reach.agency),
        notice=centre().region.notice,
        **values,
    )
    answer = make_response(page, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
