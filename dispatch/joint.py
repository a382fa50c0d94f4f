"""Several incidents wait: the best joint assignment beside first come, first served, and what each costs each incident.

Every incident is expanded into the slots of its open requirements; a unit fills one slot at most. With w from
4 (critical) to 1 (low) the severity of a slot's incident and t the arrival of the unit that fills it, in seconds
from now, the joint assignment makes, in this order,

1. the sum of w over the slots left open the least. The sets of slots that can be filled at once are the independent
   sets of a transversal matroid (J. Edmonds and D. R. Fulkerson, Transversals and matroid partition, Journal of
   Research NBS 69B (1965), 147-153), so this fills as many slots as can be and never leaves a graver one open for more
   of the lesser;
2. the number of units that are not free yet the least, as in the recommendation of one incident;
3. the sum of w t over the filled slots the least.

The three are one linear assignment problem (`dispatch.joint_policy`). First come, first served gives every incident,
oldest first, the best response that is left to it (`dispatch.response`); joint is never worse than it in the order
above. Neither is done by itself: the dispatcher sees both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from dispatch.incidents import Severity
from dispatch.joint_policy import JOINT
from dispatch.recommendation import Candidate, Pick, Recommendation, Response
from dispatch.response import respond, response_of

SOLVER: Final = "scipy.optimize.linear_sum_assignment"


class SolverStatus(StrEnum):
    """What the solver found; all three are exact.

    `OPTIMAL`: every slot filled. `PARTIAL`: the best there is, with slots that no unit is left to fill. `EMPTY`:
    nothing was asked for.
    """

    OPTIMAL = "optimal"
    PARTIAL = "partial"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSlot:
    """One unit that an incident asks for: the number of its requirement, from 0, and its number within that."""

    incident_id: str
    requirement: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JointMatrix:
    """When each unit would be there for each slot.

    Attributes
    ----------
    slots, unit_ids
        Rows and columns; the units that can fill any slot, by id.
    arrival_ms
        Whole milliseconds from now; None where the unit cannot fill the slot.
    """

    slots: tuple[JointSlot, ...]
    unit_ids: tuple[str, ...]
    arrival_ms: tuple[tuple[int | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one incident gets, beside its own best (the response if it were alone).

    Attributes
    ----------
    response, own
        The two.
    fewer
        Units that it gets fewer than alone.
    later_s, last_later_s
        Seconds by which the sum of arrivals, and the last arrival, come after those of its own best; negative where
        they come before (its own best heeds the last arrival first). None where it gets fewer units, and for a
        response of none.
    """

    incident_id: str
    severity: Severity
    received_at: datetime
    response: Response
    own: Response
    fewer: int
    later_s: float | None
    last_later_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to serve all incidents.

    Attributes
    ----------
    outcomes
        One per incident, in the order given.
    weighted_lacking
        Sum of severity weights over the slots left open.
    waiting
        Units counted on that are not free yet.
    weighted_total_s
        Sum of severity weight times arrival, in seconds, over the filled slots.
    """

    outcomes: tuple[Outcome, ...]
    weighted_lacking: int
    waiting: int
    weighted_total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JointAssignment:
    """Both ways to serve several incidents.

    Attributes
    ----------
    made_at
        The clock.
    solver, status
        Of the joint assignment.
    joint, first_come
        The best joint assignment, and first come first served.
    same
        Whether both send the same units to the same requirements.
    matrix
        What the choice was made from.
    """

    made_at: datetime | None
    solver: str
    status: SolverStatus
    joint: Option
    first_come: Option
    same: bool
    matrix: JointMatrix


def assign_jointly(recommendations: Sequence[Recommendation]) -> JointAssignment:
    """The best joint assignment beside first come, first served.

    Parameters
    ----------
    recommendations
        One per waiting incident, all made at the same moment with the same units.

    Raises
    ------
    ValueError
        The same incident twice, or recommendations of different moments.
    """
    ids = [one.incident_id for one in recommendations]
    if len(set(ids)) < len(ids):
        raise ValueError("an incident is given twice")
    if len({one.made_at for one in recommendations}) > 1:
        raise ValueError("the recommendations are of different moments; make them anew with one clock")
    matrix, waits = _matrix(recommendations)
    joint = _option(recommendations, _joint_responses(recommendations, matrix, waits))
    first_come = _option(recommendations, _first_come_responses(recommendations))
    status = SolverStatus.OPTIMAL if not joint.weighted_lacking else SolverStatus.PARTIAL
    return JointAssignment(
        made_at=recommendations[0].made_at if recommendations else None,
        solver=SOLVER,
        status=status if matrix.slots else SolverStatus.EMPTY,
        joint=joint,
        first_come=first_come,
        same=_who(joint) == _who(first_come),
        matrix=matrix,
    )


def _candidates(recommendation: Recommendation) -> list[dict[str, Candidate]]:
    return [{one.unit.unit_id: one for one in answer.candidates} for answer in recommendation.answers]


def _matrix(recommendations: Sequence[Recommendation]) -> tuple[JointMatrix, set[str]]:
    """Times of all units for all slots, and the units that are not free yet."""
    slots: list[JointSlot] = []
    of_slot: list[dict[str, Candidate]] = []
    for one in recommendations:
        for requirement, (answer, units) in enumerate(zip(one.answers, _candidates(one), strict=True)):
            for number in range(answer.requirement.number):
                slots.append(JointSlot(incident_id=one.incident_id, requirement=requirement, number=number))
                of_slot.append(units)
    unit_ids = tuple(sorted({unit_id for units in of_slot for unit_id in units}))
    arrival_ms = tuple(
        tuple(round(units[unit_id].arrival_s * 1000) if unit_id in units else None for unit_id in unit_ids)
        for units in of_slot
    )
    waits = {unit_id for units in of_slot for unit_id, one in units.items() if not one.availability.is_now}
    return JointMatrix(slots=tuple(slots), unit_ids=unit_ids, arrival_ms=arrival_ms), waits


def _joint_responses(
    recommendations: Sequence[Recommendation], matrix: JointMatrix, waits: set[str]
) -> dict[str, Response]:
    by_incident = {one.incident_id: one for one in recommendations}
    weights = [by_incident[slot.incident_id].severity.weight for slot in matrix.slots]
    chosen = JOINT.assign(matrix.arrival_ms, weights, [unit_id in waits for unit_id in matrix.unit_ids])
    picks: dict[str, list[Pick]] = {one.incident_id: [] for one in recommendations}
    lacking = dict.fromkeys(picks, 0)
    for slot, column in zip(matrix.slots, chosen, strict=True):
        if column is None:
            lacking[slot.incident_id] += 1
            continue
        unit_id = matrix.unit_ids[column]
        one = _candidates(by_incident[slot.incident_id])[slot.requirement][unit_id]
        picks[slot.incident_id].append(
            Pick(
                requirement=slot.requirement,
                unit_id=unit_id,
                arrival_s=one.arrival_s,
                waiting_s=one.waiting_s,
                is_free=one.availability.is_now,
            )
        )
    return {
        incident_id: response_of(
            sorted(found, key=lambda one: (one.requirement, round(one.arrival_s * 1000), one.unit_id)),
            lacking=lacking[incident_id],
        )
        for incident_id, found in picks.items()
    }


def _first_come_responses(recommendations: Sequence[Recommendation]) -> dict[str, Response]:
    taken: set[str] = set()
    responses: dict[str, Response] = {}
    for one in sorted(recommendations, key=lambda one: (one.received_at, one.incident_id)):
        responses[one.incident_id] = respond(one.answers, without=taken)
        taken |= {pick.unit_id for pick in responses[one.incident_id].picks}
    return responses


def _option(recommendations: Sequence[Recommendation], responses: dict[str, Response]) -> Option:
    outcomes = tuple(_outcome(one, responses[one.incident_id]) for one in recommendations)
    return Option(
        outcomes=outcomes,
        weighted_lacking=sum(one.severity.weight * one.response.lacking for one in outcomes),
        waiting=sum(not pick.is_free for one in outcomes for pick in one.response.picks),
        weighted_total_s=_weighted_ms(outcomes) / 1000,
    )


def _weighted_ms(outcomes: Sequence[Outcome]) -> int:
    return sum(one.severity.weight * round(pick.arrival_s * 1000) for one in outcomes for pick in one.response.picks)


def _outcome(recommendation: Recommendation, response: Response) -> Outcome:
    own = recommendation.response
    fewer = response.lacking - own.lacking
    alike = not fewer and response.latest_s is not None and own.latest_s is not None
    return Outcome(
        incident_id=recommendation.incident_id,
        severity=recommendation.severity,
        received_at=recommendation.received_at,
        response=response,
        own=own,
        fewer=fewer,
        later_s=round(response.total_s - own.total_s, 3) if alike else None,
        last_later_s=round((response.latest_s or 0.0) - (own.latest_s or 0.0), 3) if alike else None,
    )


def _who(option: Option) -> set[tuple[str, int, str]]:
    return {(one.incident_id, pick.requirement, pick.unit_id) for one in option.outcomes for pick in one.response.picks}
