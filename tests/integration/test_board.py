"""The board and what keeps it true: changes are told as the whole board would tell them, whoever made them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

import web.board
from dispatch.commands import OpenIncident
from dispatch.incidents import Severity
from dispatch.store.engine import open_engine
from dispatch.store.store import Store
from tests.centre_app import HERE, CentreApp, centre_app, served

UNIT, OTHER_UNIT = "AMB-13", "AMB-12"
SECRETS = {"caller_name": "Bu Rahasia", "caller_number": "0811223344", "words": "anak saya sesak"}


@pytest.fixture
def made(sqlite_url: str) -> Iterator[CentreApp]:
    with centre_app(sqlite_url) as app:
        yield app


@pytest.fixture
def client(made: CentreApp) -> FlaskClient:
    return made.app.test_client()


def sent(client: FlaskClient, method: str, path: str, **body: Any) -> Any:
    answer = client.open(f"/api/v1/{path}", method=method, json=body)
    assert answer.status_code in (200, 201), answer.text
    return answer.get_json()


def opened(client: FlaskClient, **more: Any) -> str:
    body = {"category": "medical", "severity": "high", "location": HERE, **more}
    return str(sent(client, "POST", "incidents", **body)["incidents"][0]["incident_id"])


def board(client: FlaskClient, after: int | None = None) -> Any:
    return client.get("/api/v1/board", query_string={} if after is None else {"after": after}).get_json()


class Desk:
    """A desk that was told of everything once and then of changes alone, as board.js puts them together."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        first = board(client)
        self.seq = first["seq"]
        self.incidents = {one["incident_id"]: one for one in first["incidents"]}
        self.units = {one["unit_id"]: one for one in first["units"]}

    def catch_up(self) -> Any:
        found = board(self.client, self.seq)
        assert not found["whole"]
        self.seq = found["seq"]
        self.incidents |= {one["incident_id"]: one for one in found["incidents"]}
        self.units |= {one["unit_id"]: one for one in found["units"]}
        for gone in found["gone"]:
            self.incidents.pop(gone, None)
        for gone in found["gone_units"]:
            self.units.pop(gone, None)
        return found

    def is_true(self) -> None:
        """The plain way: ask for everything."""
        whole = board(self.client)
        assert self.seq == whole["seq"]
        assert self.incidents == {one["incident_id"]: one for one in whole["incidents"]}
        assert self.units == {one["unit_id"]: one for one in whole["units"]}


def test_a_board_shows_what_is_open_what_is_due_and_who_is_sent(made: CentreApp, client: FlaskClient) -> None:
    call = sent(client, "POST", "calls", **SECRETS)["calls"][0]["call_id"]
    incident_id = opened(client, category="fire", call_id=call, note="pintu belakang")
    sent(client, "POST", f"incidents/{incident_id}/assignments", unit_ids=[UNIT])
    closed = opened(client, severity="low")
    sent(client, "POST", f"incidents/{closed}/cancel", reason="salah sambung")
    found = board(client)
    (one,) = found["incidents"]
    assert (one["incident_id"], one["status"], one["severity"], one["units"]) == (
        incident_id, "dispatched", "high", [UNIT],
    )  # fmt: skip
    assert one["place"]["village"]["name"] == "Kertawinangun"
    assert {timer["kind"] for timer in one["timers"]} == {"response", "turnout"}
    units = {unit["unit_id"]: unit for unit in found["units"]}
    assert len(units) == len(made.running.centre.units())
    assert (units[UNIT]["status"], units[UNIT]["incident_id"]) == ("dispatched", incident_id)
    assert units[OTHER_UNIT]["incident_id"] is None
    assert found["now"] >= one["received_at"]
    said = json.dumps(found)
    assert not any(secret in said for secret in (*SECRETS.values(), "pintu belakang"))


