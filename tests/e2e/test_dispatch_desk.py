"""The dispatcher's desk with a centre, in a real browser: live, after a lost connection, at every width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dispatch.accounts import Role
from dispatch.commands import AssignUnits, OpenIncident, RegisterUnit, TakeCall
from dispatch.incidents import IncidentLocation, LocationKind, Severity
from gis.types import Location
from tests.accounts import PASSWORD, code_at, person
from tests.centre_app import CentreApp, centre_app, served
from tests.e2e.line import Line, line_to
from tests.e2e.screen import OpenPage, Screenshot

UNIT, OTHER_UNIT = "AMB-13", "AMB-12"
PLACE = Location(lat=-6.7172, lon=108.5362)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentreApp]:
    url = f"sqlite:///{tmp_path_factory.mktemp('desk') / 'centre.db'}"
    with centre_app(url) as app:
        app.running.centre.roads.start()
        yield app
        app.running.centre.roads.stop()


@pytest.fixture(scope="module")
def line(made: CentreApp) -> Iterator[Line]:
    with served(made.app, streams=16) as port, line_to(port) as line:
        yield line


@pytest.fixture(scope="module")
def address(line: Line) -> str:
    return f"http://127.0.0.1:{line.port}"


def opened(made: CentreApp, category: str = "medical", severity: Severity = Severity.HIGH, **more: Any) -> str:
    """Open an incident; its id."""
    place = IncidentLocation(kind=LocationKind.POINT, location=more.pop("at", PLACE), radius_m=20)
    command = OpenIncident(category=category, severity=severity, location=place, **more)
    return str(made.running.centre.execute(command, actor="sari")["incidents"][0]["incident_id"])


def row(page: Page, incident_id: str) -> Any:
    return page.locator(f"[data-incident='{incident_id}']")


def enrol(page: Page, made: CentreApp) -> None:
    """Give a dispatcher's account its phone, and go on to where he was on the way to."""
    page.wait_for_selector("[name=code]")
    found = made.running.sign_in.kept.account(Role.DISPATCHER.value)
    assert found is not None
    page.fill("[name=code]", code_at(found[1].totp_pending or "", datetime.now(UTC)))
    page.click("main form button >> nth=0")
    page.wait_for_selector(".codes")
    page.click("main a, main form button")


def test_two_desks_see_each_others_work_as_it_is_committed(
    open_page: OpenPage, made: CentreApp, screenshot: Screenshot
) -> None:
    first, second = open_page("/", width=1920, height=1000), open_page("/", width=1366, height=768)
    incident_id = opened(made, severity=Severity.CRITICAL)
    for page in (first, second):
        expect(page.locator("[data-group=waiting] [data-incident]").first).to_have_attribute(
            "data-incident", incident_id
        )
    row(first, incident_id).click()
    expect(first.locator("#assign")).to_be_enabled()
    sent = first.locator(".candidate.ticked").first.get_attribute("data-unit")
    assert sent is not None
    screenshot(first, "desk-recommended-1920")
    first.keyboard.press("a")
    for page in (first, second):
        expect(page.locator(f"[data-group=running] [data-incident='{incident_id}']")).to_contain_text(sent)
    row(second, incident_id).click()
    expect(second.locator(f".assignment[data-unit='{sent}']")).to_contain_text("Ditugaskan")
    # The one reports, the other sees; the routes of who is on the way are drawn.
    first.locator(f".assignment[data-unit='{sent}'] [data-status=en_route]").click()
    expect(second.locator(f".assignment[data-unit='{sent}'] .status-tag")).to_have_text("Menuju lokasi")
    expect(second.locator(".leaflet-assigned-pane path.route-line").first).to_be_attached()
    first.fill("#note-form input", "Pelapor menunggu di gerbang")
    first.keyboard.press("Enter")
    expect(second.locator(".notes")).to_contain_text("Pelapor menunggu di gerbang")
    screenshot(first, "desk-running-1920")
    screenshot(second, "desk-running-1366")
    first.locator("[data-act=close]").click()
    first.select_option("#close-form select", "transported")
    first.check("#close-form [name=release_units]")
    first.click("#close-form [type=submit]")
    expect(row(second, incident_id)).to_have_count(0)
    expect(second.locator(".part-head .tags")).to_contain_text("Selesai")


GLIDES = """() => ["map", "map is-zooming"].map((css) => {
  const unit = Object.assign(document.createElement("i"), {className: "fleet-unit gliding"});
  const map = Object.assign(document.createElement("i"), {className: css});
  map.append(unit);
  document.body.append(map);
  const {transitionDuration: found} = getComputedStyle(unit);
  map.remove();
  return found;
})"""


