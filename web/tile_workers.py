"""Who draws tiles: this process, one tile at a time, or processes of their own that give way to everything else.

Drawing is tens of milliseconds of pure computing. In the server's process it would hold Python's lock while a
dispatcher waits for an answer; in a process of its own, at low priority, it takes only what others leave.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from gis.errors import N_, SiagaError
from routing.region import Region
from web.map_style import PALETTES
from web.region_layers import layers_of
from web.tile_draw import MapPainter

MOST_WORKERS = 4
ANSWER_S = 60.0
"""A process that is silent for longer is ended. A large region takes seconds to load."""

WAIT_S = 20.0
RETRY_S = 5

TileKey = tuple[str, int, int, int, int]
"""Style, zoom, column, row, density."""

Draw = Callable[[TileKey], bytes]

_log = logging.getLogger(__name__)


class TooBusyError(SiagaError):
    """All that draw are busy; ask again later."""

    code = "too-busy"


class LocalDrawing:
    """Draws in this process, one tile at a time; the layers are read for the first."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._painter: MapPainter | None = None
        self._turn = threading.Lock()

    def __call__(self, key: TileKey) -> bytes:
        """The PNG of a tile."""
        style, zoom, column, row, density = key
        with self._turn:
            if self._painter is None:
                self._painter = MapPainter(layers_of(self._region))
            return self._painter.tile(zoom, column, row, palette=PALETTES[style], density=density)


class TileWorkers:
    """Draws in processes of their own. Safe to use from several threads.

    Parameters
    ----------
    region
        Whose map they draw.
    count
        Processes; by default half of the processors, at least one.
    """

    def __init__(self, region: Region, count: int | None = None) -> None:
        self._here = LocalDrawing(region)
        wanted = count or max(1, min(MOST_WORKERS, (os.cpu_count() or 1) // 2))
        self._free: queue.Queue[_Worker] = queue.Queue()
        self._workers = [_Worker(region.folder.resolve()) for _ in range(wanted)]
        for worker in self._workers:
            worker.start()
            self._free.put(worker)

    def __call__(self, key: TileKey) -> bytes:
        """The PNG of a tile.

        Raises
        ------
        TooBusyError
            No process became free in time.
        """
        try:
            worker = self._free.get(timeout=WAIT_S)
        except queue.Empty:
            raise TooBusyError(N_("The map is being drawn for many at once; ask for this tile again.")) from None
        try:
            return worker.ask(key)
        except OSError as error:
            _log.warning("The process that draws tiles ended (%s); another is started.", error)
            worker.start()
        finally:
            self._free.put(worker)
        return self._here(key)

    def stop(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.stop()


class _Worker:
    """One process; used by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, anew if need be."""
        self.stop()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "web.tile_process", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1",
                 "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip

    def ask(self, key: TileKey) -> bytes:
        """The PNG of a tile; OSError where the process is gone or silent."""
        process = self._process
        if process is None or process.stdin is None:
            raise OSError("it was stopped")
        process.stdin.write(json.dumps(key).encode() + b"\n")
        return self._read(int.from_bytes(self._read(4), "big"))

    def _read(self, count: int) -> bytes:
        assert self._process is not None and self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        parts, left = [], count
        while left:
            if not select.select([pipe], [], [], ANSWER_S)[0]:
                raise TimeoutError(f"no answer within {ANSWER_S:.0f} s")
            part = os.read(pipe, left)
            if not part:
                raise BrokenPipeError("its output ended")
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def stop(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
