"""The whole way of a question: a cold command, and a real server on loopback with sixteen clients."""

from __future__ import annotations

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
from bench.travel.http_clients import Heard, ask
from bench.travel.measure import SEED, UNITS, Figure
from bench.travel.networks import DATA
from bench.travel.other_python import REPOSITORY
from bench.travel.python_api import OURS, place_near
from gis.types import Location
from routing.network import RoadNetwork
from routing.region import Region
from routing.region_build import build_region

CLIENTS = 16
EVERY_S = 1.0
"""Each of sixteen desks asks once a second, which is more than a storm of calls gives a centre. Without any pause each
of them waits for the fifteen others, and what is measured is how many answers there are in a second: both are told."""

FIRST, WHOLE = "most=5&excluded=5", ""
"""What is asked of all 200 ranked units: the first of them, as a desk shows them, or every one with its reason."""

COLD_RUNS = 5
IMPORTS_SHOWN = 6

HTTP_MEDIAN, HTTP_P95, HTTP_BUSY, HTTP_WHOLE = "http", "http p95", "http busy", "http whole"
COLD, COLD_IMPORTS = "cold", "cold imports"

_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)$")


def server_figures(*, seconds: float, cold: bool = True) -> list[Figure]:
    """HTTP latency and (`cold`) the first answer of a cold command, on the region of Cirebon."""
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
            *(_cold_figures(folder, units, network.node_count, incidents[0]) if cold else ()),
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
        # In a process of their own, so that they hold no lock of anybody who measures.
        with multiprocessing.get_context("spawn").Pool(1) as pool:

            def asked(what: str, every_s: float, for_s: float) -> Heard:
                paths = [f"/api/v1/nearest?at={at.lat:.6f},{at.lon:.6f}&{what}" for at in incidents]
                facts = {"clients": CLIENTS, "seconds": for_s, "every_s": every_s, "seed": SEED}
                return pool.apply(ask, (port, paths), facts)

            asked(FIRST, 0.0, 1.0)
            first, whole, busy = (
                asked(what, every_s, seconds) for what, every_s in ((FIRST, EVERY_S), (WHOLE, EVERY_S), (FIRST, 0.0))
            )
    finally:
        server.terminate()
        server.wait()
    found = []
    for question, heard, share, said in (
        (HTTP_MEDIAN, first, 50, "once a second each"),
        (HTTP_P95, first, 95, "once a second each"),
        (HTTP_WHOLE, whole, 95, "once a second each, all units told"),
        (HTTP_BUSY, busy, 95, "without a pause"),
    ):
        figure = Figure(network="cirebon", nodes=nodes, question=question, engine=OURS)
        if heard.refused or not heard.times_s:
            found.append(replace(figure, note=f"the server says {heard.refused or 'nothing'}"))
            continue
        note = f"{CLIENTS} clients, {said}: {heard.per_second:.0f} answers a second"
        least_s = min(heard.times_s)
        figure = replace(figure, median_s=float(np.percentile(heard.times_s, share)), least_s=least_s)
        found.append(replace(figure, runs=len(heard.times_s), note=note))
    return found


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