def test_a_unit_drives_across_the_map_and_fades_when_it_falls_silent(open_page: OpenPage, made: CentreApp) -> None:
    token, _ = made.running.centre.register_device(OTHER_UNIT, "tablet", actor="test")
    page = open_page("/", width=1366, height=768)
    page.locator("[data-tab=units]").click()
    page.fill("#units-filter", OTHER_UNIT)
    page.locator(f".fleet-row[data-unit='{OTHER_UNIT}']").click()
    expect(page.locator("#unit")).to_contain_text("di pos")
    now = datetime.now(UTC)
    send = "/api/v1/positions/osmand?id={}&timestamp={}&lat={}&lon={}"

    def drive(minutes: float, lat: float, lon: float) -> None:
        moment = int((now - timedelta(minutes=minutes)).timestamp())
        assert made.app.test_client().get(send.format(token, moment, lat, lon)).status_code == 200

    before = page.locator(".fleet-unit.chosen").bounding_box()
    drive(40, -6.70, 108.50)
    expect(page.locator(".fleet-unit.chosen.stale")).to_have_count(1)
    expect(page.locator(f".fleet-row[data-unit='{OTHER_UNIT}']")).to_contain_text("posisi 40 mnt lalu")
    drive(0, -6.705, 108.51)
    expect(page.locator(".fleet-unit.chosen.stale")).to_have_count(0)
    assert page.locator(".fleet-unit.chosen").bounding_box() != before
    assert page.evaluate(GLIDES) == ["1s", "0s"], "it glides, but not while the map is zoomed"
    page.click("#show-reach")
    expect(page.locator("#map-key .key-step")).to_have_text(["5", "8", "10", "15"])
    expect(page.locator("path.isochrone")).to_have_count(4)


def test_a_desk_that_was_cut_off_says_since_when_and_takes_up_where_it_was(
    open_page: OpenPage, made: CentreApp, line: Line, screenshot: Screenshot
) -> None:
    page = open_page("/", width=1366, height=768)
    before = opened(made, "fire")
    expect(row(page, before)).to_be_visible()
    line.cut()
    expect(page.locator("#connection.lost")).to_have_text(re.compile(r"Terputus sejak \d\d[.:]\d\d"))
    during = opened(made, "flood")
    screenshot(page, "desk-lost-1366")
    page.wait_for_timeout(2500)  # of a shorter break nothing is said afterwards
    expect(row(page, during)).to_have_count(0)
    line.mend()
    expect(row(page, during)).to_be_visible()
    expect(page.locator("#connection")).to_have_text("")
    expect(page.locator(".toast")).to_contain_text("Tersambung lagi")
    after = opened(made, "wind")
    expect(row(page, after)).to_be_visible()


def test_a_laptop_that_slept_notices_that_its_line_is_dead(open_page: OpenPage, made: CentreApp, line: Line) -> None:
    page = open_page("about:blank", width=1366, height=768)
    page.clock.install()
    page.goto(f"http://127.0.0.1:{line.port}/")
    expect(page.locator("html[data-ready]")).to_be_attached()
    line.is_silent = True
    during = opened(made, "landslide")
    page.clock.fast_forward(60_000)
    expect(page.locator("#connection.lost")).to_contain_text("Terputus sejak")
    line.mend()
    page.clock.run_for(12_000)
    expect(row(page, during)).to_be_visible()
    page.clock.resume()
    expect(page.locator("#connection")).to_have_text("")


def test_ages_are_those_of_the_server_where_the_desks_clock_is_five_minutes_off(
    open_page: OpenPage, made: CentreApp, address: str
) -> None:
    incident_id = opened(made, "animal")
    page = open_page("about:blank", width=1366, height=768)
    page.clock.install(time=datetime.now(UTC) + timedelta(minutes=5))
    page.goto(address)
    expect(row(page, incident_id).locator(".incident-age")).to_have_text(re.compile(r"^\d\d? dtk$"))
    now = datetime.now(made.store.timezone)
    shown = page.locator("#server-clock").inner_text()
    assert shown[:5] in {(now + timedelta(minutes=one)).strftime("%H:%M") for one in (-1, 0, 1)}


def test_the_address_tells_what_is_chosen_so_the_back_button_goes_back(open_page: OpenPage, made: CentreApp) -> None:
    one, other = opened(made, "security"), opened(made, "fire", Severity.LOW)
    page = open_page(f"/?incident={one}", width=1920, height=1000)
    title = page.locator("#incident h2")
    expect(title).to_have_text("Gangguan keamanan dan ketertiban")
    row(page, other).click()
    expect(title).to_have_text("Kebakaran")
    assert page.url.endswith(f"?incident={other}")
    page.keyboard.press("l")
    page.keyboard.type("kertawinangun")
    page.keyboard.press("Enter")
    expect(page.locator("#answer .unit-row").first).to_be_visible()
    assert "incident=" not in page.url
    page.go_back()
    expect(title).to_have_text("Kebakaran")
    page.go_back()
    expect(title).to_have_text("Gangguan keamanan dan ketertiban")
    page.reload()
    expect(title).to_have_text("Gangguan keamanan dan ketertiban")
    page.goto(page.url.split("?")[0] + "?incident=261127-999")
    expect(page.locator("#incident [role=alert]")).to_contain_text("261127-999")


