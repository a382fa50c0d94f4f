"""The webhooks and what is still to be sent to them: an outbox that follows the event log.

`fill` walks the log by sequence number from a stored cursor and writes one delivery for each event and webhook, in one
transaction with the cursor. The log is gapless in the order of commits and the cursor's row is locked first, so no
event is passed over and no two workers write one twice (the primary key would refuse it too). `claim` gives a worker
one delivery of a webhook that no other worker is busy with: a receiver that hangs holds up one worker and nobody else.
A claim that its worker did not finish lapses, and the delivery is tried again: at least once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, and_, delete, exists, func, insert, or_, select, update

from dispatch.errors import UnknownIdError
from dispatch.events import Event
from dispatch.store.schema import assignments, events, incidents, units
from dispatch.store.webhook_tables import (
    delivery_of,
    event_of,
    webhook_cursor,
    webhook_deliveries,
    webhook_of,
    webhooks,
)
from dispatch.webhook_body import is_sent
from dispatch.webhooks import (
    Claim,
    Delivery,
    DeliveryState,
    Verdict,
    Webhook,
    check_event_types,
    check_secret,
    check_url,
    message_id,
    new_secret,
)

BATCH: Final = 200
OLD_SECRET_S: Final = 86_400.0
MAX_LIST: Final = 500

Concerned = Callable[[Connection, Event], frozenset[str]]


class WebhookQueue:
    """Webhooks, their deliveries and their dead letters.

    Parameters
    ----------
    clock
        Now, in UTC.
    new_id
        Gives a new unguessable word at every call; without a full stop (Standard Webhooks signs around it).
    random_bytes
        Makes keys; `secrets.token_bytes`.
    concerned
        The agencies that an event concerns, as far as the database knows; see `agencies_concerned`.
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
        concerned: Concerned | None = None,
        plain_hosts: frozenset[str] = frozenset(),
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._new_id = new_id
        self._random_bytes = random_bytes
        self._concerned = concerned or agencies_concerned
        self._plain_hosts = plain_hosts

    # Webhooks

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
        with self._engine.begin() as connection:
            _cursor(connection)
            webhook = Webhook(
                webhook_id="wh_" + self._new_id(),
                agency=agency,
                url=url,
                secret=given,
                event_types=wanted,
                everything=everything,
                created_at=self._clock(),
                since_seq=_last_seq(connection),
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
        with self._engine.connect() as connection:
            return _webhooks(connection)

    def webhook(self, webhook_id: str) -> Webhook:
        """One of them.

        Raises
        ------
        UnknownIdError
            There is none of that id.
        """
        with self._engine.connect() as connection:
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
        with self._engine.begin() as connection:
            connection.execute(delete(webhook_deliveries).where(webhook_deliveries.c.webhook_id == webhook_id))
            if connection.execute(delete(webhooks).where(webhooks.c.webhook_id == webhook_id)).rowcount == 0:
                raise _unknown(webhook_id)

    def _change(self, webhook_id: str, **values: Any) -> None:
        with self._engine.begin() as connection:
            statement = update(webhooks).where(webhooks.c.webhook_id == webhook_id).values(**values)
            if connection.execute(statement).rowcount == 0:
                raise _unknown(webhook_id)

    # From the log to the outbox

    def fill(self, limit: int = BATCH) -> int:
        """Follow the log by up to `limit` events; how many there were."""
        with self._engine.connect() as connection:
            # No lock where nothing happened: on SQLite it would be every writer's.
            followed = connection.scalar(select(webhook_cursor.c.seq))
            if followed is not None and _last_seq(connection) <= followed:
                return 0
        with self._engine.begin() as connection:
            followed = _cursor(connection)
            query = select(events).where(events.c.seq > followed).order_by(events.c.seq).limit(limit)
            batch = [event_of(row) for row in connection.execute(query).mappings()]
            if not batch:
                return 0
            active = [webhook for webhook in _webhooks(connection) if webhook.active]
            for event in batch if active else ():
                self._put(connection, event, active)
            connection.execute(update(webhook_cursor).values(seq=batch[-1].seq))
        return len(batch)

    def _put(self, connection: Connection, event: Event, active: list[Webhook]) -> None:
        if not is_sent(event.type):
            return
        concerned: frozenset[str] | None = None
        for webhook in active:
            if webhook.since_seq >= event.seq:
                continue
            if not webhook.everything:
                concerned = self._concerned(connection, event) if concerned is None else concerned
                if webhook.agency not in concerned:
                    continue
            run = [event]
            if not webhook.everything and event.incident_id is not None:
                run = [*_missed(connection, webhook, event), event]
            rows = [self._row(webhook, one) for one in run if is_sent(one.type, webhook.event_types)]
            if rows:
                connection.execute(insert(webhook_deliveries), rows)

    def _row(self, webhook: Webhook, event: Event) -> dict[str, Any]:
        now = self._clock()
        return {
            "webhook_id": webhook.webhook_id,
            "seq": event.seq,
            "message_id": message_id(webhook.webhook_id, event),
            "event_type": event.type,
            "incident_id": event.incident_id,
            "state": DeliveryState.PENDING.value,
            "attempts": 0,
            "created_at": now,
            "due_at": now,
        }

    # From the outbox to the receivers

    def claim(self, lease_s: float) -> Claim | None:
        """One delivery that is due, for this worker alone until the lease ends; None where there is nothing to do.

        The webhook that waited longest comes first, and of its deliveries the earliest event.
        """
        now = self._clock()
        token, until = self._new_id(), now + timedelta(seconds=lease_s)
        due = and_(webhook_deliveries.c.webhook_id == webhooks.c.webhook_id, webhook_deliveries.c.due_at <= now)
        free = (
            select(webhooks.c.webhook_id)
            .where(
                webhooks.c.active,
                or_(webhooks.c.claimed_until.is_(None), webhooks.c.claimed_until <= now),
                or_(webhooks.c.held_until.is_(None), webhooks.c.held_until <= now),
                exists(select(webhook_deliveries.c.seq).where(due).correlate(webhooks)),
            )
            .order_by(webhooks.c.claimed_at.nulls_first(), webhooks.c.webhook_id)
            .limit(1)
            # SQLite has one writer and leaves this out.
            .with_for_update(skip_locked=True)
        )
        # One statement, and it writes: SQLite takes its lock at once, and nobody comes between look and take.
        take = (
            update(webhooks)
            .where(webhooks.c.webhook_id == free.scalar_subquery())
            .values(claim_token=token, claimed_until=until, claimed_at=now)
            .returning(webhooks)
        )
        with self._engine.begin() as connection:
            taken = connection.execute(take).mappings().one_or_none()
            if taken is None:
                return None
            query = (
                select(webhook_deliveries)
                .where(
                    webhook_deliveries.c.webhook_id == taken["webhook_id"],
                    webhook_deliveries.c.due_at <= now,
                )
                .order_by(webhook_deliveries.c.seq)
                .limit(1)
            )
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                _release(connection, taken["webhook_id"], token)
                return None
            event = connection.execute(select(events).where(events.c.seq == row["seq"])).mappings().one()
            return Claim(
                token=token,
                until=until,
                webhook=webhook_of(taken),
                delivery=delivery_of(row),
                event=event_of(event),
                failures=taken["failures"],
            )

    def finish(self, claim: Claim, verdict: Verdict, *, status: int | None, reached: bool) -> None:
        """Record what came of a claim; `reached` is whether the receiver answered for itself.

        A success counts also after the lease; a failure only while the claim is still this worker's, for otherwise
        another worker's attempt is under way.
        """
        now = self._clock()
        delivered = verdict.state is DeliveryState.DELIVERED
        mine = and_(webhooks.c.webhook_id == claim.webhook.webhook_id, webhooks.c.claim_token == claim.token)
        with self._engine.begin() as connection:
            values: dict[str, Any] = {"claim_token": None, "claimed_until": None, "held_until": verdict.held_until}
            values["failures"] = 0 if reached else webhooks.c.failures + 1
            if verdict.gone:
                values |= {"active": False, "why_inactive": "the receiver answered 410 Gone"}
            held = connection.execute(update(webhooks).where(mine).values(**values)).rowcount == 1
            if not held and not delivered:
                return
            connection.execute(
                update(webhook_deliveries)
                .where(
                    webhook_deliveries.c.webhook_id == claim.webhook.webhook_id,
                    webhook_deliveries.c.seq == claim.delivery.seq,
                    webhook_deliveries.c.state != DeliveryState.DELIVERED.value,
                )
                .values(
                    state=verdict.state.value,
                    attempts=webhook_deliveries.c.attempts + 1,
                    due_at=verdict.due_at,
                    finished_at=None if verdict.due_at else now,
                    status=status,
                    fault=verdict.fault,
                )
            )

    def release(self, claim: Claim) -> None:
        """Give a claim back untried, for any worker to take at once."""
        with self._engine.begin() as connection:
            _release(connection, claim.webhook.webhook_id, claim.token)

    # Looking after it

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
        with self._engine.connect() as connection:
            return tuple(delivery_of(row) for row in connection.execute(query).mappings())

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
        with self._engine.begin() as connection:
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
        with self._engine.begin() as connection:
            return int(connection.execute(statement).rowcount)


def agencies_concerned(connection: Connection, event: Event) -> frozenset[str]:
    """The agencies told of an incident or with a unit sent to it; for a unit's event, the unit's agency."""
    if event.incident_id is None:
        if event.unit_id is None:
            return frozenset()
        return frozenset(connection.scalars(select(units.c.agency).where(units.c.unit_id == event.unit_id)))
    told = connection.scalar(select(incidents.c.notified).where(incidents.c.incident_id == event.incident_id))
    sent = (
        select(units.c.agency)
        .join(assignments, assignments.c.unit_id == units.c.unit_id)
        .where(assignments.c.incident_id == event.incident_id)
    )
    return frozenset(json.loads(told or "[]")) | frozenset(connection.scalars(sent))


def _missed(connection: Connection, webhook: Webhook, event: Event) -> list[Event]:
    """What came before, of an incident that begins to concern an agency: without it the rest says little."""
    earlier = exists().where(
        webhook_deliveries.c.webhook_id == webhook.webhook_id, webhook_deliveries.c.incident_id == event.incident_id
    )
    if connection.scalar(select(earlier)):
        return []
    query = (
        select(events).where(events.c.incident_id == event.incident_id, events.c.seq < event.seq).order_by(events.c.seq)
    )
    return [event_of(row) for row in connection.execute(query).mappings()]


def _cursor(connection: Connection) -> int:
    """Lock the cursor and say where it stands; a writing statement, so that SQLite takes its lock before it reads."""
    lock = update(webhook_cursor).where(webhook_cursor.c.id == 1).values(seq=webhook_cursor.c.seq)
    seq = connection.execute(lock.returning(webhook_cursor.c.seq)).scalar_one_or_none()
    if seq is not None:
        return int(seq)
    # Nobody was to be told of anything before the first webhook.
    seq = _last_seq(connection)
    dialect = connection.dialect.name
    statement: Any
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_or_skip

        statement = insert_or_skip(webhook_cursor).values(id=1, seq=seq).on_conflict_do_nothing()
    else:
        from sqlalchemy.dialects.sqlite import insert as insert_or_skip_sqlite

        statement = insert_or_skip_sqlite(webhook_cursor).values(id=1, seq=seq).on_conflict_do_nothing()
    connection.execute(statement)
    return int(connection.execute(lock.returning(webhook_cursor.c.seq)).scalar_one())


def _last_seq(connection: Connection) -> int:
    return int(connection.scalar(select(func.max(events.c.seq))) or 0)


def _release(connection: Connection, webhook_id: str, token: str) -> None:
    connection.execute(
        update(webhooks)
        .where(webhooks.c.webhook_id == webhook_id, webhooks.c.claim_token == token)
        .values(claim_token=None, claimed_until=None)
    )


def _webhooks(connection: Connection) -> tuple[Webhook, ...]:
    query = select(webhooks).order_by(webhooks.c.created_at, webhooks.c.webhook_id)
    return tuple(webhook_of(row) for row in connection.execute(query).mappings())


def _unknown(webhook_id: str) -> UnknownIdError:
    return UnknownIdError("There is no webhook “{id}”; list the webhooks to see their ids.", id=webhook_id[:80])
