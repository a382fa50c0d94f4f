"""The page of an agency: plain forms over the real application, without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from dispatch.accounts import Role
from dispatch.codec import load
from dispatch.commands import AddNote, AssignUnits, NotifyAgency, OpenIncident
from dispatch.incidents import IncidentLocation, Severity
from tests.accounts import MARK, Browser, person, program
from tests.centre_app import HERE, CentreApp, centre_app

UNIT, OTHER_UNIT = "AMB-13", "DAMKAR-06"
MOST = 20_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentreApp]:
    url = f"sqlite:///{tmp_path_factory.mktemp('agency') / 'siaga112.db'}"
    with centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as app:
        for login in ("opd", "opd.2"):
            person(app.running.sign_in, login, Role.AGENCY, "dinkes")
        yield app


@pytest.fixture(scope="module")
def browser(made: CentreApp) -> Browser:
    browser = Browser(made)
    browser.sign_in("opd")
    return browser


def incident(made: CentreApp, *, told: bool = True, label: str = "Pasar Plered") -> str:
    execute = made.running.centre.execute
    place = load(IncidentLocation, {**HERE, "label": label})
    opened = execute(
        OpenIncident(category="medical", severity=Severity.HIGH, location=place, note="CATATAN-RAHASIA"), actor="d"
    )
    incident_id = str(opened["incidents"][0]["incident_id"])
    if told:
        execute(NotifyAgency(incident_id=incident_id, agency="dinkes"), actor="d")
    return incident_id


def of(made: CentreApp, incident_id: str) -> Any:
    with made.store.book() as book:
        return book.incident(incident_id)


def test_an_agency_acknowledges_what_it_was_told_of_and_nothing_else(made: CentreApp, browser: Browser) -> None:
    mine, other = incident(made), incident(made, told=False, label="Tempat lain")
    page = browser.get("/agency").text
    assert mine in page
    assert other not in page
    assert browser.get(f"/agency/incidents/{other}").status_code == 404
    at = f"/agency/incidents/{mine}"
    answer = browser.send(at, action="acknowledge")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{at}?done=acknowledged")
    (said,) = of(made, mine).acknowledged
    assert said.agency == "dinkes"
    shown = browser.get(answer.headers["Location"]).text
    assert 'value="acknowledge"' not in shown
    assert "Dibaca" in shown


def test_a_press_that_is_sent_twice_counts_once(made: CentreApp, browser: Browser) -> None:
    incident_id = incident(made)
    at = f"/agency/incidents/{incident_id}"
    page = browser.get(at).text
    mark, once = MARK.search(page), re.search(r'name="once" value="([^"]+)"', page)
    assert mark
    assert once
    form = {"csrf_token": mark[1], "once": once[1], "action": "note", "text": "Obat dikirim"}
    for _ in range(2):
        assert browser.client.post(at, data=form, headers={"Accept": "text/html"}).status_code == 303
    assert len(of(made, incident_id).notes) == 2  # that of the opening, and this one


def test_a_form_without_its_token_changes_nothing(made: CentreApp, browser: Browser) -> None:
    incident_id = incident(made)
    at = f"/agency/incidents/{incident_id}"
    before = made.store.head()
    answer = browser.client.post(at, data={"action": "acknowledge"}, headers={"Accept": "text/html"})
    assert answer.headers["Location"] == f"{at}?stale=1"
    assert 'role="alert"' in browser.get(answer.headers["Location"]).text
    assert made.store.head() == before


def test_an_agency_reports_its_own_units_alone(made: CentreApp, browser: Browser) -> None:
    incident_id = incident(made, told=False)
    made.running.centre.execute(AssignUnits(incident_id=incident_id, unit_ids=(UNIT, OTHER_UNIT)), actor="d")
    at = f"/agency/incidents/{incident_id}"
    page = browser.get(at).text
    assert f'value="{UNIT}"' in page
    assert f'value="{OTHER_UNIT}"' not in page
    assert browser.send(at, action="status", unit=UNIT, status="en_route", incident=incident_id).status_code == 303
    assert browser.send(at, action="status", unit=OTHER_UNIT, status="en_route").status_code == 422
    assert browser.send("/agency", unit=OTHER_UNIT, status="out_of_service").status_code == 422
    wrong = browser.send("/agency", unit=UNIT, status="at_hospital")
    assert wrong.status_code == 422
    assert 'role="alert"' in wrong.text
    assert browser.send("/agency", unit=UNIT, status="on_scene").headers["Location"] == "/agency?done=status"
    with made.store.book() as book:
        states = [book.unit(one).unit.status.value for one in (UNIT, OTHER_UNIT)]  # type: ignore[union-attr]
    assert states == ["on_scene", "dispatched"]


def test_notes_are_masked_until_a_reason_is_given(made: CentreApp, browser: Browser) -> None:
    incident_id = incident(made)
    at = f"/agency/incidents/{incident_id}"
    assert "CATATAN-RAHASIA" not in browser.get(at).text
    assert browser.send(at, action="read", reason="").status_code == 422
    told = browser.send(at, action="read", reason="menyiapkan obat")
    assert told.status_code == 200
    assert "CATATAN-RAHASIA" in told.text
    (event,) = made.store.events_after(0, incident_id=incident_id, types=("texts.unmasked",))
    assert (event.actor, event.payload["reason"]) == ("opd", "menyiapkan obat")


def test_pages_of_a_long_list_are_small_and_miss_nothing(made: CentreApp, browser: Browser) -> None:
    told = {incident(made, label="Jalan Raya Sunan Gunung Jati nomor 112, " * 4) for _ in range(12)}
    seen, path, pages = set(), "/agency", 0
    style = len(made.app.test_client().get("/static/x/people.css").data) + len(
        made.app.test_client().get("/static/x/agency.css").data
    )
    while path:
        page = browser.get(path).text
        assert len(page.encode()) + style < MOST
        seen |= set(re.findall(r'href="/agency/incidents/([^"]+)"', page))
        onward = re.search(r'href="(/agency\?cursor=[^"]+)"', page)
        path, pages = (onward[1] if onward else ""), pages + 1
    assert pages >= 2
    assert told <= seen
    assert browser.get("/agency?cursor=nonsense").status_code == 400


def test_both_languages_and_bad_input(made: CentreApp, browser: Browser) -> None:
    incident_id = incident(made)
    at = f"/agency/incidents/{incident_id}"
    assert "Write a note" in browser.get(f"{at}?lang=en").text
    assert "Tulis catatan" in browser.get(f"{at}?lang=id").text
    made.running.centre.execute(AddNote(incident_id=incident_id, text="<b>x</b>"), actor="d")
    for form in (
        {"action": "dance"},
        {"action": "note", "text": "  "},
        {"action": "status", "unit": "", "status": "x"},
    ):
        answer = browser.send(at, **form)
        assert answer.status_code == 422
        assert answer.text.count('role="alert"') == 1


def test_an_agency_speaks_for_itself_alone_over_the_api(made: CentreApp) -> None:
    incident_id = incident(made)
    agency = program(made, "opd")
    path = f"/api/v1/incidents/{incident_id}/acknowledged"
    assert agency.post(path, json={"agency": "damkar"}).status_code == 403
    answer = agency.post(path, json={"agency": "dinkes"})
    assert answer.status_code == 200
    assert answer.get_json()["incidents"][0]["acknowledged"][0]["agency"] == "dinkes"


# --- forms that come too late, twice or from another tab ---------------------------------------------------------


def form_of(page: str, **fields: str) -> dict[str, str]:
    """A form of a page as it stands in a tab, with the fields filled in."""
    mark, once = MARK.search(page), re.search(r'name="once" value="([^"]+)"', page)
    return {"csrf_token": mark[1] if mark else "", "once": once[1] if once else "", **fields}


def sent(browser: Browser, at: str, form: dict[str, str]) -> Any:
    return browser.client.post(at, data=form, headers={"Accept": "text/html"})


def test_two_tabs_acknowledge_once_and_both_are_told_so(made: CentreApp, browser: Browser) -> None:
    incident_id = incident(made)
    at = f"/agency/incidents/{incident_id}"
    tabs = [form_of(browser.get(at).text, action="acknowledge") for _ in range(2)]
    assert tabs[0]["once"] != tabs[1]["once"]
    for form in tabs:
        answer = sent(browser, at, form)
        assert answer.headers["Location"] == f"{at}?done=acknowledged"
    assert len(made.store.events_after(0, incident_id=incident_id, types=("incident.agency_acknowledged",))) == 1


def test_after_the_back_button_other_words_are_not_taken_for_the_same_press(made: CentreApp, browser: Browser) -> None:
    incident_id = incident(made)
    at = f"/agency/incidents/{incident_id}"
    form = form_of(browser.get(at).text, action="note", text="Obat dikirim")
    assert sent(browser, at, form).status_code == 303
    again = sent(browser, at, {**form, "text": "Obat sudah sampai"})
    assert again.status_code == 422
    assert "Obat sudah sampai</textarea>" in again.text
    assert sent(browser, at, form_of(again.text, action="note", text="Obat sudah sampai")).status_code == 303
    assert len(of(made, incident_id).notes) == 3


def test_what_was_written_when_the_session_had_ended_is_kept_and_sent_after_signing_in(made: CentreApp) -> None:
    incident_id = incident(made)
    at = f"/agency/incidents/{incident_id}"
    browser = Browser(made)
    browser.sign_in("opd.2")
    form = form_of(browser.get(at).text, action="note", text="Stok <darah> O habis")
    made.running.sign_in.sign_out_everywhere("opd.2", actor="admin")
    before = made.store.head()
    kept = sent(browser, at, form)
    assert kept.status_code == 401
    assert "Stok &lt;darah&gt; O habis</textarea>" in kept.text
    assert f'href="/sign-in?next={at}"' in kept.text
    assert "Pasar Plered" not in kept.text  # nothing of the incident
    assert made.store.head() == before
    browser.sign_in("opd.2")  # in a new window
    late = sent(browser, at, form_of(kept.text, action="note", text="Stok <darah> O habis"))
    assert late.status_code == 400
    assert "Stok &lt;darah&gt; O habis</textarea>" in late.text
    assert sent(browser, at, form_of(late.text, action="note", text="Stok <darah> O habis")).status_code == 303
    assert len(of(made, incident_id).notes) == 2


def test_a_form_of_an_incident_out_of_reach_shows_nothing_of_it(made: CentreApp, browser: Browser) -> None:
    other = incident(made, told=False, label="Tempat lain")
    answer = sent(browser, f"/agency/incidents/{other}", {"action": "note", "text": "x"})
    assert answer.status_code == 303
    assert "Tempat lain" not in answer.text


def test_a_button_that_was_pressed_after_the_session_had_ended_says_that_nothing_was_changed(made: CentreApp) -> None:
    incident_id = incident(made)
    at = f"/agency/incidents/{incident_id}"
    browser = Browser(made)
    browser.sign_in("opd.2")
    form = form_of(browser.get(at).text, action="acknowledge")
    made.running.sign_in.sign_out_everywhere("opd.2", actor="admin")
    answer = sent(browser, at, form)
    assert answer.headers["Location"] == f"/sign-in?next={at}&unsent=1"
    assert 'role="alert"' in browser.get(answer.headers["Location"]).text
    assert of(made, incident_id).acknowledged == ()


def test_a_reason_that_is_refused_stays_in_its_field(made: CentreApp, browser: Browser) -> None:
    at = f"/agency/incidents/{incident(made)}"
    answer = browser.send(at, action="read", reason="nomor 081234567890")
    assert answer.status_code == 422
    assert 'value="nomor 081234567890"' in answer.text
