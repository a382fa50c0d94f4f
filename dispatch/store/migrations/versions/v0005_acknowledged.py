"""That a crew has read of its task, and an agency of an incident.

Written out in full and tied to no other module: what this makes must not change when the program does.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_acknowledged"
down_revision = "0004_answers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the columns; what is empty was not acknowledged."""
    op.add_column("incidents", sa.Column("acknowledged", sa.Text()))
    op.add_column("assignments", sa.Column("acknowledged", sa.Text()))
