"""From what was typed to where it is: a point, a place, or only an area; ambiguity is told, never settled silently."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from gis.boundaries import BoundaryIndex
from gis.coordinate_types import Note
from gis.coordinates import parse_coordinates
from gis.errors import N_, InputError, OutsideRegionError
from gis.gazetteer import Gazetteer
from gis.search_results import Candidate
from gis.types import AdministrativeArea, AreaLevel, Location

AREA_CODE = re.compile(r"\s*(\d{2}\.\d{2}\.\d{2}(?:\.\d{4})?|\d{10}|\d{6})\s*")
AREA_KINDS = {"village": AreaLevel.VILLAGE, "kecamatan": AreaLevel.KECAMATAN}

AMBIGUOUS_WITHIN = 3.0
"""A candidate whose score is this close to the first one's might as well be meant."""

MAX_ALTERNATIVES = 9


class AskedKind(StrEnum):
    """How exactly a location was given."""

    POINT = "point"
    PLACE = "place"
    AREA = "village"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A location as understood.

    Attributes
    ----------
    text
        As typed.
    kind
        A point, a named place, or only a village (or kecamatan).
    location
        The point; for an area its representative point.
    radius_m
        Metres about `location` in which the incident may be.
    area
        The area, where only that is known.
    place
        The candidate taken, where a name was given.
    alternatives
        Other candidates that might as well be meant; not empty means that somebody should confirm.
    notes
        What was understood rather than read.
    """

    text: str
    kind: AskedKind
    location: Location
    radius_m: float
    area: AdministrativeArea | None = None
    place: Candidate | None = None
    alternatives: tuple[Candidate, ...] = ()
    notes: tuple[Note, ...] = ()


def resolve(text: str, *, boundaries: BoundaryIndex, gazetteer: Gazetteer) -> Asked:
    """Understand a location: a village code, coordinates in any form, or words.

    Raises
    ------
    InputError
        Nothing was typed, coordinates are wrong, or nothing of that name is in the region.
    OutsideRegionError
        An area code that the region does not have.
    """
    if not text.strip():
        raise InputError(N_("No location was given; type coordinates, a place, or a village."))
    code = AREA_CODE.fullmatch(text)
    if code is not None:
        return _from_code(text, code[1], boundaries)
    parsed = parse_coordinates(text, bounds=boundaries.bounds, reference=boundaries.bounds.middle)
    if parsed is not None:
        return Asked(
            text=text,
            kind=AskedKind.POINT,
            location=parsed.location,
            radius_m=parsed.precision_m,
            notes=parsed.notes,
        )
    candidates = gazetteer.search(text, limit=MAX_ALTERNATIVES + 1).candidates
    if not candidates:
        raise InputError(
            N_("Nothing called “{text}” was found in the region; try the village with its kecamatan, or coordinates."),
            text=_short(text),
        )
    first = candidates[0]
    level = AREA_KINDS.get(first.place.kind)
    return Asked(
        text=text,
        kind=AskedKind.PLACE if level is None else AskedKind.AREA,
        location=first.location,
        radius_m=first.radius_m,
        area=None if level is None else _area_of(first, boundaries),
        place=first,
        alternatives=tuple(other for other in candidates[1:] if other.score >= first.score - AMBIGUOUS_WITHIN),
    )


def _from_code(text: str, digits: str, boundaries: BoundaryIndex) -> Asked:
    plain = digits.replace(".", "")
    dotted = ".".join(part for part in (plain[:2], plain[2:4], plain[4:6], plain[6:]) if part)
    try:
        area = boundaries.area(dotted)
    except LookupError:
        raise OutsideRegionError(
            N_("The region has no village or kecamatan with the code {code}; check the code."), code=dotted
        ) from None
    return _area_asked(text, area, boundaries)


def _area_asked(text: str, area: AdministrativeArea, boundaries: BoundaryIndex) -> Asked:
    """Only an area is known."""
    return Asked(
        text=text,
        kind=AskedKind.AREA,
        location=boundaries.middle(area.code),
        radius_m=boundaries.radius_m(area.code),
        area=area,
    )


def _area_of(candidate: Candidate, boundaries: BoundaryIndex) -> AdministrativeArea:
    code = candidate.place.village_code
    if candidate.place.kind == "kecamatan":
        code = candidate.place.place_id.partition(":")[2]
    if code is None:
        raise InputError(N_("“{name}” has no area in this region; give coordinates."), name=candidate.place.name)
    return boundaries.area(code)


def _short(text: str, limit: int = 60) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
