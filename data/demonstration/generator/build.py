"""Draws the whole demonstration and writes its sources."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.ops import unary_union

from . import landscape as land
from .borders import Borders, city_quarters, draw_borders, follow_borders
from .drawing import Line, join, split_at, with_bridges
from .facts import Station, Village, read_stations, read_villages, seats
from .landmarks import Landmark, place_landmarks
from .lanes import Settlement, lay_lanes
from .osmfile import write_osm
from .roads import Surroundings, connect_rest, connected_pieces, drawn_roads, lay_links, put_roundabout
from .shapes import MICRO, Micro, chance, curve, metres, micro_of, to_micro, to_xy
from .tables import write_tables
from .toll import TollRoad, lay_toll_road
from .traffic import (
    Restriction,
    bollard_place,
    free_trapped_streets,
    make_one_way,
    private_driveway,
    restrict_turns,
)

RIVER_BANK_M = 22.0
RAIL_BANK_M = 18.0
TOLL_BANK_M = 42.0
TOLL_HALF_M = 20.0
BORDER_BANK_M = 60.0
FAR_MIDDLE_M = 850.0
STARTS = 8
"""Road points tried, nearest first, where lanes find no room at the village's position."""

ENOUGH_POINTS = 26
WATER_BANK_M = 35.0
BRIDGE_HALF_M = 16.0
TOLL_BRIDGE_HALF_M = 22.0
OUTSIDE_LAND_M = 2_500.0
BIG_CELL_KM2 = 3.2
README = """PETA CONTOH - bukan untuk operasi
==================================

These files are made by script/make-demonstration. Names, codes and rounded positions of villages and stations are
facts (see data/boundaries/README.md); borders, roads, rivers, streets and all other places are invented. Nothing here
comes from OpenStreetMap or from a survey. Do not dispatch with it and do not cite it.

Nama, kode, dan posisi (dibulatkan) desa serta pos adalah fakta; batas, jalan, sungai, dan tempat lain adalah rekaan.
Jangan dipakai untuk operasi.

villages.geojson  village areas: clipped Voronoi cells of the positions
roads.osm.gz      roads, rivers, railway, coast and places in OSM XML
stations.csv      fire posts, puskesmas, hospitals
population.csv    people per village, rounded estimate
places.csv        postcodes and other spellings
units.csv         invented units
directory.toml    call centres beyond the border
routing.toml      invented rush hours
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Everything that goes into the OSM file."""

    lines: list[Line]
    node_tags: dict[Micro, dict[str, str]]
    landmarks: list[Landmark]
    restrictions: list[Restriction]


def make_sources(facts: Path, out: Path) -> None:
    """Write the sources of the demonstration region into an existing folder."""
    villages = read_villages(facts / "villages.csv")
    stations = read_stations(facts / "stations.csv")
    borders = draw_borders(villages)
    write_villages(out / "villages.geojson", villages, borders)
    drawing = draw(villages, stations, borders)
    write_osm(out / "roads.osm.gz", drawing.lines, drawing.node_tags, drawing.landmarks, drawing.restrictions)
    write_tables(out, villages, stations, drawing.landmarks)
    for name in ("directory.toml", "routing.toml"):
        shutil.copyfile(facts / name, out / name)
    (out / "README").write_text(README, encoding="utf-8")


def write_villages(path: Path, villages: Sequence[Village], borders: Borders) -> None:
    """Write the village areas as GeoJSON, one feature to a line."""
    features = []
    for village in villages:
        ring = [[lon / MICRO, lat / MICRO] for lon, lat in borders.cells[village.code]]
        properties = {
            "code": village.code,
            "name": village.name,
            "kecamatan_code": village.kecamatan_code,
            "kecamatan": village.kecamatan,
        }
        geometry = {"type": "Polygon", "coordinates": [ring]}
        feature = {"type": "Feature", "properties": properties, "geometry": geometry}
        features.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    head = '{"type":"FeatureCollection","name":"PETA CONTOH - bukan untuk operasi","features":[\n'
    path.write_text(head + ",\n".join(features) + "\n]}\n", encoding="utf-8")


