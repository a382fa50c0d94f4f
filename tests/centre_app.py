"""A whole centre for tests of its API: the demonstration region, a real database, the real application."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, make_url, select
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
from web.tile_workers import Draw, LocalDrawing

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Argon2 that costs a test nothing."""
HERE = {"kind": "point", "location": {"lat": -6.7172, "lon": 108.5362}, "radius_m": 20}


@cache
def demonstration_region() -> Any:
    """Opened once: it is only read."""
    return open_region(None)


@cache
def demonstration_tiles() -> Draw:
    """Draws tiles for every centre of this process: layers are read once, and a tile is drawn once for all."""
    return lru_cache(maxsize=1000)(LocalDrawing(demonstration_region()))


@cache
def first_start() -> bytes:
    """The SQLite file of a centre after its first start: tables, directory and units. Made once in a process.

    Migrating an empty database and registering seventy units one by one takes most of what such a centre costs a test.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "siaga112.db"
        running = Running(Desk(demonstration_region()), f"sqlite:///{file}", hasher=QUICK)
        running.store.engine.dispose()
        # All that was committed stands in the file itself: the last connection has put its log of changes away.
        assert [one.name for one in Path(folder).iterdir() if one.stat().st_size] == [file.name]
        return file.read_bytes()


def put_first_start(url: str) -> None:
    """Let a SQLite database that is not there yet begin after the first start; others start by themselves."""
    asked = make_url(url)
    if asked.get_backend_name() == "sqlite" and asked.database and not Path(asked.database).exists():
        Path(asked.database).write_bytes(first_start())


class CentreApp:
    """The application with what stands behind it."""

    def __init__(self, url: str, *, accounts: bool = False, config: dict[str, Any] | None = None) -> None:
        put_first_start(url)
        self.running = Running(Desk(demonstration_region()), url, hasher=QUICK)
        access = Access(sign_in=self.running.sign_in, secret_key="k" * 40) if accounts else None
        self.app: Flask = create_app(
            self.running.centre.desk,
            centre=self.running.centre,
            positions=self.running.positions,
            access=access,
            draw=demonstration_tiles(),
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


def speed_report(factor: float) -> dict[str, Any]:
    """A report of learnt speeds that proposes one factor for primary roads of one kecamatan of the demonstration."""
    area = demonstration_region().boundaries.kecamatan[0].code
    error = {"trips": 30, "median_s": 80.0, "p90_s": 200.0, "bias_s": -70.0, "median_share": 0.2}
    cell = {"road_class": "primary", "kecamatan": area, "bin": "night", "factor": factor, "low": 0.7, "high": 0.9,
            "trips": 30, "thin": False}  # fmt: skip
    return {
        "since": "2026-01-01T00:00:00+00:00", "until": "2026-03-31T00:00:00+00:00", "trips": 30, "choosing": 30,
        "held_out": 30, "by_trace": 30, "excluded": {"too_short": 2}, "before": error, "noise": 0.1, "trip_spread": 0.1,
        "after": {**error, "median_s": 20.0, "p90_s": 60.0, "bias_s": 1.0, "median_share": 0.05},
        "classes": [{"road_class": "primary", "factor": factor, "trips": 30, "seconds": 7200, "before": 0.25,
                     "after": 0.05, "changed": True}],
        "cells": [cell], "warnings": [], "remarks": [{"code": "thin", "values": {"thin": 1, "factors": 1, "trips": 5}}],
        "factors": {"version": "", "kecamatan": [area], "bin_of_hour": [0] * 168, "bins": 1,
                    "factors": [["primary", area, 0, factor]]},
    }  # fmt: skip
