"""A path told street by street, in Bahasa Indonesia and English."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gis.geodesy import LocalPlane
from gis.types import Location
from routing.metric import MS_PER_S, Metric
from routing.network import ROAD_CLASSES, EdgeFlag, RoadNetwork
from routing.path import Stretch
from routing.types import RouteStep, Snap

LANGUAGES = ("id", "en")

STRAIGHT_DEG, SLIGHT_DEG, SHARP_DEG, UTURN_DEG = 25.0, 55.0, 130.0, 170.0
"""Turns up to the first are straight on, up to the second slight, from the third sharp, from the fourth back."""

SAME_STREET_DEG = 55.0
"""A street that keeps its name bends at a junction by more than this: worth telling."""

HEADING_M = 15.0
"""Headings at a junction are taken over this much road, so that a kink in the drawing is no turn."""


@dataclass(slots=True)
class _Leg:
    """Stretches that become one step."""

    manoeuvre: str
    stretches: list[Stretch]
    named_by: Stretch
    roundabout_exit: int | None = None


def steps_along(
    stretches: Sequence[Stretch], network: RoadNetwork, metric: Metric, origin: Snap, target: Snap
) -> list[RouteStep]:
    """Steps of a path: the first is `depart`, the last `arrive`; lengths and seconds add up to those of the path.

    A step lasts while the street keeps its name (or stays without one) and goes straight on where there is a choice.
    A roundabout and the street after it are one step. Zero-length edges belong to the step they lie in.
    """
    legs = _Teller(network, metric).legs(stretches)
    steps = [_step(leg, network) for leg in legs]
    if steps:
        steps[0] = replace(steps[0], location=origin.location)
    last = stretches[-1] if stretches else None
    edge = target.edge if last is None else last.edge
    arrive = RouteStep(
        name=network.names[int(network.edge_name[edge])],
        road_class=ROAD_CLASSES[int(network.edge_class[edge])],
        manoeuvre="arrive",
        length_m=0.0,
        seconds=0.0,
        location=target.location,
        bearing_deg=0.0 if last is None else _heading(network, last.edge, at_end=True) or 0.0,
    )
    return [*steps, arrive]


class _Teller:
    """Cuts a path into legs."""

    def __init__(self, network: RoadNetwork, metric: Metric) -> None:
        self._network = network
        self._metric = metric

    def legs(self, stretches: Sequence[Stretch]) -> list[_Leg]:
        legs: list[_Leg] = []
        before: Stretch | None = None  # the last stretch that has a heading
        circling = False  # in a roundabout that the current leg entered
        for stretch in stretches:
            if not legs:
                legs.append(_Leg("depart", [stretch], stretch))
            elif stretch.length_m == 0.0 or before is None:
                legs[-1].stretches.append(stretch)
            elif circling:
                leg = legs[-1]
                leg.roundabout_exit = (leg.roundabout_exit or 0) + self._exits(before)
                circling = self._is(stretch, EdgeFlag.ROUNDABOUT)
                leg.stretches.append(stretch)
                leg.named_by = stretch
            elif self._is(stretch, EdgeFlag.ROUNDABOUT) and not self._is(before, EdgeFlag.ROUNDABOUT):
                legs.append(_Leg("roundabout", [stretch], stretch))
                circling = True
            else:
                manoeuvre = self._manoeuvre(before, stretch)
                if manoeuvre is None:
                    legs[-1].stretches.append(stretch)
                    if legs[-1].named_by.length_m == 0.0:
                        legs[-1].named_by = stretch
                else:
                    legs.append(_Leg(manoeuvre, [stretch], stretch))
            if stretch.length_m > 0.0:
                before = stretch
        if circling:
            legs[-1].roundabout_exit = None  # the path ends inside
        return legs

    def _manoeuvre(self, before: Stretch, after: Stretch) -> str | None:
        """What is done between two stretches, or None where nothing is worth telling."""
        network = self._network
        if self._is(after, EdgeFlag.FERRY):
            return None if self._is(before, EdgeFlag.FERRY) else "ferry"
        if int(network.edge_reverse[before.edge]) == after.edge:
            return "uturn"
        name = network.edge_name[after.edge]
        if self._is(before, EdgeFlag.FERRY) or name != network.edge_name[before.edge]:
            return _manoeuvre(self._turn(before, after))
        if self._ways_on(before) < 2:
            return None
        turn = self._turn(before, after)
        return _manoeuvre(turn) if abs(turn) > (SAME_STREET_DEG if name else STRAIGHT_DEG) else None

    def _turn(self, before: Stretch, after: Stretch) -> float:
        """Degrees turned, clockwise from straight on, in [-180, 180)."""
        came = _heading(self._network, before.edge, at_end=True)
        goes = _heading(self._network, after.edge, at_end=False)
        return 0.0 if came is None or goes is None else (goes - came + 180.0) % 360.0 - 180.0

    def _ways_on(self, stretch: Stretch) -> int:
        """Open edges that leave the end of a stretch, but for turning round."""
        return sum(edge != int(self._network.edge_reverse[stretch.edge]) for edge in self._onwards(stretch))

    def _exits(self, stretch: Stretch) -> int:
        """Open edges that leave the roundabout at the end of a stretch of it."""
        flags = self._network.edge_flags
        return sum(not flags[edge] & int(EdgeFlag.ROUNDABOUT) for edge in self._onwards(stretch))

    def _onwards(self, stretch: Stretch) -> list[int]:
        network = self._network
        node = int(network.edge_head[stretch.edge])
        leaving = range(int(network.edge_offset[node]), int(network.edge_offset[node + 1]))
        return [edge for edge in leaving if self._metric.edge_ms[edge] >= 0]

    def _is(self, stretch: Stretch, flag: EdgeFlag) -> bool:
        return bool(self._network.edge_flags[stretch.edge] & int(flag))


def _manoeuvre(turn: float) -> str:
    size = abs(turn)
    if size <= STRAIGHT_DEG:
        return "continue"
    if size >= UTURN_DEG:
        return "uturn"
    side = "right" if turn > 0 else "left"
    if size <= SLIGHT_DEG:
        return f"slight_{side}"
    return f"sharp_{side}" if size >= SHARP_DEG else side


def _heading(network: RoadNetwork, edge: int, *, at_end: bool) -> float | None:
    """Compass bearing of travel over the first or last metres of an edge; None where it has no length."""
    lat, lon = (values.tolist() for values in network.edge_points(edge))
    if at_end:
        lat.reverse()
        lon.reverse()
    per_lon, per_lat = LocalPlane(lat0=lat[0], lon0=lon[0]).metres_per_degree
    east_m, north_m, farthest_m = 0.0, 0.0, 0.0
    for point_lat, point_lon in zip(lat, lon, strict=True):
        x, y = (point_lon - lon[0]) * per_lon, (point_lat - lat[0]) * per_lat
        away_m = math.hypot(x, y)
        if away_m > farthest_m:
            east_m, north_m, farthest_m = x, y, away_m
        if away_m >= HEADING_M:
            break
    if farthest_m == 0.0:
        return None
    return math.degrees(math.atan2(-east_m, -north_m) if at_end else math.atan2(east_m, north_m)) % 360.0


def _step(leg: _Leg, network: RoadNetwork) -> RouteStep:
    first = leg.stretches[0]
    lat, lon = network.edge_points(first.edge)
    return RouteStep(
        name=network.names[int(network.edge_name[leg.named_by.edge])],
        road_class=ROAD_CLASSES[int(network.edge_class[leg.named_by.edge])],
        manoeuvre=leg.manoeuvre,
        length_m=sum(stretch.length_m for stretch in leg.stretches),
        seconds=sum(stretch.ms for stretch in leg.stretches) / MS_PER_S,
        location=Location(lat=float(lat[0]), lon=float(lon[0])),
        bearing_deg=_heading(network, first.edge, at_end=False) or 0.0,
        roundabout_exit=leg.roundabout_exit,
    )


# --- words ---------------------------------------------------------------------------------------------------------

_ACTIONS = {
    "id": {
        "depart": "Mulai di {road}",
        "continue": "Terus ke {road}",
        "slight_left": "Serong kiri ke {road}",
        "left": "Belok kiri ke {road}",
        "sharp_left": "Belok tajam ke kiri ke {road}",
        "slight_right": "Serong kanan ke {road}",
        "right": "Belok kanan ke {road}",
        "sharp_right": "Belok tajam ke kanan ke {road}",
        "uturn": "Putar balik ke {road}",
        "roundabout": "Masuk bundaran di {road}",
        "exit": "Di bundaran ambil jalan keluar ke-{exit} ke {road}",
        "ferry": "Naik feri {road}",
        "arrive": "Tiba di tujuan, {road}",
    },
    "en": {
        "depart": "Start on {road}",
        "continue": "Continue onto {road}",
        "slight_left": "Bear left onto {road}",
        "left": "Turn left onto {road}",
        "sharp_left": "Turn sharply left onto {road}",
        "slight_right": "Bear right onto {road}",
        "right": "Turn right onto {road}",
        "sharp_right": "Turn sharply right onto {road}",
        "uturn": "Turn round onto {road}",
        "roundabout": "Enter the roundabout on {road}",
        "exit": "At the roundabout take exit {exit} onto {road}",
        "ferry": "Take the ferry {road}",
        "arrive": "Arrive at the destination, {road}",
    },
}

_UNNAMED = {
    "motorway": ("jalan tol", "the toll road"),
    "motorway_link": ("simpang susun tol", "the toll road ramp"),
    "trunk": ("jalan nasional", "the national road"),
    "trunk_link": ("jalan penghubung", "the slip road"),
    "primary": ("jalan provinsi", "the provincial road"),
    "primary_link": ("jalan penghubung", "the slip road"),
    "secondary": ("jalan kabupaten", "the district road"),
    "secondary_link": ("jalan penghubung", "the slip road"),
    "tertiary": ("jalan desa", "the village road"),
    "tertiary_link": ("jalan penghubung", "the slip road"),
    "unclassified": ("jalan kampung", "the minor road"),
    "residential": ("jalan lingkungan", "the residential street"),
    "living_street": ("gang", "the alley"),
    "service": ("jalan akses", "the service road"),
    "road": ("jalan", "the road"),
    "track": ("jalan tanah", "the dirt track"),
    "busway": ("jalur bus", "the bus lane"),
    "ferry": ("penyeberangan", "crossing"),
    "barrier": ("portal", "the barrier"),
}
"""How a road without a name is called, in Bahasa Indonesia and in English."""


def describe(step: RouteStep, lang: str) -> str:
    """One step as a sentence: `Belok kiri ke Jalan Raya Sumber, 1,2 km`.

    Parameters
    ----------
    step
        To tell.
    lang
        `id` or `en`.

    Raises
    ------
    KeyError
        For another language.
    """
    action = "exit" if step.roundabout_exit is not None else step.manoeuvre
    road = step.name or _called(step.road_class, lang)
    text = _ACTIONS[lang][action].format(road=road, exit=step.roundabout_exit)
    return text if step.manoeuvre == "arrive" else f"{text}, {distance_text(step.length_m, lang)}"


def road_name(step: RouteStep, lang: str) -> str:
    """The name of a step's road, or how a road without a name is called: `jalan kampung`, `minor road`."""
    return step.name or _called(step.road_class, lang).removeprefix("the ")


def _called(road_class: str, lang: str) -> str:
    return _UNNAMED[road_class][LANGUAGES.index(lang) if lang in LANGUAGES else -1]


def distance_text(length_m: float, lang: str) -> str:
    """Metres as people say them: `40 m`, `350 m`, `1,2 km` (`1.2 km` in English)."""
    if length_m < 100:
        return f"{round(length_m)} m"
    if length_m < 995:
        return f"{round(length_m / 10) * 10} m"
    text = f"{length_m / 1000:.1f} km"
    return text.replace(".", ",") if lang == "id" else text
