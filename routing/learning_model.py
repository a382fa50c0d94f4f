"""The statistics of learning speeds: log factors by class, time and kecamatan, shrunk towards what is known better.

Formulation. Observation `i` of trip `j` took `T_i` seconds over roads whose metric says `t_ig` seconds for every cell
`g` = (class, kecamatan, bin of hours) and `f_i` seconds that no factor changes (ferries, turning round)::

    log T_i = log(f_i + sum_g t_ig exp(-x_g)) + u_j + e_i,     e_i ~ (0, s^2),  u_j ~ N(0, s_u^2)
    x_g = m + a_class + b_class,bin + k_kecamatan + c_class,kecamatan,bin
    a ~ N(0, s_a^2),  b ~ N(0, s_b^2),  k ~ N(0, s_k^2),  c ~ N(0, s_c^2)

`exp(x_g)` is the factor on the speed of the cell. Trips have an effect of their own (driver, vehicle, weather), so that
a hundred readings of one trip do not count as a hundred trips. A cell with few trips stays near its class at that
time and its kecamatan, these near the class, and that near the mean of all, each as far as the data tells the levels
apart: the variances
are estimated from the same data (empirical Bayes: Efron, B. and Morris, C. 1975, Data analysis using Stein's estimator
and its generalizations, JASA 70, 311-319; mixed linear models by EM: Laird, N. and Ware, J. 1982, Random-effects models
for longitudinal data, Biometrics 38, 963-974). The logarithm of the sum is linearised about the estimate in every
round (Gauss-Newton), and observations far from it count less (Huber, P. 1964, Annals of Mathematical Statistics 35,
73-101, with k = 1.345).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.sparse import csr_array, diags_array

from routing.network import Float64Array, Int64Array

Cell = tuple[int, int, int]
"""Road class, kecamatan (index, -1 for none) and bin of hours."""

ROUNDS: Final = 15
HUBER_K: Final = 1.345
Z95: Final = 1.96
_LEAST_VARIANCE: Final = 1e-5
_GLOBAL_VARIANCE: Final = 0.25
"""The mean of all: speeds of a region are, before anything is known, within a factor of about 2.7 of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Part of a trip, or the whole of it.

    Attributes
    ----------
    trip_id
        Whose part it is.
    seconds
        As it was driven.
    fixed_s
        Seconds that no factor changes.
    parts
        Seconds under the metric by cell.
    """

    trip_id: str
    seconds: float
    fixed_s: float
    parts: Mapping[Cell, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEstimate:
    """The factor of a cell on its speed, with the interval of 95 %, and the trips that passed it."""

    factor: float
    low: float
    high: float
    trips: int


@dataclass(frozen=True, kw_only=True, eq=False)
class SpeedModel:
    """What was learnt.

    Attributes
    ----------
    cells
        Estimates of the cells that were passed.
    class_bin, of_class, of_kecamatan
        Log factors for cells that nobody passed, where their class was: at that time, or at all; and what the
        kecamatan adds.
    noise, trip_spread
        Standard deviations of an observation and of a trip, in log seconds.
    """

    cells: Mapping[Cell, CellEstimate]
    class_bin: Mapping[tuple[int, int], float]
    of_class: Mapping[int, float]
    of_kecamatan: Mapping[int, float]
    noise: float
    trip_spread: float

    def factor(self, cell: Cell) -> float | None:
        """The factor of any cell; None for a class that nobody passed."""
        if (known := self.cells.get(cell)) is not None:
            return known.factor
        log = self.class_bin.get((cell[0], cell[2]), self.of_class.get(cell[0]))
        return None if log is None else float(np.exp(log + self.of_kecamatan.get(cell[1], 0.0)))


_Key = tuple[str, tuple[int, ...]]
"""Level and what of it."""
_LEVELS: Final = ("all", "class", "class and time", "kecamatan", "cell")
_COARSE: Final = ("all", "class")
OWN_TRIPS: Final = 3
"""A time, a kecamatan or a cell with fewer trips has no effect of its own: one odd trip is no news of a road."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Design:
    """Observations (n) over cells (G), effects (p) and trips (J)."""

    cells: list[Cell]
    seconds: Float64Array
    fixed_s: Float64Array
    parts: csr_array
    trip: csr_array
    effects: csr_array
    level: Int64Array
    keys: list[_Key]


