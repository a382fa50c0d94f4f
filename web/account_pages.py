"""One's own account, and all accounts: pages for their owner and for administrators."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from dispatch.accounts import Role
from gis.errors import N_, InputError, SiagaError
from web.access import Permission, actor, needs
from web.api import desk
from web.api_commands import centre
from web.people_frame import UNFIT, people_page, people_words, said_of, sign_in, stale
from web.problems import NotFoundError
from web.sessions import TRIES, limiter, present
from web.wording import area_name, kind_name

account_pages: Final = Blueprint("accounts", __name__)

_OWN: Final = needs(Permission.ACCOUNT)
_ACCOUNTS: Final = needs(Permission.ACCOUNTS)


# --- one's own account -------------------------------------------------------------------------------------------


@account_pages.get("/account")
@_OWN
def account_page() -> Response:
    """One's own account."""
    return _account_page(stale())


@account_pages.post("/account")
@limiter.limit(TRIES)
@_OWN
def account_change() -> Response:
    """Change one's own account, as the pressed button says."""
    here, form = present(), request.form
    if here is None:  # a program with a token has no page
        raise InputError(N_("This is a page for people; sign in with a browser."))
    login, token, said = here.account.login, None, None
    _ = people_words()
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
        return _account_page(said_of(error), status=UNFIT)
    return _account_page(None, said=said, token=token)


def _account_page(fault: str | None, status: int = HTTPStatus.OK, **more: Any) -> Response:
    login = actor().name
    found = sign_in().kept.account(login)
    if found is None:
        raise NotFoundError("There is no account of this name.")
    return people_page(
        "account.html", fault=fault, account=found[0], credential=found[1], tokens=sign_in().kept.tokens_of(login),
        sessions=len(sign_in().kept.sessions_of(login)), status=status, **more,
    )  # fmt: skip


# --- all accounts ------------------------------------------------------------------------------------------------


@account_pages.get("/accounts")
@_ACCOUNTS
def accounts_page() -> Response:
    """All accounts, and the form for a new one."""
    return _accounts_page(stale())


@account_pages.post("/accounts")
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
        return _accounts_page(said_of(error), form=form, status=UNFIT)
    return _accounts_page(None, link=_link(token), of=login)


@account_pages.get("/accounts/<login>")
@_ACCOUNTS
def one_account_page(login: str) -> Response:
    """One account of somebody else."""
    return _one_account_page(login, stale())


@account_pages.post("/accounts/<login>")
@_ACCOUNTS
def one_account_change(login: str) -> Response:
    """Change an account, as the pressed button says."""
    form, who, link, said = request.form, actor().name, None, None
    _ = people_words()
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
        return _one_account_page(login, said_of(error), status=UNFIT)
    return _one_account_page(login, None, link=link, of=login, said=said)


def _accounts_page(fault: str | None, status: int = HTTPStatus.OK, form: Any = None, **more: Any) -> Response:
    found = sign_in().kept.accounts()
    return people_page(
        "accounts.html", bounds=_bounds(), fault=fault, accounts=found, form=form or {}, status=status, **more
    )


def _one_account_page(login: str, fault: str | None, status: int = HTTPStatus.OK, **more: Any) -> Response:
    found = sign_in().kept.account(login)
    if found is None:
        raise NotFoundError(f"There is no account '{login[:64]}'; look at the list.")
    sessions = len(sign_in().kept.sessions_of(login))
    return people_page(
        "one_account.html", bounds=_bounds(), fault=fault, account=found[0], credential=found[1], sessions=sessions,
        tokens=sign_in().kept.tokens_of(login), status=status, **more,
    )  # fmt: skip


def _bounds() -> list[tuple[str, str]]:
    """What an account may be bound to, with names: agencies, units, kecamatan and villages."""
    _, boundaries = people_words(), desk().region.boundaries
    above = {one.code: area_name(one, _) for one in boundaries.kecamatan}
    agencies = [(one.agency_id, one.name) for one in centre().store.directory().agencies]
    units = [(one.unit.unit_id, kind_name(one.unit.kind, _)) for one in centre().units()]
    villages = [
        (one.code, f"{area_name(one, _)}, {above.get(one.parent_code or '', '')}") for one in boundaries.villages
    ]
    return [*agencies, *units, *above.items(), *villages]


def _role(text: str) -> Role:
    if text not in set(Role):
        raise InputError(N_("Choose one of the roles."))
    return Role(text)


def _link(token: str) -> str:
    return url_for("people.link_page", token=token, _external=True)
