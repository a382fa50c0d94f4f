"""Draws the background map with Pillow: one tile, or any rectangle.

Shapes are drawn at twice the size and brought down, which smooths their edges; names are written at the final size.
All coordinates are rounded on one world-wide grid of pixels, so neighbouring tiles meet without a seam.
"""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from web.map_labels import LabelLayout, PlacedLabel, lay_out
from web.map_layers import MapLayers, Shapes, mercator
from web.map_style import (
    CASING_FROM_ZOOM,
    DRAWING_ORDER,
    LIGHT,
    ROAD_STYLES,
    Palette,
    RoadStyle,
    font,
    road_width_px,
)

SUPERSAMPLING = 2
TILE_PX = 256
MARGIN_PX = 24
"""How far outside the picture a shape may lie and still be drawn: the widest road, halved, and a name's halo."""

DETAIL_ZOOMS = (9, 11, 13, 15)
"""Shapes are simplified once for each of these zooms; beyond the last they are drawn as they are."""

SIMPLIFY_PX = 0.6
VILLAGE_BORDERS_FROM_ZOOM = 11.5
DASHES_FROM_ZOOM = 13
STREAMS_FROM_ZOOM = 11
ROUND_FROM_PX = 5
NOTICE_SPACING_PX = 512
NOTICE_SIZE_PX = 13
NOTICE_OPACITY = 0.34
NOTICE_ANGLE_DEG = 24
COLOURS = 256


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


