"""Vehicle profiles: how fast a kind of vehicle drives, where it fits, what stops it, and which rules it may break.

A profile is plain data; `routing.metric` turns it into the cost of every edge. The four of `DEFAULT_PROFILES` are
there in every region, and `[routing.profiles.NAME]` of region.toml changes them or adds others
(`routing.profile_toml`). docs/profiles.md tells every default with its source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Exemption(StrEnum):
    """A rule that a vehicle in an emergency may break.

    `EMERGENCY_YES`: roads and barriers that a tag opens to emergency vehicles though they are closed to others
    (`emergency=yes`). That is the tag's own meaning, so the default profiles have it. All others are off unless
    region.toml grants them. `BUS_LANES`: roads and lanes for buses, also those against a one-way road.
    `ACCESS_PRIVATE`: `access=private` and the like, private gates that are not locked. `ONEWAY_AGAINST`: one-way roads
    against their direction. `RESTRICTIONS_IGNORED`: turn restrictions.
    """

    EMERGENCY_YES = "emergency_yes"
    BUS_LANES = "bus_lanes"
    ACCESS_PRIVATE = "access_private"
    ONEWAY_AGAINST = "oneway_against"
    RESTRICTIONS_IGNORED = "restrictions_ignored"


class FordPolicy(StrEnum):
    """What a road through water is to a vehicle: closed, slow (`Profile.ford_kph`), or a road like others."""

    CLOSED = "closed"
    SLOW = "slow"
    OPEN = "open"


SURFACE_KPH: Final[Mapping[str, float]] = MappingProxyType(
    {
        "compacted": 80.0, "fine_gravel": 80.0, "concrete:plates": 60.0, "concrete:lanes": 60.0, "paving_stones": 60.0,
        "bricks": 60.0, "metal": 60.0, "sett": 40.0, "grass_paver": 40.0, "gravel": 40.0, "pebblestone": 40.0,
        "unpaved": 40.0, "ground": 40.0, "dirt": 40.0, "grass": 40.0, "wood": 40.0, "cobblestone": 30.0, "clay": 30.0,
        "earth": 20.0, "rock": 20.0, "sand": 20.0, "mud": 10.0,
    }
)  # fmt: skip
"""No faster than this in km/h on a surface: the table of OSRM's `car.lua`, for the surfaces that we tell apart."""

SMOOTHNESS_KPH: Final[Mapping[str, float]] = MappingProxyType(
    {"intermediate": 80.0, "bad": 40.0, "very_bad": 20.0, "horrible": 10.0, "very_horrible": 5.0}
)
"""The same by smoothness, from the same source."""

LANE_WIDTH_M: Final = 2.75
"""Of a road whose lanes are tagged but not its width: the narrowest lane that Indonesian design rules know."""

UNTAGGED_WIDTH_M: Final[Mapping[str, float]] = MappingProxyType(
    {"residential": 4.0, "living_street": 3.0, "service": 3.0, "road": 3.0, "track": 2.5}
)
"""Width that is assumed where neither width nor lanes are tagged; other classes are as wide as any vehicle needs."""

