"""Writes lines and points as an OSM XML file, byte for byte the same each time."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from .drawing import Line
from .landmarks import Landmark
from .shapes import MICRO, Micro
from .traffic import Restriction

HEADER = (
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    '<osm version="0.6" generator="siaga112 make-demonstration">\n'
    "<!-- PETA CONTOH - bukan untuk operasi. Invented roads; not OpenStreetMap data. -->\n"
)


def write_osm(
    path: Path,
    lines: Sequence[Line],
    node_tags: dict[Micro, dict[str, str]],
    landmarks: Sequence[Landmark],
    restrictions: Sequence[Restriction],
) -> None:
    """Write `.osm.gz`: nodes, ways and relations, each numbered from 1 in the order given.

    Lines that share a point share its node; landmarks have nodes of their own.
    """
    number: dict[Micro, int] = {}
    for line in lines:
        for point in line.points:
            number.setdefault(point, len(number) + 1)
    way_of = {id(line): i for i, line in enumerate(lines, start=1)}
    out = [HEADER]
    out += [_node(i, point, node_tags.get(point, {})) for point, i in number.items()]
    out += [_node(i, mark.position, mark.tags) for i, mark in enumerate(landmarks, start=len(number) + 1)]
    for i, line in enumerate(lines, start=1):
        refs = "".join(f'<nd ref="{number[point]}"/>' for point in line.points)
        out.append(f'<way id="{i}" version="1">{refs}{_tags(line.tags)}</way>\n')
    for i, restriction in enumerate(restrictions, start=1):
        members = (
            f'<member type="way" ref="{way_of[id(restriction.from_line)]}" role="from"/>'
            f'<member type="node" ref="{number[restriction.via]}" role="via"/>'
            f'<member type="way" ref="{way_of[id(restriction.to_line)]}" role="to"/>'
        )
        tags = _tags({"type": "restriction", "restriction": restriction.kind})
        out.append(f'<relation id="{i}" version="1">{members}{tags}</relation>\n')
    out.append("</osm>\n")
    with path.open("wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=9, mtime=0) as file:
        file.write("".join(out).encode("utf-8"))


def _node(number: int, point: Micro, tags: dict[str, str]) -> str:
    lat, lon = point[1] / MICRO, point[0] / MICRO
    start = f'<node id="{number}" version="1" lat="{lat:.6f}" lon="{lon:.6f}"'
    return f"{start}>{_tags(tags)}</node>\n" if tags else f"{start}/>\n"


def _tags(tags: dict[str, str]) -> str:
    return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items())
