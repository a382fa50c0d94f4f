"""Closed roads in a whole centre: by the API and the terminal, in recommendations and routes, by the clock."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from dispatch.store import care
from dispatch.store.engine import open_engine
from dispatch.store.store import Store
from gis.types import Location
from routing.metric import Metric
from routing.router import Router
from tests.centre_app import HERE, CentreApp, centre_app
from web.cli import main
from web.directory import region_stations
from web.i18n import translator
from web.wording_roads import cut_off_text

FLOOD = [
    {"lat": lat, "lon": lon} for lat, lon in ((-6.83, 108.722), (-6.832, 108.782), (-6.8, 108.786), (-6.8, 108.72))
]
SPOT = {"reason": "flood", "location": HERE["location"], "radius_m": 300}


@pytest.fixture
def made(sqlite_url: str) -> Iterator[CentreApp]:
    with centre_app(sqlite_url) as app:
        yield app


@pytest.fixture
def client(made: CentreApp) -> FlaskClient:
    return made.app.test_client()


def close(client: FlaskClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/closures?lang=en", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def nearest(client: FlaskClient) -> dict[str, Any]:
    return dict(client.get("/api/v1/nearest?at=-6.7172,108.5362&lang=en").get_json())


def etas(answer: dict[str, Any]) -> dict[str, float]:
    return {one["unit_id"]: one["eta_s"] for one in answer["candidates"]}


def test_a_closure_changes_every_answer_at_once_and_reopening_gives_the_first_ones_again(client: FlaskClient) -> None:
    before = nearest(client)
    route = client.get("/api/v1/route?unit=AMB-13&at=-6.7172,108.5362").get_json()
    closed = close(client, **SPOT)["closures"][0]
    after = nearest(client)
    assert after["closures"]["ids"] == [closed["closure_id"]]
    assert after["closures"]["message"].startswith("1 road closure: flood ")
    assert all(etas(after)[unit] >= eta for unit, eta in etas(before).items() if unit in etas(after))
    assert etas(after) != etas(before)
    around = client.get("/api/v1/route?unit=AMB-13&at=-6.7172,108.5362").get_json()
    assert (around["closures"]["ids"], around["features"] != route["features"]) == ([closed["closure_id"]], True)
    assert client.post(f"/api/v1/closures/{closed['closure_id']}/reopen").status_code == 200
    assert nearest(client) == before
    assert client.get("/api/v1/route?unit=AMB-13&at=-6.7172,108.5362").get_json() == route


def test_a_village_that_is_cut_off_for_some_vehicles_alone_is_told_with_their_names(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fire engines that keep to the larger roads lose a village by a closure that ambulances drive round."""
    with centre_app(sqlite_url) as made:
        region = made.running.centre.region
        settings = region.routing_settings
        small = frozenset({"residential", "living_street", "service", "unclassified", "track", "path"})
        large = replace(settings.profiles["fire_engine"], closed_classes=small)
        # The region is shared with other tests: its settings, and what was made of them, come back afterwards.
        changed = replace(settings, profiles={**settings.profiles, "fire_engine": large})
        monkeypatch.setitem(region.__dict__, "routing_settings", changed)
        monkeypatch.setitem(region.__dict__, "_routers", {})
        keeper, finder = made.running.centre.roads, made.running.centre.desk.roads.finder
        edges = finder.about(Location(lat=-6.813437, lon=108.646221), 600.0)
        villages = {one.code: one for one in keeper.cut_off_by(edges)}
        some = [one for one in villages.values() if one.profiles]
        assert some
        assert {one.profiles for one in some} == {("fire_engine",)}
        text = cut_off_text(some, translator("en")) or ""
        assert text.startswith(f"Cut off for fire engine: {max(some, key=lambda one: one.people or 0).name}")
        stations = [location for _, _, location in region_stations(region)]
        network = region.network
        lost: dict[str, list[float]] = {}
        for profile in ("ambulance", "fire_engine"):
            metric = Metric.build(network, region.routing_settings, profile=profile)
            reached = []
            for shut in ((), edges.tolist()):
                router = Router(network, settings, snapper=region.snapper, metric=metric.with_closures(shut))
                there = np.isfinite(router.nearest_everywhere(stations).seconds)[network.edge_head]
                reached.append(there & router.metric.is_open)
            for one in some:
                number = next(at for at, each in enumerate(region.boundaries.villages) if each.code == one.code)
                roads = region.edge_village == number
                length = [float(network.edge_length_m[roads & each].sum()) for each in reached]
                lost.setdefault(one.code, []).append(1 - length[1] / length[0])
        assert all(fire > ambulance for ambulance, fire in lost.values())


