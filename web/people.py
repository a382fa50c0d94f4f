"""Pages of people: sign-in, second factor, lock, one-time links, one's own account, and all accounts.

Rendered by the server, without scripts. What is wrong is one sentence above the form, and the form keeps what was typed
(never a password).
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import urlsplit

import segno
from flask import Blueprint, Flask, current_app, make_response, redirect, render_template, request, session, url_for
from flask_limiter.errors import RateLimitExceeded
from flask_wtf.csrf import CSRFError, generate_csrf
from werkzeug.wrappers import Response

from dispatch.accounts import BOUND_ROLES, Role
from dispatch.store.credentials import Stage
from gis.errors import N_, InputError, SiagaError
from web.access import ForbiddenError, Permission, SignInNeededError, actor, needs
from web.home import home_of
from web.i18n import DEFAULT_LANGUAGE, LANGUAGES, Translator, translator
from web.problems import NotFoundError, problem
from web.sessions import (
    ACCESS,
    TRIES,
    Access,
    Present,
    forget_browser,
    limiter,
    present,
    protect,
    sign_in_as,
    wants_page,
)
from web.sign_in import SignIn
from web.wording_errors import error_text

people: Final = Blueprint("people", __name__)

THEMES: Final = ("light", "dark")
ROLE_NAMES: Final[dict[Role, str]] = {
    Role.CALL_TAKER: N_("Call taker"),
    Role.DISPATCHER: N_("Dispatcher"),
    Role.AGENCY: N_("Agency"),
    Role.CREW: N_("Crew"),
    Role.PLANNER: N_("Planner"),
    Role.VILLAGE_OFFICIAL: N_("Village official"),
    Role.ADMINISTRATOR: N_("Administrator"),
    Role.AUDITOR: N_("Auditor"),
    Role.WALL: N_("Screen on the wall"),
}
_PUBLIC: Final = needs(Permission.PUBLIC)
_OWN: Final = needs(Permission.ACCOUNT)
_ACCOUNTS: Final = needs(Permission.ACCOUNTS)
_HOME: Final = "/"
_UNFIT: Final = HTTPStatus.UNPROCESSABLE_ENTITY
_NOT_IN: Final = HTTPStatus.UNAUTHORIZED
_TEXTS: Final = ("words",)
"""Fields in which somebody writes at length: a shift's note. The agency's page keeps what was written there itself."""


def sign_in() -> SignIn:
    """Sign-in of the running application."""
    return cast(Access, current_app.extensions[ACCESS]).sign_in


# --- signing in --------------------------------------------------------------------------------------------------


@people.get("/sign-in")
@_PUBLIC
def sign_in_page() -> Response:
    """Ask for login and password."""
    here = present()
    if here is not None:
        return _onward(here.session.stage, here.account.role)
    ended = _words()(N_("Your session is over; sign in again, and you are back where you were."))
    unsent = _words()(N_("You were not signed in any more, so nothing was changed; sign in and do it again."))
    return _page(
        "sign_in.html",
        fault=unsent if "unsent" in request.args else _stale(),
        said=ended if "ended" in request.args else None,
        login="",
        next=_next(),
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
        return _page("sign_in.html", fault=_said(error), login=login[:64], next=_next(), status=_UNFIT)
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
        Stage.SECOND_FACTOR, lambda here: _page("code.html", fault=_stale(), next=_next(), login=here.account.login)
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
    return _at(Stage.ENROL, lambda here: _enrol_page(here, _stale()))


@people.post("/sign-in/second-factor")
@limiter.limit(TRIES)
@_PUBLIC
def enrol_try() -> Response:
    """Take the secret, once the phone shows the right code; then show the recovery codes, this once."""

    def check(here: Present) -> Response:
        try:
            codes = sign_in().enrol(here.session, here.credential, request.form.get("code", "")[:40])
        except SiagaError as error:
            return _enrol_page(here, _said(error), _UNFIT)
        return _page("recovery.html", codes=codes, next=_next() or home_of(here.account.role))

    return _at(Stage.ENROL, check)


def _enrol_page(here: Present, fault: str | None, status: int = HTTPStatus.OK) -> Response:
    secret, address = sign_in().enrolment(here.credential)
    picture = segno.make(address, error="m").svg_data_uri(scale=4, border=2, dark="#000", light="#fff")
    grouped = " ".join(secret[one : one + 4] for one in range(0, len(secret), 4))
    return _page("enrol.html", fault=fault, picture=picture, secret=grouped, next=_next(), status=status)


@people.get("/locked")
@_PUBLIC
def locked_page() -> Response:
    """Ask for the password of a locked session."""
    return _at(Stage.LOCKED, lambda here: _page("locked.html", fault=_stale(), next=_next(), login=here.account.login))


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
    return _see("people.locked_page", next=_next())


@people.post("/sign-out")
@_PUBLIC
def sign_out() -> Response:
    """End this session, at whatever stage it is."""
    here = present()
    if here is not None:
        sign_in().kept.end_session(here.session)
    forget_browser()
    return _see("people.sign_in_page")


# --- one-time links ----------------------------------------------------------------------------------------------


@people.get("/link/<token>")
@_PUBLIC
def link_page(token: str) -> Response:
    """Ask for a new password; opening the page does not use the link up."""
    try:
        link = sign_in().link(token)
    except SiagaError as error:
        return _page("said.html", title=N_("Link"), fault=_said(error), status=HTTPStatus.GONE)
    return _page("link.html", fault=_stale(), first=link.login is None, login=link.login or "", display_name="")


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
            return _page("said.html", title=N_("Link"), fault=_said(error), status=HTTPStatus.GONE)
        return _page(
            "link.html", fault=_said(error), first=known.login is None, login=known.login or login[:64],
            display_name=name[:100], status=_UNFIT,
        )  # fmt: skip
    forget_browser()
    return _page(
        "sign_in.html", fault=None, said=_words()(N_("The password is set; sign in with it.")), login=done, next=""
    )


# --- one's own account -------------------------------------------------------------------------------------------


@people.get("/account")
@_OWN
def account_page() -> Response:
    """One's own account."""
    return _account_page(_stale())


