"""The hierarchy against scipy on the same states: every time, way, sweep and component; and what is stored of it."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.customization import Plan, customized
from routing.hierarchy import RECORD, Hierarchy, HierarchyMissingError, HierarchyUnusableError
from routing.kernels import warm_kernels
from routing.labels import POOL_ROWS
from routing.metric import CLOSED, Metric
from routing.search import LONGEST_DRIVE_MS, NEVER_MS, Search
from routing.search_hierarchy import HierarchySearch
from routing.search_scipy import ScipySearch
from routing.starts import Starts
from routing.turning_round import quickest_metric
from tests.networks import BuiltNetwork, Road, network_from_edges
from tests.strategies import road_networks

EXAMPLES = 100
LINE = network_from_edges(
    [(0.0, 0.0), (0.0, 0.01), (0.0, 0.02)],
    [Road(tail=0, head=1, ms=5_000), Road(tail=1, head=2, ms=7_000)],
    [[(0, True), (1, True)]],
)


@st.composite
def searches(draw: st.DrawFn, built: BuiltNetwork) -> tuple[HierarchySearch, ScipySearch]:
    """Both engines over the same states under a metric drawn edge by edge, many edges closed."""
    network = built.network
    ms = st.sampled_from((CLOSED, 0, 1, 2, 1000)) | st.integers(0, 900_000)
    metric = Metric(
        edge_ms=np.array([draw(ms) for _ in range(network.edge_count)], dtype=np.int64),
        turn_round_ms=draw(st.sampled_from((0, 2, 20_000))),
        obeys_restrictions=draw(st.booleans()),
    )
    hierarchy = Hierarchy.build(network, metric=metric)
    assert hierarchy.serves(network, metric)
    return HierarchySearch(hierarchy, metric), ScipySearch(hierarchy.turns, metric)


@st.composite
def points(draw: st.DrawFn, search: Search, *, most: int = 5) -> Starts:
    """Points of none to four states each, anywhere: more than a point on a road ever has."""
    state = st.tuples(st.integers(0, search.turns.state_count - 1), st.sampled_from((0, 1, 500)))
    found = draw(st.lists(st.lists(state, max_size=4), max_size=most))
    return starts_of(found)


def starts_of(found: list[list[tuple[int, int]]]) -> Starts:
    return Starts(
        offset=np.cumsum([0, *map(len, found)]),
        state=np.array([state for point in found for state, _ in point], dtype=np.int64),
        ms=np.array([ms for point in found for _, ms in point], dtype=np.float64),
    )


@given(data=st.data(), built=road_networks())
@settings(max_examples=EXAMPLES, deadline=None)
def test_times_between_any_states_are_those_of_scipy(data, built):
    fast, plain = data.draw(searches(built))
    origins, targets = data.draw(points(fast)), data.draw(points(fast))
    times = fast.times_ms(fast.pin(origins), targets)
    assert np.array_equal(times, plain.times_ms(plain.pin(origins), targets))
    if len(targets):  # the plain engine searches from the smaller side: both must agree
        again = [plain.times_ms(plain.pin(origins), targets.part(at, at + 1))[:, 0] for at in range(len(targets))]
        assert np.array_equal(times, np.stack(again, axis=1))


@given(data=st.data(), built=road_networks())
@settings(max_examples=EXAMPLES, deadline=None)
def test_sweeps_over_all_nodes_are_those_of_scipy(data, built):
    fast, plain = data.draw(searches(built))
    origins = data.draw(points(fast, most=20))
    assert np.array_equal(fast.node_times_ms(origins), plain.node_times_ms(origins))
    for mine, theirs in zip(fast.first_ms(origins), plain.first_ms(origins), strict=True):
        assert np.array_equal(mine, theirs)


@given(data=st.data(), built=road_networks())
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_way_is_driven_arc_by_arc_in_the_least_time(data, built):
    fast, plain = data.draw(searches(built))
    origin, target = data.draw(points(fast, most=1)), data.draw(points(fast, most=1))
    if not len(origin) or not len(target):
        return
    ((expected,),) = plain.times_ms(plain.pin(origin), target)
    for search in (fast, plain):
        way = search.way(origin, target)
        assert (way is None) == np.isinf(expected)
        if way is None:
            continue
        state, ms = int(origin.state[way.start]), float(origin.ms[way.start])
        for arc in way.arcs:
            assert search.arc_open[arc]
            assert search.turns.arc_source[arc] == state
            state, ms = int(search.turns.arc_target[arc]), ms + float(search.arc_ms[arc])
        assert state == way.state
        assert way.ms == expected == ms + target.ms[target.state == state].min()


@given(data=st.data(), built=road_networks())
@settings(max_examples=EXAMPLES, deadline=None)
def test_components_are_those_of_scipy(data, built):
    fast, plain = data.draw(searches(built))
    (count, label), (expected, of_scipy) = fast.components(), plain.components()
    assert count == expected == len(set(zip(label.tolist(), of_scipy.tolist(), strict=True)))


@given(data=st.data(), built=road_networks())
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_customization_in_parts_is_that_of_the_whole(data, built):
    fast, _ = data.draw(searches(built))
    tree = fast._hierarchy.elimination
    whole, parts = Plan.of(tree), Plan.of(tree, most=data.draw(st.integers(1, 4)))
    assert sorted(np.concatenate([*parts.parts, parts.top]).tolist()) == list(range(len(tree.order)))
    for part in parts.parts:
        assert set(part.tolist()) >= set(np.flatnonzero(np.isin(tree.parent, part)).tolist())
    costs = fast._customized.arc_ms
    for mine, theirs in zip(customized(tree, whole, costs), customized(tree, parts, costs), strict=True):
        assert np.array_equal(mine, theirs)


@given(built=road_networks())
@settings(max_examples=EXAMPLES, deadline=None)
def test_all_higher_neighbours_of_a_rank_lie_above_it_on_one_branch(built):
    tree = Hierarchy.build(built.network).elimination
    assert sorted(tree.order.tolist()) == list(range(len(tree.order)))
    assert (tree.rank[tree.order] == np.arange(len(tree.order))).all()
    for low in range(len(tree.order)):
        heads = tree.up_head[tree.up_offset[low] : tree.up_offset[low + 1]].tolist()
        assert heads == sorted(set(heads), reverse=True)
        assert tree.parent[low] == (heads[-1] if heads else -1)
        above = low
        branch = [above := int(tree.parent[above]) for _ in range(tree.depth[low])]
        assert set(heads) <= set(branch)
        assert tree.parent[branch[-1] if branch else low] == -1


@given(data=st.data(), built=road_networks())
@settings(max_examples=30, deadline=None)
def test_units_that_move_cost_a_new_label_and_leave_the_others_alone(data, built):
    fast, plain = data.draw(searches(built))
    target = data.draw(points(fast, most=2))
    for _ in range(4):
        origins = data.draw(points(fast))
        kept = fast.pin(origins)
        assert np.array_equal(fast.times_ms(kept, target), plain.times_ms(plain.pin(origins), target))


def test_a_full_pool_of_labels_is_left_to_those_who_still_read_it():
    metric = Metric(edge_ms=np.array([5_000, 5_000, 7_000, 7_000]))
    free = network_from_edges([(0.0, 0.0), (0.0, 0.01), (0.0, 0.02)], [Road(tail=0, head=1), Road(tail=1, head=2)])
    fast = HierarchySearch(Hierarchy.build(free.network), metric)
    end = starts_of([[(2, 0)]])
    first = fast.pin(starts_of([[(0, 0)]]))
    for ms in range(0, POOL_ROWS + 500, 500):
        fast.pin(starts_of([[(1, spent)] for spent in range(ms, ms + 500)]))
    assert fast.times_ms(first, end).tolist() == [[12_000.0]]
    assert fast.times_ms(fast.pin(starts_of([[(0, 0)], [(1, 3)]])), end).tolist() == [[12_000.0], [7_003.0]]


def test_the_longest_drive_is_told_and_one_millisecond_more_is_out_of_reach():
    line = network_from_edges([(0.0, 0.0), (0.0, 0.01), (0.0, 0.02)], [Road(tail=0, head=1), Road(tail=1, head=2)])
    hierarchy = Hierarchy.build(line.network)
    for first, second, reached in ((2**29, 2**29 - 2, True), (2**29, 2**29 - 1, False), (2**31 - 1, 1, False)):
        ms = np.full(4, CLOSED, dtype=np.int64)
        ms[line.edge_of[0, True]], ms[line.edge_of[1, True]] = first, second
        metric = Metric(edge_ms=ms)
        for search in (HierarchySearch(hierarchy, metric), ScipySearch(hierarchy.turns, metric)):
            start, end = starts_of([[(0, 0)]]), starts_of([[(2, 0)]])
            ((time,),) = search.times_ms(search.pin(start), end)
            assert time == (LONGEST_DRIVE_MS if reached else np.inf)
            assert search.node_times_ms(start)[0, 2] == (LONGEST_DRIVE_MS if reached else NEVER_MS)
            assert (search.way(start, end) is None) == (not reached)


def test_a_metric_that_is_quicker_than_the_hierarchy_allows_for_is_not_served():
    hierarchy = Hierarchy.build(LINE.network)
    usual = quickest_metric(LINE.network)
    assert hierarchy.serves(LINE.network, usual)
    slower_turn = replace(usual, turn_round_ms=usual.turn_round_ms + 120_000_000)
    far = network_from_edges(
        [(0.0, 0.01 * at) for at in range(5)],
        [Road(tail=at, head=at + 1) for at in range(4)],
        [[(0, True), (1, True)]],
    ).network
    assert not Hierarchy.build(far).serves(far, replace(slower_turn, edge_ms=np.ones(8, dtype=np.int64)))
    assert Hierarchy.build(far, metric=replace(slower_turn, edge_ms=np.ones(8, dtype=np.int64))).serves(
        far, replace(slower_turn, edge_ms=np.ones(8, dtype=np.int64))
    )


# --- stored --------------------------------------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    Hierarchy.build(LINE.network).save(tmp_path, LINE.network)
    return tmp_path


def test_a_stored_hierarchy_is_the_one_that_was_built(stored):
    built, loaded = Hierarchy.build(LINE.network), Hierarchy.load(stored, LINE.network)
    for part in ("turns", "elimination"):
        for field in fields(getattr(built, part)):
            mine, theirs = getattr(getattr(built, part), field.name), getattr(getattr(loaded, part), field.name)
            assert mine.dtype == theirs.dtype
            assert np.array_equal(mine, theirs)
    assert np.array_equal(built.quickest.edge_ms, loaded.quickest.edge_ms)
    assert built.quickest.turn_round_ms == loaded.quickest.turn_round_ms


def test_a_hierarchy_built_twice_is_the_same_byte_for_byte(stored, tmp_path_factory):
    again = tmp_path_factory.mktemp("again")
    Hierarchy.build(LINE.network).save(again, LINE.network)
    assert {path.name: path.read_bytes() for path in stored.iterdir()} == {
        path.name: path.read_bytes() for path in again.iterdir()
    }


def test_a_hierarchy_that_is_missing_is_told_apart(tmp_path):
    with pytest.raises(HierarchyMissingError):
        Hierarchy.load(tmp_path, LINE.network)


def test_a_hierarchy_of_another_version_is_not_used(stored):
    record = json.loads((stored / RECORD).read_text())
    (stored / RECORD).write_text(json.dumps(record | {"format": 999}))
    with pytest.raises(HierarchyUnusableError, match="format 999"):
        Hierarchy.load(stored, LINE.network)


def test_a_hierarchy_of_other_roads_is_not_used(stored):
    other = network_from_edges([(0.0, 0.0), (0.0, 0.01)], [Road(tail=0, head=1)])
    with pytest.raises(HierarchyUnusableError, match="other roads"):
        Hierarchy.load(stored, other.network)


@pytest.mark.parametrize("turn_round", ["7", "1e999"])
def test_a_record_of_which_a_number_changed_is_not_believed(stored, turn_round):
    Hierarchy.load(stored, LINE.network)
    text = (stored / RECORD).read_text()
    changed = re.sub(r'("turn_round_ms": )\d+', rf"\g<1>{turn_round}", text)
    assert changed != text
    (stored / RECORD).write_text(changed)
    with pytest.raises(HierarchyUnusableError, match=RECORD):
        Hierarchy.load(stored, LINE.network)


def test_the_record_of_an_earlier_build_is_still_read(stored):
    record = json.loads((stored / RECORD).read_text())
    del record["sha256"]
    (stored / RECORD).write_text(json.dumps(record))
    assert Hierarchy.load(stored, LINE.network).height == Hierarchy.build(LINE.network).height


@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "no record", "record of nothing"])
def test_a_damaged_hierarchy_is_not_used(stored, damage):
    victim = stored / "up_head.npy"
    content = victim.read_bytes()
    if damage == "cut":
        victim.write_bytes(content[:-1])
    elif damage == "flipped":
        victim.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "gone":
        victim.unlink()
    else:
        (stored / RECORD).write_text("{" if damage == "no record" else "[]")
    with pytest.raises(HierarchyUnusableError):
        Hierarchy.load(stored, LINE.network)


def test_making_the_compiled_code_ready_says_so_once():
    said: list[str] = []
    warm_kernels(said.append)
    assert len(said) == 1
