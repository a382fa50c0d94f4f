"""Bounds of the p-median, which leave few sites for the integer programme.

Lagrangian relaxation of "every demand point is served" (Cornuejols, Fisher and Nemhauser 1977, Management Science 23):
with a price l_j for serving demand point j, opening site i saves

    r_i = sum over j of  min(0, w_j t_ij - l_j),

and no choice of p sites costs less than  sum l_j + the p least r_i.  Prices are raised by subgradient steps; the
chosen sites of every step, bettered by interchange (Teitz and Bart 1968, Operations Research 16), give an answer. A
site whose r_i lifts the bound above that answer when it is forced open cannot be part of a better one, and one whose
closing does the same must be part of it (reduced-cost fixing).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

STEPS: Final = 600
PATIENCE: Final = 25
"""Steps without a better bound before the step is halved."""
SLACK: Final = 1e-9
"""Share of the answer by which the bound must exceed it before a site is left out: rounding leaves nothing out."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MedianBounds:
    """What is known of a p-median before any integer programme.

    Attributes
    ----------
    lower, upper
        No choice costs less than the first; `sites` cost the second.
    sites
        (p,) an answer, ascending.
    useful
        (n,) False for sites that no better answer has.
    needed
        (n,) True for sites that every better answer has.
    """

    lower: float
    upper: float
    sites: IntArray
    useful: BoolArray
    needed: BoolArray


def median_bounds(cost: FloatArray, p: int, fixed: IntArray) -> MedianBounds:
    """Bounds and an answer of the p-median.

    Parameters
    ----------
    cost
        (n, m) finite weighted cost of serving each demand point from each site.
    p
        Number of sites.
    fixed
        Sites that are open in any case; at most p.
    """
    n = len(cost)
    held = np.zeros(n, dtype=np.bool_)
    held[fixed] = True
    prices = np.sort(cost, axis=0)[min(1, n - 1)].copy()
    sites = interchange(cost, np.flatnonzero(_chosen(_savings(cost, prices), p, held)), held)
    upper = _cost_of(cost, sites)
    lower, best_prices, scale, stale = -np.inf, prices, 2.0, 0
    for step in range(STEPS):
        savings = _savings(cost, prices)
        chosen = _chosen(savings, p, held)
        bound = float(prices.sum() + savings[chosen].sum())
        stale += 1
        if bound > lower:
            lower, best_prices, stale = bound, prices.copy(), 0
        if step % 20 == 0:
            tried = interchange(cost, np.flatnonzero(chosen), held)
            if (found := _cost_of(cost, tried)) < upper:
                upper, sites = found, tried
        if upper - lower <= SLACK * max(upper, 1.0):
            break
        if stale >= PATIENCE:
            scale, stale, prices = scale / 2, 0, best_prices.copy()
            continue
        unserved = 1.0 - (cost[chosen] < prices).sum(axis=0)
        norm = float((unserved**2).sum())
        if norm == 0:
            break
        prices = prices + scale * (upper - bound) / norm * unserved
    useful, needed = _kept(_savings(cost, best_prices), best_prices, p, held, upper)
    return MedianBounds(lower=lower, upper=upper, sites=sites, useful=useful, needed=needed)


def interchange(cost: FloatArray, sites: IntArray, held: BoolArray) -> IntArray:
    """Swap one site for another as long as that costs less; `held` sites stay. (p,) ascending."""
    sites = np.sort(sites)
    while True:
        now = _cost_of(cost, sites)
        best, swap = now, None
        for at, site in enumerate(sites.tolist()):
            if held[site]:
                continue
            rest = np.delete(sites, at)
            without = cost[rest].min(axis=0) if len(rest) else np.full(cost.shape[1], np.inf)
            totals = np.minimum(cost, without).sum(axis=1)
            new = int(totals.argmin())
            if totals[new] < best - SLACK * max(now, 1.0):
                best, swap = float(totals[new]), (at, new)
        if swap is None:
            return sites
        sites = np.sort(np.append(np.delete(sites, swap[0]), swap[1]))


def _savings(cost: FloatArray, prices: FloatArray) -> FloatArray:
    return np.asarray(np.minimum(cost - prices, 0.0).sum(axis=1), dtype=np.float64)


def _chosen(savings: FloatArray, p: int, held: BoolArray) -> BoolArray:
    """(n,) the held sites and the best others, p in all."""
    order = np.lexsort((np.arange(len(savings)), savings, ~held))
    chosen = np.zeros(len(savings), dtype=np.bool_)
    chosen[order[:p]] = True
    return chosen


def _cost_of(cost: FloatArray, sites: IntArray) -> float:
    return float(cost[sites].min(axis=0).sum())


def _kept(
    savings: FloatArray, prices: FloatArray, p: int, held: BoolArray, upper: float
) -> tuple[BoolArray, BoolArray]:
    chosen = _chosen(savings, p, held)
    bound = float(prices.sum() + savings[chosen].sum())
    limit = upper + SLACK * max(upper, 1.0)
    free_in, free_out = chosen & ~held, ~chosen
    worst_in = float(savings[free_in].max(initial=-np.inf))
    best_out = float(savings[free_out].min(initial=np.inf))
    useful = chosen | (bound + savings - worst_in <= limit)
    needed = held | (free_in & (bound - savings + best_out > limit))
    return useful, needed
