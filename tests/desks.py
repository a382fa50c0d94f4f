"""Desks to give commands at: the plain model in memory, and the store on either database, all with a clock in hand.

`MemoryDesk` is the oracle: the pure decisions and reducers over dictionaries, without SQL, hashes or transactions.
"""

from __future__ import annotations

import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

import dispatch.store.store as _registers_decisions
from dispatch.book import Book, MemoryBook
from dispatch.codec import canonical, dump, load
from dispatch.commands import (
    AssignUnits,
    CancelIncident,
    CloseIncident,
    Command,
    LoadDirectory,
    MoveIncident,
    OpenIncident,
    RegisterUnit,
    ReportStatus,
)
from dispatch.decide import Context, decide
from dispatch.directory import (
    Agency,
    AnswerOption,
    Category,
    Directory,
    Disposition,
    NeighbourCentre,
    Question,
    Requirement,
    ResponsePlan,
)
from dispatch.event_types import DirectoryLoaded
from dispatch.evolve import body_of, evolve
from dispatch.ghost_calls import number_hash
from dispatch.incidents import (
    UNKNOWN_LOCATION,
    Assignment,
    Incident,
    IncidentLocation,
    IncidentStatus,
    LocationKind,
    Severity,
    UnitState,
)
from dispatch.store import schema
from dispatch.store.engine import open_engine, writing
from dispatch.store.migrate import ensure_tables
from dispatch.store.store import JAKARTA, Store
from dispatch.types import UnitStatus
from gis.errors import InputError
from gis.types import Location
from tests.private_postgres import PrivatePostgres

assert _registers_decisions

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
HERE = Location(lat=-6.72, lon=108.55)
POINT = IncidentLocation(kind=LocationKind.POINT, location=HERE, radius_m=50.0, village_code="32.09.21.2006")
NUMBER_KEY = bytes(range(32))

QUESTIONS = (
    Question(
        question_id="inside",
        text={"id": "Ada orang di dalam?"},
        answers=(
            AnswerOption(answer_id="yes", text={"id": "Ya"}, severity=Severity.CRITICAL, alarm_level=2),
            AnswerOption(answer_id="no", text={"id": "Tidak"}, severity=Severity.LOW),
        ),
    ),
    Question(question_id="where", text={"id": "Di mana tepatnya?"}),
)

DIRECTORY = Directory(
    agencies=(Agency(agency_id="psc119", name="PSC 119"), Agency(agency_id="damkar", name="Damkar")),
    categories=(
        Category(category_id="medical", name={"id": "Medis"}, lead="psc119"),
        Category(category_id="fire", name={"id": "Kebakaran"}, lead="damkar"),
    ),
    plans=(
        ResponsePlan(
            category="fire",
            severity=Severity.HIGH,
            alarms=((Requirement(kind="fire_engine"),), (Requirement(kind="fire_engine", number=2),)),
            questions=QUESTIONS,
        ),
    ),
    dispositions=(Disposition(disposition_id="handled", name={"id": "Ditangani"}),),
    neighbours=(NeighbourCentre(neighbour_id="kuningan", name="112 Kuningan", contact="(0232) 112"),),
)


