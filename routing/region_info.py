"""What a region holds and how far it can be trusted: counts, road lengths, checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gis.middle import FAR_PART_M, far_part_m
from gis.types import AdministrativeArea
from routing.metric import Metric
from routing.network import ROAD_CLASSES
from routing.region import Region

FAR_FROM_ROADS_M = 1_000.0
"""A village whose middle is farther than this from the main network deserves a look before operations."""

GOOD_MAIN_SHARE = 0.9
"""Below this share of length in the largest strongly connected component a network needs mending."""


def describe_region(region: Region) -> dict[str, Any]:
    """Sources, counts, road lengths and checks of a region, ready for JSON.

    Lengths count each curve once, whichever ways it may be driven. The main network is the largest strongly
    connected component under the default access rules.
    """
    network = region.network
    once = network.is_first_of_curve
    length_km = np.asarray(network.edge_length_m) / 1_000.0
    total_km = float(length_km[once].sum())
    main_km = float(length_km[once & (np.asarray(network.edge_component) == 0)].sum())
    by_class = np.bincount(np.asarray(network.edge_class)[once], weights=length_km[once], minlength=len(ROAD_CLASSES))
    is_open = Metric.build(network, region.routing_settings).is_open
    far = _villages_far_from_main(region)
    boundaries = region.boundaries
    scattered = _villages_with_a_far_part(region)
    checks = [
        _check("checksums", True, f"{len(region.manifest.files)} files match the manifest"),
        _check(
            "main network",
            total_km > 0 and main_km / total_km >= GOOD_MAIN_SHARE,
            f"{100 * main_km / total_km if total_km else 0:.1f} % of the length is strongly connected",
        ),
        _check(
            "villages near the main network",
            not far,
            f"{len(far)} of {len(boundaries.villages)} villages are farther than {FAR_FROM_ROADS_M:.0f} m from it",
        ),
        _check(
            "villages in one place",
            not scattered,
            f"{len(scattered)} villages have a part more than {FAR_PART_M / 1000:.0f} km from the rest",
        ),
    ]
    return {
        "name": region.name,
        "folder": str(region.folder),
        "demonstration": region.demonstration,
        "notice": region.notice,
        "built_at": region.manifest.built_at.isoformat(),
        "builder": region.manifest.builder,
        "bytes": sum(size for size, _ in region.manifest.files.values()),
        "projected_crs": region.projected_crs,
        "timezone": region.timezone.key,
        "sources": [{**source, "date": str(source.get("date"))} for source in region.table.get("sources", [])],
        "areas": {
            "villages": len(boundaries.villages),
            "kecamatan": len(boundaries.kecamatan),
            "kabupaten": [area.name for area in boundaries.kabupaten],
        },
        "gazetteer": region.report.get("gazetteer", {}),
        "network": {
            "nodes": network.node_count,
            "edges": network.lawful_edge_count,
            "against_oneways": network.edge_count - network.lawful_edge_count,
            "length_km": round(total_km, 1),
            "length_km_by_class": {
                ROAD_CLASSES[number]: round(float(km), 1) for number, km in enumerate(by_class) if km > 0
            },
            "restrictions": len(network.restriction_offset) - 1,
            "closed_by_access_km": round(float(length_km[once & ~is_open].sum()), 1),
            "components": len(network.component_length_m),
            "main_component_share": round(main_km / total_km, 4) if total_km else 0.0,
        },
        "villages_far_from_main_network": far,
        "villages_with_a_far_part": scattered,
        "checks": checks,
        "report": region.report,
    }


def _check(name: str, good: bool, text: str) -> dict[str, Any]:
    return {"check": name, "ok": bool(good), "text": text}


def _villages_far_from_main(region: Region) -> list[dict[str, Any]]:
    """Villages whose middle is far from the main network, farthest first."""
    main = region.snapper.allow(np.asarray(region.network.edge_component) == 0)

    def gap_m(village: AdministrativeArea) -> float | None:
        snap = region.snapper.nearest(region.boundaries.middle(village.code), main, limit_m=np.inf)
        return None if snap is None or snap.distance_m <= FAR_FROM_ROADS_M else snap.distance_m

    return _worst_first(region, gap_m)


def _villages_with_a_far_part(region: Region) -> list[dict[str, Any]]:
    """Villages with a part far from the rest, most likely a fault of the boundary file; farthest first."""
    return _worst_first(region, lambda village: far_part_m(region.boundaries.polygon(village.code)))


def _worst_first(region: Region, distance: Callable[[AdministrativeArea], float | None]) -> list[dict[str, Any]]:
    """The villages that have a distance, with it."""
    rows = [
        {"code": village.code, "name": village.name, "distance_m": round(metres)}
        for village in region.boundaries.villages
        if (metres := distance(village)) is not None
    ]
    return sorted(rows, key=lambda row: (-int(row["distance_m"]), row["code"]))
