"""Of which edges the search must know that they were driven last, so that turning round takes its time everywhere.

Turning round at a node costs time, which a state without history cannot charge. It need not, where nothing is gained
by it: driving an edge and back again only pays where the state before knew something that the way back makes
forgotten, which is a beginning of a forbidden sequence (or that one must not turn round for nothing). So the states
remember the last edge only near the ends of such beginnings. "Near" is half the time of turning round beyond the next
junction: whoever drives out of this zone, turns round there for nothing and comes back has spent more than the turn at
that junction costs, and is never first. Times are thus those of a search that charges every turn; the tests hold
them to one.
"""

from __future__ import annotations

import heapq

import numpy as np

from routing.metric import Metric
from routing.network import RoadNetwork
from routing.turns import forbidden_sequences


def edges_to_remember(network: RoadNetwork, metric: Metric) -> list[int]:
    """The edges after which the search must know that they were driven last, ascending.

    Raises
    ------
    InputError
        When a restriction has fewer than two edges.
    """
    if metric.turn_round_ms == 0:
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
