"""`siaga112 learn`: what the trips that were driven say of speeds, and the decision to believe them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gis.errors import N_, InputError, SourceError
from web.cli_centre import centre_options, opened, to_ask
from web.cli_common import language_option, print_json, progress_bar

if TYPE_CHECKING:
    from datetime import tzinfo

DEFAULT_DAYS = 90
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST_REPORT = 20_000_000
"""Bytes; a report of a region with a hundred kecamatan has a few hundred thousand."""


@click.group()
def learn() -> None:
    """Speeds as they are driven: report, adopt, withdraw, show."""


@learn.command("report")
@click.option("--since", help=f"First day, such as 2026-01-01; default {DEFAULT_DAYS} days before the last.")
@click.option("--until", help="Last day; default today.")
@click.option("--out", type=click.Path(path_type=Path), help="File for the report, as `learn adopt` reads it.")
@language_option
@centre_options
def learn_report(
    since: str | None,
    until: str | None,
    out: Path | None,
    lang: str,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """Learn speeds from trips, from dispatch to arrival on scene; nothing changes.

    \b
    siaga112 learn report --since 2026-01-01 --out speeds.json
    siaga112 learn adopt speeds.json --reason "first quarter, 412 trips"
    """
    from gis.files import write_text_atomically
    from routing.learning import TooFewTripsError, report_json
    from web.i18n import translator
    from web.learnt_speeds import learning_report, told
    from web.wording_learning import excluded_text, report_text

    _ = translator(lang)
    with to_ask(database, region_folder) as centre:
        start, end = _span(since, until, centre.store.timezone, centre.store.now())
        try:
            with progress_bar(_("reading trips")) as advance:
                described = report_json(learning_report(centre, start, end, advance))
        except TooFewTripsError as error:
            raise TooFewTripsError(error.used, error.excluded, excluded_text(error.excluded, _)) from None
        shown = report_text(told(centre, described, _), _)
    if out is not None:
        write_text_atomically(out, json.dumps(described, ensure_ascii=False, allow_nan=False) + "\n")
    if as_json:
        print_json(described)
        return
    click.echo(shown)
    if out is not None:
        click.echo("\n" + _("The report is in {file}.").format(file=out))


@learn.command("adopt")
@click.argument("report", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--reason", required=True, help="Why, for the log.")
@language_option
@centre_options
def learn_adopt(
    report: Path,
    reason: str,
    lang: str,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """Put the factors of the file REPORT in force; the log keeps who, when, why and the whole report."""
    from dispatch.commands import AdoptSpeeds
    from web.cli_centre import carry_out
    from web.i18n import translator

    _ = translator(lang)
    described = _read(report)
    with opened(database, region_folder) as centre:
        answer = carry_out(centre, AdoptSpeeds(report=described, reason=reason), actor)
        held = centre.speeds.state
        assert held is not None, "what was adopted is in force"
        if as_json:
            print_json({**answer, "digest": held.held.digest})
        else:
            click.echo(_("In force from now on: {digest}").format(digest=held.held.digest))


@learn.command("withdraw")
@click.option("--reason", required=True, help="Why, for the log.")
@language_option
@centre_options
def learn_withdraw(
    reason: str, lang: str, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Let the speeds of region.toml count again."""
    from dispatch.commands import WithdrawSpeeds
    from web.cli_centre import carry_out
    from web.i18n import translator

    _ = translator(lang)
    with opened(database, region_folder) as centre:
        answer = carry_out(centre, WithdrawSpeeds(reason=reason), actor)
    if as_json:
        print_json(answer)
    else:
        click.echo(_("The speeds of region.toml count again."))


@learn.command("show")
@language_option
@centre_options
def learn_show(lang: str, database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """Show the learnt speeds that are in force."""
    from dispatch.codec import dump
    from web.i18n import translator
    from web.learnt_speeds import told
    from web.wording_learning import in_force_text, report_text

    _ = translator(lang)
    with to_ask(database, region_folder) as centre:
        state = centre.speeds.state
        document = None if state is None else centre.store.document(state.held.digest)
        if as_json:
            print_json({"in_force": None if state is None else dump(state.held), "report": document})
            return
        click.echo(in_force_text(None if state is None else state.held, centre.store.timezone, _))
        if state is not None and document is not None:
            click.echo(_("Digest: {digest}").format(digest=state.held.digest) + "\n")
            click.echo(report_text(told(centre, document, _), _))


# --- what was typed ----------------------------------------------------------------------------------------------


def _read(path: Path) -> dict[str, Any]:
    """A report of a file, looked at for no more than being a JSON object with factors."""
    unfit = SourceError(
        N_("{file} is no report of learnt speeds; make it with `siaga112 learn report --out`."), file=path
    )
    try:
        if path.stat().st_size > LARGEST_REPORT:
            raise SourceError(
                N_("{file} is too large for a report of learnt speeds; name a file of `learn report --out`."), file=path
            )
        described = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SourceError(
            N_("There is no file {file}; make it with `siaga112 learn report --out {file}`."), file=path
        ) from None
    except SourceError:
        raise
    except (OSError, ValueError):
        raise unfit from None
    if not isinstance(described, dict) or not isinstance(described.get("factors"), dict):
        raise unfit
    return described


def _span(since: str | None, until: str | None, timezone: tzinfo, now: datetime) -> tuple[datetime, datetime]:
    """From the first moment of one day to the last of another, on the clocks of the centre."""
    end = now if until is None else _day(until, "--until", timezone, after=1)
    start = max(end - timedelta(days=DEFAULT_DAYS), FIRST) if since is None else _day(since, "--since", timezone)
    if start >= end:
        raise InputError(N_("--since lies after --until; turn them round."))
    return start, end


def _day(text: str, option: str, timezone: tzinfo, *, after: int = 0) -> datetime:
    """The moment at which a day begins, or one so many days later."""
    try:
        begun = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone)
        return (begun + timedelta(days=after)).astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last days that datetime has are none in UTC
        raise InputError(N_("{option} is {text}; write a day as 2026-01-31."), option=option, text=text[:20]) from None
