"""A route as GeoJSON (RFC 7946: longitude before latitude)."""

from __future__ import annotations

from typing import Any

from routing.directions import describe
from routing.types import Route


def route_geojson(route: Route, lang: str) -> dict[str, Any]:
    """A FeatureCollection: the line with its `length_m` on the road, `seconds` from door to door with their parts,
    and `steps`, then one point per step.

    Parameters
    ----------
    route
        To write.
    lang
        Language of the steps' text, `id` or `en`.
    """
    steps = [
        {
            "text": describe(step, lang),
            "manoeuvre": step.manoeuvre,
            "name": step.name,
            "road_class": step.road_class,
            "length_m": round(step.length_m, 1),
            "seconds": step.seconds,
            "bearing_deg": round(step.bearing_deg, 1),
            "roundabout_exit": step.roundabout_exit,
        }
        for step in route.steps
    ]
    # A line has two positions at least, even where the unit stands on the spot.
    line = [[lon, lat] for lat, lon in (route.points if len(route.points) > 1 else route.points * 2)]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": line},
            "properties": {
                "kind": "route",
                "lang": lang,
                "length_m": round(route.length_m, 1),
                "seconds": route.time.total_s,
                "driving_s": route.time.driving_s,
                "reach_road_s": route.time.reach_road_s,
                "last_metres_s": route.time.last_metres_s,
                "reach_road_m": round(route.origin.distance_m, 1),
                "last_metres_m": round(route.target.distance_m, 1),
                "steps": steps,
            },
        }
    ]
    features += [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [step.location.lon, step.location.lat]},
            "properties": {"kind": "step", "number": number, **properties},
        }
        for number, (step, properties) in enumerate(zip(route.steps, steps, strict=True), start=1)
    ]
    return {"type": "FeatureCollection", "features": features}
