"""Turns to write: first the threads of a process in the order they came, and on SQLite then the processes.

SQLite lets in whoever asks at the right moment and makes the others sleep up to a tenth of a second between asking, so
under load some wait for seconds while others pass again and again. Here a process that has written goes back behind the
door at which all others wait. SQLite's own lock is what keeps the file whole; this only shares it out.
"""

from __future__ import annotations

import fcntl
import os
import random
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from dispatch.errors import StoreError

_DOOR: Final = 0
_ROOM: Final = 1
_DOOR_WAIT_S: Final = 0.006
_ROOM_WAIT_S: Final = 0.0004
"""Only one process asks this often: the one that is through the door."""


class Turns:
    """The turns of one process.

    Parameters
    ----------
    path
        The database's file; beside it stands an empty one that the processes lock. Locks of a killed process are gone.
        None: the database queues the processes itself.
    timeout_s
        How long a process waits for others.
    """

    def __init__(self, path: Path | None, timeout_s: float) -> None:
        self._path = None if path is None else path.with_name(f"{path.name}-queue")
        self._timeout_s = timeout_s
        self._file: int | None = None
        self._lock = threading.Lock()
        self._busy = False
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def mine(self) -> Iterator[None]:
        """Wait for a turn, and hold it.

        Raises
        ------
        StoreError
            Another process does not end its turn.
        """
        self._queue()
        try:
            with self._among_processes():
                yield
        finally:
            self._next()

    def _queue(self) -> None:
        with self._lock:
            if not self._busy:
                self._busy = True
                return
            called = threading.Event()
            self._waiting.append(called)
        called.wait()

    def _next(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()  # The turn is handed on, not put up for grabs.
            else:
                self._busy = False

    @contextmanager
    def _among_processes(self) -> Iterator[None]:
        file = self._opened()
        if file is None:
            yield
            return
        deadline = time.monotonic() + self._timeout_s
        _take(file, _DOOR, _DOOR_WAIT_S, deadline)
        try:
            _take(file, _ROOM, _ROOM_WAIT_S, deadline)
        finally:
            _leave(file, _DOOR)
        try:
            yield
        finally:
            _leave(file, _ROOM)

    def _opened(self) -> int | None:
        if self._file is None and self._path is not None:
            with suppress(OSError):  # Where it cannot be made, SQLite's lock has to do.
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._file

    def __del__(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)


def _take(file: int, place: int, wait_s: float, deadline: float) -> None:
    while True:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            return
        except BlockingIOError:
            pass
        except OSError:
            return  # A file system without locks.
        if time.monotonic() > deadline:
            raise StoreError("Another program has been writing to the database for too long; look at it and try again.")
        time.sleep(wait_s * random.uniform(0.5, 1.5))


def _leave(file: int, place: int) -> None:
    with suppress(OSError):
        fcntl.lockf(file, fcntl.LOCK_UN, 1, place)
