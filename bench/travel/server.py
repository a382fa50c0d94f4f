"""The whole way of a question: a cold command, and a real server on loopback with sixteen clients."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.region import cirebon
from bench.travel.measure import SEED, UNITS, Figure
from bench.travel.networks import DATA
from bench.travel.other_python import REPOSITORY
from bench.travel.python_api import OURS, place_near
from gis.types import Location
from routing.network import RoadNetwork
from routing.region import Region
from routing.region_build import build_region

CLIENTS = 16
PAUSE_S = 0.5
"""Between the answer to a client and his next question: a whole centre in a storm. Without any pause each of them waits
for the fifteen others, and what is measured is how many answers there are in a second."""

COLD_RUNS = 5
IMPORTS_SHOWN = 6

HTTP_MEDIAN, HTTP_P95, HTTP_BUSY = "http", "http p95", "http busy"
COLD, COLD_IMPORTS = "cold", "cold imports"

_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)$")


def server_figures(*, seconds: float) -> list[Figure]:
    """HTTP latency and the first answer of a cold command, on the region of Cirebon."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "region"
        build_region(cirebon(DATA), folder)
        network = Region.open(folder).network
        dice = random.Random(SEED)
        units = Path(scratch) / "units.csv"
        units.write_text(_units_csv(network, dice), encoding="utf-8")
        incidents = [place_near(network, dice) for _ in range(500)]
        return [
            *_http_figures(folder, units, network.node_count, incidents, seconds),
            *_cold_figures(folder, units, network.node_count, incidents[0]),
        ]


def _units_csv(network: RoadNetwork, dice: random.Random) -> str:
    places = [place_near(network, dice) for _ in range(UNITS)]
    rows = [f"U{number:03},ambulance,PSC 119,available,{at.lat:.6f},{at.lon:.6f},," for number, at in enumerate(places)]
    return "\n".join(["id,kind,agency,status,lat,lon,fix_time,capabilities", *rows, ""])


def _http_figures(folder: Path, units: Path, nodes: int, incidents: Sequence[Location], seconds: float) -> list[Figure]:
    command = [sys.executable, "-m", "web.cli", "serve", "--region", str(folder), "--units", str(units)]
    command += ["--map-only", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=REPOSITORY)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline().rstrip().rstrip("/").rpartition(":")[2])
        _clients(port, incidents, 1.0, 0.0)
        # In a process of their own, so that they hold no lock of anybody who measures.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            paced, refused = pool.apply(_clients, (port, incidents, seconds, PAUSE_S))
            busy, _ = pool.apply(_clients, (port, incidents, seconds, 0.0))
    finally:
        server.terminate()
        server.wait()
    found = []
    for question, times_s, share, pause_s in (
        (HTTP_MEDIAN, paced, 50, PAUSE_S),
        (HTTP_P95, paced, 95, PAUSE_S),
        (HTTP_BUSY, busy, 50, 0.0),
    ):
        figure = Figure(network="cirebon", nodes=nodes, question=question, engine=OURS)
        if refused or not times_s:
            found.append(replace(figure, note=f"the server says {refused or 'nothing'}"))
            continue
        note = f"{CLIENTS} clients, {pause_s:g} s between questions, {len(times_s) / seconds:.0f} answers a second"
        figure = replace(figure, median_s=float(np.percentile(times_s, share)), least_s=min(times_s))
        found.append(replace(figure, runs=len(times_s), note=note))
    return found


def _clients(port: int, incidents: Sequence[Location], seconds: float, pause_s: float) -> tuple[list[float], str]:
    """Seconds of every answer to clients who ask again after a pause, and the first status that was not 200."""
    times_s: list[float] = []
    refused: list[str] = []

    async def one(number: int) -> None:
        dice = random.Random(SEED + number)
        await asyncio.sleep(dice.uniform(0.0, pause_s))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end and not refused:
            at = dice.choice(incidents)
            path = f"/api/v1/nearest?at={at.lat:.6f},{at.lon:.6f}&k=5"
            started = time.perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                int(line.partition(":")[2]) for line in head.splitlines() if line.lower().startswith("content-length")
            )
            await reader.readexactly(length)
            times_s.append(time.perf_counter() - started)
            if head.split()[1] != "200":
                refused.append(head.splitlines()[0])
            if pause_s:
                await asyncio.sleep(dice.uniform(0.5, 1.5) * pause_s)
        writer.close()

    async def everybody() -> None:
        await asyncio.gather(*(one(number) for number in range(CLIENTS)))

    asyncio.run(everybody())
    return times_s, refused[0] if refused else ""


def _cold_figures(folder: Path, units: Path, nodes: int, at: Location) -> list[Figure]:
    """A whole `siaga112 nearest` from the start of the process, and which imports it pays for."""
    command = [sys.executable, "-m", "web.cli", "nearest", "--region", str(folder), "--units", str(units)]
    command += ["--at", f"{at.lat:.6f},{at.lon:.6f}", "--json"]
    times_s = []
    for _ in range(COLD_RUNS + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=REPOSITORY)
        times_s.append(time.perf_counter() - started)
    told = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPROFILEIMPORTTIME": "1"},
    ).stderr
    own_us: dict[str, int] = {}
    for line in told.splitlines():
        if match := _IMPORT.match(line):
            package = match[3].partition(".")[0]
            own_us[package] = own_us.get(package, 0) + int(match[1])
    heaviest = sorted(own_us.items(), key=lambda item: -item[1])[:IMPORTS_SHOWN]
    listed = ", ".join(f"{name} {us / 1000:.0f} ms" for name, us in heaviest)
    return [
        Figure(
            network="cirebon",
            nodes=nodes,
            question=COLD,
            engine=OURS,
            median_s=float(np.median(times_s[1:])),
            least_s=min(times_s[1:]),
            runs=COLD_RUNS,
        ),
        Figure(
            network="cirebon",
            nodes=nodes,
            question=COLD_IMPORTS,
            engine=OURS,
            median_s=sum(own_us.values()) / 1e6,
            least_s=sum(own_us.values()) / 1e6,
            runs=1,
            note=listed,
        ),
    ]
