"""Turn restrictions as a graph of states, expanded only where a restriction asks for it.

A forbidden sequence of edges depends on what was driven before, which a plain node cannot know. The state graph
therefore has one state per node ("nothing that matters was driven before") and one more per proper prefix of a
forbidden sequence ("exactly this much of it was driven just now"). Driving an edge leads to the state of the longest
suffix of the history that is such a prefix, as in the automaton of Aho and Corasick (1975), and an arc that would
complete a forbidden sequence is flagged. Restrictions over several ways, overlapping ones and ones within one another
are thus exact, and a network of N nodes grows by a few states per restriction only.

The graph is the same for every metric: a closed road is an arc that costs `CLOSED`, and vehicles that need not obey
restrictions drive the flagged arcs too. So a hierarchy over it is built once.

Turning round at a node is allowed, as emergency vehicles do, unless a `no_u_turn` restriction stands there, which is a
forbidden sequence like any other. It takes time, which counts wherever a state knows the edge driven last;
`routing.turning_round` tells of which edges the states must know to make every time exact.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gis.errors import InputError
from routing.metric import CLOSED, Metric
from routing.network import Int32Array, Int64Array, RoadNetwork
from routing.ragged import group

Prefix = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class TurnGraph:
    """States (S: the N nodes first, then the prefixes) and arcs (A: arc `e` < E is edge `e` driven with no history).

    Attributes
    ----------
    state_node
        (S,) the node at which each state is.
    arc_source, arc_target, arc_edge
        (A,) each arc drives one edge from a state to a state; sorted by source.
    arc_turns_round
        (A,) True where the arc drives back along the edge driven last, as far as its source knows that edge.
    arc_forbidden
        (A,) True where the arc completes a forbidden sequence.
    entry_offset, entry_arc
        Ragged: `entry_arc[entry_offset[e]:entry_offset[e + 1]]` are the arcs that drive edge `e`, arc `e` first.
    node_state_offset, node_state
        Ragged in the same way: all states at each node, the node itself first.
    remembered
        Rising: edges after which a state knows that they were driven last, whatever the restrictions.
    """

    state_node: Int32Array
    arc_source: Int32Array
    arc_target: Int32Array
    arc_edge: Int32Array
    arc_turns_round: npt.NDArray[np.bool_]
    arc_forbidden: npt.NDArray[np.bool_]
    entry_offset: Int64Array
    entry_arc: Int32Array
    node_state_offset: Int64Array
    node_state: Int32Array
    remembered: Int32Array

    @property
    def state_count(self) -> int:
        """Number of states S."""
        return len(self.state_node)

    def state_after(self, edges: Int64Array) -> Int32Array:
        """The state reached by driving each edge from its start (or from a point on it) with no history."""
        return self.arc_target[edges]

    @classmethod
    def build(cls, network: RoadNetwork, remembered: Iterable[int] = ()) -> TurnGraph:
        """Expand the restrictions of a network.

        Parameters
        ----------
        network
            The roads.
        remembered
            Edges after which a state knows that they were driven last, whatever the restrictions.

        Raises
        ------
        InputError
            When a restriction has fewer than two edges.
        """
        kept = sorted(set(remembered))
        automaton = _Automaton(forbidden_sequences(network), network.node_count, kept)
        extra_node = np.array([network.edge_head[prefix[-1]] for prefix in automaton.prefixes], dtype=np.int32)
        target = np.array(network.edge_head, dtype=np.int32)
        for edge, state in automaton.first_states.items():
            target[edge] = state
        extra = _Arcs()
        for number, prefix in enumerate(automaton.prefixes):
            node = int(extra_node[number])
            back = int(network.edge_reverse[prefix[-1]])
            for edge in range(int(network.edge_offset[node]), int(network.edge_offset[node + 1])):
                after = automaton.state(prefix, edge)
                extra.source.append(network.node_count + number)
                extra.target.append(int(network.edge_head[edge]) if after is None else after)
                extra.edge.append(edge)
                extra.turns_round.append(edge == back)
                extra.forbidden.append(automaton.forbids(prefix, edge))
        every_edge = np.arange(network.edge_count, dtype=np.int32)
        free = np.zeros(network.edge_count, dtype=np.bool_)
        state_node = np.concatenate([np.arange(network.node_count, dtype=np.int32), extra_node])
        arc_edge = np.concatenate([every_edge, np.array(extra.edge, dtype=np.int32)])
        entry_offset, by_edge = group(arc_edge, network.edge_count)
        node_state_offset, by_node = group(state_node, network.node_count)
        return cls(
            state_node=state_node,
            arc_source=np.concatenate([network.edge_tail, np.array(extra.source, dtype=np.int32)]),
            arc_target=np.concatenate([target, np.array(extra.target, dtype=np.int32)]),
            arc_edge=arc_edge,
            arc_turns_round=np.concatenate([free, np.array(extra.turns_round, dtype=np.bool_)]),
            arc_forbidden=np.concatenate([free, np.array(extra.forbidden, dtype=np.bool_)]),
            entry_offset=entry_offset,
            entry_arc=by_edge.astype(np.int32),
            node_state_offset=node_state_offset,
            node_state=by_node.astype(np.int32),
            remembered=np.array(kept, dtype=np.int32),
        )


@dataclass(slots=True)
class _Arcs:
    """Arcs that leave prefixes, as they are found."""

    source: list[int] = field(default_factory=list)
    target: list[int] = field(default_factory=list)
    edge: list[int] = field(default_factory=list)
    turns_round: list[bool] = field(default_factory=list)
    forbidden: list[bool] = field(default_factory=list)


def arc_costs_ms(turns: TurnGraph, metric: Metric) -> Int64Array:
    """(A,) whole milliseconds of every arc under a metric, turning round included, or `CLOSED`."""
    ms = metric.edge_ms[turns.arc_edge]
    closed = ms < 0
    ms += metric.turn_round_ms * turns.arc_turns_round
    if metric.obeys_restrictions:
        closed |= turns.arc_forbidden
    ms[closed] = CLOSED
    return ms


def forbidden_sequences(network: RoadNetwork) -> list[Prefix]:
    """The restrictions of a network as tuples of edges, each once.

    Raises
    ------
    InputError
        When a restriction has fewer than two edges.
    """
    offset = network.restriction_offset.tolist()
    edges = network.restriction_edges.tolist()
    found: dict[Prefix, None] = {}
    for number, (start, end) in enumerate(itertools.pairwise(offset)):
        if end - start < 2:
            raise InputError(
                f"Turn restriction {number} of the road network has fewer than two edges; build the region again."
            )
        found[tuple(edges[start:end])] = None
    return list(found)


class _Automaton:
    """Proper prefixes of forbidden sequences, single edges to remember, and where an edge leads from each of them."""

    def __init__(self, sequences: Iterable[Prefix], node_count: int, remembered: Iterable[int]) -> None:
        self._forbidden = set(sequences)
        proper = {sequence[:size] for sequence in self._forbidden for size in range(1, len(sequence))}
        proper |= {(edge,) for edge in remembered}
        self.prefixes = sorted(proper)
        self._number = {prefix: node_count + number for number, prefix in enumerate(self.prefixes)}
        self.first_states = {prefix[0]: state for prefix, state in self._number.items() if len(prefix) == 1}

    def forbids(self, history: Prefix, edge: int) -> bool:
        """Whether driving `edge` after `history` completes a forbidden sequence."""
        driven = (*history, edge)
        return any(driven[start:] in self._forbidden for start in range(len(driven) - 1))

    def state(self, history: Prefix, edge: int) -> int | None:
        """The state of the longest suffix of what was driven that is a prefix, or None where none is."""
        driven = deque((*history, edge))
        while driven:
            state = self._number.get(tuple(driven))
            if state is not None:
                return state
            driven.popleft()
        return None
