"""The figures as tables: each engine against ours, and ours against what it is to reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.travel.measure import BUILD, CUSTOMIZE, RANK, STATIONS, SWEEP, TABLE, UNITS, VILLAGES, Figure
from bench.travel.memory import COLD_BUILD, MEMORY
from bench.travel.networks import NETWORKS
from bench.travel.python_api import API, ISOCHRONE, MOVE, OURS, POINTS_IN_VILLAGES, SNAP
from bench.travel.server import COLD, COLD_IMPORTS, HTTP_BUSY, HTTP_MEDIAN, HTTP_P95, HTTP_WHOLE

GIGA = 1e9
NOTHING_S = 1e-5
"""An engine that takes less does nothing here, such as the order of one that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question in words, and by network the most seconds (or bytes) that ours may take."""

    title: str
    targets: dict[str, float]


QUESTIONS: dict[str, Question] = {
    RANK: Question(title=f"rank of {UNITS} pinned units", targets={"cirebon_fine": 5e-5, "tiled": 1e-4, "java": 5e-4}),
    TABLE: Question(title=f"{UNITS} x {VILLAGES} matrix", targets={"cirebon_fine": 5e-3, "tiled": 2e-2}),
    SWEEP: Question(title=f"{STATIONS} x all nodes", targets={"cirebon_fine": 1.5e-2, "tiled": 0.25}),
    CUSTOMIZE: Question(title="customization", targets={"cirebon_fine": 1e-2, "tiled": 0.12}),
    BUILD: Question(title="order and build", targets={"cirebon_fine": 1.0, "tiled": 12.0}),
    COLD_BUILD: Question(title="order and build, in a new process", targets={"cirebon_fine": 1.0, "tiled": 12.0}),
    MEMORY: Question(title="peak memory of it", targets={"tiled": 1.5 * GIGA, "java": 24 * GIGA}),
    API: Question(title="rank through the Python API, with snapping", targets=dict.fromkeys(NETWORKS, 5e-4)),
    MOVE: Question(title=f"moving one of {UNITS} units", targets={}),
    SNAP: Question(title="snapping one point", targets=dict.fromkeys(NETWORKS, 1e-5)),
    ISOCHRONE: Question(title="isochrones of 4 limits", targets={"cirebon": 6e-2}),
    POINTS_IN_VILLAGES: Question(title="a million points to villages", targets={"cirebon": 0.1}),
    HTTP_MEDIAN: Question(title="rank through HTTP, median", targets={}),
    HTTP_P95: Question(title="rank through HTTP, 95th percentile", targets={"cirebon": 5e-3}),
    HTTP_WHOLE: Question(title="the same, all 200 units told, 95th percentile", targets={}),
    HTTP_BUSY: Question(title="rank through HTTP without a pause between questions, 95th percentile", targets={}),
    COLD: Question(title="first answer of a cold `siaga112 nearest`", targets={"cirebon": 1.5}),
    COLD_IMPORTS: Question(title="of which imports", targets={}),
}


def tables(figures: Sequence[Figure]) -> str:
    """All figures as Markdown: engines by network, then ours against the targets."""
    parts = []
    for network in dict.fromkeys(figure.network for figure in figures):
        part = [figure for figure in figures if figure.network == network]
        compared = _compared(part)
        if compared:
            nodes = next(figure.nodes for figure in part if figure.question == RANK)
            parts.append(f"### {NETWORKS[network].title if network in NETWORKS else network}: {nodes:,} nodes\n")
            parts.append(compared)
    parts.append("### Targets\n")
    parts.append(_targets(figures))
    notes = [
        f"- {figure.network}, {QUESTIONS[figure.question].title}, {figure.engine}: {figure.note}"
        for figure in figures
        if figure.note
    ]
    return "\n".join([*parts, *(["Notes:\n", *notes] if notes else [])]) + "\n"


def _compared(part: Sequence[Figure]) -> str:
    """One row per engine, one column per question that a peer was asked too."""
    columns = (RANK, TABLE, SWEEP, CUSTOMIZE, BUILD)
    rows = list(dict.fromkeys(figure.engine for figure in part if figure.question in columns))
    if len(rows) < 2:
        return ""
    by_cell = {(figure.engine, figure.question): figure for figure in part}
    lines = [
        "| engine | " + " | ".join(QUESTIONS[column].title for column in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for row in rows:
        cells = []
        for column in columns:
            mine, ours = by_cell.get((row, column)), by_cell.get((OURS, column))
            cells.append(_against(mine, ours))
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _against(mine: Figure | None, ours: Figure | None) -> str:
    if mine is None or mine.median_s is None:
        return "–"
    if mine.median_s < NOTHING_S:
        return "none"
    text = shown(mine.median_s)
    if ours is None or ours.median_s is None or mine is ours or ours.median_s == 0:
        return text
    ratio = mine.median_s / ours.median_s
    return f"{text} ({ratio:,.0f} x)" if ratio >= 10 else f"{text} ({ratio:.2g} x)"


def _targets(figures: Sequence[Figure]) -> str:
    lines = ["| question | network | nodes | median | least | target | |", "|---|---|---|---|---|---|---|"]
    for figure in figures:
        question = QUESTIONS[figure.question]
        if figure.engine != OURS or figure.median_s is None:
            continue
        target = question.targets.get(figure.network)
        kept = "" if target is None else "hit" if figure.median_s <= target else "**missed**"
        is_bytes = figure.question == MEMORY
        cells = [question.title, figure.network, f"{figure.nodes:,}", shown(figure.median_s, is_bytes=is_bytes)]
        cells += ["" if figure.least_s is None else shown(figure.least_s, is_bytes=is_bytes)]
        cells += ["" if target is None else "<= " + shown(target, is_bytes=is_bytes), kept]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def shown(value: float, *, is_bytes: bool = False) -> str:
    """A number of seconds (or bytes) with three figures and the unit that suits it."""
    if is_bytes:
        return f"{value / GIGA:.3g} GB"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size or unit == "µs":
            number = value / size
            return f"{number:.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"
    raise AssertionError("the last unit takes every number")
