"""A small fleet with devices, and a started server of positions, for tests of both."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from sqlalchemy import Engine
from waitress.server import create_server

from dispatch.fixes import Device
from dispatch.store.engine import open_engine
from dispatch.store.migrate import ensure_tables
from dispatch.store.positions import PositionStore, token_hash
from dispatch.store.schema import devices, units
from web.lanes import LaneDispatcher
from web.position_intake import DeviceBook, PositionIntake
from web.positions import Positions, register_positions
from web.problems import register_problems

MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)


def open_database(url: str) -> Engine:
    """An engine on a database with all tables."""
    engine = open_engine(url)
    ensure_tables(engine)
    return engine


def token_of(unit_id: str) -> str:
    """The token of a unit's device in tests."""
    return f"token-of-{unit_id}-not-a-secret"


def device_of(unit_id: str, kind: str = "ambulance") -> Device:
    return Device(token_hash=token_hash(token_of(unit_id)), unit_id=unit_id, kind=kind, label="phone")


def add_units(engine: Engine, unit_ids: list[str], kind: str = "ambulance") -> None:
    """Units with one device each."""
    with engine.begin() as connection:
        connection.execute(
            units.insert(),
            [
                {
                    "unit_id": unit_id,
                    "kind": kind,
                    "agency": "Dinkes",
                    "status": "available",
                    "status_at": MADE_AT,
                    "lat": -6.7,
                    "lon": 108.5,
                    "capabilities": "[]",
                    "on_duty": True,
                    "retired": False,
                    "version": 1,
                }
                for unit_id in unit_ids
            ],
        )
        connection.execute(
            devices.insert(),
            [
                {
                    "token_hash": token_hash(token_of(unit_id)),
                    "unit_id": unit_id,
                    "label": "phone",
                    "created_at": MADE_AT,
                }
                for unit_id in unit_ids
            ],
        )


@contextmanager
def served(app: Flask, *, threads: int = 4, lane_threads: int = 16) -> Iterator[int]:
    """A waitress server on a free port of loopback, with a lane for positions; gives the port."""
    lanes = LaneDispatcher({"/api/v1/positions": lane_threads}, threads=threads)
    server = create_server(
        app, _dispatcher=lanes, host="127.0.0.1", port=0, connection_limit=1000, asyncore_use_poll=True
    )
    runner = threading.Thread(target=server.run, daemon=True)
    runner.start()
    try:
        yield server.effective_port
    finally:
        server.close()
        lanes.shutdown()
        runner.join(5)


def position_app(store: PositionStore, intake: PositionIntake, **more: Any) -> Flask:
    """An application with the positions alone."""
    app = Flask("positions")
    app.config.update(MAX_CONTENT_LENGTH=1_000_000)
    register_problems(app)
    register_positions(app, Positions(intake=intake, devices=DeviceBook(store, fresh_s=0.0, retry_s=0.0), **more))
    return app
