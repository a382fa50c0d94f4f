"""How far units get within a time, as polygons that follow the roads.

A stretch of road is reached within a limit when a unit can drive to each point of it in that time; the last stretches
are cut at the exact point. The polygon of a limit holds every reached stretch, and no point of it is farther than
`BUFFER_M` from one. Land between roads, woods and paddies that no reached road comes near, stays outside, as holes
where reached roads run all round; a hull or an interpolation would colour it, and with it villages that nobody gets to
in time. Polygons of shorter limits lie within those of longer ones, for one and the same question.

Points along the reached stretches mark the nearest node of a grid, the marks are widened by `_WIDENED` nodes, and
`routing.contours` draws the outline: all of it with whole arrays, whose size is that of the reached land alone. The
unions of buffered lines in `tests/slow_isochrone.py` say the same slowly.

Ferries and bollards carry units but nobody gets off on them, so they are no reached stretches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from gis.errors import N_, InputError
from gis.geodesy import LocalPlane
from routing.contours import outlines
from routing.metric import MS_PER_S, Metric
from routing.network import DEGREE, ROAD_CLASSES, EdgeFlag, Float64Array, Int64Array, RoadNetwork
from routing.position import Positions
from routing.ragged import ranges
from routing.turns import TurnGraph

BUFFER_M = 100.0
"""No point of a polygon is farther than this from a reached stretch (unless the reached land is huge, see below)."""

MOST_NODES = 2**24
"""A grid of more nodes is made coarser, and `Isochrone.buffer_m` grows with it: beyond about 110 km by 110 km."""

MOST_LIMITS = 24
LONGEST_S = 24 * 3600.0

_WIDENED = 2
"""A mark is widened to the nodes within sqrt(5) of it: two steps along a row, and one across."""

_CELLS_IN_BUFFER = 3.66
# A point lies up to sqrt(2)/2 cells from the node that it marks, that is widened by sqrt(5), and an outline lies up to
# sqrt(2)/2 beyond: 3.65 in all. Widening by sqrt(5) takes all nodes nearer than sqrt(8), so that the four corners of
# the square of a point (up to 1.5 * sqrt(2) from the mark, plus the way along the road to a sample) are marked.
_CELLS_BETWEEN_SAMPLES = 0.69
_FINENESS = 2.0**-24
"""Cells are even multiples of this in degrees, so that outlines in degrees are exact in float64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isochrone:
    """What can be reached within a time.

    Attributes
    ----------
    limit_s
        Seconds from the origins, reaching the road included, walking from the road not.
    polygon
        Longitudes and latitudes in degrees, valid; empty where no road is reached.
    road_length_m
        Metres of reached road, each once whatever the direction.
    buffer_m
        No point of the polygon is farther than this from a reached stretch.
    """

    limit_s: float
    polygon: shapely.MultiPolygon
    road_length_m: float
    buffer_m: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReachedEdges:
    """When each edge is entered, and the k edges on which units stand.

    Attributes
    ----------
    enter_ms
        (E,) earliest milliseconds at which an edge is entered at its start; infinity for never.
    stand_edge, stand_fraction, stand_ms
        (k,) edges entered somewhere along them, the share of the length before, and when.
    """

    enter_ms: Float64Array
    stand_edge: Int64Array
    stand_fraction: Float64Array
    stand_ms: Float64Array

    @classmethod
    def of_states(
        cls,
        state_ms: Float64Array,
        turns: TurnGraph,
        metric: Metric,
        arc_open: npt.NDArray[np.bool_],
        origins: Positions,
        reach_road_ms: Float64Array,
    ) -> ReachedEdges:
        """From the times (S,) of all states, of a search from all origins at once.

        Parameters
        ----------
        state_ms
            Milliseconds to every state, infinity for never.
        turns, metric
            Of the search.
        arc_open
            (A,) arcs that may be driven.
        origins
            Where the units stand (n).
        reach_road_ms
            (n,) milliseconds from each to its road.
        """
        edge_count = len(metric.edge_ms)
        ms = state_ms[turns.arc_source] + metric.turn_round_ms * turns.arc_turns_round
        ms[~arc_open] = np.inf
        enter_ms = ms[:edge_count].copy()  # arc `e` is edge `e` for the first ones
        np.minimum.at(enter_ms, turns.arc_edge[edge_count:], ms[edge_count:])
        origin, side = np.nonzero(origins.edge >= 0)
        return cls(
            enter_ms=enter_ms,
            stand_edge=origins.edge[origin, side],
            stand_fraction=origins.fraction[origin, side],
            stand_ms=reach_road_ms[origin],
        )


