"""Who asks, for scripts and pages: name, role, rights; and the settings that an account keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from flask import Blueprint, Response

from dispatch.codec import load_request
from web.access import Permission, actor, needs
from web.api_centre import send_json
from web.api_commands import json_body
from web.people_frame import sign_in
from web.sessions import me

me_api: Final = Blueprint("me_api", __name__, url_prefix="/api/v1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of one's own account; what is left out stays."""

    language: Literal["id", "en"] | None = None
    theme: Literal["light", "dark", "auto"] | None = None


@me_api.get("/me")
@needs(Permission.ACCOUNT)
def who() -> Response:
    """Who asks, and what he may."""
    return send_json(me(actor()))


@me_api.patch("/me")
@needs(Permission.ACCOUNT)
def keep() -> Response:
    """Keep language and theme with the account; without accounts nothing is kept."""
    wanted = load_request(Settings, json_body())
    changed: dict[str, Any] = {}
    if wanted.language is not None:
        changed["language"] = wanted.language
    if wanted.theme is not None:
        changed["theme"] = None if wanted.theme == "auto" else wanted.theme
    if changed and actor().role is not None:
        sign_in().kept.change(actor().name, **changed)
    return send_json({**me(actor()), **changed})
