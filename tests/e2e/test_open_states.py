"""What stands open inside pages: read by everybody, held and left by the keyboard alone, as wide as the screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from dispatch.accounts import Role
from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.screen import LAPTOP, PHONE, WIDE, begun, check, in_the_other_theme
from tests.e2e.states import STATES, State
from tests.e2e.story import Story

pytestmark = pytest.mark.browser
FITS = """(one) => { const {left, right} = one.getBoundingClientRect();
  return document.documentElement.scrollWidth <= innerWidth && left >= 0 && right <= innerWidth; }"""


@pytest.fixture(scope="module")
def pages(desks: Any, browser: Browser, there: Story) -> Iterator[Any]:
    """A page in which what stood open before is closed again; one where that failed is not used any more."""
    kept: dict[tuple[Role | str, str], Page] = {}
    newcomer = browser.new_context(locale="id-ID", reduced_motion="reduce")
    newcomer.set_default_timeout(PATIENCE_MS)

    def of(state: State) -> Page:
        page = kept.pop((state.who, state.address), None)
        if page is not None:
            return page
        if state.who == "enrol":
            newcomer.add_cookies([there.cookie_of(there.fresh("enrol"))])
        page = (newcomer if state.who == "enrol" else desks(state.who)).new_page()
        page.goto(there.address + state.address.format_map(vars(there)))
        begun(page, state.ready)
        return page

    def back(state: State, page: Page) -> None:
        kept[state.who, state.address] = page

    of.back = back
    yield of
    newcomer.close()


@pytest.mark.parametrize("state", STATES, ids=lambda one: one.name)
def test_what_stands_open(there: Story, pages: Any, state: State) -> None:
    page: Page = pages(state)
    is_of_a_phone = state.who is Role.CREW
    page.set_viewport_size(PHONE if is_of_a_phone else WIDE)
    state.opens(page, there)
    place = page.locator(state.within).first
    expect(place).to_be_visible()
    expect(page.locator(state.holds or state.within).first.locator(":focus")).to_have_count(1)
    for size in (WIDE, LAPTOP, PHONE):
        page.set_viewport_size(size)
        expect(place).to_be_visible()
        assert place.evaluate(FITS), f"at {size['width']} pixels"
        if size is PHONE or (size is LAPTOP and not is_of_a_phone):
            check(page, state.within)
    in_the_other_theme(page, state.within)
    page.set_viewport_size(PHONE if is_of_a_phone else WIDE)
    for key in state.keys:
        page.keyboard.press(key)
    if state.keys:
        expect(page.locator(state.within).first).to_be_hidden()
        pages.back(state, page)
    if state.back:
        expect(page.locator(f":is({state.back}):focus")).to_have_count(1)
