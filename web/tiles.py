"""Background map tiles over HTTP, kept in memory once drawn."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import cast

from flask import Blueprint, Response, current_app, request

from web.access import Permission, Scope, needs
from web.map_style import PALETTES
from web.problems import BadRequestError, NotFoundError
from web.tile_draw import MapPainter

tiles = Blueprint("tiles", __name__)

LEAST_ZOOM, GREATEST_ZOOM = 7, 18
KEPT_TILES = 4000
"""About 40 MB."""

CACHE_CONTROL = "public, max-age=86400"

TileKey = tuple[str, int, int, int, int]


class TileSource:
    """Draws tiles and keeps the last ones. Safe to use from several threads.

    Parameters
    ----------
    painter
        Of the opened region.
    stamp
        Changes when the region or the style changes.
    """

    def __init__(self, painter: MapPainter, stamp: str) -> None:
        self.painter = painter
        self.stamp = stamp
        self._kept: OrderedDict[TileKey, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def tile(self, style: str, zoom: int, column: int, row: int, density: int) -> bytes:
        """The PNG of one tile.

        Raises
        ------
        NotFoundError
            The tile lies far from the region, or the zoom is not offered.
        """
        self._check(zoom, column, row)
        key = (style, zoom, column, row, density)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        drawn = self.painter.tile(zoom, column, row, palette=PALETTES[style], density=density)
        with self._lock:
            self._kept[key] = drawn
            while len(self._kept) > KEPT_TILES:
                self._kept.popitem(last=False)
        return drawn

    def _check(self, zoom: int, column: int, row: int) -> None:
        if not LEAST_ZOOM <= zoom <= GREATEST_ZOOM:
            raise NotFoundError(f"There are no tiles at zoom {zoom}; ask for {LEAST_ZOOM} to {GREATEST_ZOOM}.")
        first_column, first_row, last_column, last_row = self.painter.tile_range(zoom)
        if not (first_column <= column <= last_column and first_row <= row <= last_row):
            raise NotFoundError(f"Tile {zoom}/{column}/{row} lies outside the map of this region.")


@tiles.get("/tiles/<int:zoom>/<int:column>/<int:row>.png", defaults={"density": 1})
@tiles.get("/tiles/<int:zoom>/<int:column>/<int:row>@2x.png", defaults={"density": 2})
@needs(Permission.REGION_READ, Scope.OPEN)
def tile(zoom: int, column: int, row: int, density: int) -> Response:
    """One tile of the usual XYZ scheme; `?style=dark` for the dark style, `@2x` for fine screens."""
    style = request.args.get("style", "light")
    if style not in PALETTES:
        raise BadRequestError(f"The map style '{style[:40]}' is not known; use one of {', '.join(PALETTES)}.")
    source = cast(TileSource, current_app.extensions["siaga112-tiles"])
    answer = Response(source.tile(style, zoom, column, row, density), content_type="image/png")
    answer.headers["Cache-Control"] = CACHE_CONTROL
    answer.set_etag(f"{source.stamp}-{style}-{zoom}-{column}-{row}-{density}")
    answer.make_conditional(request)
    return answer
