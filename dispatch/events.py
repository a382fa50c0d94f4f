"""The event log's record, and the chain of hashes that makes it tamper-evident.

Every event's hash covers its own content and the hash before it, so an event that is altered, taken out or put in
breaks every hash after it. Taking away the *last* events leaves a valid, shorter chain: keep the head that
`audit verify` prints outside the machine, and give it back with `--expect`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from dispatch.codec import canonical
from dispatch.errors import ChainBrokenError

GENESIS: Final = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, for ever.

    Attributes
    ----------
    seq
        From 1, without gaps, in the order of commits.
    server_time, device_time
        When the server was told, and when the reporting device says that it happened.
    actor
        Who did it: an account or `system`, never a caller.
    type
        Such as `incident.opened`; see `dispatch.event_types`.
    incident_id, unit_id, call_id
        What it is about.
    payload
        Plain JSON, free of personal data.
    prev_hash, hash
        The chain.
    """

    seq: int
    server_time: datetime
    device_time: datetime | None
    actor: str
    type: str
    incident_id: str | None
    unit_id: str | None
    call_id: str | None
    payload: dict[str, Any]
    prev_hash: str
    hash: str


def chain_hash(
    *,
    seq: int,
    server_time: datetime,
    device_time: datetime | None,
    actor: str,
    type: str,
    incident_id: str | None,
    unit_id: str | None,
    call_id: str | None,
    payload: dict[str, Any],
    prev_hash: str,
) -> str:
    """SHA-256 over the canonical JSON of all other fields, hexadecimal."""
    content = [
        prev_hash, seq, _text(server_time), _text(device_time), actor, type, incident_id, unit_id, call_id, payload,
    ]  # fmt: skip
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def verify_chain(events: Iterable[Event], *, seq: int = 0, head: str = GENESIS) -> tuple[int, str]:
    """Check a run of events that follows a known head.

    Returns
    -------
    tuple of int and str
        Sequence number and hash of the last event.

    Raises
    ------
    ChainBrokenError
        The first event that does not fit, and how.
    """
    for event in events:
        if event.seq != seq + 1:
            raise ChainBrokenError(
                "The event log is broken: event {seq} is followed by event {found}; restore a backup and compare.",
                seq=seq,
                found=event.seq,
            )
        expected = chain_hash(
            seq=event.seq,
            server_time=event.server_time,
            device_time=event.device_time,
            actor=event.actor,
            type=event.type,
            incident_id=event.incident_id,
            unit_id=event.unit_id,
            call_id=event.call_id,
            payload=event.payload,
            prev_hash=head,
        )
        if event.prev_hash != head or event.hash != expected:
            raise ChainBrokenError(
                "The event log is broken at event {seq} of {time}: its content does not match its hash; restore a "
                "backup and compare.",
                seq=event.seq,
                time=_text(event.server_time),
            )
        seq, head = event.seq, event.hash
    return seq, head


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
