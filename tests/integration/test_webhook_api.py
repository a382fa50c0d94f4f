"""Webhooks over HTTP and from a terminal: the real application, a real receiver, real deliveries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from dispatch.webhooks import DeliveryState
from tests.centre_app import HERE, CentreApp, centre_app
from tests.receiver import Handler, Message, Receiver, receiver
from web.access import ANYBODY, Actor
from web.app import create_app
from web.cli import main

WEBHOOKS = "/api/v1/webhooks"


@pytest.fixture
def made(store_url: str) -> Iterator[CentreApp]:
    with centre_app(store_url) as app:
        yield app


@pytest.fixture
def client(made: CentreApp) -> FlaskClient:
    return made.app.test_client()


@pytest.fixture
def lone(sqlite_url: str) -> Iterator[CentreApp]:
    """On one backend: for what never reaches the database."""
    with centre_app(sqlite_url) as app:
        yield app


def good(answer: TestResponse, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return json.loads(answer.data)


def added(client: FlaskClient, url: str, **more: Any) -> Any:
    return good(client.post(WEBHOOKS, json={"agency": "damkar", "url": url, "everything": True, **more}), 201)


def opened(client: FlaskClient) -> str:
    body = {"category": "fire", "severity": "high", "location": HERE}
    return str(good(client.post("/api/v1/incidents", json=body), 201)["incidents"][0]["incident_id"])


def refuse(handler: Handler, message: Message) -> None:
    handler.answer(410)


# --- keeping the list --------------------------------------------------------------------------------------------


def test_a_secret_is_shown_when_it_is_made_and_never_again(client: FlaskClient) -> None:
    made = added(client, "https://damkar.example/hook?key=rahasia")
    webhook_id, secret = made["webhook"]["webhook_id"], made["secret"]
    assert secret.startswith("whsec_")
    listed = client.get(WEBHOOKS)
    assert [one["webhook_id"] for one in good(listed)["items"]] == [webhook_id]
    changed = client.patch(f"{WEBHOOKS}/{webhook_id}", json={"new_secret": True})
    other = good(changed)["secret"]
    assert other != secret
    assert good(changed)["webhook"]["old_secret_until"] is not None
    for answer in (client.get(WEBHOOKS), client.get(f"{WEBHOOKS}/{webhook_id}/deliveries")):
        assert secret not in answer.text
        assert other not in answer.text
        assert "rahasia" not in answer.text


def test_a_secret_that_an_agency_brings_is_the_one_that_signs(made: CentreApp, client: FlaskClient) -> None:
    secret = "whsec_" + "QUJD" * 8
    with receiver() as at:
        assert added(client, at.url, secret=secret)["secret"] == secret
        made.running.webhooks.start()
        opened(client)
        assert at.wait_until(lambda found: len(found) > 0)[0].is_from(secret)
        made.running.webhooks.stop()


UNUSABLE: list[tuple[dict[str, Any], str]] = [
    ({"url": "https://a.example/"}, "agency"),
    ({"agency": "damkar"}, "url"),
    ({"agency": "nobody", "url": "https://a.example/"}, "nobody"),
    ({"agency": "damkar", "url": "http://a.example/"}, "https"),
    ({"agency": "damkar", "url": "file:///etc/passwd"}, "https"),
    ({"agency": "damkar", "url": "https://user:word@a.example/"}, "password"),
    ({"agency": "damkar", "url": "https://a.example/", "event_types": ["call.taken"]}, "call.taken"),
    ({"agency": "damkar", "url": "https://a.example/", "secret": "whsec_short"}, "whsec_"),
    ({"agency": "damkar", "url": "https://a.example/", "sekret": "x"}, "sekret"),
]


def test_a_webhook_that_cannot_be_used_is_refused_in_one_sentence(lone: CentreApp) -> None:
    client, before = lone.app.test_client(), lone.counts()
    for body, said in UNUSABLE:
        answer = client.post(f"{WEBHOOKS}?lang=en", json=body)
        assert said in good(answer, 422)["detail"]
        assert answer.content_type == "application/problem+json"
    assert lone.counts() == before


def test_what_is_not_there_is_not_found(lone: CentreApp) -> None:
    client = lone.app.test_client()
    for answer in (
        client.patch(f"{WEBHOOKS}/wh_none", json={"active": False}),
        client.delete(f"{WEBHOOKS}/wh_none"),
        client.get(f"{WEBHOOKS}/wh_none/deliveries"),
        client.post(f"{WEBHOOKS}/wh_none/redeliver"),
        client.post(f"{WEBHOOKS}/deliveries/msg_none/redeliver"),
    ):
        assert good(answer, 404)["type"] == "urn:siaga112:problem:not-found"


def test_only_who_administers_may_see_or_change_webhooks(lone: CentreApp) -> None:
    others = ANYBODY | {"centre:read", "incident:write", "assign", "export"}
    app = create_app(
        lone.running.centre.desk,
        centre=lone.running.centre,
        policy=lambda _: Actor(name="desk", may=frozenset(others)),  # type: ignore[arg-type]
    )
    client = app.test_client()
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("webhooks_api.")]
    assert len(rules) >= 8
    for rule in rules:
        path = rule.rule.replace("<webhook_id>", "wh_1").replace("<delivery_id>", "msg_1")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert client.open(path, method=method, json={}).status_code == 403, (method, path)


# --- telling -----------------------------------------------------------------------------------------------------


def test_an_agency_is_told_as_soon_as_something_is_committed(made: CentreApp, client: FlaskClient) -> None:
    """The workers are given a pause longer than the test may last, so that only the commit can have woken them."""
    made.running.webhooks._poll_s = 600
    with receiver() as at:
        added(client, at.url)
        made.running.webhooks.start()
        try:
            incident_id = opened(client)
            told = at.wait_until(lambda found: len(found) >= 1)
            assert told[0].content["data"]["incident_id"] == incident_id
            assert client.post(f"/api/v1/incidents/{incident_id}/notes", json={"text": "asap tebal"}).status_code == 201
            at.wait_until(lambda found: any(one.content["type"] == "incident.note_added" for one in found))
            assert all(b"asap" not in one.body for one in at.messages)
        finally:
            assert made.running.webhooks.stop()


def test_a_paused_webhook_is_told_nothing_and_a_removed_one_is_forgotten(made: CentreApp, client: FlaskClient) -> None:
    with receiver() as at:
        webhook_id = added(client, at.url)["webhook"]["webhook_id"]
        paused = good(client.patch(f"{WEBHOOKS}/{webhook_id}", json={"active": False, "why": "pemeliharaan"}))
        assert (paused["webhook"]["active"], paused["webhook"]["why_inactive"]) == (False, "pemeliharaan")
        opened(client)
        while made.running.webhooks.follow() or made.running.webhooks.deliver():
            pass
        assert at.messages == []
        assert good(client.patch(f"{WEBHOOKS}/{webhook_id}", json={"active": True}))["webhook"]["active"] is True
        opened(client)
        while made.running.webhooks.follow() or made.running.webhooks.deliver():
            pass
        assert at.messages
        assert client.delete(f"{WEBHOOKS}/{webhook_id}").status_code == 204
        assert good(client.get(WEBHOOKS))["items"] == []


# --- what failed -------------------------------------------------------------------------------------------------


@pytest.fixture
def dead(made: CentreApp, client: FlaskClient) -> Iterator[tuple[Receiver, str, str]]:
    """A receiver that refused for good, its webhook, and the incident."""
    with receiver(refuse) as at:
        webhook_id = added(client, at.url)["webhook"]["webhook_id"]
        incident_id = opened(client)
        while made.running.webhooks.follow() or made.running.webhooks.deliver():
            pass
        yield at, webhook_id, incident_id


def test_what_was_given_up_is_listed_and_sent_again_under_the_same_id(
    made: CentreApp, client: FlaskClient, dead: tuple[Receiver, str, str]
) -> None:
    at, webhook_id, incident_id = dead
    letters = good(client.get("/api/v1/dead-letters"))["items"]
    assert [(one["webhook_id"], one["incident_id"], one["status"]) for one in letters] == [
        (webhook_id, incident_id, 410)
    ]
    assert good(client.get(WEBHOOKS))["items"][0]["active"] is False
    at.behaviour = lambda handler, _: handler.answer(204)
    good(client.patch(f"{WEBHOOKS}/{webhook_id}", json={"active": True}))
    again = client.post(f"{WEBHOOKS}/deliveries/{letters[0]['delivery_id']}/redeliver")
    assert good(again)["redelivered"] == 1
    while made.running.webhooks.deliver():
        pass
    assert [one.message_id for one in at.messages] == [letters[0]["delivery_id"]] * 2
    assert good(client.get("/api/v1/dead-letters"))["items"] == []
    states = [one["state"] for one in good(client.get(f"{WEBHOOKS}/{webhook_id}/deliveries"))["items"]]
    assert states == [DeliveryState.DELIVERED] * len(states)


def test_all_dead_letters_of_a_webhook_are_sent_again_at_once(
    client: FlaskClient, dead: tuple[Receiver, str, str]
) -> None:
    _, webhook_id, _ = dead
    assert good(client.post(f"{WEBHOOKS}/{webhook_id}/redeliver"))["redelivered"] == 1
    assert good(client.post(f"{WEBHOOKS}/{webhook_id}/redeliver"))["redelivered"] == 0
    seq = good(client.get(f"{WEBHOOKS}/{webhook_id}/deliveries?state=pending"))["items"][0]["seq"]
    # One that is under way already is not begun anew.
    assert good(client.post(f"{WEBHOOKS}/{webhook_id}/redeliver", json={"seqs": [seq]}))["redelivered"] == 0


def test_deliveries_come_a_page_at_a_time(made: CentreApp, client: FlaskClient) -> None:
    webhook_id = added(client, "https://damkar.example/hook")["webhook"]["webhook_id"]
    for _ in range(3):
        opened(client)
    while made.running.webhooks.follow():
        pass
    seqs: list[int] = []
    after: int | None = 0
    while after is not None:
        page = good(client.get(f"{WEBHOOKS}/{webhook_id}/deliveries?limit=2&after={after}"))
        seqs += [one["seq"] for one in page["items"]]
        after = page["next"]
    assert len(seqs) == 3
    assert seqs == sorted(set(seqs))
    for wrong in ("limit=0", "limit=501", "after=-1", "state=gone"):
        assert client.get(f"{WEBHOOKS}/{webhook_id}/deliveries?{wrong}").status_code == 400
    assert client.get("/api/v1/dead-letters?after=nonsense").status_code == 400


# --- from a terminal ---------------------------------------------------------------------------------------------


def test_a_terminal_does_the_same(made: CentreApp, store_url: str, tmp_path: Path) -> None:
    def run(*words: str) -> Any:
        done = CliRunner().invoke(main, ["webhook", *words, "--db", store_url, "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    secret = "whsec_" + "QUJD" * 8
    (tmp_path / "secret").write_text(secret + "\n", encoding="utf-8")
    with receiver(refuse) as at:
        added = run("add", "dinkes", at.url, "--type", "incident.*", "--everything",
                    "--secret-file", str(tmp_path / "secret"))  # fmt: skip
        webhook_id = added["webhook"]["webhook_id"]
        assert added["secret"] == secret
        assert [one["webhook_id"] for one in run("list")["items"]] == [webhook_id]
        opened(made.app.test_client())
        while made.running.webhooks.follow() or made.running.webhooks.deliver():
            pass
        letters = run("dead")["items"]
        assert [one["webhook_id"] for one in letters] == [webhook_id]
        assert run("redeliver", letters[0]["delivery_id"]) == {"redelivered": 1}
        assert run("redeliver", webhook_id) == {"redelivered": 0}
        assert run("resume", webhook_id)["webhook"]["active"] is True
        assert run("pause", webhook_id, "--why", "libur")["webhook"]["why_inactive"] == "libur"
        assert run("secret", webhook_id)["secret"] != secret
        assert run("remove", webhook_id) == {"removed": webhook_id}
        assert run("list") == {"items": []}


def test_a_terminal_says_what_is_wrong_in_one_sentence(sqlite_url: str) -> None:
    for words, said in (
        (["add", "nobody", "https://a.example/"], "nobody"),
        (["add", "damkar", "http://a.example/"], "https"),
        (["remove", "wh_none"], "wh_none"),
        (["redeliver", "msg_none"], "msg_none"),
    ):
        done = CliRunner().invoke(main, ["webhook", *words, "--db", sqlite_url])
        assert done.exit_code == 1
        line = done.stderr.strip().splitlines()[-1]
        assert line.startswith("siaga112: ")
        assert said in line
