"""Hot spots: beyond chance, held against the formulas written out, and quiet where there is nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.errors import PlanningInputError
from planning.hotspots import by_hour, density, empirical_bayes, false_discovery, getis_ord, hotspots

SIDE = 8


def grid_neighbours(side: int = SIDE) -> list[list[int]]:
    return [
        [
            (row + down) * side + column + across
            for down in (-1, 0, 1)
            for across in (-1, 0, 1)
            if (down or across) and 0 <= row + down < side and 0 <= column + across < side
        ]
        for row in range(side)
        for column in range(side)
    ]


@given(st.integers(0, 2**32))
def test_gi_star_is_the_formula_of_ord_and_getis(seed):
    values = np.random.default_rng(seed).random(SIDE * SIDE)
    z, _ = getis_ord(values, grid_neighbours())
    n, mean, spread = len(values), values.mean(), values.std()
    for number, others in enumerate(grid_neighbours()):
        own = [*others, number]
        many = len(own)
        expected = (values[own].sum() - mean * many) / (spread * math.sqrt((n * many - many**2) / (n - 1)))
        assert z[number] == pytest.approx(expected)


def test_a_cluster_is_found_and_nothing_else():
    counts = np.full(SIDE * SIDE, 4)
    cluster = [row * SIDE + column for row in (2, 3, 4) for column in (2, 3, 4)]
    counts[cluster] = 40
    found = hotspots(counts, np.full(SIDE * SIDE, 3000.0), grid_neighbours())
    assert found.hot[3 * SIDE + 3] and set(np.flatnonzero(found.hot)) <= {
        row * SIDE + column for row in range(1, 6) for column in range(1, 6)
    }


def test_chance_alone_gives_hardly_any_hot_spot():
    people = np.full(SIDE * SIDE, 3000.0)
    hot = [
        hotspots(np.random.default_rng(seed).poisson(5, SIDE * SIDE), people, grid_neighbours()).hot.any()
        for seed in range(40)
    ]
    assert sum(hot) <= 6


def test_a_tiny_village_with_one_incident_is_no_alarm():
    people = np.full(SIDE * SIDE, 4000.0)
    people[10] = 20.0
    counts = np.random.default_rng(1).poisson(8, SIDE * SIDE)
    counts[10] = 1
    smoothed = empirical_bayes(counts, people)
    assert counts[10] / people[10] * 1000 == 50 and smoothed[10] < 2 * np.median(smoothed)


@given(st.lists(st.integers(0, 30), min_size=8, max_size=20), st.integers(1, 9))
def test_a_smoothed_rate_lies_between_its_own_and_that_of_the_region(counts, scale):
    found = np.array([*counts, 1])
    people = np.arange(1, len(found) + 1) * 100.0 * scale
    smoothed, raw, whole = empirical_bayes(found, people), found / people * 1000, found.sum() / people.sum() * 1000
    assert (smoothed >= np.minimum(raw, whole) - 1e-9).all() and (smoothed <= np.maximum(raw, whole) + 1e-9).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_are_those_of_benjamini_and_hochberg(values):
    p, n = np.array(values), len(values)
    order = np.argsort(p)
    plain = np.empty(n)
    for place, number in enumerate(order.tolist()):
        plain[number] = min(1.0, *(p[order[later]] * n / (later + 1) for later in range(place, n)))
    assert false_discovery(p) == pytest.approx(plain)


def test_the_density_adds_up_to_the_incidents():
    lat, lon = np.array([-6.7, -6.72, -6.71]), np.array([108.5, 108.52, 108.51])
    rows, columns = np.linspace(-6.81, -6.61, 201), np.linspace(108.41, 108.61, 201)
    found = density(lat, lon, rows, columns, bandwidth_m=1000)
    cell_km2 = (0.001 * 111.195) ** 2 * math.cos(math.radians(6.71))
    assert found.sum() * cell_km2 == pytest.approx(3, rel=1e-3)


def test_hours_are_counted_by_day():
    table = by_hour(np.array([0, 0, 25, 167]))
    assert table.shape == (7, 24) and table[0, 0] == 2 and table[1, 1] == 1 and table[6, 23] == 1


@pytest.mark.parametrize(
    ("counts", "people", "said"),
    [
        (np.full(64, 0), np.ones(64), "at least 30 incidents"),
        (np.full(4, 99), np.ones(4), "at least 8 villages"),
        (np.full(64, 9), np.zeros(64), "any people"),
        (np.full(64, 9), np.ones(63), "do not match"),
        (np.full(64, -1), np.ones(64), "negative"),
    ],
)
def test_too_little_to_tell_is_told_in_a_sentence(counts, people, said):
    with pytest.raises(PlanningInputError, match=said):
        hotspots(counts, people, [[] for _ in counts])
