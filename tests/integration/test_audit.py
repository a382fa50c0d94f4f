"""Whoever alters the log, its texts or its documents behind the program's back is found, in one sentence."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update

from dispatch.commands import AddNote, EraseTexts, KeepRecommendation, TakeCall
from dispatch.errors import ChainBrokenError
from dispatch.events import chain_hash
from dispatch.store import care, rows, schema
from dispatch.store.engine import writing
from dispatch.types import UnitStatus
from tests.desks import StoreDesk, empty_database
from tests.postgres import DESKS
from tests.private_postgres import PrivatePostgres

events, head = schema.events, schema.chain_head
Attack = Callable[[Connection], object]


@pytest.fixture(params=DESKS[1:])
def desk(request: pytest.FixtureRequest, tables_folder: Path) -> Iterator[StoreDesk]:
    """A store with a day's work in it, whose guards an attacker has taken away."""

    def server() -> PrivatePostgres:
        found: PrivatePostgres = request.getfixturevalue("postgres_server")
        return found

    url = empty_database(request.param, tables_folder, server)
    opened = StoreDesk(url)
    _, incident_id = opened.unit_in(UnitStatus.ON_SCENE)
    opened.execute(TakeCall(caller_name="Pelapor", words="Ada asap."))
    opened.execute(AddNote(incident_id=incident_id, text="Warga membantu."))
    opened.execute(KeepRecommendation(incident_id=incident_id, document={"picks": ["AMB-1"]}))
    first = next(iter(opened.texts()))
    opened.execute(EraseTexts(text_ids=(first,), reason="expired"))
    assert care.verify(opened.engine).documents == 2
    with writing(opened.engine) as connection:
        if request.param == "postgresql":
            connection.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
        else:
            for name in ("update", "delete", "insert"):
                connection.execute(text(f"DROP TRIGGER events_append_only_{name}"))
    yield opened
    opened.close()
    if request.param == "postgresql":
        server().drop_database(url)


def all_events(connection: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(select(events).order_by(events.c.seq)).mappings()]


def put(connection: Connection, changed: list[dict[str, Any]]) -> None:
    connection.execute(delete(events))
    connection.execute(insert(events), changed)


def swap(connection: Connection) -> None:
    """Two neighbours change places, with their numbers."""
    found = all_events(connection)
    found[3]["seq"], found[4]["seq"] = found[4]["seq"], found[3]["seq"]
    put(connection, found)


def leave_out(connection: Connection) -> None:
    """One event is taken out, and those after it close the gap."""
    found = all_events(connection)
    del found[4]
    put(connection, [{**one, "seq": number} for number, one in enumerate(found, 1)])
    connection.execute(update(head).values(seq=len(found)))


def put_in(connection: Connection) -> None:
    """One event is put in between, with a hash of its own that is right."""
    found = all_events(connection)
    forged = {**found[4], "actor": "nobody"}
    found.insert(4, forged)
    for number, one in enumerate(found, 1):
        one["seq"] = number
    forged["hash"] = rehashed(forged, found[3]["hash"])["hash"]
    put(connection, found)
    connection.execute(update(head).values(seq=len(found)))


def alter_payload(connection: Connection) -> None:
    told = json.loads(connection.execute(select(events.c.payload).where(events.c.seq == 2)).scalar_one())
    told["unit"]["unit"]["agency"] = "damkar"
    connection.execute(update(events).where(events.c.seq == 2).values(payload=rows.canonical(told)))


def rehashed(row: dict[str, Any], before: str) -> dict[str, Any]:
    content = {key: value for key, value in row.items() if key not in ("hash", "prev_hash", "payload")}
    payload = json.loads(row["payload"])
    return {**row, "prev_hash": before, "hash": chain_hash(**content, payload=payload, prev_hash=before)}


def follow(row: dict[str, Any]) -> dict[str, Any]:
    """The same event once more, as the next, rightly hashed."""
    return rehashed({**row, "seq": row["seq"] + 1}, row["hash"])


def set_where(seq: int, **values: Any) -> Attack:
    return lambda connection: connection.execute(update(events).where(events.c.seq == seq).values(**values))


