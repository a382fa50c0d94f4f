"""The networks of the benchmark, from real roads; each is made once and kept, for other processes open it too."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

from bench.travel.other_python import REPOSITORY
from bench.travel.tiling import every_point_a_node, largest_component, tiled
from routing.metric import Metric
from routing.network import RoadNetwork
from routing.osm_read import read_osm
from routing.settings import RoutingSettings

DATA = REPOSITORY.parent / "shared" / "data"
KEPT = REPOSITORY / "build" / "bench"
"""Ignored by git; remove it to make the networks anew."""

SMALL_TILES, LARGE_TILES = 4, 13


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkKind:
    """A network, in words, and how it is made."""

    title: str
    make: Callable[[], RoadNetwork]


NETWORKS: dict[str, NetworkKind] = {
    "cirebon": NetworkKind(title="Cirebon, junctions", make=lambda: _junctions("cirebon/cirebon.osm.pbf")),
    "malta": NetworkKind(title="Malta, junctions", make=lambda: _junctions("osm/malta.osm.pbf")),
    "cirebon_fine": NetworkKind(
        title="Cirebon, every point of its roads",
        make=lambda: every_point_a_node(_junctions("cirebon/cirebon.osm.pbf")),
    ),
    "tiled": NetworkKind(
        title=f"{SMALL_TILES} x {SMALL_TILES} tiles of Cirebon",
        make=lambda: tiled(network_of("cirebon_fine"), SMALL_TILES, SMALL_TILES),
    ),
    "java": NetworkKind(
        title=f"{LARGE_TILES} x {LARGE_TILES} tiles of Cirebon",
        make=lambda: tiled(network_of("cirebon_fine"), LARGE_TILES, LARGE_TILES),
    ),
}
"""By name; all are the largest strongly connected piece alone."""


def network_folder(name: str) -> Path:
    """Where a network is kept; made where it is not yet there.

    Raises
    ------
    FileNotFoundError
        When the real data is not beside the repository.
    """
    folder = KEPT / name
    # A network kept by an older edition of the program may lack an array.
    if not all((folder / f"{field.name}.npy").is_file() for field in fields(RoadNetwork) if field.name != "names"):
        network = NETWORKS[name].make()
        part = KEPT / f"{name}.part"
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        part.mkdir(parents=True)
        network.save(part)
        part.rename(folder)
    return folder


def network_of(name: str) -> RoadNetwork:
    """A network, opened from where it is kept."""
    return RoadNetwork.load(network_folder(name))


def _junctions(file: str) -> RoadNetwork:
    path = DATA / file
    if not path.is_file():
        raise FileNotFoundError(f"the real data is missing: there is no {path}")
    network = read_osm([path]).network
    return largest_component(network, Metric.build(network, RoutingSettings()).is_open)