@people.post("/account")
@limiter.limit(TRIES)
@_OWN
def account_change() -> Response:
    """Change one's own account, as the pressed button says."""
    here, form = present(), request.form
    if here is None:  # a program with a token has no page
        raise InputError(N_("This is a page for people; sign in with a browser."))
    login, token, said = here.account.login, None, None
    _ = _words()
    try:
        match form.get("action"):
            case "password":
                if form.get("new", "") != form.get("again", ""):
                    raise InputError(N_("The two passwords differ; type the same one twice."))
                sign_in().change_password(here.session, here.credential, form.get("old", ""), form.get("new", ""))
                said = _("The password is changed; all other browsers are signed out.")
            case "everywhere":
                ended = sign_in().sign_out_everywhere(login, actor=login, but=here.session.token_hash)
                said = _("Signed out elsewhere: {n}.").format(n=ended)
            case "token":
                days = form.get("days", "")
                number = int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0
                token, _made = sign_in().make_token(login, form.get("label", ""), days=number, actor=login)
            case "revoke":
                sign_in().revoke_token(login, form.get("token", ""), actor=login)
                said = _("The token is revoked.")
            case _unknown:
                raise InputError(N_("This page was sent without a button; reload it and try again."))
    except SiagaError as error:
        return _account_page(_said(error), status=_UNFIT)
    return _account_page(None, said=said, token=token)


def _account_page(fault: str | None, status: int = HTTPStatus.OK, **more: Any) -> Response:
    login = actor().name
    found = sign_in().kept.account(login)
    if found is None:
        raise NotFoundError("There is no account of this name.")
    return _page(
        "account.html", fault=fault, account=found[0], credential=found[1], tokens=sign_in().kept.tokens_of(login),
        sessions=len(sign_in().kept.sessions_of(login)), status=status, **more,
    )  # fmt: skip


# --- all accounts ------------------------------------------------------------------------------------------------


@people.get("/accounts")
@_ACCOUNTS
def accounts_page() -> Response:
    """All accounts, and the form for a new one."""
    return _accounts_page(_stale())


@people.post("/accounts")
@_ACCOUNTS
def accounts_add() -> Response:
    """Make an account; its link is shown this once."""
    form = request.form
    login = form.get("login", "").strip().lower()
    try:
        token = sign_in().create(
            login, _role(form.get("role", "")), bound_to=form.get("bound_to", "").strip() or None,
            display_name=form.get("display_name", ""), actor=actor().name,
        )  # fmt: skip
    except SiagaError as error:
        return _accounts_page(_said(error), form=form, status=_UNFIT)
    return _accounts_page(None, link=_link(token), of=login)


@people.get("/accounts/<login>")
@_ACCOUNTS
def one_account_page(login: str) -> Response:
    """One account of somebody else."""
    return _one_account_page(login, _stale())


