"""`siaga112 directory`, and what `region build` writes of the directory."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dispatch.directory_file import agency_of, default_pack_toml, home_station
from dispatch.units import read_units
from routing.region import Region
from tests.tiny_region import write_sources
from web.cli import main
from web.directory import region_directory
from web.regions import open_region

STATIONS = """kind,name,lat,lon,operating
fire_station,Pos Damkar Uji,-6.719,108.5101,1
fire_station,Pos Damkar Tutup,-6.705,108.505,0
hospital,RS Uji,-6.7101,108.502,1
"""
NEIGHBOUR = '[[neighbours]]\nid = "kota"\nname = "Kota Uji"\ncontact = "112"\narea_codes = ["32.98"]\n'


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def build(folder: Path, *further: str | Path) -> Path:
    sources = write_sources(folder)
    (folder / "stations.csv").write_text(STATIONS, encoding="utf-8")
    out = folder / "region"
    done = run(
        "region", "build", "--name", "Uji", "--villages", sources["villages"], "--osm", sources["osm"],
        "--stations", folder / "stations.csv", "--units", sources["units"], "--out", out, *further,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("directory")
    (folder / "own.toml").write_text(NEIGHBOUR, encoding="utf-8")
    return build(folder, "--directory", folder / "own.toml")


def test_a_new_region_carries_the_default_pack_where_it_can_be_edited(region: Path) -> None:
    text = (region / "region.toml").read_text(encoding="utf-8")
    assert default_pack_toml() in text and NEIGHBOUR in text
    found = region_directory(Region.open(region))
    assert not found.from_default_pack
    assert [one.name for one in found.directory.neighbours] == ["Kota Uji"]


def test_stations_in_operation_and_hospitals_are_those_of_the_map(region: Path) -> None:
    found = region_directory(Region.open(region)).directory
    assert [(one.name, one.agency) for one in found.stations] == [("Pos Damkar Uji", "damkar"), ("RS Uji", "dinkes")]
    assert [one.name for one in found.hospitals] == ["RS Uji"]


def test_an_edited_run_card_holds_without_building_again(region: Path, tmp_path: Path) -> None:
    settings = region / "region.toml"
    before = settings.read_text(encoding="utf-8")
    try:
        settings.write_text(before.replace("within_s = 900", "within_s = 600"), encoding="utf-8")
        shown = json.loads(run("directory", "show", "--json", "--region", region).stdout)
        (fire,) = (one for one in shown["categories"] if one["id"] == "fire")
        assert fire["standard"]["within_s"] == 600
    finally:
        settings.write_text(before, encoding="utf-8")


def test_a_region_built_before_gets_the_default_pack_and_says_so(region: Path) -> None:
    settings = region / "region.toml"
    before = settings.read_text(encoding="utf-8")
    try:
        settings.write_text(before.split("# --- Direktori")[0], encoding="utf-8")
        done = run("directory", "show", "--region", region)
        assert done.exit_code == 0
        assert "has no run cards of its own; the default pack of a kabupaten is used." in done.stderr
        assert "Pos Damkar" not in done.stdout and "1 hospitals" in done.stdout
    finally:
        settings.write_text(before, encoding="utf-8")


def test_show_speaks_both_languages_and_names_the_source_of_a_standard(region: Path) -> None:
    assert "Bencana: banjir" in run("directory", "show", "--region", region).stdout
    english = run("directory", "show", "--region", region, "--lang", "en").stdout
    assert "Disaster: flood" in english and "Bencana: banjir" not in english
    assert "15 min, 100%, Permendagri 114/2018 pasal 4" in english


def test_the_demonstration_shows_its_neighbours_and_its_notice() -> None:
    done = run("directory", "show", "--json")
    shown = json.loads(done.stdout)
    assert shown["region"]["notice"] == "PETA CONTOH - bukan untuk operasi" and not shown["from_default_pack"]
    assert {one["name"]: one["area_codes"] for one in shown["neighbours"]} == {
        "Kota Cirebon": ["32.74"],
        "Kabupaten Indramayu": ["32.12"],
        "Kabupaten Majalengka": ["32.10"],
        "Kabupaten Kuningan": ["32.08"],
        "Kabupaten Brebes": ["33.29"],
    }
    assert len(shown["response_plans"]) == 40 and len(shown["hospitals"]) == 15


def test_check_says_what_a_file_holds_and_what_is_left_to_set(region: Path) -> None:
    done = run("directory", "check", region / "region.toml")
    assert done.exit_code == 0
    assert "can be used: 9 agencies, 10 categories, 40 response_plans" in done.stdout
    assert "no response standard is set for medical" in done.stderr and "placeholders" in done.stderr
    counts = json.loads(run("directory", "check", region / "region.toml", "--json").stdout)["counts"]
    assert (counts["neighbours"], counts["stations"]) == (1, 0)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('lead = "damkar"', 'lead = "damkr"', "there is no agency “damkr” (did you mean damkar?)"),
        ("stale_after_s = 900", "stale_after = 900", "“stale_after” is not a setting"),
        ("default_en_route_s = 1200", "default_en_route_s = -1", "[timers], default_en_route_s: “-1” is not"),
        ('id = "fire"', 'id = "fire', "is not valid TOML"),
    ],
)
def test_check_refuses_a_slip_in_one_sentence(region: Path, tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (region / "region.toml").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "edited.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    done = run("directory", "check", file)
    assert done.exit_code == 1 and done.stdout == ""
    assert says in done.stderr and done.stderr.count("\n") == 1


def test_check_of_a_missing_file_or_one_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9\n")
    for file, says in ((tmp_path / "none.toml", "No such file"), (tmp_path / "latin.toml", "is not UTF-8 text")):
        done = run("directory", "check", file)
        assert done.exit_code == 1 and says in done.stderr and done.stderr.count("\n") == 1


def test_a_build_with_a_bad_directory_leaves_nothing(tmp_path: Path) -> None:
    sources = write_sources(tmp_path)
    (tmp_path / "own.toml").write_text('[[neighbours]]\nid = "kota"\n', encoding="utf-8")
    done = run(
        "region", "build", "--name", "Uji", "--villages", sources["villages"], "--osm", sources["osm"],
        "--directory", tmp_path / "own.toml", "--out", tmp_path / "region",
    )  # fmt: skip
    assert done.exit_code == 1 and "[[neighbours]] kota, name: is missing" in done.stderr
    assert not (tmp_path / "region").exists()


def test_the_pack_is_one_valid_file() -> None:
    assert len(tomllib.loads(default_pack_toml())["response_plans"]) == 40


def test_every_unit_of_the_demonstration_has_an_agency_and_most_a_home_station() -> None:
    region = open_region(None)
    assert region.units_file is not None
    directory = region_directory(region).directory
    units = read_units(region.units_file, source="units.csv", now=datetime.now(UTC)).units
    agencies = [agency_of(directory, unit.agency) for unit in units]
    assert None not in agencies
    homes = {
        unit.unit_id: home_station(directory, agency.agency_id, unit.location)
        for unit, agency in zip(units, agencies, strict=True)
        if agency is not None
    }
    fire = homes["DAMKAR-01"]
    assert fire is not None and (fire.name, fire.agency) == ("Pos Damkar Sumber", "damkar")
    assert all(home is not None for unit_id, home in homes.items() if not unit_id.startswith("POL"))


def test_every_kind_that_the_pack_sends_at_once_is_in_the_demonstration() -> None:
    region = open_region(None)
    assert region.units_file is not None
    units = read_units(region.units_file, source="units.csv", now=datetime.now(UTC)).units
    for plan in region_directory(region).directory.plans:
        for unit in plan.requirements(1):
            able = [one for one in units if one.kind == unit.kind and unit.capabilities <= one.capabilities]
            assert len(able) >= unit.number, f"{plan.category}/{plan.severity}: {unit}"
