"""Where only a village or kecamatan is known: over which roads, and what the answer says of the area."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import box, mapping, shape
from shapely.ops import unary_union

from gis.middle import far_parts
from routing.region import Region
from routing.region_build import RegionSources, build_region
from tests.tiny_region import UNITS, VILLAGES, roads, villages
from web.area_roads import roads_of
from web.service import Desk
from web.terminal import ranking_text

SCATTERED = "32.99.02.2001"
STRAY_LON, STRAY_LAT = 108.60, -6.72
STRAY = box(STRAY_LON, STRAY_LAT, STRAY_LON + 0.002, STRAY_LAT + 0.002)
"""About a twenty-fifth of a village, ten kilometres east of it."""

LANE = f"""<node id="11" version="1" lat="-6.7190" lon="{STRAY_LON + 0.0002:.4f}"/>
<node id="12" version="1" lat="-6.7190" lon="{STRAY_LON + 0.0018:.4f}"/>
<way id="3" version="1"><nd ref="3"/><nd ref="11"/><tag k="highway" v="secondary"/></way>
<way id="4" version="1"><nd ref="11"/><nd ref="12"/><tag k="highway" v="secondary"/><tag k="name" v="Jalan Jauh"/></way>
"""


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Region:
    folder: Path = tmp_path_factory.mktemp("scattered")
    table: dict[str, Any] = villages()
    for feature in table["features"]:
        if feature["properties"]["code"] == SCATTERED:
            feature["geometry"] = mapping(unary_union([shape(feature["geometry"]), STRAY]))
    (folder / "villages.geojson").write_text(json.dumps(table), encoding="utf-8")
    (folder / "roads.osm").write_text(roads().replace("</osm>", LANE + "</osm>"), encoding="utf-8")
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    sources = RegionSources(
        name="Uji",
        villages=[folder / "villages.geojson"],
        roads=[folder / "roads.osm"],
        units=folder / "units.csv",
    )
    build_region(sources, folder / "region")
    return Region.open(folder / "region")


@pytest.fixture(scope="module")
def desk(region: Region) -> Desk:
    return Desk(region)


def test_a_small_part_far_from_the_rest_is_left_out_of_a_villages_roads(region: Region) -> None:
    found = roads_of(region, region.boundaries.area(SCATTERED))
    (part,) = found.left_out
    assert part.village.code == SCATTERED
    assert part.distance_m == pytest.approx(9_940, rel=0.01)
    assert part.area_share == pytest.approx(0.04, abs=0.005)
    assert part.road_m == pytest.approx(177, rel=0.05)
    number = [village.code for village in region.boundaries.villages].index(SCATTERED)
    of_village = {edge for edge, own in enumerate(region.edge_village) if own == number}
    assert set(found.pieces.tolist()) < of_village
    assert len(of_village) - len(found.pieces) == 1


def test_the_same_part_is_left_out_of_its_kecamatan(region: Region) -> None:
    assert [part.village.code for part in roads_of(region, region.boundaries.area("32.99.02")).left_out] == [SCATTERED]


def test_a_village_in_one_piece_loses_nothing(region: Region) -> None:
    assert roads_of(region, region.boundaries.area("32.99.01.2001")).left_out == ()


def test_a_far_part_that_is_a_tenth_of_the_village_is_kept() -> None:
    large = box(108.60, -6.72, 108.61, -6.71)
    assert len(far_parts(unary_union([large, box(108.62, -6.72, 108.622, -6.718)]))) == 0  # near
    assert len(far_parts(unary_union([large, box(108.70, -6.72, 108.702, -6.718)]))) == 1
    assert len(far_parts(unary_union([large, box(108.70, -6.72, 108.704, -6.717)]))) == 0


def test_the_answer_says_that_a_far_part_is_left_out(desk: Desk) -> None:
    answer = desk.nearest(SCATTERED, lang="en")
    (part,) = answer["spread"]["left_out"]
    assert part["village"] == {"code": SCATTERED, "name": "Kidul Kulon"}
    assert "A far part of Desa Kidul Kulon is left out: 10.0 km away, 4% of its area" in ranking_text(answer, "en")


@pytest.mark.parametrize("at", ["32.99.02", "kec selatan"])
def test_a_kecamatan_shows_no_village_that_nobody_named(desk: Desk, at: str) -> None:
    answer = desk.nearest(at, lang="en")
    area = answer["area"]
    assert area["village"] is None
    assert area["kecamatan"] == {"code": "32.99.02", "name": "Selatan"}
    assert area["border_m"] is None
    assert answer["asked"]["village"] is None
    assert ranking_text(answer, "en").startswith("Kec. Selatan, Kota Uji.\n")
    assert not any(name in area["message"] for _, name, *_ in VILLAGES)


def test_a_village_asked_for_by_code_is_the_village_of_the_answer(desk: Desk) -> None:
    area = desk.nearest("32.99.01.2001", lang="en")["area"]
    assert area["village"]["code"] == "32.99.01.2001"
    assert area["message"] == "Desa Lor Kulon, Kec. Utara, Kota Uji."


def test_a_misspelt_village_is_told_to_be_confirmed_in_every_answer(desk: Desk) -> None:
    answer = desk.nearest("kidul kolun selatan", lang="en")
    assert answer["asked"]["confirm"] is True
    assert answer["asked"]["alternatives"]
    assert "confirm with the caller" in ranking_text(answer, "en")
    for notes in (
        desk.locate("kidul kolun selatan", lang="en")["notes"],
        desk.route("A1", "kidul kolun selatan", lang="en")["notes"],
    ):
        assert "a similar name" in notes[0]
        assert "confirm with the caller" in notes[1]
    assert "notes" not in desk.route("A1", "kidul kulon selatan", lang="en")
