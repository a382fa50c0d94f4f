"""The centre from a terminal: calls, incidents, units, assignments, statuses, and the care of the database.

These commands work on the database itself, beside a running server or without one. What callers said of themselves is
shown only by `--texts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gis.errors import InputError
from web.cli_common import json_option, open_desk, print_json, progress_bar, region_option

if TYPE_CHECKING:
    from dispatch.commands import Command
    from web.centre import Centre

ACTOR_VARIABLE = "SIAGA112_ACTOR"
_NEGATIVE_NUMBERS = {"ignore_unknown_options": True}


def centre_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --db, --actor, --region and --json to a command."""
    for option in (
        json_option,
        region_option,
        click.option("--actor", envvar=ACTOR_VARIABLE, default="terminal", show_default=True, help="Who acts."),
        click.option("--db", "database", help="Database; default $SIAGA112_DB, else a file of your own."),
    ):
        command = option(command)
    return command


@contextmanager
def opened(database: str | None, region_folder: Path | None) -> Iterator[Centre]:
    """The centre of a database and a region; let go of at the end."""
    from web.centre import Centre
    from web.running import database_url, open_store

    desk = open_desk(region_folder)
    store = open_store(database_url(database, desk.region.name), desk)
    try:
        centre = Centre(store, desk)
        centre.prepare()
        desk.follow(centre.plain_units)
        yield centre
    finally:
        store.engine.dispose()


def carry_out(centre: Centre, command: Command, actor: str) -> dict[str, Any]:
    """Carry out a command as typed: its fields are checked as those of a request are."""
    from dispatch.codec import dump, load

    return centre.execute(load(type(command), dump(command)), actor=actor)


# --- calls -------------------------------------------------------------------------------------------------------


@click.group()
def call() -> None:
    """Calls: take, type, link, end, list."""


@call.command("take")
@click.option("--channel", default="phone", show_default=True, help="phone, whatsapp, app, radio, walk_in, …")
@click.option("--type", "call_type", default="normal", show_default=True, help="normal, ghost, prank, …")
@click.option("--name", help="The caller's name.")
@click.option("--number", help="The caller's number.")
@click.option("--words", help="What the caller said.")
@click.option("--incident", help="The incident it belongs to.")
@centre_options
def call_take(
    channel: str,
    call_type: str,
    name: str | None,
    number: str | None,
    words: str | None,
    incident: str | None,
    **common: Any,
) -> None:
    """Take a call."""
    from dispatch.commands import TakeCall

    _run(
        TakeCall,
        {"channel": channel, "call_type": call_type, "caller_name": name, "caller_number": number, "words": words,
         "incident_id": incident},
        **common,
    )  # fmt: skip


@call.command("type")
@click.argument("call_id")
@click.argument("call_type")
@centre_options
def call_type_(call_id: str, call_type: str, **common: Any) -> None:
    """Say what CALL_ID turned out to be: normal, ghost, prank, information, duplicate or test."""
    from dispatch.commands import TypeCall

    _run(TypeCall, {"call_id": call_id, "call_type": call_type}, **common)


@call.command("link")
@click.argument("call_id")
@click.argument("incident_id", required=False)
@centre_options
def call_link(call_id: str, incident_id: str | None, **common: Any) -> None:
    """Put CALL_ID to INCIDENT_ID, or to none."""
    from dispatch.commands import LinkCall

    _run(LinkCall, {"call_id": call_id, "incident_id": incident_id}, **common)


@call.command("end")
@click.argument("call_id")
@centre_options
def call_end(call_id: str, **common: Any) -> None:
    """End CALL_ID."""
    from dispatch.commands import EndCall

    _run(EndCall, {"call_id": call_id}, **common)


