"""Travel times against every engine in the field, on real and on large networks, with targets.

    script/bench routing [--networks cirebon malta ...] [--java] [--quick] [--markdown | --json] [--plot]

networkx, rustworkx, igraph, scipy, routingkit-cch and ours answer the same questions at the nodes of the same graphs,
and their answers are compared to the millisecond before anything is timed. OSRM and Valhalla are asked in a Python of
their own, where it can be made. Then come ours through the Python API, HTTP and the command line. The networks are made
once under `build/bench/`, where `figures.json` holds the figures so far. The exit status is 1 when answers differ.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from bench.travel.engines import ENGINES, OurSearch, Roads, engines
from bench.travel.measure import AnswersDifferError, Figure, Questions, measure
from bench.travel.memory import memory_figures
from bench.travel.networks import DATA, KEPT, NETWORKS, network_folder, network_of
from bench.travel.other_figures import other_figures
from bench.travel.other_python import REPOSITORY
from bench.travel.python_api import POINTS, api_figures, village_figures
from bench.travel.server import server_figures
from bench.travel.table import tables

USUAL = ("cirebon", "malta", "cirebon_fine", "tiled")
FIGURES = KEPT / "figures.json"
"""The figures so far, for whoever stops a run."""

PICTURE = REPOSITORY / "docs" / "images" / "growth.png"
VILLAGES = ("cirebon/desa_3209.geojson", "cirebon/desa_3274.geojson")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; 1 when answers differ."""
    options = _options(arguments)
    if not DATA.is_dir():
        print(f"bench routing: the real data is missing: there is no {DATA}", file=sys.stderr)
        return 1
    figures: list[Figure] = []
    missing: dict[str, str] = {}
    try:
        for work in tqdm(_parts(options, missing), "parts", disable=None, leave=False):
            figures += work()
            kept = {"figures": [asdict(figure) for figure in figures], "missing": missing}
            FIGURES.parent.mkdir(parents=True, exist_ok=True)
            FIGURES.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    except AnswersDifferError as error:
        print(f"bench routing: {error}", file=sys.stderr)
        return 1
    if options.plot:
        from bench.travel.plot import plot_growth

        plot_growth(figures, options.plot)
    if options.json:
        print(json.dumps(kept, indent=1))
        return 0
    for name, reason in missing.items():
        print(f"{name} is not compared: {reason}")
    print(tables(figures))
    return 0


def _parts(options: argparse.Namespace, missing: dict[str, str]) -> list[Callable[[], list[Figure]]]:
    """What is to be done, one call each."""
    asked = ["cirebon"] if options.quick else [*options.networks, *(["java"] if options.java else [])]
    networks = list(dict.fromkeys(asked))  # whoever names one twice has it measured once
    patience_s = 0.2 if options.quick else options.patience
    parts: list[Callable[[], list[Figure]]] = []
    for name in networks:
        parts.append(lambda name=name: _graph_figures(name, options.engines, patience_s, missing))
        if name != "java":
            parts.append(lambda name=name: api_figures(Roads.of(name, network_of(name)), patience_s))
        if not options.quick:
            parts.append(lambda name=name: memory_figures(name, network_folder(name)))
            if not options.no_other_python and name != "java":
                parts.append(
                    lambda name=name: other_figures(Roads.of(name, network_of(name)), patience_s, install=True)
                )
    if not options.quick:
        parts.append(lambda: village_figures([DATA / file for file in VILLAGES], POINTS))
        parts.append(lambda: server_figures(seconds=patience_s))
    return parts


def _graph_figures(name: str, asked: Sequence[str], patience_s: float, missing: dict[str, str]) -> list[Figure]:
    roads = Roads.of(name, network_of(name))
    questions = Questions.of(roads)
    found, without = engines()
    missing |= without
    if name == "java":  # hours for a plain search, and gigabytes for the peers' objects
        found = [engine for engine in found if type(engine) is OurSearch]
    found = [engine for engine in found if engine.name in asked]
    return [figure for engine in found for figure in measure(engine, roads, questions, patience_s)]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/bench routing", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="+", choices=list(NETWORKS), default=list(USUAL))
    names = [make().name for make, _ in ENGINES]
    parser.add_argument("--engines", nargs="+", choices=names, default=names, help="only these, on the graphs")
    parser.add_argument("--java", action="store_true", help="also ten million nodes, ours alone: minutes, and 12 GB")
    parser.add_argument("--patience", type=float, default=10.0, help="seconds for one question to one engine")
    parser.add_argument("--no-other-python", action="store_true", help="leave OSRM and Valhalla out")
    parser.add_argument("--quick", action="store_true", help="a smoke run on the smallest network alone")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON")
    parser.add_argument("--markdown", action="store_true", help="print tables for docs/benchmarks.md (as without it)")
    parser.add_argument("--plot", type=Path, nargs="?", const=PICTURE, help=f"draw the growth (default {PICTURE.name})")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
