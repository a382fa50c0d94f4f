"""What the browser tests share beyond fixtures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

SERIOUS = {"serious", "critical"}
PATIENCE_MS = 90_000
"""How long browser tests wait for what they expect. It ends only a test that fails, also on a slow, busy machine."""
SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"

Screenshot = Callable[[Page, str], None]
OpenPage = Callable[..., Page]


def settle(page: Page) -> None:
    """Wait until answers, tiles and their fading in are done.

    Asked through locators: pages of ours let nobody evaluate text, as `wait_for_function` does from its second look on.

    A page that follows the event log is never without a request: it says itself when it has begun.
    """
    if page.locator("#console").count():
        expect(page.locator("html")).to_have_attribute("data-ready", "true")
    else:
        page.wait_for_load_state("networkidle")
    expect(page.locator(".leaflet-tile:not(.leaflet-tile-loaded)")).to_have_count(0)
    expect(page.locator("#progress")).to_be_hidden()
    page.wait_for_timeout(300)


def violations(page: Page) -> list[tuple[str, str]]:
    """What stands seriously in the way of those who see or move otherwise: the rule, and the first place."""
    found = Axe().run(page)["violations"]
    return [(one["id"], one["nodes"][0]["html"][:120]) for one in found if one["impact"] in SERIOUS]
