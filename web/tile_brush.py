"""Draws shapes on one picture with Pillow, at a multiple of its size; bringing it down smooths their edges.

All coordinates are rounded on one world-wide grid of image pixels, so neighbouring pictures meet without a seam.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageDraw

from web.map_layers import Float64Array, Int64Array, Shapes

LEAST_GAP_PX = 0.9
"""A joint is rounded where the corners of two segments of a line lie farther apart than this, in image pixels."""

OPEN_END = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traced:
    """Shapes as image pixels.

    Attributes
    ----------
    offset
        (N + 1,) start of each shape's points.
    x, y
        (P,) image pixels; a point on the pixel of the one before it is left out.
    gap
        (P,) how far apart the corners of the two segments at a point lie, as a share of the line's width.
    kind
        (N,) of the shapes.
    """

    offset: Int64Array
    x: Int64Array
    y: Int64Array
    gap: Float64Array
    kind: Int64Array

    def lines(self) -> list[list[int]]:
        """x, y, x, y, … of each shape."""
        flat = np.column_stack((self.x, self.y)).ravel().tolist()
        return [flat[a:b] for a, b in pairwise((self.offset * 2).tolist())]


class Brush:
    """Draws on an image of `factor` image pixels per pixel of the view.

    Parameters
    ----------
    image
        In RGB.
    left, top
        The image's corner in the world, in pixels of the view.
    scale
        Pixels of the view in the world's width.
    factor
        Image pixels per pixel of the view.
    """

    def __init__(self, image: Image.Image, *, left: float, top: float, scale: float, factor: int) -> None:
        self._image = image
        self._draw = ImageDraw.Draw(image)
        self._factor = factor
        self._scale = scale * factor
        self._left, self._top = round(left * factor), round(top * factor)

    def trace(self, shapes: Shapes) -> Traced:
        """The shapes on the image's grid."""
        x = np.rint(shapes.x * self._scale).astype(np.int64) - self._left
        y = np.rint(shapes.y * self._scale).astype(np.int64) - self._top
        first, last = shapes.offset[:-1], shapes.offset[1:] - 1
        kept = np.ones(len(x), np.bool_)
        kept[1:] = (x[1:] != x[:-1]) | (y[1:] != y[:-1])
        kept[first] = kept[last] = True
        offset = np.concatenate(([0], np.cumsum(kept)))[shapes.offset]
        x, y = x[kept], y[kept]
        return Traced(offset=offset, x=x, y=y, gap=_gaps(x, y, offset), kind=shapes.kind)

    def fill(self, rings: Shapes, colour: str) -> None:
        """Fill shells and spare holes."""
        if len(rings) == 0:
            return
        lines = self.trace(rings).lines()
        if rings.kind.all():
            ink = _ink(colour)
            for ring in lines:
                self._draw.polygon(ring, fill=ink)
            return
        mask = Image.new("1", self._image.size)
        draw = ImageDraw.Draw(mask)
        for kind, ring in zip(rings.kind.tolist(), lines, strict=True):
            draw.polygon(ring, fill=kind)
        self._image.paste(colour, mask=mask)

    def lines(self, shapes: Shapes, colour: str, width_px: float) -> None:
        """Draw lines of one width."""
        if len(shapes):
            traced = self.trace(shapes)
            self.strokes(traced.lines(), colour, width_px)
            self.joints(traced, colour, width_px)

    def dashes(self, shapes: Shapes, colour: str, width_px: float, *, on_px: float, off_px: float) -> None:
        """Draw dashed lines; the dashes are counted from each line's beginning, so tiles agree on them."""
        if len(shapes) == 0:
            return
        on, off = on_px * self._factor, off_px * self._factor
        far = max(self._image.size) + on
        traced = self.trace(shapes)
        found: list[list[float]] = []
        for line, (a, b) in zip(traced.lines(), pairwise(traced.offset.tolist()), strict=True):
            x, y = traced.x[a:b].astype(np.float64), traced.y[a:b].astype(np.float64)
            along = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
            starts = np.arange(0.0, along[-1], on + off)
            ends = np.minimum(starts + on, along[-1])
            x1, y1 = np.interp(starts, along, x), np.interp(starts, along, y)
            x2, y2 = np.interp(ends, along, x), np.interp(ends, along, y)
            seen = np.flatnonzero((x1 > -on) & (x1 < far) & (y1 > -on) & (y1 < far))
            between = np.searchsorted(along, starts[seen], "right"), np.searchsorted(along, ends[seen], "left")
            for head, tail, first, last in zip(
                np.column_stack((x1, y1))[seen].tolist(), np.column_stack((x2, y2))[seen].tolist(),
                (between[0] * 2).tolist(), (between[1] * 2).tolist(), strict=True,
            ):  # fmt: skip
                found.append([*head, *line[first:last], *tail])
        self.strokes(found, colour, width_px)

    def glow(self, shapes: Shapes, colour: str, width_px: float, opacity: float) -> None:
        """Draw lines that the map shows through."""
        if len(shapes) == 0:
            return
        traced = self.trace(shapes)
        mask = Image.new("L", self._image.size)
        brush = _Mask(mask, self._factor)
        brush.strokes(traced.lines(), round(255 * opacity), width_px)
        brush.joints(traced, round(255 * opacity), width_px)
        box = mask.getbbox()
        if box is not None:
            self._image.paste(colour, box, mask.crop(box))

    def strokes(self, lines: Sequence[Sequence[float]], colour: str, width_px: float) -> None:
        """Draw lines in image pixels."""
        _strokes(self._draw, lines, _ink(colour), _width(width_px, self._factor))

    def joints(
        self, traced: Traced, colour: str, width_px: float, among: npt.NDArray[np.bool_] | None = None
    ) -> None:
        """Round the bends and ends of lines in image pixels; `among` are the points of some of them."""
        _joints(self._draw, self._image.size, traced, _ink(colour), _width(width_px, self._factor), among)


