"""Many years of one plan: replications with random streams of their own, and what they say with its confidence.

Replication r of seed s draws from child r of `numpy.random.SeedSequence(s)`, whatever plan or policy is run, so that
two plans with the same seed see the same calls and their difference is that of the plans alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from gis.errors import N_
from planning.calls import CallModel, Calls, draw_calls
from planning.errors import PlanningInputError
from planning.parallel import shared
from planning.simulation import Outcome, Policy, Roster, Rules, World, simulate

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

STEP_S: Final = 10
STEPS: Final = 1080
"""Response times are counted in steps of ten seconds up to three hours."""

CONFIDENCE: Final = 0.95

HOUSE_POLICIES: Final = ("road", "line", "cover")
"""Names of the policies that the compiled loop knows, by their numbers there."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What is simulated.

    Attributes
    ----------
    world, roster, rules, policy
        See `planning.simulation`.
    calls
        See `planning.calls`.
    horizon_ms
        When the calls end, in milliseconds.
    start_ms
        When they begin: shares of time count from then on.
    plain
        Run the plain loop even where the compiled one knows the policy.
    """

    world: World
    roster: Roster
    rules: Rules
    policy: Policy
    calls: CallModel
    horizon_ms: int
    start_ms: int = 0
    plain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replication:
    """Figures of one replication.

    Attributes
    ----------
    calls, served, late, waited
        Numbers of calls; late are those not served within the standard, lost ones among them; waited are those that
        nobody could be sent to at once.
    response_s
        Sum of the response times of those served.
    wait_s
        Sum of the seconds from call to sending.
    quantiles_s
        Half and nine tenths of all calls were reached by then; infinite where fewer were served.
    busy
        (u,) share of the horizon that each unit was out.
    histogram
        (STEPS + 1,) calls by response time in steps of `STEP_S`; the last has those beyond.
    """

    calls: int
    served: int
    late: int
    waited: int
    response_s: float
    wait_s: float
    quantiles_s: tuple[float, float]
    busy: FloatArray
    histogram: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over replications and half the width of its 95 % confidence interval (Student's t)."""

    mean: float
    half_width: float

    def holds(self, value: float) -> bool:
        """Whether a value lies within the interval."""
        return abs(value - self.mean) <= self.half_width

    @classmethod
    def of(cls, values: Sequence[float]) -> Estimate:
        """From one value per replication; of a single one nothing is known about the width."""
        from scipy.stats import t

        found = np.asarray(values, dtype=np.float64)
        found = found[np.isfinite(found)]
        if not len(found):
            return cls(mean=float("nan"), half_width=float("nan"))
        if len(found) == 1:
            return cls(mean=float(found[0]), half_width=float("inf"))
        width = float(t.ppf((1 + CONFIDENCE) / 2, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found)))
        return cls(mean=float(found.mean()), half_width=width)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Summary:
    """What many replications say.

    Attributes
    ----------
    replications
        How many.
    calls
        Calls per replication.
    mean_s, median_s, p90_s
        Response time.
    late, lost, waited
        Shares of the calls.
    wait_s
        Mean seconds from call to sending, over calls that were served.
    utilisation
        Mean share of time that a unit is out.
    busy
        (u,) the same by unit.
    minutes, shares
        The distribution: share of calls reached within so many minutes.
    """

    replications: int
    calls: Estimate
    mean_s: Estimate
    median_s: Estimate
    p90_s: Estimate
    late: Estimate
    lost: Estimate
    waited: Estimate
    wait_s: Estimate
    utilisation: Estimate
    busy: tuple[Estimate, ...]
    minutes: FloatArray
    shares: FloatArray


def replicate(
    plan: Plan,
    replications: int,
    *,
    seed: int,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Replication]:
    """Run replications; the same answers for any number of workers, here or on a cluster.

    Raises
    ------
    PlanningInputError
        Fewer than one replication, or workers that cannot be had.
    """
    if replications < 1:
        raise PlanningInputError(N_("{count} replications say nothing; ask for at least 1."), count=replications)
    seeds = np.random.SeedSequence(seed).spawn(replications)
    return shared(run_replications, plan, seeds, workers=workers, scheduler=scheduler, progress=progress)


def run_replications(plan: Plan, seeds: Sequence[np.random.SeedSequence]) -> list[Replication]:
    """Replications of the seeds given, one after the other."""
    return [measure(plan, calls, serve(plan, calls)) for calls in (_calls(plan, seed) for seed in seeds)]


