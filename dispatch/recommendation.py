"""The records of a recommendation: what was asked, what was seen, what is recommended, and why.

Plain values throughout (no array, no infinity, no open mapping), so that a recommendation and its inputs can be written
as JSON, stored, loaded and computed again: `dispatch.recommend.recommend_from` gives an equal one. `POLICY` grows
when the same inputs would give another answer.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from dispatch.closures import ClosureInForce
from dispatch.cover import CoverCost
from dispatch.directory import Requirement
from dispatch.incidents import Incident, Severity, UnitState
from dispatch.ranking import RankedUnit
from dispatch.readiness import Availability
from dispatch.recommendation_settings import RecommendationSettings
from dispatch.screening import ExcludedUnit, Exclusion, Shortfall
from dispatch.types import Unit
from dispatch.village_eta import VillageUnit, whole_mm, whole_ms
from gis.types import Location
from routing.types import DrivingTime, MetricKey

POLICY: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaTimes:
    """Road times over the roads of a village or kecamatan, packed to be stored.

    Attributes
    ----------
    units, pieces
        Number of units and of pieces of road.
    packed_ms
        Whole milliseconds from each unit to the middle of each piece, -1 where no road leads there; rows of 32-bit
        little-endian integers, zlib, base64.
    packed_mm
        Whole millimetres of each piece, 64-bit, in the same way.
    """

    units: int
    pieces: int
    packed_ms: str
    packed_mm: str

    @classmethod
    def of(cls, road_s: npt.NDArray[np.float64], length_m: npt.NDArray[np.float64]) -> AreaTimes:
        """Pack times (units x pieces, in seconds, infinite or NaN where no road leads) and lengths in metres.

        Raises
        ------
        ValueError
            Arrays that do not match in shape, negative numbers, or times beyond 24 days.
        """
        times = np.asarray(road_s, dtype=np.float64)
        if times.ndim != 2 or times.shape[1] != len(length_m):
            raise ValueError(f"times of shape {times.shape} for {len(length_m)} pieces of road")
        ms = whole_ms(times)
        if ms.size and int(ms.max()) > np.iinfo(np.int32).max:
            raise ValueError("a road time is beyond 24 days")
        return cls(
            units=times.shape[0],
            pieces=times.shape[1],
            packed_ms=_pack(ms.astype("<i4").tobytes()),
            packed_mm=_pack(whole_mm(length_m).astype("<i8").tobytes()),
        )

    def road_s(self) -> npt.NDArray[np.float64]:
        """(units, pieces) seconds; infinite where no road leads."""
        ms = np.frombuffer(_unpack(self.packed_ms), dtype="<i4").reshape(self.units, self.pieces)
        return np.where(ms < 0, np.inf, ms / 1000.0)

    def length_m(self) -> npt.NDArray[np.float64]:
        """(pieces,) metres."""
        return np.frombuffer(_unpack(self.packed_mm), dtype="<i8").reshape(self.pieces) / 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitInput:
    """What was known of one unit.

    Attributes
    ----------
    state
        The unit as the centre knew it.
    time
        Road time to the target from its start; None where only an area, or nothing, is known of the target.
    start
        Where it will set out from, where that is not its last fix: the hospital it takes a patient to.
    cover
        What sending it costs the cover by its kind; None where that was not asked.
    profile
        The vehicle profile that its times are for; None where nobody said.
    exemptions
        Rules of the road that it breaks on its way by what its agency is granted; None where nobody looked.
    """

    state: UnitState
    time: DrivingTime | None = None
    start: Location | None = None
    cover: CoverCost | None = None
    profile: str | None = None
    exemptions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationInputs:
    """Everything that a recommendation rests on.

    Attributes
    ----------
    incident
        As it stood.
    required
        All that its run card asks for up to its alarm level.
    sent
        Ids of the units that are at it or on their way to it, sorted.
    agencies
        Only units of these, sorted; None for all.
    standard_s
        Seconds from the report to the first unit on scene; None where there is no standard.
    units
        By id; retired ones too.
    area
        Times over an area's roads, a row per unit, where no point is known; its middle is the incident's location.
    now
        The clock.
    closures, metric
        Roads closed then, and the name of the times that were asked.
    metrics, pending
        The times that answered, one by profile and hour, and whether newer ones were being worked out.
    failed
        Vehicle profiles whose times could not be worked out, so that older ones answered.
    hour
        Hour of the week (0 from Monday midnight, local time) by which traffic was told; None for no hour in particular.
    """

    incident: Incident
    required: tuple[Requirement, ...]
    sent: tuple[str, ...]
    agencies: tuple[str, ...] | None
    standard_s: float | None
    units: tuple[UnitInput, ...]
    area: AreaTimes | None
    settings: RecommendationSettings
    now: datetime
    closures: tuple[ClosureInForce, ...] = ()
    metric: str = ""
    metrics: tuple[MetricKey, ...] = ()
    pending: bool = False
    failed: tuple[str, ...] = ()
    hour: int | None = None


class Basis(StrEnum):
    """What the times are for: a point, the roads of an area, or nothing, for the location is not known."""

    POINT = "point"
    AREA = "area"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A unit that can fill a requirement; exactly one of `point` and `area` is there.

    Attributes
    ----------
    point
        Its rank, the parts of its ETA and its reason, for a point.
    area
        Its rank, the spread of its ETA (earliest, median, latest) and its shares, over an area's roads.
    availability
        When it can be given the incident; its waiting is part of the times above.
    free_at
        The time at which it expects to be free, for a unit that is not free now.
    start
        Where it will set out from, where that is not its last fix.
    chosen_for
        Number (from 0) of the requirement for which the response sends it; None where it is not sent.
    cover
        What sending it costs the others; None where that was not asked. It orders nothing.
    profile, exemptions
        As in `UnitInput`.
    """

    point: RankedUnit | None
    area: VillageUnit | None
    availability: Availability
    free_at: datetime | None
    start: Location | None
    chosen_for: int | None
    cover: CoverCost | None
    profile: str | None = None
    exemptions: tuple[str, ...] | None = None

    @property
    def _ranked(self) -> RankedUnit | VillageUnit:
        if self.point is not None:
            return self.point
        if self.area is None:
            raise ValueError("a candidate without a time")
        return self.area

    @property
    def unit(self) -> Unit:
        """The unit."""
        return self._ranked.unit

    @property
    def rank(self) -> int:
        """Rank by arrival, from 1."""
        return self._ranked.rank

    @property
    def straight_m(self) -> float:
        """Great-circle metres from its start."""
        return self._ranked.straight_m

    @property
    def straight_rank(self) -> int:
        """Rank by straight line, from 1."""
        return self._ranked.straight_rank

    @property
    def waiting_s(self) -> float:
        """Seconds until it is free to turn out."""
        return self._ranked.waiting_s

    @property
    def arrival_s(self) -> float:
        """Seconds from now until it is there; for an area, what can be expected."""
        return self.point.eta_s if self.point is not None else self.area.expected_s if self.area is not None else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Who can fill one requirement.

    Attributes
    ----------
    requirement
        What is still lacking; its number counts without the units that were sent already.
    candidates
        Every unit that can fill it, by rank.
    excluded
        Units of the kind that cannot, with the reason.
    shortfalls
        What is lacking of the requirement in the response.
    worth_asking
        Ids of units with a stale or impossible fix that, from where they were seen last, would be there before the last
        unit chosen: ask them by radio.
    road_m, unreachable_share
        For an area: metres of road in it, and the share of them that no candidate reaches; else None.
    """

    requirement: Requirement
    candidates: tuple[Candidate, ...]
    excluded: tuple[ExcludedUnit, ...]
    shortfalls: tuple[Shortfall, ...]
    worth_asking: tuple[str, ...]
    road_m: float | None = None
    unreachable_share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One unit of a response.

    Attributes
    ----------
    requirement
        Number of the requirement it fills, from 0.
    unit_id
        The unit.
    arrival_s
        Seconds from now until it is there, waiting included; for an area, what can be expected.
    waiting_s
        Seconds until it is free; 0 where it is free now.
    is_free
        Whether it can be given the incident now.
    """

    requirement: int
    unit_id: str
    arrival_s: float
    waiting_s: float
    is_free: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Units sent together, none of them twice.

    Attributes
    ----------
    picks
        By requirement, then by arrival.
    lacking
        Number of units that nobody is left to fill.
    first_s, latest_s
        First and last arrival, in seconds from now; None where nobody is sent.
    total_s
        Sum of the arrivals.
    """

    picks: tuple[Pick, ...]
    lacking: int
    first_s: float | None
    latest_s: float | None
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """Who should go, who else could, and what is lacking.

    Attributes
    ----------
    policy
        See `POLICY`.
    incident_id, category, severity, received_at, alarm_level
        What it is for.
    made_at
        The clock it was made by.
    basis, target
        What the times are for.
    required
        All that is asked for, equal requirements added up.
    sent
        Ids of the units counted as sent.
    answers
        One per requirement that is not filled yet.
    response
        The units to send. As many as can be; as few as can be that are not free yet; then the last of them as soon
        as can be; then the sum of arrivals the least.
    if_waited
        The response that counts units soon to be free like all others, where its last arrival (or then its sum) is
        earlier; else None.
    due_at
        When somebody should be there by the standard; None where there is none.
    late_s
        Seconds by which the first arrival is after that; 0 where it is not; None without a standard or a pick.
    retired
        Ids of units that are no longer part of the fleet.
    not_asked
        Ids of units of no kind that is still asked for.
    closures, metric
        Roads closed when it was made, and the name of the times that it rests on.
    metrics, pending
        The times themselves, one by profile and hour, and whether newer ones were being worked out.
    failed
        As in `RecommendationInputs`.
    hour
        As in `RecommendationInputs`.
    """

    policy: int
    incident_id: str
    category: str
    severity: Severity
    received_at: datetime
    alarm_level: int
    made_at: datetime
    basis: Basis
    target: Location | None
    required: tuple[Requirement, ...]
    sent: tuple[str, ...]
    answers: tuple[Answer, ...]
    response: Response
    if_waited: Response | None
    due_at: datetime | None
    late_s: float | None
    retired: tuple[str, ...]
    not_asked: tuple[str, ...]
    closures: tuple[ClosureInForce, ...] = ()
    metric: str = ""
    metrics: tuple[MetricKey, ...] = ()
    pending: bool = False
    failed: tuple[str, ...] = ()
    hour: int | None = None

    @property
    def shortfalls(self) -> tuple[Shortfall, ...]:
        """Of all requirements."""
        return tuple(one for answer in self.answers for one in answer.shortfalls)


class WhyKind(StrEnum):
    """Why a unit is or is not sent.

    `FIRST`: sent, and the first by arrival for its requirement. `SENT_AFTER_OTHERS`: sent, though others (given) rank
    before it; they fill another slot, or are not free yet. `LATER`: not needed, for those sent arrive before it.
    `NOT_FREE_YET`: it would arrive before one that is sent, but is not free. `EXCLUDED`: it cannot be sent (the reason
    given). `OTHER_KIND`: of no kind that is still asked for. `RETIRED`: no longer part of the fleet. `ALREADY_SENT`: at
    the incident or on its way. `NOTHING_OPEN`: everything asked for is.
    """

    FIRST = "first"
    SENT_AFTER_OTHERS = "sent_after_others"
    LATER = "later"
    NOT_FREE_YET = "not_free_yet"
    EXCLUDED = "excluded"
    OTHER_KIND = "other_kind"
    RETIRED = "retired"
    ALREADY_SENT = "already_sent"
    NOTHING_OPEN = "nothing_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why one unit is or is not sent.

    Attributes
    ----------
    requirement
        Number of the requirement it is about, from 0; None where it is about none.
    rank, arrival_s, free_in_s
        As a candidate for it.
    before
        Ids that rank before it without being sent for the requirement, for `SENT_AFTER_OTHERS`.
    other, difference_s
        The last unit sent for the requirement, and the seconds between the two arrivals, never negative.
    exclusion, also
        For `EXCLUDED`.
    """

    kind: WhyKind
    unit_id: str
    requirement: int | None = None
    rank: int | None = None
    arrival_s: float | None = None
    free_in_s: float | None = None
    before: tuple[str, ...] = ()
    other: str | None = None
    difference_s: float | None = None
    exclusion: Exclusion | None = None
    also: tuple[Exclusion, ...] = ()


def _pack(raw: bytes) -> str:
    return base64.b64encode(zlib.compress(raw, 6)).decode("ascii")


def _unpack(text: str) -> bytes:
    try:
        return zlib.decompress(base64.b64decode(text, validate=True))
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"packed times are damaged: {error}") from None
