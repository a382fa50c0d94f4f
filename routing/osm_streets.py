"""Street names of OpenStreetMap for the gazetteer: ways of one name that lie together are one street."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.gazetteer import Street
from gis.geodesy import LocalPlane
from routing.network import DEGREE, Int32Array
from routing.osm_tags import alternative_names

SAME_STREET_M: Final = 250.0
"""Ways of one name closer than this are one street: gaps at squares, roundabouts and unnamed bridges are shorter."""

Coordinates = npt.NDArray[np.float64]


@dataclass(slots=True)
class StreetCollector:
    """Takes named ways one by one; `streets()` joins them."""

    _names: list[str] = field(default_factory=list)
    _alt_names: list[tuple[str, ...]] = field(default_factory=list)
    _lines: list[Coordinates] = field(default_factory=list)

    def add(self, tags: Mapping[str, str], lat: Int32Array, lon: Int32Array) -> None:
        """Take a way along points in 1e-7 degrees. A way without a name is no street of the gazetteer."""
        name = " ".join(tags.get("name", "").split())
        if name and len(lat) >= 2:
            self._names.append(name)
            self._alt_names.append(alternative_names(tags))
            points = np.empty((len(lat), 2), dtype=np.float64)
            points[:, 0], points[:, 1] = lon, lat
            self._lines.append(points * DEGREE)

    def streets(self) -> list[Street]:
        """Streets by name, then from south to north."""
        if not self._names:
            return []
        _, key = np.unique([name.casefold() for name in self._names], return_inverse=True)
        of_street = _lying_together(self._lines, key)
        order = np.argsort(of_street, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(of_street[order])) + 1)
        shapes = self._shapes(order, of_street[order])
        west, south = shapely.bounds(shapes)[:, :2].T.tolist()
        found = [self._street(group.tolist(), shape) for group, shape in zip(groups, shapes, strict=True)]
        places = range(len(found))
        return [found[at] for at in sorted(places, key=lambda at: (found[at].name, south[at], west[at]))]

    def _shapes(self, order: npt.NDArray[np.int64], of_street: npt.NDArray[np.int32]) -> npt.NDArray[Any]:
        """The shape of each street, all made at once: ways in `order`, of the streets `of_street` (rising)."""
        lines = [self._lines[way] for way in order.tolist()]
        owner = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
        drawn = np.asarray(shapely.linestrings(np.concatenate(lines), indices=owner))
        return np.asarray(shapely.multilinestrings(drawn, indices=of_street))

    def _street(self, ways: list[int], shape: shapely.MultiLineString) -> Street:
        spellings = [self._names[way] for way in ways]
        name = max(dict.fromkeys(spellings), key=spellings.count)
        others = dict.fromkeys([*spellings, *(alt for way in ways for alt in self._alt_names[way])])
        return Street(
            name=name,
            alt_names=tuple(other for other in others if other != name),
            geometry=shape,
        )


def _lying_together(lines: list[Coordinates], key: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Number of the street of each line: lines of one key closer than `SAME_STREET_M`, directly or in a chain."""
    points = np.concatenate(lines)
    owner = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
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
    joined = coo_array((np.ones(len(row), dtype=np.int8), (row, column)), shape=(len(lines), len(lines)))
    _, label = connected_components(joined.tocsr(), directed=False)
    return np.asarray(label, dtype=np.int32)
