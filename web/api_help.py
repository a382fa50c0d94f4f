"""Help for the call taker and the dispatcher over HTTP: why a unit, what villages and neighbours said, what is due."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, request

from dispatch import border_help, verification
from dispatch.codec import dump
from dispatch.recommend import why
from dispatch.store import queries
from web.access import Permission, Scope, needs
from web.api_centre import language, send_json
from web.api_commands import centre, check_path_ids
from web.i18n import translator
from web.intake import intake_json
from web.problems import BadRequestError, unknown_id
from web.wording_recommendation import (
    joint_json,
    joint_text,
    recommendation_json,
    recommendation_text,
    why_json,
    why_text,
)

help_api: Final = Blueprint("help_api", __name__, url_prefix="/api/v1")
help_api.before_request(check_path_ids)


@help_api.get("/intake")
@needs(Permission.DIRECTORY_READ, Scope.OPEN)
def intake() -> Response:
    """What a form for taking calls is made of: categories with their letters, questions with answers, dispositions."""
    return send_json(intake_json(centre().store.directory()))


@help_api.get("/recommendations/<recommendation_id>/text")
@needs(Permission.CENTRE_READ)
def text(recommendation_id: str) -> Response:
    """A recommendation in words: the whole in `text`, and beside each unit, reason and shortfall its own sentence."""
    made, _ = centre().stored_recommendation(recommendation_id)
    words = translator(language())
    return send_json({"text": recommendation_text(made, words), "details": recommendation_json(made, words)})


@help_api.get("/recommendations/<recommendation_id>/why")
@needs(Permission.CENTRE_READ)
def why_unit(recommendation_id: str) -> Response:
    """Why a recommendation sends a unit, or does not."""
    unit_id = request.args.get("unit", "")
    if not 0 < len(unit_id) <= 64:
        raise BadRequestError("The parameter 'unit' is missing; add ?unit=… to the address.")
    made, _ = centre().stored_recommendation(recommendation_id)
    reason, words = why(made, unit_id), translator(language())
    return send_json({**why_json(reason, words), "text": why_text(made, reason, words)})


@help_api.get("/joint/text")
@needs(Permission.CENTRE_READ)
def joint() -> Response:
    """All waiting incidents at once, in words."""
    found, words = centre().joint(), translator(language())
    return send_json({"text": joint_text(found, words), "details": joint_json(found, words)})


@help_api.get("/timers")
@needs(Permission.CENTRE_READ)
def timers() -> Response:
    """What all open incidents wait for, the soonest first."""
    return send_json({"timers": [dump(one) for one in centre().running_timers()]})


@help_api.get("/incidents/<incident_id>/inquiries")
@needs(Permission.CENTRE_READ)
def inquiries(incident_id: str) -> Response:
    """Whom to ask about an incident, who was asked, what they said, and how long it took."""
    store = centre().store
    with store.book() as book:
        incident = book.incident(incident_id)
        if incident is None:
            raise unknown_id("incident", incident_id)
        asked = queries.verifications_of(book.connection, incident_id)
        handovers = queries.handovers_of(book.connection, incident_id)
    directory, now = store.directory(), store.now()
    found: dict[str, Any] = {
        "officials": [dump(one) for one in verification.officials_for(incident.location, directory)],
        "summary": dump(verification.summary(asked)),
        "verifications": [
            {
                "verification": dump(one),
                "standing": verification.verification_standing(one, now).value,
                "took_s": verification.answer_took_s(one),
            }
            for one in asked
        ],
        "handovers": [
            {
                "handover": dump(one),
                "standing": border_help.handover_standing(one, now).value,
                "took_s": border_help.handover_took_s(one),
            }
            for one in handovers
        ],
    }
    return send_json(found)
