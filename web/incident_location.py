"""What was typed or clicked as the location of an incident."""

from __future__ import annotations

from typing import Any

from dispatch.codec import dump
from dispatch.incidents import IncidentLocation, LocationKind
from gis.types import AreaLevel
from web.resolve import AskedKind
from web.service import Desk


def incident_location(desk: Desk, text: str) -> tuple[dict[str, Any], list[str]]:
    """The location as JSON, and what else the text may mean.

    Raises
    ------
    InputError, OutsideRegionError
        As of `web.resolve.resolve`.
    """
    asked = desk.resolve(text)
    match = desk.region.boundaries.locate(asked.location)
    village = None if match.village is None else match.village.code
    kecamatan = None if match.kecamatan is None else match.kecamatan.code
    kind = {AskedKind.POINT: LocationKind.POINT, AskedKind.PLACE: LocationKind.PLACE}.get(asked.kind)
    label = "" if asked.place is None else asked.place.place.name
    if asked.area is not None:
        kind = LocationKind.VILLAGE if asked.area.level is AreaLevel.VILLAGE else LocationKind.KECAMATAN
        village = asked.area.code if kind is LocationKind.VILLAGE else None
        kecamatan = asked.area.parent_code if kind is LocationKind.VILLAGE else asked.area.code
        label = asked.area.name
    location = IncidentLocation(
        kind=kind or LocationKind.POINT,
        location=asked.location,
        radius_m=asked.radius_m,
        village_code=village,
        kecamatan_code=kecamatan,
        label=label[:200],
    )
    others = [one.place.name + ("" if one.kecamatan is None else f" ({one.kecamatan})") for one in asked.alternatives]
    return dump(location), others
