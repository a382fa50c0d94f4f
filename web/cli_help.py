"""Help for the call taker from a terminal: duplicates, ghost calls, what is due, neighbours, erasure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gis.errors import N_, InputError
from web.cli_centre import call, carry_out, centre_options, opened, typed_location
from web.cli_common import language_option, print_json
from web.cli_incident_others import incident

if TYPE_CHECKING:
    from dispatch.duplicates import DuplicateCandidate
    from dispatch.incidents import Call
    from web.centre import Centre

__all__ = ["incident"]

MOST_TEXTS: Final = 1000
"""Texts that one command erases."""


@call.command("duplicates", context_settings={"ignore_unknown_options": True})
@click.argument("call_id", required=False)
@click.option(
    "--at", help="Coordinates, words, or the code of a village or kecamatan; default: as its incident has it."
)
@click.option("--category", help="Of the directory, such as fire; default: as its incident has it.")
@click.option("--exercise", is_flag=True, help="Look among drills.")
@language_option
@centre_options
def call_duplicates(
    call_id: str | None,
    at: str | None,
    category: str | None,
    exercise: bool,
    lang: str,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """List open incidents that CALL_ID, or a call of now, may belong to, with the parts of each score."""
    from dispatch.codec import load
    from dispatch.incidents import UNKNOWN_LOCATION, IncidentLocation

    if call_id is None and at is None and category is None:
        raise InputError(N_("Name a call, or give --at or --category: there is nothing to compare."))
    with opened(database, region_folder) as centre:
        directory = centre.store.directory()
        if category is not None and directory.category(category) is None:
            known = ", ".join(one.category_id for one in directory.categories)
            message = N_("There is no category “{category}”; use one of {known}.")
            raise InputError(message, category=category[:40], known=known)
        found = None if call_id is None else _call(centre, call_id)
        with centre.store.book() as book:
            own = None if found is None or found.incident_id is None else book.incident(found.incident_id)
        location = UNKNOWN_LOCATION if own is None else own.location
        candidates = centre.duplicates(
            location if at is None else load(IncidentLocation, typed_location(centre, at)),
            category or (None if own is None else own.category),
            centre.store.now() if found is None else found.received_at,
            exercise=exercise or (own is not None and own.exercise),
        )
    _show_duplicates([one for one in candidates if own is None or one.incident_id != own.incident_id], lang, as_json)


@incident.command("duplicates")
@click.argument("incident_id")
@language_option
@centre_options
def incident_duplicates(
    incident_id: str, lang: str, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """List other open incidents that INCIDENT_ID may be the same as, with the parts of each score."""
    from web.exports import case_of

    with opened(database, region_folder) as centre:
        own = case_of(centre, incident_id).incident
        found = centre.duplicates(own.location, own.category, own.received_at, exercise=own.exercise)
    _show_duplicates([one for one in found if one.incident_id != incident_id], lang, as_json)


@call.command("ghost")
@click.argument("call_id")
@language_option
@centre_options
def call_ghost(
    call_id: str, lang: str, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Tell how often the number of CALL_ID called for nothing before, and by which rules."""
    from dispatch.codec import dump
    from web.i18n import translator
    from web.wording_help import ghost_lines

    with opened(database, region_folder) as centre:
        found, score = _call(centre, call_id), centre.ghost(call_id)
    if as_json:
        print_json(dump(score))
    else:
        click.echo("\n".join(ghost_lines(score, translator(lang), has_number=found.number_hash is not None)))


@incident.command("timers")
@click.argument("incident_id", required=False)
@click.option("--overdue", is_flag=True, help="Only what should have happened by now.")
@language_option
@centre_options
def incident_timers(
    incident_id: str | None,
    overdue: bool,
    lang: str,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """List what INCIDENT_ID, or every open incident, waits for, the soonest first."""
    from dispatch.codec import dump
    from web.i18n import translator
    from web.wording_help import timer_table

    with opened(database, region_folder) as centre:
        timers = centre.running_timers() if incident_id is None else centre.timers(incident_id)
        shown = [one for one in timers if one.overdue or not overdue]
        if as_json:
            print_json({"timers": [dump(one) for one in shown]})
            return
        _ = translator(lang)
        if shown:
            click.echo(timer_table(shown, centre.store.timezone, _))
        else:
            click.echo(_("Nothing is overdue.") if overdue else _("Nothing is waited for."))


@incident.command("border")
@click.argument("incident_id")
@language_option
@centre_options
def incident_border(
    incident_id: str, lang: str, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Tell how near the region's edge INCIDENT_ID is, and which neighbouring centres to call."""
    from dispatch.codec import dump
    from web.i18n import translator
    from web.wording_help import border_lines

    with opened(database, region_folder) as centre:
        found = centre.border(incident_id)
    if as_json:
        print_json(dump(found))
    else:
        click.echo("\n".join(border_lines(found, translator(lang))))


@call.command("erase-texts")
@click.argument("call_id")
@click.option("--reason", required=True, help="Why; it stays in the log, with --actor.")
@language_option
@centre_options
def call_erase_texts(
    call_id: str, reason: str, lang: str, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Erase name, number and words of the caller of CALL_ID for good; the log keeps that they were erased."""
    with opened(database, region_folder) as centre:
        found = _call(centre, call_id)
        refs = [one.text_id for one in (found.name, found.number, found.words) if one is not None]
        _erase(centre, refs, reason, actor, lang, as_json)


@incident.command("erase-texts")
@click.argument("incident_id")
@click.option("--reason", required=True, help="Why; it stays in the log, with --actor.")
@language_option
@centre_options
def incident_erase_texts(
    incident_id: str,
    reason: str,
    lang: str,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """Erase the notes of INCIDENT_ID and what its callers said for good; the log keeps that they were erased."""
    from web.exports import case_of
    from web.story import story_texts

    with opened(database, region_folder) as centre:
        case = case_of(centre, incident_id)
        _erase(centre, list(story_texts(centre, case.incident, case.calls)), reason, actor, lang, as_json)


# --- parts -------------------------------------------------------------------------------------------------------


def _call(centre: Centre, call_id: str) -> Call:
    from dispatch.errors import UnknownIdError

    with centre.store.book() as book:
        found = book.call(call_id)
    if found is None:
        raise UnknownIdError(N_("There is no call “{key}”; check its id."), key=call_id[:64])
    return found


def _erase(centre: Centre, text_ids: Sequence[str], reason: str, actor: str, lang: str, as_json: bool) -> None:
    """Erase those texts that are still there, and say how many."""
    from dispatch.accounts import check_no_number
    from dispatch.commands import EraseTexts
    from web.i18n import translator

    check_no_number(reason)
    there = sorted(centre.store.texts(list(text_ids)))
    if not there:
        raise InputError(N_("No personal text is left here; there is nothing to erase."))
    for first in range(0, len(there), MOST_TEXTS):
        carry_out(centre, EraseTexts(text_ids=tuple(there[first : first + MOST_TEXTS]), reason=reason), actor)
    if as_json:
        print_json({"erased": there})
        return
    _ = translator(lang)
    click.echo(_.ngettext("{n} text was erased.", "{n} texts were erased.", len(there)).format(n=len(there)))


def _show_duplicates(candidates: Sequence[DuplicateCandidate], lang: str, as_json: bool) -> None:
    from dispatch.codec import dump
    from web.i18n import translator
    from web.wording_help import duplicate_table

    if as_json:
        print_json({"candidates": [dump(one) for one in candidates]})
    else:
        _ = translator(lang)
        click.echo(duplicate_table(candidates, _) if candidates else _("No open incident is like it."))
