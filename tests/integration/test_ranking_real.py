"""Units of Kabupaten Cirebon ranked on its real roads, for a point and for a stretch of villages."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from dispatch.ranking import Ranking, rank_units
from dispatch.settings import DispatchSettings
from dispatch.types import TravelTimes, Unit
from dispatch.units import read_units
from dispatch.village_eta import rank_units_for_village
from gis.types import Location
from routing.router import Router
from tests.integration.test_routing_real import real_router
from tests.strategies import NOW
from web.i18n import LANGUAGES, translator
from web.wording import exclusion_text, reason_text, village_unit_text

KIND_OF_STATION = {"fire_station": "damkar", "puskesmas": "ambulans", "hospital": "ambulans"}
# Spread over the kabupaten.
TARGETS = (
    Location(lat=-6.7063, lon=108.4556),
    Location(lat=-6.7595, lon=108.4798),
    Location(lat=-6.8790, lon=108.7000),
    Location(lat=-6.5700, lon=108.4000),
)
PIECES = 60
NEAR_DEG = 0.012


@pytest.fixture(scope="module")
def router(shared_data: Path) -> Router:
    return real_router(shared_data / "cirebon" / "cirebon.osm.pbf")


@pytest.fixture(scope="module")
def units(shared_data: Path) -> tuple[Unit, ...]:
    """One unit at every station, as a centre would list them."""
    text = io.StringIO()
    sheet = csv.writer(text, delimiter=";")
    sheet.writerow(("ID", "Kind", "Agency", "Status", "Lat", "Lon", "Fix time", "Capabilities"))
    with (shared_data / "cirebon" / "stations.csv").open(encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.DictReader(file)):
            status = "siap" if row["operating"] == "1" else "tidak aktif"
            kind = KIND_OF_STATION[row["kind"]]
            sheet.writerow((f"U{number:03}", kind, row["name"], status, row["lat"], row["lon"], "", ""))
    read = read_units(io.StringIO(text.getvalue()), source="stations", now=NOW)
    assert read.problems == ()
    assert len(read.units) > 80
    return read.units


def rank(router: TravelTimes, units: tuple[Unit, ...], target: Location, kind: str | None = None) -> Ranking:
    return rank_units(
        target=target,
        units=units,
        times=router.times_to(target, [unit.location for unit in units]),
        settings=DispatchSettings(),
        now=NOW,
        kind=kind,
    )


@pytest.mark.parametrize("target", TARGETS)
def test_real_units_are_ranked_by_road_and_each_says_why(
    router: Router, units: tuple[Unit, ...], target: Location
) -> None:
    answer = rank(router, units, target, "ambulance")
    assert len(answer.ranked) > 50
    assert len(answer.ranked) + len(answer.excluded) == len(units)
    etas = [one.eta_s for one in answer.ranked]
    assert etas == sorted(etas)
    for one in answer.ranked:
        parts = one.turnout_s + one.reach_road_s + one.driving_s + one.last_metres_s
        assert one.eta_s == pytest.approx(parts, abs=0.001)
    for language in LANGUAGES:
        _ = translator(language)
        assert all("{" not in reason_text(one.reason, _) for one in answer.ranked)
        assert all("{" not in exclusion_text(one, _) for one in answer.excluded)


def test_the_nearest_in_a_straight_line_is_not_always_the_first_by_road(
    router: Router, units: tuple[Unit, ...]
) -> None:
    ranks = [one.straight_rank for target in TARGETS for one in rank(router, units, target).ranked]
    places = [one.rank for target in TARGETS for one in rank(router, units, target).ranked]
    assert ranks != places


@pytest.mark.parametrize("target", TARGETS[:3])
def test_a_village_ranking_is_that_of_asking_at_every_piece_of_its_road(
    router: Router, units: tuple[Unit, ...], target: Location
) -> None:
    network, settings = router.network, DispatchSettings()
    lat, lon = network.node_lat[network.edge_tail], network.node_lon[network.edge_tail]
    near = (abs(lat - target.lat) < NEAR_DEG) & (abs(lon - target.lon) < NEAR_DEG)
    once = (network.edge_forward == 1) & (network.edge_component == 0) & (network.edge_length_m > 20)
    edges = np.flatnonzero(near & once)[:PIECES]
    assert len(edges) > 20
    length_m = np.asarray(network.edge_length_m)[edges]
    pinned = router.pin([unit.location for unit in units])
    answer = rank_units_for_village(
        target=target,
        units=units,
        road_s=router.edge_midpoint_times(pinned, edges).seconds,
        length_m=length_m,
        settings=settings,
        now=NOW,
        kind="fire_engine",
    )
    asked = [rank(router, units, midpoint(router, int(edge)), "fire_engine") for edge in edges]
    for one in answer.ranked:
        etas = [
            next(other.eta_s for other in ranking.ranked if other.unit.unit_id == one.unit.unit_id) for ranking in asked
        ]
        assert one.mean_s == pytest.approx(np.average(etas, weights=length_m), abs=0.05)
        assert one.min_s == pytest.approx(min(etas), abs=0.05)
        assert one.max_s == pytest.approx(max(etas), abs=0.05)
        first = [ranking.ranked[0].unit.unit_id == one.unit.unit_id for ranking in asked]
        assert one.first_share == pytest.approx(length_m[first].sum() / length_m.sum(), abs=1e-6)
        assert "{" not in village_unit_text(one, translator("id"))
    assert sum(one.first_share for one in answer.ranked) == pytest.approx(1)


def midpoint(router: Router, edge: int) -> Location:
    """Half-way along an edge by length, found by walking it."""
    lat, lon = router.network.edge_points(edge)
    steps = np.hypot(np.diff(lat), np.diff(lon) * np.cos(np.radians(lat[0])))
    walked = np.concatenate(([0.0], np.cumsum(steps)))
    half = walked[-1] / 2
    return Location(lat=float(np.interp(half, walked, lat)), lon=float(np.interp(half, walked, lon)))
