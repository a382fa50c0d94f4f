"""The benchmark of travel times: a smoke run, and that it would tell when answers differ."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench import routing as bench_routing
from bench.travel import other_python
from bench.travel.engines import OurScipySearch, Roads, Scipy
from bench.travel.measure import RANK, SWEEP, TABLE, AnswersDifferError, Figure, Questions, measure
from bench.travel.plot import plot_growth
from bench.travel.table import shown, tables
from bench.travel.tiling import largest_component, tiled
from tests.networks import Road, network_from_edges


@pytest.fixture(scope="module")
def roads() -> Roads:
    points = [(0.0, 0.0), (0.0, 0.01), (0.01, 0.005), (0.012, 0.008)]
    ends = [(0, 1), (1, 2), (2, 0), (2, 3)]
    network = network_from_edges(points, [Road(tail=tail, head=head) for tail, head in ends]).network
    return Roads.of("tiny", tiled(largest_component(network, np.ones(network.edge_count, dtype=np.bool_)), 3, 3))


class Wrong(Scipy):
    """An engine that is one millisecond late for one unit."""

    def rank(self, target):
        return super().rank(target) + (np.arange(len(self.sources)) == 0)


def test_an_engine_with_other_answers_is_not_timed_but_told(roads):
    questions = Questions.of(roads)
    with pytest.raises(AnswersDifferError, match="ranks otherwise"):
        measure(Wrong(), roads, questions, patience_s=0.01)


@pytest.mark.parametrize("question", ["table", "sweep"])
def test_tables_and_sweeps_are_compared_too(roads, question, monkeypatch):
    right = getattr(Scipy, question)
    monkeypatch.setattr(Scipy, question, lambda self, nodes: right(self, nodes) + 1)
    with pytest.raises(AnswersDifferError, match=question):
        measure(Scipy(), roads, Questions.of(roads), patience_s=0.01)


def test_what_takes_too_long_is_left_out_and_the_figure_says_why(roads):
    figures = {one.question: one for one in measure(OurScipySearch(), roads, Questions.of(roads), patience_s=1e-6)}
    assert figures[RANK].median_s is not None
    assert figures[TABLE].median_s is None
    assert "pace" in figures[TABLE].note
    assert figures[SWEEP].median_s is None


def test_a_missed_target_is_told_and_a_ratio_stands_beside_every_peer():
    def one(engine: str, median_s: float) -> Figure:
        return Figure(
            network="tiled", nodes=959_520, question=RANK, engine=engine, median_s=median_s, least_s=median_s, runs=9
        )

    text = tables([one("siaga112", 2e-4), one("scipy", 0.4)])
    assert "| scipy | 400 ms (2,000 x) |" in text
    assert "| 200 µs | 200 µs | <= 100 µs | **missed** |" in text
    assert "hit" in tables([one("siaga112", 9e-5), one("scipy", 0.4)])


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.2, "3.2 s"), (0.999, "999 ms"), (0.0123, "12.3 ms"), (4.5e-5, "45 µs"), (2e-7, "0.2 µs")]
)
def test_times_are_shown_with_the_unit_that_suits_them(seconds, text):
    assert shown(seconds) == text


def test_growth_is_drawn(tmp_path):
    figures = [
        Figure(network=name, nodes=nodes, question=RANK, engine=engine, median_s=nodes * 1e-9, least_s=1e-9, runs=1)
        for name, nodes in (("cirebon", 7_166), ("tiled", 959_520))
        for engine in ("siaga112", "OSRM (CH)", "OSRM (MLD)")
    ]
    plot_growth(figures, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_quick_run_answers_every_question_and_its_answers_agree(shared_data, capsys):
    assert bench_routing.main(["--quick", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    asked = {(one["engine"], one["question"]) for one in printed["figures"] if one["median_s"]}
    assert {("siaga112", question) for question in (RANK, TABLE, SWEEP, "api", "snap")} <= asked
    assert ("scipy", RANK) in asked


def test_a_network_that_two_flags_name_is_measured_once():
    options = bench_routing._options(["--networks", "java", "--java", "--no-other-python"])
    once = bench_routing._options(["--networks", "java", "--no-other-python"])
    assert len(bench_routing._parts(options, {})) == len(bench_routing._parts(once, {}))


def test_valhalla_is_built_anew_when_its_folder_has_moved(tmp_path, monkeypatch):
    built = []

    def run(command, settings=None):
        built.append(command)
        return json.dumps({"mjolnir": {"tile_dir": command[-1]}})

    monkeypatch.setattr(other_python, "_run", run)  # the tools of Valhalla are not on every machine
    osm = tmp_path / "here" / "roads.osm.pbf"
    osm.parent.mkdir()
    osm.touch()
    other_python.build_valhalla(Path("python"), osm)
    built.clear()
    other_python.build_valhalla(Path("python"), osm)
    assert not built
    osm.parent.rename(tmp_path / "there")
    config = other_python.build_valhalla(Path("python"), tmp_path / "there" / "roads.osm.pbf")
    assert built
    assert other_python.tile_folder(config) == tmp_path / "there" / "valhalla" / "tiles"
