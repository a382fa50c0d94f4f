"""The tables of webhooks and their deliveries, and the records of their rows."""

from __future__ import annotations

import json

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    RowMapping,
    Table,
    Text,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.store.schema import UtcDateTime, events, metadata
from dispatch.webhooks import Delivery, DeliveryState, Webhook

webhooks = Table(
    "webhooks",
    metadata,
    Column("webhook_id", Text, primary_key=True),
    Column("agency", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("old_secret", Text),
    Column("old_secret_until", UtcDateTime),
    Column("event_types", Text, nullable=False),
    Column("everything", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("why_inactive", Text, nullable=False),
    Column("since_seq", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("claim_token", Text),
    Column("claimed_until", UtcDateTime),
    Column("claimed_at", UtcDateTime),
    Column("held_until", UtcDateTime),
    Column("failures", Integer, nullable=False),
)
"""Addresses and keys of agencies, and which worker is busy with which; the keys must be readable, for they sign."""

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("webhook_id", Text, ForeignKey("webhooks.webhook_id", ondelete="CASCADE"), primary_key=True),
    Column("seq", BigInteger, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("message_id", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("incident_id", Text),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("status", Integer),
    Column("fault", Text),
    CheckConstraint("(state = 'pending') = (due_at IS NOT NULL)", name="due_while_pending"),
    Index(None, "webhook_id", "due_at"),
    Index(None, "webhook_id", "incident_id"),
    Index(None, "state", "finished_at"),
)

webhook_cursor = Table(
    "webhook_cursor",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
"""How far the log was followed: one row, locked by whoever follows."""


def webhook_of(row: RowMapping) -> Webhook:
    """The record of a row of `webhooks`."""
    return Webhook(
        webhook_id=row["webhook_id"],
        agency=row["agency"],
        url=row["url"],
        secret=row["secret"],
        old_secret=row["old_secret"],
        old_secret_until=row["old_secret_until"],
        event_types=tuple(json.loads(row["event_types"])),
        everything=row["everything"],
        active=row["active"],
        why_inactive=row["why_inactive"],
        since_seq=row["since_seq"],
        created_at=row["created_at"],
    )


def delivery_of(row: RowMapping) -> Delivery:
    """The record of a row of `webhook_deliveries`."""
    return Delivery(
        webhook_id=row["webhook_id"],
        seq=row["seq"],
        message_id=row["message_id"],
        event_type=row["event_type"],
        incident_id=row["incident_id"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        due_at=row["due_at"],
        finished_at=row["finished_at"],
        status=row["status"],
        fault=row["fault"],
    )


def lock_cursor(connection: Connection) -> int:
    """Lock the row that says how far the log was followed, and read it; it begins at the log's present end."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    first = insert(webhook_cursor).values(id=1, seq=last_seq(connection))
    lock = first.on_conflict_do_update(index_elements=["id"], set_={"seq": webhook_cursor.c.seq})
    return int(connection.execute(lock.returning(webhook_cursor.c.seq)).scalar_one())


def last_seq(connection: Connection) -> int:
    """Sequence number of the last event; 0 where there is none."""
    return int(connection.scalar(select(func.max(events.c.seq))) or 0)


def all_webhooks(connection: Connection) -> tuple[Webhook, ...]:
    """All of them, oldest first."""
    query = select(webhooks).order_by(webhooks.c.created_at, webhooks.c.webhook_id)
    return tuple(webhook_of(row) for row in connection.execute(query).mappings())
