"""What leaves the centre, from a terminal: incidents as tables, CAP and EIDO-style messages, the monthly report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gis.errors import N_, InputError, SourceError
from web.cli_centre import to_ask
from web.cli_common import language_option, region_option

if TYPE_CHECKING:
    from dispatch.exports_mapping import ReportMapping
    from web.centre import Centre

BYTE_ORDER_MARK = "\ufeff"
"""Spreadsheets take a CSV file without it for another encoding."""


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --db and --region."""
    database = click.option("--db", "database", help="Database; default $SIAGA112_DB, else a file of your own.")
    return database(region_option(command))


def out_option(needed: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --out to a command."""
    told = "The file to write." if needed else "The file to write; without it, the terminal."
    return click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=needed, help=told)


@click.group("export")
def export() -> None:
    """What leaves the centre: nothing in it says who called or what anybody wrote."""


@export.command("incidents")
@click.option(
    "--level",
    type=click.Choice(["public", "agency", "internal"]),
    default="public",
    show_default=True,
    help="Who may read it.",
)
@click.option("--format", "form", type=click.Choice(["csv", "geojson"]), default="csv", show_default=True)
@click.option("--since", help="First reported then or later, such as 2026-01-01T00:00:00+07:00.")
@click.option("--until", help="First reported before then.")
@out_option(needed=True)
@language_option
@_options
def export_incidents(
    level: str,
    form: str,
    since: str | None,
    until: str | None,
    out: Path,
    lang: str,
    database: str | None,
    region_folder: Path | None,
) -> None:
    """Write incidents to a file.

    \b
    siaga112 export incidents --level agency --format geojson --out incidents.geojson
    """
    from dispatch.exports_common import PrivacyLevel
    from dispatch.exports_incidents import incidents_csv, incidents_geojson
    from gis.files import write_text_atomically
    from web.exports import incident_table

    start, end = time_option("--since", since), time_option("--until", until)
    if start is not None and end is not None and end <= start:
        raise InputError(N_("--until must be later than --since; correct one of them."))
    with to_ask(database, region_folder) as centre:
        found = incident_table(centre, level=PrivacyLevel(level), since=start, until=end, lang=lang)
        notice = centre.region.notice
    if form == "csv":
        write_text_atomically(out, BYTE_ORDER_MARK + incidents_csv(found, notice=notice))
    else:
        write_text_atomically(out, incidents_geojson(found, notice=notice) + "\n")
    left_out = "; what is too rare to be shown was left out" if found.suppressed else ""
    click.echo(f"{out}: {len(found.rows)} incidents, {level}{left_out}")


@export.command("cap")
@click.argument("incident_id")
@click.option(
    "--scope", type=click.Choice(["public", "restricted"]), default="restricted", show_default=True, help="For whom."
)
@out_option(needed=False)
@_options
def export_cap(
    incident_id: str, scope: str, out: Path | None, database: str | None, region_folder: Path | None
) -> None:
    """Write INCIDENT_ID as a draft of a CAP 1.2 alert. Nothing is sent."""
    from dispatch.incidents import CapScope
    from web.exports import cap_draft

    with to_ask(database, region_folder) as centre:
        write_out(out, cap_draft(centre, incident_id, CapScope(scope.capitalize())).decode())


@export.command("eido")
@click.argument("incident_id")
@out_option(needed=False)
@language_option
@_options
def export_eido(
    incident_id: str, out: Path | None, lang: str, database: str | None, region_folder: Path | None
) -> None:
    """Write INCIDENT_ID as EIDO-style JSON."""
    from web.exports import eido_text

    with to_ask(database, region_folder) as centre:
        write_out(out, eido_text(centre, incident_id, lang))


@click.group("report")
def report() -> None:
    """Reports of the centre's work."""


@report.command("monthly")
@click.option("--month", "months", multiple=True, required=True, help="Local month, such as 2026-01; repeatable.")
@click.option(
    "--mapping",
    type=click.Path(path_type=Path, dir_okay=False),
    help="TOML with the columns; default: those of siaga112 report mapping.",
)
@out_option(needed=True)
@_options
def report_monthly(
    months: Sequence[str], mapping: Path | None, out: Path, database: str | None, region_folder: Path | None
) -> None:
    """Write the monthly report as CSV.

    \b
    siaga112 report monthly --month 2026-10 --mapping columns.toml --out report.csv
    """
    from dispatch.exports_mapping import check_mapping
    from dispatch.exports_ministry import report_csv
    from gis.files import write_text_atomically
    from web.exports import monthly_table

    columns = _mapping(mapping)
    with to_ask(database, region_folder) as centre:
        if mapping is not None:
            check_mapping(columns, centre.store.directory(), source=str(mapping))
        made = monthly_table(centre, tuple(dict.fromkeys(months)), columns)
        notice = centre.region.notice
    write_text_atomically(out, BYTE_ORDER_MARK + report_csv(made, notice=notice))
    click.echo(f"{out}: {len(made.rows)} rows, {len(made.titles)} columns")


@report.command("mapping")
@out_option(needed=False)
def report_mapping(out: Path | None) -> None:
    """Write the default columns of the monthly report, to be given the official titles."""
    from dispatch.exports_mapping import DEFAULT_TOML

    write_out(out, DEFAULT_TOML)


EXPORT_COMMANDS = (export, report)


def time_option(option: str, text: str | None) -> datetime | None:
    """A time as typed, or None.

    Raises
    ------
    InputError
        It is none, or has no zone.
    """
    from dispatch.commands import parse_time

    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError:
        raise InputError(
            N_("{option} must be a time with its zone, such as 2026-01-31T06:45:00+07:00."), option=option
        ) from None


def check_category(centre: Centre, category: str | None) -> None:
    """Refuse a category that the directory has not.

    Raises
    ------
    InputError
        It has it not.
    """
    if category is not None and category not in {one.category_id for one in centre.store.directory().categories}:
        raise InputError(
            N_("The directory has no category “{category}”; see 'siaga112 directory show'."), category=category[:40]
        )


def _mapping(file: Path | None) -> ReportMapping:
    from dispatch.exports_mapping import DEFAULT_TOML, read_mapping

    if file is None:
        return read_mapping(DEFAULT_TOML, source="the default columns")
    try:
        return read_mapping(file.read_text(encoding="utf-8-sig"), source=str(file))
    except UnicodeDecodeError:
        raise SourceError(f"{file} is not UTF-8 text; save it as UTF-8.") from None


def write_out(out: Path | None, text: str) -> None:
    """A text to its file, whose name is told, or to the terminal."""
    from gis.files import write_text_atomically

    whole = text if text.endswith("\n") else text + "\n"
    if out is None:
        click.echo(whole, nl=False)
    else:
        write_text_atomically(out, whole)
        click.echo(f"{out}")
