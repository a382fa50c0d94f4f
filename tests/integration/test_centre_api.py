"""The centre over HTTP: what dispatchers do in a day, on the real application and a real database."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.centre_app import HERE, CentreApp, centre_app, served

UNIT, OTHER_UNIT = "AMB-13", "AMB-12"
ACTOR = "Siaga112-Actor"


@pytest.fixture
def made(sqlite_url: str) -> Iterator[CentreApp]:
    with centre_app(sqlite_url) as app:
        yield app


@pytest.fixture
def client(made: CentreApp) -> FlaskClient:
    return made.app.test_client()


def good(answer: TestResponse, status: int = 200) -> Any:
    """The JSON of an answer that must be good."""
    assert answer.status_code == status, answer.text
    return json.loads(answer.data)


def opened(client: FlaskClient, **more: Any) -> str:
    """Open an incident; its id."""
    body = {"category": "medical", "severity": "high", "location": HERE, **more}
    return str(good(client.post("/api/v1/incidents", json=body), 201)["incidents"][0]["incident_id"])


def assigned(client: FlaskClient, incident_id: str, *unit_ids: str, **how: Any) -> TestResponse:
    return client.post(f"/api/v1/incidents/{incident_id}/assignments", json={"unit_ids": unit_ids}, **how)


# --- a life ------------------------------------------------------------------------------------------------------


def test_an_incident_lives_from_the_call_to_its_disposition(client: FlaskClient) -> None:
    call = good(client.post("/api/v1/calls", json={"caller_number": "+62 811 1234 567", "words": "ada tabrakan"}), 201)
    call_id = call["calls"][0]["call_id"]
    body = {"category": "traffic_accident", "severity": "high", "call_id": call_id}
    incident = good(client.post("/api/v1/incidents", json=body), 201)["incidents"][0]
    address = f"/api/v1/incidents/{incident['incident_id']}"
    assert (incident["status"], incident["location"]["kind"]) == ("received", "unknown")
    assert good(client.put(f"{address}/location", json={"location": HERE}))["incidents"][0]["status"] == "located"

    made = good(client.post(f"{address}/recommendations"), 201)
    picks = [one["unit_id"] for one in made["recommendation"]["response"]["picks"]]
    assert picks
    kept = good(client.get(f"/api/v1/recommendations/{made['recommendation_id']}"))
    assert kept["recommendation"] == made["recommendation"]
    assert kept["computed_again"] is True

    body = {"unit_ids": picks, "recommendation_id": made["recommendation_id"]}
    answer = good(client.post(f"{address}/assignments", json=body), 201)
    assert [one["unit_id"] for one in answer["assignments"]] == picks
    assert answer["incidents"][0]["status"] == "dispatched"
    first, *others = picks
    for status in ("en_route", "on_scene"):
        moved = good(client.post(f"/api/v1/units/{first}/status", json={"status": status}))
        assert moved["incidents"][0]["status"] == status
    for status in ("transporting", "at_hospital", "returning", "available"):
        good(client.post(f"/api/v1/units/{first}/status", json={"status": status}))
    for other in others:
        good(client.post(f"/api/v1/units/{other}/recall", json={"reason": "tidak diperlukan"}))
    good(client.post(f"{address}/close", json={"disposition": "transported", "note": "satu pasien"}))

    whole = good(client.get(address))
    assert (whole["incident"]["status"], whole["incident"]["disposition"]) == ("closed", "transported")
    assert [one["call_id"] for one in whole["calls"]] == [call_id]
    assert set(whole["assignments"][0]["milestones"]) == {
        "dispatched", "en_route", "on_scene", "transporting", "at_hospital", "cleared",
    }  # fmt: skip
    story = good(client.get(f"{address}/story"))["events"]
    seqs = [one["seq"] for one in story]
    assert seqs == sorted(set(seqs))
    told = [one["type"] for one in story]
    assert told[0] == "incident.opened"
    assert told.count("assignment.made") == len(picks)
    assert told[-1] == "incident.moved"
    assert good(client.get("/api/v1/audit"))["events"] == good(client.get("/api/v1/events?limit=500"))["next"]


# --- two at once -------------------------------------------------------------------------------------------------


def test_the_dispatcher_who_comes_second_hears_who_took_the_unit_when_and_who_is_next(made: CentreApp) -> None:
    first = opened(made.app.test_client())
    second = opened(made.app.test_client())
    together = threading.Barrier(2)
    answers: dict[str, TestResponse] = {}

    def take(incident_id: str, name: str) -> None:
        together.wait()
        answers[name] = assigned(made.app.test_client(), incident_id, UNIT, headers={ACTOR: name})

    takers = [threading.Thread(target=take, args=one) for one in ((first, "sari"), (second, "budi"))]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    winner, loser = sorted(answers, key=lambda name: answers[name].status_code)
    bound = good(answers[winner], 201)["assignments"][0]
    problem = good(answers[loser], 409)
    assert problem["type"] == "urn:siaga112:problem:unit-taken"
    assert (problem["unit"], problem["by"], problem["incident"]) == (UNIT, winner, bound["incident_id"])
    taken_at = bound["milestones"]["dispatched"]["server_time"]
    assert problem["taken_at"].removesuffix("+00:00") == taken_at.removesuffix("Z")
    assert problem["next_best"]
    assert UNIT not in problem["next_best"]
    waiting = second if bound["incident_id"] == first else first
    good(assigned(made.app.test_client(), waiting, problem["next_best"][0]), 201)


def test_units_are_given_all_or_none(made: CentreApp, client: FlaskClient) -> None:
    first, second = opened(client), opened(client)
    good(assigned(client, first, UNIT), 201)
    before = made.counts()
    assert assigned(client, second, OTHER_UNIT, UNIT).status_code == 409
    assert made.counts() == before
    assert good(client.get(f"/api/v1/units/{OTHER_UNIT}"))["assignment"] is None


# --- repeated requests and versions ------------------------------------------------------------------------------


def test_a_repeated_key_gives_the_first_answer_and_changes_nothing(made: CentreApp, client: FlaskClient) -> None:
    body = {"category": "fire", "severity": "critical", "location": HERE}
    headers = {"Idempotency-Key": "b7e1"}
    first = client.post("/api/v1/incidents", json=body, headers=headers)
    before = made.counts()
    again = client.post("/api/v1/incidents", json=body, headers=headers)
    assert (again.status_code, again.data, again.headers["ETag"]) == (201, first.data, first.headers["ETag"])
    other = client.post("/api/v1/incidents", json={**body, "severity": "low"}, headers=headers)
    assert good(other, 422)["type"] == "urn:siaga112:problem:idempotency-key-reused"
    assert made.counts() == before
    # A key belongs to who sent it.
    good(client.post("/api/v1/incidents", json=body, headers={**headers, ACTOR: "sari"}), 201)
    assert made.counts()["incidents"] == before["incidents"] + 1


def test_a_refusal_is_told_again_also_when_things_have_changed(made: CentreApp, client: FlaskClient) -> None:
    first, second = opened(client), opened(client)
    good(assigned(client, first, UNIT), 201)
    headers = {"Idempotency-Key": "k 1"}
    refused = good(assigned(client, second, UNIT, headers=headers), 409)
    good(client.post(f"/api/v1/units/{UNIT}/recall", json={"reason": "salah"}))
    before = made.counts()
    again = good(assigned(client, second, UNIT, headers=headers), 409)
    for name in ("type", "detail", "unit", "incident", "by", "taken_at"):
        assert again[name] == refused[name]
    assert made.counts() == before
    good(assigned(client, second, UNIT, headers={"Idempotency-Key": "k 2"}), 201)


def test_a_version_conflict_told_again_keeps_its_numbers(client: FlaskClient) -> None:
    address = f"/api/v1/incidents/{opened(client)}"
    headers = {"Idempotency-Key": "v", "If-Match": '"7"'}
    first, again = (good(client.patch(address, json={"severity": "low"}, headers=headers), 412) for _ in range(2))
    assert (first["expected"], first["version"]) == (7, 1)
    assert again == first


def test_a_change_of_what_somebody_else_changed_is_refused(made: CentreApp, client: FlaskClient) -> None:
    address = f"/api/v1/incidents/{opened(client)}"
    tag = client.get(address).headers["ETag"]
    changed = client.patch(address, json={"severity": "low"}, headers={"If-Match": tag})
    good(changed)
    before = made.counts()
    stale = good(client.patch(address, json={"severity": "critical"}, headers={"If-Match": tag}), 412)
    assert (stale["expected"], stale["version"]) == (1, 2)
    same = client.patch(address, json={"severity": "critical", "expected_version": 1})
    assert good(same, 412)["detail"] == stale["detail"]
    for odd in ("nonsense", '"1", "2"', '""'):
        assert client.patch(address, json={"severity": "critical"}, headers={"If-Match": odd}).status_code == 412
    assert made.counts() == before
    assert changed.headers["ETag"] == client.get(address).headers["ETag"]
    good(client.patch(address, json={"severity": "critical"}, headers={"If-Match": changed.headers["ETag"]}))
    good(client.patch(address, json={"severity": "high"}, headers={"If-Match": "*"}))


# --- lists -------------------------------------------------------------------------------------------------------


def test_a_hundred_and_twenty_incidents_are_listed_once_each(client: FlaskClient) -> None:
    made = [opened(client) for _ in range(120)]
    listed: list[str] = []
    cursor = None
    while True:
        query = {"limit": "50", **({} if cursor is None else {"cursor": cursor})}
        page = good(client.get("/api/v1/incidents", query_string=query))
        assert len(page["items"]) <= 50
        listed += [one["incident_id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
        opened(client)  # what comes in meanwhile moves nothing to another page
    assert listed == sorted(made, reverse=True)


# --- the stream --------------------------------------------------------------------------------------------------


class Follower:
    """A console that reads the stream, with a real connection."""

    def __init__(self, port: int, last: int | None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {"Accept": "text/event-stream", **({} if last is None else {"Last-Event-ID": str(last)})}
        self._connection.request("GET", "/api/v1/events", headers=headers)
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200
        assert self._answer.headers["Content-Type"].startswith("text/event-stream")

    def next(self) -> tuple[int, dict[str, Any]]:
        """The next event: its id and its data."""
        seq, data = None, None
        while True:
            line = self._answer.readline().decode().rstrip("\n")
            if line.startswith("id: "):
                seq = int(line.removeprefix("id: "))
            elif line.startswith("data: "):
                data = json.loads(line.removeprefix("data: "))
            elif line == "" and seq is not None and data is not None:
                return seq, data

    def close(self) -> None:
        self._connection.close()


def test_a_stream_that_breaks_off_again_and_again_skips_nothing_and_repeats_nothing(made: CentreApp) -> None:
    client = made.app.test_client()
    incident_id = opened(client)
    notes, crew = 15, 4
    last = made.store.head()[0] + notes * crew

    def write(number: int) -> None:
        for note in range(notes):
            path = f"/api/v1/incidents/{incident_id}/notes"
            good(made.app.test_client().post(path, json={"text": f"catatan {number} {note}"}), 201)

    with served(made.app) as port:
        writers = [threading.Thread(target=write, args=(number,)) for number in range(crew)]
        for writer in writers:
            writer.start()
        read: list[int] = []
        patience = 1
        while not read or read[-1] < last:
            follower = Follower(port, read[-1] if read else None)
            for _ in range(patience):
                seq, event = follower.next()
                assert event["seq"] == seq
                read.append(seq)
                if seq == last:
                    break
            follower.close()
            patience = patience % 13 + 4
        for writer in writers:
            writer.join()
    assert read == list(range(1, last + 1)) == list(range(1, made.store.head()[0] + 1))


def test_a_stream_is_told_at_once_what_another_connection_committed(made: CentreApp) -> None:
    with served(made.app) as port:
        follower = Follower(port, made.store.head()[0])
        incident_id = opened(made.app.test_client())
        seq, event = follower.next()
        follower.close()
    assert (seq, event["type"], event["incident_id"]) == (made.store.head()[0], "incident.opened", incident_id)


def test_asking_for_the_heads_of_streams_uses_none_up(client: FlaskClient) -> None:
    for _ in range(40):
        answer = client.head("/api/v1/events", headers={"Accept": "text/event-stream"})
        assert answer.status_code == 200
        answer.close()
    answer = client.get("/api/v1/events", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 200
    answer.close()


def test_more_followers_than_there_are_threads_for_are_told_to_come_back(client: FlaskClient) -> None:
    headers = {"Accept": "text/event-stream"}
    followers = [client.get("/api/v1/events", headers=headers) for _ in range(32)]
    refused = client.get("/api/v1/events", headers=headers)
    assert (refused.status_code, refused.mimetype) == (503, "application/problem+json")
    assert refused.headers["Retry-After"] == "5"
    for follower in followers:
        follower.close()
    again = client.get("/api/v1/events", headers=headers)
    assert again.status_code == 200
    again.close()