def test_a_recommendation_says_which_roads_were_closed_and_gives_the_same_a_year_later(client: FlaskClient) -> None:
    closed = close(client, **SPOT, note="air setinggi lutut")["closures"][0]["closure_id"]
    incident = client.post("/api/v1/incidents", json={"category": "medical", "severity": "high", "location": HERE})
    incident_id = incident.get_json()["incidents"][0]["incident_id"]
    made = client.post(f"/api/v1/incidents/{incident_id}/recommendations").get_json()
    assert [one["closure_id"] for one in made["recommendation"]["closures"]] == [closed]
    assert made["recommendation"]["metric"].startswith("closures=")
    metrics = made["recommendation"]["metrics"]
    assert {f"closures={one['closures']}" for one in metrics} == {made["recommendation"]["metric"]}
    assert {one["profile"].partition("+")[0] for one in metrics} >= {"ambulance", "fire_engine"}
    client.post(f"/api/v1/closures/{closed}/reopen")
    key = made["recommendation_id"]
    stored = client.get(f"/api/v1/recommendations/{key}").get_json()
    assert (stored["computed_again"], stored["inputs"]["closures"]) == (True, made["recommendation"]["closures"])
    text = client.get(f"/api/v1/recommendations/{key}/text").get_json()["text"]
    assert " 1 penutupan jalan: banjir " in text
    assert "lutut" not in json.dumps(stored)


def test_a_flood_names_the_villages_and_people_that_it_cuts_off_and_reopening_frees_them(
    made: CentreApp, client: FlaskClient
) -> None:
    seen = client.post("/api/v1/closure-preview?lang=en", json={"reason": "flood", "polygon": FLOOD}).get_json()
    assert made.store.events_after(0, types=("road.closed",)) == []
    told = close(client, reason="flood", polygon=FLOOD)
    assert told["cut_off"]["villages"] == seen["villages"]
    assert {"Gebang Mekar", "Playangan"} <= {one["name"] for one in told["cut_off"]["villages"]}
    assert told["cut_off_message"].startswith("Cut off: Gebang Mekar, ")
    again = client.post("/api/v1/closure-preview", json={"reason": "flood", "polygon": FLOOD}).get_json()
    assert (again["villages"], again["people"]) == ([], 0)  # it would add nobody
    (event,) = made.store.events_after(0, types=("alert.villages_cut_off",))
    assert event.payload["people"] == seen["people"] == sum(one["people"] for one in seen["villages"])
    client.post(f"/api/v1/closures/{told['closures'][0]['closure_id']}/reopen")
    (event,) = made.store.events_after(0, types=("alert.villages_reachable",))
    assert event.payload["cut_off"]["villages"] == []
    assert client.get("/api/v1/closures").get_json()["cut_off"] is None
    assert care.differences(made.store.engine) == []


def test_a_closure_begins_and_ends_by_the_clock(made: CentreApp, client: FlaskClient) -> None:
    now = datetime.now(UTC)
    made.store._clock = lambda: now
    start, end = now + timedelta(hours=1), now + timedelta(hours=2)
    before = nearest(client)["closures"]["ids"]
    closed = close(client, **SPOT, starts_at=start.isoformat(), ends_at=end.isoformat())["closures"][0]["closure_id"]
    assert before == nearest(client)["closures"]["ids"] == []
    assert client.get("/api/v1/closures").get_json()["changes_at"] is not None
    now = start
    assert nearest(client)["closures"]["ids"] == [closed]
    now = end
    assert nearest(client)["closures"]["ids"] == []
    assert client.get("/api/v1/closures").get_json()["items"] == []
    assert len(client.get("/api/v1/closures?all=true").get_json()["items"]) == 1


