"""The marks of hospitals, posts, schools and the like on the background map: quiet, and told apart without colour.

Each is drawn of a few polygons on a grid of 16, four times as large as it will be, and brought down to its size.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw

MARK_PX = 14
DOT_PX = 7
GRID = 16
FINE = 4

Polygon = tuple[tuple[float, float], ...]
Mark = tuple[tuple[Polygon, int], ...]
"""Polygons one over the other, each inked (1) or spared (0)."""

_PLATE: Polygon = ((2, 0.5), (14, 0.5), (15.5, 2), (15.5, 14), (14, 15.5), (2, 15.5), (0.5, 14), (0.5, 2))
_INNER: Polygon = ((2.4, 2), (13.6, 2), (14, 2.4), (14, 13.6), (13.6, 14), (2.4, 14), (2, 13.6), (2, 2.4))
_CROSS: Polygon = (
    (6.4, 3.2), (9.6, 3.2), (9.6, 6.4), (12.8, 6.4), (12.8, 9.6), (9.6, 9.6), (9.6, 12.8), (6.4, 12.8), (6.4, 9.6),
    (3.2, 9.6), (3.2, 6.4), (6.4, 6.4),
)  # fmt: skip
_FLAME: Polygon = (
    (8.6, 2), (8.9, 4.4), (11, 6.6), (12, 9), (11.5, 11.7), (9.8, 13.6), (8, 14), (6.2, 13.6), (4.5, 11.7), (4, 9),
    (4.8, 7), (6, 5.6), (6.3, 7.6), (7.2, 6.6), (7.6, 4.4),
)  # fmt: skip
_CRESCENT: Polygon = (
    (10.5, 1.6), (7.6, 1.2), (4.8, 2.2), (2.6, 4.4), (1.8, 7.4), (2.2, 10.4), (4, 13), (6.8, 14.6), (9.8, 14.6),
    (12.4, 13.3), (14, 11.2), (11.8, 12), (9.4, 11.6), (7.4, 10), (6.6, 7.6), (7, 5), (8.4, 2.9),
)  # fmt: skip

MARKS: Mapping[str, Mark] = {
    "hospital": ((_PLATE, 1), (_CROSS, 0)),
    "clinic": ((_PLATE, 1), (_INNER, 0), (_CROSS, 1)),
    "fire_station": ((_PLATE, 1), (_FLAME, 0)),
    "police": (
        (((8, 0.3), (14.6, 2.6), (14.4, 8), (12.6, 12), (8, 15.7), (3.4, 12), (1.6, 8), (1.4, 2.6)), 1),
        (((8, 4), (9.3, 6.6), (12, 7), (10, 9), (10.5, 11.8), (8, 10.4), (5.5, 11.8), (6, 9), (4, 7), (6.7, 6.6)), 0),
    ),
    "school": (
        (((0.5, 6.2), (8, 2.6), (15.5, 6.2), (8, 9.8)), 1),
        (((3.6, 8.8), (8, 11), (12.4, 8.8), (12.4, 12), (8, 14), (3.6, 12)), 1),
    ),
    "townhall": (
        (((1, 6.4), (8, 1.6), (15, 6.4)), 1),
        *((((x, 7.4), (x + 2.2, 7.4), (x + 2.2, 12), (x, 12)), 1) for x in (2.4, 6.9, 11.4)),
        (((1, 12.8), (15, 12.8), (15, 14.8), (1, 14.8)), 1),
    ),
    "market": (
        (((2.4, 1.8), (13.6, 1.8), (15.4, 7.4), (0.6, 7.4)), 1),
        (((2, 8.2), (3.8, 8.2), (3.8, 12), (12.2, 12), (12.2, 8.2), (14, 8.2), (14, 14.4), (2, 14.4)), 1),
    ),
    "station": (
        (((3.4, 1), (12.6, 1), (14, 2.6), (14, 11), (12.6, 12.4), (3.4, 12.4), (2, 11), (2, 2.6)), 1),
        (((4, 3.2), (12, 3.2), (12, 7), (4, 7)), 0),
        (((4, 12.4), (6, 12.4), (4.4, 15.4), (2.4, 15.4)), 1),
        (((10, 12.4), (12, 12.4), (13.6, 15.4), (11.6, 15.4)), 1),
    ),
    "mosque": ((_CRESCENT, 1), (((11.4, 4.4), (13.6, 6.6), (11.4, 8.8), (9.2, 6.6)), 1)),
    "church": (
        (((6.6, 1), (9.4, 1), (9.4, 4.6), (13, 4.6), (13, 7.4), (9.4, 7.4), (9.4, 15), (6.6, 15), (6.6, 7.4), (3, 7.4),
          (3, 4.6), (6.6, 4.6)), 1),
    ),
}  # fmt: skip

_MOSQUE = re.compile(r"\b(masjid|mesjid|mushol?la|musala|langgar|surau)\b", re.IGNORECASE)
_CHURCH = re.compile(r"\b(gereja|church|katedral|kapel)\b", re.IGNORECASE)


def mark_of(mark: str, name: str) -> str:
    """The mark itself; of a dot, the mark that the name calls for (a mosque's, a church's)."""
    if mark != "dot":
        return mark
    return "mosque" if _MOSQUE.search(name) else "church" if _CHURCH.search(name) else mark


def mark_px(mark: str) -> int:
    """Width and height of a mark; 0 of none."""
    return 0 if not mark else DOT_PX if mark == "dot" else MARK_PX


@lru_cache(maxsize=64)
def mark_masks(mark: str, density: int) -> tuple[Image.Image, Image.Image]:
    """Ink and halo of a mark, as masks of one size; what the ink spares within the mark is halo."""
    size = mark_px(mark) * density
    rim = 2 * density + 1  # one pixel of room beyond the halo
    whole = (size + 2 * rim) * FINE
    ink = Image.new("L", (whole, whole))
    draw = ImageDraw.Draw(ink)
    if mark == "dot":
        draw.ellipse((rim * FINE, rim * FINE, whole - rim * FINE, whole - rim * FINE), 255)
    for polygon, inked in MARKS.get(mark, ()):
        step = size * FINE / GRID
        draw.polygon([(rim * FINE + x * step, rim * FINE + y * step) for x, y in polygon], 255 * inked)
    small = ink.reduce(FINE)
    return small, halo_of(small, rim - 1)


def halo_of(ink: Image.Image, rim_px: int) -> Image.Image:
    """All within reach of the ink; the mask has room for it. Many times faster than letters with a stroke."""
    halo = ink
    for _ in range(rim_px):
        near = halo
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            near = ImageChops.lighter(near, ImageChops.offset(halo, dx, dy))
        halo = near
    return halo
