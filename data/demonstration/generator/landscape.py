"""What is drawn by hand: coast, city, national roads, toll road, railway, rivers. (lat, lon) in degrees.

All of it is invented with the facts in view: it runs where villages leave room for it, and follows no survey.
"""

from __future__ import annotations

from dataclasses import dataclass

LatLon = tuple[float, float]

COAST: tuple[LatLon, ...] = (
    (-6.516, 108.537), (-6.530, 108.5435), (-6.560, 108.550), (-6.600, 108.5545), (-6.640, 108.567),
    (-6.680, 108.567), (-6.700, 108.574), (-6.715, 108.580), (-6.732, 108.584), (-6.742, 108.597),
    (-6.752, 108.608), (-6.763, 108.619), (-6.767, 108.635), (-6.760, 108.652), (-6.765, 108.669),
    (-6.782, 108.682), (-6.795, 108.702), (-6.797, 108.730), (-6.804, 108.760), (-6.794, 108.782),
    (-6.770, 108.797), (-6.752, 108.808), (-6.748, 108.822), (-6.757, 108.838), (-6.775, 108.852),
)  # fmt: skip
"""From the north-west to the east; the Java Sea lies on its left."""

CITY_SEEDS: tuple[LatLon, ...] = (
    (-6.7050, 108.5650), (-6.7090, 108.5570), (-6.7130, 108.5730), (-6.7170, 108.5640), (-6.7200, 108.5540),
    (-6.7250, 108.5740), (-6.7270, 108.5635), (-6.7285, 108.5520), (-6.7300, 108.5420), (-6.7355, 108.5775),
    (-6.7370, 108.5680), (-6.7380, 108.5570), (-6.7400, 108.5455), (-6.7410, 108.5350), (-6.7470, 108.5710),
    (-6.7480, 108.5610), (-6.7490, 108.5510), (-6.7500, 108.5400),
)  # fmt: skip
"""Quarters of the neighbouring Kota Cirebon: they have roads, but no village of this kabupaten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnRoad:
    """A road drawn through controls; roads meet at controls that they share."""

    name: str
    road_class: str
    ref: str
    maxspeed: str
    controls: tuple[LatLon, ...]


ROADS: tuple[DrawnRoad, ...] = (
    DrawnRoad(
        name="Jalan Raya Pantura (contoh)",
        road_class="trunk",
        ref="1",
        maxspeed="80",
        controls=(
            (-6.836, 108.836), (-6.828, 108.808), (-6.822, 108.775), (-6.826, 108.745), (-6.818, 108.715),
            (-6.812, 108.690), (-6.800, 108.665), (-6.792, 108.640), (-6.788, 108.615), (-6.776, 108.596),
            (-6.762, 108.580), (-6.748, 108.566), (-6.733, 108.560), (-6.718, 108.548), (-6.708, 108.528),
            (-6.706, 108.505), (-6.704, 108.480), (-6.701, 108.455), (-6.698, 108.425), (-6.678, 108.413),
            (-6.652, 108.406), (-6.625, 108.385), (-6.608, 108.360), (-6.602, 108.336),
        ),
    ),
    DrawnRoad(
        name="Jalan Raya Gunung Jati (contoh)",
        road_class="primary",
        ref="",
        maxspeed="60",
        controls=(
            (-6.718, 108.548), (-6.700, 108.548), (-6.675, 108.540), (-6.650, 108.530), (-6.620, 108.518),
            (-6.590, 108.508), (-6.555, 108.505), (-6.526, 108.511),
        ),
    ),
    DrawnRoad(
        name="Jalan Raya Palimanan - Ciwaringin (contoh)",
        road_class="primary",
        ref="",
        maxspeed="60",
        controls=((-6.698, 108.425), (-6.703, 108.400), (-6.700, 108.375), (-6.698, 108.352), (-6.703, 108.338)),
    ),
    DrawnRoad(
        name="Jalan Raya Cirebon - Kuningan (contoh)",
        road_class="primary",
        ref="",
        maxspeed="60",
        controls=(
            (-6.748, 108.566), (-6.756, 108.548), (-6.770, 108.531), (-6.795, 108.525), (-6.818, 108.519),
            (-6.840, 108.515), (-6.860, 108.512),
        ),
    ),
    DrawnRoad(
        name="Jalan Raya Sumber (contoh)",
        road_class="primary",
        ref="",
        maxspeed="50",
        controls=(
            (-6.706, 108.505), (-6.730, 108.497), (-6.752, 108.490), (-6.768, 108.478), (-6.776, 108.450),
            (-6.770, 108.418), (-6.740, 108.417), (-6.698, 108.425),
        ),
    ),
    DrawnRoad(
        name="Jalan Raya Sindanglaut - Ciledug (contoh)",
        road_class="primary",
        ref="",
        maxspeed="60",
        controls=(
            (-6.788, 108.615), (-6.810, 108.618), (-6.832, 108.628), (-6.850, 108.650), (-6.868, 108.685),
            (-6.890, 108.710), (-6.908, 108.735), (-6.893, 108.765), (-6.868, 108.790), (-6.845, 108.804),
            (-6.828, 108.808),
        ),
    ),
    DrawnRoad(
        name="Jalan Raya Gebang - Ciledug (contoh)",
        road_class="primary",
        ref="",
        maxspeed="60",
        controls=((-6.826, 108.745), (-6.850, 108.742), (-6.880, 108.741), (-6.908, 108.735)),
    ),
)  # fmt: skip

TOLL_NAME = "Jalan Tol Cirebon (contoh)"
ROUNDABOUT_NAME = "Bundaran Sumber (contoh)"
ROUNDABOUT: LatLon = (-6.768, 108.478)
TOLL: tuple[LatLon, ...] = (
    (-6.703, 108.338), (-6.690, 108.356), (-6.712, 108.396), (-6.728, 108.430), (-6.736, 108.468),
    (-6.752, 108.504), (-6.780, 108.532), (-6.796, 108.560), (-6.807, 108.592), (-6.818, 108.625),
    (-6.838, 108.670), (-6.850, 108.720), (-6.858, 108.770), (-6.857, 108.806), (-6.836, 108.836),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Interchange:
    """A toll gate where the toll road crosses a drawn road, at the crossing nearest to `near`."""

    name: str
    road: str
    near: LatLon


INTERCHANGES: tuple[Interchange, ...] = (
    Interchange(name="Palimanan", road="Jalan Raya Palimanan - Ciwaringin (contoh)", near=(-6.701, 108.382)),
    Interchange(name="Plumbon", road="Jalan Raya Sumber (contoh)", near=(-6.745, 108.492)),
    Interchange(name="Ciperna", road="Jalan Raya Cirebon - Kuningan (contoh)", near=(-6.777, 108.529)),
    Interchange(name="Kanci", road="Jalan Raya Sindanglaut - Ciledug (contoh)", near=(-6.815, 108.620)),
    Interchange(name="Ciledug", road="Jalan Raya Gebang - Ciledug (contoh)", near=(-6.853, 108.742)),
)

RAILWAY_NAME = "Rel Cirebon (contoh)"
RAILWAY: tuple[LatLon, ...] = (
    (-6.640, 108.336), (-6.658, 108.390), (-6.682, 108.430), (-6.692, 108.470), (-6.697, 108.520),
    (-6.708, 108.549), (-6.728, 108.568), (-6.757, 108.575), (-6.782, 108.603), (-6.806, 108.640),
    (-6.828, 108.660), (-6.852, 108.692), (-6.882, 108.728), (-6.902, 108.752), (-6.925, 108.775),
)  # fmt: skip
RAILWAY_STATIONS: tuple[tuple[str, LatLon], ...] = (
    ("Stasiun Arjawinangun (contoh)", (-6.658, 108.390)),
    ("Stasiun Cirebon (contoh)", (-6.708, 108.549)),
    ("Stasiun Sindanglaut (contoh)", (-6.828, 108.660)),
    ("Stasiun Ciledug (contoh)", (-6.902, 108.752)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class River:
    """A river that follows village borders from its source to the sea, past its waypoints."""

    name: str
    kind: str
    waypoints: tuple[LatLon, ...]


RIVERS: tuple[River, ...] = (
    River(
        name="Ci Manis (contoh)",
        kind="river",
        waypoints=((-6.895, 108.610), (-6.868, 108.650), (-6.835, 108.672), (-6.795, 108.695)),
    ),
    River(
        name="Kali Bening (contoh)",
        kind="river",
        waypoints=(
            (-6.800, 108.455),
            (-6.750, 108.460),
            (-6.690, 108.492),
            (-6.640, 108.510),
            (-6.600, 108.556),
        ),
    ),
)

CUT_OFF_NAME = "Kampung Terputus (contoh)"
CUT_OFF: LatLon = (-6.5560, 108.5400)
CUT_OFF_RADIUS_M = 450.0
"""A hamlet whose lanes no road reaches, on purpose."""

RESERVOIR_NAME = "Setu Contoh"
RESERVOIR: LatLon = (-6.7885, 108.5590)
RESERVOIR_RADII_M = (470.0, 260.0)
