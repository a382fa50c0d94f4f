"""Coordinates written as numbers: decimal degrees and degrees-minutes-seconds, within any text.

`read_numbers` reads a pair; `unusable_numbers` says what is wrong with a text that is nothing but numbers of degrees
and yet no pair, so that a name or a house number is never taken for one.
"""

from __future__ import annotations

import re

from gis.coordinate_types import (
    METRES_PER_DEGREE,
    CoordinateForm,
    Note,
    NoteKind,
    ParsedCoordinates,
    decimals,
    digits_m,
    swapped_if_needed,
)
from gis.errors import N_, InputError
from gis.types import Bounds, Location

MAX_SHOWN = 60
"""Characters of a faulty text that its message repeats."""

INDONESIA_LON = (95.0, 141.1)
INDONESIA_LAT = 11.1
"""Its northern end is nearer to the equator than its southern one."""

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


def plain_marks(text: str) -> str:
    """The marks that typewriters, phones and word processors make, as plain ones."""
    text = text.translate(_MARKS).replace("''", '"')
    return re.sub(r"(?<=[°'\"A-Za-z])\s+-\s+(?=\d)", ", ", text)  # a dash between two numbers is no minus sign


# --- Patterns ---------------------------------------------------------------------------------------------------------

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
    r"(?P<axis{i}>lat(?:itude|itud)?|lintang|lon(?:g(?:itude|itud)?)?|lng|bujur|[xy](?=\s*[:=]))"
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
_LONE_SEXAGESIMAL = re.compile(_component(1, sexagesimal=True), re.IGNORECASE)
_LONE_DECIMAL = re.compile(_component(1, sexagesimal=False), re.IGNORECASE)
_SHORTEST_EMBEDDED_DECIMALS = 3
_INTRODUCTION = r"(?:koordinat|coordinate|posisi|lokasi|titik|gps|loc|location|sharelok|shareloc)\w*"
_INTRODUCED = re.compile(rf"{_INTRODUCTION}(?:\W+[a-z]+){{0,3}}\W*$", re.I)
MOST_PAIRS = 200
"""Pairs of numbers of one text that may be coordinates."""

LONGEST_INTRODUCTION = 100
"""Characters before a pair in which the words that introduce it are looked for."""

_ZOOM_OR_HEIGHT = re.compile(r"(\d\.\d+\s*,\s*-?\d+\.\d+),\s*\d{1,4}(?:\.\d+)?(?:[zm]\b|\s*$)")
_SECONDS_BY_LETTER = re.compile(
    rf"(?P<before>(?:(?<![a-z]){_HEMISPHERE}\s*|-\s?)?)(?P<deg>\d{{1,3}})\s*d\s*(?P<min>\d{{1,3}})\s*m\s*"
    rf"(?P<sec>\d{{1,3}}(?:[.,]\d{{1,40}})?)\s*s(?:(?P<after>(?=\s*{_HEMISPHERE}))|(?![a-z]))",
    re.IGNORECASE,
)


# --- Pairs ------------------------------------------------------------------------------------------------------------


def read_numbers(text: str, bounds: Bounds | None, *, only_sexagesimal: bool = False) -> ParsedCoordinates | None:
    """The first pair of numbers in a text of plain marks; None when there is none.

    Raises
    ------
    InputError
        When the numbers are a pair that is wrong.
    """
    text = _marked_seconds(_ZOOM_OR_HEIGHT.sub(r"\1", text))
    for match in _SEXAGESIMAL.finditer(text):
        if _is_sexagesimal(match):
            return _read_sexagesimal(match, bounds)
    for match in () if only_sexagesimal else _decimal_matches(text):
        if _is_decimal_pair(match, text):
            return _read_decimal(match, bounds)
    return None


def _marked_seconds(text: str) -> str:
    """`6d45m36s S` with marks, so that the s of seconds is not taken for South; in `6d45m36s 108d28m48e` it is that."""
    found = list(_SECONDS_BY_LETTER.finditer(text))

    def marked(match: re.Match[str]) -> str:
        if len(found) > 1 or match["before"] or match["after"] is not None:
            return f"{match['before']}{match['deg']}°{match['min']}'{match['sec']}\""
        return match[0]

    return _SECONDS_BY_LETTER.sub(marked, text)


