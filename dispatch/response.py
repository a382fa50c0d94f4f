"""A response of several units as a whole: which unit fills which requirement, none of them twice.

The best response, in this order: as many slots filled as can be; as few of them as can be by units that are not free
yet; the last arrival as early as can be; the least sum of arrivals. All four are exact: the first two are one linear
assignment of small numbers; for the third the times are searched for the lowest bound under which the first two can
still be had; the fourth is a linear assignment under that bound. Equally good responses are told apart by the rank of
the unit in the first slot, then the second, and so on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial

from dispatch.directory import Requirement
from dispatch.joint_solver import best_assignment, least_cost
from dispatch.recommendation import Answer, Pick, Response
from dispatch.types import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """When a unit could be there for a requirement, in whole milliseconds, and whether it is free now."""

    arrival_ms: int
    is_free: bool


def merged(requirements: Sequence[Requirement]) -> tuple[Requirement, ...]:
    """Equal requirements of several alarm levels as one, in the order of their first mention; none of number 0."""
    numbers: dict[tuple[str, frozenset[str]], int] = {}
    for one in requirements:
        key = (one.kind, one.capabilities)
        numbers[key] = numbers.get(key, 0) + one.number
    return tuple(
        Requirement(kind=kind, number=number, capabilities=capabilities)
        for (kind, capabilities), number in numbers.items()
        if number > 0
    )


def still_open(requirements: Sequence[Requirement], sent: Sequence[Unit]) -> tuple[Requirement, ...]:
    """What is lacking beside the units that were sent.

    Each unit counts for one slot at most; as many slots as can be are filled, and those with more capabilities first.
    """
    asked = merged(requirements)
    slots = [number for number, one in enumerate(asked) for _ in range(one.number)]
    most = max((len(one.capabilities) for one in asked), default=0)
    filled = best_assignment(
        [[0 if fits(unit, asked[slot]) else None for unit in sent] for slot in slots],
        # More than all capabilities together, so that one more slot filled outweighs them.
        [(most + 1) * (len(slots) + 1) + len(asked[slot].capabilities) for slot in slots],
    )
    lacking = [0] * len(asked)
    for slot, unit in zip(slots, filled, strict=True):
        lacking[slot] += unit is None
    return tuple(
        Requirement(kind=one.kind, number=number, capabilities=one.capabilities)
        for one, number in zip(asked, lacking, strict=True)
        if number
    )


def fits(unit: Unit, requirement: Requirement) -> bool:
    """Whether a unit is of the kind asked for and has all the capabilities."""
    return unit.kind == requirement.kind and requirement.capabilities <= unit.capabilities


def best_response(
    numbers: Sequence[int], offers: Sequence[Mapping[str, Offer]], order: Sequence[str]
) -> tuple[tuple[str | None, ...], ...]:
    """The units that fill each requirement; None for a slot that nobody is left to fill.

    Parameters
    ----------
    numbers
        How many units each requirement asks for.
    offers
        For each requirement, the units that can fill it, by id.
    order
        All ids; of units that arrive together the earlier one is taken.

    Returns
    -------
    tuple
        One tuple per requirement, as long as its number, by arrival.
    """
    slots = [requirement for requirement, number in enumerate(numbers) for _ in range(number)]
    rows = [[offers[slot].get(unit_id) for unit_id in order] for slot in slots]
    count = len(slots)

    def counted(bound_ms: int | None) -> int:
        """Slots left open and units that are not free, as one number, with arrivals up to a bound."""
        costs = [
            [
                None if one is None or (bound_ms is not None and one.arrival_ms > bound_ms) else int(not one.is_free)
                for one in row
            ]
            for row in rows
        ]
        return least_cost(costs, [count + 1] * count)

    best = counted(None)
    times = sorted({one.arrival_ms for row in rows for one in row if one is not None})
    low, high = 0, len(times) - 1
    while low < high:
        middle = (low + high) // 2
        if counted(times[middle]) == best:
            high = middle
        else:
            low = middle + 1
    bound_ms = times[high] if times else 0
    later = bound_ms * count + 1
    chosen = best_assignment(
        [
            [
                None if one is None or one.arrival_ms > bound_ms else one.arrival_ms + (0 if one.is_free else later)
                for one in row
            ]
            for row in rows
        ],
        [later * (count + 1)] * count,
    )
    filled: list[list[str | None]] = [[] for _ in numbers]
    for slot, column in zip(slots, chosen, strict=True):
        filled[slot].append(None if column is None else order[column])

    def by_arrival(requirement: int, unit_id: str | None) -> tuple[bool, int, int]:
        if unit_id is None:
            return True, 0, 0
        return False, offers[requirement][unit_id].arrival_ms, order.index(unit_id)

    return tuple(tuple(sorted(ids, key=partial(by_arrival, requirement))) for requirement, ids in enumerate(filled))


def respond(answers: Sequence[Answer], *, prefer_free: bool = True, without: Set[str] = frozenset()) -> Response:
    """The best response to what is asked for.

    Parameters
    ----------
    answers
        Who can fill each requirement.
    prefer_free
        Send units that are not free yet only where no other is left; else they count like all others.
    without
        Ids of units that are not to be had.
    """
    by_id = [
        {one.unit.unit_id: one for one in answer.candidates if one.unit.unit_id not in without} for answer in answers
    ]
    straight = {unit_id: round(one.straight_m * 100) for units in by_id for unit_id, one in units.items()}
    chosen = best_response(
        [answer.requirement.number for answer in answers],
        [
            {
                unit_id: Offer(
                    arrival_ms=round(one.arrival_s * 1000), is_free=one.availability.is_now or not prefer_free
                )
                for unit_id, one in units.items()
            }
            for units in by_id
        ],
        sorted(straight, key=lambda unit_id: (straight[unit_id], unit_id)),
    )
    picks = tuple(
        Pick(
            requirement=number,
            unit_id=unit_id,
            arrival_s=by_id[number][unit_id].arrival_s,
            waiting_s=by_id[number][unit_id].waiting_s,
            is_free=by_id[number][unit_id].availability.is_now,
        )
        for number, ids in enumerate(chosen)
        for unit_id in ids
        if unit_id is not None
    )
    return response_of(picks, lacking=sum(unit_id is None for ids in chosen for unit_id in ids))


def response_of(picks: Sequence[Pick], *, lacking: int) -> Response:
    """A response with its times, from its units."""
    arrivals = [one.arrival_s for one in picks]
    return Response(
        picks=tuple(picks),
        lacking=lacking,
        first_s=min(arrivals, default=None),
        latest_s=max(arrivals, default=None),
        total_s=round(sum(arrivals), 3),
    )


def is_sooner(one: Response, other: Response) -> bool:
    """Whether the last arrival, or else the sum of arrivals, is earlier by a millisecond at least."""

    def key(response: Response) -> tuple[int, int]:
        return round((response.latest_s or 0.0) * 1000), sum(round(pick.arrival_s * 1000) for pick in response.picks)

    return key(one) < key(other)
