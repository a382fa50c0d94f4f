"""The screen on the wall in a real browser: live, and loud when it is cut off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from dispatch.accounts import Role
from dispatch.commands import OpenIncident
from dispatch.incidents import IncidentLocation, LocationKind, Severity
from tests.accounts import PASSWORD, person
from tests.centre_app import centre_app, served
from tests.e2e.screen import PATIENCE_MS
from web.centre import Centre

pytestmark = pytest.mark.browser


def opened(centre: Centre) -> None:
    place = IncidentLocation(kind=LocationKind.VILLAGE, village_code="32.09.20.2004")
    centre.execute(OpenIncident(category="fire", severity=Severity.CRITICAL, location=place), actor="disp.01")


def test_the_wall_is_live_and_says_when_it_is_cut_off(browser: Browser, sqlite_url: str) -> None:
    with centre_app(sqlite_url, accounts=True, config={"RATELIMIT_ENABLED": False}) as made, served(made.app) as port:
        centre, address = made.running.centre, f"http://127.0.0.1:{port}"
        person(made.running.sign_in, "layar", Role.WALL)
        context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="id-ID")
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        foreign: list[str] = []
        page.on("request", lambda one: None if one.url.startswith((address, "data:")) else foreign.append(one.url))
        page.goto(f"{address}/sign-in")
        page.fill("[name=login]", "layar")
        page.fill("[name=password]", PASSWORD)
        page.click("main button")
        page.wait_for_url(f"{address}/wall")
        expect(page.locator("#open")).to_have_text("0")
        opened(centre)
        expect(page.locator("#open")).to_have_text("1")
        expect(page.locator("#severity-critical")).to_have_text("1")
        expect(page.locator(".wall-spot")).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        page.route("**/api/v1/wall*", lambda route: route.abort())
        opened(centre)
        expect(page.locator("#lost")).to_be_visible()
        page.unroute("**/api/v1/wall*")
        opened(centre)
        expect(page.locator("#lost")).to_be_hidden()
        expect(page.locator("#open")).to_have_text("3")
        # What is off the board is off the map: nothing is gathered up.
        expect(page.locator(".wall-spot")).to_have_count(3)
        context.close()
        assert not foreign
