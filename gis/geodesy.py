"""Distances on the ellipsoid, and a flat plane for one region.

The plane is equirectangular about the region's middle, on the WGS84 radii of curvature there. Within 0.5 degrees of
latitude of the middle its distances are true to 0.15 % near the equator (0.8 % at 45 degrees): fine for borders
within 250 m and for comparing nearby road segments, and it needs no library and no look-up at run time. Lengths that
are stored or reported over more than a few hundred metres come from `distance_m`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gis.types import Location

FloatArray = npt.NDArray[np.float64]

EARTH_RADIUS_M = 6_371_008.8  # IUGG mean radius R1
WGS84_A = 6_378_137.0
WGS84_E2 = 6.694379990141316e-3


def distance_m(lat1: Any, lon1: Any, lat2: Any, lon2: Any) -> Any:
    """Great-circle distance in metres between points in degrees; scalars or arrays (haversine, sphere R1)."""
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half_dphi = (phi2 - phi1) / 2
    half_dlam = np.radians(np.subtract(lon2, lon1)) / 2
    h = np.sin(half_dphi) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(half_dlam) ** 2
    return 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(h, 1.0)))


def bearing_deg(origin: Location, target: Location) -> float:
    """Initial compass bearing from one location to another, degrees clockwise from north in [0, 360)."""
    phi1, phi2 = math.radians(origin.lat), math.radians(target.lat)
    dlam = math.radians(target.lon - origin.lon)
    y = math.sin(dlam) * math.cos(phi2)
    x = math.cos(phi1) * math.sin(phi2) - math.sin(phi1) * math.cos(phi2) * math.cos(dlam)
    return math.degrees(math.atan2(y, x)) % 360.0


def metres_per_degree(lat0: float) -> tuple[float, float]:
    """Metres per degree of longitude and of latitude at a latitude."""
    sin2 = math.sin(math.radians(lat0)) ** 2
    prime_vertical = WGS84_A / math.sqrt(1 - WGS84_E2 * sin2)
    meridian = WGS84_A * (1 - WGS84_E2) / (1 - WGS84_E2 * sin2) ** 1.5
    return (
        math.radians(1.0) * prime_vertical * math.cos(math.radians(lat0)),
        math.radians(1.0) * meridian,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPlane:
    """Equirectangular metres about a middle; x grows east, y grows north."""

    lat0: float
    lon0: float

    @property
    def metres_per_degree(self) -> tuple[float, float]:
        """Metres per degree of longitude and of latitude at the middle."""
        return metres_per_degree(self.lat0)

    def to_xy(self, lat: Any, lon: Any) -> tuple[Any, Any]:
        """Degrees to metres; scalars or arrays."""
        per_lon, per_lat = self.metres_per_degree
        return (np.subtract(lon, self.lon0) * per_lon, np.subtract(lat, self.lat0) * per_lat)

    def to_latlon(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Metres to degrees (latitude first); scalars or arrays."""
        per_lon, per_lat = self.metres_per_degree
        return (np.divide(y, per_lat) + self.lat0, np.divide(x, per_lon) + self.lon0)
