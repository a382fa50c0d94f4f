"""Positions as clients send them: over real connections to a real server."""

from __future__ import annotations

import base64
import http.client
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, Response
from sqlalchemy import Engine, update

from dispatch.errors import StoreError
from dispatch.fixes import Fix, FixFlag
from dispatch.store.engine import writing
from dispatch.store.positions import PositionStore, history, positions
from dispatch.store.schema import devices
from tests.position_fleet import MADE_AT, add_units, open_database, position_app, served, token_of
from tests.strategies import NOW
from web.position_intake import PositionIntake

UNIT, OTHER = "AMB-1", "AMB-2"
TOKEN = token_of(UNIT)
SECONDS = int(NOW.timestamp())
BEARER = {"Authorization": f"Bearer {TOKEN}"}
BASIC = {"Authorization": "Basic " + base64.b64encode(f"crew:{TOKEN}".encode()).decode()}
OSMAND, OWNTRACKS, BATCH = "/api/v1/positions/osmand", "/api/v1/positions/owntracks", "/api/v1/positions"


class Client:
    """A client of the server, with a connection for every request."""

    def __init__(self, port: int) -> None:
        self.port = port

    def send(
        self, method: str, address: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, address, body, headers or {})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def osmand(self, **fields: object) -> int:
        query = {"id": TOKEN, "timestamp": SECONDS, "lat": -6.7172, "lon": 108.5362, **fields}
        return self.send("GET", f"{OSMAND}?{urlencode(query)}")[0]

    def owntracks(self, headers: dict[str, str] | None = None, **fields: object) -> tuple[int, bytes]:
        message = {"_type": "location", "tid": "a1", "tst": SECONDS, "lat": -6.7172, "lon": 108.5362, **fields}
        status, _, body = self.send(
            "POST", OWNTRACKS, json.dumps(message).encode(), BASIC if headers is None else headers
        )
        return status, body

    def batch(self, *points: dict[str, object], headers: dict[str, str] | None = None) -> tuple[int, Any]:
        body = json.dumps({"positions": points}).encode()
        status, _, answer = self.send("POST", BATCH, body, BEARER if headers is None else headers)
        return status, json.loads(answer)


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_database(sqlite_url)
    add_units(engine, [UNIT, OTHER])
    yield engine
    engine.dispose()


@pytest.fixture
def intake(engine: Engine) -> Iterator[PositionIntake]:
    intake = PositionIntake(PositionStore(engine))
    intake.start()
    yield intake
    intake.stop()


@pytest.fixture
def app(intake: PositionIntake) -> Flask:
    return position_app(intake.store, intake, clock=lambda: NOW + timedelta(seconds=2))


@pytest.fixture
def client(app: Flask) -> Iterator[Client]:
    with served(app) as port:
        yield Client(port)


def kept(engine: Engine, unit_id: str = UNIT) -> tuple[Fix, ...]:
    with engine.connect() as connection:
        return history(connection, unit_id, since=datetime(1980, 1, 1, tzinfo=UTC), until=NOW + timedelta(days=1))


# --- the three ways ----------------------------------------------------------------------------------------------


def test_a_query_of_the_osmand_protocol_is_stored_before_it_is_answered(client: Client, engine: Engine) -> None:
    status, headers, body = client.send(
        "GET", f"{OSMAND}?id={TOKEN}&timestamp={SECONDS}&lat=-6.7172&lon=108.5362&speed=10.0&bearing=45.0&batt=87.0"
    )
    assert (status, body, headers["cache-control"]) == (200, b"", "no-store")
    (fix,) = kept(engine)
    assert (fix.source, fix.device_time, fix.battery_percent) == ("osmand", NOW, 87.0)


def test_traccar_clients_post_with_a_query_and_an_empty_body_is_stored(client: Client, engine: Engine) -> None:
    query = urlencode({"id": TOKEN, "timestamp": SECONDS, "lat": -6.7172, "lon": 108.5362})
    assert client.send("POST", f"{OSMAND}?{query}")[0] == 200
    assert client.send("POST", OSMAND, query.replace(str(SECONDS), str(SECONDS + 1)).encode())[0] == 200
    assert len(kept(engine)) == 2


