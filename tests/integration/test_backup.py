"""Backups: taken while the centre writes, put back on either kind of database, whole or not at all."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, select

from dispatch.commands import AddNote, EraseTexts, KeepRecommendation, RegisterDevice, TakeCall
from dispatch.errors import ChainBrokenError, StoreError
from dispatch.store import care
from dispatch.store.backup import MANIFEST, backup, restore
from dispatch.store.engine import open_engine, reading, writing
from dispatch.store.store import Store
from dispatch.store.tables import metadata
from dispatch.store.webhook_tables import webhooks
from dispatch.types import UnitStatus
from gis.errors import SourceError
from tests.desks import NOW, StoreDesk, empty_database
from tests.postgres import BACKENDS, DESKS
from tests.private_postgres import PrivatePostgres

Make = Callable[[str], str]


@pytest.fixture
def make(request: pytest.FixtureRequest, tables_folder: Path) -> Iterator[Make]:
    """Makes empty databases of a kind; those on PostgreSQL are dropped in the end."""
    made: list[str] = []

    def server() -> PrivatePostgres:
        found: PrivatePostgres = request.getfixturevalue("postgres_server")
        return found

    def one(kind: str) -> str:
        url = empty_database(kind, tables_folder, server)
        if kind == "postgresql":
            made.append(url)
        return url

    yield one
    for url in made:
        server().drop_database(url)


@pytest.fixture(params=DESKS[1:])
def desk(request: pytest.FixtureRequest, make: Make) -> Iterator[StoreDesk]:
    """A store with some of everything in it."""
    opened = worked_desk(make(request.param))
    yield opened
    opened.close()


def worked_desk(url: str) -> StoreDesk:
    opened = StoreDesk(url)
    for status in (UnitStatus.ON_SCENE, UnitStatus.RETURNING, UnitStatus.AVAILABLE):
        unit_id, incident_id = opened.unit_in(status)
        opened.execute(AddNote(incident_id=incident_id, text="Warga membantu – “cepat” 🚑"), key=f"note {unit_id}")
        opened.execute(KeepRecommendation(incident_id=incident_id, document={"picks": [unit_id], "eta_s": 412.5}))
    for number in range(3):
        opened.execute(TakeCall(caller_name=f"Pelapor {number}", caller_number="081234567890", words="Tolong!"))
    opened.execute(EraseTexts(text_ids=(next(iter(opened.texts())),), reason="expired"))
    opened.execute(RegisterDevice(unit_id=unit_id, token_hash="ab" * 32, label="HP kru"))
    with writing(opened.engine) as connection:
        connection.execute(
            webhooks.insert().values(
                webhook_id="w1", agency="damkar", url="https://damkar.example/", secret="kunci", event_types="[]",
                everything=True, active=True, why_inactive="", since_seq=0, created_at=NOW, failures=0,
            )
        )  # fmt: skip
    return opened


def contents(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with reading(engine) as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


@pytest.mark.parametrize("kind", [BACKENDS[0], pytest.param(BACKENDS[1], marks=pytest.mark.postgres)])
def test_a_backup_is_put_back_on_either_kind_of_database(
    desk: StoreDesk, make: Make, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / "centre.backup"
    report = backup(desk.engine, target, now=NOW)
    assert (report.seq, report.head) == desk.store.head()
    engine = open_engine(make(kind))
    assert restore(engine, target) == replace(report, taken_at=NOW)
    assert contents(engine) == contents(desk.engine)
    assert care.verify(engine, expect=(report.seq, report.head)).events == report.seq
    assert care.differences(engine) == []
    engine.dispose()


@pytest.mark.parametrize("kind", [BACKENDS[0], pytest.param(BACKENDS[1], marks=pytest.mark.postgres)])
def test_a_restored_store_goes_on_where_the_other_stopped(
    desk: StoreDesk, make: Make, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / "centre.backup"
    backup(desk.engine, target, now=NOW)
    engine = open_engine(make(kind))
    restore(engine, target)
    restored = Store(engine, clock=desk.clock, new_id=lambda: os.urandom(8).hex())
    seq, _ = desk.store.head()
    repeated = AddNote(incident_id="261124-001", text="Warga membantu – “cepat” 🚑")
    before = desk.execute(repeated, key="note AMB-1")
    assert restored.execute(repeated, actor="desk", key="note AMB-1") == before
    assert restored.head()[0] == seq
    answer = restored.execute(TakeCall(caller_number="0812-3456-7890", words="Lagi."), actor="desk")
    assert answer["calls"][0]["call_id"] == "C261124-0004"
    with desk.book() as book:
        old = book.call("C261124-0001")
    assert old is not None
    assert answer["calls"][0]["number_hash"] == old.number_hash
    assert answer["seq"] == seq + 1
    again = tmp_path / "again.backup"
    assert backup(engine, again, now=NOW).seq == seq + 1
    assert care.verify(engine).events == seq + 1
    assert care.differences(engine) == []
    engine.dispose()


def test_a_backup_taken_while_others_write_is_of_one_moment(desk: StoreDesk, make: Make, tmp_path: Path) -> None:
    stop, written = threading.Event(), [0, 0]

    def write(hand: int) -> None:
        while not stop.is_set():
            desk.execute(AddNote(incident_id="261124-001", text="catatan"), actor=f"desk-{hand}")
            written[hand] += 1

    hands = [threading.Thread(target=write, args=(hand,)) for hand in range(2)]
    for hand in hands:
        hand.start()
    try:
        reports = []
        for number in range(4):
            reached = sum(written) + 3
            while sum(written) < reached:
                stop.wait(0.001)
            reports.append(backup(desk.engine, tmp_path / f"{number}.backup", now=NOW))
    finally:
        stop.set()
        for hand in hands:
            hand.join()
    heads = {event.seq: event.hash for event in desk.store.events_after(0, limit=100_000)}
    assert [one.seq for one in reports] == sorted({one.seq for one in reports})
    assert reports[-1].seq < desk.store.head()[0] or sum(written) >= 12
    for number, report in enumerate(reports):
        assert heads[report.seq] == report.head
        engine = open_engine(make("sqlite"))
        restore(engine, tmp_path / f"{number}.backup")
        assert care.verify(engine, expect=(report.seq, report.head)).events == report.seq
        assert care.differences(engine) == []
        engine.dispose()


def test_a_backup_is_for_its_owner_alone_and_appears_whole(
    desk: StoreDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.store.backup._ROWS", 5)
    target = tmp_path / "centre.backup"
    target.write_bytes(b"an older one, readable by all")
    target.chmod(0o644)
    modes = []

    def look(done: int, total: int) -> None:
        modes.append([one.stat().st_mode & 0o777 for one in tmp_path.iterdir() if one != target])

    before = os.umask(0)
    try:
        backup(desk.engine, target, now=NOW, progress=look)
    finally:
        os.umask(before)
    assert target.stat().st_mode & 0o777 == 0o600
    assert modes
    assert all(found == [0o600] for found in modes)
    assert [one.name for one in tmp_path.iterdir() if "backup" in one.name] == [target.name]


def test_a_backup_that_fails_leaves_the_older_one(desk: StoreDesk, tmp_path: Path) -> None:
    target = tmp_path / "centre.backup"
    backup(desk.engine, target, now=NOW)
    older = target.read_bytes()
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("ALTER TABLE webhooks RENAME TO gone")
    with pytest.raises(StoreError):
        backup(desk.engine, target, now=NOW + timedelta(days=1))
    assert target.read_bytes() == older
    assert [one.name for one in tmp_path.iterdir() if "backup" in one.name] == [target.name]


def test_a_store_that_has_anything_in_it_is_never_overwritten(desk: StoreDesk, tmp_path: Path) -> None:
    target = tmp_path / "centre.backup"
    backup(desk.engine, target, now=NOW)
    before = contents(desk.engine)
    with pytest.raises(StoreError, match="The database is not empty; restore into a new one"):
        restore(desk.engine, target)
    assert contents(desk.engine) == before


@pytest.fixture(scope="module")
def taken(tables_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup to damage."""
    desk = worked_desk(empty_database("sqlite", tables_folder, lambda: pytest.fail("SQLite needs no server")))
    target = tmp_path_factory.mktemp("backup") / "centre.backup"
    backup(desk.engine, target, now=NOW)
    desk.close()
    return target


