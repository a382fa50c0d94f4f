"""Who should go to an incident: the policy, a pure function of what it is given.

What it rests on is gathered into one record (`recommendation_inputs`) and answered from that record alone
(`recommend_from`), so that a stored recommendation can be computed again. Every unit of a kind that is asked for is
ranked by its exact time or excluded with its reason; nothing is cut off by straight line. `why` answers for one unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

import numpy as np

from dispatch.closures import ClosureInForce
from dispatch.cover import CoverCost
from dispatch.directory import Requirement
from dispatch.errors import UnknownIdError
from dispatch.incidents import Incident, UnitState
from dispatch.ranking import rank_units
from dispatch.readiness import availability, standing_of
from dispatch.recommendation import (
    POLICY,
    Answer,
    AreaTimes,
    Basis,
    Candidate,
    Pick,
    Recommendation,
    RecommendationInputs,
    Response,
    UnitInput,
    Why,
    WhyKind,
)
from dispatch.recommendation_settings import RecommendationSettings
from dispatch.response import is_sooner, merged, respond, still_open
from dispatch.screening import ExcludedUnit, Exclusion, Shortfall, ShortfallKind, Standing, check_request, why_none
from dispatch.screening import fix_age_s as age_of_fix_s
from dispatch.village_eta import rank_units_for_village
from gis.errors import N_
from gis.types import Location
from routing.types import DrivingTime, MetricKey

NO_STARTS: Final[Mapping[str, Location]] = MappingProxyType({})
NO_PROFILES: Final[Mapping[str, str]] = MappingProxyType({})
NOT_TRUSTED: Final = frozenset({Exclusion.STALE, Exclusion.FIX_IN_FUTURE})


def recommendation_inputs(
    *,
    incident: Incident,
    required: Sequence[Requirement],
    units: Sequence[UnitState],
    settings: RecommendationSettings,
    now: datetime,
    times: Sequence[DrivingTime] | None = None,
    area: AreaTimes | None = None,
    sent: Set[str] = frozenset(),
    starts: Mapping[str, Location] = NO_STARTS,
    agencies: Set[str] | None = None,
    standard_s: float | None = None,
    cover: Sequence[CoverCost] = (),
    closures: Sequence[ClosureInForce] = (),
    metric: str = "",
    metrics: Sequence[MetricKey] = (),
    pending: bool = False,
    failed: Sequence[str] = (),
    profiles: Mapping[str, str] = NO_PROFILES,
    hour: int | None = None,
) -> RecommendationInputs:
    """Everything that a recommendation rests on, as one record; the same whatever the order of the units.

    Parameters
    ----------
    incident
        Its location's point is the target; for an area, the point that straight lines go to.
    required
        All that the run card asks for up to the alarm level (`ResponsePlan.requirements`).
    units
        Everything known, whatever the status; retired ones may be among them.
    settings, now
        Settings and clock.
    times
        Road times from each unit's start to the target, in the order of `units`; for a point.
    area
        Times over an area's roads, a row per unit in the order of `units`, where only the area is known; it goes
        before `times`.
    sent
        Ids of the units bound to the incident already.
    starts
        Where units will set out from, by id, where that is not their last fix. `times` and `area` must be from there.
    agencies
        Only units of these; None for all.
    standard_s
        Seconds from the report to the first unit on scene, by the category.
    cover
        From `dispatch.cover.cover_costs`; units it leaves out have no such figure.
    closures, metric
        Roads closed, and the name of the times; they change no rank beyond what the times say.
    metrics, pending
        The times that answered, one by profile and hour, and whether newer ones were being worked out.
    failed
        Vehicle profiles whose times could not be worked out, so that older ones answered.
    profiles
        The vehicle profile that the times of each unit are for, by id.
    hour
        Hour of the week by which traffic was told; None for no hour in particular.

    Raises
    ------
    InputError
        The same unit given twice.
    ValueError
        Times that do not match the units in number.
    """
    check_request([state.unit for state in units], None)
    if times is not None and len(times) != len(units):
        raise ValueError(f"{len(times)} road times for {len(units)} units")
    if area is not None and area.units != len(units):
        raise ValueError(f"area times of {area.units} units for {len(units)} units")
    if incident.location.location is None and not (times is None and area is None):
        raise ValueError(f"times for incident {incident.incident_id}, whose location is not known")
    order = sorted(range(len(units)), key=lambda row: units[row].unit.unit_id)
    costs = {one.unit_id: one for one in cover}
    if area is not None and order != list(range(len(units))):
        area = AreaTimes.of(area.road_s()[order], area.length_m())
    return RecommendationInputs(
        incident=incident,
        required=tuple(required),
        sent=tuple(sorted(sent)),
        agencies=None if agencies is None else tuple(sorted(agencies)),
        standard_s=standard_s,
        units=tuple(
            UnitInput(
                state=units[row],
                time=None if times is None or area is not None else times[row],
                start=starts.get(units[row].unit.unit_id),
                cover=costs.get(units[row].unit.unit_id),
                profile=profiles.get(units[row].unit.unit_id),
            )
            for row in order
        ),
        area=area,
        settings=settings,
        now=now,
        closures=tuple(closures),
        metric=metric,
        metrics=tuple(metrics),
        pending=pending,
        failed=tuple(failed),
        hour=hour,
    )


def with_exemptions(inputs: RecommendationInputs, used: Mapping[str, tuple[str, ...]]) -> RecommendationInputs:
    """The inputs with the exemptions that some units use on their way, by id."""
    units = tuple(
        replace(one, exemptions=used[one.state.unit.unit_id]) if one.state.unit.unit_id in used else one
        for one in inputs.units
    )
    return replace(inputs, units=units)


def recommend_from(inputs: RecommendationInputs) -> Recommendation:
    """The recommendation that follows from its inputs, today or a year later."""
    incident, now = inputs.incident, inputs.now
    rows = [row for row, one in enumerate(inputs.units) if not one.state.retired]
    sent = [one.state.unit for one in inputs.units if one.state.unit.unit_id in inputs.sent]
    basis = _basis(inputs)
    required = merged(inputs.required)
    lacking = still_open(required, sent)
    answers = [_answer(inputs, rows, requirement, basis) for requirement in lacking]
    response = respond(answers)
    if_waited = respond(answers, prefer_free=False)
    due_at = None if inputs.standard_s is None else incident.received_at + timedelta(seconds=inputs.standard_s)
    late_s = None
    if due_at is not None and response.first_s is not None:
        late_s = max(0.0, round(response.first_s - (due_at - now).total_seconds(), 3))
    return Recommendation(
        policy=POLICY,
        incident_id=incident.incident_id,
        category=incident.category,
        severity=incident.severity,
        received_at=incident.received_at,
        alarm_level=incident.alarm_level,
        made_at=now,
        basis=basis,
        target=incident.location.location,
        required=required,
        sent=inputs.sent,
        answers=tuple(
            _with_response(answer, number, response, inputs.settings) for number, answer in enumerate(answers)
        ),
        response=response,
        if_waited=if_waited if is_sooner(if_waited, response) else None,
        due_at=due_at,
        late_s=late_s,
        retired=tuple(one.state.unit.unit_id for one in inputs.units if one.state.retired),
        not_asked=tuple(
            one.state.unit.unit_id
            for one in inputs.units
            if not one.state.retired and one.state.unit.kind not in {answer.requirement.kind for answer in answers}
        ),
        closures=inputs.closures,
        metric=inputs.metric,
        metrics=inputs.metrics,
        pending=inputs.pending,
        failed=inputs.failed,
        hour=inputs.hour,
    )


def why(recommendation: Recommendation, unit_id: str) -> Why:
    """Why a unit is or is not sent.

    Raises
    ------
    UnknownIdError
        There was no such unit.
    """
    if unit_id in recommendation.retired:
        return Why(kind=WhyKind.RETIRED, unit_id=unit_id)
    if unit_id in recommendation.sent:
        return Why(kind=WhyKind.ALREADY_SENT, unit_id=unit_id)
    found = [
        (number, one)
        for number, answer in enumerate(recommendation.answers)
        for one in answer.candidates
        if one.unit.unit_id == unit_id
    ]
    # About the requirement it fills, else about the one for which it ranks highest.
    found.sort(key=lambda pair: (pair[1].chosen_for != pair[0], pair[1].rank, pair[0]))
    for number, one in found:
        return _why_candidate(recommendation, number, one)
    for number, answer in enumerate(recommendation.answers):
        for out in answer.excluded:
            if out.unit.unit_id == unit_id:
                return Why(
                    kind=WhyKind.EXCLUDED,
                    unit_id=unit_id,
                    requirement=number,
                    arrival_s=out.eta_s,
                    exclusion=out.why,
                    also=out.also,
                )
    if unit_id in recommendation.not_asked:
        return Why(kind=WhyKind.OTHER_KIND if recommendation.answers else WhyKind.NOTHING_OPEN, unit_id=unit_id)
    raise UnknownIdError(
        N_("There was no unit {unit} when units were recommended for incident {incident}; check the id."),
        unit=unit_id,
        incident=recommendation.incident_id,
    )


def _basis(inputs: RecommendationInputs) -> Basis:
    if inputs.incident.location.location is None:
        return Basis.UNKNOWN
    if inputs.area is not None:
        return Basis.AREA
    return Basis.UNKNOWN if any(one.time is None for one in inputs.units) else Basis.POINT


def _answer(inputs: RecommendationInputs, rows: list[int], requirement: Requirement, basis: Basis) -> Answer:
    """Every unit of the kind, ranked or excluded; the response is put in later."""
    of_kind = [row for row in rows if inputs.units[row].state.unit.kind == requirement.kind]
    given = [inputs.units[row] for row in of_kind]
    units = [one.state.unit for one in given]
    standings = [
        standing_of(
            one.state,
            requirement,
            settings=inputs.settings,
            now=inputs.now,
            agencies=None if inputs.agencies is None else set(inputs.agencies),
            sent=set(inputs.sent),
            start=one.start,
        )
        for one in given
    ]
    target = inputs.incident.location.location
    settings = inputs.settings.dispatch
    of_id = {one.state.unit.unit_id: one for one in given}
    if basis is Basis.UNKNOWN or target is None:
        return Answer(
            requirement=requirement,
            candidates=(),
            excluded=tuple(
                _unplaced(one, standing, requirement, inputs.now)
                for one, standing in zip(given, standings, strict=True)
            ),
            shortfalls=(),
            worth_asking=(),
        )
    if inputs.area is None:
        ranking = rank_units(
            target=target,
            units=units,
            times=[one.time for one in given if one.time is not None],
            settings=settings,
            now=inputs.now,
            kind=requirement.kind,
            capabilities=requirement.capabilities,
            standings=standings,
        )
        return Answer(
            requirement=requirement,
            candidates=tuple(replace(_candidate(of_id[one.unit.unit_id], inputs), point=one) for one in ranking.ranked),
            excluded=ranking.excluded,
            shortfalls=(),
            worth_asking=(),
        )
    village = rank_units_for_village(
        target=target,
        units=units,
        road_s=inputs.area.road_s()[np.array(of_kind, dtype=np.intp)],
        length_m=inputs.area.length_m(),
        settings=settings,
        now=inputs.now,
        kind=requirement.kind,
        capabilities=requirement.capabilities,
        standings=standings,
    )
    return Answer(
        requirement=requirement,
        candidates=tuple(replace(_candidate(of_id[one.unit.unit_id], inputs), area=one) for one in village.ranked),
        excluded=village.excluded,
        shortfalls=(),
        worth_asking=(),
        road_m=village.road_m,
        unreachable_share=village.unreachable_share,
    )


def _candidate(one: UnitInput, inputs: RecommendationInputs) -> Candidate:
    when = availability(one.state, inputs.settings, inputs.now)
    if when is None:
        raise ValueError(f"unit {one.state.unit.unit_id} is ranked though nobody knows when it is free")
    return Candidate(
        point=None,
        area=None,
        availability=when,
        free_at=None if when.is_now else one.state.free_at,
        start=one.start,
        chosen_for=None,
        cover=one.cover,
        profile=one.profile,
        exemptions=one.exemptions,
    )


def _unplaced(one: UnitInput, standing: Standing, requirement: Requirement, now: datetime) -> ExcludedUnit:
    unit = one.state.unit
    whys = (*standing.why, Exclusion.NO_LOCATION)
    return ExcludedUnit(
        unit=unit,
        why=whys[0],
        also=whys[1:],
        missing_capabilities=tuple(sorted(requirement.capabilities - unit.capabilities)),
        eta_s=None,
        straight_m=0.0,
        fix_age_s=age_of_fix_s(unit, now),
    )


def _with_response(answer: Answer, number: int, response: Response, settings: RecommendationSettings) -> Answer:
    """The answer with the units that the response sends, and what is lacking in it."""
    chosen_for = {pick.unit_id: pick.requirement for pick in response.picks}
    picks = [pick for pick in response.picks if pick.requirement == number]
    last_s = max((pick.arrival_s for pick in picks), default=None)
    return replace(
        answer,
        candidates=tuple(replace(one, chosen_for=chosen_for.get(one.unit.unit_id)) for one in answer.candidates),
        shortfalls=_shortfalls(answer, picks, settings),
        worth_asking=tuple(
            one.unit.unit_id
            for one in answer.excluded
            if {one.why, *one.also} <= NOT_TRUSTED
            and one.eta_s is not None
            and (last_s is None or len(picks) < answer.requirement.number or one.eta_s < last_s)
        ),
    )


def _shortfalls(answer: Answer, picks: Sequence[Pick], settings: RecommendationSettings) -> tuple[Shortfall, ...]:
    wanted = answer.requirement.number
    base = Shortfall(
        kind=ShortfallKind.FEWER_THAN_ASKED,
        wanted=wanted,
        found=len(picks),
        unit_kind=answer.requirement.kind,
        capabilities=tuple(sorted(answer.requirement.capabilities)),
    )
    found: list[Shortfall] = []
    if not answer.candidates:
        # No unit of the kind at all is what an empty list of exclusions means here: others are not listed.
        whys = {one.why for one in answer.excluded} or {Exclusion.WRONG_KIND}
        lacking = ShortfallKind.LOCATION_UNKNOWN if Exclusion.NO_LOCATION in whys else why_none(whys)
        found.append(replace(base, kind=lacking))
    elif len(picks) < wanted:
        found.append(base)
    free = sum(pick.is_free for pick in picks)
    if free < len(picks):
        found.append(replace(base, kind=ShortfallKind.ONLY_LATER, found=free))
    first_s = min((one.arrival_s for one in answer.candidates), default=None)
    if first_s is not None and first_s > settings.beyond_s:
        found.append(
            replace(
                base,
                kind=ShortfallKind.ALL_BEYOND,
                found=len(answer.candidates),
                limit_s=settings.beyond_s,
                first_s=first_s,
            )
        )
    return tuple(found)


def _why_candidate(recommendation: Recommendation, number: int, one: Candidate) -> Why:
    answer = recommendation.answers[number]
    picks = [pick for pick in recommendation.response.picks if pick.requirement == number]
    base = Why(
        kind=WhyKind.FIRST,
        unit_id=one.unit.unit_id,
        requirement=number,
        rank=one.rank,
        arrival_s=one.arrival_s,
        free_in_s=None if one.availability.is_now else one.waiting_s,
    )
    if one.chosen_for == number:
        before = tuple(
            other.unit.unit_id for other in answer.candidates if other.rank < one.rank and other.chosen_for != number
        )
        return replace(base, kind=WhyKind.SENT_AFTER_OTHERS if before else WhyKind.FIRST, before=before)
    # A candidate is left out only where every slot it fits is filled: were one open, it would fill it. And only a unit
    # that is not free can be left out though it would be there before: another would take the later one's place.
    last = max(picks, key=lambda pick: pick.arrival_s)
    is_sooner = round(one.arrival_s * 1000) < round(last.arrival_s * 1000)
    kind = WhyKind.NOT_FREE_YET if is_sooner and not one.availability.is_now else WhyKind.LATER
    return replace(base, kind=kind, other=last.unit_id, difference_s=round(abs(one.arrival_s - last.arrival_s), 3))
