"""Draws shapes on one picture with Pillow, at a multiple of its size; bringing it down smooths their edges.

All coordinates are rounded on one world-wide grid of image pixels, so neighbouring pictures meet without a seam.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from web.map_layers import Float64Array, Int64Array, Shapes

LEAST_GAP_PX = 0.9
"""A joint is rounded where the corners of two segments of a line lie farther apart than this, in image pixels."""

ROUND_FROM_PX = 5
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
            self.strokes(self.trace(shapes), colour, width_px)

    def dashes(self, shapes: Shapes, colour: str, width_px: float, *, on_px: float, off_px: float) -> None:
        """Draw dashed lines; the dashes are counted from each line's beginning, so tiles agree on them."""
        if len(shapes) == 0:
            return
        on, period = on_px * self._factor, (on_px + off_px) * self._factor
        far = max(self._image.size) + on
        traced = self.trace(shapes)
        # one length through all lines, with a step between them
        steps = np.hypot(np.diff(traced.x, prepend=0), np.diff(traced.y, prepend=0))
        steps[traced.offset[:-1]] = 1.0
        along = np.cumsum(steps)
        first, last = along[traced.offset[:-1]], along[traced.offset[1:] - 1]
        counts = np.ceil((last - first) / period).astype(np.int64)
        number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        starts = np.repeat(first, counts) + number * period
        x, y = np.interp(starts, along, traced.x), np.interp(starts, along, traced.y)
        seen = (x > -on) & (x < far) & (y > -on) & (y < far)
        starts = starts[seen]
        ends = np.minimum(starts + on, np.repeat(last, counts)[seen])
        heads = np.column_stack((x[seen], y[seen])).tolist()
        tails = np.column_stack((np.interp(ends, along, traced.x), np.interp(ends, along, traced.y))).tolist()
        after, before = np.searchsorted(along, starts, "right") * 2, np.searchsorted(along, ends, "left") * 2
        flat = np.column_stack((traced.x, traced.y)).ravel().tolist()
        line, ink, width = self._draw.draw.draw_lines, _ink(colour), self._width(width_px)
        for head, tail, a, b in zip(heads, tails, after.tolist(), before.tolist(), strict=True):
            line([*head, *flat[a:b], *tail], ink, width)

    def strokes(self, traced: Traced, colour: str, width_px: float) -> None:
        """Draw lines of one width; wide ones with round bends and ends.

        Pillow's inner drawing is asked for: its methods look the colour up anew for each line, for more than half of
        the time.
        """
        core, ink, width = self._draw.draw, _ink(colour), self._width(width_px)
        line = core.draw_lines
        for points in traced.lines():
            line(points, ink, width)
        if width >= ROUND_FROM_PX:
            half, ellipse = width / 2, core.draw_ellipse
            for x, y in self._bends(traced, width):
                ellipse((x - half, y - half, x + half - 1, y + half - 1), ink, 1)

    def _bends(self, traced: Traced, width: int) -> list[tuple[int, int]]:
        """Where lines of that width need to be rounded, each place once."""
        x, y = traced.x, traced.y
        wanted = (traced.gap * width > LEAST_GAP_PX) & (x > -width) & (y > -width)
        wanted &= (x < self._image.width + width) & (y < self._image.height + width)
        return list(set(zip(x[wanted].tolist(), y[wanted].tolist(), strict=True)))

    def _width(self, width_px: float) -> int:
        return max(1, round(width_px * self._factor))


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