def test_the_json_of_traccar_client_is_stored(client: Client, engine: Engine) -> None:
    body = {
        "location": {
            "timestamp": "2026-01-31T06:45:00.000Z",
            "coords": {"latitude": -6.7172, "longitude": 108.5362, "accuracy": 4, "speed": 10, "heading": 63},
            "battery": {"level": 0.79, "is_charging": False},
        },
        "device_id": TOKEN,
    }
    status, _, answer = client.send("POST", OSMAND, json.dumps(body).encode(), {"Content-Type": "application/json"})
    assert (status, answer) == (200, b"")
    assert [fix.speed_kph for fix in kept(engine)] == [36.0]


@pytest.mark.parametrize("headers", [BASIC, BEARER, {"X-Limit-U": "crew", "X-Limit-D": TOKEN}, {"X-Limit-U": TOKEN}])
def test_owntracks_is_stored_and_answered_with_an_empty_list(
    client: Client, engine: Engine, headers: dict[str, str]
) -> None:
    assert client.owntracks(headers) == (200, b"[]")
    assert [fix.source for fix in kept(engine)] == ["owntracks"]


def test_other_messages_of_owntracks_are_acknowledged_and_not_stored(client: Client, engine: Engine) -> None:
    assert client.owntracks(_type="waypoint") == (200, b"[]")
    assert client.send("POST", OWNTRACKS, b"", BASIC)[0] == 200
    assert kept(engine) == ()


def test_a_batch_is_stored_and_says_what_was_doubted(client: Client, engine: Engine) -> None:
    points = [
        {"time": SECONDS - 20, "lat": -6.7172, "lon": 108.5362},
        {"time": SECONDS - 10, "lat": -6.2, "lon": 108.5362},
        {"time": SECONDS - 20, "lat": -6.7172, "lon": 108.5362},
    ]
    flagged = [{"time": "2026-01-31T06:44:50+00:00", "flags": ["jump"]}]
    assert client.batch(*points) == (200, {"stored": 2, "repeated": 1, "flagged": flagged})
    assert client.batch(*points) == (200, {"stored": 0, "repeated": 3, "flagged": []})
    assert len(kept(engine)) == 2


# --- who --------------------------------------------------------------------------------------------------------


def test_without_a_known_token_nothing_is_taken(client: Client, engine: Engine) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    point: dict[str, object] = {"time": SECONDS, "lat": -6.7, "lon": 108.5}
    assert client.osmand(id="wrong") == 401
    assert client.osmand(id="") == 401
    assert client.osmand(id="x" * 5000) == 401
    assert client.owntracks(wrong)[0] == client.owntracks({})[0] == 401
    assert client.batch(point, headers=wrong)[0] == client.batch(point, headers={})[0] == 401
    assert client.batch(point, headers={"Authorization": "Basic ====="})[0] == 401
    assert kept(engine) == kept(engine, OTHER) == ()


def test_a_revoked_token_is_worth_nothing(client: Client, engine: Engine) -> None:
    assert client.osmand() == 200
    with engine.begin() as connection:
        connection.execute(update(devices).where(devices.c.unit_id == UNIT).values(revoked_at=MADE_AT))
    assert client.osmand(timestamp=SECONDS + 1) == 401
    assert client.osmand(timestamp=SECONDS + 1, id=token_of(OTHER)) == 200


def test_a_device_moves_its_own_unit_alone(client: Client, engine: Engine) -> None:
    client.osmand()
    client.osmand(id=token_of(OTHER), lat=-6.5)
    assert [fix.location.lat for fix in kept(engine)] == [-6.7172]
    assert [fix.location.lat for fix in kept(engine, OTHER)] == [-6.5]


