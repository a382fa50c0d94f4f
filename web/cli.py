"""The command line: `siaga112`. Commands only parse, call and print; slow imports wait until a command needs them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from gis.errors import InputError, SiagaError
from web.cli_access import ACCESS_COMMANDS
from web.cli_alerts import incident
from web.cli_centre import COMMANDS as CENTRE_COMMANDS
from web.cli_closures import CLOSURE_COMMANDS
from web.cli_common import (
    asked_desk,
    database_option,
    json_option,
    language_option,
    open_desk,
    print_json,
    print_json_line,
    progress_bar,
    region_option,
    sentence_of,
    terminal_width,
    usage_sentence,
)
from web.cli_coverage import coverage
from web.cli_database import DATABASE_COMMANDS
from web.cli_directory import directory_group
from web.cli_exports import EXPORT_COMMANDS, report
from web.cli_hotspots import hotspots
from web.cli_learn import learn
from web.cli_region import region
from web.cli_reports import REPORT_COMMANDS
from web.cli_simulate import simulate
from web.cli_site import site
from web.cli_webhook import webhook

DEFAULT_PORT = 8112
UNITS_SHOWN = 10
"""How many units `nearest` shows as text when it is not told; JSON and the map have all."""

_NEGATIVE_NUMBERS = {"ignore_unknown_options": True}  # so that -6.76,108.48 is an argument, not an option


class _Group(click.Group):
    """Turns every expected error into one sentence and an exit code of 1, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SiagaError as error:
            raise _Sentence(sentence_of(error, ctx)) from None
        except click.UsageError as error:
            said = usage_sentence(error, ctx)
            if said is None:
                raise
            raise _Usage(said) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from None
        except OSError as error:
            if error.filename is None:
                raise
            raise _Sentence(f"{error.filename}: {error.strerror}.") from None


class _Sentence(click.ClickException):
    def show(self, file: Any = None) -> None:
        click.echo(f"siaga112: {self.message}", err=True, file=file)


class _Usage(_Sentence):
    exit_code = 2


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="siaga112", message="siaga112 %(version)s")
def main() -> None:
    """Siaga112: from a caller's words to the unit that arrives first.

    Every command works on the region named by --region or the variable SIAGA112_REGION, and without either on the
    embedded demonstration region, which is a made-up map and not for operations.
    """


@main.command(context_settings=_NEGATIVE_NUMBERS)
@click.argument("coordinates", nargs=-1)
@click.option("--file", "source", type=click.Path(path_type=Path), help="CSV with columns lat and lon (found by name).")
@click.option("--out", "target", type=click.Path(path_type=Path), help="CSV to write, with --file.")
@language_option
@json_option
@region_option
def locate(
    coordinates: Sequence[str],
    source: Path | None,
    target: Path | None,
    lang: str,
    as_json: bool,
    region_folder: Path | None,
) -> None:
    """Tell the village, kecamatan and kabupaten of COORDINATES, as people send them, or of every row of a CSV.

    \b
    siaga112 locate -6.76,108.48
    siaga112 locate "6°45'36''S 108°28'48''E"
    siaga112 locate "https://www.openstreetmap.org/#map=17/-6.7600/108.4800"
    siaga112 locate --file incidents.csv --out located.csv
    """
    if (source is None) == (not coordinates):
        raise InputError("Give coordinates, as in 'siaga112 locate -6.76,108.48', or --file IN.csv --out OUT.csv.")
    if source is None:
        if target is not None:
            raise InputError("--out goes with --file; leave it out for a single position.")
        answer = open_desk(region_folder).locate(" ".join(coordinates), lang=lang)
        if as_json:
            print_json(answer)
        else:
            from web.terminal import located_text

            click.echo(located_text(answer, lang))
        if answer["status"] == "outside":
            raise SystemExit(1)
        return
    if target is None:
        raise InputError("--file needs --out, the CSV to write.")
    from gis.locate_file import locate_file

    desk = open_desk(region_folder)
    with progress_bar("locating") as advance:
        report = locate_file(desk.region.boundaries, source, target, progress=advance, notice=desk.region.notice)
    if as_json:
        print_json(report.to_json())
    else:
        click.echo(report.sentence())


@main.command(context_settings=_NEGATIVE_NUMBERS)
@click.argument("text", nargs=-1)
@click.option("--file", "source", type=click.Path(path_type=Path), help="Text file, one question per line.")
@click.option("--limit", type=click.IntRange(1, 50), default=10, show_default=True, help="Most candidates per text.")
@language_option
@json_option
@region_option
def search(
    text: Sequence[str], source: Path | None, limit: int, lang: str, as_json: bool, region_folder: Path | None
) -> None:
    """Find the place that TEXT means: village, street, crossing, point of interest, coordinates.

    \b
    siaga112 search "Ds. Kertawinangun Kec. Kedawung"
    siaga112 search "depan puskesmas plumbon"
    siaga112 search --file texts.txt --json
    """
    if (source is None) == (not text):
        raise InputError("Give either a text, as in 'siaga112 search \"balai desa weru\"', or --file TEXTS.txt.")
    from web.terminal import candidates_text

    if source is None:
        answer = open_desk(region_folder).search(" ".join(text), limit=limit, lang=lang)
        if as_json:
            print_json_line(answer)
        else:
            click.echo(candidates_text(answer, lang, terminal_width()))
        if not answer["candidates"]:
            raise SystemExit(1)
        return
    desk = open_desk(region_folder)
    with progress_bar("searching") as advance:
        for answer in desk.search_file(source, limit=limit, lang=lang):
            if as_json:
                print_json_line(answer)
            else:
                click.echo(f"{answer['text']}\n{candidates_text(answer, lang, terminal_width())}\n")
            advance(1)


