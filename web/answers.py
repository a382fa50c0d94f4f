"""Records as plain JSON values, with their sentences in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dispatch.ranking import RankedUnit
from dispatch.screening import ExcludedUnit
from dispatch.types import Unit
from dispatch.village_eta import VillageUnit
from gis.address import AddressDetail
from gis.boundaries import BoundaryIndex
from gis.coordinate_types import note_text
from gis.search_reason import search_reason_text
from gis.search_results import Candidate, candidate_json
from gis.types import AdministrativeArea, AreaLevel, AreaMatch, AreaStatus
from routing.types import RoadAccess
from web.area_roads import LeftOut
from web.i18n import Translator
from web.resolve import Asked
from web.wording import (
    area_match_text,
    area_name,
    exclusion_text,
    exemptions_text,
    reason_text,
    road_access_text,
    village_unit_text,
)


def area_json(area: AdministrativeArea | None) -> dict[str, Any] | None:
    """Code and name of an area."""
    return None if area is None else {"code": area.code, "name": area.name}


def match_json(match: AreaMatch, _: Translator) -> dict[str, Any]:
    """The areas of a point."""
    towards = area_json(match.towards)
    if towards is not None:
        towards |= {"distance_m": round(match.border_m, 1), "bearing_deg": _rounded(match.towards_bearing_deg)}
    return {
        "location": {"lat": match.location.lat, "lon": match.location.lon},
        "status": match.status.value,
        "village": area_json(match.village),
        "kecamatan": area_json(match.kecamatan),
        "kabupaten": area_json(match.kabupaten),
        "border_m": round(match.border_m, 1),
        "neighbours": [
            {"code": near.area.code, "name": near.area.name, "distance_m": round(near.distance_m, 1)}
            for near in match.neighbours
        ],
        "towards": towards,
        "message": area_match_text(match, _),
    }


def asked_json(asked: Asked, match: AreaMatch, boundaries: BoundaryIndex, _: Translator) -> dict[str, Any]:
    """A location as it was understood."""
    village, kecamatan = match.village, match.kecamatan
    if asked.area is not None:
        areas = _areas_of(asked.area, boundaries)
        village, kecamatan = areas.get(AreaLevel.VILLAGE), areas.get(AreaLevel.KECAMATAN)
    return {
        "text": asked.text,
        "kind": asked.kind.value,
        "location": {"lat": asked.location.lat, "lon": asked.location.lon},
        "radius_m": round(asked.radius_m, 1),
        "village": area_json(village),
        "kecamatan": area_json(kecamatan),
        "place": None if asked.place is None else place_json(asked.place, _),
        "alternatives": [place_json(other, _) for other in asked.alternatives],
        "confirm": asked.confirm,
        "notes": [note_text(note, _) for note in asked.notes],
    }


def area_match_json(asked: Asked, boundaries: BoundaryIndex, _: Translator) -> dict[str, Any]:
    """As `match_json`, where only an area is known: no village that nobody named, and no border of a point in it."""
    areas = _areas_of(asked.area, boundaries)
    return {
        "location": {"lat": asked.location.lat, "lon": asked.location.lon},
        "status": AreaStatus.INSIDE.value,
        **{level.value: area_json(areas.get(level)) for level in AreaLevel},
        "border_m": None,
        "neighbours": [],
        "towards": None,
        "message": ", ".join(area_name(area, _) for area in areas.values()) + ".",
    }


def _areas_of(area: AdministrativeArea | None, boundaries: BoundaryIndex) -> dict[AreaLevel, AdministrativeArea]:
    """An area and those above it, the smallest first, by level."""
    areas: dict[AreaLevel, AdministrativeArea] = {}
    while area is not None:
        areas[area.level] = area
        area = boundaries.parent(area)
    return areas


def left_out_json(part: LeftOut) -> dict[str, Any]:
    """A part of a village that is left out of its roads."""
    return {
        "village": area_json(part.village),
        "distance_m": round(part.distance_m),
        "area_share": round(part.area_share, 4),
        "road_m": round(part.road_m),
    }


def place_json(candidate: Candidate, _: Translator) -> dict[str, Any]:
    """A candidate of a search, its reason in the reader's language."""
    return candidate_json(candidate, lambda reason: search_reason_text(reason, _))