def draw(villages: Sequence[Village], stations: Sequence[Station], borders: Borders) -> Drawing:
    """Draw water, roads, lanes and places."""
    rivers = [
        Line(kind="river", points=follow_borders(borders, river), tags={"waterway": river.kind, "name": river.name})
        for river in land.RIVERS
    ]
    reservoir = _reservoir()
    railway = Line(kind="rail", points=curve(land.RAILWAY, 350.0), tags={"railway": "rail", "name": land.RAILWAY_NAME})
    roads = drawn_roads()
    roundabout = put_roundabout(roads, land.ROUNDABOUT_NAME, micro_of(*land.ROUNDABOUT))
    toll = lay_toll_road(roads)
    around = _surroundings(borders, rivers, reservoir, roundabout, toll)

    roads += [roundabout, *lay_links(borders, villages, roads, around)]
    join([*roads, railway])
    seeds = [village.position for village in villages] + list(city_quarters().values())
    roads += connect_rest(roads, seeds, around, "tertiary")

    lanes = _all_lanes(villages, borders, roads, around, railway)
    streets = [line for group in lanes.values() for line in group]
    cut_off = _cut_off_lanes(borders)
    join([*roads, *streets, railway])
    _drop_apart(roads, streets)
    remote = [station.position for station in stations] + _far_middles(villages, borders, roads)
    streets += connect_rest([*roads, *streets], remote, around, "unclassified")
    join([*roads, *streets, railway])

    driveway, gate = private_driveway([*roads, *streets, *cut_off, *toll.carriageways, *toll.ramps])
    water = [river.geometry() for river in rivers]
    ground = [piece for line in [*roads, *streets] for piece in with_bridges(line, water, BRIDGE_HALF_M)]
    rail = with_bridges(railway, water, BRIDGE_HALF_M)
    under_toll = [*water, *(line.geometry() for line in [*roads, *streets, railway])]
    carriageways = _bridged_carriageways(toll, under_toll)
    drivable = [*ground, *toll.ramps, *carriageways]
    free_trapped_streets(drivable, [line for line in ground if line.kind == "town"])
    restrictions = restrict_turns(drivable)
    node_tags = {point: {"railway": "level_crossing"} for point in _shared(rail, ground)}
    node_tags |= {point: {"barrier": "toll_booth", "name": name} for point, name in toll.booths.items()}
    node_tags[bollard_place(drivable)] = {"barrier": "bollard"}
    node_tags[gate] = {"barrier": "gate", "access": "private"}

    lines = [*drivable, driveway, *cut_off, *rail, *rivers, reservoir, _coastline(borders), _city(borders)]
    lane_points = _lane_points(villages, borders, lanes)
    landmarks = place_landmarks(villages, stations, borders, lane_points)
    return Drawing(lines=lines, node_tags=node_tags, landmarks=landmarks, restrictions=restrictions)


def _surroundings(
    borders: Borders, rivers: Sequence[Line], reservoir: Line, roundabout: Line, toll: TollRoad
) -> Surroundings:
    cut_off = Point(to_xy(micro_of(*land.CUT_OFF))).buffer(land.CUT_OFF_RADIUS_M)
    island = Polygon([to_xy(point) for point in roundabout.points]).buffer(25.0)
    water = Polygon([to_xy(point) for point in reservoir.points]).buffer(WATER_BANK_M)
    return Surroundings(
        land=unary_union([borders.polygon(cell) for cell in borders.cells]).buffer(-40.0),
        rivers=tuple(river.geometry() for river in rivers),
        toll=toll.centre,
        kept_free=unary_union([*toll.yards, cut_off, island, water]),
    )


def _reservoir() -> Line:
    rng = chance("reservoir")
    cx, cy = to_xy(micro_of(*land.RESERVOIR))
    along, across = land.RESERVOIR_RADII_M
    shore = []
    for k in range(28):
        angle = 2 * math.pi * k / 28
        swell = rng.uniform(0.82, 1.12)
        shore.append(to_micro((cx + along * swell * math.cos(angle), cy + across * swell * math.sin(angle))))
    tags = {"natural": "water", "water": "reservoir", "name": land.RESERVOIR_NAME, "note": "contoh"}
    return Line(kind="water", points=[*shore, shore[0]], tags=tags)


def _coastline(borders: Borders) -> Line:
    return Line(kind="coast", points=borders.coast, tags={"natural": "coastline"})


def _city(borders: Borders) -> Line:
    """The built-up area of the neighbouring city, as one area."""
    outline = unary_union([Polygon(borders.cells[quarter]) for quarter in city_quarters()])
    points = [(round(x), round(y)) for x, y in shapely.get_coordinates(shapely.get_exterior_ring(outline))]
    return Line(kind="city", points=points, tags={"landuse": "residential", "name": "Kota Cirebon", "note": "contoh"})


def _far_middles(villages: Sequence[Village], borders: Borders, roads: Sequence[Line]) -> list[Micro]:
    """Middles of villages that lie far from every road: a field road will lead there."""
    network = unary_union([line.geometry() for line in roads])
    middles = [borders.polygon(village.code).representative_point() for village in villages]
    return [to_micro((middle.x, middle.y)) for middle in middles if network.distance(middle) > FAR_MIDDLE_M]


