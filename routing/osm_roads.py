"""Collecting the drivable ways of an OpenStreetMap file into arrays."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from routing.network import ROAD_CLASSES, EdgeFlag
from routing.osm_facts import FACT_KEYS, BarrierFacts, RoadFacts, barrier_facts, is_ford, is_level_crossing, road_facts
from routing.osm_network import NodeFacts, RoadWays
from routing.osm_report import Tally
from routing.osm_tags import (
    ROAD_KEYS,
    Direction,
    Note,
    access,
    bus,
    default_closed,
    drivable,
    duration_ms,
    maxspeed_kph,
    motorcycle,
    oneway,
    road_flags,
    street_name,
)
from routing.osm_text import WayNodes

_CLASS_NUMBER = {name: number for number, name in enumerate(ROAD_CLASSES)}
_WAY_KEYS = tuple(dict.fromkeys((*ROAD_KEYS, *FACT_KEYS)))
_CLOSING = EdgeFlag.NO_ACCESS | EdgeFlag.PRIVATE | EdgeFlag.DESTINATION


class _Facts(NamedTuple):
    """What the tags of one way say; the columns of `RoadWays`."""

    road_class: int
    forward: bool
    backward: bool
    forward_flags: int
    backward_flags: int
    forward_kph: float
    backward_kph: float
    name: int
    ferry_ms: int
    shape: RoadFacts


@dataclass(slots=True)
class RoadCollector:
    """Takes ways and nodes on roads one by one; `ways()` gives the ways as arrays."""

    tally: Tally
    barriers: dict[int, BarrierFacts] = field(default_factory=dict)
    level_crossings: set[int] = field(default_factory=set)
    fords: set[int] = field(default_factory=set)
    names: dict[str, int] = field(default_factory=lambda: {"": 0})
    _way_id: array[int] = field(default_factory=lambda: array("q"))
    _size: array[int] = field(default_factory=lambda: array("q"))
    _nodes: list[WayNodes] = field(default_factory=list)
    _facts: list[_Facts] = field(default_factory=list)
    _known: dict[tuple[str | None, ...], tuple[_Facts, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def nodes(self) -> NodeFacts:
        """What stands on the roads."""
        return NodeFacts(
            barriers=self.barriers,
            level_crossings=np.array(sorted(self.level_crossings), dtype=np.int64),
            fords=np.array(sorted(self.fords), dtype=np.int64),
        )

    def add_node(self, node_id: int, tags: Mapping[str, str]) -> None:
        """Take a node with `barrier=*`, `railway=*` or `ford=*`."""
        if "barrier" in tags:
            self.add_barrier(node_id, tags)
        if is_level_crossing(tags):
            self.level_crossings.add(node_id)
        if is_ford(tags):
            self.fords.add(node_id)

    def add_barrier(self, node_id: int, tags: Mapping[str, str]) -> None:
        """Take a node with `barrier=*`."""
        found = barrier_facts(tags, lambda oddity: self.tally.add("oddities", oddity, node_id))
        flags = EdgeFlag(0) if found is None else found.flags & (EdgeFlag.BARRIER | EdgeFlag.EMERGENCY)
        effect = "stops cars, emergency vehicles pass" if flags & EdgeFlag.EMERGENCY else "stops cars"
        self.tally.add(
            "barrier nodes", f"{tags['barrier']}: {effect if flags & EdgeFlag.BARRIER else 'cars pass'}", node_id
        )
        if found is not None:
            self.barriers[node_id] = found

    def add_way(self, way_id: int, tags: Mapping[str, str], nodes: WayNodes) -> bool:
        """Take a way with `highway=*` or `route=ferry` if cars drive on it."""
        verdict = drivable(tags)
        if verdict.road_class is None:
            self.tally.add("roads skipped", verdict.reason, way_id)
            return False
        self._way_id.append(way_id)
        self._size.append(len(nodes.ref))
        self._nodes.append(nodes)
        facts, oddities = self._read_tags(tags, verdict.road_class)
        for oddity in oddities:
            self.tally.add("oddities", oddity, way_id)
        name = self.names.setdefault(street_name(tags), len(self.names))
        self._facts.append(facts._replace(name=name))
        return True

    def _read_tags(self, tags: Mapping[str, str], road_class: str) -> tuple[_Facts, tuple[str, ...]]:
        """Facts and oddities of the tags. Few combinations of tags make most ways, so each is read once."""
        key = tuple(map(tags.get, _WAY_KEYS))
        known = self._known.get(key)
        if known is None:
            oddities: list[str] = []
            facts = _facts_of(tags, road_class, oddities.append)
            # both directions may meet the same oddity
            known = self._known[key] = facts, tuple(dict.fromkeys(oddities))
        return known

    def ways(self) -> RoadWays:
        """Everything taken, sorted by way id."""
        way_id = np.array(self._way_id, dtype=np.int64)
        order = np.argsort(way_id, kind="stable")
        size = np.array(self._size, dtype=np.int64)
        start = np.concatenate([[0], np.cumsum(size)])[:-1]
        offset = np.concatenate([[0], np.cumsum(size[order])])
        rows = np.repeat(start[order] - offset[:-1], size[order]) + np.arange(offset[-1])

        def column(name: str, kind: type[np.generic]) -> npt.NDArray[Any]:
            return np.array([getattr(facts, name) for facts in self._facts], dtype=kind)[order]

        def shape(name: str, kind: type[np.generic]) -> npt.NDArray[Any]:
            return np.array([getattr(facts.shape, name) for facts in self._facts], dtype=kind)[order]

        return RoadWays(
            way_id=way_id[order],
            offset=offset,
            ref=_joined([nodes.ref for nodes in self._nodes], np.int64)[rows],
            lat=_joined([nodes.lat for nodes in self._nodes], np.int32)[rows],
            lon=_joined([nodes.lon for nodes in self._nodes], np.int32)[rows],
            road_class=column("road_class", np.uint8),
            forward=column("forward", np.bool_),
            backward=column("backward", np.bool_),
            forward_flags=column("forward_flags", np.uint32),
            backward_flags=column("backward_flags", np.uint32),
            forward_kph=column("forward_kph", np.float32),
            backward_kph=column("backward_kph", np.float32),
            name=column("name", np.int32),
            ferry_ms=column("ferry_ms", np.int32),
            width_m=shape("width_m", np.float16),
            maxheight_m=shape("maxheight_m", np.float16),
            maxwidth_m=shape("maxwidth_m", np.float16),
            maxweight_t=shape("maxweight_t", np.float16),
            lanes=shape("lanes", np.uint8),
            surface=shape("surface", np.uint8),
            smoothness=shape("smoothness", np.uint8),
        )


def _joined(parts: list[npt.NDArray[Any]], kind: type[np.generic]) -> npt.NDArray[Any]:
    return np.concatenate(parts, dtype=kind) if parts else np.zeros(0, dtype=kind)


def _facts_of(tags: Mapping[str, str], road_class: str, note: Note) -> _Facts:
    direction = oneway(tags, note)
    common = road_flags(tags, road_class) | (EdgeFlag.FORD if is_ford(tags) else EdgeFlag(0))
    flags: list[int] = []
    for forward in (True, False):
        found = access(tags, forward=forward, note=note)
        if not found & _CLOSING:
            found |= default_closed(tags, road_class)
        found |= motorcycle(tags, car=found, forward=forward)
        against = direction is (Direction.BACKWARD if forward else Direction.FORWARD)
        if against or found & EdgeFlag.NO_ACCESS:
            found |= bus(tags, road_class, against=against)
        if direction is Direction.REVERSIBLE:
            found |= EdgeFlag.NO_ACCESS
            found &= ~(EdgeFlag.MOTORCYCLE | EdgeFlag.BUS)
        flags.append(int(common | found))
    kph = [maxspeed_kph(tags, forward=forward, note=note) or np.nan for forward in (True, False)]
    ferry = duration_ms(tags, note) if road_class == "ferry" else None
    return _Facts(
        road_class=_CLASS_NUMBER[road_class],
        forward=direction is not Direction.BACKWARD,
        backward=direction is not Direction.FORWARD,
        forward_flags=flags[0],
        backward_flags=flags[1],
        forward_kph=kph[0],
        backward_kph=kph[1],
        name=0,
        ferry_ms=-1 if ferry is None else ferry,
        shape=road_facts(tags, note),
    )
