"""Reading a map: the road part of a region build, from an OpenStreetMap file of 40 MB, by our reader and by libosmium.

    script/bench osm [--osm FILE] [--data DIR] [--runs 3]

Without a file, twelve copies of the extract of Malta lie side by side in one (some 40 MB, made once under build/bench).
Both readers give the same network, which is checked before anything is timed. Wall and processor seconds of each part;
the exit status is 1 when the networks differ.
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
    rows = [
        ("read and build the network, ours", lambda: read_osm([path])),
        ("the same, read by libosmium", lambda: _by_libosmium(path)),
        ("index from points to roads", lambda: Snapper.build(network)),
        ("hierarchy", lambda: Hierarchy.build(network)),
    ]
    print("| part | wall s, least | wall s, median | processor s, least |\n|---|---|---|---|")
    wall = {}
    for name, act in rows:
        times = sorted(_timed(act) for _ in range(options.runs))
        wall[name] = times[len(times) // 2][0]
        print(f"| {name} | {times[0][0]:.1f} | {wall[name]:.1f} | {min(cpu for _, cpu in times):.1f} |")
    road_s = sum(wall.values()) - wall["the same, read by libosmium"]
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nroad part {road_s:.1f} s (target {TARGET_S:g} s); peak memory of all this {peak_mb:.0f} MB")


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


def _timed(act: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
