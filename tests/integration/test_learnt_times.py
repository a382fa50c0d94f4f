"""Learnt speeds in force: the times of a running centre follow the decisions in the log, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from dispatch.commands import AdoptSpeeds, WithdrawSpeeds
from routing.metric import Metric
from routing.network import ROAD_CLASSES
from routing.speed_factors import HOURS, SpeedFactors
from tests.centre_app import centre_app, demonstration_region, speed_report

AT = datetime(2026, 1, 4, 20, 0, tzinfo=UTC)
"""A Monday at three in the morning in Cirebon, far from any rush hour."""


@pytest.mark.parametrize("engine", ["scipy", "hierarchy"])
def test_adopted_speeds_change_the_times_of_a_running_centre_until_they_are_withdrawn(sqlite_url, engine):
    region = demonstration_region()
    with centre_app(sqlite_url) as app:
        centre = app.running.centre
        times = centre.desk.times
        if engine == "hierarchy":
            centre.desk.answer_from(region.open_routers(metrics=times.metrics))

        def metric_now() -> Metric:
            times.router(None, AT)
            if times.routers is not None:
                times.routers.wait()
            return times.router(None, AT).metric

        before = metric_now()
        assert before.key.speeds == ""
        factors = SpeedFactors.neutral([area.code for area in region.boundaries.kecamatan])
        factors.factor[ROAD_CLASSES.index("primary")] = 0.5
        centre.execute(
            AdoptSpeeds(report={**speed_report(0.5), "factors": factors.to_json()}, reason="uji"), actor="sari"
        )
        centre.speeds.refresh()
        learnt = metric_now()
        assert learnt.key.speeds == centre.speeds.digest != ""
        primary = (region.network.edge_class == ROAD_CLASSES.index("primary")) & (region.edge_kecamatan >= 0)
        assert primary.any()
        assert (learnt.edge_ms[primary] > before.edge_ms[primary]).all()
        plain = primary & (region.network.edge_level_crossings == 0)  # a train does not wait longer
        assert np.allclose(learnt.edge_ms[plain], 2 * before.edge_ms[plain], atol=2)
        assert (learnt.edge_ms[~primary] == before.edge_ms[~primary]).all()
        centre.execute(WithdrawSpeeds(reason="uji selesai"), actor="sari")
        centre.speeds.refresh()
        after = metric_now()
        assert after.key == before.key and (after.edge_ms == before.edge_ms).all()


def test_factors_follow_their_kecamatan_where_a_region_lists_them_in_another_order():
    factors = SpeedFactors.neutral(["a", "b"])
    factors.factor[:, 1] = 0.5
    found = factors.aligned(["c", "b", "a"])
    assert found.factor[0, :, 0].tolist() == [1.0, 0.5, 1.0]
    assert len(found.bin_of_hour) == HOURS and factors.aligned(["a", "b"]) is factors