def refused_and_nothing_written(source: Path, folder: Path) -> str:
    database = folder / "new.db"
    engine = open_engine(f"sqlite:///{database}")
    with pytest.raises(SourceError) as caught:
        restore(engine, source)
    engine.dispose()
    assert not database.exists()
    said = str(caught.value)
    assert str(source) in said
    assert "\n" not in said
    return said


def test_a_truncated_backup_is_refused_wherever_it_ends(taken: Path, tmp_path: Path) -> None:
    whole = taken.read_bytes()
    source = tmp_path / "cut.backup"
    for length in (0, 1, 100, *(len(whole) * part // 40 for part in range(1, 40)), len(whole) - 30, len(whole) - 1):
        source.write_bytes(whole[:length])
        assert "take another" in refused_and_nothing_written(source, tmp_path)


def test_a_damaged_backup_is_refused_or_says_what_it_said(taken: Path, make: Make, tmp_path: Path) -> None:
    whole = taken.read_bytes()
    engine = open_engine(make("sqlite"))
    restore(engine, taken)
    expected = contents(engine)
    engine.dispose()
    chance, refused = random.Random(112), 0
    source = tmp_path / "damaged.backup"
    for _ in range(60):
        at = chance.randrange(len(whole))
        source.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :])
        database = tmp_path / "new.db"
        engine = open_engine(f"sqlite:///{database}")
        try:
            restore(engine, source)
        except SourceError:
            refused += 1
            assert not database.exists()
        else:  # A bit that carries nothing, such as one of a date in the list of files.
            assert contents(engine) == expected
        engine.dispose()
        database.unlink(missing_ok=True)
    assert refused > 35


