"""The database: the only place of `dispatch` that knows SQL."""
