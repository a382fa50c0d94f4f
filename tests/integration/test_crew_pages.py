"""What a crew's phone is told and may tell, asked of the real application."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.accounts import Role
from dispatch.codec import load
from dispatch.commands import AssignUnits, CloseIncident, EditUnit, OpenIncident, RaiseAlarm, RecallUnit, ReportStatus
from dispatch.incidents import IncidentLocation, Severity
from dispatch.types import UnitStatus
from tests.accounts import Browser, Program, person, program
from tests.centre_app import HERE, CentreApp, centre_app
from web.crew import MOST_NOTE
from web.crew_state import MOST_HOSPITALS, TEXT_BYTES, text_pieces

UNIT, OTHER = "AMB-13", "AMB-12"
OTHERS = ("AMB-11", "AMB-12", "DAMKAR-06")
UPDATE = 2_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentreApp]:
    url = f"sqlite:///{tmp_path_factory.mktemp('crew') / 'siaga112.db'}"
    with centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as app:
        person(app.running.sign_in, "kru", Role.CREW, UNIT)
        yield app


@pytest.fixture(scope="module")
def crew(made: CentreApp) -> Program:
    return program(made, "kru")


@pytest.fixture
def task(made: CentreApp) -> Iterator[str]:
    """An incident to which the unit is sent; afterwards it is free again."""
    execute = made.running.centre.execute
    place = load(IncidentLocation, {**HERE, "radius_m": 900, "label": "Jalan Pangeran Drajat, gang kedua " * 5})
    opened = execute(
        OpenIncident(category="fire", severity=Severity.CRITICAL, location=place, exercise=True), actor="d"
    )
    incident_id = str(opened["incidents"][0]["incident_id"])
    execute(AssignUnits(incident_id=incident_id, unit_ids=(UNIT, *OTHERS)), actor="d")
    execute(RaiseAlarm(incident_id=incident_id), actor="d")
    yield incident_id
    execute(CloseIncident(incident_id=incident_id, disposition="extinguished", release_units=True), actor="d")
    for unit_id in (UNIT, *OTHERS):
        execute(ReportStatus(unit_id=unit_id, status=UnitStatus.AVAILABLE), actor="d")


def tap(crew: Program, what: str, incident_id: str | None = None, key: str | None = None, **more: Any) -> Any:
    body = {"do": what, "device_time": datetime.now(UTC).isoformat(), "incident_id": incident_id, **more}
    return crew.post("/crew/tap", json=body, headers={} if key is None else {"Idempotency-Key": key})


def on_the_wire(answer: Any) -> int:
    return len(str(answer.headers).encode()) + len(answer.data)


def test_a_crew_sees_its_task_and_only_its_own_unit(crew: Program, task: str) -> None:
    told = crew.get("/crew/state").get_json()
    assert (told["unit"]["id"], told["unit"]["status"], told["task"]["id"]) == (UNIT, "dispatched", task)
    assert told["task"]["eta_min"] >= 1
    assert told["task"]["distance_m"] > 0
    assert len(told["task"]["warnings"]) == 4  # an exercise, a wide place, an alarm level, no position of the unit
    assert sorted(one for one, _ in told["task"]["others"]) == sorted(OTHERS)
    english = crew.get("/crew/state?lang=en").get_json()["task"]
    assert (told["task"]["category"], english["category"]) == ("Kebakaran", "Fire")
    assert any("Alarm level 2" in one for one in english["warnings"])
    assert crew.get(f"/crew/state?unit={OTHER}").status_code == 404
    assert crew.get(f"/crew/notes?unit={OTHER}").status_code == 404


def test_the_longest_state_is_small_and_an_unchanged_one_is_not_sent_again(crew: Program, task: str) -> None:
    packed = {"Accept-Encoding": "gzip"}
    first = crew.get("/crew/state", headers=packed)
    assert first.content_encoding == "gzip"
    again = crew.get("/crew/state", headers={**packed, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    for answer in (first, crew.get("/crew/hospitals", headers=packed), tap(crew, "acknowledge", task)):
        assert answer.status_code == 200
        assert on_the_wire(answer) < UPDATE
    changed = crew.get("/crew/state", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.get_json()["task"]["acknowledged"] is True


def test_hospitals_come_by_the_time_to_them(crew: Program) -> None:
    found = crew.get("/crew/hospitals").get_json()["hospitals"]
    times = [one["eta_min"] for one in found]
    assert len(found) == MOST_HOSPITALS
    assert times == sorted(times)


def test_a_tap_counts_once_and_its_answer_is_what_holds_now(made: CentreApp, crew: Program, task: str) -> None:
    body = {"do": "en_route", "device_time": datetime.now(UTC).isoformat(), "incident_id": task}
    sent = [crew.post("/crew/tap", json=body, headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [one.get_json()["unit"]["status"] for one in sent] == ["en_route", "en_route"]
    reached = made.store.events_after(0, incident_id=task, types=("assignment.milestone",))
    assert [one.payload["milestone"] for one in reached if one.unit_id == UNIT] == ["en_route"]
    assert reached[-1].actor == "kru"


def test_what_is_refused_says_why_in_the_readers_words(made: CentreApp, crew: Program, task: str) -> None:
    wrong = tap(crew, "at_hospital", task)
    assert wrong.status_code == 409
    assert "di rumah sakit" in wrong.get_json()["detail"]
    assert "at_hospital" not in wrong.get_json()["detail"]
    made.running.centre.execute(RecallUnit(unit_id=UNIT, reason="salah"), actor="d")
    late = tap(crew, "on_scene", task)
    assert late.status_code == 409
    assert task in late.get_json()["detail"]
    assert tap(crew, "transporting", task, hospital="rs-khayalan").status_code == 422
    assert tap(crew, "acknowledge").status_code == 422
    assert tap(crew, "dance").status_code == 422
    ahead = datetime.now(UTC) + timedelta(minutes=5)
    assert tap(crew, "available", device_time=ahead.isoformat()).status_code == 422


def test_a_note_of_a_crew_is_written_once_to_its_own_incident_alone(made: CentreApp, crew: Program, task: str) -> None:
    written = datetime.now(UTC) - timedelta(minutes=3)
    body = {"do": "note", "device_time": written.isoformat(), "incident_id": task, "text": " Pintu belakang terkunci "}
    packed = {"Idempotency-Key": "n1", "Accept-Encoding": "gzip"}
    sent = [crew.post("/crew/tap", json=body, headers=packed) for _ in range(2)]
    assert [one.status_code for one in sent] == [200, 200]
    assert max(on_the_wire(one) for one in sent) < UPDATE
    (event,) = made.store.events_after(0, incident_id=task, types=("incident.note_added",))
    assert (event.actor, event.device_time) == ("kru", written)
    notes = crew.get("/crew/notes").get_json()["pieces"]
    assert [one["text"] for one in notes] == ["Pintu belakang terkunci"]
    other = made.running.centre.execute(
        OpenIncident(category="fire", severity=Severity.LOW, location=load(IncidentLocation, HERE)), actor="d"
    )["incidents"][0]["incident_id"]
    for wrong, status in (
        ({"incident_id": other}, 404),
        ({"incident_id": None}, 422),
        ({"text": "  "}, 422),
        ({"text": "x" * (MOST_NOTE + 1)}, 422),
        ({"text": "\x00"}, 422),
    ):
        refused = crew.post("/crew/tap", json={**body, **wrong})
        assert (refused.status_code, refused.get_json()["detail"][-1]) == (status, "."), wrong
    assert len(made.store.events_after(0, types=("incident.note_added",))) == 1


def test_positions_are_taken_on_duty_alone(made: CentreApp, crew: Program) -> None:
    execute = made.running.centre.execute
    body = {"positions": [{"time": datetime.now(UTC).isoformat(), "lat": -6.72, "lon": 108.55, "accuracy_m": 9}]}
    sent = [crew.post("/api/v1/positions/crew", json=body).get_json() for _ in range(2)]
    assert sent == [{"stored": 1, "repeated": 0}, {"stored": 0, "repeated": 1}]
    assert crew.post(f"/api/v1/positions/crew?unit={OTHER}", json=body).status_code == 404
    for off, on in (
        [ReportStatus(unit_id=UNIT, status=one) for one in (UnitStatus.OUT_OF_SERVICE, UnitStatus.AVAILABLE)],
        [EditUnit(unit_id=UNIT, on_duty=one) for one in (False, True)],
    ):
        execute(off, actor="d")
        refused = crew.post("/api/v1/positions/crew", json=body)
        assert (refused.status_code, refused.get_json()["type"]) == (409, "urn:siaga112:problem:sharing-ended")
        assert crew.get("/crew/state").get_json()["sharing"] is False
        execute(on, actor="d")
    assert crew.get("/crew/state").get_json()["sharing"] is True


def test_what_the_phone_keeps_tells_of_nobody(made: CentreApp) -> None:
    visitor = made.app.test_client()
    for path in ("/crew/shell", "/crew/worker.js", "/crew/app.webmanifest"):
        answer = visitor.get(path)
        assert answer.status_code == 200
        assert "kru" not in answer.text
        assert UNIT not in answer.text
        assert "csrf" not in answer.text
    page = visitor.get("/crew/shell")
    assert "worker-src 'self'" in page.headers["Content-Security-Policy"]
    assert "geolocation=(self)" in page.headers["Permissions-Policy"]
    assert "geolocation=()" in visitor.get("/sign-in").headers["Permissions-Policy"]
    assert visitor.get("/crew/worker.js").headers["Service-Worker-Allowed"] == "/crew"


def test_every_file_that_the_phone_keeps_is_there(made: CentreApp) -> None:
    text = made.app.test_client().get("/crew/worker.js").text
    files = json.loads(text.partition("FILES = ")[2].partition(";")[0])
    assert len(files) > 4
    assert all(made.app.test_client().get(one).status_code == 200 for one in files)
    shell = made.app.test_client().get("/crew/shell").text
    loaded = [one for one in shell.split('"') if one.startswith("/static/")]
    assert set(loaded) <= set(files)


def test_each_role_lands_on_its_own_page(made: CentreApp) -> None:
    person(made.running.sign_in, "opd", Role.AGENCY, "dinkes")
    person(made.running.sign_in, "penerima", Role.CALL_TAKER)
    for login, home in (("kru", "/crew"), ("opd", "/agency"), ("penerima", "/")):
        browser = Browser(made)
        answer = browser.sign_in(login)
        assert (answer.status_code, answer.headers["Location"]) == (303, home)
        assert browser.get(home).status_code == 200
        assert browser.get("/sign-in").headers["Location"] == home  # is signed in already
        assert Browser(made).sign_in(login, next="/account").headers["Location"] == "/account"


def test_a_crews_phone_stays_open_for_a_shift(made: CentreApp) -> None:
    settings = made.running.sign_in.settings
    assert settings.idle(Role.CREW) > settings.idle(Role.DISPATCHER)


def test_without_accounts_one_says_as_which_unit(tmp_path_factory: pytest.TempPathFactory) -> None:
    with centre_app(f"sqlite:///{tmp_path_factory.mktemp('open') / 'siaga112.db'}") as app:
        client = app.app.test_client()
        assert client.get("/crew").headers["Location"] == "/crew/units"
        assert f"/crew?unit={UNIT}" in client.get("/crew/units").text
        assert client.get("/crew/state").get_json()["type"].endswith("unit-needed")
        assert client.get(f"/crew/state?unit={UNIT}").get_json()["unit"]["id"] == UNIT
        assert [client.get(f"/crew/state?unit={one}").status_code for one in ("NONE", "%00", "", "x" * 99)] == [404] * 4
        assert client.get("/agency").status_code == 200
        assert client.get("/agency?lang=en").status_code == 200


@given(st.lists(st.text(max_size=2500), max_size=5))
def test_pieces_of_texts_are_small_and_make_the_whole(texts: list[str]) -> None:
    given_texts = [("note", text) for text in texts]
    whole, after, asked = {}, (0, 0), 0
    while True:
        pieces, following = text_pieces(given_texts, after)
        assert sum(len(one["text"].encode()) for one in pieces) <= TEXT_BYTES
        for one in pieces:
            whole[one["n"]] = whole.get(one["n"], "") + one["text"]
        asked += 1
        assert asked <= sum(len(text.encode()) for text in texts) / 500 + len(texts) + 2
        if following is None:
            break
        number, _, start = following.partition(".")
        after = (int(number), int(start))
    assert [whole.get(n, "") for n in range(len(texts))] == texts
