"""All tables of the database, for migrations and backups: importing this registers every one on `metadata`."""

from __future__ import annotations

from dispatch.store import positions, webhook_tables
from dispatch.store.schema import metadata

__all__ = ["metadata", "positions", "webhook_tables"]
