"""Profiles, who drives by which, exemptions of agencies and rush hours in region.toml."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gis.errors import InputError, SourceError
from routing.network import ROAD_CLASSES
from routing.profile import DEFAULT_PROFILES, Exemption
from routing.settings import RoutingSettings, own_toml
from routing.speed_factors import HOURS, SpeedFactors, class_factors, hour_of_week, metric_hour

TEXT = """
[routing.profiles.fire_engine]
width_m = 2.1
closed_classes = ["track"]
[routing.profiles.fire_engine.barriers_s]
gate = 90

[routing.profiles.jeep]
like = "ambulance"
ford = "open"

[routing.vehicles]
rescue = "jeep"

[routing.agencies."Damkar Kabupaten"]
exemptions = ["oneway_against", "restrictions_ignored"]

[[routing.hours]]
name = "pagi"
days = ["mon", "fri"]
from = 6
to = 8
factor = 0.8
classes = { primary = 0.5 }

[[routing.hours]]
days = ["sun"]
from = 22
to = 2
factor = 0.9
"""
READ = RoutingSettings.from_table(tomllib.loads(TEXT)["routing"], source="r.toml")


def test_a_region_changes_a_default_profile_entry_by_entry():
    engine, default = READ.profile("fire_engine"), DEFAULT_PROFILES["fire_engine"]
    assert (engine.width_m, engine.height_m) == (2.1, default.height_m)
    assert engine.barriers_s == {**default.barriers_s, "gate": 90.0}
    assert engine.closed_classes == {"track"}
    assert READ.profile("motorcycle") == DEFAULT_PROFILES["motorcycle"]


def test_a_profile_of_a_new_name_begins_as_another():
    jeep, ambulance = READ.profile("jeep"), DEFAULT_PROFILES["ambulance"]
    assert (jeep.name, jeep.width_m, jeep.ford) == ("jeep", ambulance.width_m, "open")


@pytest.mark.parametrize(
    ("kind", "agency", "key"),
    [
        ("ambulance", "PSC 119", "ambulance+emergency_yes"),
        ("rescue", "PSC 119", "jeep+emergency_yes"),
        ("fire_engine", "damkar-kabupaten", "fire_engine+emergency_yes+oneway_against+restrictions_ignored"),
        ("rescue", "DAMKAR  kabupaten", "jeep+emergency_yes+oneway_against+restrictions_ignored"),
        ("balloon", "", "ambulance+emergency_yes"),
    ],
)
def test_a_unit_drives_by_the_profile_of_its_kind_with_what_its_agency_is_granted(kind, agency, key):
    profile = READ.profile_of(kind, agency)
    assert profile.key == key
    assert READ.profile(key) == profile


def test_without_a_word_of_it_nobody_breaks_a_rule():
    for profile in DEFAULT_PROFILES.values():
        assert profile.exemptions == {Exemption.EMERGENCY_YES}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[routing.profiles.x]\nspeed = 3",
            r"\[routing\.profiles\.x\] has the unknown key 'speed'; the keys are like, ",
        ),
        (
            "[routing.profiles.x]\nlike = 'y'",
            r"like under \[routing\.profiles\.x\] is 'y', which is no profile above it",
        ),
        ("[routing.profiles.'X Y']\n", r"the profile 'X Y' has a name that cannot be used"),
        (
            "[routing.profiles]\nx = 3",
            r"profiles\.x under \[routing\] is not a table; write it as \[routing\.profiles\.x\]",
        ),
        (
            "[routing.profiles.x]\nwidth_m = 0",
            r"width_m under \[routing\.profiles\.x\] is 0; .* metres from 0\.01 to 100\.",
        ),
        ("[routing.profiles.x]\nwidth_m = inf", r"is inf; it must be a number of metres"),
        ("[routing.profiles.x]\nweight_t = -3", r"weight_t .* is -3; it must be a number of tonnes"),
        ("[routing.profiles.x]\nspeed_factor = 0", r"speed_factor .* is 0; it must be a number from 0\.05 to 3\."),
        (
            "[routing.profiles.x]\nlocked_s = nan",
            r"locked_s .* is nan; it must be a number of seconds from 0 to 3600\.",
        ),
        ("[routing.profiles.x]\nturn_round_s = 900", r"turn_round_s .* is 900; .* from 0 to 120\."),
        (
            "[routing.profiles.x]\nford = 'deep'",
            r"ford .* is 'deep'; it must be one of \"closed\", \"slow\", \"open\"\.",
        ),
        ("[routing.profiles.x]\nferries = 1", r"ferries .* is 1; it must be true or false\."),
        ("[routing.profiles.x]\nspeeds_kph = 3", r"write it as \[routing\.profiles\.x\.speeds_kph\]\."),
        (
            "[routing.profiles.x.speeds_kph]\nroad = -5",
            r"road under \[routing\.profiles\.x\.speeds_kph\] is -5; .* from 1",
        ),
        ("[routing.profiles.x.speeds_kph]\nstreet = 5", r"has the unknown word 'street'; it knows motorway, "),
        (
            "[routing.profiles.x.surface_kph]\nmud = 0.5",
            r"mud .* is 0\.5; it must be 0, which closes such roads, or from 1",
        ),
        ("[routing.profiles.x.barriers_s]\ngnome = 5", r"has the unknown word 'gnome'; it knows unknown, bollard"),
        (
            "[routing.profiles.x]\npasses = 'bollard'",
            r"passes .* is 'bollard'; write a list, such as \[\"unknown\"\]\.",
        ),
        ("[routing.profiles.x]\nexemptions = ['fly']", r"exemptions .* has 'fly'; it knows emergency_yes, bus_lanes, "),
        ("[routing.vehicles]\nrescue = 'tank'", r"rescue under \[routing\.vehicles\] is 'tank', which is no profile; "),
        ("[routing.vehicles]\nrescue = ['jeep']", r"rescue under .* is \['jeep'\], which is no profile"),
        ("[routing.profiles.x]\nlike = ['a']", r"like under \[routing\.profiles\.x\] is \['a'\], which is no profile"),
        ("[routing]\ndefault_profile = ['a']", r"default_profile under \[routing\] is \['a'\], which is no profile"),
        ("[routing.vehicles]\nrescue = 3", r"rescue under \[routing\.vehicles\] is 3, which is no profile"),
        (
            "[routing.agencies.d]\nexempt = []",
            r"\[routing\.agencies\.d\] has the unknown key 'exempt'; the key is exemptions",
        ),
        (
            "[routing.agencies.d]\nexemptions = ['all']",
            r"exemptions under \[routing\.agencies\.d\] has 'all'; it knows",
        ),
        (
            "[routing.hours]\nfrom = 3",
            r"hours under \[routing\] is no list of tables; write each as \[\[routing\.hours\]\]\.",
        ),
        (
            "[[routing.hours]]\nfrom = 3",
            r"to of \[\[routing\.hours\]\] number 1 is None; it must be a whole hour from 0 to 24",
        ),
        ("[[routing.hours]]\nfrom = 3\nto = 3", r"number 1 begins and ends at 3; let it last for at least an hour\."),
        ("[[routing.hours]]\nfrom = 3\nto = 25", r"to of .* is 25; it must be a whole hour"),
        (
            "[[routing.hours]]\nfrom = 3\nto = 4\ndays = ['senin']",
            r"days of .* is \['senin'\]; write a list of mon, tue",
        ),
        (
            "[[routing.hours]]\nfrom = 3\nto = 4\nfactor = 0",
            r"factor of .* is 0; it must be a number from 0\.05 to 3\.",
        ),
        ("[[routing.hours]]\nfrom = 3\nto = 4\nfactor = inf", r"factor of .* is inf"),
        ("[[routing.hours]]\nfrom = 3\nto = 4\nclasses = { path = 0.5 }", r"has the unknown road class 'path'"),
        ("[[routing.hours]]\nfrom = 3\nto = 4\nclasses = { primary = -1 }", r"primary of .* is -1"),
        ("[[routing.hours]]\nfrom = 3\nto = 4\nspeed = 1", r"has the unknown key 'speed'; the keys are name, days, "),
        ("[routing]\ndefault_profile = 'tank'", r"default_profile under \[routing\] is 'tank', which is no profile; "),
    ],
)
def test_a_bad_profile_setting_is_told_in_one_sentence(text, sentence):
    with pytest.raises(SourceError, match=sentence) as told:
        RoutingSettings.from_table(tomllib.loads(text)["routing"], source="r.toml")
    assert str(told.value).startswith("r.toml: ")
    assert str(told.value).endswith(".")
    assert "\n" not in str(told.value)


def test_what_an_owner_writes_for_a_new_region_is_checked_and_kept_as_it_is():
    assert own_toml(TEXT, source="own.toml") == TEXT
    for text, sentence in (
        ("x = ", r"own\.toml is not valid TOML: "),
        ("[dispatch]\nx = 1", r"own\.toml: dispatch cannot stand here; write tables of routing\.profiles, "),
        ("[routing]\nmaxspeed = 'cap'", r"own\.toml: routing\.maxspeed cannot stand here; "),
        ("[routing.vehicles]\nrescue = 'tank'", r"own\.toml: rescue under \[routing\.vehicles\]"),
    ):
        with pytest.raises(SourceError, match=sentence):
            own_toml(text, source="own.toml")


# --- hours of the week -------------------------------------------------------------------------------------------

JAKARTA = ZoneInfo("Asia/Jakarta")


def test_the_hour_of_the_week_is_local_and_begins_on_monday():
    assert hour_of_week(datetime(2026, 1, 25, 17, 0, tzinfo=UTC), JAKARTA) == 0  # Monday midnight
    assert hour_of_week(datetime(2026, 1, 25, 16, 59, tzinfo=UTC), JAKARTA) == HOURS - 1
    with pytest.raises(ValueError, match="without its zone"):
        hour_of_week(datetime(2026, 1, 25, 17, 0), JAKARTA)


def test_rush_hours_pass_midnight_into_the_next_day():
    sunday_night = READ.hours[1]
    assert sunday_night.hours == {6 * 24 + 22, 6 * 24 + 23, 0, 1}


def test_of_rush_hours_that_overlap_the_slowest_counts():
    primary, service, ferry = (ROAD_CLASSES.index(name) for name in ("primary", "service", "ferry"))
    more = (*READ.hours, READ.hours[0].__class__(name="", hours=frozenset({6}), factor=0.6, classes={}))
    assert class_factors(more, 6)[[primary, service, ferry]].tolist() == [0.5, 0.6, 1.0]
    assert class_factors(more, 7)[[primary, service]].tolist() == [0.5, 0.8]
    assert (class_factors(more, None) == 1).all()


def test_hours_alike_share_one_metric():
    named = {hour: metric_hour(READ.hours, hour) for hour in range(HOURS)}
    assert {hour for hour, name in named.items() if name is not None} == READ.hours[0].hours | READ.hours[1].hours
    assert set(named.values()) == {None, 0, 6}
    for hour, name in named.items():
        assert (class_factors(READ.hours, hour) == class_factors(READ.hours, name)).all()
    bins = np.zeros(HOURS, dtype=np.uint8)
    bins[100] = 1
    learnt = SpeedFactors.neutral(["a"], bins)
    assert metric_hour((), 100, learnt) is None
    learnt.factor[3, 0, 1] = 0.5
    assert metric_hour((), 100, learnt) == 100
    assert metric_hour((), 99, learnt) is None


# --- learnt factors ----------------------------------------------------------------------------------------------


def test_learnt_factors_come_back_from_json():
    bins = np.arange(HOURS, dtype=np.uint8) % 3
    learnt = SpeedFactors.neutral(["32.09.01", "32.09.02"], bins)
    learnt.factor[2, 1, 2], learnt.factor[5, 0, 0] = 0.75, 1.5
    again = SpeedFactors.from_json(json.loads(json.dumps(learnt.to_json())))
    assert np.array_equal(again.factor, learnt.factor)
    assert np.array_equal(again.bin_of_hour, bins)
    assert again.kecamatan == learnt.kecamatan


@pytest.mark.parametrize("bad", [0.0, -1.0, float("inf"), float("nan"), 9.0])
def test_a_learnt_factor_that_is_no_sound_number_is_refused(bad):
    learnt = SpeedFactors.neutral(["a"]).to_json()
    with pytest.raises(InputError, match=r"A learnt speed factor is not from 0\.05 to 3; learn them again\."):
        SpeedFactors.from_json({**learnt, "factors": [["primary", "a", 0, bad]]})


@pytest.mark.parametrize(
    "change",
    [
        {"factors": [["footway", "a", 0, 0.5]]},
        {"factors": [["primary", "a", -1, 0.5]]},
        {"kecamatan": 3},
        {"bins": 0},
        {"bins": 10**15},
        {"bin_of_hour": [0]},
        {"factors": [[1]]},
    ],
)
def test_learnt_factors_that_do_not_fit_are_refused(change):
    with pytest.raises(InputError, match=r"[Ll]earn"):
        SpeedFactors.from_json({**SpeedFactors.neutral(["a"]).to_json(), **change})