def _all_lanes(
    villages: Sequence[Village], borders: Borders, roads: Sequence[Line], around: Surroundings, railway: Line
) -> dict[str, list[Line]]:
    """Lanes of every village and city quarter by cell name; towns get one-way streets.

    Lanes keep a bank's width off water, toll road and railway, but beside their start they may come close: some
    villages lie there. Where too few find room, they start from another point of a road in the village.
    """
    barred = unary_union(
        [
            around.kept_free,
            around.toll.buffer(TOLL_BANK_M),
            railway.geometry().buffer(RAIL_BANK_M),
            *(river.buffer(RIVER_BANK_M) for river in around.rivers),
        ]
    )
    strict = unary_union([around.kept_free, around.toll.buffer(TOLL_HALF_M), railway.geometry(), *around.rivers])
    bearings = _directions(roads)
    road_points = sorted({point for line in roads for point in line.points})
    tree = shapely.STRtree([Point(to_xy(point)) for point in road_points])
    town_codes = {village.code for village in seats(list(villages)).values()}
    lanes: dict[str, list[Line]] = {}
    for name, centre in [(v.code, v.position) for v in villages] + sorted(city_quarters().items()):
        cell = borders.polygon(name)
        town = name in town_codes or name.startswith("city:")
        inside = [road_points[int(i)] for i in tree.query(cell.buffer(-BORDER_BANK_M), predicate="contains")]
        inside.sort(key=lambda point: (metres(point, centre), point))
        tries = []
        for start in [centre, *(point for point in inside if point != centre)][:STARTS]:
            settlement = _settlement(name, start, cell, bearings.get(start), town=town)
            beside = Point(to_xy(start)).buffer(settlement.spacing_m)
            local = barred.intersection(cell).difference(beside).union(strict.intersection(beside))
            tries.append(lay_lanes(settlement, local, kind="town" if town else "lane"))
            if _size(tries[-1]) >= ENOUGH_POINTS:
                break
        lanes[name] = max(tries, key=_size)
        if name in town_codes:
            make_one_way(lanes[name])
    return lanes


def _size(lines: Sequence[Line]) -> int:
    return sum(len(line.points) for line in lines)


def _settlement(name: str, centre: Micro, cell: Polygon, bearing: float | None, *, town: bool) -> Settlement:
    rng = chance("settlement", name)
    reach = cell.exterior.distance(Point(to_xy(centre)))
    if town:
        columns, rows, spacing = 5, 5, 120.0
    else:
        columns, rows = ((4, 4), (5, 3), (4, 3), (5, 4))[int(rng.random() * 4)]
        spacing = min(135.0, max(85.0, reach * 0.32))
    if name.startswith("city:"):
        columns, rows, spacing = 5, 5, min(170.0, max(110.0, reach * 0.45))
    return Settlement(
        key=name,
        centre=centre,
        cell=cell,
        columns=columns,
        rows=rows,
        spacing_m=spacing,
        bearing_rad=bearing if bearing is not None else rng.uniform(0.0, math.pi),
        town=town,
    )


def _directions(roads: Sequence[Line]) -> dict[Micro, float]:
    """The bearing of the first road that starts or ends at a point."""
    found: dict[Micro, float] = {}
    for line in roads:
        for a, b in ((line.points[0], line.points[1]), (line.points[-1], line.points[-2])):
            (ax, ay), (bx, by) = to_xy(a), to_xy(b)
            found.setdefault(a, math.atan2(by - ay, bx - ax))
    return found


def _cut_off_lanes(borders: Borders) -> list[Line]:
    centre = micro_of(*land.CUT_OFF)
    here = Point(to_xy(centre))
    cell = here.buffer(land.CUT_OFF_RADIUS_M * 0.8)
    settlement = Settlement(
        key="cut-off", centre=centre, cell=cell, columns=3, rows=3, spacing_m=110.0, bearing_rad=0.3, town=False
    )
    return lay_lanes(settlement, Point(), kind="cut_off")


def _drop_apart(roads: list[Line], streets: list[Line]) -> None:
    """Remove lanes that ended up joined to nothing."""
    main = connected_pieces([*roads, *streets])[0]
    streets[:] = [line for line in streets if line.points[0] in main]


def _bridged_carriageways(toll: TollRoad, under: Sequence[LineString]) -> list[Line]:
    """Carriageways cut so that they pass over everything but the roads that they begin and end on."""
    tree = shapely.STRtree(under)
    pieces = []
    for line in toll.carriageways:
        shape = line.geometry()
        crossed = [under[int(i)] for i in sorted(tree.query(shape, predicate="crosses"))]
        pieces += with_bridges(line, crossed, TOLL_BRIDGE_HALF_M)
    kept = {end for ramp in toll.ramps for end in (ramp.points[0], ramp.points[-1])}
    return [piece for whole in pieces for piece in split_at(whole, kept)]


def _shared(first: Sequence[Line], second: Sequence[Line]) -> list[Micro]:
    points = {point for line in second for point in line.points}
    return [point for line in first for point in line.points if point in points]


def _lane_points(villages: Sequence[Village], borders: Borders, lanes: dict[str, list[Line]]) -> dict[str, list[Micro]]:
    found = {}
    for village in villages:
        cell = borders.polygon(village.code)
        points = [village.position] + [point for line in lanes[village.code] for point in line.points]
        found[village.code] = [point for point in dict.fromkeys(points) if cell.contains(Point(to_xy(point)))]
    return found
