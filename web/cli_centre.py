"""The centre from a terminal: calls, incidents, units, assignments, statuses, and the care of the database.

These commands work on the database itself, beside a running server or without one. What callers said of themselves is
shown masked by `--texts`, and as it is with a `--reason`, which the log keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from web.cli_common import json_option, open_desk, print_json, region_option

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
    from web.databases import database_url
    from web.running import open_store

    desk = open_desk(region_folder)
    store = open_store(database_url(database, desk.region.name), desk)
    try:
        centre = Centre(store, desk)
        centre.prepare()
        desk.follow(centre.plain_units)
        yield centre
    finally:
        store.engine.dispose()


@contextmanager
def to_ask(database: str | None, region_folder: Path | None) -> Iterator[Centre]:
    """The centre of a database that is there, for questions alone; let go of at the end."""
    from web.databases import database_url
    from web.running import centre_to_ask

    desk = open_desk(region_folder)
    centre = centre_to_ask(database_url(database, desk.region.name), desk)
    try:
        yield centre
    finally:
        centre.store.engine.dispose()


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

    run_command(
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

    run_command(TypeCall, {"call_id": call_id, "call_type": call_type}, **common)


@call.command("link")
@click.argument("call_id")
@click.argument("incident_id", required=False)
@centre_options
def call_link(call_id: str, incident_id: str | None, **common: Any) -> None:
    """Put CALL_ID to INCIDENT_ID, or to none."""
    from dispatch.commands import LinkCall

    run_command(LinkCall, {"call_id": call_id, "incident_id": incident_id}, **common)


@call.command("end")
@click.argument("call_id")
@centre_options
def call_end(call_id: str, **common: Any) -> None:
    """End CALL_ID."""
    from dispatch.commands import EndCall

    run_command(EndCall, {"call_id": call_id}, **common)


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
            [one.call_id, local_time(centre, one.received_at), one.channel.value, one.call_type.value,
             one.incident_id or "-"]
            for one in found
        ]  # fmt: skip
        click.echo(table(["call", "received", "channel", "type", "incident"], rows))


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
        print_answer(centre.execute(load(RegisterUnit, fields), actor=actor), as_json)


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
    run_command(EditUnit, fields, **common)


@unit.command("recall")
@click.argument("unit_id")
@click.option("--reason", required=True)
@centre_options
def unit_recall(unit_id: str, reason: str, **common: Any) -> None:
    """Take UNIT_ID back from its incident."""
    from dispatch.commands import RecallUnit

    run_command(RecallUnit, {"unit_id": unit_id, "reason": reason}, **common)


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
    run_command(AssignUnits, fields, **common)


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
    run_command(ReportStatus, fields, **common)


COMMANDS = (call, unit, assign, status_)


# --- parts -------------------------------------------------------------------------------------------------------


def run_command(
    kind: type,
    fields: dict[str, Any],
    *,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
    at: str | None = None,
) -> None:
    """Carry out a command from the fields that were typed; `at` becomes its location."""
    from dispatch.codec import load

    with opened(database, region_folder) as centre:
        given = {name: value for name, value in fields.items() if value is not None or name == "incident_id"}
        if at is not None:
            given["location"] = typed_location(centre, at)
        command: Any = load(kind, {name: value for name, value in given.items() if _is_field(kind, name)})
        print_answer(centre.execute(command, actor=actor), as_json)


def _is_field(kind: type, name: str) -> bool:
    return name in getattr(kind, "__dataclass_fields__", {})


def typed_location(centre: Centre, at: str) -> dict[str, Any]:
    """What was typed as a location of an incident, and on standard error what else it may mean."""
    from web.incident_location import incident_location

    location, alternatives = incident_location(centre.desk, at)
    if alternatives:
        click.echo(f"also possible: {'; '.join(alternatives)}", err=True)
    return location


def print_answer(answer: dict[str, Any], as_json: bool) -> None:
    """The records of an answer, a line each."""
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
    for one in answer.get("closures", []):
        click.echo(f"closure {one['closure_id']}: {one['reason']}" + _suffix(one["reopened_at"], ", reopened at "))
    for one in answer.get("units", []):
        click.echo(f"unit {one['unit']['unit_id']}: {one['unit']['status']}")
    for one in answer.get("verifications", []):
        click.echo(f"verification {one['verification_id']}: {one['answer'] or 'asked'}")
    for one in answer.get("handovers", []):
        click.echo(f"handover {one['handover_id']}: {one['neighbour']}" + _suffix(one["reference"], ", received as "))


def _suffix(value: str | None, before: str) -> str:
    return "" if value is None else before + value


def local_time(centre: Centre, moment: datetime) -> str:
    """A moment on the clocks of the centre."""
    return moment.astimezone(centre.store.timezone).strftime("%Y-%m-%d %H:%M:%S")
