"""How far the posts of a plan reach by road: polygons of so many minutes, and the time to every junction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import mapping

from planning.coverage import Coverage
from web.plans import Planner, Post

REACH_MINUTES: Final = (5.0, 8.0, 10.0, 15.0)

OUTLINE_DECIMALS: Final = 5
"""Of a degree, on screens: about a metre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What the posts of a plan reach within some minutes from the alarm, turnout included.

    Attributes
    ----------
    minutes
        From the alarm.
    polygon
        Longitudes and latitudes in degrees, valid, never wider than what is reached (`routing.isochrone`); empty
        where turnout takes as long.
    road_length_m
        Metres of reached road.
    people
        Who live along the roads reached in time.
    """

    minutes: float
    polygon: shapely.MultiPolygon
    road_length_m: float
    people: float


def reach_of(
    planner: Planner, posts: Sequence[Post], kind: str, found: Coverage, minutes: Sequence[float] = REACH_MINUTES
) -> tuple[Reach, ...]:
    """The reach of all posts together.

    Parameters
    ----------
    planner, posts, kind
        The plan.
    found
        Its coverage, for the people.
    minutes
        Rising.

    Raises
    ------
    InputError
        A post too far from every road, or minutes that make no sense.
    """
    turnout_s = planner.dispatch_settings.turnout_of(kind)
    driven = [minute * 60.0 - turnout_s for minute in minutes]
    long_enough = [seconds for seconds in driven if seconds > 0]
    pinned = planner.check_reached(posts, kind)
    drawn = dict(
        zip(long_enough, planner.router_of(kind).isochrone(pinned, long_enough), strict=True) if long_enough else ()
    )
    reached = []
    for minute, seconds in zip(minutes, driven, strict=True):
        one = drawn.get(seconds)
        reached.append(
            Reach(
                minutes=minute,
                polygon=shapely.MultiPolygon() if one is None else one.polygon,
                road_length_m=0.0 if one is None else one.road_length_m,
                people=float(planner.demand.piece_people[found.nearest_s <= minute * 60.0].sum()),
            )
        )
    return tuple(reached)


def reach_json(reach: Sequence[Reach], *, shapes: bool = True, simpler_deg: float = 0.0) -> list[dict[str, Any]]:
    """Reach as plain values in the order given; with shapes, each with its polygon as GeoJSON, within `simpler_deg`."""
    told = []
    for one in reach:
        plain: dict[str, Any] = {
            "minutes": one.minutes, "people": round(one.people), "road_length_m": round(one.road_length_m),
        }  # fmt: skip
        if shapes:
            plain["polygon"] = mapping(_rounded(one.polygon, simpler_deg))
        told.append(plain)
    return told


def node_times(planner: Planner, posts: Sequence[Post], kind: str) -> tuple[
    npt.NDArray[np.float64], npt.NDArray[np.int64]
]:  # fmt: skip
    """(N,) seconds from the alarm to every junction of the roads, NaN where none gets; and the post there first, or -1.

    Raises
    ------
    InputError
        A post too far from every road.
    """
    found = planner.router_of(kind).nearest_everywhere(planner.check_reached(posts, kind))
    return found.seconds + planner.dispatch_settings.turnout_of(kind), np.asarray(found.origin, dtype=np.int64)


def _rounded(polygon: shapely.MultiPolygon, simpler_deg: float) -> shapely.MultiPolygon:
    rounded: shapely.MultiPolygon = shapely.transform(
        shapely.simplify(polygon, simpler_deg), lambda xy: xy.round(OUTLINE_DECIMALS)
    )
    return rounded
