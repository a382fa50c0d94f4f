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
    rows = _options(costs, open_costs)
    best = _solve(rows, {})
    total = _total(rows, best)
    fixed: dict[int, int] = {}
    for row, options in enumerate(rows):
        for option, cost in options.items():
            if option == best[row]:
                break
            # No better than the cheapest cell of every row still free would allow: not worth solving.
            least = cost + sum(rows[one][at] for one, at in fixed.items())
            least += sum(min(rows[one].values()) for one in range(row + 1, len(rows)))
            if least > total or option in fixed.values():
                continue
            other = _solve(rows, {**fixed, row: option})
            if _total(rows, other) == total:
                best = other
                break
        fixed[row] = best[row]
    return tuple(column if column >= 0 else None for column in best)


def least_cost(costs: Costs, open_costs: Sequence[int]) -> int:
    """The least sum alone, without the search for the first among equals."""
    rows = _options(costs, open_costs)
    return _total(rows, _solve(rows, {}))


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
    # The solver's path lengths and dual values stay within four times the cost of a forbidden cell: every row has a
    # column of its own to end at, and there is always a column that no row has, which bounds the duals.
    if 4 * _forbidden(rows) >= _EXACT:
        raise ValueError("the costs are too large to be added exactly")
    return rows


def _solve(rows: list[dict[int, int]], fixed: dict[int, int]) -> list[int]:
    from scipy.optimize import linear_sum_assignment  # here, so that the command line starts without it

    if not rows:
        return []
    columns = sorted({column for row in rows for column in row})
    at = {column: place for place, column in enumerate(columns)}
    matrix = np.full((len(rows), len(columns)), float(_forbidden(rows)))
    for number, row in enumerate(rows):
        allowed = {fixed[number]: row[fixed[number]]} if number in fixed else row
        for column, cost in allowed.items():
            matrix[number, at[column]] = float(cost)
    chosen = linear_sum_assignment(matrix)[1]
    return [columns[place] for place in chosen]


def _forbidden(rows: list[dict[int, int]]) -> int:
    """More than any assignment without such a cell costs; leaving every row open is always allowed."""
    return sum(max(row.values()) for row in rows) + 1


def _total(rows: list[dict[int, int]], chosen: list[int]) -> int:
    return sum(row.get(column, _EXACT) for row, column in zip(rows, chosen, strict=True))
