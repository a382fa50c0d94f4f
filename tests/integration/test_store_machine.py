"""Random commands in random order: the store says and keeps what the plain model does, and nothing ever disagrees."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from dispatch.closures import ClosureReason, VillageCutOff
from dispatch.commands import (
    AcknowledgeAssignment,
    AcknowledgeIncident,
    AddNote,
    AdoptSpeeds,
    Answered,
    AnswerQuestions,
    AnswerVerification,
    AskHandover,
    AskVerification,
    AssignUnits,
    CancelIncident,
    ChangeClosure,
    CloseIncident,
    CloseRoad,
    Command,
    CorrectMilestone,
    DescribeCall,
    EditIncident,
    EditUnit,
    EndCall,
    EraseTexts,
    IssueAlert,
    KeepRecommendation,
    LinkCall,
    LocateIncident,
    MergeIncident,
    MoveIncident,
    NoticeCutOff,
    NotifyAgency,
    OpenIncident,
    RaiseAlarm,
    RecallUnit,
    ReceiveHandover,
    RegisterDevice,
    RegisterUnit,
    ReopenRoad,
    ReportStatus,
    RevokeDevice,
    TakeBackStatus,
    TakeCall,
    TypeCall,
    WithdrawSpeeds,
)
from dispatch.incidents import UNKNOWN_LOCATION, CallType, CapMessage, IncidentStatus, Milestone, Severity
from dispatch.store import care, schema
from dispatch.store.engine import reading
from dispatch.store.rows import assignment_of
from dispatch.transitions import INCIDENT_MOVES, MILESTONE_OF, UNIT_MOVES
from dispatch.types import UnitStatus
from dispatch.verification import VillageAnswer
from gis.errors import SiagaError
from routing.types import ClosedRoads, RoadSelector, Selection
from tests.desks import HERE, POINT, MemoryDesk, StoreDesk, empty_database
from tests.private_postgres import PrivatePostgres

UNITS = ("AMB-1", "AMB-2", "AMB-3")
BOUND = {
    UnitStatus.DISPATCHED,
    UnitStatus.EN_ROUTE,
    UnitStatus.ON_SCENE,
    UnitStatus.TRANSPORTING,
    UnitStatus.AT_HOSPITAL,
}
WAITS = {IncidentStatus.RECEIVED, IncidentStatus.LOCATED, IncidentStatus.REOPENED}
NOT_THERE = {UnitStatus.DISPATCHED, UnitStatus.EN_ROUTE}

pick = st.integers(0, 5)
units = st.sampled_from(UNITS)
spoken = st.none() | st.integers(-200, 125)


class Dispatching(RuleBasedStateMachine):
    """A centre with few units, few incidents and much to do."""

    open_database: Callable[[], str]
    close_database: Callable[[str], None]
    done: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.url = type(self).open_database()
        self.store = StoreDesk(self.url)
        self.model = MemoryDesk()
        self.asked: list[tuple[str, Command, Any]] = []

    def teardown(self) -> None:
        self.store.close()
        type(self).close_database(self.url)

    def give(self, command: Command) -> None:
        """One command to both, who must say the same."""
        key = f"k{len(self.asked)}"
        said = outcome(lambda: self.store.execute(command, key=key))
        expected = outcome(lambda: self.model.execute(command))
        assert said == expected
        self.asked.append((key, command, said))
        self.done[f"{type(command).__name__} {'done' if 'seq' in said else 'refused'}"] += 1

    def any(self, kind: str, number: int) -> str:
        """Some id of a kind; sometimes one that is not there."""
        known = sorted(getattr(self.model.memory, kind))
        return known[number % len(known)] if known else "none"

    def spoken_at(self, offset_s: int | None) -> Any:
        return None if offset_s is None else self.model.clock() + timedelta(seconds=offset_s)

    @initialize(steps=st.integers(0, 5), closes=st.booleans())
    def fleet(self, steps: int, closes: bool) -> None:
        """Every run begins amid an answer: commands by chance alone seldom fit together."""
        for unit_id in UNITS[:2]:
            self.give(RegisterUnit(unit_id=unit_id, kind="ambulance", agency="psc119", location=HERE))
        for _ in range(2):
            self.give(OpenIncident(category="fire", severity=Severity.HIGH, location=POINT))
        incident_id = self.any("incidents", 0)
        self.give(AssignUnits(incident_id=incident_id, unit_ids=UNITS[:1]))
        for _ in range(steps):
            self.report_the_next_step(UNITS[0])
        if closes:
            self.give(CloseIncident(incident_id=incident_id, disposition="handled", release_units=True))

    @rule(seconds=st.integers(1, 4000))
    def tick(self, seconds: int) -> None:
        self.store.clock.tick(seconds)
        self.model.clock.tick(seconds)

    @rule(number=pick, of=st.tuples(units, units), divert=st.booleans(), why=st.booleans(), at=spoken)
    def assign(self, number: int, of: tuple[str, str], divert: bool, why: bool, at: int | None) -> None:
        chosen = of if why else (of[0],)
        self.give(
            AssignUnits(
                incident_id=self.any("incidents", number), unit_ids=chosen, divert=divert,
                override_reason="perlu" if why else None, device_time=self.spoken_at(at),
            )
        )  # fmt: skip

    @rule(unit_id=units, status=st.sampled_from(UnitStatus), at=spoken, free=st.booleans())
    def report(self, unit_id: str, status: UnitStatus, at: int | None, free: bool) -> None:
        free_at = self.model.clock() + timedelta(minutes=9) if free else None
        self.give(ReportStatus(unit_id=unit_id, status=status, device_time=self.spoken_at(at), free_at=free_at))

    @rule(unit_id=units)
    def report_the_next_step(self, unit_id: str) -> None:
        """Random statuses alone seldom get as far as a hospital."""
        state = self.model.memory.unit(unit_id)
        way = [*UnitStatus][1:7]
        if state is not None and state.unit.status in way[:-1]:
            self.give(ReportStatus(unit_id=unit_id, status=way[way.index(state.unit.status) + 1]))

    @rule(unit_id=units, number=pick)
    def recall(self, unit_id: str, number: int) -> None:
        self.give(RecallUnit(unit_id=unit_id, reason="dibutuhkan", stood_down=number > 3))

    @rule(unit_id=units, right=st.sampled_from(UnitStatus), number=pick)
    def take_back(self, unit_id: str, right: UnitStatus, number: int) -> None:
        """What may be taken back is seldom hit by chance: the unit's own last assignment is named."""
        state = self.model.memory.unit(unit_id)
        own = [one for one in self.model.memory.assignments.values() if one.unit_id == unit_id]
        wrong = UnitStatus.AVAILABLE if state is None else state.unit.status
        named = own[-1].assignment_id if own and number else None
        if own and number > 1:
            stay = [one for one in own[-1].milestones if one is not MILESTONE_OF[wrong]]
            right = UnitStatus(max(stay, key=[*Milestone].index)) if stay else right
        self.give(TakeBackStatus(unit_id=unit_id, wrong=wrong, right=right, reason="salah tekan", assignment_id=named))

    @rule(known=st.booleans(), number=pick, note=st.booleans(), category=st.sampled_from(["fire", "medical", "circus"]))
    def open(self, known: bool, number: int, note: bool, category: str) -> None:
        self.give(
            OpenIncident(
                category=category, severity=Severity.LOW, location=POINT if known else UNKNOWN_LOCATION,
                call_id=self.any("calls", number) if number > 2 else None, note="catatan" if note else None,
            )
        )  # fmt: skip

    @rule(number=pick, status=st.sampled_from(["under_control", "on_scene", "reopened"]), at=spoken)
    def move(self, number: int, status: str, at: int | None) -> None:
        incident_id = self.any("incidents", number)
        moved: Any = IncidentStatus(status)
        self.give(MoveIncident(incident_id=incident_id, status=moved, device_time=self.spoken_at(at)))

    @rule(number=pick, release=st.booleans())
    def close(self, number: int, release: bool) -> None:
        incident_id = self.any("incidents", number)
        self.give(CloseIncident(incident_id=incident_id, disposition="handled", release_units=release))

    @rule(number=pick)
    def cancel(self, number: int) -> None:
        self.give(CancelIncident(incident_id=self.any("incidents", number), reason="salah lapor"))

    @rule(number=pick, into=pick)
    def merge(self, number: int, into: int) -> None:
        self.give(MergeIncident(incident_id=self.any("incidents", number), into=self.any("incidents", into)))

    @rule(number=pick, version=st.none() | st.integers(1, 4), what=st.sampled_from(["locate", "edit", "raise", "note"]))
    def change(self, number: int, version: int | None, what: str) -> None:
        key = self.any("incidents", number)
        commands: dict[str, Command] = {
            "locate": LocateIncident(incident_id=key, location=POINT, expected_version=version),
            "edit": EditIncident(incident_id=key, severity=Severity.CRITICAL, expected_version=version),
            "raise": RaiseAlarm(incident_id=key, expected_version=version),
            "note": AddNote(incident_id=key, text="catatan lain"),
        }
        self.give(commands[what])

    @rule(number=pick, answer=st.sampled_from(["yes", "no", "perhaps", None]), words=st.booleans())
    def answer(self, number: int, answer: str | None, words: bool) -> None:
        answered = Answered(question="inside", answer=answer, words="dua orang" if words else None)
        self.give(AnswerQuestions(incident_id=self.any("incidents", number), answers=(answered,)))

    @rule(number=pick, linked=pick, call_type=st.sampled_from(CallType), what=st.integers(0, 4))
    def call(self, number: int, linked: int, call_type: CallType, what: int) -> None:
        incident_id = self.any("incidents", linked) if linked else None
        call_id = self.any("calls", number)
        commands: list[Command] = [
            TakeCall(call_type=call_type, caller_number="081234567890", words="Tolong!", incident_id=incident_id),
            LinkCall(call_id=call_id, incident_id=incident_id),
            TypeCall(call_id=call_id, call_type=call_type),
            EndCall(call_id=call_id),
            DescribeCall(call_id=call_id, caller_number="0231 112" if number % 2 else None, words="Cepat!"),
        ]
        self.give(commands[what])

    @rule(unit_id=units, duty=st.none() | st.booleans(), retired=st.sampled_from([None, None, True, False]))
    def edit_unit(self, unit_id: str, duty: bool | None, retired: bool | None) -> None:
        self.give(EditUnit(unit_id=unit_id, on_duty=duty, retired=retired, capabilities=("als",) if duty else None))

    @rule(unit_id=units)
    def register(self, unit_id: str) -> None:
        self.give(RegisterUnit(unit_id=unit_id, kind="ambulance", agency="psc119", location=HERE))

    @rule(number=pick, milestone=st.sampled_from(Milestone), seconds=st.integers(-4000, 60))
    def correct(self, number: int, milestone: Milestone, seconds: int) -> None:
        time = self.model.clock() + timedelta(seconds=seconds)
        self.give(
            CorrectMilestone(
                assignment_id=self.any("assignments", number), milestone=milestone, time=time, reason="salah catat"
            )
        )

    @rule(number=pick, what=st.integers(0, 11), unit_id=units)
    def besides(self, number: int, what: int, unit_id: str) -> None:
        key = self.any("incidents", number)
        texts = sorted(self.model.texts())
        commands: list[Command] = [
            AskVerification(incident_id=key, village_code="32.09.21.2006", post="kepala desa"),
            AnswerVerification(verification_id=self.any("verifications", number), answer=VillageAnswer.CONFIRMED),
            AskHandover(incident_id=key, neighbour="kuningan"),
            ReceiveHandover(handover_id=self.any("handovers", number), reference="KNG-1"),
            RegisterDevice(unit_id=unit_id, token_hash=f"{number:064}", label="HP"),
            RevokeDevice(token_hash=f"{number:064}"),
            KeepRecommendation(incident_id=key, document={"picks": [unit_id]}),
            IssueAlert(incident_id=key),
            IssueAlert(incident_id=key, message=CapMessage.CANCEL),
            AcknowledgeAssignment(unit_id=unit_id, incident_id=key),
            AcknowledgeIncident(incident_id=key, agency="damkar" if number % 2 else "psc119"),
            EraseTexts(text_ids=(texts[number % len(texts)],), reason="expired")
            if texts
            else NotifyAgency(incident_id=key, agency="damkar"),
        ]
        self.give(commands[what])

    @rule(number=pick)
    def speeds(self, number: int) -> None:
        factors = {"factors": [["primary", "32.09.21", 0, 0.5 + number % 3 / 10]]}
        adopt = AdoptSpeeds(report={"factors": factors}, reason="laporan")
        self.give(WithdrawSpeeds(reason="keliru") if number % 4 == 0 else adopt)

    @rule(number=pick, what=st.integers(0, 3), start_s=spoken, length_s=st.none() | st.integers(-5, 3000))
    def roads(self, number: int, what: int, start_s: int | None, length_s: int | None) -> None:
        now, key = self.model.clock(), self.any("closures", number)
        ends_at = None if length_s is None else now + timedelta(seconds=length_s)
        in_force = [one.closure_id for one in self.model.memory.closures_standing(now) if one.is_in_force(now)]
        village = VillageCutOff(code="32.09.21.2006", name="Tuk", kecamatan="Kedawung", share=number / 5, people=number)
        commands: list[Command] = [
            CloseRoad(
                selector=RoadSelector(kind=Selection.EDGES, edges=(number,)),
                roads=ClosedRoads(network="ab", edges=(number,)),
                length_m=1.0,
                reason=ClosureReason.FLOOD,
                note="genangan" if number % 2 else None,
                starts_at=self.spoken_at(start_s),
                ends_at=ends_at,
            ),
            ReopenRoad(closure_id=key),
            ChangeClosure(closure_id=key, ends_at=ends_at),
            NoticeCutOff(closure_ids=tuple(in_force[: number + 1]), villages=(village,) if number else ()),
        ]
        self.give(commands[what])

    @rule(number=st.integers(0, 100))
    def repeat(self, number: int) -> None:
        """A request that comes again, however late, is answered as it was."""
        if self.asked:
            key, command, said = self.asked[number % len(self.asked)]
            assert outcome(lambda: self.store.execute(command, key=key)) == said

    @invariant()
    def the_store_has_the_records_of_the_model(self) -> None:
        log, model = care.replayed(self.store.engine), self.model.memory
        for kind in (
            "calls",
            "incidents",
            "units",
            "assignments",
            "recommendations",
            "verifications",
            "handovers",
            "alerts",
            "devices",
            "learnt",
            "closures",
            "cut",
        ):
            assert getattr(log, kind) == getattr(model, kind)
        assert care.differences(self.store.engine) == []
        with self.store.book() as book:
            assert book.speeds() == model.learnt
        assert self.store.texts() == self.model.texts()
        events = self.store.events()
        assert [(one["type"], one["payload"]) for one in events] == [
            (one["type"], one["payload"]) for one in self.model.events()
        ]

    @invariant()
    def the_chain_verifies(self) -> None:
        assert care.verify(self.store.engine).events == len(self.model.log)

    @invariant()
    def units_incidents_and_assignments_agree(self) -> None:
        with reading(self.store.engine) as connection:
            found = [assignment_of(row) for row in connection.execute(select(schema.assignments)).mappings()]  # type: ignore[arg-type]
        active = [one for one in found if one.is_active]
        assert len({one.unit_id for one in active}) == len(active)
        status = {}
        for state in self.model.memory.units.values():
            unit = state.unit
            status[unit.unit_id] = unit.status
            assert (unit.unit_id in {one.unit_id for one in active}) == (unit.status in BOUND)
            assert not (state.retired and unit.status in BOUND)
        for incident in self.model.memory.incidents.values():
            bound = {status[one.unit_id] for one in active if one.incident_id == incident.incident_id}
            if incident.status in WAITS or not incident.status.is_open:
                assert not bound
            elif incident.status is IncidentStatus.DISPATCHED:
                assert bound == {UnitStatus.DISPATCHED}
            elif incident.status is IncidentStatus.EN_ROUTE:
                assert bound
                assert bound <= NOT_THERE

    @invariant()
    def every_move_is_in_its_table(self) -> None:
        for event in self.model.log:
            told = event["payload"]
            if event["type"] == "incident.moved":
                assert told["after"] in INCIDENT_MOVES[IncidentStatus(told["before"])]
            if event["type"] == "unit.moved" and told["before"] != told["after"]:
                diverted = (told["before"], told["after"]) == ("en_route", "dispatched")
                assert told["after"] in UNIT_MOVES[UnitStatus(told["before"])] or diverted


