"""The middle of an area and how far it reaches, for areas that come in several parts.

Boundary files hold scattered villages: parts across a river, and now and then a part that belongs to another village
of the same name tens of kilometres away. The middle therefore lies in the largest part, and parts farther from it than
`FAR_PART_M` do not widen the radius; the build lists them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.geodesy import LocalPlane, distance_m
from gis.types import Location

FAR_PART_M = 5_000.0
"""A part of a village this far from its largest part is most likely a fault of the file."""


FAR_PART_SHARE = 0.10
"""A far part with less of the village's area than this is left out where only the village is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FarPart:
    """A part of an area that most likely belongs to another.

    Attributes
    ----------
    geometry
        The part, lon/lat.
    away_m
        Metres from the largest part.
    area_share
        Of the whole area.
    """

    geometry: shapely.Polygon
    away_m: float
    area_share: float


def middle_and_radius(area: BaseGeometry) -> tuple[Location, float]:
    """A point inside the largest part of an area, and metres to the farthest corner of the parts that are near it.

    The point is the part's centroid where that lies inside it.
    """
    parts = shapely.get_parts(area)
    main = parts[int(np.argmax(shapely.area(parts)))]
    centroid = main.centroid
    point = centroid if main.contains(centroid) else main.point_on_surface()
    corners = shapely.get_coordinates(parts[_gaps_m(parts, main) <= FAR_PART_M])
    radius_m = float(np.max(distance_m(point.y, point.x, corners[:, 1], corners[:, 0])))
    return Location(lat=float(point.y), lon=float(point.x)), radius_m


def far_part_m(area: BaseGeometry) -> float | None:
    """Metres from the largest part of an area to its farthest part, where that is beyond `FAR_PART_M`; else None."""
    parts = shapely.get_parts(area)
    if len(parts) < 2:
        return None
    farthest = float(np.max(_gaps_m(parts, parts[int(np.argmax(shapely.area(parts)))])))
    return farthest if farthest > FAR_PART_M else None


def far_parts(area: BaseGeometry) -> tuple[FarPart, ...]:
    """The parts of an area beyond `FAR_PART_M` of its largest part with less than `FAR_PART_SHARE` of its area."""
    parts = shapely.get_parts(area)
    if len(parts) < 2:
        return ()
    sizes = shapely.area(parts)
    shares = sizes / sizes.sum()
    gaps = _gaps_m(parts, parts[int(np.argmax(sizes))])
    return tuple(
        FarPart(geometry=part, away_m=float(gap), area_share=float(share))
        for part, gap, share in zip(parts, gaps, shares, strict=True)
        if gap > FAR_PART_M and share < FAR_PART_SHARE
    )


def _gaps_m(parts: Any, main: BaseGeometry) -> Any:
    """Metres between each part and the main one; shapely's distances in a plane about the main part."""
    plane = LocalPlane(lat0=main.centroid.y, lon0=main.centroid.x)

    def flat(xy: Any) -> Any:
        return np.column_stack(plane.to_xy(xy[:, 1], xy[:, 0]))

    return shapely.distance(shapely.transform(parts, flat), shapely.transform(main, flat))
