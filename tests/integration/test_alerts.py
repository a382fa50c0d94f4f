"""CAP messages as commands: what may follow what, on the model and on every backend."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import timedelta
from typing import Any

import pytest

from dispatch.commands import CancelIncident, Command, IssueAlert, OpenIncident
from dispatch.decide_alerts import in_force
from dispatch.errors import RefusedError
from dispatch.exports_cap import NAMESPACE
from dispatch.incidents import Alert, CapMessage, CapScope, CapStatus, Severity
from dispatch.store import care
from gis.errors import InputError
from tests.desks import Desk, MemoryDesk, StoreDesk
from tests.strategies import NOW


def issued(desk: Desk, incident_id: str, message: CapMessage = CapMessage.ALERT, **more: Any) -> dict[str, Any]:
    """Issue a message; its record."""
    (record,) = desk.execute(IssueAlert(incident_id=incident_id, message=message, **more))["alerts"]
    return dict(record)


def refused(desk: Desk, command: Command, kind: type[Exception], words: str) -> None:
    """Refused with these words, and nothing happened."""
    before = len(desk.events())
    with pytest.raises(kind, match=words):
        desk.execute(command)
    assert len(desk.events()) == before


def message_of(desk: Desk, record: dict[str, Any]) -> ET.Element:
    """The message that was kept."""
    assert isinstance(desk, StoreDesk)
    return ET.fromstring(desk.store.document(record["digest"])["cap"])


def text(message: ET.Element, name: str) -> str | None:
    return message.findtext(f"{{{NAMESPACE}}}{name}")


def test_a_first_alert_names_none_and_the_next_name_all_before_them(desk: Desk) -> None:
    incident_id = desk.new_incident()
    first = issued(desk, incident_id)
    desk.clock.tick()
    second = issued(desk, incident_id, CapMessage.UPDATE)
    desk.clock.tick()
    last = issued(desk, incident_id, CapMessage.CANCEL)
    assert first["references"] == []
    assert second["references"] == [first["alert_id"]]
    assert last["references"] == [first["alert_id"], second["alert_id"]]
    assert [one["number"] for one in (first, second, last)] == [1, 2, 3]
    with desk.book() as book:
        assert [one.alert_id for one in book.alerts_of(incident_id)] == [
            one["alert_id"] for one in (first, second, last)
        ]
    assert [one["type"] for one in desk.events()].count("alert.issued") == 3


def test_a_message_is_kept_as_it_was_sent_with_the_record_it_was_sent_under(desk: Desk) -> None:
    if isinstance(desk, MemoryDesk):
        pytest.skip("the model keeps no documents")
    incident_id = desk.new_incident()
    first = issued(desk, incident_id)
    desk.clock.tick(90)
    second = issued(desk, incident_id, CapMessage.UPDATE, valid_s=60)
    message = message_of(desk, second)
    assert text(message, "identifier") == second["alert_id"]
    assert text(message, "status") == "Actual"
    assert text(message, "msgType") == "Update"
    assert text(message, "references") == f"{first['sender']},{first['alert_id']},2026-11-24T10:00:00+07:00"
    assert text(message, "sent") == "2026-11-24T10:01:30+07:00"
    with desk.book() as book:
        record = book.alert(second["alert_id"])
    assert record is not None
    assert record.expires - record.sent == timedelta(seconds=60)


def test_after_a_cancellation_a_new_alert_begins_anew(desk: Desk) -> None:
    incident_id = desk.new_incident()
    issued(desk, incident_id)
    issued(desk, incident_id, CapMessage.CANCEL)
    refused(desk, IssueAlert(incident_id=incident_id, message=CapMessage.UPDATE), RefusedError, "send an Alert first")
    refused(desk, IssueAlert(incident_id=incident_id, message=CapMessage.CANCEL), RefusedError, "send an Alert first")
    assert issued(desk, incident_id)["references"] == []


def test_a_second_first_alert_is_refused_while_one_is_in_force(desk: Desk) -> None:
    incident_id = desk.new_incident()
    first = issued(desk, incident_id)
    refused(desk, IssueAlert(incident_id=incident_id), RefusedError, first["alert_id"])


def test_a_public_message_never_names_a_restricted_one(desk: Desk) -> None:
    incident_id = desk.new_incident()
    issued(desk, incident_id)
    public = issued(desk, incident_id, scope=CapScope.PUBLIC)
    update = issued(desk, incident_id, CapMessage.UPDATE, scope=CapScope.PUBLIC)
    assert update["references"] == [public["alert_id"]]


def test_a_test_and_the_real_thing_are_threads_of_their_own(desk: Desk) -> None:
    incident_id = desk.new_incident()
    issued(desk, incident_id, status=CapStatus.TEST)
    assert issued(desk, incident_id)["references"] == []


def test_a_drill_is_only_ever_sent_as_an_exercise(desk: Desk) -> None:
    opened = desk.execute(OpenIncident(category="fire", severity=Severity.HIGH, exercise=True))
    record = issued(desk, opened["incidents"][0]["incident_id"], status=CapStatus.ACTUAL)
    assert record["status"] == "Exercise"


def test_an_incident_that_is_over_gets_no_first_alert_but_its_alert_can_be_cancelled(desk: Desk) -> None:
    told, untold = desk.new_incident(), desk.new_incident()
    issued(desk, told)
    for one in (told, untold):
        desk.execute(CancelIncident(incident_id=one, reason="salah lapor"))
    refused(desk, IssueAlert(incident_id=untold), RefusedError, "only while it is open")
    assert issued(desk, told, CapMessage.CANCEL)["message"] == "Cancel"


def test_a_private_message_is_for_agencies_that_are_known(desk: Desk) -> None:
    incident_id = desk.new_incident()
    private: dict[str, Any] = {"incident_id": incident_id, "scope": CapScope.PRIVATE}
    refused(desk, IssueAlert(**private), InputError, "names its addresses")
    refused(desk, IssueAlert(**private, addresses=("polri",)), InputError, "use one of psc119, damkar")
    assert issued(desk, incident_id, scope=CapScope.PRIVATE, addresses=("damkar",))["scope"] == "Private"


def test_messages_are_replayed_from_the_log_and_are_part_of_the_audit(desk: Desk) -> None:
    if not isinstance(desk, StoreDesk):
        pytest.skip("the model is what the log is replayed into")
    incident_id = desk.new_incident()
    issued(desk, incident_id)
    issued(desk, incident_id, CapMessage.UPDATE)
    documents = care.verify(desk.engine).documents
    assert care.differences(desk.engine) == []
    assert set(care.replayed(desk.engine).alerts) == {
        one["payload"]["alert_id"] for one in desk.events() if one["type"] == "alert.issued"
    }
    assert documents == 3


def test_a_repeated_request_gives_the_same_message_and_sends_no_second(desk: Desk) -> None:
    if not isinstance(desk, StoreDesk):
        pytest.skip("the model has no requests")
    incident_id = desk.new_incident()
    command = IssueAlert(incident_id=incident_id)
    first = desk.execute(command, key="a")
    desk.clock.tick()
    assert desk.execute(command, key="a") == first
    with desk.book() as book:
        assert len(book.alerts_of(incident_id)) == 1


def test_only_what_was_not_cancelled_is_in_force() -> None:
    def alert(number: int, message: CapMessage, scope: CapScope = CapScope.PUBLIC) -> Alert:
        return Alert(
            alert_id=f"a{number}", incident_id="1", number=number, sender="112.example.id", sent=NOW, expires=NOW,
            status=CapStatus.ACTUAL, message=message, scope=scope, references=(), digest="",
        )  # fmt: skip

    sent = [
        alert(1, CapMessage.ALERT),
        alert(2, CapMessage.CANCEL),
        alert(3, CapMessage.ALERT),
        alert(4, CapMessage.ALERT, CapScope.RESTRICTED),
        alert(5, CapMessage.UPDATE),
    ]
    assert [one.number for one in in_force(sent, CapScope.PUBLIC, CapStatus.ACTUAL)] == [3, 5]
    assert [one.number for one in in_force(sent[:2], CapScope.PUBLIC, CapStatus.ACTUAL)] == []
