"""Building a region: whole or not at all, repeatable, and every bad source told in one sentence."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gis.errors import InputError, RegionDamagedError, RegionError, RegionVersionError, SourceError
from gis.region_folder import MANIFEST, read_manifest
from gis.types import Location
from routing.region import Region
from routing.region_build import RegionSources, build_region
from routing.region_info import describe_region
from tests.tiny_region import roads, square, villages, write_sources

NOW = datetime(2026, 8, 17, 3, 0, tzinfo=UTC)


def sources_in(folder: Path, **changes: Any) -> RegionSources:
    paths = write_sources(folder)
    values: dict[str, Any] = {
        "name": "Uji",
        "villages": [paths["villages"]],
        "roads": [paths["osm"]],
        "units": paths["units"],
    }
    return RegionSources(**{**values, **changes})


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    build_region(sources_in(folder), folder / "region", now=NOW)
    return folder / "region"


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_built_region_answers(built: Path) -> None:
    region = Region.open(built)
    place = Location(lat=-6.7101, lon=108.5005)
    match = region.boundaries.locate(place)
    assert match.village is not None
    assert match.village.code == "32.99.02.2001"
    assert region.gazetteer.search("puskesmas uji").candidates[0].village_code == "32.99.02.2001"
    (time_to,) = region.router.times_to(place, [Location(lat=-6.7101, lon=108.519)])
    assert time_to.driving_s is not None
    assert time_to.driving_s > 0


def test_equal_sources_give_equal_bytes(built: Path, tmp_path: Path) -> None:
    build_region(sources_in(tmp_path), tmp_path / "region", now=NOW)
    first, second = content(built), content(tmp_path / "region")
    assert set(first) == set(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_the_geopackage_opens_with_any_reader(built: Path) -> None:
    with sqlite3.connect(built / "region.gpkg") as connection:
        layers = {row[0] for row in connection.execute("SELECT table_name FROM gpkg_contents")}
    assert layers == {"villages", "kecamatan", "kabupaten", "places", "streets"}


def test_region_info_tells_lengths_and_checks(built: Path) -> None:
    described = describe_region(Region.open(built))
    assert described["network"]["length_km_by_class"] == {"secondary": described["network"]["length_km"]}
    assert described["network"]["main_component_share"] == 1.0
    assert all(check["ok"] for check in described["checks"])
    assert {source["kind"]: source["licence"] for source in described["sources"]} == {
        "villages": "not stated",
        "osm": "© OpenStreetMap contributors, ODbL",
        "units": "not stated",
    }
    json.dumps(described, allow_nan=False)


def test_borders_without_a_stated_licence_are_warned_of_with_the_option_to_state_it(
    built: Path, tmp_path: Path
) -> None:
    assert Region.open(built).report["warnings"] == [
        "The licence of villages.geojson is not stated; name its owner and licence with --licence villages=TEXT."
    ]
    stated = sources_in(tmp_path, licences={"villages": "BIG, TASWIL 2022", "osm": "mine"})
    assert build_region(stated, tmp_path / "region", now=NOW)["warnings"] == []
    licences = [source["licence"] for source in Region.open(tmp_path / "region").table["sources"]]
    assert licences == ["BIG, TASWIL 2022", "mine", "not stated"]


def test_settings_are_edited_without_building_again(built: Path, tmp_path: Path) -> None:
    copy = tmp_path / "region"
    copy.mkdir()
    for name, data in content(built).items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes(data)
    settings = (copy / "region.toml").read_text(encoding="utf-8")
    here, there = Location(lat=-6.71, lon=108.501), [Location(lat=-6.71, lon=108.519)]
    before = Region.open(copy).router.times_to(here, there)[0].driving_s
    assert "secondary = " in settings
    lines = ["secondary = 5.0" if line.startswith("secondary = ") else line for line in settings.splitlines()]
    (copy / "region.toml").write_text("\n".join(lines), encoding="utf-8")
    after = Region.open(copy).router.times_to(here, there)[0].driving_s
    assert before is not None
    assert after is not None
    assert after > 2 * before


@pytest.mark.parametrize("name", ["region.gpkg", "network/edge_head.npy", "boundaries/village_xy.npy"])
def test_a_changed_file_is_a_damaged_region(built: Path, tmp_path: Path, name: str) -> None:
    copy = copied(built, tmp_path)
    data = bytearray((copy / name).read_bytes())
    data[-1] ^= 0xFF
    (copy / name).write_bytes(bytes(data))
    with pytest.raises(RegionDamagedError, match=f"{name} differs"):
        Region.open(copy)


def test_a_missing_file_is_a_damaged_region(built: Path, tmp_path: Path) -> None:
    copy = copied(built, tmp_path)
    (copy / "network" / "node_lat.npy").unlink()
    with pytest.raises(RegionDamagedError, match=r"node_lat\.npy is missing"):
        Region.open(copy)


def test_a_region_of_another_format_is_refused(built: Path, tmp_path: Path) -> None:
    copy = copied(built, tmp_path)
    manifest = json.loads((copy / MANIFEST).read_text())
    (copy / MANIFEST).write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(RegionVersionError, match="format 99"):
        Region.open(copy)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 2, "built_at": 3, "files": []}'])
def test_an_unreadable_manifest_is_a_damaged_region(built: Path, tmp_path: Path, text: str) -> None:
    copy = copied(built, tmp_path)
    (copy / MANIFEST).write_text(text)
    with pytest.raises(RegionDamagedError):
        Region.open(copy)


def test_a_folder_that_is_no_region_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegionError, match="not a region"):
        Region.open(tmp_path)
    with pytest.raises(RegionError, match="There is no region folder"):
        Region.open(tmp_path / "nowhere")


def test_a_bad_setting_names_the_file_and_the_key(built: Path, tmp_path: Path) -> None:
    copy = copied(built, tmp_path)
    text = (copy / "region.toml").read_text().replace('timezone = "Asia/Jakarta"', 'timezone = "Mars/Base"')
    (copy / "region.toml").write_text(text)
    with pytest.raises(SourceError, match=r"region\.toml.*Mars/Base"):
        Region.open(copy)


@pytest.mark.parametrize(
    ("edited", "told"),
    [
        (b"# \xff\n", r"region\.toml is not UTF-8 text; save it as UTF-8"),
        (b"sources = 5\n[region]\nname = 'x'\n", r"region\.toml: sources is no list of tables"),
        (b"routing = 5\n[region]\nname = 'x'\n", r"region\.toml: routing is 5, which is not a table"),
    ],
)
def test_settings_that_an_editor_spoilt_are_mended_there_and_nothing_is_built_again(
    built: Path, tmp_path: Path, edited: bytes, told: str
) -> None:
    copy = copied(built, tmp_path)
    (copy / "region.toml").write_bytes(edited)
    with pytest.raises(SourceError, match=told):
        Region.open(copy)


def test_a_folder_with_other_files_is_never_replaced(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.mkdir()
    (target / "thesis.txt").write_text("all I have")
    with pytest.raises(InputError, match="is not a region"):
        build_region(sources_in(tmp_path), target, now=NOW)
    assert (target / "thesis.txt").read_text() == "all I have"


def no_codes(folder: Path) -> RegionSources:
    collection = villages()
    for feature in collection["features"]:
        del feature["properties"]["code"]
    return with_villages(folder, collection)


def duplicate_codes(folder: Path) -> RegionSources:
    collection = villages()
    collection["features"][1]["properties"]["code"] = collection["features"][0]["properties"]["code"]
    return with_villages(folder, collection)


def empty_geometry(folder: Path) -> RegionSources:
    collection = villages()
    collection["features"][2]["geometry"] = {"type": "Polygon", "coordinates": []}
    return with_villages(folder, collection)


def no_geometry(folder: Path) -> RegionSources:
    collection = villages()
    collection["features"][2]["geometry"] = None
    return with_villages(folder, collection)


def points_for_villages(folder: Path) -> RegionSources:
    collection = villages()
    collection["features"][0]["geometry"] = {"type": "Point", "coordinates": [108.5, -6.7]}
    return with_villages(folder, collection)


def metres_as_degrees(folder: Path) -> RegionSources:
    collection = villages()
    for feature in collection["features"]:
        feature["geometry"] = square(220_000.0, 9_250_000.0, 1_000.0)
    return with_villages(folder, collection)


def swapped_axes(folder: Path) -> RegionSources:
    collection = villages()
    for feature in collection["features"]:
        ring = feature["geometry"]["coordinates"][0]
        feature["geometry"]["coordinates"][0] = [[lat, lon] for lon, lat in ring]
    return with_villages(folder, collection)


def unknown_crs(folder: Path) -> RegionSources:
    name = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::99999"}}
    return with_villages(folder, {**villages(), "crs": name})


def nameless_unknown_village(folder: Path) -> RegionSources:
    collection = villages()
    collection["features"][1]["properties"]["name"] = None
    return with_villages(folder, collection)


def with_villages(folder: Path, collection: dict[str, Any]) -> RegionSources:
    sources = sources_in(folder)
    Path(sources.villages[0]).write_text(json.dumps(collection), encoding="utf-8")
    return sources


def with_roads(content: bytes, name: str = "roads.osm") -> Callable[[Path], RegionSources]:
    def make(folder: Path) -> RegionSources:
        path = folder / name
        sources = sources_in(folder, roads=[path])
        path.write_bytes(content)
        return sources

    return make


def truncated_pbf(folder: Path) -> RegionSources:
    import osmium

    whole = folder / "whole.osm"
    whole.write_text(roads())
    packed = folder / "whole.osm.pbf"
    with osmium.SimpleWriter(packed) as writer:
        for entity in osmium.FileProcessor(whole):
            writer.add(entity)
    return with_roads(packed.read_bytes()[:-40], "cut.osm.pbf")(folder)


def csv(option: str, text: str) -> Callable[[Path], RegionSources]:
    def make(folder: Path) -> RegionSources:
        path = folder / f"{option}.csv"
        path.write_text(text, encoding="utf-8")
        return sources_in(folder, **{option: path})

    return make


BAD_SOURCES: dict[str, tuple[Callable[[Path], RegionSources], str]] = {
    "villages without codes": (no_codes, r"villages\.geojson.*code"),
    "duplicate codes": (duplicate_codes, r"32\.99\.01\.2001.*villages\.geojson"),
    "empty geometry": (empty_geometry, r"feature 3 of villages\.geojson"),
    "no geometry": (no_geometry, r"feature 3 of villages\.geojson"),
    "points for villages": (points_for_villages, r"villages\.geojson.*[Pp]oint"),
    "metres as degrees": (metres_as_degrees, r"villages\.geojson"),
    "an unknown reference system": (unknown_crs, r"villages\.geojson declares .*EPSG::99999”, which is not known"),
    "a village of unknown code without a name": (
        nameless_unknown_village, r"feature 2 of villages\.geojson has no name"
    ),
    "swapped axes": (swapped_axes, r"villages\.geojson"),
    "missing villages": (lambda f: sources_in(f, villages=[f / "none.geojson"]), r"none\.geojson"),
    "villages that are text": (lambda f: with_villages_text(f, "hello"), r"villages\.geojson"),
    "missing roads": (lambda f: sources_in(f, roads=[f / "none.osm.pbf"]), r"none\.osm\.pbf"),
    "roads that are a picture": (with_roads(b"\x89PNG\r\n\x1a\n" + bytes(500), "roads.osm.pbf"), r"roads\.osm\.pbf"),
    "truncated XML": (with_roads(roads().encode()[:-60]), r"roads\.osm"),
    "truncated PBF": (truncated_pbf, r"cut\.osm\.pbf"),
    "an empty file": (with_roads(b""), r"roads\.osm"),
    "OSM without roads": (with_roads(roads(highway="footway").encode()), r"road"),
    "roads of elsewhere": (with_roads(roads(dlat=1.0).encode()), r"do not overlap"),
    "a stations row without a number": (
        csv("stations", "kind,name,lat,lon\nclinic,X,oops,108.5\n"), r"stations\.csv.*2.*lat"
    ),
    "population without its column": (
        csv("population", "code,people\n32.99.01.2001,5\n"), r"population\.csv.*population"
    ),
    "places of unknown columns": (csv("places", "a,b\n1,2\n"), r"places\.csv"),
    "a region without a name": (lambda f: sources_in(f, name="  "), r"--name"),
}  # fmt: skip


def with_villages_text(folder: Path, text: str) -> RegionSources:
    sources = sources_in(folder)
    Path(sources.villages[0]).write_text(text)
    return sources


@pytest.mark.parametrize("case", BAD_SOURCES)
def test_a_bad_source_is_one_sentence_and_leaves_the_old_region_alone(case: str, built: Path, tmp_path: Path) -> None:
    make, expected = BAD_SOURCES[case]
    copy = copied(built, tmp_path)
    before = content(copy)
    with pytest.raises(InputError, match=expected) as caught:
        build_region(make(tmp_path), copy, now=NOW)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith((".", "?"))
    assert content(copy) == before
    assert not list(copy.parent.glob(".*building*"))


@pytest.mark.slow
def test_a_build_killed_at_any_moment_leaves_the_old_region_or_none(tmp_path: Path) -> None:
    sources_in(tmp_path)
    target = tmp_path / "region"
    command = [
        sys.executable, "-m", "web.cli", "region", "build", "--name", "Uji", "--villages", "villages.geojson",
        "--osm", "roads.osm", "--units", "units.csv", "--out", str(target),
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    whole = 0
    for delay in np.linspace(0.3, 4.5, 8):
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(float(delay))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if target.exists():
            read_manifest(target, verify=True)
            whole += 1
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read_manifest(target, verify=True)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def copied(built: Path, folder: Path) -> Path:
    copy = folder / "copy"
    for name, data in content(built).items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes(data)
    return copy