def serve(plan: Plan, calls: Calls) -> Outcome:
    """Serve calls, by the compiled loop where it knows the policy."""
    name = getattr(plan.policy, "name", "")
    if plan.plain or name not in HOUSE_POLICIES:
        return simulate(plan.world, plan.roster, plan.rules, plan.policy, calls)
    from planning.simulation_kernels import run

    world, roster, rules = plan.world, plan.roster, plan.rules
    powers = np.array([(1 - rules.busy_fraction) * rules.busy_fraction**k for k in range(len(roster.base) + 1)])
    shifts = roster.shifts_ms(int(calls.at_ms[-1]) if len(calls) else 0)
    made = run(world, roster, rules, HOUSE_POLICIES.index(name), calls, shifts, powers)
    unit, sent, arrived, free = made
    return Outcome(unit=unit, sent_ms=sent, arrived_ms=arrived, free_ms=free)


def measure(plan: Plan, calls: Calls, outcome: Outcome) -> Replication:
    """The figures of one replication."""
    served = outcome.unit >= 0
    response = (outcome.arrived_ms - calls.at_ms)[served]
    wait = (outcome.sent_ms - calls.at_ms)[served]
    late = int((response > plan.rules.standard_ms).sum()) + int((~served).sum())
    steps = np.minimum(-(-response // (STEP_S * 1000)), STEPS)
    busy = np.zeros(len(plan.roster.base))
    until = np.minimum(outcome.free_ms[served], plan.horizon_ms) - np.minimum(outcome.sent_ms[served], plan.horizon_ms)
    np.add.at(busy, outcome.unit[served], until)
    ordered = np.sort(response) / 1000
    return Replication(
        calls=len(calls),
        served=int(served.sum()),
        late=late,
        waited=int((wait > 0).sum()) + int((~served).sum()),
        response_s=float(response.sum()) / 1000,
        wait_s=float(wait.sum()) / 1000,
        quantiles_s=(_reached_by(ordered, len(calls), 0.5), _reached_by(ordered, len(calls), 0.9)),
        busy=busy / (plan.horizon_ms - plan.start_ms),
        histogram=np.bincount(steps, minlength=STEPS + 1).astype(np.int64),
    )


def summarise(found: Sequence[Replication]) -> Summary:
    """Means and confidence over replications."""

    def share(part: Callable[[Replication], float], whole: Callable[[Replication], float]) -> Estimate:
        return Estimate.of([part(one) / whole(one) if whole(one) else float("nan") for one in found])

    counts = np.sum([one.histogram for one in found], axis=0)
    everybody = sum(one.calls for one in found)
    shares = np.cumsum(counts[:-1]) / max(everybody, 1)
    known = np.flatnonzero(counts)
    last = int(known[-1]) + 1 if len(known) else 1
    return Summary(
        replications=len(found),
        calls=Estimate.of([one.calls for one in found]),
        mean_s=share(lambda one: one.response_s, lambda one: one.served),
        median_s=Estimate.of([one.quantiles_s[0] for one in found]),
        p90_s=Estimate.of([one.quantiles_s[1] for one in found]),
        late=share(lambda one: one.late, lambda one: one.calls),
        lost=share(lambda one: one.calls - one.served, lambda one: one.calls),
        waited=share(lambda one: one.waited, lambda one: one.calls),
        wait_s=share(lambda one: one.wait_s, lambda one: one.served),
        utilisation=Estimate.of([float(one.busy.mean()) for one in found]),
        busy=tuple(Estimate.of([one.busy[unit] for one in found]) for unit in range(len(found[0].busy))),
        minutes=np.arange(STEPS)[: min(last, STEPS)] * STEP_S / 60,
        shares=shares[: min(last, STEPS)],
    )


def difference(before: Sequence[Replication], after: Sequence[Replication]) -> Estimate:
    """Change of the late share from one plan to another on the same calls, replication by replication."""
    return Estimate.of(
        [
            other.late / max(other.calls, 1) - one.late / max(one.calls, 1)
            for one, other in zip(before, after, strict=True)
        ]
    )


def _calls(plan: Plan, seed: np.random.SeedSequence) -> Calls:
    # Spawning counts; a fresh copy draws the same however often it is asked.
    fresh = np.random.SeedSequence(entropy=seed.entropy, spawn_key=seed.spawn_key)
    return draw_calls(plan.calls, plan.horizon_ms, fresh)


def _reached_by(ordered_s: FloatArray, count: int, share: float) -> float:
    at = int(np.ceil(share * count - 1e-9)) - 1
    if count == 0:
        return float("nan")
    return float(ordered_s[max(at, 0)]) if at < len(ordered_s) else float("inf")
