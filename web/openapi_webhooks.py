"""The part of the OpenAPI description that tells of webhooks: for those who administer a centre."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from dispatch.commands import ID_PATTERN, MAX_ID, MAX_VERSION
from dispatch.webhooks import DeliveryState
from web.api_webhooks import AFTER_PATTERN, DEFAULT_DELIVERIES, MAX_DELIVERIES, NewWebhook, Redelivery, WebhookChange
from web.openapi_centre import PREFIX, operation, parameter
from web.openapi_schemas import Schema, reference, sent_schema

_TEXT: Schema = {"type": "string"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_WHOLE: Schema = {"type": "integer", "minimum": 0}
_ID: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_ID, "pattern": ID_PATTERN}
_NOTICE: Schema = {"notice": reference("Notice")}
_STATES: Final = [one.value for one in DeliveryState]


def _record(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_WEBHOOK = _record(
    {
        "webhook_id": _TEXT,
        "agency": _TEXT,
        "url": {**_TEXT, "description": "its query is not shown: it may hold a key"},
        "event_types": {"type": "array", "items": _TEXT, "description": "none: all"},
        "everything": {"type": "boolean"},
        "active": {"type": "boolean"},
        "why_inactive": _TEXT,
        "created_at": _TIME,
        "since_seq": _WHOLE,
        "old_secret_until": _or_null(_TIME),
    }
)
_DELIVERY = _record(
    {
        "delivery_id": {**_TEXT, "description": "the `Webhook-Id` that the receiver sees"},
        "webhook_id": _TEXT,
        "seq": _WHOLE,
        "message_id": _TEXT,
        "event_type": _TEXT,
        "incident_id": _or_null(_TEXT),
        "state": {"type": "string", "enum": _STATES},
        "attempts": _WHOLE,
        "created_at": _TIME,
        "due_at": _or_null(_TIME),
        "finished_at": _or_null(_TIME),
        "status": _or_null({"type": "integer"}),
        "fault": _or_null(_TEXT),
    }
)
_SECRET: Schema = {**_TEXT, "description": "shown in this answer and in no other"}
_COUNT = _record({"redelivered": _WHOLE, **_NOTICE})
_LIMIT = parameter(
    "limit",
    "at most so many",
    {"type": "integer", "minimum": 1, "maximum": MAX_DELIVERIES, "default": DEFAULT_DELIVERIES},
)


def webhook_paths() -> Schema:
    """The endpoints of webhooks, for `paths`."""
    items = _record({"items": {"type": "array", "items": _WEBHOOK}, **_NOTICE})
    by_seq = _record({"items": {"type": "array", "items": _DELIVERY}, "next": _or_null(_WHOLE), **_NOTICE})
    by_text = _record({"items": {"type": "array", "items": _DELIVERY}, "next": _or_null(_TEXT), **_NOTICE})
    made = _record({"webhook": _WEBHOOK, "secret": _SECRET, **_NOTICE})
    changed = _record({"webhook": _WEBHOOK, **_NOTICE})
    changed["properties"] = {**changed["properties"], "secret": _SECRET}
    again = {"webhook_id": "$response.body#/webhook/webhook_id"}
    links = {
        name: {"operationId": name, "parameters": again} for name in ("changeWebhook", "getDeliveries", "removeWebhook")
    }
    removed = operation("Forget a webhook and what is still to be sent to it.", {}, parameters=[_of("webhook")],
                        problems=(404,))  # fmt: skip
    removed["responses"]["204"] = {"description": removed["responses"].pop("200")["description"]}
    return {
        f"{PREFIX}/webhooks": {
            "get": _named("getWebhooks", operation("All webhooks, oldest first, without their secrets.", items)),
            "post": _named(
                "addWebhook",
                operation(
                    "Add a webhook of an agency, to be told from the next event on.",
                    made,
                    body=sent_schema(NewWebhook),
                    status=HTTPStatus.CREATED,
                    links=links,
                ),
            ),
        },
        f"{PREFIX}/webhooks/{{webhook_id}}": {
            "patch": _named(
                "changeWebhook",
                operation(
                    "Pause or resume a webhook, or change its key.",
                    changed,
                    parameters=[_of("webhook")],
                    body=sent_schema(WebhookChange),
                    problems=(404,),
                ),
            ),
            "delete": _named("removeWebhook", removed),
        },
        f"{PREFIX}/webhooks/{{webhook_id}}/deliveries": {
            "get": _named(
                "getDeliveries",
                operation(
                    "What was, is or will be sent to a webhook, by event.",
                    by_seq,
                    parameters=[
                        _of("webhook"),
                        parameter("state", "only these", {"type": "string", "enum": _STATES}),
                        parameter("after", "`next` of the page before", {**_WHOLE, "maximum": MAX_VERSION}),
                        _LIMIT,
                    ],
                    problems=(400, 404),
                ),
            )
        },
        f"{PREFIX}/webhooks/{{webhook_id}}/redeliver": {
            "post": _named(
                "redeliverAll",
                operation(
                    "Send the dead letters of a webhook again, or its finished deliveries of some events.",
                    _COUNT,
                    parameters=[_of("webhook")],
                    body=sent_schema(Redelivery),
                    problems=(404,),
                ),
            )
        },
        f"{PREFIX}/dead-letters": {
            "get": _named(
                "getDeadLetters",
                operation(
                    "What was given up, of all webhooks.",
                    by_text,
                    parameters=[
                        parameter(
                            "after",
                            "`next` of the page before",
                            {"type": "string", "pattern": AFTER_PATTERN},
                        ),
                        _LIMIT,
                    ],
                    problems=(400,),
                ),
            )
        },
        f"{PREFIX}/webhooks/deliveries/{{delivery_id}}/redeliver": {
            "post": _named(
                "redeliver",
                operation(
                    "Send one finished delivery again, at once and under the same `Webhook-Id`.",
                    _COUNT,
                    parameters=[_of("delivery")],
                    problems=(400, 404, 413, 415),
                ),
            )
        },
    }


def _named(name: str, described: Schema) -> dict[str, Any]:
    return {"operationId": name, **described}


def _of(what: str) -> Schema:
    return parameter(f"{what}_id", f"id of the {what}", _ID, place="path", required=True)
