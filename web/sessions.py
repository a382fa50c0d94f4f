"""Accounts in force: who asks is told by a browser's session or by a program's token.

Flask-Login keeps the token of a session in the signed cookie; the session itself is a row of the database, so it can be
ended from anywhere. Flask-WTF guards every change that a browser asks for, Flask-Limiter counts tries by address (in
this process; wrong passwords by account are counted in the database, by all processes together).
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from flask import Flask, Request, current_app, g, request, session
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, login_user, logout_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from dispatch.accounts import Account
from dispatch.reach import Reach, hidden_categories, reach_of
from dispatch.store.credentials import Credential, Session, Stage
from gis.errors import SourceError
from web.access import CLEAR, RIGHTS, Actor, Permission, Policy
from web.sign_in import TOKEN_PREFIX, SignIn

ACCESS: Final = "siaga112-access"
SECRET_VARIABLE: Final = "SIAGA112_SECRET_KEY"
MIN_SECRET: Final = 32
TRIES: Final = "30 per minute; 300 per hour"
"""Of one address, at sign-in; a control room may sit behind a single one."""
BACKGROUND_HEADER: Final = "Siaga112-Background"
_EVENTS: Final = "/api/v1/events"
_COOKIE: Final = "siaga112_session"

limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=False)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Accounts of a running centre.

    Attributes
    ----------
    sign_in
        Checks passwords and codes.
    secret_key
        Signs cookies.
    https
        Whether people reach the server through a proxy that speaks https: then cookies go over https alone, and the
        proxy's word on their addresses is taken.
    """

    sign_in: SignIn
    secret_key: str
    https: bool = False


class User(UserMixin):  # type: ignore[misc]
    """A session as Flask-Login wants it."""

    def __init__(self, token: str) -> None:
        self.token = token

    def get_id(self) -> str:
        """What the cookie keeps."""
        return self.token


@dataclass(frozen=True, kw_only=True)
class Present:
    """The session of the request that is being answered, whatever its stage."""

    session: Session
    account: Account
    credential: Credential


def secret_key(database: str, given: str | None) -> str:
    """The key that signs cookies: the one that is given, else of the file beside a SQLite database, made once.

    Raises
    ------
    SourceError
        It is too short; or the database is not SQLite and none is given, so that hosts could not share it.
    """
    if given:
        if len(given) < MIN_SECRET:
            raise SourceError(f"{SECRET_VARIABLE} has {len(given)} characters; give it at least {MIN_SECRET}.")
        return given
    file = database.removeprefix("sqlite:///")
    if "://" in file or not file or file.startswith(":memory:"):
        raise SourceError(
            f"The variable {SECRET_VARIABLE} is missing; set it, the same on every host, to what this prints: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    path = Path(f"{file}.key")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(descriptor, "w") as made:
            made.write(secrets.token_urlsafe(48))
    kept = path.read_text(encoding="utf-8").strip()
    if len(kept) < MIN_SECRET:
        raise SourceError(f"{path} holds no key; remove the file, and everybody signs in anew.")
    return kept


def use_accounts(app: Flask, access: Access) -> Policy:
    """Put accounts in force; gives the policy that tells who asks."""
    app.extensions[ACCESS] = access
    app.config.update(
        SECRET_KEY=access.secret_key,
        SESSION_COOKIE_NAME=_COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=access.https,
        WTF_CSRF_CHECK_DEFAULT=False,  # `web.access.guard` asks, after it knows who it is
        WTF_CSRF_TIME_LIMIT=None,  # good as long as the session: a page may stay open for a whole shift
        WTF_CSRF_SSL_STRICT=False,  # pages send no Referer
    )
    app.config.setdefault("RATELIMIT_ENABLED", True)
    CSRFProtect(app)
    limiter.init_app(app)
    manager = LoginManager(app)
    manager.session_protection = None  # phones change their address; the row in the database is what counts
    manager.user_loader(User)
    if access.https:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    return lambda asked: _who(access.sign_in, asked)


def protect(app: Flask) -> None:
    """Refuse a change that a browser sends without the token of its own page; programs with a token need none."""
    if not g.get("siaga112_program", False):
        app.extensions["csrf"].protect()


def sign_in_as(token: str) -> None:
    """Give the browser a session; what it carried before is dropped, so nobody can have planted it."""
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    login_user(User(token))


def forget_browser() -> None:
    """Take the session from the browser."""
    language = session.get("language")
    logout_user()
    session.clear()
    if language:
        session["language"] = language


def present() -> Present | None:
    """Whose session the browser shows, also one that is locked or waits for a code."""
    found: Present | None = g.get("siaga112_present")
    return found


def _who(sign_in: SignIn, asked: Request) -> Actor:
    token = _program_token(asked)
    if token.startswith(TOKEN_PREFIX):
        account = sign_in.kept.token_account(token)
        g.siaga112_program = True
        return _visitor() if account is None else _actor(account, None)
    user_id = session.get("_user_id")
    is_active = BACKGROUND_HEADER not in asked.headers and asked.path != _EVENTS
    found = sign_in.session(user_id, is_active=is_active) if isinstance(user_id, str) else None
    if found is None:
        g.siaga112_present = None
        return _visitor()
    here = g.siaga112_present = Present(session=found[0], account=found[1], credential=found[2])
    if here.session.stage is not Stage.OPEN:
        return _visitor(locked=here.session.stage is Stage.LOCKED)
    return _actor(here.account, here.credential)


def _program_token(asked: Request) -> str:
    """The token that a program sends as bearer; for tiles also as password, which is all that an older QGIS can send.

    For nothing but tiles: a browser keeps a password and adds it to requests that other pages make.
    """
    given = asked.authorization
    if given is None:
        return ""
    if given.type == "bearer":
        return given.token or ""
    is_tile = asked.method in {"GET", "HEAD"} and asked.path.startswith(("/tiles/", "/tiles.json"))
    return (given.password or "") if given.type == "basic" and is_tile else ""


def _visitor(*, locked: bool = False) -> Actor:
    return Actor(name="visitor", may=frozenset({Permission.PUBLIC}), clear=frozenset(), signed_in=False, locked=locked)


def _actor(account: Account, credential: Credential | None) -> Actor:
    return Actor(
        name=account.login,
        may=RIGHTS[account.role] | {Permission.PUBLIC},
        reach=_reach(account),
        clear=CLEAR.get(account.role, frozenset()),
        role=account.role,
        by_cookie=credential is not None,
        language=None if credential is None else credential.language,
        theme=None if credential is None else credential.theme,
    )


def _reach(account: Account) -> Reach:
    """What the account may see; of an area without the categories that its centre's directory hides from villages."""
    reach, centre = reach_of(account), current_app.extensions.get("siaga112-centre")
    if reach.area is None or centre is None:
        return reach
    return replace(reach, without=hidden_categories(centre.store.directory()))


def wants_page() -> bool:
    """Whether a person's browser asks for a page, rather than a program or a script for data."""
    return not request.path.startswith("/api/") and request.accept_mimetypes.best_match(
        ["application/json", "text/html"], default="application/json"
    ) == "text/html"  # fmt: skip


def me(who: Actor) -> dict[str, Any]:
    """Who asks, as JSON for scripts."""
    reach = who.reach
    return {
        "login": who.name,
        "role": None if who.role is None else who.role.value,
        "bound_to": reach.agency or reach.unit or reach.area,
        "rights": sorted(one.value for one in who.may),
        "clear": sorted(one.value for one in who.clear),
        "language": who.language,
        "theme": who.theme,
    }
