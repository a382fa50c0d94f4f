"""Recommendations on the roads of the demonstration region, with a unit in each of 200 villages beside its own."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from dispatch import codec
from dispatch.cover import CoverCost, cover_costs
from dispatch.incidents import IncidentLocation, LocationKind, Severity, UnitState
from dispatch.joint import SolverStatus, assign_jointly
from dispatch.ranking import rank_units
from dispatch.recommend import recommend_from, recommendation_inputs, why
from dispatch.recommendation import AreaTimes, Basis, Recommendation, RecommendationInputs
from dispatch.recommendation_settings import RecommendationSettings
from dispatch.types import Unit, UnitStatus
from dispatch.units import read_units
from gis.types import Location
from routing.region import Region
from tests.recommendations import INCIDENT, need
from tests.strategies import NOW
from web.i18n import translator
from web.wording_recommendation import joint_json, recommendation_json, why_text

DEMONSTRATION = Path(__file__).resolve().parents[2] / "data" / "demonstration" / "region.zip"
KINDS = ("ambulance", "ambulance", "fire_engine", "police")
CARD = (need("fire_engine", 2), need("ambulance", 2), need("ambulance", 1, "als"))
SETTINGS = RecommendationSettings()


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Region:
    folder = tmp_path_factory.mktemp("recommend") / "region"
    with zipfile.ZipFile(DEMONSTRATION) as packed:
        packed.extractall(folder)
    return Region.open(folder)


@pytest.fixture(scope="module")
def units(region: Region) -> list[UnitState]:
    assert region.units_file is not None
    read = read_units(region.units_file, source="units.csv", now=NOW)
    own = [UnitState(unit=one, station=None, status_at=NOW) for one in read.units]
    villages = region.boundaries.villages[::2][:200]
    posted = [
        UnitState(
            unit=Unit(
                unit_id=f"V{number:03}",
                kind=KINDS[number % 4],
                agency="PSC 119",
                status=UnitStatus.AT_HOSPITAL if number % 16 == 0 else UnitStatus.AVAILABLE,
                location=region.boundaries.middle(village.code),
                fix_time=None,
                capabilities=frozenset({"als"}) if number % 8 == 1 else frozenset(),
            ),
            station=None,
            status_at=NOW,
            free_at=NOW + timedelta(minutes=number % 7) if number % 16 == 0 else None,
            on_duty=number % 11 != 0,
        )
        for number, village in enumerate(villages)
    ]
    assert len(own) + len(posted) > 200
    return own + posted


@pytest.fixture(scope="module")
def cover(region: Region, units: list[UnitState]) -> tuple[CoverCost, ...]:
    """Over every tenth village, each of 5000 people."""
    starts = [one.unit.location for one in units]
    villages = region.boundaries.villages
    columns = []
    for village in villages[::10]:
        times = region.router.times_to(region.boundaries.middle(village.code), starts)
        columns.append([np.inf if one.total_s is None else one.total_s for one in times])
    turnout_s = np.array([SETTINGS.dispatch.turnout_of(one.unit.kind) for one in units])
    return cover_costs(
        unit_ids=[one.unit.unit_id for one in units],
        kinds=[one.unit.kind for one in units],
        free=[one.on_duty and one.unit.status is UnitStatus.AVAILABLE for one in units],
        times_s=np.array(columns).T + turnout_s[:, None],
        demand=np.full(len(columns), 5000.0),
        standard_s=SETTINGS.cover_standard_s,
        busy_fraction={one.unit.kind: SETTINGS.busy_fraction_of(one.unit.kind) for one in units},
    )


def asked(
    region: Region,
    units: list[UnitState],
    target: Location,
    cover: tuple[CoverCost, ...] = (),
    number: int = 1,
    severity: Severity = Severity.HIGH,
) -> RecommendationInputs:
    return recommendation_inputs(
        incident=dataclasses.replace(
            INCIDENT,
            incident_id=f"260131-{number:03}",
            severity=severity,
            received_at=NOW - timedelta(seconds=100 - number),
            location=IncidentLocation(kind=LocationKind.POINT, location=target),
        ),
        required=CARD,
        units=units,
        times=region.router.times_to(target, [one.unit.location for one in units]),
        settings=SETTINGS,
        now=NOW,
        standard_s=900.0,
        cover=cover,
    )


def kept_and_made_again(inputs: RecommendationInputs) -> Recommendation:
    made = recommend_from(inputs)
    text = codec.canonical([codec.dump(inputs), codec.dump(made)])
    kept_inputs, kept = json.loads(text)
    assert recommend_from(codec.load(RecommendationInputs, kept_inputs)) == codec.load(Recommendation, kept) == made
    return made


def test_a_response_on_real_roads_is_whole_explained_and_made_again_from_what_was_kept(
    region: Region, units: list[UnitState], cover: tuple[CoverCost, ...]
) -> None:
    target = region.boundaries.middle(region.boundaries.villages[7].code)
    inputs = asked(region, units, target, cover)
    made = kept_and_made_again(inputs)
    sent = [pick.unit_id for pick in made.response.picks]
    assert (len(sent), len(set(sent)), made.response.lacking) == (5, 5, 0)
    for answer in made.answers:
        assert any(one.cover is not None and one.cover.lost > 0 for one in answer.candidates)
        assert all(one.cover is not None for one in answer.candidates)
    for language in ("id", "en"):
        _ = translator(language)
        json.dumps(recommendation_json(made, _), allow_nan=False)
        assert all("{" not in why_text(made, why(made, one.unit.unit_id), _) for one in units)


def test_where_nothing_but_status_counts_the_candidates_are_those_of_the_plain_ranking(
    region: Region, units: list[UnitState]
) -> None:
    target = region.boundaries.middle(region.boundaries.villages[100].code)
    plain = [dataclasses.replace(one, on_duty=True, free_at=None) for one in units]
    made = recommend_from(asked(region, plain, target))
    ranking = rank_units(
        target=target,
        units=[one.unit for one in plain],
        times=region.router.times_to(target, [one.unit.location for one in plain]),
        settings=SETTINGS.dispatch,
        now=NOW,
        kind="ambulance",
    )
    answer = next(one for one in made.answers if one.requirement == need("ambulance", 2))
    assert len(answer.candidates) > 50
    assert tuple(one.point for one in answer.candidates) == ranking.ranked


def test_a_village_alone_gives_ranges_that_are_kept_and_made_again(region: Region, units: list[UnitState]) -> None:
    village = region.boundaries.villages[33]
    pieces = np.flatnonzero(region.edge_village == 33)
    assert len(pieces)
    starts = region.router.pin([one.unit.location for one in units])
    middle = region.boundaries.middle(village.code)
    inputs = recommendation_inputs(
        incident=dataclasses.replace(
            INCIDENT,
            location=IncidentLocation(kind=LocationKind.VILLAGE, location=middle, village_code=village.code),
        ),
        required=CARD,
        units=units,
        area=AreaTimes.of(
            np.asarray(region.router.edge_midpoint_times(starts, pieces).seconds, dtype=np.float64),
            np.asarray(region.network.edge_length_m, dtype=np.float64)[pieces],
        ),
        settings=SETTINGS,
        now=NOW,
    )
    made = kept_and_made_again(inputs)
    assert (made.basis, made.response.lacking) == (Basis.AREA, 0)
    first = made.answers[0].candidates[0].area
    assert first is not None and first.min_s <= first.median_s <= first.max_s
    for answer in made.answers:
        shares = [one.area.first_share for one in answer.candidates if one.area is not None]
        assert sum(shares) == pytest.approx(1)


def test_incidents_that_wait_together_are_served_no_worse_than_one_after_the_other(
    region: Region, units: list[UnitState]
) -> None:
    few = units[:60]
    recommendations = [
        recommend_from(
            asked(
                region,
                few,
                region.boundaries.middle(region.boundaries.villages[40 * number].code),
                number=number,
                severity=tuple(Severity)[number % 4],
            )
        )
        for number in range(6)
    ]
    both = assign_jointly(recommendations)
    worth = [(one.weighted_lacking, one.waiting, one.weighted_total_s) for one in (both.joint, both.first_come)]
    assert worth[0] <= worth[1]
    assert both.status is SolverStatus.PARTIAL  # nine fire engines for twelve slots
    json.dumps(joint_json(both, translator("id")), allow_nan=False)
