"""The part of the OpenAPI description that tells devices how to send positions."""

from __future__ import annotations

from typing import Any

from web.position_formats import MAX_BATCH
from web.problems import PROBLEM_TYPE

Schema = dict[str, Any]

POSITION_SECURITY: Schema = {
    "deviceBearer": {"type": "http", "scheme": "bearer", "description": "The token of a device."},
    "deviceBasic": {"type": "http", "scheme": "basic", "description": "Any user name; the token as password."},
}
"""For `components.securitySchemes`."""

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_COORDINATES: Schema = {
    "lat": {"type": "number", "minimum": -90, "maximum": 90},
    "lon": {"type": "number", "minimum": -180, "maximum": 180},
}
_TIME: Schema = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}],
    "description": "ISO, or seconds or milliseconds since 1970",
}
_FLAGS = ["clock_ahead", "late", "jump", "poor", "invalid", "mock"]
_POSITION: Schema = {
    "type": "object",
    "required": ["time", "lat", "lon"],
    "additionalProperties": False,
    "properties": {
        "time": _TIME,
        **_COORDINATES,
        "accuracy_m": _NUMBER,
        "speed_kph": _NUMBER,
        "heading": _NUMBER,
        "battery": {"type": "number", "description": "percent"},
    },
}
_STORED: Schema = {
    "type": "object",
    "required": ["stored", "repeated", "flagged"],
    "properties": {
        "stored": {"type": "integer", "minimum": 0},
        "repeated": {"type": "integer", "minimum": 0},
        "flagged": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["time", "flags"],
                "properties": {
                    "time": {"type": "string", "format": "date-time"},
                    "flags": {"type": "array", "items": {"enum": _FLAGS}},
                },
            },
        },
    },
}
_OSMAND_QUERY: dict[str, tuple[Schema, str]] = {
    "id": (_TEXT, "token of the device; also deviceid"),
    "timestamp": (_TEXT, "seconds or milliseconds since 1970, or ISO; without it, now"),
    "lat": (_TEXT, "degrees"),
    "lon": (_TEXT, "degrees"),
    "location": (_TEXT, "latitude,longitude in place of lat and lon"),
    "speed": (_TEXT, "knots"),
    "bearing": (_TEXT, "degrees; also heading"),
    "accuracy": (_TEXT, "metres"),
    "hdop": (_TEXT, "dilution of precision, where there is no accuracy"),
    "batt": (_TEXT, "percent"),
    "valid": (_TEXT, "false or 0 where the device holds the position for wrong"),
}


_BATCH: Schema = {
    "type": "object",
    "required": ["positions"],
    "properties": {"positions": {"type": "array", "minItems": 1, "maxItems": MAX_BATCH, "items": _POSITION}},
}
_COUNTED: Schema = {
    "type": "object",
    "required": ["stored", "repeated"],
    "properties": {"stored": {"type": "integer"}, "repeated": {"type": "integer"}},
}


def position_paths() -> Schema:
    """The endpoints of positions, for `paths`."""
    osmand = {
        "security": [{}, *_security()],
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": schema, "description": text}
            for name, (schema, text) in _OSMAND_QUERY.items()
        ],
        "responses": _responses({"description": "Stored.", "content": {"text/plain": {"schema": _TEXT}}}),
    }
    message: Schema = {"type": "object"}
    return {
        "/api/v1/positions": {
            "post": {
                "summary": f"Up to {MAX_BATCH} positions of one device; all are stored or none.",
                "security": _security(),
                "requestBody": _body(_BATCH),
                "responses": _responses(
                    {"description": "What became of them.", "content": {"application/json": {"schema": _STORED}}}
                ),
            }
        },
        "/api/v1/positions/crew": {
            "post": {
                "summary": "Positions of the phone on which a crew is signed in; refused (409) while it is off duty.",
                "parameters": [
                    {
                        "name": "unit",
                        "in": "query",
                        "required": False,
                        "schema": _TEXT,
                        "description": "the unit, where the account is not bound to one",
                    }
                ],
                "requestBody": _body(_BATCH),
                "responses": _responses(
                    {"description": "What became of them.", "content": {"application/json": {"schema": _COUNTED}}}
                )
                | {
                    "403": _problem("This is for crews."),
                    "404": _problem("There is no such unit, or it is another's."),
                    "409": _problem("The unit is off duty."),
                },
            }
        },
        "/api/v1/positions/osmand": {
            "get": {"summary": "A position by the OsmAnd protocol.", **osmand},
            "post": {
                "summary": "The same, also as a form or as Traccar Client's JSON.",
                **osmand,
                "requestBody": {
                    "required": False,
                    "content": {
                        "application/json": {"schema": message},
                        "application/x-www-form-urlencoded": {"schema": message},
                    },
                },
            },
        },
        "/api/v1/positions/owntracks": {
            "post": {
                "summary": "A message of OwnTracks in HTTP mode; only locations are kept.",
                "security": [{}, *_security()],
                "requestBody": {**_body(message), "required": False},
                "responses": _responses(
                    {
                        "description": "Acknowledged; there is nothing to tell the phone.",
                        "content": {"application/json": {"schema": {"type": "array", "maxItems": 0}}},
                    }
                ),
            }
        },
    }


def _security() -> list[Schema]:
    return [{name: []} for name in POSITION_SECURITY]


def _body(schema: Schema) -> Schema:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _responses(good: Schema) -> Schema:
    told = {
        "401": "No device has this token, or it was revoked.",
        "413": "The body is too large.",
        "422": "A position or the message cannot be used.",
        "503": "Not taken now; see Retry-After.",
    }
    return {"200": good, **{status: _problem(text) for status, text in told.items()}}


def _problem(text: str) -> Schema:
    return {"description": text, "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
