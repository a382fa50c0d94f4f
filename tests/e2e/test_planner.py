"""The planner's page on the demonstration region: slide, close and reopen posts, compare."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.screen import SCREENSHOTS, OpenPage


def people_in_time(page: Page) -> int:
    expect(page.locator("#figure")).to_contain_text("people in time")
    found = re.match(r"[\d,]+", page.locator("#figure").inner_text())
    assert found is not None
    return int(found.group().replace(",", ""))


def test_a_planner_slides_the_time_reopens_a_post_and_compares(open_page: OpenPage) -> None:
    page = open_page("/planner?lang=en")
    page.select_option("#kind", "fire_engine")
    expect(page.locator("#compare tr")).to_have_count(3)
    at_15 = people_in_time(page)
    page.locator("#minutes").fill("10")
    assert people_in_time(page) < at_15
    page.locator("#minutes").fill("15")
    # Greged is closed at first; opening it reaches more people, and plan A stays as it was.
    page.locator(".post.closed").click()
    expect(page.locator("#compare .gain")).to_contain_text("+")
    assert people_in_time(page) > at_15
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "planner.png")
    page.get_by_role("button", name="Back to plan A").click()
    assert people_in_time(page) == at_15
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    assert download.value.suggested_filename == "coverage.csv"


def test_the_planner_speaks_bahasa_indonesia_first(open_page: OpenPage) -> None:
    page = open_page("/planner")
    expect(page.locator("header")).to_contain_text("Perencana")
    expect(page.locator("#figure")).to_contain_text("jiwa tepat waktu")
