"""The centre from a terminal: a whole incident, its exports and the care of the database, on both kinds of database."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from web.cli import main

POINT = "-6.7172, 108.5362"
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
WORDS = "ada pohon tumbang menimpa mobil"
NUMBER = "0812 3456 7890"


class Terminal:
    """`siaga112` on one database."""

    def __init__(self, url: str, actor: str = "sari") -> None:
        self.url = url
        self.actor = actor

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(main, [*words, "--db", self.url], env={"SIAGA112_ACTOR": self.actor})

    def text(self, *words: str) -> str:
        done = self.run(*words)
        assert done.exit_code == 0, (words, done.output)
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.text(*words, "--json"))

    def refused(self, *words: str) -> str:
        """The one sentence of a command that cannot be carried out."""
        done = self.run(*words)
        assert done.exit_code == 1, (words, done.output)
        assert done.stdout == ""
        lines = [line for line in done.stderr.splitlines() if line.startswith("siaga112: ")]
        assert len(lines) == 1, done.stderr
        assert "Traceback" not in done.stderr
        return lines[0]


@pytest.fixture
def at(store_url: str) -> Terminal:
    return Terminal(store_url)


def test_a_whole_incident_from_the_call_to_the_report(at: Terminal, tmp_path: Path) -> None:
    call = at.json("call", "take", "--number", NUMBER, "--name", "Pelapor", "--words", WORDS)["calls"][0]
    opened = at.json("incident", "open", "--category", "traffic_accident", "--severity", "high", "--at", POINT,
                     "--call", call["call_id"], "--note", "jalan dua arah")  # fmt: skip
    incident_id = opened["incidents"][0]["incident_id"]
    assert opened["incidents"][0]["status"] == "located"
    assert at.json("call", "list")[0]["incident_id"] == incident_id
    at.text("call", "end", call["call_id"])

    made = at.json("incident", "recommend", incident_id, "--assign")
    picks = [one["unit_id"] for one in made["recommendation"]["response"]["picks"]]
    assert [one["unit_id"] for one in made["assigned"]["assignments"]] == picks
    unit, *others = picks
    why = at.json("incident", "why", made["recommendation_id"], unit)
    assert (why["why"], why["computed_again"]) == ("first", True)
    assert at.text("incident", "why", made["recommendation_id"], unit, "--lang", "en").startswith("Sent: the first")
    assert at.text("incident", "why", made["recommendation_id"], unit, "--lang", "id").startswith("Dikirim")
    assert f"Unit {unit} was given to incident {incident_id} by sari" in at.refused("assign", other_incident(at), unit)

    for status in ("en_route", "on_scene"):
        at.text("status", unit, status)
    at.text("incident", "move", incident_id, "under_control")
    for status in ("transporting", "at_hospital", "returning", "available"):
        at.text("status", unit, status)
    for other in others:
        at.text("unit", "recall", other, "--reason", "tidak diperlukan")
    at.text("incident", "close", incident_id, "--disposition", "transported")
    assert "closed" in at.text("incident", "list", "--all")
    assert incident_id not in at.text("incident", "list")

    story = at.text("incident", "show", incident_id)
    for told in ("call.taken", "incident.opened", "recommendation.made", "assignment.milestone", "transported", "sari"):
        assert told in story
    personal = (WORDS, "Pelapor", NUMBER, "jalan dua arah")
    assert not any(one in story for one in personal)
    masked = at.text("incident", "show", incident_id, "--texts")
    assert "•••" in masked
    assert not any(one in masked for one in personal)
    unmasked = at.text("incident", "show", incident_id, "--reason", "menelepon balik")
    assert all(one in unmasked for one in personal)
    assert "texts.unmasked" in unmasked

    report = tmp_path / "laporan.csv"
    month = call["received_at"][:7]
    at.text("report", "monthly", "--month", month, "--out", str(report))
    rows = list(csv.DictReader(io.StringIO(report.read_bytes().decode("utf-8-sig"))))
    assert {row["notice"] for row in rows} == {"PETA CONTOH - bukan untuk operasi"}
    assert (rows[-1]["Kategori"], rows[-1]["Insiden"], rows[-1]["Panggilan"]) == ("Jumlah", "2", "1")
    exported = tmp_path / "insiden.geojson"
    at.text("export", "incidents", "--level", "agency", "--format", "geojson", "--out", str(exported))
    features = json.loads(exported.read_text(encoding="utf-8"))["features"]
    assert incident_id in {one["properties"]["incident_id"] for one in features}
    eido = json.loads(at.text("export", "eido", incident_id))
    assert eido["incidentComponent"]["internalIncidentId"] == incident_id
    alert = ElementTree.fromstring(at.text("export", "cap", incident_id))
    assert alert.findtext(f"{CAP}status") == "Exercise"
    for text in (report.read_text("utf-8-sig"), exported.read_text("utf-8"), json.dumps(eido)):
        assert not any(one in text for one in (*personal, "0812"))

    assert re.search(r"^\d+ events.*whole$", at.text("audit", "verify"), re.MULTILINE)
    assert at.json("replay") == {"differences": []}


def test_others_are_told_asked_and_corrected_from_a_terminal(at: Terminal) -> None:
    incident_id = other_incident(at)
    at.text("incident", "notified", incident_id, "polres")
    read = at.json("incident", "acknowledged", incident_id, "polres")["incidents"][0]["acknowledged"]
    assert [one["agency"] for one in read] == ["polres"]
    asked = at.json("incident", "verify", incident_id, "32.09.20.2009", "kuwu")["verifications"][0]["verification_id"]
    assert at.text("incident", "answer", asked, "confirmed").splitlines()[-1] == f"verification {asked}: confirmed"
    moved = at.json("incident", "hand-over", incident_id, "brebes")["handovers"][0]["handover_id"]
    told = at.text("incident", "receipt", moved, "BBS-7").splitlines()[-1]
    assert told == f"handover {moved}: brebes, received as BBS-7"
    other = other_incident(at)
    given = at.json("assign", other, "AMB-13")["assignments"][0]
    at.text("status", "AMB-13", "en_route")
    time = given["milestones"]["dispatched"]["server_time"]
    corrected = ("incident", "correct", given["assignment_id"], "en_route", time, "--reason", "lupa lapor")
    milestone = at.json(*corrected)["assignments"][0]["milestones"]["en_route"]
    assert milestone["corrected_time"] == time != milestone["server_time"]
    for words in (("verify", "X-9", "32.09.20.2009", "kuwu"), ("hand-over", other, "atlantis"),
                  ("notified", other, "nasa"), ("acknowledged", other, "polres"), ("answer", "X-9", "denied"),
                  ("receipt", "X-9", "BBS-8"),
                  ("correct", given["assignment_id"], "lunch", time, "--reason", "salah")):  # fmt: skip
        at.refused("incident", *words)
    assert at.json("replay") == {"differences": []}


def other_incident(at: Terminal) -> str:
    made = at.json("incident", "open", "--category", "medical", "--severity", "low", "--at", POINT)
    return str(made["incidents"][0]["incident_id"])


def test_a_backup_of_one_database_goes_on_in_another(at: Terminal, tmp_path: Path) -> None:
    incident_id = other_incident(at)
    backup = str(tmp_path / "centre.zip")
    at.text("backup", backup)
    copy = Terminal(f"sqlite:///{tmp_path / 'copy.db'}")
    copy.text("restore", backup)
    assert copy.json("incident", "show", incident_id) == at.json("incident", "show", incident_id)
    assert copy.text("audit", "verify") == at.text("audit", "verify")
    assert other_incident(copy) == other_incident(at)


def test_what_cannot_be_done_is_told_in_one_sentence_and_changes_nothing(sqlite_url: str, tmp_path: Path) -> None:
    at = Terminal(sqlite_url)
    incident_id = other_incident(at)
    before = at.text("audit", "verify")
    for words, said in (
        (["incident", "show", "000000-000"], "000000-000"),
        (["incident", "close", incident_id, "--disposition", "'; DROP TABLE incidents; --"], "disposition"),
        (["incident", "close", incident_id, "--disposition", "nothing_known"], "nothing_known"),
        (["incident", "move", incident_id, "on_scene"], "cannot become"),
        (["incident", "open", "--category", "volcano_on_mars", "--at", POINT], "volcano_on_mars"),
        (["incident", "open", "--category", "fire", "--severity", "terrible"], "severity"),
        (["incident", "note", incident_id, "x" * 1_000_000], "5000"),
        (["incident", "why", "none", "AMB-13"], "none"),
        (["status", "AMB-13", "flying"], "status"),
        (["status", "AMB-13", "en_route"], "AMB-13"),
        (["status", "NO-1", "available"], "NO-1"),
        (["status", "AMB-13", "out_of_service", "--time", "2099-01-01T00:00:00Z"], "future"),
        (["assign", incident_id, "NO-1"], "NO-1"),
        (["assign", incident_id, "AMB-13", "AMB-13"], "AMB-13"),
        (["call", "type", "C000000-0001", "ghost"], "C000000-0001"),
        (["unit", "recall", "AMB-13", "--reason", "-"], "AMB-13"),
        (["export", "cap", "000000-000"], "000000-000"),
        (["report", "monthly", "--month", "2026-13", "--out", str(tmp_path / "x.csv")], "2026-13"),
        (["audit", "verify", "--expect", "nonsense"], "SEQ:HASH"),
        (["restore", __file__], ""),
    ):
        assert said in at.refused(*words)
    assert at.text("audit", "verify") == before
    assert not (tmp_path / "x.csv").exists()


def test_a_recommendation_that_sends_nobody_says_why(sqlite_url: str) -> None:
    at = Terminal(sqlite_url)
    made = at.json("incident", "open", "--category", "fire", "--at", "-6.7, 170")
    said = at.text("incident", "recommend", made["incidents"][0]["incident_id"], "--lang", "en").splitlines()
    assert said[0] == "Nobody can be sent: see what is lacking."
    assert said[1] == "No fire engine can reach the location by road."
    assert "DAMKAR-" in said[2]
    assert said[2].endswith("No road leads from there to the location.")


def test_a_database_that_cannot_be_opened_is_told_in_one_sentence(tmp_path: Path) -> None:
    for url in (
        f"sqlite:///{tmp_path / 'no' / 'folder' / 'x.db'}",
        "postgresql://nobody@127.0.0.1:1/nowhere",
        "mysql://somewhere/x",
        "://",
    ):
        assert Terminal(url).refused("incident", "list")


def test_the_directory_of_the_region_is_in_force_from_the_start(sqlite_url: str) -> None:
    at = Terminal(sqlite_url)
    units = at.json("unit", "list")
    assert len(units) > 10
    agencies = {one["unit"]["agency"] for one in units}
    assert agencies <= {"diskominfo", "dinkes", "damkar", "bpbd", "satpolpp", "dishub", "dinsos", "polres", "pln"}


def test_the_installed_command_starts_without_a_traceback(sqlite_url: str) -> None:
    command = [sys.executable, "-m", "web.cli", "incident", "show", "000000-000", "--db", sqlite_url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("siaga112: ")
    assert "Traceback" not in done.stderr