def test_a_server_hears_of_what_another_process_closes(made: CentreApp, client: FlaskClient) -> None:
    keeper = made.running.centre.roads
    keeper.start()
    heard = threading.Event()
    apply = made.running.centre.desk.roads.close

    def listening(*given: Any) -> None:
        apply(*given)
        heard.set()

    made.running.centre.desk.roads.close = listening  # type: ignore[method-assign]
    try:
        with centre_app(str(made.store.engine.url)) as other:
            closed = close(other.app.test_client(), **SPOT)["closures"][0]["closure_id"]
        assert heard.wait(30)
        assert nearest(client)["closures"]["ids"] == [closed]
    finally:
        keeper.stop()


def test_a_road_that_two_closures_close_stays_closed_until_both_are_lifted(client: FlaskClient) -> None:
    first, second = (close(client, **SPOT)["closures"][0]["closure_id"] for _ in range(2))
    shut = etas(nearest(client))
    client.post(f"/api/v1/closures/{first}/reopen")
    assert etas(nearest(client)) == shut
    client.post(f"/api/v1/closures/{second}/reopen")
    assert etas(nearest(client)) != shut


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "Say what to close by one of edges, street, polygon and location"),
        ({"street": "Gang Melati"}, "streets are called “Gang Melati”: Gang Melati, "),
        ({"street": "Jalan Entah Berantah"}, "No street is called “Jalan Entah Berantah”"),
        ({"street": "Gang Melati", "area_code": "99.99"}, "The region has no area with the code “99.99”"),
        ({"edges": [10**6]}, "There is no edge 1000000"),
        ({"edges": [3], "radius_m": 100}, "A radius goes with a place"),
        ({"polygon": FLOOD, "area_code": "99.99"}, "goes with the name of a street"),
        ({"edges": [3], "every_part": True}, "goes with the name of a street"),
        ({"location": {"lat": -6.72, "lon": 108.55}, "radius_m": 49_000}, "closes 100 % of all roads of the region"),
        ({"location": {"lat": 6.72, "lon": 108.55}, "radius_m": 100}, "lies outside the region"),
        ({"polygon": FLOOD[:2]}, "at least three different corners"),
        ({"polygon": [FLOOD[0], FLOOD[2], FLOOD[1], FLOOD[3]]}, "The sides of the area cross at -6."),
        ({**SPOT, "ends_at": "2020-01-01T00:00:00Z"}, "ends before it begins"),
        ({**SPOT, "reason": "boredom"}, "Field reason"),
    ],
)
def test_a_closure_that_cannot_be_is_refused_in_one_sentence_and_nothing_changes(
    made: CentreApp, client: FlaskClient, body: dict[str, Any], sentence: str
) -> None:
    before = made.counts()
    answer = client.post("/api/v1/closures?lang=en", json={"reason": "flood", **body})
    assert (answer.status_code, sentence in answer.get_json()["detail"]) == (422, True), answer.text
    assert made.counts() == before


def test_only_who_may_close_roads_closes_them(client: FlaskClient) -> None:
    stranger = {"REMOTE_ADDR": "192.0.2.7"}
    for path in ("closures", "closure-preview", "closures/R261124-001/reopen"):
        answer = client.post(f"/api/v1/{path}", json=SPOT, environ_base=stranger)
        assert answer.status_code == 403
        assert "road:close" in answer.get_json()["detail"]


# --- from a terminal ---------------------------------------------------------------------------------------------


def run(url: str, *words: str) -> str:
    done = CliRunner().invoke(main, [*words, "--db", url], env={"SIAGA112_ACTOR": "sari"})
    assert done.exit_code == 0, (words, done.output)
    return done.stdout


