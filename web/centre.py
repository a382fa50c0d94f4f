"""The centre: the store and the region together, and the questions that need both.

Thin: it gathers what a pure policy needs, asks it, and stores what came out.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from dispatch.accounts import Role, check_binding
from dispatch.border_help import NearbyCode, border_help
from dispatch.codec import dump, load
from dispatch.commands import (
    AdoptSpeeds,
    ChangeAccount,
    ChangeClosure,
    CloseRoad,
    Command,
    CreateAccount,
    KeepRecommendation,
    LoadDirectory,
    LocateIncident,
    NoticeOverdue,
    OpenIncident,
    RegisterDevice,
    RegisterUnit,
    ReopenRoad,
    WithdrawSpeeds,
)
from dispatch.cover import CoverCost, cover_costs
from dispatch.directory import Directory
from dispatch.directory_file import agency_of
from dispatch.duplicates import duplicate_candidates
from dispatch.errors import UnitTakenError, UnknownIdError
from dispatch.event_types import OverdueNoticed
from dispatch.ghost_calls import GhostScore, ghost_score
from dispatch.incidents import (
    Assignment,
    Call,
    Incident,
    IncidentLocation,
    LocationKind,
    UnitState,
)
from dispatch.joint import assign_jointly
from dispatch.readiness import availability, start_of
from dispatch.recommend import recommend_from, recommendation_inputs, with_exemptions
from dispatch.recommendation import AreaTimes, Recommendation, RecommendationInputs
from dispatch.recommendation_settings import RecommendationSettings
from dispatch.response import respond
from dispatch.roster import on_duty
from dispatch.store import queries
from dispatch.store.fleet import Fleet
from dispatch.store.positions import token_hash
from dispatch.store.store import Answer, Store
from dispatch.timers import Timer, TimerSettings, due
from dispatch.types import Unit, UnitStatus
from gis.errors import N_, InputError
from gis.region_folder import SETTINGS
from gis.types import AreaLevel, AreaStatus, Location
from routing.region import Region
from routing.types import MetricKey
from web.directory import region_directory, region_population
from web.fleet_times import Vehicle
from web.learnt_speeds import SpeedsKeeper, check_report
from web.pulse import Pulse
from web.road_keeper import RoadKeeper
from web.service import Desk

SYSTEM = "system"
GHOST_HISTORY = timedelta(days=30)
_MANY = 1000
MOST_ROWS = 2000
"""Positions whose times to all villages are remembered."""


class Centre:
    """One centre: its database, its region, its people's questions. Safe for threads."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self.store = store
        self.desk = desk
        self.region: Region = desk.region
        self._fleet = Fleet()
        self._lock = Lock()
        self._plain: tuple[dict[str, tuple[Unit, bool, Unit]], tuple[Unit, ...], tuple[UnitState, ...]] = ({}, (), ())
        self._rows: dict[tuple[Vehicle, MetricKey], npt.NDArray[np.float64]] = {}
        self.speeds = SpeedsKeeper(store)
        self.speeds.on_change(lambda state: desk.times.learn(None if state is None else state.factors))
        self.roads = RoadKeeper(store, desk.roads)
        self.pulse = Pulse(store)

    # --- starting ------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Put the region's directory in place, and its units where the fleet is empty."""
        read = region_directory(self.region)
        self.store.execute(LoadDirectory(directory=read.directory), actor=SYSTEM)
        self.speeds.refresh()
        with self.store.book() as book:
            if queries.units(book.connection, retired=True):
                return
        if self.desk.has_units_file:
            for unit in self.desk.listed_units:
                self.store.execute(_registration(unit, read.directory), actor=SYSTEM)

    @cached_property
    def settings(self) -> RecommendationSettings:
        """How the region recommends."""
        return RecommendationSettings.from_table(
            self.region.table.get("recommendation", {}),
            self.desk.settings,
            source=str(self.region.folder / SETTINGS),
        )

    @cached_property
    def timer_settings(self) -> TimerSettings:
        """When somebody asks what a crew is doing."""
        return TimerSettings.from_table(self.region.table.get("timers", {}), source=str(self.region.folder / SETTINGS))

    # --- units ---------------------------------------------------------------------------------------------------

    def units(self) -> tuple[UnitState, ...]:
        """The fleet, with the newest trusted position of each unit."""
        with self.store.book() as book:
            states = self._fleet.read(book.connection)
        return self._on_duty(states)

    def _on_duty(self, states: Sequence[UnitState]) -> tuple[UnitState, ...]:
        """Units on duty as their rosters say, where they have one."""
        directory, now = self.store.directory(), self.store.now()
        if not directory.rosters and isinstance(states, tuple):
            return states

        def as_now(state: UnitState) -> UnitState:
            shifts = directory.shifts(state.unit.unit_id) if state.on_duty else ()
            return replace(state, on_duty=on_duty(shifts, now, self.region.timezone)) if shifts else state

        return tuple(as_now(state) for state in states)

    def plain_units(self) -> tuple[Unit, ...]:
        """The fleet as the ranking sees it: crews off duty are out of service; the same tuple while nothing changes."""
        known, found = self._plain, []
        states = self.units()
        if states is known[2]:
            return known[1]
        for state in states:
            before = known[0].get(state.unit.unit_id)
            same = before is not None and before[0] is state.unit and before[1] is state.on_duty
            found.append(before if same and before is not None else (state.unit, state.on_duty, _plain(state)))
        if len(found) == len(known[1]) and all(one[2] is unit for one, unit in zip(found, known[1], strict=True)):
            self._plain = (*known[:2], states)
            return known[1]
        units = tuple(one[2] for one in found)
        self._plain = ({one[0].unit_id: one for one in found}, units, states)
        return units

    def register_device(self, unit_id: str, label: str, *, actor: str) -> tuple[str, Answer]:
        """Let a device send positions; its token is shown once and stored only as a hash."""
        token = secrets.token_urlsafe(24)
        command = RegisterDevice(unit_id=unit_id, token_hash=token_hash(token), label=label)
        return token, self.store.execute(command, actor=actor)

    # --- commands ------------------------------------------------------------------------------------------------

    def execute(self, command: Command, *, actor: str, key: str | None = None) -> Answer:
        """Carry out a command; a dispatcher who was too late hears who is next.

        Raises
        ------
        InputError
            A village or kecamatan that the region does not have: nobody could be recommended for it.
        """
        if isinstance(command, AdoptSpeeds):
            check_report(command.report, self.region)
        if isinstance(command, CreateAccount | ChangeAccount):
            self._check_area(command)
        place = getattr(command, "location", None)
        if isinstance(command, OpenIncident | LocateIncident) and command.location.village_code is None:
            command = replace(command, location=self._with_area(command.location))
        if isinstance(place, IncidentLocation) and (code := _area_code(place)) is not None:
            level = AreaLevel.VILLAGE if place.kind is LocationKind.VILLAGE else AreaLevel.KECAMATAN
            if self._level(code) is not level:
                raise InputError(
                    N_("The region has no {level} with the code {code}; give its code, or a point."),
                    level=level.value,
                    code=code,
                )
        try:
            answer = self.store.execute(command, actor=actor, key=key)
            if isinstance(command, AdoptSpeeds | WithdrawSpeeds):
                self.speeds.refresh()
            if isinstance(command, CloseRoad | ReopenRoad | ChangeClosure):
                # Whoever closed a road is answered when this process knows it: the next question is asked on it.
                self.roads.refresh()
            return answer
        except UnitTakenError as taken:
            incident_id = getattr(command, "incident_id", None)
            if incident_id is not None:
                taken.values["next_best"] = self._next_best(incident_id, str(taken.values.get("unit", "")))
            raise

    def _with_area(self, place: IncidentLocation) -> IncidentLocation:
        """A point with the codes of its village and kecamatan, by which its officials find it."""
        if place.kind not in (LocationKind.POINT, LocationKind.PLACE) or place.location is None:
            return place
        match = self.region.boundaries.locate(place.location)
        if match.status is AreaStatus.OUTSIDE or match.village is None:
            return place
        kecamatan = place.kecamatan_code or (None if match.kecamatan is None else match.kecamatan.code)
        return replace(place, village_code=match.village.code, kecamatan_code=kecamatan)

    def _check_area(self, command: CreateAccount | ChangeAccount) -> None:
        if command.role is not Role.VILLAGE_OFFICIAL or command.bound_to is None:
            return
        check_binding(command.role, command.bound_to)
        if self._level(command.bound_to) not in (AreaLevel.VILLAGE, AreaLevel.KECAMATAN):
            raise InputError(
                N_("The region has no village or kecamatan with the code {code}; correct it."),
                code=command.bound_to[:20],
            )

    def _next_best(self, incident_id: str, taken: str) -> list[str]:
        """Whom to send in its place; not the unit itself, also where it will be free soon."""
        answers = self.recommendation(incident_id).answers
        return [pick.unit_id for pick in respond(answers, without={taken}).picks]

    # --- recommendation ------------------------------------------------------------------------------------------

    def recommendation_inputs(
        self, incident_id: str, *, cover: bool = True, now: datetime | None = None
    ) -> RecommendationInputs:
        """All that a recommendation for an incident rests on, now."""
        with self.store.book() as book:
            incident = book.incident(incident_id)
            if incident is None:
                raise UnknownIdError(N_("There is no incident “{key}”; check its id."), key=incident_id[:64])
            assignments = book.assignments_of(incident_id)
            active = queries.active_assignments(book.connection)
            states = self._fleet.read(book.connection)
        directory = self.store.directory()
        units = self._on_duty(states)
        plan = directory.plan(incident.category, incident.severity)
        category = directory.category(incident.category)
        starts = _starts(units, active, directory)
        vehicles = [
            self.desk.times.vehicle(one.unit.kind, one.unit.agency, starts.get(one.unit.unit_id, one.unit.location))
            for one in units
        ]
        at = now or self.store.now()
        ((located, times, area), costs, profiles, hour), roads = self.desk.roads.answered(
            lambda: (
                self._times(incident, vehicles, at),
                self._cover(units, vehicles, at) if cover else (),
                [self.desk.times.profile(vehicle, at).name for vehicle in vehicles],
                self.desk.times.hour(at),
            )
        )
        return recommendation_inputs(
            incident=located,
            required=() if plan is None else plan.requirements(incident.alarm_level),
            units=units,
            settings=self.settings,
            now=at,
            times=times,
            area=area,
            sent=frozenset(one.unit_id for one in assignments if one.is_active),
            starts=starts,
            standard_s=None if category is None or category.standard is None else category.standard.within_s,
            cover=costs,
            closures=roads.state.closures,
            metric=roads.state.metric,
            metrics=roads.metrics,
            pending=roads.pending,
            failed=roads.failed,
            profiles={one.unit.unit_id: name for one, name in zip(units, profiles, strict=True)},
            hour=hour,
        )

    def recommendation(self, incident_id: str, *, cover: bool = False, now: datetime | None = None) -> Recommendation:
        """Who should go, not stored."""
        return recommend_from(self._looked_at(self.recommendation_inputs(incident_id, cover=cover, now=now)))

    def _looked_at(self, inputs: RecommendationInputs) -> RecommendationInputs:
        """The inputs, with the exemptions that the units which would be sent use on their way to a point."""
        target = inputs.incident.location.location
        if target is None or inputs.area is not None:
            return inputs
        made = recommend_from(inputs)
        picked = {pick.unit_id for one in (made.response, made.if_waited) if one is not None for pick in one.picks}
        used: dict[str, tuple[str, ...]] = {}
        for one in inputs.units:
            unit = one.state.unit
            if unit.unit_id in picked:
                vehicle = self.desk.times.vehicle(unit.kind, unit.agency, one.start or unit.location)
                used[unit.unit_id] = self.desk.times.exemptions(vehicle, target, inputs.now)
        return with_exemptions(inputs, used)

    def recommend(self, incident_id: str, *, actor: str) -> tuple[str, Recommendation]:
        """Who should go; stored with its inputs, so that "why this unit" has an answer a year later."""
        inputs = self._looked_at(self.recommendation_inputs(incident_id))
        made = recommend_from(inputs)
        # Of the times that answered, which may not be those of the speeds in force yet.
        speeds = sorted({one.speeds for one in inputs.metrics if one.speeds})
        document = {"inputs": dump(inputs), "recommendation": dump(made), "speeds": ", ".join(speeds) or None}
        answer = self.store.execute(KeepRecommendation(incident_id=incident_id, document=document), actor=actor)
        return str(answer["recommendations"][0]["recommendation_id"]), made

    def stored_recommendation(self, recommendation_id: str) -> tuple[Recommendation, RecommendationInputs]:
        """A recommendation as it was made, with its inputs."""
        with self.store.book() as book:
            ref = book.recommendation(recommendation_id)
        if ref is None:
            raise UnknownIdError(N_("There is no recommendation “{key}”; check its id."), key=recommendation_id[:64])
        document = self.store.document(ref.digest)
        return load(Recommendation, document["recommendation"]), load(RecommendationInputs, document["inputs"])

    def joint(self) -> Any:
        """All waiting incidents at once: the best joint assignment beside first come, first served."""
        with self.store.book() as book:
            waiting = queries.incidents(book.connection, limit=_MANY, only_open=True).items
        now = self.store.now()
        recommendations = [self.recommendation(one.incident_id, now=now) for one in waiting]
        return assign_jointly([one for one in recommendations if one.answers])

    def _times(
        self, incident: Incident, vehicles: Sequence[Vehicle], at: datetime
    ) -> tuple[Incident, Any, AreaTimes | None]:
        place = incident.location
        area = _area_code(place)
        if area is not None and self._level(area) is not None:
            middle = place.location or self.region.boundaries.middle(area)
            pieces = self.desk.pieces_of(area)
            length_m = np.asarray(self.region.network.edge_length_m)[pieces]
            road_s = self.desk.times.edge_midpoint_times(vehicles, pieces, at)
            located = replace(incident, location=replace(place, location=middle))
            return located, None, AreaTimes.of(road_s, length_m)
        if place.location is None or area is not None:
            # Not known where; or in an area that the region had when it was located and has no more.
            return incident, None, None
        return incident, self.desk.times.answer(place.location, vehicles, at).times, None

    def _level(self, code: str) -> AreaLevel | None:
        try:
            return self.region.boundaries.area(code).level
        except LookupError:
            return None

    @cached_property
    def _demand(self) -> tuple[npt.NDArray[np.float64], tuple[Location, ...]]:
        """People of every village (1 each where nobody counted them), and where its demand stands."""
        villages = self.region.boundaries.villages
        people = region_population(self.region)
        demand = np.array([people.get(one.code, 0.0) for one in villages])
        if not demand.any():
            demand = np.ones(len(villages))
        return demand, tuple(self.region.boundaries.middle(one.code) for one in villages)

    def _cover(self, units: Sequence[UnitState], vehicles: Sequence[Vehicle], at: datetime) -> tuple[CoverCost, ...]:
        if not units:
            return ()
        turnout_s = np.array([self.settings.dispatch.turnout_of(one.unit.kind) for one in units])
        now = self.store.now()
        kinds = [one.unit.kind for one in units]
        ready = [availability(one, self.settings, now) for one in units]
        return cover_costs(
            unit_ids=[one.unit.unit_id for one in units],
            kinds=kinds,
            free=[one.on_duty and when is not None and when.is_now for one, when in zip(units, ready, strict=True)],
            times_s=self._village_times(vehicles, at) + turnout_s[:, None],
            demand=self._demand[0],
            standard_s=self.settings.cover_standard_s,
            busy_fraction={kind: self.settings.busy_fraction_of(kind) for kind in kinds},
        )

    def _village_times(self, vehicles: Sequence[Vehicle], at: datetime) -> npt.NDArray[np.float64]:
        """Seconds from each vehicle to the middle of each village; remembered, for few units move."""
        profiles = {one.profile for one in vehicles}
        keys = {profile: self.desk.times.router(profile, at).metric.key for profile in profiles}
        with self._lock:
            known = {one: row for one in vehicles if (row := self._rows.get((one, keys[one.profile]))) is not None}
        new = [one for one in dict.fromkeys(vehicles) if one not in known]
        if new:
            found = dict(zip(new, self.desk.times.matrix(new, self._demand[1], at), strict=True))
            known |= found
            unchanged = all(self.desk.times.router(profile, at).metric.key == keys[profile] for profile in profiles)
            with self._lock:
                # What is no longer asked for is forgotten all at once: the next question fills in the rest.
                if unchanged:  # no road was closed or opened meanwhile
                    kept = {} if len(self._rows) + len(found) > MOST_ROWS else self._rows
                    self._rows = kept | {(one, keys[one.profile]): row for one, row in known.items()}
        return np.array([known[one] for one in vehicles])

    # --- help for the call taker ---------------------------------------------------------------------------------

    def duplicates(
        self, location: IncidentLocation, category: str | None, received_at: datetime, *, exercise: bool = False
    ) -> Any:
        """Open incidents that a call may belong to."""
        with self.store.book() as book:
            incidents = queries.incidents(book.connection, limit=_MANY, only_open=True).items
        return duplicate_candidates(
            location=location,
            category=category,
            received_at=received_at,
            incidents=incidents,
            directory=self.store.directory(),
            now=self.store.now(),
            exercise=exercise,
        )

    def ghost(self, call_id: str) -> GhostScore:
        """What is known of the number that a call came from, by plain rules; the call itself does not count."""
        with self.store.book() as book:
            call = book.call(call_id)
            if call is None:
                raise UnknownIdError(N_("There is no call “{key}”; check its id."), key=call_id[:64])
            history: tuple[Call, ...] = ()
            if call.number_hash is not None:
                since = self.store.now() - GHOST_HISTORY
                history = queries.calls(book.connection, limit=_MANY, number_hash=call.number_hash, since=since).items
        return ghost_score([one for one in history if one.call_id != call_id], self.store.now())

    def border(self, incident_id: str) -> Any:
        """Which neighbouring centres an incident may concern."""
        with self.store.book() as book:
            incident = book.incident(incident_id)
        if incident is None:
            raise UnknownIdError(N_("There is no incident “{key}”; check its id."), key=incident_id[:64])
        place = incident.location
        if place.location is None:
            return border_help(edge_m=None, radius_m=None, nearby=(), directory=self.store.directory())
        edge_m, outside = self.desk.edge_distance(place.location)
        nearby = self.region.boundaries.nearby(place.location.lat, place.location.lon, self.store.directory().border_m)
        return border_help(
            edge_m=edge_m,
            radius_m=place.radius_m,
            nearby=[NearbyCode(code=one.area.code, distance_m=one.distance_m) for one in nearby],
            directory=self.store.directory(),
            outside=outside,
        )

    # --- time ----------------------------------------------------------------------------------------------------

    def timers(self, incident_id: str) -> tuple[Timer, ...]:
        """What an incident waits for, and until when."""
        with self.store.book() as book:
            incident = book.incident(incident_id)
            if incident is None:
                raise UnknownIdError(N_("There is no incident “{key}”; check its id."), key=incident_id[:64])
            assignments = book.assignments_of(incident_id)
            kinds = {one.unit.unit_id: one.unit.kind for one in queries.units(book.connection, retired=True)}
        return self._due(incident, assignments, kinds, self.store.directory())

    def running_timers(self) -> list[Timer]:
        """What all open incidents wait for, soonest first."""
        with self.store.book() as book:
            waiting = queries.incidents(book.connection, limit=_MANY, only_open=True).items
            assignments = queries.assignments_of_open(book.connection)
            kinds = {one.unit.unit_id: one.unit.kind for one in queries.units(book.connection, retired=True)}
        theirs: dict[str, list[Assignment]] = {one.incident_id: [] for one in waiting}
        for assignment in assignments:
            theirs.get(assignment.incident_id, []).append(assignment)
        directory = self.store.directory()
        timers = [timer for one in waiting for timer in self._due(one, theirs[one.incident_id], kinds, directory)]
        return sorted(timers, key=lambda one: (one.due_at, one.key))

    def _due(
        self, incident: Incident, assignments: Sequence[Assignment], kinds: dict[str, str], directory: Directory
    ) -> tuple[Timer, ...]:
        category = directory.category(incident.category)
        return due(
            incident,
            None if category is None else category.standard,
            assignments,
            self.store.now(),
            kinds=kinds,
            dispatch=self.settings.dispatch,
            timers=self.timer_settings,
        )

    def notice_overdue(self) -> int:
        """Log every timer that ran out and was not logged yet; gives how many."""
        with self.store.book() as book:
            waiting = queries.incidents(book.connection, limit=_MANY, only_open=True).items
        logged = 0
        for incident in waiting:
            for timer in self.timers(incident.incident_id):
                if not timer.overdue or self._is_logged(incident.incident_id, timer):
                    continue
                command = NoticeOverdue(incident_id=incident.incident_id, timer=timer.key, due_at=timer.due_at)
                # The key keeps two hosts that look at the same moment from logging it twice.
                self.store.execute(command, actor=SYSTEM, key=f"overdue {timer.key} {timer.due_at.isoformat()}")
                logged += 1
        return logged

    def _is_logged(self, incident_id: str, timer: Timer) -> bool:
        logged = self.store.events_after(0, incident_id=incident_id, types=(OverdueNoticed.type,))
        return any(
            event.payload["timer"] == timer.key and datetime.fromisoformat(event.payload["due_at"]) == timer.due_at
            for event in logged
        )


