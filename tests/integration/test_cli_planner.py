"""The planner from a terminal: what is told equals plain counting over exact times; bad questions get one sentence."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import shapely

from gis.errors import InputError
from gis.types import Location
from planning.coverage import Standard
from routing.region import Region
from tests.planner_region import PEOPLE, planner_region, refused, run
from web.plan_candidates import midpoints, of_villages
from web.plan_changes import Changes, changed_posts
from web.plan_reach import reach_of
from web.plans import Planner
from web.regions import open_region

MINUTES = "2.5"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planner_region(tmp_path_factory.mktemp("planner"))


def told(*arguments: object) -> dict:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_people_in_time_are_those_whose_road_a_unit_reaches_in_time(region: Path) -> None:
    answer = told("coverage", "--kind", "fire_engine", "--minutes", MINUTES, "--region", region)
    planner = Planner(Region.open(region))
    (post,) = planner.posts("fire_engine")
    within = 0.0
    for edge, people in zip(planner.pieces.tolist(), planner.demand.piece_people.tolist(), strict=True):
        time = planner.router_of("fire_engine").edge_midpoint_times([post.location], np.array([edge])).seconds[0, 0]
        within += people * (time + planner.dispatch_settings.turnout_of("fire_engine") <= float(MINUTES) * 60)
    assert 0 < within < sum(PEOPLE.values())
    assert answer["region"]["within"] == round(within)
    assert answer["region"]["people"] == sum(PEOPLE.values()) == sum(one["people"] for one in answer["villages"])
    assert [one["name"] for one in answer["posts"]] == ["Pos Kulon"]


def test_a_closed_station_is_reopened_and_the_gain_is_told(region: Path) -> None:
    answer = told(
        "coverage", "--minutes", MINUTES, "--reopen", "pos wetan", "--compare", "--region", region
    )  # fmt: skip
    change = answer["comparison"]["region"]
    assert change["gained"] == pytest.approx(change["after"]["within"] - change["before"]["within"], abs=1)
    assert change["gained"] > 0
    text = run("coverage", "--minutes", MINUTES, "--reopen", "wetan", "--compare", "--region", region).stdout
    assert f"{change['gained']:,} more people are reached in time" in text


def test_moving_a_station_is_closing_it_and_adding_one(region: Path) -> None:
    moved = told("coverage", "--minutes", MINUTES, "--move", "Pos Kulon=-6.71,108.5185", "--region", region)
    added = told(
        "coverage", "--minutes", MINUTES, "--close", "Pos Kulon", "--add", "Baru=-6.71,108.5185", "--region", region
    )
    assert moved["villages"] == added["villages"]
    assert [post["name"] for post in added["posts"]] == ["Baru"]


def test_a_closed_street_reaches_fewer_and_a_flood_closes_what_it_touches(region: Path, tmp_path: Path) -> None:
    flood = tmp_path / "flood.geojson"
    ring = [[108.5098, -6.7103], [108.5102, -6.7103], [108.5102, -6.7097], [108.5098, -6.7097], [108.5098, -6.7103]]
    flood.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    whole = told("coverage", "--minutes", "5", "--region", region)["region"]
    street = told("coverage", "--minutes", "5", "--close-street", "Jalan Pasar", "--compare", "--region", region)
    assert street["region"]["within"] < whole["within"] and street["region"]["people"] == whole["people"]
    assert street["comparison"]["region"]["before"] == whole
    # The crossing is under water, and all four roads with it: the post stands, and reaches nobody.
    under_water = told("coverage", "--minutes", "5", "--flood", flood, "--region", region)["region"]
    assert whole["within"] > 0 == under_water["within"] and under_water["unreached"] == whole["people"]


def test_an_isochrone_of_posts_holds_every_road_reached_by_then_turnout_included() -> None:
    planner = Planner(open_region(None))
    posts = planner.posts("fire_engine")
    found = planner.coverage(posts, Standard(kinds=("fire_engine",), within_s=600.0))
    lat, lon = midpoints(planner)
    spots, seconds = shapely.points(lon, lat), found.nearest_s
    for one in reach_of(planner, posts, "fire_engine", found, (5.0, 10.0)):
        within = seconds <= one.minutes * 60
        # That it is never wider than what was reached is held by tests of `routing.isochrone`.
        assert one.polygon.is_valid and 0 < within.sum() < len(within)
        assert shapely.covers(one.polygon, spots[within]).all()
        assert one.people == pytest.approx(planner.demand.piece_people[within].sum())


def test_isochrones_and_the_times_of_all_junctions_are_layers_of_the_file(region: Path, tmp_path: Path) -> None:
    layers = tmp_path / "plan.gpkg"
    answer = told("coverage", "--isochrones", "2.5,3", "--minutes", "3", "--gpkg", layers, "--region", region)
    assert answer["isochrones"][-1]["people"] == answer["region"]["within"] > 0
    with sqlite3.connect(layers) as stored:
        assert [row[0] for row in stored.execute("SELECT minutes FROM isochrones ORDER BY minutes")] == [2.5, 3.0]
        times = stored.execute("SELECT seconds FROM junctions WHERE post = 'Pos Kulon'").fetchall()
    turnout_s = Planner(Region.open(region)).dispatch_settings.turnout_of("fire_engine")
    assert times and min(times)[0] >= turnout_s
    text = run("coverage", "--isochrones", "--minutes", "3", "--region", region).stdout
    assert "Reached by road" in text and "\n                    15" in text


def test_a_fire_engine_is_timed_by_its_own_profile(region: Path) -> None:
    planner = Planner(Region.open(region))
    assert planner.router_of("fire_engine").metric.key.profile.startswith("fire_engine")
    assert planner.router_of("ambulance").metric.key.profile.startswith("ambulance")
    own = told("coverage", "--minutes", MINUTES, "--region", region)
    assert (
        own["region"]
        == told("coverage", "--minutes", MINUTES, "--profile", "fire_engine", "--region", region)["region"]
    )


def test_every_file_of_a_coverage_holds_the_same_figures(region: Path, tmp_path: Path) -> None:
    files = {name: tmp_path / f"plan.{name}" for name in ("csv", "gpkg", "html", "png")}
    answer = told(
        "coverage", "--minutes", MINUTES, "--csv", files["csv"], "--gpkg", files["gpkg"], "--map", files["html"],
        "--png", files["png"], "--region", region,
    )  # fmt: skip
    with files["csv"].open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["code"]: row for row in csv.DictReader(stream) if row["level"] == "village"}
    with sqlite3.connect(files["gpkg"]) as layers:
        stored = dict(layers.execute("SELECT code, within FROM villages"))
    for one in answer["villages"]:
        assert int(rows[one["code"]]["within"]) == one["within"] == stored[one["code"]]
    page = files["html"].read_text(encoding="utf-8")
    assert "Lor Kulon" in page and not re.search(r"""src=["']https?://""", page) and "default-src 'none'" in page
    assert files["png"].read_bytes().startswith(b"\x89PNG")


