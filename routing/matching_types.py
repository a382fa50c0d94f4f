"""The records of map matching: traces as devices give them, and what was driven."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gis.types import Location

RADIUS_68_TO_SIGMA = 0.66
"""A circle that holds 68 % of a normal error in the plane has a radius of 1.51 standard deviations of one axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePoint:
    """One position of a trace.

    Attributes
    ----------
    time_s
        Seconds on any clock that runs through the trace.
    accuracy_m
        Radius of 68 % in metres, as devices give it; None where not known.
    """

    time_s: float
    location: Location
    accuracy_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchSettings:
    """Limits of map matching.

    Attributes
    ----------
    sigma_m
        Standard deviation of a position along one axis where the device names no accuracy, and the least that is
        believed. Newson and Krumm measured 4 m with a receiver on the roof of a car; phones in a cabin do worse.
    beta_m, beta_m_per_s
        Scale of the difference between the way by road and the straight line, and how it grows with the time between
        two positions: in longer gaps roads bend more often.
    radius_sigmas, least_radius_m
        Roads this far from a position are looked at.
    candidates
        Roads looked at for one position, nearest first; each in both directions.
    longest_gap_s
        A longer silence ends a piece of the trace.
    outlier_log
        A position that costs more than this many units of log likelihood on both of its sides is dropped.
    skipped
        Positions in a row that may be dropped to join what comes before to what comes after.
    slowest_share
        A way counts up to so many times the time between its ends under the metric (the driver was that much quicker
        than the metric says), and `slack_s` more.
    stop_s
        Standing at one place for at least this long is reported as a stop.
    """

    sigma_m: float = 8.0
    beta_m: float = 6.0
    beta_m_per_s: float = 0.5
    radius_sigmas: float = 4.0
    least_radius_m: float = 40.0
    candidates: int = 8
    longest_gap_s: float = 180.0
    outlier_log: float = 12.0
    skipped: int = 3
    slowest_share: float = 4.0
    slack_s: float = 30.0
    stop_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Part of an edge, from `start` to `end` (shares of its length)."""

    edge: int
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What was driven between two positions of the trace.

    Attributes
    ----------
    start_s, end_s
        When, on the clock of the trace.
    stretches
        In driving order; each begins where the one before it ends.
    """

    start_s: float
    end_s: float
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeVisit:
    """An edge driven, in whole or in part, and when.

    Attributes
    ----------
    start, end
        Shares of the edge's length.
    enter_s, leave_s
        On the clock of the trace; between two positions time passes as the metric has it.
    """

    edge: int
    start: float
    end: float
    enter_s: float
    leave_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedPiece:
    """A part of the trace that was driven along connected roads.

    Attributes
    ----------
    legs
        Between the positions that were used.
    visits
        The same, edge by edge.
    points
        The positions used, as places in the trace.
    confidence
        Mean over these positions of the probability of the point on the road that was chosen, given the whole piece.
    """

    legs: tuple[Leg, ...]
    visits: tuple[EdgeVisit, ...]
    points: tuple[int, ...]
    confidence: float

    @property
    def seconds(self) -> float:
        """From the first position to the last."""
        return self.legs[-1].end_s - self.legs[0].start_s


class BreakReason(StrEnum):
    """Why a trace falls into pieces."""

    GAP = "gap"  # the device was silent
    OFF_ROAD = "off_road"  # no road is near enough
    NOT_JOINED = "not_joined"  # no road joins the positions in the time


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchBreak:
    """Between two pieces: from when to when, and why."""

    start_s: float
    end_s: float
    reason: BreakReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Standing at one place."""

    location: Location
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedTrace:
    """What a trace tells.

    Attributes
    ----------
    pieces
        In the order of time.
    breaks
        Between them.
    outliers
        Positions that were dropped because no driver was there, as places in the trace.
    off_road
        Positions with no road near enough.
    stops
        Where the unit stood.
    matched_share
        Seconds of the pieces over seconds of the whole trace, 0 to 1.
    """

    pieces: tuple[MatchedPiece, ...] = ()
    breaks: tuple[MatchBreak, ...] = ()
    outliers: tuple[int, ...] = ()
    off_road: tuple[int, ...] = ()
    stops: tuple[Stop, ...] = ()
    matched_share: float = 0.0

    @property
    def confidence(self) -> float:
        """Of the pieces, by their positions; 0 where there are none."""
        count = sum(len(piece.points) for piece in self.pieces)
        return sum(piece.confidence * len(piece.points) for piece in self.pieces) / count if count else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinnedPoint:
    """A position that is used, and how long the unit stayed about it.

    Attributes
    ----------
    number
        Its place in the trace.
    left_s
        When it was last seen there.
    sigma_m
        Standard deviation of its error along one axis.
    """

    number: int
    point: TracePoint
    left_s: float
    sigma_m: float