def _area_code(place: IncidentLocation) -> str | None:
    """The area that stands for the location, where no point does."""
    return {LocationKind.VILLAGE: place.village_code, LocationKind.KECAMATAN: place.kecamatan_code}.get(place.kind)


def _registration(unit: Unit, directory: Directory) -> RegisterUnit:
    agency = agency_of(directory, unit.agency)
    return RegisterUnit(
        unit_id=unit.unit_id,
        kind=unit.kind,
        agency=unit.agency if agency is None else agency.agency_id,
        location=unit.location,
        capabilities=tuple(sorted(unit.capabilities)),
    )


def _plain(state: UnitState) -> Unit:
    return state.unit if state.on_duty else replace(state.unit, status=UnitStatus.OUT_OF_SERVICE)


def _starts(units: Sequence[UnitState], active: dict[str, Assignment], directory: Directory) -> dict[str, Location]:
    hospitals = {one.hospital_id: one.location for one in directory.hospitals}
    hospitals |= {one.name: one.location for one in directory.hospitals}
    starts: dict[str, Location] = {}
    for state in units:
        bound = active.get(state.unit.unit_id)
        start = start_of(state, None if bound is None or bound.hospital is None else hospitals.get(bound.hospital))
        if start is not None:
            starts[state.unit.unit_id] = start
    return starts
