"""How far units get in so many minutes: one question of the command line, the API and the map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gis.errors import N_, InputError, OutsideRegionError
from gis.types import Location
from web.credits import ROADS, owed_credit
from web.i18n import Translator, translator
from web.wording import distance, duration
from web.wording_roads import roads_json

if TYPE_CHECKING:
    from routing.isochrone import Isochrone
    from routing.router import Router
    from routing.router_answers import PinnedOrigins
    from web.service import Desk

DEFAULT_MINUTES = (5.0, 8.0, 10.0, 15.0)
MOST_MINUTES = 180.0
MOST_LIMITS = 12
MOST_ORIGINS = 200
DECIMALS = 6
"""Of a degree, in what is written: a tenth of a metre."""


def minutes_of(text: str) -> tuple[float, ...]:
    """Times as people write them, `5,8,10,15`, rising and each once.

    Raises
    ------
    InputError
        One is not a positive number of minutes, or there are too many.
    """
    found = set()
    for part in text.split(","):
        try:
            minutes = float(part)
        except ValueError:
            minutes = 0.0
        if not 0 < minutes <= MOST_MINUTES:  # false for NaN too
            raise InputError(
                N_("“{given}” is not a time of more than 0 and at most {most} minutes; give for example 5,8,10,15."),
                given=part.strip()[:20],
                most=round(MOST_MINUTES),
            )
        found.add(minutes)
    if len(found) > MOST_LIMITS:
        raise InputError(N_("{count} times were given; give at most {most}."), count=len(found), most=MOST_LIMITS)
    return tuple(sorted(found))


def isochrone_json(
    desk: Desk, *, places: Sequence[str] = (), units: Sequence[str] = (), minutes: Sequence[float], lang: str
) -> dict[str, Any]:
    """The isochrones of some places and units together, as a GeoJSON FeatureCollection, the longest time first.

    Parameters
    ----------
    desk
        With the region and the units.
    places
        Coordinates, words or area codes to start from.
    units
        Ids of units that start where they are.
    minutes
        Rising.
    lang
        `id` or `en`.

    Raises
    ------
    InputError
        Nothing to start from, or too much, or all roads near the first start are closed.
    OutsideRegionError
        A unit is not known, or no road is near any of the starts.
    """
    from web.service import utc_now

    starts: list[tuple[str, Location]] = [(place, desk.point(place)) for place in places]
    vehicles = [(unit, desk.unit_vehicle(unit)) for unit in units]
    starts += [(unit, vehicle.start) for unit, vehicle in vehicles]
    if not 1 <= len(starts) <= MOST_ORIGINS:
        raise InputError(
            N_("{count} places and units were given to start from; give 1 to {most}."),
            count=len(starts),
            most=MOST_ORIGINS,
        )
    _ = translator(lang)
    profiles = {vehicle.profile for _unit, vehicle in vehicles}
    if len(profiles) > 1:
        raise InputError(
            N_("The units drive as {profiles}, each with its own roads; ask for one kind of vehicle at a time."),
            profiles=", ".join(sorted(str(profile) for profile in profiles)),
        )
    profile = profiles.pop() if profiles else None

    def ask() -> tuple[Router, PinnedOrigins, list[Isochrone]]:
        router = desk.router if profile is None else desk.times.router(profile, utc_now())
        pinned = router.pin([location for _name, location in starts])
        if not any(access.snaps for access in pinned.access):
            first = starts[0][1]
            desk.refuse_closed(first)
            raise OutsideRegionError(
                N_("No road is near {position}, so nothing is reached from there; check the position."),
                position=f"{first.lat:.5f}, {first.lon:.5f}",
            )
        return router, pinned, router.isochrone(pinned, [minute * 60.0 for minute in minutes])

    (router, pinned, found), roads = desk.roads.answered(ask)
    key = router.metric.key
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "MultiPolygon", "coordinates": _rounded(one.polygon)},
            "properties": {
                "kind": "isochrone",
                "limit_s": one.limit_s,
                "minutes": minute,
                "road_length_m": round(one.road_length_m, 1),
                "buffer_m": round(one.buffer_m, 1),
                "text": _sentence(one.limit_s, one.road_length_m, _),
            },
        }
        for one, minute in zip(reversed(found), reversed(minutes), strict=True)
    ]
    return {
        "type": "FeatureCollection",
        "features": features,
        "origins": [
            {"text": name, "lat": location.lat, "lon": location.lon, "on_road": bool(access.snaps)}
            for (name, location), access in zip(starts, pinned.access, strict=True)
        ],
        "profile": desk.region.routing_settings.profile(key.profile).name,
        "hour": key.hour,
        **roads_json(roads, _),
        "notes": [line for place in places for line in desk.doubts(place, lang)],
        "notice": desk.region.notice,
        "attribution": owed_credit(desk.region, ROADS) or None,
    }


def isochrone_text(answer: dict[str, Any]) -> str:
    """One line per time, the shortest first."""
    lines = [feature["properties"]["text"] for feature in reversed(answer["features"])]
    said = [part for part in (answer["closures"]["message"], answer["times"]["message"]) if part]
    return "\n".join([*answer["notes"], *said, *lines])


def _sentence(limit_s: float, road_length_m: float, _: Translator) -> str:
    return _("Within {time}: {length} of road.").format(time=duration(limit_s, _), length=distance(road_length_m, _))


def _rounded(polygon: Any) -> list[list[list[list[float]]]]:
    """Coordinates of a multipolygon (RFC 7946: longitude before latitude)."""
    return [
        [
            [[round(lon, DECIMALS), round(lat, DECIMALS)] for lon, lat in ring.coords]
            for ring in (part.exterior, *part.interiors)
        ]
        for part in polygon.geoms
    ]
