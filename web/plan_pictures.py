"""What the pictures of plans show."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from planning.coverage import Coverage
from web.i18n import Translator
from web.plan_reach import Reach
from web.plan_words import percent, standard_text
from web.plans import Planner, Post
from web.plots import NO_DATA, area_map, beside, share_colour, share_legend

REACH_COLOURS: Final = ("#00441b", "#238b45", "#74c476", "#c7e9c0")
"""Of isochrones, the shortest time first (ColorBrewer Greens); longer ones keep the last."""

MOST_ASSUMED: Final = 6
TITLE_WIDTH: Final = 90
"""Of what a plan assumes: so many lines stand above a picture, each of so many characters; the answer has them all."""


def coverage_picture(
    planner: Planner, found: Coverage, posts: Sequence[Post], _: Translator, reach: Sequence[Reach] = (),
    assumed: Sequence[str] = (),
) -> bytes:  # fmt: skip
    """A PNG of the villages by the share of people reached in time, with what the plan assumes above it; isochrones,
    where asked, in a map beside it.
    """
    lines = [f"{planner.region.name}: {percent(found.region.share, _)}", standard_text(found.standard, _)]
    if assumed:
        told = [*assumed[:MOST_ASSUMED], *(["…"] if len(assumed) > MOST_ASSUMED else [])]
        lines += [line for one in told for line in wrap(one, TITLE_WIDTH)]
    title = "\n".join(lines)
    colours = {one.area.code: share_colour(one.share) for one in found.villages}
    picture = area_map(
        planner, colours, posts, title=title, legend=share_legend(), meaning=_("people in time"), post_word=_("post")
    )
    return beside([picture, reach_picture(planner, posts, reach, _)]) if reach else picture


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
        planner, {}, posts, title=_("Reached by road from the alarm, turnout included"), legend=legend, fills=fills,
        meaning=_("minutes from the alarm"), post_word=_("post"),
    )  # fmt: skip
