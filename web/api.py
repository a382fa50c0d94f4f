"""The JSON API under /api/v1: reads parameters, asks the desk, sends the answer.

Locations travel in the query of a URL. A bare location is no personal data, but servers log URLs: a caller's name or
number must never be put into one, and the endpoints that will take such data take it in the body.
"""

from __future__ import annotations

import json
from typing import Any, cast

from flask import Blueprint, Response, current_app, request

from gis.errors import N_, InputError, OutsideRegionError
from web.access import Permission, Scope, actor, needs
from web.isochrones import DEFAULT_MINUTES, isochrone_json, minutes_of
from web.openapi import described
from web.problems import BadRequestError, NotFoundError
from web.reach import check_unit, units_in_reach
from web.service import Desk

api = Blueprint("api", __name__, url_prefix="/api/v1")

LANGUAGES = ("id", "en")
DESCRIPTION = "siaga112-description"
MAX_UNITS = 100
MAX_EXCLUDED = 1000
MAX_CANDIDATES = 50
DEFAULT_CANDIDATES = 8


def desk() -> Desk:
    """The desk of the running application."""
    return cast(Desk, current_app.extensions["siaga112-desk"])


@api.get("/region")
@needs(Permission.REGION_READ, Scope.OPEN)
def region() -> Response:
    """The opened region."""
    return _json(desk().region_json())


@api.get("/search")
@needs(Permission.REGION_READ, Scope.OPEN)
def search() -> Response:
    """Places for a text."""
    limit = _whole("limit", DEFAULT_CANDIDATES, MAX_CANDIDATES) or DEFAULT_CANDIDATES
    return _json(desk().search(_text("q"), limit, _language()))


@api.get("/locate")
@needs(Permission.REGION_READ, Scope.OPEN)
def locate() -> Response:
    """The village of a location."""
    return _json(desk().locate(_text("at"), _language()))


@api.get("/nearest")
@needs(Permission.FLEET_READ)
def nearest() -> Response:
    """Units ranked by road travel time to a point, a place or a village."""
    answer = desk().nearest(
        _text("at"),
        kind=request.args.get("kind") or None,
        k=_whole("k", None, MAX_UNITS),
        lang=_language(),
        capabilities=tuple(word for word in request.args.getlist("capability") if word),
        most=_whole("most", None, MAX_UNITS),
        most_excluded=_whole("excluded", None, MAX_EXCLUDED, least=0),
    )
    return _json(answer)


@api.get("/route")
@needs(Permission.FLEET_READ, Scope.NARROWED)
def route() -> Response:
    """The route of one unit to a location."""
    unit, at, language = _text("unit"), _text("at"), _language()
    _check_unit(unit)
    check_unit(unit)
    form = request.args.get("format", "geojson")
    if form == "geojson":
        return _json(desk().route(unit, at, language), "application/geo+json")
    if form == "gpx":
        answer = Response(desk().route_gpx(unit, at, language), content_type="application/gpx+xml")
        answer.headers["Content-Disposition"] = 'attachment; filename="route.gpx"'
        answer.headers["Cache-Control"] = "no-store"
        return answer
    raise BadRequestError(N_("The format “{given}” is not known; use geojson or gpx."), given=form[:40])


@api.get("/isochrone")
@needs(Permission.FLEET_READ, Scope.NARROWED)
def isochrone() -> Response:
    """How far one gets from places and units together within some minutes."""
    minutes = request.args.get("minutes", "")
    places = tuple(filter(None, (one.strip() for one in request.args.getlist("at"))))
    unit_ids = tuple(filter(None, (one.strip() for one in request.args.getlist("unit"))))
    if not places and not unit_ids:
        # No single parameter is wrong: of two that may each be left out, one has to be there.
        raise InputError(N_("The parameter “{name}” is missing; add ?{name}=… to the address."), name="at")
    language = _language()
    for unit_id in unit_ids:
        _check_unit(unit_id)
        check_unit(unit_id)
    times = minutes_of(minutes) if minutes.strip() else DEFAULT_MINUTES
    answer = isochrone_json(desk(), places=places, units=unit_ids, minutes=times, lang=language)
    return _json(answer, "application/geo+json")


@api.get("/areas/<code>")
@needs(Permission.REGION_READ, Scope.OPEN)
def area(code: str) -> Response:
    """The outline of a village, kecamatan or kabupaten."""
    try:
        outline = desk().area_geojson(code)
    except OutsideRegionError as error:
        raise NotFoundError(error.message, **error.values) from None
    answer = _json(outline, "application/geo+json")
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.add_etag()
    answer.make_conditional(request)
    return answer


@api.get("/units")
@needs(Permission.FLEET_READ, Scope.NARROWED)
def units() -> Response:
    """All units."""
    found = desk().units_json()
    if not actor().reach.is_whole:
        within = units_in_reach(one["unit_id"] for one in found["units"])
        found = {**found, "units": [one for one in found["units"] if one["unit_id"] in within]}
    return _json(found)


@api.get("/openapi.json")
@needs(Permission.PUBLIC)
def openapi() -> Response:
    """The description of this API."""
    known = current_app.extensions.get(DESCRIPTION)
    if known is None:
        known = current_app.extensions[DESCRIPTION] = described(current_app)
    return _json(known)


@api.get("/health")
@needs(Permission.PUBLIC)
def health() -> Response:
    """Whether the server answers, and by which travel times."""
    return _json({"status": "ok", "travel_times": desk().times_json(_language())})


def _check_unit(unit_id: str) -> None:
    try:
        desk().unit_vehicle(unit_id)
    except OutsideRegionError as error:
        raise NotFoundError(error.message, **error.values) from None


def _json(body: Any, content_type: str = "application/json") -> Response:
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    answer = Response(text, content_type=content_type)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _text(name: str) -> str:
    value = request.args.get(name, "").strip()
    if not value:
        raise BadRequestError(N_("The parameter “{name}” is missing; add ?{name}=… to the address."), name=name)
    return value


def _whole(name: str, default: int | None, most: int, *, least: int = 1) -> int | None:
    given = request.args.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) <= 6 and least <= int(given) <= most):
        raise BadRequestError(
            N_("The parameter “{name}” must be a whole number from {least} to {most}, not “{given}”."),
            name=name,
            least=least,
            most=most,
            given=given[:40],
        )
    return int(given)


def _language() -> str:
    given = request.args.get("lang", LANGUAGES[0])
    if given not in LANGUAGES:
        raise BadRequestError(
            N_("The language “{given}” is not known; use one of {known}."), given=given[:40], known=", ".join(LANGUAGES)
        )
    return given
