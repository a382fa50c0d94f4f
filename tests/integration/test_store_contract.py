"""The contract of the dispatch core, on the plain model, on SQLite and on PostgreSQL: what each command does, what it
refuses, and that a refused one changes nothing. What only a database can promise is in `test_store_promises`."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dispatch.accounts import AccessNote, Role
from dispatch.codec import load
from dispatch.commands import (
    AcknowledgeAssignment,
    AcknowledgeIncident,
    AddNote,
    AdoptSpeeds,
    AnswerVerification,
    AskHandover,
    AskVerification,
    AssignUnits,
    CancelIncident,
    ChangeAccount,
    CloseIncident,
    Command,
    CorrectMilestone,
    CreateAccount,
    EditIncident,
    EditUnit,
    EndCall,
    EraseTexts,
    IssueAlert,
    KeepRecommendation,
    LinkCall,
    LoadDirectory,
    LocateIncident,
    MergeIncident,
    MoveIncident,
    NoteAccess,
    NoticeOverdue,
    NotifyAgency,
    OpenIncident,
    RaiseAlarm,
    RecallUnit,
    ReceiveHandover,
    RegisterDevice,
    RegisterUnit,
    ReportStatus,
    RevokeDevice,
    TakeCall,
    TypeCall,
    UnmaskTexts,
    WithdrawSpeeds,
    WriteShiftNote,
)
from dispatch.errors import IllegalMoveError, RefusedError, UnitTakenError, UnknownIdError, VersionConflictError
from dispatch.incidents import (
    UNKNOWN_LOCATION,
    AssignmentEnd,
    CallType,
    CapMessage,
    Channel,
    IncidentLocation,
    IncidentStatus,
    LocationKind,
    Milestone,
    Moment,
    Severity,
)
from dispatch.transitions import INCIDENT_MOVES, UNIT_MOVES
from dispatch.types import UnitStatus
from dispatch.verification import VillageAnswer
from gis.errors import InputError, SiagaError
from tests.desks import DIRECTORY, HERE, POINT, Desk

# The tables as the issue has them, written out once more: one row per status, one mark per status that may follow.
INCIDENT_ORDER = list(IncidentStatus)
INCIDENT_GRID = """
received      . x x . . . x x .
located       . . x . . . x x .
dispatched    . x . x x . x x .
en_route      . x . . x . x x .
on_scene      . x . . . x x . .
under_control . . . . x . x . .
closed        . . . . . . . . x
cancelled     . . . . . . . . x
reopened      . x x . . . x x .
"""
UNIT_ORDER = list(UnitStatus)
UNIT_GRID = """
available      . x . . . . . x
dispatched     x . x x . . x x
en_route       x . . x . . x x
on_scene       x . . . x . x x
transporting   . . . . . x . x
at_hospital    x . . . . . x x
returning      x x . . . . . x
out_of_service x . . . . . . .
"""


def grid(text: str) -> dict[str, list[bool]]:
    rows = (line.split() for line in text.strip().splitlines())
    return {name: [mark == "x" for mark in marks] for name, *marks in rows}


def refused(desk: Desk, command: Command, error: type[SiagaError], match: str | None = None) -> SiagaError:
    """The refusal of a command, after which everything is as it was."""
    before = len(desk.events()), desk.texts()
    with pytest.raises(error, match=match) as caught:
        desk.execute(command)
    assert (len(desk.events()), desk.texts()) == before
    return caught.value


def types_since(desk: Desk, seq: int) -> list[str]:
    return [one["type"] for one in desk.events()[seq:]]


def take_call(desk: Desk, **fields: Any) -> str:
    return str(desk.execute(TakeCall(**fields))["calls"][0]["call_id"])


# --- the two tables of transitions -------------------------------------------------------------------------------


def test_the_tables_are_those_of_the_issue() -> None:
    incidents, units = grid(INCIDENT_GRID), grid(UNIT_GRID)
    for status in IncidentStatus:
        expected = {then for then, may in zip(INCIDENT_ORDER, incidents[status.value], strict=True) if may}
        assert INCIDENT_MOVES[status] == expected
    for unit_status in UnitStatus:
        wanted = {then for then, may in zip(UNIT_ORDER, units[unit_status.value], strict=True) if may}
        assert UNIT_MOVES[unit_status] == wanted


@pytest.mark.parametrize("then", UnitStatus)
@pytest.mark.parametrize("now", UnitStatus)
def test_a_unit_moves_as_its_table_says_and_in_no_other_way(
    shared_desk: Desk, now: UnitStatus, then: UnitStatus
) -> None:
    desk = shared_desk
    unit_id, _ = desk.unit_in(now)
    before, seq = desk.unit(unit_id), len(desk.events())
    desk.clock.tick()
    command = ReportStatus(unit_id=unit_id, status=then)
    if then is now:
        desk.execute(command)
        assert (desk.unit(unit_id), len(desk.events())) == (before, seq)
    elif grid(UNIT_GRID)[now.value][UNIT_ORDER.index(then)] and then is not UnitStatus.DISPATCHED:
        desk.execute(command)
        after = desk.unit(unit_id)
        assert (after.unit.status, after.status_at, after.version) == (then, desk.clock(), before.version + 1)
        frees = then in (UnitStatus.AVAILABLE, UnitStatus.RETURNING, UnitStatus.OUT_OF_SERVICE)
        was_bound = now not in (UnitStatus.AVAILABLE, UnitStatus.RETURNING, UnitStatus.OUT_OF_SERVICE)
        assert (desk.active(unit_id) is not None) == (was_bound and not frees)
    else:
        error = refused(desk, command, IllegalMoveError)
        if then is not UnitStatus.DISPATCHED:
            assert f"is {now.value} and cannot become {then.value}; from here it can become" in str(error)
        assert desk.unit(unit_id) == before


def incident_command(desk: Desk, incident_id: str, then: IncidentStatus) -> Command:
    """The command by which people take an incident to a status."""
    match then:
        case IncidentStatus.LOCATED:
            return LocateIncident(incident_id=incident_id, location=replace(POINT, label="Pasar Sumber"))
        case IncidentStatus.DISPATCHED:
            return AssignUnits(incident_id=incident_id, unit_ids=(desk.new_unit(),))
        case IncidentStatus.CLOSED:
            return CloseIncident(incident_id=incident_id, disposition="handled", release_units=True)
        case IncidentStatus.CANCELLED:
            return CancelIncident(incident_id=incident_id, reason="salah lapor")
        case _:
            return MoveIncident(incident_id=incident_id, status=then)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "then", [one for one in IncidentStatus if one not in (IncidentStatus.RECEIVED, IncidentStatus.EN_ROUTE)]
)
@pytest.mark.parametrize("now", IncidentStatus)
def test_an_incident_moves_as_its_table_says_and_in_no_other_way(
    shared_desk: Desk, now: IncidentStatus, then: IncidentStatus
) -> None:
    desk = shared_desk
    incident_id = desk.incident_in(now)
    command = incident_command(desk, incident_id, then)
    before = desk.incident(incident_id)
    desk.clock.tick()
    allowed = grid(INCIDENT_GRID)[now.value][INCIDENT_ORDER.index(then)]
    if then is IncidentStatus.LOCATED and now not in (IncidentStatus.RECEIVED, IncidentStatus.REOPENED):
        # A better location is no step back: an incident waits again only when its last unit was called back.
        if now.is_open:
            desk.execute(command)
            assert desk.incident(incident_id).status is now
        else:
            refused(desk, command, RefusedError, "reopen it to change it")
    elif then is IncidentStatus.DISPATCHED and now.is_open and not allowed:
        desk.execute(command)  # a further unit
        assert desk.incident(incident_id).status is now
    elif allowed:
        desk.execute(command)
        after = desk.incident(incident_id)
        assert after.status is then
        assert (after.closed_at is None) == then.is_open
    else:
        refused(desk, command, IllegalMoveError, f"is {now.value} and cannot become {then.value}; from here it can")
        assert desk.incident(incident_id) == before


@pytest.mark.parametrize("status", ["received", "en_route", "located", "dispatched", "closed", "cancelled"])
def test_nobody_can_even_ask_to_move_an_incident_by_hand_to_what_its_units_or_other_commands_bring(status: str) -> None:
    with pytest.raises(InputError, match="Field status"):
        load(MoveIncident, {"incident_id": "261124-001", "status": status})


# --- calls -------------------------------------------------------------------------------------------------------


def test_calls_are_numbered_by_the_local_day(desk: Desk) -> None:
    assert [take_call(desk) for _ in range(2)] == ["C261124-0001", "C261124-0002"]
    desk.clock.now = desk.clock.now.replace(hour=16, minute=59)
    assert take_call(desk) == "C261124-0003"
    desk.clock.now = desk.clock.now.replace(hour=17, minute=0)  # midnight in Jakarta
    assert [take_call(desk) for _ in range(2)] == ["C261125-0001", "C261125-0002"]


def test_a_call_has_its_channel_type_and_a_hash_of_its_number(desk: Desk) -> None:
    spelt = [take_call(desk, caller_number=one) for one in ("0812 3456 7890", "+62 812-3456-7890", "0812 3456 7891")]
    hidden = take_call(desk, caller_number="tidak ada")
    with desk.book() as book:
        hashes = [book.call(one).number_hash for one in spelt]  # type: ignore[union-attr]
        assert hashes[0] == hashes[1] != hashes[2]
        assert book.call(hidden).number_hash is None  # type: ignore[union-attr]
        first = book.call(spelt[0])
    assert first is not None
    assert (first.channel, first.call_type, first.taken_by) == (Channel.PHONE, CallType.NORMAL, "desk")


@pytest.mark.parametrize("call_type", CallType)
def test_a_call_can_turn_out_to_be_anything(desk: Desk, call_type: CallType) -> None:
    call_id = take_call(desk)
    seq = len(desk.events())
    answer = desk.execute(TypeCall(call_id=call_id, call_type=call_type))
    changed = call_type is not CallType.NORMAL
    assert types_since(desk, seq) == (["call.typed"] if changed else [])
    assert answer["calls"][0]["call_type"] == call_type.value
    assert answer["calls"][0]["version"] == 1 + changed


def test_many_calls_belong_to_one_incident_and_can_be_put_elsewhere(desk: Desk) -> None:
    first, second = desk.new_incident(), desk.new_incident()
    calls = [take_call(desk, incident_id=first), take_call(desk), take_call(desk)]
    desk.execute(LinkCall(call_id=calls[1], incident_id=first))
    desk.execute(LinkCall(call_id=calls[2], incident_id=second))
    with desk.book() as book:
        assert [one.call_id for one in book.calls_of(first)] == calls[:2]
    desk.execute(LinkCall(call_id=calls[0], incident_id=None))
    with desk.book() as book:
        assert [one.call_id for one in book.calls_of(first)] == calls[1:2]
    seq = len(desk.events())
    desk.execute(LinkCall(call_id=calls[0], incident_id=None))
    assert len(desk.events()) == seq


def test_a_call_ends_once(desk: Desk) -> None:
    call_id = take_call(desk)
    ended = desk.clock.tick(30)
    desk.execute(EndCall(call_id=call_id))
    with desk.book() as book:
        assert book.call(call_id).ended_at == ended  # type: ignore[union-attr]
    refused(desk, EndCall(call_id=call_id), RefusedError, "ended at .* already")


def test_an_incident_of_a_call_counts_from_the_call(desk: Desk) -> None:
    received = desk.clock()
    call_id = take_call(desk)
    desk.clock.tick(90)
    opened = desk.execute(OpenIncident(category="fire", severity=Severity.HIGH, call_id=call_id))
    incident = desk.incident(opened["incidents"][0]["incident_id"])
    assert (incident.received_at, incident.status_at) == (received, desk.clock())
    assert opened["calls"][0]["incident_id"] == incident.incident_id == "261124-001"
    again = OpenIncident(category="fire", severity=Severity.HIGH, call_id=call_id)
    refused(desk, again, RefusedError, "belongs to incident 261124-001 already")


# --- incidents ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        IncidentLocation(kind=LocationKind.VILLAGE, village_code="32.09.21.2006"),
        IncidentLocation(kind=LocationKind.KECAMATAN, kecamatan_code="32.09.21", location=HERE, radius_m=4000.0),
        IncidentLocation(kind=LocationKind.PLACE, location=HERE, label="Masjid “At-Taqwa” – pintu 2"),
        POINT,
    ],
    ids=lambda one: one.kind.value,
)
def test_any_knowledge_of_a_location_is_kept_as_it_is_and_can_be_dispatched_to(
    desk: Desk, location: IncidentLocation
) -> None:
    incident_id = desk.new_incident(UNKNOWN_LOCATION)
    assert desk.incident(incident_id).status is IncidentStatus.RECEIVED
    desk.execute(LocateIncident(incident_id=incident_id, location=location))
    found = desk.incident(incident_id)
    assert (found.location, found.status) == (location, IncidentStatus.LOCATED)
    desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(desk.new_unit(),)))
    assert desk.incident(incident_id).status is IncidentStatus.DISPATCHED


def test_an_incident_without_any_location_can_be_dispatched_to(desk: Desk) -> None:
    incident_id = desk.new_incident(UNKNOWN_LOCATION)
    desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(desk.new_unit(),)))
    assert desk.incident(incident_id).status is IncidentStatus.DISPATCHED
    desk.execute(LocateIncident(incident_id=incident_id, location=POINT))
    assert desk.incident(incident_id).status is IncidentStatus.DISPATCHED


def test_a_better_location_is_a_new_event_and_the_old_one_stays_in_the_log(desk: Desk) -> None:
    incident_id = desk.new_incident()
    better = replace(POINT, label="belakang pasar")
    desk.execute(LocateIncident(incident_id=incident_id, location=better))
    told = [one["payload"] for one in desk.events() if one["type"] in ("incident.opened", "incident.located")]
    assert [one.get("incident", one)["location"]["label"] for one in told] == ["", "belakang pasar"]


def test_category_and_severity_can_be_changed_to_what_the_directory_has(desk: Desk) -> None:
    incident_id = desk.new_incident()
    desk.execute(EditIncident(incident_id=incident_id, severity=Severity.CRITICAL))
    desk.execute(EditIncident(incident_id=incident_id, category="fire"))
    found = desk.incident(incident_id)
    assert (found.category, found.severity, found.version) == ("fire", Severity.CRITICAL, 3)
    refused(desk, EditIncident(incident_id=incident_id, category="circus"), InputError, "use one of medical, fire")
    refused(desk, OpenIncident(category="circus", severity=Severity.LOW), InputError, "There is no category")


def test_alarm_levels_rise_to_the_last_of_the_run_card(desk: Desk) -> None:
    incident_id = desk.new_incident(category="fire")
    desk.execute(RaiseAlarm(incident_id=incident_id))
    assert desk.incident(incident_id).alarm_level == 2
    refused(desk, RaiseAlarm(incident_id=incident_id), RefusedError, "alarm level 2, the last of its run card")
    without_card = desk.new_incident(category="medical")
    for _ in range(3):
        desk.execute(RaiseAlarm(incident_id=without_card))
    assert desk.incident(without_card).alarm_level == 4


def test_an_agency_is_told_once(desk: Desk) -> None:
    incident_id = desk.new_incident()
    for _ in range(2):
        desk.execute(NotifyAgency(incident_id=incident_id, agency="damkar"))
    assert desk.incident(incident_id).notified == ("damkar",)
    assert [one["type"] for one in desk.events()].count("incident.agency_notified") == 1
    refused(desk, NotifyAgency(incident_id=incident_id, agency="nobody"), InputError, "use one of psc119, damkar")


def test_an_agency_acknowledges_once_what_concerns_it(desk: Desk) -> None:
    incident_id, seen = desk.new_incident(), desk.clock()
    acknowledge = AcknowledgeIncident(incident_id=incident_id, agency="damkar", device_time=seen)
    refused(desk, acknowledge, RefusedError, "damkar was not told of incident")
    desk.execute(NotifyAgency(incident_id=incident_id, agency="damkar"))
    desk.clock.tick()
    for _ in range(2):
        desk.execute(acknowledge)
    assert [(one.agency, one.at) for one in desk.incident(incident_id).acknowledged] == [("damkar", seen)]
    assert [one["type"] for one in desk.events()].count("incident.agency_acknowledged") == 1
    # Who has a unit there is concerned without having been told.
    unit_id, other = desk.unit_in(UnitStatus.DISPATCHED)
    agency = desk.unit(unit_id).unit.agency
    desk.execute(AcknowledgeIncident(incident_id=other, agency=agency))
    assert [one.agency for one in desk.incident(other).acknowledged] == [agency]


def test_a_crew_acknowledges_once_and_only_the_task_that_it_has(desk: Desk) -> None:
    unit_id, incident_id = desk.unit_in(UnitStatus.DISPATCHED)
    pressed = desk.clock()
    desk.clock.tick()
    for _ in range(2):
        desk.execute(AcknowledgeAssignment(unit_id=unit_id, incident_id=incident_id, device_time=pressed))
    (assignment,) = desk.assignments(incident_id)
    assert assignment.acknowledged == Moment(server_time=desk.clock(), device_time=pressed)
    assert Milestone.EN_ROUTE not in assignment.milestones
    assert [one["type"] for one in desk.events()].count("assignment.acknowledged") == 1
    late = AcknowledgeAssignment(unit_id=unit_id, incident_id=desk.new_incident())
    refused(desk, late, RefusedError, f"is on incident {incident_id} now")
    desk.execute(RecallUnit(unit_id=unit_id, reason="salah"))
    refused(desk, replace(late, incident_id=incident_id), RefusedError, "is not on incident")


def test_a_late_report_of_one_task_never_moves_the_next(desk: Desk) -> None:
    unit_id, first = desk.unit_in(UnitStatus.DISPATCHED)
    pressed = desk.clock()
    desk.execute(RecallUnit(unit_id=unit_id, reason="salah"))
    late = ReportStatus(unit_id=unit_id, status=UnitStatus.EN_ROUTE, incident_id=first, device_time=pressed)
    refused(desk, late, RefusedError, f"is not on incident {first} any more")
    second = desk.new_incident()
    desk.execute(AssignUnits(incident_id=second, unit_ids=(unit_id,)))
    refused(desk, late, RefusedError, f"is on incident {second} now, not on {first}")
    assert desk.unit(unit_id).unit.status is UnitStatus.DISPATCHED
    desk.execute(replace(late, incident_id=second))
    assert desk.unit(unit_id).unit.status is UnitStatus.EN_ROUTE


def test_closing_asks_for_a_disposition(desk: Desk) -> None:
    with pytest.raises(InputError, match="disposition"):
        load(CloseIncident, {"incident_id": "261124-001"})
    with pytest.raises(InputError, match="disposition"):
        load(CloseIncident, {"incident_id": "261124-001", "disposition": ""})
    incident_id = desk.new_incident()
    refused(desk, CloseIncident(incident_id=incident_id, disposition="gone"), InputError, "use one of handled")
    desk.execute(CloseIncident(incident_id=incident_id, disposition="handled", note="selesai"))
    closed = desk.incident(incident_id)
    assert (closed.disposition, closed.closed_at, len(closed.notes)) == ("handled", desk.clock(), 1)


def test_an_incident_that_binds_units_is_closed_only_with_them_released(desk: Desk) -> None:
    unit_id, incident_id = desk.unit_in(UnitStatus.ON_SCENE)
    refused(desk, CloseIncident(incident_id=incident_id, disposition="handled"), RefusedError, f"still binds {unit_id}")
    desk.execute(CloseIncident(incident_id=incident_id, disposition="handled", release_units=True))
    assert desk.unit(unit_id).unit.status is UnitStatus.RETURNING
    (assignment,) = desk.assignments(incident_id)
    assert (assignment.end, assignment.ended_at) == (AssignmentEnd.COMPLETED, desk.clock())
    assert Milestone.CLEARED in assignment.milestones


def test_a_unit_with_a_patient_aboard_is_not_released(desk: Desk) -> None:
    unit_id, incident_id = desk.unit_in(UnitStatus.TRANSPORTING)
    close = CloseIncident(incident_id=incident_id, disposition="handled", release_units=True)
    refused(desk, close, RefusedError, f"Unit {unit_id} is transporting and cannot be freed now")
    refused(desk, RecallUnit(unit_id=unit_id, reason="perlu"), RefusedError, "cannot be freed now")


def test_a_reopened_incident_forgets_its_closing_but_the_log_does_not(desk: Desk) -> None:
    incident_id = desk.incident_in(IncidentStatus.CLOSED)
    desk.execute(MoveIncident(incident_id=incident_id, status=IncidentStatus.REOPENED))
    found = desk.incident(incident_id)
    assert (found.status, found.disposition, found.closed_at) == (IncidentStatus.REOPENED, None, None)
    moves = [one["payload"] for one in desk.events() if one["type"] == "incident.moved"]
    assert [one["disposition"] for one in moves if one["after"] == "closed"] == ["handled"]
    desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(desk.new_unit(),)))
    assert [one.assignment_id for one in desk.assignments(incident_id)] == [f"{incident_id}.1", f"{incident_id}.2"]


def test_a_reopened_incident_waits_again_when_its_new_unit_is_recalled(desk: Desk) -> None:
    """Though another unit had completed its work before it was closed."""
    first, incident_id = desk.unit_in(UnitStatus.ON_SCENE)
    desk.clock.tick()
    desk.execute(ReportStatus(unit_id=first, status=UnitStatus.AVAILABLE))
    desk.execute(CloseIncident(incident_id=incident_id, disposition="handled"))
    desk.clock.tick()
    desk.execute(MoveIncident(incident_id=incident_id, status=IncidentStatus.REOPENED))
    for last in (UnitStatus.DISPATCHED, UnitStatus.EN_ROUTE):
        again = desk.new_unit()
        desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(again,)))
        if last is UnitStatus.EN_ROUTE:
            desk.execute(ReportStatus(unit_id=again, status=last))
        desk.execute(RecallUnit(unit_id=again, reason="dibutuhkan"))
        assert desk.incident(incident_id).status is IncidentStatus.LOCATED
    broken = desk.new_unit()
    desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(broken,)))
    for status in (UnitStatus.ON_SCENE, UnitStatus.OUT_OF_SERVICE):
        desk.clock.tick()
        desk.execute(ReportStatus(unit_id=broken, status=status))
    assert desk.incident(incident_id).status is IncidentStatus.LOCATED


def test_cancelling_recalls_the_units_on_their_way(desk: Desk) -> None:
    unit_id, incident_id = desk.unit_in(UnitStatus.EN_ROUTE)
    desk.execute(CancelIncident(incident_id=incident_id, reason="ditarik pelapor"))
    (assignment,) = desk.assignments(incident_id)
    assert assignment.end is AssignmentEnd.RECALLED
    assert desk.unit(unit_id).unit.status is UnitStatus.RETURNING
    assert desk.incident(incident_id).status is IncidentStatus.CANCELLED


def test_merging_moves_the_calls_and_cancels_the_duplicate(desk: Desk) -> None:
    kept, double = desk.new_incident(), desk.new_incident()
    normal, prank = take_call(desk, incident_id=double), take_call(desk, incident_id=double, call_type=CallType.PRANK)
    desk.execute(MergeIncident(incident_id=double, into=kept))
    with desk.book() as book:
        found = {one.call_id: one.call_type for one in book.calls_of(kept)}
        assert book.calls_of(double) == ()
    assert found == {normal: CallType.DUPLICATE, prank: CallType.PRANK}
    merged = desk.incident(double)
    assert (merged.status, merged.duplicate_of) == (IncidentStatus.CANCELLED, kept)
    refused(desk, MergeIncident(incident_id=kept, into=kept), InputError, "into itself")
    refused(desk, MergeIncident(incident_id=kept, into=double), RefusedError, "reopen it before")
    desk.execute(MoveIncident(incident_id=double, status=IncidentStatus.REOPENED))
    assert desk.incident(double).duplicate_of is None


def test_an_incident_with_units_is_not_merged_away(desk: Desk) -> None:
    unit_id, busy = desk.unit_in(UnitStatus.EN_ROUTE)
    refused(desk, MergeIncident(incident_id=busy, into=desk.new_incident()), RefusedError, f"still binds {unit_id}")


def test_a_closed_incident_still_takes_notes_and_calls_but_no_changes(desk: Desk) -> None:
    incident_id = desk.incident_in(IncidentStatus.CLOSED)
    desk.execute(AddNote(incident_id=incident_id, text="laporan menyusul"))
    take_call(desk, incident_id=incident_id)
    for command in (
        EditIncident(incident_id=incident_id, severity=Severity.LOW),
        LocateIncident(incident_id=incident_id, location=UNKNOWN_LOCATION),
        RaiseAlarm(incident_id=incident_id),
    ):
        refused(desk, command, RefusedError, "is closed; reopen it to change it")


# --- assignments, milestones -------------------------------------------------------------------------------------


def test_the_six_milestones_have_the_devices_time_and_the_servers(desk: Desk) -> None:
    unit_id, incident_id = desk.new_unit(), desk.new_incident()
    sent = desk.clock.tick()
    desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(unit_id,)))
    expected = {Milestone.DISPATCHED: (sent, None, sent)}
    for status, milestone in (
        (UnitStatus.EN_ROUTE, Milestone.EN_ROUTE),
        (UnitStatus.ON_SCENE, Milestone.ON_SCENE),
        (UnitStatus.TRANSPORTING, Milestone.TRANSPORTING),
        (UnitStatus.AT_HOSPITAL, Milestone.AT_HOSPITAL),
        (UnitStatus.AVAILABLE, Milestone.CLEARED),
    ):
        server = desk.clock.tick(120)
        device = server - timedelta(seconds=45, microseconds=7)
        desk.execute(ReportStatus(unit_id=unit_id, status=status, device_time=device, hospital="RSUD Arjawinangun"))
        expected[milestone] = (server, device, device)
        assert desk.unit(unit_id).status_at == device
    (assignment,) = desk.assignments(incident_id)
    assert {
        one: (moment.server_time, moment.device_time, moment.time) for one, moment in assignment.milestones.items()
    } == expected
    assert list(assignment.milestones) == list(Milestone)
    assert (assignment.end, assignment.hospital) == (AssignmentEnd.COMPLETED, "RSUD Arjawinangun")
    assert assignment.ended_at == device


def test_a_correction_is_a_new_event_and_keeps_what_stood_before(desk: Desk) -> None:
    unit_id, incident_id = desk.unit_in(UnitStatus.ON_SCENE)
    (before,) = desk.assignments(incident_id)
    stood = before.milestones[Milestone.ON_SCENE]
    right = stood.server_time - timedelta(seconds=3)
    seq, told = len(desk.events()), desk.events()
    correct = CorrectMilestone(
        assignment_id=before.assignment_id, milestone=Milestone.ON_SCENE, time=right, reason="radio terlambat"
    )
    desk.execute(correct)
    (after,) = desk.assignments(incident_id)
    assert after.milestones[Milestone.ON_SCENE] == replace(stood, corrected_time=right)
    assert after.milestones[Milestone.ON_SCENE].time == right
    assert (types_since(desk, seq), desk.events()[:seq]) == (["assignment.milestone_corrected"], told)
    early = replace(correct, time=before.milestones[Milestone.DISPATCHED].time - timedelta(seconds=1))
    refused(desk, early, InputError, "would lie before")
    refused(desk, replace(correct, milestone=Milestone.AT_HOSPITAL), RefusedError, "has not reached at_hospital")
    assert desk.active(unit_id) is not None


def test_a_time_in_the_future_is_refused_everywhere(desk: Desk) -> None:
    unit_id, incident_id = desk.unit_in(UnitStatus.EN_ROUTE)
    call_id = take_call(desk)
    (assignment,) = desk.assignments(incident_id)
    late = desk.clock() + timedelta(minutes=2, seconds=1)
    for command in (
        TakeCall(device_time=late),
        EndCall(call_id=call_id, device_time=late),
        OpenIncident(category="fire", severity=Severity.LOW, device_time=late),
        ReportStatus(unit_id=unit_id, status=UnitStatus.ON_SCENE, device_time=late),
        AssignUnits(incident_id=incident_id, unit_ids=(desk.new_unit(),), device_time=late),
        MoveIncident(incident_id=incident_id, status=IncidentStatus.ON_SCENE, device_time=late),
        CorrectMilestone(
            assignment_id=assignment.assignment_id, milestone=Milestone.EN_ROUTE, time=late, reason="salah"
        ),
    ):
        refused(desk, command, InputError, "121 s in the future; check the clock of the device")
    past = desk.clock() - timedelta(seconds=1)
    refused(desk, ReportStatus(unit_id=unit_id, status=UnitStatus.EN_ROUTE, free_at=past), InputError, "has passed")


def test_a_clock_that_is_a_little_ahead_is_believed_no_further_than_now(desk: Desk) -> None:
    ahead = desk.clock() + timedelta(seconds=90)
    unit_id, incident_id = desk.new_unit(), desk.new_incident()
    desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(unit_id,), device_time=ahead))
    assert desk.unit(unit_id).status_at == desk.clock()
    (assignment,) = desk.assignments(incident_id)
    assert assignment.milestones[Milestone.DISPATCHED].device_time == ahead


def test_a_unit_that_is_taken_is_refused_with_who_took_it_and_when(desk: Desk) -> None:
    unit_id, incident_id = desk.new_unit(), desk.new_incident()
    desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(unit_id,)), actor="desk-2")
    taken = desk.clock()
    desk.clock.tick()
    error = refused(desk, AssignUnits(incident_id=desk.new_incident(), unit_ids=(unit_id,)), UnitTakenError)
    assert error.values["by"] == "desk-2"
    assert (error.values["unit"], error.values["incident"]) == (unit_id, incident_id)
    assert error.values["taken_at"] == taken.isoformat()
    assert "by desk-2 at 10:00:" in str(error)


def test_several_units_are_sent_all_or_none(desk: Desk) -> None:
    busy, _ = desk.unit_in(UnitStatus.ON_SCENE)
    free, incident_id = desk.new_unit(), desk.new_incident()
    refused(desk, AssignUnits(incident_id=incident_id, unit_ids=(free, busy)), UnitTakenError)
    assert desk.active(free) is None
    assert desk.incident(incident_id).status is IncidentStatus.LOCATED
    refused(desk, AssignUnits(incident_id=incident_id, unit_ids=(free, free)), InputError, "named twice")
    other = desk.new_unit()
    desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(free, other)))
    assert [one.unit_id for one in desk.assignments(incident_id)] == [free, other]


@pytest.mark.parametrize("status", [UnitStatus.DISPATCHED, UnitStatus.EN_ROUTE])
def test_a_unit_is_diverted_before_it_arrives_and_the_incident_it_leaves_waits_again(
    desk: Desk, status: UnitStatus
) -> None:
    unit_id, left = desk.unit_in(status)
    worse = desk.new_incident()
    desk.clock.tick()
    refused(desk, AssignUnits(incident_id=worse, unit_ids=(unit_id,)), UnitTakenError, "or divert it")
    desk.execute(AssignUnits(incident_id=worse, unit_ids=(unit_id,), divert=True))
    (old,), (new,) = desk.assignments(left), desk.assignments(worse)
    assert (old.end, old.ended_at, new.is_active) == (AssignmentEnd.REASSIGNED, desk.clock(), True)
    assert desk.active(unit_id) == new
    assert desk.unit(unit_id).unit.status is UnitStatus.DISPATCHED
    assert desk.incident(left).status is IncidentStatus.LOCATED
    assert desk.incident(worse).status is IncidentStatus.DISPATCHED
    same = AssignUnits(incident_id=worse, unit_ids=(unit_id,), divert=True)
    refused(desk, same, RefusedError, "already")


@pytest.mark.parametrize("status", [UnitStatus.ON_SCENE, UnitStatus.TRANSPORTING, UnitStatus.AT_HOSPITAL])
def test_a_unit_that_arrived_is_not_diverted(desk: Desk, status: UnitStatus) -> None:
    unit_id, _ = desk.unit_in(status)
    divert = AssignUnits(incident_id=desk.new_incident(), unit_ids=(unit_id,), divert=True)
    refused(desk, divert, UnitTakenError)


def test_two_units_of_one_incident_are_diverted_together(desk: Desk) -> None:
    left, worse = desk.new_incident(), desk.new_incident()
    units = (desk.new_unit(), desk.new_unit())
    desk.execute(AssignUnits(incident_id=left, unit_ids=units))
    desk.execute(AssignUnits(incident_id=worse, unit_ids=units, divert=True))
    assert desk.incident(left).status is IncidentStatus.LOCATED
    assert all(desk.active(one).incident_id == worse for one in units)  # type: ignore[union-attr]


def test_an_incident_with_another_unit_does_not_wait_again(desk: Desk) -> None:
    incident_id = desk.new_incident()
    units = (desk.new_unit(), desk.new_unit())
    desk.execute(AssignUnits(incident_id=incident_id, unit_ids=units))
    desk.execute(RecallUnit(unit_id=units[0], reason="cukup satu"))
    assert desk.incident(incident_id).status is IncidentStatus.DISPATCHED
    desk.execute(RecallUnit(unit_id=units[1], reason="cukup"))
    assert desk.incident(incident_id).status is IncidentStatus.LOCATED
    assert [one.end for one in desk.assignments(incident_id)] == [AssignmentEnd.RECALLED] * 2
    refused(desk, RecallUnit(unit_id=units[1], reason="lagi"), RefusedError, "nothing to recall")


def test_a_unit_that_breaks_down_has_failed_and_its_incident_waits_again(desk: Desk) -> None:
    unit_id, incident_id = desk.unit_in(UnitStatus.EN_ROUTE)
    desk.execute(ReportStatus(unit_id=unit_id, status=UnitStatus.OUT_OF_SERVICE))
    (assignment,) = desk.assignments(incident_id)
    assert assignment.end is AssignmentEnd.FAILED
    assert desk.incident(incident_id).status is IncidentStatus.LOCATED


def test_an_incident_whose_work_was_done_does_not_wait_again(desk: Desk) -> None:
    first, incident_id = desk.unit_in(UnitStatus.ON_SCENE)
    second = desk.new_unit()
    desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(second,)))
    desk.clock.tick()
    desk.execute(ReportStatus(unit_id=first, status=UnitStatus.AVAILABLE))
    desk.execute(RecallUnit(unit_id=second, reason="sudah selesai"))
    assert desk.incident(incident_id).status is IncidentStatus.ON_SCENE


def test_a_returning_unit_is_sent_again_from_the_road(desk: Desk) -> None:
    unit_id, _ = desk.unit_in(UnitStatus.RETURNING)
    desk.execute(AssignUnits(incident_id=desk.new_incident(), unit_ids=(unit_id,)))
    assert desk.unit(unit_id).unit.status is UnitStatus.DISPATCHED
    broken, _ = desk.unit_in(UnitStatus.OUT_OF_SERVICE)
    refused(desk, AssignUnits(incident_id=desk.new_incident(), unit_ids=(broken,)), IllegalMoveError, "out_of_service")


# --- units -------------------------------------------------------------------------------------------------------


def test_a_unit_off_duty_is_sent_only_with_a_reason(desk: Desk) -> None:
    unit_id, incident_id = desk.new_unit(on_duty=False), desk.new_incident()
    refused(desk, AssignUnits(incident_id=incident_id, unit_ids=(unit_id,)), RefusedError, "off duty")
    desk.execute(EditUnit(unit_id=unit_id, on_duty=True))
    desk.execute(EditUnit(unit_id=unit_id, on_duty=False))
    desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(unit_id,), override_reason="dipanggil dari rumah"))
    (assignment,) = desk.assignments(incident_id)
    assert assignment.override_reason == "dipanggil dari rumah"


def test_a_retired_unit_does_nothing_until_it_is_registered_again(desk: Desk) -> None:
    unit_id, incident_id = desk.new_unit(), desk.new_incident()
    desk.execute(EditUnit(unit_id=unit_id, retired=True))
    refused(desk, AssignUnits(incident_id=incident_id, unit_ids=(unit_id,)), RefusedError, "no longer part of the")
    refused(desk, ReportStatus(unit_id=unit_id, status=UnitStatus.OUT_OF_SERVICE), RefusedError, "no longer part of")
    again = RegisterUnit(unit_id=unit_id, kind="fire_engine", agency="damkar", location=HERE)
    desk.execute(again)
    found = desk.unit(unit_id)
    assert (found.unit.kind, found.retired, found.version) == ("fire_engine", False, 3)
    refused(desk, again, RefusedError, "already; edit it instead")


def test_a_unit_on_an_incident_does_not_leave_the_fleet(desk: Desk) -> None:
    unit_id, incident_id = desk.unit_in(UnitStatus.EN_ROUTE)
    refused(desk, EditUnit(unit_id=unit_id, retired=True), RefusedError, f"bound to incident {incident_id}")


def test_what_a_unit_is_can_be_changed(desk: Desk) -> None:
    unit_id = desk.new_unit()
    desk.execute(
        EditUnit(unit_id=unit_id, kind="rescue", agency="damkar", station="SUMBER", capabilities=("boat", "als"))
    )
    found = desk.unit(unit_id)
    assert (found.unit.kind, found.unit.agency, found.station) == ("rescue", "damkar", "SUMBER")
    assert found.unit.capabilities == {"boat", "als"}
    desk.execute(EditUnit(unit_id=unit_id, capabilities=()))
    assert desk.unit(unit_id).unit.capabilities == frozenset()


def test_a_unit_says_when_it_expects_to_be_free_and_can_say_it_again(desk: Desk) -> None:
    unit_id, _ = desk.unit_in(UnitStatus.AT_HOSPITAL)
    free_at = desk.clock() + timedelta(minutes=20)
    desk.execute(ReportStatus(unit_id=unit_id, status=UnitStatus.AT_HOSPITAL, free_at=free_at))
    before = desk.unit(unit_id)
    assert before.free_at == free_at
    desk.execute(ReportStatus(unit_id=unit_id, status=UnitStatus.AVAILABLE))
    assert desk.unit(unit_id).free_at is None


def test_devices_are_registered_once_and_revoked(desk: Desk) -> None:
    unit_id, token = desk.new_unit(), "ab" * 32
    register = RegisterDevice(unit_id=unit_id, token_hash=token, label="HP kru")
    desk.execute(register)
    refused(desk, register, RefusedError, "in use already")
    desk.clock.tick()
    for _ in range(2):
        desk.execute(RevokeDevice(token_hash=token))
    with desk.book() as book:
        found = book.device(token)
    assert found is not None
    assert (found.unit_id, found.revoked_at) == (unit_id, desk.clock())
    assert [one["type"] for one in desk.events()].count("device.revoked") == 1


# --- what else is kept -------------------------------------------------------------------------------------------


def test_a_question_to_a_village_never_holds_up_the_dispatch(desk: Desk) -> None:
    incident_id = desk.new_incident()
    asked = desk.execute(
        AskVerification(incident_id=incident_id, village_code="32.09.21.2006", post="kepala desa")
    )  # fmt: skip
    verification_id = asked["verifications"][0]["verification_id"]
    assert desk.incident(incident_id).version == 1
    desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(desk.new_unit(),)))
    answered_at = desk.clock.tick(240)
    desk.execute(AnswerVerification(verification_id=verification_id, answer=VillageAnswer.DENIED))
    with desk.book() as book:
        found = book.verification(verification_id)
    assert found is not None
    assert (found.answer, (answered_at - found.asked_at).total_seconds()) == ("denied", 240)
    assert desk.incident(incident_id).status is IncidentStatus.DISPATCHED
    another = AnswerVerification(verification_id=verification_id, answer=VillageAnswer.CONFIRMED)
    refused(desk, another, RefusedError, "already")


def test_a_handover_has_a_receipt(desk: Desk) -> None:
    incident_id = desk.new_incident()
    refused(desk, AskHandover(incident_id=incident_id, neighbour="bandung"), InputError, "use one of kuningan")
    asked = desk.execute(AskHandover(incident_id=incident_id, neighbour="kuningan"))
    handover_id = asked["handovers"][0]["handover_id"]
    assert desk.incident(incident_id).handed_to is None
    desk.clock.tick(60)
    receive = ReceiveHandover(handover_id=handover_id, reference="KNG-77")
    desk.execute(receive)
    with desk.book() as book:
        found = book.handover(handover_id)
    assert found is not None
    assert (found.reference, found.received_at) == ("KNG-77", desk.clock())
    assert desk.incident(incident_id).handed_to == "kuningan"
    refused(desk, replace(receive, reference="KNG-78"), RefusedError, "already")


def test_a_recommendation_is_kept_and_named_by_the_assignment_that_followed_it(desk: Desk) -> None:
    incident_id = desk.new_incident()
    kept = desk.execute(KeepRecommendation(incident_id=incident_id, document={"picks": ["AMB-1"], "eta_s": 412.5}))
    recommendation_id = kept["recommendations"][0]["recommendation_id"]
    unit_id = desk.new_unit()
    unknown = AssignUnits(incident_id=incident_id, unit_ids=(unit_id,), recommendation_id="none")
    refused(desk, unknown, UnknownIdError, "There is no recommendation")
    desk.execute(replace(unknown, recommendation_id=recommendation_id))
    assert desk.assignments(incident_id)[0].recommendation_id == recommendation_id


def test_a_shift_note_is_an_event_without_a_word_of_its_writer(desk: Desk) -> None:
    now = desk.clock()
    note = WriteShiftNote(since=now - timedelta(hours=8), until=now, document={"open": []}, words="KATA-RAHASIA")
    desk.execute(note, actor="disp.01")
    last = desk.events()[-1]
    assert (last["type"], last["actor"], last["server_time"]) == ("shift.noted", "disp.01", now)
    assert "RAHASIA" not in str(last["payload"])
    assert desk.texts()[last["payload"]["words"]["text_id"]] == "KATA-RAHASIA"
    desk.execute(replace(note, words=None))
    assert desk.events()[-1]["payload"]["words"] is None
    refused(desk, replace(note, until=now + timedelta(seconds=1)), InputError, "not over yet")
    refused(desk, replace(note, until=note.since), InputError, "ends after it begins")
    refused(desk, replace(note, since=now - timedelta(days=8)), InputError, "within a week")


def test_alerts_about_an_incident_are_a_thread(desk: Desk) -> None:
    incident_id = desk.new_incident()
    update = IssueAlert(incident_id=incident_id, message=CapMessage.UPDATE)
    refused(desk, update, RefusedError, "send an Alert first")
    refused(desk, IssueAlert(incident_id=incident_id, addresses=("nobody",)), InputError, "There is no agency")
    desk.execute(IssueAlert(incident_id=incident_id))
    refused(desk, IssueAlert(incident_id=incident_id), RefusedError, "is in force; send an Update or a Cancel")
    desk.execute(update)
    desk.execute(IssueAlert(incident_id=incident_id, message=CapMessage.CANCEL))
    refused(desk, update, RefusedError, "send an Alert first")
    with desk.book() as book:
        sent = book.alerts_of(incident_id)
        assert book.alert(sent[0].alert_id) == sent[0]
    assert [one.message for one in sent] == [CapMessage.ALERT, CapMessage.UPDATE, CapMessage.CANCEL]
    assert [len(one.references) for one in sent] == [0, 1, 2]


def test_an_overdue_timer_is_logged(desk: Desk) -> None:
    incident_id = desk.new_incident()
    desk.execute(NoticeOverdue(incident_id=incident_id, timer="response", due_at=desk.clock()))
    last = desk.events()[-1]
    assert (last["type"], last["payload"]["timer"]) == ("incident.overdue", "response")


def test_the_same_directory_is_loaded_once(desk: Desk) -> None:
    seq = len(desk.events())
    desk.execute(LoadDirectory(directory=DIRECTORY))
    assert len(desk.events()) == seq
    desk.execute(LoadDirectory(directory=replace(DIRECTORY, dispositions=())))
    desk.execute(LoadDirectory(directory=DIRECTORY))
    assert types_since(desk, seq) == ["directory.loaded"] * 2


# --- learnt speeds ------------------------------------------------------------------------------------------------


def speed_report(factor: object = 0.8) -> dict[str, object]:
    return {"trips": 40, "factors": {"kecamatan": ["32.09.21"], "factors": [["primary", "32.09.21", 0, factor]]}}


def test_learnt_speeds_come_into_force_by_a_decision_in_the_log_alone(desk: Desk) -> None:
    seq = len(desk.events())
    with desk.book() as book:
        assert book.speeds() is None
    desk.execute(AdoptSpeeds(report=speed_report(), reason="laporan Januari"), actor="kepala")
    with desk.book() as book:
        held = book.speeds()
    assert held is not None
    assert (held.reason, held.adopted_by, held.adopted_at) == ("laporan Januari", "kepala", desk.clock())
    assert desk.events()[-1]["payload"]["digest"] == held.digest
    refused(desk, AdoptSpeeds(report=speed_report(), reason="lagi"), RefusedError, "in force already")
    desk.execute(AdoptSpeeds(report=speed_report(0.9), reason="laporan Februari"))
    with desk.book() as book:
        newer = book.speeds()
    assert newer is not None
    assert newer.digest != held.digest
    desk.execute(WithdrawSpeeds(reason="jalan baru"))
    with desk.book() as book:
        assert book.speeds() is None
    refused(desk, WithdrawSpeeds(reason="lagi"), RefusedError, "No learnt speeds are in force")
    assert types_since(desk, seq) == ["speeds.adopted", "speeds.adopted", "speeds.withdrawn"]


@pytest.mark.parametrize("factor", [0.1, 3.5, -1, float("inf"), True, "0.8", None])
def test_a_factor_beyond_its_limits_is_never_adopted(desk: Desk, factor: object) -> None:
    command = AdoptSpeeds(report=speed_report(factor), reason="laporan")
    refused(desk, command, InputError, r"factor of primary in 32\.09\.21 is .*, outside 0\.2 to 3")


@pytest.mark.parametrize("report", [{}, {"factors": []}, {"factors": {"factors": [[1]]}}])
def test_what_is_no_report_of_speeds_is_refused(desk: Desk, report: dict[str, object]) -> None:
    refused(desk, AdoptSpeeds(report=report, reason="laporan"), InputError, "no report of learnt speeds")


def test_a_report_that_changes_nothing_is_refused(desk: Desk) -> None:
    refused(desk, AdoptSpeeds(report={"factors": {"factors": []}}, reason="x"), InputError, "nothing to adopt")


# --- texts, versions, ids ----------------------------------------------------------------------------------------

SECRETS = ("Nama-rahasia", "0812 9999 1234", "kata-rahasia pelapor", "catatan-rahasia satu", "alasan-rahasia batal")


def test_the_log_holds_no_personal_text_and_erasing_takes_it_away(desk: Desk) -> None:
    name, number, words, note, reason = SECRETS
    call_id = take_call(desk, caller_name=name, caller_number=number, words=words)
    opened = desk.execute(OpenIncident(category="fire", severity=Severity.LOW, call_id=call_id, note=note))
    incident_id = opened["incidents"][0]["incident_id"]
    desk.execute(AddNote(incident_id=incident_id, text=note))
    desk.execute(CancelIncident(incident_id=incident_id, reason=reason))
    assert sorted(desk.texts().values()) == sorted([*SECRETS, note])
    told = str(desk.events()) + str(opened)
    assert not any(one in told for one in SECRETS)
    with desk.book() as book:
        call = book.call(call_id)
    assert call is not None
    assert call.words is not None
    desk.execute(EraseTexts(text_ids=(call.words.text_id,), reason="expired"))
    assert words not in desk.texts().values()
    assert len(desk.texts()) == len(SECRETS)


@pytest.mark.parametrize("kind", ["call", "incident", "unit"])
def test_who_read_an_older_version_is_refused(desk: Desk, kind: str) -> None:
    commands: tuple[Any, ...]
    if kind == "call":
        call_id = take_call(desk)
        desk.execute(TypeCall(call_id=call_id, call_type=CallType.GHOST, expected_version=1))
        commands = (
            TypeCall(call_id=call_id, call_type=CallType.PRANK, expected_version=1),
            LinkCall(call_id=call_id, incident_id=None, expected_version=1),
        )
    elif kind == "incident":
        incident_id = desk.new_incident()
        desk.execute(EditIncident(incident_id=incident_id, severity=Severity.LOW, expected_version=1))
        commands = (
            EditIncident(incident_id=incident_id, severity=Severity.HIGH, expected_version=1),
            LocateIncident(incident_id=incident_id, location=UNKNOWN_LOCATION, expected_version=1),
            RaiseAlarm(incident_id=incident_id, expected_version=1),
            MoveIncident(incident_id=incident_id, status=IncidentStatus.REOPENED, expected_version=1),
            CloseIncident(incident_id=incident_id, disposition="handled", expected_version=1),
            CancelIncident(incident_id=incident_id, reason="salah", expected_version=1),
            MergeIncident(incident_id=incident_id, into=desk.new_incident(), expected_version=1),
            AssignUnits(incident_id=incident_id, unit_ids=(desk.new_unit(),), expected_version=1),
        )
    else:
        unit_id = desk.new_unit()
        desk.execute(EditUnit(unit_id=unit_id, kind="rescue", expected_version=1))
        commands = (
            EditUnit(unit_id=unit_id, kind="ambulance", expected_version=1),
            ReportStatus(unit_id=unit_id, status=UnitStatus.OUT_OF_SERVICE, expected_version=1),
        )
    for command in commands:
        refused(desk, command, VersionConflictError, "you have version 1, it is now 2; read it again")
    desk.execute(replace(commands[0], expected_version=2))


def test_unknown_ids_are_refused_and_named(desk: Desk) -> None:
    unit_id, incident_id = desk.new_unit(), desk.new_incident()
    none = "no-such"
    for command in (
        TakeCall(incident_id=none),
        TypeCall(call_id=none, call_type=CallType.TEST),
        LinkCall(call_id=none, incident_id=None),
        LinkCall(call_id=take_call(desk), incident_id=none),
        EndCall(call_id=none),
        OpenIncident(category="fire", severity=Severity.LOW, call_id=none),
        LocateIncident(incident_id=none, location=POINT),
        EditIncident(incident_id=none),
        AddNote(incident_id=none, text="rahasia"),
        RaiseAlarm(incident_id=none),
        NotifyAgency(incident_id=none, agency="damkar"),
        AcknowledgeIncident(incident_id=none, agency="damkar"),
        AcknowledgeAssignment(unit_id=none, incident_id=incident_id),
        MoveIncident(incident_id=none, status=IncidentStatus.ON_SCENE),
        CloseIncident(incident_id=none, disposition="handled"),
        CancelIncident(incident_id=none, reason="salah"),
        MergeIncident(incident_id=none, into=incident_id),
        MergeIncident(incident_id=incident_id, into=none),
        EditUnit(unit_id=none),
        ReportStatus(unit_id=none, status=UnitStatus.AVAILABLE),
        AssignUnits(incident_id=none, unit_ids=(unit_id,)),
        AssignUnits(incident_id=incident_id, unit_ids=(none,)),
        RecallUnit(unit_id=none, reason="salah"),
        CorrectMilestone(assignment_id=none, milestone=Milestone.CLEARED, time=desk.clock(), reason="salah"),
        KeepRecommendation(incident_id=none, document={}),
        NoticeOverdue(incident_id=none, timer="response", due_at=desk.clock()),
        AskVerification(incident_id=none, village_code="32.09.21.2006", post="kepala desa"),
        AnswerVerification(verification_id=none, answer=VillageAnswer.CONFIRMED),
        AskHandover(incident_id=none, neighbour="kuningan"),
        ReceiveHandover(handover_id=none, reference="1"),
        IssueAlert(incident_id=none),
        IssueAlert(incident_id=none),
        RegisterDevice(unit_id=none, token_hash="0" * 64, label="HP"),
        RevokeDevice(token_hash="0" * 64),
        UnmaskTexts(incident_id=none, reason="menelepon balik"),
    ):
        error = refused(desk, command, UnknownIdError)
        assert none in str(error) or "00000000" in str(error)


def test_an_account_is_made_once_and_known_by_its_login(desk: Desk) -> None:
    """The rest stands in test_accounts.py."""
    made = desk.execute(CreateAccount(login="disp.01", role=Role.DISPATCHER))["accounts"][0]
    assert (made["login"], made["role"], made["active"], made["version"]) == ("disp.01", "dispatcher", True, 1)
    refused(desk, CreateAccount(login="disp.01", role=Role.DISPATCHER), RefusedError)
    for command in (ChangeAccount(login="nobody", active=False), NoteAccess(login="nobody", what=AccessNote.LOCKED)):
        assert "nobody" in str(refused(desk, command, UnknownIdError))


def test_every_command_is_in_this_contract() -> None:
    import typing

    import dispatch.commands

    # Closed roads, and what call takers write down and take back, have contracts of their own, on the same three books.
    others = ("test_closures_store.py", "test_intake_store.py")
    files = (Path(__file__), *(Path(__file__).with_name(name) for name in others))
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    missing = [one.__name__ for one in typing.get_args(dispatch.commands.Command) if f"{one.__name__}(" not in text]
    assert missing == []


def test_an_answer_shows_the_records_as_they_now_stand(desk: Desk) -> None:
    unit_id, incident_id = desk.new_unit(), desk.new_incident()
    answer = desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(unit_id,)))
    assert answer["seq"] == len(desk.events())
    assert answer["incidents"][0]["status"] == "dispatched"
    assert answer["units"][0]["unit"]["status"] == "dispatched"
    assert answer["assignments"][0]["assignment_id"] == f"{incident_id}.1"
    assert asdict(desk.unit(unit_id).unit)["capabilities"] == {"als", "bls"}
