from __future__ import annotations

from routing.network import ROAD_CLASSES
from routing.speeds import DEFAULT_SPEEDS_KPH


def test_every_class_but_barriers_has_a_speed():
    assert set(DEFAULT_SPEEDS_KPH) == set(ROAD_CLASSES) - {"barrier"}


def test_no_default_is_above_the_law_of_indonesia():
    limits = {"motorway": 100, "trunk": 80, "primary": 80, "secondary": 80, "tertiary": 80, "residential": 30}
    assert all(DEFAULT_SPEEDS_KPH[name] <= limit for name, limit in limits.items())


def test_a_more_important_road_is_never_slower_and_no_link_faster_than_its_road():
    order = ["motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "service", "track"]
    speeds = [DEFAULT_SPEEDS_KPH[name] for name in order]
    assert speeds == sorted(speeds, reverse=True)
    for name in ("motorway", "trunk", "primary", "secondary", "tertiary"):
        assert DEFAULT_SPEEDS_KPH[f"{name}_link"] <= DEFAULT_SPEEDS_KPH[name]
