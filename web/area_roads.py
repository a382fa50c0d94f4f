"""The roads over which an incident may be spread when only an area is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from gis.types import AdministrativeArea
from gis.village_grid import REACH_M
from routing.midpoints import curve_midpoints
from routing.region import Region

_BESIDE_DEG = 1.5 * REACH_M / 111_320
"""A road this near to a part of a village may be counted as one of its roads; parts lie kilometres apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A part of a village that is left out of its roads, since the boundary file most likely has it by mistake.

    Attributes
    ----------
    village
        Whose part it is.
    distance_m
        Metres from the village's largest part.
    area_share
        Of the village's area.
    road_m
        Metres of road in it.
    """

    village: AdministrativeArea
    distance_m: float
    area_share: float
    road_m: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaRoads:
    """The pieces of road of an area: edges, one per curve; and what is left out of them."""

    pieces: npt.NDArray[np.int64]
    left_out: tuple[LeftOut, ...]


def roads_of(region: Region, area: AdministrativeArea) -> AreaRoads:
    """The roads of a village or kecamatan, without those in far and small parts of its villages."""
    boundaries = region.boundaries
    numbers = [
        number for number, village in enumerate(boundaries.villages) if area.code in (village.code, village.parent_code)
    ]
    pieces = np.flatnonzero(np.isin(region.edge_village, numbers))
    left_out: list[LeftOut] = []
    for number in numbers:
        village = boundaries.villages[number]
        for part in boundaries.far_parts(village.code):
            own = pieces[region.edge_village[pieces] == number]
            inside = own[_beside(region, own, part.geometry)]
            pieces = np.setdiff1d(pieces, inside)
            road_m = float(np.asarray(region.network.edge_length_m)[inside].sum())
            left_out.append(LeftOut(village=village, distance_m=part.away_m, area_share=part.area_share, road_m=road_m))
    return AreaRoads(pieces=pieces, left_out=tuple(left_out))


def _beside(region: Region, edges: npt.NDArray[np.int64], part: shapely.Polygon) -> npt.NDArray[np.bool_]:
    lat, lon = curve_midpoints(region.network, region.snapper)
    curve = np.asarray(region.network.edge_curve)[edges]
    return np.asarray(shapely.dwithin(shapely.points(lon[curve], lat[curve]), part, _BESIDE_DEG), dtype=np.bool_)
