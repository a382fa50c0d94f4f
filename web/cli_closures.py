"""`siaga112 close`, `reopen` and `closures`: roads that no unit may drive for now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gis.errors import N_, InputError
from web.cli_centre import centre_options, local_time, opened
from web.cli_common import language_option, print_json

if TYPE_CHECKING:
    from dispatch.closures import Closure
    from web.centre import Centre
    from web.closing import NewClosure
    from web.i18n import Translator

_NEGATIVE_NUMBERS = {"ignore_unknown_options": True}
_REASONS: Final = ("flood", "accident", "roadworks", "bridge", "event", "other")
_BEARINGS: Final = {"N": 0.0, "NE": 45.0, "E": 90.0, "SE": 135.0, "S": 180.0, "SW": 225.0, "W": 270.0, "NW": 315.0}


@click.command("close", context_settings=_NEGATIVE_NUMBERS)
@click.option("--edge", "edges", type=int, multiple=True, help="Number of an edge; with the opposite direction.")
@click.option("--street", help="Name of a street, such as 'Jl. Tuparev'.")
@click.option("--near", help="Of the streets of that name, the one nearest to this place; with --radius only in it.")
@click.option("--within", help="Only the part in this village or kecamatan: its code or name.")
@click.option("--every", is_flag=True, help="All streets of that name.")
@click.option("--polygon", help="A file with a polygon as WKT or GeoJSON, or WKT itself: every road that touches it.")
@click.option("--at", help="Coordinates or words: all roads within --radius of it; without, the nearest road.")
@click.option("--radius", "radius_m", type=click.FloatRange(0), help="Metres.")
@click.option("--towards", help="Only the direction that leads N, NE, E, … or so many degrees from north.")
@click.option("--scenario", help="All closures of a scenario of the region; see siaga112 closures --scenarios.")
@click.option("--reason", type=click.Choice(_REASONS), help="Why; needed but with --scenario.")
@click.option("--note", help="What else there is to say.")
@click.option("--from", "starts_at", help="Local time, such as '2026-01-31 06:45', or with its zone; without: now.")
@click.option("--until", "ends_at", help="The same; without: until it is reopened.")
@click.option("--whole-region", is_flag=True, help="It is meant even where it closes more than half of all roads.")
@click.option("--dry-run", is_flag=True, help="Show what it would close and cut off; close nothing.")
@language_option
@centre_options
def close(
    edges: Sequence[int],
    street: str | None,
    near: str | None,
    within: str | None,
    every: bool,
    polygon: str | None,
    at: str | None,
    radius_m: float | None,
    towards: str | None,
    scenario: str | None,
    reason: str | None,
    note: str | None,
    starts_at: str | None,
    ends_at: str | None,
    whole_region: bool,
    dry_run: bool,
    lang: str,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """Close roads to all units, and say which villages that cuts off.

    \b
    siaga112 close --street "Jl. Raya Sumber" --within Sumber --reason roadworks --until "2026-12-01 06:00"
    siaga112 close --polygon banjir.geojson --reason flood --dry-run
    siaga112 close --at -6.76,108.48 --radius 300 --reason accident
    siaga112 close --scenario banjir_cisanggarung
    """
    from dataclasses import replace

    from dispatch.codec import dump, load
    from web.closing import NewClosure, closing_of
    from web.i18n import translator
    from web.scenarios import region_scenarios

    _ = translator(lang)
    with opened(database, region_folder) as centre:
        times = {"starts_at": _moment(centre, starts_at, "--from"), "ends_at": _moment(centre, ends_at, "--until")}
        wanted: list[NewClosure]
        if scenario is not None:
            if any((edges, street, near, within, every, polygon, at, radius_m is not None, towards, reason, note)):
                raise InputError(N_("A scenario says itself what is closed and why; give only its times with it."))
            wanted = [
                replace(one, starts_at=times["starts_at"] or one.starts_at, ends_at=times["ends_at"] or one.ends_at)
                for one in region_scenarios(centre.region).named(scenario).closures
            ]
        else:
            if reason is None:
                raise InputError(N_("Say why the road is closed, with --reason; one of {known}."),
                                 known=", ".join(_REASONS))  # fmt: skip
            place = near or at
            if street is not None and at is not None:
                raise InputError(N_("With --street, say where by --near or --within, not by --at."))
            finder = centre.desk.roads.finder
            fields: dict[str, Any] = {
                "reason": reason,
                "edges": _with_twins(finder, edges, towards) if edges else None,
                "street": street,
                "area_code": None if within is None else _area_code(centre, within),
                "every_part": every,
                "polygon": None if polygon is None else [dump(one) for one in _corners(polygon)],
                "location": None if place is None else dump(centre.desk.point(place)),
                "radius_m": radius_m,
                "bearing_deg": None if towards is None else _bearing(towards),
                "note": note,
                "whole_region": whole_region,
                **times,
            }
            wanted = [load(NewClosure, fields)]
        made = [closing_of(one, centre.desk, centre.roads, with_villages=dry_run) for one in wanted]
        if dry_run:
            _tell_dry_run(centre, made, _, as_json)
            return
        answers = [centre.execute(one.command, actor=actor) for one in made]
        told = [closure for answer in answers for closure in answer["closures"]]
        with centre.store.book() as book:
            cut_off = book.cut_off()
        if as_json:
            print_json(
                {"seq": answers[-1]["seq"], "closures": told, "cut_off": None if cut_off is None else dump(cut_off)}
            )
            return
        from dispatch.closures import Closure
        from web.wording_roads import closure_name, cut_off_text, length_text

        for one in (load(Closure, each) for each in told):
            length = length_text(one.edge_count, one.length_m, _)
            click.echo(f"{one.closure_id}: {closure_name(one, _)}. {length}")
        if cut_off is not None and (line := cut_off_text(cut_off.villages, _)):
            click.echo(line)


@click.command("reopen")
@click.argument("closure_ids", nargs=-1)
@click.option("--scenario", help="All closures of this scenario that are not over.")
@language_option
@centre_options
def reopen(
    closure_ids: Sequence[str],
    scenario: str | None,
    lang: str,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """Reopen what CLOSURE_IDS closed; a road that another closure closes too stays closed."""
    from dispatch.commands import ReopenRoad
    from dispatch.errors import UnknownIdError
    from web.cli_centre import carry_out

    if (scenario is None) == (not closure_ids):
        raise InputError(N_("Say what to reopen: ids of closures, or --scenario with its name."))
    with opened(database, region_folder) as centre:
        ids = list(closure_ids)
        if scenario is not None:
            with centre.store.book() as book:
                standing = book.closures_standing(centre.store.now())
            ids = [one.closure_id for one in standing if one.scenario == scenario]
            if not ids:
                raise InputError(N_("Nothing of the scenario “{name}” is closed."), name=scenario[:40])
        else:
            with centre.store.book() as book:
                for one in ids:
                    if book.closure(one) is None:  # said before any of the others is reopened
                        raise UnknownIdError(
                            N_("There is no {what} “{key}”; check its id."), what="closure", key=one[:64]
                        )
        answers = [carry_out(centre, ReopenRoad(closure_id=one), actor) for one in ids]
        told = [closure for answer in answers for closure in answer["closures"]]
        if as_json:
            print_json({"seq": answers[-1]["seq"], "closures": told})
            return
        from web.i18n import translator
        from web.wording_roads import closures_text, cut_off_text

        _ = translator(lang)
        for one in told:
            click.echo(_("{closure} reopened.").format(closure=one["closure_id"]))
        with centre.store.book() as book:
            cut_off = book.cut_off()
        for line in (
            closures_text(centre.desk.roads.state.closures, _) or _("No road is closed."),
            cut_off_text(() if cut_off is None else cut_off.villages, _),
        ):
            if line:
                click.echo(line)


@click.command("closures")
@click.option("--all", "everything", is_flag=True, help="Those that are over too.")
@click.option("--texts", is_flag=True, help="Also what was written about them: personal data.")
@click.option("--scenarios", is_flag=True, help="The scenarios of the region in place of its closures.")
@language_option
@centre_options
def closures(
    everything: bool,
    texts: bool,
    scenarios: bool,
    lang: str,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """List closed roads, and the villages that they cut off."""
    from dispatch.codec import dump
    from dispatch.store import queries
    from web.i18n import translator
    from web.scenarios import region_scenarios
    from web.terminal import table
    from web.wording_roads import cut_off_text

    _ = translator(lang)
    with opened(database, region_folder) as centre:
        if scenarios:
            known = region_scenarios(centre.region).scenarios
            if as_json:
                print_json([{"name": one.name, "title": one.title, "closures": len(one.closures)} for one in known])
            else:
                click.echo(
                    table(["scenario", "closures", "what"], [[o.name, str(len(o.closures)), o.title] for o in known])
                )
            return
        now = centre.store.now()
        with centre.store.book() as book:
            found = queries.closures(book.connection, now, over=everything)
            cut_off = book.cut_off()
        notes = centre.store.texts([one.note.text_id for one in found if one.note]) if texts else {}
        if as_json:
            print_json(
                {
                    "closures": [
                        {**dump(one), "in_force": one.is_in_force(now), **_said(one, notes, texts)} for one in found
                    ],
                    "cut_off": None if cut_off is None else dump(cut_off),
                }
            )
            return
        rows = [
            [
                one.closure_id,
                _state(centre, one, now, _),
                *_what(one, _),
                "-" if one.ends_at is None else local_time(centre, one.ends_at),
                one.author,
                *([_said(one, notes, texts)["note_text"] or "-"] if texts else []),
            ]
            for one in found
        ]
        head = ["closure", _("state"), _("reason"), _("streets"), _("until"), _("by")]
        click.echo(table([*head, *(["note"] if texts else [])], rows))
        line = cut_off_text(() if cut_off is None else cut_off.villages, _)
        if line:
            click.echo(line)


CLOSURE_COMMANDS = (close, reopen, closures)


# --- parts -------------------------------------------------------------------------------------------------------


def _tell_dry_run(centre: Centre, made: Sequence[Any], _: Translator, as_json: bool) -> None:
    from dispatch.codec import dump
    from web.wording_roads import cut_off_text, length_text, named

    if as_json:
        print_json(
            [
                {
                    "edges": one.edges.tolist(),
                    "length_m": one.command.length_m,
                    "streets": list(one.command.streets),
                    "villages": [dump(each) for each in one.villages],
                    "people": one.people,
                }
                for one in made
            ]
        )
        return
    for one in made:
        streets = named(one.command.streets, _) or _("nameless roads")
        click.echo(f"{streets}: {length_text(len(one.edges), one.command.length_m, _)}")
        click.echo(cut_off_text(one.villages, _) or _("Nobody is cut off."))


def _moment(centre: Centre, text: str | None, option: str) -> datetime | None:
    """A time as typed: with its zone, or on the clocks of the centre."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=centre.store.timezone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # in UTC some times of the years 1 and 9999 are none
        raise InputError(
            N_("{option}: “{text}” is no time; write for example 2026-01-31 06:45."), option=option, text=text[:40]
        ) from None


