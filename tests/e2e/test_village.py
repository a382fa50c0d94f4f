"""A village's page on a cheap phone, the public counts, and what is printed; in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from dispatch.accounts import Role
from dispatch.commands import AskVerification, AssignUnits, OpenIncident
from dispatch.incidents import IncidentLocation, LocationKind, Severity
from gis.types import Location
from tests.accounts import PASSWORD, person
from tests.centre_app import CentreApp, centre_app, served
from tests.e2e.screen import PATIENCE_MS

pytestmark = pytest.mark.browser
VILLAGE = "32.09.20.2004"


class Office:
    """A centre with an open incident in a village, which was asked whether it is true."""

    def __init__(self, made: CentreApp, port: int) -> None:
        self.made, self.address = made, f"http://127.0.0.1:{port}"
        centre = made.running.centre
        middle = centre.region.boundaries.middle(VILLAGE)
        place = IncidentLocation(kind=LocationKind.POINT, location=Location(lat=middle.lat, lon=middle.lon))
        opened = centre.execute(OpenIncident(category="fire", severity=Severity.HIGH, location=place), actor="disp.01")
        self.incident = opened["incidents"][0]["incident_id"]
        centre.execute(AssignUnits(incident_id=self.incident, unit_ids=("AMB-13", "DAMKAR-06")), actor="disp.01")
        asked = AskVerification(incident_id=self.incident, village_code=VILLAGE, post="kuwu")
        self.question = centre.execute(asked, actor="disp.01")["verifications"][0]["verification_id"]
        person(made.running.sign_in, "kuwu", Role.VILLAGE_OFFICIAL, VILLAGE)
        person(made.running.sign_in, "taker", Role.CALL_TAKER)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    url = f"sqlite:///{tmp_path_factory.mktemp('office') / 'siaga112.db'}"
    with centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as made, served(made.app) as port:
        yield Office(made, port)


@pytest.fixture
def opened(browser: Browser, office: Office) -> Iterator[Any]:
    contexts, foreign = [], []

    def page(login: str | None = None, *, width: int = 360, **settings: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 740}, locale="id-ID", **settings)
        contexts.append(context)
        made = context.new_page()
        made.set_default_timeout(PATIENCE_MS)
        made.on(
            "request",
            lambda one: None if one.url.startswith((office.address, "data:", "file:")) else foreign.append(one.url),
        )
        if login is not None:
            made.goto(f"{office.address}/sign-in")
            made.fill("[name=login]", login)
            made.fill("[name=password]", PASSWORD)
            made.click("main button")
        return made

    yield page
    for context in contexts:
        context.close()
    assert not foreign


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_an_official_answers_on_a_phone_without_scripts(office: Office, opened: Any) -> None:
    page = opened("kuwu", java_script_enabled=False)
    expect(page).to_have_url(re.compile("/village$"))
    expect(page.locator(".question")).to_contain_text("kuwu")
    page.click(".question button >> nth=1")
    expect(page.locator("[role=status].said")).to_be_visible()
    expect(page.locator(".question")).to_have_count(0)
    with office.made.store.book() as book:
        assert book.verification(office.question).answer == "denied"  # type: ignore[union-attr]


def test_a_village_s_page_is_light_and_its_map_comes_when_it_is_asked_for(office: Office, opened: Any) -> None:
    page = opened("kuwu", color_scheme="dark")
    expect(page.locator("#open-map")).to_be_visible()
    assert fits(page)
    weights: list[int] = []
    page.on("response", lambda one: weights.append(len(one.body())))
    page.reload()
    page.wait_for_load_state("networkidle")
    assert 0 < sum(weights) < 60_000
    page.click("#open-map")
    expect(page.locator(".map-spot")).to_have_count(1)
    assert fits(page)
    page.goto(f"{office.address}/village/summary")
    assert fits(page)


def test_a_map_file_asks_nobody(office: Office, opened: Any, tmp_path: Any) -> None:
    page = opened("kuwu")
    with page.expect_download(timeout=2 * PATIENCE_MS) as download:
        page.click("a[href*='map.html']", no_wait_after=True)
    file = tmp_path / "peta.html"
    download.value.save_as(file)
    page.goto(f"file://{file}")
    expect(page.locator(".incident-spot")).to_have_count(1)


def test_anybody_reads_the_public_counts(office: Office, opened: Any) -> None:
    for width in (360, 1366):
        page = opened(width=width)
        page.goto(f"{office.address}/public")
        expect(page.locator("h1")).to_be_visible()
        assert fits(page)
        assert page.context.cookies() == []


def test_a_usual_incident_is_printed_on_one_page(office: Office, opened: Any) -> None:
    page = opened("taker", width=1366, color_scheme="dark")
    page.goto(f"{office.address}/incidents/{office.incident}/sheet")
    assert fits(page)
    page.wait_for_load_state("networkidle")
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == 1
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator("header.bar")).to_be_hidden()
    page.emulate_media(media="screen")
    page.goto(f"{office.address}/handover")
    assert fits(page)
    page.fill("textarea", "Jembatan Losari retak.")
    page.click("form[method=post] button:not(.plain)")
    expect(page.locator("p.words")).to_have_text("Jembatan Losari retak.")
    assert fits(page)
