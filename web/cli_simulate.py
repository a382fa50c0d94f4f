"""Simulation from a terminal: a year of calls under plans and policies, or a stretch of the log once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gis.errors import N_, InputError
from web.cli_common import json_option, language_option, print_json, progress_bar, region_option
from web.cli_coverage import OUT, WhatIf, planned, post_options, road_options, standard_options, the_standard

if TYPE_CHECKING:
    from planning.coverage import Standard
    from planning.replications import Plan
    from web.plans import Planner, Post

_NEGATIVE_NUMBERS = {"ignore_unknown_options": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked of the simulation."""

    names: tuple[str, ...]
    move_up: bool
    per_post: int
    asleep: Sequence[str]
    busy_fraction: float
    waits: bool


@click.command(context_settings=_NEGATIVE_NUMBERS)
@standard_options
@click.option(
    "--policy",
    "policies",
    multiple=True,
    type=click.Choice(["road", "line", "cover", "joint"]),
    help="Who is sent: closest by road (default) or line, least cost of cover, joint queues; repeatable.",
)
@click.option("--move-up", is_flag=True, help="Freed units go where they add the most cover (DMEXCLP).")
@click.option("--calls-per-day", type=float, help="Default: by people, an assumption that docs/planning.md tells.")
@click.option("--units-per-post", "per_post", type=int, default=1, show_default=True)
@click.option("--asleep", multiple=True, help="A post without a crew from 22 to 6 o'clock; repeatable.")
@click.option("--busy", "busy_fraction", type=float, default=0.3, show_default=True, help="For the cost of cover.")
@click.option("--lost", is_flag=True, help="A call that nobody can take at once is lost instead of waiting.")
@post_options
@road_options
@click.option("--days", type=float, default=365.0, show_default=True, help="Days of calls in each replication.")
@click.option("--replications", type=int, default=20, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--workers", type=int, help="Processes of this machine; default: one per core.")
@click.option("--scheduler", help="Address of a Dask scheduler, in place of own processes.")
@click.option("--replay", is_flag=True, help="Replay the log of --db instead of a made-up year.")
@click.option("--since", help="With --replay: reported then or later, such as 2026-01-01T00:00:00+07:00.")
@click.option("--until", help="With --replay: reported before then.")
@click.option("--db", "database", help="With --replay: database; default $SIAGA112_DB, else a file of your own.")
@click.option("--csv", "csv_file", type=OUT, help="Write the figures to a CSV file.")
@click.option("--png", "png_file", type=OUT, help="Save the distribution of response times as a picture.")
@language_option
@json_option
@region_option
def simulate(
    kind: str, minutes: float, policies: Sequence[str], move_up: bool, calls_per_day: float | None, per_post: int,
    asleep: Sequence[str], busy_fraction: float, lost: bool, days: float, replications: int, seed: int,
    workers: int | None, scheduler: str | None, replay: bool, since: str | None, until: str | None,
    database: str | None, csv_file: Path | None, png_file: Path | None, lang: str, as_json: bool,
    region_folder: Path | None, **changes: Any,
) -> None:  # fmt: skip
    """Simulate calls, units and queues under one policy or several, on the same calls.

    \b
    siaga112 simulate --kind ambulance --minutes 10 --policy road --policy line
    siaga112 simulate --kind ambulance --move-up --add "Pos Jamblang=balai desa jamblang"
    siaga112 simulate --kind fire_engine --flood banjir.geojson --at 2026-11-26T07:00:00+07:00
    siaga112 simulate --replay --since 2026-10-01T00:00:00+07:00 --until 2026-11-01T00:00:00+07:00
    """
    from web.i18n import translator

    if not 0 < days <= 3660:
        raise InputError(N_("--days must be more than 0 and at most 3660."))
    if not replay and (since or until or database):
        raise InputError(N_("--since, --until and --db go with --replay."))
    standard = the_standard(kind, minutes, 0.9)
    plan = planned(region_folder, standard.kinds[0], WhatIf(**changes), translator(lang))
    planner, posts = plan.planner, plan.posts
    asked = _Asked(
        names=tuple(dict.fromkeys(policies)) or ("road",), move_up=move_up, per_post=per_post, asleep=asleep,
        busy_fraction=busy_fraction, waits=not lost,
    )  # fmt: skip
    if replay:
        answer = _replay(planner, posts, standard, asked, since, until, database, region_folder)
    else:
        answer = _made_up(
            planner, posts, standard, asked, calls_per_day, days,
            {"replications": replications, "seed": seed, "workers": workers, "scheduler": scheduler},
        )  # fmt: skip
    by_night = [translator(lang)(N_("Fewer units by night at: {posts}.")).format(posts=", ".join(asleep))]
    answer["assumed"] = [*plan.assumed, *(by_night if asleep else ())]
    _tell(answer, csv_file, png_file, lang, as_json)


def _plans(planner: Planner, posts: Sequence[Post], standard: Standard, asked: _Asked, world: Any) -> Any:
    """Rosters, rules and policies by name; with moving up, every policy once more with it."""
    from dispatch.joint_policy import JOINT
    from planning.simulation import Rules
    from web.plan_simulation import policy_of, roster_of

    roster = roster_of(planner, posts, standard.kinds[0], per_post=asked.per_post, asleep=asked.asleep)
    rules = Rules(waits=asked.waits, standard_ms=round(standard.within_s * 1000), busy_fraction=asked.busy_fraction)
    made = {}
    for name in asked.names:
        policy = policy_of(name, standard.within_s)
        own = replace(rules, joint=JOINT if name == "joint" else None)
        made[name] = (roster, own, policy)
        if asked.move_up:
            made[f"{name}+move-up"] = (roster, replace(own, move_up=True), policy)
    return made


def _made_up(
    planner: Planner, posts: Sequence[Post], standard: Standard, asked: _Asked, per_day: float | None, days: float,
    how: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    from planning.replications import Plan, difference, replicate, summarise
    from web.plan_simulation import DAY_MS, calls_by_people, estimate_json, reachable, summary_json, world_of

    kind = standard.kinds[0]
    world = world_of(planner, posts, kind)
    model = calls_by_people(world, kind, per_day)
    found: dict[str, Any] = {}
    plans: dict[str, Plan] = {}
    made = _plans(planner, posts, standard, asked, world)
    with progress_bar("simulating", total=how["replications"] * len(made)) as advance:
        for name, (roster, rules, policy) in made.items():
            plans[name] = Plan(
                world=world, roster=roster, rules=rules, policy=policy, calls=model, horizon_ms=round(days * DAY_MS)
            )
            found[name] = replicate(plans[name], progress=advance, **how)
    first = next(iter(found))
    return {
        "kind": kind, "posts": len(posts), "calls_per_day": round(model.per_day, 3), "days": days, "seed": how["seed"],
        "standard_s": standard.within_s,
        "unreached_people": round(float(world.people[~reachable(world)].sum())),
        "policies": [
            {"policy": name, **summary_json(summarise(one), plans[name]),
             "late_change": estimate_json(difference(found[first], one))}
            for name, one in found.items()
        ],
        "notice": planner.region.notice,
    }  # fmt: skip


def _replay(
    planner: Planner, posts: Sequence[Post], standard: Standard, asked: _Asked, since: str | None, until: str | None,
    database: str | None, region_folder: Path | None,
) -> dict[str, Any]:  # fmt: skip
    import numpy as np

    from planning.calls import CallModel, flat_week
    from planning.replications import Plan, measure, serve, summarise
    from web.cli_centre import to_ask
    from web.cli_exports import time_option
    from web.exports import incident_cases, unit_kinds
    from web.plan_simulation import MEDICAL, replayed, summary_json, world_of

    start, end = time_option("--since", since), time_option("--until", until)
    if start is not None and end is not None and end <= start:
        raise InputError(N_("--until must be later than --since; correct one of them."))
    kind = standard.kinds[0]
    with to_ask(database, region_folder) as centre:
        cases, kinds, timezone = incident_cases(centre, start, end), unit_kinds(centre), centre.store.timezone
    middles = {area.code: planner.region.boundaries.middle(area.code) for area in planner.demand.villages}
    middles |= {area.code: planner.region.boundaries.middle(area.code) for area in planner.kecamatan}
    log = replayed(cases, kinds, kind, timezone, middles)
    world = world_of(planner, posts, kind, log.spots)
    begins, ends = log.start_ms, int((log.calls.at_ms + log.calls.on_scene_ms).max()) + 1
    unused = CallModel(per_day=1, hour_profile=flat_week(), place_weight=world.people, categories=MEDICAL)
    policies = []
    for name, (roster, rules, policy) in _plans(planner, posts, standard, asked, world).items():
        plan = Plan(
            world=world, roster=roster, rules=rules, policy=policy, calls=unused, start_ms=begins, horizon_ms=ends
        )
        one = measure(plan, log.calls, serve(plan, log.calls))
        policies.append({"policy": name, **summary_json(summarise([one]), plan)})
    known = log.actual_s[np.isfinite(log.actual_s)]
    handled = bool(np.isfinite(log.handling_s).any())
    return {
        "kind": kind, "posts": len(posts), "standard_s": standard.within_s, "incidents": len(log.calls),
        "left_out": log.left_out, "impossible_times": log.impossible,
        "actual": {
            "with_time": len(known), "without_time": len(log.calls) - len(known),
            "mean_s": round(float(known.mean()), 1) if len(known) else None,
            "late": round(float((known > standard.within_s).mean()), 5) if len(known) else None,
            "handling_median_s": round(float(np.nanmedian(log.handling_s)), 1) if handled else None,
        },
        "policies": policies, "notice": planner.region.notice,
    }  # fmt: skip


def _tell(answer: dict[str, Any], csv_file: Path | None, png_file: Path | None, lang: str, as_json: bool) -> None:
    from web.i18n import translator
    from web.plan_words import assumed_text, simulation_text

    _ = translator(lang)
    if csv_file is not None:
        from web.plan_files import write_rows

        names = ("calls", "mean_s", "median_s", "p90_s", "late", "lost", "waited", "wait_s", "utilisation")
        columns = ["policy", "units", "replications", *(f"{name}{part}" for name in names for part in ("", "_95"))]
        rows = [
            [one["policy"], one["units"], one["replications"],
             *(one[name][part] for name in names for part in ("mean", "half_width"))]
            for one in answer["policies"]
        ]  # fmt: skip
        write_rows(csv_file, columns, rows, answer["notice"])
    if png_file is not None:
        import numpy as np

        from web.plots import distribution, write_picture

        series = {one["policy"]: (np.array(one["minutes"]), np.array(one["shares"])) for one in answer["policies"]}
        picture = distribution(
            series, standard_s=answer["standard_s"], title=_("Response times"), across=_("minutes"),
            up=_("share of calls reached, %"),
        )  # fmt: skip
        write_picture(png_file, picture)
    if as_json:
        print_json(answer)
        return
    if answer["assumed"]:
        click.echo(assumed_text(answer["assumed"], _))
    click.echo(simulation_text(answer, _))
