"""Care of the store: is the log whole, do the tables say what the log says, what may be erased."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine, and_, delete, func, select

from dispatch.book import MemoryBook
from dispatch.codec import canonical, dump
from dispatch.decide import text_digest
from dispatch.errors import ChainBrokenError
from dispatch.event_types import TextsErased
from dispatch.events import GENESIS, Event, verify_chain
from dispatch.evolve import body_of, evolve
from dispatch.store import rows, schema
from dispatch.store.engine import reading, writing

_PAGE = 5000
_WORDS = ("actor", "type", "prev_hash", "hash")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What `verify` found.

    Attributes
    ----------
    events
        How many there are.
    head
        Hash of the last; keep it outside the machine.
    texts, erased_texts
        Personal texts that the log refers to and that match their digest, and those erased.
    documents
        Large bodies that match their digest.
    """

    events: int
    head: str
    texts: int
    erased_texts: int
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A record that the tables and the log tell differently; None where one of them has none."""

    kind: str
    key: str
    table: dict[str, Any] | None
    log: dict[str, Any] | None


def verify(engine: Engine, *, expect: tuple[int, str] | None = None, progress: Progress | None = None) -> AuditReport:
    """Check the whole chain, and that personal texts and documents are the ones that the log refers to.

    Parameters
    ----------
    engine
        The database.
    expect
        Sequence number and hash that were noted down earlier: they must still be in the log.
    progress
        Told how many events are done, of how many.

    Raises
    ------
    ChainBrokenError
        What does not fit, and where.
    """
    with reading(engine) as connection:
        return verify_within(connection, expect=expect, progress=progress)


def verify_within(
    connection: Connection, *, expect: tuple[int, str] | None = None, progress: Progress | None = None
) -> AuditReport:
    """As `verify`, in a transaction that is under way."""
    total, noted = _head(connection)
    seq, last = 0, GENESIS
    refs: dict[str, str] = {}
    digests: set[str] = set()
    erased: set[str] = set()
    for page in _pages(connection):
        seq, last = verify_chain(page, seq=seq, head=last)
        for event in page:
            _collect(event.payload, refs)
            if "digest" in event.payload:
                digests.add(event.payload["digest"])
            if event.type == TextsErased.type:
                erased.update(event.payload["text_ids"])
            if expect is not None and event.seq == expect[0] and event.hash != expect[1]:
                raise ChainBrokenError(
                    "Event {seq} is not the one that was noted down: the log was written anew; restore a backup.",
                    seq=event.seq,
                )
        if progress is not None:
            progress(seq, total)
    if seq != total:
        raise ChainBrokenError(
            "The log ends at event {seq}, but its head says {total}; restore a backup.", seq=seq, total=total
        )
    if last != noted:
        raise ChainBrokenError(
            "The head of the log does not have the hash of its last event, {seq}; restore a backup.", seq=seq
        )
    if expect is not None and expect[0] > seq:
        raise ChainBrokenError(
            "The log ends at event {seq}, but event {expected} was noted down: the end was cut off; restore a backup.",
            seq=seq,
            expected=expect[0],
        )
    texts = _verify_texts(connection, refs, erased)
    _verify_documents(connection, digests)
    return AuditReport(events=seq, head=last, texts=texts, erased_texts=len(refs) - texts, documents=len(digests))


def replayed(engine: Engine, progress: Progress | None = None) -> MemoryBook:
    """All records, made anew from the log alone.

    Raises
    ------
    ChainBrokenError
        An event makes no sense after those before it.
    """
    book = MemoryBook()
    with reading(engine) as connection:
        total, _ = _head(connection)
        for page in _pages(connection):
            for event in page:
                try:
                    evolve(body_of(event.type, event.payload), book)
                except (KeyError, ValueError):
                    raise ChainBrokenError(
                        "Event {seq} cannot be replayed: it was altered; run `siaga112 audit verify`.", seq=event.seq
                    ) from None
            if progress is not None:
                progress(page[-1].seq, total)
    return book


def differences(engine: Engine, progress: Progress | None = None) -> list[Difference]:
    """Every record that the tables tell otherwise than the log. None: the state equals the log."""
    book = replayed(engine, progress)
    from_log = {
        "call": book.calls,
        "incident": book.incidents,
        "unit": book.units,
        "assignment": book.assignments,
        "recommendation": book.recommendations,
        "verification": book.verifications,
        "handover": book.handovers,
        "alert": book.alerts,
        "device": book.devices,
        "account": book.accounts,
        "centre": {} if book.whole is None else {"1": book.whole},
        "closure": book.closures,
        "cut_off": {} if book.cut is None else {"1": book.cut},
    }
    tables = {
        "call": (schema.calls, rows.call_of),
        "incident": (schema.incidents, rows.incident_of),
        "unit": (schema.units, rows.unit_of),
        "assignment": (schema.assignments, rows.assignment_of),
        "recommendation": (schema.recommendations, rows.recommendation_of),
        "verification": (schema.verifications, rows.verification_of),
        "handover": (schema.handovers, rows.handover_of),
        "alert": (schema.alerts, rows.alert_of),
        "device": (schema.devices, rows.device_of),
        "account": (schema.accounts, rows.account_of),
        "centre": (schema.centre, rows.centre_of),
        "closure": (schema.closures, rows.closure_of),
        "cut_off": (schema.cut_off, rows.cut_off_of),
    }
    found: list[Difference] = []
    with reading(engine) as connection:
        for kind, (table, record_of) in tables.items():
            key = next(iter(table.primary_key.columns)).name
            stored = {
                str(row[key]): record_of(row)  # type: ignore[arg-type]
                for row in connection.execute(select(table)).mappings()
            }
            logged: dict[str, Any] = dict(from_log[kind])  # type: ignore[call-overload]
            found += [
                Difference(kind=kind, key=one, table=_shown(stored.get(one)), log=_shown(logged.get(one)))
                for one in sorted(stored.keys() | logged.keys())
                if stored.get(one) != logged.get(one)
            ]
    return found


def expired_texts(engine: Engine, now: datetime, limit: int = 1000) -> list[str]:
    """Ids of personal texts whose time is over; `EraseTexts` erases them."""
    table = schema.private_texts
    query = select(table.c.text_id).where(table.c.expires_at < now).order_by(table.c.expires_at).limit(limit)
    with reading(engine) as connection:
        return list(connection.execute(query).scalars())


def texts_of_closed(engine: Engine, category: str, before: datetime) -> list[str]:
    """Ids of the personal texts that are still there of incidents of a category that were closed before a time."""
    incidents, calls, texts = schema.incidents, schema.calls, schema.private_texts
    closed = and_(incidents.c.category == category, incidents.c.closed_at < before)
    refs: dict[str, str] = {}
    with reading(engine) as connection:
        there = set(connection.execute(select(texts.c.text_id)).scalars())
        for row in connection.execute(select(incidents.c.notes, incidents.c.answers).where(closed)):
            _collect([json.loads(row.notes), json.loads(row.answers)], refs)
        linked = calls.join(incidents, incidents.c.incident_id == calls.c.incident_id)
        for kept in connection.execute(select(calls.c.texts).select_from(linked).where(closed)).scalars():
            _collect(json.loads(kept), refs)
    return sorted(there & refs.keys())


def forget_requests(engine: Engine, before: datetime) -> int:
    """Drop the answers to idempotency keys older than a time; gives how many."""
    table = schema.requests
    with writing(engine) as connection:
        return int(connection.execute(delete(table).where(table.c.made_at < before)).rowcount)


def _head(connection: Connection) -> tuple[int, str]:
    head = connection.execute(select(schema.chain_head)).first()
    if head is None:
        raise ChainBrokenError("The head of the event log is missing; restore a backup.")
    return int(head.seq), str(head.hash)


def _pages(connection: Connection) -> Iterator[list[Event]]:
    """All events, by number; also those that no writer could have put before the first."""
    table = schema.events
    query, after = select(table).order_by(table.c.seq).limit(_PAGE), None
    while True:
        wanted = query if after is None else query.where(table.c.seq > after)
        page: list[Event] = []
        try:
            for row in connection.execute(wanted).mappings():
                event = rows.event_of(row)  # type: ignore[arg-type]
                if row["payload"] != canonical(event.payload) or not all(isinstance(row[one], str) for one in _WORDS):
                    raise ValueError
                page.append(event)
                after = event.seq
        except (ValueError, TypeError):
            raise ChainBrokenError(
                "The event after event {seq} cannot be read: it was altered; restore a backup and compare.",
                seq=after or 0,
            ) from None
        if not page:
            return
        yield page


def _collect(value: Any, refs: dict[str, str]) -> None:
    """All references to personal texts in a payload."""
    if isinstance(value, dict):
        if value.keys() == {"text_id", "digest"}:
            refs[value["text_id"]] = value["digest"]
        for part in value.values():
            _collect(part, refs)
    elif isinstance(value, list):
        for part in value:
            _collect(part, refs)


def _verify_texts(connection: Connection, refs: dict[str, str], erased: set[str]) -> int:
    found: set[str] = set()
    for row in connection.execute(select(schema.private_texts)):
        expected = refs.get(row.text_id)
        if expected is None or text_digest(row.salt, row.text) != expected:
            raise ChainBrokenError(
                "The text {text} is not the one that was written; restore a backup.", text=row.text_id
            )
        found.add(row.text_id)
    lost = sorted(refs.keys() - found - erased)
    if lost:
        raise ChainBrokenError("The text {text} is gone, and no event erased it; restore a backup.", text=lost[0])
    return len(found)


def _verify_documents(connection: Connection, digests: set[str]) -> None:
    table = schema.documents
    for digest in sorted(digests):
        body = connection.execute(select(table.c.body).where(table.c.digest == digest)).scalar_one_or_none()
        if body is None:
            raise ChainBrokenError("The document {digest} is missing; restore a backup.", digest=digest)
        try:
            text = zlib.decompress(body)
            json.loads(text)
        except (zlib.error, ValueError):
            text = b""
        if sha256(text).hexdigest() != digest:
            raise ChainBrokenError("The document {digest} was altered; restore a backup.", digest=digest)


def _shown(record: Any) -> dict[str, Any] | None:
    return None if record is None else dump(record)


def table_counts(engine: Engine) -> dict[str, int]:
    """Rows by table."""
    with reading(engine) as connection:
        return {
            table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
            for table in schema.metadata.sorted_tables
        }
