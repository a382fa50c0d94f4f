"""The application factory: one opened region, one desk, one Flask application."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response

from web.api import api
from web.assets import asset_version, assets
from web.pages import pages
from web.problems import register_problems
from web.region_layers import layers_of
from web.service import Desk
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


def create_app(desk: Desk, *, config: Mapping[str, Any] | None = None) -> Flask:
    """The application that serves a region.

    Parameters
    ----------
    desk
        Answers every question of the API.
    config
        Flask settings that differ from the default.
    """
    app = Flask("web", static_folder=None, template_folder="templates")
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES)
    app.config.update(config or {})
    app.extensions["siaga112-desk"] = desk
    app.extensions["siaga112-tiles"] = _tile_source(desk)
    app.extensions["siaga112-asset-version"] = asset_version()
    for blueprint in (api, assets, pages, tiles):
        app.register_blueprint(blueprint)
    register_problems(app)
    app.after_request(_secure)
    return app


def _tile_source(desk: Desk) -> TileSource:
    layers = layers_of(desk.region)
    built = f"{desk.region.name} {desk.region_json()['built_at']}"
    return TileSource(MapPainter(layers), hashlib.sha256(built.encode()).hexdigest()[:12])


def _secure(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
