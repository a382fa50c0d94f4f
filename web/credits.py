"""Whose data a map or a route is made of: the line that screens and exports carry, as the licences ask."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from routing.region import Region

DRAWN: Final = ("villages", "kecamatan", "osm")
"""Kinds of sources that a map shows; the desk in the browser has the same list."""

ROADS: Final = ("osm",)
AREAS: Final = ("villages", "kecamatan")
NOT_STATED: Final = "not stated"


def credit_line(region: Region, kinds: Collection[str] = DRAWN) -> str:
    """`Data: roads.osm.pbf (© OpenStreetMap contributors, ODbL)`: files and licences of the sources of these kinds.

    Nothing where the region tells no source. The word is the same in both languages.
    """
    return _line([source for source in _sources(region) if source.get("kind") in kinds])


def owed_credit(region: Region, kinds: Collection[str]) -> str:
    """The same of those sources alone whose licence is stated: what goes into an exported file."""
    stated = [source for source in _sources(region) if source.get("licence", NOT_STATED) != NOT_STATED]
    return _line([source for source in stated if source.get("kind") in kinds])


def _sources(region: Region) -> Sequence[Mapping[str, Any]]:
    return list(region.table.get("sources", []))


def _line(sources: Sequence[Mapping[str, Any]]) -> str:
    names = [
        f"{source['file']} ({source['licence']})" if source.get("licence") else str(source["file"])
        for source in sources
        if source.get("file")
    ]
    return f"Data: {', '.join(dict.fromkeys(names))}" if names else ""
