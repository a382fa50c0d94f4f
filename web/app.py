"""The application factory: one opened region, one desk, one Flask application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Flask, Response, current_app

from web.access import Policy, anybody_reads, guard, this_machine
from web.agency import agency_pages
from web.api import api
from web.api_board import board_api
from web.api_centre import centre_api
from web.api_closures import closures_api
from web.api_commands import centre_commands
from web.api_exports import exports_api
from web.api_help import help_api
from web.api_me import me_api
from web.api_speeds import speeds_api
from web.api_webhooks import webhooks_api
from web.assets import asset_version, assets
from web.centre import Centre
from web.crew import crew_pages
from web.fault_pages import as_page
from web.packing import pack
from web.pages import pages
from web.people import PEOPLE_BLUEPRINTS, register_people
from web.planner_api import planner_pages
from web.positions import Positions, positions_blueprint, register_positions
from web.problems import register_problems
from web.public_pages import public_pages
from web.reach import CENTRE, check_within
from web.service import Desk
from web.sessions import Access, protect, use_accounts
from web.shift_pages import shift_pages
from web.speed_pages import speed_pages
from web.tile_workers import Draw, LocalDrawing
from web.tiles import OUTSIDE_TILES, TILES, OutsideTiles, TileSource, stamp_of, tiles
from web.village_pages import village_pages
from web.wall import wall_pages

MAX_BODY_BYTES = 1_000_000

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


_VARIED: Final = ("Permissions-Policy",)
"""Headers that a view may set itself."""
_HEADERS: Final = "siaga112-security-headers"

CENTRE_BLUEPRINTS: Final = (
    centre_commands,
    centre_api,
    webhooks_api,
    help_api,
    exports_api,
    me_api,
    closures_api,
    speeds_api,
    crew_pages,
    agency_pages,
    board_api,
    village_pages,
    public_pages,
    shift_pages,
    speed_pages,
    wall_pages,
)


def all_routes() -> Flask:
    """An application that has every route and answers none: to look at what the routes declare."""
    app = Flask("web", static_folder=None, template_folder="templates")
    pages_of_all = (*CENTRE_BLUEPRINTS, *PEOPLE_BLUEPRINTS)
    for blueprint in (api, assets, pages, planner_pages, tiles, *pages_of_all, positions_blueprint):
        app.register_blueprint(blueprint)
    return app


def create_app(
    desk: Desk,
    *,
    centre: Centre | None = None,
    positions: Positions | None = None,
    policy: Policy | None = None,
    access: Access | None = None,
    draw: Draw | None = None,
    outside: OutsideTiles | None = None,
    config: Mapping[str, Any] | None = None,
) -> Flask:
    """The application that serves a region, and the centre that works in it.

    Parameters
    ----------
    desk
        Answers every question about the region.
    centre
        Calls, incidents, units and assignments; None serves the map alone.
    positions
        Takes positions of units, with a started intake.
    policy
        Says who may do what; see `web.access`.
    access
        Puts accounts in force, in place of a policy.
    draw
        Draws tiles of the map; None draws them in this process.
    outside
        Tiles of another host that pages offer beside our own.
    config
        Flask settings that differ from the default.

    Raises
    ------
    ValueError
        A route does not declare what it needs.
    """
    app = Flask("web", static_folder=None, template_folder="templates")
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES)
    app.config.update(config or {})
    app.extensions["siaga112-desk"] = desk
    stamp = stamp_of(desk.region, desk.region_json()["built_at"])
    app.extensions[TILES] = TileSource(desk.region, draw or LocalDrawing(desk.region), stamp=stamp)
    app.extensions[OUTSIDE_TILES] = outside
    app.extensions[_HEADERS] = _security_headers(outside)
    app.extensions["siaga112-asset-version"] = asset_version()
    for blueprint in (api, assets, pages, planner_pages, tiles):
        app.register_blueprint(blueprint)
    if centre is not None:
        app.extensions[CENTRE] = centre
        for blueprint in CENTRE_BLUEPRINTS:
            app.register_blueprint(blueprint)
    if positions is not None:
        register_positions(app, positions)
    register_problems(app)
    if access is not None:
        register_people(app)
        guard(app, use_accounts(app, access), within=check_within, protect=lambda: protect(app))
    else:
        guard(app, policy or (anybody_reads if centre is None else this_machine), within=check_within)
    app.after_request(pack)
    app.after_request(_secure)
    app.after_request(as_page)  # the last is called first
    return app


def _security_headers(outside: OutsideTiles | None) -> Mapping[str, str]:
    """The headers of every answer; pictures of one other host are let in where the map's tiles come from there."""
    if outside is None:
        return SECURITY_HEADERS
    admitted = CONTENT_SECURITY_POLICY.replace("img-src 'self'", f"img-src 'self' {outside.origin}")
    return {**SECURITY_HEADERS, "Content-Security-Policy": admitted}


def _secure(response: Response) -> Response:
    own = {name for name in _VARIED if name in response.headers}
    # All at once, since few views set any of them: to look for each in turn takes a good part of a short answer's time.
    headers: Mapping[str, str] = current_app.extensions[_HEADERS]
    response.headers.extend({name: text for name, text in headers.items() if name not in own} if own else headers)
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
