"""Learnt speeds in the running centre: which are in force, and the trips that new ones are learnt from.

Thin: the trips come from the store, `routing` reads and learns, `dispatch` decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from dispatch.fixes import Fix, FixFlag
from dispatch.incidents import Assignment, Incident, LocationKind, Milestone
from dispatch.learnt_speeds import LearntSpeeds
from dispatch.store import queries
from dispatch.store.positions import history
from dispatch.store.store import Store
from dispatch.types import Unit
from gis.errors import N_, InputError
from gis.types import Location
from routing.learning import LearningReport, checked_factors, default_bins, learn
from routing.learning_trips import DrivenTrip, ReadTrip, TripReader
from routing.matching_types import TracePoint
from routing.metric import Metric
from routing.region import Region
from routing.speed_factors import SpeedFactors, metric_hour
from web.i18n import SOURCE_LANGUAGE, Translator, translator
from web.wording_learning import ReportWords, report_words

if TYPE_CHECKING:
    from web.centre import Centre

MOST_FIXES: Final = 5000
STOOD_WITHIN: Final = timedelta(minutes=15)
"""A position of so long before the dispatch tells where a unit without any on the way began."""
CLOCK_ERROR: Final = timedelta(seconds=60)
"""Devices that say they left this long before they were sent have a wrong clock."""
PRECISE_M: Final = 300.0
"""An incident that is known less well is no end of a trip."""
_UNUSABLE: Final = FixFlag.JUMP | FixFlag.INVALID | FixFlag.MOCK | FixFlag.CLOCK_AHEAD


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpeedsInForce:
    """Who put which factors in force, and the factors."""

    held: LearntSpeeds
    factors: SpeedFactors


class SpeedsKeeper:
    """Keeps this process in step with the decisions about speeds in the log; safe for threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._state: SpeedsInForce | None = None
        self._tell: list[Callable[[SpeedsInForce | None], object]] = []

    @property
    def state(self) -> SpeedsInForce | None:
        """What is in force; None where the speeds of the settings count."""
        return self._state

    @property
    def digest(self) -> str | None:
        """Names the factors in force."""
        state = self._state
        return None if state is None else state.held.digest

    def on_change(self, tell: Callable[[SpeedsInForce | None], object]) -> None:
        """Have something told of every change, and of what is in force now."""
        self._tell.append(tell)
        tell(self._state)

    def refresh(self) -> int:
        """Read what is in force; gives 1 where it changed, else 0.

        Raises
        ------
        InputError
            The factors of the log do not fit this version.
        """
        with self._lock:
            with self._store.book() as book:
                held = book.speeds()
            before = self._state
            if held == (None if before is None else before.held):
                return 0
            self._state = None if held is None else SpeedsInForce(held=held, factors=self._factors(held.digest))
            for tell in self._tell:  # before anybody else refreshes: the newest is told last
                tell(self._state)
        return 1

    def _factors(self, digest: str) -> SpeedFactors:
        table = self._store.document(digest)["factors"]
        return checked_factors(SpeedFactors.from_json({**table, "version": digest}))


# --- trips -------------------------------------------------------------------------------------------------------


def driven_trips(centre: Centre, since: datetime, until: datetime) -> Iterator[DrivenTrip]:
    """Every trip from dispatch to arrival on scene of the incidents that were received in a span of time."""
    with centre.store.book() as book:
        assignments = queries.assignments_between(book.connection, since, until)
        units = {one.unit.unit_id: one.unit for one in queries.units(book.connection, retired=True)}
    for assignment in sorted(assignments, key=lambda one: one.assignment_id):
        if Milestone.ON_SCENE in assignment.milestones:
            with centre.store.book() as book:
                incident = book.incident(assignment.incident_id)
                fixes = _fixes(book.connection, assignment)
            if incident is not None and not incident.exercise:
                turnout_s = centre.settings.dispatch.turnout_of(units[assignment.unit_id].kind)
                yield driven_trip(assignment, incident, units[assignment.unit_id], fixes, turnout_s)


def _fixes(connection: Any, assignment: Assignment) -> tuple[Fix, ...]:
    sent, arrived = (assignment.milestones[one].time for one in (Milestone.DISPATCHED, Milestone.ON_SCENE))
    return history(
        connection, assignment.unit_id, since=sent - STOOD_WITHIN, until=max(arrived, sent), limit=MOST_FIXES
    )


