"""Simulations of a region: its posts, hospitals and villages as a world, its people or its log as calls.

A village is one demand point: its populated road nearest to its middle. Where a year is made up, calls come by people;
where a log is replayed, each incident is a demand point of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dispatch.exports_common import IncidentCase
from dispatch.exports_ministry import seconds_to
from dispatch.incidents import Milestone, Severity
from dispatch.policies import CLOSEST_BY_LINE, CLOSEST_BY_ROAD, LeastCover
from gis.errors import N_, InputError
from gis.geodesy import distance_m
from gis.types import Location
from planning.calls import HOUR_MS, WEEK_HOURS, CallCategory, CallModel, Calls, Duration, profile_of_hours
from planning.replications import Estimate, Plan, Summary
from planning.simulation import NO_WAY, Policy, Roster, World
from web.plan_candidates import of_villages
from web.plans import Planner, Post

IntArray = npt.NDArray[np.int64]

HOSPITAL: Final = "hospital"
DAY_MS: Final = 86_400_000
NIGHT: Final = frozenset({22, 23, 0, 1, 2, 3, 4, 5})
"""Hours in which a post that sleeps at night takes no calls."""

POLICIES: Final = ("road", "line", "cover", "joint")

CALLS_PER_THOUSAND_YEAR: Final = {"ambulance": 20.0, "fire_engine": 0.3}
OTHER_CALLS: Final = 5.0
"""Calls per thousand people and year: assumptions of this project, to be replaced by a centre's own counts."""

HOURS_OF_DAY: Final = (
    0.55, 0.45, 0.40, 0.40, 0.45, 0.60, 0.80, 1.00, 1.20, 1.30, 1.35, 1.35,
    1.30, 1.25, 1.25, 1.30, 1.35, 1.40, 1.40, 1.30, 1.15, 1.00, 0.85, 0.70,
)  # fmt: skip
"""Weights of the hours of a day: fewest before dawn, most by day (an assumption, shaped as such counts usually are)."""