def fit(observations: Sequence[Observation]) -> SpeedModel:
    """Estimate the factors; see the module for the formulation."""
    design = _design(observations)
    p = design.effects.shape[1]
    effect = np.zeros(p)
    variances = np.array([_GLOBAL_VARIANCE, 0.04, 0.01, 0.01, 0.01])
    noise2, trip2 = 0.05, 0.02
    of_trip = np.zeros(design.trip.shape[1])
    covariance = np.zeros((p, p))
    for _ in range(ROUNDS):
        log_factor = design.effects @ effect
        expected = design.parts.multiply(np.exp(-log_factor)[None, :]).tocsr()
        predicted = design.fixed_s + expected.sum(axis=1)
        share = (diags_array(1.0 / predicted) @ expected).tocsr()
        residual = np.log(design.seconds / predicted)
        error = residual - design.trip @ of_trip
        scale = max(1.4826 * float(np.median(np.abs(error))), 1e-3)
        huber = np.minimum(1.0, HUBER_K * scale / np.maximum(np.abs(error), 1e-12))
        weight = huber / noise2
        # The response falls as the factor grows: log T = log predicted - share * step.
        rows = share @ design.effects
        response = rows @ effect - residual
        effect, covariance, of_trip, shrunk = solve(rows, response, weight, design.trip, variances[design.level], trip2)
        variances, noise2, trip2 = _variances(
            design,
            effect,
            covariance,
            of_trip,
            shrunk,
            rows @ effect - response - design.trip @ of_trip,
            huber,
            variances,
        )
    return _model(design, effect, covariance, variances, noise2, trip2)


def widened(model: SpeedModel, without: Sequence[SpeedModel]) -> SpeedModel:
    """The model with intervals that also hold what differs from trips to trips.

    The covariance of a fit takes its variances as known and every part of a trip as right. How much the estimates move
    when a group of trips is left out tells the rest (delete-a-group jackknife: Wolter, K. 2007, Introduction to
    Variance Estimation, chapter 4), and both variances are added.

    Parameters
    ----------
    model
        Of all trips.
    without
        Of all but one of as many groups of about the same size, each left out once.
    """
    # A class that only the group had drives nowhere else to compare with.
    moved = np.array(
        [[np.log(other.factor(cell) or one.factor) for cell, one in model.cells.items()] for other in without]
    )
    between = (len(without) - 1) / len(without) * np.sum((moved - moved.mean(axis=0)) ** 2, axis=0)
    cells = {}
    for (cell, one), extra in zip(model.cells.items(), between.tolist(), strict=True):
        spread = float(np.hypot(np.log(one.high / one.low) / (2 * Z95), np.sqrt(extra)))
        cells[cell] = replace(
            one, low=float(one.factor * np.exp(-Z95 * spread)), high=float(one.factor * np.exp(Z95 * spread))
        )
    return replace(model, cells=cells)


def solve(
    rows: csr_array,
    response: Float64Array,
    weight: Float64Array,
    trip: csr_array,
    variances: Float64Array,
    trip_variance: float,
) -> tuple[Float64Array, Float64Array, Float64Array, Float64Array]:
    """The effects that fit best: minimise sum w (y - X b + Z u)^2 + sum b^2 / v + sum u^2 / t.

    Every observation is of one trip, so the trips are eliminated one by one and only the effects are solved for.

    Parameters
    ----------
    rows, response, weight
        X (n, p), y (n,) and w (n,).
    trip
        Z (n, J), a single 1 in every row.
    variances, trip_variance
        v (p,) and t.

    Returns
    -------
    effect, covariance, of_trip, own
        b (p,), its covariance (p, p), u (J,), and the variance of each trip's effect where b is known (J,).
    """
    p = rows.shape[1]
    weighted = diags_array(weight) @ rows
    across = (trip.T @ weighted).T
    own = 1.0 / (trip.T @ weight + 1.0 / trip_variance)
    normal = (rows.T @ weighted).toarray() - (across @ diags_array(own) @ across.T).toarray()
    normal[np.arange(p), np.arange(p)] += 1.0 / variances
    trip_response = trip.T @ (weight * response)
    covariance = np.linalg.inv(normal)
    effect = covariance @ (weighted.T @ response - across @ (own * trip_response))
    return effect, covariance, own * (across.T @ effect - trip_response), own


def _variances(
    design: _Design,
    effect: Float64Array,
    covariance: Float64Array,
    of_trip: Float64Array,
    shrunk: Float64Array,
    error: Float64Array,
    huber: Float64Array,
    before: Float64Array,
) -> tuple[Float64Array, float, float]:
    """One step of EM for the variances of the levels, of an observation and of a trip."""
    own = np.diag(covariance)
    variances = before.copy()
    for level in range(1, len(_LEVELS)):
        of_level = design.level == level
        if of_level.any():
            variances[level] = max(float(np.mean(effect[of_level] ** 2 + own[of_level])), _LEAST_VARIANCE)
    trip2 = max(float(np.mean(of_trip**2 + shrunk)), _LEAST_VARIANCE)
    known = len(effect) - float(np.sum(own / before[design.level])) + float(np.sum(1.0 - shrunk / trip2))
    left = max(len(error) - known, 0.2 * len(error))
    noise2 = max(float(np.sum(huber * error**2)) / left, _LEAST_VARIANCE)
    return variances, noise2, trip2


