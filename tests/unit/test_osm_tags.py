from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.network import ROAD_CLASSES, EdgeFlag
from routing.osm_facts import BARRIER_KEYS, FACT_KEYS, barrier_facts, is_ford, is_level_crossing, road_facts
from routing.osm_tags import (
    HIGHEST_LIMIT_KPH,
    IMPLICIT_LIMITS_KPH,
    ROAD_KEYS,
    WALKING_KPH,
    Direction,
    access,
    alternative_names,
    barrier,
    bus,
    default_closed,
    drivable,
    duration_ms,
    is_roundabout,
    maxspeed_kph,
    motorcycle,
    oneway,
    road_flags,
    street_name,
)

any_tags = st.dictionaries(
    st.sampled_from(
        ["highway", "oneway", "oneway:motorcar", "junction", "maxspeed", "maxspeed:forward", "maxspeed:type", "access",
         "motor_vehicle", "vehicle", "motorcar", "emergency", "barrier", "locked", "route", "duration", "area"]
    ),
    st.one_of(
        st.sampled_from(["yes", "no", "-1", "private", "50", "30 mph", "50;30", "ferry", "gate", "block"]),
        st.text(max_size=12),
    ),
)  # fmt: skip


# --- one way -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["yes", "true", "1", " Yes "])
def test_a_oneway_road_runs_forward(value):
    assert oneway({"highway": "primary", "oneway": value}) is Direction.FORWARD


@pytest.mark.parametrize("value", ["-1", "reverse"])
def test_a_reversed_oneway_road_runs_backward(value):
    assert oneway({"highway": "primary", "oneway": value}) is Direction.BACKWARD


@pytest.mark.parametrize("tags", [{"highway": "motorway"}, {"highway": "motorway_link"}])
def test_motorways_and_their_links_are_one_way_unless_tagged(tags):
    assert oneway(tags) is Direction.FORWARD
    assert oneway({**tags, "oneway": "no"}) is Direction.BOTH


@pytest.mark.parametrize("junction", ["roundabout", "circular"])
def test_roundabouts_are_one_way_unless_tagged(junction):
    tags = {"highway": "residential", "junction": junction}
    assert oneway(tags) is Direction.FORWARD
    assert oneway({**tags, "oneway": "no"}) is Direction.BOTH
    assert oneway({**tags, "oneway": "-1"}) is Direction.BACKWARD
    assert is_roundabout(tags)


def test_other_roads_run_both_ways():
    assert oneway({"highway": "trunk"}) is Direction.BOTH
    assert oneway({"highway": "trunk", "junction": "yes"}) is Direction.BOTH


def test_the_oneway_of_motor_vehicles_is_more_specific_than_that_of_all():
    assert oneway({"highway": "primary", "oneway": "yes", "oneway:motor_vehicle": "no"}) is Direction.BOTH
    assert oneway({"highway": "primary", "oneway": "no", "oneway:motorcar": "yes"}) is Direction.FORWARD


def test_a_oneway_for_bicycles_says_nothing_of_cars():
    assert oneway({"highway": "primary", "oneway": "yes", "oneway:bicycle": "no"}) is Direction.FORWARD


@pytest.mark.parametrize(
    ("value", "direction"), [("reversible", Direction.REVERSIBLE), ("alternating", Direction.BOTH)]
)
def test_reversible_and_alternating_roads_are_counted(value, direction):
    notes: list[str] = []
    assert oneway({"highway": "primary", "oneway": value}, notes.append) is direction
    assert len(notes) == 1
    assert value in notes[0]


def test_a_oneway_value_that_is_not_understood_is_counted_and_the_default_holds():
    notes: list[str] = []
    assert oneway({"highway": "motorway", "oneway": "maybe"}, notes.append) is Direction.FORWARD
    assert oneway({"highway": "primary", "oneway": "maybe"}, notes.append) is Direction.BOTH
    assert notes == ["oneway=maybe is not understood"] * 2