class MapPainter:
    """Draws one region's map. Safe to use from several threads."""

    def __init__(self, layers: MapLayers) -> None:
        self.layers = layers
        self._details: dict[tuple[str, int], Shapes] = {}
        self._layouts: dict[float, LabelLayout] = {}
        self._lock = threading.Lock()

    def tile(self, zoom: int, column: int, row: int, *, palette: Palette = LIGHT, density: int = 1) -> bytes:
        """One square tile of the usual XYZ scheme as PNG, 256 pixels times `density` wide."""
        view = View(left=column * TILE_PX, top=row * TILE_PX, width=TILE_PX, height=TILE_PX, zoom=zoom, density=density)
        return _png(self.paint(view, palette))

    def tile_and_nameless(self, zoom: int, column: int, row: int, *, palette: Palette = LIGHT) -> tuple[bytes, bytes]:
        """A tile, and the same tile without names and notice; one and the same where it has none."""
        view = View(left=column * TILE_PX, top=row * TILE_PX, width=TILE_PX, height=TILE_PX, zoom=zoom)
        image = self._shapes(view, palette)
        nameless = image.copy()
        self._inscribe(image, view, palette)
        tile = _png(image)
        return tile, tile if image == nameless else _png(nameless)

    def tile_range(self, zoom: int) -> tuple[int, int, int, int]:
        """First column, first row, last column, last row of the tiles that show the region or its surroundings."""
        south, west, north, east = self.layers.bounds
        left, top = mercator(north, west)
        right, bottom = mercator(south, east)
        margin_x, margin_y = (right - left) / 2, (bottom - top) / 2
        tiles = 2**zoom
        first = int(max(0, (left - margin_x) * tiles)), int(max(0, (top - margin_y) * tiles))
        last = int(min(tiles - 1, (right + margin_x) * tiles)), int(min(tiles - 1, (bottom + margin_y) * tiles))
        return (*first, *last)

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
        return _png(self.paint(view, palette))

    def paint(self, view: View, palette: Palette) -> Image.Image:
        """The picture of a view."""
        image = self._shapes(view, palette)
        self._inscribe(image, view, palette)
        return image

    def _shapes(self, view: View, palette: Palette) -> Image.Image:
        factor = view.density * SUPERSAMPLING
        image = Image.new("RGB", (view.width * factor, view.height * factor), palette.outside)
        brush = _Brush(image, view, factor)
        layers = self.layers
        brush.fill(self._detail("land", layers.land, view), palette.land)
        brush.fill(self._detail("built", layers.built, view), palette.built)
        brush.fill(self._detail("green", layers.green, view), palette.green)
        brush.fill(self._detail("water", layers.water, view), palette.water)
        self._draw_lines(brush, view, palette)
        self._draw_roads(brush, view, palette)
        return image.reduce(SUPERSAMPLING)

    def _inscribe(self, image: Image.Image, view: View, palette: Palette) -> None:
        """Write the names, and the notice of a made-up map."""
        for label in self._labels(view):
            _write(image, label, view, palette)
        if self.layers.notice:
            _stamp(image, self.layers.notice, view, palette)

    def _draw_lines(self, brush: _Brush, view: View, palette: Palette) -> None:
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
        if zoom >= VILLAGE_BORDERS_FROM_ZOOM:
            brush.glow(kecamatan, palette.kecamatan_border, 7.0, 0.16)
        brush.lines(kecamatan, palette.kecamatan_border, 0.8 if zoom < 12 else 1.5)
        brush.glow(kabupaten, palette.kabupaten_border, 8.0, 0.18)
        brush.lines(kabupaten, palette.kabupaten_border, 1.5 if zoom < 12 else 2.0)
        brush.lines(self._detail("rail", layers.rail, view), palette.rail, 1.0 if zoom < 14 else 2.0)

    def _draw_roads(self, brush: _Brush, view: View, palette: Palette) -> None:
        roads = self._roads(view)
        chosen = roads.within(view.box)
        if len(chosen) == 0:
            return
        picked = roads.pick(chosen)
        strokes = brush.points(picked)
        by_class: dict[int, list[list[int]]] = {}
        for road_class, stroke in zip(picked.kind.tolist(), strokes, strict=True):
            by_class.setdefault(road_class, []).append(stroke)
        drawn = [
            (style, by_class[number])
            for number in DRAWING_ORDER
            if number in by_class and (style := ROAD_STYLES[number])
        ]
        if view.zoom >= CASING_FROM_ZOOM:
            rim = 1.6 if view.zoom < 15 else 2.2
            for style, lines in drawn:
                brush.strokes(lines, palette.roads[style.group][1], road_width_px(style, view.zoom) + rim)
        elif view.zoom < 12:
            for style, lines in drawn:
                if style.group != "tertiary":
                    brush.strokes(lines, palette.roads[style.group][1], road_width_px(style, view.zoom) + 1.0)
        for style, lines in drawn:
            brush.strokes(lines, self._road_colour(style, view, palette), road_width_px(style, view.zoom))

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
                self._details[key] = roads
            return self._details[key]

    def _detail(self, name: str, shapes: Shapes, view: View) -> Shapes:
        """The shapes of a layer in this view, simplified for the zoom."""
        zoom = next((z for z in DETAIL_ZOOMS if view.zoom <= z), None)
        if zoom is not None and len(shapes):
            with self._lock:
                if (name, zoom) not in self._details:
                    pixel = 1.0 / (TILE_PX * 2.0**zoom)
                    self._details[name, zoom] = shapes.simplified(SIMPLIFY_PX * pixel, least=pixel)
                shapes = self._details[name, zoom]
        return shapes.pick(shapes.within(view.box))

    def _labels(self, view: View) -> list[PlacedLabel]:
        with self._lock:
            layout = self._layouts.get(view.zoom) or lay_out(self.layers, view.zoom)
            if float(view.zoom).is_integer():
                self._layouts[view.zoom] = layout
        return layout.within(view.left, view.top, view.left + view.width, view.top + view.height)


