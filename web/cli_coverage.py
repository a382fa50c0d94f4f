"""Coverage from a terminal: who is reached in time, who is not, and what if."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gis.errors import N_, InputError
from web.cli_common import json_option, language_option, open_desk, print_json, progress_bar, region_option

if TYPE_CHECKING:
    from planning.coverage import Standard
    from web.i18n import Translator
    from web.plans import Planner, Post
    from web.service import Desk

_NEGATIVE_NUMBERS = {"ignore_unknown_options": True}
OUT = click.Path(path_type=Path, dir_okay=False)


def standard_options(command: Any) -> Any:
    """Add --kind and --minutes."""
    minutes = click.option("--minutes", type=float, default=15.0, show_default=True, help="From the alarm to arrival.")
    kind = click.option("--kind", default="fire_engine", show_default=True, help="Kind of unit, such as ambulance.")
    return kind(minutes(command))


def road_options(command: Any) -> Any:
    """Add what may differ on the roads: --close-street, --close-road, --flood, --at and --profile."""
    for option in (
        click.option("--profile", help="A vehicle of region.toml in place of that of the kind of unit."),
        click.option("--at", "moment", help="Heed the traffic of a time, such as 2026-11-26T07:00:00+07:00."),
        click.option(
            "--close-road", "roads", multiple=True, help="The road or bridge nearest to a place closed; repeatable."
        ),
        click.option(
            "--flood", "floods", multiple=True, type=OUT, help="GeoJSON: roads that touch it are closed; repeatable."
        ),
        click.option(
            "--close-street", "streets", multiple=True, help="A street closed from end to end; repeatable."
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def post_options(command: Any) -> Any:
    """Add what may differ of the posts: --add, --close, --reopen and --move."""
    for option in (
        click.option("--move", multiple=True, help="A station elsewhere: STATION=PLACE; repeatable."),
        click.option(
            "--reopen", multiple=True, help="A station of the list that is not in service, opened; repeatable."
        ),
        click.option("--close", multiple=True, help="A station closed; repeatable."),
        click.option("--add", multiple=True, help="A post more: NAME=PLACE, or a place alone; repeatable."),
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What may differ from how things stand, as typed: the options of `post_options` and `road_options`."""

    add: Sequence[str]
    close: Sequence[str]
    reopen: Sequence[str]
    move: Sequence[str]
    streets: Sequence[str]
    floods: Sequence[Path]
    roads: Sequence[str]
    moment: str | None
    profile: str | None

    @property
    def changes_posts(self) -> bool:
        """Whether posts differ."""
        return any((self.add, self.close, self.reopen, self.move))

    def __bool__(self) -> bool:
        return self.changes_posts or any((self.streets, self.floods, self.roads, self.moment, self.profile))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planned:
    """A plan of a kind of unit: the region as it stands, as the plan has it, its posts, and how it differs in words."""

    desk: Desk
    standing: Planner
    planner: Planner
    posts: tuple[Post, ...]
    assumed: list[str]


def planned(
    region_folder: Path | None, kind: str, what_if: WhatIf, _: Translator, *, with_posts: bool = True
) -> Planned:
    """Open the region and make the plan; without posts where they do not count.

    Raises
    ------
    InputError
        A change that cannot be.
    """
    from routing.speed_factors import hour_of_week
    from web.cli_exports import time_option
    from web.plan_changes import Changes, changed_posts
    from web.plan_roads import RoadChanges, assumed_on_roads, hour_of, planner_under, polygons_of

    at = time_option("--at", what_if.moment)
    areas = [area for path in what_if.floods for area in polygons_of(path)]
    desk, standing = planner_of(region_folder)
    find = place_finder(desk, _.language)
    on_roads = RoadChanges(
        streets=what_if.streets, roads=[find(text) for text in what_if.roads], areas=areas,
        hour=hour_of(standing, at), profile=what_if.profile,
        told_hour=None if at is None else hour_of_week(at, standing.region.timezone),
    )  # fmt: skip
    planner = planner_under(standing, on_roads)
    changes = Changes(add=what_if.add, close=what_if.close, reopen=what_if.reopen, move=what_if.move)
    posts = changed_posts(planner, kind, changes, place=find) if with_posts else ()
    changed = ((_("closed"), what_if.close), (_("In service"), what_if.reopen), (_("new"), what_if.add),
               (_("moved"), what_if.move))  # fmt: skip
    assumed = [f"{word}: {text}" for word, texts in changed for text in texts]
    assumed += [_(said).format(**values) for said, values in assumed_on_roads(on_roads)]
    return Planned(desk=desk, standing=standing, planner=planner, posts=posts, assumed=assumed)


def planner_of(region_folder: Path | None) -> tuple[Desk, Planner]:
    """The opened region, and what planners ask of it."""
    from web.plans import Planner

    desk = open_desk(region_folder)
    return desk, Planner(desk.region)


def the_standard(kind: str, minutes: float, share: float) -> Standard:
    """A standard as typed."""
    from dispatch.vocabulary import unit_kind
    from planning.coverage import Standard

    return Standard(kinds=(unit_kind(kind),), within_s=minutes * 60, share=share)


