"""Rules of the assignment of units to slots, against every assignment tried."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tests.strategies  # noqa: F401 (its profile: no test judges by time)
from dispatch.joint_solver import best_assignment, least_cost


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[list[int | None]], list[int]]:
    """Up to four rows and five columns, full of ties and of cells that cannot be."""
    rows, columns = draw(st.integers(0, 4)), draw(st.integers(0, 5))
    cell = st.none() | st.integers(0, 4) | st.integers(0, 10**12)
    return (
        [[draw(cell) for _ in range(columns)] for _ in range(rows)],
        [draw(st.integers(0, 4) | st.integers(0, 10**13)) for _ in range(rows)],
    )


def every_assignment(costs: list[list[int | None]], open_costs: list[int]) -> list[tuple[int, tuple[int | None, ...]]]:
    """Total and columns of all assignments there are."""
    columns = range(len(costs[0])) if costs else range(0)
    found = []
    for chosen in itertools.product([None, *columns], repeat=len(costs)):
        filled = [one for one in chosen if one is not None]
        if len(set(filled)) < len(filled):
            continue
        cells = [left if one is None else row[one] for row, one, left in zip(costs, chosen, open_costs, strict=True)]
        if all(one is not None for one in cells):
            found.append((sum(one for one in cells if one is not None), chosen))
    return found


@given(problems())
def test_no_assignment_costs_less(problem: tuple[list[list[int | None]], list[int]]) -> None:
    costs, open_costs = problem
    totals = {chosen: total for total, chosen in every_assignment(costs, open_costs)}
    chosen = best_assignment(costs, open_costs)
    assert totals[chosen] == min(totals.values()) == least_cost(costs, open_costs)


@given(problems())
@example(([[2], [0]], [2, 0]))
def test_of_equal_assignments_the_first_by_row_is_given(problem: tuple[list[list[int | None]], list[int]]) -> None:
    costs, open_costs = problem
    every = every_assignment(costs, open_costs)
    least = min(total for total, _ in every)

    def key(chosen: tuple[int | None, ...]) -> list[tuple[float, int]]:
        return [
            (float("inf"), 0) if one is None else (row[one] or 0, one) for row, one in zip(costs, chosen, strict=True)
        ]

    assert best_assignment(costs, open_costs) == min((one for total, one in every if total == least), key=key)


def test_costs_that_differ_by_one_in_a_million_million_are_told_apart() -> None:
    assert best_assignment([[10**12, 10**12 - 1]], [10**13]) == (1,)


def test_a_row_that_no_column_can_fill_is_left_open() -> None:
    assert best_assignment([[None, None], [5, None]], [7, 9]) == (None, 0)


@pytest.mark.parametrize(
    ("costs", "open_costs"), [([[1], [1, 2]], [0, 0]), ([[1]], []), ([[-1]], [0]), ([[2**51]], [0])]
)
def test_costs_that_cannot_be_solved_exactly_are_refused(costs: list[list[int | None]], open_costs: list[int]) -> None:
    with pytest.raises(ValueError, match="cost"):
        best_assignment(costs, open_costs)
