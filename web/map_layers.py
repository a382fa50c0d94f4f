"""What the background map is drawn from: a region's roads, water, borders and names in Web Mercator.

Web Mercator units here run from 0 to 1 over the world, x east from 180 W and y south from 85.05 N, so that a tile at
zoom `z` is `2 ** -z` wide. Layers are made once per opened region and never change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Float64Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]

MERCATOR_LIMIT_DEG = 85.051128779806604
BORDER_GRID_DEG = 1e-7
BEYOND_STEPS = 8
"""Steps in which the map fades beyond the region."""


def mercator(lat: Any, lon: Any) -> tuple[Any, Any]:
    """Degrees to Web Mercator units; scalars or arrays."""
    clipped = np.clip(lat, -MERCATOR_LIMIT_DEG, MERCATOR_LIMIT_DEG)
    x = np.add(lon, 180.0) / 360.0
    y = (1.0 - np.arcsinh(np.tan(np.radians(clipped))) / np.pi) / 2.0
    return x, y


def ungroup(offset: Int64Array, chosen: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Point numbers of the chosen groups one after the other, and the offset of each group among them."""
    counts = offset[chosen + 1] - offset[chosen]
    starts = np.concatenate(([0], np.cumsum(counts)))
    points = np.arange(starts[-1]) + np.repeat(offset[chosen] - starts[:-1], counts)
    return points, starts