def _decimal_matches(text: str) -> list[re.Match[str]]:
    """Matches in which every comma is either a decimal comma or a separator, never left to chance."""
    matches: list[re.Match[str]] = []
    start = 0
    while len(matches) < MOST_PAIRS and (match := _DECIMAL.search(text, start)) is not None:
        matches.append(match)
        start = match.start() + 1
    return matches


def _is_sexagesimal(match: re.Match[str]) -> bool:
    if all(match[f"mark{i}"].strip(" :\n") or match[f"pre{i}"] or match[f"post{i}"] for i in (1, 2)):
        return True
    colons = all(match[f"mark{i}"] == ":" for i in (1, 2))
    larger = max(int(match["deg1"]), int(match["deg2"]))
    return colons and larger > 90  # else it may be two times of day


def _is_decimal_pair(match: re.Match[str], text: str) -> bool:
    numbers = match["deg1"], match["deg2"]
    digits = [decimals(number) for number in numbers]
    commas = ["," in number for number in numbers]
    separator = match["separator"]
    axis = (match["axis1"] or "").lower()
    explicit = all(match[f"axis{i}"] or match[f"pre{i}"] or match[f"post{i}"] for i in (1, 2))
    separated = bool(separator) or explicit or bool(match["post1"]) or match["mark1"] == "°"
    if not separated:
        return False
    alone = not text[: match.start()].strip(" \n\t([{") and not text[match.end() :].strip(" \n\t.)]}")
    if any(commas) and separator == "," and not all(commas):
        return False
    if explicit:
        return alone or any(digits) or any(match[f"mark{i}"] for i in (1, 2)) or axis not in {"", "x", "y"}
    signed = any(match[f"sign{i}"] for i in (1, 2))
    eastern = any(abs(_number(number)) > 90 for number in numbers)
    if alone:
        if separator == "," and not any(digits) and not match["sign2"]:
            return False  # `-6,76` is one number, not a pair
        return all(digits) or bool(re.fullmatch(r"\s*[;,]\s*", separator)) or (signed and eastern and any(digits))
    if not all(digits):
        return False
    if _INTRODUCED.search(text[max(0, match.start() - LONGEST_INTRODUCTION) : match.start()]):
        return True
    round_thousands = all(_is_round_thousands(number) for number in numbers)
    needed = 1 if signed and eastern else _SHORTEST_EMBEDDED_DECIMALS
    return (signed or eastern) and min(digits) >= needed and not round_thousands


def _is_round_thousands(number: str) -> bool:
    return number[-4:] in {".000", ",000"} or number[-3:] in {".00", ",00"}


def _read_decimal(match: re.Match[str], bounds: Bounds | None) -> ParsedCoordinates:
    notes = []
    if any("," in match[f"deg{i}"] for i in (1, 2)):
        notes.append(Note(kind=NoteKind.DECIMAL_COMMAS))
    values = [_number(match[f"deg{i}"]) for i in (1, 2)]
    precision_m = digits_m(match["deg1"], match["deg2"])
    return _oriented(match, values, CoordinateForm.DECIMAL, notes, precision_m, bounds)


def _read_sexagesimal(match: re.Match[str], bounds: Bounds | None) -> ParsedCoordinates:
    values, precisions = [], []
    for i in (1, 2):
        values.append(_sexagesimal_degrees(match, i))
        seconds = match[f"sec{i}"]
        last, unit = (seconds, 3600) if seconds else (match[f"min{i}"], 60)
        precisions.append(0.5 * 10.0 ** -decimals(last) / unit * METRES_PER_DEGREE)
    return _oriented(match, values, CoordinateForm.SEXAGESIMAL, [], max(precisions), bounds)


