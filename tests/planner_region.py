"""The smallest region with posts and people: the villages of `tests.tiny_region`, two fire stations, one closed."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from tests.tiny_region import write_sources
from web.cli import main

STATIONS = """kind,name,lat,lon,operating
fire_station,Pos Kulon,-6.7100,108.5010,1
fire_station,Pos Wetan,-6.7100,108.5190,0
puskesmas,Puskesmas Lor,-6.7030,108.5100,1
"""
PEOPLE = {"32.99.01.2001": 1000, "32.99.01.2002": 400, "32.99.02.2001": 300, "32.99.02.2002": 200}


def run(*arguments: object) -> Result:
    """A command as typed, in English."""
    environment = {"SIAGA112_REGION": None, "SIAGA112_LANG": "en"}
    return CliRunner().invoke(main, [str(part) for part in arguments], env=environment)


def planner_region(folder: Path) -> Path:
    """Build the region below a folder."""
    paths = write_sources(folder)
    (folder / "stations.csv").write_text(STATIONS, encoding="utf-8")
    people = "code,population\n" + "".join(f"{code},{count}\n" for code, count in PEOPLE.items())
    (folder / "population.csv").write_text(people, encoding="utf-8")
    done = run(
        "region", "build", "--name", "Uji", "--villages", paths["villages"], "--osm", paths["osm"], "--units",
        paths["units"], "--stations", folder / "stations.csv", "--population", folder / "population.csv",
        "--licence", "osm=by hand", "--out", folder / "region",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder / "region"


def refused(done: Result) -> str:
    """The one sentence of a refused command."""
    assert done.exit_code != 0
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    (line,) = done.stderr.strip().splitlines()
    return line
