"""Hot spots on the demonstration region: a cluster put there is found, and rare counts are not told."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from dispatch.exports_common import IncidentCase
from dispatch.incidents import IncidentLocation, LocationKind
from tests.centre_app import demonstration_region
from tests.export_cases import incident
from tests.strategies import NOW
from web.i18n import translator
from web.plan_hotspots import density_rows, hotspots_of, neighbours
from web.plan_words import hotspots_text
from web.plans import Planner

JAKARTA = ZoneInfo("Asia/Jakarta")


def test_a_cluster_of_incidents_is_found_where_it_was_put() -> None:
    planner = Planner(demonstration_region())
    beside = neighbours(planner)
    assert all(number in beside[other] for number, others in enumerate(beside) for other in others)
    middle = max(range(len(beside)), key=lambda number: len(beside[number]))
    rng = np.random.default_rng(4)
    places = [*rng.integers(0, len(beside), 300).tolist()]
    for number in (middle, *beside[middle]):
        places += [number] * (12 + round(planner.demand.people[number] / 300))
    cases = []
    for count, number in enumerate(places):
        code = planner.demand.villages[number].code
        spot = planner.region.boundaries.middle(code)
        place = IncidentLocation(kind=LocationKind.POINT, location=spot, radius_m=20.0, village_code=code)
        cases.append(IncidentCase(incident=incident(count, location=place, received_at=NOW + timedelta(hours=count))))
    found, answer = hotspots_of(planner, cases, JAKARTA, category=None, least=5)
    assert found.hot[middle] and answer["incidents"] == len(cases) and answer["without_village"] == 0
    told = {one["code"]: one for one in answer["villages"]}
    assert told[planner.demand.villages[middle].code]["found"] == "hot"
    assert all(one["incidents"] in (None, 0) or one["incidents"] >= 5 for one in told.values())
    # With the people of a village its rate is its count, so both are withheld.
    assert all((one["incidents"] is None) == (one["smoothed_per_1000"] is None) for one in told.values())
    assert any(one["incidents"] is None for one in told.values())
    assert sum(map(sum, answer["by_hour"])) == len(cases)
    assert planner.demand.villages[middle].name in hotspots_text(answer, translator("en"), 999)
    rows = density_rows(planner, cases, category=None, bandwidth_m=1500, cells=30)
    assert len(rows) == 900 and max(value for _, _, value in rows) > 0
