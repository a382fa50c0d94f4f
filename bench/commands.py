"""Commands per second and their waiting time: 32 desks at once on SQLite and PostgreSQL.

    script/bench commands [--clients 32] [--seconds 10] [--backend sqlite|postgresql|both] [--json]

Every client works through whole incidents, as a desk does: a call, its incident, a unit sent, three reports of the
crew, a note, the closing; every command with an idempotency key. Each command is one transaction that is on disk before
it is answered. The clients are threads of one process, as those of one server are, and then each a process of its own,
as on hosts of their own. Beside it, as the floor, the same clients on the same database do nothing but insert one short
row and commit. The waiting time is what a client sees, its turn in the queue included.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import text

from bench import commands_client
from bench.commands_client import HERE, PATIENCE_S
from dispatch.commands import LoadDirectory, RegisterUnit
from dispatch.directory import Agency, Category, Directory, Disposition
from dispatch.store import care
from dispatch.store.engine import open_engine, writing
from dispatch.store.migrate import ensure_tables
from dispatch.store.store import Store
from tests.private_postgres import private_postgres

WARM_UP_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one run gave; times in milliseconds, as the clients saw them."""

    database: str
    work: str
    clients: int
    processes: int
    per_second: float
    median_ms: float
    p95_ms: float
    p99_ms: float
    worst_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench commands", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--backend", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = []
    for name in ("sqlite", "postgresql") if options.backend == "both" else (options.backend,):
        for work in ("commands", "floor"):
            for clients, processes in dict.fromkeys(((options.clients, 1), (options.clients, options.clients), (1, 1))):
                with database(name) as url:
                    results.append(measure(name, url, work, clients, processes, options.seconds))
                if not options.json:
                    show(results[-1])
    if options.json:
        json.dump([asdict(one) for one in results], sys.stdout, indent=2)
        print()
    else:
        compare(results)


@contextmanager
def database(name: str) -> Iterator[str]:
    """A new database of a kind, with its tables and a fleet, gone at the end."""
    if name == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'bench.db'}"
        return
    with private_postgres() as server:
        yield server.create_database()


def measure(name: str, url: str, work: str, clients: int, processes: int, seconds: float) -> Result:
    """Let so many clients work for so long."""
    prepare(url, clients)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.commands_client"])
    ready, stop, told = context.Barrier(clients + 1), context.Event(), context.Queue()
    shares = [list(range(first, clients, processes)) for first in range(processes)]
    desks = [
        context.Process(target=commands_client.work, args=(url, work, share, ready, stop, told)) for share in shares
    ]
    for desk in desks:
        desk.start()
    ready.wait(PATIENCE_S)
    begin = time.monotonic() + WARM_UP_S
    time.sleep(WARM_UP_S + seconds)
    end = time.monotonic()
    stop.set()
    done = np.concatenate([told.get(timeout=PATIENCE_S) for _ in range(clients)])
    for desk in desks:
        desk.join()
    if work == "commands":
        check(url)
    finished, waited_ms = done[:, 0], done[:, 1] * 1000
    counted = waited_ms[(finished >= begin) & (finished <= end)]
    median, p95, p99 = np.percentile(counted, [50, 95, 99])
    return Result(
        database=name, work=work, clients=clients, processes=processes, per_second=len(counted) / (end - begin),
        median_ms=float(median), p95_ms=float(p95), p99_ms=float(p99), worst_ms=float(counted.max()),
    )  # fmt: skip


def prepare(url: str, clients: int) -> None:
    engine = open_engine(url, pool_size=2)
    ensure_tables(engine)
    store = Store(engine)
    directory = Directory(
        agencies=(Agency(agency_id="psc119", name="PSC 119"),),
        categories=(Category(category_id="medical", name={"id": "Medis"}, lead="psc119"),),
        dispositions=(Disposition(disposition_id="handled", name={"id": "Ditangani"}),),
    )
    store.execute(LoadDirectory(directory=directory), actor="bench")
    for number in range(clients):
        unit = RegisterUnit(unit_id=f"AMB-{number}", kind="ambulance", agency="psc119", location=HERE)
        store.execute(unit, actor="bench")
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE floor (id TEXT PRIMARY KEY, body TEXT NOT NULL)"))
    engine.dispose()


def check(url: str) -> None:
    """A quick store that loses something would be worth nothing."""
    engine = open_engine(url, pool_size=2)
    care.verify(engine)
    found = care.differences(engine)
    engine.dispose()
    if found:
        raise SystemExit(f"the tables differ from the log: {found[0]}")


def show(one: Result) -> None:
    what = "commands" if one.work == "commands" else "rows alone"
    print(
        f"{one.database:10} {one.clients:3} clients in {one.processes:2} processes "
        f"{one.per_second:8.0f} {what:10} /s   median {one.median_ms:7.1f}   "
        f"p95 {one.p95_ms:7.1f}   p99 {one.p99_ms:7.1f}   worst {one.worst_ms:7.1f} ms",
        flush=True,
    )


def compare(results: list[Result]) -> None:
    found = {(one.database, one.work, one.clients, one.processes): one for one in results}
    for (name, work, clients, processes), one in found.items():
        if work != "commands":
            continue
        shape = f"{clients} clients in {processes} processes"
        floor = found[name, "floor", clients, processes]
        print(f"{name}, {shape}: a command costs {floor.per_second / one.per_second:.1f} commits of one row")
        other = found.get(("postgresql", work, clients, processes))
        if name == "sqlite" and other is not None:
            print(f"{shape}: PostgreSQL does {other.per_second / one.per_second:.2f} times the commands of SQLite")


if __name__ == "__main__":
    main()
