"""Positions over HTTP: three endpoints, each for what one family of clients sends.

A device shows its token in the way that its protocol has: as `Authorization: Bearer`, as the password of Basic, in a
header of OwnTracks, or, for the OsmAnd protocol, as the device's id. That id stands in the address of the request, so
nothing here logs an address, and a proxy in front must not either (`docs/positions.md`).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, cast

from flask import Blueprint, Flask, Response, current_app, request

from dispatch.errors import StoreError
from dispatch.fixes import Device, Reading, fixes_of
from dispatch.store.positions import Delivery, Receipt
from gis.errors import InputError, SiagaError
from web.access import Permission, Scope, actor, needs
from web.crew_unit import shared_unit
from web.position_formats import osmand_token, parse_batch, parse_osmand, parse_owntracks
from web.position_intake import RETRY_AFTER_S, DeviceBook, IntakeBusyError, PositionIntake
from web.problems import problem

EXTENSION: Final = "siaga112-positions"
_MOST_REFUSED: Final = 1000
_MAX_TOKEN: Final = 200

positions_blueprint = Blueprint("positions", __name__, url_prefix="/api/v1/positions")


class DeviceUnknownError(SiagaError):
    """No token, or one that belongs to no device or was revoked."""

    code = "device-unknown"


class Refused:
    """Messages that were refused lately: the second time a phone sends one, it is told to let go of it.

    Phones send what was not taken again and again, and nothing newer before it: one position of 0, 0 would keep a unit
    off the map for good. The first answer says what is wrong; the next ones say that it was received.
    """

    def __init__(self, most: int = _MOST_REFUSED) -> None:
        self._most = most
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def again(self, message: bytes) -> bool:
        """Whether this message was refused before; from now on it was."""
        digest = hashlib.sha256(message).digest()
        with self._lock:
            known = digest in self._seen
            self._seen[digest] = None
            self._seen.move_to_end(digest)
            while len(self._seen) > self._most:
                self._seen.popitem(last=False)
        return known


@dataclass(frozen=True, kw_only=True)
class Positions:
    """What the endpoints work with."""

    intake: PositionIntake
    devices: DeviceBook
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    refused: Refused = field(default_factory=Refused)


def register_positions(app: Flask, positions: Positions) -> None:
    """Serve the endpoints with a started intake."""
    app.extensions[EXTENSION] = positions
    app.register_blueprint(positions_blueprint)


@positions_blueprint.route("/osmand", methods=["GET", "POST"])
@needs(Permission.DEVICE)
def osmand() -> Response:
    """A position by the OsmAnd protocol: query, form or Traccar Client's JSON. Answers with an empty 200."""
    query, body, content_type = request.query_string.decode("ascii", "replace"), request.get_data(), _content_type()
    tokens = _header_tokens()
    if not tokens and (token := osmand_token(query, body, content_type)) is not None:
        tokens = [token]
    _phone(lambda: parse_osmand(query, body, content_type), tokens, "osmand", query.encode() + b"\n" + body)
    return Response("", content_type="text/plain; charset=utf-8", headers=_NO_STORE)


@positions_blueprint.post("/owntracks")
@needs(Permission.DEVICE)
def owntracks() -> Response:
    """A message of OwnTracks in HTTP mode. Answers with the empty list: there is nothing to tell the phone."""
    body = request.get_data()
    names = [value for name in ("X-Limit-D", "X-Limit-U") if (value := request.headers.get(name))]
    _phone(lambda: parse_owntracks(body), [*_header_tokens(), *names], "owntracks", body)
    return _json([])


@positions_blueprint.post("")
@needs(Permission.DEVICE)
def batch() -> Response:
    """Up to 1,000 positions of one device as plain JSON; all are stored or none."""
    device = _device(_header_tokens())
    receipt = _store(device, parse_batch(request.get_data()), "json")
    flagged = [
        {"time": fix.device_time.isoformat(), "flags": list(fix.flags.words)} for fix in receipt.stored if fix.flags
    ]
    return _json({"stored": len(receipt.stored), "repeated": receipt.repeated, "flagged": flagged})


@positions_blueprint.post("/crew")
@needs(Permission.CREW, Scope.NARROWED)
def crew() -> Response:
    """Positions of the phone on which a crew has the page of its unit open, as `batch` takes them."""
    state = shared_unit(request.args.get("unit"))
    name = hashlib.sha256(f"crew {actor().name}".encode()).hexdigest()
    device = Device(token_hash=name, unit_id=state.unit.unit_id, kind=state.unit.kind, label=actor().name)
    receipt = _store(device, parse_batch(request.get_data()), "crew")
    return _json({"stored": len(receipt.stored), "repeated": receipt.repeated})


_NO_STORE: Final = {"Cache-Control": "no-store"}


def _positions() -> Positions:
    return cast(Positions, current_app.extensions[EXTENSION])


def _phone(read: Callable[[], tuple[Reading, ...]], tokens: list[str], source: str, raw: bytes) -> None:
    """Take the message of a phone, which keeps sending what was refused (see `Refused`)."""
    device = _device(tokens)
    try:
        readings = read()
    except InputError:
        if not _positions().refused.again(b"\n".join((device.token_hash.encode(), source.encode(), raw))):
            raise
    else:
        _store(device, readings, source)


def _store(device: Device, readings: tuple[Reading, ...], source: str) -> Receipt:
    if not readings:
        return Receipt(stored=(), repeated=0)
    positions = _positions()
    rules = positions.intake.store.rules
    fixes = fixes_of(readings, device, source=source, received_at=positions.clock(), rules=rules)
    return positions.intake.submit(Delivery(device=device, fixes=fixes))


def _device(tokens: list[str]) -> Device:
    """The device of the first token that belongs to one."""
    for token in tokens:
        if len(token) <= _MAX_TOKEN and (device := _positions().devices.device(token)) is not None:
            return device
    raise DeviceUnknownError(
        "No device has this token, or it was revoked; register the device and put its token into the client's settings."
    )


def _header_tokens() -> list[str]:
    """The token of the Authorization header, if there is one."""
    given = request.authorization
    token = None if given is None else given.token if given.type == "bearer" else given.password
    return [token] if token else []


def _content_type() -> str:
    return request.content_type or ""


def _json(body: Any) -> Response:
    return Response(json.dumps(body, separators=(",", ":")), content_type="application/json", headers=_NO_STORE)


# --- problems, for this blueprint alone --------------------------------------------------------------------------


@positions_blueprint.errorhandler(InputError)
def _bad_input(error: InputError) -> Response:
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, code=error.code, title="The position cannot be used", detail=str(error)
    )


@positions_blueprint.errorhandler(DeviceUnknownError)
def _unknown(error: DeviceUnknownError) -> Response:
    answer = problem(HTTPStatus.UNAUTHORIZED, code=error.code, title="Unknown device", detail=str(error))
    answer.headers["WWW-Authenticate"] = 'Bearer realm="positions", Basic realm="positions"'
    return answer


@positions_blueprint.errorhandler(IntakeBusyError)
@positions_blueprint.errorhandler(StoreError)
def _busy(error: SiagaError) -> Response:
    answer = problem(
        HTTPStatus.SERVICE_UNAVAILABLE, code=error.code, title="Positions cannot be taken now", detail=str(error)
    )
    answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer
