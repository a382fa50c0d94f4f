"""What may follow what: one table for incidents and one for units.

Everything that changes a status asks here; nothing else decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dispatch.errors import IllegalMoveError
from dispatch.incidents import IncidentStatus, Milestone
from dispatch.types import UnitStatus
from gis.errors import N_

INCIDENT_MOVES: Final[Mapping[IncidentStatus, frozenset[IncidentStatus]]] = MappingProxyType(
    {
        # A unit may be sent before the location is known better than "somewhere in this village".
        IncidentStatus.RECEIVED: frozenset(
            {IncidentStatus.LOCATED, IncidentStatus.DISPATCHED, IncidentStatus.CLOSED, IncidentStatus.CANCELLED}
        ),
        IncidentStatus.LOCATED: frozenset(
            {IncidentStatus.DISPATCHED, IncidentStatus.CLOSED, IncidentStatus.CANCELLED}
        ),
        # Back to `located` when every unit was recalled: it waits for a unit again.
        IncidentStatus.DISPATCHED: frozenset(
            {IncidentStatus.EN_ROUTE, IncidentStatus.ON_SCENE, IncidentStatus.LOCATED, IncidentStatus.CLOSED,
             IncidentStatus.CANCELLED}
        ),
        IncidentStatus.EN_ROUTE: frozenset(
            {IncidentStatus.ON_SCENE, IncidentStatus.LOCATED, IncidentStatus.CLOSED, IncidentStatus.CANCELLED}
        ),
        IncidentStatus.ON_SCENE: frozenset(
            {IncidentStatus.UNDER_CONTROL, IncidentStatus.LOCATED, IncidentStatus.CLOSED}
        ),
        IncidentStatus.UNDER_CONTROL: frozenset({IncidentStatus.ON_SCENE, IncidentStatus.CLOSED}),
        IncidentStatus.CLOSED: frozenset({IncidentStatus.REOPENED}),
        IncidentStatus.CANCELLED: frozenset({IncidentStatus.REOPENED}),
        IncidentStatus.REOPENED: frozenset(
            {IncidentStatus.LOCATED, IncidentStatus.DISPATCHED, IncidentStatus.CLOSED, IncidentStatus.CANCELLED}
        ),
    }
)  # fmt: skip
"""Status to the statuses that may follow it."""

UNIT_MOVES: Final[Mapping[UnitStatus, frozenset[UnitStatus]]] = MappingProxyType(
    {
        UnitStatus.AVAILABLE: frozenset({UnitStatus.DISPATCHED, UnitStatus.OUT_OF_SERVICE}),
        UnitStatus.DISPATCHED: frozenset(
            {UnitStatus.EN_ROUTE, UnitStatus.ON_SCENE, UnitStatus.RETURNING, UnitStatus.AVAILABLE,
             UnitStatus.OUT_OF_SERVICE}
        ),
        UnitStatus.EN_ROUTE: frozenset(
            {UnitStatus.ON_SCENE, UnitStatus.RETURNING, UnitStatus.AVAILABLE, UnitStatus.OUT_OF_SERVICE}
        ),
        UnitStatus.ON_SCENE: frozenset(
            {UnitStatus.TRANSPORTING, UnitStatus.RETURNING, UnitStatus.AVAILABLE, UnitStatus.OUT_OF_SERVICE}
        ),
        UnitStatus.TRANSPORTING: frozenset({UnitStatus.AT_HOSPITAL, UnitStatus.OUT_OF_SERVICE}),
        UnitStatus.AT_HOSPITAL: frozenset(
            {UnitStatus.RETURNING, UnitStatus.AVAILABLE, UnitStatus.OUT_OF_SERVICE}
        ),
        # A returning unit may be sent again from the road.
        UnitStatus.RETURNING: frozenset({UnitStatus.AVAILABLE, UnitStatus.DISPATCHED, UnitStatus.OUT_OF_SERVICE}),
        UnitStatus.OUT_OF_SERVICE: frozenset({UnitStatus.AVAILABLE}),
    }
)  # fmt: skip
"""Status to the statuses that may follow it."""

INCIDENT_CORRECTIONS: Final[Mapping[IncidentStatus, frozenset[IncidentStatus]]] = MappingProxyType(
    {
        IncidentStatus.EN_ROUTE: frozenset({IncidentStatus.DISPATCHED}),
        IncidentStatus.ON_SCENE: frozenset({IncidentStatus.DISPATCHED, IncidentStatus.EN_ROUTE}),
        # Its last unit had been freed by mistake.
        IncidentStatus.LOCATED: frozenset(
            {IncidentStatus.DISPATCHED, IncidentStatus.EN_ROUTE, IncidentStatus.ON_SCENE}
        ),
        IncidentStatus.REOPENED: frozenset(
            {IncidentStatus.DISPATCHED, IncidentStatus.EN_ROUTE, IncidentStatus.ON_SCENE}
        ),
    }
)  # fmt: skip
"""Status to those that it may be put back to when a unit's status was reported by mistake.

