"""Whether OSRM sends the same unit first at the same speeds, and for every incident where it does not, why.

OSRM is given our own roads, with our speed of every edge in the tags, and its own copy of the questions; it snaps and
searches by itself. Off the road both walk and drive at our speeds, each from its own nearest road.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.travel.osm_write import write_osm
from bench.travel.other_python import OSRM_SCALE, PeerAnswer, PeerProcess, build_osrm
from gis.geodesy import distance_m
from gis.types import Location
from routing.router import Router
from routing.types import Snap

SEED = 112
OFF_DEG = 0.001
"""Standard deviation of units and incidents about nodes of the network."""

SNAP_APART_M = 2.0
"""Points on the road farther apart than this are different points; OSRM keeps coordinates to a tenth of a metre."""

LENGTH_SHARE = 0.001
"""By how much two times of a trip may differ: OSRM has coordinates of 0.1 m, and measures parts of roads otherwise."""

FloatArray = npt.NDArray[np.float64]


class Reason(StrEnum):
    """Why two engines name different first units."""

    TIE = "both units arrive in the same second"
    ROUNDING = "OSRM rounds every piece of road to 0.1 s; counting milliseconds it names ours"
    CUT_OFF = "on a piece of road that is cut off, which OSRM leaves for the nearest large one"
    SNAPPING = "two roads are equally near, and each took another"
    TURNING = "turning round on the way, which OSRM allows at dead ends alone"
    LENGTH = "closer than the two measures of a part of a road (0.1 %)"
    UNEXPLAINED = "not explained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One incident with two answers.

    Attributes
    ----------
    incident, ours, theirs
        Number of the incident and of either first unit.
    ours_s, theirs_s
        Our own times of the two units.
    osrm_ours_s, osrm_theirs_s
        Those of OSRM, counting milliseconds.
    reason
        Why.
    """

    incident: int
    ours: int
    theirs: int
    ours_s: float
    theirs_s: float
    osrm_ours_s: float
    osrm_theirs_s: float
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two engines agree.

    Attributes
    ----------
    incidents, same
        How many were asked, and how many have the same first unit.
    median_s, p99_s
        Difference between the two times of a trip, over all pairs of unit and incident that both put on the same points
        of the road.
    differences
        Every incident with two answers.
    """

    incidents: int
    same: int
    median_s: float
    p99_s: float
    differences: tuple[Difference, ...]

    @property
    def share(self) -> float:
        """Share of the incidents with the same first unit."""
        return self.same / self.incidents

    @property
    def reasons(self) -> Counter[Reason]:
        """How many differences have which reason."""
        return Counter(difference.reason for difference in self.differences)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Trips:
    """One engine's (n, m) seconds door to door (infinite: no way); (n, 2), (m, 2) points on the road as (lat, lon)."""

    seconds: FloatArray
    origin_at: FloatArray
    target_at: FloatArray


def agreement(router: Router, python: Path, folder: Path, *, units: int, incidents: int, cut_off: bool) -> Agreement:
    """Ask both for the first unit of many incidents.

    Parameters
    ----------
    router
        Ours.
    python
        Of the peers' environment.
    folder
        Where OSRM's files are made, and found again.
    units, incidents
        How many of each are drawn.
    cut_off
        Whether some may stand on pieces of road that are cut off from the largest.
    """
    osm = _written(router, folder)
    dice = random.Random(SEED)
    origins = router.pin([place_near_road(router, dice, cut_off=cut_off) for _ in range(units)])
    targets = [place_near_road(router, dice, cut_off=cut_off) for _ in range(incidents)]
    stands = [access.snaps[0] for access in origins.access]
    meets = [router.access(target, origins).snaps[0] for target in targets]
    seconds = router.matrix(origins, targets).seconds
    ours = _Trips(
        seconds=np.where(np.isnan(seconds), np.inf, seconds), origin_at=_latlon(stands), target_at=_latlon(meets)
    )
    osrm, exact = (
        _osrm_trips(router, python, osm, origins.locations, targets, scale=scale) for scale in (1, OSRM_SCALE)
    )
    same_origin = _apart_m(ours.origin_at, osrm.origin_at) <= SNAP_APART_M
    same_target = _apart_m(ours.target_at, osrm.target_at) <= SNAP_APART_M
    alike = same_origin[:, None] & same_target[None, :] & np.isfinite(ours.seconds) & np.isfinite(exact.seconds)
    away = np.abs(ours.seconds - exact.seconds)[alike]
    differences = []
    for number in range(incidents):
        first, second = (int(np.argmin(trips.seconds[:, number])) for trips in (ours, osrm))
        if first == second:
            continue
        pair = (first, second)
        mine, theirs = (trips.seconds[list(pair), number] for trips in (ours, exact))
        if mine[1] - mine[0] < 1.0:
            reason = Reason.TIE
        elif int(np.argmin(exact.seconds[:, number])) == first:
            reason = Reason.ROUNDING
        elif cut_off and not all(
            _on_largest(router, snap) for snap in (meets[number], *(stands[unit] for unit in pair))
        ):
            reason = Reason.CUT_OFF
        elif not (same_target[number] and same_origin[list(pair)].all()):
            reason = Reason.SNAPPING
        elif any(_turns_round(router, origins.locations[unit], targets[number]) for unit in pair):
            reason = Reason.TURNING
        elif mine[1] - mine[0] <= LENGTH_SHARE * mine[0]:
            reason = Reason.LENGTH
        else:
            reason = Reason.UNEXPLAINED
        differences.append(
            Difference(
                incident=number,
                ours=first,
                theirs=second,
                ours_s=float(mine[0]),
                theirs_s=float(mine[1]),
                osrm_ours_s=float(theirs[0]),
                osrm_theirs_s=float(theirs[1]),
                reason=reason,
            )
        )
    return Agreement(
        incidents=incidents,
        same=incidents - len(differences),
        median_s=float(np.median(away)),
        p99_s=float(np.percentile(away, 99)),
        differences=tuple(differences),
    )


