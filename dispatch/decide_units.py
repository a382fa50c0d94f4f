"""What may be done with units, and how they are bound to incidents and freed again.

An incident follows its units: the first on its way takes it to `en_route`, the first there to `on_scene`; when the last
one is called back before it has done its work, the incident waits again.
"""

from __future__ import annotations

from datetime import datetime

from dispatch.book import Book
from dispatch.commands import (
    AcknowledgeAssignment,
    AssignUnits,
    CorrectMilestone,
    EditUnit,
    RecallUnit,
    RegisterUnit,
    ReportStatus,
)
from dispatch.decide import (
    Context,
    Decision,
    check_in_fleet,
    check_time,
    check_version,
    decides,
    the_assignment,
    the_incident,
    the_unit,
    there,
)
from dispatch.errors import IllegalMoveError, RefusedError, UnitTakenError
from dispatch.event_types import (
    AssignmentAcknowledged,
    AssignmentEnded,
    IncidentMoved,
    MilestoneCorrected,
    MilestoneReached,
    UnitAssigned,
    UnitEdited,
    UnitMoved,
    UnitRegistered,
)
from dispatch.incidents import (
    Assignment,
    AssignmentEnd,
    Incident,
    IncidentStatus,
    Milestone,
    Moment,
    UnitState,
)
from dispatch.transitions import (
    ASSIGNABLE,
    ENDS_ASSIGNMENT,
    INCIDENT_MOVES,
    MILESTONE_OF,
    UNIT_MOVES,
    check_incident_move,
    check_unit_move,
)
from dispatch.types import Unit, UnitStatus
from gis.errors import N_, InputError

_NOT_REACHED = frozenset({UnitStatus.DISPATCHED, UnitStatus.EN_ROUTE})
_FOLLOWS = {UnitStatus.EN_ROUTE: IncidentStatus.EN_ROUTE, UnitStatus.ON_SCENE: IncidentStatus.ON_SCENE}
_WAITING = frozenset({IncidentStatus.RECEIVED, IncidentStatus.LOCATED, IncidentStatus.REOPENED})


@decides(RegisterUnit)
def _register(command: RegisterUnit, book: Book, context: Context, decision: Decision) -> None:
    known = book.unit(command.unit_id)
    if known is not None and not known.retired:
        raise RefusedError(N_("There is a unit {unit} already; edit it instead."), unit=command.unit_id)
    decision.happened(
        UnitRegistered(
            unit=UnitState(
                unit=Unit(
                    unit_id=command.unit_id,
                    kind=command.kind,
                    agency=command.agency,
                    status=UnitStatus.AVAILABLE,
                    location=command.location,
                    fix_time=None,
                    capabilities=frozenset(command.capabilities),
                ),
                station=command.station,
                status_at=context.now,
                on_duty=command.on_duty,
                version=1 if known is None else known.version + 1,
            )
        )
    )
    decision.about.append(("unit", command.unit_id))


@decides(EditUnit)
def _edit(command: EditUnit, book: Book, context: Context, decision: Decision) -> None:
    state = the_unit(book, command.unit_id)
    check_version(f"Unit {command.unit_id}", command.expected_version, state.version)
    bound = book.active_assignment(command.unit_id)
    if command.retired and bound is not None:
        raise RefusedError(
            N_("Unit {unit} is bound to incident {incident}; clear it before it leaves the fleet."),
            unit=command.unit_id,
            incident=bound.incident_id,
        )
    decision.happened(
        UnitEdited(
            unit_id=command.unit_id,
            kind=command.kind,
            agency=command.agency,
            station=command.station,
            capabilities=command.capabilities,
            on_duty=command.on_duty,
            location=command.location,
            retired=command.retired,
        )
    )
    decision.about.append(("unit", command.unit_id))


