"""The page of a village or kecamatan: what happens there and how soon help came, and nothing private.

Everything is narrowed to the area twice: the area asked for must lie in the reader's own, and the database is asked for
that area alone. What is told of an incident is `web.village_month`'s choice. docs/village.md says who sees what.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, current_app, redirect, request
from shapely.geometry import mapping
from werkzeug.wrappers import Response as AnyResponse

from dispatch.commands import AnswerVerification
from dispatch.errors import RefusedError, UnknownIdError
from dispatch.exports_common import UTF8_WITH_MARK, category_name, csv_text
from dispatch.exports_ministry import month_bounds, month_of
from dispatch.incidents import Verification
from dispatch.reach import TimesTold, hidden_categories, is_hidden, lies_within
from dispatch.store import queries
from dispatch.verification import VillageAnswer
from gis.errors import N_, SiagaError
from gis.types import AdministrativeArea, AreaLevel
from web.access import Permission, Scope, actor, needs
from web.api import desk
from web.api_commands import centre, check_path_ids
from web.api_exports import CSV
from web.assets import LEAFLET_VERSION
from web.credits import credit_line
from web.exports import cases_within, open_cases_within, unit_kinds
from web.i18n import Translator
from web.incident_words import incident_status_name
from web.page_frame import address, clock_text, day_text, month_name, page_words, show_page
from web.planner_api import workbench
from web.problems import BadRequestError, NotFoundError, refused
from web.sessions import wants_page
from web.tiles import GREATEST_ZOOM, LEAST_ZOOM
from web.village_map import village_map
from web.village_month import (
    FIGURE_COLUMNS,
    INCIDENT_COLUMNS,
    VillageIncident,
    VillageMonth,
    figure_rows,
    incident_rows_of,
    village_incident,
    village_month,
)
from web.village_posts import NearPosts
from web.wording import area_name, duration, kind_name, share
from web.wording_errors import error_text

village_pages = Blueprint("village", __name__)
village_pages.before_request(check_path_ids)

PAGE_ROWS: Final = 20
MONTHS_OFFERED: Final = 24
MOST_PAGES: Final = 10_000
SIMPLER_DEG: Final = 0.0002
"""The outline on the page may be about 20 m off."""
HTML: Final = "text/html; charset=utf-8"
_MONTH: Final = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])\Z")
_POSTS: Final = "siaga112-near-posts"
_READ: Final = needs(Permission.VILLAGE_READ, Scope.NARROWED)
_NOT_ASKED: Final = N_("This is not asked any more, so nothing was stored; below is how things stand.")
_ANSWERS: Final = (VillageAnswer.CONFIRMED, VillageAnswer.DENIED, VillageAnswer.UNKNOWN)


# --- the page ----------------------------------------------------------------------------------------------------


@village_pages.get("/village")
@_READ
def page() -> AnyResponse:
    """Open incidents, questions to the village, the month, the nearest posts."""
    return _page()


def _page(fault: str | None = None, status: int = HTTPStatus.OK) -> AnyResponse:
    _ = page_words()
    area = _area()
    if area is None:
        kecamatan = sorted(desk().region.boundaries.kecamatan, key=lambda one: one.name)
        return show_page("village_choice.html", _, kecamatan=kecamatan, fault=fault, status=status)
    month = _month()
    found = _found(area.code, month)
    category = request.args.get("category", "")
    rows = [one for one in found.incidents if not one.is_open and category in ("", one.category)]
    number = _page_number()
    pages = max(1, -(-len(rows) // PAGE_ROWS))
    now = centre().store.now()
    directory = centre().store.directory()
    below = sorted(
        (one for one in desk().region.boundaries.villages if one.parent_code == area.code), key=lambda one: one.name
    )
    return show_page(
        "village.html", _, fault=fault, status=status,
        said=_("Thank you; the centre has your answer.") if request.args.get("said") == "answered" else None,
        area=area, name=area_name(area, _), above=_above(area), below=below, month=month,
        month_name=month_name(month, _), months={one: month_name(one, _) for one in _months(now)}, found=found,
        category=category,
        open_incidents=[_row(one, _) for one in _open(area.code)],
        rows=[_row(one, _) for one in rows[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]], count=len(rows),
        page=number, pages=pages, figures=_figures(found, _),
        hidden_names=_hidden_names(_),
        category_names={one.category: category_name(directory, one.category, _.language) for one in found.categories},
        posts=_posts_of(area.code, _), questions=[_question(one, _) for one in _questions(area.code)],
        may_answer=Permission.VERIFY in actor().may, leaflet=LEAFLET_VERSION, map_start=_map_start(area.code, month, _),
    )  # fmt: skip


@village_pages.post("/village/verifications/<verification_id>")
@needs(Permission.VERIFY, Scope.VERIFICATION)
def answer(verification_id: str) -> AnyResponse:
    """What the village says to a question; from the form of the page, which needs no scripts."""
    _ = page_words()
    given = request.form.get("answer", "")
    if given not in {one.value for one in _ANSWERS}:
        return _page(_("Press one of the three buttons."), HTTPStatus.UNPROCESSABLE_ENTITY)
    with centre().store.book() as book:
        asked = book.verification(verification_id)
        about = None if asked is None else book.incident(asked.incident_id)
    if about is None or not about.status.is_open:
        return _page(_(_NOT_ASKED), HTTPStatus.CONFLICT)
    command = AnswerVerification(verification_id=verification_id, answer=VillageAnswer(given))
    try:
        centre().execute(command, actor=actor().name)
    except RefusedError:
        # Answered meanwhile, from here or by the desk: the page shows how things stand.
        return _page(_answered_already(verification_id, _), HTTPStatus.CONFLICT)
    except SiagaError as error:
        return _page(error_text(error, _), HTTPStatus.CONFLICT)
    return redirect(address("/village", area=request.args.get("area"), said="answered"), HTTPStatus.SEE_OTHER)


@village_pages.errorhandler(UnknownIdError)
def not_asked(error: UnknownIdError) -> Any:
    """A question that is not there (any more), told on the page from which it was answered."""
    if request.method != "POST" or not wants_page():
        return refused(error)
    try:
        return _page(page_words()(_NOT_ASKED), HTTPStatus.NOT_FOUND)
    except NotFoundError as no_area:
        return refused(no_area)


def _answered_already(verification_id: str, _: Translator) -> str:
    with centre().store.book() as book:
        asked = book.verification(verification_id)
    said = "" if asked is None or asked.answer is None else answer_name(VillageAnswer(asked.answer), _)
    return _("This was answered already: {answer}. If that is wrong, call the centre.").format(answer=said)


@village_pages.get("/village/map.json")
@_READ
def map_data() -> Response:
    """What the map of the page shows, asked for when somebody opens it."""
    _ = page_words()
    area = _needed_area()
    found = _found(area.code, _month())
    shown = {one.incident_id: one for one in (*_open(area.code), *found.incidents)}
    boundaries = desk().region.boundaries
    coarse: dict[str, int] = {}
    spots = []
    for one in shown.values():
        if one.location is not None:
            text = f"{_name(one.category, _)} · {_when(one, _)}"
            spots.append(
                {
                    "lat": one.location.lat,
                    "lon": one.location.lon,
                    "text": text,
                    "open": one.is_open,
                    "id": one.incident_id,
                }
            )
        elif one.village is not None:
            coarse[one.village] = coarse.get(one.village, 0) + 1
    villages = []
    for code, count in sorted(coarse.items()):
        middle = boundaries.middle(code)
        text = _.ngettext("{n} incident shown at village level", "{n} incidents shown at village level", count)
        villages.append(
            {"lat": middle.lat, "lon": middle.lon, "count": count,
             "text": f"{boundaries.area(code).name}: {text.format(n=count)}"}
        )  # fmt: skip
    outline = mapping(boundaries.polygon(area.code).simplify(SIMPLER_DEG))
    answer = Response(
        json.dumps({"outline": outline, "spots": spots, "villages": villages}, separators=(",", ":")),
        content_type="application/json",
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


# --- the monthly summary -----------------------------------------------------------------------------------------


@village_pages.get("/village/summary")
@_READ
def summary() -> AnyResponse:
    """The month on paper."""
    _ = page_words()
    area, month = _needed_area(), _month()
    found = _found(area.code, month)
    now = centre().store.now().astimezone(centre().store.timezone)
    return show_page(
        "village_summary.html", _, area=area, name=area_name(area, _), above=_above(area), month=month,
        month_name=month_name(month, _), found=found, figures=_figures(found, _),
        rows=[_row(one, _) for one in found.incidents], made_at=f"{day_text(now, _)} {clock_text(now)}",
        hidden_names=_hidden_names(_), head=centre().store.head(),
        is_over=month < month_of(now, centre().store.timezone),
    )  # fmt: skip


@village_pages.get("/village/summary.csv")
@_READ
def summary_csv() -> Response:
    """Counts and times of the month by category."""
    area, month, lang = _needed_area(), _month(), page_words().language
    found = _found(area.code, month)
    rows = figure_rows(found, centre().store.directory(), lang)
    return _file(csv_text(FIGURE_COLUMNS, rows, centre().region.notice), f"ringkasan-{area.code}-{month}.csv")


@village_pages.get("/village/incidents.csv")
@_READ
def incidents_csv() -> Response:
    """The incidents of the month, one a row."""
    area, month, lang = _needed_area(), _month(), page_words().language
    found = _found(area.code, month)
    rows = incident_rows_of(found, centre().store.directory(), lang)
    return _file(csv_text(INCIDENT_COLUMNS, rows, centre().region.notice), f"insiden-{area.code}-{month}.csv")


@village_pages.get("/village/map.html")
@_READ
def map_file() -> Response:
    """The month on a map: one file that opens without any network."""
    _ = page_words()
    area, month = _needed_area(), _month()
    found = _found(area.code, month)
    title = f"{area_name(area, _)} · {month_name(month, _)}"
    text = village_map(
        desk(), found, title=title, lines=lambda one: _map_lines(one, _), figures=_figures(found, _), _=_
    )
    answer = Response(text, content_type=HTML)
    answer.headers["Content-Disposition"] = f'attachment; filename="peta-{area.code}-{month}.html"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _map_lines(one: VillageIncident, _: Translator) -> tuple[str, ...]:
    row = _row(one, _)
    return tuple(part for part in (row["name"], row["when"], row["units"], row["response"]) if part)


def _file(text: str, name: str) -> Response:
    answer = Response(text.encode(UTF8_WITH_MARK), content_type=CSV)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


# --- what is asked for -------------------------------------------------------------------------------------------


def _area() -> AdministrativeArea | None:
    """The area asked for, in the reader's own; None where somebody who sees all has named none.

    Raises
    ------
    NotFoundError
        The region has no such village or kecamatan, or it is not the reader's: both are answered alike.
    """
    own, asked = actor().reach.area, request.args.get("area") or None
    code = asked or own
    if code is None:
        return None
    if own is None or lies_within(own, code):
        try:
            found = desk().region.boundaries.area(code)
        except LookupError:
            found = None
        if found is not None and found.level in (AreaLevel.VILLAGE, AreaLevel.KECAMATAN):
            return found
    raise NotFoundError(N_("There is no village or kecamatan “{code}” here; check the code."), code=code[:20])


def _needed_area() -> AdministrativeArea:
    found = _area()
    if found is None:
        raise BadRequestError(N_("Say which village or kecamatan: give “area”, such as 32.09.21.2006."))
    return found


def _month() -> str:
    store = centre().store
    given = request.args.get("month") or month_of(store.now(), store.timezone)
    if _MONTH.match(given) is None:
        raise BadRequestError(N_("The parameter “month” is a month such as 2026-01; correct it."))
    return given


def _page_number() -> int:
    given = request.args.get("page", "1")
    return int(given) if given.isascii() and given.isdigit() and 0 < len(given) < 5 and int(given) else 1


def _months(now: datetime) -> list[str]:
    """The present month and those before it, the newest first."""
    local = now.astimezone(centre().store.timezone)
    last = local.year * 12 + local.month - 1
    return [f"{number // 12}-{number % 12 + 1:02}" for number in range(last, last - MONTHS_OFFERED, -1)]


def _found(area: str, month: str) -> VillageMonth:
    store = centre().store
    since, until = month_bounds(month, store.timezone)
    return village_month(
        cases_within(centre(), area, since, until),
        area=area,
        month=month,
        directory=store.directory(),
        unit_kinds=unit_kinds(centre()),
        timezone=store.timezone,
        now=store.now(),
    )


def _open(area: str) -> list[VillageIncident]:
    store, kinds = centre().store, unit_kinds(centre())
    return [
        village_incident(one, directory=store.directory(), unit_kinds=kinds, timezone=store.timezone)
        for one in open_cases_within(centre(), area)
        if one.incident.duplicate_of is None and not is_hidden(one.incident.category, store.directory())
    ]


def _questions(area: str) -> tuple[Verification, ...]:
    with centre().store.book() as book:
        waiting = queries.verifications_waiting(book.connection, area=area)
        asked = {one.incident_id: book.incident(one.incident_id) for one in waiting}
    # One that was asked before its incident was put into a hidden category.
    return tuple(
        one
        for one in waiting
        if (about := asked[one.incident_id]) is not None and not is_hidden(about.category, centre().store.directory())
    )


# --- what is shown -----------------------------------------------------------------------------------------------


def _hidden_names(_: Translator) -> str:
    return ", ".join(_name(one, _) for one in hidden_categories(centre().store.directory()))


def _above(area: AdministrativeArea) -> AdministrativeArea | None:
    return None if area.parent_code is None else desk().region.boundaries.area(area.parent_code)


def _name(category: str, _: Translator) -> str:
    return category_name(centre().store.directory(), category, _.language)


def _when(one: VillageIncident, _: Translator) -> str:
    """Date and time, or the date alone where no more is told."""
    day = day_text(one.received_at, _)
    return f"{day} {clock_text(one.received_at)}" if one.told is not TimesTold.DAY else day


def _row(one: VillageIncident, _: Translator) -> dict[str, Any]:
    boundaries = desk().region.boundaries
    kinds = ", ".join(f"{count} × {kind_name(kind, _)}" for kind, count in one.units_by_kind.items())
    units = f"{', '.join(one.units)} ({kinds})" if one.units else _("no unit sent")
    return {
        "id": one.incident_id, "name": _name(one.category, _), "when": _when(one, _), "units": units,
        "village": None if one.village is None else boundaries.area(one.village).name,
        "status": incident_status_name(one.status, _), "exercise": one.exercise, "sensitive": one.sensitive,
        "is_open": one.is_open, "response": _response(one, _), "in_time": one.in_time,
    }  # fmt: skip


def _response(one: VillageIncident, _: Translator) -> str:
    """How soon somebody was there."""
    if not one.is_recorded:
        return "" if one.is_open else _("arrival not recorded")
    told = _("on scene after {time}").format(time=duration(one.response_s, _)) if one.response_s is not None else ""
    if one.in_time is None or one.standard_s is None:
        return told or _("arrival recorded")
    judged = _("within the standard of {time}") if one.in_time else _("later than the standard of {time}")
    return "; ".join(part for part in (told, judged.format(time=duration(one.standard_s, _))) if part)


def _figures(found: VillageMonth, _: Translator) -> list[dict[str, Any]]:
    rows = []
    for one in (*found.categories, found.total):
        of = one.figures
        tells = one.tells_times and of.recorded > 0
        rows.append({
            "name": _("Total") if one.category == "*" else _name(one.category, _), "is_total": one.category == "*",
            "incidents": of.incidents, "units": one.units_sent, "recorded": of.recorded, "missing": of.missing,
            "standard": None if one.standard_s is None else duration(one.standard_s, _),
            "in_time": one.in_time, "judged": one.judged, "withheld": of.recorded > 0 and not one.tells_times,
            "median": duration(of.median_s, _) if tells else None, "p90": duration(of.p90_s, _) if tells else None,
        })  # fmt: skip
    return rows


def _question(one: Verification, _: Translator) -> dict[str, Any]:
    store = centre().store
    with store.book() as book:
        incident = book.incident(one.incident_id)
    asked = one.asked_at.astimezone(store.timezone)
    return {
        "id": one.verification_id, "post": one.post, "asked": f"{day_text(asked, _)} {clock_text(asked)}",
        "name": "" if incident is None else _name(incident.category, _), "incident": one.incident_id,
        "village": desk().region.boundaries.area(one.village_code).name,
        "answers": [(answer.value, answer_name(answer, _)) for answer in _ANSWERS],
    }  # fmt: skip


def answer_name(answer: VillageAnswer, _: Translator) -> str:
    """What a village says."""
    return {
        VillageAnswer.CONFIRMED: _("It is true"),
        VillageAnswer.DENIED: _("It is not true"),
        VillageAnswer.UNKNOWN: _("We do not know"),
        VillageAnswer.NO_ANSWER: _("no answer"),
    }[answer]


def _posts_of(area: str, _: Translator) -> list[dict[str, Any]]:
    found = _near_posts().of(area, centre().store.now())
    return [
        {
            "kind": kind_name(kind, _),
            "posts": [
                {"name": one.name, "mean": duration(one.mean_s, _), "first": duration(one.first_s, _),
                 "last": duration(one.last_s, _), "unreached": share(one.unreached, _) if one.unreached else None}
                for one in posts
            ],
        }
        for kind, posts in found.items()
    ]  # fmt: skip


def _near_posts() -> NearPosts:
    found = current_app.extensions.get(_POSTS)
    if not isinstance(found, NearPosts):
        found = current_app.extensions.setdefault(_POSTS, NearPosts(desk(), workbench().planner))
    return found


def _map_start(area: str, month: str, _: Translator) -> dict[str, Any]:
    stamp = current_app.extensions["siaga112-tiles"].stamp
    at = f"/tiles/{{z}}/{{x}}/{{y}}{{r}}.png?v={stamp}"
    return {
        "data": address("/village/map.json", area=area, month=month), "credit": credit_line(desk().region),
        "tiles": {"light": at, "dark": f"{at}&style=dark"}, "least_zoom": LEAST_ZOOM, "greatest_zoom": GREATEST_ZOOM,
        "leaflet": LEAFLET_VERSION, "failed": _("The map could not be loaded; try again."),
        "zoom_in": _("Zoom in"), "zoom_out": _("Zoom out"),
    }  # fmt: skip
