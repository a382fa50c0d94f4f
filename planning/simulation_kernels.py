"""The loop of `planning.simulation` compiled, for the policies of the house.

Every line stands for one of the plain loop, in the same order of adding, so that the two agree event by event; tests
hold them to it. Where several waiting calls can be served together the loop stops, asks the joint policy, and goes on.
"""

# mypy: disable-error-code="untyped-decorator,no-any-return"

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from planning.calls import Calls
from planning.simulation import Roster, Rules, World

ROAD: Final = 0
LINE: Final = 1
COVER: Final = 2

_NO_WAY: Final = 40_000_000_000
_NEVER: Final = 9_000_000_000_000_000
_HOUR_MS: Final = 3_600_000
_WEEK_HOURS: Final = 168

QUEUE, CALL, SHIFT, NOW, FREED, KIND, RESUMED, _COUNTERS = range(8)
"""Where the loop stands: calls that wait, the next call and shift; the event that is being served when it stops."""

_FREE, _SHIFT, _CALL = range(3)

_compiled: Any = numba.njit(cache=True, nogil=True)


@_compiled
def _eta(
    unit: int, place: int, now: int, road: Any, goal: Any, origin: Any, left: Any, back: Any, out: int, rolling: int
) -> int:
    at_goal = road[goal[unit], place]
    if now >= back[unit]:
        return at_goal + out
    at_origin = road[origin[unit], place]
    if at_origin >= _NO_WAY:
        return back[unit] - now + at_goal + rolling
    if at_goal >= _NO_WAY and now > left[unit]:
        return _NO_WAY
    return (at_origin * (back[unit] - now) + at_goal * (now - left[unit])) // (back[unit] - left[unit]) + rolling


@_compiled
def _straight(unit: int, place: int, now: int, straight: Any, goal: Any, origin: Any, left: Any, back: Any) -> int:
    at_goal = straight[goal[unit], place]
    if now >= back[unit]:
        return at_goal
    at_origin = straight[origin[unit], place]
    return (at_origin * (back[unit] - now) + at_goal * (now - left[unit])) // (back[unit] - left[unit])


@_compiled
def _counts(
    now: int, without: int, busy_until: Any, on_duty: Any, goal: Any, offset: Any, covered: Any, counts: Any
) -> None:
    hour = now // _HOUR_MS % _WEEK_HOURS
    counts[:] = 0
    for unit in range(len(goal)):
        if unit != without and busy_until[unit] == _NEVER and on_duty[unit, hour]:
            row = goal[unit]
            for at in range(offset[row], offset[row + 1]):
                counts[covered[at]] += 1


@_compiled
def _gain(base: int, more: int, counts: Any, offset: Any, covered: Any, people: Any, powers: Any) -> float:
    total = 0.0
    for at in range(offset[base], offset[base + 1]):
        place = covered[at]
        total += people[place] * powers[counts[place] - more]
    return total


@_compiled
def _send(
    slot: int, unit: int, eta: int, now: int, bases: int, places: int, hospital_ms: Any, hospital: Any, origin: Any,
    busy_until: Any, made: Any, waiting: Any, counters: Any, place_of: Any, scene: Any, handing: Any,
) -> None:  # fmt: skip
    served = waiting[slot]
    for later in range(slot, counters[QUEUE] - 1):
        waiting[later] = waiting[later + 1]
    counters[QUEUE] -= 1
    place = place_of[served]
    arrived = now + eta
    free = arrived + scene[served]
    origin[unit] = bases + place
    if handing[served] >= 0 and hospital[place] >= 0:
        free += hospital_ms[place] + handing[served]
        origin[unit] = bases + places + hospital[place]
    busy_until[unit] = free
    made[0, served], made[1, served], made[2, served], made[3, served] = unit, now, arrived, free


@_compiled
def _table(
    now: int, road: Any, on_duty: Any, out: int, rolling: int, goal: Any, origin: Any, left: Any, back: Any,
    busy_until: Any, waiting: Any, queue: int, place_of: Any,
) -> Any:  # fmt: skip
    """(queue, u) times of the units for the waiting calls; `_NO_WAY` for those that cannot go."""
    hour = now // _HOUR_MS % _WEEK_HOURS
    times = np.full((queue, len(goal)), _NO_WAY, dtype=np.int64)
    for unit in range(len(goal)):
        if busy_until[unit] == _NEVER and on_duty[unit, hour]:
            for slot in range(queue):
                times[slot, unit] = _eta(
                    unit, place_of[waiting[slot]], now, road, goal, origin, left, back, out, rolling
                )
    return times