def isochrones(
    network: RoadNetwork,
    point_share: Float64Array,
    edge_ms: Int64Array,
    reached: ReachedEdges,
    limits_s: Sequence[float],
) -> list[Isochrone]:
    """One isochrone per limit, in the order of the limits.

    Parameters
    ----------
    network
        The roads.
    point_share
        (P,) share of its curve's length before each point, as `routing.snap.Snapper` has it.
    edge_ms
        (E,) of the metric of the search.
    reached
        Of a search that went at least as far as the longest limit.
    limits_s
        Seconds, 1 to 24 of them.

    Raises
    ------
    InputError
        When there are no limits, too many, or one is not a positive number of seconds up to a day.
    """
    checked_limits(limits_s)
    rising_ms = np.unique(np.asarray(limits_s, dtype=np.float64)) * MS_PER_S
    drives = _Drives.within(network, edge_ms, reached, float(rising_ms[-1]))
    polygons, buffer_m = _polygons(network, point_share, drives, rising_ms)
    found = {
        float(limit_ms) / MS_PER_S: Isochrone(
            limit_s=float(limit_ms) / MS_PER_S,
            polygon=polygon,
            road_length_m=drives.road_length_m(network, float(limit_ms)),
            buffer_m=buffer_m,
        )
        for limit_ms, polygon in zip(rising_ms, polygons, strict=True)
    }
    return [found[float(np.float64(limit_s) * MS_PER_S) / MS_PER_S] for limit_s in limits_s]


