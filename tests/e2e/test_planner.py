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
    expect(page.locator("#compare tbody tr")).to_have_count(8)
    at_15 = people_in_time(page)
    page.locator("#minutes").fill("10")
    assert people_in_time(page) < at_15
    page.locator("#minutes").fill("15")
    # Greged is closed at first; opening it reaches more people, and plan A stays as it was.
    page.locator(".post.is-closed").click()
    page.locator(".post-card").get_by_label("In service").check()
    expect(page.locator("#compare .gain").first).to_contain_text("+")
    assert people_in_time(page) > at_15
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "planner.png")
    page.get_by_role("button", name="Back to plan A").click()
    assert people_in_time(page) == at_15
    with page.expect_download() as download:
        page.get_by_role("button", name="Table (CSV)").click()
    assert download.value.suggested_filename == "coverage.csv"


def test_a_planner_floods_an_area_and_sees_what_it_costs(open_page: OpenPage) -> None:
    page = open_page("/planner?lang=en")
    page.select_option("#kind", "fire_engine")
    expect(page.locator("#compare tbody tr")).to_have_count(8)
    before = people_in_time(page)
    page.locator("#roads summary").click()
    page.get_by_role("button", name="Flooded area").click()
    box = page.locator("#map").bounding_box()
    assert box is not None
    for across, down in ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)):
        page.mouse.click(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
    page.get_by_role("button", name="Done").click()
    expect(page.locator("#roads-shown")).to_contain_text("km of road closed")
    assert people_in_time(page) < before
    page.locator("#closed").get_by_role("button").click()
    expect(page.locator("#roads-shown")).to_be_empty()
    assert people_in_time(page) == before
    # The desk is one click away.
    expect(page.get_by_role("link", name="Dispatcher's desk")).to_have_attribute("href", "/")


def test_the_planner_speaks_bahasa_indonesia_first(open_page: OpenPage) -> None:
    page = open_page("/planner")
    expect(page.locator("header")).to_contain_text("Perencana")
    expect(page.locator("#figure")).to_contain_text("jiwa tepat waktu")
