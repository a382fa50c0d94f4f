"""The PostgreSQL that other tests stand on: what it promises them about crashes, databases and leftovers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.private_postgres import PrivatePostgres, private_postgres

pytestmark = pytest.mark.postgres
REPOSITORY = Path(__file__).resolve().parents[2]


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""))


@pytest.fixture(scope="module")
def own_server(postgres_server: PrivatePostgres) -> Iterator[PrivatePostgres]:
    """One more server, to be killed without disturbing the other tests (and skipped with them)."""
    with private_postgres() as server:
        yield server


def test_what_was_committed_survives_a_kill_and_what_was_not_does_not(own_server: PrivatePostgres) -> None:
    url = own_server.create_database()
    with connect(url) as connection:
        connection.execute("CREATE TABLE kept (number int)")
    for number in range(3):
        with connect(url) as connection:
            connection.execute("INSERT INTO kept VALUES (%s)", [number])
        open_one = connect(url)
        open_one.execute("INSERT INTO kept VALUES (-1)")
        own_server.crash()
        with pytest.raises(psycopg.OperationalError):
            open_one.commit()
        own_server.start()
    with connect(url) as connection:
        assert connection.execute("SELECT number FROM kept ORDER BY number").fetchall() == [(0,), (1,), (2,)]


def test_a_server_that_is_killed_syncs_to_disk_so_that_kill_tests_mean_something(own_server: PrivatePostgres) -> None:
    with connect(own_server.url()) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)


def test_nobody_comes_in_without_the_password(postgres_server: PrivatePostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"password|fe_sendauth"):
        psycopg.connect(host="127.0.0.1", port=postgres_server.port, user="siaga112", password="x", dbname="postgres")


def test_a_template_is_prepared_once_and_every_copy_is_its_own(postgres_server: PrivatePostgres) -> None:
    prepared = []

    def prepare(url: str) -> None:
        prepared.append(url)
        with connect(url) as connection:
            connection.execute("CREATE TABLE things (name text)")

    urls = [postgres_server.create_database(postgres_server.template("things", prepare)) for _ in range(2)]
    assert len(prepared) == 1
    with connect(urls[0]) as connection:
        connection.execute("INSERT INTO things VALUES ('first')")
    with connect(urls[1]) as connection:
        assert connection.execute("SELECT count(*) FROM things").fetchone() == (0,)
    for url in urls:
        postgres_server.drop_database(url)


def test_each_test_gets_an_empty_database(postgres_url: str) -> None:
    with connect(postgres_url) as connection:
        query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(query).fetchone() == (0,)


def test_stopping_leaves_nothing_behind(postgres_server: PrivatePostgres) -> None:
    with private_postgres() as server:
        folder = server.folder
        pid = int((server.data / "postmaster.pid").read_text().split()[0])
        assert folder != postgres_server.folder
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_killed_test_run_leaves_no_server_running(postgres_server: PrivatePostgres) -> None:
    program = """
        import time
        from tests.private_postgres import PrivatePostgres
        server = PrivatePostgres()
        server.start()
        print(server.folder, flush=True)
        time.sleep(600)
    """
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )
    assert owner.stdout is not None
    with owner.stdout:
        folder = Path(owner.stdout.readline().strip())
        assert folder.is_dir()
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    for _ in range(2400):
        if not folder.exists():
            break
        time.sleep(0.05)
    assert not folder.exists()
    assert postgres_server.folder.exists()
