"""A picture as PNG of few colours."""

from __future__ import annotations

import io
import threading
from itertools import chain
from typing import cast

import numpy as np
from PIL import Image

COLOURS = 256
_NUMBER_OF = threading.local()


def png(image: Image.Image) -> bytes:
    """PNG of the most frequent colours: a third of the size of full colour, which slow lines need.

    The flat colours are among them, so they stay exactly the same on every tile (Pillow's own quantizers move them a
    little, and a tile then shows as a square). Any other colour becomes the nearest of them.
    """
    packed = np.frombuffer(image.convert("RGBX").tobytes(), "<u4") & 0xFFFFFF
    counted = cast(list[tuple[int, tuple[int, int, int]]], image.getcolors(image.width * image.height))
    counts = np.fromiter((count for count, _ in counted), np.int64, len(counted))
    shades = np.fromiter(chain.from_iterable(colour for _, colour in counted), np.int64, 3 * len(counted)).reshape(
        -1, 3
    )
    numbers = shades @ (1, 1 << 8, 1 << 16)
    order = np.lexsort((numbers, -counts))  # not by where a colour was met first: equal pictures are equal files
    channels = shades.astype(np.float32)
    kept = channels[order[:COLOURS]]
    # |a - b|² less |a|², which is the same for all b; whole numbers below 2 ** 24, so exact
    apart = (kept * kept).sum(axis=1)[None, :] - 2.0 * (channels @ kept.T)
    number_of = _numbers()
    number_of[numbers] = apart.argmin(axis=1)
    indexed = Image.fromarray(np.take(number_of, packed).reshape(image.height, image.width))
    indexed.putpalette(kept.astype(np.uint8).tobytes())
    stored = io.BytesIO()
    indexed.save(stored, "PNG", compress_level=6)
    return stored.getvalue()


def _numbers() -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """(2 ** 24,) a colour's number in the palette; only entries of the present picture mean anything."""
    table: np.ndarray[tuple[int], np.dtype[np.uint8]] | None = getattr(_NUMBER_OF, "table", None)
    if table is None:
        table = _NUMBER_OF.table = np.zeros(1 << 24, np.uint8)
    return table
