"""The drivable ways of an OpenStreetMap file, and what stands on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from routing.network import ROAD_CLASSES, EdgeFlag, Int32Array, Int64Array
from routing.osm_facts import (
    BARRIER_KEYS,
    FACT_KEYS,
    BarrierFacts,
    RoadFacts,
    barrier_facts,
    is_ford,
    is_level_crossing,
    road_facts,
)
from routing.osm_network import NodeFacts, RoadWays
from routing.osm_report import Tally
from routing.osm_tables import NOTHING, Decided, NodeTable, WayTable, offsets
from routing.osm_tags import (
    ROAD_KEYS,
    Direction,
    Drivable,
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

ROADS_SKIPPED = "roads skipped"

_CLASS_NUMBER = {name: number for number, name in enumerate(ROAD_CLASSES)}
_OF_ROADS = frozenset((*ROAD_KEYS, *FACT_KEYS))
_CLOSING = EdgeFlag.NO_ACCESS | EdgeFlag.PRIVATE | EdgeFlag.DESTINATION


class WayFacts(NamedTuple):
    """What the tags of one way say but for its name; the columns of `RoadWays`."""

    road_class: int
    forward: bool
    backward: bool
    forward_flags: int
    backward_flags: int
    forward_kph: float
    backward_kph: float
    ferry_ms: int
    shape: RoadFacts


class _Verdict(NamedTuple):
    """Whether ways of some tags join the network, what the tags say, and what is odd about them."""

    joins: Drivable
    facts: WayFacts | None = None
    oddities: tuple[str, ...] = ()


def is_road(ways: WayTable) -> npt.NDArray[np.bool_]:
    """(W,) ways that may be a road: with `highway=*` or `route=ferry`."""
    return ways.tags.having("highway") | ways.tags.tagged("route", {"ferry"})


def road_ways(ways: WayTable, tally: Tally) -> tuple[RoadWays, tuple[str, ...]]:
    """Ways that cars drive on, sorted by id, and their names, the empty one first; the others are counted."""
    rows = np.flatnonzero(is_road(ways))
    verdicts = ways.tags.decided(rows, _OF_ROADS, _verdict)
    verdicts.tell(tally, ROADS_SKIPPED, ways.osm_id[rows], lambda verdict: _reasons(verdict.joins))
    verdicts.tell(tally, "oddities", ways.osm_id[rows], lambda verdict: verdict.oddities)
    joins = verdicts.where(lambda verdict: verdict.facts is not None)
    name, names = _names(ways, rows[joins])
    order = np.argsort(ways.osm_id[rows[joins]], kind="stable")
    chosen = np.flatnonzero(joins)[order]
    at, _ = ways.nodes(rows[chosen])
    column = _Columns(verdicts, chosen)
    return RoadWays(
        way_id=ways.osm_id[rows[chosen]],
        offset=offsets(np.diff(ways.offset)[rows[chosen]]),
        ref=ways.ref[at],
        lat=ways.lat[at],
        lon=ways.lon[at],
        name=name[order],
        road_class=column.of("road_class", np.uint8),
        forward=column.of("forward", np.bool_),
        backward=column.of("backward", np.bool_),
        forward_flags=column.of("forward_flags", np.uint32),
        backward_flags=column.of("backward_flags", np.uint32),
        forward_kph=column.of("forward_kph", np.float32),
        backward_kph=column.of("backward_kph", np.float32),
        ferry_ms=column.of("ferry_ms", np.int32),
        width_m=column.of("width_m", np.float16),
        maxheight_m=column.of("maxheight_m", np.float16),
        maxwidth_m=column.of("maxwidth_m", np.float16),
        maxweight_t=column.of("maxweight_t", np.float16),
        lanes=column.of("lanes", np.uint8),
        surface=column.of("surface", np.uint8),
        smoothness=column.of("smoothness", np.uint8),
    ), names


def _verdict(tags: Mapping[str, str]) -> _Verdict:
    joins = drivable(tags)
    if joins.road_class is None:
        return _Verdict(joins)
    oddities: list[str] = []
    facts = way_facts(tags, joins.road_class, oddities.append)
    # both directions may meet the same oddity
    return _Verdict(joins, facts, tuple(dict.fromkeys(oddities)))


def _reasons(joins: Drivable) -> tuple[str, ...]:
    return (joins.reason,) if joins.road_class is None else ()


class _Columns:
    """Facts of the chosen ways as arrays."""

    def __init__(self, verdicts: Decided, chosen: Int64Array) -> None:
        self._facts = [verdict.facts for verdict in verdicts.what]
        self._of = verdicts.of[chosen]

    def of(self, name: str, kind: type[np.generic]) -> npt.NDArray[Any]:
        at_shape = name in RoadFacts._fields
        values = [0 if facts is None else getattr(facts.shape if at_shape else facts, name) for facts in self._facts]
        return np.array(values, dtype=kind)[self._of]


def _names(ways: WayTable, rows: Int64Array) -> tuple[Int32Array, tuple[str, ...]]:
    """The number of each way's name, and the names as they appear: `name`, without one `ref`, or the empty one."""
    pairs = ways.tags.pairs
    blank = np.append(np.fromiter((not value for _, value in pairs), dtype=np.bool_, count=len(pairs)), True)
    name = ways.tags.numbers("name")[rows]
    named_by = np.where(blank[name], ways.tags.numbers("ref")[rows], name)
    distinct, first, which = np.unique(named_by, return_index=True, return_inverse=True)
    number = {"": 0}
    name_of = np.zeros(len(distinct), dtype=np.int32)
    for at in np.argsort(first).tolist():
        pair = int(distinct[at])
        text = "" if pair == NOTHING else street_name(dict([pairs[pair]]))
        name_of[at] = number.setdefault(text, len(number))
    return name_of[which], tuple(number)