def _model(
    design: _Design,
    effect: Float64Array,
    covariance: Float64Array,
    variances: Float64Array,
    noise2: float,
    trip2: float,
) -> SpeedModel:
    log_factor = design.effects @ effect
    known = np.asarray(design.effects.multiply(design.effects @ covariance).sum(axis=1))
    # A cell without an effect of some level may lie anywhere that such effects do.
    place = (np.arange(len(design.level)), design.level)
    of_level = csr_array((np.ones(len(design.level)), place), shape=(len(design.level), len(_LEVELS)))
    missing = 1.0 - (design.effects @ of_level).toarray()
    spread = np.sqrt(known + missing @ variances)
    passed = _trips_by_cell(design)
    cells = {
        cell: CellEstimate(
            factor=float(np.exp(log_factor[at])),
            low=float(np.exp(log_factor[at] - Z95 * spread[at])),
            high=float(np.exp(log_factor[at] + Z95 * spread[at])),
            trips=passed[at],
        )
        for at, cell in enumerate(design.cells)
    }
    own = dict(zip(design.keys, effect.tolist(), strict=True))
    mean = own["all", ()]
    of_class = {key[0]: mean + one for (level, key), one in own.items() if level == "class"}
    class_bin = {
        (key[0], key[1]): of_class[key[0]] + one for (level, key), one in own.items() if level == "class and time"
    }
    of_kecamatan = {key[0]: one for (level, key), one in own.items() if level == "kecamatan"}
    return SpeedModel(
        cells=cells,
        class_bin=class_bin,
        of_class=of_class,
        of_kecamatan=of_kecamatan,
        noise=float(np.sqrt(noise2)),
        trip_spread=float(np.sqrt(trip2)),
    )


def _trips_by_cell(design: _Design) -> list[int]:
    met = (design.trip.T @ (design.parts > 0).astype(np.float64)).tocsr()
    counts: list[int] = np.bincount(met.nonzero()[1], minlength=len(design.cells)).tolist()
    return counts


def _keys(cell: Cell) -> list[_Key]:
    """The effects that a cell may have, one of each level."""
    kind, area, bin_ = cell
    return list(zip(_LEVELS, ((), (kind,), (kind, bin_), (area,), cell), strict=True))


def _design(observations: Sequence[Observation]) -> _Design:
    cells = sorted({cell for one in observations for cell in one.parts})
    column = {cell: number for number, cell in enumerate(cells)}
    trips = {trip_id: number for number, trip_id in enumerate(dict.fromkeys(one.trip_id for one in observations))}
    n = len(observations)
    row = np.repeat(np.arange(n), [len(one.parts) for one in observations])
    of_part = [column[cell] for one in observations for cell in one.parts]
    seconds = [part for one in observations for part in one.parts.values()]
    trips_of: dict[_Key, set[str]] = {}
    for one in observations:
        for cell in one.parts:
            for key in _keys(cell):
                trips_of.setdefault(key, set()).add(one.trip_id)
    keys: dict[_Key, int] = {}
    members: list[tuple[int, int]] = []
    for number, cell in enumerate(cells):
        for key in _keys(cell):
            if key[0] in _COARSE or len(trips_of[key]) >= OWN_TRIPS:
                members.append((number, keys.setdefault(key, len(keys))))
    level = np.array([_LEVELS.index(name) for name, _ in keys], dtype=np.int64)
    at, effect = np.array(members).T
    effects = csr_array((np.ones(len(members)), (at, effect)), shape=(len(cells), len(keys)))
    trip = np.array([trips[one.trip_id] for one in observations])
    return _Design(
        cells=cells,
        seconds=np.array([one.seconds for one in observations]),
        fixed_s=np.array([one.fixed_s for one in observations]),
        parts=csr_array((np.array(seconds), (row, np.array(of_part))), shape=(n, len(cells))),
        trip=csr_array((np.ones(n), (np.arange(n), trip)), shape=(n, len(trips))),
        effects=effects,
        level=level,
        keys=list(keys),
    )


def predicted_s(observation: Observation, factor_of: Mapping[Cell, float]) -> float:
    """Seconds of an observation under factors; a cell that is not named has 1."""
    parts = (seconds / factor_of.get(cell, 1.0) for cell, seconds in observation.parts.items())
    return observation.fixed_s + sum(parts)
