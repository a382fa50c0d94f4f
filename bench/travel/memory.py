"""The memory of building a hierarchy and answering from it, in a process of its own that does nothing else.

    python -m bench.travel.memory FOLDER

Prints the seconds of each part and the peak in bytes, as JSON; compiled code is warmed on a tiny network first.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from bench.travel.engines import OurSearch, Roads
from bench.travel.measure import SEED, UNITS, Figure
from bench.travel.other_python import REPOSITORY
from bench.travel.tiling import tiled
from routing.network import RoadNetwork

MEMORY, COLD_BUILD = "memory", "cold build"


def memory_figures(name: str, folder: Path) -> list[Figure]:
    """Seconds of building in a fresh process and its peak memory; bytes stand where seconds do elsewhere."""
    command = [sys.executable, "-m", "bench.travel.memory", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY)
    found = json.loads(done.stdout)
    return [
        Figure(
            network=name,
            nodes=found["nodes"],
            question=question,
            engine="siaga112",
            median_s=found[key],
            least_s=found[key],
            runs=1,
            note=note,
        )
        for question, key, note in (
            (COLD_BUILD, "build_s", "compiled code warm"),
            (MEMORY, "peak_bytes", "bytes, the interpreter and its libraries included"),
        )
    ]


def main() -> None:
    network = RoadNetwork.load(Path(sys.argv[1]))
    _answer(Roads.of("tiny", _corner(network)))
    roads = Roads.of("", network)
    started = time.perf_counter()
    build_s, customize_s = _answer(roads)
    peak = _peak_bytes()
    found = {"nodes": roads.size, "build_s": build_s, "customize_s": customize_s, "peak_bytes": peak}
    print(json.dumps(found | {"all_s": time.perf_counter() - started}))


def _answer(roads: Roads) -> tuple[float, float]:
    engine, dice = OurSearch(), np.random.default_rng(SEED)
    started = time.perf_counter()
    engine.build(roads)
    built = time.perf_counter()
    engine.customize()
    customized = time.perf_counter()
    engine.pin(dice.integers(0, roads.size, min(UNITS, roads.size)))
    for target in dice.integers(0, roads.size, 20).tolist():
        engine.rank(target)
    return built - started, customized - built


def _peak_bytes() -> int:
    """The most memory that this process ever had.

    Not `getrusage`: its peak is inherited from the process that started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _corner(network: RoadNetwork) -> RoadNetwork:
    """A network so small that only the compiling counts."""
    from tests.networks import Road, network_from_edges

    del network
    small = network_from_edges([(0.0, 0.0), (0.0, 0.01), (0.01, 0.01)], [Road(tail=0, head=1), Road(tail=1, head=2)])
    return tiled(small.network, 2, 2)


if __name__ == "__main__":
    main()
