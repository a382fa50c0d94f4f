"""The page of learnt speeds: what is in force, what a report would change, and the decision with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from dispatch.codec import dump, load
from dispatch.commands import AdoptSpeeds, WithdrawSpeeds
from dispatch.decide_speeds import NONE
from gis.errors import N_, InputError, SiagaError
from web.access import Permission, actor, needs
from web.api_commands import centre, read_json
from web.i18n import Translator
from web.learnt_speeds import check_report, told
from web.page_frame import address, page_words, show_page
from web.wording_errors import error_text
from web.wording_learning import cell_heading, class_heading, error_heading, in_force_text

speed_pages = Blueprint("speeds", __name__)

MOST_REPORT_BYTES: Final = 900_000
"""Of a report that is sent with a page; the body of a request has 1,000,000 at most."""


@speed_pages.get("/speeds")
@needs(Permission.FLEET_READ)
def page() -> Response:
    """Which speeds are in force, by road class, kecamatan and hour, with the error before and after."""
    return _page()


@speed_pages.post("/speeds")
@needs(Permission.SPEEDS_DECIDE)
def decide() -> Response:
    """Look at a report, adopt it, or withdraw what is in force."""
    _ = page_words()
    reason = request.form.get("reason", "").strip()
    seen = request.form.get("seen", "")[:64] or None
    act = request.form.get("act")
    text = None
    try:
        if act == "withdraw":
            _do(WithdrawSpeeds(reason=reason, expected_digest=seen))
            return redirect(address("/speeds", done="withdrawn"), HTTPStatus.SEE_OTHER)
        text, report = _sent_report()
        check_report(report, centre().region)
        if act != "adopt":
            return _page(proposed=(text, report))
        _do(AdoptSpeeds(report=report, reason=reason, expected_digest=seen))
        return redirect(address("/speeds", done="adopted"), HTTPStatus.SEE_OTHER)
    except SiagaError as error:
        return _page(fault=error_text(error, _), status=HTTPStatus.UNPROCESSABLE_ENTITY, reason=reason[:200])


def _do(command: AdoptSpeeds | WithdrawSpeeds) -> None:
    if not command.reason:
        raise InputError(N_("Say why; the log keeps it with the decision."))
    centre().execute(load(type(command), dump(command)), actor=actor().name)


def _sent_report() -> tuple[str, dict[str, Any]]:
    """The report of a form: a file, or the text that was looked at before.

    Raises
    ------
    InputError
        None was sent, or it is none.
    """
    file = request.files.get("file")
    raw = file.read(MOST_REPORT_BYTES + 1) if file else request.form.get("report", "").encode()
    if not raw:
        raise InputError(N_("Choose the file of a report first."))
    if len(raw) > MOST_REPORT_BYTES:
        raise InputError(N_("The file is too large for this page; adopt it with `siaga112 learn adopt`."))
    unfit = N_("This is no report of learnt speeds; make one with `siaga112 learn report --out FILE`.")
    try:
        report = read_json(raw)
    except SiagaError:
        raise InputError(unfit) from None
    if not isinstance(report, dict):
        raise InputError(unfit)
    return raw.decode(), report


def _page(
    *,
    proposed: tuple[str, dict[str, Any]] | None = None,
    fault: str | None = None,
    status: int = HTTPStatus.OK,
    reason: str = "",
) -> Response:
    _ = page_words()
    state = centre().speeds.state
    done = {"adopted": _("These speeds count from now on."), "withdrawn": _("The speeds of region.toml count again.")}
    return show_page(
        "speeds.html", _, status=status, fault=fault,
        said=None if fault else done.get(request.args.get("done", "")),
        state=in_force_text(None if state is None else state.held, centre().store.timezone, _),
        digest=None if state is None else state.held.digest, seen=NONE if state is None else state.held.digest,
        held=None if state is None else _words(centre().store.document(state.held.digest), _),
        proposed=None if proposed is None else _words(proposed[1], _), report="" if proposed is None else proposed[0],
        reason=reason, may_decide=Permission.SPEEDS_DECIDE in actor().may,
        error_heading=error_heading(_), class_heading=class_heading(_), cell_heading=cell_heading(_),
    )  # fmt: skip


def _words(report: Mapping[str, Any], _: Translator) -> Any:
    return told(centre(), report, _)