@main.command()
@click.option("--at", required=True, help="Coordinates, text, or a village code.")
@click.option("--units", type=click.Path(path_type=Path), help="CSV of units; default the region's own list.")
@click.option("--kind", help="Only units of this kind, such as ambulance.")
@click.option("--capability", "capabilities", multiple=True, help="Only units with this capability; repeatable.")
@click.option("-k", "k", type=click.IntRange(1), help="Offer only the first K; text shows 10 without it.")
@click.option("--strict", is_flag=True, help="Refuse the units file when any row of it is bad.")
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="Save the answer as one offline HTML map.")
@database_option
@language_option
@json_option
@region_option
def nearest(
    at: str,
    units: Path | None,
    kind: str | None,
    capabilities: Sequence[str],
    k: int | None,
    strict: bool,
    map_file: Path | None,
    database: str | None,
    lang: str,
    as_json: bool,
    region_folder: Path | None,
) -> None:
    """Rank the available units by exact road travel time to a place.

    \b
    siaga112 nearest --at -6.76,108.48 --kind ambulance -k 5
    siaga112 nearest --at "balai desa weru" --units units.csv --json
    siaga112 nearest --at 32.09.21.2006 --units units.csv --map answer.html
    """
    from web.terminal import ranking_text

    with asked_desk(database, region_folder, units, lang) as desk:
        for problem in desk.unit_problems:
            click.echo(f"siaga112: {problem}", err=True)
        if strict and desk.unit_problems:
            count = len(desk.unit_problems)
            faults = "1 fault" if count == 1 else f"{count} faults"
            raise InputError(f"{desk.units_source} has {faults}; mend them or leave out --strict.")
        answer = desk.nearest(at, kind=kind, k=k, lang=lang, capabilities=frozenset(capabilities))
        if map_file is not None:
            from web.maps import save_answer_map

            save_answer_map(map_file, desk, answer, lang=lang)
        if as_json:
            print_json(answer)
        else:
            click.echo(ranking_text(answer, lang, width=terminal_width(), most=UNITS_SHOWN if k is None else None))
            if map_file is not None:
                click.echo(f"{map_file}")
        if not answer["candidates"]:
            raise SystemExit(1)


@main.command()
@click.option("--unit", "unit_id", help="Unit to start from.")
@click.option("--from", "origin", help="Coordinates or text to start from, instead of --unit.")
@click.option("--to", "target", required=True, help="Coordinates, text, or a village code.")
@click.option("--profile", help="Vehicle profile, with --from; default the region's.")
@click.option("--units", type=click.Path(path_type=Path), help="CSV of units; default the region's own list.")
@click.option("--gpx", "gpx_file", type=click.Path(path_type=Path), help="Write GPX for a navigation device.")
@click.option("--geojson", "geojson_file", type=click.Path(path_type=Path), help="Write GeoJSON.")
@database_option
@language_option
@json_option
@region_option
def route(
    unit_id: str | None,
    origin: str | None,
    target: str,
    profile: str | None,
    units: Path | None,
    gpx_file: Path | None,
    geojson_file: Path | None,
    database: str | None,
    lang: str,
    as_json: bool,
    region_folder: Path | None,
) -> None:
    """Give the fastest route, street by street.

    \b
    siaga112 route --unit AMB-01 --to "balai desa weru" --gpx route.gpx
    siaga112 route --from -6.76,108.48 --to -6.71,108.55 --json
    """
    from gis.files import write_text_atomically
    from web.terminal import route_text

    if (unit_id is None) == (origin is None):
        raise InputError("Give either --unit, or --from with a position.")
    with asked_desk(database, region_folder, units, lang) as desk:
        if unit_id is not None and profile is not None:
            raise InputError("Give --profile with --from: a unit drives by the profile of its kind.")
        by_unit = unit_id is not None
        start = desk.unit_vehicle(str(unit_id)) if by_unit else desk.vehicle_from(desk.point(str(origin)), profile)
        end = desk.point(target)
        for given in filter(None, (origin, target)):
            for line in desk.doubts(given, lang):
                click.echo(line, err=True)
        answer = desk.route_between(start, end, lang=lang)
        if geojson_file is not None:
            write_text_atomically(geojson_file, json.dumps(answer, ensure_ascii=False, allow_nan=False) + "\n")
        if gpx_file is not None:
            write_text_atomically(gpx_file, desk.gpx_between(start, end, lang=lang))
        if as_json:
            print_json(answer)
        else:
            click.echo(route_text(answer, lang))


