"""The compiled reading of PBF files beside libosmium: the same things; what is not plain is left to libosmium."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import osmium
import pytest

from routing.network import RoadNetwork
from routing.osm_pbf import UnusualError, read_pbf
from routing.osm_read import _NODE_KEYS, _WAY_KEYS, read_osm
from routing.osm_tables import OsmTables
from routing.osm_text import TextNode, TextRelation, TextThing, TextWay, WayNodes, read_things

KEYS = {"node_keys": _NODE_KEYS, "way_keys": _WAY_KEYS}
FILES = ("cirebon/cirebon.osm.pbf", "osm/malta.osm.pbf", "osm/monaco.osm.pbf", "osm/andorra.osm.pbf")
UNUSUAL = "read by libosmium, for the file has"

STREETS = """<osm version="0.6">
  <node id="1" lat="-6.7" lon="108.5"/>
  <node id="2" lat="-6.70001" lon="108.5001"><tag k="barrier" v="gate"/></node>
  <node id="3" lat="-6.7002" lon="108.5002"/>
  <node id="4" lat="48.1234567" lon="-0.0000001"><tag k="amenity" v="hospital"/><tag k="name" v="RSUD Ä ≠ B"/></node>
  <way id="7"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/><tag k="name" v="Jl. A"/></way>
  <way id="8"><nd ref="3"/><nd ref="9"/><nd ref="1"/><tag k="highway" v="service"/></way>
  <relation id="5"><member type="way" ref="7" role="from"/><member type="node" ref="3" role="via"/>
    <member type="way" ref="8" role="to"/><tag k="type" v="restriction"/><tag k="restriction" v="no_left_turn"/>
  </relation>
</osm>
"""


def written(folder: Path, kind: str, text: str = STREETS, *, sorted_: bool = True) -> Path:
    """The streets as a PBF file of some kind."""
    source, target = folder / "streets.osm", folder / "streets.osm.pbf"
    source.write_text(text, encoding="utf-8")
    header = osmium.io.Header()
    if sorted_:
        header.set("sorting", "Type_then_ID")
    with osmium.SimpleWriter(osmium.io.File(str(target), kind), header=header, overwrite=True) as writer:
        osmium.apply(str(source), writer)
    return target


def told_apart(things) -> list[list]:
    things = list(things)
    ways = [thing for thing in things if isinstance(thing, TextWay)]
    return [
        [thing for thing in things if isinstance(thing, TextNode)],
        [(way.osm_id, way.tags, list(way.tags), *(way.nodes[at].tolist() for at in (0, 1, 2))) for way in ways],
        [thing for thing in things if isinstance(thing, TextRelation)],
    ]


def as_things(tables: OsmTables) -> Iterator[TextThing]:
    nodes, ways = tables.nodes, tables.ways
    for row, tags in enumerate(nodes.tags.of(np.arange(len(nodes.osm_id)))):
        yield TextNode(int(nodes.osm_id[row]), tags, nodes.lat[row] / 1e7, nodes.lon[row] / 1e7)
    for row, tags in enumerate(ways.tags.of(np.arange(len(ways.osm_id)))):
        along = slice(ways.offset[row], ways.offset[row + 1])
        yield TextWay(int(ways.osm_id[row]), tags, WayNodes(ways.ref[along], ways.lat[along], ways.lon[along]))
    yield from tables.relations


@pytest.mark.parametrize("name", FILES)
def test_compiled_reading_gives_what_libosmium_gives(name, shared_data, tmp_path):
    file = shared_data / name
    ours = told_apart(as_things(read_pbf(file, **KEYS)))
    theirs = told_apart(read_things(osmium.io.File(str(file)), tmp_path, **KEYS))
    assert ours == theirs
    assert ours[1]


@pytest.mark.parametrize("kind", ["pbf", "pbf,pbf_compression=none"])
def test_places_and_words_are_those_of_the_file(kind, tmp_path):
    file = written(tmp_path, kind)
    ours = told_apart(as_things(read_pbf(file, **KEYS)))
    assert ours == told_apart(read_things(osmium.io.File(str(file)), tmp_path, **KEYS))
    assert ours[0][1] == TextNode(4, {"amenity": "hospital", "name": "RSUD Ä ≠ B"}, 48.1234567, -1e-7)
    assert ours[1][1][4][1] == 2_147_483_647  # node 9 is not in the file


def test_a_region_is_the_same_whoever_reads_the_file(shared_data, monkeypatch):
    file = shared_data / "osm/monaco.osm.pbf"
    ours = read_osm([file])

    def refuse(*_arguments, **_keys):
        raise UnusualError("nothing, but a test")

    monkeypatch.setattr("routing.osm_read.read_pbf", refuse)
    theirs = read_osm([file])
    for field in dataclasses.fields(RoadNetwork):
        mine, other = getattr(ours.network, field.name), getattr(theirs.network, field.name)
        assert mine == other if field.name == "names" else np.array_equal(mine, other, equal_nan=mine.dtype.kind == "f")
    assert ours.places == theirs.places
    assert theirs.report.pop(UNUSUAL) == "nothing, but a test"
    assert ours.report == theirs.report


@pytest.mark.parametrize("kind", ["pbf,pbf_dense_nodes=false", "pbf,locations_on_ways=true"])
def test_files_that_ask_for_more_are_refused(kind, tmp_path):
    with pytest.raises(UnusualError):
        read_pbf(written(tmp_path, kind), **KEYS)


def test_what_is_not_plain_is_read_by_libosmium_and_told(tmp_path):
    plain = read_osm([written(tmp_path, "pbf")])
    assert UNUSUAL not in plain.report
    unusual = read_osm([written(tmp_path, "pbf,pbf_dense_nodes=false")])
    assert unusual.report.pop(UNUSUAL) == "a block that is not plain"
    assert unusual.report == plain.report


def test_nodes_that_are_not_in_order_are_refused(tmp_path):
    turned = STREETS.replace('<node id="1"', '<node id="9000"').replace('ref="1"', 'ref="9000"')
    with pytest.raises(UnusualError, match="order"):
        read_pbf(written(tmp_path, "pbf", turned), **KEYS)


def test_a_place_off_the_earth_is_left_to_libosmium(tmp_path):
    file = written(tmp_path, "pbf,pbf_compression=none", STREETS.replace('lat="-6.7"', 'lat="-96.7"'))
    with pytest.raises(UnusualError, match="plain"):
        read_pbf(file, **KEYS)


def test_damaged_bytes_never_end_the_process(tmp_path):
    whole = written(tmp_path, "pbf,pbf_compression=none").read_bytes()
    dice = random.Random(112)
    refused = 0
    target = tmp_path / "damaged.osm.pbf"
    for _ in range(400):
        damaged = bytearray(whole[: dice.randrange(1, len(whole))] if dice.random() < 0.2 else whole)
        for _ in range(dice.randrange(1, 4)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        target.write_bytes(damaged)
        try:
            read_pbf(target, **KEYS)
        except UnusualError:
            refused += 1
    assert refused > 200
