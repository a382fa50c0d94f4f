"""What a fleet's positions cost a dispatcher: latency of his requests without and with the load.

By default 500 units send a position every 5 seconds for 20 seconds, as Traccar Client (query and JSON) and OwnTracks
do, each over a connection of its own, to a server process on SQLite; a dispatcher asks for the nearest units all the
while. Server, fleet and dispatcher are processes of their own. Prints the median and 95th percentile of both and the
difference; the exit status is 1 when the 95th percentile grew by more than 50 ms, or a position that was acknowledged
is not in the database.

Run `python -m bench.positions` from the repository's root; `--database` takes the URL of an empty PostgreSQL database.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import http.client
import json
import multiprocessing
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from sqlalchemy import Engine, func, select
from waitress.server import create_server

from dispatch.store.engine import open_engine
from dispatch.store.migrate import ensure_tables
from dispatch.store.positions import PositionStore, positions, token_hash
from dispatch.store.schema import devices, units
from web.app import create_app
from web.lanes import LaneDispatcher
from web.position_intake import DeviceBook, PositionIntake
from web.positions import Positions
from web.regions import open_region
from web.service import Desk

SEED = 112
MOST_SLOWER_MS = 50.0
PATH = "/api/v1/positions"
THREADS, LANE_THREADS = 8, 64


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; 1 when the dispatcher was slowed too much or an acknowledged position is missing."""
    options = _options(arguments)
    if options.serve:
        _serve(options.database)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        database = options.database or f"sqlite:///{Path(folder) / 'positions.db'}"
        engine = open_engine(database)
        _add_units(engine, options.units)
        command = [sys.executable, "-m", "bench.positions", "--serve", "--database", database]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            return _measure(options, engine, port)
        finally:
            server.terminate()
            server.wait()
            engine.dispose()


def _measure(options: argparse.Namespace, engine: Engine, port: int) -> int:
    _ask(port, 2.0, options.pause)  # warm
    before = _ask(port, options.seconds, options.pause)
    pipe, other_end = multiprocessing.Pipe()
    fleet = multiprocessing.Process(target=_fleet, args=(other_end, port, options))
    fleet.start()
    pipe.recv()  # the first round is on its way
    during = _ask(port, options.seconds, options.pause)
    pipe.send("stop")
    statuses, sent_ms = pipe.recv()
    fleet.join()
    with engine.connect() as connection:
        stored = connection.execute(select(func.count()).select_from(positions)).scalar_one()

    name = engine.dialect.name
    print(f"{options.units} units every {options.every:g} s for {options.seconds:g} s, server on {name}")
    print(f"positions: {sum(statuses.values())} sent, by status {dict(statuses)}, {stored} in the database")
    print("ms                                requests   median      p95      max")
    _report("a position, until stored", sent_ms)
    _report("GET /nearest without the load", before)
    _report("GET /nearest with the load", during)
    slower = [float(np.percentile(during, p) - np.percentile(before, p)) for p in (50, 95)]
    print(f"{'slower by':33} {'':8} {slower[0]:8.1f} {slower[1]:8.1f}")
    lost = statuses[200] - stored
    if lost > 0:
        print(f"{lost} acknowledged positions are not in the database")
    return 1 if slower[1] > MOST_SLOWER_MS or lost > 0 else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=500)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between the positions of a unit")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to measure, without and with the load")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two requests of the dispatcher")
    parser.add_argument("--burst", action="store_true", help="all units send at the same moment")
    parser.add_argument("--database", help="URL of an empty database (default: a SQLite file that is removed)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _report(label: str, times_ms: Sequence[float]) -> None:
    median, p95 = np.percentile(times_ms, 50), np.percentile(times_ms, 95)
    print(f"{label:33} {len(times_ms):8} {median:8.1f} {p95:8.1f} {max(times_ms):8.1f}")


# --- the server --------------------------------------------------------------------------------------------------


def _token(number: int) -> str:
    return f"load-{number:04}-{SEED}"


def _add_units(engine: Engine, count: int) -> None:
    ensure_tables(engine)
    now = datetime.now(UTC)
    with engine.begin() as connection:
        connection.execute(
            units.insert(),
            [
                {
                    "unit_id": f"LOAD-{number:04}",
                    "kind": "ambulance",
                    "agency": "load",
                    "status": "available",
                    "status_at": now,
                    "lat": -6.7,
                    "lon": 108.5,
                    "capabilities": "[]",
                    "on_duty": True,
                    "retired": False,
                    "version": 1,
                }
                for number in range(count)
            ],
        )
        connection.execute(
            devices.insert(),
            [
                {
                    "token_hash": token_hash(_token(number)),
                    "unit_id": f"LOAD-{number:04}",
                    "label": "",
                    "created_at": now,
                }
                for number in range(count)
            ],
        )


def _serve(database: str) -> None:
    """The desk of the demonstration region with the endpoints of positions, until terminated."""
    desk = Desk(open_region(None))
    desk.warm()
    store = PositionStore(open_engine(database))
    intake = PositionIntake(store)
    intake.start()
    app = create_app(desk, positions=Positions(intake=intake, devices=DeviceBook(store)))
    lanes = LaneDispatcher({PATH: LANE_THREADS}, threads=THREADS)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    server = create_server(app, _dispatcher=lanes, sockets=[listener], connection_limit=2000, asyncore_use_poll=True)
    print(listener.getsockname()[1], flush=True)
    server.run()


# --- the dispatcher ----------------------------------------------------------------------------------------------


def _ask(port: int, seconds: float, pause_s: float) -> list[float]:
    """Milliseconds of one request after the other, over a connection that is kept."""
    dice = random.Random(SEED)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times_ms = []
    end = time.perf_counter() + seconds
    while (started := time.perf_counter()) < end:
        at = f"{dice.uniform(-6.76, -6.68):.5f},{dice.uniform(108.48, 108.58):.5f}"
        connection.request("GET", f"/api/v1/nearest?{urlencode({'at': at, 'k': 5})}")
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"the dispatcher's request was answered with {answer.status}: {body[:200]!r}")
        times_ms.append(1e3 * (time.perf_counter() - started))
        time.sleep(pause_s)
    connection.close()
    return times_ms


