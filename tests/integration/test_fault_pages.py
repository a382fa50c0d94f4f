"""What went wrong is a page for a person and a problem for a program, with the same sentence."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import pytest

from dispatch.accounts import Role
from dispatch.errors import StoreError
from tests.accounts import Browser, person
from tests.centre_app import CentreApp, centre_app
from web.problems import PROBLEM_TYPE

PAGE = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentreApp]:
    url = f"sqlite:///{tmp_path_factory.mktemp('faults') / 'siaga112.db'}"
    with centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as found:
        person(found.running.sign_in, "taker", Role.CALL_TAKER)
        yield found


@pytest.fixture
def taker(made: CentreApp) -> Any:
    browser = Browser(made)
    browser.sign_in("taker")
    return browser.client


@pytest.mark.parametrize(
    ("path", "status"),
    [("/incidents/261127-999/sheet", 404), ("/village?area=99", 404), ("/handover/x", 404), ("/public?month=3", 404)],
)
def test_a_person_reads_in_a_page_what_a_program_reads_in_a_problem(taker: Any, path: str, status: int) -> None:
    told = taker.get(path)
    assert (told.status_code, told.mimetype) == (status, PROBLEM_TYPE)
    shown = taker.get(path, headers=PAGE)
    assert (shown.status_code, shown.mimetype) == (status, "text/html")
    assert told.get_json()["detail"] in html.unescape(shown.text)
    assert shown.headers["Cache-Control"] == "no-store"


def test_an_address_of_nothing_leads_a_person_on(made: CentreApp, taker: Any) -> None:
    for client in (taker, made.app.test_client()):
        shown = client.get("/tidak-ada?lang=en", headers=PAGE)
        assert (shown.status_code, shown.mimetype) == (404, "text/html")
        assert "There is nothing at /tidak-ada; check the address." in shown.text
        assert 'href="/"' in shown.text
    # What a page loads, or its scripts ask, is no page.
    for accept in ("*/*", "image/avif,image/webp,*/*;q=0.8", "application/json"):
        assert taker.get("/tidak-ada", headers={"Accept": accept}).mimetype == PROBLEM_TYPE
    assert taker.get("/api/v1/tidak-ada", headers=PAGE).mimetype == PROBLEM_TYPE


def test_a_server_that_fails_says_so_in_a_page_and_offers_to_try_again(
    made: CentreApp, taker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("web.shift_pages.shift_facts", fail)
    shown = taker.get("/handover?lang=id", headers=PAGE)
    assert (shown.status_code, shown.mimetype) == (500, "text/html")
    assert "a fault of ours" not in shown.text
    assert "/handover?lang=id" in html.unescape(shown.text)

    def gone(*_: Any, **__: Any) -> None:
        raise StoreError("The database is gone; look at its log.")

    # Not even who asks is known.
    monkeypatch.setattr(type(made.running.sign_in), "session", gone)
    shown = taker.get("/handover", headers=PAGE)
    assert (shown.status_code, shown.mimetype) == (503, "text/html")
    assert "taker" not in shown.text
