"""The point that a shared map link carries. Nothing is ever requested: what is not in the link is not known.

A Google Maps link holds up to four different points; the order of trust here is: the destination of directions, the
place itself (`!3dLAT!4dLON`), a point that was typed (`q=`, `query=`, `ll=`, ...), and last the middle of the screen
(`@LAT,LON`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from gis.coordinate_types import NoteKind
from gis.errors import N_, InputError

SHORTENED_HOSTS = frozenset(
    {
        "goo.gl",
        "maps.app.goo.gl",
        "g.co",
        "app.goo.gl",
        "bit.ly",
        "s.id",
        "t.co",
        "tinyurl.com",
        "shorturl.at",
        "cutt.ly",
    }
)
SCREEN_MIDDLE_PIXELS = 200
"""How far from the middle of the screen the place meant may be, in pixels of the map."""

EQUATOR_METRES_PER_PIXEL = 156_543.034  # zoom 0, 256-pixel tiles
DEFAULT_ZOOM = 15.0

_LINK = re.compile(
    r"""(?ix) (?:https?://|(?<![\w./@-])(?=(?:www\.|maps\.|maps\.app\.|ul\.|wego\.|share\.|m\.)?
        (?:google\.[a-z.]{2,6}/maps|google\.[a-z.]{2,6}/|goo\.gl/|app\.goo\.gl/|openstreetmap\.org/|osm\.org/
        |waze\.com/|here\.com/|apple\.com/|bing\.com/maps)))
        [^\s<>]+ """
)
_NUMBER = r"[+-]?\d{1,3}(?:\.\d+)?"
_PAIR = re.compile(rf"^\s*(?:loc:|ll\.)?\s*({_NUMBER})\s*[,~ ]\s*({_NUMBER})(?:\s*$|\s*[,(].*$)")
_PLACE = re.compile(rf"!3d({_NUMBER})!4d({_NUMBER})")
_WAYPOINT = re.compile(rf"!1d({_NUMBER})!2d({_NUMBER})")
_EMBEDDED = re.compile(rf"!2d({_NUMBER})!3d({_NUMBER})")
_SCREEN = re.compile(rf"@({_NUMBER}),({_NUMBER})(?:,(\d+(?:\.\d+)?)(z|m|a)?)?")
_HERE_MAP = re.compile(rf"^({_NUMBER}),({_NUMBER})(?:,(\d+(?:\.\d+)?))?(z)?")
_OSM_MAP = re.compile(rf"(?:^|[#&])map=(\d+(?:\.\d+)?)/({_NUMBER})/({_NUMBER})")
_GOOGLE_HOST = re.compile(r"(?:^|\.)google(?:\.[a-z]{2,3}){1,2}$")
_OSM_HOST = re.compile(r"(?:^|\.)(?:openstreetmap\.org|osm\.org)$")
_OTHER_MAP_HOST = re.compile(
    r"(?:^|\.)(?:waze\.com|maps\.apple\.com|here\.com|bing\.com|wego\.here\.com|openstreetmap\.de|osmand\.net|organicmaps\.app)$"
)
_POINT_PARAMETERS = (
    "daddr",
    "destination",
    "to",
    "q",
    "query",
    "ll",
    "coordinate",
    "cbll",
    "viewpoint",
    "pin",
    "center",
    "cp",
    "sll",
)
_TYPED_PARAMETERS = frozenset({"daddr", "destination", "q", "query", "to"})
_SHORTCODE_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPoint:
    """The numbers of a link, unchecked, with `precision_m` and what they stand for."""

    lat: float
    lon: float
    service: str
    note: NoteKind | None
    precision_m: float | None

    @property
    def is_view(self) -> bool:
        """Whether it is only the middle of a map view, not a point that somebody chose."""
        return self.precision_m is not None


def map_links(text: str) -> Iterator[str]:
    """The links to maps in a text, in order; other links are passed over."""
    for match in _LINK.finditer(text):
        link = match.group().rstrip(".,;!?)>]}*\"'")
        link = link if "//" in link else f"https://{link}"
        try:
            host = (urlsplit(link).hostname or "").lower()
        except ValueError:
            continue
        if _service(host, link) is not None or host in SHORTENED_HOSTS:
            yield link


def point_of_link(link: str) -> LinkPoint:
    """Read the point out of one link of `map_links`.

    Raises
    ------
    InputError
        When the link is a shortened one, or names a place without its coordinates.
    """
    refuse_shortened(link)
    parts = urlsplit(link)
    service = _service((parts.hostname or "").lower(), link) or "map"
    path, fragment = unquote_plus(parts.path), unquote_plus(parts.fragment)
    parameters = {name.lower(): value for name, value in parse_qsl(parts.query)}
    point = (
        _osm_point(path, fragment, parameters)
        if service == "OpenStreetMap"
        else _google_point(f"{path}?{unquote_plus(parts.query)}", path, parameters)
    )
    if point is None:
        raise InputError(
            N_(
                "The link of {host} names no coordinates; open it, press on the place until a pin appears, and paste "
                "that link or the numbers."
            ),
            host=parts.hostname,
        )
    lat, lon, note, precision_m = point
    return LinkPoint(lat=lat, lon=lon, service=service, note=note, precision_m=precision_m)


def refuse_shortened(link: str) -> None:
    """Raise an `InputError` for a link that leads to the coordinates only by a request."""
    host = (urlsplit(link).hostname or "").lower()
    if host in SHORTENED_HOSTS:
        raise InputError(
            N_(
                "The link of {host} is shortened and carries no coordinates, and no request is made to look it up; "
                "open it and paste the full link or the numbers."
            ),
            host=host,
        )


def typed_parts(link: str) -> list[str]:
    """What somebody typed into the map's search, still quoted; of directions only where they lead."""
    parts = urlsplit(link)
    segments = [segment for segment in parts.path.split("/") if segment]
    found = []
    for word in ("place", "search", "dir"):
        if word in segments:
            typed = [
                segment
                for segment in segments[segments.index(word) + 1 :]
                if not segment.startswith(("@", "data=", "am="))
            ]
            found += typed[-1:]
    pairs = (pair.partition("=") for pair in parts.query.split("&"))
    return [*found, *(value for name, _, value in pairs if name.lower() in _TYPED_PARAMETERS)]


