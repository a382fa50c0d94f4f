"""What sending a unit costs the others: the covered population that is lost while it is away.

The maximum expected covering location model (MEXCLP; M. S. Daskin, A maximum expected covering location model:
formulation, properties and heuristic solution, Transportation Science 17 (1983), 48-70). Every unit of a kind is busy
a share q of the time, each independently of the others. A village j of demand d_j that m_j units reach within the
standard finds at least one of them free with probability 1 - q^m_j, so the expected covered demand is

    sum over j of  d_j (1 - q^m_j)  =  sum over j of  d_j  sum over k = 1 … m_j of  (1 - q) q^(k-1).

A unit that covers village j beside k_j others therefore adds, and takes away when it is sent,

    sum over the villages j it covers of  d_j (1 - q) q^k_j,

the marginal that C. J. Jagtenberg, S. Bhulai and R. D. van der Mei use for deciding in real time (An efficient
heuristic for real-time ambulance redeployment, Operations Research for Health Care 4 (2015), 27-35). The others are
the units of the same kind that can be given an incident now. The figure stands beside the ETA; it orders nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverCost:
    """What sending one unit costs the cover by its kind.

    Attributes
    ----------
    unit_id
        The unit.
    lost
        Expected covered population lost by sending it.
    lost_share
        The same as a share of the population of all villages, 0 to 1.
    covers
        Population it reaches within the standard.
    alone
        Part of it that no other free unit of its kind reaches within the standard.
    standard_s, busy_fraction
        What the figures rest on.
    """

    unit_id: str
    lost: float
    lost_share: float
    covers: float
    alone: float
    standard_s: float
    busy_fraction: float


def cover_costs(
    *,
    unit_ids: Sequence[str],
    kinds: Sequence[str],
    free: Sequence[bool],
    times_s: FloatArray,
    demand: FloatArray,
    standard_s: float,
    busy_fraction: Mapping[str, float],
) -> tuple[CoverCost, ...]:
    """Cost of cover of every unit, in the order given.

    Parameters
    ----------
    unit_ids, kinds
        The n units, and the kind of each.
    free
        Whether each can be given an incident now: only those cover anything for the others.
    times_s
        (n, m) seconds from the alarm to each village, turnout included; NaN or infinite where no road leads there.
    demand
        (m,) population of each village, or another weight.
    standard_s
        A village is covered by a unit that is there within this time.
    busy_fraction
        q by kind, from 0 to below 1; every kind given must be there.

    Raises
    ------
    ValueError
        Arrays that do not match in shape, a q or demand out of range.
    """
    demand = np.asarray(demand, dtype=np.float64)
    if np.shape(times_s) != (len(unit_ids), len(demand)) or not len(unit_ids) == len(kinds) == len(free):
        raise ValueError(
            f"times of shape {np.shape(times_s)} for {len(unit_ids)} units, {len(kinds)} kinds, {len(free)} marks "
            f"and {len(demand)} villages"
        )
    if not np.isfinite(demand).all() or (demand < 0).any():
        raise ValueError("the demand of a village is negative or not finite")
    covers = _within(times_s, standard_s)
    is_free = np.asarray(free, dtype=np.bool_)
    all_demand = float(demand.sum())
    costs: dict[int, CoverCost] = {}
    for kind in sorted(set(kinds)):
        q = busy_fraction[kind]
        if not 0 <= q < 1:
            raise ValueError(f"the busy fraction of {kind} is {q}, not from 0 to below 1")
        rows = np.flatnonzero(np.array([one == kind for one in kinds]))
        covering = covers[rows]
        by_all = (covering & is_free[rows, None]).sum(axis=0)
        others = by_all[None, :] - (covering & is_free[rows, None])
        # 0.0 ** 0 is 1: with no other unit and q = 0, the village is lost whole.
        marginal = np.where(covering, (1 - q) * np.power(q, others), 0.0)
        lost = marginal @ demand
        for at, row in enumerate(rows.tolist()):
            costs[row] = CoverCost(
                unit_id=unit_ids[row],
                lost=float(lost[at]),
                lost_share=float(lost[at]) / all_demand if all_demand else 0.0,
                covers=float(demand[covering[at]].sum()),
                alone=float(demand[covering[at] & (others[at] == 0)].sum()),
                standard_s=standard_s,
                busy_fraction=q,
            )
    return tuple(costs[row] for row in range(len(unit_ids)))


def expected_cover(times_s: FloatArray, demand: FloatArray, *, standard_s: float, busy_fraction: float) -> float:
    """Expected covered population by units of one kind that are all free: the objective of MEXCLP.

    Parameters
    ----------
    times_s, demand, standard_s
        As for `cover_costs`.
    busy_fraction
        q of the kind.
    """
    covering = _within(times_s, standard_s).sum(axis=0)
    return float(np.asarray(demand, dtype=np.float64) @ (1 - np.power(busy_fraction, covering)))


def _within(times_s: FloatArray, standard_s: float) -> BoolArray:
    times = np.asarray(times_s, dtype=np.float64)
    return np.isfinite(times) & (np.where(np.isfinite(times), times, 0.0) <= standard_s)
