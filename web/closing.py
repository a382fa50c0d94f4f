"""From what somebody wants closed to the command that closes it: the roads meant, and what that does, beforehand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import numpy as np
import shapely
from annotated_types import Ge, Le, MaxLen

from dispatch.closures import ClosureReason, VillageCutOff
from dispatch.commands import CloseRoad, FreeText, Name, Point, Time, Word
from gis.errors import N_, InputError, OutsideRegionError
from gis.types import Location
from routing.closures import MOST_RADIUS_M, StreetPart
from routing.network import Int64Array
from routing.types import RoadSelector, Selection
from web.road_keeper import RoadKeeper
from web.service import Desk

MOST_SHARE: Final = 0.5
"""More of a region's roads than this are closed only by who says that it is meant."""
MOST_STREETS: Final = 12
MOST_CORNERS: Final = 2000
MOST_EDGES: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClosure:
    """What to close: exactly one of `edges`, `street`, `polygon` and `location`; a location may go with a street.

    Attributes
    ----------
    edges
        Numbers of directed edges.
    street
        A name, such as Jl. Tuparev.
    area_code
        Only the part of the street in this village or kecamatan.
    every_part
        All streets of that name, where there are several.
    polygon
        Corners in order; every road that touches it is closed.
    location, radius_m
        All roads within so many metres; with 0 or without a radius the nearest road.
    bearing_deg
        Only the direction that leads this way, degrees clockwise from north; without it both.
    reason
        Why.
    note
        What else there is to say: kept with the personal texts.
    starts_at, ends_at
        From when (now) and until when (until it is reopened).
    scenario
        Name of the scenario that it belongs to.
    whole_region
        It is meant even where it closes more than half of all roads.
    """

    reason: ClosureReason
    edges: Annotated[tuple[Annotated[int, Ge(0), Le(2**31 - 1)], ...], MaxLen(MOST_EDGES)] | None = None
    street: Name | None = None
    area_code: Name | None = None
    every_part: bool = False
    polygon: Annotated[tuple[Point, ...], MaxLen(MOST_CORNERS)] | None = None
    location: Point | None = None
    radius_m: Annotated[float, Ge(0), Le(MOST_RADIUS_M)] | None = None
    bearing_deg: Annotated[float, Ge(0), Le(360)] | None = None
    note: FreeText | None = None
    starts_at: Time | None = None
    ends_at: Time | None = None
    scenario: Word | None = None
    whole_region: bool = False


class AmbiguousStreetError(InputError):
    """Several streets have the name; `values["parts"]` are they, the longest first."""

    code = "ambiguous-street"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Closing:
    """A closure that could be made.

    Attributes
    ----------
    edges
        What it closes.
    villages
        Whom it cuts off beyond those whom the closures in force cut off already; share and people are what it adds.
    """

    command: CloseRoad
    edges: Int64Array
    villages: tuple[VillageCutOff, ...]

    @property
    def people(self) -> int:
        """Of all villages."""
        return sum(one.people or 0 for one in self.villages)


def closing_of(new: NewClosure, desk: Desk, keeper: RoadKeeper, *, with_villages: bool = False) -> Closing:
    """The command that closes what is wanted.

    Raises
    ------
    InputError
        Nothing, several things at once, or too much is wanted; `AmbiguousStreetError` tells the candidates.
    OutsideRegionError
        It lies outside the region.
    """
    finder = desk.roads.finder
    selector = _selector(new)
    within = _area(desk, selector.area_code)
    if selector.kind is Selection.STREET and not new.every_part and selector.location is None:
        parts = finder.street(selector.street or "", within=within)
        if len(parts) > 1:
            raise _ambiguous(selector, parts, desk)
    edges = finder.select(selector, within)
    share = finder.share_of_roads(edges)
    if share > MOST_SHARE and not new.whole_region:
        raise InputError(
            N_("That closes {share} of all roads of the region; confirm that it is meant, or make it smaller."),
            share=f"{round(share * 100)} %",
        )
    command = CloseRoad(
        selector=selector,
        roads=finder.kept(selector, edges),
        length_m=round(finder.length_m(edges), 1),
        reason=new.reason,
        streets=finder.names_of(edges)[:MOST_STREETS],
        note=new.note,
        starts_at=new.starts_at,
        ends_at=new.ends_at,
        scenario=new.scenario,
    )
    villages: tuple[VillageCutOff, ...] = ()
    if with_villages:
        closed = desk.roads.state.edges
        villages = _more(keeper.cut_off_by(closed), keeper.cut_off_by(np.union1d(closed, edges)))
    return Closing(command=command, edges=edges, villages=villages)


