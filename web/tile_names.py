"""Writes names, marks and the notice on a drawn map; each text is drawn once and kept as a mask."""

from __future__ import annotations

import math
from functools import lru_cache

from PIL import Image, ImageDraw

from web.map_icons import halo_of, mark_masks
from web.map_labels import PlacedLabel
from web.map_style import Palette, font

TILE_PX = 256
NOTICE_SPACING_PX = 512
NOTICE_SIZE_PX = 13
NOTICE_OPACITY = 0.34
NOTICE_ANGLE_DEG = 24
HALO_PX = 2

Corner = tuple[float, float]
"""Left, top of the picture in world pixels."""


def write_label(image: Image.Image, label: PlacedLabel, corner: Corner, density: int, palette: Palette) -> None:
    """Write one name with its halo, and its mark."""
    left, top = corner
    colour = palette.street_text if label.kind == "street" else palette.text.get(label.kind, palette.other_text)
    if label.mark:
        ink, rim = mark_masks(label.mark, density)
        _stand(image, (label.x - left) * density, (label.mark_y - top) * density, ink, rim, colour, palette.halo)
    if label.text:
        size = label.style.size_px * density
        if label.kind == "street":
            ink, rim = _rotated(label.text, size, round(label.angle_deg), HALO_PX * density)
        else:
            ink, rim = _upright(label.text, size, label.style.bold, density)
        _stand(image, (label.x - left) * density, (label.y - top) * density, ink, rim, colour, palette.halo)


def _stand(image: Image.Image, x: float, y: float, ink: Image.Image, rim: Image.Image, colour: str, halo: str) -> None:
    """Paste a mask's halo and ink, its middle at a pixel."""
    # floor, not round: halves go the same way at every place, so that pictures agree
    at = math.floor(x - ink.width / 2 + 0.5), math.floor(y - ink.height / 2 + 0.5)
    image.paste(halo, at, rim)
    image.paste(colour, at, ink)


@lru_cache(maxsize=4096)
def _upright(text: str, size_px: int, bold: bool, density: int) -> tuple[Image.Image, Image.Image]:
    """A text and its halo, as masks of one size with the text in the middle."""
    letters = font(size_px, bold=bold)
    rim_px = HALO_PX * density
    lines = text.split("\n")
    width = math.ceil(max(letters.getlength(line) for line in lines)) + 2 * rim_px + 4
    height = math.ceil(size_px * 1.24 * len(lines)) + 2 * rim_px + 4
    ink = Image.new("L", (width, height))
    ImageDraw.Draw(ink).multiline_text(
        (width / 2, height / 2), text, font=letters, fill=255, anchor="mm", align="center", spacing=2 * density
    )
    return ink, halo_of(ink, rim_px)


@lru_cache(maxsize=4096)
def _rotated(text: str, size_px: int, angle_deg: int, rim_px: int = 0) -> tuple[Image.Image, Image.Image]:
    """A turned text and its halo, as masks of one size."""
    letters = font(size_px)
    left, top, right, bottom = letters.getbbox(text)
    room = 2 * rim_px + 4
    ink = Image.new("L", (math.ceil(right - left) + room, math.ceil(bottom - top) + room))
    ImageDraw.Draw(ink).text((room / 2 - left, room / 2 - top), text, font=letters, fill=255)
    ink = ink.rotate(angle_deg, Image.Resampling.BICUBIC, expand=True)
    return ink, halo_of(ink, rim_px)


def stamp_notice(
    image: Image.Image, notice: str, corner: Corner, size: tuple[int, int], density: int, palette: Palette
) -> None:
    """Write the notice across the map, at places fixed in the world so that tiles agree."""
    (left, top), (width, height) = corner, size
    mask = _stamp_mask(notice, NOTICE_SIZE_PX * density)
    half_x, half_y = mask.width / density / 2, mask.height / density / 2
    step = NOTICE_SPACING_PX / 2
    for row in range(math.floor((top - half_y) / step), math.ceil((top + height + half_y) / step) + 1):
        shift = step if row % 2 else 0
        first = math.floor((left - half_x - shift) / NOTICE_SPACING_PX)
        last = math.ceil((left + width + half_x - shift) / NOTICE_SPACING_PX)
        for column in range(first, last + 1):
            x = column * NOTICE_SPACING_PX + shift + TILE_PX / 2
            y = row * step + TILE_PX / 2
            at = (
                round((x - half_x - left) * density),
                round((y - half_y - top) * density),
            )
            image.paste(palette.notice, at, mask)


@lru_cache(maxsize=8)
def _stamp_mask(notice: str, size_px: int) -> Image.Image:
    ink, _ = _rotated(notice, size_px, NOTICE_ANGLE_DEG)
    return ink.point([round(level * NOTICE_OPACITY) for level in range(256)])