@call.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@centre_options
def call_list(limit: int, database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """List the newest calls."""
    from dispatch.codec import dump
    from dispatch.store import queries
    from web.terminal import table

    with opened(database, region_folder) as centre, centre.store.book() as book:
        found = queries.calls(book.connection, limit=limit).items
        if as_json:
            print_json([dump(one) for one in found])
            return
        rows = [
            [one.call_id, _local(centre, one.received_at), one.channel.value, one.call_type.value,
             one.incident_id or "-"]
            for one in found
        ]  # fmt: skip
        click.echo(table(["call", "received", "channel", "type", "incident"], rows))


# --- incidents ---------------------------------------------------------------------------------------------------


@click.group()
def incident() -> None:
    """Incidents: open, locate, show, close and all between."""


@incident.command("open", context_settings=_NEGATIVE_NUMBERS)
@click.option("--category", required=True, help="Of the directory, such as fire; see siaga112 directory show.")
@click.option("--severity", default="high", show_default=True, help="critical, high, moderate or low")
@click.option("--at", help="Coordinates, words, or the code of a village or kecamatan; without it: not known yet.")
@click.option("--call", "call_id", help="The call that reported it.")
@click.option("--note", help="Something to write down.")
@click.option("--exercise", is_flag=True, help="A drill, nothing real.")
@centre_options
def incident_open(
    category: str,
    severity: str,
    at: str | None,
    call_id: str | None,
    note: str | None,
    exercise: bool,
    **common: Any,
) -> None:
    """Open an incident."""
    from dispatch.commands import OpenIncident

    fields = {"category": category, "severity": severity, "call_id": call_id, "note": note, "exercise": exercise}
    _run(OpenIncident, fields, at=at, **common)


@incident.command("locate", context_settings=_NEGATIVE_NUMBERS)
@click.argument("incident_id")
@click.argument("at")
@centre_options
def incident_locate(incident_id: str, at: str, **common: Any) -> None:
    """Say where INCIDENT_ID is: coordinates, words, or an area code."""
    from dispatch.commands import LocateIncident

    _run(LocateIncident, {"incident_id": incident_id}, at=at, **common)


@incident.command("edit")
@click.argument("incident_id")
@click.option("--category")
@click.option("--severity")
@centre_options
def incident_edit(incident_id: str, category: str | None, severity: str | None, **common: Any) -> None:
    """Change category or severity of INCIDENT_ID."""
    from dispatch.commands import EditIncident

    _run(EditIncident, {"incident_id": incident_id, "category": category, "severity": severity}, **common)


@incident.command("note")
@click.argument("incident_id")
@click.argument("text")
@centre_options
def incident_note(incident_id: str, text: str, **common: Any) -> None:
    """Write a note to INCIDENT_ID."""
    from dispatch.commands import AddNote

    _run(AddNote, {"incident_id": incident_id, "text": text}, **common)


@incident.command("alarm")
@click.argument("incident_id")
@centre_options
def incident_alarm(incident_id: str, **common: Any) -> None:
    """Raise INCIDENT_ID to the next alarm level of its run card."""
    from dispatch.commands import RaiseAlarm

    _run(RaiseAlarm, {"incident_id": incident_id}, **common)


@incident.command("move")
@click.argument("incident_id")
@click.argument("status")
@centre_options
def incident_move(incident_id: str, status: str, **common: Any) -> None:
    """Move INCIDENT_ID by hand: under_control, on_scene or reopened."""
    from dispatch.commands import MoveIncident

    _run(MoveIncident, {"incident_id": incident_id, "status": status}, **common)


@incident.command("close")
@click.argument("incident_id")
@click.option("--disposition", required=True, help="How it ended; see siaga112 directory show.")
@click.option("--release-units", is_flag=True, help="Free the units that are still bound to it.")
@click.option("--note", help="Something to write down.")
@centre_options
def incident_close(incident_id: str, disposition: str, release_units: bool, note: str | None, **common: Any) -> None:
    """Close INCIDENT_ID."""
    from dispatch.commands import CloseIncident

    fields = {"incident_id": incident_id, "disposition": disposition, "release_units": release_units, "note": note}
    _run(CloseIncident, fields, **common)


@incident.command("cancel")
@click.argument("incident_id")
@click.option("--reason", required=True)
@centre_options
def incident_cancel(incident_id: str, reason: str, **common: Any) -> None:
    """Call INCIDENT_ID off."""
    from dispatch.commands import CancelIncident

    _run(CancelIncident, {"incident_id": incident_id, "reason": reason}, **common)


@incident.command("merge")
@click.argument("incident_id")
@click.argument("into")
@centre_options
def incident_merge(incident_id: str, into: str, **common: Any) -> None:
    """Say that INCIDENT_ID is the same as INTO."""
    from dispatch.commands import MergeIncident

    _run(MergeIncident, {"incident_id": incident_id, "into": into}, **common)


@incident.command("list")
@click.option("--all", "everything", is_flag=True, help="Closed and cancelled ones too.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@centre_options
def incident_list(
    everything: bool, limit: int, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """List the newest incidents."""
    from dispatch.codec import dump
    from dispatch.store import queries
    from web.terminal import table

    with opened(database, region_folder) as centre, centre.store.book() as book:
        found = queries.incidents(book.connection, limit=limit, only_open=not everything).items
        if as_json:
            print_json([dump(one) for one in found])
            return
        rows = [
            [one.incident_id, _local(centre, one.received_at), one.category, one.severity.value, one.status.value,
             one.location.label or one.location.village_code or one.location.kecamatan_code or one.location.kind.value]
            for one in found
        ]  # fmt: skip
        click.echo(table(["incident", "received", "category", "severity", "status", "where"], rows))


@incident.command("recommend")
@click.argument("incident_id")
@click.option("--assign", is_flag=True, help="Give the recommended units that are free the incident.")
@centre_options
def incident_recommend(
    incident_id: str, assign: bool, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Recommend units for INCIDENT_ID, and keep the recommendation with its inputs."""
    from dispatch.codec import dump
    from dispatch.commands import AssignUnits
    from web.terminal import table
    from web.wording import duration

    with opened(database, region_folder) as centre:
        recommendation_id, made = centre.recommend(incident_id, actor=actor)
        free = tuple(pick.unit_id for pick in made.response.picks if pick.is_free)
        if assign and free:
            command = AssignUnits(incident_id=incident_id, unit_ids=free, recommendation_id=recommendation_id)
            carry_out(centre, command, actor)
        if as_json:
            print_json({"recommendation_id": recommendation_id, "recommendation": dump(made)})
            return
        from web.i18n import translator

        _ = translator("en")
        rows = [
            [
                str(one.rank),
                one.unit.unit_id,
                one.unit.kind,
                duration(one.arrival_s, _),
                str(one.straight_rank),
                "-" if one.cover is None else f"{one.cover.lost:,.0f}",
                "send" if one.chosen_for is not None else "",
            ]
            for answer in made.answers
            for one in answer.candidates[:5]
        ]
        click.echo(table(["rank", "unit", "kind", "arrives in", "straight", "cover lost", ""], rows))
        for answer in made.answers:
            for lack in answer.shortfalls:
                kind = answer.requirement.kind
                click.echo(f"lacking {kind}: {lack.kind.value} ({lack.found} of {lack.wanted})")
        if assign:
            click.echo(f"assigned: {', '.join(free) or 'none was free'}")


@incident.command("show")
@click.argument("incident_id")
@click.option("--texts", is_flag=True, help="Also what callers said and notes: personal data.")
@centre_options
def incident_show(
    incident_id: str, texts: bool, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Tell the whole story of INCIDENT_ID."""
    from dispatch.codec import dump
    from dispatch.errors import UnknownIdError
    from web.story import story_lines, story_texts

    with opened(database, region_folder) as centre:
        with centre.store.book() as book:
            found = book.incident(incident_id)
            calls = book.calls_of(incident_id)
            assignments = book.assignments_of(incident_id)
        if found is None:
            raise UnknownIdError("There is no incident “{key}”; check its id.", key=incident_id[:64])
        linked = [event for one in calls for event in centre.store.events_after(0, call_id=one.call_id)]
        own = centre.store.events_after(0, limit=100_000, incident_id=incident_id)
        events = sorted({one.seq: one for one in [*linked, *own]}.values(), key=lambda one: one.seq)
        said = story_texts(centre, found, calls) if texts else None
        if as_json:
            print_json(
                {
                    "incident": dump(found),
                    "calls": [dump(one) for one in calls],
                    "assignments": [dump(one) for one in assignments],
                    "events": [dump(one) for one in events],
                    "texts": said,
                }
            )
            return
        click.echo("\n".join(story_lines(found, assignments, events, centre.store.timezone, said)))


# --- units -------------------------------------------------------------------------------------------------------


@click.group()
def unit() -> None:
    """Units: add, edit, recall, list, and the devices that send their positions."""


@unit.command("add", context_settings=_NEGATIVE_NUMBERS)
@click.argument("unit_id")
@click.option("--kind", required=True)
@click.option("--agency", required=True)
@click.option("--at", required=True, help="Where it stands: coordinates or words.")
@click.option("--capability", "capabilities", multiple=True)
@click.option("--station")
@centre_options
def unit_add(
    unit_id: str,
    kind: str,
    agency: str,
    at: str,
    capabilities: Sequence[str],
    station: str | None,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """Add UNIT_ID to the fleet."""
    from dispatch.codec import dump, load
    from dispatch.commands import RegisterUnit
    from dispatch.vocabulary import normalised, unit_kind

    with opened(database, region_folder) as centre:
        fields = {
            "unit_id": unit_id,
            "kind": unit_kind(kind),
            "agency": agency,
            "location": dump(centre.desk.point(at)),
            "capabilities": [normalised(one) for one in capabilities],
            "station": station,
        }
        _print(centre.execute(load(RegisterUnit, fields), actor=actor), as_json)


@unit.command("edit")
@click.argument("unit_id")
@click.option("--kind")
@click.option("--agency")
@click.option("--station")
@click.option("--on-duty/--off-duty", default=None)
@click.option("--retire", is_flag=True, help="It is no longer part of the fleet.")
@centre_options
def unit_edit(
    unit_id: str,
    kind: str | None,
    agency: str | None,
    station: str | None,
    on_duty: bool | None,
    retire: bool,
    **common: Any,
) -> None:
    """Change what UNIT_ID is."""
    from dispatch.commands import EditUnit

    fields = {"unit_id": unit_id, "kind": kind, "agency": agency, "station": station, "on_duty": on_duty,
              "retired": retire or None}  # fmt: skip
    _run(EditUnit, fields, **common)


@unit.command("recall")
@click.argument("unit_id")
@click.option("--reason", required=True)
@centre_options
def unit_recall(unit_id: str, reason: str, **common: Any) -> None:
    """Take UNIT_ID back from its incident."""
    from dispatch.commands import RecallUnit

    _run(RecallUnit, {"unit_id": unit_id, "reason": reason}, **common)


@unit.command("device")
@click.argument("unit_id")
@click.option("--label", default="device", show_default=True, help="What to call the device.")
@centre_options
def unit_device(
    unit_id: str, label: str, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Let a device send positions of UNIT_ID; its token is shown this once."""
    with opened(database, region_folder) as centre:
        token, answer = centre.register_device(unit_id, label, actor=actor)
        if as_json:
            print_json({**answer, "token": token})
        else:
            click.echo(token)


@unit.command("list")
@centre_options
def unit_list(database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """List the fleet."""
    from dispatch.codec import dump
    from dispatch.store import queries
    from web.terminal import table

    with opened(database, region_folder) as centre:
        states = centre.units()
        with centre.store.book() as book:
            active = queries.active_assignments(book.connection)
        if as_json:
            print_json([dump(one) for one in states])
            return
        rows = [
            [
                one.unit.unit_id,
                one.unit.kind,
                one.unit.agency,
                one.unit.status.value + ("" if one.on_duty else " (off duty)"),
                active[one.unit.unit_id].incident_id if one.unit.unit_id in active else "-",
                f"{one.unit.location.lat:.5f},{one.unit.location.lon:.5f}",
            ]
            for one in states
        ]
        click.echo(table(["unit", "kind", "agency", "status", "incident", "position"], rows))


@click.command("assign")
@click.argument("incident_id")
@click.argument("unit_ids", nargs=-1, required=True)
@click.option("--divert", is_flag=True, help="Take units from incidents that they have not reached yet.")
@click.option("--override-reason", help="Why another unit than the recommended one, or one that is off duty.")
@centre_options
def assign(incident_id: str, unit_ids: Sequence[str], divert: bool, override_reason: str | None, **common: Any) -> None:
    """Give UNIT_IDS to INCIDENT_ID, all or none."""
    from dispatch.commands import AssignUnits

    fields = {"incident_id": incident_id, "unit_ids": list(unit_ids), "divert": divert,
              "override_reason": override_reason}  # fmt: skip
    _run(AssignUnits, fields, **common)


@click.command("status")
@click.argument("unit_id")
@click.argument("status")
@click.option("--time", "device_time", help="When it happened, with its zone, such as 2026-01-31T06:45:00+07:00.")
@click.option("--free-in", type=click.IntRange(1, 1440), help="Minutes until it expects to be free.")
@click.option("--hospital", help="Where it takes a patient.")
@centre_options
def status_(
    unit_id: str, status: str, device_time: str | None, free_in: int | None, hospital: str | None, **common: Any
) -> None:
    """Report the STATUS of UNIT_ID, such as en_route, on_scene, transporting, at_hospital, returning or available."""
    from dispatch.commands import ReportStatus
    from dispatch.store.store import utc_now

    free_at = None if free_in is None else (utc_now() + timedelta(minutes=free_in)).isoformat()
    fields = {"unit_id": unit_id, "status": status, "device_time": device_time, "free_at": free_at,
              "hospital": hospital}  # fmt: skip
    _run(ReportStatus, fields, **common)


# --- the database ------------------------------------------------------------------------------------------------


@click.group()
def audit() -> None:
    """The event log: is it whole."""


@audit.command("verify")
@click.option("--expect", help="SEQ:HASH, as an earlier verify printed it: it must still be in the log.")
@centre_options
def audit_verify(
    expect: str | None, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Verify the chain of the event log, the personal texts and the documents that it refers to."""
    from dataclasses import asdict

    from dispatch.store import care

    wanted = _expected(expect)
    with _engine(database, region_folder) as engine, _counted("verifying") as progress:
        report = care.verify(engine, expect=wanted, progress=progress)
    if as_json:
        print_json(asdict(report))
        return
    click.echo(
        f"{report.events} events, {report.texts} texts ({report.erased_texts} erased), {report.documents} documents: "
        f"whole\nkeep this outside the machine: {report.events}:{report.head}"
    )


@click.command("replay")
@centre_options
def replay(database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """Make all records anew from the event log and compare them with the tables."""
    from dataclasses import asdict

    from dispatch.store import care

    with _engine(database, region_folder) as engine, _counted("replaying") as progress:
        found = care.differences(engine, progress)
    if as_json:
        print_json({"differences": [asdict(one) for one in found]})
    elif not found:
        click.echo("the tables say what the log says")
    for one in () if as_json else found:
        click.echo(f"{one.kind} {one.key}: the table says {one.table}, the log says {one.log}")
    if found:
        raise SystemExit(1)


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--positions", is_flag=True, help="Also the history of positions, which is large.")
@centre_options
def backup(
    target: Path, positions: bool, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Write the whole database to the file TARGET, while others go on working. It holds personal data."""
    from dispatch.store.backup import backup as write
    from dispatch.store.store import utc_now

    with _engine(database, region_folder) as engine, _counted("backing up") as progress:
        report = write(engine, target, now=utc_now(), positions=positions, progress=progress)
    if as_json:
        print_json({"file": str(target), "seq": report.seq, "head": report.head, "rows": report.rows})
    else:
        click.echo(f"{target}: {sum(report.rows.values())} rows, up to event {report.seq}:{report.head}")


@click.command("restore")
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@centre_options
def restore(source: Path, database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """Put the backup SOURCE into an empty database, of either kind, and verify it."""
    from dispatch.store.backup import restore as put_back

    with _engine(database, region_folder) as engine, _counted("restoring") as progress:
        report = put_back(engine, source, progress=progress)
    if as_json:
        print_json({"file": str(source), "seq": report.seq, "head": report.head, "rows": report.rows})
    else:
        click.echo(f"{sum(report.rows.values())} rows, up to event {report.seq}: whole")


@click.group("db")
def database_group() -> None:
    """The database's tables."""


@database_group.command("upgrade")
@centre_options
def db_upgrade(database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """Make the tables, or bring those of an older version up to date. Take a backup first."""
    from dispatch.store import migrate

    with _engine(database, region_folder, ready=False) as engine:
        before, after = migrate.upgrade(engine)
    if as_json:
        print_json({"before": before, "after": after})
    else:
        click.echo(f"version {after}" + ("" if before == after else f" (before: {before or 'empty'})"))


COMMANDS = (call, incident, unit, assign, status_, audit, replay, backup, restore, database_group)


# --- parts -------------------------------------------------------------------------------------------------------


def _run(
    kind: type,
    fields: dict[str, Any],
    *,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
    at: str | None = None,
) -> None:
    from dispatch.codec import load

    with opened(database, region_folder) as centre:
        given = {name: value for name, value in fields.items() if value is not None or name == "incident_id"}
        if at is not None:
            given["location"] = _location(centre, at)
        command: Any = load(kind, {name: value for name, value in given.items() if _is_field(kind, name)})
        _print(centre.execute(command, actor=actor), as_json)


def _is_field(kind: type, name: str) -> bool:
    return name in getattr(kind, "__dataclass_fields__", {})


def _location(centre: Centre, at: str) -> dict[str, Any]:
    """What was typed as a location of an incident, and on standard error what else it may mean."""
    from web.incident_location import incident_location

    location, alternatives = incident_location(centre.desk, at)
    if alternatives:
        click.echo(f"also possible: {'; '.join(alternatives)}", err=True)
    return location


def _print(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    for one in answer.get("calls", []):
        click.echo(f"call {one['call_id']}: {one['call_type']}" + _suffix(one["incident_id"], ", incident "))
    for one in answer.get("incidents", []):
        click.echo(f"incident {one['incident_id']}: {one['category']}, {one['severity']}, {one['status']}")
    for one in answer.get("assignments", []):
        ended = "" if one["end"] is None else f", {one['end']}"
        click.echo(f"assignment {one['assignment_id']}: {one['unit_id']}{ended}")
    for one in answer.get("units", []):
        click.echo(f"unit {one['unit']['unit_id']}: {one['unit']['status']}")


def _suffix(value: str | None, before: str) -> str:
    return "" if value is None else before + value


def _local(centre: Centre, moment: datetime) -> str:
    return moment.astimezone(centre.store.timezone).strftime("%Y-%m-%d %H:%M:%S")


def _expected(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    seq, _, head = text.partition(":")
    if not (seq.isascii() and seq.isdigit() and len(head) == 64):
        raise InputError("--expect must be SEQ:HASH, as siaga112 audit verify prints it.")
    return int(seq), head


@contextmanager
def _engine(database: str | None, region_folder: Path | None, *, ready: bool = True) -> Iterator[Any]:
    import os

    from dispatch.store.engine import open_engine
    from dispatch.store.migrate import ensure_tables
    from web.running import DATABASE_VARIABLE, database_url

    named = database or os.environ.get(DATABASE_VARIABLE, "").strip()
    engine = open_engine(named or database_url(None, open_desk(region_folder).region.name))
    try:
        if ready:
            ensure_tables(engine)
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _counted(description: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar that is told how many are done, of how many."""
    with progress_bar(description) as advance:
        done = 0

        def tell(now: int, total: int) -> None:
            nonlocal done
            advance(now - done)
            done = now

        yield tell
