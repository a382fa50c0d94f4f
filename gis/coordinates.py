"""Coordinates as people send them: numbers, degrees-minutes-seconds, geo: and map links, plus codes.

`parse_coordinates` tells three things apart: no coordinates at all (None), coordinates (with notes on everything that
had to be understood rather than read), and wrong coordinates (an `InputError` that says what is wrong). No request is
ever made.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote_plus

from openlocationcode import openlocationcode as olc

from gis.errors import InputError
from gis.geodesy import distance_m
from gis.map_links import map_links, point_of_link
from gis.types import Bounds, Location

MAX_TEXT_LENGTH = 5_000
METRES_PER_DEGREE = 111_320.0


class CoordinateForm(StrEnum):
    """The form in which coordinates were given."""

    DECIMAL = "decimal"
    SEXAGESIMAL = "degrees-minutes-seconds"
    GEO_URI = "geo-uri"
    MAP_LINK = "map-link"
    PLUS_CODE = "plus-code"


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
        Everything that was understood rather than read, one clause each, e.g. `latitude and longitude were swapped`.
    precision_m
        Half the size of the last digit given (of the plus code's cell, of the map view), in metres.
    """

    location: Location
    form: CoordinateForm
    notes: tuple[str, ...] = ()
    precision_m: float


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
            f"The text has {len(text)} characters, more than the {MAX_TEXT_LENGTH} that are read for coordinates; "
            "send the coordinates alone."
        )
    text = _plain_marks(text)
    problem: InputError | None = None
    for link in map_links(text):
        try:
            return _from_link(link, bounds)
        except InputError as error:
            problem = problem or error
        text = text.replace(link, " ")
    geo = _GEO_URI.search(text)
    if geo is not None:
        return _from_geo_uri(geo[1], bounds)
    found = _from_plus_code(text, reference) or _from_numbers(text, bounds)
    if found is None and problem is not None:
        raise problem
    return found


# --- Marks that typewriters, phones and word processors make ---------------------------------------------------------

_MARKS = str.maketrans(
    {
        "\N{MINUS SIGN}": "-",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{HYPHEN}": "-",
        "\N{NON-BREAKING HYPHEN}": "-",
        "\N{MASCULINE ORDINAL INDICATOR}": "°",
        "\N{RING ABOVE}": "°",
        "\N{SUPERSCRIPT ZERO}": "°",
        "\N{PRIME}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{ACUTE ACCENT}": "'",
        "`": "'",
        "\N{MODIFIER LETTER PRIME}": "'",
        "\N{DOUBLE PRIME}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{DOUBLE LOW-9 QUOTATION MARK}": '"',
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
        "\N{THIN SPACE}": " ",
        "\N{ZERO WIDTH SPACE}": "",
        "\N{LEFT-TO-RIGHT MARK}": "",
        "\N{RIGHT-TO-LEFT MARK}": "",
        "\N{FULLWIDTH COMMA}": ",",
    }
)


def _plain_marks(text: str) -> str:
    text = text.translate(_MARKS).replace("''", '"')
    return re.sub(r"(?<=[°'\"A-Za-z])\s+-\s+(?=\d)", ", ", text)  # a dash between two numbers is no minus sign


# --- Numbers ----------------------------------------------------------------------------------------------------------

_HEMISPHERES = {
    **dict.fromkeys(("n", "u", "lu", "north", "utara", "lintang utara"), ("lat", 1)),
    **dict.fromkeys(("s", "ls", "south", "selatan", "lintang selatan"), ("lat", -1)),
    **dict.fromkeys(("e", "t", "bt", "east", "timur", "bujur timur"), ("lon", 1)),
    **dict.fromkeys(("w", "b", "bb", "west", "barat", "bujur barat"), ("lon", -1)),
}
_HEMISPHERE = (
    r"(?:lintang\s+(?:utara|selatan)|bujur\s+(?:timur|barat)|north|south|east|west|utara|selatan|timur|barat"
    r"|l\.?[us]\.?|b\.?[tb]\.?|[nsewutb])(?![a-z])"
)
_LABEL = (
    r"(?P<axis{i}>lat(?:itude|itud)?|lintang|lon(?:g(?:itude|itud)?)?|lng|bujur)"
    r"""(?![a-z])["']?\s*[:=]?\s*["']?\s*"""
)


