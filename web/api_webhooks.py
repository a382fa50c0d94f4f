"""Webhooks over HTTP, for those who administer the centre: who is told, what was sent, what was given up.

A secret is in an answer once, when it is made; no list shows it again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

from annotated_types import Ge, Le, MaxLen, MinLen
from flask import Blueprint, Response, request
from pydantic import StringConstraints

from dispatch.codec import load_request
from dispatch.commands import LINE_PATTERN, MAX_VERSION, Id, Name
from dispatch.errors import UnknownIdError
from dispatch.store.webhook_register import WebhookRegister
from dispatch.webhooks import MAX_URL_LENGTH, DeliveryState
from gis.errors import InputError
from web.access import Permission, needs
from web.api_centre import send_json
from web.api_commands import centre, check_path_ids, json_body
from web.problems import BadRequestError, NotFoundError
from web.webhooks import add_webhook, delivery_json, webhook_json, webhook_register

DEFAULT_DELIVERIES: Final = 100
MAX_DELIVERIES: Final = 500
AFTER_PATTERN: Final = r"^([A-Za-z0-9_-]{1,64}:[0-9]{1,15})?$"
"""Of a page of dead letters: webhook and sequence number."""

_AFTER: Final = re.compile(AFTER_PATTERN.removesuffix("$") + r"\Z")

webhooks_api = Blueprint("webhooks_api", __name__, url_prefix="/api/v1")
webhooks_api.before_request(check_path_ids)

Address = Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL_LENGTH, pattern=LINE_PATTERN)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=LINE_PATTERN)]
EventType = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=LINE_PATTERN)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """A webhook of an agency; without `secret` one is made."""

    agency: Id
    url: Address
    event_types: Annotated[tuple[EventType, ...], MaxLen(50)] = ()
    everything: bool = False
    secret: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChange:
    """Pause or resume; `new_secret` makes a key, `secret` brings one, and the old one signs too for a day."""

    active: bool | None = None
    why: Name | None = None
    new_secret: bool = False
    secret: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Redelivery:
    """Which of a webhook's finished deliveries to send again, by sequence number; None for all dead letters."""

    seqs: Annotated[tuple[Annotated[int, Ge(1), Le(MAX_VERSION)], ...], MinLen(1), MaxLen(500)] | None = None


@webhooks_api.get("/webhooks")
@needs(Permission.ADMIN)
def webhooks() -> Response:
    """All webhooks, oldest first, without their secrets."""
    return send_json({"items": [webhook_json(one) for one in _register().webhooks()]})


@webhooks_api.post("/webhooks")
@needs(Permission.ADMIN)
def add() -> Response:
    """Add a webhook; its secret is in this answer and in no other."""
    new = load_request(NewWebhook, json_body())
    made = add_webhook(
        _register(),
        centre().store.directory(),
        agency=new.agency,
        url=new.url,
        event_types=new.event_types,
        everything=new.everything,
        secret=new.secret,
    )
    return send_json({"webhook": webhook_json(made), "secret": made.secret}, HTTPStatus.CREATED)


@webhooks_api.patch("/webhooks/<webhook_id>")
@needs(Permission.ADMIN)
def change(webhook_id: str) -> Response:
    """Pause or resume a webhook, or change its key; a new key is in this answer and in no other."""
    wanted = load_request(WebhookChange, json_body())
    if wanted.secret is not None and wanted.new_secret:
        raise InputError("Give either secret or new_secret, not both.")
    register = _register()
    answer: dict[str, Any] = {}
    if wanted.secret is not None or wanted.new_secret:
        answer["secret"] = register.change_secret(webhook_id, wanted.secret).secret
    if wanted.active is not None:
        register.set_active(webhook_id, wanted.active, why=wanted.why or "")
        centre().store.announce()
    return send_json({"webhook": webhook_json(register.webhook(webhook_id)), **answer})


@webhooks_api.delete("/webhooks/<webhook_id>")
@needs(Permission.ADMIN)
def remove(webhook_id: str) -> Response:
    """Forget a webhook and what is still to be sent to it."""
    _register().remove(webhook_id)
    return Response(status=HTTPStatus.NO_CONTENT)


@webhooks_api.get("/webhooks/<webhook_id>/deliveries")
@needs(Permission.ADMIN)
def deliveries(webhook_id: str) -> Response:
    """What was, is or will be sent to a webhook, by event; `next` is the sequence number to go on after."""
    register = _register()
    register.webhook(webhook_id)
    limit = _whole("limit", DEFAULT_DELIVERIES, 1, MAX_DELIVERIES)
    after = _whole("after", 0, 0, MAX_VERSION)
    found = register.deliveries(state=_state(), webhook_id=webhook_id, after=(webhook_id, after), limit=limit)
    more = found[-1].seq if len(found) == limit else None
    return send_json({"items": [delivery_json(one) for one in found], "next": more})


@webhooks_api.get("/dead-letters")
@needs(Permission.ADMIN)
def dead_letters() -> Response:
    """What was given up, of all webhooks; `next` is what to go on after."""
    limit = _whole("limit", DEFAULT_DELIVERIES, 1, MAX_DELIVERIES)
    given = request.args.get("after", "")
    if _AFTER.match(given) is None:
        raise BadRequestError("The parameter 'after' must be the 'next' of the page before.")
    webhook_id, _, seq = given.partition(":")
    found = _register().deliveries(state=DeliveryState.DEAD, after=(webhook_id, int(seq or 0)), limit=limit)
    more = f"{found[-1].webhook_id}:{found[-1].seq}" if len(found) == limit else None
    return send_json({"items": [delivery_json(one) for one in found], "next": more})


@webhooks_api.post("/webhooks/deliveries/<delivery_id>/redeliver")
@needs(Permission.ADMIN)
def redeliver(delivery_id: str) -> Response:
    """Send one finished delivery again, at once and under the same `Webhook-Id`."""
    json_body()
    register = _register()
    try:
        found = register.delivery(delivery_id)
    except UnknownIdError as error:
        raise NotFoundError(str(error)) from None
    number = register.redeliver(found.webhook_id, [found.seq])
    centre().store.announce()
    return send_json({"redelivered": number})


@webhooks_api.post("/webhooks/<webhook_id>/redeliver")
@needs(Permission.ADMIN)
def redeliver_all(webhook_id: str) -> Response:
    """Send the dead letters of a webhook again, or its finished deliveries of some events."""
    wanted = load_request(Redelivery, json_body())
    number = _register().redeliver(webhook_id, wanted.seqs)
    centre().store.announce()
    return send_json({"redelivered": number})


def _register() -> WebhookRegister:
    return webhook_register(centre().store, centre().region)


def _state() -> DeliveryState | None:
    given = request.args.get("state")
    if given is None:
        return None
    if given not in set(DeliveryState):
        raise BadRequestError(f"The parameter 'state' must be one of {', '.join(DeliveryState)}, not '{given[:40]}'.")
    return DeliveryState(given)


def _whole(name: str, default: int, least: int, most: int) -> int:
    given = request.args.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) <= 16 and least <= int(given) <= most):
        raise BadRequestError(f"The parameter '{name}' must be a whole number from {least} to {most}.")
    return int(given)
