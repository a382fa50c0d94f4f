"""Rules of rosters."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.roster import EVERY_DAY, Shift, on_duty

JAKARTA = ZoneInfo("Asia/Jakarta")
MONDAY = datetime(2026, 8, 3, tzinfo=JAKARTA)

clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59))
shifts = st.builds(Shift, days=st.frozensets(st.integers(0, 6), min_size=1), start=clocks, end=clocks)
moments = st.integers(0, 14 * 24 * 60).map(lambda minutes: MONDAY + timedelta(minutes=minutes))


def test_a_unit_without_a_roster_is_always_on_duty() -> None:
    assert on_duty((), MONDAY, JAKARTA)


@pytest.mark.parametrize(("hour", "minute", "expected"), [(6, 59, False), (7, 0, True), (18, 59, True), (19, 0, False)])
def test_a_shift_begins_at_its_start_and_is_over_at_its_end(hour: int, minute: int, expected: bool) -> None:
    day = Shift(days=frozenset({0}), start=time(7), end=time(19))
    assert on_duty([day], MONDAY.replace(hour=hour, minute=minute), JAKARTA) is expected


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    night = Shift(days=frozenset({4}), start=time(19), end=time(7))
    friday = MONDAY + timedelta(days=4)
    duty = [on_duty([night], friday + timedelta(hours=hours), JAKARTA) for hours in (6, 18, 19, 24, 30, 31)]
    assert duty == [False, False, True, True, True, False]


def test_the_night_from_sunday_to_monday_is_one_shift() -> None:
    night = Shift(days=frozenset({6}), start=time(22), end=time(6))
    assert on_duty([night], MONDAY.replace(hour=5, minute=59), JAKARTA)
    assert not on_duty([night], MONDAY.replace(hour=22), JAKARTA)


def test_equal_start_and_end_are_24_hours() -> None:
    whole = Shift(days=frozenset({0}), start=time(8), end=time(8))
    assert [on_duty([whole], MONDAY + timedelta(hours=h), JAKARTA) for h in (7, 8, 31, 32)] == [
        False,
        True,
        True,
        False,
    ]


def test_hours_are_those_of_the_region_and_not_utc() -> None:
    morning = Shift(days=frozenset({0}), start=time(0), end=time(6))
    assert on_duty([morning], datetime(2026, 8, 2, 20, tzinfo=UTC), JAKARTA)  # Monday 03:00 in Jakarta
    assert not on_duty([morning], datetime(2026, 8, 3, 3, tzinfo=UTC), JAKARTA)
    assert on_duty([morning], datetime(2026, 8, 2, 20, tzinfo=UTC), ZoneInfo("Asia/Jayapura"))


def test_a_shift_without_days_and_a_time_without_a_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="days of a shift"):
        Shift(days=frozenset(), start=time(7), end=time(19))
    with pytest.raises(ValueError, match="needs its zone"):
        on_duty((), datetime(2026, 8, 3), JAKARTA)


@given(shift=shifts, at=moments)
def test_a_shift_and_its_complement_cover_every_moment_once(shift: Shift, at: datetime) -> None:
    """On the days of a shift, the hours that it leaves are those of the shift from its end to its start."""
    daily = Shift(days=EVERY_DAY, start=shift.start, end=shift.end)
    rest = Shift(days=EVERY_DAY, start=shift.end, end=shift.start)
    if shift.start == shift.end:
        assert on_duty([daily], at, JAKARTA)
    else:
        assert on_duty([daily], at, JAKARTA) != on_duty([rest], at, JAKARTA)


@given(shift=shifts, at=moments)
def test_duty_is_what_counting_the_minutes_of_each_shift_gives(shift: Shift, at: datetime) -> None:
    start = shift.start.hour * 60 + shift.start.minute
    lasts = (shift.end.hour * 60 + shift.end.minute - start) % (24 * 60) or 24 * 60
    begins = [
        MONDAY + timedelta(days=day, minutes=start)
        for day in range(-1, 16)
        if (MONDAY + timedelta(days=day)).weekday() in shift.days
    ]
    slow = any(begin <= at < begin + timedelta(minutes=lasts) for begin in begins)
    assert on_duty([shift], at.astimezone(UTC), JAKARTA) is slow


@given(roster=st.lists(shifts, min_size=1, max_size=4), at=moments)
def test_duty_is_duty_in_any_of_the_shifts_whatever_their_order(roster: list[Shift], at: datetime) -> None:
    answer = on_duty(roster, at, JAKARTA)
    assert answer == any(on_duty([one], at, JAKARTA) for one in roster)
    assert answer == on_duty(roster[::-1], at, JAKARTA)
