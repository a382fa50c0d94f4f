"""From many small deliveries to few transactions: the queue of positions and its one writer.

A handler thread hands in its delivery and waits. The writer commits what has gathered, at most every `group_s` or as
soon as `group_rows` have come together, and then lets every waiting thread answer: what a device was told is stored is
stored. When more is waiting than `most_rows`, a delivery is turned away at once, to be sent again later; devices keep
what was not taken.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from dispatch.errors import StoreError
from dispatch.fixes import Device
from dispatch.store.positions import EXPIRE_ROWS, Delivery, PositionStore, Receipt, token_hash
from gis.errors import SiagaError

GROUP_S: Final = 0.1
GROUP_ROWS: Final = 500
MOST_ROWS: Final = 5_000
ANSWER_WITHIN_S: Final = 10.0
RETRY_AFTER_S: Final = 5

_EXPIRE_EVERY_S: Final = 60.0
_EXPIRE_NEXT_S: Final = 0.5

_log = logging.getLogger(__name__)


class IntakeBusyError(SiagaError):
    """The delivery was not taken: too many wait, or the database does not answer. Send it again."""

    code = "positions-busy"


class _Waiting:
    """A delivery on its way, and what its thread waits for."""

    __slots__ = ("delivery", "done", "receipt")

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.receipt: Receipt | None = None
        self.done = threading.Event()


class PositionIntake:
    """The queue in front of a `PositionStore`, and the thread that empties it.

    Parameters
    ----------
    store
        Where positions go.
    keep_for
        How long the history is kept; None keeps it for ever.
    group_s, group_rows
        A group is committed at most this often, or when it has this many rows.
    most_rows
        Rows that may wait.
    clock
        Tells the time that history is expired by.
    """

    def __init__(
        self,
        store: PositionStore,
        *,
        keep_for: timedelta | None = None,
        group_s: float = GROUP_S,
        group_rows: int = GROUP_ROWS,
        most_rows: int = MOST_ROWS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store = store
        self.groups = 0
        """Transactions so far."""
        self._keep_for = keep_for
        self._group_s = group_s
        self._group_rows = group_rows
        self._most_rows = most_rows
        self._clock = clock
        self._queue: deque[_Waiting] = deque()
        self._rows = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._writer: threading.Thread | None = None

    def start(self) -> None:
        """Start the writer."""
        self._stopping = False
        self._writer = threading.Thread(target=self._write, name="positions", daemon=True)
        self._writer.start()

    def stop(self) -> None:
        """Write what waits, then end the writer; whatever comes later is turned away."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._writer is not None:
            self._writer.join()
            self._writer = None

    def submit(self, delivery: Delivery) -> Receipt:
        """Store a delivery; comes back once it is committed.

        Raises
        ------
        IntakeBusyError
            It was not taken, or nothing was heard of it in time; it may be sent again, for repeats change nothing.
        """
        waiting = _Waiting(delivery)
        rows = len(delivery.fixes)
        with self._changed:
            # One that is larger than the whole queue is let in alone, else it could never be sent.
            if self._stopping or self._writer is None or (self._rows and self._rows + rows > self._most_rows):
                raise IntakeBusyError("Too many positions wait to be stored; send these again in a few seconds.")
            self._queue.append(waiting)
            self._rows += rows
            self._changed.notify_all()
        if not waiting.done.wait(ANSWER_WITHIN_S) or waiting.receipt is None:
            raise IntakeBusyError("The positions could not be stored now; send them again in a few seconds.")
        return waiting.receipt

    def _write(self) -> None:
        committed = expired = time.monotonic() - _EXPIRE_EVERY_S
        pause_s = 0.0
        while True:
            group = self._next_group(committed)
            if group:
                self._commit(group)
                committed = time.monotonic()
            elif self._stopping:
                return
            if self._keep_for is not None and time.monotonic() - expired >= pause_s:
                pause_s = _EXPIRE_NEXT_S if self._expire(self._keep_for) == EXPIRE_ROWS else _EXPIRE_EVERY_S
                expired = time.monotonic()

    def _next_group(self, committed: float) -> list[_Waiting]:
        """What to commit now; empty after a while without deliveries."""
        with self._changed:
            if not self._queue and not self._stopping:
                self._changed.wait(_EXPIRE_NEXT_S)
            while self._queue and not self._stopping and self._rows < self._group_rows:
                left_s = committed + self._group_s - time.monotonic()
                if left_s <= 0:
                    break
                self._changed.wait(left_s)
            group: list[_Waiting] = []
            rows = 0
            while self._queue and (not group or rows + len(self._queue[0].delivery.fixes) <= self._group_rows):
                group.append(self._queue.popleft())
                rows += len(group[-1].delivery.fixes)
            self._rows -= rows
            return group

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            receipts = self.store.write([waiting.delivery for waiting in group])
        except StoreError as error:
            _log.warning("%d deliveries of positions were not stored: %s", len(group), error)
        except Exception:
            # The writer must outlive any defect: without it no position is taken any more.
            _log.exception("%d deliveries of positions were not stored", len(group))
        else:
            self.groups += 1
            for waiting, receipt in zip(group, receipts, strict=True):
                waiting.receipt = receipt
        for waiting in group:
            waiting.done.set()

    def _expire(self, keep_for: timedelta) -> int:
        try:
            return self.store.expire_some(self._clock() - keep_for)
        except StoreError as error:
            _log.warning("Old positions were not deleted: %s", error)
            return 0


class DeviceBook:
    """Devices by token, from a copy of the table that is read again when it is older than `fresh_s`.

    A token that is not in the copy makes it read again only when it is older than `retry_s`: guessing tokens costs the
    database nothing.
    """

    def __init__(self, store: PositionStore, *, fresh_s: float = 10.0, retry_s: float = 1.0) -> None:
        self._store = store
        self._fresh_s = fresh_s
        self._retry_s = retry_s
        self._lock = threading.Lock()
        self._devices: dict[str, Device] = {}
        self._read_at: float | None = None

    def device(self, token: str) -> Device | None:
        """The device that a token belongs to; None where it is unknown or revoked.

        Raises
        ------
        StoreError
            The table could not be read.
        """
        key = token_hash(token)
        found = self._copy(self._fresh_s).get(key)
        return found if found is not None else self._copy(self._retry_s).get(key)

    def forget(self) -> None:
        """Read the table again at the next question: a device was registered or revoked."""
        with self._lock:
            self._read_at = None

    def _copy(self, fresh_s: float) -> dict[str, Device]:
        with self._lock:
            if self._read_at is None or time.monotonic() - self._read_at > fresh_s:
                self._devices = self._store.active_devices()
                self._read_at = time.monotonic()
            return self._devices
