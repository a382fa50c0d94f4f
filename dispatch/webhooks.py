"""Webhooks to agencies: signed as Standard Webhooks 1.0.0 says, tried again on a schedule, then put on a list.

The rules only; `dispatch.store.webhook_queue` remembers, `web.webhook_worker` sends. Delivery is at least once: the
`Webhook-Id` of an event for one receiver is the same at every attempt, so a receiver drops what it has seen, and
`data.seq` says what came first. https://www.standardwebhooks.com/
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from dispatch.events import Event
from dispatch.webhook_body import SENT
from gis.errors import N_, InputError

SECRET_PREFIX: Final = "whsec_"
MESSAGE_PREFIX: Final = "msg_"
SECRET_BYTES: Final = 32
MIN_SECRET_BYTES: Final = 24
MAX_SECRET_BYTES: Final = 64
MAX_URL_LENGTH: Final = 2000
TOLERANCE_S: Final = 300.0
MAX_RETRY_AFTER_S: Final = 86_400.0
FIRST_HOLD_S: Final = 2.0
MAX_HOLD_S: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where an agency wants to be told.

    Attributes
    ----------
    agency
        Whose it is; it is told of incidents and units that concern this agency.
    everything
        Told of every incident and unit instead: for the coordinator.
    secret, old_secret
        Keys that sign, `whsec_…`; the old one signs too, beside the new, until `old_secret_until`.
    event_types
        What it wants: types such as `incident.moved` or families such as `assignment.*`; empty for all.
    active, why_inactive
        Whether it is told at all; the reason where the centre or the receiver ended it.
    since_seq
        Events after this one are sent, and the whole of an incident that one of them is about.
    """

    webhook_id: str
    agency: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    created_at: datetime
    since_seq: int
    event_types: tuple[str, ...] = ()
    everything: bool = False
    active: bool = True
    why_inactive: str = ""
    old_secret: str | None = field(default=None, repr=False)
    old_secret_until: datetime | None = None

    @property
    def host(self) -> str:
        """The host alone: what a log may say of the address."""
        return urlsplit(self.url).hostname or ""

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """The keys that sign at a moment, the new one first."""
        if self.old_secret is None or self.old_secret_until is None or now >= self.old_secret_until:
            return (self.secret,)
        return (self.secret, self.old_secret)


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one webhook.

    Attributes
    ----------
    message_id
        The `Webhook-Id`, the same at every attempt.
    attempts
        How often it was tried and the outcome is known.
    due_at
        When it is tried next; None once it is delivered or dead.
    fault
        Why the last attempt failed.
    """

    webhook_id: str
    seq: int
    message_id: str
    event_type: str
    incident_id: str | None
    state: DeliveryState
    attempts: int
    created_at: datetime
    due_at: datetime | None
    finished_at: datetime | None = None
    status: int | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery that one worker may try, until `until`; after that another worker may."""

    token: str
    until: datetime
    webhook: Webhook
    delivery: Delivery
    event: Event
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of an attempt: the receiver's HTTP status, or None and the reason why there was none."""

    status: int | None
    fault: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """When a failed delivery is tried again.

    Attributes
    ----------
    delays_s
        Seconds after each failed attempt; when they are used up, the delivery is dead. The default follows the
        example of Standard Webhooks (a first try, then about three days), with two more tries in the first minutes,
        for an agency is of use to an emergency only then.
    spread
        Share of a delay by which chance may shorten or lengthen it.
    """

    delays_s: tuple[float, ...] = (5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
    spread: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What follows from an attempt.

    Attributes
    ----------
    due_at
        When the delivery is tried again, where it is still pending.
    held_until
        Until when nothing at all is sent to the webhook: nobody answers there, or it asked for a pause.
    gone
        The receiver wants nothing more (410): the webhook ends.
    fault
        Why, in a few words; None for a success.
    """

    state: DeliveryState
    due_at: datetime | None
    held_until: datetime | None
    gone: bool
    fault: str | None


def judge(
    answer: Answer, *, attempts: int, failures: int, now: datetime, chance: float, policy: RetryPolicy
) -> Verdict:
    """What follows from an attempt.

    `attempts` counts those at this delivery, with this one; `failures` how often in a row the receiver has not
    answered before it; `chance` is drawn by the caller from 0 to below 1.
    """
    status = answer.status
    if status is not None and 200 <= status <= 299:
        return Verdict(state=DeliveryState.DELIVERED, due_at=None, held_until=None, gone=False, fault=None)
    fault = answer.fault if status is None else f"HTTP {status}"
    held_s = _hold_s(answer, failures)
    held_until = None if held_s is None else now + timedelta(seconds=held_s)
    gone = status == HTTPStatus.GONE
    if gone or attempts > len(policy.delays_s):
        return Verdict(state=DeliveryState.DEAD, due_at=None, held_until=held_until, gone=gone, fault=fault)
    wait_s = policy.delays_s[attempts - 1] * (1 + policy.spread * (2 * chance - 1))
    if answer.retry_after_s is not None:
        wait_s = max(wait_s, min(answer.retry_after_s, MAX_RETRY_AFTER_S))
    due_at = now + timedelta(seconds=wait_s)
    return Verdict(state=DeliveryState.PENDING, due_at=due_at, held_until=held_until, gone=False, fault=fault)


def unreachable(answer: Answer) -> bool:
    """Whether the whole receiver is down or overloaded, rather than refusing one message."""
    return answer.status in (
        None,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    )


def _hold_s(answer: Answer, failures: int) -> float | None:
    """A receiver that is down costs one attempt per pause, not one per message and not a worker's whole time."""
    if not unreachable(answer):
        return None
    if answer.retry_after_s is not None:
        return min(answer.retry_after_s, MAX_RETRY_AFTER_S)
    return float(min(FIRST_HOLD_S * 2 ** min(failures, 20), MAX_HOLD_S))


def retry_after_s(text: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for, as a number or a date; None where it says nothing usable."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return min(float(text), MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


def message_id(webhook_id: str, event: Event) -> str:
    """The `Webhook-Id`: from the event's hash, so that it outlives a restored backup and is never given twice."""
    return MESSAGE_PREFIX + hashlib.sha256(f"{webhook_id}\n{event.hash}".encode()).hexdigest()[:32]


def new_secret(random_bytes: Callable[[int], bytes]) -> str:
    """A new key to sign with."""
    return SECRET_PREFIX + base64.b64encode(random_bytes(SECRET_BYTES)).decode()


def sign(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """One signature of the header `Webhook-Signature`: HMAC-SHA256 over id, time and body.

    Raises
    ------
    InputError
        The secret is none.
    """
    signed = hmac.new(_key(secret), f"{message}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(signed.digest()).decode()


def headers(message: str, now: datetime, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """The headers of an attempt; several secrets give several signatures, for a change of keys without a gap."""
    timestamp = int(now.timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": "siaga112",
        "Webhook-Id": message,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": " ".join(sign(secret, message, timestamp, body) for secret in secrets),
    }


def is_authentic(given: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:
    """What a receiver does: whether one of the signatures is ours and the time is within five minutes.

    `given` are the request's headers by lower-case name.
    """
    try:
        message, timestamp = given["webhook-id"], int(given["webhook-timestamp"])
    except (KeyError, ValueError):
        return False
    expected = sign(secret, message, timestamp, body).encode()
    signatures = given.get("webhook-signature", "").split(" ")
    matches = [hmac.compare_digest(expected, one.encode()) for one in signatures]
    return any(matches) and abs(now.timestamp() - timestamp) <= TOLERANCE_S


def check_url(url: str, *, plain_hosts: frozenset[str] = frozenset()) -> str:
    """The address, where a webhook may go: https, or plain http to this machine or to hosts allowed by name.

    Raises
    ------
    InputError
        It may not; says why, without the address (its query may hold a key).
    """
    if not 0 < len(url) <= MAX_URL_LENGTH or any(character <= " " or character >= "\x7f" for character in url):
        raise InputError(
            N_("The webhook's address must be an https address of at most {most} ASCII characters without blanks."),
            most=MAX_URL_LENGTH,
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or port == 0 or parts.scheme not in ("https", "http"):
        raise InputError(N_("The webhook's address must look like https://host/path."))
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise InputError(
            N_("The webhook's address must hold no user, password or fragment; the signature proves who sends.")
        )
    if parts.scheme == "http" and not _is_loopback(host) and host not in plain_hosts:
        raise InputError(
            N_(
                "The webhook's address must begin with https://; plain http is only for this machine and for hosts "
                "that the settings allow, and “{host}” is none."
            ),
            host=host,
        )
    return url


def check_event_types(event_types: Iterable[str]) -> tuple[str, ...]:
    """The types and families, without repetitions, in order.

    Raises
    ------
    InputError
        One is never sent; says which there are.
    """
    families = {event_type.partition(".")[0] + ".*" for event_type in SENT}
    wanted = tuple(sorted(set(event_types)))
    for one in wanted:
        if one not in SENT and one not in families:
            raise InputError(
                N_("No webhook is sent for “{type}”; choose from {known}."),
                type=one[:80],
                known=", ".join([*sorted(families), *sorted(SENT)]),
            )
    return wanted


def check_secret(secret: str) -> str:
    """A secret that an agency brings along.

    Raises
    ------
    InputError
        It is no `whsec_` and 24 to 64 bytes in base64.
    """
    _key(secret)
    return secret


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        raise InputError(
            N_(
                "The webhook's secret must be whsec_ and {least} to {most} bytes in base64; leave it out "
                "to have one made."
            ),
            least=MIN_SECRET_BYTES,
            most=MAX_SECRET_BYTES,
        )
    return key


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
