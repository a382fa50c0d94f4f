"""The road network of a region: immutable arrays, topology apart from any metric.

Nodes are junctions and ends of road; a directed edge joins two of them and keeps the curve between. Edges are sorted
by tail node (compressed sparse rows), so the edges out of node `v` are `edge_offset[v]:edge_offset[v + 1]`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from enum import IntFlag
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import networkx as nx

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
Float64Array = npt.NDArray[np.float64]
Float16Array = npt.NDArray[np.float16]
UInt32Array = npt.NDArray[np.uint32]
UInt8Array = npt.NDArray[np.uint8]

DEGREE = 1e-7
"""Geometry is kept as OSM keeps it: whole numbers of 1e-7 degrees."""

ROAD_CLASSES: tuple[str, ...] = (
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link",
    "tertiary", "tertiary_link", "unclassified", "residential", "living_street", "service", "road", "track",
    "busway", "ferry", "barrier",
)  # fmt: skip
"""Classes by number (`edge_class`); `barrier` is the zero-length edge across a bollard, gate or block."""

SURFACES: tuple[str, ...] = (
    "", "paved", "asphalt", "concrete", "concrete:plates", "concrete:lanes", "paving_stones", "sett", "cobblestone",
    "bricks", "metal", "wood", "compacted", "fine_gravel", "gravel", "pebblestone", "grass_paver", "unpaved", "ground",
    "dirt", "earth", "clay", "grass", "rock", "sand", "mud",
)  # fmt: skip
"""Surfaces by number (`edge_surface`); the first is not known."""

SMOOTHNESSES: tuple[str, ...] = (
    "", "excellent", "good", "intermediate", "bad", "very_bad", "horrible", "very_horrible",
)  # fmt: skip
"""Smoothness by number (`edge_smoothness`), from good to bad; the first is not known. Impassable ways are no roads."""

BARRIERS: tuple[str, ...] = (
    "", "unknown", "bollard", "block", "jersey_barrier", "chain", "cycle_barrier", "motorcycle_barrier", "kissing_gate",
    "wall", "debris", "bus_trap", "gate", "lift_gate", "swing_gate", "sliding_gate", "checkpoint", "toll_booth",
    "height_restrictor", "width_restrictor",
)  # fmt: skip
"""Kinds of barrier by number (`edge_barrier`); the first is none. `routing.osm_barriers` tells which tags are which."""


class EdgeFlag(IntFlag):
    """Facts of an edge that a metric may use."""

    PRIVATE = 1  # access=private or the like: closed unless a profile opens it
    NO_ACCESS = 2  # motor vehicles forbidden: closed unless a profile opens it
    DESTINATION = 4  # access=destination, customers, delivery, permit: open
    EMERGENCY = 8  # emergency=yes or designated: open to emergency vehicles whatever the other tags of access say
    TOLL = 16
    BRIDGE = 32
    TUNNEL = 64
    ROUNDABOUT = 128
    ONEWAY = 256  # the opposite direction is forbidden by law: its twin edge is CONTRAFLOW, or there is none
    FERRY = 512
    BARRIER = 1024  # the zero-length edge of a barrier that stops cars; closed unless EMERGENCY
    LINK = 2048
    FORD = 4096  # through water, all along
    CONTRAFLOW = 8192  # against a one-way road: closed, whatever the other flags, unless a profile drives there
    BUS = 16384  # buses or public transport may drive where (or, with CONTRAFLOW, as) other cars may not
    LOCKED = 32768  # a gate that is locked
    MOTORCYCLE = 65536  # motorcycles may ride whatever the flags say of cars
    NO_MOTORCYCLE = 131072  # motorcycles may not, whatever the flags say of cars
    FORD_AT_NODE = 262144  # through water at one place


FORD_AT_NODE_TAG: Final = "node"
"""What `ford=` says of it in a graph: OpenStreetMap says it at the node, of which a simplified graph has none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RoadNetwork:
    """A directed road network of N nodes, E edges and G curves.

    Attributes
    ----------
    node_lat, node_lon
        (N,) degrees.
    node_osm_id
        (N,) OSM node id, or a negative number where the network made the node.
    edge_offset
        (N + 1,) start of each node's outgoing edges.
    edge_tail, edge_head
        (E,) node numbers.
    edge_length_m
        (E,) great-circle length of the curve in metres.
    edge_class
        (E,) index in `ROAD_CLASSES`.
    edge_maxspeed_kph
        (E,) legal limit in km/h by the tags of this direction; NaN where none is tagged.
    edge_flags
        (E,) bits of `EdgeFlag`.
    edge_extra_ms
        (E,) milliseconds beyond length over speed (a ferry's duration); -1 where none. When it is not
        negative it replaces length over speed.
    edge_width_m
        (E,) metres that may be driven on; NaN where nobody tagged it.
    edge_maxheight_m, edge_maxwidth_m, edge_maxweight_t
        (E,) limits in metres and tonnes, those of a barrier included; NaN where there is none.
    edge_lanes
        (E,) lanes of the whole road; 0 where nobody tagged them.
    edge_surface, edge_smoothness, edge_barrier
        (E,) index in `SURFACES`, `SMOOTHNESSES`, `BARRIERS`.
    edge_level_crossings
        (E,) crossings with a railway on the edge.
    edge_reverse
        (E,) the same curve driven the other way, be it against the law (`EdgeFlag.CONTRAFLOW`), or -1.
    edge_name
        (E,) index in `names`; 0 is the empty name.
    edge_way_id
        (E,) OSM way id.
    edge_curve
        (E,) curve number; edge `e` runs along it forward where `edge_forward[e]`.
    edge_forward
        (E,) 1 where the edge runs in the curve's own direction.
    edge_component
        (E,) strongly connected component under the default access rules (numbered by falling length, 0 is the
        largest); -1 for edges closed under them and for edges that lie between two components.
    component_length_m
        (C,) metres of road, each curve counted once.
    curve_offset
        (G + 1,) start of each curve's points.
    curve_lat, curve_lon
        (P,) points in 1e-7 degrees, ends included.
    restriction_offset, restriction_edges
        Forbidden sequences of edges, ragged: restriction `r` forbids driving
        `restriction_edges[restriction_offset[r]:restriction_offset[r + 1]]` one after the other (two edges for a
        restriction at a node, more for one with via ways). `only_*` restrictions stand here as what they forbid.
    names
        Street names (with their ref where that is all there is).
    """

    node_lat: Float64Array
    node_lon: Float64Array
    node_osm_id: Int64Array
    edge_offset: Int32Array
    edge_tail: Int32Array
    edge_head: Int32Array
    edge_length_m: Float64Array
    edge_class: UInt8Array
    edge_maxspeed_kph: npt.NDArray[np.float32]
    edge_flags: UInt32Array
    edge_extra_ms: Int32Array
    edge_width_m: Float16Array
    edge_maxheight_m: Float16Array
    edge_maxwidth_m: Float16Array
    edge_maxweight_t: Float16Array
    edge_lanes: UInt8Array
    edge_surface: UInt8Array
    edge_smoothness: UInt8Array
    edge_barrier: UInt8Array
    edge_level_crossings: UInt8Array
    edge_reverse: Int32Array
    edge_name: Int32Array
    edge_way_id: Int64Array
    edge_curve: Int32Array
    edge_forward: UInt8Array
    edge_component: Int32Array
    component_length_m: Float64Array
    curve_offset: Int32Array
    curve_lat: Int32Array
    curve_lon: Int32Array
    restriction_offset: Int32Array
    restriction_edges: Int32Array
    names: tuple[str, ...]

    @property
    def node_count(self) -> int:
        """Number of nodes N."""
        return len(self.node_lat)

    @property
    def edge_count(self) -> int:
        """Number of directed edges E."""
        return len(self.edge_tail)

    @cached_property
    def is_contraflow(self) -> npt.NDArray[np.bool_]:
        """(E,) True where an edge runs against a one-way road."""
        return np.asarray((self.edge_flags & np.uint32(EdgeFlag.CONTRAFLOW)) != 0)

    @property
    def lawful_edge_count(self) -> int:
        """Number of edges but for those against one-way roads."""
        return self.edge_count - int(self.is_contraflow.sum())

    @cached_property
    def is_first_of_curve(self) -> npt.NDArray[np.bool_]:
        """(E,) True for one edge of each curve: the forward one, but for one-way roads that run against their curve."""
        against = self.is_contraflow
        reverse = np.asarray(self.edge_reverse)
        alone = (reverse < 0) | against[reverse]
        return np.asarray(~against & ((np.asarray(self.edge_forward) == 1) | alone), dtype=np.bool_)

    def edge_points(self, edge: int) -> tuple[Float64Array, Float64Array]:
        """Latitudes and longitudes (degrees) along one edge, in the direction of travel, ends included."""
        curve = int(self.edge_curve[edge])
        part = slice(int(self.curve_offset[curve]), int(self.curve_offset[curve + 1]))
        step = 1 if self.edge_forward[edge] else -1
        return (
            self.curve_lat[part][::step].astype(np.float64) * DEGREE,
            self.curve_lon[part][::step].astype(np.float64) * DEGREE,
        )

    def to_networkx(self) -> nx.MultiDiGraph[int]:
        """The network as an osmnx-compatible graph; see `routing.export.to_networkx`."""
        from routing.export import to_networkx

        return to_networkx(self)

    def save(self, folder: Path) -> None:
        """Write one `.npy` file per array, and `names.json`, into an existing folder."""
        for field in fields(self):
            if field.name != "names":
                np.save(folder / f"{field.name}.npy", np.ascontiguousarray(getattr(self, field.name)))
        (folder / "names.json").write_text(
            json.dumps(self.names, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path) -> RoadNetwork:
        """Open a saved network; the arrays are memory-mapped and read-only, so that processes share them."""
        arrays: dict[str, Any] = {
            # A plain view of the map: indexing a numpy.memmap costs several times as much.
            field.name: np.asarray(np.load(folder / f"{field.name}.npy", mmap_mode="r", allow_pickle=False))
            for field in fields(cls)
            if field.name != "names"
        }
        names = tuple(json.loads((folder / "names.json").read_text(encoding="utf-8")))
        return cls(names=names, **arrays)
