"""The layers of the background map, read from an opened region."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import shapely

from gis.types import AreaLevel
from routing.background import BACKGROUND_CLASSES, Background
from routing.network import DEGREE, EdgeFlag, RoadNetwork
from routing.region import Region
from web.map_labels import UNLABELLED
from web.map_layers import BEYOND_STEPS, Int64Array, Label, MapLayers, Shapes, Streets, mercator

Points = npt.NDArray[np.float64]

WATER = ("water",)
GREEN = ("forest", "park", "grass", "farmland", "wetland", "cemetery")
BUILT = ("residential", "commercial", "industrial", "airfield")
WATERWAYS = ("river", "stream", "canal")

SEA_MARGIN = 0.75
"""The sea is drawn this share of the region's extent beyond it."""

BEYOND_SHARE = 0.045
"""Over this share of the region's extent the map fades beyond its border."""

LEAST_HOLE_DEG2 = 1e-6
"""Holes in the land smaller than this (about one hectare) are faults of the source, not lakes."""

SEASIDE_DEG = 1e-6


def layers_of(region: Region) -> MapLayers:
    """Everything that the background map of a region shows."""
    index, network, background = region.boundaries, region.network, region.background
    villages = [index.polygon(area.code) for area in index.villages]
    kecamatan = [index.polygon(area.code) for area in index.kecamatan]
    kabupaten = [index.polygon(area.code) for area in index.kabupaten]
    bounds = (index.bounds.south, index.bounds.west, index.bounds.north, index.bounds.east)
    roads, names, bridges = _roads(network)
    land = _without_slivers(shapely.union_all(kabupaten or villages))
    return MapLayers(
        land=Shapes.rings_of([land]),
        beyond=_beyond(land, bounds),
        villages=Shapes.borders_of(villages),
        kecamatan=Shapes.borders_of(kecamatan),
        kabupaten=Shapes.borders_of([_without_slivers(polygon) for polygon in kabupaten]),
        water=Shapes.rings_of([*_sea(background, bounds), *_areas(background, WATER)]),
        green=Shapes.rings_of(list(_areas(background, GREEN))),
        built=Shapes.rings_of(list(_areas(background, BUILT))),
        waterways=_lines(background, WATERWAYS),
        rail=_lines(background, ("railway",)),
        coast=_lines(background, ("coastline",)),
        roads=roads,
        road_bridge=bridges,
        streets=Streets.of(roads, names),
        names=network.names,
        labels=tuple(_labels(region)),
        bounds=bounds,
        notice=region.notice,
    )


