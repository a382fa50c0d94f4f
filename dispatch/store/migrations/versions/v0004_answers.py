"""What callers answered to the questions of the run card.

Written out in full and tied to no other module: what this makes must not change when the program does.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_answers"
down_revision = "0003_closures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; incidents that are there have no answers."""
    op.add_column("incidents", sa.Column("answers", sa.Text(), nullable=False, server_default="[]"))
