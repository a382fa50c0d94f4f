"""What a form of the desk lacks is one sentence beside its field, in the page's language; what was written stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from dispatch.accounts import Role
from tests.e2e.screen import WIDE, begun
from tests.e2e.story import Story

pytestmark = pytest.mark.browser
ODD = "طفل عالق 🚒🔥 di lantai ‎atas"


@pytest.fixture
def page(desks: Any, there: Story) -> Iterator[Page]:
    page: Page = desks(Role.DISPATCHER).new_page()
    page.set_viewport_size(WIDE)
    page.goto(f"{there.address}/?incident={there.running}")
    begun(page, ".assignment")
    yield page
    page.close()


def fault(field: Locator) -> Locator:
    """The sentence beside a field, which the field itself names."""
    return field.page.locator(f"#{field.get_attribute('aria-describedby')}")


def refused(field: Locator, starts: str, keeps: str) -> None:
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(fault(field)).to_be_visible()
    text = fault(field).inner_text()
    assert text.startswith(starts)
    assert text.endswith(".")
    expect(field).to_have_value(keeps)


def test_closing_recalling_and_unmasking_do_nothing_without_what_they_need(page: Page, there: Story) -> None:
    head = there.made.store.head()
    page.click("[data-act=close]")
    page.fill("#close-form [name=note]", "padam")
    page.click("#close-form [type=submit]")
    refused(page.locator("#close-form select"), "Pilih hasil akhirnya", "")
    expect(page.locator("#close-form [name=note]")).to_have_value("padam")
    page.click("[data-act=cancel]")
    for opens, form in (
        ("[data-act=cancel]", "#cancel-form"),
        ("[data-act=recall]", "#recall-form"),
        ("#unmask", "#unmask-form"),
    ):
        page.locator(opens).first.click()
        reason = page.locator(f"{form} [name=reason]")
        for text in ("", "   "):
            reason.fill(text)
            expect(reason).not_to_have_attribute("aria-invalid", "true")
            reason.press("Enter")
            refused(reason, "Tulis alasannya", text)
    reason.fill("x" * 201)
    reason.press("Enter")
    refused(reason, "Paling panjang 200 huruf; ini 201", "x" * 201)
    page.click("[data-language=en]")
    page.locator("#unmask").click()
    page.locator("#unmask-form [name=reason]").press("Enter")
    refused(page.locator("#unmask-form [name=reason]"), "Say why", "")
    page.click("[data-language=id]")
    assert there.made.store.head() == head


def test_a_note_may_be_long_and_in_any_script_but_not_empty_and_not_longer(page: Page, there: Story) -> None:
    note = page.locator("#note-form input")
    head = there.made.store.head()
    for text, starts in (
        ("", "Tulis dulu"),
        (" \t ", "Tulis dulu"),
        ("a" * 5001, "Paling panjang 5000 huruf; ini 5001"),
    ):
        note.fill(text)
        expect(note).not_to_have_attribute("aria-invalid", "true")
        note.press("Enter")
        refused(note, starts, text)
    assert there.made.store.head() == head
    # A sign outside the first plane counts once, as for the server.
    longest = "🔥" * 5000
    for text in (ODD, longest):
        note.fill(text)
        note.press("Enter")
        expect(page.locator(".notes li p").get_by_text(text, exact=True)).to_have_count(1)
        expect(note).to_have_value("")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_area_needs_three_corners_that_do_not_cross_and_an_end_to_come(page: Page, there: Story) -> None:
    head = there.made.store.head()
    page.click("#close-road")
    mark = page.locator(".fleet-incident.chosen").bounding_box()
    assert mark is not None

    def corner(dx: int, dy: int) -> None:
        page.mouse.click(mark["x"] + mark["width"] / 2 + dx, mark["y"] + mark["height"] / 2 + dy)

    said, save = page.locator("#closure-preview"), page.locator("#closure-save")
    page.fill("#closure-note", ODD)
    corner(-90, -70)
    expect(said).to_have_text("Kurang 2 sudut lagi.")
    corner(90, 110)
    expect(said).to_have_text("Kurang satu sudut lagi.")
    expect(save).to_be_disabled()
    for dx, dy in ((90, -70), (-90, 110)):
        corner(dx, dy)
    expect(said).to_contain_text("berpotongan")
    expect(save).to_be_disabled()
    page.click("#closure-undo")
    page.click("#closure-undo")
    for dx, dy in ((90, -70), (-90, -100)):
        corner(dx, dy)
    page.fill("#closure-until", "2026-01-01T00:00")
    expect(save).to_be_enabled()
    save.click()
    refused(page.locator("#closure-until"), "Waktu buka ini sudah lewat", "2026-01-01T00:00")
    expect(page.locator("#closure-note")).to_have_value(ODD)
    page.fill("#closure-until", "")
    page.fill("#closure-note", "x" * 5001)
    save.click()
    refused(page.locator("#closure-note"), "Catatan paling panjang 5000 huruf", "x" * 5001)
    page.keyboard.press("Escape")
    expect(page.locator("#closure-form")).to_have_count(0)
    assert there.made.store.head() == head
