"""Which edges a closure closes: by number, street name, polygon, or point and radius.

Geometry is exact on the curves that the network keeps: a road belongs to a polygon when any point of its curve does,
and to a circle when its nearest point does. Only curves whose boxes meet the wanted one are looked at.

Numbers of edges hold for one build of a region. A closure therefore keeps how its roads were chosen; an area is asked
again on another build (a road that is new there is flooded as well), and anything else keeps its edges as lines, by
which `RoadFinder.found_again` knows them.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.errors import N_, InputError, OutsideRegionError
from gis.geodesy import LocalPlane
from gis.street_index import street_names
from gis.text import words
from gis.types import Location
from routing.metric import closures_digest
from routing.network import DEGREE, Float64Array, Int64Array, RoadNetwork
from routing.ragged import ranges
from routing.snap import Snapper
from routing.types import ClosedRoads, RoadSelector, RoadStretch, Selection

NEAREST_ROAD_M: Final = 150.0
"""A point with radius 0 closes the nearest road if it is this near."""
PART_GAP_M: Final = 300.0
"""Pieces of one name that lie no farther apart are one street."""
MOST_RADIUS_M: Final = 50_000.0
SAME_WAY_M: Final = 30.0
OTHER_WAY_M: Final = 8.0
"""How far from its old line an edge may lie on another build: under the same way number, and under another."""
LEAST_OVERLAP: Final = 0.5
"""An edge is a stretch of old when they share at least this part of the shorter of the two."""
MOST_SUGGESTIONS: Final = 5
_NOTHING: Final = np.zeros(0, dtype=np.int64)


class UnknownStreetError(InputError):
    """No street of the region has that name."""

    code = "unknown-street"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreetPart:
    """One street of a name: edges that hang together, or nearly.

    Attributes
    ----------
    name
        As the map writes it.
    edges
        Both directions, rising.
    length_m
        Each curve counted once.
    middle
        A point on it, about halfway.
    """

    name: str
    edges: Int64Array
    length_m: float
    middle: Location


def edges_digest(edges: Iterable[int] | npt.NDArray[np.integer]) -> str:
    """The name of a set of closed edges as `routing.metric.MetricKey` has it, whatever their order; empty for none."""
    return closures_digest(edges.tolist() if isinstance(edges, np.ndarray) else edges)


class RoadFinder:
    """Finds edges of one network; safe for threads.

    Parameters
    ----------
    network
        The roads.
    snapper
        Of the same network, for the road nearest to a point.
    """

    def __init__(self, network: RoadNetwork, snapper: Snapper) -> None:
        self.network = network
        self._snapper = snapper

    @cached_property
    def checksum(self) -> str:
        """Of all that the numbers of edges depend on, hexadecimal."""
        network, sha = self.network, hashlib.sha256()
        for array in (
            network.edge_tail, network.edge_head, network.edge_way_id, network.edge_curve, network.edge_forward,
            network.curve_offset, network.curve_lat, network.curve_lon,
        ):  # fmt: skip
            sha.update(np.ascontiguousarray(array).data)
        return sha.hexdigest()

    # --- choosing ------------------------------------------------------------------------------------------------

    def select(self, selector: RoadSelector, within: shapely.Geometry | None = None) -> Int64Array:
        """The edges that a selector means, rising; of a street, those of all its parts that remain.

        Parameters
        ----------
        selector
            What to close.
        within
            For a street with an `area_code`: the area, in degrees.

        Raises
        ------
        InputError
            Nothing is closed by it, or its shape cannot be used.
        OutsideRegionError
            Its shape lies beyond all roads of the region.
        """
        if selector.kind is Selection.EDGES:
            edges = self.by_number(selector.edges)
        elif selector.kind is Selection.STREET:
            parts = self.street(selector.street or "", within=within)
            edges = np.unique(np.concatenate([part.edges for part in self.near(parts, selector)]))
        elif selector.kind is Selection.POLYGON:
            edges = self.in_polygon(polygon_of(selector.polygon))
        else:
            location = _needed(selector.location)
            edges = self.about(location, selector.radius_m) if selector.radius_m else self.nearest(location)
        if selector.bearing_deg is not None:
            edges = self.leading(edges, selector.bearing_deg)
        if not len(edges):
            raise InputError(N_("No road is closed by that; widen it, or look at the map."))
        return edges

    def by_number(self, edges: Sequence[int]) -> Int64Array:
        """Edges by their numbers.

        Raises
        ------
        InputError
            One is not of the network.
        """
        wrong = [edge for edge in edges if not 0 <= edge < self.network.edge_count]
        if wrong:
            raise InputError(
                N_("There is no edge {edge}; the edges of this region are 0 to {last}."),
                edge=min(wrong),
                last=self.network.edge_count - 1,
            )
        return np.unique(np.asarray(edges, dtype=np.int64))

    def both_ways(self, edges: Int64Array) -> Int64Array:
        """The edges and those that run against them."""
        twins = self.network.edge_reverse[edges]
        return np.unique(np.concatenate([edges, twins[twins >= 0]]).astype(np.int64))

    def leading(self, edges: Int64Array, bearing_deg: float) -> Int64Array:
        """Those that end more towards a bearing than away from it; a loop counts always."""
        network = self.network
        tail, head = network.edge_tail[edges], network.edge_head[edges]
        middle = np.radians((network.node_lat[tail] + network.node_lat[head]) / 2)
        east = (network.node_lon[head] - network.node_lon[tail]) * np.cos(middle)
        north = network.node_lat[head] - network.node_lat[tail]
        along = east * np.sin(np.radians(bearing_deg)) + north * np.cos(np.radians(bearing_deg))
        return np.asarray(edges[(along > 0) | (tail == head)], dtype=np.int64)

    def in_polygon(self, polygon: shapely.Geometry) -> Int64Array:
        """Every edge of which a point lies in a polygon (lon, lat in degrees) or on its border.

        Raises
        ------
        OutsideRegionError
            It lies beyond all roads.
        """
        west, south, east, north = shapely.bounds(polygon).tolist()
        if self._is_beyond(west, south, east, north):
            raise OutsideRegionError(N_("The area lies outside the region; check the order of its coordinates."))
        curves = self._curves_in_box(west, south, east, north)
        shapely.prepare(polygon)
        return self._edges_of(curves[shapely.intersects(polygon, self._lines(curves))])

    def about(self, location: Location, radius_m: float) -> Int64Array:
        """Every edge that comes within a radius of a point.

        Raises
        ------
        InputError
            A radius that is not positive, or beyond `MOST_RADIUS_M`.
        OutsideRegionError
            The circle lies beyond all roads.
        """
        if not 0 < radius_m <= MOST_RADIUS_M:
            raise InputError(
                N_("The radius {radius} m is not between 0 and {most} m."), radius=radius_m, most=MOST_RADIUS_M
            )
        plane = LocalPlane(lat0=location.lat, lon0=location.lon)
        per_lon, per_lat = plane.metres_per_degree
        box = (
            location.lon - radius_m / per_lon, location.lat - radius_m / per_lat,
            location.lon + radius_m / per_lon, location.lat + radius_m / per_lat,
        )  # fmt: skip
        if self._is_beyond(*box):
            raise OutsideRegionError(N_("The place lies outside the region, far from every road; check the position."))
        curves = self._curves_in_box(*box)
        return self._edges_of(curves[self._distances_m(curves, plane) <= radius_m])

    def nearest(self, location: Location) -> Int64Array:
        """Both directions of the road nearest to a point.

        Raises
        ------
        InputError
            None is within `NEAREST_ROAD_M`.
        """
        snap = self._snapper.nearest(location, limit_m=NEAREST_ROAD_M)
        if snap is None:
            raise InputError(
                N_("No road is within {limit} m of {position}; give a point on the road, or a radius."),
                limit=round(NEAREST_ROAD_M),
                position=f"{location.lat:.5f}, {location.lon:.5f}",
            )
        return self.both_ways(np.array([snap.edge], dtype=np.int64))

    # --- streets -------------------------------------------------------------------------------------------------

    def street(self, name: str, *, within: shapely.Geometry | None = None) -> tuple[StreetPart, ...]:
        """The streets of a name, the longest first; more than one where the name is used more than once.

        Parameters
        ----------
        name
            As people write it: `Jl.` and the like are understood.
        within
            Only edges that touch this area, in degrees.

        Raises
        ------
        UnknownStreetError
            No street has the name (the sentence tells the most alike), or none has it in the area.
        """
        numbers = self._names_like(name)
        edges = np.flatnonzero(np.isin(self.network.edge_name, numbers))
        if within is not None:
            shapely.prepare(within)
            edges = edges[shapely.intersects(within, self._lines(self.network.edge_curve[edges]))]
            if not len(edges):
                raise UnknownStreetError(N_("The street “{name}” does not lie in that area."), name=name[:80])
        return self._parts(edges)

    def near(self, parts: Sequence[StreetPart], selector: RoadSelector) -> tuple[StreetPart, ...]:
        """Of the parts of a street, the one nearest to the selector's location; with a radius what lies within it.

        Without a location: all.

        Raises
        ------
        InputError
            Nothing of the street lies within the radius.
        """
        location = selector.location
        if location is None:
            return tuple(parts)
        plane = LocalPlane(lat0=location.lat, lon0=location.lon)
        away = [self._distances_m(self.network.edge_curve[part.edges], plane) for part in parts]
        if not selector.radius_m:
            return (parts[int(np.argmin([one.min() for one in away]))],)
        kept = [part.edges[one <= selector.radius_m] for part, one in zip(parts, away, strict=True)]
        edges = np.concatenate(kept) if kept else _NOTHING
        if not len(edges):
            raise InputError(
                N_("The street “{name}” does not come within {radius} m of the place."),
                name=(selector.street or "")[:80],
                radius=round(selector.radius_m),
            )
        return self._parts(np.unique(edges))

    def _names_like(self, name: str) -> list[int]:
        """Numbers of the names meant: those of the same words, else of the same words but for `Jalan` and the like."""
        asked = words(name)
        found = self._by_words.get(asked, []) if asked else []
        if not found:
            short = {spelt for spelt in street_names(name) if spelt}
            found = sorted({number for spelt in short for number in self._by_short_words.get(spelt, ())})
        if found:
            return found
        known = {" ".join(spelt): numbers[0] for spelt, numbers in self._by_words.items()}
        alike = difflib.get_close_matches(" ".join(asked), known, n=MOST_SUGGESTIONS, cutoff=0.6)
        if not alike:
            raise UnknownStreetError(N_("No street is called “{name}”; look at the map for its name."), name=name[:80])
        raise UnknownStreetError(
            N_("No street is called “{name}”; did you mean {alike}?"),
            name=name[:80],
            alike=", ".join(self.network.names[known[one]] for one in alike),
        )

    @cached_property
    def _by_words(self) -> dict[tuple[str, ...], list[int]]:
        found: dict[tuple[str, ...], list[int]] = {}
        for number, name in enumerate(self.network.names):
            if spelt := words(name):
                found.setdefault(spelt, []).append(number)
        return found

    @cached_property
    def _by_short_words(self) -> dict[tuple[str, ...], list[int]]:
        found: dict[tuple[str, ...], list[int]] = {}
        for number, name in enumerate(self.network.names):
            for spelt in set(street_names(name)):
                found.setdefault(spelt, []).append(number)
        return found

    def _parts(self, edges: Int64Array) -> tuple[StreetPart, ...]:
        """Edges in groups of one name whose members lie within `PART_GAP_M` of one another."""
        found: list[StreetPart] = []
        for number in np.unique(self.network.edge_name[edges]).tolist():
            own = edges[self.network.edge_name[edges] == number]
            curves, of_edge = np.unique(self.network.edge_curve[own], return_inverse=True)
            label = self._hanging_together(curves)
            for part in range(int(label.max()) + 1):
                mine = own[label[of_edge] == part].astype(np.int64)
                found.append(
                    StreetPart(
                        name=self.network.names[number],
                        edges=mine,
                        length_m=self.length_m(mine),
                        middle=self._middle(curves[label == part]),
                    )
                )
        return tuple(sorted(found, key=lambda part: (-part.length_m, int(part.edges[0]))))

    def _hanging_together(self, curves: Int64Array) -> npt.NDArray[np.int32]:
        box = self._boxes[:, curves]
        plane = LocalPlane(lat0=float(box[1].mean()) * DEGREE, lon0=float(box[0].mean()) * DEGREE)
        lines = self._lines(curves, plane)
        one, other = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=PART_GAP_M)
        pairs = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(len(curves), len(curves)))
        label: npt.NDArray[np.int32] = connected_components(pairs, directed=False)[1]
        return label

    def _middle(self, curves: Int64Array) -> Location:
        """The point of the curves that is nearest to the middle of them all."""
        points, _ = ranges(
            self.network.curve_offset[curves].astype(np.int64), np.diff(self.network.curve_offset)[curves]
        )
        lat, lon = self.network.curve_lat[points] * DEGREE, self.network.curve_lon[points] * DEGREE
        away = (lat - lat.mean()) ** 2 + (lon - lon.mean()) ** 2
        at = int(np.argmin(away))
        return Location(lat=float(lat[at]), lon=float(lon[at]))

    # --- telling -------------------------------------------------------------------------------------------------

    def length_m(self, edges: Int64Array) -> float:
        """Metres of road, each curve counted once."""
        _, first = np.unique(self.network.edge_curve[edges], return_index=True)
        return float(np.asarray(self.network.edge_length_m)[edges][first].sum())

    def share_of_roads(self, edges: Int64Array) -> float:
        """Part of all road of the region, by length."""
        return self.length_m(edges) / max(self.length_m(np.arange(self.network.edge_count)), 1e-9)

    def names_of(self, edges: Int64Array) -> tuple[str, ...]:
        """Names of the streets closed, the longest first; without the nameless."""
        _, first = np.unique(self.network.edge_curve[edges], return_index=True)
        once = edges[first]
        length = np.bincount(
            self.network.edge_name[once], np.asarray(self.network.edge_length_m)[once], minlength=1
        )  # fmt: skip
        order = sorted(np.unique(self.network.edge_name[once]).tolist(), key=lambda name: (-length[name], name))
        return tuple(self.network.names[name] for name in order if self.network.names[name])

    def lines_of(self, edges: Int64Array) -> list[list[tuple[float, float]]]:
        """The curves of edges, each once, as lists of (lat, lon) in degrees."""
        _, first = np.unique(self.network.edge_curve[edges], return_index=True)
        found = []
        for edge in edges[first].tolist():
            lat, lon = self.network.edge_points(edge)
            found.append(list(zip(np.round(lat, 7).tolist(), np.round(lon, 7).tolist(), strict=True)))
        return found

    # --- another build of the map -----------------------------------------------------------------------------------

    def kept(self, selector: RoadSelector, edges: Int64Array) -> ClosedRoads:
        """What to keep of a closure, so that its edges are found on another build."""
        is_area = selector.kind is Selection.POLYGON or (selector.kind is Selection.POINT and bool(selector.radius_m))
        return ClosedRoads(
            network=self.checksum,
            edges=tuple(edges.tolist()),
            stretches=() if is_area else tuple(self._stretch(edge) for edge in edges.tolist()),
        )

    def found_again(self, selector: RoadSelector, roads: ClosedRoads) -> tuple[Int64Array, int]:
        """The edges of a closure on this network, and how many of its stretches are nowhere on it."""
        if roads.network == self.checksum:
            return np.asarray(roads.edges, dtype=np.int64), 0
        if not roads.stretches:
            try:
                return self.select(selector), 0
            except (InputError, OutsideRegionError):
                return _NOTHING, 1
        found = [self._edges_along(stretch) for stretch in roads.stretches]
        lost = sum(not len(one) for one in found)
        return np.unique(np.concatenate(found)), lost

    def _stretch(self, edge: int) -> RoadStretch:
        lat, lon = self.network.edge_points(edge)
        points = tuple(zip(np.round(lat, 7).tolist(), np.round(lon, 7).tolist(), strict=True))
        return RoadStretch(way_id=int(self.network.edge_way_id[edge]), points=points)

    def _edges_along(self, stretch: RoadStretch) -> Int64Array:
        """Edges that lie along a stretch in its direction."""
        lat, lon = np.array(stretch.points).T
        plane = LocalPlane(lat0=float(lat[0]), lon0=float(lon[0]))
        old = np.column_stack(plane.to_xy(lat, lon))
        per_lon, per_lat = plane.metres_per_degree
        margin = (SAME_WAY_M / per_lon, SAME_WAY_M / per_lat)
        curves = self._curves_in_box(
            lon.min() - margin[0], lat.min() - margin[1], lon.max() + margin[0], lat.max() + margin[1]
        )
        edges = self._edges_of(curves)
        same = self.network.edge_way_id[edges] == stretch.way_id
        for chosen, tolerance_m in ((edges[same], SAME_WAY_M), (edges, OTHER_WAY_M)):
            found = [edge for edge in chosen.tolist() if self._runs_along(edge, old, plane, tolerance_m)]
            if found:
                return np.array(found, dtype=np.int64)
        return _NOTHING

    def _runs_along(self, edge: int, old: Float64Array, plane: LocalPlane, tolerance_m: float) -> bool:
        lat, lon = self.network.edge_points(edge)
        own = np.column_stack(plane.to_xy(lat, lon))
        if np.ptp(old, axis=0).max() == 0 or np.ptp(own, axis=0).max() == 0:  # a barrier has no length
            return bool(np.hypot(*(own[[0, -1]] - old[[0, -1]]).T).max() <= OTHER_WAY_M) and len(own) == len(old)
        stretch, line = shapely.LineString(old), shapely.LineString(own)
        shared = shapely.intersection(line, stretch.buffer(tolerance_m, cap_style="flat"))
        least_m = LEAST_OVERLAP * min(line.length, stretch.length)
        if shared.length < least_m:
            return False
        ends = shapely.get_coordinates(shared)
        first, last = sorted((line.project(shapely.Point(xy)), tuple(xy)) for xy in (ends[0], ends[-1]))
        ahead = stretch.project(shapely.Point(last[1])) - stretch.project(shapely.Point(first[1]))
        # A road that only crosses the old one shares some metres with it and leads nowhere along it.
        return bool(ahead >= LEAST_OVERLAP * least_m) or bool(line.is_ring and stretch.is_ring)

    # --- curves --------------------------------------------------------------------------------------------------

    @cached_property
    def _boxes(self) -> npt.NDArray[np.int32]:
        """(4, G) west, south, east and north of every curve, in 1e-7 degrees."""
        start = self.network.curve_offset[:-1]
        lat, lon = np.asarray(self.network.curve_lat), np.asarray(self.network.curve_lon)
        if not len(start):
            return np.zeros((4, 0), dtype=np.int32)
        return np.stack(
            [
                np.minimum.reduceat(lon, start),
                np.minimum.reduceat(lat, start),
                np.maximum.reduceat(lon, start),
                np.maximum.reduceat(lat, start),
            ]
        )

    @cached_property
    def _edges_by_curve(self) -> tuple[Int64Array, Int64Array]:
        order = np.argsort(self.network.edge_curve, kind="stable")
        return order.astype(np.int64), np.asarray(self.network.edge_curve)[order].astype(np.int64)

    def _is_beyond(self, west: float, south: float, east: float, north: float) -> bool:
        box = self._boxes
        return not box.shape[1] or bool(
            west > box[2].max() * DEGREE
            or east < box[0].min() * DEGREE
            or south > box[3].max() * DEGREE
            or north < box[1].min() * DEGREE
        )

    def _curves_in_box(self, west: float, south: float, east: float, north: float) -> Int64Array:
        """Curves whose boxes meet a box in degrees; one unit of slack, against rounding."""
        box, scale = self._boxes, 1 / DEGREE
        meets = (
            (box[0] <= east * scale + 1)
            & (box[2] >= west * scale - 1)
            & (box[1] <= north * scale + 1)
            & (box[3] >= south * scale - 1)
        )
        return np.flatnonzero(meets)

    def _edges_of(self, curves: Int64Array) -> Int64Array:
        order, of_curve = self._edges_by_curve
        chosen = np.sort(np.asarray(curves, dtype=np.int64))
        low = np.searchsorted(of_curve, chosen, side="left")
        at, _ = ranges(low, np.searchsorted(of_curve, chosen, side="right") - low)
        return np.unique(order[at])

    def _lines(self, curves: npt.NDArray[np.integer], plane: LocalPlane | None = None) -> npt.NDArray[np.object_]:
        """Curves as lines in degrees (lon, lat), or in the metres of a plane; a curve of no length as a point."""
        start = self.network.curve_offset[curves].astype(np.int64)
        size = (self.network.curve_offset[np.asarray(curves) + 1] - start).astype(np.int64)
        points, owner = ranges(start, size)
        lat, lon = self.network.curve_lat[points] * DEGREE, self.network.curve_lon[points] * DEGREE
        x, y = (lon, lat) if plane is None else plane.to_xy(lat, lon)
        made = np.asarray(shapely.linestrings(np.column_stack([x, y]), indices=owner), dtype=object)
        box = self._boxes[:, curves]
        flat = (box[0] == box[2]) & (box[1] == box[3])
        if flat.any():
            first = np.cumsum(size) - size
            made[flat] = shapely.points(x[first[flat]], y[first[flat]])
        return made

    def _distances_m(self, curves: npt.NDArray[np.integer], plane: LocalPlane) -> Float64Array:
        return np.asarray(shapely.distance(self._lines(curves, plane), shapely.Point(0.0, 0.0)), dtype=np.float64)


def polygon_of(corners: Sequence[Location]) -> shapely.Polygon:
    """A polygon (lon, lat in degrees) of its corners.

    Raises
    ------
    InputError
        Fewer than three corners, no area, or sides that cross.
    """
    ring = [(one.lon, one.lat) for one in corners]
    if len(ring) > 1 and ring[0] == ring[-1]:
        ring.pop()
    if len(set(ring)) < 3:
        raise InputError(N_("An area needs at least three different corners; give them in order."))
    polygon = shapely.Polygon(ring)
    if not polygon.is_valid:
        where = shapely.is_valid_reason(polygon).partition("[")[2].rstrip("]").split()
        if len(where) == 2:
            raise InputError(
                N_("The sides of the area cross at {lat}, {lon}; give its corners in order."),
                lat=f"{float(where[1]):.5f}",
                lon=f"{float(where[0]):.5f}",
            )
        raise InputError(N_("The sides of the area cross; give its corners in order."))
    if polygon.area == 0:
        raise InputError(N_("An area needs at least three different corners; give them in order."))
    return polygon


def _needed(location: Location | None) -> Location:
    if location is None:
        raise InputError(N_("A closure about a place needs its location; give it."))
    return location
