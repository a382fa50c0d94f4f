"""A year of calls under a plan and a policy: discrete events, one plain loop.

Three things happen: a call comes, a unit becomes free, a shift begins. At each, calls that wait are served by severity,
within a severity in the order of their coming, and the policy says which unit goes. The policy is the console's own
object (`dispatch.policies`), seen here through a Protocol.

*Where a unit is.* A unit is at its base, busy, or on its way to its base. One that is called on its way stands between
where it set out and where it goes: after a part f of the way its time to a place is (1 - f) times that from the one end
plus f times that from the other, in whole milliseconds; with no road from where it set out, it first goes to its base.
A crew on the road needs no turnout but `rolling_turnout_ms`.

*Moving up.* With `move_up`, a unit that becomes free goes to the base where it adds the most expected cover, counting
free units by the base they are at or go to (DMEXCLP: C. J. Jagtenberg, S. Bhulai and R. D. van der Mei, An efficient
heuristic for real-time ambulance redeployment, Operations Research for Health Care 4 (2015), 27-35).

*Joint.* With `joint`, several waiting calls that free units can reach are served together, by the console's joint
assignment (`dispatch.joint_policy`, seen here through a Protocol): no graver call waits for a lesser, and then the sum
of severity times arrival is least. One call alone is served by the policy.

`planning.simulation_kernels` has the same loop compiled, for the policies of the house; the two agree event by event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from gis.errors import N_
from planning.calls import HOUR_MS, WEEK_HOURS, Calls
from planning.errors import PlanningInputError, TimesShapeError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

NO_WAY: Final = 40_000_000_000
"""Milliseconds where no road leads: beyond every horizon, and small enough to be multiplied."""

NEVER: Final = 9_000_000_000_000_000


class Policy(Protocol):
    """Which unit goes."""

    def order(self, eta_ms: IntArray, straight_cm: IntArray, lost: FloatArray) -> IntArray:
        """(n,) numbers of the candidates, the first to be sent first; see `dispatch.policies`."""
        ...


class JointPolicy(Protocol):
    """Which units serve several calls at once."""

    def assign(
        self, arrival_ms: Sequence[Sequence[int | None]], weights: Sequence[int], waits: Sequence[bool] = ()
    ) -> tuple[int | None, ...]:
        """(n,) number of the unit of each call, None where it waits on; see `dispatch.joint_policy`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """Places and times: b bases, v demand points, h hospitals, in this order the p = b + v + h places.

    Attributes
    ----------
    road_ms
        (p, v) whole milliseconds from every place to every demand point; `NO_WAY` where no road leads.
    straight_cm
        (p, v) centimetres in a straight line.
    home_ms
        (p, b) from every place to every base.
    hospital_ms, hospital
        (v,) to the hospital of each demand point, and its number; `NO_WAY` and -1 where there is none.
    people
        (v,) for the cost of cover and for moving up.
    """

    road_ms: IntArray
    straight_cm: IntArray
    home_ms: IntArray
    hospital_ms: IntArray
    hospital: IntArray
    people: FloatArray

    def __post_init__(self) -> None:
        p, v = self.road_ms.shape
        b = self.home_ms.shape[1]
        shapes = (self.straight_cm.shape, self.home_ms.shape, self.hospital_ms.shape, self.hospital.shape)
        if shapes != ((p, v), (p, b), (v,), (v,)) or self.people.shape != (v,) or not 0 < b <= p - v:
            raise TimesShapeError(N_("The tables of times between bases, demand points and hospitals do not match."))
        if (self.road_ms < 0).any() or (self.home_ms < 0).any() or (self.hospital_ms < 0).any():
            raise PlanningInputError(N_("A travel time is negative; times are seconds from 0."))

    @property
    def base_count(self) -> int:
        """Number of bases b."""
        return int(self.home_ms.shape[1])

    @property
    def place_count(self) -> int:
        """Number of demand points v."""
        return int(self.road_ms.shape[1])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Roster:
    """Units and when they work.

    Attributes
    ----------
    base
        (u,) number of the base of each unit, in the order of the units' ids.
    on_duty
        (u, 168) whether it takes calls in an hour of the week; one that has begun a call ends it.
    turnout_ms, rolling_turnout_ms
        From the alarm to wheels rolling, at the base and on the road.
    """

    base: IntArray
    on_duty: BoolArray
    turnout_ms: int
    rolling_turnout_ms: int = 0

    def __post_init__(self) -> None:
        if not len(self.base):
            raise PlanningInputError(N_("There are no units; a simulation needs at least one."))
        if self.on_duty.shape != (len(self.base), WEEK_HOURS):
            raise PlanningInputError(N_("The roster needs 168 hours for every unit."))
        if not self.on_duty.any():
            raise PlanningInputError(N_("No unit is on duty in any hour of the week."))

    @classmethod
    def always(cls, base: IntArray, *, turnout_ms: int, rolling_turnout_ms: int = 0) -> Roster:
        """Everybody at every hour."""
        return cls(
            base=np.asarray(base, dtype=np.int64), on_duty=np.ones((len(base), WEEK_HOURS), dtype=np.bool_),
            turnout_ms=turnout_ms, rolling_turnout_ms=rolling_turnout_ms,
        )  # fmt: skip

    def shifts_ms(self, until_ms: int) -> IntArray:
        """Milliseconds at which somebody comes on duty, up to a time and a week beyond."""
        comes = (self.on_duty & ~np.roll(self.on_duty, 1, axis=1)).any(axis=0)
        hours = np.arange(until_ms // HOUR_MS + WEEK_HOURS + 1)
        chosen = np.asarray(comes, dtype=np.bool_)[hours % WEEK_HOURS]
        return np.asarray(hours[chosen] * HOUR_MS, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How calls are served beside the policy.

    Attributes
    ----------
    waits
        Whether a call waits when nobody can go; without it the call is lost (a neighbour takes it).
    joint
        Serves several waiting calls together; None: by severity, then as they came.
    move_up
        See the module.
    standard_ms, busy_fraction
        For the cost of cover and for moving up.
    """

    waits: bool = True
    joint: JointPolicy | None = None
    move_up: bool = False
    standard_ms: int = 900_000
    busy_fraction: float = 0.3

    def __post_init__(self) -> None:
        if self.standard_ms <= 0:
            raise PlanningInputError(
                N_("The standard is {seconds} seconds; it must be more than 0, such as 900 for 15 minutes."),
                seconds=self.standard_ms / 1000,
            )
        if not 0 <= self.busy_fraction < 1:
            raise PlanningInputError(
                N_("The busy fraction is {q}; it must be from 0 to below 1 (0.3 is three tenths of the time)."),
                q=self.busy_fraction,
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """What became of n calls.

    Attributes
    ----------
    unit
        (n,) who went; -1 where nobody did.
    sent_ms, arrived_ms, free_ms
        (n,) when; -1 where nobody went.
    """

    unit: IntArray
    sent_ms: IntArray
    arrived_ms: IntArray
    free_ms: IntArray


def simulate(world: World, roster: Roster, rules: Rules, policy: Policy, calls: Calls) -> Outcome:
    """Serve calls one by one, under any policy."""
    return _Loop(world, roster, rules, policy, calls).run()


class _Loop:
    def __init__(self, world: World, roster: Roster, rules: Rules, policy: Policy, calls: Calls) -> None:
        self.world, self.roster, self.rules, self.policy, self.calls = world, roster, rules, policy, calls
        count = len(roster.base)
        self.goal = [int(base) for base in roster.base]  # base where it is or goes
        self.origin = list(self.goal)  # place where it set out
        self.left = [0] * count
        self.back = [0] * count  # when it is at its base
        self.busy_until = [NEVER] * count  # NEVER: free
        self.waiting: list[int] = []
        self.covers = world.road_ms[: world.base_count] <= rules.standard_ms - roster.turnout_ms
        self.powers = [(1 - rules.busy_fraction) * rules.busy_fraction**k for k in range(count + 1)]
        self.made = np.full((4, len(calls)), -1, dtype=np.int64)

    def run(self) -> Outcome:
        shifts = self.roster.shifts_ms(int(self.calls.at_ms[-1]) if len(self.calls) else 0).tolist()
        arrivals = self.calls.at_ms.tolist()
        call = shift = 0
        while call < len(arrivals) or self.waiting:
            freed = min(range(len(self.goal)), key=lambda unit: (self.busy_until[unit], unit))
            times = (
                self.busy_until[freed],
                shifts[shift] if shift < len(shifts) else NEVER,
                arrivals[call] if call < len(arrivals) else NEVER,
            )
            now = min(times)
            if now == NEVER:
                break  # whoever still waits can be reached by nobody
            if times[0] == now:
                self._free(freed, now)
            elif times[1] == now:
                shift += 1
                self._serve(now)
            else:
                self.waiting.append(call)
                self._serve(now)
                if not self.rules.waits:
                    self.waiting.clear()
                call += 1
        unit, sent, arrived, free = self.made
        return Outcome(unit=unit, sent_ms=sent, arrived_ms=arrived, free_ms=free)

    def _free(self, unit: int, now: int) -> None:
        self.busy_until[unit] = NEVER
        home = int(self.roster.base[unit])
        self._set_out(unit, home, now)
        self._serve(now)
        if self.rules.move_up and self.busy_until[unit] == NEVER:
            self._set_out(unit, self._best_base(unit, now), now)

    def _set_out(self, unit: int, base: int, now: int) -> None:
        self.goal[unit], self.left[unit] = base, now
        self.back[unit] = now + int(self.world.home_ms[self.origin[unit], base])

    def _best_base(self, unit: int, now: int) -> int:
        beside = self._cover_counts(now, without=unit)
        best, most = int(self.roster.base[unit]), -1.0
        for base in range(self.world.base_count):
            if self.world.home_ms[self.origin[unit], base] >= NO_WAY:
                continue
            gain = 0.0
            for place in range(self.world.place_count):
                if self.covers[base, place]:
                    gain += float(self.world.people[place]) * self.powers[beside[place]]
            if gain > most:
                best, most = base, gain
        return best

    def _serve(self, now: int) -> None:
        """Give waiting calls to free units until nobody is left of the one or the other."""
        while pairs := self._next_pairs(now):
            for call, unit in pairs:
                self._send(call, unit, now)

    def _next_pairs(self, now: int) -> list[tuple[int, int]]:
        """Who is sent next; with `joint` all at once, else the first."""
        waiting = sorted(self.waiting, key=lambda one: (-int(self.calls.severity[one]), one))
        if self.rules.joint is not None:
            units = self._candidates(now)
            table = [[self._eta(unit, int(self.calls.place[call]), now) for unit in units] for call in waiting]
            rows = [row for row, times in enumerate(table) if any(eta < NO_WAY for eta in times)]
            if len(rows) > 1:
                weights = [int(self.calls.severity[waiting[row]]) for row in rows]
                chosen = self.rules.joint.assign(
                    [[eta if eta < NO_WAY else None for eta in table[row]] for row in rows], weights
                )
                return [(waiting[row], units[unit]) for row, unit in zip(rows, chosen, strict=True) if unit is not None]
        for call in waiting:
            unit = self._choose(call, now)
            if unit is not None:
                return [(call, unit)]
        return []

    def _candidates(self, now: int) -> list[int]:
        hour = now // HOUR_MS % WEEK_HOURS
        return [
            unit for unit in range(len(self.goal)) if self.busy_until[unit] == NEVER and self.roster.on_duty[unit, hour]
        ]

    def _choose(self, call: int, now: int) -> int | None:
        place = int(self.calls.place[call])
        units = [unit for unit in self._candidates(now) if self._eta(unit, place, now) < NO_WAY]
        if not units:
            return None
        counts = self._cover_counts(now)
        first = self.policy.order(
            np.array([self._eta(unit, place, now) for unit in units], dtype=np.int64),
            np.array([self._straight(unit, place, now) for unit in units], dtype=np.int64),
            np.array([self._lost(unit, counts) for unit in units], dtype=np.float64),
        )[0]
        return units[int(first)]

    def _eta(self, unit: int, place: int, now: int) -> int:
        at_goal = int(self.world.road_ms[self.goal[unit], place])
        if now >= self.back[unit]:
            return at_goal + self.roster.turnout_ms
        at_origin = int(self.world.road_ms[self.origin[unit], place])
        if at_origin >= NO_WAY:
            return self.back[unit] - now + at_goal + self.roster.rolling_turnout_ms
        if at_goal >= NO_WAY and now > self.left[unit]:
            return NO_WAY
        return self._between(unit, at_origin, at_goal, now) + self.roster.rolling_turnout_ms

    def _straight(self, unit: int, place: int, now: int) -> int:
        at_goal = int(self.world.straight_cm[self.goal[unit], place])
        if now >= self.back[unit]:
            return at_goal
        return self._between(unit, int(self.world.straight_cm[self.origin[unit], place]), at_goal, now)

    def _between(self, unit: int, at_origin: int, at_goal: int, now: int) -> int:
        left, back = self.left[unit], self.back[unit]
        return (at_origin * (back - now) + at_goal * (now - left)) // (back - left)

    def _cover_counts(self, now: int, without: int = -1) -> list[int]:
        counts = [0] * self.world.place_count
        for unit in self._candidates(now):
            if unit != without:
                for place in range(self.world.place_count):
                    counts[place] += int(self.covers[self.goal[unit], place])
        return counts

    def _lost(self, unit: int, counts: list[int]) -> float:
        lost = 0.0
        for place in range(self.world.place_count):
            if self.covers[self.goal[unit], place]:
                lost += float(self.world.people[place]) * self.powers[counts[place] - 1]
        return lost

    def _send(self, call: int, unit: int, now: int) -> None:
        self.waiting.remove(call)
        place = int(self.calls.place[call])
        arrived = now + self._eta(unit, place, now)
        free = arrived + int(self.calls.on_scene_ms[call])
        self.origin[unit] = self.world.base_count + place
        if self.calls.at_hospital_ms[call] >= 0 and self.world.hospital[place] >= 0:
            free += int(self.world.hospital_ms[place] + self.calls.at_hospital_ms[call])
            self.origin[unit] = self.world.base_count + self.world.place_count + int(self.world.hospital[place])
        self.busy_until[unit] = free
        self.made[:, call] = unit, now, arrived, free
