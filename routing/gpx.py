"""A route as GPX 1.1 (https://www.topografix.com/GPX/1/1/), for navigation devices."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from routing.directions import describe, road_name
from routing.types import Route

NAMESPACE = "http://www.topografix.com/GPX/1/1"


def route_gpx(route: Route, lang: str, *, name: str, credit: str = "") -> str:
    """GPX text: the steps as route points, and the shape as a track.

    Parameters
    ----------
    route
        To write.
    lang
        Language of the steps' text, `id` or `en`.
    name
        Of the route; any text.
    credit
        Whose data the route is made of, as their licences ask to be told.
    """
    ET.register_namespace("", NAMESPACE)
    gpx = ET.Element(_tag("gpx"), {"version": "1.1", "creator": "Siaga112"})
    if credit:
        metadata = ET.SubElement(gpx, _tag("metadata"))
        ET.SubElement(metadata, _tag("copyright"), {"author": _xml_text(credit)})
    told = ET.SubElement(gpx, _tag("rte"))
    ET.SubElement(told, _tag("name")).text = _xml_text(name)
    for step in route.steps:
        point = _point(told, "rtept", step.location.lat, step.location.lon)
        ET.SubElement(point, _tag("name")).text = _xml_text(road_name(step, lang))
        ET.SubElement(point, _tag("desc")).text = _xml_text(describe(step, lang))
        ET.SubElement(point, _tag("type")).text = step.manoeuvre
    track = ET.SubElement(gpx, _tag("trk"))
    ET.SubElement(track, _tag("name")).text = _xml_text(name)
    segment = ET.SubElement(track, _tag("trkseg"))
    for lat, lon in route.points:
        _point(segment, "trkpt", lat, lon)
    ET.indent(gpx)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(gpx, encoding="unicode") + "\n"


def _point(parent: ET.Element, kind: str, lat: float, lon: float) -> ET.Element:
    return ET.SubElement(parent, _tag(kind), {"lat": f"{lat:.7f}", "lon": f"{lon:.7f}"})


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _xml_text(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold, escaped or not."""
    return "".join(
        char
        for char in text
        if char in "\t\n\r" or "\x20" <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char >= "\U00010000"
    )