def _component(i: int, *, sexagesimal: bool) -> str:
    degrees = r"\d{1,3}(?![.,]\d)" if sexagesimal else r"\d{1,3}(?:[.,]\d{1,40})?"
    core = rf"(?P<sign{i}>[+-]\s?)?(?P<deg{i}>{degrees})(?:\s*(?P<mark{i}>°|deg\b|derajat\b))?"
    if sexagesimal:
        core = (
            rf"(?P<sign{i}>[+-]\s?)?(?P<deg{i}>{degrees})\s*(?P<mark{i}>°|deg\b|derajat\b|d(?=\s*\d)|[:\s])\s*"
            rf"(?P<min{i}>\d{{1,3}}(?:[.,]\d{{1,40}})?)\s*(?:'|menit\b|min\b|m(?=\s*\d)|:)?"
            rf"""(?:\s*(?P<sec{i}>\d{{1,3}}(?:[.,]\d{{1,40}})?)(?!\d)\s*(?:"|'|detik\b|sec\b)?)?"""
        )
    label = _LABEL.format(i=i)
    return (
        rf"(?:{label})?(?:(?<![a-z])(?P<pre{i}>{_HEMISPHERE})\s*(?=[+-]?\d))?{core}"
        rf"(?(pre{i})|(?:\s*(?P<post{i}>{_HEMISPHERE}))?)"
    )


def _pair(*, sexagesimal: bool) -> re.Pattern[str]:
    first, second = (_component(i, sexagesimal=sexagesimal) for i in (1, 2))
    separator = r"""(?P<separator>["']?\s*(?:[,;/|&\n]|dan\b|and\b|x\b)?\s*["']?)"""
    return re.compile(rf"(?<![\d.,+\w-]){first}{separator}(?<![\d](?=\d)){second}(?!\d|[.,]\d)", re.IGNORECASE)


_SEXAGESIMAL = _pair(sexagesimal=True)
_DECIMAL = _pair(sexagesimal=False)
_SHORTEST_EMBEDDED_DECIMALS = 3
_INTRODUCED = re.compile(
    r"(?:koordinat|coordinate|posisi|lokasi|titik|gps|loc|location|sharelok|shareloc)\w*(?:\W+[a-z]+){0,3}\W*$", re.I
)


_ZOOM_OR_HEIGHT = re.compile(r"(\d\.\d+\s*,\s*-?\d+\.\d+),\s*\d{1,4}(?:\.\d+)?(?:[zm]\b|\s*$)")


def _from_numbers(text: str, bounds: Bounds | None) -> ParsedCoordinates | None:
    text = _ZOOM_OR_HEIGHT.sub(r"\1", text)
    for match in _SEXAGESIMAL.finditer(text):
        if _is_sexagesimal(match):
            return _read_sexagesimal(match, bounds)
    for match in _decimal_matches(text):
        if _is_decimal_pair(match, text):
            return _read_decimal(match, bounds)
    return None


def _decimal_matches(text: str) -> list[re.Match[str]]:
    """Matches in which every comma is either a decimal comma or a separator, never left to chance."""
    matches = []
    start = 0
    while (match := _DECIMAL.search(text, start)) is not None:
        matches.append(match)
        start = match.start() + 1
    return matches


def _is_sexagesimal(match: re.Match[str]) -> bool:
    marked = all(match[f"mark{i}"].strip(" :\n") or match[f"pre{i}"] or match[f"post{i}"] for i in (1, 2))
    return bool(marked)