def _sexagesimal_degrees(match: re.Match[str], i: int) -> float:
    """Degrees without sign."""
    minutes, seconds = match[f"min{i}"], match[f"sec{i}"]
    if _number(minutes) >= 60:
        raise InputError(
            N_("The minutes {number} in “{text}” are not below 60; check the number."),
            number=minutes,
            text=shown(match[0]),
        )
    if seconds is None:
        return _number(match[f"deg{i}"]) + _number(minutes) / 60
    if _number(seconds) >= 60:
        raise InputError(
            N_("The seconds {number} in “{text}” are not below 60; check the number."),
            number=seconds,
            text=shown(match[0]),
        )
    if decimals(minutes):
        raise InputError(
            N_("“{text}” has both decimals of minutes and seconds; give one of them."), text=shown(match[0])
        )
    return _number(match[f"deg{i}"]) + _number(minutes) / 60 + _number(seconds) / 3600


def _oriented(
    match: re.Match[str],
    values: list[float],
    form: CoordinateForm,
    notes: list[Note],
    precision_m: float,
    bounds: Bounds | None,
) -> ParsedCoordinates:
    """Give each number its sign and its axis, from letters and labels where there are any."""
    axes: list[str | None] = [None, None]
    signed_by_letter = False
    for index, i in enumerate((1, 2)):
        negative = (match[f"sign{i}"] or "").startswith("-")
        hemisphere = match[f"pre{i}"] or match[f"post{i}"]
        axes[index] = _axis_of_label(match[f"axis{i}"])
        if hemisphere:
            axis, sign = _hemisphere(hemisphere)
            if axes[index] not in (None, axis):
                raise InputError(
                    N_("“{text}” calls the same number latitude and longitude; check it."), text=shown(match[0])
                )
            axes[index] = axis
            if negative and sign > 0:
                raise InputError(
                    N_("“{text}” has a minus sign and “{letter}”, which contradict; give one of them."),
                    text=shown(match[0]),
                    letter=hemisphere,
                )
            if negative:
                notes.append(Note(kind=NoteKind.SIGN_AND_LETTER, given=hemisphere.upper()))
            negative = sign < 0
            signed_by_letter = signed_by_letter or axis == "lat"
        elif negative and axes[index] != "lon":
            signed_by_letter = True
        values[index] = -values[index] if negative else values[index]
    if axes[0] is not None and axes[0] == axes[1]:
        if axes[0] == "lat":
            sentence = N_("“{text}” has two latitudes; give one latitude and one longitude.")
        else:
            sentence = N_("“{text}” has two longitudes; give one latitude and one longitude.")
        raise InputError(sentence, text=shown(match[0]))
    first_is_lon = axes[0] == "lon" or axes[1] == "lat"
    lat, lon = (values[1], values[0]) if first_is_lon else (values[0], values[1])
    if not any(axes):
        lat, lon = swapped_if_needed(lat, lon, notes)
    return finished(lat, lon, form, notes, precision_m, bounds, may_negate=not signed_by_letter)


def _axis_of_label(label: str | None) -> str | None:
    if not label:
        return None
    return "lat" if label.lower().startswith(("lat", "lin", "y")) else "lon"


def _hemisphere(letters: str) -> tuple[str, int]:
    return _HEMISPHERES[re.sub(r"\s+", " ", letters.lower().replace(".", ""))]


def finished(
    lat: float,
    lon: float,
    form: CoordinateForm,
    notes: list[Note],
    precision_m: float,
    bounds: Bounds | None,
    *,
    may_negate: bool,
) -> ParsedCoordinates:
    """The point, south of the equator where only there it lies in the region's box and no sign was given."""
    location = Location(lat=lat, lon=lon)
    if may_negate and bounds is not None and lat > 0 and not bounds.contains(location):
        southern = Location(lat=-lat, lon=lon)
        if bounds.contains(southern):
            location = southern
            notes.append(Note(kind=NoteKind.MINUS_MISSING))
    return ParsedCoordinates(location=location, form=form, notes=tuple(notes), precision_m=precision_m)


def _number(text: str) -> float:
    return float(text.replace(",", "."))


