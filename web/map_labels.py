"""Where the names on the background map go: the same place on every tile, and no two over each other.

A layout is made for a whole map at one scale. Heavier names are placed first; a name that would touch an earlier one
is left out. So neighbouring tiles agree, and a name cut by a tile's edge goes on in the next tile.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from web.map_icons import MARK_PX, mark_of, mark_px
from web.map_layers import Float64Array, Int64Array, Label, MapLayers, Streets
from web.map_style import font


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStyle:
    """How one kind of label is written, and from which zoom to which.

    Attributes
    ----------
    size_px
        Of the letters.
    first_zoom, last_zoom
        Where it is shown.
    bold, capitals
        Of the letters.
    mark
        `web.map_icons`' name of what stands at the point itself, above the name; "" writes the name at the point.
    alone
        Whether the mark is shown where there is no room for the name.
    """

    size_px: int
    first_zoom: float
    last_zoom: float = math.inf
    bold: bool = False
    capitals: bool = False
    mark: str = ""
    alone: bool = False


LABEL_STYLES: Mapping[str, LabelStyle] = {
    "kabupaten": LabelStyle(size_px=15, first_zoom=7, last_zoom=10, bold=True, capitals=True),
    "kecamatan": LabelStyle(size_px=13, first_zoom=9.5, last_zoom=14, bold=True),
    "hospital": LabelStyle(size_px=11, first_zoom=13, mark="hospital", bold=True, alone=True),
    "fire_station": LabelStyle(size_px=11, first_zoom=13, mark="fire_station", bold=True, alone=True),
    "police": LabelStyle(size_px=11, first_zoom=14, mark="police", alone=True),
    "clinic": LabelStyle(size_px=11, first_zoom=14, mark="clinic", alone=True),
    "village": LabelStyle(size_px=12, first_zoom=12),
    "station": LabelStyle(size_px=11, first_zoom=14, mark="station"),
    "toll_gate": LabelStyle(size_px=11, first_zoom=14, mark="dot"),
    "water": LabelStyle(size_px=11, first_zoom=13),
    "townhall": LabelStyle(size_px=11, first_zoom=15, mark="townhall"),
    "government": LabelStyle(size_px=11, first_zoom=15, mark="townhall"),
    "market": LabelStyle(size_px=11, first_zoom=15, mark="market"),
    "school": LabelStyle(size_px=11, first_zoom=15.5, mark="school"),
    "place": LabelStyle(size_px=11, first_zoom=14),
    "place_of_worship": LabelStyle(size_px=11, first_zoom=15.5, mark="dot"),
}
"""By falling rank: a kind gives way to those before it."""

OTHER_STYLE = LabelStyle(size_px=11, first_zoom=17, mark="dot")
UNLABELLED = frozenset({"street", "crossing"})
STREETS_FROM_ZOOM = 15
STREET_SIZE_PX = 11
STREET_REPEAT_PX = 420
STREET_BEND_PX = 3.0
"""A name is written straight; the street may leave the line by so much."""

SHIFTS = (0.0, -1 / 6, 1 / 6, -1 / 3, 1 / 3)
"""Where along its piece of street a name may stand, from the middle, as shares of the piece."""

PARTS = (-1.0, -0.6, -0.3, 0.0, 0.3, 0.6, 1.0)
MARGIN_PX = 3
LINE_WRAP_CHARACTERS = 16
LINE_HEIGHT = 1.24
MARK_REACH_PX = MARK_PX / 2 + 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLabel:
    """A name with its middle in world pixels (Web Mercator units times the scale) and its half extent.

    Its mark, if any, stands at `x`, `mark_y`; without a name there is the mark alone.
    """

    text: str
    kind: str
    style: LabelStyle
    x: float
    y: float
    half_width: float
    half_height: float
    angle_deg: float = 0.0
    mark: str = ""
    mark_y: float = 0.0


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
            [
                (
                    p.x - p.half_width, min(p.y - p.half_height, p.mark_y - MARK_REACH_PX if p.mark else math.inf),
                    p.x + p.half_width, max(p.y + p.half_height, p.mark_y + MARK_REACH_PX if p.mark else -math.inf),
                )
                for p in placed
            ]
        ).reshape(-1, 4)  # fmt: skip

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
        placed += _streets(layers.streets, layers.names, scale, taken)
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
        mark = mark_of(style.mark, label.text)
        text = wrapped(label.text, style)
        lines = text.split("\n")
        half_width = max(font(style.size_px, bold=style.bold).getlength(line) for line in lines) / 2
        half_height = len(lines) * style.size_px * LINE_HEIGHT / 2
        x, y = label.x * scale, label.y * scale
        reach = mark_px(mark) / 2
        middle = y + reach + half_height if mark else y
        top, bottom = (y - reach if mark else y - half_height), middle + half_height
        if taken.claim(x, (top + bottom) / 2, max(half_width, reach) + MARGIN_PX, (bottom - top) / 2 + MARGIN_PX):
            yield PlacedLabel(
                text=text, kind=label.kind, style=style, x=x, y=middle, half_width=max(half_width + 4, MARK_REACH_PX),
                half_height=half_height + 4, mark=mark, mark_y=y,
            )  # fmt: skip
        elif mark and style.alone and taken.claim(x, y, reach, reach):
            yield PlacedLabel(
                text="", kind=label.kind, style=style, x=x, y=y, half_width=MARK_REACH_PX, half_height=MARK_REACH_PX,
                mark=mark, mark_y=y,
            )  # fmt: skip


def _streets(streets: Streets, names: tuple[str, ...], scale: float, taken: _Taken) -> Iterator[PlacedLabel]:
    """Names along streets: where the street is long and straight enough for the text, again after some distance."""
    if len(streets.name) == 0:
        return
    style = LabelStyle(size_px=STREET_SIZE_PX, first_zoom=STREETS_FROM_ZOOM)
    letters = font(STREET_SIZE_PX)
    width = np.zeros(len(names))
    for number in np.unique(streets.name).tolist():
        width[number] = letters.getlength(names[number])
    half = width[streets.name] / 2
    long_enough = np.flatnonzero(streets.length * scale >= 2 * half + 2 * STREET_SIZE_PX)
    pieces = np.maximum(1, (streets.length[long_enough] * scale / STREET_REPEAT_PX).astype(np.int64))
    street = np.repeat(long_enough, pieces)
    piece = np.arange(len(street)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = 1.0 / np.repeat(pieces, pieces)
    tries = [_tried(streets, street, (piece + 0.5 + shift) * share, half[street], scale) for shift in SHIFTS]
    written: set[tuple[int, int, int]] = set()
    for number in range(len(street)):
        name = int(streets.name[street[number]])
        for x, y, angle, bend in tries:
            if not bend[number] <= STREET_BEND_PX:
                continue
            at_x, at_y, angle_deg = float(x[number]), float(y[number]), float(angle[number])
            column, row = round(at_x / STREET_REPEAT_PX), round(at_y / STREET_REPEAT_PX)
            if any((name, column + i, row + j) in written for i in (-1, 0, 1) for j in (-1, 0, 1)):
                continue
            # round it as it is turned when it is drawn
            turned = math.radians(round(angle_deg))
            cos, sin = abs(math.cos(turned)), abs(math.sin(turned))
            own = float(half[street[number]])
            half_width = own * cos + STREET_SIZE_PX * 0.6 * sin
            half_height = own * sin + STREET_SIZE_PX * 0.6 * cos
            if taken.claim(at_x, at_y, half_width + MARGIN_PX, half_height + MARGIN_PX):
                written.add((name, column, row))
                yield PlacedLabel(
                    text=names[name], kind="street", style=style, x=at_x, y=at_y, half_width=half_width + 4,
                    half_height=half_height + 4, angle_deg=angle_deg,
                )  # fmt: skip
                break


def _tried(
    streets: Streets, street: Int64Array, share: Float64Array, half_px: Float64Array, scale: float
) -> tuple[Float64Array, Float64Array, Float64Array, Float64Array]:
    """Middle (x, y), angle that keeps the text upright, and the street's greatest distance from the text's line.

    The distance is infinite where the text would reach beyond the street's end. All in pixels and degrees.
    """
    length = streets.length[street]
    middle, half = share * length, half_px / scale
    beyond = (middle - half < 0) | (middle + half > length)
    at = streets.start[street] + np.clip(middle, 0, length)
    spots = [np.clip(at + part * half, streets.start[street], streets.start[street] + length) for part in PARTS]
    x = np.stack([np.interp(spot, streets.along, streets.x) for spot in spots]) * scale
    y = np.stack([np.interp(spot, streets.along, streets.y) for spot in spots]) * scale
    across_x, across_y = x[-1] - x[0], y[-1] - y[0]
    chord = np.maximum(np.hypot(across_x, across_y), 1e-9)
    bend = np.abs((x - x[0]) * across_y - (y - y[0]) * across_x).max(axis=0) / chord
    angle = np.degrees(np.arctan2(-across_y, across_x))
    angle = np.where(angle > 90, angle - 180, np.where(angle <= -90, angle + 180, angle))
    return (x[0] + x[-1]) / 2, (y[0] + y[-1]) / 2, angle, np.where(beyond, np.inf, bend)
