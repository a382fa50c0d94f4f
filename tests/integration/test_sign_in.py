"""Signing in: first administrator, second factor, locks, expiry, tokens; and all that goes wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from dispatch.access_settings import AccessSettings
from dispatch.accounts import Role
from dispatch.store.credentials import Credentials
from gis.errors import InputError, SourceError
from tests.accounts import PASSWORD, Browser, Clock, code_at, person
from tests.centre_app import QUICK, CentreApp, centre_app
from web.app import create_app
from web.people_frame import safe_path
from web.running import Running
from web.serving import access_for, check_public_url
from web.sessions import Access, secret_key
from web.sign_in import SignIn


class Office:
    """A centre whose people sign in by a clock of the test's own."""

    def __init__(self, made: CentreApp, *, https: bool = False, limited: bool = False) -> None:
        centre = made.running.centre
        self.clock = Clock()
        self.kept = Credentials(made.store.engine, clock=self.clock)
        self.sign_in = SignIn(self.kept, centre, AccessSettings(), clock=self.clock, hasher=QUICK)
        self.store = made.store
        self.app: Flask = create_app(
            centre.desk, centre=centre, access=Access(sign_in=self.sign_in, secret_key="k" * 40, https=https),
            config={"RATELIMIT_ENABLED": limited},
        )  # fmt: skip

    def browser(self) -> Browser:
        return Browser(self)  # type: ignore[arg-type]

    def notes(self, login: str) -> list[str]:
        """What the log says of an account's way to sign in."""
        events = self.store.events_after(0, types=("account.access",))
        return [one.payload["what"] for one in events if one.payload["login"] == login]

    def secret(self, login: str) -> str:
        found = self.kept.account(login)
        assert found is not None
        return found[1].totp_pending or found[1].totp_secret or ""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentreApp]:
    with centre_app(f"sqlite:///{tmp_path_factory.mktemp('sign-in') / 'siaga112.db'}") as app:
        yield app


@pytest.fixture(scope="module")
def shared(made: CentreApp) -> Office:
    office = Office(made)
    person(office.sign_in, "boss", Role.ADMINISTRATOR)
    return office


@pytest.fixture
def office(shared: Office) -> Office:
    return shared


_names = iter(range(1000))


def somebody(office: Office, role: Role = Role.CALL_TAKER) -> str:
    return person(office.sign_in, f"orang.{next(_names)}", role)


# --- first start -------------------------------------------------------------------------------------------------


def test_the_first_administrator_comes_by_a_link_that_works_once(sqlite_url: str) -> None:
    with centre_app(sqlite_url) as made:
        office = Office(made)
        older, link = office.sign_in.first_link(), office.sign_in.first_link()
        browser = office.browser()
        assert browser.get(f"/link/{older}").status_code == 410, "a new start makes the link before it useless"
        for form in (
            {"login": "bos.01", "password": "pendek", "again": "pendek"},
            {"login": "bos.01", "password": PASSWORD, "again": PASSWORD + "x"},
            {"login": "Bos Besar!", "password": PASSWORD, "again": PASSWORD},
            {"login": "bos.01", "password": "bos.01bos.01", "again": "bos.01bos.01"},
        ):
            answer = browser.send(f"/link/{link}", **form)
            assert answer.status_code == 422
            assert re.search(r'class="fault" role="alert">[^<]+\.<', answer.text), answer.text
            assert form["password"] not in answer.text
        done = browser.send(f"/link/{link}", login="bos.01", display_name="Rahasia", password=PASSWORD, again=PASSWORD)
        assert done.status_code == 200
        assert browser.get(f"/link/{link}").status_code == 410
        assert office.sign_in.first_link() is None
        assert [one.login for one, _ in office.kept.accounts()] == ["bos.01"]
        log = " ".join(str(one.payload) for one in made.store.events_after(0))
        assert "Rahasia" not in log and PASSWORD not in log and "argon2" not in log
        # He needs a phone, and is shown one key until a code of it was typed.
        answer = browser.sign_in("bos.01")
        assert answer.headers["Location"].startswith("/sign-in/second-factor")
        page = browser.get("/sign-in/second-factor").text
        assert 'src="data:image/svg+xml' in page
        assert not browser.is_in
        assert browser.get("/accounts").headers["Location"].startswith("/sign-in/second-factor")
        shown = browser.send("/sign-in/second-factor", code=code_at(office.secret("bos.01"), office.clock.now))
        codes = re.findall(r"<li><code>([a-z0-9-]+)</code>", shown.text)
        assert len(set(codes)) == 10
        assert browser.is_in
        assert browser.get("/accounts").status_code == 200
        assert office.notes("bos.01") == ["password_set", "second_factor_set"]