class _Standing(NamedTuple):
    """What stands on a node of some tags, and what is odd about it."""

    is_crossing: bool
    is_ford: bool
    barrier: BarrierFacts | None
    read_as: tuple[str, ...]
    oddities: tuple[str, ...]


def node_facts(nodes: NodeTable, tally: Tally) -> NodeFacts:
    """Barriers, level crossings and fords."""
    rows = np.flatnonzero(nodes.tags.having("barrier", "railway", "ford"))
    ids = nodes.osm_id[rows]
    standing = nodes.tags.decided(rows, BARRIER_KEYS, _standing)
    standing.tell(tally, "oddities", ids, lambda one: one.oddities)
    standing.tell(tally, "barrier nodes", ids, lambda one: one.read_as)
    is_barrier = standing.where(lambda one: one.barrier is not None)
    return NodeFacts(
        barriers={
            node_id: standing.what[group].barrier
            for node_id, group in zip(ids[is_barrier].tolist(), standing.of[is_barrier].tolist(), strict=True)
        },
        level_crossings=np.unique(ids[standing.where(lambda one: one.is_crossing)]),
        fords=np.unique(ids[standing.where(lambda one: one.is_ford)]),
    )


def _standing(tags: Mapping[str, str]) -> _Standing:
    oddities: list[str] = []
    barrier, read_as = None, list[str]()
    if "barrier" in tags:
        barrier = barrier_facts(tags, oddities.append)
        flags = EdgeFlag(0) if barrier is None else barrier.flags & (EdgeFlag.BARRIER | EdgeFlag.EMERGENCY)
        effect = "stops cars, emergency vehicles pass" if flags & EdgeFlag.EMERGENCY else "stops cars"
        read_as.append(f"{tags['barrier']}: {effect if flags & EdgeFlag.BARRIER else 'cars pass'}")
    return _Standing(is_level_crossing(tags), is_ford(tags), barrier, tuple(read_as), tuple(oddities))


def way_facts(tags: Mapping[str, str], road_class: str, note: Note) -> WayFacts:
    """What the tags of a way of a class say, both directions; `note` may hear of an oddity twice."""
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
    return WayFacts(
        road_class=_CLASS_NUMBER[road_class],
        forward=direction is not Direction.BACKWARD,
        backward=direction is not Direction.FORWARD,
        forward_flags=flags[0],
        backward_flags=flags[1],
        forward_kph=kph[0],
        backward_kph=kph[1],
        ferry_ms=-1 if ferry is None else ferry,
        shape=road_facts(tags, note),
    )
