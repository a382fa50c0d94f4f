"""The real server on the demonstration region, and a real Chromium that may talk to nobody else."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from waitress.server import create_server

from dispatch.accounts import Role
from tests.e2e.screen import NO_TILE, PATIENCE_MS, SCREENSHOTS, WIDE, OpenPage, Screenshot, settle
from tests.e2e.story import Story, story
from web.app import create_app
from web.one_send import OneSendChannel
from web.regions import open_region
from web.service import Desk

BROWSER_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def desk() -> Desk:
    """The demonstration region, as everybody gets it."""
    return Desk(open_region(None))


@pytest.fixture(scope="session")
def address(desk: Desk) -> Iterator[str]:
    """The address of a running server."""
    server = create_server(create_app(desk), host="127.0.0.1", port=0, threads=4)
    server.channel_class = OneSendChannel  # as `siaga112 serve` answers
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; its absence fails the test unless somebody said that there is none."""
    if os.environ.get("SIAGA112_NO_BROWSER"):
        pytest.skip("SIAGA112_NO_BROWSER is set")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.fail("Chromium is not installed; run `apt-get install chromium` or set SIAGA112_NO_BROWSER=1.")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=BROWSER_ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """Opens pages of the server, and afterwards fails when one asked another host or its scripts failed."""
    contexts = []
    foreign: list[str] = []
    failures: list[str] = []

    def opened(path: str = "/", *, width: int = 1440, height: int = 900, **settings: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="id-ID", **settings)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda request: None if allowed(request.url) else foreign.append(request.url))
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("console", lambda message: failures.append(message.text) if is_failure(message.text) else None)
        page.goto(path if path.startswith("about:") else address + path)
        return page

    def allowed(url: str) -> bool:
        return url.startswith((address + "/", "data:", "blob:"))

    def is_failure(text: str) -> bool:
        return re.search(r"Content Security Policy|TypeError|ReferenceError|SyntaxError", text) is not None

    yield opened
    for context in contexts:
        context.close()
    assert not foreign, f"the page asked other hosts: {foreign}"
    assert not failures, f"the page's scripts failed: {failures}"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A centre in the middle of a shift, served."""
    with story(f"sqlite:///{tmp_path_factory.mktemp('pages') / 'siaga112.db'}") as found:
        yield found


@pytest.fixture(scope="module")
def desks(browser: Browser, there: Story) -> Iterator[Any]:
    """One browser for each who; pages are opened in it one after the other."""
    opened: dict[Role | str | None, BrowserContext] = {}

    def of(who: Role | str | None) -> BrowserContext:
        if who not in opened:
            opened[who] = context = browser.new_context(viewport=WIDE, locale="id-ID", reduced_motion="reduce")
            context.set_default_timeout(PATIENCE_MS)
            context.route("**/tiles/**", lambda route: route.fulfill(body=NO_TILE, content_type="image/png"))
            if who is not None:
                context.add_cookies([there.cookie(who)])
        return opened[who]

    yield of
    for context in opened.values():
        context.close()


@pytest.fixture
def screenshot() -> Screenshot:
    """Keeps a picture of the page in build/screenshots."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def keep(page: Page, name: str) -> None:
        settle(page)
        page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return keep
