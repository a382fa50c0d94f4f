"""Every page that people open, as one table: who opens it where, and what may stand open on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Page, expect

from dispatch.accounts import Role
from tests.e2e.story import Story

Do = Callable[[Page], None]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A page.

    Attributes
    ----------
    name
        Of the test.
    rule
        The route.
    address
        With `{…}` for what the story knows.
    who
        A role; or `code`, `enrol`, `locked`, `ended` for a session at that stage; None for a visitor.
    status
        Of the answer.
    ready
        What is there once the page has begun.
    parts
        What may stand open: how it is opened, and where it then is.
    personal
        Whether the page is somebody's, so that nothing of it stays when he has signed out.
    """

    name: str
    rule: str
    address: str
    who: Role | str | None = None
    status: int = 200
    ready: str = "main"
    parts: tuple[tuple[str, str, Do], ...] = field(default=())
    personal: bool = True


def _press(key: str, shows: str) -> Do:
    def do(page: Page) -> None:
        page.keyboard.press("Escape")
        page.keyboard.press(key)
        expect(page.locator(shows).first).to_be_visible()

    return do


def _click(what: str, shows: str) -> Do:
    def do(page: Page) -> None:
        page.locator(what).first.click()
        expect(page.locator(shows).first).to_be_visible()

    return do


def _place_of_the_call(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press("n")
    expect(page.locator("#call .call-form")).to_be_visible()
    page.keyboard.type("kertawinangun")
    expect(page.locator("#call [role=option]").first).to_be_visible()


DESK = (
    ("queue", "#queue", lambda page: expect(page.locator(".incident-row")).to_have_count(4)),
    ("recommendation", "#incident", _click("[data-group=waiting] [data-incident]", ".candidate")),
    ("menu", "#menu", _click("#menu summary", "#menu nav")),
    ("sounds", "#alarms", _click("#alarms-button", ".alarms-panel")),
    ("unit", "#units", _click(".fleet-row", "#unit")),
    ("closed roads", "#closures", _click("#closures-title", ".closure-list")),
    ("keys", "dialog[open]", _press("?", "dialog[open]")),
    ("call", "#call", _place_of_the_call),
)
PLANNER = (
    ("hour", "#hours", _click("#hours > summary", "#any-hour")),
    ("roads", "#roads", _click("#roads > summary", "#street")),
    ("posts", "#posts", _click("#posts > summary", "#post-filter")),
    ("post", ".map", _click(".post", ".post-card")),
)
R = Role
PAGES = (
    Shown(name="sign-in", rule="/sign-in", address="/sign-in?ended=1&next=/handover", personal=False),
    Shown(name="code", rule="/sign-in/code", address="/sign-in/code", who="code"),
    Shown(name="phone", rule="/sign-in/second-factor", address="/sign-in/second-factor", who="enrol"),
    Shown(name="locked", rule="/locked", address="/locked", who="locked"),
    Shown(name="first-link", rule="/link/<token>", address="/link/{link}"),
    Shown(name="used-link", rule="/link/<token>", address="/link/used", status=410),
    Shown(name="account", rule="/account", address="/account", who=R.DISPATCHER),
    Shown(name="accounts", rule="/accounts", address="/accounts", who=R.ADMINISTRATOR),
    Shown(name="one-account", rule="/accounts/<login>", address="/accounts/disp.01", who=R.ADMINISTRATOR),
    Shown(name="refused", rule="/accounts", address="/accounts", who=R.CALL_TAKER, status=403),
    Shown(name="no-such-page", rule="", address="/tidak-ada", who=R.DISPATCHER, status=404),
    Shown(name="no-such-page-for-visitors", rule="", address="/tidak-ada", status=404, personal=False),
    Shown(name="answer-map", rule="/", address="/?at=-6.7172,108.5362", who=R.PLANNER, ready=".unit-row"),
    Shown(name="desk", rule="/", address="/?incident={running}", who=R.DISPATCHER, ready=".assignment", parts=DESK),
    Shown(name="crew", rule="/crew", address="/crew", who=R.CREW, ready="#acts button", personal=False),
    Shown(name="crew-shell", rule="/crew/shell", address="/crew/shell", ready="#main", personal=False),
    Shown(name="crew-units", rule="/crew/units", address="/crew/units", who=R.CREW),
    Shown(name="agency", rule="/agency", address="/agency", who=R.AGENCY),
    Shown(name="agency-incident", rule="/agency/incidents/<incident_id>", address="/agency/incidents/{running}",
          who=R.AGENCY),
    Shown(name="village", rule="/village", address="/village?month={month}", who=R.VILLAGE_OFFICIAL,
          ready=".map-spot"),
    Shown(name="village-now", rule="/village", address="/village", who=R.VILLAGE_OFFICIAL, ready=".question"),
    Shown(name="village-choice", rule="/village", address="/village", who=R.CALL_TAKER, ready=".choice"),
    Shown(name="village-summary", rule="/village/summary", address="/village/summary?month={month}",
          who=R.VILLAGE_OFFICIAL),
    Shown(name="public", rule="/public", address="/public", personal=False),
    Shown(name="wall", rule="/wall", address="/wall", who=R.WALL, ready=".wall-spot"),
    Shown(name="handover", rule="/handover", address="/handover", who=R.DISPATCHER),
    Shown(name="shift-note", rule="/handover/<note_id>", address="/handover/{shift_note}", who=R.DISPATCHER),
    Shown(name="sheet", rule="/incidents/<incident_id>/sheet", address="/incidents/{running}/sheet", who=R.DISPATCHER),
    Shown(name="planner", rule="/planner", address="/planner", who=R.PLANNER, ready="#compare tbody tr",
          parts=PLANNER),
    Shown(name="speeds", rule="/speeds", address="/speeds", who=R.PLANNER),
)  # fmt: skip


def address_of(shown: Shown, story: Story) -> str:
    """Where a page is in a story."""
    return shown.address.format_map(vars(story))
