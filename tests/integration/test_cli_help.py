"""Help for the call taker from a terminal: what it tells, in two languages, and what it refuses in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from web.cli import main

POINT = "-6.7172, 108.5362"
BESIDE = "-6.7174, 108.5363"
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
NUMBER = "0812 3456 7890"
WORDS = "ada motor terbakar"


class Terminal:
    """`siaga112` on one database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(main, [*words, "--db", self.url], env={"SIAGA112_ACTOR": "sari"})

    def text(self, *words: str) -> str:
        done = self.run(*words)
        assert done.exit_code == 0, (words, done.output)
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.text(*words, "--json"))

    def refused(self, *words: str, exit_code: int = 1) -> str:
        done = self.run(*words)
        assert done.exit_code == exit_code, (words, done.output)
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        lines = [line for line in done.stderr.splitlines() if line.startswith(("siaga112: ", "Error: "))]
        assert len(lines) == 1, done.stderr
        return lines[0]

    def call(self, *words: str) -> str:
        return str(self.json("call", "take", "--number", NUMBER, *words)["calls"][0]["call_id"])

    def incident(self, *words: str) -> str:
        return str(self.json("incident", "open", *words)["incidents"][0]["incident_id"])


@pytest.fixture
def at(sqlite_url: str) -> Terminal:
    return Terminal(sqlite_url)


def test_duplicates_are_listed_with_the_parts_of_their_score(at: Terminal) -> None:
    near = at.incident("--category", "fire", "--at", POINT)
    at.incident("--category", "fire", "--at", POINT, "--exercise")
    call_id = at.call()
    asked = ("call", "duplicates", call_id, "--at", BESIDE, "--category", "fire")
    (found,) = at.json(*asked)["candidates"]
    assert (found["incident_id"], found["likeness"], found["category"]["relation"]) == (near, "likely", "same")
    parts = found["space"]["score"] * found["time"]["score"] * found["category"]["score"]
    assert found["score"] == pytest.approx(parts, abs=1e-6)
    for lang, likely in (("en", "likely"), ("id", "kemungkinan besar")):
        line = at.text(*asked, "--lang", lang).splitlines()[1]
        assert line.startswith(near)
        assert likely in line

    # A call that has its incident is compared as that, and never with itself.
    other = at.incident("--category", "fire", "--at", BESIDE, "--call", call_id)
    assert [one["incident_id"] for one in at.json("call", "duplicates", call_id)["candidates"]] == [near]
    assert [one["incident_id"] for one in at.json("incident", "duplicates", near)["candidates"]] == [other]
    at.text("incident", "cancel", other, "--reason", "keliru")
    assert at.text("incident", "duplicates", near, "--lang", "en") == "No open incident is like it.\n"


def test_the_ghost_score_of_a_call_says_its_rules_and_that_no_number_is_refused(at: Terminal) -> None:
    for _ in range(2):
        at.call("--type", "prank")
    call_id = at.call()
    score = at.json("call", "ghost", call_id)
    assert (score["points"], score["level"]) == (2 * (10 + 3 + 1), "some")
    said = at.text("call", "ghost", call_id, "--lang", "en").splitlines()
    assert said[0] == "Some ghost or prank calls from this number (28 of 100 points)."
    assert said[1].split(maxsplit=1) == ["+20", "2 ghost or prank calls in the last hour"]
    assert said[-1] == "A number is never refused automatically: every call is answered."
    assert at.text("call", "ghost", call_id).splitlines()[-1].startswith("Nomor tidak pernah ditolak")
    unknown = at.json("call", "take")["calls"][0]["call_id"]
    assert "without a number" in at.text("call", "ghost", unknown, "--lang", "en").splitlines()[0]


def test_timers_tell_who_is_waited_for_and_until_when(at: Terminal) -> None:
    assert at.text("incident", "timers", "--lang", "en") == "Nothing is waited for.\n"
    first = at.incident("--category", "medical", "--at", POINT)
    at.incident("--category", "fire", "--at", POINT)
    at.text("assign", first, "AMB-13")
    own = at.json("incident", "timers", first)["timers"]
    assert ("turnout", "AMB-13") in [(one["kind"], one["unit_id"]) for one in own]
    every = at.json("incident", "timers")["timers"]
    assert len(every) > len(own)
    assert [one["due_at"] for one in every] == sorted(one["due_at"] for one in every)
    shown = at.text("incident", "timers", first, "--lang", "en").splitlines()
    assert any("AMB-13" in line and line.endswith(" left") for line in shown)
    assert at.text("incident", "timers", "--overdue", "--lang", "en") == "Nothing is overdue.\n"


