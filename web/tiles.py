"""Background map tiles over HTTP, kept in memory once drawn.

They are not kept on disk: browsers keep them across a restart of the server (their address carries the region's stamp),
and drawing one takes less time than a wait for it would be noticed; so there is nothing that could go stale or fill up.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, jsonify, request
from PIL import Image

from gis.errors import InputError
from gis.types import Location
from routing.region import Region
from web.access import Permission, Scope, actor, needs
from web.credits import credit_line
from web.map_layers import mercator
from web.map_style import PALETTES, font_names
from web.problems import BadRequestError, NotFoundError
from web.tile_draw import tile_range
from web.tile_names import TILE_PX
from web.tile_workers import Draw, TileKey

tiles = Blueprint("tiles", __name__)

LEAST_ZOOM, GREATEST_ZOOM = 7, 18
KEPT_BYTES = 64_000_000
"""Five thousand tiles of a town, or more of the country."""

MAX_AGE_S = 86_400
TILES = "siaga112-tiles"
OUTSIDE_TILES = "siaga112-outside-tiles"
LONGEST_NUMBER = 9
DRAWN_BY = ("map_icons", "map_labels", "map_layers", "map_style", "region_layers", "tile_brush", "tile_draw",
            "tile_names", "tile_png")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideTiles:
    """Tiles of another host, offered beside our own where the configuration says so.

    Attributes
    ----------
    address
        With `{z}`, `{x}` and `{y}`, over https.
    credit
        Whose map it is: shown on it.
    """

    address: str
    credit: str

    @classmethod
    def of(cls, address: str | None, credit: str | None) -> OutsideTiles | None:
        """As given on the command line; None where nothing was.

        Raises
        ------
        InputError
            The address is none of tiles, or nobody is credited.
        """
        if address is None and credit is None:
            return None
        if not (credit or "").strip():
            raise InputError(
                "Tiles of another host need a credit; give --outside-credit with the words their owner asks."
            )
        parts = urlsplit(address or "")
        try:
            port_is_right = parts.port is None or parts.port > 0
        except ValueError:
            port_is_right = False
        fits = all(name in (address or "") for name in ("{z}", "{x}", "{y}"))
        host = parts.hostname or ""
        if parts.scheme != "https" or not host or not port_is_right or parts.username is not None or not fits:
            raise InputError(
                f"'{(address or '')[:80]}' is no address of tiles; give --outside-tiles such as "
                "https://tiles.example.org/{z}/{x}/{y}.png."
            )
        if not all(part.replace("-", "").isalnum() and part.isascii() for part in host.split(".")):
            raise InputError(f"The host '{host[:80]}' of --outside-tiles is not a plain name of a host.")
        return cls(address=str(address), credit=str(credit).strip())

    @property
    def origin(self) -> str:
        """Scheme, host and port: what the content policy admits."""
        parts = urlsplit(self.address)
        return f"https://{parts.hostname}{f':{parts.port}' if parts.port else ''}"


class TileSource:
    """Has tiles drawn and keeps the last ones. Safe to use from several threads; a tile is drawn once at a time.

    Parameters
    ----------
    region
        Whose map it is.
    draw
        Draws a tile.
    """

    def __init__(self, region: Region, draw: Draw, *, stamp: str) -> None:
        box = region.boundaries.bounds
        self._bounds = (box.south, box.west, box.north, box.east)
        self.stamp = stamp
        self.draw = draw
        self._kept: OrderedDict[TileKey, bytes] = OrderedDict()
        self._kept_bytes = 0
        self._begun: dict[TileKey, Future[bytes]] = {}
        self._lock = threading.Lock()

    def tile(self, style: str, zoom: int, column: int, row: int, density: int) -> bytes:
        """The PNG of one tile.

        Raises
        ------
        NotFoundError
            The tile lies far from the region, or the zoom is not offered.
        TooBusyError
            It cannot be drawn now.
        """
        self._check(zoom, column, row)
        key = (style, zoom, column, row, density)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            begun = self._begun.get(key)
            mine = None if begun is not None else self._begun.setdefault(key, Future())
        if begun is not None:
            return begun.result()
        assert mine is not None
        try:
            drawn = self.draw(key)
        except BaseException as error:
            with self._lock:
                del self._begun[key]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._begun[key]
            self._keep(key, drawn)
        mine.set_result(drawn)
        return drawn

    def _keep(self, key: TileKey, drawn: bytes) -> None:
        self._kept[key] = drawn
        self._kept_bytes += len(drawn)
        while self._kept_bytes > KEPT_BYTES:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped)

    def around(self, at: Location, zoom: int, width_px: int, height_px: int) -> bytes:
        """A PNG of the light map with a place in its middle, put together of tiles; what lies beyond the map is white.

        Raises
        ------
        TooBusyError
            It cannot be drawn now.
        """
        across, down = mercator(at.lat, at.lon)
        left = round(across * TILE_PX * 2**zoom - width_px / 2)
        top = round(down * TILE_PX * 2**zoom - height_px / 2)
        picture = Image.new("RGB", (width_px, height_px), "white")
        for column in range(left // TILE_PX, (left + width_px - 1) // TILE_PX + 1):
            for row in range(top // TILE_PX, (top + height_px - 1) // TILE_PX + 1):
                try:
                    drawn = self.tile("light", zoom, column, row, 1)
                except NotFoundError:
                    continue
                with Image.open(io.BytesIO(drawn)) as one:
                    picture.paste(one.convert("RGB"), (column * TILE_PX - left, row * TILE_PX - top))
        out = io.BytesIO()
        picture.save(out, "PNG")
        return out.getvalue()

    def _check(self, zoom: int, column: int, row: int) -> None:
        if not LEAST_ZOOM <= zoom <= GREATEST_ZOOM:
            raise NotFoundError(f"There are no tiles at zoom {zoom}; ask for {LEAST_ZOOM} to {GREATEST_ZOOM}.")
        first_column, first_row, last_column, last_row = tile_range(self._bounds, zoom)
        if not (first_column <= column <= last_column and first_row <= row <= last_row):
            raise NotFoundError(f"Tile {zoom}/{column}/{row} lies outside the map of this region.")


def stamp_of(region: Region, built_at: str) -> str:
    """Changes when the region, the look of the map or its letters change."""
    digest = hashlib.sha256(f"{region.name} {built_at} {font_names()}".encode())
    for module in DRAWN_BY:
        digest.update((Path(__file__).parent / f"{module}.py").read_bytes())
    return digest.hexdigest()[:12]


def tile_source() -> TileSource:
    """Of the present application."""
    return cast(TileSource, current_app.extensions[TILES])


def outside_json() -> dict[str, str] | None:
    """Address and credit of another host's tiles, for pages; None where there are none."""
    outside = cast(OutsideTiles | None, current_app.extensions.get(OUTSIDE_TILES))
    return None if outside is None else {"address": outside.address, "credit": outside.credit}


