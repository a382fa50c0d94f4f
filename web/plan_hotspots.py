"""Hot spots of a region from its incidents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import numpy as np

from dispatch.exports_common import IncidentCase
from gis.errors import N_, InputError
from planning.hotspots import Hotspots, by_hour, density, hotspots
from web.plans import Planner

TOUCH_DEG = 1e-5
"""About a metre: borders of neighbours need not meet to the last digit."""


def hotspots_of(
    planner: Planner, cases: Sequence[IncidentCase], timezone: tzinfo, *, category: str | None, least: int
) -> tuple[Hotspots, dict[str, Any]]:
    """Hot spots and their answer as plain values; counts below `least` are not told, nor rates that would give them
    away: with the people of a village, its rate is its count.

    Raises
    ------
    InputError
        Too few incidents.
    """
    chosen = real_cases(cases, category)
    number_of = {area.code: number for number, area in enumerate(planner.demand.villages)}
    village = [number_of.get(case.incident.location.village_code or "", -1) for case in chosen]
    inside = np.array([one for one in village if one >= 0], dtype=np.int64)
    counts = np.bincount(inside, minlength=len(number_of)).astype(np.int64)
    found = hotspots(counts, planner.demand.people, neighbours(planner))
    told = (counts >= least) | (counts == 0)
    hours = np.array([_hour_of_week(case, timezone) for case in chosen], dtype=np.int64)
    return found, {
        "incidents": len(chosen),
        "without_village": len(chosen) - len(inside),
        "suppressed_below": least,
        "hot": int(found.hot.sum()),
        "cold": int(found.cold.sum()),
        "by_hour": by_hour(hours).tolist(),
        "villages": [
            {
                "code": area.code, "name": area.name,
                "incidents": int(counts[number]) if told[number] else None,
                "smoothed_per_1000": round(float(found.smoothed[number]), 4) if told[number] else None,
                "z": round(float(found.z[number]), 2),
                "p": round(float(found.p[number]), 4), "q": round(float(found.q[number]), 4),
                "found": "hot" if found.hot[number] else "cold" if found.cold[number] else "",
            }
            for number, area in enumerate(planner.demand.villages)
        ],
        "notice": planner.region.notice,
    }  # fmt: skip


def real_cases(cases: Sequence[IncidentCase], category: str | None) -> list[IncidentCase]:
    """Those that are no drills and no duplicates, of a category."""
    return [
        case
        for case in cases
        if not case.incident.exercise
        and case.incident.duplicate_of is None
        and (category is None or case.incident.category == category)
    ]


def neighbours(planner: Planner) -> list[list[int]]:
    """For each village the numbers of those that touch it."""
    import shapely

    shapes = np.array([planner.region.boundaries.polygon(area.code) for area in planner.demand.villages])
    tree = shapely.STRtree(shapes)
    one, other = tree.query(shapes, predicate="dwithin", distance=TOUCH_DEG)
    found: list[list[int]] = [[] for _ in shapes]
    for left, right in zip(one.tolist(), other.tolist(), strict=True):
        if left != right:
            found[left].append(right)
    return found


def density_rows(
    planner: Planner, cases: Sequence[IncidentCase], *, category: str | None, bandwidth_m: float, cells: int
) -> list[tuple[float, float, float]]:
    """Kernel density of incidents with a point, a row per cell of a grid over the region.

    Raises
    ------
    InputError
        No incident has a point.
    """
    spots = [one.incident.location.location for one in real_cases(cases, category)]
    known = [spot for spot in spots if spot is not None]
    if not known:
        raise InputError(N_("No incident of this time has a position; there is no density to tell."))
    box = planner.region.boundaries.bounds
    rows, columns = np.linspace(box.south, box.north, cells), np.linspace(box.west, box.east, cells)
    found = density(
        np.array([spot.lat for spot in known]), np.array([spot.lon for spot in known]), rows, columns,
        bandwidth_m=bandwidth_m,
    )  # fmt: skip
    return [
        (round(float(lat), 5), round(float(lon), 5), round(float(found[row, column]), 5))
        for row, lat in enumerate(rows)
        for column, lon in enumerate(columns)
    ]


def _hour_of_week(case: IncidentCase, timezone: tzinfo) -> int:
    local = case.incident.received_at.astimezone(timezone)
    return local.weekday() * 24 + local.hour
