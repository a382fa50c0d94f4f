"""The OpenAPI 3.1 description of the API, built from a few named schemas."""

from __future__ import annotations

import copy
from functools import cache
from importlib.metadata import version
from typing import Any

from flask import Flask

from routing.profile import Exemption
from web.access import needed_by
from web.openapi_centre import centre_paths, centre_schemas, problem_response
from web.openapi_closures import closure_paths
from web.openapi_exports import export_paths
from web.openapi_webhooks import webhook_paths
from web.positions import EXTENSION
from web.positions_openapi import POSITION_SECURITY, position_paths
from web.problems import PROBLEM_TYPE
from web.reach import CENTRE

Schema = dict[str, Any]

NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
ASKED: Schema = {"type": "string", "minLength": 1, "pattern": r"\S"}
LATITUDE: Schema = {"type": "number", "minimum": -90, "maximum": 90}
LONGITUDE: Schema = {"type": "number", "minimum": -180, "maximum": 180}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
SECONDS: Schema = {"type": "number", "minimum": 0, "description": "seconds"}
METRES: Schema = {"type": "number", "minimum": 0, "description": "metres"}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _record(properties: dict[str, Schema], *, optional: dict[str, Schema] | None = None, text: str = "") -> Schema:
    """An object whose `properties` are always there and whose `optional` ones may be."""
    schema: Schema = {
        "type": "object",
        "required": list(properties),
        "properties": {**properties, **(optional or {})},
    }
    return {**schema, "description": text} if text else schema


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_UNIT: dict[str, Schema] = {
    "unit_id": TEXT,
    "kind": TEXT,
    "agency": TEXT,
    "status": TEXT,
    "capabilities": _list(TEXT),
    "lat": LATITUDE,
    "lon": LONGITUDE,
}

_AREAS: dict[str, Schema] = {
    "village": _or_null(_ref("Area")),
    "kecamatan": _or_null(_ref("Area")),
}

_HOUR = {**_or_null({"type": "integer", "minimum": 0, "maximum": 167}), "description": "hour of the week, local time, "
         "by which traffic was told; null for no hour in particular"}  # fmt: skip
_DRIVEN: dict[str, Schema] = {
    "profile": {**_or_null(TEXT), "description": "vehicle profile that the time is for"},
    "exemptions": {
        **_or_null(_list({"enum": [one.value for one in Exemption]})),
        "description": "rules of the road that are broken on the way; null where nobody looked",
    },
    "exemptions_text": _or_null(TEXT),
}

