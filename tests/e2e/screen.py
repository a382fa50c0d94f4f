"""What the browser tests share beyond fixtures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from axe_core_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from web.tile_png import png

WIDE, LAPTOP, PHONE = ({"width": w, "height": h} for w, h in ((1920, 1080), (1366, 768), (360, 740)))
SERIOUS = {"serious", "critical"}
PATIENCE_MS = 90_000
"""How long browser tests wait for what they expect. It ends only a test that fails, also on a slow, busy machine."""
OF_COLOUR = ("color-contrast", "link-in-text-block")
"""What a theme may change; all other rules are asked once."""

NO_TILE = png(Image.new("RGB", (1, 1)))
"""Stands for every tile where what is around the map is looked at: drawing tiles takes longer than all else."""

ASK_AXE = """([within, rules]) => axe.run(within === null ? document : {include: [[within]]}, {
  resultTypes: ["violations"], ...(rules ? {runOnly: {type: "rule", values: rules}} : {}),
}).then(({violations}) => violations.map(({id, impact, nodes}) => [id, impact, nodes[0].html.slice(0, 160)]))"""
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


def begun(page: Page, ready: str) -> None:
    """Wait until a page has begun: until what it is ready with is there, and the desk has its board."""
    expect(page.locator(ready).first).to_be_visible()
    if page.locator("#console").count():
        expect(page.locator("html")).to_have_attribute("data-ready", "true")


def check(page: Page, within: str | None = None, rules: tuple[str, ...] | None = None) -> None:
    """Nothing stands in the way of those who see or move otherwise."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate(ASK_AXE, [within, rules])
    # A page that is read has no fault at all; on one that is worked with, what is only untidy may stand.
    assert [one for one in found if one[1] in SERIOUS or not page.locator("#map").count()] == []


def in_the_other_theme(page: Page, within: str | None = None) -> None:
    """What colours may spoil, in the dark where the page was light."""
    other = page.evaluate(
        "() => { const at = document.documentElement.dataset; const was = at.theme;"
        " if (was) at.theme = was === 'dark' ? 'light' : 'dark'; return was ?? null; }"
    )
    page.emulate_media(color_scheme="dark")
    check(page, within, OF_COLOUR)
    page.emulate_media(color_scheme="light")
    page.evaluate("(was) => { if (was) document.documentElement.dataset.theme = was; }", other)
