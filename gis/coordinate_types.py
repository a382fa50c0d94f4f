"""What coordinates are once understood: the point, the form in which it was given, and notes on what was understood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gis.types import Location

METRES_PER_DEGREE = 111_320.0

Translate = Callable[[str], str]
"""From an English message to the same in the reader's language, placeholders kept."""


class CoordinateForm(StrEnum):
    """The form in which coordinates were given."""

    DECIMAL = "decimal"
    SEXAGESIMAL = "degrees-minutes-seconds"
    GEO_URI = "geo-uri"
    MAP_LINK = "map-link"
    PLUS_CODE = "plus-code"


class NoteKind(StrEnum):
    """What was understood rather than read."""

    DECIMAL_COMMAS = "decimal-commas"
    SWAPPED = "swapped"
    SIGN_AND_LETTER = "sign-and-letter"
    MINUS_MISSING = "minus-missing"
    SHORT_PLUS_CODE = "short-plus-code"
    DESTINATION = "destination"
    MIDDLE_OF_VIEW = "middle-of-view"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing that was understood rather than read.

    Attributes
    ----------
    kind
        Says which of the others are set.
    given
        The letter beside the minus sign, or the short plus code.
    read
        The full plus code that the short one was taken for.
    """

    kind: NoteKind
    given: str = ""
    read: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCoordinates:
    """Coordinates that were understood.

    Attributes
    ----------
    location
        The point.
    form
        How it was given.
    notes
        Everything that was understood rather than read.
    precision_m
        Half the size of the last digit given (of the plus code's cell, of the map view), in metres.
    """

    location: Location
    form: CoordinateForm
    notes: tuple[Note, ...] = ()
    precision_m: float


def english(message: str) -> str:
    """The language in which messages are written."""
    return message


def note_text(note: Note, _: Translate = english) -> str:
    """A note as one clause; the type checker sees to it that none is missing."""
    match note.kind:
        case NoteKind.DECIMAL_COMMAS:
            return _("decimal commas were read")
        case NoteKind.SWAPPED:
            return _("latitude and longitude were swapped")
        case NoteKind.SIGN_AND_LETTER:
            return _("the minus sign and {letter} were read as one").format(letter=note.given)
        case NoteKind.MINUS_MISSING:
            return _("the minus sign of the latitude was missing: read as south of the equator, where the region lies")
        case NoteKind.SHORT_PLUS_CODE:
            return _("the short plus code {short} was read as {full}, the one nearest to the place known").format(
                short=note.given, full=note.read
            )
        case NoteKind.DESTINATION:
            return _("the destination of the directions was taken")
        case NoteKind.MIDDLE_OF_VIEW:
            return _("the middle of the map view was taken, since the link names no point")


def swapped_if_needed(lat: float, lon: float, notes: list[Note]) -> tuple[float, float]:
    """Latitude and longitude in that order, with a note where their sizes show that they came the other way round."""
    if abs(lat) > 90 and abs(lon) <= 90:
        notes.append(Note(kind=NoteKind.SWAPPED))
        return lon, lat
    return lat, lon


def decimals(number: str) -> int:
    """Digits behind the decimal point or comma."""
    return len(number.replace(",", ".").partition(".")[2])


def digits_m(*numbers: str) -> float:
    """Half the size of the last digit of the coarser number of degrees, in metres."""
    return max(0.5 * 10.0 ** -decimals(number) for number in numbers) * METRES_PER_DEGREE
