"""The pages that people open."""

from __future__ import annotations

from flask import Blueprint, current_app, make_response, render_template
from flask.wrappers import Response

from web.access import Permission, needs
from web.api import LANGUAGES, desk
from web.api_commands import CENTRE
from web.assets import LEAFLET_VERSION
from web.tiles import GREATEST_ZOOM, LEAST_ZOOM

pages = Blueprint("pages", __name__)


@pages.get("/")
@needs(Permission.REGION_READ)
def home() -> Response:
    """The dispatcher's desk."""
    start = {
        "region": desk().region_json(),
        "languages": LANGUAGES,
        "centre": CENTRE in current_app.extensions,
        "tiles": {
            "light": f"/tiles/{{z}}/{{x}}/{{y}}{{r}}.png?v={current_app.extensions['siaga112-tiles'].stamp}",
            "dark": f"/tiles/{{z}}/{{x}}/{{y}}{{r}}.png?style=dark&v={current_app.extensions['siaga112-tiles'].stamp}",
            "least_zoom": LEAST_ZOOM,
            "greatest_zoom": GREATEST_ZOOM,
        },
    }
    page = render_template(
        "desk.html",
        start=start,
        region=start["region"],
        stamp=current_app.extensions["siaga112-asset-version"],
        leaflet=LEAFLET_VERSION,
    )
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-cache"
    return answer
