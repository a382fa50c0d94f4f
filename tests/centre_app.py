"""A whole centre for tests of its API: the demonstration region, a real database, the real application."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select
from waitress.server import create_server

from dispatch.store import schema
from dispatch.store.engine import reading
from dispatch.store.store import Store
from web.app import create_app
from web.lanes import LaneDispatcher
from web.one_send import OneSendChannel
from web.regions import open_region
from web.running import Running
from web.server import EVENTS_PATH, POSITIONS_PATH
from web.service import Desk
from web.sessions import Access

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Argon2 that costs a test nothing."""
HERE = {"kind": "point", "location": {"lat": -6.7172, "lon": 108.5362}, "radius_m": 20}


@cache
def demonstration_region() -> Any:
    """Opened once: it is only read."""
    return open_region(None)


class CentreApp:
    """The application with what stands behind it."""

    def __init__(self, url: str, *, accounts: bool = False, config: dict[str, Any] | None = None) -> None:
        self.running = Running(Desk(demonstration_region()), url, hasher=QUICK)
        access = Access(sign_in=self.running.sign_in, secret_key="k" * 40) if accounts else None
        self.app: Flask = create_app(
            self.running.centre.desk,
            centre=self.running.centre,
            positions=self.running.positions,
            access=access,
            config=config,
        )

    @property
    def store(self) -> Store:
        return self.running.store

    def counts(self) -> dict[str, int]:
        """Rows of every table, and the head of the log: what a refused request must leave as it was."""
        with reading(self.store.engine) as connection:
            found = {
                name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
                for name, table in schema.metadata.tables.items()
            }
        return found | {"head": self.store.head()[0]}


@contextmanager
def centre_app(url: str, **how: Any) -> Iterator[CentreApp]:
    """A centre whose positions are taken; the housekeeper and webhooks rest, so that nothing changes by itself."""
    made = CentreApp(url, **how)
    made.running.positions.intake.start()
    try:
        yield made
    finally:
        made.running.positions.intake.stop()
        made.store.engine.dispose()


@contextmanager
def served(app: Flask, *, streams: int = 8) -> Iterator[int]:
    """The application on a free port of loopback, with the lanes of `siaga112 serve`; gives the port."""
    lanes = LaneDispatcher({POSITIONS_PATH: 4, EVENTS_PATH: streams}, threads=4)
    server = create_server(app, _dispatcher=lanes, host="127.0.0.1", port=0, asyncore_use_poll=True)
    server.channel_class = OneSendChannel
    runner = threading.Thread(target=server.run, daemon=True)
    runner.start()
    try:
        yield server.effective_port
    finally:
        server.close()
        lanes.shutdown(timeout=1)
        runner.join(1)
