"""The first answer of a cold `siaga112 nearest`, interpreter start included, and what its imports take.

    script/bench cold [--region DIR] [--at PLACE] [--runs 5]

Each run is a new process. Wall time counts other work of the machine as well, processor time does not. Imports are
listed by package, each with the time of its own modules (`python -X importtime`, least of the runs).
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
AT = "-6.7172,108.5362"
SHOWN = 12
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
HOUSE = ("gis", "routing", "dispatch", "planning", "web")


def main() -> None:
    """Print one line of times and one table."""
    parser = argparse.ArgumentParser(prog="script/bench cold", description=__doc__)
    parser.add_argument("--region", type=Path, help="region folder; default the demonstration region")
    parser.add_argument("--at", default=AT, help="what `nearest` is asked for")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    command = ["-m", "web.cli", "nearest", "--at", options.at, "--json"]
    command += [] if options.region is None else ["--region", str(options.region)]
    answered(command)  # fills the caches of the file system
    runs = sorted(answered(command) for _ in range(options.runs))
    print(
        f"nearest, cold: least {runs[0][0]:.2f} s, median {runs[len(runs) // 2][0]:.2f} s of {len(runs)} runs, ", end=""
    )
    print(f"least processor time {min(cpu_s for _, cpu_s in runs):.2f} s")
    packages = min((import_times(command) for _ in range(options.runs)), key=lambda times: sum(times.values()))
    print(f"of these, imports {sum(packages.values()):.2f} s:")
    ordered = sorted(packages.items(), key=lambda item: -item[1])
    for name, seconds in ordered[:SHOWN]:
        print(f"  {name:<24}{seconds * 1000:>6.0f} ms")
    print(f"  {f'{len(ordered) - SHOWN} others':<24}{sum(seconds for _, seconds in ordered[SHOWN:]) * 1000:>6.0f} ms")


def answered(command: list[str]) -> tuple[float, float]:
    """Seconds of one run by the clock, and of the processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True, cwd=REPOSITORY)
    wall_s = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def import_times(command: list[str]) -> dict[str, float]:
    """Seconds that the modules of each package take to import; the house's packages and the library each together."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        check=True,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    times: dict[str, float] = defaultdict(float)
    for micros, module in _LINE.findall(done.stderr):
        name = module.split(".")[0].lstrip("_")
        if name in HOUSE:
            name = "siaga112"
        elif name in sys.stdlib_module_names or f"_{name}" in sys.stdlib_module_names:
            name = "standard library"
        times[name] += int(micros) / 1e6
    return dict(times)


if __name__ == "__main__":
    main()
