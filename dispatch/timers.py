"""What is due when: the response standard of an incident, and the crews that should have moved by now.

Pure: incident, standard, assignments, settings and clock in, running timers out. Nothing here sends or stores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from dispatch.directory import ResponseStandard
from dispatch.incidents import Assignment, Incident, Milestone
from dispatch.settings import DispatchSettings
from dispatch.toml_entry import Entry
from dispatch.vocabulary import unit_kind

MAX_EN_ROUTE_S: Final = 86_400.0
EN_ROUTE_S: Final = 1200.0

_AFTER: Final = MappingProxyType(
    {
        Milestone.DISPATCHED: (
            Milestone.EN_ROUTE,
            Milestone.ON_SCENE,
            Milestone.TRANSPORTING,
            Milestone.AT_HOSPITAL,
            Milestone.CLEARED,
        ),
        Milestone.EN_ROUTE: (
            Milestone.ON_SCENE,
            Milestone.TRANSPORTING,
            Milestone.AT_HOSPITAL,
            Milestone.CLEARED,
        ),
    }
)
"""Milestones that end the wait begun by another; a crew may skip some."""

_ARRIVED: Final = (Milestone.ON_SCENE, Milestone.TRANSPORTING, Milestone.AT_HOSPITAL)
"""Milestones that only a crew that was on scene reaches; the earliest stands for a missing `ON_SCENE`."""


class TimerKind(StrEnum):
    """What a timer waits for."""

    RESPONSE = "response"
    TURNOUT = "turnout"
    EN_ROUTE = "en_route"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Something that should happen by a certain time, and has not yet.

    Attributes
    ----------
    kind
        `RESPONSE`: the first unit on scene. `TURNOUT`: a crew reports en route. `EN_ROUTE`: it reports on scene.
    assignment_id, unit_id
        The crew that is waited for; None for `RESPONSE`.
    started_at, due_at
        When it began to run, and when it is overdue. UTC.
    overdue
        Whether `due_at` has passed.
    left_s
        Seconds until `due_at`, negative after it.
    within_s
        The standard: seconds from start to due.
    source
        Where the standard comes from: the regulation for `RESPONSE`, the setting for the others.
    """

    kind: TimerKind
    incident_id: str
    assignment_id: str | None
    unit_id: str | None
    started_at: datetime
    due_at: datetime
    overdue: bool
    left_s: float
    within_s: float
    source: str

    @property
    def key(self) -> str:
        """The same for the same wait at any time, so that its overdue event is written once."""
        return f"{self.kind.value}:{self.assignment_id or self.incident_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """How soon the first unit was on scene.

    Attributes
    ----------
    arrived_at
        When it was, UTC.
    taken_s
        Seconds from the report, never negative.
    met
        Whether the standard was met; None where the category has none.
    """

    assignment_id: str
    unit_id: str
    arrived_at: datetime
    taken_s: float
    met: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSettings:
    """How long a crew may be on its way before somebody asks: the `[timers]` table of region.toml.

    Attributes
    ----------
    en_route_s
        Seconds from "en route" to "on scene", by unit kind; 0 runs no timer.
    default_en_route_s
        The same for kinds that `en_route_s` does not name. The default is an assumption of this project.
    """

    en_route_s: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    default_en_route_s: float = EN_ROUTE_S

    def en_route_of(self, kind: str | None) -> float:
        """Seconds that a kind of unit may be on its way; 0 for no timer."""
        return self.default_en_route_s if kind is None else self.en_route_s.get(kind, self.default_en_route_s)

    @classmethod
    def from_table(cls, table: object, *, source: str) -> TimerSettings:
        """Read the `[timers]` table; what it leaves out keeps its default.

        Raises
        ------
        SourceError
            An unknown key, or a value that is no number of seconds in range.
        """
        entry = Entry(table, f"{source}, [timers]", ("default_en_route_s", "en_route_s"))
        kinds = entry.raw("en_route_s", {})
        names = tuple(kinds) if isinstance(kinds, Mapping) else ()
        by_kind = Entry(kinds, f"{source}, [timers.en_route_s]", names)
        seconds: dict[str, float] = {}
        for name in names:
            if (kind := unit_kind(name)) in seconds:
                raise by_kind.fault(name, f"this kind of unit ({kind}) stands there twice; keep one")
            seconds[kind] = by_kind.number(name, least=0, most=MAX_EN_ROUTE_S)
        return cls(
            en_route_s=MappingProxyType(seconds),
            default_en_route_s=entry.number("default_en_route_s", least=0, most=MAX_EN_ROUTE_S, default=EN_ROUTE_S),
        )


def default_toml() -> str:
    """The `[timers]` table with every default, for region.toml."""
    return f"""\