# --- password and code -------------------------------------------------------------------------------------------


def test_a_wrong_password_and_an_unknown_login_are_told_alike(office: Office) -> None:
    login = somebody(office)
    told = set()
    for name, password in ((login, "salah salah salah"), ("tidak.ada", PASSWORD), ("", ""), ("x" * 5000, "y" * 5000)):
        answer = office.browser().sign_in(name, password)
        assert answer.status_code == 422
        told.add(re.search(r'role="alert">([^<]+)<', answer.text)[1])  # type: ignore[index]
    assert len(told) == 1


def test_an_account_waits_after_wrong_passwords_but_who_is_in_stays(office: Office) -> None:
    login = somebody(office)
    inside = office.browser()
    inside.sign_in(login)
    for _ in range(5):
        assert office.browser().sign_in(login, "salah salah salah").status_code == 422
    assert office.browser().sign_in(login).status_code == 422, "the right password waits too"
    assert inside.is_in
    inside.send("/lock", page="/account")
    assert inside.send("/locked", password=PASSWORD).status_code == 303
    assert inside.is_in
    assert office.notes(login).count("locked") == 1
    office.clock.tick(seconds=61)
    assert office.browser().sign_in(login).status_code == 303


def test_a_code_opens_once_and_only_in_its_time(office: Office) -> None:
    login = somebody(office, Role.AUDITOR)
    first = office.browser()
    first.sign_in(login)
    first.get("/sign-in/second-factor")
    secret = office.secret(login)
    late = first.send("/sign-in/second-factor", code=code_at(secret, office.clock.now + timedelta(minutes=5)))
    assert "5" in re.search(r'role="alert">([^<]+)<', late.text)[1]  # type: ignore[index]
    shown = first.send("/sign-in/second-factor", code=code_at(secret, office.clock.now))
    recovery = re.findall(r"<li><code>([a-z0-9-]+)</code>", shown.text)
    second = office.browser()
    assert second.sign_in(login).headers["Location"].startswith("/sign-in/code")
    assert not second.is_in
    assert second.send("/sign-in/code", code=code_at(secret, office.clock.now)).status_code == 422, "taken before"
    office.clock.tick(seconds=30)
    assert second.send("/sign-in/code", code=code_at(secret, office.clock.now)).status_code == 303
    assert second.is_in
    for tries in (303, 422):
        third = office.browser()
        third.sign_in(login)
        assert third.send("/sign-in/code", code=recovery[0].upper()).status_code == tries
    worn = office.browser()
    worn.sign_in(login)
    for _ in range(5):
        worn.send("/sign-in/code", code="000000")
    assert worn.get("/sign-in/code").headers["Location"] == "/sign-in", "too many tries: from the beginning"


# --- sessions ----------------------------------------------------------------------------------------------------


def test_a_session_locks_when_nobody_touches_it_and_ends_with_the_shift(office: Office) -> None:
    browser = office.browser()
    login = somebody(office)
    browser.sign_in(login)
    for _ in range(3):
        office.clock.tick(minutes=20)
        assert browser.is_in
    for _ in range(4):  # what a page asks by itself keeps nothing awake
        office.clock.tick(minutes=10)
        answer = browser.client.get("/api/v1/incidents", headers={"Siaga112-Background": "1"})
    assert answer.status_code == 401
    assert answer.get_json()["type"].endswith(":locked")
    assert browser.get("/?at=1").headers["Location"].startswith("/locked?next=")
    for _ in range(2):
        assert browser.send("/locked", password="salah salah salah").status_code == 422
    answer = browser.send("/locked", password=PASSWORD, next="/?at=1")
    assert answer.headers["Location"] == "/?at=1"
    office.clock.tick(hours=12)
    assert browser.get("/account").headers["Location"] == "/sign-in?next=/account&ended=1"


@pytest.mark.parametrize("pause", [None, 6], ids=["at work", "a pause"])
def test_a_session_whose_time_has_come_ends_at_the_next_pause_and_never_in_the_middle_of_a_call(
    office: Office, pause: int | None
) -> None:
    browser = office.browser()
    browser.sign_in(somebody(office))
    for _ in range(36):
        office.clock.tick(minutes=20)
        assert browser.is_in
    for _ in range(12):  # beyond its twelve hours, with a hand on it
        office.clock.tick(minutes=4)
        assert browser.is_in
    office.clock.tick(minutes=pause or 4)
    assert browser.is_in is (pause is None)
    still_in = [office.clock.tick(minutes=4) or browser.is_in for _ in range(3)]
    assert not still_in[-1], "an hour later it ends, whoever works"