def test_no_token_and_no_address_enters_a_log_or_an_answer(
    app: Flask,
    intake: PositionIntake,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [client.send("GET", f"{OSMAND}?id={TOKEN}&lat=0&lon=0")]
    answers += [client.send("GET", f"{OSMAND}?id=wrong-{TOKEN}&lat=1&lon=1")]
    answers += [client.send("PUT", f"{OSMAND}?id={TOKEN}")]
    # A defect, which the handler of last resort logs with its traceback.
    monkeypatch.setattr(intake, "submit", lambda delivery: 1 / 0)
    answers += [client.send("GET", f"{OSMAND}?id={TOKEN}&lat=-6.7&lon=108.5")]
    assert [status for status, _, _ in answers] == [422, 401, 405, 500]
    assert "Unexpected error" in caplog.text
    assert TOKEN not in caplog.text
    assert all(TOKEN.encode() not in body and TOKEN not in str(headers) for _, headers, body in answers)


# --- bad input --------------------------------------------------------------------------------------------------


def test_a_wrong_position_gets_one_clear_problem_and_stores_nothing(client: Client, engine: Engine) -> None:
    status, headers, body = client.send("GET", f"{OSMAND}?id={TOKEN}&timestamp={SECONDS}&lat=0&lon=0")
    problem = json.loads(body)
    assert (status, headers["content-type"]) == (422, "application/problem+json")
    assert problem["detail"].startswith("The position 0, 0 lies in the Gulf of Guinea")
    assert problem["instance"] == OSMAND
    good: dict[str, object] = {"time": SECONDS, "lat": -6.7, "lon": 108.5}
    status, problem = client.batch(good, {**good, "lat": 95})
    assert (status, problem["detail"]) == (422, "positions[1]: Latitude 95.0 is not between -90 and 90 degrees.")
    assert client.batch(*[good] * 1001)[0] == 422
    assert client.send("POST", BATCH, b"x" * 1_000_001, BEARER)[0] == 413
    assert client.send("POST", BATCH, b"\x00\xff", BEARER)[0] == 422
    assert kept(engine) == ()


def test_a_phone_that_repeats_a_refused_message_is_let_go_on(client: Client, engine: Engine) -> None:
    """Phones send nothing newer before the oldest was taken: one 0, 0 would keep the unit off the map."""
    assert [client.osmand(lat=0, lon=0) for _ in range(3)] == [422, 200, 200]
    assert client.osmand(lat=0, lon=0, timestamp=SECONDS + 1) == 422, "another message is told again"
    assert client.osmand(lat=0, lon=0, id=token_of(OTHER)) == 422, "another device is told as well"
    assert [client.owntracks(lat=99)[0] for _ in range(2)] == [422, 200]
    point: dict[str, object] = {"time": SECONDS, "lat": 0, "lon": 0}
    assert [client.batch(point)[0] for _ in range(2)] == [422, 422], "a program can be put right"
    assert kept(engine) == ()


# --- the queue --------------------------------------------------------------------------------------------------


def together(client: Client, count: int) -> list[int]:
    """Send so many positions at the same time; the status of each."""
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda at=at: statuses.append(client.osmand(timestamp=SECONDS - at)))  # type: ignore[misc]
        for at in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def test_many_posts_at_once_cost_few_transactions(client: Client, intake: PositionIntake, engine: Engine) -> None:
    assert together(client, 60) == [200] * 60
    assert len(kept(engine)) == 60
    assert 1 <= intake.groups <= 30


