"""Of which edges the search must know that they were driven last, so that turning round takes its time everywhere.

Turning round at a node costs time, which a state without history cannot charge. It need not, where nothing is gained
by it: driving an edge and back again only pays where the state before knew something that the way back makes
forgotten, which is a beginning of a forbidden sequence (or that one must not turn round for nothing). So the states
remember the last edge only near the ends of such beginnings. "Near" is half the time of turning round beyond the next
junction: whoever drives out of this zone, turns round there for nothing and comes back has spent more than the turn at
that junction costs, and is never first. Times are thus those of a search that charges every turn; the tests hold
them to one.

A zone that is larger than a metric needs is exact too, so one zone serves every metric that is nowhere quicker and
turns no slower than the one it was made for: `quickest_metric`, with everything open. A metric beyond that is told by
`remembers_enough`.
"""

from __future__ import annotations

import heapq

import numpy as np

from routing.metric import MS_PER_S, Metric
from routing.network import ROAD_CLASSES, RoadNetwork
from routing.settings import RoutingSettings
from routing.speeds import DEFAULT_SPEEDS_KPH
from routing.turns import TurnGraph, forbidden_sequences

QUICKER = 1.5
"""How much quicker than the default speeds and the tagged limits a metric may be before its zone is made anew."""


def quickest_metric(network: RoadNetwork, settings: RoutingSettings | None = None) -> Metric:
    """What no usual metric of a network is quicker than: every edge open, at `QUICKER` times its usual speed."""
    by_class = np.array([1.0 if name == "barrier" else DEFAULT_SPEEDS_KPH[name] for name in ROAD_CLASSES])
    limit = np.nan_to_num(np.asarray(network.edge_maxspeed_kph, dtype=np.float64), posinf=0.0)
    speed_kph = QUICKER * np.maximum(by_class[network.edge_class], limit)
    ms = np.floor(network.edge_length_m / speed_kph * (3600.0 * MS_PER_S / 1000.0)).astype(np.int64)
    known = np.asarray(network.edge_extra_ms, dtype=np.int64)
    ms = np.where(known >= 0, np.minimum(ms, known), ms)
    turn_s = max(RoutingSettings().turn_round_s, 0.0 if settings is None else settings.turn_round_s)
    return Metric(edge_ms=ms, turn_round_ms=round(turn_s * MS_PER_S))


def remembers_enough(turns: TurnGraph, network: RoadNetwork, metric: Metric, quickest: Metric) -> bool:
    """Whether the states of `turns`, made for the metric `quickest`, know enough for another one to be exact."""
    if not len(network.restriction_edges):
        return True
    slower = (metric.edge_ms >= quickest.edge_ms) | (metric.edge_ms < 0)
    if metric.turn_round_ms <= quickest.turn_round_ms and bool(slower.all()):
        return True
    # Quicker somewhere, which need not be near a restriction.
    return set(edges_to_remember(network, metric)) <= set(turns.remembered.tolist())


def edges_to_remember(network: RoadNetwork, metric: Metric) -> list[int]:
    """The edges after which the search must know that they were driven last, ascending.

    Raises
    ------
    InputError
        When a restriction has fewer than two edges.
    """
    if metric.turn_round_ms == 0 or not metric.obeys_restrictions:
        return []
    ends = {int(network.edge_head[edge]) for path in forbidden_sequences(network) for edge in path[:-1]}
    is_open = metric.is_open
    spent: dict[int, int] = {}
    leaving = {edge for node in ends for edge in _leaving(network, node) if is_open[edge]}
    waiting = [(0, int(network.edge_head[edge])) for edge in leaving]
    heapq.heapify(waiting)
    while waiting:
        ms, node = heapq.heappop(waiting)
        if node in spent:
            continue
        spent[node] = ms
        for edge in _leaving(network, node):
            if is_open[edge]:
                leaving.add(edge)
                after = ms + int(metric.edge_ms[edge])
                if 2 * after <= metric.turn_round_ms:
                    heapq.heappush(waiting, (after, int(network.edge_head[edge])))
    found = np.array(sorted(leaving), dtype=np.int64)
    kept: list[int] = found[network.edge_reverse[found] >= 0].tolist()
    return kept


def _leaving(network: RoadNetwork, node: int) -> range:
    return range(int(network.edge_offset[node]), int(network.edge_offset[node + 1]))