def test_a_form_that_is_filled_wrongly_changes_nothing_and_ends_at_the_queue_when_it_is_right(
    open_page: OpenPage, made: CentreApp
) -> None:
    incident_id, other = opened(made, "wind"), opened(made, "animal", Severity.LOW)
    page = open_page("/", width=1366, height=768)
    row(page, incident_id).click()
    page.locator("[data-act=cancel]").click()
    reason = page.locator("#cancel-form [name=reason]")
    reason.fill("   ")
    reason.press("Enter")
    expect(page.locator("#cancel-form .field-fault").first).to_be_visible()
    assert page.locator("#cancel-form .field-fault").first.inner_text().strip().endswith(".")
    with made.store.book() as book:
        assert book.incident(incident_id).status == "located"  # type: ignore[union-attr]
    # Another tab of the same browser is another desk.
    tab = page.context.new_page()
    tab.goto(page.url.split("?")[0])
    row(tab, other).click()
    expect(tab.locator(".incident-title .incident-id")).to_have_text(other)
    expect(page.locator(".incident-title .incident-id")).to_have_text(incident_id)
    reason.fill("salah lapor")
    reason.press("Enter")
    expect(page.locator(".toast")).to_contain_text(f"Insiden {incident_id} dibatalkan")
    expect(page.locator("#queue")).to_be_visible()
    expect(row(page, incident_id)).to_have_count(0)
    expect(page.locator(".incident-row:focus")).to_have_count(1)
    expect(row(tab, incident_id)).to_have_count(0)
    expect(tab.locator(".incident-title .incident-id")).to_have_text(other)
    # Back from an incident is the queue, with nothing chosen.
    tab.go_back()
    expect(tab.locator("#queue")).to_be_visible()
    expect(row(tab, other)).to_have_attribute("aria-pressed", "false")


def test_a_closure_drawn_by_hand_ranks_the_open_recommendation_anew(open_page: OpenPage, made: CentreApp) -> None:
    incident_id = opened(made, "medical", Severity.CRITICAL)
    page = open_page(f"/?incident={incident_id}", width=1920, height=1000)
    expect(page.locator("#assign")).to_be_enabled()
    before = page.locator(".candidate-eta").first.inner_text()
    page.click("#close-road")
    page.check("input[name=closure-tool][value=point]", force=True)
    page.fill("#closure-radius", "250")
    mark = page.locator(".fleet-incident.chosen").bounding_box()
    assert mark is not None
    page.mouse.click(mark["x"] + mark["width"] / 2, mark["y"] - 12)
    expect(page.locator("#closure-preview")).to_contain_text("jalan ditutup")
    page.click("#closure-save")
    expect(page.locator(".recommended-message")).to_contain_text("1 penutupan jalan")
    expect(page.locator(".candidate-eta").first).not_to_have_text(before)
    page.click("#closures-title")
    page.locator(".closure-list button").first.click()
    expect(page.locator(".candidate-eta").first).to_have_text(before)