def test_a_oneway_that_is_not_used_is_counted():
    notes: list[str] = []
    tags = {"highway": "primary", "oneway": "yes", "oneway:conditional": "no @ (22:00-05:00)"}
    assert oneway(tags, notes.append) is Direction.FORWARD
    assert notes == ["oneway:conditional is not used"]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "primary", "oneway": "yes", "oneway:emergency": "no"}, Direction.BOTH),
        ({"highway": "motorway", "oneway:motorcar": "yes", "oneway:emergency": "no"}, Direction.BOTH),
        ({"highway": "primary", "oneway": "reversible", "oneway:emergency": "no"}, Direction.BOTH),
        ({"highway": "primary", "oneway:emergency": "yes"}, Direction.FORWARD),
        ({"highway": "primary", "oneway": "yes", "oneway:emergency": "-1"}, Direction.BACKWARD),
    ],
)
def test_the_oneway_of_emergency_vehicles_goes_before_all_others_and_is_counted(tags, expected):
    notes: list[str] = []
    assert oneway(tags, notes.append) is expected
    assert notes == [f"oneway:emergency={tags['oneway:emergency']} is used"]


# --- speed limits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kph"),
    [
        ("50", 50.0), ("50.5", 50.5), ("50 km/h", 50.0), ("50km/h", 50.0), ("50 kmh", 50.0), ("50 kph", 50.0),
        ("30 mph", 48.28032), ("30mph", 48.28032), ("10 knots", 18.52), ("1 knot", 1.852),
        ("walk", WALKING_KPH), ("ID:urban", 50.0), ("id:rural", 80.0), ("ID:motorway", 100.0), ("MT:urban", 50.0),
        ("FR:zone30", 30.0), ("GB:nsl_single", 96.56064),
        ("50;30", 30.0), ("30|50|80", 30.0), ("ID:urban; 40", 40.0), ("80;nonsense", 80.0),
    ],
)  # fmt: skip
def test_speed_limits_are_read_in_kilometres_per_hour(value, kph):
    assert maxspeed_kph({"maxspeed": value}, forward=True) == pytest.approx(kph)
    assert maxspeed_kph({"maxspeed": value}, forward=False) == pytest.approx(kph)


@pytest.mark.parametrize(
    "value", ["none", "signals", "variable", "fast", "0", "-5", "999", "", "50 furlongs", "XX:urban"]
)
def test_a_limit_that_gives_no_number_is_counted(value):
    notes: list[str] = []
    assert maxspeed_kph({"maxspeed": value}, forward=True, note=notes.append) is None
    assert len(notes) == 1


def test_each_direction_has_its_own_limit():
    tags = {"maxspeed": "50", "maxspeed:forward": "80", "maxspeed:backward": "40"}
    assert maxspeed_kph(tags, forward=True) == 80
    assert maxspeed_kph(tags, forward=False) == 40
    del tags["maxspeed:backward"]
    assert maxspeed_kph(tags, forward=False) == 50


def test_a_limit_of_one_direction_that_cannot_be_read_falls_back_to_that_of_both():
    assert maxspeed_kph({"maxspeed": "50", "maxspeed:forward": "fast"}, forward=True) == 50


@pytest.mark.parametrize("key", ["maxspeed:type", "source:maxspeed", "zone:maxspeed", "zone:traffic"])
def test_an_implicit_limit_counts_only_where_none_is_tagged(key):
    assert maxspeed_kph({key: "ID:urban"}, forward=True) == 50
    assert maxspeed_kph({key: "ID:urban", "maxspeed": "40"}, forward=True) == 40
    assert maxspeed_kph({key: "sign"}, forward=True) is None


def test_conditional_limits_are_counted_and_not_used():
    notes: list[str] = []
    tags = {"maxspeed": "50", "maxspeed:conditional": "30 @ (06:00-09:00)"}
    assert maxspeed_kph(tags, forward=True, note=notes.append) == 50
    assert notes == ["maxspeed:conditional is not used"]


def test_the_limits_of_indonesia_are_those_of_permenhub_111_of_2015():
    assert {key: kph for key, kph in IMPLICIT_LIMITS_KPH.items() if key.startswith("id:")} == {
        "id:motorway": 100,
        "id:rural": 80,
        "id:urban": 50,
        "id:living_street": 30,
        "id:residential": 30,
    }


@given(any_tags)
def test_every_limit_is_a_speed_that_a_sign_could_show(tags):
    kph = maxspeed_kph(tags, forward=True)
    assert kph is None or 0 < kph <= HIGHEST_LIMIT_KPH


