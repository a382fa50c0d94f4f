"""Closures of roads on the plain model, on SQLite and on PostgreSQL: what may be done, and that the log tells all."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from dispatch.closures import Closure, ClosureReason, VillageCutOff
from dispatch.codec import load
from dispatch.commands import ChangeClosure, CloseRoad, EraseTexts, NoticeCutOff, ReopenRoad
from dispatch.errors import KeyReusedError, RefusedError, UnknownIdError, VersionConflictError
from dispatch.store import care
from gis.errors import InputError
from routing.types import ClosedRoads, RoadSelector, RoadStretch, Selection
from tests.desks import NOW, Desk, StoreDesk

HOUR = timedelta(hours=1)


def closing(*edges: int, **more: Any) -> CloseRoad:
    """A command that closes edges."""
    return CloseRoad(
        selector=RoadSelector(kind=Selection.EDGES, edges=edges),
        roads=ClosedRoads(
            network="ab" * 32,
            edges=edges,
            stretches=(RoadStretch(way_id=7, points=((-6.7, 108.5), (-6.71, 108.52))),),
        ),
        length_m=120.5,
        reason=more.pop("reason", ClosureReason.FLOOD),
        streets=("Jalan Tuparev",),
        **more,
    )


def close(desk: Desk, *edges: int, **more: Any) -> str:
    return str(desk.execute(closing(*edges, **more))["closures"][0]["closure_id"])


def closure(desk: Desk, closure_id: str) -> Closure:
    with desk.book() as book:
        found = book.closure(closure_id)
    assert found is not None
    return found


def in_force(desk: Desk) -> list[str]:
    with desk.book() as book:
        return [one.closure_id for one in book.closures_standing(desk.clock()) if one.is_in_force(desk.clock())]


def village(code: str, share: float, people: int | None = 100) -> VillageCutOff:
    return VillageCutOff(code=code, name=f"Desa {code[-1]}", kecamatan="Sumber", share=share, people=people)


def test_a_closure_is_in_force_from_its_start_to_its_end_and_no_event_says_so(desk: Desk) -> None:
    now = close(desk, 1)
    later = close(desk, 2, starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    assert (now, later) == ("R261124-001", "R261124-002")
    count = len(desk.events())
    assert in_force(desk) == [now]
    desk.clock.tick(3600)
    assert in_force(desk) == [now, later]
    desk.clock.tick(3600)
    assert in_force(desk) == [now]
    assert len(desk.events()) == count


def test_reopening_one_closure_leaves_the_others_of_the_same_road(desk: Desk) -> None:
    first, second = close(desk, 5, 6), close(desk, 6)
    desk.execute(ReopenRoad(closure_id=first), actor="kepala")
    assert in_force(desk) == [second]
    reopened = closure(desk, first)
    assert (reopened.reopened_at, reopened.reopened_by, reopened.version) == (NOW, "kepala", 2)
    with pytest.raises(RefusedError, match=f"Closure {first} was reopened already, at 10:00 by kepala"):
        desk.execute(ReopenRoad(closure_id=first))


def test_the_end_of_a_closure_can_be_moved_and_taken_away(desk: Desk) -> None:
    one = close(desk, 1, ends_at=NOW + HOUR)
    desk.execute(ChangeClosure(closure_id=one, ends_at=NOW + 3 * HOUR))
    desk.clock.tick(2 * 3600)
    assert in_force(desk) == [one]
    desk.execute(ChangeClosure(closure_id=one, ends_at=None))
    desk.clock.tick(30 * 3600)
    assert in_force(desk) == [one]
    assert closure(desk, one).version == 3


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"starts_at": NOW + HOUR, "ends_at": NOW + HOUR}, "ends before it begins"),
        ({"starts_at": NOW - 2 * HOUR, "ends_at": NOW - HOUR}, "would be over already"),
        ({"starts_at": NOW + timedelta(days=400)}, "begins within a year"),
    ],
)
def test_a_closure_without_a_time_in_which_it_holds_is_refused(desk: Desk, more: Any, sentence: str) -> None:
    count = len(desk.events())
    with pytest.raises(InputError, match=sentence):
        desk.execute(closing(1, **more))
    assert len(desk.events()) == count
    assert in_force(desk) == []


def test_what_is_over_can_be_neither_reopened_nor_prolonged(desk: Desk) -> None:
    one = close(desk, 1, ends_at=NOW + HOUR)
    desk.clock.tick(3600)
    for command in (ReopenRoad(closure_id=one), ChangeClosure(closure_id=one, ends_at=NOW + 9 * HOUR)):
        with pytest.raises(RefusedError, match="is over already"):
            desk.execute(command)
    with pytest.raises(UnknownIdError, match="no closure “R261124-009”"):
        desk.execute(ReopenRoad(closure_id="R261124-009"))


def test_who_read_an_older_closure_is_refused(desk: Desk) -> None:
    one = close(desk, 1)
    desk.execute(ChangeClosure(closure_id=one, ends_at=NOW + HOUR, expected_version=1))
    with pytest.raises(VersionConflictError):
        desk.execute(ReopenRoad(closure_id=one, expected_version=1))
    desk.execute(ReopenRoad(closure_id=one, expected_version=2))


def test_what_is_written_about_a_closure_is_no_part_of_the_log_and_can_be_erased(desk: Desk) -> None:
    one = close(desk, 1, note="Air setinggi lutut, lapor Pak RT")
    note = closure(desk, one).note
    assert note is not None
    assert desk.texts()[note.text_id] == "Air setinggi lutut, lapor Pak RT"
    assert "lutut" not in str(desk.events())
    desk.execute(EraseTexts(text_ids=(note.text_id,), reason="diminta"))
    assert note.text_id not in desk.texts()


def test_villages_cut_off_are_told_once_and_again_only_when_there_are_more(desk: Desk) -> None:
    one = close(desk, 1)
    first = NoticeCutOff(closure_ids=(one,), villages=(village("32.09.21.2006", 0.5, 900),))
    for _ in range(2):
        desk.execute(first)
    told = [event for event in desk.events() if event["type"] == "alert.villages_cut_off"]
    assert [(event["payload"]["codes"], event["payload"]["people"]) for event in told] == [(["32.09.21.2006"], 900)]
    two = close(desk, 2)
    more = (village("32.09.21.2006", 0.5, 900), village("32.09.21.2007", 1.0, 50))
    desk.execute(NoticeCutOff(closure_ids=(one, two), villages=more))
    assert desk.events()[-1]["payload"]["codes"] == ["32.09.21.2007"]
    desk.execute(ReopenRoad(closure_id=two))
    desk.execute(NoticeCutOff(closure_ids=(one,), villages=more[:1]))
    assert (desk.events()[-1]["type"], desk.events()[-1]["payload"]["codes"]) == (
        "alert.villages_reachable", ["32.09.21.2007"],
    )  # fmt: skip


def test_who_worked_out_a_cut_off_for_other_roads_than_are_closed_now_says_nothing(desk: Desk) -> None:
    one, two = close(desk, 1), close(desk, 2)
    count = len(desk.events())
    desk.execute(NoticeCutOff(closure_ids=(one,), villages=(village("32.09.21.2006", 1.0),)))
    desk.execute(ReopenRoad(closure_id=two))
    desk.execute(NoticeCutOff(closure_ids=(one, two), villages=(village("32.09.21.2006", 1.0),)))
    assert len(desk.events()) == count + 1
    with desk.book() as book:
        assert book.cut_off() is None


def stores(desk: Desk) -> StoreDesk:
    if not isinstance(desk, StoreDesk):
        pytest.skip("only a database promises this")
    return desk


def test_the_log_alone_makes_every_closure_again(desk: Desk) -> None:
    store = stores(desk)
    one = close(desk, 3, 4, note="longsor", scenario="banjir", ends_at=NOW + HOUR)
    close(desk, 9)
    desk.execute(ChangeClosure(closure_id=one, ends_at=None))
    desk.execute(NoticeCutOff(closure_ids=(one, "R261124-002"), villages=(village("32.09.21.2006", 1.0),)))
    desk.execute(ReopenRoad(closure_id=one))
    assert care.differences(store.engine) == []
    report = care.verify(store.engine)
    assert (report.texts, report.documents) == (1, 3)  # the directory and the edges of either closure
    roads = load(ClosedRoads, store.store.document(closure(desk, one).digest))
    assert (roads.edges, roads.stretches[0].points[1]) == ((3, 4), (-6.71, 108.52))


def test_the_same_request_closes_a_road_once(desk: Desk) -> None:
    store = stores(desk)
    first = store.execute(closing(1), key="k1")
    assert store.execute(closing(1), key="k1") == first
    assert in_force(desk) == ["R261124-001"]
    with pytest.raises(KeyReusedError):
        store.execute(closing(2), key="k1")


def test_of_two_who_reopen_at_once_one_is_told_of_the_other(desk: Desk) -> None:
    store = stores(desk)
    one = close(desk, 1)
    said: list[str] = []
    ready = threading.Barrier(2)

    def reopen(name: str) -> None:
        ready.wait()
        try:
            store.execute(ReopenRoad(closure_id=one), actor=name)
            said.append("done")
        except RefusedError as error:
            said.append(str(error))

    both = [threading.Thread(target=reopen, args=(name,)) for name in ("meja-1", "meja-2")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(said)[1] == "done"
    assert "was reopened already" in sorted(said)[0]
    assert care.differences(store.engine) == []


def test_two_who_close_at_once_get_different_numbers(desk: Desk) -> None:
    store = stores(desk)
    ready = threading.Barrier(4)

    def shut(edge: int) -> None:
        ready.wait()
        store.execute(closing(edge))

    all_ = [threading.Thread(target=shut, args=(edge,)) for edge in range(4)]
    for thread in all_:
        thread.start()
    for thread in all_:
        thread.join()
    assert in_force(desk) == [f"R261124-{number:03}" for number in range(1, 5)]
    assert care.differences(store.engine) == []
