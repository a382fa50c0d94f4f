"""What if on the roads: streets closed, areas under water, the traffic of an hour, another vehicle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import shapely

from gis.errors import N_, InputError, SourceError
from routing.closures import RoadFinder
from routing.metric import Metric
from routing.router import Router
from web.plans import Planner


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadChanges:
    """Roads as they might be.

    Attributes
    ----------
    streets
        Names of streets that are closed from end to end, in both directions.
    floods
        GeoJSON files with polygons; every road that touches one is closed.
    at
        A time whose traffic is heeded.
    profile
        The vehicle, as region.toml names it.
    """

    streets: Sequence[str] = ()
    floods: Sequence[Path] = ()
    at: datetime | None = None
    profile: str | None = None

    def __bool__(self) -> bool:
        return bool(self.streets or self.floods or self.at is not None or self.profile is not None)


def planner_under(planner: Planner, changes: RoadChanges) -> Planner:
    """The same people and posts, on the roads as they might be.

    Raises
    ------
    InputError
        A street or vehicle that is not there, a file without polygons, or an hour whose traffic nobody told.
    """
    if not changes:
        return planner
    region = planner.region
    hour = region.hour(changes.at)
    if changes.at is not None and hour is None:
        raise InputError(
            N_("The region tells no traffic by the hour; leave the time out, or describe traffic in region.toml.")
        )
    finder = RoadFinder(region.network, region.snapper)
    closed = [part.edges for name in changes.streets for part in finder.street(name)]
    closed += [finder.in_polygon(area) for path in changes.floods for area in polygons_of(path)]
    edges = finder.both_ways(np.unique(np.concatenate(closed))) if closed else np.zeros(0, dtype=np.int64)
    settings = region.routing_settings
    metric = Metric.build(
        region.network,
        settings,
        profile=settings.profile(changes.profile),
        hour=hour,
        closures=edges.tolist(),
    )
    return planner.under(Router(region.network, settings, snapper=region.snapper, metric=metric))


def polygons_of(path: Path) -> list[shapely.Geometry]:
    """The polygons of a GeoJSON file.

    Raises
    ------
    SourceError
        It cannot be read or holds none.
    """
    try:
        shape = shapely.from_geojson(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}; check the name.") from None
    except (shapely.errors.GEOSException, UnicodeDecodeError):
        raise SourceError(N_("{file} is no GeoJSON; save the area as GeoJSON."), file=str(path)) from None
    parts = shapely.get_parts(shape).tolist() if shape is not None else []
    found = [part for one in parts for part in shapely.get_parts(one).tolist() if part.geom_type == "Polygon"]
    if not found or not all(shapely.is_valid(found)):
        raise SourceError(N_("{file} holds no polygon, or a broken one; draw the area again."), file=str(path))
    return found
