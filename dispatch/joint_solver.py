"""The best one-to-one assignment of units to slots, exact to the millisecond and the same every time.

Rows (slots) are matched to columns (units) so that the sum of the costs of the filled cells and of the penalties of the
rows left open is least: a linear assignment problem, solved by scipy's `linear_sum_assignment` (a shortest augmenting
path method; D. F. Crouse, On implementing 2D rectangular assignment algorithms, IEEE Transactions on Aerospace and
Electronic Systems 52 (2016), 1679-1696). Costs are whole numbers small enough for floating point to add without
rounding, so that the optimum is exact.

Where several assignments are equally good, the one is given in which the first row has its cheapest cell, then the
second, and so on (equal cells by the lower column; a row left open last): the answer must not change with the version
of the solver, for it is compared a year later.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Costs = Sequence[Sequence[int | None]]
"""Cost of each row in each column, never negative; None where the column cannot fill the row."""

_EXACT = 2**53


def best_assignment(costs: Costs, open_costs: Sequence[int]) -> tuple[int | None, ...]:
    """The column of each row; None where the row is left open.

    Parameters
    ----------
    costs
        n rows of m columns.
    open_costs
        (n,) what it costs to leave each row open.

    Raises
    ------
    ValueError
        Rows of different lengths, a negative cost, or costs too large to be added exactly.
    """
    problem = _Problem(costs, open_costs)
    best = problem.solve(problem.matrix)
    total = problem.total(best)
    may_be = problem.cells_of_optima(best)
    matrix = problem.matrix.copy()
    for row, options in enumerate(problem.rows):
        for place in (problem.place[column] for column in options):
            if place == best[row]:
                break
            if not may_be[row, place]:
                continue
            tried = matrix.copy()
            _fix(tried, row, place, problem.forbidden)
            other = problem.solve(tried)
            # Counted by what is still allowed: what was fixed before must stay as it is.
            if _total(tried, other) == total:
                best = other
                break
        _fix(matrix, row, int(best[row]), problem.forbidden)
    columns = [problem.columns[place] for place in best]
    return tuple(column if column >= 0 else None for column in columns)


def least_cost(costs: Costs, open_costs: Sequence[int]) -> int:
    """The least sum alone, without the search for the first among equals."""
    problem = _Problem(costs, open_costs)
    return problem.total(problem.solve(problem.matrix))


class _Problem:
    """Rows with their own column each, for being left open; cells that cannot be cost `forbidden`."""

    def __init__(self, costs: Costs, open_costs: Sequence[int]) -> None:
        self.rows = _options(costs, open_costs)
        # More than any assignment without such a cell costs; leaving every row open is always allowed.
        self.forbidden = sum(max(row.values()) for row in self.rows) + 1
        # The solver's path lengths and dual values stay within four times that: every row has a column of its own
        # to end at, and there is always a column that no row has, which bounds the duals.
        if 4 * self.forbidden >= _EXACT:
            raise ValueError("the costs are too large to be added exactly")
        self.columns = sorted({column for row in self.rows for column in row})
        self.place = {column: place for place, column in enumerate(self.columns)}
        self.matrix = np.full((len(self.rows), len(self.columns)), self.forbidden, dtype=np.int64)
        for number, row in enumerate(self.rows):
            for column, cost in row.items():
                self.matrix[number, self.place[column]] = cost

    def solve(self, matrix: IntArray) -> IntArray:
        """(n,) the place of each row's column."""
        from scipy.optimize import linear_sum_assignment  # here, so that the command line starts without it

        if not self.rows:
            return np.zeros(0, dtype=np.int64)
        return np.asarray(linear_sum_assignment(matrix.astype(np.float64))[1], dtype=np.int64)

    def total(self, chosen: IntArray) -> int:
        """Cost of an assignment; at least `forbidden` where it has a cell that cannot be."""
        return _total(self.matrix, chosen)

    def cells_of_optima(self, best: IntArray) -> BoolArray:
        """Cells without which no optimum is lost: those whose cost is met exactly by dual values of one optimum.

        The duals v of the columns are the shortest distances over the moves of rows from their own column to others
        (Bellman and Ford); there is no negative cycle, for `best` is optimal. By complementary slackness every
        optimum keeps to the cells with u + v = cost.
        """
        own = self.matrix[np.arange(len(self.rows)), best]
        v = np.zeros(len(self.columns), dtype=np.int64)
        for _ in range(len(self.columns) + 1):
            u = own - v[best]
            shorter = np.minimum(v, (self.matrix - u[:, None]).min(axis=0, initial=0))
            if (shorter == v).all():
                break
            v = shorter
        return np.asarray(self.matrix - (own - v[best])[:, None] - v[None, :] == 0)


def _total(matrix: IntArray, chosen: IntArray) -> int:
    return int(matrix[np.arange(len(matrix)), chosen].sum())


def _fix(matrix: IntArray, row: int, place: int, forbidden: int) -> None:
    """Allow a row one cell only."""
    cost = matrix[row, place]
    matrix[row, :] = forbidden
    matrix[row, place] = cost


def _options(costs: Costs, open_costs: Sequence[int]) -> list[dict[int, int]]:
    """What each row may choose, cheapest first: columns, and last a number below 0, its own, for being left open.

    A row needs no more columns than there are rows: if it had a dearer one, one of those would be free to swap to.
    """
    if len(costs) != len(open_costs) or len({len(row) for row in costs}) > 1:
        raise ValueError("the rows of the costs differ in length, or in number from the costs of leaving them open")
    rows: list[dict[int, int]] = []
    for number, (row, left_open) in enumerate(zip(costs, open_costs, strict=True)):
        cells = sorted((cost, column) for column, cost in enumerate(row) if cost is not None)
        rows.append({column: cost for cost, column in cells[: len(costs)]} | {-1 - number: left_open})
    if any(cost < 0 for row in rows for cost in row.values()):
        raise ValueError("a cost is negative")
    return rows
