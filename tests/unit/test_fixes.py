"""Which fixes are believed: the same ones, whatever way they come."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.fixes import WINDOW, Device, Fix, FixFlag, FixRules, Reading, Track, checked_location, estimate_skew
from dispatch.fixes import fixes_of as fixes_of_device
from dispatch.fixes import join as join_track
from gis.errors import InputError
from gis.geodesy import distance_m
from gis.types import Location
from tests.strategies import NOW

RULES = FixRules()
DEVICE = Device(token_hash="ab" * 32, unit_id="AMB-1", kind="ambulance")
HOME = Location(lat=-6.7172, lon=108.5362)
KM = 1 / 111.2
"""Degrees of latitude in one kilometre."""


def fix(after_s: float, north_km: float = 0.0, *, accuracy_m: float | None = 10.0, device: str = "a") -> Fix:
    """A fix some seconds after NOW, some kilometres north of home."""
    time = NOW + timedelta(seconds=after_s)
    return Fix(
        unit_id="AMB-1",
        location=Location(lat=HOME.lat + north_km * KM, lon=HOME.lon),
        fix_time=time,
        device_time=time,
        received_at=time + timedelta(seconds=1),
        device=device,
        source="json",
        accuracy_m=accuracy_m,
        flags=FixFlag.POOR if accuracy_m is not None and accuracy_m > RULES.poor_accuracy_m else FixFlag.NONE,
    )


def join(track: Track, fixes: Sequence[Fix], kind: str = "ambulance") -> tuple[Track, tuple[Fix, ...]]:
    return join_track(track, fixes, kind=kind, rules=RULES)


def after(*fixes: Fix, kind: str = "ambulance") -> Track:
    """The track when fixes come one by one."""
    track = Track()
    for one in fixes:
        track, _ = join(track, [one], kind)
    return track


def place(track: Track) -> float:
    """Kilometres north of home of the current position."""
    assert track.current is not None
    return round((track.current.location.lat - HOME.lat) / KM, 3)


def flags_of(*fixes: Fix) -> list[FixFlag]:
    """Flags that fixes get when they come one by one."""
    track, flags = Track(), []
    for one in fixes:
        track, stored = join(track, [one])
        flags += [kept.flags for kept in stored]
    return flags


def received(*readings: Reading, at: datetime = NOW) -> tuple[Fix, ...]:
    return fixes_of_device(readings, DEVICE, source="json", received_at=at, rules=RULES)


def reading(after_s: float, **fields: float | bool) -> Reading:
    return Reading(location=HOME, device_time=NOW + timedelta(seconds=after_s), **fields)  # type: ignore[arg-type]


# --- order and repeats -------------------------------------------------------------------------------------------


def test_the_newest_fix_is_the_current_one() -> None:
    assert place(after(fix(0, 0), fix(5, 0.1), fix(10, 0.2))) == 0.2


def test_a_late_fix_is_kept_and_never_moves_the_unit_back() -> None:
    track, stored = join(after(fix(0, 0), fix(10, 0.2)), [fix(5, 0.1)])
    assert [kept.flags for kept in stored] == [FixFlag.LATE]
    assert place(track) == 0.2


def test_a_repeat_changes_nothing() -> None:
    track = after(fix(0), fix(5, 0.1))
    again, stored = join(track, [fix(5, 0.1), fix(0)])
    assert again == track
    assert stored == ()
    other_place, stored = join(track, [fix(5, 0.15)])
    assert (other_place, stored) == (track, ())


def test_two_devices_of_a_unit_are_no_repeats_of_each_other() -> None:
    _, stored = join(after(fix(0, device="a")), [fix(0, device="b")])
    assert len(stored) == 1


fix_lists = st.lists(
    st.builds(
        fix,
        st.integers(0, 600),
        st.sampled_from([0.0, 0.1, 0.3, 2.0, 40.0]) | st.floats(-60, 60),
        accuracy_m=st.sampled_from([None, 5.0, 60.0, 500.0, 5000.0]),
        device=st.sampled_from("ab"),
    ),
    min_size=1,
    max_size=45,
    unique_by=lambda one: one.key,
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Fix], list[list[Fix]]]:
    """Fixes, and the same ones in another order, in groups, some of them twice."""
    fixes = draw(fix_lists)
    twice = draw(st.lists(st.sampled_from(fixes), max_size=5))
    shuffled = draw(st.permutations(fixes + twice))
    cuts = sorted(draw(st.sets(st.integers(1, len(shuffled)), max_size=6)) | {0, len(shuffled)})
    return fixes, [shuffled[start:end] for start, end in itertools.pairwise(cuts)]


@given(deliveries())
def test_any_order_and_grouping_of_deliveries_ends_at_the_same_position(
    given_deliveries: tuple[list[Fix], list[list[Fix]]],
) -> None:
    fixes, groups = given_deliveries
    orderly = after(*sorted(fixes, key=lambda one: one.order))
    track = Track()
    stored: list[Fix] = []
    old: set[tuple[datetime, str]] = set()
    for group in groups:
        # The store leaves out what its history has; the track alone remembers no more than its window.
        track, new = join(track, [one for one in group if one.key not in old])
        old |= {one.key for one in new}
        stored += new
    assert [one.key for one in track.recent] == [one.key for one in orderly.recent]
    assert (track.current and track.current.key) == (orderly.current and orderly.current.key)
    assert sorted(one.key for one in stored) == sorted(one.key for one in fixes)


@given(st.data())
def test_on_a_track_that_can_be_the_current_position_never_goes_back(data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, 20), min_size=1, max_size=40))
    fixes = [fix(60 * at, north / 10) for at, north in enumerate(places)]  # at most 2 km a minute
    track = Track()
    newest = fixes[0].fix_time
    for seen, one in enumerate(data.draw(st.permutations(fixes))):
        newest = one.fix_time if seen == 0 else max(newest, one.fix_time)
        track, _ = join(track, [one])
        assert track.current is not None
        assert track.current.fix_time == newest


def test_a_late_fix_takes_the_position_back_only_by_showing_the_newer_one_to_be_wrong() -> None:
    far = fix(20, 1.1)
    track = after(fix(0), far)
    assert place(track) == 1.1
    assert place(join(track, [fix(10, 0.6)])[0]) == 1.1, "on the way there"
    assert place(join(track, [fix(10, -0.5)])[0]) == -0.5, "from there it cannot be reached"

    poor = fix(20, 0.4, accuracy_m=2000)
    assert place(join(after(poor), [fix(10, 0.1)])[0]) == 0.1, "good and recent"
    assert place(join(after(poor), [fix(-200, 0.1)])[0]) == 0.4, "good, but old"


# --- jumps -------------------------------------------------------------------------------------------------------


def test_an_impossible_jump_is_flagged_and_not_believed() -> None:
    fixes = fix(0), fix(5, 0.1), fix(10, 50)
    assert flags_of(*fixes) == [FixFlag.NONE, FixFlag.NONE, FixFlag.JUMP]
    assert place(after(*fixes)) == 0.1


def test_a_jump_is_believed_once_a_second_fix_agrees() -> None:
    assert place(after(fix(0), fix(5, 50), fix(10, 50.1))) == 50.1


def test_two_jumps_to_different_places_are_not_believed() -> None:
    assert place(after(fix(0), fix(5, 50), fix(10, -50))) == 0


def test_after_a_single_jump_the_track_goes_on() -> None:
    fixes = fix(0), fix(5, 50), fix(10, 0.2)
    assert flags_of(*fixes) == [FixFlag.NONE, FixFlag.JUMP, FixFlag.NONE]
    assert place(after(*fixes)) == 0.2


def test_both_accuracies_count_in_a_jump() -> None:
    assert place(after(fix(0, accuracy_m=10), fix(5, 0.6, accuracy_m=10))) == 0
    assert place(after(fix(0, accuracy_m=150), fix(5, 0.6, accuracy_m=150))) == 0.6


def test_the_kind_of_unit_sets_how_fast_it_can_be() -> None:
    fixes = fix(0), fix(60, 4.5)
    assert place(after(*fixes, kind="ambulance")) == 0
    assert place(after(*fixes, kind="helicopter")) == 4.5
    assert place(after(fix(0), fix(60, 2.5), kind="ambulance")) == 2.5
    assert place(after(fix(0), fix(60, 2.5), kind="boat")) == 0


def test_a_wild_fix_that_comes_first_is_given_up_for_what_the_others_say() -> None:
    wild = fix(8, 50)
    orders = list(itertools.permutations([fix(0), fix(5, 0.1), wild, fix(10, 0.2)]))
    assert {place(after(*fixes)) for fixes in orders} == {0.2}


def test_a_track_that_is_wild_to_the_brim_still_ends_where_two_agree() -> None:
    wild = [fix(at, 50 * (at % 7 + 1)) for at in range(WINDOW + 5)]
    assert place(after(*wild, fix(100, 3), fix(105, 3.1))) == 3.1


@given(st.integers(-80, 80), st.integers(-179, 179), st.integers(-80, 80), st.integers(-179, 179))
def test_distances_are_those_of_gis(lat1: int, lon1: int, lat2: int, lon2: int) -> None:
    one, other = replace(fix(0), location=Location(lat=lat1, lon=lon1)), fix(3600)
    other = replace(other, location=Location(lat=lat2, lon=lon2))
    away_m = float(distance_m(lat1, lon1, lat2, lon2))
    for margin_m, possible in ((10.0, True), (-10.0, False)):
        limit_kph = (away_m - 20 + margin_m) / 3601 * 3.6
        assert replace(RULES, default_speed_limit_kph=limit_kph).can_move("x", one, other) is possible


# --- accuracy, validity ------------------------------------------------------------------------------------------


def test_a_poor_fix_is_flagged_by_its_radius() -> None:
    (good, poor) = received(reading(0, accuracy_m=200.0), reading(1, accuracy_m=201.0))
    assert (good.flags, poor.flags) == (FixFlag.NONE, FixFlag.POOR)


def test_a_poor_fix_moves_the_unit_only_where_nothing_better_is_recent() -> None:
    assert place(after(fix(0), fix(120, 0.3, accuracy_m=1000))) == 0
    assert place(after(fix(0), fix(121, 0.3, accuracy_m=1000))) == 0.3
    assert place(after(fix(0, accuracy_m=1000), fix(5, 0.3, accuracy_m=900))) == 0.3


@pytest.mark.parametrize(("field", "flag"), [({"valid": False}, FixFlag.INVALID), ({"mock": True}, FixFlag.MOCK)])
def test_what_the_device_itself_holds_for_wrong_is_history_alone(field: dict[str, bool], flag: FixFlag) -> None:
    (wrong,) = received(reading(5, **field))
    assert wrong.flags == flag
    track, stored = join(after(fix(0, 0.1)), [wrong])
    assert stored == (wrong,)
    assert place(track) == 0.1
    assert join(Track(), [wrong])[0].current is None


@pytest.mark.parametrize(("lat", "lon"), [(0.0, 0.0), (1e-5, -1e-5), (float("nan"), 1.0), (90.1, 0.0), (0.0, -180.1)])
def test_coordinates_that_cannot_be_are_refused(lat: float, lon: float) -> None:
    with pytest.raises(InputError):
        checked_location(lat, lon)


def test_flags_have_words_for_the_api() -> None:
    assert (FixFlag.JUMP | FixFlag.CLOCK_AHEAD).words == ("clock_ahead", "jump")
    assert FixFlag.NONE.words == ()


# --- clocks ------------------------------------------------------------------------------------------------------


def test_a_device_time_within_the_tolerance_is_believed() -> None:
    (one,) = received(reading(60))
    assert (one.fix_time, one.flags) == (NOW + timedelta(seconds=60), FixFlag.NONE)


def test_a_clock_ahead_is_flagged_and_the_time_of_the_server_used() -> None:
    (one,) = received(reading(61))
    assert (one.fix_time, one.device_time) == (NOW, NOW + timedelta(seconds=61))
    assert one.flags == FixFlag.CLOCK_AHEAD


def test_a_reading_without_a_time_is_of_now() -> None:
    (one,) = received(Reading(location=HOME))
    assert (one.fix_time, one.device_time, one.flags) == (NOW, NOW, FixFlag.NONE)


def test_readings_of_a_clock_ahead_keep_their_distance_in_time() -> None:
    hour = 3600.0
    old, new = received(reading(hour - 5400), reading(hour))
    assert new.fix_time == NOW
    assert old.fix_time == NOW - timedelta(seconds=5400)
    assert old.flags == new.flags == FixFlag.CLOCK_AHEAD


def test_one_broken_time_does_not_move_the_others() -> None:
    good, broken = received(reading(-10), reading(86400 * 7000))
    assert (good.fix_time, good.flags) == (NOW - timedelta(seconds=10), FixFlag.NONE)
    assert (broken.fix_time, broken.flags) == (NOW, FixFlag.CLOCK_AHEAD)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=10))
def test_no_fix_counts_as_of_the_future(seconds: list[int]) -> None:
    latest = NOW + RULES.clock_tolerance
    assert all(one.fix_time <= latest for one in received(*(reading(after_s) for after_s in seconds)))


def skewed(seconds: Sequence[float]) -> list[Fix]:
    return [replace(fix(at), received_at=fix(at).device_time - timedelta(seconds=s)) for at, s in enumerate(seconds)]


def test_a_constant_skew_is_found_behind_slow_deliveries() -> None:
    skew = estimate_skew(skewed([3600, 3599.5, 3598, 3599.8, 3000, 3599]))
    assert skew is not None
    assert (skew.seconds, skew.samples, skew.steady) == (3600, 6, True)


def test_slow_deliveries_are_no_steady_skew() -> None:
    skew = estimate_skew(skewed([-1, -600, -500, -400, -300]))
    assert skew is not None
    assert (skew.seconds, skew.steady) == (-1, False)


def test_few_fixes_tell_nothing_of_a_clock() -> None:
    assert estimate_skew(skewed([3600] * 4)) is None