class Clock:
    """Time as the test says."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: float = 10.0) -> datetime:
        """Later."""
        self.now += timedelta(seconds=seconds)
        return self.now


def _counting() -> Callable[[], str]:
    count = 0

    def new_id() -> str:
        nonlocal count
        count += 1
        return f"id{count:06}"

    return new_id


def _hashed(number: str) -> str | None:
    try:
        return number_hash(number, NUMBER_KEY)
    except InputError:
        return None


class Desk(ABC):
    """What the contract is about."""

    def __init__(self) -> None:
        self.clock = Clock()
        self._names = 0

    @abstractmethod
    def execute(self, command: Command, *, actor: str = "desk", key: str | None = None) -> dict[str, Any]:
        """Carry out a command."""

    @abstractmethod
    def book(self) -> AbstractContextManager[Book]:
        """All records."""

    @abstractmethod
    def events(self) -> list[dict[str, Any]]:
        """The log: `type`, `payload`, `actor`, `server_time`, `device_time`, and what each is about."""

    @abstractmethod
    def texts(self) -> dict[str, str]:
        """All personal texts by id."""

    def name(self, prefix: str) -> str:
        """An id that nobody had yet."""
        self._names += 1
        return f"{prefix}-{self._names}"

    def incident(self, incident_id: str) -> Incident:
        """An incident that is there."""
        with self.book() as book:
            found = book.incident(incident_id)
        assert found is not None
        return found

    def unit(self, unit_id: str) -> UnitState:
        """A unit that is there."""
        with self.book() as book:
            found = book.unit(unit_id)
        assert found is not None
        return found

    def active(self, unit_id: str) -> Assignment | None:
        """What binds a unit."""
        with self.book() as book:
            return book.active_assignment(unit_id)

    def assignments(self, incident_id: str) -> tuple[Assignment, ...]:
        """All assignments of an incident."""
        with self.book() as book:
            return book.assignments_of(incident_id)

    # --- bringing things about -----------------------------------------------------------------------------------

    def new_unit(self, *, on_duty: bool = True, kind: str = "ambulance") -> str:
        """A unit that is free."""
        unit_id = self.name("AMB")
        self.execute(
            RegisterUnit(unit_id=unit_id, kind=kind, agency="psc119", location=HERE, capabilities=("als", "bls"),
                         on_duty=on_duty)
        )  # fmt: skip
        return unit_id

    def new_incident(self, location: IncidentLocation = POINT, *, category: str = "medical") -> str:
        """An incident that waits for units."""
        opened = self.execute(OpenIncident(category=category, severity=Severity.HIGH, location=location))
        return str(opened["incidents"][0]["incident_id"])

    def unit_in(self, status: UnitStatus) -> tuple[str, str]:
        """A unit in a status, and the incident it is bound to or would be sent to."""
        unit_id, incident_id = self.new_unit(), self.new_incident()
        if status is UnitStatus.AVAILABLE:
            return unit_id, incident_id
        if status is UnitStatus.OUT_OF_SERVICE:
            self.execute(ReportStatus(unit_id=unit_id, status=status))
            return unit_id, incident_id
        self.clock.tick()
        self.execute(AssignUnits(incident_id=incident_id, unit_ids=(unit_id,)))
        way = [UnitStatus.EN_ROUTE, UnitStatus.ON_SCENE, UnitStatus.TRANSPORTING, UnitStatus.AT_HOSPITAL,
               UnitStatus.RETURNING]  # fmt: skip
        for step in way[: way.index(status) + 1] if status in way else ():
            self.clock.tick()
            self.execute(ReportStatus(unit_id=unit_id, status=step))
        assert self.unit(unit_id).unit.status is status
        return unit_id, incident_id

    def incident_in(self, status: IncidentStatus) -> str:
        """An incident in a status."""
        if status is IncidentStatus.RECEIVED:
            return self.new_incident(UNKNOWN_LOCATION)
        if status is IncidentStatus.LOCATED:
            return self.new_incident()
        if status in (IncidentStatus.CANCELLED, IncidentStatus.REOPENED):
            incident_id = self.new_incident()
            self.execute(CancelIncident(incident_id=incident_id, reason="salah lapor"))
            if status is IncidentStatus.REOPENED:
                self.execute(MoveIncident(incident_id=incident_id, status=IncidentStatus.REOPENED))
            return incident_id
        of_unit = {IncidentStatus.DISPATCHED: UnitStatus.DISPATCHED, IncidentStatus.EN_ROUTE: UnitStatus.EN_ROUTE}
        _, incident_id = self.unit_in(of_unit.get(status, UnitStatus.ON_SCENE))
        if status is IncidentStatus.UNDER_CONTROL:
            self.execute(MoveIncident(incident_id=incident_id, status=IncidentStatus.UNDER_CONTROL))
        elif status is IncidentStatus.CLOSED:
            self.execute(CloseIncident(incident_id=incident_id, disposition="handled", release_units=True))
        assert self.incident(incident_id).status is status
        return incident_id


class MemoryDesk(Desk):
    """The plain model."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = MemoryBook()
        self.log: list[dict[str, Any]] = []
        self._directory = Directory()
        self._texts: dict[str, str] = {}
        self._new_id = _counting()
        self.execute(LoadDirectory(directory=DIRECTORY))

    def execute(self, command: Command, *, actor: str = "desk", key: str | None = None) -> dict[str, Any]:
        """Decide, and let the events make the records."""
        assert key is None, "the model has no requests"
        now = self.clock()
        decision = decide(
            command,
            self.memory,
            Context(
                now=now, actor=actor, timezone=JAKARTA, new_id=self._new_id,
                hash_number=_hashed, directory=self._directory,
            ),
        )  # fmt: skip
        self._texts |= {one.text_id: one.text for one in decision.texts}
        for text_id in decision.erased:
            self._texts.pop(text_id, None)
        for body, device_time in decision.events:
            payload = json.loads(canonical(dump(body)))
            event = {"type": body.type, "payload": payload, "actor": actor, "server_time": now}
            self.log.append(event | {"device_time": device_time})
            evolve(body_of(body.type, payload), self.memory)
            if isinstance(body, DirectoryLoaded):
                self._directory = load(Directory, json.loads(decision.documents[body.digest]))
        answer: dict[str, Any] = {"seq": len(self.log)}
        for kind, record in dict.fromkeys(decision.about):
            answer.setdefault(f"{kind}s", []).append(dump(getattr(self.memory, kind)(record)))
        return answer

    @contextmanager
    def book(self) -> Iterator[Book]:
        """The dictionaries."""
        yield self.memory

    def events(self) -> list[dict[str, Any]]:
        """The log."""
        return list(self.log)

    def texts(self) -> dict[str, str]:
        """All personal texts by id."""
        return dict(self._texts)


