"""A picture as PNG of few colours."""

from __future__ import annotations

import io
import threading

import numpy as np
import numpy.typing as npt
from PIL import Image

COLOURS = 256
_NUMBER_OF = threading.local()


def png(image: Image.Image) -> bytes:
    """PNG of the most frequent colours: a third of the size of full colour, which slow lines need.

    The flat colours are among them, so they stay exactly the same on every tile (Pillow's own quantizers move them a
    little, and a tile then shows as a square). Any other colour becomes the nearest of them.
    """
    packed = np.frombuffer(image.convert("RGBX").tobytes(), "<u4") & 0xFFFFFF
    numbers, counts = np.unique(packed, return_counts=True)
    order = np.argsort(-counts, kind="stable")  # then by number: equal pictures are equal files
    kept, others = numbers[order[:COLOURS]], numbers[order[COLOURS:]]
    number_of = _numbers()
    if len(others):
        # Those that differ in the last two bits of a channel alone go the same way: nobody sees it, and it is a tenth
        # of the work where names and many thin lines give thousands of colours.
        near, of_near = np.unique(others & 0xFCFCFC | 0x020202, return_inverse=True)
        shades, palette = _channels(near), _channels(kept)
        # |a - b|² less |a|², which is the same for all b; whole numbers below 2 ** 24, so exact
        apart = (palette * palette).sum(axis=1)[None, :] - 2.0 * (shades @ palette.T)
        number_of[others] = apart.argmin(axis=1).astype(np.uint8)[of_near]
    number_of[kept] = np.arange(len(kept), dtype=np.uint8)
    indexed = Image.fromarray(np.take(number_of, packed).reshape(image.height, image.width))
    indexed.putpalette(_channels(kept).astype(np.uint8).tobytes())
    stored = io.BytesIO()
    indexed.save(stored, "PNG", compress_level=6)
    return stored.getvalue()


def _channels(numbers: npt.NDArray[np.uint32]) -> npt.NDArray[np.float32]:
    """(N, 3) red, green and blue."""
    return np.column_stack((numbers & 0xFF, numbers >> 8 & 0xFF, numbers >> 16 & 0xFF)).astype(np.float32)


def _numbers() -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """(2 ** 24,) a colour's number in the palette; only entries of the present picture mean anything."""
    table: np.ndarray[tuple[int], np.dtype[np.uint8]] | None = getattr(_NUMBER_OF, "table", None)
    if table is None:
        table = _NUMBER_OF.table = np.zeros(1 << 24, np.uint8)
    return table
