"""What went wrong, for people: where a browser asked for a page, the sentence of a problem in the frame of pages.

Every refusal is made as a problem document (`web.problems`) and turned into a page in this one place, so no route
has to think of it and none shows a person JSON.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Final

from flask import Response, g, request

from gis.errors import N_
from web.access import ANYBODY, Actor
from web.home import home_of
from web.page_frame import page_words, show_page
from web.problems import PROBLEM_TYPE
from web.sessions import wants_page

_TITLES: Final = {
    HTTPStatus.NOT_FOUND: N_("Not found"),
    HTTPStatus.GONE: N_("Not found"),
    HTTPStatus.FORBIDDEN: N_("Not allowed"),
    HTTPStatus.SERVICE_UNAVAILABLE: N_("Not possible at the moment"),
    HTTPStatus.INTERNAL_SERVER_ERROR: N_("The server failed"),
}
_OTHERWISE: Final = N_("This cannot be done so")
_NOBODY: Final = Actor(name="visitor", may=ANYBODY, clear=frozenset(), signed_in=False)


def as_page(answer: Response) -> Response:
    """The answer, or the page that says the same where a person asked for a page and a problem came."""
    if answer.mimetype != PROBLEM_TYPE or not wants_page():
        return answer
    # Where the database could not even tell who asks, he is nobody.
    who: Actor = g.setdefault("siaga112_actor", _NOBODY)
    words = page_words(of_account=who.signed_in)
    page = show_page(
        "fault.html", words, status=answer.status_code, of_account=who.signed_in,
        title=words(_TITLES.get(HTTPStatus(answer.status_code), _OTHERWISE)), detail=json.loads(answer.data)["detail"],
        home=home_of(who.role) if who.signed_in else "/", again=request.full_path.rstrip("?"),
        may_help_again=answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR and request.method == "GET",
    )  # fmt: skip
    page.headers["Cache-Control"] = "no-store"
    for name in ("Allow", "Retry-After"):
        if name in answer.headers:
            page.headers[name] = answer.headers[name]
    assert isinstance(page, Response)
    return page
