"""Commands to events: what each may do as things stand, and what then has happened. Pure but for reading the book.

One function per command, registered with `decides`. A command that cannot be carried out raises an error of
`dispatch.errors`; nothing is written here, so a refused command changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final, TypeVar

from dispatch.book import Book
from dispatch.codec import canonical, digest
from dispatch.directory import Directory
from dispatch.errors import RefusedError, UnknownIdError, VersionConflictError
from dispatch.event_types import EventBody
from dispatch.exports_common import Issuer
from dispatch.incidents import Assignment, Call, Incident, PrivateText, TextField, TextRef, UnitState
from gis.errors import N_, InputError

DEVICE_CLOCK_TOLERANCE: Final = timedelta(minutes=2)
"""A device's clock may run ahead of ours by this much."""
TEXT_KEPT: Final = timedelta(days=365)
"""How long personal texts are kept unless the centre's settings say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a decision may know besides the book; injected, so that tests decide it.

    Attributes
    ----------
    now
        The server's time, UTC.
    actor
        Who asks.
    timezone
        Of the centre: ids carry the local date.
    new_id
        Gives ids that never repeat.
    hash_number
        Keyed hash of a caller's number; None for what is no number.
    directory
        Agencies, categories and run cards in force.
    text_kept
        How long personal texts are kept.
    issuer
        The centre as it signs alerts.
    """

    now: datetime
    actor: str
    timezone: tzinfo
    new_id: Callable[[], str]
    hash_number: Callable[[str], str | None]
    directory: Directory = field(default_factory=Directory)
    text_kept: timedelta = TEXT_KEPT
    issuer: Issuer = field(default_factory=Issuer)


@dataclass(slots=True, kw_only=True)
class Decision:
    """What is to be committed together.

    Attributes
    ----------
    events
        In order, each with the device's time.
    texts
        Personal texts to keep.
    documents
        Large bodies by digest, as canonical JSON.
    erased
        Ids of personal texts to erase.
    about
        What the answer shows: kind of record and id.
    """

    events: list[tuple[EventBody, datetime | None]] = field(default_factory=list)
    texts: list[PrivateText] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    erased: list[str] = field(default_factory=list)
    about: list[tuple[str, str]] = field(default_factory=list)

    def happened(self, body: EventBody, device_time: datetime | None = None) -> None:
        """Add an event."""
        self.events.append((body, device_time))

    def keep_text(self, context: Context, what: TextField, text: str) -> TextRef:
        """Add a personal text, and give what the log may hold of it."""
        text_id, salt = context.new_id(), context.new_id()
        self.texts.append(
            PrivateText(text_id=text_id, field=what, text=text, salt=salt, expires_at=context.now + context.text_kept)
        )
        return TextRef(text_id=text_id, digest=text_digest(salt, text))

    def keep_document(self, body: Any) -> str:
        """Add a large body, and give its digest."""
        key = digest(body)
        self.documents[key] = canonical(body)
        return key


def text_digest(salt: str, text: str) -> str:
    """SHA-256 of salt and text, hexadecimal."""
    return hashlib.sha256(f"{salt}:{text}".encode()).hexdigest()


Handler = Callable[[Any, Book, Context, Decision], None]
C = TypeVar("C")

_HANDLERS: dict[type, Handler] = {}


def decides(command: type[C]) -> Callable[[Callable[[C, Book, Context, Decision], None]], Handler]:
    """Register the function that decides a type of command."""

    def register(handler: Callable[[C, Book, Context, Decision], None]) -> Handler:
        _HANDLERS[command] = handler
        return handler

    return register


def decide(command: Any, book: Book, context: Context) -> Decision:
    """Everything that follows from a command as things stand.

    Raises
    ------
    RefusedError
        It cannot be done as things stand; the text says why.
    UnknownIdError
        It speaks of a record that is not there.
    InputError
        A time in the future, an unknown category, and the like.
    """
    decision = Decision()
    check_time(getattr(command, "device_time", None), context.now)
    _HANDLERS[type(command)](command, book, context, decision)
    return decision


def check_time(device_time: datetime | None, now: datetime) -> None:
    """Refuse a time that has not come.

    Raises
    ------
    InputError
        With by how much.
    """
    if device_time is not None and device_time > now + DEVICE_CLOCK_TOLERANCE:
        raise InputError(
            N_("The time {time} is {seconds} s in the future; check the clock of the device."),
            time=device_time.isoformat(),
            seconds=round((device_time - now).total_seconds()),
        )


def check_version(what: str, expected: int | None, version: int) -> None:
    """Refuse a change by somebody who read an older record.

    Raises
    ------
    VersionConflictError
        With both versions.
    """
    if expected is not None and expected != version:
        raise VersionConflictError(
            N_("{what} was changed meanwhile: you have version {expected}, it is now {version}; read it again."),
            what=what,
            expected=expected,
            version=version,
        )


def check_in_fleet(state: UnitState) -> None:
    """Refuse a report about a unit that left the fleet.

    Raises
    ------
    RefusedError
        It did.
    """
    if state.retired:
        raise RefusedError(
            N_("Unit {unit} is no longer part of the fleet; register it again before it reports."),
            unit=state.unit.unit_id,
        )


def the_call(book: Book, call_id: str) -> Call:
    """A call that must be there."""
    return _there(book.call(call_id), "call", call_id)


def the_incident(book: Book, incident_id: str) -> Incident:
    """An incident that must be there."""
    return _there(book.incident(incident_id), "incident", incident_id)


def the_unit(book: Book, unit_id: str) -> UnitState:
    """A unit that must be there."""
    return _there(book.unit(unit_id), "unit", unit_id)


def the_assignment(book: Book, assignment_id: str) -> Assignment:
    """An assignment that must be there."""
    return _there(book.assignment(assignment_id), "assignment", assignment_id)


R = TypeVar("R")


def _there(record: R | None, what: str, key: str) -> R:
    if record is None:
        raise UnknownIdError(N_("There is no {what} “{key}”; check its id."), what=what, key=key[:64])
    return record


there = _there


def local_day(context: Context) -> str:
    """The local date as ids carry it, such as `261124`."""
    return context.now.astimezone(context.timezone).strftime("%y%m%d")
