"""The rule of who goes first: one object for the console and for simulations."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dispatch import ranking
from dispatch.policies import CLOSEST_BY_LINE, CLOSEST_BY_ROAD, LeastCover
from web.plan_simulation import policy_of

candidates = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=8)


def arrays(rows):
    eta, line, lost = (np.array(one) for one in zip(*rows, strict=True))
    return eta * 1000, line, lost.astype(np.float64)


@given(candidates)
def test_each_policy_orders_as_it_says_and_ties_go_to_the_lower_id(rows):
    eta, line, lost = arrays(rows)
    numbers = range(len(rows))
    assert CLOSEST_BY_ROAD.order(eta, line, lost).tolist() == sorted(numbers, key=lambda n: (eta[n], line[n], n))
    assert CLOSEST_BY_LINE.order(eta, line, lost).tolist() == sorted(numbers, key=lambda n: (line[n], eta[n], n))
    late = eta > 2000
    assert LeastCover(standard_ms=2000).order(eta, line, lost).tolist() == sorted(
        numbers, key=lambda n: (late[n], 0.0 if late[n] else lost[n], eta[n], line[n], n)
    )


def test_the_console_and_the_simulation_share_one_policy():
    assert policy_of("road", 900) is CLOSEST_BY_ROAD is ranking.CLOSEST_BY_ROAD
    source = Path(ranking.__file__).read_text(encoding="utf-8")
    used = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name) and node.id == "CLOSEST_BY_ROAD"]
    assert used, "units are ranked by another rule than the one that is simulated"
