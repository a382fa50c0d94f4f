"""Integer programmes, and what was proven of them: HiGHS through `scipy.optimize.milp`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

FloatArray = npt.NDArray[np.float64]

TOLERANCE: Final = 1e-6
"""The solver proves within its own tolerances, which are no gap."""

_OPTIMAL, _LIMIT, _INFEASIBLE = 0, 1, 2  # statuses of scipy.optimize.milp


class SolverStatus(StrEnum):
    """What the solver proved."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    """The time limit came first: the answer is usable, and the gap says how much better another could be."""
    INFEASIBLE = "infeasible"
    UNSOLVED = "unsolved"
    """The time limit came before any answer."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """What the solver found.

    Attributes
    ----------
    status
        What it proved.
    values
        Of the variables; None without an answer.
    objective, bound
        Cost of the answer, and what no answer can cost less than; NaN where there is none.
    seconds
        Wall time.
    """

    status: SolverStatus
    values: FloatArray | None
    objective: float
    bound: float
    seconds: float


Rows = list[tuple[Any, Any, Any]]


def solve(
    *, cost: FloatArray, rows: Rows, lower: FloatArray, upper: FloatArray, integer: FloatArray,
    time_limit_s: float | None,
) -> Solved:  # fmt: skip
    """Minimise `cost @ x` subject to rows (matrix, low, high) and bounds.

    Raises
    ------
    RuntimeError
        The solver fails for a reason of its own.
    """
    started = perf_counter()
    options: dict[str, Any] = {"mip_rel_gap": 0.0}
    if time_limit_s is not None:
        options["time_limit"] = time_limit_s
    result = milp(
        cost,
        constraints=[LinearConstraint(csr_array(matrix), low, high) for matrix, low, high in rows],
        bounds=Bounds(lower, upper),
        integrality=integer,
        options=options,
    )
    if result.status not in (_OPTIMAL, _LIMIT, _INFEASIBLE):
        raise RuntimeError(f"HiGHS: {result.message}")
    if result.status == _INFEASIBLE:
        status = SolverStatus.INFEASIBLE
    elif result.x is None:
        status = SolverStatus.UNSOLVED
    else:
        status = SolverStatus.OPTIMAL if result.status == _OPTIMAL else SolverStatus.FEASIBLE
    bound = result.mip_dual_bound
    return Solved(
        status=status,
        values=result.x,
        objective=float("nan") if result.x is None else float(result.fun),
        bound=float("nan") if bound is None else float(bound),
        seconds=perf_counter() - started,
    )


def identity(size: int) -> csr_array:
    """The sparse identity."""
    return csr_array((np.ones(size), np.arange(size), np.arange(size + 1)), shape=(size, size))


def ones_row(count: int, width: int) -> csr_array:
    """One sparse row with ones in its first `count` places."""
    return csr_array((np.ones(count), (np.zeros(count, dtype=np.int64), np.arange(count))), shape=(1, width))
