"""Outlines of areas, which libosmium makes of closed ways and of the ways of relations.

It reads the file once more, and is given only the ways that matter: those that are drawn or named, and the members of
such relations. Their ids and tags are known from the first reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import osmium
from osmium.osm.types import Area


class Outline(NamedTuple):
    """The outline of a `way` or a `relation` as hex WKB, or None where it is broken or incomplete."""

    kind: str
    osm_id: int
    wkb: str | None


def read_outlines(
    file: osmium.io.File, *, ways: Iterable[int], relations: Iterable[int], members: Iterable[int]
) -> Iterator[Outline]:
    """Outlines in the order in which they are complete.

    Parameters
    ----------
    file
        Sorted by type and id.
    ways, relations
        Ids of things that are areas if their lines are closed.
    members
        Ids of the ways of these relations.

    Raises
    ------
    RuntimeError
        libosmium cannot read the file.
    """
    own = frozenset(ways)
    wanted_relations = osmium.filter.IdFilter(relations)
    wanted_relations.enable_for(osmium.osm.RELATION)
    wanted_ways = osmium.filter.IdFilter(own.union(members))
    wanted_ways.enable_for(osmium.osm.WAY)
    areas = osmium.area.AreaManager()
    with osmium.io.Reader(file, osmium.osm.RELATION) as reader:
        osmium.apply(reader, wanted_relations, areas.first_pass_handler())
    located = osmium.NodeLocationsForWays(osmium.index.create_map("flex_mem"))
    located.ignore_errors()
    factory = osmium.geom.WKBFactory()
    found = osmium.BufferIterator()
    with osmium.io.Reader(file, osmium.osm.NODE | osmium.osm.WAY) as reader:
        osmium.apply(reader, wanted_ways, located, areas.second_pass_to_buffer(found))
    for area in found:
        assert isinstance(area, Area)
        of_way = area.from_way()
        osm_id = area.orig_id()
        if of_way and osm_id not in own:
            continue
        try:
            wkb = factory.create_multipolygon(area)
        except (RuntimeError, osmium.InvalidLocationError):
            wkb = None
        yield Outline("way" if of_way else "relation", osm_id, wkb)
