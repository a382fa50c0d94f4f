"""What only a database can promise: idempotency keys, personal texts in one place, erasing, and its own constraints."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from dispatch.commands import (
    AddNote,
    AssignUnits,
    CancelIncident,
    Command,
    EraseTexts,
    LocateIncident,
    OpenIncident,
    RegisterUnit,
    ReportStatus,
    TakeCall,
)
from dispatch.decide import DEVICE_CLOCK_TOLERANCE
from dispatch.errors import KeyReusedError, RefusedError, StoreError, UnitTakenError, UnknownIdError
from dispatch.incidents import Severity
from dispatch.store import care, schema
from dispatch.store.book import SqlBook
from dispatch.store.engine import open_engine, reading, writing
from dispatch.store.store import Store
from dispatch.store.tables import metadata
from dispatch.types import UnitStatus
from gis.errors import InputError, SiagaError
from tests.desks import HERE, POINT, StoreDesk, empty_database
from tests.postgres import DESKS
from tests.private_postgres import PrivatePostgres

SECRETS = ("Rahasia Nama", "0812 9999 1234", "rahasia kata-kata pelapor", "rahasia catatan", "rahasia alasan")


@pytest.fixture(params=DESKS[1:])
def desk(request: pytest.FixtureRequest, tables_folder: Path) -> Iterator[StoreDesk]:
    """A store on each database in turn."""

    def server() -> PrivatePostgres:
        found: PrivatePostgres = request.getfixturevalue("postgres_server")
        return found

    url = empty_database(request.param, tables_folder, server)
    opened = StoreDesk(url)
    yield opened
    opened.close()
    if request.param == "postgresql":
        server().drop_database(url)


def rows_of(desk: StoreDesk) -> dict[str, list[tuple[object, ...]]]:
    with reading(desk.engine) as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))] for table in metadata.sorted_tables
        }


# --- idempotency keys --------------------------------------------------------------------------------------------


def test_a_repeated_request_answers_as_the_first_did_and_does_nothing(desk: StoreDesk) -> None:
    command = OpenIncident(category="fire", severity=Severity.HIGH, location=POINT, note="asap tebal")
    first = desk.execute(command, key="k1")
    desk.execute(LocateIncident(incident_id="261124-001", location=replace(POINT, label="dekat pasar")))
    desk.clock.tick(3600)
    before = rows_of(desk)
    again = desk.execute(command, key="k1")
    assert again == first
    assert again["incidents"][0]["location"]["label"] == ""
    assert rows_of(desk) == before


def test_a_key_is_for_one_request_alone(desk: StoreDesk) -> None:
    desk.execute(TakeCall(words="Ada asap."), key="k1")
    before = rows_of(desk)
    others: list[tuple[Command, str]] = [
        (TakeCall(words="Ada api."), "desk"),
        (TakeCall(words="Ada asap."), "other-desk"),
        (AddNote(incident_id="261124-001", text="Ada asap."), "desk"),
    ]
    for command, actor in others:
        with pytest.raises(KeyReusedError, match="use a new key for each request"):
            desk.execute(command, actor=actor, key="k1")
    assert rows_of(desk) == before


def test_a_refusal_is_remembered_though_it_would_be_granted_now(desk: StoreDesk) -> None:
    unit_id, _ = desk.unit_in(UnitStatus.ON_SCENE)
    ahead = desk.clock() + DEVICE_CLOCK_TOLERANCE + timedelta(seconds=1)
    attempts: list[tuple[str, Command, type[SiagaError]]] = [
        ("taken", AssignUnits(incident_id=desk.new_incident(), unit_ids=(unit_id,)), UnitTakenError),
        ("unknown", ReportStatus(unit_id="AMB-9", status=UnitStatus.OUT_OF_SERVICE), UnknownIdError),
        ("early", TakeCall(device_time=ahead), InputError),
    ]
    told = {}
    for key, command, error in attempts:
        with pytest.raises(error) as caught:
            desk.execute(command, key=key)
        told[key] = caught.value
    desk.clock.tick(600)
    desk.execute(ReportStatus(unit_id=unit_id, status=UnitStatus.AVAILABLE))
    desk.execute(RegisterUnit(unit_id="AMB-9", kind="ambulance", agency="psc119", location=HERE))
    seq = len(desk.events())
    for key, command, error in attempts:
        with pytest.raises(error) as again:
            desk.execute(command, key=key)
        assert type(again.value) is type(told[key])
        assert str(again.value) == str(told[key])
        assert again.value.values == told[key].values
    assert len(desk.events()) == seq
    for _, command, _ in attempts:
        desk.execute(command)


@pytest.mark.parametrize("desks", [1, 4], ids=["threads", "threads-of-several-stores"])
def test_equal_requests_at_once_are_carried_out_once(desk: StoreDesk, desks: int) -> None:
    engines = [open_engine(desk.engine.url.render_as_string(hide_password=False), pool_size=8) for _ in range(desks)]
    stores = [Store(one) for one in engines]
    seq = len(desk.events())
    together = threading.Barrier(16)
    command = OpenIncident(category="fire", severity=Severity.HIGH, note="asap")

    def ask(number: int) -> list[dict[str, object]]:
        together.wait()
        return [stores[number % desks].execute(command, actor="desk", key=f"k{one}") for one in range(5)]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(16)))
    assert all(one == answers[0] for one in answers)
    assert len(desk.events()) == seq + 5
    assert len(desk.texts()) == 5
    for one in engines:
        one.dispose()


def test_answers_are_forgotten_after_their_time(desk: StoreDesk) -> None:
    desk.execute(TakeCall(), key="old")
    noon = desk.clock.tick(3600)
    desk.execute(TakeCall(), key="new")
    assert care.forget_requests(desk.engine, noon) == 1
    seq = len(desk.events())
    desk.execute(TakeCall(), key="new")
    assert len(desk.events()) == seq
    desk.execute(TakeCall(), key="old")
    assert len(desk.events()) == seq + 1


# --- personal texts ----------------------------------------------------------------------------------------------


def test_personal_texts_are_in_one_table_and_nowhere_else(desk: StoreDesk) -> None:
    name, number, words, note, reason = SECRETS
    call = desk.execute(TakeCall(caller_name=name, caller_number=number, words=words), key="k1")
    opened = desk.execute(
        OpenIncident(category="fire", severity=Severity.LOW, call_id=call["calls"][0]["call_id"], note=note), key="k2"
    )
    incident_id = opened["incidents"][0]["incident_id"]
    desk.execute(AddNote(incident_id=incident_id, text=note), key="k3")
    with pytest.raises(RefusedError):
        desk.execute(OpenIncident(category="fire", severity=Severity.LOW, call_id="C261124-0001", note=note), key="k4")
    desk.execute(CancelIncident(incident_id=incident_id, reason=reason), key="k5")
    rows = rows_of(desk)
    kept = str(rows.pop("private_texts"))
    assert all(one in kept for one in SECRETS)
    assert len(rows["requests"]) == 5
    elsewhere = str(rows)
    digits = number.replace(" ", "")
    assert not any(one in elsewhere for one in (*SECRETS, digits, digits[1:], "rahasia", "Rahasia"))


def test_erasing_a_text_leaves_the_chain_and_the_records_as_they_are(desk: StoreDesk) -> None:
    call = desk.execute(TakeCall(caller_name=SECRETS[0], words=SECRETS[2]), key="k1")["calls"][0]
    incident_id = desk.new_incident()
    desk.execute(AddNote(incident_id=incident_id, text=SECRETS[3]))
    assert care.verify(desk.engine).texts == 3
    desk.execute(EraseTexts(text_ids=(call["name"]["text_id"], call["words"]["text_id"]), reason="expired"))
    report = care.verify(desk.engine)
    assert (report.texts, report.erased_texts) == (1, 2)
    assert care.differences(desk.engine) == []
    assert list(desk.texts().values()) == [SECRETS[3]]
    assert desk.execute(TakeCall(caller_name=SECRETS[0], words=SECRETS[2]), key="k1")["calls"][0] == call


def test_texts_expire_by_rule(desk: StoreDesk) -> None:
    desk.execute(TakeCall(words=SECRETS[2]))
    assert care.expired_texts(desk.engine, desk.clock() + timedelta(days=364)) == []
    expired = care.expired_texts(desk.engine, desk.clock() + timedelta(days=366))
    assert expired == list(desk.texts())


def test_an_erased_text_is_gone_from_the_file_too(sqlite_url: str, tables_folder: Path) -> None:
    url = empty_database("sqlite", tables_folder, lambda: pytest.fail("SQLite needs no server"))
    desk = StoreDesk(url)
    long = SECRETS[2] * 200
    desk.execute(TakeCall(words=SECRETS[2]))
    desk.execute(TakeCall(words=long))
    file = Path(url.removeprefix("sqlite:///"))
    desk.close()
    assert SECRETS[2].encode() in file.read_bytes()
    desk.execute(EraseTexts(text_ids=tuple(desk.texts()), reason="expired"))
    desk.close()
    assert not file.with_name(f"{file.name}-wal").exists()
    assert SECRETS[2].encode() not in file.read_bytes()
    desk.close()


def test_a_database_file_is_for_its_owner_alone(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE one (id INTEGER)")
        file = Path(sqlite_url.removeprefix("sqlite:///"))
        modes = {one.name: one.stat().st_mode & 0o777 for one in file.parent.glob(f"{file.name}*")}
    engine.dispose()
    assert modes[file.name] == modes[f"{file.name}-wal"] == 0o600
    assert set(modes.values()) == {0o600}


# --- constraints -------------------------------------------------------------------------------------------------


def test_the_database_alone_refuses_a_second_active_assignment(desk: StoreDesk) -> None:
    unit_id, incident_id = desk.unit_in(UnitStatus.DISPATCHED)
    other = desk.new_incident()
    table = schema.assignments
    row = {"assignment_id": f"{other}.1", "incident_id": other, "unit_id": unit_id, "assigned_by": "sql",
           "milestones": "{}"}  # fmt: skip
    with pytest.raises(IntegrityError), writing(desk.engine) as connection:
        connection.execute(insert(table).values(**row))
    with writing(desk.engine) as connection:
        connection.execute(insert(table).values(**row, ended_at=desk.clock(), end="recalled"))
    with pytest.raises(IntegrityError), writing(desk.engine) as connection:
        connection.execute(update(table).where(table.c.assignment_id == f"{other}.1").values(ended_at=None))
    with reading(desk.engine) as connection:
        active = select(func.count()).where(table.c.unit_id == unit_id, table.c.ended_at.is_(None))
        assert connection.execute(active).scalar_one() == 1
    assert desk.active(unit_id).incident_id == incident_id  # type: ignore[union-attr]


def test_a_command_that_the_database_refuses_is_undone_and_told_as_the_unit_being_taken(
    desk: StoreDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should a decision ever overlook an assignment, the index does not."""
    unit_id, incident_id = desk.new_unit(), desk.new_incident()
    row = {"assignment_id": f"{incident_id}.77", "incident_id": incident_id, "unit_id": unit_id,
           "assigned_by": "sql", "milestones": "{}"}  # fmt: skip
    with writing(desk.engine) as connection:
        connection.execute(insert(schema.assignments).values(**row))
    monkeypatch.setattr(SqlBook, "active_assignment", lambda self, unit_id: None)
    before = rows_of(desk)
    with pytest.raises(UnitTakenError, match="a moment ago; choose the next one"):
        desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(unit_id,)), key="k")
    assert rows_of(desk) == before


def test_a_database_without_its_head_is_told_in_one_sentence(desk: StoreDesk) -> None:
    with writing(desk.engine) as connection:
        connection.execute(schema.chain_head.delete())
    with pytest.raises(StoreError, match=r"^The head of the event log is missing from the database; restore a backup"):
        desk.execute(TakeCall())