GATE_S: Final[Mapping[str, float]] = MappingProxyType(
    {"gate": 30.0, "swing_gate": 30.0, "sliding_gate": 30.0, "lift_gate": 15.0, "checkpoint": 15.0, "toll_booth": 15.0}
)
"""Seconds to be let through: Valhalla's `gate_cost` (30 s) and `toll_booth_cost` (15 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How one kind of vehicle drives.

    Attributes
    ----------
    name
        Lower case letters, digits and underscores.
    speeds_kph
        By road class, in place of the region's; classes left out keep the region's speed.
    speed_factor
        On every speed of a class or of a tagged limit.
    fastest_kph
        The vehicle is never faster.
    surface_kph, smoothness_kph
        No faster than this there; 0 closes such roads.
    width_m, height_m, weight_t
        Of the vehicle: roads and barriers with a lower limit are closed to it.
    side_m
        Room it needs beside itself, both sides together: roads that are narrower than both are closed to it.
    untagged_width_m
        Width by class where none is tagged.
    narrow_below_m, narrow_kph
        On roads narrower than this it is no faster than that.
    closed_classes
        Road classes it does not use.
    two_wheels
        Motorcycles go by tags of their own, where they have any.
    barriers_s
        Seconds to pass a barrier by its kind, for barriers that open; 0 for kinds left out.
    passes
        Kinds of barrier that are built to stop cars, and that this vehicle passes (a motorcycle between bollards).
    locked_s
        More seconds at a locked gate that opens for emergency vehicles.
    ford, ford_kph
        What water across the road is to it.
    ferries, boarding_s
        Whether it takes ferries, and the seconds before one sails.
    level_crossing_s
        Seconds at each crossing with a railway.
    turn_round_s
        Of turning round; None takes the region's.
    against_kph
        No faster than this against a one-way road.
    exemptions
        Rules it may break.
    """

    name: str
    speeds_kph: Mapping[str, float] = field(default_factory=dict)
    speed_factor: float = 1.0
    fastest_kph: float = 200.0
    surface_kph: Mapping[str, float] = field(default_factory=lambda: SURFACE_KPH)
    smoothness_kph: Mapping[str, float] = field(default_factory=lambda: SMOOTHNESS_KPH)
    width_m: float = 1.8
    height_m: float = 2.0
    weight_t: float = 2.0
    side_m: float = 0.3
    untagged_width_m: Mapping[str, float] = field(default_factory=lambda: UNTAGGED_WIDTH_M)
    narrow_below_m: float = 2.5
    narrow_kph: float = 10.0
    closed_classes: frozenset[str] = frozenset()
    two_wheels: bool = False
    barriers_s: Mapping[str, float] = field(default_factory=lambda: GATE_S)
    passes: frozenset[str] = frozenset()
    locked_s: float = 60.0
    ford: FordPolicy = FordPolicy.SLOW
    ford_kph: float = 5.0
    ferries: bool = True
    boarding_s: float = 0.0
    level_crossing_s: float = 10.0
    turn_round_s: float | None = None
    against_kph: float = 20.0
    exemptions: frozenset[Exemption] = frozenset({Exemption.EMERGENCY_YES})

    @property
    def key(self) -> str:
        """The name with the exemptions that are on: what names a metric."""
        return profile_key(self.name, self.exemptions)

    @property
    def obeys_restrictions(self) -> bool:
        """Whether turn restrictions bind it."""
        return Exemption.RESTRICTIONS_IGNORED not in self.exemptions

    def exempted(self, more: Iterable[Exemption]) -> Profile:
        """The same vehicle with more exemptions."""
        return replace(self, exemptions=self.exemptions | frozenset(more))


def profile_key(name: str, exemptions: Iterable[Exemption]) -> str:
    """A profile's name and exemptions as one word: `ambulance+emergency_yes+oneway_against`."""
    return "+".join([name, *sorted(exemption.value for exemption in exemptions)])


DEFAULT_PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        # A van: a Toyota HiAce or the like, the usual ambulance; the weight is where an Indonesian van's class ends.
        "ambulance": Profile(name="ambulance", width_m=2.0, height_m=2.5, weight_t=3.5),
        # A pumper of 4 to 5 cubic metres. Law 22/2009, article 19, lets vehicles up to 2.5 m wide on class II roads.
        # 4 m: what SNI 03-1735-2000, 4.2.2, asks of a way for fire engines; narrower ones are driven at walking pace
        # with a man in front, as long as the engine fits at all.
        "fire_engine": Profile(
            name="fire_engine", width_m=2.5, height_m=3.3, weight_t=15.0, side_m=0.25, narrow_below_m=4.0,
            fastest_kph=80.0, turn_round_s=40.0, ford_kph=10.0,
        ),
        # Motorcycles may not use toll roads (Government Regulation 15/2005, article 38).
        "motorcycle": Profile(
            name="motorcycle", width_m=0.8, height_m=1.8, weight_t=0.3, side_m=0.2, narrow_below_m=1.2,
            fastest_kph=80.0, two_wheels=True, turn_round_s=5.0, ford=FordPolicy.CLOSED, level_crossing_s=5.0,
            speeds_kph={"residential": 25.0, "living_street": 15.0, "service": 20.0, "track": 15.0},
            closed_classes=frozenset({"motorway", "motorway_link"}),
            passes=frozenset({"bollard", "block", "cycle_barrier", "chain", "jersey_barrier"}),
        ),
        # A patrol or command car: the size that OSRM and Valhalla give a car, rounded up.
        "light_vehicle": Profile(name="light_vehicle", width_m=1.8, height_m=2.0, weight_t=2.0),
    }
)  # fmt: skip
"""The profiles of every region, by name."""

DEFAULT_PROFILE: Final = "ambulance"
"""Whose times are told where no unit is spoken of."""

DEFAULT_VEHICLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ambulance": "ambulance", "fire_engine": "fire_engine", "water_tanker": "fire_engine",
        "ladder_truck": "fire_engine", "rescue": "ambulance", "rapid_response": "light_vehicle",
        "police": "light_vehicle", "public_order": "light_vehicle", "traffic_unit": "light_vehicle",
        "social_services": "light_vehicle", "evacuation_truck": "fire_engine", "heavy_equipment": "fire_engine",
        "tow_truck": "fire_engine", "motorcycle": "motorcycle",
    }
)  # fmt: skip
"""Which profile each kind of unit drives by; kinds left out drive by the region's default profile."""
