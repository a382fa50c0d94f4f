"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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

# No test judges by time: a machine may be slow or busy. Each property is tried with 25 examples, new ones every time;
# SIAGA112_EXAMPLES asks for more. Modules about exactness ask for a number of their own.
settings.register_profile(
    "siaga112",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=int(os.environ.get("SIAGA112_EXAMPLES", "25")),
)
settings.load_profile("siaga112")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real boundaries, roads and oracles beside the repository; skips where it is missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data beside the repository (../shared/data) is not on this machine")
    return SHARED_DATA


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules with slow tests go first: so no process begins a minute's work when the others are about to end.

    Whole modules, in the order that they had, for the tests of a module share what it opens.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow") is not None}
    items.sort(key=lambda item: item.path not in slow)
