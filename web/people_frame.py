"""The frame of the pages of people: language and theme of who is there, what was wrong in words, where to go next.

Rendered by the server, without scripts. What is wrong is one sentence above the form.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import urlsplit

from flask import current_app, make_response, redirect, render_template, request, session, url_for
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from dispatch.accounts import BOUND_ROLES, Role
from dispatch.store.credentials import Stage
from gis.errors import N_, SiagaError
from web.access import Permission, actor
from web.home import home_of
from web.i18n import DEFAULT_LANGUAGE, LANGUAGES, Translator, translator
from web.sessions import ACCESS, Access, present
from web.sign_in import SignIn
from web.wording_errors import error_text

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
UNFIT: Final = HTTPStatus.UNPROCESSABLE_ENTITY


def sign_in() -> SignIn:
    """Sign-in of the running application."""
    return cast(Access, current_app.extensions[ACCESS]).sign_in


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


def people_words() -> Translator:
    """Messages in the language of the page."""
    return translator(language())


def said_of(error: SiagaError) -> str:
    """What was wrong, in that language."""
    return error_text(error, people_words())


def stale() -> str | None:
    """What to say where the form before was too old to be taken."""
    if "stale" in request.args:
        return people_words()(
            N_("The page had been open for too long, or in another tab; nothing was changed. Try again.")
        )
    return None


def sees_speeds() -> bool:
    """Whether the page of learnt speeds is there for who asks; the bars lead to it then."""
    who = actor()
    return "speeds.page" in current_app.view_functions and Permission.FLEET_READ in who.may and who.reach.is_whole


def people_page(template: str, *, status: int = HTTPStatus.OK, **values: Any) -> Response:
    """A page of a template, which is handed what all need and `values`."""
    words, here = people_words(), present()
    shown = {
        "_": words, "language": words.language, "theme": theme(), "csrf": generate_csrf(), "fault": None,
        "stamp": current_app.extensions["siaga112-asset-version"], "here": here, "roles": ROLE_NAMES,
        "bound_roles": BOUND_ROLES, "is_open": here is not None and here.session.stage is Stage.OPEN,
        "home": home_of(None if here is None else here.account.role),
        "may_desk": Permission.CENTRE_READ in actor().may, "may_accounts": Permission.ACCOUNTS in actor().may,
        "may_speeds": sees_speeds(),
    }  # fmt: skip
    answer = make_response(render_template(template, **{**shown, **values}), status)
    # The back button must not show what somebody saw before he signed out.
    answer.headers["Cache-Control"] = "no-store"
    return answer


def see(endpoint: str, *, next: str = "", told: str | None = None) -> Response:
    """Send the browser to a page of people, which remembers where it was on the way to (`next`)."""
    values: dict[str, Any] = {"next": next or None} | ({told: 1} if told else {})
    return redirect(url_for(endpoint, **values), HTTPStatus.SEE_OTHER)


def next_path() -> str:
    """Where somebody was on the way to: a path of this server, or nothing."""
    return safe_path(request.form.get("next") or request.args.get("next") or "")


def safe_path(text: str) -> str:
    """A path of this server, with its query; empty for whatever a browser may take for another host."""
    if not text.startswith("/") or text.startswith("//") or "\\" in text or not text.isprintable() or len(text) > 500:
        return ""
    parts = urlsplit(text)
    is_people = parts.path.startswith(("/sign-", "/locked", "/lock", "/link/"))
    return "" if parts.scheme or parts.netloc or is_people else text
