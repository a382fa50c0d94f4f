"""What Alembic runs: the migrations, on the connection that `dispatch.store.migrate` gives it."""

from __future__ import annotations

from alembic import context

from dispatch.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    render_as_batch=False,
    transaction_per_migration=False,
)
context.run_migrations()