@decides(AssignUnits)
def _assign(command: AssignUnits, book: Book, context: Context, decision: Decision) -> None:
    incident = the_incident(book, command.incident_id)
    check_version(f"Incident {incident.incident_id}", command.expected_version, incident.version)
    if command.recommendation_id is not None:
        there(book.recommendation(command.recommendation_id), "recommendation", command.recommendation_id)
    if not incident.status.is_open:
        check_incident_move(incident.incident_id, incident.status, IncidentStatus.DISPATCHED)
    doubles = sorted({one for one in command.unit_ids if command.unit_ids.count(one) > 1})
    if doubles:
        raise InputError(N_("Unit {unit} is named twice; name every unit once."), unit=doubles[0])
    at = min(command.device_time or context.now, context.now)
    number = len(book.assignments_of(incident.incident_id))
    for unit_id in command.unit_ids:
        state = the_unit(book, unit_id)
        _check_may_go(state, command, book, context)
        bound = book.active_assignment(unit_id)
        if bound is not None:
            _divert(bound, state, incident, command, book, context, decision)
        number += 1
        assignment = Assignment(
            assignment_id=f"{incident.incident_id}.{number}",
            incident_id=incident.incident_id,
            unit_id=unit_id,
            assigned_by=context.actor,
            milestones={Milestone.DISPATCHED: Moment(server_time=context.now, device_time=command.device_time)},
            recommendation_id=command.recommendation_id,
            override_reason=command.override_reason,
        )
        decision.happened(UnitAssigned(assignment=assignment), command.device_time)
        decision.happened(
            UnitMoved(unit_id=unit_id, before=state.unit.status, after=UnitStatus.DISPATCHED, at=at),
            command.device_time,
        )
        decision.about += [("assignment", assignment.assignment_id), ("unit", unit_id)]
    if incident.status in _WAITING:
        _move_incident(incident, IncidentStatus.DISPATCHED, at, command.device_time, decision)
    decision.about.append(("incident", incident.incident_id))


@decides(RecallUnit)
def _recall(command: RecallUnit, book: Book, context: Context, decision: Decision) -> None:
    the_unit(book, command.unit_id)
    bound = book.active_assignment(command.unit_id)
    if bound is None:
        raise RefusedError(N_("Unit {unit} is bound to no incident; there is nothing to recall."), unit=command.unit_id)
    if command.stood_down:
        _check_not_set_out(bound, book)
    after = UnitStatus.AVAILABLE if command.stood_down else UnitStatus.RETURNING
    release(bound, AssignmentEnd.RECALLED, command.reason, book, context, decision, after=after)
    _wait_again(bound, book, context, decision)
    decision.about += [
        ("assignment", bound.assignment_id), ("unit", command.unit_id), ("incident", bound.incident_id),
    ]  # fmt: skip


@decides(ReportStatus)
def _report(command: ReportStatus, book: Book, context: Context, decision: Decision) -> None:
    state = the_unit(book, command.unit_id)
    check_version(f"Unit {command.unit_id}", command.expected_version, state.version)
    check_in_fleet(state)
    if command.free_at is not None and command.free_at < context.now:
        raise InputError(N_("The expected time of being free has passed; give a later one or leave it out."))
    decision.about.append(("unit", command.unit_id))
    before, after = state.unit.status, command.status
    at = min(command.device_time or context.now, context.now)
    bound = book.active_assignment(command.unit_id)
    if command.incident_id is not None and (bound is None or bound.incident_id != command.incident_id):
        raise _other_task(command.unit_id, command.incident_id, bound)
    if before is after:
        if command.free_at != state.free_at:
            decision.happened(
                UnitMoved(
                    unit_id=command.unit_id, before=before, after=after, at=state.status_at, free_at=command.free_at
                ),
                command.device_time,
            )
        return
    check_unit_move(command.unit_id, before, after)
    if after is UnitStatus.DISPATCHED:
        raise IllegalMoveError(
            N_("Unit {unit} is dispatched by assigning it to an incident; do that."), unit=command.unit_id
        )
    decision.happened(
        UnitMoved(unit_id=command.unit_id, before=before, after=after, at=at, free_at=command.free_at),
        command.device_time,
    )
    if bound is None:
        return
    incident = the_incident(book, bound.incident_id)
    decision.happened(_milestone(bound, after, context.now, command.device_time, command.hospital), command.device_time)
    if after in ENDS_ASSIGNMENT:
        end = _end_of(bound, after)
        decision.happened(
            AssignmentEnded(
                assignment_id=bound.assignment_id,
                incident_id=bound.incident_id,
                unit_id=bound.unit_id,
                at=at,
                end=end,
            ),
            command.device_time,
        )
        if end is not AssignmentEnd.COMPLETED:
            _wait_again(bound, book, context, decision)
    follows = _FOLLOWS.get(after)
    if (
        follows is not None
        and follows in INCIDENT_MOVES[incident.status]
        and incident.status
        in (
            IncidentStatus.DISPATCHED,
            IncidentStatus.EN_ROUTE,
        )
    ):
        _move_incident(incident, follows, at, command.device_time, decision)
    decision.about += [("assignment", bound.assignment_id), ("incident", bound.incident_id)]


