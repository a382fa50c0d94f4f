"""The `[routing]` table of region.toml, and what it makes of the edges."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

from gis.errors import SourceError
from routing.metric import CLOSED, Metric, edge_speeds_kph
from routing.network import EdgeFlag
from routing.settings import SPEED_CLASSES, MaxspeedPolicy, RoutingSettings, default_toml
from routing.speeds import DEFAULT_SPEEDS_KPH
from tests.networks import Road, network_from_edges

POINTS = [(0.0, 0.0), (0.0, 0.1)]


def test_the_text_of_a_new_region_holds_the_defaults():
    table = tomllib.loads(default_toml())["routing"]
    assert RoutingSettings.from_table(table, source="region.toml") == RoutingSettings()
    assert set(table["speeds_kph"]) == set(SPEED_CLASSES)


def test_what_a_table_leaves_out_keeps_its_default():
    settings = RoutingSettings.from_table({"speeds_kph": {"primary": 33}, "walking_kph": 4}, source="region.toml")
    assert settings.speeds_kph == {**DEFAULT_SPEEDS_KPH, "primary": 33.0}
    assert (settings.walking_kph, settings.off_road_kph) == (4.0, RoutingSettings().off_road_kph)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"speed": 3}, r"r\.toml: \[routing\] has the unknown key 'speed'; the keys are speeds_kph, profiles"),
        ({"speeds_kph": {"highway": 3}}, r"\[routing\.speeds_kph\] has the unknown road class 'highway'"),
        ({"speeds_kph": {"primary": 0}}, r"primary under \[routing\.speeds_kph\] is 0; .* from 1 to 200\."),
        ({"speeds_kph": {"primary": "fast"}}, r"is 'fast'; it must be a number of km/h"),
        ({"speeds_kph": 30}, r"speeds_kph under \[routing\] is not a table"),
        ({"walking_kph": -5}, r"walking_kph under \[routing\] is -5"),
        ({"walking_kph": True}, r"walking_kph under \[routing\] is True"),
        ({"off_road_kph": float("nan")}, r"off_road_kph under \[routing\] is nan"),
        ({"snap_limit_m": -1}, r"snap_limit_m under \[routing\] is -1; it must be a number of metres, zero or more\."),
        ({"turn_round_s": -1}, r"turn_round_s under \[routing\] is -1; it must be a number of seconds from 0 to 120\."),
        ({"turn_round_s": 3600}, r"turn_round_s under \[routing\] is 3600; .* from 0 to 120\."),
        ({"connected_within_m": float("inf")}, r"connected_within_m under \[routing\] is inf"),
        (
            {"maxspeed": "obey"},
            r"maxspeed under \[routing\] is 'obey'; it must be one of \"replace\", \"cap\", \"ignore\"\.",
        ),
        ({"maxspeed": ["cap"]}, r"maxspeed under \[routing\] is \['cap'\]"),
        (5, r"routing is 5, which is not a table"),
    ],
)
def test_a_bad_setting_is_told_in_one_sentence(table, sentence):
    with pytest.raises(SourceError, match=sentence) as told:
        RoutingSettings.from_table(table, source="r.toml")
    assert str(told.value).startswith("r.toml: ")
    assert str(told.value).endswith(".")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (MaxspeedPolicy.REPLACE, [80.0, 20.0, 45.0]),
        (MaxspeedPolicy.CAP, [45.0, 20.0, 45.0]),
        (MaxspeedPolicy.IGNORE, [45.0, 45.0, 45.0]),
    ],
)
def test_a_tagged_limit_replaces_caps_or_is_ignored(policy, expected):
    limits = (80.0, 20.0, float("nan"))
    roads = [Road(tail=0, head=1, road_class="primary", maxspeed_kph=limit, oneway=True) for limit in limits]
    settings = RoutingSettings(speeds_kph={**DEFAULT_SPEEDS_KPH, "primary": 45.0}, maxspeed=policy)
    assert edge_speeds_kph(network_from_edges(POINTS, roads).network, settings).tolist() == expected


def test_a_cost_is_length_over_speed_in_whole_milliseconds():
    built = network_from_edges(POINTS, [Road(tail=0, head=1, road_class="primary")])
    metric = Metric.build(built.network, RoutingSettings())
    length_km = float(built.network.edge_length_m[0]) / 1000
    assert metric.edge_ms.tolist() == [round(length_km / DEFAULT_SPEEDS_KPH["primary"] * 3_600_000)] * 2
    assert metric.edge_ms.dtype == np.int64


def test_a_known_duration_replaces_length_over_speed():
    built = network_from_edges(POINTS, [Road(tail=0, head=1, ms=1_234, road_class="ferry")])
    assert Metric.build(built.network, RoutingSettings()).edge_ms.tolist() == [1_234, 1_234]


def test_an_edge_of_some_length_costs_at_least_a_millisecond_and_one_of_none_nothing():
    points = [(0.0, 0.0), (0.0, 1e-7), (0.0, 1e-7)]
    built = network_from_edges(
        points, [Road(tail=0, head=1, road_class="motorway"), Road(tail=1, head=2, road_class="barrier")]
    )
    fast = RoutingSettings(speeds_kph={**DEFAULT_SPEEDS_KPH, "motorway": 200.0})  # 1.1 cm in 0.2 ms
    ms = Metric.build(built.network, fast).edge_ms
    assert ms[built.edge_of[0, True]] == 1
    assert ms[built.edge_of[1, True]] == 0


@pytest.mark.parametrize("closing", [EdgeFlag.PRIVATE, EdgeFlag.NO_ACCESS, EdgeFlag.BARRIER])
def test_closed_roads_open_for_emergency_vehicles_only_where_tagged(closing):
    roads = [Road(tail=0, head=1, flags=closing), Road(tail=0, head=1, flags=closing | EdgeFlag.EMERGENCY)]
    built = network_from_edges(POINTS, roads)
    ms = Metric.build(built.network, RoutingSettings()).edge_ms
    assert ms[built.edge_of[0, True]] == CLOSED
    assert ms[built.edge_of[1, True]] > 0


def test_destination_traffic_and_tolls_are_open():
    built = network_from_edges(POINTS, [Road(tail=0, head=1, flags=EdgeFlag.DESTINATION | EdgeFlag.TOLL)])
    assert (Metric.build(built.network, RoutingSettings()).edge_ms > 0).all()