def _roads(network: RoadNetwork) -> tuple[Shapes, Int64Array, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Curves with the class, the name and the bridge flag of one of the edges on each."""
    curves = len(network.curve_offset) - 1
    edge_of_curve = np.full(curves, -1, dtype=np.int64)
    edge_of_curve[np.asarray(network.edge_curve)[::-1]] = np.arange(network.edge_count)[::-1]
    used = np.flatnonzero((edge_of_curve >= 0) & (np.diff(network.curve_offset) >= 2))
    edges = edge_of_curve[used]
    every = Shapes.of(
        offset=network.curve_offset,
        lat=np.asarray(network.curve_lat) * DEGREE,
        lon=np.asarray(network.curve_lon) * DEGREE,
        kind=np.zeros(curves),
    )
    kept = np.flatnonzero(np.diff(network.curve_offset) >= 2)
    chosen = every.pick(np.searchsorted(kept, used))
    roads = Shapes(
        offset=chosen.offset,
        x=chosen.x,
        y=chosen.y,
        box=chosen.box,
        kind=np.asarray(network.edge_class)[edges].astype(np.int64),
    )
    bridges = (np.asarray(network.edge_flags)[edges] & int(EdgeFlag.BRIDGE)) != 0
    return roads, np.asarray(network.edge_name)[edges].astype(np.int64), bridges


def _numbers(background: Background, classes: Iterable[str]) -> Int64Array:
    wanted = [BACKGROUND_CLASSES.index(name) for name in classes]
    return np.flatnonzero(np.isin(background.feature_class, wanted))


def _areas(background: Background, classes: Iterable[str]) -> Iterator[shapely.Polygon]:
    for number in _numbers(background, classes):
        if background.feature_is_area[number]:
            first, last = background.feature_offset[number : number + 2]
            shell, *holes = [_ring(background, ring) for ring in range(first, last)]
            yield shapely.Polygon(shell, holes)


def _ring(background: Background, ring: int) -> Points:
    part = slice(int(background.ring_offset[ring]), int(background.ring_offset[ring + 1]))
    return np.column_stack((background.lon[part], background.lat[part])).astype(np.float64) * DEGREE


def _lines(background: Background, classes: Iterable[str]) -> Shapes:
    rings = [
        ring
        for number in _numbers(background, classes)
        for ring in range(background.feature_offset[number], background.feature_offset[number + 1])
    ]
    kind = [0] * len(rings)
    lines = [_ring(background, ring) for ring in rings]
    if not lines:
        return Shapes.empty()
    points = np.concatenate(lines)
    offset = np.concatenate(([0], np.cumsum([len(line) for line in lines])))
    return Shapes.of(offset=offset, lat=points[:, 1], lon=points[:, 0], kind=kind)


def _without_slivers(polygon: shapely.Geometry) -> shapely.Geometry:
    """The polygon without holes that are too small to mean anything."""
    parts = [part for part in shapely.get_parts(polygon) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(
        [
            shapely.Polygon(
                part.exterior, [hole for hole in part.interiors if shapely.Polygon(hole).area > LEAST_HOLE_DEG2]
            )
            for part in parts
        ]
    )


def _beyond(land: shapely.Geometry, bounds: tuple[float, float, float, float]) -> Shapes:
    """Strips about the land, each wider than the next."""
    south, west, north, east = bounds
    width = BEYOND_SHARE * max(north - south, east - west)
    coarse = shapely.simplify(land, width / BEYOND_STEPS / 4)
    rings = []
    for step in range(BEYOND_STEPS):
        wide = shapely.buffer(coarse, width * (BEYOND_STEPS - step) / BEYOND_STEPS, quad_segs=4)
        shells = [shapely.Polygon(part.exterior) for part in shapely.get_parts(wide)]
        shapes = Shapes.rings_of(shells)
        rings.append(dataclasses.replace(shapes, kind=np.full(len(shapes), step, np.int64)))
    return Shapes.joined(rings)


def _sea(background: Background, bounds: tuple[float, float, float, float]) -> list[shapely.Polygon]:
    """The sea about the region: the faces between coastline and frame that lie on the coastline's right."""
    coast = [
        shapely.LineString(_ring(background, int(background.feature_offset[number])))
        for number in _numbers(background, ("coastline",))
    ]
    if not coast:
        return []
    south, west, north, east = bounds
    margin = SEA_MARGIN * max(north - south, east - west)
    frame = shapely.box(west - margin, south - margin, east + margin, north + margin)
    lines = shapely.intersection(shapely.line_merge(shapely.union_all(coast)), frame)
    directed = [
        line for line in shapely.get_parts(shapely.intersection(coast, frame)) if line.geom_type == "LineString"
    ]
    faces = shapely.get_parts(shapely.polygonize([*shapely.get_parts(shapely.union_all([lines, frame.exterior]))]))
    if len(faces) == 0:
        return []
    seaward = _spots_in(faces, [spot for line in directed for spot in _right_of(line)])
    landward = _spots_in(faces, [spot for line in directed for spot in _right_of(line.reverse())])
    return [faces[number] for number in np.flatnonzero(seaward > landward)]


def _spots_in(faces: np.ndarray[tuple[int], np.dtype[np.object_]], spots: list[tuple[float, float]]) -> Int64Array:
    """How many of the spots lie in each face."""
    if not spots:
        return np.zeros(len(faces), np.int64)
    _, face = shapely.STRtree(faces).query(shapely.points(spots), predicate="within")
    return np.bincount(face, minlength=len(faces))


def _right_of(line: shapely.LineString) -> list[tuple[float, float]]:
    """A point just right of the middle of every segment."""
    ends = np.asarray(line.coords)
    along = np.diff(ends, axis=0)
    length = np.hypot(along[:, 0], along[:, 1])
    kept = length > 0
    middle = (ends[:-1] + ends[1:])[kept] / 2
    right = np.column_stack((along[kept, 1], -along[kept, 0])) / length[kept, None] * SEASIDE_DEG
    return [tuple(spot) for spot in (middle + right).tolist()]


def _labels(region: Region) -> Iterator[Label]:
    index = region.boundaries
    for level, areas in (
        (AreaLevel.KABUPATEN, index.kabupaten),
        (AreaLevel.KECAMATAN, index.kecamatan),
        (AreaLevel.VILLAGE, index.villages),
    ):
        for area in areas:
            polygon = index.polygon(area.code)
            inside = shapely.point_on_surface(polygon)
            yield _label(area.name, level.value, inside.y, inside.x, math.sqrt(polygon.area))
    for place in region.gazetteer.places:
        if place.kind not in UNLABELLED and place.kind not in {level.value for level in AreaLevel}:
            yield _label(place.name, place.kind, place.location.lat, place.location.lon, place.radius_m)


def _label(text: str, kind: str, lat: float, lon: float, weight: float) -> Label:
    x, y = mercator(lat, lon)
    return Label(text=text, kind=kind, x=float(x), y=float(y), weight=weight)