@pytest.mark.parametrize("what", ["text", "folder", "missing", "other zip"])
def test_what_is_no_backup_is_refused(tmp_path: Path, what: str) -> None:
    source = tmp_path / "no.backup"
    if what == "text":
        source.write_text("Selamat pagi")
    elif what == "folder":
        source.mkdir()
    elif what == "other zip":
        with zipfile.ZipFile(source, "w") as packed:
            packed.writestr("readme.txt", "halo")
    refused_and_nothing_written(source, tmp_path)


def rewritten(taken: Path, target: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    with zipfile.ZipFile(taken) as old, zipfile.ZipFile(target, "w") as new:
        for one in old.namelist():
            new.writestr(one, change(old.read(one)) if one == name else old.read(one))
    return target


def test_a_backup_of_another_version_is_refused(taken: Path, tmp_path: Path) -> None:
    def other(text: bytes) -> bytes:
        return text.replace(b'"version": "', b'"version": "9')

    source = rewritten(taken, tmp_path / "other.backup", MANIFEST, other)
    assert "is a backup of version 9" in refused_and_nothing_written(source, tmp_path)


def test_a_backup_with_a_forged_row_is_refused(taken: Path, tmp_path: Path) -> None:
    def forge(lines: bytes) -> bytes:
        assert b"Warga" in lines
        return lines.replace(b"Warga", b"Tetua")

    source = rewritten(taken, tmp_path / "forged.backup", "private_texts.jsonl", forge)
    assert "damaged at its table private_texts" in refused_and_nothing_written(source, tmp_path)


def test_a_backup_forged_with_its_checksums_is_found_by_the_chain(taken: Path, tmp_path: Path, make: Make) -> None:
    import hashlib

    with zipfile.ZipFile(taken) as packed:
        old = packed.read("private_texts.jsonl")
    new = old.replace(b"Warga", b"Tetua")
    half = rewritten(taken, tmp_path / "half.backup", "private_texts.jsonl", lambda _: new)
    sums = [hashlib.sha256(one).hexdigest().encode() for one in (old, new)]
    source = rewritten(half, tmp_path / "forged.backup", MANIFEST, lambda text: text.replace(*sums))
    engine = open_engine(make("sqlite"))
    with pytest.raises(ChainBrokenError, match="is not the one that was written"):
        restore(engine, source)
    assert not any(rows for name, rows in contents(engine).items() if name != "chain_head")
    engine.dispose()


def restore_and_die(url: str, source: str, rows: int) -> None:
    """Be killed in the midst of it."""
    import dispatch.store.backup as module

    module._ROWS = 3  # type: ignore[misc]

    def progress(done: int, total: int) -> None:
        if done >= rows:
            os.kill(os.getpid(), signal.SIGKILL)

    module.restore(open_engine(url), Path(source), progress=progress)


@pytest.mark.parametrize("kind", [BACKENDS[0], pytest.param(BACKENDS[1], marks=pytest.mark.postgres)])
@pytest.mark.parametrize("rows", [3, 60])
def test_a_restore_that_is_killed_leaves_an_empty_database(
    taken: Path, make: Make, tmp_path: Path, kind: str, rows: int
) -> None:
    url = make(kind)
    process = multiprocessing.get_context("spawn").Process(target=restore_and_die, args=(url, str(taken), rows))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    engine = open_engine(url)
    assert {name: rows for name, rows in contents(engine).items() if rows} == {"chain_head": [(1, 0, "0" * 64)]}
    report = restore(engine, taken)
    assert care.verify(engine).events == report.seq
    engine.dispose()


def test_a_restore_makes_the_tables_of_a_new_database(taken: Path, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'new.db'}")
    restore(engine, taken)
    assert "alembic_version" in inspect(engine).get_table_names()
    assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600
    engine.dispose()


def test_the_history_of_positions_is_taken_only_where_it_is_asked_for(desk: StoreDesk, tmp_path: Path) -> None:
    assert "positions" not in backup(desk.engine, tmp_path / "a.backup", now=NOW).rows
    assert "positions" in backup(desk.engine, tmp_path / "b.backup", now=NOW, positions=True).rows
    with pytest.raises(OSError, match="No such file"):
        backup(desk.engine, tmp_path / "none" / "c.backup", now=NOW)
