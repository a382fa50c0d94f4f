"""A fleet whose units drive by different profiles: each is timed by its own, and the answer says by which."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from threading import Event, Thread

import numpy as np
import pytest

from gis.errors import InputError, SourceError
from gis.types import Location
from routing.profile import Exemption
from routing.region import Region
from routing.settings import SPEED_CLASSES
from tests.centre_app import HERE, centre_app, demonstration_region
from web.fleet_times import FleetTimes, Vehicle
from web.service import Desk

QUIET = datetime(2026, 1, 31, 15, 0, tzinfo=UTC)  # Saturday, 22:00 in Jakarta
RUSH = datetime(2026, 1, 30, 0, 30, tzinfo=UTC)  # Friday, 7:30 in Jakarta
TARGET = Location(lat=-6.7172, lon=108.5362)


def lawless(region: Region) -> Region:
    """The same region, where the fire brigade may break every rule."""
    granted = {"damkar": frozenset(Exemption)}
    opened = Region.open(region.folder)
    opened.__dict__["routing_settings"] = replace(region.routing_settings, agencies=granted)
    return opened


@pytest.fixture(scope="module")
def region() -> Region:
    return demonstration_region()


def test_every_unit_is_timed_by_its_own_profile_in_the_order_of_the_units(region):
    desk = Desk(region, clock=lambda: QUIET)
    units = desk.units
    vehicles = [desk.vehicle(unit) for unit in units]
    assert len({vehicle.profile for vehicle in vehicles}) >= 3
    answer = desk.times.answer(TARGET, vehicles, QUIET)
    alone = [
        region.router_for(vehicle.profile).times_to(TARGET, [other.start for other in vehicles if other == vehicle])[0]
        for vehicle in vehicles
    ]
    same = [time.driving_s == one.driving_s for time, one in zip(answer.times, alone, strict=True)]
    assert all(same)
    assert answer.access == region.router.answer(TARGET, region.router.pin([v.start for v in vehicles])).access


def test_at_rush_hour_units_are_later_and_the_answer_names_the_hour(region):
    quiet, rush = (Desk(region, clock=lambda at=at: at).nearest("-6.76,108.48", k=5) for at in (QUIET, RUSH))
    assert (quiet["hour"], rush["hour"]) == (None, 6)
    first = {one["unit_id"]: one["eta_s"] for one in quiet["candidates"]}
    assert all(one["eta_s"] >= first.get(one["unit_id"], 0) for one in rush["candidates"])
    assert rush["candidates"][0]["eta_s"] > quiet["candidates"][0]["eta_s"]


def test_matrix_and_midpoints_are_those_of_the_profiles(region):
    times = FleetTimes(region)
    starts = [Location(lat=-6.76, lon=108.48), Location(lat=-6.71, lon=108.55)]
    vehicles = [
        Vehicle(region.routing_settings.profile(name).key, at) for at in starts for name in ("ambulance", "fire_engine")
    ]
    targets = [TARGET, starts[0]]
    edges = np.arange(0, 40, 7)
    matrix, middles = times.matrix(vehicles, targets, None), times.edge_midpoint_times(vehicles, edges, None)
    for row, vehicle in enumerate(vehicles):
        router = region.router_for(vehicle.profile)
        assert np.array_equal(matrix[row], router.matrix([vehicle.start], targets).seconds[0], equal_nan=True)
        expected = router.edge_midpoint_times([vehicle.start], edges).seconds[0]
        assert np.array_equal(middles[row], expected, equal_nan=True)


def test_what_an_agency_is_granted_is_used_and_named_and_makes_nobody_later(region):
    free, network = lawless(region), region.network
    usual, granted = (FleetTimes(one) for one in (region, free))
    against = np.flatnonzero(network.is_contraflow)[::60]
    assert len(against) > 2
    used = 0
    for edge in against.tolist():
        start, target = (
            Location(lat=float(network.node_lat[node]), lon=float(network.node_lon[node]))
            for node in (network.edge_tail[edge], network.edge_head[edge])
        )
        engine, exempted = (one.vehicle("fire_engine", "Damkar", start) for one in (usual, granted))
        assert exempted.profile == "fire_engine+" + "+".join(sorted(Exemption))
        (before,), (after,) = (
            one.answer(target, [vehicle], QUIET).times for one, vehicle in ((usual, engine), (granted, exempted))
        )
        named = granted.exemptions(exempted, target, QUIET)
        assert not set(usual.exemptions(engine, target, QUIET)) - {"emergency_yes"}
        if before.total_s is not None and after.total_s is not None:
            assert after.total_s <= before.total_s
            assert named or after.total_s == before.total_s
        used += "oneway_against" in named
    assert used


def test_the_route_of_a_unit_is_told_with_its_profile_and_exemptions(region):
    desk = Desk(region, clock=lambda: QUIET)
    answer = desk.route("DAMKAR-01", "-6.76,108.48")
    assert (answer["profile"], answer["hour"]) == ("fire_engine", None)
    assert answer["exemptions"] == []
    assert desk.route("AMB-01", "-6.76,108.48")["profile"] == "ambulance"


def test_a_server_answers_every_profile_from_the_shared_hierarchy_as_scipy_does(region):
    plain, serving = FleetTimes(region), FleetTimes(region)
    routers = region.open_routers()
    serving.answer_from(routers)
    vehicles = [Desk(region, clock=lambda: QUIET).vehicle(unit) for unit in Desk(region, clock=lambda: QUIET).units]
    for at, hour in ((QUIET, None), (RUSH, 6)):
        serving.warm(vehicles, at)
        assert not routers.pending
        assert serving.hour(at) == hour
        assert [serving.profile(one, at).key for one in vehicles] == [one.profile for one in vehicles]
        found, expected = serving.answer(TARGET, vehicles, at), plain.answer(TARGET, vehicles, at)
        assert (found.access, found.times) == (expected.access, expected.times)
    assert not routers.state().remarks


def test_a_server_does_not_begin_with_a_profile_that_can_drive_nowhere(region):
    opened = Region.open(region.folder)
    settings = region.routing_settings
    stuck = replace(settings.profiles["fire_engine"], closed_classes=frozenset(SPEED_CLASSES))
    opened.__dict__["routing_settings"] = replace(settings, profiles={**settings.profiles, "fire_engine": stuck})
    with pytest.raises(SourceError, match="'fire_engine' forbids every road"):
        opened.open_routers()


def test_a_question_is_answered_by_what_was_ready_when_it_began_and_says_that_more_is_on_its_way(region):
    desk = Desk(region, clock=lambda: QUIET)
    desk.answer_from(region.open_routers())
    routers = desk.times.routers

    def ask():
        first = desk.times.router("motorcycle", QUIET)
        routers.wait()  # the metric that was not ready is, in the middle of the question
        return first, desk.times.router("motorcycle", QUIET)

    (first, second), roads = desk.roads.answered(ask)
    assert first is second
    assert [one.profile.partition("+")[0] for one in roads.metrics] == ["ambulance"]
    assert roads.pending
    again, roads = desk.roads.answered(lambda: desk.times.router("motorcycle", QUIET))
    assert again is not first
    assert [one.profile.partition("+")[0] for one in roads.metrics] == ["motorcycle"]
    assert not roads.pending


def test_a_question_does_not_wait_while_a_closure_is_worked_out(region):
    """A closure of many metrics takes its time; whoever asks meanwhile is answered on the roads before it."""
    desk = Desk(region, clock=lambda: QUIET)
    routers = region.open_routers(metrics=desk.times.metrics)
    desk.answer_from(routers)
    desk.warm()
    make, go, began = routers._make_metric, Event(), Event()

    def slowly(profile, hour, closures):
        if len(closures):
            began.set()
            assert profile is None or go.wait(30)  # the default is made, the others hang
        return make(profile, hour, closures)

    routers._make_metric = slowly
    edges = desk.roads.finder.about(TARGET, 300.0)
    closing = Thread(target=desk.roads.close, args=((), edges))
    closing.start()
    assert began.wait(30)
    answer = desk.nearest("-6.7172,108.5362")
    assert answer["closures"]["metric"] == ""
    assert {one["closures"] for one in answer["times"]["metrics"]} == {""}
    assert answer["times"]["pending"]
    assert answer["times"]["message"]
    go.set()
    closing.join()
    answer = desk.nearest("-6.7172,108.5362")
    assert {f"closures={one['closures']}" for one in answer["times"]["metrics"]} == {answer["closures"]["metric"]}
    assert not answer["times"]["pending"]
    assert answer["times"]["message"] is None


def test_times_that_could_not_be_worked_out_are_told_in_answers_and_in_the_health_of_the_server(region):
    desk = Desk(region, clock=lambda: QUIET)
    routers = region.open_routers(metrics=desk.times.metrics)
    desk.answer_from(routers)
    desk.warm()
    make = routers._make_metric

    def failing(profile, hour, closures):
        if (profile or "").startswith("fire_engine"):
            raise InputError("nothing for fire engines")
        return make(profile, hour, closures)

    routers._make_metric = failing
    desk.roads.close((), desk.roads.finder.about(TARGET, 300.0))
    answer, health = desk.nearest("-6.7172,108.5362", lang="en"), desk.times_json("en")
    assert "fire engine could not be worked out" in answer["times"]["message"]
    assert len({one["closures"] for one in answer["times"]["metrics"]}) == 2
    assert [one["profile"].partition("+")[0] for one in health["failed"]] == ["fire_engine"]
    assert health["message"] == answer["times"]["message"]
    assert "mobil pemadam tidak dapat dihitung" in desk.times_json("id")["message"]
    routers._make_metric = make
    desk.roads.close((), np.zeros(0, dtype=np.int64))
    assert desk.times_json("en")["message"] is None


def test_a_recommendation_made_while_times_failed_says_so_and_is_kept_with_it(sqlite_url):
    with centre_app(sqlite_url) as app:
        client, centre = app.app.test_client(), app.running.centre
        routers = centre.region.open_routers(metrics=centre.desk.times.metrics)
        centre.desk.answer_from(routers)
        centre.desk.warm()
        make = routers._make_metric

        def failing(profile, hour, closures):
            if profile is None and len(closures):  # ambulances drive by the default one
                raise InputError("nothing for ambulances")
            return make(profile, hour, closures)

        routers._make_metric = failing
        closed = client.post(
            "/api/v1/closures", json={"reason": "flood", "location": HERE["location"], "radius_m": 300}
        )
        assert closed.status_code == 201
        body = {"category": "medical", "severity": "high", "location": HERE}
        incident = client.post("/api/v1/incidents", json=body).get_json()["incidents"][0]["incident_id"]
        made = client.post(f"/api/v1/incidents/{incident}/recommendations").get_json()["recommendation_id"]
        told = client.get(f"/api/v1/recommendations/{made}/text?lang=en").get_json()
        warning = "The travel times of ambulance could not be worked out"
        assert warning in told["text"]
        assert warning in told["details"]["message"]
        assert told["details"]["times"]["failed"] == ["ambulance"]
        assert "ambulans tidak dapat dihitung" in client.get(f"/api/v1/recommendations/{made}/text").get_json()["text"]
        kept = client.get(f"/api/v1/recommendations/{made}").get_json()
        assert kept["inputs"]["failed"] == kept["recommendation"]["failed"] == ["ambulance"]
        assert kept["computed_again"]


def test_answers_while_roads_are_closed_and_opened_are_those_of_the_roads_that_they_name(region):
    desk = Desk(region, clock=lambda: QUIET)
    desk.answer_from(region.open_routers())
    desk.warm()

    def told():
        answer = desk.nearest("-6.7172,108.5362", k=8)
        return answer["closures"]["metric"], [
            (one["unit_id"], one["eta_s"], one["profile"]) for one in answer["candidates"]
        ]

    finder = desk.roads.finder
    sets = [np.zeros(0, dtype=np.int64), *(finder.about(TARGET, radius_m) for radius_m in (300.0, 900.0))]
    expected = {}
    for edges in sets:
        desk.roads.close((), edges)
        name, candidates = told()
        expected[name] = candidates
    assert len(expected) == len({str(one) for one in expected.values()}) == len(sets)
    done, wrong, asked = Event(), [], []

    def ask():
        while not done.is_set():
            name, candidates = told()
            asked.append(name)
            if candidates != expected[name]:
                wrong.append((name, candidates))

    threads = [Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for nth in range(12):
        desk.roads.close((), sets[nth % len(sets)])
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(asked) >= len(threads)
