"""What if on the roads: streets, bridges and areas closed, the traffic of an hour, another vehicle."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely

from gis.errors import N_, InputError, SourceError
from gis.files import unreadable
from gis.types import Location
from routing.closures import RoadFinder
from routing.metric import Metric
from routing.network import Int64Array
from routing.router import Router
from web.plans import Planner

DAY_HOURS: Final = 24

MakeRouter = Callable[[str, int | None, Collection[int]], Router]
"""A router of a profile, an hour of the week and closed edges; such as `routing.routers.Routers.aside`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadChanges:
    """Roads as they might be; whatever is closed is closed in both directions.

    Attributes
    ----------
    streets
        Names of streets that are closed from end to end.
    roads
        Points: the road nearest to each is closed, such as a bridge.
    areas
        Polygons in degrees; every road that touches one is closed.
    hour
        Hour of the week whose traffic is heeded; None for none in particular.
    profile
        The vehicle, as region.toml names it; None for that of the kind of unit.
    told_hour
        The hour of the week that was asked for, where `hour` stands for all of like traffic; for words alone.
    """

    streets: Sequence[str] = ()
    roads: Sequence[Location] = ()
    areas: Sequence[shapely.Geometry] = ()
    hour: int | None = None
    profile: str | None = None
    told_hour: int | None = None

    def __bool__(self) -> bool:
        return bool(self.streets or self.roads or self.areas or self.hour is not None or self.profile is not None)


def assumed_on_roads(changes: RoadChanges) -> list[tuple[str, Mapping[str, Any]]]:
    """The changes in words, for reports: each a message and its values."""
    assumed: list[tuple[str, Mapping[str, Any]]] = []
    if changes.streets:
        assumed.append((N_("Streets closed: {names}."), {"names": ", ".join(changes.streets)}))
    assumed += [
        (N_("The road nearest to {lat:.5f}, {lon:.5f} is closed."), {"lat": spot.lat, "lon": spot.lon})
        for spot in changes.roads
    ]
    if changes.areas:
        assumed.append(
            (N_("Areas under water: {count}; every road that touches one is closed."), {"count": len(changes.areas)})
        )
    asked = changes.hour if changes.told_hour is None else changes.told_hour
    if asked is not None:
        day, hour = divmod(asked, DAY_HOURS)
        assumed.append((N_("Hour of the week: day {day}, {hour}:00."), {"day": day + 1, "hour": hour}))
    if changes.profile is not None:
        assumed.append((N_("Vehicle: {profile}."), {"profile": changes.profile}))
    return assumed


def closed_edges(finder: RoadFinder, changes: RoadChanges) -> Int64Array:
    """The edges that the changes close, rising.

    Raises
    ------
    InputError
        A street that is not there, or a point far from every road.
    OutsideRegionError
        An area beyond all roads.
    """
    closed = [part.edges for name in changes.streets for part in finder.street(name)]
    closed += [finder.nearest(spot) for spot in changes.roads]
    closed += [finder.in_polygon(area) for area in changes.areas]
    return finder.both_ways(np.unique(np.concatenate(closed))) if closed else np.zeros(0, dtype=np.int64)


def planner_under(
    planner: Planner, changes: RoadChanges, *, make: MakeRouter | None = None, finder: RoadFinder | None = None
) -> Planner:
    """The same people and posts, on the roads as they might be.

    Parameters
    ----------
    planner, changes
        What is changed, and how.
    make
        Makes routers; None for plain ones by the region's settings.
    finder
        Of the region's roads, where one is at hand.

    Raises
    ------
    InputError
        A street or vehicle that is not there, a point far from every road, or an area beyond all.
    """
    if not changes:
        return planner
    region = planner.region
    settings = region.routing_settings
    if changes.profile is not None:
        settings.profile(changes.profile)  # one that is not there is told before anything is worked out
    edges = closed_edges(finder or RoadFinder(region.network, region.snapper), changes).tolist()
    made: dict[str, Router] = {}

    def plain(profile: str, hour: int | None, closures: Collection[int]) -> Router:
        metric = Metric.build(region.network, settings, profile=profile, hour=hour, closures=closures)
        return Router(region.network, settings, snapper=region.snapper, metric=metric)

    def router_of(kind: str) -> Router:
        profile = changes.profile or planner.profile(kind)
        if profile not in made:
            made[profile] = (make or plain)(profile, changes.hour, edges)
        return made[profile]

    return planner.under(router_of, roads_closed=bool(edges))


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
        raise unreadable(path, error) from None
    except (shapely.errors.GEOSException, UnicodeDecodeError):
        raise SourceError(N_("{file} is no GeoJSON; save the area as GeoJSON."), file=str(path)) from None
    parts = shapely.get_parts(shape).tolist() if shape is not None else []
    found = [part for one in parts for part in shapely.get_parts(one).tolist() if part.geom_type == "Polygon"]
    if not found or not all(shapely.is_valid(found)):
        raise SourceError(N_("{file} holds no polygon, or a broken one; draw the area again."), file=str(path))
    return found


def hour_of(planner: Planner, moment: datetime | None) -> int | None:
    """The first hour of the week whose traffic is like that of a moment; None for one like no hour in particular.

    Raises
    ------
    InputError
        The region tells no traffic by the hour.
    """
    if moment is not None and not planner.region.routing_settings.hours:
        raise InputError(
            N_("The region tells no traffic by the hour; leave the time out, or describe traffic in region.toml.")
        )
    return planner.region.hour(moment)