# --- the fleet ---------------------------------------------------------------------------------------------------


def _fleet(pipe: Any, port: int, options: argparse.Namespace) -> None:
    """Send until told to stop, then hand back the statuses and the times."""
    statuses: Counter[int] = Counter()
    sent_ms: list[float] = []

    async def run() -> None:
        stop = asyncio.Event()
        drivers = [
            asyncio.create_task(_drive(number, port, options, stop, statuses, sent_ms))
            for number in range(options.units)
        ]
        await asyncio.sleep(options.every)
        pipe.send("on the road")
        while not pipe.poll():
            await asyncio.sleep(0.1)
        stop.set()
        await asyncio.gather(*drivers)

    asyncio.run(run())
    pipe.send((statuses, sent_ms))


async def _drive(
    number: int,
    port: int,
    options: argparse.Namespace,
    stop: asyncio.Event,
    statuses: Counter[int],
    sent_ms: list[float],
) -> None:
    dice = random.Random(SEED + number)
    lat, lon = dice.uniform(-6.8, -6.6), dice.uniform(108.4, 108.6)
    due = time.perf_counter() + (0.0 if options.burst else dice.uniform(0, options.every))
    while not stop.is_set():
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        due += options.every
        lat, lon = lat + dice.gauss(0, 2e-4), lon + dice.gauss(0, 2e-4)
        started = time.perf_counter()
        try:
            statuses[await _send(port, _message(number, lat, lon))] += 1
            sent_ms.append(1e3 * (time.perf_counter() - started))
        except OSError:
            statuses[0] += 1


def _message(number: int, lat: float, lon: float) -> bytes:
    """A whole request, in one of the three ways."""
    token, now = _token(number), datetime.now(UTC)
    headers = ["Host: 127.0.0.1", "Connection: close"]
    body = b""
    match number % 3:
        case 0:
            fields = {"id": token, "timestamp": round(now.timestamp() * 1000), "lat": lat, "lon": lon, "speed": 20.5}
            line = f"POST {PATH}/osmand?{urlencode(fields)} HTTP/1.1"
        case 1:
            coords = {"latitude": lat, "longitude": lon, "accuracy": 8, "speed": 10.5, "heading": 90, "altitude": 12}
            location = {"timestamp": now.isoformat(), "coords": coords, "battery": {"level": 0.8, "is_charging": False}}
            body = json.dumps({"location": location, "device_id": token}).encode()
            line = f"POST {PATH}/osmand HTTP/1.1"
            headers.append("Content-Type: application/json")
        case _:
            # OwnTracks tells whole seconds.
            seconds = int(now.timestamp())
            body = json.dumps({"_type": "location", "tid": "ld", "tst": seconds, "lat": lat, "lon": lon}).encode()
            line = f"POST {PATH}/owntracks HTTP/1.1"
            headers.append(f"Authorization: Basic {base64.b64encode(f'u:{token}'.encode()).decode()}")
    headers.append(f"Content-Length: {len(body)}")
    return "\r\n".join((line, *headers, "", "")).encode() + body


async def _send(port: int, message: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(message)
        answer = await reader.read()
    finally:
        writer.close()
    return int(answer.split(b" ", 2)[1])


if __name__ == "__main__":
    sys.exit(main())
