"""Simulation, replay, hot spots and reports from a terminal, and the log as calls."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from dispatch.exports_common import IncidentCase
from dispatch.exports_ministry import seconds_to
from dispatch.incidents import Incident, IncidentLocation, LocationKind, Milestone, Severity
from gis.types import Location
from planning.replications import Plan, serve
from planning.simulation import Rules
from routing.region import Region
from tests.export_cases import JAKARTA, assignment, incident
from tests.planner_region import planner_region, refused, run
from tests.strategies import NOW
from web.i18n import translator
from web.plan_reports import measured_responses, standard_report
from web.plan_simulation import OTHER, calls_by_people, policy_of, reachable, replayed, roster_of, world_of
from web.plans import Planner
from web.report_parts import report_html
from web.report_pdf import report_pdf
from web.running import open_store

KINDS = {"f1": "fire_engine", "f2": "fire_engine", "a1": "ambulance"}
NEAR = Location(lat=-6.7101, lon=108.503)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planner_region(tmp_path_factory.mktemp("log"))


@pytest.fixture(scope="module")
def planner(region: Path) -> Planner:
    return Planner(Region.open(region))


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'centre.db'}"


def at(number: int, *, minutes: float = 0, **more: object) -> Incident:
    place = IncidentLocation(kind=LocationKind.POINT, location=NEAR, radius_m=20.0, village_code="32.99.01.2001")
    return incident(number, received_at=NOW + timedelta(minutes=minutes), location=place, **more)


def case(one: Incident, unit: str = "f1", **seconds: float) -> IncidentCase:
    return IncidentCase(incident=one, assignments=(assignment(one.incident_id, 1, unit, **seconds),))


CASES = [
    case(at(1, severity=Severity.CRITICAL), dispatched=10, on_scene=300, cleared=1500),
    case(at(2, minutes=20), dispatched=1200, on_scene=3000, cleared=3100),
    case(at(3, minutes=30), dispatched=1810),
    case(at(4, minutes=60), dispatched=3600, on_scene=3000),
    case(at(5, minutes=70), "a1", dispatched=4200),
    case(at(6, exercise=True), dispatched=1),
    case(at(7, duplicate_of="260131-001"), dispatched=1),
]


def test_a_log_becomes_calls_and_says_what_it_left_out():
    log = replayed(CASES, KINDS, "fire_engine", JAKARTA, {})
    assert log.left_out == {"exercise": 1, "duplicate": 1, "no unit of the kind": 1} and log.impossible == 1
    assert np.diff(log.calls.at_ms).tolist() == [1_200_000, 600_000, 1_800_000]
    assert log.calls.severity.tolist() == [4, 3, 3, 3]
    # Not recorded, or impossible: the median of 1200 and 100 seconds.
    assert log.calls.on_scene_ms.tolist() == [1_200_000, 100_000, 650_000, 650_000]
    assert log.actual_s[:2].tolist() == [300, 1800] and np.isnan(log.actual_s[2:]).all()
    local = NOW.astimezone(JAKARTA)
    hours = local.weekday() * 24 + local.hour
    assert log.calls.at_ms[0] // 3_600_000 == hours


def test_an_arrival_before_its_unit_was_sent_cannot_be_and_another_units_counts():
    one = at(1)
    early = assignment(one.incident_id, 1, "f1", dispatched=200, on_scene=100, cleared=900)
    late = assignment(one.incident_id, 2, "f2", dispatched=300, on_scene=700, cleared=1000)
    alone, both = (IncidentCase(incident=one, assignments=units) for units in ((early,), (early, late)))
    assert seconds_to(alone, Milestone.ON_SCENE) == -100 and seconds_to(both, Milestone.ON_SCENE) == 700
    log = replayed([alone], KINDS, "fire_engine", JAKARTA, {})
    assert log.impossible == 1 and np.isnan(log.actual_s).all() and log.handling_s.tolist() == [200]
    assert log.calls.on_scene_ms.tolist() == [OTHER[1].on_scene.mean_s * 1000]


def test_a_replayed_call_takes_the_time_of_the_road(planner: Planner):
    log = replayed(CASES[:1], KINDS, "fire_engine", JAKARTA, {})
    posts = planner.posts("fire_engine")
    world = world_of(planner, posts, "fire_engine", log.spots)
    plan = Plan(
        world=world, roster=roster_of(planner, posts, "fire_engine", per_post=1, asleep=()), rules=Rules(),
        policy=policy_of("road", 900), calls=calls_by_people(world, "fire_engine", 1), horizon_ms=10**9,
    )  # fmt: skip
    found = serve(plan, log.calls)
    (time,) = planner.router_of("fire_engine").times_to(NEAR, [posts[0].location])
    assert time.total_s is not None
    expected_ms = round((time.total_s + planner.dispatch_settings.turnout_of("fire_engine")) * 1000)
    assert found.arrived_ms[0] - log.calls.at_ms[0] == expected_ms
    assert reachable(world).all()


def test_the_response_standard_counts_every_real_incident(planner: Planner):
    found = measured_responses(planner, CASES, 900)
    region = found.region
    assert (region.incidents, region.recorded, region.in_time, region.impossible) == (5, 2, 1, 1)
    assert found.villages[0].incidents == 5 and found.nowhere == 0
    made = standard_report(planner, found, translator("en"), span="-", head=(9, "ab" * 32), now=NOW)
    page = report_html(made)
    assert "3 of 5 incidents have no usable time, 1 of them an impossible one" in page
    assert not re.search(r"""(?:src|href)=["']https?://""", page) and "<script" not in page
    assert report_pdf(made).startswith(b"%PDF-")
    assert "3 dari 5 kejadian" in report_html(
        standard_report(planner, found, translator("id"), span="-", head=(9, "ab" * 32), now=NOW)
    )


