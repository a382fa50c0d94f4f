"""Moving up beside the literature, and why it helps in one region and not in another: `script/bench move_up`.

C. J. Jagtenberg, S. Bhulai and R. D. van der Mei (An efficient heuristic for real-time ambulance redeployment,
Operations Research for Health Care 4 (2015), 27-35) report 16.8 % fewer late calls than a static plan in the region of
Utrecht: 19 ambulances, 217 demand points, 12 minutes of driving. Its travel times are not public; the regions here are
made up at that size. With `--region` the same is asked of a real one. Each is asked again with moves that take part of
their time, down to none: what is left of the gain at full time is what being under way costs.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from dispatch.policies import CLOSEST_BY_ROAD
from planning.calls import CallCategory, CallModel, Duration, flat_week
from planning.replications import Estimate, Plan, replicate, summarise
from planning.simulation import NO_WAY, Roster, Rules, World
from planning.siting import SitingProblem, mclp, mexclp

UNITS = 19
POINTS = 217
BASES = 18
HOSPITALS = 8
TOWNS = 7
SIDE_KM = 42.0
DETOUR = 1.3
STANDARD_S = 900.0
TURNOUT_S = 180.0
CREW_MS = 60_000
"""Of the turnout, that a crew on the road does not need."""
BUSY = 0.3
DAY_MS = 86_400_000
PARTS = (1.0, 0.5, 0.0)
"""Of the time of a move, and of a way home."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--region", type=Path, help="A region folder, in place of made-up regions.")
    parser.add_argument("--standard", type=float, default=STANDARD_S, help="Seconds, with --region.")
    parser.add_argument("--faster", type=float, default=1.0, help="Drive so many times as fast, with --region.")
    parser.add_argument("--calls", type=float, nargs="+", default=[144.0], help="A day.")
    parser.add_argument("--kph", type=float, nargs="+", default=[60.0], help="Along roads, of made-up regions.")
    parser.add_argument("--regions", type=int, default=5, help="How many to make up.")
    parser.add_argument("--units", type=int, default=UNITS)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--replications", type=int, default=10)
    asked = parser.parse_args()
    print(
        "| region | calls a day | way | busy | late, static | late, moving up | fewer late |\n"
        "|---|---|---|---|---|---|---|"
    )
    if asked.region is not None:
        name, world, turnout_s = f"{asked.region.name} x{asked.faster:g}", *_real(asked.region, asked.faster)
        _told(name, world, asked.standard, turnout_s, asked)
        return
    for kph in asked.kph:
        for seed in range(1, asked.regions + 1):
            _told(f"{kph:g} km/h, {seed}", made_up(seed, kph), STANDARD_S, TURNOUT_S, asked)


def made_up(seed: int, kph: float) -> World:
    """A region like Utrecht: towns and country, bases where they reach the most people in time."""
    rng = np.random.default_rng(seed)
    towns = rng.uniform(6, SIDE_KM - 6, (TOWNS, 2))
    size = np.sort(rng.pareto(1.2, TOWNS) + 1)[::-1]
    own = rng.choice(TOWNS, POINTS, p=size / size.sum())
    inside = rng.random(POINTS) < 0.6
    spots = np.where(
        inside[:, None], towns[own] + rng.normal(0, 2.2, (POINTS, 2)), rng.uniform(0, SIDE_KM, (POINTS, 2))
    )
    spots = np.clip(spots, 0, SIDE_KM)
    people = np.where(inside, rng.uniform(4000, 12000, POINTS), rng.uniform(800, 5000, POINTS))
    away = np.sqrt(((spots[:, None] - spots[None]) ** 2).sum(axis=2))
    ms = np.rint((away * DETOUR + 0.4) / kph * 3_600_000).astype(np.int64)
    problem = SitingProblem(times_s=ms / 1000, weight=people)
    bases = np.array(mclp(problem, (STANDARD_S - TURNOUT_S) * 0.75, BASES).sites)
    hospitals = np.array([int(np.argmin(((spots - town) ** 2).sum(axis=1))) for town in towns])[:HOSPITALS]
    rows = np.concatenate([bases, np.arange(POINTS), hospitals])
    return World(
        road_ms=ms[rows], straight_cm=np.rint(away * 100_000).astype(np.int64)[rows], home_ms=ms[np.ix_(rows, bases)],
        hospital_ms=ms[:, hospitals].min(axis=1), hospital=ms[:, hospitals].argmin(axis=1), people=people,
    )  # fmt: skip


