"""Pages of people who are not in yet, or not any more: sign-in, second factor, lock, one-time links; and refusals.

Rendered by the server, without scripts. What is wrong is one sentence above the form, and the form keeps what was typed
(never a password).
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import segno
from flask import Blueprint, Flask, current_app, redirect, request, session
from flask_limiter.errors import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from dispatch.accounts import Role
from dispatch.store.credentials import Stage
from gis.errors import N_, InputError, SiagaError
from web.access import ForbiddenError, Permission, SignInNeededError, needs
from web.account_pages import account_pages
from web.home import first_page_of
from web.i18n import LANGUAGES
from web.people_frame import (
    ROLE_NAMES,
    UNFIT,
    next_path,
    people_page,
    people_words,
    safe_path,
    said_of,
    see,
    sign_in,
    stale,
)
from web.problems import problem
from web.sessions import (
    TRIES,
    Present,
    forget_browser,
    limiter,
    present,
    protect,
    sign_in_as,
    wants_page,
)

people: Final = Blueprint("people", __name__)
PEOPLE_BLUEPRINTS: Final = (people, account_pages)

_PUBLIC: Final = needs(Permission.PUBLIC)
_OWN: Final = needs(Permission.ACCOUNT)
_HOME: Final = "/"
_NOT_IN: Final = HTTPStatus.UNAUTHORIZED
_TEXTS: Final = ("words",)
"""Fields in which somebody writes at length: a shift's note. The agency's page keeps what was written there itself."""


# --- signing in --------------------------------------------------------------------------------------------------


@people.get("/sign-in")
@_PUBLIC
def sign_in_page() -> Response:
    """Ask for login and password."""
    here = present()
    if here is not None:
        return _onward(here.session.stage, here.account.role)
    ended = people_words()(N_("Your session is over; sign in again, and you are back where you were."))
    unsent = people_words()(N_("You were not signed in any more, so nothing was changed; sign in and do it again."))
    return people_page(
        "sign_in.html",
        fault=unsent if "unsent" in request.args else stale(),
        said=ended if "ended" in request.args else None,
        login="",
        next=next_path(),
    )


@people.post("/sign-in")
@limiter.limit(TRIES)
@_PUBLIC
def sign_in_try() -> Response:
    """Check login and password."""
    login = request.form.get("login", "")
    try:
        account, credential = sign_in().check(login, request.form.get("password", ""))
    except SiagaError as error:
        return people_page("sign_in.html", fault=said_of(error), login=login[:64], next=next_path(), status=UNFIT)
    token = sign_in().begin(account, credential)
    sign_in_as(token)
    if credential.language in LANGUAGES:
        session["language"] = credential.language
    found = sign_in().kept.session(token)
    return _onward(Stage.OPEN if found is None else found[0].stage, account.role)


@people.get("/sign-in/code")
@_PUBLIC
def code_page() -> Response:
    """Ask for a code of the phone."""
    return _at(
        Stage.SECOND_FACTOR,
        lambda here: people_page("code.html", fault=stale(), next=next_path(), login=here.account.login),
    )


@people.post("/sign-in/code")
@limiter.limit(TRIES)
@_PUBLIC
def code_try() -> Response:
    """Check a code of the phone."""

    def check(here: Present) -> Response:
        try:
            sign_in().check_code(here.session, here.credential, request.form.get("code", "")[:40])
        except SiagaError as error:
            return _again("code.html", here, error)
        return _onward(Stage.OPEN, here.account.role)

    return _at(Stage.SECOND_FACTOR, check)


@people.get("/sign-in/second-factor")
@_PUBLIC
def enrol_page() -> Response:
    """Show the secret for a phone."""
    return _at(Stage.ENROL, lambda here: _enrol_page(here, stale()))


@people.post("/sign-in/second-factor")
@limiter.limit(TRIES)
@_PUBLIC
def enrol_try() -> Response:
    """Take the secret, once the phone shows the right code; then show the recovery codes, this once."""

    def check(here: Present) -> Response:
        try:
            codes = sign_in().enrol(here.session, here.credential, request.form.get("code", "")[:40])
        except SiagaError as error:
            return _enrol_page(here, said_of(error), UNFIT)
        return people_page("recovery.html", codes=codes, next=next_path() or first_page_of(here.account.role))

    return _at(Stage.ENROL, check)


def _enrol_page(here: Present, fault: str | None, status: int = HTTPStatus.OK) -> Response:
    secret, address = sign_in().enrolment(here.credential)
    picture = segno.make(address, error="m").svg_data_uri(scale=4, border=2, dark="#000", light="#fff")
    grouped = " ".join(secret[one : one + 4] for one in range(0, len(secret), 4))
    return people_page("enrol.html", fault=fault, picture=picture, secret=grouped, next=next_path(), status=status)


@people.get("/locked")
@_PUBLIC
def locked_page() -> Response:
    """Ask for the password of a locked session."""
    return _at(
        Stage.LOCKED, lambda here: people_page("locked.html", fault=stale(), next=next_path(), login=here.account.login)
    )


@people.post("/locked")
@limiter.limit(TRIES)
@_PUBLIC
def unlock() -> Response:
    """Open a locked session again."""

    def check(here: Present) -> Response:
        try:
            sign_in().unlock(here.session, here.credential, request.form.get("password", ""))
        except SiagaError as error:
            return _again("locked.html", here, error)
        return _onward(Stage.OPEN, here.account.role)

    return _at(Stage.LOCKED, check)


@people.post("/lock")
@_OWN
def lock() -> Response:
    """Lock this session; the next page asks for the password."""
    here = present()
    if here is not None:
        sign_in().lock(here.session)
    return see("people.locked_page", next=next_path())


@people.post("/sign-out")
@_PUBLIC
def sign_out() -> Response:
    """End this session, at whatever stage it is."""
    here = present()
    if here is not None:
        sign_in().kept.end_session(here.session)
    forget_browser()
    return see("people.sign_in_page")


# --- one-time links ----------------------------------------------------------------------------------------------


@people.get("/link/<token>")
@_PUBLIC
def link_page(token: str) -> Response:
    """Ask for a new password; opening the page does not use the link up."""
    try:
        link = sign_in().link(token)
    except SiagaError as error:
        return people_page("said.html", title=N_("Link"), fault=said_of(error), status=HTTPStatus.GONE)
    return people_page("link.html", fault=stale(), first=link.login is None, login=link.login or "", display_name="")


@people.post("/link/<token>")
@limiter.limit(TRIES)
@_PUBLIC
def link_try(token: str) -> Response:
    """Set the password, which uses the link up."""
    form = request.form
    login, name, password = form.get("login", ""), form.get("display_name", ""), form.get("password", "")
    try:
        sign_in().link(token)
        if password != form.get("again", ""):
            raise InputError(N_("The two passwords differ; type the same one twice."))
        done = sign_in().use_link(token, password, login=login, display_name=name)
    except SiagaError as error:
        known = sign_in().kept.link(token)
        if known is None:
            return people_page("said.html", title=N_("Link"), fault=said_of(error), status=HTTPStatus.GONE)
        return people_page(
            "link.html", fault=said_of(error), first=known.login is None, login=known.login or login[:64],
            display_name=name[:100], status=UNFIT,
        )  # fmt: skip
    forget_browser()
    return people_page(
        "sign_in.html",
        fault=None,
        said=people_words()(N_("The password is set; sign in with it.")),
        login=done,
        next="",
    )


# --- where somebody is on the way in ------------------------------------------------------------------------------


def _again(template: str, here: Present, error: SiagaError) -> Response:
    """The form again, with what was wrong; or the beginning, where the tries are used up."""
    if sign_in().session(str(session.get("_user_id", ""))) is None:
        forget_browser()
        fault = people_words()(N_("Too many wrong tries; sign in anew."))
        return people_page("sign_in.html", fault=fault, login="", next=next_path(), status=UNFIT)
    return people_page(template, fault=said_of(error), next=next_path(), login=here.account.login, status=UNFIT)


def _at(stage: Stage, show: Callable[[Present], Response]) -> Response:
    """A page that belongs to one stage; who is at another goes there."""
    here = present()
    if here is None:
        return see("people.sign_in_page", next=next_path())
    return show(here) if here.session.stage is stage else _onward(here.session.stage, here.account.role)


def _onward(stage: Stage, role: Role) -> Response:
    match stage:
        case Stage.SECOND_FACTOR:
            return see("people.code_page", next=next_path())
        case Stage.ENROL:
            return see("people.enrol_page", next=next_path())
        case Stage.LOCKED:
            return see("people.locked_page", next=next_path())
        case Stage.OPEN:
            return redirect(next_path() or first_page_of(role), HTTPStatus.SEE_OTHER)


# --- refusals -----------------------------------------------------------------------------------------------------


def register_people(app: Flask) -> None:
    """Serve the pages, and send browsers that may not to where they can sign in."""
    for blueprint in PEOPLE_BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_error_handler(SignInNeededError, to_sign_in)
    app.register_error_handler(ForbiddenError, _refused)
    app.register_error_handler(CSRFError, too_old)
    app.register_error_handler(RateLimitExceeded, _too_often)


def to_sign_in(error: SignInNeededError) -> Any:
    """Where somebody signs in; of a form that was sent too late it is told that nothing was changed."""
    if not wants_page():
        answer = problem(HTTPStatus.UNAUTHORIZED, code=error.code, title="Not signed in", detail=said_of(error))
        answer.headers["WWW-Authenticate"] = 'Bearer realm="siaga112"'
        return answer
    here, back = present(), _back()
    written = _written() if request.method == "POST" else []
    if written:
        # What was written is not lost with the session: it is shown once, in this answer, and kept nowhere.
        lost = people_words()(
            N_("Your session was over before this arrived, so nothing was stored. Sign in, then send it again.")
        )
        if here is None:
            return people_page("sign_in.html", fault=lost, written=written, login="", next=back, status=_NOT_IN)
        if here.session.stage is Stage.LOCKED:
            login = here.account.login
            return people_page("locked.html", fault=lost, written=written, login=login, next=back, status=_NOT_IN)
    if here is None:
        told = "unsent" if request.method == "POST" else "ended" if "_user_id" in session else None
        return see("people.sign_in_page", next="" if back == _HOME else back, told=told)
    page = {Stage.LOCKED: "people.locked_page", Stage.ENROL: "people.enrol_page"}.get(
        here.session.stage, "people.code_page"
    )
    return see(page, next=back)


def _back() -> str:
    """Where to be again after signing in: this page; after a form, the page that has it."""
    if request.method == "GET":
        return safe_path(request.full_path.rstrip("?"))
    pages = current_app.url_map.bind("")
    paths = (request.path, f"/{request.path.split('/')[1]}")
    return next((safe_path(path) for path in paths if pages.test(path, "GET")), "")


def _written() -> list[str]:
    """Longer texts of a form of ours whose sender is not let in."""
    try:
        protect(current_app)
    except CSRFError:
        return []
    return [text for name in _TEXTS if (text := request.form.get(name, "").strip())]


def _refused(error: ForbiddenError) -> Any:
    if not wants_page():
        return problem(HTTPStatus.FORBIDDEN, code=error.code, title="Not allowed", detail=said_of(error))
    if "role" in error.values:
        role = people_words()(ROLE_NAMES[Role(str(error.values["role"]))])
        error = ForbiddenError(
            N_("This page is not for the role {role}; ask an administrator if you need it."), role=role
        )
    return people_page("said.html", title=N_("Not allowed"), fault=said_of(error), status=HTTPStatus.FORBIDDEN)


def too_old(_error: CSRFError) -> Any:
    """The page anew, since its form belongs to an older session."""
    if not wants_page():
        detail = people_words()(
            N_("The request lacks the token of its page (X-CSRFToken); reload the page and try again.")
        )
        return problem(HTTPStatus.BAD_REQUEST, code="csrf", title="Not from a page of ours", detail=detail)
    back = safe_path(request.path) or request.path
    goes_back = request.path in {"/lock", "/sign-out"}
    return redirect(_HOME if goes_back else f"{back}?stale=1", HTTPStatus.SEE_OTHER)


def _too_often(_error: RateLimitExceeded) -> Any:
    detail = people_words()(N_("Too many tries from this address; wait a minute and try again."))
    if not wants_page():
        answer = problem(HTTPStatus.TOO_MANY_REQUESTS, code="too-often", title="Too many tries", detail=detail)
    else:
        answer = people_page("said.html", title=N_("Sign in"), fault=detail, status=HTTPStatus.TOO_MANY_REQUESTS)  # type: ignore[assignment]
    answer.headers["Retry-After"] = "60"
    return answer
