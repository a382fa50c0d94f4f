"""What was read of an OpenStreetMap file, as tables: so that what is alike is decided once, and the rest by numpy.

A map has hundreds of thousands of ways and a few thousand different sets of tags. Rows hold numbers of pairs (key and
value); `TagTable.alike` groups rows by the keys that a question looks at, and only one row of each group is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from routing.network import DEGREE, Int32Array, Int64Array
from routing.osm_network import MAX_LAT
from routing.osm_report import EXAMPLES, Tally
from routing.osm_text import UNKNOWN, TextNode, TextRelation, TextThing, TextWay
from routing.ragged import rows as ragged_rows

BoolArray = npt.NDArray[np.bool_]
Pair = tuple[str, str]

NOTHING: Final = -1
"""Number of the pair of a key that a row does not have."""


class Groups(NamedTuple):
    """Rows that are alike: the group of each, and the first row of each group; groups are numbered as they appear."""

    of: Int64Array
    first: Int64Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TagTable:
    """Tags of T things.

    Attributes
    ----------
    pairs
        Every pair of key and value, once.
    number
        Of every pair: its place in `pairs`.
    key
        (P,) of each pair, as a number.
    key_number
        Of every key.
    offset
        (T + 1,) start of each thing's tags.
    pair
        (M,) numbers of pairs.
    """

    pairs: Sequence[Pair]
    number: Mapping[Pair, int]
    key: Int64Array
    key_number: Mapping[str, int]
    offset: Int64Array
    pair: Int64Array

    def of(self, rows: Int64Array) -> Iterator[dict[str, str]]:
        """Tags of some things, one by one."""
        at, _ = ragged_rows(self.offset, rows)
        pairs = [self.pairs[number] for number in self.pair[at].tolist()]
        for start, end in pairwise(offsets(np.diff(self.offset)[rows]).tolist()):
            yield dict(pairs[start:end])

    def numbers(self, key: str) -> Int64Array:
        """(T,) the pair of this key that each thing has, or `NOTHING`."""
        found = np.full(len(self.offset) - 1, NOTHING, dtype=np.int64)
        at = np.flatnonzero(self._is_of([key])[self.pair])
        found[np.searchsorted(self.offset, at, side="right") - 1] = self.pair[at]
        return found

    def having(self, *keys: str) -> BoolArray:
        """(T,) whether each thing has one of the keys."""
        before = np.concatenate([[0], np.cumsum(self._is_of(keys)[self.pair])])
        return before[self.offset[1:]] > before[self.offset[:-1]]

    def tagged(self, key: str, values: Collection[str]) -> BoolArray:
        """(T,) whether the value that each thing has of a key is one of these."""
        return np.isin(self.numbers(key), [self.number[key, value] for value in values if (key, value) in self.number])

    def alike(self, rows: Int64Array, keys: Collection[str]) -> Groups:
        """Group rows that have the same pairs of these keys, in the same order."""
        kept = self._is_of(keys)[self.pair]
        before = np.concatenate([[0], np.cumsum(kept)])
        pair = self.pair[kept]
        start, end = before[self.offset[rows]], before[self.offset[rows + 1]]
        code, codes = np.zeros(len(rows), dtype=np.int64), 1
        left = np.flatnonzero(start < end)
        while len(left):  # one more pair of each row that has one: what came before it, and it, make a new number
            seen, which = np.unique(code[left] * len(self.pairs) + pair[start[left]], return_inverse=True)
            code[left] = codes + which
            codes += len(seen)
            start[left] += 1
            left = left[start[left] < end[left]]
        _, first, group = np.unique(code, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty(len(first), dtype=np.int64)
        rank[order] = np.arange(len(first))
        return Groups(rank[group], first[order])

    def decided(self, rows: Int64Array, keys: Collection[str], decide: Callable[[dict[str, str]], Any]) -> Decided:
        """Ask `decide` once for all rows that are alike in the keys that it looks at."""
        groups = self.alike(rows, keys)
        return Decided(groups.of, [decide(tags) for tags in self.of(rows[groups.first])])

    def _is_of(self, keys: Collection[str]) -> BoolArray:
        """(P,) pairs of one of the keys."""
        wanted = np.zeros(len(self.key_number), dtype=np.bool_)
        wanted[[self.key_number[key] for key in keys if key in self.key_number]] = True
        is_of: BoolArray = wanted[self.key]
        return is_of


class Decided(NamedTuple):
    """The group of each row, and what was decided of each group."""

    of: Int64Array
    what: list[Any]

    def where(self, true_of: Callable[[Any], bool]) -> BoolArray:
        """Rows of which something was decided that this is true of."""
        return np.array([true_of(what) for what in self.what], dtype=np.bool_)[self.of]

    def tell(self, tally: Tally, section: str, osm_id: Int64Array, reasons: Callable[[Any], Iterable[str]]) -> None:
        """Count the reasons of every row, to the same result as row by row."""
        said = [list(reasons(what)) for what in self.what]
        speaks = np.flatnonzero(np.array([bool(words) for words in said], dtype=np.bool_)[self.of])
        order = speaks[np.argsort(self.of[speaks], kind="stable")]
        group = self.of[order]
        place = np.arange(len(order)) - np.searchsorted(group, group)
        # Examples are among the first few of each group; those in order, then the others as a number.
        for row in np.sort(order[place < EXAMPLES]).tolist():
            for reason in said[self.of[row]]:
                tally.add(section, reason, int(osm_id[row]))
        sizes = np.bincount(group, minlength=len(said))
        for number in np.flatnonzero(sizes > EXAMPLES).tolist():
            for reason in said[number]:
                tally.add(section, reason, count=int(sizes[number]) - EXAMPLES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NodeTable:
    """Nodes with a tag of use: ids, places in 1e-7 degrees (`UNKNOWN` where there is none), tags."""

    osm_id: Int64Array
    lat: Int32Array
    lon: Int32Array
    tags: TagTable

    @property
    def has_place(self) -> BoolArray:
        """(T,) whether each node is somewhere."""
        return np.asarray((self.lat != UNKNOWN) & (self.lon != UNKNOWN))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WayTable:
    """Ways with a tag of use.

    Attributes
    ----------
    osm_id
        (W,) in the file's order.
    tags
        Of each way.
    offset
        (W + 1,) start of each way's nodes.
    ref, lat, lon
        (R,) ids and places in 1e-7 degrees (`UNKNOWN` where the file does not hold the node).
    """

    osm_id: Int64Array
    tags: TagTable
    offset: Int64Array
    ref: Int64Array
    lat: Int32Array
    lon: Int32Array

    def nodes(self, rows: Int64Array) -> tuple[Int64Array, Int64Array]:
        """Positions of the nodes of some ways, one way after the other, and the place in `rows` of each."""
        return ragged_rows(self.offset, rows)

    def known_nodes(self, rows: Int64Array) -> tuple[Int64Array, Int64Array]:
        """As `nodes`, of those that the file holds."""
        at, owner = self.nodes(rows)
        held = np.abs(self.lat[at]) <= MAX_LAT
        return at[held], owner[held]

    @property
    def is_closed(self) -> BoolArray:
        """(W,) whether each way ends where it begins."""
        closed = self.offset[1:] > self.offset[:-1]
        closed[closed] = self.ref[self.offset[:-1][closed]] == self.ref[self.offset[1:][closed] - 1]
        return closed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OsmTables:
    """What a file holds of use; of relations there are few."""

    nodes: NodeTable
    ways: WayTable
    relations: list[TextRelation]


UNITS_PER_DEGREE: Final = round(1 / DEGREE)


@dataclass(slots=True)
class Pairs:
    """Numbers pairs of key and value, and keys."""

    number: dict[Pair, int] = field(default_factory=dict)
    _key_number: dict[str, int] = field(default_factory=dict)
    _key: list[int] = field(default_factory=list)

    def numbers(self, pairs: Iterable[Pair]) -> list[int]:
        """The numbers of pairs, new ones included."""
        known = self.number
        return [known.setdefault(pair, len(known)) for pair in pairs]

    def table(self, offset: Int64Array, pair: Int64Array) -> TagTable:
        """Tags by the numbers that were given; all things must have been numbered."""
        keys = self._key_number
        if len(self._key) < len(self.number):
            self._key = [keys.setdefault(key, len(keys)) for key, _ in self.number]
        return TagTable(
            pairs=list(self.number),
            number=self.number,
            key=np.array(self._key, dtype=np.int64),
            key_number=keys,
            offset=offset,
            pair=pair,
        )


def tables_of(things: Iterable[TextThing]) -> OsmTables:
    """Put things that come one by one into tables."""
    pairs = Pairs()
    nodes: list[tuple[int, int, int]] = []
    node_tags, way_tags = _Tags(pairs), _Tags(pairs)
    ways: list[TextWay] = []
    relations: list[TextRelation] = []
    for thing in things:
        if isinstance(thing, TextNode):
            known = thing.lat is not None and thing.lon is not None
            lat, lon = (round((at or 0.0) * UNITS_PER_DEGREE) if known else UNKNOWN for at in (thing.lat, thing.lon))
            nodes.append((thing.osm_id, lat, lon))
            node_tags.add(thing.tags)
        elif isinstance(thing, TextWay):
            ways.append(thing._replace(tags={}))
            way_tags.add(thing.tags)
        else:
            relations.append(thing)
    osm_id, lats, lons = np.array(nodes, dtype=np.int64).reshape(-1, 3).T
    return OsmTables(
        nodes=NodeTable(osm_id=osm_id, lat=lats.astype(np.int32), lon=lons.astype(np.int32), tags=node_tags.table()),
        ways=WayTable(
            osm_id=np.array([way.osm_id for way in ways], dtype=np.int64),
            tags=way_tags.table(),
            offset=offsets([len(way.nodes.ref) for way in ways]),
            ref=joined([way.nodes.ref for way in ways], np.int64),
            lat=joined([way.nodes.lat for way in ways], np.int32),
            lon=joined([way.nodes.lon for way in ways], np.int32),
        ),
        relations=relations,
    )


class _Tags:
    def __init__(self, pairs: Pairs) -> None:
        self._pairs = pairs
        self._sizes: list[int] = []
        self._pair: list[int] = []

    def add(self, tags: Mapping[str, str]) -> None:
        self._sizes.append(len(tags))
        self._pair += self._pairs.numbers(tags.items())

    def table(self) -> TagTable:
        return self._pairs.table(offsets(self._sizes), np.array(self._pair, dtype=np.int64))


def offsets(sizes: Sequence[int] | Int64Array) -> Int64Array:
    """Where each row begins, and where the last ends."""
    return np.concatenate([[0], np.cumsum(np.asarray(sizes, dtype=np.int64))])


def joined(parts: Sequence[npt.NDArray[Any]], kind: type[np.generic]) -> npt.NDArray[Any]:
    """Arrays one after the other."""
    return np.concatenate(parts, dtype=kind) if parts else np.zeros(0, dtype=kind)
