"""Fixtures of real databases: a private PostgreSQL, and the URLs that the store's contract suite runs on.

`SIAGA112_NO_POSTGRES=1` leaves PostgreSQL out, said aloud as skips; without it, its absence is an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.private_postgres import PrivatePostgres, private_postgres

BACKENDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PrivatePostgres]:
    """A PostgreSQL of the tests' own, for the whole run; a test that crashes it starts it again."""
    if os.environ.get("SIAGA112_NO_POSTGRES") == "1":
        pytest.skip("SIAGA112_NO_POSTGRES is set")
    with private_postgres() as server:
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
