"""Draws the background map with Pillow: one tile, or any rectangle.

Shapes are drawn at twice the size and brought down, which smooths their edges; names are written at the final size.
Neighbouring tiles meet without a seam (`web.tile_brush`), and names stand where they stand on every tile
(`web.map_labels`).
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import numpy as np
from PIL import Image

from web.map_labels import LabelLayout, PlacedLabel, lay_out
from web.map_layers import BEYOND_STEPS, Cover, MapLayers, Shapes, mercator
from web.map_style import (
    CASING_FROM_ZOOM,
    DRAWING_ORDER,
    LIGHT,
    MAIN_ROADS,
    ROAD_STYLES,
    Palette,
    RoadStyle,
    mixed,
    road_rim_px,
    road_width_px,
)
from web.tile_brush import Brush
from web.tile_names import TILE_PX, stamp_notice, write_label
from web.tile_png import png

SUPERSAMPLING = 2
MARGIN_PX = 24
"""How far outside the picture a shape may lie and still be drawn: the widest road, halved, and a name's halo."""

RINGS = frozenset({"land", "beyond", "built", "green", "water"})
PIECE_POINTS = 24
"""Lines are kept in pieces of so many points, so that a tile draws little of what passes by it."""

DETAIL_ZOOMS = (9, 11, 13, 15)
"""Shapes are simplified once for each of these zooms; beyond the last they are drawn as they are."""

