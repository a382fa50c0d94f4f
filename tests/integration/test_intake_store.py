"""What call takers write down, and what is taken back, on the plain model, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dispatch.commands import (
    Answered,
    AnswerQuestions,
    AssignUnits,
    CloseIncident,
    DescribeCall,
    EditUnit,
    MoveIncident,
    OpenIncident,
    RecallUnit,
    ReportStatus,
    TakeBackStatus,
    TakeCall,
)
from dispatch.errors import IllegalMoveError, RefusedError, VersionConflictError
from dispatch.incidents import IncidentStatus, Milestone, Severity
from dispatch.store import care
from dispatch.types import UnitStatus
from gis.errors import InputError, SiagaError
from tests.desks import POINT, Desk, StoreDesk


def refused(desk: Desk, command: Any, error: type[SiagaError], match: str | None = None) -> None:
    """A refusal, after which everything is as it was."""
    before = desk.events(), desk.texts()
    with pytest.raises(error, match=match):
        desk.execute(command)
    assert (desk.events(), desk.texts()) == before


def opened(desk: Desk, *answers: Answered, **fields: Any) -> Any:
    made = desk.execute(OpenIncident(category="fire", location=POINT, answers=answers, **fields))
    return desk.incident(made["incidents"][0]["incident_id"])


def whole(desk: Desk) -> None:
    """The log is whole and gives the records that are there."""
    if isinstance(desk, StoreDesk):
        care.verify(desk.engine)
        assert care.differences(desk.engine) == []


# --- questions -----------------------------------------------------------------------------------------------------


def test_an_answer_that_says_danger_opens_the_incident_as_bad_as_it_says(desk: Desk) -> None:
    assert opened(desk).severity is Severity.HIGH  # what the category says
    assert opened(desk, Answered(question="inside", answer="no")).severity is Severity.HIGH  # never less bad for it
    found = opened(desk, Answered(question="inside", answer="yes", words="dua orang"))
    assert (found.severity, found.alarm_level) == (Severity.CRITICAL, 2)
    chosen = opened(desk, Answered(question="inside", answer="yes"), severity=Severity.LOW)
    assert (chosen.severity, chosen.alarm_level) == (Severity.LOW, 2)  # who names a severity is believed
    whole(desk)


def test_answers_are_kept_as_personal_texts_and_the_log_holds_none(desk: Desk) -> None:
    found = opened(desk, Answered(question="inside", answer="yes", words="dua RAHASIA"))
    (answer,) = found.answers
    assert (answer.question_id, desk.texts()[answer.said.text_id]) == ("inside", "yes: dua RAHASIA")
    where = Answered(question="where", words="belakang RAHASIA")
    desk.execute(AnswerQuestions(incident_id=found.incident_id, answers=(where,)))
    desk.execute(AnswerQuestions(incident_id=found.incident_id, answers=(Answered(question="inside", answer="no"),)))
    kept = desk.incident(found.incident_id).answers
    assert [(one.question_id, desk.texts()[one.said.text_id]) for one in kept] == [
        ("inside", "no"),
        ("where", ": belakang RAHASIA"),
    ]
    assert "RAHASIA" not in str(desk.events())
    whole(desk)


def test_an_answer_given_later_raises_severity_and_alarm_and_never_lowers_them(desk: Desk) -> None:
    found = opened(desk, severity=Severity.LOW)
    said = AnswerQuestions(incident_id=found.incident_id, answers=(Answered(question="inside", answer="yes"),))
    desk.execute(said)
    after = desk.incident(found.incident_id)
    assert (after.severity, after.alarm_level) == (Severity.CRITICAL, 2)
    desk.execute(replace(said, answers=(Answered(question="inside", answer="no"),)))
    after = desk.incident(found.incident_id)
    assert (after.severity, after.alarm_level) == (Severity.CRITICAL, 2)
    refused(desk, replace(said, expected_version=1), VersionConflictError)


def test_an_answer_that_no_run_card_knows_is_refused_and_nothing_is_kept(desk: Desk) -> None:
    incident_id = opened(desk).incident_id
    for answers, match in (
        ((Answered(question="outside", answer="yes"),), "No run card asks the question “outside”"),
        ((Answered(question="inside", answer="maybe"),), "use one of yes, no, or words"),
        ((Answered(question="where", answer="yes"),), "it is answered in words"),
        ((Answered(question="where"),), "is empty"),
        ((Answered(question="inside", answer="no"), Answered(question="inside", answer="yes")), "answered twice"),
    ):
        refused(desk, AnswerQuestions(incident_id=incident_id, answers=answers), InputError, match)
        refused(desk, OpenIncident(category="fire", answers=answers), InputError, match)
    desk.execute(CloseIncident(incident_id=incident_id, disposition="handled"))
    late = AnswerQuestions(incident_id=incident_id, answers=(Answered(question="inside", answer="no"),))
    refused(desk, late, RefusedError, "reopen it")


# --- calls ---------------------------------------------------------------------------------------------------------


def test_what_a_caller_says_later_is_added_and_takes_nothing_away(desk: Desk) -> None:
    call_id = desk.execute(TakeCall(words="Tolong RAHASIA"))["calls"][0]["call_id"]
    desk.execute(DescribeCall(call_id=call_id))  # nothing said: nothing happens
    desk.execute(DescribeCall(call_id=call_id, caller_number="0812-3456-7890"))
    desk.execute(DescribeCall(call_id=call_id, caller_name="Ibu RAHASIA"))
    with desk.book() as book:
        call = book.call(call_id)
    assert call is not None
    assert None not in (call.name, call.number, call.words)
    again = desk.execute(TakeCall(caller_number="+62 812 3456 7890"))["calls"][0]
    assert call.number_hash == again["number_hash"] is not None
    assert call.version == 3
    assert "RAHASIA" not in str(desk.events())
    refused(desk, DescribeCall(call_id=call_id, words="lagi", expected_version=1), VersionConflictError)
    whole(desk)


# --- taking back ---------------------------------------------------------------------------------------------------


def test_a_unit_that_has_not_set_out_is_stood_down_and_available_where_it_stands(desk: Desk) -> None:
    unit_id, incident_id = desk.unit_in(UnitStatus.DISPATCHED)
    desk.execute(RecallUnit(unit_id=unit_id, reason="salah unit", stood_down=True))
    assert desk.unit(unit_id).unit.status is UnitStatus.AVAILABLE
    assert desk.incident(incident_id).status is IncidentStatus.LOCATED
    unit_id, _ = desk.unit_in(UnitStatus.EN_ROUTE)
    refused(desk, RecallUnit(unit_id=unit_id, reason="salah unit", stood_down=True), RefusedError, "has set out")
    whole(desk)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (UnitStatus.DISPATCHED, UnitStatus.EN_ROUTE),
        (UnitStatus.EN_ROUTE, UnitStatus.ON_SCENE),
        (UnitStatus.DISPATCHED, UnitStatus.ON_SCENE),
        (UnitStatus.ON_SCENE, UnitStatus.TRANSPORTING),
        (UnitStatus.TRANSPORTING, UnitStatus.AT_HOSPITAL),
        (UnitStatus.AT_HOSPITAL, UnitStatus.AVAILABLE),
        (UnitStatus.ON_SCENE, UnitStatus.RETURNING),
        (UnitStatus.EN_ROUTE, UnitStatus.OUT_OF_SERVICE),
        (UnitStatus.DISPATCHED, UnitStatus.AVAILABLE),
    ],
)
def test_a_status_that_is_taken_back_leaves_unit_assignment_and_incident_as_before(
    desk: Desk, right: UnitStatus, wrong: UnitStatus
) -> None:
    unit_id, incident_id = desk.unit_in(right)
    (assignment,) = desk.assignments(incident_id)
    unit, incident = desk.unit(unit_id), desk.incident(incident_id)
    desk.clock.tick()
    desk.execute(ReportStatus(unit_id=unit_id, status=wrong))
    told = desk.events()
    desk.clock.tick()
    desk.execute(
        TakeBackStatus(
            unit_id=unit_id, wrong=wrong, right=right, reason="salah tekan", assignment_id=assignment.assignment_id
        )
    )
    assert desk.assignments(incident_id) == (assignment,)
    assert desk.active(unit_id) == assignment
    after = desk.unit(unit_id)
    assert (after.unit, after.status_at, after.version) == (unit.unit, unit.status_at, unit.version + 2)
    assert desk.incident(incident_id).status is incident.status
    assert desk.events()[: len(told)] == told  # nothing was deleted
    whole(desk)


def test_a_unit_without_an_incident_takes_its_status_back_too(desk: Desk) -> None:
    unit_id = desk.new_unit()
    desk.execute(ReportStatus(unit_id=unit_id, status=UnitStatus.OUT_OF_SERVICE))
    back = TakeBackStatus(
        unit_id=unit_id, wrong=UnitStatus.OUT_OF_SERVICE, right=UnitStatus.AVAILABLE, reason="salah unit"
    )
    desk.execute(back)
    assert desk.unit(unit_id).unit.status is UnitStatus.AVAILABLE
    refused(desk, back, RefusedError, "is available by now; only the last status can be taken back")
    out = replace(back, wrong=UnitStatus.AVAILABLE)
    refused(desk, replace(out, right=UnitStatus.ON_SCENE), RefusedError, "bound to no incident")
    refused(desk, replace(out, right=UnitStatus.AVAILABLE), IllegalMoveError, "cannot have been available before")


def test_a_unit_that_left_the_fleet_is_not_bound_again_by_taking_back(desk: Desk) -> None:
    unit_id, incident_id = desk.unit_in(UnitStatus.EN_ROUTE)
    (assignment,) = desk.assignments(incident_id)
    desk.clock.tick()
    desk.execute(RecallUnit(unit_id=unit_id, reason="dikira palsu"))
    desk.execute(EditUnit(unit_id=unit_id, retired=True))
    back = TakeBackStatus(
        unit_id=unit_id, wrong=UnitStatus.RETURNING, right=UnitStatus.EN_ROUTE, reason="salah",
        assignment_id=assignment.assignment_id,
    )  # fmt: skip
    refused(desk, back, RefusedError, "no longer part of the fleet")
    desk.execute(EditUnit(unit_id=unit_id, retired=False))
    desk.execute(back)
    assert desk.active(unit_id) == assignment
    whole(desk)


def test_a_step_is_taken_back_to_what_the_unit_was_and_to_nothing_else(desk: Desk) -> None:
    unit_id, _ = desk.unit_in(UnitStatus.ON_SCENE)
    back = TakeBackStatus(unit_id=unit_id, wrong=UnitStatus.ON_SCENE, right=UnitStatus.DISPATCHED, reason="salah")
    refused(desk, back, IllegalMoveError, "it was en_route")
    refused(desk, replace(back, wrong=UnitStatus.EN_ROUTE), RefusedError, "is on_scene by now")
    sent, _ = desk.unit_in(UnitStatus.DISPATCHED)
    wrong = TakeBackStatus(unit_id=sent, wrong=UnitStatus.DISPATCHED, right=UnitStatus.AVAILABLE, reason="salah")
    refused(desk, wrong, IllegalMoveError, "recall it")


def test_an_incident_stays_on_scene_while_another_unit_is_there(desk: Desk) -> None:
    first, incident_id = desk.unit_in(UnitStatus.ON_SCENE)
    second = desk.new_unit()
    desk.execute(AssignUnits(incident_id=incident_id, unit_ids=(second,)))
    desk.execute(ReportStatus(unit_id=second, status=UnitStatus.ON_SCENE))
    desk.execute(
        TakeBackStatus(unit_id=first, wrong=UnitStatus.ON_SCENE, right=UnitStatus.EN_ROUTE, reason="salah unit")
    )
    assert desk.incident(incident_id).status is IncidentStatus.ON_SCENE
    desk.execute(
        TakeBackStatus(unit_id=second, wrong=UnitStatus.ON_SCENE, right=UnitStatus.DISPATCHED, reason="salah unit")
    )
    assert desk.incident(incident_id).status is IncidentStatus.EN_ROUTE
    (one, _) = desk.assignments(incident_id)
    assert Milestone.ON_SCENE not in one.milestones


def test_a_recall_and_a_closing_are_taken_back_by_binding_the_unit_again(desk: Desk) -> None:
    unit_id, incident_id = desk.unit_in(UnitStatus.EN_ROUTE)
    (assignment,) = desk.assignments(incident_id)
    desk.clock.tick()
    desk.execute(RecallUnit(unit_id=unit_id, reason="dikira palsu"))
    back = TakeBackStatus(
        unit_id=unit_id, wrong=UnitStatus.RETURNING, right=UnitStatus.EN_ROUTE, reason="salah",
        assignment_id=assignment.assignment_id,
    )  # fmt: skip
    desk.execute(back)
    assert (desk.active(unit_id), desk.incident(incident_id).status) == (assignment, IncidentStatus.EN_ROUTE)
    desk.clock.tick()
    desk.execute(CloseIncident(incident_id=incident_id, disposition="handled", release_units=True))
    refused(desk, back, RefusedError, "reopen it")
    desk.execute(MoveIncident(incident_id=incident_id, status=IncidentStatus.REOPENED))
    desk.execute(back)
    assert (desk.active(unit_id), desk.incident(incident_id).status) == (assignment, IncidentStatus.EN_ROUTE)
    whole(desk)


def test_an_assignment_that_another_step_ended_is_not_opened_again(desk: Desk) -> None:
    unit_id, incident_id = desk.unit_in(UnitStatus.EN_ROUTE)
    (assignment,) = desk.assignments(incident_id)
    desk.clock.tick()
    desk.execute(RecallUnit(unit_id=unit_id, reason="selesai"))
    desk.clock.tick()
    desk.execute(ReportStatus(unit_id=unit_id, status=UnitStatus.AVAILABLE))
    back = TakeBackStatus(
        unit_id=unit_id, wrong=UnitStatus.AVAILABLE, right=UnitStatus.EN_ROUTE, reason="salah",
        assignment_id=assignment.assignment_id,
    )  # fmt: skip
    refused(desk, back, RefusedError, "was not ended by the last status")
    other, _ = desk.unit_in(UnitStatus.RETURNING)
    refused(desk, replace(back, unit_id=other, wrong=UnitStatus.RETURNING), RefusedError, "was not ended")
