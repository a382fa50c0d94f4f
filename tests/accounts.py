"""People for tests: accounts with passwords and phones, browsers in which they sign in, programs with tokens."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
from flask.testing import FlaskClient

from dispatch.accounts import Role
from tests.centre_app import CentreApp
from web.sign_in import SignIn

PASSWORD = "empat kata yang panjang"
MARK = re.compile(r'name="csrf_token" value="([^"]+)"')


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 26, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def tick(self, **how: float) -> None:
        self.now += timedelta(**how)


def person(sign_in: SignIn, login: str, role: Role, bound_to: str | None = None) -> str:
    """An account with a password."""
    token = sign_in.create(login, role, bound_to=bound_to, display_name="", actor="test")
    sign_in.use_link(token, PASSWORD)
    return login


def program(made: CentreApp, login: str) -> Program:
    """A program with the rights of an account."""
    token, _ = made.running.sign_in.make_token(login, "test", days=1, actor="test")
    return Program(made.app.test_client(), token)


class Program:
    """Sends a token with every request."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **how: Any) -> Any:
        return self.ask("GET", path, **how)

    def post(self, path: str, **how: Any) -> Any:
        return self.ask("POST", path, **how)

    def ask(self, method: str, path: str, **how: Any) -> Any:
        headers = {**self.headers, **how.pop("headers", {})}
        return self._client.open(path, method=method, headers=headers, **how)


class Browser:
    """A person's browser: keeps cookies, sends the token of the page that it opened."""

    def __init__(self, made: CentreApp) -> None:
        self.client = made.app.test_client()

    def get(self, path: str, **how: Any) -> Any:
        return self.client.get(path, headers={"Accept": "text/html"}, **how)

    def send(self, path: str, page: str | None = None, **form: str) -> Any:
        """Fill in the form of a page."""
        found = MARK.search(self.get(page or path).text)
        assert found, f"no form at {page or path}"
        return self.client.post(path, data={"csrf_token": found[1], **form}, headers={"Accept": "text/html"})

    def sign_in(self, login: str, password: str = PASSWORD, **form: str) -> Any:
        return self.send("/sign-in", login=login, password=password, **form)

    @property
    def is_in(self) -> bool:
        return bool(self.client.get("/api/v1/me").status_code == 200)


def code_at(secret: str, moment: datetime) -> str:
    """What a phone with the right clock shows."""
    return pyotp.TOTP(secret).at(moment)