No course of events, so apart from `INCIDENT_MOVES`.
"""

BOUND: Final = frozenset(
    {UnitStatus.DISPATCHED, UnitStatus.EN_ROUTE, UnitStatus.ON_SCENE, UnitStatus.TRANSPORTING, UnitStatus.AT_HOSPITAL}
)
"""Statuses of a unit that is bound to an incident."""

ASSIGNABLE: Final = frozenset(status for status, after in UNIT_MOVES.items() if UnitStatus.DISPATCHED in after)
"""Statuses in which a unit can be given an incident."""

ENDS_ASSIGNMENT: Final = frozenset({UnitStatus.RETURNING, UnitStatus.AVAILABLE, UnitStatus.OUT_OF_SERVICE})
"""Statuses that free a unit from its incident."""

MILESTONE_OF: Final[Mapping[UnitStatus, Milestone]] = MappingProxyType(
    {
        UnitStatus.DISPATCHED: Milestone.DISPATCHED,
        UnitStatus.EN_ROUTE: Milestone.EN_ROUTE,
        UnitStatus.ON_SCENE: Milestone.ON_SCENE,
        UnitStatus.TRANSPORTING: Milestone.TRANSPORTING,
        UnitStatus.AT_HOSPITAL: Milestone.AT_HOSPITAL,
        UnitStatus.RETURNING: Milestone.CLEARED,
        UnitStatus.AVAILABLE: Milestone.CLEARED,
        UnitStatus.OUT_OF_SERVICE: Milestone.CLEARED,
    }
)
"""The milestone of its assignment that a unit reaches with a status."""


def check_incident_move(incident_id: str, now: IncidentStatus, then: IncidentStatus) -> None:
    """Refuse a change of an incident's status that the table does not hold.

    Raises
    ------
    IllegalMoveError
        With what may be done instead.
    """
    if then not in INCIDENT_MOVES[now]:
        raise IllegalMoveError(
            N_("Incident {incident} is {now} and cannot become {then}; from here it can become {allowed}."),
            incident=incident_id,
            now=now.value,
            then=then.value,
            allowed=_listed(INCIDENT_MOVES[now]),
        )


def check_unit_move(unit_id: str, now: UnitStatus, then: UnitStatus) -> None:
    """Refuse a change of a unit's status that the table does not hold.

    Raises
    ------
    IllegalMoveError
        With what may be done instead.
    """
    if then not in UNIT_MOVES[now]:
        raise IllegalMoveError(
            N_("Unit {unit} is {now} and cannot become {then}; from here it can become {allowed}."),
            unit=unit_id,
            now=now.value,
            then=then.value,
            allowed=_listed(UNIT_MOVES[now]),
        )


def _listed(statuses: frozenset[IncidentStatus] | frozenset[UnitStatus]) -> str:
    return ", ".join(sorted(status.value for status in statuses))
