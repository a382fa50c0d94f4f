"""The application factory: one opened region, one desk, one Flask application."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from flask import Flask, Response, current_app

from web.access import Policy, anybody_reads, guard, this_machine
from web.api import api
from web.api_board import board_api
from web.api_centre import centre_api
from web.api_closures import closures_api
from web.api_commands import centre_commands
from web.api_exports import exports_api
from web.api_help import help_api
from web.api_me import me_api
from web.api_webhooks import webhooks_api
from web.assets import asset_version, assets
from web.centre import Centre
from web.pages import pages
from web.people import people, register_people
from web.planner_api import planner_pages
from web.positions import Positions, positions_blueprint, register_positions
from web.problems import register_problems
from web.reach import CENTRE, check_within
from web.region_layers import layers_of
from web.service import Desk
from web.sessions import Access, protect, use_accounts
from web.tile_draw import MapPainter
from web.tiles import TileSource, tiles

MAX_BODY_BYTES = 1_000_000

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
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


CENTRE_BLUEPRINTS: Final = (
    centre_commands,
    centre_api,
    board_api,
    webhooks_api,
    help_api,
    exports_api,
    me_api,
    closures_api,
)


def all_routes() -> Flask:
    """An application that has every route and answers none: to look at what the routes declare."""
    app = Flask("web", static_folder=None, template_folder="templates")
    for blueprint in (api, assets, pages, planner_pages, tiles, *CENTRE_BLUEPRINTS, people, positions_blueprint):
        app.register_blueprint(blueprint)
    return app


def create_app(
    desk: Desk,
    *,
    centre: Centre | None = None,
    positions: Positions | None = None,
    policy: Policy | None = None,
    access: Access | None = None,
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
    app.extensions["siaga112-tiles"] = _tile_source(desk)
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
    app.after_request(_secure)
    return app


def _tile_source(desk: Desk) -> TileSource:
    layers = layers_of(desk.region)
    built = f"{desk.region.name} {desk.region_json()['built_at']}"
    return TileSource(MapPainter(layers), hashlib.sha256(built.encode()).hexdigest()[:12])


def _secure(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