def test_a_full_queue_answers_503_and_when_to_come_back(engine: Engine) -> None:
    intake = PositionIntake(PositionStore(engine), most_rows=0)
    intake.start()
    with served(position_app(intake.store, intake)) as port, ExitStack() as writer:
        writer.enter_context(writing(engine))  # the intake waits for it, so the queue fills
        first = threading.Thread(target=lambda: Client(port).osmand(timestamp=SECONDS))
        first.start()
        answers = []
        while not answers or answers[-1][0] != 503:
            query = urlencode({"id": TOKEN, "timestamp": SECONDS - len(answers), "lat": -6.7, "lon": 108.5})
            second = threading.Thread(
                target=lambda query=query: answers.append(Client(port).send("GET", f"{OSMAND}?{query}"))  # type: ignore[misc]
            )
            second.start()
            second.join(0.2)
        status, headers, body = answers[-1]
        writer.close()
        first.join()
    intake.stop()
    assert (status, headers["retry-after"]) == (503, "5")
    assert json.loads(body)["type"] == "urn:siaga112:problem:positions-busy"


def test_a_database_that_fails_answers_503_and_the_next_group_is_stored(
    client: Client, engine: Engine, intake: PositionIntake
) -> None:
    positions.drop(engine)
    assert client.osmand() == 503
    positions.create(engine)
    assert client.osmand() == 200
    assert len(kept(engine)) == 1


def test_a_stopped_intake_has_stored_what_it_took_and_takes_no_more(
    client: Client, engine: Engine, intake: PositionIntake
) -> None:
    answers: list[int] = []
    sender = threading.Thread(target=lambda: answers.extend(together(client, 20)))
    sender.start()
    intake.stop()
    sender.join()
    assert client.osmand(timestamp=SECONDS - 1000) == 503
    assert len(kept(engine)) == answers.count(200)
    assert set(answers) <= {200, 503}


def test_the_history_is_kept_for_the_time_that_is_set(engine: Engine) -> None:
    store = PositionStore(engine)
    now = [NOW]
    intake = PositionIntake(store, keep_for=timedelta(days=30), clock=lambda: now[0])
    app = position_app(store, intake, clock=lambda: now[0])
    with served(app) as port:
        client = Client(port)
        intake.start()
        assert client.osmand() == 200
        intake.stop()
        now[0] += timedelta(days=31)
        intake.start()
        assert client.osmand(timestamp=SECONDS + 86400 * 31) == 200
        intake.stop()
    with engine.connect() as connection:
        assert len(connection.execute(positions.select()).all()) == 1
    assert store.current_fixes()[UNIT].flags == FixFlag.NONE


def test_positions_that_wait_hold_up_no_other_request(engine: Engine) -> None:
    """All threads of the lane wait for the database; the others answer."""
    intake = PositionIntake(PositionStore(engine))
    app = position_app(intake.store, intake)
    app.add_url_rule("/desk", view_func=lambda: Response("here"))
    intake.start()
    try:
        with served(app, threads=1, lane_threads=2) as port, ExitStack() as writer:
            client = Client(port)
            writer.enter_context(writing(engine))
            statuses: list[int] = []
            sender = threading.Thread(target=lambda: statuses.extend(together(client, 12)))
            sender.start()
            assert [client.send("GET", "/desk")[2] for _ in range(5)] == [b"here"] * 5
            assert statuses == []
            writer.close()
            sender.join()
            assert statuses == [200] * 12
    finally:
        intake.stop()


def test_guessing_tokens_asks_the_database_nothing(engine: Engine) -> None:
    class Counting(PositionStore):
        reads = 0

        def active_devices(self) -> Any:
            self.reads += 1
            return super().active_devices()

    from web.position_intake import DeviceBook

    store = Counting(engine)
    book = DeviceBook(store, fresh_s=3600, retry_s=3600)
    assert [book.device(f"guess {number}") for number in range(100)] == [None] * 100
    assert (book.device(TOKEN) is not None, store.reads) == (True, 1)
    with engine.begin() as connection:
        connection.execute(update(devices).values(revoked_at=MADE_AT))
    book.forget()
    assert (book.device(TOKEN), store.reads) == (None, 2)


def test_a_device_table_that_cannot_be_read_answers_503(client: Client, engine: Engine) -> None:
    devices.drop(engine)
    assert client.osmand() == 503
    with pytest.raises(StoreError):
        PositionStore(engine).active_devices()
