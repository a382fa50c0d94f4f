"""The store: commands in, events and answers out, one transaction each.

A command locks the head of the chain first. So writers are serial, `seq` has no gaps and follows the order of commits,
and a reader that asks for what comes after N never misses an event. A call centre has a few commands a second; the
store does hundreds.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets as random
import threading
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Executable, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

import dispatch.decide_accounts
import dispatch.decide_alerts
import dispatch.decide_calls
import dispatch.decide_centre
import dispatch.decide_incidents
import dispatch.decide_roads
import dispatch.decide_shifts
import dispatch.decide_speeds
import dispatch.decide_taking_back
import dispatch.decide_units  # noqa: F401 - importing registers what each command may do
from dispatch.codec import canonical, dump, load
from dispatch.commands import Command
from dispatch.decide import TEXT_KEPT, Context, Decision, decide
from dispatch.directory import Directory
from dispatch.errors import KeyReusedError, StoreError, UnitTakenError
from dispatch.event_types import subjects
from dispatch.events import Event, chain_hash
from dispatch.evolve import evolve
from dispatch.exports_common import Issuer
from dispatch.ghost_calls import is_withheld, number_hash
from dispatch.store import refusals, rows, schema
from dispatch.store.book import SqlBook, few
from dispatch.store.engine import at_once, reading, writing
from gis.errors import N_, InputError

Answer = dict[str, Any]

_PLURAL = {
    "call": "calls",
    "incident": "incidents",
    "unit": "units",
    "assignment": "assignments",
    "recommendation": "recommendations",
    "verification": "verifications",
    "handover": "handovers",
    "alert": "alerts",
    "account": "accounts",
    "closure": "closures",
}
_NUMBER_KEY = "number_key"


def _add_document(dialect: str) -> Executable:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(schema.documents).on_conflict_do_nothing()


# Made once: making a statement costs more than running it.
_LOCK = select(schema.chain_head.c.seq).with_for_update()
_START = select(
    schema.chain_head.c.seq,
    schema.chain_head.c.hash,
    select(schema.centre.c.directory_digest).scalar_subquery().label("directory_digest"),
    schema.requests.c.fingerprint,
    schema.requests.c.answer,
).select_from(schema.chain_head.outerjoin(schema.requests, schema.requests.c.key == bindparam("wanted")))
_ADD_EVENTS = insert(schema.events)
_MOVE_HEAD = update(schema.chain_head).values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))
_ADD_TEXTS = insert(schema.private_texts)
_ADD_DOCUMENT = {dialect: _add_document(dialect) for dialect in ("postgresql", "sqlite")}
_ADD_REQUEST = insert(schema.requests)
JAKARTA = ZoneInfo("Asia/Jakarta")


def utc_now() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """An id that never repeats."""
    return uuid.uuid4().hex


class Store:
    """One database; safe for threads.

    Parameters
    ----------
    engine
        From `dispatch.store.engine.open_engine`, with the tables in place (`dispatch.store.migrate`).
    clock, new_id
        Injected, so that tests decide time and ids.
    timezone
        Of the centre.
    text_kept
        How long personal texts are kept.
    issuer
        The centre as it signs alerts and exports.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Callable[[], datetime] = utc_now,
        new_id: Callable[[], str] = new_id,
        timezone: tzinfo = JAKARTA,
        text_kept: timedelta = TEXT_KEPT,
        issuer: Issuer | None = None,
    ) -> None:
        self.engine = engine
        self.timezone = timezone
        self.issuer = issuer or Issuer()
        self._clock = clock
        self._new_id = new_id
        self._text_kept = text_kept
        self._committed = threading.Condition()
        self._last_seq = 0
        self._told_of_commits: list[Callable[[], None]] = []
        self._directories: dict[str, Directory] = {}
        self._number_key = self._secret(_NUMBER_KEY)

    # --- commands ------------------------------------------------------------------------------------------------

    def execute(self, command: Command, *, actor: str, key: str | None = None) -> Answer:
        """Carry out a command: its events and what they change are committed before this returns.

        Parameters
        ----------
        command
            Of `dispatch.commands`.
        actor
            Who asks.
        key
            Idempotency key: the same key with the same command and actor gives the first answer again.

        Returns
        -------
        dict
            `seq` of the last event, and the records that it is about, as lists by kind.

        Raises
        ------
        RefusedError, UnknownIdError, InputError
            It cannot be done; nothing was changed. With a key the refusal is remembered: the same request is refused
            again, whatever has changed since.
        StoreError
            The database failed; nothing was changed.
        """
        fingerprint = None if key is None else self._fingerprint(command, actor)
        try:
            with writing(self.engine, to_log=True) as connection:
                start = self._start(connection, key)
                if start.answer is not None:
                    return refusals.told_again(_same(start.answer, start.fingerprint, fingerprint))
                book, now = SqlBook(connection), self.now()
                try:
                    decision = decide(command, book, self._context(connection, now, actor, start.directory_digest))
                except refusals.REFUSALS as refusal:
                    if key is None:
                        raise
                    answer = refusals.kept(refusal)
                    self._remember(connection, key, fingerprint, answer)
                else:
                    made = self._evolve(book, decision, now, actor, start)
                    answer = self._answer(book, decision, made[-1].seq if made else int(start.seq))
                    with at_once(connection):  # Nothing is read from here on.
                        self._write(book, decision, made)
                        if key is not None:
                            self._remember(connection, key, fingerprint, answer)
        except IntegrityError as error:
            raise _conflict(error) from error
        self._committed_to(answer.get("seq", 0))
        return refusals.told_again(answer)

    def on_commit(self, tell: Callable[[], None]) -> None:
        """Have something told of every commit of this process, by the thread that committed.

        It must be quick, and never raise: what was committed is so whatever it does.
        """
        self._told_of_commits.append(tell)

    @property
    def last_committed(self) -> int:
        """Sequence number of the last event that this process committed; 0 where it committed none."""
        with self._committed:
            return self._last_seq

    def announce(self) -> None:
        """Tell whoever is told of commits that something changed beside the log."""
        for tell in self._told_of_commits:
            tell()

    def _committed_to(self, seq: int) -> None:
        with self._committed:
            is_news, self._last_seq = seq > self._last_seq, max(self._last_seq, seq)
            self._committed.notify_all()
        if is_news:
            self.announce()

    def _start(self, connection: Connection, key: str | None) -> Any:
        """Take the turn to write, and read what every command needs: the head, the directory, the earlier answer."""
        if connection.dialect.name == "postgresql":
            connection.execute(_LOCK)
        start = connection.execute(_START, {"wanted": key}).first()
        if start is None:
            raise StoreError("The head of the event log is missing from the database; restore a backup.")
        return start

    def _context(self, connection: Connection, now: datetime, actor: str, digest: str | None) -> Context:
        return Context(
            now=now,
            actor=actor,
            timezone=self.timezone,
            new_id=self._new_id,
            hash_number=partial(_hashed, key=self._number_key),
            directory=self._directory(connection, digest),
            text_kept=self._text_kept,
            issuer=self.issuer,
        )

    def _evolve(self, book: SqlBook, decision: Decision, now: datetime, actor: str, start: Any) -> list[Event]:
        """Chain the events of a decision to the log, and let them change the records."""
        seq, head = int(start.seq), str(start.hash)
        made: list[Event] = []
        for body, device_time in decision.events:
            incident_id, unit_id, call_id = subjects(body)
            seq += 1
            content: dict[str, Any] = {
                "seq": seq,
                "server_time": now,
                "device_time": device_time,
                "actor": actor,
                "type": body.type,
                "incident_id": incident_id,
                "unit_id": unit_id,
                "call_id": call_id,
                "payload": dump(body),
                "prev_hash": head,
            }
            head = chain_hash(**content)
            made.append(Event(**content, hash=head))
            evolve(body, book)
        return made

    def _write(self, book: SqlBook, decision: Decision, made: list[Event]) -> None:
        connection = book.connection
        book.flush()
        if made:
            connection.execute(_ADD_EVENTS, few([rows.event_row(event) for event in made]))
            connection.execute(_MOVE_HEAD, {"new_seq": made[-1].seq, "new_hash": made[-1].hash})
        if decision.texts:
            kept = [
                {"text_id": one.text_id, "field": one.field.value, "text": one.text, "salt": one.salt,
                 "expires_at": one.expires_at}
                for one in decision.texts
            ]  # fmt: skip
            connection.execute(_ADD_TEXTS, few(kept))
        if decision.erased:
            texts = schema.private_texts
            connection.execute(delete(texts).where(texts.c.text_id.in_(decision.erased)))
        for digest, body in decision.documents.items():
            row = {"digest": digest, "body": zlib.compress(body.encode())}
            connection.execute(_ADD_DOCUMENT[connection.dialect.name], row)

    def _answer(self, book: SqlBook, decision: Decision, seq: int) -> Answer:
        answer: Answer = {"seq": seq}
        for kind, key in dict.fromkeys(decision.about):
            record = getattr(book, kind)(key)
            answer.setdefault(_PLURAL[kind], []).append(dump(record))
        return answer

    def _remember(self, connection: Connection, key: str, fingerprint: str | None, answer: Answer) -> None:
        row = {"key": key, "fingerprint": fingerprint, "answer": canonical(answer), "made_at": self._clock()}
        connection.execute(_ADD_REQUEST, row)

    def _fingerprint(self, command: Command, actor: str) -> str:
        content = canonical([actor, type(command).__name__, dump(command)])
        return hmac.new(self._number_key, content.encode(), hashlib.sha256).hexdigest()

    def now(self) -> datetime:
        """The server's time, UTC."""
        return self._clock().astimezone(UTC)

    # --- reading -------------------------------------------------------------------------------------------------

    @contextmanager
    def book(self) -> Iterator[SqlBook]:
        """All records as one transaction sees them."""
        with reading(self.engine) as connection:
            yield SqlBook(connection)

    def head(self) -> tuple[int, str]:
        """Sequence number and hash of the last event."""
        with reading(self.engine) as connection:
            row = connection.execute(select(schema.chain_head)).mappings().one()
            return int(row["seq"]), str(row["hash"])

    def events_after(
        self,
        seq: int,
        *,
        limit: int = 1000,
        incident_id: str | None = None,
        unit_id: str | None = None,
        call_id: str | None = None,
        types: tuple[str, ...] = (),
    ) -> list[Event]:
        """Events that follow a sequence number, in order, at most `limit`."""
        table = schema.events
        query = select(table).where(table.c.seq > seq).order_by(table.c.seq).limit(limit)
        if incident_id is not None:
            query = query.where(table.c.incident_id == incident_id)
        if unit_id is not None:
            query = query.where(table.c.unit_id == unit_id)
        if call_id is not None:
            query = query.where(table.c.call_id == call_id)
        if types:
            query = query.where(table.c.type.in_(types))
        with reading(self.engine) as connection:
            return [rows.event_of(row) for row in connection.execute(query).mappings()]  # type: ignore[arg-type]

    def wait_for(self, seq: int, timeout_s: float) -> None:
        """Return when this process may have committed something after `seq`, or when the time is over.

        Other processes are not heard here: ask `events_after` again all the same.
        """
        with self._committed:
            self._committed.wait_for(lambda: self._last_seq > seq, timeout_s)

    def texts(self, text_ids: list[str]) -> dict[str, str]:
        """Personal texts by id; erased ones are missing. Only for those who may see them."""
        table = schema.private_texts
        with reading(self.engine) as connection:
            found = connection.execute(select(table.c.text_id, table.c.text).where(table.c.text_id.in_(text_ids)))
            return {row.text_id: row.text for row in found}

    def document(self, digest: str) -> Any:
        """A large body by its digest.

        Raises
        ------
        StoreError
            It is not there.
        """
        with reading(self.engine) as connection:
            return self._document(connection, digest)

    def directory(self) -> Directory:
        """Agencies, categories and run cards in force."""
        with reading(self.engine) as connection:
            digest = connection.execute(select(schema.centre.c.directory_digest)).scalar_one_or_none()
            return self._directory(connection, digest)

    def _directory(self, connection: Connection, digest: str | None) -> Directory:
        if digest is None:
            return Directory()
        if digest not in self._directories:
            self._directories[digest] = load(Directory, self._document(connection, digest))
        return self._directories[digest]

    def _document(self, connection: Connection, digest: str) -> Any:
        table = schema.documents
        body = connection.execute(select(table.c.body).where(table.c.digest == digest)).scalar_one_or_none()
        if body is None:
            raise StoreError(N_("The document {digest} is missing from the database; restore a backup."), digest=digest)
        return json.loads(zlib.decompress(body))

    def _secret(self, name: str) -> bytes:
        table = schema.secrets
        query = select(table.c.value).where(table.c.name == name)
        with reading(self.engine) as connection:
            value = connection.execute(query).scalar_one_or_none()
        if value is None:
            with writing(self.engine) as connection:
                self._start(connection, None)
                value = connection.execute(query).scalar_one_or_none()
                if value is None:
                    value = random.token_hex(32)
                    connection.execute(insert(table).values(name=name, value=value))
        return bytes.fromhex(value)


def _hashed(number: str, *, key: bytes) -> str | None:
    """None for what is no number: a call is taken all the same."""
    try:
        return None if is_withheld(number) else number_hash(number, key)
    except InputError:
        return None


def _same(answer: str, fingerprint: str, wanted: str | None) -> Answer:
    """An earlier answer, if it was to this very request."""
    if fingerprint != wanted:
        raise KeyReusedError(
            N_("The idempotency key came with another request before; use a new key for each request.")
        )
    told: Answer = json.loads(answer)
    return told


def _conflict(error: IntegrityError) -> Exception:
    said = str(error.orig)
    if "one_active_per_unit" in said or "assignments.unit_id" in said:
        return UnitTakenError(N_("The unit was given to another incident a moment ago; choose the next one."))
    return StoreError(N_("The database refused the change: {said}. Nothing was changed."), said=said.splitlines()[0])