def test_the_next_post_gains_what_adding_it_gains(region: Path) -> None:
    answer = told("site", "next", "--kind", "fire_engine", "--minutes", MINUTES, "--region", region)
    first = answer["ranking"][0]
    assert first["gained"] > 0 and [one["rank"] for one in answer["ranking"]] == [1, 2]
    change = told(
        "coverage", "--minutes", MINUTES, "--add", f"{first['lat']},{first['lon']}", "--compare", "--region", region
    )["comparison"]["region"]
    assert change["gained"] == first["gained"]
    only = told("site", "next", "--minutes", MINUTES, "--area", "32.99.02", "--region", region)
    assert [one["code"] for one in only["ranking"]] == ["32.99.02"]


def test_what_if_counts_in_every_command_and_is_told_by_each(region: Path, tmp_path: Path) -> None:
    changes = ("--reopen", "Pos Wetan", "--close-street", "Jalan Pasar", "--region", region)
    chart = tmp_path / "plan.html"
    covered = told("coverage", "--minutes", "3", *changes, "--map", chart)
    ranked = told("site", "next", "--minutes", "3", *changes)
    sited = told("site", "mclp", "-p", "1", "--minutes", "3", *changes)
    run_days = ("--days", "2", "--replications", "1", "--workers", "1")
    simulated = told("simulate", "--minutes", "3", "--calls-per-day", "20", *run_days, *changes)
    assumed = ["In service: Pos Wetan", "Streets closed: Jalan Pasar."]
    assert [one["assumed"] for one in (covered, ranked, sited, simulated)] == [assumed] * 4
    assert ranked["posts"] == sited["standing"] == simulated["posts"] == 2
    assert sited["objective"] == pytest.approx(covered["region"]["within"] + ranked["ranking"][0]["gained"], abs=2)
    assert "Streets closed: Jalan Pasar." in chart.read_text(encoding="utf-8")
    assert "Streets closed: Jalan Pasar." in run("site", "next", "--minutes", "3", *changes).stdout


