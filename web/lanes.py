"""Two lanes of threads in one server: positions never make a dispatcher wait for a free thread.

Trackers hold their threads while their group is committed and come in bursts of hundreds; with one pool, a dispatcher's
request would stand in line behind them. So requests under a path have threads of their own.
"""

from __future__ import annotations

from typing import Any

from waitress.task import ThreadedTaskDispatcher


class LaneDispatcher:
    """A waitress task dispatcher that sends requests under a path to a pool of their own.

    Parameters
    ----------
    path
        Beginning of the addresses with their own lane.
    lane_threads
        Threads of that lane.
    threads
        Threads for everything else.
    """

    def __init__(self, path: str, *, lane_threads: int, threads: int) -> None:
        self._path = path
        self._lane = ThreadedTaskDispatcher()
        self._main = ThreadedTaskDispatcher()
        # A full lane is its ordinary state in a burst, not worth a line of log for every request.
        self._lane.queue_logger = _Silent()
        self._lane.set_thread_count(lane_threads)
        self._main.set_thread_count(threads)

    def add_task(self, task: Any) -> None:
        """Queue a channel whose next request is complete."""
        requests = getattr(task, "requests", None)
        path = getattr(requests[0], "path", None) if requests else None
        lane = isinstance(path, str) and path.startswith(self._path)
        (self._lane if lane else self._main).add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End all threads."""
        done = [lane.shutdown(cancel_pending, timeout) for lane in (self._main, self._lane)]
        return all(done)


class _Silent:
    def warning(self, *_: Any) -> None:
        """Say nothing."""