ATTACKS: dict[str, tuple[Attack, str]] = {
    "another actor": (set_where(3, actor="nobody"), "broken at event 3 of"),
    "another type": (set_where(3, type="incident.edited"), "broken at event 3 of"),
    "another incident": (set_where(3, incident_id="261124-999"), "broken at event 3 of"),
    "another unit": (set_where(2, unit_id=None), "broken at event 2 of"),
    "another call": (set_where(2, call_id="C261124-0001"), "broken at event 2 of"),
    "another hash": (set_where(3, hash="0" * 64), "broken at event 3 of"),
    "another hash before": (set_where(3, prev_hash="0" * 64), "broken at event 3 of"),
    "another payload": (alter_payload, "broken at event 2 of"),
    "no JSON": (set_where(2, payload="{"), "event after event 1 cannot be read"),
    "the same JSON, said twice": (
        lambda connection: connection.execute(
            text("""UPDATE events SET payload = '{"digest":"other",' || substr(payload, 2) WHERE seq = 1""")
        ),
        "event after event 0 cannot be read",
    ),
    "one event deleted": (
        lambda connection: connection.execute(delete(events).where(events.c.seq == 4)),
        "event 3 is followed by event 5",
    ),
    "the first deleted": (
        lambda connection: connection.execute(delete(events).where(events.c.seq == 1)),
        "event 0 is followed by event 2",
    ),
    "all deleted": (lambda connection: connection.execute(delete(events)), "ends at event 0, but its head says"),
    "one put before the first": (
        lambda connection: connection.execute(
            insert(events).values({**all_events(connection)[0], "seq": -1, "hash": "1" * 64})
        ),
        "event 0 is followed by event -1",
    ),
    "one put after the last": (
        lambda connection: connection.execute(insert(events).values(follow(all_events(connection)[-1]))),
        "but its head says",
    ),
    "two swapped": (swap, "broken at event 4 of"),
    "one left out, gap closed": (leave_out, "broken at event 5 of"),
    "one put in, rightly hashed": (put_in, "broken at event 6 of"),
    "another time": (
        lambda connection: connection.execute(
            update(events).where(events.c.seq == 5).values(
                server_time=select(events.c.server_time).where(events.c.seq == 1).scalar_subquery()
            )
        ),
        "broken at event 5 of",
    ),
    "a device's time taken away": (
        lambda connection: connection.execute(
            update(events).where(events.c.seq == 5).values(device_time=events.c.server_time)
        ),
        "broken at event 5 of",
    ),
    "another hash of the head": (
        lambda connection: connection.execute(update(head).values(hash="f" * 64)),
        "head of the log does not have the hash of its last event",
    ),
    "another number of the head": (
        lambda connection: connection.execute(update(head).values(seq=head.c.seq + 1)),
        "but its head says",
    ),
    "no head": (lambda connection: connection.execute(delete(head)), "head of the event log is missing"),
    "another text": (
        lambda connection: connection.execute(update(schema.private_texts).values(text="Tidak ada apa-apa.")),
        "is not the one that was written",
    ),
    "another salt": (
        lambda connection: connection.execute(update(schema.private_texts).values(salt="")),
        "is not the one that was written",
    ),
    "a text deleted": (
        lambda connection: connection.execute(delete(schema.private_texts)),
        "is gone, and no event erased it",
    ),
    "a text put in": (
        lambda connection: connection.execute(
            insert(schema.private_texts).values(text_id="new", field="words", text="Palsu.", salt="s")
        ),
        "The text new is not the one that was written",
    ),
    "another document": (
        lambda connection: connection.execute(update(schema.documents).values(body=zlib.compress(b'{"picks":[]}'))),
        "was altered",
    ),
    "a document cut off": (
        lambda connection: connection.execute(update(schema.documents).values(body=b"x")),
        "was altered",
    ),
    "a document deleted": (lambda connection: connection.execute(delete(schema.documents)), "is missing"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_found_and_told_in_one_sentence(desk: StoreDesk, attack: str) -> None:
    strike, sentence = ATTACKS[attack]
    with writing(desk.engine) as connection:
        strike(connection)
    with pytest.raises(ChainBrokenError) as caught:
        care.verify(desk.engine)
    said = str(caught.value)
    assert sentence in said
    assert said.endswith(".")
    assert "\n" not in said
    assert len(said) < 200


def test_the_same_text_under_another_id_is_found(desk: StoreDesk) -> None:
    with writing(desk.engine) as connection:
        connection.execute(update(schema.private_texts).values(text_id=schema.private_texts.c.text_id + "x"))
    with pytest.raises(ChainBrokenError):
        care.verify(desk.engine)


@pytest.mark.parametrize("cut", [1, 5])
def test_an_end_that_was_cut_off_is_found_by_whoever_noted_the_head(desk: StoreDesk, cut: int) -> None:
    seq, noted = desk.store.head()
    assert care.verify(desk.engine, expect=(seq, noted)).head == noted
    with writing(desk.engine) as connection:
        connection.execute(delete(schema.documents).where(schema.documents.c.digest != digest_of_first(connection)))
        connection.execute(delete(events).where(events.c.seq > seq - cut))
        left = all_events(connection)[-1]
        connection.execute(update(head).values(seq=left["seq"], hash=left["hash"]))
        kept = str([one["payload"] for one in all_events(connection)])
        for text_id in desk.texts():
            if text_id not in kept:
                connection.execute(delete(schema.private_texts).where(schema.private_texts.c.text_id == text_id))
        if cut == 5:
            connection.execute(delete(schema.private_texts))
    if cut == 1:
        # The erasure was cut off: the text it took is missed.
        with pytest.raises(ChainBrokenError, match="no event erased it"):
            care.verify(desk.engine)
    with pytest.raises(ChainBrokenError, match=rf"event {seq} was noted down: the end was cut off|no event erased"):
        care.verify(desk.engine, expect=(seq, noted))


def digest_of_first(connection: Connection) -> str:
    return str(json.loads(all_events(connection)[0]["payload"])["digest"])


def test_a_log_that_was_written_anew_is_found_only_by_whoever_noted_its_head(desk: StoreDesk) -> None:
    seq, noted = desk.store.head()
    with writing(desk.engine) as connection:
        before, anew = "0" * 64, []
        for row in all_events(connection):
            actor = "nobody" if row["seq"] == 3 else row["actor"]
            anew.append(rehashed({**row, "actor": actor}, before))
            before = anew[-1]["hash"]
        put(connection, anew)
        connection.execute(update(head).values(hash=before))
    assert care.verify(desk.engine).events == seq
    with pytest.raises(ChainBrokenError, match=f"Event {seq} is not the one that was noted down"):
        care.verify(desk.engine, expect=(seq, noted))


def test_a_table_that_says_otherwise_than_the_log_is_shown_with_both(desk: StoreDesk) -> None:
    with writing(desk.engine) as connection:
        connection.execute(update(schema.units).values(agency="damkar"))
        connection.execute(delete(schema.calls))
    care.verify(desk.engine)
    call, unit = sorted(care.differences(desk.engine), key=lambda one: one.kind)
    assert (call.kind, call.table, call.log is not None) == ("call", None, True)
    assert unit.table is not None
    assert unit.log is not None
    assert (unit.table["unit"]["agency"], unit.log["unit"]["agency"]) == ("damkar", "psc119")


def test_a_log_that_makes_no_sense_is_not_replayed(desk: StoreDesk) -> None:
    with writing(desk.engine) as connection:
        connection.execute(delete(events).where(events.c.seq == 2))
    with pytest.raises(ChainBrokenError, match=r"^Event \d+ cannot be replayed: it was altered; run `siaga112 audit"):
        care.differences(desk.engine)


def test_a_clean_log_verifies_event_by_event_and_tells_its_progress(desk: StoreDesk) -> None:
    told: list[tuple[int, int]] = []
    report = care.verify(desk.engine, progress=lambda done, total: told.append((done, total)))
    seq, noted = desk.store.head()
    assert (report.events, report.head, told[-1]) == (seq, noted, (seq, seq))
    assert (report.texts, report.erased_texts) == (2, 1)