# --- access ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "flags"),
    [
        ({}, EdgeFlag(0)),
        ({"access": "yes"}, EdgeFlag(0)),
        ({"access": "permissive"}, EdgeFlag(0)),
        ({"access": "private"}, EdgeFlag.PRIVATE),
        ({"access": "no"}, EdgeFlag.NO_ACCESS),
        ({"access": "customers"}, EdgeFlag.DESTINATION),
        ({"access": "delivery"}, EdgeFlag.DESTINATION),
        ({"motor_vehicle": "destination"}, EdgeFlag.DESTINATION),
        ({"motor_vehicle": "agricultural;forestry"}, EdgeFlag.NO_ACCESS),
        ({"vehicle": "forestry"}, EdgeFlag.NO_ACCESS),
        ({"access": "private;destination"}, EdgeFlag.DESTINATION),
        ({"access": "no", "emergency": "yes"}, EdgeFlag.NO_ACCESS | EdgeFlag.EMERGENCY),
        ({"access": "private", "emergency": "designated"}, EdgeFlag.PRIVATE | EdgeFlag.EMERGENCY),
        ({"motor_vehicle": "emergency"}, EdgeFlag.NO_ACCESS | EdgeFlag.EMERGENCY),
        ({"access": "private;emergency"}, EdgeFlag.PRIVATE | EdgeFlag.EMERGENCY),
        ({"motor_vehicle": "emergency;psv"}, EdgeFlag.NO_ACCESS | EdgeFlag.EMERGENCY),
        ({"service": "emergency_access", "access": "no"}, EdgeFlag.NO_ACCESS | EdgeFlag.EMERGENCY),
        ({"service": "emergency_access", "emergency": "no"}, EdgeFlag.NO_ACCESS),
        ({"access": "yes", "emergency": "no"}, EdgeFlag.NO_ACCESS),
        ({"emergency": "private"}, EdgeFlag.PRIVATE),
    ],
)
def test_access_tags_become_flags(tags, flags):
    assert access(tags) == flags


def test_the_most_specific_access_counts():
    order = ["motorcar", "motor_vehicle", "vehicle", "access"]
    for specific, general in pairwise(order):
        assert access({specific: "yes", general: "no"}) == EdgeFlag(0)
        assert access({specific: "no", general: "yes"}) == EdgeFlag.NO_ACCESS


def test_access_may_differ_by_direction():
    tags = {"motor_vehicle:backward": "no", "access": "yes"}
    assert access(tags, forward=True) == EdgeFlag(0)
    assert access(tags, forward=False) == EdgeFlag.NO_ACCESS
    assert access({"access:backward": "no", "motor_vehicle": "yes"}, forward=False) == EdgeFlag(0)


def test_an_access_value_that_is_not_understood_is_counted_and_the_next_key_counts():
    notes: list[str] = []
    assert access({"motor_vehicle": "sometimes", "access": "private"}, note=notes.append) == EdgeFlag.PRIVATE
    assert notes == ["motor_vehicle=sometimes is not understood"]


def test_conditional_access_is_counted_and_not_used():
    notes: list[str] = []
    assert access({"access:conditional": "no @ (22:00-05:00)"}, note=notes.append) == EdgeFlag(0)
    assert notes == ["access:conditional is not used"]


def test_an_emergency_value_that_is_no_access_is_counted():
    notes: list[str] = []
    assert access({"emergency": "fire_hydrant"}, note=notes.append) == EdgeFlag(0)
    assert notes == ["emergency=fire_hydrant says nothing of access"]


# --- which ways cars drive on ------------------------------------------------------------------------------------


