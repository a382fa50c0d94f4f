"""Plans of one region: its people, its posts and what if, measured on exact road times.

Thin: roads become arrays here, `planning` counts people over them, and faces show what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dispatch.settings import DispatchSettings
from dispatch.vocabulary import unit_kind
from gis.errors import N_, InputError, RegionDamagedError, SourceError
from gis.region_folder import SETTINGS
from gis.types import Location
from planning.comparison import AreaChange, Comparison
from planning.coverage import Coverage, Standard, coverage
from planning.demand import Area, Demand
from planning.errors import PlanningInputError
from routing.network import ROAD_CLASSES
from routing.region import GEOPACKAGE, Region
from routing.router import Router
from routing.router_answers import PinnedOrigins
from routing.types import RoadStatus
from web.directory import region_population

FloatArray = npt.NDArray[np.float64]
RouterOf = Callable[[str], Router]
"""The times of the vehicles of a kind of unit."""

NOBODY_LIVES_ON: Final = frozenset(
    {"motorway", "motorway_link", "trunk_link", "primary_link", "secondary_link", "tertiary_link", "track", "busway",
     "ferry", "barrier"}
)  # fmt: skip
"""Road classes without houses along them."""

DEFAULT_POSTS: Final[Mapping[str, tuple[str, ...]]] = {
    "ambulance": ("puskesmas", "hospital", "clinic", "ambulance_station"),
    "fire_engine": ("fire_station",),
}
"""Kinds of station at which a kind of unit stands, unless `[planning.posts]` of region.toml says otherwise."""

MOST_CELLS: Final = 200_000_000
"""Times of a matrix held at once; 1.6 GB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A place where units of a kind stand, or might.

    Attributes
    ----------
    name
        As the region's list of stations has it.
    kind
        Of station, such as `fire_station`.
    location
        Where.
    operating
        Whether it is in service.
    """

    name: str
    kind: str
    location: Location
    operating: bool = True


class Planner:
    """What planners ask of a region.

    Parameters
    ----------
    region
        Opened.
    router_of
        Times by kind of unit; by default the region's own, each kind by its profile at no hour in particular. Give
        another to ask what if.
    """

    def __init__(self, region: Region, *, router_of: RouterOf | None = None) -> None:
        self.region = region
        self.router_of = router_of or self._own_router
        # A post whose roads are all closed reaches nobody; one that never met a road has a wrong position.
        self._roads_closed = False

    def profile(self, kind: str) -> str:
        """The key of the profile by which units of a kind drive; exemptions of single agencies are not heeded."""
        return self.region.routing_settings.profile_of(kind, "").key

    def under(self, router_of: RouterOf, *, roads_closed: bool = False) -> Planner:
        """The same people and posts, on other times."""
        other = Planner(self.region, router_of=router_of)
        other._roads_closed = roads_closed
        # The people do not depend on times.
        other.__dict__["_spread"] = self._spread
        return other

    def _own_router(self, kind: str) -> Router:
        return self.region.router_for(self.profile(kind))

    # --- people --------------------------------------------------------------------------------------------------

    @property
    def demand(self) -> Demand:
        """The people of every village, on its roads."""
        return self._spread[0]

    @property
    def pieces(self) -> npt.NDArray[np.int64]:
        """(m,) the edge of each piece of the demand."""
        return self._spread[1]

    @cached_property
    def _spread(self) -> tuple[Demand, npt.NDArray[np.int64]]:
        region, network = self.region, self.region.network
        people = region_population(region)
        villages = region.boundaries.villages
        village = np.asarray(region.edge_village, dtype=np.int64)
        edges = np.flatnonzero(village >= 0)
        empty = np.array([name in NOBODY_LIVES_ON for name in ROAD_CLASSES])
        if not people:
            raise PlanningInputError(
                N_("The region has no population; build it with a table of people per village (--population).")
            )
        areas = tuple(Area(code=one.code, name=one.name, parent_code=one.parent_code or "") for one in villages)
        count = np.array([people.get(one.code, np.nan) for one in villages])
        populated = ~empty[np.asarray(network.edge_class)[edges]]
        length = np.asarray(network.edge_length_m)[edges]
        demand = Demand.spread(
            villages=areas, people=count, piece_village=village[edges], piece_length_m=length, populated=populated
        )
        # The same choice as the spreading makes, to know each piece's edge.
        lived = np.bincount(village[edges][populated], weights=length[populated], minlength=len(areas)) > 0
        used = (length > 0) & (populated | ~lived[village[edges]])
        return demand, edges[used]

    @cached_property
    def villages(self) -> tuple[Area, ...]:
        """Every village, as the region has them."""
        return tuple(
            Area(code=one.code, name=one.name, parent_code=one.parent_code or "")
            for one in self.region.boundaries.villages
        )

    @cached_property
    def has_people(self) -> bool:
        """Whether the region was built with a population."""
        return bool(region_population(self.region))

    @cached_property
    def region_area(self) -> Area:
        """The whole region as an area of a report."""
        return Area(code="", name=self.region.name, parent_code="")

    @cached_property
    def kecamatan(self) -> tuple[Area, ...]:
        """Every kecamatan, by code."""
        return tuple(
            Area(code=one.code, name=one.name, parent_code=one.parent_code or "")
            for one in sorted(self.region.boundaries.kecamatan, key=lambda one: one.code)
        )

    # --- posts ---------------------------------------------------------------------------------------------------

    @cached_property
    def stations(self) -> tuple[Post, ...]:
        """All stations of the region's list, in service or not."""
        import shapely

        from gis.geopackage import read_layer

        try:
            rows, shapes = read_layer(self.region.folder / GEOPACKAGE, "stations", ("kind", "name", "operating"))
        except RegionDamagedError:  # built without --stations
            return ()
        points = shapely.get_coordinates(shapely.from_wkb(shapes)).tolist()
        return tuple(
            Post(name=str(name), kind=str(kind), location=Location(lat=lat, lon=lon), operating=bool(operating))
            for (kind, name, operating), (lon, lat) in zip(rows, points, strict=True)
        )

    @cached_property
    def post_kinds(self) -> Mapping[str, tuple[str, ...]]:
        """Kinds of station by kind of unit."""
        source = str(self.region.folder / SETTINGS)
        table = self.region.table.get("planning", {})
        given = table.get("posts", {}) if isinstance(table, Mapping) else None
        if not isinstance(given, Mapping):
            raise SourceError(
                N_("{source}: posts under [planning] is not a table; write it as [planning.posts]."), source=source
            )
        kinds = dict(DEFAULT_POSTS)
        for unit, stations in given.items():
            if not isinstance(stations, list) or not all(isinstance(one, str) for one in stations):
                raise SourceError(
                    N_("{source}, [planning.posts] {unit}: give a list of kinds of station, such as [\"puskesmas\"]."),
                    source=source, unit=unit,
                )  # fmt: skip
            kinds[unit_kind(str(unit))] = tuple(stations)
        return kinds

    def posts_if_any(self, kind: str) -> tuple[Post, ...]:
        """The stations in service at which units of a kind stand; there may be none.

        Raises
        ------
        InputError
            The region does not say where such units stand.
        """
        stations = self.post_kinds.get(kind)
        if stations is None:
            raise InputError(
                N_("It is not known at which stations units of the kind “{kind}” stand; add it to [planning.posts] "
                   "of region.toml."),
                kind=kind,
            )  # fmt: skip
        return tuple(one for one in self.stations if one.kind in stations and one.operating)

    def posts(self, kind: str) -> tuple[Post, ...]:
        """The stations in service at which units of a kind stand.

        Raises
        ------
        InputError
            As `posts_if_any`, or no such station is in service.
        """
        found = self.posts_if_any(kind)
        if not found:
            raise InputError(
                N_("The region has no station in service for units of the kind “{kind}”; build it with --stations, "
                   "or add posts."),
                kind=kind,
            )  # fmt: skip
        return found

    def post(self, name: str) -> Post:
        """A station by name; the end of a name will do where it is the only one.

        Raises
        ------
        InputError
            No such station, or several.
        """
        asked = name.casefold().strip()
        exact = [one for one in self.stations if one.name.casefold() == asked]
        found = exact or [one for one in self.stations if one.name.casefold().endswith(asked)]
        if len(found) == 1:
            return found[0]
        if not found:
            known = {one.name.casefold(): one.name for one in self.stations}
            alike = [known[one] for one in get_close_matches(asked, known, n=3, cutoff=0.0)]
            raise InputError(
                N_("There is no station called “{name}”; the names most like it are {names}."),
                name=name[:60], names=", ".join(alike) or "–",
            )  # fmt: skip
        names = ", ".join(one.name for one in found[:5])
        raise InputError(N_("“{name}” may be {names}; give the whole name."), name=name[:60], names=names)

    # --- times ---------------------------------------------------------------------------------------------------

    @cached_property
    def dispatch_settings(self) -> DispatchSettings:
        """Turnout times."""
        source = str(self.region.folder / SETTINGS)
        return DispatchSettings.from_table(self.region.table.get("dispatch", {}), source=source)

    def times_s(self, posts: Sequence[Post], kind: str) -> FloatArray:
        """(n, m) seconds from the alarm at each post to arrival on each piece of the demand, turnout included.

        Raises
        ------
        InputError
            A post that is too far from every road, or a matrix too large to hold.
        """
        pinned = self.check_reached(posts, kind)
        if len(posts) * len(self.pieces) > MOST_CELLS:
            raise InputError(
                N_("{posts} posts and {pieces} pieces of road are too many for one table; use fewer candidates."),
                posts=len(posts), pieces=len(self.pieces),
            )  # fmt: skip
        road_s: FloatArray = self.router_of(kind).edge_midpoint_times(pinned, self.pieces).seconds
        return road_s + self.dispatch_settings.turnout_of(kind)

    def check_reached(self, posts: Sequence[Post], kind: str) -> PinnedOrigins:
        """Snap posts to the roads on which units of a kind may drive.

        Raises
        ------
        InputError
            A post that is too far from every road.
        """
        pinned = self.router_of(kind).pin([post.location for post in posts])
        for post, access in zip(posts, pinned.access, strict=True):
            if access.status is RoadStatus.OFF_NETWORK and not self._roads_closed:
                raise InputError(
                    N_("{post} is too far from every road to be reached; correct its position."), post=post.name
                )
        return pinned

    def cut_off(self, posts: Sequence[Post], kind: str) -> list[tuple[str, float]]:
        """Posts from which fewer than half of the people can be reached at all, with how many can.

        Where others reach the rest, the map lacks a road beside such a post.
        """
        reached = np.isfinite(self.times_s(posts, kind)) @ self.demand.piece_people
        half = self.demand.piece_people.sum() / 2
        return [(post.name, float(count)) for post, count in zip(posts, reached, strict=True) if count < half]

    def coverage(self, posts: Sequence[Post], standard: Standard) -> Coverage:
        """Coverage of the region by posts, each with a unit of the standard's first kind."""
        return coverage(
            self.times_s(posts, standard.kinds[0]),
            self.demand,
            standard,
            region=self.region_area,
            kecamatan=self.kecamatan,
        )

    def plan_json(self, found: Coverage, *, gaps: int = 10) -> dict[str, Any]:
        """A coverage as plain values; times that are not there are None."""
        return {
            "standard": {
                "kinds": list(found.standard.kinds),
                "within_s": found.standard.within_s,
                "share": found.standard.share,
            },
            "region": area_json(found.region),
            "kecamatan": [area_json(one) for one in found.kecamatan],
            "villages": [area_json(one) for one in found.villages],
            "gaps": [one.area.code for one in found.gaps(gaps)],
            "notice": self.region.notice,
        }


