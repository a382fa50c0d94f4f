"""The loop of `planning.simulation` compiled, for the policies of the house.

Every line stands for one of the plain loop, in the same order of adding, so that the two agree event by event; tests
hold them to it.
"""

# mypy: disable-error-code="untyped-decorator,no-any-return"

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np

ROAD: Final = 0
LINE: Final = 1
COVER: Final = 2

_NO_WAY: Final = 40_000_000_000
_NEVER: Final = 9_000_000_000_000_000
_HOUR_MS: Final = 3_600_000
_WEEK_HOURS: Final = 168

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
def run(
    road: Any, straight: Any, home: Any, hospital_ms: Any, hospital: Any, people: Any, base: Any, on_duty: Any,
    out: int, rolling: int, shifts: Any, waits: bool, joint: bool, move_up: bool, standard: int, powers: Any,
    policy: int, at: Any, place_of: Any, severity: Any, scene: Any, handing: Any,
) -> Any:  # fmt: skip
    """(4, n) unit, sent, arrived, free of every call; -1 where nobody went."""
    n, units = len(at), len(base)
    bases, places = home.shape[1], road.shape[1]
    # The places that each base covers, ascending: most bases cover few.
    offset = np.zeros(bases + 1, dtype=np.int64)
    for row in range(bases):
        offset[row + 1] = offset[row] + (road[row] <= standard - out).sum()
    covered = np.empty(offset[bases], dtype=np.int64)
    for row in range(bases):
        covered[offset[row] : offset[row + 1]] = np.flatnonzero(road[row] <= standard - out)
    goal, origin = base.copy(), base.copy()
    left, back = np.zeros(units, dtype=np.int64), np.zeros(units, dtype=np.int64)
    busy_until = np.full(units, _NEVER, dtype=np.int64)
    made = np.full((4, n), -1, dtype=np.int64)
    waiting = np.empty(n + 1, dtype=np.int64)
    counts = np.zeros(places, dtype=np.int64)
    queue = 0
    call = shift = 0
    while call < n or queue > 0:
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
        came = False
        if free_at == now:
            busy_until[freed] = _NEVER
            goal[freed], left[freed] = base[freed], now
            back[freed] = now + home[origin[freed], base[freed]]
        elif shift_at == now:
            shift += 1
        else:
            # Kept in the order in which calls are served: graver first, then as they came.
            slot = queue
            while slot > 0 and severity[waiting[slot - 1]] < severity[call]:
                waiting[slot] = waiting[slot - 1]
                slot -= 1
            waiting[slot] = call
            queue += 1
            came = True
        hour = now // _HOUR_MS % _WEEK_HOURS
        serving = True
        while serving and queue > 0:
            serving = False
            best_slot, best_unit, best_eta = -1, -1, _NO_WAY
            if policy == COVER:
                _counts(now, -1, busy_until, on_duty, goal, offset, covered, counts)
            for slot in range(queue):
                if best_slot >= 0 and (not joint or severity[waiting[slot]] != severity[waiting[best_slot]]):
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
                if chosen < 0:
                    continue
                eta = _eta(chosen, place, now, road, goal, origin, left, back, out, rolling)
                if best_slot < 0 or eta < best_eta:
                    best_slot, best_unit, best_eta = slot, chosen, eta
            if best_slot >= 0:
                serving = True
                served = waiting[best_slot]
                for slot in range(best_slot, queue - 1):
                    waiting[slot] = waiting[slot + 1]
                queue -= 1
                place = place_of[served]
                arrived = now + best_eta
                free = arrived + scene[served]
                origin[best_unit] = bases + place
                if handing[served] >= 0 and hospital[place] >= 0:
                    free += hospital_ms[place] + handing[served]
                    origin[best_unit] = bases + places + hospital[place]
                busy_until[best_unit] = free
                made[0, served], made[1, served], made[2, served], made[3, served] = best_unit, now, arrived, free
        if came:
            call += 1
            if not waits:
                queue = 0
        elif free_at == now and move_up and busy_until[freed] == _NEVER:
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
    return made
