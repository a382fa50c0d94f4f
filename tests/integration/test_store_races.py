"""Many clients at once: no unit is given twice, every loser hears who was quicker, and no reader misses an event."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from dispatch.commands import OpenIncident, RegisterUnit
from dispatch.event_types import AssignmentEnded, UnitAssigned
from dispatch.incidents import Severity
from dispatch.store import care
from tests import race_clients
from tests.desks import HERE, POINT, StoreDesk, empty_database
from tests.postgres import DESKS
from tests.private_postgres import PrivatePostgres
from tests.race_clients import run_together

CLIENTS = 32
ATTEMPTS = int(os.environ.get("SIAGA112_RACE_ATTEMPTS", "8"))
UNITS = 4
WRITERS = 8
READERS = 3
NOTES = 25

pytestmark = pytest.mark.slow
SHAPES = pytest.mark.parametrize("processes", [False, True], ids=["threads", "processes"])


@pytest.fixture(params=DESKS[1:])
def url(request: pytest.FixtureRequest, tables_folder: Path) -> Iterator[str]:
    """A database with its tables, of each kind in turn."""

    def server() -> PrivatePostgres:
        found: PrivatePostgres = request.getfixturevalue("postgres_server")
        return found

    made = empty_database(request.param, tables_folder, server)
    yield made
    if request.param == "postgresql":
        server().drop_database(made)


@pytest.fixture
def desk(url: str) -> Iterator[StoreDesk]:
    opened = StoreDesk(url)
    for number in range(1, UNITS + 1):
        opened.execute(RegisterUnit(unit_id=f"AMB-{number}", kind="ambulance", agency="psc119", location=HERE))
    yield opened
    opened.close()


def opened_incident(desk: StoreDesk) -> str:
    answer = desk.execute(OpenIncident(category="medical", severity=Severity.HIGH, location=POINT))
    return str(answer["incidents"][0]["incident_id"])


def check_losers(results: list[dict[str, list[dict[str, str]]]]) -> None:
    """Every loser was told who has the unit, for which incident, and since when."""
    for number, result in enumerate(results):
        for lost in result["lost"]:
            assert lost["by"].startswith("desk-")
            assert lost["by"] != f"desk-{number}"
            assert datetime.fromisoformat(lost["taken_at"]).tzinfo is not None
            assert f"was given to incident {lost['incident']} by {lost['by']} at {lost['time']}" in lost["said"]


def check_log(desk: StoreDesk) -> int:
    """By the log itself, no unit is given before it was freed; gives how often one was given."""
    bound: dict[str, str] = {}
    given = 0
    for event in desk.events():
        if event["type"] == UnitAssigned.type:
            assignment = event["payload"]["assignment"]
            assert assignment["unit_id"] not in bound
            bound[assignment["unit_id"]] = assignment["assignment_id"]
            given += 1
        elif event["type"] == AssignmentEnded.type:
            assert bound.pop(event["payload"]["unit_id"]) == event["payload"]["assignment_id"]
    care.verify(desk.engine)
    assert care.differences(desk.engine) == []
    return given


@SHAPES
def test_a_busy_unit_is_never_assigned_twice(url: str, desk: StoreDesk, processes: bool) -> None:
    incident_id = opened_incident(desk)
    results = run_together(race_clients.grab_units, url, CLIENTS, incident_id, UNITS, ATTEMPTS, processes=processes)
    won = [one for result in results for one in result["won"]]
    lost = sum(len(result["lost"]) for result in results)
    assert len(won) + lost == CLIENTS * ATTEMPTS
    assert len(set(won)) == len(won)
    assert check_log(desk) == len(won)
    check_losers(results)


@SHAPES
def test_of_all_who_want_a_unit_one_gets_it(url: str, desk: StoreDesk, processes: bool) -> None:
    incidents = [opened_incident(desk) for _ in range(CLIENTS)]
    units = [f"AMB-{number}" for number in range(1, UNITS + 1)]
    results = run_together(race_clients.grab_once, url, CLIENTS, incidents, units, processes=processes)
    assert sorted(one for result in results for one in result["won"]) == units
    assert [len(result["won"]) + len(result["lost"]) for result in results] == [UNITS] * CLIENTS
    assert check_log(desk) == UNITS
    check_losers(results)
    for unit_id in units:
        holder = next(number for number, result in enumerate(results) if unit_id in result["won"])
        assert desk.active(unit_id).assigned_by == f"desk-{holder}"  # type: ignore[union-attr]
        told = {lost["by"] for result in results for lost in result["lost"] if lost["unit"] == unit_id}
        assert told == {f"desk-{holder}"}


@SHAPES
def test_readers_that_follow_by_sequence_miss_and_repeat_nothing(url: str, desk: StoreDesk, processes: bool) -> None:
    incident_id = opened_incident(desk)
    last = len(desk.events()) + WRITERS * NOTES
    results = run_together(
        race_clients.write_or_follow, url, WRITERS + READERS, incident_id, WRITERS, NOTES, last, processes=processes
    )
    assert results[WRITERS:] == [list(range(1, last + 1))] * READERS
    acknowledged = sorted(seq for one in results[:WRITERS] for seq in one)
    assert acknowledged == list(range(last - WRITERS * NOTES + 1, last + 1))


def test_the_races_are_not_always_won_by_the_same(url: str, desk: StoreDesk) -> None:
    """Else the test of races would be one of a queue."""
    incident_id = opened_incident(desk)
    results = run_together(race_clients.grab_units, url, 8, incident_id, 1, 20, processes=False)
    assert sum(bool(result["won"]) for result in results) > 1
    assert sum(bool(result["lost"]) for result in results) > 1