def test_the_hour_that_was_asked_for_is_told_whichever_hour_has_its_traffic(region: Path, tmp_path: Path) -> None:
    busy = tmp_path / "busy"
    shutil.copytree(region, busy)
    with (busy / "region.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[[routing.hours]]\nname = "pagi"\nfrom = 6\nto = 8\nfactor = 0.5\n')
    asked = ("coverage", "--minutes", "3", "--region", busy)
    # A Thursday; all mornings are alike to the roads.
    slow = told(*asked, "--at", "2026-11-26T07:00:00+07:00")
    noon = told(*asked, "--at", "2026-11-26T12:00:00+07:00")
    assert slow["assumed"] == ["Hour of the week: day 4, 7:00."] and noon["assumed"] == [
        "Hour of the week: day 4, 12:00."
    ]
    assert slow["region"]["mean_s"] > noon["region"]["mean_s"] == told(*asked)["region"]["mean_s"]


def test_a_region_without_a_station_in_service_may_be_given_posts(region: Path) -> None:
    planner = Planner(Region.open(region))
    planner.__dict__["stations"] = ()
    with pytest.raises(InputError, match="no station in service"):
        changed_posts(planner, "fire_engine", Changes(), place=lambda _: Location(lat=-6.71, lon=108.51))
    added = changed_posts(
        planner, "fire_engine", Changes(add=["Baru=di sini"]), place=lambda _: Location(lat=-6.71, lon=108.51)
    )
    assert [post.name for post in added] == ["Baru"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("simulate", "--days", "banyak"), "--days: “banyak” bukan bilangan"),
        (("simulate", "--policy", "acak"), "--policy: “acak” tidak dikenal"),
        (("hotspots", "--suppress", "0"), "--suppress: 0 di luar batas"),
        (("report", "coverage"), "--out wajib diisi"),
        (("report", "coverage", "--out", "laporan.docx"), "bukan .html dan bukan .pdf"),
        (("coverage", "--profile", "roket"), "Tidak ada profil kendaraan 'roket'"),
        (("coverage", "--at", "besok"), "--at harus berupa waktu"),
        (("coverage", "--csv", "/tidak/ada/x.csv"), "foldernya tidak ada"),
    ],
)
def test_what_is_typed_wrongly_is_told_in_the_language_of_the_command(
    region: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert said in refused(run(*arguments, "--lang", "id", "--region", region))


def test_people_whom_no_candidate_reaches_in_time_are_told_by_number_and_village(region: Path) -> None:
    done = run("site", "lscp", "--minutes", "1.5", "--lang", "id", "--region", region)
    assert done.exit_code == 1 and re.search(r"\d+ jiwa di \d+ desa tinggal lebih jauh dari 1.5 menit", done.stdout)


@pytest.mark.parametrize("model", ["lscp", "mclp", "p-median", "p-center", "mexclp"])
def test_every_model_answers_with_its_certificate(region: Path, tmp_path: Path, model: str) -> None:
    out, chart = tmp_path / "sites.csv", tmp_path / "sites.html"
    answer = told("site", model, "--minutes", "3", "--csv", out, "--map", chart, "--region", region)
    assert (answer["status"], answer["gap"]) == ("optimal", 0.0)
    assert answer["sites"][0]["name"] == "Pos Kulon" and answer["sites"][0]["stands"]
    with out.open(encoding="utf-8-sig", newline="") as stream:
        assert [row["name"] for row in csv.DictReader(stream)] == [one["name"] for one in answer["sites"]]
    assert "Certificate: proven best" in run("site", model, "--minutes", "3", "--region", region).stdout


def test_maximal_cover_of_one_more_post_is_the_best_single_candidate(region: Path) -> None:
    planner = Planner(Region.open(region))
    posts = planner.posts("fire_engine")
    within_s = float(MINUTES) * 60
    covered = planner.times_s(posts, "fire_engine").min(axis=0) <= within_s
    gains = [
        planner.demand.piece_people[covered | (planner.times_s([one], "fire_engine")[0] <= within_s)].sum()
        for one in of_villages(planner).posts
    ]
    answer = told("site", "mclp", "-p", "1", "--minutes", MINUTES, "--region", region)
    assert answer["objective"] == pytest.approx(max(gains))


def test_candidates_come_from_a_file_or_the_junctions(region: Path, tmp_path: Path) -> None:
    places = tmp_path / "places.csv"
    places.write_text("name,lat,lon\nTimur,-6.71,108.5185\nUtara,-6.7015,108.51\n")
    answer = told("site", "mclp", "-p", "2", "--candidates", places, "--minutes", MINUTES, "--region", region)
    assert [one["name"] for one in answer["sites"]] == ["Pos Kulon", "Timur", "Utara"]
    assert told("site", "mclp", "--candidates", "nodes", "--existing", "none", "--region", region)["standing"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("coverage", "--minutes", "0"), "more than 0"),
        (("coverage", "--share", "1.5"), "at most 1"),
        (("coverage", "--kind", "helicopter"), "not known at which stations"),
        (("coverage", "--kind", "ambulance", "--close", "Puskesmas Lor"), "No post is left"),
        (("coverage", "--close", "Pos Entah"), "no station called “Pos Entah”; the names most like it are Pos "),
        (("coverage", "--close", "Pos Wetan"), "no post in service"),
        (("coverage", "--reopen", "Pos Kulon"), "in service already"),
        (("coverage", "--reopen", "Puskesmas Lor"), "no such unit stands"),
        (("coverage", "--move", "Pos Kulon"), "write STATION=PLACE"),
        (("coverage", "--add", "Pos Kulon=-6.71,108.51"), "called Pos Kulon already"),
        (("coverage", "--add", "-6.71,108.60"), "too far from every road"),
        (("coverage", "--compare"), "--compare needs a change"),
        (("coverage", "--close-street", "Jalan Entah Berantah"), "Jalan Entah Berantah"),
        (("coverage", "--flood", "nowhere.geojson"), "cannot be read"),
        (("coverage", "--at", "pagi"), "time with its zone"),
        (("coverage", "--close-road", "-6.8,108.6"), "No road is within"),
        (("coverage", "--isochrones", "0"), "not a time of more than 0"),
        (("coverage", "--profile", "rocket"), "rocket"),
        (("site", "mclp", "-p", "9"), "only 4 candidates"),
        (("site", "p-median", "-p", "-3"), "at least 1"),
        (("site", "mexclp", "--busy", "1.2"), "busy fraction"),
        (("site", "mclp", "--candidates", "nowhere.csv"), "cannot be read"),
        (("site", "next", "--area", "99"), "No kecamatan"),
    ],
)
def test_what_cannot_be_planned_gets_one_sentence(region: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(run(*arguments, "--region", region))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,lat\nA,1\n", "lacks the column lon"),
        ("name,lat,lon\n", "has no places"),
        ("name,lat,lon\nA,x,108\n", "line 2"),
        ("name,lat,lon\nA,-6.7,108.5\nA,-6.7,108.5\n", "line 3"),
    ],
)
def test_a_bad_candidates_file_is_told_with_its_line(region: Path, tmp_path: Path, text: str, said: str) -> None:
    places = tmp_path / "places.csv"
    places.write_text(text)
    assert said in refused(run("site", "mclp", "--candidates", places, "--region", region))