def driven_trip(
    assignment: Assignment, incident: Incident, unit: Unit, fixes: Sequence[Fix], turnout_s: float
) -> DrivenTrip:
    """A trip as the centre saw it.

    Parameters
    ----------
    assignment
        With the milestones dispatched and on scene.
    incident
        It was for.
    unit
        That drove; it stood where it is listed, where it never sent a position.
    fixes
        Of the unit, from some time before the dispatch to the arrival.
    turnout_s
        Seconds to leave, where the crew did not report that it left.
    """
    sent = assignment.milestones[Milestone.DISPATCHED].time
    arrived = assignment.milestones[Milestone.ON_SCENE].time
    left = assignment.milestones.get(Milestone.EN_ROUTE)
    usable = _of_one_device([fix for fix in fixes if not fix.flags & _UNUSABLE])
    before = [fix for fix in usable if fix.fix_time < sent]
    trace = tuple(
        TracePoint(time_s=fix.fix_time.timestamp(), location=fix.location, accuracy_m=fix.accuracy_m)
        for fix in usable
        if fix.fix_time >= sent
    )
    early = left is not None and left.time < sent - CLOCK_ERROR
    departed = sent if len(trace) > 1 else left.time if left is not None else sent + timedelta(seconds=turnout_s)
    return DrivenTrip(
        trip_id=assignment.assignment_id,
        departed=departed,
        arrived=arrived,
        origin=before[-1].location if before else trace[0].location if trace else _listed(unit),
        target=_target(incident),
        trace=trace,
        clock_wrong=early or (bool(fixes) and not usable and any(fix.flags & FixFlag.CLOCK_AHEAD for fix in fixes)),
    )


def _of_one_device(fixes: Sequence[Fix]) -> list[Fix]:
    """The fixes of the device that sent most: two devices in one vehicle seem to jump about."""
    devices = [fix.device for fix in fixes]
    most = max(sorted(set(devices)), key=devices.count, default=None)
    return [fix for fix in fixes if fix.device == most]


def _listed(unit: Unit) -> Location | None:
    return unit.location if unit.fix_time is None else None


def _target(incident: Incident) -> Location | None:
    place = incident.location
    precise = place.kind in (LocationKind.POINT, LocationKind.PLACE) and (place.radius_m or 0.0) <= PRECISE_M
    return place.location if precise else None


def read_trips(region: Region, trips: Iterator[DrivenTrip], advance: Callable[[int], object]) -> list[ReadTrip]:
    """What trips teach, by the region's own speeds; `advance` is told of every trip."""

    @cache
    def metric_of(hour: int | None) -> Metric:
        return Metric.build(region.network, region.routing_settings, hour=hour)

    def metric_at(hour: int) -> Metric:
        return metric_of(metric_hour(region.routing_settings.hours, hour))

    reader = TripReader(
        region.router,
        edge_kecamatan=region.edge_kecamatan,
        bin_of_hour=default_bins(),
        timezone=region.timezone,
        metric_at=metric_at,
    )
    found = []
    for trip in trips:
        found.append(reader.read(trip))
        advance(1)
    return found


def learning_report(
    centre: Centre, since: datetime, until: datetime, advance: Callable[[int], object] = lambda _: None
) -> LearningReport:
    """What the trips of a span of time say of speeds; changes nothing.

    Raises
    ------
    InputError
        Too few trips can be used.
    """
    region = centre.region
    read = read_trips(region, driven_trips(centre, since, until), advance)
    state = centre.speeds.state
    return learn(
        read,
        kecamatan=[area.code for area in region.boundaries.kecamatan],
        bin_of_hour=default_bins(),
        in_force=None if state is None else state.factors,
        taught_until=None if state is None else _moment(centre.store.document(state.held.digest).get("until")),
        since=since,
        until=until,
    )


def _moment(text: object) -> datetime | None:
    """A time of a stored report; None where it says none, for reports come from files."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return None if found.tzinfo is None else found


# --- reports that come from outside ------------------------------------------------------------------------------


def check_report(report: Mapping[str, Any], region: Region) -> None:
    """Refuse a report that cannot be shown, or whose factors cannot be in force in this region.

    Raises
    ------
    InputError
        It is no report, a factor is beyond the limits, or a kecamatan is of another region.
    """
    try:
        factors = checked_factors(SpeedFactors.from_json(report["factors"]))
        report_words(report, {}, translator(SOURCE_LANGUAGE))  # whatever is adopted can be shown afterwards
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise InputError(
            N_("This is no report of learnt speeds; make one with `siaga112 learn report --out FILE`.")
        ) from None
    unknown = sorted(set(factors.kecamatan) - {area.code for area in region.boundaries.kecamatan})
    if unknown:
        raise InputError(N_("The report is of another region: this one has no kecamatan {code}."), code=unknown[0][:40])


def told(centre: Centre, report: Mapping[str, Any], words: Translator) -> ReportWords:
    """A report in words, with the names of this region."""
    return report_words(report, {area.code: area.name for area in centre.region.boundaries.kecamatan}, words)
