"""Printable reports from a terminal: HTML or PDF by the name of the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gis.errors import N_, InputError
from web.cli_common import json_option, language_option, print_json, progress_bar, region_option
from web.cli_coverage import OUT, WhatIf, planned, post_options, road_options, standard_options, the_standard
from web.cli_exports import check_category, time_option

if TYPE_CHECKING:
    from routing.region import Region
    from web.report_parts import Report

_NEGATIVE_NUMBERS = {"ignore_unknown_options": True}


@click.command("coverage", context_settings=_NEGATIVE_NUMBERS)
@standard_options
@click.option("--share", type=float, default=0.9, show_default=True, help="Part of the people to be reached in time.")
@post_options
@road_options
@click.option("--out", type=OUT, required=True, help="The report: .html or .pdf.")
@language_option
@region_option
def report_coverage(
    kind: str, minutes: float, share: float, out: Path, lang: str, region_folder: Path | None, **changes: Any
) -> None:  # fmt: skip
    """Write the report on coverage: method, sources and faults, map, tables, the next post with its certificate.

    \b
    siaga112 report coverage --kind ambulance --minutes 10 --out cakupan.pdf
    siaga112 report coverage --kind fire_engine --flood banjir.geojson --lang en --out flood.pdf
    """
    from web.i18n import translator
    from web.plan_candidates import of_villages
    from web.plan_reach import reach_of
    from web.plan_reports import coverage_report
    from web.plan_sites import rank_next
    from web.service import utc_now

    _checked(out)
    standard = the_standard(kind, minutes, share)
    _ = translator(lang)
    plan = planned(region_folder, standard.kinds[0], WhatIf(**changes), _)
    planner, posts = plan.planner, plan.posts
    with progress_bar("reporting", total=3) as advance:
        found = planner.coverage(posts, standard)
        advance(1)
        reach = reach_of(planner, posts, standard.kinds[0], found)
        _ranked, ranking = rank_next(planner, standard.kinds[0], standard.within_s, of_villages(planner), posts)
        advance(1)
        made = coverage_report(planner, found, posts, ranking, _, now=utc_now(), reach=reach, assumed=plan.assumed)
        _write_report(out, made)
        advance(1)
    click.echo(f"{out}")


@click.command("standard")
@click.option("--minutes", type=float, default=15.0, show_default=True, help="From the first report to arrival.")
@click.option("--category", help="Only incidents of this category of the directory.")
@click.option("--since", help="First reported then or later, such as 2026-01-01T00:00:00+07:00.")
@click.option("--until", help="First reported before then.")
@click.option("--out", type=OUT, help="The report: .html or .pdf; without it, --json or --csv.")
@click.option("--csv", "csv_file", type=OUT, help="Write every village, kecamatan and the region to a CSV file.")
@click.option("--db", "database", help="Database; default $SIAGA112_DB, else a file of your own.")
@json_option
@language_option
@region_option
def report_standard(
    minutes: float, category: str | None, since: str | None, until: str | None, out: Path | None,
    csv_file: Path | None, database: str | None, as_json: bool, lang: str, region_folder: Path | None,
) -> None:  # fmt: skip
    """Write the pack of the response standard (SPM), computed from the event log alone.

    \b
    siaga112 report standard --since 2026-10-01T00:00:00+07:00 --until 2026-11-01T00:00:00+07:00 --out spm.pdf
    """
    from web.cli_centre import to_ask
    from web.exports import cases_of_log
    from web.i18n import translator
    from web.plan_reports import figures_json, measured_responses, standard_report
    from web.plans import Planner

    if out is None and csv_file is None and not as_json:
        raise InputError(N_("Nothing to write: give --out REPORT.pdf, --csv FILE or --json."))
    if out is not None:
        _checked(out)
    start, end = time_option("--since", since), time_option("--until", until)
    if start is not None and end is not None and end <= start:
        raise InputError(N_("--until must be later than --since; correct one of them."))
    with to_ask(database, region_folder) as centre:
        check_category(centre, category)
        head = centre.store.head()
        cases = cases_of_log(centre, start, end)
        planner = Planner(centre.region)
        now = centre.store.now()
    found = measured_responses(planner, cases, minutes * 60, category=category)
    areas = [("region", (found.region,)), ("kecamatan", found.kecamatan), ("village", found.villages)]
    if csv_file is not None:
        from web.plan_files import write_rows

        columns = tuple(figures_json(found.region))
        rows = [[level, *figures_json(one).values()] for level, ones in areas for one in ones]
        write_rows(csv_file, ("level", *columns), rows, planner.region.notice)
    if out is not None:
        from web.plan_reports import local_time

        _ = translator(lang)
        ends = [_("the start") if start is None else local_time(start.astimezone(planner.region.timezone)),
                _("now") if end is None else local_time(end.astimezone(planner.region.timezone))]  # fmt: skip
        span = _("From {start} to {end}").format(start=ends[0], end=ends[1])
        made = standard_report(planner, found, _, span=span, head=head, now=now)
        _write_report(out, made)
    if as_json:
        answer: dict[str, Any] = {level: [figures_json(one) for one in ones] for level, ones in areas}
        answer["region"] = answer["region"][0]
        print_json(
            {"within_s": found.within_s, "nowhere": found.nowhere, "log": {"seq": head[0], "hash": head[1]}, **answer,
             "notice": planner.region.notice}
        )  # fmt: skip
    elif out is not None:
        click.echo(f"{out}")


@click.command("village")
@click.argument("code")
@click.option("--month", required=True, help="Local month, such as 2026-10.")
@click.option("--incidents", is_flag=True, help="One row per incident, in place of one per category.")
@click.option("--out", type=OUT, help="The CSV file to write; without it, --json.")
@click.option("--db", "database", help="Database; default $SIAGA112_DB, else a file of your own.")
@json_option
@language_option
@region_option
def report_village(
    code: str, month: str, incidents: bool, out: Path | None, database: str | None, as_json: bool, lang: str,
    region_folder: Path | None,
) -> None:  # fmt: skip
    """Write the month of the village or kecamatan CODE as its officials see it, computed from the event log alone.

    \b
    siaga112 report village 32.09.21.2006 --month 2026-10 --out ringkasan.csv
    """
    from dispatch.exports_ministry import month_bounds
    from web.cli_centre import to_ask
    from web.exports import cases_of_log, unit_kinds
    from web.plan_files import write_rows
    from web.village_month import FIGURE_COLUMNS, INCIDENT_COLUMNS, figure_rows, incident_rows_of, village_month

    if out is None and not as_json:
        raise InputError(N_("Nothing to write: give --out FILE.csv or --json."))
    with to_ask(database, region_folder) as centre:
        _known_area(centre.region, code)
        store = centre.store
        found = village_month(
            cases_of_log(centre, *month_bounds(month, store.timezone)),
            area=code,
            month=month,
            directory=store.directory(),
            unit_kinds=unit_kinds(centre),
            timezone=store.timezone,
            now=store.now(),
        )
        columns = INCIDENT_COLUMNS if incidents else FIGURE_COLUMNS
        rows = (incident_rows_of if incidents else figure_rows)(found, store.directory(), lang)
        head, notice = store.head(), centre.region.notice
    if out is not None:
        write_rows(out, columns, rows, notice)
    if as_json:
        print_json(
            {"rows": [dict(zip(columns, row, strict=True)) for row in rows], "exercises": found.exercises,
             "duplicates": found.duplicates, "log": {"seq": head[0], "hash": head[1]}, "notice": notice}
        )  # fmt: skip
    elif out is not None:
        click.echo(f"{out}: {len(rows)} rows")


def _known_area(region: Region, code: str) -> None:
    from gis.types import AreaLevel

    try:
        level = region.boundaries.area(code).level
    except LookupError:
        level = AreaLevel.KABUPATEN
    if level is AreaLevel.KABUPATEN:
        raise InputError(
            N_("The region has no village or kecamatan “{code}”; give a code such as 32.09.21.2006."), code=code[:20]
        )


def _checked(out: Path) -> None:
    if out.suffix.lower() not in (".html", ".pdf"):
        raise InputError(N_("{file} is neither .html nor .pdf; name the report accordingly."), file=str(out))


def _write_report(out: Path, made: Report) -> None:
    if out.suffix.lower() == ".html":
        from gis.files import write_text_atomically
        from web.report_parts import report_html

        write_text_atomically(out, report_html(made))
    else:
        from web.plots import write_picture
        from web.report_pdf import report_pdf

        write_picture(out, report_pdf(made))


REPORT_COMMANDS = (report_coverage, report_standard, report_village)
