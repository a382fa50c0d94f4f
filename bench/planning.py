"""What the planner takes: coverage times, siting beside spopt, replications of a year: `script/bench planning`."""

from __future__ import annotations

import argparse
import os
import resource
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bench.oracles import or_library, san_francisco
from dispatch.policies import CLOSEST_BY_ROAD, LeastCover
from planning.calls import CallCategory, CallModel, Duration, flat_week
from planning.coverage import Standard
from planning.queueing import erlang_b, erlang_c, mean_wait_s
from planning.replications import Plan, replicate, run_replications, summarise
from planning.simulation import Policy, Roster, Rules, World
from planning.siting import SitingProblem, lscp, mclp, mexclp, p_center, p_median
from routing.region import Region
from web.plans import Planner
from web.regions import open_region

REPEATS = 5
SF_RADIUS_M = 5000.0
DAY_S = 86_400
YEAR_MS = 365 * DAY_S * 1000
SERVICE_S = 1800


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--region", type=Path, help="Region folder; default the demonstration region.")
    parser.add_argument("--kind", default="fire_engine")
    parser.add_argument("--replications", type=int, default=100)
    parser.add_argument("--units", type=int, default=30)
    parser.add_argument("--calls-per-day", type=float, default=100.0)
    parser.add_argument("--only", choices=["coverage", "siting", "simulation", "oracles", "queueing"])
    parser.add_argument("--data", type=Path, help="Folder with oracles/ (tests/conftest.py tells which), for oracles.")
    asked = parser.parse_args()
    if asked.only in (None, "coverage"):
        coverage_times(Planner(Region.open(asked.region) if asked.region else open_region(None)), asked.kind)
    if asked.only in (None, "siting"):
        siting_beside_spopt()
    if asked.only == "oracles":
        published_answers(asked.data)
    if asked.only in (None, "simulation"):
        simulation_speed(asked.units, asked.calls_per_day, asked.replications)
    if asked.only == "queueing":
        beside_queueing_theory(asked.replications)


def coverage_times(planner: Planner, kind: str) -> None:
    """Coverage of all posts, and again with one moved."""
    standard = Standard(kinds=(kind,), within_s=900.0)
    stations = [post for post in planner.stations if post.operating] or list(planner.posts(kind))
    first, again = [], []
    for _ in range(REPEATS):
        started = perf_counter()
        planner.coverage(stations, standard)
        first.append(perf_counter() - started)
        started = perf_counter()
        planner.coverage(stations[1:], standard)
        again.append(perf_counter() - started)
    print(f"coverage, {len(stations)} posts, {planner.demand.piece_count} pieces: {min(first):.2f} s; "
          f"with one closed: {min(again):.2f} s (best of {REPEATS})")  # fmt: skip


def published_answers(data: Path) -> None:
    """Expected and got, with the proven gap."""
    folder = data / "oracles"
    town = san_francisco(folder)
    asked = [("LSCP", 8.0, lambda: lscp(town, SF_RADIUS_M))]
    for p, expected in enumerate((448255, 671938, 791499, 875247, 927402, 941462, 950428, 955113), start=1):
        asked.append((f"MCLP p={p}", expected, lambda p=p: mclp(town, SF_RADIUS_M, p)))
    asked.append(("p-median p=4", 2848268129.71, lambda: p_median(town, 4)))
    asked.append(("p-center p=4", 7403.064, lambda: p_center(town, 4)))
    for q, units, expected in ((0.3, 4, 670543.091), (0.3, 5, 729166.691), (0.5, 4, 542291.375)):
        asked.append(
            (f"MEXCLP q={q} p={units}", expected, lambda q=q, units=units: mexclp(town, SF_RADIUS_M, units, q))
        )
    for name in ("pmed1", "pmed2", "pmed6", "pmed11"):
        problem, p, expected = or_library(folder / "pmed", name)
        asked.append((f"p-median {name} p={p}", expected, lambda problem=problem, p=p: p_median(problem, p)))
    print("| model | expected | got | gap | seconds |\n|---|---|---|---|---|")
    for name, expected, solve in asked:
        found = solve()
        got = round(found.objective, 3)
        print(f"| {name} | {expected:.10g} | {got:.10g} | {found.gap:g} | {found.seconds:.2f} |", flush=True)


def siting_beside_spopt() -> None:
    """The same instances with spopt through PuLP and HiGHS."""
    import pulp
    from spopt.locate import MCLP, PMedian  # type: ignore[import-untyped]

    rng = np.random.default_rng(7)
    where, sites = rng.random((150, 2)) * 60, rng.random((60, 2)) * 60
    times = np.abs(sites[:, None, :] - where[None, :, :]).sum(axis=2).round(3)
    weight = rng.integers(100, 9000, len(where)).astype(np.float64)
    problem = SitingProblem(times_s=times, weight=weight)
    solver = pulp.HiGHS(msg=False)
    _beside(
        "MCLP p=8",
        lambda: mclp(problem, 8.0, 8).objective,
        lambda: _value(MCLP.from_cost_matrix(times.T, weight, 8.0, 8).solve(solver)),
    )
    _beside(
        "p-median p=8",
        lambda: p_median(problem, 8).objective,
        lambda: _value(PMedian.from_cost_matrix(times.T, weight, 8).solve(solver)),
    )


