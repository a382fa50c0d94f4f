"""Is this call about an incident that is open already? Proposals with their reasons; nothing is ever merged here.

Score = space x time x category, each 0 to 1 and shown, so a call taker sees why an incident is proposed:

- space: how near the two can be. With middles `d` apart and radii `r1`, `r2`, the distance is something from
  `max(0, d - r1 - r2)` to `d + r1 + r2`; the score is the mean over that span of a nearness that falls from 1 at
  0 m to 0 at the category's `duplicate_radius_m`. Where one of the two is known by its area only, being in the same
  village or kecamatan counts too. Where one of the two is not known at all, space neither speaks for it nor rules
  it out.
- time: 1 for a call while the incident was between its first report and its last change of status, falling to 0 at
  the category's `duplicate_window_s` before or after.
- category: the same, related, not chosen yet, or different.

An incident with space or time 0 is not proposed, whatever else agrees.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from dispatch.directory import Directory
from dispatch.incidents import Incident, IncidentLocation, LocationKind
from gis.codes import kecamatan_of
from gis.geodesy import distance_m

LIKELY_FROM: Final = 0.5
"""Score from which an incident is probably the same."""
POSSIBLE_FROM: Final = 0.1
"""Score below which an incident is not proposed."""
DEFAULT_RADIUS_M: Final = 300.0
"""Of a category that the directory does not hold (any more)."""
DEFAULT_WINDOW_S: Final = 1800.0
"""Of a category that the directory does not hold (any more)."""
SAME_VILLAGE: Final = 0.5
"""Space score where one is known by its village only and the other lies in it."""
SAME_KECAMATAN: Final = 0.25
"""Space score where one is known by its kecamatan only and the other lies in it."""
UNKNOWN_SPACE: Final = 0.2
"""Space score where nothing is known of one of the two places."""

_SCORE_DIGITS: Final = 6


class Likeness(StrEnum):
    """How sure the proposal is."""

    LIKELY = "likely"
    POSSIBLE = "possible"


class SpaceBasis(StrEnum):
    """What the space score rests on."""

    DISTANCE = "distance"
    SAME_VILLAGE = "same_village"
    SAME_KECAMATAN = "same_kecamatan"
    UNKNOWN = "unknown"


class Relation(StrEnum):
    """How two categories relate."""

    SAME = "same"
    RELATED = "related"
    NOT_CHOSEN = "not_chosen"
    DIFFERENT = "different"


RELATION_SCORE: Final = {
    Relation.SAME: 1.0,
    Relation.RELATED: 0.7,
    Relation.NOT_CHOSEN: 0.5,
    # Not 0: two callers at the same spot in the same minute may name the same event quite differently.
    Relation.DIFFERENT: 0.15,
}

# Categories that callers give to one and the same event, by the ids of the default directory. A group, not a chain:
# every two of one group are related. Ids that a directory does not use do no harm.
RELATED_GROUPS: Final[tuple[frozenset[str], ...]] = (
    frozenset({"traffic_accident", "medical"}),  # "someone is lying in the road"
    frozenset({"traffic_accident", "fire"}),  # a burning car
    frozenset({"fire", "medical"}),  # burns, smoke
    frozenset({"flood", "landslide", "wind"}),  # one storm
    frozenset({"flood", "sea_river_rescue"}),  # people in the water
    frozenset({"medical", "sea_river_rescue"}),  # drowning
    frozenset({"security", "violence_women_children"}),  # "shouting next door"
    frozenset({"security", "medical"}),  # somebody was hurt
    frozenset({"violence_women_children", "medical"}),
    frozenset({"wind", "traffic_accident"}),  # a tree on a car
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpacePart:
    """Where the two are to each other.

    Attributes
    ----------
    score
        0 to 1.
    basis
        What it rests on.
    distance_m
        Between the two middles; None where one has none.
    least_m, most_m
        The distance lies between these, by the radii of both.
    radius_m
        At which nearness ends.
    """

    score: float
    basis: SpaceBasis
    distance_m: float | None
    least_m: float | None
    most_m: float | None
    radius_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePart:
    """When the two were: seconds between the call and the incident's span, and the window where it ends."""

    score: float
    gap_s: float
    window_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryPart:
    """What the two are."""

    score: float
    relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateCandidate:
    """An open incident that a call may belong to.

    Attributes
    ----------
    score
        The product of the three parts.
    age_s
        Seconds since the incident was first reported.
    """

    incident_id: str
    score: float
    likeness: Likeness
    space: SpacePart
    time: TimePart
    category: CategoryPart
    age_s: float


