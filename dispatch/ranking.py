"""Units ranked for one location by when they get there, each with its reason.

A pure function of what it is given: location, units, road times, settings, clock. The first unit is the one whose
turnout, way to the road, drive and last metres add up to the least, to the millisecond; equal times go to the unit
nearer in a straight line (to the centimetre), then to the lower id, so that the same question always gets the same
answer whatever the order of the units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np

from dispatch.policies import CLOSEST_BY_LINE, CLOSEST_BY_ROAD, ClosestByLine, ClosestByRoad
from dispatch.screening import (
    ExcludedUnit,
    Exclusion,
    Shortfall,
    Standing,
    check_request,
    fix_age_s,
    in_order_of_use,
    plain_standings,
    shortfalls,
    straight_distances_m,
)
from dispatch.settings import DispatchSettings
from dispatch.types import Unit
from gis.types import Location
from routing.types import DrivingTime


class EtaPart(StrEnum):
    """The parts of which an ETA is the sum."""

    DRIVING = "driving"
    TURNOUT = "turnout"
    REACH_ROAD = "reach_road"
    LAST_METRES = "last_metres"
    WAITING = "waiting"


class ReasonKind(StrEnum):
    """Why a unit stands where it stands; `other` is the unit it is held against.

    `ONLY`: no other unit is ranked. `FIRST_AND_NEAREST`: first, and nearest in a straight line too (other: the
    second). `FIRST_NOT_NEAREST`: first, though another is nearer in a straight line (other: the nearest). `LEVEL`:
    the same time as the first, and not nearer. `NEARER_BUT_LATER`: nearer than the first in a straight line, but
    later. `LATER`: later than the first and no nearer (other: the first in all three).
    """

    ONLY = "only"
    FIRST_AND_NEAREST = "first_and_nearest"
    FIRST_NOT_NEAREST = "first_not_nearest"
    LEVEL = "level"
    NEARER_BUT_LATER = "nearer_but_later"
    LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a unit stands where it stands.

    Attributes
    ----------
    kind
        See `ReasonKind`.
    other
        Id of the unit it is held against; None for `ONLY`.
    difference_s
        Seconds between the two arrivals, never negative.
    nearer_m
        Metres by which the later of the two is nearer in a straight line; 0 where it is not.
    cause
        The part of the ETA that makes most of the difference; None where there is no difference.
    """

    kind: ReasonKind
    other: str | None
    difference_s: float
    nearer_m: float
    cause: EtaPart | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedUnit:
    """A unit that can be sent.

    Attributes
    ----------
    rank
        By ETA, from 1.
    unit
        The unit.
    eta_s
        Seconds from the alarm to the target: the sum of the parts, to the millisecond.
    turnout_s, reach_road_s, driving_s, last_metres_s, waiting_s
        The parts, as in `EtaPart`; a unit that is free now waits for nothing.
    behind_s
        Seconds after the first.
    straight_m, straight_rank
        Great-circle metres from fix to target, and the rank by them among all ranked units.
    fix_age_s
        Age of the position fix; None where it is not known (parked at its post).
    reason
        Why it stands where it stands.
    """

    rank: int
    unit: Unit
    eta_s: float
    turnout_s: float
    reach_road_s: float
    driving_s: float
    last_metres_s: float
    behind_s: float
    straight_m: float
    straight_rank: int
    fix_age_s: float | None
    reason: Reason
    waiting_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Every unit exactly once: to be offered, further down, or excluded.

    Attributes
    ----------
    target
        The location asked for.
    ranked
        The first units, as many as were asked for.
    further
        The ranked units beyond that number.
    excluded
        Those that cannot be sent: what was asked for first, then by their would-be ETA.
    shortfalls
        What is lacking; empty when as many units as asked for are ranked.
    """

    target: Location
    ranked: tuple[RankedUnit, ...]
    further: tuple[RankedUnit, ...]
    excluded: tuple[ExcludedUnit, ...]
    shortfalls: tuple[Shortfall, ...]


def rank_units(
    *,
    target: Location,
    units: Sequence[Unit],
    times: Sequence[DrivingTime],
    settings: DispatchSettings,
    now: datetime,
    kind: str | None = None,
    capabilities: frozenset[str] = frozenset(),
    limit: int | None = None,
    standings: Sequence[Standing] | None = None,
) -> Ranking:
    """Rank units by when they reach a location.

    Parameters
    ----------
    target
        Where help is needed.
    units
        All units known, whatever their status.
    times
        Road times from each unit to the target, in the order of the units.
    settings
        Turnout by kind, and the age from which a fix is stale.
    now
        The time, with its zone.
    kind
        Rank this kind only (as `dispatch.vocabulary.unit_kind` spells it), or None for all.
    capabilities
        Rank only units that have all of these.
    limit
        How many units to offer, at least 1; None for all.
    standings
        How each unit stands, in the order of the units, where more is known than their records say (roster,
        expected times). They must agree with `kind` and `capabilities`.

    Raises
    ------
    InputError
        A limit below 1, or the same unit given twice.
    ValueError
        Times that do not match the units in number, or that are no finite numbers.
    """
    check_request(units, limit)
    if standings is None:
        standings = plain_standings(units, kind=kind, capabilities=capabilities, settings=settings, now=now)
    candidates: list[Candidate] = []
    excluded: list[ExcludedUnit] = []
    straight = straight_distances_m(units, standings, target)
    for unit, time, standing, straight_m in zip(units, times, standings, straight, strict=True):
        total_s = time.total_s
        eta_s = None if total_s is None else standing.turnout_s + standing.waiting_s + total_s
        if eta_s is not None and not math.isfinite(eta_s):
            raise ValueError(f"the road time of unit {unit.unit_id} is {total_s}; None says unreachable")
        why = standing.why
        if eta_s is None:
            why = (*why, Exclusion.UNREACHABLE)
        if why:
            excluded.append(
                ExcludedUnit(
                    unit=unit,
                    why=why[0],
                    also=why[1:],
                    missing_capabilities=tuple(sorted(capabilities - unit.capabilities)),
                    eta_s=eta_s,
                    straight_m=straight_m,
                    fix_age_s=fix_age_s(unit, now),
                )
            )
        elif eta_s is not None and time.driving_s is not None:
            parts = {
                EtaPart.DRIVING: time.driving_s,
                EtaPart.TURNOUT: standing.turnout_s,
                EtaPart.REACH_ROAD: time.reach_road_s,
                EtaPart.LAST_METRES: time.last_metres_s,
                EtaPart.WAITING: standing.waiting_s,
            }
            candidates.append(Candidate(unit=unit, eta_s=eta_s, parts=parts, straight_m=straight_m))

    ranked = _ranked(candidates, now)
    offered = len(ranked) if limit is None else limit
    return Ranking(
        target=target,
        ranked=ranked[:offered],
        further=ranked[offered:],
        excluded=in_order_of_use(excluded),
        shortfalls=shortfalls(excluded, found=len(ranked[:offered]), limit=limit, kind=kind, capabilities=capabilities),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A unit that can be sent, before it is compared with the others."""

    unit: Unit
    eta_s: float
    parts: dict[EtaPart, float]
    straight_m: float

    @property
    def eta_ms(self) -> int:
        """Milliseconds, by which units are ordered."""
        return round(self.eta_s * 1000)

    @property
    def straight_cm(self) -> int:
        """Centimetres, which order what arrives together."""
        return round(self.straight_m * 100)