def test_signing_in_drops_what_the_browser_carried_and_out_means_out(office: Office) -> None:
    login = somebody(office)
    browser = office.browser()
    browser.get("/sign-in")
    planted = browser.client.get_cookie("siaga112_session")
    browser.sign_in(login)
    cookie = browser.client.get_cookie("siaga112_session")
    assert planted is not None and cookie is not None and planted.value != cookie.value
    assert cookie.http_only and cookie.same_site == "Lax" and not cookie.secure
    assert browser.get("/account").headers["Cache-Control"] == "no-store", "the back button shows nothing"
    browser.send("/sign-out", page="/account")
    assert not browser.is_in
    browser.client.set_cookie("siaga112_session", cookie.value)
    assert not browser.is_in, "a copy of the cookie is worth nothing"


def test_two_tabs_and_an_old_page_are_answered_with_what_to_do(office: Office) -> None:
    login = somebody(office)
    browser = office.browser()
    old = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/sign-in").text)[1]  # type: ignore[index]
    browser.sign_in(login)
    stale = browser.client.post("/account", data={"csrf_token": old, "action": "everywhere"},
                                headers={"Accept": "text/html"})  # fmt: skip
    assert stale.headers["Location"] == "/account?stale=1"
    assert 'role="alert"' in browser.get("/account?stale=1").text
    again = browser.client.post("/sign-in", data={"csrf_token": old}, headers={"Accept": "text/html"})
    assert browser.get(again.headers["Location"]).headers["Location"] == "/", "he is in already"


def test_a_page_of_another_site_changes_nothing(office: Office) -> None:
    browser = office.browser()
    browser.sign_in(somebody(office))
    answer = browser.client.post("/api/v1/calls", json={})
    assert (answer.status_code, answer.get_json()["type"]) == (400, "urn:siaga112:problem:csrf")
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/account").text)[1]  # type: ignore[index]
    assert browser.client.post("/api/v1/calls", json={}, headers={"X-CSRFToken": token}).status_code == 201


def test_a_disabled_account_is_out_at_once_with_its_programs(office: Office) -> None:
    login = somebody(office)
    browser = office.browser()
    browser.sign_in(login)
    token, _ = office.sign_in.make_token(login, "laporan", days=1, actor=login)
    client = office.app.test_client()
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/me", headers=headers).get_json()["role"] == "call_taker"
    office.sign_in.set_active(login, False, actor="boss")
    assert client.get("/api/v1/me", headers=headers).status_code == 401
    assert not browser.is_in
    assert office.browser().sign_in(login).status_code == 422
    with pytest.raises(Exception, match="last administrator"):
        office.sign_in.set_active("boss", False, actor="boss")


def test_a_new_password_signs_out_every_other_browser(office: Office) -> None:
    login = somebody(office)
    here, there = office.browser(), office.browser()
    here.sign_in(login)
    there.sign_in(login)
    new = "kata lain yang panjang"
    wrong = here.send("/account", action="password", old="salah salah", new=new, again=new)
    assert wrong.status_code == 422
    assert here.send("/account", action="password", old=PASSWORD, new=new, again=new).status_code == 200
    assert here.is_in and not there.is_in
    assert office.browser().sign_in(login, new).status_code == 303
    assert here.send("/account", action="nonsense").status_code == 422
    assert here.send("/account", action="token", label="", days="90").status_code == 422
    assert here.send("/account", action="token", label="x", days="1e9").status_code == 422


def test_language_and_theme_stay_with_the_account(office: Office) -> None:
    login = somebody(office)
    browser = office.browser()
    assert 'lang="id"' in browser.get("/sign-in").text
    browser.sign_in(login)
    assert 'lang="en"' in browser.get("/account?lang=en").text
    assert 'data-theme="dark"' in browser.get("/account?theme=dark").text
    other = office.browser()
    other.sign_in(login)
    page = other.get("/account").text
    assert 'lang="en"' in page and 'data-theme="dark"' in page and "My account" in page


# --- administrators ----------------------------------------------------------------------------------------------


