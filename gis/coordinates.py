"""Coordinates as people send them: numbers, degrees-minutes-seconds, geo: and map links, plus codes.

`parse_coordinates` tells three things apart: no coordinates at all (None), coordinates (with notes on everything that
had to be understood rather than read), and wrong coordinates (an `InputError` that says what is wrong). No request is
ever made.
"""

from __future__ import annotations

import math
import re
from urllib.parse import unquote, unquote_plus

from openlocationcode import openlocationcode as olc

from gis.coordinate_numbers import finished, plain_marks, read_numbers, shown, unusable_numbers
from gis.coordinate_types import CoordinateForm, Note, NoteKind, ParsedCoordinates, digits_m, swapped_if_needed
from gis.errors import N_, InputError
from gis.geodesy import distance_m
from gis.map_links import map_links, point_of_link, refuse_shortened, typed_parts
from gis.types import Bounds, Location

MAX_TEXT_LENGTH = 5_000


def parse_coordinates(
    text: str, *, bounds: Bounds | None = None, reference: Location | None = None
) -> ParsedCoordinates | None:
    """Find the coordinates in a text, alone or within a longer message.

    Parameters
    ----------
    text
        What was typed or pasted.
    bounds
        The region's box. Only with it can a missing minus sign be noticed: when the point given lies outside the box
        and the one south of the equator inside, the latter is taken, with a note.
    reference
        A place near which short plus codes (`FGJ8+2X`) lie.

    Returns
    -------
    None when the text does not look like coordinates at all.

    Raises
    ------
    InputError
        When the text looks like coordinates that are wrong or incomplete.
    """
    if len(text) > MAX_TEXT_LENGTH:
        raise InputError(
            N_(
                "The text has {count} characters, more than the {most} that are read for coordinates; send the "
                "coordinates alone."
            ),
            count=len(text),
            most=MAX_TEXT_LENGTH,
        )
    plain = _PLAIN_PAIR.fullmatch(text)
    if plain is not None and bounds is not None:
        lat, lon = float(plain[1]), float(plain[2])
        if bounds.south <= lat <= bounds.north and bounds.west <= lon <= bounds.east:
            # What programs send: nothing about it is to be understood.
            precision_m, location = digits_m(plain[1], plain[2]), Location(lat=lat, lon=lon)
            return ParsedCoordinates(location=location, form=CoordinateForm.DECIMAL, precision_m=precision_m)
    return read_coordinates(text, bounds=bounds, reference=reference)


_PLAIN_PAIR = re.compile(r"(-?[0-9]{1,2}\.[0-9]{3,9}), ?(-?[0-9]{1,3}\.[0-9]{3,9})")


def read_coordinates(text: str, *, bounds: Bounds | None, reference: Location | None) -> ParsedCoordinates | None:
    """As `parse_coordinates`, for any form."""
    text = plain_marks(text)
    problem: InputError | None = None
    for link in map_links(text):
        try:
            return _from_link(link, bounds, reference)
        except InputError as error:
            problem = problem or error
        text = text.replace(link, " ").replace(link.removeprefix("https://"), " ")
    geo = _GEO_URI.search(text)
    if geo is not None:
        return _from_geo_uri(geo[1], bounds)
    found = _from_plus_code(text, reference) or read_numbers(text, bounds)
    if found is None and (problem := problem or unusable_numbers(text)) is not None:
        raise problem
    return found


# --- Links ------------------------------------------------------------------------------------------------------------

_GEO_URI = re.compile(r"(?i)(?<![\w])geo:\s*([^\s<>]+)")
_GEO_POINT = re.compile(r"^(-?\d{1,3}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)(?:,-?\d+(?:\.\d+)?)?(?=$|[;?(])")
_GEO_QUERY = re.compile(r"[?&]q=(?:loc:)?(-?\d{1,3}(?:\.\d+)?),\s*(-?\d{1,3}(?:\.\d+)?)(?=$|[&(\s])")
_GEO_UNCERTAINTY = re.compile(r"(?i);u=(\d+(?:\.\d+)?)")


