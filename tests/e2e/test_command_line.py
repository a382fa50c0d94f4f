"""The command line of the desk in a real browser: short ids, sentences, completion, help, undo by correcting events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.centre_app import HERE, CentreApp, centre_app, served
from tests.e2e.screen import PATIENCE_MS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CentreApp, str]]:
    url = f"sqlite:///{tmp_path_factory.mktemp('line') / 'siaga112.db'}"
    with centre_app(url) as made, served(made.app) as port:
        yield made, f"http://127.0.0.1:{port}"


@pytest.fixture
def opened(browser: Browser, office: tuple[CentreApp, str]) -> Iterator[Any]:
    contexts, failed = [], []

    def page(language: str = "id") -> Page:
        context = browser.new_context(viewport={"width": 1366, "height": 900}, locale="id-ID")
        contexts.append(context)
        made: Page = context.new_page()
        made.set_default_timeout(PATIENCE_MS)
        made.on("pageerror", lambda error: failed.append(str(error)))
        made.goto(f"{office[1]}/?lang={language}")
        made.wait_for_selector("html[data-ready=true]")
        return made

    yield page
    for context in contexts:
        context.close()
    assert not failed


def ask(made: CentreApp, path: str) -> Any:
    return made.app.test_client().get(f"/api/v1{path}").get_json()


def opened_incident(made: CentreApp, category: str = "medical") -> str:
    body = {"category": category, "severity": "high", "location": HERE}
    answer = made.app.test_client().post("/api/v1/incidents", json=body).get_json()
    return str(answer["incidents"][0]["incident_id"])


def short(incident_id: str) -> str:
    return f"I{int(incident_id.rpartition('-')[2])}"


def give(page: Page, text: str, answer: str) -> None:
    """Write a command and read its answer."""
    if not page.locator("#command").evaluate("(box) => box === document.activeElement"):
        page.keyboard.press("/")
        expect(page.locator("#command")).to_be_focused()
    page.locator("#command").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator("#command-answer")).to_contain_text(answer)
    expect(page.locator("#line")).not_to_have_attribute("aria-busy", "true")


def status(made: CentreApp, unit_id: str) -> str:
    return str(ask(made, f"/units/{unit_id}")["unit"]["unit"]["status"])


def test_a_village_is_asked_and_an_agency_told(office: tuple[CentreApp, str], opened: Any) -> None:
    made, _ = office
    incident_id = opened_incident(made)
    page = opened()
    give(page, f"/v {short(incident_id)}", f"ditanya apakah laporan {incident_id} benar")
    (asked,) = ask(made, f"/incidents/{incident_id}")["verifications"]
    assert (asked["post"], asked["village_code"][:5]) == ("Pemerintah desa", "32.09")
    expect(page.locator("#incident-story, .story")).to_contain_text("Pemerintah desa")
    give(page, "/o bpbd", "diberi tahu tentang")
    assert ask(made, f"/incidents/{incident_id}")["incident"]["notified"] == ["bpbd"]
    give(page, f"/o {short(incident_id)} pemda", "Tidak ada instansi “pemda”")
    give(page, "/undo", "tidak dapat ditarik kembali")


def test_a_unit_is_sent_reported_and_taken_back_by_short_ids(office: tuple[CentreApp, str], opened: Any) -> None:
    made, _ = office
    incident_id = opened_incident(made)
    page = opened()
    give(page, f"/d A12 {short(incident_id)}", f"AMB-12 dikirim ke {incident_id}.")
    expect(page.locator(".incident-title .incident-id")).to_have_text(incident_id)
    assert status(made, "AMB-12") == "dispatched"
    give(page, "/s a12 er", "AMB-12 sekarang: Menuju lokasi.")
    give(page, "/s 12a os", "Tidak ada unit “12a”")
    give(page, "/s A12 tkp", "AMB-12 sekarang: Di lokasi.")
    give(page, "/undo", "AMB-12 kembali berstatus Menuju lokasi.")
    assert status(made, "AMB-12") == "en_route"
    assert ask(made, f"/incidents/{incident_id}")["incident"]["status"] == "en_route"
    give(page, "/x A12 salah unit", f"AMB-12 ditarik dari {incident_id}.")
    give(page, "/undo", "AMB-12 kembali berstatus Menuju lokasi.")
    give(page, "/undo", "AMB-12 kembali berstatus Ditugaskan.")
    give(page, "/undo", f"AMB-12 berhenti bertugas di {incident_id}.")
    assert status(made, "AMB-12") == "available"
    (assignment,) = ask(made, f"/incidents/{incident_id}")["assignments"]
    assert assignment["end"] == "recalled"
    types = [one["type"] for one in ask(made, f"/incidents/{incident_id}/story")["events"]]
    assert types.count("unit.status_taken_back") == 3  # nothing was deleted
    give(page, "/undo", "Tidak ada perintah Anda yang dapat dibatalkan")


def test_a_unit_on_its_way_is_diverted_only_when_that_is_confirmed_and_goes_back_by_undo(
    office: tuple[CentreApp, str], opened: Any
) -> None:
    made, _ = office
    first, second = opened_incident(made), opened_incident(made, "fire")
    page = opened()
    give(page, f"/d A18 {short(first)}", f"AMB-18 dikirim ke {first}.")
    give(page, "/s A18 er", "AMB-18 sekarang: Menuju lokasi.")
    give(page, f"/d A18 {short(second)}", f"AMB-18 sedang menuju insiden {first} (Gawat darurat medis")
    assert ask(made, "/units/AMB-18")["unit"]["unit"]["status"] == "en_route"  # nothing was done yet
    # The line that does it stands there: a reason and Enter confirm it.
    expect(page.locator("#command")).to_have_value(f"/d! AMB-18 {short(second)} ")
    expect(page.locator("#command")).to_be_focused()
    page.keyboard.type("lebih gawat")
    page.keyboard.press("Enter")
    expect(page.locator("#command-answer")).to_contain_text(
        f"AMB-18 dikirim ke {second}. AMB-18 dialihkan dari {first}."
    )
    (sent,) = ask(made, f"/incidents/{second}")["assignments"]
    assert (sent["unit_id"], sent["override_reason"]) == ("AMB-18", "lebih gawat")
    assert ask(made, f"/incidents/{first}")["assignments"][0]["end"] == "reassigned"
    assert ask(made, f"/incidents/{first}")["incident"]["status"] == "located"  # it waits for another
    give(page, "/undo", f"AMB-18 kembali menuju insiden {first}.")
    assert status(made, "AMB-18") == "en_route"
    assert [one["end"] for one in ask(made, f"/incidents/{first}")["assignments"]] == ["reassigned", None]
    assert ask(made, f"/incidents/{second}")["incident"]["status"] == "located"
    # What it has reached it is not taken from.
    give(page, "/s A18 os", "Di lokasi")
    give(page, f"/d! A18 {short(second)}", f"AMB-18 sudah diberikan kepada insiden {first}")
    page.locator("#command").fill("/d! a18")
    expect(page.locator("#command-options li").first).to_contain_text(f"AMB-18Di lokasi · {first}")
    give(page, "/h d!", "mengalihkan unit")


def test_what_may_mean_several_is_a_sentence_with_all_of_them(office: tuple[CentreApp, str], opened: Any) -> None:
    made, _ = office
    incident_id = opened_incident(made)
    page = opened("en")
    give(page, f"/d 12 {short(incident_id)}", "“12” may mean")
    expect(page.locator("#command-answer [role=alert]")).to_contain_text("AMB-12")
    expect(page.locator("#command")).to_have_value(f"/d 12 {short(incident_id)}")  # to be mended, not typed again
    give(page, "/d A12 I999", "There is no open incident “I999”")
    give(page, "/s A11 sleeping", "There is no status “sleeping”; use er, os, tr, ah, cl, av, oo.")
    give(page, "/s A11", "Write /s UNIT STATUS; such as /s A12 os.")
    give(page, "/i circus depok", "There is no category “circus”; use medical, fire")
    give(page, "/zz", "There is no command /zz; /h shows all.")
    give(page, "/s A11 tr", "cannot become transporting")
    give(page, "/n", "Which incident?")


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("id", "/i banjir 32.09.20.2009", "dibuka: Bencana: banjir"),
        ("en", "/i flood 1 -6.7322, 108.5511", "opened: Disaster: flood"),
    ],
)
def test_an_incident_is_opened_in_the_words_of_either_language_and_called_off_again(
    office: tuple[CentreApp, str], opened: Any, language: str, text: str, said: str
) -> None:
    made, _ = office
    page = opened(language)
    give(page, text, said)
    (found, *_) = ask(made, "/incidents")["items"]
    assert (found["category"], found["severity"]) == ("flood", "critical" if language == "en" else "high")
    expect(page.locator(".incident-title .incident-id")).to_have_text(found["incident_id"])
    give(page, "/undo", found["incident_id"])
    assert ask(made, f"/incidents/{found['incident_id']}")["incident"]["status"] == "cancelled"


def test_a_closing_is_undone_by_opening_again_and_binding_its_units(office: tuple[CentreApp, str], opened: Any) -> None:
    made, _ = office
    incident_id = opened_incident(made)
    page = opened()
    give(page, f"/d A15 A16 {short(incident_id)}", "AMB-15, AMB-16 dikirim")
    give(page, "/s A15 os", "Di lokasi")
    give(page, f"/c {short(incident_id)} resolved", incident_id)
    expect(page.locator("#command-answer [role=alert]")).to_contain_text("AMB-15")
    give(page, f"/c! {short(incident_id)} resolved RAHASIA", f"Insiden {incident_id} selesai: Selesai ditangani.")
    assert ask(made, f"/incidents/{incident_id}")["incident"]["status"] == "closed"
    give(page, "/undo", f"Insiden {incident_id} dibuka lagi.")
    found = ask(made, f"/incidents/{incident_id}")
    assert found["incident"]["status"] == "on_scene"
    assert [one["ended_at"] for one in found["assignments"]] == [None, None]
    give(page, f"/n {short(incident_id)} RAHASIA kedua", "Catatan ditulis")
    give(page, "/undo", "Catatan tidak dapat dibatalkan, karena log menyimpan semua yang ditulis")
    expect(page.locator("#command-answer")).to_contain_text("/undo lagi membatalkan: /s A15 os.")
    assert "RAHASIA" not in page.evaluate("Object.values(sessionStorage).join()")  # what was written is not kept
    found = ask(made, f"/incidents/{incident_id}/texts")["texts"]
    assert [one["text"] for one in found if one["field"] == "note"] == ["RAHASIA", "RAHASIA kedua"]


def test_a_command_goes_on_by_keyboard_and_is_found_again(office: tuple[CentreApp, str], opened: Any) -> None:
    made, _ = office
    incident_id = opened_incident(made)
    page = opened()
    page.keyboard.press(":")
    expect(page.locator("#command")).to_be_focused()
    expect(page.locator("#command-options li").first).to_contain_text("/d UNIT… INSIDEN")
    page.keyboard.type("s a17")
    expect(page.locator("#command-options li")).to_contain_text(["AMB-17"])
    page.keyboard.press("Tab")
    expect(page.locator("#command")).to_have_value("/s AMB-17 ")
    page.keyboard.type("o")
    expect(page.locator("#command-options li")).to_have_count(3)  # os, oo, otw
    page.keyboard.press("Escape")
    page.keyboard.press("Backspace")
    page.keyboard.type("oo")
    page.keyboard.press("Enter")
    expect(page.locator("#command-answer")).to_contain_text("AMB-17 sekarang: Tidak siap.")
    assert status(made, "AMB-17") == "out_of_service"
    give(page, "/undo", "AMB-17 kembali berstatus Siap")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#command")).to_have_value("/s AMB-17 oo")
    give(page, "/h", "kirim unit ke insiden")
    expect(page.locator("#command-answer tbody tr")).to_have_count(13)
    found = Axe().run(page, context="#line")["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    give(page, f"/f {short(incident_id)}", f"Insiden {incident_id}: Gawat darurat medis")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") != "command"  # no trap
    page.locator("#command").focus()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#command")).not_to_be_focused()


def test_a_command_whose_answer_was_lost_is_done_once(office: tuple[CentreApp, str], opened: Any) -> None:
    made, _ = office
    page = opened()
    before = len(ask(made, "/incidents?limit=500")["items"])

    def swallowed(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/v1/incidents?*", swallowed, times=1)
    give(page, "/i medical 32.09.20.2009", "tidak ada yang terkirim dua kali")
    page.keyboard.press("Enter")
    expect(page.locator("#command-answer")).to_contain_text("dibuka")
    assert len(ask(made, "/incidents?limit=500")["items"]) == before + 1


def test_short_ids_mean_one_or_several_and_never_a_guess(opened: Any) -> None:
    page = opened()
    source = page.evaluate("document.querySelector('script[type=module]').src.replace('console.js', 'short_ids.js')")
    units = ["AMB-02", "AMB-12", "AMB-20", "DAMKAR-12", "PSC-112", "POLRES-12A"]
    incidents = ["261123-045", "261124-045", "261124-007"]

    def meant(function: str, text: str, known: list[str]) -> list[str]:
        call = "async ([source, name, text, known]) => (await import(source))[name](text, known)"
        found: list[str] = page.evaluate(call, [source, function, text, known])
        return found

    for text, expected in {
        "A12": ["AMB-12"], "amb12": ["AMB-12"], "AMB-012": ["AMB-12"], "a2": ["AMB-02"], "D12": ["DAMKAR-12"],
        "P112": ["PSC-112"], "12": ["AMB-12", "DAMKAR-12", "POLRES-12A"], "AMB": ["AMB-02", "AMB-12", "AMB-20"],
        "A99": [], "": [], "!!": [], "POLRES-12A": ["POLRES-12A"],
    }.items():  # fmt: skip
        assert meant("unitsMeant", text, units) == expected, text
    for text, expected in {
        "I7": ["261124-007"], "007": ["261124-007"], "I45": ["261123-045", "261124-045"],
        "#45": ["261123-045", "261124-045"], "261123-045": ["261123-045"], "I8": [], "depok": [],
    }.items():  # fmt: skip
        assert meant("incidentsMeant", text, incidents) == expected, text
    assert meant("shortIncident", "261124-007", incidents) == "I7"
    assert meant("shortIncident", "261124-045", incidents) == "261124-045"
