"""Where the names on the background map go: the same place on every tile, and no two over each other.

A layout is made for a whole map at one scale. Heavier names are placed first; a name that would touch an earlier one
is left out. So neighbouring tiles agree, and a name cut by a tile's edge goes on in the next tile.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from web.map_layers import Label, MapLayers, Shapes
from web.map_style import font


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStyle:
    """How one kind of label is written, and from which zoom to which."""

    size_px: int
    first_zoom: float
    last_zoom: float = math.inf
    bold: bool = False
    capitals: bool = False
    dot: bool = False


LABEL_STYLES: Mapping[str, LabelStyle] = {
    "kabupaten": LabelStyle(size_px=15, first_zoom=7, last_zoom=10, bold=True, capitals=True),
    "kecamatan": LabelStyle(size_px=12, first_zoom=9.5, last_zoom=14, bold=True),
    "hospital": LabelStyle(size_px=11, first_zoom=13, dot=True, bold=True),
    "fire_station": LabelStyle(size_px=11, first_zoom=13, dot=True, bold=True),
    "police": LabelStyle(size_px=11, first_zoom=14, dot=True),
    "clinic": LabelStyle(size_px=11, first_zoom=14, dot=True),
    "village": LabelStyle(size_px=12, first_zoom=12),
    "townhall": LabelStyle(size_px=11, first_zoom=15, dot=True),
    "market": LabelStyle(size_px=11, first_zoom=15, dot=True),
    "school": LabelStyle(size_px=11, first_zoom=16, dot=True),
    "place": LabelStyle(size_px=11, first_zoom=14),
    "place_of_worship": LabelStyle(size_px=11, first_zoom=16, dot=True),
}
"""By falling rank: a kind gives way to those before it."""

OTHER_STYLE = LabelStyle(size_px=11, first_zoom=17, dot=True)
UNLABELLED = frozenset({"street", "crossing"})
STREETS_FROM_ZOOM = 15
STREET_SIZE_PX = 11
STREET_REPEAT_PX = 420
MARGIN_PX = 3
LINE_WRAP_CHARACTERS = 16
DOT_PX = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLabel:
    """A name with its middle in world pixels (Web Mercator units times the scale) and its half extent."""

    text: str
    kind: str
    style: LabelStyle
    x: float
    y: float
    half_width: float
    half_height: float
    angle_deg: float = 0.0


class _Taken:
    """Boxes that are taken, found by the squares of a grid that they touch."""

    SQUARE_PX = 96

    def __init__(self) -> None:
        self._squares: dict[tuple[int, int], list[tuple[float, float, float, float]]] = {}

    def claim(self, x: float, y: float, half_width: float, half_height: float) -> bool:
        """Take the box unless it touches a taken one."""
        box = (x - half_width, y - half_height, x + half_width, y + half_height)
        squares = list(self._touched(box))
        for square in squares:
            for other in self._squares.get(square, ()):
                if box[0] < other[2] and box[2] > other[0] and box[1] < other[3] and box[3] > other[1]:
                    return False
        for square in squares:
            self._squares.setdefault(square, []).append(box)
        return True

    def _touched(self, box: tuple[float, float, float, float]) -> Iterator[tuple[int, int]]:
        size = self.SQUARE_PX
        for column in range(int(box[0] // size), int(box[2] // size) + 1):
            for row in range(int(box[1] // size), int(box[3] // size) + 1):
                yield column, row


class LabelLayout:
    """All names at one scale."""

    def __init__(self, placed: list[PlacedLabel]) -> None:
        self._placed = placed
        self._boxes = np.array(
            [(p.x - p.half_width, p.y - p.half_height, p.x + p.half_width, p.y + p.half_height) for p in placed]
        ).reshape(-1, 4)

    def within(self, left: float, top: float, right: float, bottom: float) -> list[PlacedLabel]:
        """The names that touch a rectangle of world pixels."""
        own = self._boxes
        meets = (own[:, 0] <= right) & (own[:, 2] >= left) & (own[:, 1] <= bottom) & (own[:, 3] >= top)
        return [self._placed[i] for i in np.flatnonzero(meets)]


def lay_out(layers: MapLayers, zoom: float) -> LabelLayout:
    """Place every name of a map at a zoom (which may be fractional); tiles are 256 pixels wide."""
    scale = 256.0 * 2.0**zoom
    taken = _Taken()
    placed = list(_points(layers.labels, zoom, scale, taken))
    if zoom >= STREETS_FROM_ZOOM:
        placed += _streets(layers.roads, layers.road_name, layers.names, scale, taken)
    return LabelLayout(placed)


def style_of(kind: str) -> LabelStyle:
    """The style of a kind of label."""
    return LABEL_STYLES.get(kind, OTHER_STYLE)


def wrapped(text: str, style: LabelStyle) -> str:
    """The text on two lines where it is long, in capitals where the style says so."""
    text = text.upper() if style.capitals else text
    words = text.split()
    if len(text) <= LINE_WRAP_CHARACTERS or len(words) < 2:
        return text
    breaks = [(abs(len(" ".join(words[:n])) - len(" ".join(words[n:]))), n) for n in range(1, len(words))]
    split = min(breaks)[1]
    return " ".join(words[:split]) + "\n" + " ".join(words[split:])


def _points(labels: tuple[Label, ...], zoom: float, scale: float, taken: _Taken) -> Iterator[PlacedLabel]:
    rank = {kind: number for number, kind in enumerate(LABEL_STYLES)}
    shown = [
        (rank.get(label.kind, len(rank)), -label.weight, label.text, label)
        for label in labels
        if label.kind not in UNLABELLED and style_of(label.kind).first_zoom <= zoom <= style_of(label.kind).last_zoom
    ]
    for _, _, _, label in sorted(shown, key=lambda entry: entry[:3]):
        style = style_of(label.kind)
        text = wrapped(label.text, style)
        lines = text.split("\n")
        half_width = max(font(style.size_px, bold=style.bold).getlength(line) for line in lines) / 2
        half_height = len(lines) * style.size_px * 0.62
        x, y = label.x * scale, label.y * scale
        middle = y + half_height + DOT_PX if style.dot else y
        box_y = y + half_height + DOT_PX / 2 - 2 if style.dot else y
        box_half = half_height + DOT_PX / 2 + 2 if style.dot else half_height
        if taken.claim(x, box_y, half_width + MARGIN_PX, box_half + MARGIN_PX):
            yield PlacedLabel(
                text=text,
                kind=label.kind,
                style=style,
                x=x,
                y=middle,
                half_width=half_width + 4,
                half_height=half_height + DOT_PX * 2 + 4,
            )


def _streets(
    roads: Shapes, road_name: npt.NDArray[np.int64], names: tuple[str, ...], scale: float, taken: _Taken
) -> Iterator[PlacedLabel]:
    """Names along streets: in the middle of a stretch long enough for the text, not again within some distance."""
    style = LabelStyle(size_px=STREET_SIZE_PX, first_zoom=STREETS_FROM_ZOOM)
    letters = font(STREET_SIZE_PX)
    lengths = {number: letters.getlength(names[number]) for number in np.unique(road_name) if names[number]}
    written: dict[int, list[tuple[float, float]]] = {}
    for road in np.flatnonzero(road_name > 0):
        number = int(road_name[road])
        part = slice(int(roads.offset[road]), int(roads.offset[road + 1]))
        x, y = roads.x[part] * scale, roads.y[part] * scale
        steps = np.hypot(np.diff(x), np.diff(y))
        along = np.concatenate(([0.0], np.cumsum(steps)))
        half = lengths[number] / 2
        if along[-1] < 2 * half + 10:
            continue
        centre = along[-1] / 2
        ends = (
            np.interp([centre - half, centre, centre + half], along, x),
            np.interp([centre - half, centre, centre + half], along, y),
        )
        (x1, xm, x2), (y1, ym, y2) = ends
        if math.hypot(xm - (x1 + x2) / 2, ym - (y1 + y2) / 2) > STREET_SIZE_PX * 0.45:
            continue  # too bent to write along
        if any(math.hypot(xm - px, ym - py) < STREET_REPEAT_PX for px, py in written.get(number, ())):
            continue
        angle = math.degrees(math.atan2(-(y2 - y1), x2 - x1))
        angle = angle - 180 if angle > 90 else angle + 180 if angle < -90 else angle
        cos, sin = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
        half_width, half_height = half * cos + STREET_SIZE_PX * 0.6 * sin, half * sin + STREET_SIZE_PX * 0.6 * cos
        if taken.claim(float(xm), float(ym), half_width + MARGIN_PX, half_height + MARGIN_PX):
            written.setdefault(number, []).append((float(xm), float(ym)))
            yield PlacedLabel(
                text=names[number], kind="street", style=style, x=float(xm), y=float(ym),
                half_width=half_width + 4, half_height=half_height + 4, angle_deg=angle,
            )  # fmt: skip
