"""Where and when incidents gather: counts, kernel density, Getis-Ord Gi* with false discoveries held down.

Rates of small villages jump about by chance alone, so they are drawn towards that of the region by as much as their
people are few (empirical Bayes: R. J. Marshall, Mapping disease and mortality rates using empirical Bayes estimators,
Applied Statistics 40 (1991), 283-294). Gi* (J. K. Ord and A. Getis, Local spatial autocorrelation statistics,
Geographical Analysis 27 (1995), 286-306; by esda) compares each village and its neighbours with the region. Hundreds of
villages are tested at once, so the share of false discoveries is held down (Y. Benjamini and Y. Hochberg, Controlling
the false discovery rate, Journal of the Royal Statistical Society B 57 (1995), 289-300).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from gis.errors import N_
from planning.errors import PlanningInputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

LEAST_INCIDENTS: Final = 30
"""Fewer in the whole region say nothing about where they gather."""

LEAST_AREAS: Final = 8
FALSE_DISCOVERIES: Final = 0.05
METRES_PER_DEGREE: Final = 111_195.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hotspots:
    """Villages by how incidents gather in and around them.

    Attributes
    ----------
    counts
        (v,) incidents.
    rate, smoothed
        (v,) incidents per 1000 people as counted (NaN where nobody lives) and by empirical Bayes.
    z, p
        (v,) Gi* of the smoothed rates, and its two-sided p by the normal approximation.
    q
        (v,) the least share of false discoveries at which the village would count.
    hot, cold
        (v,) beyond chance at `FALSE_DISCOVERIES`.
    """

    counts: IntArray
    rate: FloatArray
    smoothed: FloatArray
    z: FloatArray
    p: FloatArray
    q: FloatArray
    hot: BoolArray
    cold: BoolArray


def hotspots(counts: IntArray, people: FloatArray, neighbours: Sequence[Sequence[int]]) -> Hotspots:
    """Hot and cold villages.

    Parameters
    ----------
    counts
        (v,) incidents.
    people
        (v,) people; NaN counts as nobody.
    neighbours
        For each village the numbers of those that touch it.

    Raises
    ------
    PlanningInputError
        Too few incidents or villages, no people, or lists of different length.
    """
    counts = np.asarray(counts, dtype=np.int64)
    people = np.nan_to_num(np.asarray(people, dtype=np.float64))
    if counts.shape != people.shape or len(neighbours) != len(counts):
        raise PlanningInputError(N_("Counts, people and neighbours of villages do not match in number."))
    if (counts < 0).any() or (people < 0).any():
        raise PlanningInputError(N_("Counts or people are negative; mend the table they come from."))
    if len(counts) < LEAST_AREAS:
        raise PlanningInputError(
            N_("Hot spots need at least {least} villages; the region has {count}."),
            least=LEAST_AREAS,
            count=len(counts),
        )
    if counts.sum() < LEAST_INCIDENTS:
        raise PlanningInputError(
            N_("Hot spots need at least {least} incidents with a known village; there are {count}: take more time."),
            least=LEAST_INCIDENTS, count=int(counts.sum()),
        )  # fmt: skip
    if not people.sum() > 0:
        raise PlanningInputError(N_("No village has any people; build the region with a table of population."))
    smoothed = empirical_bayes(counts, people)
    z, p = getis_ord(smoothed, neighbours)
    q = false_discovery(p)
    beyond = q <= FALSE_DISCOVERIES
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where(people > 0, counts / people * 1000, np.nan)
    return Hotspots(
        counts=counts, rate=rate, smoothed=smoothed, z=z, p=p, q=q, hot=beyond & (z > 0), cold=beyond & (z < 0)
    )


def empirical_bayes(counts: IntArray, people: FloatArray) -> FloatArray:
    """(v,) incidents per 1000 people, drawn towards the region's rate; where nobody lives, that rate itself.

    With the region's rate m = sum n / sum P and the variance s2 = sum P (n/P - m)^2 / sum P,
    a = max(0, s2 - m / mean P) is the variance beyond chance, and a village's rate is m + (n/P - m) a / (a + m / P).
    """
    lived = people > 0
    whole = float(counts[lived].sum() / people[lived].sum())
    raw = counts[lived] / people[lived]
    spread = float((people[lived] * (raw - whole) ** 2).sum() / people[lived].sum())
    beyond = max(0.0, spread - whole / float(people[lived].mean()))
    smoothed = np.full(len(counts), whole)
    by_chance = whole / people[lived]
    total = beyond + by_chance
    smoothed[lived] = whole + (raw - whole) * np.divide(beyond, total, out=np.zeros_like(total), where=total > 0)
    return smoothed * 1000


def getis_ord(values: FloatArray, neighbours: Sequence[Sequence[int]]) -> tuple[FloatArray, FloatArray]:
    """(v,) z of Gi* and its two-sided p; 0 and 1 where all values are alike."""
    import warnings

    if np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return np.zeros(len(values)), np.ones(len(values))
    with warnings.catch_warnings():
        # esda tells of villages without neighbours, which are nothing wrong here.
        warnings.simplefilter("ignore")
        from esda.getisord import G_Local  # type: ignore[import-untyped]
        from libpysal.weights import W  # type: ignore[import-untyped]
        from scipy.stats import norm

        touching = {number: sorted({*one, number}) for number, one in enumerate(neighbours)}
        found = G_Local(values, W(touching, silence_warnings=True), transform="B", permutations=0, star=None)
        z = np.nan_to_num(np.asarray(found.Zs, dtype=np.float64))
    return z, np.asarray(2 * norm.sf(np.abs(z)), dtype=np.float64)


def false_discovery(p: FloatArray) -> FloatArray:
    """(v,) p as Benjamini and Hochberg adjust them."""
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p, method="bh"), dtype=np.float64)


def by_hour(hour_of_week: IntArray) -> IntArray:
    """(7, 24) incidents by day, Monday first, and hour, local time."""
    return np.bincount(hour_of_week, minlength=168).reshape(7, 24).astype(np.int64)


def density(
    lat: FloatArray, lon: FloatArray, grid_lat: FloatArray, grid_lon: FloatArray, *, bandwidth_m: float
) -> FloatArray:
    """Incidents per square kilometre by a Gaussian kernel.

    Parameters
    ----------
    lat, lon
        (n,) degrees of the incidents.
    grid_lat, grid_lon
        (r,) and (c,) degrees of the rows and columns of the grid.
    bandwidth_m
        Standard deviation of the kernel.

    Returns
    -------
    FloatArray
        (r, c).

    Raises
    ------
    PlanningInputError
        A bandwidth that is not positive.
    """
    if not 0 < bandwidth_m < float("inf"):
        raise PlanningInputError(N_("The bandwidth must be more than 0 metres, such as 1000."))
    squeeze = np.cos(np.radians(float(np.mean(grid_lat))))
    # A Gaussian of the plane is the product of one along each axis.
    down = np.exp(-0.5 * ((grid_lat[:, None] - lat[None, :]) * METRES_PER_DEGREE / bandwidth_m) ** 2)
    across = np.exp(-0.5 * ((grid_lon[:, None] - lon[None, :]) * METRES_PER_DEGREE * squeeze / bandwidth_m) ** 2)
    return np.asarray(down @ across.T / (2 * np.pi * (bandwidth_m / 1000) ** 2))
