"""The part of the OpenAPI description that tells what leaves the centre."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from dispatch.commands import IssueAlert
from dispatch.exports_common import PrivacyLevel
from web.api_exports import CSV, DRAFT_SCOPES, GEOJSON, MONTH_PATTERN, TOML, XML
from web.openapi_centre import (
    JSON,
    KEY_HEADER,
    LANG,
    PREFIX,
    SINCE,
    UNTIL,
    answer_schema,
    operation,
    parameter,
    path_parameters,
)
from web.openapi_schemas import Schema, sent_schema

_TEXT: Schema = {"type": "string"}
_COLLECTION: Final[Schema] = {
    "type": "object",
    "required": ["type", "privacy", "suppressed", "features"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "privacy": {"enum": [one.value for one in PrivacyLevel]},
        "suppressed": {"type": "boolean", "description": "whether something was too rare to be shown"},
        "features": {"type": "array", "items": {"type": "object"}},
        "notice": _TEXT,
    },
    "description": "GeoJSON (RFC 7946). The geometry is null where nothing may or can be shown.",
}
_EIDO: Final[Schema] = {
    "type": "object",
    "required": ["incidentComponent", "siaga112"],
    "properties": {"incidentComponent": {"type": "object"}, "siaga112": {"type": "object"}},
    "description": "EIDO-style, not certified; `siaga112.unmapped` names what has no word of the registries.",
}
_LEVEL = parameter(
    "level",
    "who may read it: `public` shows villages and hours of what is frequent enough, `agency` points, times and units, "
    "`internal` also what an incident refers to; none shows what callers said",
    {"type": "string", "enum": [one.value for one in PrivacyLevel], "default": PrivacyLevel.PUBLIC.value},
)
_SCOPE = parameter(
    "scope", "who would read it", {"type": "string", "enum": list(DRAFT_SCOPES), "default": DRAFT_SCOPES[0]}
)
_MONTH = parameter("month", "local month, such as 2026-01", {"type": "string", "pattern": MONTH_PATTERN}, required=True)
_FILE: Schema = {"Content-Disposition": {"description": "A name for the file.", "schema": _TEXT}}


def export_paths() -> Schema:
    """The endpoints of exports, for `paths`."""
    alerts = "/incidents/{incident_id}/alerts"
    rows = [_LEVEL, SINCE, UNTIL, LANG]
    described = (
        _file("/incidents/{incident_id}/cap", "getCapDraft",
              "The CAP 1.2 message that a first alert would be now, as a draft; nothing is sent or kept.",
              XML, _TEXT, [_SCOPE], (400, 422)),
        _file("/alerts/{alert_id}", "getAlert", "A CAP 1.2 message as it was sent.", XML, _TEXT),
        _file("/incidents/{incident_id}/eido", "getEido", "An incident as EIDO-style JSON.", JSON, _EIDO, [LANG],
              (400,)),
        _file("/exports/incidents.csv", "getIncidentsCsv", "Incidents as CSV, in UTF-8 with a byte order mark.",
              CSV, _TEXT, rows, (400, 422)),
        _file("/exports/incidents.geojson", "getIncidentsGeojson", "Incidents as GeoJSON.", GEOJSON, _COLLECTION,
              rows, (400, 422)),
        _file("/exports/mapping.toml", "getMapping", "The default columns of the monthly report.", TOML, _TEXT),
        _file("/reports/monthly.csv", "getMonthly", "The monthly report with the default columns.", CSV, _TEXT,
              [_MONTH], (400, 422)),
    )  # fmt: skip
    issue = operation(
        "Issue a CAP 1.2 message: it is logged, kept, and given back to be sent on.",
        answer_schema("alerts", {"cap": {**_TEXT, "description": "the message, XML"}}),
        parameters=[*path_parameters(alerts), KEY_HEADER],
        body=sent_schema(IssueAlert, without=("incident_id",)),
        problems=(404, 409),
        status=HTTPStatus.CREATED,
        links={
            "getAlert": {"operationId": "getAlert", "parameters": {"alert_id": "$response.body#/alerts/0/alert_id"}}
        },
    )
    paths: dict[str, Any] = {path: methods for one in described for path, methods in one.items()}
    return paths | {f"{PREFIX}{alerts}": {"post": {"operationId": "IssueAlert", **issue}}}


def _file(
    path: str,
    name: str,
    summary: str,
    content_type: str,
    schema: Schema,
    parameters: Iterable[Schema] = (),
    problems: Iterable[int] = (),
) -> Schema:
    """An operation that answers with a file."""
    in_path = path_parameters(path)
    described = operation(
        summary,
        schema,
        parameters=[*in_path, *parameters],
        problems=(*problems, *((404,) if in_path else ())),
        headers=_FILE,
    )
    described["responses"]["200"]["content"] = {content_type: {"schema": schema}}
    return {f"{PREFIX}{path}": {"get": {"operationId": name, **described}}}
