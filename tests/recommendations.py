"""Incidents, unit states and questions for tests of recommendations."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from dispatch.directory import Requirement
from dispatch.incidents import Incident, IncidentLocation, IncidentStatus, LocationKind, Severity, UnitState
from dispatch.recommend import recommend_from, recommendation_inputs
from dispatch.recommendation import Recommendation
from dispatch.recommendation_settings import RecommendationSettings
from dispatch.types import Unit, UnitStatus
from gis.types import Location
from routing.types import DrivingTime
from tests.strategies import CAPABILITIES, KINDS, NOW, driving_times, fleets, locations

TARGET = Location(lat=-6.76, lon=108.48)
SETTINGS = RecommendationSettings()

INCIDENT = Incident(
    incident_id="260131-001",
    category="medical",
    severity=Severity.HIGH,
    status=IncidentStatus.LOCATED,
    location=IncidentLocation(kind=LocationKind.POINT, location=TARGET),
    received_at=NOW - timedelta(seconds=120),
    status_at=NOW - timedelta(seconds=60),
)


def state(unit_id: str, **changes: Any) -> UnitState:
    """A ready ambulance at its post, 1 km north of the target; fields of unit or state may be changed."""
    unit = Unit(
        unit_id=unit_id,
        kind="ambulance",
        agency="Dinkes",
        status=UnitStatus.AVAILABLE,
        location=Location(lat=TARGET.lat + 1 / 111.195, lon=TARGET.lon),
        fix_time=None,
        capabilities=frozenset(),
    )
    names = {field.name for field in dataclasses.fields(Unit)}
    unit = dataclasses.replace(unit, **{name: value for name, value in changes.items() if name in names})
    base = UnitState(unit=unit, station=None, status_at=NOW - timedelta(hours=1))
    return dataclasses.replace(base, **{name: value for name, value in changes.items() if name not in names})


def drive(driving_s: float | None) -> DrivingTime:
    return DrivingTime(reach_road_s=0.0, driving_s=driving_s, last_metres_s=0.0)


def need(kind: str = "ambulance", number: int = 1, *capabilities: str) -> Requirement:
    return Requirement(kind=kind, number=number, capabilities=frozenset(capabilities))


def ask(rows: Sequence[tuple[UnitState, float | None]], *required: Requirement, **asked: Any) -> Recommendation:
    """A recommendation for units with their seconds on the road."""
    return recommend(
        **{
            "incident": INCIDENT,
            "required": required,
            "units": [one for one, _ in rows],
            "times": [drive(driving_s) for _, driving_s in rows],
            "settings": SETTINGS,
            "now": NOW,
            **asked,
        }
    )


@st.composite
def states(draw: st.DrawFn, *, max_size: int = 6) -> list[UnitState]:
    """Units in every state: on and off duty, retired, free soon, overdue or never."""
    free = st.none() | st.sampled_from((-700, -600, -5, 0, 1, 120, 900)).map(lambda s: NOW + timedelta(seconds=s))
    mostly_ready = st.sampled_from((UnitStatus.AVAILABLE,) * 4 + tuple(UnitStatus))
    return [
        UnitState(
            unit=dataclasses.replace(one, status=draw(mostly_ready)),
            station=None,
            status_at=NOW - timedelta(hours=1),
            free_at=draw(free),
            on_duty=draw(st.sampled_from((True, True, True, False))),
            retired=draw(st.sampled_from((False, False, False, False, True))),
        )
        for one in draw(fleets(max_size=max_size))
    ]


def requirements() -> st.SearchStrategy[list[Requirement]]:
    """Run cards of up to three slots, overlapping more often than not."""
    one = st.builds(
        Requirement,
        kind=st.sampled_from(KINDS[:2]),
        number=st.integers(0, 2),
        capabilities=st.frozensets(st.sampled_from(CAPABILITIES), max_size=1),
    )
    return st.lists(one, max_size=3)


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """Keyword arguments for `recommend`."""
    units = draw(states())
    return {
        "incident": dataclasses.replace(
            INCIDENT,
            severity=draw(st.sampled_from(Severity)),
            location=IncidentLocation(kind=LocationKind.POINT, location=draw(locations())),
        ),
        "required": draw(requirements()),
        "units": units,
        "times": [draw(driving_times()) for _ in units],
        "sent": frozenset(draw(st.sets(st.sampled_from([one.unit.unit_id for one in units]), max_size=1)))
        if units
        else frozenset(),
        "agencies": draw(st.none() | st.just(frozenset({"Dinkes"})) | st.just(frozenset({"Damkar"}))),
        "standard_s": draw(st.none() | st.just(900.0)),
        "settings": SETTINGS,
        "now": NOW,
    }


def recommend(**question: Any) -> Recommendation:
    """The recommendation for a question."""
    return recommend_from(recommendation_inputs(**question))
