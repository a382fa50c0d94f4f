"""The whole story of an incident in real browsers: two dispatchers, a crew's phone and a village, all at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from dispatch.accounts import Role
from dispatch.codec import dump
from dispatch.commands import OpenIncident
from dispatch.incidents import IncidentLocation, LocationKind, Severity
from gis.types import Location
from tests.accounts import PASSWORD, code_at, person
from tests.centre_app import CentreApp, centre_app, served
from tests.e2e.screen import PATIENCE_MS, OpenPage, violations

pytestmark = pytest.mark.browser
NUMBER, NOTE = "081298765432", "pagar hijau di belakang masjid"
WHERE = "-6.7172, 108.5362"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentreApp]:
    url = f"sqlite:///{tmp_path_factory.mktemp('story') / 'siaga112.db'}"
    with centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as app:
        for login in ("disp.1", "disp.2", "disp.3", "disp.4"):
            person(app.running.sign_in, login, Role.DISPATCHER)
        yield app


@pytest.fixture(scope="module")
def address(made: CentreApp) -> Iterator[str]:
    with served(made.app, streams=16) as port:
        yield f"http://127.0.0.1:{port}"


def signed_in(page: Page, login: str) -> Page:
    page.fill("main [name=login]", login)
    page.fill("main [name=password]", PASSWORD)
    page.click("main form button >> nth=0")
    return page


def dispatcher(open_page: OpenPage, made: CentreApp, login: str, width: int) -> Page:
    """A desk of a dispatcher, who first gives the account a phone."""
    page = signed_in(open_page("/", width=width, height=900), login)
    page.wait_for_selector("[name=code]")
    found = made.running.sign_in.kept.account(login)
    assert found is not None
    page.fill("[name=code]", code_at(found[1].totp_pending or "", datetime.now(UTC)))
    page.click("main form button >> nth=0")
    page.wait_for_selector(".codes")
    page.click("main a.button")
    page.wait_for_selector("html[data-ready=true]")
    return page


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_MS / 1000
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def milestones(made: CentreApp, incident_id: str) -> list[str]:
    events = made.store.events_after(0, incident_id=incident_id, types=("assignment.milestone",))
    return [str(one.payload["milestone"]) for one in events]


def test_an_incident_from_the_call_to_the_printed_sheet(open_page: OpenPage, made: CentreApp) -> None:
    first = dispatcher(open_page, made, "disp.1", 1920)
    second = dispatcher(open_page, made, "disp.2", 1366)
    # A call is taken by keyboard.
    first.keyboard.press("n")
    expect(first.locator("#call-at")).to_be_focused()
    first.locator("[name=number]").fill(NUMBER)
    first.keyboard.press("Enter")
    expect(first.locator("#call-at")).to_be_focused()
    first.keyboard.type(WHERE)
    first.keyboard.press("Enter")
    expect(first.locator(".call-what")).to_be_focused()
    first.keyboard.press("m")
    expect(first.locator(".call-details")).to_be_focused()
    first.locator("[name=note]").fill(NOTE)
    expect(first.locator("[name=note]")).to_be_focused()
    first.keyboard.press("Enter")  # leaves the note
    expect(first.locator(".call-details")).to_be_focused()
    first.keyboard.press("Enter")
    expect(first.locator("#call-assign")).to_be_enabled()
    unit = first.locator(".call-unit.ticked .unit-id").first.inner_text()
    (incident,) = _incidents(made)
    incident_id = str(incident["incident_id"])
    # The other desk sees it wait; the phone of the unit is on.
    row = second.locator(f"[data-incident='{incident_id}']")
    expect(row).to_be_visible()
    person(made.running.sign_in, "kru", Role.CREW, unit)
    phone = signed_in(open_page("/sign-in", width=360, height=740, is_mobile=True, has_touch=True), "kru")
    expect(phone.locator("#unit")).to_have_text(unit)
    phone.evaluate("navigator.serviceWorker.ready")
    first.keyboard.press("Enter")
    expect(first.locator(".incident-title .incident-id")).to_have_text(incident_id)
    expect(second.locator(f"[data-group=running] [data-incident='{incident_id}']")).to_contain_text(unit)
    row.click()
    # The phone acknowledges, loses its network, is pressed, and finds the network again.
    phone.evaluate("dispatchEvent(new Event('online'))")
    phone.click('#acts [data-do="acknowledge"]:enabled')
    until(lambda: made.store.events_after(0, incident_id=incident_id, types=("assignment.acknowledged",)))
    phone.context.set_offline(True)
    phone.click('#acts [data-do="en_route"]:enabled')
    phone.click('#acts [data-do="on_scene"]:enabled')
    expect(phone.locator("#told li")).to_have_count(2)
    assert milestones(made, incident_id) == []
    phone.context.set_offline(False)
    expect(phone.locator("#told li")).to_have_count(0)
    expect(second.locator(f".assignment[data-unit='{unit}'] .status-tag")).to_have_text("Di lokasi")
    assert milestones(made, incident_id) == ["en_route", "on_scene"]
    # The other dispatcher closes it; the sheet opens from the desk.
    second.locator("[data-act=close]").click()
    second.select_option("#close-form select", "transported")
    second.check("#close-form [name=release_units]")
    second.click("#close-form [type=submit]")
    expect(first.locator(f"[data-incident='{incident_id}']")).to_have_count(0)
    # The desk is back at its queue; on its tab the incident can still be looked at, printed or opened again.
    expect(second.locator(".toast").last).to_contain_text(f"Insiden {incident_id} selesai")
    expect(second.locator("#queue")).to_be_visible()
    expect(second.locator("#incident")).to_be_hidden()
    second.click("[data-tab=incident]")
    expect(second.locator(".part-head .tags")).to_contain_text("Selesai")
    with second.context.expect_page() as opening:
        second.click("[data-act=sheet]")
    expect(opening.value.locator("article.sheet h1")).to_contain_text(incident_id)
    expect(opening.value.locator("article.sheet")).to_contain_text(unit)
    # An official of the village reads of it, and nothing of who called or what was said.
    person(made.running.sign_in, "kuwu", Role.VILLAGE_OFFICIAL, incident["location"]["village_code"])
    village = signed_in(open_page("/sign-in", width=360, height=740), "kuwu")
    expect(village.locator(".incidents")).to_contain_text(incident_id)
    assert not [one for one in (NUMBER, NUMBER.lstrip("0"), NOTE) if one in village.content()]
    for page in (first, second, phone, village):
        assert violations(page) == []


def test_of_two_dispatchers_who_send_one_unit_at_once_one_gets_it_and_the_other_is_offered_the_next(
    open_page: OpenPage, made: CentreApp
) -> None:
    logins = ("disp.3", "disp.4")
    pages = [dispatcher(open_page, made, login, 1366) for login in logins]
    ids = [opened(made, lon) for lon in (108.5362, 108.5365)]
    units = []
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    for page, incident_id in zip(pages, ids, strict=True):
        page.locator(f"[data-incident='{incident_id}']").click()
        expect(page.locator("#assign")).to_be_enabled()
        units.append(page.locator(".candidate.ticked").first.get_attribute("data-unit"))
        page.route("**/assignments?*", hold)
    assert units[0] == units[1] is not None
    unit = str(units[0])
    for page in pages:
        page.keyboard.press("a")
        expect(page.locator("#assign")).to_be_disabled()
    until(lambda: [page.title() for page in pages] and len(held) == len(pages))
    for route in held:  # both are on the wire before either is answered
        route.continue_()
    until(lambda: [page.title() for page in pages] and bound(made, unit))
    won = ids.index(bound(made, unit))
    winner, loser = pages[won], pages[1 - won]
    expect(winner.locator(f".assignment[data-unit='{unit}']")).to_be_visible()
    # One sentence says who has it, and the next one is ticked.
    told = loser.locator(".toast-alarm")
    expect(told).to_have_count(1)
    expect(told).to_contain_text(f"Unit {unit}")
    expect(told).to_contain_text(ids[won])
    expect(told).to_contain_text(logins[won])
    loser.unroute("**/assignments?*")
    expect(loser.locator(".candidate.ticked").first).not_to_have_attribute("data-unit", unit)
    expect(loser.locator("#assign")).to_be_enabled()
    following = str(loser.locator(".candidate.ticked").first.get_attribute("data-unit"))
    loser.keyboard.press("a")
    expect(loser.locator(f".assignment[data-unit='{following}']")).to_be_visible()
    assert bound(made, following) == ids[1 - won]
    assert bound(made, unit) == ids[won]


def opened(made: CentreApp, lon: float) -> str:
    """An incident that waits for units."""
    place = IncidentLocation(kind=LocationKind.POINT, location=Location(lat=-6.7172, lon=lon), radius_m=20)
    command = OpenIncident(category="medical", severity=Severity.HIGH, location=place)
    return str(made.running.centre.execute(command, actor="sari")["incidents"][0]["incident_id"])


def bound(made: CentreApp, unit_id: str) -> str:
    """The incident that a unit is bound to, or nothing."""
    with made.store.book() as book:
        found = book.active_assignment(unit_id)
    return "" if found is None else str(found.incident_id)


def _incidents(made: CentreApp) -> list[dict[str, Any]]:
    with made.store.book() as book:
        found = {str(one.incident_id) for one in made.store.events_after(0, types=("incident.opened",))}
        return [dump(book.incident(one)) for one in found]
