"""Hypothesis strategies shared by all tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import shapely
from hypothesis import strategies as st

from dispatch.types import Unit, UnitStatus
from gis.types import Location
from routing.network import EdgeFlag
from routing.profile import DEFAULT_PROFILES, Exemption, FordPolicy, Profile
from routing.types import DrivingTime
from tests.networks import BuiltNetwork, Road, network_from_edges

NOW = datetime(2026, 1, 31, 6, 45, tzinfo=UTC)
"""The clock of tests about dispatch."""

KINDS = ("ambulance", "fire_engine", "boat")
CAPABILITIES = ("als", "rescue")
UNIT_IDS = tuple(f"{letter}{digit}" for letter in "ABC" for digit in range(10))


def locations() -> st.SearchStrategy[Location]:
    """Points in and about Kabupaten Cirebon, coarse enough to coincide now and then."""
    return st.builds(
        lambda lat, lon: Location(lat=lat / 1000, lon=lon / 1000),
        st.integers(-7000, -6500),
        st.integers(108200, 108900),
    )


def fix_times() -> st.SearchStrategy[datetime | None]:
    """Unknown, on either side of the age that makes a fix stale, and on either side of the clock's tolerance."""
    ages_s = st.sampled_from((-61, -60, -1, 0, 1, 899, 900, 901, 100_000)) | st.integers(-120, 2000)
    return st.none() | ages_s.map(lambda age_s: NOW - timedelta(seconds=age_s))


@st.composite
def fleets(draw: st.DrawFn, *, max_size: int = 8) -> list[Unit]:
    """Units with different ids, of every kind and status, more often available than not."""
    ids = draw(st.lists(st.sampled_from(UNIT_IDS), unique=True, max_size=max_size))
    return [
        Unit(
            unit_id=unit_id,
            kind=draw(st.sampled_from(KINDS)),
            agency="Dinkes",
            status=draw(st.just(UnitStatus.AVAILABLE) | st.sampled_from(UnitStatus)),
            location=draw(locations()),
            fix_time=draw(fix_times()),
            capabilities=draw(st.frozensets(st.sampled_from(CAPABILITIES))),
        )
        for unit_id in ids
    ]


def driving_times() -> st.SearchStrategy[DrivingTime]:
    """Road times, coarse enough to tie, and now and then no road at all."""
    return st.builds(
        DrivingTime,
        reach_road_s=st.integers(0, 4).map(float),
        driving_s=st.none() | st.integers(0, 6).map(lambda tens: 10.0 * tens) | st.floats(0, 5000),
        last_metres_s=st.integers(0, 4).map(float),
    )


@st.composite
def road_networks(
    draw: st.DrawFn,
    *,
    max_nodes: int = 7,
    max_roads: int = 12,
    facts: st.SearchStrategy[dict[str, Any]] | None = None,
) -> BuiltNetwork:
    """Small networks full of trouble: ties, parallel roads, loops, roads of no length or no time, one-way traps,
    pieces apart, closed roads, and overlapping restrictions over two to four edges; with `facts`, of every shape."""
    grid = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda at: (at[0] * 0.003, at[1] * 0.003))
    points = draw(st.lists(grid, min_size=2, max_size=max_nodes))
    nodes = st.integers(0, len(points) - 1)
    road = st.builds(
        Road,
        tail=nodes,
        head=nodes,
        ms=st.sampled_from((None, 0, 1, 2, 2, 3, 1000)) | st.integers(0, 50) | st.integers(0, 900_000),
        oneway=st.booleans(),
        road_class=st.sampled_from(("primary", "residential", "service")),
        flags=st.sampled_from((EdgeFlag(0),) * 6 + (EdgeFlag.PRIVATE, EdgeFlag.PRIVATE | EdgeFlag.EMERGENCY)),
        via=st.lists(grid.map(lambda at: (at[0] + 0.001, at[1] + 0.001)), max_size=2).map(tuple),
    )
    if facts is not None:
        road = st.builds(_with_facts, road, facts)
    roads = draw(st.lists(road, min_size=1, max_size=max_roads))
    drives = [(number, way) for number, item in enumerate(roads) for way in ((True,) if item.oneway else (True, False))]
    leaving: dict[int, list[tuple[int, bool]]] = {}
    for number, way in drives:
        leaving.setdefault(roads[number].tail if way else roads[number].head, []).append((number, way))
    restrictions = []
    for first in draw(st.lists(st.sampled_from(drives), max_size=5)):
        sequence = [first]
        for _ in range(draw(st.integers(1, 3))):
            number, way = sequence[-1]
            onwards = leaving.get(roads[number].head if way else roads[number].tail, [])
            if not onwards:
                break
            sequence.append(draw(st.sampled_from(onwards)))
        if len(sequence) > 1:
            restrictions.append(sequence)
    return network_from_edges(points, roads, restrictions)


