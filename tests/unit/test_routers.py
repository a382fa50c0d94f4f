"""Routers while roads are closed and opened: nobody waits, nobody gets a mixture, and everybody is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event

import numpy as np
import pytest

from gis.errors import InputError
from gis.types import Location
from routing.hierarchy import Hierarchy
from routing.metric import Metric
from routing.routers import Routers
from routing.settings import RoutingSettings
from routing.snap import Snapper
from routing.types import MetricKey
from tests.networks import Road, network_from_edges

# A square of about 1.1 km a side, each side 10 s, driven both ways.
SQUARE = network_from_edges(
    [(0.0, 0.0), (0.0, 0.01), (0.01, 0.01), (0.01, 0.0)],
    [Road(tail=at, head=(at + 1) % 4, ms=10_000) for at in range(4)],
)
NETWORK = SQUARE.network
SETTINGS = RoutingSettings(served_component_m=0.0)
START, END = Location(lat=0.0, lon=0.0), Location(lat=0.0, lon=0.01)
DIRECT = (SQUARE.edge_of[0, True], SQUARE.edge_of[0, False])
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def routers_of(*, hierarchy: bool = True, **options) -> Routers:
    return Routers(
        NETWORK,
        SETTINGS,
        snapper=Snapper.build(NETWORK),
        hierarchy=Hierarchy.build(NETWORK) if hierarchy else None,
        **options,
    )


def driving_s(routers: Routers, profile: str | None = None) -> float | None:
    return routers.router(profile).times_to(END, [START])[0].driving_s


class SlowMetrics:
    """Metrics that are made only when `go` is set; the first at once. A profile's roads take so many times as long."""

    def __init__(self) -> None:
        self.go = Event()
        self.go.set()
        self.began = Event()

    def __call__(self, profile, hour, closures) -> Metric:
        self.began.set()
        assert self.go.wait(30)
        metric = Metric.build(NETWORK, SETTINGS, closures=closures)
        factor = {None: 1, "heavy": 2, "light": 3}[profile] + (hour or 0)
        return replace(
            metric,
            edge_ms=np.where(metric.edge_ms >= 0, metric.edge_ms * factor, metric.edge_ms),
            key=replace(metric.key, profile=profile or "", hour=hour),
        )


@pytest.mark.parametrize("hierarchy", [True, False])
def test_a_closed_road_is_not_driven_and_is_driven_again_when_it_is_opened(hierarchy):
    routers = routers_of(hierarchy=hierarchy)
    assert routers.state().engine == ("hierarchy" if hierarchy else "scipy")
    assert driving_s(routers) == 10.0
    routers.close_edges(DIRECT, wait=True)
    assert driving_s(routers) == 30.0
    assert routers.router().metric.key.closures
    routers.close_edges([], wait=True)
    assert driving_s(routers) == 10.0
    assert routers.router().metric.key.closures == ""


def test_while_a_closure_is_worked_out_the_router_before_it_answers_and_says_so():
    metrics = SlowMetrics()
    routers = routers_of(make_metric=metrics)
    metrics.go.clear()
    routers.close_edges(DIRECT)
    assert routers.pending
    assert routers.state().pending
    assert routers.state().closed_edges == 2
    assert driving_s(routers) == 10.0
    assert routers.router().metric.key.closures == ""
    metrics.go.set()
    routers.wait()
    assert not routers.pending
    assert driving_s(routers) == 30.0


def test_of_closures_that_follow_each_other_quickly_the_last_stands():
    metrics = SlowMetrics()
    routers = routers_of(make_metric=metrics)
    metrics.go.clear()
    metrics.began.clear()
    routers.close_edges(DIRECT)
    assert metrics.began.wait(30)
    routers.close_edges([])
    routers.close_edges(DIRECT[:1])
    metrics.go.set()
    routers.wait()
    assert routers.closures == {DIRECT[0]}
    assert driving_s(routers) == 30.0
    assert routers.router().times_to(START, [END])[0].driving_s == 10.0


def test_closing_an_edge_that_is_not_there_is_told_and_changes_nothing():
    routers = routers_of()
    routers.close_edges(DIRECT, wait=True)
    with pytest.raises(InputError, match="edge 8"):
        routers.close_edges([*DIRECT, NETWORK.edge_count])
    assert routers.closures == set(DIRECT)
    assert driving_s(routers) == 30.0


