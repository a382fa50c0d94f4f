"""What the commands share: options, JSON, the opened desk, progress."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gis.errors import SiagaError
from web.regions import REGION_VARIABLE, open_region

if TYPE_CHECKING:
    from web.service import Desk

LANGUAGE_VARIABLE = "SIAGA112_LANG"
LANGUAGE_OF_CONTEXT = "siaga112.language"


def region_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --region to a command."""
    return click.option(
        "--region",
        "region_folder",
        type=click.Path(path_type=Path),
        help=f"Region folder; default ${REGION_VARIABLE}, else the demonstration region.",
    )(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --json to a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def language_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --lang to a command; its errors are in that language as well."""
    return click.option(
        "--lang",
        is_eager=True,
        callback=_remember_language,
        type=click.Choice(["id", "en"]),
        default="id",
        envvar=LANGUAGE_VARIABLE,
        show_default=True,
        help=f"Language of the answer; also ${LANGUAGE_VARIABLE}.",
    )(command)


def _remember_language(context: click.Context, _: click.Parameter, language: str) -> str:
    context.meta[LANGUAGE_OF_CONTEXT] = language
    return language


def sentence_of(error: SiagaError, context: click.Context) -> str:
    """An error in the language of the command; commands without one speak English."""
    from web.i18n import SOURCE_LANGUAGE, translator
    from web.wording_errors import error_text

    return error_text(error, translator(context.meta.get(LANGUAGE_OF_CONTEXT, SOURCE_LANGUAGE)))


def usage_sentence(error: click.UsageError, context: click.Context) -> str | None:
    """A command typed wrongly, in the language of the command; None where click says it in English."""
    from web.i18n import SOURCE_LANGUAGE, translator
    from web.wording_usage import usage_text

    language = context.meta.get(LANGUAGE_OF_CONTEXT, SOURCE_LANGUAGE)
    return None if language == SOURCE_LANGUAGE else usage_text(error, translator(language))


def print_json(value: Any) -> None:
    """One JSON document; NaN and infinity are defects and refused."""
    click.echo(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2))


def print_json_line(value: Any) -> None:
    """One JSON document on one line."""
    click.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))


def open_desk(region_folder: Path | None, units: Path | None = None) -> Desk:
    """Open the chosen region; with its notice on standard error where it is the demonstration."""
    from web.service import Desk

    region = open_region(region_folder)
    if region.notice:
        click.echo(region.notice, err=True)
    return Desk(region, units_file=units)


def database_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --db to a command that asks the region alone without it."""
    return click.option(
        "--db",
        "database",
        help="Database of a centre: its closed roads, learnt speeds and units count; without, the region alone.",
    )(command)


@contextmanager
def asked_desk(database: str | None, region_folder: Path | None, units: Path | None, lang: str) -> Iterator[Desk]:
    """The chosen region as the centre of a database knows it; changes nothing there.

    Without a database the region answers alone; where the user's own centre may have closed roads, that is said.
    """
    from web.databases import own_database

    desk = open_desk(region_folder, units)
    if database is None:
        own = own_database(desk.region.name)
        if own is not None:
            from web.i18n import translator

            _ = translator(lang)
            said = _("Asked of the region alone: closed roads and learnt speeds of {database} count with --db.")
            click.echo(f"siaga112: {said.format(database=own)}", err=True)
        yield desk
        return
    from web.running import centre_to_ask

    centre = centre_to_ask(database, desk)
    try:
        if units is None:
            desk.follow(centre.plain_units)
        yield desk
    finally:
        centre.store.engine.dispose()


def terminal_width() -> int | None:
    """Characters of a line of the terminal; None where something else reads the answer, which gets lines whole."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


@contextmanager
def progress_bar(description: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, shown only on a terminal and only after half a second."""
    from tqdm import tqdm

    with tqdm(desc=description, total=total, disable=None, delay=0.5, leave=False, unit_scale=True) as bar:

        def advance(count: int) -> None:
            bar.update(count)

        yield advance
