"""The pages that people open."""

from __future__ import annotations

from flask import Blueprint, current_app, make_response, render_template
from flask.wrappers import Response
from flask_wtf.csrf import generate_csrf

from web.access import Permission, Scope, actor, needs
from web.api import LANGUAGES, desk
from web.assets import LEAFLET_VERSION
from web.reach import CENTRE
from web.tiles import GREATEST_ZOOM, LEAST_ZOOM, outside_json

pages = Blueprint("pages", __name__)


@pages.get("/")
@needs(Permission.REGION_READ, Scope.OPEN)
def home() -> Response:
    """The dispatcher's desk."""
    who = actor()
    account = None
    if who.by_cookie:
        account = {"login": who.name, "role": str(who.role), "csrf": generate_csrf()}
    start = {
        "region": desk().region_json(),
        "languages": LANGUAGES,
        "account": account,
        "centre": CENTRE in current_app.extensions and Permission.ROAD_CLOSE in who.may,
        "tiles": {
            "light": f"/tiles/{{z}}/{{x}}/{{y}}{{r}}.png?v={current_app.extensions['siaga112-tiles'].stamp}",
            "dark": f"/tiles/{{z}}/{{x}}/{{y}}{{r}}.png?style=dark&v={current_app.extensions['siaga112-tiles'].stamp}",
            "least_zoom": LEAST_ZOOM,
            "greatest_zoom": GREATEST_ZOOM,
            "outside": outside_json(),
        },
    }
    page = render_template(
        "desk.html",
        start=start,
        region=start["region"],
        account=account,
        kept={"language": who.language, "theme": who.theme},
        stamp=current_app.extensions["siaga112-asset-version"],
        leaflet=LEAFLET_VERSION,
    )
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-cache" if account is None else "no-store"
    return answer
