"""Taking calls by keyboard in a real browser: keys counted, nothing lost, nothing sent twice, nobody sent twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from dispatch.accounts import Role
from dispatch.commands import AssignUnits
from tests.accounts import PASSWORD, person
from tests.centre_app import CentreApp, centre_app, served
from tests.e2e.screen import PATIENCE_MS

pytestmark = pytest.mark.browser
MOST_KEYS = 12
NUMBER = "081234567890"
COUNTED = "window.keys = []; addEventListener('keydown', (event) => window.keys.push(event.key), true);"
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CentreApp, str]]:
    url = f"sqlite:///{tmp_path_factory.mktemp('calls') / 'siaga112.db'}"
    with centre_app(url) as made, served(made.app) as port:
        body = {"category": "fire", "location": {"kind": "village", "village_code": "32.09.20.2009"}, "exercise": True}
        (drill,) = made.app.test_client().post("/api/v1/incidents", json=body).get_json()["incidents"]
        made.running.centre.recommendation(drill["incident_id"], cover=True)  # the first asks for all times anew
        yield made, f"http://127.0.0.1:{port}"


@pytest.fixture
def opened(browser: Browser, office: tuple[CentreApp, str]) -> Iterator[Any]:
    """Opens desks; afterwards no address that a page asked for may hold what is personal, and no script failed."""
    contexts, asked, failed = [], [], []

    def page(path: str = "/", address: str = office[1], *, deaf: bool = False, **settings: Any) -> Page:
        context = browser.new_context(viewport={"width": 1366, "height": 900}, locale="id-ID", **settings)
        contexts.append(context)
        context.add_init_script(COUNTED)
        made = context.new_page()
        made.set_default_timeout(PATIENCE_MS)
        made.on("request", lambda request: asked.append(request.url))
        made.on("pageerror", lambda error: failed.append(str(error)))
        if deaf:  # hears nothing of other desks until it asks
            made.route("**/api/v1/events*", lambda route: route.abort())
        made.goto(address + path)
        if path.startswith("/?") or path == "/":
            whole_page(made)
        return made

    yield page
    for context in contexts:
        context.close()
    assert not failed
    assert not [one for one in asked if NUMBER in one or NUMBER.lstrip("0") in one]


def whole_page(page: Page) -> None:
    """Wait until the desk is whole: what a person sees, and types into, from then on stays as it is."""
    expect(page.locator("html")).to_have_attribute("data-ready", "true")


def units_shown(page: Page) -> None:
    """Wait until the ranked units stand there, some of them ticked, and Enter would send them."""
    expect(page.locator(".call-units")).to_be_focused()
    expect(page.locator(".call-unit.ticked").first).to_be_visible()
    expect(page.locator("#call-assign")).to_be_enabled()


def where(page: Page, text: str) -> None:
    """Begin a call and say where it is."""
    page.keyboard.press("n")
    expect(page.locator("#call-at")).to_be_focused()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def until_units(page: Page, text: str, letter: str = "k") -> None:
    """A call up to the ranked units."""
    where(page, text)
    expect(page.locator(".call-what")).to_be_focused()
    page.keyboard.press(letter)
    expect(page.locator(".call-details")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".call-units")).to_be_focused()
    expect(page.locator("#call-assign")).to_be_enabled()


def incidents(made: CentreApp) -> list[dict[str, Any]]:
    """All incidents, the newest first."""
    found: list[dict[str, Any]] = made.app.test_client().get("/api/v1/incidents?limit=500").get_json()["items"]
    return found


def whole(made: CentreApp, incident_id: str) -> dict[str, Any]:
    client = made.app.test_client()
    texts = client.get(f"/api/v1/incidents/{incident_id}/texts").get_json()["texts"]
    return {**client.get(f"/api/v1/incidents/{incident_id}").get_json(), "texts": texts}


def newest_call(made: CentreApp) -> dict[str, Any]:
    found: dict[str, Any] = made.app.test_client().get("/api/v1/calls?limit=1").get_json()["items"][0]
    return found


def check(page: Page) -> None:
    """Nothing stands in the way of those who see or move otherwise."""
    found = Axe().run(page, context="#call")["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS] == []


@pytest.mark.parametrize(("language", "yes"), [("id", "y"), ("en", "y")])
def test_from_the_first_key_to_assigned_takes_at_most_twelve_keys(
    office: tuple[CentreApp, str], opened: Any, language: str, yes: str
) -> None:
    made, _ = office
    page = opened(f"/?lang={language}", color_scheme="dark" if language == "id" else "light")
    text = "-6.7043, 108.4797" if language == "id" else "-6.6852, 108.4249"
    page.evaluate("window.keys = []")
    where(page, text)
    expect(page.locator(".call-choices")).to_be_visible()
    check(page)
    page.keyboard.press("k")
    expect(page.locator(".is-asked")).to_be_visible()
    check(page)
    page.keyboard.press(yes)  # the caller is safe
    page.keyboard.press(yes)  # somebody is inside: critical
    expect(page.locator("[data-severity=critical]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("2")  # the call taker knows better
    page.keyboard.press("Enter")
    expect(page.locator("#call-assign")).to_be_enabled()
    check(page)
    for part in (".eta-bar", ".part-turnout", ".part-driving", ".cover", ".reason"):
        expect(page.locator(f".call-unit {part}").first).to_be_visible()
    picked = page.locator(".call-unit.ticked .unit-id").all_inner_texts()
    page.keyboard.press("Enter")
    expect(page.locator(".incident-title .incident-id")).to_be_visible()
    keys = page.evaluate("window.keys")
    beside = len(keys) - len(text)
    assert beside <= MOST_KEYS, keys
    assert beside == 8
    found = whole(made, incidents(made)[0]["incident_id"])
    assert found["incident"]["status"] == "dispatched"
    assert found["incident"]["severity"] == "high"
    assert [one["unit_id"] for one in found["assignments"]] == picked != []
    assert [(one["question"], one["text"]) for one in found["texts"]] == [("safe", "yes"), ("inside", "yes")]
    assert len(found["calls"]) == 1
    assert page.evaluate("sessionStorage.getItem('siaga112-call')") is None


def test_a_call_outlives_a_reload_and_a_lost_connection_and_is_sent_once(
    office: tuple[CentreApp, str], opened: Any
) -> None:
    made, _ = office
    before, calls = len(incidents(made)), made.counts()["calls"]
    page = opened()
    where(page, "-6.7617, 108.4812")
    expect(page.locator(".call-choices")).to_be_visible()
    page.reload()
    whole_page(page)
    expect(page.locator(".call-what")).to_be_focused()
    page.keyboard.press("m")
    expect(page.locator(".is-asked")).to_be_visible()
    note = page.locator("[name=note]")
    note.fill("pagar hijau")
    expect(note).to_be_focused()
    expect(note).to_have_value("pagar hijau")

    gone: list[str] = []

    def swallowed(route: Route) -> None:
        """The server does it, once; nobody hears of it."""
        path = route.request.url.partition("?")[0]
        if route.request.method != "POST" or path in gone:
            route.continue_()
            return
        gone.append(path)
        route.fetch()
        route.abort()

    page.route("**/api/v1/incidents?*", swallowed)
    page.route("**/assignments?*", swallowed)
    page.keyboard.press("Enter")  # leaves the note
    expect(page.locator(".call-details")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".call-error")).to_contain_text("tidak ada yang terkirim dua kali")
    assert len(gone) == 1
    page.reload()
    whole_page(page)
    units_shown(page)
    page.keyboard.press("Enter")
    expect(page.locator(".call-error")).to_contain_text("Sambungan terputus")
    assert len(gone) == 2
    page.reload()
    expect(page.locator(".incident-title .incident-id")).to_be_visible()
    assert (len(incidents(made)), made.counts()["calls"]) == (before + 1, calls + 1)
    found = whole(made, incidents(made)[0]["incident_id"])
    assert len(found["assignments"]) == 1
    assert [one["text"] for one in found["texts"]] == ["pagar hijau"]


def test_enter_before_the_units_stand_there_sends_nobody_and_says_so(
    office: tuple[CentreApp, str], opened: Any
) -> None:
    made, _ = office
    page = opened()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/recommendations?*", hold, times=1)
    where(page, "-6.7172, 108.5362")
    expect(page.locator(".call-what")).to_be_focused()
    page.keyboard.press("m")
    expect(page.locator(".call-details")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".call-units")).to_be_focused()
    expect(page.locator(".call-units")).to_contain_text("Menyusun peringkat")
    page.keyboard.press("Enter")
    expect(page.locator(".call-patience")).to_contain_text("tidak ada yang dikirim")
    held[0].continue_()
    units_shown(page)
    expect(page.locator(".call-patience")).to_be_visible()
    incident_id = incidents(made)[0]["incident_id"]
    assert whole(made, incident_id)["assignments"] == []
    # A key that is held down, or was pressed before the units were drawn, is not an answer to them.
    page.evaluate(
        """for (const more of [{repeat: true}, {}]) {
            const event = new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true, ...more});
            if (!more.repeat) Object.defineProperty(event, 'timeStamp', {value: 1});
            document.querySelector('.call-units').dispatchEvent(event);
        }"""
    )
    assert whole(made, incident_id)["assignments"] == []
    page.keyboard.press("Enter")
    expect(page.locator(".incident-title .incident-id")).to_have_text(incident_id)
    assert len(whole(made, incident_id)["assignments"]) == 1


def test_the_slower_of_two_desks_reads_a_sentence_and_sees_who_is_next(
    office: tuple[CentreApp, str], opened: Any
) -> None:
    made, _ = office
    other = made.app.test_client().post(
        "/api/v1/incidents",
        json={
            "category": "animal",
            "severity": "low",
            "location": {"kind": "village", "village_code": "32.09.20.2009"},
        },
    )
    page = opened(deaf=True)
    until_units(page, "-6.8213, 108.6412", "m")
    taken = page.locator(".call-unit.ticked .unit-id").first.inner_text()
    other_id = other.get_json()["incidents"][0]["incident_id"]
    made.running.centre.execute(AssignUnits(incident_id=other_id, unit_ids=(taken,)), actor="desk-2")
    page.keyboard.press("Enter")
    expect(page.locator(".call-error")).to_contain_text(f"{taken} sudah")
    expect(page.locator(".call-error")).to_contain_text("desk-2")
    expect(page.locator(".call-unit.ticked").first).not_to_contain_text(taken)
    expect(page.locator("#call-assign")).to_be_enabled()
    page.keyboard.press("Enter")
    expect(page.locator(".incident-title .incident-id")).to_be_visible()
    (sent,) = whole(made, incidents(made)[0]["incident_id"])["assignments"]
    assert sent["unit_id"] != taken


def test_an_override_asks_for_its_reason_and_keeps_it(office: tuple[CentreApp, str], opened: Any) -> None:
    made, _ = office
    page = opened()
    until_units(page, "-6.6511, 108.5377", "m")
    second = page.locator(".call-unit .unit-id").nth(1).inner_text()
    page.keyboard.press("1")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("[name=reason]")).to_be_focused()
    expect(page.locator(".call-error")).to_contain_text("tulis alasannya")
    page.keyboard.type("2 lebih dekat kata kru")  # digits are letters in a field
    page.keyboard.press("Enter")
    expect(page.locator(".incident-title .incident-id")).to_be_visible()
    (sent,) = whole(made, incidents(made)[0]["incident_id"])["assignments"]
    assert (sent["unit_id"], sent["override_reason"]) == (second, "2 lebih dekat kata kru")


def test_a_second_call_joins_the_open_incident_by_one_key(office: tuple[CentreApp, str], opened: Any) -> None:
    made, _ = office
    page = opened()
    until_units(page, "-6.7322, 108.5511", "l")
    page.keyboard.press("Enter")
    expect(page.locator(".incident-title .incident-id")).to_be_visible()
    known = incidents(made)[0]["incident_id"]
    where(page, "-6.7325, 108.5513")
    expect(page.locator(".call-choices")).to_be_visible()
    page.keyboard.press("l")
    expect(page.locator(f"[data-join='{known}']")).to_contain_text("F2")
    page.keyboard.press("b")  # several are hurt
    page.keyboard.press("F2")
    expect(page.locator("#call-title")).to_have_count(0)
    expect(page.locator(".toast").last).to_contain_text("digabungkan")
    expect(page.locator(".incident-title .incident-id")).to_have_text(known)
    assert incidents(made)[0]["incident_id"] == known
    call = newest_call(made)
    assert (call["incident_id"], call["call_type"]) == (known, "duplicate")
    assert [one["text"] for one in whole(made, known)["texts"]] == ["several"]
    page.keyboard.press("/")
    page.keyboard.type("undo")
    page.keyboard.press("Enter")
    expect(page.locator("#command-answer")).to_contain_text(call["call_id"])
    call = newest_call(made)
    assert (call["incident_id"], call["call_type"]) == (None, "normal")


def test_an_incident_that_was_joined_to_another_is_opened_again_by_undo(
    office: tuple[CentreApp, str], opened: Any
) -> None:
    made, _ = office
    page = opened()
    until_units(page, "-6.6211, 108.5122", "l")
    page.keyboard.press("Enter")
    expect(page.locator(".incident-title .incident-id")).to_be_visible()
    known = incidents(made)[0]["incident_id"]
    until_units(page, "-6.6213, 108.5124", "l")  # opened before anybody saw that it is the same
    own = incidents(made)[0]["incident_id"]
    expect(page.locator(f"[data-join='{known}']")).to_be_visible()
    page.keyboard.press("F2")
    expect(page.locator("#call-title")).to_have_count(0)
    expect(page.locator(".incident-title .incident-id")).to_have_text(known)
    assert (whole(made, own)["incident"]["duplicate_of"], newest_call(made)["incident_id"]) == (known, known)
    page.keyboard.press("/")
    expect(page.locator("#command")).to_be_focused()
    page.keyboard.type("undo")
    page.keyboard.press("Enter")
    expect(page.locator("#command-answer")).to_contain_text(f"Insiden {own} dibuka lagi")
    found, call = whole(made, own)["incident"], newest_call(made)
    assert (found["status"], found["duplicate_of"]) == ("reopened", None)
    assert (call["incident_id"], call["call_type"]) == (own, "normal")


def test_a_drill_is_marked_by_one_key_and_compared_with_drills_alone(
    office: tuple[CentreApp, str], opened: Any
) -> None:
    made, _ = office
    page = opened()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/duplicates?" in one.url else None)
    where(page, "-6.7172, 108.5362")
    expect(page.locator(".call-what")).to_be_focused()
    page.keyboard.press("F4")
    expect(page.locator("#call-title")).to_contain_text("Latihan")
    expect(page.locator("#call-drill")).to_have_attribute("aria-pressed", "true")
    page.reload()  # it is kept like everything else
    whole_page(page)
    expect(page.locator("#call-title")).to_contain_text("Latihan")
    expect(page.locator(".call-what")).to_be_focused()
    page.keyboard.press("m")
    expect(page.locator(".call-details")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#call-assign")).to_be_enabled()
    assert incidents(made)[0]["exercise"] is True
    assert asked
    assert all("exercise=true" in one for one in asked)
    page.keyboard.press("F4")  # what was opened as a drill stays one
    expect(page.locator(".toast").last).to_contain_text("tidak dapat diubah lagi")
    expect(page.locator("#call-title")).to_contain_text("Latihan")


def test_routes_of_who_is_chosen_are_drawn_and_every_unit_is_a_key_away(
    office: tuple[CentreApp, str], opened: Any
) -> None:
    page = opened()
    until_units(page, "-6.7322, 108.4511", "m")
    lines = page.locator(".leaflet-assigned-pane path.route-line")
    expect(lines).to_have_count(1)
    page.keyboard.press("2")
    expect(lines).to_have_count(2)
    page.keyboard.press("2")
    expect(lines).to_have_count(1)
    # All are shown by the keyboard alone, which goes on at the first of those that came.
    units = page.locator(".call-unit")
    few = units.count()
    more = page.locator("#call-all")
    hidden = int(re.sub(r"\D", "", more.inner_text()))
    more.focus()
    page.keyboard.press("Enter")
    expect(units).to_have_count(few + hidden)
    expect(units.nth(few)).to_be_focused()
    # So are those that are not offered, each with why.
    left_out = page.locator(".call-units details.excluded")
    left_out.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(left_out.locator(".why").first).to_be_visible()
    assert all(text.strip() for text in left_out.locator(".why").all_inner_texts())
    expect(page.locator(".call-patience")).to_have_count(0)
    page.locator(".call-units").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".incident-title .incident-id")).to_be_visible()
    expect(page.locator("#call-title")).to_have_count(0)


def test_a_desk_whose_clock_is_five_minutes_fast_takes_calls_at_the_right_time(
    office: tuple[CentreApp, str], opened: Any
) -> None:
    made, address = office
    page = opened("about:blank", "")
    page.clock.install(time=datetime.now(UTC) + timedelta(minutes=5))
    page.goto(address)
    whole_page(page)
    begun = datetime.now(UTC)
    where(page, "-6.7172, 108.5362")
    expect(page.locator("#call-title")).to_have_text(re.compile("^C"))
    expect(page.locator(".call-since")).to_have_text(re.compile(r"^\d\d? dtk$"))
    call = made.running.centre.store.events_after(0, types=("call.taken",))[-1]
    assert call.device_time is not None
    assert abs(call.device_time - begun) < timedelta(minutes=2)


def test_ghost_and_prank_calls_are_noted_by_one_key_and_the_number_is_weighed(
    office: tuple[CentreApp, str], opened: Any
) -> None:
    made, _ = office
    page = opened()
    for _ in range(3):
        page.keyboard.press("n")
        expect(page.locator("#call-at")).to_be_focused()
        page.locator("[name=number]").fill(NUMBER)
        page.keyboard.press("F9")
        expect(page.locator("#call-title")).to_have_count(0)
        expect(page.locator(".toast").last).to_contain_text("Iseng")
        assert newest_call(made)["call_type"] == "prank"
    page.keyboard.press("n")
    page.locator("[name=number]").fill("+62 812-3456-7890")
    page.keyboard.press("Tab")
    expect(page.locator("#ghost-points")).to_contain_text("dari 100 poin")
    expect(page.locator(".call-ghost")).to_contain_text("tidak pernah ditolak")
    page.keyboard.press("F8")
    expect(page.locator("#call-title")).to_have_count(0)
    call = newest_call(made)
    assert call["call_type"] == "ghost"
    assert call["incident_id"] is None


@pytest.mark.parametrize(("text", "kind"), [("kecamatan plumbon", "kecamatan"), ("", "unknown")])
def test_a_call_that_knows_little_of_the_place_is_an_incident_too(
    office: tuple[CentreApp, str], opened: Any, text: str, kind: str
) -> None:
    made, _ = office
    page = opened()
    until_units(page, text, "b")
    if kind == "unknown":
        expect(page.locator("#call-units, .call-units")).to_contain_text("lokasi", ignore_case=True)
        assert page.locator(".call-unit").count() == 0
    else:
        expect(page.locator(".call-unit .bar-span").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".incident-title .incident-id")).to_be_visible()
    found = incidents(made)[0]
    assert found["location"]["kind"] == kind
    assert found["status"] == ("received" if kind == "unknown" else "dispatched")


def test_a_call_that_was_abandoned_is_never_dropped_without_a_word(office: tuple[CentreApp, str], opened: Any) -> None:
    made, _ = office
    before = made.counts()["calls"]
    page = opened()
    page.keyboard.press("n")
    expect(page.locator("#call-at")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#call-title")).to_have_count(0)
    assert made.counts()["calls"] == before  # a slip of the finger is no call
    where(page, "-6.7617, 108.4812")
    expect(page.locator("#call-title")).to_have_text(re.compile("^C"))
    page.keyboard.press("Escape")
    expect(page.locator(".call-leave")).to_contain_text("Panggilan apa ini?")
    page.keyboard.press("i")
    expect(page.locator("#call-title")).to_have_count(0)
    assert (made.counts()["calls"], newest_call(made)["call_type"]) == (before + 1, "information")


def test_signing_out_takes_the_half_typed_call_away(tmp_path_factory: pytest.TempPathFactory, opened: Any) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('calls') / 'people.db'}"
    with centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as made, served(made.app) as port:
        address = f"http://127.0.0.1:{port}"
        person(made.running.sign_in, "orang.1", Role.CALL_TAKER)
        page = opened("/sign-in", address)
        page.fill("main [name=login]", "orang.1")
        page.fill("main [name=password]", PASSWORD)
        page.click("main form button >> nth=0")
        page.wait_for_selector("html[data-ready=true]")
        page.keyboard.press("n")
        page.locator("[name=number]").fill(NUMBER)
        page.keyboard.press("Enter")
        expect(page.locator("#call-title")).to_have_text(re.compile("^C"))  # with the mark against other sites' pages
        page.keyboard.type("-6.7322, 108.5511")
        page.keyboard.press("Enter")
        page.locator("[data-category=fire]").click()
        expect(page.locator("#call-open")).to_be_visible()
        page.keyboard.press("Enter")  # one who may not send units leaves it to who may
        expect(page.locator(".toast").last).to_contain_text("dispatcher memilih unitnya")
        page.keyboard.press("n")
        page.locator("[name=number]").fill(NUMBER)
        assert NUMBER in page.evaluate("sessionStorage.getItem('siaga112-call')")
        page.goto(f"{address}/account")
        page.click("text=Keluar >> nth=0")
        page.wait_for_url(f"{address}/sign-in")
        assert page.evaluate("Object.values(sessionStorage).join()") == ""
