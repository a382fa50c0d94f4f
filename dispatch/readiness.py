"""Which units can be asked for by a run card, now or soon: roster, agency, status and expected times considered.

A returning unit can be given an incident at once; its crew sits in the vehicle. A unit on scene, transporting or at a
hospital that said when it expects to be free is offered with that delay in its ETA, and marked; once the time it gave
is past by more than `overdue_s`, it is no expectation any more and the unit counts as busy.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from enum import StrEnum
from typing import Final

from dispatch.directory import Requirement
from dispatch.incidents import UnitState
from dispatch.recommendation_settings import RecommendationSettings
from dispatch.screening import Exclusion, Standing, exclusions
from dispatch.transitions import ASSIGNABLE
from dispatch.types import UnitStatus
from gis.types import Location

FREEING: Final = frozenset({UnitStatus.ON_SCENE, UnitStatus.TRANSPORTING, UnitStatus.AT_HOSPITAL})
"""Statuses in which a unit can tell when it will be free."""


class Availability(StrEnum):
    """When a unit can be given an incident.

    `READY` and `RETURNING`: now. `SOON`: at the time it expects to be free. `OVERDUE`: that time is just past.
    """

    READY = "ready"
    RETURNING = "returning"
    SOON = "soon"
    OVERDUE = "overdue"

    @property
    def is_now(self) -> bool:
        """Whether it can be given an incident at this moment."""
        return self in (Availability.READY, Availability.RETURNING)


def availability(state: UnitState, settings: RecommendationSettings, now: datetime) -> Availability | None:
    """When a unit can be given an incident; None where nobody knows."""
    status = state.unit.status
    if status in ASSIGNABLE:
        return Availability.RETURNING if status is UnitStatus.RETURNING else Availability.READY
    if status not in FREEING or state.free_at is None:
        return None
    late_s = (now - state.free_at).total_seconds()
    if late_s > settings.overdue_s:
        return None
    return Availability.OVERDUE if late_s > 0 else Availability.SOON


def start_of(state: UnitState, hospital: Location | None) -> Location | None:
    """Where a unit will set out from, if not from its last fix: the hospital that it takes a patient to.

    Parameters
    ----------
    state
        The unit.
    hospital
        That of its assignment, if it named one.
    """
    return hospital if state.unit.status is UnitStatus.TRANSPORTING else None


def standing_of(
    state: UnitState,
    requirement: Requirement,
    *,
    settings: RecommendationSettings,
    now: datetime,
    agencies: Set[str] | None = None,
    sent: Set[str] = frozenset(),
    start: Location | None = None,
) -> Standing:
    """How a unit stands to fill a requirement.

    Parameters
    ----------
    state
        The unit.
    requirement
        What is asked for.
    settings, now
        Settings and clock.
    agencies
        Only units of these; None for all.
    sent
        Ids of the units that are at the incident or on their way to it.
    start
        Where it will set out from, where that is not its last fix (the hospital it takes a patient to).
    """
    unit = state.unit
    when = availability(state, settings, now)
    why = set(
        exclusions(
            unit,
            kind=requirement.kind,
            capabilities=requirement.capabilities,
            settings=settings.dispatch,
            now=now,
        )
    )
    if when is not None:
        why.discard(Exclusion.BUSY)
    if start is not None:
        # It sets out from a known place, so the age of its fix says nothing.
        why -= {Exclusion.STALE, Exclusion.FIX_IN_FUTURE}
    if agencies is not None and unit.agency not in agencies:
        why.add(Exclusion.WRONG_AGENCY)
    if unit.unit_id in sent:
        why.add(Exclusion.ALREADY_SENT)
    if not state.on_duty:
        why.add(Exclusion.OFF_DUTY)
    waiting_s = 0.0
    if when is Availability.SOON and state.free_at is not None:
        waiting_s = round((state.free_at - now).total_seconds(), 3)
    return Standing(
        why=tuple(one for one in Exclusion if one in why),
        turnout_s=settings.dispatch.turnout_of(unit.kind)
        if when in (None, Availability.READY)
        else settings.rolling_turnout_s,
        waiting_s=waiting_s,
        start=start,
    )