def _written(router: Router, folder: Path) -> Path:
    """The roads as OSRM reads them, in a folder named after them, so that what is found there is theirs."""
    network = router.network
    digest = hashlib.sha256(np.ascontiguousarray(router.metric.edge_ms))
    for array in (network.edge_tail, network.edge_head, network.curve_lat, network.curve_lon):
        digest.update(np.ascontiguousarray(array))
    osm = folder / digest.hexdigest()[:16] / "roads.osm.pbf"
    if not osm.is_file():
        osm.parent.mkdir(parents=True, exist_ok=True)
        part = osm.with_name("part.osm.pbf")
        write_osm(network, router.metric, part).rename(osm)
    return osm


def place_near_road(router: Router, dice: random.Random, *, cut_off: bool) -> Location:
    """A place about a node, on or off the road; its nearest road is one of the largest piece, unless `cut_off`."""
    network = router.network
    while True:
        node = dice.randrange(network.node_count)
        place = Location(
            lat=float(network.node_lat[node]) + dice.gauss(0.0, OFF_DEG),
            lon=float(network.node_lon[node]) + dice.gauss(0.0, OFF_DEG),
        )
        access = router.access(place)
        if access.snaps and (cut_off or _on_largest(router, access.snaps[0])):
            return place


def _osrm_trips(
    router: Router, python: Path, osm: Path, origins: Sequence[Location], targets: Sequence[Location], *, scale: int
) -> _Trips:
    settings = router.settings
    path = build_osrm(python, osm, scale=scale, turn_round_s=settings.turn_round_s, algorithm="MLD")
    with PeerProcess(python, "osrm", str(path), "MLD") as peer:
        answer = peer.ask(origins, targets)
    driving = np.array([[np.inf if value is None else value for value in row] for row in answer.seconds]) / scale
    reach, last = np.array(answer.more["origin_m"]), np.array(answer.more["target_m"])
    seconds = driving + (reach / settings.off_road_kph * 3.6)[:, None] + (last / settings.walking_kph * 3.6)[None, :]
    return _Trips(seconds=seconds, origin_at=_reversed(answer, "origin_at"), target_at=_reversed(answer, "target_at"))


def _turns_round(router: Router, origin: Location, target: Location) -> bool:
    route = router.route(origin, target)
    return route is not None and any(step.manoeuvre == "uturn" for step in route.steps)


def _on_largest(router: Router, snap: Snap) -> bool:
    return int(router.network.edge_component[snap.edge]) == 0


def _latlon(snaps: Sequence[Snap]) -> FloatArray:
    return np.array([(snap.location.lat, snap.location.lon) for snap in snaps])


def _reversed(answer: PeerAnswer, name: str) -> FloatArray:
    return np.array(answer.more[name])[:, ::-1]


def _apart_m(some: FloatArray, others: FloatArray) -> FloatArray:
    return np.asarray(distance_m(some[:, 0], some[:, 1], others[:, 0], others[:, 1]))
