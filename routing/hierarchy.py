"""A customizable contraction hierarchy: the topology, built once per region, and its times under one metric.

`Hierarchy` is what does not change: the states of the turn graph and how they are taken away. It is stored in the
region beside the roads that it was built from. `CustomizedHierarchy` adds the milliseconds of one metric, which takes
milliseconds to make, so that a closed bridge or another hour never rebuilds anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from routing.customization import Plan, customized
from routing.elimination import Elimination
from routing.metric import Metric
from routing.network import Int32Array, Int64Array, RoadNetwork
from routing.search import NEVER_MS
from routing.settings import RoutingSettings
from routing.turning_round import edges_to_remember, quickest_metric, remembers_enough
from routing.turns import TurnGraph

FORMAT_VERSION = 2
RECORD = "hierarchy.json"
QUICKEST = "quickest_ms"
_OWN_DIGEST = "sha256"
_HASH_BLOCK = 2**22


class HierarchyUnusableError(Exception):
    """A stored hierarchy that must not be used; the message says why. It is always rebuilt, never shown as an error."""


class HierarchyMissingError(HierarchyUnusableError):
    """There is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Hierarchy:
    """The topology of a network's hierarchy.

    Attributes
    ----------
    turns
        The states and arcs.
    elimination
        How the states are taken away.
    quickest
        The metric that the states were made for: they know enough for any that is nowhere quicker.
    """

    turns: TurnGraph
    elimination: Elimination
    quickest: Metric

    @classmethod
    def build(
        cls, network: RoadNetwork, settings: RoutingSettings | None = None, *, metric: Metric | None = None
    ) -> Hierarchy:
        """Build the hierarchy of a network.

        Parameters
        ----------
        network
            The roads.
        settings
            Of the region, for how long turning round takes at most.
        metric
            One that must be served too, however quick it is.
        """
        quickest = quickest_metric(network, settings)
        remembered = edges_to_remember(network, quickest)
        if metric is not None:
            remembered += edges_to_remember(network, metric)
        turns = TurnGraph.build(network, remembered)
        elimination = Elimination.build(turns, np.asarray(network.node_lat), np.asarray(network.node_lon))
        return cls(turns=turns, elimination=elimination, quickest=quickest)

    def serves(self, network: RoadNetwork, metric: Metric) -> bool:
        """Whether times under a metric are exact here; where it is too quick, the hierarchy must be built for it."""
        return remembers_enough(self.turns, network, metric, self.quickest)

    @cached_property
    def height(self) -> int:
        """How many states a label holds at most."""
        return int(self.elimination.depth.max(initial=0)) + 1

    @cached_property
    def arc_offset(self) -> Int64Array:
        """(S + 1,) the arcs that leave each state."""
        return np.searchsorted(self.turns.arc_source, np.arange(self.turns.state_count + 1)).astype(np.int64)

    @cached_property
    def arc_rank(self) -> Int32Array:
        """(A,) the rank to which each arc leads."""
        return self.elimination.rank[self.turns.arc_target]

    @cached_property
    def plan(self) -> Plan:
        """How it is customized; made with the first metric."""
        return Plan.of(self.elimination)

    def customize(self, arc_ms: Int64Array) -> CustomizedHierarchy:
        """Put a metric's milliseconds (A,) of every arc on the hierarchy; see `routing.turns.arc_costs_ms`."""
        # Negative, which is closed, becomes the largest of all.
        costs = np.minimum(arc_ms.view(np.uint64), NEVER_MS).astype(np.int32)
        up_ms, down_ms = customized(self.elimination, self.plan, costs)
        return CustomizedHierarchy(hierarchy=self, arc_ms=costs, up_ms=up_ms, down_ms=down_ms)

    # --- on disk ---------------------------------------------------------------------------------------------------

    def save(self, folder: Path, network: RoadNetwork) -> None:
        """Write one `.npy` file per array, and a record of what they belong to, into an existing folder."""
        files = {}
        for name, array in self._arrays().items():
            path = folder / f"{name}.npy"
            np.save(path, np.ascontiguousarray(array))
            files[path.name] = _sha256(path)
        record = {
            "format": FORMAT_VERSION,
            "network": network_digest(network),
            "turn_round_ms": self.quickest.turn_round_ms,
            "files": files,
        }
        whole = record | {_OWN_DIGEST: _record_digest(record)}
        (folder / RECORD).write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, network: RoadNetwork) -> Hierarchy:
        """Open a saved hierarchy; the arrays are memory-mapped, so that processes share them.

        Raises
        ------
        HierarchyUnusableError
            It is missing, of another version, of another network, or damaged.
        """
        try:
            record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            version, belongs_to, files = record["format"], record["network"], dict(record["files"])
            turn_round_ms = int(record["turn_round_ms"]) if version == FORMAT_VERSION else 0
        except FileNotFoundError:
            raise HierarchyMissingError("it is missing") from None
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            raise HierarchyUnusableError(f"{RECORD} cannot be read") from None
        if version != FORMAT_VERSION:
            raise HierarchyUnusableError(f"it has format {version!r}, this program reads format {FORMAT_VERSION}")
        if belongs_to != network_digest(network):
            raise HierarchyUnusableError("it was built from other roads")
        if record.get(_OWN_DIGEST, _record_digest(record)) != _record_digest(record):  # earlier builds wrote none
            raise HierarchyUnusableError(f"{RECORD} is damaged")
        arrays: dict[str, Any] = {}
        try:
            for name in [*_names(TurnGraph), *_names(Elimination), QUICKEST]:
                path = folder / f"{name}.npy"
                if _sha256(path) != files[path.name]:
                    raise HierarchyUnusableError(f"{path.name} is damaged")
                # Private maps count as writable, which the compiled code wants; nothing is ever written to them.
                arrays[name] = np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))
        except (OSError, ValueError, EOFError, KeyError):
            raise HierarchyUnusableError(f"{path.name} is damaged") from None
        return cls(
            turns=TurnGraph(**{name: arrays[name] for name in _names(TurnGraph)}),
            elimination=Elimination(**{name: arrays[name] for name in _names(Elimination)}),
            quickest=Metric(edge_ms=arrays[QUICKEST], turn_round_ms=turn_round_ms),
        )

    def _arrays(self) -> dict[str, Any]:
        parts = (self.turns, self.elimination)
        arrays = {name: getattr(part, name) for part in parts for name in _names(type(part))}
        return arrays | {QUICKEST: self.quickest.edge_ms}