def test_a_terminal_closes_lists_and_reopens(sqlite_url: str, tmp_path: Path) -> None:
    flood = tmp_path / "banjir.wkt"
    flood.write_text("POLYGON((108.722 -6.83, 108.782 -6.832, 108.786 -6.8, 108.72 -6.8, 108.722 -6.83))")
    tried = json.loads(run(sqlite_url, "close", "--polygon", str(flood), "--reason", "flood", "--dry-run", "--json"))
    assert tried[0]["people"] > 10_000
    assert json.loads(run(sqlite_url, "closures", "--json"))["closures"] == []
    said = run(sqlite_url, "close", "--polygon", str(flood), "--reason", "flood", "--note", "rob", "--lang", "id")
    assert "Terputus: Gebang Mekar" in said
    one = json.loads(run(sqlite_url, "closures", "--json", "--texts"))["closures"][0]
    assert (one["author"], one["note_text"], one["edge_count"]) == ("sari", "rob", len(tried[0]["edges"]))
    incident = json.loads(
        run(sqlite_url, "incident", "open", "--category", "medical", "--at", "-6.7172,108.5362", "--json")
    )
    recommended = run(sqlite_url, "incident", "recommend", incident["incidents"][0]["incident_id"], "--lang", "en")
    assert "1 road closure: flood" in recommended
    assert "No road is closed." in run(sqlite_url, "reopen", one["closure_id"], "--lang", "en")
    store = Store(open_engine(sqlite_url))
    assert [event.type for event in store.events_after(0)][-1] == "alert.villages_reachable"
    store.engine.dispose()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["close", "--street", "Gang Melati"], "Say why the road is closed"),
        (["close", "--polygon", "POLYGON((1 2, 3", "--reason", "flood"], "is neither WKT nor GeoJSON"),
        (["close", "--polygon", "/no/such/file", "--reason", "flood"], "/no/such/file: No such file"),
        (["close", "--at", "-6.7172,108.5362", "--reason", "flood", "--until", "besok"], "“besok” is no time"),
        (["close", "--at", "-6.7172,108.5362", "--reason", "flood", "--towards", "sana"], "“sana” is no direction"),
        (["close", "--scenario", "gempa"], "no scenario “gempa”"),
        (["close", "--scenario", "gempa", "--edge", "3"], "A scenario says itself what is closed"),
        (["close", "--edge", "99999999999999999999", "--reason", "flood"], "There is no edge 99999999999999999999"),
        (["close", "--edge", "3", "--reason", "flood", "--from", "0001-01-01 00:00"], "is no time"),
        (["close", "--edge", "3", "--reason", "flood", "--until", "9999-12-31T23:59-12:00"], "is no time"),
        (["reopen"], "Say what to reopen"),
    ],
)
def test_what_a_terminal_cannot_use_is_told_in_one_sentence(sqlite_url: str, words: list[str], sentence: str) -> None:
    done = CliRunner().invoke(main, [*words, "--db", sqlite_url, "--lang", "en"])
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_of_several_closures_none_is_reopened_where_one_is_unknown(sqlite_url: str) -> None:
    run(sqlite_url, "close", "--at", "-6.7172,108.5362", "--reason", "accident")
    (one,) = json.loads(run(sqlite_url, "closures", "--json"))["closures"]
    done = CliRunner().invoke(main, ["reopen", one["closure_id"], "R000000-001", "--db", sqlite_url, "--lang", "en"])
    assert (done.exit_code, "There is no closure “R000000-001”" in done.stderr) == (1, True)
    assert json.loads(run(sqlite_url, "closures", "--json"))["closures"] == [one]


def test_an_isochrone_shrinks_by_a_closure_and_names_it(client: FlaskClient) -> None:
    def asked() -> dict[str, Any]:
        found: dict[str, Any] = client.get("/api/v1/isochrone?at=-6.7172,108.5362&minutes=5&lang=en").get_json()
        return found

    before = asked()
    assert (before["profile"], before["closures"]["ids"]) == ("ambulance", [])
    made = client.post("/api/v1/closures", json={"reason": "flood", **SPOT, "radius_m": 400}).get_json()
    after = asked()
    assert after["closures"]["ids"] == [made["closures"][0]["closure_id"]]
    assert after["features"][0]["properties"]["road_length_m"] < before["features"][0]["properties"]["road_length_m"]


def test_where_all_roads_are_closed_that_is_said_and_not_that_the_place_lies_outside(client: FlaskClient) -> None:
    whole = {"location": {"lat": -6.72, "lon": 108.55}, "radius_m": 49_000, "whole_region": True}
    assert client.post("/api/v1/closures", json={"reason": "flood", **whole}).status_code == 201
    for question in ("nearest?at=-6.7172,108.5362", "isochrone?at=-6.7172,108.5362&minutes=5"):
        answer = client.get(f"/api/v1/{question}&lang=en")
        assert (answer.status_code, "All roads near -6.71720, 108.53620 are closed" in answer.text) == (422, True)
    assert "km outside the region" in client.get("/api/v1/nearest?at=-8.7,115.2&lang=en").get_json()["detail"]
