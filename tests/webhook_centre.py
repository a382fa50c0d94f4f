"""A small centre that makes events for webhooks: the real store, two agencies, one unit of each."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from dispatch.commands import AddNote, AssignUnits, LoadDirectory, OpenIncident, RegisterUnit
from dispatch.directory import Agency, Category, Directory
from dispatch.incidents import IncidentLocation, LocationKind, Severity
from dispatch.store.engine import open_engine
from dispatch.store.migrate import ensure_tables
from dispatch.store.store import Store, new_id
from dispatch.store.webhook_queue import WebhookQueue
from dispatch.store.webhook_register import WebhookRegister
from gis.types import Location

START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
HERE = Location(lat=-6.76, lon=108.48)


class Clock:
    """A time that stands still until a test moves it."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            return self._now

    def pass_s(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)


class Centre:
    """The store, the register and the queue on one database."""

    def __init__(self, url: str, start: datetime = START) -> None:
        self.engine: Engine = open_engine(url)
        ensure_tables(self.engine)
        self.clock = Clock(start)
        self.store = Store(self.engine)
        self._bytes = itertools.count(1)
        self.register = WebhookRegister(
            self.engine, clock=self.clock, new_id=new_id, random_bytes=lambda size: bytes([next(self._bytes)] * size)
        )
        self.queue = self.another_queue()

    def another_queue(self) -> WebhookQueue:
        return WebhookQueue(self.engine, clock=self.clock, new_id=new_id)

    def set_up(self) -> None:
        """Two agencies with a unit each."""
        directory = Directory(
            agencies=(Agency(agency_id="damkar", name="Damkar"), Agency(agency_id="psc119", name="PSC 119")),
            categories=(Category(category_id="fire", name={"id": "Kebakaran"}, lead="damkar"),),
        )
        self.store.execute(LoadDirectory(directory=directory), actor="system")
        for unit_id, kind, agency in (("DMK-1", "fire_engine", "damkar"), ("AMB-1", "ambulance", "psc119")):
            self.store.execute(
                RegisterUnit(unit_id=unit_id, kind=kind, agency=agency, location=HERE), actor="operator-1"
            )

    def open_incident(self) -> str:
        location = IncidentLocation(kind=LocationKind.POINT, location=HERE, label="rumah cat biru")
        answer = self.store.execute(
            OpenIncident(category="fire", severity=Severity.HIGH, location=location), actor="operator-1"
        )
        return str(answer["incidents"][0]["incident_id"])

    def add_notes(self, incident_id: str, number: int) -> None:
        for _ in range(number):
            self.store.execute(AddNote(incident_id=incident_id, text="asap tebal"), actor="operator-1")

    def assign(self, incident_id: str, unit_id: str) -> None:
        self.store.execute(AssignUnits(incident_id=incident_id, unit_ids=(unit_id,)), actor="operator-1")

    def fill_all(self) -> None:
        while self.queue.fill():
            pass

    def close(self) -> None:
        self.engine.dispose()