@click.command(context_settings=_NEGATIVE_NUMBERS)
@standard_options
@click.option("--share", type=float, default=0.9, show_default=True, help="Part of the people to be reached in time.")
@post_options
@road_options
@click.option(
    "--isochrones",
    is_flag=False,
    flag_value="5,8,10,15",
    metavar="[MINUTES]",
    help="Areas reached by road within so many minutes from the alarm; without minutes 5,8,10,15.",
)
@click.option("--compare", is_flag=True, help="Show the plan beside the posts as they stand.")
@click.option("--csv", "csv_file", type=OUT, help="Write every village, kecamatan and the region to a CSV file.")
@click.option("--gpkg", "gpkg_file", type=OUT, help="Write villages, kecamatan and posts to a GeoPackage.")
@click.option("--map", "map_file", type=OUT, help="Save a map as one HTML file that opens without a network.")
@click.option("--png", "png_file", type=OUT, help="Save a picture.")
@language_option
@json_option
@region_option
def coverage(
    kind: str,
    minutes: float,
    share: float,
    isochrones: str | None,
    compare: bool,
    csv_file: Path | None,
    gpkg_file: Path | None,
    map_file: Path | None,
    png_file: Path | None,
    lang: str,
    as_json: bool,
    region_folder: Path | None,
    **changes: Any,
) -> None:
    """Tell who is reached in time from the posts of a kind of unit, who is not, and what a change would bring.

    \b
    siaga112 coverage --kind fire_engine --minutes 15
    siaga112 coverage --kind fire_engine --reopen "Pos Damkar Greged" --compare
    siaga112 coverage --kind fire_engine --close-street "Jalan Merdeka" --compare
    siaga112 coverage --kind ambulance --minutes 10 --add "Pos Jamblang=balai desa jamblang" --map plan.html
    siaga112 coverage --kind ambulance --minutes 10 --isochrones 5,8,10,15 --gpkg plan.gpkg
    """
    from planning.comparison import compare as side_by_side
    from web.i18n import translator
    from web.isochrones import minutes_of
    from web.plan_reach import reach_json, reach_of
    from web.plan_words import assumed_text, comparison_text, coverage_text, reach_text

    _ = translator(lang)
    standard = the_standard(kind, minutes, share)
    what_if = WhatIf(**changes)
    if compare and not what_if:
        raise InputError(N_("--compare needs a change, such as --add, --close, --reopen, --move or --close-street."))
    minutes_asked = () if isochrones is None else minutes_of(isochrones)
    plan = planned(region_folder, standard.kinds[0], what_if, _)
    planner, changed, posts = plan.standing, plan.planner, plan.posts
    with progress_bar("measuring", total=1 + compare + bool(minutes_asked)) as advance:
        found = changed.coverage(posts, standard)
        advance(1)
        reach = reach_of(changed, posts, standard.kinds[0], found, minutes_asked) if minutes_asked else ()
        advance(bool(minutes_asked))
        both = None
        if compare:
            both = side_by_side(planner.coverage(planner.posts(standard.kinds[0]), standard), found)
            advance(1)
    if csv_file is not None:
        from web.plan_files import comparison_table, coverage_table, write_rows

        columns, rows = coverage_table(found) if both is None else comparison_table(both)
        write_rows(csv_file, columns, rows, planner.region.notice)
    if gpkg_file is not None:
        from web.plan_files import write_coverage_geopackage

        write_coverage_geopackage(gpkg_file, changed, found, posts, reach)
    if map_file is not None:
        from web.plan_maps import save_coverage_map

        save_coverage_map(
            map_file, plan.desk, planner, found, posts, both, lang=lang, reach=reach, assumed=plan.assumed
        )
    if png_file is not None:
        from web.plan_pictures import coverage_picture
        from web.plots import write_picture

        write_picture(png_file, coverage_picture(planner, found, posts, _, reach, plan.assumed))
    if as_json:
        from web.plans import comparison_json, post_json

        answer = {**planner.plan_json(found), "posts": [post_json(post) for post in posts], "assumed": plan.assumed}
        if reach:
            answer["isochrones"] = reach_json(reach)
        print_json(answer if both is None else {**answer, "comparison": comparison_json(both)})
        return
    if plan.assumed:
        click.echo(assumed_text(plan.assumed, _))
    cut_off = changed.cut_off(posts, standard.kinds[0])
    names = {area.code: area.name for area in planner.kecamatan}
    click.echo(coverage_text(found, names, _, posts=len(posts), cut_off=cut_off))
    if reach:
        click.echo(f"\n{reach_text(reach, found.region.people, _)}")
    if both is not None:
        click.echo(f"\n{comparison_text(both, _)}")


def place_finder(desk: Desk, lang: str) -> Any:
    """Finds places, and says on standard error where a name was taken for another."""

    def find(text: str) -> Any:
        for line in desk.doubts(text, lang):
            click.echo(line, err=True)
        return desk.point(text)

    return find