SCHEMAS: dict[str, Schema] = {
    "Problem": _record(
        {"type": TEXT, "title": TEXT, "status": WHOLE, "detail": TEXT, "instance": TEXT},
        optional={"offered": _list(_ref("Candidate"), description="the nearest names, where none is sure")},
        text="RFC 9457. `detail` is one sentence: what was wrong, where, and what to do.",
    ),
    "ClosuresInForce": _record(
        {"ids": _list(TEXT), "metric": TEXT, "message": _or_null(TEXT)},
        text="Roads closed when the answer was made: `message` names them, `metric` the times that were asked.",
    ),
    "Times": _record(
        {
            "metrics": _list(
                _record(
                    {
                        "profile": {**TEXT, "description": "vehicle profile with its exemptions"},
                        "hour": _or_null({"type": "integer", "minimum": 0, "maximum": 167}),
                        "closures": {**TEXT, "description": "digest of the closed roads; empty for none"},
                        "speeds": {**TEXT, "description": "version of the learnt speeds; empty for none"},
                    }
                )
            ),
            "pending": {**FLAG, "description": "newer times are being worked out; these are the ones before"},
            "failed": _list(
                TEXT, description="vehicle profiles whose times could not be worked out: older ones answer"
            ),
            "message": _or_null(TEXT),
        },
        text="The times that an answer rests on, one by profile and hour; `message` where they are not as they should "
        "be.",
    ),
    "Location": _record({"lat": LATITUDE, "lon": LONGITUDE}, text="WGS84 degrees."),
    "Area": _record({"code": TEXT, "name": TEXT}, text="A village, kecamatan or kabupaten with its Kemendagri code."),
    "Notice": {**_or_null(TEXT), "description": "What every screen must say, for example that this is a sample map."},
    "Region": _record(
        {
            "name": TEXT,
            "demonstration": FLAG,
            "notice": _ref("Notice"),
            "bounds": _list(NUMBER, minItems=4, maxItems=4, description="south, west, north, east"),
            "center": _list(NUMBER, minItems=2, maxItems=2, description="latitude, longitude"),
            "counts": {"type": "object", "additionalProperties": WHOLE},
            "built_at": {"type": "string", "format": "date-time"},
            "sources": _list({"type": "object"}),
            "unit_kinds": _list(TEXT),
        }
    ),
    "Candidate": _record(
        {
            "village_code": _or_null(TEXT),
            "name": TEXT,
            "kind": TEXT,
            "lat": LATITUDE,
            "lon": LONGITUDE,
            "radius_m": METRES,
            "score": NUMBER,
            "reason": TEXT,
        },
        optional={"kecamatan": _or_null(TEXT), "village": _or_null(TEXT), "place_id": TEXT},
        text="A place that a text may mean.",
    ),
    "Search": _record(
        {"text": TEXT, "notice": _ref("Notice"), "candidates": _list(_ref("Candidate")), "detail": {"type": "object"}},
        optional={"problem": TEXT},
        text="`problem` tells what is wrong with coordinates in the text, where other words of it were found.",
    ),
    "AreaMatch": _record(
        {
            "location": _ref("Location"),
            "status": {"enum": ["inside", "nearest", "outside"]},
            **_AREAS,
            "kabupaten": _or_null(_ref("Area")),
            "border_m": _or_null(METRES),
            "neighbours": _list(_record({"code": TEXT, "name": TEXT, "distance_m": METRES})),
            "towards": _or_null(
                _record({"code": TEXT, "name": TEXT, "distance_m": METRES, "bearing_deg": _or_null(NUMBER)})
            ),
            "message": TEXT,
        },
        optional={"notice": _ref("Notice"), "notes": _list(TEXT)},
        text="The village of a point, its border and the neighbours within 250 m; where only an area is known, that "
        "area and those above it.",
    ),
    "RankedUnit": _record(
        {
            "rank": {"type": "integer", "minimum": 1},
            **_UNIT,
            "eta_s": SECONDS,
            "eta_parts": _or_null(
                _record({f"{part}_s": SECONDS for part in ("turnout", "reach_road", "driving", "last_metres")})
            ),
            "eta_range_s": _or_null(_record(dict.fromkeys(("min", "median", "p90", "max"), SECONDS))),
            "first_share": _or_null(SHARE),
            "unreachable_share": _or_null(SHARE),
            "behind_s": SECONDS,
            "straight_m": METRES,
            "straight_rank": {"type": "integer", "minimum": 1},
            "fix_age_s": _or_null(NUMBER),
            "reason": TEXT,
        },
        optional=_DRIVEN,
        text="For a point `eta_parts` add up to `eta_s`; for an area `eta_range_s` and `first_share` are given.",
    ),
    "ExcludedUnit": _record(
        {
            **_UNIT,
            "why": TEXT,
            "reason": TEXT,
            "eta_s": _or_null(SECONDS),
        },
        optional={"also": _list(TEXT), "straight_m": METRES, "fix_age_s": _or_null(NUMBER)},
    ),
    "Road": _record(
        {
            "status": {"enum": ["connected", "rerouted", "isolated", "off_network"]},
            "message": TEXT,
            "distance_m": _or_null(METRES),
        },
        optional={"connected_m": _or_null(METRES)},
        text="How a location meets the roads.",
    ),
    "Nearest": _record(
        {
            "region": _record({"name": TEXT, "demonstration": FLAG, "notice": _ref("Notice")}),
            "asked": _record(
                {
                    "text": TEXT,
                    "kind": {"enum": ["point", "place", "village"]},
                    "location": _or_null(_ref("Location")),
                    "radius_m": METRES,
                    **_AREAS,
                    "place": _or_null(_ref("Candidate")),
                    "alternatives": _list(_ref("Candidate")),
                    "confirm": FLAG,
                    "notes": _list(TEXT),
                },
                text="The location as understood; `confirm` means that somebody should ask the caller: there are "
                "alternatives, or the name is only similar.",
            ),
            "area": _ref("AreaMatch"),
            "road": _ref("Road"),
            "candidates": _list(_ref("RankedUnit")),
            "excluded": _list(_ref("ExcludedUnit")),
            "shortfalls": _list(TEXT),
            "closures": _ref("ClosuresInForce"),
            "times": _ref("Times"),
        },
        optional={
            "spread": _or_null(
                _record(
                    {
                        "road_m": NUMBER,
                        "unreachable_share": SHARE,
                        "left_out": _list(
                            _record(
                                {"village": _ref("Area"), "distance_m": METRES, "area_share": SHARE, "road_m": METRES},
                                text="A far part of a village, most likely a fault of the boundaries.",
                            )
                        ),
                        "message": TEXT,
                    }
                )
            ),
            "further": WHOLE,
            "excluded_further": WHOLE,
            "hour": _HOUR,
        },
    ),
    "Units": _record(
        {
            "notice": _ref("Notice"),
            "units": _list(_record({**_UNIT, "fix_time": _or_null({"type": "string", "format": "date-time"})})),
            "problems": _list(TEXT),
        }
    ),
    "Feature": _record(
        {
            "type": {"const": "Feature"},
            "geometry": _record({"type": TEXT, "coordinates": {"type": "array"}}),
            "properties": {"type": "object"},
        },
        text="GeoJSON (RFC 7946): longitude before latitude.",
    ),
    "Route": _record(
        {
            "type": {"const": "FeatureCollection"},
            "features": _list(_ref("Feature")),
            "road": _ref("Road"),
            "notice": _ref("Notice"),
            "attribution": _or_null(TEXT),
            "closures": _ref("ClosuresInForce"),
            "times": _ref("Times"),
        },
        optional={
            "notes": _list(TEXT, description="that the caller should confirm the place, where it is not sure"),
            "hour": _HOUR,
            **_DRIVEN,
        },
        text="GeoJSON: the line first, whose `seconds` are those to the road, driving, and the last metres together; "
        "`attribution` names whose data it is, where the licence asks for it.",
    ),
    "Isochrones": _record(
        {
            "type": {"const": "FeatureCollection"},
            "features": _list(_ref("Feature")),
            "origins": _list(_record({"text": TEXT, "lat": LATITUDE, "lon": LONGITUDE, "on_road": FLAG})),
            "profile": {**TEXT, "description": "vehicle profile that the times are for"},
            "hour": _HOUR,
            "closures": _ref("ClosuresInForce"),
            "times": _ref("Times"),
            "notes": _list(TEXT, description="that the caller should confirm the place, where it is not sure"),
            "notice": _ref("Notice"),
            "attribution": _or_null(TEXT),
        },
        text="GeoJSON: one MultiPolygon per time, the longest first, with `limit_s`, `minutes` and `road_length_m` of "
        "road reached; no point of it is farther than `buffer_m` from a road that is reached in time.",
    ),
    "Health": _record(
        {
            "status": {"const": "ok"},
            "travel_times": _record(
                {
                    "engine": {"enum": ["hierarchy", "scipy"]},
                    "pending": FLAG,
                    "failed": _list(_record({"profile": TEXT, "hour": _or_null(WHOLE)})),
                    "message": _or_null(TEXT),
                }
            ),
        }
    ),
}


