"""Work on parts of an array, on all processors."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

CHUNK = 1 << 16


def in_threads(work: Callable[[slice], None], count: int, chunk: int = CHUNK) -> None:
    """Do work on slices of `count` items, each of at most `chunk`; numpy and the kernels let go of the interpreter."""
    slices = [slice(start, min(start + chunk, count)) for start in range(0, count, chunk)]
    if len(slices) <= 1:
        for part in slices:
            work(part)
        return
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(work, slices))
