"""The records of `gis`: where something is. Frozen, keyword-only, free of any framework."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from gis.errors import N_, InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A point on the WGS84 ellipsoid, in degrees."""

    lat: float
    lon: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lat) and math.isfinite(self.lon)):
            raise InputError(
                N_("The position {lat}, {lon} is not a number; give latitude and longitude."),
                lat=self.lat,
                lon=self.lon,
            )
        if not -90.0 <= self.lat <= 90.0:
            raise InputError(N_("Latitude {lat} is not between -90 and 90 degrees."), lat=self.lat)
        if not -180.0 <= self.lon <= 180.0:
            raise InputError(N_("Longitude {lon} is not between -180 and 180 degrees."), lon=self.lon)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A box in degrees, edges included; it never crosses the antimeridian."""

    south: float
    west: float
    north: float
    east: float

    def contains(self, location: Location) -> bool:
        """Whether the location lies in the box or on its edge."""
        return self.south <= location.lat <= self.north and self.west <= location.lon <= self.east

    @property
    def middle(self) -> Location:
        """The middle of the box."""
        return Location(lat=(self.south + self.north) / 2, lon=(self.west + self.east) / 2)


class AreaLevel(StrEnum):
    """Level of an administrative area, from the smallest up."""

    VILLAGE = "village"
    KECAMATAN = "kecamatan"
    KABUPATEN = "kabupaten"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministrativeArea:
    """A village (desa or kelurahan), kecamatan, or kabupaten/kota with its Kemendagri code."""

    code: str
    name: str
    level: AreaLevel
    parent_code: str | None


class AreaStatus(StrEnum):
    """How sure the match of a point to a village is."""

    INSIDE = "inside"
    NEAREST = "nearest"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyArea:
    """A village near a point, with the distance to its border in metres (0 when the point is in it)."""

    area: AdministrativeArea
    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaMatch:
    """The areas of a point.

    Attributes
    ----------
    location
        The point asked for.
    status
        `INSIDE` a village; `NEAREST` when the point lies in a sliver or at most 250 m off the villages and the
        nearest one was taken; `OUTSIDE` beyond that.
    village, kecamatan, kabupaten
        The areas; for `OUTSIDE` all three are None.
    border_m
        Metres to the nearest border of the village, from inside or, for `NEAREST`, from outside; for `OUTSIDE`
        metres to the nearest village.
    neighbours
        Other villages within 250 m, nearest first (ties by code).
    towards
        For `OUTSIDE`, the nearest village; else None.
    towards_bearing_deg
        For `OUTSIDE`, compass bearing from the point to the nearest point of that village; else None.
    """

    location: Location
    status: AreaStatus
    village: AdministrativeArea | None
    kecamatan: AdministrativeArea | None
    kabupaten: AdministrativeArea | None
    border_m: float
    neighbours: tuple[NearbyArea, ...]
    towards: AdministrativeArea | None
    towards_bearing_deg: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A named thing of the gazetteer.

    Attributes
    ----------
    place_id
        Stable within a region: `village:CODE`, `osm:node/ID`, `station:N` and the like.
    kind
        `village`, `kecamatan`, `hospital`, `clinic`, `fire_station`, `police`, `townhall`, `school`,
        `place_of_worship`, `market`, `place`, `street`, `crossing`, ….
    name
        The name to show.
    alt_names
        Spelling variants and names in other languages, for search.
    location
        A representative point (for a village, a point in it).
    radius_m
        Radius around `location` in which the thing is: of the village, of the building, of the street's length.
    village_code
        The village in which `location` lies, or None.
    postcode
        Five digits, or None.
    """

    place_id: str
    kind: str
    name: str
    alt_names: tuple[str, ...] = ()
    location: Location
    radius_m: float
    village_code: str | None = None
    postcode: str | None = None
