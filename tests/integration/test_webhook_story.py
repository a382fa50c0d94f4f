"""What an agency gets while a centre works, and when: the real application and its worker, a receiver on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from dispatch.commands import AddNote, LoadDirectory
from dispatch.directory import Agency, Directory
from dispatch.store.store import new_id, utc_now
from dispatch.store.webhook_queue import WebhookQueue
from tests.centre_app import HERE, CentreApp, centre_app
from tests.receiver import Handler, Message, Receiver, receiver
from tests.webhook_centre import Centre as SmallCentre
from web import webhook_worker
from web.webhook_post import Poster
from web.webhook_worker import WebhookWorker
from web.webhooks import left_to_do, webhook_register

UNIT, AGENCY = "AMB-13", "dinkes"
SAID = {
    "caller_name": "Cat Biru",
    "caller_number": "+62 811 1234 567",
    "words": "sesak napas sejak subuh",
}
NOTE = "riwayat asma, pintu belakang"
LABEL = "rumah cat biru"
NEVER = 3600.0
"""Seconds between two looks of a worker that has to be woken."""


@pytest.fixture
def made(sqlite_url: str) -> Iterator[CentreApp]:
    with centre_app(sqlite_url) as app:
        yield app


@pytest.fixture
def client(made: CentreApp) -> FlaskClient:
    return made.app.test_client()


@pytest.fixture
def delivering(made: CentreApp) -> Iterator[None]:
    """The worker of the running centre at work."""
    made.running.webhooks.start()
    yield
    assert made.running.webhooks.stop()


def good(answer: TestResponse, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return json.loads(answer.data)


def add(client: FlaskClient, url: str, **more: Any) -> tuple[str, str]:
    """Add a webhook; its id and its secret."""
    body = good(client.post("/api/v1/webhooks", json={"agency": AGENCY, "url": url, **more}), 201)
    return str(body["webhook"]["webhook_id"]), str(body["secret"])


def live(client: FlaskClient) -> str:
    """A call with everything that is personal, its incident, a unit at work; the incident's id."""
    call = good(client.post("/api/v1/calls", json=SAID), 201)["calls"][0]["call_id"]
    body = {"category": "medical", "severity": "high", "location": {**HERE, "label": LABEL}, "call_id": call}
    incident = str(good(client.post("/api/v1/incidents", json=body), 201)["incidents"][0]["incident_id"])
    address = f"/api/v1/incidents/{incident}"
    good(client.post(f"{address}/notes", json={"text": NOTE}), 201)
    good(client.post(f"{address}/assignments", json={"unit_ids": [UNIT]}), 201)
    for status in ("en_route", "on_scene", "transporting", "at_hospital", "returning", "available"):
        more = {"hospital": "RSUD Arjawinangun"} if status in ("transporting", "at_hospital") else {}
        good(client.post(f"/api/v1/units/{UNIT}/status", json={"status": status, **more}))
    good(client.post(f"{address}/close", json={"disposition": "transported", "note": NOTE}))
    return incident


def deliveries(client: FlaskClient, webhook_id: str, state: str) -> list[dict[str, Any]]:
    found = good(client.get(f"/api/v1/webhooks/{webhook_id}/deliveries?state={state}"))
    return list(found["items"])


def wait_for_state(made: CentreApp, webhook_id: str, state: str, number: int) -> list[dict[str, Any]]:
    """Deliveries of a webhook once so many of them are in a state: the receiver knows before the centre does."""
    client, pause = made.app.test_client(), threading.Event()
    for _ in range(1200):
        found = deliveries(client, webhook_id, state)
        if len(found) == number:
            return found
        pause.wait(0.05)
    raise AssertionError(good(client.get(f"/api/v1/webhooks/{webhook_id}/deliveries")))


# --- what an agency gets -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("delivering")
def test_an_agency_is_told_the_whole_story_signed_in_order_and_nothing_personal(
    made: CentreApp, client: FlaskClient
) -> None:
    with receiver() as agency:
        webhook_id, secret = add(client, agency.url)
        incident = live(client)

        def is_told(messages: list[Message]) -> bool:
            last = [one.content["data"].get("after") for one in messages if one.content["type"] == "incident.moved"]
            return "closed" in last

        messages = agency.wait_until(is_told)
        assert all(one.is_from(secret) for one in messages)
        assert not any(one.is_from("whsec_" + "A" * 32) for one in messages)
        assert [one.seq for one in messages] == sorted({one.seq for one in messages})
        types = [one.content["type"] for one in messages]
        assert "incident.opened" in types, "the part of the story before the agency's unit was sent"
        assert {"assignment.made", "assignment.milestone", "unit.moved", "assignment.ended"} <= set(types)
        assert {one.content["data"]["incident_id"] for one in messages} <= {incident, None}
        sent = b"".join(one.body for one in messages).decode()
        for personal in (*SAID.values(), "811", NOTE, LABEL, "Arjawinangun", "desk"):
            assert personal not in sent
        wait_for_state(made, webhook_id, "delivered", len(messages))


