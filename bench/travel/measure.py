"""What every engine is asked on one network: answers are compared with a plain search first, then timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from scipy.sparse.csgraph import dijkstra
from tqdm import tqdm

from bench.travel.engines import Engine, IntArray, Roads

UNITS, VILLAGES, STATIONS = 200, 424, 60
INCIDENTS = 300
CHECKED = 5
"""Incidents whose answers are compared before anything is timed."""

SEED = 112
MOST_RUNS = 9
MOST_CHECKED = 100_000
"""Nodes up to which slow engines are also held to tables and sweeps."""

MOST_BUILT_TWICE = 2_000_000

BUILD, CUSTOMIZE, RANK, TABLE, SWEEP = "build", "customize", "rank", "table", "sweep"

T = TypeVar("T")


class AnswersDifferError(Exception):
    """An engine that is exact gave another answer than a plain search; nothing that follows is worth a figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """How long an engine took for a question on a network.

    Attributes
    ----------
    network, nodes, question, engine
        What was asked, and who answered.
    median_s, least_s, runs
        Over so many runs; None where it was not asked.
    note
        Why not, or what else is to be known.
    """

    network: str
    nodes: int
    question: str
    engine: str
    median_s: float | None = None
    least_s: float | None = None
    runs: int = 0
    note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Questions:
    """The units, incidents, villages and stations of one network, all at nodes, and some plain answers."""

    units: IntArray
    incidents: IntArray
    villages: IntArray
    stations: IntArray
    ranks: IntArray
    sweeps: IntArray

    @classmethod
    def of(cls, roads: Roads) -> Questions:
        """Drawn from a fixed seed; the answers are scipy's."""
        dice = np.random.default_rng(SEED)
        units, incidents, villages, stations = (
            dice.integers(0, roads.size, count) for count in (UNITS, INCIDENTS, VILLAGES, STATIONS)
        )
        forward, backward = roads.matrix(), roads.matrix(backward=True)
        return cls(
            units=units,
            incidents=incidents,
            villages=villages,
            stations=stations,
            ranks=dijkstra(backward, indices=incidents[:CHECKED])[:, units].astype(np.int64),
            sweeps=dijkstra(forward, indices=stations[:2]).astype(np.int64),
        )


def measure(engine: Engine, roads: Roads, questions: Questions, patience_s: float) -> list[Figure]:
    """Every figure of one engine.

    Parameters
    ----------
    engine, roads, questions
        Who is asked, where and what.
    patience_s
        What takes longer by the engine's own pace is not asked; the figure says so.

    Raises
    ------
    AnswersDifferError
        The engine's answers are not those of a plain search.
    """
    figures: list[Figure] = []

    def note(question: str, times: list[float] | str) -> None:
        figures.append(figure(roads, question, engine.name, times))

    # The first build loads or compiles what is compiled; of the largest network one is enough.
    note(BUILD, timed(lambda _: engine.build(roads), range(3), patience_s / 2, warm=roads.size <= MOST_BUILT_TWICE))
    note(CUSTOMIZE, timed(lambda _: engine.customize(), range(MOST_RUNS), patience_s / 2))
    engine.pin(questions.units)
    _check(engine, roads, questions)
    asked = tqdm(questions.incidents.tolist(), f"{roads.name}: {engine.name}", leave=False, delay=2, disable=None)
    ranks = timed(engine.rank, asked, patience_s / 2)
    note(RANK, ranks)
    pace_s = float(np.median(ranks))
    for question, ask, nodes, searches in (
        (TABLE, engine.table, questions.villages, UNITS),
        (SWEEP, engine.sweep, questions.stations, STATIONS),
    ):
        if question == SWEEP and roads.size > engine.most_targets:
            note(question, f"more than {engine.most_targets:,} targets do not fit in its memory")
        elif searches * pace_s > patience_s:
            note(question, f"{searches} searches at its pace take more than {patience_s:g} s")
        else:
            note(question, timed(lambda _, ask=ask, nodes=nodes: ask(nodes), range(MOST_RUNS), patience_s / 2))
    return figures


def timed(ask: Callable[[Any], object], items: Iterable[Any], patience_s: float, *, warm: bool = True) -> list[float]:
    """Seconds of each call, one per item, until patience is at its end; if `warm`, the first is not counted."""
    times: list[float] = []
    began = time.perf_counter()
    for number, item in enumerate(items):
        started = time.perf_counter()
        ask(item)
        ended = time.perf_counter()
        times.append(ended - started)
        if ended - began > patience_s and (number or not warm):
            break
    return times[1:] if warm and len(times) > 1 else times


def figure(roads: Roads, question: str, engine: str, times: list[float] | str) -> Figure:
    """A figure of so many times, or of the reason why there are none."""
    if isinstance(times, str):
        return Figure(network=roads.name, nodes=roads.size, question=question, engine=engine, note=times)
    return Figure(
        network=roads.name,
        nodes=roads.size,
        question=question,
        engine=engine,
        median_s=float(np.median(times)),
        least_s=min(times),
        runs=len(times),
    )


def _check(engine: Engine, roads: Roads, questions: Questions) -> None:
    for number, incident in enumerate(questions.incidents[:CHECKED].tolist()):
        if not np.array_equal(engine.rank(incident), questions.ranks[number]):
            raise AnswersDifferError(f"{engine.name} ranks otherwise than a plain search on {roads.name}")
    if roads.size > MOST_CHECKED:
        return  # ranks have been compared; a table of 200 plain searches would take minutes
    if not np.array_equal(engine.table(questions.incidents[:CHECKED]), questions.ranks.T):
        raise AnswersDifferError(f"{engine.name} has another table than a plain search on {roads.name}")
    if not np.array_equal(engine.sweep(questions.stations[:2]), questions.sweeps):
        raise AnswersDifferError(f"{engine.name} sweeps otherwise than a plain search on {roads.name}")