class _Brush:
    """Draws shapes on an image of `factor` image pixels per pixel of the view."""

    def __init__(self, image: Image.Image, view: View, factor: int) -> None:
        self._image = image
        self._draw = ImageDraw.Draw(image)
        self._factor = factor
        self._scale = view.scale * factor
        self._left, self._top = round(view.left * factor), round(view.top * factor)

    def points(self, shapes: Shapes) -> list[list[int]]:
        """x, y, x, y, … of each shape in image pixels, points on the same pixel told once."""
        x = np.rint(shapes.x * self._scale).astype(np.int64) - self._left
        y = np.rint(shapes.y * self._scale).astype(np.int64) - self._top
        flat = np.column_stack((x, y)).ravel().tolist()
        ends = (shapes.offset * 2).tolist()
        return [flat[a:b] for a, b in pairwise(ends)]

    def fill(self, rings: Shapes, colour: str) -> None:
        """Fill shells and spare holes."""
        if len(rings) == 0:
            return
        mask = Image.new("1", self._image.size)
        draw = ImageDraw.Draw(mask)
        for kind, ring in zip(rings.kind.tolist(), self.points(rings), strict=True):
            draw.polygon(ring, fill=kind)
        self._image.paste(colour, mask=mask)

    def lines(self, shapes: Shapes, colour: str, width_px: float) -> None:
        """Draw lines of one width."""
        self.strokes(self.points(shapes), colour, width_px)

    def dashes(self, shapes: Shapes, colour: str, width_px: float, *, on_px: float, off_px: float) -> None:
        """Draw dashed lines; the dashes are counted from each line's beginning, so tiles agree on them."""
        on, off = on_px * self._factor, off_px * self._factor
        reach = max(self._image.size) + on
        for line in self.points(shapes):
            x, y = np.array(line[::2], np.float64), np.array(line[1::2], np.float64)
            along = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
            starts = np.arange(0.0, along[-1], on + off)
            ends = np.minimum(starts + on, along[-1])
            x1, y1 = np.interp(starts, along, x), np.interp(starts, along, y)
            x2, y2 = np.interp(ends, along, x), np.interp(ends, along, y)
            seen = (x1 > -on) & (x1 < reach) & (y1 > -on) & (y1 < reach)
            first, last = np.searchsorted(along, starts, "right"), np.searchsorted(along, ends, "left")
            dashes = [
                [x1[i], y1[i], *np.column_stack((x, y))[first[i] : last[i]].ravel(), x2[i], y2[i]]
                for i in np.flatnonzero(seen)
            ]
            self.strokes(dashes, colour, width_px)

    def glow(self, shapes: Shapes, colour: str, width_px: float, opacity: float) -> None:
        """Draw lines that the map shows through."""
        if len(shapes) == 0:
            return
        mask = Image.new("L", self._image.size)
        draw = ImageDraw.Draw(mask)
        width = round(width_px * self._factor)
        for line in self.points(shapes):
            draw.line(line, fill=round(255 * opacity), width=width)
        self._image.paste(colour, mask=mask)

    def strokes(self, lines: Sequence[Sequence[float]], colour: str, width_px: float) -> None:
        """Draw lines in image pixels; wide ones with round joints."""
        width = max(1, round(width_px * self._factor))
        draw = self._draw
        half = width / 2
        for line in lines:
            draw.line(line, fill=colour, width=width)
            if width >= ROUND_FROM_PX:
                for x, y in _pairs(line):
                    draw.ellipse((x - half, y - half, x + half - 1, y + half - 1), fill=colour)


def _pairs(line: Sequence[float]) -> Iterator[tuple[float, float]]:
    return zip(line[::2], line[1::2], strict=True)


