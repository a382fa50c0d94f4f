"""The process that the storm kills: a desk with many hands, all giving commands at once, until there is no more of it.

Every command comes with an idempotency key, which is also the actor of its events, so that whoever looks at the
database afterwards can tell which events belong to one command. When the store has said yes or no, the key goes down
the pipe: that command is acknowledged, and whoever holds the other end remembers it.
"""

from __future__ import annotations

import json
import random
import threading
from multiprocessing.connection import Connection
from typing import Final

from sqlalchemy import select

from dispatch.commands import (
    AddNote,
    AssignUnits,
    CloseIncident,
    Command,
    EditIncident,
    LoadDirectory,
    LocateIncident,
    OpenIncident,
    RecallUnit,
    RegisterUnit,
    ReportStatus,
    TakeCall,
)
from dispatch.directory import Agency, Category, Directory, Disposition
from dispatch.errors import RefusedError, StoreError, UnknownIdError
from dispatch.incidents import IncidentLocation, IncidentStatus, LocationKind, Severity
from dispatch.store import schema
from dispatch.store.engine import open_engine, reading
from dispatch.store.migrate import ensure_tables
from dispatch.store.store import Store
from dispatch.types import UnitStatus
from gis.types import Location

UNITS: Final = 12
REMEMBERED: Final = 40
"""So few incidents and units that the hands get in each other's way."""


def set_up(url: str) -> None:
    """Tables, a directory and a small fleet."""
    engine = open_engine(url)
    ensure_tables(engine)
    store = Store(engine)
    directory = Directory(
        agencies=(Agency(agency_id="psc119", name="PSC 119"),),
        categories=(Category(category_id="medical", name={"id": "Medis"}, lead="psc119"),),
        dispositions=(Disposition(disposition_id="handled", name={"id": "Ditangani"}),),
    )
    store.execute(LoadDirectory(directory=directory), actor="set-up-0", key="set-up-0")
    for number in range(1, UNITS + 1):
        unit = RegisterUnit(
            unit_id=f"AMB-{number}",
            kind="ambulance",
            agency="psc119",
            location=Location(lat=-6.7 - number / 100, lon=108.5),
        )
        store.execute(unit, actor=f"set-up-{number}", key=f"set-up-{number}")
    engine.dispose()


def run(url: str, name: str, hands: int, acknowledged: Connection) -> None:
    """Give commands with so many hands until killed, or until the database is gone."""
    store = Store(open_engine(url))
    incidents = _Incidents(store)
    speaking = threading.Lock()

    def work(hand: int) -> None:
        chance = random.Random(f"{name}-{hand}")
        number = 0
        while True:
            number += 1
            key = f"{name}-{hand}-{number}"
            try:
                answer = store.execute(_command(chance, incidents), actor=key, key=key)
            except UnknownIdError:
                continue  # of no consequence, and not remembered under its key
            except RefusedError:
                said: dict[str, object] = {"key": key, "refused": True}
            except StoreError:
                return
            else:
                incidents.learn(answer)
                said = {"key": key, "seq": answer["seq"]}
            with speaking:
                acknowledged.send_bytes(json.dumps(said).encode())

    threads = [threading.Thread(target=work, args=(hand,)) for hand in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class _Incidents:
    """The incidents that the hands work on, also those that a killed desk left open."""

    def __init__(self, store: Store) -> None:
        table = schema.incidents
        over = [IncidentStatus.CLOSED.value, IncidentStatus.CANCELLED.value]
        query = select(table.c.incident_id).where(table.c.status.not_in(over)).limit(REMEMBERED)
        with reading(store.engine) as connection:
            self._ids = list(connection.scalars(query.order_by(table.c.incident_id.desc())))
        self._lock = threading.Lock()

    def learn(self, answer: dict[str, list[dict[str, object]]]) -> None:
        with self._lock:
            for incident in answer.get("incidents", []):
                incident_id = str(incident["incident_id"])
                if IncidentStatus(str(incident["status"])).is_open:
                    self._ids = [*(one for one in self._ids if one != incident_id), incident_id][-REMEMBERED:]
                elif incident_id in self._ids:
                    self._ids.remove(incident_id)

    def any(self, chance: random.Random) -> str | None:
        with self._lock:
            return chance.choice(self._ids) if self._ids else None


def _command(chance: random.Random, incidents: _Incidents) -> Command:
    incident_id = incidents.any(chance)
    unit_id = f"AMB-{chance.randint(1, UNITS)}"
    kind = chance.choices(
        ("call", "open", "assign", "status", "note", "locate", "edit", "recall", "close"),
        (15, 15, 25, 20, 8, 5, 3, 4, 5),
    )[0]
    if kind == "call":
        return TakeCall(caller_name="Pelapor", caller_number="0800 112 112", words="Ada kecelakaan di pasar.")
    if kind == "open" or incident_id is None:
        return OpenIncident(
            category="medical", severity=chance.choice(list(Severity)), location=_location(chance), note="Diperiksa."
        )
    if kind == "assign":
        others = [f"AMB-{chance.randint(1, UNITS)}"] if chance.random() < 0.4 else []
        return AssignUnits(incident_id=incident_id, unit_ids=tuple(dict.fromkeys([unit_id, *others])))
    if kind == "status":
        return ReportStatus(unit_id=unit_id, status=chance.choice(list(UnitStatus)))
    if kind == "note":
        return AddNote(incident_id=incident_id, text="Warga membantu.")
    if kind == "locate":
        return LocateIncident(incident_id=incident_id, location=_location(chance))
    if kind == "edit":
        return EditIncident(incident_id=incident_id, severity=chance.choice(list(Severity)))
    if kind == "recall":
        return RecallUnit(unit_id=unit_id, reason="dibutuhkan di tempat lain")
    return CloseIncident(incident_id=incident_id, disposition="handled", release_units=True, note="Selesai.")


def _location(chance: random.Random) -> IncidentLocation:
    here = Location(lat=chance.uniform(-6.9, -6.6), lon=chance.uniform(108.3, 108.7))
    return IncidentLocation(kind=LocationKind.POINT, location=here)