def _more(before: tuple[VillageCutOff, ...], after: tuple[VillageCutOff, ...]) -> tuple[VillageCutOff, ...]:
    """What is cut off afterwards and was not before."""
    known = {one.code: one for one in before}
    added = []
    for one in after:
        old = known.get(one.code)
        if old is None:
            added.append(one)
        elif one.share > old.share:
            people = None if one.people is None or old.people is None else one.people - old.people
            added.append(replace(one, share=round(one.share - old.share, 4), people=people))
        elif one.is_more_than(old):  # as many roads, for more vehicles
            added.append(one)
    return tuple(added)


def _selector(new: NewClosure) -> RoadSelector:
    given = [name for name in ("edges", "street", "polygon") if getattr(new, name) is not None]
    if new.location is not None and new.street is None:
        given.append("location")
    if len(given) != 1:
        raise InputError(N_("Say what to close by one of edges, street, polygon and location, and by one alone."))
    kind = {
        "edges": Selection.EDGES,
        "street": Selection.STREET,
        "polygon": Selection.POLYGON,
        "location": Selection.POINT,
    }[given[0]]
    _refuse_idle(new, kind)
    return RoadSelector(
        kind=kind,
        edges=new.edges or (),
        street=new.street,
        area_code=new.area_code,
        polygon=new.polygon or (),
        location=new.location,
        radius_m=new.radius_m,
        bearing_deg=new.bearing_deg,
    )


def _refuse_idle(new: NewClosure, kind: Selection) -> None:
    """Refuse what would be passed over: whoever narrows a closure must not have more roads closed than he said."""
    by_street = kind is Selection.STREET
    if not by_street and (new.area_code is not None or new.every_part):
        raise InputError(N_("A village, a kecamatan or “every part” goes with the name of a street; leave it out."))
    if new.radius_m is not None and new.location is None:
        raise InputError(N_("A radius goes with a place; say which, or leave it out."))


def _area(desk: Desk, code: str | None) -> shapely.Geometry | None:
    if code is None:
        return None
    try:
        return desk.region.boundaries.polygon(desk.region.boundaries.area(code).code)
    except LookupError:
        raise OutsideRegionError(
            N_("The region has no area with the code “{code}”; check the code."), code=code[:20]
        ) from None


def _ambiguous(selector: RoadSelector, parts: tuple[StreetPart, ...], desk: Desk) -> AmbiguousStreetError:
    told: list[dict[str, Any]] = []
    for part in parts:
        match = desk.region.boundaries.locate(part.middle)
        told.append(
            {
                "name": part.name,
                "village": None if match.village is None else match.village.name,
                "village_code": None if match.village is None else match.village.code,
                "kecamatan": None if match.kecamatan is None else match.kecamatan.name,
                "length_m": round(part.length_m),
                "lat": part.middle.lat,
                "lon": part.middle.lon,
            }
        )
    shown = "; ".join(
        f"{one['name']}, {one['village'] or '-'} ({one['length_m']} m, {one['lat']:.5f},{one['lon']:.5f})"
        for one in told[:5]
    )
    return AmbiguousStreetError(
        N_("{count} streets are called “{name}”: {shown}; say near which place or in which area, or take every part."),
        count=len(parts),
        name=(selector.street or "")[:80],
        shown=shown,
        parts=told,
    )


def ring_of(text: str, *, source: str) -> tuple[Location, ...]:
    """Corners of a polygon from WKT or GeoJSON text.

    Raises
    ------
    InputError
        It is neither, or not one polygon without holes.
    """
    try:
        shape = shapely.from_geojson(text) if text.lstrip().startswith("{") else shapely.from_wkt(text)
    except shapely.errors.GEOSException:
        raise InputError(N_("{source} is neither WKT nor GeoJSON of a polygon."), source=source) from None
    parts = [one for one in shapely.get_parts(shapely.get_parts([shape])) if not one.is_empty]
    if len(parts) != 1 or parts[0].geom_type != "Polygon":
        raise InputError(
            N_("{source} holds {count} shapes; give one polygon for each closure."), source=source, count=len(parts)
        )
    if len(parts[0].interiors):
        raise InputError(N_("The polygon of {source} has holes; draw it without them."), source=source)
    corners = shapely.get_coordinates(parts[0].exterior)[:-1].tolist()
    if any(not (abs(lat) <= 90 and abs(lon) <= 180) for lon, lat in corners):
        raise InputError(N_("{source} is not in degrees of longitude and latitude."), source=source)
    return tuple(Location(lat=lat, lon=lon) for lon, lat in corners)
