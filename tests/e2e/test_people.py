"""People in a real browser: the first administrator on a phone, locking, two tabs, the back button; in both themes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from dispatch.accounts import Role
from tests.accounts import PASSWORD, code_at, person
from tests.centre_app import CentreApp, centre_app, served
from tests.e2e.screen import PATIENCE_MS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CentreApp, str]]:
    url = f"sqlite:///{tmp_path_factory.mktemp('people') / 'siaga112.db'}"
    with centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as made, served(made.app) as port:
        yield made, f"http://127.0.0.1:{port}"


@pytest.fixture
def opened(browser: Browser, office: tuple[CentreApp, str]) -> Iterator[Any]:
    contexts = []

    def page(width: int = 360, **settings: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, locale="id-ID", **settings)
        contexts.append(context)
        made: Page = context.new_page()
        made.set_default_timeout(PATIENCE_MS)
        made.on("request", lambda request: foreign.append(request.url) if is_foreign(request.url) else None)
        return made

    def is_foreign(url: str) -> bool:
        return not url.startswith((office[1] + "/", "data:"))

    foreign: list[str] = []
    yield page
    for context in contexts:
        context.close()
    assert not foreign


def check(page: Page) -> None:
    """What the table of all pages (`test_every_page`) does not reach stands in nobody's way."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [one["id"] for one in Axe().run(page)["violations"]] == []


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.fill(f"main [name={name}]", value)
    page.click("main form button >> nth=0")


def test_the_first_administrator_and_the_desk_on_a_phone(office: tuple[CentreApp, str], opened: Any) -> None:
    made, address = office
    page = opened(color_scheme="dark")
    page.goto(f"{address}/")
    expect(page).to_have_title(re.compile("^Masuk"))
    page.goto(f"{address}/link/{made.running.sign_in.first_link()}")
    check(page)
    fill(page, login="bos.01", password=PASSWORD, again=PASSWORD)
    fill(page, password="salah salah salah")
    expect(page.get_by_role("alert")).to_contain_text("salah")
    check(page)
    fill(page, password=PASSWORD)
    page.wait_for_selector("[name=code]")
    found = made.running.sign_in.kept.account("bos.01")
    assert found is not None
    fill(page, code=code_at(found[1].totp_pending or "", datetime.now(UTC)))
    expect(page.locator(".codes li")).to_have_count(10)
    check(page)
    page.click("main a.button")
    # An administrator begins where his work is; the map leads there too.
    expect(page).to_have_url(f"{address}/accounts")
    page.click("nav >> text=Peta")
    page.click(".switches >> text=Daftar akun")
    expect(page).to_have_url(f"{address}/accounts")
    page.click("text=EN")
    expect(page.get_by_role("heading", level=1)).to_have_text("Accounts")


def test_two_tabs_the_lock_and_the_back_button(office: tuple[CentreApp, str], opened: Any) -> None:
    made, address = office
    person(made.running.sign_in, "orang.1", Role.CALL_TAKER)
    page = opened(color_scheme="light")
    page.goto(f"{address}/sign-in")
    other = page.context.new_page()
    other.goto(f"{address}/sign-in")
    fill(page, login="orang.1", password=PASSWORD)
    page.wait_for_url(f"{address}/")
    # The other tab still shows the form: what it sends does no harm, and leads to the desk.
    fill(other, login="orang.1", password=PASSWORD)
    other.wait_for_url(f"{address}/")
    page.goto(f"{address}/account")
    other.goto(f"{address}/account")
    other.click("text=Kunci layar ini")
    expect(other).to_have_title(re.compile("^Terkunci"))
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Terkunci")
    fill(page, password=PASSWORD)
    page.wait_for_url(f"{address}/account")
    page.click("text=Keluar >> nth=0")
    page.wait_for_url(f"{address}/sign-in")
    page.go_back()
    expect(page).to_have_title(re.compile("^Masuk"))
