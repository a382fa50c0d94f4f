"""A gazetteer of Cirebon from the shared data, for tests and benchmarks; slow and plain."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import shapely

from gis.gazetteer import Gazetteer, Street
from gis.gazetteer_build import (
    kecamatan_places,
    read_places_csv,
    read_stations_csv,
    station_places,
    village_places,
)
from gis.types import Location, Place

KINDS = ("hospital", "clinic", "fire_station", "police", "townhall")


def cirebon_villages(shared_data: Path) -> gpd.GeoDataFrame:
    """The villages of Kabupaten and Kota Cirebon."""
    frames = [gpd.read_file(shared_data / "cirebon" / f"desa_{code}.geojson") for code in ("3209", "3274")]
    return gpd.pd.concat(frames, ignore_index=True)


def cirebon_gazetteer(shared_data: Path) -> Gazetteer:
    """Villages, kecamatan, points of interest and named streets of Cirebon, with exact `villages_at`."""
    villages = cirebon_villages(shared_data)
    codes = villages["code"].to_numpy()
    shapes = shapely.make_valid(villages.geometry.to_numpy())
    tree = shapely.STRtree(shapes)

    def village_at(location: Location) -> str | None:
        found = tree.query(shapely.Point(location.lon, location.lat), predicate="intersects")
        return str(np.sort(codes[found])[0]) if len(found) else None

    def villages_at(lat: np.ndarray, lon: np.ndarray) -> list[str | None]:
        return [village_at(Location(lat=float(y), lon=float(x))) for y, x in zip(lat, lon, strict=True)]

    extras, _ = read_places_csv(shared_data / "cirebon" / "places.csv")
    places = village_places(villages, extras) + kecamatan_places(villages)
    lines: dict[str, list[shapely.LineString]] = defaultdict(list)
    points = []
    factory = osmium.geom.WKBFactory()
    for thing in osmium.FileProcessor(shared_data / "cirebon" / "cirebon.osm.pbf").with_locations():
        name = thing.tags.get("name")
        if thing.is_way() and "highway" in thing.tags and name:
            lines[name].append(shapely.from_wkb(factory.create_linestring(thing)))
        elif thing.is_node() and (thing.tags.get("amenity") in KINDS or "office" in thing.tags):
            kind = thing.tags.get("amenity") or "government"
            location = Location(lat=thing.location.lat, lon=thing.location.lon)
            points.append(
                Place(
                    place_id=f"osm:node/{thing.id}",
                    kind=kind,
                    name=name or "Kantor Polisi",
                    location=location,
                    radius_m=50.0,
                )
            )
    known = {(place.kind, place.name) for place in points}
    points += [
        place
        for place in station_places(read_stations_csv(shared_data / "cirebon" / "stations.csv"))
        if (place.kind, place.name) not in known
    ]
    places += [replace(place, village_code=village_at(place.location)) for place in points]
    streets = [Street(name=name, geometry=shapely.MultiLineString(parts)) for name, parts in sorted(lines.items())]
    return Gazetteer(places=tuple(places), streets=tuple(streets), villages_at=villages_at)
