"""The webhooks themselves: to add, pause and remove them, to change their keys, and to look after what failed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, and_, delete, exists, insert, or_, select, update

from dispatch.errors import UnknownIdError
from dispatch.store.engine import reading, writing
from dispatch.store.webhook_tables import (
    all_webhooks,
    delivery_of,
    last_seq,
    lock_cursor,
    webhook_deliveries,
    webhook_of,
    webhooks,
)
from dispatch.webhooks import (
    Delivery,
    DeliveryState,
    Webhook,
    check_event_types,
    check_secret,
    check_url,
    new_secret,
)
from gis.errors import N_

OLD_SECRET_S: Final = 86_400.0
MAX_LIST: Final = 500


class WebhookRegister:
    """Webhooks, and their deliveries as people see them.

    Parameters
    ----------
    engine
        From `dispatch.store.engine.open_engine`, with the tables in place.
    clock
        Now, in UTC.
    new_id
        Gives a new word at every call.
    random_bytes
        Makes keys; `secrets.token_bytes`.
    plain_hosts
        Hosts that may be told over plain http.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        random_bytes: Callable[[int], bytes],
        plain_hosts: frozenset[str] = frozenset(),
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._new_id = new_id
        self._random_bytes = random_bytes
        self._plain_hosts = plain_hosts

    def register(
        self,
        agency: str,
        url: str,
        *,
        event_types: Iterable[str] = (),
        everything: bool = False,
        secret: str | None = None,
    ) -> Webhook:
        """Add a webhook, to be told from the next event on.

        Raises
        ------
        InputError
            Address, types or secret cannot be used.
        """
        given = check_secret(secret) if secret is not None else new_secret(self._random_bytes)
        wanted = check_event_types(event_types)
        check_url(url, plain_hosts=self._plain_hosts)
        with writing(self._engine) as connection:
            lock_cursor(connection)
            webhook = Webhook(
                webhook_id="wh_" + self._new_id(),
                agency=agency,
                url=url,
                secret=given,
                event_types=wanted,
                everything=everything,
                created_at=self._clock(),
                since_seq=last_seq(connection),
            )
            connection.execute(
                insert(webhooks).values(
                    webhook_id=webhook.webhook_id,
                    agency=webhook.agency,
                    url=webhook.url,
                    secret=webhook.secret,
                    event_types=json.dumps(wanted),
                    everything=everything,
                    active=True,
                    why_inactive="",
                    since_seq=webhook.since_seq,
                    created_at=webhook.created_at,
                    failures=0,
                )
            )
        return webhook

    def webhooks(self) -> tuple[Webhook, ...]:
        """All of them, oldest first."""
        with reading(self._engine) as connection:
            return all_webhooks(connection)

    def webhook(self, webhook_id: str) -> Webhook:
        """One of them.

        Raises
        ------
        UnknownIdError
            There is none of that id.
        """
        with reading(self._engine) as connection:
            query = select(webhooks).where(webhooks.c.webhook_id == webhook_id)
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise _unknown(webhook_id)
        return webhook_of(row)

    def set_active(self, webhook_id: str, active: bool, *, why: str = "") -> None:
        """Pause or resume: a paused webhook keeps what is due, and is given no new events."""
        self._change(webhook_id, active=active, why_inactive="" if active else why, held_until=None, failures=0)

    def change_secret(self, webhook_id: str, secret: str | None = None, *, overlap_s: float = OLD_SECRET_S) -> Webhook:
        """Sign with a new key; the old one signs beside it for a while, so that the receiver can change too."""
        given = check_secret(secret) if secret is not None else new_secret(self._random_bytes)
        until = self._clock() + timedelta(seconds=overlap_s)
        # In an UPDATE the right-hand side is the value before it.
        self._change(webhook_id, secret=given, old_secret=webhooks.c.secret, old_secret_until=until)
        return self.webhook(webhook_id)

    def remove(self, webhook_id: str) -> None:
        """Forget a webhook and its deliveries."""
        with writing(self._engine) as connection:
            connection.execute(delete(webhook_deliveries).where(webhook_deliveries.c.webhook_id == webhook_id))
            if connection.execute(delete(webhooks).where(webhooks.c.webhook_id == webhook_id)).rowcount == 0:
                raise _unknown(webhook_id)

    def _change(self, webhook_id: str, **values: Any) -> None:
        with writing(self._engine) as connection:
            statement = update(webhooks).where(webhooks.c.webhook_id == webhook_id).values(**values)
            if connection.execute(statement).rowcount == 0:
                raise _unknown(webhook_id)

    def deliveries(
        self,
        *,
        state: DeliveryState | None = None,
        webhook_id: str | None = None,
        after: tuple[str, int] = ("", 0),
        limit: int = MAX_LIST,
    ) -> tuple[Delivery, ...]:
        """Deliveries by webhook and event, after a webhook's id and sequence number: page by page.

        The dead letters are those of `DeliveryState.DEAD`.
        """
        table = webhook_deliveries
        query = (
            select(table)
            .where(or_(table.c.webhook_id > after[0], and_(table.c.webhook_id == after[0], table.c.seq > after[1])))
            .order_by(table.c.webhook_id, table.c.seq)
            .limit(min(limit, MAX_LIST))
        )
        if state is not None:
            query = query.where(table.c.state == state.value)
        if webhook_id is not None:
            query = query.where(table.c.webhook_id == webhook_id)
        with reading(self._engine) as connection:
            return tuple(delivery_of(row) for row in connection.execute(query).mappings())

    def delivery(self, message: str) -> Delivery:
        """One delivery, by its `Webhook-Id`.

        Raises
        ------
        UnknownIdError
            There is none of that id.
        """
        query = select(webhook_deliveries).where(webhook_deliveries.c.message_id == message)
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise UnknownIdError(
                N_("There is no delivery “{id}”; list the deliveries of a webhook to see their ids."), id=message[:80]
            )
        return delivery_of(row)

    def redeliver(self, webhook_id: str, seqs: Iterable[int] | None = None) -> int:
        """Try again at once, with all attempts anew and the same `Webhook-Id`: all dead letters of a webhook, or
        its finished deliveries of these events; how many there were.
        """
        now = self._clock()
        statement = update(webhook_deliveries).where(webhook_deliveries.c.webhook_id == webhook_id)
        if seqs is None:
            statement = statement.where(webhook_deliveries.c.state == DeliveryState.DEAD.value)
        else:
            chosen = list(seqs)
            statement = statement.where(
                webhook_deliveries.c.seq.in_(chosen), webhook_deliveries.c.state != DeliveryState.PENDING.value
            )
        values = {"state": DeliveryState.PENDING.value, "attempts": 0, "due_at": now, "finished_at": None}
        with writing(self._engine) as connection:
            if connection.scalar(select(webhooks.c.webhook_id).where(webhooks.c.webhook_id == webhook_id)) is None:
                raise _unknown(webhook_id)
            return int(connection.execute(statement.values(**values)).rowcount)

    def purge(self, before: datetime) -> int:
        """Forget what was delivered before a moment; how many there were.

        Dead letters stay, and of every incident the last delivery, which says that its story was told (`_missed`).
        """
        later = webhook_deliveries.alias()
        statement = delete(webhook_deliveries).where(
            webhook_deliveries.c.state == DeliveryState.DELIVERED.value,
            webhook_deliveries.c.finished_at < before,
            or_(
                webhook_deliveries.c.incident_id.is_(None),
                exists().where(
                    later.c.webhook_id == webhook_deliveries.c.webhook_id,
                    later.c.incident_id == webhook_deliveries.c.incident_id,
                    later.c.seq > webhook_deliveries.c.seq,
                ),
            ),
        )
        with writing(self._engine) as connection:
            return int(connection.execute(statement).rowcount)


def _unknown(webhook_id: str) -> UnknownIdError:
    return UnknownIdError(N_("There is no webhook “{id}”; list the webhooks to see their ids."), id=webhook_id[:80])
