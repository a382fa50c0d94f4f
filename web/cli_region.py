"""`siaga112 region`: build a region and tell what it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from gis.errors import InputError
from web.cli_common import print_json
from web.regions import open_region

_FILE = click.Path(path_type=Path)
_COLUMNS = ("code", "name", "kecamatan", "kecamatan_code", "kabupaten")


@click.group()
def region() -> None:
    """Build a region from open data, and tell what it holds."""


@region.command()
@click.option("--name", required=True, help="Name to show, for example 'Kabupaten Cirebon'.")
@click.option(
    "--villages", type=_FILE, multiple=True, required=True, help="GeoJSON, GeoPackage or Shapefile; repeatable."
)
@click.option("--kecamatan", type=_FILE, help="Boundaries of kecamatan; else dissolved from the villages.")
@click.option(
    "--osm", "roads", type=_FILE, multiple=True, required=True,
    help="OpenStreetMap .osm.pbf, .osm, .osm.gz or .osm.xml (repeatable), or one osmnx .graphml.",
)  # fmt: skip
@click.option("--stations", type=_FILE, help="CSV: kind, name, lat, lon, operating.")
@click.option("--population", type=_FILE, help="CSV: code, population.")
@click.option("--places", type=_FILE, help="CSV: code, name, postcode, aliases; or kind, name, lat, lon.")
@click.option("--units", type=_FILE, help="CSV of units to offer when a command names none.")
@click.option(
    "--directory", "directory_file", type=_FILE,
    help="TOML with agencies, run cards, neighbours, … for region.toml; default a pack for a kabupaten.",
)  # fmt: skip
@click.option(
    "--routing", "routing_file", type=_FILE,
    help="TOML with vehicle profiles, who drives by which, exemptions of agencies and rush hours, for region.toml.",
)  # fmt: skip
@click.option(
    "--column", "columns", multiple=True, metavar="WHAT=ATTRIBUTE",
    help="Attribute of the village files, e.g. code=KODE_BARU; WHAT is one of " + ", ".join(_COLUMNS) + ".",
)  # fmt: skip
@click.option(
    "--licence", "licences", multiple=True, metavar="KIND=TEXT",
    help="Licence and attribution of a source (villages, osm, kecamatan, stations, …), kept in region.toml.",
)  # fmt: skip
@click.option("--timezone", default="Asia/Jakarta", show_default=True, help="IANA time zone.")
@click.option("--demonstration", is_flag=True, help="A made-up map: every screen and export says so.")
@click.option(
    "--built-at", type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ"]),
    help="Time of the build in UTC, for builds that must be equal byte for byte; default now.",
)  # fmt: skip
@click.option("--out", type=_FILE, required=True, help="Folder to write; an older region there is replaced.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def build(
    name: str,
    villages: Sequence[Path],
    kecamatan: Path | None,
    roads: Sequence[Path],
    stations: Path | None,
    population: Path | None,
    places: Path | None,
    units: Path | None,
    directory_file: Path | None,
    routing_file: Path | None,
    columns: Sequence[str],
    licences: Sequence[str],
    timezone: str,
    demonstration: bool,
    built_at: datetime | None,
    out: Path,
    as_json: bool,
) -> None:
    """Build a region folder from boundaries and roads, whole or not at all.

    \b
    siaga112 region build --name "Kabupaten Cirebon" --villages desa.geojson \\
        --osm cirebon.osm.pbf --stations stations.csv --population population.csv \\
        --places places.csv --out region/
    """
    from routing.region_build import RegionSources, build_region
    from web.terminal import build_report_text

    sources = RegionSources(
        name=name,
        villages=villages,
        roads=roads,
        kecamatan=kecamatan,
        stations=stations,
        population=population,
        places=places,
        units=units,
        columns=_pairs(columns, "--column", _COLUMNS),
        licences=_pairs(licences, "--licence", None),
        timezone=timezone,
        demonstration=demonstration,
        routing=routing_file,
        settings_toml=_settings_toml(directory_file),
    )
    now = built_at.replace(tzinfo=UTC) if built_at else None
    with _stages() as progress:
        report = build_region(sources, out, now=now, progress=progress)
    if as_json:
        print_json(report)
    else:
        click.echo(build_report_text(report, out))


@region.command()
@click.argument("folder", type=_FILE, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(folder: Path | None, as_json: bool) -> None:
    """Tell the sources, counts and checks of the region in FOLDER (default: the one that commands use)."""
    from routing.region_info import describe_region
    from web.terminal import region_text

    described = describe_region(open_region(folder, verify=True))
    if as_json:
        print_json(described)
    else:
        click.echo(region_text(described))


def _settings_toml(directory_file: Path | None) -> str:
    """What `dispatch` puts into region.toml: its settings, timers, and the directory."""
    from dispatch.directory_file import region_toml
    from dispatch.settings import default_toml as dispatch_toml
    from dispatch.timers import default_toml as timers_toml

    own = None
    if directory_file is not None:
        try:
            own = directory_file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise InputError(f"{directory_file} is not UTF-8 text; save it as UTF-8.") from None
    return "\n".join([dispatch_toml(), timers_toml(), region_toml(own, source=str(directory_file))])


def _pairs(texts: Sequence[str], option: str, known: Sequence[str] | None) -> dict[str, str]:
    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip() or not value.strip() or (known is not None and key not in known):
            choice = f"; the part before '=' is one of {', '.join(known)}" if known else ""
            raise InputError(f"{option} '{text}' is not of the form WHAT=VALUE{choice}.")
        pairs[key.strip()] = value.strip()
    return pairs


@contextmanager
def _stages() -> Iterator[Callable[[str], None]]:
    """A bar on standard error that names the stage which runs."""
    from tqdm import tqdm

    from routing.region_build import STAGES

    with tqdm(
        total=len(STAGES), disable=None, leave=False, bar_format="{desc:<24}{bar:30} {n}/{total} {elapsed}"
    ) as bar:

        def begin(stage: str) -> None:
            bar.n = STAGES.index(stage)
            bar.set_description(stage)

        yield begin
