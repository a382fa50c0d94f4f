"""The command line as people use it: answers, exit codes, and one sentence for whatever is wrong."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
from click.testing import CliRunner, Result

from gis.gazetteer import Gazetteer
from gis.search_results import SearchResult
from tests.tiny_region import write_sources
from web.cli import main

ENVIRONMENT = {"XDG_DATA_HOME": "/nowhere", "SIAGA112_REGION": None, "SIAGA112_LANG": "en"}


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    paths = write_sources(folder)
    out = folder / "region"
    done = run(
        "region", "build", "--name", "Uji", "--villages", paths["villages"], "--osm", paths["osm"],
        "--units", paths["units"], "--licence", "osm=by hand", "--out", out,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return out


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(part) for part in arguments], env=ENVIRONMENT)


def refused(done: Result) -> str:
    """The one sentence of a refused command."""
    assert done.exit_code != 0
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    (line,) = done.stderr.strip().splitlines()
    return line


def test_locate_takes_a_negative_latitude_as_it_is(region: Path) -> None:
    done = run("locate", "-6.7101,108.5005", "--json", "--region", region)
    answer = json.loads(done.stdout)
    assert answer["village"] == {"code": "32.99.02.2001", "name": "Kidul Kulon"}
    assert answer["status"] == "inside"
    assert [near["code"] for near in answer["neighbours"]] == ["32.99.01.2001"]
    assert answer["border_m"] == pytest.approx(11.0, abs=0.3)


def test_locate_outside_tells_how_far_and_towards_which_village(region: Path) -> None:
    done = run("locate", "-6.80", "108.505", "--region", region)
    assert done.exit_code == 1
    assert re.search(r"Kidul Kulon .*nearest village, 8\.8 km to the north", done.stdout)


def test_locate_file_adds_the_village_to_every_row(region: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("id,Lat,LON\n1,-6.7050,108.5050\n2,,108.5\n3,-6.7101,108.5099\n")
    done = run("locate", "--file", source, "--out", target, "--region", region)
    assert done.exit_code == 0, done.output
    with target.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["village_code"] for row in rows] == ["32.99.01.2001", "", "32.99.02.2001"]
    assert rows[0]["kecamatan"] == "Utara"
    assert rows[1]["problem"]
    assert rows[2]["candidates"].split()[0] == "32.99.02.2001"
    assert set(rows[2]["candidates"].split()) == {
        "32.99.01.2001", "32.99.01.2002", "32.99.02.2001", "32.99.02.2002",
    }  # fmt: skip


def test_every_row_and_line_from_a_demonstration_region_says_so(tmp_path: Path) -> None:
    source, target, texts = tmp_path / "in.csv", tmp_path / "out.csv", tmp_path / "texts.txt"
    source.write_text("lat,lon\n-6.7172,108.5362\n,\n")
    texts.write_text("kertawinangun\nxqzjwvk\n")
    assert run("locate", "--file", source, "--out", target).exit_code == 0
    with target.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    answers = [json.loads(line) for line in run("search", "--file", texts, "--json").stdout.splitlines()]
    assert len(rows) == len(answers) == 2
    assert all("PETA CONTOH" in one["notice"] for one in (*rows, *answers))


def test_search_prints_the_promised_keys(region: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("Ds. Lor Wetan Kec. Utara\nperempatan jalan merdeka jalan pasar\n\nxyzzy qwrtp\n")
    done = run("search", "--file", texts, "--json", "--region", region)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["text"] for answer in answers] == texts.read_text().splitlines()
    first = answers[0]["candidates"][0]
    assert list(first) == ["village_code", "name", "kind", "lat", "lon", "radius_m", "score", "reason"]
    assert list(answers[0]) == ["text", "candidates"]
    assert list(answers[2]) == ["text", "candidates", "problem"]
    assert list(answers[3]) == ["text", "candidates"]
    assert first["village_code"] == "32.99.01.2002"
    crossing = answers[1]["candidates"][0]
    assert (crossing["kind"], crossing["lat"], crossing["lon"]) == ("crossing", -6.71, 108.51)
    assert answers[2]["candidates"] == []


GOOGLE = "https://www.google.com/maps"


@pytest.mark.parametrize(
    "link",
    [
        f"{GOOGLE}/dir//-6.705,108.505",
        f"{GOOGLE}/dir/Current+Location/-6.705,108.505/@-6.7,108.5,13z",
        "https://www.openstreetmap.org/directions?engine=fossgis_osrm_car&route=-6.71,108.51;-6.705,108.505",
        f"{GOOGLE}/embed?pb=!1m18!1m12!1m3!1d3962.1!2d108.505!3d-6.705!2m3!1f0!2f0",
    ],
)
def test_every_point_of_a_map_link_is_located_with_its_note(link: str, region: Path) -> None:
    for lang, words in (("en", "taken"), ("id", "diambil")):
        done = run("locate", link, "--lang", lang, "--region", region)
        assert done.exit_code == 0, done.output
        assert words in done.stdout


def test_a_bad_line_never_ends_a_search_of_many(region: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = tmp_path / "texts.txt"
    lines = [
        "lor wetan",
        f"{GOOGLE}/dir//-6.705,108.505",
        "-6.76",
        "defect",
        "",
        "6°75'36\"S 108°28'48\"E",
        "lor kulon",
    ]
    texts.write_text("\n".join(lines) + "\n")
    search = Gazetteer.search

    def failing(gazetteer: Gazetteer, text: str, limit: int = 10) -> SearchResult:
        if text == "defect":
            raise KeyError(text)
        return search(gazetteer, text, limit)

    monkeypatch.setattr(Gazetteer, "search", failing)
    done = run("search", "--file", texts, "--lang", "id", "--json", "--region", region)
    assert done.exit_code == 0
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["text"] for answer in answers] == lines
    assert [bool(answer["candidates"]) for answer in answers] == [True, True, False, False, False, False, True]
    problems = [answer.get("problem", "") for answer in answers]
    assert [problem.split()[0] if problem else "" for problem in problems] == [
        "", "", "“-6.76”", "Pencarian", "Barisnya", "Menit", "",
    ]  # fmt: skip


def test_a_search_tells_what_is_wrong_with_a_link_beside_the_words(region: Path) -> None:
    text = "https://maps.app.goo.gl/abc desa lor wetan"
    answer = json.loads(run("search", text, "--json", "--region", region).stdout)
    assert answer["candidates"][0]["name"] == "Lor Wetan"
    assert "shortened" in answer["problem"]
    assert run("search", text, "--region", region).stdout.startswith(answer["problem"])


def test_an_error_is_told_in_the_language_of_the_command(region: Path) -> None:
    for lang, words in (("id", "disingkat"), ("en", "shortened")):
        line = refused(run("locate", "https://maps.app.goo.gl/abc", "--lang", lang, "--region", region))
        assert words in line


@pytest.mark.parametrize("command", ["locate", "search", "nearest", "route", "region build"])
def test_the_help_shows_examples_line_by_line(command: str) -> None:
    text = run(*command.split(), "--help").stdout
    assert "\\b" not in text
    assert "\b" not in text
    assert re.search(rf"^  siaga112 {command} \S.*$", text, re.MULTILINE)


def test_no_help_of_any_command_shows_its_own_markup() -> None:
    def walk(group: click.Group, name: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for word, command in group.commands.items():
            yield (*name, word)
            if isinstance(command, click.Group):
                yield from walk(command, (*name, word))

    names = list(walk(main, ()))
    assert ("report", "monthly") in names
    for name in names:
        shown = run(*name, "--help")
        assert shown.exit_code == 0
        assert "\\b" not in shown.stdout, name
        assert "\b" not in shown.stdout, name


def test_nearest_ranks_by_road_and_says_why(region: Path) -> None:
    answer = json.loads(
        run("nearest", "--at", "-6.71,108.5175", "--kind", "ambulance", "--json", "--region", region).stdout
    )
    assert [one["unit_id"] for one in answer["candidates"]] == ["A2", "A1"]
    for one in answer["candidates"]:
        assert one["eta_s"] == pytest.approx(sum(one["eta_parts"].values()), abs=0.002)
        assert one["reason"]
    why = {one["unit_id"]: one["why"] for one in answer["excluded"]}
    assert why == {"A3": "busy", "F1": "wrong_kind"}


@pytest.mark.parametrize("at", ["32.99.01.2002", "3299012002", "desa lor wetan"])
def test_nearest_to_a_village_gives_a_range_and_shares(region: Path, at: str) -> None:
    answer = json.loads(run("nearest", "--at", at, "--json", "--region", region).stdout)
    assert answer["asked"]["kind"] == "village"
    assert answer["asked"]["village"]["code"] == "32.99.01.2002"
    assert sum(one["first_share"] for one in answer["candidates"]) == pytest.approx(1.0)
    for one in answer["candidates"]:
        spread = one["eta_range_s"]
        assert spread["min"] <= spread["median"] <= spread["p90"] <= spread["max"]


def test_nearest_takes_units_from_a_file_and_names_bad_rows(region: Path, tmp_path: Path) -> None:
    units = tmp_path / "units.csv"
    units.write_text(
        "id,kind,agency,status,lat,lon,fix_time,capabilities\n"
        "B1,ambulance,PSC,available,-6.71,108.505,,\n"
        "B2,ambulance,PSC,available,abc,108.505,,\n"
    )
    done = run("nearest", "--at", "-6.71,108.51", "--units", units, "--json", "--region", region)
    assert done.exit_code == 0
    assert [one["unit_id"] for one in json.loads(done.stdout)["candidates"]] == ["B1"]
    assert re.search(r"units\.csv.*3.*lat", done.stderr)
    strict = run("nearest", "--at", "-6.71,108.51", "--units", units, "--strict", "--region", region)
    assert strict.exit_code == 1
    assert not strict.stdout


def test_the_map_is_one_file_that_asks_no_other_host(region: Path, tmp_path: Path) -> None:
    for at in ("-6.7101,108.5105", "32.99.01.2002"):
        target = tmp_path / "answer.html"
        done = run("nearest", "--at", at, "--map", target, "--region", region)
        assert done.exit_code == 0, done.output
        html = target.read_text(encoding="utf-8")
        assert "L.map(" in html
        assert not re.findall(
            r"""(?:src|href)\s*=\s*["'](?:https?:)?//[^"']+""", html.replace("https://leafletjs.com", "")
        )