def _parameter(name: str, text: str, schema: Schema, *, required: bool = False, place: str = "query") -> Schema:
    return {"name": name, "in": place, "required": required, "description": text, "schema": schema}


AT = _parameter("at", "coordinates, a map link, words, or the code of a village or kecamatan", ASKED, required=True)
LANG = _parameter("lang", "language of the sentences", {"enum": ["id", "en"], "default": "id"})

_PROBLEMS: dict[int, str] = {
    400: "A parameter is missing or malformed.",
    404: "What the address names does not exist.",
    405: "Only GET is allowed.",
    422: "The text or location cannot be used.",
    500: "The server failed.",
    503: "The region cannot be used.",
}


def _get(
    summary: str, content: dict[str, Schema], parameters: list[Schema] | None = None, problems: tuple[int, ...] = ()
) -> Schema:
    responses: Schema = {
        "200": {"description": summary, "content": {kind: {"schema": schema} for kind, schema in content.items()}}
    }
    for status in (*problems, 405, 500, 503):
        responses[str(status)] = {
            "description": _PROBLEMS[status],
            "content": {PROBLEM_TYPE: {"schema": _ref("Problem")}},
        }
    return {"get": {"summary": summary, "parameters": parameters or [], "responses": responses}}


JSON = "application/json"
GEOJSON = "application/geo+json"