@pytest.mark.parametrize("highway", [name for name in ROAD_CLASSES if name not in {"ferry", "barrier"}])
def test_every_road_class_joins_the_network(highway):
    assert drivable({"highway": highway}).road_class == highway


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"highway": "footway"}, "highway=footway"),
        ({"highway": "steps"}, "highway=steps"),
        ({"highway": "path"}, "highway=path"),
        ({"highway": "path", "motor_vehicle": "private"}, "highway=path"),
        ({"highway": "path", "motor_vehicle": "yes", "motorcycle": "no"}, "highway=path"),
        ({"highway": "path", "motorcar": "no"}, "highway=path"),
        ({"highway": "cycleway"}, "highway=cycleway"),
        ({"highway": "pedestrian"}, "highway=pedestrian"),
        ({"highway": "construction", "construction": "primary"}, "highway=construction"),
        ({"highway": "proposed"}, "highway=proposed"),
        ({"highway": "ferry"}, "highway=ferry"),
        ({"highway": "service", "area": "yes"}, "area"),
        ({"highway": "residential", "abandoned": "yes"}, "abandoned"),
        ({"highway": "track", "smoothness": "impassable"}, "impassable"),
        ({"route": "ferry"}, "ferry that does not say whether it takes cars (motor_vehicle=yes would)"),
        (
            {"route": "ferry", "duration": "00:15", "foot": "yes"},
            "ferry that does not say whether it takes cars (motor_vehicle=yes would)",
        ),
        ({"route": "ferry", "access": "no"}, "ferry without cars"),
        ({"route": "ferry", "foot": "yes", "motor_vehicle": "no"}, "ferry without cars"),
        ({"route": "bus"}, "no road"),
        ({}, "no road"),
    ],
)
def test_what_does_not_join_the_network_tells_why(tags, reason):
    verdict = drivable(tags)
    assert verdict.road_class is None
    assert verdict.reason == reason


@pytest.mark.parametrize("service", ["parking_aisle", "driveway", "alley", "drive-through", "emergency_access"])
def test_every_kind_of_service_road_joins_the_network(service):
    assert drivable({"highway": "service", "service": service}).road_class == "service"


@pytest.mark.parametrize(
    ("tags", "road_class"),
    [
        ({"highway": "pedestrian", "motor_vehicle": "destination"}, "living_street"),
        ({"highway": "footway", "motorcar": "yes"}, "service"),
        ({"highway": "path", "motorcar": "designated"}, "track"),
        ({"highway": "footway", "emergency": "yes"}, "service"),
        ({"route": "ferry", "motor_vehicle": "yes"}, "ferry"),
        ({"route": "ferry", "motorcar": "designated"}, "ferry"),
    ],
)
def test_a_tag_that_lets_cars_in_opens_a_way(tags, road_class):
    assert drivable(tags).road_class == road_class


def test_a_footway_opened_for_emergencies_stays_closed_to_others():
    tags = {"highway": "footway", "emergency": "yes"}
    assert default_closed(tags, "service") == EdgeFlag.NO_ACCESS
    assert access(tags) == EdgeFlag.EMERGENCY
    assert default_closed({"highway": "footway", "motorcar": "yes"}, "service") == EdgeFlag(0)


@pytest.mark.parametrize(
    ("tags", "road_class"),
    [
        ({"highway": "path", "motorcycle": "yes"}, "track"),
        ({"highway": "path", "motor_vehicle": "yes"}, "track"),
        ({"highway": "footway", "motorcycle": "designated"}, "service"),
        ({"highway": "cycleway", "motorcycle": "permissive"}, "service"),
    ],
)
def test_a_footway_that_motorcycles_may_use_joins_the_network_closed_to_cars(tags, road_class):
    assert drivable(tags).road_class == road_class
    closed = default_closed(tags, road_class)
    assert closed == EdgeFlag.NO_ACCESS
    assert motorcycle(tags, car=access(tags) | closed) == EdgeFlag.MOTORCYCLE


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, EdgeFlag(0)),
        ({"motorcycle": "yes"}, EdgeFlag(0)),
        ({"motorcycle": "no"}, EdgeFlag.NO_MOTORCYCLE),
        ({"motorcar": "no"}, EdgeFlag.MOTORCYCLE),
        ({"motor_vehicle": "no"}, EdgeFlag(0)),
        ({"motor_vehicle": "no", "motorcycle": "yes"}, EdgeFlag.MOTORCYCLE),
        ({"access": "private", "motorcycle": "designated"}, EdgeFlag.MOTORCYCLE),
        ({"motorcar": "yes", "access": "no"}, EdgeFlag.NO_MOTORCYCLE),
        ({"motorcycle:backward": "no"}, EdgeFlag(0)),
    ],
)
def test_motorcycles_are_told_apart_only_where_they_fare_otherwise_than_cars(tags, expected):
    assert motorcycle(tags, car=access(tags)) == expected


