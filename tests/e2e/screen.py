"""What the browser tests share beyond fixtures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page

SERIOUS = {"serious", "critical"}
SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"

Screenshot = Callable[[Page, str], None]
OpenPage = Callable[..., Page]


def settle(page: Page) -> None:
    """Wait until answers, tiles and their fading in are done.

    A page that follows the event log is never without a request: it says itself when it has begun.
    """
    if page.locator("#console").count():
        page.wait_for_function("() => document.documentElement.dataset.ready === 'true'")
    else:
        page.wait_for_load_state("networkidle")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.leaflet-tile')].every(t => t.classList.contains('leaflet-tile-loaded'))"
        " && document.getElementById('progress').hidden"
    )
    page.wait_for_timeout(300)


def violations(page: Page) -> list[tuple[str, str]]:
    """What stands seriously in the way of those who see or move otherwise: the rule, and the first place."""
    found = Axe().run(page)["violations"]
    return [(one["id"], one["nodes"][0]["html"][:120]) for one in found if one["impact"] in SERIOUS]
