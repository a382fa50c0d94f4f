"""All tables of the database, for migrations and backups: importing this registers every one on `metadata`."""

from __future__ import annotations

from dispatch.store import credential_tables, positions, webhook_tables
from dispatch.store.schema import metadata

__all__ = ["credential_tables", "metadata", "positions", "webhook_tables"]
