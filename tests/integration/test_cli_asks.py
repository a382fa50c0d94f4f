"""`nearest`, `route` and `isochrone` asked of a centre's database: its closures, its fleet; nothing there changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from web.cli import main

AT = "-6.7172, 108.5362"
ENVIRONMENT = {"SIAGA112_LANG": "en", "SIAGA112_REGION": None, "XDG_DATA_HOME": "/nowhere"}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A centre that closed roads about a place, and put one unit more into its fleet."""
    file = tmp_path / "centre.db"
    for words in (
        ("unit", "add", "AMB-99", "--kind", "ambulance", "--agency", "psc119", "--at", "-6.7180, 108.5370"),
        ("close", "--at", AT, "--radius", "250", "--reason", "flood"),
    ):
        done = run(*words, "--db", str(file))
        assert done.exit_code == 0, done.output
    return file


def run(*words: str, own: str | None = None) -> Result:
    return CliRunner().invoke(main, words, env=ENVIRONMENT | {"SIAGA112_DB": own})


def answer(*words: str) -> Any:
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_nearest_knows_the_closures_and_the_fleet_of_a_database_that_is_named(database: Path) -> None:
    before = database.read_bytes()
    alone, asked = answer("nearest", "--at", AT), answer("nearest", "--at", AT, "--db", str(database))
    assert alone["closures"]["ids"] == []
    assert len(asked["closures"]["ids"]) == 1
    assert {one["closures"] for one in asked["times"]["metrics"]} == {asked["closures"]["metric"].partition("=")[2]}
    units = {one["unit_id"] for one in (*asked["candidates"], *asked["excluded"])}
    assert "AMB-99" in units
    assert "AMB-99" not in {one["unit_id"] for one in (*alone["candidates"], *alone["excluded"])}
    assert database.read_bytes() == before
    assert "1 road closure" in run("nearest", "--at", AT, "--db", str(database)).stdout


def test_routes_and_isochrones_do_not_use_what_a_database_closed(database: Path) -> None:
    unit = ("--unit", "AMB-99")
    route = answer("route", *unit, "--to", "-6.7400, 108.5500", "--db", str(database))
    assert route["closures"]["ids"]
    assert "1 road closure" in run("route", *unit, "--to", "-6.7400, 108.5500", "--db", str(database)).stdout
    reached = answer("isochrone", "--at", "-6.7250, 108.5362", "--minutes", "8", "--db", str(database))
    alone = answer("isochrone", "--at", "-6.7250, 108.5362", "--minutes", "8")
    assert reached["closures"]["ids"]
    roads = [one["features"][0]["properties"]["road_length_m"] for one in (reached, alone)]
    assert roads[0] < roads[1]


def test_who_asks_the_region_alone_is_told_where_a_centre_may_have_closed_roads(database: Path) -> None:
    done = run("nearest", "--at", AT, "--json", own=str(database))
    assert json.loads(done.stdout)["closures"]["ids"] == []
    assert f"closed roads and learnt speeds of {database} count with --db" in done.stderr
    assert "--db" not in run("nearest", "--at", AT, "--json").stderr


READERS = [
    ("nearest", "--at", AT),
    ("isochrone", "--at", AT, "--minutes", "5"),
    ("audit", "verify"),
    ("replay",),
    ("backup", "copy.s112"),
    ("learn", "report"),
    ("learn", "show"),
    ("export", "incidents", "--out", "incidents.csv"),
    ("report", "standard", "--json"),
    ("report", "monthly", "--month", "2026-01", "--out", "month.csv"),
    ("hotspots",),
    ("simulate", "--replay"),
]


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_a_database_that_is_not_there_is_told_and_none_is_made(tmp_path: Path, command: tuple[str, ...]) -> None:
    missing = tmp_path / "typo.db"
    done = run(*command, "--db", str(missing))
    assert done.exit_code == 1
    assert "There is no database" in done.stderr
    assert not missing.exists()


@pytest.mark.parametrize("command", [("audit", "verify"), ("report", "standard", "--json")], ids=" ".join)
def test_a_file_that_is_no_database_is_told_and_left_as_it_is(tmp_path: Path, command: tuple[str, ...]) -> None:
    letter = tmp_path / "surat.db"
    letter.write_text("Yth. Bapak Bupati", encoding="utf-8")
    done = run(*command, "--db", str(letter))
    assert done.exit_code == 1
    assert "The database cannot be used: file is not a database" in done.stderr
    assert letter.read_text(encoding="utf-8") == "Yth. Bapak Bupati"