# --- Numbers that are no pair -----------------------------------------------------------------------------------------

_BEFORE = re.compile(rf"^(?:\s|{_INTRODUCTION}|(?:saya|di|ada|adalah|is|my)\b|[:=(\[])*", re.IGNORECASE)
_TWO_NUMBERS = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*[,;\s]\s*([+-]?\d+(?:[.,]\d+)?)")
_NUMBERS_AND_MARKS = re.compile(r"[\d\s.,;°'\"+-]+")
_NEGATIVE = re.compile(r"(?:^|(?<=[\s,;]))-\d")
_TWO_POINTS = re.compile(r"\d\.\.+\d")


def unusable_numbers(text: str) -> InputError | None:
    """What is wrong with a text of plain marks that is nothing but degrees and no pair; None for any other text."""
    rest = _BEFORE.sub("", text, count=1).strip(" \t\r\n()[]{},;|/").rstrip(".")
    lone = _lone_axis(_marked_seconds(rest))
    if lone is not None:
        axis, degrees = lone
        if axis == "lat":
            sentence = N_(
                "“{text}” is only a latitude ({degrees}), the longitude is missing; send both, such as -6.76, 108.48."
            )
        else:
            sentence = N_(
                "“{text}” is only a longitude ({degrees}), the latitude is missing; send both, such as -6.76, 108.48."
            )
        return InputError(sentence, text=shown(rest), degrees=round(degrees, 6))
    two = _TWO_NUMBERS.fullmatch(rest)
    if two is not None and _NEGATIVE.search(rest) and max(abs(_number(number)) for number in two.groups()) > 180:
        return InputError(
            N_(
                "“{text}” cannot be degrees, for a latitude is at most 90 and a longitude at most 180; check the "
                "decimal points and send it like -6.76, 108.48."
            ),
            text=shown(rest),
        )
    several = len(re.findall(r"\d+", rest)) > 1
    if several and _NUMBERS_AND_MARKS.fullmatch(rest) and (_NEGATIVE.search(rest) or _TWO_POINTS.search(rest)):
        return InputError(
            N_("“{text}” cannot be read as coordinates; send a latitude and a longitude like -6.76, 108.48."),
            text=shown(rest),
        )
    return None


def _lone_axis(text: str) -> tuple[str, float] | None:
    """Axis and degrees of a text that is a single coordinate; None where it may be any other number."""
    match = _LONE_SEXAGESIMAL.fullmatch(text)
    if match is not None:
        letters = match["pre1"] or match["post1"]
        negative = (match["sign1"] or "").startswith("-")
        marked = match["mark1"].strip(" :\n") or match["axis1"] or (letters and match["sec1"])
        if not marked and not (negative and match["mark1"] == ":"):
            return None
        degrees = _sexagesimal_degrees(match, 1)
    else:
        match = _LONE_DECIMAL.fullmatch(text)
        if match is None:
            return None
        letters = match["pre1"] or match["post1"]
        negative = (match["sign1"] or "").startswith("-")
        degrees = _number(match["deg1"])
        if not (negative or _is_plainly_degrees(match, letters, degrees)):
            return None
    axis = _axis_of_label(match["axis1"])
    if letters:
        axis, sign = _hemisphere(letters)
        negative = sign < 0
    if degrees > 180:
        return None
    return axis or ("lon" if degrees > 90 else "lat"), -degrees if negative else degrees


def _is_plainly_degrees(match: re.Match[str], letters: str | None, degrees: float) -> bool:
    """Whether a single number without a minus sign cannot well be a time, a price or the number of a house."""
    digits = decimals(match["deg1"])
    if match["axis1"] or letters:
        return digits >= 2
    if _is_round_thousands(match["deg1"]) or match["deg1"].startswith("0"):
        return False
    west, east = INDONESIA_LON
    return (digits >= 2 and west <= degrees <= east) or (digits >= 3 and degrees <= INDONESIA_LAT)


def shown(text: str) -> str:
    """A faulty text on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= MAX_SHOWN else flat[: MAX_SHOWN - 1] + "…"
