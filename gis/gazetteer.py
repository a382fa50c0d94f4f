"""The gazetteer: the names of a region and where they are.

It is written once, as the layers `places` and `streets` of the region's GeoPackage, and read at run time without GDAL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import shapely

from gis.geodesy import FloatArray
from gis.geopackage import read_layer
from gis.types import Bounds, Location, Place

if TYPE_CHECKING:
    from gis.search import SearchEngine
    from gis.search_results import SearchResult

PLACES_LAYER = "places"
STREETS_LAYER = "streets"
NAME_SEPARATOR = "|"
"""Between the names of an `alt_names` column."""

VillagesAt = Callable[[FloatArray, FloatArray], Sequence[str | None]]
"""From (N,) latitudes and longitudes to the codes of the villages there, None outside."""

_PLACE_COLUMNS = ("place_id", "kind", "name", "alt_names", "radius_m", "village_code", "postcode")
_STREET_COLUMNS = ("name", "alt_names")


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """A street by name, with all its pieces, lon/lat."""

    name: str
    alt_names: tuple[str, ...] = ()
    geometry: shapely.MultiLineString


@dataclass(frozen=True)
class Gazetteer:
    """The places and streets of a region.

    Attributes
    ----------
    places
        Villages and kecamatan are places of kind `village` and `kecamatan`; a kecamatan's place_id is `kecamatan:CODE`,
        and CODE is what the codes of its villages start with.
    streets
        Streets by name.
    villages_at
        The codes of the villages at points, where a boundary index can tell; used for points that the search makes
        (along a street, a crossing, 200 m east of a place).
    """

    places: Sequence[Place]
    streets: Sequence[Street] = ()
    villages_at: VillagesAt | None = None

    @classmethod
    def load(cls, gpkg: Path, *, villages_at: VillagesAt | None = None) -> Self:
        """Read the gazetteer of a region's GeoPackage; everything heavy waits for the first search.

        Raises
        ------
        RegionDamagedError
            When the file or one of its layers cannot be read.
        """
        rows, binaries = read_layer(gpkg, PLACES_LAYER, _PLACE_COLUMNS)
        coordinates = shapely.get_coordinates(shapely.from_wkb(binaries)).tolist() if binaries else []
        places = [
            Place(
                place_id=place_id,
                kind=kind,
                name=name,
                alt_names=_split(alt_names),
                location=Location(lat=lat, lon=lon),
                radius_m=radius_m,
                village_code=village_code,
                postcode=postcode,
            )
            for (place_id, kind, name, alt_names, radius_m, village_code, postcode), (lon, lat) in zip(
                rows, coordinates, strict=True
            )
        ]
        rows, binaries = read_layer(gpkg, STREETS_LAYER, _STREET_COLUMNS)
        streets = [
            Street(name=name, alt_names=_split(alt_names), geometry=geometry)
            for (name, alt_names), geometry in zip(rows, shapely.from_wkb(binaries) if binaries else (), strict=True)
        ]
        return cls(places=tuple(places), streets=tuple(streets), villages_at=villages_at)

    def search(self, text: str, limit: int = 10) -> SearchResult:
        """Find what a free text names; see `gis.search.SearchEngine.search`."""
        return self._engine.search(text, limit)

    def prepare(self) -> None:
        """Build every index now, so that the first search is as quick as the others."""
        self._engine.prepare()

    @cached_property
    def bounds(self) -> Bounds | None:
        """The box of all places; None without any."""
        if not self.places:
            return None
        lats = [place.location.lat for place in self.places]
        lons = [place.location.lon for place in self.places]
        return Bounds(south=min(lats), west=min(lons), north=max(lats), east=max(lons))

    @cached_property
    def _engine(self) -> SearchEngine:
        from gis.search import SearchEngine

        return SearchEngine(self)


def write_gazetteer(gpkg: Path, places: Sequence[Place], streets: Sequence[Street]) -> None:
    """Append the layers `places` and `streets` to a GeoPackage, in an order that depends on the content alone."""
    import geopandas as gpd
    import pyogrio

    ordered = sorted(places, key=lambda place: place.place_id)
    frame = gpd.GeoDataFrame(
        {
            "place_id": [place.place_id for place in ordered],
            "kind": [place.kind for place in ordered],
            "name": [place.name for place in ordered],
            "alt_names": [NAME_SEPARATOR.join(place.alt_names) for place in ordered],
            "radius_m": [float(place.radius_m) for place in ordered],
            "village_code": [place.village_code for place in ordered],
            "postcode": [place.postcode for place in ordered],
        },
        geometry=shapely.points([(place.location.lon, place.location.lat) for place in ordered]) if ordered else [],
        crs="EPSG:4326",
    ).astype(dict.fromkeys(("place_id", "kind", "name", "alt_names", "village_code", "postcode"), "object"))
    pyogrio.write_dataframe(frame, gpkg, layer=PLACES_LAYER, driver="GPKG", geometry_type="Point", SPATIAL_INDEX="NO")
    ways = sorted(streets, key=lambda street: (street.name, street.geometry.wkb))
    frame = gpd.GeoDataFrame(
        {
            "name": [street.name for street in ways],
            "alt_names": [NAME_SEPARATOR.join(street.alt_names) for street in ways],
        },
        geometry=[street.geometry for street in ways],
        crs="EPSG:4326",
    ).astype({"name": "object", "alt_names": "object"})
    pyogrio.write_dataframe(
        frame, gpkg, layer=STREETS_LAYER, driver="GPKG", geometry_type="MultiLineString", SPATIAL_INDEX="NO"
    )


def _split(joined: str | None) -> tuple[str, ...]:
    return tuple(joined.split(NAME_SEPARATOR)) if joined else ()
