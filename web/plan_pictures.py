"""What the pictures of plans show."""

from __future__ import annotations

from collections.abc import Sequence

from planning.coverage import Coverage
from web.i18n import Translator
from web.plan_words import percent, standard_text
from web.plans import Planner, Post
from web.plots import area_map, share_colour, share_legend


def coverage_picture(planner: Planner, found: Coverage, posts: Sequence[Post], _: Translator) -> bytes:
    """A PNG of the villages by the share of people reached in time."""
    title = f"{planner.region.name}: {percent(found.region.share, _)}\n{standard_text(found.standard, _)}"
    colours = {one.area.code: share_colour(one.share) for one in found.villages}
    return area_map(planner, colours, posts, title=title, legend=share_legend())
