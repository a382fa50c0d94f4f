"""A crew's phone in a real browser, on a network that comes and goes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dispatch.accounts import Role
from dispatch.codec import load
from dispatch.commands import AddNote, AssignUnits, CloseIncident, OpenIncident, RecallUnit, ReportStatus
from dispatch.incidents import IncidentLocation, Milestone, Severity
from dispatch.types import UnitStatus
from tests.accounts import PASSWORD, person
from tests.centre_app import HERE, CentreApp, centre_app, served
from tests.e2e.screen import PATIENCE_MS, SCREENSHOTS
from tests.wire import Wire, wired

pytestmark = pytest.mark.browser
UNIT, LOGIN = "AMB-13", "kru.amb13"
FIRST_LOAD, UPDATE = 60_000, 2_000
FAST_CLOCK = "{ const real = Date.now; Date.now = () => real.call(Date) + 300000; }"


class Office:
    """A centre with a crew's account, and the wire to it."""

    def __init__(self, made: CentreApp, wire: Wire, file: Path) -> None:
        self.made, self.wire, self.file = made, wire, file
        self.address = f"http://127.0.0.1:{wire.port}"
        person(made.running.sign_in, LOGIN, Role.CREW, UNIT)

    def do(self, command: Any) -> Any:
        return self.made.running.centre.execute(command, actor="disp")

    def task(self, note: str = "Lantai dua, tangga sempit") -> str:
        """A new incident to which the unit is sent."""
        place = load(IncidentLocation, {**HERE, "label": "Pasar Plered blok C"})
        opened = self.do(OpenIncident(category="medical", severity=Severity.HIGH, location=place, note=note))
        incident_id = str(opened["incidents"][0]["incident_id"])
        self.do(AssignUnits(incident_id=incident_id, unit_ids=(UNIT,)))
        return incident_id

    def free(self) -> None:
        """The unit is at its post again."""
        with self.made.store.book() as book:
            bound, state = book.active_assignment(UNIT), book.unit(UNIT)
        if bound is not None:
            self.do(CloseIncident(incident_id=bound.incident_id, disposition="transported", release_units=True))
        if state is not None and state.unit.status is not UnitStatus.AVAILABLE:
            self.do(ReportStatus(unit_id=UNIT, status=UnitStatus.AVAILABLE))

    def events(self, incident_id: str, kind: str = "assignment.milestone") -> list[Any]:
        return self.made.store.events_after(0, incident_id=incident_id, types=(kind,))

    def milestones(self, incident_id: str) -> list[str]:
        return [str(one.payload["milestone"]) for one in self.events(incident_id)]


@contextmanager
def failing(office: Office, event_type: str) -> Iterator[None]:
    """The database of the centre fails at writing events of a type, as a damaged one would: the server answers 500."""
    other = sqlite3.connect(office.file, isolation_level=None)
    try:
        other.execute(
            f"CREATE TRIGGER failing BEFORE INSERT ON events WHEN NEW.type = '{event_type}'"
            " BEGIN SELECT RAISE(ABORT, 'fails'); END"
        )
        yield
    finally:
        other.execute("DROP TRIGGER failing")
        other.close()


