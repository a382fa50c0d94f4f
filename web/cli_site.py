"""Siting from a terminal: five location models with their certificates, and the next post."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gis.errors import N_, InputError
from web.cli_common import json_option, language_option, print_json, progress_bar, region_option
from web.cli_coverage import OUT, WhatIf, planned, post_options, road_options, standard_options, the_standard


@click.group()
def site() -> None:
    """Where posts should stand, with proof."""


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        region_option,
        json_option,
        language_option,
        click.option("--map", "map_file", type=OUT, help="Save a map as one HTML file that opens without a network."),
        click.option("--csv", "csv_file", type=OUT, help="Write the answer to a CSV file."),
        click.option(
            "--candidates", "source", default="villages", show_default=True,
            help="villages (one each), nodes (junctions), or a CSV file with name, lat, lon.",
        ),
        road_options,
        post_options,
        standard_options,
    ):  # fmt: skip
        command = option(command)
    return command


def _solver(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--time-limit", "time_limit_s", type=click.FloatRange(min=0, min_open=True), help="Seconds."),
        click.option(
            "--existing", type=click.Choice(["fixed", "free", "none"]), default="fixed", show_default=True,
            help="Posts that stand: they stay, may be given up, or are left out of account.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def _number(meaning: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option("-p", "number", type=int, default=1, show_default=True, help=meaning)


@site.command("lscp")
@_solver
@_common
def site_lscp(**given: Any) -> None:
    """The fewest posts that reach everybody in time."""
    _solve("lscp", **given)


@site.command("mclp")
@_number("New posts; with --existing free or none, posts in all.")
@_solver
@_common
def site_mclp(**given: Any) -> None:
    """So many posts that reach the most people in time."""
    _solve("mclp", **given)


@site.command("p-median")
@_number("New posts; with --existing free or none, posts in all.")
@_solver
@_common
def site_p_median(**given: Any) -> None:
    """So many posts with the least mean time; --minutes is not heeded."""
    _solve("p-median", **given)


@site.command("p-center")
@_number("New posts; with --existing free or none, posts in all.")
@_solver
@_common
def site_p_center(**given: Any) -> None:
    """So many posts with the least longest time; --minutes is not heeded."""
    _solve("p-center", **given)


@site.command("mexclp")
@click.option("--units", "number", type=int, default=1, show_default=True, help="New units; else units in all.")
@click.option(
    "--busy", "busy_fraction", type=float, default=0.3, show_default=True, help="Share of time a unit is out."
)
@_solver
@_common
def site_mexclp(**given: Any) -> None:
    """So many units, several at a post if need be, that are expected to reach the most people in time."""
    _solve("mexclp", **given)


@site.command("next")
@click.option("--area", default="", help="Only kecamatan of this code and below, such as 32.09 for one kabupaten.")
@_common
def site_next(
    area: str,
    kind: str,
    minutes: float,
    source: str,
    csv_file: Path | None,
    map_file: Path | None,
    lang: str,
    as_json: bool,
    region_folder: Path | None,
    **changes: Any,
) -> None:
    """Rank every kecamatan by the people that one more post there would newly reach in time.

    \b
    siaga112 site next --kind ambulance --minutes 10
    siaga112 site next --kind fire_engine --reopen "Pos Damkar Greged" --at 2026-11-26T07:00:00+07:00
    """
    from web.i18n import translator
    from web.plan_candidates import candidates
    from web.plan_sites import rank_next
    from web.plan_words import assumed_text, next_text

    _ = translator(lang)
    standard = the_standard(kind, minutes, 0.9)
    plan = planned(region_folder, standard.kinds[0], WhatIf(**changes), _)
    planner, standing = plan.planner, plan.posts
    with progress_bar("trying every candidate", total=2) as advance:
        places = candidates(planner, source)
        advance(1)
        ranked, answer = rank_next(planner, standard.kinds[0], standard.within_s, places, standing, within=area)
        advance(1)
    answer["assumed"] = plan.assumed
    if csv_file is not None:
        from web.plan_files import write_rows

        columns = ("rank", "code", "kecamatan", "site", "lat", "lon", "gained", "runner_up", "candidates")
        rows = [[one[name] for name in columns] for one in answer["ranking"]]
        write_rows(csv_file, columns, rows, planner.region.notice)
    if map_file is not None:
        from web.plan_maps import save_next_map

        save_next_map(map_file, plan.desk, planner, answer, standing, lang=lang, assumed=plan.assumed)
    if as_json:
        print_json(answer)
        return
    if plan.assumed:
        click.echo(assumed_text(plan.assumed, _))
    click.echo(next_text(ranked, answer, _))


def _solve(
    model: str,
    *,
    kind: str,
    minutes: float,
    source: str,
    existing: str,
    time_limit_s: float | None,
    csv_file: Path | None,
    map_file: Path | None,
    lang: str,
    as_json: bool,
    region_folder: Path | None,
    number: int = 0,
    busy_fraction: float = 0.3,
    **changes: Any,
) -> None:
    from planning.sites import Model
    from web.i18n import translator
    from web.plan_candidates import candidates
    from web.plan_sites import NONE, SitingQuestion, solve_siting
    from web.plan_words import assumed_text, siting_text

    _ = translator(lang)
    standard = the_standard(kind, minutes, 0.9)
    kind = standard.kinds[0]
    what_if = WhatIf(**changes)
    if existing == NONE and what_if.changes_posts:
        raise InputError(
            N_("With --existing none no post counts; leave out --add, --close, --reopen and --move, or say fixed.")
        )
    plan = planned(region_folder, kind, what_if, _, with_posts=existing != NONE)
    planner, standing = plan.planner, plan.posts
    question = SitingQuestion(
        model=Model(model), kind=kind, within_s=standard.within_s, number=number, existing=existing,
        busy_fraction=busy_fraction, time_limit_s=time_limit_s,
    )  # fmt: skip
    with progress_bar("siting", total=2) as advance:
        places = candidates(planner, source)
        advance(1)
        solved = solve_siting(planner, question, places, standing)
        advance(1)
    solved.answer["assumed"] = plan.assumed
    if csv_file is not None:
        from web.plan_files import write_rows

        columns = ("name", "lat", "lon", "village", "kecamatan", "stands", "units")
        rows = [[one[name] for name in columns] for one in solved.answer["sites"]]
        write_rows(csv_file, columns, rows, planner.region.notice)
    if map_file is not None:
        from web.plan_maps import save_siting_map

        save_siting_map(map_file, plan.desk, planner, solved, standard, lang=lang, assumed=plan.assumed)
    if as_json:
        print_json(solved.answer)
    else:
        if plan.assumed:
            click.echo(assumed_text(plan.assumed, _))
        click.echo(siting_text(solved.found, solved.answer, _))
    if not solved.found.sites:
        raise SystemExit(1)
