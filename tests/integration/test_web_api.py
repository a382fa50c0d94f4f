"""The API as its description says, on the demonstration region."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from gis.errors import RegionDamagedError
from web.app import create_app
from web.openapi import openapi_document
from web.problems import PROBLEM_TYPE
from web.regions import open_region
from web.service import Desk

INSIDE = "-6.7172,108.5362"
VILLAGE = "32.09.20.2009"
UNIT = "AMB-13"
DOCUMENT = openapi_document()

ANSWERS = [
    ("/api/v1/region", "/api/v1/region"),
    ("/api/v1/search", "/api/v1/search?q=kertawinangun"),
    ("/api/v1/search", "/api/v1/search?q=depan+kantor+desa+weru&lang=en"),
    ("/api/v1/locate", f"/api/v1/locate?at={INSIDE}"),
    ("/api/v1/locate", "/api/v1/locate?at=-6.55,108.75&lang=en"),
    ("/api/v1/nearest", f"/api/v1/nearest?at={INSIDE}"),
    ("/api/v1/nearest", f"/api/v1/nearest?at={INSIDE}&kind=ambulance&k=3&lang=en"),
    ("/api/v1/nearest", f"/api/v1/nearest?at={VILLAGE}"),
    ("/api/v1/nearest", "/api/v1/nearest?at=Karangsari"),
    ("/api/v1/route", f"/api/v1/route?unit={UNIT}&at={INSIDE}"),
    ("/api/v1/route", f"/api/v1/route?unit={UNIT}&at={INSIDE}&format=gpx"),
    ("/api/v1/isochrone", f"/api/v1/isochrone?unit={UNIT}&at={INSIDE}&minutes=3,1.5&lang=en"),
    ("/api/v1/isochrone", f"/api/v1/isochrone?at={INSIDE}"),
    ("/api/v1/areas/{code}", f"/api/v1/areas/{VILLAGE}"),
    ("/api/v1/areas/{code}", "/api/v1/areas/32.09.20"),
    ("/api/v1/units", "/api/v1/units"),
    ("/api/v1/openapi.json", "/api/v1/openapi.json"),
    ("/api/v1/health", "/api/v1/health"),
]

PROBLEMS = [
    ("/api/v1/nearest", 400),
    ("/api/v1/search", 400),
    ("/api/v1/search?q=weru&lang=fr", 400),
    ("/api/v1/nearest?at=1,2&k=0", 400),
    ("/api/v1/nearest?at=1,2&k=many", 400),
    ("/api/v1/nearest?at=1,2&lang=fr", 400),
    (f"/api/v1/route?unit={UNIT}&at={INSIDE}&format=kml", 400),
    ("/api/v1/isochrone", 422),
    (f"/api/v1/isochrone?at={INSIDE}&lang=fr", 400),
    (f"/api/v1/isochrone?at={INSIDE}&minutes=5,nan", 422),
    (f"/api/v1/isochrone?at={INSIDE}&minutes=0", 422),
    (f"/api/v1/isochrone?at={INSIDE}&minutes=1,2,3,4,5,6,7,8,9,10,11,12,13", 422),
    ("/api/v1/isochrone?unit=NOBODY", 404),
    ("/api/v1/isochrone?at=-6.0,108.0", 422),
    ("/api/v1/nearest?at=-96.7,108.5", 422),
    ("/api/v1/nearest?at=-6.55,108.75", 422),
    ("/api/v1/nearest?at=xqzjwvk+pfffrt", 422),
    ("/api/v1/nearest?at=" + "a" * 10_000, 422),
    ("/api/v1/nearest?at=99.99.99.9999", 422),
    (f"/api/v1/route?unit=NOBODY&at={INSIDE}", 404),
    ("/api/v1/areas/99.99.99", 404),
    ("/api/v1/nothing", 404),
    ("/nothing", 404),
    ("/tiles/10/0/0.png", 404),
    ("/tiles/25/0/0.png", 404),
    ("/tiles/10/820/530.png?style=pink", 400),
    ("/static/x/../../setup.cfg", 404),
    ("/static-leaflet/x/apps.py", 404),
]


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app(Desk(open_region(None)))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def schema_errors(schema: dict[str, Any], value: Any) -> list[str]:
    resource = Resource(contents=DOCUMENT, specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("urn:api", resource)
    bound = json.loads(json.dumps(schema).replace('"#/components', '"urn:api#/components'))
    return [error.message for error in OAS31Validator(bound, registry=registry).iter_errors(value)]


def test_the_description_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_every_route_of_the_api_is_described_and_the_other_way_round(app: Flask) -> None:
    served = {
        str(rule).replace("<code>", "{code}") for rule in app.url_map.iter_rules() if str(rule).startswith("/api/")
    }
    assert served == set(DOCUMENT["paths"])


def test_every_described_path_is_asked_here() -> None:
    assert {path for path, _ in ANSWERS} == set(DOCUMENT["paths"])


@pytest.mark.parametrize(("path", "url"), ANSWERS, ids=[url for _, url in ANSWERS])
def test_the_server_answers_as_described(client: FlaskClient, path: str, url: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    described = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]
    assert answer.mimetype in described
    if answer.mimetype.endswith("json"):
        assert schema_errors(described[answer.mimetype]["schema"], json.loads(answer.data)) == []
    else:
        assert ElementTree.fromstring(answer.data).tag == "{http://www.topografix.com/GPX/1/1}gpx"


@pytest.mark.parametrize(("lang", "how"), [("", "sesuai nama"), ("&lang=en", "by name")])
def test_the_reasons_of_a_search_are_in_the_language_asked_for(client: FlaskClient, lang: str, how: str) -> None:
    found = client.get(f"/api/v1/search?q=kertawinangun{lang}").get_json()["candidates"]
    assert how in found[0]["reason"]
    answer = client.get(f"/api/v1/nearest?at=kertawinangun{lang}").get_json()
    assert answer["asked"]["place"]["reason"] == found[0]["reason"]


def test_every_line_of_a_searched_file_carries_the_notice(tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("kertawinangun\n\nxqzjwvk\n", encoding="utf-8")
    desk = Desk(open_region(None))
    answers = list(desk.search_file(texts, limit=3))
    assert desk.region.notice
    assert [answer["notice"] for answer in answers] == [desk.region.notice] * 3
    assert [bool(answer["candidates"]) for answer in answers] == [True, False, False]


def test_a_wrong_answer_would_be_noticed(client: FlaskClient) -> None:
    answer = client.get(f"/api/v1/nearest?at={INSIDE}").get_json()
    answer["candidates"][0]["eta_s"] = "soon"
    assert schema_errors({"$ref": "#/components/schemas/Nearest"}, answer)


@pytest.mark.parametrize(("url", "status"), PROBLEMS, ids=[url[:60] for url, _ in PROBLEMS])
def test_what_cannot_be_answered_is_a_problem_of_one_sentence(client: FlaskClient, url: str, status: int) -> None:
    answer = client.get(url)
    body = json.loads(answer.data)
    assert (answer.status_code, answer.mimetype) == (status, PROBLEM_TYPE)
    assert schema_errors({"$ref": "#/components/schemas/Problem"}, body) == []
    assert body["status"] == status
    assert body["detail"].endswith(".")
    assert "\n" not in body["detail"]
    assert "at=" not in body["instance"]


@pytest.mark.parametrize(("url", "status"), [one for one in PROBLEMS if one[0].startswith("/api/v1/")])
def test_every_problem_of_a_described_path_is_described(url: str, status: int) -> None:
    path = url.partition("?")[0]
    path = "/api/v1/areas/{code}" if path.startswith("/api/v1/areas/") else path
    if path in DOCUMENT["paths"]:
        assert str(status) in DOCUMENT["paths"][path]["get"]["responses"]


def test_other_methods_are_refused_and_told_which_is_allowed(client: FlaskClient) -> None:
    answer = client.post("/api/v1/nearest")
    assert (answer.status_code, answer.mimetype) == (405, PROBLEM_TYPE)
    assert "GET" in answer.headers["Allow"]
    assert json.loads(answer.data)["detail"] == "POST tidak diizinkan pada /api/v1/nearest; gunakan GET."


def test_a_damaged_region_is_a_problem_503(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: object, **__: object) -> None:
        raise RegionDamagedError("The network cannot be read; build the region again.")

    monkeypatch.setattr(app.extensions["siaga112-desk"], "nearest", damaged)
    answer = client.get(f"/api/v1/nearest?at={INSIDE}")
    assert (answer.status_code, answer.mimetype) == (503, PROBLEM_TYPE)


def test_an_unexpected_error_tells_nothing_of_its_inside(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr(app.extensions["siaga112-desk"], "nearest", broken)
    answer = client.get(f"/api/v1/nearest?at={INSIDE}")
    assert (answer.status_code, answer.mimetype) == (500, PROBLEM_TYPE)
    assert b"secret" not in answer.data
    assert json.loads(answer.data)["detail"] == "Server gagal menjawab; sebabnya ada di lognya."


@pytest.mark.parametrize("url", ["/", "/api/v1/health", "/api/v1/nothing", "/tiles/10/820/530.png"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, url: str) -> None:
    headers = client.get(url).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_page_names_no_other_host(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "https://" not in page


def test_tiles_and_outlines_are_not_sent_twice(client: FlaskClient) -> None:
    for url in ("/tiles/10/820/530.png", f"/api/v1/areas/{VILLAGE}"):
        first = client.get(url)
        assert first.status_code == 200
        again = client.get(url, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


def test_answers_on_incidents_are_never_kept_by_caches(client: FlaskClient) -> None:
    for url in (f"/api/v1/nearest?at={INSIDE}", "/api/v1/units", f"/api/v1/route?unit={UNIT}&at={INSIDE}&format=gpx"):
        assert client.get(url).headers["Cache-Control"] == "no-store"
