"""The figures of OSRM and Valhalla, which run in a Python of their own and snap places to roads by themselves.

Their rank therefore holds snapping (as ours through the Python API does), and their agreement is that of the first
unit: OSRM drives at our speeds, Valhalla at its own from the tags.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.travel.engines import Roads
from bench.travel.measure import BUILD, RANK, SEED, TABLE, UNITS, VILLAGES, Figure, figure
from bench.travel.networks import KEPT
from bench.travel.osm_write import write_osm
from bench.travel.other_python import PeerMissingError, PeerProcess, build_osrm, build_valhalla, peer_python
from gis.types import Location
from routing.network import RoadNetwork
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper

ASKED = 60
"""Incidents put to either, one after the other."""

OSRM, VALHALLA = "OSRM", "Valhalla"
MOST_NODES_CH = 100_000
"""Beyond, contracting takes OSRM many minutes; its other algorithm is then asked."""


def other_figures(roads: Roads, patience_s: float, *, install: bool) -> list[Figure]:
    """Build, rank and table of both, or why there are none."""
    try:
        python = peer_python(install=install)
    except PeerMissingError as error:
        return [figure(roads, RANK, name, str(error)) for name in (OSRM, VALHALLA)]
    osm = KEPT / f"{roads.name}.peers" / "roads.osm.pbf"
    if not osm.is_file():
        osm.parent.mkdir(parents=True, exist_ok=True)
        write_osm(roads.network, roads.metric, osm, shapes=False)
    algorithm = "CH" if roads.size <= MOST_NODES_CH else "MLD"
    router = Router(roads.network, RoutingSettings(turn_round_s=0.0), snapper=Snapper.build(roads.network))

    def osrm() -> tuple[str, ...]:
        return "osrm", str(build_osrm(python, osm, scale=1, turn_round_s=0.0, algorithm=algorithm)), algorithm

    def valhalla() -> tuple[str, ...]:
        return "valhalla", str(build_valhalla(python, osm))

    return [
        one
        for name, prepare in ((f"{OSRM} ({algorithm})", osrm), (VALHALLA, valhalla))
        for one in _figures(name, prepare, python, roads, router, patience_s)
    ]


def _figures(
    name: str, prepare: Callable[[], tuple[str, ...]], python: Path, roads: Roads, router: Router, patience_s: float
) -> list[Figure]:
    dice = random.Random(SEED)
    units, villages = ([_at_node(roads.network, dice) for _ in range(count)] for count in (UNITS, VILLAGES))
    incidents = [_at_node(roads.network, dice) for _ in range(ASKED)]
    found: list[Figure] = []
    try:
        started = time.perf_counter()
        arguments = prepare()
        built_s = time.perf_counter() - started
        if built_s > 1.0:  # else its files were there already
            found.append(figure(roads, BUILD, name, [built_s]))
        with PeerProcess(python, *arguments) as peer:
            peer.ask(units, incidents[:1])
            times_s, same = [], 0
            pinned = router.pin(units)
            began = time.perf_counter()
            for incident in incidents:
                answer = peer.ask(units, [incident])
                times_s += answer.times_s
                theirs = [np.inf if row[0] is None else row[0] for row in answer.seconds]
                same += int(np.argmin(theirs)) == int(np.nanargmin(router.answer(incident, pinned).seconds))
                if time.perf_counter() - began > patience_s:
                    break
            ranks = figure(roads, RANK, name, times_s)
            note = f"snapping included; the same first unit in {100 * same / len(times_s):.0f} %"
            found.append(replace(ranks, note=note))
            pace_s = float(np.median(times_s))
            if pace_s * VILLAGES > 10 * patience_s:
                found.append(figure(roads, TABLE, name, f"{VILLAGES} ranks at its pace take too long"))
            else:
                found.append(figure(roads, TABLE, name, peer.ask(units, villages, times=3).times_s[1:]))
    except (PeerMissingError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1]
        found.append(figure(roads, RANK, name, f"it failed: {reason}"))
    return found


def _at_node(network: RoadNetwork, dice: random.Random) -> Location:
    """Exactly at a node, so that nobody's snapping makes a difference."""
    node = dice.randrange(network.node_count)
    return Location(lat=float(network.node_lat[node]), lon=float(network.node_lon[node]))
