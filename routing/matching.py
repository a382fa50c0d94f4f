"""Map matching: which roads a trace of positions was driven along, by a hidden Markov model over our own network.

The states of a position are the points on the roads near it, in both directions. How well a point explains the
position is a normal law of their distance (the receiver's error); how well two points follow one another is an
exponential law of the difference between the quickest way by road and the straight line (Newson, P. and Krumm, J.
2009: Hidden Markov map matching through noise and sparseness, ACM SIGSPATIAL GIS, pages 336-343). The likeliest chain
is found by the algorithm of Viterbi, and the forward and backward sums over the same chains tell how sure it is.

As they do, positions within two standard deviations of the one before are left out; a chain that cannot go on is
joined past the position that no driver can have been at, or else broken. We differ in three things. The way by road is
the quickest one under a metric (a driver in a hurry leaves the short alley aside), a step back of a few metres on the
same edge is the receiver's, not the driver's, and a single position that is dear on both of its sides is dropped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np

from gis.errors import InputError
from gis.geodesy import distance_m
from gis.types import Location
from routing.matching_types import (
    RADIUS_68_TO_SIGMA,
    BreakReason,
    EdgeVisit,
    Leg,
    MatchBreak,
    MatchedPiece,
    MatchedTrace,
    MatchSettings,
    Stop,
    Stretch,
    ThinnedPoint,
    TracePoint,
)
from routing.matching_ways import EdgePoint, Way, WayFinder
from routing.metric import MS_PER_S, Metric
from routing.network import Float64Array, RoadNetwork
from routing.snap import Snapper

THINNING_SIGMAS: Final = 2.0
BACKWARD_SIGMAS: Final = 3.0
"""A step back on the same edge within so many standard deviations is standing."""
ROUNDS: Final = 3
"""How often outliers are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Column:
    """A position with the points on the roads that may explain it, and the log likelihood of each (k)."""

    at: ThinnedPoint
    states: tuple[EdgePoint, ...]
    emission: Float64Array


@dataclass(slots=True, eq=False)
class _Chain:
    """Columns that follow one another: log transitions (k, k') and ways between each and the next."""

    columns: list[_Column]
    transitions: list[Float64Array] = field(default_factory=list)
    ways: list[list[list[Way | None]]] = field(default_factory=list)