def _paths() -> Schema:
    most_units = {"type": "integer", "minimum": 1, "maximum": 100}
    most_places = {"type": "integer", "minimum": 1, "maximum": 50, "default": 8}
    return {
        "/api/v1/region": _get("The opened region.", {JSON: _ref("Region")}),
        "/api/v1/search": _get(
            "Places for a text, best first.",
            {JSON: _ref("Search")},
            [
                _parameter("q", "the text", ASKED, required=True),
                _parameter("limit", "at most so many", most_places),
                LANG,
            ],
            (400, 422),
        ),
        "/api/v1/locate": _get("The village of a location.", {JSON: _ref("AreaMatch")}, [AT, LANG], (400, 422)),
        "/api/v1/nearest": _get(
            "Units ranked by exact road travel time.",
            {JSON: _ref("Nearest")},
            [
                AT,
                _parameter("kind", "only units of this kind", TEXT),
                _parameter("k", "at most so many, and a shortfall where there are fewer; default all", most_units),
                _parameter("capability", "only units that have all of these", _list(TEXT)),
                _parameter("most", "tell of so many; `further` counts the others; default all", most_units),
                _parameter(
                    "excluded",
                    "tell of so many units that cannot be sent; `excluded_further` counts the others; default all",
                    {"type": "integer", "minimum": 0, "maximum": 1000},
                ),
                LANG,
            ],
            (400, 422),
        ),
        "/api/v1/route": _get(
            "The route of a unit to a location, street by street.",
            {GEOJSON: _ref("Route"), "application/gpx+xml": TEXT},
            [
                _parameter("unit", "id of the unit", ASKED, required=True),
                AT,
                LANG,
                _parameter("format", "form of the answer", {"enum": ["geojson", "gpx"], "default": "geojson"}),
            ],
            (400, 404, 422),
        ),
        "/api/v1/isochrone": _get(
            "How far one gets by road within some minutes, from places and units together.",
            {GEOJSON: _ref("Isochrones")},
            [
                _parameter("at", "coordinates, a map link, words, or an area code to start from", _list(TEXT)),
                _parameter("unit", "ids of units that start where they are", _list(TEXT)),
                _parameter("minutes", "times separated by commas; default 5,8,10,15", TEXT),
                LANG,
            ],
            (400, 404, 422),
        ),
        "/api/v1/areas/{code}": _get(
            "The outline of a village, kecamatan or kabupaten.",
            {GEOJSON: _ref("Feature")},
            [_parameter("code", "Kemendagri code, with dots", TEXT, required=True, place="path")],
            (404,),
        ),
        "/api/v1/units": _get("All units with status and position.", {JSON: _ref("Units")}),
        "/api/v1/openapi.json": _get("This description.", {JSON: {"type": "object"}}),
        "/api/v1/health": _get(
            "Whether the server answers, and by which travel times.", {JSON: _ref("Health")}, [LANG], (400,)
        ),
    }


@cache
def openapi_document(*, centre: bool = False, positions: bool = False) -> Schema:
    """The whole description of what is served: the map, and with it a centre and the taking of positions."""
    paths, schemas = _paths(), dict(SCHEMAS)
    components: Schema = {"schemas": schemas}
    if centre:
        for methods in paths.values():
            for one in methods.values():
                one["responses"]["403"] = problem_response(403)
        paths |= {path: methods | paths.get(path, {}) for path, methods in centre_paths().items()}
        paths |= webhook_paths()
        paths |= export_paths()
        for path, methods in closure_paths().items():
            paths.setdefault(path, {}).update(methods)
        schemas |= centre_schemas(SCHEMAS)
    if positions:
        paths |= position_paths()
        components["securitySchemes"] = POSITION_SECURITY
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Siaga112",
            "version": version("siaga112"),
            "summary": "From a caller's words to the unit that arrives first.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": components,
    }


def described(app: Flask) -> Schema:
    """The description of an application: exactly its routes, each with the right that it needs."""
    document = copy.deepcopy(openapi_document(centre=CENTRE in app.extensions, positions=EXTENSION in app.extensions))
    for rule in app.url_map.iter_rules():
        methods = document["paths"].get(rule.rule.replace("<", "{").replace(">", "}"), {})
        for method in (rule.methods or set()) & {one.upper() for one in methods}:
            needed = needed_by(app.view_functions[rule.endpoint])
            methods[method.lower()]["x-siaga112-needs"] = None if needed is None else needed.value
    return document