def test_route_writes_gpx_and_geojson(region: Path, tmp_path: Path) -> None:
    gpx, geojson = tmp_path / "r.gpx", tmp_path / "r.geojson"
    done = run("route", "--unit", "a1", "--to", "puskesmas uji", "--gpx", gpx, "--geojson", geojson, "--region", region)
    assert done.exit_code == 0, done.output
    assert "Jalan Merdeka" in done.stdout
    assert ElementTree.parse(gpx).getroot().tag.endswith("gpx")
    assert json.loads(geojson.read_text())["type"] == "FeatureCollection"


def test_isochrones_go_into_a_file_a_map_and_json_the_longest_first(region: Path, tmp_path: Path) -> None:
    geojson, page = tmp_path / "reached.geojson", tmp_path / "reached.html"
    done = run(
        "isochrone", "--unit", "a1", "--at", "-6.7099,108.519", "--minutes", "1,0.5", "--json",
        "--geojson", geojson, "--map", page, "--region", region,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert json.loads(geojson.read_text(encoding="utf-8")) == answer
    longer, shorter = (feature["properties"] for feature in answer["features"])
    assert (longer["minutes"], shorter["limit_s"]) == (1.0, 30.0)
    assert longer["road_length_m"] > shorter["road_length_m"] > 0
    assert all(feature["geometry"]["coordinates"] for feature in answer["features"])
    written = page.read_text(encoding="utf-8")
    assert longer["text"] in written
    assert "http-equiv" in written
    assert [one["text"] for one in answer["origins"]] == ["-6.7099,108.519", "a1"]


def test_a_route_tells_the_parts_of_its_time_and_how_far_the_road_is(region: Path) -> None:
    arguments = ("route", "--from", "-6.7105,108.502", "--to", "-6.7125,108.515", "--region", region)
    answer = json.loads(run(*arguments, "--json").stdout)
    line = answer["features"][0]["properties"]
    parts = [line[f"{part}_s"] for part in ("reach_road", "driving", "last_metres")]
    assert line["seconds"] == pytest.approx(sum(parts), abs=0.002)
    assert min(parts) > 0
    assert line["last_metres_m"] == answer["road"]["distance_m"] == pytest.approx(277, abs=2)
    lines = run(*arguments).stdout.splitlines()
    assert [text.split("  ")[0] for text in lines[:4]] == ["Together", "To the road", "Driving", "Last metres"]
    assert lines[3].endswith("280 m")
    assert lines[4] == "The nearest road is 280 m away."


def test_a_route_to_a_road_that_is_cut_off_says_so(tmp_path: Path) -> None:
    paths = write_sources(tmp_path)
    lane = (
        '<node id="8" version="1" lat="-6.7030" lon="108.5030"/><node id="9" version="1" lat="-6.7030" lon="108.5040"/>'
        '<way id="9" version="1"><nd ref="8"/><nd ref="9"/><tag k="highway" v="residential"/></way>'
    )
    osm = paths["osm"].read_text()
    assert "<way" in osm
    head, ways = osm.split("<way", 1)
    node, way = lane.split("<way", 1)
    paths["osm"].write_text(f"{head}{node}<way{way}<way{ways}")
    out = tmp_path / "region"
    built = run(
        "region", "build", "--name", "Uji", "--villages", paths["villages"], "--osm", paths["osm"], "--out", out
    )
    assert built.exit_code == 0, built.output
    arguments = ("route", "--from", "-6.71,108.502", "--to", "-6.7031,108.5035", "--region", out)
    answer = json.loads(run(*arguments, "--json").stdout)
    assert answer["road"]["status"] in {"rerouted", "isolated"}
    assert answer["features"][0]["properties"]["last_metres_m"] == answer["road"]["connected_m"]
    assert "cut off" in run(*arguments).stdout
    within = ("route", "--from", "-6.7029,108.5031", "--to", "-6.7031,108.5039", "--region", out)
    assert "cut off" not in run(*within).stdout


def test_nearest_uses_the_other_units_where_an_id_is_repeated(region: Path, tmp_path: Path) -> None:
    units = tmp_path / "units.csv"
    rows = "".join(f"{name},ambulance,PSC,available,-6.71,108.505,,\n" for name in ("B1", "Amb-2", "amb-2"))
    units.write_text("id,kind,agency,status,lat,lon,fix_time,capabilities\n" + rows)
    done = run("nearest", "--at", "-6.71,108.51", "--units", units, "--json", "--region", region)
    assert [one["unit_id"] for one in json.loads(done.stdout)["candidates"]] == ["B1"]
    assert "lines 3 and 4, id: “Amb-2”, “amb-2”" in done.stderr


BAD = {
    "text of 10,000 characters": (["search", "a" * 10_000], "10000|10,000"),
    "a long location": (["nearest", "--at", "b" * 10_000], "10000|10,000"),
    "latitude beyond the pole": (["locate", "95.0,108.5"], "95"),
    "nothing to locate": (["locate"], "--file"),
    "coordinates and a file": (["locate", "-6.7,108.5", "--file", "x.csv"], "--file"),
    "a file without --out": (["locate", "--file", "x.csv"], "--out"),
    "a missing file": (["locate", "--file", "nowhere.csv", "--out", "out.csv"], "nowhere.csv"),
    "a missing list of texts": (["search", "--file", "nowhere.txt"], "nowhere.txt"),
    "an unknown place": (["nearest", "--at", "xyzzy qwrtp"], "xyzzy"),
    "an unknown village code": (["nearest", "--at", "32.99.01.2099"], "32.99.01.2099"),
    "an unknown unit": (["route", "--unit", "Z9", "--to", "-6.71,108.51"], "Z9"),
    "no start of isochrones": (["isochrone", "--minutes", "5"], "--unit"),
    "minutes that are none": (["isochrone", "--at", "-6.71,108.51", "--minutes", "5,lima"], "lima"),
    "no start of a route": (["route", "--to", "-6.71,108.51"], "--unit"),
    "missing units": (["nearest", "--at", "-6.71,108.51", "--units", "nowhere.csv"], "nowhere.csv"),
    "a map that cannot be written": (
        ["nearest", "--at", "-6.71,108.51", "--map", "/nowhere/at/all.html"], "/nowhere/at/all.html"
    ),
    "GPX that cannot be written": (
        ["route", "--unit", "A1", "--to", "-6.71,108.51", "--gpx", "/nowhere/r.gpx"], "/nowhere/r.gpx"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_a_non_zero_exit(case: str, region: Path) -> None:
    arguments, expected = BAD[case]
    assert re.search(expected, refused(run(*arguments, "--region", region)))


def test_a_location_in_the_sea_has_no_road_and_no_unit(region: Path) -> None:
    line = refused(run("nearest", "--at", "-6.2,108.9", "--json", "--region", region))
    assert "outside the region (nearest village Lor Wetan)" in line


def test_a_missing_region_is_one_sentence() -> None:
    assert "There is no region folder" in refused(run("search", "x", "--region", "/nowhere"))


def test_the_demonstration_says_so_on_standard_error_and_in_json() -> None:
    done = run("nearest", "--at", "Kertawinangun", "--json")
    assert done.stderr.strip() == "PETA CONTOH - bukan untuk operasi"
    assert json.loads(done.stdout)["region"]["notice"] == "PETA CONTOH - bukan untuk operasi"


def test_a_damaged_copy_of_the_demonstration_is_unpacked_again(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    environment.pop("SIAGA112_REGION", None)
    command = [sys.executable, "-m", "web.cli", "search", "Kertawinangun", "--json"]

    def first_name() -> str:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return str(json.loads(done.stdout)["candidates"][0]["name"])

    assert first_name() == "Kertawinangun"
    (copy,) = (tmp_path / "siaga112").iterdir()
    (copy / "region.gpkg").write_bytes(b"spoilt")
    assert first_name() == "Kertawinangun"


def test_a_closed_pipe_is_no_traceback(region: Path) -> None:
    command = f"{sys.executable} -m web.cli search 'lor' --json --region {region} | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