class Matcher:
    """Matches traces to one network under one metric; edges that the metric closes are driven by nobody.

    Parameters
    ----------
    network, snapper, metric
        Of the same region.
    settings
        Limits.
    """

    def __init__(
        self, network: RoadNetwork, snapper: Snapper, metric: Metric, settings: MatchSettings | None = None
    ) -> None:
        self.settings = settings or MatchSettings()
        self._network = network
        self._snapper = snapper
        self._metric = metric
        self._allowed = snapper.allow(metric.is_open)
        self._finder = WayFinder(network, metric)

    def match(self, trace: Sequence[TracePoint]) -> MatchedTrace:
        """What was driven.

        Raises
        ------
        InputError
            The times are not in order or not numbers.
        """
        _check_times(trace)
        points = self.thinned(trace)
        columns = [self._column(point) for point in points]
        off_road = tuple(column.at.number for column in columns if not column.states)
        chains, breaks, outliers = self._chains(columns)
        pieces = []
        for found in chains:
            chain, dropped = self._without_outliers(found)
            outliers += dropped
            if len(chain.columns) > 1:
                pieces.append(self._piece(chain))
        whole_s = trace[-1].time_s - trace[0].time_s if trace else 0.0
        waited_s = points[0].left_s - trace[0].time_s if points else 0.0
        driven_s = sum(piece.seconds for piece in pieces)
        return MatchedTrace(
            pieces=tuple(pieces),
            breaks=tuple(breaks),
            outliers=tuple(sorted(outliers)),
            off_road=off_road,
            stops=self._stops(points),
            matched_share=min(1.0, driven_s / (whole_s - waited_s)) if whole_s > waited_s else 0.0,
        )

    # --- positions -----------------------------------------------------------------------------------------------

    def thinned(self, trace: Sequence[TracePoint]) -> list[ThinnedPoint]:
        """The positions that are used: each at least two standard deviations from the one before."""
        kept: list[ThinnedPoint] = []
        for number, point in enumerate(trace):
            sigma_m = self.settings.sigma_m
            if point.accuracy_m is not None:
                sigma_m = max(sigma_m, RADIUS_68_TO_SIGMA * point.accuracy_m)
            if kept:
                last = kept[-1]
                if point.time_s <= last.point.time_s:
                    continue
                if _metres(last.point.location, point.location) < THINNING_SIGMAS * min(sigma_m, last.sigma_m):
                    kept[-1] = replace(last, left_s=point.time_s)
                    continue
            kept.append(ThinnedPoint(number=number, point=point, left_s=point.time_s, sigma_m=sigma_m))
        return kept

    def _stops(self, points: Sequence[ThinnedPoint]) -> tuple[Stop, ...]:
        return tuple(
            Stop(location=one.point.location, start_s=one.point.time_s, end_s=one.left_s)
            for one in points
            if one.left_s - one.point.time_s >= self.settings.stop_s
        )

    def _column(self, at: ThinnedPoint) -> _Column:
        radius_m = max(self.settings.least_radius_m, self.settings.radius_sigmas * at.sigma_m)
        snaps = self._snapper.within(at.point.location, self._allowed, radius_m=radius_m)[: self.settings.candidates]
        states: list[EdgePoint] = []
        away_m: list[float] = []
        for snap in snaps:
            twin = int(self._network.edge_reverse[snap.edge])
            for edge, fraction in ((snap.edge, snap.fraction), (twin, 1.0 - snap.fraction)):
                if edge >= 0 and self._metric.edge_ms[edge] >= 0:
                    states.append(EdgePoint(edge=edge, fraction=fraction))
                    away_m.append(snap.distance_m)
        emission = -0.5 * (np.array(away_m, dtype=np.float64) / at.sigma_m) ** 2
        return _Column(at=at, states=tuple(states), emission=emission)

    # --- chains --------------------------------------------------------------------------------------------------

    def _chains(self, columns: Sequence[_Column]) -> tuple[list[_Chain], list[MatchBreak], list[int]]:
        """Columns that follow one another, the breaks between them, and positions left out to join what is round."""
        chains: list[_Chain] = []
        breaks: list[MatchBreak] = []
        outliers: list[int] = []
        usable = [column for column in columns if column.states]
        at = 0
        reached: Float64Array | None = None
        while at < len(usable):
            if reached is None:
                chains.append(_Chain([usable[at]]))
                reached = usable[at].emission
            chain = chains[-1]
            step = self._next(chain.columns[-1], reached, usable[at + 1 : at + 2 + self.settings.skipped])
            if step is None:
                if at + 1 < len(usable):
                    breaks.append(self._break(usable[at], usable[at + 1], columns))
                reached = None
                at += 1
                continue
            ahead, transition, ways = step
            outliers += [usable[number].at.number for number in range(at + 1, at + ahead)]
            chain.columns.append(usable[at + ahead])
            chain.transitions.append(transition)
            chain.ways.append(ways)
            reached = (reached[:, None] + transition).max(axis=0) + usable[at + ahead].emission
            at += ahead
        return chains, breaks, outliers

    def _next(
        self, last: _Column, reached: Float64Array, following: Sequence[_Column]
    ) -> tuple[int, Float64Array, list[list[Way | None]]] | None:
        """The first column that can follow, by how many it is ahead, with its transitions; None where none can."""
        for ahead, column in enumerate(following, start=1):
            if column.at.point.time_s - last.at.left_s > self.settings.longest_gap_s:
                return None
            transition, ways = self.transition(last.at, last.states, column.at, column.states)
            if np.isfinite(reached[:, None] + transition).any():
                return ahead, transition, ways
        return None

    def transition(
        self,
        start: ThinnedPoint,
        start_states: Sequence[EdgePoint],
        end: ThinnedPoint,
        end_states: Sequence[EdgePoint],
    ) -> tuple[Float64Array, list[list[Way | None]]]:
        """(k, k') log likelihood that the second state follows the first, minus infinity where it cannot, and ways."""
        elapsed_s = end.point.time_s - start.left_s
        straight_m = _metres(start.point.location, end.point.location)
        beta_m = self.settings.beta_m + self.settings.beta_m_per_s * elapsed_s
        limit_ms = (self.settings.slowest_share * elapsed_s + self.settings.slack_s) * MS_PER_S
        back_m = BACKWARD_SIGMAS * max(start.sigma_m, end.sigma_m)
        log = np.full((len(start_states), len(end_states)), -np.inf)
        ways: list[list[Way | None]] = []
        for i, origin in enumerate(start_states):
            found = self._finder.ways(origin, end_states, limit_ms)
            for j, target in enumerate(end_states):
                if origin.edge == target.edge and target.fraction < origin.fraction:
                    behind_m = (origin.fraction - target.fraction) * float(self._network.edge_length_m[origin.edge])
                    if behind_m <= back_m:
                        found[j] = Way(ms=0.0, length_m=0.0, edges=(origin.edge,))
                way = found[j]
                if way is not None:
                    log[i, j] = -abs(way.length_m - straight_m) / beta_m
            ways.append(found)
        return log, ways

    def _break(self, before: _Column, after: _Column, columns: Sequence[_Column]) -> MatchBreak:
        start_s, end_s = before.at.left_s, after.at.point.time_s
        between = [one for one in columns if before.at.number < one.at.number < after.at.number]
        reason = BreakReason.NOT_JOINED
        if between and all(not one.states for one in between):
            reason = BreakReason.OFF_ROAD
        elif end_s - start_s > self.settings.longest_gap_s:
            reason = BreakReason.GAP
        return MatchBreak(start_s=start_s, end_s=end_s, reason=reason)

    def _without_outliers(self, chain: _Chain) -> tuple[_Chain, list[int]]:
        """The chain without positions that are dear on both of their sides, as long as it stays a chain."""
        dropped: list[int] = []
        for _ in range(ROUNDS):
            path = likeliest(chain)
            cost = [-float(step[path[at], path[at + 1]]) for at, step in enumerate(chain.transitions)]
            dear = [
                (before + after, at + 1)
                for at, (before, after) in enumerate(pairwise(cost))
                if min(before, after) > self.settings.outlier_log
            ]
            if not dear:
                break
            worst = max(dear)[1]
            joined = self._joined_past(chain, worst)
            if joined is None:
                break
            dropped.append(chain.columns[worst].at.number)
            chain = joined
        return chain, dropped

    def _joined_past(self, chain: _Chain, at: int) -> _Chain | None:
        before, after = chain.columns[at - 1], chain.columns[at + 1]
        transition, ways = self.transition(before.at, before.states, after.at, after.states)
        joined = _Chain(
            [*chain.columns[:at], *chain.columns[at + 1 :]],
            [*chain.transitions[: at - 1], transition, *chain.transitions[at + 1 :]],
            [*chain.ways[: at - 1], ways, *chain.ways[at + 1 :]],
        )
        return joined if np.isfinite(forward(joined)[-1]).any() else None

    # --- what was driven -----------------------------------------------------------------------------------------

    def _piece(self, chain: _Chain) -> MatchedPiece:
        path = likeliest(chain)
        legs: list[Leg] = []
        for at, (before, after) in enumerate(pairwise(chain.columns)):
            way = chain.ways[at][path[at]][path[at + 1]]
            assert way is not None, "the likeliest chain takes ways that there are"
            start, end = before.states[path[at]], after.states[path[at + 1]]
            # A step back that was taken for standing leaves the unit where it had come to.
            first_share = max(start.fraction, legs[-1].stretches[-1].end) if legs else start.fraction
            start_s = before.at.left_s if at == 0 else legs[-1].end_s
            legs.append(
                Leg(
                    start_s=start_s,
                    end_s=after.at.point.time_s,
                    stretches=_stretches(way, first_share, end.fraction),
                )
            )
        return MatchedPiece(
            legs=tuple(legs),
            visits=tuple(self._visits(legs)),
            points=tuple(column.at.number for column in chain.columns),
            confidence=float(np.mean([post[at] for post, at in zip(posterior(chain), path, strict=True)])),
        )

    def _visits(self, legs: Sequence[Leg]) -> list[EdgeVisit]:
        """The edges of legs, each from when it was entered to when it was left."""
        visits: list[EdgeVisit] = []
        for leg in legs:
            ms = [float(self._metric.edge_ms[one.edge]) * (one.end - one.start) for one in leg.stretches]
            # On the last stretch time passes even where no way is driven.
            total = sum(ms)
            now_s = leg.start_s
            for number, stretch in enumerate(leg.stretches):
                last = number == len(leg.stretches) - 1
                share = ms[number] / total if total > 0.0 else float(last)
                until_s = leg.end_s if last else min(now_s + share * (leg.end_s - leg.start_s), leg.end_s)
                goes_on = visits and visits[-1].edge == stretch.edge and stretch.start >= visits[-1].end
                if goes_on and not (visits[-1].end >= 1.0 and stretch.start <= 0.0):
                    visits[-1] = replace(visits[-1], end=stretch.end, leave_s=until_s)
                else:
                    visits.append(
                        EdgeVisit(
                            edge=stretch.edge, start=stretch.start, end=stretch.end, enter_s=now_s, leave_s=until_s
                        )
                    )
                now_s = until_s
        return self._without_touches(visits)

    def _without_touches(self, visits: Sequence[EdgeVisit]) -> list[EdgeVisit]:
        """Without the edge at either end that was only touched, at its very end."""
        kept = list(visits)
        while len(kept) > 1 and kept[0].start >= 1.0 and self._network.edge_length_m[kept[0].edge] > 0:
            kept[1] = replace(kept[1], enter_s=kept[0].enter_s)
            del kept[0]
        while len(kept) > 1 and kept[-1].end <= 0.0 and self._network.edge_length_m[kept[-1].edge] > 0:
            kept[-2] = replace(kept[-2], leave_s=kept[-1].leave_s)
            del kept[-1]
        return kept


