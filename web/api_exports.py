"""What leaves the centre, over HTTP: CAP alerts, EIDO-style JSON, incidents as tables, the monthly report.

docs/exports.md says what each level shows and how each figure is counted.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, request

from dispatch.codec import load_request
from dispatch.commands import IssueAlert
from dispatch.exports_common import UTF8_WITH_MARK, PrivacyLevel
from dispatch.exports_incidents import IncidentRows, incidents_csv, incidents_geojson
from dispatch.exports_mapping import DEFAULT_TOML, read_mapping
from dispatch.exports_ministry import report_csv
from dispatch.incidents import CapScope
from gis.errors import N_, InputError
from web.access import ForbiddenError, Permission, Scope, actor, needs
from web.api_centre import language, one_of, time_parameter
from web.api_commands import answer_json, centre, check_path_ids, idempotency_key, json_body
from web.exports import cap_draft, cap_sent, eido_text, incident_table, monthly_table
from web.problems import BadRequestError
from web.reach import shown_span

XML: Final = "application/xml"
CSV: Final = "text/csv; charset=utf-8; header=present"
GEOJSON: Final = "application/geo+json"
TOML: Final = "application/toml"
MONTH_PATTERN: Final = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
DRAFT_SCOPES: Final = (CapScope.RESTRICTED.value, CapScope.PUBLIC.value)

_MONTH: Final = re.compile(MONTH_PATTERN.removesuffix("$") + r"\Z")

exports_api = Blueprint("exports_api", __name__, url_prefix="/api/v1")
exports_api.before_request(check_path_ids)


@exports_api.get("/incidents/<incident_id>/cap")
@needs(Permission.EXPORT)
def draft(incident_id: str) -> Response:
    """The CAP message that a first alert would be now: a draft, which nobody is sent."""
    scopes = one_of("scope", list(DRAFT_SCOPES))
    scope = CapScope(scopes[0]) if scopes else CapScope.RESTRICTED
    return _file(cap_draft(centre(), incident_id, scope), XML, f"{incident_id}-draft.xml")


@exports_api.post("/incidents/<incident_id>/alerts")
@needs(Permission.EXPORT)
def issue(incident_id: str) -> Response:
    """Issue a CAP message about an incident: it is logged, kept, and given back to be sent on."""
    body = json_body()
    if body.get("incident_id", incident_id) != incident_id:
        raise InputError(
            N_("Field {name} of the body names another than the address; leave it out."), name="incident_id"
        )
    command = load_request(IssueAlert, {**body, "incident_id": incident_id})
    answer = centre().execute(command, actor=actor().name, key=idempotency_key())
    message = cap_sent(centre(), answer["alerts"][0]["alert_id"])
    return answer_json({**answer, "cap": message}, HTTPStatus.CREATED)


@exports_api.get("/alerts/<alert_id>")
@needs(Permission.EXPORT)
def alert(alert_id: str) -> Response:
    """A CAP message as it was sent."""
    return _file(cap_sent(centre(), alert_id).encode(), XML, f"{alert_id}.xml")


@exports_api.get("/incidents/<incident_id>/eido")
@needs(Permission.EXPORT)
def eido(incident_id: str) -> Response:
    """An incident as EIDO-style JSON."""
    return _file(eido_text(centre(), incident_id, language()).encode(), "application/json", f"{incident_id}.json")


@exports_api.get("/exports/incidents.csv")
@needs(Permission.EXPORT, Scope.NARROWED)
def incidents_table() -> Response:
    """Incidents as CSV, at a level of privacy."""
    found = _rows()
    text = incidents_csv(found, notice=centre().region.notice)
    return _file(text.encode(UTF8_WITH_MARK), CSV, f"incidents-{found.level.value}.csv")


@exports_api.get("/exports/incidents.geojson")
@needs(Permission.EXPORT, Scope.NARROWED)
def incidents_map() -> Response:
    """Incidents as GeoJSON, at a level of privacy."""
    found = _rows()
    text = incidents_geojson(found, notice=centre().region.notice)
    return _file(text.encode(), GEOJSON, f"incidents-{found.level.value}.geojson")


@exports_api.get("/exports/mapping.toml")
@needs(Permission.EXPORT, Scope.OPEN)
def mapping() -> Response:
    """The default columns of the monthly report, to be given the official titles."""
    return _file(DEFAULT_TOML.encode(), TOML, "mapping.toml")


@exports_api.get("/reports/monthly.csv")
@needs(Permission.EXPORT)
def monthly() -> Response:
    """The report of a local month, with the default columns."""
    month = request.args.get("month", "")
    if _MONTH.match(month) is None:
        raise BadRequestError(N_("The parameter “month” is a month such as 2026-01; correct it."))
    made = monthly_table(centre(), (month,), read_mapping(DEFAULT_TOML, source="mapping.toml"))
    return _file(report_csv(made, notice=centre().region.notice).encode(UTF8_WITH_MARK), CSV, f"monthly-{month}.csv")


def _rows() -> IncidentRows:
    # Who says nothing gets what shows least.
    levels = one_of("level", [one.value for one in PrivacyLevel])
    since, until = time_parameter("since"), time_parameter("until")
    if since is not None and until is not None and until <= since:
        raise InputError(N_("The time “until” must be later than “since”; correct one of them."))
    since, until = shown_span(since, until)
    level = PrivacyLevel(levels[0]) if levels else PrivacyLevel.PUBLIC
    _check_level(level)
    return incident_table(centre(), level=level, since=since, until=until, lang=language(), reach=actor().reach)


def _check_level(level: PrivacyLevel) -> None:
    """A village gets what the public sees of it; agencies and planners no ids of calls."""
    who = actor()
    public_only = who.reach.area is not None
    least_cut = who.reach.is_whole and Permission.CENTRE_READ in who.may
    if (public_only and level is not PrivacyLevel.PUBLIC) or (level is PrivacyLevel.INTERNAL and not least_cut):
        raise ForbiddenError(
            N_("The level “{level}” shows more than your role may see; ask for level=public."), level=level.value
        )


def _file(body: bytes, content_type: str, name: str) -> Response:
    answer = Response(body, content_type=content_type)
    # Quoted as it is: ids hold nothing that a quoted string would end at.
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