def test_a_desk_that_is_told_of_changes_alone_knows_as_much_as_one_that_asks_for_everything(
    client: FlaskClient,
) -> None:
    desk, other = Desk(client), Desk(client)
    first = opened(client)
    second = opened(client, category="fire", severity="low", location={"kind": "unknown"})
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", f"incidents/{first}/assignments", {"unit_ids": [UNIT, OTHER_UNIT]}),
        ("POST", f"units/{UNIT}/status", {"status": "en_route"}),
        ("PUT", f"incidents/{second}/location", {"location": HERE}),
        ("PATCH", f"incidents/{second}", {"severity": "critical"}),
        ("POST", f"incidents/{second}/assignments", {"unit_ids": [OTHER_UNIT], "divert": True}),
        ("POST", f"incidents/{second}/alarm", {}),
        ("PATCH", f"units/{OTHER_UNIT}", {"capabilities": ["als"]}),
        ("POST", "units", {"unit_id": "BARU-1", "kind": "ambulance", "agency": "dinkes", "location": HERE["location"]}),
        ("POST", f"units/{UNIT}/status", {"status": "on_scene"}),
        ("POST", f"incidents/{first}/notes", {"text": "tidak mengubah papan"}),
        ("POST", f"units/{UNIT}/status", {"status": "available"}),
        ("POST", f"incidents/{first}/close", {"disposition": "treated_on_scene"}),
        ("PATCH", "units/BARU-1", {"retired": True}),
        ("POST", f"incidents/{first}/status", {"status": "reopened"}),
        ("POST", f"incidents/{second}/cancel", {"reason": "laporan ganda"}),
    ]
    for method, path, body in steps:
        sent(client, method, path, **body)
        told = desk.catch_up()
        desk.is_true()
        assert len(told["incidents"]) + len(told["gone"]) <= 2
        assert len(told["units"]) <= 2
    other.catch_up()
    other.is_true()
    assert second not in other.incidents


def test_a_desk_that_was_away_too_long_gets_the_whole_board(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 6
    monkeypatch.setattr(web.board, "MAX_EVENTS", most)
    incident_id = opened(client)
    before = board(client)["seq"]
    for _ in range(most):
        sent(client, "POST", f"incidents/{incident_id}/notes", text="x")
    assert not board(client, before)["whole"]
    sent(client, "POST", f"incidents/{incident_id}/notes", text="x")
    assert board(client, before)["whole"]
    ahead = board(client, before + 10 * most)
    assert ahead["whole"], "as after a backup was restored: the desk is ahead of the log"


def test_a_board_after_what_is_no_event_is_refused(client: FlaskClient) -> None:
    for wrong in ("-1", "x", "1.5", "9" * 30, ""):
        answer = client.get("/api/v1/board", query_string={"after": wrong})
        assert answer.status_code == 400
        assert "after" in answer.get_json()["detail"]


class Follower:
    """One connection that follows the log and the positions, line by line."""

    def __init__(self, port: int, after: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {"Accept": "text/event-stream"}
        self._connection.request("GET", f"/api/v1/events?after={after}&positions=true", headers=headers)
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200

    def next(self) -> dict[str, str]:
        """The next event: its id where it has one, its type and its data."""
        told: dict[str, str] = {}
        while True:
            line = self._answer.readline().decode().rstrip("\n")
            name, _, value = line.partition(": ")
            if name in ("id", "event", "data"):
                told[name] = value
            elif line == "" and told:
                return told

    def close(self) -> None:
        self._connection.close()


def test_what_another_process_commits_and_where_units_drive_is_told(store_url: str) -> None:
    with centre_app(store_url) as made, served(made.app) as port:
        token, _ = made.running.centre.register_device(UNIT, "tablet", actor="test")
        follower = Follower(port, made.store.head()[0])
        # A store of its own, as another server on the same database has it: this process hears nothing of it.
        other = Store(open_engine(store_url))
        body = OpenIncident(category="medical", severity=Severity.HIGH)
        seq = other.execute(body, actor="meja-2")["seq"]
        told = follower.next()
        assert (told["id"], told["event"]) == (str(seq), "incident.opened")
        now = int(made.store.now().timestamp())
        for minute, lat in ((2, -6.71), (1, -6.712)):
            address = f"/api/v1/positions/osmand?id={token}&timestamp={now - 60 * minute}&lat={lat}&lon=108.53"
            assert made.app.test_client().get(address).status_code == 200
            told = follower.next()
            assert (told["event"], "id" in told) == ("positions", False)
            ((unit_id, told_lat, told_lon, _),) = json.loads(told["data"])["units"]
            assert (unit_id, told_lat, told_lon) == (UNIT, lat, 108.53)
        follower.close()
        other.engine.dispose()
