"""Backups: the whole database as one file, taken while the centre works, put back on either kind of database.

A backup is a zip of one JSON-lines file per table with a manifest of counts and checksums, all of one moment (one
transaction that sees one state). Since it is no copy of pages, a backup of SQLite can be restored into PostgreSQL and
the other way round. It holds personal texts and secrets: it is written readable for its owner alone.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, LargeBinary, Table, func, insert, select

from dispatch.errors import StoreError
from dispatch.store import care, migrate
from dispatch.store.engine import reading, writing
from dispatch.store.schema import UtcDateTime, chain_head
from dispatch.store.tables import metadata
from gis.errors import SourceError

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
POSITIONS: Final = "positions"
"""The table of position history: large, and left out unless it is asked for."""
_ROWS: Final = 2000
_DAMAGED: Final = (
    KeyError, TypeError, ValueError, OverflowError, EOFError, OSError, NotImplementedError, RuntimeError,
    zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip
"""What zipfile and json raise on files whose bytes were changed."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    """What a backup holds.

    Attributes
    ----------
    seq, head
        The last event, and its hash: what `audit verify --expect` takes.
    rows
        Rows by table.
    """

    seq: int
    head: str
    rows: dict[str, int]
    taken_at: datetime


def backup(
    engine: Engine, target: Path, *, now: datetime, positions: bool = False, progress: Progress | None = None
) -> BackupReport:
    """Write a backup; the file appears whole or not at all.

    Parameters
    ----------
    engine
        The database; others may go on writing.
    target
        The file; one that exists is replaced.
    now
        The time, for the manifest.
    positions
        Whether to take the history of positions too.
    progress
        Told how many rows are done, of how many.

    Raises
    ------
    StoreError
        The database cannot be read.
    OSError
        The file cannot be written.
    """
    building = target.with_name(f".{target.name}.building-{os.getpid()}")
    try:
        with reading(engine) as connection:
            head = connection.execute(select(chain_head)).mappings().one()
            tables = [one for one in metadata.sorted_tables if positions or one.name != POSITIONS]
            total = sum(_count(connection, one) for one in tables)
            rows: dict[str, int] = {}
            sums: dict[str, str] = {}
            building.unlink(missing_ok=True)
            descriptor = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, True, 6) as packed:
                for table in tables:
                    digest, count = hashlib.sha256(), 0
                    with packed.open(f"{table.name}.jsonl", "w", force_zip64=True) as out:
                        for row in _rows(connection, table):
                            line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                            digest.update(line)
                            out.write(line)
                            count += 1
                            if progress is not None and count % _ROWS == 0:
                                progress(sum(rows.values()) + count, total)
                    rows[table.name], sums[table.name] = count, digest.hexdigest()
                manifest = {
                    "format": FORMAT,
                    "version": migrate.newest(),
                    "taken_at": now.astimezone(UTC).isoformat(),
                    "seq": int(head["seq"]),
                    "head": str(head["hash"]),
                    "rows": rows,
                    "sha256": sums,
                }
                packed.writestr(MANIFEST, json.dumps(manifest, indent=2))
            with building.open("rb") as raw_again:
                os.fsync(raw_again.fileno())
        building.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        building.unlink(missing_ok=True)
    return BackupReport(seq=int(head["seq"]), head=str(head["hash"]), rows=rows, taken_at=now)


def restore(engine: Engine, source: Path, *, progress: Progress | None = None) -> BackupReport:
    """Put a backup into an empty database, all of it or nothing, and verify the event log.

    Raises
    ------
    SourceError
        The file is no backup, is damaged, or is of another version.
    StoreError
        The database is not empty, or cannot be written.
    ChainBrokenError
        The log in the backup does not verify.
    """
    with _opened(source) as packed:
        manifest = _manifest(packed, source)
        for table in _named(manifest):
            for _ in _pages(packed, table, manifest, source):
                pass  # Nothing is written before all of it was read once.
        migrate.ensure_tables(engine)
        total = sum(manifest["rows"].values())
        done = 0
        with writing(engine) as connection:
            if int(connection.execute(select(chain_head.c.seq)).scalar_one()) or any(
                _count(connection, table) for table in metadata.sorted_tables if table.name not in _FILLED
            ):
                raise StoreError("The database is not empty; restore into a new one.")
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
            for table in _named(manifest):
                for page in _pages(packed, table, manifest, source):
                    connection.execute(insert(table), page)
                    done += len(page)
                    if progress is not None:
                        progress(done, total)
            care.verify_within(connection, expect=(manifest["seq"], manifest["head"]))
    return BackupReport(
        seq=manifest["seq"],
        head=manifest["head"],
        rows=manifest["rows"],
        taken_at=datetime.fromisoformat(manifest["taken_at"]),
    )


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except OSError as error:
        raise SourceError(f"{source} cannot be read: {error.strerror or error}; look at the file.") from None
    except _DAMAGED:
        raise SourceError(f"{source} is no backup, or was cut off; take another.") from None


def _named(manifest: dict[str, Any]) -> list[Table]:
    return [table for table in metadata.sorted_tables if table.name in manifest["rows"]]


_FILLED: Final = frozenset({"chain_head", "secrets"})
"""Tables that a database just made may have rows in."""


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _rows(connection: Connection, table: Table) -> Iterator[list[Any]]:
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_ROWS)
    for row in connection.execute(query):
        yield [_plain(value) for value in row]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value


def _pages(
    packed: zipfile.ZipFile, table: Table, manifest: dict[str, Any], source: Path
) -> Iterator[list[dict[str, Any]]]:
    columns = list(table.columns)
    digest, page, count = hashlib.sha256(), [], 0
    try:
        with packed.open(f"{table.name}.jsonl") as lines:
            for line in lines:
                digest.update(line)
                values = json.loads(line)
                page.append(
                    {column.name: _value(column.type, value) for column, value in zip(columns, values, strict=True)}
                )
                count += 1
                if len(page) == _ROWS:
                    yield page
                    page = []
    except _DAMAGED:
        raise SourceError(f"{source} is damaged at its table {table.name}; take another backup.") from None
    if digest.hexdigest() != manifest["sha256"].get(table.name) or count != manifest["rows"][table.name]:
        raise SourceError(f"{source} is damaged at its table {table.name}; take another backup.")
    if page:
        yield page


def _value(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, UtcDateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    return value


def _manifest(packed: zipfile.ZipFile, source: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(packed.read(MANIFEST))
        known = manifest["format"], manifest["version"]
        datetime.fromisoformat(manifest["taken_at"])
        complete = isinstance(manifest["rows"], dict) and isinstance(manifest["sha256"], dict)
        (int(manifest["seq"]), str(manifest["head"]))
    except _DAMAGED:
        raise SourceError(f"{source} is no backup of Siaga112, or its manifest is damaged; take another.") from None
    if not complete:
        raise SourceError(f"{source} is no backup of Siaga112, or its manifest is damaged; take another.")
    if known != (FORMAT, migrate.newest()):
        raise SourceError(
            f"{source} is a backup of version {known[1]} (format {known[0]}), this program needs {migrate.newest()} "
            f"(format {FORMAT}); restore it with the program that made it, then run `siaga112 db upgrade`."
        )
    result: dict[str, Any] = manifest
    return result