def test_bad_input_of_an_administrator_is_one_sentence_and_makes_nothing(office: Office) -> None:
    boss = office.browser()
    boss.sign_in("boss")
    boss.get("/sign-in/second-factor")
    boss.send("/sign-in/second-factor", code=code_at(office.secret("boss"), office.clock.now))
    good = {"login": "kru.77", "role": "crew", "bound_to": "AMB-13", "display_name": ""}
    before = office.store.head()
    for change in ({"login": ""}, {"login": "KRU 77"}, {"login": "x" * 40}, {"login": "boss"}, {"role": ""},
                   {"role": "king"}, {"bound_to": ""}, {"bound_to": "TIDAK-ADA"}, {"bound_to": "\x00"},
                   {"role": "agency"}, {"role": "village_official"}, {"role": "planner"},
                   {"role": "village_official", "bound_to": "99.99.99"}, {"display_name": "x" * 101}):  # fmt: skip
        answer = boss.send("/accounts", **{**good, **change})
        assert answer.status_code == 422, change
        assert re.search(r'role="alert">[^<]+\.<', answer.text), change
    assert office.store.head() == before
    made = boss.send("/accounts", **good)
    link = re.search(r"http://localhost(/link/[\w-]+)<", made.text)
    assert link, made.text
    assert boss.get("/accounts/tidak.ada").status_code == 404
    for action in ("role", "disable", "enable", "link", "second_factor", "everywhere"):
        done = boss.send("/accounts/kru.77", action=action, role="agency", bound_to="damkar")
        assert done.status_code == 200, action
    assert boss.send("/accounts/boss", action="disable").status_code == 422
    assert boss.get(link[1]).status_code == 410, "newer links took its place"


# --- addresses, limits, servers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "evil",
     "/sign-in?next=/", "/sign-out", "/" + "x" * 600, "/a\nb", ""],
)  # fmt: skip
def test_nobody_is_sent_to_another_host(text: str) -> None:
    assert safe_path(text) == ""


def test_signing_in_goes_on_to_where_somebody_was_on_the_way(office: Office) -> None:
    login = somebody(office)
    assert office.browser().sign_in(login, next="/account?a=1").headers["Location"] == "/account?a=1"
    assert office.browser().sign_in(login, next="//evil.example").headers["Location"] == "/"


def test_an_address_that_tries_too_often_waits(made: CentreApp, shared: Office) -> None:
    office = Office(made, limited=True)
    browser = office.browser()
    answers = [browser.sign_in("tidak.ada", "salah") for _ in range(31)]
    assert [one.status_code for one in answers[:30]] == [422] * 30
    assert answers[30].status_code == 429
    assert 'role="alert"' in answers[30].text
    assert answers[30].headers["Retry-After"] == "60"


def test_behind_https_cookies_travel_over_https_alone(made: CentreApp, shared: Office) -> None:
    office = Office(made, https=True)
    answer = office.app.test_client().get("/sign-in", headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"]
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_key_of_cookies_is_made_beside_sqlite_and_asked_for_elsewhere(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'centre.db'}"
    made = secret_key(url, "")
    assert len(made) > 40 and secret_key(url, "") == made
    assert secret_key(str(tmp_path / "centre.db"), "") == made  # a bare path is the same file
    assert (tmp_path / "centre.db.key").stat().st_mode & 0o777 == 0o600
    assert secret_key(url, "z" * 32) == "z" * 32
    for database, given in (("postgresql://host/name", ""), (url, "short")):
        with pytest.raises(SourceError, match="SIAGA112_SECRET_KEY"):
            secret_key(database, given)


def test_a_server_that_others_reach_has_accounts(made: CentreApp) -> None:
    running: Running = made.running
    url = str(running.store.engine.url)

    def access(host: str, accounts: bool | None, public: str | None = None) -> Any:
        return access_for(running, url, host=host, accounts=accounts, public_url=public)[0]

    assert access("127.0.0.1", None) is None, "the demonstration on this machine is for trying out"
    assert access("127.0.0.1", True) is not None
    assert access("0.0.0.0", None) is not None
    assert access("127.0.0.1", None, "https://112.example.id").https
    for host, public in (("0.0.0.0", None), ("127.0.0.1", "https://112.example.id")):
        with pytest.raises(InputError, match="--no-accounts"):
            access(host, False, public)
    for bad in ("ftp://x", "https://", "112.example.id", "https://x/path", "https://x?y", "http://["):
        with pytest.raises(InputError, match="--public-url"):
            check_public_url(bad)
