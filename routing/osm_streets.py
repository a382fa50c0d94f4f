"""Street names of OpenStreetMap for the gazetteer: ways of one name that lie together are one street."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.gazetteer import Street
from gis.geodesy import LocalPlane
from routing.network import DEGREE, Int32Array, Int64Array
from routing.osm_tables import WayTable, offsets
from routing.osm_tags import ALT_NAME_KEYS, alternative_names
from routing.ragged import rows as ragged_rows

SAME_STREET_M: Final = 250.0
"""Ways of one name closer than this are one street: gaps at squares, roundabouts and unnamed bridges are shorter."""

Coordinates = npt.NDArray[np.float64]


NO_STREET: Final = frozenset({"bus_stop", "platform", "elevator", "rest_area", "services", "proposed"})
"""Values of `highway` whose name is not a street's."""


@dataclass(slots=True)
class StreetCollector:
    """Takes named ways one by one or from a table; `streets()` joins them."""

    _names: list[str] = field(default_factory=list)
    _alt_names: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _sizes: list[int] = field(default_factory=list)
    _points: list[Coordinates] = field(default_factory=list)

    def add(self, tags: Mapping[str, str], lat: Int32Array, lon: Int32Array) -> None:
        """Take a way along points in 1e-7 degrees. A way without a name is no street of the gazetteer."""
        name = _plain(tags.get("name", ""))
        if name and len(lat) >= 2:
            self._alt_names[len(self._names)] = alternative_names(tags)
            self._names.append(name)
            self._sizes.append(len(lat))
            self._points.append(_coordinates(lat, lon))

    def add_ways(self, ways: WayTable) -> None:
        """Take the named streets among the ways of a file, which must be all that is taken."""
        tags = ways.tags
        street = tags.having("highway") & ~tags.tagged("highway", NO_STREET)
        rows = np.flatnonzero(street & tags.having("name"))
        named, which = np.unique(tags.numbers("name")[rows], return_inverse=True)
        names = [_plain(tags.pairs[number][1]) for number in named.tolist()]
        at, owner = ways.known_nodes(rows)
        sizes = np.bincount(owner, minlength=len(rows))
        taken = (sizes >= 2) & np.array([bool(name) for name in names], dtype=np.bool_)[which]
        at = at[taken[owner]]
        self._names = [names[number] for number in which[taken].tolist()]
        self._sizes = sizes[taken].tolist()
        self._points = [_coordinates(ways.lat[at], ways.lon[at])]
        others = tags.having(*ALT_NAME_KEYS)[rows[taken]]
        alt_names = map(alternative_names, tags.of(rows[taken][others]))
        self._alt_names = dict(zip(np.flatnonzero(others).tolist(), alt_names, strict=True))

    def streets(self) -> list[Street]:
        """Streets by name, then from south to north."""
        if not self._names:
            return []
        points, sizes = np.concatenate(self._points), np.array(self._sizes, dtype=np.int64)
        of_street = _lying_together(points, sizes, self._keys())
        order = np.argsort(of_street, kind="stable")
        at, owner = ragged_rows(offsets(sizes), order)
        drawn = np.asarray(shapely.linestrings(points[at], indices=owner))
        shapes = np.asarray(shapely.multilinestrings(drawn, indices=of_street[order]))
        bounds = [0, *(np.flatnonzero(np.diff(of_street[order])) + 1).tolist(), len(order)]
        ways = order.tolist()
        west, south = shapely.bounds(shapes)[:, :2].T.tolist()
        found = [
            self._street(ways[start:end], shape) for (start, end), shape in zip(pairwise(bounds), shapes, strict=True)
        ]
        places = range(len(found))
        return [found[at] for at in sorted(places, key=lambda at: (found[at].name, south[at], west[at]))]

    def _keys(self) -> Int64Array:
        """A number for each way's name, the same for names that differ in upper case alone."""
        number: dict[str, int] = {}
        of_name = {name: number.setdefault(name.casefold(), len(number)) for name in dict.fromkeys(self._names)}
        return np.array([of_name[name] for name in self._names], dtype=np.int64)

    def _street(self, ways: list[int], shape: shapely.MultiLineString) -> Street:
        if len(ways) == 1:  # as most are
            name, alt_names = self._names[ways[0]], self._alt_names.get(ways[0], ())
            return Street(name=name, alt_names=tuple(alt for alt in alt_names if alt != name), geometry=shape)
        spellings = [self._names[way] for way in ways]
        name = max(dict.fromkeys(spellings), key=spellings.count)
        others = dict.fromkeys([*spellings, *(alt for way in ways for alt in self._alt_names.get(way, ()))])
        return Street(
            name=name,
            alt_names=tuple(other for other in others if other != name),
            geometry=shape,
        )


def _coordinates(lat: Int32Array, lon: Int32Array) -> Coordinates:
    return np.column_stack([lon, lat]).astype(np.float64) * DEGREE


def _plain(name: str) -> str:
    return " ".join(name.split())


def _lying_together(points: Coordinates, sizes: Int64Array, key: Int64Array) -> Int32Array:
    """Number of the street of each line: lines of one key closer than `SAME_STREET_M`, directly or in a chain."""
    count = len(sizes)
    owner = np.repeat(np.arange(count), sizes)
    middle = LocalPlane(lat0=float(points[:, 1].mean()), lon0=float(points[:, 0].mean()))
    x, y = middle.to_xy(points[:, 1], points[:, 0])
    shapes = np.asarray(shapely.linestrings(np.column_stack([x, y]), indices=owner))
    rows: list[npt.NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
    columns = list(rows)
    order = np.argsort(key, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
        if len(group) > 1:
            one, other = shapely.STRtree(shapes[group]).query(
                shapes[group], predicate="dwithin", distance=SAME_STREET_M
            )
            rows.append(group[one])
            columns.append(group[other])
    row, column = np.concatenate(rows), np.concatenate(columns)
    joined = coo_array((np.ones(len(row), dtype=np.int8), (row, column)), shape=(count, count))
    _, label = connected_components(joined.tocsr(), directed=False)
    return np.asarray(label, dtype=np.int32)
