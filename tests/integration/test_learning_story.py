"""From the log of a centre to learnt speeds: trips driven slower than the settings say, the report, the decision."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dispatch.commands import AssignUnits, CloseIncident, OpenIncident, RegisterDevice, ReportStatus
from dispatch.fixes import Device, FixRules, Reading, fixes_of
from dispatch.incidents import IncidentLocation, LocationKind, Milestone, Severity
from dispatch.store import care
from dispatch.store.positions import Delivery, PositionStore
from dispatch.store.store import Store
from dispatch.types import UnitStatus
from gis.types import Location
from routing.types import Route
from tests.centre_app import centre_app, demonstration_region, put_first_start, speed_report
from tests.driven_trips import drive, route_stretches, trace_of
from web.centre import Centre
from web.cli import main
from web.learnt_speeds import driven_trips
from web.running import open_store
from web.service import Desk

SLOWNESS = 1.5
"""Trips last so much longer than the settings say."""
TRIPS = 30
START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def run(url: str, *words: str) -> Result:
    return CliRunner().invoke(
        main, ["learn", *words, "--db", url], env={"SIAGA112_ACTOR": "sari", "SIAGA112_LANG": "en"}
    )


def text(url: str, *words: str) -> str:
    done = run(url, *words)
    assert done.exit_code == 0, (words, done.output)
    return done.stdout


def refused(url: str, *words: str) -> str:
    done = run(url, *words)
    assert done.exit_code == 1, (words, done.output)
    lines = [line for line in done.stderr.splitlines() if line.startswith("siaga112: ")]
    assert len(lines) == 1
    assert done.stdout == ""
    return lines[0]


class Shift:
    """A centre whose clock the test sets, and one ambulance that drives from incident to incident."""

    def __init__(self, url: str) -> None:
        self.region = demonstration_region()
        self.clock = Clock()
        plain = open_store(url, Desk(self.region))
        plain.engine.dispose()
        from dispatch.store.engine import open_engine

        self.store = Store(open_engine(url), clock=self.clock, timezone=self.region.timezone)
        self.centre = Centre(self.store, Desk(self.region))
        self.centre.prepare()
        self.unit = next(one for one in self.centre.units() if one.unit.kind == "ambulance").unit
        self.positions = PositionStore(self.store.engine)
        self.device = Device(token_hash="a" * 64, unit_id=self.unit.unit_id, kind=self.unit.kind)
        self.do(RegisterDevice(unit_id=self.unit.unit_id, token_hash="a" * 64, label="HP"))
        self.dice = random.Random(7)

    def do(self, command: Any) -> dict[str, Any]:
        return self.centre.execute(command, actor="desk")

    def route(self) -> Route:
        network = self.region.network
        while True:
            ends = [self.dice.randrange(network.node_count) for _ in range(2)]
            places = [Location(lat=float(network.node_lat[one]), lon=float(network.node_lon[one])) for one in ends]
            route: Route | None = self.region.router.route(*places)
            if route is not None and 120.0 < (route.time.driving_s or 0.0) < 500.0:
                return route

    def trip(self, *, positions: bool = True, arrives: Callable[[datetime], datetime] = lambda time: time) -> str:
        """An incident from its report to its end; gives its id."""
        route = self.route()
        place = IncidentLocation(kind=LocationKind.POINT, location=route.target.location, radius_m=20.0)
        opened = self.do(OpenIncident(category="medical", severity=Severity.HIGH, location=place))
        incident_id = str(opened["incidents"][0]["incident_id"])
        self.do(AssignUnits(incident_id=incident_id, unit_ids=(self.unit.unit_id,), override_reason="latihan uji"))
        ms = self.region.router.metric.edge_ms
        left = self.clock.now + timedelta(seconds=60)
        one = drive(
            route_stretches(route, self.region.network),
            lambda edge, share: SLOWNESS * share * float(ms[edge]) / 1000.0,
            left.timestamp(),
        )
        arrived = arrives(left + timedelta(seconds=one.seconds))
        trace = trace_of(one, self.region.network, self.region.snapper, every_s=10.0, sigma_m=6.0, dice=self.dice)
        self.clock.now = max(arrived, left + timedelta(seconds=one.seconds)) + timedelta(seconds=30)
        if positions:
            readings = [
                Reading(
                    location=point.location, device_time=datetime.fromtimestamp(point.time_s, tz=UTC), accuracy_m=9.0
                )
                for point in trace
            ]
            fixes = fixes_of(readings, self.device, source="test", received_at=self.clock.now, rules=FixRules())
            self.positions.write([Delivery(device=self.device, fixes=fixes)])
        for status, time in ((UnitStatus.EN_ROUTE, left), (UnitStatus.ON_SCENE, arrived)):
            self.do(ReportStatus(unit_id=self.unit.unit_id, status=status, device_time=time))
        for status in (UnitStatus.RETURNING, UnitStatus.AVAILABLE):
            self.do(ReportStatus(unit_id=self.unit.unit_id, status=status))
        disposition = self.store.directory().dispositions[0].disposition_id
        self.do(CloseIncident(incident_id=incident_id, disposition=disposition))
        self.clock.now += timedelta(hours=3)
        return incident_id


@pytest.fixture
def shift(sqlite_url: str) -> Shift:
    return Shift(sqlite_url)


def test_speeds_are_learnt_from_the_log_and_change_by_a_decision_alone(
    shift: Shift, sqlite_url: str, tmp_path: Path
) -> None:
    for _ in range(TRIPS):
        shift.trip()
    shift.trip(arrives=lambda time: time - timedelta(days=1))
    file = tmp_path / "speeds.json"
    span = ("--since", "2026-01-01", "--until", "2026-02-28")
    told = text(sqlite_url, "report", *span, "--out", str(file))
    assert "trips used" in told
    assert "1 impossible times" in told
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report["trips"] == report["by_trace"] == TRIPS
    assert report["after"]["median_s"] < 0.4 * report["before"]["median_s"]
    assert report["before"]["bias_s"] < -20
    assert all(0.55 < one["factor"] < 0.8 for one in report["classes"] if one["changed"] and one["trips"] >= 8)

    # Nothing has changed so far.
    assert "No learnt speeds are in force" in text(sqlite_url, "show")
    adopted = json.loads(text(sqlite_url, "adopt", str(file), "--reason", "Januari", "--json"))
    assert "by sari: Januari" in text(sqlite_url, "show")
    assert "in force already" in refused(sqlite_url, "adopt", str(file), "--reason", "lagi")

    # The running centre hears of it, and recommendations name it.
    assert shift.centre.speeds.refresh() == 1
    state = shift.centre.speeds.state
    assert state is not None
    assert state.factors.version == adopted["digest"]
    # What is in force is what a new report is compared with.
    again = json.loads(text(sqlite_url, "report", *span, "--json"))
    assert again["before"]["median_s"] < 0.4 * report["before"]["median_s"]
    assert again["warnings"][0].startswith("Trips until 2026-02-28 taught the speeds in force")

    place = IncidentLocation(kind=LocationKind.POINT, location=shift.unit.location, radius_m=20.0)
    opened = shift.do(OpenIncident(category="medical", severity=Severity.HIGH, location=place))
    made, _ = shift.centre.recommend(opened["incidents"][0]["incident_id"], actor="desk")
    with shift.store.book() as book:
        ref = book.recommendation(made)
    assert ref is not None
    assert shift.store.document(ref.digest)["speeds"] == adopted["digest"]

    text(sqlite_url, "withdraw", "--reason", "jalan baru")
    assert "nothing to withdraw" in refused(sqlite_url, "withdraw", "--reason", "lagi")
    assert shift.centre.speeds.refresh() == 1
    assert shift.centre.speeds.state is None
    types = [one.type for one in shift.store.events_after(0, types=("speeds.adopted", "speeds.withdrawn"))]
    assert types == ["speeds.adopted", "speeds.withdrawn"]
    assert care.verify(shift.store.engine).documents >= 2
    assert care.differences(shift.store.engine) == []


def test_a_trip_is_what_the_milestones_and_the_devices_say(shift: Shift) -> None:
    with_positions, without = shift.trip(), shift.trip(positions=False)
    first, second = driven_trips(shift.centre, START - timedelta(days=1), START + timedelta(days=30))
    assert first.trip_id.startswith(with_positions)
    assert len(first.trace) > 5
    assert second.trip_id.startswith(without)
    assert second.trace == ()
    with shift.store.book() as book:
        (assignment,) = book.assignments_of(without)
    assert second.departed == assignment.milestones[Milestone.EN_ROUTE].time
    assert second.arrived == assignment.milestones[Milestone.ON_SCENE].time


def test_bad_input_is_one_sentence(sqlite_url: str, tmp_path: Path) -> None:
    put_first_start(sqlite_url)
    assert "There are no trips from dispatch to arrival" in refused(sqlite_url, "report")
    assert "write a day as 2026-01-31" in refused(sqlite_url, "report", "--since", "kemarin")
    wrong_way = refused(sqlite_url, "report", "--since", "2026-02-01", "--until", "2026-01-01")
    assert "--since lies after --until" in wrong_way
    for option, day in (("--since", "0001-01-01"), ("--until", "9999-12-31")):
        assert "write a day as 2026-01-31" in refused(sqlite_url, "report", option, day)
    file = tmp_path / "speeds.json"
    assert "There is no file" in refused(sqlite_url, "adopt", str(file), "--reason", "x")
    for spoilt in ("", "[]", "{}", "\ud800"):
        file.write_bytes(spoilt.encode("utf-8", "surrogatepass"))
        assert "is no report of learnt speeds" in refused(sqlite_url, "adopt", str(file), "--reason", "x")
    error = {"trips": 5, "median_s": 1.0, "p90_s": 2.0, "bias_s": 0.0, "median_share": 0.1}
    report: dict[str, Any] = {
        "trips": 30, "held_out": 5, "by_trace": 30, "excluded": {}, "before": error, "after": error,
        "classes": [], "cells": [], "warnings": [],
    }  # fmt: skip
    area = demonstration_region().boundaries.kecamatan[0].code
    table = {"kecamatan": [area], "bin_of_hour": [0] * 168, "bins": 1}
    for rows, sentence in (
        ([["primary", area, 0, 9.0]], "from 0.05 to 3"),
        ([["primary", area, 0, 0.1]], "outside 0.2 to 3"),
        ([["primary", area, 7, 0.8]], "cannot be read"),
        ([], "nothing to adopt"),
    ):
        file.write_text(json.dumps(report | {"factors": table | {"factors": rows}}), encoding="utf-8")
        assert sentence in refused(sqlite_url, "adopt", str(file), "--reason", "x")
    good = table | {"factors": [["primary", area, 0, 0.8]]}
    for spoilt_report in (report | {"before": None}, report | {"cells": [{}]}, {"trips": 30}):
        file.write_text(json.dumps(spoilt_report | {"factors": good}), encoding="utf-8")
        assert "is no report of learnt speeds" in refused(sqlite_url, "adopt", str(file), "--reason", "x")
    other = table | {"kecamatan": ["99.99.99"], "factors": [["primary", "99.99.99", 0, 0.8]]}
    file.write_text(json.dumps(report | {"factors": other}), encoding="utf-8")
    assert "is of another region" in refused(sqlite_url, "adopt", str(file), "--reason", "x")


def test_the_command_speaks_bahasa_indonesia_unless_told_otherwise(sqlite_url: str, tmp_path: Path) -> None:
    put_first_start(sqlite_url)
    assert "Tidak ada kecepatan hasil belajar" in text(sqlite_url, "show", "--lang", "id")
    assert "Tidak ada perjalanan" in refused(sqlite_url, "report", "--lang", "id")
    assert "tulis hari sebagai 2026-01-31" in refused(sqlite_url, "report", "--lang", "id", "--since", "kemarin")
    file = tmp_path / "speeds.json"
    file.write_text(json.dumps(speed_report(0.8)), encoding="utf-8")
    assert "Berlaku mulai sekarang" in text(sqlite_url, "adopt", str(file), "--reason", "uji", "--lang", "id")
    told = text(sqlite_url, "show", "--lang", "id")
    assert "30 perjalanan dipakai" in told
    assert "malam" in told
    assert "0,80" in told


def test_adopting_and_withdrawing_over_http_are_logged_decisions_with_a_reason(sqlite_url: str) -> None:
    with centre_app(sqlite_url) as made:
        client, centre = made.app.test_client(), made.running.centre
        answer = client.get("/api/v1/speeds")
        none = answer.headers["ETag"]
        assert (answer.get_json()["in_force"], answer.get_json()["report"]) == (None, None)
        report = speed_report(0.8)
        seen = client.post("/api/v1/speeds/preview?lang=en", json={"report": report}).get_json()
        assert seen["changes"]
        assert "30 trips used" in seen["text"]
        assert seen["remarks"]
        assert client.get("/api/v1/speeds").get_json()["in_force"] is None
        named = {"Siaga112-Actor": "sari", "Idempotency-Key": "k1", "If-Match": none}
        body = {"report": report, "reason": "laporan Januari"}
        for _ in range(2):  # repeated with its key it changes nothing
            assert client.post("/api/v1/speeds", json=body, headers=named).status_code == 200
        told = client.get("/api/v1/speeds")
        held = told.get_json()["in_force"]
        assert (held["adopted_by"], held["reason"]) == ("sari", "laporan Januari")
        assert told.headers["ETag"] == f'"{held["digest"]}"'
        assert told.get_json()["report"] == {name: value for name, value in report.items() if name != "factors"}
        if centre.desk.times.routers is not None:
            centre.desk.times.routers.wait()
        metrics = client.get("/api/v1/nearest?at=-6.7172,108.5362").get_json()["times"]["metrics"]
        assert {one["speeds"] for one in metrics} == {held["digest"]}
        # Somebody who saw other speeds decides nothing; nor does a report that cannot be in force here.
        for path, sent in (("/speeds", {**body, "report": speed_report(0.9)}), ("/speeds/withdraw", {"reason": "x"})):
            stale = client.post(f"/api/v1{path}", json=sent, headers={"If-Match": none})
            assert (stale.status_code, stale.get_json()["version"]) == (412, held["digest"])
        elsewhere = {
            **report,
            "factors": {**report["factors"], "kecamatan": ["99.99.99"], "factors": [["primary", "99.99.99", 0, 0.8]]},
        }
        for wrong in (elsewhere, speed_report(9.0), speed_report(0.1), {**report, "before": None}):
            for path in ("/speeds", "/speeds/preview"):
                sent = {"report": wrong} if "preview" in path else {"report": wrong, "reason": "x"}
                assert client.post(f"/api/v1{path}", json=sent).status_code == 422
        assert client.post("/api/v1/speeds/withdraw", json={"reason": "jalan baru"}).status_code == 200
        assert client.post("/api/v1/speeds/withdraw", json={"reason": "lagi"}).status_code == 409
        assert client.get("/api/v1/speeds").get_json()["in_force"] is None
        types = [one.type for one in centre.store.events_after(0, types=("speeds.adopted", "speeds.withdrawn"))]
        assert types == ["speeds.adopted", "speeds.withdrawn"]


def test_the_page_of_speeds_shows_a_report_first_and_decides_with_a_reason(sqlite_url: str) -> None:
    with centre_app(sqlite_url) as made:
        client, centre = made.app.test_client(), made.running.centre
        text = json.dumps(speed_report(0.8))
        assert "No learnt speeds are in force" in client.get("/speeds?lang=en").text
        file = (io.BytesIO(text.encode()), "speeds.json")
        looked = client.post("/speeds?lang=en", data={"act": "look", "file": file}, content_type="multipart/form-data")
        assert "nothing has changed yet" in looked.text
        assert centre.speeds.state is None
        form = {"act": "adopt", "report": text, "seen": "none"}
        assert client.post("/speeds?lang=en", data={**form, "reason": " "}).status_code == 422
        assert centre.speeds.state is None
        assert client.post("/speeds?lang=en", data={**form, "reason": "Januari"}).status_code == 303
        shown = client.get("/speeds?lang=en").text
        assert "Januari" in shown
        assert centre.region.boundaries.kecamatan[0].name in shown
        again = client.post("/speeds?lang=en", data={**form, "reason": "lagi"})  # the page was open since before
        assert "Other speeds are in force than you saw" in again.text
        for wrong in ({"act": "look"}, {"act": "look", "report": "[]"}, {"act": "look", "report": "{"}, {}):
            assert client.post("/speeds?lang=en", data=wrong).status_code == 422
        assert client.post("/speeds", data={"act": "withdraw", "reason": "baru"}).status_code == 303
        assert centre.speeds.state is None
