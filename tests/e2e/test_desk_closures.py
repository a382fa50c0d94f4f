"""A road is closed on the desk, or by somebody else, and the desk ranks anew: the real server, a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, Route, expect

from dispatch.closures import ClosureReason
from dispatch.commands import CloseRoad
from dispatch.store.engine import open_engine
from dispatch.store.store import Store
from gis.types import Location
from tests.centre_app import CentreApp, centre_app, served
from tests.e2e.screen import OpenPage, Screenshot
from web.closing import NewClosure, closing_of

PLACE = "-6.71720,108.53620"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentreApp]:
    url = f"sqlite:///{tmp_path_factory.mktemp('closures') / 'centre.db'}"
    with centre_app(url) as app:
        app.running.centre.roads.start()
        yield app
        app.running.centre.roads.stop()


@pytest.fixture(scope="module")
def address(made: CentreApp) -> Iterator[str]:
    with served(made.app) as port:
        yield f"http://127.0.0.1:{port}"


def first_eta(page: Page) -> str:
    return page.locator(".unit-row .eta-value").first.inner_text()


def command(made: CentreApp, new: NewClosure) -> CloseRoad:
    centre = made.running.centre
    return closing_of(new, centre.desk, centre.roads).command


def test_a_point_drawn_on_the_map_closes_the_road_and_the_units_are_ranked_anew(
    open_page: OpenPage, screenshot: Screenshot, made: CentreApp
) -> None:
    page = open_page(f"/?at={PLACE}", width=1366, height=768)
    expect(page.locator("#closures-title")).to_have_text("Jalan ditutup (0)")
    expect(page.locator(".unit-row").first).to_be_visible()
    before = first_eta(page)
    page.click("#close-road")
    page.check("input[name=closure-tool][value=point]", force=True)
    page.fill("#closure-radius", "250")
    page.select_option("#closure-reason", "flood")
    page.fill("#closure-note", "Air setinggi lutut")
    marker = page.locator(".incident").bounding_box()
    assert marker is not None
    page.mouse.click(marker["x"] + marker["width"] / 2 + 3, marker["y"] + marker["height"] / 2 - 3)
    expect(page.locator("#closure-preview")).to_contain_text("jalan ditutup")
    screenshot(page, "closure-drawing-1366")
    page.click("#closure-save")
    expect(page.locator("#closures-title")).to_have_text("Jalan ditutup (1)")
    expect(page.locator("#closed-roads")).to_contain_text("1 penutupan jalan: banjir")
    expect(page.locator(".closure-list li")).to_contain_text("Banjir")
    assert page.locator("path.closure-line").count() >= 1
    assert first_eta(page) != before
    assert "lutut" not in str([one.payload for one in made.store.events_after(0)])
    screenshot(page, "closure-made-1366")
    page.click("#closures-title")
    page.locator(".closure-list button").first.click()
    expect(page.locator("#closures-title")).to_have_text("Jalan ditutup (0)")
    expect(page.locator("#closed-roads")).to_have_count(0)
    expect(page.locator(".unit-row .eta-value").first).to_have_text(before)


def test_a_closure_ends_by_the_clock_of_the_centre_wherever_the_computer_believes_to_be(
    open_page: OpenPage, made: CentreApp
) -> None:
    page = open_page(f"/?at={PLACE}", width=1366, height=768, timezone_id="America/New_York")
    expect(page.locator(".unit-row").first).to_be_visible()
    page.click("#close-road")
    page.check("input[name=closure-tool][value=point]", force=True)
    page.fill("#closure-until", "2099-07-01T07:30")
    marker = page.locator(".incident").bounding_box()
    assert marker is not None
    page.mouse.click(marker["x"] + marker["width"] / 2 + 3, marker["y"] + marker["height"] / 2 - 3)
    expect(page.locator("#closure-preview")).to_contain_text("jalan ditutup")
    page.click("#closure-save")
    expect(page.locator(".closure-list li")).to_contain_text("sampai 1 Jul, 07.30")
    closed = [one.payload for one in made.store.events_after(0) if one.type == "road.closed"][-1]
    assert datetime.fromisoformat(closed["closure"]["ends_at"]) == datetime(2099, 7, 1, 0, 30, tzinfo=UTC)
    page.click("#closures-title")
    page.locator(".closure-list button").first.click()
    expect(page.locator("#closures-title")).to_have_text("Jalan ditutup (0)")


def test_an_answer_by_the_times_before_is_asked_for_again_when_the_newer_ones_are_ready(
    open_page: OpenPage, address: str
) -> None:
    page = open_page("about:blank", width=1366, height=768)
    sentence = "Waktu tempuh baru sedang dihitung; ini yang sebelumnya."
    looks = 0

    def nearest(route: Route) -> None:
        # Times are ready in milliseconds here, so the page is told otherwise until it has looked twice.
        answer = route.fetch()
        told = answer.json()
        if looks < 2:
            told["times"].update(pending=True, message=sentence)
        route.fulfill(response=answer, json=told)

    def health(route: Route) -> None:
        nonlocal looks
        looks += 1
        answer = route.fetch()
        told = answer.json()
        told["travel_times"]["pending"] = looks < 2
        route.fulfill(response=answer, json=told)

    page.route("**/api/v1/nearest?*", nearest)
    page.route(re.compile(r"/api/v1/health"), health)
    page.goto(f"{address}/?at={PLACE}")
    expect(page.locator("#times-pending")).to_have_text(sentence)
    expect(page.locator("#times-pending")).to_have_count(0)
    expect(page.locator(".unit-row").first).to_be_visible()
    assert looks >= 2


def test_what_another_process_closes_is_seen_with_the_villages_that_it_cuts_off(
    open_page: OpenPage, screenshot: Screenshot, made: CentreApp
) -> None:
    page = open_page(f"/?at={PLACE}", width=360, height=740, color_scheme="dark")
    expect(page.locator("#closures-title")).to_have_text("Jalan ditutup (0)")
    flood = tuple(
        Location(lat=lat, lon=lon)
        for lat, lon in ((-6.83, 108.722), (-6.832, 108.782), (-6.8, 108.786), (-6.8, 108.72))
    )
    other = Store(open_engine(str(made.store.engine.url)))
    other.execute(command(made, NewClosure(reason=ClosureReason.FLOOD, polygon=flood)), actor="meja-2")
    expect(page.locator("#closures-title")).to_have_text("Jalan ditutup (1)")
    expect(page.locator("#cut-off")).to_have_text(re.compile(r"Terputus: Gebang Mekar.* jiwa\."))
    expect(page.locator(".closure-list li")).to_contain_text("meja-2")
    page.click("#closures-title")
    page.locator("#closures").scroll_into_view_if_needed()
    screenshot(page, "closure-cut-off-360-dark")
    other.engine.dispose()
    page.locator(".closure-list button").first.click()
    expect(page.locator("#closures-title")).to_have_text("Jalan ditutup (0)")


def test_the_corners_of_an_area_can_cross_and_the_desk_says_where(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = open_page(f"/?at={PLACE}", width=1366, height=768, color_scheme="dark")
    expect(page.locator(".unit-row").first).to_be_visible()
    page.click("#close-road")
    box = page.locator("#map").bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for dx, dy in ((-60, -60), (60, 60), (60, -60), (-60, 60)):
        page.mouse.click(middle[0] + dx, middle[1] + dy)
    expect(page.locator("#closure-preview")).to_contain_text("berpotongan")
    expect(page.locator("#closure-save")).to_be_disabled()
    page.click("#closure-undo")
    expect(page.locator("#closure-save")).to_be_enabled()
    screenshot(page, "closure-area-1366-dark")
    page.keyboard.press("Escape")
    expect(page.locator("#closure-form")).to_have_count(0)