@_compiled
def _advance(
    road: Any, straight: Any, home: Any, hospital_ms: Any, hospital: Any, people: Any, base: Any, on_duty: Any,
    out: int, rolling: int, shifts: Any, waits: bool, joint: bool, move_up: bool, standard: int, powers: Any,
    policy: int, at: Any, place_of: Any, severity: Any, scene: Any, handing: Any, offset: Any, covered: Any,
    goal: Any, origin: Any, left: Any, back: Any, busy_until: Any, made: Any, waiting: Any, counters: Any, counts: Any,
) -> bool:  # fmt: skip
    """Go on until the end (False), or until several calls can be served by several units (True)."""
    n, units = len(at), len(base)
    bases, places = home.shape[1], road.shape[1]
    while counters[CALL] < n or counters[QUEUE] > 0:
        if counters[RESUMED]:
            counters[RESUMED] = 0
            now, freed, kind = counters[NOW], counters[FREED], counters[KIND]
        else:
            call, shift = counters[CALL], counters[SHIFT]
            freed = 0
            for unit in range(1, units):
                if busy_until[unit] < busy_until[freed]:
                    freed = unit
            free_at = busy_until[freed]
            shift_at = shifts[shift] if shift < len(shifts) else _NEVER
            call_at = at[call] if call < n else _NEVER
            now = min(free_at, shift_at, call_at)
            if now == _NEVER:
                break
            if free_at == now:
                kind = _FREE
                busy_until[freed] = _NEVER
                goal[freed], left[freed] = base[freed], now
                back[freed] = now + home[origin[freed], base[freed]]
            elif shift_at == now:
                kind = _SHIFT
                counters[SHIFT] += 1
            else:
                # Kept in the order in which calls are served: graver first, then as they came.
                kind = _CALL
                slot = counters[QUEUE]
                while slot > 0 and severity[waiting[slot - 1]] < severity[call]:
                    waiting[slot] = waiting[slot - 1]
                    slot -= 1
                waiting[slot] = call
                counters[QUEUE] += 1
        hour = now // _HOUR_MS % _WEEK_HOURS
        serving = True
        while serving and counters[QUEUE] > 0:
            serving = False
            queue = counters[QUEUE]
            if policy == COVER:
                _counts(now, -1, busy_until, on_duty, goal, offset, covered, counts)
            best_slot, best_unit, best_eta = -1, -1, _NO_WAY
            if joint and queue > 1:
                times = _table(
                    now, road, on_duty, out, rolling, goal, origin, left, back, busy_until, waiting, queue, place_of
                )
                reached, able = 0, 0
                for slot in range(queue):
                    reached += (times[slot] < _NO_WAY).any()
                for unit in range(units):
                    able += (times[:, unit] < _NO_WAY).any()
                if reached > 1 and able > 1:
                    counters[NOW], counters[FREED], counters[KIND] = now, freed, kind
                    return True
                if reached > 1:
                    # One unit alone: the gravest call that it reaches, and of those the nearest.
                    for slot in range(queue):
                        if best_slot >= 0 and severity[waiting[slot]] != severity[waiting[best_slot]]:
                            break
                        for unit in range(units):
                            if times[slot, unit] < best_eta:
                                best_slot, best_unit, best_eta = slot, unit, times[slot, unit]
            for slot in range(queue):
                if best_slot >= 0:
                    break
                place = place_of[waiting[slot]]
                chosen, key0, key1, key2, key3 = -1, 0, 0.0, 0, 0
                for unit in range(units):
                    if busy_until[unit] != _NEVER or not on_duty[unit, hour]:
                        continue
                    eta = _eta(unit, place, now, road, goal, origin, left, back, out, rolling)
                    if eta >= _NO_WAY:
                        continue
                    line = _straight(unit, place, now, straight, goal, origin, left, back)
                    one0, one1, one2, one3 = 0, 0.0, eta, line
                    if policy == LINE:
                        one2, one3 = line, eta
                    elif policy == COVER:
                        one0 = 1 if eta > standard else 0
                        if one0 == 0:
                            one1 = _gain(goal[unit], 1, counts, offset, covered, people, powers)
                    if chosen < 0 or one0 < key0 or (one0 == key0 and (one1 < key1 or (one1 == key1 and (
                        one2 < key2 or (one2 == key2 and one3 < key3))))):  # fmt: skip
                        chosen, key0, key1, key2, key3 = unit, one0, one1, one2, one3
                if chosen >= 0:
                    best_slot, best_unit = slot, chosen
                    best_eta = _eta(chosen, place, now, road, goal, origin, left, back, out, rolling)
            if best_slot >= 0:
                serving = True
                _send(
                    best_slot, best_unit, best_eta, now, bases, places, hospital_ms, hospital, origin, busy_until, made,
                    waiting, counters, place_of, scene, handing,
                )  # fmt: skip
        if kind == _CALL:
            counters[CALL] += 1
            if not waits:
                counters[QUEUE] = 0
        elif kind == _FREE and move_up and busy_until[freed] == _NEVER:
            _counts(now, freed, busy_until, on_duty, goal, offset, covered, counts)
            best, most = base[freed], -1.0
            for other in range(bases):
                if home[origin[freed], other] >= _NO_WAY:
                    continue
                gain = _gain(other, 0, counts, offset, covered, people, powers)
                if gain > most:
                    best, most = other, gain
            goal[freed] = best
            back[freed] = now + home[origin[freed], best]
    return False