@dataclass(frozen=True, kw_only=True, eq=False)
class CustomizedHierarchy:
    """A hierarchy under one metric.

    Attributes
    ----------
    hierarchy
        The topology.
    arc_ms
        (A,) milliseconds of every arc, `NEVER_MS` where it is closed.
    up_ms, down_ms
        (M,) milliseconds from each rank to its higher neighbour and back, over lower ranks too.
    """

    hierarchy: Hierarchy
    arc_ms: Int32Array
    up_ms: Int32Array
    down_ms: Int32Array

    @cached_property
    def climbed(self) -> tuple[Int64Array, Int32Array, Int64Array, Int32Array, Int32Array, Int32Array, Int32Array]:
        """What the kernels of labels take of the topology, in their order."""
        tree, plan = self.hierarchy.elimination, self.hierarchy.plan
        return tree.up_offset, plan.up_depth, plan.run_offset, plan.run_first, tree.rank, tree.parent, tree.depth


def network_digest(network: RoadNetwork) -> str:
    """What a hierarchy depends on: nodes, edges and restrictions, not their lengths or speeds."""
    digest = hashlib.sha256(str(network.node_count).encode())
    for name in ("edge_tail", "edge_head", "edge_reverse", "restriction_offset", "restriction_edges"):
        digest.update(np.ascontiguousarray(getattr(network, name)).data)
    return digest.hexdigest()


def _record_digest(record: Mapping[str, Any]) -> str:
    """Of all that the record holds but this: a digit that changed in it must not be believed either."""
    rest = {key: value for key, value in record.items() if key != _OWN_DIGEST}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _names(kind: type[Any]) -> list[str]:
    return [field.name for field in fields(kind)]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()
