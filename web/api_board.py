"""The board over HTTP: what a desk shows at once, and what changed since; events and positions follow by `/events`."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request

from web.access import Permission, Scope, needs
from web.api_centre import send_json, sequence_number
from web.api_commands import centre
from web.board import board_json

board_api: Final = Blueprint("board_api", __name__, url_prefix="/api/v1")


@board_api.get("/board")
@needs(Permission.CENTRE_READ, Scope.NARROWED)
def board() -> Response:
    """Open incidents and the fleet as they stand; with `after`, what changed since that event."""
    given = request.args.get("after")
    return send_json(board_json(centre(), None if given is None else sequence_number("after", given)))
