"""The part of the OpenAPI description that tells of closed roads."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from web.closing import NewClosure
from web.openapi_centre import (
    ETAG_HEADER,
    KEY_HEADER,
    LANG,
    PREFIX,
    answer_schema,
    operation,
    parameter,
    path_parameters,
)
from web.openapi_schemas import Schema, reference, sent_schema

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number"}
_FLAG: Schema = {"type": "boolean"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_NOTICE: Schema = {"notice": reference("Notice")}


def _record(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


_LISTED: Final = _record(
    {
        "items": _list(reference("Closure")),
        "in_force": _list(_TEXT, description="ids of those whose roads are closed now"),
        "lost": _list(_TEXT, description="ids of those of which some roads are nowhere on this map"),
        "message": _or_null(_TEXT),
        "cut_off": _or_null(reference("CutOff")),
        "cut_off_message": _or_null(_TEXT),
        "changes_at": {**_or_null(_TIME), "description": "when the next closure begins or ends by itself"},
        "seq": {**_WHOLE, "description": "of the last event, to follow the log from"},
        **_NOTICE,
    }
)
_POSITION: Final = _list(_NUMBER, minItems=2, maxItems=2)
_MAP: Final = _record(
    {
        "type": {"const": "FeatureCollection"},
        "features": _list(
            _record(
                {
                    "type": {"const": "Feature"},
                    "id": _TEXT,
                    "properties": _record(
                        {
                            "closure_id": _TEXT,
                            "reason": _TEXT,
                            "reason_name": _TEXT,
                            "name": _TEXT,
                            "streets": _list(_TEXT),
                            "starts_at": _TIME,
                            "ends_at": _or_null(_TIME),
                            "author": _TEXT,
                            "in_force": _FLAG,
                            "area": {**_or_null(_list(_POSITION)), "description": "the polygon drawn, lon before lat"},
                        }
                    ),
                    "geometry": _record({"type": {"const": "MultiLineString"}, "coordinates": _list(_list(_POSITION))}),
                }
            )
        ),
        **_NOTICE,
    }
)
_PREVIEW: Final = _record(
    {
        "edges": _list(_WHOLE),
        "edge_count": _WHOLE,
        "length_m": _NUMBER,
        "streets": _list(_TEXT),
        "villages": _list(reference("VillageCutOff")),
        "people": _WHOLE,
        "message": _TEXT,
        "cut_off_message": _or_null(_TEXT),
        "lines": _list(_list(_POSITION), description="latitude before longitude"),
        **_NOTICE,
    }
)
_NEW: Final = {"closure_id": "$response.body#/closures/0/closure_id"}


def closure_paths() -> Schema:
    """The endpoints of closed roads, for `paths`."""
    one = "/closures/{closure_id}"
    body = sent_schema(NewClosure)
    paths: Schema = {
        "/closures": {
            "get": {
                "operationId": "getClosures",
                **operation(
                    "Closures in force and still to come; and who is cut off.",
                    _LISTED,
                    parameters=[parameter("all", "those that are over too", {**_FLAG, "default": False}), LANG],
                    problems=(400,),
                ),
            },
            "post": {
                "operationId": "CloseRoad",
                **operation(
                    "Close roads, by edge, street, polygon, or point and radius.",
                    answer_schema(
                        "closures",
                        {"cut_off": _or_null(reference("CutOff")), "cut_off_message": _or_null(_TEXT)},
                    ),
                    parameters=[KEY_HEADER, LANG],
                    body=body,
                    problems=(404, 409),
                    status=HTTPStatus.CREATED,
                    headers=ETAG_HEADER,
                    links={
                        name: {"operationId": name, "parameters": _NEW}
                        for name in ("getClosure", "ReopenRoad", "ChangeClosure", "getClosureTexts")
                    },
                ),
            },
        },
        "/closure-preview": {
            "post": {
                "operationId": "previewClosure",
                **operation(
                    "What a closure would close and whom it would cut off; nothing is changed.",
                    _PREVIEW,
                    parameters=[LANG],
                    body=body,
                    problems=(404, 409),
                ),
            }
        },
        "/closure-map": {
            "get": {
                "operationId": "getClosuresMap",
                **operation(
                    "The roads of the closures, as GeoJSON.",
                    _MAP,
                    parameters=[LANG],
                    problems=(400,),
                    kind="application/geo+json",
                ),
            }
        },
        one: {
            "get": {
                "operationId": "getClosure",
                **operation(
                    "One closure.",
                    _record({"closure": reference("Closure"), "in_force": _FLAG, **_NOTICE}),
                    parameters=path_parameters(one),
                    problems=(404,),
                    headers=ETAG_HEADER,
                ),
            }
        },
        f"{one}/texts": {
            "get": {
                "operationId": "getClosureTexts",
                **operation(
                    "What was written about a closure: personal data.",
                    _record({"texts": _list(reference("PersonalText")), **_NOTICE}),
                    parameters=path_parameters(f"{one}/texts"),
                    problems=(404,),
                ),
            }
        },
    }
    return {f"{PREFIX}{path}": methods for path, methods in paths.items()}