@people.post("/accounts/<login>")
@_ACCOUNTS
def one_account_change(login: str) -> Response:
    """Change an account, as the pressed button says."""
    form, who, link, said = request.form, actor().name, None, None
    _ = _words()
    try:
        match form.get("action"):
            case "role":
                bound_to = form.get("bound_to", "").strip() or None
                sign_in().set_role(login, _role(form.get("role", "")), bound_to=bound_to, actor=who)
                said = _("The role is changed.")
            case "disable" | "enable" as action:
                sign_in().set_active(login, action == "enable", actor=who)
                said = _("The account may sign in again.") if action == "enable" else _("The account is disabled.")
            case "link" | "second_factor" as action:
                link = _link(sign_in().make_link(login, actor=who, second_factor=action == "second_factor"))
            case "everywhere":
                ended = sign_in().sign_out_everywhere(login, actor=who)
                said = _("Signed out elsewhere: {n}.").format(n=ended)
            case _unknown:
                raise InputError(N_("This page was sent without a button; reload it and try again."))
    except SiagaError as error:
        return _one_account_page(login, _said(error), status=_UNFIT)
    return _one_account_page(login, None, link=link, of=login, said=said)


def _accounts_page(fault: str | None, status: int = HTTPStatus.OK, form: Any = None, **more: Any) -> Response:
    found = sign_in().kept.accounts()
    return _page("accounts.html", fault=fault, accounts=found, form=form or {}, status=status, **more)


def _one_account_page(login: str, fault: str | None, status: int = HTTPStatus.OK, **more: Any) -> Response:
    found = sign_in().kept.account(login)
    if found is None:
        raise NotFoundError(f"There is no account '{login[:64]}'; look at the list.")
    sessions = len(sign_in().kept.sessions_of(login))
    return _page(
        "one_account.html", fault=fault, account=found[0], credential=found[1], sessions=sessions,
        tokens=sign_in().kept.tokens_of(login), status=status, **more,
    )  # fmt: skip


def _role(text: str) -> Role:
    if text not in set(Role):
        raise InputError(N_("Choose one of the roles."))
    return Role(text)


def _link(token: str) -> str:
    return url_for("people.link_page", token=token, _external=True)


# --- parts -------------------------------------------------------------------------------------------------------


def language() -> str:
    """The language of the page: asked for, else of the account, else of the browser's last page."""
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        session["language"] = asked
        _keep(language=asked)
        return str(asked)
    here = present()
    kept = (None if here is None else here.credential.language) or session.get("language")
    return kept if kept in LANGUAGES else DEFAULT_LANGUAGE


def theme() -> str | None:
    """Light, dark, or what the device prefers."""
    asked = request.args.get("theme")
    if asked in (*THEMES, "auto"):
        session["theme"] = kept = None if asked == "auto" else asked
        _keep(theme=kept)
        return kept
    here = present()
    found = session.get("theme") if here is None else here.credential.theme
    return found if found in THEMES else None


def _keep(**setting: str | None) -> None:
    here = present()
    if here is not None and here.session.stage is Stage.OPEN:
        sign_in().kept.change(here.account.login, **setting)


def _words() -> Translator:
    return translator(language())


def _said(error: SiagaError) -> str:
    return error_text(error, _words())


def _stale() -> str | None:
    """What to say where the form before was too old to be taken."""
    if "stale" in request.args:
        return _words()(N_("The page had been open for too long, or in another tab; nothing was changed. Try again."))
    return None


def sees_speeds() -> bool:
    """Whether the page of learnt speeds is there for who asks; the bars lead to it then."""
    who = actor()
    return "speeds.page" in current_app.view_functions and Permission.FLEET_READ in who.may and who.reach.is_whole


def _page(template: str, *, status: int = HTTPStatus.OK, **values: Any) -> Response:
    words, here = _words(), present()
    shown = {
        "_": words, "language": words.language, "theme": theme(), "csrf": generate_csrf(), "fault": None,
        "stamp": current_app.extensions["siaga112-asset-version"], "here": here, "roles": ROLE_NAMES,
        "bound_roles": BOUND_ROLES, "is_open": here is not None and here.session.stage is Stage.OPEN,
        "home": home_of(None if here is None else here.account.role),
        "may_accounts": Permission.ACCOUNTS in actor().may, "may_speeds": sees_speeds(),
    }  # fmt: skip
    answer = make_response(render_template(template, **{**shown, **values}), status)
    # The back button must not show what somebody saw before he signed out.
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _again(template: str, here: Present, error: SiagaError) -> Response:
    """The form again, with what was wrong; or the beginning, where the tries are used up."""
    if sign_in().session(str(session.get("_user_id", ""))) is None:
        forget_browser()
        fault = _words()(N_("Too many wrong tries; sign in anew."))
        return _page("sign_in.html", fault=fault, login="", next=_next(), status=_UNFIT)
    return _page(template, fault=_said(error), next=_next(), login=here.account.login, status=_UNFIT)


def _at(stage: Stage, show: Callable[[Present], Response]) -> Response:
    """A page that belongs to one stage; who is at another goes there."""
    here = present()
    if here is None:
        return _see("people.sign_in_page", next=_next())
    return show(here) if here.session.stage is stage else _onward(here.session.stage, here.account.role)


