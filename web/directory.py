"""The directory of an opened region: its tables, with the stations and hospitals of its map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dispatch.directory_file import DirectoryRead, directory_of
from gis.errors import RegionDamagedError
from gis.geopackage import read_layer
from gis.types import Location

if TYPE_CHECKING:
    from routing.region import Region

HOSPITAL = "hospital"


def region_directory(region: Region) -> DirectoryRead:
    """What a region's centre knows before the first call.

    Raises
    ------
    SourceError
        A table of its `region.toml` cannot be used; the sentence names table, entry and field.
    """
    from gis.region_folder import SETTINGS

    stations = region_stations(region)
    return directory_of(
        region.table,
        stations=stations,
        hospitals=[(name, location) for kind, name, location in stations if kind == HOSPITAL],
        source=str(region.folder / SETTINGS),
    )


def region_stations(region: Region) -> list[tuple[str, str, Location]]:
    """Kind, name and position of the stations in operation; of a region without a list, those of its gazetteer."""
    import shapely

    from routing.region import GEOPACKAGE

    try:
        rows, shapes = read_layer(region.folder / GEOPACKAGE, "stations", ("kind", "name", "operating"))
    except RegionDamagedError:  # built without --stations
        return [
            (place.kind, place.name, place.location)
            for place in region.gazetteer.places
            if place.kind in (HOSPITAL, "fire_station", "clinic", "police")
        ]
    points = shapely.get_coordinates(shapely.from_wkb(shapes)).tolist()
    return [
        (str(kind), str(name), Location(lat=lat, lon=lon))
        for (kind, name, operating), (lon, lat) in zip(rows, points, strict=True)
        if operating
    ]


def region_population(region: Region) -> dict[str, float]:
    """People by village code; empty where nobody counted them."""
    from routing.region import GEOPACKAGE

    rows, _ = read_layer(region.folder / GEOPACKAGE, "villages", ("code", "population"))
    return {str(code): float(people) for code, people in rows if people is not None}
