"""Learnt speeds over HTTP: what is in force, and what a report would change. To decide are two of the commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response

from dispatch.codec import dump, load_request
from dispatch.commands import SpeedReport
from dispatch.decide_speeds import NONE
from web.access import Permission, needs
from web.api_centre import language, send_json
from web.api_commands import centre, json_body
from web.i18n import translator
from web.learnt_speeds import check_report, told
from web.wording_learning import report_text

speeds_api: Final = Blueprint("speeds_api", __name__, url_prefix="/api/v1")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedsReport:
    """A report of `siaga112 learn report`, to be looked at."""

    report: SpeedReport


@speeds_api.get("/speeds")
@needs(Permission.FLEET_READ)
def speeds() -> Response:
    """The learnt speeds in force, and the report that they were adopted from, without its table of factors."""
    state = centre().speeds.state
    report = None if state is None else _without_table(centre().store.document(state.held.digest))
    answer = send_json({"in_force": None if state is None else dump(state.held), "report": report})
    answer.set_etag(NONE if state is None else state.held.digest)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@speeds_api.post("/speeds/preview")
@needs(Permission.SPEEDS_DECIDE)
def preview() -> Response:
    """What a report of learnt speeds says and would change; nothing is changed."""
    report = load_request(SpeedsReport, json_body()).report
    check_report(report, centre().region)
    words = translator(language())
    said = told(centre(), report, words)
    return send_json({"changes": said.changes, "text": report_text(said, words), "remarks": list(said.remarks)})


def _without_table(report: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in report.items() if name != "factors"}
