"""Kill -9 in a storm of commands: what was acknowledged is there, nothing is half there, and the log verifies.

    script/storm [--rounds 200] [--backend sqlite|postgresql|both] [--hands 8] [--seed 112]

Each round a desk of its own process gives commands with many hands; at a random moment it is killed with SIGKILL. On
PostgreSQL every third round kills the server with all its processes instead, and every third both. Then, on the
same data, round after round:

- every acknowledged command has its answer in the database, at the sequence number that was acknowledged;
- every command has all of its events and its answer, or none of them;
- the chain of hashes verifies, and all personal texts are those that the log refers to;
- the log, replayed, gives the very records that the tables hold, and no unit has two active assignments.

A killed process is not a power failure: what the operating system had taken is still written to disk. Both databases
run as in service, syncing before they acknowledge.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, func, select

from bench import storm_client
from dispatch.errors import ChainBrokenError
from dispatch.store import care, schema
from dispatch.store.engine import open_engine, reading
from tests.private_postgres import private_postgres

MOST_ACKNOWLEDGED = 60
MOST_DELAY_S = 0.02
PATIENCE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Target:
    """A database to be tried: what is killed in a round, and how it comes back."""

    name: str
    url: str
    kills: tuple[str, ...]
    crash: Callable[[], None] = lambda: None
    recover: Callable[[str], None] = lambda kill: None


@dataclass(kw_only=True)
class Journal:
    """What was acknowledged: key to sequence number, or None for a refusal."""

    acknowledged: dict[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a look at the database found."""

    commands: int
    events: int
    lost: list[str]
    half: list[str]
    differences: int
    doubles: int
    broken: str

    @property
    def good(self) -> bool:
        """Whether everything is as it was promised."""
        return not (self.lost or self.half or self.differences or self.doubles or self.broken)


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/storm", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=200, help="kills on each backend")
    parser.add_argument("--backend", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--hands", type=int, default=8, help="threads that give commands at once")
    parser.add_argument("--seed", type=int, default=112)
    options = parser.parse_args()
    bad = False
    for name in ("sqlite", "postgresql") if options.backend == "both" else (options.backend,):
        with target(name) as one:
            findings = storm(one, rounds=options.rounds, hands=options.hands, seed=options.seed, say=show)
        bad |= not findings.good
    sys.exit(1 if bad else 0)


@contextmanager
def target(name: str) -> Iterator[Target]:
    """A new database of a kind, gone at the end."""
    if name == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield Target(name=name, url=f"sqlite:///{Path(folder) / 'storm.db'}", kills=("desk",))
        return
    with private_postgres() as server:
        url = server.create_database()

        def recover(kill: str) -> None:
            if kill != "desk":
                server.start()
            _wait_until_alone(url)

        yield Target(name=name, url=url, kills=("desk", "server", "both"), crash=server.crash, recover=recover)


def storm(
    one: Target, *, rounds: int, hands: int, seed: int, say: Callable[[str], None] = lambda line: None
) -> Findings:
    """So many rounds on one database; stops at the first that finds something."""
    chance = random.Random(seed)
    journal = Journal()
    storm_client.set_up(one.url)
    start, kills = time.monotonic(), dict.fromkeys(one.kills, 0)
    findings = None
    for number in range(1, rounds + 1):
        kill = one.kills[number % len(one.kills)]
        kills[kill] += 1
        play_round(one, journal, kill=kill, name=f"r{number}", hands=hands, chance=chance)
        findings = look(one.url, journal)
        if not findings.good or number % 20 == 0 or number == rounds:
            say(report(one, number, kills, journal, findings, time.monotonic() - start))
        if not findings.good:
            break
    assert findings is not None, "a storm has at least one round"
    return findings


def play_round(one: Target, journal: Journal, *, kill: str, name: str, hands: int, chance: random.Random) -> None:
    """One desk, from its start to its end."""
    # Children come from a process that has imported everything and holds no thread and no connection.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.storm_client"])
    receiving, sending = context.Pipe(duplex=False)
    desk = context.Process(target=storm_client.run, args=(one.url, name, hands, sending), daemon=True)
    desk.start()
    sending.close()
    try:
        wanted = len(journal.acknowledged) + chance.randint(1, MOST_ACKNOWLEDGED)
        deadline = time.monotonic() + PATIENCE_S
        while len(journal.acknowledged) < wanted:
            if time.monotonic() > deadline or not receiving.poll(PATIENCE_S):
                raise RuntimeError(f"the desk of round {name} gives no commands")
            _read(receiving, journal)
        time.sleep(chance.uniform(0, MOST_DELAY_S))
        if kill == "server":
            one.crash()
        elif kill == "both":
            desk.kill()
            one.crash()
    finally:
        desk.kill()
        desk.join()
    # What the desk had said before its end counts, though nobody had read it yet.
    with receiving:
        while True:
            try:
                _read(receiving, journal)
            except (EOFError, OSError):
                break
    one.recover(kill)


def look(url: str, journal: Journal) -> Findings:
    """Compare the database with the journal and with itself."""
    engine = open_engine(url, pool_size=2)
    try:
        answers, events = _commands(engine)
        lost = [
            key
            for key, seq in journal.acknowledged.items()
            if key not in answers or (seq is None) != ("refused" in answers[key]) or answers[key].get("seq") != seq
        ]
        half = [
            key
            for key, seqs in events.items()
            if key not in answers
            or seqs != list(range(seqs[0], seqs[0] + len(seqs)))
            or answers[key].get("seq") != seqs[-1]
        ]
        broken = ""
        try:
            audit = care.verify(engine)
            if audit.erased_texts:
                broken = f"{audit.erased_texts} texts are missing"
        except ChainBrokenError as error:
            broken = str(error)
        return Findings(
            commands=len(answers),
            events=sum(map(len, events.values())),
            lost=lost,
            half=half,
            differences=len(care.differences(engine)) if not broken else 0,
            doubles=_doubles(engine),
            broken=broken,
        )
    finally:
        engine.dispose()


def report(
    one: Target, rounds: int, kills: dict[str, int], journal: Journal, findings: Findings, seconds: float
) -> str:
    killed = ", ".join(f"{name} {number}" for name, number in kills.items())
    refused = sum(seq is None for seq in journal.acknowledged.values())
    line = (
        f"{one.name:10} rounds {rounds:4} (killed: {killed}) in {seconds:.0f} s; acknowledged "
        f"{len(journal.acknowledged)} (refused {refused}), in the database {findings.commands} commands with "
        f"{findings.events} events; lost {len(findings.lost)}, half {len(findings.half)}, doubles "
        f"{findings.doubles}, chain {findings.broken or 'verifies'}, records other than the log's "
        f"{findings.differences}"
    )
    examples = [*findings.lost[:3], *findings.half[:3]]
    return line + (f"; see {', '.join(examples)}" if examples else "")


def show(line: str) -> None:
    print(line, flush=True)


def _read(receiving: Any, journal: Journal) -> None:
    said = json.loads(receiving.recv_bytes())
    journal.acknowledged[said["key"]] = said.get("seq")


def _commands(engine: Engine) -> tuple[dict[str, dict[str, Any]], dict[str, list[int]]]:
    """Answers by key, and the sequence numbers of events by the key of their command."""
    with reading(engine) as connection:
        answers = {row.key: json.loads(row.answer) for row in connection.execute(select(schema.requests))}
        events: dict[str, list[int]] = {}
        query = select(schema.events.c.actor, schema.events.c.seq).order_by(schema.events.c.seq)
        for actor, seq in connection.execute(query):
            events.setdefault(actor, []).append(seq)
    return answers, events


def _doubles(engine: Engine) -> int:
    table = schema.assignments
    query = select(table.c.unit_id).where(table.c.ended_at.is_(None)).group_by(table.c.unit_id)
    with reading(engine) as connection:
        return len(connection.execute(query.having(func.count() > 1)).all())


def _wait_until_alone(url: str) -> None:
    """A killed desk's last transaction may still be under way in the server; wait until it has ended."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    )
    deadline = time.monotonic() + PATIENCE_S
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        while connection.execute(query).fetchone() != (0,):
            if time.monotonic() > deadline:
                raise RuntimeError("connections of a killed desk do not end")
            time.sleep(0.01)


if __name__ == "__main__":
    main()
