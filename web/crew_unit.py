"""The unit of a crew: which one asks, and whether its position may be taken now."""

from __future__ import annotations

import re
from typing import Final, cast

from flask import current_app

from dispatch.commands import ID_PATTERN, MAX_ID
from dispatch.errors import RefusedError
from dispatch.incidents import Assignment, UnitState
from dispatch.types import UnitStatus
from gis.errors import N_, InputError
from web.access import actor
from web.centre import Centre
from web.problems import unknown_id
from web.reach import CENTRE

_ID: Final = re.compile(ID_PATTERN.removesuffix("$") + r"\Z")


class UnitNeededError(InputError):
    """Who sees the whole centre must say as which unit."""

    code = "unit-needed"


class SharingEndedError(RefusedError):
    """Positions are taken on duty alone."""

    code = "sharing-ended"


def crew_unit_id(given: str | None) -> str:
    """The unit that the asker's account is bound to; of who is bound to none, the one that he names.

    Raises
    ------
    UnitNeededError
        He names none.
    UnknownIdError
        He names another than his own.
    """
    own = actor().reach.unit
    if given is not None and (own not in (None, given) or len(given) > MAX_ID or _ID.match(given) is None):
        raise unknown_id("unit", given)
    found = own or given
    if found is None or (not actor().reach.is_whole and own is None):
        raise UnitNeededError(N_("Say as which unit: add ?unit=… to the address."))
    return found


def unit_and_task(unit_id: str) -> tuple[UnitState, Assignment | None]:
    """A unit at its newest position, on duty as its roster says, and what binds it.

    Raises
    ------
    UnknownIdError
        There is none, or it has left the fleet.
    """
    centre = cast(Centre, current_app.extensions[CENTRE])
    with centre.store.book() as book:
        bound = book.active_assignment(unit_id)
    state = next((one for one in centre.units() if one.unit.unit_id == unit_id), None)
    if state is None:
        raise unknown_id("unit", unit_id)
    return state, bound


def may_share(state: UnitState, bound: Assignment | None) -> bool:
    """Whether a crew's position may be taken: while it is on duty or has a task, and in service."""
    return state.unit.status is not UnitStatus.OUT_OF_SERVICE and (state.on_duty or bound is not None)


def shared_unit(given: str | None) -> UnitState:
    """The unit whose crew sends positions now.

    Raises
    ------
    SharingEndedError
        It is off duty or out of service.
    """
    state, bound = unit_and_task(crew_unit_id(given))
    if not may_share(state, bound):
        raise SharingEndedError(
            N_("Unit {unit} is off duty or out of service, so its position is not taken."), unit=state.unit.unit_id
        )
    return state