def _ranked(candidates: list[Candidate], now: datetime) -> tuple[RankedUnit, ...]:
    by_id = sorted(candidates, key=lambda one: one.unit.unit_id)
    by_road = _ordered(by_id, CLOSEST_BY_ROAD)
    by_line = _ordered(by_id, CLOSEST_BY_LINE)
    straight_rank = {one.unit.unit_id: rank for rank, one in enumerate(by_line, start=1)}
    return ranked_units(by_road, [straight_rank[one.unit.unit_id] for one in by_road], by_line[:1], now)


def ranked_units(
    by_road: Sequence[Candidate],
    straight_ranks: Sequence[int],
    nearest: Sequence[Candidate],
    now: datetime,
    limit: int | None = None,
) -> tuple[RankedUnit, ...]:
    """Candidates with their reasons.

    Parameters
    ----------
    by_road, straight_ranks
        The first by road, in their order, and the rank of each in a straight line.
    nearest
        The one that is nearest in a straight line, where there is any.
    now
        The time.
    limit
        How many of them to give; None for all.
    """
    return tuple(
        RankedUnit(
            rank=rank,
            unit=one.unit,
            eta_s=one.eta_s,
            turnout_s=one.parts[EtaPart.TURNOUT],
            reach_road_s=one.parts[EtaPart.REACH_ROAD],
            driving_s=one.parts[EtaPart.DRIVING],
            last_metres_s=one.parts[EtaPart.LAST_METRES],
            waiting_s=one.parts[EtaPart.WAITING],
            behind_s=max(0.0, one.eta_s - by_road[0].eta_s),
            straight_m=one.straight_m,
            straight_rank=straight_rank,
            fix_age_s=fix_age_s(one.unit, now),
            reason=_reason_of_first(by_road, nearest[0]) if rank == 1 else _reason(one, by_road[0]),
        )
        for rank, (one, straight_rank) in enumerate(zip(by_road[:limit], straight_ranks, strict=False), start=1)
    )


def _ordered(by_id: list[Candidate], policy: ClosestByRoad | ClosestByLine) -> list[Candidate]:
    eta_ms = np.array([one.eta_ms for one in by_id], dtype=np.int64)
    straight_cm = np.array([one.straight_cm for one in by_id], dtype=np.int64)
    return [by_id[number] for number in policy.order(eta_ms, straight_cm, np.zeros(len(by_id))).tolist()]


def _reason_of_first(by_road: Sequence[Candidate], nearest: Candidate) -> Reason:
    first = by_road[0]
    if nearest.unit is not first.unit:
        return _held_against(ReasonKind.FIRST_NOT_NEAREST, sooner=first, later=nearest, other=nearest)
    if len(by_road) > 1:
        return _held_against(ReasonKind.FIRST_AND_NEAREST, sooner=first, later=by_road[1], other=by_road[1])
    return Reason(kind=ReasonKind.ONLY, other=None, difference_s=0.0, nearer_m=0.0, cause=None)


def _reason(one: Candidate, first: Candidate) -> Reason:
    if one.eta_ms == first.eta_ms:
        kind = ReasonKind.LEVEL
    elif one.straight_cm < first.straight_cm:
        kind = ReasonKind.NEARER_BUT_LATER
    else:
        kind = ReasonKind.LATER
    return _held_against(kind, sooner=first, later=one, other=first)


def _held_against(kind: ReasonKind, *, sooner: Candidate, later: Candidate, other: Candidate) -> Reason:
    return Reason(
        kind=kind,
        other=other.unit.unit_id,
        difference_s=max(0.0, later.eta_s - sooner.eta_s),
        nearer_m=max(0.0, sooner.straight_m - later.straight_m),
        cause=None
        if later.eta_ms == sooner.eta_ms
        else max(later.parts, key=lambda part: later.parts[part] - sooner.parts[part]),
    )
