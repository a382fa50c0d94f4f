"""Help at the region's edge: whose number to call, and the record of a handover.

Distances come in as numbers and areas as codes; who measured them is no concern of these rules.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from dispatch.directory import Directory, NeighbourCentre
from dispatch.errors import RefusedError
from dispatch.incidents import Handover
from gis.errors import N_, InputError

RECEIPT_WITHIN_S: Final = 180.0
"""A handover without a receipt after this long is overdue (an assumption: three minutes is a long telephone call)."""
MAX_REFERENCE: Final = 64

_REFERENCE: Final = re.compile(r"[^\x00-\x1f\x7f]+")


class BorderStanding(StrEnum):
    """Where an incident is to the region's edge.

    `MAY_BE_NEAR`: not by its middle, but by its radius. `UNKNOWN`: no distance could be measured.
    """

    FAR = "far"
    MAY_BE_NEAR = "may_be_near"
    NEAR = "near"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyCode:
    """An area near an incident, by its dotted Kemendagri code (of any level), and the metres to it."""

    code: str
    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourContact:
    """A neighbouring centre to call; code and metres of its nearest area, None where none of its own is near."""

    neighbour_id: str
    name: str
    contact: str
    code: str | None
    distance_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderHelp:
    """What the call taker is shown.

    Attributes
    ----------
    standing
        See `BorderStanding`.
    edge_m, border_m
        Metres to the region's edge (None: not known), and the set distance.
    contacts
        Neighbours to call, the nearest first. Where the incident is at the edge and no near area belongs to any of
        them, all are given, by id.
    """

    standing: BorderStanding
    edge_m: float | None
    border_m: float
    contacts: tuple[NeighbourContact, ...]


def border_help(
    *,
    edge_m: float | None,
    radius_m: float | None,
    nearby: Iterable[NearbyCode],
    directory: Directory,
    outside: bool = False,
) -> BorderHelp:
    """Say which neighbours an incident may concern.

    Parameters
    ----------
    edge_m
        Metres from the incident's middle to the region's edge, from either side; None where it is not known.
    radius_m
        Of the incident's location; None counts as 0.
    nearby
        Areas near it, its own among them or not, in any order.
    directory
        The neighbours and the set distance.
    outside
        Whether the middle lies beyond the edge.

    Raises
    ------
    InputError
        A distance that is negative or no number.
    """
    nearby = tuple(nearby)
    for metres in (edge_m, radius_m, *(one.distance_m for one in nearby)):
        if metres is not None and not (math.isfinite(metres) and metres >= 0):
            raise InputError(f"The distance {metres} m to the region's edge is not a number of metres from 0 up.")
    standing = _standing(edge_m, radius_m or 0.0, directory.border_m, outside)
    contacts: tuple[NeighbourContact, ...] = ()
    if standing in (BorderStanding.NEAR, BorderStanding.MAY_BE_NEAR, BorderStanding.OUTSIDE):
        contacts = _contacts(nearby, directory.neighbours)
    return BorderHelp(standing=standing, edge_m=edge_m, border_m=directory.border_m, contacts=contacts)


def _standing(edge_m: float | None, radius_m: float, border_m: float, outside: bool) -> BorderStanding:
    if outside:
        return BorderStanding.OUTSIDE
    if edge_m is None:
        return BorderStanding.UNKNOWN
    if edge_m <= border_m:
        return BorderStanding.NEAR
    return BorderStanding.MAY_BE_NEAR if edge_m - radius_m <= border_m else BorderStanding.FAR


def _contacts(nearby: tuple[NearbyCode, ...], neighbours: tuple[NeighbourCentre, ...]) -> tuple[NeighbourContact, ...]:
    found = []
    for centre in neighbours:
        own = [one for one in nearby if any(_within(one.code, area) for area in centre.area_codes)]
        nearest = min(own, key=lambda one: (one.distance_m, one.code), default=None)
        found.append(
            NeighbourContact(
                neighbour_id=centre.neighbour_id,
                name=centre.name,
                contact=centre.contact,
                code=None if nearest is None else nearest.code,
                distance_m=None if nearest is None else nearest.distance_m,
            )
        )
    near = [one for one in found if one.distance_m is not None]
    return tuple(sorted(near or found, key=lambda one: (one.distance_m or 0.0, one.neighbour_id)))


def _within(code: str, area: str) -> bool:
    """Whether an area is another or lies in it, by their dotted codes: 32.09 is no part of 32.0."""
    return code == area or code.startswith(area + ".")


class HandoverStanding(StrEnum):
    """Where a handover stands."""

    WAITING = "waiting"
    OVERDUE = "overdue"
    RECEIVED = "received"


def handover_standing(handover: Handover, now: datetime, *, within_s: float = RECEIPT_WITHIN_S) -> HandoverStanding:
    """Whether the neighbour has confirmed; until it has, the incident stays this centre's own."""
    if handover.received_at is not None:
        return HandoverStanding.RECEIVED
    late = now - handover.asked_at > timedelta(seconds=within_s)
    return HandoverStanding.OVERDUE if late else HandoverStanding.WAITING


def handover_took_s(handover: Handover) -> float | None:
    """Seconds from the question to the receipt; None while there is none."""
    return None if handover.received_at is None else (handover.received_at - handover.asked_at).total_seconds()


def neighbour_of(handover: Handover, directory: Directory) -> NeighbourCentre | None:
    """The centre that a handover went to, if the directory still holds it."""
    return next((one for one in directory.neighbours if one.neighbour_id == handover.neighbour), None)


def received(handover: Handover, *, reference: str, received_at: datetime) -> Handover:
    """A handover with its receipt; the same receipt again changes nothing.

    Parameters
    ----------
    handover
        As it was asked.
    reference
        The number under which the neighbour took it.
    received_at
        When it said so.

    Raises
    ------
    InputError
        A reference that is empty, too long or not on one line, or a receipt before the question.
    RefusedError
        Another receipt is there already.
    """
    reference = reference.strip()
    if len(reference) > MAX_REFERENCE or not _REFERENCE.fullmatch(reference):
        raise InputError(
            f"The neighbour's reference must be 1 to {MAX_REFERENCE} characters on one line, such as its incident's "
            "number."
        )
    if handover.reference is not None:
        if handover.reference == reference:
            return handover
        raise RefusedError(
            N_("Handover {handover} was received already, under the reference {reference}."),
            handover=handover.handover_id,
            reference=handover.reference,
        )
    if received_at < handover.asked_at:
        raise InputError(N_("The receipt of a handover cannot be earlier than the question; give a later time."))
    return replace(handover, reference=reference, received_at=received_at)