def _onward(stage: Stage, role: Role) -> Response:
    match stage:
        case Stage.SECOND_FACTOR:
            return _see("people.code_page", next=_next())
        case Stage.ENROL:
            return _see("people.enrol_page", next=_next())
        case Stage.LOCKED:
            return _see("people.locked_page", next=_next())
        case Stage.OPEN:
            return redirect(_next() or home_of(role), HTTPStatus.SEE_OTHER)


def _see(endpoint: str, *, next: str = "", told: str | None = None) -> Response:
    values: dict[str, Any] = {"next": next or None} | ({told: 1} if told else {})
    return redirect(url_for(endpoint, **values), HTTPStatus.SEE_OTHER)


def _next() -> str:
    """Where somebody was on the way to: a path of this server, or nothing."""
    return safe_path(request.form.get("next") or request.args.get("next") or "")


def safe_path(text: str) -> str:
    """A path of this server, with its query; empty for whatever a browser may take for another host."""
    if not text.startswith("/") or text.startswith("//") or "\\" in text or not text.isprintable() or len(text) > 500:
        return ""
    parts = urlsplit(text)
    is_people = parts.path.startswith(("/sign-", "/locked", "/lock", "/link/"))
    return "" if parts.scheme or parts.netloc or is_people else text


def register_people(app: Flask) -> None:
    """Serve the pages, and send browsers that may not to where they can sign in."""
    app.register_blueprint(people)
    app.register_error_handler(SignInNeededError, to_sign_in)
    app.register_error_handler(ForbiddenError, _refused)
    app.register_error_handler(CSRFError, too_old)
    app.register_error_handler(RateLimitExceeded, _too_often)


def to_sign_in(error: SignInNeededError) -> Any:
    """Where somebody signs in; of a form that was sent too late it is told that nothing was changed."""
    if not wants_page():
        answer = problem(HTTPStatus.UNAUTHORIZED, code=error.code, title="Not signed in", detail=_said(error))
        answer.headers["WWW-Authenticate"] = 'Bearer realm="siaga112"'
        return answer
    here, back = present(), _back()
    written = _written() if request.method == "POST" else []
    if written:
        # What was written is not lost with the session: it is shown once, in this answer, and kept nowhere.
        lost = _words()(
            N_("Your session was over before this arrived, so nothing was stored. Sign in, then send it again.")
        )
        if here is None:
            return _page("sign_in.html", fault=lost, written=written, login="", next=back, status=_NOT_IN)
        if here.session.stage is Stage.LOCKED:
            login = here.account.login
            return _page("locked.html", fault=lost, written=written, login=login, next=back, status=_NOT_IN)
    if here is None:
        told = "unsent" if request.method == "POST" else "ended" if "_user_id" in session else None
        return _see("people.sign_in_page", next="" if back == _HOME else back, told=told)
    page = {Stage.LOCKED: "people.locked_page", Stage.ENROL: "people.enrol_page"}.get(
        here.session.stage, "people.code_page"
    )
    return _see(page, next=back)


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
        return problem(HTTPStatus.FORBIDDEN, code=error.code, title="Not allowed", detail=_said(error))
    if "role" in error.values:
        role = _words()(ROLE_NAMES[Role(str(error.values["role"]))])
        error = ForbiddenError(
            N_("This page is not for the role {role}; ask an administrator if you need it."), role=role
        )
    return _page("said.html", title=N_("Not allowed"), fault=_said(error), status=HTTPStatus.FORBIDDEN)


def too_old(_error: CSRFError) -> Any:
    """The page anew, since its form belongs to an older session."""
    if not wants_page():
        detail = _words()(N_("The request lacks the token of its page (X-CSRFToken); reload the page and try again."))
        return problem(HTTPStatus.BAD_REQUEST, code="csrf", title="Not from a page of ours", detail=detail)
    back = safe_path(request.path) or request.path
    goes_back = request.path in {"/lock", "/sign-out"}
    return redirect(_HOME if goes_back else f"{back}?stale=1", HTTPStatus.SEE_OTHER)


def _too_often(_error: RateLimitExceeded) -> Any:
    detail = _words()(N_("Too many tries from this address; wait a minute and try again."))
    if not wants_page():
        answer = problem(HTTPStatus.TOO_MANY_REQUESTS, code="too-often", title="Too many tries", detail=detail)
    else:
        answer = _page("said.html", title=N_("Sign in"), fault=detail, status=HTTPStatus.TOO_MANY_REQUESTS)  # type: ignore[assignment]
    answer.headers["Retry-After"] = "60"
    return answer