def test_a_simulated_year_is_the_same_twice_and_every_figure_has_its_confidence(region: Path, tmp_path: Path) -> None:
    out, picture = tmp_path / "out.csv", tmp_path / "out.png"
    asked = (
        "simulate", "--kind", "fire_engine", "--minutes", "3", "--calls-per-day", "30", "--days", "20", "--policy",
        "road", "--policy", "line", "--move-up", "--replications", "3", "--workers", "1", "--reopen", "Pos Wetan",
        "--asleep", "Pos Wetan", "--csv", out, "--png", picture, "--region", region, "--json",
    )  # fmt: skip
    first, again = json.loads(run(*asked).stdout), json.loads(run(*asked).stdout)
    assert first == again
    assert first["assumed"] == ["In service: Pos Wetan", "Fewer units by night at: Pos Wetan."]
    assert [one["policy"] for one in first["policies"]] == ["road", "road+move-up", "line", "line+move-up"]
    for one in first["policies"]:
        assert one["units"] == 2 and one["calls"]["mean"] > 400 and one["late"]["half_width"] is not None
        assert one["shares"] == sorted(one["shares"])
    with out.open(encoding="utf-8-sig", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 4
    assert picture.read_bytes().startswith(b"\x89PNG")
    text = run(*[part for part in asked if part != "--json"]).stdout
    assert "±" in text and "road+move-up" in text


def test_the_report_on_coverage_is_html_or_pdf(region: Path, tmp_path: Path) -> None:
    for name in ("cover.html", "cover.pdf"):
        done = run("report", "coverage", "--minutes", "3", "--out", tmp_path / name, "--region", region)
        assert done.exit_code == 0, done.output
    page = (tmp_path / "cover.html").read_text(encoding="utf-8")
    assert "Pos Kulon" in page and "data:image/png;base64," in page
    assert (tmp_path / "cover.pdf").read_bytes().startswith(b"%PDF-")


def test_an_empty_log_gives_an_empty_pack_and_nothing_to_replay(region: Path, database: str) -> None:
    open_store(database).engine.dispose()
    given = ("--db", database, "--region", region)
    answer = json.loads(run("report", "standard", "--json", *given).stdout)
    assert answer["region"]["incidents"] == 0 and answer["region"]["share"] is None
    assert "no incident in this time" in refused(run("simulate", "--replay", *given))
    assert "at least 8 villages" in refused(run("hotspots", *given))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("simulate", "--days", "0"), "--days must be"),
        (("simulate", "--since", "2026-01-01T00:00:00+07:00"), "go with --replay"),
        (("simulate", "--calls-per-day", "-1"), "calls a day"),
        (("simulate", "--units-per-post", "0"), "1 or more"),
        (("simulate", "--asleep", "Pos Entah"), "no post of this plan"),
        (("simulate", "--replications", "0", "--workers", "1"), "at least 1"),
        (("simulate", "--busy", "1"), "busy fraction"),
        (("report", "coverage", "--out", "report.doc"), "neither .html nor .pdf"),
        (("report", "standard"), "Nothing to write"),
    ],
)
def test_what_cannot_be_simulated_or_reported_gets_one_sentence(
    region: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert said in refused(run(*arguments, "--region", region))


def test_a_village_alone_stands_for_its_middle():
    unknown = replace(at(1), location=IncidentLocation(kind=LocationKind.VILLAGE, village_code="32.99.01.2001"))
    log = replayed([case(unknown, dispatched=1)], KINDS, "fire_engine", JAKARTA, {"32.99.01.2001": NEAR})
    assert log.spots == (NEAR,)
