"""Alembic's migrations of the database, oldest first in `versions/`."""
