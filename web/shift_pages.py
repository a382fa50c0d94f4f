"""Paper of the control room: the note with which a shift is handed over, and the sheet of an incident."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, cast

from flask import Blueprint, Response, current_app, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from dispatch.directory import Directory
from dispatch.exports_common import area_codes, category_name
from dispatch.incidents import Assignment, Incident, Milestone, TextField, TextRef
from dispatch.reach import TimesTold, assignment_for_village, for_village, told_time
from dispatch.store import queries
from gis.errors import N_, InputError, SiagaError
from web.access import Permission, Scope, actor, needs
from web.api import desk
from web.api_commands import centre, check_path_ids
from web.i18n import Translator
from web.incident_words import event_line, incident_status_name, milestone_name, severity_name, wait_name
from web.page_frame import address, clock_text, day_text, page_words, show_page
from web.problems import NotFoundError, unknown_id
from web.reach import shown_events, shown_text, times_shown
from web.shift_notes import SHIFT, shift_facts, shift_note, write_shift_note
from web.tiles import TILES, TileSource
from web.wording import area_name, kind_name
from web.wording_errors import error_text

shift_pages = Blueprint("shifts", __name__)
shift_pages.before_request(check_path_ids)

LISTED: Final = 30
PICTURE_PX: Final = (900, 375)
PICTURE_ZOOM: Final = 16
"""Nearly two kilometres from side to side."""
MOST_EVENTS: Final = 500
_FORM_TIME: Final = "%Y-%m-%dT%H:%M"


# --- shift notes -------------------------------------------------------------------------------------------------


@shift_pages.get("/handover")
@needs(Permission.CENTRE_READ)
def handover() -> AnyResponse:
    """How things stand, the form to hand over with, and the notes of shifts before."""
    return _handover()


def _handover(fault: str | None = None, status: int = HTTPStatus.OK, **typed: str) -> AnyResponse:
    _ = page_words()
    now = centre().store.now()
    try:
        since, until = _window(now, request.args)
    except InputError as error:
        fault, status = fault or error_text(error, _), HTTPStatus.UNPROCESSABLE_ENTITY
        since, until = now - SHIFT, now
    with centre().store.book() as book:
        notes = queries.shift_notes(book.connection, limit=LISTED)
    listed = [
        {"id": note.note_id, "since": _moment(note.since, _), "until": _moment(note.until, _), "author": author}
        for note, author in notes
    ]
    return show_page(
        "handover.html", _, status=status, fault=fault, facts=_shown(shift_facts(centre(), since, until), _),
        since=typed.get("since", _local(since)), until=typed.get("until", _local(until)),
        written=typed.get("words", ""),
        notes=listed, may_write=Permission.INCIDENT_WRITE in actor().may,
    )  # fmt: skip


@shift_pages.post("/handover")
@needs(Permission.INCIDENT_WRITE)
def hand_over() -> AnyResponse:
    """Store the note."""
    _ = page_words()
    form = request.form
    try:
        since, until = _window(centre().store.now(), form)
        words = form.get("words", "").replace("\r\n", "\n").strip() or None
        note_id = write_shift_note(centre(), since, until, words, actor=actor().name)
    except SiagaError as error:
        typed = {name: form.get(name, "")[:5000] for name in ("since", "until", "words")}
        return _handover(error_text(error, _), HTTPStatus.UNPROCESSABLE_ENTITY, **typed)
    return redirect(address(f"/handover/{note_id}"), HTTPStatus.SEE_OTHER)


@shift_pages.get("/handover/<note_id>")
@needs(Permission.CENTRE_READ)
def note(note_id: str) -> AnyResponse:
    """A note as it was written; what its writer said is masked for those who may not read notes."""
    _ = page_words()
    found, author, document = shift_note(centre(), note_id)
    said, is_masked = None, False
    if found.words is not None:
        kept = centre().store.texts([found.words.text_id]).get(found.words.text_id)
        said, is_masked = shown_text(TextField.NOTE, kept)
    return show_page(
        "shift_note.html", _, note=found, author=author, facts=_shown(document, _), since=_moment(found.since, _),
        until=_moment(found.until, _), noted_at=_moment(found.noted_at, _), written=said, masked=is_masked,
        has_words=found.words is not None,
    )  # fmt: skip


def _window(now: datetime, given: Any) -> tuple[datetime, datetime]:
    """The shift that is asked for, in local time; the last eight hours where nothing is.

    Raises
    ------
    InputError
        A time that is none.
    """
    until = _time(given.get("until", ""), now)
    since = _time(given.get("since", ""), until - SHIFT)
    if not timedelta() < until - since <= timedelta(days=7):
        raise InputError(N_("A shift ends after it begins, and within a week; correct the times."))
    # The form knows no seconds: what was typed as the present minute is not the future.
    return since, min(until, now) if until - now < timedelta(minutes=1) else until


def _time(text: str, otherwise: datetime) -> datetime:
    if not text:
        return otherwise
    try:
        typed = datetime.strptime(text[:16], _FORM_TIME)
    except ValueError:
        raise InputError(N_("“{time}” is no time; write it as 2026-01-31T06:45."), time=text[:20]) from None
    return typed.replace(tzinfo=centre().store.timezone)


def _local(moment: datetime) -> str:
    return moment.astimezone(centre().store.timezone).strftime(_FORM_TIME)


def _moment(moment: datetime | str, _: Translator, told: TimesTold = TimesTold.EXACT) -> str:
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    local = at.astimezone(centre().store.timezone)
    if told is TimesTold.DAY:
        return day_text(local, _)
    return f"{day_text(local, _)} {clock_text(local)}"


def _shown(facts: dict[str, Any], _: Translator) -> dict[str, Any]:
    """The facts of a note in words."""
    directory = centre().store.directory()

    def name(category: str) -> str:
        return category_name(directory, category, _.language)

    return {
        **facts,
        "now": _moment(facts["now"], _),
        "open": [
            {**one, "name": name(one["category"]), "severity": severity_name(one["severity"], _),
             "status": incident_status_name(one["status"], _), "received": _moment(one["received_at"], _),
             "place": _place_name(one["village_code"], one["kecamatan_code"], _),
             "waits": [wait_name(wait, _) for wait in one["waits"]]}
            for one in facts["open"]
        ],
        "closed": [(name(category), count) for category, count in facts["closed"].items()],
        "closed_count": sum(facts["closed"].values()),
        "out_of_service": [
            {**one, "kind": kind_name(one["kind"], _), "since": _moment(one["since"], _)}
            for one in facts["out_of_service"]
        ],
        "closures": [
            {**one, "starts": _moment(one["starts_at"], _), "ends": one["ends_at"] and _moment(one["ends_at"], _)}
            for one in facts["closures"]
        ],
        "overdue": [
            {**one, "due": _moment(one["due_at"], _), "what": wait_name(one["kind"], _)} for one in facts["overdue"]
        ],
        "verifications": [
            {**one, "place": _place_name(one["village_code"], None, _), "asked": _moment(one["asked_at"], _)}
            for one in facts["verifications"]
        ],
        "handovers": [{**one, "asked": _moment(one["asked_at"], _)} for one in facts["handovers"]],
    }  # fmt: skip


def _place_name(village: str | None, kecamatan: str | None, _: Translator) -> str:
    names = []
    for code in (village, kecamatan):
        try:
            names += [] if code is None else [area_name(desk().region.boundaries.area(code), _)]
        except LookupError:  # a code of another region
            names.append(str(code))
    return ", ".join(names)


# --- the sheet of an incident ------------------------------------------------------------------------------------


@shift_pages.get("/incidents/<incident_id>/sheet")
@needs(Permission.CENTRE_READ, Scope.INCIDENT)
def sheet(incident_id: str) -> AnyResponse:
    """An incident on one page of A4: where, who was sent, when what happened."""
    _ = page_words()
    store, who = centre().store, actor()
    with store.book() as book:
        found = book.incident(incident_id)
        if found is None:
            raise unknown_id("incident", incident_id)
        assignments, calls = book.assignments_of(incident_id), book.calls_of(incident_id)
    shown, told = found, times_shown(found)
    if who.reach.area is not None:
        shown = for_village(found, store.directory())
        assignments = tuple(assignment_for_village(one, found, store.directory()) for one in assignments)
    events = shown_events(store.events_after(0, limit=MOST_EVENTS, incident_id=incident_id))
    lines = [
        {"at": _moment(one["server_time"], _, told), "what": line, "actor": one["actor"]}
        for one in events
        if (line := event_line(one, _)) is not None
    ]
    refs: list[tuple[TextField, TextRef]] = []
    if Permission.PERSONAL_READ in who.may:
        if who.reach.is_whole:
            refs += [(field, ref) for call in calls for field, ref in (
                (TextField.CALLER_NAME, call.name), (TextField.CALLER_NUMBER, call.number),
                (TextField.WORDS, call.words)) if ref is not None]  # fmt: skip
        refs += [(TextField.NOTE, ref) for ref in found.notes]
    return show_page(
        "sheet.html", _, incident=shown, name=category_name(store.directory(), found.category, _.language),
        severity=severity_name(found.severity, _), state=incident_status_name(found.status, _),
        place=_place_name(*area_codes(shown), _), received=_moment(found.received_at, _, told),
        closed=None if found.closed_at is None else _moment(found.closed_at, _, told),
        disposition=_disposition(store.directory(), shown, _), calls=len(calls) if who.reach.is_whole else None,
        units=[_unit_row(one, _, told) for one in assignments],
        milestones=[milestone_name(one, _) for one in Milestone],
        lines=lines, texts=_texts(refs, _), printed=_moment(store.now(), _), printed_by=who.name,
        has_map=shown.location.location is not None,
    )  # fmt: skip


@shift_pages.get("/incidents/<incident_id>/map.png")
@needs(Permission.CENTRE_READ, Scope.INCIDENT)
def picture(incident_id: str) -> Response:
    """The ground about an incident, drawn by our own painter; its middle is the incident."""
    store = centre().store
    with store.book() as book:
        found = book.incident(incident_id)
    if found is None:
        raise unknown_id("incident", incident_id)
    shown = for_village(found, store.directory()) if actor().reach.area is not None else found
    at = shown.location.location
    if at is None:
        raise NotFoundError(N_("There is no picture of this incident: its point is not known, or not yours to see."))
    source = cast(TileSource, current_app.extensions[TILES])
    answer = Response(source.around(at, PICTURE_ZOOM, *PICTURE_PX), content_type="image/png")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _disposition(directory: Directory, incident: Incident, _: Translator) -> str | None:
    if incident.disposition is None:
        return None
    names = next((one.name for one in directory.dispositions if one.disposition_id == incident.disposition), {})
    return names.get(_.language) or incident.disposition


def _unit_row(one: Assignment, _: Translator, told: TimesTold) -> dict[str, Any]:
    zone = centre().store.timezone

    def shown(at: datetime) -> str:
        local = told_time(at, told, zone).astimezone(zone)
        return day_text(local, _) if told is TimesTold.DAY else f"{local:%H.%M.%S}"

    times = [one.milestones.get(milestone) for milestone in Milestone]
    return {
        "unit_id": one.unit_id,
        "times": [None if at is None else shown(at.time) for at in times],
        "end": None if one.end is None else one.end.value,
    }


def _texts(refs: list[tuple[TextField, TextRef]], _: Translator) -> list[dict[str, Any]]:
    names = {
        TextField.CALLER_NAME: _("Caller"), TextField.CALLER_NUMBER: _("Number"), TextField.WORDS: _("Words"),
        TextField.NOTE: _("Note"),
    }  # fmt: skip
    known = centre().store.texts([ref.text_id for _field, ref in refs])
    rows = []
    for field, ref in refs:
        text, masked = shown_text(field, known.get(ref.text_id))
        rows.append({"name": names[field], "text": text, "masked": masked})
    return rows
