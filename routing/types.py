"""The records of `routing`: how far, how long, along which streets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gis.types import Location


class RoadStatus(StrEnum):
    """How a location meets the roads.

    `CONNECTED`: the nearest road is one that the units can reach. `REROUTED`: the nearest road is cut off, a
    connected one close by was taken. `ISOLATED`: the location is on a cut-off piece of road and the nearest connected
    road is far. `OFF_NETWORK`: no road at all is near enough.
    """

    CONNECTED = "connected"
    REROUTED = "rerouted"
    ISOLATED = "isolated"
    OFF_NETWORK = "off_network"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snap:
    """The nearest point on an edge.

    Attributes
    ----------
    edge
        The edge; its twin, where it has one, is the same piece of road driven the other way.
    fraction
        Share of the edge's length before the point, 0 to 1.
    location
        The point on the road.
    distance_m
        Metres off the road.
    """

    edge: int
    fraction: float
    location: Location
    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadAccess:
    """Where a location meets the roads: one snap, or two where its own piece of road is cut off.

    Attributes
    ----------
    status
        See `RoadStatus`.
    snaps
        Nearest first; empty for `OFF_NETWORK`.
    nearest_m
        Metres to the nearest road of any kind, or None where there is none within the limit.
    connected_m
        Metres to the nearest road that the units can reach, or None.
    on_closed_road
        Whether the location stands on a road that is closed to the units, and on no other: the nearest road that they
        may drive, which all else speaks of, is another one.
    """

    status: RoadStatus
    snaps: tuple[Snap, ...]
    nearest_m: float | None
    connected_m: float | None
    on_closed_road: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricKey:
    """What a metric is for.

    Attributes
    ----------
    profile
        Name of the vehicle profile, with its exemptions (`Profile.key`).
    hour
        Of the week, 0 to 167 from Monday midnight, local time; None where no hour counts.
    closures
        Digest of the closed edges (`closures_digest`); empty where none is closed.
    speeds
        Version of the learnt factors (`SpeedFactors.version`) where they count; empty where none do.
    """

    profile: str = ""
    hour: int | None = None
    closures: str = ""
    speeds: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivingTime:
    """How long one origin takes to the target. Seconds and metres; None where no road leads there.

    Attributes
    ----------
    reach_road_s
        From the unit's position to the road, off the road.
    driving_s
        On the road; None when unreachable.
    last_metres_s
        From the road to the target, on foot.
    """

    reach_road_s: float
    driving_s: float | None
    last_metres_s: float

    @property
    def total_s(self) -> float | None:
        """All three together to the millisecond (so that equal times compare equal), or None when unreachable."""
        if self.driving_s is None:
            return None
        return round(self.reach_road_s + self.driving_s + self.last_metres_s, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStep:
    """One stretch of the same street.

    Attributes
    ----------
    name
        Street name; empty where the road has none.
    road_class
        Of `routing.network.ROAD_CLASSES`.
    manoeuvre
        `depart`, `continue`, `slight_left`, `left`, `sharp_left`, `slight_right`, `right`, `sharp_right`,
        `uturn`, `roundabout`, `ferry`, `arrive`.
    length_m, seconds
        Of the stretch.
    location
        Where the stretch begins.
    bearing_deg
        Direction of travel at its beginning, clockwise from north.
    roundabout_exit
        Which exit is taken, from 1, for `roundabout`; else None.
    """

    name: str
    road_class: str
    manoeuvre: str
    length_m: float
    seconds: float
    location: Location
    bearing_deg: float
    roundabout_exit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One exact shortest path, partial first and last edges included.

    Attributes
    ----------
    edges
        Edges driven in order; the first and the last may be driven in part.
    points
        (lat, lon) in degrees along the road.
    length_m
        Metres on the road.
    time
        The parts of the travel time.
    origin, target
        What was asked, as snapped.
    steps
        Street by street.
    """

    edges: tuple[int, ...]
    points: tuple[tuple[float, float], ...]
    length_m: float
    time: DrivingTime
    origin: Snap
    target: Snap
    steps: tuple[RouteStep, ...]


class Selection(StrEnum):
    """How the roads of a closure are chosen."""

    EDGES = "edges"
    STREET = "street"
    POLYGON = "polygon"
    POINT = "point"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadSelector:
    """What somebody closed, as it was said; `routing.closures` finds the edges.

    Attributes
    ----------
    edges
        For `EDGES`: numbers of the network that was open then, each its own direction.
    street
        For `STREET`: its name.
    area_code
        For `STREET`: only within this village or kecamatan; None for anywhere.
    polygon
        For `POLYGON`: its corners in order, without the first repeated. Every road that touches it is closed.
    location, radius_m
        For `POINT`: roads within so many metres, with 0 the nearest road alone. For `STREET`: the part nearest to
        the location, or with a radius what lies within it.
    bearing_deg
        Only the direction that leads this way, clockwise from north; None closes both.
    """

    kind: Selection
    edges: tuple[int, ...] = ()
    street: str | None = None
    area_code: str | None = None
    polygon: tuple[Location, ...] = ()
    location: Location | None = None
    radius_m: float | None = None
    bearing_deg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadStretch:
    """One closed edge as a line on the ground, by which it is found again on another build of the map.

    Attributes
    ----------
    way_id
        OSM way.
    points
        (lat, lon) in degrees in the direction of travel.
    """

    way_id: int
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedRoads:
    """The edges of a closure.

    Attributes
    ----------
    network
        Checksum of the network whose numbers these are.
    edges
        Rising, each once.
    stretches
        The same edges as lines, where the selector alone would not find them again; else empty.
    """

    network: str
    edges: tuple[int, ...]
    stretches: tuple[RoadStretch, ...] = ()
