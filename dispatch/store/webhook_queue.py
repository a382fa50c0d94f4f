"""The webhooks and what is still to be sent to them: an outbox that follows the event log.

`fill` walks the log by sequence number from a stored cursor and writes one delivery for each event and webhook, in one
transaction with the cursor. The log is gapless in the order of commits and the cursor's row is locked first, so no
event is passed over and no two workers write one twice (the primary key would refuse it too). `claim` gives a worker
one delivery of a webhook that no other worker is busy with: a receiver that hangs holds up one worker and nobody else.
A claim that its worker did not finish lapses, and the delivery is tried again: at least once.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, and_, exists, insert, or_, select, update

from dispatch.events import Event
from dispatch.store.engine import reading, writing
from dispatch.store.rows import event_of
from dispatch.store.schema import assignments, events, incidents, units
from dispatch.store.webhook_tables import (
    all_webhooks,
    delivery_of,
    last_seq,
    lock_cursor,
    webhook_cursor,
    webhook_deliveries,
    webhook_of,
    webhooks,
)
from dispatch.webhook_body import is_sent
from dispatch.webhooks import Claim, DeliveryState, Verdict, Webhook, message_id

BATCH: Final = 200


class WebhookQueue:
    """What is still to be sent, for the workers; `dispatch.store.webhook_register` is for people.

    Parameters
    ----------
    engine
        From `dispatch.store.engine.open_engine`, with the tables in place.
    clock
        Now, in UTC.
    new_id
        Gives a new word at every call.
    concerned
        The agencies that an event concerns, as far as the database knows.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        concerned: Callable[[Connection, Event], frozenset[str]] | None = None,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._new_id = new_id
        self._concerned = concerned or agencies_concerned

    def fill(self, limit: int = BATCH) -> int:
        """Follow the log by up to `limit` events; how many there were."""
        with reading(self._engine) as connection:
            # No lock where nothing happened: on SQLite it would be every writer's.
            followed = connection.scalar(select(webhook_cursor.c.seq))
            if followed is not None and last_seq(connection) <= followed:
                return 0
        with writing(self._engine) as connection:
            followed = lock_cursor(connection)
            query = select(events).where(events.c.seq > followed).order_by(events.c.seq).limit(limit)
            batch = [event_of(dict(row)) for row in connection.execute(query).mappings()]
            if not batch:
                return 0
            active = [webhook for webhook in all_webhooks(connection) if webhook.active]
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
        )
        with reading(self._engine) as connection:
            # No lock where nothing is due, as in `fill`.
            if connection.scalar(free) is None:
                return None
        # One statement that looks and takes, so that nobody comes between; SQLite has one writer and locks no rows.
        take = (
            update(webhooks)
            .where(webhooks.c.webhook_id == free.with_for_update(skip_locked=True).scalar_subquery())
            .values(claim_token=token, claimed_until=until, claimed_at=now)
            .returning(webhooks)
        )
        with writing(self._engine) as connection:
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
                event=event_of(dict(event)),
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
        with writing(self._engine) as connection:
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
        with writing(self._engine) as connection:
            _release(connection, claim.webhook.webhook_id, claim.token)


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
    return [event_of(dict(row)) for row in connection.execute(query).mappings()]


def _release(connection: Connection, webhook_id: str, token: str) -> None:
    connection.execute(
        update(webhooks)
        .where(webhooks.c.webhook_id == webhook_id, webhooks.c.claim_token == token)
        .values(claim_token=None, claimed_until=None)
    )
