"""A recommendation as plain JSON values, with its sentences in the reader's language."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dispatch.cover import CoverCost
from dispatch.directory import Requirement
from dispatch.joint import JointAssignment, Option, Outcome, SolverStatus
from dispatch.readiness import Availability
from dispatch.recommendation import Answer, Basis, Candidate, Pick, Recommendation, Response, Why, WhyKind
from dispatch.screening import ExcludedUnit, Exclusion, Shortfall
from web.answers import Driven, excluded_json, ranked_json, village_ranked_json
from web.i18n import Translator
from web.wording import (
    distance,
    duration,
    exclusion_text,
    exemptions_text,
    kind_name,
    share,
    shortfall_text,
    words,
)
from web.wording_roads import closures_json, closures_text, times_json, times_text


def recommendation_json(recommendation: Recommendation, _: Translator) -> dict[str, Any]:
    """A whole recommendation."""
    one = recommendation
    return {
        "incident_id": one.incident_id,
        "category": one.category,
        "severity": one.severity.value,
        "alarm_level": one.alarm_level,
        "policy": one.policy,
        "received_at": _time(one.received_at),
        "made_at": _time(one.made_at),
        "basis": one.basis.value,
        "hour": one.hour,
        "target": None if one.target is None else {"lat": one.target.lat, "lon": one.target.lon},
        "message": recommendation_text(one, _),
        "required": [requirement_json(each, _) for each in one.required],
        "sent": list(one.sent),
        "response": response_json(one.response, one, _),
        "if_waited": None if one.if_waited is None else response_json(one.if_waited, one, _),
        "answers": [_answer_json(answer, _) for answer in one.answers],
        "shortfalls": [shortfall_json(each, _) for each in one.shortfalls],
        "due_at": None if one.due_at is None else _time(one.due_at),
        "late_s": one.late_s,
        "closures": closures_json(one.closures, one.metric, _),
        "times": times_json(one.metrics, _, pending=one.pending, failed=one.failed),
    }


def requirement_json(one: Requirement, _: Translator) -> dict[str, Any]:
    """So many units of a kind."""
    return {
        "kind": one.kind,
        "number": one.number,
        "capabilities": sorted(one.capabilities),
        "name": requirement_name(one, _),
    }


def requirement_name(one: Requirement, _: Translator) -> str:
    """`2 × fire engine`, `1 × ambulance (als)`."""
    name = _("{number} × {kind}").format(number=one.number, kind=kind_name(one.kind, _))
    return f"{name} ({words(sorted(one.capabilities), _)})" if one.capabilities else name


def response_json(response: Response, recommendation: Recommendation, _: Translator) -> dict[str, Any]:
    """Units sent together."""
    return {
        "picks": [_pick_json(pick, recommendation, _) for pick in response.picks],
        "lacking": response.lacking,
        "first_s": _ms(response.first_s),
        "latest_s": _ms(response.latest_s),
        "total_s": response.total_s,
    }


def shortfall_json(one: Shortfall, _: Translator) -> dict[str, Any]:
    """What is lacking."""
    return {
        "kind": one.kind.value,
        "wanted": one.wanted,
        "found": one.found,
        "unit_kind": one.unit_kind,
        "capabilities": list(one.capabilities),
        "limit_s": one.limit_s,
        "first_s": _ms(one.first_s),
        "message": shortfall_text(one, _),
    }


def candidate_json(one: Candidate, _: Translator) -> dict[str, Any]:
    """A unit that can fill a requirement."""
    driven = Driven(one.profile, one.exemptions)
    if one.point is not None:
        ranked = ranked_json(one.point, _, driven)
        ranked["eta_parts"] |= {"waiting_s": one.waiting_s}
    else:
        ranked = {} if one.area is None else village_ranked_json(one.area, _, driven)
    return {
        **ranked,
        "availability": one.availability.value,
        "availability_text": availability_text(one, _),
        "free_at": None if one.free_at is None else _time(one.free_at),
        "waiting_s": one.waiting_s,
        "expected_s": _ms(one.arrival_s),
        "start": None if one.start is None else {"lat": one.start.lat, "lon": one.start.lon},
        "chosen_for": one.chosen_for,
        "cover": None if one.cover is None else cover_json(one.cover, _),
    }


def cover_json(one: CoverCost, _: Translator) -> dict[str, Any]:
    """What sending a unit costs the others."""
    return {
        "lost": round(one.lost, 1),
        "lost_share": round(one.lost_share, 6),
        "covers": round(one.covers, 1),
        "alone": round(one.alone, 1),
        "standard_s": one.standard_s,
        "busy_fraction": one.busy_fraction,
        "message": cover_text(one, _),
    }


def cover_text(one: CoverCost, _: Translator) -> str:
    """The cost of cover in one sentence."""
    people = int(one.lost + 0.5)
    if not people:
        return _("Sending it costs the others no cover.")
    return _.ngettext(
        "Sending it leaves {people} person ({share}) without cover within {limit}, on average.",
        "Sending it leaves {people} people ({share}) without cover within {limit}, on average.",
        people,
    ).format(people=_.number(people), share=share(one.lost_share, _), limit=duration(one.standard_s, _))


def availability_text(one: Candidate, _: Translator) -> str:
    """When a unit can be given an incident."""
    return {
        Availability.READY: _("free now"),
        Availability.RETURNING: _("returning, can be sent at once"),
        Availability.SOON: _("free in {time}").format(time=duration(one.waiting_s, _)),
        Availability.OVERDUE: _("should be free already: ask it"),
    }[one.availability]


def recommendation_text(one: Recommendation, _: Translator) -> str:
    """The whole of it in a sentence or two, which roads were closed when it was made, and what its times lack."""
    times = times_text(_, pending=one.pending, failed=one.failed)
    return " ".join(filter(None, (_sent_text(one, _), closures_text(one.closures, _), times)))


def _sent_text(one: Recommendation, _: Translator) -> str:
    if not one.required:
        return _("No run card asks for units: choose them yourself.")
    if not one.answers:
        return _("Everything the run card asks for was sent.")
    if one.basis is Basis.UNKNOWN:
        return _("The location is not known: find out the village at least.")
    response = one.response
    if response.first_s is None or response.latest_s is None:
        return _("Nobody can be sent: see what is lacking.")
    units = ", ".join(pick.unit_id for pick in response.picks)
    if len(response.picks) == 1:
        text = _("Send {units}: there in {first}.").format(units=units, first=duration(response.first_s, _))
    else:
        text = _("Send {units}: the first there in {first}, the last in {last}.").format(
            units=units, first=duration(response.first_s, _), last=duration(response.latest_s, _)
        )
    if response.lacking:
        lacking = _.ngettext("{number} unit is lacking.", "{number} units are lacking.", response.lacking).format(
            number=response.lacking
        )
        text = f"{text} {lacking}"
    chosen = {pick.unit_id for pick in response.picks}
    for candidate in (each for answer in one.answers for each in answer.candidates):
        if candidate.unit.unit_id in chosen and candidate.exemptions:
            chosen.remove(candidate.unit.unit_id)
            text = f"{text} {candidate.unit.unit_id}: {exemptions_text(candidate.exemptions, _)}"
    if one.late_s:
        late = _("The standard is missed by {time}.").format(time=duration(one.late_s, _))
        text = f"{text} {late}"
    return text


def why_json(one: Why, _: Translator) -> dict[str, Any]:
    """Why a unit is or is not sent."""
    return {
        "unit_id": one.unit_id,
        "why": one.kind.value,
        "requirement": one.requirement,
        "rank": one.rank,
        "expected_s": _ms(one.arrival_s),
        "free_in_s": one.free_in_s,
        "before": list(one.before),
        "other": one.other,
        "difference_s": one.difference_s,
        "exclusion": None if one.exclusion is None else one.exclusion.value,
        "also": [each.value for each in one.also],
    }


def why_text(recommendation: Recommendation, one: Why, _: Translator) -> str:
    """Why a unit is or is not sent, in one sentence."""
    if one.kind is WhyKind.EXCLUDED:
        return exclusion_text(_excluded(recommendation, one), _)
    sentences = {
        WhyKind.FIRST: _("Sent: the first to be there, in {arrival}."),
        WhyKind.SENT_AFTER_OTHERS: _("Sent, there in {arrival}: {before} would be there before, but cannot be had."),
        WhyKind.LATER: _("Not needed: there in {arrival}, {difference} after {other}."),
        WhyKind.NOT_FREE_YET: _(
            "Not sent, for it is free only in {free}; it would be there {difference} before {other}."
        ),
        WhyKind.OTHER_KIND: _("Of a kind that is not asked for."),
        WhyKind.RETIRED: _("No longer part of the fleet."),
        WhyKind.ALREADY_SENT: _("Sent to this incident already."),
        WhyKind.NOTHING_OPEN: _("Everything asked for was sent already."),
    }
    return sentences[one.kind].format(
        arrival=duration(one.arrival_s or 0.0, _),
        before=", ".join(one.before),
        difference=duration(one.difference_s or 0.0, _),
        other=one.other,
        free=duration(one.free_in_s or 0.0, _),
    )


def joint_json(joint: JointAssignment, _: Translator) -> dict[str, Any]:
    """Several incidents served at once, beside first come, first served."""
    return {
        "made_at": None if joint.made_at is None else _time(joint.made_at),
        "solver": joint.solver,
        "status": joint.status.value,
        "message": joint_text(joint, _),
        "same": joint.same,
        "joint": _option_json(joint.joint),
        "first_come": _option_json(joint.first_come),
    }


def joint_text(joint: JointAssignment, _: Translator) -> str:
    """What the joint assignment gains, in one sentence."""
    if joint.status is SolverStatus.EMPTY:
        return _("No incident waits for units.")
    if joint.same:
        return _("First come, first served is the best joint assignment too.")
    if joint.joint.weighted_lacking < joint.first_come.weighted_lacking:
        return _("The joint assignment serves more, or graver, incidents than first come, first served.")
    if joint.joint.waiting < joint.first_come.waiting:
        return _("The joint assignment needs fewer units that are not free yet than first come, first served.")
    return _("The joint assignment is {time} sooner than first come, first served, weighed by severity.").format(
        time=duration(max(0.0, joint.first_come.weighted_total_s - joint.joint.weighted_total_s), _)
    )


def _answer_json(answer: Answer, _: Translator) -> dict[str, Any]:
    return {
        "requirement": requirement_json(answer.requirement, _),
        "candidates": [candidate_json(one, _) for one in answer.candidates],
        "excluded": [_excluded_json(one, _) for one in answer.excluded],
        "shortfalls": [shortfall_json(one, _) for one in answer.shortfalls],
        "worth_asking": list(answer.worth_asking),
        "road_m": None if answer.road_m is None else round(answer.road_m, 1),
        "unreachable_share": None if answer.unreachable_share is None else round(answer.unreachable_share, 6),
        "message": None
        if answer.road_m is None
        else _("Times are spread over {length} of road.").format(length=distance(answer.road_m, _)),
    }


def _excluded_json(one: ExcludedUnit, _: Translator) -> dict[str, Any]:
    shown = excluded_json(one, _)
    # Where the location is not known, no distance to it is either.
    return shown | {"straight_m": None} if Exclusion.NO_LOCATION in (one.why, *one.also) else shown


def _pick_json(pick: Pick, recommendation: Recommendation, _: Translator) -> dict[str, Any]:
    requirement = recommendation.answers[pick.requirement].requirement
    return {
        "requirement": pick.requirement,
        "kind": requirement.kind,
        "kind_name": kind_name(requirement.kind, _),
        "unit_id": pick.unit_id,
        "expected_s": _ms(pick.arrival_s),
        "expected": duration(pick.arrival_s, _),
        "waiting_s": pick.waiting_s,
        "is_free": pick.is_free,
    }


def _option_json(option: Option) -> dict[str, Any]:
    return {
        "weighted_lacking": option.weighted_lacking,
        "waiting": option.waiting,
        "weighted_total_s": option.weighted_total_s,
        "incidents": [_outcome_json(one) for one in option.outcomes],
    }


def _outcome_json(one: Outcome) -> dict[str, Any]:
    return {
        "incident_id": one.incident_id,
        "severity": one.severity.value,
        "received_at": _time(one.received_at),
        "units": [
            {
                "requirement": pick.requirement,
                "unit_id": pick.unit_id,
                "expected_s": _ms(pick.arrival_s),
                "is_free": pick.is_free,
            }
            for pick in one.response.picks
        ],
        "lacking": one.response.lacking,
        "fewer": one.fewer,
        "first_s": _ms(one.response.first_s),
        "latest_s": _ms(one.response.latest_s),
        "later_s": one.later_s,
        "last_later_s": one.last_later_s,
    }


def _excluded(recommendation: Recommendation, one: Why) -> ExcludedUnit:
    answer = recommendation.answers[one.requirement or 0]
    return next(each for each in answer.excluded if each.unit.unit_id == one.unit_id)


def _time(value: datetime) -> str:
    return value.isoformat()


def _ms(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
