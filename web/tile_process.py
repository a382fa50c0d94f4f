"""Draws tiles in a process of its own, behind everything else: `python -m web.tile_process REGION`.

A line of JSON asks for a tile; the answer is its length as four bytes, then the PNG. It ends when its input ends.
Between questions it prepares zooms that nobody has asked for yet.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from pathlib import Path

from routing.region import Region
from web.map_style import PALETTES
from web.region_layers import layers_of
from web.tile_draw import MapPainter

NICENESS = 5
ZOOMS_BY_USE = (11, 12, 10, 13, 14, 15, 16, 9, 17, 18, 8, 7)


def main() -> None:
    """Answer until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server ends it, by closing its input
    os.nice(NICENESS)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not print into an answer
    painter = MapPainter(layers_of(Region.open(Path(sys.argv[1]), verify=False)))
    unprepared = list(ZOOMS_BY_USE)
    questions = open(0, "rb", buffering=0)  # noqa: SIM115 - unbuffered, so that select tells the truth; ends with us
    while True:
        if unprepared and not select.select([questions], [], [], 0)[0]:
            painter.prepare(unprepared.pop(0))
            continue
        line = questions.readline()
        if not line:
            return
        style, zoom, column, row, density = json.loads(line)
        drawn = painter.tile(zoom, column, row, palette=PALETTES[style], density=density)
        answers.write(len(drawn).to_bytes(4, "big") + drawn)
        answers.flush()


if __name__ == "__main__":
    main()