def forward(chain: _Chain) -> list[Float64Array]:
    """For every column (k) log likelihood of the best chain that ends in each of its states."""
    scores = [chain.columns[0].emission]
    for column, transition in zip(chain.columns[1:], chain.transitions, strict=True):
        scores.append((scores[-1][:, None] + transition).max(axis=0) + column.emission)
    return scores


def likeliest(chain: _Chain) -> list[int]:
    """The state of every column on the likeliest chain (Viterbi); of equals the first."""
    scores = forward(chain)
    path = [int(np.argmax(scores[-1]))]
    for at in range(len(chain.transitions) - 1, -1, -1):
        path.append(int(np.argmax(scores[at] + chain.transitions[at][:, path[-1]])))
    return path[::-1]


def posterior(chain: _Chain) -> list[Float64Array]:
    """For every column (k) the probability of each state, given all positions (forward and backward sums)."""
    ahead = [chain.columns[0].emission]
    for column, transition in zip(chain.columns[1:], chain.transitions, strict=True):
        ahead.append(np.logaddexp.reduce(ahead[-1][:, None] + transition, axis=0) + column.emission)
    behind = [np.zeros(len(chain.columns[-1].states))]
    for column, transition in zip(reversed(chain.columns[1:]), reversed(chain.transitions), strict=True):
        behind.append(np.logaddexp.reduce(transition + (column.emission + behind[-1])[None, :], axis=1))
    joint = [one + other for one, other in zip(ahead, reversed(behind), strict=True)]
    return [np.exp(one - np.logaddexp.reduce(one)) for one in joint]


def _stretches(way: Way, start: float, end: float) -> tuple[Stretch, ...]:
    last = len(way.edges) - 1
    return tuple(
        Stretch(
            edge=edge,
            start=start if number == 0 else 0.0,
            # Standing still may look like a step back.
            end=max(start, end) if number == last == 0 else end if number == last else 1.0,
        )
        for number, edge in enumerate(way.edges)
    )


def _metres(one: Location, other: Location) -> float:
    return float(distance_m(one.lat, one.lon, other.lat, other.lon))


def _check_times(trace: Sequence[TracePoint]) -> None:
    for number, point in enumerate(trace):
        if not math.isfinite(point.time_s):
            raise InputError(f"Position {number + 1} of the trace has no time; leave it out.")
    for number, (before, after) in enumerate(pairwise(trace), start=2):
        if after.time_s < before.time_s:
            raise InputError(f"Position {number} of the trace is older than the one before it; sort them by time.")