def _from_geo_uri(body: str, bounds: Bounds | None) -> ParsedCoordinates:
    """RFC 5870, and the `?q=` that Android added: a point there is the pin, and 0,0 before it means nothing."""
    body = unquote_plus(body)
    point, pin = _GEO_POINT.search(body), _GEO_QUERY.search(body)
    chosen = pin or point
    if chosen is None or (pin is None and "q=" in body and point and float(point[1]) == float(point[2]) == 0):
        raise InputError(
            N_("The link “geo:{link}” carries no coordinates; it should look like geo:-6.76,108.48."), link=shown(body)
        )
    uncertainty = _GEO_UNCERTAINTY.search(body)
    precision_m = float(uncertainty[1]) if uncertainty else digits_m(chosen[1], chosen[2])
    notes: list[Note] = []
    lat, lon = swapped_if_needed(float(chosen[1]), float(chosen[2]), notes)
    return finished(lat, lon, CoordinateForm.GEO_URI, notes, precision_m, bounds, may_negate=True)


def _from_link(link: str, bounds: Bounds | None, reference: Location | None) -> ParsedCoordinates:
    """The point that a link carries, or else the coordinates typed into it; only then the middle of its map."""
    refuse_shortened(link)
    try:
        point = point_of_link(link)
    except InputError as error:
        point, problem = None, error
    if point is None or point.is_view:
        for part in typed_parts(link):
            typed = _from_typed_part(part, bounds, reference)
            if typed is not None:
                return typed
    if point is None:
        raise problem
    notes = [] if point.note is None else [Note(kind=point.note)]
    lat, lon = swapped_if_needed(point.lat, point.lon, notes)
    precision_m = point.precision_m if point.precision_m is not None else digits_m(str(lat), str(lon))
    return finished(lat, lon, CoordinateForm.MAP_LINK, notes, precision_m, bounds, may_negate=False)


def _from_typed_part(part: str, bounds: Bounds | None, reference: Location | None) -> ParsedCoordinates | None:
    """What was typed into a map's search stands in its link, with a plus for a space - or for the plus of a code."""
    typed = plain_marks(unquote_plus(part))
    return (
        _from_plus_code(typed, reference)
        or _from_plus_code(unquote(part), reference)
        or read_numbers(typed, bounds, only_sexagesimal=True)
    )


# --- Plus codes -------------------------------------------------------------------------------------------------------

_PLUS_CODE = re.compile(r"(?i)(?<![\w+])([23456789CFGHJMPQRVWX]{4,8}0{0,4}\+[23456789CFGHJMPQRVWX]{0,7})(?![\w+])")


def plus_code_beside(text: str) -> tuple[str, str] | None:
    """The first plus code of a text or of a link in it, and the words beside it that tell where it is."""
    for link in map_links(text):
        for part in typed_parts(link):
            for typed in (unquote_plus(part), unquote(part)):
                code = plus_code(typed)
                if code is not None:
                    return code, _without(typed, code)
    code = plus_code(text)
    return None if code is None else (code, _without(text, code))


def _without(text: str, code: str) -> str:
    position = text.upper().find(code)
    return text[:position] + " " + text[position + len(code) :]


def plus_code(text: str) -> str | None:
    """The first plus code of a text, full or short, in capitals; None when there is none."""
    for match in _PLUS_CODE.finditer(text):
        code = match[1].upper()
        complete = olc.isFull(code) or (olc.isShort(code) and len(code.partition("+")[2]) >= 2)
        if complete and any(character.isalpha() for character in code):
            return code
    return None


def is_short_plus_code(code: str) -> bool:
    """Whether a plus code needs a place near it to be understood."""
    return bool(olc.isShort(code))


def _from_plus_code(text: str, reference: Location | None) -> ParsedCoordinates | None:
    code = plus_code(text)
    if code is None:
        return None
    notes = []
    if is_short_plus_code(code):
        if reference is None:
            raise InputError(
                N_(
                    "The plus code {code} is short and needs a place near it; add the village or kecamatan, or send "
                    "the full code."
                ),
                code=code,
            )
        full = olc.recoverNearest(code, reference.lat, reference.lon)
        notes.append(Note(kind=NoteKind.SHORT_PLUS_CODE, given=code, read=full))
        code = full
    area = olc.decode(code)
    location = Location(lat=area.latitudeCenter, lon=area.longitudeCenter)
    half_diagonal_m = distance_m(area.latitudeLo, area.longitudeLo, area.latitudeHi, area.longitudeHi) / 2
    return ParsedCoordinates(
        location=location, form=CoordinateForm.PLUS_CODE, notes=tuple(notes), precision_m=math.ceil(half_diagonal_m)
    )