@pytest.mark.usefixtures("delivering")
def test_a_paused_webhook_keeps_what_is_due_until_it_is_resumed(made: CentreApp, client: FlaskClient) -> None:
    with receiver(lambda handler, _: handler.answer(500)) as agency:
        webhook_id, secret = add(client, agency.url, everything=True)
        address = f"/api/v1/webhooks/{webhook_id}"
        good(client.post("/api/v1/incidents", json={"category": "medical", "severity": "low", "location": HERE}), 201)
        (first,) = agency.wait_until(lambda messages: len(messages) == 1)
        assert good(client.patch(address, json={"active": False}))["webhook"]["active"] is False
        agency.behaviour = lambda handler, _: handler.answer(204)
        assert [one["seq"] for one in deliveries(client, webhook_id, "pending")] == [first.seq]
        good(client.patch(address, json={"active": True}))
        (delivered,) = wait_for_state(made, webhook_id, "delivered", 1)
        assert (delivered["delivery_id"], delivered["attempts"]) == (first.message_id, 2)
        assert agency.messages[-1].is_from(secret)


@pytest.mark.usefixtures("delivering")
def test_after_a_change_of_key_both_keys_sign(client: FlaskClient) -> None:
    with receiver() as agency:
        webhook_id, old = add(client, agency.url, everything=True)
        changed = good(client.patch(f"/api/v1/webhooks/{webhook_id}", json={"new_secret": True}))
        assert changed["secret"] != old
        good(client.post("/api/v1/incidents", json={"category": "medical", "severity": "low", "location": HERE}), 201)
        message, *_ = agency.wait_until(lambda messages: len(messages) >= 1)
        assert message.is_from(old)
        assert message.is_from(changed["secret"])


# --- woken -------------------------------------------------------------------------------------------------------


def woken_worker(centre: SmallCentre) -> WebhookWorker:
    """A worker that looks by itself only when the test has long failed."""
    queue = WebhookQueue(centre.engine, clock=utc_now, new_id=new_id)
    made = WebhookWorker(queue, Poster(clock=utc_now), clock=utc_now, chance=lambda: 0.5, poll_s=NEVER)
    centre.store.on_commit(made.wake)
    return made


def test_a_commit_wakes_the_worker_and_none_is_slept_through(sqlite_url: str) -> None:
    centre = SmallCentre(sqlite_url, start=utc_now())
    centre.set_up()
    incident = centre.open_incident()
    with receiver() as agency:
        centre.register.register("diskominfo", agency.url, everything=True, event_types=["incident.*"])
        worker = woken_worker(centre)
        worker.start()
        try:
            for number in range(1, 31):
                centre.store.execute(AddNote(incident_id=incident, text="asap tebal"), actor="operator-1")
                if number % 3 == 0:  # at rest as well as in the middle of its work
                    wait_for_number(agency, number)
        finally:
            assert worker.stop()
    centre.close()


@pytest.mark.parametrize("gather_s", [0.0, 1.0], ids=["at rest", "while it gathers"])
def test_a_redelivery_is_announced_to_the_worker(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, gather_s: float
) -> None:
    monkeypatch.setattr(webhook_worker, "GATHER_S", gather_s)
    centre = SmallCentre(sqlite_url, start=utc_now())
    centre.set_up()

    def answer_gone_once(handler: Handler, _: Message) -> None:
        handler.answer(410 if len(agency.messages) == 1 else 204)

    with receiver(answer_gone_once) as agency:
        webhook = centre.register.register("diskominfo", agency.url, everything=True)
        worker = woken_worker(centre)
        worker.start()
        try:
            centre.open_incident()
            agency.wait_until(lambda messages: len(messages) == 1)
            wait_until_dead(centre, agency)
            centre.register.set_active(webhook.webhook_id, True)
            assert centre.register.redeliver(webhook.webhook_id) == 1
            centre.store.announce()
            agency.wait_until(lambda messages: len(messages) == 2)
        finally:
            assert worker.stop()
    centre.close()


def wait_for_number(agency: Receiver, number: int) -> None:
    agency.wait_until(lambda messages: len(messages) == number)


def wait_until_dead(centre: SmallCentre, agency: Receiver) -> None:
    for _ in range(1200):
        if centre.register.deliveries()[0].finished_at is not None:
            return
        agency.closing.wait(0.05)
    raise AssertionError(centre.register.deliveries())


def test_a_refused_command_wakes_nobody(sqlite_url: str) -> None:
    centre = SmallCentre(sqlite_url, start=utc_now())
    told: list[int] = []
    centre.store.on_commit(lambda: told.append(1))
    with pytest.raises(LookupError):
        centre.store.execute(AddNote(incident_id="none", text="asap"), actor="operator-1", key="a key")
    assert told == []
    centre.store.execute(LoadDirectory(directory=Directory(border_m=1.0)), actor="system")
    assert told == [1]
    centre.close()


# --- region.toml -------------------------------------------------------------------------------------------------


def test_a_webhook_of_region_toml_is_never_added_silently_but_told_until_it_is_added(made: CentreApp) -> None:
    register = webhook_register(made.store, made.running.centre.region)
    url = "https://damkar.example/hook?key=rahasia"
    directory = Directory(agencies=(Agency(agency_id="damkar", name="Damkar", webhook=url),))
    (remark,) = left_to_do(register, directory)
    assert "siaga112 webhook add damkar" in remark
    assert "damkar.example" in remark
    assert "rahasia" not in remark
    assert register.webhooks() == ()
    register.register("damkar", url)
    assert left_to_do(register, directory) == []
    assert made.running.remarks() == [], "the demonstration names none"
