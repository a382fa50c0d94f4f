"""The clients of `bench.commands`: threads of processes that are imported once and forked often."""

from __future__ import annotations

import threading
import time
from multiprocessing.synchronize import Barrier, Event
from queue import Queue
from typing import Any, Final

import numpy as np
from sqlalchemy import text

from dispatch.commands import AddNote, AssignUnits, CloseIncident, Command, OpenIncident, ReportStatus, TakeCall
from dispatch.incidents import IncidentLocation, LocationKind, Severity
from dispatch.store.engine import open_engine, writing
from dispatch.store.store import Store
from dispatch.types import UnitStatus
from gis.types import Location

PATIENCE_S: Final = 180.0
COMMANDS: Final = 8
"""Of one incident."""
HERE: Final = Location(lat=-6.7, lon=108.55)


def work(url: str, what: str, numbers: list[int], ready: Barrier, stop: Event, told: Queue[Any]) -> None:
    """Some clients as threads of one process, as those of one server are."""
    engine = open_engine(url, pool_size=len(numbers))
    client = {"commands": give_commands, "floor": insert_rows}[what]
    store = Store(engine)
    threads = [threading.Thread(target=client, args=(store, number, ready, stop, told)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()


def give_commands(store: Store, number: int, ready: Barrier, stop: Event, told: Queue[Any]) -> None:
    """One desk: whole incidents, one after the other."""
    done: list[tuple[float, float]] = []

    def give(command: Command) -> dict[str, Any]:
        start = time.monotonic()
        answer = store.execute(command, actor=f"desk-{number}", key=f"{number}-{len(done)}")
        end = time.monotonic()
        done.append((end, end - start))
        return answer

    unit_id = f"AMB-{number}"
    place = IncidentLocation(kind=LocationKind.POINT, location=HERE, radius_m=30.0, village_code="32.09.21.2006")
    while not stop.is_set():
        call = give(TakeCall(caller_name="Pelapor", caller_number="0800 112 112", words="Ada kecelakaan di pasar."))
        opened = give(
            OpenIncident(
                category="medical", severity=Severity.HIGH, location=place, call_id=call["calls"][0]["call_id"]
            )
        )
        incident_id = opened["incidents"][0]["incident_id"]
        give(AssignUnits(incident_id=incident_id, unit_ids=(unit_id,)))
        give(ReportStatus(unit_id=unit_id, status=UnitStatus.EN_ROUTE))
        give(ReportStatus(unit_id=unit_id, status=UnitStatus.ON_SCENE))
        give(AddNote(incident_id=incident_id, text="Warga membantu."))
        give(ReportStatus(unit_id=unit_id, status=UnitStatus.AVAILABLE))
        give(CloseIncident(incident_id=incident_id, disposition="handled"))
        if len(done) == COMMANDS:  # A desk that has worked before has its statements made.
            ready.wait(PATIENCE_S)
    told.put(np.array(done))


def insert_rows(store: Store, number: int, ready: Barrier, stop: Event, told: Queue[Any]) -> None:
    """The least that a database can do: one short row, committed."""
    engine = store.engine
    insert = text("INSERT INTO floor (id, body) VALUES (:id, 'Warga membantu.')")
    with writing(engine) as connection:
        connection.execute(insert, {"id": f"{number}"})
    done: list[tuple[float, float]] = []
    ready.wait(PATIENCE_S)
    while not stop.is_set():
        start = time.monotonic()
        with writing(engine) as connection:
            connection.execute(insert, {"id": f"{number}-{len(done)}"})
        end = time.monotonic()
        done.append((end, end - start))
    told.put(np.array(done))
