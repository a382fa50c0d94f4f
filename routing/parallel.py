"""Work that lets go of the interpreter's lock, cut in parts for the processors at hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

MOST_WORKERS = 16


def workers() -> int:
    """How many processors this process may use, within reason."""
    return max(1, min(len(os.sched_getaffinity(0)), MOST_WORKERS))


def in_parts(count: int, work: Callable[[int, int], object], *, size: int, apart: bool = False) -> None:
    """Call `work(start, end)` for parts of 0..count - 1 of at most `size`, on as many threads as there are processors.

    A single part is worked on at once by whoever calls, unless it must be `apart`. The first error of any part is
    raised here, when all have ended.
    """
    parts = [(start, min(start + size, count)) for start in range(0, count, size)]
    if not apart and (len(parts) < 2 or workers() == 1):
        for part in parts:
            work(*part)
        return
    waiting = [_pool(os.getpid()).submit(work, *part) for part in parts]
    errors = [error for error in (one.exception() for one in waiting) if error is not None]
    if errors:
        raise errors[0]


@cache
def _pool(_process: int) -> ThreadPoolExecutor:
    """One pool per process, since threads do not survive a fork."""
    return ThreadPoolExecutor(workers(), thread_name_prefix="siaga112-routing")