def _write(image: Image.Image, label: PlacedLabel, view: View, palette: Palette) -> None:
    """Write one name with its halo."""
    style, density = label.style, view.density
    letters = font(style.size_px * density, bold=style.bold)
    x, y = (label.x - view.left) * density, (label.y - view.top) * density
    colour = palette.street_text if label.kind == "street" else palette.text.get(label.kind, palette.other_text)
    if label.kind == "street":
        ink, rim = _rotated(label.text, style.size_px * density, round(label.angle_deg))
        corner = round(x - ink.width / 2), round(y - ink.height / 2)
        image.paste(palette.halo, corner, rim)
        image.paste(colour, corner, ink)
        return
    draw = ImageDraw.Draw(image)
    if style.dot:
        lines = label.text.count("\n") + 1
        dot_y = y - (lines * style.size_px * 0.62 + 7) * density
        radius = 3.5 * density
        draw.ellipse(
            (x - radius, dot_y - radius, x + radius, dot_y + radius), fill=colour, outline=palette.halo, width=density
        )
    draw.multiline_text(
        (round(x), round(y)),
        label.text,
        font=letters,
        fill=colour,
        anchor="mm",
        align="center",
        spacing=2 * density,
        stroke_width=2 * density,
        stroke_fill=palette.halo,
    )


@lru_cache(maxsize=2048)
def _rotated(text: str, size_px: int, angle_deg: int) -> tuple[Image.Image, Image.Image]:
    """A turned text and its halo, as masks of one size."""
    letters = font(size_px)
    rim_px = max(2, size_px // 6)
    left, top, right, bottom = letters.getbbox(text, stroke_width=rim_px)
    size = (math.ceil(right - left) + 4, math.ceil(bottom - top) + 4)
    masks = []
    for stroke in (0, rim_px):
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).text((2 - left, 2 - top), text, font=letters, fill=255, stroke_width=stroke)
        masks.append(mask.rotate(angle_deg, Image.Resampling.BICUBIC, expand=True))
    return masks[0], masks[1]


def _stamp(image: Image.Image, notice: str, view: View, palette: Palette) -> None:
    """Write the notice across the map, at places fixed in the world so that tiles agree."""
    mask = _stamp_mask(notice, NOTICE_SIZE_PX * view.density)
    half_x, half_y = mask.width / view.density / 2, mask.height / view.density / 2
    step = NOTICE_SPACING_PX / 2
    for row in range(math.floor((view.top - half_y) / step), math.ceil((view.top + view.height + half_y) / step) + 1):
        shift = step if row % 2 else 0
        first = math.floor((view.left - half_x - shift) / NOTICE_SPACING_PX)
        last = math.ceil((view.left + view.width + half_x - shift) / NOTICE_SPACING_PX)
        for column in range(first, last + 1):
            x = column * NOTICE_SPACING_PX + shift + TILE_PX / 2
            y = row * step + TILE_PX / 2
            corner = (
                round((x - half_x - view.left) * view.density),
                round((y - half_y - view.top) * view.density),
            )
            image.paste(palette.notice, corner, mask)


@lru_cache(maxsize=8)
def _stamp_mask(notice: str, size_px: int) -> Image.Image:
    ink, _ = _rotated(notice, size_px, NOTICE_ANGLE_DEG)
    return ink.point([round(level * NOTICE_OPACITY) for level in range(256)])


def _png(image: Image.Image) -> bytes:
    """PNG of the most frequent colours: a third of the size of full colour, which slow lines need.

    The flat colours are among them, so they stay exactly the same on every tile (Pillow's own quantizers move them a
    little, and a tile then shows as a square). Any other colour becomes the nearest of them.
    """
    red, green, blue = np.moveaxis(np.asarray(image, dtype=np.int32), 2, 0)
    colours, of_pixel, counts = np.unique((red << 16) | (green << 8) | blue, return_inverse=True, return_counts=True)
    kept = np.argsort(-counts, kind="stable")[:COLOURS]
    channels = np.stack((colours >> 16, (colours >> 8) & 255, colours & 255), axis=1)
    apart = ((channels[:, None, :] - channels[None, kept, :]) ** 2).sum(axis=2)
    number = apart.argmin(axis=1).astype(np.uint8)
    indexed = Image.fromarray(number[of_pixel].reshape(image.height, image.width))
    indexed.putpalette(channels[kept].astype(np.uint8).tobytes())
    stored = io.BytesIO()
    indexed.save(stored, "PNG", compress_level=6)
    return stored.getvalue()
