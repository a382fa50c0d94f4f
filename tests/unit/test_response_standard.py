"""The response standard: what was not recorded is counted and never dropped."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.demand import Area
from planning.errors import PlanningInputError
from planning.response_standard import ResponseReport, response_report

REGION = Area(code="", name="Uji", parent_code="")
KECAMATAN = (Area(code="1.1", name="K1", parent_code="1"), Area(code="1.2", name="K2", parent_code="1"))
VILLAGES = tuple(Area(code=f"{k}.{n}", name=f"{k}.{n}", parent_code=k) for k in ("1.1", "1.2") for n in (1, 2))

times = st.one_of(st.integers(-100, 2000).map(float), st.just(math.nan))
places = st.sampled_from([None, "1.1", "9.9", *(area.code for area in VILLAGES)])


def measured(rows: list[tuple[float, str | None]]) -> ResponseReport:
    return response_report(
        np.array([one for one, _ in rows]), [place for _, place in rows], 900, region=REGION, kecamatan=KECAMATAN,
        villages=VILLAGES,
    )  # fmt: skip


@given(st.lists(st.tuples(times, places), max_size=25))
def test_every_incident_is_counted_with_a_time_or_without(rows):
    found = measured(rows)
    region = found.region
    assert region.incidents == len(rows) == region.recorded + region.missing
    assert sum(one.incidents for one in found.kecamatan) + found.nowhere == len(rows)
    assert region.impossible == sum(one < 0 for one, _ in rows)
    for area in found.villages:
        known = sorted(one for one, place in rows if place == area.area.code and one >= 0)
        assert area.recorded == len(known) and area.in_time == sum(one <= 900 for one in known)
        if known:
            assert area.mean_s == pytest.approx(sum(known) / len(known))
            assert sum(one <= area.p90_s for one in known) >= 0.9 * len(known) and area.p90_s in known
            assert area.least_share <= area.share <= area.most_share


def test_figures_by_hand():
    found = measured([(600.0, "1.1.1"), (1000.0, "1.1.1"), (math.nan, "1.1.1"), (-5.0, "1.1.1"), (60.0, None)])
    one = found.villages[0]
    assert (one.incidents, one.recorded, one.missing, one.impossible, one.in_time) == (4, 2, 2, 1, 1)
    assert (one.share, one.least_share, one.most_share) == (0.5, 0.25, 0.75)
    assert (one.mean_s, one.median_s, one.p90_s) == (800.0, 600.0, 1000.0)
    assert found.nowhere == 1 and found.kecamatan[0].incidents == 4


def test_a_standard_of_zero_minutes_is_refused():
    with pytest.raises(PlanningInputError, match="more than 0"):
        response_report(np.zeros(0), [], 0, region=REGION, kecamatan=(), villages=())
