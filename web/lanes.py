"""Lanes of threads in one server: positions and followers never make a dispatcher wait for a free thread.

Trackers hold their threads while their group is committed and come in bursts of hundreds; with one pool, a dispatcher's
request would stand in line behind them; a console that follows the event log holds its thread for hours. So
requests under some paths have threads of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waitress.task import ThreadedTaskDispatcher


class LaneDispatcher:
    """A waitress task dispatcher that sends requests under some paths to pools of their own.

    Parameters
    ----------
    lanes
        Threads by the beginning of the addresses that have their own lane.
    threads
        Threads for everything else.
    """

    def __init__(self, lanes: Mapping[str, int], *, threads: int) -> None:
        self._main = ThreadedTaskDispatcher()
        self._main.set_thread_count(threads)
        self._lanes = {path: ThreadedTaskDispatcher() for path in lanes}
        for path, lane in self._lanes.items():
            # A full lane is its ordinary state in a burst, not worth a line of log for every request.
            lane.queue_logger = _Silent()
            lane.set_thread_count(lanes[path])

    def add_task(self, task: Any) -> None:
        """Queue a channel whose next request is complete."""
        requests = getattr(task, "requests", None)
        path = getattr(requests[0], "path", None) if requests else None
        own = (lane for start, lane in self._lanes.items() if isinstance(path, str) and path.startswith(start))
        next(own, self._main).add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End all threads."""
        done = [lane.shutdown(cancel_pending, timeout) for lane in (self._main, *self._lanes.values())]
        return all(done)


class _Silent:
    def warning(self, *_: Any) -> None:
        """Say nothing."""