def duplicate_candidates(
    *,
    location: IncidentLocation,
    category: str | None,
    received_at: datetime,
    incidents: Iterable[Incident],
    directory: Directory,
    now: datetime,
    exercise: bool = False,
    related: tuple[Set[str], ...] = RELATED_GROUPS,
) -> tuple[DuplicateCandidate, ...]:
    """Open incidents that a call may belong to, the likeliest first (ties: the older, then by id).

    Parameters
    ----------
    location
        Of the call, as well as it is known; may be unknown.
    category
        Id, or None where the call taker has not chosen yet.
    received_at
        When the call came in; a time ahead of `now` counts as now.
    incidents
        Any; those closed, cancelled, found to be duplicates or (see `exercise`) of the other world are passed over.
    directory
        Where the categories' radii and windows stand.
    now
        The time.
    exercise
        Whether the call belongs to a drill: a real call is never proposed a drill, nor the other way round.
    related
        Groups of related categories.
    """
    received_at = min(received_at, now)
    found = []
    for incident in incidents:
        if not incident.status.is_open or incident.duplicate_of is not None or incident.exercise is not exercise:
            continue
        limits = [directory.category(one) for one in {category, incident.category} if one is not None]
        # The wider of the two categories rules, so that the order of the calls makes no difference.
        radius_m = max(DEFAULT_RADIUS_M if one is None else one.duplicate_radius_m for one in limits)
        window_s = max(DEFAULT_WINDOW_S if one is None else one.duplicate_window_s for one in limits)
        space = space_part(location, incident.location, radius_m)
        time = time_part(received_at, incident, window_s)
        kind = category_part(category, incident.category, related)
        score = round(space.score * time.score * kind.score, _SCORE_DIGITS)
        if score < POSSIBLE_FROM:
            continue
        found.append(
            DuplicateCandidate(
                incident_id=incident.incident_id,
                score=score,
                likeness=Likeness.LIKELY if score >= LIKELY_FROM else Likeness.POSSIBLE,
                space=space,
                time=time,
                category=kind,
                age_s=(now - incident.received_at).total_seconds(),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.score, -one.age_s, one.incident_id)))


def space_part(one: IncidentLocation, other: IncidentLocation, radius_m: float) -> SpacePart:
    """How near two locations are, by what is known of both; the order of the two makes no difference."""
    apart = least = most = None
    score, basis = 0.0, SpaceBasis.DISTANCE
    if one.location is not None and other.location is not None:
        apart = float(distance_m(one.location.lat, one.location.lon, other.location.lat, other.location.lon))
        slack = (one.radius_m or 0.0) + (other.radius_m or 0.0)
        least, most = max(0.0, apart - slack), apart + slack
        score = mean_nearness(least, most, radius_m)
    area = _same_area(one, other)
    if area is not None and area[0] > score:
        score, basis = area
    elif apart is None and area is None and not _areas_differ(one, other):
        score, basis = UNKNOWN_SPACE, SpaceBasis.UNKNOWN
    return SpacePart(score=score, basis=basis, distance_m=apart, least_m=least, most_m=most, radius_m=radius_m)


def mean_nearness(least_m: float, most_m: float, radius_m: float) -> float:
    """Mean over the distances from least to most of `max(0, 1 - distance / radius)`."""
    if radius_m <= 0.0 or least_m >= radius_m:
        return 0.0
    end = min(most_m, radius_m)
    # Nearness is a straight line from `least` to `end`: its mean there is the value halfway, beyond it is 0.
    halfway = 1.0 - (least_m + end) / (2.0 * radius_m)
    span = most_m - least_m
    return halfway if span <= 0.0 else halfway * ((end - least_m) / span)


def time_part(received_at: datetime, incident: Incident, window_s: float) -> TimePart:
    """How near a call is to the time from an incident's first report to its last change of status."""
    before = (incident.received_at - received_at).total_seconds()
    after = (received_at - max(incident.status_at, incident.received_at)).total_seconds()
    gap_s = max(0.0, before, after)
    score = max(0.0, 1.0 - gap_s / window_s) if window_s > 0.0 else float(gap_s == 0.0)
    return TimePart(score=score, gap_s=gap_s, window_s=window_s)


def category_part(one: str | None, other: str, related: tuple[Set[str], ...] = RELATED_GROUPS) -> CategoryPart:
    """How the category of a call relates to that of an incident."""
    if one is None:
        relation = Relation.NOT_CHOSEN
    elif one == other:
        relation = Relation.SAME
    elif any(one in group and other in group for group in related):
        relation = Relation.RELATED
    else:
        relation = Relation.DIFFERENT
    return CategoryPart(score=RELATION_SCORE[relation], relation=relation)


_BY_AREA: Final = frozenset({LocationKind.VILLAGE, LocationKind.KECAMATAN})


def _same_area(one: IncidentLocation, other: IncidentLocation) -> tuple[float, SpaceBasis] | None:
    # Between two known points the area says less than their distance: it counts only where one has nothing better.
    if one.kind not in _BY_AREA and other.kind not in _BY_AREA and None not in (one.location, other.location):
        return None
    if one.village_code is not None and one.village_code == other.village_code:
        return SAME_VILLAGE, SpaceBasis.SAME_VILLAGE
    kecamatan = _kecamatan(one)
    by_kecamatan = one.village_code is None or other.village_code is None
    if by_kecamatan and kecamatan is not None and kecamatan == _kecamatan(other):
        return SAME_KECAMATAN, SpaceBasis.SAME_KECAMATAN
    return None


def _areas_differ(one: IncidentLocation, other: IncidentLocation) -> bool:
    if one.village_code is not None and other.village_code is not None:
        return one.village_code != other.village_code
    first, second = _kecamatan(one), _kecamatan(other)
    return first is not None and second is not None and first != second


def _kecamatan(location: IncidentLocation) -> str | None:
    if location.kecamatan_code is not None:
        return location.kecamatan_code
    return None if location.village_code is None else kecamatan_of(location.village_code)
