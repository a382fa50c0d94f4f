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

from dispatch.commands import RegisterDevice, RegisterUnit
from dispatch.store.engine import open_engine
from dispatch.store.positions import positions, token_hash
from dispatch.store.store import Store
from gis.types import Location
from web.running import open_store

SEED = 112
MOST_SLOWER_MS = 50.0
PATH = "/api/v1/positions"
WORK = ("POST calls", "POST incidents", "GET nearest", "POST assignments", "POST recall", "POST cancel")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; 1 when the dispatcher was slowed too much or an acknowledged position is missing."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as folder:
        database = options.database or f"sqlite:///{Path(folder) / 'positions.db'}"
        _add_units(open_store(database), options.units)
        command = [sys.executable, "-m", "web.cli", "serve", "--port", "0", "--db", database]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline().rstrip().rstrip("/").rpartition(":")[2])
            return _measure(options, open_engine(database), port)
        finally:
            server.terminate()
            server.wait()


def _measure(options: argparse.Namespace, engine: Engine, port: int) -> int:
    _work(port, 3.0, options)  # warm
    before = _work(port, options.seconds, options)
    pipe, other_end = multiprocessing.Pipe()
    fleet = multiprocessing.Process(target=_fleet, args=(other_end, port, options))
    fleet.start()
    pipe.recv()  # the first round is on its way
    during = _work(port, options.seconds, options)
    pipe.send("stop")
    statuses, sent_ms = pipe.recv()
    fleet.join()
    with engine.connect() as connection:
        stored = connection.execute(select(func.count()).select_from(positions)).scalar_one()

    name = engine.dialect.name
    print(f"{options.units} units every {options.every:g} s for {options.seconds:g} s, server on {name}")
    print(f"positions: {sum(statuses.values())} sent, by status {dict(statuses)}, {stored} in the database")
    print(f"{'ms':26} {'without':>8} {'load':>8} {'':>8}  {'with':>8} {'load':>8} {'':>8}   slower at")
    print(f"{'':26} {'number':>8} {'median':>8} {'p95':>8}  {'number':>8} {'median':>8} {'p95':>8}   p95")
    worst = -np.inf
    for what in WORK:
        worst = max(worst, _report(what, before[what], during[what]))
    overall = _report(
        "all requests",
        [one for part in before.values() for one in part],
        [one for part in during.values() for one in part],
    )
    print(f"a position, until stored: median {np.percentile(sent_ms, 50):.1f}, p95 {np.percentile(sent_ms, 95):.1f}")
    lost = statuses[200] - stored
    if lost > 0:
        print(f"{lost} acknowledged positions are not in the database")
    return 1 if overall > MOST_SLOWER_MS or lost > 0 else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=500)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between the positions of a unit")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to measure, without and with the load")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two requests of the dispatcher")
    parser.add_argument("--burst", action="store_true", help="all units send at the same moment")
    parser.add_argument("--database", help="URL of an empty database (default: a SQLite file that is removed)")
    return parser.parse_args(arguments)


def _report(label: str, before: Sequence[float], during: Sequence[float]) -> float:
    figures = [(len(times), np.percentile(times, 50), np.percentile(times, 95)) for times in (before, during)]
    slower = float(figures[1][2] - figures[0][2])
    shown = "  ".join(f"{number:8} {median:8.1f} {p95:8.1f}" for number, median, p95 in figures)
    print(f"{label:26} {shown}   {slower:+.1f}")
    return slower


def _token(number: int) -> str:
    return f"load-{number:04}-{SEED}"


def _add_units(store: Store, count: int) -> None:
    """A fleet with a device each; and one unit more, which the dispatcher sends about."""
    for number in range(count):
        unit_id = f"LOAD-{number:04}"
        store.execute(
            RegisterUnit(unit_id=unit_id, kind="ambulance", agency="load", location=Location(lat=-6.7, lon=108.5)),
            actor="bench",
        )
        store.execute(
            RegisterDevice(unit_id=unit_id, token_hash=token_hash(_token(number)), label="phone"), actor="bench"
        )
    store.engine.dispose()


# --- the dispatcher ----------------------------------------------------------------------------------------------


def _work(port: int, seconds: float, options: argparse.Namespace) -> dict[str, list[float]]:
    """Milliseconds by request of one dispatcher who works without a rest but `--pause`."""
    dice = random.Random(SEED)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times_ms: dict[str, list[float]] = {what: [] for what in WORK}

    def ask(what: str, method: str, path: str, body: Any = None) -> Any:
        started = time.perf_counter()
        text = None if body is None else json.dumps(body)
        connection.request(method, f"/api/v1/{path}", text, {"Content-Type": "application/json"} if text else {})
        answer = connection.getresponse()
        read = answer.read()
        times_ms[what].append(1e3 * (time.perf_counter() - started))
        if answer.status not in (200, 201):
            raise SystemExit(f"{what} was answered with {answer.status}: {read[:300]!r}")
        time.sleep(options.pause)
        return json.loads(read)

    end = time.perf_counter() + seconds
    number = 0
    while time.perf_counter() < end:
        lat, lon = dice.uniform(-6.76, -6.68), dice.uniform(108.48, 108.58)
        call = ask("POST calls", "POST", "calls", {"caller_number": f"0812{dice.randrange(10**8):08}"})
        place = {"kind": "point", "location": {"lat": lat, "lon": lon}}
        opened = {"category": "medical", "severity": "high", "location": place, "call_id": call["calls"][0]["call_id"]}
        incident = ask("POST incidents", "POST", "incidents", opened)["incidents"][0]["incident_id"]
        ask("GET nearest", "GET", f"nearest?{urlencode({'at': f'{lat:.5f},{lon:.5f}', 'k': 5, 'kind': 'ambulance'})}")
        unit = f"LOAD-{number % options.units:04}"
        number += 1
        ask("POST assignments", "POST", f"incidents/{incident}/assignments", {"unit_ids": [unit]})
        ask("POST recall", "POST", f"units/{unit}/recall", {"reason": "bench"})
        ask("POST cancel", "POST", f"incidents/{incident}/cancel", {"reason": "bench"})
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