SIMPLIFY_PX = 0.6
VILLAGE_BORDERS_FROM_ZOOM = 11.5
DASHES_FROM_ZOOM = 13
STREAMS_FROM_ZOOM = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A rectangle of the world map.

    Attributes
    ----------
    left, top
        In world pixels: Web Mercator units times `scale`.
    width, height
        In pixels.
    zoom
        Tile zoom, possibly fractional; `scale` is `256 * 2 ** zoom`.
    density
        Device pixels per pixel: 1, or 2 for fine screens.
    """

    left: float
    top: float
    width: int
    height: int
    zoom: float
    density: int = 1

    @property
    def scale(self) -> float:
        """Pixels of the whole world's width."""
        return float(TILE_PX * 2.0**self.zoom)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Web Mercator box of the view with its margin."""
        return (
            (self.left - MARGIN_PX) / self.scale,
            (self.top - MARGIN_PX) / self.scale,
            (self.left + self.width + MARGIN_PX) / self.scale,
            (self.top + self.height + MARGIN_PX) / self.scale,
        )


def tile_range(bounds: tuple[float, float, float, float], zoom: int) -> tuple[int, int, int, int]:
    """First column, first row, last column, last row of the tiles that show a region or its surroundings.

    Parameters
    ----------
    bounds
        South, west, north, east of the region in degrees.
    zoom
        Of the tiles.
    """
    south, west, north, east = bounds
    left, top = mercator(north, west)
    right, bottom = mercator(south, east)
    margin_x, margin_y = (right - left) / 2, (bottom - top) / 2
    tiles = 2**zoom
    first = int(max(0, (left - margin_x) * tiles)), int(max(0, (top - margin_y) * tiles))
    last = int(min(tiles - 1, (right + margin_x) * tiles)), int(min(tiles - 1, (bottom + margin_y) * tiles))
    return (*first, *last)


class MapPainter:
    """Draws one region's map. Safe to use from several threads."""

    def __init__(self, layers: MapLayers) -> None:
        self.layers = layers
        self._cover = Cover(layers.land)
        self._details: dict[tuple[str, int], Shapes] = {}
        self._layouts: dict[float, LabelLayout] = {}
        self._lock = threading.Lock()

    def tile(self, zoom: int, column: int, row: int, *, palette: Palette = LIGHT, density: int = 1) -> bytes:
        """One square tile of the usual XYZ scheme as PNG, 256 pixels times `density` wide."""
        view = View(left=column * TILE_PX, top=row * TILE_PX, width=TILE_PX, height=TILE_PX, zoom=zoom, density=density)
        return png(self.paint(view, palette))

    def tile_and_nameless(self, zoom: int, column: int, row: int, *, palette: Palette = LIGHT) -> tuple[bytes, bytes]:
        """A tile, and the same tile without names and notice; one and the same where it has none."""
        view = View(left=column * TILE_PX, top=row * TILE_PX, width=TILE_PX, height=TILE_PX, zoom=zoom)
        image = self._shapes(view, palette)
        nameless = image.copy()
        self._inscribe(image, view, palette)
        tile = png(image)
        return tile, tile if image == nameless else png(nameless)

    def prepare(self, zoom: int) -> None:
        """Make what all tiles of a zoom share, so that the first is as quick as the others."""
        view = View(left=0.0, top=0.0, width=TILE_PX, height=TILE_PX, zoom=zoom)
        self._shapes(view, LIGHT)
        self._labels(view)

    def picture(self, bounds: tuple[float, float, float, float], size_px: int, *, palette: Palette = LIGHT) -> bytes:
        """A PNG of a rectangle whose longer side measures `size_px`.

        Parameters
        ----------
        bounds
            South, west, north, east in degrees.
        size_px
            Pixels of the longer side.
        palette
            Colours.
        """
        south, west, north, east = bounds
        left, top = mercator(north, west)
        right, bottom = mercator(south, east)
        scale = size_px / max(right - left, bottom - top)
        view = View(
            left=left * scale,
            top=top * scale,
            width=max(1, round((right - left) * scale)),
            height=max(1, round((bottom - top) * scale)),
            zoom=math.log2(scale / TILE_PX),
        )
        return png(self.paint(view, palette))

    def paint(self, view: View, palette: Palette) -> Image.Image:
        """The picture of a view."""
        image = self._shapes(view, palette)
        self._inscribe(image, view, palette)
        return image

    def _shapes(self, view: View, palette: Palette) -> Image.Image:
        factor = view.density * SUPERSAMPLING
        size, layers = (view.width * factor, view.height * factor), self.layers
        everywhere = self._cover.covers(view.box)
        image = Image.new("RGB", size, palette.land) if everywhere else self._faded(size, view, palette)
        brush = Brush(image, left=view.left, top=view.top, scale=view.scale, factor=factor)
        if not everywhere:
            brush.fill(self._detail("land", layers.land, view), palette.land)
        brush.fill(self._detail("built", layers.built, view), palette.built)
        brush.fill(self._detail("green", layers.green, view), palette.green)
        self._draw_borders_glow(brush, view, palette)
        brush.fill(self._detail("water", layers.water, view), palette.water)
        self._draw_lines(brush, view, palette)
        self._draw_roads(brush, view, palette)
        return image.reduce(SUPERSAMPLING)

    def _faded(self, size: tuple[int, int], view: View, palette: Palette) -> Image.Image:
        """The ground of a picture at the border: the land's colour runs out beyond the region.

        Drawn at one image pixel a pixel of the view, since its steps are too faint for their edges to be seen.
        """
        strips = self._detail("beyond", self.layers.beyond, view)
        faint = Image.new("RGB", (view.width, view.height), palette.outside)
        brush = Brush(faint, left=view.left, top=view.top, scale=view.scale, factor=1)
        for step in range(BEYOND_STEPS):
            colour = mixed(palette.outside, palette.land, (step + 1) / (BEYOND_STEPS + 1))
            brush.fill(strips.pick(np.flatnonzero(strips.kind == step)).as_shells(), colour)
        return faint.resize(size, Image.Resampling.NEAREST)

    def _draw_borders_glow(self, brush: Brush, view: View, palette: Palette) -> None:
        """A broad pale line under the greater borders, which the lines of the map then cross."""
        if view.zoom >= VILLAGE_BORDERS_FROM_ZOOM:
            kecamatan = self._detail("kecamatan", self.layers.kecamatan, view)
            brush.lines(kecamatan, mixed(palette.land, palette.kecamatan_border, 0.16), 7.0)
        kabupaten = self._detail("kabupaten", self.layers.kabupaten, view)
        brush.lines(kabupaten, mixed(palette.land, palette.kabupaten_border, 0.18), 8.0)

    def _inscribe(self, image: Image.Image, view: View, palette: Palette) -> None:
        """Write the names, and the notice of a made-up map."""
        corner = view.left, view.top
        for label in self._labels(view):
            write_label(image, label, corner, view.density, palette)
        if self.layers.notice:
            stamp_notice(image, self.layers.notice, corner, (view.width, view.height), view.density, palette)

    def _draw_lines(self, brush: Brush, view: View, palette: Palette) -> None:
        layers, zoom = self.layers, view.zoom
        if zoom >= STREAMS_FROM_ZOOM:
            width = max(1.0, 1.6 * 1.35 ** (zoom - 14))
            brush.lines(self._detail("waterways", layers.waterways, view), palette.waterway, width)
        brush.lines(self._detail("coast", layers.coast, view), palette.coast, 1.0)
        if zoom >= VILLAGE_BORDERS_FROM_ZOOM:
            villages = self._detail("villages", layers.villages, view)
            if zoom < DASHES_FROM_ZOOM:
                brush.lines(villages, palette.village_border, 0.8)
            else:
                brush.dashes(villages, palette.village_border, 1.3, on_px=7, off_px=3)
        kecamatan = self._detail("kecamatan", layers.kecamatan, view)
        kabupaten = self._detail("kabupaten", layers.kabupaten, view)
        brush.lines(kecamatan, palette.kecamatan_border, 0.8 if zoom < 12 else 1.5)
        brush.lines(kabupaten, palette.kabupaten_border, 1.5 if zoom < 12 else 2.0)
        brush.lines(self._detail("rail", layers.rail, view), palette.rail, 1.0 if zoom < 14 else 2.0)

    def _draw_roads(self, brush: Brush, view: View, palette: Palette) -> None:
        roads = self._roads(view)
        chosen = roads.within(view.box)
        if len(chosen) == 0:
            return
        kinds = roads.kind[chosen]
        drawn = [
            (style, brush.trace(roads.pick(chosen[kinds == number])))
            for number in DRAWING_ORDER
            if (style := ROAD_STYLES[number]) and (kinds == number).any()
        ]
        rim = road_rim_px(view.zoom)
        for style, traced in drawn:
            if view.zoom >= CASING_FROM_ZOOM or style.group in MAIN_ROADS:
                brush.strokes(traced, palette.roads[style.group][1], road_width_px(style, view.zoom) + rim)
        for style, traced in drawn:
            brush.strokes(traced, self._road_colour(style, view, palette), road_width_px(style, view.zoom))

    @staticmethod
    def _road_colour(style: RoadStyle, view: View, palette: Palette) -> str:
        """Thin roads without casing need the casing's colour to be seen."""
        fill, casing = palette.roads[style.group]
        thin = style.group in {"tertiary", "minor", "lane"} and view.zoom < CASING_FROM_ZOOM
        return casing if thin else fill

    def _roads(self, view: View) -> Shapes:
        """Roads with the detail and the classes of the zoom."""
        zoom = math.floor(view.zoom)
        key = ("roads", min(zoom, 13) if zoom < 15 else zoom if zoom == 15 else 99)
        with self._lock:
            if key not in self._details:
                roads = self.layers.roads
                first = np.array([style.least_zoom if style else 99 for style in ROAD_STYLES])
                roads = roads.pick(np.flatnonzero(first[roads.kind] <= zoom))
                if zoom <= DETAIL_ZOOMS[-1]:
                    pixel = 1.0 / (TILE_PX * 2.0 ** (zoom + 1))
                    roads = roads.simplified(SIMPLIFY_PX * pixel, least=pixel if zoom < 13 else 0.0)
                self._details[key] = roads.cut(PIECE_POINTS)
            return self._details[key]

    def _detail(self, name: str, shapes: Shapes, view: View) -> Shapes:
        """The shapes of a layer in this view, simplified for the zoom."""
        if len(shapes) == 0:
            return shapes
        zoom = next((z for z in DETAIL_ZOOMS if view.zoom <= z), None)
        key = (name, zoom if zoom is not None else 99)
        with self._lock:
            if key not in self._details:
                if zoom is not None:
                    pixel = 1.0 / (TILE_PX * 2.0**zoom)
                    shapes = shapes.simplified(SIMPLIFY_PX * pixel, least=pixel)
                self._details[key] = shapes if name in RINGS else shapes.cut(PIECE_POINTS)
            shapes = self._details[key]
        return shapes.pick(shapes.within(view.box))

    def _labels(self, view: View) -> list[PlacedLabel]:
        with self._lock:
            layout = self._layouts.get(view.zoom) or lay_out(self.layers, view.zoom)
            if float(view.zoom).is_integer():
                self._layouts[view.zoom] = layout
        return layout.within(view.left, view.top, view.left + view.width, view.top + view.height)
