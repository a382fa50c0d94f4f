"""Positions in a real database, SQLite and PostgreSQL alike."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from dispatch.errors import StoreError
from dispatch.fixes import WINDOW, Device, Fix, FixFlag, FixRules, Reading, fixes_of
from dispatch.store.positions import (
    Delivery,
    PositionStore,
    clock_skews,
    current_fixes,
    history,
    positions,
    token_hash,
    unit_positions,
)
from dispatch.store.schema import devices
from gis.types import Location
from tests.position_fleet import MADE_AT, add_units, device_of, open_database, token_of
from tests.strategies import NOW

UNITS = ["AMB-1", "AMB-2", "DMK-1"]
DEVICE = device_of("AMB-1")


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    engine = open_database(store_url)
    add_units(engine, UNITS)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> PositionStore:
    return PositionStore(engine)


def delivery(
    *after_s: float, device: Device = DEVICE, north: float = 0.0, late_s: float = 1.0, **more: Any
) -> Delivery:
    """One reading for every time, received a second after the last."""
    readings = [
        Reading(
            location=Location(lat=-6.7 + north + 0.0001 * at, lon=108.5),
            device_time=NOW + timedelta(seconds=after),
            **more,
        )
        for at, after in enumerate(after_s)
    ]
    received_at = NOW + timedelta(seconds=max(after_s) + late_s)
    return Delivery(
        device=device,
        fixes=fixes_of(readings, device, source="json", received_at=received_at, rules=FixRules()),
    )


def count(engine: Engine, table: Any = positions) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def current(engine: Engine) -> dict[str, Fix]:
    with engine.connect() as connection:
        return current_fixes(connection)


def test_a_fix_comes_back_as_it_was_written(engine: Engine, store: PositionStore) -> None:
    sent = delivery(0.123456, accuracy_m=4.5, speed_kph=36.25, heading_deg=63.0, battery_percent=79.0, late_s=0.654321)
    (receipt,) = store.write([sent])
    assert receipt.stored == sent.fixes
    assert receipt.repeated == 0
    assert current(engine) == {"AMB-1": sent.fixes[0]} == store.current_fixes()
    with engine.connect() as connection:
        assert history(connection, "AMB-1", since=NOW, until=NOW + timedelta(days=1)) == sent.fixes


def test_the_rarest_values_come_back_as_well(engine: Engine, store: PositionStore) -> None:
    sent = delivery(-(10**9))
    store.write([sent])
    assert current(engine)["AMB-1"] == sent.fixes[0]


def test_a_repeated_delivery_changes_nothing(engine: Engine, store: PositionStore) -> None:
    store.write([delivery(0, 5), delivery(10)])
    before = current(engine)
    receipts = store.write([delivery(0, 5), delivery(10), delivery(10)])
    assert [(len(receipt.stored), receipt.repeated) for receipt in receipts] == [(0, 2), (0, 1), (0, 1)]
    assert (current(engine), count(engine)) == (before, 3)


def test_a_repeat_of_a_clock_ahead_is_no_new_fix_of_now(engine: Engine, store: PositionStore) -> None:
    first = delivery(7200, north=0.0, late_s=-7200)
    later = [delivery(7200 + 10 * at, north=0.0005 * at, late_s=-7200) for at in range(1, WINDOW + 5)]
    for one in (first, *later):
        store.write([one])
    before = current(engine)
    assert before["AMB-1"].flags == FixFlag.CLOCK_AHEAD
    again = replace(first, fixes=tuple(replace(fix, fix_time=NOW + timedelta(hours=1)) for fix in first.fixes))
    (receipt,) = store.write([again])
    assert (receipt.repeated, current(engine)) == (1, before)


def test_a_late_fix_stays_history(engine: Engine, store: PositionStore) -> None:
    store.write([delivery(100)])
    (receipt,) = store.write([delivery(50)])
    assert [fix.flags for fix in receipt.stored] == [FixFlag.LATE]
    assert current(engine)["AMB-1"].device_time == NOW + timedelta(seconds=100)
    with engine.connect() as connection:
        kept = history(connection, "AMB-1", since=NOW, until=NOW + timedelta(hours=1))
    assert [fix.flags for fix in kept] == [FixFlag.LATE, FixFlag.NONE]


def test_a_jump_waits_for_a_second_fix_also_across_transactions(engine: Engine, store: PositionStore) -> None:
    store.write([delivery(0)])
    (receipt,) = store.write([delivery(5, north=0.5)])
    assert [fix.flags for fix in receipt.stored] == [FixFlag.JUMP]
    assert current(engine)["AMB-1"].location.lat == pytest.approx(-6.7)
    store.write([delivery(10, north=0.5)])
    assert current(engine)["AMB-1"].location.lat == pytest.approx(-6.2)


def test_the_kind_of_the_unit_decides_what_is_a_jump(engine: Engine, store: PositionStore) -> None:
    for unit_id, kind in (("AMB-1", "boat"), ("AMB-2", "helicopter")):
        device = device_of(unit_id, kind)
        store.write([delivery(0, device=device), delivery(60, device=device, north=0.03)])
    assert {unit_id: round(fix.location.lat, 2) for unit_id, fix in current(engine).items()} == {
        "AMB-1": -6.7,
        "AMB-2": -6.67,
    }


def test_a_unit_whose_device_has_no_fix_has_no_position(engine: Engine, store: PositionStore) -> None:
    store.write([delivery(0, valid=False)])
    assert current(engine) == {}
    assert count(engine) == 1


def test_several_units_are_written_in_one_group(engine: Engine, store: PositionStore) -> None:
    store.write([delivery(0, device=device_of(unit_id), north=at / 10) for at, unit_id in enumerate(UNITS)])
    assert {unit_id: round(fix.location.lat, 3) for unit_id, fix in current(engine).items()} == {
        "AMB-1": -6.7,
        "AMB-2": -6.6,
        "DMK-1": -6.5,
    }


def test_a_full_batch_is_written(engine: Engine, store: PositionStore) -> None:
    (receipt,) = store.write([delivery(*range(0, 5000, 5))])
    assert len(receipt.stored) == count(engine) == 1000
    assert current(engine)["AMB-1"].device_time == NOW + timedelta(seconds=4995)


def test_what_is_kept_to_judge_by_does_not_grow_with_the_history(engine: Engine, store: PositionStore) -> None:
    for start in (0, 500):
        store.write([delivery(*range(start, start + 500, 5))])
    with engine.connect() as connection:
        (recent,) = connection.execute(select(unit_positions.c.recent)).scalars()
    assert recent.count("[") == WINDOW + 1


def test_writers_at_the_same_time_lose_nothing(engine: Engine) -> None:
    """As several hosts do: every thread has a store of its own and writes all units in another order."""
    rounds, failures = 12, []

    def write(number: int) -> None:
        store = PositionStore(engine)
        try:
            for turn in range(rounds):
                after_s = 10 * turn + number
                order = UNITS[number % 3 :] + UNITS[: number % 3]
                store.write([delivery(after_s, device=device_of(unit_id)) for unit_id in order])
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert count(engine) == rounds * 4 * len(UNITS)
    newest = NOW + timedelta(seconds=10 * (rounds - 1) + 3)
    assert {unit_id: fix.device_time for unit_id, fix in current(engine).items()} == dict.fromkeys(UNITS, newest)


def test_the_history_expires_in_small_batches_and_the_current_position_stays(
    engine: Engine, store: PositionStore
) -> None:
    store.write([delivery(*range(0, 300, 5))])
    store.write([delivery(1000)])
    before = current(engine)
    assert store.expire_some(NOW + timedelta(seconds=500), most=25) == 25
    assert count(engine) == 36
    assert store.expire(NOW + timedelta(seconds=500)) == 35
    assert count(engine) == 1
    assert store.expire(NOW + timedelta(seconds=1001)) == 0, "what was received at that very time stays"
    assert store.expire(NOW + timedelta(days=1)) == 1
    assert current(engine) == before


def test_the_history_of_a_unit_is_cut_by_time_and_number(engine: Engine, store: PositionStore) -> None:
    store.write([delivery(0, 5, 10, 15), delivery(5, device=device_of("AMB-2"))])
    with engine.connect() as connection:
        some = history(connection, "AMB-1", since=NOW + timedelta(seconds=5), until=NOW + timedelta(seconds=15))
        first = history(connection, "AMB-1", since=NOW, until=NOW + timedelta(days=1), limit=1)
    assert [(fix.device_time - NOW).total_seconds() for fix in some] == [5, 10]
    assert [(fix.device_time - NOW).total_seconds() for fix in first] == [0]


def test_a_wrong_clock_is_reported(engine: Engine, store: PositionStore) -> None:
    for turn in range(6):
        store.write([delivery(7200 + 5 * turn, late_s=-7200), delivery(5 * turn, device=device_of("AMB-2"))])
    with engine.connect() as connection:
        worst, best = clock_skews(connection)
    assert (worst.unit_id, worst.seconds, worst.steady) == ("AMB-1", 7200, True)
    assert (best.unit_id, best.seconds, best.steady) == ("AMB-2", -1, True)


def test_devices_are_known_by_the_hash_of_their_token(engine: Engine, store: PositionStore) -> None:
    assert set(store.active_devices()) == {token_hash(token_of(unit_id)) for unit_id in UNITS}
    assert store.active_devices()[DEVICE.token_hash] == DEVICE


def test_a_revoked_device_is_known_no_more(engine: Engine, store: PositionStore) -> None:
    with engine.begin() as connection:
        connection.execute(update(devices).where(devices.c.token_hash == DEVICE.token_hash).values(revoked_at=MADE_AT))
    assert DEVICE.token_hash not in store.active_devices()
    assert len(store.active_devices()) == 2


def test_an_error_of_the_database_tells_no_position(engine: Engine, store: PositionStore) -> None:
    positions.drop(engine)
    with pytest.raises(StoreError) as error:
        store.write([delivery(0)])
    assert "-6.7" not in str(error.value)
