"""Hot spots from a terminal: where and when incidents gather, beyond chance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gis.errors import N_, InputError
from web.cli_common import json_option, language_option, print_json, progress_bar, region_option
from web.cli_coverage import OUT
from web.cli_exports import check_category, time_option

if TYPE_CHECKING:
    from web.plans import Planner

HOT, COLD, NEITHER = "#b2182b", "#2166ac", "#e8e8e8"
BANDWIDTH_M: Final = 1500.0
GRID: Final = 80
SHOWN: Final = 15


@click.command()
@click.option("--category", help="Only incidents of this category of the directory.")
@click.option("--since", help="First reported then or later, such as 2026-01-01T00:00:00+07:00.")
@click.option("--until", help="First reported before then.")
@click.option(
    "--bandwidth", "bandwidth_m", type=float, default=BANDWIDTH_M, show_default=True, help="Of the density, m."
)
@click.option("--suppress", "least", type=click.IntRange(1), default=5, show_default=True,
              help="Counts below this are not told; 1 tells all.")  # fmt: skip
@click.option("--csv", "csv_file", type=OUT, help="Write every village to a CSV file.")
@click.option("--density", "density_file", type=OUT, help="Write the kernel density, a row per cell, to a CSV file.")
@click.option("--png", "png_file", type=OUT, help="Save a map of hot and cold villages as a picture.")
@click.option("--db", "database", help="Database; default $SIAGA112_DB, else a file of your own.")
@language_option
@json_option
@region_option
def hotspots(
    category: str | None, since: str | None, until: str | None, bandwidth_m: float, least: int, csv_file: Path | None,
    density_file: Path | None, png_file: Path | None, database: str | None, lang: str, as_json: bool,
    region_folder: Path | None,
) -> None:  # fmt: skip
    """Tell the villages where incidents gather beyond chance, and the hours, from the log.

    \b
    siaga112 hotspots --since 2026-01-01T00:00:00+07:00 --category fire --png titik-rawan.png
    """
    from web.i18n import translator
    from web.plan_hotspots import density_rows, hotspots_of
    from web.plan_words import hotspots_text
    from web.plans import Planner

    start, end = time_option("--since", since), time_option("--until", until)
    if start is not None and end is not None and end <= start:
        raise InputError(N_("--until must be later than --since; correct one of them."))
    from web.cli_centre import to_ask
    from web.exports import incident_cases

    with to_ask(database, region_folder) as centre:
        check_category(centre, category)
        cases = incident_cases(centre, start, end)
        planner, timezone = Planner(centre.region), centre.store.timezone
    with progress_bar("looking for hot spots", total=1) as advance:
        found, answer = hotspots_of(planner, cases, timezone, category=category, least=least)
        advance(1)
    if csv_file is not None:
        from web.plan_files import write_rows

        columns = tuple(answer["villages"][0])
        # Small counts are withheld; an empty cell could be read as none.
        withheld = f"<{answer['suppressed_below']}"
        rows = [
            [withheld if name == "incidents" and value is None else value for name, value in one.items()]
            for one in answer["villages"]
        ]
        write_rows(csv_file, columns, rows, planner.region.notice)
    if density_file is not None:
        from web.plan_files import write_rows

        cells = density_rows(planner, cases, category=category, bandwidth_m=bandwidth_m, cells=GRID)
        write_rows(density_file, ("lat", "lon", "per_km2"), cells, planner.region.notice)
    if png_file is not None:
        _picture(planner, found, png_file, lang)
    if as_json:
        print_json(answer)
    else:
        click.echo(hotspots_text(answer, translator(lang), SHOWN))


def _picture(planner: Planner, found: Any, path: Path, lang: str) -> None:
    from web.i18n import translator
    from web.plots import area_map, write_picture

    _ = translator(lang)
    colours = {
        area.code: HOT if found.hot[number] else COLD if found.cold[number] else NEITHER
        for number, area in enumerate(planner.demand.villages)
    }
    legend = [(HOT, _("more than by chance")), (COLD, _("fewer than by chance")), (NEITHER, _("as by chance"))]
    title = _("Hot spots (Gi*, at most one false discovery in twenty)")
    write_picture(path, area_map(planner, colours, (), title=title, legend=legend))