@decides(AcknowledgeAssignment)
def _acknowledge(command: AcknowledgeAssignment, book: Book, context: Context, decision: Decision) -> None:
    the_unit(book, command.unit_id)
    bound = book.active_assignment(command.unit_id)
    if bound is None or bound.incident_id != command.incident_id:
        raise _other_task(command.unit_id, command.incident_id, bound)
    if bound.acknowledged is None:
        decision.happened(
            AssignmentAcknowledged(
                assignment_id=bound.assignment_id,
                incident_id=bound.incident_id,
                unit_id=bound.unit_id,
                moment=Moment(server_time=context.now, device_time=command.device_time),
            ),
            command.device_time,
        )
    decision.about += [
        ("assignment", bound.assignment_id), ("unit", command.unit_id), ("incident", bound.incident_id),
    ]  # fmt: skip


@decides(CorrectMilestone)
def _correct(command: CorrectMilestone, book: Book, context: Context, decision: Decision) -> None:
    assignment = the_assignment(book, command.assignment_id)
    check_time(command.time, context.now)
    if command.milestone not in assignment.milestones:
        raise RefusedError(
            N_("Assignment {assignment} has not reached {milestone}; there is nothing to correct."),
            assignment=assignment.assignment_id,
            milestone=command.milestone.value,
        )
    _check_order(assignment, command.milestone, command.time)
    decision.happened(
        MilestoneCorrected(
            assignment_id=assignment.assignment_id,
            incident_id=assignment.incident_id,
            unit_id=assignment.unit_id,
            milestone=command.milestone,
            corrected_time=command.time,
            reason=command.reason,
        )
    )
    decision.about.append(("assignment", assignment.assignment_id))


def release(
    assignment: Assignment,
    end: AssignmentEnd,
    reason: str,
    book: Book,
    context: Context,
    decision: Decision,
    *,
    after: UnitStatus = UnitStatus.RETURNING,
) -> None:
    """Free a unit from its incident: it returns. One with a patient aboard is not freed."""
    state = the_unit(book, assignment.unit_id)
    if UnitStatus.RETURNING not in UNIT_MOVES[state.unit.status]:
        raise RefusedError(
            N_("Unit {unit} is {status} and cannot be freed now; wait until it reports the next step."),
            unit=assignment.unit_id,
            status=state.unit.status.value,
        )
    cleared = Moment(server_time=context.now)
    decision.happened(
        MilestoneReached(
            assignment_id=assignment.assignment_id,
            incident_id=assignment.incident_id,
            unit_id=assignment.unit_id,
            milestone=Milestone.CLEARED,
            moment=cleared,
        )
    )
    decision.happened(
        AssignmentEnded(
            assignment_id=assignment.assignment_id,
            incident_id=assignment.incident_id,
            unit_id=assignment.unit_id,
            at=context.now,
            end=end,
            reason=reason,
        )
    )
    decision.happened(UnitMoved(unit_id=assignment.unit_id, before=state.unit.status, after=after, at=context.now))


def _check_not_set_out(assignment: Assignment, book: Book) -> None:
    status = the_unit(book, assignment.unit_id).unit.status
    if status is not UnitStatus.DISPATCHED:
        raise RefusedError(
            N_("Unit {unit} is {status} and has set out; recall it, and it returns."),
            unit=assignment.unit_id,
            status=status.value,
        )


def _other_task(unit_id: str, incident_id: str, bound: Assignment | None) -> RefusedError:
    """What a report says that was made for a task which the unit has no more."""
    if bound is None:
        return RefusedError(
            N_("Unit {unit} is not on incident {incident} any more; the report was not taken."),
            unit=unit_id,
            incident=incident_id,
        )
    return RefusedError(
        N_("Unit {unit} is on incident {other} now, not on {incident}; the report was not taken."),
        unit=unit_id,
        incident=incident_id,
        other=bound.incident_id,
    )