[timers]
# A crew that is on its way for this many seconds without reporting on scene is asked (assumption; 0: never).
# How long it may take to turn out stands under [dispatch.turnout_s], response standards under [[categories]].
default_en_route_s = {EN_ROUTE_S:g}

[timers.en_route_s]
# By kind of unit, for example: ambulance = 900
"""


def due(
    incident: Incident,
    standard: ResponseStandard | None,
    assignments: Sequence[Assignment],
    now: datetime,
    *,
    kinds: Mapping[str, str] = MappingProxyType({}),
    dispatch: DispatchSettings | None = None,
    timers: TimerSettings | None = None,
) -> tuple[Timer, ...]:
    """What an incident waits for.

    Parameters
    ----------
    incident
        The incident; one that is closed or cancelled waits for nothing.
    standard
        Of its category; None where nobody has set one.
    assignments
        All of the incident's, also those that have ended.
    now
        The time, with its zone.
    kinds
        Kind of every unit by its id, for turnout and en-route times; an unknown unit gets the defaults.
    dispatch, timers
        Settings; None for the defaults.

    Returns
    -------
    tuple of Timer
        Those that run, by `due_at`; a wait that has ended is not among them.
    """
    dispatch, timers = dispatch or DispatchSettings(), timers or TimerSettings()
    if not incident.status.is_open:
        return ()
    own = [one for one in assignments if one.incident_id == incident.incident_id]
    running: list[Timer] = []

    def run(kind: TimerKind, start: datetime, within_s: float, source: str, crew: Assignment | None = None) -> None:
        due_at = start + timedelta(seconds=within_s)
        running.append(
            Timer(
                kind=kind,
                incident_id=incident.incident_id,
                assignment_id=crew.assignment_id if crew else None,
                unit_id=crew.unit_id if crew else None,
                started_at=start,
                due_at=due_at,
                overdue=now > due_at,
                left_s=(due_at - now).total_seconds(),
                within_s=within_s,
                source=source,
            )
        )

    if standard is not None and response(incident, standard, own) is None:
        run(TimerKind.RESPONSE, incident.received_at, standard.within_s, standard.source)
    for one in own:
        if not one.is_active:
            continue
        kind = kinds.get(one.unit_id)
        if (start := _waiting_since(one, Milestone.DISPATCHED)) is not None:
            within_s = dispatch.default_turnout_s if kind is None else dispatch.turnout_of(kind)
            run(TimerKind.TURNOUT, start, within_s, "[dispatch.turnout_s]", one)
        elif (start := _waiting_since(one, Milestone.EN_ROUTE)) is not None and timers.en_route_of(kind) > 0:
            run(TimerKind.EN_ROUTE, start, timers.en_route_of(kind), "[timers.en_route_s]", one)
    return tuple(sorted(running, key=lambda timer: (timer.due_at, timer.key)))


def response(
    incident: Incident, standard: ResponseStandard | None, assignments: Sequence[Assignment]
) -> Response | None:
    """The first arrival at an incident, or None where nobody was on scene yet."""
    arrivals = [
        (min(times), one)
        for one in assignments
        if one.incident_id == incident.incident_id
        and (times := [one.milestones[step].time for step in _ARRIVED if step in one.milestones])
    ]
    if not arrivals:
        return None
    arrived_at, first = min(arrivals, key=lambda arrival: (arrival[0], arrival[1].assignment_id))
    # A device's clock may run behind the server's: an arrival is never before the report.
    taken_s = max(0.0, (arrived_at - incident.received_at).total_seconds())
    return Response(
        assignment_id=first.assignment_id,
        unit_id=first.unit_id,
        arrived_at=arrived_at,
        taken_s=taken_s,
        met=None if standard is None else taken_s <= standard.within_s,
    )


def _waiting_since(assignment: Assignment, milestone: Milestone) -> datetime | None:
    """When a milestone was reached that none has followed yet."""
    moment = assignment.milestones.get(milestone)
    followed = any(later in assignment.milestones for later in _AFTER[milestone])
    return None if moment is None or followed else moment.time