class _Mask:
    """Lines on a mask."""

    def __init__(self, mask: Image.Image, factor: int) -> None:
        self._draw, self._size, self._factor = ImageDraw.Draw(mask), mask.size, factor

    def strokes(self, lines: Sequence[Sequence[float]], ink: int, width_px: float) -> None:
        _strokes(self._draw, lines, ink, _width(width_px, self._factor))

    def joints(self, traced: Traced, ink: int, width_px: float) -> None:
        _joints(self._draw, self._size, traced, ink, _width(width_px, self._factor), None)


def _strokes(draw: ImageDraw.ImageDraw, lines: Sequence[Sequence[float]], ink: int, width: int) -> None:
    line = draw.line
    for points in lines:
        line(points, ink, width)


def _joints(
    draw: ImageDraw.ImageDraw,
    size: tuple[int, int],
    traced: Traced,
    ink: int,
    width: int,
    among: npt.NDArray[np.bool_] | None,
) -> None:
    half = width / 2
    x, y = traced.x, traced.y
    wanted = (traced.gap * width > LEAST_GAP_PX) & (x > -width) & (y > -width)
    wanted &= (x < size[0] + width) & (y < size[1] + width)
    if among is not None:
        wanted &= among
    ellipse = draw.ellipse
    for at_x, at_y in _pairs(x[wanted], y[wanted]):
        ellipse((at_x - half, at_y - half, at_x + half - 1, at_y + half - 1), ink)


def _pairs(x: Int64Array, y: Int64Array) -> Iterator[tuple[int, int]]:
    return zip(x.tolist(), y.tolist(), strict=True)


def _width(width_px: float, factor: int) -> int:
    return max(1, round(width_px * factor))


def _ink(colour: str) -> int:
    """Pillow's own number of a colour; it would work it out anew for each line."""
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return red | green << 8 | blue << 16


def _gaps(x: Int64Array, y: Int64Array, offset: Int64Array) -> Float64Array:
    """(P,) the sine of half the turn at each point: the corners' distance by the width; `OPEN_END` at ends."""
    gap = np.full(len(x), OPEN_END)
    if len(x) < 3:
        return gap
    along_x, along_y = np.diff(x).astype(np.float64), np.diff(y).astype(np.float64)
    length = np.hypot(along_x, along_y)
    both = length[1:] * length[:-1]
    dot = along_x[1:] * along_x[:-1] + along_y[1:] * along_y[:-1]
    cosine = np.divide(dot, both, out=np.ones_like(dot), where=both > 0)
    gap[1:-1] = np.sqrt(np.clip((1.0 - cosine) / 2.0, 0.0, 1.0))
    gap[offset[:-1]] = gap[offset[1:] - 1] = OPEN_END
    return gap
