"""`siaga112 learn`: what the trips that were driven say of speeds, and the decision to believe them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gis.errors import InputError, SourceError
from web.cli_centre import centre_options, local_time, opened
from web.cli_common import print_json, progress_bar

if TYPE_CHECKING:
    from datetime import tzinfo

    from routing.learning import LearningReport

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
@centre_options
def learn_report(
    since: str | None,
    until: str | None,
    out: Path | None,
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
    from routing.learning import report_json
    from web.learnt_speeds import learning_report

    with opened(database, region_folder) as centre, progress_bar("reading trips") as advance:
        start, end = _span(since, until, centre.store.timezone, centre.store.now())
        report = learning_report(centre, start, end, advance)
    described = report_json(report)
    if out is not None:
        write_text_atomically(out, json.dumps(described, ensure_ascii=False, allow_nan=False) + "\n")
    if as_json:
        print_json(described)
        return
    click.echo(report_text(report))
    if out is not None:
        click.echo(f"\nThe report is in {out}.")


@learn.command("adopt")
@click.argument("report", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--reason", required=True, help="Why, for the log.")
@centre_options
def learn_adopt(
    report: Path, reason: str, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Put the factors of the file REPORT in force; the log keeps who, when, why and the whole report."""
    from dispatch.commands import AdoptSpeeds
    from routing.learning import checked_factors
    from routing.speed_factors import SpeedFactors
    from web.cli_centre import carry_out

    described = _read(report)
    factors = checked_factors(SpeedFactors.from_json(described["factors"]))
    with opened(database, region_folder) as centre:
        unknown = sorted(set(factors.kecamatan) - {area.code for area in centre.region.boundaries.kecamatan})
        if unknown:
            raise InputError(f"{report} is of another region: this one has no kecamatan {unknown[0]}.")
        answer = carry_out(centre, AdoptSpeeds(report=described, reason=reason), actor)
        held = centre.speeds.state
        assert held is not None, "what was adopted is in force"
        if as_json:
            print_json({**answer, "digest": held.held.digest})
        else:
            click.echo(f"in force from now on: {held.held.digest}")


@learn.command("withdraw")
@click.option("--reason", required=True, help="Why, for the log.")
@centre_options
def learn_withdraw(reason: str, database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """Let the speeds of region.toml count again."""
    from dispatch.commands import WithdrawSpeeds
    from web.cli_centre import carry_out

    with opened(database, region_folder) as centre:
        answer = carry_out(centre, WithdrawSpeeds(reason=reason), actor)
    if as_json:
        print_json(answer)
    else:
        click.echo("The speeds of region.toml count again.")


@learn.command("show")
@centre_options
def learn_show(database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """Show the learnt speeds that are in force."""
    from dispatch.codec import dump

    with opened(database, region_folder) as centre:
        state = centre.speeds.state
        if as_json:
            document = None if state is None else centre.store.document(state.held.digest)
            print_json({"in_force": None if state is None else dump(state.held), "report": document})
            return
        if state is None:
            click.echo("No learnt speeds are in force; those of region.toml count.")
            return
        held = state.held
        click.echo(f"in force since {local_time(centre, held.adopted_at)} by {held.adopted_by}: {held.reason}")
        click.echo(f"digest {held.digest}")
        click.echo(_described_text(centre.store.document(held.digest)))


# --- words -------------------------------------------------------------------------------------------------------


def report_text(report: LearningReport) -> str:
    """A report for a terminal."""
    from routing.learning import report_json

    return _described_text(report_json(report))


def _described_text(described: dict[str, Any]) -> str:
    from web.terminal import table

    excluded = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in described["excluded"].items())
    head = (
        f"{described['trips']} trips used, {described['by_trace']} of them with positions; "
        f"{described.get('choosing', described['held_out'])} chose the classes, {described['held_out']} judged; "
        f"left out: {excluded or 'none'}"
    )
    errors = [
        [
            name,
            f"{one['median_s']:.0f} s",
            f"{one['p90_s']:.0f} s",
            f"{one['bias_s']:+.0f} s",
            f"{one['median_share']:.0%}",
        ]
        for name, one in (("before", described["before"]), ("after", described["after"]))
    ]
    classes = [
        [
            one["road_class"],
            f"{one['factor']:.2f}",
            str(one["trips"]),
            f"{one['seconds'] / 3600:.1f} h",
            _share(one["before"]),
            _share(one["after"]),
            "changes" if one["changed"] else "stays",
        ]
        for one in described["classes"]
    ]
    cells = [
        [
            one["road_class"],
            one["kecamatan"],
            one["bin"],
            f"{one['factor']:.2f}",
            f"{one['low']:.2f}-{one['high']:.2f}",
            str(one["trips"]),
            "thin" if one["thin"] else "",
        ]
        for one in described["cells"]
    ]
    parts = [
        head,
        table(["ERROR OF JUDGING TRIPS", "MEDIAN", "P90", "BIAS", "MEDIAN %"], errors, right=(1, 2, 3, 4)),
        table(["CLASS", "FACTOR", "TRIPS", "DRIVEN", "BEFORE", "AFTER", ""], classes, right=(1, 2, 3, 4, 5)),
    ]
    if cells:
        heading = ["CLASS", "KECAMATAN", "TIME", "FACTOR", "95 %", "TRIPS", ""]
        parts.append(table(heading, cells, right=(3, 5)))
    else:
        parts.append("No speed would change.")
    return "\n\n".join([*parts, *described["warnings"]])


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


# --- what was typed ----------------------------------------------------------------------------------------------


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST_REPORT:
            raise SourceError(
                f"{path} is too large for a report of learnt speeds; name a file of `learn report --out`."
            )
        described = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SourceError(f"There is no file {path}; make it with `siaga112 learn report --out {path}`.") from None
    except (OSError, ValueError):
        raise SourceError(
            f"{path} is no report of learnt speeds; make it with `siaga112 learn report --out`."
        ) from None
    if not isinstance(described, dict):
        raise _no_report(path)
    try:
        _described_text(described)  # whatever is adopted can be shown afterwards
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _no_report(path) from None
    return described


def _span(since: str | None, until: str | None, timezone: tzinfo, now: datetime) -> tuple[datetime, datetime]:
    """From the first moment of one day to the last of another, on the clocks of the centre."""
    end = now if until is None else _day(until, "--until", timezone, after=1)
    start = max(end - timedelta(days=DEFAULT_DAYS), FIRST) if since is None else _day(since, "--since", timezone)
    if start >= end:
        raise InputError("--since lies after --until; turn them round.")
    return start, end


def _day(text: str, option: str, timezone: tzinfo, *, after: int = 0) -> datetime:
    """The moment at which a day begins, or one so many days later."""
    try:
        begun = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone)
        return (begun + timedelta(days=after)).astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last days that datetime has are none in UTC
        raise InputError(f"{option} is {text[:20]}; write a day as 2026-01-31.") from None


def _no_report(path: Path) -> SourceError:
    return SourceError(f"{path} is no report of learnt speeds; make it with `siaga112 learn report --out`.")