def _check_may_go(state: UnitState, command: AssignUnits, book: Book, context: Context) -> None:
    unit_id, status = state.unit.unit_id, state.unit.status
    if state.retired:
        raise RefusedError(N_("Unit {unit} is no longer part of the fleet; choose another."), unit=unit_id)
    bound = book.active_assignment(unit_id)
    if bound is not None and not (command.divert and status in _NOT_REACHED):
        taken = bound.milestones[Milestone.DISPATCHED].server_time
        raise UnitTakenError(
            N_("Unit {unit} was given to incident {incident} by {by} at {time}; choose the next one, or divert it.")
            if status in _NOT_REACHED
            else N_("Unit {unit} was given to incident {incident} by {by} at {time}; choose the next one."),
            unit=unit_id,
            incident=bound.incident_id,
            by=bound.assigned_by,
            time=taken.astimezone(context.timezone).strftime("%H:%M:%S"),
            taken_at=taken.isoformat(),
        )
    if bound is not None and bound.incident_id == command.incident_id:
        raise RefusedError(
            N_("Unit {unit} is on incident {incident} already."), unit=unit_id, incident=command.incident_id
        )
    if bound is None and status not in ASSIGNABLE:
        raise IllegalMoveError(
            N_("Unit {unit} is {status} and cannot be sent; choose another."), unit=unit_id, status=status.value
        )
    if not state.on_duty and command.override_reason is None:
        raise RefusedError(
            N_("Unit {unit} is off duty; give an override_reason to send it all the same."), unit=unit_id
        )


def _divert(
    bound: Assignment,
    state: UnitState,
    incident: Incident,
    command: AssignUnits,
    book: Book,
    context: Context,
    decision: Decision,
) -> None:
    decision.happened(
        AssignmentEnded(
            assignment_id=bound.assignment_id,
            incident_id=bound.incident_id,
            unit_id=state.unit.unit_id,
            at=context.now,
            end=AssignmentEnd.REASSIGNED,
            reason=f"diverted to {incident.incident_id}",
        ),
        command.device_time,
    )
    _wait_again(bound, book, context, decision, leaving=frozenset(command.unit_ids))


def _wait_again(
    ended: Assignment, book: Book, context: Context, decision: Decision, leaving: frozenset[str] = frozenset()
) -> None:
    """An incident whose last unit left before any had done its work waits for another.

    Work done before the incident was reopened does not count: nobody is on the way to what happened since.
    """
    incident = the_incident(book, ended.incident_id)
    others = [
        one
        for one in book.assignments_of(ended.incident_id)
        if (one.is_active and one.assignment_id != ended.assignment_id and one.unit_id not in leaving)
        or (one.end is AssignmentEnd.COMPLETED and _worked_on(one, incident))
    ]
    moved = any(
        isinstance(body, IncidentMoved) and body.incident_id == incident.incident_id for body, _ in decision.events
    )
    if not others and not moved and IncidentStatus.LOCATED in INCIDENT_MOVES[incident.status]:
        if incident.status in _WAITING:
            return
        _move_incident(incident, IncidentStatus.LOCATED, context.now, None, decision)
        decision.about.append(("incident", incident.incident_id))


def _worked_on(assignment: Assignment, incident: Incident) -> bool:
    """Whether a unit that completed its work was there in the present course of the incident."""
    if incident.status in (IncidentStatus.DISPATCHED, IncidentStatus.EN_ROUTE):
        return False  # Nobody has arrived since it was opened, or opened again.
    return assignment.milestones[Milestone.CLEARED].server_time >= incident.status_at


def _move_incident(
    incident: Incident, after: IncidentStatus, at: datetime, device_time: datetime | None, decision: Decision
) -> None:
    check_incident_move(incident.incident_id, incident.status, after)
    decision.happened(
        IncidentMoved(incident_id=incident.incident_id, before=incident.status, after=after, at=at), device_time
    )


def _milestone(
    bound: Assignment, after: UnitStatus, now: datetime, device_time: datetime | None, hospital: str | None
) -> MilestoneReached:
    return MilestoneReached(
        assignment_id=bound.assignment_id,
        incident_id=bound.incident_id,
        unit_id=bound.unit_id,
        milestone=MILESTONE_OF[after],
        moment=Moment(server_time=now, device_time=device_time),
        hospital=hospital,
    )


def _end_of(bound: Assignment, after: UnitStatus) -> AssignmentEnd:
    if Milestone.ON_SCENE in bound.milestones and after is not UnitStatus.OUT_OF_SERVICE:
        return AssignmentEnd.COMPLETED
    return AssignmentEnd.FAILED if after is UnitStatus.OUT_OF_SERVICE else AssignmentEnd.RECALLED


def _check_order(assignment: Assignment, milestone: Milestone, time: datetime) -> None:
    order = list(Milestone)
    place = order.index(milestone)
    for other, moment in assignment.milestones.items():
        before, after = order.index(other) < place, order.index(other) > place
        if (before and time < moment.time) or (after and time > moment.time):
            raise InputError(
                N_("{milestone} at {time} would lie {side} {other} at {other_time}; correct that one first."),
                milestone=milestone.value,
                time=time.isoformat(),
                side="before" if before else "after",
                other=other.value,
                other_time=moment.time.isoformat(),
            )
