"""Exports name whose data they are made of, where the licence asks for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from routing.gpx import NAMESPACE
from routing.region import Region
from routing.region_build import RegionSources, build_region
from tests.tiny_region import write_sources
from web.credits import credit_line
from web.service import Desk

AT = "-6.7101,108.5005"
OSM = "Data: roads.osm (© OpenStreetMap contributors, ODbL)"


def desk_of(folder: Path, licences: dict[str, str]) -> Desk:
    paths = write_sources(folder)
    sources = RegionSources(
        name="Uji", villages=[paths["villages"]], roads=[paths["osm"]], units=paths["units"], licences=licences
    )
    build_region(sources, folder / "region")
    return Desk(Region.open(folder / "region"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return desk_of(tmp_path_factory.mktemp("stated"), {"villages": "BIG, TASWIL 2022"})


@pytest.fixture(scope="module")
def unstated(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return desk_of(tmp_path_factory.mktemp("unstated"), {})


def author(gpx: str) -> str | None:
    found = ET.fromstring(gpx).find("g:metadata/g:copyright", {"g": NAMESPACE})
    return None if found is None else found.attrib["author"]


def test_a_route_names_the_owners_of_the_roads(desk: Desk) -> None:
    route: dict[str, Any] = json.loads(json.dumps(desk.route("A1", AT)))
    assert route["attribution"] == OSM
    assert author(desk.route_gpx("A1", AT)) == OSM


def test_an_outline_names_the_owner_of_the_borders(desk: Desk) -> None:
    properties = desk.area_geojson("32.99.01.2001")["properties"]
    assert properties["attribution"] == "Data: villages.geojson (BIG, TASWIL 2022)"


def test_a_map_names_all_that_it_shows(desk: Desk) -> None:
    assert credit_line(desk.region) == f"Data: villages.geojson (BIG, TASWIL 2022), {OSM.removeprefix('Data: ')}"


def test_an_export_claims_no_licence_that_nobody_stated(unstated: Desk) -> None:
    assert unstated.area_geojson("32.99.01.2001")["properties"]["attribution"] is None
    assert unstated.route("A1", AT)["attribution"] == OSM
    assert credit_line(unstated.region).startswith("Data: villages.geojson (not stated), ")
