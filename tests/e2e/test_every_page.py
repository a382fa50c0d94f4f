"""Every page in a real browser: both themes, on a phone, by keyboard alone, asking nobody else, gone after signing out.

The pages stand in the table `tests.e2e.pages`; one that is served but not in it fails the first test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Response, expect

from dispatch.accounts import Role
from dispatch.incidents import Severity
from tests.accounts import MARK, PASSWORD
from tests.e2e.pages import PAGES, Shown, address_of
from tests.e2e.screen import LAPTOP, NO_TILE, PATIENCE_MS, PHONE, WIDE, begun, check, in_the_other_theme
from tests.e2e.story import LOGINS, Story
from web.access import need_of

pytestmark = pytest.mark.browser
WORDLESS = """() => [...document.querySelectorAll("[data-word], [data-label], [data-title], [data-placeholder]")]
  .filter((one) => [one.textContent, one.ariaLabel, one.title, one.placeholder]
    .some((text) => text && Object.values(one.dataset).includes(text))).map((one) => one.outerHTML)"""
"""Where a script has no word in the page's language, it shows the name of the word."""

KEYBOARD = (Path(__file__).parent / "keyboard.js").read_text(encoding="utf-8")


def test_no_page_is_missing_from_the_table(there: Story) -> None:
    """Each address that answers with a page, whichever role asks, has a row; and no row is of a page that is gone."""
    app, served = there.made.app, set()
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.rule.startswith(("/api/", "/static", "/tiles/")):
            continue
        need = need_of(app.view_functions[rule.endpoint])
        assert need is not None
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda one: there.ids[one[1]], rule.rule)
        for who in [None, "code", "enrol", "locked", *(role for role in Role if need.allows(role))]:
            answer = there.client(who).get(path, headers={"Accept": "text/html"}, buffered=False)
            is_file = "Content-Disposition" in answer.headers
            answer.close()
            if answer.status_code == 200:
                served |= {rule.rule} if answer.mimetype == "text/html" and not is_file else set()
                break
    assert served == {one.rule for one in PAGES if one.rule}


