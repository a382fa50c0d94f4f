"""Objects handed over as lines of text."""

from __future__ import annotations

from pathlib import Path

import osmium
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.osm_text import UNKNOWN, TextNode, TextRelation, TextThing, TextWay, read_tags, read_things, write_text

TAG_TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=20)
ODD = {"name": "Jl. Ki Ageng=1, 50% @rumah \U0001f691\n", "highway": "residential", "ref": ""}


def written(path: Path) -> Path:
    """A small file with odd tags, a node that is missing, a way without nodes and a relation without members."""
    file = path / "odd.osm.pbf"
    with osmium.SimpleWriter(str(file)) as writer:
        writer.add_node(osmium.osm.mutable.Node(id=1, location=(108.5, -6.7), tags={"barrier": "gate", **ODD}))
        writer.add_node(osmium.osm.mutable.Node(id=2, location=(-0.0000001, 0.0)))
        writer.add_way(osmium.osm.mutable.Way(id=10, nodes=[1, 2, 12_345_678_901], tags=ODD))
        writer.add_way(osmium.osm.mutable.Way(id=11, nodes=[], tags={"highway": "track"}))
        writer.add_way(osmium.osm.mutable.Way(id=12, nodes=[1, 2], tags={"building": "yes"}))
        members = [("w", 10, "from"), ("n", 1, "via, @%"), ("r", 20, "")]
        writer.add_relation(osmium.osm.mutable.Relation(id=20, members=members, tags={"type": "restriction"}))
        writer.add_relation(osmium.osm.mutable.Relation(id=21, members=[], tags={"type": "route"}))
    return file


def read(file: osmium.io.File, scratch: Path) -> list[TextThing]:
    return list(read_things(file, scratch, node_keys=("barrier",), way_keys=("highway",)))


def test_odd_objects_come_through_whole(tmp_path: Path) -> None:
    things = read(osmium.io.File(str(written(tmp_path))), tmp_path)
    ways = [thing for thing in things if isinstance(thing, TextWay)]
    assert [(way.osm_id, way.tags) for way in ways] == [(10, ODD), (11, {"highway": "track"})]
    assert ways[0].nodes.ref.tolist() == [1, 2, 12_345_678_901]
    assert ways[0].nodes.lat.tolist() == [-67_000_000, 0, UNKNOWN]
    assert ways[0].nodes.lon.tolist() == [1_085_000_000, -1, UNKNOWN]
    assert len(ways[1].nodes.ref) == 0
    assert [thing for thing in things if not isinstance(thing, TextWay)] == [
        TextNode(1, {"barrier": "gate", **ODD}, -6.7, 108.5),
        TextRelation(20, {"type": "restriction"}, [("w", 10, "from"), ("n", 1, "via, @%"), ("r", 20, "")]),
        TextRelation(21, {"type": "route"}, []),
    ]


def test_a_node_without_a_place_has_none(tmp_path: Path) -> None:
    file = tmp_path / "bare.osm.opl"
    file.write_text("n1 v1 dV c0 t i0 u Tbarrier=gate x y\n")
    assert read(osmium.io.File(str(file), "opl"), tmp_path) == [TextNode(1, {"barrier": "gate"}, None, None)]


def test_a_node_outside_the_world_has_no_place_and_harms_no_other(tmp_path: Path) -> None:
    file = tmp_path / "outside.osm"
    file.write_text(
        '<osm version="0.6"><node id="1" version="1" lat="-95" lon="108.5"><tag k="barrier" v="gate"/></node>'
        '<node id="2" version="1" lat="-6.5" lon="108.5"><tag k="barrier" v="gate"/></node></osm>'
    )
    gate = {"barrier": "gate"}
    assert read(osmium.io.File(str(file), "xml"), tmp_path) == [
        TextNode(1, gate, None, None),
        TextNode(2, gate, -6.5, 108.5),
    ]


def test_lines_that_cannot_be_written_are_an_error_and_not_the_end_of_the_process(tmp_path: Path) -> None:
    source = osmium.io.File(str(written(tmp_path)))
    with pytest.raises(RuntimeError):
        write_text(source, Path("/dev/full"), node_keys=("barrier",), way_keys=("highway",))


@given(st.dictionaries(TAG_TEXT, TAG_TEXT, max_size=4))
def test_any_tags_are_read_as_they_were_escaped(tags: dict[str, str]) -> None:
    def escaped(text: str) -> str:
        return "".join(one if one.isascii() and one.isalnum() else f"%{ord(one):x}%" for one in text)

    text = ",".join(f"{escaped(key)}={escaped(value)}" for key, value in tags.items())
    assert read_tags(text) == tags
