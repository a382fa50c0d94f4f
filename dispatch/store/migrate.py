"""Making the tables and bringing them up to date, by Alembic.

An empty database gets its tables when it is first opened. One of an older version is never changed behind anybody's
back: `siaga112 db upgrade` does it, after a backup.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from dispatch.errors import StoreError
from dispatch.store.engine import open_engine, reading, writing
from gis.errors import N_

_SCRIPTS = "dispatch.store:migrations"
_LOCK = 0x51A6A112
"""PostgreSQL's advisory lock while tables are made: two hosts may start at once."""


def ensure_tables(engine: Engine) -> None:
    """Make the tables of an empty database; refuse one of another version.

    Raises
    ------
    StoreError
        The database is older or newer than this program, or holds tables that are not ours.
    """
    with writing(engine) as connection:
        _lock(connection)
        found = _revision(connection)
        if found == newest():
            return
        if found is not None:
            raise StoreError(_MISMATCH[_is_known(found)], found=found, newest=newest())
        _check_empty(connection)
        _upgrade(connection)


def check_tables(engine: Engine) -> None:
    """Refuse a database that is not ready to be asked; changes nothing.

    Raises
    ------
    StoreError
        The database is empty, older or newer than this program, or holds tables that are not ours.
    """
    with reading(engine) as connection:
        found = _revision(connection)
        if found is None:
            _check_empty(connection)
            raise StoreError(N_("The database is empty: no centre was ever started on it."))
    if found != newest():
        raise StoreError(_MISMATCH[_is_known(found)], found=found, newest=newest())


def engine_to_ask(url: str) -> Engine:
    """A database that is there; none is made where a name was mistyped.

    Raises
    ------
    StoreError
        It is not there, holds no centre yet, or is of another version.
    """
    engine = open_engine(url)
    if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).is_file():
        raise StoreError(N_("There is no database {file}; check the name after --db."), file=engine.url.database)
    check_tables(engine)
    return engine


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """Bring the tables up to date.

    Returns
    -------
    tuple
        The version before (None: an empty database) and after.

    Raises
    ------
    StoreError
        The database is newer than this program, or holds tables that are not ours.
    """
    with writing(engine) as connection:
        _lock(connection)
        before = _revision(connection)
        if before is None:
            _check_empty(connection)
        elif not _is_known(before):
            raise StoreError(_MISMATCH[False], found=before, newest=newest())
        if before != newest():
            _upgrade(connection)
        return before, newest()


def newest() -> str:
    """The version that this program works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise StoreError("The migrations are missing from the installation; install Siaga112 again.")
    return head


_MISMATCH = {
    True: "The database is of version {found}, this program needs {newest}; back it up and run `siaga112 db upgrade`.",
    False: "The database is of version {found}, which is newer than this program ({newest}); install the newer one.",
}


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _check_empty(connection: Connection) -> None:
    foreign = sorted(set(inspect(connection).get_table_names()) - {"alembic_version"})
    if foreign:
        raise StoreError(
            "The database holds other tables ({tables}); give Siaga112 a database of its own.",
            tables=", ".join(foreign[:3]),
        )


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _is_known(revision: str) -> bool:
    return any(one.revision == revision for one in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.set_main_option("path_separator", "os")
    return config