def _is_decimal_pair(match: re.Match[str], text: str) -> bool:
    numbers = match["deg1"], match["deg2"]
    decimals = [_decimals(number) for number in numbers]
    commas = ["," in number for number in numbers]
    separator = match["separator"]
    explicit = all(match[f"axis{i}"] or match[f"pre{i}"] or match[f"post{i}"] for i in (1, 2))
    separated = bool(separator) or explicit or bool(match["post1"]) or match["mark1"] == "°"
    if not separated:
        return False
    alone = not text[: match.start()].strip(" \n\t([{") and not text[match.end() :].strip(" \n\t.)]}")
    if any(commas) and separator == "," and not all(commas):
        return False  # `-6,76` is one number here, not a pair
    if explicit:
        return alone or any(decimals) or any(match[f"mark{i}"] for i in (1, 2)) or bool(match["axis1"])
    if alone:
        return all(decimals) or bool(re.fullmatch(r"\s*[;,]\s*", separator))
    if _INTRODUCED.search(text[: match.start()]):
        return all(decimals)
    signed = any(match[f"sign{i}"] for i in (1, 2))
    round_thousands = all(number[-4:] in {".000", ",000"} or number[-3:] in {".00", ",00"} for number in numbers)
    eastern = any(abs(_number(number)) > 90 for number in numbers)
    needed = 1 if signed and eastern else _SHORTEST_EMBEDDED_DECIMALS
    return (signed or eastern) and min(decimals) >= needed and not round_thousands


def _read_decimal(match: re.Match[str], bounds: Bounds | None) -> ParsedCoordinates:
    notes = []
    if any("," in match[f"deg{i}"] for i in (1, 2)):
        notes.append("decimal commas were read")
    values = [_number(match[f"deg{i}"]) for i in (1, 2)]
    precision_m = max(0.5 * 10.0 ** -_decimals(match[f"deg{i}"]) for i in (1, 2)) * METRES_PER_DEGREE
    return _oriented(match, values, CoordinateForm.DECIMAL, notes, precision_m, bounds)


def _read_sexagesimal(match: re.Match[str], bounds: Bounds | None) -> ParsedCoordinates:
    values, precisions = [], []
    for i in (1, 2):
        degrees, minutes, seconds = match[f"deg{i}"], match[f"min{i}"], match[f"sec{i}"]
        for name, part in (("minutes", minutes), ("seconds", seconds)):
            if part is not None and _number(part) >= 60:
                raise InputError(f"The {name} {part} in {match[0].strip()!r} are not below 60; check the number.")
        if seconds is not None and _decimals(minutes):
            raise InputError(f"{match[0].strip()!r} has both decimals of minutes and seconds; give one of them.")
        values.append(_number(degrees) + _number(minutes) / 60 + (_number(seconds) / 3600 if seconds else 0.0))
        last, unit = (seconds, 3600) if seconds else (minutes, 60)
        precisions.append(0.5 * 10.0 ** -_decimals(last) / unit * METRES_PER_DEGREE)
    return _oriented(match, values, CoordinateForm.SEXAGESIMAL, [], max(precisions), bounds)


def _oriented(
    match: re.Match[str],
    values: list[float],
    form: CoordinateForm,
    notes: list[str],
    precision_m: float,
    bounds: Bounds | None,
) -> ParsedCoordinates:
    """Give each number its sign and its axis, from letters and labels where there are any."""
    axes: list[str | None] = [None, None]
    signed_by_letter = False
    for index, i in enumerate((1, 2)):
        negative = (match[f"sign{i}"] or "").startswith("-")
        hemisphere = match[f"pre{i}"] or match[f"post{i}"]
        if match[f"axis{i}"]:
            axes[index] = "lat" if match[f"axis{i}"].lower().startswith(("lat", "lin")) else "lon"
        if hemisphere:
            axis, sign = _HEMISPHERES[re.sub(r"\s+", " ", hemisphere.lower().replace(".", ""))]
            if axes[index] not in (None, axis):
                raise InputError(f"{match[0].strip()!r} calls the same number latitude and longitude; check it.")
            axes[index] = axis
            if negative and sign > 0:
                raise InputError(
                    f"{match[0].strip()!r} has a minus sign and {hemisphere!r}, which contradict; give one of them."
                )
            if negative:
                notes.append(f"the minus sign and {hemisphere.upper()} were read as one")
            negative = sign < 0
            signed_by_letter = signed_by_letter or axis == "lat"
        elif negative and axes[index] != "lon":
            signed_by_letter = True
        values[index] = -values[index] if negative else values[index]
    if axes[0] is not None and axes[0] == axes[1]:
        name = "latitudes" if axes[0] == "lat" else "longitudes"
        raise InputError(f"{match[0].strip()!r} has two {name}; give one latitude and one longitude.")
    first_is_lon = axes[0] == "lon" or axes[1] == "lat"
    explicit = any(axes)
    lat, lon = (values[1], values[0]) if first_is_lon else (values[0], values[1])
    if not explicit and abs(lat) > 90 and abs(lon) <= 90:
        lat, lon = lon, lat
        notes.append("latitude and longitude were swapped")
    return _finished(lat, lon, form, notes, precision_m, bounds, may_negate=not signed_by_letter)


