"""The agency's page on an old phone: no scripts, little to load."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from dispatch.accounts import Role
from dispatch.codec import load
from dispatch.commands import AssignUnits, NotifyAgency, OpenIncident
from dispatch.incidents import IncidentLocation, Severity
from tests.accounts import PASSWORD, person
from tests.centre_app import HERE, CentreApp, centre_app, served
from tests.e2e.screen import SCREENSHOTS
from tests.wire import Wire, wired

pytestmark = pytest.mark.browser
MOST = 20_000
UNIT = "DAMKAR-06"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CentreApp, Wire]]:
    url = f"sqlite:///{tmp_path_factory.mktemp('agency') / 'siaga112.db'}"
    with (
        centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as made,
        served(made.app) as port,
        wired(port) as wire,
    ):
        person(made.running.sign_in, "opd.01", Role.AGENCY, "damkar")
        execute = made.running.centre.execute
        for n in range(12):
            place = load(IncidentLocation, {**HERE, "label": f"Jalan Tuparev gang {n}"})
            opened = execute(
                OpenIncident(
                    category=("fire", "flood")[n % 2],
                    severity=list(Severity)[n % 4],
                    location=place,
                    note="Api membesar",
                    exercise=n == 3,
                ),
                actor="d",
            )
            incident_id = str(opened["incidents"][0]["incident_id"])
            execute(NotifyAgency(incident_id=incident_id, agency="damkar"), actor="d")
        execute(AssignUnits(incident_id=incident_id, unit_ids=(UNIT, "AMB-13")), actor="d")
        yield made, wire


def opened(browser: Browser, wire: Wire, *, scripts: bool, scheme: str) -> Page:
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, java_script_enabled=scripts, color_scheme=scheme, locale="id-ID"
    )  # type: ignore[arg-type]
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{wire.port}/sign-in")
    page.fill("main [name=login]", "opd.01")
    page.fill("main [name=password]", PASSWORD)
    page.click("main form button >> nth=0")
    page.wait_for_url("**/agency")
    return page


def test_an_agency_does_its_work_without_scripts(browser: Browser, office: tuple[CentreApp, Wire]) -> None:
    made, wire = office
    page = opened(browser, wire, scripts=False, scheme="light")
    first = next(n for n, one in enumerate(wire.answers) if str(one[0]).startswith("GET /agency "))
    page.wait_for_load_state("load")
    assert sum(wire.sizes(since=first)) < MOST
    expect(page.locator("ol.incidents > li")).to_have_count(10)
    page.click("text=Insiden lebih lama")
    expect(page.locator("ol.incidents > li")).to_have_count(2)
    page.click("text=Insiden terbaru")
    page.click("ol.incidents > li:first-child button")
    expect(page.get_by_role("status")).to_contain_text("Tercatat")
    page.reload()  # what was done is not done again
    expect(page.locator("text=Dibaca")).to_be_visible()
    page.click("button:has-text('Berangkat')")
    expect(page.locator("h2").first).to_contain_text("menuju lokasi")
    page.fill("textarea", "Dua regu berangkat")
    page.click("text=Simpan catatan")
    expect(page.get_by_role("status")).to_contain_text("Catatan sudah ditulis")
    page.go_back()
    page.click("button:has-text('Tiba di lokasi')")
    with made.store.book() as book:
        state = book.unit(UNIT)
    assert state is not None
    assert state.unit.status == "on_scene"
    page.context.close()


@pytest.mark.parametrize(("language", "scheme"), [("id", "light"), ("en", "dark")])
def test_the_pages_fit_a_phone(browser: Browser, office: tuple[CentreApp, Wire], language: str, scheme: str) -> None:
    page = opened(browser, office[1], scripts=True, scheme=scheme)
    page.goto(f"http://127.0.0.1:{office[1].port}/agency?lang={language}")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for name in ("list", "incident"):
        page.screenshot(path=SCREENSHOTS / f"agency-{name}-{language}-{scheme}.png", full_page=name == "incident")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.click("ol.incidents > li:first-child a") if name == "list" else None
    page.set_viewport_size({"width": 1366, "height": 800})
    page.goto(f"http://127.0.0.1:{office[1].port}/agency")
    page.screenshot(path=SCREENSHOTS / f"agency-wide-{language}-{scheme}.png")
    page.context.close()
