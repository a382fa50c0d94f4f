"""Turn restrictions: from OpenStreetMap relations to forbidden sequences of edges.

Source: OpenStreetMap wiki, `Relation:restriction`. A `no_*` relation forbids driving from its `from` way over `via`
into its `to` way. An `only_*` relation obliges: every other turn along the way is forbidden.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from routing.network import Int32Array, RoadNetwork
from routing.osm_report import Tally

SKIPPED: Final = "restrictions skipped"
KEPT: Final = "restrictions kept"

_KEYS: Final = ("restriction:motorcar", "restriction:motor_vehicle", "restriction:vehicle", "restriction")
_EXEMPT: Final = frozenset({"emergency", "motorcar", "motor_vehicle", "vehicle"})
_NO: Final = frozenset(
    {"no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_entry", "no_exit", "no_turn"}
)
_ONLY: Final = frozenset({"only_left_turn", "only_right_turn", "only_straight_on", "only_u_turn"})

Path = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """A turn restriction for motor vehicles, as its relation tells it; `via` is one node, or ways in order."""

    relation_id: int
    kind: str
    from_ways: tuple[int, ...]
    via_node: int | None
    via_ways: tuple[int, ...]
    to_ways: tuple[int, ...]

    @property
    def mandatory(self) -> bool:
        """Whether it obliges (`only_*`) rather than forbids."""
        return self.kind in _ONLY


def read_restriction(
    relation_id: int,
    tags: Mapping[str, str],
    members: Sequence[tuple[str, int, str]],
    tally: Tally,
) -> Restriction | None:
    """A restriction from a relation's tags and members (`("n" | "w" | "r", id, role)`).

    None, and counted with the reason, where it does not bind an emergency vehicle, holds only at some hours, or its
    members make no sense.
    """
    kind = next((tags[key] for key in _KEYS if key in tags), None)
    exempt = {part.strip() for part in tags.get("except", "").split(";")} & _EXEMPT
    reason = None
    if kind is None:
        if any(key.startswith("restriction") and key.endswith(":conditional") for key in tags):
            reason = "conditional"
        else:
            other = sorted(key for key in tags if key.startswith("restriction:"))
            reason = f"for other vehicles ({other[0]})" if other else "without a restriction tag"
    elif exempt:
        reason = f"except={sorted(exempt)[0]}"
    elif "day_on" in tags or "hour_on" in tags:
        reason = "only at some hours"
    elif kind not in _NO and kind not in _ONLY:
        reason = f"kind {kind} is not understood"
    if reason is not None or kind is None:
        tally.add(SKIPPED, reason or "", relation_id)
        return None

    def ways(role: str) -> tuple[int, ...]:
        return tuple(member for type_, member, as_role in members if type_ == "w" and as_role == role)

    from_ways, via_ways, to_ways = ways("from"), ways("via"), ways("to")
    via_nodes = [member for type_, member, role in members if type_ == "n" and role == "via"]
    if not from_ways or not to_ways:
        reason = "without a from way" if not from_ways else "without a to way"
    elif not via_nodes and not via_ways:
        reason = "without via"
    elif len(via_nodes) > 1 or (via_nodes and via_ways):
        reason = "more than one via node, or node and ways"
    elif len(from_ways) > 1 and kind != "no_entry":
        reason = "several from ways"
    elif len(to_ways) > 1 and kind != "no_exit":
        reason = "several to ways"
    if reason is not None:
        tally.add(SKIPPED, reason, relation_id)
        return None
    return Restriction(
        relation_id=relation_id,
        kind=kind,
        from_ways=from_ways,
        via_node=via_nodes[0] if via_nodes else None,
        via_ways=via_ways,
        to_ways=to_ways,
    )


class _Edges:
    """Edges by way, by node and in driving order, as far as the restrictions ask for them."""

    def __init__(self, network: RoadNetwork, wanted_ways: set[int], via: set[int]) -> None:
        self.tail, self.head = network.edge_tail, network.edge_head
        self._offset = network.edge_offset
        nodes = np.flatnonzero(np.isin(network.node_osm_id, np.fromiter(via, dtype=np.int64, count=len(via))))
        self._node_of = dict(zip(network.node_osm_id[nodes].tolist(), nodes.tolist(), strict=True))
        self._of_way: dict[tuple[int, bool], list[int]] = defaultdict(list)
        wanted = np.fromiter(wanted_ways, dtype=np.int64, count=len(wanted_ways))
        # a restriction speaks of the directions that the law leaves open
        chosen = np.flatnonzero(np.isin(network.edge_way_id, wanted) & ~network.is_contraflow)
        # curves of one way are numbered along the way
        for edge in chosen[np.argsort(network.edge_curve[chosen], kind="stable")]:
            self._of_way[int(network.edge_way_id[edge]), bool(network.edge_forward[edge])].append(int(edge))

    def node(self, osm_id: int) -> int | None:
        return self._node_of.get(osm_id)

    def of_way(self, way: int) -> list[int]:
        return self._of_way[way, True] + self._of_way[way, False]

    def out_of(self, node: int) -> range:
        return range(int(self._offset[node]), int(self._offset[node + 1]))

    def along(self, way: int, start: int) -> Path | None:
        """All edges of a way in driving order if it can be driven whole from one of its ends, `start`."""
        for forward in (True, False):
            edges = self._of_way[way, forward]
            edges = edges if forward else edges[::-1]
            if edges and self.tail[edges[0]] == start and all(self.head[a] == self.tail[b] for a, b in pairwise(edges)):
                return tuple(edges)
        return None


def forbidden_sequences(
    restrictions: Sequence[Restriction],
    *,
    network: RoadNetwork,
    known_ways: frozenset[int],
    tally: Tally,
) -> tuple[Int32Array, Int32Array]:
    """Ragged sequences of edges that must not be driven one after the other.

    A restriction is kept only if each of its ways is drivable, `from` can be driven to `via` and `to` away from it
    (and via ways through), and which edge is meant is certain; else it is counted with the reason.

    Returns
    -------
    offset, edges
        As `RoadNetwork.restriction_offset` and `restriction_edges`: sorted, without repeats.
    """
    wanted = {way for r in restrictions for way in (*r.from_ways, *r.via_ways, *r.to_ways)}
    edges = _Edges(network, wanted, {r.via_node for r in restrictions if r.via_node is not None})
    found: set[Path] = set()
    for restriction in restrictions:
        members = (*restriction.from_ways, *restriction.via_ways, *restriction.to_ways)
        if not all(way in known_ways for way in members):
            tally.add(SKIPPED, "a member way is not drivable or not in the file", restriction.relation_id)
            continue
        sequences = _sequences(restriction, edges)
        if isinstance(sequences, str):
            tally.add(SKIPPED, sequences, restriction.relation_id)
            continue
        tally.add(KEPT, restriction.kind, restriction.relation_id)
        found.update(sequences)
    ordered = sorted(found)
    offset = np.concatenate([[0], np.cumsum([len(path) for path in ordered])]).astype(np.int32)
    return offset, np.array([edge for path in ordered for edge in path], dtype=np.int32)


def _sequences(restriction: Restriction, edges: _Edges) -> set[Path] | str:
    """What the restriction forbids, or why it cannot be used."""
    if restriction.via_node is not None:
        node = edges.node(restriction.via_node)
        if node is None:
            return "via is not where roads meet"
        starts = _entering(restriction.from_ways, {node}, edges)
        paths: list[Path] | str = [(start,) for start in starts] if not isinstance(starts, str) else starts
    else:
        paths = _through(restriction, edges)
    if isinstance(paths, str):
        return paths
    whole: list[Path] = []
    for path in paths:
        node = int(edges.head[path[-1]])
        ends = _leaving(restriction.to_ways, node, edges)
        if isinstance(ends, str):
            return ends
        whole += [(*path, end) for end in ends]
    return _all_others(whole, edges) if restriction.mandatory else set(whole)


def _entering(ways: Sequence[int], nodes: set[int], edges: _Edges) -> list[int] | str:
    """The one edge of each way that ends at one of the nodes."""
    found: list[int] = []
    for way in ways:
        candidates = [edge for edge in edges.of_way(way) if int(edges.head[edge]) in nodes]
        if not candidates:
            touches = any(int(edges.tail[edge]) in nodes for edge in edges.of_way(way))
            return "from is one way and leads away from via" if touches else "from does not touch via"
        if len(candidates) > 1:
            return "from does not end at via"
        found += candidates
    return found


def _leaving(ways: Sequence[int], node: int, edges: _Edges) -> list[int] | str:
    """The one edge of each way that begins at the node."""
    found: list[int] = []
    for way in ways:
        candidates = [edge for edge in edges.of_way(way) if edges.tail[edge] == node]
        if not candidates:
            touches = any(edges.head[edge] == node for edge in edges.of_way(way))
            return "to is one way and leads towards via" if touches else "to does not touch via"
        if len(candidates) > 1:
            return "to does not begin at via"
        found += candidates
    return found


def _through(restriction: Restriction, edges: _Edges) -> list[Path] | str:
    """From each `from` way over all via ways, each driven whole."""
    paths: list[Path] = []
    first = edges.of_way(restriction.via_ways[0])
    ends = {int(edges.tail[edge]) for edge in first} | {int(edges.head[edge]) for edge in first}
    for way in restriction.from_ways:
        found: list[Path] = []
        for start in (edge for edge in edges.of_way(way) if int(edges.head[edge]) in ends):
            path: Path | None = (start,)
            for via in restriction.via_ways:
                part = edges.along(via, int(edges.head[path[-1]])) if path else None
                path = (*path, *part) if path and part else None
            if path is not None:
                found.append(path)
        if len(found) != 1:
            return "from and via ways are no drivable chain" if not found else "from does not end at via"
        paths += found
    return paths


def _all_others(allowed: Sequence[Path], edges: _Edges) -> set[Path]:
    """Every deviation from the allowed paths: what an `only_*` restriction forbids."""
    prefixes = {path[:size] for path in allowed for size in range(1, len(path) + 1)}
    return {
        (*prefix, other)
        for path in allowed
        for size in range(1, len(path))
        for prefix in (path[:size],)
        for other in edges.out_of(int(edges.head[prefix[-1]]))
        if (*prefix, other) not in prefixes
    }
