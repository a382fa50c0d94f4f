"""The desk: one opened region and its units, and the questions that the pages, the API and the command line ask.

Thin: every answer is composed of what `gis`, `routing` and `dispatch` return. Answers are plain JSON values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from dispatch.fleet_ranking import FleetColumns, rank_fleet
from dispatch.settings import DispatchSettings
from dispatch.types import Unit
from dispatch.units import UnitsRead, read_units
from dispatch.village_eta import VillageRanking, rank_units_for_village
from dispatch.vocabulary import normalised, unit_kind
from gis.coordinate_types import note_text
from gis.errors import N_, InputError, OutsideRegionError
from gis.region_folder import SETTINGS
from gis.search_reason import search_reason_text
from gis.search_results import search_file
from gis.types import AreaMatch, Location
from routing.geojson import route_geojson
from routing.gpx import route_gpx
from routing.openings import exemptions_used
from routing.region import Region
from routing.router import Router
from routing.routers import Routers
from routing.types import RoadStatus, Route
from web.answers import (
    Driven,
    area_match_json,
    asked_json,
    detail_json,
    driven_json,
    excluded_json,
    left_out_json,
    match_json,
    place_json,
    ranked_json,
    road_json,
    village_ranked_json,
)
from web.area_roads import AreaRoads, roads_of
from web.credits import AREAS, ROADS, owed_credit
from web.fleet_times import FleetTimes, Vehicle
from web.i18n import translator
from web.live_roads import LiveRoads
from web.resolve import Asked, resolve
from web.wording import confirm_lines, left_out_text, shortfall_text, village_ranking_text
from web.wording_errors import error_text
from web.wording_roads import roads_json, times_text

Clock = Callable[[], datetime]

DEFAULT_LANGUAGE = "id"
METRES_PER_DEGREE = 111_320.0
LOOKED_AT = 3
"""Of so many units, the first ones, the route is looked at for exemptions that they use on it."""


def utc_now() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _FleetNow:
    """The units as they stand, as columns, and how each drives."""

    units: tuple[Unit, ...]
    columns: FleetColumns
    vehicles: tuple[Vehicle, ...]


class Desk:
    """One region with one list of units; safe for several threads once `warm`."""

    def __init__(self, region: Region, *, units_file: Path | None = None, clock: Clock = utc_now) -> None:
        self.region = region
        self._clock = clock
        self._units_file = units_file or region.units_file
        self._live: Callable[[], tuple[Unit, ...]] | None = None
        self._known_fleet: _FleetNow | None = None
        self.times = FleetTimes(region)
        self.roads = LiveRoads(region, self.times)

    def follow(self, units: Callable[[], tuple[Unit, ...]]) -> None:
        """Rank these units from now on, as they stand at each question, in place of the list.

        While none of them changes, the very same tuple should be given.
        """
        self._live = units

    def answer_from(self, routers: Routers) -> None:
        """Ask these routers from now on, in place of the region's own, which knows no closures."""
        self.times.answer_from(routers)

    @property
    def routers(self) -> Routers | None:
        """What answers in a server; None where the region's own router does."""
        return self.times.routers

    @property
    def router(self) -> Router:
        """What answers for the default profile at no hour in particular; its `metric.key` names what it knows."""
        return self.times.router(None, None)

    # --- what there is -------------------------------------------------------------------------------------------

    @cached_property
    def settings(self) -> DispatchSettings:
        """Turnout times and limits from the region's `[dispatch]` table."""
        source = str(self.region.folder / SETTINGS)
        return DispatchSettings.from_table(self.region.table.get("dispatch", {}), source=source)

    @property
    def has_units_file(self) -> bool:
        """Whether a list of units is at hand."""
        return self._units_file is not None

    @property
    def listed_units(self) -> tuple[Unit, ...]:
        """The units of the list, whatever a centre's database says of them."""
        return self._read.units

    @property
    def units_source(self) -> str:
        """The file that the units come from."""
        return str(self._units_file)

    @cached_property
    def _read(self) -> UnitsRead:
        if self._units_file is None:
            raise InputError(N_("No units are known: the region has no units.csv; give a list with --units."))
        return read_units(self._units_file, source=self.units_source, now=self._clock(), timezone=self.region.timezone)

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units, as they stand."""
        return self._read.units if self._live is None else self._live()

    @property
    def unit_problems(self) -> tuple[str, ...]:
        """Bad rows of the units file, one sentence each."""
        return () if self._units_file is None else tuple(str(problem) for problem in self._read.problems)

    def vehicle(self, unit: Unit) -> Vehicle:
        """How a unit drives, and from where."""
        return self.times.vehicle(unit.kind, unit.agency, unit.location)

    def _vehicles(self, units: Sequence[Unit]) -> tuple[Vehicle, ...]:
        return tuple(self.vehicle(unit) for unit in units)

    def _fleet(self) -> _FleetNow:
        """The units as the ranking wants them; made anew only when one of them changed."""
        units, known = self.units, self._known_fleet
        if known is None or known.units is not units:
            known = self._known_fleet = _FleetNow(
                units=units, columns=FleetColumns.of(units, self.settings), vehicles=self._vehicles(units)
            )
        return known

    def warm(self) -> None:
        """Load all parts now, so that the first call is as quick as the others."""
        self.region.gazetteer.prepare()
        _ = self.settings, self.region.edge_village
        self.times.warm(self._vehicles(self.units) if self._units_file is not None else (), self._clock())
        if self._units_file is not None:
            self.times.answer(self.region.boundaries.bounds.middle, self._vehicles(self.units), self._clock())

    def region_json(self) -> dict[str, Any]:
        """Name, notice, extent and counts of the region."""
        region, bounds = self.region, self.region.boundaries.bounds
        return {
            "name": region.name,
            "demonstration": region.demonstration,
            "notice": region.notice,
            "bounds": [bounds.south, bounds.west, bounds.north, bounds.east],
            "center": [bounds.middle.lat, bounds.middle.lon],
            "counts": {
                "villages": len(region.boundaries.villages),
                "kecamatan": len(region.boundaries.kecamatan),
                "units": len(self.units) if self._units_file else 0,
                **{name: count for name, count in region.report.get("gazetteer", {}).items() if name != "village"},
            },
            "built_at": region.manifest.built_at.isoformat(),
            "sources": [
                {"kind": source.get("kind"), "file": source.get("file"), "date": str(source.get("date")),
                 "licence": source.get("licence")}
                for source in region.table.get("sources", [])
            ],
            "unit_kinds": sorted({unit.kind for unit in self.units}) if self._units_file else [],
        }  # fmt: skip

    def times_json(self, lang: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
        """Which engine answers, and whether any travel times are not as they should be.

        Everybody may read it, so it names no file and no fault of the region: the log does.
        """
        routers = self.times.routers
        if routers is None:
            return {"engine": "scipy", "pending": False, "failed": [], "message": None}
        state = routers.state()
        failed = [
            {"profile": profile or self.region.routing_settings.profile().name, "hour": hour}
            for profile, hour in state.failed
        ]
        names = sorted({str(one["profile"]).partition("+")[0] for one in failed})
        return {
            "engine": state.engine,
            "pending": state.pending,
            "failed": failed,
            "message": times_text(translator(lang), pending=state.pending, failed=names),
        }

    def units_json(self) -> dict[str, Any]:
        """All units with status and position."""
        return {
            "notice": self.region.notice,
            "units": [
                {
                    "unit_id": unit.unit_id,
                    "kind": unit.kind,
                    "agency": unit.agency,
                    "status": unit.status.value,
                    "lat": unit.location.lat,
                    "lon": unit.location.lon,
                    "fix_time": unit.fix_time.isoformat() if unit.fix_time else None,
                    "capabilities": sorted(unit.capabilities),
                }
                for unit in self.units
            ],
            "problems": list(self.unit_problems),
        }

    def area_geojson(self, code: str) -> dict[str, Any]:
        """Outline of a village, kecamatan or kabupaten as a GeoJSON Feature."""
        try:
            area = self.region.boundaries.area(code)
        except LookupError:
            raise OutsideRegionError(
                N_("The region has no area with the code “{code}”; check the code."), code=code[:20]
            ) from None
        return {
            "type": "Feature",
            "id": area.code,
            "properties": {
                "code": area.code,
                "name": area.name,
                "level": area.level.value,
                "parent_code": area.parent_code,
                "notice": self.region.notice,
                "attribution": owed_credit(self.region, AREAS) or None,
            },
            "geometry": mapping(self.region.boundaries.polygon(area.code)),
        }

    # --- where ---------------------------------------------------------------------------------------------------

    def search(self, text: str, limit: int = 10, lang: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
        """Candidates for a text, best first."""
        found, _ = self.region.gazetteer.search(text, limit=limit), translator(lang)
        answer = {
            "text": text,
            "notice": self.region.notice,
            "candidates": [place_json(candidate, _) for candidate in found.candidates],
            "detail": detail_json(found.detail),
        }
        return answer if found.problem is None else {**answer, "problem": error_text(found.problem, _)}

    def search_file(self, source: Path, *, limit: int, lang: str = DEFAULT_LANGUAGE) -> Iterator[dict[str, Any]]:
        """One answer per line of a text file, each with the region's notice if it has one."""
        _, notice = translator(lang), self.region.notice
        answers = search_file(
            self.region.gazetteer,
            source,
            limit,
            reason_text=lambda reason: search_reason_text(reason, _),
            error_text=lambda error: error_text(error, _),
        )
        return ({**answer, "notice": notice} if notice else answer for answer in answers)

    def resolve(self, text: str) -> Asked:
        """The location that a text means; see `web.resolve`."""
        return resolve(text, boundaries=self.region.boundaries, gazetteer=self.region.gazetteer)

    def point(self, text: str) -> Location:
        """The point that a text means, for a route's ends."""
        return self.resolve(text).location

    def doubts(self, text: str, lang: str = DEFAULT_LANGUAGE) -> list[str]:
        """Lines that ask for the place to be confirmed; none where the text names it surely."""
        return self._doubts(self.resolve(text), lang)

    def _doubts(self, asked: Asked, lang: str) -> list[str]:
        if not asked.confirm or asked.place is None:
            return []
        _ = translator(lang)
        taken = place_json(asked.place, _)
        others = [place_json(other, _) for other in asked.alternatives]
        return [f"{taken['name']}: {taken['reason']}", *confirm_lines({"confirm": True, "alternatives": others}, _)]

    def locate(self, text: str, lang: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
        """Village, kecamatan and kabupaten of a location, and how near their borders are."""
        asked, _ = self.resolve(text), translator(lang)
        match = self.region.boundaries.locate(asked.location)
        notes = [*(note_text(note, _) for note in asked.notes), *self._doubts(asked, lang)]
        told = {"notice": self.region.notice, "notes": notes}
        return {**match_json(match, _), **told, "asked": asked_json(asked, match, self.region.boundaries, _)}

    # --- who, and how far ----------------------------------------------------------------------------------------

    def nearest(
        self,
        at: str,
        *,
        kind: str | None = None,
        k: int | None = None,
        lang: str = DEFAULT_LANGUAGE,
        capabilities: Collection[str] = (),
        most: int | None = None,
        most_excluded: int | None = None,
    ) -> dict[str, Any]:
        """Every available unit, ranked by exact road travel time to a point, a place or an area.

        Parameters
        ----------
        at
            Coordinates, words, or an area code.
        kind
            Only units of this kind.
        k
            Offer only the first k.
        lang
            `id` or `en`.
        capabilities
            Only units that have all of these.
        most, most_excluded
            Tell of so many units that are offered, and of those that cannot be sent, and count the others; None tells
            of all.
        """
        answer, roads = self.roads.answered(
            lambda: self._nearest(
                at, kind=kind, k=k, lang=lang, capabilities=capabilities, most=most, excluded=most_excluded
            )
        )
        return {**answer, **roads_json(roads, translator(lang))}

    def _nearest(
        self,
        at: str,
        *,
        kind: str | None,
        k: int | None,
        lang: str,
        capabilities: Collection[str],
        most: int | None,
        excluded: int | None,
    ) -> dict[str, Any]:
        asked, _ = self.resolve(at), translator(lang)
        match = self.region.boundaries.locate(asked.location)
        wanted = None if kind is None else unit_kind(kind)
        words = frozenset(normalised(word) for word in capabilities)
        fleet, now = self._fleet(), self._clock()
        target = self.times.answer(asked.location, fleet.vehicles, now)
        if target.access.status is RoadStatus.OFF_NETWORK and asked.area is None:
            self.refuse_closed(asked.location)
            raise _off_network(match)
        if asked.area is None:
            first = rank_fleet(
                target=asked.location,
                fleet=fleet.columns,
                reach_road_s=target.reach_road_s,
                driving_s=target.driving_s,
                last_s=target.last_s,
                settings=self.settings,
                now=now,
                kind=wanted,
                capabilities=words,
                limit=k,
                most_ranked=most,
                most_excluded=excluded,
            )
            candidates = [
                ranked_json(one, _, self._driven(one.unit, asked.location, now, look=one.rank <= LOOKED_AT))
                for one in first.ranked
            ]
            spread, further, left = None, first.further, first.excluded_further
            shown, shortfalls = first.excluded, first.shortfalls
        else:
            roads = roads_of(self.region, asked.area)
            ranking = self._rank_area(asked, roads, fleet, wanted, words, k, now)
            candidates = [
                village_ranked_json(one, _, self._driven(one.unit, asked.location, now, look=False))
                for one in ranking.ranked[:most]
            ]
            further = len(ranking.further) + len(ranking.ranked) - len(candidates)
            shown, shortfalls = ranking.excluded[:excluded], ranking.shortfalls
            left = len(ranking.excluded) - len(shown)
            spread = {
                "road_m": round(ranking.road_m),
                "unreachable_share": round(ranking.unreachable_share, 6),
                "left_out": [left_out_json(one) for one in roads.left_out],
                "message": " ".join(
                    [village_ranking_text(ranking, _), *(left_out_text(one, _) for one in roads.left_out)]
                ),
            }
        return {
            "region": {
                "name": self.region.name,
                "demonstration": self.region.demonstration,
                "notice": self.region.notice,
            },
            "asked": asked_json(asked, match, self.region.boundaries, _),
            "area": match_json(match, _) if asked.area is None else area_match_json(asked, self.region.boundaries, _),
            "road": road_json(target.access, _),
            "hour": self.times.hour(now),
            "spread": spread,
            "candidates": candidates,
            "further": further,
            "excluded": [excluded_json(one, _) for one in shown],
            "excluded_further": left,
            "shortfalls": [shortfall_text(one, _) for one in shortfalls],
        }

    def refuse_closed(self, location: Location) -> None:
        """Say so where a location has roads nearby and only closures keep units from all of them.

        Raises
        ------
        InputError
            It is so.
        """
        limit_m = self.region.routing_settings.snap_limit_m
        if len(self.roads.known.edges) and self.region.snapper.nearest(location, limit_m=limit_m) is not None:
            raise InputError(
                N_("All roads near {position} are closed now, so nobody gets there by road; look at the closures."),
                position=f"{location.lat:.5f}, {location.lon:.5f}",
            )

    def pieces_of(self, code: str) -> npt.NDArray[np.int64]:
        """The pieces of road of a village or kecamatan, by its code.

        Raises
        ------
        OutsideRegionError
            The region has no such area.
        """
        try:
            return roads_of(self.region, self.region.boundaries.area(code)).pieces
        except LookupError:
            raise OutsideRegionError(
                N_("The region has no area with the code “{code}”; check the code."), code=code[:20]
            ) from None

    def edge_distance(self, location: Location) -> tuple[float, bool]:
        """Metres from a position to the edge of the region, and whether it lies beyond it."""
        point = shapely.Point(location.lon * self._edge_scale, location.lat)
        metres = float(self._edge.boundary.distance(point)) * METRES_PER_DEGREE
        return metres, not self._edge.covers(point)

    @cached_property
    def _edge_scale(self) -> float:
        return math.cos(math.radians(self.region.boundaries.bounds.middle.lat))

    @cached_property
    def _edge(self) -> BaseGeometry:
        """The whole region, in degrees of latitude both ways."""
        boundaries = self.region.boundaries
        whole = shapely.union_all([boundaries.polygon(one.code) for one in boundaries.kabupaten])
        return shapely.transform(whole, lambda xy: xy * [self._edge_scale, 1.0])

    def _rank_area(
        self,
        asked: Asked,
        roads: AreaRoads,
        fleet: _FleetNow,
        kind: str | None,
        words: frozenset[str],
        k: int | None,
        now: datetime,
    ) -> VillageRanking:
        pieces = roads.pieces
        return rank_units_for_village(
            target=asked.location,
            units=fleet.columns.units,
            road_s=self.times.edge_midpoint_times(fleet.vehicles, pieces, now),
            length_m=np.asarray(self.region.network.edge_length_m)[pieces],
            settings=self.settings,
            now=now,
            kind=kind,
            capabilities=words,
            limit=k,
        )

    def _driven(self, unit: Unit, target: Location, now: datetime, *, look: bool) -> Driven:
        """By which profile a unit drives, and with `look` the exemptions that it uses on its way."""
        vehicle = self.vehicle(unit)
        return Driven(
            self.times.profile(vehicle, now).name, self.times.exemptions(vehicle, target, now) if look else None
        )

    # --- along which streets -------------------------------------------------------------------------------------

    def unit_vehicle(self, unit_id: str) -> Vehicle:
        """Where a unit is, and how it drives."""
        for unit in self.units:
            if unit.unit_id.casefold() == unit_id.strip().casefold():
                return self.vehicle(unit)
        raise OutsideRegionError(N_("There is no unit “{unit}” in the list of units; check its id."), unit=unit_id[:40])

    def vehicle_from(self, origin: Location, profile: str | None = None) -> Vehicle:
        """A vehicle that stands somewhere; without a profile the region's default one."""
        return Vehicle(self.region.routing_settings.profile(profile).key, origin)

    def route(self, unit_id: str, at: str, lang: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
        """The route of a unit to a location, as GeoJSON."""
        answer = self.route_between(self.unit_vehicle(unit_id), self.point(at), lang=lang)
        doubts = self.doubts(at, lang)
        return {**answer, "notes": doubts} if doubts else answer

    def route_gpx(self, unit_id: str, at: str, lang: str = DEFAULT_LANGUAGE) -> str:
        """The route of a unit to a location, as GPX."""
        return self.gpx_between(self.unit_vehicle(unit_id), self.point(at), lang=lang)

    def route_between(self, vehicle: Vehicle, target: Location, *, lang: str) -> dict[str, Any]:
        """A route as a GeoJSON FeatureCollection, how the target meets the roads, and which are closed."""
        answer, roads = self.roads.answered(lambda: self._route_between(vehicle, target, lang=lang))
        return {**answer, **roads_json(roads, translator(lang))}

    def _route_between(self, vehicle: Vehicle, target: Location, *, lang: str) -> dict[str, Any]:
        now = self._clock()
        route, router = self._route(vehicle, target, now), self.times.router(vehicle.profile, now)
        access = router.access(target, router.pin([vehicle.start]))
        if access.nearest_m is not None and route.target.distance_m <= access.nearest_m:
            access = replace(access, status=RoadStatus.CONNECTED)  # from here even a road cut off for others is reached
        profile = self.region.routing_settings.profile(vehicle.profile)
        _ = translator(lang)
        driven = Driven(
            profile.name, tuple(one.value for one in exemptions_used(self.region.network, profile, route.edges))
        )
        return {
            **route_geojson(route, lang),
            "road": road_json(access, _),
            "hour": self.times.hour(now),
            **driven_json(driven, _),
            "notice": self.region.notice,
            "attribution": owed_credit(self.region, ROADS) or None,
        }

    def gpx_between(self, vehicle: Vehicle, target: Location, *, lang: str) -> str:
        """A route as GPX 1.1."""
        name = " - ".join(part for part in (self.region.notice, self.region.name) if part)
        route, _ = self.roads.answered(lambda: self._route(vehicle, target, self._clock()))
        return route_gpx(route, lang, name=name, credit=owed_credit(self.region, ROADS))

    def _route(self, vehicle: Vehicle, target: Location, now: datetime) -> Route:
        route = self.times.router(vehicle.profile, now).route(vehicle.start, target)
        if route is None:
            raise OutsideRegionError(
                N_("No road leads from {origin} to {target} in this region; choose another unit or look at the map."),
                origin=f"{vehicle.start.lat:.5f}, {vehicle.start.lon:.5f}",
                target=f"{target.lat:.5f}, {target.lon:.5f}",
            )
        return route


def _off_network(match: AreaMatch) -> OutsideRegionError:
    position = f"{match.location.lat:.5f}, {match.location.lon:.5f}"
    if match.towards is None:
        return OutsideRegionError(
            N_("No road is near {position}, so no unit can be ranked by road; check the position."), position=position
        )
    return OutsideRegionError(
        N_(
            "{position} lies {kilometres} km outside the region (nearest village {village}) and far from every road, "
            "so no unit can be ranked by road; check the position."
        ),
        position=position,
        kilometres=round(match.border_m / 1000, 1),
        village=match.towards.name,
    )