def _finished(
    lat: float,
    lon: float,
    form: CoordinateForm,
    notes: list[str],
    precision_m: float,
    bounds: Bounds | None,
    *,
    may_negate: bool,
) -> ParsedCoordinates:
    location = Location(lat=lat, lon=lon)
    if may_negate and bounds is not None and lat > 0 and not bounds.contains(location):
        southern = Location(lat=-lat, lon=lon)
        if bounds.contains(southern):
            location = southern
            notes.append(
                "the minus sign of the latitude was missing: read as south of the equator, where the region lies"
            )
    return ParsedCoordinates(location=location, form=form, notes=tuple(notes), precision_m=precision_m)


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _decimals(text: str) -> int:
    return len(text.replace(",", ".").partition(".")[2])


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
        raise InputError(f"The link 'geo:{body[:80]}' carries no coordinates; it should look like geo:-6.76,108.48.")
    uncertainty = _GEO_UNCERTAINTY.search(body)
    precision_m = float(uncertainty[1]) if uncertainty else _digits_m(chosen[1], chosen[2])
    return _finished(
        float(chosen[1]), float(chosen[2]), CoordinateForm.GEO_URI, [], precision_m, bounds, may_negate=True
    )


def _from_link(link: str, bounds: Bounds | None) -> ParsedCoordinates:
    point = point_of_link(link)
    if point.is_view:
        typed = _SEXAGESIMAL.search(_plain_marks(unquote_plus(link)))
        if typed is not None and _is_sexagesimal(typed):
            return _read_sexagesimal(typed, bounds)
    notes = [point.note] if point.note else []
    lat, lon = point.lat, point.lon
    if abs(lat) > 90 and abs(lon) <= 90:
        lat, lon = lon, lat
        notes.append("latitude and longitude were swapped")
    precision_m = point.precision_m if point.precision_m is not None else _digits_m(str(lat), str(lon))
    return _finished(lat, lon, CoordinateForm.MAP_LINK, notes, precision_m, bounds, may_negate=False)


def _digits_m(*numbers: str) -> float:
    return max(0.5 * 10.0 ** -_decimals(number) for number in numbers) * METRES_PER_DEGREE


# --- Plus codes -------------------------------------------------------------------------------------------------------

_PLUS_CODE = re.compile(r"(?i)(?<![\w+])([23456789CFGHJMPQRVWX]{4,8}0{0,4}\+[23456789CFGHJMPQRVWX]{0,7})(?![\w+])")


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
                f"The plus code {code} is short and needs a place near it; "
                "add the village or kecamatan, or send the full code."
            )
        full = olc.recoverNearest(code, reference.lat, reference.lon)
        notes.append(f"the short plus code {code} was read as {full}, the one nearest to the place known")
        code = full
    area = olc.decode(code)
    location = Location(lat=area.latitudeCenter, lon=area.longitudeCenter)
    half_diagonal_m = distance_m(area.latitudeLo, area.longitudeLo, area.latitudeHi, area.longitudeHi) / 2
    return ParsedCoordinates(
        location=location, form=CoordinateForm.PLUS_CODE, notes=tuple(notes), precision_m=math.ceil(half_diagonal_m)
    )
