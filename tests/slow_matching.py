"""The slow, obvious twin of map matching: every chain of every point on every road, on networks of straight roads."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from gis.geodesy import LocalPlane, distance_m
from routing.matching_types import MatchSettings, TracePoint
from routing.matching_ways import DETOUR, DETOUR_MS
from routing.metric import Metric
from routing.network import RoadNetwork


@dataclass(frozen=True)
class SlowMatch:
    """The best log likelihood, the edge lists of all chains that have it, and the mean posterior of the first."""

    score: float
    edges: frozenset[tuple[int, ...]]
    confidence: float


State = tuple[int, float, float]
"""Edge, share of its length, metres off the road."""


def slow_match(
    network: RoadNetwork, metric: Metric, trace: Sequence[TracePoint], settings: MatchSettings
) -> SlowMatch | None:
    """Weigh every chain; None where none joins the first position to the last.

    Only for traces whose positions are all far enough apart to be used, each with a road near.
    """
    columns = [_states(network, metric, point, settings) for point in trace]
    steps = [
        _steps(network, metric, columns[at], columns[at + 1], before, after, settings)
        for at, (before, after) in enumerate(itertools.pairwise(trace))
    ]
    chains = []
    for chosen in itertools.product(*(range(len(column)) for column in columns)):
        score = sum(-0.5 * (columns[at][state][2] / settings.sigma_m) ** 2 for at, state in enumerate(chosen))
        edges = [columns[0][chosen[0]][0]]
        for at, (before, after) in enumerate(itertools.pairwise(chosen)):
            step = steps[at][before][after]
            if step is None:
                break
            score += step[0]
            edges += step[1][1:]
        else:
            chains.append((score, chosen, tuple(edges)))
    if not chains:
        return None
    best = max(score for score, _, _ in chains)
    winners = [chain for chain in chains if chain[0] >= best - 1e-9]
    whole = sum(math.exp(score - best) for score, _, _ in chains)
    posteriors = [
        sum(math.exp(score - best) for score, chosen, _ in chains if chosen[at] == winners[0][1][at]) / whole
        for at in range(len(columns))
    ]
    return SlowMatch(
        score=best,
        edges=frozenset(edges for _, _, edges in winners),
        confidence=sum(posteriors) / len(posteriors),
    )


def _states(network: RoadNetwork, metric: Metric, point: TracePoint, settings: MatchSettings) -> list[State]:
    found = []
    per_lon, per_lat = LocalPlane(lat0=point.location.lat, lon0=point.location.lon).metres_per_degree
    for edge in range(network.edge_count):
        if metric.edge_ms[edge] < 0:
            continue
        (lat1, lat2), (lon1, lon2) = (tuple(part.tolist()) for part in network.edge_points(edge))
        ax, ay = (lon1 - point.location.lon) * per_lon, (lat1 - point.location.lat) * per_lat
        dx, dy = (lon2 - lon1) * per_lon, (lat2 - lat1) * per_lat
        share = min(max(-(ax * dx + ay * dy) / (dx * dx + dy * dy), 0.0), 1.0)
        away_m = math.hypot(ax + share * dx, ay + share * dy)
        if away_m <= max(settings.least_radius_m, settings.radius_sigmas * settings.sigma_m):
            found.append((edge, share, away_m))
    return found


Way = tuple[float, float, tuple[int, ...]]
"""Milliseconds, metres and edges."""


def _steps(
    network: RoadNetwork,
    metric: Metric,
    starts: Sequence[State],
    ends: Sequence[State],
    before: TracePoint,
    after: TracePoint,
    settings: MatchSettings,
) -> list[list[tuple[float, tuple[int, ...]] | None]]:
    elapsed_s = after.time_s - before.time_s
    one, other = before.location, after.location
    straight_m = float(distance_m(one.lat, one.lon, other.lat, other.lon))
    beta_m = settings.beta_m + settings.beta_m_per_s * elapsed_s
    limit_ms = 1000.0 * (settings.slowest_share * elapsed_s + settings.slack_s)
    rows = []
    for start in starts:
        onwards = _onwards(network, metric, start[0])
        ways = [_way(network, metric, onwards, start, end) for end in ends]
        quickest = min((way[0] for way in ways if way is not None and way[0] <= limit_ms), default=0.0)
        most_ms = min(limit_ms, DETOUR * quickest + DETOUR_MS)
        row: list[tuple[float, tuple[int, ...]] | None] = []
        for end, way in zip(ends, ways, strict=True):
            back_m = (start[1] - end[1]) * float(network.edge_length_m[start[0]])
            if start[0] == end[0] and 0.0 < back_m <= 3.0 * settings.sigma_m:
                row.append((-straight_m / beta_m, (start[0],)))
            elif way is None or way[0] > most_ms:
                row.append(None)
            else:
                row.append((-abs(way[1] - straight_m) / beta_m, way[2]))
        rows.append(row)
    return rows


def _way(network: RoadNetwork, metric: Metric, onwards: dict[int, Way], start: State, end: State) -> Way | None:
    """The quickest way between two points; `onwards` leads from the end of the first edge to the end of any."""
    ms, metres = metric.edge_ms.tolist(), network.edge_length_m.tolist()
    found: list[Way] = []
    if start[0] == end[0] and start[1] <= end[1]:
        share = end[1] - start[1]
        found.append((share * ms[end[0]], share * metres[end[0]], (end[0],)))
    rest = 1.0 - start[1]
    for edge, spent in onwards.items():
        if network.edge_head[edge] == network.edge_tail[end[0]]:
            turn = metric.turn_round_ms if network.edge_reverse[edge] == end[0] else 0
            found.append(
                (
                    rest * ms[start[0]] + spent[0] + turn + end[1] * ms[end[0]],
                    rest * metres[start[0]] + spent[1] + end[1] * metres[end[0]],
                    (*spent[2], end[0]),
                )
            )
    return min(found, key=lambda one: one[:2]) if found else None


def _onwards(network: RoadNetwork, metric: Metric, start: int) -> dict[int, Way]:
    """From the end of an edge to the end of every other, by relaxing all pairs of edges until nothing changes."""
    best: dict[int, Way] = {start: (0.0, 0.0, (start,))}
    changed = True
    while changed:
        changed = False
        for edge, onwards in itertools.product(list(best), range(network.edge_count)):
            if network.edge_tail[onwards] != network.edge_head[edge] or metric.edge_ms[onwards] < 0:
                continue
            turn = metric.turn_round_ms if network.edge_reverse[edge] == onwards else 0
            spent = best[edge]
            ms = spent[0] + turn + float(metric.edge_ms[onwards])
            metres = spent[1] + float(network.edge_length_m[onwards])
            if onwards not in best or (ms, metres) < best[onwards][:2]:
                best[onwards] = (ms, metres, (*spent[2], onwards))
                changed = True
    return best