def test_a_neighbour_is_named_at_the_edge_and_not_far_from_it(at: Terminal) -> None:
    inland = at.incident("--category", "medical", "--at", "-6.83, 108.62")
    found = at.json("incident", "border", inland)
    assert (found["standing"], found["contacts"]) == ("far", [])
    assert len(at.text("incident", "border", inland, "--lang", "en").splitlines()) == 1
    near = at.incident("--category", "medical", "--at", POINT)
    assert at.json("incident", "border", near)["standing"] == "near"
    assert "brebes" in at.text("incident", "border", near)
    outside = at.incident("--category", "medical", "--at", "-6.9, 109.3")
    found = at.json("incident", "border", outside)
    assert found["standing"] == "outside"
    assert found["contacts"]
    shown = at.text("incident", "border", outside, "--lang", "id").splitlines()
    assert shown[0].startswith("Di luar wilayah")
    assert [one["neighbour_id"] for one in found["contacts"]] == [line.split()[0] for line in shown[2:]]
    assert all(one["contact"] in line for one, line in zip(found["contacts"], shown[2:], strict=True))
    nowhere = at.incident("--category", "medical")
    assert "locate the incident" in at.text("incident", "border", nowhere, "--lang", "en")


def test_an_alert_is_issued_kept_and_followed(at: Terminal, tmp_path: Path) -> None:
    incident_id = at.incident("--category", "fire", "--at", POINT)
    file = tmp_path / "alert.xml"
    assert at.text("incident", "alert", incident_id, "--out", str(file)).strip() == str(file)
    message = ElementTree.fromstring(file.read_text(encoding="utf-8"))
    assert (message.findtext(f"{CAP}msgType"), message.findtext(f"{CAP}status")) == ("Alert", "Exercise")
    alert_id = message.findtext(f"{CAP}identifier") or ""
    assert at.text("export", "alert", alert_id) == file.read_text(encoding="utf-8")
    assert "Update" in at.refused("incident", "alert", incident_id, "--lang", "en")
    follow = at.json("incident", "alert", incident_id, "--message", "cancel")
    assert follow["alerts"][0]["references"] == [alert_id]
    assert alert_id in follow["cap"]
    private = ("incident", "alert", incident_id, "--scope", "private")
    assert "nasa" in at.refused(*private, "--to", "nasa")
    assert "polres" in at.text(*private, "--to", "polres")


def test_erased_texts_are_gone_and_the_log_stays_whole(at: Terminal) -> None:
    call_id = at.call("--name", "Pelapor", "--words", WORDS)
    incident_id = at.incident("--category", "fire", "--at", POINT, "--call", call_id, "--note", "rumah biru")
    said = at.text("incident", "show", incident_id, "--reason", "menelepon balik")
    assert all(one in said for one in (NUMBER, "Pelapor", WORDS, "rumah biru"))
    erased = at.text("call", "erase-texts", call_id, "--reason", "diminta pelapor", "--lang", "en")
    assert erased == "3 texts were erased.\n"
    said = at.text("incident", "show", incident_id, "--reason", "memeriksa lagi")
    assert "rumah biru" in said
    assert not any(one in said for one in (NUMBER, "Pelapor", WORDS))
    assert len(at.json("incident", "erase-texts", incident_id, "--reason", "diminta pelapor")["erased"]) == 1
    said = at.text("incident", "show", incident_id, "--reason", "memeriksa lagi")
    assert "rumah biru" not in said
    assert "nothing to erase" in at.refused("call", "erase-texts", call_id, "--reason", "lagi", "--lang", "en")
    assert "whole" in at.text("audit", "verify")
    assert at.json("replay") == {"differences": []}


def test_what_cannot_be_done_is_told_in_one_sentence_and_changes_nothing(at: Terminal) -> None:
    call_id = at.call("--words", WORDS)
    incident_id = at.incident("--category", "fire", "--at", POINT, "--call", call_id)
    before = at.text("audit", "verify")
    for words, said in (
        (["call", "duplicates"], "--at"),
        (["call", "duplicates", "C000000-0001"], "C000000-0001"),
        (["call", "duplicates", "--at", "-96.7, 108.5"], "96.7"),
        (["call", "duplicates", "--category", "volcano_on_mars"], "volcano_on_mars"),
        (["incident", "duplicates", "000000-000"], "000000-000"),
        (["call", "ghost", "'; DROP TABLE calls; --"], "DROP TABLE"),
        (["incident", "timers", "000000-000"], "000000-000"),
        (["incident", "border", "000000-000"], "000000-000"),
        (["incident", "alert", "000000-000"], "000000-000"),
        (["incident", "alert", incident_id, "--message", "update"], "Alert"),
        (["incident", "alert", incident_id, "--scope", "private"], "addresses"),
        (["export", "alert", "none"], "none"),
        (["call", "erase-texts", call_id, "--reason", f"telepon {NUMBER}"], "numbers of people"),
        (["call", "erase-texts", call_id, "--reason", ""], "reason"),
        (["incident", "erase-texts", "000000-000", "--reason", "diminta"], "000000-000"),
    ):
        assert said in at.refused(*words, "--lang", "en"), words
    at.refused("incident", "alert", incident_id, "--hours", "0", exit_code=2)
    at.refused("incident", "alert", incident_id, "--scope", "everybody", exit_code=2)
    assert at.text("audit", "verify") == before
