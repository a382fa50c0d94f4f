"""The page of a village over real HTTP: what is there, what is nobody else's, and nothing of a person."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dispatch.accounts import Role
from dispatch.commands import (
    AskVerification,
    AssignUnits,
    CloseIncident,
    EditIncident,
    OpenIncident,
    ReportStatus,
    TakeCall,
)
from dispatch.errors import RefusedError
from dispatch.incidents import IncidentLocation, LocationKind, Severity
from dispatch.reach import hidden_categories
from dispatch.types import UnitStatus
from gis.types import Location
from tests.accounts import MARK, PASSWORD, Browser, Clock, person, program
from tests.centre_app import CentreApp, centre_app, served
from web.cli import main
from web.exports import cases_of_log, cases_within, unit_kinds
from web.village_month import figure_rows, village_month

SECRETS = ("NAMA-RAHASIA", "0811 0000 112", "KATA-RAHASIA", "CATATAN-RAHASIA", "RUMAH-RAHASIA", "disp.01")
MONTH = "2026-10"
ARRIVED_AFTER = (480, 1200, None)
"""Seconds until somebody was on scene; None where nobody recorded it."""


class Villages:
    """Two kecamatan; the first with two villages. Fires and one medical incident in each village, all last month."""

    def __init__(self, made: CentreApp) -> None:
        self.made, self.centre = made, made.running.centre
        self.clock = Clock()
        made.store._clock = self.clock
        boundaries = self.centre.region.boundaries
        self.kecamatan = "32.09.20"
        self.village, self.sister = [one.code for one in boundaries.villages if one.parent_code == self.kecamatan][:2]
        self.other = next(one.code for one in boundaries.villages if one.parent_code == "32.09.21")
        # In the middle of the night by UTC: a day, and for the first one a month, later by local time.
        self.clock.now = datetime(2026, 9, 30, 17, 30, tzinfo=UTC)
        self.units = [one.unit.unit_id for one in self.centre.units() if one.unit.kind == "ambulance"]
        self.incidents = {
            code: [self._incident(code, "fire", after) for after in ARRIVED_AFTER]
            + [self._incident(code, "medical", 600)]
            for code in (self.village, self.sister, self.other)
        }
        self.clock.now = datetime(2026, 11, 10, 2, 0, tzinfo=UTC)
        self.open = {code: self._open(code, "medical") for code in self.incidents}
        self.asked = {
            code: self.centre.execute(
                AskVerification(incident_id=incident_id, village_code=code, post="kuwu"), actor="disp.01"
            )["verifications"][0]["verification_id"]
            for code, incident_id in self.open.items()
        }
        sign_in = made.running.sign_in
        for login, role, code in (
            ("kuwu", Role.VILLAGE_OFFICIAL, self.village),
            ("camat", Role.VILLAGE_OFFICIAL, self.kecamatan),
            ("taker", Role.CALL_TAKER, None),
            ("crew", Role.CREW, self.units[0]),
        ):
            person(sign_in, login, role, code)
        self.programs = {login: program(made, login) for login in ("kuwu", "camat", "taker", "crew")}

    def _open(self, code: str, category: str) -> str:
        middle = self.centre.region.boundaries.middle(code)
        call = self.centre.execute(
            TakeCall(caller_name=SECRETS[0], caller_number=SECRETS[1], words=SECRETS[2]), actor="disp.01"
        )["calls"][0]["call_id"]
        place = IncidentLocation(
            kind=LocationKind.POINT, location=Location(lat=middle.lat, lon=middle.lon), radius_m=20, label=SECRETS[4]
        )
        command = OpenIncident(category=category, severity=Severity.HIGH, location=place, call_id=call, note=SECRETS[3])
        return str(self.centre.execute(command, actor="disp.01")["incidents"][0]["incident_id"])

    def _incident(self, code: str, category: str, arrived_after_s: int | None) -> str:
        incident_id, unit_id = self._open(code, category), self.units[0]
        self.centre.execute(AssignUnits(incident_id=incident_id, unit_ids=(unit_id,)), actor="disp.01")
        if arrived_after_s is not None:
            self.clock.now += timedelta(seconds=arrived_after_s)
            self.centre.execute(ReportStatus(unit_id=unit_id, status=UnitStatus.ON_SCENE), actor="kru")
        self.clock.now += timedelta(hours=1)
        close = CloseIncident(incident_id=incident_id, disposition="transported", release_units=True)
        self.centre.execute(close, actor="disp.01")
        return incident_id


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Villages]:
    url = f"sqlite:///{tmp_path_factory.mktemp('villages') / 'siaga112.db'}"
    with centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as made:
        yield Villages(made)


def pages(code: str) -> list[str]:
    """Every address that tells of an area."""
    return [
        f"/village?area={code}&month={MONTH}", f"/village/summary?area={code}&month={MONTH}",
        f"/village/summary.csv?area={code}&month={MONTH}", f"/village/incidents.csv?area={code}&month={MONTH}",
        f"/village/map.json?area={code}&month={MONTH}", f"/village/map.html?area={code}&month={MONTH}",
    ]  # fmt: skip


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


# --- what is there -----------------------------------------------------------------------------------------------


def test_the_page_tells_open_and_past_incidents_counts_times_and_posts_of_the_own_area(there: Villages) -> None:
    page = there.programs["kuwu"].get(f"/village?month={MONTH}&lang=en").text
    for incident_id in (*there.incidents[there.village], there.open[there.village]):
        assert incident_id in page
    assert "1 open incident" in page
    assert "4 incidents in October 2026" in page
    assert "later than the standard of 15 min" in page
    assert "arrival not recorded" in page
    assert "Pos Damkar" in page
    assert "Puskesmas" in page


def test_counts_keep_incidents_whose_arrival_nobody_recorded(there: Villages) -> None:
    rows = {
        one["category"]: one for one in table(there.programs["kuwu"].get(f"/village/summary.csv?month={MONTH}").text)
    }
    fire = rows["fire"]
    assert (fire["incidents"], fire["arrival_recorded"], fire["arrival_missing"]) == ("3", "2", "1")
    assert (fire["judged"], fire["within_standard"], fire["standard_min"]) == ("2", "1", "15.0")
    assert (fire["median_min"], fire["p90_min"]) == ("8.0", "20.0")
    assert (rows["*"]["incidents"], rows["*"]["arrival_missing"]) == ("4", "1")


def test_a_single_sensitive_incident_gives_no_minutes_no_hour_and_no_house(there: Villages) -> None:
    official = there.programs["kuwu"]
    rows = {one["category"]: one for one in table(official.get(f"/village/summary.csv?month={MONTH}").text)}
    assert (rows["medical"]["incidents"], rows["medical"]["median_min"]) == ("1", "")
    assert rows["medical"]["times_withheld"] == "true"
    # Neither by taking the others from the total: its times are those of the fires alone.
    assert rows["*"]["median_min"] == rows["fire"]["median_min"]
    listed = {one["incident_id"]: one for one in table(official.get(f"/village/incidents.csv?month={MONTH}").text)}
    medical = listed[there.incidents[there.village][3]]
    assert [medical[name] for name in ("time", "lat", "lon", "dispatched", "on_scene", "response_min")] == [""] * 6
    fire = listed[there.incidents[there.village][0]]
    assert fire["lat"] and fire["response_min"] == "8.0"
    data = official.get(f"/village/map.json?month={MONTH}").get_json()
    assert [one["count"] for one in data["villages"]] == [2]  # the past one and the open one
    assert len(data["spots"]) == 3


def test_months_and_times_are_local(there: Villages) -> None:
    listed = table(there.programs["kuwu"].get(f"/village/incidents.csv?month={MONTH}").text)
    first = next(one for one in listed if one["incident_id"] == there.incidents[there.village][0])
    assert (first["date"], first["time"]) == ("2026-10-01", "00:30")
    assert table(there.programs["kuwu"].get("/village/incidents.csv?month=2026-09").text) == []


def test_the_summary_comes_out_of_the_event_log_alone(there: Villages) -> None:
    how: dict[str, Any] = {
        "area": there.kecamatan, "month": MONTH, "directory": there.made.store.directory(),
        "unit_kinds": unit_kinds(there.centre), "timezone": there.made.store.timezone,
        "now": there.made.store.now(),
    }  # fmt: skip
    span = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    by_tables = village_month(cases_within(there.centre, there.kecamatan, *span), **how)
    by_log = village_month(cases_of_log(there.centre, None, None), **how)
    assert by_tables == by_log
    assert figure_rows(by_log, there.made.store.directory(), "id")[-1][4] == 8


def test_a_terminal_tells_the_same_month_from_the_log(there: Villages, tmp_path: Path) -> None:
    url = there.made.store.engine.url.render_as_string(hide_password=False)
    for flags, path in (((), "summary"), (("--incidents",), "incidents")):
        out = tmp_path / f"{path}.csv"
        asked = ["report", "village", there.village, "--month", MONTH, "--out", str(out), "--db", url, *flags]
        done = CliRunner().invoke(main, asked)
        assert done.exit_code == 0, done.output
        page = there.programs["kuwu"].get(f"/village/{path}.csv?month={MONTH}&lang=id").text
        assert table(out.read_text(encoding="utf-8")) == table(page)
    refused = CliRunner().invoke(main, ["report", "village", "32.09", "--month", MONTH, "--json", "--db", url])
    assert refused.exit_code != 0
    assert "tidak punya desa atau kecamatan “32.09”" in refused.output


def test_the_list_is_filtered_and_paged(there: Villages) -> None:
    camat = there.programs["camat"]
    page = camat.get(f"/village?month={MONTH}&category=medical").text
    assert there.incidents[there.village][3] in page
    assert there.incidents[there.village][0] not in page
    assert camat.get(f"/village?month={MONTH}&page=99").status_code == 200
    assert camat.get(f"/village?month={MONTH}&page=x").status_code == 200


def test_the_map_file_is_whole_and_asks_nobody(there: Villages) -> None:
    answer = there.programs["kuwu"].get(f"/village/map.html?month={MONTH}")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "default-src 'none'" in answer.text
    assert len(answer.data) < 2_500_000
    # What it may load, its policy says; what a browser then does, the test in a browser.
    assert not re.search(r'(src|href)=\\?"https?://(?!leafletjs)', answer.text)


def test_a_page_is_light(there: Villages) -> None:
    stamp = there.made.app.extensions["siaga112-asset-version"]
    official = there.programs["camat"]
    files = [f"/static/{stamp}/{name}" for name in ("people.css", "plain.css", "icon.svg", "js/village.js")]
    weight = sum(len(official.get(path).data) for path in [f"/village?month={MONTH}", *files])
    assert weight < 60_000


# --- what is not -------------------------------------------------------------------------------------------------


def test_nothing_of_a_person_and_nothing_of_another_area_in_any_answer(there: Villages) -> None:
    for login, own, hidden in (
        ("kuwu", there.village, (there.sister, there.other)),
        ("camat", there.kecamatan, (there.other,)),
    ):
        for path in pages(own)[: 6 if login == "kuwu" else 5]:
            text = there.programs[login].get(path).text
            for secret in SECRETS:
                assert secret not in text, (login, path)
            for code in hidden:
                for incident_id in (*there.incidents[code], there.open[code], there.asked[code]):
                    assert incident_id not in text, (login, path)


def test_the_area_of_somebody_else_is_not_found_however_it_is_written(there: Villages) -> None:
    kecamatan = there.kecamatan
    crafted = [
        there.sister, there.other, kecamatan, "32.09", "32", kecamatan[:-1], f"{kecamatan}0", f"{there.village}0",
        f"{there.village}.", f"{there.village} ", f" {there.village}", f"{there.village}%00", "%", "_", "32.09.20.%25",
        f"{there.village}&area={there.other}&x=", "' OR 1=1 --", "*", "-",
    ]  # fmt: skip
    for code in crafted:
        for path in ("/village/incidents.csv?area=" + code,) if "&area=" in code else pages(code):
            answer = there.programs["kuwu"].get(path)
            if "&area=" in code:  # the first one counts, and that is the own
                assert answer.status_code == 200
                assert there.incidents[there.other][0] not in answer.text
            else:
                assert answer.status_code == 404, (path, answer.text[:200])
    # 32.09.2 is the beginning of 32.09.20, and 32.09.20 of 32.09.200: neither lies in the other.
    assert there.programs["camat"].get(f"/village?area={there.other}").status_code == 404
    assert there.programs["camat"].get(f"/village?area={there.sister}").status_code == 200


def test_who_is_bound_to_a_kecamatan_gets_nothing_of_one_whose_code_begins_alike(there: Villages) -> None:
    sign_in = there.made.running.sign_in
    person(sign_in, "pendek", Role.VILLAGE_OFFICIAL, "32.09.02")
    short = program(there.made, "pendek")
    page = short.get(f"/village?month={MONTH}").text
    for code in there.incidents:
        assert code not in page
        assert short.get(f"/village?area={code}").status_code == 404


def test_who_sees_the_whole_centre_chooses_an_area_and_sees_what_its_officials_see(there: Villages) -> None:
    taker = there.programs["taker"]
    assert "Kedawung" in taker.get("/village").text
    page = taker.get(f"/village?area={there.village}&month={MONTH}").text
    assert there.incidents[there.village][0] in page
    for secret in SECRETS:
        assert secret not in page
    assert taker.get("/village?area=32.09").status_code == 404
    assert taker.get("/village/summary.csv").status_code == 400
    assert there.programs["crew"].get("/village").status_code == 403
    assert there.made.app.test_client().get("/village").status_code == 401


def test_a_month_that_is_none_is_refused(there: Villages) -> None:
    for month in ("2026-13", "x", "2026-1", "1999-01", "2026-10%0a", "20261-0"):
        answer = there.programs["kuwu"].get(f"/village/summary.csv?month={month}")
        assert answer.status_code == 400, month
        assert answer.get_json()["detail"].endswith(".")


def test_the_event_stream_holds_nothing_of_another_area(there: Villages) -> None:
    with served(there.made.app) as port:
        headers = {**there.programs["kuwu"].headers, "Accept": "application/json"}
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/events?limit=500", headers=headers)
        text = urllib.request.urlopen(asked).read().decode()
        assert there.open[there.village] in text
        for code in (there.sister, there.other):
            for incident_id in (*there.incidents[code], there.open[code]):
                assert f'"incident_id":"{incident_id}"' not in text
        with pytest.raises(urllib.error.HTTPError) as refused:
            address = f"http://127.0.0.1:{port}/village?area={there.other}"
            urllib.request.urlopen(urllib.request.Request(address, headers=headers))
        assert refused.value.code == 404


def test_a_token_is_taken_as_a_password_for_tiles_alone(there: Villages) -> None:
    # All that QGIS 3.22 can send; a browser would add a password to what other pages ask for.
    token = there.programs["kuwu"].headers["Authorization"].removeprefix("Bearer ")
    client = there.made.app.test_client()
    for path in ("/tiles/12/3283/2124.png", "/tiles.json"):
        assert client.get(path, auth=("kuwu", token)).status_code == 200
        assert client.get(path, auth=("kuwu", f"{token}x")).status_code == 401
        assert client.get(path, auth=("kuwu", PASSWORD)).status_code == 401
        assert client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    for path in ("/api/v1/me", "/village", "/api/v1/incidents"):
        assert client.get(path, auth=("kuwu", token)).status_code == 401
    asked = there.asked[there.village]
    answer = client.post(f"/village/verifications/{asked}", auth=("kuwu", token), data={"answer": "denied"})
    assert answer.status_code == 401


def test_a_tile_tells_of_no_incident(there: Villages) -> None:
    # The same picture before and after, for who may see everything and for who may see little.
    path = "/tiles/12/3283/2124.png"
    assert there.programs["kuwu"].get(path).data == there.programs["taker"].get(path).data
    before = there.programs["kuwu"].get(path).data
    there._open(there.village, "fire")
    assert there.programs["kuwu"].get(path).data == before


# --- when it was --------------------------------------------------------------------------------------------------


class Patient:
    """A medical incident of an earlier month that ended in a hospital, and what the centre knows of its times."""

    def __init__(self, there: Villages) -> None:
        self.there = there
        store, now = there.made.store, there.clock.now
        there.clock.now = self.began = datetime(2026, 7, 20, 14, 37, 41, tzinfo=UTC)
        self.incident_id, unit_id = there._open(there.village, "medical"), there.units[1]
        there.centre.execute(AssignUnits(incident_id=self.incident_id, unit_ids=(unit_id,)), actor="disp.01")
        hospital = store.directory().hospitals[0].hospital_id
        for status, more in (
            (UnitStatus.EN_ROUTE, {}), (UnitStatus.ON_SCENE, {}), (UnitStatus.TRANSPORTING, {"hospital": hospital}),
        ):  # fmt: skip
            there.clock.now += timedelta(seconds=431)
            there.centre.execute(ReportStatus(unit_id=unit_id, status=status, **more), actor="kru")  # type: ignore[arg-type]
        self.hospital = hospital
        there.clock.now = now

    def close(self) -> None:
        there, unit_id = self.there, self.there.units[1]
        now, there.clock.now = there.clock.now, self.began + timedelta(hours=2, seconds=77)
        there.centre.execute(ReportStatus(unit_id=unit_id, status=UnitStatus.AT_HOSPITAL), actor="kru")
        there.centre.execute(
            CloseIncident(incident_id=self.incident_id, disposition="deceased", release_units=True), actor="disp.01"
        )
        there.clock.now = now

    def clocks(self, form: str) -> set[str]:
        """Every time of day that the log keeps of it, in UTC and as it is here."""
        moments = [one.server_time for one in self.there.made.store.events_after(0, incident_id=self.incident_id)]
        assert len(moments) > 6
        here = self.there.made.store.timezone
        return {one.astimezone(zone).strftime(form) for one in moments for zone in (UTC, here)}

    def answers(self, official: Any) -> dict[str, str]:
        """Whatever tells an official of it."""
        about = {}
        for path in ("", "/story"):
            at = f"/api/v1/incidents/{self.incident_id}{path}"
            about[at] = official.get(at).text
        whole = official.get("/api/v1/incidents?limit=200").get_json()["items"]
        about["list"] = json.dumps([one for one in whole if one["incident_id"] == self.incident_id])
        log = official.get("/api/v1/events?limit=500").get_json()["events"]
        about["events"] = json.dumps([one for one in log if one["incident_id"] == self.incident_id])
        board = official.get("/api/v1/board").get_json()["incidents"]
        about["board"] = json.dumps([one for one in board if one["incident_id"] == self.incident_id])
        stream = official.get("/api/v1/events?after=0", headers={"Accept": "text/event-stream"}, buffered=False)
        wanted, told = about["events"].count('"seq"'), []
        for piece in stream.response:
            if f'"incident_id":"{self.incident_id}"' in (text := piece.decode()):
                told.append(text)
            if len(told) == wanted:
                break
        stream.close()
        about["stream"] = "".join(told)
        about["sheet"] = official.get(f"/incidents/{self.incident_id}/sheet").text.partition('<p class="hint">')[0]
        path = "/village/incidents.csv?month=2026-07"
        about[path] = "".join(line for line in official.get(path).text.splitlines() if self.incident_id in line)
        return about


def test_times_of_a_sensitive_incident_are_told_to_the_minute_while_it_is_open_and_to_the_day_afterwards(
    there: Villages,
) -> None:
    patient, official = Patient(there), there.programs["kuwu"]
    open_now = patient.answers(official)
    seconds = patient.clocks("%H:%M:%S") | patient.clocks("%H.%M.%S")
    for where, text in open_now.items():
        assert not [one for one in seconds if one in text], where
    assert "T14:37:00Z" in open_now["board"]
    patient.close()
    over = patient.answers(official)
    minutes = patient.clocks("%H:%M") | patient.clocks("%H.%M")
    for where, text in over.items():
        assert not [one for one in minutes if one in text], where
    # The day is told, and it is the local one.
    found = json.loads(over[f"/api/v1/incidents/{patient.incident_id}"])
    assert {found["incident"][name] for name in ("received_at", "status_at", "closed_at")} == {"2026-07-19T17:00:00Z"}
    assert "20 Jul 2026" in over["sheet"]
    assert "2026-07-20" in over["/village/incidents.csv?month=2026-07"]
    # Neither what became of the patient, open or over.
    for answers in (open_now, over):
        for where, text in answers.items():
            for word in (patient.hospital, "deceased", "Meninggal", "transporting", "transported"):
                assert word not in text, (where, word)
    # Who runs the centre is told all of it, and what is counted is counted exactly.
    whole = there.programs["taker"].get(f"/api/v1/incidents/{patient.incident_id}").get_json()
    assert whole["incident"]["received_at"] == "2026-07-20T14:37:41Z"
    assert whole["assignments"][0]["hospital"] == patient.hospital
    fire = official.get(f"/api/v1/incidents/{there.incidents[there.village][0]}").get_json()
    assert fire["incident"]["received_at"] == "2026-09-30T17:30:00Z"


def test_a_minute_is_not_found_by_asking_for_many_spans_nor_in_the_mark_of_a_page(there: Villages) -> None:
    official, incident_id = there.programs["kuwu"], there.incidents[there.village][3]
    with there.made.store.book() as book:
        found = book.incident(incident_id)
    assert found is not None
    before, after = found.received_at - timedelta(minutes=1), found.received_at + timedelta(minutes=1)

    def asked(**span: datetime) -> list[str]:
        query = "&".join(f"{name}={at:%Y-%m-%dT%H:%M:%SZ}" for name, at in span.items())
        rows = official.get(f"/api/v1/incidents?limit=200&{query}").get_json()["items"]
        return [one["incident_id"] for one in rows]

    assert asked(since=before) == asked(since=after)
    assert asked(until=before) == asked(until=after)
    assert incident_id in asked(since=after, until=after + timedelta(minutes=1))
    assert incident_id not in asked(since=before + timedelta(days=1))
    page = official.get("/api/v1/incidents?limit=1").get_json()
    assert json.loads(base64.urlsafe_b64decode(f"{page['next']}===")) == page["items"][0]["incident_id"]
    of_others = base64.urlsafe_b64encode(json.dumps(there.open[there.other]).encode()).decode()
    assert official.get(f"/api/v1/incidents?cursor={of_others}").status_code == 422


def test_an_export_for_a_village_tells_days_of_what_is_sensitive(there: Villages) -> None:
    now = there.clock.now
    for day in range(5):
        there.clock.now = datetime(2026, 8, 3 + day, 9, 12, tzinfo=UTC)
        there._incident(there.sister, "medical", 300)
    there.clock.now = now
    for login, hours in (("camat", {"00"}), ("disp", {"16"})):
        if login == "disp":
            person(there.made.running.sign_in, login, Role.DISPATCHER)
            there.programs[login] = program(there.made, login)
        span = "since=2026-08-01T00:00:00Z&until=2026-09-01T00:00:00Z"
        text = there.programs[login].get(f"/api/v1/exports/incidents.csv?{span}").text
        rows = [one for one in table(text) if one["category"] == "medical"]
        assert len(rows) == 5, login
        assert {one["hour"][11:13] for one in rows} == hours, login


# --- hidden categories -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hidden(there: Villages) -> list[str]:
    """Incidents of a hidden category in the village: six last month, one that is open now."""
    assert "violence_women_children" in hidden_categories(there.made.store.directory())
    now, there.clock.now = there.clock.now, datetime(2026, 10, 12, 3, 0, tzinfo=UTC)
    over = [there._incident(there.village, "violence_women_children", 300) for _ in range(6)]
    there.clock.now = now + timedelta(hours=1)
    return [*over, there._open(there.village, "violence_women_children")]


def test_no_village_and_no_kecamatan_is_told_of_an_incident_of_a_hidden_category(
    there: Villages, hidden: list[str]
) -> None:
    for login, codes in (("kuwu", [there.village]), ("camat", [there.village, there.kecamatan])):
        official = there.programs[login]
        now = [f"/village?area={code}" for code in codes] + [f"/village/map.json?area={code}" for code in codes]
        asked = [*now, *(path for code in codes for path in pages(code)), "/api/v1/incidents?limit=200",
                 "/api/v1/events?limit=500", "/api/v1/board"]  # fmt: skip
        for path in asked:
            answer = official.get(path)
            assert answer.status_code in (200, 403), path
            for incident_id in hidden:
                assert incident_id not in answer.text, (login, path)
            assert 'option value="violence' not in answer.text
        for incident_id in hidden:
            for path in ("", "/sheet", "/map.png"):
                at = f"/incidents/{incident_id}{path}" if path else f"/api/v1/incidents/{incident_id}"
                assert official.get(at).status_code in (403, 404), at
        rows = {one["category"]: one for one in table(official.get(f"/village/summary.csv?month={MONTH}").text)}
        assert rows["*"]["incidents"] == {"kuwu": "4", "camat": "8"}[login]
        assert "violence_women_children" not in rows
    # Who runs the centre sees them; the village's own page hides them from him as from the village.
    assert there.programs["taker"].get(f"/api/v1/incidents/{hidden[0]}").status_code == 200
    assert hidden[0] not in there.programs["taker"].get(f"/village?area={there.village}&month={MONTH}").text


def test_hidden_incidents_are_counted_for_a_kecamatan_once_the_month_is_over_and_never_by_village(
    there: Villages, hidden: list[str]
) -> None:
    def row(login: str, area: str, month: str) -> dict[str, str] | None:
        text = there.programs[login].get(f"/village/summary.csv?area={area}&month={month}").text
        return next((one for one in table(text) if one["category"] == "unlisted"), None)

    whole = row("camat", there.kecamatan, MONTH)
    assert whole is not None
    assert (whole["incidents"], whole["units_sent"], whole["median_min"]) == ("6", "", "")
    assert row("camat", there.village, MONTH) is None
    assert row("kuwu", there.village, MONTH) is None
    assert row("camat", there.kecamatan, "2026-11") is None  # it would grow on the day of the incident
    few = row("camat", there.kecamatan, "2026-09")
    assert few is not None
    assert few["incidents"] == ""  # none, or fewer than five: both look the same
    page = there.programs["camat"].get(f"/village?month={MONTH}&lang=en").text
    assert "In the whole kecamatan there were 6 of them" in page
    assert "6 of them" not in there.programs["kuwu"].get(f"/village?month={MONTH}&lang=en").text


def test_a_village_is_not_asked_about_a_hidden_incident_nor_about_one_that_became_hidden(
    there: Villages, hidden: list[str]
) -> None:
    with pytest.raises(RefusedError, match="hidden from villages"):
        there.centre.execute(
            AskVerification(incident_id=hidden[-1], village_code=there.village, post="kuwu"), actor="disp.01"
        )
    turned = there._open(there.village, "fire")
    asked = there.centre.execute(
        AskVerification(incident_id=turned, village_code=there.village, post="kuwu"), actor="disp.01"
    )["verifications"][0]["verification_id"]
    kuwu = there.programs["kuwu"]
    assert asked in kuwu.get("/village").text
    there.centre.execute(EditIncident(incident_id=turned, category="violence_women_children"), actor="disp.01")
    for path in ("/village", "/api/v1/events?limit=500", "/api/v1/incidents?limit=200"):
        text = kuwu.get(path).text
        assert asked not in text
        assert turned not in text
    answer = kuwu.post(f"/village/verifications/{asked}", data={"answer": "denied"})
    assert answer.status_code == 404
    # Put right again it is there, but not what it was held for.
    there.centre.execute(EditIncident(incident_id=turned, category="fire"), actor="disp.01")
    assert turned in kuwu.get("/village").text
    assert "violence_women_children" not in kuwu.get("/api/v1/events?limit=500").text


# --- answering ---------------------------------------------------------------------------------------------------


def test_a_village_answers_without_scripts_and_only_what_it_was_asked(there: Villages) -> None:
    browser = Browser(there.made)
    browser.sign_in("kuwu")
    mine, other = there.asked[there.village], there.asked[there.sister]
    assert browser.send(f"/village/verifications/{other}", "/village", answer="confirmed").status_code == 404
    assert browser.send(f"/village/verifications/{mine}", "/village", answer="maybe").status_code == 422
    assert browser.client.post(f"/village/verifications/{mine}", data={"answer": "denied"}).status_code == 400
    before = there.made.store.head()[0]
    answered = browser.send(f"/village/verifications/{mine}", "/village", answer="confirmed")
    assert answered.status_code == 303
    event = there.made.store.events_after(before)[-1]
    assert (event.type, event.actor, event.payload["answer"]) == ("verification.answered", "kuwu", "confirmed")
    page = browser.get(answered.headers["Location"]).text
    assert mine not in page
    again = browser.send(f"/village/verifications/{mine}", "/village", answer="denied")
    assert again.status_code == 409
    with there.made.store.book() as book:
        assert book.verification(mine).answer == "confirmed"  # type: ignore[union-attr]


def test_an_answer_after_the_session_had_ended_says_that_it_was_not_sent(there: Villages) -> None:
    browser = Browser(there.made)
    browser.sign_in("camat")
    page = browser.get("/village").text
    asked = there.asked[there.sister]
    assert asked in page
    mark = MARK.search(page)
    assert mark
    there.made.running.sign_in.sign_out_everywhere("camat", actor="admin")
    form = {"csrf_token": mark[1], "answer": "denied"}
    late = browser.client.post(f"/village/verifications/{asked}", data=form, headers={"Accept": "text/html"})
    assert late.headers["Location"] == "/sign-in?next=/village&unsent=1"
    assert 'role="alert"' in browser.get(late.headers["Location"]).text
    browser.sign_in("camat")
    tabs = [MARK.search(browser.get("/village").text) for _ in range(2)]
    codes = [
        browser.client.post(
            f"/village/verifications/{asked}",
            data={"csrf_token": one[1], "answer": said},
            headers={"Accept": "text/html"},
        ).status_code
        for one, said in zip(tabs, ("confirmed", "denied"), strict=True)
        if one is not None
    ]
    assert codes == [303, 409]
    with there.made.store.book() as book:
        assert book.verification(asked).answer == "confirmed"  # type: ignore[union-attr]


def test_a_spreadsheet_runs_nothing_of_a_table(there: Villages, monkeypatch: pytest.MonkeyPatch) -> None:
    for evil in ("=HYPERLINK(1)", "+1", "-1+1", "@SUM(1)", "\t=1", "＝1"):
        monkeypatch.setattr("web.village_month.category_name", lambda *_, evil=evil: evil)
        for path in ("summary", "incidents"):
            for row in table(there.programs["kuwu"].get(f"/village/{path}.csv?month={MONTH}&lang=id").text):
                assert row["category_name"] in (f"'{evil}", "Jumlah"), path
