"""The tables of the database: made by migrations, the same on both backends as the program describes them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

import dispatch.store.migrations
from dispatch.commands import TakeCall
from dispatch.errors import StoreError
from dispatch.store import care, migrate
from dispatch.store.engine import open_engine, reading, writing
from dispatch.store.store import Store
from dispatch.store.tables import metadata

NEXT = '''
"""One column more."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{newest}"


def upgrade():
    op.add_column("calls", sa.Column("later", sa.Text()))
'''


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    opened = open_engine(store_url, pool_size=8)
    yield opened
    opened.dispose()


def next_version(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this program be the next version, which has one migration more."""
    scripts = folder / "migrations"
    shutil.copytree(Path(dispatch.store.migrations.__file__).parent, scripts)
    (scripts / "versions" / "v9999_next.py").write_text(NEXT.format(newest=migrate.newest()), encoding="utf-8")
    monkeypatch.setattr(migrate, "_SCRIPTS", str(scripts))


def columns(engine: Engine, table: str) -> set[str]:
    return {one["name"] for one in inspect(engine).get_columns(table)}


def described(engine: Engine) -> dict[str, Any]:
    """All that the database itself says of its tables, in an order that does not depend on how they were made."""

    def sorted_by_name(found: list[Any]) -> list[Any]:
        plain = [{key: as_text(value) for key, value in one.items()} for one in found]
        return sorted(plain, key=lambda one: one["name"])

    def as_text(value: Any) -> str:
        return str({key: str(part) for key, part in value.items()} if isinstance(value, dict) else value)

    look = inspect(engine)
    return {
        name: {
            "columns": sorted_by_name(look.get_columns(name)),
            "key": look.get_pk_constraint(name),
            "indexes": sorted_by_name(look.get_indexes(name)),
            "unique": sorted_by_name(look.get_unique_constraints(name)),
            "foreign": sorted_by_name(look.get_foreign_keys(name)),
            "checks": sorted_by_name(look.get_check_constraints(name)),
        }
        for name in look.get_table_names()
        if name != "alembic_version"
    }


def test_the_migrations_make_the_tables_that_the_program_describes(engine: Engine) -> None:
    migrate.ensure_tables(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_alembic_would_notice_a_column_that_no_migration_makes(engine: Engine) -> None:
    migrate.ensure_tables(engine)
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE calls DROP COLUMN taken_by"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert "taken_by" in str(compare_metadata(context, metadata))


def test_the_migrations_make_every_index_and_constraint_alike(engine: Engine) -> None:
    """Alembic does not compare conditions of indexes nor checks: so both ways of making the tables are compared."""
    with writing(engine) as connection:
        metadata.create_all(connection)
    wanted = described(engine)
    with writing(engine) as connection:
        metadata.drop_all(connection)
    migrate.ensure_tables(engine)
    made = described(engine)
    assert made.keys() == wanted.keys()
    for name, description in wanted.items():
        assert made[name] == description
    assert "ended_at IS NULL" in str(made["assignments"]["indexes"])
    assert made["chain_head"]["checks"]


def test_an_empty_database_has_the_head_of_an_empty_chain(engine: Engine) -> None:
    migrate.ensure_tables(engine)
    assert Store(engine).head() == (0, "0" * 64)
    assert care.verify(engine).events == 0


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE events SET actor = 'nobody'",
        "UPDATE events SET seq = seq + 100",
        "DELETE FROM events",
        "DELETE FROM events WHERE seq = 1",
    ],
)
def test_the_database_itself_refuses_to_change_the_log(engine: Engine, attack: str) -> None:
    migrate.ensure_tables(engine)
    store = Store(engine)
    store.execute(TakeCall(), actor="desk")
    before = store.events_after(0)
    with pytest.raises((DBAPIError, StoreError), match="append-only"), writing(engine) as connection:
        connection.execute(text(attack))
    assert store.events_after(0) == before


@pytest.mark.postgres
def test_postgresql_refuses_to_truncate_the_log(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    migrate.ensure_tables(engine)
    Store(engine).execute(TakeCall(), actor="desk")
    with pytest.raises(StoreError, match="append-only"), writing(engine) as connection:
        connection.execute(text("TRUNCATE events CASCADE"))
    assert len(Store(engine).events_after(0)) == 1
    engine.dispose()


@pytest.mark.parametrize("put", ["seq, hash", "seq + 1, hash", "seq - 1, 'other'"])
def test_sqlite_refuses_to_replace_an_event(sqlite_url: str, put: str) -> None:
    engine = open_engine(sqlite_url)
    migrate.ensure_tables(engine)
    Store(engine).execute(TakeCall(), actor="desk")
    statement = (
        "INSERT OR REPLACE INTO events (seq, hash, server_time, actor, type, payload, prev_hash) "
        f"SELECT {put}, server_time, 'nobody', type, payload, prev_hash FROM events"
    )
    with pytest.raises(DBAPIError, match="append-only"), writing(engine) as connection:
        connection.execute(text(statement))
    assert [one.actor for one in Store(engine).events_after(0)] == ["desk"]
    engine.dispose()


def test_many_hosts_may_make_the_tables_at_once(store_url: str) -> None:
    engines = [open_engine(store_url, pool_size=1) for _ in range(6)]
    errors: list[BaseException] = []

    def make(one: Engine) -> None:
        try:
            migrate.ensure_tables(one)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=make, args=(one,)) for one in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Store(engines[0]).head() == (0, "0" * 64)
    for one in engines:
        one.dispose()


def test_an_older_database_is_left_alone_until_it_is_upgraded(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.ensure_tables(engine)
    Store(engine).execute(TakeCall(words="Ada asap."), actor="desk")
    older = migrate.newest()
    before = Store(engine).events_after(0)
    next_version(tmp_path, monkeypatch)
    with pytest.raises(StoreError, match=rf"of version {older}, this program needs 9999; .* `siaga112 db upgrade`\."):
        migrate.ensure_tables(engine)
    assert "later" not in columns(engine, "calls")
    assert migrate.upgrade(engine) == (older, "9999")
    assert "later" in columns(engine, "calls")
    migrate.ensure_tables(engine)
    assert migrate.upgrade(engine) == ("9999", "9999")
    assert Store(engine).events_after(0) == before
    assert care.verify(engine).texts == 1


def test_a_migration_that_fails_changes_nothing(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.ensure_tables(engine)
    older = migrate.newest()
    next_version(tmp_path, monkeypatch)
    with (tmp_path / "migrations" / "versions" / "v9999_next.py").open("a", encoding="utf-8") as script:
        script.write('    op.execute("SELECT nothing FROM nowhere")\n')
    with pytest.raises(StoreError):
        migrate.upgrade(engine)
    assert "later" not in columns(engine, "calls")
    with reading(engine) as connection:
        assert MigrationContext.configure(connection).get_current_revision() == older


def test_a_newer_database_is_refused(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        next_version(tmp_path, newer)
        migrate.ensure_tables(engine)
    sentence = rf"of version 9999, which is newer than this program \({migrate.newest()}\); install the newer one\.$"
    for opening in (migrate.ensure_tables, migrate.upgrade):
        with pytest.raises(StoreError, match=sentence):
            opening(engine)


def test_a_database_of_somebody_else_is_refused(engine: Engine, store_url: str) -> None:
    with create_engine(store_url).begin() as connection:
        connection.execute(text("CREATE TABLE customers (id INTEGER PRIMARY KEY)"))
    for opening in (migrate.ensure_tables, migrate.upgrade):
        with pytest.raises(StoreError, match=r"holds other tables \(customers\); give Siaga112 a database of its own"):
            opening(engine)
    assert inspect(engine).get_table_names() == ["customers"]