@contextmanager
def locked(office: Office) -> Iterator[None]:
    """Another program holds the database, and the server waits for it a moment instead of half a minute."""
    engine, other = office.made.store.engine, sqlite3.connect(office.file, isolation_level=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dispatch.store.engine.BUSY_TIMEOUT_MS", 100)
        engine.dispose()  # new connections have the new patience
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()
    engine.dispose()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    file = tmp_path_factory.mktemp("crew") / "siaga112.db"
    url = f"sqlite:///{file}"
    with (
        centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as made,
        served(made.app) as port,
        wired(port) as wire,
    ):
        yield Office(made, wire, file)


@pytest.fixture(autouse=True)
def fresh(office: Office) -> Iterator[None]:
    yield
    office.wire.losing, office.wire.away = None, False
    office.free()


@pytest.fixture
def phone(browser: Browser, office: Office) -> Iterator[Callable[..., BrowserContext]]:
    contexts: list[BrowserContext] = []
    failures: list[str] = []

    def made(**settings: Any) -> BrowserContext:
        context = browser.new_context(
            viewport={"width": 360, "height": 740}, locale="id-ID", is_mobile=True, has_touch=True, **settings
        )
        context.set_default_timeout(PATIENCE_MS)
        context.on("request", lambda one: None if one.url.startswith(office.address) else failures.append(one.url))
        context.on("weberror", lambda one: failures.append(str(one.error)))
        contexts.append(context)
        return context

    yield made
    for context in contexts:
        context.close()
    assert not failures


def signed_in(context: BrowserContext, office: Office) -> Page:
    page = context.new_page()
    page.goto(f"{office.address}/sign-in")
    page.fill("main [name=login]", LOGIN)
    page.fill("main [name=password]", PASSWORD)
    page.click("main form button >> nth=0")
    page.wait_for_url(f"{office.address}/crew")
    expect(page.locator("#unit")).to_have_text(UNIT)
    return page


def press(page: Page, what: str) -> None:
    page.click(f'#acts [data-do="{what}"]:enabled')


def look_again(page: Page) -> None:
    """Let the page ask now, as when the phone finds its network again."""
    page.evaluate("dispatchEvent(new Event('online'))")


def offline(page: Page, *, lost: bool = True) -> None:
    page.context.set_offline(lost)
    look_again(page)
    expect(page.locator("#link")).to_contain_text("Tanpa sinyal" if lost else "Tersambung")


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_MS / 1000
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def picture(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"crew-{name}.png")


def kept_on_phone(page: Page) -> None:
    page.evaluate("navigator.serviceWorker.ready")


def test_a_first_load_and_each_update_stay_within_the_bytes(office: Office, phone: Any) -> None:
    incident_id = office.task(note="x" * 3000)
    page = signed_in(phone(), office)
    kept_on_phone(page)
    expect(page.locator("#notes")).to_contain_text("x" * 3000)
    start = next(n for n, one in enumerate(office.wire.answers) if str(one[0]).startswith("GET /crew "))
    page.wait_for_load_state("networkidle")
    first = sum(office.wire.sizes(since=start))
    page.evaluate("fetch('/crew/state?lang=id', {cache: 'no-store'})")  # what a page without an ETag is told
    press(page, "acknowledge")
    press(page, "en_route")
    until(lambda: office.milestones(incident_id)[-1:] == ["en_route"])
    # Where nothing is new, nothing is said again.
    until(lambda: look_again(page) or any(0 < one < UPDATE / 2 for one in office.wire.sizes("GET /crew/state")))
    kinds = ("GET /crew/state", "POST /crew/tap", "GET /crew/notes", "GET /crew/hospitals")
    told = {kind: max(office.wire.sizes(kind)) for kind in kinds}
    unchanged = min(size for size in office.wire.sizes("GET /crew/state") if size)
    print(f"first load {first} bytes; updates {told}; unchanged {unchanged}")
    assert first < FIRST_LOAD
    assert all(0 < size < UPDATE for size in told.values()), told


def test_what_is_pressed_offline_is_sent_once_and_in_order(office: Office, phone: Any) -> None:
    incident_id = office.task()
    page = signed_in(phone(), office)
    kept_on_phone(page)
    expect(page.locator("#task")).to_contain_text("Pasar Plered")
    expect(page.locator("#notes")).to_contain_text("tangga sempit")
    offline(page)
    for what in ("acknowledge", "en_route", "on_scene"):
        press(page, what)
    expect(page.locator("#status")).to_have_text("Di lokasi")
    expect(page.locator("#told li")).to_have_count(3)
    page.reload()  # the page itself is on the phone, and so is what waits
    expect(page.locator("#task")).to_contain_text("Pasar Plered")
    expect(page.locator("#told li")).to_have_count(3)
    assert office.milestones(incident_id) == []
    page.wait_for_timeout(1000)  # so that a quick machine, too, can tell when it was pressed from when it was sent
    page.context.set_offline(False)
    expect(page.locator("#told li")).to_have_count(0)
    expect(page.locator("#link")).to_have_text("Tersambung")
    assert office.milestones(incident_id) == ["en_route", "on_scene"]
    assert len(office.events(incident_id, "assignment.acknowledged")) == 1
    times = [one.device_time for one in office.events(incident_id)]
    assert all(one is not None for one in times)
    assert times == sorted(times)
    waited = [one.server_time - one.device_time for one in office.events(incident_id)]
    assert waited[0] > timedelta(seconds=1)  # the first was pressed well before the last, and all were sent together
    press(page, "transporting")
    page.click("#sheet button >> nth=0")
    press(page, "at_hospital")
    press(page, "returning")
    page.click("#sheet button >> nth=0")
    until(lambda: office.milestones(incident_id)[-1:] == ["cleared"])
    with office.made.store.book() as book:
        (assignment,) = book.assignments_of(incident_id)
    assert set(assignment.milestones) == set(Milestone)
    assert assignment.hospital in {one.hospital_id for one in office.made.store.directory().hospitals}


def test_a_tap_whose_answer_was_lost_counts_once_also_with_two_tabs(office: Office, phone: Any) -> None:
    incident_id = office.task()
    page = signed_in(phone(), office)
    other = page.context.new_page()
    other.goto(f"{office.address}/crew")
    expect(other.locator("#task")).to_contain_text("Pasar Plered")
    office.wire.losing = b"POST /crew/tap"
    before = office.wire.lost
    press(page, "en_route")
    until(lambda: office.milestones(incident_id) == ["en_route"])
    until(lambda: office.wire.lost > before)
    expect(page.locator("#told li")).to_have_count(1)
    expect(other.locator("#told li")).to_have_count(1)
    expect(other.locator("#status")).to_have_text("Menuju lokasi")
    office.wire.losing = None
    for one in (page, other):
        look_again(one)
    for one in (page, other):
        expect(one.locator("#told li")).to_have_count(0)
    assert office.milestones(incident_id) == ["en_route"]


def test_a_note_written_offline_is_sent_once_and_a_draft_is_not_lost(office: Office, phone: Any) -> None:
    incident_id = office.task()
    page = signed_in(phone(), office)
    kept_on_phone(page)
    expect(page.locator("#notes")).to_contain_text("tangga sempit")
    page.click("#write button")
    page.fill("#note", "Butuh tangga panjang")
    page.keyboard.press("Escape")
    offline(page)
    page.reload()
    expect(page.locator("#task")).to_contain_text("Pasar Plered")
    page.click("#write button")
    expect(page.locator("#note")).to_have_value("Butuh tangga panjang")
    page.fill("#note", "Butuh tangga panjang, pintu utara")
    page.click("#sheet [data-do=send-note]")
    expect(page.locator("#told li")).to_contain_text("Catatan “Butuh tangga panjang, pintu utara”")
    assert office.events(incident_id, "incident.note_added") == []
    page.context.set_offline(False)
    expect(page.locator("#notes")).to_contain_text("Butuh tangga panjang, pintu utara")
    expect(page.locator("#told li")).to_have_count(0)
    (event,) = office.events(incident_id, "incident.note_added")
    assert event.actor == LOGIN
    page.click("#write button")
    expect(page.locator("#note")).to_have_value("")
    picture(page, "note")


def test_a_tap_that_the_server_fails_at_is_told_and_those_after_it_go_on_in_order(office: Office, phone: Any) -> None:
    incident_id = office.task()
    page = signed_in(phone(), office)
    expect(page.locator("#task")).to_contain_text("Pasar Plered")
    with failing(office, "assignment.milestone"):
        press(page, "en_route")
        expect(page.locator("#told li")).to_have_count(1)
        page.click("#write button")
        page.fill("#note", "Sesudah berangkat")
        page.click("#sheet [data-do=send-note]")
        expect(page.locator("#told li")).to_have_count(2)
        troubled = page.locator("[data-troubled=en_route]")
        until(lambda: look_again(page) or troubled.is_visible())
        expect(troubled).to_contain_text("Pusat gagal mencatat: Berangkat")
        expect(page.locator("#link")).to_contain_text("terganggu")
        picture(page, "troubled")
        assert office.events(incident_id, "incident.note_added") == []  # it waits for the one before it
        troubled.locator("[data-do=leave]").click()
        until(lambda: office.events(incident_id, "incident.note_added"))
        expect(page.locator("#told li")).to_have_count(0)
        expect(page.locator("[data-refused=en_route]")).to_contain_text("Anda lewati")
    assert office.milestones(incident_id) == []
    page.click("[data-refused=en_route] button")
    press(page, "en_route")
    until(lambda: office.milestones(incident_id) == ["en_route"])


def test_a_locked_database_delays_taps_and_loses_none(office: Office, phone: Any) -> None:
    incident_id = office.task()
    page = signed_in(phone(), office)
    expect(page.locator("#task")).to_contain_text("Pasar Plered")
    with locked(office):
        press(page, "acknowledge")
        troubled = page.locator("[data-troubled=acknowledge]")
        until(lambda: look_again(page) or troubled.is_visible())
        press(page, "en_route")
        expect(page.locator("#told li")).to_have_count(2)
        page.reload()
        expect(troubled).to_be_visible()
    troubled.locator("[data-do=again]").click()
    until(lambda: office.milestones(incident_id) == ["en_route"])
    expect(page.locator("#told li")).to_have_count(0)
    expect(troubled).to_have_count(0)
    assert len(office.events(incident_id, "assignment.acknowledged")) == 1


def test_a_proxy_without_its_server_is_told_apart_from_no_signal(office: Office, phone: Any) -> None:
    incident_id = office.task()
    page = signed_in(phone(), office)
    expect(page.locator("#task")).to_contain_text("Pasar Plered")
    office.wire.away = True
    press(page, "en_route")
    expect(page.locator("#link")).to_contain_text("Server pusat terganggu")
    expect(page.locator("#told li")).to_have_count(1)
    look_again(page)
    expect(page.locator("#told")).to_contain_text("pakai radio")
    office.wire.away = False
    look_again(page)
    until(lambda: office.milestones(incident_id) == ["en_route"])
    expect(page.locator("#told li")).to_have_count(0)
    expect(page.locator("#told")).not_to_contain_text("pakai radio")


def test_a_tap_that_the_centre_refuses_is_told_in_one_sentence(office: Office, phone: Any) -> None:
    incident_id = office.task()
    page = signed_in(phone(), office)
    expect(page.locator("#task")).to_contain_text("Pasar Plered")
    offline(page)
    press(page, "en_route")
    office.do(RecallUnit(unit_id=UNIT, reason="salah alamat"))
    page.context.set_offline(False)
    told = page.locator("[data-refused=en_route]")
    expect(told).to_contain_text("Tidak diterima: Berangkat")
    expect(told).to_contain_text(incident_id)
    expect(page.locator("#status")).to_have_text("Kembali ke pos")
    picture(page, "refused")
    told.locator("button").click()
    expect(told).to_have_count(0)


def test_a_phone_five_minutes_fast_reports_the_right_time(office: Office, phone: Any) -> None:
    context = phone()
    context.add_init_script(FAST_CLOCK)
    incident_id = office.task()
    page = signed_in(context, office)
    expect(page.locator("#task")).to_contain_text("Pasar Plered")
    offline(page)
    before = datetime.now(UTC)
    press(page, "en_route")
    after = datetime.now(UTC)
    page.wait_for_timeout(1500)
    page.context.set_offline(False)
    until(lambda: office.milestones(incident_id) == ["en_route"])
    (event,) = office.events(incident_id)
    assert event.device_time is not None
    # How well the phone knows the server's clock depends on how fast it was answered; its own is 300 s off.
    assert before - timedelta(seconds=30) < event.device_time < after + timedelta(seconds=30)
    expect(page.locator("#told li")).to_have_count(0)


def test_taps_wait_for_the_crew_to_sign_in_again(office: Office, phone: Any) -> None:
    incident_id = office.task()
    page = signed_in(phone(), office)
    kept_on_phone(page)
    expect(page.locator("#notes")).to_contain_text("tangga sempit")
    office.made.running.sign_in.sign_out_everywhere(LOGIN, actor="admin")
    press(page, "en_route")
    expect(page.locator("#told")).to_contain_text("tetap disimpan")
    expect(page.locator("#notes")).to_be_hidden()
    picture(page, "signed-out")
    assert office.milestones(incident_id) == []
    page.reload()
    page.click("#told a")
    page.fill("main [name=login]", LOGIN)
    page.fill("main [name=password]", PASSWORD)
    page.click("main form button >> nth=0")
    until(lambda: office.milestones(incident_id) == ["en_route"])
    expect(page.locator("#told li")).to_have_count(0)


def test_a_position_is_shared_only_when_switched_on_and_only_on_duty(office: Office, phone: Any) -> None:
    context = phone(geolocation={"latitude": -6.72, "longitude": 108.55}, permissions=["geolocation"])
    page = signed_in(context, office)
    sent = len(office.wire.sizes("POST /api/v1/positions"))
    page.wait_for_timeout(300)
    expect(page.locator("#told")).not_to_contain_text("Posisi dibagikan")
    assert len(office.wire.sizes("POST /api/v1/positions")) == sent
    press(page, "more")
    expect(page.locator("#sheet")).to_contain_text(f"posisi unit {UNIT}")
    page.click("#sheet .share-box button")
    expect(page.locator("#told")).to_contain_text("Posisi dibagikan")
    picture(page, "sharing")
    until(
        lambda: any(one.source == "crew" for one in office.made.running.positions.intake.store.current_fixes().values())
    )
    fix = office.made.running.positions.intake.store.current_fixes()[UNIT]
    assert (fix.location.lat, fix.location.lon) == (-6.72, 108.55)
    assert max(office.wire.sizes("POST /api/v1/positions")) < UPDATE
    press(page, "more")
    page.click("#sheet button:has-text('Tidak bertugas')")
    page.click("#sheet button >> nth=0")
    expect(page.locator("#told")).not_to_contain_text("Posisi dibagikan")
    expect(page.locator("#status")).to_have_text("Tidak bertugas")
    # The server would not take it either.
    answer = page.evaluate(
        """async () => (await fetch('/api/v1/positions/crew', {method: 'POST', headers: {
            'Content-Type': 'application/json',
            'X-CSRFToken': (await fetch('/crew/state', {cache: 'no-store'})).headers.get('Siaga112-Token')},
            body: JSON.stringify({positions: [{time: Date.now(), lat: -6.72, lon: 108.56}]})})).status"""
    )
    assert answer == 409


@pytest.mark.parametrize(("language", "theme"), [("id", "light"), ("en", "dark")])
def test_the_page_fits_a_phone_and_everybody_can_read_it(office: Office, phone: Any, language: str, theme: str) -> None:
    incident_id = office.task()
    page = signed_in(phone(), office)
    page.evaluate(f"localStorage.setItem('siaga112-crew-theme', '{theme}')")
    page.goto(f"{office.address}/crew?lang={language}")
    expect(page.locator("#notes")).to_be_visible()

    def check(name: str) -> None:
        picture(page, f"{name}-{language}-{theme}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert [one["id"] for one in Axe().run(page)["violations"]] == []
        enhanced = {"runOnly": {"type": "rule", "values": ["color-contrast-enhanced"]}}
        assert [one["nodes"] for one in Axe().run(page, options=enhanced)["violations"]] == []
        small = page.evaluate(
            "[...document.querySelectorAll('button, .act, .go')].filter(b => b.offsetParent)"
            ".map(b => b.getBoundingClientRect())"
            ".filter(r => r.height < 48 || r.width < 48).length"
        )
        assert small == 0

    check("task")
    press(page, "more")
    check("more")
    page.keyboard.press("Escape")
    press(page, "acknowledge")
    press(page, "en_route")
    press(page, "on_scene")
    press(page, "transporting")
    expect(page.locator("#sheet .pair")).to_have_count(12)
    check("hospital")
    page.click("#sheet button >> nth=0")
    until(lambda: office.milestones(incident_id)[-1:] == ["transporting"])
    expect(page.locator("#told li")).to_have_count(0)
    page.context.set_offline(True)
    press(page, "at_hospital")
    expect(page.locator("#told li")).to_have_count(1)
    check("offline")
    page.context.set_offline(False)
    press(page, "returning")
    page.click("#sheet button >> nth=0")
    press(page, "available")
    expect(page.locator("#told li")).to_have_count(0)
    check("idle")
    page.set_viewport_size({"width": 1366, "height": 768})
    check("wide")


def test_the_note_of_another_incident_is_not_shown(office: Office, phone: Any) -> None:
    first = office.task(note="CATATAN-PERTAMA")
    page = signed_in(phone(), office)
    expect(page.locator("#notes")).to_contain_text("CATATAN-PERTAMA")
    office.free()
    office.do(AddNote(incident_id=first, text="SESUDAHNYA"))
    office.task(note="CATATAN-KEDUA")
    look_again(page)
    expect(page.locator("#notes")).to_contain_text("CATATAN-KEDUA")
    expect(page.locator("#notes")).not_to_contain_text("PERTAMA")


def test_who_had_read_on_below_sees_the_next_task_and_what_went_wrong(office: Office, phone: Any) -> None:
    long_note = "Jalan masuk dari utara, pagar biru. " * 60
    first = office.task(note=long_note)
    page = signed_in(phone(), office)
    page.set_viewport_size({"width": 640, "height": 360})  # held crosswise, where a task is longer than the page

    def read_to_the_end() -> None:
        expect(page.locator("#notes")).to_contain_text("pagar biru")
        page.locator("#write button").scroll_into_view_if_needed()
        expect(page.locator("#task h2")).not_to_be_in_viewport()

    read_to_the_end()
    # A tap that is refused is told where it is seen.
    offline(page)
    press(page, "en_route")
    read_to_the_end()
    office.do(RecallUnit(unit_id=UNIT, reason="salah alamat"))
    page.context.set_offline(False)
    expect(page.locator("[data-refused=en_route] button")).to_be_in_viewport()
    page.click("[data-refused=en_route] button")
    # The next task, while the notes of the one before are read.
    office.free()
    office.do(AssignUnits(incident_id=first, unit_ids=(UNIT,)))
    look_again(page)
    read_to_the_end()
    office.free()
    office.task(note=long_note)
    look_again(page)
    expect(page.locator("#task .new")).to_be_in_viewport()
    expect(page.locator("#task h2")).to_be_in_viewport()
