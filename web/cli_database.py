"""The care of the database from a terminal: audit, replay, backup, restore, upgrade."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from gis.errors import InputError
from web.cli_centre import centre_options
from web.cli_common import open_desk, print_json, progress_bar


@click.group()
def audit() -> None:
    """The event log: is it whole."""


@audit.command("verify")
@click.option("--expect", help="SEQ:HASH, as an earlier verify printed it: it must still be in the log.")
@centre_options
def audit_verify(
    expect: str | None, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Verify the chain of the event log, the personal texts and the documents that it refers to."""
    from dataclasses import asdict

    from dispatch.store import care

    wanted = _expected(expect)
    with _engine(database, region_folder) as engine, _counted("verifying") as progress:
        report = care.verify(engine, expect=wanted, progress=progress)
    if as_json:
        print_json(asdict(report))
        return
    click.echo(
        f"{report.events} events, {report.texts} texts ({report.erased_texts} erased), {report.documents} documents: "
        f"whole\nkeep this outside the machine: {report.events}:{report.head}"
    )


@click.command("replay")
@centre_options
def replay(database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """Make all records anew from the event log and compare them with the tables."""
    from dataclasses import asdict

    from dispatch.store import care

    with _engine(database, region_folder) as engine, _counted("replaying") as progress:
        found = care.differences(engine, progress)
    if as_json:
        print_json({"differences": [asdict(one) for one in found]})
    elif not found:
        click.echo("the tables say what the log says")
    for one in () if as_json else found:
        click.echo(f"{one.kind} {one.key}: the table says {one.table}, the log says {one.log}")
    if found:
        raise SystemExit(1)


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--positions", is_flag=True, help="Also the history of positions, which is large.")
@centre_options
def backup(
    target: Path, positions: bool, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Write the whole database to the file TARGET, while others go on working. It holds personal data."""
    from dispatch.store.backup import backup as write
    from dispatch.store.store import utc_now

    with _engine(database, region_folder) as engine, _counted("backing up") as progress:
        report = write(engine, target, now=utc_now(), positions=positions, progress=progress)
    if as_json:
        print_json({"file": str(target), "seq": report.seq, "head": report.head, "rows": report.rows})
    else:
        click.echo(f"{target}: {sum(report.rows.values())} rows, up to event {report.seq}:{report.head}")


@click.command("restore")
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@centre_options
def restore(source: Path, database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """Put the backup SOURCE into an empty database, of either kind, and verify it."""
    from dispatch.store.backup import restore as put_back
    from dispatch.store.migrate import ensure_tables

    with _made(database, region_folder) as engine, _counted("restoring") as progress:
        ensure_tables(engine)
        report = put_back(engine, source, progress=progress)
    if as_json:
        print_json({"file": str(source), "seq": report.seq, "head": report.head, "rows": report.rows})
    else:
        click.echo(f"{sum(report.rows.values())} rows, up to event {report.seq}: whole")


@click.group("db")
def database_group() -> None:
    """The database's tables."""


@database_group.command("upgrade")
@centre_options
def db_upgrade(database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """Make the tables, or bring those of an older version up to date. Take a backup first."""
    from dispatch.store import migrate

    with _made(database, region_folder) as engine:
        before, after = migrate.upgrade(engine)
    if as_json:
        print_json({"before": before, "after": after})
    else:
        click.echo(f"version {after}" + ("" if before == after else f" (before: {before or 'empty'})"))


DATABASE_COMMANDS = (audit, replay, backup, restore, database_group)


def _expected(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    seq, _, head = text.partition(":")
    if not (seq.isascii() and seq.isdigit() and len(head) == 64):
        raise InputError("--expect must be SEQ:HASH, as siaga112 audit verify prints it.")
    return int(seq), head


@contextmanager
def _engine(database: str | None, region_folder: Path | None) -> Iterator[Any]:
    """A database that is there, with tables that this program knows."""
    from dispatch.store.migrate import engine_to_ask

    engine = engine_to_ask(_named(database, region_folder))
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _made(database: str | None, region_folder: Path | None) -> Iterator[Any]:
    """A database that may be empty, or new."""
    from dispatch.store.engine import open_engine

    engine = open_engine(_named(database, region_folder))
    try:
        yield engine
    finally:
        engine.dispose()


def _named(database: str | None, region_folder: Path | None) -> str:
    from web.databases import DATABASE_VARIABLE, database_url

    named = database or os.environ.get(DATABASE_VARIABLE, "").strip()
    return named or database_url(None, open_desk(region_folder).region.name)


@contextmanager
def _counted(description: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar that is told how many are done, of how many."""
    with progress_bar(description) as advance:
        done = 0

        def tell(now: int, total: int) -> None:
            nonlocal done
            advance(now - done)
            done = now

        yield tell
