"""The quickest ways between points on edges that lie near each other: a search that stops early, for map matching.

Turn restrictions do not bind here, for what is matched is what was driven, and crews with lights on may break them;
closed edges stay closed. Turning round costs what the metric says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

from routing.metric import Metric
from routing.network import RoadNetwork

DETOUR: Final = 1.5
DETOUR_MS: Final = 30_000.0
"""A way to one of several points side by side counts only up to so many times the quickest of them, and so much more:
whatever is slower would be driven by nobody, and looking for it costs most of the search.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgePoint:
    """A point on an edge, driven in the direction of the edge; `fraction` is the share of its length before it."""

    edge: int
    fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way from one point to another.

    Attributes
    ----------
    ms
        Milliseconds under the metric.
    length_m
        Metres.
    edges
        Driven in order, the first and the last in part.
    """

    ms: float
    length_m: float
    edges: tuple[int, ...]


class WayFinder:
    """Quickest ways on one network under one metric; remembers the roads it has seen as plain numbers."""

    def __init__(self, network: RoadNetwork, metric: Metric) -> None:
        self._network = network
        self._edge_ms = metric.edge_ms
        self._turn_round_ms = float(metric.turn_round_ms)
        self._leaving: dict[int, list[tuple[int, float, float]]] = {}

    def ways(self, origin: EdgePoint, targets: Sequence[EdgePoint], limit_ms: float) -> list[Way | None]:
        """The quickest way to each target within the limit, or None.

        Ways longer than `DETOUR` times the quickest to any target and `DETOUR_MS` are None as well. Of equally quick
        ways the shorter counts, of those the one with lower edges.
        """
        found: list[Way | None] = [None] * len(targets)
        by_edge: dict[int, list[int]] = {}
        for number, target in enumerate(targets):
            by_edge.setdefault(target.edge, []).append(number)
        own_ms, own_m = self._cost(origin.edge)
        # Labels: milliseconds, metres, a target reached or -1, the edge at whose end we stand, and how we came there.
        heap: list[tuple[float, float, int, int, tuple[int, ...]]] = []
        for number in by_edge.get(origin.edge, ()):
            share = targets[number].fraction - origin.fraction
            if share >= 0.0:
                heappush(heap, (share * own_ms, share * own_m, number, origin.edge, ()))
        rest = 1.0 - origin.fraction
        heappush(heap, (rest * own_ms, rest * own_m, -1, origin.edge, (origin.edge,)))
        settled: set[int] = set()
        missing = len(targets)
        while heap and missing:
            ms, metres, number, edge, chain = heappop(heap)
            if ms > limit_ms:
                break
            if number >= 0:
                if found[number] is None:
                    found[number] = Way(ms=ms, length_m=metres, edges=(*chain, edge))
                    missing -= 1
                    limit_ms = min(limit_ms, DETOUR * ms + DETOUR_MS)
                continue
            if edge in settled:
                continue
            settled.add(edge)
            back = int(self._network.edge_reverse[edge])
            for onwards, edge_ms, edge_m in self._from(edge):
                start_ms = ms + self._turn_round_ms if onwards == back else ms
                for aim in by_edge.get(onwards, ()):
                    share = targets[aim].fraction
                    heappush(heap, (start_ms + share * edge_ms, metres + share * edge_m, aim, onwards, chain))
                if onwards not in settled:
                    heappush(heap, (start_ms + edge_ms, metres + edge_m, -1, onwards, (*chain, onwards)))
        return found

    def _cost(self, edge: int) -> tuple[float, float]:
        return float(self._edge_ms[edge]), float(self._network.edge_length_m[edge])

    def _from(self, edge: int) -> list[tuple[int, float, float]]:
        """Open edges that leave the head of an edge, each with milliseconds and metres."""
        node = int(self._network.edge_head[edge])
        known = self._leaving.get(node)
        if known is None:
            row = range(int(self._network.edge_offset[node]), int(self._network.edge_offset[node + 1]))
            known = [(out, *self._cost(out)) for out in row if self._edge_ms[out] >= 0]
            self._leaving[node] = known
        return known