class StoreDesk(Desk):
    """The store on a database whose tables are there."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.engine = open_engine(url, pool_size=8)
        with writing(self.engine) as connection:
            # The key that callers' numbers are hashed with, so that hashes can be compared with the model's.
            connection.execute(insert(schema.secrets).values(name="number_key", value=NUMBER_KEY.hex()))
        self.store = Store(self.engine, clock=self.clock, new_id=_counting())
        self.execute(LoadDirectory(directory=DIRECTORY))

    def execute(self, command: Command, *, actor: str = "desk", key: str | None = None) -> dict[str, Any]:
        """Let the store do it."""
        return self.store.execute(command, actor=actor, key=key)

    def book(self) -> AbstractContextManager[Book]:
        """The tables."""
        return self.store.book()

    def events(self) -> list[dict[str, Any]]:
        """The log."""
        return [
            {"type": one.type, "payload": one.payload, "actor": one.actor, "server_time": one.server_time,
             "device_time": one.device_time}
            for one in self.store.events_after(0, limit=1_000_000)
        ]  # fmt: skip

    def texts(self) -> dict[str, str]:
        """All personal texts by id."""
        with self.engine.connect() as connection:
            return {row.text_id: row.text for row in connection.execute(schema.private_texts.select())}

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()


def empty_database(kind: str, folder: Path, server: Callable[[], PrivatePostgres]) -> str:
    """A new database with tables, copied from one that was made once; on PostgreSQL, to be dropped in the end."""
    if kind == "postgresql":
        return server().create_database(server().template("tables", _make_tables))
    made = folder / "tables.db"
    if not made.exists():
        _make_tables(f"sqlite:///{made}")
    count = len(list(folder.glob("copy-*.db")))
    copy = folder / f"copy-{count}.db"
    shutil.copy(made, copy)
    return f"sqlite:///{copy}"


def _make_tables(url: str) -> None:
    engine = open_engine(url, pool_size=1)
    ensure_tables(engine)
    engine.dispose()
