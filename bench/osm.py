"""Reading a map: the road part of a region build, from an OpenStreetMap file of 40 MB, beside pyosmium's bare reading.

    script/bench osm [--osm FILE] [--data DIR] [--runs 3]

Without a file, twelve copies of the extract of Malta lie side by side in one (some 40 MB, made once under build/bench).
Our reader and libosmium give the same network, which is checked before anything is timed. Rounds take turns, so that
what else the machine does falls on all alike; the least of each part counts, in wall and in processor seconds. The road
part is the reading, the network, its index and its hierarchy; places and streets are told apart. The exit status is 1
when the networks differ.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import osmium

from bench.travel.extracts import tile_extract
from routing import osm_read
from routing.hierarchy import Hierarchy
from routing.kernels import warm_kernels
from routing.osm_pbf import UnusualError
from routing.osm_read import OsmExtract, read_osm
from routing.snap import Snapper

REPOSITORY = Path(__file__).resolve().parents[1]
COPIES = 12
KEPT = REPOSITORY / "build" / "bench" / "malta-12.osm.pbf"
TARGET_S = 12.0
TARGET_RATIO = 1.58
"""Of the target to pyosmium's bare reading on the machine that it was set on."""

BARE = "pyosmium, bare reading"
LIBOSMIUM = "all that is read, by libosmium"
STEPS = {
    "open": "opening",
    "read": "reading the file",
    "network": "network",
    "places": "places and background",
    "streets": "streets",
}
ROAD_PARTS = ("opening", "reading the file", "network", "index from points to roads", "hierarchy")


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(prog="script/bench osm", description=__doc__)
    parser.add_argument("--osm", type=Path, help="a .osm.pbf; default twelve copies of Malta")
    parser.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data", help="where osm/ lies")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    path = options.osm or _tiled(options.data / "osm" / "malta.osm.pbf")
    warm_kernels(lambda _: None)
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
    ours, theirs = read_osm([path]), _by_libosmium(path)
    if not _same(ours, theirs):
        sys.exit("the two readers give different networks")
    network = ours.network
    print(f"{network.node_count:,} nodes, {network.edge_count:,} edges; both readers give the same network\n")
    del ours, theirs
    times: dict[str, list[tuple[float, float]]] = {}
    for _ in range(options.runs):
        _timed(times, BARE, lambda: _bare(path))
        clock = _Clock(times)
        read_osm([path], progress=clock)
        clock("end", None)
        _timed(times, "index from points to roads", lambda: Snapper.build(network))
        _timed(times, "hierarchy", lambda: Hierarchy.build(network))
        _timed(times, LIBOSMIUM, lambda: _by_libosmium(path))
    least = {name: [min(column) for column in zip(*rows, strict=True)] for name, rows in times.items()}
    print("| part | wall s, least | processor s, least |\n|---|---|---|")
    for name, (wall, cpu) in least.items():
        print(f"| {name} | {wall:.1f} | {cpu:.1f} |")
    road_s = sum(wall for name, (wall, _) in least.items() if name in ROAD_PARTS)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ratio = road_s / least[BARE][0]
    print(f"\nroad part {road_s:.1f} s (target {TARGET_S:g} s); peak memory of all this {peak_mb:.0f} MB")
    print(f"{ratio:.2f} times the bare reading of pyosmium (target {TARGET_RATIO:g})")


def _bare(path: Path) -> None:
    """What pyosmium takes to show each thing of the file to Python, and nothing done with it."""
    for _ in osmium.FileProcessor(str(path)):
        pass


class _Clock:
    """Told of the steps of a reading, keeps how long each took."""

    def __init__(self, times: dict[str, list[tuple[float, float]]]) -> None:
        self._times = times
        self._last: tuple[str, float, float] | None = None

    def __call__(self, step: str, _share: float | None) -> None:
        now = time.perf_counter(), time.process_time()
        if self._last is not None:
            name, wall, cpu = self._last
            self._times.setdefault(STEPS[name], []).append((now[0] - wall, now[1] - cpu))
        self._last = step, *now


def _tiled(source: Path) -> Path:
    if not source.is_file():
        sys.exit(f"{source} is not there; name a file with --osm or the folder of the data with --data.")
    if not KEPT.is_file():
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        begun = KEPT.with_name("begun.osm.pbf")
        tile_extract(source, begun, COPIES)
        begun.rename(KEPT)
    return KEPT


def _by_libosmium(path: Path) -> OsmExtract:
    def unusual(*_: Any, **__: Any) -> Any:
        raise UnusualError("the benchmark asks for libosmium")

    with patch.object(osm_read, "read_pbf", unusual):
        return read_osm([path])


def _same(one: OsmExtract, other: OsmExtract) -> bool:
    return all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") if isinstance(a, np.ndarray) else a == b
        for field in fields(one.network)
        for a, b in [(getattr(one.network, field.name), getattr(other.network, field.name))]
    )


def _timed(times: dict[str, list[tuple[float, float]]], name: str, act: Callable[[], object]) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    times.setdefault(name, []).append((time.perf_counter() - wall, time.process_time() - cpu))


if __name__ == "__main__":
    main()
