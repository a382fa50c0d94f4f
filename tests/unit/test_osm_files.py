"""What is given instead of a good OpenStreetMap file, and what is said about it."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import numpy as np
import osmium
import pytest

from gis.errors import SourceError
from routing.osm_files import file_format
from routing.osm_read import read_osm

MAPS = Path(__file__).parents[1] / "data" / "osm"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8

ROAD = """<?xml version="1.0"?><osm version="0.6">
<node id="1" version="{version}" lat="{lat}" lon="108.5"/><node id="2" version="1" lat="-6.74" lon="108.5"/>
<way id="10" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way></osm>"""


def as_pbf(source: Path, target: Path) -> Path:
    with osmium.SimpleWriter(str(target)) as writer:
        for thing in osmium.FileProcessor(str(source)):
            writer.add(thing)
    return target


def the_sentence(files: list[Path]) -> str:
    with pytest.raises(SourceError) as caught:
        read_osm(files)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert files == [] or str(files[0]) in text
    return text


def test_no_file_is_told():
    assert "No OpenStreetMap file was given" in the_sentence([])


def test_a_missing_file_is_told(tmp_path):
    assert "does not exist" in the_sentence([tmp_path / "jawa.osm.pbf"])


def test_a_folder_is_no_file(tmp_path):
    assert "does not exist" in the_sentence([tmp_path])


@pytest.mark.parametrize("name", ["a.osm.pbf", "a.osm", "a.osm.gz"])
def test_an_empty_file_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    assert "is empty" in the_sentence([tmp_path / name])


@pytest.mark.parametrize("name", ["a.osm.pbf", "a.osm", "a.osm.gz"])
@pytest.mark.parametrize(
    "content",
    [PNG, b"code,name\n3209,Cirebon\n", b"<kml><Document/></kml>", b"{}", b"\0" * 5000, gzip.compress(PNG)],
    ids=["png", "csv", "kml", "json", "zeros", "packed png"],
)
def test_what_is_not_openstreetmap_is_told(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert "is not OpenStreetMap data" in the_sentence([tmp_path / name])


def test_a_change_file_is_told(tmp_path):
    (tmp_path / "a.osm").write_text('<osmChange version="0.6"></osmChange>')
    assert "holds changes" in the_sentence([tmp_path / "a.osm"])


def test_a_graph_among_maps_is_told(tmp_path):
    (tmp_path / "a.graphml").write_text('<?xml version="1.0"?><graphml></graphml>')
    assert "is GraphML" in the_sentence([tmp_path / "a.graphml"])


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_a_pbf_file_that_is_cut_off_is_told(tmp_path, share):
    whole = as_pbf(MAPS / "restrictions_node.osm", tmp_path / "whole.osm.pbf").read_bytes()
    (tmp_path / "a.osm.pbf").write_bytes(whole[: int(len(whole) * share)])
    text = the_sentence([tmp_path / "a.osm.pbf"])
    assert "damaged or cut off" in text or "is not OpenStreetMap data" in text


def test_a_pbf_file_with_damage_inside_is_told(tmp_path):
    whole = as_pbf(MAPS / "restrictions_node.osm", tmp_path / "whole.osm.pbf").read_bytes()
    middle = len(whole) // 2
    (tmp_path / "a.osm.pbf").write_bytes(whole[:middle] + b"\0" * 40 + whole[middle + 40 :])
    assert "damaged or cut off" in the_sentence([tmp_path / "a.osm.pbf"])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("</way>", ""),
        lambda text: text.replace('lat="-6.74"', 'lat="north"'),
        lambda text: text.replace('version="0.6"', 'version="0.5"'),
        lambda text: text.replace('id="10"', 'id="ten"'),
    ],
    ids=["cut off", "ill-formed", "latitude in words", "another version", "id in words"],
)
def test_damaged_xml_is_told(tmp_path, spoil):
    (tmp_path / "a.osm").write_text(spoil(ROAD.format(version=1, lat=-6.75)))
    assert "damaged or cut off" in the_sentence([tmp_path / "a.osm"])


def test_a_packed_file_that_is_cut_off_is_told(tmp_path):
    whole = gzip.compress((MAPS / "restrictions_node.osm").read_bytes())
    (tmp_path / "a.osm.gz").write_bytes(whole[: len(whole) // 2])
    assert "damaged or cut off" in the_sentence([tmp_path / "a.osm.gz"])


def test_a_map_without_a_road_for_cars_is_told(tmp_path):
    (tmp_path / "a.osm").write_text(ROAD.format(version=1, lat=-6.75).replace("residential", "footway"))
    assert "can be driven on" in the_sentence([tmp_path / "a.osm"])


def test_a_map_whose_roads_have_no_nodes_is_told(tmp_path):
    text = ROAD.format(version=1, lat=-6.75)
    (tmp_path / "a.osm").write_text(text[: text.index("<node")] + text[text.index("<way") :])
    assert "can be driven on" in the_sentence([tmp_path / "a.osm"])


def test_nodes_outside_the_world_are_missing_nodes(tmp_path):
    (tmp_path / "a.osm").write_text(ROAD.format(version=1, lat=-96.75))
    assert "can be driven on" in the_sentence([tmp_path / "a.osm"])


def test_objects_that_an_editor_has_not_numbered_yet_are_told(tmp_path):
    text = ROAD.format(version=1, lat=-6.75).replace('id="1"', 'id="-1"').replace('ref="1"', 'ref="-1"')
    (tmp_path / "a.osm").write_text(text)
    assert "below zero" in the_sentence([tmp_path / "a.osm"])


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    read_osm([MAPS / "shapes.osm", MAPS / "shapes.osm"])
    with pytest.raises(SourceError):
        read_osm([MAPS / "shapes.osm", tmp_path / "missing.osm"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "pack", "kind"),
    [
        ("a.osm", lambda data: data, "xml"),
        ("a.osm.xml", lambda data: data, "xml"),
        ("a.osm.gz", gzip.compress, "xml.gz"),
        ("a.osm.bz2", bz2.compress, "xml.bz2"),
        ("named.wrongly", gzip.compress, "xml.gz"),
    ],
)
def test_every_format_is_told_by_content_and_gives_the_same_network(tmp_path, name, pack, kind):
    (tmp_path / name).write_bytes(pack((MAPS / "barriers.osm").read_bytes()))
    assert file_format(tmp_path / name) == kind
    assert_same(read_osm([tmp_path / name]).network, read_osm([MAPS / "barriers.osm"]).network)


def test_a_pbf_file_gives_the_same_network(tmp_path):
    pbf = as_pbf(MAPS / "barriers.osm", tmp_path / "a.osm.pbf")
    assert file_format(pbf) == "pbf"
    assert_same(read_osm([pbf]).network, read_osm([MAPS / "barriers.osm"]).network)


def test_ways_before_their_nodes_give_the_same_network(tmp_path):
    text = ROAD.format(version=1, lat=-6.75)
    (tmp_path / "sorted.osm").write_text(text)
    nodes, ways = text[text.index("<node") : text.index("<way")], text[text.index("<way") : text.index("</osm")]
    (tmp_path / "a.osm").write_text(text.replace(nodes + ways, ways + nodes))
    assert_same(read_osm([tmp_path / "a.osm"]).network, read_osm([tmp_path / "sorted.osm"]).network)


def test_what_several_files_hold_counts_once(tmp_path):
    twice = read_osm([MAPS / "shapes.osm", as_pbf(MAPS / "shapes.osm", tmp_path / "a.osm.pbf")])
    once = read_osm([MAPS / "shapes.osm"])
    assert_same(twice.network, once.network)
    assert twice.report["read"] == once.report["read"]
    assert twice.report["repeats"]["way in more than one file"]["count"] == once.report["read"]["ways"]


def test_a_road_that_crosses_the_edge_between_two_files_is_whole(tmp_path):
    text = ROAD.format(version=1, lat=-6.75)
    node = text[text.index('<node id="2"') : text.index("<way")]
    (tmp_path / "west.osm").write_text(text.replace(node, ""))
    (tmp_path / "east.osm").write_text(f'<osm version="0.6">{node}</osm>')
    assert read_osm([tmp_path / "west.osm", tmp_path / "east.osm"]).network.edge_count == 2


def test_of_two_versions_the_newer_counts(tmp_path):
    (tmp_path / "old.osm").write_text(ROAD.format(version=1, lat=-6.75))
    (tmp_path / "new.osm").write_text(ROAD.format(version=2, lat=-6.76))
    for files in (["old.osm", "new.osm"], ["new.osm", "old.osm"]):
        network = read_osm([tmp_path / name for name in files]).network
        assert network.node_lat.min() == pytest.approx(-6.76)


def test_files_that_number_different_things_alike_are_told(tmp_path):
    (tmp_path / "one.osm").write_text(ROAD.format(version=1, lat=-6.75))
    (tmp_path / "other.osm").write_text(ROAD.format(version=1, lat=-6.85))
    assert "give the number of node 1 to different things" in the_sentence(
        [tmp_path / "one.osm", tmp_path / "other.osm"]
    )


def assert_same(one, other):
    for name in ("node_osm_id", "node_lat", "edge_tail", "edge_head", "edge_way_id", "edge_length_m", "edge_flags"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
