"""Closed roads, and who is cut off by them.

Written out in full and tied to no other module: what this makes must not change when the program does.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_closures"
down_revision = "0002_access"
branch_labels = None
depends_on = None

MOMENT = sa.String(27).with_variant(sa.DateTime(timezone=True), "postgresql")
"""As `dispatch.store.schema.UtcDateTime` was in this version."""


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "closures",
        sa.Column("closure_id", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT),
        sa.Column("reopened_at", MOMENT),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("closure_id", name="pk_closures"),
    )
    op.create_index("ix_closures_reopened_at_ends_at", "closures", ["reopened_at", "ends_at"])
    op.create_index("ix_closures_starts_at", "closures", ["starts_at"])
    op.create_table(
        "cut_off",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cut_off"),
    )
