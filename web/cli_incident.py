"""`siaga112 incident`: open, locate, recommend, show, close and all between."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from web.cli_centre import carry_out, centre_options, local_time, opened, print_answer, run_command
from web.cli_common import language_option, print_json

if TYPE_CHECKING:
    from dispatch.recommendation import Recommendation
    from web.i18n import Translator

SHOWN: Final = 5
"""Candidates of a requirement that a terminal shows; JSON has all."""
_NEGATIVE_NUMBERS = {"ignore_unknown_options": True}


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
    run_command(OpenIncident, fields, at=at, **common)


@incident.command("locate", context_settings=_NEGATIVE_NUMBERS)
@click.argument("incident_id")
@click.argument("at")
@centre_options
def incident_locate(incident_id: str, at: str, **common: Any) -> None:
    """Say where INCIDENT_ID is: coordinates, words, or an area code."""
    from dispatch.commands import LocateIncident

    run_command(LocateIncident, {"incident_id": incident_id}, at=at, **common)


@incident.command("edit")
@click.argument("incident_id")
@click.option("--category")
@click.option("--severity")
@centre_options
def incident_edit(incident_id: str, category: str | None, severity: str | None, **common: Any) -> None:
    """Change category or severity of INCIDENT_ID."""
    from dispatch.commands import EditIncident

    run_command(EditIncident, {"incident_id": incident_id, "category": category, "severity": severity}, **common)


@incident.command("note")
@click.argument("incident_id")
@click.argument("text")
@centre_options
def incident_note(incident_id: str, text: str, **common: Any) -> None:
    """Write a note to INCIDENT_ID."""
    from dispatch.commands import AddNote

    run_command(AddNote, {"incident_id": incident_id, "text": text}, **common)


@incident.command("alarm")
@click.argument("incident_id")
@centre_options
def incident_alarm(incident_id: str, **common: Any) -> None:
    """Raise INCIDENT_ID to the next alarm level of its run card."""
    from dispatch.commands import RaiseAlarm

    run_command(RaiseAlarm, {"incident_id": incident_id}, **common)


@incident.command("move")
@click.argument("incident_id")
@click.argument("status")
@centre_options
def incident_move(incident_id: str, status: str, **common: Any) -> None:
    """Move INCIDENT_ID by hand: under_control, on_scene or reopened."""
    from dispatch.commands import MoveIncident

    run_command(MoveIncident, {"incident_id": incident_id, "status": status}, **common)


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
    run_command(CloseIncident, fields, **common)


@incident.command("cancel")
@click.argument("incident_id")
@click.option("--reason", required=True)
@centre_options
def incident_cancel(incident_id: str, reason: str, **common: Any) -> None:
    """Call INCIDENT_ID off."""
    from dispatch.commands import CancelIncident

    run_command(CancelIncident, {"incident_id": incident_id, "reason": reason}, **common)


@incident.command("merge")
@click.argument("incident_id")
@click.argument("into")
@centre_options
def incident_merge(incident_id: str, into: str, **common: Any) -> None:
    """Say that INCIDENT_ID is the same as INTO."""
    from dispatch.commands import MergeIncident

    run_command(MergeIncident, {"incident_id": incident_id, "into": into}, **common)


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
            [one.incident_id, local_time(centre, one.received_at), one.category, one.severity.value, one.status.value,
             one.location.label or one.location.village_code or one.location.kecamatan_code or one.location.kind.value]
            for one in found
        ]  # fmt: skip
        click.echo(table(["incident", "received", "category", "severity", "status", "where"], rows))


@incident.command("recommend")
@click.argument("incident_id")
@click.option("--assign", "assigns", is_flag=True, help="Give the recommended units that are free the incident.")
@language_option
@centre_options
def incident_recommend(
    incident_id: str,
    assigns: bool,
    lang: str,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """Recommend units for INCIDENT_ID, and keep the recommendation with its inputs."""
    from dispatch.codec import dump
    from dispatch.commands import AssignUnits
    from web.i18n import translator
    from web.wording_recommendation import recommendation_text

    with opened(database, region_folder) as centre:
        recommendation_id, made = centre.recommend(incident_id, actor=actor)
        free = tuple(pick.unit_id for pick in made.response.picks if pick.is_free)
        answer: dict[str, Any] = {}
        if assigns and free:
            command = AssignUnits(incident_id=incident_id, unit_ids=free, recommendation_id=recommendation_id)
            answer = carry_out(centre, command, actor)
        if as_json:
            print_json({"recommendation_id": recommendation_id, "recommendation": dump(made), "assigned": answer})
            return
        words = translator(lang)
        click.echo("\n".join([recommendation_text(made, words), *_lacking(made, words)]))
        click.echo(_candidates(made, words))
        click.echo(recommendation_id)
        print_answer(answer, as_json=False)


@incident.command("why")
@click.argument("recommendation_id")
@click.argument("unit_id")
@language_option
@centre_options
def incident_why(
    recommendation_id: str,
    unit_id: str,
    lang: str,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """Tell why RECOMMENDATION_ID sends UNIT_ID, or does not; and whether its inputs still give the same."""
    from dispatch.recommend import recommend_from, why
    from web.i18n import translator
    from web.wording_recommendation import why_json, why_text

    with opened(database, region_folder) as centre:
        made, inputs = centre.stored_recommendation(recommendation_id)
    reason, words = why(made, unit_id), translator(lang)
    again = recommend_from(inputs) == made
    if as_json:
        print_json({**why_json(reason, words), "text": why_text(made, reason, words), "computed_again": again})
        return
    click.echo(why_text(made, reason, words))
    if not again:
        click.echo("computed again from its inputs, the recommendation is another: look at the database.", err=True)


@incident.command("joint")
@language_option
@centre_options
def incident_joint(lang: str, database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """Assign all waiting incidents at once, beside first come, first served; nothing is changed."""
    from web.i18n import translator
    from web.wording_recommendation import joint_json, joint_text

    with opened(database, region_folder) as centre:
        found = centre.joint()
    if as_json:
        print_json(joint_json(found, translator(lang)))
    else:
        click.echo(joint_text(found, translator(lang)))


@incident.command("show")
@click.argument("incident_id")
@click.option("--texts", is_flag=True, help="Also what callers said and notes, masked.")
@click.option("--reason", help="Why you need the texts unmasked; it stays in the log, with --actor.")
@centre_options
def incident_show(
    incident_id: str,
    texts: bool,
    reason: str | None,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """Tell the whole story of INCIDENT_ID."""
    from dispatch.codec import dump
    from dispatch.commands import UnmaskTexts
    from dispatch.errors import UnknownIdError
    from web.story import story_lines, story_texts

    with opened(database, region_folder) as centre:
        if reason is not None:
            centre.execute(UnmaskTexts(incident_id=incident_id, reason=reason), actor=actor)
        with centre.store.book() as book:
            found = book.incident(incident_id)
            calls = book.calls_of(incident_id)
            assignments = book.assignments_of(incident_id)
        if found is None:
            raise UnknownIdError("There is no incident “{key}”; check its id.", key=incident_id[:64])
        linked = [event for one in calls for event in centre.store.events_after(0, call_id=one.call_id)]
        own = centre.store.events_after(0, limit=100_000, incident_id=incident_id)
        events = sorted({one.seq: one for one in [*linked, *own]}.values(), key=lambda one: one.seq)
        said = story_texts(centre, found, calls, masked=reason is None) if texts or reason else None
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


def _lacking(made: Recommendation, _: Translator) -> list[str]:
    """What is lacking, a sentence each; where nobody can be sent, also why not for the first units of the kind."""
    from web.wording import exclusion_text, shortfall_text

    lines = []
    for answer in made.answers:
        lines += [shortfall_text(one, _) for one in answer.shortfalls]
        if not answer.candidates:
            lines += [f"  {one.unit.unit_id}: {exclusion_text(one, _)}" for one in answer.excluded[:SHOWN]]
    return lines


def _candidates(made: Recommendation, _: Translator) -> str:
    """The first candidates of every requirement, with straight-line rank and cost of cover beside the rank."""
    from web.terminal import table
    from web.wording import duration, kind_name

    rows = [
        [
            _("send") if one.chosen_for is not None else "",
            str(one.rank),
            one.unit.unit_id,
            kind_name(one.unit.kind, _),
            duration(one.arrival_s, _),
            str(one.straight_rank),
            "-" if one.cover is None else f"{one.cover.lost:.0f}",
        ]
        for answer in made.answers
        for one in answer.candidates[:SHOWN]
    ]
    head = ["", _("Rank"), _("Unit"), _("Kind"), _("Arrives in"), _("Straight"), _("People uncovered")]
    return table(head, rows, right=(1, 5, 6))
