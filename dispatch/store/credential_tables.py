"""Tables of how people prove who they are. None of it is in the event log or can be made from it.

Passwords are Argon2id hashes; tokens of sessions, links and programs are SHA-256 hashes. Secrets of second factors must
be readable, for codes are computed from them: who has the database has them, so it and its backups are for its owner's
eyes alone.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from dispatch.store.schema import UtcDateTime, metadata

credentials = Table(
    "credentials",
    metadata,
    Column("login", Text, primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("password_hash", Text),
    Column("totp_secret", Text),
    Column("totp_pending", Text),
    Column("totp_step", BigInteger),
    Column("recovery_hashes", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", UtcDateTime),
    Column("language", Text),
    Column("theme", Text),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("login", Text, nullable=False, index=True),
    Column("stage", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

one_time_links = Table(
    "one_time_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("login", Text, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
"""Links to set a password; one without a login makes the first administrator."""

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("login", Text, nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
