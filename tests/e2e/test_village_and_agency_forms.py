"""Forms of a village and of an agency, as people use them: twice, in two tabs, too late, with whatever they type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Locator, Page, expect

from dispatch.accounts import Role
from dispatch.codec import load
from dispatch.commands import (
    AskVerification,
    AssignUnits,
    CloseIncident,
    Command,
    EditIncident,
    NotifyAgency,
    OpenIncident,
)
from dispatch.incidents import IncidentLocation, Severity
from tests.accounts import PASSWORD, person
from tests.centre_app import HERE, CentreApp, centre_app, served

pytestmark = pytest.mark.browser
PATIENCE_MS = 20_000
PHONE = {"width": 360, "height": 740}
UNIT, OTHER_UNIT = "DAMKAR-06", "AMB-13"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)> \"'&amp;"


class Office:
    """A centre with a village's official and an agency, and incidents as they are needed."""

    def __init__(self, made: CentreApp, port: int) -> None:
        self.made, self.address = made, f"http://127.0.0.1:{port}"
        at = load(IncidentLocation, HERE).location
        assert at is not None
        found = made.running.centre.region.boundaries.locate(at).village
        assert found is not None
        self.village = found.code
        person(made.running.sign_in, "kuwu", Role.VILLAGE_OFFICIAL, self.village)
        person(made.running.sign_in, "opd", Role.AGENCY, "damkar")

    def do(self, command: Command) -> dict[str, Any]:
        return self.made.running.centre.execute(command, actor="disp.01")

    def incident(self, label: str, **more: Any) -> str:
        place = load(IncidentLocation, {**HERE, "label": label})
        opened = self.do(OpenIncident(category="fire", severity=Severity.HIGH, location=place, **more))
        return str(opened["incidents"][0]["incident_id"])

    def asked(self, label: str) -> str:
        """An incident about which the village is asked."""
        incident_id = self.incident(label)
        self.do(AskVerification(incident_id=incident_id, village_code=self.village, post="kuwu"))
        return incident_id

    def told(self, incident_id: str, kind: str, field: str) -> list[str]:
        """What events of a kind say of an incident."""
        events = self.made.store.events_after(0, limit=500, incident_id=incident_id)
        return [str(one.payload[field]) for one in events if one.type == kind]

    def answers(self, incident_id: str) -> list[str]:
        return self.told(incident_id, "verification.answered", "answer")

    def notes(self, incident_id: str) -> list[str | None]:
        with self.made.store.book() as book:
            found = book.incident(incident_id)
        assert found is not None
        texts = self.made.store.texts([one.text_id for one in found.notes])
        return [texts.get(one.text_id) for one in found.notes]

    def end_sessions(self, login: str) -> None:
        """As the centre ends them when their time is over: no browser is told."""
        self.made.running.sign_in.sign_out_everywhere(login, actor="test")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    url = f"sqlite:///{tmp_path_factory.mktemp('forms') / 'siaga112.db'}"
    with centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as made, served(made.app) as port:
        yield Office(made, port)


@pytest.fixture
def signed_in(browser: Browser, office: Office) -> Iterator[Any]:
    contexts, ran = [], []

    def page(login: str) -> Page:
        context = browser.new_context(viewport=PHONE, locale="id-ID")  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)

        def watched(one: Page) -> None:
            one.on("dialog", dismissed)

        context.on("page", watched)
        made = context.new_page()
        made.goto(f"{office.address}/sign-in")
        sign_in(made, login)
        return made

    def dismissed(dialog: Dialog) -> None:
        ran.append(dialog.message)
        dialog.dismiss()

    yield page
    for context in contexts:
        context.close()
    assert not ran, "what somebody typed ran as a script"


def sign_in(page: Page, login: str) -> None:
    page.fill("main [name=login]", login)
    page.fill("main [name=password]", PASSWORD)
    page.click("main form button >> nth=0")
    expect(page).not_to_have_url(re.compile("sign-in"))


def tab(page: Page) -> Page:
    """The same page in another tab."""
    other = page.context.new_page()
    other.goto(page.url)
    return other


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def question(page: Page, incident_id: str) -> Locator:
    return page.locator(".question", has_text=incident_id)


def press(page: Page, incident_id: str, answer: str) -> None:
    question(page, incident_id).get_by_role("button", name=answer, exact=True).click()


