"""Opening the database: SQLite in a file (WAL) or PostgreSQL, by one address.

A write on SQLite begins with BEGIN IMMEDIATE, so a writer waits at the start and never fails half-way; on
PostgreSQL writers wait for the row of `chain_head`. On SQLite they queue first, see `dispatch.store.turns`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from dispatch.errors import StoreError
from dispatch.store.turns import Turns

BUSY_TIMEOUT_MS: Final = 30_000
LOCK_TIMEOUT_MS: Final = 30_000
_WRITES: Final = "siaga112_writes"

_TURNS: WeakKeyDictionary[Engine, Turns] = WeakKeyDictionary()


def open_engine(url: str, *, pool_size: int = 32) -> Engine:
    """An engine for `sqlite:///FILE` or `postgresql://…`; a bare path is a SQLite file.

    Raises
    ------
    StoreError
        The address cannot be read, or names another kind of database.
    """
    try:
        address = make_url(url if "://" in url else f"sqlite:///{url}")
    except ArgumentError:
        raise StoreError("The address of the database cannot be read; use sqlite:///FILE or postgresql://…") from None
    if address.get_backend_name() == "sqlite":
        if not address.database or address.database == ":memory:":
            raise StoreError("The database needs a file; use sqlite:///FILE.")
        folder = Path(address.database).resolve().parent
        if not folder.is_dir():
            raise StoreError("The folder {folder} of the database does not exist; create it.", folder=folder)
        engine = create_engine(
            address, hide_parameters=True, pool_size=pool_size, max_overflow=pool_size, pool_timeout=60,
            connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
        )  # fmt: skip
        event.listen(engine, "do_connect", _make_private)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif address.get_backend_name() == "postgresql":
        engine = create_engine(
            address.set(drivername="postgresql+psycopg"), hide_parameters=True, pool_size=pool_size,
            max_overflow=pool_size, pool_timeout=60, pool_pre_ping=True,
            connect_args={"options": f"-c lock_timeout={LOCK_TIMEOUT_MS} -c timezone=UTC", "connect_timeout": 10},
        )  # fmt: skip
    else:
        raise StoreError(
            "Databases of the kind {kind} are not supported; use sqlite:///FILE or postgresql://…",
            kind=address.get_backend_name(),
        )
    file = Path(address.database).resolve() if engine.dialect.name == "sqlite" and address.database else None
    _TURNS[engine] = Turns(file, LOCK_TIMEOUT_MS / 1000)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads one state of the whole database."""
    with _told(), engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine, *, to_log: bool = False) -> Iterator[Connection]:
    """A transaction that writes: committed at the end of the block, undone where the block raises.

    Parameters
    ----------
    engine
        The database.
    to_log
        Whether it locks the head of the log: then the threads of this process queue here, which is cheaper than with
        a connection each in the database.
    """
    if engine.dialect.name == "postgresql":
        with _told(), _TURNS[engine].mine() if to_log else nullcontext(), engine.begin() as connection:
            yield connection
        return
    with _told(), _TURNS[engine].mine(), engine.connect() as connection:
        connection.execution_options(**{_WRITES: True})
        with connection.begin():
            yield connection


@contextmanager
def at_once(connection: Connection) -> Iterator[None]:
    """Send the statements of the block to PostgreSQL without waiting for each to be answered.

    Only for statements that write: one that reads would find nothing.

    Raises
    ------
    IntegrityError
        The database refuses one of them.
    """
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "postgresql":
        yield
        return
    loaded = connection.dialect.loaded_dbapi
    try:
        with driver.pipeline():
            yield
    except loaded.IntegrityError as error:
        raise IntegrityError(None, None, error) from error
    except loaded.Error as error:
        raise DBAPIError(None, None, error) from error


@contextmanager
def _told() -> Iterator[None]:
    """The database's own troubles as one sentence; what it says of constraints is for the caller."""
    try:
        yield
    except DBAPIError as error:
        if error.orig is None or type(error.orig).__name__ in {"IntegrityError", "UniqueViolation"}:
            raise
        said = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        raise StoreError("The database cannot be used: {said}. Look at it and try again.", said=said[0]) from error


def _make_private(_dialect: Any, _record: Any, arguments: list[Any], _named: Any) -> None:
    """A new file is for its owner's eyes alone; SQLite gives its log and index the rights of the file."""
    with suppress(OSError):  # It is there already, or SQLite will say why it cannot be made.
        os.close(os.open(arguments[0], os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    cursor = connection.cursor()
    # FULL: what was acknowledged is on disk also when the power fails.
    # secure_delete: an erased text is gone from the file too, not only from the table.
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON",
        "secure_delete=ON",
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
