"""The part of the OpenAPI description that tells of a centre: its commands, lists, recommendations and events."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from dispatch.commands import CODE_PATTERN, ID_PATTERN, LINE_PATTERN, MAX_ID, TIME_PATTERN, EraseTexts
from dispatch.incidents import MAX_RADIUS_M, CallType, IncidentStatus
from web.api_centre import DEFAULT_PAGE, MAX_PAGE, MAX_PARAMETER, MAX_SEQ, Unmasking
from web.api_commands import KEY_PATTERN, MAX_KEY, ROUTES, CommandRoute
from web.api_me import Settings
from web.api_speeds import SpeedsReport
from web.openapi_schemas import PLURALS, Schema, answered_schemas, new_device_schema, reference, sent_schema
from web.problems import PROBLEM_TYPE

JSON: Final = "application/json"
PREFIX: Final = "/api/v1"

_TEXT: Schema = {"type": "string"}
_DETAILS: Schema = {"type": "object", "description": "the same for a screen: every unit and reason with its sentence"}
_BY_LANGUAGE: Schema = {"type": "object", "description": "a text by language: `id` and `en`"}
_WHOLE: Schema = {"type": "integer"}
_FLAG: Schema = {"type": "boolean"}
_PLAIN: Schema = {"type": "string", "maxLength": MAX_PARAMETER, "pattern": LINE_PATTERN}
_CODE: Schema = {"type": "string", "pattern": CODE_PATTERN}
_TIME: Schema = {"type": "string", "format": "date-time", "pattern": TIME_PATTERN}
_ID: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_ID, "pattern": ID_PATTERN}
_SEQ: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_SEQ}

_NOTICE: Schema = {"notice": reference("Notice")}

_PROBLEMS: Final[dict[int, str]] = {
    400: "A parameter, a header or the JSON cannot be read.",
    401: "The sender has shown nothing that says who it is.",
    403: "The sender does not have the right that `x-siaga112-needs` names.",
    404: "What the address or the body names does not exist.",
    405: "Another method is asked for at this address; see the header Allow.",
    409: "It cannot be done as things stand; the sentence says why. Where a unit is taken: `unit`, `incident`, `by`, "
    "`taken_at`, and `next_best`, the units to send in its place.",
    412: "Somebody changed it meanwhile: `expected` is the version sent, `version` the one it has.",
    413: "The body is larger than 1,000,000 bytes.",
    415: "The body is not JSON.",
    422: "The body is not of the form described here, or names what the directory does not know, or a time in the "
    "future; or the idempotency key came with another request before.",
    500: "The server failed.",
    503: "The database cannot be used, or too many follow the event log; nothing was changed.",
}


def parameter(name: str, text: str, schema: Schema, *, place: str = "query", required: bool = False) -> Schema:
    """A parameter."""
    return {"name": name, "in": place, "required": required, "description": text, "schema": schema}


KEY_HEADER = parameter(
    "Idempotency-Key",
    "makes the request safe to repeat: the same key with the same request gives the first answer again",
    {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": KEY_PATTERN},
    place="header",
)
_IF_MATCH = parameter(
    "If-Match",
    "the ETag that was read, or `*`: refuses the change (412) where somebody was quicker; as `expected_version` does",
    _TEXT,
    place="header",
)
_ACTOR = parameter(
    "Siaga112-Actor",
    "name that the event log keeps: 1 to 64 printable characters, else `desk`; where accounts are in force, the login",
    _TEXT,
    place="header",
)
_AFTER = parameter("after", "sequence number; only what follows", {**_SEQ, "default": 0})
_CURSOR = parameter("cursor", "`next` of the page before", _PLAIN)
_LIMIT = parameter(
    "limit", "at most so many", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE}
)
SINCE = parameter("since", "received at this time or later", _TIME)
UNTIL = parameter("until", "received before this time", _TIME)
LANG = parameter("lang", "language of the sentences", {"enum": ["id", "en"], "default": "id"})
_CATEGORY = parameter("category", "id of a category", _PLAIN)
ETAG_HEADER: Schema = {"ETag": {"description": "Version of the record, for If-Match.", "schema": _TEXT}}


def _record(properties: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    return {"type": "object", "required": list(properties), "properties": {**properties, **(optional or {})}}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _noticed(schema: Schema) -> Schema:
    return {"allOf": [schema, _record(_NOTICE)]}


def _page(items: Schema) -> Schema:
    return _record({"items": _list(items), "next": _or_null({**_TEXT, "description": "cursor"}), **_NOTICE})


def answer_schema(shows: str | None = None, more: dict[str, Schema] | None = None) -> Schema:
    """The answer to a command: the records that it is about, by kind; `shows` names the one that is always there."""
    lists = {name: _list(reference(kind.__name__)) for name, kind in PLURALS.items()}
    always = {} if shows is None else {shows: {**lists.pop(shows), "minItems": 1}}
    return _record({"seq": {**_SEQ, "description": "of the last event"}, **always, **(more or {}), **_NOTICE}, lists)


def problem_response(status: int) -> Schema:
    """A problem, as an answer."""
    return {"description": _PROBLEMS[status], "content": {PROBLEM_TYPE: {"schema": reference("Problem")}}}


def operation(
    summary: str,
    good: Schema,
    *,
    parameters: Iterable[Schema] = (),
    body: Schema | None = None,
    problems: Iterable[int] = (),
    status: int = 200,
    headers: Schema | None = None,
    more_content: Schema | None = None,
    links: Schema | None = None,
    kind: str = JSON,
) -> Schema:
    """An operation of a centre: what all have in common is added."""
    content = {kind: {"schema": good}, **(more_content or {})}
    responses: Schema = {str(status): {"description": summary, "content": content}}
    for name, value in (("headers", headers), ("links", links)):
        if value:
            responses[str(status)][name] = value
    for one in sorted({403, 405, 500, 503, *problems, *({400, 413, 415, 422} if body is not None else ())}):
        responses[str(one)] = problem_response(one)
    described: Schema = {"summary": summary, "parameters": [*parameters, _ACTOR], "responses": responses}
    if body is not None:
        described["requestBody"] = {"required": bool(body.get("required")), "content": {JSON: {"schema": body}}}
    return described


def path_parameters(path: str) -> list[Schema]:
    """The parameters in a path: ids."""
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [
        parameter(name, f"id of the {name.removesuffix('_id')}", _ID, place="path", required=True) for name in names
    ]


def _command(route: CommandRoute) -> Schema:
    path = route.path.replace("<", "{").replace(">", "}")
    links = _links(route)
    return operation(
        route.summary,
        answer_schema(route.shows),
        parameters=[*path_parameters(path), KEY_HEADER, *([_IF_MATCH] if route.is_versioned else [])],
        body=sent_schema(route.command, without=route.path_fields),
        problems=(404, 409, *((412,) if route.is_versioned else ())),
        status=route.status,
        headers=ETAG_HEADER if route.shows else None,
        links=links,
    ) | {"operationId": route.command.__name__}


_LINKED: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "TakeCall": ("calls", "call_id", ("getCall", "TypeCall", "DescribeCall", "EndCall", "getCallTexts")),
    "OpenIncident": (
        "incidents",
        "incident_id",
        ("getIncident", "LocateIncident", "AddNote", "EditIncident", "AnswerQuestions", "getStory", "getIncidentTexts",
         "recommend", "AssignUnits", "AskVerification", "CloseIncident", "CancelIncident", "getBorder", "IssueAlert"),
    ),
    "AskVerification": ("verifications", "verification_id", ("AnswerVerification",)),
    "AskHandover": ("handovers", "handover_id", ("ReceiveHandover",)),
    "AssignUnits": ("assignments", "assignment_id", ("CorrectMilestone",)),
    "RegisterUnit": ("units", "unit/unit_id", ("getUnit", "EditUnit", "ReportStatus", "getPositions")),
}  # fmt: skip
"""What a new record is good for: kind, pointer to its id, and the operations that take the id."""


def _links(route: CommandRoute) -> Schema:
    plural, pointer, operations = _LINKED.get(route.command.__name__, ("", "", ()))
    name = pointer.rpartition("/")[2]
    return {
        one: {"operationId": one, "parameters": {name: f"$response.body#/{plural}/0/{pointer}"}} for one in operations
    }


def _texts() -> Schema:
    return _record({"texts": _list(reference("PersonalText")), **_NOTICE})


def _get(path: str, name: str, summary: str, good: Schema, parameters: Iterable[Schema] = (), **more: Any) -> Schema:
    in_path = path_parameters(path)
    given = list(parameters)
    problems = {*([404] if in_path else []), *([400] if given else []), *more.pop("problems", ())}
    described = operation(summary, good, parameters=[*in_path, *given], problems=problems, **more)
    return {path: {"get": {"operationId": name, **described}}}


def _reads() -> Schema:
    incidents, calls, events = reference("Incident"), reference("Call"), _list(reference("Event"))
    statuses = {"type": "array", "items": {"type": "string", "enum": [one.value for one in IncidentStatus]}}
    number: Schema = {"type": "number"}
    stream: Schema = {
        "text/event-stream": {
            "schema": {
                **_TEXT,
                "description": "for `Accept: text/event-stream`: every event once, in order; `id` is its `seq`, "
                "`event` its type, `data` the Event. With `positions` also events of the type `positions` without an "
                "id: `now` and `units`, of each its id, latitude, longitude and the time of the fix. Goes on until one "
                "side ends it.",
            }
        }
    }
    device = _record({"device": _TEXT, "label": _TEXT, "created_at": _TIME_OUT, "revoked_at": _or_null(_TIME_OUT)})
    paths = (
        _get("/wall", "getWall", "What a screen on the wall shows: numbers and points, no personal data.",
             _WALL, [LANG]),
        _get("/board", "getBoard", "Open incidents and the fleet as they stand, or what changed since an event.",
             _board(), [parameter("after", "`seq` of the board that is there: only what changed since", _SEQ)]),
        _get("/incidents", "getIncidents", "Incidents, the newest first.", _page(incidents), [
            parameter("open", "only those in which somebody still has to do something", {**_FLAG, "default": False}),
            parameter("status", "of any of these", statuses),
            _CATEGORY,
            parameter("area", "code of a village, or of what it lies in", _PLAIN),
            SINCE, UNTIL, _LIMIT, _CURSOR,
        ], problems=(422,)),
        _get("/incidents/{incident_id}", "getIncident", "One incident with all that belongs to it.", _record({
            "incident": incidents,
            "calls": _list(calls),
            "assignments": _list(reference("Assignment")),
            "recommendations": _list(reference("RecommendationRef")),
            "verifications": _list(reference("Verification")),
            "handovers": _list(reference("Handover")),
            "alerts": _list(reference("Alert")),
            "timers": _list(reference("Timer")),
            **_NOTICE,
        }), headers=ETAG_HEADER),
        _get("/incidents/{incident_id}/story", "getStory", "Everything that happened to an incident, in order.",
             _record({"events": events, "next": _or_null(_SEQ), **_NOTICE}),
             [_AFTER, {**_LIMIT, "schema": {**_LIMIT["schema"], "default": MAX_PAGE}}]),
        _get("/incidents/{incident_id}/texts", "getIncidentTexts", "What callers said, and notes: personal data.",
             _texts()),
        _get("/incidents/{incident_id}/border", "getBorder", "Neighbouring centres that an incident may concern.",
             _noticed(reference("BorderHelp"))),
        _get("/speeds", "getSpeeds", "The learnt speeds in force, and the report of them.", _record({
            "in_force": _or_null(_record(dict.fromkeys(("digest", "reason", "adopted_at", "adopted_by"), _TEXT))),
            "report": _or_null({"type": "object"}),
            **_NOTICE,
        }), headers=ETAG_HEADER),
        _get("/duplicates", "getDuplicates", "Open incidents that a call may belong to.",
             _record({"candidates": _list(reference("DuplicateCandidate")), **_NOTICE}), [
            parameter("lat", "degrees; with `lon`", {**number, "minimum": -90, "maximum": 90}),
            parameter("lon", "degrees; with `lat`", {**number, "minimum": -180, "maximum": 180}),
            parameter("radius_m", "of the point, metres", {**number, "minimum": 0, "maximum": MAX_RADIUS_M}),
            parameter("village_code", "where there is no point", _CODE),
            parameter("kecamatan_code", "where only the kecamatan is known", _CODE),
            _CATEGORY,
            parameter("received_at", "time of the call; without it, now", _TIME),
            parameter("exercise", "true: among drills, and only there", {**_FLAG, "default": False}),
        ], problems=(422,)),
        _get("/calls", "getCalls", "Calls, the newest first.", _page(calls), [
            parameter("type", "only of this type", {"type": "string", "enum": [one.value for one in CallType]}),
            parameter("incident_id", "only of this incident", _PLAIN),
            SINCE, UNTIL, _LIMIT, _CURSOR,
        ], problems=(422,)),
        _get("/calls/{call_id}", "getCall", "One call, with what is known of its number.",
             _record({"call": calls, "ghost": reference("GhostScore"), **_NOTICE}), headers=ETAG_HEADER),
        _get("/calls/{call_id}/texts", "getCallTexts", "What a caller said of himself: personal data.", _texts()),
        _get("/recommendations/{recommendation_id}", "getRecommendation",
             "A recommendation as it was made, with its inputs, and whether they still give it.", _record({
            "recommendation_id": _TEXT,
            "recommendation": reference("Recommendation"),
            "inputs": reference("RecommendationInputs"),
            "computed_again": _FLAG,
            **_NOTICE,
        })),
        _get("/joint", "getJoint", "All waiting incidents at once, beside first come, first served.",
             _noticed(reference("JointAssignment")), problems=(422,)),
        _get("/recommendations/{recommendation_id}/text", "getRecommendationText", "A recommendation in words.",
             _record({"text": _TEXT, "details": _DETAILS, **_NOTICE}), [LANG]),
        _get("/recommendations/{recommendation_id}/why", "getWhy", "Why a unit is sent, or is not.", _record({
            "unit_id": _TEXT, "why": _TEXT, "text": _TEXT, "requirement": _or_null(_WHOLE), "rank": _or_null(_WHOLE),
            "expected_s": _or_null(number), "free_in_s": _or_null(number), "before": _list(_TEXT),
            "other": _or_null(_TEXT), "difference_s": _or_null(number), "exclusion": _or_null(_TEXT),
            "also": _list(_TEXT), **_NOTICE,
        }), [parameter("unit", "id of the unit", _ID, required=True), LANG]),
        _get("/joint/text", "getJointText", "All waiting incidents at once, in words.",
             _record({"text": _TEXT, "details": _DETAILS, **_NOTICE}), [LANG], problems=(422,)),
        _get("/timers", "getTimers", "What all open incidents wait for, the soonest first.",
             _record({"timers": _list(reference("Timer")), **_NOTICE})),
        _get("/incidents/{incident_id}/inquiries", "getInquiries",
             "Whom to ask about an incident, who was asked, what they said, and how long it took.", _record({
            "officials": _list(reference("VillageOfficial")),
            "summary": _record({"advice": _TEXT, "asked": _WHOLE, "answered": _WHOLE, "quickest_s": _or_null(number)}),
            "verifications": _list(_record({
                "verification": reference("Verification"), "standing": _TEXT, "took_s": _or_null(number)})),
            "handovers": _list(_record({
                "handover": reference("Handover"), "standing": _TEXT, "took_s": _or_null(number)})),
            **_NOTICE,
        })),
        _get("/units/{unit_id}", "getUnit", "One unit: what it is, where it is, what binds it.", _record({
            "unit": reference("UnitState"),
            "assignment": _or_null(reference("Assignment")),
            "devices": _list(device),
            **_NOTICE,
        }), headers=ETAG_HEADER),
        _get("/units/{unit_id}/positions", "getPositions", "Where a unit was, newest first.",
             _record({"items": _list(reference("Fix")), **_NOTICE}), [SINCE, UNTIL, _LIMIT]),
        _get("/intake", "getIntake", "What a form for taking calls is made of: letters, questions, dispositions.",
             _record({
            "categories": _list(_record({
                "id": _TEXT, "name": _BY_LANGUAGE, "letter": _or_null(_TEXT), "severity": _TEXT})),
            "severities": _list(_TEXT),
            "questions": {"type": "object", "description": "by id, each with its text and answers by language"},
            "plans": _list(_record({
                "category": _TEXT, "severity": _TEXT, "alarms": _WHOLE, "questions": _list(_TEXT)})),
            "dispositions": _list(_record({"id": _TEXT, "name": _BY_LANGUAGE})),
            **_NOTICE})),
        _get("/directory", "getDirectory", "Agencies, stations, run cards, dispositions, neighbours.",
             _noticed(reference("Directory"))),
        _get("/audit", "getAudit", "Whether the event log is whole.", _noticed(reference("AuditReport"))),
        _get("/events", "getEvents", "Events after a sequence number: a page, or a stream that goes on.",
             _record({"events": events, "next": _SEQ, **_NOTICE}), [
            _AFTER, _LIMIT,
            parameter("positions", "of a stream: also where units are", {**_FLAG, "default": False}),
            parameter("Last-Event-ID", "of the last event that was read; before `after`", _SEQ, place="header"),
        ], more_content=stream),
    )  # fmt: skip
    return {path: methods for one in paths for path, methods in one.items()}


_TIME_OUT: Schema = {"type": "string", "format": "date-time"}


_WALL: Final[Schema] = {
    "type": "object",
    "required": ["seq", "now", "open", "severities", "categories", "unsent", "closures", "timers", "agencies",
                 "incidents", "units", "version"],
    "properties": {
        "seq": {"type": "integer"}, "now": {"type": "string", "format": "date-time"}, "open": {"type": "integer"},
        "severities": {"type": "object", "additionalProperties": {"type": "integer"}},
        "unsent": {"type": "integer", "description": "open incidents to which no unit was sent"},
        "closures": {"type": "integer", "description": "closures of roads in force"},
        "version": {"type": "string", "description": "of the page; another one asks to be loaded again"},
        **{name: {"type": "array", "items": {"type": "object"}}
           for name in ("categories", "timers", "agencies", "incidents", "units")},
        **_NOTICE,
    },
}  # fmt: skip


def _board() -> Schema:
    maybe = _or_null(_TEXT)
    number: Schema = {"type": "number"}
    point = _or_null(_record({"lat": number, "lon": number}))
    area = _or_null(_record({"code": _TEXT, "name": _TEXT}))
    timer = _record({
        "key": _TEXT, "kind": _TEXT, "unit_id": maybe, "started_at": _TIME_OUT, "due_at": _TIME_OUT, "within_s": number,
    })  # fmt: skip
    incident = _record({
        "incident_id": _TEXT, "category": _TEXT, "severity": _TEXT, "status": _TEXT, "received_at": _TIME_OUT,
        "status_at": _TIME_OUT, "alarm_level": _WHOLE, "exercise": _FLAG, "handed_to": maybe, "version": _WHOLE,
        "place": _record({"kind": _TEXT, "location": point, "radius_m": _or_null(number), "label": _TEXT,
                          "village": area, "kecamatan": area}),
        "timers": _list(timer), "units": _list(_TEXT), "sent": _WHOLE,
    })  # fmt: skip
    unit = _record({
        "unit_id": _TEXT, "kind": _TEXT, "agency": _TEXT, "station": maybe, "status": _TEXT, "status_at": _TIME_OUT,
        "free_at": _or_null(_TIME_OUT), "on_duty": _FLAG, "capabilities": _list(_TEXT), "lat": number, "lon": number,
        "fix_time": _or_null(_TIME_OUT), "incident_id": maybe, "assignment_id": maybe, "version": _WHOLE,
    })  # fmt: skip
    return _record({
        "seq": _SEQ, "now": _TIME_OUT, "whole": _FLAG, "incidents": _list(incident), "units": _list(unit),
        "gone": _list(_TEXT), "gone_units": _list(_TEXT), **_NOTICE,
    })  # fmt: skip


def _writes() -> Schema:
    """What is asked for by other routes than those of the table of commands."""
    recommend = "/incidents/{incident_id}/recommendations"
    devices = "/units/{unit_id}/devices"
    one_device = f"{devices}/{{device}}"
    made = _record({"recommendation_id": _TEXT, "recommendation": reference("Recommendation"), **_NOTICE})
    again = {"recommendation_id": "$response.body#/recommendation_id"}
    return {
        recommend: {
            "post": {
                "operationId": "recommend",
                **operation(
                    "Recommend units, and keep the recommendation with its inputs.",
                    made,
                    parameters=path_parameters(recommend),
                    problems=(400, 404, 413, 415, 422),
                    status=HTTPStatus.CREATED,
                    links={"getRecommendation": {"operationId": "getRecommendation", "parameters": again}},
                ),
            }
        },
        devices: {
            "post": {
                "operationId": "registerDevice",
                **operation(
                    "Let a device send positions of a unit; its token is shown this once.",
                    answer_schema("units", {"token": _TEXT}),
                    parameters=path_parameters(devices),
                    body=new_device_schema(),
                    problems=(404, 409),
                    status=HTTPStatus.CREATED,
                    headers=ETAG_HEADER,
                ),
            }
        },
        one_device: {
            "delete": {
                "operationId": "revokeDevice",
                **operation(
                    "Let a device send positions no more.",
                    answer_schema("units"),
                    parameters=path_parameters(one_device),
                    problems=(404, 409),
                    headers=ETAG_HEADER,
                ),
            }
        },
        "/speeds/preview": {
            "post": {
                "operationId": "previewSpeeds",
                **operation(
                    "What a report of learnt speeds says and would change; nothing is changed.",
                    _record({"changes": _FLAG, "text": _TEXT, "remarks": _list(_TEXT), **_NOTICE}),
                    parameters=[LANG],
                    body=sent_schema(SpeedsReport),
                ),
            }
        },
        "/texts/erase": {
            "post": {
                "operationId": "EraseTexts",
                **operation(
                    "Erase personal texts, by id.",
                    answer_schema(),
                    parameters=[KEY_HEADER],
                    body=sent_schema(EraseTexts),
                    problems=(409,),
                ),
            }
        },
    }


def _access() -> Schema:
    """Who asks, and what is masked for him."""
    known = _record({
        "login": _TEXT, "role": _or_null(_TEXT), "bound_to": _or_null(_TEXT), "rights": _list(_TEXT),
        "clear": _list(_TEXT), "language": _or_null(_TEXT), "theme": _or_null(_TEXT), **_NOTICE,
    })  # fmt: skip
    paths: Schema = {
        "/me": {
            "get": {"operationId": "getMe", **operation("Who asks, and what he may.", known, problems=(401,))},
            "patch": {
                "operationId": "keepSettings",
                **operation("Keep language and theme with the account.", known, body=sent_schema(Settings),
                            problems=(401,)),
            },
        }
    }  # fmt: skip
    for path in ("/incidents/{incident_id}/unmask", "/calls/{call_id}/unmask"):
        paths[path] = {
            "post": {
                "operationId": "unmaskIncident" if "incident" in path else "unmaskCall",
                **operation(
                    "Personal texts, unmasked; the log keeps who looked, and why.",
                    _texts(),
                    parameters=path_parameters(path),
                    body=sent_schema(Unmasking),
                    problems=(404,),
                ),
            }
        }
    return paths


def centre_paths() -> Schema:
    """The endpoints of a centre, for `paths`."""
    paths: Schema = {}
    commands = [
        (route.path.replace("<", "{").replace(">", "}"), {route.method.lower(): _command(route)}) for route in ROUTES
    ]
    for path, methods in (*_reads().items(), *_writes().items(), *_access().items(), *commands):
        paths.setdefault(f"{PREFIX}{path}", {}).update(methods)
    return paths


def centre_schemas(taken: Iterable[str]) -> dict[str, Schema]:
    """The records of a centre, for `components.schemas`."""
    return answered_schemas(taken)