def area_json(found: Any) -> dict[str, Any]:
    """One area's coverage as plain values."""

    def number(value: float, digits: int) -> float | None:
        return round(value, digits) if np.isfinite(value) else None

    return {
        "code": found.area.code,
        "name": found.area.name,
        "people": round(found.people),
        "within": round(found.within),
        "share": number(found.share, 4),
        "second_share": number(found.second_share, 4),
        "uncovered": round(found.uncovered),
        "unreached": round(found.unreached),
        "mean_s": number(found.mean_s, 1),
        "median_s": number(found.median_s, 1),
        "p90_s": number(found.p90_s, 1),
        "worst_s": number(found.worst_s, 1),
        "meets": found.meets,
    }


def post_json(post: Post) -> dict[str, Any]:
    """A post as plain values."""
    return {
        "name": post.name,
        "kind": post.kind,
        "lat": round(post.location.lat, 6),
        "lon": round(post.location.lon, 6),
        "operating": post.operating,
    }


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Two plans side by side as plain values."""

    def change(one: AreaChange) -> dict[str, Any]:
        moved = one.mean_change_s
        return {
            "code": one.after.area.code,
            "name": one.after.area.name,
            "before": area_json(one.before),
            "after": area_json(one.after),
            "gained": round(one.gained),
            "mean_change_s": round(moved, 1) if np.isfinite(moved) else None,
        }

    return {
        "region": change(found.region),
        "kecamatan": [change(one) for one in found.kecamatan],
        "villages": [change(one) for one in found.most_changed()],
    }
