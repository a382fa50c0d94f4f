"""What each edge costs: one metric per settings and closures, apart from the topology.

Costs are whole milliseconds. Sums of whole numbers below 2**53 are exact in float64, so every fast search can be held
to equality with a plain one, and two routes that tie do tie.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gis.errors import InputError
from routing.components import open_by_default
from routing.network import ROAD_CLASSES, Int64Array, RoadNetwork
from routing.settings import MaxspeedPolicy, RoutingSettings

CLOSED = -1
"""The cost of an edge that may not be driven."""

MS_PER_S = 1000
_MS_PER_HOUR = 3_600_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricKey:
    """Which metric it is.

    Attributes
    ----------
    profile
        Name of the vehicle profile.
    hour
        Of the week in local time (0 is Monday from midnight), or None where the speeds are those of any hour.
    closures
        Digest of the set of edges closed for now; empty for none.
    """

    profile: str = ""
    hour: int | None = None
    closures: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Metric:
    """Driving time of every edge.

    Attributes
    ----------
    edge_ms
        (E,) whole milliseconds from end to end, or `CLOSED`.
    turn_round_ms
        Whole milliseconds of turning round at a node, on top of the edges.
    obeys_restrictions
        Whether turn restrictions bind; else they are driven through.
    key
        Names the metric.
    """

    edge_ms: Int64Array
    turn_round_ms: int = 0
    obeys_restrictions: bool = True
    key: MetricKey = MetricKey()

    @property
    def is_open(self) -> npt.NDArray[np.bool_]:
        """(E,) True where the edge may be driven."""
        return self.edge_ms >= 0

    @classmethod
    def build(cls, network: RoadNetwork, settings: RoutingSettings, closures: Iterable[int] = ()) -> Metric:
        """Cost of every edge under `settings`, with the edges of `closures` closed.

        Length over speed is rounded to whole milliseconds, at least 1 for an edge that has a length; a known duration
        (`edge_extra_ms`) replaces it. Edges that are private, forbidden or barred are closed unless emergency
        vehicles are let through by their tags. A closure closes the edge named, not its twin.

        Raises
        ------
        InputError
            When a closure is not an edge of the network.
        """
        speed_kph = edge_speeds_kph(network, settings)
        length_m = np.asarray(network.edge_length_m)
        ms = np.rint(length_m / 1000.0 / speed_kph * _MS_PER_HOUR).astype(np.int64)
        ms[(ms == 0) & (length_m > 0)] = 1
        known = network.edge_extra_ms >= 0
        ms[known] = network.edge_extra_ms[known]
        closed = checked_closures(network, closures)
        ms[~open_by_default(network.edge_flags)] = CLOSED
        ms[closed] = CLOSED
        ms.flags.writeable = False
        digest = hashlib.sha256(closed.tobytes()).hexdigest()[:16] if len(closed) else ""
        return cls(
            edge_ms=ms,
            turn_round_ms=round(settings.turn_round_s * MS_PER_S),
            key=MetricKey(closures=digest),
        )


def edge_speeds_kph(network: RoadNetwork, settings: RoutingSettings) -> npt.NDArray[np.float64]:
    """(E,) speed on every edge in km/h: its class's, changed by a tagged limit as `settings.maxspeed` says."""
    # A barrier has no length, so its speed never counts; any number keeps the division quiet.
    by_class = np.array([1.0 if name == "barrier" else settings.speeds_kph[name] for name in ROAD_CLASSES])
    speed = by_class[network.edge_class]
    limit = network.edge_maxspeed_kph.astype(np.float64)
    tagged = np.isfinite(limit) & (limit > 0)
    if settings.maxspeed is MaxspeedPolicy.REPLACE:
        return np.where(tagged, limit, speed)
    if settings.maxspeed is MaxspeedPolicy.CAP:
        return np.where(tagged, np.minimum(limit, speed), speed)
    return speed


def checked_closures(network: RoadNetwork, closures: Iterable[int]) -> Int64Array:
    """Closed edges, rising and each once.

    Raises
    ------
    InputError
        When one is not an edge of the network.
    """
    closed = np.array(sorted(set(closures)), dtype=np.int64)
    if len(closed) and not (closed[0] >= 0 and closed[-1] < network.edge_count):
        raise InputError(
            f"A closure names edge {closed[0] if closed[0] < 0 else closed[-1]}, but the network's edges are "
            f"0 to {network.edge_count - 1}; name edges of this region."
        )
    return closed
