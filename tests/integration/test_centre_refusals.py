"""What the centre's API refuses: strangers, other sites' pages, and bad input, with one problem and nothing changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from referencing import Registry
from referencing.jsonschema import DRAFT202012

import web.app
from tests.centre_app import HERE, CentreApp, centre_app, speed_report
from web.access import Permission, needed_by
from web.api_commands import ROUTES, CommandRoute
from web.app import create_app
from web.problems import PROBLEM_TYPE

UNIT, OTHER_UNIT, FREE_UNIT = "AMB-13", "AMB-12", "AMB-11"
OPEN_TO_ALL = {Permission.PUBLIC, Permission.DEVICE, Permission.REGION_READ}
SQL = "'; DROP TABLE incidents; --"
CALLER = {"caller_name": "NAMA-RAHASIA", "caller_number": "+62 811 0000 112", "words": "KATA-RAHASIA"}
NOTE = "CATATAN-RAHASIA"
FUTURE = "2099-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentreApp]:
    with centre_app(f"sqlite:///{tmp_path_factory.mktemp('refusals') / 'siaga112.db'}") as app:
        yield app


@pytest.fixture(scope="module")
def client(made: CentreApp) -> FlaskClient:
    return made.app.test_client()


def sent(client: FlaskClient, path: str, body: Any, status: int = 201) -> Any:
    answer = client.post(f"/api/v1{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.get_json()


@pytest.fixture(scope="module")
def ids(client: FlaskClient) -> dict[str, str]:
    return middle_of_an_incident(client)


def middle_of_an_incident(client: FlaskClient) -> dict[str, str]:
    """One record of each kind; the id of each."""
    call = sent(client, "/calls", CALLER)["calls"][0]["call_id"]
    body = {"category": "medical", "severity": "high", "location": HERE, "call_id": call, "note": NOTE}
    incident = sent(client, "/incidents", body)["incidents"][0]["incident_id"]
    other = sent(client, "/incidents", {**body, "call_id": None})["incidents"][0]["incident_id"]
    at = f"/incidents/{incident}"
    assigned = sent(client, f"{at}/assignments", {"unit_ids": [UNIT]})["assignments"][0]["assignment_id"]
    asked = sent(client, f"{at}/verifications", {"village_code": "32.09.20.2009", "post": "kuwu"})
    offered = sent(client, f"{at}/handovers", {"neighbour": "brebes"})
    made_for = client.post(f"/api/v1{at}/recommendations").get_json()
    sent(client, f"/units/{UNIT}/devices", {"label": "tablet"})
    closed = sent(client, "/closures", {"reason": "other", "location": HERE["location"]})
    return {
        "call_id": call,
        "incident_id": incident,
        "into": other,
        "unit_id": UNIT,
        "assignment_id": assigned,
        "verification_id": asked["verifications"][0]["verification_id"],
        "handover_id": offered["handovers"][0]["handover_id"],
        "recommendation_id": made_for["recommendation_id"],
        "closure_id": closed["closures"][0]["closure_id"],
    }


BODIES: dict[str, dict[str, Any]] = {
    "TakeCall": {**CALLER, "device_time": "2026-01-31T06:45:00Z"},
    "TypeCall": {"call_type": "prank"},
    "DescribeCall": CALLER,
    "LinkCall": {"incident_id": "incident_id"},
    "EndCall": {"device_time": "2026-01-31T06:45:00Z"},
    "OpenIncident": {"category": "fire", "severity": "low", "location": HERE, "note": "asap"},
    "EditIncident": {"category": "fire", "severity": "low"},
    "LocateIncident": {"location": {**HERE, "label": "pasar"}},
    "AnswerQuestions": {"answers": [{"question": "inside", "answer": "yes", "words": "dua orang"}]},
    "AddNote": {"text": "asap"},
    "RaiseAlarm": {"expected_version": 1},
    "NotifyAgency": {"agency": "damkar"},
    "AcknowledgeIncident": {"agency": "dinkes", "device_time": "2026-01-31T06:45:00Z"},
    "MoveIncident": {"status": "under_control", "device_time": "2026-01-31T06:45:00Z"},
    "CloseIncident": {"disposition": "transported", "note": "selesai"},
    "CancelIncident": {"reason": "salah"},
    "MergeIncident": {"into": "into"},
    "AssignUnits": {"unit_ids": [OTHER_UNIT], "override_reason": "dekat", "device_time": "2026-01-31T06:45:00Z"},
    "AskVerification": {"village_code": "32.09.20.2009", "post": "kuwu"},
    "AnswerVerification": {"answer": "denied"},
    "AskHandover": {"neighbour": "brebes"},
    "ReceiveHandover": {"reference": "BRB-7"},
    "RegisterUnit": {"unit_id": "BARU-1", "kind": "ambulance", "agency": "dinkes", "location": HERE["location"],
                     "capabilities": ["als"], "station": "psc"},
    "EditUnit": {"kind": "ambulance", "agency": "dinkes", "station": "psc"},
    "ReportStatus": {"status": "en_route", "hospital": "RSUD", "device_time": "2026-01-31T06:45:00Z"},
    "AcknowledgeAssignment": {"incident_id": "incident_id", "device_time": "2026-01-31T06:45:00Z"},
    "RecallUnit": {"reason": "salah"},
    "TakeBackStatus": {"wrong": "returning", "right": "on_scene", "reason": "salah tekan"},
    "ReopenRoad": {"expected_version": 1},
    "ChangeClosure": {"ends_at": None, "expected_version": 1},
    "AdoptSpeeds": {"report": speed_report(0.8), "reason": "laporan Januari"},
    "WithdrawSpeeds": {"reason": "jalan baru"},
    "CorrectMilestone": {"milestone": "dispatched", "time": "2026-01-31T06:45:00Z", "reason": "salah"},
}  # fmt: skip
"""A good body of every command; where a value names a kind of id, the id stands there."""


def good_request(route: CommandRoute, ids: dict[str, str]) -> tuple[str, dict[str, Any]]:
    body = {name: ids.get(value, value) if isinstance(value, str) else value
            for name, value in BODIES[route.command.__name__].items()}  # fmt: skip
    return "/api/v1" + re.sub(r"<(\w+)>", lambda found: ids[found[1]], route.path), body


def refused(made: CentreApp, method: str, path: str, *statuses: int, **how: Any) -> Any:
    """The problem of a request that must change nothing."""
    before = made.counts()
    answer = made.app.test_client().open(path, method=method, **how)
    assert answer.status_code in statuses, (method, path, answer.text)
    assert answer.mimetype == PROBLEM_TYPE
    problem = json.loads(answer.data)
    assert (problem["status"], problem["instance"]) == (answer.status_code, path.partition("?")[0])
    assert problem["detail"].endswith(".")
    assert "\n" not in problem["detail"]
    assert made.counts() == before
    return problem


EVERY_COMMAND = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.command.__name__)


def filled(app: Flask, ids: dict[str, str]) -> list[tuple[str, str, Permission | None]]:
    """Every method and address that is served, with ids in place, and what it needs."""
    known = {**ids, "device": "0" * 16, "code": "32.09.20.2009"}
    found = []
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda one: known.get(one[1], "1"), rule.rule)
        found += [
            (method, path, needed_by(app.view_functions[rule.endpoint]))
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
    return found


# --- the description ---------------------------------------------------------------------------------------------


def test_the_description_is_of_exactly_what_is_served(made: CentreApp, client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").get_json()
    validate(document)
    described = {
        (path, method): one["x-siaga112-needs"]
        for path, methods in document["paths"].items()
        for method, one in methods.items()
    }
    served = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower()): needed_by(
            made.app.view_functions[rule.endpoint]
        )
        for rule in made.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    assert described == served
    assert len(described) > 50
    assert "/api/v1/positions" in document["paths"]


def test_a_map_without_a_centre_describes_no_centre(made: CentreApp) -> None:
    document = create_app(made.running.centre.desk).test_client().get("/api/v1/openapi.json").get_json()
    assert "/api/v1/incidents" not in document["paths"]
    assert "Incident" not in document["components"]["schemas"]


def test_every_body_of_these_tests_is_as_described(client: FlaskClient, ids: dict[str, str]) -> None:
    document = client.get("/api/v1/openapi.json").get_json()
    resource = DRAFT202012.create_resource(document)
    registry: Registry[Any] = Registry().with_resource("urn:api", resource)
    assert set(BODIES) == {route.command.__name__ for route in ROUTES}
    for route in ROUTES:
        path = "/api/v1" + route.path.replace("<", "{").replace(">", "}")
        operation = document["paths"][path][route.method.lower()]
        body_schema = operation["requestBody"]["content"]["application/json"]["schema"]
        validator = OAS31Validator(body_schema, registry=registry)
        body = good_request(route, ids)[1]
        assert validator.is_valid(body), route.path
        assert not validator.is_valid({**body, "misspelt": 1}), route.path


# --- who ---------------------------------------------------------------------------------------------------------


def test_every_route_that_is_not_for_all_refuses_another_machine(made: CentreApp, ids: dict[str, str]) -> None:
    guarded = [(method, path) for method, path, needed in filled(made.app, ids) if needed not in OPEN_TO_ALL]
    assert len(guarded) > 40
    for method, path in guarded:
        for how in (
            {"environ_base": {"REMOTE_ADDR": "192.168.1.20"}},
            {"environ_base": {"REMOTE_ADDR": "192.168.1.20"}, "headers": {"X-Forwarded-For": "127.0.0.1"}},
            {"headers": {"Host": "evil.example"}},
            {"headers": {"Host": "["}},
        ):
            problem = refused(made, method, path, 403, **how)
            assert problem["type"] == "urn:siaga112:problem:forbidden"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_page_of_another_site_changes_nothing(made: CentreApp, ids: dict[str, str], headers: dict[str, str]) -> None:
    for method, path, needed in filled(made.app, ids):
        if method != "GET" and needed not in OPEN_TO_ALL:
            refused(made, method, path, 403, headers=headers)


def test_a_page_of_the_centre_itself_may_write(client: FlaskClient, ids: dict[str, str]) -> None:
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    path = f"/api/v1/incidents/{ids['incident_id']}/notes"
    assert client.post(path, json={"text": "asap"}, headers=headers).status_code == 201


def test_an_application_with_a_route_that_declares_nothing_does_not_start(
    made: CentreApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    hole = Blueprint("hole", __name__)
    hole.add_url_rule("/api/v1/hole", view_func=lambda: "open", endpoint="open")
    monkeypatch.setattr(web.app, "pages", hole)
    with pytest.raises(ValueError, match=r"hole\.open"):
        create_app(made.running.centre.desk, centre=made.running.centre)


# --- bad input ---------------------------------------------------------------------------------------------------


@EVERY_COMMAND
def test_a_body_that_is_no_json_object_is_refused(made: CentreApp, ids: dict[str, str], route: CommandRoute) -> None:
    path, body = good_request(route, ids)
    as_json = {"content_type": "application/json"}
    for raw in (
        b"{", b"[]", b'"text"', b"null", b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1e999}', b'{"a": 1, "a": 2}',
        b'{"a": "\\ud800"}', b"\xff\xfe{}", b'{"a": "\xe9"}', b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ):  # fmt: skip
        problem = refused(made, route.method, path, 400, data=raw, **as_json)
        assert problem["type"] == "urn:siaga112:problem:bad-request"
    for wrong in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        refused(made, route.method, path, 415, data=json.dumps(body), content_type=wrong)


@EVERY_COMMAND
def test_a_field_of_another_type_is_refused(made: CentreApp, ids: dict[str, str], route: CommandRoute) -> None:
    path, body = good_request(route, ids)
    for name in body:
        odd: tuple[Any, ...] = ({}, [[]], {"a": 1}, True, 1.5, -1, 2**64, "", "\x00", "x" * 6000)
        for wrong in odd:
            problem = refused(made, route.method, path, 422, json={**body, name: wrong})
            assert problem["type"] == "urn:siaga112:problem:bad-field"
            assert name in problem["detail"]
    refused(made, route.method, path, 422, json={**body, "misspelt": 1})


@EVERY_COMMAND
def test_a_text_of_a_megabyte_is_refused(made: CentreApp, ids: dict[str, str], route: CommandRoute) -> None:
    path, body = good_request(route, ids)
    for name in body:
        refused(made, route.method, path, 413, json={**body, name: "x" * 1_000_000})
        refused(made, route.method, path, 422, json={**body, name: "x" * 900_000})


def test_sql_is_text_or_refused_and_never_obeyed(sqlite_url: str) -> None:
    with centre_app(sqlite_url) as made:
        client = made.app.test_client()
        ids = middle_of_an_incident(client)
        texts = 0
        for route in ROUTES:
            path, body = good_request(route, ids)
            for name in (name for name, value in body.items() if isinstance(value, str)):
                before = made.counts()
                answer = client.open(path, method=route.method, json={**body, name: SQL})
                assert answer.status_code in (200, 201, 409, 422), answer.text
                after = made.counts()
                assert all(rows >= before[table] for table, rows in after.items())
                assert answer.status_code < 400 or after == before
                texts += answer.status_code < 400
            if "<" in route.path:
                refused(made, route.method, "/api/v1" + re.sub(r"<\w+>", quote(SQL), route.path), 404, json=body)
        assert texts >= 8
        for path, name in (("incidents", "category"), ("incidents", "area"), ("calls", "incident_id")):
            assert client.get(f"/api/v1/{path}", query_string={name: SQL}).get_json()["items"] == []
        told = client.get(f"/api/v1/incidents/{ids['incident_id']}/texts").get_json()["texts"]
        assert SQL in [one["text"] for one in told]
        assert client.get("/api/v1/audit").status_code == 200


@EVERY_COMMAND
def test_an_id_that_nothing_has_is_not_found(made: CentreApp, ids: dict[str, str], route: CommandRoute) -> None:
    _, body = good_request(route, ids)
    if "<" in route.path:
        for unknown in ("X-999", "0", "%00", "a%0Ab", "x" * 65, "%F0%9F%9A%92"):
            path = re.sub(r"<\w+>", unknown, "/api/v1" + route.path)
            answer = made.app.test_client().open(path, method=route.method, json=body)
            assert answer.status_code == 404, answer.text


def test_reading_and_writing_say_the_same_of_an_unknown_id(made: CentreApp) -> None:
    client = made.app.test_client()
    for lang in ("id", "en"):
        for kind, write, body in (
            ("incident", "notes", {"text": "catatan"}),
            ("call", "end", {}),
            ("unit", "status", {"status": "available"}),
        ):
            path = f"/api/v1/{kind}s/X-999"
            read = client.get(f"{path}?lang={lang}")
            written = client.post(f"{path}/{write}?lang={lang}", json=body)
            assert (read.status_code, written.status_code) == (404, 404)
            assert read.get_json()["detail"] == written.get_json()["detail"]
            assert read.get_json()["type"] == written.get_json()["type"] == "urn:siaga112:problem:not-found"
            assert ("periksa" in read.get_json()["detail"]) is (lang == "id")


def test_what_hangs_on_another_record_is_not_found_without_it(made: CentreApp, ids: dict[str, str]) -> None:
    at = f"/api/v1/incidents/{ids['incident_id']}"
    for path, body in (
        ("/api/v1/calls", {"incident_id": "X-999"}),
        ("/api/v1/incidents", {"category": "fire", "severity": "low", "call_id": "X-999"}),
        (f"/api/v1/calls/{ids['call_id']}/link", {"incident_id": "X-999"}),
        (f"{at}/assignments", {"unit_ids": ["X-999"]}),
        (f"{at}/assignments", {"unit_ids": [OTHER_UNIT, "X-999"]}),
        (f"{at}/assignments", {"unit_ids": [OTHER_UNIT], "recommendation_id": "X-999"}),
        (f"{at}/merge", {"into": "X-999"}),
    ):
        refused(made, "POST", path, 404, json=body)


def test_what_the_directory_or_the_region_does_not_have_is_refused(made: CentreApp, ids: dict[str, str]) -> None:
    at = f"/api/v1/incidents/{ids['incident_id']}"
    opening = {"category": "fire", "severity": "low"}
    for method, path, body in (
        ("POST", "/api/v1/incidents", {**opening, "category": "volcano"}),
        ("PATCH", at, {"category": "volcano"}),
        ("POST", f"{at}/close", {"disposition": "vanished"}),
        ("POST", f"{at}/notified", {"agency": "nobody"}),
        ("POST", f"{at}/handovers", {"neighbour": "atlantis"}),
        ("POST", f"{at}/assignments", {"unit_ids": [OTHER_UNIT, OTHER_UNIT]}),
        ("POST", f"{at}/merge", {"into": ids["incident_id"]}),
        # A village elsewhere, and a kecamatan's code for a village.
        ("POST", "/api/v1/incidents", {**opening, "location": {"kind": "village", "village_code": "11.01.01.2001"}}),
        ("PUT", f"{at}/location", {"location": {"kind": "village", "village_code": "32.09.20"}}),
    ):
        problem = refused(made, method, path, 422, json=body)
        assert problem["type"] == "urn:siaga112:problem:bad-input"


def test_a_time_in_the_future_is_refused(made: CentreApp, ids: dict[str, str]) -> None:
    for route in ROUTES:
        path, body = good_request(route, ids)
        for name in {"device_time", "time"} & set(body):
            problem = refused(made, route.method, path, 422, json={**body, name: FUTURE})
            assert FUTURE[:10] in problem["detail"]
            for odd in (
                "2026-01-31",
                "2026-01-31T06:45:00",
                "2026-02-30T06:45:00Z",
                "0001-01-01T00:00:00+14:00",
                "now",
            ):
                refused(made, route.method, path, 422, json={**body, name: odd})


def test_what_cannot_be_as_things_stand_is_refused(made: CentreApp, ids: dict[str, str]) -> None:
    at = f"/api/v1/incidents/{ids['into']}"
    for path, body in (
        (f"{at}/status", {"status": "reopened"}),
        (f"{at}/status", {"status": "under_control"}),
        (f"{at}/assignments", {"unit_ids": [FREE_UNIT, UNIT]}),
        (f"/api/v1/units/{FREE_UNIT}/status", {"status": "at_hospital"}),
        (f"/api/v1/units/{FREE_UNIT}/recall", {"reason": "x"}),
        (f"/api/v1/units/{FREE_UNIT}/status", {"status": "dispatched"}),
        ("/api/v1/units", {"unit_id": UNIT, "kind": "ambulance", "agency": "dinkes", "location": HERE["location"]}),
        ("/api/v1/incidents", {"category": "fire", "severity": "low", "call_id": ids["call_id"]}),
    ):
        refused(made, "POST", path, 409, json=body)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=many", "limit=1e2", "open=yes", "status=burning", "since=yesterday",
     "since=2026-01-31T06:45:00", "until=0001-01-01T00:00:00%2B14:00", "category=%00", "area=" + "1" * 201],
)  # fmt: skip
def test_a_parameter_that_cannot_be_read_is_refused(made: CentreApp, query: str) -> None:
    refused(made, "GET", f"/api/v1/incidents?{query}", 400)


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwgIngiXQ", "_" * 200])
def test_a_cursor_that_no_list_gave_is_refused(made: CentreApp, cursor: str) -> None:
    for path in ("/api/v1/incidents", "/api/v1/calls"):
        refused(made, "GET", f"{path}?cursor={cursor}", 422)


def test_headers_that_cannot_be_read_are_refused(made: CentreApp, client: FlaskClient) -> None:
    for key in ("", "x" * 201, "caf\u00e9"):
        refused(made, "POST", "/api/v1/calls", 400, json={}, headers={"Idempotency-Key": key})
    for last in ("-1", "x", "9" * 30):
        answer = client.get("/api/v1/events", headers={"Last-Event-ID": last})
        assert answer.status_code == 400


# --- personal data -----------------------------------------------------------------------------------------------


def test_personal_texts_are_told_where_they_are_asked_for_and_nowhere_else(
    made: CentreApp, client: FlaskClient, ids: dict[str, str]
) -> None:
    secrets = [*CALLER.values(), NOTE]
    told: dict[str, set[str]] = {}
    for method, path, _ in filled(made.app, ids):
        if method == "GET" and path.startswith("/api/v1/"):
            answer = client.get(path, query_string={"limit": "500"} if path.endswith(("events", "story")) else None)
            found = {one for one in secrets if one in answer.get_data(as_text=True)}
            if found:
                told[path] = found
    assert told == {
        f"/api/v1/calls/{ids['call_id']}/texts": set(CALLER.values()),
        f"/api/v1/incidents/{ids['incident_id']}/texts": set(secrets),
    }


def test_erased_texts_are_gone_and_said_to_be(made: CentreApp, client: FlaskClient) -> None:
    call = sent(client, "/calls", CALLER)["calls"][0]["call_id"]
    texts = client.get(f"/api/v1/calls/{call}/texts").get_json()["texts"]
    erased = {"text_ids": [one["text_id"] for one in texts], "reason": "diminta"}
    assert client.post("/api/v1/texts/erase", json=erased).status_code == 200
    after = client.get(f"/api/v1/calls/{call}/texts").get_json()["texts"]
    assert [(one["text"], one["erased"]) for one in after] == [(None, True)] * 3
    assert client.get("/api/v1/audit").get_json()["erased_texts"] >= 3
