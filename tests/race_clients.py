"""Clients of the race tests: run as threads of one process, or each as a process of its own."""

from __future__ import annotations

import multiprocessing
import random
import threading
from collections.abc import Callable
from typing import Any

from dispatch.commands import AddNote, AssignUnits, ReportStatus
from dispatch.errors import UnitTakenError
from dispatch.store.engine import open_engine
from dispatch.store.store import Store
from dispatch.types import UnitStatus

PATIENCE_S = 240.0


def run_together(work: Callable[..., Any], url: str, clients: int, *arguments: Any, processes: bool) -> list[Any]:
    """Let so many clients work on one database at once; gives what each of them told, in order."""
    told: Any
    ready: Any
    if processes:
        # Children come from a process that has imported everything and holds no thread and no connection.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.race_clients"])
        told, ready = context.Queue(), context.Barrier(clients)
        start: Callable[..., Any] = context.Process
    else:
        import queue

        told, ready, start = queue.Queue(), threading.Barrier(clients), threading.Thread
    store = None if processes else Store(open_engine(url, pool_size=clients))
    hands = [
        start(target=_work, args=(work, store or url, number, ready, told, *arguments), daemon=True)
        for number in range(clients)
    ]
    for hand in hands:
        hand.start()
    found = dict(told.get(timeout=PATIENCE_S) for _ in hands)
    for hand in hands:
        hand.join()
    if store is not None:
        store.engine.dispose()
    for one in found.values():
        if isinstance(one, AssertionError):
            raise one
    return [found[number] for number in range(clients)]


def _work(work: Callable[..., Any], where: Store | str, number: int, ready: Any, told: Any, *arguments: Any) -> None:
    try:
        store = Store(open_engine(where, pool_size=2)) if isinstance(where, str) else where
        ready.wait(PATIENCE_S)
        told.put((number, work(store, number, *arguments)))
        if isinstance(where, str):
            store.engine.dispose()
    except BaseException as error:
        told.put((number, AssertionError(f"client {number}: {error!r}")))


def grab_units(store: Store, number: int, incident_id: str, units: int, attempts: int) -> dict[str, Any]:
    """Try again and again to get one of few units; whoever gets one soon frees it."""
    chance = random.Random(number)
    won: list[tuple[str, str]] = []
    lost: list[dict[str, Any]] = []
    for attempt in range(attempts):
        unit_id = f"AMB-{chance.randint(1, units)}"
        command = AssignUnits(incident_id=incident_id, unit_ids=(unit_id,))
        try:
            answer = store.execute(command, actor=f"desk-{number}", key=f"{number}-{attempt}")
        except UnitTakenError as taken:
            lost.append({"said": str(taken), **taken.values})
            continue
        won.append((unit_id, answer["assignments"][0]["assignment_id"]))
        store.execute(ReportStatus(unit_id=unit_id, status=UnitStatus.AVAILABLE), actor=f"desk-{number}")
    return {"won": won, "lost": lost}


def grab_once(store: Store, number: int, incidents: list[str], units: list[str]) -> dict[str, Any]:
    """Go for the same units in the same order as everybody else, and keep what was got."""
    won, lost = [], []
    for unit_id in units:
        command = AssignUnits(incident_id=incidents[number], unit_ids=(unit_id,))
        try:
            store.execute(command, actor=f"desk-{number}")
            won.append(unit_id)
        except UnitTakenError as taken:
            lost.append({"said": str(taken), **taken.values})
    return {"won": won, "lost": lost}


def write_notes(store: Store, number: int, incident_id: str, notes: int) -> list[int]:
    """Write, for readers to follow; gives the sequence numbers that were acknowledged."""
    return [
        int(store.execute(AddNote(incident_id=incident_id, text="catatan"), actor=f"desk-{number}")["seq"])
        for _ in range(notes)
    ]


def write_or_follow(store: Store, number: int, incident_id: str, writers: int, notes: int, last: int) -> list[int]:
    """The first clients write; the others follow the log by sequence number until its last event."""
    if number < writers:
        return write_notes(store, number, incident_id, notes)
    chance = random.Random(number)
    seen: list[int] = []
    after = 0
    while after < last:
        page = store.events_after(after, limit=chance.choice((1, 3, 1000)))
        seen += [event.seq for event in page]
        after = seen[-1] if seen else 0
        if not page:
            store.wait_for(after, 0.002)
    return seen
