"""What wakes those who follow the centre live: one look at the database for all of them, many times a second.

Commits of this process are heard at once. Those of other processes, and positions, which stand beside the log, are
found by looking: the head of the log and one narrow row per unit, whether one console follows or thirty.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from dispatch.store.engine import reading
from dispatch.store.positions import places
from dispatch.store.store import Store
from gis.errors import SiagaError

LOOK_S: Final = 0.2
"""How often the database is asked while somebody follows."""

_log = logging.getLogger(__name__)

UnitPlace = tuple[float, float, datetime]
"""Latitude, longitude and time of a fix."""


class Pulse:
    """The beat of one process; safe for threads.

    Parameters
    ----------
    store
        Whose log and positions are followed.
    look_s
        Seconds between two looks.
    """

    def __init__(self, store: Store, *, look_s: float = LOOK_S) -> None:
        self._store = store
        self._look_s = look_s
        self._changed = threading.Condition()
        self._followers = 0
        self._seq = 0
        self._round = 0
        self._places: dict[str, UnitPlace] = {}
        self._moved_in: dict[str, int] = {}
        self._thread: threading.Thread | None = None
        store.on_commit(self._wake)

    @contextmanager
    def followed(self) -> Iterator[None]:
        """The database is looked at as long as one is inside."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def begin(self) -> None:
        """One more follows."""
        with self._changed:
            self._followers += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
                self._thread.start()

    def end(self) -> None:
        """One less follows; with the last of them the looking ends."""
        with self._changed:
            self._followers -= 1
            self._changed.notify_all()

    def wait(self, seq: int, beat: int, timeout_s: float) -> None:
        """Return when something may stand in the log after `seq`, when a unit moved after `beat`, or in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._seq > seq or self._round > beat, timeout_s)

    def moved(self, beat: int) -> tuple[int, dict[str, UnitPlace]]:
        """The beat now, and where the units are that moved after another beat (0: all that have a position)."""
        with self._changed:
            if beat >= self._round:
                return self._round, {}
            return self._round, {one: self._places[one] for one, moved in self._moved_in.items() if moved > beat}

    def _wake(self) -> None:
        # Which event it was, the follower asks the log: this process may not have seen what came before it.
        with self._changed:
            self._seq = max(self._seq, self._store.last_committed)
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            began = time.monotonic()
            try:
                self._look()
            except SiagaError as error:
                _log.warning("The database cannot be followed: %s", error)
            except Exception:
                # Everybody who follows depends on this thread.
                _log.exception("The database could not be followed")
            with self._changed:
                left_s = self._look_s - (time.monotonic() - began)
                self._changed.wait_for(lambda: not self._followers, max(left_s, self._look_s / 4))
                if not self._followers:
                    self._thread = None
                    return

    def _look(self) -> None:
        seq, _ = self._store.head()
        with reading(self._store.engine) as connection:
            found = places(connection)
        with self._changed:
            moved = [one for one, place in found.items() if self._places.get(one) != place]
            if moved:
                self._round += 1
                self._moved_in.update(dict.fromkeys(moved, self._round))
                self._places.update(found)
            if moved or seq > self._seq:
                self._seq = max(self._seq, seq)
                self._changed.notify_all()
