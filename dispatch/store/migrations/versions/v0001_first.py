"""The first tables, and the rule that the event log only grows."""

from __future__ import annotations

from alembic import op

from dispatch.store.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    metadata.create_all(op.get_bind())