@tiles.get("/tiles/<zoom>/<column>/<row>.png", defaults={"density": 1})
@tiles.get("/tiles/<zoom>/<column>/<row>@2x.png", defaults={"density": 2})
@needs(Permission.REGION_READ, Scope.OPEN)
def tile(zoom: str, column: str, row: str, density: int) -> Response:
    """One tile of the usual XYZ scheme; `?style=dark` for the dark style, `@2x` for fine screens."""
    style = _style()
    z, x, y = _number("zoom", zoom), _number("column", column), _number("row", row)
    source = tile_source()
    answer = Response(source.tile(style, z, x, y, density), content_type="image/png")
    shared = "public" if actor().role is None else "private"
    answer.headers["Cache-Control"] = f"{shared}, max-age={MAX_AGE_S}"
    answer.set_etag(f"{source.stamp}-{style}-{z}-{x}-{y}-{density}")
    answer.make_conditional(request)
    return answer


@tiles.get("/tiles.json")
@needs(Permission.REGION_READ, Scope.OPEN)
def tile_json() -> Response:
    """TileJSON 3.0.0: what QGIS, MapLibre and others read to show the tiles."""
    region = cast(Region, current_app.extensions["siaga112-desk"].region)
    style, source = _style(), tile_source()
    box = region.boundaries.bounds
    query = "" if style == "light" else f"style={style}&"
    found: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": region.name,
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [f"{request.url_root}tiles/{{z}}/{{x}}/{{y}}.png?{query}v={source.stamp}"],
        "minzoom": LEAST_ZOOM,
        "maxzoom": GREATEST_ZOOM,
        "bounds": [box.west, box.south, box.east, box.north],
        "center": [box.middle.lon, box.middle.lat, 11],
        "attribution": credit_line(region),
    }
    if region.notice:
        found["description"] = region.notice
    answer = jsonify(found)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _style() -> str:
    style = request.args.get("style", "light")
    if style not in PALETTES:
        raise BadRequestError(f"The map style '{style[:40]}' is not known; use one of {', '.join(PALETTES)}.")
    return style


def _number(name: str, text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER):
        raise BadRequestError(f"The {name} '{text[:20]}' of a tile must be a whole number.")
    return int(text)
