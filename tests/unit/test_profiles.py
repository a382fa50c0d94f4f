"""Vehicle profiles on tiny named networks: which roads a vehicle takes, how fast, and which rules it breaks."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import InputError, SourceError
from gis.types import Location
from routing.metric import CLOSED, Metric, closures_digest, edge_speeds_kph
from routing.network import BARRIERS, SMOOTHNESSES, SURFACES, EdgeFlag
from routing.openings import breaks_a_restriction, exemptions_used, needed_somewhere, openings
from routing.profile import DEFAULT_PROFILES, Exemption, FordPolicy, Profile
from routing.profile_toml import profile_table, read_profiles
from routing.router import Router
from routing.search import NEVER_MS
from routing.search_scipy import ScipySearch
from routing.settings import RoutingSettings
from routing.snap import Snapper
from routing.speed_factors import HOURS, RushHour, SpeedFactors
from routing.starts import Starts
from routing.turning_round import edges_to_remember
from routing.turns import TurnGraph
from routing.types import MetricKey
from tests.networks import NO_FLAGS, BuiltNetwork, Road, network_from_edges
from tests.strategies import profiles, road_networks

PLAIN = RoutingSettings()
AMBULANCE, ENGINE, MOTORCYCLE, CAR = (
    DEFAULT_PROFILES[name] for name in ("ambulance", "fire_engine", "motorcycle", "light_vehicle")
)
ALL = frozenset(Exemption)
LINE = [(0.0, 0.0), (0.0, 0.01)]
"""Two nodes 1.1 km apart along the equator."""


def one_road(**facts) -> BuiltNetwork:
    return network_from_edges([*LINE, (0.01, 0.0)], [Road(tail=0, head=1, **facts), Road(tail=0, head=2)])


def ms(built: BuiltNetwork, profile: Profile, *, way: bool = True, limits: RoutingSettings = PLAIN, **of) -> int:
    """Cost of the first road, from its tail to its head unless `way` is False."""
    return int(Metric.build(built.network, limits, profile=profile, **of).edge_ms[built.edge_of[0, way]])


def is_open(profile: Profile, *, way: bool = True, **facts) -> bool:
    return ms(one_road(**facts), profile, way=way) != CLOSED


# --- where a vehicle fits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "ambulance", "engine", "motorcycle"),
    [
        ({}, True, True, True),
        ({"width_m": 2.7}, True, False, True),
        ({"width_m": 2.75}, True, True, True),
        ({"width_m": 2.0}, False, False, True),
        ({"width_m": 0.9}, False, False, False),
        ({"lanes": 1}, True, True, True),
        ({"road_class": "track"}, True, False, True),
        ({"road_class": "track", "width_m": 3.0}, True, True, True),
        ({"road_class": "track", "lanes": 2}, True, True, True),
        ({"road_class": "living_street"}, True, True, True),
        ({"maxheight_m": 2.1}, False, False, True),
        ({"maxheight_m": 2.5}, True, False, True),
        ({"maxheight_m": 4.2}, True, True, True),
        ({"maxweight_t": 8.0}, True, False, True),
        ({"maxwidth_m": 2.3}, True, False, True),
        ({"road_class": "motorway"}, True, True, False),
        ({"smoothness": "very_horrible"}, True, True, True),
        ({"flags": EdgeFlag.FORD}, True, True, False),
        ({"flags": EdgeFlag.FORD_AT_NODE}, True, True, False),
        ({"flags": EdgeFlag.FERRY, "road_class": "ferry"}, True, True, True),
    ],
)
def test_a_road_is_closed_to_a_vehicle_that_does_not_fit(facts, ambulance, engine, motorcycle):
    assert [is_open(one, **facts) for one in (AMBULANCE, ENGINE, MOTORCYCLE)] == [ambulance, engine, motorcycle]


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        ({"ford": FordPolicy.CLOSED}, {"flags": EdgeFlag.FORD}),
        ({"ferries": False}, {"flags": EdgeFlag.FERRY, "road_class": "ferry"}),
        ({"surface_kph": {"mud": 0.0}}, {"surface": "mud"}),
        ({"smoothness_kph": {"horrible": 0.0}}, {"smoothness": "horrible"}),
        ({"closed_classes": frozenset({"service"})}, {"road_class": "service"}),
    ],
)
def test_a_region_may_close_water_ferries_surfaces_and_classes_to_a_profile(change, facts):
    assert is_open(AMBULANCE, **facts)
    assert not is_open(replace(AMBULANCE, **change), **facts)


@pytest.mark.parametrize(
    ("facts", "profile", "kph"),
    [
        ({}, AMBULANCE, 20.0),
        ({"surface": "mud"}, AMBULANCE, 10.0),
        ({"surface": "asphalt"}, AMBULANCE, 20.0),
        ({"surface": "gravel", "maxspeed_kph": 60.0}, AMBULANCE, 40.0),
        ({"smoothness": "very_horrible"}, AMBULANCE, 5.0),
        ({"surface": "mud", "smoothness": "very_horrible"}, AMBULANCE, 5.0),
        ({"flags": EdgeFlag.FORD}, AMBULANCE, 5.0),
        ({"flags": EdgeFlag.FORD}, replace(AMBULANCE, ford=FordPolicy.OPEN), 20.0),
        ({"width_m": 3.5}, ENGINE, 10.0),
        ({"width_m": 4.0}, ENGINE, 20.0),
        ({"maxspeed_kph": 100.0}, ENGINE, 80.0),
        ({"maxspeed_kph": 100.0}, AMBULANCE, 100.0),
        ({"road_class": "living_street"}, MOTORCYCLE, 15.0),
        ({"maxspeed_kph": 50.0}, replace(AMBULANCE, speed_factor=1.2), 60.0),
    ],
)
def test_how_fast_a_vehicle_drives_depends_on_the_road(facts, profile, kph):
    built = one_road(**facts)
    assert edge_speeds_kph(built.network, PLAIN, profile)[built.edge_of[0, True]] == pytest.approx(kph)


# --- barriers, crossings, ferries --------------------------------------------------------------------------------


def barrier(kind: str, flags: EdgeFlag = NO_FLAGS, **facts) -> BuiltNetwork:
    return network_from_edges(
        [(0.0, 0.0), (0.0, 0.0), (0.0, 0.01)],
        [Road(tail=0, head=1, road_class="barrier", barrier=kind, flags=flags, **facts), Road(tail=1, head=2)],
    )


@pytest.mark.parametrize(
    ("kind", "flags", "ambulance_s", "motorcycle_s"),
    [
        ("gate", EdgeFlag(0), 30, 30),
        ("lift_gate", EdgeFlag(0), 15, 15),
        ("height_restrictor", EdgeFlag(0), 0, 0),
        ("gate", EdgeFlag.BARRIER, None, None),
        ("gate", EdgeFlag.BARRIER | EdgeFlag.MOTORCYCLE, None, 30),
        ("gate", EdgeFlag.BARRIER | EdgeFlag.EMERGENCY, 30, 30),
        ("gate", EdgeFlag.BARRIER | EdgeFlag.LOCKED | EdgeFlag.EMERGENCY, 90, 90),
        ("bollard", EdgeFlag.BARRIER, None, 0),
        ("bollard", EdgeFlag.BARRIER | EdgeFlag.EMERGENCY, 0, 0),
        ("bollard", EdgeFlag.BARRIER | EdgeFlag.NO_MOTORCYCLE, None, None),
        ("bollard", EdgeFlag.BARRIER | EdgeFlag.PRIVATE, None, None),
        ("motorcycle_barrier", EdgeFlag.BARRIER, None, None),
        ("wall", EdgeFlag.BARRIER, None, None),
    ],
)
def test_a_barrier_stops_a_vehicle_or_costs_it_seconds(kind, flags, ambulance_s, motorcycle_s):
    built = barrier(kind, flags)
    expected = [CLOSED if seconds is None else seconds * 1000 for seconds in (ambulance_s, motorcycle_s)]
    assert [ms(built, AMBULANCE), ms(built, MOTORCYCLE)] == expected


def test_a_motorcycle_passes_bollards_that_stand_far_enough_apart():
    assert ms(barrier("bollard", EdgeFlag.BARRIER, maxwidth_m=0.9), MOTORCYCLE) == 0
    assert ms(barrier("bollard", EdgeFlag.BARRIER, maxwidth_m=0.7), MOTORCYCLE) == CLOSED


def test_a_height_restrictor_stops_those_who_are_higher():
    built = barrier("height_restrictor", maxheight_m=2.2)
    assert [ms(built, one) for one in (CAR, AMBULANCE, ENGINE)] == [0, CLOSED, CLOSED]


def test_water_at_one_place_slows_twenty_metres_and_not_the_whole_road():
    plain, wet = one_road(), one_road(flags=EdgeFlag.FORD_AT_NODE)
    assert ms(wet, AMBULANCE) - ms(plain, AMBULANCE) == 14_400  # 20 m at 5 km/h
    assert ms(wet, replace(AMBULANCE, ford=FordPolicy.OPEN)) == ms(plain, AMBULANCE)
    both = one_road(flags=EdgeFlag.FORD_AT_NODE | EdgeFlag.FORD)
    assert ms(both, AMBULANCE) == ms(one_road(flags=EdgeFlag.FORD), AMBULANCE)


def test_a_level_crossing_costs_its_seconds_each():
    plain, crossed = one_road(), one_road(level_crossings=2)
    assert ms(crossed, AMBULANCE) - ms(plain, AMBULANCE) == 20_000
    assert ms(crossed, replace(AMBULANCE, level_crossing_s=0.0)) == ms(plain, AMBULANCE)


def test_who_waits_for_a_ferry_waits_once_however_many_pieces_its_line_has():
    built = network_from_edges(
        [(0.0, 0.0), (0.0, 0.01), (0.0, 0.02), (0.0, 0.03)],
        [
            Road(tail=0, head=1),
            Road(tail=1, head=2, ms=1000, road_class="ferry", flags=EdgeFlag.FERRY),
            Road(tail=2, head=3, ms=1000, road_class="ferry", flags=EdgeFlag.FERRY),
        ],
    )
    edge_ms = Metric.build(built.network, PLAIN, profile=replace(AMBULANCE, boarding_s=600.0)).edge_ms
    assert edge_ms[[built.edge_of[1, True], built.edge_of[2, True]]].tolist() == [601_000, 1000]


# --- exemptions --------------------------------------------------------------------------------------------------

PRIVATE, NO_ACCESS, EMERGENCY, BUS = EdgeFlag.PRIVATE, EdgeFlag.NO_ACCESS, EdgeFlag.EMERGENCY, EdgeFlag.BUS


@pytest.mark.parametrize(
    ("facts", "way", "ways_in"),
    [
        ({}, True, [()]),
        ({"flags": PRIVATE}, True, [("access_private",)]),
        ({"flags": PRIVATE | EMERGENCY}, True, [("emergency_yes",), ("access_private",)]),
        ({"flags": NO_ACCESS | EMERGENCY}, True, [("emergency_yes",)]),
        ({"flags": NO_ACCESS | BUS}, True, [("bus_lanes",)]),
        ({"flags": NO_ACCESS}, True, []),
        ({"oneway": True, "contraflow": True}, True, [()]),
        ({"oneway": True, "contraflow": True}, False, [("oneway_against",)]),
        ({"oneway": True, "contraflow": True, "flags": EMERGENCY}, False, [("oneway_against",)]),
        ({"oneway": True, "contraflow": True, "flags": PRIVATE}, False, [("access_private", "oneway_against")]),
        ({"oneway": True, "contraflow": True, "flags": BUS}, False, [("bus_lanes",), ("oneway_against",)]),
    ],
)
def test_an_exemption_opens_just_what_it_is_for_and_the_mildest_that_does_is_named(facts, way, ways_in):
    built = one_road(**facts)
    edge = built.edge_of[0, way]
    for size in range(len(Exemption) + 1):
        for exemptions in map(frozenset, combinations(Exemption, size)):
            profile = replace(AMBULANCE, exemptions=exemptions)
            named = next((needed for needed in ways_in if set(needed) <= exemptions), None)
            assert (ms(built, profile, way=way) != CLOSED) == (named is not None)
            assert exemptions_used(built.network, profile, [edge]) == (named or ())


def test_exemptions_that_open_nothing_here_need_no_look_at_the_routes():
    for facts, exemption in (
        ({"flags": PRIVATE}, Exemption.ACCESS_PRIVATE),
        ({"flags": NO_ACCESS | BUS}, Exemption.BUS_LANES),
    ):
        assert needed_somewhere(one_road(**facts).network, replace(AMBULANCE, exemptions=frozenset({exemption})))
    assert not needed_somewhere(one_road().network, replace(AMBULANCE, exemptions=ALL))


def test_no_exemption_opens_a_road_that_forbids_all_motor_vehicles_or_a_wall():
    everything = replace(AMBULANCE, exemptions=ALL)
    assert not is_open(everything, flags=NO_ACCESS)
    assert ms(barrier("wall", EdgeFlag.BARRIER), everything) == CLOSED
    assert ms(barrier("bollard", EdgeFlag.BARRIER | PRIVATE), everything) == CLOSED


def test_a_private_gate_opens_by_exemption_unless_it_is_locked():
    everything = replace(AMBULANCE, exemptions=ALL)
    assert ms(barrier("gate", EdgeFlag.BARRIER | PRIVATE), everything) == 30_000
    assert ms(barrier("gate", EdgeFlag.BARRIER | PRIVATE | EdgeFlag.LOCKED), everything) == CLOSED


def test_against_a_oneway_road_a_vehicle_is_slow():
    built = one_road(oneway=True, contraflow=True, maxspeed_kph=60.0)
    profile = AMBULANCE.exempted([Exemption.ONEWAY_AGAINST])
    assert edge_speeds_kph(built.network, PLAIN, profile)[built.edge_of[0, False]] == 20.0
    assert edge_speeds_kph(built.network, PLAIN, profile)[built.edge_of[0, True]] == 60.0


def test_motorcycles_go_by_their_own_tags():
    for flags, car, motorcycle in (
        (NO_ACCESS | EdgeFlag.MOTORCYCLE, False, True),
        (PRIVATE | EdgeFlag.MOTORCYCLE, False, True),
        (EdgeFlag.NO_MOTORCYCLE, True, False),
        (NO_ACCESS, False, False),
    ):
        assert [is_open(AMBULANCE, flags=flags), is_open(MOTORCYCLE, flags=flags)] == [car, motorcycle]


CORNER = [(0.0, 0.0), (0.0, 0.01), (0.01, 0.01)]


def test_who_ignores_restrictions_turns_where_it_is_forbidden_and_the_answer_says_so():
    built = network_from_edges(CORNER, [Road(tail=0, head=1), Road(tail=1, head=2)], [[(0, True), (1, True)]])
    lawless = AMBULANCE.exempted([Exemption.RESTRICTIONS_IGNORED])
    origin, target = Location(lat=0.0, lon=0.001), Location(lat=0.009, lon=0.01)
    routes = []
    for profile in (AMBULANCE, lawless):
        metric = Metric.build(built.network, PLAIN, profile=profile)
        assert metric.obeys_restrictions == (profile is AMBULANCE)
        routes.append(
            Router(built.network, PLAIN, snapper=Snapper.build(built.network), metric=metric).route(origin, target)
        )
    lawful, short = routes
    assert short.time.last_metres_s == 0
    assert short.time.total_s < lawful.time.total_s  # it stops before the corner and its crew walks
    assert exemptions_used(built.network, lawless, short.edges) == ("restrictions_ignored",)
    assert breaks_a_restriction(built.network, short.edges)
    assert not breaks_a_restriction(built.network, short.edges[:1])
    assert needed_somewhere(built.network, lawless)
    assert not needed_somewhere(built.network, AMBULANCE)


# --- hours -------------------------------------------------------------------------------------------------------

RUSH = RushHour(name="rush", hours=frozenset({7, 8}), factor=0.5, classes={"primary": 0.25})


def test_traffic_is_slow_in_its_hours_and_in_no_other():
    limits = RoutingSettings(hours=(RUSH,))
    residential, primary = one_road(maxspeed_kph=40.0), one_road(road_class="primary", maxspeed_kph=40.0)
    for hour, slower, slower_primary in ((7, 2, 4), (8, 2, 4), (9, 1, 1), (None, 1, 1)):
        expected = [factor * ms(residential, AMBULANCE) for factor in (slower, slower_primary)]
        got = [ms(built, AMBULANCE, limits=limits, hour=hour) for built in (residential, primary)]
        assert got == pytest.approx(expected, abs=4)


def test_learnt_factors_count_in_their_kecamatan_class_and_hours_alone():
    built = one_road()
    bins = np.zeros(HOURS, dtype=np.uint8)
    bins[30] = 1
    learnt = SpeedFactors.neutral(["32.09.01", "32.09.02"], bins)
    learnt.factor[built.network.edge_class[built.edge_of[0, True]], 1, 1] = 0.5
    areas = np.zeros(built.network.edge_count, dtype=np.int32)
    usual = ms(built, AMBULANCE)
    for area, hour, factor in ((1, 30, 2), (1, 29, 1), (0, 30, 1), (-1, 30, 1)):
        areas[:] = area
        assert ms(built, AMBULANCE, hour=hour, factors=learnt, edge_kecamatan=areas) == pytest.approx(
            factor * usual, abs=2
        )
    assert ms(built, AMBULANCE, factors=learnt, edge_kecamatan=areas) == usual


# --- names and bad input -----------------------------------------------------------------------------------------


def test_a_metric_is_named_by_profile_hour_and_closures():
    built = one_road()
    metric = Metric.build(built.network, PLAIN, profile="fire_engine+oneway_against", hour=3, closures=[1, 0, 1])
    assert metric.key == MetricKey(
        profile="fire_engine+emergency_yes+oneway_against", hour=3, closures=closures_digest([0, 1])
    )
    assert Metric.build(built.network, PLAIN).key == MetricKey(profile="ambulance+emergency_yes")
    assert closures_digest([]) == ""
    assert closures_digest([1, 2]) != closures_digest([1, 3])


def test_closing_edges_of_a_metric_gives_what_building_it_with_them_gives():
    network = one_road().network
    whole, closed = Metric.build(network, PLAIN), Metric.build(network, PLAIN, closures=[1])
    assert whole.with_closures([1]).edge_ms.tolist() == closed.edge_ms.tolist()
    assert whole.with_closures([1]).key == closed.key
    assert whole.with_closures([]) is whole
    with pytest.raises(ValueError, match="on a metric without any"):
        closed.with_closures([0])
    with pytest.raises(InputError, match=r"A closure names edge 99, but the network's edges are 0 to 3; "):
        whole.with_closures([99])


@pytest.mark.parametrize(
    ("of", "sentence"),
    [
        (
            {"profile": "hovercraft"},
            r"There is no vehicle profile 'hovercraft'; the profiles are ambulance, fire_engine, ",
        ),
        (
            {"profile": "ambulance+flying"},
            r"'ambulance\+flying' names an exemption that there is not; .* oneway_against",
        ),
        ({"hour": 168}, r"There is no hour 168 of the week; hours are 0 \(Monday, 0:00\) to 167\."),
        (
            {"profile": Profile(name="wide", width_m=50.0, untagged_width_m={"residential": 9.0})},
            r"'wide' forbids every",
        ),
        (
            {"profile": Profile(name="p", speeds_kph={"residential": 0.0})},
            r"speed of residential roads .* 'p' is 0\.0; ",
        ),
        ({"profile": Profile(name="p", speeds_kph={"residential": -3.0})}, r"is -3\.0; give a positive number\."),
        ({"profile": Profile(name="p", speeds_kph={"residential": float("inf")})}, r"is inf; give a positive number\."),
        ({"profile": Profile(name="p", speeds_kph={"residential": float("nan")})}, r"is nan; give a positive number\."),
    ],
)
def test_a_metric_that_cannot_be_is_told_in_one_sentence(of, sentence):
    with pytest.raises((InputError, SourceError), match=sentence):
        Metric.build(one_road().network, PLAIN, **of)


def test_a_class_without_a_speed_is_told():
    limits = RoutingSettings(speeds_kph={"primary": 40.0})
    with pytest.raises(InputError, match=r"The speed of motorway roads for the profile 'ambulance' is None; "):
        Metric.build(one_road().network, limits)


def test_a_network_that_the_law_closes_wholly_is_not_the_profiles_fault():
    network = network_from_edges(LINE, [Road(tail=0, head=1, flags=NO_ACCESS)]).network
    assert (Metric.build(network, PLAIN).edge_ms == CLOSED).all()


# --- invariants --------------------------------------------------------------------------------------------------


def facts_strategy() -> st.SearchStrategy[dict[str, object]]:
    unknown = st.just(float("nan"))
    return st.fixed_dictionaries(
        {
            "width_m": unknown | st.sampled_from((0.9, 1.8, 2.3, 2.75, 3.5)),
            "maxheight_m": unknown | st.sampled_from((1.9, 2.1, 3.5)),
            "maxweight_t": unknown | st.sampled_from((2.5, 7.5)),
            "lanes": st.sampled_from((0, 0, 1, 2)),
            "surface": st.sampled_from(SURFACES),
            "smoothness": st.sampled_from(SMOOTHNESSES),
            "level_crossings": st.integers(0, 2),
            "contraflow": st.booleans(),
            "maxspeed_kph": unknown | st.sampled_from((5.0, 30.0, 100.0)),
            "more_flags": st.sampled_from(
                (
                    EdgeFlag(0),
                    EdgeFlag.FORD,
                    EdgeFlag.FORD_AT_NODE,
                    BUS | NO_ACCESS,
                    EdgeFlag.MOTORCYCLE | NO_ACCESS,
                    EdgeFlag.NO_MOTORCYCLE,
                )
            ),
        }
    )


@st.composite
def networks_of_all_kinds(draw: st.DrawFn) -> BuiltNetwork:
    """Networks of trouble whose roads have widths, limits and surfaces, and a way against where they are one-way."""
    return draw(road_networks(facts=facts_strategy()))


def times(built: BuiltNetwork, profile: Profile, limits: RoutingSettings = PLAIN, **of) -> np.ndarray:
    """(N, N) milliseconds between all nodes; infinite where no road leads."""
    try:
        metric = Metric.build(built.network, limits, profile=profile, **of)
    except SourceError:  # it forbids every road
        return np.full((built.network.node_count,) * 2, np.inf)
    turns = TurnGraph.build(built.network, edges_to_remember(built.network, metric))
    count = built.network.node_count
    starts = Starts(offset=np.arange(count + 1), state=np.arange(count), ms=np.zeros(count))
    found = ScipySearch(turns, metric).node_times_ms(starts).astype(np.float64)
    return np.where(found >= NEVER_MS, np.inf, found)


@given(built=networks_of_all_kinds(), profile=profiles(), more=st.sets(st.sampled_from(list(Exemption))))
@settings(max_examples=60, deadline=None)
def test_an_exemption_never_makes_any_time_longer(built, profile, more):
    assert (times(built, profile.exempted(more)) <= times(built, profile)).all()


@given(built=networks_of_all_kinds(), profile=profiles(), more=st.floats(0.0, 2.0))
@settings(max_examples=40, deadline=None)
def test_a_larger_vehicle_is_never_quicker(built, profile, more):
    larger = replace(
        profile, width_m=profile.width_m + more, height_m=profile.height_m + more, weight_t=profile.weight_t + more
    )
    assert (times(built, larger) >= times(built, profile)).all()


@given(built=networks_of_all_kinds(), profile=profiles(), data=st.data())
@settings(max_examples=40, deadline=None)
def test_closing_roads_never_makes_any_time_shorter(built, profile, data):
    closed = data.draw(st.sets(st.integers(0, built.network.edge_count - 1)))
    assert (times(built, profile, closures=closed) >= times(built, profile)).all()


@given(built=networks_of_all_kinds(), profile=profiles(), hour=st.integers(0, HOURS - 1), data=st.data())
@settings(max_examples=40, deadline=None)
def test_factors_of_one_change_nothing_and_slower_traffic_is_never_quicker(built, profile, hour, data):
    try:
        plain = Metric.build(built.network, PLAIN, profile=profile)
    except SourceError:
        return
    areas = np.array(
        data.draw(st.lists(st.integers(-1, 1), min_size=built.network.edge_count, max_size=built.network.edge_count))
    )
    neutral = SpeedFactors.neutral(["a", "b"])
    same = Metric.build(
        built.network,
        RoutingSettings(hours=(replace(RUSH, hours=frozenset(range(HOURS)), factor=1.0, classes={}),)),
        profile=profile, hour=hour, factors=neutral, edge_kecamatan=areas,
    )  # fmt: skip
    assert same.edge_ms.tolist() == plain.edge_ms.tolist()
    slow = RoutingSettings(hours=(replace(RUSH, hours=frozenset({hour})),))
    slower = Metric.build(built.network, slow, profile=profile, hour=hour)
    assert (slower.edge_ms >= plain.edge_ms).all()


@given(built=networks_of_all_kinds(), profile=profiles())
@settings(max_examples=60, deadline=None)
def test_an_open_edge_needs_just_the_exemptions_that_are_named_for_it(built, profile):
    found = openings(built.network, profile)
    for edge in range(built.network.edge_count):
        used = exemptions_used(built.network, profile, [edge])
        without = openings(built.network, replace(profile, exemptions=profile.exemptions - set(used)))
        assert bool(used) <= bool(found.is_open[edge])
        assert set(used) <= profile.exemptions
        alone = openings(built.network, replace(profile, exemptions=frozenset(used)))
        assert alone.is_open[edge] == found.is_open[edge]
        if used:
            assert not openings(built.network, replace(profile, exemptions=frozenset())).is_open[edge]
        else:
            assert without.is_open[edge] == found.is_open[edge]


@given(profile=profiles())
def test_a_profile_comes_back_from_its_table(profile):
    table = json.loads(json.dumps(profile_table(profile), allow_nan=False))
    again = read_profiles({profile.name: table}, "region.toml")[profile.name]
    assert again == profile


def test_every_kind_of_barrier_of_a_profile_is_one_that_the_network_knows():
    for profile in DEFAULT_PROFILES.values():
        assert {*profile.barriers_s, *profile.passes} <= set(BARRIERS)
        assert set(profile.surface_kph) <= set(SURFACES)
        assert set(profile.smoothness_kph) <= set(SMOOTHNESSES)
