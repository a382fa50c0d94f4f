"""`siaga112 directory`: show what a centre knows before the first call, and check what it has written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gis.errors import SourceError
from web.cli_common import json_option, language_option, print_json, region_option
from web.regions import open_region

if TYPE_CHECKING:
    from dispatch.directory import Directory


@click.group("directory")
def directory_group() -> None:
    """Agencies, categories, run cards, response standards, dispositions: show and check them."""


@directory_group.command()
@language_option
@json_option
@region_option
def show(lang: str, as_json: bool, region_folder: Path | None) -> None:
    """Show the directory of the region.

    \b
    siaga112 directory show
    siaga112 directory show --region region --json
    """
    from dispatch.directory_toml import directory_tables
    from web.directory import region_directory

    region = open_region(region_folder)
    if region.notice:
        click.echo(region.notice, err=True)
    read = region_directory(region)
    if as_json:
        print_json(
            {
                "region": {"name": region.name, "notice": region.notice},
                "from_default_pack": read.from_default_pack,
                "remarks": list(read.remarks),
                **directory_tables(read.directory),
            }
        )
        return
    click.echo(directory_text(read.directory, lang))
    _remark(read.remarks)


@directory_group.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Check FILE, a region.toml or a part of it, before it goes into service.

    \b
    siaga112 directory check region/region.toml
    """
    from dispatch.directory_file import directory_of, toml_tables
    from dispatch.settings import DispatchSettings
    from dispatch.timers import TimerSettings

    try:
        tables = toml_tables(file.read_text(encoding="utf-8"), source=str(file))
    except UnicodeDecodeError:
        raise SourceError(f"{file} is not UTF-8 text; save it as UTF-8.") from None
    read = directory_of(tables, source=str(file))
    DispatchSettings.from_table(tables.get("dispatch", {}), source=str(file))
    TimerSettings.from_table(tables.get("timers", {}), source=str(file))
    found = read.directory
    counts = {
        "agencies": len(found.agencies),
        "categories": len(found.categories),
        "response_plans": len(found.plans),
        "dispositions": len(found.dispositions),
        "stations": len(found.stations),
        "hospitals": len(found.hospitals),
        "neighbours": len(found.neighbours),
        "village_officials": len(found.officials),
        "rosters": len(found.rosters),
    }
    if as_json:
        answer: dict[str, Any] = {"file": str(file), "from_default_pack": read.from_default_pack, "counts": counts}
        print_json({**answer, "remarks": list(read.remarks)})
        return
    click.echo(f"{file} can be used: " + ", ".join(f"{count} {name}" for name, count in counts.items()) + ".")
    _remark(read.remarks)


def directory_text(directory: Directory, lang: str) -> str:
    """The directory as tables for a terminal."""
    from web.terminal import table

    def said(text: dict[str, str]) -> str:
        return text.get(lang, text["id"])

    agencies = [
        [one.agency_id, one.name, "partner" if one.partner else "", one.contact or "-"] for one in directory.agencies
    ]
    categories = [
        [
            one.category_id,
            said(one.name),
            one.lead,
            f"{one.standard.within_s / 60:g} min, {one.standard.share:.0%}, {one.standard.source}"
            if one.standard
            else "-",
        ]
        for one in directory.categories
    ]
    cards = [
        [
            plan.category,
            plan.severity.value,
            " / ".join(
                ", ".join(" ".join([str(unit.number), unit.kind, *sorted(unit.capabilities)]) for unit in alarm)
                for alarm in plan.alarms
            )
            or "-",
            str(len(plan.questions)),
            ", ".join(plan.notify) or "-",
        ]
        for plan in directory.plans
    ]
    parts = [
        table(["AGENCY", "NAME", "", "CONTACT"], agencies),
        table(["CATEGORY", "NAME", "LEAD", "RESPONSE STANDARD"], categories),
        table(["CATEGORY", "SEVERITY", "UNITS BY ALARM LEVEL", "QUESTIONS", "NOTIFY"], cards, right=[3]),
        table(["DISPOSITION", "NAME"], [[one.disposition_id, said(one.name)] for one in directory.dispositions]),
    ]
    if directory.neighbours:
        rows = [[one.neighbour_id, one.name, one.contact, " ".join(one.area_codes)] for one in directory.neighbours]
        parts.append(table(["NEIGHBOUR", "NAME", "CONTACT", "CODES"], rows))
    parts.append(
        f"{len(directory.stations)} stations, {len(directory.hospitals)} hospitals, "
        f"{len(directory.officials)} village offices, {len(directory.rosters)} rosters; "
        f"neighbours are shown within {directory.border_m:g} m of the border."
    )
    return "\n\n".join(parts)


def _remark(remarks: tuple[str, ...]) -> None:
    for remark in remarks:
        click.echo(f"siaga112: {remark}", err=True)
