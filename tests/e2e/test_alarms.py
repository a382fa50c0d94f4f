"""What draws a dispatcher's attention: sounds, the tab's title and mark, by severity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dispatch.commands import AssignUnits, CancelIncident, OpenIncident
from dispatch.incidents import IncidentLocation, LocationKind, Severity
from gis.types import Location
from tests.centre_app import CentreApp, centre_app, served
from tests.e2e.screen import OpenPage, Screenshot

PLACE = Location(lat=-6.7172, lon=108.5362)
HEARD = "window.sounds = []; addEventListener('siaga112-sound', ({ detail }) => window.sounds.push(detail), true);"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentreApp]:
    with centre_app(f"sqlite:///{tmp_path_factory.mktemp('alarms') / 'centre.db'}") as app:
        yield app


@pytest.fixture(scope="module")
def address(made: CentreApp) -> Iterator[str]:
    with served(made.app, streams=8) as port:
        yield f"http://127.0.0.1:{port}"


def begun(open_page: OpenPage, *, clock_at: str | None = None, **how: Any) -> Page:
    """A desk; clock_at: the address for one with a clock that can be stopped and moved on."""
    page = open_page("/" if clock_at is None else "about:blank", **{"width": 1366, "height": 768, **how})
    if clock_at is not None:
        page.clock.install()
        page.goto(f"{clock_at}/")
    page.wait_for_selector("html[data-ready=true]")
    page.evaluate(HEARD)
    return page


def opened(made: CentreApp, severity: Severity) -> str:
    place = IncidentLocation(kind=LocationKind.POINT, location=PLACE, radius_m=20)
    command = OpenIncident(category="medical", severity=severity, location=place)
    return str(made.running.centre.execute(command, actor="sari")["incidents"][0]["incident_id"])


def stop_clock(page: Page) -> None:
    """From here on it is moved by the test alone."""
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=2))


def quiet(made: CentreApp) -> None:
    """Nothing waits for anybody."""
    for one in made.app.test_client().get("/api/v1/board").get_json()["incidents"]:
        made.running.centre.execute(CancelIncident(incident_id=one["incident_id"], reason="selesai"), actor="sari")


def sounds(page: Page) -> list[str]:
    return [f"{one['what']} {one['severity']}" for one in page.evaluate("window.sounds")]


def test_a_new_incident_sounds_and_marks_the_tab_by_its_severity_on_other_desks_only(
    open_page: OpenPage, made: CentreApp
) -> None:
    page, other = begun(open_page), begun(open_page)
    mark = page.locator("link[rel=icon]")
    marks = [mark.get_attribute("href")]
    for severity, sound, title in (
        (Severity.LOW, "incident other", "(1·) Siaga112"),
        (Severity.HIGH, "incident high", "(1) Siaga112"),
        (Severity.CRITICAL, "incident critical", "(1!) Siaga112"),
    ):
        incident_id = opened(made, severity)
        expect(page.locator("#alarms")).to_have_attribute("data-last", sound)
        expect(page).to_have_title(re.compile(f"^{re.escape(title)}"))
        marks.append(mark.get_attribute("href"))
    assert len(set(marks)) == len(marks)
    expect(page.locator("#alarms.calls")).to_have_count(1)
    page.locator(f"[data-incident='{incident_id}']").click()
    expect(page.locator("#alarms.calls")).to_have_count(0)
    # What a desk does itself is heard by the others.
    expect(other.locator("#alarms")).to_have_attribute("data-last", "incident critical")
    before = len(sounds(page))
    page.keyboard.press("/")
    page.keyboard.type("i banjir 2 -6.7, 108.5")
    page.keyboard.press("Enter")
    expect(page.locator("#command-answer")).to_contain_text("dibuka")
    expect(other.locator("#alarms")).to_have_attribute("data-last", "incident high")
    assert len(sounds(page)) == before


def test_every_sound_can_be_tested_and_what_is_set_is_kept(
    open_page: OpenPage, made: CentreApp, screenshot: Screenshot
) -> None:
    page = begun(open_page, color_scheme="dark")
    expect(page.locator(".alarms-hint")).to_be_visible()
    page.click("#alarms-button")
    expect(page.locator("#alarms-panel")).to_be_visible()
    tests = page.locator("[data-test]")
    names = [tests.nth(n).get_attribute("data-test") for n in range(tests.count())]
    assert len(set(names)) == 7
    for name in names:
        page.click(f"[data-test='{name}']")
    assert sounds(page) == names
    screenshot(page, "desk-alarms-dark-1366")
    page.keyboard.press("Escape")
    page.click("#menu summary")
    expect(page.locator("#menu a")).to_have_text(
        ["Catatan serah terima", "Layar dinding", "Halaman desa", "Kecepatan hasil belajar", "Perencanaan"]
    )
    page.click("#theme")
    screenshot(page, "desk-menu-light-1366")
    page.click("#alarms-button")
    page.locator(".alarms-row").first.get_by_role("checkbox").uncheck()
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    page.click("#alarms-button")
    expect(page.locator(".alarms-row").first.get_by_role("checkbox")).not_to_be_checked()
    expect(page.locator(".alarms-row").nth(1).get_by_role("checkbox")).to_be_checked()


def test_stepping_through_the_queue_keeps_no_recommendation_until_somebody_looks(
    open_page: OpenPage, made: CentreApp, address: str
) -> None:
    ids = [opened(made, Severity.HIGH) for _ in range(3)]
    page = begun(open_page, clock_at=address)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if one.method == "POST" and "recommend" in one.url else None)
    expect(page.locator(f"[data-incident='{ids[-1]}']")).to_be_visible()
    stop_clock(page)  # however long a busy machine takes between two keys
    order = [one.get_attribute("data-incident") for one in page.locator("[data-incident].incident-row").all()]
    last = max(order.index(one) for one in ids)  # incidents of other tests may stand among them
    for _ in range(last + 1):
        page.keyboard.press("j")
    expect(page.locator(".incident-title .incident-id")).to_have_text(order[last] or "")
    expect(page.locator("#recommend")).to_be_visible()
    page.clock.run_for(1000)
    expect(page.locator("#assign")).to_be_enabled()
    assert [one.split("/")[-2] for one in asked] == [order[last]]
    # Come back at once, it is as good as new.
    page.keyboard.press("k")
    expect(page.locator(".incident-title .incident-id")).to_have_text(order[last - 1] or "")
    page.keyboard.press("j")
    expect(page.locator(".incident-title .incident-id")).to_have_text(order[last] or "")
    expect(page.locator("#recommend")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#assign")).to_be_enabled()
    assert len(asked) == 1


def test_a_critical_one_that_waits_sounds_again_until_somebody_looks_at_it(
    open_page: OpenPage, made: CentreApp, address: str
) -> None:
    quiet(made)
    page = begun(open_page, clock_at=address)
    incident_id = opened(made, Severity.CRITICAL)
    last = page.locator("#alarms")
    expect(last).to_have_attribute("data-last", "incident critical")
    stop_clock(page)
    page.clock.run_for(17_000)
    assert sounds(page) == ["incident critical"]
    page.clock.run_for(4_000)
    assert sounds(page) == ["incident critical", "waiting critical"]
    page.locator(f"[data-incident='{incident_id}']").click()
    opened(made, Severity.LOW)  # something is heard of the server, so that the desk does not think the line dead
    expect(page.locator(".incident-row")).to_have_count(2)
    page.clock.run_for(21_000)
    assert sounds(page)[2:] == ["incident other"]


def test_nobody_on_the_way_for_too_long_sounds_once_and_sooner_the_worse_it_is(
    open_page: OpenPage, made: CentreApp, address: str
) -> None:
    quiet(made)
    opened(made, Severity.LOW)
    page = begun(open_page, clock_at=address)
    opened(made, Severity.HIGH)
    expect(page.locator("#alarms")).to_have_attribute("data-last", "incident high")
    stop_clock(page)
    page.route("**/api/v1/board*", lambda route: route.abort())  # the server's clock is not told anew
    page.clock.fast_forward(170_000)
    page.clock.run_for(2_000)
    assert "waiting high" not in sounds(page)
    page.clock.fast_forward(10_000)
    page.clock.run_for(4_000)
    assert sounds(page).count("waiting high") == 1
    assert "waiting other" not in sounds(page)  # the low one may wait ten minutes


def test_a_crew_that_should_have_turned_out_sounds_and_stands_in_red(
    open_page: OpenPage, made: CentreApp, address: str
) -> None:
    quiet(made)
    page = begun(open_page, clock_at=address)
    incident_id = opened(made, Severity.HIGH)
    made.running.centre.execute(AssignUnits(incident_id=incident_id, unit_ids=("AMB-13",)), actor="sari")
    expect(page.locator(f"[data-group=running] [data-incident='{incident_id}']")).to_contain_text("AMB-13")
    stop_clock(page)
    page.clock.run_for(2_000)
    before = sounds(page)
    page.clock.fast_forward(400_000)
    page.clock.run_for(4_000)
    assert sounds(page)[len(before) :].count("waiting high") >= 1
    expect(page.locator(f"[data-incident='{incident_id}'] .due.overdue")).to_contain_text("+")


def test_a_lost_connection_sounds_after_two_seconds_and_is_told_apart(
    open_page: OpenPage, made: CentreApp, address: str
) -> None:
    quiet(made)
    page = begun(open_page, clock_at=address)
    stop_clock(page)
    page.route("**/api/v1/events*", lambda route: route.abort())
    page.clock.fast_forward(30_000)  # longer than the server ever keeps silent
    expect(page.locator("#connection.lost")).to_contain_text("Terputus sejak")
    page.clock.run_for(1_500)
    assert sounds(page) == []
    page.clock.run_for(1_500)
    assert sounds(page) == ["lost connection"]
    page.unroute("**/api/v1/events*")
    page.clock.run_for(15_000)
    expect(page.locator("#connection")).to_have_text("")
