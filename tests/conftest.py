"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres import desk, postgres_server, postgres_url, shared_desk, sqlite_url, store_url, tables_folder

__all__ = [
    "desk",
    "postgres_server",
    "postgres_url",
    "shared_data",
    "shared_desk",
    "sqlite_url",
    "store_url",
    "tables_folder",
]

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real boundaries, roads and oracles beside the repository; skips where it is missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data beside the repository (../shared/data) is not on this machine")
    return SHARED_DATA
