"""The pages that people open."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from flask import Blueprint, current_app, make_response, redirect, render_template
from flask.wrappers import Response
from flask_wtf.csrf import generate_csrf

from dispatch.incidents import IncidentStatus
from dispatch.transitions import ASSIGNABLE, INCIDENT_MOVES, UNIT_MOVES
from dispatch.types import UnitStatus
from web.access import Permission, Scope, actor, needs
from web.api import LANGUAGES, desk
from web.assets import LEAFLET_VERSION, modules_of
from web.centre import Centre
from web.home import DESK, home_of
from web.reach import CENTRE
from web.tiles import GREATEST_ZOOM, LEAST_ZOOM, outside_json

pages = Blueprint("pages", __name__)


@pages.get("/")
@needs(Permission.REGION_READ, Scope.OPEN)
def home() -> Response:
    """The dispatcher's desk: with a centre its board, without one the map that answers who is nearest."""
    who = actor()
    if who.by_cookie and (own := home_of(who.role)) != DESK:
        return cast(Response, redirect(own, HTTPStatus.SEE_OTHER))
    account = None
    if who.by_cookie:
        account = {"login": who.name, "role": str(who.role), "csrf": generate_csrf()}
    start = {
        "region": desk().region_json(),
        "languages": LANGUAGES,
        "account": account,
        "may": sorted(who.may),
        "tiles": {
            "light": f"/tiles/{{z}}/{{x}}/{{y}}{{r}}.png?v={current_app.extensions['siaga112-tiles'].stamp}",
            "dark": f"/tiles/{{z}}/{{x}}/{{y}}{{r}}.png?style=dark&v={current_app.extensions['siaga112-tiles'].stamp}",
            "least_zoom": LEAST_ZOOM,
            "greatest_zoom": GREATEST_ZOOM,
            "outside": outside_json(),
        },
    }
    is_console = _sees_the_centre()
    if is_console:
        start |= _of_console()
    page = render_template(
        "console.html" if is_console else "desk.html",
        start=start,
        region=start["region"],
        account=account,
        kept={"language": who.language, "theme": who.theme},
        stamp=current_app.extensions["siaga112-asset-version"],
        leaflet=LEAFLET_VERSION,
        modules=modules_of("console.js" if is_console else "main.js"),
    )
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-cache" if account is None else "no-store"
    return answer


def _sees_the_centre() -> bool:
    """Whether the desk has a board: there is a centre, and who asks sees the whole of it."""
    who = actor()
    return CENTRE in current_app.extensions and Permission.CENTRE_READ in who.may and who.reach.is_whole


def _of_console() -> dict[str, Any]:
    """What the page of the whole desk knows before it asks: what may follow what, and when a position is old."""
    settings = cast(Centre, current_app.extensions[CENTRE]).settings
    return {
        "timezone": str(desk().region.timezone),
        "stale_after_s": settings.dispatch.stale_after_s,
        "incident_moves": {
            now.value: [one.value for one in IncidentStatus if one in then] for now, then in INCIDENT_MOVES.items()
        },
        "unit_moves": {now.value: [one.value for one in UnitStatus if one in then] for now, then in UNIT_MOVES.items()},
        "assignable": sorted(one.value for one in ASSIGNABLE),
    }