def road_json(access: RoadAccess, _: Translator) -> dict[str, Any]:
    """How a location meets the roads."""
    return {
        "status": access.status.value,
        "message": road_access_text(access, _),
        "distance_m": _rounded(access.nearest_m),
        "connected_m": _rounded(access.connected_m),
    }


@dataclass(frozen=True, slots=True)
class Driven:
    """The profile by which a unit drives, and the exemptions that it uses on its way; None where nobody looked."""

    profile: str | None = None
    exemptions: tuple[str, ...] | None = None


UNKNOWN_DRIVE = Driven()


def driven_json(driven: Driven, _: Translator) -> dict[str, Any]:
    """By which profile and exemptions a time was found, and what there is to say of it."""
    return {
        "profile": driven.profile,
        "exemptions": None if driven.exemptions is None else list(driven.exemptions),
        "exemptions_text": exemptions_text(driven.exemptions, _) if driven.exemptions else None,
    }


def ranked_json(one: RankedUnit, _: Translator, driven: Driven = UNKNOWN_DRIVE) -> dict[str, Any]:
    """A unit ranked for a point."""
    return {
        "rank": one.rank,
        **_unit_json(one.unit),
        "eta_s": round(one.eta_s, 3),
        "eta_parts": {
            "turnout_s": round(one.turnout_s, 3),
            "reach_road_s": round(one.reach_road_s, 3),
            "driving_s": round(one.driving_s, 3),
            "last_metres_s": round(one.last_metres_s, 3),
        },
        "eta_range_s": None,
        "first_share": None,
        "unreachable_share": None,
        "behind_s": round(one.behind_s, 3),
        "straight_m": round(one.straight_m, 1),
        "straight_rank": one.straight_rank,
        "fix_age_s": _rounded(one.fix_age_s),
        "reason": _with_exemptions(reason_text(one.reason, _), driven, _),
        **driven_json(driven, _),
    }


def village_ranked_json(one: VillageUnit, _: Translator, driven: Driven = UNKNOWN_DRIVE) -> dict[str, Any]:
    """A unit ranked for a village: `eta_s` is the mean over the village's roads."""
    return {
        "rank": one.rank,
        **_unit_json(one.unit),
        "eta_s": round(one.mean_s, 3),
        "eta_parts": None,
        "eta_range_s": {
            "min": round(one.min_s, 3),
            "median": round(one.median_s, 3),
            "p90": round(one.p90_s, 3),
            "max": round(one.max_s, 3),
        },
        "first_share": round(one.first_share, 6),
        "unreachable_share": round(one.unreachable_share, 6),
        "behind_s": round(one.behind_s, 3),
        "straight_m": round(one.straight_m, 1),
        "straight_rank": one.straight_rank,
        "fix_age_s": _rounded(one.fix_age_s),
        "reason": village_unit_text(one, _),
        **driven_json(driven, _),
    }


def _with_exemptions(text: str, driven: Driven, _: Translator) -> str:
    """A sentence, and behind it what the dispatcher should know of the way."""
    return f"{text} {exemptions_text(driven.exemptions, _)}" if driven.exemptions else text


def excluded_json(one: ExcludedUnit, _: Translator) -> dict[str, Any]:
    """A unit that is not ranked, and why."""
    return {
        **_unit_json(one.unit),
        "why": one.why.value,
        "also": [why.value for why in one.also],
        "reason": exclusion_text(one, _),
        "eta_s": _rounded(one.eta_s, 3),
        "straight_m": round(one.straight_m, 1),
        "fix_age_s": _rounded(one.fix_age_s),
    }


def detail_json(detail: AddressDetail) -> dict[str, Any]:
    """The parts of an address that were said."""
    parts = {
        "village": detail.village,
        "kecamatan": detail.kecamatan,
        "kabupaten": detail.kabupaten,
        "hamlet": detail.hamlet,
        "block": detail.block,
        "streets": list(detail.streets),
        "poi": detail.poi,
        "postcode": detail.postcode,
        "rt": detail.rt,
        "rw": detail.rw,
        "number": detail.number,
    }
    return {name: value for name, value in parts.items() if value}


def _unit_json(unit: Unit) -> dict[str, Any]:
    return {
        "unit_id": unit.unit_id,
        "kind": unit.kind,
        "agency": unit.agency,
        "status": unit.status.value,
        "capabilities": sorted(unit.capabilities),
        "lat": unit.location.lat,
        "lon": unit.location.lon,
    }


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)