def static_bases(world: World, standard_s: float, turnout_s: float, units: int) -> np.ndarray:
    """(u,) base of each unit by MEXCLP, solved to proof."""
    reached = (world.road_ms[: world.base_count] < NO_WAY).any(axis=0)
    times = world.road_ms[: world.base_count, reached] / 1000 + turnout_s
    found = mexclp(SitingProblem(times_s=times, weight=world.people[reached]), standard_s, units, BUSY)
    return np.array(found.sites)


def beside_static(
    world: World,
    bases: np.ndarray,
    standard_s: float,
    turnout_s: float,
    calls: float,
    *,
    days: float,
    replications: int,
) -> tuple[float, float, float, Estimate]:
    """Busy fraction, late shares without and with moving up, and by which part fewer calls are late."""
    reached = (world.road_ms[: world.base_count] < NO_WAY).any(axis=0)
    model = CallModel(
        per_day=calls, hour_profile=flat_week(), place_weight=np.where(reached, world.people, 0.0),
        categories=(CallCategory(name="a", share=1, severity=1, on_scene=Duration(mean_s=720, exponential=True),
                                 transported=0.8),),
        at_hospital=Duration(mean_s=900, exponential=True),
    )  # fmt: skip
    roster = Roster.always(
        bases, turnout_ms=round(turnout_s * 1000), rolling_turnout_ms=max(round(turnout_s * 1000) - CREW_MS, 0)
    )
    plan = Plan(
        world=world, roster=roster, rules=Rules(standard_ms=round(standard_s * 1000), busy_fraction=BUSY),
        policy=CLOSEST_BY_ROAD, calls=model, horizon_ms=round(days * DAY_MS),
    )  # fmt: skip
    stays = replicate(plan, replications, seed=1, workers=1)
    moves = replicate(replace(plan, rules=replace(plan.rules, move_up=True)), replications, seed=1, workers=1)
    fewer = Estimate.of([1 - after.late / before.late for before, after in zip(stays, moves, strict=True)])
    before, after = summarise(stays), summarise(moves)
    return before.utilisation.mean, before.late.mean, after.late.mean, fewer


def _told(name: str, world: World, standard_s: float, turnout_s: float, asked: argparse.Namespace) -> None:
    bases = static_bases(world, standard_s, turnout_s, asked.units)
    for calls in asked.calls:
        for part in PARTS:
            quick = replace(world, home_ms=np.where(world.home_ms >= NO_WAY, NO_WAY, np.rint(world.home_ms * part))
                            .astype(np.int64))  # fmt: skip
            busy, before, after, fewer = beside_static(
                quick, bases, standard_s, turnout_s, calls, days=asked.days,
                replications=asked.replications,
            )  # fmt: skip
            print(
                f"| {name} | {calls:g} | {part:g} | {busy:.2f} | {before:.2%} | {after:.2%} | "
                f"{fewer.mean * 100:+.1f} % ±{fewer.half_width * 100:.1f} |", flush=True,
            )  # fmt: skip


def _real(folder: Path, faster: float) -> tuple[World, float]:
    from routing.region import Region
    from web.plan_simulation import world_of
    from web.plans import Planner

    planner = Planner(Region.open(folder))
    world = world_of(planner, planner.posts("ambulance"), "ambulance")

    def sooner(ms: np.ndarray) -> np.ndarray:
        return np.where(ms >= NO_WAY, ms, np.rint(ms / faster)).astype(np.int64)

    quicker = replace(world, road_ms=sooner(world.road_ms), home_ms=sooner(world.home_ms),
                      hospital_ms=sooner(world.hospital_ms))  # fmt: skip
    return quicker, planner.dispatch_settings.turnout_of("ambulance")


if __name__ == "__main__":
    main()
