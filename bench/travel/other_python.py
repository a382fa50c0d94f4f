"""Peers that need another Python than ours: their environment, what they build from a map, and how they are asked."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gis.types import Location

REPOSITORY = Path(__file__).resolve().parents[2]
PEERS = REPOSITORY / "build" / "peers"
"""Everything of the peers stands here, ignored by git; remove it to begin anew."""

PYTHON = "3.12"
PACKAGES = ("osrm-bindings", "pyvalhalla")
HERE = Path(__file__).resolve().parent
WORKER = HERE / "peer_worker.py"
OSRM_PROFILE = HERE / "osrm_profile.lua"

OSRM_SCALE = 100
"""OSRM counts tenths of a second on each piece of road; at a hundredth of the speed that is a millisecond."""


class PeerMissingError(Exception):
    """A peer cannot be had here; the text is the reason."""


def peer_python(*, install: bool) -> Path:
    """The Python of the peers' environment.

    Parameters
    ----------
    install
        Whether to make the environment where it is missing; it takes a minute and the internet.

    Raises
    ------
    PeerMissingError
        When there is no environment, or none can be made.
    """
    python = PEERS / "environment" / "bin" / "python"
    if _has_packages(python):
        return python
    if not install:
        raise PeerMissingError("its environment is missing; `script/bench agreement` makes it")
    interpreter = _interpreter()
    try:
        shutil.rmtree(PEERS / "environment", ignore_errors=True)
        _run([interpreter, "-m", "venv", str(PEERS / "environment")])
        _run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES])
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout or str(error)).strip().splitlines()
        raise PeerMissingError(f"pip cannot install {' and '.join(PACKAGES)}: {lines[-1]}") from None
    return python


def _has_packages(python: Path) -> bool:
    if not python.is_file():
        return False
    found = subprocess.run([python, "-c", "import osrm, valhalla"], capture_output=True, check=False)
    return found.returncode == 0


def _interpreter() -> str:
    """A Python of the right version: on the path, or one of pyenv's."""
    found = shutil.which(f"python{PYTHON}")
    if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
        return found
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for python in sorted(versions.glob(f"{PYTHON}.*/bin/python")):
        return str(python)
    raise PeerMissingError(f"it needs Python {PYTHON}, which is not on this machine")


def build_osrm(python: Path, osm: Path, *, scale: int, turn_round_s: float, algorithm: str) -> Path:
    """What OSRM needs of a map, with the speeds in its tags; built anew where the map is newer.

    Parameters
    ----------
    python
        Of the peers' environment.
    osm
        As `bench.travel.osm_write` wrote it.
    scale
        By how much to slow down all speeds.
    turn_round_s
        Seconds of turning round.
    algorithm
        `CH` (contraction hierarchy, the quickest answers) or `MLD` (multi-level Dijkstra, the quickest to build).
    """
    folder = osm.parent / f"osrm-{algorithm}-{scale}-{turn_round_s:g}"
    base = folder / osm.name.removesuffix(".osm.pbf")
    ready = folder / "ready"
    if ready.is_file() and ready.stat().st_mtime >= osm.stat().st_mtime:
        return base.with_name(base.name + ".osrm")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / osm.name).symlink_to(osm)
    osrm = base.with_name(base.name + ".osrm")
    settings = os.environ | {"SIAGA112_SCALE": str(scale), "SIAGA112_TURN_ROUND_S": str(turn_round_s)}
    command = [str(python), "-m", "osrm"]
    _run([*command, "extract", "-t", "2", "-p", str(OSRM_PROFILE), str(folder / osm.name)], settings)
    if algorithm == "CH":
        _run([*command, "contract", "-t", "2", str(osrm)])
    else:
        _run([*command, "partition", "-t", "2", str(osrm)])
        _run([*command, "customize", "-t", "2", str(osrm)])
    ready.touch()
    return osrm


def build_valhalla(python: Path, osm: Path) -> Path:
    """Valhalla's tiles of a map; its configuration. Built anew where the map is newer or the folder was moved."""
    folder = osm.parent / "valhalla"
    config = folder / "valhalla.json"
    ready = folder / "ready"
    fresh = ready.is_file() and ready.stat().st_mtime >= osm.stat().st_mtime
    if fresh and tile_folder(config) == folder / "tiles":
        return config
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tiles").mkdir(parents=True)
    program = (
        "import json, sys, valhalla\n"
        "config = valhalla.get_config(tile_extract='', tile_dir=sys.argv[1])\n"
        "limits = config['service_limits']['auto']\n"
        "limits.update(max_matrix_location_pairs=10**7, max_matrix_distance=10**7)\n"
        "config['service_limits'].setdefault('max_timedep_distance_matrix', 0)\n"
        "config['mjolnir']['concurrency'] = 2\n"
        "config['mjolnir'].pop('tile_extract', None)\n"
        "print(json.dumps(config))\n"
    )
    config.write_text(_run([str(python), "-c", program, str(folder / "tiles")]), encoding="utf-8")
    # The package looks for its programs on the path.
    settings = os.environ | {"PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    _run([str(python), "-m", "valhalla", "valhalla_build_tiles", "-c", str(config), str(osm)], settings)
    ready.touch()
    return config


def tile_folder(config: Path) -> Path | None:
    """Where Valhalla would look for its tiles; None where the configuration does not tell."""
    try:
        return Path(json.loads(config.read_text(encoding="utf-8"))["mjolnir"]["tile_dir"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerAnswer:
    """Seconds from origins to targets (None: no way), seconds the call took, and the rest of the answer."""

    seconds: list[list[float | None]]
    times_s: list[float]
    more: dict[str, Any]


class PeerProcess:
    """A peer in its own Python; use it as a context."""

    def __init__(self, python: Path, kind: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [str(python), str(WORKER), kind, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self.opened_s = float(self._read()["opened_s"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.communicate()

    def ask(self, origins: Sequence[Location], targets: Sequence[Location], times: int = 1) -> PeerAnswer:
        """One table, asked `times` times."""
        places = [[[place.lon, place.lat] for place in side] for side in (origins, targets)]
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"origins": places[0], "targets": places[1], "times": times}) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        return PeerAnswer(seconds=answer.pop("seconds"), times_s=answer.pop("times_s"), more=answer)

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            # Valhalla writes its log to the same stream.
            if line.startswith("{"):
                return dict(json.loads(line))
        _, errors = self._process.communicate()
        raise PeerMissingError(f"its process ended: {(errors.strip().splitlines() or ['no word'])[-1]}")


def has(module: str) -> bool:
    """Whether a module of our own environment can be imported."""
    return importlib.util.find_spec(module) is not None


def _run(command: Sequence[str], settings: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=settings)
    return done.stdout