@pytest.mark.parametrize(
    ("tags", "along", "against"),
    [
        ({"highway": "primary"}, EdgeFlag(0), EdgeFlag(0)),
        ({"highway": "busway"}, EdgeFlag.BUS, EdgeFlag(0)),
        ({"highway": "service", "access": "no", "bus": "yes"}, EdgeFlag.BUS, EdgeFlag(0)),
        ({"highway": "service", "motor_vehicle": "no", "psv": "designated"}, EdgeFlag.BUS, EdgeFlag(0)),
        ({"highway": "service", "access": "psv"}, EdgeFlag.BUS, EdgeFlag(0)),
        ({"highway": "primary", "oneway": "yes", "oneway:bus": "no"}, EdgeFlag(0), EdgeFlag.BUS),
        ({"highway": "primary", "oneway": "yes", "busway": "opposite_lane"}, EdgeFlag(0), EdgeFlag.BUS),
    ],
)
def test_where_buses_drive_is_known(tags, along, against):
    assert bus(tags, tags["highway"], against=False) == along
    assert bus(tags, tags["highway"], against=True) == against


def test_a_busway_is_closed_unless_a_tag_opens_it():
    assert default_closed({"highway": "busway"}, "busway") == EdgeFlag.NO_ACCESS
    assert default_closed({"highway": "busway", "motor_vehicle": "yes"}, "busway") == EdgeFlag(0)
    assert default_closed({"highway": "primary"}, "primary") == EdgeFlag(0)


def test_facts_of_a_road_become_flags():
    tags = {"toll": "yes", "bridge": "viaduct", "tunnel": "no", "junction": "roundabout"}
    assert road_flags(tags, "primary_link") == EdgeFlag.TOLL | EdgeFlag.BRIDGE | EdgeFlag.ROUNDABOUT | EdgeFlag.LINK
    assert road_flags({"tunnel": "yes"}, "primary") == EdgeFlag.TUNNEL
    assert road_flags({"tunnel": "building_passage"}, "service") == EdgeFlag(0)
    assert road_flags({}, "ferry") == EdgeFlag.FERRY


# --- barriers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bollard", "block", "jersey_barrier", "chain", "fence", "cycle_barrier", "bus_trap"])
def test_what_is_built_to_stop_cars_stops_them(kind):
    assert barrier({"barrier": kind}) == EdgeFlag.BARRIER
    assert barrier({"barrier": kind, "access": "yes"}) == EdgeFlag.BARRIER
    assert barrier({"barrier": kind, "motor_vehicle": "yes"}) == EdgeFlag(0)


@pytest.mark.parametrize(
    "kind", ["gate", "lift_gate", "swing_gate", "toll_booth", "cattle_grid", "height_restrictor", "kerb", "entrance"]
)
def test_what_opens_lets_cars_pass_unless_access_closes_it(kind):
    assert barrier({"barrier": kind}) == EdgeFlag(0)
    assert barrier({"barrier": kind, "access": "customers"}) == EdgeFlag(0)
    assert barrier({"barrier": kind, "access": "no"}) == EdgeFlag.BARRIER
    assert barrier({"barrier": kind, "access": "private"}) == EdgeFlag.BARRIER | EdgeFlag.PRIVATE


def test_a_locked_gate_stops_cars_unless_access_opens_it():
    assert barrier({"barrier": "gate", "locked": "yes"}) == EdgeFlag.BARRIER
    assert barrier({"barrier": "gate", "locked": "yes", "motor_vehicle": "yes"}) == EdgeFlag(0)
    assert barrier({"barrier": "gate", "locked": "no"}) == EdgeFlag(0)


@pytest.mark.parametrize("value", ["yes", "designated"])
def test_a_barrier_that_opens_for_emergencies_is_flagged(value):
    tags = {"barrier": "bollard", "emergency": value}
    assert barrier(tags) == EdgeFlag.BARRIER | EdgeFlag.EMERGENCY


def test_a_gate_closed_to_emergencies_stops_cars():
    assert barrier({"barrier": "gate", "emergency": "no"}) == EdgeFlag.BARRIER