def test_a_village_s_answer_counts_once_and_none_is_lost_or_changed_by_an_old_page(
    office: Office, signed_in: Any
) -> None:
    true, other_way, alike, closed, hidden, late = (
        office.asked(label) for label in ("satu", "dua", "tiga", "empat", "lima", "enam")
    )
    page = signed_in("kuwu")
    expect(page.locator(".question")).to_have_count(6)
    fits(page)
    old = tab(page)
    # Pressed twice, as impatient people do; then reloaded, and the back button.
    question(page, true).get_by_role("button", name="Benar", exact=True).dblclick()
    expect(page.locator("p.said")).to_contain_text("Terima kasih")
    page.reload()
    page.go_back()
    expect(question(page, late)).to_be_visible()
    expect(question(page, true)).to_have_count(0)
    assert office.answers(true) == ["confirmed"]
    # Another tab shows what was answered meanwhile: what was said first stays, and the page says what that was.
    press(page, other_way, "Tidak benar")
    expect(page.locator("p.said")).to_be_visible()
    press(old, other_way, "Benar")
    expect(old.get_by_role("alert")).to_contain_text("sudah dijawab: Tidak benar")
    expect(question(old, other_way)).to_have_count(0)
    fits(old)
    assert office.answers(other_way) == ["denied"]
    third = tab(page)
    press(page, alike, "Tidak tahu")
    press(third, alike, "Tidak tahu")
    expect(third.locator("p.said")).to_contain_text("Terima kasih")
    assert office.answers(alike) == ["unknown"]
    # What is asked no more, for the incident is over, or of a category that no village is told of.
    for tabs, incident_id in ((page, closed), (third, hidden)):
        expect(question(tabs, incident_id)).to_be_visible()
    office.do(CloseIncident(incident_id=closed, disposition="extinguished"))
    office.do(EditIncident(incident_id=hidden, category="violence_women_children"))
    press(page, closed, "Benar")
    expect(page.get_by_role("alert")).to_contain_text("tidak ditanyakan lagi")
    expect(page.locator(".question")).to_have_count(1)
    press(third, hidden, "Benar")
    expect(third.get_by_role("alert")).to_contain_text("tidak ditanyakan lagi")
    assert hidden not in third.content()
    assert office.answers(closed) == office.answers(hidden) == []
    # A button that is none of the three.
    question(page, late).locator("button").first.evaluate("one => { one.value = '<b>mungkin' }")
    press(page, late, "Benar")
    expect(page.get_by_role("alert")).to_have_text("Tekan salah satu dari tiga tombol.")
    # Signed out meanwhile: nothing is stored, and the same question waits after signing in.
    office.end_sessions("kuwu")
    press(page, late, "Benar")
    expect(page.get_by_role("alert")).to_contain_text("tidak ada yang berubah")
    assert office.answers(late) == []
    sign_in(page, "kuwu")
    expect(page).to_have_url(re.compile("/village"))
    press(page, late, "Benar")
    expect(page.locator("p.said")).to_contain_text("Terima kasih")
    assert office.answers(late) == ["confirmed"]


def test_an_agency_s_notes_and_reports_arrive_once_whatever_is_typed_and_however_late(
    office: Office, signed_in: Any
) -> None:
    incident_id = office.incident("Gudang kayu")
    office.do(NotifyAgency(incident_id=incident_id, agency="damkar"))
    office.do(AssignUnits(incident_id=incident_id, unit_ids=(UNIT, OTHER_UNIT)))
    page = signed_in("opd")
    page.click(f"ol.incidents a:has-text('{incident_id}')")
    expect(page.locator("main h2").first).to_contain_text(UNIT)
    fits(page)
    old = tab(page)
    for one in (page, old):
        one.get_by_role("button", name="Sudah dibaca").click()
        expect(one.locator("main >> text=Dibaca")).to_be_visible()
    assert office.told(incident_id, "incident.agency_acknowledged", "agency") == ["damkar"]
    keep = page.get_by_role("button", name="Simpan catatan")
    # Nothing, blanks, too much, and what would be a script.
    box = page.locator("textarea")
    keep.click()
    assert box.evaluate("one => one.validity.valueMissing")
    for typed, said in ((" \n ", "kosong"), ("x" * 5001, "5000")):
        box.evaluate("one => { one.removeAttribute('maxlength') }")
        box.fill(typed)
        keep.click()
        expect(page.get_by_role("alert")).to_contain_text(said)
        fits(page)
    assert office.notes(incident_id) == []
    box.fill(SCRIPT)
    keep.dblclick()
    expect(page.get_by_role("status")).to_contain_text("Catatan sudah ditulis")
    assert office.notes(incident_id) == [SCRIPT]
    fits(page)
    page.get_by_label("Mengapa Anda perlu membacanya").fill(SCRIPT)
    page.get_by_role("button", name="Tampilkan catatan").click()
    expect(page.locator("p.note")).to_have_text(SCRIPT)
    page.go_back()
    expect(keep).to_be_visible()
    assert office.notes(incident_id) == [SCRIPT]
    # A unit's step from two tabs: the older page is told why it is too late, and shows how things stand.
    page.goto(f"{office.address}/agency/incidents/{incident_id}")
    old.goto(page.url)
    page.get_by_role("button", name="Tiba di lokasi").dblclick()
    expect(page.locator("main h2").first).to_contain_text("di lokasi")
    old.get_by_role("button", name="Berangkat").click()
    expect(old.get_by_role("alert")).to_contain_text(UNIT)
    expect(old.locator("main h2").first).to_contain_text("di lokasi")
    assert office.told(incident_id, "assignment.milestone", "milestone") == ["on_scene"]
    # A unit of somebody else, and a step that is none, put into the form by hand.
    old.goto(f"{office.address}/agency")
    for name, value, picked in (("unit", OTHER_UNIT, "status"), ("status", "terbang", "unit")):
        wrong = old.locator(f"select[name={name}]")
        wrong.locator("option").nth(1).evaluate("(one, value) => { one.value = value }", value)
        wrong.select_option(value)
        old.locator(f"select[name={picked}]").select_option(index=1)
        old.get_by_role("button", name="Laporkan status").click()
        expect(old.get_by_role("alert")).to_be_visible()
        fits(old)
    # The session ends while somebody writes: the words stay on the page, and are stored once, after signing in.
    box.fill("Atap runtuh; jangan masuk.")
    office.end_sessions("opd")
    keep.click()
    expect(page.get_by_role("alert")).to_contain_text("belum terkirim")
    fits(page)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=re.compile("jendela baru")).click()
    sign_in(opened.value, "opd")
    page.get_by_role("button", name="Kirim lagi").click()
    if page.get_by_role("alert").count():  # the form belongs to the session before: it is shown once more
        keep.click()
    expect(page.get_by_role("status")).to_contain_text("Catatan sudah ditulis")
    assert office.notes(incident_id) == [SCRIPT, "Atap runtuh; jangan masuk."]
