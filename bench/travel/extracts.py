"""Larger OpenStreetMap files for benchmarks: one extract several times side by side, with own ids and places."""

from __future__ import annotations

from pathlib import Path

import osmium

STEP_DEG = 0.6
COLUMNS = 4


def tile_extract(source: Path, target: Path, copies: int) -> None:
    """Write so many copies of an extract into one PBF file, sorted by type and id.

    Parameters
    ----------
    source
        A sorted extract no wider than `STEP_DEG`.
    target
        A new `.osm.pbf`.
    copies
        How many; they lie in rows of `COLUMNS`.
    """
    step = 1 + max(thing.id for thing in osmium.FileProcessor(source))
    header = osmium.io.Header()
    header.set("sorting", "Type_then_ID")
    with osmium.SimpleWriter(str(target), header=header, overwrite=True) as writer:
        for kind in (osmium.osm.NODE, osmium.osm.WAY, osmium.osm.RELATION):
            for copy in range(copies):
                row, column = divmod(copy, COLUMNS)
                _write(source, kind, writer, copy * step, row * STEP_DEG, column * STEP_DEG)


def _write(
    source: Path, kind: osmium.osm.osm_entity_bits, writer: osmium.SimpleWriter, ids: int, up: float, right: float
) -> None:
    for thing in osmium.FileProcessor(source, kind):
        if thing.is_node():
            place = (thing.location.lon + right, thing.location.lat + up)
            writer.add_node(thing.replace(id=thing.id + ids, location=place))
        elif thing.is_way():
            writer.add_way(thing.replace(id=thing.id + ids, nodes=[node.ref + ids for node in thing.nodes]))
        else:
            members = [(member.type, member.ref + ids, member.role) for member in thing.members]
            writer.add_relation(thing.replace(id=thing.id + ids, members=members))