def test_an_unknown_barrier_is_counted_and_lets_cars_pass():
    notes: list[str] = []
    assert barrier({"barrier": "garden_gnome"}, notes.append) == EdgeFlag(0)
    assert notes == ["barrier=garden_gnome is not understood, cars pass"]


def test_no_barrier_is_no_barrier():
    assert barrier({"highway": "crossing", "access": "no"}) == EdgeFlag(0)


@given(any_tags)
def test_only_a_barrier_has_flags_of_one(tags):
    flags = barrier(tags)
    assert not flags or (EdgeFlag.BARRIER in flags and "barrier" in tags)


# --- ferries -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        ("00:25", 1_500_000), ("01:30", 5_400_000), ("1:30", 5_400_000), ("00:25:30", 1_530_000), ("25", 1_500_000),
        ("2.5", 150_000), ("PT25M", 1_500_000), ("PT1H30M", 5_400_000), ("P1DT1H", 90_000_000), ("PT90S", 90_000),
    ],
)  # fmt: skip
def test_the_duration_of_a_ferry_is_read_in_milliseconds(value, ms):
    assert duration_ms({"duration": value}) == ms


@pytest.mark.parametrize("value", ["soon", "0", "00:00", "25 minutes", "P", "PT", "10:75", "999999", "-5"])
def test_a_duration_that_is_not_understood_is_counted(value):
    notes: list[str] = []
    assert duration_ms({"duration": value}, notes.append) is None
    assert notes == [f"duration={value} is not understood"]


def test_a_ferry_without_duration_has_none():
    notes: list[str] = []
    assert duration_ms({}, notes.append) is None
    assert notes == []


# --- names -------------------------------------------------------------------------------------------------------


def test_a_road_without_a_name_is_called_by_its_number():
    assert street_name({"name": "Jalan Sunan Gunung Jati", "ref": "1"}) == "Jalan Sunan Gunung Jati"
    assert street_name({"ref": "AH2"}) == "AH2"
    assert street_name({}) == ""


def test_alternative_names_come_once_and_without_the_name_itself():
    tags = {"name": "Balai Desa", "name:id": "Balai Desa", "name:en": "Village Hall", "alt_name": "Kantor Desa; Kuwu"}
    assert alternative_names(tags) == ("Village Hall", "Kantor Desa", "Kuwu")


@given(any_tags)
def test_no_reader_fails_on_any_tags(tags):
    notes: list[str] = []
    oneway(tags, notes.append)
    access(tags, forward=False, note=notes.append)
    barrier(tags, notes.append)
    duration_ms(tags, notes.append)
    verdict = drivable(tags)
    assert (verdict.road_class is None) == bool(verdict.reason)
    assert verdict.road_class is None or verdict.road_class in ROAD_CLASSES
    assert all(notes)


class Recorder(dict[str, str]):
    """Tags that remember which keys they were asked for."""

    def __init__(self, tags: dict[str, str]) -> None:
        super().__init__(tags)
        self.asked: set[str] = set()

    def get(self, key, default=None):
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key):
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key):
        self.asked.add(key)
        return super().__contains__(key)


@given(any_tags, st.sampled_from(ROAD_CLASSES))
def test_the_keys_of_roads_are_all_that_the_readers_ask_for(tags, road_class):
    """Ways that agree in ROAD_KEYS are taken for alike, so a reader must look at nothing else."""
    recorder = Recorder(tags)
    drivable(recorder)
    oneway(recorder)
    duration_ms(recorder)
    road_flags(recorder, road_class)
    default_closed(recorder, road_class)
    for forward in (True, False):
        access(recorder, forward=forward)
        maxspeed_kph(recorder, forward=forward)
        motorcycle(recorder, car=EdgeFlag(0), forward=forward)
        bus(recorder, road_class, against=forward)
    assert recorder.asked <= set(ROAD_KEYS)
    road_facts(recorder)
    is_ford(recorder)
    assert recorder.asked <= {*ROAD_KEYS, *FACT_KEYS}
    barrier_facts(recorder)
    is_level_crossing(recorder)
    assert recorder.asked <= set(BARRIER_KEYS)
