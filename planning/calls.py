"""Calls of a year as a random process: by hour of the week, village and category, each from its own random stream.

Calls arrive as a Poisson process whose rate follows a profile of the 168 hours of the week. It is drawn by thinning
(P. A. W. Lewis and G. S. Shedler, Simulation of nonhomogeneous Poisson processes by thinning, Naval Research Logistics
Quarterly 26 (1979), 403-413): arrivals at the greatest rate, each kept with the share that its hour has of it.
Durations are lognormal (or exponential, to be held against queueing theory). Every quantity has a stream of its own, so
that two plans with one seed see the very same calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from gis.errors import N_
from planning.errors import PlanningInputError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

HOUR_MS: Final = 3_600_000
WEEK_HOURS: Final = 168
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A random time.

    Attributes
    ----------
    mean_s
        Seconds.
    variation
        Standard deviation over mean of a lognormal distribution; 0 is always the mean; 1 with `exponential`.
    exponential
        Draw from the exponential distribution.
    """

    mean_s: float
    variation: float = 0.5
    exponential: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.mean_s < float("inf") or not 0 <= self.variation < float("inf"):
            raise PlanningInputError(
                N_("A duration of {mean} seconds with variation {variation} cannot be; give numbers from 0."),
                mean=self.mean_s, variation=self.variation,
            )  # fmt: skip

    def draw_ms(self, rng: np.random.Generator, count: int) -> IntArray:
        """(count,) whole milliseconds."""
        if self.exponential:
            return np.rint(rng.exponential(self.mean_s * 1000, count)).astype(np.int64)
        if self.variation == 0 or self.mean_s == 0:
            return np.full(count, round(self.mean_s * 1000), dtype=np.int64)
        spread = np.log1p(self.variation**2)
        drawn = rng.lognormal(np.log(self.mean_s) - spread / 2, np.sqrt(spread), count)
        return np.rint(drawn * 1000).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCategory:
    """What happens.

    Attributes
    ----------
    name
        For tables.
    share
        Part of all calls.
    severity
        The greater, the sooner it is served when calls wait.
    on_scene
        Time at the place.
    transported
        Share of the calls whose patient is brought to a hospital.
    """

    name: str
    share: float
    severity: int
    on_scene: Duration
    transported: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CallModel:
    """How many calls, when, where and of what.

    Attributes
    ----------
    per_day
        Mean number of calls a day.
    hour_profile
        (168,) weight of each hour of the week, Monday 0 h first; only their ratios count.
    place_weight
        (v,) weight of each demand point.
    categories
        Their shares need not add up to 1.
    at_hospital
        Handing over at the hospital.
    """

    per_day: float
    hour_profile: FloatArray
    place_weight: FloatArray
    categories: tuple[CallCategory, ...]
    at_hospital: Duration = Duration(mean_s=1200.0)

    def __post_init__(self) -> None:
        profile, weight = np.asarray(self.hour_profile, float), np.asarray(self.place_weight, float)
        if not 0 < self.per_day < float("inf"):
            raise PlanningInputError(
                N_("{calls} calls a day cannot be simulated; give more than 0."), calls=self.per_day
            )
        if profile.shape != (WEEK_HOURS,) or not (profile >= 0).all() or not 0 < profile.sum() < np.inf:
            raise PlanningInputError(N_("The profile of the week needs 168 weights from 0, not all of them 0."))
        if not (weight >= 0).all() or not 0 < weight.sum() < np.inf:
            raise PlanningInputError(N_("No demand point has any people; give the population of the villages."))
        if not self.categories or not all(0 <= one.share < np.inf for one in self.categories):
            raise PlanningInputError(N_("A simulation needs at least one category of calls with a share above 0."))
        if not all(0 <= one.transported <= 1 for one in self.categories):
            raise PlanningInputError(N_("The share of patients brought to hospital must be from 0 to 1."))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calls:
    """Calls in order of time.

    Attributes
    ----------
    at_ms
        (n,) milliseconds from the start, ascending.
    place
        (n,) demand point.
    severity
        (n,) the greater, the graver.
    category
        (n,) number of the category.
    on_scene_ms, at_hospital_ms
        (n,) durations; the second is negative for those who are not brought to hospital.
    """

    at_ms: IntArray
    place: IntArray
    severity: IntArray
    category: IntArray
    on_scene_ms: IntArray
    at_hospital_ms: IntArray

    def __len__(self) -> int:
        return len(self.at_ms)


def draw_calls(model: CallModel, horizon_ms: int, seed: np.random.SeedSequence) -> Calls:
    """The calls of one replication: the same for the same seed, whatever is done with them.

    Parameters
    ----------
    model
        The process.
    horizon_ms
        Milliseconds of calls, from Monday 0 h on.
    seed
        Of this replication alone.
    """
    arrivals, places, kinds, scenes, hospitals = (np.random.default_rng(child) for child in seed.spawn(5))
    profile = np.asarray(model.hour_profile, dtype=np.float64)
    profile = profile / profile.mean()
    greatest = model.per_day / (DAY_S * 1000) * profile.max()
    many = int(arrivals.poisson(greatest * horizon_ms))
    at = np.sort(arrivals.integers(0, horizon_ms, many))
    hour = (at // HOUR_MS) % WEEK_HOURS
    at = at[arrivals.random(many) * profile.max() < profile[hour]].astype(np.int64)
    n = len(at)
    share = np.array([one.share for one in model.categories])
    category = kinds.choice(len(share), size=n, p=share / share.sum()).astype(np.int64)
    weight = np.asarray(model.place_weight, dtype=np.float64)
    place = places.choice(len(weight), size=n, p=weight / weight.sum()).astype(np.int64)
    on_scene = np.zeros(n, dtype=np.int64)
    for number, one in enumerate(model.categories):
        own = category == number
        on_scene[own] = one.on_scene.draw_ms(scenes, int(own.sum()))
    handing = model.at_hospital.draw_ms(hospitals, n)
    brought = hospitals.random(n) < np.array([one.transported for one in model.categories])[category]
    return Calls(
        at_ms=at,
        place=place,
        severity=np.array([one.severity for one in model.categories], dtype=np.int64)[category],
        category=category,
        on_scene_ms=on_scene,
        at_hospital_ms=np.where(brought, handing, -1),
    )


def flat_week() -> FloatArray:
    """A profile without hours."""
    return np.ones(WEEK_HOURS)


def profile_of_hours(weights: Sequence[float]) -> FloatArray:
    """A profile from 24 hours of a day, the same on all days."""
    if len(weights) != 24:
        raise PlanningInputError(N_("The profile of a day needs 24 weights."))
    return np.tile(np.asarray(weights, dtype=np.float64), 7)