def _bearing(text: str) -> float:
    known = _BEARINGS.get(text.strip().upper())
    if known is not None:
        return known
    try:
        bearing = float(text)
    except ValueError:
        bearing = -1.0
    if not 0 <= bearing <= 360:
        raise InputError(
            N_("“{text}” is no direction; write one of {known}, or degrees from north."),
            text=text[:20],
            known=", ".join(_BEARINGS),
        )
    return bearing


def _with_twins(finder: Any, edges: Sequence[int], towards: str | None) -> list[int]:
    chosen = finder.by_number(edges)
    found: list[int] = (chosen if towards is not None else finder.both_ways(chosen)).tolist()
    return found


def _corners(text: str) -> tuple[Any, ...]:
    from web.closing import ring_of

    if text.lstrip().upper().startswith(("POLYGON", "MULTIPOLYGON")):
        return ring_of(text, source="--polygon")
    path = Path(text)
    try:
        return ring_of(path.read_text(encoding="utf-8-sig"), source=str(path))
    except UnicodeDecodeError:
        raise InputError(N_("{source} is neither WKT nor GeoJSON of a polygon."), source=str(path)) from None


def _area_code(centre: Centre, text: str) -> str:
    area = centre.desk.resolve(text).area
    if area is None:
        raise InputError(N_("“{text}” is no village or kecamatan; give its name or code."), text=text[:40])
    return area.code


def _state(centre: Centre, one: Closure, now: datetime, _: Translator) -> str:
    if one.reopened_at is not None:
        return _("reopened {time}").format(time=local_time(centre, one.reopened_at))
    if one.is_over(now):
        return _("over")
    if one.is_in_force(now):
        return _("closed since {time}").format(time=local_time(centre, one.starts_at))
    return _("from {time}").format(time=local_time(centre, one.starts_at))


def _what(one: Closure, _: Translator) -> list[str]:
    from web.wording_roads import named, reason_name

    return [reason_name(one.reason, _), named(one.streets, _) or "-"]


def _said(one: Closure, notes: dict[str, str], texts: bool) -> dict[str, str | None]:
    return {"note_text": notes.get(one.note.text_id) if one.note else None} if texts else {}
