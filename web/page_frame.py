"""The frame of pages that are read rather than worked with: village, public counts, shift notes, printed sheets.

Rendered by the server and readable without scripts. The language and theme are those of the account where there is one,
else of the address: a page that needs no account leaves nothing in the browser.
"""

from __future__ import annotations

from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date
from flask import current_app, make_response, render_template, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from web.access import SAFE_METHODS, Permission, actor
from web.api import desk
from web.i18n import DEFAULT_LANGUAGE, LANGUAGES, Translator, translator
from web.people_frame import THEMES, language, sees_speeds, theme
from web.sessions import ACCESS


def page_words(*, of_account: bool = True) -> Translator:
    """Messages in the language of the page."""
    if of_account and ACCESS in current_app.extensions:
        return translator(language())
    asked = request.args.get("lang", DEFAULT_LANGUAGE)
    return translator(asked if asked in LANGUAGES else DEFAULT_LANGUAGE)


def show_page(
    template: str, words: Translator, *, status: int = HTTPStatus.OK, of_account: bool = True, **values: Any
) -> Response:
    """A page of the frame.

    Parameters
    ----------
    template
        Extends `plain.html`.
    words
        Of `page_words`.
    status
        Of the answer.
    of_account
        Whether it knows who reads it; such a page is never kept by the browser.
    values
        Of the template.
    """
    who = actor()
    has_accounts = of_account and ACCESS in current_app.extensions
    asked = request.args.get("theme")
    shown = {
        "_": words, "ngettext": words.ngettext, "language": words.language, "fault": None, "said": None,
        "theme": theme() if has_accounts else asked if asked in THEMES else None,
        "csrf": generate_csrf() if of_account and who.by_cookie else None,
        "stamp": current_app.extensions["siaga112-asset-version"], "notice": desk().region.notice,
        "region_name": desk().region.name, "is_in": of_account and who.signed_in, "who": who, "rights": Permission,
        "by_cookie": of_account and who.by_cookie, "address": address, "keeps_language": has_accounts,
        "may_speeds": of_account and sees_speeds(),
    }  # fmt: skip
    answer = make_response(render_template(template, **{**shown, **values}), status)
    if of_account:
        # The back button must not show what somebody saw before he signed out.
        answer.headers["Cache-Control"] = "no-store"
    return answer


def address(path: str | None = None, **changed: object) -> str:
    """The address of this page, or of another, with some parameters changed; None leaves one out."""
    kept: dict[str, object] = {} if path else dict(request.args.items())
    if path and ACCESS not in current_app.extensions:
        kept = {name: value for name, value in request.args.items() if name in ("lang", "theme")}
    query = {name: str(value) for name, value in {**kept, **changed}.items() if value is not None}
    # A form that was refused is answered at its own address, which nobody can open: its page is the first part.
    base = path or (request.path if request.method in SAFE_METHODS else f"/{request.path.split('/')[1]}")
    return f"{base}?{urlencode(query)}" if query else base


def month_name(month: str, words: Translator) -> str:
    """`Oktober 2026` of `2026-10`."""
    return str(format_date(date(int(month[:4]), int(month[5:7]), 1), "MMMM y", locale=words.language))


def day_text(moment: datetime, words: Translator) -> str:
    """`3 Okt 2026` of a local time."""
    return str(format_date(moment, "d MMM y", locale=words.language))


def clock_text(moment: datetime) -> str:
    """`14.05` of a local time, as it is written in Indonesia and understood elsewhere."""
    return f"{moment:%H.%M}"
