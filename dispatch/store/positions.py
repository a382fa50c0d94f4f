"""Positions of units: telemetry, apart from the event log, in tables of its own.

`positions` is the history. `unit_positions` has one row per unit with the trusted current fix and, in `recent`, the
newest fixes that it was judged by (see `dispatch.fixes`): a write reads and writes one row per unit, whatever the
length of the history, and the row's lock keeps several hosts apart.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    bindparam,
    delete,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.fixes import ClockSkew, Device, Fix, FixFlag, FixRules, Track, estimate_skew, join
from dispatch.store.engine import reading, writing
from dispatch.store.schema import UtcDateTime, devices, metadata, units
from gis.types import Location

EXPIRE_ROWS: Final = 1000
"""Rows that one transaction of `expire` deletes: a dispatcher's command waits for no more."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

positions = Table(
    "positions",
    metadata,
    Column("unit_id", Text, primary_key=True),
    Column("device_time", UtcDateTime, primary_key=True),
    Column("device", String(16), primary_key=True),
    Column("fix_time", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False, index=True),
    Column("lat", Float, nullable=False),
    Column("lon", Float, nullable=False),
    Column("accuracy_m", Float),
    Column("speed_kph", Float),
    Column("heading", Float),
    Column("battery", Float),
    Column("flags", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Index(None, "unit_id", "fix_time"),
)
"""One row per fix; `device` is the beginning of its token's hash, `flags` are `FixFlag`s."""

unit_positions = Table(
    "unit_positions",
    metadata,
    Column("unit_id", Text, primary_key=True),
    Column("device_time", UtcDateTime),
    Column("device", String(16)),
    Column("fix_time", UtcDateTime),
    Column("received_at", UtcDateTime),
    Column("lat", Float),
    Column("lon", Float),
    Column("accuracy_m", Float),
    Column("speed_kph", Float),
    Column("heading", Float),
    Column("battery", Float),
    Column("flags", Integer),
    Column("source", Text),
    Column("recent", Text, nullable=False),
)
"""One row per unit; the columns of the current fix are empty until one is trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The fixes of one request, all of one device."""

    device: Device
    fixes: tuple[Fix, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a delivery.

    Attributes
    ----------
    stored
        The fixes that were new, with their flags.
    repeated
        How many had been there before.
    """

    stored: tuple[Fix, ...]
    repeated: int


def token_hash(token: str) -> str:
    """SHA-256 of a device's token, hexadecimal: all that is stored of it.

    No salt and no slow hash: tokens are made by `secrets`, not chosen by people.
    """
    return hashlib.sha256(token.encode("utf-8", "backslashreplace")).hexdigest()


def current_fixes(connection: Connection) -> dict[str, Fix]:
    """The trusted current fix of every unit that has one, by unit."""
    rows = connection.execute(select(unit_positions).where(unit_positions.c.fix_time.is_not(None)))
    return {row.unit_id: _fix(row) for row in rows}


def places(connection: Connection) -> dict[str, tuple[float, float, datetime]]:
    """Degrees of latitude and longitude and the time of every unit's trusted current fix, by unit."""
    at = unit_positions.c
    rows = connection.execute(select(at.unit_id, at.lat, at.lon, at.fix_time).where(at.fix_time.is_not(None)))
    return {unit_id: (lat, lon, fix_time) for unit_id, lat, lon, fix_time in rows}


def history(
    connection: Connection, unit_id: str, *, since: datetime, until: datetime, limit: int = 1000
) -> tuple[Fix, ...]:
    """The fixes of a unit with times from `since` to before `until`, oldest first."""
    rows = connection.execute(
        select(positions)
        .where(positions.c.unit_id == unit_id, positions.c.fix_time >= since, positions.c.fix_time < until)
        .order_by(positions.c.fix_time, positions.c.device_time, positions.c.device)
        .limit(limit)
    )
    return tuple(_fix(row) for row in rows)


def clock_skews(connection: Connection) -> tuple[ClockSkew, ...]:
    """What the newest fixes tell of every device's clock, the most wrong first."""
    skews = []
    for row in connection.execute(select(unit_positions.c.unit_id, unit_positions.c.recent)):
        by_device: dict[str, list[Fix]] = {}
        for fix in _unpack(row.unit_id, row.recent):
            by_device.setdefault(fix.device, []).append(fix)
        skews += [skew for fixes in by_device.values() if (skew := estimate_skew(fixes)) is not None]
    return tuple(sorted(skews, key=lambda skew: (-abs(skew.seconds), skew.device)))


class PositionStore:
    """Positions in one database; safe for several threads and hosts."""

    def __init__(self, engine: Engine, rules: FixRules | None = None) -> None:
        self.rules = rules or FixRules()
        self._engine = engine

    def active_devices(self) -> dict[str, Device]:
        """All devices whose token was not revoked, by the hash of the token."""
        chosen = (
            select(devices.c.token_hash, devices.c.unit_id, devices.c.label, units.c.kind)
            .join(units, units.c.unit_id == devices.c.unit_id)
            .where(devices.c.revoked_at.is_(None))
        )
        with reading(self._engine) as connection:
            return {
                row.token_hash: Device(token_hash=row.token_hash, unit_id=row.unit_id, kind=row.kind, label=row.label)
                for row in connection.execute(chosen)
            }

    def current_fixes(self) -> dict[str, Fix]:
        """The trusted current fix of every unit that has one, by unit."""
        with reading(self._engine) as connection:
            return current_fixes(connection)

    def write(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        """Store deliveries in one transaction, in their order; a repeat changes nothing.

        Raises
        ------
        StoreError
            The database could not take them; nothing was stored.
        """
        if not deliveries:
            return []
        kinds = {delivery.device.unit_id: delivery.device.kind for delivery in deliveries}
        with writing(self._engine) as connection:
            before = self._locked_tracks(connection, sorted(kinds))
            tracks = dict(before)
            seen = self._seen_before(connection, deliveries)
            receipts = []
            for delivery in deliveries:
                unit_id = delivery.device.unit_id
                fixes = [fix for fix in delivery.fixes if (unit_id, *fix.key) not in seen]
                tracks[unit_id], stored = join(tracks[unit_id], fixes, kind=kinds[unit_id], rules=self.rules)
                seen |= {(unit_id, *fix.key) for fix in stored}
                receipts.append(Receipt(stored=stored, repeated=len(delivery.fixes) - len(stored)))
            rows = [_row(fix) for receipt in receipts for fix in receipt.stored]
            if rows:
                connection.execute(_insert_or_ignore(connection, positions), rows)
            moved = [_track_row(unit_id, track) for unit_id, track in tracks.items() if track is not before[unit_id]]
            if moved:
                connection.execute(update(unit_positions).where(unit_positions.c.unit_id == bindparam("_unit")), moved)
        return receipts

    def expire(self, before: datetime) -> int:
        """Delete the history received before a time, in small transactions.

        Returns
        -------
        int
            Rows deleted.
        """
        total = 0
        while deleted := self.expire_some(before):
            total += deleted
        return total

    def expire_some(self, before: datetime, most: int = EXPIRE_ROWS) -> int:
        """Delete the oldest rows received before a time, at most so many, in one transaction."""
        key = tuple_(positions.c.unit_id, positions.c.device_time, positions.c.device)
        oldest = (
            select(positions.c.unit_id, positions.c.device_time, positions.c.device)
            .where(positions.c.received_at < before)
            .order_by(positions.c.received_at)
            .limit(most)
        )
        with writing(self._engine) as connection:
            return connection.execute(delete(positions).where(key.in_(oldest))).rowcount

    def _locked_tracks(self, connection: Connection, unit_ids: Sequence[str]) -> dict[str, Track]:
        """The tracks of units, which no other writer can change until this transaction ends.

        In the order of the ids, so that two writers on PostgreSQL cannot wait for each other.
        """
        blank = [{"unit_id": unit_id, "recent": "[]"} for unit_id in unit_ids]
        connection.execute(_insert_or_ignore(connection, unit_positions), blank)
        chosen = (
            select(unit_positions)
            .where(unit_positions.c.unit_id.in_(unit_ids))
            .order_by(unit_positions.c.unit_id)
            .with_for_update()
        )
        return {
            row.unit_id: Track(
                recent=_unpack(row.unit_id, row.recent), current=None if row.fix_time is None else _fix(row)
            )
            for row in connection.execute(chosen)
        }

    def _seen_before(self, connection: Connection, deliveries: Sequence[Delivery]) -> set[tuple[str, datetime, str]]:
        """Keys of the delivered fixes that the history has already.

        Not left to the insert alone: a repeat of a device whose clock is ahead would count as new of now.
        """
        keys = {(fix.unit_id, *fix.key) for delivery in deliveries for fix in delivery.fixes}
        seen: set[tuple[str, datetime, str]] = set()
        columns = (positions.c.unit_id, positions.c.device_time, positions.c.device)
        ordered = sorted(keys)
        for start in range(0, len(ordered), EXPIRE_ROWS):
            wanted = tuple_(*columns).in_(ordered[start : start + EXPIRE_ROWS])
            seen.update((row[0], row[1], row[2]) for row in connection.execute(select(*columns).where(wanted)))
        return seen


def _insert_or_ignore(connection: Connection, table: Table) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def _fix(row: Row[Any]) -> Fix:
    return Fix(
        unit_id=row.unit_id,
        location=Location(lat=row.lat, lon=row.lon),
        fix_time=row.fix_time,
        device_time=row.device_time,
        received_at=row.received_at,
        device=row.device,
        source=row.source,
        accuracy_m=row.accuracy_m,
        speed_kph=row.speed_kph,
        heading_deg=row.heading,
        battery_percent=row.battery,
        flags=FixFlag(row.flags),
    )


def _row(fix: Fix) -> dict[str, Any]:
    return {
        "unit_id": fix.unit_id,
        "device_time": fix.device_time,
        "device": fix.device,
        "fix_time": fix.fix_time,
        "received_at": fix.received_at,
        "lat": fix.location.lat,
        "lon": fix.location.lon,
        "accuracy_m": fix.accuracy_m,
        "speed_kph": fix.speed_kph,
        "heading": fix.heading_deg,
        "battery": fix.battery_percent,
        "flags": int(fix.flags),
        "source": fix.source,
    }


_NO_FIX: Final[Mapping[str, None]] = {
    column.name: None for column in unit_positions.c if column.name not in ("unit_id", "recent")
}


def _track_row(unit_id: str, track: Track) -> dict[str, Any]:
    current = _NO_FIX if track.current is None else _row(track.current)
    return {**current, "unit_id": unit_id, "_unit": unit_id, "recent": _pack(track.recent)}


def _pack(fixes: Sequence[Fix]) -> str:
    """Fixes of one unit as compact JSON; times in microseconds since 1970."""
    packed = [
        [
            (fix.fix_time - _EPOCH) // _MICROSECOND,
            (fix.device_time - _EPOCH) // _MICROSECOND,
            (fix.received_at - _EPOCH) // _MICROSECOND,
            fix.location.lat,
            fix.location.lon,
            fix.accuracy_m,
            fix.speed_kph,
            fix.heading_deg,
            fix.battery_percent,
            int(fix.flags),
            fix.device,
            fix.source,
        ]
        for fix in fixes
    ]
    return json.dumps(packed, separators=(",", ":"), allow_nan=False)


def _unpack(unit_id: str, packed: str) -> tuple[Fix, ...]:
    return tuple(_unpacked(unit_id, *values) for values in json.loads(packed))


def _unpacked(
    unit_id: str,
    fix_us: int,
    device_us: int,
    received_us: int,
    lat: float,
    lon: float,
    accuracy_m: float | None,
    speed_kph: float | None,
    heading_deg: float | None,
    battery_percent: float | None,
    flags: int,
    device: str,
    source: str,
) -> Fix:
    return Fix(
        unit_id=unit_id,
        location=Location(lat=lat, lon=lon),
        fix_time=_EPOCH + fix_us * _MICROSECOND,
        device_time=_EPOCH + device_us * _MICROSECOND,
        received_at=_EPOCH + received_us * _MICROSECOND,
        device=device,
        source=source,
        accuracy_m=accuracy_m,
        speed_kph=speed_kph,
        heading_deg=heading_deg,
        battery_percent=battery_percent,
        flags=FixFlag(flags),
    )
