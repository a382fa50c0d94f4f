"""Taking back a unit's status that was reported by mistake: a correcting event, and everything stands as before it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from dispatch.book import Book
from dispatch.commands import TakeBackStatus
from dispatch.decide import (
    Context,
    Decision,
    check_in_fleet,
    check_version,
    decides,
    the_assignment,
    the_incident,
    the_unit,
)
from dispatch.errors import IllegalMoveError, RefusedError
from dispatch.event_types import IncidentCorrected, StatusTakenBack
from dispatch.incidents import Assignment, AssignmentEnd, Incident, IncidentStatus, Milestone, UnitState
from dispatch.transitions import BOUND, ENDS_ASSIGNMENT, INCIDENT_CORRECTIONS, MILESTONE_OF, UNIT_MOVES
from dispatch.types import UnitStatus
from gis.errors import N_

_ORDER: Final = list(Milestone)
_WAITING: Final = frozenset({IncidentStatus.LOCATED, IncidentStatus.REOPENED})
_FOLLOWED: Final = {UnitStatus.EN_ROUTE: IncidentStatus.EN_ROUTE, UnitStatus.ON_SCENE: IncidentStatus.ON_SCENE}


@decides(TakeBackStatus)
def _take_back(command: TakeBackStatus, book: Book, context: Context, decision: Decision) -> None:
    state = the_unit(book, command.unit_id)
    check_version(f"Unit {command.unit_id}", command.expected_version, state.version)
    check_in_fleet(state)
    status = state.unit.status
    if status is not command.wrong:
        raise RefusedError(
            N_("Unit {unit} is {status} by now; only the last status can be taken back."),
            unit=command.unit_id,
            status=status.value,
        )
    if command.wrong is UnitStatus.DISPATCHED:
        raise IllegalMoveError(
            N_("Unit {unit} was dispatched by assigning it to an incident; recall it."), unit=command.unit_id
        )
    if command.wrong not in UNIT_MOVES[command.right]:
        raise IllegalMoveError(
            N_("Unit {unit} cannot have been {right} before it was {wrong}."),
            unit=command.unit_id,
            right=command.right.value,
            wrong=command.wrong.value,
        )
    bound = book.active_assignment(command.unit_id)
    ended = None if bound is not None else _ended(command, state, book)
    assignment, since = bound or ended, context.now
    if assignment is None and command.right in BOUND:
        raise RefusedError(
            N_("Unit {unit} is bound to no incident; name the assignment that the mistake ended."),
            unit=command.unit_id,
        )
    if assignment is not None:
        since = _since(assignment, command)
    decision.happened(
        StatusTakenBack(
            unit_id=command.unit_id,
            before=command.wrong,
            after=command.right,
            at=since,
            reason=command.reason,
            assignment_id=None if assignment is None else assignment.assignment_id,
            incident_id=None if assignment is None else assignment.incident_id,
            milestone=None if assignment is None else MILESTONE_OF[command.wrong],
            bound_again=ended is not None,
        )
    )
    decision.about.append(("unit", command.unit_id))
    if assignment is not None:
        _correct_incident(assignment, command, ended is not None, book, context, decision)
        decision.about += [("assignment", assignment.assignment_id), ("incident", assignment.incident_id)]


def _ended(command: TakeBackStatus, state: UnitState, book: Book) -> Assignment | None:
    """The assignment that the wrong status ended, where one is named."""
    if command.assignment_id is None:
        return None
    found = the_assignment(book, command.assignment_id)
    fits = (
        found.unit_id == command.unit_id
        and found.end is not AssignmentEnd.REASSIGNED
        and found.ended_at == state.status_at
        and command.wrong in ENDS_ASSIGNMENT
    )
    if not fits:
        raise RefusedError(
            N_("Assignment {assignment} was not ended by the last status of unit {unit}; assign it anew."),
            assignment=found.assignment_id,
            unit=command.unit_id,
        )
    incident = the_incident(book, found.incident_id)
    if not incident.status.is_open:
        raise RefusedError(
            N_("Incident {incident} is {status}; reopen it to change it."),
            incident=incident.incident_id,
            status=incident.status.value,
        )
    return found


def _since(assignment: Assignment, command: TakeBackStatus) -> datetime:
    """Since when the right status holds, by the milestones that stay.

    Raises
    ------
    IllegalMoveError
        They say that the unit was something else.
    """
    stay = [one for one in assignment.milestones if one is not MILESTONE_OF[command.wrong]]
    last = max(stay, key=_ORDER.index)
    if MILESTONE_OF[command.right] is not last:
        raise IllegalMoveError(
            N_("Unit {unit} cannot have been {right} before it was {wrong}; it was {last}."),
            unit=command.unit_id,
            right=command.right.value,
            wrong=command.wrong.value,
            last=last.value,
        )
    return assignment.milestones[last].time


def _worked(assignment: Assignment, incident: Incident) -> bool:
    """Whether a unit completed its work at an incident since somebody was on scene there."""
    return (
        assignment.end is AssignmentEnd.COMPLETED
        and incident.status is IncidentStatus.ON_SCENE
        and assignment.milestones[Milestone.CLEARED].server_time >= incident.status_at
    )


def _correct_incident(
    assignment: Assignment, command: TakeBackStatus, bound_again: bool, book: Book, context: Context, decision: Decision
) -> None:
    """Put the incident where its units say that it is, if it had followed the mistake."""
    incident = the_incident(book, assignment.incident_id)
    followed = incident.status is _FOLLOWED.get(command.wrong) or (bound_again and incident.status in _WAITING)
    if not followed:
        return
    reached = set(assignment.milestones) - {MILESTONE_OF[command.wrong]}
    for other in book.assignments_of(assignment.incident_id):
        if other.assignment_id != assignment.assignment_id and (other.is_active or _worked(other, incident)):
            reached |= set(other.milestones)
    after = IncidentStatus.DISPATCHED
    if Milestone.ON_SCENE in reached:
        after = IncidentStatus.ON_SCENE
    elif Milestone.EN_ROUTE in reached:
        after = IncidentStatus.EN_ROUTE
    if after in INCIDENT_CORRECTIONS[incident.status]:
        decision.happened(
            IncidentCorrected(incident_id=incident.incident_id, before=incident.status, after=after, at=context.now)
        )