def test_closing_every_road_reaches_nobody_and_is_undone():
    routers = routers_of()
    routers.close_edges(range(NETWORK.edge_count), wait=True)
    assert driving_s(routers) is None
    routers.close_edges([], wait=True)
    assert driving_s(routers) == 10.0


def test_a_profile_asked_for_the_first_time_is_answered_by_another_until_it_is_ready():
    metrics = SlowMetrics()
    routers = routers_of(make_metric=metrics, hour_of=lambda at: at.hour)
    metrics.go.clear()
    assert routers.router("heavy").metric.key.profile == ""
    metrics.go.set()
    routers.wait()
    assert routers.router("heavy").metric.key.profile == "heavy"
    assert driving_s(routers, "heavy") == 20.0
    metrics.go.clear()
    assert routers.router("heavy", at=NOON).metric.key == MetricKey(profile="heavy")
    metrics.go.set()
    routers.wait()
    assert routers.router("heavy", at=NOON).metric.key == MetricKey(profile="heavy", hour=12)


def test_a_closure_reaches_every_profile_in_use():
    routers = routers_of(make_metric=SlowMetrics())
    routers.router("heavy")
    routers.wait()
    routers.close_edges(DIRECT, wait=True)
    assert [driving_s(routers, name) for name in (None, "heavy")] == [30.0, 60.0]


def test_metrics_that_were_not_used_for_longest_are_forgotten_and_the_default_never():
    routers = routers_of(make_metric=SlowMetrics(), most_metrics=1)
    for profile in ("heavy", "light"):
        routers.router(profile)
        routers.wait()
    assert [key.profile for key in routers.state().ready] == ["", "light"]
    assert driving_s(routers) == 10.0


def test_a_metric_that_cannot_be_made_is_told_and_the_others_answer_on():
    routers = routers_of(make_metric=SlowMetrics())
    assert routers.router("unknown").metric.key.profile == ""
    routers.wait()
    assert routers.router("unknown").metric.key.profile == ""
    assert not routers.pending
    assert any("unknown could not be worked out" in remark for remark in routers.state().remarks)


def test_a_metric_too_quick_for_the_stored_hierarchy_has_it_built_again_and_says_so():
    built = network_from_edges(
        [(0.0, 0.01 * at) for at in range(6)],
        [Road(tail=at, head=at + 1) for at in range(5)],
        [[(1, True), (2, True)]],
    ).network
    quick = replace(
        RoutingSettings(), speeds_kph=dict.fromkeys(RoutingSettings().speeds_kph, 200.0), turn_round_s=120.0
    )
    snapper, hierarchy = Snapper.build(built), Hierarchy.build(built)
    routers = Routers(built, quick, snapper=snapper, hierarchy=hierarchy)
    assert any("built again" in remark for remark in routers.state().remarks)
    places = [Location(lat=0.0, lon=lon) for lon in (0.001, 0.011, 0.035, 0.049)]
    plain = Routers(built, quick, snapper=snapper, hierarchy=None)
    for target in places:
        assert routers.router().times_to(target, places) == plain.router().times_to(target, places)


def test_origins_pinned_before_a_closure_are_pinned_anew_after_it():
    routers = routers_of()
    pinned = routers.router().pin([START])
    routers.close_edges(DIRECT, wait=True)
    router = routers.router()
    assert router.times_to(END, pinned)[0].driving_s == 30.0
    assert router.nearest(END, pinned, 1)[0][1].driving_s == 30.0
    assert router.matrix(pinned, [END]).seconds.tolist() == [[30.0]]


def test_every_question_during_closures_is_answered_by_one_metric_alone():
    """Both answers of a router belong to the closures that it names, however often they change meanwhile."""
    routers = routers_of()
    expected = {"": (10.0, 10.0)}
    for closures, times in ((DIRECT, (30.0, 30.0)), (DIRECT[:1], (30.0, 10.0))):
        routers.close_edges(closures, wait=True)
        expected[routers.router().metric.key.closures] = times
    stop = Event()

    def ask() -> int:
        asked = 0
        while not stop.is_set():
            router = routers.router()
            there, back = router.times_to(END, [START])[0], router.times_to(START, [END])[0]
            assert (there.driving_s, back.driving_s) == expected[router.metric.key.closures]
            asked += 1
        return asked

    with ThreadPoolExecutor(max_workers=4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        for number in range(60):
            routers.close_edges(((), DIRECT, DIRECT[:1])[number % 3], wait=number % 2 == 0)
        routers.wait()
        stop.set()
        assert all(one.result() > 0 for one in asking)
    assert routers.router().metric.key.closures in expected
