"""Time against nodes for each question, one picture, so that the growth of every engine is seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from bench.travel.measure import BUILD, CUSTOMIZE, RANK, SWEEP, TABLE, Figure
from bench.travel.python_api import API, OURS, SNAP
from bench.travel.table import QUESTIONS

PANELS = (RANK, TABLE, SWEEP, CUSTOMIZE, BUILD, API)
PIXELS_PER_INCH = 120
LEAST_S = 5e-6
"""What takes less is nothing done at all, such as the order of an engine that has none."""


def plot_growth(figures: Sequence[Figure], path: Path) -> None:
    """Draw time against nodes on logarithmic axes, a panel for each question, a line for each engine."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    engines = list(dict.fromkeys(_engine(figure) for figure in figures))
    colours = {engine: f"C{number % 10}" for number, engine in enumerate(engines)}
    drawn, axes = plt.subplots(2, 3, figsize=(13, 8), sharex=True)
    for axis, question in zip(axes.flat, PANELS, strict=True):
        lines: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for figure in figures:
            if (figure.median_s or 0) >= LEAST_S and (
                figure.question == question or (question == API and figure.question == SNAP)
            ):
                name = "siaga112, snapping alone" if figure.question == SNAP else _engine(figure)
                lines[name].append((figure.nodes, figure.median_s))
        for name, points in lines.items():
            nodes, seconds = zip(*sorted(points), strict=True)
            width = 2.5 if name == OURS else 1.2
            style = {"color": colours[name]} if name in colours else {"color": colours[OURS], "linestyle": "--"}
            axis.loglog(nodes, seconds, marker="o", markersize=4, linewidth=width, label=name, **style)
        axis.set_title(QUESTIONS[question].title, fontsize=10)
        axis.grid(visible=True, which="major", alpha=0.3)
        axis.set_ylabel("seconds", fontsize=8)
    for axis in axes[1]:
        axis.set_xlabel("nodes", fontsize=8)
    handles = dict(pair[::-1] for axis in axes.flat for pair in zip(*axis.get_legend_handles_labels(), strict=True))
    drawn.legend(handles.values(), handles.keys(), loc="lower center", ncol=6, fontsize=9, frameon=False)
    drawn.tight_layout(rect=(0.0, 0.06, 1.0, 1.0))
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn.savefig(path, dpi=PIXELS_PER_INCH, metadata={"Software": None})
    plt.close(drawn)


def _engine(figure: Figure) -> str:
    """OSRM's two algorithms are one line."""
    return figure.engine.partition(" (")[0]