_Point = tuple[float, float, NoteKind | None, float | None]


def _service(host: str, link: str) -> str | None:
    if _GOOGLE_HOST.search(host):
        return "Google Maps" if host.startswith("maps.") or "/maps" in link else None
    if _OSM_HOST.search(host):
        return "OpenStreetMap"
    return "map" if _OTHER_MAP_HOST.search(host) else None


def _google_point(whole: str, path: str, parameters: Mapping[str, str]) -> _Point | None:
    """Also for the other services, whose links hold the same kinds of points."""
    directions = "/dir/" in path
    if directions:
        destination = _destination(path.split("/dir/", 1)[1].split("/@", 1)[0].split("/"))
        if destination is not None:
            return *destination, NoteKind.DESTINATION, None
        waypoints = _WAYPOINT.findall(whole)
        if waypoints:
            lon, lat = waypoints[-1]
            return float(lat), float(lon), NoteKind.DESTINATION, None
    places = _PLACE.findall(whole)
    if places:
        lat, lon = places[-1]
        return float(lat), float(lon), None, None
    typed = _from_parameters(parameters)
    if typed is not None:
        return typed
    segments = [] if directions else [segment for segment in path.split("/") if not segment.startswith("@")]
    pairs = [pair for pair in map(_pair, segments) if pair is not None]
    if pairs:
        return *pairs[-1], None, None
    embedded = _EMBEDDED.search(whole)
    if embedded:
        return _view(embedded[2], embedded[1], DEFAULT_ZOOM)
    screen = _SCREEN.search(whole) or _HERE_MAP.search(parameters.get("map", ""))
    if screen:
        return _view(screen[1], screen[2], float(screen[3]) if screen[3] and screen[4] in (None, "z") else DEFAULT_ZOOM)
    return None


def _view(lat: str, lon: str, zoom: float) -> _Point:
    return float(lat), float(lon), NoteKind.MIDDLE_OF_VIEW, _screen_metres(zoom)


def _osm_point(path: str, fragment: str, parameters: Mapping[str, str]) -> _Point | None:
    for lat_name, lon_name in (("mlat", "mlon"), ("lat", "lon")):
        if lat_name in parameters and lon_name in parameters:
            pair = _pair(f"{parameters[lat_name]},{parameters[lon_name]}")
            if pair is not None:
                return *pair, None, None
    if "route" in parameters:
        destination = _destination(parameters["route"].split(";"))
        if destination is not None:
            return *destination, NoteKind.DESTINATION, None
    typed = _from_parameters(parameters)
    if typed is not None:
        return typed
    view = _OSM_MAP.search(fragment)
    if view:
        return _view(view[2], view[3], float(view[1]))
    code = re.match(r"^/go/([A-Za-z0-9_~@=-]+)$", path)
    return _shortcode_point(code[1]) if code else None


def _shortcode_point(code: str) -> _Point | None:
    """Decode OpenStreetMap's shortlink: interleaved bits of longitude and latitude, three each per character.

    Source: lib/short_link.rb of openstreetmap-website; `@` stood for `~` in its early days, `-` and `=` only shift the
    zoom.
    """
    x = y = bits = 0
    for character in code.replace("@", "~").rstrip("-="):
        digit = _SHORTCODE_DIGITS.find(character)
        if digit < 0:
            return None
        for shift in (4, 2, 0):
            x = (x << 1) | (digit >> (shift + 1) & 1)
            y = (y << 1) | (digit >> shift & 1)
        bits += 3
    if not bits:
        return None
    zoom = bits - 8.0 - (3 - (len(code) - len(code.rstrip("-=")))) % 3
    lon, lat = ((x + 0.5) / 2**bits) * 360 - 180, ((y + 0.5) / 2**bits) * 180 - 90
    return lat, lon, NoteKind.MIDDLE_OF_VIEW, _screen_metres(max(zoom, 0.0))


def _from_parameters(parameters: Mapping[str, str]) -> _Point | None:
    for name in _POINT_PARAMETERS:
        if name in parameters:
            pair = _pair(parameters[name])
            if pair is not None:
                return *pair, None, None
    return None


def _destination(waypoints: Sequence[str]) -> tuple[float, float] | None:
    """The last waypoint, where it is a point: one before it is where the way begins."""
    named = [waypoint for waypoint in waypoints if waypoint.strip()]
    return _pair(named[-1]) if named else None


def _pair(text: str) -> tuple[float, float] | None:
    match = _PAIR.match(text)
    return (float(match[1]), float(match[2])) if match else None


def _screen_metres(zoom: float) -> float:
    return SCREEN_MIDDLE_PIXELS * EQUATOR_METRES_PER_PIXEL / 2 ** min(zoom, 22.0)
