"""The remembered fleet equals the tables, whatever changed since it was last read."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dispatch.commands import Command, EditUnit, RegisterUnit, ReportStatus
from dispatch.errors import RefusedError
from dispatch.fixes import FixRules, Reading, fixes_of
from dispatch.incidents import UnitState
from dispatch.store import fleet, queries
from dispatch.store.fleet import Fleet
from dispatch.store.positions import Delivery, PositionStore, current_fixes
from dispatch.store.store import Store
from dispatch.types import UnitStatus
from gis.types import Location
from tests.position_fleet import add_units, device_of, open_database
from tests.strategies import NOW

UNITS = [f"AMB-{number}" for number in range(12)]


def plainly(store: Store) -> tuple[UnitState, ...]:
    """All units and fixes read anew and put together."""
    with store.book() as book:
        fixes = current_fixes(book.connection)
        states = queries.units(book.connection)
    return tuple(
        state
        if (fix := fixes.get(state.unit.unit_id)) is None
        else replace(state, unit=replace(state.unit, location=fix.location, fix_time=fix.fix_time))
        for state in states
    )


def remembered(store: Store, known: Fleet) -> tuple[UnitState, ...]:
    with store.book() as book:
        return known.read(book.connection)


def delivery(unit_id: str, at: datetime, location: Location) -> Delivery:
    device = device_of(unit_id)
    readings = [Reading(location=location, device_time=at)]
    return Delivery(device=device, fixes=fixes_of(readings, device, source="json", received_at=at, rules=FixRules()))


def something(dice: random.Random, unit_id: str) -> Command:
    return dice.choice(
        [
            ReportStatus(unit_id=unit_id, status=dice.choice(list(UnitStatus))),
            EditUnit(unit_id=unit_id, on_duty=dice.random() < 0.5),
            EditUnit(unit_id=unit_id, location=Location(lat=dice.uniform(-7, -6), lon=108.5)),
            EditUnit(unit_id=unit_id, retired=True),
            RegisterUnit(unit_id=unit_id, kind="fire_engine", agency="Damkar", location=Location(lat=-6.5, lon=108.4)),
        ]
    )


@pytest.mark.parametrize("named", [500, 2])
def test_what_is_remembered_of_the_fleet_equals_the_tables(
    store_url: str, named: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "MOST_NAMED", named)
    engine = open_database(store_url)
    add_units(engine, UNITS)
    store, tracks, known, dice = Store(engine), PositionStore(engine), Fleet(), random.Random(named)
    refused = 0
    for round_number in range(60):
        for unit_id in dice.sample(UNITS, dice.randrange(5)):
            if dice.random() < 0.5:
                at = NOW + timedelta(seconds=10 * round_number)
                tracks.write([delivery(unit_id, at, Location(lat=-6.7 + dice.gauss(0, 1e-4), lon=108.5))])
                continue
            try:
                store.execute(something(dice, unit_id), actor="desk")
            except RefusedError:
                refused += 1
        assert remembered(store, known) == plainly(store)
    assert 0 < refused < 60
    engine.dispose()


def test_a_unit_that_did_not_change_is_not_read_again(store_url: str) -> None:
    engine = open_database(store_url)
    add_units(engine, UNITS)
    store, known = Store(engine), Fleet()
    before = remembered(store, known)
    store.execute(EditUnit(unit_id="AMB-3", on_duty=False), actor="desk")
    PositionStore(engine).write([delivery("AMB-5", NOW, Location(lat=-6.71, lon=108.51))])
    after = remembered(store, known)
    assert [old.unit.unit_id for old, new in zip(before, after, strict=True) if old is not new] == ["AMB-3", "AMB-5"]
    engine.dispose()
