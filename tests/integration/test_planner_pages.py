"""The planner in the browser: what the page shows is what the command line tells."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import shapely.geometry
from flask.testing import FlaskClient

from gis.types import Location
from routing.region import Region
from tests.planner_region import PEOPLE, planner_region, run
from web.app import create_app
from web.i18n import translator
from web.plan_changes import told_changes
from web.plans import Planner, Post
from web.service import Desk

POST = {"name": "Pos Kulon", "lat": -6.71, "lon": 108.501}


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planner_region(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def client(region: Path) -> Iterator[FlaskClient]:
    yield create_app(Desk(Region.open(region))).test_client()


def measured(client: FlaskClient, posts: list[dict], minutes: float = 3) -> dict:
    answer = client.post("/planner/coverage", json={"kind": "fire_engine", "minutes": minutes, "posts": posts})
    assert answer.status_code == 200, answer.text
    return answer.json


def test_the_page_tells_as_many_people_in_time_as_the_command(client: FlaskClient, region: Path) -> None:
    page = measured(client, [POST])
    told = json.loads(run("coverage", "--minutes", "3", "--json", "--region", region).stdout)
    assert page["region"][3] == told["region"]["within"]
    assert {code: one["within"][3] for code, one in page["villages"].items()} == {
        one["code"]: one["within"] for one in told["villages"]
    }
    assert page["people"] == sum(PEOPLE.values())


def test_more_minutes_never_reach_fewer_people(client: FlaskClient) -> None:
    found = measured(client, [POST])
    for one in [found["region"], *(village["within"] for village in found["villages"].values())]:
        assert one == sorted(one)


def test_a_dragged_post_changes_the_answer_and_back_gives_the_same(client: FlaskClient) -> None:
    first, moved = measured(client, [POST]), measured(client, [{**POST, "lon": 108.518}])
    assert moved["region"] != first["region"] and measured(client, [POST]) == first


def test_the_export_holds_the_figures_of_the_page(client: FlaskClient) -> None:
    sent = {"kind": "fire_engine", "minutes": 3, "posts": [POST]}
    answer = client.post("/planner/coverage.csv", json=sent)
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert int(rows[0]["within"]) == measured(client, [POST])["region"][3]
    assert len(rows) == 1 + 2 + len(PEOPLE)


def test_a_plan_that_closes_its_road_reaches_fewer_and_closes_nothing_elsewhere(client: FlaskClient) -> None:
    whole = measured(client, [POST])
    for closed in ([{"street": "Jalan Pasar"}], [{"lat": POST["lat"], "lon": POST["lon"]}]):
        plan = {"kind": "fire_engine", "minutes": 3, "posts": [POST], "closed": closed}
        less = client.post("/planner/coverage", json=plan).json
        assert less["region"][60] < whole["region"][60] and less["closed_m"] > 0 and less["closed"]
    assert measured(client, [POST]) == whole and whole["closed"] == []
    corners = [[-6.7103, 108.5098], [-6.7103, 108.5102], [-6.7097, 108.5102], [-6.7097, 108.5098]]
    plan = {"kind": "fire_engine", "minutes": 3, "posts": [POST], "closed": [{"polygon": corners}]}
    flooded = client.post("/planner/coverage", json=plan).json
    assert flooded["unreached"] == sum(PEOPLE.values()) and flooded["region"][60] == 0


def test_by_night_the_units_of_the_night_count(client: FlaskClient) -> None:
    posts = [{**POST, "units": 2}, {**POST, "lon": 108.519, "night_units": 0}]
    plan = {"kind": "fire_engine", "minutes": 3, "posts": posts}
    day = client.post("/planner/coverage", json={**plan, "hour": 12}).json
    night = client.post("/planner/coverage", json={**plan, "hour": 23}).json
    assert night["region"] == measured(client, [POST])["region"] and day["region"] == measured(client, posts)["region"]
    # Two units at a post reach by two whom the post reaches.
    assert night["twice"] == night["region"]
    nobody = client.post("/planner/coverage?lang=en", json={**plan, "posts": posts[1:], "hour": 2})
    assert nobody.status_code == 422 and "No post is left" in nobody.json["detail"]


def test_the_export_beside_another_plan_tells_the_gain(client: FlaskClient) -> None:
    before = {"kind": "fire_engine", "minutes": 3, "posts": [POST]}
    after = {**before, "posts": [POST, {**POST, "lon": 108.519}], "before": before}
    answer = client.post("/planner/coverage.csv", json=after)
    first = next(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    gain = measured(client, after["posts"])["region"][3] - measured(client, [POST])["region"][3]
    assert int(first["people_gained"]) == gain > 0


def test_layers_and_report_of_a_plan_are_files(client: FlaskClient) -> None:
    plan = {"kind": "fire_engine", "minutes": 3, "posts": [POST], "closed": [{"street": "Jalan Pasar"}]}
    layers = client.post("/planner/coverage.gpkg", json=plan)
    assert layers.data.startswith(b"SQLite format 3") and "coverage.gpkg" in layers.headers["Content-Disposition"]
    assert client.post("/planner/report.pdf?lang=en", json=plan).data.startswith(b"%PDF")


@pytest.mark.parametrize("drawn", ["as it is", "moved", "new", "closed", "reopened", "two units"])
def test_the_report_tells_what_a_drawn_plan_changes_about_the_posts(region: Path, drawn: str) -> None:
    planner = Planner(Region.open(region))
    (kulon,) = planner.posts("fire_engine")
    wetan = planner.post("Pos Wetan")
    elsewhere = Location(lat=-6.71, lon=108.518)
    rounded = replace(kulon, location=Location(lat=round(kulon.location.lat, 6), lon=round(kulon.location.lon, 6)))
    lor = Post(name="Pos Lor", kind="added", location=elsewhere)
    plans = {
        "as it is": ((rounded,), []),
        "moved": ((replace(kulon, location=elsewhere),), ["moved: Pos Kulon=-6.71000, 108.51800"]),
        "new": ((kulon, lor), ["new: Pos Lor=-6.71000, 108.51800"]),
        "closed": ((lor,), ["closed: Pos Kulon", "new: Pos Lor=-6.71000, 108.51800"]),
        "reopened": ((kulon, wetan), ["In service: Pos Wetan"]),
        "two units": ((kulon, kulon), ["Units at Pos Kulon: 2."]),
    }
    units, told = plans[drawn]
    assert told_changes(planner, "fire_engine", units, translator("en")) == told


def test_isochrones_of_a_plan_are_valid_and_hold_one_another(client: FlaskClient) -> None:
    found = client.post("/planner/isochrones", json={"kind": "fire_engine", "minutes": 3, "posts": [POST]}).json
    shapes = [shapely.geometry.shape(one["polygon"]) for one in found["isochrones"]]
    assert [one["minutes"] for one in found["isochrones"]] == [5, 8, 10, 15]
    assert all(one.is_valid and one.area > 0 for one in shapes)
    assert [one["people"] for one in found["isochrones"]] == [
        measured(client, [POST])["region"][minute] for minute in (5, 8, 10, 15)
    ]


def test_the_page_speaks_bahasa_indonesia_first_and_english_by_a_switch(client: FlaskClient) -> None:
    assert 'lang="id"' in client.get("/planner").text and "Dispatcher" in client.get("/planner?lang=en").text
    shapes = client.get("/planner/villages.geojson").json
    assert {one["properties"]["code"] for one in shapes["features"]} == set(PEOPLE)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "Send JSON"),
        ({"posts": [], "kind": "fire_engine"}, "No post is left"),
        ({"posts": [POST], "kind": "fire_engine", "minutes": 0}, "more than 0"),
        ({"posts": [{"lat": "x"}], "kind": "fire_engine"}, "no number"),
        ({"posts": [{"lat": 99, "lon": 0}], "kind": "fire_engine"}, "no position on earth"),
        ({"posts": [{**POST, "lon": 109.5}], "kind": "fire_engine"}, "too far from every road"),
        ({"posts": [POST] * 301, "kind": "fire_engine"}, "too many"),
        ({"posts": [{**POST, "units": -1}], "kind": "fire_engine"}, "whole number from 0 to 20"),
        ({"posts": [POST], "kind": "fire_engine", "hour": 168}, "0 (Monday 0:00) to 167"),
        ({"posts": [POST], "kind": "fire_engine", "closed": {}}, "as a list"),
        ({"posts": [POST], "kind": "fire_engine", "closed": [{}]}, "no number"),
        ({"posts": [POST], "kind": "fire_engine", "closed": [{"street": "Jalan Entah"}]}, "Jalan Entah"),
        ({"posts": [POST], "kind": "fire_engine", "closed": [{"polygon": [[0, 0]]}]}, "three different corners"),
        ({"posts": [POST], "kind": "fire_engine", "closed": [{"polygon": [3]}]}, "no pair of lat and lon"),
        ({"posts": [POST], "kind": "fire_engine", "closed": [{"lat": -6.8, "lon": 108.6}]}, "No road is within"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_a_sentence(client: FlaskClient, body: dict | None, said: str) -> None:
    answer = client.post("/planner/coverage?lang=en", json=body)
    assert answer.status_code == 422 and said in answer.json["detail"]


def test_other_machines_may_not_plan_in_a_centre(region: Path) -> None:
    from web.access import ANYBODY, Actor

    app = create_app(Desk(Region.open(region)), policy=lambda _: Actor(name="far", may=ANYBODY))
    assert app.test_client().get("/planner").status_code == 403
