"""Kill -9 in a storm of commands, in short; `script/storm` does it 200 times on each backend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, delete, select, text, update

from bench import storm_client
from bench.storm import Journal, Target, look, storm, target
from dispatch.commands import TakeCall
from dispatch.store import schema
from dispatch.store.engine import open_engine, writing
from dispatch.store.store import Store
from tests.private_postgres import PrivatePostgres

ROUNDS = 6


@pytest.mark.slow
def test_no_acknowledged_command_is_lost_or_half_done_when_a_desk_is_killed() -> None:
    with target("sqlite") as one:
        findings = storm(one, rounds=ROUNDS, hands=6, seed=1)
    assert findings.good, findings
    assert findings.commands > ROUNDS


@pytest.mark.slow
@pytest.mark.postgres
def test_no_acknowledged_command_is_lost_or_half_done_when_desk_or_server_is_killed(
    postgres_server: PrivatePostgres,
) -> None:
    # A server of its own, for this one is killed; the fixture says whether there is PostgreSQL at all.
    with target("postgresql") as one:
        assert str(postgres_server.port) not in one.url
        findings = storm(one, rounds=ROUNDS, hands=6, seed=2)
    assert findings.good, findings
    assert findings.commands > ROUNDS


# The storm would be worth nothing if it found nothing where there is something to find.


@pytest.fixture
def quiet(sqlite_url: str) -> tuple[str, Journal]:
    """A database without any storm, and what was acknowledged."""
    storm_client.set_up(sqlite_url)
    engine = open_engine(sqlite_url)
    answer = Store(engine).execute(TakeCall(words="Ada asap."), actor="a-1", key="a-1")
    engine.dispose()
    journal = Journal(acknowledged={"a-1": answer["seq"]})
    assert look(sqlite_url, journal).good
    return sqlite_url, journal


@contextmanager
def spoiling(url: str) -> Iterator[Connection]:
    engine = open_engine(url)
    with writing(engine) as connection:
        for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        yield connection
    engine.dispose()


def test_the_storm_notices_a_lost_command(quiet: tuple[str, Journal]) -> None:
    url, journal = quiet
    journal.acknowledged["a-2"] = 99
    assert look(url, journal).lost == ["a-2"]
    journal.acknowledged = {"a-1": journal.acknowledged["a-1"], "a-3": None}
    assert look(url, journal).lost == ["a-3"]


def test_the_storm_notices_an_answer_at_another_place_of_the_log(quiet: tuple[str, Journal]) -> None:
    url, journal = quiet
    journal.acknowledged["a-1"] = 1
    assert look(url, journal).lost == ["a-1"]


def test_the_storm_notices_events_without_their_answer(quiet: tuple[str, Journal]) -> None:
    url, journal = quiet
    with spoiling(url) as connection:
        connection.execute(delete(schema.requests).where(schema.requests.c.key == "a-1"))
    findings = look(url, journal)
    assert (findings.lost, findings.half) == (["a-1"], ["a-1"])


def test_the_storm_notices_an_answer_without_its_last_event(quiet: tuple[str, Journal]) -> None:
    url, journal = quiet
    with spoiling(url) as connection:
        last = select(schema.events.c.seq).order_by(schema.events.c.seq.desc()).limit(1).scalar_subquery()
        connection.execute(delete(schema.events).where(schema.events.c.seq == last))
    assert "head says" in look(url, journal).broken


def test_the_storm_notices_a_record_that_the_log_does_not_tell(quiet: tuple[str, Journal]) -> None:
    url, journal = quiet
    with spoiling(url) as connection:
        connection.execute(update(schema.units).where(schema.units.c.unit_id == "AMB-1").values(kind="rescue"))
    assert look(url, journal).differences == 1


def test_the_storm_notices_a_text_that_is_missing(quiet: tuple[str, Journal]) -> None:
    url, journal = quiet
    with spoiling(url) as connection:
        connection.execute(delete(schema.private_texts))
    assert "is gone" in look(url, journal).broken


def test_a_storm_stops_at_the_first_finding() -> None:
    with target("sqlite") as one:
        forgetful = Target(name=one.name, url=one.url, kills=one.kills, recover=lambda kill: forget_round(one.url))
        lines: list[str] = []
        findings = storm(forgetful, rounds=50, hands=2, seed=3, say=lines.append)
    assert not findings.good
    assert len(lines) == 1
    assert "rounds    1 " in lines[0]


def forget_round(url: str) -> None:
    with spoiling(url) as connection:
        connection.execute(delete(schema.requests).where(schema.requests.c.key.like("r%")))