@main.command(context_settings=_NEGATIVE_NUMBERS)
@click.option("--at", "places", multiple=True, help="Coordinates, text, or a village code to start from; repeatable.")
@click.option("--unit", "unit_ids", multiple=True, help="Unit to start from, where it is; repeatable.")
@click.option("--minutes", default="5,8,10,15", show_default=True, help="Times, separated by commas.")
@click.option("--units", type=click.Path(path_type=Path), help="CSV of units; default the region's own list.")
@click.option("--geojson", "geojson_file", type=click.Path(path_type=Path), help="Write GeoJSON.")
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="Save the answer as one offline HTML map.")
@database_option
@language_option
@json_option
@region_option
def isochrone(
    places: Sequence[str],
    unit_ids: Sequence[str],
    minutes: str,
    units: Path | None,
    geojson_file: Path | None,
    map_file: Path | None,
    database: str | None,
    lang: str,
    as_json: bool,
    region_folder: Path | None,
) -> None:
    """Draw how far one gets by road within some minutes, from places, from units, or from all of them together.

    The areas follow the roads: no point of them is farther than 100 m from a road that is reached in time.

    \b
    siaga112 isochrone --at -6.76,108.48 --minutes 5,10,15 --geojson reached.geojson
    siaga112 isochrone --unit AMB-01 --unit AMB-02 --minutes 8 --map reached.html
    """
    from gis.files import write_text_atomically
    from web.isochrones import isochrone_json, isochrone_text, minutes_of

    if not places and not unit_ids:
        raise InputError("Give --at with a position, or --unit; both can be repeated.")
    wanted = minutes_of(minutes)
    with asked_desk(database, region_folder, units, lang) as desk:
        answer = isochrone_json(desk, places=places, units=unit_ids, minutes=wanted, lang=lang)
        if geojson_file is not None:
            write_text_atomically(geojson_file, json.dumps(answer, ensure_ascii=False, allow_nan=False) + "\n")
        if map_file is not None:
            from web.maps import save_isochrone_map

            save_isochrone_map(map_file, desk, answer, lang=lang)
        if as_json:
            print_json_line(answer)
        else:
            click.echo(isochrone_text(answer))
            for written in filter(None, (geojson_file, map_file)):
                click.echo(f"{written}")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True)
@click.option("--units", type=click.Path(path_type=Path), help="CSV of units; default the region's own list.")
@click.option(
    "--db", "database", help="Database: a SQLite file or postgresql://…; default $SIAGA112_DB, else a file of your own."
)
@click.option("--map-only", is_flag=True, help="Serve the map and its answers without a database.")
@click.option(
    "--accounts/--no-accounts",
    "accounts",
    default=None,
    help="Whether people sign in; by default they do, but not at the demonstration region on this machine.",
)
@click.option("--public-url", help="Where people reach the server, such as https://112.example.id of a proxy in front.")
@click.option("--outside-tiles", help="Tiles of another host that pages offer beside ours: https://…/{z}/{x}/{y}.png.")
@click.option("--outside-credit", help="Whose tiles these are, as their owner asks to be named.")
@region_option
def serve(
    host: str,
    port: int,
    units: Path | None,
    database: str | None,
    map_only: bool,
    accounts: bool | None,
    public_url: str | None,
    outside_tiles: str | None,
    outside_credit: str | None,
    region_folder: Path | None,
) -> None:
    """Serve the desk in the browser and the JSON API."""
    from web.server import run
    from web.serving import access_for, check_public_url
    from web.tiles import OutsideTiles

    check_public_url(public_url)
    outside = OutsideTiles.of(outside_tiles, outside_credit)
    desk = open_desk(region_folder, units)
    for problem in desk.unit_problems:
        click.echo(f"siaga112: {problem}", err=True)
    routers = desk.region.open_routers(
        lambda begun: click.echo(f"siaga112: {begun} …", err=True), metrics=desk.times.metrics
    )
    for remark in routers.state().remarks:
        click.echo(f"siaga112: {remark}", err=True)
    desk.answer_from(routers)
    running = access = None
    if not map_only:
        from web.databases import database_url
        from web.running import Running

        url = database_url(database, desk.region.name)
        running = Running(desk, url)
        access, said = access_for(running, url, host=host, accounts=accounts, public_url=public_url)
        for remark in (*said, *running.remarks()):
            click.echo(f"siaga112: {remark}", err=True)
    run(
        desk,
        host=host,
        port=port,
        announce=click.echo,
        running=running,
        access=access,
        public_url=public_url,
        outside=outside,
    )


main.add_command(region)
main.add_command(directory_group)
main.add_command(coverage)
main.add_command(site)
for report_command in REPORT_COMMANDS:
    report.add_command(report_command)
main.add_command(simulate)
main.add_command(hotspots)
for centre_command in (
    incident,
    learn,
    webhook,
    *CENTRE_COMMANDS,
    *CLOSURE_COMMANDS,
    *DATABASE_COMMANDS,
    *EXPORT_COMMANDS,
    *ACCESS_COMMANDS,
):
    main.add_command(centre_command)

if __name__ == "__main__":
    main()