@dataclass(frozen=True, kw_only=True, eq=False)
class Shapes:
    """N lines or rings.

    Attributes
    ----------
    offset
        (N + 1,) start of each shape's points.
    x, y
        (P,) Web Mercator units.
    box
        (N, 4) least x, least y, greatest x, greatest y.
    kind
        (N,) what each shape is; its meaning belongs to the layer.
    """

    offset: Int64Array
    x: Float64Array
    y: Float64Array
    box: Float64Array
    kind: Int64Array

    @classmethod
    def of(cls, *, offset: Any, lat: Any, lon: Any, kind: Any) -> Shapes:
        """Shapes from ragged arrays of degrees; shapes of fewer than two points are left out."""
        starts = np.asarray(offset, dtype=np.int64)
        kept = np.flatnonzero(np.diff(starts) >= 2)
        points, starts = ungroup(starts, kept)
        x, y = mercator(np.asarray(lat, dtype=np.float64)[points], np.asarray(lon, dtype=np.float64)[points])
        return cls(offset=starts, x=x, y=y, box=_boxes(starts, x, y), kind=np.asarray(kind, np.int64)[kept])

    @classmethod
    def rings_of(cls, geometries: Sequence[Any]) -> Shapes:
        """The rings of polygons in lon/lat degrees; kind is 1 for a shell and 0 for a hole, largest ring first.

        Filling shells and clearing holes in this order is right for islands in lakes and enclaves in areas, as long
        as the polygons do not overlap.
        """
        polygons = shapely.get_parts(np.asarray(list(geometries), dtype=object))
        polygons = polygons[shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON]
        rings, of_polygon = shapely.get_rings(polygons, return_index=True)
        if len(rings) == 0:
            return cls.empty()
        shell = np.concatenate(([True], np.diff(of_polygon) > 0))
        order = np.argsort(-shapely.area(shapely.polygons(rings)), kind="stable")
        return cls._of_lines(rings[order], shell[order].astype(np.int64))

    @classmethod
    def borders_of(cls, geometries: Sequence[Any]) -> Shapes:
        """The borders of polygons in lon/lat degrees, each told once though two neighbours share it."""
        rings = shapely.get_rings(shapely.get_parts(np.asarray(list(geometries), dtype=object)))
        coordinates, of_ring = shapely.get_coordinates(rings, return_index=True)
        if len(coordinates) == 0:
            return cls.empty()
        units = np.rint(coordinates / BORDER_GRID_DEG).astype(np.int64)
        joined = of_ring[1:] == of_ring[:-1]
        ends = np.stack((units[:-1][joined], units[1:][joined]), axis=1)
        turned = (ends[:, 0, 0] > ends[:, 1, 0]) | ((ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] > ends[:, 1, 1]))
        ends[turned] = ends[turned][:, ::-1]
        segments = np.unique(ends.reshape(-1, 4), axis=0).reshape(-1, 2, 2) * BORDER_GRID_DEG
        merged = shapely.line_merge(shapely.MultiLineString(list(segments)))
        lines = shapely.get_parts(merged)
        return cls._of_lines(lines, np.zeros(len(lines), np.int64))

    @classmethod
    def empty(cls) -> Shapes:
        """No shapes."""
        none, index = np.empty(0), np.empty(0, np.int64)
        return cls(offset=np.zeros(1, np.int64), x=none, y=none, box=np.empty((0, 4)), kind=index)

    @classmethod
    def joined(cls, parts: Sequence[Shapes]) -> Shapes:
        """Shapes of several layers, one after the other."""
        starts = np.cumsum([0, *(len(part.x) for part in parts)])
        return cls(
            offset=np.concatenate(
                ([0], *(part.offset[1:] + start for part, start in zip(parts, starts, strict=False)))
            ),
            x=np.concatenate([part.x for part in parts]),
            y=np.concatenate([part.y for part in parts]),
            box=np.concatenate([part.box for part in parts]),
            kind=np.concatenate([part.kind for part in parts]),
        )

    @classmethod
    def _of_lines(cls, lines: Any, kind: Any) -> Shapes:
        coordinates, of_line = shapely.get_coordinates(lines, return_index=True)
        offset = np.concatenate(([0], np.cumsum(np.bincount(of_line, minlength=len(lines)))))
        return cls.of(offset=offset, lat=coordinates[:, 1], lon=coordinates[:, 0], kind=kind)

    def __len__(self) -> int:
        return len(self.kind)

    def within(self, box: tuple[float, float, float, float]) -> Int64Array:
        """Numbers of the shapes whose box meets `box` (least x, least y, greatest x, greatest y), in order."""
        left, top, right, bottom = box
        own = self.box
        meets = (own[:, 0] <= right) & (own[:, 2] >= left) & (own[:, 1] <= bottom) & (own[:, 3] >= top)
        return np.flatnonzero(meets)

    def pick(self, chosen: Int64Array) -> Shapes:
        """Some of the shapes, in the order given."""
        points, offset = ungroup(self.offset, chosen)
        return Shapes(offset=offset, x=self.x[points], y=self.y[points], box=self.box[chosen], kind=self.kind[chosen])

    def as_shells(self) -> Shapes:
        """The same rings, none of them a hole."""
        return Shapes(offset=self.offset, x=self.x, y=self.y, box=self.box, kind=np.ones(len(self), np.int64))

    def cut(self, points: int) -> Shapes:
        """Lines in pieces of at most so many points, each beginning where the one before ends: for tight boxes."""
        steps = np.diff(self.offset) - 1
        pieces = np.maximum(1, -(-steps // (points - 1)))
        if len(self) == 0 or pieces.max() == 1:
            return self
        of_piece = np.repeat(np.arange(len(self)), pieces)
        within = np.arange(len(of_piece)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        first = self.offset[of_piece] + within * (points - 1)
        last = np.minimum(first + points - 1, self.offset[of_piece + 1] - 1)
        counts = last - first + 1
        offset = np.concatenate(([0], np.cumsum(counts)))
        taken = np.arange(offset[-1]) + np.repeat(first - offset[:-1], counts)
        x, y = self.x[taken], self.y[taken]
        return Shapes(offset=offset, x=x, y=y, box=_boxes(offset, x, y), kind=self.kind[of_piece])

    def simplified(self, tolerance: float, *, least: float = 0.0) -> Shapes:
        """The shapes with points nearer than `tolerance` to the line left out, those smaller than `least` dropped."""
        extent = np.maximum(self.box[:, 2] - self.box[:, 0], self.box[:, 3] - self.box[:, 1])
        picked = self.pick(np.flatnonzero(extent >= least))
        if len(picked) == 0:
            return picked
        of_shape = np.repeat(np.arange(len(picked)), np.diff(picked.offset))
        lines = shapely.linestrings(np.column_stack((picked.x, picked.y)), indices=of_shape)
        points, of_line = shapely.get_coordinates(
            shapely.simplify(lines, tolerance, preserve_topology=False), return_index=True
        )
        offset = np.concatenate(([0], np.cumsum(np.bincount(of_line, minlength=len(picked)))))
        return Shapes(offset=offset, x=points[:, 0], y=points[:, 1], box=picked.box, kind=picked.kind)


class Cover:
    """Tells whether rings cover a whole box, so that their shape need not be drawn there."""

    def __init__(self, rings: Shapes) -> None:
        shells = rings.pick(np.flatnonzero(rings.kind == 1))
        self._holes = rings.pick(np.flatnonzero(rings.kind == 0))
        of_shell = np.repeat(np.arange(len(shells)), np.diff(shells.offset))
        self._shells = shapely.polygons(shapely.linearrings(np.column_stack((shells.x, shells.y)), indices=of_shell))
        shapely.prepare(self._shells)

    def covers(self, box: tuple[float, float, float, float]) -> bool:
        """Whether one shell covers the box and no hole comes near."""
        return len(self._holes.within(box)) == 0 and bool(shapely.covers(self._shells, shapely.box(*box)).any())


def _boxes(offset: Int64Array, x: Float64Array, y: Float64Array) -> Float64Array:
    if len(offset) == 1:
        return np.empty((0, 4))
    starts = offset[:-1]
    return np.column_stack(
        (
            np.minimum.reduceat(x, starts),
            np.minimum.reduceat(y, starts),
            np.maximum.reduceat(x, starts),
            np.maximum.reduceat(y, starts),
        )
    )


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Streets:
    """Named streets, pieces of one name and class that meet joined into one line; the most important first.

    Attributes
    ----------
    name
        (N,) number in `MapLayers.names`.
    length, start
        (N,) length, and where its first point stands in `along`.
    x, y
        (P,) points of all streets one after the other.
    along
        (P,) rising through all of them; within a street, the length up to the point. All in Web Mercator units.
    """

    name: Int64Array
    length: Float64Array
    start: Float64Array
    x: Float64Array
    y: Float64Array
    along: Float64Array

    @classmethod
    def of(cls, roads: Shapes, road_name: Int64Array) -> Streets:
        """The streets of roads that bear a name (number above 0); kind is the class, the least the most important."""
        named = np.flatnonzero(road_name > 0)
        name, lines = [], []
        if len(named):
            picked = roads.pick(named)
            of_line = np.repeat(np.arange(len(named)), np.diff(picked.offset))
            drawn: Any = shapely.linestrings(np.column_stack((picked.x, picked.y)), indices=of_line)
            group = np.stack((picked.kind, road_name[named]), axis=1)
            order = np.lexsort((group[:, 1], group[:, 0]))
            ends = np.flatnonzero(np.any(np.diff(group[order], axis=0) != 0, axis=1)) + 1
            for part in np.split(order, ends):
                merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(drawn[part])))
                lines += sorted(merged, key=lambda line: (-line.length, line.coords[0]))
                name += [int(group[part[0], 1])] * len(merged)
        coordinates, of_line = shapely.get_coordinates(np.array(lines, object), return_index=True)
        step = np.hypot(*np.diff(coordinates, axis=0, prepend=coordinates[:1]).T)
        along = np.cumsum(step)
        first = np.searchsorted(of_line, np.arange(len(lines)))
        last = np.searchsorted(of_line, np.arange(len(lines)), "right") - 1
        return cls(
            name=np.array(name, np.int64), length=along[last] - along[first], start=along[first],
            x=coordinates[:, 0].copy(), y=coordinates[:, 1].copy(), along=along,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """A name at a point.

    Attributes
    ----------
    text, kind
        What to write, and what it names (`kabupaten`, `kecamatan`, `village`, or a kind of `gis.types.Place`).
    x, y
        Web Mercator units.
    weight
        Of two labels of one kind in each other's way the heavier stays.
    """

    text: str
    kind: str
    x: float
    y: float
    weight: float


@dataclass(frozen=True, kw_only=True, eq=False)
class MapLayers:
    """Everything the background map shows.

    Attributes
    ----------
    land
        Rings of the region's land.
    beyond
        Rings about it, from the farthest to the nearest, each of its own kind from 0 up: the map fades over them.
    villages, kecamatan, kabupaten
        Borders of the areas.
    water, green, built
        Rings of sea, lakes and wide rivers; of forests, parks and fields; of built-up land.
    waterways, rail, coast
        Lines.
    roads
        Lines; kind is the index in `routing.network.ROAD_CLASSES`.
    road_bridge
        (N,) whether the road is a bridge.
    streets
        The roads that have a name.
    names
        Street names; the first is empty.
    labels
        Areas and places.
    bounds
        South, west, north, east of the villages, degrees.
    notice
        What every map must say, or None.
    """

    land: Shapes
    beyond: Shapes
    villages: Shapes
    kecamatan: Shapes
    kabupaten: Shapes
    water: Shapes
    green: Shapes
    built: Shapes
    waterways: Shapes
    rail: Shapes
    coast: Shapes
    roads: Shapes
    road_bridge: npt.NDArray[np.bool_]
    streets: Streets
    names: tuple[str, ...]
    labels: tuple[Label, ...]
    bounds: tuple[float, float, float, float]
    notice: str | None