def checked_limits(limits_s: Sequence[float]) -> None:
    """Refuse limits that make no sense; see `isochrones`."""
    if not 1 <= len(limits_s) <= MOST_LIMITS:
        raise InputError(
            N_("{count} time limits were given for isochrones; give 1 to {most}."),
            count=len(limits_s),
            most=MOST_LIMITS,
        )
    for limit_s in limits_s:
        if not 0 < limit_s <= LONGEST_S:  # false for NaN too
            raise InputError(
                N_("The time limit of {limit} s is not between 0 and {most} s; give a positive time."),
                limit=limit_s,
                most=round(LONGEST_S),
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Drives:
    """The c curves that are driven on: forwards (column 0) and backwards (column 1), and from where units stand.

    Attributes
    ----------
    curve
        (c,) ascending.
    enter_ms, ms
        (c, 2) when each direction is entered at its end, infinity for never, and its milliseconds.
    stand
        (k,) positions in `curve`.
    stand_share, stand_forward, stand_ms, stand_edge_ms
        (k,) share of the curve before the unit, whether it drives forwards, when it starts, milliseconds of the edge.
    """

    curve: Int64Array
    enter_ms: Float64Array
    ms: Float64Array
    stand: Int64Array
    stand_share: Float64Array
    stand_forward: npt.NDArray[np.bool_]
    stand_ms: Float64Array
    stand_edge_ms: Float64Array

    @classmethod
    def within(cls, network: RoadNetwork, edge_ms: Int64Array, reached: ReachedEdges, limit_ms: float) -> _Drives:
        edge = np.flatnonzero(reached.enter_ms <= limit_ms)
        edge = edge[_gets_off(network, edge)]
        near = reached.stand_ms <= limit_ms
        near &= _gets_off(network, reached.stand_edge)
        stand_edge = reached.stand_edge[near]
        driven_curve, stand_curve = network.edge_curve[edge], network.edge_curve[stand_edge]
        seen = np.zeros(len(network.curve_offset) - 1, dtype=np.bool_)
        seen[driven_curve] = True
        seen[stand_curve] = True
        curve = np.flatnonzero(seen)
        place = np.cumsum(seen, dtype=np.int64) - 1
        side = 1 - network.edge_forward[edge].astype(np.int64)
        enter_ms = np.full((len(curve), 2), np.inf)
        ms = np.ones((len(curve), 2))
        enter_ms[place[driven_curve], side] = reached.enter_ms[edge]
        ms[place[driven_curve], side] = np.maximum(edge_ms[edge], 1)
        forward = network.edge_forward[stand_edge] == 1
        fraction = reached.stand_fraction[near]
        return cls(
            curve=curve,
            enter_ms=enter_ms,
            ms=ms,
            stand=place[stand_curve],
            stand_share=np.where(forward, fraction, 1.0 - fraction),
            stand_forward=forward,
            stand_ms=reached.stand_ms[near],
            stand_edge_ms=np.maximum(edge_ms[stand_edge], 1).astype(np.float64),
        )

    def road_length_m(self, network: RoadNetwork, limit_ms: float) -> float:
        """Metres of road within a limit, each once."""
        length_m = np.zeros(len(network.curve_offset) - 1)
        length_m[network.edge_curve] = network.edge_length_m
        length_m = length_m[self.curve]
        shares = np.clip((limit_ms - self.enter_ms) / self.ms, 0.0, 1.0)
        whole = np.minimum(shares.sum(axis=1), 1.0)
        for place in np.unique(self.stand).tolist():
            parts = [(0.0, float(shares[place, 0])), (1.0 - float(shares[place, 1]), 1.0)]
            parts += [self._stand_part(int(at), limit_ms) for at in np.flatnonzero(self.stand == place)]
            whole[place] = _union_length(parts)
        return float(length_m @ whole)

    def _stand_part(self, at: int, limit_ms: float) -> tuple[float, float]:
        share = float(self.stand_share[at])
        driven = max(limit_ms - float(self.stand_ms[at]), 0.0) / float(self.stand_edge_ms[at])
        return (share, min(share + driven, 1.0)) if self.stand_forward[at] else (max(share - driven, 0.0), share)


def _union_length(parts: list[tuple[float, float]]) -> float:
    """Length of the union of intervals."""
    total, end = 0.0, -np.inf
    for low, high in sorted(parts):
        total += max(high - max(low, end), 0.0)
        end = max(end, high)
    return total


def _gets_off(network: RoadNetwork, edge: Int64Array) -> npt.NDArray[np.bool_]:
    barred = (network.edge_flags[edge] & int(EdgeFlag.FERRY | EdgeFlag.BARRIER)) != 0
    barred |= network.edge_class[edge] == ROAD_CLASSES.index("barrier")
    return np.asarray(~barred & (network.edge_length_m[edge] > 0))


def _polygons(
    network: RoadNetwork, point_share: Float64Array, drives: _Drives, rising_ms: Float64Array
) -> tuple[list[shapely.MultiPolygon], float]:
    """Per limit the polygon, and the buffer that holds for all."""
    if not len(drives.curve):
        return [shapely.MultiPolygon() for _ in rising_ms], BUFFER_M
    grid = _Grid.over(network, drives.curve)
    samples = _Samples.along(network, point_share, drives.curve, grid)
    lat, lon, class_ = samples.lat, samples.lon, np.searchsorted(rising_ms, samples.driven_ms(drives))
    at, share = drives.stand, drives.stand_share
    if len(at):
        # Where units stand the curve is sampled once more, from that point on.
        twice = _Samples.along(network, point_share, drives.curve[at], grid, stands=share)
        lat, lon = np.concatenate([lat, twice.lat]), np.concatenate([lon, twice.lon])
        class_ = np.concatenate([class_, np.searchsorted(rising_ms, twice.stand_ms(drives))])
    marks = grid.marked(lat, lon, class_, len(rising_ms))
    return [grid.to_degrees(outlines(marks <= nth)) for nth in range(len(rising_ms))], grid.buffer_m


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """Nodes every `height` and `width` degrees from a corner, R rows and C columns."""

    lat0: float
    lon0: float
    height: float
    width: float
    rows: int
    columns: int
    per_lat: float
    per_lon: float
    buffer_m: float

    @classmethod
    def over(cls, network: RoadNetwork, curve: Int64Array) -> _Grid:
        begin = network.curve_offset[curve].astype(np.int64)
        point, _ = ranges(begin, network.curve_offset[curve + 1] - begin)
        lat, lon = network.curve_lat[point], network.curve_lon[point]
        south, north = float(lat.min()) * DEGREE, float(lat.max()) * DEGREE
        west, east = float(lon.min()) * DEGREE, float(lon.max()) * DEGREE
        # Where degrees are widest, so that no cell is larger than it should be.
        widest = min(max(0.0, south), north)
        per_lon, _ = LocalPlane(lat0=widest, lon0=0.0).metres_per_degree
        _, per_lat = LocalPlane(lat0=max(abs(south), abs(north)), lon0=0.0).metres_per_degree
        cell_m = BUFFER_M / _CELLS_IN_BUFFER
        nodes = (north - south) * per_lat / cell_m * (east - west) * per_lon / cell_m
        coarser = max(1.0, (nodes / MOST_NODES) ** 0.5)
        height, width = _fine(cell_m * coarser / per_lat), _fine(cell_m * coarser / per_lon)
        row0, column0 = np.floor(south / height) - _WIDENED - 1, np.floor(west / width) - _WIDENED - 1
        return cls(
            lat0=float(row0) * height,
            lon0=float(column0) * width,
            height=height,
            width=width,
            rows=int(np.ceil(north / height) - row0) + _WIDENED + 2,
            columns=int(np.ceil(east / width) - column0) + _WIDENED + 2,
            per_lat=per_lat,
            per_lon=per_lon,
            buffer_m=BUFFER_M * coarser,
        )

    @property
    def spacing_m(self) -> float:
        """Most metres between samples along a road."""
        return _CELLS_BETWEEN_SAMPLES * min(self.height * self.per_lat, self.width * self.per_lon)

    def marked(self, lat: Float64Array, lon: Float64Array, class_: Int64Array, classes: int) -> npt.NDArray[np.uint8]:
        """(R, C) the lowest class of a sample near each node; `classes` for none."""
        row = np.rint((lat - self.lat0) / self.height).astype(np.int64)
        column = np.rint((lon - self.lon0) / self.width).astype(np.int64)
        node = row * self.columns + column
        marks = np.full(self.rows * self.columns, classes, dtype=np.uint8)
        for nth in range(classes - 1, -1, -1):
            marks[node[class_ == nth]] = nth
        return _widened(marks.reshape(self.rows, self.columns))

    def to_degrees(self, polygons: shapely.MultiPolygon) -> shapely.MultiPolygon:
        """From half cells."""
        half, corner = np.array([self.width, self.height]) / 2, np.array([self.lon0, self.lat0])
        moved: shapely.MultiPolygon = shapely.transform(polygons, lambda xy: xy * half + corner)
        return moved


def _fine(degrees: float) -> float:
    return float(np.floor(degrees / (2 * _FINENESS)) * 2 * _FINENESS)


def _widened(marks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The lowest mark within sqrt(5) nodes: three nodes wide two rows off, five nodes wide in the rows between."""
    three = marks.copy()
    np.minimum(three[:, 1:], marks[:, :-1], out=three[:, 1:])
    np.minimum(three[:, :-1], marks[:, 1:], out=three[:, :-1])
    five = three.copy()
    np.minimum(five[:, 2:], marks[:, :-2], out=five[:, 2:])
    np.minimum(five[:, :-2], marks[:, 2:], out=five[:, :-2])
    found = five.copy()
    np.minimum(found[1:], five[:-1], out=found[1:])
    np.minimum(found[:-1], five[1:], out=found[:-1])
    np.minimum(found[2:], three[:-2], out=found[2:])
    np.minimum(found[:-2], three[2:], out=found[:-2])
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Samples:
    """Points along some curves, no farther apart than asked, ends of curves included.

    Attributes
    ----------
    place
        The curve of each, as its position among those asked for.
    share
        Of the curve's length before it.
    lat, lon
        Degrees.
    """

    place: Int64Array
    share: Float64Array
    lat: Float64Array
    lon: Float64Array

    @classmethod
    def along(
        cls,
        network: RoadNetwork,
        point_share: Float64Array,
        curve: Int64Array,
        grid: _Grid,
        stands: Float64Array | None = None,
    ) -> _Samples:
        """Sample curves; with `stands`, a share of each curve, that point is a sample too."""
        begin, end = network.curve_offset[curve].astype(np.int64), network.curve_offset[curve + 1].astype(np.int64)
        first, place = ranges(begin, end - begin - 1)
        lat, lon = network.curve_lat[first] * DEGREE, network.curve_lon[first] * DEGREE
        dlat, dlon = network.curve_lat[first + 1] * DEGREE - lat, network.curve_lon[first + 1] * DEGREE - lon
        pieces = np.ceil(np.hypot(dlat * grid.per_lat, dlon * grid.per_lon) / grid.spacing_m).astype(np.int64)
        np.maximum(pieces, 1, out=pieces)
        count = pieces.copy()
        last = np.cumsum(end - begin - 1) - 1
        count[last] += 1
        nth, segment = ranges(np.zeros(len(count), dtype=np.int64), count)
        t = nth / pieces[segment]
        share, step = point_share[first], point_share[first + 1] - point_share[first]
        place, share = place[segment], share[segment] + t * step[segment]
        lat, lon = lat[segment] + t * dlat[segment], lon[segment] + t * dlon[segment]
        if stands is not None and len(stands):
            # Number of the curve plus share of its length rises along all samples, so one search finds all points.
            spot = np.searchsorted(place + share, np.arange(len(stands)) + stands, side="right") - 1
            spot = np.minimum(spot, np.searchsorted(place, np.arange(len(stands)), side="right") - 2)
            ahead = spot + 1
            gap = share[ahead] - share[spot]
            part = np.divide(stands - share[spot], gap, out=np.zeros(len(stands)), where=gap > 0)
            place, share = np.concatenate([place, place[spot]]), np.concatenate([share, stands])
            lat = np.concatenate([lat, lat[spot] + part * (lat[ahead] - lat[spot])])
            lon = np.concatenate([lon, lon[spot] + part * (lon[ahead] - lon[spot])])
        return cls(place=place, share=share, lat=np.asarray(lat), lon=np.asarray(lon))

    def driven_ms(self, drives: _Drives) -> Float64Array:
        """Milliseconds at which each sample is reached from an end of its curve."""
        forward = drives.enter_ms[self.place, 0] + self.share * drives.ms[self.place, 0]
        backward = drives.enter_ms[self.place, 1] + (1.0 - self.share) * drives.ms[self.place, 1]
        return np.asarray(np.minimum(forward, backward))

    def stand_ms(self, drives: _Drives) -> Float64Array:
        """Milliseconds at which each sample is reached by the unit that stands on the curve; infinity behind it."""
        ahead = self.share - drives.stand_share[self.place]
        ahead = np.where(drives.stand_forward[self.place], ahead, -ahead)
        driven = drives.stand_ms[self.place] + ahead * drives.stand_edge_ms[self.place]
        return np.where(ahead >= 0, driven, np.inf)