@pytest.mark.parametrize(
    ("width", "height", "scheme", "language"),
    [(360, 740, "dark", "id"), (1366, 768, "light", "en"), (1920, 1000, "dark", "en")],
)
def test_every_width_shows_every_part_and_keeps_nobody_out(
    open_page: OpenPage, made: CentreApp, screenshot: Screenshot, width: int, height: int, scheme: str, language: str
) -> None:
    incident_id = opened(made, "traffic_accident")
    command = TakeCall(caller_name="Bu Rahasia", caller_number="0811223344", words="dua motor", incident_id=incident_id)
    made.running.centre.execute(command, actor="sari")
    made.running.centre.execute(AssignUnits(incident_id=incident_id, unit_ids=(f"AMB-{width % 9 + 20}",)), actor="budi")
    page = open_page(f"/?lang={language}", width=width, height=height, color_scheme=scheme)
    expect(row(page, incident_id)).to_be_visible()
    screenshot(page, f"desk-{width}-queue")
    row(page, incident_id).click()
    expect(page.locator("#incident .assignment")).to_be_visible()
    expect(page.locator(".texts")).to_contain_text("dua motor")
    screenshot(page, f"desk-{width}-incident")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for tab in ("units", "ask", "map"):
        button = page.locator(f"[data-tab={tab}]")
        if button.is_visible():
            button.click()
            screenshot(page, f"desk-{width}-{tab}")
            if tab == "map":
                mark = page.locator(".fleet-incident.chosen").bounding_box()
                assert mark is not None
                assert 0 < mark["x"] < width and 0 < mark["y"] < height, "the chosen incident is in view"
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_full_desk_shows_every_unit_and_every_incident(tmp_path: Any, browser: Any) -> None:
    with centre_app(f"sqlite:///{tmp_path / 'full.db'}") as made:
        centre = made.running.centre
        known = [one.unit for one in centre.units()]
        for n in range(500 - len(known)):
            unit = known[n % len(known)]
            at = Location(lat=unit.location.lat + (n % 7 - 3) / 400, lon=unit.location.lon + (n % 5 - 2) / 400)
            centre.execute(
                RegisterUnit(unit_id=f"U-{n:03}", kind=unit.kind, agency=unit.agency, location=at), actor="a"
            )
        categories = [one.category_id for one in made.store.directory().categories]
        for n in range(200):
            at = Location(lat=PLACE.lat + (n % 20 - 10) / 300, lon=PLACE.lon + (n % 13 - 6) / 300)
            opened(made, categories[n % len(categories)], list(Severity)[n % 4], at=at)
        with served(made.app) as port:
            page = browser.new_context(viewport={"width": 1920, "height": 1000}).new_page()
            page.goto(f"http://127.0.0.1:{port}/")
            expect(page.locator("html")).to_have_attribute("data-ready", "true")
            ready_ms = page.evaluate("performance.getEntriesByName('desk-ready')[0].startTime")
            print(f"desk ready after {ready_ms:.0f} ms with 500 units and 200 open incidents")
            for what, number in (
                (".incident-row", 200),
                (".fleet-row", 500),
                (".fleet-unit", 500),
                (".fleet-incident", 200),
            ):
                assert page.locator(what).count() == number
            order = page.evaluate(
                "[...document.querySelectorAll('.incident-row')].map((one) => one.className.split('-').at(-1))"
            )
            worst = [one.value for one in Severity]
            assert order == sorted(order, key=worst.index)
            page.context.close()


def test_a_role_sees_the_buttons_that_it_may_use(browser: Any, tmp_path: Any) -> None:
    with centre_app(f"sqlite:///{tmp_path / 'people.db'}", accounts=True, config={"RATELIMIT_ENABLED": False}) as made:
        sign_in = made.running.sign_in
        for role in (Role.DISPATCHER, Role.CALL_TAKER, Role.PLANNER):
            person(sign_in, role.value, role)
        incident_id = opened(made)
        command = TakeCall(caller_name="Bu Rahasia", caller_number="0811223344", incident_id=incident_id)
        made.running.centre.execute(command, actor="sari")
        with served(made.app) as port:
            home = f"http://127.0.0.1:{port}"
            desks = {}
            for role in (Role.DISPATCHER, Role.CALL_TAKER, Role.PLANNER):
                page = desks[role] = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
                page.goto(f"{home}/?incident={incident_id}")
                page.fill("[name=login]", role.value)
                page.fill("[name=password]", PASSWORD)
                page.click("main form button >> nth=0")
            enrol(desks[Role.DISPATCHER], made)
            dispatcher, taker, planner = desks.values()
            # The number is masked until somebody says why he needs it.
            calls = dispatcher.locator(".part-calls")
            expect(calls).to_contain_text("Nomor")
            expect(calls).not_to_contain_text("0811223344")
            dispatcher.click("#unmask")
            dispatcher.fill("#unmask-form input", "menelepon balik pelapor")
            dispatcher.keyboard.press("Enter")
            expect(calls).to_contain_text("0811223344")
            expect(taker.locator(".part-calls")).to_contain_text("0811223344")
            for page, may in ((dispatcher, True), (taker, False)):
                for button in ("#close-road", "#recommend"):
                    expect(page.locator(button)).to_have_count(int(may))
                expect(page.locator("a[href='/planner']")).to_have_count(0)
            expect(planner.locator("#console")).to_have_count(0)
            expect(planner.locator("#map")).to_be_visible()
            expect(planner.locator("a[href='/planner']")).to_be_visible()
            # A session that was ended elsewhere: the desk says so, and is back where it was after signing in.
            sign_in.sign_out_everywhere(Role.CALL_TAKER.value, actor="admin")
            expect(taker).to_have_title(re.compile("^Masuk"))
            expect(taker.locator("[role=status]")).to_contain_text("Sesi")
            taker.fill("[name=login]", Role.CALL_TAKER.value)
            taker.fill("[name=password]", PASSWORD)
            taker.click("main form button >> nth=0")
            expect(taker.locator("#incident h2")).to_have_text("Gawat darurat medis")
            assert f"incident={incident_id}" in taker.url
            for page in desks.values():
                page.context.close()