def outcome(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return ask()
    except SiagaError as error:
        return {"refused": type(error).__name__, "text": str(error)}


def run(machine: type[Dispatching], examples: int, steps: int, *, by_chance: bool = True) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            derandomize=not by_chance,
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            # A sequence made shorter is worth less than the minutes it takes; the seed plays it again.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_store_on_sqlite_does_what_the_model_does() -> None:
    with tempfile.TemporaryDirectory() as folder:

        class OnSqlite(Dispatching):
            open_database = partial(empty_database, "sqlite", Path(folder), lambda: pytest.fail("no server"))
            close_database = staticmethod(lambda url: Path(url.removeprefix("sqlite:///")).write_bytes(b""))  # type: ignore[assignment]
            done: ClassVar[Counter[str]] = Counter()

        run(OnSqlite, examples=15, steps=40, by_chance=False)
        # The machine would prove nothing if all its commands were refused; what is counted must not depend on luck.
        for what in ("AssignUnits done", "AssignUnits refused", "ReportStatus done", "CloseIncident done"):
            assert OnSqlite.done[what] > 0, OnSqlite.done


@pytest.mark.slow
@pytest.mark.postgres
def test_the_store_on_postgresql_does_what_the_model_does(postgres_server: PrivatePostgres, tmp_path: Path) -> None:
    class OnPostgres(Dispatching):
        open_database = partial(empty_database, "postgresql", tmp_path, lambda: postgres_server)
        close_database = staticmethod(postgres_server.drop_database)  # type: ignore[assignment]
        done: ClassVar[Counter[str]] = Counter()

    run(OnPostgres, examples=8, steps=30)