@pytest.mark.parametrize("shown", PAGES, ids=lambda one: one.name)
def test_a_page(there: Story, desks: Any, shown: Shown) -> None:
    page: Page = desks(shown.who).new_page()
    foreign: list[str] = []
    failures: list[str] = []
    page.on("request", lambda one: None if is_ours(one.url) else foreign.append(one.url))
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda one: failures.append(one.text) if "Security Policy" in one.text else None)

    def is_ours(url: str) -> bool:
        return url.startswith((there.address + "/", "data:", "blob:"))

    page.emulate_media(color_scheme="light")
    answer = page.goto(there.address + address_of(shown, there))
    assert isinstance(answer, Response)
    assert answer.status == shown.status
    assert answer.headers.get("cache-control") == "no-store" or not shown.personal
    begun(page, shown.ready)
    check(page)
    for _name, within, do in shown.parts:
        do(page)
        check(page, within)
        in_the_other_theme(page, within)
    if not shown.parts:
        in_the_other_theme(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate(KEYBOARD) == []
    assert page.evaluate(WORDLESS) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off at the side"
    if page.locator("#console").count():
        for size in (PHONE, LAPTOP):
            page.set_viewport_size(size)
            check(page)
    page.close()
    assert not foreign, f"the page asked other hosts: {foreign}"
    assert not failures, f"the page's scripts failed: {failures}"


# --- sessions that are over -------------------------------------------------------------------------------------------

OWN = tuple(one for one in PAGES if isinstance(one.who, Role) and one.status == 200)


@pytest.mark.parametrize("shown", OWN, ids=lambda one: one.name)
def test_who_is_no_longer_signed_in_is_led_to_the_page_after_signing_in(there: Story, shown: Shown) -> None:
    path, html = address_of(shown, there), {"Accept": "text/html"}
    assert isinstance(shown.who, Role)
    client = there.fresh(shown.who)
    there.end(client)
    away = client.get(path, headers=html)
    assert away.status_code == 303
    to = urlsplit(away.headers["Location"])
    assert to.path == "/sign-in"
    told = parse_qs(to.query)
    assert told.get("next", ["/"]) == [path], "the way back"
    assert told["ended"] == ["1"]
    if shown.who in there.sign_in.settings.second_factor:
        return
    page = client.get(away.headers["Location"], headers=html).text
    form = {"csrf_token": MARK.findall(page)[0], "login": LOGINS[shown.who][0], "password": PASSWORD, "next": path}
    assert client.post("/sign-in", data=form, headers=html).headers["Location"] == path


@pytest.fixture
def live(browser: Browser, there: Story) -> Iterator[Any]:
    """A page of somebody, and the session that it is in."""
    context = browser.new_context(viewport=WIDE, locale="id-ID")
    context.set_default_timeout(PATIENCE_MS)
    context.route("**/tiles/**", lambda route: route.fulfill(body=NO_TILE, content_type="image/png"))

    def opened(who: Role, path: str, ready: str) -> tuple[Page, FlaskClient]:
        client = there.fresh(who)
        context.add_cookies([there.cookie_of(client)])
        page = context.new_page()
        page.goto(there.address + path)
        expect(page.locator(ready).first).to_be_visible()
        return page, client

    yield opened
    context.close()


def back_again(page: Page, who: Role, url: str) -> None:
    """The page says that the session is over, asks nothing more, and is itself again after signing in."""
    expect(page).to_have_title(re.compile("^Masuk"))
    expect(page.get_by_role("status")).to_contain_text("Sesi Anda sudah berakhir")
    asked: list[str] = []
    page.on("request", lambda one: None if "/static/" in one.url else asked.append(one.url))
    page.fill("main [name=login]", LOGINS[who][0])
    page.fill("main [name=password]", PASSWORD)
    assert asked == []
    page.click("main form button")
    expect(page).to_have_url(url)


def test_a_wall_whose_session_is_over_shows_no_old_picture(live: Any, there: Story) -> None:
    page, client = live(Role.WALL, "/wall", ".wall-spot")
    there.end(client)
    there.opened("flood", Severity.LOW)
    back_again(page, Role.WALL, f"{there.address}/wall")
    expect(page.locator(".wall-spot").first).to_be_visible()


def test_a_planner_whose_session_is_over_is_asked_to_sign_in_at_the_next_change(live: Any, there: Story) -> None:
    page, client = live(Role.PLANNER, "/planner?lang=id", "#compare tbody tr")
    there.end(client)
    page.select_option("#kind", "fire_engine")
    back_again(page, Role.PLANNER, f"{there.address}/planner?lang=id")


def test_a_village_whose_session_is_over_signs_in_and_sees_its_map(live: Any, there: Story) -> None:
    page, client = live(Role.VILLAGE_OFFICIAL, "/village", ".question")
    page.set_viewport_size(PHONE)
    page.reload()
    there.end(client)
    page.click("#open-map")
    back_again(page, Role.VILLAGE_OFFICIAL, f"{there.address}/village")
    page.click("#open-map")
    expect(page.locator(".map-spot").first).to_be_visible()


@pytest.mark.parametrize("is_locked", [False, True], ids=["over", "locked"])
def test_a_shift_note_is_not_lost_with_the_session_and_not_stored_twice(
    live: Any, there: Story, is_locked: bool
) -> None:
    words = "Perahu karet di Losari bocor; jangan dikirim."
    page, client = live(Role.CALL_TAKER, "/handover", "textarea")
    there.lock(client) if is_locked else there.end(client)
    page.fill("textarea", words)
    head = there.made.store.head()
    page.click("form[method=post] button:not(.plain)")
    expect(page.get_by_role("alert")).to_contain_text("tidak ada yang disimpan")
    expect(page.locator("textarea")).to_have_value(words)
    assert there.made.store.head() == head
    for name, value in (("login", LOGINS[Role.CALL_TAKER][0]), ("password", PASSWORD)):
        if page.locator(f"main [name={name}]").count():
            page.fill(f"main [name={name}]", value)
    page.click("main form button")
    expect(page).to_have_url(f"{there.address}/handover")
    expect(page.locator("textarea")).to_have_value("")
    assert there.made.store.head() == head


@pytest.mark.parametrize("who", sorted({one.who for one in OWN if isinstance(one.who, Role)}))
def test_the_back_button_shows_nothing_after_signing_out(live: Any, there: Story, who: Role) -> None:
    own = [one for one in OWN if one.who is who]
    page, _ = live(who, address_of(own[0], there), own[0].ready)
    for one in own[1:]:
        page.goto(there.address + address_of(one, there), wait_until="commit")
    page.goto(f"{there.address}/account")
    page.click("form[action='/sign-out'] button")
    expect(page).to_have_title(re.compile("^Masuk"))
    for _one in own:
        page.go_back(wait_until="commit")
        expect(page).to_have_title(re.compile("^Masuk"))