def run(
    world: World, roster: Roster, rules: Rules, policy: int, calls: Calls, shifts: Any, powers: Any
) -> npt.NDArray[np.int64]:
    """(4, n) unit, sent, arrived, free of every call; -1 where nobody went.

    Parameters
    ----------
    world, roster, rules, calls
        As for `planning.simulation.simulate`.
    policy
        `ROAD`, `LINE` or `COVER`.
    shifts
        Milliseconds at which somebody comes on duty.
    powers
        What the k-th unit near a place adds, by k.
    """
    road, base = world.road_ms, roster.base
    bases, places, units, n = world.base_count, world.place_count, len(base), len(calls)
    # The places that each base covers, ascending: most bases cover few.
    covers = road[:bases] <= rules.standard_ms - roster.turnout_ms
    offset = np.concatenate([[0], np.cumsum(covers.sum(axis=1))]).astype(np.int64)
    covered = np.nonzero(covers)[1].astype(np.int64)
    goal, origin = base.copy(), base.copy()
    left, back = np.zeros(units, dtype=np.int64), np.zeros(units, dtype=np.int64)
    busy_until = np.full(units, _NEVER, dtype=np.int64)
    made = np.full((4, n), -1, dtype=np.int64)
    waiting = np.empty(n + 1, dtype=np.int64)
    counters = np.zeros(_COUNTERS, dtype=np.int64)
    counts = np.zeros(places, dtype=np.int64)
    out, rolling = roster.turnout_ms, roster.rolling_turnout_ms
    joint = rules.joint
    while _advance(
        road, world.straight_cm, world.home_ms, world.hospital_ms, world.hospital, world.people, base, roster.on_duty,
        out, rolling, shifts, rules.waits, joint is not None, rules.move_up, rules.standard_ms, powers, policy,
        calls.at_ms, calls.place, calls.severity, calls.on_scene_ms, calls.at_hospital_ms, offset, covered, goal,
        origin, left, back, busy_until, made, waiting, counters, counts,
    ):  # fmt: skip
        assert joint is not None
        now, queue = int(counters[NOW]), int(counters[QUEUE])
        times = _table(
            now, road, roster.on_duty, out, rolling, goal, origin, left, back, busy_until, waiting, queue, calls.place
        )
        rows = np.flatnonzero((times < _NO_WAY).any(axis=1)).tolist()
        chosen = joint.assign(
            [[eta if eta < _NO_WAY else None for eta in times[row].tolist()] for row in rows],
            calls.severity[waiting[rows]].tolist(),
        )
        # From the back, for those behind a slot move up when it is served.
        for row, unit in reversed(list(zip(rows, chosen, strict=True))):
            if unit is not None:
                _send(
                    row, unit, int(times[row, unit]), now, bases, places, world.hospital_ms, world.hospital, origin,
                    busy_until, made, waiting, counters, calls.place, calls.on_scene_ms, calls.at_hospital_ms,
                )  # fmt: skip
        counters[RESUMED] = 1
    return made
