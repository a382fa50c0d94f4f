"""Work shared among processes: of this machine, or of a Dask cluster. The answers are the same, in the same order."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context
from typing import Any, TypeVar

from gis.errors import N_
from planning.errors import PlanningInputError

T = TypeVar("T")

PARTS_PER_WORKER = 4
"""Each worker gets several parts, so that one that is slow holds up little."""


def shared(
    task: Callable[[Any, Sequence[Any]], list[T]],
    common: Any,
    items: Sequence[Any],
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[T]:
    """`task(common, items)` in parts, put together in the order of the items.

    Parameters
    ----------
    task
        A function of a module, which other processes can import; one answer per item.
    common
        Given to every part.
    items
        What is shared out.
    workers
        Processes of this machine; None for one per core; 1 works in this process.
    scheduler
        Address of a Dask scheduler, such as tcp://10.0.0.5:8786, in place of own processes.
    progress
        Told how many items are done.

    Raises
    ------
    PlanningInputError
        Fewer than one worker, or a scheduler that does not answer.
    """
    count = os.cpu_count() or 1 if workers is None else workers
    if count < 1:
        raise PlanningInputError(N_("{workers} workers can do nothing; give 1 or more."), workers=count)
    tell = progress or (lambda _: None)
    if scheduler is None and count == 1:
        done = []
        for item in items:
            done += task(common, [item])
            tell(1)
        return done
    size = max(1, -(-len(items) // (count * PARTS_PER_WORKER)))
    parts = [items[at : at + size] for at in range(0, len(items), size)]
    if scheduler is not None:
        return _by_dask(task, common, parts, scheduler, tell)
    answers: dict[int, list[T]] = {}
    # Spawned, not forked: threads of this process must not be copied half-way.
    others = active_children()
    with ProcessPoolExecutor(
        max_workers=min(count, len(parts)), mp_context=get_context("spawn"),
        # Ctrl-C reaches all processes of a terminal; this one sees to the workers.
        initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN),
    ) as pool:  # fmt: skip
        futures = {pool.submit(task, common, part): number for number, part in enumerate(parts)}
        try:
            for future in as_completed(futures):
                number = futures[future]
                answers[number] = future.result()
                tell(len(parts[number]))
        except BaseException:
            # Whoever stops this does not wait for work that nobody wants any more.
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in active_children():
                if worker not in others:
                    worker.terminate()
            raise
    return [one for number in range(len(parts)) for one in answers[number]]


def _by_dask(
    task: Callable[[Any, Sequence[Any]], list[T]],
    common: Any,
    parts: list[Sequence[Any]],
    scheduler: str,
    tell: Callable[[int], None],
) -> list[T]:
    from distributed import Client
    from distributed import as_completed as dask_completed

    try:
        client = Client(scheduler, timeout=5)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError):
        raise PlanningInputError(
            N_("No Dask scheduler answers at {address}; start one, or leave --scheduler out."), address=scheduler[:80]
        ) from None
    answers: dict[int, list[T]] = {}
    with client:
        (sent,) = client.scatter([common], broadcast=True)  # type: ignore[no-untyped-call]
        futures = {client.submit(task, sent, part, pure=False): number for number, part in enumerate(parts)}
        for future in dask_completed(futures):  # type: ignore[no-untyped-call]
            number = futures[future]
            answers[number] = future.result()
            tell(len(parts[number]))
    return [one for number in range(len(parts)) for one in answers[number]]
