"""The smallest region that has everything: four square villages in two kecamatan, and a cross of named roads.

  +-------------+-------------+   north -6.70
  | Lor Kulon   | Lor Wetan   |
  | 2001        | 2002        |   kecamatan 32.99.01 Utara
  +---- Jalan Merdeka --------+   -6.71
  | Kidul Kulon | Kidul Wetan |
  | 2001        | 2002        |   kecamatan 32.99.02 Selatan
  +-------------+-------------+   south -6.72
108.50    Jalan Pasar      108.52
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WEST, EAST, SOUTH, NORTH = 108.50, 108.52, -6.72, -6.70
MIDDLE_LAT, MIDDLE_LON = -6.71, 108.51

VILLAGES = (
    ("32.99.01.2001", "Lor Kulon", "Utara", WEST, MIDDLE_LAT),
    ("32.99.01.2002", "Lor Wetan", "Utara", MIDDLE_LON, MIDDLE_LAT),
    ("32.99.02.2001", "Kidul Kulon", "Selatan", WEST, SOUTH),
    ("32.99.02.2002", "Kidul Wetan", "Selatan", MIDDLE_LON, SOUTH),
)

UNITS = """id,kind,agency,status,lat,lon,fix_time,capabilities
A1,ambulance,PSC 119,available,-6.7101,108.502,,als
A2,ambulance,PSC 119,available,-6.7099,108.519,,bls
A3,ambulance,PSC 119,on_scene,-6.7101,108.511,,bls
F1,fire_engine,Damkar,available,-6.719,108.5101,,
"""


def square(west: float, south: float, size: float = 0.01) -> dict[str, Any]:
    """A GeoJSON polygon."""
    ring = [
        [west, south],
        [west + size, south],
        [west + size, south + size],
        [west, south + size],
        [west, south],
    ]
    return {"type": "Polygon", "coordinates": [ring]}


def villages() -> dict[str, Any]:
    """The villages as a GeoJSON FeatureCollection, to be spoilt by tests."""
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": name, "kecamatan": kecamatan, "kabupaten": "Kabupaten Uji"},
            "geometry": square(west, south),
        }
        for code, name, kecamatan, west, south in VILLAGES
    ]
    return {"type": "FeatureCollection", "features": features}


def roads(*, highway: str = "secondary", dlat: float = 0.0) -> str:
    """OSM XML of the cross of roads, with a clinic; moved north by `dlat` degrees."""
    nodes = {
        1: (MIDDLE_LAT, WEST + 0.0005),
        2: (MIDDLE_LAT, MIDDLE_LON),
        3: (MIDDLE_LAT, EAST - 0.0005),
        4: (SOUTH + 0.0005, MIDDLE_LON),
        5: (NORTH - 0.0005, MIDDLE_LON),
    }
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6" generator="by hand">']
    lines += [f'<node id="{n}" version="1" lat="{lat + dlat:.7f}" lon="{lon:.7f}"/>' for n, (lat, lon) in nodes.items()]
    lines += [
        f'<node id="6" version="1" lat="{-6.7105 + dlat:.7f}" lon="108.5050000">',
        '<tag k="amenity" v="clinic"/><tag k="name" v="Puskesmas Uji"/></node>',
    ]
    for way, refs, name in ((1, (1, 2, 3), "Jalan Merdeka"), (2, (4, 2, 5), "Jalan Pasar")):
        lines.append(f'<way id="{way}" version="1">')
        lines += [f'<nd ref="{ref}"/>' for ref in refs]
        lines.append(f'<tag k="highway" v="{highway}"/><tag k="name" v="{name}"/></way>')
    return "\n".join([*lines, "</osm>", ""])


def write_sources(folder: Path) -> dict[str, Path]:
    """Write good sources into a folder: villages, osm, units."""
    paths = {
        "villages": folder / "villages.geojson",
        "osm": folder / "roads.osm",
        "units": folder / "units.csv",
    }
    paths["villages"].write_text(json.dumps(villages()), encoding="utf-8")
    paths["osm"].write_text(roads(), encoding="utf-8")
    paths["units"].write_text(UNITS, encoding="utf-8")
    return paths
