"""What draws a dispatcher's attention: sounds, the tab's title and mark, by severity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dispatch.commands import OpenIncident
from dispatch.incidents import IncidentLocation, LocationKind, Severity
from gis.types import Location
from tests.centre_app import CentreApp, centre_app, served
from tests.e2e.screen import OpenPage, Screenshot

PLACE = Location(lat=-6.7172, lon=108.5362)
HEARD = "window.sounds = []; addEventListener('siaga112-sound', ({ detail }) => window.sounds.push(detail), true);"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentreApp]:
    with centre_app(f"sqlite:///{tmp_path_factory.mktemp('alarms') / 'centre.db'}") as app:
        yield app


@pytest.fixture(scope="module")
def address(made: CentreApp) -> Iterator[str]:
    with served(made.app, streams=8) as port:
        yield f"http://127.0.0.1:{port}"


def begun(open_page: OpenPage, **how: Any) -> Page:
    page = open_page("/", **{"width": 1366, "height": 768, **how})
    page.wait_for_selector("html[data-ready=true]")
    page.evaluate(HEARD)
    return page


def opened(made: CentreApp, severity: Severity) -> str:
    place = IncidentLocation(kind=LocationKind.POINT, location=PLACE, radius_m=20)
    command = OpenIncident(category="medical", severity=severity, location=place)
    return str(made.running.centre.execute(command, actor="sari")["incidents"][0]["incident_id"])


def sounds(page: Page) -> list[str]:
    return [f"{one['what']} {one['severity']}" for one in page.evaluate("window.sounds")]


def test_a_new_incident_sounds_and_marks_the_tab_by_its_severity_on_other_desks_only(
    open_page: OpenPage, made: CentreApp
) -> None:
    page, other = begun(open_page), begun(open_page)
    mark = page.locator("link[rel=icon]")
    marks = [mark.get_attribute("href")]
    for severity, sound, title in (
        (Severity.LOW, "incident other", "(1·) Siaga112"),
        (Severity.HIGH, "incident high", "(1) Siaga112"),
        (Severity.CRITICAL, "incident critical", "(1!) Siaga112"),
    ):
        incident_id = opened(made, severity)
        expect(page.locator("#alarms")).to_have_attribute("data-last", sound)
        expect(page).to_have_title(re.compile(f"^{re.escape(title)}"))
        marks.append(mark.get_attribute("href"))
    assert len(set(marks)) == len(marks)
    expect(page.locator("#alarms.calls")).to_have_count(1)
    page.locator(f"[data-incident='{incident_id}']").click()
    expect(page.locator("#alarms.calls")).to_have_count(0)
    # What a desk does itself is heard by the others.
    expect(other.locator("#alarms")).to_have_attribute("data-last", "incident critical")
    before = len(sounds(page))
    page.keyboard.press("/")
    page.keyboard.type("i banjir 2 -6.7, 108.5")
    page.keyboard.press("Enter")
    expect(page.locator("#command-answer")).to_contain_text("dibuka")
    expect(other.locator("#alarms")).to_have_attribute("data-last", "incident high")
    assert len(sounds(page)) == before


def test_every_sound_can_be_tested_and_what_is_set_is_kept(
    open_page: OpenPage, made: CentreApp, screenshot: Screenshot
) -> None:
    page = begun(open_page, color_scheme="dark")
    expect(page.locator(".alarms-hint")).to_be_visible()
    page.click("#alarms-button")
    expect(page.locator("#alarms-panel")).to_be_visible()
    tests = page.locator("[data-test]")
    names = [tests.nth(n).get_attribute("data-test") for n in range(tests.count())]
    assert len(set(names)) == 7
    for name in names:
        page.click(f"[data-test='{name}']")
    assert sounds(page) == names
    screenshot(page, "desk-alarms-dark-1366")
    page.keyboard.press("Escape")
    page.click("#menu summary")
    expect(page.locator("#menu a")).to_have_text(
        ["Catatan serah terima", "Layar dinding", "Halaman desa", "Perencanaan"]
    )
    page.click("#theme")
    screenshot(page, "desk-menu-light-1366")
    page.click("#alarms-button")
    page.locator(".alarms-row").first.get_by_role("checkbox").uncheck()
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    page.click("#alarms-button")
    expect(page.locator(".alarms-row").first.get_by_role("checkbox")).not_to_be_checked()
    expect(page.locator(".alarms-row").nth(1).get_by_role("checkbox")).to_be_checked()


def test_stepping_through_the_queue_keeps_no_recommendation_until_somebody_looks(
    open_page: OpenPage, made: CentreApp
) -> None:
    ids = [opened(made, Severity.HIGH) for _ in range(3)]
    page = begun(open_page)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if one.method == "POST" and "recommend" in one.url else None)
    expect(page.locator(f"[data-incident='{ids[-1]}']")).to_be_visible()
    order = [one.get_attribute("data-incident") for one in page.locator("[data-incident].incident-row").all()]
    for _ in ids:
        page.keyboard.press("j")
    expect(page.locator("#assign")).to_be_enabled()
    assert [one.split("/")[-2] for one in asked] == [order[2]]
    # Come back at once, it is as good as new.
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#assign")).to_be_enabled()
    assert len(asked) == 1
