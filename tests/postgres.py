"""Fixtures of real databases: a private PostgreSQL, and the URLs that the store's contract suite runs on.

`SIAGA112_NO_POSTGRES=1` leaves PostgreSQL out, said aloud as skips; without it, its absence is an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.desks import Desk, MemoryDesk, StoreDesk, empty_database
from tests.private_postgres import UNSYNCED, PrivatePostgres, private_postgres

BACKENDS = ("sqlite", "postgresql")
DESKS = ["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PrivatePostgres]:
    """A PostgreSQL of the tests' own, for the whole run; whoever crashes one starts a server of his own."""
    if os.environ.get("SIAGA112_NO_POSTGRES") == "1":
        pytest.skip("SIAGA112_NO_POSTGRES is set")
    with private_postgres(UNSYNCED) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PrivatePostgres) -> Iterator[str]:
    """The URL of an empty PostgreSQL database for one test."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'siaga112.db'}"


@pytest.fixture(params=[BACKENDS[0], pytest.param(BACKENDS[1], marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each backend in turn: what the contract suite runs on."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(scope="session")
def tables_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where SQLite databases with nothing but tables are copied from."""
    return tmp_path_factory.mktemp("tables")


@pytest.fixture(params=DESKS)
def desk(request: pytest.FixtureRequest, tables_folder: Path) -> Iterator[Desk]:
    """A desk of its own for one test: the plain model, SQLite and PostgreSQL in turn."""
    with _opened(request, tables_folder) as opened:
        yield opened


@pytest.fixture(scope="module", params=DESKS)
def shared_desk(request: pytest.FixtureRequest, tables_folder: Path) -> Iterator[Desk]:
    """A desk for all tests of a module that look at nothing but what they made themselves."""
    with _opened(request, tables_folder) as opened:
        yield opened


@contextmanager
def _opened(request: pytest.FixtureRequest, folder: Path) -> Iterator[Desk]:
    if request.param == "memory":
        yield MemoryDesk()
        return

    def server() -> PrivatePostgres:
        found: PrivatePostgres = request.getfixturevalue("postgres_server")
        return found

    url = empty_database(request.param, folder, server)
    opened = StoreDesk(url)
    try:
        yield opened
    finally:
        opened.close()
        if request.param == "postgresql":
            server().drop_database(url)