def _beside(name: str, ours: Callable[[], float], theirs: Callable[[], float]) -> None:
    figures = []
    for solve in (ours, theirs):
        started = perf_counter()
        found = solve()
        figures.append((perf_counter() - started, found))
    (our_s, our_value), (their_s, their_value) = figures
    print(f"{name}, 60 sites, 150 demand points: {our_s:.2f} s ({our_value:.1f}); "
          f"spopt {their_s:.2f} s ({their_value:.1f})")  # fmt: skip


def _value(solved: Any) -> float:
    return float(solved.problem.objective.value())


def simulation_speed(units: int, per_day: float, replications: int) -> None:
    """Replications of a year on a made-up kabupaten of 400 villages."""
    rng = np.random.default_rng(1)
    v, h = 400, 8
    spots = rng.random((units + v + h, 2)) * 45_000
    away = np.abs(spots[:, None, :] - spots[None, :, :]).sum(axis=2)
    ms = np.rint(away / 10.0 * 1000).astype(np.int64)  # 36 km/h
    demand = slice(units, units + v)
    world = World(
        road_ms=ms[:, demand], straight_cm=np.rint(away * 70).astype(np.int64)[:, demand], home_ms=ms[:, :units],
        hospital_ms=ms[demand, units + v :].min(axis=1), hospital=ms[demand, units + v :].argmin(axis=1),
        people=rng.integers(1000, 9000, v).astype(np.float64),
    )  # fmt: skip
    model = CallModel(
        per_day=per_day, hour_profile=flat_week(), place_weight=world.people,
        categories=(
            CallCategory(name="a", share=1, severity=2, on_scene=Duration(mean_s=1000), transported=0.7),
        ),
    )  # fmt: skip
    policies: tuple[tuple[str, Policy, bool], ...] = (
        ("closest by road", CLOSEST_BY_ROAD, False),
        ("closest by road, moving up", CLOSEST_BY_ROAD, True),
        ("cost of cover", LeastCover(standard_ms=900_000), False),
        ("cost of cover, moving up", LeastCover(standard_ms=900_000), True),
    )
    for name, policy, move_up in policies:
        plan = Plan(
            world=world, roster=Roster.always(np.arange(units), turnout_ms=60_000), rules=Rules(move_up=move_up),
            policy=policy, calls=model, horizon_ms=YEAR_MS,
        )  # fmt: skip
        run_replications(plan, np.random.SeedSequence(0).spawn(1))  # compiled once, kept on disk
        started, before = perf_counter(), _processor_s()
        found = summarise(replicate(plan, replications, seed=1))
        took, used = perf_counter() - started, _processor_s() - before
        print(
            f"{name}: {replications} years of {units} units, {found.calls.mean:.0f} calls each, "
            f"busy {found.utilisation.mean:.2f}, late {found.late.mean:.2%}: {took:.1f} s on {os.cpu_count()} cores, "
            f"{used:.1f} processor seconds ({replications / took:.1f} replications a second)",
            flush=True,
        )


def like_servers(count: int, offered: float, *, waits: bool) -> Plan:
    """So many like servers at one place, an erlang of work offered: nothing but a queue."""
    nowhere = np.zeros((1, 1), dtype=np.int64)
    world = World(
        road_ms=np.zeros((2, 1), dtype=np.int64), straight_cm=np.zeros((2, 1), dtype=np.int64),
        home_ms=np.zeros((2, 1), dtype=np.int64), hospital_ms=nowhere[0], hospital=nowhere[0] - 1, people=np.ones(1),
    )  # fmt: skip
    model = CallModel(
        per_day=offered * DAY_S / SERVICE_S, hour_profile=flat_week(), place_weight=np.ones(1),
        categories=(
            CallCategory(name="a", share=1, severity=1, on_scene=Duration(mean_s=SERVICE_S, exponential=True)),
        ),
    )  # fmt: skip
    return Plan(
        world=world, roster=Roster.always(np.zeros(count, dtype=np.int64), turnout_ms=0), rules=Rules(waits=waits),
        policy=CLOSEST_BY_ROAD, calls=model, horizon_ms=60 * DAY_S * 1000,
    )  # fmt: skip


def beside_queueing_theory(replications: int) -> None:
    """Loss and delay of 60 days as Erlang says and as simulated, with the 95 % intervals."""
    print("| units | erlang | lost, Erlang B | simulated | waits, Erlang C | simulated | mean wait s | simulated |\n"
          "|---|---|---|---|---|---|---|---|")  # fmt: skip
    for count, offered in ((1, 0.5), (3, 2.0), (8, 6.0)):
        lost, waits = (
            summarise(replicate(like_servers(count, offered, waits=waiting), replications, seed=seed))
            for waiting, seed in ((False, 5), (True, 6))
        )
        print(
            f"| {count} | {offered} | {erlang_b(count, offered):.4f} | {lost.lost.mean:.4f} ± "
            f"{lost.lost.half_width:.4f} | {erlang_c(count, offered):.4f} | {waits.waited.mean:.4f} ± "
            f"{waits.waited.half_width:.4f} | {mean_wait_s(count, offered, SERVICE_S):.1f} | {waits.wait_s.mean:.1f} ± "
            f"{waits.wait_s.half_width:.1f} |",
            flush=True,
        )


def _processor_s() -> float:
    """Of this process and of its workers that have ended."""
    return sum(
        one.ru_utime + one.ru_stime for one in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


if __name__ == "__main__":
    main()
