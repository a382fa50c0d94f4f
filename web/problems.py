"""Errors as RFC 9457 problems: `application/problem+json` with type, title, status, detail and instance."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from urllib.parse import quote

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from dispatch.errors import KeyReusedError, RefusedError, StoreError, UnknownIdError, VersionConflictError
from gis.errors import N_, InputError, OutsideRegionError, RegionError, SiagaError
from web.access import ForbiddenError, SignInNeededError
from web.answers import place_json
from web.i18n import DEFAULT_LANGUAGE, LANGUAGES, translator
from web.resolve import NothingSureError
from web.sessions import wants_page
from web.tile_workers import RETRY_S, TooBusyError
from web.wording_errors import error_text

PROBLEM_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:siaga112:problem:"

_log = logging.getLogger(__name__)


class NotFoundError(SiagaError, LookupError):
    """The unit, area or tile that the address names does not exist."""

    code = "not-found"


class BadRequestError(InputError):
    """A parameter of the request is missing or malformed."""

    code = "bad-request"


def unknown_id(what: str, key: str) -> UnknownIdError:
    """The refusal of an address whose incident, call or unit does not exist, as a command would word it."""
    return UnknownIdError(N_("There is no {what} “{key}”; check its id."), what=what, key=key[:64])


_STATUS: tuple[tuple[type[SiagaError], HTTPStatus, str], ...] = (
    (NotFoundError, HTTPStatus.NOT_FOUND, "Not found"),
    (UnknownIdError, HTTPStatus.NOT_FOUND, "Not found"),
    (SignInNeededError, HTTPStatus.UNAUTHORIZED, "Not signed in"),
    (ForbiddenError, HTTPStatus.FORBIDDEN, "Not allowed"),
    (VersionConflictError, HTTPStatus.PRECONDITION_FAILED, "Changed meanwhile"),
    (KeyReusedError, HTTPStatus.UNPROCESSABLE_ENTITY, "The idempotency key was used before"),
    (RefusedError, HTTPStatus.CONFLICT, "Not as things stand"),
    (StoreError, HTTPStatus.SERVICE_UNAVAILABLE, "The database cannot be used"),
    (BadRequestError, HTTPStatus.BAD_REQUEST, "The request cannot be used"),
    (OutsideRegionError, HTTPStatus.UNPROCESSABLE_ENTITY, "Outside the region"),
    (InputError, HTTPStatus.UNPROCESSABLE_ENTITY, "The input cannot be used"),
    (TooBusyError, HTTPStatus.SERVICE_UNAVAILABLE, "Too busy"),
    (RegionError, HTTPStatus.SERVICE_UNAVAILABLE, "The region cannot be used"),
    (SiagaError, HTTPStatus.INTERNAL_SERVER_ERROR, "Error"),
)
"""The first class that fits decides."""

_TOLD = ("unit", "incident", "by", "taken_at", "next_best", "expected", "version", "parts")
"""Values of an error that a program may want: they stand beside the sentence."""


def problem(status: int, *, code: str, title: str, detail: str, **members: object) -> Response:
    """A problem as a response; `instance` is the path asked for, without its query (which may hold a location).

    Further members are added as they are.
    """
    body = {
        "type": TYPE_PREFIX + code,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": quote(request.path),
        **members,
    }
    return Response(json.dumps(body, ensure_ascii=False), status=status, content_type=PROBLEM_TYPE)


def register_problems(app: Flask) -> None:
    """Answer every error of the application with a problem."""
    app.register_error_handler(SiagaError, refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def refused(error: SiagaError) -> Response:
    """An expected fault as a problem."""
    status, title = next((status, title) for kind, status, title in _STATUS if isinstance(error, kind))
    _ = translator(_language())
    offered = [place_json(one, _) for one in error.offered] if isinstance(error, NothingSureError) else []
    members: dict[str, object] = {name: error.values[name] for name in _TOLD if name in error.values}
    if offered:
        members["offered"] = offered
    answer = problem(status, code=error.code, title=title, detail=error_text(error, _), **members)
    if isinstance(error, TooBusyError):
        answer.headers["Retry-After"] = str(RETRY_S)
    return answer


def _language() -> str:
    given = request.args.get("lang") or getattr(g.get("siaga112_actor"), "language", None)
    return given if given in LANGUAGES else DEFAULT_LANGUAGE


def _http(error: HTTPException) -> Response:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    title = HTTPStatus(status).phrase
    answer = problem(status, code=title.lower().replace(" ", "-"), title=title, detail=_sentence(error, title))
    for name, value in error.get_headers(request.environ):
        if name.lower() in {"allow", "retry-after"}:
            answer.headers[name] = value
    return answer


def _sentence(error: HTTPException, title: str) -> str:
    _ = translator(_language())
    if error.code == HTTPStatus.NOT_FOUND and wants_page():
        return _("There is nothing at {path}; check the address.").format(path=request.path)
    if error.code == HTTPStatus.NOT_FOUND:
        return _("There is nothing at {path}; see /api/v1/openapi.json for what there is.").format(path=request.path)
    if error.code == HTTPStatus.METHOD_NOT_ALLOWED:
        methods = getattr(error, "valid_methods", None) or ()
        known = ", ".join(sorted(set(methods) - {"HEAD", "OPTIONS"})) or "GET"
        return _("{method} is not allowed at {path}; use {methods}.").format(
            method=request.method, path=request.path, methods=known
        )
    if error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        most = current_app.config["MAX_CONTENT_LENGTH"]
        return _("The body is larger than {most} bytes; send less at a time.").format(most=most)
    return error.description or title


def _unexpected(error: Exception) -> Response:
    _log.error("Unexpected error at %s", request.path, exc_info=error)
    _ = translator(_language())
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        code="internal-error",
        title="Internal error",
        detail=_("The server failed to answer; its log says why."),
    )