def _with_facts(road: Road, facts: dict[str, Any]) -> Road:
    flags = road.flags | facts["more_flags"]
    return replace(road, flags=flags, **{name: fact for name, fact in facts.items() if name != "more_flags"})


def profiles() -> st.SearchStrategy[Profile]:
    """Vehicles of every size and kind, with every mixture of exemptions."""
    return st.builds(
        replace,
        st.sampled_from(list(DEFAULT_PROFILES.values())),
        exemptions=st.frozensets(st.sampled_from(list(Exemption))),
        width_m=st.sampled_from((0.8, 1.8, 2.0, 2.5, 3.0)),
        height_m=st.sampled_from((1.8, 2.0, 3.3)),
        weight_t=st.sampled_from((0.3, 2.0, 15.0)),
        speed_factor=st.sampled_from((0.8, 1.0, 1.2)),
        ford=st.sampled_from(list(FordPolicy)),
        against_kph=st.sampled_from((5.0, 20.0, 200.0)),
        turn_round_s=st.none() | st.sampled_from((0.0, 20.0)),
        closed_classes=st.frozensets(st.sampled_from(("primary", "service")), max_size=1),
    )


@st.composite
def near_roads(draw: st.DrawFn, built: BuiltNetwork) -> Location:
    """A point on a road of the network (its ends and middle more often than by chance), or somewhat off it."""
    network = built.network
    lat, lon = network.edge_points(draw(st.integers(0, network.edge_count - 1)))
    at = draw(st.integers(0, len(lat) - 2))
    share = draw(st.sampled_from((0.0, 0.25, 0.5, 1.0)) | st.floats(0, 1))
    off = draw(st.tuples(*[st.sampled_from((0.0, 0.0, 0.0, 1e-5, -1e-3, 2e-3))] * 2))
    return Location(
        lat=float(lat[at] + share * (lat[at + 1] - lat[at])) + off[0],
        lon=float(lon[at] + share * (lon[at + 1] - lon[at])) + off[1],
    )


@st.composite
def village_codes(draw: st.DrawFn) -> str:
    """Codes of desa and kelurahan."""
    pair = st.integers(1, 99).map("{:02d}".format)
    return ".".join(
        [
            draw(st.integers(11, 99).map(str)),
            draw(pair),
            draw(pair),
            draw(st.sampled_from("12")) + draw(st.integers(1, 999).map("{:03d}".format)),
        ]
    )


@st.composite
def shaken_lattices(draw: st.DrawFn) -> list[shapely.Geometry]:
    """In metres, villages on a lattice of 200 m whose corners each village has drawn for itself, up to 30 m off."""
    columns, rows = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    shift = st.integers(-30, 30)
    villages = []
    for column in range(columns):
        for row in range(rows):
            corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
            villages.append(shapely.Polygon([(200 * x + draw(shift), 200 * y + draw(shift)) for x, y in corners]))
    return villages


@st.composite
def lattice_regions(draw: st.DrawFn) -> dict[str, shapely.Geometry]:
    """One to eight villages by code: lattice boxes near Cirebon, some widened, narrowed, holed or moved apart."""
    size_deg = 0.002
    cells = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=8, unique=True))
    villages: dict[str, shapely.Geometry] = {}
    for number, (column, row) in enumerate(cells):
        west, south, east, north = (draw(st.sampled_from((0, 0, 0, 0.02, -0.02, 0.5))) for _ in range(4))
        box = shapely.box(column - west, row - south, column + 1 + east, row + 1 + north)
        if draw(st.integers(0, 4)) == 0:
            box = shapely.difference(box, shapely.box(column + 0.4, row + 0.4, column + 0.6, row + 0.6))
        villages[f"1.1.{number}"] = shapely.transform(box, lambda xy: xy * size_deg + (108.0, -7.0))
    return villages
