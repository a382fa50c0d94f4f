"""What the pictures of plans show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from planning.coverage import Coverage
from web.i18n import Translator
from web.plan_reach import Reach
from web.plan_words import percent, standard_text
from web.plans import Planner, Post
from web.plots import NO_DATA, area_map, share_colour, share_legend

REACH_COLOURS: Final = ("#00441b", "#238b45", "#74c476", "#c7e9c0")
"""Of isochrones, the shortest time first (ColorBrewer Greens); longer ones keep the last."""


def coverage_picture(
    planner: Planner, found: Coverage, posts: Sequence[Post], _: Translator, reach: Sequence[Reach] = ()
) -> bytes:
    """A PNG of the villages by the share of people reached in time, with the outlines of isochrones."""
    title = f"{planner.region.name}: {percent(found.region.share, _)}\n{standard_text(found.standard, _)}"
    colours = {one.area.code: share_colour(one.share) for one in found.villages}
    outlines = [one.polygon for one in reach]
    return area_map(planner, colours, posts, title=title, legend=share_legend(), outlines=outlines)


def reach_colour(number: int) -> str:
    """The colour of an isochrone, counted from the shortest time."""
    return REACH_COLOURS[min(number, len(REACH_COLOURS) - 1)]


def reach_picture(planner: Planner, posts: Sequence[Post], reach: Sequence[Reach], _: Translator) -> bytes:
    """A PNG of the areas reached within some minutes."""
    shown = [(reach_colour(number), one) for number, one in enumerate(reach)]
    legend = [
        (colour, _("{minutes} min").format(minutes=f"{one.minutes:g}")) for colour, one in shown
    ] + [(NO_DATA, _("not reached by then"))]  # fmt: skip
    fills = [(one.polygon, colour) for colour, one in reversed(shown)]
    return area_map(
        planner, {}, posts, title=_("Reached by road from the alarm, turnout included"), legend=legend, fills=fills
    )
