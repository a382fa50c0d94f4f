"""The planner in the browser: what the page shows is what the command line tells."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from routing.region import Region
from tests.planner_region import PEOPLE, planner_region, run
from web.app import create_app
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
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_a_sentence(client: FlaskClient, body: dict | None, said: str) -> None:
    answer = client.post("/planner/coverage?lang=en", json=body)
    assert answer.status_code == 422 and said in answer.json["detail"]


def test_other_machines_may_not_plan_in_a_centre(region: Path) -> None:
    from web.access import ANYBODY, Actor

    app = create_app(Desk(Region.open(region)), policy=lambda _: Actor(name="far", may=ANYBODY))
    assert app.test_client().get("/planner").status_code == 403
