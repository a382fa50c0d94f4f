"""Webhooks as people look after them, over HTTP and from a terminal: the register, with agencies of the directory."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from dispatch.codec import dump
from dispatch.directory import Directory
from dispatch.store.store import Store, new_id
from dispatch.store.webhook_register import WebhookRegister
from dispatch.webhooks import Delivery, DeliveryState, Webhook
from gis.errors import N_, InputError
from gis.region_folder import SETTINGS
from routing.region import Region

PLAIN_HOSTS: Final = "plain_hosts"


def webhook_register(store: Store, region: Region) -> WebhookRegister:
    """The register of a centre's database; hosts in plain http as `[webhooks] plain_hosts` of region.toml allows.

    Raises
    ------
    InputError
        The table cannot be used.
    """
    table = region.table.get("webhooks", {})
    hosts = table.get(PLAIN_HOSTS, []) if isinstance(table, dict) and set(table) <= {PLAIN_HOSTS} else None
    if not isinstance(hosts, list) or not all(isinstance(one, str) for one in hosts):
        raise InputError(
            f"{region.folder / SETTINGS}, [webhooks]: it has one key, {PLAIN_HOSTS}, a list of host names."
        )
    return WebhookRegister(
        store.engine,
        clock=store.now,
        new_id=new_id,
        random_bytes=secrets.token_bytes,
        plain_hosts=frozenset(hosts),
    )


def add_webhook(
    register: WebhookRegister,
    directory: Directory,
    *,
    agency: str,
    url: str | None = None,
    event_types: Sequence[str] = (),
    everything: bool = False,
    secret: str | None = None,
) -> Webhook:
    """Add a webhook of an agency; without an address, at the one that region.toml has for the agency.

    Raises
    ------
    InputError
        The directory has no such agency, or no address for it; or address, types or secret cannot be used.
    """
    known = {one.agency_id: one.webhook for one in directory.agencies}
    if agency not in known:
        raise InputError(
            N_("There is no agency “{agency}”; use one of {known}."), agency=agency[:64], known=", ".join(known)
        )
    address = url if url is not None else known[agency]
    if address is None:
        raise InputError("region.toml has no webhook of {agency}; give its address.", agency=agency)
    return register.register(agency, address, event_types=event_types, everything=everything, secret=secret)


def webhook_json(webhook: Webhook) -> dict[str, Any]:
    """A webhook without its secrets; the query of its address, which may hold a key, is left out."""
    parts = urlsplit(webhook.url)
    return {
        "webhook_id": webhook.webhook_id,
        "agency": webhook.agency,
        "url": parts._replace(query="…" if parts.query else "").geturl(),
        "event_types": list(webhook.event_types),
        "everything": webhook.everything,
        "active": webhook.active,
        "why_inactive": webhook.why_inactive,
        "created_at": dump(webhook.created_at),
        "since_seq": webhook.since_seq,
        "old_secret_until": None if webhook.old_secret_until is None else dump(webhook.old_secret_until),
    }


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """A delivery; its id is the `Webhook-Id` that the receiver sees."""
    return {"delivery_id": delivery.message_id, **dump(delivery)}


def dead_letters(register: WebhookRegister) -> tuple[Delivery, ...]:
    """What was given up, of all webhooks: the first of them."""
    return register.deliveries(state=DeliveryState.DEAD)


def left_to_do(register: WebhookRegister, directory: Directory) -> list[str]:
    """Webhooks that region.toml names and nobody has added, one sentence each.

    They are not added by themselves: the agency has to be given the secret, which only who adds a webhook sees.
    """
    added = {(one.agency, one.url) for one in register.webhooks()}
    return [
        # The host alone, for the rest of an address may hold a key.
        f"region.toml names a webhook of {one.agency_id} at {urlsplit(one.webhook).hostname or '-'} that nobody added; "
        f"run 'siaga112 webhook add {one.agency_id}' and give the agency the secret that it prints."
        for one in directory.agencies
        if one.webhook is not None and (one.agency_id, one.webhook) not in added
    ]
