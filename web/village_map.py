"""The month of a village or kecamatan as one map file: to keep, to print, to open without any network."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from web.i18n import Translator
from web.maps import Spot, area_map
from web.service import Desk
from web.village_month import VillageIncident, VillageMonth


def village_map(
    desk: Desk,
    found: VillageMonth,
    *,
    title: str,
    lines: Callable[[VillageIncident], tuple[str, ...]],
    figures: Sequence[dict[str, Any]],
    _: Translator,
) -> str:
    """The HTML of the map; incidents without a point that may be told stand as a number in the middle of their village.

    Parameters
    ----------
    desk
        Of the region.
    found
        The month.
    title
        Area and month.
    lines
        What opens on an incident.
    figures
        Rows with `name`, `incidents` and `median`.
    """
    boundaries = desk.region.boundaries
    coarse = Counter(one.village for one in found.incidents if one.location is None and one.village is not None)
    spots = []
    for code, count in sorted(coarse.items()):
        middle = boundaries.middle(code)
        text = _.ngettext("{n} incident shown at village level", "{n} incidents shown at village level", count)
        spots.append(
            Spot(lat=middle.lat, lon=middle.lon, css="unit excluded", text=str(count),
                 lines=(boundaries.area(code).name, text.format(n=count)))
        )  # fmt: skip
    spots += [
        Spot(lat=one.location.lat, lon=one.location.lon, css="incident-spot", text="", lines=lines(one))
        for one in reversed(found.incidents)
        if one.location is not None
    ]
    rows = "".join(f"<tr><td>{html.escape(one['name'])}</td><td>{one['incidents']}</td></tr>" for one in figures)
    notes = [_("Incidents of sensitive categories are shown at village level.")] if coarse else []
    sheet = (
        f"<h1>{html.escape(title)}</h1>"
        + "".join(f"<p><small>{html.escape(note)}</small></p>" for note in notes)
        + f"<h2>{html.escape(_('Incidents'))}</h2><table>{rows}</table>"
    )
    return area_map(desk, found.area, spots, title=f"Siaga112: {title}", sheet=sheet)
