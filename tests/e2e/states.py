"""What may stand open inside pages, as one table: how the keyboard opens it, where it is, where Esc leads back to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from playwright.sync_api import Page, expect

from dispatch.accounts import Role
from dispatch.commands import ReportStatus
from dispatch.types import UnitStatus
from tests.accounts import code_at
from tests.e2e.story import CREW_UNIT, Story

Do = Callable[[Page, Story], None]


@dataclass(frozen=True, kw_only=True)
class State:
    """Something that stands open in a page.

    Attributes
    ----------
    name
        Of the test.
    who
        Who has signed in.
    address
        Of the page, with `{…}` for what the story knows.
    ready
        What is there once the page has begun.
    opens
        Opens it by keys alone.
    within
        Where it is, and nowhere once it is closed.
    holds
        Where the keyboard is then; "" for `within`.
    keys
        What leads out; none where nothing does but going on.
    back
        What has the keyboard again afterwards; "" where it is no place of its own.
    """

    name: str
    who: Role | str
    address: str
    ready: str
    opens: Do
    within: str
    holds: str = ""
    keys: tuple[str, ...] = ("Escape",)
    back: str = ""


def _focused(what: str, *keys: str) -> Do:
    """Go to a button as Tab would, and press it."""

    def do(page: Page, _story: Story) -> None:
        button = page.locator(what).first
        expect(button).to_be_enabled()
        button.focus()
        for key in keys or ("Enter",):
            page.keyboard.press(key)

    return do


def _keys(*keys: str) -> Do:
    def do(page: Page, _story: Story) -> None:
        for key in keys:
            page.keyboard.press(key)

    return do


def _line(text: str) -> Do:
    def do(page: Page, _story: Story) -> None:
        page.locator("#queue .incident-row").first.focus()
        page.keyboard.press("/")
        expect(page.locator("#command")).to_be_focused()
        page.keyboard.type(text)

    return do


def _nearest(page: Page, _story: Story) -> None:
    page.locator("#queue .incident-row").first.focus()
    page.keyboard.press("l")
    expect(page.locator("#at")).to_be_focused()
    page.keyboard.type("kertawinangun")
    page.keyboard.press("Enter")
    expect(page.locator("#answer .unit-row").first).to_be_visible()


def _merge(page: Page, story: Story) -> None:
    page.keyboard.press("n")
    expect(page.locator("#call .call-form")).to_be_visible()
    page.keyboard.type(f"{story.place.lat:.5f},{story.place.lon:.5f}")
    page.keyboard.press("Enter")
    expect(page.locator(".call-choice").first).to_be_visible()
    page.locator("#call .call-choice", has_text="Kebakaran").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".call-same [data-join]").first).to_be_visible()
    page.locator(".call-same [data-join]").first.focus()


def _flood(page: Page, _story: Story) -> None:
    """The corners are set where the map is; all else is done by keys."""
    page.locator("#close-road").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#closure-form [name=closure-tool]:checked")).to_be_focused()
    box = page.locator(".fleet-incident.chosen").bounding_box()
    assert box is not None
    for dx, dy in ((-90, -70), (90, -70), (90, 110), (-90, 110)):
        page.mouse.click(box["x"] + box["width"] / 2 + dx, box["y"] + box["height"] / 2 + dy)
    expect(page.locator("#closure-save")).to_be_enabled()
    page.locator("#closure-note").focus()


def _codes(page: Page, _story: Story) -> None:
    secret = page.locator(".key code").inner_text().replace(" ", "")
    page.locator("main [name=code]").focus()
    page.keyboard.type(code_at(secret, datetime.now(UTC)))
    page.keyboard.press("Enter")
    expect(page.locator(".codes li").first).to_be_visible()
    page.locator("main .button").focus()


def _hospitals(page: Page, story: Story) -> None:
    if page.locator('#acts [data-do="transporting"]').count() == 0:
        for status in (UnitStatus.EN_ROUTE, UnitStatus.ON_SCENE):
            story.do(ReportStatus(unit_id=CREW_UNIT, status=status))
        page.evaluate("dispatchEvent(new Event('online'))")
    _focused('#acts [data-do="transporting"]')(page, story)
    expect(page.locator("#sheet .pair")).to_have_count(12)


R = Role
DESK, CREW = "/?incident={running}", "/crew"
_desk = {"who": R.DISPATCHER, "address": DESK, "ready": ".assignment"}
_crew = {"who": R.CREW, "address": CREW, "ready": "#acts button"}
STATES = (
    State(name="key-list", opens=_focused(".incident-row", "?"), within="dialog[open]", back=".incident-row", **_desk),
    State(name="command-help", opens=_line("h\n"), within="#command-answer", holds="#line", back=".incident-row",
          **_desk),
    State(name="command-completion", opens=_line("d AMB"), within="#command-options", holds="#line",
          keys=("Escape", "Escape"), back=".incident-row", **_desk),
    State(name="closing", opens=_focused("[data-act=close]"), within="#close-form", back="[data-act=close]", **_desk),
    State(name="recall", opens=_focused("[data-act=recall]"), within="#recall-form", back="[data-act=recall]", **_desk),
    State(name="unmask", opens=_focused("#unmask"), within="#unmask-form", back="#unmask", **_desk),
    State(name="closure", opens=_flood, within="#closure-form", back="#close-road", **_desk),
    State(name="nearest", opens=_nearest, within="#answer .place", holds="[data-pane=ask]", keys=("Escape", "Escape"),
          back=".incident-row", **_desk),
    State(name="merge", opens=_merge, within="#call .call-form", keys=("Escape", "t"), **_desk),
    State(name="crew-note", opens=_focused("#write button"), within="#sheet[open]", back="#write button", **_crew),
    State(name="crew-more", opens=_focused("[data-do=more]"), within="#sheet[open]", back="[data-do=more]", **_crew),
    State(name="crew-hospitals", opens=_hospitals, within="#sheet[open]", back="[data-do=transporting]", **_crew),
    State(name="recovery-codes", who="enrol", address="/sign-in/second-factor", ready="main [name=code]",
          opens=_codes, within="main", keys=()),
)  # fmt: skip
