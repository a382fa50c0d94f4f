"""From what was typed to where it is: a point, a place, or only an area; ambiguity is told, never settled silently."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from gis.address import AddressDetail
from gis.boundaries import BoundaryIndex
from gis.codes import is_kota
from gis.coordinate_types import Note
from gis.coordinates import parse_coordinates
from gis.errors import N_, InputError, OutsideRegionError
from gis.gazetteer import Gazetteer
from gis.name_index import Likeness
from gis.search_results import Candidate
from gis.text import words as name_words
from gis.types import AdministrativeArea, AreaLevel, Location
from gis.words import COMMON

AREA_CODE = re.compile(r"\s*(\d{2}\.\d{2}\.\d{2}(?:\.\d{4})?|\d{10}|\d{6})\s*")
AREA_KINDS = {"village": AreaLevel.VILLAGE, "kecamatan": AreaLevel.KECAMATAN}

AMBIGUOUS_WITHIN = 3.0
"""A candidate whose score is this close to the first one's might as well be meant."""

MAX_ALTERNATIVES = 9

LOWEST_SURE = 70.0
"""A first candidate below this, though written out, is only taken until somebody confirms it."""

LOWEST_GUESSED = 65.0
"""A name that is only similar is taken, to be confirmed, from this score on: of 8,700 texts whose village is known, one
(`pasar batik trusmi`) means a village that is found below it. It and the others are offered, but not taken."""

LOWEST_WRITTEN = 50.0
"""The same for a name that is written out."""

MAX_OFFERED = 5
"""Names that are offered in place of one that is not sure."""


class NothingSureError(InputError):
    """What was typed names nothing surely; `offered` are the nearest names, best first."""

    code = "nothing-sure"

    def __init__(self, message: str, /, *, offered: tuple[Candidate, ...] = (), **values: object) -> None:
        super().__init__(message, **values)
        self.offered = offered


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
        Other candidates that might as well be meant.
    confirm
        Whether the caller should confirm the place: there are alternatives, or its name is only similar.
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
    confirm: bool = False
    notes: tuple[Note, ...] = ()


def resolve(text: str, *, boundaries: BoundaryIndex, gazetteer: Gazetteer) -> Asked:
    """Understand a location: a village code, coordinates in any form, or words.

    Raises
    ------
    InputError
        Nothing was typed, coordinates are wrong, or nothing is surely meant (`NothingSureError`).
    OutsideRegionError
        An area code that the region does not have.
    """
    if not text.strip():
        raise InputError(N_("No location was given; type coordinates, a place, or a village."))
    kabupaten = next(
        (one for one in boundaries.kabupaten if text.strip() in (one.code, one.code.replace(".", ""))), None
    )
    if kabupaten is not None:
        raise _too_large(text, kabupaten, ())
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
    found = gazetteer.search(text, limit=MAX_ALTERNATIVES + 1)
    candidates = found.candidates
    whole = _whole_kabupaten(found.detail, boundaries)
    if whole is not None and not (candidates and candidates[0].reason.is_sure):
        raise _too_large(text, whole, candidates[:MAX_OFFERED])
    if not candidates or candidates[0].score < _lowest(candidates[0]):
        raise _nothing(text, candidates[:MAX_OFFERED])
    first, *others = candidates
    sure = first.reason.is_sure and first.score >= LOWEST_SURE
    alike = [other for other in others if other.score >= first.score - AMBIGUOUS_WITHIN]
    alternatives = alike if sure else others[: max(len(alike), MAX_OFFERED)]
    level = AREA_KINDS.get(first.place.kind)
    return Asked(
        text=text,
        kind=AskedKind.PLACE if level is None else AskedKind.AREA,
        location=first.location,
        radius_m=first.radius_m,
        area=None if level is None else _area_of(first, boundaries),
        place=first,
        alternatives=tuple(alternatives),
        confirm=not sure or bool(alternatives),
    )


# --- Not sure enough --------------------------------------------------------------------------------------------------


def _lowest(candidate: Candidate) -> float:
    return LOWEST_WRITTEN if candidate.reason.likeness <= Likeness.SPELLING else LOWEST_GUESSED


def _whole_kabupaten(detail: AddressDetail, boundaries: BoundaryIndex) -> AdministrativeArea | None:
    """The kabupaten or kota that the text names, where it names nothing smaller."""
    said = [word for phrase in detail.phrases for word in phrase.words if word not in COMMON]
    for area in boundaries.kabupaten:
        name = [word for word in name_words(area.name) if word not in ("kabupaten", "kota")]
        if name and said == name:
            kota = any(phrase.marker == "kota" for phrase in detail.phrases)
            namesakes = [other for other in boundaries.kabupaten if is_kota(other.code) == kota]
            return next((other for other in namesakes if _plain_name(other) == _plain_name(area)), area)
    return None


def _plain_name(area: AdministrativeArea) -> str:
    return area.name.removeprefix("Kabupaten ").removeprefix("Kota ")


def _nothing(text: str, offered: tuple[Candidate, ...]) -> NothingSureError:
    if not offered:
        return NothingSureError(
            N_("Nothing called “{text}” was found in the region; try the village with its kecamatan, or coordinates."),
            text=_short(text),
        )
    return NothingSureError(
        N_(
            "Nothing is surely called “{text}” in the region; the nearest names are {names}: ask the caller, or give "
            "the village with its kecamatan."
        ),
        offered=offered,
        text=_short(text),
        names=_listed(offered),
    )


def _too_large(text: str, area: AdministrativeArea, offered: tuple[Candidate, ...]) -> NothingSureError:
    name = f"{'Kota' if is_kota(area.code) else 'Kabupaten'} {_plain_name(area)}"
    if not offered:
        return NothingSureError(
            N_("“{text}” is the whole of {area}, too large to send a unit to; ask for the village or kecamatan."),
            text=_short(text),
            area=name,
        )
    return NothingSureError(
        N_(
            "“{text}” is the whole of {area}, too large to send a unit to; ask for the village or kecamatan. Names "
            "like it: {names}."
        ),
        offered=offered,
        text=_short(text),
        area=name,
        names=_listed(offered),
    )


def _listed(candidates: tuple[Candidate, ...]) -> str:
    return ", ".join(
        each.place.name if each.kecamatan in (None, each.place.name) else f"{each.place.name} ({each.kecamatan})"
        for each in candidates
    )


# --- Areas ------------------------------------------------------------------------------------------------------------


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