MEDICAL: Final = (
    CallCategory(name="critical", share=0.15, severity=4, on_scene=Duration(mean_s=1200), transported=0.9),
    CallCategory(name="high", share=0.35, severity=3, on_scene=Duration(mean_s=1000), transported=0.75),
    CallCategory(name="moderate", share=0.50, severity=2, on_scene=Duration(mean_s=900), transported=0.5),
)
OTHER: Final = (
    CallCategory(name="critical", share=0.2, severity=4, on_scene=Duration(mean_s=5400)),
    CallCategory(name="moderate", share=0.8, severity=2, on_scene=Duration(mean_s=2400)),
)
"""Assumptions of this project: times at the scene, and who is brought to hospital."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replayed:
    """A stretch of the log as calls.

    Attributes
    ----------
    calls
        Milliseconds count from Monday 0 h, local time, before the first.
    spots
        (n,) where each was.
    actual_s, handling_s
        (n,) seconds from the first report to the first unit on scene, and to the sending of the first; NaN where no
        time was recorded.
    left_out
        How many incidents were left out, by reason.
    impossible
        How many times cannot be (arriving before the report or before being sent, leaving before arriving), and count
        as not recorded.
    start_ms
        When the first call came, on the clock of `calls`.
    """

    calls: Calls
    spots: tuple[Location, ...]
    actual_s: npt.NDArray[np.float64]
    handling_s: npt.NDArray[np.float64]
    left_out: dict[str, int]
    impossible: int
    start_ms: int


def world_of(planner: Planner, posts: Sequence[Post], kind: str, spots: Sequence[Location] | None = None) -> World:
    """Bases, demand points (the villages, or spots) and hospitals with all times between them.

    Raises
    ------
    InputError
        A post too far from every road.
    """
    villages = of_villages(planner)
    own = [post.location for post in villages.posts]
    demand = own if spots is None else list(spots)
    hospitals = [post.location for post in planner.stations if post.kind == HOSPITAL and post.operating]
    bases = [post.location for post in posts]
    planner.check_reached(posts, kind)
    router = planner.router_of(kind)
    pinned = router.pin([*bases, *demand, *hospitals])
    road = _whole_ms(router.matrix(pinned, demand).seconds)
    home = _whole_ms(router.matrix(pinned, bases).seconds)
    # Where the map has no way back (a one-way stub), the way back takes as long as the way out.
    out = _whole_ms(router.matrix(bases, [*bases, *demand, *hospitals]).seconds).T
    home = np.where(home >= NO_WAY, out, home)
    v = len(demand)
    hospital_ms, hospital = np.full(v, NO_WAY, dtype=np.int64), np.full(v, -1, dtype=np.int64)
    if hospitals and kind == "ambulance":
        there = _whole_ms(router.matrix(demand, hospitals).seconds)
        hospital = there.argmin(axis=1).astype(np.int64)
        hospital_ms = there[np.arange(v), hospital]
        hospital = np.where(hospital_ms < NO_WAY, hospital, -1)
    everywhere = [*bases, *demand, *hospitals]
    lat, lon = np.array([one.lat for one in everywhere]), np.array([one.lon for one in everywhere])
    straight = np.empty(road.shape, dtype=np.int64)
    for column, spot in enumerate(demand):
        straight[:, column] = np.rint(distance_m(lat, lon, spot.lat, spot.lon) * 100)
    people = np.ones(v)
    if spots is None:
        by_code = dict(zip([one.code for one in planner.demand.villages], planner.demand.people, strict=True))
        people = np.array([np.nan_to_num(by_code[area.code]) for area in villages.villages if area is not None])
    return World(
        road_ms=road, straight_cm=straight, home_ms=home, hospital_ms=hospital_ms, hospital=hospital, people=people
    )


def reachable(world: World) -> npt.NDArray[np.bool_]:
    """(v,) whether any base reaches a demand point by road; calls elsewhere can be served by nobody."""
    return np.asarray((world.road_ms[: world.base_count] < NO_WAY).any(axis=0))


def roster_of(
    planner: Planner, posts: Sequence[Post], kind: str, *, per_post: int, asleep: Sequence[str], rolling_s: float = 0.0
) -> Roster:
    """So many units at each post, those of the posts named asleep from 22 to 6 o'clock.

    Raises
    ------
    InputError
        A post that is not there.
    """
    if per_post < 1:
        raise InputError(N_("{units} units at a post can serve nobody; give 1 or more."), units=per_post)
    names = [post.name for post in posts]
    on_duty = np.ones((len(posts), WEEK_HOURS), dtype=np.bool_)
    night = np.array([hour % 24 in NIGHT for hour in range(WEEK_HOURS)])
    for name in asleep:
        found = [number for number, one in enumerate(names) if one.casefold().endswith(name.casefold().strip())]
        if len(found) != 1:
            raise InputError(N_("“{name}” is no post of this plan, or several; give its whole name."), name=name[:60])
        on_duty[found[0], night] = False
    return Roster(
        base=np.repeat(np.arange(len(posts)), per_post),
        on_duty=np.repeat(on_duty, per_post, axis=0),
        turnout_ms=round(planner.dispatch_settings.turnout_of(kind) * 1000),
        rolling_turnout_ms=round(rolling_s * 1000),
    )


def calls_by_people(world: World, kind: str, per_day: float | None) -> CallModel:
    """Calls by people, where a base reaches them; without a number, by the assumptions of this module."""
    people = np.where(reachable(world), world.people, 0.0)
    if per_day is None:
        per_day = float(world.people.sum()) / 1000 * CALLS_PER_THOUSAND_YEAR.get(kind, OTHER_CALLS) / 365
    return CallModel(
        per_day=per_day,
        hour_profile=profile_of_hours(HOURS_OF_DAY),
        place_weight=people,
        categories=MEDICAL if kind == "ambulance" else OTHER,
    )


def policy_of(name: str, standard_s: float) -> Policy:
    """The policy of a name of `POLICIES`; `joint` is the closest by road with joint queues."""
    if name == "cover":
        return LeastCover(standard_ms=round(standard_s * 1000))
    return CLOSEST_BY_LINE if name == "line" else CLOSEST_BY_ROAD


def replayed(
    cases: Sequence[IncidentCase], kinds: dict[str, str], kind: str, timezone: tzinfo, middle_of: dict[str, Location]
) -> Replayed:
    """Incidents to which a unit of a kind was sent, as calls.

    A time at the scene or in hospital that nobody recorded is the median of those recorded in the stretch, or the
    assumption of this module where there is none. Impossible times (arriving before the report or before being sent,
    leaving before arriving) count as not recorded, and are told in number.

    Parameters
    ----------
    cases
        Incidents with their assignments.
    kinds
        Kind of each unit by id.
    kind
        Of unit.
    timezone
        Local time, for shifts.
    middle_of
        Middle of each village and kecamatan by code, for incidents of which only that is known.
    """
    left_out = {"exercise": 0, "duplicate": 0, "no place": 0, "no unit of the kind": 0}
    rows: list[tuple[datetime, Location, Severity, float, float, float, float]] = []
    impossible = 0
    for case in sorted(cases, key=lambda one: (one.incident.received_at, one.incident.incident_id)):
        incident = case.incident
        own = [one for one in case.assignments if kinds.get(one.unit_id) == kind]
        spot = incident.location.location or middle_of.get(
            incident.location.village_code or incident.location.kecamatan_code or ""
        )
        if incident.exercise:
            left_out["exercise"] += 1
        elif incident.duplicate_of is not None:
            left_out["duplicate"] += 1
        elif not own:
            left_out["no unit of the kind"] += 1
        elif spot is None:
            left_out["no place"] += 1
        else:
            first = min(own, key=lambda one: (one.milestones[Milestone.DISPATCHED].time, one.assignment_id))
            at = {name: moment.time for name, moment in first.milestones.items()}
            arrived = seconds_to(IncidentCase(incident=incident, assignments=tuple(own)), Milestone.ON_SCENE)
            response = float("nan") if arrived is None else arrived
            handling = _span(incident.received_at, at[Milestone.DISPATCHED])
            leaves = at.get(Milestone.TRANSPORTING) or at.get(Milestone.CLEARED)
            # A scene begun at an impossible time did not last from then on.
            scene = _span(at.get(Milestone.ON_SCENE), leaves) if not response < 0 else float("nan")
            handing = _span(at.get(Milestone.AT_HOSPITAL), at.get(Milestone.CLEARED))
            brought = Milestone.TRANSPORTING in at or Milestone.AT_HOSPITAL in at
            impossible += sum(value < 0 for value in (response, handling, scene, handing))
            rows.append((
                incident.received_at, spot, incident.severity, _known(response), _known(scene),
                (_known(handing) if brought else -1.0), _known(handling),
            ))  # fmt: skip
    if not rows:
        raise InputError(
            N_("The log has no incident in this time to which a unit of the kind “{kind}” was sent; "
               "choose other days or another kind."),
            kind=kind,
        )  # fmt: skip
    scenes = np.array([row[4] for row in rows])
    handings = np.array([row[5] for row in rows])
    usual = MEDICAL[1].on_scene.mean_s if kind == "ambulance" else OTHER[1].on_scene.mean_s
    scenes = np.where(np.isnan(scenes), _median(scenes, usual), scenes)
    handings = np.where(np.isnan(handings), _median(handings[~(handings < 0)], 1200.0), handings)
    local = rows[0][0].astimezone(timezone)
    start_ms = round(rows[0][0].timestamp() * 1000) - (
        (local.weekday() * 24 + local.hour) * HOUR_MS + local.minute * 60_000 + local.second * 1000
    )
    calls = Calls(
        at_ms=np.array([round(row[0].timestamp() * 1000) - start_ms for row in rows], dtype=np.int64),
        place=np.arange(len(rows), dtype=np.int64),
        severity=np.array([row[2].weight for row in rows], dtype=np.int64),
        category=np.zeros(len(rows), dtype=np.int64),
        on_scene_ms=np.rint(scenes * 1000).astype(np.int64),
        at_hospital_ms=np.where(handings < 0, -1, np.rint(handings * 1000)).astype(np.int64),
    )
    return Replayed(
        calls=calls, spots=tuple(row[1] for row in rows), actual_s=np.array([row[3] for row in rows]),
        handling_s=np.array([row[6] for row in rows]), impossible=impossible, start_ms=int(calls.at_ms[0]),
        left_out={name: count for name, count in left_out.items() if count},
    )  # fmt: skip


def estimate_json(one: Estimate) -> dict[str, float | None]:
    """A mean and half the width of its interval."""
    return {name: round(value, 5) if np.isfinite(value) else None
            for name, value in (("mean", one.mean), ("half_width", one.half_width))}  # fmt: skip


def summary_json(found: Summary, plan: Plan) -> dict[str, Any]:
    """A summary as plain values."""
    names = ("calls", "mean_s", "median_s", "p90_s", "late", "lost", "waited", "wait_s", "utilisation")
    return {
        "replications": found.replications,
        "units": len(plan.roster.base),
        "standard_s": plan.rules.standard_ms / 1000,
        **{name: estimate_json(getattr(found, name)) for name in names},
        "busy": [estimate_json(one) for one in found.busy],
        "minutes": [round(float(one), 3) for one in found.minutes],
        "shares": [round(float(one), 5) for one in found.shares],
    }


def _span(start: datetime | None, end: datetime | None) -> float:
    return float("nan") if start is None or end is None else (end - start).total_seconds()


def _known(value: float) -> float:
    return value if value >= 0 else float("nan")


def _median(values: npt.NDArray[np.float64], otherwise: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else otherwise


def _whole_ms(seconds: npt.NDArray[np.float64]) -> IntArray:
    return np.where(np.isnan(seconds), NO_WAY, np.rint(np.nan_to_num(seconds) * 1000)).astype(np.int64)
