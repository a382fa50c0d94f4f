"""Tiles over HTTP: what is in range is drawn, what is not is refused; the description that QGIS reads; other hosts."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gis.errors import InputError
from routing.region import Region
from routing.region_build import RegionSources, build_region
from tests.tiny_region import write_sources
from web.app import create_app
from web.map_style import PALETTES
from web.service import Desk
from web.tile_draw import tile_range
from web.tile_workers import LocalDrawing, TileKey, TileWorkers, TooBusyError
from web.tiles import GREATEST_ZOOM, LEAST_ZOOM, OutsideTiles, TileSource

MOST = 10**9


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Region:
    folder = tmp_path_factory.mktemp("tiles")
    paths = write_sources(folder)
    sources = RegionSources(name="Uji", villages=[paths["villages"]], roads=[paths["osm"]])
    build_region(sources, folder / "region")
    return Region.open(folder / "region")


@pytest.fixture(scope="module")
def app(region: Region) -> Flask:
    return create_app(Desk(region))


def bounds(region: Region) -> tuple[float, float, float, float]:
    box = region.boundaries.bounds
    return box.south, box.west, box.north, box.east


@given(data=st.data(), zoom=st.integers(LEAST_ZOOM, GREATEST_ZOOM), density=st.sampled_from((1, 2)))
def test_every_tile_in_range_is_drawn(app: Flask, region: Region, data: st.DataObject, zoom: int, density: int) -> None:
    first_column, first_row, last_column, last_row = tile_range(bounds(region), zoom)
    column = data.draw(st.integers(first_column, last_column))
    row = data.draw(st.integers(first_row, last_row))
    fine = "@2x" if density == 2 else ""
    answer = app.test_client().get(f"/tiles/{zoom}/{column}/{row}{fine}.png?style=dark")
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert Image.open(io.BytesIO(answer.data)).size == (256 * density, 256 * density)


@given(zoom=st.integers(-MOST, MOST), column=st.integers(-MOST, MOST), row=st.integers(-MOST, MOST))
def test_every_tile_out_of_range_is_refused(app: Flask, region: Region, zoom: int, column: int, row: int) -> None:
    if LEAST_ZOOM <= zoom <= GREATEST_ZOOM:
        first_column, first_row, last_column, last_row = tile_range(bounds(region), zoom)
        if first_column <= column <= last_column and first_row <= row <= last_row:
            return
    answer = app.test_client().get(f"/tiles/{zoom}/{column}/{row}.png")
    assert answer.status_code in {400, 404}
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/tiles/13/6564/4249@3x.png", "/tiles/x/1/1.png", "/tiles/13/1.5/1.png", "/tiles/13/1e3/1.png",
        "/tiles/13/" + "9" * 400 + "/1.png", "/tiles/13/\u0663/1.png", "/tiles/13/6564/4249.png?style=",
        "/tiles.json?style=pink",
    ],
)  # fmt: skip
def test_addresses_that_are_no_tiles_are_told_so(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_tilejson_leads_to_tiles_that_are_drawn(app: Flask, region: Region) -> None:
    for query in ("", "?style=dark"):
        answer = app.test_client().get(f"/tiles.json{query}", base_url="https://112.example.id")
        told = json.loads(answer.data)
        assert told["tilejson"] == "3.0.0"
        assert (told["minzoom"], told["maxzoom"], told["scheme"]) == (LEAST_ZOOM, GREATEST_ZOOM, "xyz")
        south, west, north, east = bounds(region)
        assert told["bounds"] == [west, south, east, north]
        lon, lat, zoom = told["center"]
        assert west < lon < east
        assert south < lat < north
        assert all(
            source["file"] in told["attribution"] for source in region.table["sources"] if source["kind"] == "osm"
        )
        [address] = told["tiles"]
        assert address.startswith("https://112.example.id/tiles/")
        column, row, _, _ = tile_range((lat, lon, lat, lon), zoom)
        tile = address.format(z=zoom, x=column, y=row).removeprefix("https://112.example.id")
        assert app.test_client().get(tile).status_code == 200


def test_one_tile_asked_for_by_many_at_once_is_drawn_once(region: Region) -> None:
    begun, go_on, drawn = threading.Event(), threading.Event(), []

    def draw(key: TileKey) -> bytes:
        drawn.append(key)
        begun.set()
        go_on.wait(120)
        return b"picture"

    source = TileSource(region, draw, stamp="x")
    column, row, _, _ = tile_range(bounds(region), 12)
    got: list[bytes] = []
    threads = [threading.Thread(target=lambda: got.append(source.tile("light", 12, column, row, 1))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert begun.wait(120)
    go_on.set()
    for thread in threads:
        thread.join()
    assert got == [b"picture"] * 8
    assert len(drawn) == 1


def test_a_tile_that_failed_is_drawn_when_asked_for_again(app: Flask, region: Region) -> None:
    failures = [TooBusyError("The map is being drawn for many at once; ask for this tile again.")]

    def draw(key: TileKey) -> bytes:
        if failures:
            raise failures.pop()
        return b"picture"

    busy = create_app(Desk(region), draw=draw)
    column, row, _, _ = tile_range(bounds(region), 12)
    refused = busy.test_client().get(f"/tiles/12/{column}/{row}.png")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert busy.test_client().get(f"/tiles/12/{column}/{row}.png").data == b"picture"


@pytest.fixture
def workers(region: Region) -> Iterator[TileWorkers]:
    drawing = TileWorkers(region, 1)
    yield drawing
    drawing.stop()


def test_processes_draw_the_same_tiles_and_a_dead_one_is_replaced(region: Region, workers: TileWorkers) -> None:
    column, row, _, _ = tile_range(bounds(region), 15)
    key = ("light", 15, column + 1, row + 1, 1)
    plain = LocalDrawing(region)(key)
    assert workers(key) == plain
    process = workers._workers[0]._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert workers(key) == plain
    assert workers(key) == plain
    replaced = workers._workers[0]._process
    assert replaced is not None
    assert replaced.pid != process.pid


def test_other_hosts_are_admitted_only_where_configured(region: Region) -> None:
    address = "https://tiles.example.org:8443/{z}/{x}/{y}.png"
    outside = OutsideTiles.of(address, "© OpenStreetMap contributors")
    page = create_app(Desk(region), outside=outside).test_client().get("/")
    policy = page.headers["Content-Security-Policy"]
    assert "img-src 'self' https://tiles.example.org:8443 data:" in policy
    assert policy.count("https:") == 1
    assert address in page.get_data(as_text=True)
    plain = create_app(Desk(region)).test_client().get("/")
    assert "https:" not in plain.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("address", "credit"),
    [
        ("http://tiles.example.org/{z}/{x}/{y}.png", "x"), ("https://tiles.example.org/{z}/{x}.png", "x"),
        ("https:///{z}/{x}/{y}.png", "x"), ("https://a;script-src 'unsafe-inline'/{z}/{x}/{y}.png", "x"),
        ("https://me@tiles.example.org/{z}/{x}/{y}.png", "x"), ("https://a.example:port/{z}/{x}/{y}.png", "x"),
        ("https://tiles.example.org/{z}/{x}/{y}.png", None), ("https://tiles.example.org/{z}/{x}/{y}.png", " "),
        (None, "x"), ("https://*/{z}/{x}/{y}.png", "x"),
    ],
)  # fmt: skip
def test_bad_configuration_of_outside_tiles_is_told(address: str | None, credit: str | None) -> None:
    with pytest.raises(InputError):
        OutsideTiles.of(address, credit)


def test_tiles_show_roads_where_the_region_has_them(app: Flask) -> None:
    column, row, _, _ = tile_range((-6.71, 108.51, -6.71, 108.51), 16)
    shown = np.asarray(
        Image.open(io.BytesIO(app.test_client().get(f"/tiles/16/{column}/{row}.png").data)).convert("RGB")
    )
    fill, casing = PALETTES["light"].roads["secondary"]
    colours = {"#" + bytes(pixel).hex() for pixel in np.unique(shown.reshape(-1, 3), axis=0)}
    assert {fill, casing, PALETTES["light"].land} <= colours
