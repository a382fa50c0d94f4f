"""The tables, for SQLite and PostgreSQL alike.

The event log is the truth; `calls`, `incidents`, `units`, `assignments`, `recommendations`, `verifications`,
`handovers`, `alerts`, `devices`, `accounts`, `closures`, `cut_off` and `centre` are made from it by `dispatch.evolve`
and can be made again. `private_texts` holds all personal data and is in no event; `documents` holds large bodies by
their digest. Positions and webhooks have modules of their own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: `timestamptz` on PostgreSQL, text with microseconds on SQLite, which sorts as time does."""

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """The column type of a database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(27))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """What the database is given."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone must not be stored")
        moment = value.astimezone(UTC)
        # As strftime would write it, which is three times as slow.
        return moment if dialect.name == "postgresql" else f"{moment.isoformat(timespec='microseconds')[:26]}Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """What comes back from it."""
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return datetime.fromisoformat(value)


chain_head = Table(
    "chain_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
"""One row, locked by every writer first: so commits come in the order of `seq`, and readers skip nothing."""

events = Table(
    "events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("server_time", UtcDateTime, nullable=False),
    Column("device_time", UtcDateTime),
    Column("actor", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("incident_id", Text),
    Column("unit_id", Text),
    Column("call_id", Text),
    Column("payload", Text, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Index(None, "incident_id", "seq"),
    Index(None, "unit_id", "seq"),
    Index(None, "call_id", "seq"),
)

private_texts = Table(
    "private_texts",
    metadata,
    Column("text_id", Text, primary_key=True),
    Column("field", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("salt", Text, nullable=False),
    Column("expires_at", UtcDateTime, index=True),
)
"""All personal data of the database stands in the column `text`."""

documents = Table(
    "documents",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""Large bodies, zlib-compressed JSON, by the SHA-256 of the JSON."""

secrets = Table(
    "secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Keys made by this installation, such as the one that callers' numbers are hashed with."""

requests = Table(
    "requests",
    metadata,
    Column("key", Text, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False, index=True),
)
"""Answers by idempotency key, written with what they answer."""

centre = Table(
    "centre",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("directory_digest", String(64), nullable=False),
)

calls = Table(
    "calls",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("call_type", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("number_hash", Text),
    Column("incident_id", Text),
    Column("taken_by", Text, nullable=False),
    Column("texts", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "incident_id"),
    Index(None, "number_hash", "received_at"),
    Index(None, "received_at"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("incident_id", Text, primary_key=True),
    Column("category", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("location_kind", Text, nullable=False),
    Column("lat", Float),
    Column("lon", Float),
    Column("radius_m", Float),
    Column("village_code", Text),
    Column("kecamatan_code", Text),
    Column("label", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("status_at", UtcDateTime, nullable=False),
    Column("alarm_level", Integer, nullable=False),
    Column("notes", Text, nullable=False),
    Column("notified", Text, nullable=False),
    Column("disposition", Text),
    Column("closed_at", UtcDateTime),
    Column("duplicate_of", Text),
    Column("handed_to", Text),
    Column("exercise", Boolean, nullable=False),
    Column("answers", Text, nullable=False, server_default="[]"),
    Column("version", Integer, nullable=False),
    Column("acknowledged", Text),
    Index(None, "status"),
    Index(None, "received_at"),
    Index(None, "village_code"),
)

day_counts = Table(
    "day_counts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("number", Integer, nullable=False),
)
"""How many calls and incidents have an id of a day, such as `incidents 261124`."""

units = Table(
    "units",
    metadata,
    Column("unit_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_at", UtcDateTime, nullable=False),
    Column("lat", Float, nullable=False),
    Column("lon", Float, nullable=False),
    Column("fix_time", UtcDateTime),
    Column("capabilities", Text, nullable=False),
    Column("station", Text),
    Column("free_at", UtcDateTime),
    Column("on_duty", Boolean, nullable=False),
    Column("retired", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)

assignments = Table(
    "assignments",
    metadata,
    Column("assignment_id", Text, primary_key=True),
    Column("incident_id", Text, ForeignKey("incidents.incident_id"), nullable=False),
    Column("unit_id", Text, ForeignKey("units.unit_id"), nullable=False),
    Column("assigned_by", Text, nullable=False),
    Column("milestones", Text, nullable=False),
    Column("recommendation_id", Text),
    Column("override_reason", Text),
    Column("hospital", Text),
    Column("ended_at", UtcDateTime),
    Column("end", Text),
    Column("end_reason", Text),
    Column("acknowledged", Text),
    Index(None, "incident_id"),
    Index(
        "uq_assignments_one_active_per_unit",
        "unit_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)
"""The partial unique index is the promise that no unit is ever given to two incidents."""

recommendations = Table(
    "recommendations",
    metadata,
    Column("recommendation_id", Text, primary_key=True),
    Column("incident_id", Text, nullable=False, index=True),
    Column("made_at", UtcDateTime, nullable=False),
    Column("digest", String(64), nullable=False),
)

verifications = Table(
    "verifications",
    metadata,
    Column("verification_id", Text, primary_key=True),
    Column("incident_id", Text, nullable=False, index=True),
    Column("body", Text, nullable=False),
)

handovers = Table(
    "handovers",
    metadata,
    Column("handover_id", Text, primary_key=True),
    Column("incident_id", Text, nullable=False, index=True),
    Column("body", Text, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Text, primary_key=True),
    Column("incident_id", Text, nullable=False, index=True),
    Column("body", Text, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("unit_id", Text, ForeignKey("units.unit_id"), nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)

accounts = Table(
    "accounts",
    metadata,
    Column("login", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("bound_to", Text),
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
)

closures = Table(
    "closures",
    metadata,
    Column("closure_id", Text, primary_key=True),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime),
    Column("reopened_at", UtcDateTime),
    Column("body", Text, nullable=False),
    Index(None, "reopened_at", "ends_at"),
    Index(None, "starts_at"),
)

cut_off = Table(
    "cut_off",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)
